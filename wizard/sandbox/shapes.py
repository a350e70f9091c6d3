"""How a job and a checkpoint look on the wire.

Jobs: create-fine-tuning-job-api and get-fine-tuning-job-api, checkpoints: list-checkpoints-api, all of autumn 2026. Files are
told in ``training_datasets`` only, ``finetuned_output`` with SUCCEEDED only. No document shows a FAILED job: its code and
message are the sandbox's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wizard.sandbox.catalog import told
from wizard.sandbox.training import UNFINISHED
from wizard.sandbox.wire import clock, iso_clock

if TYPE_CHECKING:
    from wizard.sandbox.training import Checkpoint, Course

_EXPIRY = 15 * 24 * 3600  # seconds that a checkpoint is kept


def job_shape(course: Course, now: float, settings: str) -> dict[str, Any]:
    """The job as it is told at ``now``, with its hyper-parameters as ``settings`` says."""
    job, status = course.job, course.status(now)
    shown: dict[str, Any] = {
        "job_id": job.job_id,
        "job_name": job.job_name or job.job_id,
        "status": status,
        **({"finetuned_output": job.finetuned_output} if status == "SUCCEEDED" else {}),
        "model": job.model,
        "base_model": job.base_model,
        "training_file_ids": [],
        "validation_file_ids": [],
        "training_datasets": job.training_datasets,
        "validation_datasets": job.validation_datasets,
        **({"model_name": job.model_name} if job.model_name else {}),
        "hyper_parameters": told(
            job.hyper_parameters, job.training_type, settings, validated=bool(job.validation_datasets)
        ),
        "training_type": job.training_type,
        "create_time": clock(job.created),
        "workspace_id": job.workspace_id,
        "user_identity": "sandbox",
        "modifier": "sandbox",
        "creator": "sandbox",
        "group": "llm",
    }
    if status not in UNFINISHED:
        shown["end_time"] = clock(course.finished)
    if status == "SUCCEEDED":
        shown["usage"] = job.tokens
    elif status == "CANCELED":
        shown |= {"usage": course.tokens(now), "code": "1"}
    elif status == "FAILED":
        shown |= {"code": "DataProcessFailed", "message": job.survey.failure}
    return shown


def checkpoint_shape(job_id: str, checkpoint: Checkpoint) -> dict[str, Any]:
    """A checkpoint of ``job_id``; ``model_name`` and ``model_display_name`` are absent until it is published."""
    published = {"model_name": checkpoint.model_name, "model_display_name": checkpoint.display_name}
    if not checkpoint.model_name:
        published = {}
    full_name = f"{job_id}:{checkpoint.name}"
    return {
        "create_time": iso_clock(checkpoint.created),
        "full_name": full_name,
        "job_id": job_id,
        "checkpoint": checkpoint.name,
        "checkpoint_id": full_name,
        "step": checkpoint.step,
        "expire_time": iso_clock(checkpoint.created + _EXPIRY),
        **published,
        "status": checkpoint.status,
    }
