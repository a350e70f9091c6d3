"""The form of each command's result: what stands under ``data`` of its envelope; the JSON Schemas are made of these.

Times are RFC 3339 with a zone. What is not known is null, never an empty text. Amounts of money are decimal texts with their
currency. A number that JSON has not (a loss that came to nothing) is the text "NaN", "Infinity" or "-Infinity".
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

Setting: TypeAlias = int | float | bool | str | list[Any] | None
Number: TypeAlias = int | float | Literal["NaN", "Infinity", "-Infinity"] | None


# Jobs, files, sessions


class Estimated(TypedDict):
    """What a job may cost, at least and at most, by the list price of ``as_of``."""

    low: str
    high: str
    currency: str
    per_1000_tokens: str
    as_of: str


class Billed(TypedDict):
    """What a job did cost: its billed tokens by the list price of ``as_of``; not the platform's invoice."""

    amount: str
    currency: str
    per_1000_tokens: str
    as_of: str


class JobFile(TypedDict):
    """A file that a job trains on. Name, rows, bytes and digest are known of what was sent from this folder."""

    file_id: str
    name: str | None
    rows: int | None
    size: int | None
    sha256: str | None


class JobError(TypedDict):
    """Why a job came to nothing, in the platform's own words."""

    code: str | None
    message: str | None


class LastLoss(TypedDict):
    """The last losses that the job's log told of, and at which step; null where none was read."""

    training: Number
    validation: Number
    step: int | None


class Job(TypedDict):
    """A job, the same object wherever one is told of. ``asked``: when the platform said so; null where it is only remembered.

    ``tokens``: billed. ``output_model``: the name to deploy, which is no sign of success.
    """

    id: str
    name: str | None
    model: str | None
    base_model: str | None
    training_type: str | None
    settings: dict[str, Setting]
    training_files: list[JobFile]
    validation_files: list[JobFile]
    status: str | None
    asked: str | None
    error: JobError | None
    created: str | None
    ended: str | None
    tokens: int | None
    estimated: Estimated | None
    billed: Billed | None
    output_model: str | None
    last_loss: LastLoss


class OneJob(TypedDict):
    """One job."""

    job: Job


class Jobs(TypedDict):
    """Jobs, newest first; in the order in which they were named where they were."""

    jobs: list[Job]


class Log(TypedDict):
    """A job's log. ``whole``: whether these are all lines that there are now."""

    job_id: str
    logs: list[str]
    whole: bool


class Metric(TypedDict):
    """What a line of the log says of the training's course."""

    step: int | None
    epoch: Number
    loss: Number
    validation_loss: Number
    learning_rate: Number


class Metrics(TypedDict):
    """The course of a training, in the order of the log. ``whole``: whether the log was read to its end."""

    job_id: str
    steps: int | None
    metrics: list[Metric]
    whole: bool


class Canceled(TypedDict):
    """``cancelled``: whether the platform was asked to; ``status``: as it was when it was looked at."""

    job_id: str
    cancelled: bool
    status: str


class File(TypedDict):
    """A file on the platform."""

    file_id: str
    name: str | None
    size: int | None
    md5: str | None
    created: str | None
    description: str | None
    purpose: str | None


class OneFile(TypedDict):
    """One file."""

    file: File


class Files(TypedDict):
    """Files, newest first."""

    files: list[File]


class Deleted(TypedDict):
    """``deleted``: whether it was removed now; ``gone``: whether it is there no more."""

    file_id: str
    name: str | None
    deleted: bool
    gone: bool


class DeletedFiles(TypedDict):
    """What became of each file that was named."""

    files: list[Deleted]


class Session(TypedDict):
    """A session of this folder. ``unknown``: a job may have been created, and nobody knows. ``foreign``: not this user's as it stands."""

    session: str
    created: str | None
    touched: str | None
    data: str | None
    model: str | None
    job: Job | None
    unknown: bool
    put_away: bool
    foreign: bool


class Sessions(TypedDict):
    """Sessions, the one used last first."""

    sessions: list[Session]


class Opened(TypedDict):
    """``put_away``: the session that lay here before."""

    session: str
    put_away: str | None


class Trusted(TypedDict):
    """Whether the session is this user's now."""

    session: str
    trusted: bool


# The walk


class Price(TypedDict):
    """What 1,000 training tokens cost in a region, as ``source`` had it on ``date``."""

    amount: str
    currency: str
    region: str
    source: str
    date: str


class Estimate(TypedDict):
    """Rows and tokens of a job. ``rows_dropped``: too long, dropped by the platform. ``rows_counted``: in which tokens were counted."""

    rows: int
    rows_dropped: int
    rows_counted: int
    tokens: int
    tokens_approximate: bool
    cost: Estimated | None


class PlanLine(TypedDict):
    """A line of the plan. ``value`` is what the digest is made of, ``shown`` how a person reads it; ``source``: where the answer came from."""

    key: str
    label: str
    value: Any
    shown: str
    source: str | None


class Earlier(TypedDict):
    """An answer of an earlier call that this one goes on with."""

    key: str
    value: Setting


class Plan(TypedDict):
    """What would be done. ``digest`` is what --approve takes. ``earlier``: answers that stem from an earlier call."""

    digest: str
    plan: list[PlanLine]
    estimate: Estimate
    earlier: list[Earlier]


class Sent(TypedDict):
    """A file that is on the platform. ``adopted``: it was there already."""

    role: str
    name: str
    file_id: str
    adopted: bool


class Outcome(TypedDict):
    """What ``run`` came to, in this start or before. ``digest``: of the plan that was approved."""

    session: str
    digest: str | None
    estimate: Estimate | None
    files: list[Sent]
    job: Job | None
    earlier: list[Earlier]


class StatusCost(TypedDict):
    """What the job may cost by the list price of ``as_of``, or did cost by its bill (``billed``)."""

    low: str
    high: str
    currency: str
    as_of: str
    billed: bool


class Status(TypedDict):
    """How the session here stands. ``next``: the command that goes on; ``changed``: what is no longer as it is remembered."""

    state: Literal["none", "open", "waiting", "unknown", "running", "succeeded", "failed", "canceled", "gone"]
    since: str | None
    asked: str | None
    status: str | None
    reason: str | None
    job: str | None
    model: str | None
    cost: StatusCost | None
    next: str | None
    changed: list[str]


# Data


class Finding(TypedDict):
    """Something that is wrong with data; ``line`` 0: with the whole file."""

    code: str
    severity: Literal["error", "warning"]
    file: str
    line: int
    what: str
    fix: str


class Findings(TypedDict):
    """How many there are, by code, and the first of each."""

    errors: int
    warnings: int
    counts: dict[str, int]
    findings: list[Finding]


class Proof(TypedDict):
    """How many rows prove something, of how many, and the first line that does."""

    rows: int
    of: int
    line: int


class Reading(TypedDict):
    """How a file was understood. ``columns``: by what they mean. ``counting``: the number of the first option, where options are numbered."""

    container: str
    encoding: str
    packed: bool
    sheet: str | None
    header: bool | None
    shape: str | None
    columns: dict[str, list[str]]
    answers: list[str]
    counting: int | None
    proof: Proof | None
    not_sent: dict[str, int]
    not_sent_first: dict[str, str]


class Interval(TypedDict):
    """An estimate and its 95 % interval; all three are the same where it was counted exactly."""

    value: float
    low: float
    high: float


class Longest(TypedDict):
    """The longest row."""

    characters: int
    line: int


Span = TypedDict("Span", {"from": int, "to": int, "rows": int})
"""Rows of so many tokens, both ends within."""


class Tokens(TypedDict):
    """Tokens of the rows; ``exact``: counted in all of them, else in ``rows_counted``, drawn with ``seed``."""

    exact: bool
    rows_counted: int
    seed: int | None
    total: Interval
    median: int
    p95: int
    longest_counted: int
    histogram: list[Span]


class LongestOption(TypedDict):
    """How often the right option is the longest one, and how often it would be by chance."""

    rows: int
    right: int
    chance: float


class Answers(TypedDict):
    """How the right answers are spread over the letters."""

    counts: dict[str, int]
    chi_square: float
    p: float | None
    longest_option: LongestOption


class Statistics(TypedDict):
    """Numbers of one file; ``above_max_length``: by limit, the rows that are longer."""

    rows: int
    characters: int
    longest: Longest
    tokens: Tokens
    above_max_length: dict[str, Interval]
    answers: Answers


class CheckedFile(Findings):
    """What was found in one file. ``rows`` can be sent, ``unfit`` can't."""

    file: str
    kind: Literal["bailian", "source"]
    role: str | None
    lines: int
    rows: int
    unfit: int
    blank_lines: int
    reading: Reading
    statistics: NotRequired[Statistics]


class Checked(TypedDict):
    """What ``check`` found."""

    errors: int
    warnings: int
    files: list[CheckedFile]


class FixedFile(TypedDict):
    """What ``check --fix`` wrote; ``done``: how often each code was mended."""

    source: str
    output: str
    rows: int
    rejected: int
    rejected_file: str | None
    done: dict[str, int]


class Fixed(TypedDict):
    """All files that ``check --fix`` wrote."""

    files: list[FixedFile]


class Place(TypedDict):
    """A line of a file."""

    file: str
    line: int


class Fate(TypedDict):
    """What became of a row. ``sent``: the line that is sent for it; null where nothing is."""

    file: str
    line: int
    read: str | None
    record: str | None
    blank: bool
    findings: list[Finding]
    sent: str | None
    output: Place | None


class Part(TypedDict):
    """A file that was written."""

    path: str
    split: str
    rows: int
    size: int
    md5: str
    sha256: str


class ConvertedFile(TypedDict):
    """What became of one source."""

    source: str
    output: str
    rows: int
    left_out: int
    left_out_file: str | None
    size: int
    sha256: str
    kind: str
    order_kept: int
    manifest: str
    parts: list[Part]
    reading: Reading
    findings: Findings


class Converted(TypedDict):
    """What ``convert`` wrote."""

    files: list[ConvertedFile]


class Example(TypedDict):
    """A file that has the finding and one that hasn't; ``command``: finds it in the first."""

    command: list[str]
    beside: str | None
    bad: str
    good: str


class Rule(TypedDict):
    """All about one code of a finding."""

    code: str
    severity: Literal["error", "warning"]
    what: str
    why: str
    fix: str
    mended: bool
    example: Example


class Rules(TypedDict):
    """Codes of findings."""

    findings: list[Rule]


class ErrorCode(TypedDict):
    """A code of an error. ``retryable``: the same command, run again as it is, may succeed and does no harm."""

    code: str
    exit: int
    retryable: bool
    about: str
    todo: str


class ErrorCodes(TypedDict):
    """Codes of errors."""

    errors: list[ErrorCode]


# Models


class ByToken(TypedDict):
    """Using a result by token, per million of them; ``long``: in and out of calls above 128K."""

    input: str
    output: str
    thinking: str | None
    long: list[str] | None
    currency: str
    source: str
    date: str


class ByHour(TypedDict):
    """Using a result by the hour; ``hour``: the least that one costs, called or not."""

    unit: str
    least: int
    price: str
    currency: str
    source: str
    date: str
    hour: str


class Uses(TypedDict):
    """The platform's plans by which a result can be used; null where none is published."""

    lora: ByToken | None
    mu: ByHour | None


class Model(TypedDict):
    """A model that can be tuned. ``text``: whether this wizard trains it. ``uses``: by training type."""

    model: str
    training_types: list[str]
    text: bool
    prices: list[Price]
    base_retired: str | None
    uses: dict[str, Uses]
    remarks: list[str]


class Models(TypedDict):
    """What can be tuned."""

    models: list[Model]


# What belongs to errors


class Candidate(TypedDict):
    """Something on the platform that could be what would be created: what equals the plan, what doesn't, and what is not told."""

    id: str
    name: str | None
    status: str | None
    model: str | None
    created: str | None
    settings: dict[str, Setting]
    equal: list[str]
    different: list[str]
    untold: list[str]


class Details(TypedDict, total=False):
    """What an error tells a program to go on from, each where it belongs to the code."""

    keys: list[str]
    digest: str
    status: int
    platform_code: str
    request_id: str
    log: str
    effect: str
    question: str
    choices: list[str]
    candidates: list[Candidate]
    rows: int
    left_out: int
    errors: int
    warnings: int
    counts: dict[str, int]
    findings: list[Finding]


RESULTS: dict[str, tuple[Any, ...]] = {
    "run": (Outcome,),
    "plan": (Plan,),
    "status": (Status,),
    "convert": (Converted,),
    "check": (Checked, Fixed),
    "why": (Fate,),
    "explain": (Rules, ErrorCodes),
    "jobs list": (Jobs,),
    "jobs show": (OneJob,),
    "jobs logs": (Log,),
    "jobs metrics": (Metrics,),
    "jobs watch": (OneJob,),
    "jobs wait": (Jobs,),
    "jobs cancel": (Canceled,),
    "files list": (Files,),
    "files show": (OneFile,),
    "files delete": (DeletedFiles,),
    "models": (Models,),
    "sessions list": (Sessions,),
    "sessions open": (Opened,),
    "sessions trust": (Trusted,),
}
"""What each command tells under ``data``: one of these."""
