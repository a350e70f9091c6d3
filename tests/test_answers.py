"""Answers are declared once: every question of the wizard is made of a declaration, and all that can be said before it agrees."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

import outputs
import pytest
from conftest import DATASETS, Command, git, words_of
from facts_fixture import BOOK, MISSING, OWN, book_in, known, statistics_of, step_of, world_in

from wizard import flow
from wizard.bailian import models
from wizard.commands.answers import given, keys
from wizard.data.shapes.plan import MEANINGS
from wizard.engine.step import NOTHING, Answer, Facts, Field
from wizard.errors import UsageError
from wizard.steps.estimate import TYPES
from wizard.steps.world import World

STEPS = Path(import_module("wizard.steps").__file__ or "").parent
DECLARED = {answer.key: answer for answer in flow.answers()}


def laid_out(folder: Path) -> None:
    """Data of each kind: MedQA's sets with and without a train file, a folder of files, known and unknown columns; a tracked .env."""
    shutil.copytree(DATASETS, folder / "datasets")
    (folder / "some").mkdir()
    (folder / "part" / "Taiwan").mkdir(parents=True)
    shutil.copy(next(folder.glob("datasets/**/Taiwan/dev.jsonl")), folder / "part" / "Taiwan")
    for name in ("some/one.csv", "some/two.csv", "odd.csv"):
        (folder / name).write_text("甲,乙\n" + "一,二\n" * 20, "utf-8")
    (folder / "plain.csv").write_text("rose,flower\noak,tree\n", "utf-8")
    book_in(folder)
    (folder / ".env").write_text("DASHSCOPE_API_KEY=sk-canary0answers0123456789\n", "utf-8")
    git(folder, "init", "-q")
    git(folder, "add", ".env")


def walked(world: World) -> Iterator[Facts]:
    """Facts of many walks, and of many moments of them."""
    sources = (MISSING, "missing.csv", OWN, "odd.csv", "plain.csv", BOOK, "some", "datasets", "part")
    for source, chosen, trains, validates in product(
        sources, (MISSING, "taiwan"), (MISSING, "train", "dev"), (MISSING, "split", "file", "dev")
    ):
        if source not in ("datasets", "part") and (chosen is not MISSING or trains is not MISSING):
            continue
        names = {"some": "one.csv"}.get(str(source), "-")
        yield known(
            dataset__source=source, dataset__set=chosen, dataset__train=trains, dataset__validation=validates,
            dataset__file=MISSING if source is MISSING else names,
            training__estimate=MISSING,
            dataset__ignore="乙", **{f"dataset__columns__{name}": "甲" for name in (*MEANINGS, "counting", "assistant")},
        )  # fmt: skip
    yield known(preview__files=MISSING, preview__statistics=MISSING, dataset__files=MISSING)
    yield known(key__tracked="other", training__estimate=MISSING)
    for kind, types in TYPES.items():
        for code, region, which, adjust in product(
            types, ("cn-beijing", "ap-southeast-1"), ("split", "file"), (MISSING, "adjust")
        ):
            suitable = [model for model in models.text_models(region) if code in model.training_types]
            for model in suitable or models.text_models(region)[:1]:
                yield known(
                    step_of(world, "training"), preview__statistics=[statistics_of(kind=kind)], dataset__validation=which,
                    key__region=region, training__model=model.code, training__type=code, training__adjust=adjust,
                )  # fmt: skip


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, Field]]:
    """Every question of all those walks, each with the step that asks it; alike ones once."""
    folder = tmp_path_factory.mktemp("walks")
    laid_out(folder)
    found: dict[Any, tuple[str, Field]] = {}
    for environ in ({"PATH": "/usr/bin:/bin"}, {"DASHSCOPE_API_KEY": "sk-canary0answers9876543210"}):
        with world_in(folder, environ) as world:
            for facts in walked(world):
                for step in world.steps:
                    for field in step.fields(facts):
                        alike = (
                            step.id,
                            field.key,
                            field.kind,
                            field.optional,
                            tuple(one.value for one in field.choices),
                        )
                        found.setdefault(alike, (step.id, field))
    return list(found.values())


@pytest.mark.sweep
def test_every_question_is_declared_by_its_step(questions: list[tuple[str, Field]]) -> None:
    """Whatever the facts, a step asks only what it declares, and as it declares it."""
    for step, field in questions:
        own = {answer.key: answer for answer in flow.answers(of=step)}
        assert field.key in own, step
        answer = own[field.key]
        assert field.key.startswith(f"{step}.")
        assert (answer.attended, answer.public) == (field.attended, field.public), field.key
        # A column that has to be named is chosen from a list; one that may be is a text.
        if not field.key.startswith("dataset.columns.") or (field.optional and not field.choices):
            assert answer.kind == field.kind, field.key
            assert answer.optional or not field.optional, (
                field.key
            )  # what is optional may be needed on some facts


def test_every_declared_answer_is_asked_for_somewhere(questions: list[tuple[str, Field]]) -> None:
    """No declaration is left over from a question that is no more."""
    assert set(DECLARED) == {field.key for _step, field in questions}


def test_questions_are_made_of_declarations_only() -> None:
    """No step makes a question by itself, and each declaration that a step has is among its answers."""
    for path in STEPS.glob("*.py"):
        assert " Field(" not in path.read_text("utf-8").replace("-> Field", ""), path.name
        room = import_module(f"wizard.steps.{path.stem}")
        for name, value in vars(room).items():
            if isinstance(value, Answer):
                assert value is DECLARED.get(value.key), f"{path.name}: {name}"


def test_keys_are_declared_once() -> None:
    """No two declarations have one key, and asking for one step's answers gives those that its part of the list has."""
    all_of_them = [answer.key for answer in flow.answers()]
    assert len(set(all_of_them)) == len(all_of_them)
    of_each = [
        answer.key
        for step in ("dataset", "preview", "key", "training", "review")
        for answer in flow.answers(of=step)
    ]
    assert all_of_them == of_each


@pytest.mark.parametrize("answer", DECLARED.values(), ids=lambda answer: answer.key)
def test_what_can_be_set(answer: Answer) -> None:
    """``--set`` takes each declared answer, but those that only a person gives, the key and the approval."""
    wanted = not answer.attended and answer.kind not in ("secret", "word")
    assert wanted == (answer.key in keys())
    if wanted:
        assert answer.key in given([f"{answer.key}=x"], None)
    else:
        with pytest.raises(UsageError):
            given([f"{answer.key}=x"], None)


def test_the_key_is_never_an_answer() -> None:
    """Whoever gives the API key on a command line is told where it belongs, and it is not repeated."""
    with pytest.raises(UsageError) as raised:
        given(["key.value=sk-canary0answers0123456789"], None)
    assert "DASHSCOPE_API_KEY" in raised.value.hint
    assert "canary" not in raised.value.message + raised.value.hint


@pytest.mark.parametrize(
    ("slip", "meant"), [("training.modle", "training.model"), ("datset.source", "dataset.source"), ("dataset.columns.anwser", "dataset.columns.answer")]
)  # fmt: skip
def test_a_slip_is_understood(slip: str, meant: str) -> None:
    """A key that is nearly right is answered with the right one, also where its step is misspelt."""
    with pytest.raises(UsageError) as raised:
        given([f"{slip}=x"], None)
    assert meant in raised.value.hint


def values_of(entry: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """What a property takes, and whether it may be none."""
    if "anyOf" not in entry:
        return entry, False
    values, none = entry["anyOf"]
    assert {"const": NOTHING} == none
    return values, True


@cache
def _schema(command: Command) -> dict[str, Any]:
    properties: dict[str, Any] = json.loads(command("schema").stdout)["properties"]
    return properties


def test_the_schema_is_what_the_questions_take(command: Command, questions: list[tuple[str, Field]]) -> None:
    """Each property has a title and a description; its type, its values and whether it may be none are those of the question."""
    schema = _schema(command)
    assert list(keys()) == list(schema)
    listed = {
        "dataset.set", "dataset.train", "dataset.validation", "preview.on_error", "key.region", "training.model",
        "training.type", "training.lr_scheduler_type", "training.save_strategy",
    }  # fmt: skip
    for key, entry in schema.items():
        values, optional = values_of(entry)
        assert entry["title"], key
        assert entry["description"], key
        assert DECLARED[key].optional == optional, key
        assert (key in listed) <= ("enum" in values), key
        assert {"integer": "integer", "number": "number"}.get(DECLARED[key].kind, values["type"]) == values[
            "type"
        ]
    for _step, field in questions:
        if field.key in listed:
            offered = {choice.value for choice in field.choices if not choice.edits}
            assert offered <= set(values_of(schema[field.key])[0]["enum"]), field.key
    assert {"type": "boolean"}.items() <= schema["key.save"].items()
    assert (5, 300) == (schema["preview.part_size"]["minimum"], schema["preview.part_size"]["maximum"])
    assert 0 == values_of(schema["training.budget"])[0]["exclusiveMinimum"]
    assert (0, 1) == (
        schema["training.split"]["exclusiveMinimum"],
        schema["training.split"]["exclusiveMaximum"],
    )


CASES = {
    "a set": ("dataset.source=datasets", "dataset.set=taiwan", "dataset.validation=dev"),
    "columns": ("dataset.source=odd.csv", "dataset.columns.question=乙", "dataset.columns.answer=甲", "preview.system_prompt="),
    "settings": (
        "dataset.source=odd.csv", "dataset.columns.question=甲", "dataset.columns.answer=乙", "training.model=qwen3-8b",
        "training.type=sft", "training.n_epochs=1", "training.eval_steps=10", "training.split=0.8", "training.budget=900",
        "preview.system_prompt=It's\n两 lines", "preview.on_error=skip", "preview.part_size=7", "key.workspace=ws-canary",
    ),
    "another file": (
        "dataset.source=some", "dataset.file=two.csv", "dataset.validation=file", "dataset.validation_source=odd.csv",
        "dataset.columns.question=甲", "dataset.columns.answer=乙", "training.budget=none",
    ),
}  # fmt: skip


@pytest.mark.sweep
@pytest.mark.parametrize("case", CASES)
def test_the_printed_command_makes_the_same_plan(
    case: str, command: Command, folder: Path, tmp_path: Path
) -> None:
    """What ``plan`` prints as the same without questions, run again where nothing is known yet, comes to the same digest."""
    for name in ("some/one.csv", "some/two.csv", "odd.csv"):
        (folder / name).parent.mkdir(exist_ok=True)
        rows = "".join(f"{name} 问{number},答{number}\n" for number in range(30))
        (folder / name).write_text(f"甲,乙\n{rows}", "utf-8")
    words = [word for pair in CASES[case] for word in ("--set", pair)]
    first = command("plan", "--sandbox", "--yes", *words)
    assert 0 == first.returncode, first.stderr
    line = first.stdout.partition("The same without questions: ")[2].partition("\nAt least")[0]
    said = words_of(line)
    assert ["bailian-wizard", "run"] == said[:2]
    assert "--approve" == said[-2]
    shutil.rmtree(folder / ".wizard")
    again = command("plan", "--json", *said[2:-2])
    assert 0 == again.returncode, again.stderr
    assert said[-1] == outputs.result(again.stdout)["digest"]
