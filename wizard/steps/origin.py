"""Who made what lies on the platform: the session in this folder, put away or not, or the ledger's line, that knows its id."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.bailian import endpoints
from wizard.engine.session import Session
from wizard.engine.step import Facts
from wizard.steps.account import Account, made_with
from wizard.steps.shelved import job_of

if TYPE_CHECKING:
    from wizard.steps.world import World


@dataclass(frozen=True, slots=True)
class Origin:
    """``facts`` of its session; where only the ledger knows it, the region and workspace that its address tells."""

    facts: Facts
    account: Account | None


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


def _own(world: World) -> Iterator[Session]:
    current = Session.peek(world.state)
    for session in (*filter(None, [current]), *Session.put_away(world.state)):
        if not session.foreign:
            yield session
