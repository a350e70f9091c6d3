"""Processes that look at lines beside this one: started small, fed with places in the source, and gone with it.

A worker is a plain Python that imports only what its task needs. It is told where lines are, reads them itself, and sends
back what it made of them; it ends when its input does, so none outlives its parent, however that ends.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import IO, Self, TypeAlias

import msgspec

from wizard import locale
from wizard.data.files.ranges import Range
from wizard.errors import WizardError, reason
from wizard.local import programs
from wizard.locale import _

WORTH_IT = 24_000_000
"""Bytes of a source from which on workers are started: below, one process is done about as soon."""

MOST = 8
_SEEN = 31 << 20  # bytes; from 32 MB on glibc learns nothing
_IN_FLIGHT = 3  # places asked of each worker and not yet taken from it
_PIPE = 1 << 20
_START = "import sys; sys.path[:] = {path!r}; from wizard.data.worker import main; main()"
_HEAD = 8


Work: TypeAlias = Callable[[bytes], Callable[[bytes], list[bytes]]]
"""From a task, packed: what makes parts of an answer of some lines. A function of a module, which a worker finds by its name."""


class WorkerLost(WizardError):
    """A worker ended, or failed, before it had sent what it was asked for."""


class Hello(msgspec.Struct, frozen=True):
    """The first thing that a worker is told."""

    path: str
    language: str
    work: tuple[str, str]
    """The module and the name in it of a Work."""
    task: bytes


class Answer(msgspec.Struct):
    """What a worker sends for one Range: the sizes of what follows, or what went wrong."""

    sizes: tuple[int, ...] = ()
    failure: str = ""


_decode = msgspec.msgpack.Decoder(Answer).decode
_encode = msgspec.msgpack.Encoder().encode


def keep_memory() -> None:
    """Let this process keep memory that it frees and will need again for the next page.

    glibc gives blocks of a page's size back to the system at once, until it has seen a larger one freed; asking for
    each of them again costs a tenth of a conversion. The block is never touched, and so takes no memory.
    """
    bytes(_SEEN)


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def how_many(wanted: int | None, total: int) -> int:
    """How many workers: what was asked for, or as many as pay for a file of ``total`` bytes."""
    if wanted is None and (said := os.environ.get("BAILIAN_WIZARD_WORKERS", "")).isdecimal():
        wanted = int(said)
    if wanted is not None:
        return min(wanted, MOST)
    return min(cores(), MOST) if total >= WORTH_IT and cores() > 1 else 0


class Workers:
    """``count`` workers on one source. Lines are asked for and taken in the same order, so it doesn't matter how many."""

    def __init__(self, count: int, source: Path, work: Work, task: msgspec.Struct) -> None:
        self._count = count
        name = (work.__module__, work.__qualname__)
        self._hello = Hello(str(source.absolute()), locale.language(), name, msgspec.msgpack.encode(task))
        self._workers: list[_Worker] = []
        self._waiting: deque[_Worker] = deque()
        self._asked = 0

    def __enter__(self) -> Self:
        try:
            for _number in range(self._count):
                self._workers.append(_Worker(self._hello))
        except BaseException:
            self._end()
            raise
        return self

    @property
    def full(self) -> bool:
        """Whether something must be taken before more may be asked for."""
        return len(self._waiting) >= self._count * _IN_FLIGHT

    def ask(self, place: Range) -> None:
        """Let the next worker look at the lines at ``place``."""
        worker = self._workers[self._asked % self._count]
        self._asked += 1
        worker.ask(place)
        self._waiting.append(worker)

    def take(self) -> list[bytes]:
        """What was made of the first place that was asked for and not yet taken. Raises WorkerLost."""
        return self._waiting.popleft().answer()

    @property
    def ready(self) -> bool:
        """Whether the next ``take`` needn't wait, as far as the system tells."""
        return bool(self._waiting) and self._waiting[0].ready

    def __bool__(self) -> bool:
        """Whether something is waited for."""
        return bool(self._waiting)

    def __exit__(self, *_error: object) -> None:
        self._end()

    def _end(self) -> None:
        for worker in self._workers:
            worker.kill()
        for worker in self._workers:
            worker.wait()


class _Worker:
    """One process and its pipes."""

    def __init__(self, hello: Hello) -> None:
        path = [str(Path(__file__).parents[2]), *[os.path.abspath(entry) for entry in sys.path if entry]]  # noqa: PTH100 - not resolved
        # -S -E -s: nothing is looked for; it gets our own path.
        words = [sys.executable, "-S", "-E", "-s", "-c", _START.format(path=list(dict.fromkeys(path)))]
        try:
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env=programs.environment(),
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise _lost(reason(error)) from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in: IO[bytes] = self._process.stdin
        self._out: IO[bytes] = self._process.stdout
        _widen(self._out)
        self._send(msgspec.msgpack.encode(hello))

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, place: Range) -> None:
        self._send(_encode(place))

    @property
    def ready(self) -> bool:
        if sys.platform == "win32":  # there it can't be asked
            return True
        return bool(select.select([self._out], [], [], 0)[0])

    def answer(self) -> list[bytes]:
        answer = _decode(self._read(int.from_bytes(self._read(_HEAD), "little")))
        if answer.failure:
            raise _lost(answer.failure)
        return [self._read(size) for size in answer.sizes]

    def _send(self, message: bytes) -> None:
        data = memoryview(len(message).to_bytes(_HEAD, "little") + message)
        try:
            while data:
                data = data[self._in.write(data) :]
        except OSError as error:
            raise self._ended() from error

    def _read(self, size: int) -> bytes:
        blocks: list[bytes] = []
        while size:
            block = self._out.read(size)
            if not block:
                raise self._ended()
            blocks.append(block)
            size -= len(block)
        return blocks[0] if len(blocks) == 1 else b"".join(blocks)

    def _ended(self) -> WorkerLost:
        self.kill()
        code = self._process.wait()
        return _lost(
            _("signal {number}").format(number=-code)
            if code < 0
            else _("exit code {number}").format(number=code)
        )

    def kill(self) -> None:
        self._process.kill()  # it holds nothing that would have to be put away

    def wait(self) -> None:
        self._process.wait()
        self._in.close()
        self._out.close()


def _lost(reason: str) -> WorkerLost:
    return WorkerLost(
        _("A helper process ended before it was done ({reason}); nothing was written.").format(reason=reason),
        _(
            "Run it again; if it happens again, see whether memory is short, or convert with BAILIAN_WIZARD_WORKERS=0."
        ),
    )


def _widen(pipe: IO[bytes]) -> None:
    """Make room in ``pipe`` for a page, where the system can, so that a worker needn't wait for us."""
    if sys.platform != "linux":
        return
    import fcntl

    try:
        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)
    except OSError:
        return  # the user's share of pipe memory is used up: it works as well, a little slower
