"""What a step shows, as neutral data: a front end decides how it looks.

All text in here is plain: it may hold foreign bytes (a dataset's rows, a server's message), so a front end must never
read it as markup or let control characters through.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tone = Literal["plain", "dim", "good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Text:
    """One or more lines."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under column heads, a cell being one line; ``right`` names the columns (by index) that hold numbers."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Panel:
    """A titled box of (label, text) parts; a part without a label is plain text.

    ``fit``: where a terminal is not tall enough, long parts are cut short, and it is said how much is left out.
    ``around``: how many rows more than usual stand around it, such as those of a long list of choices.
    """

    title: str
    parts: tuple[tuple[str, str], ...]
    fit: bool = False
    around: int = 0


@dataclass(frozen=True, slots=True)
class Beside:
    """Two panels to compare: side by side where there is room.

    Where there is none, the right one only: what shows a pair offers the left one by a key.
    """

    left: Panel
    right: Panel


@dataclass(frozen=True, slots=True)
class Bars:
    """Counts by label, to compare with one another."""

    title: str
    rows: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """Points (x, y) of one or more named series, drawn where the terminal can."""

    title: str
    series: tuple[tuple[str, tuple[tuple[float, float], ...]], ...]


@dataclass(frozen=True, slots=True)
class Gauge:
    """How far something is: ``done`` of ``total``."""

    title: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is to be copied: never folded, however wide."""

    text: str


@dataclass(frozen=True, slots=True)
class Pairs:
    """(label, value) a line, whatever is in them, values beginning in one column; a row without both is a rule, an empty label goes on."""

    rows: tuple[tuple[str, str], ...]


Block = Line | Pairs | Text | Table | Panel | Beside | Bars | Curve | Gauge


@dataclass(frozen=True, slots=True)
class View:
    """Blocks, top to bottom."""

    blocks: tuple[Block, ...] = ()
