"""The list of a question: short labels, the note of the one under the cursor in full below it, a filter, and the keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from wizard.engine.step import Choice
from wizard.local.width import breadth, cut, wrapped
from wizard.locale import _
from wizard.ui.base import safe
from wizard.ui.capability import Capability

if TYPE_CHECKING:
    from prompt_toolkit.application import Application
    from prompt_toolkit.formatted_text import StyleAndTextTuples
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.layout import Window
    from questionary import Choice as Entry
    from questionary.prompts.common import InquirerControl

INDENT = 3  # columns before a choice, and before what stands below the list
LEAST_BRIEF = 8  # columns: less says nothing
LEAST_LIST = 3  # rows of a list, whatever else has to be on the screen
HEAD = 2  # rows of the question and of the line above it
MANY = 9  # choices from which on a list can be filtered

Title = str | list[tuple[str, str]]


class Menu:
    """The choices of one question, as they are shown and pointed at."""

    def __init__(
        self,
        choices: Sequence[Choice],
        preset: Choice | None,
        able: Capability,
        *,
        keeps: Choice | None,
        keys: str,
    ) -> None:
        """``keeps``: the choice that no filter takes away; ``keys``: what stands in the last line."""
        self._all = tuple(choices)
        self._pointed = preset
        self._able = able
        self._keeps = keeps
        self._keys = keys
        self._control: InquirerControl | None = None
        self._window: Window | None = None
        self._application: Application[Any] | None = None
        self._entries: list[Entry] = []
        self.filter = ""

    @property
    def many(self) -> bool:
        """Whether typing filters the list."""
        return len(self._all) > MANY

    def entries(self) -> list[Entry]:
        """The choices that are shown, as questionary takes them; drawn for the terminal as wide as it is now."""
        import questionary

        shown = [choice for choice in self._all if self._fits(choice)]
        if not any(choice is not self._keeps for choice in shown):
            shown = [choice for choice in self._all if choice is self._keeps] or list(self._all)
        drawn = titles(shown, max(self._able.width - 2 * INDENT, 20))
        self._entries = [
            questionary.Choice(title, value=choice) for title, choice in zip(drawn, shown, strict=True)
        ]
        return self._entries

    def preset(self) -> Entry | None:
        """The one to point at first."""
        return next((entry for entry in self._entries if entry.value is self._pointed), None)

    def put_into(self, application: Application[Any]) -> None:
        """Show the note and the keys below the list, and let it leave them their room."""
        from prompt_toolkit.filters import Condition
        from questionary.prompts.common import InquirerControl

        for window in application.layout.find_all_windows():
            if isinstance(window.content, InquirerControl):
                self._window, self._control = window, window.content
                window.dont_extend_height = Condition(lambda: True)
        self._application = application
        below(application, self._below, self._able)
        self.leave_room(0)

    def leave_room(self, above: int) -> None:
        """Let the list leave ``above`` rows of the screen to help, and as many as they need to what stands around it."""
        from prompt_toolkit.layout import Dimension

        assert self._window is not None
        room = self._rows() - above - HEAD - self._note_rows() - 2
        self._window.height = Dimension(max=max(room, LEAST_LIST))

    def narrow(self, text: str) -> None:
        """Show only the choices that have ``text`` in them."""
        assert self._control is not None
        self.filter = text
        self._control.choices = self.entries()
        self._control.pointed_at = 0

    def bind(self, keys: KeyBindings) -> None:
        """Keys of a list: a page up and down, the ends; and typing, where there are many choices."""
        from prompt_toolkit.filters import Condition
        from prompt_toolkit.key_binding import KeyPressEvent
        from prompt_toolkit.keys import Keys

        many = Condition(lambda: self.many)

        def moved(step: int) -> None:
            assert self._control is not None
            last = len(self._control.choices) - 1
            self._control.pointed_at = min(max(self._control.pointed_at + step, 0), last)

        def page() -> int:
            info = self._window.render_info if self._window else None
            return max(info.window_height - 1, 1) if info else MANY

        keys.add("pagedown", eager=True)(lambda _event: moved(page()))
        keys.add("pageup", eager=True)(lambda _event: moved(-page()))
        keys.add("end", eager=True)(lambda _event: moved(len(self._all)))
        keys.add("home", eager=True)(lambda _event: moved(-len(self._all)))

        @keys.add(Keys.Any, filter=many)
        @keys.add(Keys.BracketedPaste, filter=many)
        def _typed(event: KeyPressEvent) -> None:
            if event.data.isprintable():
                self.narrow(self.filter + event.data)

        @keys.add("backspace", filter=many, eager=True)
        def _shorter(_event: KeyPressEvent) -> None:
            self.narrow(self.filter[:-1])

    def pointed(self) -> Choice:
        """The choice under the cursor."""
        assert self._control is not None
        chosen = self._control.get_pointed_at().value
        assert isinstance(chosen, Choice)
        self._pointed = chosen
        return chosen

    def _fits(self, choice: Choice) -> bool:
        text = f"{choice.label} {choice.brief} {choice.note}".casefold()
        return not self.filter or choice is self._keeps or self.filter.casefold() in text

    def _below(self) -> list[str]:
        """The note in as many rows as the longest of them takes, so that nothing moves; then the keys."""
        note = self._note(self.pointed())
        note += [""] * (self._note_rows() - len(note))
        last = self._keys
        if self.filter:
            none = len(self._entries) == 1 and self._entries[0].value is self._keeps
            found = _("nothing has “{text}” in it") if none else _("only what has “{text}” in it")
            last = found.format(text=safe(self.filter, lines=False)) + " · " + _("Esc shows all")
        elif self.many:
            last = _("type to filter") + " · " + last
        return [*([""] if note else []), *note, last]

    def _note_rows(self) -> int:
        most = max(self._rows() - HEAD - LEAST_LIST - 3, 1)
        return min(max((len(self._note(choice)) for choice in self._all), default=0), most)

    def _note(self, choice: Choice) -> list[str]:
        columns = self._able.width - INDENT - 1
        text = choice.note or (choice.brief if self._is_cut(choice) else "")
        return list(wrapped(safe(text, lines=False), columns)) if text else []

    def _rows(self) -> int:
        assert self._application is not None
        return self._application.output.get_size().rows

    def _is_cut(self, choice: Choice) -> bool:
        shown = next((entry for entry in self._entries if entry.value is choice), None)
        return shown is not None and not _plain(shown.title).rstrip().endswith(
            safe(choice.brief, lines=False).rstrip()
        )


def below(application: Application[Any], lines: Callable[[], list[str]], able: Capability) -> None:
    """Put ``lines`` dim below what ``application`` asks."""
    from prompt_toolkit.filters import Condition, is_done
    from prompt_toolkit.layout import ConditionalContainer, HSplit, Window
    from prompt_toolkit.layout.controls import BufferControl, FormattedTextControl

    def drawn() -> StyleAndTextTuples:
        folded = [part for text in lines() for part in wrapped(safe(text), able.width - INDENT - 1)]
        return [("class:note", "\n".join(f"{' ' * INDENT}{part}".rstrip() for part in folded))]

    container = application.layout.container
    assert isinstance(container, HSplit)
    for window in application.layout.find_all_windows():
        if isinstance(window.content, BufferControl):
            window.dont_extend_height = Condition(lambda: True)
    added = Window(FormattedTextControl(drawn), dont_extend_height=True, wrap_lines=True)
    container.children.append(ConditionalContainer(added, filter=~is_done))


def titles(choices: Sequence[Choice], room: int) -> list[Title]:
    """Labels and what is said briefly of them in two columns, cut to the columns there are; what is cut stands below in full."""
    labels = [cut(safe(choice.label, lines=False), room, safe("…")) for choice in choices]
    told = [breadth(label) for label, choice in zip(labels, choices, strict=True) if choice.brief]
    column = max((columns for columns in told if columns <= room // 2), default=0)
    drawn: list[Title] = []
    for label, choice in zip(labels, choices, strict=True):
        beside = max(breadth(label), column) + 2
        if not choice.brief or room - beside <= LEAST_BRIEF:
            drawn.append(label)
            continue
        padded = label + " " * (beside - breadth(label))
        drawn.append(
            [
                ("class:text", padded),
                ("class:note", cut(safe(choice.brief, lines=False), room - beside, safe("…"))),
            ]
        )
    return drawn


def _plain(title: Any) -> str:
    return title if isinstance(title, str) else "".join(words for _style, words in title)
