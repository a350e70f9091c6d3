"""What happens, for a program that follows it: one JSON object a line, in no human language; nothing where nobody follows."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

from wizard.contract import forms
from wizard.contract.envelope import VERSION, Envelope, Failure

FORM = f"bailian-wizard/events/{VERSION}"
EVERY = 1.0
"""Seconds between two events of one upload, and at its end."""

Name: TypeAlias = Literal["plan", "upload", "job", "status", "metric", "warning", "result"]
Write: TypeAlias = Callable[[Mapping[str, Any]], None]


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

_write: list[Write] = []
_last: dict[str, float] = {}


def follow(write: Write | None) -> None:
    """From now on each event goes to ``write``; None: to nobody."""
    _write[:] = [write] if write is not None else []
    _last.clear()


def followed() -> bool:
    """Whether anybody follows."""
    return bool(_write)


def tell(event: Name, **more: Any) -> None:
    """Something happened."""
    for write in _write:
        write({"schema": FORM, "event": event, "at": _now(), **more})


def moved(name: str, sent: int, size: int) -> None:
    """An upload went on; told now and then, and at its end."""
    now = time.monotonic()
    if _write and (sent >= size or now - _last.get(name, -EVERY) >= EVERY):
        _last[name] = now
        tell("upload", name=name, sent=sent, size=size, file_id=None, adopted=False)


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="milliseconds")
