"""The facts that cross steps, typed: which step's result they are, what is in them; the one place that reads and writes them.

In the session they are JSON, with the names of the fields as keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import isfinite
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from wizard.engine.step import Facts

if TYPE_CHECKING:
    from wizard.bailian.logs import Last
    from wizard.bailian.service import Job
    from wizard.data.shapes.reading import Reading

Role = Literal["train", "validation", "kept"]
SENT_ROLES = ("train", "validation")


class _Fact:
    """A result under the key KEY: one of them (``of``), or a list (``all``)."""

    KEY: ClassVar[str]

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Self:
        """The one that there is."""
        return cls.read(facts[cls.KEY])

    @classmethod
    def all(cls, facts: Mapping[str, Any]) -> tuple[Self, ...]:
        """Each of them; none where the step has not been taken."""
        return tuple(cls.read(entry) for entry in facts.get(cls.KEY) or ())

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> Self:
        """From JSON; what another version wrote beside it is left aside."""
        return cls(**{known.name: value[known.name] for known in _fields(cls) if known.name in value})

    def as_json(self) -> dict[str, Any]:
        """As it stands in the session."""
        return {known.name: _plain(getattr(self, known.name)) for known in _fields(type(self))}


def _fields(kind: type) -> tuple[Any, ...]:
    return fields(kind)


def _plain(value: Any) -> Any:
    if isinstance(value, _Fact):
        return value.as_json()
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value


@dataclass(frozen=True, kw_only=True)
class Chosen(_Fact):
    """A file of the user's: what it is for, its path from the folder, the name of what it becomes, what its columns mean."""

    KEY = "dataset.files"

    role: Role
    path: str
    output: str
    size: int
    modified_ns: int
    columns: Mapping[str, str]
    sha256: str = ""
    """Of the file when it was read; "" in sessions of earlier versions, as ``reading``."""
    reading: Mapping[str, Any] | None = None
    """What was understood of it (see ``data.shapes.reading``), without any of its values."""
    made_of: Mapping[str, Any] = field(default_factory=dict)
    """The user's files that it was put together from, by their paths: [bytes, modified in ns]."""

    @property
    def understood(self) -> Reading | None:
        """The reading; None where it isn't known, and the file must be read anew."""
        if self.reading is None:
            return None
        import msgspec

        from wizard.data.shapes.reading import Reading

        return msgspec.convert(self.reading, Reading)


@dataclass(frozen=True, kw_only=True)
class Converted(_Fact):
    """A file in the platform's format: more than one for a source where the limit asks for parts."""

    KEY = "preview.files"

    role: Role
    path: str
    rows: int
    size: int
    md5: str
    sha256: str

    @property
    def name(self) -> str:
        """The one that it has on the platform."""
        return PurePath(self.path).name

    @property
    def sent(self) -> bool:
        """Whether it leaves this computer."""
        return self.role in SENT_ROLES


@dataclass(frozen=True, kw_only=True)
class Sampled(_Fact):
    """In how many rows tokens were counted, and between which means a row's lies (95 %)."""

    rows: int
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Systems(_Fact):
    """Rows by what they begin with: our system prompt, their own (``texts``: digests of the different ones), none; questions with options."""

    put: int
    own: int
    none: int
    texts: tuple[str, ...]
    questions: int

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> Self:
        """From JSON."""
        return super().read({**value, "texts": tuple(value["texts"])})


@dataclass(frozen=True, kw_only=True)
class Counted(_Fact):
    """What was counted in a source; ``lengths``: tokens of a row, and how many rows have so many; ``sampled`` if not in all."""

    KEY = "preview.statistics"

    role: Role
    source: str
    rows: int
    left_out: int
    characters: int
    kind: str
    lengths: tuple[tuple[int, int], ...]
    sampled: Sampled | None
    systems: Systems | None = field(default=None)
    """None in a session of an earlier version."""
    left_out_file: str = field(default="")
    """The file that lists the rows that were left out; empty where none were."""

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> Self:
        """From JSON."""
        lengths = tuple((length, count) for length, count in value["lengths"])
        sampled = None if value["sampled"] is None else Sampled.read(value["sampled"])
        systems = None if value.get("systems") is None else Systems.read(value["systems"])
        return super().read({**value, "lengths": lengths, "sampled": sampled, "systems": systems})


@dataclass(frozen=True, kw_only=True)
class Proof(_Fact):
    """A key that the platform accepted: where it was found, how it is shown, its fingerprint, the address that took it."""

    KEY = "key.proof"

    where: str
    shown: str
    fingerprint: str
    endpoint: str


@dataclass(frozen=True, kw_only=True)
class Cost(_Fact):
    """What a job may cost: both ends, and the price for 1,000 tokens that they come from; amounts as decimal strings."""

    low: str
    high: str
    currency: str
    price: str
    price_date: str
    price_source: str
    formula_low: str
    formula_high: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Estimate(_Fact):
    """Rows and tokens of a job, and its cost; none where no price is published. In the session all in one table."""

    KEY = "training.estimate"

    rows: int
    rows_dropped: int
    rows_counted: int
    tokens: int
    tokens_approximate: bool
    cost: Cost | None = field(default=None)

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> Self:
        """From JSON."""
        return super().read({**value, "cost": None if value["low"] is None else Cost.read(value)})

    def as_json(self) -> dict[str, Any]:
        """As it stands in the session."""
        table = super().as_json()
        return table | (table.pop("cost") or {"low": None, "high": None})


@dataclass(frozen=True, kw_only=True)
class Uploaded(_Fact):
    """A file on the platform; ``adopted``: it was there already."""

    KEY = "upload.files"

    role: Role
    name: str
    file_id: str
    adopted: bool


@dataclass(frozen=True, kw_only=True)
class Ended(_Fact):
    """How the job ended."""

    KEY = "watch.result"

    @classmethod
    def of_job(cls, job: Job, last: Last | None = None) -> Self:
        """Of a job that has come to its end, with the ``last`` losses of its log."""
        told = {known.name: getattr(job, known.name) for known in _fields(cls) if hasattr(job, known.name)}
        if last is not None:
            losses = {"loss": last.loss, "eval_loss": last.eval_loss}
            told |= {name: loss for name, loss in losses.items() if loss is not None and isfinite(loss)}
            told["step"] = last.step
        return cls(**told)

    def as_job(self, job_id: str) -> Job:
        """The job ``job_id`` as far as its end tells of it."""
        from wizard.bailian.service import Job

        told = {known.name: getattr(self, known.name) for known in _fields(type(self))}
        return Job(
            job_id,
            **{name: value for name, value in told.items() if name not in ("loss", "eval_loss", "step")},
        )

    status: str
    usage: int | None
    output_model: str
    ended: str
    failure_code: str
    failure_message: str
    loss: float | None = field(default=None)
    """The last that the log told of while it was watched, as ``eval_loss`` and ``step``; not known in sessions of earlier versions."""
    eval_loss: float | None = field(default=None)
    step: int | None = field(default=None)


def trained(facts: Facts) -> Counted | None:
    """What was counted in what trains; None before the conversion."""
    return next((entry for entry in Counted.all(facts) if entry.role == "train"), None)


_LISTS: tuple[type[_Fact], ...] = (Chosen, Converted, Counted, Uploaded)
_SINGLE: tuple[type[_Fact], ...] = (Proof, Estimate, Ended)
_FORMS: Mapping[str, Any] = {
    "str": str,
    "int": int,
    "bool": bool,
    "float": int | float,
    "int | None": int | None,
    "float | None": int | float | None,
}
"""How the fields are annotated that hold one plain value, and what that may be."""


def read_all(facts: Mapping[str, Any]) -> None:
    """Raise TypeError, KeyError or ValueError where a result that is there has not the form that it is recorded in."""
    for kind in _LISTS:
        if not isinstance(facts.get(kind.KEY, []), list):
            raise TypeError(kind.KEY)
    read = [fact for kind in _LISTS for fact in kind.all(facts)]
    read += [kind.of(facts) for kind in _SINGLE if kind.KEY in facts]
    for fact in read:
        for known in _fields(type(fact)):
            if known.type in _FORMS and not isinstance(getattr(fact, known.name), _FORMS[known.type]):
                raise TypeError(known.name)
    if not isinstance(facts.get("job.id", ""), str):
        raise TypeError
