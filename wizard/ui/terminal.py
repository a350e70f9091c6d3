"""The terminal: prompts by questionary, tables, panels and bars by rich, all on standard error.

Both libraries are imported when first needed, so that the first question comes quickly.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from wizard import log
from wizard.engine.step import Back, Decision, Edit, Field, Live, Progress, Quit, Unacceptable, source_shown
from wizard.locale import _
from wizard.ui.base import safe
from wizard.ui.capability import Capability

if TYPE_CHECKING:
    from questionary import Question
    from rich.console import Console

    from wizard.engine.view import Tone, View

LEAST_NOTE = 8  # columns: less says nothing
ESCAPE_PATIENCE = 0.1  # seconds within which an Escape may turn out to be an arrow key
_SGR: dict[str, str] = {"plain": "", "dim": "2", "good": "32", "warn": "33", "bad": "31"}

_BACK = object()
_MORE = object()


class Terminal:
    """A person at a terminal."""

    attended = True

    def __init__(self, capability: Capability) -> None:
        self._capability = capability
        self._made: Console | None = None

    # What is told

    def begin(self, number: int, total: int, title: str) -> None:
        """A head line for the step."""
        counted = _("Step {number} of {total}").format(number=number, total=total)
        self._line("")
        self._line(f"{counted} · {title}", "1")

    def show(self, view: View) -> None:
        """Render a view."""
        from wizard.ui.render import render

        self._console.print(render(view, self._console.width, self._capability.glyphs))

    def done(self, title: str, line: str, source: str = "") -> None:
        """One line with a mark."""
        where = f" [{source_shown(source)}]" if source else ""
        self._line(f"{self._capability.glyphs.done} {title}: {line}{where}", "32")

    def say(self, text: str, tone: Tone = "plain") -> None:
        """One remark, coloured by its tone, with a mark where it is a warning or an error."""
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

        with RichLive(console=self._console, refresh_per_second=4, vertical_overflow="crop") as live:
            yield _Region(live, self)

    # What is asked

    def ask(self, field: Field, current: Any = None) -> Any:
        """The answer; Escape goes back, Ctrl-C and Ctrl-D leave."""
        page = 0
        if field.browse is not None and (view := field.browse(0)) is not None:
            self.show(view)
        while True:
            answer = self._once(field, current)
            if answer is _BACK:
                raise Back
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
        field = Field(
            key="decision",
            kind="choice",
            label=decision.question,
            default=decision.safe,
            choices=decision.choices,
        )
        self._forget_typed()
        while True:
            answer = self._once(field, None)
            if answer not in (_BACK, _MORE):
                log.event("decision", question=decision.question, chosen=str(answer))
                return str(answer)

    def _once(self, field: Field, current: Any) -> Any:
        if field.why:
            self._line(field.why, _SGR["dim"])
        if field.kind == "choice":
            return self._choose(field, current)
        if field.kind == "word":
            return self._word(field)
        return self._text(field, current)

    def _choose(self, field: Field, current: Any) -> Any:
        import questionary

        glyphs = self._capability.glyphs
        room = max(self._capability.width - 6, 20)
        choices = []
        for choice in field.choices:
            label, note = _fitted(safe(choice.label, lines=False), safe(choice.note, lines=False), room)
            title = [("class:text", label), ("class:note", note)] if note else label
            choices.append(questionary.Choice(title, value=choice))
        if field.browse is not None:
            choices.append(questionary.Choice(_("Show more rows"), value=_MORE))
        if field.key != "decision":
            back = _("Back")
            choices.append(questionary.Choice(f"{glyphs.back} {back}", value=_BACK))
        wanted = current if current is not None else field.default
        preset = next(
            (choice for choice in field.choices if choice.value == wanted and not choice.edits), None
        )
        question = questionary.select(
            safe(field.label, lines=False),
            choices=choices,
            default=next((entry for entry in choices if preset is not None and entry.value is preset), None),
            qmark="?",
            pointer=glyphs.pointer,
            instruction=_("(arrow keys, Enter; Esc: back)"),
            style=_style(self._capability),
            output=_output(),
            erase_when_done=True,
        )
        answer = self._asked(question)
        if answer in (_BACK, _MORE):
            return answer
        # questionary would repeat the note too, so it draws nothing of the answer.
        self._line(f"? {safe(field.label, lines=False)} {safe(answer.label, lines=False)}")
        if answer.edits:
            raise Edit(answer.edits)
        return field.accept(answer.value)

    def _text(self, field: Field, current: Any) -> Any:
        import questionary

        offered = current if current is not None else field.default
        default = "" if offered is None or field.kind == "secret" else str(offered)
        common: dict[str, Any] = {
            "qmark": "?",
            "style": _style(self._capability),
            "validate": lambda text: _problem(field, text),
            "output": _output(),
        }
        label = safe(field.label, lines=False)
        if field.kind == "secret":
            question = questionary.password(label, validate_while_typing=False, **common)
        elif field.kind == "path":
            question = questionary.path(label, default=default, **common)
        else:
            question = questionary.text(label, default=default, validate_while_typing=False, **common)
        answer = self._asked(question)
        return answer if answer is _BACK else field.accept(answer)

    def _word(self, field: Field) -> Any:
        import questionary

        self._forget_typed()
        label = safe(field.label, lines=False)
        question = questionary.text(
            label,
            qmark="!",
            style=_style(self._capability),
            validate=lambda text: (
                text.strip() == field.word
                or _("Only {word} is taken; Esc goes back.").format(word=field.word)
            ),
            validate_while_typing=False,
            output=_output(),
        )
        answer = self._asked(question)
        return answer if answer is _BACK else field.accept(field.value)

    def _asked(self, question: Question) -> Any:
        """Put one question: Escape is back, Ctrl-C and Ctrl-D are leaving."""
        from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent, merge_key_bindings

        keys = KeyBindings()

        @keys.add("escape", eager=True)
        def _escape(event: KeyPressEvent) -> None:
            event.app.exit(result=_BACK)

        @keys.add("c-d", eager=True)  # a select would take no notice, a text would lose a letter
        def _end(event: KeyPressEvent) -> None:
            event.app.exit(exception=EOFError())

        @keys.add("<sigint>")  # sent from elsewhere, not typed: a select would take no notice
        def _interrupt(event: KeyPressEvent) -> None:
            event.app.exit(exception=KeyboardInterrupt())

        application = question.application
        application.key_bindings = merge_key_bindings([*filter(None, [application.key_bindings]), keys])
        application.ttimeoutlen = ESCAPE_PATIENCE
        try:
            return question.unsafe_ask()
        except (KeyboardInterrupt, EOFError):
            raise Quit from None

    @staticmethod
    def _forget_typed() -> None:
        """Drop what was typed before the question, in the terminal's queue and in prompt_toolkit's own."""
        from prompt_toolkit.application import get_app_session
        from prompt_toolkit.input.typeahead import clear_typeahead

        clear_typeahead(get_app_session().input)
        try:
            import termios
        except ImportError:
            import msvcrt

            while msvcrt.kbhit():  # type: ignore[attr-defined]  # exists on Windows only
                msvcrt.getwch()  # type: ignore[attr-defined]  # as above
        else:
            termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)

    @property
    def _console(self) -> Console:
        if self._made is None:
            from rich.console import Console

            self._made = Console(
                stderr=True, highlight=False, markup=False, emoji=False, no_color=not self._capability.colour
            )
        return self._made

    def _line(self, text: str, sgr: str = "") -> None:
        shown = safe(text)
        if sgr and self._capability.colour:
            shown = f"\x1b[{sgr}m{shown}\x1b[0m"
        print(shown, file=sys.stderr, flush=True)


class _Region:
    def __init__(self, live: Any, terminal: Terminal) -> None:
        self._live = live
        self._terminal = terminal

    def update(self, view: View) -> None:
        """Draw ``view`` in place of the last one."""
        from wizard.ui.render import render

        console = self._terminal._console  # noqa: SLF001 - two halves of one front end
        self._live.update(render(view, console.width, self._terminal._capability.glyphs))  # noqa: SLF001 - as above


def _problem(field: Field, text: str) -> bool | str:
    try:
        field.accept(text)
    except Unacceptable as problem:
        return safe(str(problem), lines=False)
    return True


def _fitted(label: str, note: str, room: int) -> tuple[str, str]:
    """Label and note cut to the columns there are: a choice that is too wide would be cut without a sign."""
    from prompt_toolkit.utils import get_cwidth

    def cut(text: str, width: int) -> str:
        if get_cwidth(text) <= width:
            return text
        while text and get_cwidth(text) > width - 1:
            text = text[:-1]
        return text + "…"

    label = cut(label, room)
    left = room - get_cwidth(label) - 2
    return label, "  " + cut(note, left) if note and left > LEAST_NOTE else ""


def _output() -> Any:
    from prompt_toolkit.output import create_output

    return create_output(stdout=sys.stderr)


def _style(capability: Capability) -> Any:
    from prompt_toolkit.styles import Style

    if not capability.colour:
        return Style([("qmark", "noinherit"), ("note", "noinherit"), ("answer", "bold")])
    return Style(
        [
            ("qmark", "fg:ansicyan bold"),
            ("question", "bold"),
            ("answer", "fg:ansigreen"),
            ("pointer", "fg:ansicyan bold"),
            ("highlighted", "fg:ansicyan"),
            ("note", "fg:ansibrightblack"),
            ("instruction", "fg:ansibrightblack"),
        ]
    )
