"""The system calls of one start, from strace: which there are, and how one of them is made to kill or to fail."""

from __future__ import annotations

import os
import re
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sweeps.journey import INTERRUPTED, Ended, Journey
from sweeps.starting import PATIENCE

CHANGING = (
    "write", "pwrite64", "writev", "pwritev", "pwritev2", "copy_file_range", "sendfile", "ftruncate", "truncate", "fallocate",
    "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "unlink", "unlinkat", "mkdir", "mkdirat",
    "rmdir", "fchmod", "chmod", "fchmodat", "fsync", "fdatasync", "flock", "open", "openat", "creat",
)  # fmt: skip
"""What changes a disk, or promises that it keeps what was changed."""

SENDING = ("connect", "sendto", "sendmsg", "sendmmsg", "shutdown", "ioctl", "recvfrom", "recvmsg")
"""What moves a request, and what is done before its answer is waited for (a deadline is set: ``ioctl``).

There it has left, and nobody here knows what came of it.
"""

FLOATING = ("ioctl", "recvfrom", "recvmsg", "read")
"""How often these are called depends on the pieces in which answers (also git's) come: their numbers may be one or two off."""

READING = ("read", "pread64", "readv", "preadv")

_HERE = re.compile(r"AT_FDCWD<[^>]*>, ")
_LINE = re.compile(r"(\w+)\((.*)")


@dataclass(frozen=True, slots=True)
class Point:
    """The ``number``-th ``call`` of a start (counted from 1); ``about`` is the rest of strace's line."""

    call: str
    number: int
    about: str

    @property
    def name(self) -> str:
        """Short, and the same each time."""
        return f"{self.call}-{self.number}"


def trace(
    journey: Journey,
    *words: str,
    calls: Sequence[str] = (*CHANGING, *SENDING),
    length: int = 128,
    until: Point | None = None,
) -> tuple[Ended, list[Point]]:
    """Run one start to its end under strace; all of its own calls, in order (a program that it starts has others).

    ``length``: how many bytes of what is written are seen. The start is killed at ``until``, before that call does anything.
    """
    chosen = ",".join(f"?{call}" for call in calls)
    with tempfile.NamedTemporaryFile(prefix="sweep-trace-") as log:
        options = [
            "-qq", "-yy", "-s", str(length), "-o", log.name, "-e", f"trace={chosen}", "-e", "signal=none",
        ]  # fmt: skip
        if until is not None:
            options += ["-e", f"inject={until.call}:signal=SIGKILL:when={until.number}"]
        ended = journey.start(*words, under=lambda child: ("strace", *options, "-p", str(child)))
        lines = Path(log.name).read_text("utf-8", "replace").splitlines()
    counted: Counter[str] = Counter()
    points: list[Point] = []
    for line in lines:
        if (matched := _LINE.match(line)) is not None:
            counted[matched[1]] += 1
            points.append(Point(matched[1], counted[matched[1]], _HERE.sub("", matched[2])))
    return ended, points


def touching(journey: Journey, points: Sequence[Point]) -> list[Point]:
    """Those of ``points`` that change something in the journey's folder, or move something to or from the platform."""
    return [point for point in points if _touches(point, journey.folder)]


def _touches(point: Point, folder: Path) -> bool:
    if point.call in SENDING:
        return "TCP:[" in point.about
    return place(point, folder) is not None and not reads(point)


def place(point: Point, folder: Path) -> str | None:
    """The path in ``folder`` that a file call is about, by its descriptor or by its name; None for one elsewhere."""
    if (relative := re.match(r'"([^/"][^"]*)"', point.about)) is not None:
        return f"{folder}/{relative[1]}"  # a start's own folder is the journey's
    matched = re.match(rf'(?:\d+<|")({re.escape(str(folder))}[^>"]*)', point.about)
    return None if matched is None else matched[1]


def reads(point: Point) -> bool:
    """Whether the call changes nothing."""
    return point.call in READING or (point.call in ("open", "openat") and "O_CREAT" not in point.about)


def struck(point: Point, how: str, more: str = "") -> Callable[[int], Sequence[str]]:
    """The tracer under which this one call (with ``more`` of ``+`` also all later ones) meets ``how``.

    ``how`` is strace's own word, such as ``signal=SIGKILL``.
    """
    fault = f"inject={point.call}:{how}:when={point.number}{more}"
    options = ("-qq", "-o", "/dev/null", "-e", f"trace={point.call}", "-e", fault)
    return lambda child: ("strace", *options, "-p", str(child))


KILLED = -9


def killed(journey: Journey, point: Point, *words: str) -> Ended:
    """A start that is killed at ``point``, before the call does anything; at the last of a floating call it may come to its end."""
    ended = journey.start(*words, under=struck(point, "signal=SIGKILL"))
    allowed = (KILLED, INTERRUPTED) if point.call in FLOATING else (KILLED,)
    assert ended.code in allowed, f"not killed at {point.name}: {ended.code}\n{ended.said[-2000:]}"
    return ended


def held(journey: Journey, point: Point, act: Callable[[int], None]) -> Ended:
    """A start that is stopped right behind ``point`` while ``act`` is called with its process id, and then goes on."""
    with tempfile.NamedTemporaryFile(prefix="sweep-held-") as log:

        def once_held(process: int) -> None:
            until = time.monotonic() + PATIENCE
            while "--- stopped by SIGSTOP ---" not in Path(log.name).read_text("utf-8", "replace"):
                assert time.monotonic() < until, f"it never came to {point.name}"
                time.sleep(0.005)
            act(process)
            with suppress(ProcessLookupError):  # killed by the act
                os.kill(process, signal.SIGCONT)

        fault = f"inject={point.call}:signal=SIGSTOP:when={point.number}"
        options = ("-qq", "-o", log.name, "-e", f"trace={point.call}", "-e", fault)
        return journey.start(under=lambda child: ("strace", *options, "-p", str(child)), meanwhile=once_held)


def steady(run: Callable[[], list[Point]]) -> list[Point]:
    """The points of ``run``, once two runs agree: the first one may have had modules to compile."""
    points = run()
    for _ in range(4):
        before, points = points, run()
        if _fixed(before) == _fixed(points):
            return points
    raise RuntimeError("the wizard's system calls differ from run to run")


def _fixed(points: Sequence[Point]) -> list[str]:
    return [point.name for point in points if point.call not in FLOATING]
