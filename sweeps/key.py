"""The key, from the environment or ``.env``, against a platform that repeats it: it is nowhere but in ``.env`` and the header."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from terminal import PROGRAM

from sweeps import ROOT
from sweeps.canary import KEY, NAME, Place, place
from sweeps.echo import KINDS, echoing
from sweeps.family import Case

QUICK = 8
MISSING = "" if Path("/proc/self/environ").exists() else "there is no /proc to look at other processes in"
PATIENCE = 300.0
COMMANDS: dict[str, tuple[str, ...]] = {
    "list": ("jobs", "--debug"),
    "list-json": ("files", "--json"),
    "show": ("jobs", "show", "ft-1"),
    "logs": ("jobs", "logs", "ft-1", "--json", "--debug"),
    "run": ("run", "--yes", "--debug"),
    "run-json": ("run", "--yes", "--json"),
}
SOURCES = ("environment", "dotenv")


def cases(seed: int) -> Sequence[Case]:  # noqa: ARG001 - nothing is drawn: these are all
    """Every way to repeat it, by every command, by where the key is from."""
    return [
        Case(f"{kind}-{command}-{source}", partial(repeated, kind, command, source))
        for kind in KINDS
        for command in COMMANDS
        for source in SOURCES
    ]


def repeated(kind: str, command: str, source: str, folder: Path) -> None:
    """One command against a platform that answers with the key; it ends with a word, and the key is nowhere."""
    shutil.copytree(ROOT / "datasets", folder / "datasets")
    with place(folder) as here, echoing(kind, here.stranger.url) as url:
        env = {"DASHSCOPE_HTTP_BASE_URL": url}
        if source == "environment":
            env[NAME] = KEY
        else:
            (folder / ".env").write_text(f"{NAME}={KEY}\n", "utf-8")
        with here.watched(children_only=source == "environment"):
            done = run(here, *COMMANDS[command], **env)
        assert b"Traceback" not in done.stderr, done.stderr
        assert done.returncode in (0, 1, 3, 4, 5), (done.returncode, done.stderr)
        assert (folder / ".wizard" / "log.jsonl").exists()
        assert not here.stranger.connections
        here.check(stdout=done.stdout, stderr=done.stderr)


def run(here: Place, *words: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    """The wizard with ``words`` in ``here``, nothing to type at."""
    return subprocess.run(
        [*PROGRAM, *words],
        cwd=here.folder,
        env=here.env(**env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
