"""Finding lines again: some physical lines of a file, whatever it is, in one pass."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TypeAlias

from wizard.data.files.lines import TooLong, blocks, head_of
from wizard.data.files.opening import opened
from wizard.data.findings import Finding
from wizard.data.record import Record
from wizard.data.shapes.reading import Reading
from wizard.data.shapes.roles import TOOL, role_named
from wizard.data.shapes.source import Source
from wizard.data.shapes.turns import PLATFORM, is_turns
from wizard.data.shapes.understand import Outcome, decode, understand

Starts: TypeAlias = Sequence[tuple[int, int]]
"""(line, byte) where some lines of a file begin, in order; the first is line 1."""

PAGE = 1 << 17
"""Bytes that are looked at in one go, up to a line's end: what is made of so many stays in the processor's cache."""
BOM = b"\xef\xbb\xbf"
_HEAD = 1 << 16


def is_json_lines(path: Path) -> bool:
    """Whether ``path`` begins as JSON Lines in UTF-8 whose rows need no knowledge of the file: chats, or MedQA's own.

    Such a file can be read a range of bytes at a time. False says nothing: Source knows. Raises SourceUnreadable.
    """
    if path.is_dir() or not path.exists():  # a folder, or a file inside an archive
        return False
    with opened(path) as stream:
        head = head_of(stream, _HEAD)
    head = head.removeprefix(BOM)
    text, end, _rest = head.lstrip(b"\r\n\t ").partition(b"\n")
    if not text.startswith(b"{") or (not end and len(head) >= _HEAD) or b"\r" in text.rstrip(b"\r"):
        return False
    try:
        head[:-4].decode() if len(head) >= _HEAD else head.decode()
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":
            return False
    try:
        row = decode(text)
    except (ValueError, RecursionError):
        return False
    if "messages" in row or set(row) == {"text"}:
        return True
    return (
        isinstance(row.get("options"), dict) and isinstance(row.get("answer_idx"), str) and "question" in row
    )


def bailian_field(path: Path) -> str:
    """The field that all rows of a JSON Lines file for the platform have, told from its first; "" for a source.

    It is ``messages`` (SFT and DPO) or ``text`` (CPT).
    """
    with opened(path) as stream:
        head = head_of(stream, _HEAD).removeprefix(BOM).lstrip()
    row = decode(head.partition(b"\n")[0])
    if "messages" in row:
        turns = row["messages"] if type(row["messages"]) is list else []
        return "" if any(map(_is_others, turns)) else "messages"
    return "text" if set(row) == {"text"} else ""


def _is_others(turn: object) -> bool:
    """Whether a turn is right in another program's format, and not in the platform's: to be converted."""
    if type(turn) is not dict:
        return False
    role = turn.get("role")
    return type(turn.get("content")) is list or (
        role not in PLATFORM and role_named(role) != TOOL and is_turns(turn)
    )


def rows_at(
    path: Path, wanted: AbstractSet[int], reading: Reading, starts: Starts = ()
) -> Iterator[tuple[int, Outcome]]:
    """(line, what it means) for each of the ``wanted`` physical lines that there is, in order of the lines."""
    file = str(path)
    if not wanted:
        return
    if not reading.columns and is_json_lines(path):
        for number, raw in lines_at(path, wanted, starts):
            yield number, understand(raw, file, number, reading)
        return
    last = max(wanted)
    faults: list[Finding] = []
    for one in Source(path, reading=reading).read():
        line = one.where.line
        if faults and faults[0].where.line != line:
            yield faults[0].where.line, tuple(faults)
            faults = []
        if line > last:
            return
        if line in wanted:
            if isinstance(one, Finding):
                faults.append(one)
            else:
                yield line, one
    if faults:
        yield faults[0].where.line, tuple(faults)


def records_at(
    path: Path, wanted: AbstractSet[int], reading: Reading, starts: Starts = ()
) -> Iterator[Record]:
    """The records on the ``wanted`` lines, in order of the lines; lines that hold none are passed over."""
    for _line, outcome in rows_at(path, wanted, reading, starts):
        if not isinstance(outcome, tuple):
            yield outcome


def lines_at(path: Path, wanted: AbstractSet[int], starts: Starts = ()) -> Iterator[tuple[int, bytes]]:
    """(line, its bytes) for each of the ``wanted`` physical lines that there is; a byte order mark is taken off.

    Only the file's parts in which they are are read, as far as ``starts`` tells.
    """
    left = deque(sorted(wanted))
    with opened(path) as stream:
        while left:
            part = bisect_right(starts, left[0], key=lambda start: start[0])
            begun, byte = starts[part - 1] if part else (1, 0)
            until = starts[part][0] if part < len(starts) else None
            if byte or part > 1:
                stream.seek(byte)
            for number, lines in blocks(stream, str(path), size=PAGE):
                first = begun - 1 + number
                while left and left[0] < first + len(lines):
                    at = left.popleft()
                    raw = lines[at - first] if at >= first else b""
                    yield at, raw.removeprefix(BOM) if at == 1 and not isinstance(raw, TooLong) else raw
                if not left or (until is not None and left[0] >= until):
                    break
            else:
                return
