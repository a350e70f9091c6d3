"""A Chinese screen is in Chinese throughout, and what a file calls its columns stays on its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import outputs
import pytest
from conftest import Command, words_of

BROKEN = "甲\n乙"
OWN = ("--sandbox", "--yes", "--set", "dataset.source=own.jsonl")
NAMED = (*OWN, "--set", f"dataset.columns.question={BROKEN}", "--set", "dataset.columns.answer=丙")


@pytest.fixture
def own(folder: Path) -> Path:
    """A folder with rows whose columns are the user's own, one with a line break in its name."""
    rows = [{BROKEN: f"第{n}个问题怎么回答？", "丙": f"回答{n}"} for n in range(40)]
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (folder / "own.jsonl").write_text(lines, "utf-8")
    return folder


def in_chinese(command: Command, *words: str) -> Any:
    """What a command says, in Chinese."""
    return command(*words, "--lang", "zh")


@pytest.mark.usefixtures("own")
def test_a_plan_in_chinese(command: Command) -> None:
    """In the plan stand the meanings of columns and the dates of prices in Chinese; the cost's explanation gives a date once."""
    told = in_chinese(command, "plan", *NAMED).stdout
    assert "列“问题”：" in told
    assert "2026 年秋" in told
    for english in ("autumn", "summer", "question：", "answer："):
        assert english not in told


@pytest.mark.usefixtures("own")
def test_missing_answers_in_chinese(command: Command) -> None:
    """The list of missing answers has Chinese punctuation, and a command that does what it says, on one line."""
    done = in_chinese(command, "plan", "--sandbox", "--set", "dataset.source=own.jsonl")
    assert 3 == done.returncode
    lines = done.stderr.splitlines()
    assert "  dataset.columns.question：哪一列是用户问的话（问题）？" in lines
    offered = next(line for line in lines if "dataset.columns.question=甲" in line).split("    ")[1]
    assert ["--set", f"dataset.columns.question={BROKEN}"] == words_of(offered)


def test_the_encoding_in_chinese(command: Command, folder: Path) -> None:
    """The name of an encoding has Chinese brackets in a Chinese sentence."""
    rows = "".join(f"这是第{n}个问题的，是不是,这是我们的回答{n}\n" for n in range(40))
    (folder / "gbk.csv").write_bytes(f"question,answer\n{rows}".encode("gb18030"))
    assert "GB18030（GBK）" in in_chinese(command, "check", "gbk.csv").stdout
    assert "GB18030 (GBK)" in command("check", "gbk.csv").stdout


@pytest.mark.sweep
@pytest.mark.usefixtures("own")
def test_a_broken_name_stays_on_its_line(command: Command) -> None:
    """A line break in a column's name splits no line of the plan, of its command, or of a refusal."""
    shown = command("plan", *NAMED).stdout.splitlines()
    assert "Column: question: 甲⏎乙 [--set]" in shown
    (line,) = [line for line in shown if "dataset.columns.question=" in line]
    words = words_of(line.partition(": ")[2])
    assert f"dataset.columns.question={BROKEN}" in words
    wrong = command("plan", *OWN, "--new", "--set", "dataset.columns.question=none")
    assert 2 == wrong.returncode
    assert "none is not one of: 甲⏎乙, 丙" in wrong.stderr


@pytest.mark.sweep
@pytest.mark.usefixtures("own")
def test_a_file_is_described_in_the_users_language(command: Command) -> None:
    """What stands beside a file on the platform is for the user; the same bytes are known again whatever stands there."""
    first = outputs.result(in_chinese(command, "run", *NAMED, "--json").stdout)
    listed = outputs.listed(command("files", "list", "--sandbox", "--json").stdout)
    assert ["训练集，40 条"] == [file["description"] for file in listed]
    second = outputs.result(command("run", *NAMED, "--new", "--json").stdout)
    assert [True] == [file["adopted"] for file in second["files"]]
    assert first["job"]["id"] != second["job"]["id"]
