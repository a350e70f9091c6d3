"""With which key, and to which address, something was sent; and what it means where that isn't what is here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wizard.locale import _, joined
from wizard.steps.facts import Proof

if TYPE_CHECKING:
    from wizard.steps.world import World


@dataclass(frozen=True, slots=True)
class Account:
    """``key``: as it may be shown, empty where that isn't known or there is none; ``address``: with the workspace, if it doesn't tell it."""

    key: str
    fingerprint: str
    address: str


def made_with(facts: Mapping[str, Any]) -> Account | None:
    """The account that the session with these facts was made with; None where no key was proved in it."""
    if Proof.KEY not in facts:
        return None
    proof = Proof.of(facts)
    return Account(proof.shown, proof.fingerprint, _address(proof.endpoint, facts.get("key.workspace") or ""))


def here(facts: Mapping[str, Any], world: World) -> Account:
    """The account that is asked for these facts now. Raises UsageError where a key or an address is there that can't be one."""
    found = world.found_key()
    where = None if world.sandbox else world.endpoint(facts)
    address = "sandbox" if where is None else _address(where.base_url, where.workspace)
    if found is None:
        return Account("", "", address)
    return Account(found.key.masked, found.key.fingerprint, address)


def same_account(facts: Mapping[str, Any], world: World) -> bool:
    """Whether the session was made with the key that is here, at the address that is asked: what another one doesn't see may be there."""
    return made_with(facts) == here(facts, world)


def contrast(what: str, then: Account | None, now: Account) -> str:
    """In what ``now`` isn't what ``what`` was made with; empty where it is, or where that isn't known."""
    if then is None:
        return ""
    key, address = "", ""
    if then.fingerprint != now.fingerprint:
        key = _("{what} was made with the key {then}; the key here is {now}.")
        if not then.key:
            key = _("{what} was made with another key than the one here, {now}.")
    if then.address != now.address:
        address = _("{what} was sent to {there}; from here requests go to {here}.")
    return joined(key, address).format(
        what=what, then=then.key, now=now.key or _("none"), there=then.address, here=now.address
    )


def unseen() -> str:
    """What it means that something isn't found with another account than it was made with."""
    return _(
        "What belongs to another account or workspace can't be seen from here: that it isn't found says nothing."
    )


def shown(facts: Mapping[str, Any], world: World) -> str:
    """The account that is asked now, as the session remembers it of what it sends."""
    now = here(facts, world)
    return _("key {key} at {address}").format(key=now.key or Proof.of(facts).shown, address=now.address)


def _address(base_url: str, workspace: str) -> str:
    if not workspace or base_url == "sandbox" or f"//{workspace.lower()}." in base_url:
        return base_url
    return _("{text} ({aside})").format(
        text=base_url, aside=_("workspace {workspace}").format(workspace=workspace)
    )
