"""JSON values one after the other, in an array (also one inside an object) or bare: each by itself, in bounded memory."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from wizard.data.files.lines import LINE_LIMIT, TooLong

# From inside a value to its next bracket, passing over whole strings; a quote is matched where its string has no end
# yet. All repetitions are possessive: what doesn't match fails at once, whatever the bytes.
_TO_BRACKET = re.compile(rb'[^"{}\[\]]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"{}\[\]]*+)*+(["{}\[\]])', re.DOTALL)
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_BETWEEN = re.compile(rb"[\s,]*+")
_BLANK = re.compile(rb"\s*+")
_LISTED = re.compile(rb"\[\s*+\{")  # a list of turns is a row, too
_BARE_END = re.compile(rb"[\s,\]{\[]")
# What may stand beside the rows of an object: texts, numbers, lists without brackets in them, objects with such lists and objects.
_TEXT = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_FLAT = rb'[^"{}\[\]]*+(?:' + _TEXT + rb'[^"{}\[\]]*+)*+'
_OF_FLAT = _FLAT + rb"(?:(?:\{" + _FLAT + rb"\}|\[" + _FLAT + rb"\])" + _FLAT + rb")*+"
_MEMBER = rb'"[^"\\]*+"\s*+:\s*+(?:' + _TEXT + rb"|[-+.\w]++|\{" + _OF_FLAT + rb"\}|\[" + _FLAT + rb"\])"
_BEFORE = rb"\s*+\{\s*+(?:" + _MEMBER + rb"\s*+,\s*+)*+"
# A whole file that is one object with its rows under a name that says so: {"version": 1, "data": [{…}, …]}; also as a
# program answers when it is asked for a page: {"code": 0, "data": {"list": [{…}, …]}}.
_WRAPPED = re.compile(
    _BEFORE
    + rb'(?:"(?:data|result|results|response|body|payload)"\s*+:'
    + _BEFORE
    + rb')?"(?:data|rows|items|list|records|examples|questions|train|test|dev|validation|dataset|RECORDS|results|samples|instances|entries|faqs?)"'
    rb"\s*+:\s*+\[(?=\s*+\{)",
    re.DOTALL,
)
# What stands behind such a list where another one follows: , "name": 1, "test": [{
_ANOTHER = re.compile(
    rb"\s*+\}?+(?:\s*+,\s*+" + _MEMBER + rb')*+\s*+,\s*+"([^"\\]*+)"\s*+:\s*+\[\s*+\{', re.DOTALL
)
# A table as pandas writes it: {"question": {"0": …, "1": …}, …}, {"0": {"question": …}, …}, {"columns": ["question", …], "data": …}.
_BY_COLUMNS = re.compile(
    rb'\s*+\{\s*+"(?:[^"\\]*+"\s*+:\s*+\{\s*+"\d++"|\d++"\s*+:\s*+\{\s*+"|columns"\s*+:\s*+\[\s*+")'
)
_OF_NUMBERS = re.compile(r"[\d\s.,:+/-]*")  # a version, a date: nothing that a row could need
_SHOWN = 1_000  # bytes
_CLOSING = 1 << 16  # bytes: what may stand behind the rows of such an object


def wrapped(head: bytes) -> re.Match[bytes] | None:
    """The beginning of an object that holds the rows in a list, up to the list's bracket; None for anything else."""
    return _WRAPPED.match(head)


def by_columns(head: bytes) -> bool:
    """Whether a text may be a table by its columns, or beside their names; only all of it shows whether it is."""
    return _BY_COLUMNS.match(head) is not None


_COLUMNS = 2  # at least, of a table
_SPLIT = frozenset({"columns", "index", "data"})
_DEEPEST = 10_000  # brackets within brackets; what decodes a row gives up long before
MOST_OTHERS = 100  # elements in a row that are no objects: what comes so many times is no row that is broken


class TooDeep(bytes):
    """The beginning of a value with brackets in brackets beyond any row; nothing after it is read."""

    __slots__ = ()


class NoObjects(bytes):
    """The last of MOST_OTHERS elements one after the other that are no objects; nothing after it is read."""

    __slots__ = ()


class Unfinished(bytes):
    """The beginning of a value without its end; nothing after it can be read."""

    __slots__ = ()


class Trailing(bytes):
    """What stands behind the end of the array, made such that it is no JSON."""

    __slots__ = ()


class AnotherList(bytes):
    """The name of a second list of rows in an object, made such that it is no JSON; nothing of it is read."""

    __slots__ = ()


class Beside(NamedTuple):
    """A text that stands beside the rows, in the object that holds them: its names, and what it says."""

    name: str
    text: str


class Elements:
    """The elements of a JSON array, or bare JSON values one after the other, cut out of their text by their brackets."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._held = b""
        self._at = 0
        self._line = 1
        self._deep = False

    def __iter__(self) -> Iterator[tuple[int, bytes | Beside]]:  # noqa: C901 - what can come, in its order
        """(the line on which it begins, the element's bytes); ended by one of the kinds above where the text is wrong.

        The rows of a table by its columns are numbered from 1.
        """
        self._skip(_BLANK)
        inside = self._peek() == b"["
        wrap = None if inside else wrapped(self._held)
        if inside:
            self._advance(self._at + 1)
        elif wrap is not None:
            self._advance(wrap.end())
            inside = True
        elif by_columns(self._held):
            yield from enumerate(self._table(), 1)
        strange = 0
        while True:
            self._skip(_BETWEEN)
            first = self._peek()
            if not first:
                if inside:
                    yield self._line, Unfinished(b"[")
                return
            if first == b"]" and inside:
                self._advance(self._at + 1)
                self._skip(_BLANK)
                for one in self._behind(wrap):
                    yield self._line, one
                return
            line = self._line
            end = self._end(first)
            if end is None:
                yield line, self._why()(self._held[self._at : self._at + _SHOWN] + b"\xff")
                return
            raw = self._held[self._at : end]
            self._advance(end)
            strange = 0 if first == b"{" or _LISTED.match(raw) else strange + 1
            if strange == MOST_OTHERS:
                yield line, NoObjects(raw[:_SHOWN] + b"\xff")
                return
            yield line, raw

    def _table(self) -> list[bytes]:
        """The rows of a table that is one object; none, and nothing is passed over, where it is another object."""
        end = self._end(b"{")
        rows = _rows_of(self._held[self._at : end]) if end is not None else None
        if rows is None or end is None:
            return []
        self._advance(end)
        return [msgspec.json.encode(row) for row in rows]

    def _behind(self, wrap: re.Match[bytes] | None) -> Iterator[bytes | Beside]:
        """What stands behind the list that isn't right, or else what stands beside it."""
        if wrap is not None and (another := _ANOTHER.match(self._held, self._at)):
            yield AnotherList(another[1] + b"\xff")
            return
        whole = self._closed(wrap[0] if wrap is not None else b"[")
        if whole is None:
            rest = self._held[self._at : self._at + 100]
            yield Trailing(rest + b"\xff") if rest else Unfinished(b"{")
        elif isinstance(whole, dict):
            yield from _texts(whole)

    def _why(self) -> type[Unfinished | TooDeep | TooLong]:
        """Why a value has no end."""
        if self._deep:
            return TooDeep
        return TooLong if len(self._held) - self._at > LINE_LIMIT else Unfinished

    def _closed(self, opening: bytes) -> object:
        """What ``opening`` began, without its rows, where what is left of the text ends it and is nothing more; else None."""
        while len(self._held) - self._at <= _CLOSING and self._more():
            pass
        rest = self._held[self._at :]
        try:
            return msgspec.json.decode(opening + b"]" + rest)
        except (ValueError, RecursionError):
            return None

    def _end(self, first: bytes) -> int | None:
        """Where the value that begins here ends; None where the text ends before it, or it is beyond LINE_LIMIT."""
        if first in (b"{", b"["):
            return self._end_of_brackets()
        while True:
            if first == b'"':
                found = _STRING.match(self._held, self._at)
                end = found.end() if found is not None else None
            else:
                found = _BARE_END.search(self._held, self._at + 1)
                end = found.start() if found is not None else None
            if end is not None:
                return end
            if len(self._held) - self._at > LINE_LIMIT:
                return None
            if not self._more():
                return None if first == b'"' else len(self._held)

    def _end_of_brackets(self) -> int | None:
        depth, at = 1, self._at + 1
        match = _TO_BRACKET.match
        while True:
            found = match(self._held, at)
            bracket = found[1] if found is not None else b'"'
            if bracket == b'"' or found is None:
                passed = at - self._at
                if len(self._held) - self._at > LINE_LIMIT or not self._more():
                    return None
                at = self._at + passed
                continue
            at = found.end()
            depth += 1 if bracket in b"{[" else -1
            if depth == 0:
                return at
            if depth > _DEEPEST:
                self._deep = True
                return None

    def _more(self) -> bool:
        """Read on; as much again as is held, so that a large value is not looked through over and over."""
        wanted = len(self._held) - self._at
        parts = [self._held[self._at :]]
        got = 0
        for chunk in self._chunks:
            parts.append(chunk)
            got += len(chunk)
            if got >= wanted:
                break
        self._held, self._at = b"".join(parts), 0
        return got > 0

    def _peek(self) -> bytes:
        if self._at >= len(self._held) and not self._more():
            return b""
        return self._held[self._at : self._at + 1]

    def _skip(self, what: re.Pattern[bytes]) -> None:
        while self._peek():
            found = what.match(self._held, self._at)
            assert found is not None, "it matches nothing, too"
            self._advance(found.end())
            if self._at < len(self._held):
                return

    def _advance(self, to: int) -> None:
        self._line += self._held.count(b"\n", self._at, to)
        self._at = to


def _texts(inside: Mapping[str, Any], above: str = "") -> Iterator[Beside]:
    """The texts in an object, and in the objects and lists in it."""
    for name, value in inside.items():
        path = f"{above}{name}"
        if isinstance(value, dict):
            yield from _texts(value, f"{path}.")
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and not _OF_NUMBERS.fullmatch(text):
                yield Beside(path, text)


def _rows_of(raw: bytes) -> list[dict[str, Any]] | None:
    """The rows of a table that is written by its columns, beside their names, or each under its number; None for another object."""
    try:
        whole = json.loads(raw, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None
    match whole:
        case {"columns": [*names], "data": [*cells]} if whole.keys() <= _SPLIT:
            return _named(names, cells)
    parts = list(whole.values())
    if len(parts) < _COLUMNS or not all(isinstance(part, dict) and part for part in parts):
        return None
    if all(map(str.isdecimal, whole)):
        return parts
    rows = parts[0].keys()
    if not all(map(str.isdecimal, rows)) or any(part.keys() != rows for part in parts):
        return None
    return [{name: part[row] for name, part in whole.items()} for row in rows]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of which nothing is lost: raises ValueError where a name is there twice."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError
    return made


def _named(names: list[Any], cells: list[Any]) -> list[dict[str, Any]] | None:
    """Rows by the names of their columns; None where a name or a cell is too few or too many."""
    if len(set(map(str, names))) < len(names) or not all(
        isinstance(one, list) and len(one) == len(names) for one in cells
    ):
        return None
    return [dict(zip(map(str, names), one, strict=True)) for one in cells]
