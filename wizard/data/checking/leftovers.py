"""What stands in a row though nobody meant it to be trained: unfilled templates, markup, placeholders, the answer in its question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from wizard.data.checking.questions import NEEDS_PICTURE
from wizard.data.findings import Finding, Rule, quoted
from wizard.data.identity import Asked
from wizard.data.record import Chat, MultipleChoice, Preference, Record, Where, trim
from wizard.locale import N_

NOT_FILLED_IN = Rule(
    "NOT_FILLED_IN",
    "warning",
    N_("A template was not filled in: “{words}”."),
    N_("Put in what belongs there, or leave the row out."),
    why=N_("The model would learn to write the braces and the name between them."),
    bad='{"instruction": "Who are you?", "output": "I am {{name}}."}',
    good='{"instruction": "Who are you?", "output": "I am a helper."}',
)
TEMPLATE_TOKEN = Rule(
    "TEMPLATE_TOKEN",
    "warning",
    N_("The text holds a sign of a chat template, “{words}”, which the platform puts in itself."),
    N_("Take such signs out of the texts."),
    why=N_(
        "Such signs tell a model where a turn begins and ends. Inside a text they are there twice, and an answer may break off at them."
    ),
    bad='{"instruction": "2 + 3 = ?", "output": "5<|im_end|>"}',
    good='{"instruction": "2 + 3 = ?", "output": "5"}',
)
MARKUP = Rule(
    "MARKUP",
    "warning",
    N_("The text holds markup of a web page: “{words}”."),
    N_("Take it out, unless the model shall write such markup."),
    why=N_("The model learns each character, and would answer with tags and entities, too."),
    bad='{"instruction": "2 + 3 = ?", "output": "<p>5&nbsp;</p>"}',
    good='{"instruction": "2 + 3 = ?", "output": "5"}',
)
LINE_END_WRITTEN = Rule(
    "LINE_END_WRITTEN",
    "warning",
    N_("The text holds a backslash and an n where a line end was meant, near “{near}”."),
    N_("Put real line ends in their place."),
    why=N_("The model would learn to write these two characters instead of beginning a line."),
    bad='{"instruction": "Count.", "output": "One.\\\\nTwo."}',
    good='{"instruction": "Count.", "output": "One.\\nTwo."}',
)
MISSING_VALUE = Rule(
    "MISSING_VALUE",
    "warning",
    N_("A text is only “{words}”, which programs write where a value is missing."),
    N_("Put in what belongs there, or leave the row out."),
    why=N_("The model would learn this word as an answer or an option."),
    bad='{"instruction": "2 + 3 = ?", "output": "nan"}',
    good='{"instruction": "2 + 3 = ?", "output": "5"}',
)
PLACEHOLDER = Rule(
    "PLACEHOLDER",
    "warning",
    N_("“{words}” stands in the place of a text."),
    N_("Put in what belongs there, or leave the row out."),
    why=N_(
        "“See the explanation”, a withdrawn message or “[voice]” is nothing that could be learned from, but would be learned."
    ),
    bad='{"instruction": "2 + 3 = ?", "output": "TODO"}',
    good='{"instruction": "2 + 3 = ?", "output": "5"}',
)
ANSWER_IN_QUESTION = Rule(
    "ANSWER_IN_QUESTION",
    "warning",
    N_("The answer stands in the question's bracket already: “{words}”."),
    N_("Empty the bracket."),
    why=N_("The model would learn to copy the letter, and not to answer."),
    bad='{"question": "2 + 3 = (A).", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}',
    good='{"question": "2 + 3 = ( ).", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}',
)
LETTER_ALONE = Rule(
    "LETTER_ALONE",
    "warning",
    N_("The answer is only “{words}”, and the question has no options."),
    N_("Give the options too, or write the answer in words."),
    why=N_("Without the options a letter means nothing; the model would learn to guess letters."),
    bad='{"instruction": "2 + 3 = ?", "output": "A"}',
    good='{"instruction": "2 + 3 = ?", "output": "5"}',
)
SAME_ANSWERS = Rule(
    "SAME_ANSWERS",
    "warning",
    N_("“chosen” and “rejected” are the same text."),
    N_("Correct one of them, or leave the row out."),
    why=N_("DPO learns from the difference between the two; here there is none."),
    bad='{"prompt": "2 + 3 = ?", "chosen": "5", "rejected": "5"}',
    good='{"prompt": "2 + 3 = ?", "chosen": "5", "rejected": "6"}',
)

_OF_FORMS = (
    "姓名|名字|昵称|电话|手机号|联系方式|地址|日期|时间|公司名|产品名|商品名|订单号|单号|金额|链接|网址"
)
_TO_FILL = rf"(?:请?填写|请输入|此处|(?:您的|你的|对方|客户|用户)?(?:{_OF_FORMS}))"
# In programs “${name}” is meant; in a formula a power, an index or the closing sign follows.
_FIELD = re.compile(
    r"\{\{\s*[\w.\- ]{1,40}\s*\}\}|\$\{\s*[^\W\d][\w.]{1,40}\s*\}(?![$^_])"
    rf"|(?<=\S)[【\[<]{_TO_FILL}[^】\]>\n]{{0,8}}[】\]>](?![:：(（])|(?<![^\n])<请?填写[^>\n]{{0,12}}>"
    r"|X{2,4}[路号街楼室年月日元]|\*{3,4}-\*{3,8}"
)
_TOKEN = re.compile(
    r"(?:^|\n)(?:\#{2,3} ?(?:Instruction|Input|Response|Human|Assistant)|Human|Assistant)[:：]|"
    r"<[|｜][\w▁]{1,30}[|｜]>|</?s>|\[/?INST\]|<</?SYS>>|<(?:bos|eos|pad|unk|mask|start_of_turn|end_of_turn)>|\[(?:CLS|SEP|PAD|UNK|MASK)\]"
)
_AT_MEDIA = r"//[^\s\"\\]{1,400}?\.(?i:png|jpe?g|gif|webp|bmp|svg|mp3|wav|mp4)"
_PICTURE = re.compile(
    r"<(?:img|image|video|audio)\b[^<>]{0,400}>|!\[[^\]\n]{0,80}\]\("
    rf"|(?:^|\n)(?:(?:答案是 )?[A-J]\. )?https?:{_AT_MEDIA}(?:\?[^\s]{{0,400}})?(?=\n|$)"
)
_MARKUP = re.compile(
    r"</?(?:p|br|div|span|b|i|u|em|strong|small|sub|sup|table|thead|tbody|tr|td|th|ul|ol|li|dl|dt|dd|a|font|center|h[1-6]|hr|pre|code"
    r"|blockquote|section|article|label|input|button|script|style|o:p)(?:\s[^<>]{0,400})?/?>"
    r"|&(?:nbsp|lt|gt|amp|quot|apos|[lr][ds]quo|hellip|[mn]dash|middot|times|divide|deg|plusmn|alpha|beta|gamma|mu|le|ge|#[0-9]{1,6}"
    r"|#[xX][0-9A-Fa-f]{1,5});",
    re.IGNORECASE,
)  # fmt: skip
# LaTeX has commands that begin with an n; and in programs a line end stands before a quote.
_LINE_END = re.compile(
    r"(?<!\\)\\(?:r\\n|n(?!(?:abla|atural|cong|e|earrow|eg|eq|ewline|ewcommand|exists|geq|gtr|i|leq|less|mid|olimits|onumber|orm"
    r"|ormalsize|ot|otin|oindent|parallel|prec|rightarrow|leftarrow|sim|subset|subseteq|succ|supseteq|u|warrow)(?![a-z])|[\"']))"
)
_SENT_OTHERWISE = "语音|图片|表情|视频|文件|位置|动画表情|链接|名片|红包|转账|音乐|聊天记录|小程序|通话时长|voice|image|picture|sticker|photo|video"
_MESSENGER = re.compile(
    rf"[\[【](?:{_SENT_OTHERWISE})[^\]】\n]{{0,12}}[\]】]|撤回了一条消息|(?:^|\n)[【\[]?系统(?:提示|消息|通知)[】\]]?[:：]"
)
_BRACKET = re.compile(r"[（(]\s*([A-JＡ-Ｊ](?:[\s、,，]*[A-JＡ-Ｊ]){0,5})\s*[)）]")
BEGINS: Mapping[str, str] = {
    "{": r"\{",
    "<": rf"[A-Za-z\u017f\u212a/|｜<]|{_TO_FILL}",
    "&": "[#A-Za-z]",
    "!": r"\[",
    "[": rf"/?INST|CLS|SEP|PAD|UNK|MASK|{_SENT_OTHERWISE}|{_TO_FILL}",
    "【": f"{_SENT_OTHERWISE}|{_TO_FILL}",
    "$": r"\{",
    "X": "X{1,3}[路号街楼室年月日元]",
    "*": r"\*{2,3}-\*",
    "#": "#{1,2} ?(?:Instruction|Input|Response|Human|Assistant)",
    "H": "uman[:：]",
    "A": "ssistant[:：]",
    ":": _AT_MEDIA,
    "撤": "回了一条消息",
    "系": "统(?:提示|消息|通知)",
}
"""A character of all that ``marks`` finds by a pattern, and what follows it there: one of these is in each, and in little else."""
_LETTER = "[A-JＡ-Ｊ]"
IN_BRACKET = rf"\s*+(?:{_LETTER}(?:(?:[\s、,，]|\\n)*{_LETTER}){{0,5}}(?:\s|\\n)*[)）]|\\n)"
"""What follows a bracket in which ``in_bracket`` may find something, as it is written in JSON."""
_FULL_WIDTH = ord("Ａ") - ord("A")


def _spelled(words: Iterable[str]) -> frozenset[str]:
    """Each of ``words`` as it may be written: its case, with a full stop, in brackets."""
    cased = {form for word in words for form in (word, word.lower(), word.upper(), word.capitalize())}
    return frozenset(
        around.format(form)
        for form in cased
        for around in ("{}", "{}。", "{}.", "[{}]", "【{}】", "（{}）", "({})")
    )


MISSING = frozenset(
    (
        *("nan", "NaN", "NAN", "null", "NULL", "Null", "<NA>", "NaT", "undefined", "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!"),
        *("#NUM!", "#NULL!"),
    )
)  # fmt: skip
"""Texts that are only this."""
PLACEHOLDERS = _spelled(
    (
        *("无", "略", "见解析", "详见解析", "见答案", "见上", "见下", "见图", "见附件", "详见附件", "见附表", "详见附表", "见附录", "同上", "同前", "待补充", "待补", "待定", "待完善", "暂无"),
        *("暂无答案", "暂无解析", "无答案", "没有答案", "空", "未填", "省略", "参考解析", "见教材", "None", "N/A", "NA", "TODO", "TBD", "XXX", "-"),
        *("—", "——", "/", "##", "###", "####", "**", "***", "****", "---", "…", "……", "...", "？", "?", "???", "see above", "see below", "same as above", "omitted", "placeholder", "no answer"),
    )
)  # fmt: skip
"""Questions and answers that are only this."""
NO_INPUT = frozenset(
    ("<noinput>", "<Noinput>", "<no input>", "Noinput", "noinput", "No input", "no input", "无", "无输入", "N/A", "n/a", "None", "none", "nan", "NaN")
)  # fmt: skip
"""The last line of what is asked, where an input was left empty in words."""
NO_INPUT_ENDS = tuple(f"\n{words}" for words in NO_INPUT)
_SETS = [
    "".join(some)
    for count in (1, 2, 3, 4)
    for some in combinations("ABCDEF" if count > 1 else "ABCDEFGHIJ", count)
]
LETTERS = frozenset(
    form for one in (*_SETS, *map(str.lower, _SETS[:10])) for form in (one, f"{one}.", f"{one}。", f"（{one}）", f"({one})")
)  # fmt: skip
"""Answers that are only letters."""


def marks(parts: Sequence[str], where: Where) -> Iterator[Finding]:
    """What no text of a row should hold, each kind once."""
    text = "\n".join(parts)
    open_ = "{" in text or "【" in text or "[" in text or "<" in text or "X" in text or "**-" in text
    found = _FIELD.search(text) if open_ else None
    if found is not None and not ("```" in text and found[0].startswith("$")):
        yield NOT_FILLED_IN.at(where, words=quoted(found[0]))
    spoken = "#" in text or "Human" in text or "Assistant" in text
    if (spoken or "<" in text or "[" in text) and (found := _TOKEN.search(text)) is not None:
        yield TEMPLATE_TOKEN.at(where, words=quoted(found[0].lstrip("\n")))
    shows = "<" in text or "![" in text or "://" in text
    if shows and (found := _PICTURE.search(text)) is not None:
        yield NEEDS_PICTURE.at(where, words=quoted(found[0].lstrip("\n")))
    if ("<" in text or "&" in text) and (found := _MARKUP.search(text)) is not None:
        yield MARKUP.at(where, words=quoted(found[0]))
    if "\\" in text and (found := _LINE_END.search(text)) is not None:
        yield LINE_END_WRITTEN.at(where, near=quoted(text[max(0, found.start() - 8) : found.end() + 8]))
    of_messenger = "[" in text or "【" in text or "撤回" in text or "系统" in text
    if of_messenger and (found := _MESSENGER.search(text)) is not None:
        yield PLACEHOLDER.at(where, words=quoted(found[0].strip()))
    if not MISSING.isdisjoint(parts):
        yield MISSING_VALUE.at(where, words=next(part for part in parts if part in MISSING))


def meant(record: Record, asked: Asked, where: Where) -> Iterator[Finding]:
    """What a row's question and answer have to be to teach something."""
    if isinstance(record, Preference) and trim(record.chosen.content) == trim(record.rejected.content):
        yield SAME_ANSWERS.at(where)
    without_input: list[str] = []
    if isinstance(record, MultipleChoice):
        told = [record.question]
    elif isinstance(record, Chat | Preference):
        turns = [(turn.role, trim(turn.content)) for turn in record.messages]
        told = [words for role, words in turns if role != "system"]
        told += [trim(record.chosen.content)] if isinstance(record, Preference) else []
        without_input = [words for role, words in turns if role == "user" and words.endswith(NO_INPUT_ENDS)]
    else:
        return
    if not PLACEHOLDERS.isdisjoint(told):
        yield PLACEHOLDER.at(where, words=quoted(next(words for words in told if words in PLACEHOLDERS)))
    elif without_input:
        yield PLACEHOLDER.at(where, words=quoted(without_input[0].rpartition("\n")[2]))
    if isinstance(record, Chat) and not asked.options and told[-1] in LETTERS:
        yield LETTER_ALONE.at(where, words=quoted(told[-1]))
    labels = (
        [label for label, _text in record.answers] if isinstance(record, MultipleChoice) else [asked.label]
    )
    if asked.options and (found := in_bracket(asked.stem, labels)):
        yield ANSWER_IN_QUESTION.at(where, words=quoted(found))


def in_bracket(stem: str, labels: Sequence[str]) -> str:
    """The bracket of ``stem`` in which exactly these ``labels`` stand, or ""."""
    for found in _BRACKET.finditer(stem):
        letters = {
            chr(ord(char) - _FULL_WIDTH) if char >= "Ａ" else char for char in found[1] if char.isalpha()
        }
        if letters == set(labels):
            return found[0]
    return ""
