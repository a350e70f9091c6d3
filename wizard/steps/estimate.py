"""What a job may cost, worked out from the lengths of the rows, and the hyper-parameters that it is sent with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from wizard.bailian import models
from wizard.bailian.endpoints import BEIJING
from wizard.bailian.hyperparameters import taken_by
from wizard.engine.step import Facts
from wizard.locale import _
from wizard.steps.dataset import BY_SPLIT
from wizard.steps.facts import Cost, Estimate, trained
from wizard.steps.wording import money

SPLIT_ONLY = ("split", "max_split_val_dataset_sample")
# What each kind of rows can train: chats; a better and a worse answer; plain text.
TYPES: Mapping[str, tuple[str, ...]] = {
    "chat": models.CHAT_TRAINING_TYPES,
    "preference": (models.DPO_LORA, models.DPO),
    "text": (models.CPT,),
}


def sent_parameters(facts: Facts) -> dict[str, Any]:
    """The hyper-parameters as they go out, in the wire's types; those that nobody set are left to the platform."""
    return {
        known.name: facts[f"training.{known.name}"]
        for known in taken_by(facts["training.type"])
        if facts.get(f"training.{known.name}") is not None
        and (known.name not in SPLIT_ONLY or facts.get("dataset.validation") == BY_SPLIT)
    }


def training_rows(facts: Facts) -> int | None:
    """Rows that are trained, after the platform has split off those for validation; None before the conversion."""
    train = trained(facts)
    return None if train is None else int(train.rows * _trained_part(facts))


def _trained_part(facts: Facts) -> Decimal:
    if facts.get("dataset.validation") != BY_SPLIT:
        return Decimal(1)
    return Decimal(str(facts.get("training.split") or "0.9"))


def estimated(facts: Facts) -> Estimate:
    """What the job may cost, from the token lengths of the rows that fit into ``max_length``."""
    from wizard.data.tokens import Tokenizer

    max_length = facts["training.max_length"]
    train = trained(facts)
    assert train is not None, "training needs the conversion's statistics"
    part = _trained_part(facts)
    lengths, sampled = train.lengths, train.sampled
    # Counted in a part of the rows only, what was seen stands for all of them; the interval widens the lower end.
    scale = Decimal(1) if sampled is None else Decimal(train.rows) / sampled.rows
    if facts["training.type"] in TYPES["preference"]:
        lengths = tuple((min(length, max_length), count) for length, count in lengths)  # DPO cuts, SFT drops
    rows_fit = round(sum(count for length, count in lengths if length <= max_length) * scale)
    tokens_fit = round(sum(length * count for length, count in lengths if length <= max_length) * scale)
    if sampled is not None:
        mean = sum(length * count for length, count in lengths) / sampled.rows
        tokens_fit = round(tokens_fit * sampled.low / mean)
    return Estimate(
        rows=train.rows,
        rows_dropped=train.rows - rows_fit,
        rows_counted=train.rows if sampled is None else sampled.rows,
        tokens=tokens_fit,
        tokens_approximate=not Tokenizer.covers(facts["training.model"]),
        cost=_cost(facts, _least(lengths, max_length, part, tokens_fit), int(rows_fit * part)),
    )


def _least(lengths: Sequence[tuple[int, int]], max_length: int, part: Decimal, tokens: int) -> int:
    """The fewest tokens that ``part`` of the rows can have, of ``tokens`` in all: nobody knows which ones the platform keeps for validation."""
    fit = sorted((length, count) for length, count in lengths if length <= max_length)
    counted = sum(length * count for length, count in fit)
    left = int(sum(count for _length, count in fit) * part)
    least = 0
    for length, count in fit:
        least += length * min(count, left)
        left -= min(count, left)
    return int(Decimal(tokens) * least / counted) if counted else 0


def _cost(facts: Facts, tokens: int, rows: int) -> Cost | None:
    model = models.model(facts["training.model"])
    price = model.price(facts.get("key.region") or BEIJING) if model else None
    if price is None:
        return None
    worked_out = models.estimate(
        tokens, rows, facts["training.max_length"], facts["training.n_epochs"], price
    )
    low, high = worked_out.formula()
    return Cost(
        low=str(worked_out.low),
        high=str(worked_out.high),
        currency=price.currency,
        price=str(price.amount),
        price_date=price.date,
        price_source=price.source,
        formula_low=low,
        formula_high=high,
        reason=worked_out.reason(),
    )


def price_of(facts: Facts) -> list[str] | None:
    """The price of the chosen model as the table has it now: amount, currency, date, source; None where there is none."""
    model = models.model(facts["training.model"]) if "training.model" in facts else None
    price = model.price(facts.get("key.region") or BEIJING) if model else None
    return None if price is None else [str(price.amount), price.currency, price.date, price.source]


def cost_shown(cost: Cost | None) -> str:
    """The range in a few words."""
    if cost is None:
        return _("price not published for this region")
    return _("estimated {range}").format(range=money(cost.low, cost.high, cost.currency))
