"""Every way to write a label, an answer, a number or a truth value: tables, and the one place where spellings are compared.

Each line of a table says where its spellings were met; ``tests/test_spelling.py`` makes its cases from the tables.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from wizard.data.record import trim
from wizard.local.harmless import NO_WIDTH


class Ways(NamedTuple):
    """Ways to write one thing, and where they were met."""

    written: tuple[str, ...]
    source: str


class Numerals(NamedTuple):
    """Characters in a row that count from 1."""

    first: str
    last: str
    source: str


TRUE = (
    Ways(("对", "對", "√", "正确", "正確"), "answers to 判断题: s19, s42, templates of exam banks"),
    Ways(("是", "真", "✓", "✔", "☑", "✅"), "answers to 判断题, as typed by hand"),
    Ways(("true", "t", "yes", "y", "right", "correct"), "e19, n23, PubMedQA, BoolQ"),
)
FALSE = (
    Ways(("错", "錯", "×", "错误", "錯誤"), "answers to 判断题: s19, s42, templates of exam banks"),
    Ways(("否", "假", "✗", "✘", "✕", "❌", "不正确", "不对", "非"), "answers to 判断题, as typed by hand"),
    Ways(("false", "f", "no", "n", "wrong", "incorrect"), "e19, n23, PubMedQA, BoolQ"),
)
NUMERALS = (
    Numerals("①", "⑳", "c02, f02; Unicode 2460"),
    Numerals("⑴", "⒇", "statements in stems; Unicode 2474"),
    Numerals("⒈", "⒛", "lists from Word; Unicode 2488"),
    Numerals("❶", "❿", "Unicode 2776"),
    Numerals("➀", "➉", "Unicode 2780"),
    Numerals("㈠", "㈩", "Chinese lists; Unicode 3220"),
    Numerals("㊀", "㊉", "Chinese lists; Unicode 3280"),
    Numerals("Ⅰ", "Ⅻ", "f01; Unicode 2160"),
    Numerals("ⅰ", "ⅻ", "f01; Unicode 2170"),
)
HAN = "一二三四五六七八九十"
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X")
SERIES = (
    Ways(tuple("甲乙丙丁戊己庚辛壬癸"), "columns of options in papers of vocational schools"),
    Ways(ROMAN, "columns of options in scanned papers"),
    Ways(tuple(HAN), "columns of options in papers"),
)
"""Labels in sequence, by which the columns of options are called."""
BEFORE = (
    Ways(("选项", "選項", "选择", "選擇", "选", "選"), "f01, f02, k08: 选B, 选 B, 选项1"),
    Ways(("option", "choice", "opt", "op"), "f01: option (b), choice B; MedMCQA's opb"),
    Ways(
        ("答案", "正确答案", "正確答案", "参考答案", "標準答案", "标准答案", "正确选项"), "f01, f02: 答案：B"
    ),
    Ways(("故选", "故選", "应选", "應選", "故", "应", "答"), "explanations that end with 故选B"),
    Ways(("the correct answer", "the answer", "correct answer", "answer", "ans"), "f01: The answer is B"),
    Ways(
        ("是", "为", "為", "is", ":", "：", "_", "*", "="), "what stands between these words and the letter"
    ),
)
BEHIND = (
    Ways(("选项", "選項", "项", "項", "option"), "f01, f02: B选项, A、C项"),
    Ways(("正确", "正確", "为正确答案", "是正确的", "is correct"), "f02: AC正确"),
    Ways(
        ("。", ".", "．", ";", "；", ",", "，", "、", ":", "：", "!", "！", ")", "）", "*"),
        "f01: B； B、 B) B*",
    ),
)
AROUND = (
    Ways(("()", "（）", "[]", "【】", "［］", "{}", "<>", "〈〉", "《》"), "f01: (B), （Ｂ）, 【B】, <B>"),
    Ways(('""', "''", "“”", "‘’", "「」", "『』", "``", "**", "$$"), "f01: 「慢跑」, $B$"),
)
BETWEEN_LABELS = (
    Ways((" ", "\n", "\t", ",", "，", "、", ";", "；", "|", "｜", "/"), "f02"),
    Ways(("+", "&", "和", "及", "与", "與", "and"), "f02: A和C, A and C"),
    Ways(("┋", "#", "$", "·"), "f02: A┋C of 问卷星"),
)
BETWEEN_NUMBERS = (Ways((" ", ",", "，", "、", ";", "；", "|", "｜", "┋"), "f02: 1,3"),)
BETWEEN_TEXTS = (
    Ways(("┋", "\n", "|", "｜", ";", "；"), "f02, f13: 静卧┋饮酒"),
    Ways(("、", "，", ",", "/", "和"), "f02, f13: 静卧、饮酒"),
)
SURE_BETWEEN_OPTIONS = (Ways(("\n", "\t", "┋", "|", "｜", ";", "；"), "f13, f14: 静卧|慢跑"),)
DOUBTFUL_BETWEEN_OPTIONS = (
    Ways(("   ", "$", "#", "、", "，", ",", "/"), "f13, f14: only with the answer's text"),
)
MISSING = (Ways(("nan", "<na>"), "w28, c05: what pandas writes for a value that is missing"),)


def listed(table: Iterable[Ways]) -> tuple[str, ...]:
    """All spellings of a table."""
    return tuple(one for ways in table for one in ways.written)


_NUMBERS = {
    chr(code): code - ord(first) + 1
    for first, last, _source in NUMERALS
    for code in range(ord(first), ord(last) + 1)
}
NUMERAL = re.escape("".join(_NUMBERS))
_TRUTH = dict.fromkeys(listed(TRUE), True) | dict.fromkeys(listed(FALSE), False)
_MISSING = frozenset(listed(MISSING))
_LONGEST_MISSING = max(map(len, _MISSING))
_NUMBER = re.compile(r"-?(?:0|[1-9]\d?)(?:\.0+)?")
_ORDINAL = re.compile(rf"第([{HAN}]|[1-9]\d?)[个個]?(?:选项|選項|项|項|个|個)?")
_ALIKE = str.maketrans({
    "。": ".", "、": ",", "⁄": "/", "−": "-", "–": "-", "—": "-", "‐": "-", "∼": "~", "“": '"', "”": '"', "‘": "'", "’": "'",
    **{char: f"^{number}" for number, char in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
})  # fmt: skip
_STOPS = ".;,!"
_PAIRS = frozenset(listed(AROUND))
_GAPS = re.compile(rf"[\s{NO_WIDTH}]+")


def _any(words: Iterable[str]) -> str:
    return "|".join(
        re.escape(one) + (r"(?![a-z]{2})" if len(one) > 3 and one.isascii() else "")  # noqa: PLR2004 - "optional" is no "option"
        for one in sorted(words, key=len, reverse=True)
    )


_BEFORE = re.compile(rf"(?:{_any(listed(BEFORE))})\s*", re.IGNORECASE)
_BEHIND = re.compile(rf"\s*(?:{_any(listed(BEHIND))})$", re.IGNORECASE)
_BOXED = re.compile(r"\\boxed\s*\{(.*)\}")
_LABELS = re.compile("|".join([r"[\s()（）\[\]【】［］{}]", _any(listed(BETWEEN_LABELS))]), re.IGNORECASE)
_SOME_NUMBERS = re.compile(_any(listed(BETWEEN_NUMBERS)))


@lru_cache(maxsize=1024)
def folded(label: str) -> str:
    """A label's normal form: a capital of half width."""
    return unicodedata.normalize("NFKC", label).strip().upper()


@lru_cache(maxsize=4096)
def loose(text: str) -> str:
    """A text's normal form: without what nobody means by it (width, blanks, composition, quotes around it, its full stop)."""
    made = unicodedata.normalize("NFKC", text.translate(_ALIKE)).translate(_ALIKE)
    made = _GAPS.sub("", made).rstrip(_STOPS)
    while len(made) > 2 and made[0] + made[-1] in _PAIRS:  # noqa: PLR2004 - a pair around something
        made = made[1:-1].rstrip(_STOPS)
    return made


def alike(options: Mapping[str, str], words: str) -> set[str]:
    """The labels of the options whose text ``words`` is: the very same before one that is only written otherwise."""
    if found := {label for label, text in options.items() if text == words}:
        return found
    wanted = loose(words)
    if not wanted:
        return set()
    texts = {label: loose(text) for label, text in options.items()}
    if found := {label for label, text in texts.items() if text == wanted}:
        return found
    return {label for label, text in texts.items() if text.casefold() == wanted.casefold()}


def truth(words: str) -> bool | None:
    """What a text says of true and false; None where nothing."""
    return _TRUTH.get(loose(words).casefold())


def missing(words: str) -> bool:
    """Whether a text is only what a program writes for a value that isn't there."""
    return len(words) <= _LONGEST_MISSING and words.casefold() in _MISSING


def number(value: object) -> int | None:
    """The whole number that ``value`` is or writes (2, 2.0, "２", "2.0"); None where it is none."""
    if isinstance(value, str):
        words = unicodedata.normalize("NFKC", value) if value and value[-1].isdigit() else ""
        return int(float(words)) if _NUMBER.fullmatch(words) and not set(value) & _NUMBERS.keys() else None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    return int(value) if math.isfinite(value) and value % 1 == 0 else None


def numbers(words: str) -> tuple[int, ...] | None:
    """The whole numbers that ``words`` writes, one or several (1,3); None where it is anything else."""
    found = [number(part) for part in _SOME_NUMBERS.split(words) if part]
    whole = tuple(one for one in found if one is not None)
    return whole if whole and len(whole) == len(found) else None


def ordinal(words: str) -> int | None:
    """Which one ``words`` says, counted from 1: 第二项, ②, Ⅱ, 二, II; None where it says none. A lone letter is a letter."""
    if words in _NUMBERS:
        return _NUMBERS[words]
    if words in HAN and len(words) == 1:
        return HAN.index(words) + 1
    if len(words) > 1 and words in ROMAN:
        return ROMAN.index(words) + 1
    found = _ORDINAL.fullmatch(words)
    return None if found is None else HAN.index(found[1]) + 1 if found[1] in HAN else int(found[1])


def ordinals(words: str) -> tuple[int, ...] | None:
    """Which ones ``words`` says, each as ``ordinal`` (①③, ①、③, 第一项和第三项); None where it says anything else."""
    parts = list(words) if set(words) <= _NUMBERS.keys() else [one for one in _LABELS.split(words) if one]
    found = [ordinal(part) for part in parts]
    whole = tuple(one for one in found if one is not None)
    return whole if whole and len(whole) == len(found) else None


def has_numeral(text: str) -> bool:
    """Whether there is a circled or Roman numeral in it."""
    return not _NUMBERS.keys().isdisjoint(text)


def undressed(words: str) -> Iterator[str]:
    """``words``, then with one piece after the other taken off that is said around a label: 答案：, 选, 项, brackets, full stops."""
    bare = trim(words)
    while bare:
        yield bare
        boxed = _BOXED.fullmatch(bare)
        if boxed is not None:
            less = boxed[1]
        elif len(bare) > 2 and bare[0] + bare[-1] in _PAIRS:  # noqa: PLR2004
            less = bare[1:-1]
        else:
            before = _BEFORE.match(bare)
            less = bare[before.end() :] if before is not None else _BEHIND.sub("", bare)
        if (less := trim(less)) == bare:
            return
        bare = less


def only_said_behind(words: str) -> bool:
    """Whether ``words`` is nothing but what is said behind a label: 项, 正确."""
    return _BEHIND.fullmatch(words) is not None


def several(labels: Mapping[str, str], words: str) -> set[str] | None:
    """The labels that ``words`` lists, two or more (A、C, AC, ac, (A)(C)); ``labels`` by their normal form. None where it lists none.

    Letters with nothing between them are in order and of one case: BAD is a word. A full stop is between capitals only: a.c.
    """
    parts = [part for part in _LABELS.split(words) if part]
    if len(parts) == 1:
        plain = unicodedata.normalize("NFKC", parts[0])
        if "." in plain and plain == plain.upper():
            parts = [part for part in plain.split(".") if part]
        else:
            parts = list(plain)
            in_order = parts in (sorted(parts), [one for one in labels if one in parts])
            if not in_order or plain not in (plain.upper(), plain.lower()):
                return None
    else:
        parts = [part.strip(".．") for part in parts]
    found = [labels.get(folded(part)) for part in parts]
    right = {label for label in found if label is not None}
    return right if len(right) == len(found) > 1 else None


def divided(words: str, separators: Iterable[str]) -> Iterator[list[str]]:
    """``words`` cut at each of ``separators``, where that gives two or more parts none of which is empty."""
    for separator in separators:
        parts = [trim(part) for part in re.split(f"(?:{re.escape(separator)})+", words)]
        while parts and not parts[-1]:
            parts.pop()
        if len(parts) > 1 and all(parts):
            yield parts


def written(value: object) -> str | None:
    """A text as it is, a number or a truth value as JSON and tables write it; None for anything else.

    A number of a type of its own is shown otherwise than it is: that one is none.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if type(value) is int:
        return str(value)
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    if type(value) is float:
        return repr(value) if math.isfinite(value) else "" if math.isnan(value) else None
    return None
