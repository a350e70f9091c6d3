"""Curves as lines of text, by plotille: braille dots where the terminal's encoding has them, else one mark a column."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plotille import Canvas

Points = Sequence[tuple[float, float]]
MARKS = "*ox+"
FEW = 2  # points: fewer draw no line
_NO_DOTS = "\u2800"


def curve(series: Sequence[Points], width: int, height: int, *, braille: bool) -> list[str]:
    """``series`` over one pair of axes, in ``height`` rows and one for the x axis, none wider than ``width``.

    The first is drawn as a line, the others as marks (see MARKS).
    """
    from plotille import Canvas

    xs = [x for points in series for x, _y in points]
    ys = [y for points in series for _x, y in points]
    left, right, low, high = min(xs), max(xs), min(ys), max(ys)
    labels = [f"{high:.3f}", *[""] * (height - 2), f"{low:.3f}"]
    margin = max(map(len, labels)) + 1
    columns = max(width - margin - 1, 8)
    # The last point lies inside the canvas, not on its edge, where it would not be drawn.
    beyond = (right - left) / columns or 1
    canvas = Canvas(columns, height, left, low, right + beyond, high + ((high - low) / height or 1))
    line, *others = series
    if braille and len(line) >= FEW:
        for (x, y), (to_x, to_y) in pairwise(line):
            canvas.line(x, y, to_x, to_y)
    else:
        _mark(canvas, _one_a_column(line, columns), MARKS[0])
    for mark, points in zip(MARKS[1:], others, strict=False):
        _mark(canvas, points, mark)
    drawn = canvas.plot(linesep="\n").replace(_NO_DOTS, " ").split("\n")
    ends = f"{left:g}", f"{right:g}"
    axis = ends[0] + " " * max(columns - len(ends[0]) - len(ends[1]), 1) + ends[1]
    return [
        *(f"{label:>{margin - 1}} |{row}".rstrip() for label, row in zip(labels, drawn, strict=True)),
        " " * (margin + 1) + axis,
    ]


def _mark(canvas: Canvas, points: Points, mark: str) -> None:
    for x, y in points:
        canvas.point(x, y, marker=mark)


def _one_a_column(points: Points, columns: int) -> Points:
    """About ``columns`` points between the first and the last, on straight lines between those that there are."""
    if len(points) < FEW:
        return points
    first, last = points[0][0], points[-1][0]
    made = []
    pairs = list(pairwise(points))
    for column in range(columns):
        x = first + (last - first) * column / (columns - 1)
        (x0, y0), (x1, y1) = next(pair for pair in pairs if x <= pair[1][0] or pair is pairs[-1])
        made.append((x, y1 if x1 == x0 else y0 + (y1 - y0) * (x - x0) / (x1 - x0)))
    return made
