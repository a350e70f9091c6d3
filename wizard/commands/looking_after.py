"""Looking after what is there: jobs, files, models and sessions, each with ``--json``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from wizard import process
from wizard.commands import whereabouts
from wizard.commands.scene import Scene
from wizard.commands.whereabouts import Whereabouts
from wizard.engine.session import Session
from wizard.engine.step import Choice, Decision, Front, Quit
from wizard.engine.view import Table, Text, View
from wizard.errors import INTERRUPTED, ApprovalMissing, PlatformError, UsageError
from wizard.locale import _, enumerated, joined, ngettext
from wizard.steps import shelved
from wizard.steps.world import World

if TYPE_CHECKING:
    from wizard.bailian.plans import Uses
    from wizard.bailian.service import Job, Platform, RemoteFile

SHOWN = 100  # entries of a list, unless --all
LARGEST_LOG = 64 << 20  # characters of one log


def jobs(scene: Scene) -> int:
    """``jobs list|show|logs|watch|cancel``."""
    arguments, world, front = scene.arguments, scene.world, scene.front
    action = arguments.action or "list"
    if action == "list":
        platform = world.platform(whereabouts.of_a_list(world, front))
        found = list(islice(platform.jobs(), None if arguments.all else SHOWN))
        _print([asdict(job) for job in found], _jobs_table(found), as_json=arguments.json)
        return 0
    told = _("The job {id}").format(id=arguments.id)
    about = whereabouts.of_one(arguments.id, told, world, front)
    with about.seen_from_here():
        return _job(action, arguments, about, front)


def _job(action: str, arguments: Namespace, about: Whereabouts, front: Front) -> int:
    platform = about.world.platform(about.facts)
    if action == "show":
        _show_job(arguments, about, platform)
    elif action == "logs":
        _logs(arguments, platform, front)
    elif action == "watch":
        return _watch(arguments, about, platform, front)
    else:
        return _cancel(arguments, platform, front)
    return 0


def _cancel(arguments: Namespace, platform: Platform, front: Front) -> int:
    job = platform.job(arguments.id)
    if job.final:
        raise UsageError(
            _("{id} has ended already: {status}. There is nothing to cancel.").format(
                id=job.job_id, status=job.status
            )
        )
    question = _(
        "Cancel {id} ({status})? Its training is lost, and what it has trained until now is billed."
    ).format(id=job.job_id, status=job.status)
    if not _confirmed(front, arguments, question, _("Yes, cancel the job")):
        return _unchanged({"job_id": job.job_id, "cancelled": False}, as_json=arguments.json)
    platform.cancel_job(job.job_id)
    _print(
        {"job_id": job.job_id, "cancelled": True},
        Text(_("{id}: the platform has been asked to cancel it.").format(id=job.job_id)),
        as_json=arguments.json,
    )
    return 0


def _jobs_table(found: Sequence[Job]) -> View:
    from wizard.bailian import models as table
    from wizard.steps.wording import moment, whose_clock

    def type_and_name(job: Job) -> str:
        kind = job.training_type
        told = table.training_type_words(kind)[0] if kind in table.TRAINING_TYPES else kind
        return " · ".join(filter(None, (told, "" if job.name == job.job_id else job.name)))

    rows = tuple(
        (job.job_id, job.status, job.model, moment(job.created), type_and_name(job)) for job in found
    )
    heads = (_("Job"), _("Status"), _("Model"), _("Created"), _("Type and name"))
    return _table(Table(heads, rows), whose_clock(), none=_("There are no jobs."))


def _table(listed: Table, *remarks: str, none: str = "") -> View:
    """The rows and what goes for all of them; where there are none, only that."""
    if none and not listed.rows:
        return View((Text(none),))
    return View((listed, *(Text(remark, "dim") for remark in remarks if remark)))


def _show_job(arguments: Namespace, about: Whereabouts, platform: Platform) -> None:
    from wizard.steps.outcome import everything

    job = platform.job(arguments.id)
    if arguments.json:
        process.out(_with_cost(job, about))
        return
    names = {one: _name_of(platform, one) for one in (*job.training_files, *job.validation_files)}
    process.out(everything(job, names, about.facts, about.world))


def _with_cost(job: Job, about: Whereabouts) -> dict[str, Any]:
    """The job, and what it cost by its own model's list price; null where that isn't known."""
    from wizard.steps.outcome import cost_of

    cost = cost_of(job, about.facts, about.world)
    told = None
    if cost is not None:
        told = {
            "amount": str(cost.amount.normalize()),
            "currency": cost.price.currency,
            "per_1000_tokens": str(cost.price.amount),
            "as_of": cost.price.date,
        }
    return asdict(job) | {"cost_by_list_price": told}


def _name_of(platform: Platform, file_id: str) -> str:
    """The name of a file; empty where it is gone, or can't be asked about now."""
    with suppress(PlatformError):
        return platform.file(file_id).name
    return ""


def _logs(arguments: Namespace, platform: Platform, front: Front) -> None:
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
            process.out(line, lines=False)
    if arguments.json:
        process.out({"job_id": arguments.id, "logs": lines, "whole": whole})
    if not whole:
        front.say(
            _("The log is very long; these were its first {count:,} lines.").format(count=count), "warn"
        )


def _watch(arguments: Namespace, about: Whereabouts, platform: Platform, front: Front) -> int:
    from wizard.steps.outcome import ending
    from wizard.steps.watch import follow

    world = about.world
    try:
        job = follow(
            platform,
            arguments.id,
            front,
            pause=world.poll_seconds,
            simulated=world.sandbox,
            back=world.command("jobs", "watch", arguments.id),
            known=False,
        )
    except Quit as leaving:
        front.say(leaving.farewell)
        return INTERRUPTED
    if arguments.json:
        process.out(_with_cost(job, about))
    else:
        process.out(ending(job, about.facts, world))
    return 0 if job.status == "SUCCEEDED" else 1


def files(scene: Scene) -> int:
    """``files list|show|delete``."""
    arguments, world, front = scene.arguments, scene.world, scene.front
    if (arguments.action or "list") == "list":
        platform = world.platform(whereabouts.of_a_list(world, front))
        found = list(islice(platform.files(), None if arguments.all else SHOWN))
        _print([asdict(file) for file in found], _files_table(found), as_json=arguments.json)
        return 0
    about = whereabouts.of_one(arguments.id, _("The file {id}").format(id=arguments.id), world, front)
    with about.seen_from_here():
        return _file(arguments, world.platform(about.facts), front)


def _file(arguments: Namespace, platform: Platform, front: Front) -> int:
    file = platform.file(arguments.id)
    if arguments.action == "show":
        _print(asdict(file), _file_shown(file), as_json=arguments.json)
        return 0
    question = _("Delete {name} ({id}) from the platform? Jobs that still wait for it will fail.").format(
        name=file.name, id=file.file_id
    )
    if not _confirmed(front, arguments, question, _("Yes, delete the file")):
        return _unchanged({"file_id": file.file_id, "deleted": False}, as_json=arguments.json)
    platform.delete_file(file.file_id)
    _print(
        {"file_id": file.file_id, "deleted": True},
        Text(_("{name} ({id}) is deleted.").format(name=file.name, id=file.file_id)),
        as_json=arguments.json,
    )
    return 0


def _files_table(found: Sequence[RemoteFile]) -> View:
    from wizard.steps.wording import moment, whose_clock

    rows = tuple(
        (
            file.file_id,
            _size(file.size),
            moment(file.created),
            file.name + (f" · {file.description}" if file.description else ""),
        )
        for file in found
    )
    heads = (_("File"), _("Size"), _("Created"), _("Name"))
    return _table(Table(heads, rows, frozenset({1})), whose_clock(), none=_("There are no files."))


def _file_shown(file: RemoteFile) -> View:
    from wizard.steps.wording import moment, whose_clock

    size = "" if file.size is None else f"{_size(file.size)} ({file.size:,} B)"
    rows = (
        (_("File"), file.file_id),
        (_("Name"), file.name),
        (_("Description"), file.description),
        (_("Purpose"), file.purpose),
        (_("Size"), size),
        ("md5", file.md5),
        (_("Created"), moment(file.created)),
    )
    return _table(Table((_("What"), _("Value")), tuple(row for row in rows if row[1])), whose_clock())


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
                shown,
                date_shown(price.date) if price else "-",
                enumerated(model.training_types),
                joined(*model.remarks()),
            )
        )
    heads = (_("Model"), _("Per 1,000"), _("As of"), _("Training types"), _("Remarks"))
    listing = [
        {
            "model": model.code,
            "training_types": model.training_types,
            "text": model.text,
            "prices": [asdict(price) | {"amount": str(price.amount)} for price in model.prices],
            "base_retired": model.retirement.date.isoformat() if model.retirement else None,
            "uses": {kind: _uses(model.uses(kind)) for kind in model.training_types},
            "remarks": model.remarks(),
        }
        for model in found
    ]
    here = sum(model.text for model in found)
    told = (
        _("Prices are for 1,000 training tokens."),
        _("This wizard trains {here} of them, with text; {others} are for images and only listed.").format(
            here=here, others=len(found) - here
        ),
    )
    _print(listing, _table(Table(heads, tuple(rows), frozenset({1})), *told), as_json=scene.arguments.json)
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
    """``sessions list|open|trust``: the one in this folder and those put away; one is brought back, a foreign one taken over."""
    arguments, world, front = scene.arguments, scene.world, scene.front
    if arguments.action == "trust":
        return _trust(arguments, world, front)
    if arguments.action == "open":
        return _bring_back(arguments, world)
    current = Session.peek(world.state)
    now = shelved.asked(world)
    there = (*filter(None, [current]), *Session.put_away(world.state))
    found = [
        _listed(session, world, now, put_away=session is not current)
        for session in sorted(there, key=lambda session: session.at, reverse=True)
    ]
    _print(found, _sessions_table(found), as_json=arguments.json)
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


def _listed(session: Session, world: World, now: Mapping[str, str], *, put_away: bool) -> dict[str, Any]:
    """What ``session`` is about and what came of it; ``now``: what the platform says of jobs, by their ids."""
    from wizard.steps.dataset import name_of

    job = shelved.job_of(session)
    return {
        "session": session.id,
        "created": session.created,
        "touched": session.touched,
        "data": name_of(session.known) or None,
        "model": session.known.get("training.model"),
        "job": job or None,
        "status": shelved.status_of(session, world) or now.get(job),
        "unknown": not job
        and any(effect.kind == "job" and effect.state == "sent" for effect in session.effects.values()),
        "put_away": put_away,
        "foreign": session.foreign,
    }


def _sessions_table(found: Sequence[Mapping[str, Any]]) -> View:
    """Each with its model, its job and where it lies."""
    from wizard.steps.wording import moment

    def more(entry: Mapping[str, Any]) -> str:
        places = (_("put away") if entry["put_away"] else "", _("not yours") if entry["foreign"] else "")
        return " · ".join(filter(None, (entry["model"], entry["job"], *places)))

    rows = tuple(
        (
            str(entry["session"]),
            moment(entry["touched"]),
            entry["status"] or (_("not known") if entry["job"] or entry["unknown"] else _("no job yet")),
            entry["data"] or "-",
            more(entry),
        )
        for entry in found
    )
    heads = (_("Session"), _("Last used"), _("Outcome"), _("Data"), _("Model and job"))
    return _table(Table(heads, rows), none=_("There is no session in this folder."))


def _bring_back(arguments: Namespace, world: World) -> int:
    """Go on with a session that was put away."""
    from wizard.commands.welcome import refuse_in_doubt

    with Session.open(world.state) as session:
        refuse_in_doubt(session)
        before = session.id
        kept = session.bring_back(arguments.id)
        told = _("The session {id} lies here again; go on with: {command}").format(
            id=session.id, command="bailian-wizard --sandbox" if world.sandbox else "bailian-wizard"
        )
        if kept is not None:
            told += "\n" + _("The session before is kept as {path}.").format(path=kept)
        value = {"session": session.id, "put_away": before if kept is not None else None}
        _print(value, Text(told), as_json=arguments.json)
    return 0


def _trust(arguments: Namespace, world: World, front: Front) -> int:
    """Take the foreign session of this folder over, after showing it."""
    from wizard.commands.welcome import said_of_foreign, shown

    with Session.open(world.state) as session:
        before = session.foreign_before()
        if before is None:
            raise UsageError(_("There is no session in this folder that is not yours already."))
        front.show(View((Text(said_of_foreign(before), "warn"), shown(before))))
        question = _(
            "Take its answers over as yours? Its approval is asked again; the jobs and files that it names are looked for."
        )
        if not _confirmed(front, arguments, question, _("Yes, it is mine")):
            return _unchanged({"session": session.id, "trusted": False}, as_json=arguments.json)
        session.trust()
        _print(
            {"session": session.id, "trusted": True},
            Text(_("The session {id} is yours now.").format(id=session.id)),
            as_json=arguments.json,
        )
    return 0


def _unchanged(value: Any, *, as_json: bool) -> int:
    """A person said no: that is an answer, and no error."""
    _print(value, Text(_("Nothing was changed.")), as_json=as_json)
    return 0


def _confirmed(front: Front, arguments: Namespace, question: str, yes: str) -> bool:
    if arguments.yes:
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


def _size(size: int | None) -> str:
    from wizard.steps.wording import bytes_shown

    return "?" if size is None else bytes_shown(size)


def _print(value: Any, shown: Table | Text | View, *, as_json: bool) -> None:
    """The result on standard output: JSON, or for people."""
    view = shown if isinstance(shown, View) else View((shown,))
    process.out(value if as_json else view)
