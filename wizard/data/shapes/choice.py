"""Rows that are a question with options, in whatever shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wizard.data.findings import Finding
from wizard.data.record import Message, MultipleChoice, Where, trim
from wizard.data.shapes import answers
from wizard.data.shapes.chats import history
from wizard.data.shapes.fields import NO_QUESTION, NUL, exact, text
from wizard.data.shapes.options import checked, is_blank, literal, options, right_ones
from wizard.data.shapes.plan import LABELS, Plan, first_of_columns
from wizard.data.shapes.roles import transcript


def choice(
    row: Mapping[str, Any], plan: Plan, where: Where, counting: int | None
) -> MultipleChoice | tuple[Finding, ...]:
    """The question that ``row`` is by its ``plan``, or every finding that says why it is none."""
    faults: list[Finding] = []
    question = text(row, plan.meanings["question"], where, faults) if "question" in plan.meanings else ""
    if question == "":
        faults.append(NO_QUESTION.at(where))
    if "passage" in plan.meanings:
        passage = text(row, plan.meanings["passage"], where, faults)
        question = f"{passage}\n\n{question}" if passage and question else question
    extra = list(plan.extra)
    system = exact(row, plan.meanings["system"], where, faults) if "system" in plan.meanings else ""
    before = [Message("system", system)] if trim(system) else []
    if past := _past(row, plan):
        question = f"{past}\n\n{question}" if question else question
    else:
        before += history(row, plan, where, faults, extra)
    found = _options(row, plan, where, faults)
    values = _answers(row, plan, found)
    for column, value in values:
        if isinstance(value, str) and "\0" in value:
            faults.append(NUL.at(where, field=column))
    if faults or question is None:
        return tuple(faults)
    right = answers.resolved(
        found, values, where, first_of_columns(plan.labels) if counting is None else counting
    )
    if isinstance(right, Finding):
        return (right,)
    if plan.instead and values[0][0] in plan.instead:
        extra = [column for column in extra if column != values[0][0]]
    return MultipleChoice(
        question, tuple(found.items()), right[0], where, tuple(extra), right[1:], tuple(before)
    )


def _past(row: Mapping[str, Any], plan: Plan) -> str:
    """The row's history where it is a text in which nobody speaks, such as a patient's; "" where it isn't."""
    value = row.get(plan.meanings["history"]) if "history" in plan.meanings else None
    return trim(value) if type(value) is str and literal(value) is value and not transcript(value) else ""


def counted(row: Mapping[str, Any], plan: Plan) -> answers.Votes | None:
    """What this row's answers tell of where its options are counted from; None where they say nothing of it."""
    where = Where("", 0)
    faults: list[Finding] = []
    found = _options(row, plan, where, faults)
    if faults:
        return None
    return answers.counted(found, _answers(row, plan, found), first_of_columns(plan.labels))


def _answers(row: Mapping[str, Any], plan: Plan, found: Mapping[str, str]) -> list[tuple[str, Any]]:
    """(column, value) of what gives the answer: an empty column hides no filled one, and options may say it themselves."""
    values = [(column, row.get(column)) for column in plan.answers]
    if plan.instead and all(is_blank(value) for _column, value in values):
        values = [(column, row[column]) for column in plan.instead if not is_blank(row.get(column))][
            :1
        ] or values
    column = plan.meanings.get("options", "")
    right = right_ones(row.get(column)) if column and type(row.get(column)) in (list, str) else None
    if right is not None:
        labels = list(found)
        values.append((column, [labels[at] for at in right if at < len(labels)]))
    return values


def _options(row: Mapping[str, Any], plan: Plan, where: Where, faults: list[Finding]) -> dict[str, str]:
    if not plan.labels:
        field = plan.meanings.get("options", "options")
        told = [row[column] for column in plan.answers if type(row.get(column)) is str]
        return options(row.get(field), field, where, faults, told)
    columns = dict(plan.labels)
    # One that is left out between others is an option without a text.
    each = LABELS[: LABELS.index(plan.labels[-1][0]) + 1]
    given = {label: row.get(columns.get(label, "")) for label in each}
    # Given for more options than a question has are left empty, at the end.
    for label in reversed(list(given)):
        if not is_blank(given[label]):
            break
        del given[label]
    return checked(given, where, faults)
