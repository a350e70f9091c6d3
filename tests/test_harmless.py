"""Owns which characters never reach a terminal as they are, and which never stay in what was pasted."""

from __future__ import annotations

import json
import unicodedata

from wizard.local.harmless import JOINERS, characters, copied_along, escaped, marked

EVERY = [chr(code) for code in range(0x110000)]
OBEYED = ("Cc", "Cs", "Cf", "Zl", "Zp")


def test_what_a_terminal_obeys_is_shown_by_its_number() -> None:
    """Controls, marks of direction and of nothing, and what breaks lines; not the joiners, tab and newline, nor anything that is seen."""
    kept = {*JOINERS, "\t", "\n"}
    for char in EVERY:
        category = unicodedata.category(char)
        if category in OBEYED and char not in kept:
            assert f"<{ord(char):02X}>" == marked(char)
        elif category != "Cn":
            assert char == marked(char)


def test_one_list_serves_all() -> None:
    """A prompt's table marks alike; JSON has the same values, and nothing in it that would be marked."""
    assert all(marked(char) == shown for char, shown in characters().items())
    text = json.dumps(
        "".join(EVERY).encode("utf-16", "surrogatepass").decode("utf-16", "replace"), ensure_ascii=False
    )
    assert json.loads(text) == json.loads(escaped(text))
    assert escaped(text) == marked(escaped(text))


def test_what_is_copied_along_is_never_seen() -> None:
    """What goes from a pasted text is a format character, and no other: no letter of a key is lost."""
    assert {"Cf"} == {
        unicodedata.category(chr(code)) for code in copied_along() if unicodedata.category(chr(code)) != "Cn"
    }
