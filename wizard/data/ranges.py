"""A plain file of JSON Lines as ranges of bytes that end with line ends: nothing is split before a worker does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

from wizard.data.lines import LINE_LIMIT, SourceUnreadable, unchanged
from wizard.errors import reason
from wizard.locale import _

_BLOCK = 1 << 19


class Range(NamedTuple):
    """Bytes of a file, from ``start`` to ``end``: whole lines, or one that is beyond the limit."""

    start: int
    end: int
    too_long: bool = False


def ranges(stream: BinaryIO, file: str, on_bytes: Callable[[bytes], None]) -> Iterator[Range]:
    """The rest of ``stream``, about half a megabyte at a time; ``on_bytes`` is handed every byte, in order.

    A line beyond LINE_LIMIT comes alone, and is never held in memory. Raises SourceUnreadable, also where the file
    changes meanwhile.
    """
    try:
        before = os.fstat(stream.fileno())
        start = at = stream.tell()
        while at <= before.st_size and (block := stream.read(_BLOCK)):
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
