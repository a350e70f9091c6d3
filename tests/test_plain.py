"""Owns the rules of the plain front end: the same steps, line by line, in a real terminal that can do nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from conftest import session_of
from sandbox_fixture import running
from terminal import Terminal, environment
from test_wizard import CANARY, at

pytestmark = pytest.mark.sweep


def answer(terminal: Terminal, question: str, typed: str = "") -> str:
    """Wait until ``question`` is the last one and its prompt stands, then type a line; returns all that was shown."""
    shown = terminal.expect(rf"{question}[^§]*help: *\s*\Z")
    terminal.settle(0.2)
    terminal.press(typed + "\r")
    return shown


@pytest.mark.parametrize(("how", "words"), [("TERM", []), ("ACCESSIBLE", []), ("", ["--plain"])])
def test_enter_and_one_typed_yes_train_a_model_line_by_line(folder: Path, how: str, words: list[str]) -> None:
    """On a dumb terminal, with ACCESSIBLE or --plain, Enter and a typed yes train a model; no control code is written."""
    env = environment(folder, **{"TERM": {"TERM": "dumb"}, "ACCESSIBLE": {"ACCESSIBLE": "1"}}.get(how, {}))
    with Terminal(["--sandbox", *words], folder, env=env) as terminal:
        for question in ("Where is your data", "Which set", "checked against", "Does this look right",
                         "about these rows", "Which model", "How shall it be", "recommended settings"):  # fmt: skip
            answer(terminal, question)
        answer(terminal, "Type yes", "yes")
        shown = terminal.expect("Done: Training: SUCCEEDED")
        assert 0 == terminal.end()
        assert b"\x1b" not in terminal.raw
    assert "Step 8 of 8: Training" in shown
    assert "SUCCEEDED" == session_of(folder)["facts"]["watch.result"]["value"]["status"]


def test_words_at_plain_questions(folder: Path) -> None:
    """A number or a name chooses, b goes back, ? explains, what can't be taken is asked again, Ctrl-D saves and leaves."""
    with Terminal(["--sandbox", "--plain"], folder) as terminal:
        answer(terminal, "Where is your data", "?")
        answer(terminal, "Samples to practise with", "nowhere")
        answer(terminal, "Error: nowhere is not there", "")
        answer(terminal, "Which set", "99")
        answer(terminal, "Error: Type a number from 1 to 3", "taiwan")
        answer(terminal, "checked against", "b")
        answer(terminal, r"Number \[2\]", "1")
        answer(terminal, "checked against", "2")
        answer(terminal, "Does this look right", "m")
        answer(terminal, r"line 2\]", "2")
        answer(terminal, "begin with", "Be brief.")
        answer(terminal, r"system: Be brief\.", "")
        answer(terminal, "about these rows", "")
        terminal.expect("Which model")
        terminal.settle(0.2)
        terminal.press("ctrl-d")
        terminal.expect("Everything is saved")
        assert 130 == terminal.end()
    facts = session_of(folder)["facts"]
    assert ("mainland_4opt", "test", "Be brief.") == tuple(
        facts[f"{key}"]["value"] for key in ("dataset.set", "dataset.validation", "preview.system_prompt")
    )


def test_only_the_word_confirms_on_a_plain_terminal(folder: Path) -> None:
    """What was typed before the question doesn't confirm, and neither does Enter."""
    with Terminal(["--sandbox", "--plain"], folder) as terminal:
        for question in ("Where is your data", "Which set", "checked against", "Does this look right",
                         "about these rows", "Which model", "How shall it be"):  # fmt: skip
            answer(terminal, question)
        terminal.expect("recommended settings")
        terminal.settle(0.3)
        terminal.press("\ryes\r")
        terminal.expect("Type yes")
        time.sleep(0.3)
        terminal.press("\r")
        terminal.expect("Error: Only yes is taken")
        assert "review.approval" not in session_of(folder)["facts"]
        terminal.press("ctrl-c")
        assert 130 == terminal.end()


def test_a_key_is_not_echoed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The key is read without echo, and ? works there too."""
    with (
        running(tmp_path_factory.mktemp("platform")) as sandbox,
        Terminal(["--plain"], folder, env=at(sandbox, folder, key="")) as terminal,
    ):
        for question in (
            "Where is your data",
            "Which set",
            "checked against",
            "Does this look right",
            "about these rows",
        ):
            answer(terminal, question)
        answer(terminal, "Paste your API key", "?")
        answer(terminal, "whoever has it can spend your money", CANARY)
        answer(terminal, "Keep the key", "2")
        terminal.expect(r"Done: API key: sk-…cdef for this run only")
        terminal.expect("Which model")
        terminal.press("ctrl-c")
        assert 130 == terminal.end()
        assert CANARY.encode() not in terminal.raw
