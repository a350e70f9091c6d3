"""Where a command looks on the platform: where the session made what is asked about, where the environment says, or where the session here is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from wizard.engine.session import Session
from wizard.engine.step import Facts, Front
from wizard.errors import DecisionNeeded, Refused, StorageError, WizardError
from wizard.local import envfile
from wizard.locale import _, joined
from wizard.steps import account
from wizard.steps.account import Account
from wizard.steps.origin import Origin, origin_of
from wizard.steps.world import KEY_NAME, World

NAMES = {"key.region": envfile.REGION, "key.workspace": envfile.WORKSPACE}
"""What of a place the environment may name, by the answer that it has in a session."""


def of_a_list(world: World, front: Front) -> Facts:
    """What the session here says of region and workspace, where the environment names no other one; which counts is said."""
    known = _here(world, front)
    named = {key: value for key, value in _named(world).items() if known.get(key, value) != value}
    for key, value in named.items():
        front.say(
            _("{name} of the environment counts: {now}; the session here has {then}.").format(
                name=NAMES[key], now=value, then=known[key] or _("none")
            ),
            "warn",
        )
    _contrast(_("The session here"), account.made_with(known), known, world, front)
    return Facts(known | named, known.sources)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where one thing is asked for: ``facts`` with region and workspace, and what is known of where it was ``made``."""

    what: str
    facts: Facts
    made: Account | None
    world: World

    @contextmanager
    def seen_from_here(self) -> Iterator[None]:
        """A refusal within says nothing where it was made with another account: DecisionNeeded."""
        try:
            yield
        except Refused as refused:
            if self.made is None or self.made == account.here(self.facts, self.world):
                raise
            raise DecisionNeeded(
                joined(
                    account.contrast(self.what, self.made, account.here(self.facts, self.world)),
                    refused.message,
                    account.unseen(),
                ),
                _("Ask with the key that it was made with: give it as {name} in the environment.").format(
                    name=KEY_NAME
                ),
            ) from refused


def of_one(platform_id: str, what: str, world: World, front: Front) -> Whereabouts:
    """Of what has this id: where its own session made it; where that isn't known here, as for a list."""
    origin = _origin(platform_id, world, front)
    if origin is None:
        return Whereabouts(what, of_a_list(world, front), None, world)
    facts = origin.facts
    for key, value in _named(world).items():
        if facts.get(key, value) != value:
            front.say(
                _("{what} was made in {then}: it is looked for there, not in {now} ({name}).").format(
                    what=what, then=facts[key] or _("the key's own workspace"), now=value, name=NAMES[key]
                ),
                "warn",
            )
    _contrast(what, origin.account, facts, world, front)
    return Whereabouts(what, facts, origin.account, world)


def _here(world: World, front: Front) -> Facts:
    """What this user's own session here knows; one that can't be read is told, and says nothing."""
    try:
        session = Session.examine(world.state)
    except WizardError as unread:
        front.say(
            joined(
                unread.message,
                _("Its region and workspace are not known here: those of the environment count."),
            ),
            "warn",
        )
        return Facts()
    return session.known if session is not None and not session.foreign else Facts()


def _origin(platform_id: str, world: World, front: Front) -> Origin | None:
    try:
        return origin_of(platform_id, world)
    except StorageError as unread:
        front.say(unread.message, "warn")
        return None


def _named(world: World) -> dict[str, str]:
    """Region and workspace as the process environment names them; a ``.env`` is the folder's, as the session is."""
    if world.sandbox:
        return {}
    return {key: value for key, name in NAMES.items() if (value := world.environ.get(name, "").strip())}


def _contrast(what: str, then: Account | None, facts: Facts, world: World, front: Front) -> None:
    now = account.here(facts, world)
    if now.key and (told := account.contrast(what, then, now)):
        front.say(told, "warn")
