"""Rows that are a question with options, in whatever shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from wizard.data.findings import Finding
from wizard.data.record import Message, MultipleChoice, Where, trim
from wizard.data.shapes import answers, spelling
from wizard.data.shapes.chats import history
from wizard.data.shapes.fields import NO_QUESTION, NUL, WRONG_TYPE, about, exact, kind, text
from wizard.data.shapes.options import (
    OPTIONS_UNREADABLE,
    at_the_end,
    checked,
    in_columns,
    is_blank,
    literal,
    options,
    right_ones,
    unsent,
)
from wizard.data.shapes.plan import LABELS, Plan, carried, first_of_columns
from wizard.data.shapes.roles import transcript

_LETTERS = re.compile(r"[（(\s]*[A-Ja-jＡ-Ｊ](?:[\s,，、;；]*[A-Ja-jＡ-Ｊ]){0,9}[)）\s.．。]*")
_TOLD = re.compile(
    r"\s*[【\[（(]?(?:正确|参考|标准)?答案[】\]）)]?\s*[:：]?\s*([A-JＡ-Ｊ](?:[\s,，、]*[A-JＡ-Ｊ]){0,9})\s*[.．。]?\s*$"
)


def choice(
    row: Mapping[str, Any], plan: Plan, where: Where, counting: int | None
) -> MultipleChoice | tuple[Finding, ...]:
    """The question that ``row`` is by its ``plan``, or every finding that says why it is none."""
    faults: list[Finding] = []
    question = text(row, plan.meanings["question"], where, faults) if "question" in plan.meanings else ""
    if question == "":
        faults.append(NO_QUESTION.at(where))
    extra = list(plan.extra)
    before = _before(row, plan, where, faults, extra)
    if question:
        question = "\n\n".join([*_past(row, plan), *about(row, plan.contexts, where, faults), question])
    if plan.wrong:
        apart = _apart(row, question or "", plan, where, faults)
        if isinstance(apart, tuple):
            return apart
        return msgspec.structs.replace(apart, extra=tuple(extra), before=before)
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
    column = plan.meanings.get("options", "")
    extra += unsent(row.get(column), column)
    return MultipleChoice(question, tuple(found.items()), right[0], where, tuple(extra), right[1:], before)


def in_the_question(
    row: Mapping[str, Any], plan: Plan, where: Where, counting: int | None
) -> MultipleChoice | tuple[Finding, ...] | None:
    """The question of a pair whose options stand at its end and whose answer is only letters; None for other pairs."""
    column, reply = plan.meanings.get("instruction", ""), plan.meanings.get("output", "")
    asked, answer = row.get(column), row.get(reply)
    if (
        plan.shape != "pair"
        or type(asked) is not str
        or type(answer) is not str
        or _LETTERS.fullmatch(answer) is None
    ):
        return None
    told = _TOLD.search(asked)
    parts = at_the_end(asked if told is None else asked[: told.start()])
    if parts is None:
        return None
    stem, given = parts
    listed, again = f"{column}.options", f"{column}.answer"
    if given is None:
        return (OPTIONS_UNREADABLE.at(where, field=column),)
    made = msgspec.structs.replace(
        plan,
        shape="choice",
        meanings={
            name: one for name, one in plan.meanings.items() if name in ("system", "history", "passage")
        }
        | {"question": column, "options": listed, "answer": reply},
        answers=(reply,) if told is None else (reply, again),
        extra=plan.extra if told is None else (*plan.extra, again),
    )
    laid = {**row, column: stem, listed: given} | ({} if told is None else {again: told[1]})
    return choice(laid, made, where, counting)


def _before(
    row: Mapping[str, Any], plan: Plan, where: Where, faults: list[Finding], extra: list[str]
) -> tuple[Message, ...]:
    """The row's own system message and the turns before the question."""
    system = exact(row, plan.meanings["system"], where, faults) if "system" in plan.meanings else ""
    turns = [] if _past(row, plan) else history(row, plan, where, faults, extra)
    return (*([Message("system", system)] if trim(system) else []), *turns)


def _past(row: Mapping[str, Any], plan: Plan) -> list[str]:
    """The row's history where it is a text in which nobody speaks, such as a patient's; empty where it isn't."""
    value = row.get(plan.meanings["history"]) if "history" in plan.meanings else None
    if type(value) is not str or literal(value) is not value or transcript(value) or not trim(value):
        return []
    return [trim(value)]


def counted(row: Mapping[str, Any], plan: Plan) -> answers.Votes | None:
    """What this row's answers tell of where its options are counted from; None where they say nothing of it."""
    if plan.wrong:
        return None
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
    if own := carried(plan.labels):
        values = [one for given in values for one in _by_place(own, found, *given)]
    right = _right_ones(row, plan)
    if right is not None:
        labels = list(found)
        values.append((plan.meanings["options"], [labels[at] for at in right if at < len(labels)]))
    return values


def _by_place(
    own: Mapping[str, str], found: Mapping[str, str], column: str, value: Any
) -> list[tuple[str, Any]]:
    """An answer in letters where options carry other labels, by the labels that stand there; one that is an option's text, too, stays beside it."""
    words = spelling.written(value) or ""
    labels = {spelling.folded(label): label for label in found}
    for bare in spelling.undressed(words):
        if spelling.folded(bare) in labels or spelling.several(labels, bare):
            break
        label = own.get(spelling.folded(bare))
        right = {label} if label is not None else spelling.several(own, bare)
        if right and right <= found.keys():
            told = [(column, sorted(right))]
            return [*told, (column, value)] if trim(words) in found.values() else told
    return [(column, value)]


def tells_itself(row: Mapping[str, Any], plan: Plan) -> bool:
    """Whether the options of a row say which of them are right."""
    return _right_ones(row, plan) is not None


def _right_ones(row: Mapping[str, Any], plan: Plan) -> list[int] | None:
    value = row.get(plan.meanings.get("options", ""))
    return right_ones(value) if type(value) in (list, str) else None


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
    if (spread := in_columns(given, where, faults)) is not None:
        return spread
    own = carried(plan.labels)
    return checked({own.get(label, label): words for label, words in given.items()}, where, faults)


def _apart(
    row: Mapping[str, Any], question: str, plan: Plan, where: Where, faults: list[Finding]
) -> MultipleChoice | tuple[Finding, ...]:
    """The question whose right option stands apart from the others, or before them: all in an order that the question seeds."""
    right, others = _right_and_wrong(row, plan)
    for words in (*right, *others):
        if not isinstance(words, str):
            faults.append(WRONG_TYPE.at(where, field=plan.wrong[0], found=kind(words), wanted=kind("")))
        elif "\0" in words:
            faults.append(NUL.at(where, field=plan.wrong[0]))
    if not faults and not any(map(trim, right)):
        faults.append(answers.NO_ANSWER.at(where))
    if faults:
        return tuple(faults)
    texts = list(dict.fromkeys([trim(words) for words in (*right, *others) if trim(words)]))
    texts.sort(key=lambda words: blake2b(f"{question}\0{words}".encode("utf-8", "surrogatepass")).digest())
    found = checked(
        dict(zip(LABELS, texts, strict=False)) if len(texts) <= len(LABELS) else {}, where, faults
    )
    labels = [label for label, words in found.items() if words in [trim(one) for one in right]]
    return (
        tuple(faults)
        if faults
        else MultipleChoice(question, tuple(found.items()), labels[0], where, plan.extra, tuple(labels[1:]))
    )


def _right_and_wrong(row: Mapping[str, Any], plan: Plan) -> tuple[list[Any], list[Any]]:
    if not plan.answers:
        match row.get(plan.wrong[0]):
            case {"choices": [*texts], "labels": [*marks]} if len(texts) == len(marks):
                told = [*zip(texts, marks, strict=True)]
                return [one for one, mark in told if mark == 1], [one for one, mark in told if mark != 1]
            case other:
                return [other], []
    given = [row.get(column) for column in plan.wrong]
    others = [one for value in given for one in (value if isinstance(value, list) else [value])]
    right = row.get(plan.answers[0])
    return right if isinstance(right, list) else [right or ""], [one for one in others if one is not None]
