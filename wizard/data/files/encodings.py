"""Which encoding a text is in, told from its first bytes, and its lines as UTF-8, with every invalid byte named."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias, get_args

from wizard.data.files import scripts
from wizard.data.files.lines import LINE_LIMIT, TooLong
from wizard.data.files.scripts import Older
from wizard.local.harmless import NO_WIDTH
from wizard.locale import _

Encoding: TypeAlias = Older | Literal["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "utf-32", "unclear"]

NAMES: dict[Encoding, str] = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    "gb18030": "GB18030",
    "cp950": "Big5",
    "cp932": "Shift-JIS",
    "euc_jp": "EUC-JP",
    "cp949": "EUC-KR",
    "cp1251": "Windows-1251",
    "cp1252": "Windows-1252",
    "utf-32": "UTF-32",
    "unclear": "?",
}
OLDER: tuple[Older, ...] = get_args(Older)
"""In each of them a line end is the one byte that it is in ASCII."""

_ASIDES: dict[Encoding, str] = {"utf-8-sig": "BOM", "gb18030": "GBK"}

# The longer mark first: that of UTF-32 begins with that of UTF-16.
MARKS: tuple[tuple[bytes, Encoding], ...] = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_ENOUGH_ZEROS = 2
_ONE_SIDE = 4
_FAULTY_SHARE = 0.1


def shown(encoding: Encoding) -> str:
    """What it is called, for a person."""
    if (aside := _ASIDES.get(encoding)) is None:
        return NAMES[encoding]
    return _("{text} ({aside})").format(text=NAMES[encoding], aside=aside)


class Undecodable(bytes):
    """A line with bytes that are not of its file's encoding; what they are is known, and nothing takes it for a row."""

    encoding: str
    offset: int
    """Of the first such byte, counted from 1 at the beginning of the line."""
    byte: int

    @classmethod
    def of(cls, raw: bytes, encoding: Encoding, start: int) -> Undecodable:
        """The line that begins with ``raw``, where the byte at ``start`` can't be."""
        line = cls(raw[:1_000].decode("ascii", "replace").encode() + b"\xff")
        line.encoding, line.offset, line.byte = (
            shown(encoding),
            start + 1,
            raw[start] if start < len(raw) else 0,
        )
        return line


def sniff(head: bytes, *, whole: bool) -> Encoding:
    """The encoding of a text that begins with ``head`` (all of it where ``whole``); UTF-8 where nothing else is certain.

    A byte order mark decides. Without one, zero bytes at every second place (nearly) only are UTF-16 (what they would be
    otherwise is no text), and what is no UTF-8, but proved to be another encoding by what comes of it (see ``scripts``), is
    that; "unclear": it may be one of several.
    """
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding
    if b"\0" in head and (wide := _sniff_wide(head)) is not None:
        return wide
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=whole)
    except UnicodeDecodeError:
        if _mostly_utf8(head):
            return "utf-8"
        found = scripts.told(head, whole=whole)
        return found.proved or ("unclear" if found.possible else "utf-8")
    return "utf-8"


def _sniff_wide(head: bytes) -> Encoding | None:
    high, low = head[0::2].count(0), head[1::2].count(0)
    # U+3000 and its like have their zero on the other side: there are few of them beside ASCII's.
    if max(high, low) < max(_ENOUGH_ZEROS, _ONE_SIDE * min(high, low)):
        return None
    encoding: Encoding = "utf-16-be" if high > low else "utf-16-le"
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head[: len(head) // 2 * 2], final=False)
    except UnicodeDecodeError:
        return None
    strange = sum(
        1 for char in text if not char.isprintable() and not char.isspace() and char not in NO_WIDTH
    )
    return encoding if strange * 50 <= len(text) and "\0" not in text else None


def _mostly_utf8(head: bytes) -> bool:
    """Whether ``head`` is UTF-8 with a few wrong bytes in it."""
    text = head.decode("utf-8", "replace")
    faults = text.count("\ufffd")
    beyond = sum(1 for char in text if char > "\x7f") - faults
    return faults < beyond * _FAULTY_SHARE


def decoded(lines: Iterable[bytes], encoding: Encoding) -> list[bytes]:
    """Whole lines of an encoding in which a line end is the one byte it is in ASCII, in UTF-8."""
    done: list[bytes] = []
    for line in lines:
        try:
            done.append(
                line if line.isascii() or isinstance(line, TooLong) else line.decode(encoding).encode()
            )
        except UnicodeDecodeError as error:
            done.append(Undecodable.of(line, encoding, error.start))
    return done


def wide_lines(blocks: Iterable[bytes], encoding: Encoding, limit: int = LINE_LIMIT) -> Iterator[list[bytes]]:
    """The lines of UTF-16 text in UTF-8, without their ends, as many at a time as are there."""
    end = "\n".encode(encoding)
    held = b""
    skipping = False
    for block in blocks:
        held += block
        at = _last(held, end)
        if at < 0:
            if len(held) > 2 * limit:
                held, skipping = held[-(len(held) % 2) - 2 :], True
            continue
        whole, held = held[:at], held[at + 2 :]
        lines = _narrow(whole, encoding)
        if skipping:
            lines[0], skipping = TooLong(b"\xff"), False
        yield lines
    if held or skipping:
        yield [TooLong(b"\xff")] if skipping else _narrow(held, encoding)


def _last(data: bytes, end: bytes) -> int:
    """Where the last line end in ``data`` begins, at an even place; -1 where there is none."""
    at = data.rfind(end)
    while at % 2 and at > 0:
        at = data.rfind(end, 0, at + 1)
    return -1 if at % 2 else at


def _narrow(wide: bytes, encoding: Encoding) -> list[bytes]:
    even = len(wide) // 2 * 2
    text = wide[:even].decode(encoding, "surrogatepass")
    try:
        lines = text.encode().split(b"\n")
    except UnicodeEncodeError:
        lines = [_narrow_line(line, encoding) for line in text.split("\n")]
    if even != len(wide):
        last = wide[even - 2 * len(text.rpartition("\n")[2]) :] if text else wide
        lines[-1] = Undecodable.of(last, encoding, len(last) - 1)
    return lines


def _narrow_line(line: str, encoding: Encoding) -> bytes:
    try:
        return line.encode()
    except UnicodeEncodeError as error:
        before = line[: error.start].encode(encoding)
        return Undecodable.of(line.encode(encoding, "surrogatepass"), encoding, len(before))
