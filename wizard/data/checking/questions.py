"""What a person should know about a question: equal options, options that speak of others, what it needs and lacks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from wizard.data.findings import Finding, Rule, quoted
from wizard.data.identity import Asked
from wizard.data.record import Where
from wizard.locale import N_

EQUAL_OPTIONS = Rule(
    "EQUAL_OPTIONS",
    "warning",
    N_("Options {first} and {second} are the same text."),
    N_("Correct one of them, or leave the row out."),
    why=N_(
        "Two options that are the same can't both be told right or wrong; most often one was copied wrongly."
    ),
    bad='{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6", "C": "6"}, "answer_idx": "A"}',
    good='{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6", "C": "7"}, "answer_idx": "A"}',
)
OPTIONS_NAME_OPTIONS = Rule(
    "OPTIONS_NAME_OPTIONS",
    "warning",
    N_("Option {label} speaks of other options: “{text}”."),
    N_("Nothing is to be done, but the options must stay in this order."),
    why=N_(
        "An option such as “all of the above” is only true where it stands. Shuffling leaves such a question as it is."
    ),
    bad='{"question": "Which is a colour?", "options": {"A": "Red", "B": "Blue", "C": "All of the above"}, "answer_idx": "C"}',
    good='{"question": "Which is a colour?", "options": {"A": "Red", "B": "Seven", "C": "Yesterday"}, "answer_idx": "A"}',
)
LABEL_TWICE = Rule(
    "LABEL_TWICE",
    "warning",
    N_("The label of each option is there twice: “{label}. {text}”."),
    N_("Take one of the two off (in Bailian's format --fix does)."),
    why=N_("The model learns each character, and would write the letter twice, too."),
    bad='{"messages": [{"role": "user", "content": "2 + 3 = ?\\nA. A. 5\\nB. B. 6"}, {"role": "assistant", "content": "A. 5"}]}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?\\nA. 5\\nB. 6"}, {"role": "assistant", "content": "A. 5"}]}',
    mends=N_("labels of options taken off that were there twice"),
)
SEPARATOR_LEFT = Rule(
    "SEPARATOR_LEFT",
    "warning",
    N_("“{sign}” stands behind the options, as between the items of a list: “{label}. {text}”."),
    N_("Take it off (in Bailian's format --fix does)."),
    why=N_("It stood between the options and is no part of them. The model would learn to write it."),
    bad='{"messages": [{"role": "user", "content": "2 + 3 = ?\\nA. 5;\\nB. 6"}, {"role": "assistant", "content": "A. 5"}]}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?\\nA. 5\\nB. 6"}, {"role": "assistant", "content": "A. 5"}]}',
    mends=N_("signs taken off that stood between options"),
)
NEEDS_PICTURE = Rule(
    "NEEDS_PICTURE",
    "warning",
    N_("The question refers to a picture or table (“{words}”), which is not sent."),
    N_("Leave the row out, unless the question can be answered without it."),
    why=N_(
        "Only text is trained. Without the picture the question can't be answered, and the model learns to guess."
    ),
    bad='{"question": "如图所示，这是什么形状？", "options": {"A": "圆形", "B": "方形"}, "answer_idx": "A"}',
    good='{"question": "没有角的形状是？", "options": {"A": "圆形", "B": "方形"}, "answer_idx": "A"}',
)
NEEDS_OTHER_QUESTION = Rule(
    "NEEDS_OTHER_QUESTION",
    "warning",
    N_("The question refers to another question (“{words}”), which is not sent."),
    N_("Add what the other question says, or leave the row out."),
    why=N_(
        "Each row is trained by itself. What the other question says is missing here, and the model learns to guess."
    ),
    bad='{"question": "承上题，再加一等于几？", "options": {"A": "5", "B": "6"}, "answer_idx": "B"}',
    good='{"question": "二加三再加一等于几？", "options": {"A": "5", "B": "6"}, "answer_idx": "B"}',
)


_PICTURE = re.compile(
    "(?:如|下|上|附|左|右|见|見|本|该|此|插)[图圖](?!书|書|像处理)(?:[所中示]|\\d|[，,：:]|$|[的为爲為是])?|[图圖](?:中|示|[A-Z]?\\d)"
)
_SHOWABLE = "(?:figure|image|picture|photograph|photo|diagram|graph|table|radiograph|[Xx]-ray|ECG|exhibit)"
_PICTURE_IN_ENGLISH = re.compile(
    f"{_SHOWABLE}s? (?:is |are |as )?(?:shown|depicted|below)"
    f"|(?:shown|depicted) in the {_SHOWABLE}|[Ss]ee (?:the {_SHOWABLE}|figure|image)"
)
_OTHER_QUESTION = re.compile("[承同接]上[题題]|上(?:一|述)?[题題](?!目)|前(?:一|述)?[题題]")
_OTHER_QUESTION_IN_ENGLISH = re.compile("(?:previous|preceding|last) question")
_NAMES_OPTIONS = re.compile(
    "^(?:皆?非)?以上|[非与和及，,。]以上|以上(?:都|均|皆|各[项項]|选项|選項|全部|所有|说法|說法|答案)|上述(?:都|均|皆|各|选项|選項)|(?:[Aa]ll|[Nn]one|[Bb]oth|[Aa]ny|[Nn]either) [Oo]f (?:the|The) (?:[Aa]bove|[Oo]ptions|[Cc]hoices)"
    r"|(?<![A-Za-z])[A-J](?:\s?[、，,+＋/&和与與及或]\s?|\s(?:and|or|&)\s)[A-J](?![A-Za-z])"
)


_OWN_LABEL = r"{label}\s?[.．、:：)）]"
"""How an option's text begins where its label is there twice."""
SEPARATORS = ";；|｜┋"


def own_label(label: str) -> str:
    """The pattern of an option's own label at its text's beginning."""
    return _OWN_LABEL.format(label=label)


def doubled(options: Sequence[tuple[str, str]]) -> bool:
    """Whether each of these options begins with its own label once more."""
    return len(options) > 1 and all(
        label.isalpha() and re.match(rf"{own_label(label)}\s*\S", text) for label, text in options
    )


def separated(options: Sequence[tuple[str, str]]) -> str:
    """The sign that stands behind each option but the last, or ""; behind the last, too, it may be part of a program."""
    ends = {text[-1:] for _label, text in options[:-1]}
    sign = ends.pop() if len(ends) == 1 else ""
    if not sign or sign not in SEPARATORS:
        return ""
    return sign if sign == "；" or not options[-1][1].endswith(sign) else ""


def about_question(asked: Asked, where: Where) -> Iterator[Finding]:
    """The findings about what a row asks, whatever else it is."""
    yield from _stem(asked, where)
    yield from _options(asked, where)


def mentions(stem: str) -> bool:
    """Whether a stem holds an English word without which it refers to no picture and no other question."""
    if " " not in stem:
        return False
    return (
        "shown" in stem
        or "depicted" in stem
        or " below" in stem
        or " question" in stem
        or "ee the " in stem
        or "ee figure" in stem
        or "ee image" in stem
    )


def refers(stem: str) -> tuple[str, str]:
    """The words with which a stem refers to a picture, and those with which it refers to another question, or ""."""
    picture = _PICTURE.search(stem) if "图" in stem or "圖" in stem else None
    other = _OTHER_QUESTION.search(stem) if "题" in stem or "題" in stem else None
    if mentions(stem):
        picture = picture or _PICTURE_IN_ENGLISH.search(stem)
        other = other or _OTHER_QUESTION_IN_ENGLISH.search(stem)
    return picture[0].strip() if picture else "", other[0] if other else ""


def names_options(text: str) -> bool:
    """Whether an option's text speaks of other options, so that their order matters."""
    return _NAMES_OPTIONS.search(text) is not None


def _stem(asked: Asked, where: Where) -> Iterator[Finding]:
    picture, other = refers(asked.stem)
    if picture:
        yield NEEDS_PICTURE.at(where, words=quoted(picture))
    if other:
        yield NEEDS_OTHER_QUESTION.at(where, words=quoted(other))


def _options(asked: Asked, where: Where) -> Iterator[Finding]:
    if doubled(asked.options):
        label, text = asked.options[0]
        yield LABEL_TWICE.at(where, label=label, text=quoted(text))
    if sign := separated(asked.options):
        label, text = asked.options[0]
        yield SEPARATOR_LEFT.at(where, sign=sign, label=label, text=quoted(text))
    seen: dict[str, str] = {}
    equal = named = False
    for label, text in asked.options:
        if text in seen and not equal:
            equal = True
            yield EQUAL_OPTIONS.at(where, first=seen[text], second=label)
        seen.setdefault(text, label)
        if not named and names_options(text):
            named = True
            yield OPTIONS_NAME_OPTIONS.at(where, label=label, text=quoted(text))
