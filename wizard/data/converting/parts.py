"""The files of one conversion: cut between rows under the platform's limit, and put in place only as a whole set."""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import msgspec

from wizard.data.converting import manifest as manifests
from wizard.data.converting.digests import Digests
from wizard.data.converting.manifest import Manifest, PartEntry
from wizard.errors import DataError
from wizard.interrupts import held
from wizard.local.storage import Pending, refusal, refuse_special, remove, remove_stale_temps, writing
from wizard.locale import _

MAX_PART_SIZE = 300_000_000
"""Bytes. The platform takes files for fine-tuning up to 300 MB (D-guide 2026-05-26; its command line reads it as MiB)."""

MODE = 0o666  # as any file that a program makes; the umask narrows it
_MOST = 500  # parts, each an open file until the set is whole
_SYNCED = 1 << 26  # bytes; on the disk by and by, so that the end isn't one long wait
_NAME_LIMIT = 120  # characters of a name without its extension (A9, stated for the console's upload)


@dataclass(frozen=True, slots=True)
class Part:
    """One file that was written. ``md5`` and ``sha256`` are hexadecimal; the platform tells a file's md5."""

    path: Path
    rows: int
    size: int
    md5: str
    sha256: str
    split: str = ""


class _File:
    """A part under way."""

    def __init__(self, beside: Path, digests: Digests) -> None:
        self._digests = digests
        self.pending = Pending(beside, mode=MODE)
        self.rows = self.size = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()

    def write(self, data: bytes, rows: int) -> None:
        self.pending.stream.write(data)
        self._digests.update(data, self._md5, self._sha256)
        if self.size // _SYNCED != (self.size + len(data)) // _SYNCED:
            self._digests.soon(self.pending.settle)
        self.size += len(data)
        self.rows += rows

    def part(self, path: Path, split: str) -> Part:
        return Part(path, self.rows, self.size, self._md5.hexdigest(), self._sha256.hexdigest(), split)


class _Output:
    """One split's rows, or all of them, in as many files as they need."""

    def __init__(self, path: Path, limit: int, split: str, digests: Digests) -> None:
        self.path = path
        self.split = split
        self.files: list[_File] = []
        self._limit = limit
        self._digests = digests

    def write(self, data: bytes, rows: int) -> None:
        while data:
            if not self.files:
                self.files.append(_File(self.path, self._digests))
            now = self.files[-1]
            room = self._limit - now.size
            if len(data) <= room:
                now.write(data, rows)
                return
            end = data.rfind(b"\n", 0, room) + 1
            if end:
                before = data.count(b"\n", 0, end)
                now.write(data[:end], before)
                data, rows = data[end:], rows - before
            elif not now.size:
                raise _too_small(self._limit, data)
            if data:
                self._next()

    def _next(self) -> None:
        if len(self.files) >= _MOST:
            raise DataError(
                _("The output would need more than {count} parts.").format(count=_MOST),
                _("Choose a higher --max-part-size."),
            )
        self.files.append(_File(self.path, self._digests))

    def named(self) -> Iterator[tuple[_File, Path]]:
        if len(self.files) == 1:
            yield self.files[0], self.path
            return
        for number, file in enumerate(self.files, 1):
            yield file, part_path(self.path, number)


class Set:
    """Everything that one conversion writes: nothing of it is in place before all of it is on the disk."""

    def __init__(self, output: Path, limit: int, splits: Sequence[str], digests: Digests) -> None:
        """Files are named from ``output``, and with ``splits`` ``<stem>_<split>``; none is above ``limit`` bytes."""
        self._output = output
        self._digests = digests
        paths = [(split_path(output, name), name) for name in splits] or [(output, "")]
        self._outputs = [_Output(path, limit, name, digests) for path, name in paths]
        self._aside: Pending | None = None
        self.aside_path = output.with_name(f"{output.stem}.left-out.jsonl")
        self.manifest_path = manifests.path_beside(output)

    def __enter__(self) -> Self:
        try:
            with held():  # a file that is there is known, so that it can go again
                self._open()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _open(self) -> None:
        # Refused before the work, not after it; the first file is there from the start, so that a disk or
        # folder that can't be written to is told at once.
        for output in self._outputs:
            refuse_special(output.path)
            output.files.append(_File(output.path, self._digests))
        for path in (*[output.path for output in self._outputs], self.aside_path, self.manifest_path):
            remove_stale_temps(path.parent, path.name)

    def write(self, output: int, data: bytes, rows: int) -> None:
        """Whole lines for the numbered output. Raises StorageError, and DataError where a row is above the limit."""
        self._outputs[output].write(data, rows)

    def write_aside(self, line: bytes) -> None:
        """A line about a row that is left out."""
        if self._aside is None:
            refuse_special(self.aside_path)
            self._aside = Pending(self.aside_path, mode=MODE)
        self._aside.stream.write(line)

    @property
    def empty(self) -> tuple[str, ...]:
        """The splits without a row; ("",) where there is no split and no row."""
        return tuple(output.split for output in self._outputs if not output.files[0].rows)

    def commit(self, source: Path, about: Manifest) -> tuple[Part, ...]:
        """Put the set in place, then remove what is left of the run before. ``about`` gets the parts.

        The files that a run before left are known from its manifest. Raises StorageError; where that comes before
        the first file is in place nothing has changed, and otherwise the manifest says that the set isn't complete.
        """
        files = [(file, output, path) for output in self._outputs for file, path in output.named()]
        for file, _its, path in files:
            refuse_special(path)
            refuse_source(source, path)
            file.pending.finish()
        if self._aside is not None:
            self._aside.finish()
        parts = tuple(file.part(path, output.split) for file, output, path in files)
        entries = tuple(_entry(part) for part in parts)
        before = self._before()
        stale = tuple(one for one in before if one.name not in {entry.name for entry in entries})
        self._say(msgspec.structs.replace(about, complete=False, fates="", parts=entries, replaces=before))
        for file, _its, path in files:
            file.pending.take(path)
        if self._aside is not None:
            self._aside.take(self.aside_path)
        else:
            try:
                remove(self.aside_path)  # of an earlier run, and no longer true
            except OSError as error:
                raise refusal(self.aside_path, error) from error
        for entry in stale:
            self._remove(self._output.with_name(entry.name), source)
        self._say(msgspec.structs.replace(about, complete=True, parts=entries))
        return parts

    def _before(self) -> tuple[PartEntry, ...]:
        """The files of earlier runs, as far as they are named as this output's are."""
        return tuple({entry.name: entry for entry in _written(self._output)}.values())

    def _say(self, manifest: Manifest) -> None:
        with writing(self.manifest_path, mode=MODE) as out:
            out.write(manifest.written())

    @staticmethod
    def _remove(path: Path, source: Path) -> None:
        try:
            refuse_special(path)
            refuse_source(source, path)
            remove(path)
        except (DataError, OSError):
            return  # not what the run before wrote, or not ours to remove: the manifest doesn't name it any more

    def __exit__(self, *_error: object) -> None:
        for output in self._outputs:
            for file in output.files:
                file.pending.discard()
        if self._aside is not None:
            self._aside.discard()


def altered(output: Path) -> Iterator[Path]:
    """The files that a conversion to ``output`` would replace or remove, as far as none has written them as they are.

    What is no ordinary file is left aside: no conversion replaces that.
    """
    known = {(entry.name, entry.size, entry.md5) for entry in _written(output)}
    for name in sorted({output.name, *(name for name, _size, _md5 in known)}):
        path = output.with_name(name)
        try:
            found = path.lstat()
        except OSError:
            continue
        if stat.S_ISREG(found.st_mode) and (name, found.st_size, md5_of(path)) not in known:
            yield path


def md5_of(path: Path) -> str:
    """The checksum of a file as the platform tells it; empty where it can't be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError:
        return ""


def _written(output: Path) -> Iterator[PartEntry]:
    """What the manifest of ``output`` says was written, as far as it is named as this output's files are."""
    about = manifests.read(manifests.path_beside(output))
    ours = re.compile(rf"{re.escape(output.stem)}(?:_[A-Za-z0-9-]+)?(?:-part\d+)?{re.escape(output.suffix)}")
    for entry in (*about.replaces, *about.parts) if about is not None else ():
        if ours.fullmatch(entry.name):
            yield entry


def split_path(output: Path, name: str) -> Path:
    """Where the split ``name`` of ``output`` is written."""
    return output.with_name(f"{_stem(output.stem, len(name) + 1)}_{name}{output.suffix}")


def part_path(output: Path, number: int) -> Path:
    """Where part ``number`` (from 1) of ``output`` is written, where one file isn't enough."""
    ending = f"-part{number}"
    return output.with_name(f"{_stem(output.stem, len('-part999'))}{ending}{output.suffix}")


def refuse_source(source: Path, path: Path) -> None:
    """Raise DataError where ``path`` is the source itself, by whatever name."""
    if path.exists() and source.exists() and path.samefile(source):
        raise DataError(
            _("{path} is the source and can't be the output too.").format(path=path),
            _("Choose another output."),
        )


def _stem(stem: str, more: int) -> str:
    """``stem``, shortened where ``more`` characters would make it longer than the platform takes."""
    if len(stem) + more <= _NAME_LIMIT:
        return stem
    digest = hashlib.sha256(stem.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{stem[: _NAME_LIMIT - more - 9]}-{digest}"


def _entry(part: Part) -> PartEntry:
    return PartEntry(part.path.name, part.split, part.rows, part.size, part.md5, part.sha256)


def _too_small(limit: int, data: bytes) -> DataError:
    size = data.find(b"\n") + 1
    return DataError(
        _("A row of {size:,} bytes doesn't fit into a file of {limit:,} bytes.").format(
            size=size, limit=limit
        ),
        _("Choose a higher --max-part-size, or leave the row out."),
    )
