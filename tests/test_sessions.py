"""Owns what the second start of the wizard offers, in a real terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import session_of
from terminal import Terminal
from test_wizard import UNFINISHED

pytestmark = pytest.mark.sweep

REST = (
    "checked against",
    "look right",
    "about these rows",
    "Which model",
    "How shall",
    "recommended settings",
)


def put_away(folder: Path) -> list[Any]:
    """The sessions on the shelf."""
    return [json.loads(path.read_bytes()) for path in (folder / ".wizard/sandbox/sessions").glob("*.json")]


def test_the_second_start_offers_to_go_on_start_over_or_put_away(folder: Path) -> None:
    """What is finished is shown a line each; starting over offers the old answers; putting away keeps the old session."""
    with Terminal(["--sandbox"], folder) as terminal:
        terminal.answer("Where is your data", "enter")
        terminal.answer("Which set", "down", "enter")
        terminal.answer("checked against", "enter")
        terminal.answer("Does this look right", "enter")
        terminal.answer("about these rows", "enter")
        terminal.answer("Which model", "ctrl-c")
        assert 130 == terminal.end()
    first = session_of(folder)["id"]
    with Terminal(["--sandbox"], folder) as terminal:
        shown = terminal.expect(UNFINISHED)
        assert "✓ Data: MedQA Taiwan" in shown
        assert "✓ Preview: 36 rows converted" in shown
        terminal.answer(UNFINISHED, "down", "enter")
        terminal.answer("Where is your data", "enter")
        terminal.answer("❯ MedQA Taiwan", "enter")
        terminal.answer("checked against", "ctrl-c")
        assert 130 == terminal.end()
    assert (first, []) == (session_of(folder)["id"], put_away(folder))
    with Terminal(["--sandbox"], folder) as terminal:
        terminal.answer(UNFINISHED, "down", "down", "enter")
        terminal.answer("Where is your data", "enter")
        terminal.answer("❯ MedQA Mainland", "ctrl-c")
        assert 130 == terminal.end()
    assert [first] == [kept["id"] for kept in put_away(folder)]
    assert first != session_of(folder)["id"]


def test_behind_the_wall_a_new_session_takes_the_answers(folder: Path) -> None:
    """A session whose job was created is kept as it is; a new one offers its answers and creates another job."""
    with Terminal(["--sandbox"], folder) as terminal:
        terminal.answer("Where is your data", "enter")
        terminal.answer("Which set", "down", "enter")
        for question in REST:
            terminal.answer(question, "enter")
        terminal.answer("Type yes to begin", "yes", "enter")
        terminal.expect("Step 8 of 8")
        terminal.press("ctrl-c")
        terminal.end()
    first = session_of(folder)
    with Terminal(["--sandbox"], folder) as terminal:
        shown = terminal.expect(UNFINISHED)
        assert "Start over" not in shown
        terminal.settle()
        terminal.press("down", "enter")
        terminal.answer("Where is your data", "enter")
        terminal.answer("❯ MedQA Taiwan", "enter")
        for question in REST:
            terminal.answer(question, "enter")
        terminal.answer("Type yes to begin", "yes", "enter")
        terminal.expect("SUCCEEDED")
        terminal.end()
    (kept,) = put_away(folder)
    assert first["id"] == kept["id"]
    job = kept["facts"]["job.id"]["value"]
    assert job == first["facts"]["job.id"]["value"] != session_of(folder)["facts"]["job.id"]["value"]
