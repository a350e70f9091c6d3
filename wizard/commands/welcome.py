"""How a start of the wizard begins: a greeting, or the session that is there with what can be done about it."""

from __future__ import annotations

from wizard.engine.run import Run
from wizard.engine.session import Session
from wizard.engine.step import Choice, Decision, Front
from wizard.errors import DecisionNeeded
from wizard.locale import _
from wizard.steps.world import World


def begin(run: Run, world: World) -> None:
    """Greet a new user; show who comes back what is finished, and ask how to go on. Raises Quit."""
    if not run.session.facts:
        _greet(run.front, world)
    elif run.next_step() is None:
        _finished(run, world)
    else:
        _unfinished(run, world)


def put_away(session: Session, front: Front) -> None:
    """Make room for a new session. Refused while nobody knows whether this one's job was created."""
    if _in_doubt(session):
        raise DecisionNeeded(
            _("This session sent the request for its job, and what came of it is not known yet."),
            _("Start the wizard without --new first: it looks for it."),
        )
    if session.path.exists():
        kept = session.archive()
        front.say(_("The session before is kept as {path}.").format(path=kept), "dim")


def _in_doubt(session: Session) -> bool:
    return any((effect.kind, effect.state) == ("job", "sent") for effect in session.effects.values())


def _greet(front: Front, world: World) -> None:
    front.say(_("Welcome. In eight steps your questions and answers become a model of your own."))
    if world.sandbox:
        front.say(_("Sandbox: no key, no cost, all on this computer; training is simulated."), "warn")
    else:
        front.say(_("You need a data file and a Bailian API key (step 3 says where to get one)."))
    front.say(_("Nothing is sent and nothing costs before you type yes at step 5."))
    front.say(_("Enter takes what is offered, ? explains it, Ctrl-C saves and leaves."), "dim")


def _unfinished(run: Run, world: World) -> None:
    run.front.say(_("Welcome back. What is finished:"))
    run.look_again()
    if _in_doubt(run.session):
        return  # what came of the request is looked for first; until then there is nothing to choose
    if run.sealed:
        explained = _(
            "The job of this session was created, so its answers can't be changed any more; going on follows it.\n"
            "A new session asks everything again with your answers offered, and leaves that job alone.\n"
            "Nothing is deleted. See them all: bailian-wizard sessions, bailian-wizard jobs list"
        )
        choices: tuple[Choice, ...] = (_go_on(), _anew())
    else:
        explained = _(
            "Go on: only what is open is asked.\n"
            "Start over: every question comes again with your answer offered, and all is converted anew.\n"
            "Put away: the next session knows nothing of this one, which is kept. See: bailian-wizard sessions"
        )
        choices = (
            _go_on(),
            Choice("over", _("Start over with these answers"), _("each is offered again")),
            Choice(
                "away",
                _("Put it away and begin with nothing"),
                _("kept under {folder}").format(folder="sessions/"),
            ),
        )
    chosen = run.front.decide(
        Decision(_("This session is unfinished. What now?"), choices, "go on", explained)
    )
    _do(chosen, run, world)


def _finished(run: Run, world: World) -> None:
    """A session that has come to its end: show it, and offer a new one."""
    from wizard.steps.watch import ending_again

    run.look_again()
    run.front.show(ending_again(run.facts, world))
    explained = _(
        "This session has done all that it was for; its model stays on the platform.\n"
        "A new session leaves that model alone: with these answers offered again, or with nothing known.\n"
        "This one is kept. See them all: bailian-wizard sessions, bailian-wizard jobs list"
    )
    choices = (Choice("go on", _("Leave")), _anew(), Choice("away", _("Start a new one with nothing known")))
    _do(
        run.front.decide(Decision(_("This session is finished. What now?"), choices, "go on", explained)),
        run,
        world,
    )


def _go_on() -> Choice:
    return Choice("go on", _("Go on where you stopped"))


def _anew() -> Choice:
    return Choice(
        "anew",
        _("Start a new session with these answers"),
        _("this one is kept under {folder}").format(folder="sessions/"),
    )


def _do(chosen: str, run: Run, world: World) -> None:
    if chosen == "over":
        run.start_over()
    elif chosen == "anew":
        kept = run.start_anew()
        run.front.say(_("The session before is kept as {path}.").format(path=kept), "dim")
    elif chosen == "away":
        put_away(run.session, run.front)
    world.session_id = run.session.id
