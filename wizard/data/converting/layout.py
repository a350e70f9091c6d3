"""How a file's rows are written: the one pattern that nearly all of its lines have, keys in the same order and spacing.

Such lines needn't be decoded one by one. The pattern allows no control character, no key twice, nothing that it doesn't
name, and only those escapes that JSON can't do without, so that what it finds is what a JSON decoder finds but for these
escapes, which are sent as they are; any other line it hands on as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeAlias

import msgspec

Found: TypeAlias = tuple[str, str, str, str, str, str, str, str]
"""Question, options A to D, answer, letter, all as they are written in the row; then empty. Or seven empty ones, and the line."""

_PLAIN = r'[^"\\\x00-\x1f]'
_TEXT = rf'"({_PLAIN}+(?:\\["\\nrt]{_PLAIN}*)*)"'
_UNSENT = f'"{_PLAIN}*"'
_ESCAPED_BLANKS = (r"\n", r"\r", r"\t")
_LETTERS = "ABCD"
_FIELDS = ("question", "options", "answer", "answer_idx", "meta_info", "metamap_phrases")
_SPACINGS = ((", ", ": "), (",", ":"))
_CAPTURED = ("question", *_LETTERS, "answer", "answer_idx")

_decode = msgspec.json.Decoder().decode


class Layout:
    """The order of the fields, and the spacing, of rows with four options."""

    def __init__(self, keys: tuple[str, ...], comma: str, colon: str) -> None:
        groups: list[str] = []
        fields: list[str] = []
        for key in keys:
            if key == "options":
                groups += _LETTERS
                value = r"\{" + comma.join([f'"{letter}"{colon}{_TEXT}' for letter in _LETTERS]) + r"\}"
            elif key == "answer_idx":
                groups.append(key)
                value = f'"([{_LETTERS}])"'
            elif key == "metamap_phrases":
                value = rf"\[(?:{_UNSENT}(?:{comma}{_UNSENT})*)?\]"
            elif key == "meta_info":
                value = _UNSENT
            else:
                groups.append(key)
                value = _TEXT
            fields.append(f'"{key}"{colon}{value}')
        self.pattern = re.compile(r"^(?:\{" + comma.join(fields) + r"\}|(.*))$", re.MULTILINE)
        self.extra = tuple(key for key in keys if key in _FIELDS[4:])
        order = [groups.index(name) for name in _CAPTURED]
        self._order = None if order == sorted(order) else itemgetter(*order, len(order))

    def rows(self, text: str) -> Iterable[Any]:
        """A Found for each line of ``text``, which doesn't end with a line end. No text of it begins or ends with a blank that is escaped."""
        found: Iterable[Any] = self.pattern.findall(text)
        if "\\" in text:
            found = map(_without_escaped_ends, found)
        return found if self._order is None else map(self._order, found)


def layout_of(lines: Sequence[bytes]) -> Layout | None:
    """The layout of one of a page's first ``lines``; None where none of them is a plain row with four options."""
    for raw in lines:
        try:
            row = _decode(raw)
        except (ValueError, RecursionError):
            continue
        if type(row) is not dict or not set(_FIELDS[:4]) <= row.keys() <= set(_FIELDS):
            continue
        for comma, colon in _SPACINGS:
            layout = _layout(tuple(row), comma, colon)
            found = layout.pattern.match(raw.decode())
            if found is not None and not found[found.re.groups]:
                return layout
    return None


def _without_escaped_ends(found: Any) -> Any:
    if found[-1] or "\\" not in "".join(found):
        return found
    return tuple([_trimmed(text) if "\\" in text else text for text in found])


def _trimmed(text: str) -> str:
    """Without blanks at its ends; "" where these can't be told without decoding."""
    text = text.strip()
    while text[:2] in _ESCAPED_BLANKS:
        text = text[2:].lstrip()
    while text[-2:] in _ESCAPED_BLANKS:
        if text[-3:-2] == "\\":  # whose backslash may be a letter
            return ""
        text = text[:-2].rstrip()
    return text


@lru_cache(maxsize=32)
def _layout(keys: tuple[str, ...], comma: str, colon: str) -> Layout:
    return Layout(keys, comma, colon)
