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
NONE = "-"
ROWS = 3  # a page


def chosen(facts: Mapping[str, Any]) -> dict[str, str]:
    """Meaning -> column, of those that were answered."""
    return {
        key.removeprefix(PREFIX): str(value)
        for key, value in facts.items()
        if key.startswith(PREFIX) and value not in (None, "", NONE)
    }


def named(meanings: Mapping[str, str]) -> set[str]:
    """The columns that ``meanings`` names."""
    from wizard.data.shapes.plan import ABOUT_FILE

    return {column for meaning, column in meanings.items() if meaning not in ABOUT_FILE}


def fields(file: Path, found: Recognised, facts: Facts) -> Sequence[Field]:
    """Question, answer and options are asked where ``found`` knows no shape; every other meaning is quiet."""
    from wizard.data.shapes.plan import ABOUT_FILE, MEANINGS

    asked = {"question", "answer", "options"} if not found.shape else set()
    wanted = [name for name in ("question", "answer", "options") if name in asked]
    quiet = [name for name in (*MEANINGS, *ABOUT_FILE) if name not in asked and f"{PREFIX}{name}" in facts]
    return [
        *(_asked(name, file, found, first=name == wanted[0]) for name in wanted),
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
        help=lambda: about(COLUMN),
        optional=True,
        schema=lambda: {"enum": values[meaning]} if meaning in values else {},
        in_plan=False,
    )


def _asked(name: str, file: Path, found: Recognised, *, first: bool) -> Field:
    labels = {
        "question": _("Which column has the question?"),
        "answer": _("Which column has the answer?"),
        "options": _("Which column has the options?"),
    }
    choices = [Choice(column.name, column.name, " | ".join(column.samples)) for column in found.fields]
    if name == "options":
        choices.append(
            Choice(NONE, _("None: it is a question and its answer, or each option has its own column"))
        )
    default = found.guess.get(name, NONE if name == "options" else None)
    return answer(name).ask(
        kind="choice",
        optional=False,
        label=labels[name],
        default=default if default is not None or not choices else choices[0].value,
        choices=tuple(choices),
        needs=("dataset.source", "dataset.file"),
        browse=(lambda page: _columns_shown(file, page)) if first else None,
    )


def _quiet(name: str, found: Recognised) -> Field:
    return answer(name).ask(
        label=_("Which column is {meaning}?").format(meaning=name),
        default=found.guess.get(name),
        needs=("dataset.source", "dataset.file"),
        quiet=True,
    )


def _columns_shown(file: Path, page: int) -> View | None:
    from wizard.data.readers import page as page_of

    columns = page_of(file, skip=page * ROWS, count=ROWS)
    if not columns:
        return None
    rows = tuple((column.name, " | ".join(column.samples)) for column in columns)
    return View(
        (
            Text(
                _("What the columns of {name} mean can't be told from their names.").format(name=file.name),
                "warn",
            ),
            Table((_("Column"), _("Values")), rows),
        )
    )
