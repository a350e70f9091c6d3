"""Which container a file is, told from its first bytes first and from its name second."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias, get_args

import msgspec

from wizard.data.files import arrays, columnar, tables

Form: TypeAlias = Literal["pairs", "turns", "bank", "gift", "anki"]
"""A text that people write or export questions as: its rows go over lines, each until the next begins."""
FORMS: frozenset[str] = frozenset(get_args(Form))

Container: TypeAlias = Literal[
    "jsonl", "json", "csv", "tsv", "xlsx", "parquet", "zip", "tar", "folder", "", Form
]

ZIP = (b"PK\x03\x04", b"PK\x05\x06")
OLE = b"\xd0\xcf\x11\xe0"
_JSON_NAMES = (".jsonl", ".json", ".ndjson")
_ALIKE = 2


def binary(head: bytes) -> Container:
    """The container that a file is by marks that no text has, and that no document has; "" for what may be a text."""
    if head.startswith(columnar.MAGIC):
        return "parquet"
    return "tar" if head[257:262] == b"ustar" else ""


def of_text(head: bytes, name: str, *, whole: bool) -> Container:  # noqa: PLR0911 - one return a kind
    """What a text is by its beginning ``head`` (UTF-8, no byte order mark; all of it where ``whole``)."""
    name = name.casefold().removesuffix(".gz")
    opening = head.lstrip()
    if opening.startswith(b"["):
        return "json" if _is_array(opening, whole=whole) else "jsonl"
    if opening.startswith(b"{"):
        if _is_a_row_of_many(opening):
            return "jsonl"
        whole_file = arrays.wrapped(opening) or arrays.by_columns(opening)
        return "json" if whole_file or _goes_on(opening) else "jsonl"
    if name.endswith((".csv", ".txt.csv")):
        return "csv"
    if name.endswith((".tsv", ".tab")):
        return "tsv"
    if name.endswith(_JSON_NAMES) or not opening:
        return "jsonl"
    delimiter = tables.delimiter_of(head, name)
    first = tables.beginning(head, delimiter, whole=whole)[:5]
    if len(first) >= _ALIKE and len(first[0]) >= _ALIKE and len({len(cells) for cells in first}) == 1:
        return "tsv" if delimiter == "\t" else "csv"
    return "jsonl"


def _is_array(opening: bytes, *, whole: bool) -> bool:
    """Whether a text that begins with a bracket is an array of rows, not lines that are arrays each."""
    line, ended, rest = opening.partition(b"\n")
    value = _decoded(line)
    if not isinstance(value, list):
        return True
    if (ended and rest.strip()) or not whole:
        return bool(value) and isinstance(value[0], dict) and not rest.lstrip().startswith(b"[")
    return True


def _is_a_row_of_many(opening: bytes) -> bool:
    """Whether the first line is a whole object, and the next begins another: lists inside are a row's own."""
    line, ended, rest = opening.partition(b"\n")
    return bool(ended) and rest.lstrip().startswith(b"{") and isinstance(_decoded(line), dict)


def _goes_on(opening: bytes) -> bool:
    """Whether the first line is but the beginning of an object that goes on, and not a row that is broken."""
    line, ended, rest = opening.partition(b"\n")
    line = line.strip()
    if not ended or not re.match(rb'\s*["}\]{]', rest) or _decoded(line) is not None:
        return False
    if rest.lstrip().startswith(b"{") and line != b"{":
        return False
    return line == b"{" or (line.endswith((b",", b"{", b"[")) and not line.endswith(b"},"))


def _decoded(line: bytes) -> object:
    try:
        return msgspec.json.decode(line)
    except (ValueError, RecursionError):
        return None
