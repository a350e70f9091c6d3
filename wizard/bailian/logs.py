"""Training log lines -> the course of the training (losses, steps), and the milestones between. Pure; no line makes it fail.

Shapes: model-training-api-reference 2026-05-26, a trainer's real log of 2025-12-06, and the video model's page. The platform
promises none of them: a loss line is a Python dict's repr or JSON, its keys differ from trainer to trainer, and lines come out
of order.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

_LONGEST = 20_000
# A key with a plain value, however deep: read one by one instead of evaluated, so that nan, null and cut-off lines read too.
_PAIR = re.compile(
    r"""(?P<quote>['"])(?P<key>[A-Za-z_][\w/ .-]{0,80})(?P=quote)\s{0,8}:\s{0,8}
        (?: '(?P<single>[^'\\]{0,200})' | "(?P<double>[^"\\]{0,200})" | (?P<bare>[-+\w.]{1,80}) )""",
    re.VERBOSE,
)
_STEP = ("global_step/max_steps", "global_step", "step", "current_steps", "current_step")
_STEPS = ("max_steps", "total_steps")
_EPOCH = ("epoch", "current_epoch")
_LEARNING_RATE = ("learning_rate", "lr")
_EVAL_LOSS = ("eval_loss", "validation_loss", "val_loss")
# Keys of the line that speaks of the whole run.
_WHOLE_RUN = ("train_runtime", "train_samples_per_second", "train_steps_per_second")
_NUMBER = r"(\d{1,18}(?:\.\d{1,18})?(?:e[-+]\d{1,3})?)"


@dataclass(frozen=True, slots=True)
class Point:
    """What one line says about the curve. ``steps``: how many there will be. A loss can be NaN or infinite: it diverged.

    ``summary``: the line speaks of the whole run (``train_loss`` is then its mean), not of a step.
    """

    step: int | None = None
    epoch: float | None = None
    loss: float | None = None
    eval_loss: float | None = None
    steps: int | None = None
    learning_rate: float | None = None
    summary: bool = False


class Kind(enum.Enum):
    """What a milestone tells."""

    ESTIMATED_MINUTES = "estimated-minutes"
    ESTIMATED_TOKENS = "estimated-tokens"
    STARTED = "started"
    CONSUMED_TOKENS = "consumed-tokens"  # so far: cumulative, and counted before the end
    TRAINED = "trained"
    BILLED_TOKENS = "billed-tokens"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class Milestone:
    """Something that happened; ``value`` in minutes or tokens where the kind has one."""

    kind: Kind
    value: float | None = None


_MILESTONES = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        (Kind.ESTIMATED_MINUTES, rf"\bEstimated time:\s{{0,8}}{_NUMBER}\s{{0,8}}min"),
        (Kind.ESTIMATED_TOKENS, rf"\bEstimated token\w?:\s{{0,8}}{_NUMBER}"),
        (Kind.CONSUMED_TOKENS, rf"\bnumber of consumed tokens is\s{{0,8}}{_NUMBER}"),
        (Kind.BILLED_TOKENS, rf"\btraining usage\s{{0,8}}{_NUMBER}"),
        (Kind.COMPLETED, r"##FT_COMPLETE##|\bfinetune-job succeeded"),
        (Kind.TRAINED, r"\bTraining completed|\bFine-tune succeeded"),
        (Kind.STARTED, r"\bTraining start\b|start to fine-tune"),
    )
)


MOST_POINTS = 2_000  # of a curve; no screen has so many columns
# What a loss can be placed by, the best first.
_PLACES = ("step", "epoch", "line")


class Course:
    """The course of a training as its log tells it, line by line: the losses, and how far it is; in bounded memory.

    What a line says of the whole run (a mean, at the end) is no point of a curve. The losses are placed by step where the log
    tells steps, else by epoch, else by their order: places of two kinds never share an axis.
    """

    def __init__(self, most: int = MOST_POINTS) -> None:
        self.by = _PLACES[-1]
        self.step: int | None = None
        self.steps: int | None = None
        self._most = most
        self._lines = 0
        self._begin()

    @property
    def training(self) -> tuple[tuple[float, float], ...]:
        """Training losses by place, the last place's at the end."""
        return self._training.points

    @property
    def validation(self) -> tuple[tuple[float, float], ...]:
        """Validation losses likewise."""
        return self._validation.points

    def read(self, line: str) -> None:
        """Take what ``line`` says of the course, if anything."""
        self._lines += 1
        point = parse(line)
        if point is None or point.summary:
            return
        self.steps = point.steps or self.steps
        if point.step is not None:
            self.step = max(point.step, self.step or 0)
        if point.loss is not None or point.eval_loss is not None:
            self._add(point)

    def _add(self, point: Point) -> None:
        places = (point.step, point.epoch, self._lines)
        by, place = next(
            (by, float(place)) for by, place in zip(_PLACES, places, strict=True) if place is not None
        )
        if _PLACES.index(by) < _PLACES.index(self.by):
            self.by = by
            self._begin()
        if by != self.by:
            return
        for series, loss in ((self._training, point.loss), (self._validation, point.eval_loss)):
            if loss is not None and math.isfinite(loss):
                series.add(place, loss)

    def _begin(self) -> None:
        self._training, self._validation = _Thinned(self._most), _Thinned(self._most)


class Last:
    """The last losses that a log tells of, whatever they came to, and the last step."""

    def __init__(self) -> None:
        self.loss: float | None = None
        self.eval_loss: float | None = None
        self.step: int | None = None

    def read(self, line: str) -> None:
        """Take what ``line`` says, if anything; lines come out of order, so that the furthest step is the last one."""
        point = parse(line)
        if point is None or point.summary or (point.loss is None and point.eval_loss is None):
            return
        behind = point.step is not None and self.step is not None and point.step < self.step
        if point.loss is not None and not (behind and self.loss is not None):
            self.loss = point.loss
        if point.eval_loss is not None and not (behind and self.eval_loss is not None):
            self.eval_loss = point.eval_loss
        self.step = self.step if behind or point.step is None else point.step


class _Thinned:
    """Losses by place: at most ``most``, evenly spread over all that came, and always the one that is furthest."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[float, float] = {}
        self._furthest = (-math.inf, 0.0)
        self._stride = 1
        self._came = 0

    def add(self, place: float, loss: float) -> None:
        """A later loss at the same place replaces the earlier one."""
        if place >= self._furthest[0]:
            self._furthest = place, loss
        if self._came % self._stride == 0 or place in self._kept:
            self._kept[place] = loss
            if len(self._kept) > self._most:
                self._kept = dict(sorted(self._kept.items())[::2])
                self._stride *= 2
        self._came += 1

    @property
    def points(self) -> tuple[tuple[float, float], ...]:
        """In order of their places: lines come out of order."""
        return tuple(sorted((self._kept | dict([self._furthest])).items())) if self._came else ()


def named(line: str) -> dict[str, str]:
    """The plain values in a line that is a dict's repr or JSON, by their names; none in any other line."""
    values: dict[str, str] = {}
    if "{" not in line or len(line) > _LONGEST:
        return values
    for pair in _PAIR.finditer(line):
        values.setdefault(pair["key"], pair["single"] or pair["double"] or pair["bare"] or "")
    return values


def parse(line: str) -> Point | None:
    """The point in ``line``; None for a line that has neither a loss nor a place on the curve."""
    if not (values := named(line)):
        return None
    summary = any(name in values for name in _WHOLE_RUN)
    place, _, of = _first(values, _STEP).partition("/")
    point = Point(
        step=_whole(place),
        epoch=_finite(_first(values, _EPOCH)),
        loss=_number(_first(values, ("loss", "train_loss"))),
        eval_loss=_number(_first(values, _EVAL_LOSS)),
        steps=_whole(of or _first(values, _STEPS)),
        learning_rate=_number(_first(values, _LEARNING_RATE)),
        summary=summary,
    )
    return None if point == Point(learning_rate=point.learning_rate, summary=summary) else point


def milestone(line: str) -> Milestone | None:
    """What ``line`` tells besides points; None for an ordinary line."""
    if len(line) > _LONGEST:
        return None
    for kind, pattern in _MILESTONES:
        if found := pattern.search(line):
            return Milestone(kind, float(found[1]) if pattern.groups else None)
    return None


def _first(values: dict[str, str], names: Iterable[str]) -> str:
    return next((values[name] for name in names if values.get(name)), "")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _finite(text: str) -> float | None:
    value = _number(text)
    return value if value is not None and math.isfinite(value) else None


def _whole(text: str) -> int | None:
    value = _finite(text)
    return int(value) if value is not None and value >= 0 and value.is_integer() and value < 1 << 53 else None
