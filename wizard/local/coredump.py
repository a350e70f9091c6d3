"""Owns that no picture of this process's memory, which holds a key, is written to a disk when it crashes.

By the limit on the size of core files. Not by ``PR_SET_DUMPABLE``: that takes ``ctypes``, and from a process that isn't
root its own ``/dev/stdin`` and ``/dev/fd`` too. Windows has no such limit: its error reporting is not touched.
"""

from __future__ import annotations

import sys


def forbid() -> None:
    """From now on, in this process and in the children that it starts."""
    try:
        import resource
    except ImportError:  # Windows
        return
    # Linux hands a crash to a program such as systemd-coredump whatever the limit is, 0 too, but for 1 (core(5)).
    least = 1 if sys.platform == "linux" else 0
    try:
        _soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
        least = least if hard == resource.RLIM_INFINITY else min(least, hard)
        resource.setrlimit(resource.RLIMIT_CORE, (least, least))
    except (OSError, ValueError):
        return  # a system that forbids setting it: a key is used nonetheless
