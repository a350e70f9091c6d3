"""The numbers of a training's course as programs are told of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.bailian.logs import Point
    from wizard.contract import forms


def metric(point: Point) -> forms.Metric:
    """What a line of the log says."""
    return {
        "step": point.step,
        "epoch": number(point.epoch),
        "loss": number(point.loss),
        "validation_loss": number(point.eval_loss),
        "learning_rate": number(point.learning_rate),
    }


def number(value: float | None) -> forms.Number:
    """``value`` as JSON can have it."""
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
