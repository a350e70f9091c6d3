"""One file of rows: the reading that its beginning gives, and its rows one by one with what each means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from wizard.data.files.catalog import the_one_in
from wizard.data.files.pages import EMPTY_FILE
from wizard.data.findings import Finding, Rule, quoted
from wizard.data.record import Record, Where
from wizard.data.shapes.choice import counted, tells_itself
from wizard.data.shapes.contents import Contents, contents
from wizard.data.shapes.guess import guessed, is_label
from wizard.data.shapes.names import blank, plain_name
from wizard.data.shapes.plan import ABOUT_FILE, IGNORE, MEANINGS, NO_COLUMN, Plan, likely, listed, named, plan
from wizard.data.shapes.reading import HEADERS, Answer, Column, Reading
from wizard.data.shapes.understand import Outcome, meaning, row_in, seen, understand
from wizard.errors import UsageError
from wizard.local.harmless import in_a_line
from wizard.locale import N_, _, enumerated

CONTEXT_ABOVE = Rule(
    "CONTEXT_ABOVE",
    "warning",
    N_("“{field}” is empty here, but not in a row above."),
    N_("If the row belongs to what stands there, copy it into this row, too."),
    why=N_(
        "Each row is trained by itself. A question about a passage that stands only in the first of its rows would be trained without it."
    ),
    bad="passage,question,answer\nAnn has a red hat.,Who has a hat?,Ann.\n,What colour is it?,Red.\n",
    good="passage,question,answer\nAnn has a red hat.,Who has a hat?,Ann.\nAnn has a red hat.,What colour is it?,Red.\n",
    name="rows.csv",
)

if TYPE_CHECKING:
    from wizard.data.shapes.talk import Found

Columns: TypeAlias = Mapping[str, str] | None
"""Meaning -> column, as the user gave them; None: told from the columns' names."""

_AT_BEGINNING = 200
_SAMPLES = 3
_GUESSED_FROM = 20
_SHOWN = 80
_WHOLE = frozenset({"choice", "messages", "preference"})
"""Shapes whose rows are neither parts of conversations nor texts that hold some."""
_ANSWERED = frozenset({"pair", "alpaca", "prompt", "query"})
_AGREEING = 2
_AGREEING_BESIDE_ONE = 3
_OUTNUMBERED = 10
_CHANCE = 4


class Source:
    """A file of rows, by its path.

    JSON Lines, a JSON array, CSV, TSV, .xlsx or Parquet, each also packed with gzip, a file inside an archive
    (``ARCHIVE.zip/MEMBER``), or an archive or folder with one file of rows. ``columns`` says which column means what
    ({"question": "stem", "A": "first", …}; see ``plan.MEANINGS``); without it, the names tell.
    """

    def __init__(self, path: Path, columns: Columns = None, reading: Reading | None = None) -> None:
        """``reading``: of this very file, where it is known; it says what ``columns`` said.

        Raises UsageError for meanings that there aren't, SourceUnreadable where a folder or archive holds several files.
        """
        self.path = the_one_in(path)
        self.file = str(self.path)
        self._whole = reading
        self._begun: Reading | None = None
        if reading is not None:
            self._given, self._sheet, self._header = reading.columns, reading.sheet, reading.header
            self._counting, self._assistant = reading.counting, reading.assistant
        else:
            given = dict(columns or {})
            _refuse(given)
            self._counting = int(given.pop("counting")) if "counting" in given else None
            self._sheet = given.pop("sheet", "")
            self._assistant = listed(given.pop("assistant", ""))
            self._header = HEADERS[given.pop("header", None)]
            self._given = tuple(given.items())
        self._said = {name: column for name, column in self._given if name != IGNORE}

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
        known = self.reading(whole=whole)
        began = False
        with self._open() as file:
            for found in (*file.about(), *known.said(self.file)):
                began = began or found.severity == "error"
                yield found.where.line, None, (found,)
            if not known.whole:
                return
            if known.grouped:
                from wizard.data.shapes.gathering import conversations

                yield from conversations(file.rows(), self.file, known)
                return
            above = False
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
                    above, without = _without_context(row, plan(tuple(row), known.columns).contexts, above)
                    if without:
                        yield (
                            number,
                            None,
                            (CONTEXT_ABOVE.at(Where(self.file, number), field=quoted(without)),),
                        )
                    yield number, row, meaning(row, Where(self.file, number), known)
        if not began:
            yield 0, None, (EMPTY_FILE.at(Where(self.file, 0)),)

    def reading(self, *, whole: bool = True) -> Reading:
        """What is understood of the file, made once; reads its beginning, and all of it only where answers are numbers.

        Not so where ``whole`` is False, which is for previews. Raises as ``read``.
        """
        if self._whole is not None:
            return self._whole
        if self._begun is None:
            self._begun = self._from_beginning()
        if self._begun.grouped and self._begun.whole:
            return self._gathered(self._begun, whole=whole)
        if "numbers" not in self._begun.answers or self._begun.counting is not None:
            self._whole = self._begun
            return self._begun
        found = self._counted(self._begun, None if whole else _AT_BEGINNING * 10)
        if whole:
            self._whole = found
        return found

    def _from_beginning(self) -> Reading:  # noqa: C901 - all that one look at the beginning tells
        values: dict[str, list[object]] = {}
        shapes: Counter[str] = Counter()
        guesses: dict[str, Mapping[str, str]] = {}
        answers: set[Answer] = set()
        open_: set[str] = set()  # meanings that several columns could have
        used: set[str] = set()
        answered_by: tuple[str, ...] = ()
        answered = False
        some: list[dict[str, Any]] = []
        inside: Counter[str] = Counter()
        with self._open() as file:
            for _line, row in _beginning(file):
                cells, planned = seen(row, self._given)
                told = row if self._given else cells
                used |= {*planned.meanings.values(), *planned.answers, *planned.contexts, *planned.wrong}
                if planned.rivals:
                    open_.update(
                        "answer" if one in ("answer", "output") else "question"
                        for one, _each in planned.rivals
                    )
                    planned = msgspec.structs.replace(
                        planned,
                        shape="",
                        meanings={
                            name: one for name, one in likely(tuple(told)).items() if name not in open_
                        },
                    )
                shapes[planned.shape] += 1
                inside[planned.shape] += not self._said and _holds_turns(cells, planned)
                if len(planned.meanings) > len(guesses.get(planned.shape, {})):
                    guesses[planned.shape] = planned.meanings
                if planned.shape == "choice":
                    answers |= _answers_of(cells, planned)
                    answered_by = answered_by or planned.answers
                    answered = answered or "answer" in planned.meanings or tells_itself(cells, planned)
                some.append({name: _begun(value) for name, value in told.items()})
                for name, value in told.items():
                    shown = values.setdefault(name, [])
                    if len(shown) < _GUESSED_FROM and value not in (None, ""):
                        shown.append(value)
            doubtful, header = file.doubtful, file.header is not False
            container, encoding, packed = file.container, file.encoding, file.packed
        if shapes and not doubtful:
            self._refuse_missing(values)
        shape = max(shapes, key=lambda one: shapes[one]) if shapes else ""
        if shape == "choice" and not self._given and not ("question" in guesses[shape] and answered):
            shape, guesses[""] = "", likely(tuple(values))
        talk = self._talk(some, shape, guesses.get(shape, {}))
        if talk is not None:
            shape = "talk" if "content" in talk.meanings else shape
            guesses[shape] = talk.meanings
            used |= set(talk.meanings.values())
        if shapes and not doubtful:
            self._refuse_unused(used, values)
        by_names = guesses.get(shape, {})
        guess, clear = (by_names, frozenset(by_names)) if shape else guessed(values, by_names)
        return Reading(
            columns=self._given,
            counting=self._counting,
            container=container,
            encoding=encoding,
            packed=packed,
            sheet=self._sheet,
            header=None if doubtful else header,
            shape=shape,
            fields=tuple(
                Column(name, tuple(_shown(value) for value in seen[:_SAMPLES]))
                for name, seen in values.items()
            ),
            guess=dict(guess),
            sure=frozenset(by_names),
            clear=clear - open_,
            answered_by=answered_by if shape == "choice" else (),
            answers=tuple(sorted(answers)),
            assistant=self._assistant,
            inside=(inside[shape], shapes[shape]) if not _is_for_the_platform(container, values) else (0, 0),
            strangers=talk.strangers if talk is not None else (),
            thoughts=self._thoughts(values, shape),
        )

    def _thoughts(self, values: Mapping[str, list[object]], shape: str) -> str:
        """The column beside questions and their answers that holds what was thought, where nobody said what of it."""
        from wizard.data.shapes.roles import THINKING

        said = dict(self._given)
        if shape not in _ANSWERED or "thinking" in said:
            return ""
        ignored = listed(said.get(IGNORE, ""))
        thoughts = [name for name in values if plain_name(name) in THINKING and name not in ignored]
        return next((name for name in thoughts if not all(map(blank, values[name]))), "")

    def _talk(self, some: list[dict[str, Any]], shape: str, known: Mapping[str, str]) -> Found | None:
        """The columns by which rows are parts of conversations, where ``some`` of them, or any, show that they are.

        Raises UsageError where a person said that they are, and not by which columns.
        """
        if shape in _WHOLE:
            return None
        from wizard.data.shapes.roles import role_in
        from wizard.data.shapes.talk import OF_LINES, Found, exchanges_in, is_talk, messages_in

        given = self._said
        if more := exchanges_in(some, shape, known, given):
            return Found({**known, **more}, (), proven=True)
        if not given.keys() <= set(OF_LINES) or not (shape in ("", "text", "talk") or _are_ids(some, known)):
            return None
        found = messages_in(some, given, lambda word: role_in(word, self._assistant))
        if found is None and shape == "talk":
            raise UsageError(
                _("{path} can't be read as one message a row.").format(path=self.path),
                _("Say by which columns: --columns group=NAME --columns speaker=NAME --columns content=NAME"),
            )
        if found is not None and not found.proven:
            with self._open() as file:
                rows = (row for _line, row in _decoded(file))
                if not is_talk(rows, found.meanings["group"], found.meanings["speaker"]):
                    return None
        return found

    def _gathered(self, begun: Reading, *, whole: bool) -> Reading:
        """``begun`` with whether the rows of each conversation follow each other, in all of the file or in its beginning."""
        from wizard.data.shapes.gathering import lie_together

        with self._open() as file:
            rows = file.rows() if whole else islice(file.rows(), _AT_BEGINNING * 10)
            found = msgspec.structs.replace(begun, together=lie_together(rows, self.file, begun))
        if whole:
            self._whole = found
        return found

    def page(self, skip: int, count: int) -> tuple[Column, ...]:
        """The columns with their values in ``count`` rows after ``skip`` rows; empty behind the last row."""
        with self._open() as file:
            rows = [row for _line, row in islice(_decoded(file), skip, skip + count)]
        names = dict.fromkeys(name for row in rows for name in row)
        return tuple(
            Column(name, tuple(_shown(row[name]) for row in rows if row.get(name) not in (None, "")))
            for name in names
        )

    def sheets(self, *, every: bool = False) -> tuple[str, ...]:
        """The sheets to choose from, of a workbook whose first sheet has no rows; ``every``: of any workbook."""
        with self._open() as file:
            return file.sheets(every=every)

    def _open(self) -> AbstractContextManager[Contents]:
        return contents(
            self.path, with_header=self._header, named=named(dict(self._given)), sheet=self._sheet
        )

    def _refuse_missing(self, names: Mapping[str, object]) -> None:
        """Raise UsageError where the user speaks of a column that isn't among ``names``."""
        wanted = [
            one
            for meaning, column in self._given
            for one in (
                (column,) if meaning not in ("options", IGNORE) or column in names else listed(column)
            )
        ]
        missing = next((one for one in wanted if one not in names and one != NO_COLUMN), None)
        if missing is not None:
            raise UsageError(
                _("{path} has no column “{name}”.").format(path=self.path, name=in_a_line(missing)),
                _("Its columns are: {names}.").format(names=in_a_line(enumerated(names)) or "–"),
            )

    def _refuse_unused(self, used: AbstractSet[str], names: Mapping[str, object]) -> None:
        """Raise UsageError where the user gives a meaning to a column that rows like these make nothing of."""
        for name, column in self._given:
            each = (column,) if column in names else listed(column)
            if name != IGNORE and column != NO_COLUMN and not used & set(each):
                raise UsageError(
                    _(
                        "“{meaning}” means nothing in rows like those of {path}, so “{name}” would not be sent."
                    ).format(meaning=name, path=self.path, name=in_a_line(column)),
                    _(
                        "Say of each column that is to be sent what it means: question and answer, or options, or messages."
                    ),
                )

    def _counted(self, begun: Reading, limit: int | None) -> Reading:
        """``begun`` with where the options are counted from, where many of the rows whose answer is a number agree on it."""
        first: dict[int, int] = {}
        proving: Counter[int] = Counter()
        owns: set[int | None] = set()
        numbered, expected = 0, 0.0
        with self._open() as file:
            for number, row in _decoded(file, limit):
                cells, planned = seen(row, self._given)
                said = counted(cells, planned) if planned.shape == "choice" else None
                if said is None:
                    continue
                numbered += 1
                expected += 1 / said.options
                owns.add(said.own)
                if len(said.bases) == 1:
                    (base,) = said.bases
                    proving[base] += 1
                    first.setdefault(base, number)
        found = _settled(proving, expected)
        # Labels that are numbers count for themselves; beside options without, what others prove is not put on them.
        if found is None or owns == {found} or (len(owns) > 1 and not owns <= {found, None}):
            return begun  # nothing tells, or the rows contradict each other: each is an error of its own
        return msgspec.structs.replace(begun, counting=found, proof=(proving[found], numbered, first[found]))


def _without_context(row: Mapping[str, Any], contexts: tuple[str, ...], above: bool) -> tuple[bool, str]:
    """(whether a row so far had something to be about, the column that is empty in this one though it had)."""
    if not contexts:
        return above, ""
    filled = any(not blank(row.get(column)) for column in contexts)
    return above or filled, contexts[0] if above and not filled else ""


def _settled(proving: Mapping[int, int], expected: float) -> int | None:
    """From where a file counts: what some rows prove and all but a few others don't contradict; None where it isn't sure.

    ``expected``: how many rows would prove it if their answers fell on all options alike. Far fewer are slips: a 0 that
    means "none" among answers from 1 to 3.
    """
    base = max((0, 1), key=lambda one: proving.get(one, 0))
    sure, against = proving.get(base, 0), proving.get(1 - base, 0)
    # One row alone never speaks against several; more of them may be a second file that was put behind the first.
    least = {0: _AGREEING, 1: _AGREEING_BESIDE_ONE}.get(against, _OUTNUMBERED * against)
    return base if sure >= least and sure * _CHANCE >= expected else None


def _answers_of(row: Mapping[str, Any], planned: Plan) -> set[Answer]:
    """How the answer of a question with options is told, by each column that does."""
    if counted(row, planned) is not None:
        return {"numbers"}
    given = [row[column] for column in planned.answers if row.get(column) not in (None, "")]
    return {"labels" if is_label(value) else "texts" for value in given}


def _refuse(given: Mapping[str, str]) -> None:
    """Raise UsageError for a meaning that there isn't, and where one column is to be two things."""
    for name in given:
        if name not in (*MEANINGS, *ABOUT_FILE, IGNORE):
            raise UsageError(
                _("A column can't mean “{name}”.").format(name=name),
                _("The meanings are: {names}.").format(names=enumerated((*MEANINGS, *ABOUT_FILE))),
            )
    for name, values in (("counting", ("0", "1")), ("header", ("yes", "no"))):
        if given.get(name, values[0]) not in values:
            raise UsageError(_("“{name}” must be {values}.").format(name=name, values=" / ".join(values)))
    seen: dict[str, str] = {}
    for name, column in given.items():
        if name in ABOUT_FILE:
            continue
        for one in listed(column) if name in ("options", IGNORE) else (column,):
            if one in seen and one != NO_COLUMN:
                raise UsageError(
                    _("The column “{name}” can't be both {first} and {second}.").format(
                        name=in_a_line(one), first=seen[one], second=name
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
                value = row_in(row)
            except (ValueError, RecursionError):
                continue
            if type(value) is dict:
                yield number, value
        elif isinstance(row, dict):
            yield number, row


def _is_for_the_platform(container: str, values: Mapping[str, object]) -> bool:
    """Whether rows are plain texts as the platform takes them: whoever wrote them so means texts."""
    return container == "jsonl" and list(values) == ["text"]


def _holds_turns(row: Mapping[str, Any], planned: Plan) -> bool:
    if planned.shape in _WHOLE:
        return False
    from wizard.data.shapes.transcript import holds_turns

    return holds_turns(row, planned)


def _begun(value: object) -> object:
    """As much of a value as tells what it is."""
    return value[:_SHOWN] if isinstance(value, str) else value


def _are_ids(some: list[dict[str, Any]], known: Mapping[str, str]) -> bool:
    """Whether the column that would be a list of turns by its name holds numbers and short texts."""
    column = known.get("conversations", "")
    values = [row[column] for row in some if row.get(column) not in (None, "")] if column else []
    return bool(values) and all(
        isinstance(one, int | str) and not str(one).lstrip().startswith(("[", "{")) for one in values
    )


def _shown(value: object) -> str:
    words = value if isinstance(value, str) else msgspec.json.encode(value, enc_hook=str).decode()
    return "".join([char if char.isprintable() else " " for char in words[:_SHOWN]])
