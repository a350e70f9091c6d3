"""Bytes of a source that are no text, or no whole value: the finding for each kind."""

from __future__ import annotations

from wizard.data.files.arrays import NO_OBJECTS, NoObjects, TooDeep, Trailing, Unfinished
from wizard.data.files.encodings import Undecodable
from wizard.data.files.lines import LINE_LIMIT, TooLong
from wizard.data.findings import Finding, finding
from wizard.data.record import Where


def why_not_decoded(raw: bytes, where: Where) -> Finding:  # noqa: PLR0911 - one return a kind
    """The finding for bytes that begin at ``where``, may go over several lines, and are not all of their encoding."""
    match raw:
        case TooLong():
            return finding("LINE_TOO_LONG", where, limit=LINE_LIMIT // 1_000_000)
        case TooDeep():
            return finding("JSON_TOO_DEEP", where)
        case NoObjects():
            return finding("NO_OBJECTS", where, count=NO_OBJECTS)
        case Unfinished():
            return finding("ARRAY_OPEN", where)
        case Trailing():
            return finding("AFTER_ARRAY", where)
        case Undecodable():
            byte = f"0x{raw.byte:02x}"
            return finding("INVALID_BYTES", where, offset=raw.offset, byte=byte, encoding=raw.encoding)
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        at = error.start
        there = Where(where.file, where.line + raw.count(b"\n", 0, at))
        offset = at - raw.rfind(b"\n", 0, at)
        return finding("INVALID_UTF8", there, offset=offset, byte=f"0x{raw[at]:02x}")
    raise AssertionError("these bytes can be decoded")
