"""Tables: each row below the names is given or told, no row is read under names of another table, options under their columns' labels."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.data.fate import fate
from wizard.data.files import spreadsheets
from wizard.data.findings import Finding
from wizard.data.record import Chat, MultipleChoice
from wizard.data.shapes import header
from wizard.data.shapes.contents import contents
from wizard.data.shapes.names import plain_name
from wizard.data.shapes.plan import plan
from wizard.data.shapes.source import Source
from wizard.errors import WizardError

CASES = Path(__file__).parent / "cases"
LONG = ("仓库周日发货吗？", "周日不发货，周一一早补发。")


def written(path: Path, *rows: list[str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def given_by(path: Path) -> tuple[list[dict[str, Any]], list[Finding]]:
    """The rows of a file by their columns, and what is told of others."""
    with contents(path, with_header=None, named=()) as file:
        rows = list(file.rows())
    return [row for _line, row in rows if isinstance(row, dict)], [
        row for _line, row in rows if isinstance(row, Finding)
    ]


def filled(cells: Iterable[Any]) -> list[str]:
    return [cell if isinstance(cell, str) else type(cell).__name__ for cell in cells if cell is not None]


@pytest.mark.parametrize("path", sorted(CASES.rglob("*.xlsx")), ids=lambda path: path.name)
def test_each_row_of_a_sheet_is_given_or_told(path: Path) -> None:
    """Every row that has a cell is a row by its columns, the columns' names, or in a finding; and every cell of a row in it."""
    try:
        with contents(path, with_header=None, named=()) as file:
            rows = list(file.rows())
            sheet = spreadsheets.rows(file.stream, file.file, "", lambda some: header.known(some, ()))
            raw = [row for row in sheet if isinstance(row, tuple)]
    except WizardError:
        return
    found = dict(rows)
    told = [row for row in found.values() if isinstance(row, Finding)]
    if "DUPLICATE_COLUMN" in [one.code for one in told]:
        return  # the file is refused whole
    above = sum(int(one.what.split()[0]) for one in told if one.code == "TITLE_ROWS")
    last = next((one.where.line for one in told if one.code == "SECOND_TABLE"), raw[-1][0] + 1)
    silent = [number for number, _cells in raw if number not in found and number < last]
    assert len(silent) <= max(above - 1, 0) + 2  # further titles, the names and those above them
    for number, cells in raw:
        row = found.get(number)
        if isinstance(row, dict):
            assert filled(cells) == filled(row.values())


@pytest.mark.parametrize("gap", [True, False])
@pytest.mark.parametrize(
    "second", [["姓名", "电话"], ["产品", "单价"], ["部门", "经理"], ["词条", "释义"], ["题目", "选项"]]
)
def test_another_table_is_not_read_under_the_first_names(
    second: list[str], gap: bool, tmp_path: Path
) -> None:
    """Names behind a blank line end the table, and are told with how many rows are below; without one they are a row."""
    rows = [[f"第{n}个，{LONG[0]}", LONG[1]] for n in range(5)]
    path = written(
        tmp_path / "x.csv",
        ["问题", "答案"],
        *rows,
        *([[]] if gap else []),
        second,
        ["甲", "乙"],
        ["丙", "丁"],
    )
    read, told = given_by(path)
    if gap:
        assert (5, ["SECOND_TABLE"]) == (len(read), [one.code for one in told])
        assert "2 rows" in told[0].what
    else:
        assert (8, []) == (len(read), told)


@given(
    st.lists(st.sampled_from(["几点开门？", "在吗", "发票怎么开？", "可以退吗？"]), min_size=4, max_size=8)
)
def test_blank_lines_between_rows_end_no_table(asked: list[str]) -> None:
    """Rows in groups stay rows, however short they are, once such a line was seen between rows."""
    from wizard.data.shapes.below import Below

    below = Below(["问题", "答案"], in_lines=True)
    rows = [(3 * n + 2, [words, f"这是第{n}个回答，请看。"]) for n, words in enumerate(asked)]
    assert {"row"} == {below.kind(number, cells) for number, cells in rows}
    assert "row" == below.kind(3 * len(rows) + 2, ["姓名", "电话"])


@pytest.mark.parametrize(
    ("row", "code"), [(["Question", "Answer", "Source"], "HEADER_AGAIN"), (["Question", "Answer", ""], "")]
)
def test_names_in_two_languages_are_no_row(row: list[str], code: str, tmp_path: Path) -> None:
    """Below the names each column's name once more is told; a row that lacks one is a row."""
    read, told = given_by(written(tmp_path / "x.csv", ["问题", "答案", "来源"], row, [*LONG, "内网"]))
    assert ([code] if code else []) == [one.code for one in told]
    assert (1 if code else 2) == len(read)


@pytest.mark.parametrize(
    ("line", "code"), [(3, "NOT_A_ROW"), (5, "SECOND_TABLE"), (6, "SECOND_TABLE"), (7, "SECOND_TABLE")]
)
def test_why_says_what_a_line_is_that_is_no_row(line: int, code: str, tmp_path: Path) -> None:
    """Of a note, of another table's names and of each row below them, not only that there is no row."""
    rows = [
        ["问题", "答案"],
        list(LONG),
        ["注：本表由客服部提供", ""],
        [],
        ["姓名", "电话"],
        ["甲", "1"],
        ["乙", "2"],
    ]
    said = fate(written(tmp_path / "x.csv", *rows), line, system_prompt="")
    assert [code] == [one.code for one in said.findings]
    assert said.sent is None


SERIES = {
    "甲乙丙丁": (list("甲乙丙丁"), list("甲乙丙丁")),
    "I-IV": (["I", "II", "III", "IV"], ["I", "II", "III", "IV"]),
    "Ⅰ-Ⅳ": (list("ⅠⅡⅢⅣ"), ["I", "II", "III", "IV"]),
    "①-④": (list("①②③④"), list("1234")),
    "1-4": (list("1234"), list("1234")),
    "(1)-(4)": (["(1)", "(2)", "(3)", "(4)"], list("1234")),
    "选项甲": (["选项甲", "选项乙", "选项丙", "选项丁"], list("甲乙丙丁")),
    "选项①": (["选项①", "选项②", "选项③", "选项④"], list("ABCD")),
    "A-D": (list("ABCD"), list("ABCD")),
}


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("how", ["column", "label", "letter", "circled"])
def test_options_come_under_the_labels_of_their_columns(name: str, at: int, how: str, tmp_path: Path) -> None:
    """A stem that speaks of 甲 finds 甲 among the options; an answer by column, label, letter or circled figure is that place."""
    columns, labels = SERIES[name]
    answer = {"column": columns[at], "label": labels[at], "letter": "ABCD"[at], "circled": "①②③④"[at]}[how]
    texts = ["红", "黄", "蓝", "绿"]
    path = written(
        tmp_path / "x.csv", ["题目", *columns, "答案"], [LONG[0], *texts, answer], [LONG[0], *texts, answer]
    )
    for record in Source(path).read():
        assert isinstance(record, MultipleChoice)
        assert tuple(zip(labels, texts, strict=True)) == record.options
        assert labels[at] == record.answer


@pytest.mark.parametrize("others", [["姓名", "备注"], ["题目", "备注"], ["姓名", "答案"]])
def test_figures_are_options_beside_a_question_and_its_answer_only(others: list[str]) -> None:
    """Columns called 1, 2, 3 are marks, years or days elsewhere."""
    assert "choice" == plan(("题目", "1", "2", "3", "答案")).shape
    assert "choice" != plan((others[0], "1", "2", "3", others[1])).shape


@pytest.mark.parametrize("columns", [["1", "2", "3"], ["甲", "乙", "丙"], ["①", "②", "③"], ["A", "B", "C"]])
@pytest.mark.parametrize("said", [{"options": "-"}, {"ignore": "COLUMNS"}])
def test_a_person_says_that_columns_are_no_options(
    columns: list[str], said: dict[str, str], tmp_path: Path
) -> None:
    """Marks and years under such names are left out where somebody says so, and the row is a question and its answer."""
    path = written(tmp_path / "x.csv", ["问题", "答案", *columns], [*LONG, "5", "4", "5"])
    given = {name: ",".join(columns) if value == "COLUMNS" else value for name, value in said.items()}
    (record,) = Source(path, given).read()
    assert isinstance(record, Chat)
    assert list(LONG) == [turn.content for turn in record.messages]
    assert set(columns) == set(record.extra)


ASKED = (
    "客户问题",
    "患者提问",
    "当事人咨询内容",
    "群众咨询问题",
    "常见问题",
    "标准问",
    "考试题目",
    "问题描述",
    "Customer Question",
)
ANSWERED = (
    "客服答复",
    "医生答案",
    "律师解答",
    "参考回复",
    "规范答复口径",
    "律师答复意见",
    "标准答",
    "标准话术",
    "解决方案",
    "Agent Reply",
)


@given(st.sampled_from(ASKED), st.sampled_from(ANSWERED), st.sampled_from(["编号", "科室", "部门"]))
def test_names_that_end_so_are_known(asked: str, answered: str, beside: str) -> None:
    """One column that ends as questions are called and one as answers are: question and answer."""
    made = plan((beside, asked, answered))
    assert ("pair", asked, answered) == (made.shape, made.meanings["instruction"], made.meanings["output"])
    assert () == made.rivals


@pytest.mark.parametrize(
    "name",
    [
        "学生答案",
        "错误答案",
        "备选答案",
        "客户回复",
        "模型回答",
        "机器人回复",
        "是否回复",
        "未回复",
        "拒绝回答",
    ],
)
def test_an_answer_that_is_none_is_not_known_by_its_end(name: str) -> None:
    """Whose answer a student's, a customer's or a wrong one is, is said in its name."""
    assert "pair" != plan(("客户问题", name)).shape


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("答案（填写字母）", "答案"),
        ("答案(A/B/C/D)", "答案"),
        ("答案（A-D）", "答案"),
        ("答案（多个用逗号隔开）", "答案"),
        ("答案(解析)", "答案解析"),
        ("选项(A)", "选项a"),
    ],
)
def test_a_note_on_filling_in_is_no_part_of_a_name(name: str, plain: str) -> None:
    """What stands in brackets behind a name is left out where it says how the column is filled in, and only there."""
    assert plain == plain_name(name)


@pytest.mark.parametrize("sign", list("，；｜"))
@pytest.mark.parametrize("ending", [".csv", ".txt"])
def test_signs_of_a_chinese_keyboard_part_cells_where_the_names_do(
    sign: str, ending: str, tmp_path: Path
) -> None:
    """Between known names a full-width sign parts cells; a row that holds it once more is told, never cut."""
    path = tmp_path / f"x{ending}"
    path.write_text(f"问题{sign}答案\n几点开门？{sign}九点。\n几点关门？{sign}五点{sign}或六点。\n", "utf-8")
    read, told = given_by(path)
    assert ([{"问题": "几点开门？", "答案": "九点。"}], ["COLUMN_COUNT"]) == (
        read,
        [one.code for one in told],
    )


def test_a_table_of_markdown_in_a_cell_is_a_cell(tmp_path: Path) -> None:
    """An answer that holds such a table doesn't make the file one."""
    table = "见表：\n| 甲 | 乙 |\n|---|---|\n| 一 | 二 |"
    for ending in (".csv", ".txt"):
        path = written(tmp_path / f"x{ending}", ["问题", "答案"], ["如何？", table], ["为何？", table])
        found = list(islice(Source(path).read(), 5))
        assert [table, table] == [one.messages[-1].content for one in found if isinstance(one, Chat)]
