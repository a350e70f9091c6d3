"""What one row means: JSON bytes or cells -> a record, or the findings that say why it is none. Nothing is ever guessed."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

import msgspec

from wizard.data.findings import Finding, Rule, quoted
from wizard.data.record import Record, Where
from wizard.data.shapes.aside import HEADER_AGAIN
from wizard.data.shapes.chats import chat, plain_text, preference
from wizard.data.shapes.choice import choice
from wizard.data.shapes.exports import flat, unread
from wizard.data.shapes.fields import keys_in
from wizard.data.shapes.plan import Given, Plan, plan
from wizard.data.shapes.reading import Reading
from wizard.data.shapes.roles import rejects, verdicts
from wizard.data.shapes.turns import is_chat
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
REJECTED_ROW = Rule(
    "REJECTED_ROW",
    "error",
    N_("“{field}” is “{value}”: somebody found this row bad."),
    N_("Leave it out; if it is good after all, take the field out of the file."),
    why=N_("A row that was rejected is one from which the model shouldn't learn."),
    bad='{"instruction": "2 + 3 = ?", "output": "6", "status": "rejected"}',
    good='{"instruction": "2 + 3 = ?", "output": "5", "status": "approved"}',
)

Outcome: TypeAlias = Record | tuple[Finding, ...]
"""A record, or why there is none; the empty tuple is a blank line."""

decode = msgspec.json.Decoder().decode


PLAIN = Reading()


def value_of(raw: bytes) -> Any:
    """The JSON value in ``raw``. ``NaN``, which Python writes for a value that is missing, is null. Raises ValueError."""
    try:
        return decode(raw)
    except ValueError:
        if b"NaN" not in raw:
            raise
        return json.loads(raw, parse_constant=_missing)


def _missing(word: str) -> None:
    if word != "NaN":
        raise ValueError(word)


def row_in(raw: bytes) -> Any:
    """The row that the JSON value ``raw`` is; a bare list of turns is one under the name ``conversations``. Raises ValueError."""
    value = value_of(raw)
    return {"conversations": value} if type(value) is list and is_chat(value) else value


def understand(raw: bytes, file: str, number: int, reading: Reading = PLAIN) -> Outcome:
    """What the JSON value ``raw`` on line ``number`` of ``file`` means. Never raises, whatever the bytes are."""
    where = Where(file, number)
    row = decoded(raw, where)
    if isinstance(row, tuple):
        return row
    row, planned = seen(row, reading.columns)
    return meaning(row, where, planned, reading)


def decoded(raw: bytes, where: Where) -> dict[str, Any] | tuple[Finding, ...]:
    """The row that the JSON value ``raw`` is, or why it is none; the empty tuple is a blank line."""
    try:
        row = row_in(raw)
    except (ValueError, RecursionError):  # msgspec's and Unicode's errors are ValueErrors
        return () if not raw or raw.isspace() else (why_not_json(raw, where),)
    if type(row) is not dict:
        return (NOT_AN_OBJECT.at(where),)
    if (key := repeated_key(raw, keys_in(row))) is not None:
        return (DUPLICATE_KEY.at(where, key=quoted(key)),)
    return row


def seen(row: dict[str, Any], columns: Given) -> tuple[dict[str, Any], Plan]:
    """``row``, laid out flat where its chat lies deeper, and what its fields mean."""
    planned = plan(tuple(row), columns)
    if planned.shape or columns or (laid := flat(row)) is None:
        return row, planned
    return laid, plan(tuple(laid))


def meaning(  # noqa: PLR0911 - one return a shape
    row: dict[str, Any], where: Where, planned: Plan, reading: Reading
) -> Outcome:
    """What a row means by its plan."""
    if next(iter(row.items()), ("", None))[0] in row.values() and all(
        key == value for key, value in row.items()
    ):
        return (HEADER_AGAIN.at(where),)
    for how, column in verdicts(planned.extra):
        if rejects(how, row.get(column)):
            return (REJECTED_ROW.at(where, field=column, value=quoted(row[column])),)
    match planned.shape:
        case "choice":
            return choice(row, planned, where, reading.counting)
        case "preference":
            return preference(row, planned, where)
        case "text":
            if reading.split:
                from wizard.data.shapes.transcript import transcript

                return transcript(row, planned, where)
            return plain_text(row, planned, where)
        case "":
            return (unread(row, where) or UNKNOWN_SHAPE.at(where, fields=quoted(enumerated(row)) or "–"),)
    found = chat(row, planned, where)
    if not reading.split or isinstance(found, tuple):
        return found
    from wizard.data.shapes.transcript import spread

    return spread(row, planned, found)
