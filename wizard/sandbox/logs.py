"""The lines of a job's training log, as far as they are written at a given time.

Shapes: get-fine-tuning-job-api of autumn 2026 for the end, a log of a real training of 2025-12-06 for the rest and for the
order, which is not that of the times in the lines; tokens so far (after an epoch) as a video model's log of 2025-11 has them.
The loss is made up: it falls from about 2 towards about 0.5 with noise that depends on the job's id only.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from wizard.sandbox.catalog import DEFAULTS, learning_rate, setting
from wizard.sandbox.wire import log_clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wizard.sandbox.training import Course, Job

_POINTS = 20  # loss lines at least, where there are so many steps
_MAX_POINTS = 400


def lines(course: Course, now: float) -> list[str]:
    """The log at ``now``."""
    canceled = course.job.canceled
    until = now if canceled is None else min(now, canceled)
    shown = [line for moment, line in _whole(course) if moment <= until]
    if canceled is not None and now >= course.finished:
        usage = course.tokens(now)
        shown += [f" Actual number of consumed tokens is {usage}!"] if usage else []
        shown.append(f"{log_clock(course.finished)} - INFO - finetune-job canceled")
        shown += _bill(course.finished, usage)
    return shown


def _bill(moment: float, usage: int) -> list[str]:
    """The last two lines: the later one comes first."""
    complete = f"{log_clock(moment + 0.015)} - INFO - ##FT_COMPLETE##"
    return [complete, f"{log_clock(moment)} - INFO - training usage {usage}"]


def _whole(course: Course) -> Iterator[tuple[float, str]]:
    """Every line of an undisturbed course, each with the time at which it is written."""
    job = course.job
    downloaded = (course.started + course.prepared) / 2
    yield downloaded, "data download succeeded, start to pre-processor"
    if job.survey.failure:
        for problem in job.survey.problems:
            yield course.ended, f"{log_clock(course.ended)} - ERROR - {problem}"
        yield (
            course.ended,
            f"{log_clock(course.ended)} - ERROR - data pre-process failed: {job.survey.failure}",
        )
        yield course.ended, f"{log_clock(course.ended)} - INFO - finetune-job failed"
        return
    yield course.prepared, "data pre-process succeeded, start to fine-tune"
    yield course.prepared, "Training start!"
    yield course.prepared, f"Estimated time: {(course.trained - course.prepared) / 60} mins"
    yield course.prepared, f"Estimated token: {job.tokens}"
    yield from _training(course)
    seconds = course.trained - course.prepared
    samples = job.survey.train_rows * job.epochs
    summary = {
        "train_runtime": round(seconds, 4),
        "train_samples_per_second": round(samples / seconds, 3),
        "train_steps_per_second": round(job.steps / seconds, 3),
        "train_loss": _curve(job, 0.5),
        "epoch": float(job.epochs),
    }
    yield course.trained, str(summary)
    yield course.trained, f" Actual number of consumed tokens is {job.tokens}!"
    yield course.trained, " Uploaded checkpoint!"
    yield course.trained, " Fine-tune succeeded!"
    yield course.trained, f" use checkpoint-{job.steps} as final checkpoint"
    yield course.trained, "Training completed"
    delivered = (course.trained + course.ended) / 2
    for moment, words in (
        (course.trained, "fine-tuned output got, start to transfer it for inference"),
        (course.trained, "transfer for inference succeeded, start to deliver it for inference"),
        (delivered, "start to save checkpoint"),
        (course.ended, "finetune-job succeeded"),
    ):
        yield moment, f"{log_clock(moment)} - INFO - {words}"
    for line in _bill(course.ended, job.tokens):
        yield course.ended, line


def _training(course: Course) -> Iterator[tuple[float, str]]:
    job = course.job
    steps = job.steps
    wanted = int(setting(job.hyper_parameters, "logging_steps"))
    every = max(min(wanted, max(1, steps // _POINTS)), math.ceil(steps / _MAX_POINTS))
    evaluate = int(setting(job.hyper_parameters, "eval_steps"))
    per_epoch = max(1, steps // job.epochs)
    peak = learning_rate(job.hyper_parameters, job.training_type)
    for step in range(1, steps + 1):
        position = f"{step}/{steps}"
        if step % every == 0 or step == steps:
            point = {
                "learning_rate": peak * _schedule(job, step),
                "consumed_train_samples": job.survey.train_rows * job.epochs * step // steps,
                "consumed_train_tokens": job.tokens * step // steps,
                "global_step/max_steps": position,
                "loss": _loss(job, step),
            }
            yield course.step_time(step), str(point)
        if job.survey.validation_rows and (step % evaluate == 0 or step == steps):
            loss = round(_curve(job, step / steps) + 0.08, 4)
            yield (
                course.step_time(step),
                str({"eval_loss": loss, "eval_ppl": math.exp(loss), "global_step/max_steps": position}),
            )
        if step % per_epoch == 0 and step < steps:
            consumed = job.tokens * step // steps
            yield course.step_time(step), f" Actual number of consumed tokens is {consumed} !"


def _schedule(job: Job, step: int) -> float:
    """The learning rate at ``step`` as a share of its peak."""
    warmup = int(setting(job.hyper_parameters, "warmup_ratio") * job.steps)
    if step <= warmup:
        return step / warmup
    rest = (step - warmup) / max(1, job.steps - warmup)
    kind = str(job.hyper_parameters.get("lr_scheduler_type", DEFAULTS["lr_scheduler_type"]))
    if kind.startswith("constant"):
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * rest)) if kind.startswith("cosine") else 1 - rest


def _curve(job: Job, share: float) -> float:
    """The loss without noise when ``share`` (0 to 1) of the training is done."""
    chance = random.Random(job.job_id)  # noqa: S311 - a made-up curve, not a secret
    first, last = chance.uniform(1.8, 2.3), chance.uniform(0.45, 0.7)
    return last + (first - last) * math.exp(-4.5 * share)


def _loss(job: Job, step: int) -> float:
    noise = random.Random(f"{job.job_id}/{step}").gauss(0, 0.05)  # noqa: S311 - as above
    return round(_curve(job, step / job.steps) * (1 + noise), 5)
