"""Digests of what goes by: made at once, or in a thread of their own while workers leave this process little to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Queue
from threading import Thread
from typing import Protocol, TypeAlias

from wizard.interrupts import held

_WAITING = 48  # blocks, each of less than a megabyte


class Hash(Protocol):
    """What hashlib gives."""

    def update(self, data: bytes, /) -> None:
        """Take the next bytes."""

    def hexdigest(self) -> str:
        """The digest so far."""


_Item: TypeAlias = tuple[Callable[[bytes], object], bytes]


class Digests:
    """Feeds hashes, each in the order in which it is asked to."""

    def __init__(self) -> None:
        self._queue: Queue[_Item | None] | None = None

    def update(self, data: bytes, *hashes: Hash) -> None:
        """Let each of ``hashes`` take ``data``, which must not change any more."""
        for one in hashes:
            if self._queue is None:
                one.update(data)
            else:
                _put(self._queue, (one.update, data))

    def soon(self, work: Callable[[], object]) -> None:
        """Do ``work`` in the thread, where there is one; else leave it."""
        if self._queue is not None:
            _put(self._queue, (lambda _none: work(), b""))

    @contextmanager
    def beside(self) -> Iterator[None]:
        """For the time of the block in a thread; when it ends all is taken."""
        queue: Queue[_Item | None] = Queue(_WAITING)
        thread = Thread(target=_work, args=(queue,), daemon=True)
        thread.start()
        self._queue = queue
        try:
            yield
        finally:
            self._queue = None
            _put(queue, None)
            thread.join()


def _put(queue: Queue[_Item | None], item: _Item | None) -> None:
    with held():
        queue.put(item)


def _work(queue: Queue[_Item | None]) -> None:
    while (item := queue.get()) is not None:
        take, data = item
        take(data)  # lets go of the interpreter's lock
