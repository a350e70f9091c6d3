"""One message a line, or one exchange a line: which columns say of which conversation it is, who speaks, what and when."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from wizard.data.record import trim
from wizard.data.shapes.plan import NO_COLUMN, plain_name

_NAMES = {
    "sort": "conversation conv session chat dialog dialogue thread ticket call contact room chatroom chatsession",
    "id": "id no number key uuid",
    "种": "会话 对话 聊天 通话 咨询 问诊 工单 服务单 接待 會話 對話 聊天室 会话记录",
    "号": "id 编号 号 标识 序号 单号 流水号 流水 編號 號",
    "perhaps": """
        id 编号 序号 no 组 组号 组id 分组 group groupid 案例 case caseid 編號 序號
        """,
    "speaker": """
        role speaker sender from author who party side participant participantrole speakerrole senderrole
        sendertype fromtype usertype authorrole authortype actor name username sendername speakername
        nickname 角色 发送方 发送者 发送人 发言人 发言者 发言方 说话人 说话者 说话方 发话人 消息来源 发送方类型 发送者类型 发送人类型 发送方角色 发送人角色 发送者角色 说话人角色
        对话角色 消息角色 消息发送方 消息发送者 消息发送人 身份 人员 人员类型 用户类型 来源 昵称 发起方 讲话人 谁 对象 姓名 發送方 發送者 發送人 發言人 說話人 傳送者 寄件者 暱稱 來源
        """,
    "content": """
        content message text msg body utterance value messagetext messagecontent messagebody msgcontent
        transcript sentence words said 内容 消息 消息内容 文本 发言 发言内容 聊天内容 对话内容 会话内容 说话内容 通话内容 语句 话语 正文 消息正文 消息文本 信息
        信息内容 原文 发送内容 文字 转写文本 转写内容 识别文本 说了什么 內容 訊息 訊息內容 消息內容 發言內容 對話內容 聊天內容
        """,
    "turn": """
        turn turnid turnno turnindex turnnumber seq seqno sequence messageindex messageorder messageno
        msgindex msgno msgseq step order 轮次 轮数 顺序 消息序号 消息顺序 句序 排序 輪次 順序
        """,
    "time": """
        time timestamp datetime ts date createdat createtime created sentat sendtime senttime messagetime
        msgtime 时间 发送时间 消息时间 发言时间 说话时间 创建时间 日期时间 时间戳 记录时间 聊天时间 对话时间 日期 時間 發送時間 訊息時間 建立時間 開始時間 开始时间
        """,
    "running": """
        index idx no number position line 序号 编号 行号 序號 編號 id messageid msgid 消息id
        """,
}
_WORDS = {name: tuple(map(plain_name, words.split())) for name, words in _NAMES.items()}
_IDS = (
    *(f"{sort}{end}" for sort in _WORDS["sort"] for end in _WORDS["id"]),
    *(f"{sort}{end}" for sort in _WORDS["种"] for end in _WORDS["号"]),
    "流水号",
)
"""Names of a conversation's id."""
_GROUPS = (*_IDS, *_WORDS["sort"], *_WORDS["种"])
"""The same, with names that would be the conversation's text beside a question and its answer."""

_EXCHANGES = frozenset({"pair", "alpaca", "prompt", "query"})
OF_LINES = ("group", "speaker", "content", "order")
_ENOUGH = 2
_MOST_IDS = 100_000
_LONGEST = 72  # characters of an id


class Found(NamedTuple):
    """The columns of a talk, and the words for speakers whose role isn't known."""

    meanings: dict[str, str]
    strangers: tuple[str, ...]
    proven: bool
    """Whether rows show it: one id with two speakers."""


def is_of_lines(names: Iterable[str]) -> bool:
    """Whether columns of these names say who speaks and what: each row is a message, of whichever conversation."""
    plain = {plain_name(name) for name in names}
    return not plain.isdisjoint(_WORDS["speaker"]) and not plain.isdisjoint(_WORDS["content"])


def messages_in(
    rows: Sequence[Mapping[str, Any]], given: Mapping[str, str], role: Callable[[str], str]
) -> Found | None:
    """What columns of ``rows``, each of which is a message, mean; None where they are none by their names.

    ``given``: what a person said of them; ``role``: who is meant by a word.
    """
    filled = [name for row in rows for name, value in row.items() if value not in (None, "")]
    names = {plain_name(name): name for name in reversed(dict.fromkeys(filled))}
    said = [one for meaning, one in given.items() if meaning in OF_LINES]
    names = {plain: name for plain, name in names.items() if name not in said}
    contents = [given["content"]] if "content" in given else _named(names, _WORDS["content"])
    speakers = [given["speaker"]] if "speaker" in given else _named(names, _WORDS["speaker"])
    groups = [given["group"]] if "group" in given else _named(names, (*_GROUPS, *_WORDS["perhaps"]))
    speakers = [name for name in speakers if name not in contents and len(_words(rows, name)) >= _ENOUGH]
    if not speakers or not groups or len(contents) != 1:
        return None
    known = [
        name for name in speakers if {"user", "assistant"} <= {role(word) for word in _words(rows, name)}
    ]
    speaker = (known or speakers)[0]
    groups = [
        name
        for name in groups
        if name not in (speaker, *contents) and ("group" in given or _are_short(_words(rows, name)))
    ]
    by_rows = [name for name in groups if is_talk(rows, name, speaker)]
    sure = [name for name in groups if plain_name(name) in _GROUPS or "group" in given]
    if not by_rows and not sure:
        return None
    group = (by_rows or sure)[0]
    meanings = {"group": group, "speaker": speaker, "content": contents[0]}
    left = {plain: name for plain, name in names.items() if name not in meanings.values()}
    order = given.get("order") or _order(rows, left)
    if order and order != NO_COLUMN:
        meanings["order"] = order
    return Found(meanings, () if known else tuple(_words(rows, speaker)), bool(by_rows) or "group" in given)


def exchanges_in(
    rows: Sequence[Mapping[str, Any]], shape: str, meanings: Mapping[str, str], given: Mapping[str, str]
) -> dict[str, str]:
    """The columns by which rows with a question and its answer each make longer chats: an id that several of them have."""
    if shape not in _EXCHANGES or "history" in meanings or given.get("group") == NO_COLUMN:
        return {}
    names = {plain_name(name): name for row in rows for name in row if name not in meanings.values()}
    groups = [given["group"]] if "group" in given else _named(names, _IDS)
    for group in groups:
        ids = [trim(str(row[group])) for row in rows if row.get(group) not in (None, "")]
        if "group" in given or (len(ids) == len(rows) and len(set(ids)) < len(ids) and _are_short(ids)):
            left = {plain: name for plain, name in names.items() if name != group}
            order = given.get("order") or _order(rows, left)
            return {"group": group} | ({"order": order} if order and order != NO_COLUMN else {})
    return {}


def _are_short(ids: Iterable[str]) -> bool:
    return all(len(one) <= _LONGEST and "\n" not in one for one in ids)


def _named(names: Mapping[str, str], wanted: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names[name] for name in wanted if name in names))


def _words(rows: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    return list(dict.fromkeys(trim(str(row[name])) for row in rows if row.get(name) not in (None, "")))


def is_talk(rows: Iterable[Mapping[str, Any]], group: str, speaker: str) -> bool:
    """Whether two rows with one id have two speakers; the first ids alone are remembered."""
    first: dict[str, str] = {}
    for row in rows:
        if row.get(group) not in (None, "") and row.get(speaker) not in (None, ""):
            who = trim(str(row[speaker]))
            one = trim(str(row[group]))
            if first.get(one, who) != who:
                return True
            if len(first) < _MOST_IDS:
                first[one] = who
    return False


def _order(rows: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> str:
    """The column that gives the order of a conversation's rows; "" where there is none that can be read in every row."""
    for name in _named(names, (*_WORDS["turn"], *_WORDS["time"], *_WORDS["running"])):
        kinds = {moment(row[name])[0] for row in rows if row.get(name) not in (None, "")}
        if len(kinds) == 1 and "" not in kinds:
            return name
    return ""


_DAY = 86_400
_NOON = _DAY / 2
_DATE = re.compile(
    r"(\d{4})\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})\s?日?(?:[T\s]*(\d{1,2})\s?[:：时点]\s?(\d{1,2})(?:\s?[:：分]\s?(\d{1,2}(?:\.\d+)?)\s?秒?)?\s?分?)?"
    r"\s?(Z|[+-]\d{2}:?\d{2})?"
)
_CLOCK = re.compile(r"(\d{1,2})[:：](\d{2})(?:[:：](\d{2}(?:\.\d+)?))?")
_NUMBER = re.compile(r"[+-]?\d{1,18}(?:\.\d+)?")


def moment(value: object) -> tuple[str, float]:  # noqa: PLR0911 - one return a kind
    """("number", "time" or "clock": a time of day; what it is as a number); ("", 0) for what is none of them.

    Days before months or the reverse can't be told apart, so only dates that begin with the year are read.
    """
    match value:
        case bool():
            return "", 0
        case int() | float():
            return ("number", float(value)) if math.isfinite(value) else ("", 0)
        case datetime():
            return "time", (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
        case date():
            return "time", datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()
    words = trim(str(value))
    if _NUMBER.fullmatch(words):
        return "number", float(words)
    if found := _CLOCK.fullmatch(words):
        return "clock", int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3] or 0)
    if found := _DATE.fullmatch(words):
        day = _day(found[1], found[2], found[3])
        return (
            ("", 0)
            if day is None
            else ("time", day + int(found[4] or 0) * 3600 + int(found[5] or 0) * 60 + float(found[6] or 0))
        )
    return "", 0


@lru_cache(maxsize=256)
def _day(year: str, month: str, day: str) -> float | None:
    try:
        return datetime(int(year), int(month), int(day), tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def in_order(moments: Sequence[tuple[str, float] | None]) -> list[int] | None:
    """The places of rows in order of their ``moments``; a row without one stays behind the row before it.

    None where they can't be compared. Rows of the same moment stay as they are, or turn round with all the others where the
    newest stands first.
    """
    if len({one[0] for one in moments if one is not None}) > 1:
        return None
    keys: list[float] = []
    days = 0
    before = None
    for one in moments:
        if one is not None and one[0] == "clock" and before is not None and before - one[1] > _NOON:
            days += 1  # past midnight
        if one is not None:
            before = one[1]
        keys.append(keys[-1] if one is None and keys else (0.0 if one is None else one[1] + days * _DAY))
    places = range(len(keys))
    if all(one >= other for one, other in pairwise(keys)) and keys[:1] > keys[-1:]:
        return list(reversed(places))
    return sorted(places, key=keys.__getitem__)
