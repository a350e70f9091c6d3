"""What a person should know about a chat: its turns, the answer where its question has options, blanks, unknown keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from wizard.data.findings import Finding, Rule, quoted
from wizard.data.identity import Asked
from wizard.data.record import BLANKS, Message, Where
from wizard.data.shapes.plan import plain_name
from wizard.data.shapes.roles import THINKING
from wizard.data.shapes.turns import THINK, THOUGHT
from wizard.locale import N_, enumerated

CHAT_ANSWER_NOT_AN_OPTION = Rule(
    "CHAT_ANSWER_NOT_AN_OPTION",
    "error",
    N_("The assistant's answer is “{answer}”, but the options are {labels}."),
    N_("Correct the row, or leave it out."),
    why=N_("The model would learn an answer that can't be chosen."),
    bad='{"messages": [{"role": "user", "content": "2 + 3 = ?\\nA. 5\\nB. 6"}, {"role": "assistant", "content": "C. 7"}]}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?\\nA. 5\\nB. 6"}, {"role": "assistant", "content": "A. 5"}]}',
)
CHAT_ANSWER_DISAGREES = Rule(
    "CHAT_ANSWER_DISAGREES",
    "error",
    N_("The assistant's answer is {label} with the text “{answer}”, but option {label} is “{option}”."),
    N_("Correct one of the two, or leave the row out."),
    why=N_(
        "Letter and text mean two different options. One of them is a mistake, and the model would learn it."
    ),
    bad='{"messages": [{"role": "user", "content": "2 + 3 = ?\\nA. 5\\nB. 6"}, {"role": "assistant", "content": "A. 6"}]}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?\\nA. 5\\nB. 6"}, {"role": "assistant", "content": "A. 5"}]}',
)
SYSTEM_NOT_FIRST = Rule(
    "SYSTEM_NOT_FIRST",
    "warning",
    N_("The system message is message {number}, not the first."),
    N_("Put one system message first."),
    why=N_(
        "The system message says how the whole chat is to be answered. All of the platform's examples have it first, and nothing is written about one that comes later."
    ),
    bad='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "system", "content": "Be brief."}, {"role": "assistant", "content": "5"}]}',
    good='{"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}',
)
ROLES_NOT_ALTERNATING = Rule(
    "ROLES_NOT_ALTERNATING",
    "warning",
    N_("Messages {before} and {number} are both from {role}."),
    N_("Let user and assistant take turns; join what belongs together."),
    why=N_(
        "In use the model answers each message once. The platform's own command line warns of a chat in which that isn't so."
    ),
    bad='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "user", "content": "Quickly, please."}, {"role": "assistant", "content": "5"}]}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ? Quickly, please."}, {"role": "assistant", "content": "5"}]}',
)
NO_USER = Rule(
    "NO_USER",
    "warning",
    N_("There is no message from the user."),
    N_("Let a user's message come before the assistant's."),
    why=N_(
        "The model would learn to say this to nobody's question. The platform's own command line warns of it too."
    ),
    bad='{"messages": [{"role": "system", "content": "Be brief."}, {"role": "assistant", "content": "5"}]}',
    good='{"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}',
)
ASSISTANT_FIRST = Rule(
    "ASSISTANT_FIRST",
    "warning",
    N_("The assistant speaks before the user."),
    N_("Let a user's message come before the assistant's."),
    why=N_(
        "In use the user speaks first. An answer without a question before it teaches the model to speak unasked."
    ),
    bad='{"messages": [{"role": "assistant", "content": "Hello!"}, {"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}',
)
REFUSED_KEY = Rule(
    "REFUSED_KEY",
    "warning",
    N_("“{key}” is not supported by the platform: every assistant message is trained alike."),
    N_("--fix and convert leave “name” out, and write “weight” as “loss_weight”, the platform's own field."),
    why=N_(
        "OpenAI's formats know it, and with “weight” they choose which messages are trained. Here all of the assistant's messages are trained, whatever it says; “loss_weight” is what says how much, for the models that take it."
    ),
    bad='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5", "weight": 0}]}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}',
    mends=N_("“name” removed from messages, “weight” written as “loss_weight”"),
)
THINKING_KEY = Rule(
    "THINKING_KEY",
    "warning",
    N_("The platform doesn't know “{key}”: it reads what was thought from the answer itself."),
    N_("Put it in front of the last answer, between <think> and </think> (--fix and convert do)."),
    why=N_(
        "In a field of its own it is not trained. In front of an answer that isn't the last it must not stand, so there it is left out."
    ),
    bad='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "reasoning_content": "Two and three.", "content": "5"}]}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "<think>\\nTwo and three.\\n</think>\\n\\n5"}]}',
    mends=N_("thinking put in front of the last answer"),
)
THINK_NOT_LAST = Rule(
    "THINK_NOT_LAST",
    "warning",
    N_("Message {number} holds <think>, but isn't the last."),
    N_("Take what was thought out of all answers but the last."),
    why=N_(
        "Of a chat with thinking the platform trains the last answer alone, and its guide wants no <think> in those before it."
    ),
    bad='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "<think>\\nTwo and three.\\n</think>\\n\\n5"}, {"role": "user", "content": "Plus 1?"}, {"role": "assistant", "content": "6"}]}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}, {"role": "user", "content": "Plus 1?"}, {"role": "assistant", "content": "<think>\\nOne more.\\n</think>\\n\\n6"}]}',
)
THINK_LINES = Rule(
    "THINK_LINES",
    "warning",
    N_("Around <think> and </think> line breaks are missing."),
    N_(
        "Write a line break behind <think> and before </think>, and two behind it, at the answer's beginning."
    ),
    why=N_("The platform's guide says that the line breaks must be kept: models that think write them too."),
    bad='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "<think>Two and three.</think>5"}]}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "<think>\\nTwo and three.\\n</think>\\n\\n5"}]}',
)
UNKNOWN_KEY = Rule(
    "UNKNOWN_KEY",
    "warning",
    N_("The platform doesn't know “{key}”."),
    N_("Remove it (--fix does)."),
    why=N_("It is uploaded with the row, and nothing is written about what the platform does with it."),
    bad='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}], "id": 7}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}',
    mends=N_("keys removed that the platform doesn't know"),
)
BLANKS_AT_ENDS = Rule(
    "BLANKS_AT_ENDS",
    "warning",
    N_("Message {number} ({role}) begins or ends with blanks, which would be learned."),
    N_("Remove them (in Bailian's format --fix does)."),
    why=N_("The model learns each character of an answer, and would end its own with blanks too."),
    bad='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5 "}]}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}',
    mends=N_("texts trimmed at their ends"),
)


REFUSED = frozenset({"name", "weight"})
KNOWN = frozenset({"role", "content", "loss_weight"})
TOP = frozenset({"messages", "chosen", "rejected", "tools"})
"""The fields of a row that the platform knows; ``tools`` for Qwen3.5 and later (A9)."""
_THINK = re.compile(f"{THINK}.*{THOUGHT}", re.DOTALL)
ENDS = frozenset(BLANKS)


def answer(asked: Asked, where: Where) -> Iterator[Finding]:
    """Where a chat's answer names a letter: the letter is an option's, and the text behind it that option's."""
    if not asked.label:
        return
    options = dict(asked.options)
    if asked.label not in options:
        labels = enumerated(options)
        yield CHAT_ANSWER_NOT_AN_OPTION.at(where, answer=quoted(asked.label), labels=labels)
        return
    told, option = asked.told, options[asked.label]
    others = [text for label, text in asked.options if label != asked.label and text != option]
    if told and not told.startswith(option) and any(told == text for text in others):
        yield CHAT_ANSWER_DISAGREES.at(where, label=asked.label, answer=quoted(told), option=quoted(option))


def turns(messages: tuple[Message, ...], where: Where) -> Iterator[Finding]:
    """Who speaks when: the system first, then user and assistant by turns."""
    for number, turn in enumerate(messages[1:], 2):
        if turn.role == "system":
            yield SYSTEM_NOT_FIRST.at(where, number=number)
            break
    talk = [(number, turn.role) for number, turn in enumerate(messages, 1) if turn.role != "system"]
    for (before, first), (number, second) in pairwise(talk):
        if first == second:
            yield ROLES_NOT_ALTERNATING.at(where, before=before, number=number, role=second)
            break
    if all(role != "user" for _number, role in talk):
        yield NO_USER.at(where)
    elif talk[0][1] == "assistant":
        yield ASSISTANT_FIRST.at(where)


def blanks(messages: tuple[Message, ...], where: Where) -> Iterator[Finding]:
    """The first message with blanks at an end."""
    for number, turn in enumerate(messages, 1):
        if turn.content[0] in ENDS or turn.content[-1] in ENDS:
            yield BLANKS_AT_ENDS.at(where, number=number, role=turn.role)
            break


def thoughts(messages: tuple[Message, ...], where: Where) -> Iterator[Finding]:
    """What the assistant thinks stands in the last answer alone, with the line breaks that the guide wants."""
    for number, turn in enumerate(messages[:-1], 1):
        if turn.role == "assistant" and "<think>" in turn.content:
            yield THINK_NOT_LAST.at(where, number=number)
            break
    last = messages[-1].content
    if ("<think>" in last or "</think>" in last) and not _THINK.match(last):
        yield THINK_LINES.at(where)


def keys(row: Mapping[str, Any], where: Where) -> Iterator[Finding]:
    """Keys of a row of messages that reach the platform as it is, and that the platform doesn't know or refuses."""
    found = dict.fromkeys(name for name in row if name not in TOP)
    for field in ("messages", "chosen", "rejected"):
        turns = row.get(field)
        for turn in [one for one in (turns if isinstance(turns, list) else [turns]) if isinstance(one, dict)]:
            for name in turn:
                if name not in KNOWN or (name == "loss_weight" and turn.get("role") != "assistant"):
                    found[f"{field}.{name}"] = None
    for key in found:
        _field, inside, name = key.rpartition(".")
        if inside and name in REFUSED:
            yield REFUSED_KEY.at(where, key=key)
        elif inside and plain_name(name) in THINKING:
            yield THINKING_KEY.at(where, key=quoted(key))
        else:
            yield UNKNOWN_KEY.at(where, key=quoted(key))
