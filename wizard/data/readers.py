"""Files -> records and findings, each with its physical line; streaming, in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from wizard.data.check import Finding, finding
from wizard.data.lines import blocks, opened
from wizard.data.record import Record, Where
from wizard.data.rows import decode, understand

_BOM = b"\xef\xbb\xbf"
# The longer mark first: that of UTF-32 begins with that of UTF-16.
_OTHER_FORMATS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip / xlsx"),
    (b"PAR1", "Parquet"),
)


def read(path: Path) -> Iterator[Record | Finding]:
    """The records of a JSON Lines file in order of their lines, and a finding for all that is none.

    Rows are MedQA's (question, options by label, answer, answer_idx) or chats (messages). A row gives either one
    record or at least one error; blank lines are passed over, and count as lines. Raises SourceUnreadable.
    """
    file = str(path)
    with opened(path) as stream:
        for first, lines, about_file in pages(stream, file):
            yield from about_file
            for number, raw in enumerate(lines, first):
                outcome = understand(raw, file, number)
                if isinstance(outcome, tuple):
                    yield from outcome
                else:
                    yield outcome


def pages(
    stream: BinaryIO, file: str, on_bytes: Callable[[bytes], None] | None = None
) -> Iterator[tuple[int, list[bytes], tuple[Finding, ...]]]:
    """(number of the first line, lines, findings about the file) for one block after another.

    A file that is no JSON Lines file at all gives one error and no lines, not an error for every line; a byte order
    mark is taken off; a file without rows gives EMPTY_FILE at its end.
    """
    begun = False
    for first, lines in blocks(stream, file, on_bytes):
        about: tuple[Finding, ...] = ()
        if first == 1:
            other = next((name for mark, name in _OTHER_FORMATS if lines[0].startswith(mark)), None)
            if other is not None:
                yield 1, [], (finding("NOT_UTF8_FILE", Where(file, 0), encoding=other),)
                return
            if lines[0].startswith(_BOM):
                lines[0] = lines[0][len(_BOM) :]
                about = (finding("BOM", Where(file, 1)),)
        if not begun:
            opening = next((line.strip() for line in lines if line and not line.isspace()), b"")
            begun = bool(opening)
            if opening[:1] in (b"[", b"{") and _goes_on(opening):
                yield first, [], (*about, finding("JSON_OVER_LINES", Where(file, 0)))
                return
        yield first, lines, about
    if not begun:
        yield 1, [], (finding("EMPTY_FILE", Where(file, 0)),)


def _goes_on(opening: bytes) -> bool:
    """Whether a file's first line is but the beginning of a JSON value: ``{`` alone, or an array without its end."""
    if opening.startswith(b"{"):
        return opening == b"{"
    try:
        decode(opening)
    except (ValueError, RecursionError):
        return True
    return False
