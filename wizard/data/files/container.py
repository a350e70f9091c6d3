"""Which container a file is, told from its first bytes first and from its name second."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

import msgspec

from wizard.data.files import archives, arrays, columnar, tables

Container: TypeAlias = Literal[
    "jsonl",
    "json",
    "csv",
    "tsv",
    "xlsx",
    "parquet",
    "zip",
    "tar",
    "folder",
    "pairs",
    "turns",
    "bank",
    "gift",
    "anki",
    "",
]

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_FOREIGN = (
    (b"\xd0\xcf\x11\xe0", "Office 97 (.xls, .doc)"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!", "RAR"),
    (b"%PDF-", "PDF"),
)
_DOCUMENTS = (
    (b"mimetypeapplication/vnd.oasis.opendocument", "OpenDocument (.ods, .odt)"),
    (b"collection.anki", "Anki (.apkg)"),
)
_DOCUMENT_MARKS = (
    4_096  # bytes at the beginning, where names of files in it are told apart from their contents
)
_BY_NAME = ((".docx", "Word (.docx)"), (".pptx", "PowerPoint (.pptx)"))
_JSON_NAMES = (".jsonl", ".json", ".ndjson")
_ALIKE = 2


def foreign(head: bytes) -> str:
    """The name of a format that isn't read, or ""."""
    return next((name for mark, name in _FOREIGN if head.startswith(mark)), "")


def document(head: bytes, name: str) -> str:
    """The name of an office document, or another file, that holds no table that is read; ""."""
    name = name.casefold()
    if head.startswith(_ZIP[0]):
        told = next((told for ending, told in _BY_NAME if name.endswith(ending)), "")
        return told or next((told for mark, told in _DOCUMENTS if mark in head[:_DOCUMENT_MARKS]), "")
    if head.startswith(b"SQLite format 3"):
        return "SQLite"
    return "XML" if head.lstrip().startswith(b"<?xml") else ""


def binary(head: bytes) -> Container:
    """The container that a file is by marks that no text has; "" for what may be a text."""
    if head.startswith(columnar.MAGIC):
        return "parquet"
    if head.startswith(_ZIP):
        return "xlsx" if archives.is_workbook(head) else "zip"
    return "tar" if head[257:262] == b"ustar" else ""


def of_text(head: bytes, name: str, *, whole: bool) -> Container:  # noqa: PLR0911 - one return a kind
    """What a text is by its beginning ``head`` (UTF-8, no byte order mark; all of it where ``whole``)."""
    name = name.casefold().removesuffix(".gz")
    opening = head.lstrip()
    if opening.startswith(b"["):
        return "json" if _is_array(opening, whole=whole) else "jsonl"
    if opening.startswith(b"{"):
        return "json" if arrays.wrapped(opening) or _goes_on(opening) else "jsonl"
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
