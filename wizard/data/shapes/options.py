"""The options of a question, in whatever shape they come, as texts by their labels. Nothing is stripped on a guess."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from wizard.data.findings import Finding, Rule, quoted
from wizard.data.record import Where, trim
from wizard.data.shapes import spelling
from wizard.data.shapes.fields import WRONG_TYPE, kind, text
from wizard.data.shapes.plan import LABELS
from wizard.locale import N_

TOO_FEW_OPTIONS = Rule(
    "TOO_FEW_OPTIONS",
    "error",
    N_("The number of options is {count}."),
    N_("A question needs at least two."),
    why=N_(
        "With fewer than two options there is nothing to choose between, so nothing about choosing can be learned."
    ),
    bad='{"question": "2 + 3 = ?", "options": {"A": "5"}, "answer_idx": "A"}',
    good='{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}',
)
BAD_LABEL = Rule(
    "BAD_LABEL",
    "error",
    N_("“{label}” can't label an option."),
    N_("Label the options with letters such as A, B, C, each different from the others."),
    why=N_(
        "The model answers with the label. One that is empty, too long or there twice can't be told apart in its answer."
    ),
    bad='{"question": "2 + 3 = ?", "options": {"A": "5", "A ": "6"}, "answer_idx": "A"}',
    good='{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}',
)
EMPTY_OPTION = Rule(
    "EMPTY_OPTION",
    "error",
    N_("Option {label} is empty."),
    N_("Correct the row, or leave it out."),
    why=N_(
        "The model would learn that an empty option can be chosen. Most often its text was lost on the way."
    ),
    bad='{"question": "2 + 3 = ?", "options": {"A": "5", "B": ""}, "answer_idx": "A"}',
    good='{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}',
)
OPTION_LABELS = Rule(
    "OPTION_LABELS",
    "error",
    N_("Some of the options begin with their label and some don't."),
    N_("Label all of them, or none."),
    why=N_(
        "Where only some options bring their label, it isn't sure whether the letters are labels or part of the texts. The answer's letter could end up at the wrong option."
    ),
    bad='{"question": "2 + 3 = ?", "options": ["A. 5", "B. 6", "7"], "answer": "A"}',
    good='{"question": "2 + 3 = ?", "options": ["A. 5", "B. 6", "C. 7"], "answer": "A"}',
)
OPTIONS_UNREADABLE = Rule(
    "OPTIONS_UNREADABLE",
    "error",
    N_("“{field}” can't be divided into options without doubt."),
    N_("Give the options as an object, as a list, or one a line with their labels."),
    why=N_("If the text were cut at the wrong place, the row would teach a wrong answer."),
    bad='{"question": "2 + 3 = ?", "options": "5 or 6", "answer_idx": "A"}',
    good='{"question": "2 + 3 = ?", "options": "A. 5\\nB. 6", "answer_idx": "A"}',
)
TOO_MANY_OPTIONS = Rule(
    "TOO_MANY_OPTIONS",
    "error",
    N_("The number of options is {count}."),
    N_("At most 26 are possible."),
    why=N_(
        "Options are labelled with the letters A to Z. So many of them are most often a list of something else, taken for options."
    ),
    bad='{"question": "2 + 3 = ?", "options": [⟦"№", ⟧×26"27"], "answer": "E"}',
    good='{"question": "2 + 3 = ?", "options": ["1", "2", "3", "4", "5"], "answer": "E"}',
)


_LABEL_LIMIT = 20
_LITERAL_LIMIT = 100_000  # characters
_LETTER = r"[A-Za-zＡ-Ｚａ-ｚ]"
_HAN = f"[{spelling.HAN}]"
# Between letters (A、B and A:B are no labels of B), behind an abbreviation's (a.c.), in a number (1.5, 1:00): no label ends there.
_LISTED = rf"(?!\s*{_LETTER}(?:\s*[、,，:：和与及+]\s*{_LETTER})*\s*$)"
_COUNTED = r"(?!\s*\d+\s*(?:[、,，;；和与及]|\n|$))"  # numbers only: 1、2、3
_MARK = (
    rf"(?:[（(\[【［]\s*({_LETTER}|\d{{1,2}}|{_HAN})\s*[)）\]】］][.．、:：]?"
    rf"|({_LETTER})(?:\s*(?:[)）]|[、:：]{_LISTED}|[.．](?!{_LETTER}))|(?<=[A-ZＡ-Ｚ])[.．](?=[A-Z][A-Za-z]))"
    rf"|(\d{{1,2}})(?:\s*(?:[)）]|[、]{_LISTED}{_COUNTED})|[.．](?!\d)|[:：](?!\s*\d))"
    rf"|({_HAN})[、.．](?!{_HAN}|[{spelling.NUMERAL}])"
    rf"|([{spelling.NUMERAL}])[.．:：]?(?!\s*[、,，和与及]?\s*[{spelling.NUMERAL}]))"
)
_LABELLED = re.compile(rf"\s*{_MARK}\s*")
_SPACED = re.compile(r"\s*()([A-Za-zＡ-Ｚａ-ｚ])[ \t\u3000]+")
_BETWEEN = ";；|｜、,，/$#┋"
_INSIDE = re.compile(rf"(?:(?<=[\s{_BETWEEN}])|^){_MARK}\s*")
_GLUED = re.compile(r"(?<![A-Za-zＡ-Ｚａ-ｚ])([A-ZＡ-Ｚ])[ \t]*([、.．:：)）])\s*")
_GLUED_LEAST = 3  # labels: of two the second may be a letter in the text (维生素B、)
_BLANK_TEXT = frozenset((".", "。", "．"))
_TEXT_FIELDS = (
    "text",
    "value",
    "content",
    "name",
    "title",
    "desc",
    "description",
    "内容",
    "文本",
    "answer",
    "",
)
_LABEL_FIELDS = (
    "label",
    "key",
    "id",
    "letter",
    "idx",
    "index",
    "code",
    "no",
    "prefix",
    "标号",
    "序号",
    "编号",
    "",
)
_RIGHT_FIELDS = ("iscorrect", "correct", "isright", "right", "isanswer", "answer", "istrue", "是否正确")
_OF_OPTION = re.compile("^(?:option|choice|answer(?=.)|选项)")
_NUMPY = re.compile(
    r"""\[\s*(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?:\s+(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))+\s*\]"""
)
_NUMPY_TEXT = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
_NUMPY_ARRAY = re.compile(r"\barray\((\[.*?\])\s*(?:,\s*dtype=[^)]*)?\)", re.DOTALL)
_PAIR = 2
_SHUFFLED = 3  # from so many on, labels in another order are no chance


def options(  # noqa: PLR0911 - one return a shape
    value: object, field: str, where: Where, faults: list[Finding], told: Sequence[str] | None = None
) -> dict[str, str]:
    """The options by label, trimmed, in source order; whatever is wrong with them is added to ``faults``.

    ``told``: the texts that the row gives for its answer, which can prove how a text without labels is divided; None: it
    isn't divided.
    """
    if type(value) is str:
        value = literal(value)
    match value:
        case None:
            return checked({}, where, faults)
        case {"text": [*texts], "label": [*labels]} if len(texts) == len(labels):
            return checked(_filled(dict(zip(map(str, labels), texts, strict=True))), where, faults)
        case dict():
            return checked(_filled(value), where, faults)
        case [*entries]:
            return checked(_filled(_from_list(entries, field, where, faults)), where, faults)
        case str():
            parts = _from_glued(value.strip()) or _from_text(value)
            if parts is not None:
                return checked(parts, where, faults, of_text=True)
            cut = _cut(value, told) if told is not None else None
            if cut is not None:
                return checked(dict(zip(LABELS, cut, strict=False)), where, faults)
            faults.append(OPTIONS_UNREADABLE.at(where, field=field))
            return {}
    faults.append(WRONG_TYPE.at(where, field=field, found=kind(value), wanted=kind({})))
    return {}


def in_columns(given: Mapping[str, Any], where: Where, faults: list[Finding]) -> dict[str, str] | None:
    """The options of columns one of which holds several behind their labels (A: "A. 甲 B. 乙"), by these labels; None elsewhere."""
    if not any(_holds_another(label, words) for label, words in given.items()):
        return None
    each = {label: pieces(trim(str(words))) for label, words in given.items() if not is_blank(words)}
    found = [part for parts in each.values() for part in parts]
    if all(each.values()) and [label for label, _words in found] == [_letter(at) for at in range(len(found))]:
        return checked(dict(found), where, faults)
    faults.append(OPTION_LABELS.at(where))
    return {}


def _holds_another(label: str, words: object) -> bool:
    """Whether an option begins with its own label, and has another behind it."""
    mark = _LABELLED.match(words) if type(words) is str else None
    return mark is not None and _sign(mark) == label and len(pieces(trim(mark.string))) > 1


def at_the_end(words: str) -> tuple[str, dict[str, str] | None] | None:
    """A question and the options that stand at its end, each behind its label; None for these where they aren't read for sure.

    None where no label A is followed by a label B.
    """
    begins = [mark for mark in _INSIDE.finditer(words) if _sign(mark) == _letter(0)]
    begins += [mark for mark in _GLUED.finditer(words) if spelling.folded(mark[1]) == _letter(0)]
    for mark in begins:
        tail = words[mark.start() :].strip()
        found = _from_glued(tail) or _from_text(tail)
        if found is not None and next(iter(found)) == _letter(0) and trim(words[: mark.start()]):
            return trim(words[: mark.start()]), found
    seconds = [mark for mark in _INSIDE.finditer(words) if _sign(mark) == _letter(1)]
    return (words, None) if begins and seconds else None


def right_ones(value: object) -> list[int] | None:
    """The places of the options that say of themselves whether they are right; None where not all do."""
    entries = literal(value) if type(value) is str else value
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return None
    found: list[int] = []
    for at, entry in enumerate(entries):
        plain = {name.replace("_", "").casefold(): one for name, one in entry.items()}
        said = next((spelling.written(plain[name]) for name in _RIGHT_FIELDS if name in plain), None)
        right = {"1": True, "0": False}.get(said or "", spelling.truth(said or ""))
        if right is None:
            return None
        found += [at] if right else []
    return found if entries else None


def first_number(labels: Iterable[str]) -> int | None:
    """From where options count by their own labels (0 or 1); None where these are no running numbers."""
    names = list(labels)
    if not names or names[0] not in ("0", "1"):
        return None
    base = int(names[0])
    return base if names == [str(base + at) for at in range(len(names))] else None


def checked(
    given: dict[str, Any], where: Where, faults: list[Finding], *, of_text: bool = False
) -> dict[str, str]:
    """``given`` with labels and texts trimmed; whatever is wrong with them is added to ``faults``."""
    given = _undoubled(given)
    if len(given) < 2:  # noqa: PLR2004 - a choice needs two
        faults.append(TOO_FEW_OPTIONS.at(where, count=len(given)))
    elif len(given) > len(LABELS):
        faults.append(TOO_MANY_OPTIONS.at(where, count=len(given)))
    found: dict[str, str] = {}
    for name in given:
        label = trim(name)
        words = text(given, name, where, faults)
        if words is not None and spelling.missing(words):
            words = ""
        if (
            not label
            or label in found
            or len(label) > _LABEL_LIMIT
            or not label.isprintable()
            or ". " in label
        ):
            faults.append(BAD_LABEL.at(where, label=quoted(name)))
        elif words == "" or (of_text and words in _BLANK_TEXT):
            faults.append(EMPTY_OPTION.at(where, label=label))
        found[label] = words or ""
    return found


def labelled(words: str) -> tuple[str, str]:
    """The label that ``words`` begins with, in its normal form, and what follows it; both "" where there is none."""
    mark = _LABELLED.match(words)
    return (_sign(mark), trim(words[mark.end() :])) if mark is not None else ("", "")


def pieces(words: str) -> list[tuple[str, str]]:
    """(label, what follows it) for each label in a text that begins with one; what stands between them is taken off."""
    marks = list(_INSIDE.finditer(words))
    if not marks or marks[0].start() != 0:
        return []
    ends = [*[mark.start() for mark in marks[1:]], len(words)]
    return [
        (_sign(mark), words[mark.end() : end].strip(f" \n\t{_BETWEEN}"))
        for mark, end in zip(marks, ends, strict=True)
    ]


def is_blank(value: object) -> bool:
    """Whether there is no text: null, blanks, or what a program writes for a missing value."""
    if isinstance(value, str):
        words = trim(value)
        return not words or spelling.missing(words)
    return value is None or value != value  # noqa: PLR0124 - not a number


def _filled(given: Mapping[str, Any]) -> dict[str, Any]:
    """``given`` without the empty ones at its end, as tables and forms for more options leave them; two stay."""
    made = dict(given)
    for name in reversed(list(given)):
        if len(made) <= 2 or not is_blank(made[name]):  # noqa: PLR2004
            break
        del made[name]
    return made


def _undoubled(given: dict[str, Any]) -> dict[str, Any]:
    """``given`` with the label taken off each text, as often as every one of them begins with its own (A: "A. 甲")."""
    made: dict[str, Any] = {}
    for label, words in given.items():
        mark = _LABELLED.match(words) if type(words) is str else None
        if mark is None or _sign(mark) != spelling.folded(str(label)):
            return given
        made[label] = words[mark.end() :]
    return _undoubled(made) if made else given


def literal(words: str) -> object:
    """What ``words`` is, where it is a list or an object written out as JSON or as Python does; else ``words``."""
    if words.lstrip()[:1] not in ("[", "{") or len(words) > _LITERAL_LIMIT:
        return words
    try:
        value = json.loads(words)
    except (ValueError, RecursionError):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if _NUMPY.fullmatch(words.strip()) is not None:
                    value = [ast.literal_eval(one) for one in _NUMPY_TEXT.findall(words)]
                else:
                    value = ast.literal_eval(_NUMPY_ARRAY.sub(r"\1", words.strip()))
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return words
    return value if isinstance(value, dict | list) and _has_text_keys(value) else words


def _has_text_keys(value: object) -> bool:
    return not isinstance(value, dict) or all(isinstance(key, str) for key in value)


def _from_list(entries: list[Any], field: str, where: Where, faults: list[Finding]) -> dict[str, Any]:
    if entries and all(type(entry) is dict for entry in entries):
        pairs = _entries(entries)
        if pairs is None:
            faults.append(OPTIONS_UNREADABLE.at(where, field=field))
            return {}
        made = dict(pairs)
        if len(made) < len(pairs):
            faults.append(OPTION_LABELS.at(where))
        return made
    if entries and all(type(entry) in (list, tuple) and len(entry) == _PAIR for entry in entries):
        made = {str(label): words for label, words in entries}
        if len(made) == len(entries) and (first_number(made) is not None or "".join(made) in LABELS):
            return made
    texts = [entry if type(entry) is str else "" for entry in entries]
    marks = [_LABELLED.match(words) for words in texts]
    signs = [_sign(mark) if mark is not None else "" for mark in marks]
    for base in (_letter, _number, _from_zero) if any(signs) else ():
        wanted = [base(at) for at in range(len(entries))]
        hits = sum(sign == label != "" for sign, label in zip(signs, wanted, strict=True))
        shuffled = len(entries) >= _SHUFFLED and set(signs) == set(wanted)
        if entries and (hits == len(entries) or (shuffled and "" not in signs)):
            return {
                sign: words[mark.end() :]
                for sign, words, mark in zip(signs, texts, marks, strict=True)
                if mark is not None
            }
        if hits > 1:
            faults.append(OPTION_LABELS.at(where))
            break
    return {LABELS[at] if at < len(LABELS) else str(at + 1): entry for at, entry in enumerate(entries)}


def _entries(entries: list[dict[str, Any]]) -> list[tuple[str, Any]] | None:
    """(label, text) of options that are objects; those without labels have letters. None where that isn't clear."""
    if all(
        len(entry) == 1 and spelling.folded(next(iter(entry))) == _letter(at)
        for at, entry in enumerate(entries)
    ):
        return [next(iter(entry.items())) for entry in entries]
    pairs = [_entry(entry) for entry in entries]
    found = [pair for pair in pairs if pair is not None]
    if len(found) < len(entries):
        return None
    if all(_letter(at) == words != label for at, (label, words) in enumerate(found)):
        found = [
            (words, label) for label, words in found
        ]  # forms have the text as their label, the letter as its value
    labels = [label for label, _words in found if label is not None]
    if len(labels) == len(found):
        return [(label, words) for label, words in found if label is not None]
    return (
        [(_letter(at) or str(at + 1), words) for at, (_label, words) in enumerate(found)]
        if not labels
        else None
    )


def _entry(entry: dict[str, Any]) -> tuple[str | None, Any] | None:
    plain = {_plain(name): one for name, one in entry.items()}
    words = next((name for name in _TEXT_FIELDS if name in plain), None)
    labels = [plain[name] for name in _LABEL_FIELDS if name in plain and name != words]
    label = next((one for one in labels if isinstance(one, str | int) and not isinstance(one, bool)), None)
    return (None if label is None else str(label), plain[words]) if words is not None else None


def unsent(value: object, field: str) -> list[str]:
    """The fields of options that are objects, of which something is in them and nothing is sent: explanations, pictures."""
    entries = literal(value) if type(value) is str else value
    if type(entries) is dict and "text" in entries and "label" in entries:
        return [f"{field}.{name}" for name, one in entries.items() if name not in ("text", "label") and one]
    if not isinstance(entries, list) or not all(type(entry) is dict for entry in entries):
        return []
    found: dict[str, None] = {}
    for entry in entries:
        used = {next((name for name in _TEXT_FIELDS if name in set(map(_plain, entry))), "")}
        used |= {*_LABEL_FIELDS, *_RIGHT_FIELDS}
        found |= dict.fromkeys(
            name
            for name, one in entry.items()
            if len(entry) > 1 and _plain(name) not in used and one not in ([], {}) and not is_blank(one)
        )
    return [f"{field}.{name}" for name in found]


def _plain(name: str) -> str:
    """A field's name without what it says of all of them: optionCode and option_code are code."""
    return _OF_OPTION.sub("", name.replace("_", "").casefold())


def _cut(words: str, told: Sequence[str]) -> list[str] | None:
    """The options of a text without labels: at what stands between options only, or where the answer proves it."""
    if _LABELLED.match(words):
        return None
    for separators, proof in (
        (spelling.SURE_BETWEEN_OPTIONS, False),
        (spelling.DOUBTFUL_BETWEEN_OPTIONS, True),
    ):
        for parts in spelling.divided(trim(words), spelling.listed(separators)):
            if any(_LABELLED.match(part) for part in parts):
                return None
            if not proof or any(spelling.loose(one) in map(spelling.loose, parts) for one in told):
                return parts
    return None


def _from_text(words: str) -> dict[str, str] | None:
    """The options written in one text, each behind its label, a line or only a blank before it; None in any doubt."""
    lines = words.strip().split("\n")
    for pattern in (_LABELLED, _SPACED):
        found = _from_lines(lines, pattern)
        if found is not None:
            return found
    return _from_one_line(words.strip()) if len(lines) == 1 else None


def _from_lines(lines: Iterable[str], pattern: re.Pattern[str]) -> dict[str, str] | None:
    """Lines that each begin with their label; a line without one goes on with the option before it."""
    parts: list[str] = []
    label_at = _letter
    for line in lines:
        mark = pattern.match(line)
        if mark is not None and not parts:
            label_at = {"1": _number, "0": _from_zero}.get(_sign(mark), _letter)
        if mark is not None and _sign(mark) == label_at(len(parts)) != "":
            parts.append(line[mark.end() :])
        elif not parts:
            return None
        else:
            parts[-1] += f"\n{line}"
    parts = _without_ends(parts)
    return {label_at(at): part for at, part in enumerate(parts)} if len(parts) > 1 else None


def _from_glued(words: str) -> dict[str, str] | None:
    """Options each behind its label, some with nothing before it (A、甲B、乙C、丙): each label there once, in sequence, written alike."""
    marks = list(_GLUED.finditer(words))
    labels = [spelling.folded(mark[1]) for mark in marks]
    if (
        len(marks) < _GLUED_LEAST
        or marks[0].start() != 0
        or labels != [_letter(at) for at in range(len(marks))]
        or len({mark[2] for mark in marks}) > 1
        or all(_parted(words, mark) for mark in marks[1:])
    ):
        return None
    ends = [*[mark.start() for mark in marks[1:]], len(words)]
    texts = [trim(words[mark.end() : end]) for mark, end in zip(marks, ends, strict=True)]
    return dict(zip(labels, _without_ends(texts), strict=True)) if all(texts) else None


def _parted(words: str, mark: re.Match[str]) -> bool:
    before = words[mark.start() - 1]
    return before.isspace() or before in _BETWEEN


def _from_one_line(words: str) -> dict[str, str] | None:
    for label_at in (_letter, _number, _from_zero):
        cuts: list[re.Match[str]] = []
        marks = list(_INSIDE.finditer(words))
        for mark in marks:
            if _sign(mark) == label_at(len(cuts)) != "":
                cuts.append(mark)
        labels = [label_at(at) for at in range(len(cuts))]
        twice = any(sum(_sign(mark) == label for mark in marks) > 1 for label in labels)
        if len(cuts) > 1 and cuts[0].start() == 0 and not twice and not _skips(marks, cuts[-1], labels):
            ends = [*[cut.start() for cut in cuts[1:]], len(words)]
            texts = _without_ends([words[cut.end() : end] for cut, end in zip(cuts, ends, strict=True)])
            return dict(zip(labels, texts, strict=True))
    return None


def _skips(marks: Sequence[re.Match[str]], last: re.Match[str], labels: Sequence[str]) -> bool:
    """Whether a letter behind the last label is further on than the next one, which is glued to a text or lost."""
    further = LABELS[len(labels) + 1 :] if labels[0] in LABELS else ""
    return any(_sign(mark) in further for mark in marks if mark.start() > last.start())


def _without_ends(parts: list[str]) -> list[str]:
    """``parts`` without what stood between them, where the same stands behind each but the last."""
    ends = {part.rstrip()[-1:] for part in parts[:-1]}
    if len(ends) != 1 or not (end := ends.pop()) or end not in _BETWEEN:
        return parts
    return [part.rstrip().rstrip(end) for part in parts]


def _sign(mark: re.Match[str]) -> str:
    """The label that was found: a capital, or a number however it is written."""
    found = next(one for one in mark.groups() if one)
    if (number := spelling.ordinal(found)) is not None:
        return str(number)
    return spelling.folded(found)


def _letter(at: int) -> str:
    return LABELS[at] if at < len(LABELS) else ""


def _number(at: int) -> str:
    return str(at + 1)


def _from_zero(at: int) -> str:
    return str(at)
