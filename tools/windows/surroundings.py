"""What wine 8 does otherwise than Windows, put right as Python starts there: it lies beside its libraries as sitecustomize.py."""

import _winapi
import ctypes
import errno
import msvcrt
import os
from typing import Any

_VT_OUTPUT, _VT_INPUT = 0x0004, 0x0200
_kernel = ctypes.windll.kernel32
_locking, _set_mode = msvcrt.locking, _kernel.SetConsoleMode


def locking(*words: Any) -> None:
    """Wine's sets no errno where it refuses."""
    try:
        _locking(*words)
    except OSError as error:
        raise error if error.errno else PermissionError(errno.EACCES, "Permission denied") from None


def set_mode(handle: Any, mode: Any) -> int:
    """Wine's console takes the flags for escape sequences and obeys none: it refuses them, as an older Windows does."""
    number = getattr(mode, "value", mode)
    output = _kernel.GetConsoleScreenBufferInfo(handle, ctypes.create_string_buffer(64))
    if number & (_VT_OUTPUT if output else _VT_INPUT):
        return 0
    return int(_set_mode(handle, mode))


if os.environ.pop("WINPY", ""):  # the runner names code page and language in LC_ALL, which no Windows has
    os.environ.pop("LC_ALL", "")
if hasattr(_winapi, "CopyFile2"):  # wine ends a program that calls it
    del _winapi.CopyFile2
msvcrt.locking = locking
_kernel.SetConsoleMode = set_mode
