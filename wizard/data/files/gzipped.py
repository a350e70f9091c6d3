"""Compressed streams, read without ever holding more than a block, and no further than the caps."""

from __future__ import annotations

import io
import tempfile
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from typing import IO, BinaryIO

from wizard.data.files.lines import BLOCK, SourceUnreadable, head_of
from wizard.locale import _

MAGIC = b"\x1f\x8b"
SIZE_LIMIT = 50_000_000_000  # bytes of one file, unpacked
RATIO_LIMIT = 250  # rows of text reach 40; deflate's own limit is about 1,030
RATIO_FROM = 64_000_000  # bytes; whatever is smaller than this, unpacked, harms nobody


class Bomb(SourceUnreadable):
    """The compressed data is far larger than data are."""


def within_caps(file: str, packed: int, unpacked: int) -> None:
    """Raise Bomb where ``unpacked`` bytes that came out of ``packed`` are beyond the caps."""
    if unpacked > SIZE_LIMIT or (unpacked > RATIO_FROM and unpacked > packed * RATIO_LIMIT):
        raise Bomb(
            _("{path} unpacks to far more than data do, and was not read further.").format(path=file),
            _("If it is no trick, unpack it yourself and name the file inside."),
        )


class Unpacked(io.RawIOBase):
    """The bytes inside a gzip stream (all its members, one after the other), and nothing else."""

    def __init__(self, packed: BinaryIO, file: str, on_bytes: Callable[[bytes], None] | None = None) -> None:
        super().__init__()
        self._packed = packed
        self._file = file
        self._on_bytes = on_bytes
        self._inflate = zlib.decompressobj(wbits=31)
        self._rest = b""
        self._taken = self._given = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def fileno(self) -> int:
        """That of the packed stream."""
        return self._packed.fileno()

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # typeshed's WriteableBuffer
        """Fill ``buffer``; 0 at the end. Raises SourceUnreadable where the stream is damaged or cut off, and Bomb."""
        filled = 0
        while filled < len(buffer):
            try:
                data = self._next(len(buffer) - filled)
            except zlib.error as error:
                raise self._damaged() from error
            if not data:
                break
            buffer[filled : filled + len(data)] = data
            filled += len(data)
        self._given += filled
        within_caps(self._file, self._taken, self._given)
        return filled

    def start(self) -> bytes:
        """What the first packed bytes that are there unpack to, at most BLOCK bytes."""
        try:
            return self._next(BLOCK)
        except zlib.error as error:
            raise self._damaged() from error

    def _next(self, wanted: int) -> bytes:
        while True:
            if self._inflate.eof:
                self._rest = self._inflate.unused_data or self._rest
                if not self._rest:
                    self._fill()
                if not self._rest.strip(b"\0"):
                    if self._fill():
                        continue
                    return b""
                self._inflate = zlib.decompressobj(wbits=31)
            elif not self._rest and not self._fill():
                raise self._damaged()
            data = self._inflate.decompress(self._rest, wanted)
            self._rest = self._inflate.unconsumed_tail
            if data:
                return data

    def _fill(self) -> bool:
        self._rest = self._packed.read(BLOCK)
        self._taken += len(self._rest)
        if self._on_bytes is not None and self._rest:
            self._on_bytes(self._rest)
        return bool(self._rest)

    def _damaged(self) -> SourceUnreadable:
        return SourceUnreadable(
            _("{path} is damaged or cut off: it can't be unpacked to its end.").format(path=self._file),
            _("Get the file once more."),
        )


def unpacked(
    packed: BinaryIO, file: str, on_bytes: Callable[[bytes], None] | None = None
) -> io.BufferedReader:
    """A buffered stream of what is inside the gzip stream ``packed``; ``on_bytes`` is handed the packed bytes."""
    return io.BufferedReader(Unpacked(packed, file, on_bytes), BLOCK)


def peeked(packed: BinaryIO, file: str) -> bytes:
    """The first bytes inside the gzip stream ``packed``, which is left at its beginning. Raises as reading it would."""
    inner = Unpacked(io.BytesIO(head_of(packed)), file)
    try:
        return inner.start()
    except SourceUnreadable:
        return b""  # a first block without a byte of contents: reading it tells


def seekable(stream: IO[bytes]) -> IO[bytes]:
    """All of ``stream`` (capped already) in an unnamed temporary file, for formats that are read from their end."""
    with ExitStack() as stack:
        whole = stack.enter_context(tempfile.TemporaryFile())
        while block := stream.read(BLOCK):
            whole.write(block)
        whole.seek(0)
        stack.pop_all()  # whole: from here on the caller closes it
    return whole
