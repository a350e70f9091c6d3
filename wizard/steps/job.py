"""Step 7: the job is created, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from wizard.bailian.service import CANCELED, FAILED, Job, JobRequest, Platform
from wizard.engine.effects import Receipt
from wizard.engine.session import Session
from wizard.engine.step import Facts, Front, Step, Work
from wizard.errors import Refused, Remedy
from wizard.locale import _
from wizard.steps.estimate import sent_parameters
from wizard.steps.world import World


class CreateJob(Step):
    """Sends the one request that costs money, after everything else is in place."""

    id: ClassVar[str] = "job"
    needs: ClassVar[tuple[str, ...]] = ("upload.files", "review.approval", "key.proof")
    gives: ClassVar[tuple[str, ...]] = ("job.id", "job.created")
    seals: ClassVar[bool] = True

    def __init__(self, world: World) -> None:
        self._world = world

    def title(self) -> str:
        """As on the screen."""
        return _("Create the job")

    def perform(self, work: Work) -> Mapping[str, Any]:
        """The job's id. A parameter that the platform refuses by name leads back to its question."""
        facts = work.facts
        effect = JobCreation(self._world.platform(facts), facts, work.front, _earlier_jobs(self._world))
        try:
            receipt = work.once(effect)
        except Refused as refused:
            refused.remedies = _remedies(refused, facts)
            raise
        return {"job.id": receipt.id, "job.created": receipt.data.get("created", "")}

    def line(self, facts: Facts) -> str:
        """The job's id."""
        return str(facts["job.id"])


class JobCreation:
    """The effect: this very plan, approved once."""

    kind = CreateJob.id
    adopts = False
    grace = 90.0

    def __init__(self, platform: Platform, facts: Facts, front: Front, earlier: frozenset[str]) -> None:
        self._platform = platform
        self._front = front
        self._earlier = earlier
        files = {
            role: tuple(file["file_id"] for file in facts["upload.files"] if file["role"] == role)
            for role in ("train", "validation")
        }
        self._request = JobRequest(
            model=facts["training.model"],
            training_type=facts["training.type"],
            training_files=files["train"],
            validation_files=files["validation"],
            hyper_parameters=sent_parameters(facts),
            job_name=facts["training.job_name"],
        )
        self.key = f"job:{facts['review.approval']}"
        self.name = _("the job {name}").format(name=self._request.job_name)

    def look(self) -> Sequence[Receipt]:
        """Jobs on our own training files; one with equal settings that did not fail may be this very job."""
        return tuple(
            Receipt(
                job.job_id,
                {"created": job.created, "about": f"{job.status} {job.model} {job.created}"},
                twin=self._equals(job),
            )
            for job in self._platform.jobs()
            if set(job.training_files) == set(self._request.training_files)
        )

    def holds(self, receipt: Receipt) -> bool:  # noqa: ARG002 - a job that was created stays created
        """A receipt for a job is final."""
        return True

    def send(self, commit: Callable[[], None]) -> Receipt:
        """One request; a second one only where the platform says that the first one's field created nothing."""
        with self._front.progress(_("Creating the job"), None, "seconds"):
            job = self._platform.create_job(self._request, before_sending=commit)
        return Receipt(job.job_id, {"created": job.created, "request_id": job.request_id})

    def _equals(self, job: Job) -> bool:
        ours = self._request
        return (
            job.job_id not in self._earlier
            and job.status not in (FAILED, CANCELED)
            and (job.model, job.training_type) == (ours.model, ours.training_type)
            and {name: str(value) for name, value in job.hyper_parameters.items()}
            == {name: str(value) for name, value in ours.hyper_parameters.items()}
            and set(job.validation_files) == set(ours.validation_files)
        )


def _earlier_jobs(world: World) -> frozenset[str]:
    """Jobs that sessions put away in this folder are known to have created: whoever plans the same again wants it."""
    return frozenset(
        str(session.facts["job.id"].value)
        for session in Session.put_away(world.state)
        if "job.id" in session.facts
    )


def _remedies(refused: Refused, facts: Facts) -> tuple[Remedy, ...]:
    from wizard.bailian.client import named_parameter

    wire_names = {**{name: f"training.{name}" for name in sent_parameters(facts)}, "model": "training.model"}
    wire_names |= {"training_type": "training.type", "job_name": "training.job_name"}
    named = named_parameter(refused, tuple(wire_names))
    if named is None:
        return (Remedy(_("Choose another model"), "training.model"),)
    return (Remedy(_("Change {name}").format(name=named), wire_names[named]),)
