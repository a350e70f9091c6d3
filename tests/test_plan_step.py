"""The plan: whatever is sent, wherever, at whatever price, is in the digest that is approved; and its command does the same."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import examples, words_of
from facts_fixture import (
    BOOK,
    MISSING,
    OWN,
    asked,
    book_in,
    fields_of,
    file_of,
    known,
    statistics_of,
    step_of,
    world_in,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard import flow, locale
from wizard.bailian import models
from wizard.engine.plan import Plan
from wizard.engine.step import Answer, Facts, Field
from wizard.errors import ApprovalMissing, DecisionNeeded
from wizard.money.ledger import Entry
from wizard.steps import approval
from wizard.steps.columns import HEADER, IGNORED, PREFIX, SHEET
from wizard.steps.estimate import TYPES, sent_parameters
from wizard.steps.plan import BESIDES, command, plan_of
from wizard.steps.preview import LANGUAGE
from wizard.steps.world import World

PARTS = [
    file_of("train", "own"),
    file_of("train", "own-2"),
    file_of("validation", "dev"),
    file_of("kept", "test"),
]
IN_PLAN = [answer for answer in flow.answers() if answer.in_plan]
KINDS = {kind: rows for rows, kinds in TYPES.items() for kind in kinds}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv(
        "BAILIAN_WIZARD_STATE", str(tmp_path.with_name(f"{tmp_path.name}.user"))
    )  # its ledger is this test's own
    with world_in(tmp_path) as made:
        yield made


def facts_with(world: World, kind: str = "efficient_sft", **changed: Any) -> Facts:
    """Facts for the training type ``kind``."""
    model = next(model.code for model in models.text_models() if kind in model.training_types)
    rows = [statistics_of(kind=KINDS[kind])]
    training = {"training__model": model, "training__type": kind}
    return known(step_of(world, "training"), **{"preview__statistics": rows, **training, **changed})


def asking(answer: Answer, world: World) -> dict[str, Any]:
    """What has to be known beside the usual for ``answer`` to be asked for."""
    if answer.key == SHEET:
        book_in(world.folder)
        return {"dataset.source": BOOK, SHEET: "one"}
    if answer.key == LANGUAGE.key:
        row = {"question": "1 + 1?", "options": {"A": "1", "B": "2"}, "answer_idx": "B", "answer": "2"}
        (world.folder / OWN).write_text(f"{json.dumps(row)}\n" * 20, "utf-8")
        return {LANGUAGE.key: "zh"}
    if answer.key == IGNORED.key:
        row = {"question": "1 + 1?", "answer": "2", "note": "easy", "other": "short"}
        (world.folder / OWN).write_text(f"{json.dumps(row)}\n" * 20, "utf-8")
        return {IGNORED.key: "note"}
    if answer.key == HEADER:
        return {HEADER: "yes"}
    return {answer.key: "question"} if answer.key.startswith(PREFIX) else {}


def digest(facts: Facts, world: World) -> str:
    """What would be approved."""
    return plan_of(facts, world).digest


def others(field: Field, now: Any) -> list[Any]:
    """Answers to ``field`` besides ``now`` that it takes."""
    offered = [choice.value for choice in field.choices]
    more: dict[str, list[Any]] = {
        "integer": [500, 501, 8, 9, 1, 2, 3],
        "number": [0.05, 0.07, 0.8, 0.9, 12.0],
        "text": [f"{now}1", "ALL", "other"],
        "decimal": ["5e-5", "0.001"],
    }
    offered += more.get(field.kind, [])
    taken = []
    for value in offered:
        try:
            taken.append(field.accept(value))
        except ValueError:
            continue
    return [value for value in taken if value != now]


@pytest.mark.parametrize("answer", IN_PLAN, ids=lambda answer: answer.key)
def test_another_answer_is_another_plan(answer: Answer, world: World) -> None:
    """Of every declared answer that is in the plan, another value gives another digest, whatever the training type."""
    found = 0
    beside = asking(answer, world)
    for kind in KINDS:
        facts = Facts({**facts_with(world, kind), **beside})
        field = fields_of(world, facts).get(answer.key)
        if field is None:
            continue
        values = [
            value
            for value in others(field, facts.get(answer.key))
            if answer.key != "training.type" or value in KINDS
        ]
        assert values or answer.key == "training.type", answer.key
        for value in values:
            found += 1
            assert digest(facts, world) != digest(Facts({**facts, answer.key: value}), world), (kind, value)
    assert found


def _changed(path: tuple[Any, ...], value: Any, new: Any) -> Any:
    """``value`` with ``new`` at ``path``; without it where ``new`` is MISSING."""
    if not path:
        return new
    first, *rest = path
    if isinstance(value, list):
        there = [
            _changed(tuple(rest), one, new) if number == first else one for number, one in enumerate(value)
        ]
        return [one for one in there if one is not MISSING]
    return {key: _changed(tuple(rest), one, new) if key == first else one for key, one in value.items()}


@pytest.mark.parametrize(
    ("key", "path", "value"),
    [
        ("key.proof", ("endpoint",), "https://other.invalid"),
        ("key.proof", ("fingerprint",), "f2"),
        ("key.region", (), "ap-southeast-1"),
        ("key.workspace", (), "ws-other"),
        *(("preview.files", (number, "sha256"), "another") for number in range(3)),
        *(("preview.files", (number, "path"), "out/other.jsonl") for number in range(3)),
        *(("preview.files", (number, "rows"), 101) for number in range(3)),
        *(("preview.files", (number,), MISSING) for number in range(3)),
        ("preview.files", (2, "role"), "train"),
        ("preview.files", (3, "role"), "validation"),
        ("training.estimate", ("low",), "0.26"),
        ("training.estimate", ("high",), "3.70"),
        ("training.estimate", ("tokens",), 14_001),
        ("training.estimate", ("rows",), 101),
    ],
)  # fmt: skip
def test_whatever_is_sent_and_what_it_costs_is_approved(
    key: str, path: tuple[Any, ...], value: Any, world: World
) -> None:
    """Another address, key, workspace, byte of any file that is sent, or end of the estimate gives another digest."""
    facts = facts_with(world, preview__files=PARTS)
    other = Facts({**facts, key: _changed(path, facts[key], value)})
    assert digest(facts, world) != digest(other, world)


@pytest.mark.parametrize(
    "change",
    [{"amount": Decimal("0.007")}, {"currency": "USD"}, {"date": "2026-11-30"}, {"source": "another list"}],
    ids=str,
)
def test_a_price_is_approved_with_its_date(
    change: dict[str, Any], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The price in the table of models counts, in each of its parts, also where the estimate was made before."""
    facts = facts_with(world)
    before = digest(facts, world)
    table = tuple(
        replace(model, prices=tuple(replace(price, **change) for price in model.prices))
        for model in models.models()
    )
    monkeypatch.setattr(models, "models", lambda: table)
    assert before != digest(facts, world)


def test_a_price_that_nobody_knows_is_a_plan_too(world: World) -> None:
    """Where no price is published the plan says so, and stands under another digest than one with a price."""
    facts = facts_with(world)
    unpriced = {"low": None, "high": None}
    common = ("rows", "rows_dropped", "rows_counted", "tokens", "tokens_approximate")
    estimate = {name: facts["training.estimate"][name] for name in common} | unpriced
    other = Facts({**facts, "training.estimate": estimate})
    assert digest(facts, world) != digest(other, world)
    assert "not published" in next(item.shown for item in plan_of(other, world).items if item.key == "cost")


@pytest.mark.parametrize(
    ("key", "path", "value"),
    [
        ("key.proof", ("shown",), "sk-…other"),
        ("key.proof", ("where",), ".env"),
        ("preview.files", (3, "sha256"), "another"),
        ("preview.files", (3,), MISSING),
        ("training.estimate", ("reason",), "in other words"),
        ("preview.output", (), "elsewhere"),
        ("key.save", (), False),
    ],
)
def test_what_is_not_sent_is_not_approved(key: str, path: tuple[Any, ...], value: Any, world: World) -> None:
    """What stays here, and how it is worded, is no part of the digest."""
    facts = facts_with(world, preview__files=PARTS)
    other = Facts({**facts, key: _changed(path, facts[key], value)})
    assert digest(facts, world) == digest(other, world)


def test_the_language_and_the_source_of_an_answer_do_not_count(world: World) -> None:
    """The same plan has the same digest in Chinese, and whoever gave its answers."""
    facts = facts_with(world)
    before = digest(facts, world)
    locale.use(locale.CHINESE)
    try:
        assert before == digest(asked(facts, *facts), world)
    finally:
        locale.use(locale.ENGLISH)


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_that_is_sent_has_its_line(kind: str, world: World) -> None:
    """Each hyper-parameter of the request is a line of the plan, with the very value that is sent; no other one is."""
    facts = facts_with(world, kind, training__eval_steps=10, training__save_steps=20)
    lines = {item.key: item.value for item in plan_of(facts, world).items}
    sent = {f"training.{name}": value for name, value in sent_parameters(facts).items()}
    beside = {"training.model", "training.type", "training.job_name", "training.budget"}
    assert sent == {
        key: value for key, value in lines.items() if key.startswith("training.") and key not in beside
    }
    assert (facts["training.model"], kind) == (lines["training.model"], lines["training.type"])


def test_the_lines_that_are_no_answers(world: World) -> None:
    """Key, files, prompt and tokens stand in the plan as a person reads them, rows that will be dropped with how many."""
    facts = facts_with(world, preview__files=PARTS)
    facts["training.estimate"] = {**facts["training.estimate"], "rows_dropped": 3}
    lines = {item.key: item for item in plan_of(facts, world).items}
    assert ("sk-…nary", "Answer.") == (lines["key"].shown, lines["system_prompt"].shown)
    assert (
        "14,000 in 97 rows; the platform keeps a part of the rows for validation; 3 too long, dropped by the platform"
        == lines["tokens"].shown
    )
    assert "own.jsonl, 100 rows, 3.9 KB" == lines["train"].shown
    assert ("Training data (1 of 2)", "Training data (2 of 2)") == (
        lines["train"].label,
        lines["train-2"].label,
    )
    assert "Validation data" == lines["validation"].label
    assert "simulated" not in lines["cost"].shown
    assert ["platform", "key"] == [key for key in lines if key.startswith(("platform", "key"))]
    edited = {"train": "dataset.source", "train-2": "dataset.source", "validation": "dataset.validation"}
    assert edited == {key: lines[key].edits for key in edited}
    whole = facts_with(world)
    shown = {item.key: item.shown for item in plan_of(whole, world).items}
    assert "14,000 in 100 rows; the platform keeps a part of the rows for validation" == shown["tokens"]
    assert ("a tenth of the training rows", "no limit") == (shown["validation"], shown["training.budget"])
    (counted,) = whole["preview.statistics"]
    bare = {**counted, "systems": {**counted["systems"], "put": 0, "none": counted["rows"]}}
    assert "none" == next(
        item.shown
        for item in plan_of(Facts({**whole, "preview.statistics": [bare]}), world).items
        if item.key == "system_prompt"
    )


def test_no_two_lines_have_one_key(world: World) -> None:
    """Of lines with one key only the last would count in the digest."""
    keys = [item.key for item in plan_of(facts_with(world, preview__files=PARTS), world).items]
    assert len(set(keys)) == len(keys)


def test_a_value_counts_wherever_it_stands(world: World) -> None:
    """Taking any single value out of any line of a plan gives another digest."""
    plan = plan_of(facts_with(world, preview__files=PARTS), world)
    for number, item in enumerate(plan.items):
        parts = item.value if isinstance(item.value, list) else [item.value]
        for taken in range(len(parts)):
            if parts[taken] is not None:
                left = replace(item, value=[*parts[:taken], *parts[taken + 1 :]])
                assert plan.digest != Plan((*plan.items[:number], left, *plan.items[number + 1 :])).digest


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_once_more(kind: str, world: World) -> None:
    """Only name, budget, tokens, price and how the result is used leave it the same training; anything else makes it another."""
    plan = plan_of(facts_with(world, kind, preview__files=PARTS), world)
    for number, item in enumerate(plan.items):
        other = replace(
            plan, items=(*plan.items[:number], replace(item, value="?"), *plan.items[number + 1 :])
        )
        assert (item.key in BESIDES) == (plan.base == other.base), item.key
    besides = {"cost", "tokens", "training.job_name", "training.budget", "afterwards", "again"}
    assert besides == set(BESIDES)


def spent(plan: Plan, session: str, world: World, job: str = "") -> None:
    """Write into the ledger that ``session`` spent its approval of ``plan``."""
    entry = Entry(kind="spent", approval=plan.digest, base=plan.base, session=session, platform="p", key="f1")
    with world.ledger.held():
        world.ledger.write(entry)
        if job:
            world.ledger.write(replace(entry, kind="receipt", id=job))


def test_a_second_time_is_another_plan(world: World) -> None:
    """A training that another session was approved for needs an approval of its own, and says what became of the first."""
    facts = facts_with(world)
    first = plan_of(facts, world)
    spent(first, "theirs", world, job="ft-1")
    second = plan_of(facts, world)
    assert first.digest != second.digest
    assert first.base == second.base
    line = next(item for item in second.items if item.key == "again")
    assert 1 == line.value
    assert "ft-1" in line.shown
    spent(second, "another's", world)
    assert 2 == next(item.value for item in plan_of(facts, world).items if item.key == "again")


def test_ones_own_approval_is_no_other_time(world: World) -> None:
    """The approval that this session spent stays good for it; one of an earlier wording of the same training counts."""
    facts = facts_with(world)
    plan = plan_of(facts, world)
    spent(plan, world.session_id, world)
    assert plan.digest == digest(facts, world)
    renamed = Facts({**facts, "training.job_name": "another"})
    assert ["again"] == [item.key for item in plan_of(renamed, world).items if item.key == "again"]


def test_nothing_leaves_under_another_plan(world: World) -> None:
    """The approval is demanded with the plan as it is now: equal, it passes; else the new digest is told."""
    facts = facts_with(world)
    approved = Facts({**facts, "review.approval": digest(facts, world)})
    approval.demand(approved, world)
    changed = Facts({**approved, "key.workspace": "ws-other"})
    with pytest.raises(ApprovalMissing) as raised:
        approval.demand(changed, world)
    assert digest(changed, world) == raised.value.digest


def test_an_approval_is_spent_once(world: World) -> None:
    """What happened to an approval is written once; it is spent under its own plan only, and free again after a refusal."""
    facts = facts_with(world)
    facts["review.approval"] = digest(facts, world)
    assert not approval.is_spent(facts, world)
    approval.record("freed", facts, world)
    assert [] == list(world.ledger.entries)
    approval.record("spent", facts, world)
    with pytest.raises(DecisionNeeded):  # by whoever else has this very session
        approval.record("spent", facts, world)
    assert ["spent"] == [entry.kind for entry in world.ledger.entries]
    assert approval.is_spent(facts, world)
    entry = world.ledger.entries[0]
    plan = plan_of(facts, world)
    assert (plan.digest, plan.base, world.session_id, "https://canary.invalid", "f1") == (
        entry.approval, entry.base, entry.session, entry.platform, entry.key,
    )  # fmt: skip
    approval.record("freed", facts, world)
    assert not approval.is_spent(facts, world)
    approval.record("spent", facts, world)
    for _twice in range(2):
        approval.record("receipt", facts, world, job_id="ft-1")
    approval.record("ended", facts, world, job_id="ft-1", status="SUCCEEDED")
    assert ["spent", "freed", "spent", "receipt", "ended"] == [entry.kind for entry in world.ledger.entries]
    assert ("ft-1", frozenset()) == approval.jobs_known(facts, world)
    other = Facts({**facts, "training.budget": 5.0})
    with pytest.raises(ApprovalMissing):
        approval.record("spent", other, world)


def test_jobs_of_other_sessions_are_theirs(world: World) -> None:
    """A job that another session's approval brought about is told apart from this one's."""
    facts = facts_with(world)
    facts["review.approval"] = digest(facts, world)
    spent(plan_of(facts, world), "theirs", world, job="ft-theirs")
    assert ("", frozenset({"ft-theirs"})) == approval.jobs_known(facts, world)


def test_practice_is_called_so(tmp_path: Path) -> None:
    """A plan for the sandbox says that it is simulated, needs no key, and its command goes to the sandbox, too."""
    with world_in(tmp_path, sandbox=True) as world:
        facts = facts_with(world)
        plan = plan_of(facts, world)
        words = shlex.split(command(facts, plan, world))
    lines = {item.key: item.shown for item in plan.items}
    assert all("simulated" in lines[key] for key in ("platform", "cost"))
    assert "none is needed" == lines["key"]
    assert ["bailian-wizard", "run", "--yes", "--sandbox", "--set"] == words[:5]


# The command that does the same

OFTEN = [
    "dataset.source",
    "dataset.set",
    "preview.system_prompt",
    "preview.unsent",
    "key.workspace",
    "key.save",
]
GIVEN = st.sets(st.sampled_from([*OFTEN, *(answer.key for answer in flow.answers(of="training"))]))


@settings(max_examples=examples(60))
@given(GIVEN, st.sampled_from(sorted(KINDS)), st.sampled_from(["", "两行\n'quoted' $HOME", "none"]))
def test_the_printed_command_says_what_was_answered(
    tmp_path_factory: pytest.TempPathFactory, keys: set[str], kind: str, prompt: str
) -> None:
    """Each pair of the command is a question of these facts that may be set, and its text comes to the very same answer."""
    with world_in(tmp_path_factory.mktemp("command")) as world:
        facts = asked(
            facts_with(
                world, kind, preview__system_prompt=prompt, dataset__set="taiwan", preview__unsent="drop"
            ),
            *keys,
        )
        plan = plan_of(facts, world)
        words = words_of(command(facts, plan, world))
        fields = fields_of(world, facts)
    assert ["bailian-wizard", "run", "--yes"] == words[:3]
    assert ["--approve", plan.digest] == words[-2:]
    said = dict(pair.split("=", 1) for pair in words[4:-2:2])
    assert {"--set"} == set(words[3:-2:2])
    settable = {answer.key for answer in flow.answers() if answer.settable}
    assert said.keys() == {
        key
        for key in facts
        if key in (settable & fields.keys()) - {"key.save"} and (key in keys or key == "training.job_name")
    }
    for key, text in said.items():
        assert facts[key] == fields[key].given(text), key
