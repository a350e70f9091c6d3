"""Owns what a person sees at 80 x 24 with a file of their own: each question with all that it rests on, nothing lost."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import session_of
from openpyxl import Workbook
from patience import PATIENCE
from terminal import Terminal

from wizard.data.files.catalog import data_files
from wizard.engine.step import Field, Unacceptable

LOOKS, READ = "Does this look right", "about these rows"


def rows_of(path: Path, rows: Sequence[Any]) -> None:
    """Write ``rows``, one a line."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def pairs(count: int = 40) -> list[dict[str, Any]]:
    """Rows of questions and answers."""
    return [
        {"question": f"第 {number} 个问题？", "answer": f"第 {number} 个回答。"} for number in range(count)
    ]


def previewed(folder: Path, name: str, *, keys: str = "", rows: int = 24) -> list[str]:
    """The screen of the preview of the file ``name``, after ``keys``."""
    with Terminal(
        ["--sandbox", "--set", f"dataset.source={name}"], folder, columns=80, rows=rows
    ) as terminal:
        terminal.answer("checked against", "enter")
        terminal.expect(LOOKS)
        terminal.settle()
        if keys:
            terminal.press(keys)
            terminal.settle(0.5)
        return terminal.lines


def test_original_is_the_files_own_cells(tmp_path: Path) -> None:
    """The row as it is in the file has its own columns' names and cells, whatever they mean."""
    (tmp_path / "题库.csv").write_text(
        "题目,选项A,选项B,答案\n" + "".join(f"第{n}题？,静卧,跑步,B\n" for n in range(30)), "utf-8"
    )
    shown = "\n".join(previewed(tmp_path, "题库.csv", keys="o", rows=40))
    for cell in (r"题目 +第0题？", r"选项A +静卧", r"选项B +跑步", r"答案 +B"):
        assert re.search(cell, shown), cell


@pytest.mark.parametrize(
    ("row", "sent"),
    [
        (
            {"messages": [{"role": "user", "content": "hm?"}], "chosen": {"role": "assistant", "content": "better"},
             "rejected": {"role": "assistant", "content": "worse"}},
            {"user": "hm?", "chosen": "better", "rejected": "worse"},
        ),
        ({"text": "a text to go on with"}, {"text": "a text to go on with"}),
    ],
)  # fmt: skip
def test_all_that_is_sent_is_shown(tmp_path: Path, row: dict[str, Any], sent: dict[str, str]) -> None:
    """Of a preference both answers are shown, and of a plain text the text."""
    rows_of(tmp_path / "own.jsonl", [row] * 20)
    shown = "\n".join(previewed(tmp_path, "own.jsonl"))
    for label, text in sent.items():
        assert re.search(rf"│ {label} +{text}", shown), label


@pytest.mark.parametrize(
    "row",
    [
        {"question": "tall?", "answer": "\n".join(f"line {number}" for number in range(75))},
        {"question": "wide?", "answer": "yes", **{f"column{number}": "x" * 50 for number in range(30)}},
    ],
)
def test_tall_and_wide_rows_leave_the_question_on_the_screen(tmp_path: Path, row: dict[str, Any]) -> None:
    """A row of 75 lines, or of 32 columns, leaves step, sample and question on one screen; what is left out is said."""
    rows_of(tmp_path / "own.jsonl", [row] * 20)
    shown = "\n".join(previewed(tmp_path, "own.jsonl"))
    assert row["question"] in shown
    assert "what is sent of line 1" in shown
    assert "Back" in shown
    assert ("more lines" in shown) == (row["question"] == "tall?")


@pytest.mark.sweep
def test_findings_wait_to_be_read_and_left_out_rows_are_listed(tmp_path: Path) -> None:
    """What is odd stops before the next step; rows left out are named with their list there and on the review."""
    rows_of(tmp_path / "own.jsonl", [*pairs(40), *[{"question": "no answer?"}] * 3])
    with Terminal(
        ["--sandbox", "--set", "dataset.source=own.jsonl"], tmp_path, columns=80, rows=24
    ) as terminal:
        terminal.answer("checked against", "enter")
        terminal.answer(LOOKS, "enter")
        terminal.expect("What now")
        terminal.expect("own.left-out.jsonl, with their lines and why")
        terminal.expect("Leave 3 rows out and go on with 40")
        terminal.settle()
        terminal.press("up", "enter")
        terminal.expect(READ)
        terminal.settle()
        shown = "\n".join(terminal.lines)
        assert "FEW_ROWS" in shown
        assert re.search(r"Left out +3 rows are not used; they are listed in", shown)
        assert "Step 3 of 8" not in terminal.text
        terminal.press("enter")
        for question in ("Which model", "How shall it be trained", "recommended settings"):
            terminal.answer(question, "enter")
        terminal.expect("Type yes")
        terminal.settle()
        shown = "\n".join(terminal.lines)
        assert "own.left-out.jsonl" in shown
        terminal.press("ctrl-c")
        assert 130 == terminal.end()


@pytest.mark.sweep
def test_review_is_one_screen_and_its_command_one_line(folder: Path) -> None:
    """Plan, price and question stand together at 24 lines; formulas and the command come by a key, the command unbroken."""
    with Terminal(["--sandbox", "--set", "dataset.source=datasets"], folder, columns=80, rows=24) as terminal:
        for question in (
            "Which set",
            "checked against",
            LOOKS,
            READ,
            "Which model",
            "How shall",
            "recommended",
        ):
            terminal.answer(question, "enter")
        terminal.expect("Type yes")
        terminal.settle()
        shown = "\n".join(terminal.lines)
        for part in ("Step 5 of 8", "Training data", "Model", "Cost", "Type yes", "? help"):
            assert part in shown
        assert "At least:" not in shown
        assert "--approve" not in shown
        terminal.press("d")
        terminal.expect("At least:")
        terminal.settle()
        terminal.press("c")
        terminal.expect("--approve")
        terminal.settle()
        assert "At least:" not in terminal.text
        assert re.search(rb"bailian-wizard run --yes --sandbox [^\r\n]* --approve [0-9a-f]{32}", terminal.raw)
        terminal.press("ctrl-c")
        assert 130 == terminal.end()


@pytest.mark.sweep
def test_keys_typed_while_it_works_answer_nothing(folder: Path) -> None:
    """Enter pressed again and again while rows are converted answers none of the questions that come."""
    rows_of(folder / "own.jsonl", pairs(3000))
    words = ["--sandbox", "--set", "dataset.source=own.jsonl", "--set", "dataset.validation=split"]
    with Terminal(words, folder) as terminal:
        terminal.answer(LOOKS, "enter")
        for _press in range(20):
            terminal.press("enter")
            terminal.read(0.02)
        terminal.expect(f"{READ}|Which model")
        terminal.settle(0.5)
        facts = session_of(folder)["facts"]
        assert "training.model" not in facts
        terminal.press("ctrl-c")
        assert 130 == terminal.end()


@pytest.mark.sweep
def test_menu_of_all_models_is_filtered_and_paged(folder: Path) -> None:
    """Typing leaves the models that have it in them, Escape shows all again; End and PageDown go where they say."""
    words = [
        "--sandbox",
        "--set",
        "dataset.source=datasets",
        "--set",
        "dataset.set=taiwan",
        "--set",
        "dataset.validation=dev",
    ]
    with Terminal(words, folder, columns=80, rows=24) as terminal:
        for question in (LOOKS, READ):
            terminal.answer(question, "enter")
        terminal.answer("Which model", "down", "down", "down", "down", "enter")
        terminal.expect("type to filter")
        terminal.settle()
        terminal.press("\x1b[6~")
        terminal.settle()
        assert not any("❯ qwen2.5-7b-instruct" in line for line in terminal.lines)
        terminal.press("\x1b[F")
        terminal.expect("❯ ← Back")
        terminal.press("32b")
        terminal.expect("only what has “32b” in it")
        terminal.settle()
        listed = [line for line in terminal.lines if re.match(r" (❯| ) qwen", line)]
        assert listed
        assert all("32b" in line for line in listed)
        terminal.press("escape")
        terminal.expect("type to filter")
        terminal.settle()
        terminal.press("ctrl-c")
        assert 130 == terminal.end()


def test_narrower_terminal_has_the_question_once(folder: Path) -> None:
    """A terminal that becomes narrower and lower draws step and question anew, each once."""
    with Terminal(["--sandbox"], folder, columns=100, rows=30) as terminal:
        terminal.answer("Where is your data", "enter")
        terminal.expect("Which set")
        terminal.settle()
        for columns, rows in ((60, 24), (44, 20), (90, 30)):
            terminal.screen.resize(rows, columns)
            terminal.child.setwinsize(rows, columns)
            terminal.settle(0.5)
            shown = "\n".join(terminal.lines)
            assert 1 == shown.count("Which set of questions")
            assert 1 == shown.count("❯")
        terminal.press("ctrl-c")
        assert 130 == terminal.end()


def test_refused_paths_dont_pile_up_and_the_offer_is_typed_over(folder: Path) -> None:
    """What is offered goes as soon as something is typed; of several refusals only the last is on the screen."""
    with Terminal(["--sandbox"], folder, columns=80, rows=24) as terminal:
        terminal.answer("Where is your data", "nowhere", "enter")
        terminal.answer("nowhere is not there", "clear", "elsewhere", "enter")
        terminal.expect("elsewhere is not there")
        terminal.settle()
        assert "nowhere is not" not in "\n".join(terminal.lines)
        terminal.press("clear", "enter")
        terminal.answer("Which set", "ctrl-c")
        assert 130 == terminal.end()
    assert "datasets" == session_of(folder)["facts"]["dataset.source"]["value"]


def test_sheets_are_offered_where_the_first_has_no_rows(tmp_path: Path) -> None:
    """A workbook that begins with an empty sheet asks which one is read, and --set names it, too."""
    book = Workbook()
    for title in ("单选题", "问答题"):
        sheet = book.create_sheet(title)
        sheet.append(["question", "answer"])
        for number in range(30):
            sheet.append([f"{title} {number}？", f"回答 {number}"])
    book.save(tmp_path / "book.xlsx")
    with Terminal(["--sandbox"], tmp_path, columns=80, rows=24) as terminal:
        terminal.answer("Where is your data", "enter")  # the folder's one file is offered
        terminal.answer("Which sheet", "down", "enter")
        terminal.answer("checked against", "enter")
        terminal.expect("问答题 0？")
        terminal.settle()
        terminal.press("ctrl-c")
        assert 130 == terminal.end()
    assert "问答题" == session_of(tmp_path)["facts"]["dataset.files"]["value"][0]["columns"]["sheet"]
    with Terminal(["--sandbox", "--new", "--set", "dataset.columns.sheet=单选题"], tmp_path) as terminal:
        terminal.answer("Where is your data", "enter")
        terminal.answer("checked against", "enter")
        terminal.expect("单选题 0？")


def test_options_in_columns_of_their_own(tmp_path: Path) -> None:
    """Columns that say nothing can be named one by one: question, answer, and each option, until no column is left."""
    lines = "".join(f"第{n}题该怎么办？,静卧 {n},跑步 {n},{'AB'[n % 2]}\n" for n in range(30))
    (tmp_path / "own.csv").write_text("x1,x2,x3,x4\n" + lines, "utf-8")
    with Terminal(["--sandbox"], tmp_path, columns=80, rows=30) as terminal:
        terminal.answer("Where is your data", "enter")
        terminal.answer("Which column has what the user asks", "\x1b[H", "enter")
        terminal.answer("Which column has the answer", "\x1b[H", "down", "down", "enter")
        terminal.answer("Which column has the options", "\x1b[F", "up", "enter")
        terminal.answer("Which column has option A", "\x1b[H", "down", "enter")
        terminal.answer("Which column has option B", "\x1b[H", "down", "enter")
        terminal.answer("checked against", "enter")
        terminal.expect("A. 静卧 0")
        terminal.press("ctrl-c")


WRONG = "Something is wrong with the columns"


def bank(path: Path) -> None:
    """A table in which a remark is taken for the question."""
    lines = "".join(f"第{n}题？,静卧,跑步,{n % 2},注{n}\n" for n in range(30))
    path.write_text("题目,选项A,选项B,答案,备注\n" + lines, "utf-8")


def chosen_from(terminal: Terminal, question: str, line: str) -> None:
    """Take the choice that begins with ``line``: the menu narrows to what is typed, or the cursor goes there."""
    terminal.expect(question)
    terminal.settle()
    terminal.press("\x1b[H")
    for _down in range(20):
        terminal.settle()
        if any(re.match(rf" *❯ {line}", shown) for shown in terminal.lines):
            break
        terminal.press("down")
    terminal.press("enter")


def test_how_a_file_is_read_is_one_screen(tmp_path: Path) -> None:
    """Columns with first values, proof, first row and a row as it is sent fit one screen; each line is changed from there, and Escape changes nothing."""
    bank(tmp_path / "own.csv")
    with Terminal(["--sandbox"], tmp_path, columns=80, rows=24) as terminal:
        terminal.answer("Where is your data", "enter")
        terminal.answer("checked against", "enter")
        chosen_from(terminal, LOOKS, WRONG)
        terminal.expect("What shall be read otherwise")
        terminal.settle()
        shown = "\n".join(terminal.lines)
        for part in ("Step 1 of 8", "own.csv: Read as: questions", "Not sent: 备注", "答案是 A. 静卧", "All is right",
                     r"question +题目", r"answer +答案", "options +选项A, 选项B", "options counted +from 0: 15 of 30 rows prove it", "first row +names"):  # fmt: skip
            assert re.search(part, shown), f"{part}: {shown}"
        terminal.press("escape")
        chosen_from(terminal, LOOKS, WRONG)
        chosen_from(terminal, "What shall be read otherwise", "question")
        chosen_from(terminal, "Which column has what the user asks", "答案")
        terminal.expect("Still missing: answer")
        terminal.settle()
        assert "All is right" not in "\n".join(terminal.lines)
        chosen_from(terminal, "What shall be read otherwise", "question")
        chosen_from(terminal, "Which column has what the user asks", "备注")
        chosen_from(terminal, "What shall be read otherwise", "All is right")
        terminal.answer(rf"(?s)user +注0.*{LOOKS}", "ctrl-c")
        assert 130 == terminal.end()
    assert "备注" == session_of(tmp_path)["facts"]["dataset.columns.question"]["value"]


def test_another_sheet_is_within_reach(tmp_path: Path) -> None:
    """Which sheet is read is a line of that screen, the one that is read by itself named; another one is read at once."""
    book = Workbook()
    for title in ("单选题", "问答题"):
        sheet = book.active if title == "单选题" else book.create_sheet()
        assert sheet is not None
        sheet.title = title
        sheet.append(["question", "answer"])
        for number in range(30):
            sheet.append([f"{title} {number}？", f"回答 {number}"])
    book.save(tmp_path / "book.xlsx")
    with Terminal(["--sandbox"], tmp_path, columns=80, rows=24) as terminal:
        terminal.answer("Where is your data", "enter")
        terminal.answer("checked against", "enter")
        chosen_from(terminal, LOOKS, WRONG)
        terminal.expect(r"sheet +单选题 \(1 other\)")
        chosen_from(terminal, "What shall be read otherwise", "sheet")
        chosen_from(terminal, "Which sheet shall be read", "问答题")
        terminal.expect(r"user +问答题 0？")
        chosen_from(terminal, "What shall be read otherwise", "All is right")
        terminal.answer(LOOKS, "ctrl-c")
        assert 130 == terminal.end()
    assert "问答题" == session_of(tmp_path)["facts"]["dataset.files"]["value"][0]["columns"]["sheet"]


@pytest.mark.parametrize(
    ("content", "said"),
    [("甲,乙\n1,2\n3,4\n5,6\n", "what its columns mean"), ("", "train the model and validate it, too")],
)
def test_a_file_that_cannot_validate_is_refused_where_it_is_named(
    tmp_path: Path, content: str, said: str
) -> None:
    """A validation file whose columns say nothing, or that trains already, is refused at its question, not after it."""
    rows_of(tmp_path / "own.jsonl", pairs())
    if content:
        (tmp_path / "other.csv").write_text(content, "utf-8")
    given = ["--set", "dataset.source=own.jsonl", "--set", "dataset.validation=file"]
    with Terminal(["--sandbox", *given], tmp_path, columns=80, rows=24) as terminal:
        terminal.answer("Which file shall validate", "other.csv" if content else "own.jsonl", "enter")
        terminal.expect(said)
        terminal.settle()
        assert "Which file shall validate" in "\n".join(terminal.lines)


def test_texts_with_rows_are_offered_in_a_folder(tmp_path: Path) -> None:
    """Of a folder's texts those are data that hold rows, and no others."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "题库.txt").write_text(
        "".join(f"问：第{n}题？\n答：回答{n}\n\n" for n in range(30)), "utf-8"
    )
    (tmp_path / "in" / "说明.txt").write_text("一段说明。\n另一段，没有题。\n", "utf-8")
    with Terminal(["--sandbox"], tmp_path, columns=80, rows=24) as terminal:
        terminal.answer("Where is your data", "clear", "in", "enter")
        terminal.answer("checked against", "enter")
        terminal.expect(r"user +第0题？")
        assert "Which file" not in terminal.text


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"A note.\nAnother one.\n", "a text without a layout that is known"),
        ("a.md", b"# Questions\n\nwhat?\n", "a text without a layout that is known"),
        ("a.docx", b"PK\x03\x04" + b"\x00" * 26 + b"[Content_Types].xml", "can't be read as a spreadsheet"),
        ("a.csv", b"\n", "has no rows"),
    ],
)
def test_texts_that_are_no_tables_are_told_what_can_be_read(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    """A text or a document that isn't read is said to be one, with what can be read instead."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(content)
    with Terminal(["--sandbox"], tmp_path) as terminal:
        terminal.answer("Where is your data", f"in/{name}", "enter")
        terminal.expect(said.replace(" ", r"\s+"))


def test_files_of_a_folder_in_the_order_of_counting(tmp_path: Path) -> None:
    """Chapter 2 comes before chapter 10, and what Excel leaves beside an open file is none."""
    for name in ("第10章.csv", "第2章.csv", "第1章.csv", "~$第1章.xlsx"):
        (tmp_path / name).write_text("a,b\n1,2\n", "utf-8")
    assert ["第1章.csv", "第2章.csv", "第10章.csv"] == [path.name for path in data_files(tmp_path)]


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("¥100", 100),
        ("100元", 100),
        ("1,000", 1000),
        ("１００", 100),
        ("￥1,234.5", 1234.5),
        (" 3 ", 3),
        ("1e2", 100),
    ],
)
def test_budget_as_people_write_it(typed: str, value: float) -> None:
    """Signs of yuan, commas between thousands and full-width digits are understood."""
    assert value == Field(key="x.budget", kind="number", label="?").accept(typed)


@pytest.mark.parametrize("typed", ["1,0", "1,00", "¥", "100元整数", "--3", "1.000,50"])
def test_budget_that_could_mean_two_things_is_refused(typed: str) -> None:
    """What is no number as people write it stays none."""
    with pytest.raises(Unacceptable):
        Field(key="x.budget", kind="number", label="?").accept(typed)


@pytest.mark.sweep
def test_a_plan_that_is_taller_than_the_screen_is_read_before_the_question(tmp_path: Path) -> None:
    """What would be above the screen when yes is asked for is shown first, page by page; then the rest with the question."""
    rows_of(tmp_path / "own.jsonl", pairs())
    words = ("--set", "dataset.source=own.jsonl", "--set", "dataset.validation=split")
    with Terminal(["--sandbox", *words], tmp_path, columns=80, rows=12) as terminal:
        for question in (LOOKS, READ, "Which model", "How shall it be trained", "recommended settings"):
            terminal.answer(question, "enter")
        terminal.expect("Platform")
        seen: list[str] = []
        until = time.monotonic() + PATIENCE
        while "Type yes" not in (shown := "\n".join(terminal.lines)) and time.monotonic() < until:
            if "Enter next page" in shown:
                seen.append(shown)
                terminal.press("enter")
            terminal.settle(0.5)
        assert seen
        assert "Platform" in seen[0]
        for told in ("Training data", "Settings", "Afterwards", "Cost"):
            assert told in "\n".join([*seen, shown]), told
        assert "Cost" in shown
        terminal.press("ctrl-c")
        assert 130 == terminal.end()
