"""When two rows say the same: whatever the order of the options, the width of the characters and the punctuation.

Two steps, because there may be millions of rows. ``key`` is 32 bits that equal rows have in common and cheap to make;
rows that share one are looked at again, and ``Identity`` compares all that they say.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from wizard.data.record import MultipleChoice, Record, trim

_NO_WORD = re.compile(r"[\W_]+")
_NO_WORD_IN_LINES = re.compile(r"[^\w\n]+|_")

# What NFKC and lower() turn into a Latin letter, a digit or a Chinese character, or compose with one: a test goes
# through all of Unicode.
COMPATIBLE = (
    r"\u00aa\u00b2\u00b3\u00b9\u00ba\u00bc\u00bd\u00be\u0130-\u0149\u017f\u01c4-\u01cc\u01f1-\u01f3\u02b0-\u02b8"
    r"\u02e1-\u02e3\u0300-\u0344\u1d2c-\u1d65\u1d9c-\u1da0\u1dbb\u1e9a\u2070-\u20a8\u2100-\u2189\u2460-\u24ea"
    r"\u2c7c-\u2c7d\u2e9f\u2ef3-\u2fd5\u3038-\u303a\u3192-\u319f\u3220-\u325f\u3280-\u32cf\u32ff\u3358-\u33ff"
    r"\u4dc0-\u4dff\ua7f1-\ua7f4\uf900-\ufad9\ufb00-\ufb06\uff10-\uff19\uff21-\uff5a"
    r"\U00010000-\U0010ffff"  # a regular expression is slow where it knows many ranges here
)
_COMPATIBLE = re.compile(f"[{COMPATIBLE}]")
_COMBINING = re.compile("[\u0300-\u0344]")  # what NFKC may make of them depends on what stands before
_NARROW: dict[str, str] = {}  # of a character of COMPATIBLE: there are some thousands

# Of UTF-8 the key keeps digits, Latin letters, and the first byte of each Chinese character.
_LEADS = bytes(range(0xE4, 0xEA))
_LOWER = bytes(code + 32 if 65 <= code <= 90 else code for code in range(256))  # noqa: PLR2004 - A to Z
_DROPPED = bytes(code for code in range(256) if code not in _LEADS and not chr(code).isascii()) + bytes(
    code for code in range(128) if not chr(code).isalnum()
)
_DROPPED_IN_LINES = _DROPPED.replace(b"\n", b"")
_HEAD = 160  # characters
_KEPT = 96  # of what is left of them
_TOO_LITTLE = 16  # scripts that the key doesn't know, or a short question

OPTIONS_BEGIN = "\n\n选项：\n"
_HEADING = re.compile(r"\s*(?:选项|選項|选择|[Oo]ptions|[Cc]hoices)\s*[:：]?\s*$")
_OPTION = re.compile(r"[^\S\n]*[(（]?([A-JＡ-Ｊ])[^\S\n]*[.．、:：)）,，](.*)", re.DOTALL)
_FIRST_OPTION = re.compile(r"\n\s*[(（]?[AＡ][^\S\n]*[.．…、:：)）,，]")
_ANSWER = re.compile(
    r"\s*(?:(?:正确)?答案(?:是|为|[:：])|[Tt]he (?:correct )?answer is|[Aa]nswer[:：])\s*[(（]?([A-ZＡ-Ｚ])(?![A-Za-zＡ-Ｚ])\s*[.．、:：)）]?\s*"
)
_LETTER_ALONE = re.compile(r"\s*[(（]?([A-JＡ-Ｊ])(?:[)）]|\s*[.．、]\s*|\s*$)")
_FULL_WIDTH = ord("Ａ") - ord("A")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a row asks and what it answers. ``options`` are (label, text); ``label`` is the right one's, or ""."""

    stem: str
    options: tuple[tuple[str, str], ...] = ()
    answer: str = ""
    label: str = ""
    told: str = ""
    """The text that follows the label in a chat's answer."""


@dataclass(frozen=True, slots=True)
class Identity:
    """16-byte digests of what a row says, made for comparing: NFKC, lower case, letters and digits only."""

    question: bytes
    options: bytes
    answer: bytes


def folded(text: str) -> str:
    """``text`` for comparing only: NFKC, lower case, letters and digits; its bare text where nothing else is left."""
    return _NO_WORD.sub("", unicodedata.normalize("NFKC", text).lower()) or "".join(text.split())


def key(stem: str, *, plain: bool = False) -> int:
    """32 bits, never 0, that are the same for any two stems whose ``folded`` texts are the same.

    ``plain``: the caller knows that none of COMPATIBLE is in it.
    """
    narrow = stem
    if not plain and not stem.isascii():
        narrow = _COMPATIBLE.sub(_narrowed, stem) if not _COMBINING.search(stem) else folded(stem)
    kept = narrow[:_HEAD].encode("utf-8", "surrogatepass").translate(_LOWER, _DROPPED)
    if len(kept) < _KEPT:
        if len(narrow) > _HEAD:
            kept = narrow.encode("utf-8", "surrogatepass").translate(_LOWER, _DROPPED)
        if len(kept) < _TOO_LITTLE:
            kept = folded(stem).encode("utf-8", "surrogatepass")
    return zlib.crc32(kept[:_KEPT]) or 1


def keys(stems: Sequence[str], *, plain: bool = False) -> list[int]:
    """``key`` of each, 0 for an empty one; quicker than one by one."""
    text = "\n".join(stems)
    if not text or text.count("\n") >= len(stems) or (not plain and _COMBINING.search(text)):
        return [key(stem, plain=plain) if stem else 0 for stem in stems]
    if not plain:
        text = _COMPATIBLE.sub(_narrowed, text)
    kept = text.encode("utf-8", "surrogatepass").translate(_LOWER, _DROPPED_IN_LINES).split(b"\n")
    short = [place for place, some in enumerate(kept) if len(some) < _TOO_LITTLE]
    for place, some in zip(short, _folded([stems[place] for place in short]), strict=True):
        kept[place] = some.encode("utf-8", "surrogatepass")
    return [(zlib.crc32(some[:_KEPT]) or 1) if some else 0 for some in kept]


def _folded(stems: Sequence[str]) -> list[str]:
    """``folded`` of each, none of which holds a line end."""
    text = _NO_WORD_IN_LINES.sub("", unicodedata.normalize("NFKC", "\n".join(stems)).lower())
    return [some or folded(stem) for some, stem in zip(text.split("\n"), stems, strict=True)] if stems else []


def _narrowed(found: re.Match[str]) -> str:
    return _NARROW.get(found[0]) or _NARROW.setdefault(
        found[0], _NO_WORD.sub("", unicodedata.normalize("NFKC", found[0]).lower()) or " "
    )


def identity(asked: Asked) -> Identity:
    """The digests that tell whether two rows say the same."""
    options = sorted([folded(text) for _label, text in asked.options])
    return Identity(_digest(folded(asked.stem)), _digest("\n".join(options)), _digest(folded(asked.answer)))


def asked_by(record: Record) -> Asked:
    """What ``record`` asks; of a chat all but the system message and the last answer belong to the question."""
    if isinstance(record, MultipleChoice):
        answer = "\n".join(sorted(text for _label, text in record.answers))
        past = "".join([f"{turn.content}\n" for turn in record.before if turn.role != "system"])
        return Asked(past + record.question, record.options, answer, record.answer)
    turns = [turn.content for turn in record.messages if turn.role != "system"]
    if record.kind == "chat":
        return asked_in("\n".join(turns[:-1]), turns[-1])
    replies = "\n".join([turn.content for turn in record.replies])
    return Asked(record.text or "\n".join(turns), (), replies)


def asked_in(user: str, assistant: str) -> Asked:
    """What a chat asks, where its user's text may end with options, a line each."""
    stem, options = split(user)
    if not options:
        return Asked(stem, (), assistant)
    found = _ANSWER.match(assistant) or _LETTER_ALONE.match(assistant)
    if found is None:
        return Asked(stem, options, assistant)
    label = _narrow(found[1])
    told = assistant[found.end() :].strip()
    text = next((text for name, text in options if name == label), None)
    return Asked(stem, options, told if text is None else text, label, told)


def split(user: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """A user's text as the question and its options A, B, … (label, text); no options where there are not two."""
    stem = stem_of(user)
    if len(stem) == len(user):
        return user, ()
    options: list[tuple[str, list[str]]] = []
    for line in user[len(stem) :].lstrip("\n").split("\n"):
        found = _OPTION.match(line)
        if found is not None and _narrow(found[1]) == chr(ord("A") + len(options)):
            options.append((_narrow(found[1]), [found[2]]))
        elif options:
            options[-1][1].append(line)
    if len(options) < 2:  # noqa: PLR2004 - a choice needs two
        return stem, ()
    return stem, tuple((label, trim("\n".join(text))) for label, text in options)


def stem_of(user: str) -> str:
    """A user's text before its first option; the whole of it where none begins a line."""
    at = user.find(OPTIONS_BEGIN)
    found = _FIRST_OPTION.search(user)
    if found is None:
        return user
    if at >= 0 and at + len(OPTIONS_BEGIN) - 1 == found.start():
        return user[:at]
    stem = user[: found.start()]
    return stem[: heading.start()] if (heading := _HEADING.search(stem)) is not None else stem


def _narrow(letter: str) -> str:
    return letter if letter.isascii() else chr(ord(letter) - _FULL_WIDTH)


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
