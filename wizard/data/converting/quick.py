"""The fast lane: rows that are faultless and exactly as MedQA's own files have them, from JSON to the lines sent.

It decides nothing that ``rows`` and ``page`` don't: whatever looks unusual is handed to them, and property tests hold
that both give the same for whatever is taken here. It is there because there may be millions of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from wizard.data import sent
from wizard.data.converting.layout import layout_of
from wizard.data.files.lines import Lines
from wizard.data.record import BLANKS
from wizard.data.sent import ANSWER, OPTIONS
from wizard.data.shapes.undecodable import no_more_keys
from wizard.local.harmless import NO_WIDTH

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
_FOUR = tuple("ABCD")
_HEADS = {label: f"{ANSWER}{label}. " for label in _FOUR}
_MIDDLE, _END = sent.MIDDLE.decode(), sent.END.decode()


class Taken(NamedTuple):
    """What the fast lane made of some lines."""

    pieces: list[str]
    """For each line the line that is sent, with its line end; "" for one to look at closely."""
    text: str
    """All of them together."""
    left: list[int]
    """The places of those to look at closely."""
    characters: int
    """Of all messages of the pieces."""
    extra: dict[str, int]
    """Field of the source that is not sent -> in how many of the rows taken."""


class Lane:
    """The fast lane for one system prompt."""

    def __init__(self, system_prompt: str) -> None:
        self._prompt = len(system_prompt)
        self._begin = sent.begin(system_prompt).decode()
        # A made line is so much longer than its messages: what stands around them, and \n as two characters.
        user = _USER[_FOUR].replace("%s", "")
        made = f"{self._begin}{sent.text(user).decode()}{_MIDDLE}{sent.text(ANSWER).decode()}{_END}"
        self._around = len(made) - len(user) - len(ANSWER) - self._prompt
        self._escapes = _escapes(made)
        self._around_texts = (f'{self._begin}"', f"\\n\\n{OPTIONS}\\nA. ", f'"{_MIDDLE}"', f'"{_END}')

    def take(self, some: Lines) -> Taken:
        """Whatever of ``some`` lines is as usual."""
        layout = layout_of(some.first)
        page = _decoded(some.whole) if layout is not None else None
        if layout is None or page is None:
            return self._each(some.lines)
        # What express does, for lines that have the page's layout.
        begin, options_begin, middle, end = self._around_texts
        pieces: list[str] = []
        odd: list[int] = []
        add, heads, label_end = pieces.append, _HEADS, len(ANSWER) + 1
        for question, a, b, c, d, answer, letter, line in layout.rows(page):
            if not line and letter:
                a, b, c, d = a.strip(), b.strip(), c.strip(), d.strip()  # noqa: PLW2901 - trimmed
                question, answer = question.strip(), answer.strip()  # noqa: PLW2901 - trimmed
                told = heads[letter] + answer
                label, _point, read = told.partition(". ")  # sent.read_back, without the call
                right = a if letter == "A" else b if letter == "B" else c if letter == "C" else d
                if question and a and b and c and d and right == read == answer and label == told[:label_end]:
                    add(f"{begin}{question}{options_begin}{a}\\nB. {b}\\nC. {c}\\nD. {d}{middle}{told}{end}")
                    continue
            odd.append(len(pieces))
            add("")
        text = "".join(pieces)
        # Characters of no width str.strip doesn't take away.
        if len(pieces) != len(some) or any(char in text for char in NO_WIDTH):
            return self._each(some.lines)
        rows = len(pieces) - len(odd)
        extra = dict.fromkeys(layout.extra, rows) if rows else {}
        characters = len(text) - rows * self._around
        if "\\" in page:
            characters -= _escapes(text) - rows * self._escapes
        if not odd:
            return Taken(pieces, text, [], characters, extra)
        rest = self._each([some.lines[place] for place in odd])
        for place, piece in zip(odd, rest.pieces, strict=True):
            pieces[place] = piece
        for name, count in rest.extra.items():
            extra[name] = extra.get(name, 0) + count
        left = [odd[place] for place in rest.left]
        return Taken(pieces, "".join(pieces), left, characters + rest.characters, extra)

    def _each(self, lines: Sequence[bytes]) -> Taken:
        """As ``take``, each row decoded by itself."""
        pieces: list[str] = []
        left: list[int] = []
        extra: dict[str, int] = {}
        around = 0
        for raw in lines:
            made = express(raw)
            if made is None:
                left.append(len(pieces))
                pieces.append("")
            else:
                around += self._other(made, pieces, extra)
        text = "".join(pieces)
        return Taken(pieces, text, left, len(text) - around, extra)

    def _other(self, made: Sent, pieces: list[str], extra: dict[str, int]) -> int:
        """Add the line of ``made``; by how much it is longer than its messages."""
        user, assistant, unsent = made
        line = f"{self._begin}{sent.text(user).decode()}{_MIDDLE}{sent.text(assistant).decode()}{_END}"
        pieces.append(line)
        for name in unsent:
            extra[name] = extra.get(name, 0) + 1
        return len(line) - len(user) - len(assistant) - self._prompt


def _escapes(made: str) -> int:
    """How many characters of ``made`` are written as two."""
    return made.count("\\") - made.count("\\\\")


def _decoded(page: bytes) -> str | None:
    try:
        return page.decode()
    except UnicodeDecodeError:
        return None


def express(raw: bytes) -> Sent | None:
    """What is sent for the line ``raw``, or None: look at it closely."""
    try:
        row = _decode(raw)
    except (ValueError, RecursionError):
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
    if "\0" in user or sent.read_back(assistant) != (letter, answer):
        return None
    return user, assistant, extra
