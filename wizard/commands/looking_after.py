"""Looking after what is there: jobs, files, models and sessions, each with ``--json``."""

from __future__ import annotations

import sys
from argparse import Namespace
from dataclasses import asdict
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from wizard import process
from wizard.commands.scene import Scene
from wizard.commands.walk import print_json
from wizard.engine.session import Session
from wizard.engine.step import Choice, Decision, Facts, Front, Quit
from wizard.engine.view import Table, Text, View
from wizard.errors import INTERRUPTED, ApprovalMissing, UsageError
from wizard.locale import _, ngettext
from wizard.steps.world import World
from wizard.ui.base import safe

if TYPE_CHECKING:
    from wizard.bailian.plans import Uses

SHOWN = 100  # entries of a list, unless --all
LARGEST_LOG = 64 << 20  # characters of one log


def jobs(scene: Scene) -> int:
    """``jobs list|show|logs|watch|cancel``."""
    arguments, world, front = scene.arguments, scene.world, scene.front
    facts = _facts(world)
    platform = world.platform(facts)
    action = arguments.action or "list"
    if action == "list":
        found = list(islice(platform.jobs(), None if arguments.all else SHOWN))
        rows = [
            (job.job_id, job.status, job.model, job.training_type, job.created, job.name) for job in found
        ]
        heads = (_("Job"), _("Status"), _("Model"), _("Type"), _("Created"), _("Name"))
        _print([asdict(job) for job in found], Table(heads, tuple(rows)), as_json=arguments.json)
    elif action == "show":
        from wizard.steps.watch import ending

        job = platform.job(arguments.id)
        _print(asdict(job), ending(job, facts, world), as_json=arguments.json)
    elif action == "logs":
        _logs(arguments, platform, front)
    elif action == "watch":
        return _watch(arguments, world, front, facts)
    else:
        job = platform.job(arguments.id)
        if job.final:
            raise UsageError(
                _("{id} has ended already: {status}. There is nothing to cancel.").format(
                    id=job.job_id, status=job.status
                )
            )
        _confirm(
            front,
            arguments,
            _(
                "Cancel {id} ({status})? Its training is lost, and what it has trained until now is billed."
            ).format(id=job.job_id, status=job.status),
            _("Yes, cancel the job"),
        )
        platform.cancel_job(job.job_id)
        _print(
            {"job_id": job.job_id, "cancelled": True},
            Text(_("{id}: the platform has been asked to cancel it.").format(id=job.job_id)),
            as_json=arguments.json,
        )
    return 0


def _logs(arguments: Namespace, platform: Any, front: Front) -> None:
    """The log as far as it goes at this moment; people see each line as it comes."""
    from wizard.bailian.service import LONGEST_LOG, log_from

    lines: list[str] = []
    count = size = 0
    whole = True
    for line in log_from(platform, arguments.id, most=LONGEST_LOG + 1):
        if count == LONGEST_LOG or size > LARGEST_LOG:
            whole = False
            break
        count, size = count + 1, size + len(line)
        if arguments.json:
            lines.append(line)
        else:
            print(safe(line, lines=False))
    if arguments.json:
        print_json({"job_id": arguments.id, "logs": lines, "whole": whole})
    if not whole:
        front.say(
            _("The log is very long; these were its first {count:,} lines.").format(count=count), "warn"
        )


def _watch(arguments: Namespace, world: World, front: Front, facts: Facts) -> int:
    from wizard.steps.watch import command, ending, follow

    try:
        job = follow(
            world.platform(facts),
            arguments.id,
            front,
            pause=world.poll_seconds,
            simulated=world.sandbox,
            back=command(world, "jobs", "watch", arguments.id),
            known=False,
        )
    except Quit as leaving:
        front.say(leaving.farewell)
        return INTERRUPTED
    _print(asdict(job), ending(job, facts, world), as_json=arguments.json)
    return 0 if job.status == "SUCCEEDED" else 1


def files(scene: Scene) -> int:
    """``files list|show|delete``."""
    arguments, world, front = scene.arguments, scene.world, scene.front
    platform = world.platform(_facts(world))
    action = arguments.action or "list"
    if action == "list":
        found = list(islice(platform.files(), None if arguments.all else SHOWN))
        rows = [(file.file_id, file.name, _size(file.size), file.created, file.md5) for file in found]
        heads = (_("File"), _("Name"), _("Size"), _("Created"), "md5")
        _print(
            [asdict(file) for file in found],
            Table(heads, tuple(rows), frozenset({2})),
            as_json=arguments.json,
        )
        return 0
    file = platform.file(arguments.id)
    if action == "show":
        shown = tuple((key, str(value)) for key, value in asdict(file).items() if value not in (None, ""))
        _print(asdict(file), Table((_("What"), _("Value")), shown), as_json=arguments.json)
        return 0
    _confirm(
        front,
        arguments,
        _("Delete {name} ({id}) from the platform? Jobs that still wait for it will fail.").format(
            name=file.name, id=file.file_id
        ),
        _("Yes, delete the file"),
    )
    platform.delete_file(file.file_id)
    _print(
        {"file_id": file.file_id, "deleted": True},
        Text(_("{name} ({id}) is deleted.").format(name=file.name, id=file.file_id)),
        as_json=arguments.json,
    )
    return 0


def models(scene: Scene) -> int:
    """``models``: what can be tuned and at which price, from the table that comes with the wizard; no network."""
    from wizard.bailian import models as table
    from wizard.bailian.plans import date_shown

    found = table.models()
    rows = []
    for model in found:
        price = model.price()
        shown = f"{price.amount} {price.currency}" if price else "-"
        rows.append(
            (
                model.code,
                ", ".join(model.training_types),
                shown,
                date_shown(price.date) if price else "-",
                " ".join(model.remarks()),
            )
        )
    heads = (_("Model"), _("Training types"), _("Price per 1,000 tokens"), _("As of"), _("Remarks"))
    listing = [
        {
            "model": model.code,
            "training_types": model.training_types,
            "prices": [asdict(price) | {"amount": str(price.amount)} for price in model.prices],
            "base_retired": model.retirement.date.isoformat() if model.retirement else None,
            "uses": {kind: _uses(model.uses(kind)) for kind in model.training_types},
            "remarks": model.remarks(),
        }
        for model in found
    ]
    _print(listing, Table(heads, tuple(rows), frozenset({2})), as_json=scene.arguments.json)
    return 0


def _uses(found: Uses) -> dict[str, Any]:
    """By which plans a result can be used, each as its price list has it; the least an hour worked out."""
    token, hour = found.by_token, found.by_hour
    return {
        "lora": _plain(asdict(token)) if token else None,
        "mu": _plain({**asdict(hour), "hour": hour.hour}) if hour else None,
    }


def _plain(value: Any) -> Any:
    """With amounts as decimal texts."""
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    return str(value) if isinstance(value, Decimal) else value


def sessions(scene: Scene) -> int:
    """``sessions list|trust``: the one in this folder and those put away; a foreign one is taken over."""
    arguments, world, front = scene.arguments, scene.world, scene.front
    if arguments.action == "trust":
        return _trust(arguments, world, front)
    current = Session.peek(world.state)
    found = [
        {
            "session": session.id,
            "created": session.created,
            "model": session.known.get("training.model"),
            "job": session.known.get("job.id"),
            "status": session.known.get("watch.result", {}).get("status"),
            "put_away": session is not current,
            "foreign": session.foreign,
        }
        for session in (*filter(None, [current]), *Session.put_away(world.state))
    ]
    rows = tuple(
        (
            *(str(entry.get(key) or "-") for key in ("session", "created", "model", "job", "status")),
            _("not yours") if entry["foreign"] else "",
        )
        for entry in found
    )
    heads = (_("Session"), _("Created"), _("Model"), _("Job"), _("Status"), _("Remarks"))
    _print(found, Table(heads, rows), as_json=arguments.json)
    if strangers := world.ledger.foreign():
        front.say(
            ngettext(
                "{count} line of ledger.jsonl is not yours as it stands, and counts for nothing.",
                "{count} lines of ledger.jsonl are not yours as they stand, and count for nothing.",
                len(strangers),
            ).format(count=len(strangers)),
            "warn",
        )
    return 0


def _trust(arguments: Namespace, world: World, front: Front) -> int:
    """Take the foreign session of this folder over, after showing it."""
    from wizard.commands.welcome import said_of_foreign, shown

    with Session.open(world.state) as session:
        before = session.foreign_before()
        if before is None:
            raise UsageError(_("There is no session in this folder that is not yours already."))
        front.show(View((Text(said_of_foreign(before), "warn"), shown(before))))
        _confirm(
            front,
            arguments,
            _(
                "Take its answers over as yours? Its approval is asked again; the jobs and files that it names are looked for."
            ),
            _("Yes, it is mine"),
        )
        session.trust()
        _print(
            {"session": session.id, "trusted": True},
            Text(_("The session {id} is yours now.").format(id=session.id)),
            as_json=arguments.json,
        )
    return 0


def _facts(world: World) -> Facts:
    """What the session in this folder says, for its region and workspace; nothing where it is not this user's own."""
    session = Session.peek(world.state)
    return session.known if session is not None and not session.foreign else Facts()


def _confirm(front: Front, arguments: Namespace, question: str, yes: str) -> None:
    if arguments.yes:
        return
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
        chosen = front.decide(Decision(question, choices, "no", explained))
    except Quit:
        front.say(_("Nothing was changed."))
        raise KeyboardInterrupt from None
    if chosen != "yes":
        raise ApprovalMissing(_("Nothing was changed."))


def _size(size: int | None) -> str:
    from wizard.steps.wording import bytes_shown

    return "?" if size is None else bytes_shown(size)


def _print(value: Any, shown: Table | Text | View, *, as_json: bool) -> None:
    """The result on standard output: JSON, or for people."""
    if as_json:
        print_json(value)
        return
    from wizard.ui.render import print_view

    with process.results():
        print_view(shown if isinstance(shown, View) else View((shown,)), sys.stdout)
