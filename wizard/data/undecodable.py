"""Why a line is not JSON that can be used: the slow, careful look at what the fast decoder refused."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from wizard.data.check import Finding, finding, quoted
from wizard.data.lines import LINE_LIMIT, TooLong
from wizard.data.record import Where
from wizard.locale import _

_SURROGATE = re.compile("[\ud800-\udfff]")


def why_not_json(raw: bytes, where: Where) -> Finding:
    """The finding for a line that the decoder refused; ``raw`` is not blank."""
    if isinstance(raw, TooLong):
        return finding("LINE_TOO_LONG", where, limit=LINE_LIMIT // 1_000_000)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        return finding("INVALID_UTF8", where, offset=error.start + 1, byte=f"0x{raw[error.start]:02x}")
    if text.startswith("\ufeff"):
        return finding("NOT_JSON", where, reason=_("there is a byte order mark in the middle of the file"), column=1)
    try:
        value = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        return finding("NOT_JSON", where, reason=_reason(error, text), column=error.pos + 1)
    except _NotANumber as error:
        column = text.find(str(error)) + 1
        return finding("NOT_JSON", where, reason=_("{word} is not a JSON value").format(word=error), column=column)
    except (RecursionError, ValueError):  # ValueError: a number of more than 4300 digits
        return finding("JSON_TOO_DEEP", where)
    half = _SURROGATE.search(json.dumps(value, ensure_ascii=False))
    if half is not None:
        return finding("LONE_SURROGATE", where, escape=f"\\u{ord(half[0]):04x}")
    return finding("JSON_TOO_DEEP", where)


def repeated_key(raw: bytes) -> str | None:
    """The first key that an object in ``raw`` (valid JSON) has twice, at whatever depth, or None."""
    repeated: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        if len({key for key, _value in pairs}) != len(pairs):
            keys = [key for key, _value in pairs]
            repeated.extend(key for key in keys if keys.count(key) > 1)

    try:
        json.loads(raw, object_pairs_hook=look)
    except (RecursionError, ValueError):
        return None  # the decoder took it: deeper than the standard library goes, but no row that we know
    return repeated[0] if repeated else None


class _NotANumber(Exception):
    """NaN or an infinity, which Python writes and JSON doesn't know."""


def _refuse(word: str) -> NoReturn:
    raise _NotANumber(word)


def _reason(error: json.JSONDecodeError, text: str) -> str:
    """The standard library's reason in the language in use."""
    message = error.msg
    if error.pos >= len(text.rstrip()):
        return _("it ends too early")
    near = quoted(text[error.pos : error.pos + 12])
    if message.startswith("Unterminated string"):
        return _("a text that begins here has no closing quote")
    if message.startswith("Invalid control character"):
        return _("a tab, line end or other control character stands inside a text; write it as \\t or \\n")
    if message.startswith("Invalid"):
        return _("there is a wrong backslash sequence")
    if message.startswith("Extra data"):
        return _("something follows the end of the object: “{near}”").format(near=near)
    if message.startswith("Expecting property name"):
        return _("a name in double quotes should stand where “{near}” is").format(near=near)
    if message.startswith("Expecting '"):
        return _("“{wanted}” should stand before “{near}”").format(wanted=message.split("'")[1], near=near)
    return _("“{near}” is not a JSON value").format(near=near)
