"""Views as plain lines: no columns, boxes, colours or cursor codes; for scripts, logs and the plain front end."""

from __future__ import annotations

from collections.abc import Iterator

from wizard.engine.view import Bars, Beside, Curve, Gauge, Line, Pairs, Panel, Table, Text, View
from wizard.locale import _, enumerated
from wizard.ui.base import safe


def text_of(view: View) -> Iterator[str]:
    """A view line by line."""
    for block in view.blocks:
        match block:
            case Text(text=text) | Line(text=text):
                yield text
            case Pairs(rows=rows):
                cells = (
                    (safe(label, lines=False), safe(value, lines=False)) for label, value in rows if value
                )
                yield from (_named(label, value) if label else value for label, value in cells)
            case Table():
                yield from _table(block)
            case Panel():
                yield from _panel(block)
            case Beside(left=left, right=right):
                yield from _panel(left)
                yield from _panel(right)
            case Bars(title=title, rows=rows):
                yield title
                yield from (_named(label, f"{count:,}") for label, count in rows)
            case Curve(title=title, series=series):
                yield from (
                    _named(enumerated((title, label)), f"{points[-1][1]:.4f}") for label, points in series
                )
            case Gauge(title=title, done=done, total=total):
                yield _named(title, f"{done:,}/{total:,}")


def _table(table: Table) -> Iterator[str]:
    for row in table.rows:
        label, value, *rest = (safe(cell, lines=False) for cell in row)
        yield _named(label, value) + "".join(f" [{cell}]" for cell in rest if cell)


def _panel(panel: Panel) -> Iterator[str]:
    yield f"[{panel.title}]"
    for label, text in panel.parts:
        yield _named(label, text) if label else text


def _named(label: str, text: str) -> str:
    return _("{title}: {line}").format(title=label, line=text)
