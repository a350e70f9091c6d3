"""Who speaks, by the words that chats and exports have for it: the user, the assistant, or the system itself."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal, TypeAlias

Role: TypeAlias = Literal["user", "assistant", "system", "notice", ""]

_WORDS: dict[Role, str] = {
    "user": """
        user human customer client visitor guest buyer caller consumer patient student asker enduser shopper passenger member
        requester inquirer
        客户 用户 顾客 买家 访客 游客 客人 患者 病人 病患 学生 家长 会员 消费者 咨询者 咨询人 来访者 来访人 提问者 提问人 求助者
        来电人 来电者 问 提问 乘客 业主 居民 市民 群众 当事人 委托人 网友 发起人 学员 考生 家属 粉丝
        客戶 用戶 顧客 買家 訪客 遊客 病患 學生 家長 會員 消費者 諮詢者 來訪者 提問者 來電者 業主 學員
        """,
    "assistant": """
        assistant agent bot robot chatbot ai gpt chatgpt model operator representative rep csr support staff seller merchant vendor
        service customerservice customersupport customerservicerepresentative servicerep helpdesk advisor adviser counselor
        counsellor therapist doctor teacher tutor answerer responder salesperson virtualassistant aiassistant livechatagent
        客服 坐席 座席 商家 卖家 店家 店主 店员 店铺 机器人 智能客服 人工客服 在线客服 机器人客服 人工 人工坐席 客服人员 客服代表
        客服机器人 智能机器人 助手 助理 智能助手 ai助手 ai客服 客户经理 客户代表 客户服务 服务人员 服务员 工作人员 顾问 专员 接线员
        话务员 受理人 咨询师 心理咨询师 医生 大夫 医师 护士 药师 律师 老师 教师 讲师 专家 管理员 回答者 回答人 答复人 答 回答 助教 销售 导购
        接待人员 接待员 模型 大模型 运营 商户 服务商
        客服人員 賣家 店員 店鋪 機器人 智能機器人 助理 顧問 專員 接線員 醫生 醫師 護士 藥師 律師 老師 教師 專家 管理員 商戶 諮詢師
        """,
    "system": "system",
    "notice": """
        systemmessage systemnotice systemnotification notification notice event info
        系统 系统消息 系统提示 系统通知 提示 通知 系統 系統消息 系統訊息 系統提示 系統通知
        """,
}
_KNOWN: dict[str, Role] = {word: role for role, words in _WORDS.items() for word in words.split()}
# Names that begin or end with the word itself: 客服小李, 客户张三, 售后客服. With other words the whole name would say something else.
_BEFORE_NAMES: tuple[tuple[str, Role], ...] = (
    ("客服", "assistant"), ("坐席", "assistant"), ("座席", "assistant"), ("机器人", "assistant"), ("機器人", "assistant"),
    ("客户", "user"), ("客戶", "user"), ("用户", "user"), ("用戶", "user"), ("买家", "user"), ("買家", "user"), ("访客", "user"),
    ("訪客", "user"), ("顾客", "user"), ("顧客", "user"), ("游客", "user"),
)  # fmt: skip
_PLACE = 4  # characters before such a word: 淘宝客服, 老用户
_OTHERWISE = re.compile("经理|代表|服务|专员|主管|支持|顾问|体验|成功|關係|关系|系统|经办|來源|来源|界面")
_PARTS = re.compile(r"[\s\-_:：/|#@·,，.()（）\[\]【】<>《》]+")
_NUMBERED = re.compile(r"(.*?[^0-9a-z]|[a-z]{3,}?)[0-9]{1,6}", re.DOTALL)


@lru_cache(maxsize=4096)
def role_of(word: str) -> Role:
    """Who is meant by ``word``: a role's name, with a number or a person's name beside it or not; "" where that isn't known."""
    plain = unicodedata.normalize("NFKC", word).casefold().strip()
    whole = _PARTS.sub("", plain)
    if whole in _KNOWN:
        return _KNOWN[whole]
    numbered = _NUMBERED.fullmatch(whole)
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
    if not assistant or known in ("system", "notice"):
        return known
    return "assistant" if word in assistant else "user"


@lru_cache(maxsize=4096)
def is_only(word: str) -> bool:
    """Whether ``word`` says no more than a role, so that nothing is lost where only the role is kept."""
    return _PARTS.sub("", unicodedata.normalize("NFKC", word).casefold()) in _KNOWN
