"""``approve``: a person looks at the plan that lies here, and types the word, for a program that may then run it."""

from __future__ import annotations

from wizard import flow
from wizard.commands import welcome
from wizard.commands.scene import Scene
from wizard.engine.run import Run
from wizard.engine.session import Session
from wizard.engine.step import Field, Quit
from wizard.errors import ApprovalMissing, UsageError
from wizard.locale import _


def approve(scene: Scene) -> int:
    """``approve DIGEST``: only at a terminal, and only for the very plan that has this digest now."""
    from wizard.money import approvals
    from wizard.steps import permission
    from wizard.steps.approval import allowed
    from wizard.steps.plan import plan_of
    from wizard.steps.review import YES, Review

    world, front, wanted = scene.world, scene.front, scene.arguments.digest
    if not scene.able.attended:
        raise UsageError(
            _("A plan is approved by a person, and there is no terminal to ask one at."),
            _("Run this line in a terminal, in the same folder."),
        )
    with Session.open(world.state) as session:
        world.session_id = session.id
        run = Run(flow.steps(world), session, scene.scripted(yes=True))
        welcome.refresh(run, world)
        if run.sealed:
            raise UsageError(_("The job of this session has been created; there is nothing left to approve."))
        run.go(before="review")
        facts = run.facts
        permission.ask(facts, world)
        allowed(facts, world)
        plan = plan_of(facts, world)
        if plan.digest != wanted:
            raise ApprovalMissing(
                _("The plan that lies here is another one: its digest is {digest}.").format(
                    digest=plan.digest
                ),
                _("Have it made again, then approve the digest that it has then."),
                digest=plan.digest,
            )
        front.show(Review(world).whole(facts))
        label = _("Type {word} to let a program run exactly this plan, once, within an hour").format(word=YES)
        try:
            front.ask(Field(key="review.approval", kind="word", label=label, word=YES, value=wanted))
        except Quit:
            raise KeyboardInterrupt from None
        approvals.note(wanted, world.folder)
    front.say(_("Approved: {digest}").format(digest=wanted), "good")
    return 0
