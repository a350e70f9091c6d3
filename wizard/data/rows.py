"""What one line means: JSON bytes -> a record, or the findings that say why it is none. Nothing is ever guessed."""

from __future__ import annotations

from collections import Counter
from typing import Any, TypeAlias

import msgspec

from wizard.data.check import Finding, finding, quoted
from wizard.data.record import BLANKS, Chat, Message, MultipleChoice, Record, Where, trim
from wizard.data.undecodable import repeated_key, why_not_json

ROLES = ("system", "user", "assistant")

Outcome: TypeAlias = Record | tuple[Finding, ...]
"""A record, or why there is none; the empty tuple is a blank line."""

decode = msgspec.json.Decoder().decode

_CHOICE_FIELDS = frozenset({"question", "options", "answer", "answer_idx"})
_MESSAGE_FIELDS = frozenset({"role", "content"})
_USUAL_LABELS = frozenset(tuple("ABCDEFGHIJ"[:count]) for count in range(2, 11))
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
        return _usual_choice(row, raw, where) or _choice(row, raw, where)
    return (finding("UNKNOWN_SHAPE", where, fields=quoted(", ".join(row)) or "–"),)


def _usual_choice(row: dict[str, Any], raw: bytes, where: Where) -> MultipleChoice | None:
    """The record of a faultless row as MedQA's own files have them; None means look closely.

    It never accepts what ``_choice`` would not, and is four times as fast.
    """
    question, options, answer, letter = row.get("question"), row.get("options"), row.get("answer"), row.get("answer_idx")
    if type(options) is not dict or type(question) is not str or type(answer) is not str or type(letter) is not str:
        return None
    labels = tuple(options)
    # Each key needs a colon of its own: as many colons as keys leave no room for a key that is there twice.
    if (
        labels not in _USUAL_LABELS
        or letter not in labels
        or (raw.count(b":") != len(row) + len(options) and raw.count(b'":') != len(row) + len(options))
        or (b"\\" in raw and b"\\u0000" in raw)
    ):
        return None
    question = question.strip(BLANKS)
    try:
        texts = [text.strip(BLANKS) for text in options.values()]
    except AttributeError:
        return None
    if not question or "" in texts or answer.strip(BLANKS) != texts[labels.index(letter)]:
        return None
    extra = () if len(row) == len(_CHOICE_FIELDS) else tuple([key for key in row if key not in _CHOICE_FIELDS])
    return MultipleChoice(question, tuple(zip(labels, texts, strict=True)), letter, where, extra)


def _choice(row: dict[str, Any], raw: bytes, where: Where) -> Outcome:
    """A row in MedQA's shape: question, options as an object, answer (a text) and answer_idx (a label), or one of them."""
    if (key := repeated_key(raw)) is not None:
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
        if not label or label in found or len(label) > _LABEL_LIMIT or not label.isprintable() or ". " in label:
            faults.append(finding("BAD_LABEL", where, label=quoted(name)))
        elif text == "":
            faults.append(finding("EMPTY_OPTION", where, label=label))
        found[label] = text or ""
    return found


def _answer(options: dict[str, str], answer: str, letter: str, where: Where) -> str | Finding:
    """The label of the right option, where ``answer`` and ``letter`` (either may be "") leave no doubt."""
    by_text = {label for label, text in options.items() if text == answer}
    labels = ", ".join(options)
    if letter:
        if letter not in options:
            return finding("ANSWER_NOT_AN_OPTION", where, answer=quoted(letter), labels=labels)
        # An answer that repeats the letter agrees with it, unless it is also what another option says.
        if answer and letter not in by_text and (answer != letter or by_text):
            return finding(
                "ANSWER_DISAGREES", where, label=letter, answer=quoted(answer), option=quoted(options[letter])
            )
        return letter
    if not answer:
        return finding("NO_ANSWER", where)
    candidates = by_text | ({answer} & options.keys())
    if not candidates:
        return finding("ANSWER_NOT_AN_OPTION", where, answer=quoted(answer), labels=labels)
    if len(candidates) > 1:
        return finding("ANSWER_AMBIGUOUS", where, answer=quoted(answer))
    return candidates.pop()


def _chat(row: dict[str, Any], raw: bytes, where: Where) -> Outcome:
    """A row that is a chat: ``messages``, each with a role and a content that is a text."""
    messages = row["messages"]
    if type(messages) is not list:
        return (finding("WRONG_TYPE", where, field="messages", found=kind(messages), wanted=kind([])),)
    if not messages:
        return (finding("NO_MESSAGES", where),)
    faults: list[Finding] = []
    turns: list[Message] = []
    keys = len(row)
    extra = [] if len(row) == 1 else [key for key in row if key != "messages"]
    for number, message in enumerate(messages, 1):
        if type(message) is not dict:
            field = f"messages[{number}]"
            faults.append(finding("WRONG_TYPE", where, field=field, found=kind(message), wanted=kind({})))
            continue
        keys += len(message)
        role, content = message.get("role"), message.get("content")
        if role not in ROLES:
            shown = "" if role is None else quoted(role)
            faults.append(finding("UNKNOWN_ROLE", where, number=number, role=shown))
        elif content is None or (type(content) is str and not trim(content)):
            faults.append(finding("EMPTY_CONTENT", where, number=number, role=role))
        elif type(content) is not str:
            field = f"messages[{number}].content"
            faults.append(finding("WRONG_TYPE", where, field=field, found=kind(content), wanted=kind("")))
        elif "\0" in content:
            faults.append(finding("NUL", where, field=f"messages[{number}].content"))
        else:
            turns.append(Message(role, content))
        if len(message) > len(_MESSAGE_FIELDS):
            extra += [f"messages.{key}" for key in message if key not in _MESSAGE_FIELDS]
    if raw.count(b'":') != keys and (key := repeated_key(raw)) is not None:
        faults.append(finding("DUPLICATE_KEY", where, key=quoted(key)))
    last = messages[-1].get("role") if type(messages[-1]) is dict else None
    if last in ROLES and last != "assistant":
        faults.append(finding("LAST_NOT_ASSISTANT", where, role=last))
    return tuple(faults) or Chat(tuple(turns), where, tuple(dict.fromkeys(extra)))


def kind(value: object) -> str:
    """What a JSON value is, for a sentence."""
    from wizard.locale import _

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
