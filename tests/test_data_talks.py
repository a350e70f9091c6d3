"""Conversations whose messages lie on rows of their own, or all in one text, become chats."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path
from typing import Any

import pytest

from wizard.data.converting.convert import RowsUnfit, convert
from wizard.data.fate import fate
from wizard.data.shapes.roles import role_of
from wizard.data.shapes.source import Source

HEADER = ("会话ID", "发送方", "消息内容", "轮次")


def written(path: Path, rows: list[tuple[Any, ...]], header: tuple[str, ...] = HEADER) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def chats(path: Path, columns: dict[str, str] | None = None) -> list[list[tuple[str, str]]]:
    """(role, content) of each message that is sent, chat by chat."""
    output = path.with_name("out.jsonl")
    convert(path, output, system_prompt="", on_error="skip", workers=0, columns=columns)
    rows = [json.loads(line) for line in output.read_text("utf-8").splitlines()]
    return [[(turn["role"], turn["content"]) for turn in row["messages"]] for row in rows]


def refusal(path: Path, columns: dict[str, str] | None = None) -> dict[str, int]:
    """The codes for which nothing of a file can be sent."""
    with pytest.raises(RowsUnfit) as unfit:
        chats(path, columns)
    return unfit.value.findings.counts


def talk(count: int) -> list[tuple[Any, ...]]:
    return [
        (f"c{number}", ("客户", "客服")[turn % 2], f"{number} 说 {turn}", turn)
        for number in range(count)
        for turn in range(4)
    ]


def test_rows_that_lie_apart_come_to_the_same_chats(tmp_path: Path) -> None:
    """Wherever the rows of a conversation lie, its turns are those of its id, in the order of their numbers; chats begin where their first row does."""
    rows = talk(300)
    apart = rows[:]
    random.Random(5).shuffle(apart)
    together = chats(written(tmp_path / "a.csv", rows))
    mixed = written(tmp_path / "b.csv", apart)

    assert [
        ("user", "0 说 0"),
        ("assistant", "0 说 1"),
        ("user", "0 说 2"),
        ("assistant", "0 说 3"),
    ] == together[0]
    firsts = list(dict.fromkeys(row[0] for row in apart))
    assert [together[int(one[1:])] for one in firsts] == chats(mixed)
    assert (True, False) == (Source(tmp_path / "a.csv").reading().together, Source(mixed).reading().together)
    lines = [one.where.line for one in Source(mixed).read()]
    assert sorted(lines) == lines


def test_every_row_leads_to_its_conversation(tmp_path: Path) -> None:
    """``why`` shows for each row of a conversation the chat that it became a part of."""
    rows = talk(3)
    path = written(tmp_path / "rows.csv", [rows[at] for at in (0, 4, 1, 5, 8, 2, 9, 10, 3, 6, 11, 7)])
    for line, row in enumerate(csv.reader(path.read_text("utf-8").splitlines()), 1):
        if line > 1:
            found = fate(path, line, system_prompt="")
            assert found.sent is not None
            assert f"{row[0][1:]} 说 0" in found.sent.decode()


@pytest.mark.parametrize(
    "header",
    [
        ("conversation_id", "role", "content", "turn"),
        ("session_id", "sender", "message", "timestamp"),
        ("Dialogue ID", "Speaker", "Utterance", "Turn No."),
        ("ticket", "author", "body", "created_at"),
        ("对话编号", "角色", "内容", "顺序"),
        ("通话流水号", "说话人", "转写文本", "序号"),
        ("工单号", "发言人", "发言内容", "发言时间"),
        ("問診編號", "發言人", "發言內容", "時間"),
        ("id", "from", "text", "time"),
    ],
)
def test_columns_are_known_by_their_names(header: tuple[str, ...], tmp_path: Path) -> None:
    """An id, a speaker, words and their order, as systems of any kind call them."""
    if header[0].startswith("問"):
        header = ("會話編號", *header[1:])
    assert 5 == len(chats(written(tmp_path / "rows.csv", talk(5), header)))


@pytest.mark.parametrize(
    ("word", "role"),
    [
        *[(word, "user") for word in ("客户", "用户A", "买家", "访客 1024", "Customer", "USER", "end-user", "客户张三", "老用户", "张三（客户）", "客戶")],
        *[(word, "assistant") for word in ("客服", "客服小李", "客服-小王", "坐席01", "商家", "机器人", "Agent 7", "AI Assistant", "bot", "客户经理", "客服代表", "售后客服", "淘宝客服")],
        *[(word, "") for word in ("小红", "Ann", "客户经理部", "1", "", "客户关系管理系统")],
        *[(word, "notice") for word in ("系统", "系统消息")],
    ],
)  # fmt: skip
def test_who_speaks_is_known_by_the_word(word: str, role: str) -> None:
    """A role's word, whatever its case, with a number or a name beside it; a name alone says nothing."""
    assert role == role_of(word)


@pytest.mark.parametrize(
    "moments",
    [
        (1, 2, 3, 4),
        (4, 3, 2, 1),
        (10, 9, 12, 11),
        ("2026-01-01 10:01", "2026/1/1 9:59", "2026年1月1日 10:03", "2026-01-01T10:02:00"),
        ("23:58", "23:59", "0:01", "0:02"),
        ("10:00", "", "10:02", "10:02"),
        (1767261600, 1767261500, 1767261800, 1767261700),
    ],
)
def test_turns_come_in_order(moments: tuple[Any, ...], tmp_path: Path) -> None:
    """Numbers, dates and times of day order a conversation, also past midnight, and where the newest stands first."""
    said = {
        (4, 3, 2, 1): "dcba",
        (10, 9, 12, 11): "badc",
        ("2026-01-01 10:01", "2026/1/1 9:59", "2026年1月1日 10:03", "2026-01-01T10:02:00"): "badc",
        (1767261600, 1767261500, 1767261800, 1767261700): "badc",
    }.get(moments, "abcd")
    who = {word: ("客户", "客服")[at % 2] for at, word in enumerate(said)}
    rows = [("1", who[word], word, moment) for word, moment in zip("abcd", moments, strict=True)]

    ((*turns,),) = chats(written(tmp_path / "rows.csv", rows, (*HEADER[:3], "时间")))
    assert list(said) == [words for _role, words in turns]


def test_who_is_nowhere_told_is_asked(tmp_path: Path) -> None:
    """Where speakers are mere names nothing is sent until somebody says which of them is the assistant."""
    rows = [(one, who, f"{who} {one}", turn) for one in "123" for turn, who in enumerate(("小红", "店小二"))]
    path = written(tmp_path / "rows.csv", rows)

    assert {"SPEAKER_UNCLEAR": 1} == refusal(path)
    assert [("user", "小红 1"), ("assistant", "店小二 1")] == chats(path, {"assistant": "店小二"})[0]


def test_what_has_no_answer_is_left_out_and_what_is_no_turn_is_told(tmp_path: Path) -> None:
    """A conversation without an answer is told and passed over; what follows the last answer, and notices of the system, are named as not sent."""
    rows = [
        ("1", "客户", "在吗", 1), ("1", "客服", "在", 2), ("1", "客户", "谢谢", 3), ("1", "系统", "会话结束", 4), ("2", "客户", "有人吗", 1),
    ]  # fmt: skip
    path = written(tmp_path / "rows.csv", rows)
    done = convert(path, tmp_path / "out.jsonl", system_prompt="", workers=0)

    assert (1, 0, {"UNANSWERED": 1}) == (done.rows, done.left_out, done.findings.counts)
    assert {"会话ID", "轮次", "消息内容.系统", "消息内容.unanswered"} == dict(done.extra).keys()


def test_questions_on_one_text_are_no_conversation(tmp_path: Path) -> None:
    """Rows are taken together by an id only, never by a text or a subject that several of them share."""
    for name in ("dialogue", "topic"):
        rows = [("Ann: hello. Bob: hello, Ann.", f"Who speaks as number {at}?", "Ann") for at in range(4)]
        path = written(tmp_path / "rows.csv", rows, (name, "question", "answer"))
        assert 4 == len(chats(path))


@pytest.mark.parametrize(
    "text",
    [
        "客户：{n}到哪了？\n客服：请稍等。\n还有吗？",
        "User: {n}到哪了？\nAssistant: 请稍等。\n还有吗？",
        "【客户】{n}到哪了？\n【客服】请稍等。\n还有吗？",
        "[Round 0]\n问：{n}到哪了？\n答：请稍等。\n还有吗？",
        "### Human: {n}到哪了？\n### Assistant: 请稍等。\n还有吗？",
        "访客：{n}到哪了？ 坐席：请稍等。\n还有吗？",
    ],
)
def test_turns_inside_a_text(text: str, tmp_path: Path) -> None:
    """A text that begins with who speaks is the turns it holds; a row among them that isn't is an error."""
    rows = [(n, text.format(n=n)) for n in range(5)]
    path = written(tmp_path / "rows.csv", rows, ("id", "text"))

    assert [("user", "0到哪了？"), ("assistant", "请稍等。\n还有吗？")] == chats(path)[0]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("User: Hello.\nAssistant: Hello.\nWhat is this?", "A talk"),
        ("客户：我要投诉！\n请判断情绪。", "负面"),
        ("以下是对话：\n客户：你好\n客服：你好\n请总结。", "问好"),
    ],
)
def test_a_question_about_a_talk_stays_one_question(question: str, answer: str, tmp_path: Path) -> None:
    """Only what ends with the user's turn, and answers it, is split: a task about a dialogue is left as it is."""
    path = written(tmp_path / "rows.csv", [(question, answer)] * 5, ("question", "answer"))

    assert [("user", question), ("assistant", answer)] == chats(path)[0]
