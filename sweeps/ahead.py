"""What is typed while the wizard works, at each screen before the paid question and before a decision: it confirms nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from sandbox_fixture import files
from terminal import Terminal

from sweeps.family import Case
from sweeps.screens import (
    ALL,
    DATA,
    LOOKS,
    OWN,
    PATIENCE,
    PLAN,
    TRAINING,
    UNFINISHED,
    Screen,
    effects,
    reached,
)

PASTE, PASTED = "\x1b[200~", "\x1b[201~"
KEYS = {
    "yes": "yes\r",
    "enters-and-yes": "\r\r\r\ryes\ryes\r",
    "y": "y\ry\r",
    "pasted": f"{PASTE}yes\r{PASTED}\r",
    "down-enter": "\x1b[B\r\x1b[B\ryes\r",
}
QUIET = 0.5  # seconds without anything new
HINTS = ("Enter confirms", "Esc back", "? help:")

# Answered beforehand: all but what is typed.
WORK = {
    "converting": Screen("Converting own", OWN | TRAINING, (LOOKS,), work=True, plain=True),
    "counting": Screen("Looking for duplicates", OWN | TRAINING, (LOOKS,), work=True),
    "estimating": Screen("Model and training", PLAN, ALL, work=True, plain=True),
    "welcomed": Screen("Open at step", PLAN, work=True, again=True, plain=True),
    "cancelling": Screen("", {}, words=("jobs", "cancel", "{job}"), work=True, plain=True),
}


def cases() -> Sequence[Case]:
    """Every work by everything typed, in both front ends."""
    return [
        Case(f"{'plain-' if plain else ''}ahead-{work}-{keys}", partial(typed, work, keys, plain=plain))
        for plain in (False, True)
        for work, screen in WORK.items()
        if screen.plain or not plain
        for keys in KEYS
    ]


def typed(work: str, keys: str, folder: Path, *, plain: bool) -> None:
    """Typed at once, it approves nothing, sends nothing, cancels nothing; the question waits for an answer."""
    screen = WORK[work]
    with reached(screen, folder, plain=plain) as (here, terminal):
        terminal.press(KEYS[keys])
        _comes_to_rest(terminal)
        assert terminal.child.isalive(), terminal.text
        assert "review.approval" not in here.session()["facts"], terminal.text
        assert not effects(here)
        if screen.words:
            assert not any(job["status"].startswith("CANCEL") for job in here.jobs()), terminal.text
            assert "Cancel ft-" in terminal.text, terminal.text
        else:
            assert not files(here.url)
            assert not here.jobs()
        if screen.again:
            assert UNFINISHED in terminal.text, terminal.text
            assert DATA.keys() <= here.session()["facts"].keys()
        terminal.press("ctrl-c")
        terminal.end()


def _comes_to_rest(terminal: Terminal) -> None:
    """Until it waits at a question, whichever."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        terminal.settle(QUIET)
        if any(hint in "\n".join(terminal.lines) for hint in HINTS):
            return
    raise AssertionError(f"it asks nothing: {terminal.text}")
