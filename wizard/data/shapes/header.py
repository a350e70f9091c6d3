"""The names of a table's columns: which row holds them, what they are where none does, and which rows are no rows."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from wizard.data.shapes.plan import LABELS, option_column, plan
from wizard.data.shapes.talk import is_of_lines

_NAME_LIMIT = 40
_LETTERS = frozenset("ABCDEFGHIJabcdefghij")
_MOST_OPTIONS = 10
_LEAST_CELLS = 4
_SENTENCE = re.compile("[？?。！!，,；;：:…]")
_MOST_TITLES = 10
_PAIR = 2
_LONGEST_SUM = 12
_SUM = re.compile(
    r"(?:合\s*计|总\s*计|小\s*计|共计|总数|汇总|平均(?:分|值|数)?|(?:grand |sub)?total|sum|average)\s*[:：]?",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"[-+]?[0-9][0-9.,]*\s*[%题条个道行]?")
_ASIDE = re.compile(
    r"[（(【\[<*]?\s*(?:示例|样例|例子|例题|范例|填写示例|example|sample)[^）)】\]>]*(?:请勿删除|请删除|勿删|勿填|delete|remove)"
    r"|[（(【\[]\s*(?:示例|样例|范例|填写示例|example|sample)[^）)】\]]{0,20}[）)】\]]",
    re.IGNORECASE,
)
_WIDE = "，；｜、"
"""What a Chinese keyboard writes for the signs between cells."""
_WIDE_LINE = 400
_AUTHOR_CELLS = 2
_AUTHOR = re.compile(
    r"(?:制表|填表|填报|经办|汇总|提供|负责|制作|审核|统计|录入|校对|编制|出题|命题|复核|整理|打印|导出)(?:人|者|日期|时间|单位|部门)(?:签字|签名|签章|盖章)?\s*[:：]"
    r"|(?:prepared|compiled|reviewed|exported|generated|printed) (?:by|on|at)\s*:",
    re.IGNORECASE,
)
_ALONE = re.compile(
    r"[-—\s]*第\s*[0-9]{1,5}\s*页(?:[\s,，/]*共\s*[0-9]{1,5}\s*页)?[-—\s]*|page [0-9]{1,5}(?: of [0-9]{1,5})?"
    r"|共\s*(?:计\s*)?[0-9]{1,9}\s*[题条道个行](?:题|数据|记录)?[。.]?"
    r"|(?:合\s*计|总\s*计|小\s*计|共计|总数|(?:grand |sub)?total)\s*[:：]?\s*[0-9][0-9,]*\s*[题条道个行]?"
    r"|(?:制表|填表|填报|经办|汇总|提供|负责|制作|审核|统计|录入|校对|编制|出题|命题|复核|整理|打印|导出|签字|签名|盖章)\s*[:：][^？?]{0,40}"
    r"|[-—*=（(【\[\s]*(?:完|全文完|结束|正文结束|以下空白|(?:the )?end(?: of file)?|eof)[-—*=）)】\]\s。.]*",
    re.IGNORECASE,
)
"""What a line says that is neither a question nor a text, where it has no other cell."""
_HEADING = re.compile(
    r"第\s*(?:[0-9]{1,3}|[一二三四五六七八九十百]{1,4})\s*(?:章|节|部分|篇|单元|编|讲|模块)(?:[\s:：、.．-][^？?。]{0,30})?"
    r"|(?:chapter|section|part|unit) [0-9ivx]{1,4}(?:[\s:.-][^?]{0,40})?|#+\s[^？?]{0,200}",
    re.IGNORECASE,
)
"""The title of what follows: by itself in a row it may be a text to be trained."""
_SECTION = re.compile(
    r"(?:第\s*)?[（(]?[一二三四五六七八九十]{1,3}[）)]?\s*(?:部分|大题)?\s*[、.．:：]\s*[^？?。]{0,12}(?:题|题型|部分|类|篇)\s*(?:[（(【][^？?]{0,60})?[。:：]?|【[^】]{1,30}】"
)
"""The heading of the questions of one kind (一、单项选择题（每题2分）, 【考勤】)."""
_REMARK = re.compile(
    r"(?:以上|以下|上述)(?:所有|全部)?(?:题目|试题|内容|数据|资料|条目|问题|均由|由|均为|为)[^？?]{0,40}"
    r"|(?:注|备注|说明|注意|填写说明|使用说明|来源|数据来源|资料来源|出处|更新日期|更新时间|notes?|source)\s*[:：][^？?]{0,200}"
    r"|(?:本|此|该)(?:表|题库|试卷|卷|资料|文件|文档|页|套题)(?!的|中的)[^？?（(]{0,60}"
    r"|[^？?]{0,20}(?:仅供(?:内部|学习|参考)|内部资料|请勿外传|版权所有|翻印必究|最后更新|更新于|未完待续|续表|接下页|见下页)[^？?]{0,40}",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r":?[-=*_~#+—–─－＝＊]{3,}:?|…{2,}|—{2}|\.{6,}")
_LABEL = re.compile(r"[+-]?[0-9][0-9.,:/-]*|[（(]?[A-Ja-j][)）.]?")


def is_header(  # noqa: PLR0911 - one return a sign
    rows: Sequence[Sequence[Any]], named: Collection[str]
) -> bool | None:
    """Whether the first of a table's first ``rows`` holds names; None: it may, or be a row like the others.

    ``named`` are columns that the user speaks of.
    """
    if not rows:
        return True
    cells = ["" if cell is None else cell for cell in rows[0]]
    if any(cell in named for cell in cells if isinstance(cell, str)):
        return True
    if any(type(cell) is not str for cell in cells):
        return False
    if plan(tuple(names(cells))).shape:
        return True
    if _is_choice(rows):
        return False
    filled = [cell.strip() for cell in cells if cell.strip()]
    possible = (
        len(filled) >= len(cells) - (not cells[0].strip())
        and len(set(filled)) == len(filled)
        and all(len(cell) <= _NAME_LIMIT and not cell.replace(".", "").isdigit() for cell in filled)
    )
    if not possible and _heads_in_sentences(cells, rows[1:], named):
        return None
    return possible and (not rows[1:] or _stands_out(cells, rows[1:]) or None)


def _heads_in_sentences(first: Sequence[Any], rest: Sequence[Sequence[Any]], named: Collection[str]) -> bool:
    """Whether the ``first`` row may hold instructions as names: each cell is far longer than all below it."""
    if any(name.startswith("column ") for name in named) or not rest or len({*first}) < len(first):
        return False
    below = [
        max((len(str(row[at] or "")) for row in rest if at < len(row)), default=0) for at in range(len(first))
    ]
    return all(0 < longest * 2 <= len(cell) for cell, longest in zip(first, below, strict=True))


def known(rows: Sequence[Sequence[Any]], named: Collection[str]) -> bool:
    """Whether a table that begins with ``rows`` names its columns in words that are known, or that the user speaks of."""
    return place(rows, named) is not None


def place(rows: Sequence[Sequence[Any]], named: Collection[str]) -> int | None:
    """Which of a table's first ``rows`` names its columns in words that are known; None where none does.

    Rows above it are titles: they fill fewer cells than it and no more than half of them. Of a header over two rows it is
    the second, if that names more.
    """
    for at, cells in enumerate(rows[:_MOST_TITLES]):
        if _tells(cells, named) and all(_is_title(row, cells) for row in rows[:at]):
            below = rows[at + 1] if at + 1 < len(rows) else ()
            more = _tells(below, named) and len({*map(str, _filled(below))}) > len(_filled(cells))
            return at + more
    return None


def wide_delimiter(head: bytes, delimiter: str) -> str:
    """The full-width character between known names on a text's first line, where ``delimiter`` isn't there; else empty."""
    first = head.lstrip().partition(b"\n")[0].decode("utf-8", "replace").strip("\ufeff\r\n ")
    if delimiter in first or len(first) > _WIDE_LINE:
        return ""
    return next((one for one in _WIDE if one in first and known([first.split(one)], ())), "")


def is_label(cell: str) -> bool:
    """Whether a cell is no more than a figure or a letter."""
    return _LABEL.fullmatch(cell) is not None


def aside(cells: Sequence[Any], width: int) -> bool:
    """Whether a row of a table of ``width`` columns is surely none: an example to be deleted, a sum, a line, a chapter's title, or who made the table and when."""
    filled = _filled(cells)
    if not filled:
        return False
    first = str(filled[0]).strip()
    if len(filled) == 1 and (_ALONE.fullmatch(first) or (width > 1 and _is_note(first))):
        return True
    if width > 1 and all(_SEPARATOR.fullmatch(str(cell).strip()) for cell in filled):
        return True
    if len(first) <= _LONGEST_SUM and _SUM.fullmatch(first):
        return all(_FIGURE.fullmatch(str(cell).strip()) for cell in filled[1:])
    return _ASIDE.match(first) is not None or (
        len(filled) <= _AUTHOR_CELLS and _AUTHOR.match(first) is not None
    )


def heads(line: str) -> bool:
    """Whether a line by itself is a title, the end, a sum, a page, or who made it."""
    return bool(_ALONE.fullmatch(line) or _HEADING.fullmatch(line))


def _is_note(cell: str) -> bool:
    return any(one.fullmatch(cell) for one in (_HEADING, _SECTION, _REMARK))


def _tells(cells: Sequence[Any], named: Collection[str]) -> bool:
    filled = _filled(cells)
    if len(filled) < _PAIR or any(type(cell) is not str for cell in filled):
        return False
    if any(cell.strip() in named for cell in filled) or is_of_lines(filled):
        return True
    return plan(tuple(names(cells))).shape not in ("", "text")


def _is_title(cells: Sequence[Any], header: Sequence[Any]) -> bool:
    return len(_filled(cells)) <= len(_filled(header)) // 2


def _filled(cells: Sequence[Any]) -> list[Any]:
    return [cell for cell in cells if cell is not None and str(cell).strip()]


def _stands_out(first: Sequence[Any], rest: Sequence[Sequence[Any]]) -> bool:
    """Whether cells of the ``first`` row are of another kind than all those below them, as names are."""
    sentences = any(_SENTENCE.search(str(cell)) for cell in first)
    for at, name in enumerate(first):
        below = [str(row[at]).strip() for row in rest if at < len(row) and row[at] not in (None, "")]
        if not below or not name.strip():
            continue
        if not _LABEL.fullmatch(name.strip()) and all(map(_LABEL.fullmatch, below)):
            return True
        if name.isascii() and not any(map(str.isascii, below)):
            return True
        if not sentences and len(name.strip()) * 2 <= min(map(len, below)):
            return True
    return False


def names(cells: Sequence[Any], below: Sequence[Sequence[Any]] = ()) -> list[str]:
    """The names that a row of them gives; a column without one is called ``column 1``, ``column 2``… by its place.

    Of ``below``, the first rows, is told whether a name stands for the columns without one beside it, too.
    """
    found = _each_option(["" if cell is None else str(cell).strip() for cell in cells], below)
    return [name or unnamed(at) for at, name in enumerate(found, 1)]


def unnamed(place: int) -> str:
    """What a column without a name is called; ``place``: from 1."""
    return f"column {place}"


def over_two(upper: Sequence[Any], lower: Sequence[Any]) -> list[Any]:
    """The names of a header over two rows: the ``lower`` one's, and above columns where it has none the ``upper`` one's."""
    width = max(len(upper), len(lower))
    both = ([*row, *[None] * (width - len(row))] for row in (upper, lower))
    return [one if one not in (None, "") else other for other, one in zip(*both, strict=True)]


def _each_option(found: list[str], below: Sequence[Sequence[Any]]) -> list[str]:
    """Columns side by side that are all called “option”, or of which the first is and the rest by nothing, have the labels in their order."""
    own = [at for at, name in enumerate(found) if option_column(name, LABELS[0])]
    if len(own) == 1:
        end = next((at for at in range(own[0] + 1, len(found)) if found[at]), len(found))
        beside = range(own[0], end)
        full = [sum(at < len(row) and row[at] not in (None, "") for at in beside) for row in below]
        if full and sum(count >= _PAIR for count in full) * 2 > len(full):
            own = list(beside)
            found = [found[own[0]] if at in beside else name for at, name in enumerate(found)]
    alike = len({found[at] for at in own}) == 1 and own == list(range(own[0], own[0] + len(own)))
    if not alike or not _PAIR <= len(own) <= len(LABELS):
        return found
    return [option_column(name, LABELS[at - own[0]]) if at in own else name for at, name in enumerate(found)]


def numbered(rows: Sequence[Sequence[Any]], *, plainly: bool) -> list[str]:
    """The names of columns that have none: by their place, or a question's where every row ends in a letter.

    MMLU's files are such: question, four options, the letter of the right one.
    """
    if not plainly and _is_choice(rows) and not all(str(row[0]).strip().isdecimal() for row in rows):
        return ["question", *LABELS[: len(rows[0]) - 2], "answer"]
    return [f"column {at}" for at in range(1, max(map(len, rows), default=0) + 1)]


def _is_choice(rows: Sequence[Sequence[Any]]) -> bool:
    width = len(rows[0])
    return _LEAST_CELLS <= width <= _MOST_OPTIONS + 2 and all(
        len(row) == width and isinstance(row[-1], str) and row[-1].strip() in _LETTERS for row in rows
    )
