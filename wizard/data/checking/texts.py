"""What is suspicious about the characters of a row: what was lost, wrongly decoded or hidden, and what looks personal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from wizard.data.findings import Finding, Rule, quoted
from wizard.data.record import Where
from wizard.local.harmless import DIRECTIONS
from wizard.locale import N_, _

REPLACEMENT_CHARACTER = Rule(
    "REPLACEMENT_CHARACTER",
    "warning",
    N_("The text holds a replacement character (U+FFFD) near “{near}”: something was lost here."),
    N_("Take the row from the original file, read in its own encoding."),
    why=N_(
        "The character stands where a program could not read what was there. The model would learn it as part of the text."
    ),
    bad='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "The answer�s 5."}]}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "The answer’s 5."}]}',
)
MOJIBAKE = Rule(
    "MOJIBAKE",
    "warning",
    N_("The text looks wrongly decoded: “{near}” was probably “{meant}”."),
    N_("Take the row from the original file, read in its own encoding."),
    why=N_(
        "Such texts come about when a file is opened in the wrong encoding and saved again. The model would learn to write them."
    ),
    bad='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "The answerâ€™s 5."}]}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "The answer’s 5."}]}',
)
HIDDEN_CHARACTER = Rule(
    "HIDDEN_CHARACTER",
    "warning",
    N_("The text holds a control character ({character}) near “{near}”."),
    N_("Look at the row; if it should be there, nothing is to be done."),
    why=N_(
        "Nobody sees the character, but the model learns it, and it can turn the order of the letters around it."
    ),
    bad='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5\\u0007"}]}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}',
)
PERSONAL_DATA = Rule(
    "PERSONAL_DATA",
    "warning",
    N_("The text holds what looks like {kind}: {shown}."),
    N_("Look at the row; if it should be there, nothing is to be done."),
    why=N_("The row is uploaded, and a model can repeat what it was trained with to anyone who uses it."),
    bad='{"messages": [{"role": "user", "content": "Write to li@example.com: what is 2 + 3?"}, {"role": "assistant", "content": "5"}]}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}',
)


# A character that makes a text worth a close look; what has none of them needs no look (the quick lane).
SUSPICIOUS = f"{DIRECTIONS}\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f@\ufffdÃÂâïä锛銆鐨鈥锟"
_CONTROL = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{DIRECTIONS}]")
# The last two of each: UTF-8 that was read as GBK, and as Latin-1 or Windows-1252.
_READ_AS_GBK = re.compile("[锛銆鐨鈥锟]")
_READ_AS_LATIN = re.compile("[\u00c2-\u00f4][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]+")
_MANGLED = re.compile("锟斤拷|烫烫烫|屯屯屯")
_MOBILE = re.compile(r"(?<![0-9A-Za-z.])1[3-9][0-9]{9}(?![0-9A-Za-z])")
_IDENTITY = re.compile(r"(?<![0-9A-Za-z.])[1-8][0-9]{16}[0-9Xx](?![0-9A-Za-z])")
_EMAIL = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9][A-Za-z0-9._%+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}(?![\w-])"
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def texts(parts: Sequence[str], where: Where) -> Iterator[Finding]:
    """What is suspicious about the characters of a row, each kind once."""
    text = "\n".join(parts)
    if (at := text.find("\ufffd")) >= 0:
        yield REPLACEMENT_CHARACTER.at(where, near=quoted(text[max(0, at - 8) : at + 8]))
    if (wrong := _mojibake(text)) is not None:
        yield MOJIBAKE.at(where, near=quoted(wrong[0]), meant=quoted(wrong[1]))
    if (control := _CONTROL.search(text)) is not None:
        at = control.start()
        near, character = quoted(text[max(0, at - 8) : at + 8]), f"U+{ord(control[0]):04X}"
        yield HIDDEN_CHARACTER.at(where, near=near, character=character)
    for kind, shown in personal(text):
        yield PERSONAL_DATA.at(where, kind=kind, shown=shown)


def personal(text: str) -> Iterator[tuple[str, str]]:
    """(what it is, the piece with its middle hidden) of each kind of personal data that ``text`` seems to hold.

    Mobile numbers of mainland China, identity numbers whose date and check digit (GB 11643) are right, and e-mails.
    """
    if (mobile := _MOBILE.search(text)) is not None:
        yield _("a mobile number"), f"{mobile[0][:3]}****{mobile[0][-4:]}"
    for number in _IDENTITY.finditer(text):
        if _identity_number(number[0]):
            yield _("an identity number"), f"{number[0][:3]}***********{number[0][-4:]}"
            break
    if "@" in text and (email := _EMAIL.search(text)) is not None:
        yield _("an e-mail address"), f"{email[0][:1]}***@{email[0].rpartition('@')[2]}"


def _identity_number(number: str) -> bool:
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number, strict=False))
    return 1900 <= born.year < 2040 and _CHECKS[total % 11] == number[-1].upper()  # noqa: PLR2004 - people living; scan's fast lane knows these years


def _mojibake(text: str) -> tuple[str, str] | None:
    """(what stands there, what was meant), where a text is UTF-8 that was read in another encoding."""
    if text.isascii():
        return None
    if (mangled := _MANGLED.search(text)) is not None:
        return mangled[0], "�"
    for found in _READ_AS_LATIN.finditer(text):
        meant = _undone(found[0])
        if meant is not None:
            return text[max(0, found.start() - 4) : found.end() + 4], meant
    if (mark := _READ_AS_GBK.search(text)) is not None:
        near = text[max(0, mark.start() - 6) : mark.end() + 6]
        meant = near.encode("gb18030", "ignore").decode("utf-8", "ignore")
        if sum(not char.isascii() for char in meant) * 2 >= sum(not char.isascii() for char in near):
            return near, meant
    return None


def _undone(text: str) -> str | None:
    """What Latin-1 or Windows-1252 text was before it was read so; None where it was no UTF-8."""
    raw = bytearray()
    for char in text:
        if ord(char) <= 0xFF:  # noqa: PLR2004 - Latin-1
            raw.append(ord(char))
        else:
            raw += char.encode("cp1252", "ignore")
    for length in range(len(raw), 1, -1):
        try:
            return bytes(raw[:length]).decode()
        except UnicodeDecodeError:
            continue
    return None
