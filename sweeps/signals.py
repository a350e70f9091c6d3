"""Every way to be interrupted, at every screen of the wizard: the terminal as it was, the exit code, the session saved."""

from __future__ import annotations

import json
import shutil
import signal
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sandbox_fixture import running
from terminal import Terminal, environment

from sweeps import ROOT

QUICK = 18
KEY = "sk-canary0sandbox0123456789abcdef"
INTERRUPTED = 130
ROWS = 60_000  # enough for a conversion that can be seen at work
PATIENCE = 120.0

DATA = {"dataset.source": "datasets", "dataset.set": "taiwan", "dataset.validation": "dev"}
TRAINING = {"training.model": "qwen3-8b", "training.type": "efficient_sft"}
OWN = {"dataset.source": "own.jsonl", "dataset.validation": "split"}


@dataclass(frozen=True, slots=True)
class Screen:
    """A screen: the answers given before it, the questions answered by Enter on the way, and what is seen of it.

    ``key``: whether one is in the environment. ``effect``: at work on this one, whose receipt is waited for.
    """

    seen: str
    given: dict[str, str]
    on_the_way: tuple[tuple[str, ...], ...] = ()
    key: bool = True
    work: bool = False
    effect: str = ""


LOOKS, ADJUST, CHECKED = (
    ("Does this look right", "enter"),
    ("recommended settings", "enter"),
    ("Is everything as you want", "enter"),
)
PASTE = ("Paste your API key", KEY, "enter")
YES = ("Type yes to upload", "yes", "enter")
ALL = (LOOKS, ADJUST, CHECKED)
SCREENS = {
    "source": Screen("Where is your data", {}),
    "set": Screen("Which set of questions", {"dataset.source": "datasets"}),
    "validation": Screen("checked against", {"dataset.source": "datasets", "dataset.set": "taiwan"}),
    "preview": Screen("Does this look right", DATA),
    "prompt": Screen("begin with", DATA, (("Does this look right", "down", "enter"),)),
    "key": Screen("Paste your API key", DATA, (LOOKS,), key=False),
    "keep": Screen("Keep the key", DATA, (LOOKS, PASTE), key=False),
    "error": Screen("What now", DATA, (LOOKS, ("Paste your API key", "sk-canarywrong0123456789", "enter"), ("Keep the key", "enter")), key=False),
    "model": Screen("Which model", DATA, (LOOKS,)),
    "type": Screen("How shall it be trained", {**DATA, "training.model": "qwen3-8b"}, (LOOKS,)),
    "settings": Screen("recommended settings", {**DATA, **TRAINING}, (LOOKS,)),
    "review": Screen("Is everything as you want", {**DATA, **TRAINING}, (LOOKS, ADJUST)),
    "line": Screen("Which line", {**DATA, **TRAINING}, (LOOKS, ADJUST, ("Is everything as you want", "down", "enter"))),
    "word": Screen("Type yes to upload", {**DATA, **TRAINING}, ALL),
    "converting": Screen("Converting own", OWN, (LOOKS,), work=True),
    "uploading": Screen("Uploading", {**DATA, **TRAINING}, (*ALL, YES), work=True, effect="upload"),
    "creating": Screen("Creating the job", {**DATA, **TRAINING}, (*ALL, YES), work=True, effect="job"),
    "watching": Screen("RUNNING", {**DATA, **TRAINING}, (*ALL, YES), work=True),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens to the wizard, and its exit code; None: it goes on as if nothing had been."""

    happen: Callable[[Terminal], None]
    code: int | None


def _press(key: str) -> Callable[[Terminal], None]:
    return lambda terminal: terminal.press(key)


def _send(*numbers: int) -> Callable[[Terminal], None]:
    def happen(terminal: Terminal) -> None:
        for number in numbers:
            terminal.kill(number)
            time.sleep(0.05)

    return happen


def _hang_up(terminal: Terminal) -> None:
    terminal.child.ptyproc.fileobj.close()


def _resize(terminal: Terminal) -> None:
    for rows, columns in ((10, 30), (5, 20), (50, 160), (40, 100)):
        terminal.child.setwinsize(rows, columns)
        time.sleep(0.05)


PROMPTED = {
    "ctrl-c": Event(_press("\x03"), INTERRUPTED),
    "ctrl-d": Event(_press("\x04"), INTERRUPTED),
    "ctrl-z": Event(_press("\x1a"), None),
    "ctrl-backslash": Event(_press("\x1c"), None),
    "resize": Event(_resize, None),
    "INT": Event(_send(signal.SIGINT), INTERRUPTED),
    "TERM": Event(_send(signal.SIGTERM), 128 + signal.SIGTERM),
    "HUP": Event(_send(signal.SIGHUP), 128 + signal.SIGHUP),
    "QUIT": Event(_send(signal.SIGQUIT), 128 + signal.SIGQUIT),
    "TSTP": Event(_send(signal.SIGTSTP, signal.SIGCONT), None),
    "hang-up": Event(_hang_up, 128 + signal.SIGHUP),
}
AT_WORK = {
    **PROMPTED,
    "ctrl-d": Event(_press("\x04"), None),
    "ctrl-backslash": Event(_press("\x1c"), 128 + signal.SIGQUIT),
}


def cases() -> dict[str, Callable[[Path], None]]:
    """Every event at every screen."""
    return {
        f"{screen}-{event}": partial(interrupted, screen, event)
        for screen, shown in SCREENS.items()
        for event in (AT_WORK if shown.work else PROMPTED)
    }


def interrupted(screen_name: str, event_name: str, folder: Path) -> None:
    """``event_name`` at ``screen_name``; then the next start is at the same place, with everything that was answered."""
    screen = SCREENS[screen_name]
    event = (AT_WORK if screen.work else PROMPTED)[event_name]
    home = folder / "home"
    shutil.copytree(ROOT / "datasets", home / "datasets")
    if "own.jsonl" in screen.given.values():
        _write_rows(home / "own.jsonl")
    late = {"commit_delay": 0.8} if screen.effect else {}
    with running(folder / "platform", **late) as sandbox:
        more = {"DASHSCOPE_API_KEY": KEY} if screen.key else {}
        env = environment(home, DASHSCOPE_HTTP_BASE_URL=f"{sandbox.url}/api/v1", **more)
        with Terminal(_words(screen), home, env=env) as terminal:
            before = termios.tcgetattr(terminal.child.child_fd)
            _reach(terminal, home, screen)
            event.happen(terminal)
            if event_name == "hang-up":
                ended = _ended(terminal)
                assert event.code == ended, f"exit code {ended}"
            else:
                _leave(terminal, screen, event)
                assert before == termios.tcgetattr(terminal.child.child_fd), "the terminal's modes"
                _tidy(terminal.raw)
        _nothing_lost(home, screen)
        with Terminal([], home, env=env) as terminal:
            terminal.expect(_next(screen, event))
            assert not any(question in terminal.text for question in _answered(screen)), terminal.text


def _words(screen: Screen) -> list[str]:
    return [word for key, value in screen.given.items() for word in ("--set", f"{key}={value}")]


def _reach(terminal: Terminal, home: Path, screen: Screen) -> None:
    for question, *keys in screen.on_the_way:
        terminal.answer(question, *keys)
    if screen.effect:
        _until(
            lambda: any((e["kind"], e["state"]) == (screen.effect, "sent") for e in _session(home)["effects"])
        )
        return
    terminal.expect(screen.seen)
    if not screen.work:
        terminal.settle()


def _leave(terminal: Terminal, screen: Screen, event: Event) -> None:
    """The end that the event brings; where it brings none, the wizard must still be there, and Ctrl-C ends it."""
    code = event.code
    if code is None:
        code = INTERRUPTED
        until = time.monotonic() + 0.3
        while time.monotonic() < until:
            terminal.read()
        assert terminal.child.isalive(), "it ended"
        terminal.press("ctrl-c")
    ended = terminal.end()
    assert code == ended, f"exit code {ended} instead of {code}; the screen:\n{terminal.text}"
    assert "Traceback" not in terminal.text, terminal.text


def _tidy(raw: bytes) -> None:
    for on, off, what in (
        (b"\x1b[?25l", b"\x1b[?25h", "the cursor is hidden"),
        (b"\x1b[?2004h", b"\x1b[?2004l", "bracketed paste is on"),
        (b"\x1b[?1h", b"\x1b[?1l", "the cursor keys are in another mode"),
    ):
        assert raw.rfind(on) <= raw.rfind(off), what
    for never in (b"\x1b[?1049h", b"\x1b[?1000h", b"\x1b[?1002h", b"\x1b[?1003h"):
        assert never not in raw, never


def _ended(terminal: Terminal) -> int:
    """How a program ended whose terminal is gone."""
    until = time.monotonic() + PATIENCE
    while terminal.child.ptyproc.isalive():
        assert time.monotonic() < until, "it goes on without a terminal"
        time.sleep(0.02)
    process = terminal.child.ptyproc
    return int(-process.signalstatus if process.signalstatus else process.exitstatus)


def _nothing_lost(home: Path, screen: Screen) -> None:
    if screen.given:
        facts = _session(home)["facts"]
        lost = {key: value for key, value in screen.given.items() if facts.get(key, {}).get("value") != value}
        assert not lost or screen.seen == "Which line", f"lost: {lost}"
    for effect in _session(home)["effects"] if screen.given else ():
        assert effect["state"] != "sent", "a receipt was not waited for"


def _next(screen: Screen, event: Event) -> str:
    if screen.seen == "Converting own":
        return "Does this look right|Converting own|API key: sk-|Which model"
    if screen.work:
        return "RUNNING|SUCCEEDED|PENDING|QUEUING"
    if screen.seen in ("Which line", "begin with"):
        return "Is everything as you want|Does this look right"
    if screen.seen in ("Keep the key", "What now"):
        return "Paste your API key"
    del event
    return screen.seen


def _answered(screen: Screen) -> list[str]:
    """Questions on the way whose answers are kept: all but the secret one, and the one that leads elsewhere."""
    questions = [question for question, *keys in screen.on_the_way if keys == ["enter"]]
    return [question for question in questions if question not in ("Keep the key", "Does this look right")]


def _session(home: Path) -> Any:
    try:
        return json.loads((home / ".wizard" / "session.json").read_bytes())
    except (OSError, ValueError):
        return {"effects": [], "facts": {}}


def _until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < until, "it did not come to that"
        time.sleep(0.002)


def _write_rows(path: Path) -> None:
    row = '{{"question": "Which number is {0}, of all the numbers there are?", "options": {{"A": "{0}", "B": "none"}}, "answer": "{0}", "answer_idx": "A"}}\n'
    with suppress(FileExistsError), path.open("x", encoding="utf-8") as stream:
        stream.writelines(row.format(number) for number in range(ROWS))
