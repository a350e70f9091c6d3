"""Texts that people write or export questions as: 问：/答：, turns, exam banks, Aiken, GIFT, Anki; each question becomes a row."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, Literal, TypeAlias

from wizard.data.files import tables
from wizard.data.files.container import Form
from wizard.data.files.damage import why_not_decoded
from wizard.data.files.text import Page
from wizard.data.findings import Finding, Rule, quoted
from wizard.data.record import Where, trim
from wizard.data.shapes import aside, gift, header
from wizard.data.shapes.roles import role_of
from wizard.locale import N_

CLOZE = Rule(
    "CLOZE",
    "error",
    N_("The card has gaps to fill in, and no question: {text}."),
    N_("Write it as a question and its answer, or leave it out."),
    why=N_("A text with gaps asks nothing, and what stands in a gap is no answer without it."),
    bad="#separator:tab\nThe {{c1::heart}} pumps blood.\t\n",
    good="#separator:tab\nWhat pumps blood?\tThe heart.\n",
    name="cards.txt",
)
BEFORE_FIRST = Rule(
    "BEFORE_FIRST",
    "warning",
    N_("The line stands before the first question, and is not sent: “{text}”."),
    N_("Nothing to do where it is a title; else begin the question as the others do."),
    why=N_(
        "A question that isn't recognised as one would be missing from the training without anyone noticing."
    ),
    bad="Sums for beginners\nQ: 2 + 3 = ?\nA: 5\n",
    good="Q: 2 + 3 = ?\nA: 5\n",
    name="rows.txt",
)
TURNS_NOT_PARTED = Rule(
    "TURNS_NOT_PARTED",
    "error",
    N_("Nothing tells where one conversation ends and the next begins."),
    N_("Put a line of --- between conversations, or a blank line there and none between the turns of one."),
    why=N_("Two conversations taken for one would teach the model to answer what nobody asked."),
    bad="User: 2 + 3 = ?\n\nAssistant: 5\n\nUser: 3 + 4 = ?\n\nAssistant: 7\n",
    good="User: 2 + 3 = ?\nAssistant: 5\n\nUser: 3 + 4 = ?\nAssistant: 7\n",
    name="rows.txt",
)

Line: TypeAlias = tuple[int, str] | Finding
Row: TypeAlias = tuple[int, dict[str, Any] | Finding]

_LABEL = re.compile(
    r"[ \t　]*(?:[-*>#]{1,6} )?(?:\d{1,5}[.、．)）][ \t]*)?(?:\*\*|__)?[【\[〔(（]?([^\s:：\]】〕)）*][^:：\n\]】〕)）*]{0,19}?)"
    r"(?:[\]】〕)）][ \t]*[:：]?|[ \t]*[:：])(?:\*\*|__)?[ \t]*[:：]?[ \t]*(.*)",
    re.DOTALL,
)
_ASKS = re.compile(
    r"(?:问|问题|提问|题目|問|問題|提問|q|question|prompt|ask|instruction)[ .]?(?:[0-9]{1,5}|[一二三四五六七八九十百]{1,4})?"
)
_REPLIES = re.compile(
    r"(?:答|回答|答案|答复|回复|解答|a|answer|reply|response|output|completion)[ .]?(?:[0-9]{1,5}|[一二三四五六七八九十百]{1,4})?"
)
_PART = re.compile(r"\s*(?:-{3,}|={3,}|\*{3,}|_{3,}|#{3,}|—{2,})\s*")
_NUMBER = re.compile(
    r"\s*(?:第\s*(\d{1,5})\s*题|[(（]?(\d{1,5})\s*[.、．)）:：](?!\d))\s*[:：.、]?\s*(.*)", re.DOTALL
)
_OPTION = re.compile(r"\s*[(（]?([A-Ja-jＡ-Ｊ])\s*[.、．)）:：]\s*(.+)", re.DOTALL)
_NEXT_OPTION = re.compile(r"(?:[ \t　]+|(?<=[;；]))(?=[(（]?[B-JＢ-Ｊ]\s*[.、．)）:：])")
_ANSWER = re.compile(
    r"\s*[【\[]?(?:正确答案|参考答案|标准答案|答案|正確答案|參考答案|Correct answer|ANSWER|Answer|Ans)[\]】]?\s*[:：]?\s*(.*)",
    re.DOTALL | re.IGNORECASE,
)
_NOTE = re.compile(
    r"\s*[【\[]?(答案解析|试题解析|解析|題解|详解|分析|难度|难易度|章节|知识点|考点|分类|题型|分值|标签|来源|出处|Explanation|Rationale|Difficulty|Feedback)"
    r"[\]】]?\s*[:：]\s*(.*)|\s*【(解析|难度|章节|知识点|考点|分类|题型|分值)】\s*(.*)",
    re.DOTALL | re.IGNORECASE,
)
_SECTION = re.compile(r"\s*[一二三四五六七八九十]{1,3}\s*[、.．]\s*(\S{0,12}题.*)")
_SHORT = re.compile(r"[A-Ja-jＡ-Ｊ,，、;； ]{1,20}|对|错|正确|错误|√|×|T|F|True|False", re.IGNORECASE)
_ANKI = re.compile(r"#(separator|html|columns|tags|notetype|deck|guid)\b[^:\n]*:")
_SEPARATORS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " ", "colon": ":"}
_LOG = re.compile(
    r"\s*(?:\S{1,30}\s+)?\d{4}[-/年.]\d{1,2}[-/月.]\d{1,2}日?\s+(?:上午|下午|晚上)?\s*\d{1,2}:\d{2}(?::\d{2})?(?:\s+\S.{0,40})?"
)
_WHATSAPP = re.compile(
    r"\u200e?\[?\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4},?\s+\d{1,2}:\d{2}(?::\d{2})?(?:\s?[AaPp]\.?[Mm]\.?)?\]?(?:\s-)?\s[^:\[\]]{1,60}:\s"
)
_TELLS_MORE = re.compile(
    r"[?？_]|[（(]\s*[)）]|病例|案例|案情|患者|病人|材料|阅读|根据|资料|已知|\b(?:case|passage|patient|read)\b",
    re.IGNORECASE,
)
_LONGEST_NOTE = 40
_SEVERAL = 2
_LOOKED = 400  # lines


def form_of(head: bytes) -> Form | Literal[""]:  # noqa: PLR0911 - one return a form
    """The form that a text has by its first lines; "" for what is no such text."""
    lines = [line for line in head.decode("utf-8", "replace").split("\n")[:_LOOKED] if line.strip()]
    if not lines:
        return ""
    if _ANKI.match(lines[0]):
        return "anki"
    if gift.begins(lines):
        return "gift"
    answers = [line for line in lines if _ANSWER.fullmatch(line)]
    if answers and any(_OPTION.fullmatch(line) for line in lines):
        return "bank"
    said = [who for line in lines if (who := _who(line)[0])]
    if {"asks", "replies"} <= set(said):
        return "pairs"
    if said[:1] in (["user"], ["system"]) and "assistant" in said and _who(lines[0])[0]:
        return "turns"
    return "bank" if answers and any(_NUMBER.fullmatch(line) for line in lines) else ""


def chat_export(head: bytes) -> str:
    """The program from which a text of messages was exported, "" where it is none."""
    lines = head.decode("utf-8", "replace").split("\n")[:_LOOKED]
    if sum(_WHATSAPP.match(line) is not None for line in lines) >= _SEVERAL:
        return "WhatsApp"
    return (
        "WeChat / QQ" if sum(_LOG.fullmatch(line.rstrip()) is not None for line in lines) >= _SEVERAL else ""
    )


def rows(form: str, pages: Iterator[Page], head: bytes, file: str) -> Iterator[Row]:
    """(first line, a question and its parts by name) for each question, and what is wrong, in order of the lines."""
    if form == "anki":
        yield from _cards(pages, head, file)
        return
    if form == "turns" and (line := _not_parted(head)):
        yield line, TURNS_NOT_PARTED.at(Where(file, line))
        return
    make: dict[str, Callable[[Iterator[tuple[int, str]], str], Iterator[Row]]] = {
        "pairs": _pairs, "turns": _turns, "bank": _bank, "gift": gift.questions,
    }  # fmt: skip
    faults: list[Finding] = []
    for number, row in make[form](_lines(pages, file, faults), file):
        yield from ((found.where.line, found) for found in faults)
        faults.clear()
        yield number, row
    yield from ((found.where.line, found) for found in faults)


def _lines(pages: Iterator[Page], file: str, faults: list[Finding]) -> Iterator[tuple[int, str]]:
    for first, some in pages:
        for number, raw in enumerate(some, first):
            try:
                yield number, raw.decode().rstrip("\r")
            except UnicodeDecodeError:
                faults.append(why_not_decoded(raw, Where(file, number)))


def _who(line: str) -> tuple[str, str]:
    """(asks, replies, user, assistant, system or "", the rest of the line) by the word before a colon or in brackets."""
    found = _LABEL.fullmatch(line)
    if found is None:
        return "", line
    word = found[1].casefold().strip()
    if _ASKS.fullmatch(word):
        return "asks", found[2]
    if _REPLIES.fullmatch(word):
        return "replies", found[2]
    role = role_of(word)
    return (role, found[2]) if role in ("user", "assistant", "system") else ("", line)


def _pairs(lines: Iterator[tuple[int, str]], file: str) -> Iterator[Row]:
    """A question behind 问 or Q, and its answer behind 答 or A, each over as many lines as there are.

    A title below which nothing of the answer follows is the next questions', and told.
    """
    begun = 0
    said: dict[str, list[str]] = {}
    part = ""
    heads: list[tuple[int, str]] = []
    for number, line in lines:
        who, rest = _who(line)
        if who == "asks":
            if begun:
                yield begun, _pair(said)
            yield from _passed(heads, file)
            heads = []
            begun, said, part = number, {"问题": [rest]}, "问题"
        elif _PART.fullmatch(line):
            continue
        elif begun and part == "回答" and who != "replies" and _heads(line, said[part], heads):
            heads.append((number, line))
        elif begun:
            said[part] += [words for _number, words in heads]
            heads = []
            part = "回答" if who == "replies" else part
            said.setdefault(part, []).append(rest if who == "replies" else line)
        elif line.strip():
            yield number, BEFORE_FIRST.at(Where(file, number), text=quoted(trim(line)))
    if begun:
        yield begun, _pair(said)
    yield from _passed(heads, file)


def _heads(line: str, said: list[str], heads: list[tuple[int, str]]) -> bool:
    """Whether ``line`` may head what follows: a title behind a blank line, or a blank line behind such titles."""
    before = heads[-1][1] if heads else said[-1]
    return bool(heads) if not line.strip() else not before.strip() and header.heads(trim(line))


def _passed(heads: list[tuple[int, str]], file: str) -> Iterator[Row]:
    for number, line in heads:
        if line.strip():
            yield number, aside.NOT_A_ROW.at(Where(file, number), cells=quoted(trim(line)))


def _pair(said: dict[str, list[str]]) -> dict[str, Any]:
    return {name: trim("\n".join(said.get(name, ()))) for name in ("问题", "回答")}


def _turns(lines: Iterator[tuple[int, str]], _file: str) -> Iterator[Row]:
    """Conversations: a blank line or one of dashes parts them."""
    begun = 0
    parted = False
    turns: list[dict[str, str]] = []
    for number, line in lines:
        who, rest = _who(line)
        if turns and (_PART.fullmatch(line) or (parted and who in ("user", "system"))):
            yield begun, _conversation(turns)
            turns = []
        parted = not line.strip()
        if _PART.fullmatch(line):
            continue
        if who in ("user", "assistant", "system"):
            begun = begun if turns else number
            turns.append({"role": who, "content": rest})
        elif turns:
            turns[-1]["content"] += f"\n{line}"
    if turns:
        yield begun, _conversation(turns)


def _conversation(turns: list[dict[str, str]]) -> dict[str, Any]:
    said: list[dict[str, str]] = []
    for turn in turns:
        words = trim(turn["content"])
        if said and said[-1]["role"] == turn["role"]:
            said[-1]["content"] += f"\n{words}"
        else:
            said.append({"role": turn["role"], "content": words})
    row: dict[str, Any] = {"messages": said}
    if len(said) > _SEVERAL and said[-1]["role"] == "user":
        row["unanswered"] = said.pop()["content"]
    return row


def _not_parted(head: bytes) -> int:
    """The line that shows that blank lines part the turns, too, where nothing else parts conversations; 0 where none does."""
    lines = head.decode("utf-8", "replace").split("\n")
    if any(_PART.fullmatch(line) for line in lines):
        return 0
    asked = sum(_who(line)[0] == "user" for line in lines)
    pairs = pairwise(lines)
    shows = (
        at
        for at, (before, line) in enumerate(pairs, 2)
        if not before.strip() and _who(line)[0] == "assistant"
    )
    return next(shows, 0) if asked > 1 else 0


class _Question:
    """A question of an exam bank under way."""

    def __init__(self, begun: int) -> None:
        self.begun = begun
        self.row: dict[str, Any] = {}
        self.part = "题目"

    @property
    def answered(self) -> bool:
        return "答案" in self.row

    @property
    def ended(self) -> bool:
        """Whether a line that begins nothing is the next question's: what it has for an answer goes over no more lines."""
        return self.part == "答案" and _SHORT.fullmatch(self.row["答案"]) is not None

    @property
    def note(self) -> bool:
        """Whether it may be no question: short lines without a number that ask nothing, with nothing behind them yet."""
        words = self.row.get("题目", "")
        return (
            self.row.keys() == {"题目"}
            and not _TELLS_MORE.search(words)
            and max(map(len, words.split("\n"))) <= _LONGEST_NOTE
        )

    def told(self, file: str) -> Row:
        return self.begun, aside.NOT_A_ROW.at(
            Where(file, self.begun), cells=quoted(" | ".join(self.row["题目"].split("\n")))
        )

    def add(self, part: str, words: str) -> None:
        self.part = part
        before = self.row.get(part, "")
        self.row[part] = f"{before}\n{words}" if before else words

    def made(self, section: str) -> dict[str, Any]:
        row = {name: trim(words) for name, words in self.row.items()}
        return {"题目": "", **row, "答案": row.get("答案", "")} | (
            {"题型": section} if section and "题型" not in row else {}
        )


def _bank(lines: Iterator[tuple[int, str]], file: str) -> Iterator[Row]:
    """Questions with their options, a line or several to a line, and a line with the answer; Aiken and 考试宝 write so.

    Short lines between blank ones that have neither are a title or a note, and told.
    """
    one: _Question | None = None
    section = ""
    blank = False
    for number, line in lines:
        if not line.strip():
            blank = True
            continue
        numbered, option = _NUMBER.fullmatch(line), _OPTION.fullmatch(line)
        title = _SECTION.fullmatch(line)
        named = _NOTE.fullmatch(line) or _ANSWER.fullmatch(line)
        begins = (
            one is None
            or (one.answered and not named and (numbered or title or blank or one.ended))
            or bool(title)
        )
        if one is not None and one.note and not option and not named and (blank or numbered or title):
            yield one.told(file)
            one = None
        elif begins and one is not None:
            yield one.begun, one.made(section)
            one = None
        blank = False
        if title is not None:
            section = trim(title[1])
        elif one is None or (numbered and not one.row):
            one = _Question(number)
            if numbered:
                one.add("题号", numbered[1] or numbered[2])
            one.add("题目", numbered[3] if numbered else line)
        else:
            _continue(one, line, option)
    if one is not None:
        yield (
            one.told(file)
            if one.note and header.heads(trim(one.row["题目"]))
            else (one.begun, one.made(section))
        )


def _continue(one: _Question, line: str, option: re.Match[str] | None) -> None:
    """Add a line that belongs to a question to the part that it is of."""
    if note := _NOTE.fullmatch(line):
        one.add(note[1] or note[3], note[2] if note[1] else note[4])
    elif answer := _ANSWER.fullmatch(line):
        one.add("答案", answer[1])
    elif option and not one.answered:
        for piece in _NEXT_OPTION.split(line):
            if found := _OPTION.fullmatch(piece):
                one.add(chr(ord(found[1]) - 0xFEE0) if found[1] > "z" else found[1].upper(), found[2])
    else:
        one.add(one.part, line)


def _cards(pages: Iterator[Page], head: bytes, file: str) -> Iterator[Row]:
    """Anki's text: lines that say how it is written, then a card a row."""
    said: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").split("\n"):
        if not line.startswith("#"):
            break
        name, _colon, value = line[1:].partition(":")
        said[name.strip().casefold()] = value.strip("\r")
    separator = _SEPARATORS.get(
        said.get("separator", "tab").strip().casefold(), said.get("separator", "\t")[:1]
    )
    aside = {
        int(said[f"{name} column"]): name
        for name in ("tags", "notetype", "deck", "guid")
        if said.get(f"{name} column", "").strip().isdecimal()
    }
    given = said["columns"].split(separator) if "columns" in said else []
    for found in tables.rows(_without_comments(pages), file, separator):
        if isinstance(found, Finding):
            yield found.where.line, found
            continue
        number, cells = found
        if said.get("html", "").strip().casefold() == "true":
            cells = [_plain(cell) for cell in cells]
        names = iter(("question", "answer"))
        row = {
            aside.get(at)
            or next(names, None)
            or (trim(given[at - 1]) if at <= len(given) else f"column {at}"): cell
            for at, cell in enumerate(cells, 1)
        }
        gap = next((cell for cell in cells if re.search(r"\{\{c\d+::", cell)), None)
        yield number, row if gap is None else CLOZE.at(Where(file, number), text=quoted(gap))


def _without_comments(pages: Iterator[Page]) -> Iterator[Page]:
    for first, some in pages:
        yield first, [b"" if raw.startswith(b"#") else raw for raw in some]


def _plain(cell: str) -> str:
    """A cell's words without the marks of HTML, but for pictures: those are for the checks to name."""
    broken = re.sub(r"(?i)<br\s*/?>|</(?:div|p|li|tr)>", "\n", cell)
    return trim(html.unescape(re.sub(r"(?i)<(?!img\b)/?[a-z][^<>]*>", "", broken)).replace("\xa0", " "))
