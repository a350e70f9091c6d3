"""Who made what lies on the platform: the session in this folder, put away or not, or the ledger's line, that knows its id."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.bailian import endpoints
from wizard.engine.session import Session
from wizard.engine.step import Facts
from wizard.locale import _
from wizard.steps.account import Account, made_with
from wizard.steps.facts import Uploaded
from wizard.steps.shelved import job_of
from wizard.steps.wording import moment

if TYPE_CHECKING:
    from wizard.bailian.service import Platform
    from wizard.steps.world import World


@dataclass(frozen=True, slots=True)
class Origin:
    """``facts`` of its session; where only the ledger knows it, the region and workspace that its address tells."""

    facts: Facts
    account: Account | None


@dataclass(frozen=True, slots=True)
class Replaced:
    """A file that was sent ``at`` (seconds since 1970) and is not what the session goes on with; ``name`` where it is known."""

    name: str
    file_id: str
    at: float

    def told(self, world: World) -> str:
        """Which file, since when it is there, and how to delete it."""
        return _("{file}, sent {when}; to delete it: {command}").format(
            file=_("{text} ({aside})").format(text=self.name, aside=self.file_id)
            if self.name
            else self.file_id,
            when=moment(str(int(self.at))),
            command=world.command("files", "delete", self.file_id),
        )


def origin_of(platform_id: str, world: World) -> Origin | None:
    """Where the job or the file was made; None where nothing here that is this user's knows. Raises StorageError."""
    for session in _own(world):
        ids = {(effect.receipt or {}).get("id") for effect in session.effects.values()}
        if platform_id == job_of(session) or platform_id in ids:
            return Origin(session.known, made_with(session.known))
    for entry in reversed(world.ledger.entries):
        if (entry.kind, entry.id) == ("receipt", platform_id):
            place = endpoints.place_of(entry.platform)
            facts = Facts() if place is None else Facts({"key.region": place[0], "key.workspace": place[1]})
            return Origin(facts, Account("", entry.key, entry.platform))
    return None


def replaced_before(job_id: str, world: World) -> tuple[Replaced, ...]:
    """What the session of the job uploaded and did not train on."""
    session = next((session for session in _own(world) if job_of(session) == job_id), None)
    return (
        () if session is None else replaced(session, {file.file_id for file in Uploaded.all(session.known)})
    )


def unused(world: World, platform: Platform) -> Iterator[str]:
    """Ids of files that sessions of this folder uploaded, are there still, and no job that goes on nor the session here needs."""
    own = {
        str(effect.receipt["id"])
        for session in _own(world)
        for effect in session.effects.values()
        if (effect.kind, effect.state) == ("upload", "done")
        and effect.receipt
        and not effect.receipt["adopted"]
    }
    if not own:
        return
    needed = {
        one
        for job in platform.jobs()
        if not job.final
        for one in (*job.training_files, *job.validation_files)
    }
    for session in _own(world):
        if not job_of(session):  # it may yet be trained on
            needed |= {file.file_id for file in Uploaded.all(session.known)}
    yield from (file.file_id for file in platform.files() if file.file_id in own - needed)


def replaced(session: Session, used: Collection[str]) -> tuple[Replaced, ...]:
    """The uploads of ``session`` besides those that are ``used``; what was there before it came is nobody's to mention."""
    return tuple(
        Replaced(str(effect.receipt["data"].get("name") or ""), str(effect.receipt["id"]), effect.at)
        for effect in session.effects.values()
        if (effect.kind, effect.state) == ("upload", "done")
        and effect.receipt is not None
        and not effect.receipt["adopted"]
        and effect.receipt["id"] not in used
    )


def _own(world: World) -> Iterator[Session]:
    current = Session.peek(world.state)
    for session in (*filter(None, [current]), *Session.put_away(world.state)):
        if not session.foreign:
            yield session
