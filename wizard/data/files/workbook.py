"""What the cells alone don't tell of an .xlsx: formats, raised figures, formulas without a value, errors, what is hidden.

A look into the workbook's own XML beside the reading, a part at a time and in bounded memory.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from posixpath import join, normpath
from typing import IO, TypeAlias
from xml.etree import ElementTree as ET

from wizard.data.files.shown import BUILT_IN, GENERAL

_BLOCK = 1 << 18
_TAG = 1_000  # bytes, in which a row's number stands
_MOST_CELLS = 40_000_000  # of a sheet, from its first to its last row and column, the empty ones too
_PART_LIMIT = 50_000_000  # bytes of a part that is held in memory whole
_RAISED = dict(zip("0123456789+-=()ni−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ⁻", strict=True))
_LOWERED = dict(zip("0123456789+-=()aeoxhklmnpst−", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₒₓₕₖₗₘₙₚₛₜ₋", strict=True))
_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*?)(/?)>")
_ROW_NUMBER = re.compile(rb'\br="(\d+)"')
_HIDDEN = re.compile(rb'\bhidden="(?:1|true)"')
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_CELL_PLACE = re.compile(rb'\br="([A-Z]+)\d+"')
_STYLE = re.compile(rb'\bs="(\d+)"')
_KIND = re.compile(rb'\bt="(\w+)"')
_VALUE = re.compile(rb"<(?:\w+:)?v\b[^>]*>([^<]+)</")
_FORMULA = re.compile(rb"<(?:\w+:)?f\b")
_FAR = re.compile(rb'\br="([A-Z]{2,3})\d')
_SHEET_DATA = re.compile(rb"<(\w+:)?sheetData\b")
_COLS = re.compile(rb"<(?:\w+:)?col\b([^>]*)>")
_ITEM = re.compile(rb"<(?:\w+:)?si\b[^>]*?(?:/>|>(.*?)</(?:\w+:)?si>)", re.DOTALL)
_RUN = re.compile(rb"<(?:\w+:)?r>(.*?)</(?:\w+:)?r>", re.DOTALL)
_TEXT = re.compile(rb"<(?:\w+:)?t\b[^>]*?(?:/>|>(.*?)</(?:\w+:)?t>)", re.DOTALL)
_ALIGNED = re.compile(rb'<(?:\w+:)?vertAlign\b[^>]*val="(superscript|subscript)"')
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(frozen=True, slots=True)
class Mark:
    """What is to be known of a cell beside its value: the format that it is shown in, and a text or an error instead of it."""

    form: str = GENERAL
    text: str | None = None
    error: str = ""
    formula: bool = False
    """It is a formula, and what comes of it is not in the file."""


Marks: TypeAlias = dict[int, Mark]
"""By the column, counted from 0."""


@dataclass(slots=True)
class Hidden:
    """What of a sheet isn't seen: complete once all its marks were asked for."""

    rows: int = 0
    first: int = 0
    columns: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Comments:
    """What people wrote at cells of a sheet: how many cells, the first of them and its text."""

    count: int = 0
    cell: str = ""
    text: str = ""


class TooLarge(Exception):
    """A sheet from whose first to whose last cell there are more than fit into memory, however few are filled."""


class Workbook:
    """The XML of an .xlsx."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(stream)
        self._parts = self._sheets()
        self._forms = self._formats()
        self._rich: dict[int, str] | None = None

    def looked(self, sheet: str) -> bool:
        """Whether the sheet has anything that its cells alone don't tell.

        Raises TooLarge where it is beyond what can be held: a few cells far from each other are enough for that.
        """
        odd = self._odd()
        height, width, found = 0, 26, bool(self._raised())
        for piece in self._pieces(sheet):
            at = max(piece.rfind(b"<row"), piece.rfind(b":row "))
            told = _ROW_NUMBER.search(piece, at, at + _TAG) if at >= 0 else None
            height = max(height, int(told[1]) if told else height + piece.count(b"<row"))
            width = max([width, *{_place(far) + 1 for far in set(_FAR.findall(piece))}])
            found = found or odd.search(piece) is not None
        if height * width > _MOST_CELLS:
            raise TooLarge
        return found

    def _odd(self) -> re.Pattern[bytes]:
        """What every piece of a sheet has in which something is to be known."""
        styles = b"|".join(b"%d" % number for number, form in enumerate(self._forms) if form != GENERAL)
        styled = rb'|\bs="(?:%s)"' % styles if styles else b""
        return re.compile(rb'<(?:\w+:)?f[ >/]|\bt="e"|vertAlign|hidden="(?:1|true)"' + styled)

    def marks(self, sheet: str, hidden: Hidden) -> Iterator[tuple[int, Marks]]:
        """(the row's number from 1, what is to be known of its cells) for each row that has any; fills ``hidden``."""
        number = 0
        odd, rich = self._odd(), self._raised()
        for piece in self._pieces(sheet):
            rows = list(_ROW.finditer(piece))
            self._hidden_columns(piece if number == 0 else b"", hidden)
            for at, row in enumerate(rows):
                told = _ROW_NUMBER.search(row[1])
                number = int(told[1]) if told else number + 1
                if _HIDDEN.search(row[1]):
                    hidden.rows += 1
                    hidden.first = hidden.first or number
                if row[2]:
                    continue
                inside = piece[row.end() : rows[at + 1].start() if at + 1 < len(rows) else len(piece)]
                if (rich or odd.search(inside)) and (marks := _marks(inside, self._forms, rich)):
                    yield number, marks

    def comments(self, sheet: str) -> Comments:
        """The comments (notes) at the sheet's cells that have a text, in the file's order."""
        part = self._parts.get(sheet, "")
        folder, _slash, name = part.rpartition("/")
        relations = f"{folder}/_rels/{name}.rels"
        known = set(self._zip.namelist())
        found: dict[str, str] = {}
        for one in self._tree(relations) if relations in known else ():
            target = one.get("Target", "")
            wanted = target.lstrip("/") if target.startswith("/") else normpath(join(folder, target))
            if not one.get("Type", "").endswith("/comments") or wanted not in known:
                continue
            for comment in self._tree(wanted).iter():
                if comment.tag.rpartition("}")[2] == "comment":
                    parts = [text.text or "" for text in comment.iter() if text.tag.rpartition("}")[2] == "t"]
                    if words := "".join(parts).strip():
                        found.setdefault(comment.get("ref", ""), words)
        first = next(iter(found), "")
        return Comments(len(found), first, found.get(first, ""))

    def _hidden_columns(self, piece: bytes, hidden: Hidden) -> None:
        for found in _COLS.finditer(piece.partition(b"sheetData")[0]):
            if _HIDDEN.search(found[1]):
                ends = [
                    int(one[1])
                    for one in (re.search(rb'\b%s="(\d+)"' % name, found[1]) for name in (b"min", b"max"))
                    if one
                ]
                if len(ends) == 2:  # noqa: PLR2004 - the first and the last
                    hidden.columns += [
                        letters(at - 1) for at in range(ends[0], min(ends[1], ends[0] + 20) + 1)
                    ]

    def _pieces(self, sheet: str) -> Iterator[bytes]:
        """The sheet's XML, cut where rows end."""
        part = self._parts.get(sheet)
        if part is None:
            return
        held = prefix = b""
        with self._zip.open(part) as stream:
            while block := stream.read(_BLOCK):
                if not held and (named := _SHEET_DATA.search(block)):
                    prefix = named[1] or b""
                held += block
                at = max(held.rfind(b"<%srow " % prefix), held.rfind(b"<%srow>" % prefix))
                if at > 0:
                    yield held[:at]
                    held = held[at:]
                elif len(held) > _PART_LIMIT:
                    raise TooLarge
        yield held

    def _sheets(self) -> dict[str, str]:
        """The part of each sheet by its name."""
        targets = {}
        for one in self._tree("xl/_rels/workbook.xml.rels"):
            target = one.get("Target", "")
            targets[one.get("Id")] = (
                target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))
            )
        known = set(self._zip.namelist())
        found = {}
        for one in self._tree("xl/workbook.xml").iter():
            if one.tag.rpartition("}")[2] == "sheet":
                identity = one.get(_RELATION) or next(
                    (value for name, value in one.items() if name.endswith("}id")), None
                )
                if (part := targets.get(identity)) in known and part is not None:
                    found[one.get("name", "")] = part
        return found

    def _formats(self) -> list[str]:
        """The format of each style of cells, by its number."""
        if "xl/styles.xml" not in self._zip.namelist():
            return []
        tree = self._tree("xl/styles.xml")
        own: dict[int, str] = {}
        forms: list[str] = []
        for one in tree.iter():
            if one.tag.rpartition("}")[2] == "numFmt" and one.get("numFmtId", "").isdecimal():
                own[int(one.get("numFmtId", "0"))] = one.get("formatCode", GENERAL)
        for one in tree:
            if one.tag.rpartition("}")[2] == "cellXfs":
                for style in one:
                    number = int(style.get("numFmtId", "0"))
                    form = own.get(number) or BUILT_IN.get(number, GENERAL)
                    forms.append(GENERAL if form.casefold() in ("general", "@") else form)
        return forms

    def _raised(self) -> dict[int, str]:
        """The shared texts with raised or lowered figures, by their number."""
        if self._rich is None:
            self._rich = {}
            name = next((one for one in self._zip.namelist() if one.casefold() == "xl/sharedstrings.xml"), "")
            number, held = 0, b""
            with self._zip.open(name) if name else _nothing() as stream:
                while block := stream.read(_BLOCK):
                    held += block
                    end = 0
                    for found in _ITEM.finditer(held):
                        if found[1] and b"vertAlign" in found[1]:
                            self._rich[number] = _rich_text(found[1])
                        number, end = number + 1, found.end()
                    held = held[end:]
        return self._rich

    def _tree(self, part: str) -> ET.Element:
        with self._zip.open(part) as stream:
            data = stream.read(_PART_LIMIT)
        if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
            raise zipfile.BadZipFile
        return ET.fromstring(data)  # noqa: S314 - without entities there is nothing to expand


def letters(column: int) -> str:
    """What a column is called, counted from 0: A, B and so on to Z, then AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def _place(name: bytes) -> int:
    at = 0
    for letter in name:
        at = at * 26 + letter - ord("A") + 1
    return at - 1


def _nothing() -> IO[bytes]:
    from io import BytesIO

    return BytesIO()


def _marks(inside: bytes, forms: list[str], rich: dict[int, str]) -> Marks:
    marks: Marks = {}
    column = -1
    for cell in _CELL.finditer(inside):
        place = _CELL_PLACE.search(cell[1])
        column = _place(place[1]) if place else column + 1
        body = cell[2] or b""
        if not body:
            continue
        kind = found[1] if (found := _KIND.search(cell[1])) else b"n"
        value = found[1] if (found := _VALUE.search(body)) else b""
        style = int(found[1]) if (found := _STYLE.search(cell[1])) else 0
        if kind == b"e":
            marks[column] = Mark(error=value.decode("utf-8", "replace"))
        elif not value and _FORMULA.search(body) and kind != b"str":
            marks[column] = Mark(formula=True)
        elif kind == b"s":
            if rich and value.isdigit() and int(value) in rich:
                marks[column] = Mark(text=rich[int(value)])
        elif kind == b"inlineStr":
            if b"vertAlign" in body:
                marks[column] = Mark(text=_rich_text(body))
        elif kind in (b"n", b"d") and style < len(forms) and forms[style] != GENERAL:
            marks[column] = Mark(form=forms[style])
    return marks


def _rich_text(item: bytes) -> str:
    """The text of runs, with raised and lowered figures as the characters that there are for them."""
    whole = []
    for run in _RUN.findall(item) or [item]:
        text = unescape("".join(part.decode("utf-8", "replace") for part in _TEXT.findall(run)))
        aligned = _ALIGNED.search(run)
        table = (_RAISED if aligned[1] == b"superscript" else _LOWERED) if aligned else {}
        whole.append("".join(table[char] for char in text) if text and set(text) <= table.keys() else text)
    return "".join(whole)
