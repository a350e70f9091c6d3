"""Killed, then killed again in the recovery at a call that is drawn at random; then started again, as after one crash."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from sweeps import crash
from sweeps.calls import Point, killed, struck, touching, trace
from sweeps.family import NEEDS_STRACE, Case
from sweeps.journey import journey

QUICK = 3
MISSING = NEEDS_STRACE
PAIRS = 100


def cases(seed: int) -> Sequence[Case]:
    """A hundred first crashes, every other one on the late platform, each with a second one of its own."""
    drawn = random.Random(seed)
    points = crash.path()
    return [
        Case(
            f"{number:02}-{point.name}",
            partial(pair, point, crash.LATE if number % 2 else 0.0, f"{seed}.{number}"),
        )
        for number, point in enumerate(drawn.choice(points) for _ in range(PAIRS))
    ]


def pair(first: Point, late: float, seed: str, folder: Path) -> None:
    """The recovery's calls are known from a recovery that nobody kills, in a folder beside it."""
    beside, here = folder / "beside", folder / "here"
    for path in (beside, here):
        path.mkdir()
    with journey(beside, late=late) as undisturbed:
        killed(undisturbed, first)
        _ended, points = trace(undisturbed)
        points = touching(undisturbed, points)
    with journey(here, late=late) as mine:
        crash.kept(mine, killed(mine, first))
        if points:
            second = random.Random(seed).choice(points)
            known = set(mine.facts())
            ended = mine.start(under=struck(second, "signal=SIGKILL"))
            again = known.intersection(ended.asked)
            assert not again, f"asked again: {sorted(again)}"
            crash.kept(mine, ended)
        mine.go_on()
