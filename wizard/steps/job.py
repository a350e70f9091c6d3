"""Step 7: the job is created, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar

from wizard.bailian.service import (
    CANCELED,
    FAILED,
    Agreement,
    Job,
    JobRequest,
    Platform,
    setting,
    settings_agree,
)
from wizard.contract import events
from wizard.engine.effectful import Receipt
from wizard.engine.step import Facts, Front, Step, Work
from wizard.errors import NeverSent, OutcomeUnknown, Refused, Remedy, StorageError
from wizard.locale import _
from wizard.steps import account, approval
from wizard.steps.estimate import sent_parameters
from wizard.steps.facts import SENT_ROLES, Uploaded
from wizard.steps.wording import moment, rfc3339
from wizard.steps.world import KEY_ANSWER, World


class CreateJob(Step):
    """Sends the one request that costs money, after everything else is in place."""

    id: ClassVar[str] = "job"
    needs: ClassVar[tuple[str, ...]] = ("upload.files", "review.approval", "key.proof")
    gives: ClassVar[tuple[str, ...]] = ("job.id", "job.created")

    def __init__(self, world: World) -> None:
        self._world = world

    def title(self) -> str:
        """As on the screen."""
        return _("Create the job")

    def seals(self, facts: Facts) -> str:
        """The job of this very approval; what the session says of any other job closes nothing."""
        return _effect_key(facts)

    def perform(self, work: Work) -> Mapping[str, Any]:
        """The job's id. A parameter that the platform refuses by name leads back to its question."""
        facts = work.facts
        effect = JobCreation(self._world, self._world.platform(facts), facts, work.front)
        try:
            with self._world.keyed():
                receipt = work.once(effect)
        except Refused as refused:
            refused.remedies = refused.remedies or _remedies(refused, facts)
            raise
        events.tell("job", job_id=receipt.id, adopted=receipt.adopted)
        approval.record("receipt", facts, self._world, job_id=receipt.id)
        return {"job.id": receipt.id, "job.created": receipt.data.get("created", "")}

    def line(self, facts: Facts) -> str:
        """The job's id."""
        return str(facts["job.id"])


class JobCreation:
    """The effect: this very plan, approved once."""

    kind = CreateJob.id
    adopts = False
    account_answer = KEY_ANSWER
    grace = 90.0

    def __init__(self, world: World, platform: Platform, facts: Facts, front: Front) -> None:
        self._world = world
        self._platform = platform
        self._facts = facts
        self._front = front
        files = {
            role: tuple(file.file_id for file in Uploaded.all(facts) if file.role == role)
            for role in SENT_ROLES
        }
        self._request = JobRequest(
            model=facts["training.model"],
            training_type=facts["training.type"],
            training_files=files["train"],
            validation_files=files["validation"],
            hyper_parameters=sent_parameters(facts),
            job_name=facts["training.job_name"],
        )
        self.key = _effect_key(facts)
        self.name = _("the job {name}").format(name=self._request.job_name)
        self.account = account.shown(facts, world)
        self._seen: set[str] = set()

    @property
    def may_have_left(self) -> bool:
        """Whether the ledger knows that this session spent this approval, or anybody's line in this folder says so."""
        return approval.may_be_spent(self._facts, self._world)

    def look(self) -> Sequence[Receipt]:
        """The job of this very approval, where the ledger knows it; jobs on our own training files or of our name.

        What another session's approval is known to have created is not this one.
        """
        mine, others = approval.jobs_known(self._facts, self._world)
        jobs = tuple(self._platform.jobs())
        self._seen |= {job.job_id for job in jobs}
        return tuple(
            self._compared(job, mine)
            for job in jobs
            if job.job_id == mine
            or (
                job.job_id not in others
                and (set(job.training_files) == set(self._request.training_files) or self._named(job))
            )
        )

    def holds(self, receipt: Receipt) -> bool:  # noqa: ARG002 - a job that was created stays created
        """A receipt for a job is final."""
        return True

    def send(self, commit: Callable[[], None]) -> Receipt:
        """One request; a second one only where the platform says that the first one's field created nothing."""
        spent: list[bool] = []

        def spend() -> None:
            if not spent:  # a second request of this creation goes on with the same approval
                approval.record("spent", self._facts, self._world)
                spent.append(True)
            commit()

        try:
            with self._front.progress(_("Creating the job"), None, "seconds"):
                job = self._platform.create_job(self._request, before_sending=spend)
        except (NeverSent, Refused, StorageError):
            if spent:
                with suppress(StorageError):  # what stays spent is looked for at the next start: no harm
                    self.release()
            raise
        if job.job_id in self._seen:
            raise OutcomeUnknown(
                _("The platform answered with {id}, which was there before: that can't be {name}.").format(
                    id=job.job_id, name=self.name
                ),
                request_id=job.request_id,
            )
        return Receipt(job.job_id, {"created": job.created, "request_id": job.request_id})

    def release(self) -> None:
        """The approval may be used for another request: a person wants one, knowing of the first."""
        approval.record("freed", self._facts, self._world)

    def _named(self, job: Job) -> bool:
        return bool(job.name) and job.name == self._request.job_name

    def _compared(self, job: Job, mine: str) -> Receipt:
        """How like the plan ``job`` is: equal in everything that is told, by its name or by every single setting.

        One of another name is never taken for ours; one that was given up, or came to nothing, only by our name.
        """
        ours = self._request
        settings = settings_agree(ours.hyper_parameters, job.hyper_parameters)
        on_our_files = set(job.training_files) == set(ours.training_files) and set(
            job.validation_files
        ) == set(ours.validation_files)
        alike = (
            on_our_files
            and (job.model, job.training_type) == (ours.model, ours.training_type)
            and settings is not Agreement.DIFFERENT
        )
        ended_badly = job.status in (FAILED, CANCELED)
        nameless = job.name in ("", job.job_id)
        return Receipt(
            job.job_id,
            {
                "created": job.created,
                "about": " ".join(filter(None, (job.status, job.model, job.name, moment(job.created)))),
            },
            told=self._candidate(job),
            twin=not ended_badly and (alike or self._named(job)),
            same=job.job_id == mine
            or (
                alike and (self._named(job) or (nameless and not ended_badly and settings is Agreement.SAME))
            ),
        )

    def _candidate(self, job: Job) -> dict[str, Any]:
        """For a program that has to decide (``contract/forms.Candidate``)."""
        ours = self._request
        pairs: dict[str, tuple[Any, Any]] = {
            "job_name": (ours.job_name, "" if job.name == job.job_id else job.name),
            "model": (ours.model, job.model),
            "training_type": (ours.training_type, job.training_type),
            "training_files": (sorted(ours.training_files), sorted(job.training_files)),
            "validation_files": (sorted(ours.validation_files), sorted(job.validation_files)),
        }
        agreed = {name: _agreement(sent, told) for name, (sent, told) in pairs.items()}
        agreed |= {
            name: settings_agree({name: value}, job.hyper_parameters)
            for name, value in ours.hyper_parameters.items()
        }
        by = {kind: [name for name, found in agreed.items() if found is kind] for kind in Agreement}
        return {
            "name": None if job.name in ("", job.job_id) else job.name,
            "status": job.status or None,
            "model": job.model or None,
            "created": rfc3339(job.created),
            "settings": {name: setting(value) for name, value in job.hyper_parameters.items()},
            "equal": by[Agreement.SAME],
            "different": by[Agreement.DIFFERENT],
            "untold": by[Agreement.UNTOLD],
        }


def _agreement(sent: Any, told: Any) -> Agreement:
    if not told and sent:
        return Agreement.UNTOLD
    return Agreement.SAME if sent == told else Agreement.DIFFERENT


def _effect_key(facts: Facts) -> str:
    approved = facts.get("review.approval")
    return f"job:{approved}" if approved else ""


def _remedies(refused: Refused, facts: Facts) -> tuple[Remedy, ...]:
    from wizard.bailian.client import named_parameter

    wire_names = {**{name: f"training.{name}" for name in sent_parameters(facts)}, "model": "training.model"}
    wire_names |= {"training_type": "training.type", "job_name": "training.job_name"}
    named = named_parameter(refused, tuple(wire_names))
    if named is None:
        return (Remedy(_("Choose another model"), "training.model"),)
    return (Remedy(_("Change {name}").format(name=named), wire_names[named]),)
