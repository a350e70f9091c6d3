"""The estimate and the step that makes it: which rows are trained and billed, what is recommended, and when it says no."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from facts_fixture import MISSING, fields_of, known, statistics_of, step_of, world_in
from hypothesis import given
from hypothesis import strategies as st

from wizard.bailian import models
from wizard.bailian.models import TRAINING_TYPES
from wizard.engine.effectful import Effectful, Receipt
from wizard.engine.step import Facts, Front, Unacceptable
from wizard.errors import UsageError
from wizard.steps.estimate import TYPES, cost_shown, estimated, price_of, sent_parameters, training_rows
from wizard.steps.facts import Estimate, trained
from wizard.steps.world import World
from wizard.ui.scripted import Scripted

LENGTHS = {600: 10, 1_000: 5, 3_000: 5}
LIMIT = 1_000


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with world_in(tmp_path) as made:
        yield made


@dataclass
class Working:
    """What a step gets to work with, for one that asks nothing of a platform."""

    facts: Facts
    front: Front = field(default_factory=lambda: Scripted(yes=True))

    def secret(self, key: str) -> Any:
        raise AssertionError(key)

    def once(self, effect: Effectful) -> Receipt:
        raise AssertionError(effect)


def facts_for(
    world: World, kind: str = "efficient_sft", rows: dict[str, Any] | None = None, **changed: Any
) -> Facts:
    """Facts for the training type ``kind`` over ``rows``, cut or dropped at LIMIT tokens."""
    values = {
        "preview__statistics": [rows or statistics_of(lengths=LENGTHS)],
        "dataset__validation": "file",
        "training__type": kind,
        "training__model": "qwen3-8b",
        "training__max_length": LIMIT,
        "training__n_epochs": 3,
    }
    return known(step_of(world, "training"), **{**values, **changed})


def told(facts: Facts) -> dict[str, Any]:
    """The estimate, as it stands in the session."""
    return estimated(facts).as_json()


@pytest.mark.parametrize(
    ("kind", "tokens", "dropped"),
    [
        ("efficient_sft", 10 * 600 + 5 * 1_000, 5),
        ("sft", 10 * 600 + 5 * 1_000, 5),
        ("dpo_lora", 10 * 600 + 10 * 1_000, 0),
        ("dpo_full", 10 * 600 + 10 * 1_000, 0),
        ("cpt", 10 * 600 + 5 * 1_000, 5),
    ],
)
def test_rows_that_are_too_long(kind: str, tokens: int, dropped: int, world: World) -> None:
    """A row of max_length tokens is trained whole; of a longer one preferences train the beginning, all else drops it."""
    made = told(facts_for(world, kind))
    assert (20, dropped, tokens, 20) == tuple(
        made[name] for name in ("rows", "rows_dropped", "tokens", "rows_counted")
    )


def test_the_two_ends(world: World) -> None:
    """At least the rows' own tokens are billed, at most max_length for each row that is trained, once an epoch."""
    facts = facts_for(world)
    made = told(facts)
    price = Decimal(made["price"])
    tokens, rows = 11_000, 15
    cent = Decimal("0.01")
    assert str((tokens * 3 * price / 1000).quantize(cent, ROUND_DOWN)) == made["low"]
    assert str((rows * LIMIT * 3 * price / 1000).quantize(cent, ROUND_UP)) == made["high"]
    table = models.model("qwen3-8b")
    assert table is not None
    listed = table.price("cn-beijing")
    assert listed is not None
    assert [str(listed.amount), listed.currency, listed.date, listed.source] == price_of(facts)
    assert price_of(facts) == [made[name] for name in ("price", "currency", "price_date", "price_source")]
    assert made["low"] in cost_shown(estimated(facts).cost)
    assert made["high"] in cost_shown(estimated(facts).cost)
    assert "11,000" in made["formula_low"]
    assert "15" in made["formula_high"]
    assert made["reason"]


@pytest.mark.parametrize("kind", ["efficient_sft", "sft", "dpo_lora", "dpo_full", "cpt"])
def test_what_is_held_back_is_sent(kind: str, world: World) -> None:
    """Whatever is trained, the part that the estimate counts on is the part that the platform is told."""
    assert (
        0.9
        == sent_parameters(facts_for(world, kind, dataset__validation="split", training__split=0.9))["split"]
    )


@pytest.mark.parametrize(
    ("split", "part", "tokens"), [(MISSING, "0.9", 10 * 600 + 3 * 1_000), (0.5, "0.5", 7 * 600)]
)
def test_rows_held_back_are_not_billed(split: Any, part: str, tokens: int, world: World) -> None:
    """Where the platform holds rows back for validation, the rest is trained and estimated, by default nine tenths; at least the shortest."""
    facts = facts_for(world, dataset__validation="split", training__split=split)
    if split is MISSING:
        del facts["training.split"]
    made = told(facts)
    price = Decimal(made["price"])
    low = tokens * 3 * price / 1000
    high = int(Decimal(15) * Decimal(part)) * LIMIT * 3 * price / 1000
    assert [round(low, 2), round(high, 2)] == pytest.approx(
        [Decimal(made["low"]), Decimal(made["high"])], abs=Decimal("0.01")
    )
    assert int(20 * Decimal(part)) == training_rows(facts)
    assert 20 == training_rows(Facts({**facts, "dataset.validation": "file"}))


@given(
    st.dictionaries(st.integers(1, LIMIT), st.integers(1, 50), min_size=1, max_size=6),
    st.integers(1, 9),
    st.decimals("0.5", "1", places=2),
)
def test_a_sample_stands_for_all_rows_at_its_lower_end(
    tmp_path_factory: pytest.TempPathFactory, lengths: dict[int, int], times: int, lower: Decimal
) -> None:
    """Counted in a part of the rows only, the lower price bound is that of the interval's lower end, the upper that of all rows."""
    seen = sum(lengths.values())
    mean = sum(length * count for length, count in lengths.items()) / seen
    low = mean * float(lower)
    sample = {"rows": seen, "low": low, "high": mean * 2}
    rows = statistics_of(lengths=lengths, rows=seen * times, sampled=sample)
    with world_in(tmp_path_factory.mktemp("sampled")) as world:
        facts = facts_for(world)
        made = told(Facts({**facts, "preview.statistics": [rows]}))
        whole = told(Facts({**facts, "preview.statistics": [statistics_of(lengths=lengths)]}))
    assert (seen * times, seen, 0) == (made["rows"], made["rows_counted"], made["rows_dropped"])
    assert low * seen * times == pytest.approx(made["tokens"], abs=1)
    assert made["tokens"] <= round(mean * seen * times) + 1
    assert Decimal(whole["high"]) * times == pytest.approx(Decimal(made["high"]), abs=Decimal("0.01") * times)


def test_a_sample_drops_its_share(world: World) -> None:
    """Rows of a sample that are too long stand for as many in all rows."""
    sample = {"rows": 20, "low": 1_300.0, "high": 1_301.0}
    made = told(facts_for(world, rows=statistics_of(lengths=LENGTHS, rows=200, sampled=sample)))
    assert (200, 50, 20, round(110_000 * 1_300 / 1_300)) == tuple(
        made[name] for name in ("rows", "rows_dropped", "rows_counted", "tokens")
    )


def test_without_a_region_it_is_beijing(world: World) -> None:
    """Before anybody chose a region, the price is that of the default one."""
    facts = facts_for(world)
    nowhere = Facts({key: value for key, value in facts.items() if key != "key.region"})
    assert (told(facts), price_of(facts)) == (told(nowhere), price_of(nowhere))


def test_no_price_is_no_number(world: World) -> None:
    """Where the table has no price for the region, none is made up, and the line says so."""
    facts = facts_for(world, key__region="us-east-1")
    made = told(facts)
    assert (None, None, None) == (made["low"], made["high"], price_of(facts))
    assert "not published" in cost_shown(estimated(facts).cost)
    assert 11_000 == made["tokens"]
    assert price_of(Facts()) is None
    unknown = facts_for(world, training__model="a-newer-one")
    assert (None, None) == (told(unknown)["low"], price_of(unknown))


def test_a_vocabulary_that_is_not_the_models_own_is_said(world: World) -> None:
    """Tokens are approximate exactly where the model has another vocabulary than the one that counted."""
    approximate = {
        code: told(facts_for(world, training__model=code))["tokens_approximate"]
        for code in ("qwen3-8b", "qwen2.5-7b-instruct", "qwen3.5-27b")
    }
    assert {"qwen3-8b": False, "qwen2.5-7b-instruct": False, "qwen3.5-27b": True} == approximate


def test_nothing_is_known_before_the_conversion() -> None:
    """Without statistics there are no rows; those of validation are none that train."""
    assert (None, None) == (trained(Facts()), training_rows(Facts()))
    assert trained(Facts({"preview.statistics": [statistics_of("validation")]})) is None


def test_what_is_sent_is_what_the_type_takes(world: World) -> None:
    """Of the settings those go out that the type takes and that have a value; the split only where rows are held back."""
    assert set(TRAINING_TYPES) == {kind for kinds in TYPES.values() for kind in kinds}
    facts = facts_for(
        world, training__eval_steps=7, training__split=0.8, training__max_split_val_dataset_sample=5
    )
    assert {
        "n_epochs": 3, "batch_size": 16, "learning_rate": "1e-4", "lora_rank": 64, "target_modules": "ALL",
        "max_length": LIMIT, "eval_steps": 7,
    } == sent_parameters(facts)  # fmt: skip
    held_back = facts_for(world, dataset__validation="split", training__max_split_val_dataset_sample=5)
    assert (0.9, 5) == tuple(
        sent_parameters(held_back)[name] for name in ("split", "max_split_val_dataset_sample")
    )
    assert "lora_rank" not in sent_parameters(Facts({**facts, "training.type": "sft"}))


# What is recommended, and when the step says no


def offered(world: World, rows: int, kind: str = "efficient_sft", validation: str = "file") -> dict[str, Any]:
    """What each hyper-parameter has as its default for so many rows."""
    facts = known(
        preview__statistics=[statistics_of(lengths={100: rows})], training__type=kind, training__model="qwen3-8b",
        dataset__validation=validation,
    )  # fmt: skip
    return {
        key.removeprefix("training."): field.default for key, field in fields_of(world, _open(facts)).items()
    }


def _open(facts: Facts) -> Facts:
    """Without the estimate, which is there only once every setting is."""
    return Facts({key: value for key, value in facts.items() if key != "training.estimate"})


@pytest.mark.parametrize(
    ("rows", "validation", "epochs", "batch"),
    [
        (9, "file", 3, 8), (16, "file", 3, 8), (17, "file", 3, 16), (9_999, "file", 3, 16), (10_000, "file", 2, 16),
        (17, "split", 3, 8), (18, "split", 3, 8), (19, "split", 3, 16), (11_111, "split", 3, 16), (11_112, "split", 2, 16),
    ],
)  # fmt: skip
def test_the_recommended_settings_suit_the_rows(
    rows: int, validation: str, epochs: int, batch: int, world: World
) -> None:
    """Fewer epochs from 10,000 training rows up; a batch of 8 where the usual one is not less than the rows."""
    default = offered(world, rows, validation=validation)
    assert (epochs, batch) == (default["n_epochs"], default["batch_size"])


def test_all_parameters_learn_in_smaller_steps(world: World) -> None:
    """The learning rate that is recommended for full training is the platform's own; for LoRA it is larger."""
    assert ("1e-4", "1e-5") == tuple(
        offered(world, 100, kind)["learning_rate"] for kind in ("efficient_sft", "sft")
    )


def test_before_the_conversion_the_usual_is_recommended(world: World) -> None:
    """Rows that nobody has counted change no recommendation."""
    facts = _open(known(preview__statistics=MISSING, preview__files=MISSING))
    default = {key: field.default for key, field in fields_of(world, facts).items()}
    assert (3, 16) == (default["training.n_epochs"], default["training.batch_size"])
    assert default["training.job_name"].startswith("job-")


def test_a_batch_needs_more_rows_than_it_has(world: World) -> None:
    """A batch size that isn't less than the training rows is refused, since the platform would fail the job late."""
    field = fields_of(world, _open(facts_for(world)))["training.batch_size"]
    assert 19 == field.accept("19")
    with pytest.raises(Unacceptable):
        field.accept("20")
    with pytest.raises(Unacceptable):
        field.accept("7")


@pytest.mark.parametrize(
    ("name", "good"),
    [("a.b-C_9", True), ("x" * 100, True), ("x" * 101, False), ("a b", False), ("任务", False)],
)
def test_names_are_the_platforms(name: str, good: bool, world: World) -> None:
    """A job's name has letters, digits and three marks, at most 100."""
    check = fields_of(world, _open(facts_for(world)))["training.job_name"].check
    assert good == (check(name) is None)


@pytest.mark.parametrize(("rows", "good"), [(8, False), (9, True)])
def test_too_few_rows_are_said_at_once(rows: int, good: bool, world: World) -> None:
    """No more rows than the smallest batch can't be trained, and the way out is other data."""
    facts = facts_for(world, rows=statistics_of(lengths={100: rows}))
    step = step_of(world, "training")
    if good:
        assert rows == step.perform(Working(facts))["training.estimate"]["rows"]
        return
    with pytest.raises(UsageError) as raised:
        step.perform(Working(facts))
    assert ["dataset.source"] == [remedy.key for remedy in raised.value.remedies]


def test_a_budget_is_held_by_the_upper_end(world: World) -> None:
    """A plan whose upper end is above the budget is refused, with what to change; one that is just as high isn't."""
    step = step_of(world, "training")
    high = float(told(facts_for(world))["high"])
    assert step.perform(Working(facts_for(world, training__budget=high)))
    with pytest.raises(UsageError) as raised:
        step.perform(Working(facts_for(world, training__budget=high - 0.01)))
    assert [f"training.{name}" for name in ("n_epochs", "max_length", "model", "budget")] == [
        remedy.key for remedy in raised.value.remedies
    ]


def test_no_budget_holds_an_unknown_price(world: World) -> None:
    """Where no price is known, whatever budget there is can't be kept, and the step says so."""
    facts = facts_for(world, key__region="us-east-1", training__budget=1e9)
    with pytest.raises(UsageError, match="budget"):
        step_of(world, "training").perform(Working(facts))


def test_dropped_rows_are_told(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """How many rows the platform will drop without a word is said, and nothing where it drops none."""
    step = step_of(world, "training")
    step.perform(Working(facts_for(world)))
    assert "5 rows are longer than max_length" in capsys.readouterr().err
    step.perform(Working(facts_for(world, training__max_length=3_000)))
    assert "" == capsys.readouterr().err


def test_an_estimate_holds_at_its_price_only(world: World) -> None:
    """With another price in the table, or without the model, the estimate is made anew, and it is said why."""
    facts = facts_for(world)
    step = step_of(world, "training")
    facts |= step.perform(Working(facts))
    assert price_of(facts) is not None
    assert step.verify(facts) is None
    dearer = Facts(
        {**facts, Estimate.KEY: {**facts[Estimate.KEY], "price": "0.0001", "price_date": "2020-02"}}
    )
    said = step.verify(dearer) or ""
    assert "¥0.0001 for 1,000 tokens" in said, said
    assert "the plan is approved anew" in said
    assert "no longer among the models" in (step.verify(Facts({**facts, "training.model": "gone-9b"})) or "")
