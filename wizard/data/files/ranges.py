"""A plain file of JSON Lines as ranges of bytes that end with line ends: nothing is split before a process looks at it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

from wizard.data.files.lines import LINE_LIMIT, SourceUnreadable, TooLong, unchanged
from wizard.errors import reason
from wizard.locale import _

_BLOCK = 1 << 19
_SKIMMED = 1 << 20  # bytes beyond which a line's end is looked for by reading all
_SHOWN = 1_000  # bytes of a line beyond the limit, as lines.blocks keeps


class Range(NamedTuple):
    """Bytes of a file, from ``start`` to ``end``: whole lines, or one that is beyond the limit."""

    start: int
    end: int
    too_long: bool = False


def ranges(
    stream: BinaryIO, file: str, on_bytes: Callable[[bytes], None] | None = None, *, size: int = _BLOCK
) -> Iterator[Range]:
    """The rest of ``stream``, about ``size`` bytes at a time; ``on_bytes`` is handed every byte, in order.

    Without ``on_bytes`` only the ranges' ends are read. A line beyond LINE_LIMIT comes alone, and is never held in
    memory. Raises SourceUnreadable, also where the file changes meanwhile.
    """
    try:
        before = os.fstat(stream.fileno())
        if on_bytes is None:
            yield from _skimmed(stream, before.st_size, size)
        start = at = stream.tell()
        while at <= before.st_size and (block := stream.read(size)):
            if on_bytes is not None:
                on_bytes(block)
            first = at + block.find(b"\n")
            if first >= at and first - start > LINE_LIMIT:  # the line that went on through several blocks
                yield Range(start, first + 1, too_long=True)
                start = first + 1
            end = at + block.rfind(b"\n") + 1
            if end > max(start, at):
                yield Range(start, end)
                start = end
            at += len(block)
        if at > start:
            yield Range(start, at, too_long=at - start > LINE_LIMIT)
        after = os.fstat(stream.fileno())
    except OSError as error:
        raise SourceUnreadable(
            _("{path} can't be read: {reason}.").format(path=file, reason=reason(error)),
            _("Check the file's permissions."),
        ) from error
    unchanged(file, before, after)


def _skimmed(stream: BinaryIO, total: int, size: int) -> Iterator[Range]:
    """The ranges up to the first line that is longer than usual, before which ``stream`` is left."""
    start = stream.tell()
    while start < total:
        border = min(start + size, total)
        stream.seek(border)
        rest = stream.readline(_SKIMMED)
        if len(rest) == _SKIMMED:
            break
        yield Range(start, border + len(rest))
        start = border + len(rest)
    stream.seek(start)


def lines_in(source: BinaryIO, place: Range) -> bytes:
    """The bytes at ``place``; of a line beyond the limit its beginning, as TooLong. Raises OSError where there are fewer."""
    wanted = _SHOWN if place.too_long else place.end - place.start
    source.seek(place.start)
    data = source.read(wanted)
    while len(data) < wanted:
        more = source.read(wanted - len(data))
        if not more:
            raise OSError("the source became shorter")
        data += more
    return TooLong(data + b"\xff") if place.too_long else data
