"""The disk refuses, at every file call of the paid path: one call, or from it on all of its kind.

A read of the same file again, with nothing changed since, is not another case. Each error that a call can meet: ENOSPC, EIO, EACCES, EROFS, EMFILE, EINTR. Until the approval each call meets one of its
errors (``seed`` chooses which, so that so many seeds meet all); from it on, where money is at stake, each call meets all.
Afterwards: the session loads, ``.env`` is old or new, no traceback, the file and what to do are named, and whatever is on
the platform is in the session or was printed. With the fault gone the next starts end with one job.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path

from sweeps.calls import CHANGING, READING, Point, place, reads, steady, struck, trace
from sweeps.family import NEEDS_STRACE, Case
from sweeps.journey import Journey, journey

QUICK = 8
CONVERTED = "/datasets/BaiLian"
MISSING = NEEDS_STRACE
_WRITING, _NAMING = ("ENOSPC", "EIO", "EINTR"), ("EACCES", "EROFS", "ENOSPC", "EIO")
ERRORS = {
    "write": _WRITING, "pwrite64": _WRITING, "ftruncate": _WRITING, "fsync": ("EIO", "ENOSPC"), "fdatasync": ("EIO", "ENOSPC"),
    "rename": _NAMING, "renameat": _NAMING, "renameat2": _NAMING, "unlink": ("EACCES", "EROFS", "EIO"), "unlinkat": ("EACCES",),
    "mkdir": _NAMING, "mkdirat": _NAMING, "rmdir": ("EACCES",), "fchmod": ("EPERM", "EROFS"), "chmod": ("EPERM", "EROFS"),
    "flock": ("EINTR", "ENOLCK"), "openat": ("EACCES", "EROFS", "EMFILE", "ENOSPC", "EIO", "EINTR"), "read": ("EIO", "EINTR"),
}  # fmt: skip
READ_ERRORS = ("EACCES", "EMFILE", "EIO", "EINTR")
LASTING = {"rename": "ENOSPC", "fsync": "EIO"}
"""Calls that only our own files make, so that all that follow may fail as well: the disk stays full."""


def cases(seed: int) -> Sequence[Case]:
    """Every file call, each with one or all of its errors."""
    points = path()
    sent = f"{CONVERTED}/train.jsonl>"  # which is opened again to be sent
    paid = next(number for number, point in enumerate(points) if sent in point.about)
    found: list[Case] = []
    for number, point in enumerate(points):
        errors = _errors(point)
        if number < paid and errors:
            errors = (errors[(number + seed) % len(errors)],)
        found += [Case(f"{point.name}-{error}", partial(refused, point, error, "")) for error in errors]
        if number >= paid and point.call in LASTING:
            error = LASTING[point.call]
            found.append(Case(f"{point.name}-{error}-on", partial(refused, point, error, "+")))
    return found


def _errors(point: Point) -> tuple[str, ...]:
    if point.call == "openat" and reads(point):
        return READ_ERRORS
    return ERRORS[point.call]


@cache
def path() -> list[Point]:
    """The file calls of an undisturbed start in the journey's folder, in order."""

    def once() -> list[Point]:
        with tempfile.TemporaryDirectory(prefix="sweep-") as name, journey(Path(name)) as undisturbed:
            _ended, points = trace(undisturbed, calls=(*CHANGING, *READING))
            undisturbed.whole()
            return list(_told_apart(points, undisturbed.folder))

    return steady(once)


def _told_apart(points: Sequence[Point], folder: Path) -> Iterator[Point]:
    seen: set[tuple[str, str]] = set()
    for point in points:
        where = place(point, folder)
        if where is None:
            continue
        if not reads(point):
            seen.clear()
        elif (point.call, where) in seen:
            continue
        seen.add((point.call, where))
        yield point


def refused(point: Point, error: str, more: str, folder: Path) -> None:
    """One start with the fault, others without it."""
    with journey(folder) as mine:
        ended = mine.start(under=struck(point, f"error={error}", more))
        mine.session()
        mine.key_is_kept()
        mine.never_twice()
        told(mine, ended.said)
        if not mine.done():
            assert str(mine.folder) in ended.said or ".wizard" in ended.said, (
                f"no file is named: {ended.said[-1500:]}"
            )
        # A key that can't be saved is said, and used all the same; behind the job it isn't asked for again.
        mine.go_on(kept=None if "could not be saved" in ended.said else True)


def told(mine: Journey, said: str) -> None:
    """Whatever is on the platform is known here: in the session, or to whoever read the screen."""
    path = mine.folder / ".wizard" / "session.json"
    session = path.read_text("utf-8") if path.exists() else ""
    made = [file["file_id"] for file in mine.files()] + [job["job_id"] for job in mine.jobs()]
    lost = [identity for identity in made if identity not in session and identity not in said]
    assert not lost, f"neither stored nor printed: {lost}\n{said[-2000:]}"
