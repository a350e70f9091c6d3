"""The table of models, what training costs, and which hyper-parameters make sense."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.bailian import hyperparameters, models
from wizard.bailian.hyperparameters import HYPERPARAMETERS, advice, check, hyperparameter, recommended
from wizard.bailian.models import TRAINING_TYPES, Price, estimate, model, text_models
from wizard.bailian.plans import Uses
from wizard.bailian.retirement import Retirement
from wizard.errors import UsageError

CNY = Price(Decimal("0.006"), "CNY", "cn-beijing", "a source", "a date")


def test_those_that_are_recommended_come_first() -> None:
    """7B for balance, 14B for better answers, 32B for the best, then the best whose base is still there; those for images last."""
    table = models.models()
    assert [entry.recommended for entry in table[:4]] == ["balanced", "better", "best", "comparable"]
    assert [e.code for e in table[:4]] == [
        "qwen2.5-7b-instruct",
        "qwen2.5-14b-instruct",
        "qwen2.5-32b-instruct",
        "qwen3.5-27b",
    ]
    assert [True, True, True, False] == [entry.retirement is not None for entry in table[:4]]
    assert sorted(table, key=lambda entry: not entry.text) == list(table)
    assert len({entry.code for entry in table}) == len(table) == 28


@pytest.mark.parametrize(
    ("code", "region", "price"),
    [
        ("qwen2.5-7b-instruct", "cn-beijing", "0.006"),
        ("qwen2.5-14b-instruct", "cn-beijing", "0.03"),
        ("qwen3-8b", "cn-beijing", "0.006"),
        ("qwen3-vl-8b-instruct", "cn-beijing", "0.012"),
        ("qwen3-14b", "ap-southeast-1", "0.0016"),
    ],
)
def test_prices_are_those_published(code: str, region: str, price: str) -> None:
    """Where an older source disagrees (qwen3-vl-8b) the newer one stands; Singapore's are in dollars."""
    found = model(code)
    assert found is not None
    quoted = found.price(region)
    assert quoted is not None
    assert (Decimal(price), "USD" if region == "ap-southeast-1" else "CNY") == (
        quoted.amount,
        quoted.currency,
    )
    assert quoted.source
    assert quoted.date


def test_every_entry_is_complete() -> None:
    """Each has a price in Beijing, known training types, and sentences for its notes."""
    for entry in models.models():
        assert entry.price() is not None
        assert set(entry.training_types) <= set(TRAINING_TYPES)
        assert entry.training_types
        sentences = (entry.recommended, *entry.notes, entry.retirement, not entry.text)
        assert sum(map(bool, sentences)) == len(entry.remarks())
    assert all(models.training_type_words(kind) for kind in TRAINING_TYPES)


def test_only_lora_results_are_deployed_by_the_token() -> None:
    """All parameters means by the hour, whichever model."""
    found = model("qwen2.5-7b-instruct")
    assert found is not None
    assert found.uses("efficient_sft").by_token is not None
    assert all(found.uses(kind).by_token is None for kind in TRAINING_TYPES if kind != "efficient_sft")
    assert model("qwen2.5-7b-instruct-ft-202601010000-abcd") is None


def test_a_region_without_prices_shows_all() -> None:
    """Nobody knows what can be tuned there, so nothing is hidden."""
    assert len(text_models("us-east-1")) == len(text_models())
    assert [entry.code for entry in text_models("ap-southeast-1")] == ["qwen3-32b", "qwen3-14b"]


def test_the_old_guides_example_costs_three_times_what_it_said() -> None:
    """10,000 rows of 200 tokens, three epochs: 36 yuan for the 7B model, at least."""
    costs = estimate(10_000 * 200, 10_000, 2048, 3, CNY)
    assert (Decimal("36.00"), 6_000_000) == (costs.low, costs.tokens_low)
    assert (Decimal("368.64"), 61_440_000) == (costs.high, costs.tokens_high)
    assert costs.formula()[0] == "2,000,000 tokens × 3 epochs × 0.006 CNY / 1,000"
    assert costs.formula()[1] == "10,000 rows × 2,048 tokens × 3 epochs × 0.006 CNY / 1,000"
    assert costs.reason()


@given(
    rows=st.integers(0, 10**7),
    mean=st.integers(0, 4096),
    max_length=st.integers(500, 131072),
    epochs=st.integers(1, 200),
    price=st.decimals(0, 1, places=4),
)
def test_the_range_holds_the_exact_costs(
    rows: int, mean: int, max_length: int, epochs: int, price: Decimal
) -> None:
    """Rounded outwards by less than a cent, in order, never negative."""
    tokens = rows * min(mean, max_length)
    costs = estimate(tokens, rows, max_length, epochs, Price(price, "CNY", "r", "s", "d"))
    low = Fraction(tokens * epochs) * Fraction(price) / 1000
    high = Fraction(rows * max_length * epochs) * Fraction(price) / 1000
    assert 0 <= costs.low <= costs.high
    assert 0 <= low - Fraction(costs.low) < Fraction(1, 100)
    assert 0 <= Fraction(costs.high) - high < Fraction(1, 100)
    assert (costs.low.as_tuple().exponent, costs.high.as_tuple().exponent) == (-2, -2)


def test_a_negative_number_makes_no_estimate() -> None:
    """A slip upstream is not a cheap job."""
    with pytest.raises(UsageError):
        estimate(-1, 1, 2048, 3, CNY)


def test_what_is_recommended_passes_its_own_check() -> None:
    """The defaults of each training type are in range; learning_rate is text on the wire."""
    for kind in TRAINING_TYPES:
        values = recommended(kind)
        assert all(check(name, value) is None for name, value in values.items())
        assert {"n_epochs", "batch_size", "max_length"} <= set(values)
    assert recommended("efficient_sft") == {
        "n_epochs": 3,
        "batch_size": 16,
        "learning_rate": "1e-4",
        "lora_rank": 64,
        "target_modules": "ALL",
        "max_length": 2048,
        "split": 0.9,
    }
    assert not {"lora_rank", "target_modules"} & set(recommended("sft"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_epochs", 0),
        ("n_epochs", "201"),
        ("n_epochs", "3.5"),
        ("n_epochs", "three"),
        ("n_epochs", True),
        ("n_epochs", "1_0"),
        ("n_epochs", "３"),
        ("batch_size", 4),
        ("max_length", "131072"),
        ("learning_rate", "0"),
        ("learning_rate", "nan"),
        ("learning_rate", "1"),
        ("split", 1),
        ("split", "1e999"),
        ("lora_dropout", "0.5"),
        ("lr_scheduler_type", "linearly"),
        ("target_modules", ""),
        ("no_such_thing", 1),
    ],
)
def test_what_is_out_of_range_is_said(name: str, value: object) -> None:
    """One sentence that names the parameter."""
    sentence = check(name, value)
    assert sentence is not None
    assert name in sentence


def test_what_is_typed_becomes_what_the_wire_wants() -> None:
    """Whole numbers, numbers and text, the learning rate staying as it was typed."""
    wire = {
        name: known.parse(text)
        for name, text in {
            "n_epochs": " 3 ",
            "learning_rate": "1.6e-5",
            "split": "0.8",
            "lr_scheduler_type": "cosine",
        }.items()
        if (known := hyperparameter(name))
    }
    assert wire == {"n_epochs": 3, "learning_rate": "1.6e-5", "split": 0.8, "lr_scheduler_type": "cosine"}


def test_what_is_not_recommended_is_advice() -> None:
    """save_steps is best a multiple of eval_steps (create-fine-tuning-job-api, autumn 2026): said, and no mistake."""
    assert 1 == len(advice({"save_steps": 70, "eval_steps": 50}))
    assert () == advice({"save_steps": 100, "eval_steps": 50}) == advice({"save_steps": 70})


# after-the-job.md's prices of using a result: CNY an hour at least, by the unit price list of August 2026.
HOURS = {
    "qwen2.5-7b-instruct": "21", "qwen3-4b-instruct-2507": "21", "qwen3-vl-8b-instruct": "21", "qwen3-vl-8b-thinking": "21",
    "qwen3.5-27b": "47", "qwen3.6-27b": "51", "qwen2.5-14b-instruct": "108", "qwen3.5-9b": "108",
    "qwen3.6-flash-2026-04-16": "108", "qwen3.8-27b": "204", "qwen-plus-character-2025-11-06": "216", "qwen3-32b": "400",
    "qwen2.5-72b-instruct": "432", "qwen3.5-plus-2026-02-15": "432", "qwen3.6-plus-2026-04-02": "432",
    "qwen3.7-plus-2026-05-26": "504",
}  # fmt: skip


def test_the_least_an_hour_is_units_times_their_price() -> None:
    """What is published, by model; for qwen2.5-32b, qwen3-8b and qwen3-14b nothing is any more."""
    hours = {entry.code: str(entry.by_hour.hour) for entry in models.models() if entry.by_hour is not None}
    assert hours == HOURS
    for code in ("qwen2.5-32b-instruct", "qwen3-8b", "qwen3-14b"):
        found = model(code)
        assert found is not None
        assert found.uses("sft").none_published
        assert not found.uses("efficient_sft").none_published
        assert found.uses("sft", "ap-southeast-1") == Uses(known=False)


@pytest.mark.parametrize("entry", models.models(), ids=lambda entry: entry.code)
@pytest.mark.parametrize("kind", TRAINING_TYPES)
def test_the_words_of_a_use_say_its_price(entry: models.TunableModel, kind: str) -> None:
    """By token in and out where that is possible, else the least an hour and a day, else that nothing is published."""
    uses = entry.uses(kind)
    words = uses.words()
    if uses.by_token is not None:
        assert kind == "efficient_sft"
        assert f"¥{uses.by_token.input} in, ¥{uses.by_token.output} out" in words
    elif uses.by_hour is not None:
        assert f"¥{uses.by_hour.hour} an hour, ¥{uses.by_hour.hour * 24:,} a day" in words
    else:
        assert "no way to deploy such a result by token or by the hour is published" == words


def test_qwen36_27b_lost_its_price_by_token() -> None:
    """It stood in two earlier revisions of the price list and is gone from the newest."""
    found = model("qwen3.6-27b")
    assert found is not None
    assert found.uses("efficient_sft").by_token is None


@given(day=st.dates(), today=st.dates(), confirmed=st.booleans(), listed=st.booleans())
def test_a_warning_follows_from_the_days(day: date, today: date, confirmed: bool, listed: bool) -> None:
    """Before the day it says what will be, after it what is, each with the day; what isn't confirmed is called announced."""
    retirement = Retirement(day, "s", confirmed, listed)
    words = retirement.warning(today)
    assert day.isoformat() in retirement.brief(today)
    assert (today >= day and confirmed) == retirement.brief(today).startswith("base ended")
    assert day.isoformat() in words
    assert (today < day) == words.startswith("From ")
    if today >= day:
        assert confirmed != ("announced" in words)
        assert listed != ("isn't known" in words)


def test_an_invitation_is_no_doubt_once_it_is_permitted() -> None:
    """What the platform said itself takes the place of a note about what it may say."""
    found = model("qwen3.5-27b")
    assert found is not None
    assert any("invited" in words for words in found.remarks())
    assert not any("invited" in words for words in found.remarks(permitted=True))


def test_each_hyperparameter_explains_itself() -> None:
    """A line of why, a range for a person, a source."""
    for known in HYPERPARAMETERS:
        assert known.why()
        assert known.range()
        assert known.source
        assert known.recommended is None or check(known.name, known.recommended) is None
    assert "No document" in hyperparameters.HYPERPARAMETERS[4].why()


@given(
    st.sampled_from([known.name for known in HYPERPARAMETERS]),
    st.one_of(st.text(), st.floats(), st.integers(), st.none()),
)
def test_no_value_makes_the_check_fail(name: str, value: object) -> None:
    """What passes can be put on the wire; what doesn't gets a sentence."""
    known = hyperparameter(name)
    assert known is not None
    if check(name, value) is None:
        known.parse(str(value))
