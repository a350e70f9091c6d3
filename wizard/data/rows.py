"""What one line means: JSON bytes -> a record, or the findings that say why it is none. Nothing is ever guessed."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from wizard.data.check import Finding, finding, quoted
from wizard.data.record import Chat, Message, MultipleChoice, Record, Where, trim
from wizard.data.undecodable import repeated_key, why_not_json
from wizard.locale import _

ROLES = ("system", "user", "assistant")

Outcome: TypeAlias = Record | tuple[Finding, ...]
"""A record, or why there is none; the empty tuple is a blank line."""

decode = msgspec.json.Decoder().decode

_CHOICE_FIELDS = frozenset({"question", "options", "answer", "answer_idx"})
_MESSAGE_FIELDS = frozenset({"role", "content"})
_LABEL_LIMIT = 20


def understand(raw: bytes, file: str, number: int) -> Outcome:
    """What line ``number`` of ``file`` means. Never raises, whatever the bytes are."""
    try:
        row = decode(raw)
    except (ValueError, RecursionError):  # msgspec's and Unicode's errors are ValueErrors
        return () if not raw or raw.isspace() else (why_not_json(raw, Where(file, number)),)
    where = Where(file, number)
    if type(row) is not dict:
        return (finding("NOT_AN_OBJECT", where),)
    if "messages" in row:
        return _chat(row, raw, where)
    if "options" in row or "question" in row:
        return _choice(row, raw, where)
    return (finding("UNKNOWN_SHAPE", where, fields=quoted(", ".join(row)) or "–"),)


def _choice(row: dict[str, Any], raw: bytes, where: Where) -> Outcome:
    """A row in MedQA's shape: question, options as an object, answer (a text) and answer_idx (a label), or one of them."""
    inside = row.get("options")
    keys = len(row) + (len(inside) if isinstance(inside, dict) else 0)
    if (key := repeated_key(raw, keys)) is not None:
        return (finding("DUPLICATE_KEY", where, key=quoted(key)),)
    faults: list[Finding] = []
    question = _text(row, "question", where, faults)
    if question == "":
        faults.append(finding("NO_QUESTION", where))
    options = _options(row.get("options"), where, faults)
    answer = _text(row, "answer", where, faults)
    letter = _text(row, "answer_idx", where, faults)
    if faults or question is None or answer is None or letter is None:
        return tuple(faults)
    label = _answer(options, answer, letter, where)
    if isinstance(label, Finding):
        return (label,)
    extra = tuple([key for key in row if key not in _CHOICE_FIELDS])
    return MultipleChoice(question, tuple(options.items()), label, where, extra)


def _text(row: dict[str, Any], field: str, where: Where, faults: list[Finding]) -> str | None:
    """The field's text, trimmed; "" where there is none; None, with a finding added, where it is no usable text."""
    value = row.get(field)
    if value is None:
        return ""
    if type(value) is not str:
        faults.append(finding("WRONG_TYPE", where, field=field, found=kind(value), wanted=kind("")))
        return None
    if "\0" in value:
        faults.append(finding("NUL", where, field=field))
        return None
    return trim(value)


def _options(options: object, where: Where, faults: list[Finding]) -> dict[str, str]:
    """The options by label, trimmed, in source order; whatever is wrong with them is added to ``faults``."""
    if options is None:
        options = {}
    if type(options) is not dict:
        faults.append(finding("WRONG_TYPE", where, field="options", found=kind(options), wanted=kind({})))
        return {}
    if len(options) < 2:  # noqa: PLR2004 - a choice needs two
        faults.append(finding("TOO_FEW_OPTIONS", where, count=len(options)))
    found: dict[str, str] = {}
    for name in options:
        label = trim(name)
        text = _text(options, name, where, faults)
        if (
            not label
            or label in found
            or len(label) > _LABEL_LIMIT
            or not label.isprintable()
            or ". " in label
        ):
            faults.append(finding("BAD_LABEL", where, label=quoted(name)))
        elif text == "":
            faults.append(finding("EMPTY_OPTION", where, label=label))
        found[label] = text or ""
    return found


def _answer(options: dict[str, str], answer: str, letter: str, where: Where) -> str | Finding:
    """The label of the right option, where ``answer`` and ``letter`` (either may be "") leave no doubt."""
    by_text = {label for label, text in options.items() if text == answer}
    if not letter:
        return _answer_by_text(options, answer, by_text, where)
    if letter not in options:
        return finding("ANSWER_NOT_AN_OPTION", where, answer=quoted(letter), labels=", ".join(options))
    # An answer that repeats the letter agrees with it, unless it is also what another option says.
    if answer and letter not in by_text and (answer != letter or by_text):
        option = quoted(options[letter])
        return finding("ANSWER_DISAGREES", where, label=letter, answer=quoted(answer), option=option)
    return letter


def _answer_by_text(options: dict[str, str], answer: str, by_text: set[str], where: Where) -> str | Finding:
    """The label of the right option where no label is given: ``answer`` is an option's text, or a label itself."""
    if not answer:
        return finding("NO_ANSWER", where)
    candidates = by_text | ({answer} & options.keys())
    if not candidates:
        return finding("ANSWER_NOT_AN_OPTION", where, answer=quoted(answer), labels=", ".join(options))
    if len(candidates) > 1:
        return finding("ANSWER_AMBIGUOUS", where, answer=quoted(answer))
    return candidates.pop()


def _chat(row: dict[str, Any], raw: bytes, where: Where) -> Outcome:
    """A row that is a chat: ``messages``, each with a role and a content that is a text."""
    turns = row["messages"]
    if type(turns) is not list:
        return (finding("WRONG_TYPE", where, field="messages", found=kind(turns), wanted=kind([])),)
    if not turns:
        return (finding("NO_MESSAGES", where),)
    messages: list[Message] = []
    faults: list[Finding] = []
    for number, turn in enumerate(turns, 1):
        message = _message(turn, number, where)
        if isinstance(message, Finding):
            faults.append(message)
        else:
            messages.append(message)
    objects = [turn for turn in turns if type(turn) is dict]
    if (key := repeated_key(raw, len(row) + sum(map(len, objects)))) is not None:
        faults.append(finding("DUPLICATE_KEY", where, key=quoted(key)))
    if not faults and messages[-1].role != "assistant":
        faults.append(finding("LAST_NOT_ASSISTANT", where, role=messages[-1].role))
    if faults:
        return tuple(faults)
    extra = [key for key in row if key != "messages"]
    extra += [f"messages.{key}" for turn in objects for key in turn if key not in _MESSAGE_FIELDS]
    return Chat(tuple(messages), where, tuple(dict.fromkeys(extra)))


def _message(turn: object, number: int, where: Where) -> Message | Finding:
    """The message that the ``number``th of a chat is (counted from 1), or what is wrong with it."""
    field = f"messages[{number}]"
    if not isinstance(turn, dict):
        return finding("WRONG_TYPE", where, field=field, found=kind(turn), wanted=kind({}))
    role, content = turn.get("role"), turn.get("content")
    if role not in ROLES:
        return finding("UNKNOWN_ROLE", where, number=number, role="" if role is None else quoted(role))
    if content is None or (isinstance(content, str) and not trim(content)):
        return finding("EMPTY_CONTENT", where, number=number, role=role)
    if not isinstance(content, str):
        return finding("WRONG_TYPE", where, field=f"{field}.content", found=kind(content), wanted=kind(""))
    if "\0" in content:
        return finding("NUL", where, field=f"{field}.content")
    return Message(role, content)


def kind(value: object) -> str:
    """What a JSON value is, for a sentence."""
    match value:
        case None:
            return _("null")
        case bool():
            return _("true or false")
        case str():
            return _("a text")
        case int() | float():
            return _("a number")
        case list():
            return _("a list")
        case _other:
            return _("an object")
