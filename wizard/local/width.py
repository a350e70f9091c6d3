"""Owns how many columns of a terminal a text takes, and its lines as long as that has room: broken at blanks and between Chinese characters.

Counted here and not by a library, for the screens' libraries take a tenth of a second to come, and help and scripts need none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

# What may not begin a line, and what may not end one.
_CLOSING = "，。、；：？！）》」』】”’,.;:?!)"
_OPENING = "（“‘《「『【"
_WIDE = "\u2e80-\uffef“”"
_TAKES_NONE = frozenset({"Mn", "Me", "Mc", "Cf", "Cc", "Cs", "Zl", "Zp"})
_JAMO = "\u1160", "\u11ff"  # vowels and finals, which stand within the syllable before them


def breadth(text: str) -> int:
    """Columns that ``text`` takes."""
    return len(text) if text.isascii() else sum(map(_of, text))


def wrapped(text: str, columns: int) -> Iterator[str]:
    """The lines of ``text``, none wider than ``columns``, no word broken that fits; where a line goes on, the rest is indented as its beginning."""
    for line in text.split("\n"):
        indent = line[: len(line) - len(line.lstrip(" "))]
        shown, used = "", 0
        for piece in _pieces().findall(line):
            wide = breadth(piece.rstrip(" "))
            if used and used + wide > columns:
                yield shown.rstrip(" ")
                shown, used = indent, len(indent)
            for char in piece if wide > columns - used else (piece,):
                if used + breadth(char.rstrip(" ")) > columns:
                    yield shown
                    shown, used = indent, len(indent)
                shown += char
                used += breadth(char)
        yield shown.rstrip(" ") if used > columns else shown


def cut(text: str, columns: int, mark: str = "…") -> str:
    """``text`` where it fits into ``columns``, else its beginning and ``mark``."""
    if breadth(text) <= columns:
        return text
    left = columns - breadth(mark)
    for number, char in enumerate(text):
        left -= _of(char)
        if left < 0:
            return text[:number] + mark
    return text


@cache
def _of(char: str) -> int:
    if unicodedata.category(char) in _TAKES_NONE or _JAMO[0] <= char <= _JAMO[1]:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


@cache
def _pieces() -> re.Pattern[str]:
    """A word, or one wide character, with what may not be parted from it and the blanks behind.

    Blanks are ASCII blanks only: a full-width one is part of what a Chinese text says.
    """
    return re.compile(
        rf"[{_OPENING}]*(?:[^ {_WIDE}]+|[\u2e80-\uffef])[{_CLOSING}]* *|[{_OPENING}{_CLOSING}]+ *| +"
    )
