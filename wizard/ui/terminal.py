"""The terminal: prompts by questionary, tables, panels and bars by rich, all on standard error.

Both libraries are imported when first needed, so that the first question comes quickly.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from wizard.engine.step import Back, Choice, Decision, Edit, Field, Live, Progress, Unacceptable, source_shown
from wizard.local import log
from wizard.locale import _
from wizard.ui.base import safe
from wizard.ui.capability import Capability
from wizard.ui.wrap import wrapped

if TYPE_CHECKING:
    from rich.console import Console

    from wizard.engine.view import Tone, View

_SGR: dict[str, str] = {"plain": "", "dim": "2", "good": "32", "warn": "33", "bad": "31"}
_MORE, _ALL = object(), object()


class Terminal:
    """A person at a terminal.

    A finished step takes the place of its own questions on the screen, unless it showed something that is to stay.
    """

    attended = True

    def __init__(self, capability: Capability) -> None:
        self._capability = capability
        self._stream = sys.stderr
        self._made: Console | None = None
        self._rows: int | None = None  # of the open step on the screen; None: they stay
        self._size = (0, 0)

    # What is told

    def begin(self, number: int, total: int, title: str) -> None:
        """A head line for the step, in place of what a step that was left had asked."""
        self._collapse()
        self._rows, self._size = 0, _size()
        counted = _("Step {number} of {total}").format(number=number, total=total)
        self._line("")
        self._line(f"{counted} {self._capability.glyphs.dash} {title}", "1")

    def show(self, view: View) -> None:
        """Render a view."""
        from wizard.ui.render import render

        self._rows = None
        self._console.print(render(view, self._console, self._capability.glyphs))

    def done(self, title: str, line: str, source: str = "") -> None:
        """One line with a mark, in place of the step's questions."""
        self._collapse()
        where = f" [{source_shown(source)}]" if source else ""
        named = _("{title}: {line}").format(title=title, line=line)
        self._line(f"{self._capability.glyphs.done} {named}{where}", "32")

    def say(self, text: str, tone: Tone = "plain") -> None:
        """One remark, coloured by its tone, with a mark where it is a warning or an error; all but dim ones stay."""
        if tone != "dim":
            self._rows = None
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

        self._rows = None
        with RichLive(console=self._console, refresh_per_second=4, vertical_overflow="crop") as live:
            yield _Region(live, self)

    # What is asked

    def ask(self, field: Field, current: Any = None) -> Any:
        """The answer; Escape goes back, Ctrl-C and Ctrl-D leave."""
        page = 0
        if field.browse is not None and (view := field.browse(0)) is not None:
            self.show(view)
        if field.why:
            self._line(field.why, _SGR["dim"])
        while True:
            answer = self._choose(field, current) if field.kind == "choice" else self._type(field, current)
            if answer is not _MORE:
                return answer
            page += 1
            view = field.browse(page) if field.browse else None
            if view is None:
                page = -1
                self.say(_("That was the last row; it begins again."), "dim")
                continue
            self.show(view)

    def decide(self, decision: Decision) -> str:
        """Ask with the safe choice first in mind; what was typed before the question doesn't count."""
        from wizard.ui import prompts

        preset = next(choice for choice in decision.choices if choice.value == decision.safe)
        chosen = prompts.choose(
            decision.question,
            decision.choices,
            preset,
            (self._capability, self._stream),
            lambda pointed: self._explain(decision.help, pointed),
            fresh=True,
        )
        self._answered("?", decision.question, chosen.label)
        log.event("decision", chosen=str(chosen.value))
        return str(chosen.value)

    def _choose(self, field: Field, current: Any, *, everything: bool = False) -> Any:
        from wizard.ui import prompts

        wanted = current if current is not None else field.default
        preset = next(
            (choice for choice in field.choices if choice.value == wanted and not choice.edits), None
        )
        foremost = field.choices[: field.foremost]
        choices = list(foremost if preset in foremost and not everything else field.choices)
        if len(choices) < len(field.choices):
            choices.append(Choice(_ALL, _("Show all {count}").format(count=len(field.choices))))
        if field.browse is not None:
            choices.append(Choice(_MORE, _("Show more rows")))
        choices.append(Choice(prompts.BACK, f"{self._capability.glyphs.back} " + _("Back")))
        chosen = prompts.choose(
            field.label,
            choices,
            preset,
            (self._capability, self._stream),
            lambda pointed: self._explain(field.help, pointed),
        )
        if chosen.value is prompts.BACK:
            raise Back
        if chosen.value is _ALL:
            return self._choose(field, current, everything=True)
        if chosen.value is _MORE:
            return _MORE
        if chosen.edits:
            self._answered("?", field.label, chosen.label)
            raise Edit(chosen.edits, chosen.offers)
        try:
            value = field.accept(chosen.value)
        except Unacceptable as problem:
            self._refused(problem)
            return self._choose(field, chosen.value, everything=everything)
        self._answered("?", field.label, chosen.label)
        return value

    def _type(self, field: Field, current: Any) -> Any:
        from wizard.ui import prompts

        offered = current if current is not None else field.default
        hidden = field.kind in ("secret", "word")
        text = "" if offered is None or hidden else str(offered)
        while True:
            text = prompts.line(
                field,
                text,
                (self._capability, self._stream),
                lambda _pointed: self._explain(field.help, None),
            )
            if text is prompts.BACK:
                raise Back
            try:
                value = _accepted(field, text)
            except Unacceptable as problem:
                self._refused(problem)
                text = "" if hidden else text
                continue
            mark = "!" if field.kind == "word" else "?"
            self._answered(mark, field.label, "****" if field.kind == "secret" else text)
            return value

    def _explain(self, text: str, pointed: Choice | None) -> int:
        lines = text.split("\n")
        if pointed is not None and pointed.note:
            label, note = (safe(words, lines=False) for words in (pointed.label, pointed.note))
            lines.append(_("{title}: {line}").format(title=label, line=note))
        return sum(self._line("  " + line, "36") for line in lines)

    def _refused(self, problem: Unacceptable) -> None:
        """Said above the question, where there is room for all of it; asked again with what was answered."""
        self._line(f"{self._capability.glyphs.bad} {safe(str(problem), lines=False)}", _SGR["bad"])

    def _answered(self, mark: str, label: str, answer: str) -> None:
        self._line(f"{mark} {safe(label, lines=False)} {safe(answer, lines=False)}")

    # The screen

    def _collapse(self) -> None:
        """Wipe what the open step has asked, where all of it is still on the screen as it was written."""
        if self._rows and self._rows < self._size[1] and self._size == _size():
            self._stream.write(f"\x1b[{self._rows}A\r\x1b[J")
        self._rows = None

    @property
    def _console(self) -> Console:
        if self._made is None:
            from rich.console import Console

            self._made = Console(
                file=self._stream,
                stderr=True,
                highlight=False,
                markup=False,
                emoji=False,
                no_color=not self._capability.colour,
            )
        return self._made

    def _line(self, text: str, sgr: str = "") -> int:
        """Write ``text``, folded; returns the rows that it took."""
        lines = list(wrapped(safe(text), _size()[0]))
        if self._rows is not None:
            self._rows += len(lines)
        for line in lines:
            coloured = sgr and self._capability.colour
            print(f"\x1b[{sgr}m{line}\x1b[0m" if coloured else line, file=self._stream)
        self._stream.flush()
        return len(lines)


class _Region:
    def __init__(self, live: Any, terminal: Terminal) -> None:
        self._live = live
        self._terminal = terminal

    def update(self, view: View) -> None:
        """Draw ``view`` in place of the last one."""
        from wizard.ui.render import render

        console = self._terminal._console  # noqa: SLF001 - two halves of one front end
        self._live.update(render(view, console, self._terminal._capability.glyphs))  # noqa: SLF001 - as above


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
