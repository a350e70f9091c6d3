"""A text that holds several turns, each behind the name of who speaks: 客户：…, 客服：…; Human: …, Assistant: …."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from wizard.data.findings import Finding, Rule, quoted
from wizard.data.record import Chat, Message, Where, trim
from wizard.data.shapes.fields import exact
from wizard.data.shapes.plan import Plan
from wizard.data.shapes.roles import role_of
from wizard.locale import N_

TURNS_UNCLEAR = Rule(
    "TURNS_UNCLEAR",
    "error",
    N_("“{field}” holds no turns of user and assistant as the other rows do: {text}."),
    N_("Begin each turn with who speaks, such as “User:” and “Assistant:”, or leave the row out."),
    why=N_("Where nobody says who speaks, a question could be trained as an answer."),
    bad='id,text\n⟦№,"User: 2 + 3 = ?\nAssistant: 5"\n⟧×200 201,2 + 3 is 5.\n',
    good='id,text\n⟦№,"User: 2 + 3 = ?\nAssistant: 5"\n⟧×3',
    name="rows.csv",
)

_AT_LINES = re.compile(
    r"^[ \t　]*(?:[【\[]([^】\]\n]{1,20})[】\]][ \t]*[:：]?|([^\s:：【\[][^:：\n]{0,19}?)[ \t]*[:：])",
    re.MULTILINE,
)
_ROUND = re.compile(r"^[ \t]*\[Round \d+\][ \t]*$", re.MULTILINE | re.IGNORECASE)  # as ChatGLM writes
_INSIDE = re.compile(r"(?:^|(?<=[\s。！？!?；;|>]))([A-Za-z\u4e00-\u9fff（）()0-9\-]{1,16})[:：]")
_BOTH = frozenset({"user", "assistant"})
_SPOKEN = frozenset({"pair", "alpaca", "prompt", "query"})


def turns_in(text: str) -> list[Message]:
    """The turns that ``text`` is made of, by the names of who speaks before each; empty where it doesn't begin with one."""
    text = _ROUND.sub("", text)
    found = _labels(text, _AT_LINES)
    if len(found) < len(_BOTH):
        found = _labels(text, _INSIDE)
    if not found or trim(text[: found[0].start()]):
        return []
    ends = [*[label.start() for label in found[1:]], len(text)]
    return [
        Message(role_of(_word(label)), trim(text[label.end() : end]))
        for label, end in zip(found, ends, strict=True)
    ]


def _labels(text: str, pattern: re.Pattern[str]) -> list[re.Match[str]]:
    return [
        label for label in pattern.finditer(text) if role_of(_word(label)) in ("user", "assistant", "system")
    ]


def _word(label: re.Match[str]) -> str:
    return next(word for word in label.groups() if word is not None)


def holds_turns(row: Mapping[str, Any], plan: Plan) -> bool:
    """Whether a row's text, or its question and answer, is made of turns."""
    if plan.shape == "text":
        value = row.get(plan.meanings["text"])
        return isinstance(value, str) and {turn.role for turn in turns_in(value)} >= _BOTH
    return plan.shape in _SPOKEN and bool(_spoken(row, plan))


def transcript(row: Mapping[str, Any], plan: Plan, where: Where) -> Chat | tuple[Finding, ...]:
    """The chat that a row's text is, or why it is none."""
    faults: list[Finding] = []
    column = plan.meanings["text"]
    words = exact(row, column, where, faults)
    turns = [turn for turn in turns_in(words) if turn.content]
    extra = list(plan.extra)
    while turns and turns[-1].role != "assistant":
        turns.pop()
        extra.append(f"{column}.unanswered")
    if not faults and not {turn.role for turn in turns} >= _BOTH:
        faults.append(TURNS_UNCLEAR.at(where, field=column, text=quoted(trim(words))))
    return tuple(faults) if faults else Chat(joined(turns), where, tuple(dict.fromkeys(extra)))


def spread(row: Mapping[str, Any], plan: Plan, chat: Chat) -> Chat:
    """``chat`` with the turns that its question and answer hold; as it is where they hold none."""
    turns = _spoken(row, plan)
    *before, asked, _reply = chat.messages
    words = _asked(row, plan)
    if not turns or not asked.content.endswith(words):
        return chat
    # What stands before the question in its turn: what it is about, or a turn of the history.
    if about := trim(asked.content.removesuffix(words)):
        before.append(Message(asked.role, f"{about}\n" if plan.contexts else about))
    return Chat(joined([*before, *turns]), chat.where, chat.extra)


def _asked(row: Mapping[str, Any], plan: Plan) -> str:
    """The texts of a question, as one."""
    parts = [row.get(plan.meanings[name]) for name in ("instruction", "input") if name in plan.meanings]
    return "\n".join([part for part in parts if isinstance(part, str) and trim(part)])


def _spoken(row: Mapping[str, Any], plan: Plan) -> list[Message]:
    """The turns that a question and its answer hold; empty where the question ends otherwise than with the user's turn."""
    asked = _asked(row, plan)
    reply = row.get(plan.meanings.get("output", ""))
    if not isinstance(reply, str) or not asked:
        return []
    turns, answers = turns_in(asked), turns_in(reply)
    roles = {turn.role for turn in turns}
    if turns and turns[-1] == Message("assistant", ""):
        turns.pop()
    if not turns or turns[-1].role != "user" or not all(turn.content for turn in (*turns, *answers)):
        return []
    if answers:
        return [*turns, *answers] if {answers[0].role, answers[-1].role} == {"assistant"} else []
    return [*turns, Message("assistant", reply)] if roles >= _BOTH else []


def joined(said: list[Message]) -> tuple[Message, ...]:
    """Turns with neighbours of one role joined by a line break."""
    turns: list[Message] = []
    for turn in said:
        if turns and turns[-1].role == turn.role:
            turns[-1] = Message(turn.role, f"{turns[-1].content}\n{turn.content}")
        else:
            turns.append(turn)
    return tuple(turns)
