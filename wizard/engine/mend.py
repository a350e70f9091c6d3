"""What a person is offered when a step fails: its remedies, another try, its questions again, the way back, leaving."""

from __future__ import annotations

from typing import Literal

from wizard.engine.step import Choice, Decision, Front, Quit
from wizard.errors import DataError, Remedy, WizardError
from wizard.locale import _

Move = Literal["retry", "change", "back"]


def ask(error: WizardError, front: Front, *, own_questions: str, way_back: bool) -> Remedy | Move:
    """Tell ``error`` and let the person choose.

    ``own_questions``: the step's title, where it has some, else empty; ``way_back``: there are earlier ones.

    Raises Quit where the person leaves.
    """
    remedies = [remedy for remedy in error.remedies if remedy.key]
    choices = [Choice(str(number), remedy.label) for number, remedy in enumerate(remedies)]
    mended = isinstance(error, DataError)
    again = _("I have fixed the file, read it again") if mended else _("Try again")
    choices.append(Choice("retry", again))
    if own_questions:
        back = _("Back to the questions of this step: {title}").format(title=own_questions)
        choices.append(Choice("change", back))
    if way_back:
        choices.append(Choice("back", _("Go back to the question before")))
    choices.append(Choice("leave", _("Save and leave")))
    front.say(error.message, "bad")
    if error.hint:
        front.say(error.hint)
    # Enter may lead to a question or a new try, but never to an answer that the user did not see as one.
    first = "0" if remedies and remedies[0].value is None else "retry"
    explained = _(
        "Something could not be done; what it was and what helps stands above. Nothing that you answered is lost.\n"
        "Try again when you have fixed it outside, such as a file or the network; or change an answer here.\n"
        "Leave, and the next start goes on from here. Your session: bailian-wizard sessions"
    )
    chosen = front.decide(Decision(_("What now?"), tuple(choices), first, explained))
    if chosen == "leave":
        raise Quit
    moves: dict[str, Move] = {"retry": "retry", "change": "change", "back": "back"}
    return moves.get(chosen) or remedies[int(chosen)]
