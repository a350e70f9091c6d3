"""Owns the rules of the fine-tuning guides: their examples are right, their tables are the program's, both languages say the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from conftest import Command

from tools.guide import BLOCKS, FAULTS, FILES, guide
from wizard import locale
from wizard.bailian.answers import Fault
from wizard.bailian.explain import _CAUSES, cause
from wizard.bailian.hyperparameters import hyperparameter
from wizard.bailian.models import TRAINING_TYPES
from wizard.data.checking.audit import RECOMMENDED, RECOMMENDED_PAIRS
from wizard.data.converting.parts import MAX_PART_SIZE

GUIDES = pytest.mark.parametrize("language", FILES)


def prose(language: str) -> str:
    """The guide without the tables that are generated."""
    text = FILES[language].read_text("utf-8")
    for name in BLOCKS:
        text = re.sub(rf"<!-- {name} -->.*?<!-- /{name} -->", "", text, flags=re.DOTALL)
    return text


@GUIDES
def test_the_tables_are_the_programs(language: str) -> None:
    """Models, prices, hyper-parameters, costs and faults are what the program says now: ``python -m tools.guide``."""
    assert guide(language) == FILES[language].read_text("utf-8")


@pytest.mark.sweep
@GUIDES
def test_the_examples_are_right(language: str, command: Command, folder: Path) -> None:
    """Each example of a row passes ``check`` without a finding about the row, and there is one for each kind of training."""
    examples = re.findall(r"```jsonl\n(.*?)```", FILES[language].read_text("utf-8"), re.DOTALL)
    kinds = {
        "chosen" if "chosen" in row else "text" if "text" in row else "messages"
        for row in map(json.loads, examples)
    }
    assert {"messages", "chosen", "text"} == kinds
    for number, example in enumerate(examples):
        (folder / f"{number}.jsonl").write_text(example, "utf-8")
        done = command("check", f"{number}.jsonl", "--json", "--no-stats")
        assert 0 == done.returncode, done.stdout
        codes = set(re.findall(r'"code": "([A-Z_]+)"', done.stdout))
        assert codes <= {"FEW_ROWS"}, example


def test_every_cause_of_a_refusal_is_in_the_guides() -> None:
    """The table of faults has each cause that the program knows, under an answer that it takes for that cause."""
    assert {name for name, *_rest in _CAUSES} == set(FAULTS)
    assert {name: name for name in FAULTS} == {
        name: cause(status, Fault(code, words)) for name, (status, code, words) in FAULTS.items()
    }


@GUIDES
def test_figures_in_the_text_are_the_programs(language: str) -> None:
    """Figures that the text gives outside of its tables are those by which the program acts."""
    text = prose(language)
    batch, longest, split = (hyperparameter(name) for name in ("batch_size", "max_length", "split"))
    assert batch is not None
    assert longest is not None
    assert split is not None
    for figure in (
        f"{RECOMMENDED:,}", f"{RECOMMENDED_PAIRS} ", f"{MAX_PART_SIZE // 1_000_000} MB", f"`max_length` {longest.recommended}",
        f"`batch_size` {'是' if language == locale.CHINESE else 'that the wizard takes is'} {batch.low:g}",
        f"{longest.high:g}", f"{split.recommended}", *(f"`{kind}`" for kind in TRAINING_TYPES),
    ):  # fmt: skip
        assert figure in text, figure


def test_both_guides_say_the_same() -> None:
    """The guides have the same sections, tables, links, dates and names of the wire; only their examples are their own."""
    texts = [re.sub(r"```jsonl.*?```", "", prose(language), flags=re.DOTALL) for language in FILES]
    for pattern in (r"^#+ [\d.]*", r"^\|-+", r"<(https[^>]+)>", r"\d{4}-\d\d-\d\d"):
        one, other = (re.findall(pattern, text, re.MULTILINE) for text in texts)
        assert sorted(one) == sorted(other), pattern
    names = [set(re.findall(r"`([a-z_]{3,})`", text)) for text in texts]
    assert names[0] == names[1]
