"""``jobs``: listed, shown, followed, waited for and canceled; their logs, and what those tell as numbers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from wizard import process
from wizard.commands import told, whereabouts
from wizard.commands.consent import confirmed, unchanged
from wizard.commands.listing import SHOWN, table
from wizard.commands.scene import Scene
from wizard.commands.whereabouts import Whereabouts
from wizard.contract import forms
from wizard.engine.step import Facts, Front, Quit
from wizard.engine.view import Table, View
from wizard.errors import PlatformError, StillRunning, StorageError
from wizard.locale import _, enumerated
from wizard.steps.origin import origin_of
from wizard.steps.wording import rfc3339
from wizard.steps.world import World

if TYPE_CHECKING:
    from wizard.bailian.service import Job, Platform

LARGEST_LOG = 64 << 20  # characters of one log


def jobs(scene: Scene) -> int:
    """``jobs list|show|logs|metrics|watch|wait|cancel``."""
    arguments, world, front = scene.arguments, scene.world, scene.front
    action = arguments.action or "list"
    if action == "list":
        platform = world.platform(whereabouts.of_a_list(world, front))
        found = list(islice(platform.jobs(), None if arguments.all else SHOWN))
        return scene.report(_listed_jobs(found, world) if arguments.json else {}, _jobs_table(found))
    if action == "wait":
        return _wait(scene)
    about = _about(arguments.id, scene)
    with about.seen_from_here():
        return _ON_A_JOB[action](scene, about, world.platform(about.facts))


def _about(job_id: str, scene: Scene) -> Whereabouts:
    return whereabouts.of_one(job_id, _("The job {id}").format(id=job_id), scene.world, scene.front)


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
    """One that has ended already stays as it is: that is what was wanted."""
    job = platform.job(scene.arguments.id)
    kept = forms.Canceled(job_id=job.job_id, cancelled=False, status=job.status)
    if job.final:
        ended = _("{id} has ended already: {status}. There is nothing to cancel.")
        return scene.report(kept, ended.format(id=job.job_id, status=job.status))
    question = _(
        "Cancel {id} ({status})? Its training is lost, and what it has trained until now is billed."
    ).format(id=job.job_id, status=job.status)
    if not confirmed(scene, question, _("Yes, cancel the job")):
        return unchanged(scene, kept)
    platform.cancel_job(job.job_id)
    asked = _("{id}: the platform has been asked to cancel it.").format(id=job.job_id)
    return scene.report(forms.Canceled(job_id=job.job_id, cancelled=True, status=job.status), asked)


def _jobs_table(found: Sequence[Job]) -> View:
    from wizard.bailian import models
    from wizard.steps.wording import moment, whose_clock

    def type_and_name(job: Job) -> str:
        kind = job.training_type
        told = models.training_type_words(kind)[0] if kind in models.TRAINING_TYPES else kind
        return " · ".join(filter(None, (told, "" if job.name == job.job_id else job.name)))

    rows = tuple(
        (job.job_id, job.status, job.model, moment(job.created), type_and_name(job)) for job in found
    )
    heads = (_("Job"), _("Status"), _("Model"), _("Created"), _("Type and name"))
    return table(Table(heads, rows), whose_clock(), none=_("There are no jobs."))


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
    from wizard.bailian.metrics import metric

    log = _Lines(platform, scene.arguments.id)
    points = [point for line in log if (point := parse(line)) is not None and not point.summary]
    log.tell(scene.front)
    steps = max((point.steps for point in points if point.steps), default=None)
    metrics = [metric(point) for point in points]
    found: forms.Metrics = {
        "job_id": scene.arguments.id,
        "steps": steps,
        "metrics": metrics,
        "whole": log.whole,
    }
    heads = (_("Step"), _("Epoch"), _("Training loss"), _("Validation loss"), _("Learning rate"))
    rows = tuple(tuple("" if value is None else f"{value}" for value in one.values()) for one in metrics)
    none = _("The log tells of no step yet.")
    return scene.report(found, table(Table(heads, rows, frozenset(range(5))), none=none))


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


def _followed(about: Whereabouts, job_id: str, scene: Scene, patience: float | None) -> Job:
    """The job once it has ended. Raises StillRunning, and KeyboardInterrupt where the user leaves."""
    from wizard.steps.watch import follow

    world = about.world
    try:
        return follow(
            world.platform(about.facts),
            job_id,
            scene.front,
            pause=world.poll_seconds,
            simulated=world.sandbox,
            back=world.command("jobs", "watch", job_id),
            known=False,
            patience=patience,
        ).job
    except Quit as leaving:
        scene.front.say(leaving.farewell)
        raise KeyboardInterrupt from None


def _watch(scene: Scene, about: Whereabouts, platform: Platform) -> int:
    from wizard.steps.outcome import ending, why

    job = _followed(about, scene.arguments.id, scene, scene.arguments.timeout)
    reason, hint = why(job.status, job.failure_code, job.failure_message)
    found = scene.arguments.json and forms.OneJob(job=_with_losses(job, about, platform))
    shown = ending(job, about.facts, about.world)
    return scene.report(found or {}, shown, failed=told.ended_badly(job.status), message=reason, hint=hint)


def _wait(scene: Scene) -> int:
    """Until all that are named have ended, whichever ends first: 0 where all succeeded, else the code of the worst."""
    until = None if scene.arguments.timeout is None else time.monotonic() + scene.arguments.timeout
    ended: list[tuple[Job, Whereabouts]] = []
    still = ""
    for job_id in dict.fromkeys(scene.arguments.ids):
        about = _about(job_id, scene)
        with about.seen_from_here():
            try:
                left = None if until is None else max(until - time.monotonic(), 0.0)
                ended.append((_followed(about, job_id, scene, left), about))
            except StillRunning as running:
                scene.front.say(running.message, "warn")
                still = running.code
                ended.append((about.world.platform(about.facts).job(job_id), about))
    found: forms.Jobs = {"jobs": []}
    if scene.arguments.json:
        found["jobs"] = [_with_losses(job, about, about.world.platform(about.facts)) for job, about in ended]
    codes = [told.ended_badly(job.status) for job, _about in ended if job.final]
    failed = next((code for code in ("job-failed", "job-gone", "job-canceled") if code in codes), "") or still
    message = _("Not all of the jobs succeeded: {jobs}").format(
        jobs=enumerated(f"{job.job_id} {job.status}" for job, _about in ended if job.status != "SUCCEEDED")
    )
    return scene.report(found, _jobs_table([job for job, _about in ended]), failed=failed, message=message)


_ON_A_JOB = {"show": _show_job, "logs": _logs, "metrics": _metrics, "watch": _watch, "cancel": _cancel}
