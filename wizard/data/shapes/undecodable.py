"""Why a line is not JSON that can be used: the slow, careful look at what the fast decoder refused."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from wizard.data.files.damage import JSON_TOO_DEEP, why_not_decoded
from wizard.data.findings import Finding, Rule, quoted
from wizard.data.record import Where
from wizard.data.shapes.fields import twice
from wizard.locale import N_, _

NOT_JSON = Rule(
    "NOT_JSON",
    "error",
    N_("The line is not JSON: {reason} (at character {column})."),
    N_("Write one complete JSON object on each line, with double quotes."),
    why=N_(
        "The platform reads one JSON object from each line, and its SDK can refuse the whole file for a line that is none."
    ),
    bad="{'messages': [{'role': 'user', 'content': '2 + 3 = ?'}, {'role': 'assistant', 'content': '5'}]}",
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}',
)
DUPLICATE_KEY = Rule(
    "DUPLICATE_KEY",
    "error",
    N_("The key “{key}” is there twice, so one of its values would be lost."),
    N_("Keep one of them."),
    why=N_(
        "Programs keep one of the two values and drop the other without a word, and not all keep the same one."
    ),
    bad='{"question": "2 + 3 = ?", "options": {"A": "5", "A": "6", "B": "7"}, "answer_idx": "A"}',
    good='{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6", "C": "7"}, "answer_idx": "A"}',
)
LONE_SURROGATE = Rule(
    "LONE_SURROGATE",
    "error",
    N_("The line holds half a character ({escape}), which can't be written as UTF-8."),
    N_("Replace it with the character that was meant."),
    why=N_(
        "Characters such as emoji are written as two halves in JSON. One half alone stands for nothing and can't be sent."
    ),
    bad='{"messages": [{"role": "user", "content": "Name this fruit: \\ud83c"}, {"role": "assistant", "content": "An apple."}]}',
    good='{"messages": [{"role": "user", "content": "Name this fruit: \\ud83c\\udf4e"}, {"role": "assistant", "content": "An apple."}]}',
)


_SURROGATE = re.compile("[\ud800-\udfff]")
_KEY_WITH_BLANK = re.compile(rb'"[ \t\r\n]+:')


def why_not_json(raw: bytes, where: Where) -> Finding:
    """The finding for a line that the decoder refused; ``raw`` is not blank."""
    if type(raw) is not bytes:
        return why_not_decoded(raw, where)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return why_not_decoded(raw, where)
    return _why_no_value(text, where)


def _why_no_value(text: str, where: Where) -> Finding:
    try:
        value = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        there = Where(where.file, where.line + error.lineno - 1)
        return NOT_JSON.at(there, reason=_reason(error, text), column=error.colno)
    except _NotANumber as error:
        reason = _("{word} is not a JSON value").format(word=error)
        at = max(text.find(str(error)), 0)
        there = Where(where.file, where.line + text.count("\n", 0, at))
        return NOT_JSON.at(there, reason=reason, column=at - text.rfind("\n", 0, at))
    except (RecursionError, ValueError):  # ValueError: a number of more than 4300 digits
        return JSON_TOO_DEEP.at(where)
    half = _SURROGATE.search(json.dumps(value, ensure_ascii=False))
    if half is not None:
        return LONE_SURROGATE.at(where, escape=f"\\u{ord(half[0]):04x}")
    return JSON_TOO_DEEP.at(where)


def repeated_key(raw: bytes, keys: int) -> str | None:
    """The first key that an object in ``raw`` (valid JSON) has twice, at whatever depth, or None.

    ``keys`` are those that the decoder gave, which keeps one of each: where the line has no more, none can be lost.
    """
    if no_more_keys(raw, keys):
        return None
    repeated: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        if (again := twice([key for key, _value in pairs])) is not None:
            repeated.append(again)

    try:
        json.loads(raw, object_pairs_hook=look)
    except (RecursionError, ValueError):
        return None  # the decoder took it: deeper than the standard library goes, but no row that we know
    return repeated[0] if repeated else None


def no_more_keys(raw: bytes, keys: int) -> bool:
    """True only where ``raw`` (valid JSON) can't hold more than ``keys`` keys; quick, and False where it can't tell."""
    # Each key needs a colon of its own. Texts may hold colons too, but hardly the end of a key as it is usually written;
    # a blank before the colon would hide one from the second count.
    return raw.count(b":") == keys or (raw.count(b'":') == keys and not _KEY_WITH_BLANK.search(raw))


class _NotANumber(Exception):
    """NaN or an infinity, which Python writes and JSON doesn't know."""


def _refuse(word: str) -> NoReturn:
    raise _NotANumber(word)


def _reason(error: json.JSONDecodeError, text: str) -> str:
    """The standard library's reason in the language in use."""
    if text.startswith("\ufeff"):
        return _("there is a byte order mark in the middle of the file")
    if error.pos >= len(text.rstrip()):
        return _("it ends too early")
    near = quoted(text[error.pos : error.pos + 12])
    reasons = {
        "Unterminated string": _("a text that begins here has no closing quote"),
        "Invalid control character": _(
            "a tab, line end or other control character stands inside a text; write it as \\t or \\n"
        ),
        "Invalid": _("there is a wrong backslash sequence"),
        "Extra data": _("something follows the end of the object: “{near}”"),
        "Expecting property name": _("a name in double quotes should stand where “{near}” is"),
        "Expecting '": _("“{wanted}” should stand before “{near}”"),
        "": _("“{near}” is not a JSON value"),
    }
    sentence = next(reasons[start] for start in reasons if error.msg.startswith(start))
    return sentence.format(near=near, wanted="".join(error.msg.split("'")[1:2]))
