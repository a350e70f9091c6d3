"""The whole wizard, with somebody at it who answers at once.

Only the screen is replaced, how long an unknown outcome is looked for (it is half a minute and one and a half
otherwise, which is as long as a sweep has for a hundred cases), and how long is waited before what failed is tried again. Each question's key is appended to a file before it is
answered. The answers are the defaults, but for those in ANSWERS; a decision is left as it is; the watching is left at once.
With the words of a command that asks nothing the command line runs as it is.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from types import ModuleType
from typing import Any

from wizard import cli
from wizard.engine.step import Decision, Field, Quit, Unacceptable
from wizard.ui import capability
from wizard.ui.scripted import Scripted

KEY = "sk-canary-sandbox-0123456789abcdef"
ANSWERS = {
    "dataset.source": "train.jsonl",
    "dataset.validation": "file",
    "dataset.validation_source": "check.jsonl",
    "key.value": KEY,
}
WATCH = 8
GO_ON = "go on"


def wanted(field: Field, current: Any) -> Any:
    """The answer in ANSWERS, else what was answered before, else the default; a word that is asked for is typed."""
    if field.kind == "word":
        return field.accept(field.value)
    if field.key in ANSWERS:
        return field.accept(ANSWERS[field.key])
    try:
        return field.accept(field.default if current is None else current)
    except Unacceptable:  # what was answered before is none of the choices any more
        return field.accept(field.default)


class Answering(Scripted):
    """A person who wants what is offered, and never decides anything that could cost money twice."""

    attended = True

    def __init__(self, asked: str, decide: str) -> None:
        super().__init__(yes=True)
        self._decide = decide
        self._asked = os.open(asked, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def begin(self, number: int, total: int, title: str) -> None:
        """Leaves at the last step: the job is created, and follows its course without a wizard."""
        super().begin(number, total, title)
        if number == WATCH:
            raise Quit

    def ask(self, field: Field, current: Any = None) -> Any:
        """As ``wanted``."""
        self._note(field.key)
        return wanted(field, current)

    def decide(self, decision: Decision) -> str:
        """As it was told to, usually to leave it, wherever that is offered; an unfinished session goes on."""
        if decision.safe == GO_ON:
            return GO_ON
        self._note("decide")
        for line in (decision.question, *(choice.label for choice in decision.choices)):
            self._write(line)
        return (
            self._decide if self._decide in [choice.value for choice in decision.choices] else decision.safe
        )

    def _note(self, key: str) -> None:
        os.write(self._asked, key.encode() + b"\n")


def walk(words: list[str], *, asked: str, grace: float, decide: str, patience: float | None) -> int:
    """Run the command line's ``words``, or the wizard; returns its exit code.

    ``patience``: seconds that a request may take, in place of a minute or more.
    """
    from wizard.bailian.deadlines import Deadlines
    from wizard.steps import upload, watch
    from wizard.steps.job import JobCreation
    from wizard.steps.upload import FileUpload

    FileUpload.grace = JobCreation.grace = grace
    upload.PAUSES = (0.05,) * len(upload.PAUSES)
    watch.FIRST_PAUSE = watch.LONGEST_PAUSE = 0.05
    if patience is not None:
        waits = len(Deadlines.__init__.__defaults__ or ()) - 1
        Deadlines.__init__.__defaults__ = (5.0, *[patience] * waits)
    if not words:
        screen = ModuleType("wizard.ui.terminal")
        screen.Terminal = lambda _able: Answering(asked, decide)  # type: ignore[attr-defined]  # in the place of the screen's module
        sys.modules[screen.__name__] = screen
        able = capability.of(os.environ)
        capability.of = lambda *_streams, **_wanted: replace(able, attended=True)
    return cli.main(words)
