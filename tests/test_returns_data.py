"""Coming back to data that is no longer where it was: before the wall it is asked for, behind it nobody needs it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from conftest import Command
from test_commands import said

SOURCE = "dataset.source"
SANDBOX = ("--sandbox", "--yes")


def questions(path: Path) -> None:
    """A file of questions whose columns have to be named."""
    path.parent.mkdir(exist_ok=True)
    rows = "".join(f"第 {number} 题？,甲,乙,{'AB'[number % 2]}\n" for number in range(40))
    path.write_text(f"题面,一,二,对的\n{rows}", "utf-8")


COLUMNS = {"question": "题面", "answer": "对的", "options": "一,二"}
NAMED = [word for name, column in COLUMNS.items() for word in ("--set", f"dataset.columns.{name}={column}")]


def planned(command: Command, folder: Path) -> Any:
    """The plan on ``q.csv``."""
    questions(folder / "q.csv")
    words = ("plan", *SANDBOX, "--json", "--set", f"{SOURCE}=q.csv", *NAMED)
    return said(command(*words))


def test_data_that_is_gone_is_asked_for_before_the_wall(command: Command, folder: Path) -> None:
    """Neither a traceback nor other data: the key that is missing, and why; the same data elsewhere make the same plan."""
    before = planned(command, folder)
    (folder / "q.csv").unlink()
    for words in (("plan", *SANDBOX, "--json"), ("run", *SANDBOX, "--json")):
        stopped = command(*words)
        assert [SOURCE] == said(stopped, 3)["error"]["keys"]
        assert "q.csv is not there" in stopped.stderr
    questions(folder / "moved" / "q.csv")
    after = said(command("plan", *SANDBOX, "--json", "--set", f"{SOURCE}=moved/q.csv"))
    assert before["digest"] == after["digest"]


def test_data_are_not_needed_behind_the_wall(command: Command, folder: Path) -> None:
    """Once the job is created, source and converted files may go: it is followed, and counts as what it was."""
    digest = planned(command, folder)["digest"]
    assert 0 == command("run", *SANDBOX, "--approve", digest).returncode
    (folder / "q.csv").unlink()
    shutil.rmtree(folder / "datasets")
    for _again in range(2):
        done = said(command("run", *SANDBOX, "--watch", "--json"))
        assert "SUCCEEDED" == done["job"]["status"]
        assert digest == done["digest"]
    # Put back and planned once more, it is known to have been trained.
    plan = planned_anew(command, folder)
    assert any(item["key"] == "again" for item in plan["plan"])


def planned_anew(command: Command, folder: Path) -> Any:
    """The plan in a new session."""
    questions(folder / "q.csv")
    words = ("plan", *SANDBOX, "--json", "--new", "--set", f"{SOURCE}=q.csv", *NAMED)
    return said(command(*words))


def test_an_answer_that_is_gone_is_replaced_by_no_default(command: Command, folder: Path) -> None:
    """What somebody chose and can't be had any more is asked for, although there is a default."""
    planned(command, folder)
    session = folder / ".wizard" / "sandbox" / "session.json"
    assert json.loads(session.read_text("utf-8"))["facts"][SOURCE]["source"] == "flag"
    (folder / "q.csv").rename(folder / "only.csv")  # the one file that would be the default now
    stopped = command("run", *SANDBOX, "--json")
    assert [SOURCE] == said(stopped, 3)["error"]["keys"]
