"""Owns the rule that every question can be explained: three lines, in both languages, at every prompt."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from terminal import Terminal

from wizard import locale
from wizard.bailian.hyperparameters import HYPERPARAMETERS
from wizard.steps import help as helps

STEPS = Path(helps.__file__).parent


@pytest.fixture(params=locale.LANGUAGES)
def spoken(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each language in turn."""
    before = locale.language()
    locale.use(request.param)
    yield request.param
    locale.use(before)


def test_every_field_has_help() -> None:
    """No step declares a question without help, and no decision is asked without it."""
    without = [
        f"{path.name}:{node.lineno}"
        for path in sorted(STEPS.glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Field"
        if "help" not in {word.arg for word in node.keywords}
    ]
    assert [] == without


def test_help_is_three_lines(spoken: str) -> None:
    """What it is, what to choose, where to look: three lines each, none empty."""
    texts = {
        **helps._texts(spoken),
        **{known.name: known.help(known.recommended) for known in HYPERPARAMETERS},
    }
    assert {} == {
        key: text for key, text in texts.items() if len(text.split("\n")) != 3 or not all(text.split("\n"))
    }


def test_question_mark_explains_and_keeps_what_was_typed(folder: Path) -> None:
    """At a list ? explains it; at a line it does where nothing was typed, F1 always; once, for it stays on the screen."""
    with Terminal(["--sandbox"], folder) as terminal:
        terminal.answer(r"Where is your data.*Esc back · \? help", "?")
        terminal.expect("Samples to practise with")
        terminal.settle()
        assert terminal.lines[terminal.screen.cursor.y].endswith("datasets")
        terminal.press("?", "\x1bOP", "datasets/Med?", "\x1bOP")
        terminal.expect(r"datasets/Med\?")
        terminal.settle()
        assert 1 == terminal.text.count("Samples to practise with")
        assert terminal.lines[terminal.screen.cursor.y].endswith("datasets/Med?")
        terminal.press("backspace", "QA", "enter")
        terminal.answer(r"(?s)Which set.*Esc back · \? help", "down", "?")
        terminal.expect("About MedQA: https://github.com/jind11/MedQA")
        terminal.expect(r"(?m)^   train 24 rows, 7\.6 KB · dev 6 rows, 1\.8 KB · test 6 rows, 1\.9 KB")
        terminal.settle()
        assert "Samples to practise with" not in terminal.text
        assert "❯ MedQA Taiwan" in terminal.text
        terminal.press("ctrl-c")
        assert 130 == terminal.end()


def test_enter_takes_the_name_that_was_picked_and_else_the_line(folder: Path) -> None:
    """Names pop up while a path is typed: Enter is theirs only once one of them was picked with Tab."""
    with Terminal(["--sandbox"], folder) as terminal:
        terminal.answer(r"Where is your data", "clear", "datasets/Med")
        terminal.settle()
        terminal.press("tab", "enter")
        terminal.settle()
        assert terminal.lines[terminal.screen.cursor.y].rstrip("/").endswith("datasets/MedQA")
        terminal.press("enter")
        terminal.answer(r"(?s)Which set.*Esc back", "escape")
        terminal.answer(r"Where is your data", "clear", "datasets/MedQA")
        terminal.settle()
        terminal.press("enter")
        terminal.expect(r"Which set")
        terminal.press("ctrl-c")
        assert 130 == terminal.end()
