"""The terminal: prompts by questionary, tables, panels and bars by rich, all on standard error.

Both libraries are imported when first needed, so that the first question comes quickly.
"""

from __future__ import annotations

import os
import re
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from wizard.engine.step import (
    Back,
    Choice,
    Decision,
    Edit,
    Field,
    Key,
    Live,
    Progress,
    Unacceptable,
    source_shown,
)
from wizard.local import log
from wizard.local.width import breadth, wrapped
from wizard.locale import _
from wizard.ui.base import safe
from wizard.ui.capability import Capability

if TYPE_CHECKING:
    from rich.console import Console

    from wizard.engine.view import Tone, View
    from wizard.ui.prompts import Around

_SGR: dict[str, str] = {"plain": "", "dim": "2", "good": "32", "warn": "33", "bad": "31"}
_MORE, _ALL = object(), object()
_AROUND, _LEAST = 8, 4  # rows of a question below what a key shows, and of what is shown of it at least
_HEAD = 4  # rows of a step's head, and of a pause
_REMEMBERED = 200  # parts of the screen: more than fit the tallest


class Terminal:
    """A person at a terminal.

    A finished step takes the place of its own questions on the screen, unless it showed something that is to stay. What
    is on the screen is kept, so that it can be drawn anew when the terminal's size changes.
    """

    attended = True

    def __init__(self, capability: Capability) -> None:
        self._capability = capability
        self._stream = sys.stderr
        self._made: Console | None = None
        self._drawn: deque[_Drawn] = deque(maxlen=_REMEMBERED)
        self._open: list[_Drawn] | None = None  # what the open step has drawn; None: it stays
        self._unread: _Drawn | None = None  # what was shown last, before anything was asked about it
        self._size = (0, 0)

    # What is told

    def begin(self, number: int, total: int, title: str) -> None:
        """A head line for the step, in place of what a step that was left had asked."""
        self._collapse()
        self._open, self._size = [], _size()
        counted = _("Step {number} of {total}").format(number=number, total=total)
        self._line("")
        self._line(f"{counted} {self._capability.glyphs.dash} {title}", "1")

    def show(self, view: View) -> None:
        """Render a view; what is taller than the screen is read page by page before the next question."""
        self._unread = self._put(lambda: self._rendered(view))

    def done(self, title: str, line: str, source: str = "") -> None:
        """One line with a mark, in place of the step's questions."""
        self._collapse()
        where = f" [{source_shown(source)}]" if source else ""
        named = _("{title}: {line}").format(title=title, line=line)
        self._line(f"{self._capability.glyphs.done} {named}{where}", "32")

    def say(self, text: str, tone: Tone = "plain") -> None:
        """One remark, coloured by its tone, with a mark where it is a warning or an error; all but dim ones stay."""
        if tone != "dim":
            self._open = None
        marks = {"warn": self._capability.glyphs.warn + " ", "bad": self._capability.glyphs.bad + " "}
        self._line(marks.get(tone, "") + text, _SGR[tone])

    @contextmanager
    def progress(
        self, label: str, total: int | None, unit: Literal["bytes", "rows", "seconds"]
    ) -> Iterator[Progress]:
        """A bar in bytes or rows; without a total, a sign of life with the time."""
        from wizard.ui.render import bar

        with bar(self._console, safe(label, lines=False), total, unit) as progress:
            yield progress

    @contextmanager
    def live(self) -> Iterator[Live]:
        """A part of the screen that is drawn anew."""
        from rich.live import Live as RichLive

        self._open = None
        with RichLive(console=self._console, refresh_per_second=4, vertical_overflow="crop") as live:
            yield _Region(live, self)

    # What is asked

    def ask(self, field: Field, current: Any = None) -> Any:
        """The answer; Escape goes back, Ctrl-C and Ctrl-D leave."""
        self._page_through(field)
        page = 0
        shown: list[_Drawn] = []
        view = field.above() if field.above else field.browse(0) if field.browse else None
        if view is not None:
            shown = [self._put(lambda: self._rendered(view))]
        if field.why:
            shown.append(self._line(field.why, _SGR["dim"]))
        while True:
            answer = self._choose(field, current) if field.kind == "choice" else self._type(field, current)
            if answer is not _MORE:
                return answer
            page += 1
            following = field.browse(page) if field.browse else None
            if following is None:
                page = -1
                self.say(_("That was the last row; it begins again."), "dim")
                continue
            self._lift(shown)
            shown = [self._put(lambda view=following: self._rendered(view))]  # type: ignore[misc]  # its own view
            if field.why:
                shown.append(self._line(field.why, _SGR["dim"]))

    def decide(self, decision: Decision) -> str:
        """Ask with the safe choice first in mind."""
        from wizard.ui import prompts

        preset = next(choice for choice in decision.choices if choice.value == decision.safe)
        above: list[_Drawn] = []
        chosen = prompts.choose(
            decision.question, decision.choices, preset, self._around(decision.help, above)
        )
        assert isinstance(chosen, Choice)
        self._lift(above)
        self._answered("?", decision.question, chosen.label)
        log.event("decision", chosen=str(chosen.value))
        return str(chosen.value)

    def _choose(self, field: Field, current: Any) -> Any:
        from wizard.ui import prompts

        wanted = current if current is not None else field.default
        preset = next(
            (choice for choice in field.choices if choice.value == wanted and not choice.edits), None
        )
        foremost = field.choices[: field.foremost]
        everything = preset not in foremost
        above: list[_Drawn] = []  # what stands above the question as long as it is asked
        while True:
            choices = list(field.choices if everything else foremost)
            if len(choices) < len(field.choices):
                choices.append(Choice(_ALL, _("Show all {count}").format(count=len(field.choices))))
            if field.browse is not None:
                choices.append(Choice(_MORE, _("Show more rows")))
            choices.append(Choice(prompts.BACK, f"{self._capability.glyphs.back} " + _("Back")))
            chosen = prompts.choose(field.label, choices, preset, self._around(field.help, above, field.keys))
            self._lift(above)
            if isinstance(chosen, Key):
                self._look(chosen, above)
                continue
            if chosen.value is prompts.BACK:
                raise Back
            if chosen.value is _ALL:
                everything = True
                continue
            if chosen.value is _MORE:
                return _MORE
            if chosen.edits:
                self._answered("?", field.label, chosen.label)
                raise Edit(chosen.edits, chosen.offers)
            try:
                value = field.accept(chosen.value)
            except Unacceptable as problem:
                above.append(self._problem(problem))
                preset = chosen
                continue
            self._answered("?", field.label, chosen.label)
            return value

    def _type(self, field: Field, current: Any) -> Any:
        from wizard.ui import prompts

        wanted = current if current is not None else field.default
        hidden = field.kind in ("secret", "word")
        offered = "" if wanted is None or hidden else str(wanted)
        typed = ""
        above: list[_Drawn] = []  # what stands above the question as long as it is asked
        while True:
            text = prompts.line(field, offered, typed, self._around(field.help, above, field.keys))
            self._lift(above)
            if text is prompts.BACK:
                raise Back
            if isinstance(text, Key):
                self._look(text, above)
                continue
            try:
                value = _accepted(field, text)
            except Unacceptable as problem:
                # Said above the question, where there is room for all of it, and asked again with what was typed.
                above.append(self._problem(problem))
                typed = "" if hidden else text
                continue
            mark = "!" if field.kind == "word" else "?"
            self._answered(mark, field.label, "****" if field.kind == "secret" else text)
            return value

    def _around(self, text: str, above: list[_Drawn], keys: Sequence[Key] = ()) -> Around:
        from wizard.ui.prompts import Around

        def explain() -> int:
            above.append(self._put(lambda: self._folded(_indented(text), "36")))
            return above[-1].rows

        return Around(self._capability, self._stream, explain, self._again, keys)

    def _look(self, key: Key, above: list[_Drawn]) -> None:
        """What a key shows stands above the question, in place of what stood there before; or its field is asked."""
        if key.edits:
            raise Edit(key.edits)
        assert key.show is not None
        from wizard.ui import prompts

        view = key.show()
        lines = self._rendered(view)
        room = max(_size()[1] - _AROUND, _LEAST)
        while _taken(lines) > room:  # nothing that is to be read goes off the screen unread
            page = self._put(lambda: lines[:room])  # noqa: B023 - it is lifted before there are others
            going_on = prompts.paused(self._around("", above))
            self._lift([page])
            if not going_on:
                return
            lines = lines[room:]
        above.append(self._put(lambda: lines))

    def _page_through(self, field: Field) -> None:
        """Show what is above the screen, if ``field`` is asked below it, before what is left of it is shown with the question."""
        part, self._unread = self._unread, None
        height = _size()[1]
        if part is None or not height or part is not self._drawn[-1]:
            return
        question = len([*wrapped(safe(field.label, lines=False), _size()[0])]) + len(field.choices) + 1
        lines = part.draw()
        hidden = _taken(lines) + question - height
        if hidden <= 0:
            return
        from wizard.ui import prompts

        self._lift([part])
        room = max(height - _HEAD, _LEAST)
        for start in range(0, hidden, room):
            page = self._put(lambda start=start: lines[start : start + room])  # type: ignore[misc]  # its own start
            going_on = prompts.paused(self._around("", []))
            self._lift([page])
            if not going_on:
                break
        self._put(part.draw)

    def _problem(self, problem: Unacceptable) -> _Drawn:
        return self._line(f"{self._capability.glyphs.bad} {safe(str(problem), lines=False)}", _SGR["bad"])

    def _answered(self, mark: str, label: str, answer: str) -> None:
        self._line(f"{mark} {safe(label, lines=False)} {safe(answer, lines=False)}")

    # The screen

    def _put(self, draw: Callable[[], list[str]]) -> _Drawn:
        """Write what ``draw`` gives for the terminal as wide as it is now, and remember how to."""
        lines = draw()
        part = _Drawn(draw, _taken(lines), _size())
        self._drawn.append(part)
        if self._open is not None:
            self._open.append(part)
        self._write("".join(f"{line}\n" for line in lines))
        return part

    def _lift(self, parts: list[_Drawn]) -> None:
        """Take ``parts``, the last that were drawn, off the screen again."""
        if not parts:
            return
        rows = sum(part.rows for part in parts)
        same = all(part.size == _size() for part in parts)
        self._forget(parts)
        parts.clear()
        if not self._capability.redraws:
            return
        if same:
            self._write(f"\x1b[{rows}A\r\x1b[J")
        else:
            self._again()

    def _again(self) -> None:
        """Clear the screen and draw anew what was on it, as far as it fits the size that it has now."""
        if not self._capability.redraws:
            return
        lines: list[str] = []
        for part in reversed(self._drawn):
            part.size = _size()
            drawn = part.draw()
            part.rows = _taken(drawn)
            lines = drawn + lines
            if len(lines) >= _size()[1] > 0:
                break
        self._size = _size()
        self._write("\x1b[H\x1b[2J" + "".join(f"{line}\n" for line in lines[-_size()[1] :]))

    def _collapse(self) -> None:
        """Wipe what the open step has asked; where it was taller than the screen, what is above is drawn anew."""
        if self._capability.redraws and (rows := sum(part.rows for part in self._open or ())):
            self._forget(self._open or ())
            if rows < self._size[1] and self._size == _size():
                self._write(f"\x1b[{rows}A\r\x1b[J")
            else:
                self._again()
        self._open = None

    def _forget(self, parts: Sequence[_Drawn]) -> None:
        self._drawn = deque((part for part in self._drawn if part not in parts), maxlen=_REMEMBERED)
        if self._open is not None:
            self._open = [part for part in self._open if part not in parts]

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

    @property
    def _console(self) -> Console:
        if self._made is None:
            from wizard.ui.render import console_on

            able = self._capability
            colours = {} if able.redraws else {"color_system": None}
            self._made = console_on(
                self._stream, able.glyphs, stderr=True, no_color=not able.colour, **colours
            )
        return self._made

    def _rendered(self, view: View) -> list[str]:
        from wizard.ui.render import render

        with self._console.capture() as captured:
            self._console.print(render(view, self._console, self._capability.glyphs), crop=False)
        return captured.get().removesuffix("\n").split("\n")

    def _line(self, text: str, sgr: str = "") -> _Drawn:
        """Write ``text``, folded."""
        return self._put(lambda: self._folded(text, sgr))

    def _folded(self, text: str, sgr: str) -> list[str]:
        lines = wrapped(safe(text), _size()[0])
        if not (sgr and self._capability.colour):
            return list(lines)
        return [f"\x1b[{sgr}m{line}\x1b[0m" for line in lines]


@dataclass(slots=True, eq=False)
class _Drawn:
    """A part of the screen: how it is drawn, and how many rows it took at which size."""

    draw: Callable[[], list[str]]
    rows: int
    size: tuple[int, int]


class _Region:
    def __init__(self, live: Any, terminal: Terminal) -> None:
        self._live = live
        self._terminal = terminal

    def update(self, view: View) -> None:
        """Draw ``view`` in place of the last one."""
        from wizard.ui.render import render

        console = self._terminal._console  # noqa: SLF001 - two halves of one front end
        self._live.update(render(view, console, self._terminal._capability.glyphs))  # noqa: SLF001 - as above


def _taken(lines: Sequence[str]) -> int:
    """The rows that ``lines`` take: more than one where a line is wider than the terminal."""
    columns = _size()[0]
    return sum(max(-(-breadth(_plain(line)) // columns), 1) for line in lines)


def _plain(line: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", line) if "\x1b" in line else line


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.split("\n"))


def _accepted(field: Field, text: str) -> Any:
    if field.kind != "word":
        return field.accept(text)
    if text.strip() != field.word:
        raise Unacceptable(_("Only {word} is taken; Esc goes back.").format(word=field.word))
    return field.accept(field.value)


def _size() -> tuple[int, int]:
    """Columns and rows of the terminal that the conversation is on."""
    try:
        size = os.get_terminal_size(sys.stderr.fileno())
    except OSError:
        return (80, 0)
    return (size.columns, size.lines)
