"""Physical lines of a file as bytes, a block at a time, in constant memory whatever the file holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

BLOCK = 1 << 18
LINE_LIMIT = 10_000_000  # bytes; the platform's longest context is far below it
_SHOWN = 1_000


class TooLong(bytes):
    """The beginning of a line beyond LINE_LIMIT; the bytes are never complete JSON, so nothing takes it for a row."""

    __slots__ = ()


def blocks(
    stream: BinaryIO, on_bytes: Callable[[bytes], None] | None = None, *, limit: int = LINE_LIMIT
) -> Iterator[tuple[int, list[bytes]]]:
    """(number of the first line, the lines) for about BLOCK bytes at a time; lines come without their ``\\n``.

    ``on_bytes`` is handed every byte of the file, in order. A line above ``limit`` bytes (at least BLOCK) comes as
    TooLong, without having been held in memory. A ``\\r`` before the line end is left to JSON, which skips it.
    """
    number = 1
    held: list[bytes] = []
    size = 0
    while block := stream.read(BLOCK):
        if on_bytes is not None:
            on_bytes(block)
        first, newline, rest = block.partition(b"\n")
        size += len(first)
        if size <= limit:
            held.append(first)
        elif not isinstance(held[0], TooLong):
            held = [TooLong(b"".join(held)[:_SHOWN] + b"\xff")]
        if not newline:
            continue
        lines = rest.split(b"\n")
        last = lines.pop()
        lines.insert(0, held[0] if len(held) == 1 else b"".join(held))
        yield number, lines
        number += len(lines)
        held = [last]
        size = len(last)
    if size:
        yield number, [held[0] if len(held) == 1 else b"".join(held)]
