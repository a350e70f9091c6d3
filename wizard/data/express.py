"""The fast lane: rows that are faultless and exactly as MedQA's own files have them, from JSON to the texts sent.

It decides nothing that ``rows`` and ``convert`` don't: whatever looks unusual is handed to them (None), and a property
test holds that both give the same texts for whatever is taken here. It is there because there may be millions of rows.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from wizard.data.record import BLANKS
from wizard.data.undecodable import no_more_keys
from wizard.data.wire import ANSWER, OPTIONS

Sent: TypeAlias = tuple[str, str, tuple[str, ...]]
"""What the user says, what the assistant answers, and the source's fields that are not sent."""


class _Row(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    question: str
    options: dict[str, str]
    answer: str
    answer_idx: str
    meta_info: str | UnsetType = UNSET
    metamap_phrases: list[str] | UnsetType = UNSET


_decode = msgspec.json.Decoder(_Row).decode
_LABELS = [tuple("ABCDEFGHIJ"[:count]) for count in range(2, 11)]
_USER = {labels: f"%s\n\n{OPTIONS}\n" + "\n".join([f"{label}. %s" for label in labels]) for labels in _LABELS}


def express(raw: bytes) -> Sent | None:
    """What is sent for the line ``raw``, or None: look at it closely."""
    try:
        row = _decode(raw)
    except (ValueError, RecursionError):  # msgspec's and Unicode's errors are ValueErrors
        return None
    options = row.options
    labels = tuple(options)
    template = _USER.get(labels)
    letter = row.answer_idx
    if template is None or letter not in options:
        return None
    keys = 4 + len(labels)
    extra: tuple[str, ...] = ()
    if row.meta_info is not UNSET:
        extra, keys = ("meta_info",), keys + 1
    if row.metamap_phrases is not UNSET:
        extra, keys = (*extra, "metamap_phrases"), keys + 1
    if not no_more_keys(raw, keys):
        return None
    question = row.question.strip(BLANKS)
    texts = [text.strip(BLANKS) for text in options.values()]
    answer = row.answer.strip(BLANKS)
    if not question or "" in texts or answer != texts[labels.index(letter)]:
        return None
    user = template % (question, *texts)
    assistant = f"{ANSWER}{letter}. {answer}"
    # wire.read_back, without the call
    head, _point, read = assistant.partition(". ")
    if "\0" in user or read != answer or head != ANSWER + letter:
        return None
    return user, assistant, extra
