"""An effect that must not happen twice, as a step describes it, and the receipt that the platform gives for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the platform gave: an id and whatever else the step wants to remember (JSON).

    ``adopted``: it was there already. ``twin``: so like what would be created that a person is asked before another is.
    ``same``: it can only be this effect's outcome, so that it is taken without asking where an answer was lost.
    ``told``: for a program that has to decide: what it is, and what of it equals what would be created (``contract/forms.Candidate``).
    """

    id: str
    data: Mapping[str, Any]
    adopted: bool = False
    twin: bool = True
    same: bool = True
    told: Mapping[str, Any] = field(default_factory=dict)


class Effectful(Protocol):
    """An effect as a step describes it."""

    @property
    def key(self) -> str:
        """Equal for the same effect, different for another one."""
        ...

    @property
    def kind(self) -> str:
        """The id of the step that brings it about, such as ``upload``."""
        ...

    @property
    def name(self) -> str:
        """What it is called in a sentence, in the user's language, such as "the upload of train.jsonl"."""
        ...

    @property
    def account(self) -> str:
        """With which key and at which address it is sent, fit to be shown."""
        ...

    @property
    def account_answer(self) -> str:
        """The answer that says with which key it is sent: a person can be led to it."""
        ...

    @property
    def may_have_left(self) -> bool:
        """Whether something that outlives the session says that this very effect was sent before."""
        ...

    @property
    def adopts(self) -> bool:
        """Whether something equal that is already there may be taken instead without asking."""
        ...

    @property
    def grace(self) -> float:
        """Seconds after the request left within which the platform may still bring it about."""
        ...

    def look(self) -> Sequence[Receipt]:
        """What is on the platform that could be this effect's outcome."""
        ...

    def holds(self, receipt: Receipt) -> bool:
        """Whether an earlier outcome is still there."""
        ...

    def release(self) -> None:
        """A person wants another request, knowing that an earlier one may have taken effect."""
        ...

    def send(self, commit: Callable[[], None]) -> Receipt:
        """Send the one request. ``commit`` is called before the bytes leave that can bring it about.

        Raises ApprovalMissing where what would be sent isn't what was approved, NeverSent, Refused or OutcomeUnknown.
        """
        ...
