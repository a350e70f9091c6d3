"""The jobs of sessions that were put away: which of them are not known to have ended, and what the platform says of those."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.engine.inquiry import Inquiry
from wizard.engine.session import Session
from wizard.errors import StorageError
from wizard.locale import _
from wizard.steps.facts import Ended
from wizard.steps.wording import clock, status_shown
from wizard.steps.world import World

if TYPE_CHECKING:
    from wizard.engine.step import Facts


PATIENCE = 5.0
"""Seconds that the platform is given for all of them, where a list is asked for."""


@dataclass(frozen=True, slots=True)
class Shelved:
    """A job that the session ``session`` created, before it was put away."""

    session: str
    job: str
    facts: Facts
    world: World

    def ask(self) -> Callable[[], str]:
        """Look at it, in any thread; an end is recorded where it is heard, and so told once."""
        from wizard.steps.seen import look

        seen = look(self.job, self.facts, self.world)

        def heard() -> str:
            self.world.seen[self.job] = seen
            if seen.gone or (seen.job is not None and seen.job.final):
                with suppress(StorageError):  # then it is asked, and told, again
                    self.world.ledger.note_end(self.job, self.session, self.status())
            return self.told()

        return heard

    def status(self) -> str:
        """What the platform said of it; empty where it said nothing."""
        from wizard.bailian.service import GONE

        seen = self.world.seen.get(self.job)
        if seen is None or seen.trouble:
            return ""
        return GONE if seen.job is None else seen.job.status

    @property
    def heard(self) -> bool:
        """Whether the platform has said anything of it in this run."""
        return self.job in self.world.seen

    def told(self) -> str:
        """What is known of it now, and how to come back to it."""
        seen = self.world.seen.get(self.job)
        name = _("A session that was put away has the job {job}").format(job=self.job)
        back = self.world.command("sessions", "open", self.session)
        if seen is None:
            # Nothing is said that the platform's answer, which may be on its way, would make untrue.
            return _("{name}. To go back to it: {command}").format(name=name, command=back)
        if seen.trouble:
            what = _("it could not be looked up: {trouble}").format(trouble=seen.trouble)
        else:
            what = status_shown(self.status())
            if seen.job is not None and seen.job.output_model:
                what += f" · {seen.job.output_model}"
            what = _("{text} ({aside})").format(
                text=what, aside=_("asked at {time}").format(time=clock(str(int(seen.at))))
            )
        return _("{name}: {what}. To go back to it: {command}").format(name=name, what=what, command=back)


def open_still(world: World) -> Iterator[Shelved]:
    """Those that are not known to have ended; a session that is not this user's says nothing that is believed."""
    for session in Session.put_away(world.state):
        if (job := _open_of(session, world)) is not None:
            yield job


def asked(world: World) -> dict[str, str]:
    """What the platform says now of each job of a session here, put away or not, whose end isn't known, by its id."""
    current = Session.peek(world.state)
    sessions = (*filter(None, [current]), *Session.put_away(world.state))
    found = [job for session in sessions if (job := _open_of(session, world)) is not None]
    for learn in Inquiry([job.ask for job in found]).heard(PATIENCE):
        learn()
    return {job.job: job.status() for job in found}


def job_of(session: Session) -> str:
    """The id of the job that ``session`` is known to have created; empty where there is none."""
    if "job.id" in session.facts:
        return str(session.facts["job.id"].value)
    receipts = (effect.receipt for effect in session.effects.values() if effect.kind == "job")
    return next((str(receipt["id"]) for receipt in receipts if receipt), "")


def status_of(session: Session, world: World) -> str:
    """How the job of ``session`` ended, as it is recorded there or in the ledger; empty where no end is known."""
    facts = session.known
    return Ended.of(facts).status if Ended.KEY in facts else world.ledger.end_of(job_of(session))


def _open_of(session: Session, world: World) -> Shelved | None:
    job = job_of(session)
    if session.foreign or not job or status_of(session, world):
        return None
    return Shelved(session.id, job, session.known, world)
