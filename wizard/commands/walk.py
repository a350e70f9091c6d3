"""Walking through the steps: with a person (the wizard), unattended (``run``), or up to the review only (``plan``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from wizard import flow, process
from wizard.commands import answers, welcome
from wizard.commands.scene import Scene
from wizard.contract import events, forms
from wizard.contract.codes import CODES
from wizard.engine.cursor import Given
from wizard.engine.run import Run
from wizard.engine.session import Session
from wizard.engine.step import Facts, Front, Quit, written
from wizard.errors import INTERRUPTED, StillRunning, UsageError
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
    from wizard.commands import planfile, told
    from wizard.steps.plan import plan_of
    from wizard.ui.scripted import Resolution

    world, arguments = scene.world, scene.arguments
    world.patience = arguments.timeout
    decided = arguments.resolve is not None
    if decided and not arguments.approve:
        raise UsageError(
            _("--resolve goes with --approve and the digest of the decision."),
            _("It is in the error that asked for it (exit code 4)."),
        )
    resolve = Resolution(arguments.resolve, arguments.approve) if decided else None
    front = scene.scripted(yes=arguments.yes, resolve=resolve)
    kept = planfile.read(arguments.file, sandbox=arguments.sandbox) if arguments.file is not None else None
    given = answers.given(arguments.set, arguments.answers, None if decided else arguments.approve)
    given = answers.possible({**(kept.given() if kept else {}), **given}, front)
    with Session.open(world.state) as session, _unless_refused(session):
        run = _run_of(session, scene, front, given)
        welcome.refresh(run, world)
        left = ""
        try:
            there = run.facts.get("job.id")
            _to_the_review(run, given, front, world)
            planned = None if run.sealed else plan_of(run.facts, world)
            if planned is not None:
                lines = {item.key: item.value for item in planned.items}
                events.tell("plan", digest=planned.digest, plan=lines, estimate=told.estimate(run.facts))
                if kept is not None:
                    kept.demand(planned)
            run.go(before="" if arguments.watch else "watch")
            if there and _is_over(there, run, world):
                run.go()  # it is recorded how it ended, and said
        except Quit as leaving:  # the job that is watched goes on
            front.say(leaving.farewell)
            left = "interrupted"
        except StillRunning as still:
            front.say(still.message)
            left = still.code
        return _report(run, scene, given, left=left)


def _is_over(job_id: str, run: Run, world: World) -> bool:
    """Whether the platform says that a job, which was there before, has ended."""
    from wizard.steps.seen import look

    seen = world.seen.get(job_id) or look(job_id, run.facts, world)
    return seen.job is not None and seen.job.final


def plan(scene: Scene) -> int:
    """``plan``: everything up to the review; sends nothing but the key's proof. Prints the plan and its digest."""
    from wizard.commands import planfile, told
    from wizard.steps import permission
    from wizard.steps.plan import plan_of
    from wizard.steps.review import Review
    from wizard.ui.lines import text_of

    world, arguments = scene.world, scene.arguments
    front = scene.scripted(yes=arguments.yes)
    if arguments.out is not None:
        planfile.refuse(arguments.out)
    given = answers.possible(answers.given(arguments.set, arguments.answers), front)
    with Session.open(world.state) as session, _unless_refused(session):
        run = _run_of(session, scene, front, given)
        if run.sealed:
            raise UsageError(
                _("The job of this session has been created; there is nothing left to plan."),
                _("Give --new: it puts this session away and plans another job."),
            )
        welcome.refresh(run, world)
        _to_the_review(run, given, front, world)
        permission.ask(run.facts, world)
        planned = plan_of(run.facts, world)
        if arguments.out is not None:
            planfile.write(arguments.out, planned, run.facts, world)
        if not arguments.json:
            for line in text_of(Review(world).whole(run.facts)):
                process.out(line)
            process.out(_("digest: {digest}").format(digest=planned.digest))
        lines: list[forms.PlanLine] = [
            {
                "key": item.key,
                "label": item.label,
                "value": item.value,
                "shown": item.shown,
                "source": run.facts.sources.get(item.edits),
            }
            for item in planned.items
        ]
        estimate = told.estimate(run.facts)
        assert estimate is not None, "it is worked out before the review"
        made: forms.Plan = {
            "digest": planned.digest,
            "plan": lines,
            "estimate": estimate,
            "earlier": told.answers_of(run.facts, [*_earlier(run.facts, given)]),
        }
        return scene.report(made)


def _to_the_review(run: Run, given: Mapping[str, Given], front: Front, world: World) -> None:
    """Everything before money; what an earlier call was given and this one was not is said, since it counts."""
    from wizard.steps.approval import allowed

    if run.sealed:
        return
    run.go(before="review")
    run.refuse_unused()
    facts = run.facts
    allowed(facts, world)
    if keys := [*_earlier(facts, given)]:
        events.tell("warning", code="earlier-answers", keys=keys)
        left = (f"{key}={written(facts[key])}" for key in keys)
        front.say(
            _("Answers of an earlier call that count here: {answers}").format(answers=enumerated(left)),
            "warn",
        )


def _earlier(facts: Facts, given: Mapping[str, Given]) -> Iterator[str]:
    """The keys of answers that were given by an earlier call, on its command line or in a file, and not by this one."""
    return (
        key for key, source in facts.sources.items() if source in ("flag", "answers") and key not in given
    )


@contextmanager
def _unless_refused(session: Session) -> Iterator[None]:
    """Where an answer is refused within, nothing that was given with it stays; what was sent before does."""
    facts, given, effects = dict(session.facts), dict(session.given), dict(session.effects)
    try:
        yield
    except UsageError:
        if session.effects == effects and (session.facts, session.given) != (facts, given):
            session.facts, session.given = facts, given
            session.save()
        raise


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


def _report(run: Run, scene: Scene, given: Mapping[str, Given], *, left: str) -> int:
    """Say what ``run`` came to, whatever was done in this start or before; returns the exit code. ``left``: why it is no longer followed, as a code."""
    from wizard.commands import told
    from wizard.steps.facts import Ended, Uploaded
    from wizard.steps.outcome import why

    facts, world = run.facts, scene.world
    outcome: forms.Outcome = {
        "session": run.session.id,
        "digest": facts.get("review.approval"),
        "estimate": told.estimate(facts),
        "files": [
            {"role": file.role, "name": file.name, "file_id": file.file_id, "adopted": file.adopted}
            for file in Uploaded.all(facts)
        ],
        "job": told.job_of(facts, world),
        "earlier": told.answers_of(facts, [*_earlier(facts, given)]),
    }
    if left:
        return scene.report(outcome, failed=left, message=_("The job goes on; nobody follows it any more."))
    ended = Ended.of(facts) if Ended.KEY in facts else None
    if ended is None:
        return scene.report(outcome)
    reason, hint = why(ended.status, ended.failure_code, ended.failure_message)
    return scene.report(outcome, failed=told.ended_badly(ended.status), message=reason, hint=hint)


def exit_code(facts: Facts) -> int:
    """0, or that of a job that was followed to an end which is not success."""
    from wizard.commands.told import ended_badly
    from wizard.steps.facts import Ended

    ended = Ended.of(facts) if Ended.KEY in facts else None
    code = "" if ended is None else ended_badly(ended.status)
    return CODES[code].exit if code else 0
