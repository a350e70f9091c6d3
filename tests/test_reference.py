"""Owns the rules of the generated reference: up to date in both languages, and nothing that the program has left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.reference import FILES, PROSE, keys_told, reference
from wizard import errors, locale
from wizard.contract.codes import CODES

PACKAGE = Path(locale.__file__).parents[1]


@pytest.mark.parametrize("language", FILES)
def test_the_reference_is_up_to_date(language: str) -> None:
    """The page in docs/ is what the program says now: ``python -m tools.reference`` brings it up to date."""
    assert reference(language) == FILES[language].read_text("utf-8")


def test_every_exit_code_is_told() -> None:
    """The reference explains each exit code that an error has, and those of success and of signals, and no other."""
    assert {str(code.exit) for code in CODES.values()} | {"0", "129, 131, 143"} == set(PROSE["exits"])


def test_every_error_has_a_code_of_the_table() -> None:
    """What an error is called, for a program, is documented."""
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.WizardError)
    ]
    assert set() == {kind.code for kind in kinds} - CODES.keys()


def test_every_environment_variable_is_told() -> None:
    """The reference names each variable of ours, and of the platform, that the code reads."""
    ours = re.compile(r'"((?:DASHSCOPE|BAILIAN_WIZARD)_[A-Z_]+|NO_COLOR|ACCESSIBLE)"')
    read = {name for path in PACKAGE.rglob("*.py") for name in ours.findall(path.read_text("utf-8"))}
    assert set() == read - set(PROSE["environment"])


def test_every_key_is_told() -> None:
    """The reference has a sentence for each key that ``--set`` takes, in the same order, and for no other."""
    assert keys_told() == list(PROSE["answers"])
