"""A real terminal for the tests: the wizard in a pseudo-terminal, its screen as a person would see it."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyte
import pytest
from patience import PATIENCE

if os.name != "nt":
    import pexpect

KEYS = {
    "enter": "\r", "down": "\x1b[B", "up": "\x1b[A", "escape": "\x1b", "ctrl-c": "\x03", "ctrl-d": "\x04",
    "backspace": "\x7f", "clear": "\x15", "tab": "\t",
}  # fmt: skip
PROGRAM = [sys.executable, "-m", "wizard"]
PATIENT = [
    sys.executable,
    "-c",
    f"import sys; from wizard import cli; from wizard.engine import news; news.NEWS = {PATIENCE}; sys.exit(cli.main())",
]
"""The same, but its first question waits for the platform's answers however slow the machine is."""


SYSTEM = ("PATH", "TMPDIR", "SYSTEMROOT", "TEMP", "TMP", "PATHEXT", "COMSPEC", "PYTHONPYCACHEPREFIX")
"""Variables without which a program can't start, or would litter."""


def environment(folder: Path, **more: str) -> dict[str, str]:
    """What the wizard may know of the tests' surroundings: no key, no proxy, no locale but the one given."""
    kept = {name: os.environ[name] for name in SYSTEM if name in os.environ}
    root = str(Path(__file__).parents[1])
    home = {
        "HOME": str(folder),
        "USERPROFILE": str(folder),
        "TERM": "xterm-256color",
        "PYTHONPATH": root,
        "LANG": "en_US.UTF-8",
    }
    home["BAILIAN_WIZARD_STATE"] = str(folder.with_name(f"{folder.name}.user"))  # outside the project
    return {**kept, **home, "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", **more}


def _as_a_shell_starts_it() -> None:
    """Tests that run in the background, or under nohup, have signals ignored that a program at a terminal gets."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Terminal:
    """A program at a terminal of ``columns`` x ``rows``."""

    def __init__(
        self,
        arguments: Sequence[str],
        folder: Path,
        *,
        program: Sequence[str] = PROGRAM,
        columns: int = 100,
        rows: int = 40,
        env: Mapping[str, str] | None = None,
    ) -> None:
        if os.name == "nt":
            pytest.skip("needs a pseudo-terminal")
        words = [*program, *arguments]
        self.screen = pyte.HistoryScreen(columns, rows, history=5000)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.child: Any = pexpect.spawn(
            words[0],
            list(words[1:]),
            cwd=str(folder),
            env=dict(env if env is not None else environment(folder)),
            dimensions=(rows, columns),
            timeout=PATIENCE,
            preexec_fn=_as_a_shell_starts_it,
        )
        self.child.delaybeforesend = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.child.close(force=True)

    @property
    def lines(self) -> list[str]:
        """The lines on the screen, without blanks at their ends."""
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        """All that was shown and scrolled away, then the screen."""
        history = [
            "".join(line[column].data for column in range(self.screen.columns)).rstrip()
            for line in self.screen.history.top
        ]
        return "\n".join([*history, *self.lines])

    def read(self, seconds: float = 0.05) -> None:
        """Take in what the program wrote, answering its question where the cursor is."""
        try:
            data = self.child.read_nonblocking(1 << 16, timeout=seconds)
        except pexpect.TIMEOUT:
            return
        self.raw += data
        self._stream.feed(data)
        for _question in range(data.count(b"\x1b[6n")):
            self.child.send(f"\x1b[{self.screen.cursor.y + 1};{self.screen.cursor.x + 1}R")

    def expect(self, text: str, *, since: int = 0, seconds: float = PATIENCE) -> str:
        """Wait until ``text`` (a pattern) has been shown; returns everything shown so far."""
        until = time.monotonic() + seconds
        while True:
            shown = self.text
            if re.search(text, shown[since:]):
                return shown
            if time.monotonic() > until:
                raise AssertionError(f"{text!r} did not come; the screen:\n{shown}")
            try:
                self.read()
            except pexpect.EOF:
                if re.search(text, self.text[since:]):
                    return self.text
                raise AssertionError(f"the program ended before {text!r}; the screen:\n{self.text}") from None

    def press(self, *keys: str) -> None:
        """Press named keys (see KEYS), or type text."""
        for key in keys:
            self.child.send(KEYS.get(key, key))

    def answer(self, question: str, *keys: str) -> None:
        """Wait for a question on the screen, then press ``keys``."""
        self.expect(question)
        self.settle()
        self.press(*keys)

    def settle(self, seconds: float = 0.15) -> None:
        """Read until nothing more comes for a moment: a prompt that is drawn is ready for keys."""
        until = time.monotonic() + PATIENCE
        before = -1
        while before != len(self.raw) and time.monotonic() < until:
            before = len(self.raw)
            try:
                self.read(seconds)
            except pexpect.EOF:
                return

    def end(self) -> int:
        """Wait for the program's end; its exit code, or minus the signal that ended it."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                self.read()
            except pexpect.EOF:
                break
        else:
            raise AssertionError(f"the program did not end; the screen:\n{self.text}")
        self.child.wait()
        return int(-self.child.signalstatus if self.child.signalstatus else self.child.exitstatus)

    def kill(self, number: int | None = None) -> None:
        """Send a signal to the program, SIGKILL without one."""
        os.kill(self.child.pid, signal.SIGKILL if number is None else number)
