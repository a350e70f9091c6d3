"""``status``: how the session in this folder stands, in one line; nothing is changed, and no other wizard is waited for."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from wizard.commands.scene import Scene
from wizard.engine.run import Run
from wizard.engine.session import Session
from wizard.errors import SessionDamaged, UsageError
from wizard.locale import _
from wizard.steps.standing import EXIT_CODES, Standing, standing
from wizard.steps.world import World
from wizard.ui.scripted import Scripted

PATIENCE = 10.0
"""Seconds that the platform is given: whoever asks for the status has a use for what is remembered, too."""


def status(scene: Scene) -> int:
    """``status``: one line, or with ``--json`` one object; with ``--exit-status`` the state is the exit code."""
    stands = _looked_up(scene)
    headline = _("{headline} · next: {command}").format(headline=stands.headline(), command=stands.next)
    scene.report(stands.told(), headline)
    if not scene.arguments.json:
        for change in stands.changed:
            scene.front.say(change, "warn")
    return EXIT_CODES[stands.state] if scene.arguments.exit_status else 0


def _looked_up(scene: Scene) -> Standing:
    """How the session stands, and the jobs of sessions that were put away, as far as they are not known to have ended."""
    from wizard import flow
    from wizard.steps.shelved import open_still

    world = scene.world
    nothing = Standing(state="none", next=world.command())
    besides = [*open_still(world)]
    try:
        session = Session.examine(world.state)
    except SessionDamaged as damaged:
        return replace(nothing, state="unknown", reason=damaged.message)
    if session is None:
        return replace(nothing, changed=tuple(job.told() for job in besides))
    world.session_id = session.id
    run = Run(flow.steps(world), session, Scripted(yes=False))
    if not session.foreign:
        run.refresh([job.ask for job in besides], within=PATIENCE)
    stands = standing(run, world)
    unheard = tuple(job.told() for job in besides if not job.heard)
    whose = _whose(run, world) if stands.job else ""
    told = "\n".join((stands.reason, *stands.changed))
    return replace(stands, changed=(*stands.changed, *([whose] if whose not in told else ()), *unheard))


def _whose(run: Run, world: World) -> str:
    """That the job was made with another key, or at another address, than what is here; a key that can't be one was told already."""
    from wizard.steps import account

    with suppress(UsageError):
        made, now = account.made_with(run.facts), account.here(run.facts, world)
        return account.contrast(_("The session here"), made, now)
    return ""
