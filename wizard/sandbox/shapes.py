"""How a job and a checkpoint look on the wire.

Jobs: model-training-api-reference and fine-tuning-api-guide 2026-05-26, create-fine-tuning-job-api of autumn 2026;
checkpoints: the guide, with the fields that list-checkpoints-api of autumn 2026 adds. ``finetuned_output`` is there from
PENDING on, as in the guide's newest example. No document shows a FAILED job: its code and message are the sandbox's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wizard.sandbox.training import UNFINISHED
from wizard.sandbox.wire import clock, iso_clock

if TYPE_CHECKING:
    from wizard.sandbox.training import Checkpoint, Course

_EXPIRY = 15 * 24 * 3600  # seconds that a checkpoint is kept


def job_shape(course: Course, now: float) -> dict[str, Any]:
    """The job as it is told at ``now``."""
    job, status = course.job, course.status(now)
    optional = {
        "training_datasets": job.training_datasets,
        "validation_datasets": job.validation_datasets,
        "model_name": job.model_name,
    }
    shown: dict[str, Any] = {
        "job_id": job.job_id,
        "job_name": job.job_name or job.job_id,
        "status": status,
        "finetuned_output": job.finetuned_output,
        "model": job.model,
        "base_model": job.base_model,
        "training_file_ids": [*job.training_file_ids],
        "validation_file_ids": [*job.validation_file_ids],
        **{name: value for name, value in optional.items() if value},
        "hyper_parameters": job.hyper_parameters,
        "training_type": job.training_type,
        "create_time": clock(job.created),
        "workspace_id": job.workspace_id,
        "user_identity": "sandbox",
        "modifier": "sandbox",
        "creator": "sandbox",
        "group": "llm",
        "max_output_cnt": 10,
    }
    if status not in UNFINISHED:
        shown["end_time"] = clock(course.finished)
    if status == "SUCCEEDED":
        shown |= {"usage": job.tokens, "output_cnt": 1}
    elif status == "CANCELED":
        shown |= {"usage": course.tokens(now), "code": "1"}
    elif status == "FAILED":
        shown |= {"code": "DataProcessFailed", "message": job.survey.failure}
    return shown


def checkpoint_shape(job_id: str, checkpoint: Checkpoint) -> dict[str, Any]:
    """A checkpoint of ``job_id``; ``model_name`` is absent until it is published."""
    full_name = f"{job_id}-{checkpoint.name}"
    return {
        "create_time": iso_clock(checkpoint.created),
        "full_name": full_name,
        "job_id": job_id,
        "checkpoint": checkpoint.name,
        "checkpoint_id": full_name,
        "step": checkpoint.step,
        "expire_time": iso_clock(checkpoint.created + _EXPIRY),
        **({"model_name": checkpoint.model_name} if checkpoint.model_name else {}),
        "status": checkpoint.status,
    }
