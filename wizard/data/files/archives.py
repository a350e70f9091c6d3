"""Zip and tar archives as streams: which files are inside, and one of them at a time; nothing is ever written.

A file inside is named by a path that goes on behind the archive's: ``data_clean.zip/questions/Taiwan/dev.jsonl``.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, Literal, TypeAlias, cast

from wizard.data.files import gzipped
from wizard.data.files.lines import BLOCK, SourceUnreadable
from wizard.locale import _

Kind: TypeAlias = Literal["zip", "tar"]

MEMBER_LIMIT = 20_000
_DIRECTORY_LIMIT = 8_000_000  # bytes of a zip's table of contents, which is read whole
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_TAR_AT = 257
_LOOKED_AT = 4_000
_OFFICE = (
    *(b"[Content_Types].xml", b"docProps/", b"_rels/.rels", b"xl/", b"word/", b"ppt/"),
    *(b"mimetype", b"collection.anki", b"Index/"),
)
WORKBOOK = "workbook"
_DOCUMENTS = {
    "xl/workbook.xml": WORKBOOK,
    "xl/workbook.bin": WORKBOOK,
    "word/document.xml": "Word (.docx)",
    "ppt/presentation.xml": "PowerPoint (.pptx)",
    "Index/Document.iwa": "Apple iWork (.numbers, .pages)",
    **{f"collection.{name}": "Anki (.apkg)" for name in ("anki2", "anki21", "anki21b")},
}
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, ValueError, struct.error)
_FIRST_OF_WORKBOOK = re.compile(rb".{30}(?:\[Content_Types\]|_rels/|docProps/|xl/)", re.DOTALL)
_UTF8_NAME = 0x800
_ENCRYPTED = 0x1


@dataclass(frozen=True, slots=True)
class Member:
    """A regular file inside: its name, cleaned, and the size that the archive says it has."""

    name: str
    size: int


def kind_of(path: Path) -> Kind | None:
    """Which archive the file at ``path`` is by its bytes; None for any other file, a spreadsheet too."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        with path.open("rb") as stream:
            return kind_of_head(stream)
    except (OSError, ValueError, SourceUnreadable):
        return None


def kind_of_head(stream: BinaryIO) -> Kind | None:
    """Which archive a stream is; it is left anywhere."""
    head = stream.read(_LOOKED_AT)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return None if document_in(stream, head) else "zip"
    if head.startswith(gzipped.MAGIC):
        stream.seek(0)
        head = gzipped.unpacked(stream, "").read(_TAR_AT + 5)
    return "tar" if head[_TAR_AT : _TAR_AT + 5] == b"ustar" else None


def document_in(stream: IO[bytes], head: bytes) -> str:
    """What a zip that can be sought in is, if it is one document and no archive: WORKBOOK, or a name for people; else ""."""
    if not any(mark in head[:_LOOKED_AT] for mark in _OFFICE):
        return ""
    try:
        stream.seek(0)
        with zipfile.ZipFile(stream) as whole:
            names = {info.filename for info in whole.infolist()}
            sort = (
                whole.read("mimetype")[:_LOOKED_AT].decode("ascii", "replace") if "mimetype" in names else ""
            )
    except (*_DAMAGED, OSError, NotImplementedError, RuntimeError, KeyError):
        return WORKBOOK if _FIRST_OF_WORKBOOK.match(head) else ""
    if "opendocument" in sort:
        return WORKBOOK if "spreadsheet" in sort else "OpenDocument (.odt, .odp)"
    if "epub" in sort:
        return "EPUB"
    return next((told for name, told in _DOCUMENTS.items() if name in names), "")


def divided(path: Path) -> tuple[Path, str] | None:
    """The archive and the name inside that ``path`` means, or None where no part of it is an archive."""
    for parent in path.parents:
        try:
            is_file = stat.S_ISREG(parent.stat().st_mode)
        except (OSError, ValueError):
            continue
        inside = path.relative_to(parent).as_posix() if is_file and kind_of(parent) else ""
        return (parent, inside) if inside else None
    return None


def members(archive: Path) -> tuple[Member, ...]:
    """The regular files inside, in the archive's order, each name once; names that lead elsewhere are not among them.

    Raises SourceUnreadable where the archive is damaged, or has more than MEMBER_LIMIT entries.
    """
    with _guarded(archive):
        found: dict[str, Member] = {}
        for name, entry in _entries(archive):
            size = entry.file_size if isinstance(entry, zipfile.ZipInfo) else entry.size
            if _is_regular(entry):
                found.setdefault(name, Member(name, size))
        return tuple(found.values())


@contextmanager
def member(archive: Path, name: str) -> Iterator[BinaryIO]:
    """The file ``name`` inside ``archive`` as a stream of bytes that can't be sought in, checked by its sum at the end.

    Raises SourceUnreadable: no such file, a link, encrypted, there twice, packed in an unusual way, damaged; and while
    it is read, where it is other than the archive says, or beyond the caps.
    """
    with _guarded(archive):
        entries = [entry for inside, entry in _entries(archive) if inside == name]
        _refuse(archive, name, entries)
    entry = entries[0]
    with ExitStack() as stack:
        if isinstance(entry, zipfile.ZipInfo):
            with _guarded(archive):
                whole = stack.enter_context(zipfile.ZipFile(archive))
                stream = stack.enter_context(whole.open(entry))
                packed = min(entry.compress_size, archive.stat().st_size)
            yield io.BufferedReader(_Inside(stream, archive, packed), BLOCK)
            return
        tar = stack.enter_context(_tar(archive))
        with _guarded(archive):
            there = next((one for one in tar if _clean(one.name) == name), None)
            inside = tar.extractfile(there) if there is not None else None
        assert inside is not None, "it was there a moment ago, and is regular"
        stack.enter_context(inside)
        yield io.BufferedReader(_Inside(inside, archive, None), BLOCK)


class _Inside(io.RawIOBase):
    """The bytes of one file inside an archive, whose errors are for people, up to the caps."""

    def __init__(self, stream: IO[bytes], archive: Path, packed: int | None) -> None:
        super().__init__()
        self._stream = stream
        self._archive = archive
        self._packed = packed
        self._given = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # typeshed's WriteableBuffer
        """Fill ``buffer``; 0 at the end."""
        with _guarded(self._archive):
            data = self._stream.read(len(buffer))
        self._given += len(data)
        if self._packed is not None:
            gzipped.within_caps(str(self._archive), self._packed, self._given)
        buffer[: len(data)] = data
        return len(data)


_Entry: TypeAlias = zipfile.ZipInfo | tarfile.TarInfo


def _entries(archive: Path) -> Iterator[tuple[str, _Entry]]:
    if kind_of(archive) == "zip":
        _within_directory_cap(archive)
        with zipfile.ZipFile(archive) as whole:
            infos = whole.infolist()
        if len(infos) > MEMBER_LIMIT:
            raise _too_many(archive)
        for info in infos:
            name = _clean(_name(info))
            if name:
                yield name, info
        return
    with _tar(archive) as tar:
        for count, entry in enumerate(tar):
            if count >= MEMBER_LIMIT:
                raise _too_many(archive)
            name = _clean(entry.name)
            if name:
                yield name, entry


@contextmanager
def _tar(archive: Path) -> Iterator[tarfile.TarFile]:
    with archive.open("rb") as packed:
        stream: BinaryIO = packed
        if packed.peek(2).startswith(gzipped.MAGIC):
            stream = gzipped.unpacked(packed, str(archive))
        with _guarded(archive):
            whole = tarfile.open(fileobj=stream, mode="r|")  # noqa: SIM115 - closed by the next line
        with whole:
            yield whole


def _within_directory_cap(archive: Path) -> None:
    """Refuse a zip whose table of contents is too large before anything reads it whole."""
    size = archive.stat().st_size
    with archive.open("rb") as stream:
        start = max(0, size - (1 << 16) - _END.size)
        stream.seek(start)
        tail = stream.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or at + _END.size > len(tail):
            raise zipfile.BadZipFile
        _mark, _disk, _from, _here, _count, length, _offset, _comment = _END.unpack_from(tail, at)
        if length == 0xFFFFFFFF:  # noqa: PLR2004 - as the format says
            stream.seek(max(0, start + at - 20 - _END64.size))
            length = cast("int", _END64.unpack(stream.read(_END64.size))[8])
    if length > _DIRECTORY_LIMIT:
        raise _too_many(archive)


def _name(info: zipfile.ZipInfo) -> str:
    """The name as it was meant: without the flag for UTF-8 it may be UTF-8 nevertheless, or a Chinese Windows'."""
    if info.flag_bits & _UTF8_NAME or info.filename.isascii():
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def _clean(name: str) -> str:
    """The name as a path that stays inside, or "" where it doesn't."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or not name.isprintable():
        return ""
    return path.as_posix() if path.parts else ""


def _is_regular(entry: _Entry) -> bool:
    if isinstance(entry, tarfile.TarInfo):
        return entry.isreg() and not entry.issparse()
    mode = entry.external_attr >> 16
    return not entry.is_dir() and (stat.S_IFMT(mode) in (0, stat.S_IFREG))


def _refuse(archive: Path, name: str, entries: list[_Entry]) -> None:
    """Raise SourceUnreadable unless ``entries`` is one that can be read."""
    if not entries:
        sentence = _("{path} holds no {name}.")
    elif len(entries) > 1:
        sentence = _("{path} holds {name} twice, so it is not sure which one is meant.")
    elif not _is_regular(entries[0]):
        sentence = _("{name} in {path} is a link, a folder or something else that is no file.")
    elif isinstance(entries[0], zipfile.ZipInfo) and entries[0].flag_bits & _ENCRYPTED:
        sentence = _("{name} in {path} is encrypted.")
    elif isinstance(entries[0], zipfile.ZipInfo) and entries[0].compress_type not in (
        zipfile.ZIP_STORED,
        zipfile.ZIP_DEFLATED,
    ):
        sentence = _("{name} in {path} is packed in an unusual way.")
    else:
        return
    raise SourceUnreadable(
        sentence.format(path=archive, name=name), _("Unpack the archive yourself and name the file you mean.")
    )


def _too_many(archive: Path) -> SourceUnreadable:
    return SourceUnreadable(
        _("{path} holds more than {limit:,} files.").format(path=archive, limit=MEMBER_LIMIT),
        _("Unpack it yourself and name the file you mean."),
    )


@contextmanager
def _guarded(archive: Path) -> Iterator[None]:
    """The block's errors become SourceUnreadable."""
    try:
        yield
    except (*_DAMAGED, OSError, NotImplementedError, RuntimeError) as error:
        # RuntimeError: what zipfile raises for a password
        raise SourceUnreadable(
            _("{path} is damaged, or not what its table of contents says: {reason}.").format(
                path=archive, reason=str(error) or type(error).__name__
            ),
            _("Get the archive once more, or unpack it yourself and name the file you mean."),
        ) from error
