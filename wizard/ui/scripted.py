"""The front end without questions: answers only, and what happens told in plain lines on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal, TextIO

from wizard.engine.step import Decision, Field, Live, Progress, Unacceptable, source_shown
from wizard.engine.view import Text, View
from wizard.errors import AnswersMissing, ApprovalMissing, DecisionNeeded, UsageError
from wizard.locale import _, enumerated, joined
from wizard.ui.base import safe
from wizard.ui.lines import text_of
from wizard.ui.pace import Lines


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a person has decided: ``word`` (an id, again, leave, or another of the choices), of the question with ``digest``."""

    word: str
    digest: str

    @property
    def meant(self) -> tuple[str, ...]:
        """The choices that it can stand for."""
        return (self.word, "another") if self.word == "again" else (self.word,)


class Scripted:
    """Takes defaults if told so (``yes``); a question that is left raises, and is never asked. ``quiet``: tells of warnings only."""

    attended = False

    def __init__(
        self,
        *,
        yes: bool,
        stream: TextIO | None = None,
        resolve: Resolution | None = None,
        quiet: bool = False,
    ) -> None:
        self._yes = yes
        self._quiet = quiet
        self._resolve = resolve
        self._stream = stream or sys.stderr

    def begin(self, number: int, total: int, title: str) -> None:
        """Nothing: a script reads the lines of finished steps."""

    def show(self, view: View) -> None:
        """As plain text."""
        for line in text_of(view):
            self._write(line)

    def ask(self, field: Field, current: Any = None) -> Any:
        """With ``yes`` the answer before, where it still is one, or the default; else AnswersMissing, or ApprovalMissing with the digest to approve."""
        if self._yes and current is not None:
            with suppress(Unacceptable):
                return field.accept(current)
        if self._yes and field.default is not None and not field.guessed:
            return field.accept(field.default)
        if field.kind == "word":
            raise ApprovalMissing(
                _("Nobody has approved this plan."),
                _("Look at it with the plan command, then give --approve {digest}").format(
                    digest=field.value
                ),
                digest=str(field.value),
            )
        raise AnswersMissing(field.label, keys=(field.key,))

    def decide(self, decision: Decision) -> str:
        """What a person has decided of this very question; else DecisionNeeded with the question, the choices and its digest."""
        choices = "; ".join(
            f"{choice.label} [{choice.note}]" if choice.note else choice.label for choice in decision.choices
        )
        values = [str(choice.value) for choice in decision.choices if choice.value != "key"]
        resolve = self._resolve
        if resolve is not None and decision.about and resolve.digest == decision.digest:
            self._resolve = None  # it was about one question
            chosen = next((value for value in values if value in resolve.meant), None)
            if chosen is not None:
                return chosen
            raise UsageError(
                _("“{word}” decides nothing here. Possible: {words}").format(
                    word=resolve.word, words=enumerated(values)
                )
            )
        if not decision.about:
            raise DecisionNeeded(
                decision.question,
                _("Start bailian-wizard in a terminal in this folder to decide: {choices}").format(
                    choices=choices
                ),
                more=decision.told,
            )
        line = _("To decide without one: --resolve {words} --approve {digest}").format(
            words="|".join(values), digest=decision.digest
        )
        raise DecisionNeeded(
            decision.question,
            joined(
                _("Start bailian-wizard in a terminal in this folder to decide: {choices}").format(
                    choices=choices
                ),
                line,
            ),
            code=decision.code,
            more=decision.told,
        )

    def done(self, title: str, line: str, source: str = "") -> None:
        """One line."""
        self._write(
            _("{title}: {line}").format(title=title, line=line)
            + (f" [{source_shown(source)}]" if source else "")
        )

    def say(self, text: str, tone: Literal["plain", "dim", "good", "warn", "bad"] = "plain") -> None:
        """One line; where it shall be quiet, warnings only."""
        if not self._quiet or tone in ("warn", "bad"):
            self._loudly(text)

    @contextmanager
    def progress(
        self, label: str, total: int | None, unit: Literal["bytes", "rows", "seconds"]
    ) -> Iterator[Progress]:
        """The label, once, and a line a minute for work whose end is known."""
        self._write(label)
        yield Lines(label, self._write, in_bytes=unit == "bytes") if total else _Still()

    @contextmanager
    def live(self) -> Iterator[Live]:
        """Each line that is new."""
        yield _NewLines(self._write)

    def _write(self, line: str) -> None:
        if not self._quiet:
            self._loudly(line)

    def _loudly(self, line: str) -> None:
        print(safe(line), file=self._stream, flush=True)


class _Still:
    def update(self, done: int, total: int | None = None) -> None:
        """Nothing to tell."""


class _NewLines:
    def __init__(self, write: Any) -> None:
        self._write = write
        self._before: str = ""

    def update(self, view: View) -> None:
        """Only a changed status is worth a line in a log."""
        first = next((block.text for block in view.blocks if isinstance(block, Text)), "")
        status = first.partition(" · ")[0]
        if status and status != self._before:
            self._before = status
            self._write(first)
