"""Every way to be interrupted, at every screen: the terminal as it was, the exit code, the session saved; and no terminal at all.

Also what is typed too early: it never confirms anything.
"""

from __future__ import annotations

import signal
import termios
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from terminal import Terminal

from sweeps import ahead, streams
from sweeps.family import Case
from sweeps.screens import PATIENCE, SCREENS, UNFINISHED, Place, Screen, effects, reached

QUICK = 8
MISSING = ""
INTERRUPTED = 130


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


QUITTING = 128 + signal.SIGQUIT
PROMPTED = {
    "ctrl-c": Event(_press("\x03"), INTERRUPTED),
    "ctrl-d": Event(_press("\x04"), INTERRUPTED),
    "ctrl-z": Event(_press("\x1a"), None),
    "ctrl-backslash": Event(_press("\x1c"), None),
    "resize": Event(_resize, None),
    "INT": Event(_send(signal.SIGINT), INTERRUPTED),
    "TERM": Event(_send(signal.SIGTERM), 128 + signal.SIGTERM),
    "HUP": Event(_send(signal.SIGHUP), 128 + signal.SIGHUP),
    "QUIT": Event(_send(signal.SIGQUIT), QUITTING),
    "TSTP": Event(_send(signal.SIGTSTP, signal.SIGCONT), None),
    "hang-up": Event(_hang_up, 128 + signal.SIGHUP),
}
LINE = {**PROMPTED, "ctrl-backslash": Event(_press("\x1c"), QUITTING)}
"""Where the terminal itself reads a line, as at the plain questions."""

AT_WORK = {**LINE, "ctrl-d": Event(_press("\x04"), None)}


def cases(seed: int) -> Sequence[Case]:  # noqa: ARG001 - nothing is drawn: these are all
    """Every event at every screen; at some of them in the plain front end too; no terminal; typed ahead."""
    found = [
        Case(f"{name}-{event}", partial(interrupted, name, event))
        for name, screen in SCREENS.items()
        for event in _events(screen, plain=False)
    ]
    found += [
        Case(f"plain-{name}-{event}", partial(interrupted, name, event, plain=True))
        for name, screen in SCREENS.items()
        if screen.plain
        for event in _events(screen, plain=True)
    ]
    return [*found, *streams.cases(), *ahead.cases()]


def _events(screen: Screen, *, plain: bool) -> dict[str, Event]:
    if screen.work:
        return AT_WORK
    return LINE if plain else PROMPTED


def interrupted(screen_name: str, event_name: str, folder: Path, *, plain: bool = False) -> None:
    """``event_name`` at ``screen_name``; then the next start is at the same place, with everything that was answered."""
    screen = SCREENS[screen_name]
    event = _events(screen, plain=plain)[event_name]
    with reached(screen, folder, plain=plain) as (here, terminal):
        if plain and not screen.work:  # what is typed before the question asks for it is dropped
            terminal.expect(rf"(?s){screen.seen}.*help:")
        if event_name == "hang-up":
            event.happen(terminal)
            ended = _ended(terminal)
            assert event.code == ended, f"exit code {ended}"
        else:
            event.happen(terminal)
            _leave(terminal, event)
            _tidy(terminal)
        if screen.words:
            _nothing_done(here)
            return
        _nothing_lost(here, screen)
        with here.start(*(["--plain"] if plain else [])) as again:
            if here.session()["facts"]:
                again.answer(UNFINISHED, "enter")
            again.expect(screen.next or screen.seen)
            assert not any(question in again.text for question in screen.asked), again.text


def _leave(terminal: Terminal, event: Event) -> None:
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


def _tidy(terminal: Terminal) -> None:
    """The terminal's modes are those of a new one, and nothing that was turned on is left so."""
    local = termios.tcgetattr(terminal.child.child_fd)[3]
    assert local & termios.ECHO, "no echo"
    assert local & termios.ICANON, "no lines"
    assert local & termios.ISIG, "no signals"
    for on, off, what in (
        (b"\x1b[?25l", b"\x1b[?25h", "the cursor is hidden"),
        (b"\x1b[?2004h", b"\x1b[?2004l", "bracketed paste is on"),
        (b"\x1b[?1h", b"\x1b[?1l", "the cursor keys are in another mode"),
    ):
        assert terminal.raw.rfind(on) <= terminal.raw.rfind(off), what
    for never in (b"\x1b[?1049h", b"\x1b[?1000h", b"\x1b[?1002h", b"\x1b[?1003h"):
        assert never not in terminal.raw, never


def _ended(terminal: Terminal) -> int:
    """How a program ended whose terminal is gone."""
    until = time.monotonic() + PATIENCE
    while terminal.child.ptyproc.isalive():
        assert time.monotonic() < until, "it goes on without a terminal"
        time.sleep(0.02)
    process = terminal.child.ptyproc
    return int(-process.signalstatus if process.signalstatus else process.exitstatus)


def _nothing_lost(here: Place, screen: Screen) -> None:
    facts = here.session()["facts"]
    lost = {key: value for key, value in screen.given.items() if facts.get(key, {}).get("value") != value}
    assert not lost, f"lost: {lost}"
    assert not any(state == "sent" for _kind, state in effects(here)), "a receipt was not waited for"


def _nothing_done(here: Place) -> None:
    assert not any(job["status"] == "CANCELED" for job in here.jobs()), "the job was cancelled"
    assert not (here.home / "out.jsonl").exists(), "half a file is there"
    assert not list(here.home.rglob("*.wizard-tmp")), "a temporary file was left"
