"""Asks once whether state that belongs to another user of this computer may be used; it is remembered outside the project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.errors import OwnerUnknown
from wizard.local import state
from wizard.locale import _, joined

if TYPE_CHECKING:
    from wizard.engine.step import Front


def settle(place: Path, *, allow: bool, front: Callable[[], Front]) -> None:
    """Make sure that the state at ``place`` may be used, before anything is read or written there.

    ``allow``: the user said so on the command line; else ``front`` asks, where somebody is there. Raises OwnerUnknown,
    and StorageError where it can't be used whoever owns it.
    """
    try:
        state.usable(place)
    except OwnerUnknown as unknown:
        if not allow and not _agreed(unknown, front()):
            raise
        from wizard.local import userstate

        userstate.accept_owner(unknown.path.parent, unknown.owner)
    except OSError as error:
        from wizard.local.storage import refusal

        raise refusal(place, error, reading=True) from error


def _agreed(unknown: OwnerUnknown, front: Front) -> bool:
    from wizard.engine.step import Choice, Decision, Quit

    explained = _(
        "Whoever owns the folder can read and change what is kept in it: your answers, and what was sent.\n"
        "That is usual where it lies on a mounted volume, or was made under sudo or in a container.\n"
        "No ends the program and changes nothing. Yes is remembered for this folder and this owner."
    )
    if not front.attended:
        return False
    choices = (Choice("no", _("No, leave it alone")), Choice("yes", _("Yes, use it from now on")))
    try:
        return (
            front.decide(Decision(joined(unknown.message, _("Use it?")), choices, "no", explained)) == "yes"
        )
    except Quit:
        raise KeyboardInterrupt from None
