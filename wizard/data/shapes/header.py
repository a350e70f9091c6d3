"""The names of a table's columns: whether its first row holds them, and what they are where it doesn't."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from wizard.data.shapes.plan import LABELS, plan

_NAME_LIMIT = 40
_LETTERS = frozenset("ABCDEFGHIJabcdefghij")
_MOST_OPTIONS = 10
_LEAST_CELLS = 4
_SENTENCE = re.compile("[？?。！!，,；;：:…]")
_LABEL = re.compile(r"[+-]?[0-9][0-9.,:/-]*|[（(]?[A-Ja-j][)）.]?")


def is_header(rows: Sequence[Sequence[Any]], named: Collection[str]) -> bool | None:
    """Whether the first of a table's first ``rows`` holds names; None: it may, or be a row like the others.

    ``named`` are columns that the user speaks of.
    """
    if not rows:
        return True
    cells = ["" if cell is None else cell for cell in rows[0]]
    if any(cell in named for cell in cells if isinstance(cell, str)):
        return True
    if any(type(cell) is not str for cell in cells):
        return False
    if plan(tuple(names(cells))).shape:
        return True
    if _is_choice(rows):
        return False
    filled = [cell.strip() for cell in cells if cell.strip()]
    possible = (
        len(filled) >= len(cells) - (not cells[0].strip())
        and len(set(filled)) == len(filled)
        and all(len(cell) <= _NAME_LIMIT and not cell.replace(".", "").isdigit() for cell in filled)
    )
    return possible and (not rows[1:] or _stands_out(cells, rows[1:]) or None)


def _stands_out(first: Sequence[Any], rest: Sequence[Sequence[Any]]) -> bool:
    """Whether cells of the ``first`` row are of another kind than all those below them, as names are."""
    sentences = any(_SENTENCE.search(str(cell)) for cell in first)
    for at, name in enumerate(first):
        below = [str(row[at]).strip() for row in rest if at < len(row) and row[at] not in (None, "")]
        if not below or not name.strip():
            continue
        if not _LABEL.fullmatch(name.strip()) and all(map(_LABEL.fullmatch, below)):
            return True
        if name.isascii() and not any(map(str.isascii, below)):
            return True
        if not sentences and len(name.strip()) * 2 <= min(map(len, below)):
            return True
    return False


def names(cells: Sequence[Any]) -> list[str]:
    """The names that a row of them gives; a column without one is called ``column 1``, ``column 2``… by its place."""
    found = ["" if cell is None else str(cell).strip() for cell in cells]
    return [name or f"column {at}" for at, name in enumerate(found, 1)]


def numbered(rows: Sequence[Sequence[Any]], *, plainly: bool) -> list[str]:
    """The names of columns that have none: by their place, or a question's where every row ends in a letter.

    MMLU's files are such: question, four options, the letter of the right one.
    """
    if not plainly and _is_choice(rows):
        return ["question", *LABELS[: len(rows[0]) - 2], "answer"]
    return [f"column {at}" for at in range(1, max(map(len, rows), default=0) + 1)]


def _is_choice(rows: Sequence[Sequence[Any]]) -> bool:
    width = len(rows[0])
    return _LEAST_CELLS <= width <= _MOST_OPTIONS + 2 and all(
        len(row) == width and isinstance(row[-1], str) and row[-1].strip() in _LETTERS for row in rows
    )
