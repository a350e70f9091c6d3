"""Texts that people write, or that programs export, as questions and answers, become rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wizard.data.converting.convert import RowsUnfit, convert
from wizard.data.fate import fate
from wizard.data.shapes.source import Source


def sent(text: str, folder: Path, name: str = "rows.txt") -> list[list[str]]:
    """What is sent of a text, row by row."""
    path = folder / name
    path.write_text(text, "utf-8")
    output = folder / "out.jsonl"
    convert(path, output, system_prompt="", on_error="skip", workers=0)
    rows = [json.loads(line) for line in output.read_text("utf-8").splitlines()]
    return [[turn["content"] for turn in row["messages"]] for row in rows]


@pytest.mark.parametrize(
    "text",
    [
        "问：头晕怎么办？\n答：静卧。\n别跑。\n\n问：口渴呢？\n答：喝水。\n",
        "Q: 头晕怎么办？\nA: 静卧。\n别跑。\nQ: 口渴呢？\nA: 喝水。",
        "Q1: 头晕怎么办？\r\nA1: 静卧。\r\n别跑。\r\n\r\nQ2: 口渴呢？\r\nA2: 喝水。\r\n",
        "提问：头晕怎么办？\n回答：静卧。\n别跑。\n---\n提问：口渴呢？\n回答：喝水。",
        "1. 问题：头晕怎么办？\n答案：静卧。\n别跑。\n\n2. 问题：口渴呢？\n答案：喝水。",
        "【问】头晕怎么办？\n【答】静卧。\n别跑。\n【问】口渴呢？\n【答】喝水。",
        "**Q:** 头晕怎么办？\n**A:** 静卧。\n别跑。\n\n**Q:** 口渴呢？\n**A:** 喝水。",
        "Question: 头晕怎么办？\nAnswer: 静卧。\n别跑。\n\nQuestion: 口渴呢？\nAnswer: 喝水。",
        "问题一：头晕怎么办？\n回答：静卧。\n别跑。\n\n问题二：口渴呢？\n回答：喝水。",
        "問：头晕怎么办？\n答：静卧。\n别跑。\n問：口渴呢？\n答：喝水。",
        "User: 头晕怎么办？\nAssistant: 静卧。\n别跑。\n\nUser: 口渴呢？\nAssistant: 喝水。",
        "患者：头晕怎么办？\n医生：静卧。\n别跑。\n====\n患者：口渴呢？\n医生：喝水。",
    ],
)
def test_questions_and_answers(text: str, tmp_path: Path) -> None:
    """However the two are marked, each goes on until the next mark; numbers and marks are not sent."""
    assert [["头晕怎么办？", "静卧。\n别跑。"], ["口渴呢？", "喝水。"]] == sent(text, tmp_path)


def test_conversations_keep_their_turns(tmp_path: Path) -> None:
    """Behind the names of speakers a blank line parts conversations, not turns; where it parts both, it is asked."""
    assert [["在吗", "在", "退货", "好"], ["退款", "好"]] == sent(
        "客户：在吗\n客服：在\n客户：退货\n客服：好\n\n客户：退款\n客服：好\n", tmp_path
    )
    with pytest.raises(RowsUnfit) as unfit:
        sent("客户：在吗\n\n客服：在\n\n客户：退货\n\n客服：好\n", tmp_path)
    assert {"TURNS_NOT_PARTED": 1} == unfit.value.findings.counts


BANK = ["头晕时宜先？\n\n选项：\nA. 静卧\nB. 慢跑 1.5 公里\nC. 饮酒", "答案是 B. 慢跑 1.5 公里"]


@pytest.mark.parametrize(
    "text",
    [
        "1. 头晕时宜先？\nA. 静卧\nB. 慢跑 1.5 公里\nC. 饮酒\n答案：B\n解析：略过。\n再一行。\n\n2、口渴时宜？\nA、喝水\nB、跑步\n答案：A",
        "1、头晕时宜先？\nA、静卧  B、慢跑 1.5 公里  C、饮酒\n【答案】B\n【解析】略过。\n2、口渴时宜？\nA、喝水  B、跑步\n【答案】A",
        "一、单项选择题\n1．头晕时宜先？\nA．静卧\nB．慢跑 1.5 公里\nC．饮酒\n正确答案：B\n2．口渴时宜？\nA．喝水\nB．跑步\n正确答案：A",
        "头晕时宜先？\nA) 静卧\nB) 慢跑 1.5 公里\nC) 饮酒\nANSWER: B\n\n口渴时宜？\nA) 喝水\nB) 跑步\nANSWER: A\n",
        "头晕时宜先？\nA. 静卧\nB. 慢跑 1.5 公里\nC. 饮酒\nANSWER: B\n口渴时宜？\nA. 喝水\nB. 跑步\nANSWER: A\n",
        "第1题 头晕时宜先？\n（A）静卧\n（B）慢跑 1.5 公里\n（C）饮酒\n参考答案：B\n第2题 口渴时宜？\n（A）喝水\n（B）跑步\n参考答案：A",
    ],
)
def test_exam_banks(text: str, tmp_path: Path) -> None:
    """A stem, its options on lines of their own or on one, the answer; a number before a decimal is no label."""
    assert [BANK, ["口渴时宜？\n\n选项：\nA. 喝水\nB. 跑步", "答案是 A. 喝水"]] == sent(text, tmp_path)


def test_what_an_exam_bank_says_besides_is_told(tmp_path: Path) -> None:
    """Explanations, headings and numbers are named as not sent; a question without options is one with its answer."""
    path = tmp_path / "rows.txt"
    path.write_text(
        "一、单选题\n1. 头晕？\nA. 静卧\nB. 慢跑\n答案：A\n解析：略过。\n二、填空题\n1. 口渴时宜____。\n答案：喝水\n难度：易",
        "utf-8",
    )
    done = convert(path, tmp_path / "out.jsonl", system_prompt="", on_error="skip", workers=0)

    assert {"题型": 2, "题号": 2, "解析": 1, "难度": 1} == dict(done.extra)
    assert 2 == done.rows
    assert "喝水" in (fate(path, 9, system_prompt="").sent or b"").decode()


@pytest.mark.parametrize(
    ("question", "row"),
    [
        ("::t:: 2 + 3 \\= ? {=5 ~6 ~7#no}", ["2 + 3 = ?\n\n选项：\nA. 5\nB. 6\nC. 7", "答案是 A. 5"]),
        (
            "// note\n::t:: Even? {~1 ~%50%2 ~%50%4 ~%-100%5}",
            ["Even?\n\n选项：\nA. 1\nB. 2\nC. 4\nD. 5", "答案是 B. 2；C. 4"],
        ),
        ("::t:: Two and three are { =five =5 }.", ["Two and three are _____ .", "five"]),
        ("::t:: Is 5 odd? {T}", ["Is 5 odd?", "True"]),
        ("::t:: Is 4 odd? {FALSE#no}", ["Is 4 odd?", "False"]),
        ("::t:: How many? {#5}", ["How many?", "5"]),
    ],
)
def test_gift(question: str, row: list[str], tmp_path: Path) -> None:
    """Moodle's signs are read: one right answer or several, gaps, words, truth, numbers, escapes."""
    assert [row, ["x?\n\n选项：\nA. y\nB. z", "答案是 B. z"]] == sent(
        f"{question}\n\nx? {{\n~y\n=z\n}}\n", tmp_path
    )


def test_gift_that_is_no_question_with_one_answer_is_refused(tmp_path: Path) -> None:
    """A list to match, or a question for an essay, is an error of its own."""
    text = "::a:: Match. {=a -> 1 =b -> 2}\n\n::b:: Write. {}\n\n::c:: x? {=y ~z}\n"
    assert 1 == len(sent(text, tmp_path))


def test_anki(tmp_path: Path) -> None:
    """The lines at the top say how cards are written; special columns and those beyond two are told as not sent."""
    path = tmp_path / "cards.txt"
    path.write_text(
        '#separator:Semicolon\n#html:true\n#deck column:1\n#columns:Deck;Front;Back;Hint\nd;"a &lt; b; <i>c</i>?";<div>x</div>y;h\n',
        "utf-8",
    )
    done = convert(path, tmp_path / "out.jsonl", system_prompt="", workers=0)

    assert {"deck": 1, "Hint": 1} == dict(done.extra)
    row = json.loads((tmp_path / "out.jsonl").read_text("utf-8"))
    assert ["a < b; c?", "x\ny"] == [turn["content"] for turn in row["messages"]]


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ("2026-01-01 10:00:00 小红\n能退吗？\n\n2026-01-01 10:00:30 店主\n可以\n", "WeChat"),
        ("小红 2026年1月1日 10:00\n能退吗？\n\n店主 2026年1月1日 10:01\n可以\n", "WeChat"),
        ("1/1/26, 10:00 AM - Mei: item?\n1/1/26, 10:01 AM - Shop: yes\n", "WhatsApp"),
        ("[01/01/2026, 10:00:00] Mei: item?\n[01/01/2026, 10:00:30] Shop: yes\n", "WhatsApp"),
    ],
)
def test_exports_of_chat_programs_are_named(text: str, program: str, tmp_path: Path) -> None:
    """Who is the assistant and where a conversation ends stands nowhere in them: the way out is said."""
    from wizard.data.files.lines import SourceUnreadable

    for ends in ("\n", "\r\n"):
        with pytest.raises(SourceUnreadable, match=program):
            sent(text.replace("\n", ends), tmp_path)


@pytest.mark.parametrize(
    "text", ["静卧0\t头晕时\n静卧1\t口渴时\n", '{"text": "问：a 答：b"}\n', "题目,答案\n问：a,答：b\n"]
)
def test_other_texts_are_no_such_forms(text: str, tmp_path: Path) -> None:
    """A table and JSON stay what they are."""
    path = tmp_path / "rows.txt"
    path.write_text(text, "utf-8")

    assert Source(path).reading().container in ("jsonl", "csv", "tsv")
