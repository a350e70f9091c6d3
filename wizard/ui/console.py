"""Owns what is a terminal, and how Windows' own one is: whether it obeys escape sequences, and how wide it draws.

On Windows the null device says of itself that it is a terminal, escape sequences have to be switched on, and the window that
is older than Windows Terminal draws marks such as ``·`` and ``│`` in two columns where the system speaks Chinese, Japanese or Korean.
"""

from __future__ import annotations

import atexit
import sys
from collections.abc import Mapping
from typing import TextIO

_OBEYS = 0x0005  # ENABLE_PROCESSED_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING
_ASIAN = (932, 936, 949, 950)
_NEWER = ("WT_SESSION", "TERM_PROGRAM", "ConEmuPID")
"""Variables of terminals that draw every mark, in one column."""


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person may be at ``stream``."""
    if stream is None or not stream.isatty():
        return False
    return sys.platform != "win32" or _mode(_handle(stream)) is not None


def obeys(stream: TextIO) -> bool:
    """Whether the terminal at ``stream`` obeys escape sequences; where it has to be told to, it does until the program ends."""
    if sys.platform != "win32":
        return True
    import ctypes

    handle = _handle(stream)
    mode = _mode(handle)
    if mode is None:
        return False
    if mode & _OBEYS == _OBEYS:
        return True
    switch = ctypes.windll.kernel32.SetConsoleMode
    if not switch(ctypes.c_void_p(handle), ctypes.c_uint32(mode | _OBEYS)):
        return False
    atexit.register(switch, ctypes.c_void_p(handle), ctypes.c_uint32(mode))
    return True


def is_old(environ: Mapping[str, str]) -> bool:
    """Whether the terminal is the window that has one font, and shows a box for what that lacks."""
    return sys.platform == "win32" and not any(name in environ for name in _NEWER)


def draws_marks_wide(environ: Mapping[str, str]) -> bool:
    """Whether the terminal gives two columns to marks that elsewhere take one."""
    if sys.platform != "win32" or not is_old(environ):
        return False
    import ctypes

    return ctypes.windll.kernel32.GetConsoleOutputCP() in _ASIAN


def _handle(stream: TextIO) -> int:
    if sys.platform != "win32":
        return stream.fileno()
    import msvcrt

    return msvcrt.get_osfhandle(stream.fileno())


def _mode(handle: int) -> int | None:
    """A console's mode; None where ``handle`` is none."""
    if sys.platform != "win32":
        return None
    import ctypes

    mode = ctypes.c_uint32()
    found = ctypes.windll.kernel32.GetConsoleMode(ctypes.c_void_p(handle), ctypes.byref(mode))
    return mode.value if found else None
