"""The power goes at any call of the paid path: each state that the disk may then be in, with the platform as it was.

What was not synced may be missing, cut or zeros; a name whose folder was not synced may be missing; what was sent was sent.
The session is whole, no answer that was followed by another question is lost, no request's intent is lost; and the next
starts end with one job, each file once, or a question.
"""

from __future__ import annotations

import tempfile
from collections.abc import Hashable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path

from sweeps import crash
from sweeps.calls import CHANGING, KILLED, Point, steady, trace
from sweeps.disk import Disk, State, alike, build
from sweeps.family import NEEDS_STRACE, Case
from sweeps.journey import Journey, journey

QUICK = 6
MISSING = NEEDS_STRACE
CALLS = (*CHANGING, "connect", "sendto")
LENGTH = 1_000_000  # bytes: all that is written at once
POST, CREATION = '"POST ', '"POST /api/v1/fine-tunes'


def cases(seed: int) -> Sequence[Case]:  # noqa: ARG001 - nothing is drawn: these are all
    """Each state of the disk once for each state of the platform that it can meet."""
    return [
        Case(f"{point.name}-{number}", partial(cut, point, number, created))
        for point, number, created in _found()
    ]


@cache
def _found() -> list[tuple[Point, int, bool]]:
    """Where the power goes, which of the disk's states there it leaves, and whether the job's request had left."""
    found: list[tuple[Point, int, bool]] = []

    def once() -> list[Point]:
        found.clear()
        with tempfile.TemporaryDirectory(prefix="sweep-") as name, journey(Path(name)) as undisturbed:
            _ended, points = trace(undisturbed, calls=CALLS, length=LENGTH)
            undisturbed.whole()
            found.extend(_distinct(points, undisturbed.folder))
        return [point for point, _number, _created in found]

    steady(once)
    return found


def _distinct(points: Sequence[Point], folder: Path) -> Iterator[tuple[Point, int, bool]]:
    disk = Disk(folder)
    seen: set[Hashable] = set()
    sent = 0
    posting = created = False
    for point in points:
        for number, state in enumerate(disk.states()):
            kind = (alike(state), sent)
            if kind not in seen:
                seen.add(kind)
                yield point, number, created
        disk.happened(point)
        if point.call == "connect":
            posting = False
        if point.call == "sendto":
            posting = posting or POST in point.about
            sent += posting
            created = created or CREATION in point.about


def cut(point: Point, number: int, created: bool, folder: Path) -> None:
    """The power goes before ``point``; the disk is left in its ``number``-th state; then the wizard is started again."""
    with journey(folder) as mine:
        ended, points = trace(mine, calls=CALLS, length=LENGTH, until=point)
        assert ended.code == KILLED, f"not killed: {ended}"
        disk = Disk(mine.folder)
        for done in points[:-1]:
            disk.happened(done)
        _leave(mine, disk, number)
        crash.kept(mine, ended)
        _intended(mine, created)
        mine.go_on()


def _leave(mine: Journey, disk: Disk, number: int) -> None:
    states: list[State] = list(disk.states())
    build(mine.folder, states[number], disk.touched)


def _intended(mine: Journey, created: bool) -> None:
    """What left, or may have, is known here."""
    effects = [
        effect["kind"] for effect in mine.session().get("effects", ()) if effect["state"] != "prepared"
    ]
    assert effects.count("upload") >= len(mine.files()), f"uploaded and forgotten: {effects}"
    assert effects.count("job") >= max(len(mine.jobs()), created), f"created and forgotten: {effects}"
