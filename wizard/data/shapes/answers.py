"""Which options are right: a letter, a text, an index, a list or several letters, where they leave no doubt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from wizard.data.findings import Finding, Rule, quoted
from wizard.data.record import Where, trim
from wizard.data.shapes import spelling
from wizard.data.shapes.fields import WRONG_TYPE, kind
from wizard.data.shapes.options import first_number, is_blank, labelled, literal, pieces
from wizard.data.shapes.plan import LABELS, plain_name
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

_LABEL_FIELDS = ("answeridx", "answerkey", "answerletter", "answerid")
_DIGIT = re.compile(r"[\d½-¾]")
_LONGEST_NUMBER = 40  # characters, with whatever is written around it
_MOST_DRESS = 1000  # characters: what is longer is no label in a few more words


class Votes(NamedTuple):
    """What one row tells of where its options are counted from."""

    bases: frozenset[int]
    """0, 1 or both: those that its number allows."""
    own: int | None
    """Where the options' own labels, or their columns', are running numbers: the first."""
    options: int
    """How many options it has."""


class Undecided(Exception):
    """One index or several (a tuple), and nothing tells whether 0 or 1 is the first."""


def resolved(  # noqa: PLR0911 - one return a fault
    options: Mapping[str, str], values: Iterable[tuple[str, Any]], where: Where, counting: int | None
) -> Right | Finding:
    """The right options that all of ``values`` ((field, value)) agree on, or what is wrong with them."""
    given = [(field, value) for field, value in values if not _blank(value)]
    if not given:
        return NO_ANSWER.at(where)
    if len(given) > 1:
        given.sort(key=lambda one: _labels(options, *one) is None)
    labelled = _labels(options, *given[0]) is not None
    possible: set[Right] | None = None
    numbers: list[tuple[int, ...]] = []
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
        return ANSWER_INDEX.at(where, number=enumerated(map(str, numbers[0])))
    if len(possible) > 1:
        return ANSWER_AMBIGUOUS.at(where, answer=quoted(given[0][1]))
    right = possible.pop()
    at = [list(options).index(label) for label in right]
    shifts = [{number - place for number, place in zip(sorted(some), at, strict=False)} for some in numbers]
    other = next(
        (
            some
            for some, by in zip(numbers, shifts, strict=True)
            if len(some) != len(at) or by not in ({0}, {1})
        ),
        None,
    )
    return right if other is None else _disagreement(options, right, enumerated(map(str, other)), where)


def _labels(options: Mapping[str, str], field: str, value: Any) -> Right | None:
    """What ``value`` says, where ``field`` is for labels, by its name, and ``value`` is nothing but labels."""
    if not _for_labels(field):
        return None
    if isinstance(value, str) and trim(value) in options:
        return (trim(value),)
    entries = literal(value) if isinstance(value, str) else value
    if isinstance(entries, list) and len(entries) == 1:
        entries = entries[0]
    if not isinstance(entries, str | list):
        return None
    labels = {spelling.folded(label): label for label in options}
    if isinstance(entries, list) and all(isinstance(one, str) for one in entries):
        found = [labels.get(spelling.folded(one)) for one in entries]
        right = {label for label in found if label is not None}
        return _ordered(options, right) if right and None not in found else None
    if (
        not isinstance(entries, str)
        or len(labels) < len(options)
        or spelling.number(trim(entries)) is not None
    ):
        return None
    one = labels.get(spelling.folded(entries))
    several = {one} if one is not None else spelling.several(labels, trim(entries))
    return _ordered(options, several) if several else None


@lru_cache(maxsize=256)
def _for_labels(field: str) -> bool:
    return plain_name(field) in _LABEL_FIELDS


def _beside(options: Mapping[str, str], field: str, value: Any, counting: int | None) -> set[Right]:
    """What ``value`` means where a field for labels gives one: itself that label, else an option's text before all else."""
    if (right := _labels(options, field, value)) is not None:
        return {right}
    words = trim(value) if isinstance(value, str) else None
    return {(label,) for label, text in options.items() if text == words} or _meant(options, value, counting)


def _disagreement(options: Mapping[str, str], right: Right, other: object, where: Where) -> Finding:
    label = right[0]
    return ANSWER_DISAGREES.at(where, label=label, answer=quoted(other), option=quoted(options[label]))


def counted(
    options: Mapping[str, str], values: Sequence[tuple[str, Any]], own: int | None = None
) -> Votes | None:
    """What this row's answers tell of where its options are counted from; None where none is an index.

    ``own``: the first running number of the options' columns, where they have one.
    """
    of_labels = first_number(options)
    own = own if of_labels is None else of_labels
    texts = options if of_labels is None else dict(zip(LABELS, options.values(), strict=False))
    found: frozenset[int] | None = None
    for _field, value in values:
        try:
            if not _blank(value):
                _meant(texts, value, None)
        except Undecided as undecided:
            numbers = undecided.args[0]
            bases = _bases(numbers, len(options))
            others = [other for other in values if other[1] is not value]
            right = resolved(options, others, Where("", 0), None) if others else None
            if isinstance(right, tuple):
                at = [list(options).index(label) for label in right]
                bases &= {base for base in (0, 1) if sorted(number - base for number in numbers) == at}
            elif set(numbers) <= {0, 1} and _judged(options):
                bases = {0, 1}  # it may as well be false and true
            found = frozenset(bases) if found is None else found & bases
        except TypeError:
            continue
    return None if found is None else Votes(found, own, len(options))


def _blank(value: object) -> bool:
    return value == [] or is_blank(value)


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
    if isinstance(value, bool) and _judged(options):
        return _of_truth(options, said=value)
    if (number := spelling.number(value)) is not None:
        return _of_number(options, value, number, counting)
    words = None if isinstance(value, bool) else spelling.written(value)
    found: set[Right] = {(label,) for label in spelling.alike(options, words)} if words else set()
    if not found:
        raise TypeError
    return found


def _of_list(options: Mapping[str, str], entries: list[Any], counting: int | None) -> set[Right]:
    numbers = [spelling.number(trim(one) if isinstance(one, str) else one) for one in entries]
    whole = tuple(number for number in numbers if number is not None)
    if len(whole) == len(entries) > 1 and not all(_texts(options, one) for one in entries):
        return _of_numbers(options, whole, counting)
    labels: set[str] = set()
    for entry in entries:
        found = _meant(options, entry, counting)
        if len(found) != 1:
            return found if len(entries) == 1 else set()
        labels.update(*found)
    return {_ordered(options, labels)}


def _of_number(options: Mapping[str, str], value: Any, number: int, counting: int | None) -> set[Right]:
    """A number that isn't written as a text: the place of an option, or where nothing tells places an option's text."""
    texts = _texts(options, value) if counting is None and str(number) not in options else set()
    if texts and all(_places((number,), base, options) in (None, *texts) for base in (0, 1)):
        return texts
    return _of_numbers(options, (number,), counting)


def _texts(options: Mapping[str, str], value: object) -> set[Right]:
    if spelling.number(value) is not None:
        options = {
            label: text
            for label, text in options.items()
            if len(text) <= _LONGEST_NUMBER and _DIGIT.search(text)
        }
    return (
        {(label,) for label in spelling.alike(options, spelling.written(value) or "")} if options else set()
    )


def _of_numbers(options: Mapping[str, str], numbers: tuple[int, ...], counting: int | None) -> set[Right]:
    """Options by numbers: by the file's way to count where it is known, else by labels of their own that are numbers."""
    first = first_number(options)
    labels = {str(number) for number in numbers}
    if labels <= options.keys() and (counting is None or first is None):
        return {_ordered(options, labels)}
    base = first if counting is None else counting
    if base is None and _bases(numbers, len(options)):
        raise Undecided(numbers)
    right = _places(numbers, base, options) if base is not None else None
    if right is None and first is not None and len(numbers) == 1:
        # 12 beside options that are called 1 to 4 says two of them, as AB does.
        several = spelling.several({label: label for label in options}, str(numbers[0]))
        right = _ordered(options, several) if several else None
    return set() if right is None else {right}


def _bases(numbers: tuple[int, ...], count: int) -> set[int]:
    """From where so many options can be counted, if these are their numbers."""
    least, most = min(numbers), max(numbers)
    return {base for base in (0, 1) if base <= least and most < count + base}


def _places(numbers: tuple[int, ...], base: int, options: Mapping[str, str]) -> Right | None:
    """The options at these numbers, counted from ``base``; None where there aren't so many."""
    labels = list(options)
    if not all(0 <= number - base < len(labels) for number in numbers):
        return None
    return _ordered(options, {labels[number - base] for number in numbers})


def _of_text(options: Mapping[str, str], words: str, counting: int | None) -> set[Right]:
    found: set[Right] = {(label,) for label, text in options.items() if text == words}
    number = spelling.number(words)
    if words in options and (number is None or counting is None or first_number(options) is None):
        found.add((words,))
    elif found and words.isupper() and (letters := spelling.several({one: one for one in options}, words)):
        found.add(_ordered(options, letters))
    if number is not None:
        found = found or _texts(options, words)
        if counting is not None:
            return found | _of_numbers(options, (number,), counting)
        return found or _of_numbers(options, (number,), counting)
    return found or _otherwise(options, words, counting)


def _otherwise(options: Mapping[str, str], words: str, counting: int | None) -> set[Right]:
    """A label or a text that is written otherwise, or several, with what is said around them."""
    if _judged(options) and (said := spelling.truth(words)) is not None:
        return _of_truth(options, said=said)
    labels = {spelling.folded(label): label for label in options}
    if len(words) > _MOST_DRESS or len(labels) < len(options):
        return _texts(options, words)
    for bare in spelling.undressed(words):
        found = _texts(options, bare)
        if (label := labels.get(spelling.folded(bare))) is not None:
            found.add((label,))
        if found or (found := _several(options, labels, bare)):
            return found
        meant = _label_beside_text(options, labels, bare)
        if meant is None:
            meant = _counted_out(options, bare, counting)
        if meant is not None:
            return meant
    return set()


def _label_beside_text(
    options: Mapping[str, str], labels: Mapping[str, str], words: str
) -> set[Right] | None:
    """``words`` that begin with a label (B. beta, B（beta）): empty where another text follows, None where none does."""
    sign, rest = labelled(words)
    if (label := labels.get(sign)) is not None and rest:
        if label in spelling.alike(options, rest):
            return {(label,)}
        # Longer than a further letter: a text, and another one.
        return None if len(rest) <= 2 or spelling.only_said_behind(rest) else set()  # noqa: PLR2004
    for folded, label in labels.items():
        if spelling.folded(words[: len(label)]) == folded:
            rest = trim(words[len(label) :]).lstrip("-—_→=:：.．、 ")
            if rest and label in spelling.alike(options, rest):
                return {(label,)}
    return None


def _several(options: Mapping[str, str], labels: Mapping[str, str], words: str) -> set[Right]:
    """Several right ones in one text: labels, labels with their texts, or texts."""
    if (right := spelling.several(labels, words)) is not None:
        return {_ordered(options, right)}
    each = pieces(words)
    if len(each) > 1:
        found = {
            labels.get(sign) for sign, rest in each if labels.get(sign, "") in spelling.alike(options, rest)
        }
        right = {label for label in found if label is not None}
        if len(right) == len(each):
            return {_ordered(options, right)}
    for parts in spelling.divided(words, spelling.listed(spelling.BETWEEN_TEXTS)):
        meant = [spelling.alike(options, part) for part in parts]
        if all(len(one) == 1 for one in meant) and len(set[str]().union(*meant)) == len(parts):
            return {_ordered(options, set[str]().union(*meant))}
    return set()


def _counted_out(options: Mapping[str, str], words: str, counting: int | None) -> set[Right] | None:
    """Options that are counted: 第二项 and ② from 1, whatever the file counts from; 选项1 as the file does."""
    said = spelling.ordinals(words)
    if said is not None:
        # Among options such as ①② it speaks of the question's statements.
        named = any(spelling.has_numeral(text) for text in options.values())
        right = _places(said, 1, options)
        if right is None or (named and spelling.has_numeral(words)):
            return set()
        own = {str(one) for one in said}
        return {right} if first_number(options) != 0 or not own <= options.keys() else set()
    numbers = spelling.numbers(words)
    return _of_numbers(options, numbers, counting) if numbers is not None else None


def _judged(options: Mapping[str, str]) -> bool:
    """Whether the options are one that says true and one that says false."""
    said = [spelling.truth(text) for text in options.values()]
    return said.count(True) == said.count(False) == 1


def _of_truth(options: Mapping[str, str], *, said: bool) -> set[Right]:
    return {(label,) for label, text in options.items() if spelling.truth(text) is said}


def _ordered(options: Mapping[str, str], labels: set[str]) -> Right:
    return tuple([label for label in options if label in labels])
