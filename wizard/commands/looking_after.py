"""Looking after what is there: jobs, files, models and sessions, each with ``--json``."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

from wizard import process
from wizard.commands import told, whereabouts
from wizard.commands.scene import Scene
from wizard.commands.whereabouts import Whereabouts
from wizard.contract import forms
from wizard.engine.session import Session
from wizard.engine.step import Choice, Decision, Facts, Front, Quit
from wizard.engine.view import Table, Text, View
from wizard.errors import ApprovalMissing, PlatformError, StorageError, UsageError
from wizard.locale import _, enumerated, joined, ngettext
from wizard.steps import shelved
from wizard.steps.origin import origin_of
from wizard.steps.wording import rfc3339
from wizard.steps.world import World

if TYPE_CHECKING:
    from wizard.bailian.models import Price
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
        return scene.report(_listed_jobs(found, world) if arguments.json else {}, _jobs_table(found))
    told = _("The job {id}").format(id=arguments.id)
    about = whereabouts.of_one(arguments.id, told, world, front)
    with about.seen_from_here():
        return _ON_A_JOB[action](scene, about, world.platform(about.facts))


def _listed_jobs(found: Sequence[Job], world: World) -> forms.Jobs:
    """Each with what the session that made it knows, where one here did."""
    asked = rfc3339(str(int(time.time())))
    return {"jobs": [told.job(job, _made_by(job, world), world, asked=asked) for job in found]}


def _made_by(job: Job, world: World) -> Facts:
    """What the session that made it knows; nothing where none here that can be read did."""
    with suppress(StorageError):
        origin = origin_of(job.job_id, world)
        return Facts() if origin is None else origin.facts
    return Facts()


def _cancel(scene: Scene, _about: Whereabouts, platform: Platform) -> int:
    arguments, front = scene.arguments, scene.front
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
        return _unchanged(scene, forms.Canceled(job_id=job.job_id, cancelled=False, status=job.status))
    platform.cancel_job(job.job_id)
    asked = _("{id}: the platform has been asked to cancel it.").format(id=job.job_id)
    return scene.report(forms.Canceled(job_id=job.job_id, cancelled=True, status=job.status), asked)


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


def _show_job(scene: Scene, about: Whereabouts, platform: Platform) -> int:
    from wizard.steps.outcome import everything

    job = platform.job(scene.arguments.id)
    if scene.arguments.json:
        return scene.report(forms.OneJob(job=_with_losses(job, about, platform)))
    names = {one: _name_of(platform, one) for one in (*job.training_files, *job.validation_files)}
    return scene.report({}, everything(job, names, about.facts, about.world))


def _with_losses(job: Job, about: Whereabouts, platform: Platform) -> forms.Job:
    """The job as the platform has just told of it, with the last losses of its log."""
    asked = rfc3339(str(int(time.time())))
    return told.job(job, about.facts, about.world, asked=asked, loss=told.last_loss(platform, job.job_id))


def _name_of(platform: Platform, file_id: str) -> str:
    """The name of a file; empty where it is gone, or can't be asked about now."""
    with suppress(PlatformError):
        return platform.file(file_id).name
    return ""


def _logs(scene: Scene, _about: Whereabouts, platform: Platform) -> int:
    """The log as far as it goes at this moment; people see each line as it comes."""
    log = _Lines(platform, scene.arguments.id)
    lines: list[str] = []
    for line in log:
        if scene.arguments.json:
            lines.append(line)
        else:
            process.out(line, lines=False)
    log.tell(scene.front)
    return scene.report(forms.Log(job_id=scene.arguments.id, logs=lines, whole=log.whole))


def _metrics(scene: Scene, _about: Whereabouts, platform: Platform) -> int:
    """What the log says of the training's course, as numbers."""
    from wizard.bailian.logs import parse

    log = _Lines(platform, scene.arguments.id)
    points = [point for line in log if (point := parse(line)) is not None and not point.summary]
    log.tell(scene.front)
    steps = max((point.steps for point in points if point.steps), default=None)
    metrics = [told.metric(point) for point in points]
    found: forms.Metrics = {
        "job_id": scene.arguments.id,
        "steps": steps,
        "metrics": metrics,
        "whole": log.whole,
    }
    heads = (_("Step"), _("Epoch"), _("Training loss"), _("Validation loss"), _("Learning rate"))
    rows = tuple(
        tuple("" if value is None else f"{value}" for value in metric.values()) for metric in metrics
    )
    none = _("The log tells of no step yet.")
    return scene.report(found, _table(Table(heads, rows, frozenset(range(5))), none=none))


class _Lines:
    """The lines of a job's log that there are now; ``whole``: whether none was left out, known once they were read."""

    def __init__(self, platform: Platform, job_id: str) -> None:
        self._platform, self._job_id = platform, job_id
        self._count = 0
        self.whole = True

    def __iter__(self) -> Iterator[str]:
        from wizard.bailian.service import LONGEST_LOG, log_from

        size = 0
        for line in log_from(self._platform, self._job_id, most=LONGEST_LOG + 1):
            if self._count == LONGEST_LOG or size > LARGEST_LOG:
                self.whole = False
                return
            self._count, size = self._count + 1, size + len(line)
            yield line

    def tell(self, front: Front) -> None:
        """That these were not all, where they weren't."""
        if not self.whole:
            said = _("The log is very long; these were its first {count:,} lines.")
            front.say(said.format(count=self._count), "warn")


def _watch(scene: Scene, about: Whereabouts, platform: Platform) -> int:
    from wizard.steps.outcome import ending, why
    from wizard.steps.watch import follow

    world, front = about.world, scene.front
    try:
        job = follow(
            platform,
            scene.arguments.id,
            front,
            pause=world.poll_seconds,
            simulated=world.sandbox,
            back=world.command("jobs", "watch", scene.arguments.id),
            known=False,
        ).job
    except Quit as leaving:
        front.say(leaving.farewell)
        raise KeyboardInterrupt from None
    reason, hint = why(job.status, job.failure_code, job.failure_message)
    shown = ending(job, about.facts, world)
    found = scene.arguments.json and forms.OneJob(job=_with_losses(job, about, platform))
    return scene.report(found or {}, shown, failed=told.ended_badly(job.status), message=reason, hint=hint)


_ON_A_JOB = {"show": _show_job, "logs": _logs, "metrics": _metrics, "watch": _watch, "cancel": _cancel}


def files(scene: Scene) -> int:
    """``files list|show|delete``."""
    arguments, world, front = scene.arguments, scene.world, scene.front
    if (arguments.action or "list") == "list":
        platform = world.platform(whereabouts.of_a_list(world, front))
        found = list(islice(platform.files(), None if arguments.all else SHOWN))
        return scene.report(forms.Files(files=[told.file(file) for file in found]), _files_table(found))
    about = whereabouts.of_one(arguments.id, _("The file {id}").format(id=arguments.id), world, front)
    with about.seen_from_here():
        return _file(scene, world.platform(about.facts))


def _file(scene: Scene, platform: Platform) -> int:
    arguments = scene.arguments
    file = platform.file(arguments.id)
    if arguments.action == "show":
        return scene.report(forms.OneFile(file=told.file(file)), _file_shown(file))
    question = _("Delete {name} ({id}) from the platform? Jobs that still wait for it will fail.").format(
        name=file.name, id=file.file_id
    )
    kept: forms.Deleted = {
        "file_id": file.file_id,
        "name": file.name or None,
        "deleted": False,
        "gone": False,
    }
    if not _confirmed(scene.front, arguments, question, _("Yes, delete the file")):
        return _unchanged(scene, forms.DeletedFiles(files=[kept]))
    platform.delete_file(file.file_id)
    removed: forms.Deleted = {**kept, "deleted": True, "gone": True}
    shown = _("{name} ({id}) is deleted.").format(name=file.name, id=file.file_id)
    return scene.report(forms.DeletedFiles(files=[removed]), shown)


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
        amount = f"{price.amount} {price.currency}" if price else "-"
        rows.append(
            (
                model.code,
                amount,
                date_shown(price.date) if price else "-",
                enumerated(model.training_types),
                joined(*model.remarks()),
            )
        )
    heads = (_("Model"), _("Per 1,000"), _("As of"), _("Training types"), _("Remarks"))
    listing: list[forms.Model] = [
        {
            "model": model.code,
            "training_types": list(model.training_types),
            "text": model.text,
            "prices": [_price(price) for price in model.prices],
            "base_retired": model.retirement.date.isoformat() if model.retirement else None,
            "uses": {kind: _uses(model.uses(kind)) for kind in model.training_types},
            "remarks": list(model.remarks()),
        }
        for model in found
    ]
    here = sum(model.text for model in found)
    remarks = (
        _("Prices are for 1,000 training tokens."),
        _("This wizard trains {here} of them, with text; {others} are for images and only listed.").format(
            here=here, others=len(found) - here
        ),
    )
    shown = _table(Table(heads, tuple(rows), frozenset({1})), *remarks)
    return scene.report(forms.Models(models=listing), shown)


def _price(price: Price) -> forms.Price:
    return {
        "amount": str(price.amount),
        "currency": price.currency,
        "region": price.region,
        "source": price.source,
        "date": price.date,
    }


def _uses(found: Uses) -> forms.Uses:
    """By which plans a result can be used, each as its price list has it; the least an hour worked out."""
    token, hour = found.by_token, found.by_hour
    by_token: forms.ByToken | None = None
    if token is not None:
        by_token = {
            "input": str(token.input),
            "output": str(token.output),
            "thinking": None if token.thinking is None else str(token.thinking),
            "long": None if token.long is None else [*map(str, token.long)],
            "currency": token.currency,
            "source": token.source,
            "date": token.date,
        }
    by_hour: forms.ByHour | None = None
    if hour is not None:
        by_hour = {
            "unit": hour.unit,
            "least": hour.least,
            "price": str(hour.price),
            "currency": hour.currency,
            "source": hour.source,
            "date": hour.date,
            "hour": str(hour.hour),
        }
    return {"lora": by_token, "mu": by_hour}


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
    return _table(Table(heads, rows), none=_("There is no session in this folder."))


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

    arguments, world, front = scene.arguments, scene.world, scene.front
    with Session.open(world.state) as session:
        before = session.foreign_before()
        if before is None:
            raise UsageError(_("There is no session in this folder that is not yours already."))
        front.show(View((Text(said_of_foreign(before), "warn"), shown(before))))
        question = _(
            "Take its answers over as yours? Its approval is asked again; the jobs and files that it names are looked for."
        )
        if not _confirmed(front, arguments, question, _("Yes, it is mine")):
            return _unchanged(scene, forms.Trusted(session=session.id, trusted=False))
        session.trust()
        mine = _("The session {id} is yours now.").format(id=session.id)
        return scene.report(forms.Trusted(session=session.id, trusted=True), mine)


def _unchanged(scene: Scene, value: Mapping[str, Any]) -> int:
    """A person said no: that is an answer, and no error."""
    return scene.report(value, _("Nothing was changed."))


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
