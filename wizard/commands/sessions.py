"""``sessions``: the one in this folder and those put away; one is brought back, a foreign one taken over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wizard.commands import told
from wizard.commands.consent import confirmed, unchanged
from wizard.commands.listing import table
from wizard.commands.scene import Scene
from wizard.contract import forms
from wizard.engine.session import Session
from wizard.engine.step import Facts
from wizard.engine.view import Table, Text, View
from wizard.errors import UsageError
from wizard.locale import _, joined, ngettext
from wizard.steps import shelved
from wizard.steps.wording import rfc3339
from wizard.steps.world import World


def sessions(scene: Scene) -> int:
    """``sessions list|open|trust``: the one in this folder and those put away; one is brought back, a foreign one taken over."""
    arguments, world, front = scene.arguments, scene.world, scene.front
    if arguments.action == "trust":
        return _trust(scene)
    if arguments.action == "open":
        return _bring_back(scene)
    current = Session.peek(world.state)
    now = shelved.asked(world)
    there = (*filter(None, [current]), *Session.put_away(world.state))
    found = [
        _listed(session, world, now, put_away=session is not current)
        for session in sorted(there, key=lambda session: session.at, reverse=True)
    ]
    scene.report(forms.Sessions(sessions=found), _sessions_table(found))
    if strangers := world.ledger.foreign():
        front.say(
            ngettext(
                "{count} line of ledger.jsonl is not yours as it stands, and counts for nothing.",
                "{count} lines of ledger.jsonl are not yours as they stand, and count for nothing.",
                len(strangers),
            ).format(count=len(strangers)),
            "warn",
        )
    unreadable = [*Session.unreadable(world.state)]
    for trouble in unreadable:
        front.say(joined(trouble.message, trouble.hint), "warn")
    return max((trouble.exit_code for trouble in unreadable), default=0)


def _listed(session: Session, world: World, now: Mapping[str, str], *, put_away: bool) -> forms.Session:
    """What ``session`` is about and what came of it; ``now``: what the platform says of jobs, by their ids."""
    from wizard.steps.dataset import name_of

    job = shelved.job_of(session)
    known = told.job_of(Facts(session.known | {"job.id": job}, session.known.sources), world)
    if known is not None:
        known["status"] = shelved.status_of(session, world) or now.get(job) or None
    return {
        "session": session.id,
        "created": rfc3339(session.created),
        "touched": rfc3339(session.touched),
        "data": name_of(session.known) or None,
        "model": session.known.get("training.model"),
        "job": known,
        "unknown": not job
        and any(effect.kind == "job" and effect.state == "sent" for effect in session.effects.values()),
        "put_away": put_away,
        "foreign": session.foreign,
    }


def _sessions_table(found: Sequence[forms.Session]) -> View:
    """Each with its model, its job and where it lies."""
    from wizard.steps.wording import moment

    def more(entry: forms.Session) -> str:
        places = (_("put away") if entry["put_away"] else "", _("not yours") if entry["foreign"] else "")
        job = entry["job"] and entry["job"]["id"]
        return " · ".join(filter(None, (entry["model"], job, *places)))

    def outcome(entry: forms.Session) -> str:
        if entry["job"] is not None and entry["job"]["status"]:
            return entry["job"]["status"]
        return _("not known") if entry["job"] or entry["unknown"] else _("no job yet")

    rows = tuple(
        (entry["session"], moment(entry["touched"] or ""), outcome(entry), entry["data"] or "-", more(entry))
        for entry in found
    )
    heads = (_("Session"), _("Last used"), _("Outcome"), _("Data"), _("Model and job"))
    return table(Table(heads, rows), none=_("There is no session in this folder."))


def _bring_back(scene: Scene) -> int:
    """Go on with a session that was put away."""
    from wizard.commands.welcome import refuse_in_doubt

    arguments, world = scene.arguments, scene.world
    with Session.open(world.state) as session:
        refuse_in_doubt(session)
        before = session.id
        kept = session.bring_back(arguments.id)
        shown = _("The session {id} lies here again; go on with: {command}").format(
            id=session.id, command="bailian-wizard --sandbox" if world.sandbox else "bailian-wizard"
        )
        if kept is not None:
            shown += "\n" + _("The session before is kept as {path}.").format(path=kept)
        value = forms.Opened(session=session.id, put_away=before if kept is not None else None)
        return scene.report(value, shown)


def _trust(scene: Scene) -> int:
    """Take the foreign session of this folder over, after showing it."""
    from wizard.commands.welcome import said_of_foreign, shown

    world, front = scene.world, scene.front
    with Session.open(world.state) as session:
        before = session.foreign_before()
        if before is None:
            raise UsageError(_("There is no session in this folder that is not yours already."))
        front.show(View((Text(said_of_foreign(before), "warn"), shown(before))))
        question = _(
            "Take its answers over as yours? Its approval is asked again; the jobs and files that it names are looked for."
        )
        if not confirmed(scene, question, _("Yes, it is mine")):
            return unchanged(scene, forms.Trusted(session=session.id, trusted=False))
        session.trust()
        mine = _("The session {id} is yours now.").format(id=session.id)
        return scene.report(forms.Trusted(session=session.id, trusted=True), mine)
