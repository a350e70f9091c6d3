"""What has changed since the last start: on this computer, on the platform, and with the time; what is no longer true is dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import partial

from wizard import __version__
from wizard.engine.cursor import Cursor, Given
from wizard.engine.inquiry import Inquiry, Question
from wizard.engine.session import Fact, Session
from wizard.engine.step import Field, Front, Step
from wizard.locale import _

NEWS = 2.0
"""Seconds that the first question of a start waits at most for what the platform says; what comes later is told then."""
HOUR = 3600.0
"""Seconds for which a typed word holds that nothing was sent on: who comes back later has to see again what it stands for."""


class News(Cursor):
    """A cursor that looks, once, whether what it stands on is still so."""

    def __init__(
        self, steps: Sequence[Step], session: Session, front: Front, given: Mapping[str, Given] | None = None
    ) -> None:
        super().__init__(steps, session, given)
        self.front = front
        self._inquiry: Inquiry | None = None  # what the platform is asked once a run
        self.changed: list[str] = []
        """What is no longer as it is remembered, a sentence each, as far as it was looked at."""

    def refresh(self, besides: Sequence[Question] = (), *, within: float | None = None) -> None:
        """Once a run: compare what is remembered with what is, and drop the results that are no longer true.

        What this computer knows, at once; what the platform says, and the answers to ``besides``, ``within`` so many seconds
        (NEWS), or when they come. ``look_again`` tells.
        """
        if self._inquiry is not None:
            return
        begun = bool(self.session.facts)  # else nothing is remembered, and no step has to be loaded for it
        self._inquiry = Inquiry([*(self.questions() if begun else ()), *besides])
        if self.session.written_by != __version__:
            self.changed.append(
                _("This session was last written by version {then}; this is {now}.").format(
                    then=self.session.written_by, now=__version__
                )
            )
        stale = [*self.changes()] if begun else []
        for step, reason in stale:
            self.changed.append(self._of(step, reason))
            self.session.drop(step.gives)
        if stale and not self.sealed and self._approved():
            self.changed.append(
                _(
                    "Your approval holds for what it was given for only: where that comes out otherwise, it is asked again."
                )
            )
        if begun:
            self._renew_words()
        if self._inquiry.open:
            label = _("Asking the platform what has changed meanwhile")
            with self.front.progress(label, None, "seconds") if self.front.attended else nullcontext():
                self._hear(NEWS if within is None else within)
            if self._inquiry.open:
                late = _("The platform has not answered yet; what it says is told when it comes.")
                if within is not None:
                    late = _("The platform has not answered within {seconds:.0f} s.").format(seconds=within)
                self.changed.append(late)

    def changes(self) -> Iterator[tuple[Step, str]]:
        """Each open step whose results are no longer true, and why; what the platform knows of it left aside."""
        for step in self._open_steps():
            if step.gives and self._made(step) and self._stands(step) and (reason := step.verify(self.facts)):
                yield step, reason

    def questions(self) -> Iterator[Question]:
        """What is to be asked of the platform about the open steps."""
        for step in self._open_steps():
            if (asked := step.asks(self.facts)) is not None:
                yield partial(self._ask, step, asked, self._results(step))

    def _results(self, step: Step) -> list[Fact | None]:
        return [self.session.facts.get(key) for key in step.gives]

    def _ask(
        self, step: Step, asked: Callable[[], str | None], results: list[Fact | None]
    ) -> Callable[[], str]:
        return partial(self._learn, step, asked(), results)

    def _learn(self, step: Step, reason: str | None, results: list[Fact | None]) -> str:
        """Drop ``results`` where the platform says so, unless they were made anew since it was asked."""
        if reason is None or results != self._results(step):
            return ""
        self.session.drop(step.gives)
        return self._of(step, reason)

    def _hear(self, within: float | None) -> None:
        """Take the answers that come within so many seconds (None: all)."""
        if self._inquiry is not None:
            for learn in self._inquiry.heard(within):
                self.changed += filter(None, [learn()])

    @staticmethod
    def _of(step: Step, reason: str) -> str:
        return _("{title}: {line}").format(title=step.title(), line=reason)

    def _approved(self) -> bool:
        """Whether a person, or a script, has given a typed word."""
        return any(field.key in self.session.facts for _step, field in self._words())

    def _words(self) -> Iterator[tuple[Step, Field]]:
        """Each question that is answered by a typed word, and its step."""
        for step in self._applicable():
            yield from ((step, field) for field in step.fields(self.facts) if field.kind == "word")

    def _renew_words(self) -> None:
        """Take back a word that was given in an earlier start more than an hour ago, unless something may have been sent on it."""
        if self.sealed:
            return
        for step, field in self._words():
            if field.key in self._given or not self._answered(field):
                continue
            age = self.session.age(field.key)
            if age is None or not 0 <= age < HOUR:
                self.session.drop((field.key,))
                reason = _(
                    "your approval is not from the last hour, and was not used yet: it is asked again."
                )
                self.changed.append(self._of(step, reason))
