"""Owns the contract of the front ends: equal answers reach equal facts, whoever asked; and each terminal is spared what it lacks."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import DATASETS, session_of
from engine_fixture import Person
from patience import PATIENCE
from terminal import PROGRAM, Terminal, environment
from test_plain import answer

from wizard import flow
from wizard.engine.cursor import Given
from wizard.engine.run import Run
from wizard.engine.session import Session
from wizard.steps.plan import plan_of
from wizard.steps.world import World

JOB = "training.job_name=the-same"
PROMPT = "Answer with the letter."
ALONE = (
    "upload.files", "job.id", "job.created",  # ids that the platform made up
    "preview.stamps",  # when the files were written
)  # fmt: skip


def by_terminal(folder: Path) -> None:
    """A person with arrow keys."""
    with Terminal(["--sandbox", "--set", JOB], folder, rows=60) as terminal:
        terminal.answer("Where is your data", "enter")
        terminal.answer("Which set", "down", "enter")
        terminal.answer("checked against", "down", "enter")
        terminal.answer("Does this look right", "down", "enter")
        terminal.answer("begin with", "clear", PROMPT, "enter")
        terminal.answer(f"(?s){PROMPT}.*look right", "enter")
        for question in ("about these rows", "Which model", "How shall", "recommended settings"):
            terminal.answer(question, "enter")
        terminal.answer("Type yes", "yes", "enter")
        terminal.expect("Step 8 of 8")
        terminal.press("ctrl-c")
        terminal.end()


def by_plain(folder: Path) -> None:
    """A person at a terminal that can do nothing."""
    with Terminal(["--sandbox", "--plain", "--set", JOB], folder) as terminal:
        for question, typed in (
            ("Where is your data", ""), ("Which set", "taiwan"), ("checked against", "2"), ("look right", "2"),
            ("begin with", PROMPT), (rf"system: {PROMPT}", ""), ("about these rows", ""), ("Which model", "1"), ("How shall", ""),
            ("recommended settings", ""), ("Type yes", "yes"),
        ):  # fmt: skip
            answer(terminal, question, typed)
        terminal.expect("Step 8 of 8")
        terminal.press("ctrl-c")
        terminal.end()


def by_script(folder: Path) -> None:
    """Nobody: answers on the command line."""
    given = ("dataset.set=taiwan", "dataset.validation=test", f"preview.system_prompt={PROMPT}", JOB)
    words = [word for pair in given for word in ("--set", pair)]
    subprocess.run(
        [*PROGRAM, "run", "--sandbox", "--yes", *words],
        cwd=folder,
        env=environment(folder),
        check=True,
        capture_output=True,
        timeout=PATIENCE,
    )


def by_strict_person(folder: Path) -> None:
    """A script that fails on a question that it does not expect, and on an answer that nobody asked for."""
    world = World(folder, {}, sandbox=True)
    front = Person(
        ("dataset.source", "datasets"), ("dataset.set", "taiwan"), ("dataset.validation", "test"),
        ("preview.looks_right", "yes"), ("preview.read", "go on"), ("training.model", "qwen2.5-7b-instruct"), ("training.type", "efficient_sft"),
        ("training.adjust", "recommended"),
    )  # fmt: skip
    given = {"preview.system_prompt": Given(PROMPT, "flag"), "training.job_name": Given("the-same", "flag")}
    try:
        with Session.open(world.state) as session:
            world.session_id = session.id
            steps = flow.steps(world)
            Run(steps, session, front, given).go(before="review")
            front.content()
            digest = plan_of(session.known, world).digest
            yes = Person(("review.approval", digest))
            Run(steps, session, yes).go(before="watch")
            yes.content()
    finally:
        world.close()


def facts_by(front: Callable[[Path], None], folder: Path) -> dict[str, Any]:
    """What ``front`` left in the session of a fresh folder, without what the platform named and what came after."""
    shutil.copytree(DATASETS, folder / "datasets")
    front(folder)
    facts = session_of(folder)["facts"]
    return {
        key: fact["value"]
        for key, fact in facts.items()
        if key not in ALONE and not key.startswith("watch.") and key != "review.change"
    }


@pytest.mark.sweep
@pytest.mark.posix("needs a pseudo-terminal")
def test_equal_answers_reach_equal_facts(tmp_path: Path) -> None:
    """The terminal, the plain terminal, a command line and a strict script approve the very same plan, fact for fact."""
    reached = {
        front.__name__: facts_by(front, tmp_path / front.__name__)
        for front in (by_terminal, by_plain, by_script, by_strict_person)
    }
    first = reached["by_terminal"]
    assert ("taiwan", PROMPT) == (first["dataset.set"], first["preview.system_prompt"])
    for name, facts in reached.items():
        assert first == facts, name


def test_resize_at_a_question_keeps_it(folder: Path) -> None:
    """A terminal that becomes narrower at a question shows the whole question again, and Enter answers it."""
    with Terminal(["--sandbox"], folder, columns=100, rows=30) as terminal:
        terminal.answer("Where is your data", "enter")
        terminal.expect("Which set")
        terminal.settle()
        terminal.screen.resize(20, 50)
        terminal.child.setwinsize(20, 50)
        terminal.settle(0.5)
        assert any("MedQA Taiwan" in line for line in terminal.lines)
        assert all(len(line) <= 50 for line in terminal.lines)
        terminal.press("down", "enter")
        terminal.answer("checked against", "ctrl-c")
        assert 130 == terminal.end()
    assert "taiwan" == session_of(folder)["facts"]["dataset.set"]["value"]


@pytest.mark.parametrize(
    ("encoding", "marks"),
    [("gbk", ("√ Data", "→ MedQA")), ("ascii", ("* Data", "> MedQA", "- train train.jsonl"))],
)
def test_an_encoding_lacks_nothing(folder: Path, encoding: str, marks: tuple[str, ...]) -> None:
    """A GBK and an ASCII terminal get marks that they have: no question mark stands for one."""
    env = environment(folder, PYTHONIOENCODING=encoding, PYTHONUTF8="0", NO_COLOR="1")
    with Terminal(["--sandbox"], folder, env=env) as terminal:
        terminal.answer("Where is your data", "enter")
        terminal.answer("Which set", "enter")
        terminal.answer("checked against", "enter")
        terminal.answer("Does this look right", "ctrl-c")
        assert 130 == terminal.end()
        shown = terminal.raw.decode(encoding)
    for mark in marks:
        assert mark in shown
    assert None is re.search(r"\x1b\[[0-9;]*3[0-7][0-9;]*m", shown)
