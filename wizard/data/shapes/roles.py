"""Who speaks in a chat, by the words that people and programs use for it, and what the parts of a turn are called.

This table is for people to read and to add to. Words are compared by ``plain_name``: case, width and punctuation don't matter.
A word that isn't here is nobody's: the row that has it is an error that shows it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from wizard.data.shapes.plan import plain_name

USER, ASSISTANT, SYSTEM, TOOL = "user", "assistant", "system", "tool"

ROLES: Mapping[str, tuple[str, ...]] = {
    USER: (
        *("user", "enduser", "human", "humanmessage", "usermessage"),  # OpenAI, ShareGPT, LangChain
        *("customer", "client", "patient", "student", "buyer", "caller", "visitor", "questioner", "asker"),
        *("用户", "使用者", "人类", "提问者", "提问", "问", "用戶", "提問者", "問"),
        *("客户", "顾客", "买家", "买方", "来电人", "来电者", "访客", "咨询人", "咨询者", "来访者", "求助者"),
        *("客戶", "顧客", "買家", "訪客", "諮詢者", "患者", "病人", "家属", "患者家属", "学生", "学员", "家長", "家长"),
        *("當事人", "当事人", "业主", "旅客", "乘客"),
    ),
    ASSISTANT: (
        *("assistant", "gpt", "chatgpt", "gpt4", "bot", "chatbot", "model", "ai", "aiassistant", "llm"),
        *("aimessage", "aimessagechunk", "assistantmessage", "qwen", "claude", "gemini", "robot", "machine"),
        *("agent", "operator", "representative", "rep", "support", "service", "customerservice", "seller"),
        *("doctor", "physician", "counselor", "counsellor", "therapist", "teacher", "tutor", "lawyer", "answerer"),
        *("助手", "助理", "智能助手", "ai助手", "机器人", "智能客服", "模型", "答", "回答", "回答者", "機器人"),
        *("客服", "人工客服", "客服人员", "坐席", "座席", "商家", "卖家", "店员", "店家", "賣家", "客服人員"),
        *("医生", "大夫", "医师", "醫生", "醫師", "咨询师", "心理咨询师", "諮詢師", "老师", "教师", "老師", "律师", "律師"),
    ),
    SYSTEM: (
        *("system", "developer", "systemmessage", "systemprompt", "sys"),  # OpenAI calls it developer since o1
        *("系统", "系统提示", "系统提示词", "系统消息", "系統", "系統提示詞"),
    ),
    TOOL: (
        *("tool", "toolmessage", "toolcall", "tooluse", "toolresult", "toolresponse", "toolcalls"),
        *("function", "functionmessage", "functioncall", "functioncalloutput", "functionresponse"),
        *("observation", "ipython", "工具", "函数"),
    ),
}  # fmt: skip
"""The platform's role, and TOOL -> the words for it."""

SPEAKER = (
    *("role", "from", "sender", "speaker", "author", "type", "who"),
    *("角色", "说话人", "发言人", "发送者", "发送人", "身份"),
)
"""The fields of a turn that say who speaks, the first that holds something first."""
WORDS = (
    *("content", "value", "parts", "text", "message", "utterance", "sentence", "msg"),
    *("内容", "消息", "文本", "消息内容"),
)
"""The fields of a turn that hold what is said."""

ASKED = (
    *("human", "user", "input", "query", "question", "prompt", "instruction", "q", "ask", "customer", "patient"),
    *("问", "问题", "提问", "用户", "客户", "患者"),
)  # fmt: skip
REPLIED = (
    *("assistant", "output", "response", "answer", "gpt", "bot", "completion", "reply", "a", "agent", "doctor"),
    *("答", "回答", "答复", "回复", "助手", "客服", "医生"),
)  # fmt: skip
"""What an exchange (a question and its answer in one object) calls its two halves."""

THINKING = (
    *("reasoningcontent", "reasoning", "thinking", "thought", "thoughts", "think"),
    *("思考", "思考过程", "推理过程", "思维链"),
)
"""The fields of an assistant's turn that hold what it thought before it spoke."""
CALLS = ("toolcalls", "toolcall", "functioncall", "functionresponse", "tooluse", "toolresult")
"""The fields and the kinds of parts that are a call of a tool, or its result."""
MEDIA = (
    *("image", "images", "imageurl", "inputimage", "picture", "inlinedata", "filedata", "file", "inputfile"),
    *("video", "videos", "videourl", "audio", "audios", "inputaudio", "imageassetpointer", "document"),
)
"""The fields and the kinds of parts that are a picture, a sound, a video or a file."""

_OF_WORDS = {word: role for role, words in ROLES.items() for word in words}
_LABEL = re.compile(r"[^\S\n]*([^\s:：\d][^\n:：]{0,19}?)[^\S\n]*[:：]")
_NUMBERED = re.compile(r"(.+?)([0-9]{1,2})")


def role_of(word: object) -> str:
    """The role that a word means, or TOOL; "" for a word that isn't known, and for what is none."""
    return _role_of(word) if isinstance(word, str) else ""


@lru_cache(maxsize=1024)
def _role_of(word: str) -> str:
    return _OF_WORDS.get(plain_name(word), "")


def labelled(text: str) -> tuple[str, str]:
    """(role, what is said) of a text that begins with who speaks (``客户：…``); ("", text) of another."""
    found = _LABEL.match(text.lstrip("\n"))
    role = role_of(found[1]) if found is not None else ""
    return (role, text.lstrip("\n")[found.end() :].strip()) if found is not None and role else ("", text)


def transcript(text: str) -> list[tuple[str, str]]:
    """(role, what is said) of each turn of a text in which each begins a line with who speaks; empty for another text."""
    turns: list[tuple[str, list[str]]] = []
    for line in text.strip().split("\n"):
        role, said = labelled(line)
        if role:
            turns.append((role, [said]))
        elif turns:
            turns[-1][1].append(line)
        else:
            return []
    return [(role, "\n".join(lines).strip()) for role, lines in turns]


@lru_cache(maxsize=256)
def numbered(columns: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """(user, assistant) of each exchange after the first that ``columns`` hold: user2 and assistant2, user3 and assistant3."""
    found: dict[tuple[int, str], str] = {}
    for column in columns:
        match = _NUMBERED.fullmatch(plain_name(column))
        if match is not None and (role := role_of(match[1])):
            found[int(match[2]), role] = column
    made: list[tuple[str, str]] = []
    while (at := len(made) + 2, USER) in found and (at, ASSISTANT) in found:
        made.append((found[at, USER], found[at, ASSISTANT]))
    return tuple(made)


VERDICTS: Mapping[str, tuple[str, ...]] = {
    "status": (
        *("status", "state", "reviewstatus", "verdict", "feedback", "review", "decision", "userfeedback"),
        *("状态", "审核状态", "审核结果", "质检结果", "评价", "用户评价", "反馈", "用户反馈"),
    ),
    "bad if true": ("deleted", "isdeleted", "removed", "discarded", "isrejected", "rejected", "已删除", "是否删除"),
    "bad if false": ("approved", "isapproved", "accepted", "valid", "isvalid", "是否通过", "是否有效", "审核通过"),
}  # fmt: skip
"""Columns that say whether a row was found good; how they say it -> their names."""
REJECTING = frozenset((
    *("rejected", "reject", "refused", "declined", "denied", "disapproved", "discarded", "deleted", "invalid"),
    *("dislike", "disliked", "thumbsdown", "downvote", "downvoted", "bad", "👎"),
    *("驳回", "已驳回", "拒绝", "已拒绝", "不通过", "未通过", "审核不通过", "不合格", "无效", "作废", "已作废", "删除", "已删除"),
    *("踩", "点踩", "差评", "不满意"),
))  # fmt: skip
"""What such a column says of a row that was rejected."""
_TRUE = frozenset(("true", "1", "yes", "y", "是"))
_FALSE = frozenset(("false", "0", "no", "n", "否"))


@lru_cache(maxsize=1024)
def verdicts(columns: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """(how it says it, column) of those among ``columns`` that say whether a row was found good."""
    plain = [(plain_name(column), column) for column in columns]
    return tuple((how, column) for how, words in VERDICTS.items() for name, column in plain if name in words)


def rejects(how: str, value: object) -> bool:
    """Whether a verdict's value says that the row was rejected."""
    if not isinstance(value, str | bool | int):
        return False
    said = plain_name(str(value))
    if how == "status":
        return said in REJECTING
    return said in (_TRUE if how == "bad if true" else _FALSE)
