"""The cursor: the next step is the first applicable one that is not satisfied.

There is no stored step number. Resume, Back and Edit are one computation over the facts: a question is open when it has
no answer, when its answer no longer fits, when what it rests on changed, or when somebody wants to change it; results
are open when what they rest on changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from wizard import __version__
from wizard.engine import effects, mend
from wizard.engine.effects import Effectful, Receipt
from wizard.engine.inquiry import Inquiry, Question
from wizard.engine.plan import digest
from wizard.engine.session import Fact, Session
from wizard.engine.stale import made_from
from wizard.engine.step import Back, Edit, Facts, Field, Front, Source, Step, Unacceptable, written
from wizard.errors import AnswersMissing, ApprovalMissing, DecisionNeeded, UsageError, WizardError
from wizard.local import log
from wizard.local.harmless import command_line
from wizard.local.redaction import holds_key
from wizard.locale import _, enumerated

NEWS = 2.0
"""Seconds that the first question of a start waits at most for what the platform says; what comes later is told then."""
HOUR = 3600.0
"""Seconds for which a typed word holds that nothing was sent on: who comes back later has to see again what it stands for."""


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that was given before the question: on the command line or in a file."""

    raw: Any
    source: Source
    kept: bool = True
    """Whether it waits in the session for its question, when this run ends before that."""


class _Unshown(Exception):
    """What is shown at a question could not be read."""

    def __init__(self, error: WizardError) -> None:
        super().__init__(str(error))
        self.error = error


_GIVEN = ("asked", "flag", "answers")
"""Sources of an answer that somebody gave."""


class Run:
    """One walk through ``steps`` with one session and one front end."""

    def __init__(
        self, steps: Sequence[Step], session: Session, front: Front, given: Mapping[str, Given] | None = None
    ) -> None:
        self.steps = tuple(steps)
        self.session = session
        self.front = front
        self._given = dict(given or {})
        self._taken: set[str] = set()
        self._reopened: set[str] = set()
        self._edited: set[str] = set()  # of these, what a person chose to change, and may leave as it was
        self._to_begin_from: dict[str, Any] = {}  # key -> the answer to offer at that question
        self._secrets: dict[str, Any] = {}
        self._announced: dict[str, str] = {}
        self._shown: str | None = None
        self._notice = ""  # to be said at the next question
        self._inquiry: Inquiry | None = None  # what the platform is asked once a run
        self.changed: list[str] = []
        """What is no longer as it is remembered, a sentence each, as far as it was looked at."""
        self._said = 0  # of these

    # What is known

    @property
    def facts(self) -> Facts:
        """All values known so far."""
        facts = self.session.known
        facts.given = {key: given.raw for key, given in self._given.items()}
        return facts

    def next_step(self) -> Step | None:
        """The first applicable step that is not satisfied, or None: all done."""
        return next((step for step in self._open_steps() if not self.satisfied(step)), None)

    @property
    def sealed(self) -> bool:
        """Whether an effect may have happened behind which nothing can be changed any more."""
        return self._seal() is not None

    def place(self, step: Step) -> tuple[int, int]:
        """The number of ``step`` among those that apply, and how many they are."""
        applicable = self._applicable()
        return applicable.index(step) + 1, len(applicable)

    def refuse_unused(self) -> None:
        """Raise UsageError for given answers that no question before the open one took, or that change nothing for these facts."""
        facts = self.facts
        asked = {step: step.fields(facts) for step in self._applicable()}
        # What is still open may yet be asked, and takes its answer then.
        waiting = {field.key for step, own in asked.items() if not self.satisfied(step) for field in own}
        left = [key for key, given in self._given.items() if given.kept]
        unused = [key for key in left if key not in waiting]
        spoken = self._taken | waiting.intersection(left)
        idle = {
            field.key: field.without_effect for own in asked.values() for field in own if field.key in spoken
        }
        idle = {key: why for key, why in idle.items() if why}
        if not unused and not idle:
            return
        for key in (*unused, *(key for key in idle if key in self._given)):
            del self._given[key]
        self.session.given.clear()
        self.session.drop(tuple(idle))
        told = [_("{key}: no question of this run asks for it").format(key=key) for key in unused]
        told += [_("{title}: {line}").format(title=key, line=why) for key, why in idle.items()]
        raise UsageError(
            _("These answers have no effect here:\n{lines}").format(
                lines="\n".join(f"  {one}" for one in told)
            ),
            _("Remove them, or change the answers that they depend on."),
        )

    def remember_given(self) -> None:
        """Keep the answers that were given and not taken yet, durably: when this run ends before their questions, the next one has them.

        What may hold a key is not written down.
        """
        if self.sealed:
            return
        self._given = {
            key: Given(raw, source) for key, (raw, source) in self.session.given.items()
        } | self._given
        kept = {
            key: (given.raw, given.source)
            for key, given in self._given.items()
            if given.kept
            and isinstance(given.raw, str | int | float)
            and not (isinstance(given.raw, str) and holds_key(given.raw))
        }
        if kept != self.session.given:
            self.session.given = kept
            self.session.save()

    def satisfied(self, step: Step) -> bool:
        """Whether every question of ``step`` has a good answer and its results rest on what is true now."""
        return self._open_field(step) is None and self._made(step)

    def _applicable(self) -> list[Step]:
        return [step for step in self.steps if step.applies(self.facts)]

    def _seal(self) -> Step | None:
        if not self.session.effects:
            return None
        facts, effects = self.facts, self.session.effects
        begun = {key for key, effect in effects.items() if effect.state != "prepared" and not effect.hearsay}
        return next(
            (step for step in self._applicable() if (key := step.seals(facts)) and key in begun), None
        )

    def _open_steps(self) -> list[Step]:
        """The steps that can still be open: all, or those from a sealing one on once its effect may have happened."""
        applicable = self._applicable()
        seal = self._seal()
        return applicable[applicable.index(seal) :] if seal else applicable

    def _open_field(self, step: Step) -> Field | None:
        """The first question of ``step`` that is open; of those about its results only once these are there."""
        fields = [field for field in step.fields(self.facts) if not self._answered(field)]
        first = next((field for field in fields if not field.after), None)
        if first is None and fields and self._made(step):
            return fields[0]
        return first

    def _made(self, step: Step) -> bool:
        """Whether the results of ``step`` are there and rest on what is true now."""
        if not all(key in self.session.facts for key in step.gives):
            return False  # its questions, which may read much, are of no use yet
        basis = self._basis_of_results(step)
        return all(self._rests_on(key, basis) for key in step.gives)

    def _answered(self, field: Field) -> bool:
        if field.key in self._reopened or field.key in self._given:
            return False
        if field.kind == "secret":
            return field.key in self._secrets
        fact = self.session.facts.get(field.key)
        if fact is None or fact.basis != self._basis(field.needs):
            return False
        try:
            field.accept(fact.value)
            # What nobody chose follows the default.
            return fact.source != "default" or not field.quiet or fact.value == field.accept(field.default)
        except Unacceptable:
            return False

    def _rests_on(self, key: str, basis: str) -> bool:
        fact = self.session.facts.get(key)
        return fact is not None and fact.basis == basis

    def _basis(self, keys: Sequence[str]) -> str:
        facts = self.session.facts
        return digest({key: facts[key].value for key in keys if key in facts})

    def _basis_of_results(self, step: Step) -> str:
        facts = self.facts
        own = [field.key for field in step.fields(facts) if field.kind != "secret" and not field.after]
        return self._basis((*step.needs, *own))

    # Going on

    def go(self, *, before: str = "") -> None:
        """Ask and do everything that is open before the step with id ``before``, or to the end.

        Raises Quit when the user leaves, and any WizardError that is not mended on the way.
        """
        if self.sealed:
            self._refuse_other_answers()
        self.remember_given()
        self.look_again()
        ids = [step.id for step in self.steps]
        end = ids.index(before) if before else len(ids)
        while (step := self.next_step()) is not None and ids.index(step.id) < end:
            self._hear(0.0)
            if self._said < len(self.changed):
                self.look_again()
                continue
            self._announce(step)
            try:
                self._take(step)
            except Back:
                self._reopen_before(step)
            except Edit as edit:
                self._reopen(edit.key, edit.offers)
        self._announce(step)

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

    def look_again(self) -> None:
        """Tell what has changed meanwhile, and what is finished, one line a step."""
        self.refresh()
        while self._said < len(self.changed):
            self._said += 1
            self.front.say(self.changed[self._said - 1], "warn")
        self._announce(self.next_step())

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

    def start_over(self) -> None:
        """Ask every question again, the old answers offered, and make all results anew; what nobody was asked stays."""
        asked = {field.key for step in self.steps for field in step.fields(self.facts) if not field.quiet}
        results = {key for step in self.steps for key in step.gives}
        self.session.begin_again(
            {
                key: replace(fact, basis="") if key in asked else fact
                for key, fact in self.session.facts.items()
                if key not in results
            }
        )
        self._announced.clear()
        self._shown = None

    def start_again(self) -> Path:
        """Put this session away, and go on in a new one with its answers and all that was made, up to the word that is typed."""
        facts = self.session.facts
        ids = [step.id for step in self.steps]
        wall = next(
            number
            for number, step in enumerate(self.steps)
            if any(field.kind == "word" for field in step.fields(self.facts))
        )
        kept = self.session.archive()
        self.session.begin_again(
            {key: fact for key, fact in facts.items() if key.partition(".")[0] in ids[:wall]}
        )
        self._announced.clear()
        self._shown = None
        for step, reason in [*self.changes()]:  # behind the seal nobody had looked
            self.changed.append(self._of(step, reason))
            self.session.drop(step.gives)
        return kept

    def start_anew(self) -> Path:
        """Put this session away, with all that it did, and start over in a new one; returns where the old one is kept."""
        facts = self.session.facts
        given = self.session.given
        kept = self.session.archive()
        self.session.facts, self.session.given = facts, given
        self.start_over()
        return kept

    def _refuse_other_answers(self) -> None:
        """Behind the seal an answer may be given again, so that the same command goes on; another one may not."""
        facts = self.facts
        other = [key for key, given in self._given.items() if written(given.raw) != written(facts.get(key))]
        if other:
            raise UsageError(
                _("The job of this session has been sent; its answers can't be changed: {keys}").format(
                    keys=enumerated(other)
                ),
                _("Start a new session with --new to train with other answers."),
            )
        self._given.clear()

    def _stands(self, step: Step) -> bool:
        """Whether its results rest on what is recorded, and no answer is given that is another one.

        The same answer given again makes nothing new of a file that has changed behind it.
        """
        given = [field.key for field in step.fields(self.facts) if field.key in self._given]
        return all(str(self._given[key].raw) == str(self.facts.get(key)) for key in given)

    def _announce(self, upcoming: Step | None) -> None:
        applicable = self._applicable()
        for step in applicable[: applicable.index(upcoming)] if upcoming else applicable:
            line = step.line(self.facts)
            if self._announced.get(step.id) != line:
                self._announced[step.id] = line
                log.event("step-end", step=step.id)
                self.front.done(step.title(), line, self._source_of(step))

    def _source_of(self, step: Step) -> str:
        """Where the answers came from, when somebody gave them elsewhere than at this screen."""
        facts = self.session.facts
        sources = {facts[field.key].source for field in step.fields(self.facts) if field.key in facts}
        return next((source for source in ("flag", "answers") if source in sources), "")

    def _take(self, step: Step) -> None:
        if self._shown != step.id:
            self._shown = step.id
            log.event("step-begin", step=step.id)
            self.front.begin(*self.place(step), step.title())
            if self._notice:
                self.front.say(self._notice, "dim")
                self._notice = ""
            if (view := step.view(self.facts)) is not None:
                self.front.show(view)
        if (field := self._open_field(step)) is not None:
            self._answer(step, field)
            return
        if self._inquiry is not None and self._inquiry.open and self._waits(step):
            with self.front.progress(_("Waiting for what the platform says"), None, "seconds"):
                self._hear(None)
            return  # to be looked at anew
        basis = self._basis_of_results(step)
        self.session.settle()
        try:
            results = step.perform(self)
        except WizardError as error:
            self._mend(step, error)
            return
        for key in step.gives:
            self.session.put(key, Fact(results[key], "done", basis))

    def _waits(self, step: Step) -> bool:
        """Whether ``step`` does something with results of which nobody knows yet whether they are still true."""
        made = {key for other in self._open_steps() if other.asks(self.facts) for key in other.gives}
        return not made.isdisjoint(step.needs)

    # Questions

    def _answer(self, step: Step, field: Field) -> None:
        if field.key in self._given:
            value, source = self._given_answer(field)
        else:
            try:
                value, source = self._other_answer(field)
            except _Unshown as unread:
                self._mend(step, unread.error)
                return
        if field.quiet and field.key in self._reopened:
            self._shown = None  # asked besides: what it was asked from is shown again
        self._reopened.discard(field.key)
        self._edited.discard(field.key)
        self._to_begin_from.pop(field.key, None)
        if field.kind == "secret":
            self._secrets[field.key] = value
            log.event("answer", key=field.key, source=source)
            return
        log.event("answer", key=field.key, source=source, **{"chosen" if field.public else "value": value})
        remember = self.session.note if field.quiet and source == "default" else self.session.put
        remember(field.key, Fact(value, source, self._basis(field.needs)))

    def _given_answer(self, field: Field) -> tuple[Any, Source]:
        given = self._given.pop(field.key)
        self.session.given.pop(field.key, None)
        self._taken.add(field.key)
        try:
            return field.given(given.raw), given.source
        except Unacceptable as problem:
            if field.kind == "word":
                raise ApprovalMissing(
                    str(problem),
                    _("Look at the plan again, then approve it with --approve {digest}").format(
                        digest=field.value
                    ),
                    digest=str(field.value),
                ) from None
            self.session.save()  # it is not given again by the next start
            said = _("{title}: {line}").format(
                title=_("{text} ({aside})").format(text=field.key, aside=_source_name(given.source)),
                line=problem,
            )
        if not self.front.attended:
            raise UsageError(said)
        self.front.say(said, "warn")
        previous = self.session.facts.get(field.key)
        return self.front.ask(field, previous.value if previous else None), "asked"

    def _other_answer(self, field: Field) -> tuple[Any, Source]:
        """Asked, or taken without asking. Raises _Unshown where a person could not be shown what it is about."""
        if said := self._no_longer(field):
            if not self.front.attended:
                told = replace(field, default=None)  # which is not taken in its place
                raise AnswersMissing(
                    "\n".join((said, *_left([told]))),
                    "\n".join(_how_to_give([told])),
                    keys=(field.elsewhere or field.key,),
                )
            self.front.say(said, "warn")
        elif field.quiet and field.key not in self._reopened:
            return self._quietly(field)
        if not self.front.attended:
            return self._unattended(field)
        previous = self.session.facts.get(field.key)
        before = previous.value if previous and field.kind != "secret" else self._offered(field)
        before = self._to_begin_from.get(field.key, before)
        self.session.settle()
        try:
            return self.front.ask(field, before), "asked"
        except WizardError as error:
            raise _Unshown(error) from error

    def _offered(self, field: Field) -> Any:
        """A foreign session's answer, to be shown at the question; never a path, which a stranger may have chosen."""
        if field.kind in ("path", "secret", "word") or field.key not in self.session.offered:
            return None
        try:
            return field.accept(self.session.offered[field.key])
        except Unacceptable:
            return None

    def _quietly(self, field: Field) -> tuple[Any, Source]:
        """The default, taken without asking; one that can't be taken (it came from the environment) is asked or refused."""
        try:
            return field.accept(field.default), "default"
        except Unacceptable as problem:
            if not self.front.attended:
                raise UsageError(_("{title}: {line}").format(title=field.key, line=problem)) from None
            self.front.say(str(problem), "warn")
            return self.front.ask(field), "asked"

    def no_longer(self, step: Step) -> list[str]:
        """Of the answers that somebody gave to the questions of ``step``: which can't be taken any more, and why."""
        return [said for field in step.fields(self.facts) if (said := self._no_longer(field))]

    def _no_longer(self, field: Field) -> str:
        """Why the answer that somebody gave to this very question can't be taken any more; empty where it can, or nobody did."""
        previous = self._given_before(field)
        if previous is None or field.key in self._reopened or (field.attended and not self.front.attended):
            return ""
        if previous.basis != self._basis(field.needs):
            return ""
        try:
            field.accept(previous.value)
        except Unacceptable as problem:
            return _("An earlier answer can't be taken any more. {key}: {why}").format(
                key=field.key, why=problem
            )
        return ""

    def _unattended(self, field: Field) -> tuple[Any, Source]:
        """What is offered: the answer that somebody gave before, where it still can be one, else the default."""
        if field.attended:
            return self._quietly(field)
        before = self._given_before(field)
        try:
            value = self.front.ask(field, before and before.value)
        except AnswersMissing:
            raise self._all_missing() from None
        except Unacceptable as problem:
            raise UsageError(_("{title}: {line}").format(title=field.key, line=problem)) from None
        return value, before.source if before and before.value == value else "default"

    def _given_before(self, field: Field) -> Fact | None:
        """The answer that somebody gave when something else was true."""
        before = self.session.facts.get(field.key)
        theirs = before is not None and before.source in _GIVEN and field.kind not in ("secret", "word")
        return before if theirs else None

    def _all_missing(self) -> AnswersMissing:
        missing = [field for step in self._applicable() for field in self._missing_in(step)]
        lines = "\n".join(_left(missing))
        return AnswersMissing(
            _("These answers are missing:\n{lines}").format(lines=lines),
            "\n".join(_how_to_give(missing)),
            keys=tuple(field.elsewhere or field.key for field in missing),
        )

    def _missing_in(self, step: Step) -> Sequence[Field]:
        missing = [
            field
            for field in step.fields(self.facts)
            if not (field.quiet or field.attended or field.key in self._given or self._answered(field))
            and field.kind != "word"
            and self._lacking(field)
        ]
        # Once that is given, the step asks nothing else: what it asks besides is about an answer that is typed.
        return [field for field in missing if field.elsewhere] or missing

    def _lacking(self, field: Field) -> bool:
        """Whether the unattended front has no answer of its own, such as a default that it was told to take."""
        before = self._given_before(field)
        try:
            self.front.ask(field, before and before.value)
        except (AnswersMissing, Unacceptable):
            return True
        return False

    # Moves

    def _reopen(self, key: str, offers: Any = None) -> None:
        owner = next(step for step in self.steps if key.partition(".")[0] == step.id)
        owner.reopened(key)
        if self.sealed:
            secret = next((field for field in owner.fields(self.facts) if field.key == key), None)
            if secret is None or secret.kind != "secret":
                self.front.say(_sealed(), "warn")
            else:
                self._renew(owner, secret)
            return
        if stale := made_from(key, self._applicable(), self.facts):
            self._notice = _("What a change here makes new: {names}").format(names=enumerated(stale))
        if key in self.session.facts:
            self._edited.add(key)
        self._reopened.add(key)
        if offers is not None:
            self._to_begin_from[key] = offers
        self._shown = None

    def _renew(self, owner: Step, secret: Field) -> None:
        """Behind the seal, ask for a secret anew, which is no answer of the plan, and have ``owner`` prove it.

        Its results stay as they are: they say what the plan was approved with.
        """
        self.front.begin(*self.place(owner), owner.title())
        self._shown = None
        try:
            self._secrets[secret.key] = self.front.ask(secret)
            log.event("answer", key=secret.key, source="asked")
            for field in owner.fields(self.facts):
                fact = self.session.facts.get(field.key)
                if not field.quiet and fact is not None and fact.source == "default":  # nobody was asked
                    answer = self.front.ask(field, fact.value)
                    self.session.put(field.key, replace(fact, value=answer, source="asked"))
            owner.perform(self)
        except Back:
            return
        except WizardError as error:
            self._mend(owner, error)

    def _reopen_before(self, step: Step) -> None:
        """Ask again the nearest question before the open one of ``step`` that a person had answered; a change that was begun is left."""
        opened = self._open_field(step)
        if opened is not None and opened.key in self._edited:
            for kept in (self._edited, self._reopened):
                kept.discard(opened.key)
            self._to_begin_from.pop(opened.key, None)
            self._notice = ""
            self._shown = None
            return
        before = self._question_before(step)
        if before is None:
            self.front.say(_sealed() if self.sealed else _("This is the first question."), "dim")
        else:
            # What rests on that answer comes again by itself if it changes, and may not be a question then.
            self._reopened -= {field.key for field in step.fields(self.facts) if before in field.needs}
            self._reopened.add(before)
            self._shown = None

    def _question_before(self, step: Step) -> str | None:
        asked: list[str] = []
        for candidate in self._open_steps():
            if candidate is step and self._open_field(step) is None:
                break
            for field in candidate.fields(self.facts):
                if candidate is step and not self._answered(field):
                    return asked[-1] if asked else None
                fact = self.session.facts.get(field.key)
                if (
                    fact is not None
                    and (fact.source == "asked" or not field.quiet)
                    and field.kind != "secret"
                ):
                    asked.append(field.key)
        return asked[-1] if asked else None

    def _mend(self, step: Step, error: WizardError) -> None:
        """Offer what can be done about an error in ``step``; unattended, let it out."""
        if not self.front.attended or isinstance(error, DecisionNeeded):
            raise error
        if isinstance(error, ApprovalMissing) and self.next_step() is not step:
            self.front.say(error.message, "warn")  # the review is open again: that is the question
            return
        log.error(error, step=step.id)
        own = [field.key for field in step.fields(self.facts) if not field.quiet]
        if step not in self._open_steps():  # behind the seal only a secret is asked, by a remedy
            own = []
        chosen = mend.ask(
            error,
            self.front,
            own_questions=step.title() if own else "",
            way_back=self._question_before(step) is not None,
        )
        if chosen == "retry":
            return
        if chosen == "back":
            self._reopen_before(step)
        elif chosen == "change":
            self._reopened.update(own)
            self._secrets.clear()
            self._shown = None
        elif chosen.value is None:
            self._reopen(chosen.key)
        else:
            fields = (field for step in self.steps for field in step.fields(self.facts))
            field = next(field for field in fields if field.key == chosen.key)
            self.session.put(chosen.key, Fact(chosen.value, "asked", self._basis(field.needs)))

    # What a step gets in ``perform``

    def secret(self, key: str) -> Any:
        """The answer to a secret field given in this run, or None."""
        return self._secrets.get(key)

    def once(self, effect: Effectful) -> Receipt:
        """Bring about an effect that must not happen twice."""
        return effects.once(effect, self.session, self.front)


def _how_to_give(missing: Sequence[Field]) -> Iterator[str]:
    """Where a script gives these answers, a line for each place."""
    elsewhere = [field.elsewhere for field in missing if field.elsewhere]
    for name in elsewhere:
        yield _("Put {name} into the environment, or into .env in this folder.").format(name=name)
    here = [field for field in missing if not field.elsewhere]
    guesses = [field for field in here if field.guessed]
    if guesses and all(field.default is not None for field in guesses):
        words = (word for field in guesses for word in ("--set", f"{field.key}={written(field.default)}"))
        yield _("If the guess is right, this would do: {words}").format(words=command_line(words))
        return
    defaults = any(field.default is not None and not field.guessed for field in here)
    if here and elsewhere:
        yield (
            _(
                "Give the others with --set KEY=VALUE or in an --answers file, or take every default with --yes."
            )
            if defaults
            else _("Give the others with --set KEY=VALUE or in an --answers file.")
        )
    elif here:
        yield (
            _("Give each with --set KEY=VALUE or in an --answers file, or take every default with --yes.")
            if defaults
            else _("Give each with --set KEY=VALUE or in an --answers file.")
        )


def _left(missing: Sequence[Field]) -> Iterator[str]:
    """The questions that are left; and each answer to one where none is recommended, unless the one before had the same."""
    told: set[tuple[str, str]] = set()
    for field in missing:
        yield "  " + _("{title}: {line}").format(title=field.elsewhere or field.key, line=field.label)
        if field.default is not None and not field.guessed:
            continue
        if field.why:
            yield f"    {field.why}"
        for choice in field.choices:
            value = written(choice.value)
            if not choice.edits and (value, choice.note) not in told:
                yield (
                    "    "
                    + command_line(("--set", f"{field.key}={value}"))
                    + (f"    {choice.note}" if choice.note else "")
                )
                if choice.note:
                    told.add((value, choice.note))


def _sealed() -> str:
    return _(
        "The job has been sent; its answers can't be changed any more. To train with others, leave, start the wizard "
        "again, and choose “Start a new session with these answers”."
    )


def _source_name(source: Source) -> str:
    names = {"flag": "--set", "answers": "--answers"}
    return names.get(source, source)
