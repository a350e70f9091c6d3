"""Owns what Windows does where two programs use one file: whether another one has it open, and the waiting until it has let go.

There a file that is open can't be replaced, removed or, as its opener likes, opened: a virus scanner, an indexer or a cloud
drive has each new file open for a moment. Elsewhere nothing of this happens, and nothing waits.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

PATIENCE = 5.0
"""Seconds that are waited for another program."""

_PAUSE = 0.02
_HELD = (32, 33)  # ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION
_DENIED = 5  # ERROR_ACCESS_DENIED: what replacing a file that is open comes to, too


def patiently(act: Callable[[], Result]) -> Result:
    """What ``act`` gives, once no other program's hold on its file is in the way; else OSError with EBUSY."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return act()
        except PermissionError as error:
            if not held(error):
                raise
            if time.monotonic() >= until:
                raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), error.filename) from error
        time.sleep(_PAUSE)


def held(error: BaseException) -> bool:
    """Whether ``error`` came of another program that has the file open."""
    if sys.platform != "win32" or not isinstance(error, PermissionError):
        return False
    if error.winerror in _HELD:
        return True
    if error.winerror == _DENIED and error.filename2 is not None:  # a replacement
        return _replaceable(error.filename2)
    return error.winerror is None and error.filename is not None and _open_elsewhere(error.filename)


def _replaceable(path: str | bytes) -> bool:
    """Whether ``path`` is a file that nothing but its being open keeps from being replaced, as far as it can be seen."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and bool(found.st_mode & stat.S_IWRITE)


def _open_elsewhere(path: str | bytes) -> bool:
    """Whether opening ``path`` is refused for another's sake: C's own ``open``, which Python's is, doesn't tell."""
    if sys.platform == "win32":
        import _winapi

        for access in (_winapi.GENERIC_READ | _winapi.GENERIC_WRITE, _winapi.GENERIC_READ):
            try:
                handle = _winapi.CreateFile(os.fsdecode(path), access, 3, 0, _winapi.OPEN_EXISTING, 0, 0)
            except OSError as error:
                if error.winerror in _HELD:
                    return True
                continue
            _winapi.CloseHandle(handle)
            return access & _winapi.GENERIC_WRITE != 0  # it was, a moment ago
    return False
