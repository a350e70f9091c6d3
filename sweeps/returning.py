"""Owns where a return begins: a project folder, its user's state, the accounts behind its address, and what they hold.

A session is obeyed only in its own folder, and asks at its own address: both stay the same for all cases of a thread.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from accounts_fixture import behind_one_address
from bailian_server import Answer, Request, hang_up
from patience import PATIENCE
from sandbox_fixture import UNENDING, files, running
from terminal import PATIENT, Terminal, environment

from sweeps.journey import GRACE
from sweeps.proxy import is_to
from sweeps.starting import NURSERIES
from wizard.engine.session import MOMENT, Session
from wizard.local.userstate import VARIABLE
from wizard.sandbox import Running

KEY, OTHER = "sk-canary0account0123456784567", "sk-canary1account0123456788899"
ELSEWHERE = "llm-elsewhere"
CREATED = "%Y-%m-%d %H:%M:%S"
FIRST = ("", "")  # who has no key: KEY's platform refuses it
_ONE_USER = threading.Lock()  # a process has one environment


@dataclass(slots=True)
class Folder:
    """One thread's project folder, and the accounts behind its address: KEY's, and others' that are empty."""

    root: Path
    accounts: dict[tuple[str, str], Running]
    url: str = ""
    requests: list[Request] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    killed_at: tuple[str, bool, int] | None = None
    """A request at which a process is killed; whether the platform hears of it; the process."""
    more: dict[str, str] = field(default_factory=dict)
    """What a case adds to the program's environment."""
    home: Path = Path()

    @property
    def state(self) -> Path:
        """The folder of the session."""
        return self.home / ".wizard"

    @property
    def env(self) -> dict[str, str]:
        """The key is in ``.env`` or nowhere."""
        mine = {VARIABLE: str(self.root / "home.user"), "DASHSCOPE_HTTP_BASE_URL": self.url}
        return environment(self.home, **mine) | self.more

    def start(self, *words: str) -> Terminal:
        """The program at a terminal, wide enough for an error with a path in it; it waits for what the platform says."""
        return Terminal(words, self.home, program=PATIENT, env=self.env, columns=200, rows=50)

    def command(self, *words: str) -> tuple[int, str]:
        """The command line with nothing to type at: what it ends with, and all that it says."""
        if "PYTHONPATH" in self.more:  # another version, which no process has imported yet
            done = subprocess.run(
                [*PATIENT, *words],
                cwd=self.home,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                timeout=PATIENCE,
                check=False,
            )
            return done.returncode, done.stdout
        said = self.root / "home.user" / "said"
        walk = {"asked": os.devnull, "grace": GRACE, "decide": "leave", "patience": None}
        code = NURSERIES.mine().start(words, folder=self.home, environment=self.env, said=said, walk=walk)
        return code, said.read_text("utf-8")

    def session(self) -> dict[str, Any]:
        """The session file as it is."""
        document = json.loads((self.state / "session.json").read_bytes())
        assert isinstance(document, dict)
        return document

    @contextmanager
    def opened(self) -> Iterator[Session]:
        """The session, opened as the user whose it is; it is saved afterwards."""
        user = patch.dict(os.environ, {VARIABLE: self.env[VARIABLE]})
        with _ONE_USER, user, Session.open(self.state) as session:
            yield session
            session.save()
            session.save()  # the copy before it is no younger

    def age(self, hours: float) -> None:
        """Let all that the session tells of be so many hours older."""
        with self.opened() as session:
            for move in session.moves:
                at = datetime.strptime(move["at"], MOMENT)  # noqa: DTZ007 - has its zone
                move["at"] = (at - timedelta(hours=hours)).strftime(MOMENT)
            for key, effect in [*session.effects.items()]:
                session.effects[key] = replace(effect, at=effect.at - hours * 3600)
            if created := session.facts.get("job.created"):
                at = datetime.strptime(created.value, CREATED) - timedelta(hours=hours)  # noqa: DTZ007 - of the platform's zone
                session.facts["job.created"] = replace(created, value=at.strftime(CREATED))

    def platform(self, statement: str, *values: object) -> None:
        """Change what KEY's platform has; it isn't running."""
        with closing(sqlite3.connect(self.root / "one" / "sandbox.sqlite3")) as database, database:
            database.execute(statement, values)

    def jobs(self) -> list[str]:
        """The ids of all jobs that were ever created for KEY, those that were deleted too."""
        return self._column("SELECT job_id FROM jobs")

    def uploads(self) -> Counter[str]:
        """How often each content lies on KEY's platform."""
        return Counter(self._column("SELECT md5 FROM files"))

    def _column(self, query: str) -> list[str]:
        with closing(sqlite3.connect(self.root / "one" / "sandbox.sqlite3")) as database:
            return [str(value) for (value,) in database.execute(query)]

    @contextmanager
    def platforms(self, *, empty: bool = False) -> Iterator[None]:
        """KEY's platform runs; with ``empty`` another account and another workspace, too, which have nothing."""
        with ExitStack() as stack:
            port = urlsplit(first.url).port if (first := self.accounts.get(FIRST)) else 0
            one = stack.enter_context(running(self.root / "one", speed=UNENDING, port=port))
            self.accounts[FIRST] = self.accounts[KEY, ""] = one
            if empty:
                other = stack.enter_context(running(self.root / "other", speed=UNENDING))
                self.accounts |= {(OTHER, ""): other, (KEY, ELSEWHERE): other}
            try:
                yield
            finally:
                for whose in {*self.accounts} - {FIRST}:
                    del self.accounts[whose]

    def others_files(self) -> int:
        """How many files lie on the other account's platform, which runs."""
        return len(files(self.accounts[OTHER, ""].url))

    def route(self, request: Request, steady: Callable[[Request], Answer]) -> Answer:
        """A request on its way; at the one that was waited for the program is killed."""
        self.requests.append(request)
        if self.killed_at is None or not is_to(request, self.killed_at[0]):
            return steady(request)
        _endpoint, heard, process = self.killed_at
        self.killed_at = None
        if heard:
            steady(request)
        os.kill(process, signal.SIGKILL)
        return hang_up


class Folders:
    """One for each thread, made when first needed."""

    def __init__(self) -> None:
        self._made: list[ExitStack] = []
        self._mine = threading.local()

    def mine(self) -> Folder:
        """This thread's."""
        if not hasattr(self._mine, "folder"):
            stack = ExitStack()
            self._made.append(stack)
            root = Path(
                stack.enter_context(TemporaryDirectory(prefix="sweep-return-", ignore_cleanup_errors=True))
            )
            mine = Folder(root.resolve(), {})
            (mine.root / "one").mkdir(mode=0o700)
            with mine.platforms():
                server = stack.enter_context(behind_one_address(mine.accounts))
            shutil.rmtree(mine.root / "one")
            steady = server.route
            assert steady is not None
            server.route = lambda request: mine.route(request, steady)
            mine.url = server.url
            self._mine.folder = mine
        folder: Folder = self._mine.folder
        return folder

    def close(self) -> None:
        """Remove all of them."""
        for stack in self._made:
            stack.close()
        self._made, self._mine = [], threading.local()


PLACES = Folders()
