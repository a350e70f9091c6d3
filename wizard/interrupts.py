"""Owns the holding back of signals where an exception out of nowhere would leave a lock locked."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK")
_ENDING = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]


@contextmanager
def held() -> Iterator[None]:
    """Signals that would end the program wait for the end of the block, which must be a short one.

    For what hands work to threads: ``threading.Condition``, and so ``queue`` and ``concurrent.futures``, is Python, and an
    exception between its lines leaves its lock taken, for ever.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before: dict[int, Any] = {}
    try:
        for number in _ENDING:
            before[number] = signal.getsignal(number)
            signal.signal(number, lambda number, _frame: came.append(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])
