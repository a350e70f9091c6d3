"""Foreign text that a terminal would obey, how it looks once it is harmless, and what of a program's output is a command."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from terminal import Terminal

BEGIN, END = "canaryA", "canaryZ"
NAME_BYTES = 215  # of a file's name, with room for an ending
KEPT = 39  # characters of a text that a finding quotes


@dataclass(frozen=True, slots=True)
class Payload:
    """``text``, and ``shown``: its harmless forms, any of which may be on the screen (blanks don't count)."""

    text: str
    shown: tuple[str, ...]

    @property
    def foreign(self) -> str:
        """The text with its marks around it."""
        return f"{BEGIN}{self.text}{END}"

    @property
    def sendable(self) -> bool:
        """Whether a row with it can be sent."""
        return not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in self.text)

    @property
    def word(self) -> bool:
        """Whether a command line can have it."""
        try:
            return b"\0" not in os.fsencode(self.foreign)
        except UnicodeEncodeError:
            return False

    @property
    def file_name(self) -> bool:
        """Whether a file can be called so."""
        return self.word and "/" not in self.text and len(os.fsencode(self.foreign)) < NAME_BYTES


def _of(text: str, *others: str) -> Payload:
    """Every control, bidi or invisible character as its number; ``others`` are forms beside that."""
    return Payload(text, (re.sub(_HIDDEN, lambda found: f"<{ord(found[0]):02X}>", text), *others))


_HIDDEN = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0001-\U000e007f]"
)
PAYLOADS = {
    "csi-clear": _of("\x1b[2J\x1b[H"),
    "csi-colour": _of("\x1b[31;5;7m"),
    "csi-cursor": _of("\x1b[?25l\x1b[99A"),
    "csi-screen": _of("\x1b[?1049h\x1b[?1003h"),
    "csi-asks": _of("\x1b[c\x1b[5n"),
    "csi-long": _of("\x1b[" + "9;" * 60 + "m"),
    "osc-title": _of("\x1b]0;owned\x07"),
    "osc-title-st": _of("\x1b]2;owned\x1b\\"),
    "osc-clipboard": _of("\x1b]52;c;b3duZWQ=\x07"),
    "osc-link": _of("\x1b]8;;https://evil.example\x1b\\here\x1b]8;;\x1b\\"),
    "osc-open": _of("\x1b]0;never closed"),
    "dcs": _of("\x1bP$qm\x1b\\"),
    "apc": _of("\x1b_Gowned\x1b\\"),
    "reset": _of("\x1bc"),
    "charset": _of("\x1b(0\x0e"),
    "c1-csi": _of("\x9b31;5;7m"),
    "c1-osc": _of("\x9d0;owned\x9c"),
    "c1-nel": _of("a\x85b", "ab"),
    "bell": _of("\x07\x07"),
    "backspace": _of("safe\x08\x08\x08\x08evil"),
    "carriage-return": _of("safe\revil", "safeevil"),
    "nul": _of("a\0b"),
    "delete": _of("a\x7fb"),
    "feeds": _of("a\x0b\x0cb", "ab"),
    "lines": Payload("a\n! Type yes\n? b", ("a!Typeyes?b", "a⏎!Typeyes⏎?b", "a·!Typeyes·?b")),
    "bidi-override": _of("\u202eevil\u202c"),
    "bidi-isolate": _of("\u2067evil\u2069\u2066x\u2069"),
    "bidi-marks": _of("\u200fa\u200e\u061c"),
    "zero-width": _of("a\u200bb\ufeffc\u2060d"),
    "separators": _of("a\u2028b\u2029c", "abc"),
    "tags": _of("a\U000e0041\U000e007fb"),
    "surrogate": _of("\ud800"),
    "byte": _of("\udc9b31;5;7m"),
    "markup": _of("[bold]x[/nope][/]"),
    "markup-link": _of("[link=https://evil.example]here[/link]"),
    "markup-escaped": _of("\\[red]x\\"),
    "emoji": _of(":smile: {x} %s %(x)s"),
    "long": Payload("x" * 20_000, ("",)),
    "combining": Payload("e" + "\u0301" * 300, ("",)),
    "wide": _of("\uff21\u3000\U0001f600", "\uff21·\U0001f600"),
}

# What the program itself writes on a terminal: colours, a cursor that moves by some places, erasing behind it; modes for
# the cursor, wrapping and pasting; the question where the cursor is.
_OWN = re.compile(r"\x1b\[(?:[0-9;]*m|[0-9]*[ABCDGJK]|\?(?:1|7|12|25|2004)[hl]|6n|[0-9] q)|\r|\n")
_OWN_BACKWARDS = "\x08"


def commands_in(raw: bytes, *, terminal: bool) -> str:
    """What in ``raw`` a terminal would obey, and the program has no reason to write; empty where there is nothing."""
    text = raw.decode("utf-8", "surrogateescape")
    if terminal:
        text = _OWN.sub("", text).replace(_OWN_BACKWARDS, "")
    return "".join(sorted({repr(char)[1:-1] for char in text if _commands(char)}))


def _commands(char: str) -> bool:
    category = unicodedata.category(char)
    return (category in ("Cc", "Cf", "Cs", "Zl", "Zp")) and char not in "\n\u200c\u200d"


def never_obeyed(payload: Payload, terminal: Terminal) -> None:
    """Nothing of it came to the terminal as a command: neither byte by byte, nor in what the terminal became."""
    assert "Traceback" not in terminal.text, terminal.text
    assert "MarkupError" not in terminal.text, terminal.text
    found = commands_in(terminal.raw, terminal=True)
    assert not found, f"written to the terminal: {found}"
    if _HIDDEN.search(payload.text):
        raw = payload.text.encode("utf-8", "surrogatepass")
        assert raw not in terminal.raw, "the terminal got it as it is"
    assert terminal.screen.title == terminal.screen.icon_name == "", "the window's title"


def shown(payload: Payload, text: str) -> bool:
    """Whether a harmless form of it is in ``text``, whose blanks, line breaks and frames don't count."""
    bare = _bare(text)
    if payload.shown == ("",):
        return _bare(BEGIN + payload.text[:10]) in bare
    # A finding has a dot for each, or its beginning only; a row of JSON has its escapes.
    forms = [*payload.shown, _HIDDEN.sub("·", payload.text), json.dumps(payload.text)[1:-1]]
    cut = [f"{_bare(BEGIN + form)[:KEPT]}…" for form in forms if len(BEGIN + form) > KEPT]
    return any(_bare(form) in bare for form in (*cut, *(BEGIN + form + END for form in forms)))


def _bare(text: str) -> str:
    return re.sub(r"[\s│╭╮╰╯─]", "", unicodedata.normalize("NFC", text)).lower()


def told(payload: Payload, printed: bytes) -> bool:
    """Whether the JSON in ``printed`` has it, as it is or in a harmless form."""
    return any(payload.foreign in text or shown(payload, text) for text in _texts(json.loads(printed)))


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for name, inner in value.items() for text in (name, *_texts(inner))]
    return [text for inner in value for text in _texts(inner)] if isinstance(value, list) else []
