r"""The quick lane: questions that are faultless and written as the page's first ones are, from JSON to the lines sent.

It decides nothing that ``understand`` and ``page`` don't: a line that the page's pattern doesn't match is handed to them, and a
test that spoils right rows in every way holds that both make the same. It is there because there may be millions of rows.

The pattern has the first row's keys in their order and spacing, allows no control character, no key twice, nothing else, and only
those escapes that JSON can't do without; so what it finds is what a decoder finds but for these, which are sent as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from wizard.data import sent
from wizard.data.files.lines import Lines
from wizard.data.sent import ANSWER, OPTIONS
from wizard.data.shapes.conserved import watched
from wizard.data.shapes.names import MEDIA_ENDS
from wizard.data.shapes.plan import plan
from wizard.data.shapes.roles import verdicts
from wizard.data.shapes.spelling import MISSING, listed
from wizard.data.shapes.understand import decode
from wizard.local.harmless import NO_WIDTH

# Not in it: characters of no width, which str.strip leaves at a text's ends, and what surrogateescape makes of bytes that are no UTF-8.
_PLAIN = rf'[^"\\\x00-\x1f{NO_WIDTH}\udc80-\udcff]'
_BLANK = r"[^\S\x00-\x1f]"
_BLANKS = rf"{_BLANK}*+(?:\\[nrt]{_BLANK}*+)*+"
# Something besides blanks, those at its beginning and escaped ones at its end taken away; str.strip finds the others.
_TEXT = rf'"{_BLANKS}(?!")({_PLAIN}*+(?:\\(?:["\\]|[nrt](?!{_BLANKS}")){_PLAIN}*+)*+){_BLANKS}"'
# An option that repeats the first label, or is only what programs write for nothing, is read with care.
_MISSING = "|".join(listed(MISSING))
_DOTLESS = _PLAIN.replace("[^", "[^.")
_STRING = rf'"(?!\s*data:){_DOTLESS}*+(?:(?:\\["\\/bfnrt]|\.(?!(?i:{MEDIA_ENDS})["?#\s\\])){_DOTLESS}*+)*+"'
# A field that isn't sent counts where something is in it.
_FILLED = rf'(?="[^\s"\\]){_STRING}'
_LISTED = frozenset("ABCDEFGHIJ"[:count] for count in range(2, 11))
_MEANINGS = {"question", "options", "answer"}
_NAMES = {"question", "options", "answer", "answer_idx"}
_SPACINGS = ((", ", ": "), (",", ":"))
_UNDECODABLE = "surrogateescape"


class Taken(NamedTuple):
    """What the lane made of some lines."""

    pieces: list[str]
    """For each line the line that is sent, with its line end; "" for one that is left."""
    left: list[int]
    """The places of those to look at closely."""
    characters: int
    """Of all messages of the pieces."""
    extra: tuple[str, ...]
    """The fields that are not sent, which each of the rows taken has."""


class Layout:
    """The order of the fields, the spacing and the options of a page's rows."""

    def __init__(
        self, keys: tuple[str, ...], extra: tuple[str, ...], labels: str, spacing: tuple[str, str]
    ) -> None:
        comma, colon = spacing
        each = comma.join([f'"{label}"{colon}{_beside(label)}{_TEXT}' for label in labels])
        values = dict.fromkeys(extra, rf"(?:{_FILLED}|\[{_STRING}(?:{comma}{_STRING})*+\])")
        values |= {
            "options": rf"\{{{each}\}}",
            "answer_idx": f'"([{labels}])"',
            "question": _TEXT,
            "answer": _TEXT,
        }
        fields = [f"{re.escape(sent.text(key).decode())}{colon}{values[key]}" for key in keys]
        self.pattern = re.compile(r"^(?:\{" + comma.join(fields) + r"\}|.*)$", re.MULTILINE)
        self.extra = extra
        self.labels = labels
        self.places = {label: place for place, label in enumerate(labels, 1)}
        sent_keys = [key for key in keys if key not in extra]
        groups = [name for key in sent_keys for name in (labels if key == "options" else (key,))]
        self.order = [groups.index(name) for name in ("question", *labels, "answer_idx", "answer")]


def _beside(label: str) -> str:
    """What isn't in front of the text of an option."""
    doubled = (
        rf"|[（(\[【［]?\s*[{label}{label.lower()}\uff21\uff41]\s*[)）\]】］.．、:：]" if label == "A" else ""
    )
    return rf'(?!"{_BLANKS}(?:(?i:{_MISSING}){_BLANKS}"{doubled}))'


class Lane:
    """The quick lane for one system prompt."""

    def __init__(self, system_prompt: str) -> None:
        self._prompt = system_prompt

    def take(self, some: Lines) -> Taken:
        """Whatever of ``some`` lines has the layout of one of the first."""
        layout = layout_of(some.first)
        if layout is None:
            return Taken([""] * len(some), [*range(len(some))], 0, ())
        groups = [*zip(*layout.pattern.findall(some.whole.decode("utf-8", _UNDECODABLE)), strict=True)]
        *texts, letters, answers = [groups[at] for at in layout.order]
        columns = (*[map(str.strip, text) for text in texts], letters, map(str.strip, answers))
        places, template = layout.places, _template(self._prompt, layout.labels)
        pieces = [
            template % row if (letter := row[-2]) and row[places[letter]] == row[-1] else ""
            for row in zip(*columns, strict=True)
        ]
        left = [place for place, piece in enumerate(pieces) if not piece] if "" in pieces else []
        made = "".join(pieces)
        around, escapes = _besides(self._prompt, layout.labels)
        rows = len(pieces) - len(left)
        # What is written as two characters is one of the message.
        characters = len(made) - rows * around - (_escapes(made) - rows * escapes)
        return Taken(pieces, left, characters, layout.extra)


@lru_cache(maxsize=32)
def _template(system_prompt: str, labels: str) -> str:
    """The line that is sent, with %s for question, options, label and answer as they are written in JSON."""
    listed = "".join([rf"\n{label}. %s" for label in labels])
    begin = sent.begin(system_prompt).decode().replace("%", "%%")
    return rf'{begin}"%s\n\n{OPTIONS}{listed}"{sent.MIDDLE.decode()}"{ANSWER}%s. %s"{sent.END.decode()}'


@lru_cache(maxsize=32)
def _besides(system_prompt: str, labels: str) -> tuple[int, int]:
    """Of a line without question, options and answer: by how much it is longer than its messages, and how many escapes it has."""
    line = _template(system_prompt, labels) % (("",) * (len(labels) + 3))
    messages = sum(len(turn["content"]) for turn in decode(line.encode())["messages"])
    return len(line) - messages, _escapes(line)


def _escapes(made: str) -> int:
    """How many characters of ``made`` are written as two."""
    return made.count("\\") - made.count("\\\\")


def layout_of(lines: Sequence[bytes]) -> Layout | None:
    """The layout of one of a page's first ``lines``; None where none of them is a question in MedQA's shape."""
    for raw in lines:
        try:
            row = decode(raw)
        except (ValueError, RecursionError):
            continue
        if type(row) is not dict or type(options := row.get("options")) is not dict:
            continue
        labels, planned = "".join(options), plan(tuple(row))
        named = {*planned.meanings.values(), *planned.answers}
        plain = not (planned.rivals or any(map(any, map(watched, planned.extra))))
        if planned.meanings.keys() != _MEANINGS or named != _NAMES or labels not in _LISTED or not plain:
            continue
        if verdicts(planned.extra):
            continue
        for spacing in _SPACINGS:
            layout = _layout(tuple(row), planned.extra, labels, spacing)
            found = layout.pattern.match(raw.decode())
            if found is not None and found[1]:
                return layout
    return None


@lru_cache(maxsize=32)
def _layout(keys: tuple[str, ...], extra: tuple[str, ...], labels: str, spacing: tuple[str, str]) -> Layout:
    return Layout(keys, extra, labels, spacing)
