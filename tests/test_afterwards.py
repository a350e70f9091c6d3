"""How a result can be used is told before the yes, and one that can't be needs a yes of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Command
from terminal import Terminal
from test_commands import said
from test_permission import line_of
from test_wizard import enter_until

from wizard.steps.afterwards import WITHOUT

MODEL = "qwen3-14b"
CHOSEN = ("--sandbox", "--yes", "--json", "--set", f"training.model={MODEL}")
FULL = (*CHOSEN, "--set", "training.type=sft", "--set", "training.learning_rate=1e-5")


@pytest.mark.sweep
def test_the_plan_says_how_the_result_is_used(command: Command) -> None:
    """By token with both prices, and it is part of what is approved; or that nothing is published."""
    lora = line_of(said(command("plan", *CHOSEN)), "afterwards")
    assert "¥1 in, ¥4 out per million (¥10 with thinking)" in lora["shown"]
    assert ["lora", "1", "4", "autumn 2026"] == lora["value"]
    full = line_of(said(command("plan", *FULL)), "afterwards")
    assert ("no way to deploy such a result by token or by the hour is published", []) == (
        full["shown"],
        full["value"],
    )
    hours = said(command("plan", *FULL, "--set", "training.model=qwen2.5-14b-instruct"))
    assert "at least ¥108 an hour, ¥2,592 a day" in line_of(hours, "afterwards")["shown"]


@pytest.mark.sweep
def test_a_script_says_that_it_knows(command: Command) -> None:
    """Without its own answer a training whose result can't be deployed stops with 3; the answer holds for one model only, and where it is asked."""
    assert [WITHOUT.key] == said(command("run", *FULL), 3)["keys"]
    assert 2 == command("run", *FULL, "--set", f"{WITHOUT.key}=qwen3-8b").returncode
    assert [] == said(command("jobs", "--sandbox", "--json"))["jobs"]
    lora = ("--set", "training.type=efficient_sft", "--set", f"{WITHOUT.key}={MODEL}")
    idle = command("run", *CHOSEN, *lora)
    assert (2, True) == (idle.returncode, "a way to use this result is published" in idle.stderr)
    assert said(command("run", *FULL, "--set", f"{WITHOUT.key}={MODEL}"))["job"]["id"]


@pytest.mark.sweep
def test_a_person_types_the_models_name(folder: Path) -> None:
    """The type question says how each result is used; the name is asked before the yes, and nothing else goes on."""
    words = ["--sandbox", "--set", f"training.model={MODEL}"]
    with Terminal(words, folder, columns=120, rows=50) as terminal:
        enter_until(terminal, "about these rows")
        shown = terminal.expect("How shall it be trained")
        assert "LoRA, to use the result: by token: ¥1 in, ¥4 out" in shown
        assert (
            "all parameters, to use the result: no way to deploy such a result by token or by the hour is published"
            in shown
        )
        terminal.answer("How shall it be trained", "down", "enter")
        terminal.answer("recommended settings", "enter")
        terminal.answer("it may never be used", "yes", "enter")
        terminal.expect(f"It takes {MODEL} only")
        terminal.answer("it may never be used", "clear", MODEL, "enter")
        terminal.expect("Type yes to begin")
        terminal.press("ctrl-c")
        assert 130 == terminal.end()


@pytest.mark.sweep
def test_steps_that_are_no_multiple_are_a_warning(command: Command) -> None:
    """save_steps need not be a multiple of eval_steps: it is said, and the plan is made."""
    settings = ("training.save_strategy=steps", "training.save_steps=30", "training.eval_steps=20")
    words = [word for setting in settings for word in ("--set", setting)]
    done = command("plan", "--sandbox", "--yes", *words)
    assert 0 == done.returncode
    assert "recommends that save_steps be a multiple of eval_steps" in done.stderr
