"""Rows that are a chat, whatever they call its turns; preferences between two answers; plain texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wizard.data.findings import Finding, Rule, quoted
from wizard.data.record import Chat, Message, PlainText, Preference, Where, trim
from wizard.data.shapes.fields import NO_QUESTION, NUL, WRONG_TYPE, about, exact, kind
from wizard.data.shapes.names import blank
from wizard.data.shapes.options import literal
from wizard.data.shapes.plan import Plan
from wizard.locale import N_

NO_MESSAGES = Rule(
    "NO_MESSAGES",
    "error",
    N_("“messages” is empty."),
    N_("Correct the row, or leave it out."),
    why=N_("A chat without messages teaches nothing, and the platform's own command line refuses it."),
    bad='{"messages": []}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}',
)
UNKNOWN_ROLE = Rule(
    "UNKNOWN_ROLE",
    "error",
    N_("The role of message {number} is “{role}”."),
    N_("The platform knows system, user and assistant."),
    why=N_(
        "The roles tell the model what it is asked and what it should say. The platform knows three, and its own command line refuses a row with another."
    ),
    bad='{"messages": [{"role": "doctor", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}',
)
EMPTY_CONTENT = Rule(
    "EMPTY_CONTENT",
    "error",
    N_("Message {number} ({role}) has no text."),
    N_("Correct the row, or leave it out."),
    why=N_("An empty question asks nothing, and from an empty answer the model would learn to say nothing."),
    bad='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": ""}]}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}',
)
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
TOOL_TURN = Rule(
    "TOOL_TURN",
    "error",
    N_("Turn {number} is a call of a tool or its result (“{role}”)."),
    N_("Rows with calls of tools can't be converted; leave them out."),
    why=N_(
        "The wizard trains with texts only. Without its tools such a chat would teach answers that come from nowhere."
    ),
    bad='{"conversations": [{"from": "human", "value": "2 + 3 = ?"}, {"from": "function_call", "value": "add(2, 3)"}, {"from": "observation", "value": "5"}, {"from": "gpt", "value": "5"}]}',
    good='{"conversations": [{"from": "human", "value": "2 + 3 = ?"}, {"from": "gpt", "value": "5"}]}',
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


ROLES = ("system", "user", "assistant")

_SPEAKERS = {
    "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "chatgpt": "assistant",
    "bot": "assistant", "model": "assistant", "system": "system",
}  # fmt: skip
_TOOLS = frozenset({"function_call", "observation", "tool", "function", "tool_call", "tool_response"})
_MESSAGE_FIELDS = frozenset({"role", "content"})
_TURN_FIELDS = frozenset({"role", "content", "from", "value"})
_PAIR = 2


def chat(row: Mapping[str, Any], plan: Plan, where: Where) -> Chat | tuple[Finding, ...]:
    """The chat that ``row`` is by its ``plan``, its texts exactly as they are; or what is wrong with it."""
    faults: list[Finding] = []
    extra = list(plan.extra)
    turns = _before(row, plan, where, faults, extra)
    if "output" in plan.meanings:
        reply = exact(row, plan.meanings["output"], where, faults)
        if not faults and not trim(reply):
            faults.append(NOTHING_TO_LEARN.at(where, field=plan.meanings["output"]))
        turns.append(Message("assistant", reply))
    if not faults and turns[-1].role != "assistant":
        faults.append(LAST_NOT_ASSISTANT.at(where, role=turns[-1].role))
    return tuple(faults) if faults else Chat(tuple(turns), where, tuple(dict.fromkeys(extra)))


def preference(row: Mapping[str, Any], plan: Plan, where: Where) -> Preference | tuple[Finding, ...]:
    """The preference that ``row`` is by its ``plan``, or what is wrong with it."""
    faults: list[Finding] = []
    extra = list(plan.extra)
    rejected, told = _answer(row, plan.meanings.get("rejected"), where, faults)
    chosen, told_too = _answer(row, plan.meanings.get("chosen"), where, faults)
    turns: list[Message] = []
    if {"messages", "conversations", "instruction"} & plan.meanings.keys():
        turns = _before(row, plan, where, faults, extra)
    elif told is not None and told == told_too:
        turns = list(told)
    if "chosen" not in plan.meanings and turns:
        chosen = turns.pop()
    if (
        not faults
        and (told is not None or told_too is not None)
        and (told != told_too or (told and list(told) != turns))
    ):
        faults.append(PREFERENCE_UNCLEAR.at(where, field=plan.meanings.get("chosen", "")))
    for field, one in (("chosen", chosen), ("rejected", rejected)):
        if not faults and (one is None or one.role != "assistant"):
            faults.append(PREFERENCE_UNCLEAR.at(where, field=plan.meanings.get(field, field)))
        elif not faults and one is not None and not trim(one.content):
            faults.append(NOTHING_TO_LEARN.at(where, field=plan.meanings.get(field, field)))
    if not faults and (not turns or turns[-1].role != "user"):
        faults.append(LAST_NOT_USER.at(where))
    if faults or chosen is None or rejected is None:
        return tuple(faults)
    return Preference(tuple(turns), chosen, rejected, where, tuple(dict.fromkeys(extra)))


def plain_text(row: Mapping[str, Any], plan: Plan, where: Where) -> PlainText | tuple[Finding, ...]:
    """The text that ``row`` is by its ``plan``, exactly as it is; or what is wrong with it."""
    faults: list[Finding] = []
    column = plan.meanings.get("text", "text")
    words = exact(row, column, where, faults)
    if not faults and not trim(words):
        faults.append(NOTHING_TO_LEARN.at(where, field=column))
    return tuple(faults) if faults else PlainText(words, where, plan.extra)


def message(  # noqa: PLR0911 - one return a fault
    turn: object, number: int, field: str, where: Where, *, strict: bool
) -> Message | Finding:
    """The message that the ``number``th turn of a chat is (counted from 1), or what is wrong with it.

    ``strict``: only the platform's own names for the roles.
    """
    field = f"{field}[{number}]"
    if not isinstance(turn, dict):
        return WRONG_TYPE.at(where, field=field, found=kind(turn), wanted=kind({}))
    if strict:
        role, content, words = turn.get("role"), turn.get("content"), "content"
    else:
        role = turn.get("from", turn.get("role"))
        words = "value" if "value" in turn else "content"
        content = turn.get(words)
        if isinstance(role, str):
            if role in _TOOLS:
                return TOOL_TURN.at(where, number=number, role=quoted(role))
            role = _SPEAKERS.get(role, role)
    if role not in ROLES:
        return UNKNOWN_ROLE.at(where, number=number, role="" if role is None else quoted(role))
    if type(content) is list and content:
        content = _joined(content)
    if content is None or (isinstance(content, str) and not trim(content)):
        return EMPTY_CONTENT.at(where, number=number, role=role)
    if type(content) is not str:
        return WRONG_TYPE.at(where, field=f"{field}.{words}", found=kind(content), wanted=kind(""))
    if "\0" in content:
        return NUL.at(where, field=f"{field}.{words}")
    return Message(role, content)


def _joined(parts: list[Any]) -> object:
    """The text of a content that is a list of nothing but texts; otherwise the list as it is."""
    texts = [
        part.get("text") for part in parts if isinstance(part, dict) and part.get("type", "text") == "text"
    ]
    whole = len(texts) == len(parts) and all(isinstance(words, str) for words in texts)
    return "".join([words for words in texts if isinstance(words, str)]) if whole else parts


def _before(
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
            return turns + _listed(row, meanings[meaning], where, faults, extra, strict=meaning == "messages")
    if "history" in meanings:
        turns += _history(row.get(meanings["history"]), meanings["history"], where, faults)
    asked = [
        exact(row, meanings[meaning], where, faults)
        for meaning in ("instruction", "input")
        if meaning in meanings and not blank(row.get(meanings[meaning]))
    ]
    words = "\n".join([part for part in asked if trim(part)])
    if plan.contexts and words:
        words = "\n\n".join([*about(row, plan.contexts, where, faults), words])
    if words:
        turns.append(Message("user", words))
    elif not faults:
        faults.append(NO_QUESTION.at(where))
    return turns


def _listed(
    row: Mapping[str, Any], field: str, where: Where, faults: list[Finding], extra: list[str], *, strict: bool
) -> list[Message]:
    turns = row.get(field)
    if type(turns) is str:
        turns = literal(turns)
    if type(turns) is not list:
        faults.append(WRONG_TYPE.at(where, field=field, found=kind(turns), wanted=kind([])))
        return []
    if not turns:
        faults.append(NO_MESSAGES.at(where))
    if turns and type(turns[0]) is dict and "from" in turns[0]:
        strict = False
    if (
        turns
        and not strict
        and all(type(turn) is dict and "human" in turn and "assistant" in turn for turn in turns)
    ):
        turns = [{"role": name, "content": turn[name]} for turn in turns for name in ("human", "assistant")]
    made: list[Message] = []
    for number, turn in enumerate(turns, 1):
        one = message(turn, number, field, where, strict=strict)
        if isinstance(one, Finding):
            faults.append(one)
        else:
            made.append(one)
    known = _MESSAGE_FIELDS if strict else _TURN_FIELDS
    extra += [f"{field}.{key}" for turn in turns if type(turn) is dict for key in turn if key not in known]
    return made


def _history(value: object, field: str, where: Where, faults: list[Finding]) -> list[Message]:
    """The turns before the last, given as a list of (user, assistant) pairs."""
    if isinstance(value, str):
        value = literal(value) if trim(value) else None
    if value is None:
        return []
    if not isinstance(value, list):
        faults.append(WRONG_TYPE.at(where, field=field, found=kind(value), wanted=kind([])))
        return []
    made: list[Message] = []
    for number, pair in enumerate(value, 1):
        if not isinstance(pair, list) or len(pair) != _PAIR:
            faults.append(WRONG_TYPE.at(where, field=f"{field}[{number}]", found=kind(pair), wanted=kind([])))
            continue
        for role, words in zip(("user", "assistant"), pair, strict=True):
            one = message({"role": role, "content": words}, number, field, where, strict=True)
            if isinstance(one, Finding):
                faults.append(one)
            else:
                made.append(one)
    return made


def _answer(
    row: Mapping[str, Any], column: str | None, where: Where, faults: list[Finding]
) -> tuple[Message | None, tuple[Message, ...] | None]:
    """The answer that a column gives, and the turns that it repeats before it, where it is a list of turns."""
    value = row.get(column) if column is not None else None
    if column is None or value is None:
        return None, None
    if type(value) is str:
        written = literal(value)
        value = written if isinstance(written, list | dict) and _is_turns(written) else value
    if type(value) is str:
        if "\0" in value:
            faults.append(NUL.at(where, field=column))
        return Message("assistant", value), None
    if type(value) is list:
        turns = _listed(row | {column: value}, column, where, faults, [], strict=False)  # type: ignore[operator]  # rows are dicts
        return (turns[-1], tuple(turns[:-1]) or None) if turns else (None, None)
    one = message(value, 1, column, where, strict=False)
    if isinstance(one, Finding):
        faults.append(one)
        return None, None
    return one, None


def _is_turns(value: object) -> bool:
    turns = value if isinstance(value, list) else [value]
    return bool(turns) and all(isinstance(turn, dict) and turn.keys() & _TURN_FIELDS for turn in turns)
