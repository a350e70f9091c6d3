"""Walking through the steps: with a person (the wizard), unattended (``run``), or up to the review only (``plan``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wizard import flow, process
from wizard.commands import answers, welcome
from wizard.commands.scene import Scene
from wizard.engine.cursor import Given
from wizard.engine.run import Run
from wizard.engine.session import Session
from wizard.engine.step import Facts, Front, Quit
from wizard.errors import INTERRUPTED, UsageError
from wizard.locale import _, enumerated, joined
from wizard.steps.world import World


def wizard(scene: Scene) -> int:
    """The wizard itself: asks, and goes on from where the last start ended."""
    return _wizard(scene, ())


def from_command(scene: Scene) -> int:
    """``from-command``: the wizard with what an old line says; where nobody can be asked, those answers as a file."""
    from wizard.commands import old_tutorial

    arguments, front = scene.arguments, scene.front
    read = old_tutorial.read(arguments.line)
    for note in read.notes:
        front.say(note, "warn")
    pairs = [f"{key}={value}" for key, value in read.answers.items()]
    if not scene.able.attended:
        given = answers.given([*pairs, *arguments.set], arguments.answers)
        for key, problem, hint in answers.impossible(given):
            said = _("{title}: {line}").format(title=key, line=problem)
            front.say(joined(said, hint, _("Change it in the file: --answers refuses it.")), "warn")
        process.deliver(old_tutorial.answers_file({key: one.raw for key, one in given.items()}))
        return 0
    front.say(_("Taken over: {answers}").format(answers=enumerated(pairs) or _("nothing")))
    return _wizard(scene, pairs)


def _demand_person(scene: Scene) -> None:
    if not scene.able.attended:
        raise UsageError(
            _("The wizard asks questions, and there is no terminal to ask them at."),
            _("Without one, use: bailian-wizard run --sandbox --yes (see bailian-wizard run --help)"),
        )


def _wizard(scene: Scene, pairs: Sequence[str]) -> int:
    """All steps with a person; ``pairs``: answers besides those of the command line, which beats them."""
    _demand_person(scene)
    world, front, arguments = scene.world, scene.front, scene.arguments
    given = answers.possible(answers.given([*pairs, *arguments.set], arguments.answers), scene.front)
    with Session.open(world.state) as session:
        if arguments.new:
            welcome.put_away(session, front)
        world.session_id = session.id
        run = Run(flow.steps(world), session, front, given)
        if not session.foreign:
            run.remember_given()
        try:
            welcome.begin(run, world)
            _through(run, to_the_end=True)
        except Quit as leaving:
            front.say("")
            if leaving.farewell:
                front.say(leaving.farewell)
            front.say(_("Everything is saved. Go on with: {command}").format(command=world.command()))
            return INTERRUPTED
        return exit_code(run.facts)


def _through(run: Run, *, to_the_end: bool) -> None:
    """Everything before the review first, so that an answer nobody used is said before money is spent."""
    if not run.sealed:
        run.go(before="review")
        run.refuse_unused()
    run.go(before="" if to_the_end else "watch")


def run(scene: Scene) -> int:
    """``run``: no questions. Ends once the job is created, or with ``--watch`` once it has ended."""
    from wizard.ui.scripted import Scripted

    world, arguments, front = scene.world, scene.arguments, Scripted(yes=scene.arguments.yes)
    given = answers.possible(answers.given(arguments.set, arguments.answers, arguments.approve), front)
    with Session.open(world.state) as session:
        run = _run_of(session, scene, front, given)
        welcome.refresh(run, world)
        code = None
        try:
            there = run.facts.get("job.id")
            _through(run, to_the_end=arguments.watch)
            if there and _is_over(there, run, world):
                run.go()  # it is recorded how it ended, and said
        except Quit as leaving:  # the job that is watched goes on
            front.say(leaving.farewell)
            code = INTERRUPTED
        if arguments.json:
            process.out(result(run, world))
        return exit_code(run.facts) if code is None else code


def _is_over(job_id: str, run: Run, world: World) -> bool:
    """Whether the platform says that a job, which was there before, has ended."""
    from wizard.steps.seen import look

    seen = world.seen.get(job_id) or look(job_id, run.facts, world)
    return seen.job is not None and seen.job.final


def plan(scene: Scene) -> int:
    """``plan``: everything up to the review; sends nothing but the key's proof. Prints the plan and its digest."""
    from wizard.steps import permission
    from wizard.steps.facts import Estimate
    from wizard.steps.plan import plan_of
    from wizard.steps.review import Review
    from wizard.ui.lines import text_of
    from wizard.ui.scripted import Scripted

    world, arguments, front = scene.world, scene.arguments, Scripted(yes=scene.arguments.yes)
    given = answers.possible(answers.given(arguments.set, arguments.answers), front)
    with Session.open(world.state) as session:
        run = _run_of(session, scene, front, given)
        if run.sealed:
            raise UsageError(
                _("The job of this session has been created; there is nothing left to plan."),
                _("Give --new: it puts this session away and plans another job."),
            )
        welcome.refresh(run, world)
        run.go(before="review")
        run.refuse_unused()
        permission.ask(run.facts, world)
        planned = plan_of(run.facts, world)
        if arguments.json:
            items = [
                {"key": item.key, "label": item.label, "value": item.value, "shown": item.shown}
                for item in planned.items
            ]
            process.out({"digest": planned.digest, "plan": items, "estimate": run.facts[Estimate.KEY]})
            return 0
        for line in text_of(Review(world).whole(run.facts)):
            process.out(line)
        process.out(_("digest: {digest}").format(digest=planned.digest))
        return 0


def _run_of(session: Session, scene: Scene, front: Front, given: Mapping[str, Given]) -> Run:
    """The unattended walk with ``session``, or with a new one in its place where that was asked for."""
    steps = flow.steps(scene.world)
    if scene.arguments.new:
        answers.refuse_wrong(given, steps[0])
        welcome.put_away(session, front)
    scene.world.session_id = session.id
    if session.foreign:
        front.say(welcome.said_of_foreign(session), "warn")
        front.say(_("To take it over: bailian-wizard sessions trust"), "dim")
    return Run(steps, session, front, given)


def result(run: Run, world: World) -> dict[str, Any]:
    """What ``run --json`` prints: one object, whatever was done in this start or before."""
    from wizard.steps.facts import Ended, Estimate, Uploaded

    facts = run.facts
    return {
        "session": run.session.id,
        "sandbox": world.sandbox,
        "digest": facts.get("review.approval"),
        "estimate": facts.get(Estimate.KEY),
        "files": facts.get(Uploaded.KEY, []),
        "job": {"id": facts.get("job.id"), **facts.get(Ended.KEY, {})},
    }


def exit_code(facts: Facts) -> int:
    """0, or 1 where the job was followed to an end that is not success."""
    from wizard.bailian.service import SUCCEEDED
    from wizard.steps.facts import Ended

    ended = Ended.of(facts) if Ended.KEY in facts else None
    return 0 if ended is None or ended.status == SUCCEEDED else 1
