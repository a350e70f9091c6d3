"""Which column means what, told from the columns' names alone: once for each set of names that a file has."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, TypeAlias

import msgspec

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
        "history",
    ),
    *("messages", "conversations", "chosen", "rejected", "text"),
    *("group", "speaker", "content", "order"),
)
"""What a column can mean in ``columns``; besides, ``header`` (yes, no), ``counting`` (0, 1), ``sheet`` and ``assistant`` (the words of a speaker) are about the file."""
ABOUT_FILE = ("header", "counting", "sheet", "assistant")
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
)
_PASSAGE = ("passage", "context", "材料", "article")
_OPTIONS = ("options", "option", "choices", "choice", "candidates", "选项", "候选答案", "备选答案", "备选项")
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
)
_LIKELY_ANSWERS = ("label", "target", "reference", "output", "response", "completion")
_ASKED: dict[str, Shape] = {
    "instruction": "alpaca", "prompt": "prompt", "query": "query", "question": "pair", "ask": "pair", "问题": "pair",
    "提问": "pair", "题目": "pair", "user": "pair", "human": "pair", "input": "pair", "q": "pair", "题干": "pair",
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
    *("target", "a", "答", "bot", "assistant1", "gpt1"),
)
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
_TEXT = ("text", "正文", "content")
_COLUMN_LABEL = re.compile(
    r"(?:(?:options?|opt|op|choices?|选项|選項|答案选项)?([a-z])(?:选项|選項)?"
    r"|(?:options?|opt|op|choices?|answers?|endings?|sol|选项|選項)(1[0-9]|2[0-6]|[0-9]|[一二三四五六七八九十]))"
)

_APART = re.compile(
    r"\s*[(\[【<]\s*(?:必填项?|选填|非必填|可选|可不填|勿删|请勿删除|勿改|不可修改|required|optional)\s*[)\]】>]|[*★※]|[\s_\-.()\[\]:/]+",
    re.IGNORECASE,
)
"""What a form adds to its columns' names, (必填) and *, and what is written in many ways."""


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


def plain_name(name: str) -> str:
    """``name`` without what doesn't tell names apart: case, width, blanks, underscores, brackets, full stops, a form's marks."""
    return _APART.sub("", unicodedata.normalize("NFKC", name)).casefold()


@lru_cache(maxsize=2048)
def plan(keys: tuple[str, ...], columns: Given = ()) -> Plan:
    """What a row with these keys means; the shape is "" where it isn't known."""
    if columns:
        return _given(keys, dict(columns))
    names: dict[str, str] = {}
    for key in keys:
        found = plain_name(key)
        if found not in names or key == found:
            names[found] = key
    made = _preference(names) or _listed(names) or _choice(names) or _pair(names) or _text(names)
    if made is None:
        return Plan("", _likely(names), extra=keys)
    used = {*made.meanings.values(), *made.answers}
    return msgspec.structs.replace(made, extra=tuple([key for key in keys if key not in used]))


def listed(column: str) -> tuple[str, ...]:
    """The columns that ``options=甲,乙,丙,丁`` names, each of which holds one option."""
    return tuple(one.strip() for one in re.split("[,，]", column) if one.strip())


def named(columns: Mapping[str, str]) -> frozenset[str]:
    """Every column that ``columns`` may speak of."""
    spoken = {column for meaning, column in columns.items() if meaning not in ABOUT_FILE}
    return frozenset(spoken | set(listed(columns.get("options", "")))) - {NO_COLUMN}


def likely(keys: tuple[str, ...]) -> dict[str, str]:
    """What single names say where the shape isn't known."""
    names = {plain_name(key): key for key in reversed(keys)}
    found = _likely(names)
    options = _first(names, _OPTIONS)
    labels = [column for _label, column in _label_columns(names)]
    if options is not None or labels:
        found["options"] = options if options is not None else ",".join(labels)
    return found


def _completed(keys: tuple[str, ...], meanings: dict[str, str]) -> dict[str, str]:
    """``meanings`` of a question, with its options in columns of their own by their labels, and what else the names tell."""
    if "options" in meanings:
        column = meanings["options"]
        each = listed(column)
        if column in keys or len(each) < 2:  # noqa: PLR2004 - a choice needs two
            return meanings
        rest = {name: one for name, one in meanings.items() if name != "options"}
        return rest | dict(zip(LABELS, each, strict=False))
    if not {"question", "answer"} & meanings.keys() or not meanings.keys() <= _OF_QUESTIONS:
        return meanings
    names = {plain_name(key): key for key in reversed(keys) if key not in meanings.values()}
    options = _first(names, _OPTIONS)
    more = {"options": options} if options is not None else dict(_label_columns(names))
    if not more or (more.keys() & meanings.keys()):
        return meanings
    told = {"question": _first(names, _QUESTION), "answer": _first(names, _SURE_ANSWERS)}
    return {name: one for name, one in told.items() if one is not None} | more | meanings


_OF_QUESTIONS = frozenset(("question", "passage", "answer", *LABELS))


def _given(keys: tuple[str, ...], meanings: Mapping[str, str]) -> Plan:  # noqa: C901 - one branch a shape
    """The plan for columns that the user named; what nobody named of a question with options is told from the names."""
    meanings = {name: one for name, one in _completed(keys, dict(meanings)).items() if one != NO_COLUMN}
    found = {meaning: column for meaning, column in meanings.items() if column in keys}
    labels = tuple([(label, found[label]) for label in LABELS if label in found])
    answers = tuple(found[name] for name in ("answer",) if name in found)
    shape: Shape = ""
    if "chosen" in meanings:
        shape = "preference"
    elif "messages" in meanings:
        shape = "messages"
    elif "conversations" in meanings:
        shape = "conversations"
    elif "options" in meanings or "A" in meanings:
        shape = "choice"
    elif "text" in meanings:
        shape = "text"
    elif "speaker" in meanings or "content" in meanings:
        shape = "talk"
    elif {"instruction", "input", "question"} & meanings.keys() and {"output", "answer"} & meanings.keys():
        shape = "alpaca"
        if "instruction" not in found and "question" in found:
            found["instruction"] = found.pop("question")
        if "output" not in found and "answer" in found:
            found["output"] = found.pop("answer")
        if "passage" in found and "input" not in found and "instruction" in found:
            found["input"], found["instruction"] = found["instruction"], found.pop("passage")
    used = set(found.values())
    extra = tuple([key for key in keys if key not in used])
    return Plan(shape, found, answers, labels if shape == "choice" and "options" not in found else (), extra)


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


def _preference(names: Mapping[str, str]) -> Plan | None:
    pair = next((pair for pair in _PREFERENCES if pair[0] in names and pair[1] in names), None)
    chosen, rejected = (names[pair[0]], names[pair[1]]) if pair is not None else (None, None)
    if pair is None and "messages" in names:
        rejected = _first(names, ("rejected", "rejectedresponse", "rejectedmessages"))
    before = _listed(names) or _asked(names)
    if rejected is None or (before is None and chosen != names.get("chosen")):
        return None
    meanings = _with(dict(before.meanings) if before else {}, chosen=chosen, rejected=rejected)
    meanings.pop("output", None)
    return Plan("preference", meanings)


def _asked(names: Mapping[str, str]) -> Plan | None:
    """What a user's turn is made of: a question, what it is about, the turns before and the system's."""
    asked = next((name for name in _ASKED if name in names), None)
    if asked is None:
        return None
    more = names.get("input") if asked == "instruction" else None
    made = _with(
        {},
        instruction=names[asked],
        input=more,
        history=_first(names, _HISTORY),
        system=_first(names, _SYSTEM),
    )
    return Plan(_ASKED[asked], made)


def _pair(names: Mapping[str, str]) -> Plan | None:
    asked, reply = _asked(names), _first(names, _REPLIES)
    if asked is not None and reply is not None and reply == names.get("a") and "q" not in names:
        reply = None  # a letter alone names an option
    if asked is None or reply is None:
        # A question without an answer is one without options, too: that is said of it.
        return Plan("choice", {"question": names["question"]}) if "question" in names else None
    return Plan(asked.shape, _with(dict(asked.meanings), output=reply))


def _choice(names: Mapping[str, str]) -> Plan | None:
    answers = tuple(names[name] for name in _SURE_ANSWERS if name in names)
    likely = _first(names, _LIKELY_ANSWERS)
    options = _first(names, _OPTIONS)
    labels = () if options is not None else _label_columns(names)
    if options is None and not labels and "label" in names:
        options = names.get("answers")  # CosmosQA and its like: the answers to choose from
    if options is None and not labels and "answeridx" not in names:
        return None
    if (
        labels
        and not answers
        and likely is None
        and plain_name(labels[0][1]).startswith(("answer", "ending", "sol"))
    ):
        return None
    meanings = _with(
        {},
        question=_first(names, _QUESTION),
        passage=_first(names, _PASSAGE),
        options=options,
        **dict(labels),
        system=_first(names, _SYSTEM),
        history=_first(names, _HISTORY),
    )
    instead = (likely,) if answers and likely is not None else ()
    if not answers and likely is not None:
        answers = (likely,)
    if answers:
        meanings["answer"] = answers[0]
    return Plan("choice", meanings, answers, labels, instead=instead)


def _label_columns(names: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """(label, column) for option columns: lettered, or numbered from 0 or 1; none where one is there twice."""
    letters: dict[str, str] = {}
    numbers: dict[int, str] = {}
    for name, column in names.items():
        match = _COLUMN_LABEL.fullmatch(name)
        if match is None:
            continue
        if (match[1] or _number(match[2])) in (letters if match[1] else numbers):
            return ()
        if match[1]:
            letters[match[1]] = column
        else:
            numbers[_number(match[2])] = column
    if len(letters) > 1 and "a" in letters:
        # Single letters far behind the last one are something else: x, y, z.
        kept = [
            label
            for label in sorted(letters)
            if len(plain_name(letters[label])) > 1 or label <= "j" or _reaches(label, letters)
        ]
        if numbers or len(kept) < 2:  # noqa: PLR2004 - a choice needs two
            return ()
        return tuple((label.upper(), letters[label]) for label in kept)
    base = 0 if 0 in numbers else 1
    if len(numbers) < 2 or base not in numbers or max(numbers) - base >= len(LABELS):  # noqa: PLR2004 - a choice needs two
        return ()
    return tuple((LABELS[number - base], numbers[number]) for number in sorted(numbers))


def _reaches(label: str, letters: Mapping[str, str]) -> bool:
    return all(chr(code) in letters for code in range(ord("a"), ord(label)))


@lru_cache(maxsize=256)
def first_of_columns(labels: tuple[tuple[str, str], ...]) -> int | None:
    """The number of the first option's column (option0, 选项1); None where columns aren't numbered."""
    match = _COLUMN_LABEL.fullmatch(plain_name(labels[0][1])) if labels else None
    return _number(match[2]) if match is not None and match[2] else None


def _number(written: str) -> int:
    at = "一二三四五六七八九十".find(written)
    return at + 1 if at >= 0 else int(written)


def _text(names: Mapping[str, str]) -> Plan | None:
    column = _first(names, _TEXT[:1]) or (_first(names, _TEXT) if len(names) == 1 else None)
    return Plan("text", {"text": column}) if column is not None else None


def _likely(names: Mapping[str, str]) -> dict[str, str]:
    """What single names say where the shape isn't known: to be confirmed by the user, never followed unasked."""
    return _with(
        {},
        question=_first(names, _QUESTION),
        answer=_first(names, (*_SURE_ANSWERS, *_REPLIES, *_LIKELY_ANSWERS)),
    )
