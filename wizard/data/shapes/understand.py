"""What one row means: JSON bytes or cells -> a record, or the findings that say why it is none. Nothing is ever guessed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from wizard.data.findings import Finding, Rule, quoted
from wizard.data.record import Record, Where
from wizard.data.shapes.aside import HEADER_AGAIN
from wizard.data.shapes.chats import chat, plain_text, preference
from wizard.data.shapes.choice import choice, in_the_question
from wizard.data.shapes.conserved import lost
from wizard.data.shapes.exports import EXPORT_UNREAD, flat, unread
from wizard.data.shapes.fields import keys_in
from wizard.data.shapes.guess import is_label
from wizard.data.shapes.inside import rows_inside
from wizard.data.shapes.names import blank
from wizard.data.shapes.plan import IGNORE, MEANINGS, Given, Plan, listed, plan, system_of
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
        "Say which field means what: --columns question=NAME --columns answer=NAME --columns A=NAME …, or of a text to go on training with --columns text=NAME "
        "(in the wizard dataset.columns.question=NAME …). Known without that: “question”, “options” and "
        "“answer_idx” of a question, “messages” of a chat."
    ),
    why=N_(
        "The wizard sends nothing whose meaning it would have to guess: a text in the wrong place would be trained as the answer."
    ),
    bad='{"left": "2 + 3 = ?", "right": "5"}',
    good='{"instruction": "2 + 3 = ?", "output": "5"}',
)
TWO_COLUMNS = Rule(
    "TWO_COLUMNS",
    "error",
    N_("“{first}” and “{second}” could mean the same, and something is in both."),
    N_("Say which counts: {line} or {other} (in the wizard dataset.columns.MEANING=NAME)."),
    why=N_(
        "If one of the two were taken unasked, the other would be missing from the training: half of the question, or the right answer instead of somebody's."
    ),
    bad='{"question": "2 + 3 = ?", "answer": "5", "response": "Perhaps 6"}',
    good='{"question": "2 + 3 = ?", "answer": "5", "response": ""}',
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
    return row if isinstance(row, tuple) else meaning(row, where, reading)


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


def laid_out(row: dict[str, Any], columns: Given) -> tuple[dict[str, Any], Plan]:
    """``row`` with the parts of its question as fields, and its plan: what is empty in it hides nothing that is filled."""
    if type(inside := row.get("question")) is dict and "stem" in inside:
        row = {name: value for name, value in row.items() if name != "question"}
        row |= {f"question.{name}": value for name, value in inside.items()}
    planned = plan(tuple(row), columns)
    return (row, _settled(row, planned, columns)) if planned.doubted else (row, planned)


def _settled(row: Mapping[str, Any], planned: Plan, columns: Given) -> Plan:
    """The plan of those columns of ``row`` in which something is, where that decides which column has a meaning."""
    keys = tuple(row)
    while planned.doubted and (empty := _hiding(row, planned)):
        keys = tuple([name for name in keys if name not in empty])
        planned = plan(keys, columns)
    return planned


def _hiding(row: Mapping[str, Any], planned: Plan) -> set[str]:
    """The columns that are empty in ``row``, and without which others would have their meanings."""
    if not planned.rivals and not any(blank(row.get(column)) for column in planned.doubted):
        return set()
    rivals = {column for _meaning, each in planned.rivals for column in each}
    options = [column for column in planned.doubted if column not in rivals]
    empty: set[str] = set()
    for _meaning, each in planned.rivals:
        blanks = [column for column in each if blank(row.get(column))]
        empty.update(blanks if len(blanks) < len(each) else blanks[1:])
    if planned.shape == "choice":
        answers = [row.get(column) for column in (*planned.answers, *planned.instead)]
        if options and all(blank(row.get(column)) for column in options):
            words = [value for value in answers if not blank(value)]
            if words and not any(map(_is_letter, words)):
                empty.update(options)
    return empty


def _is_letter(value: object) -> bool:
    """Whether an answer stands for an option that isn't there; a number in words is an answer, too."""
    return is_label(value) and not (isinstance(value, str) and value.strip().isdecimal())


def seen(row: dict[str, Any], columns: Given) -> tuple[dict[str, Any], Plan]:
    """``row``, laid out flat where its question or its chat lies deeper, and what its fields mean."""
    row, planned = laid_out(row, columns)
    return hidden(row, planned, columns) or _deeper(row, planned, columns)


def _deeper(row: dict[str, Any], planned: Plan, columns: Given) -> tuple[dict[str, Any], Plan]:
    if planned.shape or columns or (laid := flat(row)) is None:
        return row, planned
    return laid_out(*laid)


def meaning(row: dict[str, Any], where: Where, reading: Reading) -> Outcome:
    """What a row means by its plan; an error where a part of it would be lost that must not be."""
    if next(iter(row.items()), ("", None))[0] in row.values() and all(
        key == value for key, value in row.items()
    ):
        return (HEADER_AGAIN.at(where),)
    row, planned = laid_out(row, reading.columns)
    if (nested := hidden(row, planned, reading.columns)) is not None:
        return _rejected(row, tuple(row), where) or _nested(row, nested, where, reading)
    row, planned = _deeper(row, planned, reading.columns)
    unsent = planned.extra
    if reading.columns:
        ignored = listed(dict(reading.columns).get(IGNORE, ""))
        unsent = tuple([name for name in unsent if name not in ignored])
    if bad := _rejected(row, unsent, where):
        return bad
    if planned.rivals:
        return (_rivals(planned, where),)
    found = _by_plan(row, where, planned, reading)
    if isinstance(found, tuple):
        several = None if EXPORT_UNREAD.code in [one.code for one in found] else rows_inside(row, where)
        return found if several is None else (several,)
    return lost(row, found, planned, reading.columns) or _unsent(row, found)


def _unsent(row: Mapping[str, Any], record: Record) -> Record:
    """``record`` with those of its fields that are not sent in which something is."""
    extra = tuple([name for name in record.extra if name not in row or not blank(row[name])])
    return record if extra == record.extra else msgspec.structs.replace(record, extra=extra)


def _rejected(row: Mapping[str, Any], columns: tuple[str, ...], where: Where) -> tuple[Finding, ...]:
    """What is said of a row that somebody found bad; empty for another."""
    for how, column in verdicts(columns):
        if rejects(how, row.get(column)):
            return (REJECTED_ROW.at(where, field=column, value=quoted(row[column])),)
    return ()


def _rivals(planned: Plan, where: Where) -> Finding:
    meaning, each = planned.rivals[0]
    meaning = "text" if planned.shape == "text" else meaning if meaning in MEANINGS else "question"
    first, second = each[:2]
    return TWO_COLUMNS.at(
        where,
        first=quoted(first),
        second=quoted(second),
        line=f"--columns {meaning}={first}",
        other=_other(meaning, planned, first, second),
    )


def _other(meaning: str, planned: Plan, first: str, second: str) -> str:
    """The words that would send both columns, else those for the second one."""
    if meaning != "question":
        return f"--columns {meaning}={second}"
    if planned.shape == "choice":
        return f"--columns passage={first} --columns question={second}"
    return f"--columns instruction={first} --columns input={second}"


def _by_plan(  # noqa: PLR0911 - one return a shape
    row: dict[str, Any], where: Where, planned: Plan, reading: Reading
) -> Outcome:
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
    if (asked := in_the_question(row, planned, where, reading.counting)) is not None:
        return asked
    found = chat(row, planned, where)
    if not reading.split or isinstance(found, tuple):
        return found
    from wizard.data.shapes.transcript import spread

    return spread(row, planned, found)


def hidden(row: Mapping[str, Any], planned: Plan, columns: Given) -> tuple[dict[str, Any], Plan] | None:
    """The question whose parts lie in ``metadata``, with its plan, beside texts that were made of them and no more than a letter."""
    inside = row.get("metadata")
    if columns or type(inside) is not dict:
        return None
    if planned.shape and not is_label(row.get(planned.meanings.get("output", ""), "")):
        return None
    if (system := system_of(tuple(row))) is not None and system not in inside:
        inside = inside | {system: row[system]}
    found, of_it = laid_out(inside, ())
    return (found, of_it) if of_it.shape == "choice" and "question" in of_it.meanings else None


def _nested(
    row: Mapping[str, Any], nested: tuple[dict[str, Any], Plan], where: Where, reading: Reading
) -> Outcome:
    inside, planned = nested
    if planned.rivals:
        return (_rivals(planned, where),)
    found = choice(inside, planned, where, reading.counting)
    if isinstance(found, tuple):
        return found
    sent = planned.meanings.get("system")
    used = {"metadata", sent if sent not in row["metadata"] else ""}
    extra = [key for key in row if key not in used] + [f"metadata.{key}" for key in found.extra]
    found = msgspec.structs.replace(found, extra=tuple(extra))
    return lost(row, found, plan(tuple(row)), ()) or lost(inside, found, planned, ()) or _unsent(row, found)
