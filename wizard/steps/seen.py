"""What the platform says of a job that this computer remembers: looked at once, dated, and never taken for more than it is."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wizard.errors import PlatformError, Refused, WizardError
from wizard.locale import _, joined
from wizard.steps.account import contrast, here, made_with, same_account
from wizard.steps.said import Seen
from wizard.steps.wording import instant
from wizard.steps.world import World

if TYPE_CHECKING:
    from wizard.bailian.service import Job, Platform

GRACE = 90.0  # seconds after its creation in which a job that isn't shown may be one that isn't shown yet
AGAIN = 0.5  # seconds after which what is gone is looked for once more
TAIL = 200  # lines of a log, in which its last step is told


def look(job_id: str, facts: Mapping[str, Any], world: World) -> Seen:
    """Ask the platform for the job of the session with these ``facts``; two reads of its log where it trains."""
    try:
        platform = world.platform(facts)
        job = _there(platform, job_id, facts, world)
        if job is None:
            return Seen(time.time(), gone=True)
        step, steps = _reached(platform, job_id) if job.status == "RUNNING" else (None, None)
    except WizardError as trouble:
        return Seen(time.time(), trouble=joined(_whose(trouble, facts, world), trouble.message))
    return Seen(time.time(), job, step=step, steps=steps)


def _there(platform: Platform, job_id: str, facts: Mapping[str, Any], world: World) -> Job | None:
    """The job; None where the platform says, twice, that it has none, and it could be seen from here."""
    from wizard.bailian.refusals import job_is_gone

    try:
        return platform.job(job_id)
    except Refused as refused:
        created = instant(str(facts.get("job.created") or ""))
        young = created is not None and time.time() - created.timestamp() < GRACE
        if young or not job_is_gone(refused.platform_code) or not same_account(facts, world):
            raise
    time.sleep(AGAIN)
    try:
        return platform.job(job_id)
    except Refused as refused:
        if not job_is_gone(refused.platform_code):
            raise
    return None


def _whose(trouble: WizardError, facts: Mapping[str, Any], world: World) -> str:
    """That it may be another account's, where what is asked isn't what the session was made with."""
    if not isinstance(trouble, Refused):
        return ""
    return contrast(_("The session here"), made_with(facts), here(facts, world))


def _reached(platform: Platform, job_id: str) -> tuple[int | None, int | None]:
    """The last step that the log tells of, and of how many; a log that can't be read tells of none."""
    from wizard.bailian.logs import Course

    course = Course()
    try:
        page = platform.logs(job_id)
        lines = page.lines
        if page.total > len(lines):
            lines += platform.logs(job_id, max(page.total - TAIL, 0), TAIL).lines
    except PlatformError:
        return None, None
    for line in lines:
        course.read(line)
    return course.step, course.steps
