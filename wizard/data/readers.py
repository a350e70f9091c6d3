"""Files -> records and findings, each with its physical line; streaming, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, TypeAlias

from wizard.data.check import Finding, finding
from wizard.data.formats import container
from wizard.data.formats.text import Text
from wizard.data.record import Record, Where
from wizard.data.rows import Outcome, Reading
from wizard.data.source import Column, Recognised, Source

__all__ = [
    "Column",
    "Columns",
    "Reading",
    "Recognised",
    "outcomes",
    "page",
    "pages",
    "read",
    "reading",
    "recognise",
    "sheets",
]

Columns: TypeAlias = Mapping[str, str] | None
"""Meaning -> column, as the user gave them; None: told from the columns' names."""

_NAMES = {"parquet": "Parquet", "xlsx": "Excel (.xlsx)", "zip": "zip", "tar": "tar"}


def read(path: Path, columns: Mapping[str, str] | None = None) -> Iterator[Record | Finding]:
    """The records of a file in order of their lines, and a finding for all that is none.

    The file may be JSON Lines, a JSON array, CSV, TSV, .xlsx or Parquet, each also packed with gzip, a file inside an
    archive (``ARCHIVE.zip/MEMBER``), or an archive or folder with one file of rows. ``columns`` says which column
    means what ({"question": "stem", "A": "first", …}; see ``plan.MEANINGS``); without it, the names tell. A row gives
    either one record or at least one error; blank lines are passed over, and count as lines. Raises SourceUnreadable,
    and UsageError for ``columns`` that name no column, or where a library that the format needs is not installed.
    """
    for _line, _original, outcome in outcomes(path, columns):
        if isinstance(outcome, tuple):
            yield from outcome
        else:
            yield outcome


def outcomes(
    path: Path, columns: Mapping[str, str] | None = None, *, whole: bool = True
) -> Iterator[tuple[int, object, Outcome]]:
    """(line, the row as it is, what it means) for each row, as ``read``; findings about the file have None as their row.

    The row as it is: bytes where the file is JSON, a dict of cells elsewhere. Where answers are numbers, all of the
    file is looked at first to see where they count from; not so where ``whole`` is False, which is for previews.
    """
    return Source(path, columns).outcomes(whole=whole)


def page(path: Path, columns: Columns = None, *, skip: int, count: int) -> tuple[Column, ...]:
    """The columns of ``count`` rows after ``skip`` rows, with their values; empty behind the last. Raises as ``recognise``."""
    return Source(path, columns).page(skip, count)


def sheets(path: Path) -> tuple[str, ...]:
    """The sheets to choose from, of a workbook whose first sheet has no rows; else none. Raises as ``recognise``."""
    return Source(path).sheets()


def recognise(path: Path, columns: Mapping[str, str] | None = None) -> Recognised:
    """What the file is, its columns with their first values, and what they mean; reads only the beginning.

    Raises as ``read``.
    """
    return Source(path, columns).recognise()


def reading(path: Path, columns: Mapping[str, str] | None = None) -> tuple[Reading, tuple[Finding, ...]]:
    """What ``understand`` has to know of the file besides a row: the user's columns, where numbers count from.

    With the findings that say so. Reads the beginning; all of the file only where its answers are numbers. Raises as
    ``read``.
    """
    return Source(path, columns).reading()


def pages(
    stream: BinaryIO, file: str, on_bytes: Callable[[bytes], None] | None = None
) -> Iterator[tuple[int, list[bytes], tuple[Finding, ...]]]:
    """(number of the first line, lines in UTF-8, findings about the file) for one block of JSON Lines after another.

    Any encoding that ``read`` knows, packed with gzip or not; ``on_bytes`` is handed the file's own bytes. A file
    that is no JSON Lines file at all gives one error and no lines, not an error for every line; a byte order mark is
    taken off; a file without rows gives EMPTY_FILE at its end. Lines that can't be decoded come as a kind of bytes that
    is no JSON, and that ``understand`` knows what to say about.
    """
    text = Text(stream, file, on_bytes)
    about = tuple(text.about)
    other = container.foreign(text.head) or _NAMES.get(container.binary(text.head), "")
    if other:
        about = (finding("NOT_UTF8_FILE", Where(file, 0), encoding=other),)
    elif container.of_text(text.head, ".jsonl", whole=text.whole) == "json":
        about = (*about, finding("JSON_OVER_LINES", Where(file, 0)))
    begun = any(one.severity == "error" for one in about)
    if begun:
        yield 1, [], about
        return
    for first, lines in text.pages():
        begun = begun or any(line and not line.isspace() for line in lines)
        yield first, lines, about
        about = ()
    if not begun:
        yield 1, [], (*about, finding("EMPTY_FILE", Where(file, 0)))
