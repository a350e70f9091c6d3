"""Owns what is written in the place of a key: of each that was seen in this run, however a text spells it, and of what has the form of one."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from wizard.local import coredump

VARIABLE = "DASHSCOPE_API_KEY"
"""What the key is called in the environment and in ``.env``."""

PRACTICE_KEY = "sk-sandbox-practice-key-of-no-worth"
"""The sandbox's, which opens nothing else: it may be shown."""
SHORTEST = 8  # characters: hiding a shorter secret would make every text unreadable
_ENOUGH = 16  # characters from which on the last four don't give a key away

# The platform's keys: sk- or st-, then at least 16 characters without a blank or a quote (those of a workspace hold dots).
# `sk-learn` and `st-elevation` are none. Before it may stand anything but a letter or a digit, so also Chinese. Where the
# variable's name stands before it, a key may look in any way.
_FORM = re.compile(
    r"(?<![A-Za-z0-9])(sk|st)-[A-Za-z0-9._*-]{15,}[A-Za-z0-9_*-]"
    rf"""|({VARIABLE}["']?\s*[=:]\s*["']?)[^\s"'…]{{8,}}""",
    re.IGNORECASE,
)
# Where an answer would be refused and not only masked, a name such as st-segment-elevation-2024 must not look like a key:
# something random is in those, 32 hex digits in most.
_RANDOM = re.compile(r"(?=[A-Za-z]*[0-9])[A-Za-z0-9]{16,}")
# What the platform itself says may quote a part of a key, or a masked one.
_PART = re.compile(r"(?<![A-Za-z0-9])(sk|st)-()[A-Za-z0-9._*-]{6,}")
_ESCAPING = re.compile(r"[\\%&+]")
_DEEPEST = 31  # backslashes before one character: a text that was quoted five times; without a bound, time without one
# A key -> what is written in its place, and the forms that are looked for as they are.
_hidden: dict[str, tuple[str, tuple[str, ...]]] = {}


def masked(key: str) -> str:
    """``sk-…`` and the last four characters (``…`` and four where the key begins otherwise)."""
    return ("sk-…" if key.startswith("sk-") else "…") + (key[-4:] if len(key) >= _ENOUGH else "")


def hide(key: str) -> None:
    """From now on ``hidden`` leaves no form of ``key`` in a text.

    Those are: plain, in base64, in hex, and with any of its characters escaped as Python, JSON, a URL or HTML do. Nor is it
    in a core dump.
    """
    key = key.strip()
    if len(key) < SHORTEST or key in _hidden:
        return
    coredump.forbid()
    mask = masked(key) if key[-4:].isascii() and key.isprintable() else "sk-…"
    _hidden[key] = mask, tuple(sorted(_forms(key), key=len, reverse=True))


def hidden(text: str) -> str:
    """``text`` without the keys seen in this run."""
    for key in sorted(_hidden, key=len, reverse=True):
        mask, forms = _hidden[key]
        for form in forms:
            text = text.replace(form, mask)
        if _ESCAPING.search(text):
            text = mask.join(_escaped(key).split(text))
    return text


def shown(text: str) -> str:
    """``text`` as it may leave: without the keys seen in this run and without whatever has the form of one."""
    return _FORM.sub(lambda found: found[0] if _opens_nothing(found) else _mask_of_match(found), hidden(text))


def redacted(text: str) -> str:
    """``text`` as it is kept in the log or quoted from the platform: without even a part of a key."""
    return _PART.sub(_mask_of_match, shown(text))


def holds_key(text: str) -> bool:
    """Whether a key is in ``text``: one seen in this run, or what can hardly be anything else."""
    return hidden(text) != text or any(
        found[2] or _RANDOM.search(found[0][len(found[1]) :]) for found in _FORM.finditer(text)
    )


def throughout(value: Any, change: Callable[[str], str]) -> Any:
    """The JSON ``value`` with ``change`` made to every text in it: behind quotes and escapes a key would look otherwise."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list | tuple):
        return [throughout(entry, change) for entry in value]
    if isinstance(value, dict):
        return {
            change(name) if isinstance(name, str) else name: throughout(entry, change)
            for name, entry in value.items()
        }
    return value


def _opens_nothing(found: re.Match[str]) -> bool:
    return found[0].removeprefix(found[2] or "") == PRACTICE_KEY


def _mask_of_match(found: re.Match[str]) -> str:
    before, key = (f"{found[1]}-", found[0]) if found[1] else (found[2], found[0].removeprefix(found[2]))
    return f"{before}…" + (key[-4:] if len(key) >= _ENOUGH else "")


def _forms(key: str) -> set[str]:
    import base64

    raw = key.encode("utf-8", "surrogatepass")
    forms = {key, raw.hex(), raw.hex().upper()}
    for before in range(3):  # a longer text in base64 may hold it at any of three alignments
        whole = base64.b64encode(b"\0" * before + raw)
        # Without the characters that also depend on what stands before and after it.
        inner = whole.rstrip(b"=")[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6].decode()
        forms |= {inner, inner.translate(str.maketrans("+/", "-_"))}
    return forms


@cache
def _escaped(key: str) -> re.Pattern[str]:
    """``key`` with each character as it is or in any escape, however mixed: a server may escape a single one."""
    return re.compile("".join(map(_spellings, key)))


def _spellings(char: str) -> str:
    """A pattern of all spellings of ``char``; a text that was escaped twice has more backslashes, %25 and amp;."""
    from html import entities

    number = ord(char)
    units = char.encode("utf-16-be", "surrogatepass").hex()
    raw = char.encode("utf-8", "surrogatepass")
    spellings = [
        "".join(rf"\\{{1,{_DEEPEST}}}u(?i:{units[at : at + 4]})" for at in range(0, len(units), 4)),
        rf"\\{{1,{_DEEPEST}}}(?:u\{{0{{0,6}}(?i:{number:x})\}}|U(?i:{number:08x}))",
        "".join(rf"%(?:25){{0,4}}(?i:{byte:02x})" for byte in raw),
        "".join(rf"\\{{1,{_DEEPEST}}}x(?i:{byte:02x})" for byte in raw),
        rf"&(?:amp;){{0,4}}#(?:0{{0,8}}{number}(?![0-9])|[xX]0{{0,8}}(?i:{number:x})(?![0-9A-Fa-f]));?",
    ]
    if number <= 0xFF:  # noqa: PLR2004 - what fits two hex digits or three octal ones
        spellings.append(rf"\\{{1,{_DEEPEST}}}(?:x(?i:{number:02x})|{number:03o})")
    if not char.isalnum() and (names := [name for name in entities.html5 if entities.html5[name] == char]):
        spellings.append(rf"&(?:amp;){{0,4}}(?:{'|'.join(sorted(names, reverse=True))})")
    if char == " ":
        spellings.append(r"\+")
    # As it is comes last, so that & and % don't leave half an escape.
    spellings.append(rf"\\{{0,{_DEEPEST}}}{re.escape(char)}")
    return f"(?:{'|'.join(spellings)})"
