"""What one row means: JSON bytes or cells -> a record, or the findings that say why it is none. Nothing is ever guessed."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from wizard.data.findings import Finding, Rule, quoted
from wizard.data.record import Chat, Message, MultipleChoice, Record, Where
from wizard.data.shapes import answers
from wizard.data.shapes.answers import ANSWER_AMBIGUOUS, ANSWER_DISAGREES, ANSWER_NOT_AN_OPTION, NO_ANSWER
from wizard.data.shapes.chats import LAST_NOT_ASSISTANT, NO_MESSAGES, chat, message, plain_text, preference
from wizard.data.shapes.choice import choice
from wizard.data.shapes.fields import NO_QUESTION, keys_in, text
from wizard.data.shapes.options import checked
from wizard.data.shapes.plan import Plan, plan
from wizard.data.shapes.reading import Reading
from wizard.data.shapes.undecodable import DUPLICATE_KEY, repeated_key, why_not_json
from wizard.locale import N_, enumerated

NOT_AN_OBJECT = Rule(
    "NOT_AN_OBJECT",
    "error",
    N_("The line is JSON, but not an object in braces."),
    N_('Write one object a line, such as {{"question": …, "options": …, "answer_idx": …}}.'),
    why=N_("Only an object has names that say which text is the question and which the answer."),
    bad='["2 + 3 = ?", "5"]',
    good='{"instruction": "2 + 3 = ?", "output": "5"}',
)
UNKNOWN_SHAPE = Rule(
    "UNKNOWN_SHAPE",
    "error",
    N_("The row is neither a question with options nor a chat; its fields are: {fields}."),
    N_(
        "Say which field means what: --columns question=NAME --columns answer=NAME --columns A=NAME … "
        "(in the wizard dataset.columns.question=NAME …). Known without that: “question”, “options” and "
        "“answer_idx” of a question, “messages” of a chat."
    ),
    why=N_(
        "The wizard sends nothing whose meaning it would have to guess: a text in the wrong place would be trained as the answer."
    ),
    bad='{"left": "2 + 3 = ?", "right": "5"}',
    good='{"instruction": "2 + 3 = ?", "output": "5"}',
)


Outcome: TypeAlias = Record | tuple[Finding, ...]
"""A record, or why there is none; the empty tuple is a blank line."""

decode = msgspec.json.Decoder().decode

_MESSAGE_FIELDS = frozenset({"role", "content"})


PLAIN = Reading()


def understand(raw: bytes, file: str, number: int, reading: Reading = PLAIN) -> Outcome:
    """What the JSON value ``raw`` on line ``number`` of ``file`` means. Never raises, whatever the bytes are."""
    try:
        row = decode(raw)
    except (ValueError, RecursionError):  # msgspec's and Unicode's errors are ValueErrors
        return () if not raw or raw.isspace() else (why_not_json(raw, Where(file, number)),)
    where = Where(file, number)
    if type(row) is not dict:
        return (NOT_AN_OBJECT.at(where),)
    planned = plan(tuple(row), reading.columns)
    if planned.plain and type(row.get("options")) in (dict, type(None)):
        return _choice(row, raw, where, planned, reading.counting)
    if (
        planned.shape == "messages"
        and "messages" in row
        and len(planned.meanings) == 1
        and not _foreign(row["messages"])
    ):
        return _chat(row, raw, where)
    if (key := repeated_key(raw, keys_in(row))) is not None:
        return (DUPLICATE_KEY.at(where, key=quoted(key)),)
    return meaning(row, where, planned, reading)


def meaning(row: dict[str, Any], where: Where, planned: Plan, reading: Reading) -> Outcome:
    """What a row means by its plan."""
    match planned.shape:
        case "choice":
            return choice(row, planned, where, reading.counting)
        case "preference":
            return preference(row, planned, where)
        case "text":
            return plain_text(row, planned, where)
        case "":
            return _nested(row, where, reading) or (
                UNKNOWN_SHAPE.at(where, fields=quoted(enumerated(row)) or "–"),
            )
    return chat(row, planned, where)


def _nested(row: dict[str, Any], where: Where, reading: Reading) -> Outcome | None:
    """A question whose parts lie in ``metadata``, beside texts that were made of them."""
    inside = row.get("metadata")
    if reading.columns or not isinstance(inside, dict):
        return None
    planned = plan(tuple(inside))
    if planned.shape != "choice" or "question" not in planned.meanings:
        return None
    found = choice(inside, planned, where, reading.counting)
    if isinstance(found, tuple):
        return found
    extra = [key for key in row if key != "metadata"] + [f"metadata.{key}" for key in found.extra]
    return msgspec.structs.replace(found, extra=tuple(extra))


def _choice(row: dict[str, Any], raw: bytes, where: Where, planned: Plan, counting: int | None) -> Outcome:
    """A row in MedQA's shape: question, options as an object, answer (a text) and answer_idx (a label), or one of them."""
    inside = row.get("options")
    if (key := repeated_key(raw, len(row) + (len(inside) if inside else 0))) is not None:
        return (DUPLICATE_KEY.at(where, key=quoted(key)),)
    faults: list[Finding] = []
    question = text(row, "question", where, faults)
    if question == "":
        faults.append(NO_QUESTION.at(where))
    options = checked(inside or {}, where, faults)
    given, index = row.get("answer"), row.get("answer_idx")
    label: str | Finding | None = None
    if type(given) in _TEXTS and type(index) in _TEXTS:
        answer = text(row, "answer", where, faults)
        letter = text(row, "answer_idx", where, faults)
        if faults or answer is None or letter is None:
            return tuple(faults)
        label = _answer(options, answer, letter, where)
        if type(label) is str:
            return MultipleChoice(question or "", tuple(options.items()), label, where, planned.extra)
    if faults:
        return tuple(faults)
    right = answers.resolved(options, [("answer_idx", index), ("answer", given)], where, counting)
    if isinstance(right, Finding):
        return (label if isinstance(label, Finding) and right.code != "ANSWER_INDEX" else right,)
    return MultipleChoice(question or "", tuple(options.items()), right[0], where, planned.extra, right[1:])


_TEXTS = (str, type(None))


def _answer(options: dict[str, str], answer: str, letter: str, where: Where) -> str | Finding:
    """The label of the right option, where ``answer`` and ``letter`` (either may be "") leave no doubt."""
    by_text = {label for label, text in options.items() if text == answer}
    if not letter:
        return _answer_by_text(options, answer, by_text, where)
    if letter not in options:
        return ANSWER_NOT_AN_OPTION.at(where, answer=quoted(letter), labels=enumerated(options))
    # An answer that repeats the letter agrees with it, unless it is also what another option says.
    if answer and letter not in by_text and (answer != letter or by_text):
        option = quoted(options[letter])
        return ANSWER_DISAGREES.at(where, label=letter, answer=quoted(answer), option=option)
    return letter


def _answer_by_text(options: dict[str, str], answer: str, by_text: set[str], where: Where) -> str | Finding:
    """The label of the right option where no label is given: ``answer`` is an option's text, or a label itself."""
    if not answer:
        return NO_ANSWER.at(where)
    candidates = by_text | ({answer} & options.keys())
    if not candidates:
        return ANSWER_NOT_AN_OPTION.at(where, answer=quoted(answer), labels=enumerated(options))
    if len(candidates) > 1:
        return ANSWER_AMBIGUOUS.at(where, answer=quoted(answer))
    return candidates.pop()


def _foreign(turns: object) -> bool:
    """Whether a list of turns has other names than the platform's."""
    return type(turns) is not list or (bool(turns) and type(turns[0]) is dict and "from" in turns[0])


def _chat(row: dict[str, Any], raw: bytes, where: Where) -> Outcome:
    """A row that is a chat: ``messages``, each with a role and a content that is a text."""
    turns = row["messages"]
    if not turns:
        return (NO_MESSAGES.at(where),)
    messages: list[Message] = []
    faults: list[Finding] = []
    for number, turn in enumerate(turns, 1):
        one = message(turn, number, "messages", where, strict=True)
        if isinstance(one, Finding):
            faults.append(one)
        else:
            messages.append(one)
    objects = [turn for turn in turns if type(turn) is dict]
    if (key := repeated_key(raw, len(row) + sum(map(len, objects)))) is not None:
        faults.append(DUPLICATE_KEY.at(where, key=quoted(key)))
    if not faults and messages[-1].role != "assistant":
        faults.append(LAST_NOT_ASSISTANT.at(where, role=messages[-1].role))
    if faults:
        return tuple(faults)
    extra = [key for key in row if key != "messages"]
    extra += [f"messages.{key}" for turn in objects for key in turn if key not in _MESSAGE_FIELDS]
    return Chat(tuple(messages), where, tuple(dict.fromkeys(extra)))
