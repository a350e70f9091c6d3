"""Spreadsheets (.xlsx, .xls, .xlsb, .ods): the rows of a sheet, by itself the first seen one that holds a known table, with the sheet's row numbers."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from wizard.data.files.gzipped import within_caps
from wizard.data.files.lines import SourceUnreadable
from wizard.data.findings import Finding, Rule, quoted
from wizard.data.record import Where
from wizard.errors import UsageError
from wizard.local.harmless import in_a_line
from wizard.locale import N_, _, enumerated

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

    from wizard.data.files.workbook import Comments, Mark, Marks

OTHER_SHEETS = Rule(
    "OTHER_SHEETS",
    "warning",
    N_("Only the sheet “{sheet}” is read; other sheets: {others}."),
    N_("Save another sheet as a file of its own to use it."),
    why=N_("Rows on another sheet would be missing from the training without anyone noticing."),
    bad=(
        "[Chapter 1]\n"
        "question | A | B | answer\n"
        "2 + 3 = ? | 5 | 6 | A\n"
        "[Chapter 2]\n"
        "question | A | B | answer\n"
        "3 + 4 = ? | 6 | 7 | B\n"
    ),
    good=("[Chapter 1]\nquestion | A | B | answer\n2 + 3 = ? | 5 | 6 | A\n3 + 4 = ? | 6 | 7 | B\n"),
    name="rows.xlsx",
)


SHOWN_OTHERWISE = Rule(
    "SHOWN_OTHERWISE",
    "warning",
    N_(
        "In a spreadsheet of this kind (.xls, .xlsb, .ods) only the stored values are read: 0.05 where 5 percent is shown; what is hidden or raised is not told."
    ),
    N_("Save it as .xlsx, if it has percentages, dates, raised figures, formulas or hidden rows."),
    why=N_(
        "How a number is shown is written otherwise in each of these formats. What you see may not be what would be trained."
    ),
    bad="[Chapter 1]\nquestion | A | B | answer\n2 + 3 = ? | 5 | 6 | A\n",
    good="[Chapter 1]\nquestion | A | B | answer\n2 + 3 = ? | five | six | A\n",
    name="rows.ods",
)
HIDDEN_CELLS = Rule(
    "HIDDEN_CELLS",
    "warning",
    N_(
        "The sheet hides rows or columns, which are read as all others. Rows: {rows} (first {first}); columns: {columns}."
    ),
    N_("Delete what is not to be trained, or copy what you see to a sheet of its own."),
    why=N_(
        "Rows are hidden by filters, too, and what is hidden is often out of date. Only you know whether it belongs to the training."
    ),
    bad=("[Chapter 1]\nquestion | A | B | answer\n2 + 3 = ? | 5 | 6 | A\n~3 + 4 = ? | 6 | 7 | B\n"),
    good=("[Chapter 1]\nquestion | A | B | answer\n2 + 3 = ? | 5 | 6 | A\n3 + 4 = ? | 6 | 7 | B\n"),
    name="rows.xlsx",
)
CELL_COMMENTS = Rule(
    "CELL_COMMENTS",
    "warning",
    N_("Cells have comments, which are not sent: {count}, the first at {cell}: “{text}”."),
    N_("Nothing to do, if they are remarks. Write what shall be learned into the cells themselves."),
    why=N_(
        "A comment often corrects what stands in its cell, or says that it is out of date. It is not trained, but its cell is."
    ),
    bad=("[Chapter 1]\nquestion | A | B | answer\n2 + 3 = ? ^Out of date. | 5 | 6 | A\n"),
    good=("[Chapter 1]\nquestion | A | B | answer\n2 + 3 = ? | 5 | 6 | A\n"),
    name="rows.xlsx",
)
Row: TypeAlias = tuple[int, list[Any]]

_BEGINNING = 20
_AT_A_TIME = 500
_NO_MARKS: Marks = {}
_MEMORY_LIMIT = 600_000_000  # bytes of the table of texts, which is held in memory whole
_WITH_HEADER = 2  # rows from which on there is something below a header
_MANY = 2_000  # files in a workbook, pictures too: enough for any; each is looked at
_MOST_COLUMNS = 10  # that are hidden, of which the names are said


class CellFault:
    """A cell that Excel shows as an error, such as ``#N/A``."""

    __slots__ = ("shown",)

    def __init__(self, shown: str) -> None:
        self.shown = shown


class Formula(CellFault):
    """A cell with a formula, what comes of which is not in the file: no program calculated it before it was saved."""

    __slots__ = ()
    formula = True


class Formatted(float):
    """A number that is shown otherwise, in a way that is not known here: what was meant is not in its value."""


def rows(
    stream: IO[bytes], file: str, wanted: str = "", known: Callable[[list[list[Any]]], bool] | None = None
) -> Iterator[Row | Finding]:
    """(the sheet's row number, its cells) for each row that isn't blank, of the sheet called ``wanted``.

    Without a name, of the first sheet that is seen whose first rows are ``known``, else of the first with rows below a
    header, else of the first that has any.

    Cells come as Excel shows them, where the file tells it and the format is a usual one; else numbers stay what they are.
    A cell merged over rows is in each of them. Raises UsageError and SourceUnreadable.
    """
    with _guarded(file):
        book = _Book(stream, file)
        peeked = book.peeked()
        chosen = _chosen(book, peeked, wanted, known)
        others = [book.called(name) for name, some in peeked.items() if some and name != chosen]
    if chosen is None:
        return
    if others and not wanted:
        yield OTHER_SHEETS.at(Where(file, 0), sheet=chosen, others=enumerated(others))
    lines = book.rows(chosen)
    while True:
        with _guarded(file):
            page = list(islice(lines, _AT_A_TIME))
        if not page:
            break
        yield from page
    if book.untold:
        yield SHOWN_OTHERWISE.at(Where(file, 0))
    if book.hidden_rows or book.hidden_columns:
        columns = [*book.hidden_columns[:_MOST_COLUMNS], *["…"] * (len(book.hidden_columns) > _MOST_COLUMNS)]
        yield HIDDEN_CELLS.at(
            Where(file, 0),
            rows=book.hidden_rows,
            first=book.first_hidden or "–",
            columns=enumerated(columns) or "–",
        )
    with _guarded(file):
        yield from _comments(book, chosen)


def _comments(book: _Book, sheet: str) -> Iterator[Finding]:
    found = book.comments(sheet)
    if found is not None and found.count:
        yield CELL_COMMENTS.at(
            Where(book.file, 0), count=found.count, cell=found.cell, text=quoted(in_a_line(found.text))
        )


def sheets(stream: IO[bytes], file: str, *, every: bool = False) -> tuple[str, ...]:
    """The names of the sheets with rows below a header, where the first sheet has none and there are several; else none.

    ``every``: whatever the first sheet has. Raises as ``rows``.
    """
    with _guarded(file):
        book = _Book(stream, file)
        first, *others = [(name, some) for name, some in book.peeked().items() if name in book.seen]
    if every:
        return tuple(name for name, some in (first, *others) if len(some) >= _WITH_HEADER)
    named = tuple(name for name, some in others if len(some) >= _WITH_HEADER)
    return named if len(first[1]) < _WITH_HEADER and len(named) > 1 else ()


class _Book:
    """An open workbook: its sheets, and the rows of each."""

    def __init__(self, stream: IO[bytes], file: str) -> None:
        from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

        self.file = file
        self._xml = None
        if zipfile.is_zipfile(stream):
            names = _within_caps(stream, file)
            if "xl/workbook.xml" in names:
                from wizard.data.files.workbook import Workbook

                self._xml = Workbook(stream)
        stream.seek(0)
        self._book = CalamineWorkbook.from_filelike(stream)
        about = [one for one in self._book.sheets_metadata if one.typ != SheetTypeEnum.ChartSheet]
        self.names = [one.name for one in about]
        self.seen = [one.name for one in about if one.visible == SheetVisibleEnum.Visible] or self.names
        self.hidden_rows = self.first_hidden = 0
        self.hidden_columns: list[str] = []
        self._held: tuple[str, CalamineSheet] | None = None
        self._odd = False
        self.untold = False
        """Whether there are numbers or dates of which the file doesn't tell how they are shown."""

    def called(self, name: str) -> str:
        """A sheet's name for people."""
        return name if name in self.seen else _("{name} (hidden)").format(name=name)

    def comments(self, sheet: str) -> Comments | None:
        """What people wrote at the sheet's cells; None where the format isn't one in which that is looked for."""
        return self._xml.comments(sheet) if self._xml is not None else None

    def peeked(self) -> dict[str, list[list[Any]]]:
        """The first rows of each sheet, seen ones first."""
        names = [*self.seen, *[name for name in self.names if name not in self.seen]]
        return {name: [cells for _number, cells in islice(self.rows(name), _BEGINNING)] for name in names}

    def rows(self, name: str) -> Iterator[Row]:
        """The rows that aren't blank."""
        sheet = self._sheet(name)
        left = sheet.start[1] if sheet.start else 0
        carried = _Carried(sheet)
        about: Iterator[tuple[int, Marks]] = iter(())
        hidden = None
        if self._xml is not None and self._odd:
            from wizard.data.files.workbook import Hidden

            hidden = Hidden()
            about = self._xml.marks(name, hidden)
        marked, marks = next(about, (0, {}))
        for number, values in enumerate(sheet.iter_rows(), 1):
            while marked and marked < number:
                marked, marks = next(about, (0, {}))
            cells = [*[None] * left, *values] if left else values
            here = marks if marked == number else _NO_MARKS
            cells = [
                value
                if type(value) is str and value and not here and "\r" not in value
                else _cell(value, here.get(at))
                for at, value in enumerate(cells)
            ]
            if self._xml is None and not self.untold:
                self.untold = any(type(value) is not str for value in values)
            carried.into(cells, number - 1)
            while cells and cells[-1] is None:
                cells.pop()
            if cells:
                yield number, cells
        for _rest in about:
            pass
        if hidden is not None:
            self.hidden_rows, self.first_hidden = hidden.rows, hidden.first
            self.hidden_columns = hidden.columns

    def _sheet(self, name: str) -> CalamineSheet:
        if self._held is None or self._held[0] != name:
            self._held = None
            self._odd = self._xml is not None and self._xml.looked(name)
            self._held = name, self._book.get_sheet_by_name(name)
        return self._held[1]


class _Carried:
    """Cells merged over several rows: the first has the value, and all others stand for it."""

    def __init__(self, sheet: CalamineSheet) -> None:
        self._to_come = sorted(
            (span for span in sheet.merged_cell_ranges or () if span[1][0] > span[0][0]), reverse=True
        )
        self._open: list[tuple[int, int, Any]] = []

    def into(self, cells: list[Any], row: int) -> None:
        """Fill what ``cells`` of the next row have from rows above."""
        self._open = [one for one in self._open if one[0] >= row]
        for _last, column, value in self._open:
            if column < len(cells) and cells[column] is None:
                cells[column] = value
        while self._to_come and self._to_come[-1][0][0] <= row:
            (first, column), (last, _column) = self._to_come.pop()
            if first == row and column < len(cells) and cells[column] is not None:
                self._open.append((last, column, cells[column]))


def _chosen(
    book: _Book,
    peeked: dict[str, list[list[Any]]],
    wanted: str,
    known: Callable[[list[list[Any]]], bool] | None,
) -> str | None:
    """The sheet that is read, None where none has rows."""
    if wanted:
        if peeked.get(wanted):
            return wanted
        raise UsageError(
            _("{path} has no sheet “{name}” with rows.").format(path=book.file, name=wanted),
            _("Its sheets are: {names}.").format(
                names=enumerated(name for name in peeked if peeked[name]) or "–"
            ),
        )
    seen = [name for name in book.seen if peeked[name]]
    full = [name for name in seen if len(peeked[name]) >= _WITH_HEADER]
    alike = [name for name in full if known is not None and known(peeked[name])]
    return next(iter((*alike, *full, *seen)), None)


def _cell(value: Any, mark: Mark | None) -> Any:
    """A cell as it is shown; None where it is blank."""
    if mark is not None and (mark.error or mark.formula):
        return CellFault(mark.error) if mark.error else Formula("")
    if mark is not None and mark.text is not None:
        value = mark.text
    if type(value) is str:
        if "\r" in value:
            value = value.replace("\r\n", "\n").replace("\r", "\n")
        return value or None
    from wizard.data.files.shown import GENERAL, shown

    told = shown(value, GENERAL if mark is None else mark.form)
    return Formatted(told) if type(told) in (int, float) else told


def _within_caps(stream: IO[bytes], file: str) -> list[str]:
    """The names of the parts of a zipped workbook, none of which is too large."""
    with zipfile.ZipFile(stream) as whole:
        infos = whole.infolist()
    if len(infos) > _MANY:
        raise zipfile.BadZipFile
    for info in infos:
        within_caps(file, info.compress_size, info.file_size)
        if info.filename.endswith("sharedStrings.xml") and info.file_size > _MEMORY_LIMIT:
            raise _too_large(file)
    return [info.filename for info in infos]


def _too_large(file: str) -> SourceUnreadable:
    return SourceUnreadable(
        _("{path} is too large for a spreadsheet to be read.").format(path=file), _("Save it as CSV (UTF-8).")
    )


@contextmanager
def _guarded(file: str) -> Iterator[None]:
    """The block's errors, of whatever kind the library lets through, become SourceUnreadable."""
    from wizard.data.files.workbook import TooLarge

    try:
        yield
    except (SourceUnreadable, UsageError):
        raise
    except TooLarge as error:
        raise _too_large(file) from error
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise SourceUnreadable(
            _("{path} can't be read as a spreadsheet (Excel or OpenDocument): {reason}.").format(
                path=file, reason=_REASONS.get(type(error).__name__, str)(error) or type(error).__name__
            ),
            _("Open it in Excel and save it again as .xlsx, or as CSV (UTF-8)."),
        ) from error


_REASONS: dict[str, Callable[[object], str]] = {
    "PasswordError": lambda _error: _("it is protected by a password")
}
