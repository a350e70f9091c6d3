"""Owns whether the terminal shows what is typed: only where a visible line is asked for, and at the end as it was found.

Else a key that is pasted before its question stands would be on the screen. Prompts that draw themselves, and getpass,
leave the terminal as they found it. A console of Windows shows what is typed only while a line is read: nothing is to be done.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

if sys.platform != "win32":
    import termios

_LOCAL = 3  # the place of the local flags among a terminal's attributes


class _Quiet:
    """The terminal at standard input: whether it is to be silent, and how it was found."""

    begun = False
    aloud = False
    found: list[Any] | None = None


def begin() -> None:
    """From now on what is typed isn't shown, until the program ends, however it does."""
    if not _Quiet.begun:
        _Quiet.begun = True
        atexit.register(_set, lambda _now: _Quiet.found)
        hush()


def hush() -> None:
    """Be silent again: something else may have set the terminal, a shell that continues us or a library."""
    if _Quiet.begun and not _Quiet.aloud:
        _set(lambda now: [*now[:_LOCAL], now[_LOCAL] & ~termios.ECHO, *now[_LOCAL + 1 :]])


@contextmanager
def aloud() -> Iterator[None]:
    """What is typed is shown, where it was before us."""
    _Quiet.aloud = True
    try:
        _set(lambda _now: _Quiet.found)
        yield
    finally:
        _Quiet.aloud = False
        hush()


@contextmanager
def lent() -> Iterator[None]:
    """The terminal is as it was found, and then again as we had it: for the time in which the process is stopped."""
    had: list[Any] = []

    def give_back(now: list[Any]) -> list[Any] | None:
        had.append(now)
        return _Quiet.found

    _set(give_back)
    try:
        yield
    finally:
        if had:
            _set(lambda _now: had[0])


def _set(wanted: Any) -> None:
    """Give the terminal the attributes that ``wanted`` makes of those it has; not from the background, where it is somebody else's.

    Nothing where it is gone, or where it was never set by us and there is nothing to give back.
    """
    if sys.platform == "win32" or not _Quiet.begun:
        return
    try:
        number = sys.stdin.fileno()
        if os.tcgetpgrp(number) != os.getpgrp():
            return
        now = termios.tcgetattr(number)
        if _Quiet.found is None:
            _Quiet.found = now
        if (attributes := wanted(now)) is not None:
            termios.tcsetattr(number, termios.TCSANOW, attributes)
    except (OSError, ValueError, termios.error):
        return
