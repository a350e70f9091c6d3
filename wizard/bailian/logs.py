"""Training log lines -> points of a curve, and the milestones between them. Pure; no line can make it fail.

Shapes: model-training-api-reference 2026-05-26, a trainer's real log of 2025-12-06, and the video model's page. The platform
promises none of them: a loss line is a Python dict's repr or JSON, its keys differ from trainer to trainer, and lines come out
of order.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

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
_EVAL_LOSS = ("eval_loss", "validation_loss", "val_loss")
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
    summary: bool = False

    @property
    def diverged(self) -> bool:
        """Whether a loss is not a number: training went wrong, and a smaller learning rate may help."""
        return any(loss is not None and not math.isfinite(loss) for loss in (self.loss, self.eval_loss))


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


class Losses:
    """Training and validation losses by step, of a log of any length in bounded memory."""

    def __init__(self, most: int = MOST_POINTS) -> None:
        self.training = _Thinned(most)
        self.validation = _Thinned(most)
        self._seen = 0

    def add(self, point: Point) -> None:
        """Take ``point``, by its order of appearance where the log tells no step; a loss that is no number isn't drawn."""
        self._seen += 1
        place = float(self._seen if point.step is None else point.step)
        for series, loss in ((self.training, point.loss), (self.validation, point.eval_loss)):
            if loss is not None and math.isfinite(loss):
                series.add((place, loss))


class _Thinned:
    """Points evenly spread over all that came, at most ``most``, and the last one."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: list[tuple[float, float]] = []
        self._last: tuple[float, float] | None = None
        self._stride = 1
        self._came = 0

    def add(self, point: tuple[float, float]) -> None:
        self._last = point
        if self._came % self._stride == 0:
            self._kept.append(point)
            if len(self._kept) > self._most:
                del self._kept[1::2]
                self._stride *= 2
        self._came += 1

    @property
    def points(self) -> tuple[tuple[float, float], ...]:
        """By step: lines come out of order."""
        last = [self._last] if self._last is not None and self._last != self._kept[-1] else []
        return tuple(sorted([*self._kept, *last]))


def parse(line: str) -> Point | None:
    """The point in ``line``; None for a line that has neither a loss nor a place on the curve."""
    if "{" not in line or len(line) > _LONGEST:
        return None
    values: dict[str, str] = {}
    for pair in _PAIR.finditer(line):
        values.setdefault(pair["key"], pair["single"] or pair["double"] or pair["bare"] or "")
    summary = "train_runtime" in values
    place, _, of = _first(values, _STEP).partition("/")
    point = Point(
        step=_whole(place),
        epoch=_finite(_first(values, _EPOCH)),
        loss=_number(_first(values, ("loss", "train_loss"))),
        eval_loss=_number(_first(values, _EVAL_LOSS)),
        steps=_whole(of or _first(values, _STEPS)),
        summary=summary,
    )
    return None if point == Point(summary=summary) else point


def milestone(line: str) -> Milestone | None:
    """What ``line`` tells besides points; None for an ordinary line."""
    if len(line) > _LONGEST:
        return None
    for kind, pattern in _MILESTONES:
        if found := pattern.search(line):
            return Milestone(kind, float(found[1]) if pattern.groups else None)
    return None


def curve(lines: Iterable[str]) -> tuple[Point, ...]:
    """The points of a whole log in the order of their steps (of their epochs without), one a step, without summaries.

    A later line about the same step adds to an earlier one or replaces it.
    """
    points: dict[tuple[int, float], Point] = {}
    for number, line in enumerate(lines):
        found = parse(line)
        if found is None or found.summary or (found.loss is None and found.eval_loss is None):
            continue
        if found.step is not None:
            place = (0, float(found.step))
        else:
            place = (1, found.epoch) if found.epoch is not None else (2, float(number))
        points[place] = _merged(points.get(place, Point()), found)
    return tuple(points[place] for place in sorted(points))


def _merged(old: Point, new: Point) -> Point:
    return replace(
        new,
        epoch=old.epoch if new.epoch is None else new.epoch,
        loss=old.loss if new.loss is None else new.loss,
        eval_loss=old.eval_loss if new.eval_loss is None else new.eval_loss,
        steps=old.steps if new.steps is None else new.steps,
    )


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
