"""A source's bytes as physical lines, a block at a time, in constant memory."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from wizard.errors import DataError, reason
from wizard.locale import _

BLOCK = 1 << 18
LINE_LIMIT = 10_000_000  # bytes; the longest context of any model that can be tuned is far below it
_SHOWN = 1_000
_FIRST = 5  # lines of a page that its layout is told from


class SourceUnreadable(DataError):
    """The source is missing, is no regular file, changed under the reader, or this computer refuses to read it."""


class TooLong(bytes):
    """The beginning of a line beyond LINE_LIMIT, made such that it is no JSON and nothing takes it for a row."""

    __slots__ = ()


class Lines:
    """Some lines of a source, or the bytes that they are: each is made of the other where somebody asks for it."""

    __slots__ = ("_lines", "_whole")

    def __init__(self, lines: Sequence[bytes] | None, whole: bytes = b"") -> None:
        """``whole``: the lines with line ends between them, instead of ``lines``."""
        self._lines = lines
        self._whole = None if lines is not None else whole

    @property
    def lines(self) -> Sequence[bytes]:
        """One by one."""
        if self._lines is None:
            self._lines = self.whole.split(b"\n")
        return self._lines

    @property
    def whole(self) -> bytes:
        """In one piece."""
        return b"\n".join(self._lines or ()) if self._whole is None else self._whole

    @property
    def first(self) -> Sequence[bytes]:
        """The first few, from which a layout is told."""
        return self.whole.split(b"\n", _FIRST)[:_FIRST] if self._lines is None else self._lines[:_FIRST]

    def __len__(self) -> int:
        return self.whole.count(b"\n") + 1 if self._lines is None else len(self._lines)


def head_of(stream: BinaryIO, size: int = BLOCK) -> bytes:
    """The first bytes of a stream that nobody has read from, which is left at its beginning. Raises SourceUnreadable."""
    try:
        if isinstance(stream, io.BufferedReader) and not stream.seekable():
            return stream.peek(size)[:size]
        start = stream.tell()
        head = stream.read(size)
        stream.seek(start)
    except OSError as error:
        raise unreadable(getattr(stream, "name", ""), error) from error
    return head


def blocks(
    stream: BinaryIO,
    file: str,
    on_bytes: Callable[[bytes], None] | None = None,
    *,
    limit: int = LINE_LIMIT,
    size: int = BLOCK,
) -> Iterator[tuple[int, list[bytes]]]:
    r"""(number of the first line, the lines) for about ``size`` bytes at a time; lines come without their ``\n``.

    ``on_bytes`` is handed every byte of the file, in order. A line above ``limit`` bytes comes as TooLong without
    having been held in memory (beyond ``limit`` and two blocks). A ``\r`` before the line end is left to JSON, which
    skips it. Raises SourceUnreadable, also where the file changes meanwhile.
    """
    try:
        before = _status(stream)
        # A file that is written to as fast as it is read would have no end.
        end = before.st_size if before is not None and _is_plain(stream) else None
        number = 1
        while (end is None or stream.tell() <= end) and (block := stream.read(size)):
            if on_bytes is not None:
                on_bytes(block)
            lines = block.split(b"\n")
            if lines[-1]:
                lines[-1] = _finish(stream, lines[-1], on_bytes, limit)
            else:
                lines.pop()
            yield number, lines
            number += len(lines)
        after = _status(stream)
    except OSError as error:
        raise unreadable(file, error) from error
    if before is not None and after is not None:
        unchanged(file, before, after)


def unchanged(file: object, before: os.stat_result, after: os.stat_result) -> None:
    """Raise SourceUnreadable where a file was written to between two looks at it."""
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise SourceUnreadable(
            _("{path} was changed while it was read.").format(path=file), _("Try again when it is at rest.")
        )


def _status(stream: BinaryIO) -> os.stat_result | None:
    """The state of the file below ``stream``; None where there is no file but a part of an archive, or memory."""
    try:
        return os.fstat(stream.fileno())
    except (io.UnsupportedOperation, AttributeError):
        return None


def _is_plain(stream: BinaryIO) -> bool:
    """Whether the stream's position is one in its file: nothing is unpacked or translated in between."""
    return isinstance(getattr(stream, "raw", stream), io.FileIO)


class Translated(io.RawIOBase):
    """A stream in which each carriage return is a line end: the text of an old Mac, with its lines counted as usual."""

    def __init__(self, stream: BinaryIO, on_bytes: Callable[[bytes], None] | None) -> None:
        super().__init__()
        self._stream = stream
        self._on_bytes = on_bytes

    def readable(self) -> bool:
        """Yes."""
        return True

    def fileno(self) -> int:
        """That of the stream below."""
        return self._stream.fileno()

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # typeshed's WriteableBuffer
        """Fill ``buffer``; 0 at the end."""
        data = self._stream.read(len(buffer))
        if self._on_bytes is not None and data:
            self._on_bytes(data)
        buffer[: len(data)] = data.replace(b"\r", b"\n")
        return len(data)


def _finish(stream: BinaryIO, line: bytes, on_bytes: Callable[[bytes], None] | None, limit: int) -> bytes:
    """``line`` and what is left of it in ``stream``."""
    rest = stream.readline(limit)
    if on_bytes is not None:
        on_bytes(rest)
    whole = line + rest.removesuffix(b"\n")
    if len(whole) <= limit and (rest.endswith(b"\n") or len(rest) < limit):
        return whole
    while rest and not rest.endswith(b"\n"):
        rest = stream.readline(BLOCK)
        if on_bytes is not None:
            on_bytes(rest)
    return TooLong(whole[:_SHOWN] + b"\xff")


def unreadable(path: object, error: Exception) -> SourceUnreadable:
    """What to raise where this computer refuses to read ``path``."""
    return SourceUnreadable(
        _("{path} can't be read: {reason}.").format(path=path, reason=reason(error)),
        _("Check the file's permissions."),
    )
