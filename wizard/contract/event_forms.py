"""The form of each event: a line of ``--events``."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from wizard.contract import forms
from wizard.contract.envelope import Envelope, Failure


class PlanMade(TypedDict):
    """The plan that goes on from here; ``plan``: its values by key."""

    schema: str
    event: Literal["plan"]
    at: str
    digest: str
    plan: dict[str, Any]
    estimate: forms.Estimate


class Uploading(TypedDict):
    """A file on its way: ``sent`` of ``size`` bytes; ``file_id`` once it is there, ``adopted`` where it was before."""

    schema: str
    event: Literal["upload"]
    at: str
    name: str
    sent: int
    size: int
    file_id: str | None
    adopted: bool


class JobMade(TypedDict):
    """The job is there; ``adopted``: it was before."""

    schema: str
    event: Literal["job"]
    at: str
    job_id: str
    adopted: bool


class StatusSeen(TypedDict):
    """The platform says another status than before."""

    schema: str
    event: Literal["status"]
    at: str
    job_id: str
    status: str


class MetricRead(TypedDict):
    """A line of the log that tells of the training's course."""

    schema: str
    event: Literal["metric"]
    at: str
    job_id: str
    step: int | None
    epoch: forms.Number
    loss: forms.Number
    validation_loss: forms.Number
    learning_rate: forms.Number


class Warned(TypedDict):
    """Something to look into. ``code``: of a finding in data, or one of ours; ``keys``: the answers that it is about."""

    schema: str
    event: Literal["warning"]
    at: str
    code: str
    count: NotRequired[int]
    keys: NotRequired[list[str]]
    job_id: NotRequired[str]
    status: NotRequired[int | None]
    platform_code: NotRequired[str | None]


class Result(Envelope):
    """The last line: the same object that ``--json`` prints, whose ``schema`` is called ``form`` here."""

    event: Literal["result"]
    at: str
    form: str


EVENTS: tuple[Any, ...] = (PlanMade, Uploading, JobMade, StatusSeen, MetricRead, Warned, Result, Failure)
"""All forms; ``Failure`` is part of a result."""
