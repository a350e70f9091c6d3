"""One lock file, one holder: the kernel's own lock, which is gone with its holder however that ended."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

from wizard.local.way import WITHOUT_FOLLOWING
from wizard.sharing import patiently

_PAUSE = 0.05  # seconds between tries
_LATE = 1.0 if os.name == "nt" else 0.0  # seconds within which Windows frees what a killed process has locked


class Busy(Exception):
    """Somebody else holds the lock, and held it for as long as was waited."""


class Lock:
    """A lock that is held; the file stays, for whoever comes next."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def take(path: Path, *, seconds: float = 0.0) -> Lock:
    """Hold the lock at ``path`` (made if absent, 0600), waiting for at most ``seconds``. Raises Busy and OSError."""
    descriptor = patiently(lambda: os.open(path, os.O_RDWR | os.O_CREAT | WITHOUT_FOLLOWING, 0o600))
    until = time.monotonic() + max(seconds, _LATE)
    try:
        while not _taken(descriptor):
            if time.monotonic() >= until:
                raise Busy
            time.sleep(_PAUSE)
    except BaseException:
        os.close(descriptor)
        raise
    return Lock(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        import fcntl
    except ImportError:
        return _taken_on_windows(descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _taken_on_windows(descriptor: int) -> bool:
    import msvcrt

    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]  # exists on Windows only
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EDEADLK):
            raise
        return False
    return True
