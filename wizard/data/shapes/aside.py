"""What of a table is no row, and what is odd about the cells of one, whatever they mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from wizard.data.findings import Finding, Rule, quoted
from wizard.data.record import Where
from wizard.locale import N_

TITLE_ROWS = Rule(
    "TITLE_ROWS",
    "warning",
    N_("{count} rows above the columns' names were passed over: “{cells}”."),
    N_("Nothing to do, if they are titles or notes."),
    why=N_("Titles above a table are no rows of it. Whatever stands there is not sent, so it is said."),
    bad=("Our question bank,,,\nquestion,A,B,answer\n2 + 3 = ?,5,6,A\n"),
    good=("question,A,B,answer\n2 + 3 = ?,5,6,A\n"),
    name="rows.csv",
)
HEADER_AGAIN = Rule(
    "HEADER_AGAIN",
    "warning",
    N_("The row holds the columns' names once more, and was passed over."),
    N_("Nothing to do; where the names are in another order, the rows below it are read in that order."),
    why=N_(
        "Tables that were put one behind the other bring their names along. Trained as a row, they would be a question like any other."
    ),
    bad=("question,A,B,answer\n2 + 3 = ?,5,6,A\nquestion,A,B,answer\n3 + 4 = ?,6,7,B\n"),
    good=("question,A,B,answer\n2 + 3 = ?,5,6,A\n3 + 4 = ?,6,7,B\n"),
    name="rows.csv",
)
SECOND_TABLE = Rule(
    "SECOND_TABLE",
    "error",
    N_(
        "Another table seems to begin here, with names of its own: “{cells}”. It is not read ({count} rows below its names)."
    ),
    N_(
        "Move it to a file of its own, or to a sheet of its own. If it is a row like the others, remove the blank line above it."
    ),
    why=N_(
        "Each column has one name for all of its rows. Read under the first table's names, the rows of a list of other things would be trained as questions and answers."
    ),
    bad=("question,answer\nWhat is 2 + 3?,It is five.\nWhat is 3 + 4?,It is seven.\n\ntown,post\nYork,YO1\n"),
    good=("question,answer\nWhat is 2 + 3?,It is five.\nWhat is 3 + 4?,It is seven.\n"),
    name="rows.csv",
)
NOT_A_ROW = Rule(
    "NOT_A_ROW",
    "warning",
    N_("This is an example, a sum, a title or a note, and was passed over: “{cells}”."),
    N_("If it is a row after all, write it otherwise."),
    why=N_(
        "Templates come with an example row, and tables end with a sum or with who made them. None of these is to be learned."
    ),
    bad=("question,A,B,answer\n2 + 3 = ?,5,6,A\nTotal,1,,\n"),
    good=("question,A,B,answer\n2 + 3 = ?,5,6,A\n"),
    name="rows.csv",
)
SWALLOWED = Rule(
    "SWALLOWED",
    "warning",
    N_(
        "A cell of this row holds {count} lines that look like rows: a quote may have opened in it by mistake."
    ),
    N_("Look at the row; a quote inside a cell is written twice, within quotes around the cell."),
    why=N_(
        "From an open quote to the next one all is one cell. Rows between them are then part of an answer, and missing as rows."
    ),
    bad=('question,A,B,answer\n2 + 3 = ?,"5,6,A\n3 + 4 = ?,6,7,B\n4 + 4 = ?,8,9,A\n5 + 4 = ?,8,9",1,B\n'),
    good=("question,A,B,answer\n2 + 3 = ?,5,6,A\n3 + 4 = ?,6,7,B\n4 + 4 = ?,8,9,A\n"),
    name="rows.csv",
)
SPREADSHEET_TEXT = Rule(
    "SPREADSHEET_TEXT",
    "warning",
    N_("“{cell}” is what a spreadsheet made of a text or a long number."),
    N_("Set the column's format to text, enter the values again, and save the file once more."),
    why=N_(
        "Spreadsheets shorten long numbers, and mark texts with an apostrophe or an equals sign. Trained so, the model would answer with it."
    ),
    bad=("question,answer\nWhich number shall I call?,1.38E+10\n"),
    good=("question,answer\nWhich number shall I call?,13800000000\n"),
    name="rows.csv",
)


_SHORTENED = re.compile(r"[-+]?\d(?:\.\d+)?E[+-]?\d{1,3}|'[-+=@\d].*|=\"[^\"]*\"", re.DOTALL)
_FEW_COLUMNS = 2
_LINE = 200


def shown(cells: Sequence[Any]) -> str:
    """The cells that aren't blank, for a sentence."""
    return quoted(" | ".join(str(cell) for cell in cells if cell not in (None, "")))


def titles(rows: Sequence[tuple[int, list[Any]]], file: str) -> Finding:
    """The finding for the rows above the columns' names."""
    cells = [cell for _number, row in rows for cell in row]
    return TITLE_ROWS.at(Where(file, rows[0][0]), count=len(rows), cells=shown(cells))


def odd(cells: Sequence[Any], width: int, delimiter: str, where: Where) -> Iterator[Finding]:
    """What may be wrong with a row's cells; ``delimiter``: of a text, between its ``width`` columns."""
    for cell in cells:
        if type(cell) is not str or not cell:
            continue
        if cell[0] in "'=-+0123456789" and len(cell) < _LINE and _SHORTENED.fullmatch(cell):
            yield SPREADSHEET_TEXT.at(where, cell=quoted(cell))
            return
        if delimiter and "\n" in cell and (rows := _rows_in(cell, delimiter, width)):
            yield SWALLOWED.at(where, count=rows)
            return


def names_again(cells: list[Any], names: list[str]) -> list[str] | None:
    """The columns' names, in the order in which a row has them once more; None where it is another row."""
    first = cells[0] if cells else None
    if type(first) is not str or first.strip("\ufeff ") not in names:
        return None
    found = [str(cell or "").strip("\ufeff \t") for cell in cells]
    found += [""] * (len(names) - len(found))
    told = [name or f"column {at}" for at, name in enumerate(found[: len(names)], 1)]
    filled = [name for name in found if name]
    return (
        told
        if len(filled) >= _FEW_COLUMNS and sorted(told) == sorted(names) and not any(found[len(names) :])
        else None
    )


def _rows_in(cell: str, delimiter: str, width: int) -> int:
    """How many lines inside a cell look like rows of the table; 0 where one alone does by chance."""
    inside = cell.split("\n")
    full = sum(line.count(delimiter) == width - 1 for line in inside[1:-1])
    tabs = sum(line.count(delimiter) for line in inside) if delimiter == "\t" else 0
    return (
        max(full, 1)
        if width > 1 and ((full > 1 and full == len(inside) - 2) or (full and width > _FEW_COLUMNS) or tabs)
        else 0
    )
