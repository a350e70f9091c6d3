"""A file's contents, whatever its container: open, with what its beginning tells, and its rows with their lines."""

from __future__ import annotations

import re
from collections.abc import Collection, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, BinaryIO, TypeAlias

from wizard.data.files import archives, columnar, container, foreign, gzipped, spreadsheets, tables
from wizard.data.files.arrays import Beside, Elements
from wizard.data.files.container import FORMS, Container
from wizard.data.files.damage import BESIDE_ROWS
from wizard.data.files.lines import SourceUnreadable, head_of
from wizard.data.files.opening import opened
from wizard.data.files.text import Text
from wizard.data.findings import Finding, Rule, quoted
from wizard.data.record import Where
from wizard.data.shapes import aside, header
from wizard.data.shapes.below import Below
from wizard.data.shapes.fields import twice
from wizard.locale import N_, _

COLUMN_COUNT = Rule(
    "COLUMN_COUNT",
    "error",
    N_("The row has {count} cells, but there are {wanted} columns."),
    N_("Put cells with commas or line ends in double quotes."),
    why=N_(
        "With a cell too many or too few, texts end up in the wrong columns: an option could be taken for the answer."
    ),
    bad=("question,A,B,answer\n2, 3 or 4: which is odd?,3,4,A\n"),
    good=('question,A,B,answer\n"2, 3 or 4: which is odd?",3,4,A\n'),
    name="rows.csv",
)
DUPLICATE_COLUMN = Rule(
    "DUPLICATE_COLUMN",
    "error",
    N_("The column “{name}” is there twice, so one of its cells would be lost."),
    N_("Rename or remove one of them."),
    why=N_("Of two columns with one name only one can be read, and it might be the wrong one."),
    bad=("question,A,A,answer\n2 + 3 = ?,5,6,A\n"),
    good=("question,A,B,answer\n2 + 3 = ?,5,6,A\n"),
    name="rows.csv",
)
NO_HEADER = Rule(
    "NO_HEADER",
    "warning",
    N_("The first row was taken for data, not for the columns' names."),
    N_("If it holds names, say so: --columns header=yes (in the wizard --set dataset.header=yes)."),
    why=N_(
        "If the first row were names after all, they would be trained as a question; if it is a row, it must not be lost."
    ),
    bad=("2 + 3 = ?,5,6,A\n3 + 4 = ?,6,7,B\n"),
    good=("question,A,B,answer\n2 + 3 = ?,5,6,A\n3 + 4 = ?,6,7,B\n"),
    name="rows.csv",
)


Row: TypeAlias = tuple[int, bytes | dict[str, Any] | Finding]
"""A line number, and a JSON value's bytes, a row's cells by column, or what is wrong there."""

_SNIFFED = 20
_LEAST_COLUMNS = 2
_TABLES = (".csv", ".tsv", ".tab", ".jsonl", ".json", ".ndjson")
_JSON = re.compile(rb"""\s*(?:\{|\[\s*["{\[\]])""")


@dataclass(slots=True)
class Contents:
    """An open file of rows. ``header`` of a table: whether its first row holds names (settled once rows are read).

    ``doubtful``: it was taken for names, and may as well be a row.
    """

    path: Path
    container: Container
    packed: bool
    stream: IO[bytes]
    text: Text | None
    header: bool | None
    named: Collection[str]
    doubtful: bool = False
    sheet: str = ""
    _between: str = ""
    _width: int = 0

    @property
    def file(self) -> str:
        """The file's name for findings."""
        return str(self.path)

    @property
    def encoding(self) -> str:
        """The text's encoding, "" for what is no text."""
        return self.text.encoding if self.text is not None else ""

    def sheets(self, *, every: bool = False) -> tuple[str, ...]:
        """The sheets to choose from, where the first has no rows or ``every`` one is wanted; only before the rows."""
        return spreadsheets.sheets(self.stream, self.file, every=every) if self.container == "xlsx" else ()

    def about(self) -> list[Finding]:
        """What is odd about the file as a whole."""
        return list(self.text.about) if self.text is not None else []

    def rows(self) -> Iterator[Row]:
        """The rows from the first to the last; only once. Raises SourceUnreadable, and UsageError without a library."""
        if self.container == "parquet":
            yield from columnar.rows(self.stream, self.file)
        elif self.text is None:
            yield from self._named(self._cells(), padded=True)
        elif self.container == "jsonl":
            for first, lines in self.text.pages():
                yield from ((number, line) for number, line in enumerate(lines, first) if line)
        elif self.container == "json":
            yield from self._elements(self.text)
        elif self.container in FORMS:
            from wizard.data.shapes import forms

            yield from forms.rows(self.container, self.text.pages(), self.text.head, self.file)
        else:
            delimiter = self._delimiter(self.text)
            blanks = tables.blanks_before_quotes(self.text.head, delimiter, whole=self.text.whole)
            rows = tables.rows(self.text.pages(), self.file, delimiter, blanks=blanks)
            yield from self._named(rows, padded=False)

    def _cells(self) -> Iterator[tuple[int, list[Any]] | Finding]:
        return spreadsheets.rows(
            self.stream, self.file, self.sheet, lambda some: header.known(some, self.named)
        )

    def _delimiter(self, text: Text) -> str:
        if not self._between:
            self._between = tables.delimiter_of(text.head, self.path.name.casefold().removesuffix(".gz"))
            self._between = header.wide_delimiter(text.head, self._between) or self._between
        return self._between

    def _elements(self, text: Text) -> Iterator[Row]:
        faults: list[Finding] = []
        for number, raw in Elements(text.chunks(faults)):
            yield from ((found.where.line, found) for found in faults)
            if not faults:
                if isinstance(raw, Beside):
                    where = Where(self.file, number)
                    yield number, BESIDE_ROWS.at(where, field=quoted(raw.name), text=quoted(raw.text))
                else:
                    yield number, raw
                continue
            return  # the text ends at a wrong byte, and so does what could be told of it
        yield from ((found.where.line, found) for found in faults)

    def _named(self, rows: Iterator[tuple[int, list[Any]] | Finding], *, padded: bool) -> Iterator[Row]:
        """Rows with their cells by the names of their columns."""
        some = list(islice(rows, _SNIFFED))
        there = [row for row in some if not isinstance(row, Finding)]
        first = [cells for _number, cells in there]
        above = self._settle(first)
        if padded and first:
            width = max(map(len, first))
            first = [[*cells, *[None] * (width - len(cells))] for cells in first]
        upper = first[above - 1] if above and header.known([first[above - 1]], self.named) else []
        if titles := there[: above - bool(upper)]:
            yield there[0][0], aside.titles(titles, self.file)
        passed = {number for number, _cells in there[:above]}
        names: list[str] | None = None
        below: Below | None = None
        lines = chain(some, rows)
        for row in lines:
            if isinstance(row, Finding):
                yield row.where.line, row
                continue
            number, cells = row
            where = Where(self.file, number)
            if names is not None:
                names = yield from self._row(names, cells, where, below, padded=padded)
                if names is None:
                    yield from self._another(cells, where, lines)
                    return
            elif self.header and number not in passed:
                names = self._names(header.over_two(upper, cells), first[above + 1 :], padded=padded)
                below = Below(names, in_lines=not padded)
                if (again := twice(names)) is not None:
                    yield number, DUPLICATE_COLUMN.at(where, name=again)
                    return
            elif not self.header:
                yield number, NO_HEADER.at(where)
                names = header.numbered(first, plainly=bool(self.named))
                names = yield from self._row(names, cells, where, None, padded=padded)

    def _settle(self, first: list[list[Any]]) -> int:
        """Tell whether the first rows hold the columns' names, and how many of them stand above these."""
        above = None if self.header is False else header.place(first, self.named)
        if self.header is None:
            found = True if above is not None else header.is_header(first, self.named)
            self.header, self.doubtful = found is not False, found is None
        return above or 0

    def _names(self, cells: list[Any], beneath: list[list[Any]], *, padded: bool) -> list[str]:
        """The names of the columns, which stand in ``cells``; ``beneath``: the first rows below."""
        self._width = len(cells)
        if padded:
            cells = [*cells, *[None] * (max(map(len, beneath), default=0) - len(cells))]
        names = header.names(cells, beneath)
        while len(names) > _LEAST_COLUMNS and names[-1] == header.unnamed(len(names)):
            names.pop()
        return names

    def _another(
        self, cells: list[Any], where: Where, rest: Iterator[tuple[int, list[Any]] | Finding]
    ) -> Iterator[Row]:
        """What is told where another table begins, and of all below it."""
        count = 0
        told: list[Finding] = []
        for row in rest:
            if isinstance(row, Finding):
                told.append(row)
            else:
                count += 1
        yield where.line, aside.SECOND_TABLE.at(where, cells=aside.shown(cells), count=count)
        yield from ((found.where.line, found) for found in told)

    def _row(
        self, names: list[str], cells: list[Any], where: Where, below: Below | None, *, padded: bool
    ) -> Generator[Row, None, list[str] | None]:
        """The row by its names, with what is odd about it; what is no row is told.

        Gives the names for the next one; None where this row holds those of another table.
        """
        number = where.line
        what = "row" if below is None else below.kind(number, cells)
        if self.header and (again := aside.names_again(cells, names)):
            yield number, aside.HEADER_AGAIN.at(where)
            return again
        if what == "again":
            yield number, aside.HEADER_AGAIN.at(where)
            return names
        if what == "other":
            return None
        if header.aside(cells, len(names)) or (self._between == "|" and len(cells) == 1 < len(names)):
            yield number, aside.NOT_A_ROW.at(where, cells=aside.shown(cells))
            return names
        delimiter = "" if self.text is None else self._delimiter(self.text)
        for found in aside.odd(cells, len(names), delimiter, where):
            yield number, found
        if len(cells) == len(names):
            yield number, dict(zip(names, cells, strict=True))
        else:
            yield number, self._ragged(names, cells, number, padded=padded)
        return names

    def _ragged(
        self, names: list[str], cells: list[Any], number: int, *, padded: bool
    ) -> dict[str, Any] | Finding:
        if not padded and (len(cells) < len(names) or any(cells[max(self._width, len(names)) :])):
            where = Where(self.file, number)
            return COLUMN_COUNT.at(where, count=len(cells), wanted=len(names))
        while len(cells) > len(names) and cells[-1] in (None, ""):
            cells = cells[:-1]
        cells = [*cells, *[None] * (len(names) - len(cells))]
        all_names = [*names, *[header.unnamed(at) for at in range(len(names) + 1, len(cells) + 1)]]
        return dict(zip(all_names, cells, strict=True))


@contextmanager
def contents(
    path: Path, *, with_header: bool | None, named: Collection[str], sheet: str = ""
) -> Iterator[Contents]:
    """The file at ``path``, open; reads only its beginning. ``with_header`` None: told from the first rows.

    ``sheet``: of a workbook; "": the first that has rows.

    Raises SourceUnreadable: not there, changed, packed in a way or of a format that is not read.
    """
    with ExitStack() as stack:
        stream: BinaryIO = stack.enter_context(opened(path))
        head = head_of(stream)
        packed = head.startswith(gzipped.MAGIC)
        if packed:
            head = gzipped.peeked(stream, str(path))
        sort = container.binary(head)
        if sort == "tar":
            _refuse_archive(path)
        if sort or head.startswith((*container.ZIP, container.OLE)):
            whole: IO[bytes] = gzipped.unpacked(stream, str(path)) if packed else stream
            if not whole.seekable():
                whole = stack.enter_context(gzipped.seekable(whole))
            yield Contents(
                path, sort or _office(path, head, whole), packed, whole, None, with_header, named, sheet=sheet
            )
            return
        _refuse(path, head)
        text = Text(stream, str(path))
        sort = _written(path, text) or container.of_text(text.head, path.name, whole=text.whole)
        if sort == "jsonl" and _is_table(path, text.head):
            sort = "csv"
        if sort == "jsonl" and not text.about:
            foreign.refuse_plain(path, text.head)
        yield Contents(path, sort, packed, stream, text, with_header, named)


def _is_table(path: Path, head: bytes) -> bool:
    """Whether a text has known names as those of a table: in Markdown amid prose, or with full-width signs between them."""
    names = tables.markdown_names(head, path.name.casefold().removesuffix(".gz"))
    return header.known([names], ()) or bool(header.wide_delimiter(head, ","))


def _office(path: Path, head: bytes, stream: IO[bytes]) -> Container:
    """What a zip or a file of Office 97 is: a workbook, or refused."""
    if head.startswith(container.OLE):
        foreign.refuse_office(path, stream)
        return "xlsx"
    name = archives.document_in(stream, head)
    foreign.refuse_document(path, name)
    if not name:
        _refuse_archive(path)
    stream.seek(0)
    return "xlsx"


def _written(path: Path, text: Text) -> Container:
    """The form in which people write questions, where a text has one. Raises SourceUnreadable for an export of a chat."""
    name = path.name.casefold().removesuffix(".gz")
    if name.endswith(_TABLES) or _JSON.match(text.head):
        return ""
    from wizard.data.shapes import forms

    if program := forms.chat_export(text.head):
        raise SourceUnreadable(
            _("{path} is a chat as {program} exports it, which is not read.").format(
                path=path, program=program
            ),
            _(
                "Make a table of it, a message a row, with the columns conversation_id, speaker, content and time, "
                "and say whose words shall be learned: --columns assistant=NAME."
            ),
        )
    return forms.form_of(text.head)


def _refuse(path: Path, head: bytes) -> None:
    """Raise SourceUnreadable for what is no file of rows."""
    foreign.refuse(path, head)
    if head.startswith(gzipped.MAGIC):
        raise SourceUnreadable(
            _("{path} is packed twice.").format(path=path),
            _("Unpack it yourself and name the file you mean."),
        )


def _refuse_archive(path: Path) -> None:
    raise SourceUnreadable(
        _("{path} is an archive inside another, or holds no file of rows.").format(path=path),
        _("Unpack it yourself and name the file you mean."),
    )
