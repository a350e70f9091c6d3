"""What an approval binds: it is demanded again before anything leaves, and each is spent once, by the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wizard.engine.step import Facts
from wizard.errors import ApprovalMissing, DecisionNeeded
from wizard.locale import _
from wizard.money import limits
from wizard.money.ledger import Entry, Kind
from wizard.steps.facts import Estimate, Proof
from wizard.steps.plan import plan_of
from wizard.steps.world import World


def demand(facts: Facts, world: World) -> None:
    """Raise ApprovalMissing unless what was approved is what would be sent now, at today's price; as ``allowed`` does too."""
    allowed(facts, world)
    now = plan_of(facts, world).digest
    if now != facts.get("review.approval"):
        raise ApprovalMissing(
            _("The plan is no longer the one that was approved; nothing was sent."),
            _("Look at the plan again, then approve it with --approve {digest}").format(digest=now),
            digest=now,
        )


def allowed(facts: Mapping[str, Any], world: World) -> None:
    """Raise NotAllowed and OverBudget where the limits of this computer's user don't let the job pass."""
    limits.demand(facts["training.model"], *most_of(facts), world.ledger)


def jobs_known(facts: Facts, world: World) -> tuple[str, frozenset[str]]:
    """The job of this session's approval, where the ledger knows it; and those of other sessions' approvals."""
    ledger, session = world.ledger, world.session_id
    return ledger.job_of(session, facts["review.approval"]), ledger.jobs_of_others(session)


def most_of(facts: Mapping[str, Any]) -> tuple[str, str]:
    """What the job may cost at most, and in which currency; both empty where no price is known."""
    cost = Estimate.of(facts).cost
    return ("", "") if cost is None else (cost.high, cost.currency)


def is_spent(facts: Facts, world: World) -> bool:
    """Whether the ledger knows that this session spent its approval, and nothing freed it."""
    return world.ledger.spent_by(world.session_id, facts["review.approval"])


def may_be_spent(facts: Facts, world: World) -> bool:
    """Whether it is spent, or a line in this folder that isn't this user's says so: reason to look before anything is sent."""
    return is_spent(facts, world) or world.ledger.said_elsewhere(facts["review.approval"])


def record(kind: Kind, facts: Facts, world: World, *, job_id: str = "", status: str = "") -> None:
    """Write down, durably, what happened to this session's approval, unless the ledger says so.

    Spending one demands it first, while every other wizard of this user is kept from spending: of two folders with the
    same plan the second one sees what the first one did. Raises StorageError, ApprovalMissing as ``demand`` does, and
    DecisionNeeded where the same approval was spent meanwhile, by a copy of this very session.
    """
    ledger, proof = world.ledger, Proof.of(facts)
    most, currency = most_of(facts)
    entry = Entry(
        kind=kind,
        approval=facts["review.approval"],
        base=plan_of(facts, world).base,
        session=world.session_id,
        platform=proof.endpoint,
        key=proof.fingerprint,
        id=job_id,
        status=status,
        most=most,
        currency=currency,
    )
    with ledger.held():
        if kind == "spent":
            demand(facts, world)
            if is_spent(facts, world):
                raise DecisionNeeded(
                    _(
                        "This approval has just been used by another start, in this folder or a copy of it; nothing was sent here."
                    ),
                    _("Start the wizard again: it looks for that job first."),
                )
        known = {"spent": is_spent(facts, world), "freed": not is_spent(facts, world)}
        if not known.get(kind, ledger.has(entry)):
            ledger.write(entry)
