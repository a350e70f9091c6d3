"""Owns which characters a terminal obeys, hides or lets move others, beside the controls of ASCII; and JSON without them."""

from __future__ import annotations

import re

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


def _units(found: re.Match[str]) -> str:
    return "".join(
        f"\\u{unit:04x}" for unit in memoryview(found[0].encode("utf-16-le", "surrogatepass")).cast("H")
    )
