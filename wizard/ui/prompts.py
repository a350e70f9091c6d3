"""Single questions at the terminal, by questionary: a list, a line, a secret, each with Back and help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from wizard.engine.step import Choice, Field, Quit
from wizard.local import harmless
from wizard.locale import _
from wizard.ui.base import forget_typed, safe
from wizard.ui.capability import Capability
from wizard.ui.wrap import width, wrapped

if TYPE_CHECKING:
    from prompt_toolkit.application import Application
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.layout import Window
    from prompt_toolkit.output import Output
    from prompt_toolkit.styles import Style
    from questionary import Question
    from questionary.prompts.common import InquirerControl

LEAST_NOTE = 8  # columns: less says nothing
ESCAPE_PATIENCE = 0.1  # seconds within which an Escape may turn out to be an arrow key
MENU = 4  # rows kept free for the names of files
HEAD, LEAST_LIST = 3, 3  # rows of a question above its list, and of a list that help has pushed together

BACK = object()
"""The value of the choice to go back, and what stands for a line when Escape was pressed."""

Explain = Callable[[Choice | None], int]
"""Prints the help above the question and says how many rows it took; called with the choice that is pointed at."""


def choose(
    label: str,
    choices: Sequence[Choice],
    preset: Choice | None,
    terminal: tuple[Capability, TextIO],
    explain: Explain,
    *,
    fresh: bool = False,
) -> Choice:
    """One of ``choices``; Escape chooses the one whose value is BACK, where there is one.

    ``fresh``: what was typed before the question is seen doesn't count.
    """
    import questionary

    able, stream = terminal
    back = next((choice for choice in choices if choice.value is BACK), None)
    shown = _titles(choices, max(able.width - 6, 20))
    entries = [questionary.Choice(title, value=choice) for title, choice in zip(shown, choices, strict=True)]
    hint = _("(arrows, Enter; Esc: back; ?: help)") if back else _("(arrows, Enter; ?: help)")
    head, hint = _headed(label, hint, able.width)
    question = questionary.select(
        head,
        choices=entries,
        default=next((entry for entry in entries if entry.value is preset), None),
        qmark="?",
        pointer=able.glyphs.pointer,
        instruction=hint,
        style=_style(able),
        output=_output(stream),
    )
    # A list as tall as the screen would push away what its question is about.
    _leave_room(question.application, HEAD)
    answer = _asked(question, explain, offered=None, back=back is not None, fresh=fresh)
    chosen = back if answer is BACK else answer
    assert isinstance(chosen, Choice)
    return chosen


def line(field: Field, offered: str, terminal: tuple[Capability, TextIO], explain: Explain) -> Any:
    """What was typed, or BACK. A secret is shown as asterisks; a word counts only if it was typed after it was asked for."""
    import questionary

    able, stream = terminal
    more: dict[str, Any] = {}
    if field.kind == "path":
        from prompt_toolkit.shortcuts import CompleteStyle
        from questionary.prompts.path import GreatUXPathCompleter

        more = {
            "completer": GreatUXPathCompleter(expanduser=True),
            "complete_style": CompleteStyle.MULTI_COLUMN,
            "reserve_space_for_menu": MENU,
        }
    head, hint = _headed(field.label, _("(Esc: back; ?: help)"), able.width)
    question = questionary.text(
        head,
        default=offered,
        instruction=hint,
        qmark="!" if field.kind == "word" else "?",
        style=_style(able),
        is_password=field.kind == "secret",
        output=_output(stream),
        **more,
    )
    return _asked(question, explain, offered=offered, back=True, fresh=field.kind == "word")


def _headed(label: str, hint: str, columns: int) -> tuple[str, str]:
    """Question and hint, on one line where they fit; else the hint below, and neither broken inside a word."""
    lines = list(wrapped(f"? {safe(label, lines=False)}", columns - 1))
    if len(lines) > 1 or width(f"{lines[0]}  {hint} ") >= columns:
        hint = "\n" + "\n".join(wrapped(f"  {hint}", columns - 1))
    return "\n".join(lines)[2:], hint


def _asked(question: Question, explain: Explain, *, offered: str | None, back: bool, fresh: bool) -> Any:
    """Put one question and wipe it: Escape is back, ``?`` where nothing was typed yet is help, Ctrl-C and Ctrl-D leave."""
    from prompt_toolkit.key_binding import merge_key_bindings
    from prompt_toolkit.layout.screen import Char

    # A file's name that is completed or typed: prompt_toolkit itself shows controls only.
    Char.display_mappings.update(harmless.characters())
    application = question.application
    keys = _keys(application, explain, offered=offered, back=back)
    application.key_bindings = merge_key_bindings([*filter(None, [application.key_bindings]), keys])
    application.ttimeoutlen = ESCAPE_PATIENCE
    application.erase_when_done = True
    if fresh:  # at the last moment: until here, making the question took some hundredths of a second
        application.pre_run_callables.append(forget_typed)
    try:
        return question.unsafe_ask()
    except (KeyboardInterrupt, EOFError):
        raise Quit from None


def _keys(application: Application[Any], explain: Explain, *, offered: str | None, back: bool) -> KeyBindings:
    from prompt_toolkit.application import run_in_terminal
    from prompt_toolkit.filters import Condition
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    keys = KeyBindings()

    @Condition
    def untouched() -> bool:
        return offered is None or application.current_buffer.text in ("", offered)

    @Condition
    def picked() -> bool:
        """A name of the menu stands in the line. A menu that merely popped up, however late, takes no Enter."""
        state = application.current_buffer.complete_state
        return state is not None and state.current_completion is not None

    @keys.add("escape", eager=True, filter=back)
    def _escape(event: KeyPressEvent) -> None:
        event.app.exit(result=BACK)

    @keys.add("c-d", eager=True)  # a list would take no notice, a line would lose a letter
    def _end(event: KeyPressEvent) -> None:
        event.app.exit(exception=EOFError())

    @keys.add("<sigint>")  # sent from elsewhere, not typed: a list would take no notice
    def _interrupt(event: KeyPressEvent) -> None:
        event.app.exit(exception=KeyboardInterrupt())

    @keys.add("enter", filter=picked, eager=True)
    def _take_name(event: KeyPressEvent) -> None:
        event.current_buffer.complete_state = None

    @keys.add("f1", eager=True)
    @keys.add("?", filter=untouched, eager=True)
    def _help(_event: KeyPressEvent) -> None:
        run_in_terminal(lambda: _explain(application, explain))

    return keys


def _explain(application: Application[Any], explain: Explain) -> None:
    """Print the help; a long list makes room, so that the help stays on the screen."""
    shown = _list(application)
    taken = explain(shown[1].get_pointed_at().value if shown else None)
    _leave_room(application, taken + HEAD)


def _leave_room(application: Application[Any], rows: int) -> None:
    """Let the list, if there is one, leave ``rows`` of the screen to what stands above it."""
    from prompt_toolkit.layout import Dimension

    if shown := _list(application):
        shown[0].height = Dimension(max=max(application.output.get_size().rows - rows, LEAST_LIST))


def _list(application: Application[Any]) -> tuple[Window, InquirerControl] | None:
    from questionary.prompts.common import InquirerControl

    for window in application.layout.find_all_windows():
        if isinstance(control := window.content, InquirerControl):
            return window, control
    return None


def _titles(choices: Sequence[Choice], room: int) -> list[str | list[tuple[str, str]]]:
    """Labels and notes in two columns, cut to the columns there are: what is too wide would be cut without a sign."""

    def cut(text: str, columns: int) -> str:
        if width(text) <= columns:
            return text
        while text and width(text) > columns - 1:
            text = text[:-1]
        return text + safe("…")

    labels = [cut(safe(choice.label, lines=False), room) for choice in choices]
    noted = [width(label) for label, choice in zip(labels, choices, strict=True) if choice.note]
    column = max((columns for columns in noted if columns <= room // 2), default=0)
    titles: list[str | list[tuple[str, str]]] = []
    for label, choice in zip(labels, choices, strict=True):
        beside = max(width(label), column) + 2
        if not choice.note or room - beside <= LEAST_NOTE:
            titles.append(label)
            continue
        padded = label + " " * (beside - width(label))
        note = cut(safe(choice.note, lines=False), room - beside)
        titles.append([("class:text", padded), ("class:note", note)])
    return titles


def _output(stream: TextIO) -> Output:
    from prompt_toolkit.output import create_output

    return create_output(stdout=stream)


def _style(able: Capability) -> Style:
    from prompt_toolkit.styles import Style

    if not able.colour:
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
