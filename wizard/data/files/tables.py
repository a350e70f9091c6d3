"""CSV and TSV: rows of cells with the physical line on which each begins; a wrong quote costs its own row only."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from wizard.data.files.damage import why_not_decoded
from wizard.data.files.lines import LINE_LIMIT
from wizard.data.findings import Finding, Rule
from wizard.data.record import Where
from wizard.locale import N_

OPEN_QUOTE = Rule(
    "OPEN_QUOTE",
    "error",
    N_("A quote opens in this row and is not closed, or its cell is beyond {limit} MB."),
    N_("Close it; a quote inside a quoted cell is written twice."),
    why=N_("An open quote makes all that follows one cell. Rows would be swallowed without anyone noticing."),
    bad=('question,A,B,answer\n"2 + 3 = ?,5,6,A\n3 + 4 = ?,6,7,B\n'),
    good=('question,A,B,answer\n"2 + 3 = ?",5,6,A\n3 + 4 = ?,6,7,B\n'),
    name="rows.csv",
)
BAD_QUOTE = Rule(
    "BAD_QUOTE",
    "error",
    N_("Something follows a closing quote in this row, before the next comma."),
    N_("Write a quote inside a quoted cell twice; an earlier quote may not be closed."),
    why=N_(
        "A closing quote ends the cell. What follows may belong to it or not, and the wizard doesn't guess."
    ),
    bad=('question,A,B,answer\n"What is "two" + 3?",5,6,A\n'),
    good=('question,A,B,answer\n"What is ""two"" + 3?",5,6,A\n'),
    name="rows.csv",
)
LONE_RETURN = Rule(
    "LONE_RETURN",
    "error",
    N_("A carriage return stands alone in this row, outside quotes."),
    N_("Put the cell in double quotes, or remove the character."),
    why=N_(
        "Some programs take this character for the end of a row and others don't, so the row would be cut differently by each."
    ),
    bad=("question,A,B,answer\n2 + 3\r= ?,5,6,A\n"),
    good=('question,A,B,answer\n"2 + 3\r= ?",5,6,A\n'),
    name="rows.csv",
)


_MANY_CELLS = 2_000
_SNIFFED = 20
_DELIMITERS = "\t,;|"


def rows(
    pages: Iterator[tuple[int, list[bytes]]], file: str, delimiter: str
) -> Iterator[tuple[int, list[str]] | Finding]:
    """(first line, cells) of each row that isn't blank, or a finding at the line where a row begins that can't be read.

    A quoted cell may go over lines. Where a quote is not closed, or something follows a closing one, the row's first
    line is an error and reading goes on with the line after it: nothing is swallowed unsaid.
    """
    csv.field_size_limit(LINE_LIMIT)  # the module's own limit is 131,072; it is one for the whole process
    source = _Source(pages, file)
    while True:
        reader = csv.reader(source, delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                first, faults = source.taken()
                yield from faults
                if not faults and any(cells):
                    yield first, cells
            return  # noqa: TRY300 - what follows is the other way out
        except csv.Error as error:
            first, faults = source.back()
            yield from faults
            yield _why(str(error), Where(file, first))


def _why(error: str, where: Where) -> Finding:
    """The finding for the csv module's refusal of a row."""
    if "new-line character" in error:
        return LONE_RETURN.at(where)
    if "expected after" in error:
        return BAD_QUOTE.at(where)
    return OPEN_QUOTE.at(where, limit=LINE_LIMIT // 1_000_000)


class _Source:
    """The lines that the csv module asks for, the current row's being kept so that it can go back to its second one."""

    def __init__(self, pages: Iterator[tuple[int, list[bytes]]], file: str) -> None:
        self._pages = pages
        self._file = file
        self._page: Iterator[bytes] = iter(())
        self._again: list[str] = []
        self._row: list[str] = []
        self._line = 1
        self._size = 0
        self._faults: list[Finding] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._next()
        self._row.append(line)
        self._size += len(line)
        if self._size > LINE_LIMIT and len(self._row) > 1:
            raise csv.Error
        return line

    def taken(self) -> tuple[int, list[Finding]]:
        """A row is complete: the line on which it began, and what was wrong with its bytes."""
        lines = len(self._row)
        self._row.clear()
        return self._done(lines)

    def back(self) -> tuple[int, list[Finding]]:
        """A row can't be read: as ``taken``, but the next line asked for is the one after its first."""
        self._again += reversed(self._row[1:])
        self._row.clear()
        return self._done(1)

    def _done(self, lines: int) -> tuple[int, list[Finding]]:
        first, faults = self._line, self._faults
        self._line += lines
        self._size = 0
        self._faults = []
        return first, faults

    def _next(self) -> str:
        while True:
            raw = next(self._page, None)
            if raw is None:
                _first, lines = next(self._pages)
                self._page = iter(lines)
                continue
            try:
                return raw.decode() + "\n"
            except UnicodeDecodeError:
                where = Where(self._file, self._line + len(self._row))
                self._faults.append(why_not_decoded(raw, where))
                return "\n"


def delimiter_of(head: bytes, name: str) -> str:
    """The character between the cells: by the name's end, or whichever is most frequent on the first line."""
    if name.endswith((".tsv", ".tab")):
        return "\t"
    line = head.lstrip(b"\r\n").partition(b"\n")[0].decode("utf-8", "replace")
    bare = "".join(line.split('"')[0::2])
    return max(_DELIMITERS, key=lambda char: (bare.count(char), char == ","))


def beginning(head: bytes, delimiter: str, *, whole: bool) -> list[list[str]]:
    """The first rows in ``head``, without the last line where that may be cut off; as far as they can be read."""
    lines = head.decode("utf-8", "replace").split("\n")
    if not whole:
        lines.pop()
    csv.field_size_limit(LINE_LIMIT)
    found: list[list[str]] = []
    with suppress(csv.Error):  # the reading itself names it
        for cells in islice(csv.reader([f"{line}\n" for line in lines], delimiter=delimiter), _SNIFFED * 5):
            if any(cell.strip() for cell in cells) and len(cells) < _MANY_CELLS:
                found.append(cells)
            if len(found) >= _SNIFFED:
                break
    return found
