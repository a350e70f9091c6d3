"""Which options are right: a letter, a text, an index, a list or several letters, where they leave no doubt."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from wizard.data.findings import Finding, Rule, quoted
from wizard.data.record import Where, trim
from wizard.data.shapes.fields import WRONG_TYPE, kind
from wizard.data.shapes.options import literal
from wizard.data.shapes.plan import plain_name
from wizard.locale import N_, enumerated

NO_ANSWER = Rule(
    "NO_ANSWER",
    "error",
    N_("There is no answer."),
    N_("Give the label of the right option, or its text."),
    why=N_("The answer is what is learned; a row without one teaches nothing."),
    bad='{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}}',
    good='{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}',
)
ANSWER_NOT_AN_OPTION = Rule(
    "ANSWER_NOT_AN_OPTION",
    "error",
    N_("The answer “{answer}” is not among the options {labels}."),
    N_("Correct the row, or leave it out."),
    why=N_("The model would learn an answer that can't be chosen."),
    bad='{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "C"}',
    good='{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}',
)
ANSWER_AMBIGUOUS = Rule(
    "ANSWER_AMBIGUOUS",
    "error",
    N_("The answer “{answer}” fits more than one option."),
    N_("Give the label of the right one."),
    why=N_("To take one of them would be a guess, and a wrong guess would be learned."),
    bad='{"question": "2 + 3 = ?", "options": {"A": "5", "B": "5", "C": "6"}, "answer": "5"}',
    good='{"question": "2 + 3 = ?", "options": {"A": "5", "B": "4", "C": "6"}, "answer": "5"}',
)
ANSWER_DISAGREES = Rule(
    "ANSWER_DISAGREES",
    "error",
    N_("The label says {label}, but the answer's text is “{answer}” and option {label} is “{option}”."),
    N_("Correct one of the two, or leave the row out."),
    why=N_("One of the two is a mistake, and the model would learn it if it were taken for the answer."),
    bad='{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A", "answer": "6"}',
    good='{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A", "answer": "5"}',
)
ANSWER_INDEX = Rule(
    "ANSWER_INDEX",
    "error",
    N_("The answer is the number {number}, and it is not sure whether the options count from 0 or from 1."),
    N_("Say it with dataset.columns.counting=0 or dataset.columns.counting=1."),
    why=N_("Counted from the wrong number, every answer would be shifted by one option, and trained so."),
    bad='{"question": "2 + 3 = ?", "options": ["4", "5", "6"], "answer": 1}',
    good='{"question": "2 + 3 = ?", "options": ["4", "5", "6"], "answer": "B"}',
)


Right: TypeAlias = tuple[str, ...]
"""The labels of the right options, in the order of the options."""

_DRESS = re.compile(
    r"^[（(\[【\s]*(?:选项|答案|option|choice|opt|op)?[\s_:：]*([^\s()（）\[\]【】]{1,3}?)[)）\]】.．、:：\s]*$",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    r"^[（(\[【]?\s*([^\s()（）\[\]【】.．、:：]{1,3})\s*[)）\]】.．、:：]+\s*(\S.*)$", re.DOTALL
)
_SEPARATORS = re.compile(r"[\s,，、;；/|+&和及与]+")
_INDEX = re.compile(r"\d{1,2}")
_LABEL_FIELDS = ("answeridx", "answerkey", "answerletter", "answerid")


class Undecided(Exception):
    """An index, and nothing tells whether 0 or 1 is the first."""


def resolved(  # noqa: PLR0911 - one return a fault
    options: Mapping[str, str], values: Iterable[tuple[str, Any]], where: Where, counting: int | None
) -> Right | Finding:
    """The right options that all of ``values`` ((field, value)) agree on, or what is wrong with them."""
    given = [(field, value) for field, value in values if not _blank(value)]
    if not given:
        return NO_ANSWER.at(where)
    given.sort(key=lambda one: not _labels(options, *one))
    labelled = _labels(options, *given[0])
    possible: set[Right] | None = None
    numbers: list[int] = []
    for field, value in given:
        try:
            found = (
                _meant(options, value, counting) if not labelled else _beside(options, field, value, counting)
            )
        except Undecided as undecided:
            numbers.append(undecided.args[0])
            continue
        except TypeError:
            return WRONG_TYPE.at(where, field=field, found=kind(value), wanted=kind(""))
        if not found and not labelled:
            return ANSWER_NOT_AN_OPTION.at(where, answer=quoted(value), labels=enumerated(options))
        both = found if possible is None else possible & found
        if not both:
            return _disagreement(options, min(possible or found), value, where)
        possible = both
    if possible is None:
        return ANSWER_INDEX.at(where, number=numbers[0])
    if len(possible) > 1:
        return ANSWER_AMBIGUOUS.at(where, answer=quoted(given[0][1]))
    right = possible.pop()
    at = list(options).index(right[0])
    other = next((number for number in numbers if number - at not in (0, 1)), None)
    return right if other is None else _disagreement(options, right, other, where)


def _labels(options: Mapping[str, str], field: str, value: Any) -> bool:
    """Whether ``field`` is for a label, by its name, and ``value`` is one."""
    return isinstance(value, str) and trim(value) in options and _for_labels(field)


@lru_cache(maxsize=256)
def _for_labels(field: str) -> bool:
    return plain_name(field) in _LABEL_FIELDS


def _beside(options: Mapping[str, str], field: str, value: Any, counting: int | None) -> set[Right]:
    """What ``value`` means where a field for labels gives one: itself that label, else an option's text before all else."""
    if _labels(options, field, value):
        return {(trim(value),)}
    words = trim(value) if isinstance(value, str) else None
    return {(label,) for label, text in options.items() if text == words} or _meant(options, value, counting)


def _disagreement(options: Mapping[str, str], right: Right, other: object, where: Where) -> Finding:
    label = right[0]
    return ANSWER_DISAGREES.at(where, label=label, answer=quoted(other), option=quoted(options[label]))


def counted(options: Mapping[str, str], values: Sequence[tuple[str, Any]]) -> set[int] | None:
    """From where the options can be counted (0, 1, both or neither) by this row's answers; None where none is an index."""
    found: set[int] | None = None
    for _field, value in values:
        try:
            if not _blank(value):
                _meant(options, value, None)
        except Undecided as undecided:
            number = undecided.args[0]
            bases = {base for base in (0, 1) if 0 <= number - base < len(options)}
            others = [other for other in values if other[1] is not value]
            right = resolved(options, others, Where("", 0), None) if others else None
            if isinstance(right, tuple):
                bases = {number - list(options).index(right[0])} & bases
            found = bases if found is None else found & bases
        except TypeError:
            continue
    return found


def _blank(value: object) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not trim(value))


def _meant(options: Mapping[str, str], value: Any, counting: int | None) -> set[Right]:
    """What ``value`` can mean; empty where nothing. Raises Undecided (an index) and TypeError."""
    if isinstance(value, str):
        written = literal(value)
        return (
            _of_text(options, trim(value), counting)
            if written is value or isinstance(written, dict)
            else _meant(options, written, counting)
        )
    if isinstance(value, list):
        return _of_list(options, value, counting)
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 != 0:
        raise TypeError
    return _of_index(options, int(value), counting)


def _of_list(options: Mapping[str, str], entries: list[Any], counting: int | None) -> set[Right]:
    labels: set[str] = set()
    for entry in entries:
        found = _meant(options, entry, counting)
        if len(found) != 1:
            return found if len(entries) == 1 else set()
        labels.update(*found)
    return {_ordered(options, labels)}


def _of_index(options: Mapping[str, str], number: int, counting: int | None) -> set[Right]:
    if str(number) in options:
        return {(str(number),)}
    if counting is None:
        raise Undecided(number)
    at = number - counting
    return {(list(options)[at],)} if 0 <= at < len(options) else set()


def _of_text(options: Mapping[str, str], words: str, counting: int | None) -> set[Right]:
    found: set[Right] = {(label,) for label, text in options.items() if text == words}
    if words in options:
        found.add((words,))
    if _INDEX.fullmatch(words):
        if counting is not None:
            found |= _of_index(options, int(words), counting)
        elif not found:
            raise Undecided(int(words))
    return found or _of_letters(options, words)


def _of_letters(options: Mapping[str, str], words: str) -> set[Right]:
    """Labels in another dress: lower case, full width, in brackets, several, or followed by the option's text."""
    labels = {_folded(label): label for label in options}
    if len(labels) < len(options):
        return set()
    bare = _DRESS.match(words)
    if bare is not None and (label := labels.get(_folded(bare[1]))) is not None:
        return {(label,)}
    labelled = _LABELLED.match(words)
    if labelled is not None and (label := labels.get(_folded(labelled[1]))) is not None:
        if trim(labelled[2]) == options[label]:
            return {(label,)}
        if len(trim(labelled[2])) > 2:  # noqa: PLR2004 - longer than a further letter: a text, and another one
            return set()
    return _of_several(options, words, labels)


def _of_several(options: Mapping[str, str], words: str, labels: Mapping[str, str]) -> set[Right]:
    plain = unicodedata.normalize("NFKC", words).strip("()[]【】. ")
    parts = [part.strip("()[].") for part in _SEPARATORS.split(plain) if part]
    if len(parts) == 1:
        parts = list(parts[0])
        # Letters without anything between them are in order, and capitals: BAD is a word.
        if plain != plain.upper() or parts != sorted(parts):
            return set()
    found = [labels.get(_folded(part)) for part in parts]
    right = {label for label in found if label is not None}
    return {_ordered(options, right)} if len(right) == len(parts) > 1 else set()


def _ordered(options: Mapping[str, str], labels: set[str]) -> Right:
    return tuple([label for label in options if label in labels])


def _folded(label: str) -> str:
    return unicodedata.normalize("NFKC", label).upper()
