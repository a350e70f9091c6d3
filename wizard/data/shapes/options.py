"""The options of a question, in whatever shape they come, as texts by their labels. Nothing is stripped on a guess."""

from __future__ import annotations

import ast
import json
import re
import unicodedata
import warnings
from collections.abc import Iterable
from typing import Any

from wizard.data.findings import Finding, Rule, quoted
from wizard.data.record import Where, trim
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
_MARK = r"(?:[（(\[【]\s*([A-Za-zＡ-Ｚａ-ｚ]|\d{1,2})\s*[)）\]】][.．、:：]?|([A-Za-zＡ-Ｚａ-ｚ]|\d{1,2})\s*[.．、:：)）])"
_LABELLED = re.compile(rf"\s*{_MARK}\s*")
_SPACED = re.compile(r"\s*()([A-Za-zＡ-Ｚａ-ｚ])[ \t\u3000]+")
_INSIDE = re.compile(rf"(?:(?<=\s)|^){_MARK}\s*")
_BLANK_TEXT = frozenset((".", "。", "．"))
_TEXT_FIELDS = ("text", "value", "content", "option")
_LABEL_FIELDS = ("label", "key", "id", "letter", "idx")


def options(  # noqa: PLR0911 - one return a shape
    value: object, field: str, where: Where, faults: list[Finding]
) -> dict[str, str]:
    """The options by label, trimmed, in source order; whatever is wrong with them is added to ``faults``."""
    if type(value) is str:
        value = literal(value)
    match value:
        case None:
            return checked({}, where, faults)
        case {"text": [*texts], "label": [*labels]} if len(texts) == len(labels):
            return checked(dict(zip(map(str, labels), texts, strict=True)), where, faults)
        case dict():
            return checked(value, where, faults)
        case [*entries]:
            return checked(_from_list(entries, field, where, faults), where, faults)
        case str():
            parts = _from_text(value)
            if parts is None:
                faults.append(OPTIONS_UNREADABLE.at(where, field=field))
                return {}
            return checked(parts, where, faults, of_text=True)
    faults.append(WRONG_TYPE.at(where, field=field, found=kind(value), wanted=kind({})))
    return {}


def checked(
    given: dict[str, Any], where: Where, faults: list[Finding], *, of_text: bool = False
) -> dict[str, str]:
    """``given`` with labels and texts trimmed; whatever is wrong with them is added to ``faults``."""
    if len(given) < 2:  # noqa: PLR2004 - a choice needs two
        faults.append(TOO_FEW_OPTIONS.at(where, count=len(given)))
    elif len(given) > len(LABELS):
        faults.append(TOO_MANY_OPTIONS.at(where, count=len(given)))
    found: dict[str, str] = {}
    for name in given:
        label = trim(name)
        words = text(given, name, where, faults)
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
                value = ast.literal_eval(words.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return words
    return value if isinstance(value, dict | list) and _has_text_keys(value) else words


def _has_text_keys(value: object) -> bool:
    return not isinstance(value, dict) or all(isinstance(key, str) for key in value)


def _from_list(entries: list[Any], field: str, where: Where, faults: list[Finding]) -> dict[str, Any]:
    if entries and all(type(entry) is dict for entry in entries):
        pairs = [_entry(entry) for entry in entries]
        if all(pair is not None for pair in pairs):
            made = dict(pair for pair in pairs if pair is not None)
            if len(made) < len(pairs):
                faults.append(OPTION_LABELS.at(where))
            return made
        faults.append(OPTIONS_UNREADABLE.at(where, field=field))
        return {}
    texts = [entry if type(entry) is str else "" for entry in entries]
    for label_at in (_letter, _number):
        marks = [_LABELLED.match(words) for words in texts]
        hits = [mark is not None and _is(mark, label_at(at)) for at, mark in enumerate(marks)]
        if hits and all(hits):
            return {
                label_at(at): words[mark.end() :]
                for at, (words, mark) in enumerate(zip(texts, marks, strict=True))
                if mark
            }
        if sum(hits) > 1:
            faults.append(OPTION_LABELS.at(where))
    return {LABELS[at] if at < len(LABELS) else str(at + 1): entry for at, entry in enumerate(entries)}


def _entry(entry: dict[str, Any]) -> tuple[str, Any] | None:
    label = next((entry[name] for name in _LABEL_FIELDS if name in entry), None)
    words = next((name for name in _TEXT_FIELDS if name in entry), None)
    return (label, entry[words]) if isinstance(label, str) and words is not None else None


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
            label_at = _number if _is(mark, "1") else _letter
        if mark is not None and _is(mark, label_at(len(parts))):
            parts.append(line[mark.end() :])
        elif not parts:
            return None
        else:
            parts[-1] += f"\n{line}"
    return {label_at(at): part for at, part in enumerate(parts)} if len(parts) > 1 else None


def _from_one_line(words: str) -> dict[str, str] | None:
    for label_at in (_letter, _number):
        cuts: list[re.Match[str]] = []
        marks = list(_INSIDE.finditer(words))
        for mark in marks:
            if _is(mark, label_at(len(cuts))):
                cuts.append(mark)
        labels = [label_at(at) for at in range(len(cuts))]
        twice = any(sum(_is(mark, label) for mark in marks) > 1 for label in labels)
        if len(cuts) > 1 and cuts[0].start() == 0 and not twice:
            ends = [*[cut.start() for cut in cuts[1:]], len(words)]
            return {label: words[cut.end() : end] for label, cut, end in zip(labels, cuts, ends, strict=True)}
    return None


def _is(mark: re.Match[str], label: str) -> bool:
    return unicodedata.normalize("NFKC", mark[1] or mark[2]).upper() == label


def _letter(at: int) -> str:
    return LABELS[at] if at < len(LABELS) else ""


def _number(at: int) -> str:
    return str(at + 1)
