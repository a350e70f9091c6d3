"""The best guess at what columns mean, told from their first values, where their names don't tell: for a person to confirm."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from wizard.data.findings import Finding
from wizard.data.record import Where, trim
from wizard.data.shapes.options import options
from wizard.data.shapes.plan import named

_LETTERS = re.compile(r"[（(\s]*(?:[A-Ja-jＡ-Ｊ][\s,，、;；]?){1,6}[)）\s.．]*|(?:10|[0-9])")
_MOST = 10  # options
_SENTENCE = 6  # characters on the average: shorter texts are numbers, categories or names
_NOWHERE = Where("", 0)


def guessed(  # noqa: C901 - one thing after the other, each from what is left
    values: Mapping[str, Sequence[object]], by_names: Mapping[str, str]
) -> tuple[dict[str, str], frozenset[str]]:
    """Meaning -> column, and the meanings for which no other column would do: what the names say (``by_names``) first, then what ``values`` (column -> its first values) look like.

    The options are a column whose every value is read as options, or the columns between question and answer; the answer
    is one of nothing but labels, the question the column with the longest texts among the rest, and an answer in words the
    next one.
    """
    found, clear = dict(by_names), set(by_names)
    taken = named(by_names)
    left = {name: seen for name, seen in values.items() if seen and name not in taken}
    lists = [name for name, seen in left.items() if all(map(is_options, seen))]
    if lists and "options" not in found:
        found["options"] = lists[0]
        clear |= {"options"} if len(lists) == 1 else set()
        del left[lists[0]]
    labels = [name for name, seen in left.items() if all(map(_is_labels, seen))]
    letters = [name for name in labels if any(map(_has_letter, left[name]))]
    if "options" not in found and "answer" not in found and len(letters) == 1:
        asked, each = _between(list(values), left, letters[0], found.get("question", ""))
        if each:
            found |= {"question": asked, "options": ",".join(each)}
            clear |= {"question", "options"}
            left = {name: seen for name, seen in left.items() if name not in (asked, *each)}
    if "answer" not in found and "options" in found and labels:
        # A running number looks like an index, too: a letter counts for more, and the last column before the first.
        found["answer"] = letters[0] if letters else labels[-1]
        clear |= {"answer"} if len(letters or labels) == 1 else set()
        del left[found["answer"]]
    lengths = {name: sum(len(str(value)) for value in seen) / len(seen) for name, seen in left.items()}
    texts = sorted((name for name in left if lengths[name] >= _SENTENCE), key=lambda name: -lengths[name])
    if "question" not in found and texts:
        # Without options the two longest are question and reply, in the order of the columns.
        pair = texts[:1] if "answer" in found else sorted(texts[:2], key=list(left).index)
        found["question"] = pair[0]
        asking = [name for name in left if _asks(left[name])]
        if [pair[0]] == (texts if "answer" in found else asking):
            clear.add("question")
        texts.remove(pair[0])
    if "answer" not in found and texts:
        found["answer"] = texts[0]
        clear |= {"answer"} if len(texts) == 1 and "question" in clear else set()
    rest = [name for name in left if name not in found.values()]
    if "answer" not in found and "question" in clear and len(rest) == 1:
        clear.add("answer")
    for meaning in ("question", "answer"):
        if meaning not in found and rest and len(values) > 1:
            found[meaning] = rest.pop(0)
    made: dict[str, str] = {name: found[name] for name in ("question", "answer", "options") if name in found}
    return made, frozenset(clear & made.keys())


def is_label(value: object) -> bool:
    """Whether a value looks like the label of an option rather than an answer in words."""
    return _is_labels(value)


def _between(
    names: Sequence[str], left: Mapping[str, Sequence[object]], answer: str, question: str
) -> tuple[str, list[str]]:
    """The question's column and those of its options, where they stand in one run before ``answer``, whose letters they fit.

    ``question``: its column where the names tell it, else empty.
    """
    highest = max(ord(char) for value in left[answer] for char in str(value).upper() if "A" <= char <= "J")
    least = max(2, highest - ord("A") + 1)
    before: list[str] = []
    for name in reversed(names[: names.index(answer)]):
        if name not in left or all(map(_is_labels, left[name])):
            break
        before.insert(0, name)
    if not question and before and _length(left[before[0]]) >= _SENTENCE:
        question, *before = before
        if any(_length(left[name]) >= _length(left[question]) for name in before):
            question = ""
    return (question, before) if question and least <= len(before) <= _MOST else ("", [])


def _length(seen: Sequence[object]) -> float:
    return sum(len(str(value)) for value in seen) / len(seen)


def _asks(seen: Sequence[object]) -> bool:
    """Whether most texts of a column are questions."""
    return sum(trim(str(value)).endswith(("?", "？")) for value in seen) * 2 > len(seen)


def is_options(value: object) -> bool:
    """Whether a value can be read as options."""
    if not isinstance(value, str | dict | list) or (isinstance(value, str) and len(trim(value)) < _SENTENCE):
        return False
    faults: list[Finding] = []
    return len(options(value, "", _NOWHERE, faults)) > 1 and not faults


def _is_labels(value: object) -> bool:
    return _LETTERS.fullmatch(trim(str(value))) is not None


def _has_letter(value: object) -> bool:
    return not trim(str(value)).isdecimal()
