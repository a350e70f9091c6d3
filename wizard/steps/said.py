"""What the platform said in this run: of jobs that are remembered, and of what a workspace may do with a model.

No fact, so no part of the plan's digest, whatever was said: each start asks anew.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wizard.bailian.service import Grant, Permission
from wizard.locale import _

if TYPE_CHECKING:
    from wizard.bailian.service import Job

_ORDER = {Grant.YES: 0, Grant.UNTOLD: 1, Grant.NO: 2}

Account = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """``job`` as it was ``at`` (seconds since 1970); None where it is ``gone``, or couldn't be looked up (``trouble``).

    ``step`` of ``steps``: how far the training was, where its log tells.
    """

    at: float
    job: Job | None = None
    gone: bool = False
    trouble: str = ""
    step: int | None = None
    steps: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of one model; ``at``: seconds since 1970; ``trouble``: why it wasn't asked to an end, empty where it was."""

    permission: Permission
    at: float
    trouble: str = ""

    @property
    def clock(self) -> str:
        """When it was asked, on this computer's clock."""
        return time.strftime("%H:%M", time.localtime(self.at))

    def shown(self) -> str:
        """In one line, with the time: yes, no, or could not be told."""
        grants = self.permission
        if grants.fine_tune is Grant.NO:
            line = _("no: the platform says that this workspace may not train it (asked at {time})")
        elif grants.fine_tune is Grant.UNTOLD:
            line = _("could not be told: {reason} (asked at {time})")
        elif grants.deploy is Grant.NO:
            line = _("yes, but not deploy a result: the platform says so (asked at {time})")
        else:
            line = _("yes, the platform says so (asked at {time})")
        return line.format(time=self.clock, reason=self.trouble or _("the platform doesn't say"))


@dataclass(slots=True)
class Permissions:
    """The answers of this run, by account and model."""

    answers: dict[tuple[Account, str], Told] = field(default_factory=dict)
    lists: dict[Account, Told] = field(default_factory=dict)

    def of(self, facts: Mapping[str, Any], model: str) -> Told | None:
        """What is known of ``model``, None where nobody asked."""
        return self.answers.get((account(facts), model)) if "key.proof" in facts else None

    def fine_tune(self, facts: Mapping[str, Any], model: str) -> Grant:
        """Whether ``model`` may be trained, as far as is known."""
        answer = self.of(facts, model)
        return Grant.UNTOLD if answer is None else answer.permission.fine_tune

    def order(self, facts: Mapping[str, Any], model: str) -> int:
        """What a list of models is sorted by: first those that may be trained, last those that may not."""
        return _ORDER[self.fine_tune(facts, model)]


def account(facts: Mapping[str, Any]) -> Account:
    """Whose workspace was asked, and where."""
    proof = facts["key.proof"]
    return proof["endpoint"], proof["fingerprint"], facts.get("key.workspace") or ""
