"""The platform as the product sees it: one protocol, and the small results that come back.

Every method sends one request (``files`` and ``jobs``: one a page) and raises ``wizard.errors.NeverSent``, ``Refused``
or ``OutcomeUnknown``, nothing else. What creates something (``upload``, ``create_job``) is sent once and never again by
any layer below; what reads may be retried below within its deadline.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from wizard.contract.forms import Setting

# A job's last states (D-api 2026-05-26); PARTIALLY_SUCCEEDED is known from the vendor's own tools. Any other value,
# also an unknown one, means: keep looking.
SUCCEEDED = "SUCCEEDED"
FAILED = "FAILED"
CANCELED = "CANCELED"
GONE = "GONE"  # our own word for a job that the platform had, and has no more
FINAL = frozenset({SUCCEEDED, FAILED, CANCELED, "PARTIALLY_SUCCEEDED"})

LOG_PAGE = 1000  # lines; the platform gives no more at once
LONGEST_LOG = 200_000  # lines read of one log: some ten times what a large training writes


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file on the platform. ``size`` in bytes; ``md5`` in lower-case hex, empty where the platform says none."""

    file_id: str
    name: str
    size: int | None = None
    md5: str = ""
    created: str = ""
    description: str = ""
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """A fine-tune job. ``usage``: billed tokens, known at the end; ``output_model``: the name to deploy (never a sign of success)."""

    job_id: str
    status: str
    name: str = ""
    model: str = ""
    base_model: str = ""
    training_type: str = ""
    training_files: tuple[str, ...] = ()
    validation_files: tuple[str, ...] = ()
    hyper_parameters: Mapping[str, Any] = field(default_factory=dict)
    created: str = ""
    ended: str = ""
    output_model: str = ""
    usage: int | None = None
    failure_code: str = ""
    failure_message: str = ""
    request_id: str = ""

    @property
    def final(self) -> bool:
        """Whether the job has come to its end, whichever that is."""
        return self.status in FINAL


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What a job is created from. ``hyper_parameters`` go out as they are (``learning_rate`` a string)."""

    model: str
    training_type: str
    training_files: tuple[str, ...]
    validation_files: tuple[str, ...]
    hyper_parameters: Mapping[str, Any]
    job_name: str = ""


class Agreement(enum.Enum):
    """Whether what the platform says of a job is what was sent."""

    SAME = "same"
    DIFFERENT = "different"
    UNTOLD = "untold"


def settings_agree(sent: Mapping[str, Any], answered: Mapping[str, Any]) -> Agreement:
    """Whether ``answered`` has every setting of ``sent`` with an equal value.

    DIFFERENT: one of them has another value. UNTOLD: none has, but at least one isn't told (absent, null or blank). What only
    the platform names is no difference: it adds those that it chose. Equal is what means the same: the newest answers have
    every value as a text (get-fine-tuning-job-api, autumn 2026).
    """
    told = {name: answered[name] for name in sent if not _blank(answered.get(name))}
    if any(not _means_the_same(sent[name], value) for name, value in told.items()):
        return Agreement.DIFFERENT
    return Agreement.SAME if len(told) == len(sent) else Agreement.UNTOLD


_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")


def _blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _means_the_same(one: Any, other: Any) -> bool:
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_means_the_same, one, other))
    one, other = meaning(one), meaning(other)
    return type(one) is type(other) and bool(one == other)


def meaning(value: Any) -> Any:
    """A number as a Decimal, a truth value as a bool, also where they come as a text; anything else as it is."""
    text = str(value) if isinstance(value, float) else value.strip() if isinstance(value, str) else None
    if text is None:
        return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if _NUMBER.fullmatch(text):
        return Decimal(text)
    return {"true": True, "false": False}.get(text.lower(), text)


def setting(value: Any) -> Setting:
    """A setting as a number or a truth value where it is one, however the platform writes it."""
    if isinstance(value, list | tuple):
        return [setting(one) for one in value]
    told = meaning(value)
    if isinstance(told, Decimal):
        return int(told) if told == told.to_integral_value() and "." not in str(value) else float(told)
    return told if isinstance(told, bool | str) or told is None else str(told)


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines ``offset .. offset+len(lines)`` of a job's log; ``total`` is how many there are now."""

    lines: tuple[str, ...]
    offset: int
    total: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A saved state of the model during training."""

    name: str
    status: str
    created: str = ""
    model_name: str = ""


class Grant(enum.Enum):
    """What the platform says about one thing that a workspace may do: only an explicit word of its own counts."""

    YES = "yes"
    NO = "no"
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True)
class Permission:
    """What the key's workspace may do with one model."""

    model: str
    fine_tune: Grant = Grant.UNTOLD
    deploy: Grant = Grant.UNTOLD
    inference: Grant = Grant.UNTOLD


class Platform(Protocol):
    """What the steps and the commands ask of Bailian, or of the sandbox."""

    @property
    def endpoint(self) -> str:
        """The base URL that requests go to, ending in ``/api/v1``."""
        ...

    def prove_key(self) -> None:
        """One cheap read that costs nothing (``GET /models?page_no=1&page_size=1``); returns if the key is accepted."""
        ...

    def permissions(self, model: str = "") -> Iterator[Permission]:
        """What the workspace may do with each model that it could be granted, or with ``model`` alone, page by page.

        A free read, given little time in all: its answer only helps. What it doesn't name isn't thereby forbidden.
        """
        ...

    def files(self) -> Iterator[RemoteFile]:
        """All files, page by page, newest first as the platform gives them."""
        ...

    def file(self, file_id: str) -> RemoteFile:
        """One file; Refused where it is not there."""
        ...

    def upload(
        self,
        path: Path,
        *,
        name: str,
        description: str,
        md5: str,
        on_progress: Callable[[int, int], None],
        before_last_byte: Callable[[], None],
    ) -> RemoteFile:
        """Send ``path`` as ``name`` with ``purpose=fine-tune``, from disk in constant memory, once.

        ``on_progress(sent, total)`` in bytes. ``before_last_byte`` is called once, before the bytes leave without which
        the platform can't have the file. A file whose bytes are no longer those of ``md5`` is given up before that
        (NeverSent).
        """
        ...

    def delete_file(self, file_id: str) -> None:
        """Remove a file."""
        ...

    def create_job(self, request: JobRequest, *, before_sending: Callable[[], None]) -> Job:
        """Create a job: one request, after ``before_sending`` returned.

        ``training_file_ids`` is sent; only if the platform answers 400 naming that field, which created nothing,
        ``training_datasets`` is sent once instead (create-fine-tuning-job-api, autumn 2026), again after ``before_sending``.
        """
        ...

    def job(self, job_id: str) -> Job:
        """One job as it is now."""
        ...

    def jobs(self) -> Iterator[Job]:
        """All jobs, page by page, newest first as the platform gives them."""
        ...

    def cancel_job(self, job_id: str) -> None:
        """Ask for a job to be cancelled; tokens trained until then are billed."""
        ...

    def logs(self, job_id: str, offset: int = 0, lines: int = LOG_PAGE) -> LogPage:
        """Log lines from ``offset`` on, counted from 0; at most 1000."""
        ...

    def checkpoints(self, job_id: str) -> Sequence[Checkpoint]:
        """The checkpoints that a job has saved."""
        ...


def log_from(
    platform: Platform, job_id: str, offset: int = 0, *, most: int, requests: int = LONGEST_LOG
) -> Iterator[str]:
    """The lines of a job's log from ``offset`` on, up to the total that the platform states at first, and ``most`` lines.

    A server that gives the same lines whatever the offset is thus comes to an end too, and so does a total that grows;
    one that gives a line at a time, after so many ``requests``.
    """
    end = offset + most
    while offset < end and requests > 0:
        requests -= 1
        page = platform.logs(job_id, offset, min(end - offset, LOG_PAGE))
        end = min(end, page.total)
        for line in page.lines[: end - offset]:
            offset += 1
            yield line
        if not page.lines:
            return
