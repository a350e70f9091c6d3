"""Owns what a power cut may leave of a folder: every state that the file system promises nothing against.

As in ALICE (Pillai and others, OSDI 2014): bytes are durable once their file was synced, a name once its folder was; until
then each may be there or not, whatever came before or after it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from sweeps.calls import Point, place

MANY = 5  # pending names; with more of them only all, none, each alone, and all but one are tried
HARMLESS = ("flock", "fchmod", "chmod", "fchmodat", "ftruncate")
NEVER_SYNCED = ".wizard/log.jsonl"  # it is lost in all states: nothing may rest on it
TEMPORARY = re.compile(r"\.[0-9a-f]{8}\.wizard-tmp$")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass(slots=True)
class Inode:
    """A file's bytes, or a folder (None), as they are and as they were when it was last synced."""

    now: bytes | None = b""
    kept: bytes = b""

    def after(self, how: str) -> bytes | None:
        """What a power cut leaves of it: ``all``, only what is ``kept``, ``half`` of the rest, or as many ``zeros``."""
        if self.now is None or how == "all":
            return self.now
        rest = self.now[len(self.kept) :]
        left = {"kept": b"", "half": rest[: len(rest) // 2], "zeros": bytes(len(rest))}
        return self.kept + left[how]


State = Mapping[str, bytes | None]
"""By path in the folder: its bytes, or None for a folder."""

Change = tuple[str, Inode | None]
"""A name that came to mean another file, or none."""


class Disk:
    """A folder as one start's calls leave it, of which nothing was there before that they touch."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[str, Inode] = {}
        self._kept: dict[str, Inode] = {}
        self._pending: list[tuple[Change, ...]] = []
        self.touched: set[str] = set()

    def happened(self, point: Point) -> None:
        """Take over a call that was done."""
        where = place(point, self._folder)
        if where is None or point.call in HARMLESS or not re.search(r"= \d+(<[^>]*>)?$", point.about):
            return
        path = where.removeprefix(str(self._folder)).strip("/")
        if point.call == "openat":
            if "O_CREAT" in point.about and path not in self._names:
                self._named((path, Inode()))
        elif point.call == "mkdir":
            self._named((path, Inode(None)))
        elif point.call == "unlink":
            self._named((path, None))
        elif point.call == "rename":
            target = _strings(point)[1].decode().removeprefix(f"{self._folder}/")
            self._named((path, None), (target, self._names[path]))
        elif point.call == "write":
            inode = self._names[path]
            assert inode.now is not None
            inode.now += _strings(point)[0]
        elif point.call == "fsync":
            self._synced(path)
        else:
            raise NotImplementedError(point)

    def _named(self, *changes: Change) -> None:
        self._pending.append(changes)
        _apply(self._names, changes)
        self.touched.update(path for path, _inode in changes)

    def _synced(self, path: str) -> None:
        if path in self._names and (inode := self._names[path]).now is not None:
            inode.kept = inode.now or b""
            return
        for changes in self._pending:
            if _in(changes) == path:
                _apply(self._kept, changes)
        self._pending = [changes for changes in self._pending if _in(changes) != path]

    def states(self) -> Iterator[State]:
        """What a power cut may leave now, each once; what happened without one is the first."""
        for names in _some(self._pending):
            known = dict(self._kept)
            for changes in names:
                _apply(known, changes)
            reachable = {path: inode for path, inode in known.items() if _has_folders(path, known)}
            for how in ("all", "kept", "half", "zeros"):
                yield {
                    path: inode.after("kept" if path == NEVER_SYNCED else how)
                    for path, inode in reachable.items()
                }


def _strings(point: Point) -> list[bytes]:
    return [
        found.encode("latin-1").decode("unicode_escape").encode("latin-1")
        for found in _STRING.findall(point.about)
    ]


def _apply(names: dict[str, Inode], changes: Iterable[Change]) -> None:
    for path, inode in changes:
        if inode is None:
            names.pop(path, None)
        else:
            names[path] = inode


def _in(changes: Sequence[Change]) -> str:
    """The folder whose syncing makes them durable."""
    return changes[0][0].rpartition("/")[0]


def _has_folders(path: str, known: Mapping[str, Inode]) -> bool:
    return all(str(above) in known for above in Path(path).parents if above != Path())


def _some(pending: Sequence[tuple[Change, ...]]) -> Iterator[Sequence[tuple[Change, ...]]]:
    count = len(pending)
    sizes = range(count, -1, -1) if count <= MANY else (count, count - 1, 1, 0)
    for size in sizes:
        yield from combinations(pending, size)


def alike(state: State) -> frozenset[tuple[str, bytes | None]]:
    """Equal for states that nobody could tell apart: the names of temporary files are random, their bytes never read."""
    return frozenset(
        (TEMPORARY.sub(".tmp", path), b"" if TEMPORARY.search(path) else content)
        for path, content in state.items()
        if path != NEVER_SYNCED
    )


def build(folder: Path, state: State, touched: Iterable[str]) -> None:
    """Make ``state`` of what was ``touched`` in ``folder``."""
    for path in sorted(touched):
        if (there := folder / path).is_dir():
            shutil.rmtree(there)
        else:
            there.unlink(missing_ok=True)
    for path, content in sorted(state.items()):
        if content is None:
            (folder / path).mkdir(mode=0o700)
        else:
            (folder / path).write_bytes(content)
            (folder / path).chmod(0o600)
