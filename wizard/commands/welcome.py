"""How a start of the wizard begins: a greeting, or how the session stands that is there, with what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wizard.engine.run import Run
from wizard.engine.session import Session
from wizard.engine.step import Choice, Decision, Front
from wizard.errors import DecisionNeeded
from wizard.locale import _, enumerated, joined
from wizard.steps.wording import moment
from wizard.steps.world import World

if TYPE_CHECKING:
    from wizard.engine.view import Table
    from wizard.steps.shelved import Shelved
    from wizard.steps.standing import Standing


def begin(run: Run, world: World) -> None:
    """Greet a new user; tell who comes back what became of it, what has changed meanwhile, and ask how to go on. Raises Quit."""
    if run.session.foreign:
        _foreign(run, world)
    shelved = _refreshed(run, world)
    if not run.session.facts:
        _greet(run.front, world)
        _mention(shelved, run)
    else:
        _returned(run, world, shelved)


def refresh(run: Run, world: World) -> None:
    """Look what has changed meanwhile, where nobody is greeted; ``run`` tells as it goes."""
    _mention(_refreshed(run, world), run)


def _refreshed(run: Run, world: World) -> Sequence[Shelved]:
    """The jobs that are not known to have ended, in sessions that were put away: they are looked at, too."""
    shelved: list[Shelved] = []
    if next(Session.put_away(world.state), None) is not None:
        from wizard.steps.shelved import open_still

        shelved += open_still(world)
    run.refresh([job.ask for job in shelved])
    return shelved


def _mention(shelved: Sequence[Shelved], run: Run) -> None:
    """Those of which nothing was heard; of what the platform says, ``run`` tells."""
    for job in shelved:
        if not job.heard:
            run.front.say(job.told(), "warn")


def put_away(session: Session, front: Front) -> None:
    """Make room for a new session. Refused while nobody knows whether this one's job was created."""
    refuse_in_doubt(session)
    if session.path.exists():
        kept = session.archive()
        front.say(_("The session before is kept as {path}.").format(path=kept), "dim")


def refuse_in_doubt(session: Session) -> None:
    """Raise DecisionNeeded while nobody knows whether the session's job was created."""
    if _in_doubt(session):
        raise DecisionNeeded(
            _("This session sent the request for its job, and what came of it is not known yet."),
            _("Start the wizard without --new first: it looks for it."),
        )


def _in_doubt(session: Session) -> bool:
    """Whether this session itself sent the request for a job and doesn't know what came of it."""
    return any(
        (effect.kind, effect.state, effect.hearsay) == ("job", "sent", False)
        for effect in session.effects.values()
    )


def said_of_foreign(session: Session) -> str:
    """What it means that a session is foreign, in a sentence or two."""
    told = _(
        "The session in this folder is not yours as it stands: made in another folder, by another user, on another "
        "computer or by an earlier version. Its answers are offered; its approval and its paths count for nothing."
    )
    if session.effects:
        told = joined(told, _("What it says was sent is looked for on the platform before anything is sent."))
    return told


def shown(session: Session) -> Table:
    """What a session says, a line each: for a person to know it again."""
    from wizard.engine.view import Table

    facts = session.known
    jobs = [effect for effect in session.effects.values() if effect.kind == "job"]
    rows = [(_("Session"), f"{session.id} · {moment(session.created)}")]
    rows += [
        (label, str(value))
        for label, value in (
            (_("Data"), facts.get("dataset.source")),
            (_("Converted files"), facts.get("preview.output")),
            (_("Model"), facts.get("training.model")),
            (_("Job name"), facts.get("training.job_name")),
            (_("Job"), enumerated(filter(None, ((job.receipt or {}).get("id", "") for job in jobs)))),
        )
        if value
    ]
    uploads = sum(effect.kind == "upload" for effect in session.effects.values())
    rows.append((_("Says it sent"), _("files: {files}, jobs: {jobs}").format(files=uploads, jobs=len(jobs))))
    return Table((_("What"), _("Value")), tuple(rows))


def _foreign(run: Run, world: World) -> None:
    """Tell that the session is not this user's as it stands, and let a person take it over, or not. Raises Quit."""
    from wizard.engine.view import View

    run.front.say(said_of_foreign(run.session), "warn")
    before = run.session.foreign_before()
    if before is not None:
        run.front.show(View((shown(before),)))
    explained = _(
        "Offered: each question comes, with that session's answer to be seen; nothing of it is done unasked.\n"
        "Take it over only if you know it: your own folder that was moved, renamed or restored. Its approval is asked again.\n"
        "Put away: the next session knows nothing of this one, which is kept. See: bailian-wizard sessions"
    )
    choices = (
        Choice("offered", _("Begin, with its answers offered")),
        Choice("trust", _("It is mine: take it over")),
        Choice(
            "away",
            _("Put it away and begin with nothing"),
            _("kept under {folder}").format(folder="sessions/"),
        ),
    )
    chosen = run.front.decide(Decision(_("What about this session?"), choices, "offered", explained))
    if chosen == "trust":
        run.session.trust()
    elif chosen == "away":
        put_away(run.session, run.front)
    world.session_id = run.session.id


def _greet(front: Front, world: World) -> None:
    front.say(_("Welcome. In eight steps your questions and answers become a model of your own."))
    if world.sandbox:
        front.say(_("Sandbox: no key, no cost, all on this computer; training is simulated."), "warn")
    else:
        front.say(_("You need a data file and a Bailian API key (step 3 says where to get one)."))
    front.say(_("Nothing is sent and nothing costs before you type yes at step 5."))
    front.say(_("Enter takes what is offered, ? explains it, Ctrl-C saves and leaves."), "dim")


def _returned(run: Run, world: World, shelved: Sequence[Shelved]) -> None:
    """How the session stands, then what can be done; the first choice says where it leads and what that costs."""
    from wizard.steps.standing import OVER, standing

    stands = standing(run, world)
    if stands.state in OVER:
        from wizard.steps.outcome import ending_again

        followed = run.next_step() is not None and stands.state != "gone"
        run.go()  # what ended since the last start: its course and its end are shown, and recorded
        if not followed:
            run.front.show(ending_again(run.facts, world))
        stands = standing(run, world)
    run.front.say(stands.headline())
    for change in stands.changed[len(run.changed) :]:
        run.front.say(change, "warn")
    _mention(shelved, run)
    run.look_again()
    if _in_doubt(run.session):
        return  # what came of the request is looked for first; until then there is nothing to choose
    choices, explained = _offered(stands, run, world)
    chosen = run.front.decide(Decision(_("What next?"), choices, str(choices[0].value), explained))
    if not stands.asked and (later := standing(run, world)).asked:
        run.front.say(later.headline())
    _do(chosen, run, world)


def _offered(stands: Standing, run: Run, world: World) -> tuple[tuple[Choice, ...], str]:
    """What can be done, the first of it by Enter alone; and the help."""
    from wizard.steps.standing import OVER

    shelf = _("kept under {folder}").format(folder="sessions/")
    lost = _lost(run)
    away = Choice("away", _("Start a new one with nothing known"), shelf)
    if stands.state == "succeeded":
        explained = _(
            "This session has done all that it was for; its model stays on the platform.\n"
            "A new session leaves that model alone: with these answers offered again, or with nothing known.\n"
            "This one is kept. See them all: bailian-wizard sessions, bailian-wizard jobs list"
        )
        return (Choice("go on", _("Leave")), _anew(lost), away), explained
    if stands.state in OVER:
        explained = _(
            "Again: your answers stand, and the plan is shown next; nothing is sent before you type yes there.\n"
            "To change something first, start a new session: every question comes with its answer offered.\n"
            "This session is kept. See them all: bailian-wizard sessions, bailian-wizard jobs list"
        )
        leave = Choice("go on", _("Leave"))
        if lost:
            explained = _(
                "The data of this session can't be read any more, so it can't be done again as it was.\n"
                "A new session asks for other data and offers your other answers, or begins with nothing known.\n"
                "This one is kept. See them all: bailian-wizard sessions, bailian-wizard jobs list"
            )
            return (_anew(lost), away, leave), explained
        repeat = Choice("repeat", _("Again with the same answers"), shelf, brief=_cost(run, world))
        return (repeat, _anew(), away, leave), explained
    if run.sealed:
        explained = _(
            "The job of this session was created, so its answers can't be changed any more; going on follows it.\n"
            "A new session asks everything again with your answers offered, and leaves that job alone.\n"
            "Nothing is deleted. See them all: bailian-wizard sessions, bailian-wizard jobs list"
        )
        return (Choice("go on", _("Go on: follow the job"), brief=_("costs nothing")), _anew(lost)), explained
    explained = _(
        "Go on: only what is open is asked.\n"
        "Start over: every question comes again with your answer offered, and all is converted anew.\n"
        "Put away: the next session knows nothing of this one, which is kept. See: bailian-wizard sessions"
    )
    choices = (
        _go_on(run, world),
        Choice("over", _("Start over with these answers"), _("each is offered again")),
        Choice("away", _("Put it away and begin with nothing"), shelf),
    )
    return choices, explained


def _go_on(run: Run, world: World) -> Choice:
    """The next step by name; behind the wall, and at it, with what it costs."""
    step = run.next_step()
    assert step is not None, "something is open"
    if step.id == "review":
        return Choice("go on", _("Go on: look at the plan and approve it"), brief=_cost(run, world))
    if step.id in ("upload", "job"):
        return Choice("go on", _("Go on: create the job that you approved"), brief=_cost(run, world))
    label = _("Go on: step {number}, {title}").format(number=run.place(step)[0], title=step.title())
    return Choice("go on", label, brief=_("costs nothing"))


def _cost(run: Run, world: World) -> str:
    """What the job may cost."""
    from wizard.steps.standing import estimated

    cost = estimated(run.facts)
    shown = _("price not published") if cost is None else cost.shown()
    return _("{text} (simulated)").format(text=shown) if world.sandbox else shown


def _anew(lost: str = "") -> Choice:
    """``lost``: why its data has to be named anew."""
    kept = _("this one is kept under {folder}").format(folder="sessions/")
    brief = _("asks for other data") if lost else ""
    return Choice("anew", _("Start a new session with these answers"), joined(lost, kept), brief=brief)


def _lost(run: Run) -> str:
    """Why the data of this session can't be taken again; empty where it can."""
    facts = run.facts
    source = run.steps[0].fields(facts)[0]
    return (source.check(facts[source.key]) or "") if source.key in facts else ""


def _do(chosen: str, run: Run, world: World) -> None:
    if chosen == "over":
        run.start_over()
    elif chosen in ("anew", "repeat"):
        kept = run.start_anew() if chosen == "anew" else run.start_again()
        run.front.say(_("The session before is kept as {path}.").format(path=kept), "dim")
    elif chosen == "away":
        put_away(run.session, run.front)
    world.session_id = run.session.id
