"""Excel's .xlsx: the rows of a sheet, by itself the first that has any, with the sheet's row numbers; needs the extra ``excel``."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import IO, Any

from wizard.data.files.gzipped import within_caps
from wizard.data.files.lines import SourceUnreadable
from wizard.data.findings import Finding, Rule
from wizard.data.record import Where
from wizard.errors import UsageError
from wizard.locale import N_, _, enumerated

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


_AT_A_TIME = 500
_COLUMN_LIMIT = 500
_AS_TYPED = frozenset({"General", "@", "0", "#", None})
_MEMORY_LIMIT = 600_000_000  # bytes of the table of texts, which is held in memory whole
_WITH_HEADER = 2  # rows from which on there is something below a header
_MANY = 200  # files in a workbook: enough for any; each is looked at


class CellFault:
    """A cell that Excel shows as an error, such as ``#N/A``."""

    __slots__ = ("shown",)

    def __init__(self, shown: str) -> None:
        self.shown = shown


class Formatted(float):
    """A number that Excel shows otherwise (1.50, 5 %): what was meant is not in its value."""


def rows(stream: IO[bytes], file: str, wanted: str = "") -> Iterator[tuple[int, list[Any]] | Finding]:
    """(the sheet's row number, its cells) for each row that isn't blank, of the sheet called ``wanted``.

    Without a name, of the first sheet that has rows below a header, else of the first that has any.

    Texts come as they are; whole and decimal numbers in the format "General" come as Excel shows them; dates, and
    numbers shown otherwise (1.50, 5 %), stay what they are, for what was meant is not in the file. Raises UsageError
    without openpyxl, and SourceUnreadable.
    """
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise UsageError(
            _("Reading Excel files needs a library that is not installed."),
            _("Install it with: pip install 'bailian-wizard[excel]'"),
        ) from error
    with _guarded(file):
        _within_caps(stream, file)
        book = load_workbook(stream, read_only=True, data_only=True)
    try:
        with _guarded(file):
            counted = [(sheet, count) for sheet in book.worksheets if (count := _rows_of(sheet))]
        chosen = _chosen(counted, wanted, file)
        if len(counted) > 1 and not wanted:
            others = enumerated(sheet.title for sheet, _count in counted if sheet is not chosen)
            yield OTHER_SHEETS.at(Where(file, 0), sheet=chosen.title, others=others)
        lines = enumerate(chosen.iter_rows(), 1) if chosen is not None else iter(())
        while True:
            with _guarded(file):
                page = [(number, _cells(row)) for number, row in islice(lines, _AT_A_TIME)]
            if not page:
                return
            yield from ((number, cells) for number, cells in page if cells)
    finally:
        book.close()


def sheets(stream: IO[bytes], file: str) -> tuple[str, ...]:
    """The names of the sheets with rows below a header, where the first sheet has none and there are several; else none.

    Raises as ``rows``.
    """
    from openpyxl import load_workbook

    with _guarded(file):
        _within_caps(stream, file)
        book = load_workbook(stream, read_only=True, data_only=True)
        try:
            first, *others = [(sheet.title, _rows_of(sheet)) for sheet in book.worksheets]
        finally:
            book.close()
    named = tuple(title for title, count in others if count >= _WITH_HEADER)
    return named if first[1] < _WITH_HEADER and len(named) > 1 else ()


def _chosen(counted: list[tuple[Any, int]], wanted: str, file: str) -> Any:
    """The sheet that is read, None where none has rows."""
    if not wanted:
        full = (sheet for sheet, count in counted if count >= _WITH_HEADER)
        return next(full, counted[0][0] if counted else None)
    for sheet, _count in counted:
        if sheet.title == wanted:
            return sheet
    raise UsageError(
        _("{path} has no sheet “{name}” with rows.").format(path=file, name=wanted),
        _("Its sheets are: {names}.").format(
            names=enumerated(sheet.title for sheet, _count in counted) or "–"
        ),
    )


def _rows_of(sheet: Any) -> int:
    """How many rows a sheet has, as far as it matters: none, one, or more."""
    if not hasattr(sheet, "iter_rows"):
        return 0  # a sheet that is a chart
    sheet.reset_dimensions()  # what a file says of its size is often wrong
    full = (row for row in islice(sheet.iter_rows(), _AT_A_TIME) if _cells(row))
    return sum(1 for _row in islice(full, _WITH_HEADER))


def _cells(row: tuple[Any, ...]) -> list[Any]:
    """The values without blank cells at the end; empty where all are."""
    values = [_value(cell) for cell in row[:_COLUMN_LIMIT]]
    while values and values[-1] in (None, ""):
        values.pop()
    return values


def _value(cell: Any) -> Any:
    value = cell.value
    if value is None or type(value) is str:
        return CellFault(str(value)) if cell.data_type == "e" else value
    if type(value) is bool:
        return value
    if isinstance(value, int | float) and cell.number_format in _AS_TYPED:
        return str(int(value)) if value == value // 1 and abs(value) < 1e15 else repr(value)  # noqa: PLR2004
    return Formatted(value) if isinstance(value, int | float) else value


def _within_caps(stream: IO[bytes], file: str) -> None:
    with zipfile.ZipFile(stream) as whole:
        infos = whole.infolist()
        if len(infos) > _MANY:
            raise zipfile.BadZipFile
        for info in infos:
            within_caps(file, info.compress_size, info.file_size)
            if info.filename.endswith("sharedStrings.xml") and info.file_size > _MEMORY_LIMIT:
                raise SourceUnreadable(
                    _("{path} is too large for a spreadsheet to be read.").format(path=file),
                    _("Save it as CSV (UTF-8)."),
                )
    stream.seek(0)


@contextmanager
def _guarded(file: str) -> Iterator[None]:
    """The block's errors, of whatever kind the library lets through, become SourceUnreadable; its warnings go."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (SourceUnreadable, UsageError):
        raise
    except Exception as error:
        raise SourceUnreadable(
            _("{path} can't be read as an Excel file: {reason}.").format(
                path=file, reason=str(error) or type(error).__name__
            ),
            _("Open it in Excel and save it again as .xlsx, or as CSV (UTF-8)."),
        ) from error
