"""Owns which characters a terminal obeys, hides or lets move others, beside the controls of ASCII; JSON and command lines without them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

LINE_BREAK = "⏎"
"""What stands for one where there is one line only."""
# DEL, C1, the soft hyphen, marks of direction and of nothing, what breaks lines, tags. The joiners that scripts and emoji
# need are not among them.
_RANGES = (
    (0x7F, 0x9F), (0xAD, 0xAD), (0x600, 0x605), (0x61C, 0x61C), (0x6DD, 0x6DD), (0x70F, 0x70F), (0x180E, 0x180E),
    (0x200B, 0x200B), (0x200E, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F), (0xD800, 0xDFFF), (0xFEFF, 0xFEFF),
    (0xFFF9, 0xFFFB), (0xE0000, 0xE007F),
)  # fmt: skip
_OBEYED = re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in _RANGES) + "]")


def characters() -> dict[str, str]:
    """Each of them but the controls, and what is shown in its place: ``<202E>``."""
    return {
        chr(code): f"<{code:02X}>"
        for first, last in _RANGES
        for code in range(first, last + 1)
        if first not in (0x7F, 0xD800)
    }


def escaped(text: str) -> str:
    """JSON ``text`` with each of them as its number: the same values, whoever shows it to a terminal."""
    return text if text.isascii() and "\x7f" not in text else _OBEYED.sub(_units, text)


def in_a_line(text: str) -> str:
    """``text`` with a sign in the place of each line break: a name that stands within a sentence, or in a line of the plan."""
    return LINE_BREAK.join(text.replace("\r\n", "\n").split("\n")) if "\n" in text else text


def command_line(words: Iterable[str]) -> str:
    """``words`` for a shell, on one line whatever is in them: ``$'…'``, where there is what a terminal obeys."""
    return " ".join(map(_word, words))


def _word(text: str) -> str:
    if all(char >= " " for char in text) and not _OBEYED.search(text):
        return shlex.quote(text)
    return "$'" + "".join(map(_in_word, text)) + "'"


def _in_word(char: str) -> str:
    if char in "\\'":
        return f"\\{char}"
    if char >= " " and not _OBEYED.match(char):
        return char
    known = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
    return known.get(char) or (f"\\x{ord(char):02x}" if char < "\x80" else f"\\U{ord(char):08x}")


def _units(found: re.Match[str]) -> str:
    return "".join(
        f"\\u{unit:04x}" for unit in memoryview(found[0].encode("utf-16-le", "surrogatepass")).cast("H")
    )
