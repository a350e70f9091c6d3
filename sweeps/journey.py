"""One user's way from data to a job on the paid path, against a sandbox of its own, and what must be true of it at any time."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sandbox_fixture import NATIVE, call

from sweeps.starting import NURSERIES
from sweeps.walker import KEY
from wizard.sandbox import Running, start

GRACE = (
    1.5  # seconds in which an unknown outcome is looked for; the late platform's 0.3 and its answer fit in
)
STARTS = 4  # more, and the wizard is stuck: a fault costs one start, a question asked again another
INTERRUPTED, ASKED = 130, 4
NAMES = ("train.jsonl", "check.jsonl")
JOURNEYS = 20  # for each sandbox
_LIMITS = ("--max-jobs", "1000", "--max-unfinished-jobs", "1000")


@dataclass(frozen=True, slots=True)
class Ended:
    """How one start of the wizard ended: its exit code (negative: the signal), what it said, what it asked."""

    code: int
    said: str
    asked: tuple[str, ...]


class Journey:
    """A folder with data in it, a git repository as folders with code are, and a platform at ``url``; its requests go to ``way``."""

    def __init__(self, folder: Path, url: str, *, late: float = 0.0) -> None:
        self.folder = folder / "work"
        self.url = self.way = url
        self.late = late
        self._log = folder / "asked"
        self._home = folder / "home"
        for path in (self.folder, self._home):
            path.mkdir(exist_ok=True)
        # Other journeys' files on the same platform have other bytes; digits count as one token each, whatever they are.
        mine = f"{secrets.randbelow(10**8):08}"
        (self.folder / "train.jsonl").write_text(rows(30, f"train {mine}"), "utf-8")
        (self.folder / "check.jsonl").write_text(rows(12, f"check {mine}"), "utf-8")
        if not (self.folder / ".git").exists():
            subprocess.run(["git", "init", "-q", str(self.folder)], check=True, env=self.environment())
        self.others: frozenset[str] = frozenset()
        self.others = frozenset(
            [file["file_id"] for file in self.files()] + [job["job_id"] for job in self.jobs()]
        )

    def environment(self, **more: str) -> dict[str, str]:
        """What the wizard may know of this computer: no key, no proxy; the platform is the journey's own."""
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
        return {
            **kept,
            "HOME": str(self._home),
            "LANG": "en_US.UTF-8",
            "BAILIAN_WIZARD_LANG": "en",
            "DASHSCOPE_HTTP_BASE_URL": self.way + NATIVE,
            **more,
        }

    def start(
        self,
        *words: str,
        under: Callable[[int], Sequence[str]] | None = None,
        meanwhile: Callable[[int], None] | None = None,
        environment: Mapping[str, str] | None = None,
        grace: float = GRACE,
        decide: str = "leave",
        patience: float | None = None,
        said: str = "said",
    ) -> Ended:
        """Start the wizard, or its command line with ``words``, and wait for its end.

        ``under`` makes a tracer's command of the process id; ``meanwhile`` is called once it runs; ``said`` names
        the file of what it says. The rest: ``walker.walk``.
        """
        before = len(self._asked())
        told = self._home / said
        code = NURSERIES.mine().start(
            words,
            folder=self.folder,
            environment=self.environment() if environment is None else environment,
            said=told,
            walk={"asked": str(self._log), "grace": grace, "decide": decide, "patience": patience},
            under=under,
            meanwhile=meanwhile,
        )
        ended = Ended(
            code, told.read_text("utf-8", "replace") if told.exists() else "", tuple(self._asked()[before:])
        )
        assert "Traceback" not in ended.said, ended.said[-3000:]
        assert KEY not in ended.said, "the key was shown"
        return ended

    def _asked(self) -> list[str]:
        return self._log.read_text("utf-8").split() if self._log.exists() else []

    # What is on this computer

    def session(self) -> dict[str, Any]:
        """The session file as it is, which must be whole at any time; empty where there is none yet."""
        path = self.folder / ".wizard" / "session.json"
        if not path.exists():
            return {}
        document = json.loads(path.read_bytes())
        assert isinstance(document, dict)
        return document

    def facts(self) -> dict[str, Any]:
        """What the session file holds by key."""
        return {key: fact["value"] for key, fact in self.session().get("facts", {}).items()}

    def key_is_kept(self) -> bool:
        """Whether ``.env`` has the key; it has it whole or not at all."""
        path = self.folder / ".env"
        if not path.exists():
            return False
        assert path.read_bytes() == f"DASHSCOPE_API_KEY={KEY}\n".encode(), ".env is not whole"
        return True

    def temporary(self) -> list[str]:
        """Temporary files that are lying about."""
        found = [*self.folder.glob("*.wizard-tmp"), *self.folder.glob(".wizard/**/*.wizard-tmp")]
        found += self.folder.glob("datasets/**/*.wizard-tmp")
        return sorted(str(path.relative_to(self.folder)) for path in found)

    # What is on the platform

    def files(self) -> list[dict[str, Any]]:
        """The files that came to be there since this journey began."""
        body = call(self.url, "GET", f"{NATIVE}/files?page_size=100", key=KEY).body
        return [file for file in body["data"]["files"] if file["file_id"] not in self.others]

    def jobs(self) -> list[dict[str, Any]]:
        """The jobs that came to be there since this journey began."""
        body = call(self.url, "GET", f"{NATIVE}/fine-tunes?page_size=100", key=KEY).body
        return [job for job in body["output"]["jobs"] if job["job_id"] not in self.others]

    # What must be true

    def never_twice(self) -> None:
        """At most one upload a file and one job, whatever may still come."""
        time.sleep(self.late)
        uploads = Counter(file["name"] for file in self.files())
        assert set(uploads) <= set(NAMES), uploads
        assert all(count == 1 for count in uploads.values()), f"uploaded more than once: {uploads}"
        assert len(self.jobs()) <= 1, f"{len(self.jobs())} jobs"

    def done(self) -> bool:
        """Whether the job is created, as far as the session knows."""
        return "job.id" in self.facts()

    def go_on(self, *, kept: bool | None = True, decide: str = "leave") -> Ended:
        """Start again until the job is created or a question is left open; nothing that was answered is asked again.

        The question is only left open where the platform has nothing that answers it. ``kept``: whether the key is by then; ``decide``: see ``start``.
        """
        said = ""
        for _ in range(STARTS):
            known = set(self.facts())
            has_key = self.key_is_kept()
            ended = self.start(decide=decide)
            again = known.intersection(ended.asked)
            assert not again, f"asked again: {sorted(again)}"
            assert not (has_key and "key.value" in ended.asked), "asked for the key again"
            self.never_twice()
            if self.done():
                assert ended.code == INTERRUPTED, ended
                self.whole(kept=kept)
                return ended
            if ended.code == ASKED:
                self._rightly_asked(ended)
                return ended
            said = f"{ended.code}\n{ended.said[-2000:]}"
        raise AssertionError(f"stuck after {STARTS} starts: {said}")

    def _rightly_asked(self, ended: Ended) -> None:
        assert "decide" in ended.asked, "left open without a question"
        effects = self.session()["effects"]
        done = sum((effect["kind"], effect["state"]) == ("upload", "done") for effect in effects)
        assert any(effect["state"] == "sent" for effect in effects), effects
        assert (done, 0) == (len(self.files()), len(self.jobs())), "asked about what is there to be found"

    def whole(self, *, kept: bool | None = True) -> None:
        """The job of the session is the one on the platform, on the files that were uploaded; nothing is lying about."""
        facts = self.facts()
        (job,) = self.jobs()
        assert job["job_id"] == facts["job.id"]
        known = {file["name"]: file["file_id"] for file in facts["upload.files"]}
        assert known == {file["name"]: file["file_id"] for file in self.files()}
        assert [each["file_id"] for each in job["training_datasets"]] == [known["train.jsonl"]], job
        sizes = {file["name"]: file["size"] for file in self.files()}
        for name in NAMES:
            sent = self.folder / "datasets" / "BaiLian" / name
            assert sizes[name] == sent.stat().st_size, f"{name} has other bytes on the platform"
        if kept is not None:
            assert self.key_is_kept() == kept
        assert not self.temporary(), self.temporary()


@contextmanager
def journey(folder: Path, *, late: float = 0.0, speed: float = 1.0) -> Iterator[Journey]:
    """A journey to a sandbox that commits ``late`` seconds after a request came, and trains so much faster."""
    yield Journey(folder, PLATFORMS.mine(late, speed).url, late=late)


class Platforms:
    """Sandboxes that serve one thread's journeys one after another: starting one takes longer than most journeys."""

    def __init__(self) -> None:
        self._made: list[tuple[Running, TemporaryDirectory[str]]] = []
        self._mine = threading.local()

    def mine(self, late: float, speed: float) -> Running:
        """This thread's, new after some journeys: whoever lists the files should get them on one page."""
        known: dict[tuple[float, float], tuple[Running | None, int]] = vars(self._mine).setdefault(
            "sandboxes", {}
        )
        sandbox, used = known.get((late, speed), (None, 0))
        if sandbox is None or used >= JOURNEYS:
            if sandbox is not None:
                sandbox.close()
            state = TemporaryDirectory(prefix="sweep-platform-")
            sandbox, used = (
                start(
                    Path(state.name), arguments=(*_LIMITS, "--commit-delay", str(late), "--speed", str(speed))
                ),
                0,
            )
            self._made.append((sandbox, state))
        known[late, speed] = (sandbox, used + 1)
        return sandbox

    def close(self) -> None:
        """End all of them."""
        for sandbox, state in self._made:
            sandbox.close()
            state.cleanup()
        self._made, self._mine = [], threading.local()


PLATFORMS = Platforms()


def rows(count: int, what: str) -> str:
    """Chats, one a line, as the platform takes them."""
    lines = (
        {"messages": [{"role": "user", "content": f"{what} {n}?"}, {"role": "assistant", "content": f"{n}."}]}
        for n in range(count)
    )
    return "".join(json.dumps(line) + "\n" for line in lines)
