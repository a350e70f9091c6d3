"""Whether a job's settings, as the platform tells them, are those that were sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.bailian.service import Agreement, settings_agree

SAME, DIFFERENT, UNTOLD = Agreement.SAME, Agreement.DIFFERENT, Agreement.UNTOLD


@pytest.mark.parametrize(
    ("sent", "answered", "expected"),
    [
        ({"n_epochs": 3}, {"n_epochs": "3"}, SAME),
        ({"n_epochs": 3}, {"n_epochs": 3.0}, SAME),
        ({"learning_rate": "1e-4"}, {"learning_rate": 0.0001}, SAME),
        ({"learning_rate": "1e-4"}, {"learning_rate": "1E-4"}, SAME),
        ({"learning_rate": "1e-4"}, {"learning_rate": "0.0001"}, SAME),
        ({"split": 0.9}, {"split": "0.90"}, SAME),
        ({"split": "0.90"}, {"split": 0.9}, SAME),
        ({"freeze_vit": True}, {"freeze_vit": "True"}, SAME),
        ({"freeze_vit": False}, {"freeze_vit": "false"}, SAME),
        ({"augmentation_ratio": [0.1, "0.2"]}, {"augmentation_ratio": ["0.10", 0.2]}, SAME),
        ({"target_modules": "ALL"}, {"target_modules": "ALL", "lora_alpha": "32", "save_steps": None}, SAME),
        ({}, {"batch_size": 16}, SAME),
        ({"n_epochs": 3}, {"n_epochs": "4"}, DIFFERENT),
        ({"n_epochs": 1}, {"n_epochs": True}, DIFFERENT),
        ({"n_epochs": 10}, {"n_epochs": "1_0"}, DIFFERENT),
        ({"ratios": [1, 2]}, {"ratios": [2, 1]}, DIFFERENT),
        ({"ratios": [1, 2]}, {"ratios": [1]}, DIFFERENT),
        ({"target_modules": "ALL"}, {"target_modules": {"a": 1}}, DIFFERENT),
        ({"n_epochs": 3, "batch_size": 16}, {"n_epochs": 4}, DIFFERENT),
        ({"n_epochs": 3}, {}, UNTOLD),
        ({"n_epochs": 3}, {"n_epochs": None}, UNTOLD),
        ({"n_epochs": 3}, {"n_epochs": " "}, UNTOLD),
        ({"n_epochs": 3, "batch_size": 16}, {"n_epochs": "3"}, UNTOLD),
    ],
)
def test_settings_are_compared_by_what_they_mean(
    sent: dict[str, Any], answered: dict[str, Any], expected: Agreement
) -> None:
    """Numbers are equal as numbers, truth values in any spelling; what the platform added counts for nothing."""
    assert expected is settings_agree(sent, answered)


NUMBERS = st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.text("abcXYZ_", min_size=1, max_size=6)
VALUES = NUMBERS | st.booleans() | WORDS
SETTINGS = st.dictionaries(st.sampled_from("abcdefg"), VALUES | st.lists(VALUES, max_size=3), max_size=5)
ADDED = st.dictionaries(st.sampled_from("hijk"), VALUES, max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def respelled(draw: st.DrawFn, value: Any) -> Any:
    """``value`` as the platform may write it."""
    if isinstance(value, list):
        return [draw(respelled(entry)) for entry in value]
    forms = [value, str(value), f" {value}"]
    if isinstance(value, bool):
        forms += [str(value).lower(), str(value).upper()]
    elif isinstance(value, int):
        forms += [f"{value}.0", f"{value}.", f"{value}0e-1", f"{value}E+0"]
    elif isinstance(value, float):
        forms += [str(value).upper(), f"{Decimal(str(value)):f}", f"{Decimal(str(value)):E}"]
    return draw(st.sampled_from(forms))


def answers_to(data: st.DataObject, sent: dict[str, Any]) -> dict[str, Any]:
    return {name: data.draw(respelled(value)) for name, value in sent.items()} | data.draw(ADDED)


@given(st.data())
def test_no_spelling_makes_another_setting(data: st.DataObject) -> None:
    """However the platform spells them, and whatever it adds, the settings that were sent are the same."""
    sent = data.draw(SETTINGS)
    assert SAME is settings_agree(sent, answers_to(data, sent))


@given(st.data())
def test_one_setting_that_is_not_told_is_no_difference(data: st.DataObject) -> None:
    """A setting that the answer leaves out is unknown: neither the same nor another."""
    sent = data.draw(SETTINGS.filter(bool))
    answered = answers_to(data, sent)
    missing = data.draw(st.sampled_from(sorted(sent)))
    if data.draw(st.booleans()):
        del answered[missing]
    else:
        answered[missing] = data.draw(st.sampled_from([None, "", "  "]))
    assert UNTOLD is settings_agree(sent, answered)


@given(st.data())
def test_one_other_value_is_a_difference_whatever_else_is_missing(data: st.DataObject) -> None:
    """One setting with another value makes it another job, however many aren't told."""
    sent = data.draw(SETTINGS)
    answered = answers_to(data, sent)
    for name in data.draw(st.sets(st.sampled_from(sorted(sent)))) if sent else ():
        del answered[name]
    number = data.draw(st.integers(1, 99))
    other = data.draw(respelled(number + data.draw(st.integers(1, 9))))
    assert DIFFERENT is settings_agree(sent | {"z": number}, answered | {"z": other})


@given(st.dictionaries(st.sampled_from("ab"), JSON), st.dictionaries(st.sampled_from("ab"), JSON))
def test_any_answer_can_be_compared(sent: dict[str, Any], answered: dict[str, Any]) -> None:
    """No value that an answer can hold makes a traceback."""
    assert settings_agree(sent, answered) in Agreement
