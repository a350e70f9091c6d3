"""Lines as long as the terminal is wide: broken at blanks and between Chinese characters, never inside a word that fits."""

from __future__ import annotations

import re
from collections.abc import Iterator

# What may not begin a line, and what may not end one.
_CLOSING = "\u3001\u3002\uff01\uff09\uff0c\uff1a\uff1b\uff1f\u201d\u300b"
_OPENING = "\uff08\u201c\u300a"
# A word, or one wide character, with what may not be parted from it and the blanks behind.
# Blanks are ASCII blanks only: a full-width one is part of what a Chinese text says.
# Compiled by the first line that is too long: nothing at a start takes longer to compile.
_PIECES = rf"[{_OPENING}]*(?:[^ \u2e80-\uffef\u201c\u201d]+|[\u2e80-\uffef])[{_CLOSING}]* *|[{_OPENING}{_CLOSING}]+ *| +"


def wrapped(text: str, columns: int) -> Iterator[str]:
    """The lines of ``text``, none wider than ``columns``; where a line goes on, the rest is indented as its beginning."""
    for line in text.split("\n"):
        if width(line) <= columns:
            yield line
            continue
        indent = line[: len(line) - len(line.lstrip(" "))]
        shown, used = "", 0
        for piece in re.findall(_PIECES, line):
            wide = width(piece.rstrip(" "))
            if used and used + wide > columns:
                yield shown.rstrip(" ")
                shown, used = indent, len(indent)
            for char in piece if wide > columns - used else (piece,):
                if used + width(char.rstrip(" ")) > columns:
                    yield shown
                    shown, used = indent, len(indent)
                shown += char
                used += width(char)
        yield shown.rstrip(" ") if used > columns else shown


def width(text: str) -> int:
    """Columns that ``text`` takes."""
    if text.isascii():
        return len(text)
    from prompt_toolkit.utils import get_cwidth

    return get_cwidth(text)
