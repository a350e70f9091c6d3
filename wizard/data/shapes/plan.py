"""Which column means what, told from the columns' names alone: once for each set of names that a file has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Literal, TypeAlias

import msgspec

from wizard.data.shapes import spelling
from wizard.data.shapes.names import (
    CONTEXT,
    CONTEXT_BESIDE,
    CONTEXT_OF_A_CASE,
    is_media,
    is_metadata,
    plain_name,
)

__all__ = ["plain_name"]

Shape: TypeAlias = Literal[
    "choice",
    "messages",
    "conversations",
    "alpaca",
    "prompt",
    "query",
    "pair",
    "preference",
    "text",
    "talk",
    "",
]
Given: TypeAlias = tuple[tuple[str, str], ...]
"""(meaning, column) pairs that the user gave."""

LABELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MEANINGS = (
    *(
        "question",
        "passage",
        "options",
        *LABELS,
        "answer",
        "system",
        "instruction",
        "input",
        "output",
        "thinking",
        "history",
    ),
    *("messages", "conversations", "chosen", "rejected", "text"),
    *("group", "speaker", "content", "order"),
)
"""What a column can mean in ``columns``; besides, ``header`` (yes, no), ``counting`` (0, 1), ``sheet`` and ``assistant`` (the words of a speaker) are about the file."""
ABOUT_FILE = ("header", "counting", "sheet", "assistant")
IGNORE = "ignore"
"""In ``columns``: fields, with commas between them, that a person leaves out knowingly."""
THINKING = "thinking"
"""The meaning of a column that holds what was thought before the answer: sent only where a person says so."""
NO_COLUMN = "-"
"""In ``columns``: that nothing has this meaning, whatever the columns are called."""

_QUESTION = (
    "question",
    "题目",
    "题干",
    "问题",
    "stem",
    "questionstem",
    "questiontext",
    "problemtext",
    "problem",
    "query",
    "prompt",
    "ask",
    "input",
    *(
        "instruction",
        "q",
        "提问",
        "statement",
        "stmt",
        "problemstatement",
        "problemstem",
        "itemstem",
        "questionbody",
    ),
    *(
        "questioncontent",
        "questionstatement",
        "questiondescription",
        "试题",
        "试题内容",
        "试题题干",
        "试题名称",
        "题目内容",
    ),
    *(
        "题目题干",
        "题目名称",
        "题目描述",
        "题干内容",
        "题目正文",
        "问题内容",
        "问题描述",
        "问句",
        "考题",
        "题面",
    ),
)
_OPTIONS = (
    *("options", "option", "choices", "choice", "candidates", "选项", "候选答案", "备选答案", "备选项"),
    *(
        "optionlist",
        "optionslist",
        "choicelist",
        "optiontexts",
        "answeroptions",
        "answerchoices",
        "questionchoices",
    ),
    *(
        "questionoptions",
        "alternatives",
        "endings",
        "选项内容",
        "选项列表",
        "答案选项",
        "可选项",
        "候选项",
        "供选答案",
    ),
    *("可选答案", "可选选项", "待选答案", "候选选项", "选择项", "备选选项"),
)
_SURE_ANSWERS = (
    *(
        "answer",
        "answeridx",
        "answerkey",
        "answerindex",
        "answerid",
        "answerletter",
        "answertext",
        "answerstr",
        "cop",
        "ans",
    ),
    *(
        "correctanswer",
        "correctoption",
        "rightanswer",
        "correct",
        "gold",
        "答案",
        "正确答案",
        "标准答案",
        "参考答案",
    ),
    *(
        "answers",
        "correctanswers",
        "goldanswer",
        "truth",
        "groundtruth",
        "正确选项",
        "试题答案",
        "题目答案",
        "正答",
    ),
)
_LIKELY_ANSWERS = ("label", "target", "reference", "output", "response", "completion")
_ASKED: dict[str, Shape] = {
    "instruction": "alpaca", "prompt": "prompt", "query": "query", "question": "pair", "ask": "pair", "问题": "pair",
    "提问": "pair", "题目": "pair", "user": "pair", "human": "pair", "input": "pair",
    "题干": "pair", "stem": "pair", "questionstem": "pair", "questiontext": "pair", "problem": "pair", "q": "pair",
    **dict.fromkeys(_QUESTION[_QUESTION.index("提问") :], "pair"),
    "问": "pair", "user1": "pair", "human1": "pair",
}  # fmt: skip
_REPLIES = (
    *(
        "output",
        "completion",
        "response",
        "answer",
        "回答",
        "答案",
        "回复",
        "答复",
        "reply",
        "assistant",
        "gpt",
    ),
    *(
        "target",
        "reference",
        "solution",
        "gold",
        "goldanswer",
        "groundtruth",
        "correctanswer",
        "expectedoutput",
        "expected",
    ),
    *(
        "标准答案",
        "参考答案",
        "正确答案",
        "标准回答",
        "参考回答",
        "答案内容",
        "答案解答",
        "回答内容",
        "回复内容",
        "答复内容",
        "应答",
        "解答",
    ),
    *(
        "chosenresponse",
        "modelanswer",
        "referenceanswer",
        "bestanswer",
        "goldenanswer",
        "a",
        "答",
        "试题答案",
        "题目答案",
    ),
    *("bot", "assistant1", "gpt1"),
)
ALTERNATIVES = "answers"
"""What holds the answer in several wordings, each of them right, as in SQuAD."""
_SYSTEM = ("system", "systemprompt", "systemmessage", "系统提示", "系统提示词", "系统消息")
_HISTORY = (
    *(
        "history",
        "dialoguehistory",
        "dialoghistory",
        "chathistory",
        "conversationhistory",
        "messagehistory",
        "past",
    ),
    *(
        "pastturns",
        "previousturns",
        "previousmessages",
        "历史",
        "历史对话",
        "对话历史",
        "聊天历史",
        "历史消息",
        "上文",
    ),
)
_PREFERENCES = (
    *(("chosen", "rejected"), ("chosenresponse", "rejectedresponse"), ("responsechosen", "responserejected")),
    *(
        ("chosenanswer", "rejectedanswer"),
        ("chosenoutput", "rejectedoutput"),
        ("chosenmessages", "rejectedmessages"),
    ),
    *(("preferredoutput", "nonpreferredoutput"), ("preferred", "nonpreferred"), ("preferred", "rejected")),
    *(
        ("preferredresponse", "nonpreferredresponse"),
        ("accepted", "rejected"),
        ("chosen", "rejectedresponse"),
    ),
    ("chosen", "reject"),
    *(("好回答", "差回答"), ("好的回答", "差的回答"), ("优选回答", "拒绝回答"), ("优质回答", "劣质回答")),
    *(("偏好回答", "非偏好回答"), ("采纳回答", "拒绝回答"), ("选中回答", "拒绝回答")),
)
"""What two answers to one question are called: the better, the worse."""
_TEXT = "text"
_NUMBERED = "1[0-9]|2[0-6]|[0-9]|[一二三四五六七八九十]"
_COLUMN_LABEL = re.compile(
    r"(?:(?:options?|opt|op|choices?|选项|答案选项)?([a-z])(?:选项)?"
    r"|(?:answer|答案|备选|备选项|备选答案|可选答案|候选项|候选答案)([a-j])"
    rf"|(?:options?|opt|op|choices?|answers?|endings?|sol|选项|备选|备选项|备选答案|可选答案|候选项|候选答案)({_NUMBERED}))"
)
_SERIES_LEAST = 3  # columns: fewer are called so for other reasons
_FIGURES = tuple(map(str, range(len(LABELS))))
_ALL_SERIES = (*[series.written for series in spelling.SERIES], _FIGURES[1:], _FIGURES)
_OF_OPTION = re.compile(
    r"^(?:options?|opt|op|choices?|选项|答案选项|备选项?|备选答案|可选答案|候选项|候选答案)(?=[^\d一二三四五六七八九十])"
)


NAMES_OF_QUESTIONS = frozenset(
    one for name in (*_QUESTION, *_ASKED) for one in (name, name.capitalize(), name.upper())
)
"""What a question's column is called, as it is written most often."""


class Plan(msgspec.Struct, frozen=True):
    """What the columns of a row mean."""

    shape: Shape
    meanings: dict[str, str]
    """Meaning -> column; for options in columns of their own, the label -> column."""
    answers: tuple[str, ...] = ()
    """Of a question with options: the columns that give the answer, all of which must agree."""
    labels: tuple[tuple[str, str], ...] = ()
    """(label, column) where each option has a column of its own."""
    extra: tuple[str, ...] = ()
    """The columns that are not sent."""
    instead: tuple[str, ...] = ()
    """Columns that give the answer where those of ``answers`` are empty."""
    contexts: tuple[str, ...] = ()
    """What the question is about, in the order of the columns."""
    rivals: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(meaning, columns) where several could have it, so that no more than one may be filled."""
    doubted: tuple[str, ...] = ()
    """Columns without which, where they are empty, a row has another plan."""
    wrong: tuple[str, ...] = ()
    """Of a question whose options stand apart: the columns of those that are not right."""


@lru_cache(maxsize=2048)
def plan(keys: tuple[str, ...], columns: Given = ()) -> Plan:
    """What a row with these keys means; the shape is "" where it isn't known."""
    given = dict(columns)
    ignored = (*listed(given.pop(IGNORE, "")), *filter(None, [thought := given.pop(THINKING, "")]))
    names: dict[str, str] = {}
    twins: dict[str, tuple[str, ...]] = {}
    for key in keys:
        if key in ignored:
            continue
        found = _of_both(plain_name(key))
        if found in names:
            twins[found] = (*twins.get(found, (names[found],)), key)
        if found not in names or key == found:
            names[found] = key
    alike = _called_so(names)
    made = _given(names, keys, given) if given else _told(names)
    if made is None:
        return Plan("", _likely(names), extra=keys)
    if thought in keys and "output" in made.meanings:
        made = msgspec.structs.replace(made, meanings=made.meanings | {THINKING: thought})
    used = {*made.meanings.values(), *made.answers, *made.contexts, *made.wrong}
    extra = tuple([key for key in keys if key not in used])
    rivals = [
        *made.rivals,
        *[
            (plain, each)
            for plain, each in (*twins.items(), *alike)
            if used & set(each) and not set(each) <= used
        ],
    ]
    doubted = (*made.doubted, *[column for _meaning, each in rivals for column in each])
    taken = set(given.values())
    return msgspec.structs.replace(
        made,
        extra=extra,
        rivals=tuple(
            [
                (meaning, tuple(sorted(each, key=keys.index)))
                for meaning, each in rivals
                if not taken & set(each)
            ]
        ),
        doubted=tuple([one for one in dict.fromkeys(doubted) if one not in taken]),
    )


_BOTH = re.compile(r"([\u4e00-\u9fff]+)([a-z]{2,})|([a-z]{2,})([\u4e00-\u9fff]+)")


def _of_both(name: str) -> str:
    """A ``name`` in two languages (问题 Question) by the Chinese one, where both mean the same; any other as it is."""
    found = _BOTH.fullmatch(name)
    if found is None:
        return name
    chinese, other = found[1] or found[4], found[2] or found[3]
    alike = (_QUESTION, _SURE_ANSWERS, _REPLIES, _OPTIONS, CONTEXT)
    return chinese if any(chinese in family and other in family for family in alike) else name


_BY_WHOM = r"(?!.{0,6}(?:不|没|无|未|什么|如何|怎么|这|那|找|有|是|的|相关|类似|历史|存在))"
_ASKED_SO = re.compile(
    rf"{_BY_WHOM}[\u4e00-\u9fff]{{0,6}}(?:问题|提问|咨询|题目|题干)(?:内容|描述|详情)?|标准问|主问|(?:客户|用户|患者|顾客|群众|学生)问"
    r"|(?:customer|user|client|patient|student|buyer|caller|visitor|parent|exam|test|quiz|faq)s?(?:question|query|inquiry)"
)
_ANSWERED_SO = re.compile(
    rf"(?!学生|学员|考生|错|干扰|备选|候选|可选|待选|供选|差|坏|劣|拒|客户|用户|患者|家长|买家|顾客|模型|机器|ai|旧|原){_BY_WHOM}"
    r"[\u4e00-\u9fff]{0,6}(?:答案|答复|回复|解答|回答)(?:内容|口径|意见|文本|话术|要点)?"
    r"|(?:标准|参考|推荐|应答)话术|(?:解决|处理)(?:方案|办法|方法|措施)|标准答|(?:客服|坐席|医生|律师|老师|专家)答"
    r"|(?:agent|doctor|lawyer|teacher|nurse|support|staff|official|expert|suggested|recommended|final|shop|seller)s?"
    r"(?:answer|reply|response)"
)


_BY_PREFERENCE = frozenset(name for pair in _PREFERENCES for name in pair)


def _called_so(names: dict[str, str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Call a question and an answer of known names in ``names`` what only end so (客户问题, 医生答复), where no other column is either.

    Gives the columns of which each could be it.
    """
    found = []
    for meaning, name, pattern, known in (
        ("question", "问题", _ASKED_SO, {*_QUESTION, *_ASKED}),
        ("answer", "答案", _ANSWERED_SO, {*_SURE_ANSWERS, *_LIKELY_ANSWERS, *_REPLIES} - {"a"}),
    ):
        alike = [one for one in names if pattern.fullmatch(one)] if known.isdisjoint(names) else []
        if not _BY_PREFERENCE.isdisjoint(alike):
            continue
        if alike:
            names[name] = names.pop(alike[0])
            found.append((meaning, (names[name], *[names[one] for one in alike[1:]])))
    return tuple(found)


def _told(names: Mapping[str, str]) -> Plan | None:
    """What the names of the columns say."""
    return (
        _preference(names)
        or _listed(names)
        or _apart(names)
        or _choice(names)
        or _pair(names)
        or _text(names)
    )


def option_column(name: str, label: str) -> str:
    """What a column is called that holds the option ``label``, where a ``name`` for all of them stands over several; "" where it is none."""
    if plain_name(name) not in _OPTIONS:
        return ""
    return f"{name}{label}" if _COLUMN_LABEL.fullmatch(plain_name(f"{name}{label}")) else f"选项{label}"


def listed(column: str) -> tuple[str, ...]:
    """The columns that ``options=甲,乙,丙,丁`` names, each of which holds one option."""
    return tuple(one.strip() for one in re.split("[,，]", column) if one.strip())


def named(columns: Mapping[str, str]) -> frozenset[str]:
    """Every column that ``columns`` may speak of."""
    spoken = {column for meaning, column in columns.items() if meaning not in (*ABOUT_FILE, IGNORE)}
    several = {one for meaning in ("options", IGNORE) for one in listed(columns.get(meaning, ""))}
    return frozenset(spoken | several) - {NO_COLUMN}


def unread_options(planned: Plan) -> tuple[str, ...]:
    """Columns that are named as options are, and are not sent."""
    return tuple(
        [column for _label, column in _label_columns({plain_name(name): name for name in planned.extra})]
    )


def system_of(keys: tuple[str, ...]) -> str | None:
    """The column that holds the row's own system message."""
    return _first({plain_name(key): key for key in reversed(keys)}, _SYSTEM)


def likely(keys: tuple[str, ...]) -> dict[str, str]:
    """What single names say where the shape isn't known."""
    names = {plain_name(key): key for key in reversed(keys)}
    found = _likely(names)
    options = _first(names, _OPTIONS)
    labels = [column for _label, column in _label_columns(names)]
    if options is not None or labels:
        found["options"] = options if options is not None else ",".join(labels)
    return found


_FAMILIES: dict[str, tuple[str, ...]] = {}
"""Meaning -> the names by which it is known: whoever gives a column for it takes it from all of them."""


def _given(names: Mapping[str, str], keys: tuple[str, ...], given: Mapping[str, str]) -> Plan | None:
    """The plan for columns that the user named; what nobody named is told from the names."""
    meanings = dict(given)
    if {"question", "input"} <= meanings.keys() and "instruction" not in meanings:
        meanings["instruction"] = meanings.pop("question")
    each = listed(meanings.get("options", ""))
    if len(each) > 1 and meanings["options"] not in keys:
        del meanings["options"]
        meanings |= dict(zip(LABELS, each, strict=False))
    spoken = set(meanings.values())
    rest = {name: column for name, column in names.items() if column not in spoken}
    options = meanings.keys() & {"options", *LABELS}
    for meaning in meanings:
        known = set(_families()[meaning]) if meaning not in LABELS else {meaning.casefold()}
        rest = {name: column for name, column in rest.items() if name not in known}
    if options:
        labelled = {column for _label, column in _label_columns(names)}
        rest = {
            name: one
            for name, one in rest.items()
            if not _COLUMN_LABEL.fullmatch(name) and name not in _OPTIONS and one not in labelled
        }
    rest |= {
        _families()[meaning][0] if meaning not in LABELS else meaning.casefold(): column
        for meaning, column in meanings.items()
        if column in keys
    }
    told = {meaning for meaning, column in meanings.items() if column != NO_COLUMN}
    if told == {"text"}:
        return Plan("text", {"text": meanings["text"]})
    if told & {"speaker", "content"} and not told & _OTHERWISE:
        return Plan("talk", {name: column for name, column in meanings.items() if column in keys})
    return _meant(told, rest)


_OTHERWISE = frozenset(("chosen", "rejected", "messages", "conversations", "options", *LABELS))
"""Meanings that tell more than who speaks."""


def _meant(told: AbstractSet[str], rest: Mapping[str, str]) -> Plan | None:
    """The plan of columns by the names of the meanings that were ``told`` of them, and by the others' own."""
    if told & {"chosen", "rejected"}:
        return _preference(rest)
    if told & {"messages", "conversations"}:
        return _preference(rest) or _listed(rest)
    if told & {"options", *LABELS}:
        return _choice(rest)
    if told & {"question", "answer", "instruction", "input", "output"}:
        rest = {
            name: one
            for name, one in rest.items()
            if name not in ("messages", "conversations", "conversation")
        }
        words = told & {"instruction", "output", "input"}
        return _preference(rest) or _pair(rest) if words else _told(rest)
    return _told(rest)


def _families() -> dict[str, tuple[str, ...]]:
    if not _FAMILIES:
        _FAMILIES.update(
            {meaning: (meaning,) for meaning in MEANINGS},
            question=(*_QUESTION, *[name for name in _ASKED if name not in _QUESTION]),
            passage=(*CONTEXT, *CONTEXT_BESIDE),
            options=_OPTIONS,
            answer=(*_SURE_ANSWERS, *[name for name in _REPLIES if name != "a"], *_LIKELY_ANSWERS),
            output=("output", *[name for name in _REPLIES if name != "a"], *_SURE_ANSWERS, *_LIKELY_ANSWERS),
            instruction=("instruction", *[name for name in _ASKED if name not in ("instruction", "input")]),
            history=_HISTORY,
            system=_SYSTEM,
            rejected=_REJECTED,
        )
    return _FAMILIES


def _all(names: Mapping[str, str], wanted: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([names[name] for name in wanted if name in names]))


def _first(names: Mapping[str, str], wanted: tuple[str, ...]) -> str | None:
    return next((names[name] for name in wanted if name in names), None)


def _with(made: dict[str, str], **columns: str | None) -> dict[str, str]:
    made.update({meaning: column for meaning, column in columns.items() if column is not None})
    return made


def _listed(names: Mapping[str, str]) -> Plan | None:
    """Chats whose turns are a list."""
    system = _first(names, _SYSTEM)
    if "messages" in names:
        return Plan("messages", _with({}, messages=names["messages"], system=system))
    turns = _first(names, ("conversations", "conversation"))
    return Plan("conversations", _with({}, conversations=turns, system=system)) if turns is not None else None


_REJECTED = ("rejected", "rejectedresponse", "rejectedmessages")


def _preference(names: Mapping[str, str]) -> Plan | None:
    pair = next((pair for pair in _PREFERENCES if pair[0] in names and pair[1] in names), None)
    chosen, rejected = (names[pair[0]], names[pair[1]]) if pair is not None else (None, None)
    if pair is None and "messages" in names:
        rejected = _first(names, _REJECTED)
    before = _listed(names) or _asked(names)
    if rejected is None or (before is None and chosen != names.get("chosen")):
        return None
    meanings = _with(dict(before.meanings) if before else {}, chosen=chosen, rejected=rejected)
    meanings.pop("output", None)
    contexts, rivals = (before.contexts, before.rivals) if before else ((), ())
    return Plan("preference", meanings, contexts=contexts, rivals=rivals)


_TITLES = ("title", "标题")


def _asked(names: Mapping[str, str]) -> Plan | None:
    """What a user's turn is made of: a question, what it is about, the turns before and the system's."""
    all_asked = [name for name in (*_ASKED, *_TITLES) if name in names]
    asked = next(iter(all_asked), None)
    if asked is None or asked in _TITLES or (asked == "q" and len(all_asked) == 1 and "b" in names):
        return None
    contexts = _contexts(names, beside=True)
    rivals = [
        name
        for name in all_asked
        if name != "user" and not (name == "stem" and asked == "question")
        and not (name in _TITLES and (contexts or asked not in ("ask", "提问", "问题", "question")))
    ]  # fmt: skip
    if "stem" in all_asked and asked == "question":
        contexts = (names["stem"], *contexts)
    more = None
    if asked == "instruction":
        more = names.get("input")
        rivals = [name for name in rivals if name != "input"]
        if more is None and len(contexts) == 1 and "passage" not in names:
            (more,) = contexts  # as Dolly's instruction and context, beside Alpaca's instruction and input
            contexts = ()
    made = _with(
        {},
        passage=contexts[0] if contexts else None,
        instruction=names[asked],
        input=more,
        history=_first(names, _HISTORY),
        system=_first(names, _SYSTEM),
    )
    columns = _all(names, rivals)
    both = (("question", columns),) if len(columns) > 1 else ()
    return Plan(_ASKED[asked], made, contexts=contexts, rivals=both)


def _contexts(names: Mapping[str, str], *, beside: bool) -> tuple[str, ...]:
    """The columns that say what the question is about, in their order."""
    wanted = {*CONTEXT, *(CONTEXT_BESIDE if beside else ())}
    wanted |= set() if wanted.isdisjoint(names) else {*CONTEXT_OF_A_CASE}
    return tuple(column for name, column in names.items() if name in wanted)


def _pair(names: Mapping[str, str]) -> Plan | None:
    asked = _asked(names)
    # A letter alone names an option, but beside q.
    replies = _all(names, [name for name in _REPLIES if name != "a" or ("q" in names and "b" not in names)])
    replies = replies or _all(names, (ALTERNATIVES,))
    if asked is None or not replies:
        # A question without an answer is one without options, too: that is said of it.
        return Plan("choice", {"question": names["question"]}) if "question" in names else None
    rivals = (*asked.rivals, ("answer", replies)) if len(replies) > 1 else asked.rivals
    return msgspec.structs.replace(
        asked, meanings=dict(asked.meanings) | {"output": replies[0]}, rivals=rivals
    )


_WRONG = re.compile(
    r"(?:distractors?|incorrectanswers?|incorrectoptions?|wronganswers?|wrongoptions?|falseanswers?|干扰项|错误选项|错误答案)\d*"
)
_RIGHT = (
    "correctanswer",
    "bestanswer",
    "rightanswer",
    "正确答案",
    "answer",
    "correctoption",
    "correct",
    "答案",
    "正确选项",
)
_TARGETS = ("mc1targets",)


def _apart(names: Mapping[str, str]) -> Plan | None:
    """A question whose right and wrong options stand in columns of their own, as in SciQ, TruthfulQA and quiz banks."""
    question, right = _first(names, _QUESTION), _first(names, _RIGHT)
    wrong = tuple(column for name, column in names.items() if _WRONG.fullmatch(name))
    targets = _first(names, _TARGETS)
    if question is None or _first(names, _OPTIONS) is not None or not (targets or (right and wrong)):
        return None
    contexts = _contexts(names, beside=False)
    meanings = _with(
        {},
        passage=contexts[0] if contexts else None,
        question=question,
        options=targets,
        system=_first(names, _SYSTEM),
        history=_first(names, _HISTORY),
    )
    if targets is not None:
        return Plan("choice", meanings | {"answer": targets}, contexts=contexts, wrong=(targets,))
    assert right is not None
    return Plan("choice", meanings | {"answer": right}, (right,), contexts=contexts, wrong=wrong)


def _choice(names: Mapping[str, str]) -> Plan | None:
    answers = tuple(names[name] for name in _SURE_ANSWERS if name in names)
    likely = _first(names, _LIKELY_ANSWERS)
    options = _first(names, _OPTIONS)
    labels = () if options is not None else _label_columns(names)
    if options is None and not labels and "answers" in names and likely is not None:
        # As in CosmosQA and its like: a list of answers to choose from, and which one is right.
        options, answers = names["answers"], (likely,)
    if options is None and not labels and "answeridx" not in names:
        return None
    if (
        labels
        and not answers
        and likely is None
        and plain_name(labels[0][1]).startswith(("answer", "ending", "sol", "答案"))
    ):
        return None
    beside = ("question" in names) and "stem" in names
    contexts = _contexts(names, beside=any(name in names for name in _QUESTION))
    asked = _all(names, [name for name in _QUESTION if not (beside and name == "stem")])
    if beside:
        contexts = (names["stem"], *contexts)
    rivals: tuple[tuple[str, tuple[str, ...]], ...] = ()
    if set(asked) == {names.get("instruction"), names.get("input")}:
        contexts, asked = (*contexts, names["instruction"]), (names["input"],)
    elif len(asked) > 1:
        rivals = (("question", asked),)
    meanings = _with(
        {},
        question=asked[0] if asked else None,
        passage=contexts[0] if contexts else None,
        options=options,
        **dict(labels),
        system=_first(names, _SYSTEM),
        history=_first(names, _HISTORY),
    )
    doubted = tuple([column for _label, column in labels]) if options is None else (options,)
    instead = (likely,) if answers and likely is not None and likely not in answers else ()
    if not answers and likely is not None:
        answers = (likely,)
    if answers:
        meanings["answer"] = answers[0]
    return Plan(
        "choice",
        meanings,
        answers,
        labels,
        instead=instead,
        contexts=contexts,
        rivals=rivals,
        doubted=doubted,
    )


def _label_columns(names: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """(label, column) for option columns: lettered, or numbered from 0 or 1; none where one is there twice."""
    letters: dict[str, str] = {}
    numbers: dict[int, str] = {}
    for name, column in names.items():
        match = _COLUMN_LABEL.fullmatch(name)
        if match is None:
            continue
        letter = match[1] or match[2]
        if (letter or _number(match[3])) in (letters if letter else numbers):
            return ()
        if letter:
            letters[letter] = column
        else:
            numbers[_number(match[3])] = column
    if len(letters) > 1 and "a" in letters:
        # Single letters far behind the last one are something else: x, y, z.
        kept = [
            label
            for label in sorted(letters)
            if len(plain_name(letters[label])) > 1 or label <= "j" or _reaches(label, letters)
        ]
        if len(kept) > 1:  # beside q, a is its answer
            return tuple((label.upper(), letters[label]) for label in kept) if not numbers else ()
    if not numbers and (series := _series(names)):
        return tuple([(label, names[name]) for label, (name, _own) in series.items()])
    base = 0 if 0 in numbers else 1
    if len(numbers) < 2 or base not in numbers or max(numbers) - base >= len(LABELS):  # noqa: PLR2004 - a choice needs two
        return ()
    return tuple((LABELS[number - base], numbers[number]) for number in sorted(numbers))


def _series(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Label -> (name, the label in it), of names that are one series' labels, its first among them (甲 乙 丙, I II III, ① ② ③)."""
    known = {_OF_OPTION.sub("", name, count=1): name for name in names}
    for written in _ALL_SERIES:
        at = zip(LABELS, written, strict=False)
        found = {label: (known[own.casefold()], own) for label, own in at if own.casefold() in known}
        if len(found) >= _SERIES_LEAST and LABELS[0] in found:
            # Years and marks are figures, too.
            return found if not written[0].isdigit() or _are_asked(names) else {}
    return {}


def _are_asked(names: Iterable[str]) -> bool:
    """Whether columns called by figures stand beside a question and its answer, or beside nothing."""
    rest = {name for name in names if not name.isdigit()}
    return not rest or not (rest.isdisjoint(_QUESTION) or rest.isdisjoint((*_SURE_ANSWERS, *_LIKELY_ANSWERS)))


@lru_cache(maxsize=256)
def carried(labels: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Label -> the one that the options' columns carry, where they are called by a series' labels (甲, II, ③); else empty."""
    series = _series([plain_name(column) for _label, column in labels])
    return {label: own for label, (_name, own) in series.items()} if len(series) == len(labels) else {}


def _reaches(label: str, letters: Mapping[str, str]) -> bool:
    return all(chr(code) in letters for code in range(ord("a"), ord(label)))


@lru_cache(maxsize=256)
def first_of_columns(labels: tuple[tuple[str, str], ...]) -> int | None:
    """The number of the first option's column (option0, 选项1); None where columns aren't numbered."""
    match = _COLUMN_LABEL.fullmatch(plain_name(labels[0][1])) if labels else None
    return _number(match[3]) if match is not None and match[3] else None


def _number(written: str) -> int:
    at = "一二三四五六七八九十".find(written)
    return at + 1 if at >= 0 else int(written)


def _text(names: Mapping[str, str]) -> Plan | None:
    """A text to go on training with, where nothing beside it could be learned: a label or marks would be lost."""
    column = names.get(_TEXT)
    rest = [
        name for name, other in names.items() if other != column and not (is_metadata(name) or is_media(name))
    ]
    return Plan("text", {"text": column}) if column is not None and not rest else None


def _likely(names: Mapping[str, str]) -> dict[str, str]:
    """What single names say where the shape isn't known: to be confirmed by the user, never followed unasked."""
    return _with(
        {},
        question=_first(names, _QUESTION),
        answer=_first(names, (*_SURE_ANSWERS, *_REPLIES, *_LIKELY_ANSWERS)),
    )
