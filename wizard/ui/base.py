"""What all front ends share: making foreign text harmless and fit for the streams, and forgetting what was typed too early."""

from __future__ import annotations

import functools
import sys
from unicodedata import east_asian_width

from wizard.local.harmless import LINE_BREAK, marked
from wizard.local.redaction import shown
from wizard.local.width import breadth

# What stands for a mark of our sentences where an encoding lacks it, the best first.
_INSTEAD = {
    "¥": ("￥", "CNY "), "·": ("-",), "…": ("..",), "×": ("x",), "～": ("~",), "“": ('"',), "”": ('"',), "—": ("-",),
    "─": ("-",), "↑": ("^",), "↓": ("v",), "←": ("<",), "⏎": ("\\n",),
}  # fmt: skip
_encodings: tuple[str, ...] = ()
_marks_wide = False


def write_as(*encodings: str, marks_wide: bool = False) -> None:
    """From now on ``safe`` gives no character that one of ``encodings`` (those of the standard streams) lacks.

    ``marks_wide``: nor one of our marks that would take two columns where one is counted.
    """
    global _encodings, _marks_wide  # noqa: PLW0603 - there is one standard output, and one standard error
    _encodings = tuple({name for name in encodings if not name.lower().startswith("utf")})
    _marks_wide = marks_wide
    _stand_in.cache_clear()


def _in(text: str) -> bool:
    if _marks_wide and any(char in _INSTEAD and east_asian_width(char) == "A" for char in text):
        return False
    try:
        for encoding in _encodings:
            text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


@functools.cache
def _stand_in(char: str) -> str:
    """``char``, or what is shown in its place: as wide as it, where it isn't a mark of ours."""
    return next(filter(_in, (char, *_INSTEAD.get(char, ()))), "?" * max(breadth(char), 1))


def safe(text: str, *, lines: bool = True) -> str:
    """``text`` with nothing in it that a terminal would obey: control, bidi and unpaired characters become visible.

    Where a standard stream lacks a character, a stand-in takes its place. No key is in it either. ``lines``: whether newlines stay; tabs become two blanks.
    """
    text = shown(text)
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\t", "  ")
    legible = marked(text if lines else text.replace("\n", LINE_BREAK))
    return legible if not (_encodings or _marks_wide) or _in(legible) else "".join(map(_stand_in, legible))


def forget_typed() -> None:
    """Drop what was typed before the question, in the terminal's queue and in prompt_toolkit's own."""
    if "prompt_toolkit" in sys.modules:
        from prompt_toolkit.application import get_app_session
        from prompt_toolkit.input.typeahead import clear_typeahead

        clear_typeahead(get_app_session().input)
    try:
        import termios
    except ImportError:
        import msvcrt

        while msvcrt.kbhit():  # type: ignore[attr-defined]  # exists on Windows only
            msvcrt.getwch()  # type: ignore[attr-defined]  # as above
    else:
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
