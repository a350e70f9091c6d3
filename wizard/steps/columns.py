"""Which column of the user's file means what: asked where the names don't tell, and always open to ``--set``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.engine.step import Answer, Choice, Facts, Field
from wizard.engine.view import Table, Text, View
from wizard.locale import _
from wizard.steps.help import COLUMN, about

if TYPE_CHECKING:
    from wizard.data.readers import Recognised

PREFIX = "dataset.columns."
SHEET = f"{PREFIX}sheet"
NONE = "-"
EACH = "+"  # each option has its own column
ROWS = 3  # a page
LEAST_OPTIONS = 2


def chosen(facts: Mapping[str, Any]) -> dict[str, str]:
    """Meaning -> column, of those that were answered."""
    return {
        key.removeprefix(PREFIX): str(value)
        for key, value in facts.items()
        if key.startswith(PREFIX) and value not in (None, "", NONE, EACH)
    }


def named(meanings: Mapping[str, str]) -> set[str]:
    """The columns that ``meanings`` names."""
    from wizard.data.shapes.plan import ABOUT_FILE

    return {column for meaning, column in meanings.items() if meaning not in ABOUT_FILE}


def fields(file: Path, found: Recognised, facts: Facts) -> Sequence[Field]:
    """Question, answer and options are asked where ``found`` knows no shape; every other meaning is quiet."""
    from wizard.data.shapes.plan import ABOUT_FILE, MEANINGS

    asked = {"question", "answer", "options"} if not found.shape else set()
    about_file = {name: value for name, value in chosen(facts).items() if name in ABOUT_FILE}
    wanted = [name for name in ("question", "answer", "options") if name in asked]
    each = _options(found, facts) if asked and facts.get(f"{PREFIX}options") == EACH else []
    asked |= {field.key.removeprefix(PREFIX) for field in each}
    quiet = [name for name in (*MEANINGS, *ABOUT_FILE) if name not in asked and f"{PREFIX}{name}" in facts]
    return [
        *(_asked(name, file, found, about_file if name == wanted[0] else None) for name in wanted),
        *each,
        *(
            _quiet(name, found)
            for name in (*(found.guess if not found.shape else ()), *quiet)
            if name not in asked
        ),
    ]


def answers() -> tuple[Answer, ...]:
    """One for each meaning that a column can have, and for what can be said of the file."""
    from wizard.data.shapes.plan import ABOUT_FILE, MEANINGS

    return tuple(answer(name) for name in (*MEANINGS, *ABOUT_FILE))


def answer(meaning: str) -> Answer:
    """The answer which column has ``meaning``: not in the plan, since the bytes that are sent follow from it."""
    values = {"header": ["yes", "no"], "counting": ["0", "1"]}
    return Answer(
        key=PREFIX + meaning,
        kind="text",
        name=lambda: _("Column: {meaning}").format(meaning=meaning),
        help=lambda: about(SHEET if meaning == "sheet" else COLUMN),
        optional=True,
        schema=lambda: {"enum": values[meaning]} if meaning in values else {},
        in_plan=False,
    )


def _options(found: Recognised, facts: Facts) -> list[Field]:
    """Which column is option A, which B and so on, until there is no further one; no column is two things."""
    from wizard.data.shapes.plan import LABELS

    fields: list[Field] = []
    taken = [facts.get(f"{PREFIX}{name}") for name in ("question", "answer")]
    for number, letter in enumerate(LABELS):
        free = [column for column in found.fields if column.name not in taken]
        choices = [Choice(column.name, column.name, " | ".join(column.samples)) for column in free]
        if number >= LEAST_OPTIONS:
            choices.append(Choice(NONE, _("There is no further option")))
        if not choices:
            break
        fields.append(
            answer(letter).ask(
                kind="choice",
                optional=False,
                label=_("Which column has option {letter}?").format(letter=letter),
                default=found.guess.get(letter, choices[0].value),
                choices=tuple(choices),
                needs=("dataset.source", "dataset.file", SHEET, f"{PREFIX}options"),
            )
        )
        if (column_of := facts.get(f"{PREFIX}{letter}")) in (None, NONE):
            break
        taken.append(column_of)
    return fields


def sheet(names: Sequence[str]) -> Field:
    """Which sheet of a workbook is read, where its first has no rows."""
    return answer("sheet").ask(
        kind="choice",
        optional=False,
        label=_("The first sheet has no rows. Which sheet shall be read?"),
        default=names[0],
        choices=tuple(Choice(name, name) for name in names),
        needs=("dataset.source", "dataset.file"),
    )


def _asked(name: str, file: Path, found: Recognised, about_file: Mapping[str, str] | None) -> Field:
    """``about_file``: what is known of the file as a whole, for the first question, which shows its rows."""
    labels = {
        "question": _("Which column has the question?"),
        "answer": _("Which column has the answer?"),
        "options": _("Which column has the options?"),
    }
    choices = [Choice(column.name, column.name, " | ".join(column.samples)) for column in found.fields]
    if name == "options":
        choices += [
            Choice(NONE, _("There are no options")),
            Choice(EACH, _("Each option has a column of its own (named next)")),
        ]
    default = found.guess.get(name, NONE if name == "options" else None)
    return answer(name).ask(
        kind="choice",
        optional=False,
        label=labels[name],
        default=default if default is not None or not choices else choices[0].value,
        choices=tuple(choices),
        needs=("dataset.source", "dataset.file", SHEET),
        browse=None if about_file is None else lambda page: _columns_shown(file, about_file, page),
    )


def _quiet(name: str, found: Recognised) -> Field:
    return answer(name).ask(
        label=_("Which column is {meaning}?").format(meaning=name),
        default=found.guess.get(name),
        needs=("dataset.source", "dataset.file"),
        quiet=True,
    )


def _columns_shown(file: Path, about_file: Mapping[str, str], page: int) -> View | None:
    from wizard.data.readers import page as page_of

    columns = page_of(file, about_file, skip=page * ROWS, count=ROWS)
    if not columns:
        return None
    rows = tuple((column.name, " | ".join(column.samples)) for column in columns)
    told = file.name
    if "sheet" in about_file:
        told = _("{name}, sheet “{sheet}”").format(name=told, sheet=about_file["sheet"])
    return View(
        (
            Text(
                _("{name}: what its columns are can't be told from here; please say it.").format(name=told),
                "warn",
            ),
            Table((_("Column"), _("Values")), rows),
        )
    )
