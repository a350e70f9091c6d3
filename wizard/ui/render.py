"""Views drawn with rich: neutral blocks become tables, panels, bars and a small curve."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal, TextIO

from rich.console import Console, Group, RenderableType
from rich.panel import Panel as Box
from rich.progress import (
    BarColumn,
    DownloadColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as Bar
from rich.table import Table as Grid
from rich.text import Text as Words

from wizard.engine.step import Progress
from wizard.engine.view import Beside, Block, Curve, Panel, Table, Text, Tone, View
from wizard.ui import capability
from wizard.ui.base import safe
from wizard.ui.capability import Glyphs

SIDE_BY_SIDE = 100  # columns from which two panels stand beside each other
CURVE_WIDTH = 60
PIPE_WIDTH = 400

_STYLE: dict[Tone, str] = {"plain": "", "dim": "dim", "good": "green", "warn": "yellow", "bad": "red"}


def render(view: View, width: int, glyphs: Glyphs) -> RenderableType:
    """A view for ``width`` columns. All text is taken as text, never as markup."""
    return Group(*(_block(block, width, glyphs) for block in view.blocks))


def _block(block: Block, width: int, glyphs: Glyphs) -> RenderableType:
    match block:
        case Text(text=text, tone=tone):
            return Words(safe(text), style=_STYLE[tone])
        case Table():
            return _table(block)
        case Panel():
            return _panel(block)
        case Beside(left=left, right=right):
            if width < SIDE_BY_SIDE:
                return Group(_panel(left), _panel(right))
            pair = Grid.grid(expand=True)
            pair.add_column(ratio=1, overflow="fold")
            pair.add_column(ratio=1, overflow="fold")
            pair.add_row(_panel(left), _panel(right))
            return pair
        case Curve():
            return _curve(block, min(width - 4, CURVE_WIDTH), glyphs)


def _table(table: Table) -> RenderableType:
    grid = Grid(box=None, pad_edge=False, header_style="dim")
    for number, column in enumerate(table.columns):
        # The first column has the names and ids that people copy: they stay whole.
        side: Literal["left", "right"] = "right" if number in table.right else "left"
        grid.add_column(Words(safe(column)), justify=side, overflow="fold", no_wrap=number == 0)
    for row in table.rows:
        grid.add_row(*(Words(safe(cell)) for cell in row))
    return grid


def _panel(panel: Panel) -> RenderableType:
    text = Words(overflow="fold")
    for number, (label, part) in enumerate(panel.parts):
        if number:
            text.append("\n")
        if label:
            text.append(safe(label, lines=False) + "\n", style="bold cyan")
        text.append(safe(part))
    return Box(text, title=Words(safe(panel.title, lines=False)), title_align="left", border_style="dim")


def _curve(curve: Curve, width: int, glyphs: Glyphs) -> RenderableType:
    text = Words(safe(curve.title, lines=False), style="bold")
    for label, points in curve.series:
        values = [value for _x, value in points]
        low, high = min(values), max(values)
        shown = (
            [values[index * len(values) // width] for index in range(width)]
            if len(values) > width
            else values
        )
        scale = (len(glyphs.bars) - 1) / ((high - low) or 1)
        text.append(f"\n{safe(label, lines=False)}  {values[0]:.3f} ", style="default")
        text.append("".join(glyphs.bars[round((value - low) * scale)] for value in shown), style="cyan")
        text.append(f" {values[-1]:.3f}", style="default")
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
    text = TextColumn("{task.description}", markup=False)
    if total is None:
        columns = [SpinnerColumn("line"), text, TimeElapsedColumn()]
    elif unit == "bytes":
        columns = [
            text,
            BarColumn(),
            DownloadColumn(binary_units=True),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        ]
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
    tty = stream.isatty()
    console = Console(
        file=stream, highlight=False, markup=False, emoji=False, width=None if tty else PIPE_WIDTH
    )
    console.print(render(view, console.width, capability.of(os.environ, stream=stream).glyphs))
