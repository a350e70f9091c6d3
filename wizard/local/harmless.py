"""Owns which characters a terminal obeys, hides or lets move others, what is shown in their place; JSON without them."""

from __future__ import annotations

import re

LINE_BREAK = "⏎"
"""What stands for one where there is one line only."""
NO_WIDTH = "\u200b\u2060\ufeff"
"""Blanks without width: what a text is trimmed of."""
JOINERS = "\u200c\u200d"
"""Without width, too, but scripts and emoji need them: they are shown as they are."""
DIRECTIONS = "\u202a-\u202e\u2066-\u2069"
"""For a pattern's class: what turns the order of a text around, so that it reads other than it is."""
# The soft hyphen, marks of direction, of nothing, and of what stands in no text that people type: whoever copies can take them along.
_COPIED_ALONG = ((0xAD, 0xAD), (0x61C, 0x61C), (0x180E, 0x180E), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0xFEFF, 0xFEFF))  # fmt: skip
# DEL and C1, what breaks lines, lone surrogates, signs of other scripts, tags.
_OTHERS = (
    (0x7F, 0x9F), (0x600, 0x605), (0x6DD, 0x6DD), (0x70F, 0x70F), (0x890, 0x891), (0x8E2, 0x8E2), (0x2028, 0x2029),
    (0xD800, 0xDFFF), (0xFFF9, 0xFFFB), (0x110BD, 0x110BD), (0x110CD, 0x110CD), (0x13430, 0x1343F), (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A), (0xE0000, 0xE007F),
)  # fmt: skip
_CONTROLS = (0x7F, 0xD800)  # where ranges begin that no front end draws by itself


def _class(*ranges: tuple[int, int]) -> str:
    return "[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges) + "]"


_JOINERS_KEPT = f"(?![{JOINERS}])"
_OBEYED = re.compile(_JOINERS_KEPT + _class(*_COPIED_ALONG, *_OTHERS))
_MARKED = re.compile(_JOINERS_KEPT + _class((0x00, 0x08), (0x0B, 0x1F), *_COPIED_ALONG, *_OTHERS))


def marked(text: str) -> str:
    """``text`` with each of them, and each control of ASCII but tab and newline, visible: ``<202E>``."""
    return _MARKED.sub(lambda found: _mark(found[0]), text)


def copied_along() -> dict[int, None]:
    """A table for ``str.translate``: what takes no room, and may be copied with a text without being seen, goes."""
    return dict.fromkeys(code for first, last in _COPIED_ALONG for code in range(first, last + 1))


def characters() -> dict[str, str]:
    """Each of them but the controls, and what is shown in its place."""
    codes = (
        code
        for first, last in (*_COPIED_ALONG, *_OTHERS)
        if first not in _CONTROLS
        for code in range(first, last + 1)
    )
    return {chr(code): _mark(chr(code)) for code in codes if chr(code) not in JOINERS}


def escaped(text: str) -> str:
    """JSON ``text`` with each of them as its number: the same values, whoever shows it to a terminal."""
    return text if text.isascii() and "\x7f" not in text else _OBEYED.sub(_units, text)


def in_a_line(text: str) -> str:
    """``text`` with a sign in the place of each line break: a name that stands within a sentence, or in a line of the plan."""
    return LINE_BREAK.join(text.replace("\r\n", "\n").split("\n")) if "\n" in text else text


def obeyed(text: str) -> bool:
    """Whether one of them, or any control of ASCII, is in ``text``."""
    return any(char < " " for char in text) or _OBEYED.search(text) is not None


def _mark(char: str) -> str:
    return f"<{ord(char):02X}>"


def _units(found: re.Match[str]) -> str:
    return "".join(
        f"\\u{unit:04x}" for unit in memoryview(found[0].encode("utf-16-le", "surrogatepass")).cast("H")
    )
