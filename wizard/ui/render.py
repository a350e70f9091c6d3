"""Views drawn with rich: neutral blocks become tables, panels, bars and a curve, as wide as the terminal at most."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import zip_longest
from typing import Any, Literal, TextIO

from rich.console import Console, Group, RenderableType
from rich.panel import Panel as Box
from rich.progress import (
    BarColumn,
    DownloadColumn,
    ProgressColumn,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as Bar
from rich.progress_bar import ProgressBar as FullBar
from rich.table import Column
from rich.table import Table as Grid
from rich.text import Text as Words

from wizard.engine.step import Progress
from wizard.engine.view import Bars, Beside, Block, Curve, Gauge, Line, Pairs, Panel, Table, Text, Tone, View
from wizard.local.width import breadth, wrapped
from wizard.locale import _
from wizard.ui import capability, plot
from wizard.ui.base import safe
from wizard.ui.capability import Glyphs
from wizard.ui.console import is_terminal

SIDE_BY_SIDE = 100  # columns from which two panels stand beside each other
GAP = 2  # columns between columns
FRAME = 4  # columns of a panel's border and padding
LEAST_COLUMN = 20  # a folded column that is narrower can't be read
NAMED = 3  # columns: with more, a small list names them
LONGEST_BAR = 32
SHORTEST_BAR = 8
BESIDE_BAR = 38  # columns of how much, how fast and how long, and the gaps between them
LEAST_BARRED = 60  # columns from which there is room for a bar and an amount
CURVE_WIDTH, CURVE_HEIGHT, LEAST_CURVE = 72, 8, 3
BESIDE_CURVE = 10  # rows of what stands around a curve while a job is watched
PIPE_WIDTH = 400
MOST_LABEL = 16  # columns of a label that stands beside its text
AROUND_PANEL, LEAST_PANEL, LEAST_PART = (
    14,
    4,
    2,
)  # rows of what stands around a panel that has to fit; of it; of its parts

_STYLE: dict[Tone, str] = {"plain": "", "dim": "dim", "good": "green", "warn": "yellow", "bad": "red"}


class _Ascii(Console):
    """A console that rich draws frames and bars for as where an encoding lacks their characters."""

    @property
    def encoding(self) -> str:
        """Not what is written in."""
        return "ascii"


def console_on(stream: TextIO, glyphs: Glyphs, **more: Any) -> Console:
    """A console that writes text as text, with no marks but ``glyphs``."""
    kind = Console if glyphs.frames else _Ascii
    return kind(file=stream, highlight=False, markup=False, emoji=False, **more)


def render(view: View, console: Console, glyphs: Glyphs) -> RenderableType:
    """A view for ``console`` as large as it is now. All text is taken as text, never as markup."""
    return Group(*(_block(block, console, glyphs) for block in view.blocks))


def _block(block: Block, console: Console, glyphs: Glyphs) -> RenderableType:
    width = console.width
    drawn: RenderableType
    match block:
        case Text(text=text, tone=tone):
            drawn = Words(_fold(text, width), style=_STYLE[tone])
        case Table():
            drawn = _table(block, width)
        case Line(text=text):
            drawn = Words(safe(text, lines=False), no_wrap=True, overflow="ignore")
        case Pairs():
            drawn = Words("\n".join(_pairs(block, width)))
        case Panel():
            drawn = _panel(block, width, console.height)
        case Beside():
            drawn = _beside(block, width, console.height)
        case Bars():
            drawn = _bars(block, width)
        case Curve():
            height = min(max(console.height - BESIDE_CURVE, LEAST_CURVE), CURVE_HEIGHT)
            drawn = _curve(block, min(width, CURVE_WIDTH), height, glyphs)
        case Gauge():
            drawn = _gauge(block, width)
    return drawn


def _fold(text: str, width: int) -> str:
    return "\n".join(wrapped(safe(text), width))


def _table(table: Table, width: int) -> RenderableType:
    """Columns side by side; the widest one is folded. Where that leaves too little, the last of many goes below its row.

    Where that is not enough, each row becomes a small list.
    """
    rows = [[safe(cell, lines=False) for cell in row] for row in (table.columns, *table.rows)]
    widths = [max(map(breadth, column)) for column in zip(*rows, strict=True)]
    many = len(widths) > NAMED
    beside = _fitted(widths, width) or (_fitted(widths[:-1], width) if many else None)
    if beside is None:
        return _list(rows[0], rows[1:], width)
    text = Words(no_wrap=True, overflow="ignore")
    for number, row in enumerate(rows):
        if any(row):
            lines = _across(row[: len(beside)], beside, table.right)
            lines += [_fold(" " * GAP + cell, width) for cell in row[len(beside) :] if cell]
            text.append("\n".join(lines) + "\n", style="" if number else "dim")
    text.rstrip()
    return text


def _fitted(widths: list[int], width: int) -> list[int] | None:
    """The columns' widths within ``width``, the widest one narrower where it must be; None where it would be too narrow.

    The first column has the names and ids that people copy: it stays whole.
    """
    widest = max(range(1, len(widths)), key=widths.__getitem__, default=0)
    room = width - sum(widths) + widths[widest] - GAP * (len(widths) - 1)
    if widths[widest] <= room:
        return widths
    return [*widths[:widest], room, *widths[widest + 1 :]] if room >= LEAST_COLUMN else None


def _across(row: list[str], widths: list[int], right: frozenset[int]) -> list[str]:
    """The lines of a row's cells beside each other."""
    folded = [_fold(cell, columns).split("\n") for cell, columns in zip(row, widths, strict=True)]
    lines = []
    for parts in zip_longest(*folded, fillvalue=""):
        cells = []
        for number, (part, columns) in enumerate(zip(parts, widths, strict=True)):
            blanks = " " * (columns - breadth(part))
            cells.append(blanks + part if number in right else part + blanks)
        lines.append((" " * GAP).join(cells).rstrip())
    return lines


def _list(heads: list[str], rows: list[list[str]], width: int) -> RenderableType:
    """A row a line where it fits, else its cells below its name; with many columns each cell has its column's head."""
    text = Words()
    for label, *cells in rows:
        if len(heads) > NAMED:
            named = zip(heads[1:], cells, strict=True)
            shown = [_("{title}: {line}").format(title=head, line=cell) for head, cell in named if cell]
        else:
            shown = [cells[0] + "".join(f" [{cell}]" for cell in cells[1:] if cell)]
            one_line = _("{title}: {line}").format(title=label, line=shown[0])
            if breadth(one_line) <= width:
                text.append(label, style="bold")
                text.append(one_line.removeprefix(label) + "\n")
                continue
        text.append(_fold(label, width) + "\n", style="bold")
        text.append("".join(_fold("  " + cell, width) + "\n" for cell in shown))
    text.rstrip()
    return text


def _pairs(pairs: Pairs, width: int) -> Iterator[str]:
    """Labels in one column; a value that is longer goes on below its beginning. Narrow: values below their labels."""
    widest = max((breadth(safe(label)) for label, _value in pairs.rows), default=0)
    column = min(widest, MOST_LABEL) + GAP
    for label, text in pairs.rows:
        shown, value = safe(label, lines=False), safe(text, lines=False)
        if not label and not value:
            yield safe("─") * (width - 1)
        elif width - column < LEAST_COLUMN + GAP:
            yield _fold(
                _("{title}: {line}").format(title=label, line=value) if label else f"  {value}", width
            )
        else:
            lines = _fold(value, width - column - 1).split("\n")
            if breadth(shown) > MOST_LABEL:
                yield f" {shown}"
                shown = ""
            yield f" {shown}{' ' * (column - breadth(shown))}{lines[0]}"
            yield from (f" {' ' * column}{line}" for line in lines[1:])


def _panel(panel: Panel, width: int, height: int) -> RenderableType:
    """A box; labels in one column where there is room for it. What is too tall for the screen is cut short."""
    labels = [safe(label, lines=False) for label, _part in panel.parts]
    column = max((breadth(label) for label in labels if breadth(label) <= MOST_LABEL), default=0) + GAP
    if width - FRAME - column < LEAST_COLUMN or not any(labels):
        column = 0
    folded = [_fold(part, width - FRAME - column).split("\n") for _label, part in panel.parts]
    if panel.fit:
        folded = _fitting(
            folded, max(height - AROUND_PANEL - panel.around, LEAST_PANEL) - (0 if column else len(folded))
        )
    text = Words()
    for label, lines in zip(labels, folded, strict=True):
        if text:
            text.append("\n")
        beside = label if column and breadth(label) <= MOST_LABEL else ""
        if label and not beside:
            text.append(_fold(label, width - FRAME) + "\n", style="bold cyan")
        text.append(beside + " " * (column - breadth(beside)), style="bold cyan")
        text.append(f"\n{' ' * column}".join(lines))
    return Box(text, title=Words(safe(panel.title, lines=False)), title_align="left", border_style="dim")


def _fitting(parts: list[list[str]], room: int) -> list[list[str]]:
    """The longest of ``parts`` cut short, again and again, until all fit ``room`` rows; each says what it lacks."""
    kept = [len(lines) for lines in parts]
    while sum(kept) > room and max(kept) > LEAST_PART:
        kept[kept.index(max(kept))] -= 1
    return [
        lines
        if count == len(lines)
        else [*lines[: count - 1], _("… {count:,} more lines").format(count=len(lines) - count + 1)]
        for lines, count in zip(parts, kept, strict=True)
    ]


def _beside(pair: Beside, width: int, height: int) -> RenderableType:
    if width < SIDE_BY_SIDE:
        return _panel(pair.right, width, height)
    grid = Grid.grid(expand=True)
    grid.add_column(ratio=1)
    grid.add_column(ratio=1)
    grid.add_row(_panel(pair.left, width // 2, height), _panel(pair.right, width - width // 2, height))
    return grid


def _bars(bars: Bars, width: int) -> RenderableType:
    most = max((count for _label, count in bars.rows), default=0) or 1
    rows = [(safe(label, lines=False), f"{count:,}", count) for label, count in bars.rows]
    beside = max((breadth(label) for label, _shown, _count in rows), default=0) + len(f"{most:,}")
    longest = min(max(width - beside - 2 * GAP, 1), LONGEST_BAR)
    grid = Grid.grid(padding=(0, GAP, 0, 0))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True)
    for label, shown, count in rows:
        # A full bar of its own length: what is left of a longer one would be drawn too, dark on a light terminal.
        length = -(-count * longest // most)
        bar = FullBar(total=1, completed=1, width=length, finished_style="cyan") if length else Words()
        grid.add_row(Words(label), Words(shown), bar)
    return Group(Words(_fold(bars.title, width), style="bold"), grid)


def _gauge(gauge: Gauge, width: int) -> RenderableType:
    label = safe(gauge.title, lines=False)
    count = f"{gauge.done:,}/{gauge.total:,}"
    length = min(max(width - breadth(label) - len(count) - 2 * GAP, 1), LONGEST_BAR)
    grid = Grid.grid(padding=(0, GAP, 0, 0))
    for _column in range(3):
        grid.add_column(no_wrap=True)
    bar = FullBar(gauge.total, gauge.done, length, style="bright_black", complete_style="cyan")
    grid.add_row(Words(label), Words(count), bar)
    return grid


def _curve(curve: Curve, width: int, height: int, glyphs: Glyphs) -> RenderableType:
    text = Words(_fold(curve.title, width), style="bold")
    series = [points for _label, points in curve.series]
    for line in plot.curve(series, width, height, braille=glyphs.braille):
        text.append("\n" + line, style="cyan")
    line_mark = "-" if glyphs.braille else plot.MARKS[0]
    legend = "   ".join(
        f"{mark} {safe(label, lines=False)} {points[-1][1]:.3f}"
        for mark, (label, points) in zip((line_mark, *plot.MARKS[1:]), curve.series, strict=False)
    )
    text.append("\n" + _fold(legend, width))
    return text


class _Moving:
    def __init__(self, bar: Bar, task: TaskID) -> None:
        self._bar = bar
        self._task = task

    def update(self, done: int, total: int | None = None) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=done, total=total)


@contextmanager
def bar(
    console: Console, label: str, total: int | None, unit: Literal["bytes", "rows", "seconds"]
) -> Iterator[Progress]:
    """A bar that is gone when the work is done: the finished step's line takes its place."""
    text = TextColumn("{task.description}", markup=False, table_column=Column())
    if total is None:
        columns: list[ProgressColumn] = [SpinnerColumn("line"), text, TimeElapsedColumn()]
    elif unit == "bytes":
        # Speed and time left stay whole: on a narrow screen the bar is shortened, then the label folded.
        whole = Column(no_wrap=True)
        columns = [text, TransferSpeedColumn(table_column=whole), TimeRemainingColumn(table_column=whole)]
        if console.width >= LEAST_BARRED:
            room = console.width - breadth(label) - BESIDE_BAR
            columns[1:1] = [
                BarColumn(min(max(room, SHORTEST_BAR), LONGEST_BAR)),
                DownloadColumn(binary_units=True, table_column=whole),
            ]
        else:
            columns.insert(1, TaskProgressColumn(table_column=whole))
    else:
        columns = [
            text,
            BarColumn(),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f}"),
            TimeRemainingColumn(),
        ]
    shown = Bar(*columns, console=console, transient=True)
    shown.start()
    try:
        yield _Moving(shown, shown.add_task(label, total=total))
    finally:
        with suppress(OSError):  # a terminal that is gone must not take the work's result with it
            shown.stop()


def print_view(view: View, stream: TextIO) -> None:
    """A command's result for people: as wide as the terminal, or without folding where there is none."""
    glyphs = capability.glyphs_of(stream, os.environ)
    drawn = console_on(stream, glyphs, width=None if is_terminal(stream) else PIPE_WIDTH)
    drawn.print(render(view, drawn, glyphs))
