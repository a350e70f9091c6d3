"""One walk: asks and does what is open, tells what has changed, and takes back what a person wants to change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from wizard.engine import effects, mend
from wizard.engine.cursor import Given
from wizard.engine.effectful import Effectful, Receipt
from wizard.engine.missing import how_to_give, unanswered
from wizard.engine.news import News
from wizard.engine.session import Fact, Session
from wizard.engine.stale import made_from
from wizard.engine.step import Back, Edit, Field, Front, Source, Step, Unacceptable, written
from wizard.errors import AnswersMissing, ApprovalMissing, DecisionNeeded, NoKey, UsageError, WizardError
from wizard.local import log
from wizard.local.redaction import holds_key
from wizard.locale import _, enumerated


class _Unshown(Exception):
    """What is shown at a question could not be read."""

    def __init__(self, error: WizardError) -> None:
        super().__init__(str(error))
        self.error = error


_GIVEN = ("asked", "flag", "answers")
"""Sources of an answer that somebody gave."""


class Run(News):
    """One walk through ``steps`` with one session and one front end."""

    def __init__(
        self, steps: Sequence[Step], session: Session, front: Front, given: Mapping[str, Given] | None = None
    ) -> None:
        super().__init__(steps, session, front, given)
        self._taken: set[str] = set()
        self._edited: set[str] = (
            set()
        )  # of those reopened, what a person chose to change, and may leave as it was
        self._to_begin_from: dict[str, Any] = {}  # key -> the answer to offer at that question
        self._announced: dict[str, str] = {}
        self._shown: str | None = None
        self._notice = ""  # to be said at the next question
        self._said = 0  # of what has changed

    # What was given

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

    def look_again(self) -> None:
        """Tell what has changed meanwhile, and what is finished, one line a step."""
        self.refresh()
        while self._said < len(self.changed):
            self._said += 1
            self.front.say(self.changed[self._said - 1], "warn")
        self._announce(self.next_step())

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
                    "\n".join((said, *unanswered([told]))),
                    "\n".join(how_to_give([told])),
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
        lines = "\n".join(unanswered(missing))
        only_a_key = {field.kind for field in missing} == {"secret"}
        return (NoKey if only_a_key else AnswersMissing)(
            _("These answers are missing:\n{lines}").format(lines=lines),
            "\n".join(how_to_give(missing)),
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


def _sealed() -> str:
    return _(
        "The job has been sent; its answers can't be changed any more. To train with others, leave, start the wizard "
        "again, and choose “Start a new session with these answers”."
    )


def _source_name(source: Source) -> str:
    names = {"flag": "--set", "answers": "--answers"}
    return names.get(source, source)
