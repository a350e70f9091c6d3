"""Step 8: the job's status and loss as they come, until it ends or the user leaves."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from wizard.bailian import endpoints
from wizard.bailian.logs import Losses, parse
from wizard.bailian.service import LONGEST_LOG, SUCCEEDED, Job, Platform, log_from
from wizard.engine.step import Facts, Front, Quit, Step, Work
from wizard.engine.view import Block, Curve, Table, Text, View
from wizard.errors import PlatformError
from wizard.locale import _
from wizard.steps import approval
from wizard.steps.wording import money, span
from wizard.steps.world import SANDBOX_REGION, World

FIRST_PAUSE = 1.0  # seconds; then longer and longer
LONGEST_PAUSE = 60.0  # seconds between looks while there is no news
# Trouble that may pass (no network, 5xx, too many requests) is waited for without an end. A refusal (401, 403, 404) may be
# a proxy's word, or a list that is late: it counts once it was given so often in a row, about three minutes.
LOOKS = 8
FIRST_LOOKS = 3  # for an id that somebody typed and that the platform has never known
TAIL = 3  # log lines shown
LONGEST_LINE = 1_000  # characters of one
LINES_A_LOOK = 10_000


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
        # Where nobody is there to be asked, the wizard isn't the way back.
        rest = () if work.front.attended else ("jobs", "watch", facts["job.id"])
        job = follow(
            platform,
            facts["job.id"],
            work.front,
            pause=self._world.poll_seconds,
            simulated=self._world.sandbox,
            back=command(self._world, *rest),
        )
        work.front.show(ending(job, facts, self._world))
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


def follow(
    platform: Platform,
    job_id: str,
    front: Front,
    *,
    pause: float,
    simulated: bool,
    back: str,
    known: bool = True,
) -> Job:
    """The job once it has ended, its course shown until then; ``back`` is the command that comes back to it.

    ``known``: the platform has given this id. Raises Quit when the user leaves, and PlatformError where the platform
    refuses to show the job again and again.
    """
    job: Job | None = None
    log = _Log()
    refusals = 0
    wait = min(FIRST_PAUSE, pause)
    started = time.monotonic()
    try:
        with front.live() as live:
            while True:
                trouble = ""
                try:
                    job = platform.job(job_id)
                except PlatformError as problem:
                    refusals += not problem.passing
                    most = LOOKS if known or job is not None else FIRST_LOOKS
                    if refusals >= most:
                        raise _refused_for_good(
                            problem, job_id, refusals, back, known=most == LOOKS
                        ) from None
                    wait = min(wait * 2, LONGEST_PAUSE)
                    trouble = _no_news(problem, wait, refusals, most)
                else:
                    refusals = 0
                    wait = min(wait * 1.5, pause)
                    log.read(platform, job_id)
                seconds = time.monotonic() - started
                live.update(_course(job, log, trouble, seconds, simulated=simulated))
                if job is not None and job.final:
                    return job
                time.sleep(wait)
    except KeyboardInterrupt:
        if not known and job is None:
            raise Quit from None
        raise Quit(
            _("The job {id} goes on without you. To come back: {command}").format(id=job_id, command=back)
        ) from None


def _no_news(problem: PlatformError, seconds: float, refusals: int, most: int) -> str:
    told = _("No news from the platform: {trouble} · looking again in {seconds} s").format(
        trouble=problem.message, seconds=round(seconds) or 1
    )
    if problem.passing:
        return told
    return told + " " + _("({count} of {most} looks)").format(count=refusals, most=most)


def _refused_for_good(
    problem: PlatformError, job_id: str, refusals: int, back: str, *, known: bool
) -> PlatformError:
    """``problem`` as the end of the watching; of an id that the platform never knew nothing more can be said."""
    if not known:
        return problem.with_traceback(None)
    return type(problem)(
        _("The platform refused {count} times in a row to show the job {id}: {trouble}").format(
            count=refusals, id=job_id, trouble=problem.message
        ),
        _("The job does not need the wizard to go on. To come back: {command}").format(command=back),
        request_id=problem.request_id,
        status=problem.status,
        platform_code=problem.platform_code,
        platform_message=problem.platform_message,
    )


class _Log:
    """What the screen needs of a job's log, however long it is: its last lines, and a curve that is thinned.

    Whatever is wrong with the log ends nothing: the job's status is what is watched.
    """

    def __init__(self) -> None:
        self.losses = Losses()
        self.tail: deque[str] = deque(maxlen=TAIL)
        self.note = ""
        self._lines = 0
        self._refusals = 0

    def read(self, platform: Platform, job_id: str) -> None:
        """Take the lines that are new, as far as the limits go."""
        room = min(LINES_A_LOOK, LONGEST_LOG - self._lines)
        if not room or self._refusals >= LOOKS:
            return
        self.note = ""
        try:
            for line in log_from(platform, job_id, self._lines, most=room):
                self._lines += 1
                self.tail.append(line[:LONGEST_LINE])
                if (point := parse(line)) is not None:
                    self.losses.add(point)
        except PlatformError as problem:
            self._refusals += not problem.passing
            self.note = _("Its log can't be read: {trouble}").format(trouble=problem.message)
        else:
            self._refusals = 0
        if self._lines >= LONGEST_LOG:
            self.note = _(
                "The log is longer than {count:,} lines; only the status is watched from here on."
            ).format(count=LONGEST_LOG)


def _course(job: Job | None, log: _Log, trouble: str, seconds: float, *, simulated: bool) -> View:
    blocks: list[Block] = []
    if trouble:
        blocks.append(Text(trouble, "warn"))
    if job is not None:
        status = _("{status} · watched for {time}").format(
            status=status_shown(job.status), time=span(seconds)
        )
        if job.created:
            status += " · " + _("created {time}").format(time=job.created)
        blocks.append(Text(_("{text} (simulated)").format(text=status) if simulated else status))
    curve = curve_of(log.losses, simulated=simulated)
    if curve is not None:
        blocks.append(curve)
    if log.note:
        blocks.append(Text(log.note, "warn"))
    blocks.append(Text("\n".join(log.tail), "dim"))
    return View(tuple(blocks))


def curve_of(losses: Losses, *, simulated: bool) -> Curve | None:
    """The losses by step, or None before the first one."""
    named = ((_("training loss"), losses.training.points), (_("validation loss"), losses.validation.points))
    series = tuple((label, points) for label, points in named if points)
    if not series:
        return None
    title = _("Loss by step")
    return Curve(_("{text} (simulated)").format(text=title) if simulated else title, series)


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
