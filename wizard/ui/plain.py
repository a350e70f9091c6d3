"""The plain front end: one line at a time, for dumb terminals and screen readers. Nothing is drawn twice.

No cursor codes, no colours; choices are numbered, marks are words, progress is a line now and then.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from wizard.engine.step import (
    Back,
    Choice,
    Decision,
    Edit,
    Field,
    Key,
    Live,
    Progress,
    Quit,
    Unacceptable,
    source_shown,
)
from wizard.engine.view import Text, View
from wizard.local import log
from wizard.local.width import wrapped
from wizard.locale import _
from wizard.ui import quiet
from wizard.ui.base import forget_typed, safe
from wizard.ui.lines import text_of
from wizard.ui.pace import Lines

BACK = ("b", "<", "back")
HELP = ("?", "？")
MORE = ("m", "more")
NOTHING = "-"  # typed for an answer of nothing, since Enter takes what is offered
STEPS = 10  # a line of progress for each tenth
PATIENCE = 10.0  # seconds after which silence needs a sign of life


class Plain:
    """A person at a terminal that is written line by line."""

    attended = True

    def __init__(self) -> None:
        self._stream = sys.stderr

    # What is told

    def begin(self, number: int, total: int, title: str) -> None:
        """A head line for the step."""
        self._write("")
        counted = _("Step {number} of {total}").format(number=number, total=total)
        self._write(_("{title}: {line}").format(title=counted, line=title))

    def show(self, view: View) -> None:
        """As plain text."""
        for line in text_of(view):
            self._write(line)

    def done(self, title: str, line: str, source: str = "") -> None:
        """One line that begins with a word."""
        where = f" [{source_shown(source)}]" if source else ""
        self._write(_("Done: {title}: {line}").format(title=title, line=line) + where)

    def say(self, text: str, tone: Literal["plain", "dim", "good", "warn", "bad"] = "plain") -> None:
        """One remark; a warning and an error say that they are."""
        words = {"warn": _("Note: {text}"), "bad": _("Error: {text}")}
        self._write(words[tone].format(text=text) if tone in words else text)

    @contextmanager
    def progress(
        self, label: str, total: int | None, unit: Literal["bytes", "rows", "seconds"]
    ) -> Iterator[Progress]:
        """The label, then a line for each tenth and each minute; without a total, a sign of life now and then."""
        self._write(label)
        tenths = Lines(label, self.say, in_bytes=unit == "bytes", every=STEPS)
        ended = threading.Event()
        if total is None:
            threading.Thread(target=self._live_on, args=(label, ended), daemon=True).start()
        try:
            yield tenths if total else _Still()
        finally:
            ended.set()

    def _live_on(self, label: str, ended: threading.Event) -> None:
        began = time.monotonic()
        while not ended.wait(PATIENCE):
            self._write(_("{title}: {line}").format(title=label, line=f"{time.monotonic() - began:.0f} s"))

    @contextmanager
    def live(self) -> Iterator[Live]:
        """What is new, as lines."""
        yield _News(self)

    # What is asked

    def ask(self, field: Field, current: Any = None) -> Any:
        """The answer; ``b`` goes back, ``?`` explains, Enter takes what is offered, Ctrl-C and Ctrl-D leave."""
        page = 0
        view = field.above() if field.above else field.browse(0) if field.browse else None
        if view is not None:
            self.show(view)
        wanted = current if current is not None else field.default
        self._write("")
        if field.why:
            self._write(field.why)
        self._put(field.label, field.choices, more=field.browse is not None, keys=field.keys)
        while True:
            typed = self._read(self._prompt(field, wanted), hidden=field.kind == "secret")
            word = typed.strip()
            if word.lower() in (*BACK, _("back")):
                raise Back
            if word in HELP:
                self._write(field.help)
            elif field.browse is not None and word.lower() in (*MORE, _("more")):
                page = self._turn(field.browse, page + 1)
            elif (key := next((key for key in field.keys if key.letter == word.lower()), None)) is not None:
                self._look(key)
            else:
                try:
                    return self._accepted(field, typed, wanted)
                except Unacceptable as problem:
                    self.say(str(problem), "bad")

    def _turn(self, browse: Callable[[int], View | None], page: int) -> int:
        """Show ``page``, which is now the one that is looked at; -1 past the last."""
        if (view := browse(page)) is None:
            self._write(_("That was the last row; it begins again."))
            return -1
        self.show(view)
        return page

    def _look(self, key: Key) -> None:
        """What a key shows; or its field is asked."""
        if key.show is None:
            raise Edit(key.edits)
        self.show(key.show())

    def decide(self, decision: Decision) -> str:
        """The value of the choice; Enter takes the safe one, and what was typed before the question doesn't count."""
        self._write("")
        self._put(decision.question, decision.choices)
        while True:
            safe_one = _number_of(decision.safe, decision.choices)
            word = self._read(_("Number [{offered}], ? help: ").format(offered=safe_one)).strip()
            if word in HELP:
                self._write(decision.help)
                continue
            chosen = _chosen(word or str(safe_one), decision.choices)
            if chosen is not None:
                log.event("decision", chosen=str(chosen.value))
                return str(chosen.value)
            self._say_numbers(decision.choices)

    def _accepted(self, field: Field, typed: str, wanted: Any) -> Any:
        word = typed.strip()
        if field.kind == "word":
            if word != field.word:
                raise Unacceptable(_("Only {word} is taken; b goes back.").format(word=field.word))
            return field.accept(field.value)
        if field.kind == "choice":
            chosen = _chosen(word or str(_number_of(wanted, field.choices) or ""), field.choices)
            if chosen is None:
                raise Unacceptable(_("Type a number from 1 to {count}.").format(count=len(field.choices)))
            if chosen.edits:
                raise Edit(chosen.edits, chosen.offers)
            return field.accept(chosen.value)
        if word == NOTHING and _may_be_empty(field):
            return field.accept("")
        if not word and wanted is not None and field.kind != "secret":
            return field.accept(wanted)
        return field.accept(typed)

    def _put(
        self, label: str, choices: Sequence[Choice], *, more: bool = False, keys: Sequence[Key] = ()
    ) -> None:
        self._write(label)
        for number, choice in enumerate(choices, 1):
            told = " - ".join(filter(None, (choice.label, choice.brief, choice.note)))
            self._write(safe(f"  {number}. {told}", lines=False))
        if more:
            self._write(_("  m. Show more rows"))
        for key in keys:
            self._write(safe(f"  {key.letter}. {key.label}", lines=False))

    def _prompt(self, field: Field, wanted: Any) -> str:
        if field.kind == "choice":
            offered = _number_of(wanted, field.choices)
            return _("Number{offered}, b back, ? help: ").format(offered=f" [{offered}]" if offered else "")
        if field.kind == "secret":
            return _("Not shown while you type. b back, ? help: ")
        if field.kind == "word":
            return _("{word} to go on, b back, ? help: ").format(word=field.word)
        if wanted in (None, ""):
            return _("Answer, b back, ? help: ")
        if _may_be_empty(field):
            return _("Answer [{offered}], - for none, b back, ? help: ").format(offered=wanted)
        return _("Answer [{offered}], b back, ? help: ").format(offered=wanted)

    def _say_numbers(self, choices: Sequence[Choice]) -> None:
        self.say(_("Type a number from 1 to {count}.").format(count=len(choices)), "bad")

    def _read(self, prompt: str, *, hidden: bool = False) -> str:
        """One line as it was typed; what was typed before, which nobody saw, doesn't count. Raises Quit for Ctrl-C and the end of input."""
        try:
            if hidden:
                from getpass import getpass

                return getpass(safe(prompt, lines=False), stream=self._stream)
            with quiet.aloud():
                forget_typed()
                self._stream.write(safe(prompt, lines=False))
                self._stream.flush()
                typed = sys.stdin.readline()
        except (KeyboardInterrupt, EOFError):
            raise Quit from None
        except UnicodeDecodeError:
            self.say(_("That can't be read in this terminal's encoding."), "bad")
            return self._read(prompt, hidden=hidden)
        if not typed:
            raise Quit
        return typed.rstrip("\r\n")

    def _write(self, text: str) -> None:
        for line in wrapped(safe(text), shutil.get_terminal_size().columns):
            print(line, file=self._stream)
        self._stream.flush()


class _Still:
    def update(self, done: int, total: int | None = None) -> None:
        """Nothing to tell; the sign of life comes by itself."""


class _News:
    def __init__(self, front: Plain) -> None:
        self._front = front
        self._status = ""
        self._told = 0.0

    def update(self, view: View) -> None:
        """The whole when the status changed, else one line after a while."""
        first = next((block.text for block in view.blocks if isinstance(block, Text)), "")
        status = first.partition(" · ")[0]
        if status != self._status or time.monotonic() - self._told > PATIENCE:
            self._status, self._told = status, time.monotonic()
            self._front.show(View(tuple(block for block in view.blocks if block != Text("", "dim"))))


def _may_be_empty(field: Field) -> bool:
    return field.optional or field.kind == "text"


def _number_of(value: Any, choices: Sequence[Choice]) -> int | None:
    return next(
        (n for n, choice in enumerate(choices, 1) if choice.value == value and not choice.edits), None
    )


def _chosen(word: str, choices: Sequence[Choice]) -> Choice | None:
    """The choice that ``word`` names: by its number, its value or its label."""
    if word.isdecimal() and 0 < int(word) <= len(choices):
        return choices[int(word) - 1]
    return next(
        (c for c in choices if word and word.lower() in (str(c.value).lower(), c.label.lower())), None
    )
