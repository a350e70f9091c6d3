"""Rows that are a chat, whatever they call its turns; preferences between two answers; plain texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wizard.data.findings import Finding, Rule
from wizard.data.record import Chat, Message, PlainText, Preference, Where, trim
from wizard.data.shapes import spelling
from wizard.data.shapes.fields import NO_QUESTION, NUL, WRONG_TYPE, about, exact, kind
from wizard.data.shapes.names import blank, plain_name
from wizard.data.shapes.options import literal
from wizard.data.shapes.plan import ALTERNATIVES, THINKING, Plan
from wizard.data.shapes.roles import numbered, transcript
from wizard.data.shapes.turns import TOOL_TURN, Spoken, is_turns, listed, spoken, thinking
from wizard.locale import N_

LAST_NOT_ASSISTANT = Rule(
    "LAST_NOT_ASSISTANT",
    "error",
    N_("The last message is from {role}, so there is nothing to learn."),
    N_("Let the chat end with the assistant's answer."),
    why=N_(
        "The model learns what the assistant says. A chat that ends with a question leaves that question without an answer."
    ),
    bad='{"messages": [{"role": "user", "content": "2 + 3 = ?"}]}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}',
)
NOTHING_TO_LEARN = Rule(
    "NOTHING_TO_LEARN",
    "error",
    N_("“{field}” is empty."),
    N_("Correct the row, or leave it out."),
    why=N_("This field is what the model learns; where it is empty, the row teaches nothing."),
    bad='{"instruction": "2 + 3 = ?", "output": ""}',
    good='{"instruction": "2 + 3 = ?", "output": "5"}',
)
LAST_NOT_USER = Rule(
    "LAST_NOT_USER",
    "error",
    N_("What comes before the two answers does not end with the user's turn."),
    N_("Let “messages” end with what the user said."),
    why=N_(
        "In DPO both answers reply to the same message of the user; without it there is nothing that they answer."
    ),
    bad='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "A sum."}], "chosen": {"role": "assistant", "content": "5"}, "rejected": {"role": "assistant", "content": "6"}}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?"}], "chosen": {"role": "assistant", "content": "5"}, "rejected": {"role": "assistant", "content": "6"}}',
)
PREFERENCE_UNCLEAR = Rule(
    "PREFERENCE_UNCLEAR",
    "error",
    N_("“{field}” is not one answer of the assistant."),
    N_("Give “chosen” and “rejected” as texts, or as messages of the assistant to the same question."),
    why=N_(
        "DPO compares two answers to one question. If it isn't clear what the answer is, the comparison would teach something else."
    ),
    bad='{"messages": [{"role": "user", "content": "2 + 3 = ?"}], "chosen": {"role": "user", "content": "5"}, "rejected": {"role": "assistant", "content": "6"}}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?"}], "chosen": {"role": "assistant", "content": "5"}, "rejected": {"role": "assistant", "content": "6"}}',
)


_WHOLE = "messages"


def chat(row: Mapping[str, Any], plan: Plan, where: Where) -> Chat | tuple[Finding, ...]:
    """The chat that ``row`` is by its ``plan``, its texts exactly as they are; or what is wrong with it."""
    faults: list[Finding] = []
    extra = list(plan.extra)
    turns = before(row, plan, where, faults, extra)
    if "output" in plan.meanings:
        turns += _reply(row, plan.meanings["output"], where, faults, extra)
        for asked, replied in numbered(plan.extra):
            if row.get(asked) in (None, "") and row.get(replied) in (None, ""):
                continue
            extra = [name for name in extra if name not in (asked, replied)]
            user = exact(row, asked, where, faults)
            if not faults and not trim(user):
                faults.append(NO_QUESTION.at(where))
            turns += [Message("user", user), *_reply(row, replied, where, faults, extra)]
    if THINKING in plan.meanings and not faults:
        column = plan.meanings[THINKING]
        turns[-1] = _thought(trim(exact(row, column, where, faults)), turns[-1], column, extra)
    if not faults and turns[-1].role != "assistant":
        faults.append(LAST_NOT_ASSISTANT.at(where, role=turns[-1].role))
    return _told(faults) if faults else Chat(tuple(turns), where, tuple(dict.fromkeys(extra)))


def _told(faults: list[Finding]) -> tuple[Finding, ...]:
    """What is said of a row that can't be sent: of one with calls of tools only that."""
    return tuple([found for found in faults if found.code == TOOL_TURN.code][:1] or faults)


def _reply(
    row: Mapping[str, Any], column: str, where: Where, faults: list[Finding], extra: list[str]
) -> list[Message]:
    """What the assistant says by a row's field: a text, or turns (also written as a text)."""
    if (turns := _turns_in(row, column, extra)) is not None:
        return listed(turns, column, where, faults, extra)
    row = _first_wording(row, column, extra)
    reply = exact(row, column, where, faults)
    if not faults and not trim(reply):
        faults.append(NOTHING_TO_LEARN.at(where, field=column))
    return [Message("assistant", reply)]


def _thought(words: str, last: Message, column: str, extra: list[str]) -> Message:
    """The last answer with what was thought before it, by a field of the row's own."""
    if words and "<think>" in last.content:
        extra.append(column)
    return thinking(Spoken(last, words, ()), column, [])


def _first_wording(row: Mapping[str, Any], column: str, extra: list[str]) -> Mapping[str, Any]:
    """``row`` with one text for an answer that is given as a list of texts: the only one, or of several wordings the first.

    SQuAD has an object of two lists, and its first version a list of objects. Where several in a list needn't be wordings
    of one answer, they stay what they are.
    """
    value = row.get(column)
    if type(value) is str and not value.startswith(("[", "{")):
        return row
    alike = plain_name(column) == ALTERNATIVES
    if type(value) is str and alike:
        value = literal(value)
    if type(value) is dict and alike and "text" in value:
        extra += [f"{column}.{name}" for name, one in value.items() if name != "text" and not blank(one)]
        value = value["text"] if type(value["text"]) is list else [value["text"]]
    if type(value) is not list:
        return row
    if alike and all(type(one) is dict and "text" in one for one in value):
        extra += [f"{column}.{name}" for one in value for name in one if name != "text"]
        value = [one["text"] for one in value]
    words = [spelling.written(one) for one in value]
    texts = list(dict.fromkeys(one for one in words if one is not None))
    if None in words or (len(texts) > 1 and not alike):
        return row
    extra += [f"{column}[{number}]" for number in range(2, len(texts) + 1)]
    return {**row, column: texts[0] if texts else ""}


def preference(row: Mapping[str, Any], plan: Plan, where: Where) -> Preference | tuple[Finding, ...]:
    """The preference that ``row`` is by its ``plan``, or what is wrong with it."""
    faults: list[Finding] = []
    extra = list(plan.extra)
    asked = not plan.meanings.keys().isdisjoint(("messages", "conversations", "instruction"))
    rejected, told = _answer(row, plan.meanings.get("rejected"), where, faults, extra, alone=not asked)
    chosen, told_too = _answer(row, plan.meanings.get("chosen"), where, faults, extra, alone=not asked)
    turns: list[Message] = []
    if asked:
        turns = before(row, plan, where, faults, extra)
    elif told is not None and told == told_too:
        turns = list(told)
    if turns and ("chosen" not in plan.meanings or (told_too is not None and turns == [*told_too, chosen])):
        chosen = turns.pop()
    if (
        not faults
        and (told is not None or told_too is not None)
        and (
            told != (told_too if "chosen" in plan.meanings else tuple(turns))
            or (told and list(told) != turns)
        )
    ):
        faults.append(PREFERENCE_UNCLEAR.at(where, field=plan.meanings.get("chosen", "")))
    faults += [] if faults else _unfit(plan, turns, chosen, rejected, where)
    if faults or chosen is None or rejected is None:
        return _told(faults)
    if rejected.loss_weight is not None:  # documented of "chosen" alone
        extra.append(f"{plan.meanings['rejected']}.loss_weight")
        rejected = Message(rejected.role, rejected.content)
    # A question that stands in a field of its own, too, is sent.
    extra = [name for name in dict.fromkeys(extra) if row.get(name) != turns[-1].content]
    return Preference(tuple(turns), chosen, rejected, where, tuple(extra))


def _unfit(
    plan: Plan, turns: list[Message], chosen: Message | None, rejected: Message | None, where: Where
) -> list[Finding]:
    """The first thing that is wrong with two answers and what they answer."""
    for field, one in (("chosen", chosen), ("rejected", rejected)):
        if one is None or one.role != "assistant":
            return [PREFERENCE_UNCLEAR.at(where, field=plan.meanings.get(field, field))]
        if not trim(one.content):
            return [NOTHING_TO_LEARN.at(where, field=plan.meanings.get(field, field))]
    return [] if turns and turns[-1].role == "user" else [LAST_NOT_USER.at(where)]


def plain_text(row: Mapping[str, Any], plan: Plan, where: Where) -> PlainText | tuple[Finding, ...]:
    """The text that ``row`` is by its ``plan``, exactly as it is; or what is wrong with it."""
    faults: list[Finding] = []
    column = plan.meanings.get("text", "text")
    words = exact(row, column, where, faults)
    if not faults and not trim(words):
        faults.append(NOTHING_TO_LEARN.at(where, field=column))
    return tuple(faults) if faults else PlainText(words, where, plan.extra)


def before(
    row: Mapping[str, Any], plan: Plan, where: Where, faults: list[Finding], extra: list[str]
) -> list[Message]:
    """The turns that the row's list or its fields give, the system's first; ``extra`` gets what is not sent of them."""
    meanings = plan.meanings
    turns: list[Message] = []
    if "system" in meanings:
        system = exact(row, meanings["system"], where, faults)
        if trim(system):
            turns.append(Message("system", system))
    for meaning in ("messages", "conversations"):
        if meaning in meanings:
            return turns + listed(row.get(meanings[meaning]), meanings[meaning], where, faults, extra)
    turns += history(row, plan, where, faults, extra)
    column = meanings.get("instruction", "")
    if "input" not in meanings and (given := _turns_in(row, column, extra)) is not None:
        said = listed(given, column, where, faults, extra)
        if plan.contexts and said and said[-1].role == "user":
            words = "\n\n".join([*about(row, plan.contexts, where, faults), said[-1].content])
            said[-1] = Message("user", words)
        else:
            extra += plan.contexts
        return turns + said
    asked = [
        exact(row, meanings[meaning], where, faults)
        for meaning in ("instruction", "input")
        if meaning in meanings and not blank(row.get(meanings[meaning]))
    ]
    words = "\n".join([part for part in asked if trim(part)])
    if plan.contexts and words:
        words = "\n\n".join([*about(row, plan.contexts, where, faults), words])
    if not words:
        faults += [] if faults else [NO_QUESTION.at(where)]
    elif turns and turns[-1].role == "user":
        turns[-1] = Message("user", f"{turns[-1].content}\n{words}")
    else:
        turns.append(Message("user", words))
    return turns


def history(
    row: Mapping[str, Any], plan: Plan, where: Where, faults: list[Finding], extra: list[str]
) -> list[Message]:
    """The turns before the last one, in whatever way they are given; none where there are none."""
    if "history" not in plan.meanings:
        return []
    column = plan.meanings["history"]
    return listed(row.get(column), column, where, faults, extra, some=True)


def _turns_in(row: Mapping[str, Any], column: str, extra: list[str]) -> object:
    """The turns that a field for a text holds instead, as a list or written as a text; None where it holds none."""
    value = row.get(column)
    if type(value) is str:
        value = literal(value)
    if type(value) is dict and type(value.get(_WHOLE)) is list:
        extra += [
            f"{column}.{name}" for name, one in value.items() if name != _WHOLE and one not in (None, "", [])
        ]
        value = value[_WHOLE]
    return value if isinstance(value, list | dict) and is_turns(value) else None


def _answer(
    row: Mapping[str, Any],
    column: str | None,
    where: Where,
    faults: list[Finding],
    extra: list[str],
    *,
    alone: bool,
) -> tuple[Message | None, tuple[Message, ...] | None]:
    """The answer that a column gives, and the turns that it repeats before it, where it is a list of turns.

    ``alone``: nothing else holds the turns before it, so that it may be a whole chat written as a text.
    """
    value = row.get(column) if column is not None else None
    if column is None or value is None:
        return None, None
    given = _turns_in(row, column, extra)
    if given is None and alone and type(value) is str and len(transcript(value)) > 1:
        given = value
    if given is not None or type(value) is list:
        turns = listed(value if given is None else given, column, where, faults, extra)
        return (turns[-1], tuple(turns[:-1]) or None) if turns else (None, None)
    if type(value) is str:
        if "\0" in value:
            faults.append(NUL.at(where, field=column))
        return Message("assistant", value), None
    if type(value) is not dict:
        faults.append(WRONG_TYPE.at(where, field=column, found=kind(value), wanted=kind("")))
        return None, None
    one = spoken(value, 1, column, where)
    if isinstance(one, Finding):
        faults.append(one)
        return None, None
    extra += [f"{column}.{name}" for name in one.unsent]
    return thinking(one, column, extra), None
