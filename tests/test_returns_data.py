"""Coming back to data that is no longer where it was: before the wall it is asked for, behind it nobody needs it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from conftest import Command
from terminal import Terminal
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


# Several sources


def test_each_source_has_a_converted_file_and_a_job_name_of_its_own(command: Command, folder: Path) -> None:
    """Of two files of one name the second is called after its folder; what the first became stays, also when it is gone back to."""
    kept: dict[str, bytes] = {}
    for place, name in (("hospital", "train"), ("law", "law_train"), ("old/law", "train-")):
        rows_of(folder / place / "train.jsonl", place)
        planned = said(command("plan", *SANDBOX, "--json", "--new", "--set", f"{SOURCE}={place}/train.jsonl"))
        (file,) = written(folder) - kept.keys()
        assert file.startswith(name)
        assert file.removesuffix(".jsonl") in named_job(planned)
        kept[file] = (folder / OUTPUT / file).read_bytes()
    (own,) = [name for name in kept if name.startswith("train-")]
    for place, name in (("hospital", "train.jsonl"), ("law", "law_train.jsonl"), ("old/law", own)):
        rows_of(folder / place / "train.jsonl", place, count=41)
        said(command("plan", *SANDBOX, "--json", "--new", "--set", f"{SOURCE}={place}/train.jsonl"))
        assert 41 == (folder / OUTPUT / name).read_bytes().count(b"\n")
    assert kept.keys() == written(folder)


def test_training_and_validation_files_may_have_one_name(command: Command, folder: Path) -> None:
    """They are converted to two files; one file for both is refused."""
    for place in ("a", "b"):
        rows_of(folder / place / "train.jsonl", place)
    words = (
        "plan",
        *SANDBOX,
        "--json",
        "--set",
        f"{SOURCE}=a/train.jsonl",
        "--set",
        "dataset.validation=file",
    )
    said(command(*words, "--set", "dataset.validation_source=b/train.jsonl"))
    assert {"train.jsonl", "b_train.jsonl"} == written(folder)
    refused = command(*words, "--set", "dataset.validation_source=./a/train.jsonl")
    assert "can't train the model and validate it, too" in said(refused, 1)["error"]["message"]


def test_sessions_are_listed_newest_first_with_what_they_are_about(command: Command, folder: Path) -> None:
    """The one that was last used stands first, whatever its id; each with data, model and outcome, in 80 columns."""
    for place in ("one", "two", "three"):
        rows_of(folder / place / "train.jsonl", place)
        words = ("--new", "--json", "--set", f"{SOURCE}={place}/train.jsonl")
        said(
            command("run", "--watch", *SANDBOX, *words)
            if place == "two"
            else command("plan", *SANDBOX, *words)
        )
    path = folder / ".wizard" / "sandbox" / "session.json"
    listed = said(command("sessions", "--sandbox", "--json"))
    assert ["three/train.jsonl", "two/train.jsonl", "one/train.jsonl"] == [one["data"] for one in listed]
    assert [None, "SUCCEEDED", None] == [one["status"] for one in listed]
    assert json.loads(path.read_bytes())["id"] == listed[0]["session"]
    with Terminal(["sessions", "--sandbox"], folder, columns=80) as terminal:
        assert 0 == terminal.end()
        shown = terminal.lines
    first, second, third = (
        next(number for number, line in enumerate(shown) if f"{place}/train.jsonl" in line)
        for place in ("three", "two", "one")
    )
    assert first < second < third
    told = " ".join(shown[second:third])
    assert all(word in told for word in ("SUCCEEDED", listed[1]["model"], listed[1]["job"]))


OUTPUT = "datasets/BaiLian"


def rows_of(path: Path, about: str, count: int = 40) -> None:
    """So many questions and answers about something."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"question": f"What of {about}, {number}?", "answer": f"{number}."} for number in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def written(folder: Path) -> set[str]:
    """The converted files."""
    return {path.name for path in (folder / OUTPUT).glob("*.jsonl")}


def named_job(planned: Any) -> str:
    """The job's name in a plan."""
    return str(next(item["value"] for item in planned["plan"] if item["key"] == "training.job_name"))
