"""A yes or no before something on the platform is stopped or deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wizard.commands.scene import Scene
from wizard.engine.step import Choice, Decision, Quit
from wizard.errors import ApprovalMissing
from wizard.locale import _


def unchanged(scene: Scene, value: Mapping[str, Any]) -> int:
    """A person said no: that is an answer, and no error."""
    return scene.report(value, _("Nothing was changed."))


def confirmed(scene: Scene, question: str, yes: str) -> bool:
    """Whether a person says yes, or --yes did. Raises ApprovalMissing where nobody is there to say so."""
    front = scene.front
    if scene.arguments.yes:
        return True
    if not front.attended:
        raise ApprovalMissing(
            _("This needs a confirmation. {question}").format(question=question),
            _("Give --yes to confirm it without a terminal."),
        )
    explained = _(
        "What is stopped or deleted on the platform can't be brought back.\n"
        "No leaves everything as it is.\n"
        "Look at it first with: jobs show ID, or files show ID"
    )
    choices = (Choice("no", _("No, leave it as it is")), Choice("yes", yes))
    try:
        return front.decide(Decision(question, choices, "no", explained)) == "yes"
    except Quit:
        front.say(_("Nothing was changed."))
        raise KeyboardInterrupt from None
