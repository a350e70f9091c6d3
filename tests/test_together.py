"""Several files of one kind in a folder: all of them train, or somebody chooses; never one alone without a word."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest
from conftest import Command
from hypothesis import given
from hypothesis import strategies as st

from wizard.data.shapes.together import FROM, _with

ROWS = 12
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
    max_leaves=8,
)


def chapter(path: Path, number: int) -> None:
    """A chapter of questions and answers: as a table in text, as a workbook or as lines of JSON."""
    rows = [(f"第{number}章第{row}问？", f"{number} 章的答案 {row}。") for row in range(ROWS)]
    if path.suffix == ".csv":
        path.write_text("问题,答案\n" + "".join(f"{ask},{answer}\n" for ask, answer in rows), "utf-8")
    elif path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        for row in (("问题", "答案"), *rows):
            book.active.append(row)
        book.save(path)
    else:
        lines = [json.dumps({"问题": ask, "答案": answer}, ensure_ascii=False) for ask, answer in rows]
        path.write_text("\n".join(lines), "utf-8")


def planned(command: Command, *words: str) -> tuple[int, str]:
    """How ``plan`` of the folder ends where nobody can be asked, and what it says."""
    done = command("plan", "--sandbox", "--yes", "--set", "dataset.source=chapters", *words)
    return done.returncode, done.stdout + done.stderr


def sent(folder: Path) -> list[list[str]]:
    """The texts of each row that goes."""
    rows = (folder / "datasets" / "BaiLian" / "chapters.jsonl").read_text("utf-8").splitlines()
    return [[turn["content"] for turn in json.loads(row)["messages"]] for row in rows]


@pytest.fixture
def chapters(folder: Path) -> Path:
    """An empty folder in the one that commands are started in."""
    made = folder / "chapters"
    made.mkdir()
    return made


@pytest.mark.sweep
@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".jsonl"])
def test_files_of_one_kind_train_together(
    command: Command, folder: Path, chapters: Path, suffix: str
) -> None:
    """Each row of each is sent, in the order in which people count; a part that changes is noticed at the next start."""
    numbers = (1, 2, 10)
    for number in numbers:
        chapter(chapters / f"第{number}章{suffix}", number)
    code, said = planned(command)
    assert (0, True) == (code, "3 files were put together: 36 rows in" in said), said
    wanted = [
        [f"第{number}章第{row}问？", f"{number} 章的答案 {row}。"]
        for number in numbers
        for row in range(ROWS)
    ]
    assert wanted == sent(folder)
    assert "were put together" not in planned(command)[1]
    chapter(chapters / f"第2章{suffix}", 3)
    said = planned(command)[1]
    assert f"第2章{suffix} has changed; it is read again." in said
    assert ["第3章第0问？", "3 章的答案 0。"] == sent(folder)[ROWS]


def test_a_conversation_a_file_makes_a_chat_of_each(command: Command, folder: Path, chapters: Path) -> None:
    """Where rows say who speaks and what, but not in which conversation, the file is the conversation."""
    for number in range(ROWS):
        lines = [
            "发言人,消息内容",
            f"客户,订单{number}在哪？",
            "客服,在路上。",
            "客户,谢谢",
            f"客服,不客气{number}。",
        ]
        (chapters / f"{number}.csv").write_text("\n".join(lines), "utf-8")
    assert 0 == planned(command)[0]
    assert [
        [f"订单{number}在哪？", "在路上。", "谢谢", f"不客气{number}。"] for number in range(ROWS)
    ] == sent(folder)


@pytest.mark.sweep
def test_files_of_several_kinds_are_asked_about(command: Command, chapters: Path) -> None:
    """Where nobody can be asked it ends with 3, and says what each answer would be; one by itself is taken where it is named."""
    chapter(chapters / "a.csv", 1)
    (chapters / "b.csv").write_text("题目,A,B,正确答案\n" + "天是？,蓝,绿,A\n" * 9, "utf-8")
    code, said = planned(command)
    assert (3, True, True) == (code, "dataset.file=a.csv" in said, "dataset.file=b.csv" in said), said
    code, said = planned(command, "--set", "dataset.file=a.csv")
    assert (0, True) == (code, "Not used: b.csv" in said), said


def test_a_line_that_is_broken_is_named(command: Command, chapters: Path) -> None:
    """Nothing is put together of what can't be read whole: the file and its line are said."""
    chapter(chapters / "a.csv", 1)
    chapter(chapters / "b.csv", 2)
    with (chapters / "b.csv").open("a", encoding="utf-8") as out:
        out.write("一,二,三\n")
    code, said = planned(command)
    assert (1, True) == (code, "b.csv:14: COLUMN_COUNT" in said), said


@pytest.mark.parametrize("spoilt", ["formula", "cut", "second"])
def test_what_no_text_says_is_no_text_of_ours(command: Command, chapters: Path, spoilt: str) -> None:
    """A formula without its result, an array that ends early, a second list of rows: said with the file, never trained as something else."""
    suffix, code = {
        "formula": (".xlsx", "WRONG_TYPE"), "cut": (".json", "ARRAY_OPEN"), "second": (".json", "TWO_LISTS"),
    }[spoilt]  # fmt: skip
    for name in "ab":
        if suffix == ".xlsx":
            chapter(chapters / f"{name}.xlsx", 1)
        else:
            rows = [{"问题": f"{name}{row}？", "答案": f"{row}。"} for row in range(ROWS)]
            (chapters / f"{name}.json").write_text(json.dumps({"train": rows}), "utf-8")
    last = chapters / f"b{suffix}"
    if spoilt == "formula":
        book = openpyxl.load_workbook(last)
        book.active["B9"] = "=1+1"
        book.save(last)
    else:
        whole = last.read_text("utf-8")
        last.write_text(
            whole[:-2] if spoilt == "cut" else whole[:-1] + ', "test": [{"问题": "x？"}]}', "utf-8"
        )
    ended, said = planned(command)
    assert (1, True) == (ended, f"b{suffix}:" in said and code in said), said


@given(st.dictionaries(st.text().filter(lambda name: name != FROM), JSON), st.sampled_from([None, 1]))
def test_a_field_more_changes_no_other(row: dict[str, object], indent: int | None) -> None:
    """An object of JSON is what it was, with one field more, and stands on one line."""
    made = _with(json.dumps(row, indent=indent).encode(), json.dumps(FROM).encode(), b'"a.json"')
    assert b"\n" not in made
    assert row | {FROM: "a.json"} == json.loads(made)
