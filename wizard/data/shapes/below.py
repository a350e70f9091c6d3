"""Whether a row of a table is one, or the names of another table that stands below the first in the same sheet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from wizard.data.shapes import header
from wizard.data.shapes.plan import NAMES_OF_QUESTIONS, Plan, plan

Kind: TypeAlias = Literal["row", "again", "other"]
"""A row; the table's own names in other words; the names of another table."""

_NAME = 12
_MANY = 3  # names, which no row holds by chance
_SEEN = 20  # rows
_SIGNS = 2  # of different kinds, that a row is of another table
_SAID = re.compile(r"[\W\d]|[吗呢吧了的啊呀嘛你您我]", re.UNICODE)
"""What stands in a text, and in no name."""


class Below:
    """Looks at the rows of one table, each after the one above it."""

    def __init__(self, names: Sequence[str], *, in_lines: bool) -> None:
        """``in_lines``: of a text, so that a row with line ends goes over several."""
        self._width = len(names)
        self._places = _places(plan(tuple(names)), names)
        self._rows: list[Sequence[Any]] = []
        self._in_lines = in_lines
        self._last: tuple[int, Sequence[Any]] | None = None
        self._apart = self._parted = False

    def kind(self, number: int, cells: Sequence[Any]) -> Kind:
        """What the next row is, which begins on line ``number``."""
        last, self._last = self._last, (number, cells)
        if last is not None and number > last[0] + 1:
            self._apart = self._apart or number > last[0] + self._height(last[1])
        if not self._apart and len(self._rows) == _SEEN and NAMES_OF_QUESTIONS.isdisjoint(cells):
            return "row"
        filled = [cell for cell in cells if cell not in (None, "")]
        if len(filled) <= 1:
            return "row"
        apart, self._apart = self._apart or not self._rows, False
        found = self._named(cells, filled, apart=apart)
        self._parted = self._parted or (apart and bool(self._rows))
        if len(self._rows) < _SEEN:
            self._rows.append(cells)
        return found

    def _height(self, cells: Sequence[Any]) -> int:
        return 1 + (sum(str(cell).count("\n") for cell in cells) if self._in_lines else 0)

    def _named(self, cells: Sequence[Any], filled: list[Any], *, apart: bool) -> Kind:
        if any(type(cell) is not str or len(cell) > _NAME for cell in filled) or len({*filled}) < len(filled):
            return "row"
        names = header.names(cells)
        told = plan(tuple(names))
        if {"question", "instruction"} & told.meanings.keys() and {"answer", "output"} & told.meanings.keys():
            alike = _places(told, names) == self._places
            if apart or (len(filled) == len(cells) - len(told.extra) and (alike or len(filled) >= _MANY)):
                if self._rows:
                    return "again" if alike else "other"
                return "again" if alike and len(filled) == self._width else "row"  # names in two languages
            return "row"
        # Where rows stand in groups, a blank line says nothing.
        return (
            "other"
            if apart and self._rows and not self._parted and self._is_strange(cells, filled)
            else "row"
        )

    def _is_strange(self, cells: Sequence[Any], filled: list[Any]) -> bool:
        """Whether the row is of another kind than all above it, as names are: shorter, fewer, words where they have figures or letters."""
        if any(_SAID.search(cell) for cell in filled):
            return False
        signs = int(all(len(filled) < sum(cell not in (None, "") for cell in row) for row in self._rows))
        for at, name in enumerate(cells):
            above = [
                str(row[at]).strip() for row in self._rows if at < len(row) and row[at] not in (None, "")
            ]
            if above and name:
                signs += len(name) * 2 <= min(map(len, above)) or (
                    all(map(header.is_label, above)) and not header.is_label(name)
                )
        return signs >= _SIGNS


def _places(planned: Plan, names: Sequence[str]) -> dict[str, int]:
    return {meaning: names.index(column) for meaning, column in planned.meanings.items() if column in names}
