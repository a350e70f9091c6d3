"""The pictures in docs/pictures, made of what the real program shows: ``python -m tools.pictures``.

The wizard runs in a real pseudo-terminal on the sandbox, in each language, answered with Enter; each picture is the
terminal's cells, with their colours, as an SVG that needs nothing from elsewhere.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from terminal import Terminal, environment

from wizard import locale
from wizard.locale import _
from wizard.steps.review import YES

ROOT = Path(__file__).parents[1]
FOLDERS = {
    locale.CHINESE: ROOT / "docs" / "pictures" / "zh",
    locale.ENGLISH: ROOT / "docs" / "pictures" / "en",
}
COLUMNS, ROWS = 100, 40
PATIENCE = 40  # questions until a screen that doesn't come is a failure

CELL, LINE, EDGE, FONT = 8.4, 18, 14, 14  # pixels
INK, PAPER = "#d5d8e0", "#1b1d24"
# A terminal's own sixteen colours, on a dark ground.
COLOURS = {
    "black": "#2b2e38", "red": "#ef6b73", "green": "#8cc570", "brown": "#e3b865", "blue": "#6cabf2", "magenta": "#c985dd",
    "cyan": "#5fc1cd", "white": "#d5d8e0", "brightblack": "#7d8596", "brightred": "#ff8890", "brightgreen": "#a5de88",
    "brightbrown": "#f5cf80", "brightyellow": "#f5cf80", "brightblue": "#8cc1ff", "brightmagenta": "#dda0ee",
    "brightcyan": "#7fdbe6", "brightwhite": "#ffffff",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """One place on the screen; a wide character's second place has an empty ``data``."""

    data: str
    ink: str
    paper: str
    bold: bool
    underlined: bool
    wide: bool


Line = tuple[Cell, ...]


def cells(terminal: Terminal) -> tuple[Line, ...]:
    """What was shown since the last step's title, without the empty lines at its end."""
    screen = terminal.screen
    rows = [*screen.history.top, *(screen.buffer[row] for row in range(screen.lines))]
    lines = [tuple(_cell(row, column) for column in range(screen.columns)) for row in rows]
    title = re.compile(re.sub(r"\\{\w+\\}", r"\\d+", re.escape(_("Step {number} of {total}"))))
    titles = [row for row, text in enumerate(terminal.text.split("\n")) if title.search(text)]
    if len(titles) > 1:
        lines = lines[titles[-1] :]
    while lines and not "".join(cell.data for cell in lines[-1]).strip():
        lines.pop()
    return tuple(lines)


def _cell(row: dict[int, object], column: int) -> Cell:
    char, after = row[column], row[column + 1] if column + 1 < COLUMNS else None
    ink, paper = _colour(char.fg, INK), _colour(char.bg, PAPER)  # type: ignore[attr-defined]  # pyte has no types
    if char.reverse:  # type: ignore[attr-defined]  # as above
        ink, paper = paper, ink
    wide = bool(char.data) and after is not None and after.data == ""  # type: ignore[attr-defined]  # as above
    return Cell(char.data, ink, paper, char.bold, char.underscore, wide)  # type: ignore[attr-defined]  # as above


def _colour(name: str, default: str) -> str:
    return default if name == "default" else COLOURS.get(name, f"#{name}")


def svg(lines: Sequence[Line], title: str) -> str:
    """The cells as a picture."""
    width, height = COLUMNS * CELL + 2 * EDGE, len(lines) * LINE + 2 * EDGE
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" role="img">',
            f"<title>{escape(title)}</title>",
            f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>',
            f'<g font-family="ui-monospace, Menlo, Consolas, \'Noto Sans Mono CJK SC\', monospace" font-size="{FONT}">',
            *(part for row, line in enumerate(lines) for part in _line(line, EDGE + row * LINE)),
            "</g>",
            "</svg>",
            "",
        )
    )


def _line(line: Line, top: float) -> Iterator[str]:
    column = 0
    looks = groupby(
        (cell for cell in line if cell.data),
        lambda cell: (cell.ink, cell.paper, cell.bold, cell.underlined, cell.wide),
    )
    for (ink, paper, bold, underlined, wide), run in looks:
        text = "".join(cell.data for cell in run)
        taken = sum(1 + wide for _character in text)
        left, length = EDGE + column * CELL, taken * CELL
        column += taken
        if paper != PAPER:
            yield f'<rect x="{left:.1f}" y="{top:.1f}" width="{length:.1f}" height="{LINE}" fill="{paper}"/>'
        if text.strip():
            look = (
                f' fill="{ink}"' + ' font-weight="bold"' * bold + ' text-decoration="underline"' * underlined
            )
            said = escape(text.replace(" ", "\u00a0"))
            yield f'<text x="{left:.1f}" y="{top + FONT:.1f}" textLength="{length:.1f}"{look}>{said}</text>'


def screens(language: str, folder: Path) -> Iterator[tuple[str, tuple[Line, ...], str]]:
    """Name, cells and title of each picture: one run from the first question to a model."""
    locale.use(language)
    tongue = {"LANG": "zh_CN.UTF-8", "BAILIAN_WIZARD_LANG": "zh"} if language == locale.CHINESE else {}
    env = environment(folder, COLORTERM="truecolor", **tongue)
    with Terminal(["--sandbox"], folder, columns=COLUMNS, rows=ROWS, env=env) as terminal:
        terminal.expect(_("Where is your data? A file, a folder, or an archive")[:6])
        terminal.settle(1)
        yield "first", cells(terminal), _("Data")
        _enter_until(terminal, _("Does this look right?"))
        yield "preview", cells(terminal), _("Preview")
        confirmation = _("Type {word} to begin (simulated: nothing is sent to Alibaba Cloud or billed)")
        _enter_until(terminal, confirmation.format(word=YES)[:10])
        yield "review", cells(terminal), _("Review")
        terminal.press(YES, "enter")
        yield "watch", _watched(terminal), _("Training")


def _enter_until(terminal: Terminal, question: str) -> None:
    for _question in range(PATIENCE):
        terminal.settle(0.8)
        if question in "".join(terminal.lines):
            return
        terminal.press("enter")
    raise AssertionError(f"{question!r} did not come; the screen:\n{terminal.text}")


def _watched(terminal: Terminal) -> tuple[Line, ...]:
    """The last moment at which the training still ran and its loss was drawn."""
    last: tuple[Line, ...] = ()
    ended = _("Deploy it at"), _("Train another one")
    for _moment in range(2000):
        terminal.read(0.05)
        shown = "\n".join(terminal.lines)
        if "RUNNING" in shown and _("validation loss") in shown:
            last = cells(terminal)
        if any(words in shown for words in ended):
            return last
    raise AssertionError(f"the training did not end; the screen:\n{terminal.text}")


def main() -> int:
    """Make all pictures; the exit code."""
    for language, pictures in FOLDERS.items():
        pictures.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch, "my-model")
            shutil.copytree(ROOT / "datasets", folder / "datasets")
            for name, lines, title in screens(language, folder):
                picture = svg(lines, f"bailian-wizard: {title}")
                if scratch in picture or str(ROOT) in picture:
                    raise AssertionError(f"{name}: this computer's folders show in the picture")
                (pictures / f"{name}.svg").write_text(picture, "utf-8")
                sys.stderr.write(f"{pictures.name}/{name}.svg\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
