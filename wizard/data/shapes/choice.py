"""Rows that are a question with options, in whatever shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wizard.data.findings import Finding
from wizard.data.record import Message, MultipleChoice, Where, trim
from wizard.data.shapes import answers
from wizard.data.shapes.chats import history
from wizard.data.shapes.fields import NO_QUESTION, NUL, exact, text
from wizard.data.shapes.options import checked, literal, options
from wizard.data.shapes.plan import Plan
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
    for column in plan.answers:
        value = row.get(column)
        if isinstance(value, str) and "\0" in value:
            faults.append(NUL.at(where, field=column))
    if faults or question is None:
        return tuple(faults)
    right = answers.resolved(found, [(column, row.get(column)) for column in plan.answers], where, counting)
    if isinstance(right, Finding):
        return (right,)
    return MultipleChoice(
        question, tuple(found.items()), right[0], where, tuple(extra), right[1:], tuple(before)
    )


def _past(row: Mapping[str, Any], plan: Plan) -> str:
    """The row's history where it is a text in which nobody speaks, such as a patient's; "" where it isn't."""
    value = row.get(plan.meanings["history"]) if "history" in plan.meanings else None
    return trim(value) if type(value) is str and literal(value) is value and not transcript(value) else ""


def counted(row: Mapping[str, Any], plan: Plan) -> set[int] | None:
    """From where this row's options can be counted, by its answers; None where they say nothing of it."""
    where = Where("", 0)
    faults: list[Finding] = []
    found = _options(row, plan, where, faults)
    if faults:
        return None
    return answers.counted(found, [(column, row.get(column)) for column in plan.answers])


def _options(row: Mapping[str, Any], plan: Plan, where: Where, faults: list[Finding]) -> dict[str, str]:
    if not plan.labels:
        field = plan.meanings.get("options", "options")
        return options(row.get(field), field, where, faults)
    given = {label: row.get(column) for label, column in plan.labels}
    # Given for more options than a question has are left empty, at the end.
    for label in reversed(list(given)):
        value = given[label]
        if value is not None and (type(value) is not str or trim(value)):
            break
        del given[label]
    return checked(given, where, faults)
