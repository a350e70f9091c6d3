"""Jobs and files as programs are told of them: one object each, whoever knows of it, made of what the platform says and this folder knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from wizard.bailian.metrics import number
from wizard.contract import forms
from wizard.engine.step import Facts
from wizard.errors import PlatformError
from wizard.steps.facts import SENT_ROLES, Converted, Ended, Estimate, Uploaded
from wizard.steps.wording import rfc3339
from wizard.steps.world import World

if TYPE_CHECKING:
    from wizard.bailian.service import Job, Platform, RemoteFile


def job(
    found: Job, facts: Facts, world: World, *, asked: str | None = None, loss: forms.LastLoss | None = None
) -> forms.Job:
    """``found``, with what the session with these ``facts`` knows of it where it made it. ``asked``: when the platform said so."""
    from wizard.bailian.service import setting

    ours = facts.get("job.id") == found.job_id
    own = facts if ours else Facts()
    if ours:
        found = _completed(found, facts)
    return {
        "id": found.job_id,
        "name": found.name if found.name not in ("", found.job_id) else None,
        "model": found.model or None,
        "base_model": found.base_model or None,
        "training_type": found.training_type or None,
        "settings": {name: setting(value) for name, value in found.hyper_parameters.items()},
        "training_files": list(_files(found.training_files, own)),
        "validation_files": list(_files(found.validation_files, own)),
        "status": found.status or None,
        "asked": asked,
        "error": _error(found),
        "created": rfc3339(found.created),
        "ended": rfc3339(found.ended),
        "tokens": found.usage,
        "estimated": estimated(own),
        "billed": _billed(found, facts, world),
        "output_model": found.output_model or None,
        "last_loss": loss or _remembered(own),
    }


def job_of(facts: Facts, world: World) -> forms.Job | None:
    """The job of the session with these ``facts``, as the platform told of it in this run, else as it is remembered; None where there is none."""
    from wizard.bailian.service import Job

    job_id = facts.get("job.id")
    if not job_id:
        return None
    seen = world.seen.get(job_id)
    if seen is not None and seen.job is not None:
        return job(seen.job, facts, world, asked=rfc3339(str(int(seen.at))))
    ended = Ended.of(facts) if Ended.KEY in facts else None
    return job(Job(job_id, "") if ended is None else ended.as_job(job_id), facts, world)


def _completed(found: Job, facts: Facts) -> Job:
    """With what the platform did not tell of it in this answer, and the session knows since it sent it."""
    from wizard.steps.estimate import sent_parameters

    ids = {
        role: tuple(file.file_id for file in Uploaded.all(facts) if file.role == role) for role in SENT_ROLES
    }
    return replace(
        found,
        name=found.name if found.name not in ("", found.job_id) else facts.get("training.job_name", ""),
        model=found.model or facts.get("training.model", ""),
        training_type=found.training_type or facts.get("training.type", ""),
        hyper_parameters=found.hyper_parameters
        or (sent_parameters(facts) if "training.type" in facts else {}),
        training_files=found.training_files or ids["train"],
        validation_files=found.validation_files or ids["validation"],
        created=found.created or str(facts.get("job.created") or ""),
    )


def _files(ids: Sequence[str], own: Facts) -> Iterator[forms.JobFile]:
    names = {file.file_id: file.name for file in Uploaded.all(own)}
    sent = {file.name: file for file in Converted.all(own) if file.sent}
    for file_id in ids:
        name = names.get(file_id)
        file = sent.get(name or "")
        yield {
            "file_id": file_id,
            "name": name,
            "rows": file.rows if file else None,
            "size": file.size if file else None,
            "sha256": file.sha256 if file else None,
        }


def _error(found: Job) -> forms.JobError | None:
    if not found.failure_code and not found.failure_message:
        return None
    return {"code": found.failure_code or None, "message": found.failure_message or None}


def estimated(facts: Facts) -> forms.Estimated | None:
    """What the job of this session may cost; None before that is worked out, and where no price is published."""
    cost = Estimate.of(facts).cost if Estimate.KEY in facts else None
    if cost is None:
        return None
    return {
        "low": cost.low,
        "high": cost.high,
        "currency": cost.currency,
        "per_1000_tokens": cost.price,
        "as_of": cost.price_date,
    }


def estimate(facts: Facts) -> forms.Estimate | None:
    """Rows, tokens and cost, once they are worked out."""
    if Estimate.KEY not in facts:
        return None
    found = Estimate.of(facts)
    return {
        "rows": found.rows,
        "rows_dropped": found.rows_dropped,
        "rows_counted": found.rows_counted,
        "tokens": found.tokens,
        "tokens_approximate": found.tokens_approximate,
        "cost": estimated(facts),
    }


def _billed(found: Job, facts: Facts, world: World) -> forms.Billed | None:
    from wizard.steps.outcome import cost_of

    cost = cost_of(found, facts, world)
    if cost is None:
        return None
    return {
        "amount": format(cost.amount.normalize(), "f"),
        "currency": cost.price.currency,
        "per_1000_tokens": str(cost.price.amount),
        "as_of": cost.price.date,
    }


def _remembered(own: Facts) -> forms.LastLoss:
    ended = Ended.of(own) if Ended.KEY in own else None
    if ended is None:
        return {"training": None, "validation": None, "step": None}
    return {"training": number(ended.loss), "validation": number(ended.eval_loss), "step": ended.step}


def last_loss(platform: Platform, job_id: str) -> forms.LastLoss:
    """The last losses that the job's log tells of; none where it can't be read."""
    from wizard.bailian.logs import Last
    from wizard.bailian.service import LONGEST_LOG, log_from

    last = Last()
    with suppress(PlatformError):
        for line in log_from(platform, job_id, most=LONGEST_LOG):
            last.read(line)
    return {"training": number(last.loss), "validation": number(last.eval_loss), "step": last.step}


def file(found: RemoteFile) -> forms.File:
    """A file on the platform."""
    return {
        "file_id": found.file_id,
        "name": found.name or None,
        "size": found.size,
        "md5": found.md5 or None,
        "created": rfc3339(found.created),
        "description": found.description or None,
        "purpose": found.purpose or None,
    }


def ended_badly(status: str) -> str:
    """The code of a job that has ended as ``status``; empty where that is success."""
    from wizard.bailian.service import CANCELED, GONE, SUCCEEDED

    return (
        "" if status == SUCCEEDED else {CANCELED: "job-canceled", GONE: "job-gone"}.get(status, "job-failed")
    )


def answers_of(facts: Mapping[str, object], keys: Sequence[str]) -> list[forms.Earlier]:
    """Those answers, for a program that didn't give them in this call."""
    from wizard.bailian.service import setting

    return [{"key": key, "value": setting(facts[key])} for key in keys]
