"""When a job is in which state: a pure function of what is stored and of the time, so that it goes on while nobody serves.

About ten seconds in all at speed 1. One job trains at a time: the next one leaves the queue when the one before it ends,
which is why a job's course follows from all jobs created before it, deleted ones included.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from wizard.sandbox.catalog import DEFAULTS, setting
from wizard.sandbox.store import StoredJob
from wizard.sandbox.survey import Survey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from wizard.sandbox.store import Export

# Seconds at speed 1.
PENDING, QUEUING, PREPARING, TRAINING, DELIVERING, CANCELING, EXPORTING = 1.0, 1.0, 1.5, 5.0, 1.5, 0.5, 1.0

UNFINISHED = frozenset({"PENDING", "QUEUING", "RUNNING", "CANCELING"})
CANCELABLE = frozenset({"PENDING", "QUEUING", "RUNNING"})


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it was asked for, with what its data will turn out to be. Times in seconds since 1970."""

    job_id: str
    created: float
    canceled: float | None
    deleted: float | None
    speed: float
    model: str
    base_model: str
    training_type: str
    hyper_parameters: dict[str, object]
    training_datasets: list[dict[str, Any]]
    validation_datasets: list[dict[str, Any]]
    job_name: str
    model_name: str
    suffix: str
    workspace_id: str
    survey: Survey

    @property
    def finetuned_output(self) -> str:
        """The id of the model that comes out of it."""
        return "-".join(part for part in (self.model, self.suffix, self.job_id) if part)

    @property
    def epochs(self) -> int:
        """How often the training rows are gone through."""
        return int(setting(self.hyper_parameters, "n_epochs"))

    @property
    def steps(self) -> int:
        """Optimiser steps in all: at least 1."""
        batches = ceil(self.survey.train_rows / setting(self.hyper_parameters, "batch_size"))
        return max(1, batches * self.epochs)

    @property
    def tokens(self) -> int:
        """Tokens that the whole training takes (simulated: see ``survey``)."""
        return self.survey.train_tokens * self.epochs

    def stored(self) -> StoredJob:
        """The job as the store keeps it."""
        document = asdict(self)
        for name in ("job_id", "created", "canceled", "deleted"):
            del document[name]
        return StoredJob(self.job_id, self.created, self.canceled, self.deleted, document)


def as_datasets(file_ids: Iterable[str]) -> list[dict[str, Any]]:
    """Uploaded files as a job tells of them."""
    return [{"data_source_type": "file_id", "file_id": file_id} for file_id in file_ids]


def job_from(stored: StoredJob) -> Job:
    """The job that ``stored`` is."""
    document = dict(stored.document)
    told = document.pop("survey")
    for kind in ("training", "validation"):
        # Until autumn 2026 a job kept the field that it was created with, and the other one empty.
        ids = document.pop(f"{kind}_file_ids", ())
        document[f"{kind}_datasets"] = document[f"{kind}_datasets"] or as_datasets(ids)
    return Job(
        job_id=stored.job_id,
        created=stored.created,
        canceled=stored.canceled,
        deleted=stored.deleted,
        survey=Survey(**{**told, "problems": tuple(told["problems"])}),
        **document,
    )


@dataclass(frozen=True, slots=True)
class Course:
    """When a job passes from one state to the next, in seconds since 1970; ``ended`` is what would be without a cancel."""

    job: Job
    queued: float
    started: float
    prepared: float
    trained: float
    ended: float

    @property
    def finished(self) -> float:
        """When it is over, a cancel taken into account; one takes no longer where jobs are made to run slower."""
        if self.job.canceled is None:
            return self.ended
        return self.job.canceled + CANCELING / max(self.job.speed, 1.0)

    def status(self, now: float) -> str:
        """The state at ``now``, by the platform's names."""
        if self.job.canceled is not None and now >= self.job.canceled:
            return "CANCELED" if now >= self.finished else "CANCELING"
        for moment, status in ((self.queued, "PENDING"), (self.started, "QUEUING"), (self.ended, "RUNNING")):
            if now < moment:
                return status
        return "FAILED" if self.job.survey.failure else "SUCCEEDED"

    def step(self, now: float) -> int:
        """How many optimiser steps are done at ``now``."""
        until = now if self.job.canceled is None else min(now, self.job.canceled)
        if self.job.survey.failure or until <= self.prepared:
            return 0
        share = min(1.0, (until - self.prepared) / (self.trained - self.prepared))
        return int(share * self.job.steps)

    def step_time(self, step: int) -> float:
        """When ``step`` is done."""
        return self.prepared + (self.trained - self.prepared) * step / self.job.steps

    def tokens(self, now: float) -> int:
        """Tokens consumed at ``now``: what is billed if it ends there, unless by a failure."""
        return self.job.tokens * self.step(now) // self.job.steps


def courses(jobs: Iterable[Job]) -> dict[str, Course]:
    """The course of each of ``jobs`` (all there ever were, in the order of creation), by job id."""
    known: dict[str, Course] = {}
    free = 0.0
    for job in jobs:
        pace = 1 / job.speed
        queued = job.created + PENDING * pace
        started = max(queued + QUEUING * pace, free)
        prepared = started + PREPARING * pace
        trained = prepared + TRAINING * pace
        ended = prepared if job.survey.failure else trained + DELIVERING * pace
        course = Course(job, queued, started, prepared, trained, ended)
        known[job.job_id] = course
        if course.finished > started:
            free = course.finished
    return known


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A saved state of the model. Until it is published, ``model_name`` (the model's id) and ``display_name`` are empty."""

    name: str
    step: int
    created: float
    status: str
    model_name: str
    display_name: str


def checkpoints(course: Course, exports: Sequence[Export], now: float) -> list[Checkpoint]:
    """The checkpoints kept at ``now``, newest first: the last is published with the job, others when exported.

    Ids are made by the system, from the job's own; what was asked for is a name to show (list-checkpoints-api, autumn 2026).
    """
    job = course.job
    if job.training_type.startswith(("cpt", "dpo")):
        return []  # supervised training only (fine-tuning-api-guide 2026-05-26)
    asked = {export.checkpoint: export for export in exports if export.job_id == job.job_id}
    strategy = job.hyper_parameters.get("save_strategy", DEFAULTS["save_strategy"])
    per_epoch = max(1, job.steps // job.epochs)
    every = per_epoch if strategy == "epoch" else int(setting(job.hyper_parameters, "save_steps"))
    done = course.step(now)
    reached = [step for step in range(every, job.steps, every) if step <= done] + [job.steps] * (
        done >= job.steps
    )
    kept: list[Checkpoint] = []
    for step in reached[-int(setting(job.hyper_parameters, "save_total_limit")) :]:
        name, status, shown = f"checkpoint-{step}", "PENDING", ""
        last = step == job.steps
        export = asked.get(name)
        if last and course.status(now) == "SUCCEEDED":
            status, shown = "SUCCEEDED", job.model_name or job.job_id
        if export is not None:
            ready = now >= export.asked + EXPORTING / job.speed
            status, shown = ("SUCCEEDED", export.display_name) if ready else ("PROCESSING", "")
        model_name = job.finetuned_output if last else f"{job.finetuned_output}-{step}"
        kept.append(
            Checkpoint(name, step, course.step_time(step), status, model_name if shown else "", shown)
        )
    return kept[::-1]


def tuned_models(known: Mapping[str, Course], exports: Sequence[Export], now: float) -> dict[str, str]:
    """Models tuned here that are there at ``now`` and can be tuned again: each with its base model."""
    tuned: dict[str, str] = {}
    for course in known.values():
        job = course.job
        if job.deleted is None and course.status(now) == "SUCCEEDED":
            tuned[job.finetuned_output] = job.base_model
    for export in exports:
        course = known[export.job_id]
        made = {each.name: each.model_name for each in checkpoints(course, [export], now)}
        if model_name := made.get(export.checkpoint):
            tuned[model_name] = course.job.base_model
    return tuned
