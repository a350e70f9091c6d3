"""One file of rows: what its beginning tells of all of it, and its rows one by one with what each means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from wizard.data.files.catalog import the_one_in
from wizard.data.files.container import Container
from wizard.data.files.pages import EMPTY_FILE
from wizard.data.findings import Finding, Rule, quoted
from wizard.data.record import Record, Where
from wizard.data.shapes.choice import counted
from wizard.data.shapes.contents import Contents, contents
from wizard.data.shapes.guess import guessed
from wizard.data.shapes.plan import ABOUT_FILE, MEANINGS, NO_COLUMN, Given, likely, listed, named, plan
from wizard.data.shapes.understand import Outcome, Reading, decode, meaning, understand
from wizard.errors import UsageError
from wizard.locale import N_, _, enumerated

HEADER_UNCLEAR = Rule(
    "HEADER_UNCLEAR",
    "error",
    N_("The first row may hold the columns' names, or be a row like the others: {cells}"),
    N_("Say which: --columns header=yes for names, --columns header=no for a row."),
    why=N_(
        "Taken for names, a row would be missing from the training; taken for a row, the names would be trained."
    ),
    bad=("rose,flower\noak,tree\n"),
    good=("instruction,output\nrose,flower\noak,tree\n"),
    name="rows.csv",
)
INDEX_COUNTED = Rule(
    "INDEX_COUNTED",
    "warning",
    N_("The answers are numbers; the options are counted from {base}: {why}."),
    N_("If that is wrong, say it with dataset.columns.counting=0 or =1."),
    why=N_(
        "Counted from the wrong number, every answer would be shifted by one option. So it is told how they were counted."
    ),
    bad='{"question": "2 + 3 = ?", "options": ["5", "6"], "answer": 0}',
    good='{"question": "2 + 3 = ?", "options": ["5", "6"], "answer": "A"}',
)


Columns: TypeAlias = Mapping[str, str] | None
"""Meaning -> column, as the user gave them; None: told from the columns' names."""

_AT_BEGINNING = 200
_SAMPLES = 3
_GUESSED_FROM = 20
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Column:
    """A column, or a field of rows in JSON, with its first values that aren't blank."""

    name: str
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a file is, as far as its beginning tells."""

    container: Container
    """``jsonl``, ``json`` (an array, or values over several lines), ``csv``, ``tsv``, ``xlsx``, ``parquet``."""
    encoding: str
    """``utf-8``, ``utf-8-sig``, ``utf-16-le``, ``utf-16-be``, ``gb18030``, ``utf-32`` (not read); "" for what is no text."""
    shape: str
    """What most rows are: choice, messages, conversations, alpaca, prompt, query, pair, preference, text; "" unknown."""
    fields: tuple[Column, ...]
    guess: Mapping[str, str]
    """Meaning -> column; where the shape is "", it is only a guess that the user must confirm."""
    packed: bool = False
    """Whether it is packed with gzip."""
    header: bool | None = True
    """Whether a table's first row holds the columns' names; None: it may, or be a row."""
    sure: frozenset[str] = frozenset()
    """The meanings in ``guess`` that the columns' names tell."""
    clear: frozenset[str] = frozenset()
    """The meanings in ``guess`` for which no other column would do."""


class Source:
    """A file of rows, by its path.

    JSON Lines, a JSON array, CSV, TSV, .xlsx or Parquet, each also packed with gzip, a file inside an archive
    (``ARCHIVE.zip/MEMBER``), or an archive or folder with one file of rows. ``columns`` says which column means what
    ({"question": "stem", "A": "first", …}; see ``plan.MEANINGS``); without it, the names tell.
    """

    def __init__(self, path: Path, columns: Columns = None) -> None:
        """Raises UsageError for meanings that there aren't, SourceUnreadable where a folder or archive holds several files."""
        given = dict(columns or {})
        for name in given:
            if name not in (*MEANINGS, *ABOUT_FILE):
                raise UsageError(
                    _("A column can't mean “{name}”.").format(name=name),
                    _("The meanings are: {names}.").format(names=enumerated((*MEANINGS, *ABOUT_FILE))),
                )
        for name, values in (("counting", ("0", "1")), ("header", ("yes", "no"))):
            if given.get(name, values[0]) not in values:
                raise UsageError(_("“{name}” must be {values}.").format(name=name, values=" / ".join(values)))
        self.path = the_one_in(path)
        self.file = str(self.path)
        self._counting = int(given.pop("counting")) if "counting" in given else None
        self._sheet = given.pop("sheet", "")
        self._header = {"yes": True, "no": False, None: None}[given.pop("header", None)]
        self._columns: Given = tuple(given.items())
        self._named = named(given)
        _refuse_twice(given)

    def read(self) -> Iterator[Record | Finding]:
        """The records in order of their lines, and a finding for all that is none.

        A row gives either one record or at least one error; blank lines are passed over, and count as lines. Raises
        SourceUnreadable, and UsageError for columns that there aren't, or where a library that the format needs is
        not installed.
        """
        for _line, _original, outcome in self.outcomes():
            if isinstance(outcome, tuple):
                yield from outcome
            else:
                yield outcome

    def outcomes(self, *, whole: bool = True) -> Iterator[tuple[int, object, Outcome]]:
        """(line, the row as it is, what it means) for each row; findings about the file come with None as their row.

        The row as it is: bytes where the file is JSON, a dict of cells elsewhere. Where answers are numbers, all of the
        file is looked at first to see where they count from; not so where ``whole`` is False, which is for previews.
        Raises as ``read``.
        """
        known, said = self._known(whole=whole)
        began = False
        with self._open() as file:
            for found in (*file.about(), *said):
                began = began or found.severity == "error"
                yield found.where.line, None, (found,)
            if any(found.code == "HEADER_UNCLEAR" for found in said):
                return
            for number, row in file.rows():
                if isinstance(row, bytes):
                    outcome = understand(row, self.file, number, known)
                    if outcome != ():
                        began = True
                        yield number, row, outcome
                elif isinstance(row, Finding):
                    began = began or row.severity == "error"
                    yield number, None, (row,)
                else:
                    began = True
                    planned = plan(tuple(row), known.columns)
                    yield number, row, meaning(row, Where(self.file, number), planned, known)
        if not began:
            yield 0, None, (EMPTY_FILE.at(Where(self.file, 0)),)

    def reading(self) -> tuple[Reading, tuple[Finding, ...]]:
        """What is known before the rows are looked at one by one, and findings that say how where that isn't obvious."""
        known, said = self._known()
        return known, tuple(said)

    def recognise(self) -> Recognised:
        """What the file is, as far as its beginning tells."""
        values: dict[str, list[object]] = {}
        shapes: dict[str, int] = {}
        guesses: dict[str, Mapping[str, str]] = {}
        with self._open() as file:
            for _line, row in _beginning(file):
                planned = plan(tuple(row), self._columns)
                if not planned.shape and isinstance(row.get("metadata"), dict):
                    planned = plan(tuple(row["metadata"]))  # as rows.meaning looks into it
                shapes[planned.shape] = shapes.get(planned.shape, 0) + 1
                if len(planned.meanings) > len(guesses.get(planned.shape, {})):
                    guesses[planned.shape] = planned.meanings
                for name, value in row.items():
                    seen = values.setdefault(name, [])
                    if len(seen) < _GUESSED_FROM and value not in (None, ""):
                        seen.append(value)
            shape = max(shapes, key=lambda one: shapes[one]) if shapes else ""
            if shape == "choice" and not self._columns and "question" not in guesses[shape]:
                shape, guesses[""] = "", likely(tuple(values))
            fields = tuple(
                Column(name, tuple(_shown(value) for value in seen[:_SAMPLES]))
                for name, seen in values.items()
            )
            by_names = guesses.get(shape, {})
            guess, clear = (by_names, frozenset(by_names)) if shape else guessed(values, by_names)
            return Recognised(
                file.container,
                file.encoding,
                shape,
                fields,
                guess,
                file.packed,
                None if file.doubtful else file.header is not False,
                frozenset(by_names),
                clear,
            )

    def page(self, skip: int, count: int) -> tuple[Column, ...]:
        """The columns with their values in ``count`` rows after ``skip`` rows; empty behind the last row."""
        with self._open() as file:
            rows = [row for _line, row in islice(_decoded(file), skip, skip + count)]
        names = dict.fromkeys(name for row in rows for name in row)
        return tuple(
            Column(name, tuple(_shown(row[name]) for row in rows if row.get(name) not in (None, "")))
            for name in names
        )

    def sheets(self) -> tuple[str, ...]:
        """The sheets to choose from, of a workbook whose first sheet has no rows."""
        with self._open() as file:
            return file.sheets()

    def _open(self) -> AbstractContextManager[Contents]:
        return contents(self.path, with_header=self._header, named=self._named, sheet=self._sheet)

    def _known(self, *, whole: bool = True) -> tuple[Reading, list[Finding]]:
        known = Reading(self._columns, self._counting)
        names: dict[str, None] = {}
        numbered = rows = cop = 0
        with self._open() as file:
            for _line, row in _beginning(file):
                rows += 1
                names |= dict.fromkeys(row)
                planned = plan(tuple(row), self._columns)
                if self._counting is None and planned.shape == "choice" and counted(row, planned) is not None:
                    numbered += 1
                    cop += "cop" in planned.answers
            if file.doubtful:
                cells = quoted(" | ".join(names))
                return known, [HEADER_UNCLEAR.at(Where(self.file, 0), cells=cells)]
        wanted = [
            one
            for meaning, column in self._columns
            for one in ((column,) if meaning != "options" or column in names else listed(column))
        ]
        missing = next((one for one in wanted if one not in names and one != NO_COLUMN), None)
        if missing is not None and rows:
            raise UsageError(
                _("{path} has no column “{name}”.").format(path=self.path, name=missing),
                _("Its columns are: {names}.").format(names=enumerated(names) or "–"),
            )
        return (
            self._count(known, cop=cop == numbered, limit=None if whole else _AT_BEGINNING * 10)
            if numbered
            else (known, [])
        )

    def _count(self, known: Reading, *, cop: bool, limit: int | None) -> tuple[Reading, list[Finding]]:
        """Where the options are counted from, by every row whose answer is a number, and the finding that says it."""
        bases, line = {0, 1}, 0
        with self._open() as file:
            for number, row in _decoded(file, limit):
                planned = plan(tuple(row), known.columns)
                said = counted(row, planned) if planned.shape == "choice" else None
                if said is not None and not bases <= said:
                    line, bases = number, bases & said
        if not bases:  # the rows contradict each other: each is an error of its own
            return known, []
        if len(bases) == 1:
            why = _("line {line} leaves no other possibility").format(line=line)
        elif cop:
            bases, why = {1}, _("so MedMCQA describes its field “cop”; no row proves it")
        else:
            return known, []
        base = bases.pop()
        found = INDEX_COUNTED.at(Where(self.file, 0), base=base, why=why)
        return msgspec.structs.replace(known, counting=base), [found]


def _refuse_twice(given: Mapping[str, str]) -> None:
    """Raise UsageError where one column is to be two things."""
    seen: dict[str, str] = {}
    for name, column in given.items():
        for one in listed(column) if name == "options" else (column,):
            if one in seen and one != NO_COLUMN:
                raise UsageError(
                    _("The column “{name}” can't be both {first} and {second}.").format(
                        name=one, first=seen[one], second=name
                    )
                )
            seen[one] = name


def _beginning(file: Contents) -> Iterator[tuple[int, dict[str, Any]]]:
    return islice(_decoded(file, _AT_BEGINNING * 10), _AT_BEGINNING)


def _decoded(file: Contents, limit: int | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows as cells by column; what isn't one is passed over, and named when the rows are read."""
    for number, row in islice(file.rows(), limit):
        if isinstance(row, bytes):
            try:
                value = decode(row)
            except (ValueError, RecursionError):
                continue
            if type(value) is dict:
                yield number, value
        elif isinstance(row, dict):
            yield number, row


def _shown(value: object) -> str:
    words = value if isinstance(value, str) else msgspec.json.encode(value, enc_hook=str).decode()
    return "".join([char if char.isprintable() else " " for char in words[:_SHOWN]])
