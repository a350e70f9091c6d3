"""Step 8: the job's status and loss as they come, until it ends or the user leaves."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any, ClassVar

from wizard.bailian import endpoints
from wizard.bailian.logs import Point, parse
from wizard.bailian.service import SUCCEEDED, Job, Platform, log_from
from wizard.engine.step import Facts, Front, Quit, Step, Work
from wizard.engine.view import Block, Curve, Table, Text, View
from wizard.errors import NeverSent, OutcomeUnknown, StorageError
from wizard.locale import _
from wizard.steps import approval
from wizard.steps.wording import money, span
from wizard.steps.world import SANDBOX_REGION, World

FIRST_PAUSE = 1.0  # seconds; then longer and longer
LONGEST_PAUSE = 60.0  # seconds between looks while the platform can't be reached
TAIL = 3  # log lines shown


class Watch(Step):
    """Follows the job; leaving does not stop it."""

    id: ClassVar[str] = "watch"
    needs: ClassVar[tuple[str, ...]] = ("job.id",)
    gives: ClassVar[tuple[str, ...]] = ("watch.result",)

    def __init__(self, world: World) -> None:
        self._world = world

    def title(self) -> str:
        """As on the screen."""
        return _("Training")

    def perform(self, work: Work) -> Mapping[str, Any]:
        """How the job ended: status, billed tokens, the model's name."""
        facts = work.facts
        platform = self._world.platform(facts)
        work.front.say(
            _("You may leave at any time with Ctrl-C: the job goes on, and the next start comes back here."),
            "dim",
        )
        try:
            job = follow(
                platform,
                facts["job.id"],
                work.front,
                pause=self._world.poll_seconds,
                simulated=self._world.sandbox,
            )
        except KeyboardInterrupt:
            raise Quit(
                _("The job {id} goes on without you. To come back: {command}").format(
                    id=facts["job.id"], command=command(self._world)
                )
            ) from None
        work.front.show(ending(job, facts, self._world))
        with suppress(StorageError):  # only told in a later plan; not worth the result that is here
            approval.record("ended", facts, self._world, job_id=job.job_id, status=job.status)
        return {
            "watch.result": {
                "status": job.status,
                "usage": job.usage,
                "output_model": job.output_model,
                "ended": job.ended,
                "failure_code": job.failure_code,
                "failure_message": job.failure_message,
            }
        }

    def line(self, facts: Facts) -> str:
        """How it ended."""
        result = facts["watch.result"]
        return f"{result['status']} {result['output_model']}".strip()


def follow(platform: Platform, job_id: str, front: Front, *, pause: float, simulated: bool) -> Job:
    """The job once it has ended, its course shown until then. A network that fails is waited for."""
    points: list[Point] = []
    tail: list[str] = []
    seen = 0
    wait = min(FIRST_PAUSE, pause)
    started = time.monotonic()
    with front.live() as live:
        while True:
            trouble = ""
            job: Job | None = None
            try:
                job = platform.job(job_id)
                for line in log_from(platform, job_id, seen):
                    seen += 1
                    tail = [*tail, line][-TAIL:]
                    if (point := parse(line)) is not None:
                        points.append(point)
                wait = min(wait * 1.5, pause)
            except (NeverSent, OutcomeUnknown) as unreachable:
                trouble = unreachable.message
                wait = min(wait * 2, LONGEST_PAUSE)
            live.update(_course(job, points, tail, trouble, time.monotonic() - started, simulated=simulated))
            if job is not None and job.final:
                return job
            time.sleep(wait)


def _course(
    job: Job | None, points: list[Point], tail: list[str], trouble: str, seconds: float, *, simulated: bool
) -> View:
    blocks: list[Block] = []
    if trouble:
        blocks.append(
            Text(_("The platform can't be reached, trying again: {trouble}").format(trouble=trouble), "warn")
        )
    if job is not None:
        status = _("{status} · watched for {time}").format(
            status=status_shown(job.status), time=span(seconds)
        )
        blocks.append(Text(_("{text} (simulated)").format(text=status) if simulated else status))
    curve = curve_of(points, simulated=simulated)
    if curve is not None:
        blocks.append(curve)
    blocks.append(Text("\n".join(tail), "dim"))
    return View(tuple(blocks))


def curve_of(points: list[Point], *, simulated: bool) -> Curve | None:
    """The losses by step (by order of appearance where the log tells no step), or None before the first one."""
    series = []
    for label, values in (
        (_("training loss"), [(point.step, point.loss) for point in points]),
        (_("validation loss"), [(point.step, point.eval_loss) for point in points]),
    ):
        plotted = sorted(
            (float(order if step is None else step), value)
            for order, (step, value) in enumerate(values, 1)
            if value is not None and abs(value) < float("inf")
        )
        if plotted:
            series.append((label, tuple(plotted)))
    if not series:
        return None
    title = _("Loss by step")
    return Curve(_("{text} (simulated)").format(text=title) if simulated else title, tuple(series))


def status_shown(status: str) -> str:
    """A job's status with what it means; one that is not known is shown as it is."""
    meanings = {
        "PENDING": _("accepted"),
        "QUEUING": _("waiting for its turn: one training runs at a time"),
        "RUNNING": _("training"),
        "CANCELING": _("being cancelled"),
        "SUCCEEDED": _("finished"),
        "FAILED": _("failed"),
        "CANCELED": _("cancelled"),
    }
    return f"{status} ({meanings[status]})" if status in meanings else status


def command(world: World, *rest: str) -> str:
    """A command line for later that works on the same platform."""
    return " ".join(("bailian-wizard", *rest, *(("--sandbox",) if world.sandbox else ())))


def ending_again(facts: Facts, world: World) -> View:
    """The last screen of a session that has come to its end before."""
    return ending(Job(job_id=facts["job.id"], **facts["watch.result"]), facts, world)


def ending(job: Job, facts: Facts, world: World) -> View:
    """The last screen: what came of it, what it cost, where to look, the commands for later."""
    region = facts.get("key.region") or endpoints.DEFAULT_REGION
    simulated = _(" (simulated)") if world.sandbox else ""
    rows = [(_("Job"), job.job_id), (_("Status"), status_shown(job.status) + simulated)]
    if job.failure_message or job.failure_code:
        rows.append((_("Reason given"), f"{job.failure_message} ({job.failure_code})"))
    if job.output_model and job.status == SUCCEEDED:
        rows.append((_("Your model"), job.output_model))
    if job.usage is not None:
        rows.append((_("Billed tokens"), f"{job.usage:,}{simulated}"))
        estimate = facts.get("training.estimate")
        if estimate:
            cost = Decimal(job.usage) * Decimal(estimate["price"]) / 1000
            shown = money(cost, cost, estimate["currency"])
            expected = money(estimate["low"], estimate["high"], estimate["currency"])
            rows.append(
                (
                    _("Cost by list price"),
                    _("{cost}{simulated}; estimated before: {expected}").format(
                        cost=shown, simulated=simulated, expected=expected
                    ),
                )
            )
    if not world.sandbox and region != SANDBOX_REGION:
        rows.append((_("In the console"), endpoints.console_jobs(region)))
        if job.status == SUCCEEDED:
            rows.append((_("Deploy it at"), endpoints.console_deploy(region)))
    rows += [
        (_("See it again"), command(world, "jobs", "show", job.job_id)),
        (_("Its log"), command(world, "jobs", "logs", job.job_id)),
        (_("Train another one"), command(world, "--new")),
    ]
    blocks: list[Block] = [Table((_("What"), _("Value")), tuple(rows))]
    if job.status == SUCCEEDED and not world.sandbox:
        blocks.append(
            Text(_("The model has to be deployed before it can be called; a deployment costs extra."), "warn")
        )
    return View(tuple(blocks))
