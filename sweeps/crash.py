"""Killed at every system call that writes, renames, syncs or sends on the paid path; then started again.

The platform answers at once, and commits 0.3 s late: the latter from the first upload on, since before it there is
nothing that it could commit. After each crash: the session and ``.env`` are whole, no answer that was followed by another
question is lost. After the next starts: one job, each file once, or a question; nothing asked again; nothing lying about.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

from sweeps.calls import Point, killed, steady, touching, trace
from sweeps.family import NEEDS_STRACE, Case
from sweeps.journey import Ended, Journey, journey

QUICK = 8
MISSING = NEEDS_STRACE
LATE = 0.3
UPLOAD = '"POST /api/v1/files'


def cases(seed: int) -> Sequence[Case]:  # noqa: ARG001 - nothing is drawn: these are all
    """Every point, on both platforms."""
    points = path()
    first = next(place for place, point in enumerate(points) if UPLOAD in point.about)
    at_once = [Case(f"at-once-{point.name}", partial(crash, point, 0.0)) for point in points]
    late = [Case(f"late-{point.name}", partial(crash, point, LATE)) for point in points[first:]]
    return [*at_once, *late]


@cache
def path() -> list[Point]:
    """The calls of an undisturbed start that touch the disk or the platform, in order."""

    def once() -> list[Point]:
        with tempfile.TemporaryDirectory(prefix="sweep-") as name, journey(Path(name)) as undisturbed:
            _ended, points = trace(undisturbed)
            undisturbed.whole()
            return touching(undisturbed, points)

    return steady(once)


def crash(point: Point, late: float, folder: Path) -> None:
    """Killed at ``point``, then started again."""
    with journey(folder, late=late) as mine:
        kept(mine, killed(mine, point))
        mine.go_on()


def kept(mine: Journey, ended: Ended) -> None:
    """What a crash must leave: whole files, and every answer before the last question."""
    answered = set(ended.asked[:-1]) - {"key.value", "decide"}
    lost = answered - set(mine.facts())
    assert not lost, f"lost: {sorted(lost)}"
    mine.key_is_kept()
    mine.never_twice()
