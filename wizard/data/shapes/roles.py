"""Who speaks in a chat, by the words that people and programs use for it, and what the parts of a turn are called.

This table is for people to read and to add to. Words are compared by ``plain_name``: case, width and punctuation don't matter.
A word that isn't here is nobody's: the row that has it is an error that shows it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from wizard.data.shapes.plan import plain_name

USER, ASSISTANT, SYSTEM, TOOL, NOTICE = "user", "assistant", "system", "tool", "notice"

ROLES: Mapping[str, tuple[str, ...]] = {
    USER: (
        *("user", "enduser", "human", "humanmessage", "usermessage"),  # OpenAI, ShareGPT, LangChain
        *("customer", "client", "patient", "student", "buyer", "caller", "visitor", "questioner", "asker"),
        *("guest", "consumer", "shopper", "passenger", "member", "requester", "inquirer"),
        *("用户", "使用者", "人类", "提问者", "提问人", "提问", "问", "用戶", "提問者", "問"),
        *("客户", "顾客", "买家", "买方", "来电人", "来电者", "访客", "咨询人", "咨询者", "来访者", "来访人", "求助者", "求助人"),
        *("游客", "客人", "会员", "消费者", "居民", "市民", "群众", "委托人", "网友", "发起人", "粉丝"),
        *("客戶", "顧客", "買家", "訪客", "遊客", "會員", "消費者", "諮詢者", "來訪者", "來電者", "業主", "學員", "學生"),
        *("患者", "病人", "病患", "家属", "患者家属", "学生", "学员", "考生", "家長", "家长"),
        *("當事人", "当事人", "业主", "旅客", "乘客"),
    ),
    ASSISTANT: (
        *("assistant", "gpt", "chatgpt", "gpt4", "bot", "chatbot", "model", "ai", "aiassistant", "llm"),
        *("aimessage", "aimessagechunk", "assistantmessage", "qwen", "claude", "gemini", "robot", "machine"),
        *("agent", "operator", "representative", "rep", "csr", "support", "staff", "seller", "merchant", "vendor"),
        *("service", "customerservice", "customersupport", "customerservicerepresentative", "servicerep", "helpdesk"),
        *("livechatagent", "virtualassistant", "salesperson", "advisor", "adviser", "responder", "answerer"),
        *("doctor", "physician", "counselor", "counsellor", "therapist", "teacher", "tutor", "lawyer"),
        *("助手", "助理", "智能助手", "ai助手", "机器人", "智能机器人", "模型", "大模型", "機器人", "智能機器人"),
        *("答", "回答", "回答者", "回答人", "答复人"),
        *("客服", "人工客服", "在线客服", "智能客服", "机器人客服", "ai客服", "客服机器人", "客服人员", "客服代表", "客服人員"),
        *("人工", "人工坐席", "坐席", "座席", "商家", "卖家", "店员", "店家", "店主", "店铺", "商户", "服务商", "运营"),
        *("客户经理", "客户代表", "客户服务", "服务人员", "服务员", "工作人员", "接待人员", "接待员", "接线员", "话务员", "受理人"),
        *("顾问", "专员", "专家", "管理员", "销售", "导购", "賣家", "店員", "店鋪", "商戶", "顧問", "專員", "專家", "管理員", "接線員"),
        *("医生", "大夫", "医师", "护士", "药师", "醫生", "醫師", "護士", "藥師", "咨询师", "心理咨询师", "諮詢師"),
        *("老师", "教师", "讲师", "助教", "老師", "教師", "律师", "律師"),
    ),
    SYSTEM: (
        *("system", "developer", "systemmessage", "systemprompt", "sys"),  # OpenAI calls it developer since o1
        *("系统", "系统提示", "系统提示词", "系统消息", "系統", "系統提示", "系統提示詞", "系統消息", "系統訊息"),
    ),
    TOOL: (
        *("tool", "toolmessage", "toolcall", "tooluse", "toolresult", "toolresponse", "toolcalls"),
        *("function", "functionmessage", "functioncall", "functioncalloutput", "functionresponse"),
        *("observation", "ipython", "工具", "函数"),
    ),
}  # fmt: skip
"""The platform's role, and TOOL -> the words for it."""

NOTICES = frozenset((
    *("systemmessage", "systemnotice", "systemnotification", "notification", "notice", "event", "info"),
    *("系统", "系统消息", "系统提示", "系统通知", "提示", "通知", "系統", "系統消息", "系統訊息", "系統提示", "系統通知"),
))  # fmt: skip
"""Who speaks, in an export of one message a line, where a program tells what happened: no turn of a chat."""

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
    *("reasoningcontent", "reasoning", "thinking", "thought", "thoughts", "think", "complexcot", "cot"),
    *("chainofthought", "thinkingprocess", "thinkingcontent", "reasoningprocess", "reasoningtrace"),
    *("思考", "思考过程", "思考内容", "推理过程", "思维链", "思维过程"),
)
"""The fields of an assistant's turn, or of a row with its answer, that hold what it thought before it spoke."""
CALLS = ("toolcalls", "toolcall", "functioncall", "functionresponse", "tooluse", "toolresult")
"""The fields and the kinds of parts that are a call of a tool, or its result."""
MEDIA = (
    *("image", "images", "imageurl", "inputimage", "picture", "inlinedata", "filedata", "file", "inputfile"),
    *("video", "videos", "videourl", "audio", "audios", "inputaudio", "imageassetpointer", "document"),
)
"""The fields and the kinds of parts that are a picture, a sound, a video or a file."""

_OF_WORDS = {plain_name(word): role for role, words in ROLES.items() for word in words}
_KNOWN = {word: role for role, words in ROLES.items() for word in words} | dict.fromkeys(NOTICES, NOTICE)
# Names that begin or end with the word itself: 客服小李, 客户张三, 售后客服. With other words the whole name would say something else.
_BEFORE_NAMES: tuple[tuple[str, str], ...] = (
    *((word, ASSISTANT) for word in ("客服", "坐席", "座席", "机器人", "機器人")),
    *((word, USER) for word in ("客户", "客戶", "用户", "用戶", "买家", "買家", "访客", "訪客", "顾客", "顧客", "游客")),
)  # fmt: skip
_PLACE = 4  # characters before such a word: 淘宝客服, 老用户
_OTHERWISE = re.compile("经理|代表|服务|专员|主管|支持|顾问|体验|成功|關係|关系|系统|经办|來源|来源|界面")
_PARTS = re.compile(r"[\s\-_:：/|#@·,，.()（）\[\]【】<>《》]+")
_AND_NUMBER = re.compile(r"(.*?[^0-9a-z]|[a-z]{3,}?)[0-9]{1,6}", re.DOTALL)
_LABEL = re.compile(r"[^\S\n]*([^\s:：\d][^\n:：]{0,29}?)[^\S\n]*[:：]")
_NUMBERED = re.compile(r"(.+?)([0-9]{1,2})")


def role_named(word: object) -> str:
    """The role that a word alone means, or TOOL; "" for a word that isn't known, and for what is none."""
    return _role_named(word) if isinstance(word, str) else ""


@lru_cache(maxsize=1024)
def _role_named(word: str) -> str:
    return _OF_WORDS.get(plain_name(word), "")


@lru_cache(maxsize=4096)
def role_of(word: str) -> str:
    """Who is meant by a speaker's name: a role's word, also with a number or a person's name beside it.

    NOTICE is a program that tells what happened; "" where it isn't known.
    """
    plain = unicodedata.normalize("NFKC", word).casefold().strip()
    whole = _PARTS.sub("", plain)
    if whole in _KNOWN:
        return _KNOWN[whole]
    numbered = _AND_NUMBER.fullmatch(whole)
    if numbered and numbered[1] in _KNOWN:
        return _KNOWN[numbered[1]]
    parts = {_KNOWN[part] for part in _PARTS.split(plain) if part in _KNOWN}
    if len(parts) == 1:
        return parts.pop()
    if not parts:
        for end, role in _BEFORE_NAMES:
            if whole.startswith(end) and not _OTHERWISE.match(whole.removeprefix(end)):
                return role
            if whole.endswith(end) and len(whole) - len(end) <= _PLACE:
                return role
    return ""


def role_in(word: str, assistant: tuple[str, ...]) -> str:
    """Who is meant by ``word``, where a person said which of them are the ``assistant``: every other speaker is a user."""
    known = role_of(word)
    if not assistant or known in (SYSTEM, NOTICE, TOOL):
        return known
    return ASSISTANT if word in assistant else USER


@lru_cache(maxsize=4096)
def is_only(word: str) -> bool:
    """Whether ``word`` says no more than a role, so that nothing is lost where only the role is kept."""
    return _PARTS.sub("", unicodedata.normalize("NFKC", word).casefold()) in _KNOWN


def labelled(text: str) -> tuple[str, str]:
    """(role, what is said) of a text that begins with who speaks (``客户：…``); ("", text) of another."""
    found = _LABEL.match(text.lstrip("\n"))
    role = role_named(found[1]) if found is not None else ""
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
        if match is not None and (role := role_named(match[1])):
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


def approves(column: str, value: object) -> bool:
    """Whether a column is there to say of each row whether it was found good, and says so of this one."""
    return plain_name(column) in VERDICTS["bad if false"] and plain_name(str(value)) in _TRUE


def rejects(how: str, value: object) -> bool:
    """Whether a verdict's value says that the row was rejected."""
    if not isinstance(value, str | bool | int):
        return False
    said = plain_name(str(value))
    if how == "status":
        return said in REJECTING
    return said in (_TRUE if how == "bad if true" else _FALSE)
