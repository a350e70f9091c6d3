"""How the session stands: one value, made from its facts and effects and from what the platform answered, and its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

from wizard.engine.step import Facts
from wizard.locale import _
from wizard.steps.wording import clock, dated, rfc3339
from wizard.steps.world import World

if TYPE_CHECKING:
    from wizard.bailian.service import Job
    from wizard.contract import forms
    from wizard.engine.run import Run
    from wizard.engine.session import Session
    from wizard.steps.facts import Ended
    from wizard.steps.said import Seen

State = Literal["none", "open", "waiting", "unknown", "running", "succeeded", "failed", "canceled", "gone"]
EXIT_CODES: Mapping[State, int] = {
    "none": 3, "open": 3, "waiting": 3, "unknown": 4, "running": 8, "succeeded": 0, "failed": 7, "canceled": 7, "gone": 7,
}  # fmt: skip
"""What ``status --exit-status`` ends with: 3 waits for a person."""
OVER: tuple[State, ...] = ("succeeded", "failed", "canceled", "gone")
assert set(EXIT_CODES) == set(get_args(State))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the job may cost by the list price ``as_of``, or what it did cost by its bill (``billed``); decimal strings."""

    low: str
    high: str
    currency: str
    as_of: str
    billed: bool

    def told(self) -> forms.StatusCost:
        """For programs."""
        return {
            "low": self.low,
            "high": self.high,
            "currency": self.currency,
            "as_of": self.as_of,
            "billed": self.billed,
        }

    def shown(self) -> str:
        """In a few words."""
        from wizard.steps.wording import money

        return money(self.low, self.high, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """``since``: when it came to that, as far as is known; ``asked``: when the platform said so, empty where it is only remembered.

    ``status``: the platform's own word for the job's state. ``reason``: why it ended so, or why nobody knows. ``step`` of
    ``steps``: of the wizard before there is a job, of the training afterwards. ``next``: the command that goes on.
    ``changed``: what is no longer as it is remembered, a sentence each.
    """

    state: State
    since: str = ""
    asked: str = ""
    status: str = ""
    reason: str = ""
    job: str = ""
    model: str = ""
    cost: Cost | None = None
    step: int | None = None
    steps: int | None = None
    title: str = ""
    next: str = ""
    changed: tuple[str, ...] = ()

    def headline(self) -> str:
        """The outcome with its date, in one line."""
        when, of = dated(self.since), ""
        if self.step is not None and self.steps:
            of = _("step {step} of {steps}").format(step=self.step, steps=self.steps)
        words = {
            "none": _("There is no session in this folder."),
            "open": _("Open at {step}: {title} · {when}"),
            "waiting": _("Waiting for your approval, {step} · {when}"),
            "unknown": _("Unknown since {when}: {reason}") if self.since else _("Unknown: {reason}"),
            "running": self._running(),
            "succeeded": _("SUCCEEDED since {when}: model {model}"),
            "gone": _("No longer on the platform since {when}: {job}. {reason}"),
        }
        return words.get(self.state, _("{status} since {when}: {reason}")).format(
            when=when,
            step=of,
            title=self.title,
            job=self.job,
            status=self.status,
            reason=self.reason,
            model=self.model or _("not told"),
            steps=_("{status}, {step}").format(status=self.status, step=of) if of else self.status,
            asked=clock(self.asked),
        )

    def _running(self) -> str:
        if self.asked:
            return _("{steps}, job {job}, created {when}; asked at {asked}")
        if self.reason:
            return _("Job {job}, created {when}; what became of it could not be looked up: {reason}")
        return _("Job {job}, created {when}; what became of it has not been looked up yet.")

    def told(self) -> forms.Status:
        """For programs."""
        return {
            "state": self.state,
            "since": self.since or None,
            "asked": self.asked or None,
            "status": self.status or None,
            "reason": self.reason or None,
            "job": self.job or None,
            "model": self.model or None,
            "cost": None if self.cost is None else self.cost.told(),
            "next": self.next or None,
            "changed": list(self.changed),
        }


def standing(run: Run, world: World) -> Standing:
    """How the session of ``run`` stands, after ``run`` has looked at what has changed."""
    from wizard.steps.shelved import job_of

    session, facts = run.session, run.facts
    known = Standing(
        state="open",
        since=rfc3339(session.touched) or "",
        model=facts.get("training.model", ""),
        cost=estimated(facts),
        next=world.command(),
        changed=tuple(run.changed),
    )
    if not session.facts and not session.effects:
        return replace(known, state="none", since="")
    if session.foreign:
        return _of_foreign(session, known)
    job_id = job_of(session)
    if not job_id:
        return _before(run, known)
    known = replace(known, job=job_id, since=rfc3339(str(facts.get("job.created") or "")) or known.since)
    return _behind(session, facts, known, world)


def _of_foreign(session: Session, known: Standing) -> Standing:
    reason = _(
        "the session here is not yours as it stands; what it says was sent is looked for at the next start."
    )
    if any(effect.kind == "job" for effect in session.effects.values()):
        return replace(known, state="unknown", reason=reason, cost=None)
    return replace(known, cost=None, changed=(reason,))


def _before(run: Run, known: Standing) -> Standing:
    """No job that is known of: one that may have been created, or the step that is open."""
    sent = [one.at for one in run.session.effects.values() if (one.kind, one.state) == ("job", "sent")]
    if sent:
        reason = _(
            "the request for the job was sent, and what came of it is not known; the next start looks for it."
        )
        return replace(known, state="unknown", since=rfc3339(str(int(max(sent)))) or "", reason=reason)
    step = run.next_step()
    assert step is not None, "without a job a step is open"
    number, total = run.place(step)
    state: State = "waiting" if step.id == "review" else "open"
    changed = (*known.changed, *run.no_longer(step))
    return replace(known, state=state, step=number, steps=total, title=step.title(), changed=changed)


def _behind(session: Session, facts: Facts, known: Standing, world: World) -> Standing:
    """There is a job: how it ended, or goes on."""
    from wizard.bailian.service import GONE, Job
    from wizard.steps.facts import Ended

    seen = world.seen.get(known.job)
    if seen is not None and not seen.trouble:
        known = replace(known, asked=rfc3339(str(int(seen.at))) or "")
    ended = Ended.of(facts) if Ended.KEY in facts else None
    if ended is not None:
        return _ended(
            ended,
            rfc3339(ended.ended or session.when(Ended.KEY)) or "",
            facts,
            _beside(known, seen, ended),
            world,
        )
    if seen is not None and seen.gone:
        return _ended(Ended.of_job(Job(known.job, GONE)), known.asked, facts, known, world)
    if seen is not None and seen.job is not None and seen.job.final:
        return _ended(Ended.of_job(seen.job), rfc3339(seen.job.ended) or known.asked, facts, known, world)
    known = replace(known, state="running", next=world.command("jobs", "watch", known.job))
    if seen is None or seen.job is None:
        return replace(known, reason=seen.trouble if seen else "")
    return replace(known, status=seen.job.status, step=seen.step, steps=seen.steps)


def _beside(known: Standing, seen: Seen | None, ended: Ended) -> Standing:
    """What was found, or could not be, of a job whose end is recorded."""
    from wizard.bailian.service import GONE

    if seen is not None and seen.trouble:
        said = _("The job could not be looked up again: {trouble}").format(trouble=seen.trouble)
    elif seen is not None and seen.job is not None and _renamed(seen.job, ended):
        said = _("The model is {now} now (asked at {time}); it was {before}.").format(
            now=seen.job.output_model, before=ended.output_model, time=clock(known.asked)
        )
    elif seen is not None and seen.gone and ended.status != GONE:
        said = _(
            "The platform has the job {job} no more (asked at {time}); its model may be gone, too."
        ).format(job=known.job, time=clock(known.asked))
    else:
        return known
    return replace(known, changed=(*known.changed, said))


def _renamed(job: Job, ended: Ended) -> bool:
    """Whether the platform has another name for the model than was recorded; none says nothing."""
    return bool(job.output_model and ended.output_model and job.output_model != ended.output_model)


def _ended(ended: Ended, since: str, facts: Facts, known: Standing, world: World) -> Standing:
    from wizard.bailian.service import CANCELED, GONE, SUCCEEDED
    from wizard.steps.outcome import why

    states: Mapping[str, State] = {SUCCEEDED: "succeeded", CANCELED: "canceled", GONE: "gone"}
    state = states.get(ended.status, "failed")
    known = replace(known, state=state, since=since, status=ended.status, cost=_billed(ended, facts, world))
    if state == "succeeded":
        seen = world.seen.get(known.job)
        model = seen.job.output_model if seen is not None and seen.job is not None else ""
        return replace(
            known, model=model or ended.output_model, next=world.command("jobs", "show", known.job)
        )
    return replace(known, reason=why(ended.status, ended.failure_code, ended.failure_message)[0])


def estimated(facts: Facts) -> Cost | None:
    """What the job may cost; None before that is worked out, and where no price is published."""
    from wizard.steps.facts import Estimate

    cost = Estimate.of(facts).cost if Estimate.KEY in facts else None
    if cost is None:
        return None
    return Cost(low=cost.low, high=cost.high, currency=cost.currency, as_of=cost.price_date, billed=False)


def _billed(ended: Ended, facts: Facts, world: World) -> Cost | None:
    """What the bill comes to; None where no usage or no price is known."""
    from wizard.bailian.service import Job
    from wizard.steps.outcome import cost_of

    job = Job(facts["job.id"], ended.status, model=facts.get("training.model", ""), usage=ended.usage)
    cost = cost_of(job, facts, world)
    if cost is None:
        return None
    amount = str(cost.amount)
    return Cost(low=amount, high=amount, currency=cost.price.currency, as_of=cost.price.date, billed=True)
