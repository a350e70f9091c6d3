"""A folder that somebody else made: each place of state and output is another kind of thing, and each command meets it.

The folder is one in which the wizard was at work. Beside it lies what is the user's own: a letter, a database, documents, of
which some are named as our files are. Whatever a command makes of what it finds: nothing of that changes, the command ends
by itself with one of the documented exit codes, and what it says is no bug.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

from sweeps import ROOT
from sweeps.family import Case
from sweeps.journey import GRACE, rows
from sweeps.starting import NURSERIES, PATIENCE

QUICK = 24
MISSING = "" if hasattr(os, "mkfifo") else "there are no named pipes here"

DOCUMENTED = {0, 1, 2, 3, 4, 5, 6}
TERMINATED = 128 + signal.SIGTERM
_RUN = ("run", "--sandbox", "--yes", "--set", "dataset.source=train.jsonl")
COMMANDS: Mapping[str, Sequence[str]] = {
    "jobs": ("jobs", "list", "--sandbox"),
    "run": (*_RUN, "--new"),
    "plan": ("plan", "--sandbox", "--yes"),
    "sessions": ("sessions", "--sandbox"),
    "sandbox": ("sandbox", "--port", "0"),
    "convert": ("convert", "train.jsonl", "datasets/BaiLian/train.jsonl"),
}

_RECEIVED, _UPLOADED = "0123456789abcdef0123456789abcdef", "01234567-89ab-cdef-0123-456789abcdef"
_HERE, _PLATFORM, _OUTPUT = ".wizard/sandbox", ".wizard/sandbox/platform", "datasets/BaiLian"
FOLDERS = (
    ".wizard", f"{_HERE}", f"{_HERE}/sessions", _PLATFORM, f"{_PLATFORM}/incoming", f"{_PLATFORM}/files", "datasets", _OUTPUT,
)  # fmt: skip
FILES = (
    ".wizard/.gitignore",
    ".wizard/log.jsonl",
    *(
        f"{_HERE}/{name}"
        for name in ("lock", "session.json", "session.json.bak", "log.jsonl", "log.1.jsonl", "ledger.jsonl")
    ),
    f"{_HERE}/sessions/0a1b2c3d.json",
    *(f"{_PLATFORM}/sandbox.{ending}" for ending in ("log", "sqlite3", "sqlite3-journal", "sqlite3-wal")),
    f"{_PLATFORM}/incoming/{_RECEIVED}",
    f"{_PLATFORM}/files/{_UPLOADED}",
    *(f"{_OUTPUT}/train{ending}" for ending in (".jsonl", ".manifest.json", ".left-out.jsonl")),
)

Kind = Callable[[Path, Path], None]
"""Puts a thing at a path, given where the user's own things are."""


def cases(seed: int) -> Sequence[Case]:  # noqa: ARG001 - nothing is drawn: these are all
    """Each place as each kind that it isn't, before each command."""
    return [
        Case(f"{command}-{place}-{name}", partial(_met, words, place, kind))
        for command, words in COMMANDS.items()
        for places, kinds in ((FOLDERS, _IN_PLACE_OF_A_FOLDER), (FILES, _IN_PLACE_OF_A_FILE))
        for place in places
        for name, kind in kinds.items()
    ]


def _met(words: Sequence[str], place: str, kind: Kind, folder: Path) -> None:
    own, work, home = folder / "own", folder / "work", folder / "home"
    home.mkdir()
    _put_own_things(own)
    shutil.copytree(_TEMPLATE.folder, work)
    path = work / place
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove(path)
    kind(path, own)
    before = _state_of(own)
    said = folder / "said"
    code = NURSERIES.mine().start(
        words,
        folder=work,
        environment=_environment(home),
        said=said,
        walk={"asked": str(folder / "asked"), "grace": GRACE, "decide": "leave", "patience": None},
        meanwhile=partial(_end_what_serves, said) if words[0] == "sandbox" else None,
    )
    told = said.read_text("utf-8", "replace")
    assert before == _state_of(own), f"{told}\nchanged: {_changed(before, _state_of(own))}"
    assert code in DOCUMENTED or (words[0] == "sandbox" and code == TERMINATED), f"{code}: {told[-2000:]}"
    assert not re.search("Traceback|something unexpected", told), told[-3000:]
    if code == 1:
        assert "error:" in told, f"no word why: {told}"


def _environment(home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {**kept, "HOME": str(home), "LANG": "en_US.UTF-8", "BAILIAN_WIZARD_LANG": "en"}


def _end_what_serves(said: Path, process: int) -> None:
    """Wait until the sandbox says where it is, or is gone; then SIGTERM."""
    until = time.monotonic() + PATIENCE
    while Path(f"/proc/{process}").exists() and time.monotonic() < until:
        if said.exists() and b"Ctrl-C ends it" in said.read_bytes():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)
            return
        time.sleep(0.02)


class _Template:
    """A folder in which the wizard was at work, twice; made once, by the program itself."""

    def __init__(self) -> None:
        self._made: Path | None = None
        self._lock = threading.Lock()

    @property
    def folder(self) -> Path:
        """To be copied."""
        with self._lock:
            if self._made is None:
                place = Path(mkdtemp(prefix="sweep-stranger-"))
                atexit.register(shutil.rmtree, place, ignore_errors=True)
                self._make(place)
                self._made = place / "work"
        return self._made

    @staticmethod
    def _make(place: Path) -> None:
        work, home = place / "work", place / "home"
        for path in (work, home):
            path.mkdir()
        (work / "train.jsonl").write_text(rows(12, "train"), "utf-8")
        for more in ((), ("--new",)):
            subprocess.run(
                [sys.executable, "-P", "-m", "wizard", *_RUN, *more],
                cwd=work,
                env={**_environment(home), "PYTHONPATH": str(ROOT)},
                check=True,
                capture_output=True,
            )


_TEMPLATE = _Template()


def _put_own_things(own: Path) -> None:
    """What a user has, some of it named as our files are."""
    documents = own / "documents"
    documents.mkdir(parents=True)
    (own / "letter.txt").write_bytes(b"Dear Ada,\n")
    (own / "letter.txt").chmod(0o644)
    for name in (_RECEIVED, _UPLOADED, "session.json", "lock", "log.jsonl", "train.jsonl", "train.left-out.jsonl", "thesis.doc"):  # fmt: skip
        (documents / name).write_bytes(name.encode())
    documents.chmod(0o755)
    with closing(sqlite3.connect(own / "accounts.sqlite3")) as database:
        database.executescript("CREATE TABLE accounts (name TEXT); INSERT INTO accounts VALUES ('Ada');")
    shutil.copy(own / "accounts.sqlite3", documents / "sandbox.sqlite3")


def _state_of(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in (folder, *sorted(folder.rglob("*")))
    }


def _changed(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _file_of(path: Path, own: Path) -> Path:
    return own / ("accounts.sqlite3" if path.name == "sandbox.sqlite3" else "letter.txt")


def _link_to_file(path: Path, own: Path) -> None:
    path.symlink_to(_file_of(path, own))


def _link_to_folder(path: Path, own: Path) -> None:
    path.symlink_to(own / "documents")


def _link_to_nothing(path: Path, own: Path) -> None:
    path.symlink_to(own / "not-there")


def _second_name(path: Path, own: Path) -> None:
    path.hardlink_to(_file_of(path, own))


def _pipe(path: Path, _own: Path) -> None:
    os.mkfifo(path)


def _folder(path: Path, _own: Path) -> None:
    path.mkdir()
    (path / "thesis.doc").write_bytes(b"years of work")


def _file(path: Path, _own: Path) -> None:
    path.write_bytes(b"a file")


_IN_PLACE_OF_A_FOLDER: Mapping[str, Kind] = {
    "link-to-file": _link_to_file, "link-to-folder": _link_to_folder, "link-to-nothing": _link_to_nothing, "pipe": _pipe,
    "file": _file,
}  # fmt: skip
_IN_PLACE_OF_A_FILE: Mapping[str, Kind] = {
    "link-to-file": _link_to_file, "link-to-folder": _link_to_folder, "link-to-nothing": _link_to_nothing, "pipe": _pipe,
    "folder": _folder, "second-name": _second_name,
}  # fmt: skip
