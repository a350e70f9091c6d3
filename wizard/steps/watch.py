"""Step 8: the job's status and loss as they come, until it ends or the user leaves."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

from wizard.bailian.logs import Course, Kind, Last, milestone, named, parse
from wizard.bailian.metrics import metric
from wizard.bailian.refusals import job_is_gone
from wizard.bailian.service import GONE, LONGEST_LOG, Job, Platform, log_from
from wizard.contract import events
from wizard.engine.effects import ask_whose
from wizard.engine.step import Facts, Front, Quit, Step, Work
from wizard.engine.view import Block, Curve, Gauge, Text, View
from wizard.errors import PlatformError, Refused, StillRunning, StorageError
from wizard.locale import _, joined
from wizard.steps import approval
from wizard.steps.account import contrast, here, made_with, same_account, unseen
from wizard.steps.facts import Ended
from wizard.steps.outcome import ending
from wizard.steps.said import Seen
from wizard.steps.seen import look
from wizard.steps.wording import moment, span, status_shown
from wizard.steps.world import KEY_ANSWER, UNAUTHORIZED, World

FIRST_PAUSE = 1.0  # seconds; then longer and longer
REQUESTS = 20  # for the log in one look: the job's own state must not wait for it
LONGEST_PAUSE = 60.0  # seconds between looks while there is no news
# Trouble that may pass (no network, 5xx, too many requests) is waited for without an end. A refusal (401, 403, 404) may be
# a proxy's word, or a list that is late: it counts once it was given so often in a row, about three minutes; that the key
# isn't accepted, sooner, where it never was in this run.
LOOKS = 8
FIRST_LOOKS = 3  # for an id that somebody typed and that the platform has never known
TAIL = 3  # log lines shown
LONGEST_LINE = 1_000  # characters of one
LINES_A_LOOK = 10_000
_NO_LOSS = "?"
_CLOCK = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.,\d]* - (?:INFO - )?")


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
        """How the job ended: status, billed tokens, the model's name; GONE where the platform has it no more."""
        facts = work.facts
        seen = self._world.seen.get(facts["job.id"])
        gone = seen is not None and seen.gone
        watched = Watched(Job(facts["job.id"], GONE), Last()) if gone else self._followed(work)
        job = watched.job
        if not gone:
            self._world.seen[job.job_id] = Seen(time.time(), job)
        work.front.show(ending(job, facts, self._world))
        with suppress(StorageError):  # only told in a later plan; not worth the result that is here
            approval.record("ended", facts, self._world, job_id=job.job_id, status=job.status)
        return {Ended.KEY: Ended.of_job(job, watched.last).as_json()}

    def _followed(self, work: Work) -> Watched:
        facts = work.facts
        platform = self._world.platform(facts)
        work.front.say(
            _("You may leave at any time with Ctrl-C: the job goes on, and the next start comes back here."),
            "dim",
        )
        # Where nobody is there to be asked, the wizard isn't the way back.
        rest = () if work.front.attended else ("jobs", "watch", facts["job.id"])
        with self._world.keyed():
            mine = self._settled(platform, work)
            return follow(
                platform,
                facts["job.id"],
                work.front,
                pause=self._world.poll_seconds,
                simulated=self._world.sandbox,
                back=self._world.command(*rest),
                mine=mine,
                patience=self._world.patience,
            )

    def _settled(self, platform: Platform, work: Work) -> bool:
        """Whether the job can be seen from here, so that its absence would say something; a person is asked where it isn't seen."""
        facts = work.facts
        if same_account(facts, self._world):
            return True
        try:
            platform.job(facts["job.id"])
        except Refused as refused:
            if refused.status == UNAUTHORIZED:
                raise
            what = _("The job {id}").format(id=facts["job.id"])
            differs = contrast(what, made_with(facts), here(facts, self._world))
            told = joined(differs, refused.message, unseen())
            ask_whose(told, KEY_ANSWER, work.front, leaves=False, about=facts["job.id"])
        except PlatformError:
            return False
        return True

    def asks(self, facts: Facts) -> Callable[[], str | None] | None:
        """How the job stands; what was recorded of its end is no longer true where the platform says otherwise."""
        return (lambda: self._contradicted(facts)) if "job.id" in facts else None

    def _contradicted(self, facts: Facts) -> str | None:
        seen = look(facts["job.id"], facts, self._world)
        self._world.seen[facts["job.id"]] = seen
        ended = Ended.of(facts) if Ended.KEY in facts else None
        if ended is None or seen.job is None or seen.job.status == ended.status:
            return None
        return _("the job was {before} when it was looked at last; now the platform says {now}.").format(
            before=status_shown(ended.status), now=status_shown(seen.job.status)
        )

    def line(self, facts: Facts) -> str:
        """How it ended."""
        result = Ended.of(facts)
        return joined(status_shown(result.status), result.output_model)


@dataclass(frozen=True, slots=True)
class Watched:
    """A job that was followed to its end, and the last losses that its log told of."""

    job: Job
    last: Last


def follow(
    platform: Platform,
    job_id: str,
    front: Front,
    *,
    pause: float,
    simulated: bool,
    back: str,
    known: bool = True,
    mine: bool = False,
    patience: float | None = None,
) -> Watched:
    """The job once it has ended, its course shown until then; ``back`` is the command that comes back to it.

    ``known``: the platform has given this id. ``mine``: to the account that is asked, so that there is no such job any
    more (GONE) where it says so again and again. ``patience``: seconds after which StillRunning is raised. Raises Quit when the
    user leaves, and PlatformError where the platform refuses to show the job again and again.
    """
    job: Job | None = None
    log = _Log(job_id)
    refusals = absences = 0
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
                    absences += isinstance(problem, Refused) and job_is_gone(problem.platform_code)
                    revoked = problem.status == UNAUTHORIZED
                    most = LOOKS if job is not None or (known and not revoked) else FIRST_LOOKS
                    if mine and absences == refusals >= most:
                        return Watched(Job(job_id, GONE), log.last)
                    if refusals >= most:
                        raise _refused_for_good(
                            problem, job_id, refusals, back, known=known or job is not None
                        ) from None
                    wait = min(wait * 2, LONGEST_PAUSE)
                    trouble = _no_news(problem, wait, refusals, most)
                    told = {"status": problem.status, "platform_code": problem.platform_code or None}
                    events.tell("warning", code="no-news", job_id=job_id, **told)
                else:
                    log.saw(job)
                    refusals = absences = 0
                    wait = min(wait * 1.5, pause)
                    log.read(platform, job_id)
                seconds = time.monotonic() - started
                live.update(_course(job, log, trouble, seconds, simulated=simulated))
                if job is not None and job.final:
                    return Watched(job, log.last)
                if patience is not None and time.monotonic() + wait - started > patience:
                    raise StillRunning(
                        _("After {time} the job {id} still runs ({status}).").format(
                            time=span(seconds),
                            id=job_id,
                            status=status_shown(log.status) if log.status else "?",
                        ),
                        _("To come back: {command}").format(command=back),
                    )
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
    return joined(told, _("({count} of {most} looks)").format(count=refusals, most=most))


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
        code=problem.code,
        request_id=problem.request_id,
        status=problem.status,
        platform_code=problem.platform_code,
        platform_message=problem.platform_message,
    )


class _Log:
    """What the screen needs of a job's log, however long it is: its last lines, and a curve that is thinned.

    Whatever is wrong with the log ends nothing: the job's status is what is watched.
    """

    def __init__(self, job_id: str) -> None:
        self._job_id = job_id
        self.status = ""
        self.course = Course()
        self.last = Last()
        self.tail: deque[str] = deque(maxlen=TAIL)
        self.note = ""
        self._lines = 0
        self._refusals = 0

    def saw(self, job: Job) -> None:
        """The platform has told of the job."""
        if job.status != self.status:
            self.status = job.status
            events.tell("status", job_id=job.job_id, status=job.status)

    def read(self, platform: Platform, job_id: str) -> None:
        """Take the lines that are new, as far as the limits go."""
        room = min(LINES_A_LOOK, LONGEST_LOG - self._lines)
        if not room or self._refusals >= LOOKS:
            return
        self.note = ""
        try:
            for line in log_from(platform, job_id, self._lines, most=room, requests=REQUESTS):
                self._lines += 1
                self.course.read(line)
                self.last.read(line)
                if events.followed() and (point := parse(line)) is not None and not point.summary:
                    events.tell("metric", job_id=self._job_id, **metric(point))
                told = told_of(line)[:LONGEST_LINE]
                if told and told not in self.tail:
                    self.tail.append(told)
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
            status += " · " + _("created {time}").format(time=moment(job.created))
        blocks.append(Text(_("{text} (simulated)").format(text=status) if simulated else status))
    course = log.course
    if course.step is not None and course.steps:
        blocks.append(Gauge(_("Steps"), min(course.step, course.steps), course.steps))
    if (curve := curve_of(course, simulated=simulated)) is not None:
        blocks.append(curve)
    if log.note:
        blocks.append(Text(log.note, "warn"))
    blocks.append(Text("\n".join(log.tail), "dim"))
    return View(tuple(blocks))


def curve_of(course: Course, *, simulated: bool) -> Curve | None:
    """The losses as far as the log tells them, or None before the first one."""
    named_series = ((_("training loss"), course.training), (_("validation loss"), course.validation))
    series = tuple((label, points) for label, points in named_series if points)
    if not series:
        return None
    title = {"step": _("Loss by step"), "epoch": _("Loss by epoch"), "line": _("Loss")}[course.by]
    return Curve(_("{text} (simulated)").format(text=title) if simulated else title, series)


def told_of(line: str) -> str:
    """What a line of the log says, without its notation and its clock."""
    if (point := parse(line)) is not None:
        if point.summary:
            loss = _NO_LOSS if point.loss is None else f"{point.loss:.4f}"
            return _("Mean training loss over all steps: {loss}").format(loss=loss)
        parts = []
        if point.step is not None and point.steps:
            parts.append(_("step {step} of {steps}").format(step=point.step, steps=point.steps))
        elif point.step is not None:
            parts.append(_("step {step}").format(step=point.step))
        elif point.epoch is not None:
            parts.append(_("epoch {epoch}").format(epoch=f"{point.epoch:g}"))
        if point.loss is not None:
            parts.append(_("training loss") + f" {point.loss:.4f}")
        if point.eval_loss is not None:
            parts.append(_("validation loss") + f" {point.eval_loss:.4f}")
        return " · ".join(parts)
    if values := named(line):
        return " · ".join(f"{name.replace('_', ' ')} {value}" for name, value in values.items())
    if (passed := milestone(line)) is not None:
        return {
            Kind.ESTIMATED_MINUTES: _("Expected by the platform: {value:.0f} min"),
            Kind.ESTIMATED_TOKENS: _("Expected by the platform: {value:,.0f} tokens"),
            Kind.STARTED: _("The training begins"),
            Kind.CONSUMED_TOKENS: _("{value:,.0f} tokens trained so far"),
            Kind.TRAINED: _("The training is complete"),
            Kind.BILLED_TOKENS: _("Billed: {value:,.0f} tokens"),
            Kind.COMPLETED: _("The job is complete"),
        }[passed.kind].format(value=passed.value)
    return _CLOCK.sub("", line).strip()
