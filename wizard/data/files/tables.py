"""CSV and TSV: rows of cells with the physical line on which each begins; a wrong quote costs its own row only."""

from __future__ import annotations

import csv
import re
from collections import Counter
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
_LOOKED_AT = 20
_PROVEN = 3
_NAMED_DELIMITER = re.compile(r'"?sep=([,;|\t])"?\s*', re.IGNORECASE)
_RULED = re.compile(r":?-{2,}:?|:-:?|-:")
_PROSE = (".md", ".markdown", ".txt")
_DELIMITERS = "\t,;|"


def rows(
    pages: Iterator[tuple[int, list[bytes]]], file: str, delimiter: str, *, blanks: bool = False
) -> Iterator[tuple[int, list[str]] | Finding]:
    """(first line, cells) of each row that isn't blank, or a finding at the line where a row begins that can't be read.

    A quoted cell may go over lines. Where a quote is not closed, or something follows a closing one, the row's first
    line is an error and reading goes on with the line after it: nothing is swallowed unsaid. ``blanks``: those before a
    quote aren't part of the cell (see ``blanks_before_quotes``). A first line ``sep=;``, with which Excel is told the
    character between the cells, is passed over, and so are the outer bars and the line below the names of a Markdown table.
    """
    csv.field_size_limit(LINE_LIMIT)  # the module's own limit is 131,072; it is one for the whole process
    source = _Source(pages, file)
    while True:
        reader = csv.reader(source, delimiter=delimiter, strict=True, skipinitialspace=blanks)
        try:
            for cells in reader:
                first, faults = source.taken()
                yield from faults
                if first == 1 and _names_delimiter(cells, delimiter):
                    continue
                row = _inside_bars(cells) if delimiter == "|" else cells
                if not faults and any(row):
                    yield first, row
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
    lines = [line.decode("utf-8", "replace") for line in head.lstrip(b"\r\n").split(b"\n")[:_LOOKED_AT]]
    told = _NAMED_DELIMITER.match(lines[0])
    if told is not None:
        return told[1]
    if markdown_names(head, name):
        return "|"
    counts = [Counter("".join(line.split('"')[0::2])) for line in lines]
    if not any(counts[0][char] for char in _DELIMITERS):  # a title
        for char in _DELIMITERS:
            often = Counter(count[char] for count in counts[1:] if count[char])
            if often and often.most_common(1)[0][1] >= _PROVEN:
                return char
    return max(_DELIMITERS, key=lambda char: (counts[0][char], char == ","))


def markdown_names(head: bytes, name: str) -> list[str]:
    """The cells of the line of names of the first table as Markdown has them in a text; none behind a quote, in which it would be a cell's text."""
    lines = head.decode("utf-8", "replace").split("\n") if name.endswith(_PROSE) else []
    for at, line in enumerate(lines[1:]):
        if '"' in lines[at] or "\t" in lines[at]:
            break
        if "|" in lines[at] and _is_ruled(line):
            return [cell.strip() for cell in lines[at].strip().strip("|").split("|")]
    return []


def _is_ruled(line: str) -> bool:
    return "|" in line and all(_RULED.fullmatch(cell.strip()) for cell in line.strip().strip("|").split("|"))


def blanks_before_quotes(head: bytes, delimiter: str, *, whole: bool) -> bool:
    """Whether cells are written as ``, "…"``: a blank, and then a quote that is meant to begin the cell."""
    return delimiter != "\t" and any(
        cell[:1] == " " and len(bare := cell.strip()) > 1 and bare[0] == bare[-1] == '"'
        for cells in beginning(head, delimiter, whole=whole)
        for cell in cells
    )


def _names_delimiter(cells: list[str], delimiter: str) -> bool:
    return delimiter.join(cells).strip('"\ufeff ').lower() in (f"sep={delimiter}", "sep=")


def _inside_bars(cells: list[str]) -> list[str]:
    """A row of a Markdown table without its outer bars; empty for the line below the names."""
    if len(cells) <= 2 or cells[0].strip() or cells[-1].strip():  # noqa: PLR2004 - nothing between two bars
        return cells
    inside = [cell.strip() for cell in cells[1:-1]]
    return [] if all(_RULED.fullmatch(cell) for cell in inside) else inside


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
