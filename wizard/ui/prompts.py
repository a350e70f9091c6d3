"""Single questions at the terminal, by questionary: a list, a line, a secret, each with Back, help and its own keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from wizard.engine.step import Choice, Field, Key, Quit
from wizard.local import harmless
from wizard.local.width import breadth, wrapped
from wizard.locale import _
from wizard.ui import quiet
from wizard.ui.base import forget_typed, safe
from wizard.ui.capability import Capability
from wizard.ui.menu import Menu, below

if TYPE_CHECKING:
    from prompt_toolkit.application import Application
    from prompt_toolkit.filters import Condition
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.output import Output
    from prompt_toolkit.styles import Style
    from questionary import Question

ESCAPE_PATIENCE = 0.1  # seconds within which an Escape may turn out to be an arrow key
NAMES = 4  # rows kept free for the names of files
TYPED_OVER = ("path", "integer", "number", "decimal")  # what is offered for these is replaced by typing

BACK = object()
"""The value of the choice to go back, and what stands for a line when Escape was pressed."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a question is asked in.

    ``explain`` prints its help above it and says how many rows it took; ``redraw`` draws anew all that stands above it.
    """

    able: Capability
    stream: TextIO
    explain: Callable[[], int]
    redraw: Callable[[], None]
    keys: Sequence[Key] = ()


@dataclass(frozen=True, slots=True)
class _Resized:
    """The terminal has another size: everything is drawn anew, and the question asked again with what stood there."""

    typed: str


def choose(label: str, choices: Sequence[Choice], preset: Choice | None, around: Around) -> Choice | Key:
    """One of ``choices``, or the key that was pressed; Escape chooses the one whose value is BACK, where there is one."""
    import questionary

    able = around.able
    back = next((choice for choice in choices if choice.value is BACK), None)
    menu = Menu(choices, preset, able, keeps=back, keys=_keys_shown(around.keys, back=back is not None))
    fresh = True
    while True:
        question = questionary.select(
            _question(label, able.width - 3),  # questionary puts blanks behind it
            choices=menu.entries(),
            default=menu.preset(),
            qmark="?",
            pointer=able.glyphs.pointer,
            instruction=" ",
            style=_style(able),
            output=_output(around.stream),
        )
        menu.put_into(question.application)
        answer = _asked(question, around, back=back is not None, fresh=fresh, menu=menu)
        if not isinstance(answer, _Resized):
            break
        fresh = False
        around.redraw()
    chosen = back if answer is BACK else answer
    assert isinstance(chosen, Choice | Key)
    return chosen


def line(field: Field, offered: str, typed: str, around: Around) -> Any:
    """What was typed, a Key, or BACK. ``typed``: what stands in the line already, to be mended.

    ``offered`` stands in the line, to be changed; where typing replaces it, it is shown dim until then, and an empty
    line is it. A secret is shown as asterisks.
    """
    import questionary

    able = around.able
    replaced = field.kind in TYPED_OVER and not field.optional and bool(offered)
    typed = typed or ("" if replaced else offered)
    path = field.kind == "path"
    more: dict[str, Any] = _names_completed() if path else {}
    if replaced:
        more["placeholder"] = [("class:note", safe(offered, lines=False))]
    fresh = True
    while True:
        hint = _("Esc back · ? help")
        question = questionary.text(
            _question(field.label, able.width, hint if path else ""),
            default=typed,
            qmark="!" if field.kind == "word" else "?",
            style=_style(able),
            is_password=field.kind == "secret",
            output=_output(around.stream),
            **more,
        )
        if not path:  # below it, names of files have their place
            below(question.application, lambda: [_keys_shown(around.keys, back=True, listed=False)], able)
        answer = _asked(question, around, back=True, fresh=fresh, offered=offered)
        if not isinstance(answer, _Resized):
            return offered if replaced and answer == "" else answer
        typed, fresh = answer.typed, False
        around.redraw()


def paused(around: Around) -> bool:
    """Wait until what is on the screen is read: whether Enter was pressed, to see more of it, and not Escape."""
    import questionary

    question = questionary.text(_("more"), qmark="", style=_style(around.able), output=_output(around.stream))
    below(question.application, lambda: [_("Enter next page · Esc enough")], around.able)
    answer = _asked(question, around, back=True, fresh=True)
    if isinstance(answer, _Resized):
        around.redraw()
        return True
    return answer is not BACK


def _names_completed() -> dict[str, Any]:
    from prompt_toolkit.shortcuts import CompleteStyle
    from questionary.prompts.path import GreatUXPathCompleter

    return {
        "completer": GreatUXPathCompleter(expanduser=True),
        "complete_style": CompleteStyle.MULTI_COLUMN,
        "reserve_space_for_menu": NAMES,
    }


def _question(label: str, columns: int, hint: str = "") -> str:
    """The question, broken nowhere inside a word; the hint behind it where both fit on a line, else below."""
    lines = list(wrapped(f"? {safe(label, lines=False)}", columns - 1))
    if hint and (len(lines) > 1 or breadth(f"{lines[0]}  {hint} ") >= columns):
        lines += list(wrapped(f"  {hint}", columns - 1))
    elif hint:
        lines[0] += f"  {hint}"
    return "\n".join(lines)[2:]


def _keys_shown(keys: Sequence[Key], *, back: bool, listed: bool = True) -> str:
    """The keys of the screen in one line, the same words everywhere."""
    words = [_("↑↓ choose · Enter confirms")] if listed else []
    words += [f"{key.letter} {key.label}" for key in keys]
    words += [_("Esc back · ? help") if back else _("? help")]
    return " · ".join(words)


def _asked(
    question: Question,
    around: Around,
    *,
    back: bool,
    fresh: bool,
    offered: str | None = None,
    menu: Menu | None = None,
) -> Any:
    """Put one question and wipe it: Escape is back, ``?`` where nothing was typed yet is help, Ctrl-C and Ctrl-D leave.

    ``fresh``: what was typed before the question is seen doesn't count.
    """
    from prompt_toolkit.key_binding import merge_key_bindings
    from prompt_toolkit.layout.screen import Char

    # A file's name that is completed or typed: prompt_toolkit itself shows controls only.
    Char.display_mappings.update(harmless.characters())
    application = question.application
    keys = _bindings(application, around, offered=offered, back=back, menu=menu)
    application.key_bindings = merge_key_bindings([*filter(None, [application.key_bindings]), keys])
    application.ttimeoutlen = ESCAPE_PATIENCE
    application.erase_when_done = True
    _watch_size(application, menu)
    if fresh:  # at the last moment: until here, making the question took some hundredths of a second
        application.pre_run_callables.append(forget_typed)
    try:
        return question.unsafe_ask()
    except (KeyboardInterrupt, EOFError):
        raise Quit from None


def _watch_size(application: Application[Any], menu: Menu | None) -> None:
    """End the question where the terminal's size changes: nobody knows where a terminal has put the lines above it."""

    def resized() -> None:
        if application.is_running and not application.is_done:
            application.exit(result=_Resized("" if menu else application.current_buffer.text))

    application._on_resize = resized  # type: ignore[method-assign]  # noqa: SLF001 - there is no other way to hear of it


def _bindings(
    application: Application[Any], around: Around, *, offered: str | None, back: bool, menu: Menu | None
) -> KeyBindings:
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

    @keys.add("escape", eager=True, filter=Condition(lambda: back or bool(menu and menu.filter)))
    def _escape(event: KeyPressEvent) -> None:
        if menu and menu.filter:
            menu.narrow("")
        else:
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

    for key in around.keys:
        keys.add(key.letter, filter=untouched, eager=True)(
            lambda event, key=key: event.app.exit(result=key)  # its key, not the last one
        )
    _explaining(keys, around, untouched, menu)
    if menu is not None:
        menu.bind(keys)
    return keys


def _explaining(keys: KeyBindings, around: Around, untouched: Condition, menu: Menu | None) -> None:
    """``?`` explains: once, for it stays above the question as long as that is asked."""
    from prompt_toolkit.application import run_in_terminal
    from prompt_toolkit.key_binding import KeyPressEvent

    explained: list[int] = []

    def explain() -> None:
        quiet.hush()  # what runs in the terminal finds it as a shell would have it
        explained.append(around.explain())
        if menu:
            menu.leave_room(sum(explained))

    @keys.add("f1", eager=True)
    @keys.add("?", filter=untouched, eager=True)
    @keys.add("？", filter=untouched, eager=True)  # as a Chinese keyboard gives it
    def _help(_event: KeyPressEvent) -> None:
        if not explained:
            run_in_terminal(explain)


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
