"""The best guess at what columns mean, told from their first values, where their names don't tell: for a person to confirm."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from wizard.data.check import Finding
from wizard.data.record import Where, trim
from wizard.data.shapes.options import options

_LETTERS = re.compile(r"[（(\s]*(?:[A-Ja-jＡ-Ｊ][\s,，、;；]?){1,6}[)）\s.．]*|(?:10|[0-9])")
_SENTENCE = 6  # characters on the average: shorter texts are numbers, categories or names
_NOWHERE = Where("", 0)


def guessed(values: Mapping[str, Sequence[object]], by_names: Mapping[str, str]) -> dict[str, str]:
    """Meaning -> column: what the names say (``by_names``) first, then what ``values`` (column -> its first values) look like.

    The options are a column whose every value is read as options, the answer one of nothing but labels, the question the
    column with the longest texts among the rest, and an answer in words the next one.
    """
    found = dict(by_names)
    left = {name: seen for name, seen in values.items() if seen and name not in found.values()}
    if (
        listed := next((name for name, seen in left.items() if all(map(_is_options, seen))), None)
    ) is not None:
        found["options"] = listed
        del left[listed]
    if "answer" not in found:
        labels = [name for name, seen in left.items() if listed is not None and all(map(_is_labels, seen))]
        # A running number looks like an index, too: a letter counts for more, and the last column before the first.
        labels.sort(key=lambda name: not any(map(_has_letter, left[name])))
        if labels:
            found["answer"] = labels[0] if any(map(_has_letter, left[labels[0]])) else labels[-1]
            del left[found["answer"]]
    lengths = {name: sum(len(str(value)) for value in seen) / len(seen) for name, seen in left.items()}
    texts = sorted((name for name in left if lengths[name] >= _SENTENCE), key=lambda name: -lengths[name])
    if "question" not in found and texts:
        # Without options the two longest are question and reply, in the order of the columns.
        pair = texts[:1] if "answer" in found else sorted(texts[:2], key=list(left).index)
        found["question"] = pair[0]
        texts.remove(pair[0])
    if "answer" not in found and texts:
        found["answer"] = texts[0]
    rest = [name for name in left if name not in found.values()]
    for meaning in ("question", "answer"):
        if meaning not in found and rest and len(values) > 1:
            found[meaning] = rest.pop(0)
    return {meaning: found[meaning] for meaning in ("question", "answer", "options") if meaning in found}


def _is_options(value: object) -> bool:
    if not isinstance(value, str | dict | list) or (isinstance(value, str) and len(trim(value)) < _SENTENCE):
        return False
    faults: list[Finding] = []
    return len(options(value, "", _NOWHERE, faults)) > 1 and not faults


def _is_labels(value: object) -> bool:
    return _LETTERS.fullmatch(trim(str(value))) is not None


def _has_letter(value: object) -> bool:
    return not trim(str(value)).isdecimal()
