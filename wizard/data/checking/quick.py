"""The fast lane of checking: Bailian's chat lines in which nothing can be found, decided at a glance.

Lines with their page's layout (see ``chatlayout``) are looked at all together, others decoded one by one.

It decides nothing that ``rows`` and ``inspection`` don't: a row in which anything might be found is left to them, and a
property test holds that both count and find the same. It is there because there may be millions of rows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import compress
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from wizard.data.checking.chatlayout import Layout, Sheet, born, layout_of, mobile, ordinary_system
from wizard.data.checking.chats import ENDS
from wizard.data.checking.questions import names_options, refers
from wizard.data.checking.tally import Tally
from wizard.data.checking.texts import SUSPICIOUS
from wizard.data.files.lines import Lines
from wizard.data.findings import Finding
from wizard.data.identity import COMPATIBLE, OPTIONS_BEGIN, key, stem_of
from wizard.data.sent import ANSWER
from wizard.data.shapes.undecodable import no_more_keys
from wizard.local.harmless import NO_WIDTH


class _Turn(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: Literal["system", "user", "assistant"]
    content: str


class _Row(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    messages: list[_Turn]


_decoder = msgspec.json.Decoder(_Row)
_OPTIONS = {
    count: re.compile("\n".join([rf"{label}\. (.+)" for label in "ABCDEFGHIJ"[:count]])).fullmatch
    for count in range(2, 11)
}
# What stands alone for a possible finding; the classes that `identity` and `inspection` know.
_unusual = re.compile(f"[{SUSPICIOUS}{COMPATIBLE}{NO_WIDTH}图圖题題]").search
_suspicious = re.compile(f"[{SUSPICIOUS}{NO_WIDTH}]").search
_suspicious_ascii = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f@]").search
_names_options = re.compile("[A-J](?:\\s?[、，,+＋/&和与與及或]\\s?|\\s(?:and|or|&)\\s)[A-J]").search
_Answered: TypeAlias = tuple[int, int, bool | None]
_ODD, _PLAIN, _WIDE = 0, 1, 2
_BEGIN = len(OPTIONS_BEGIN)
_LABEL = len(ANSWER)
_A = ord("A")
_TALK = ["user", "assistant"]


class Looked(NamedTuple):
    """What the lane makes of some lines, besides what it counts."""

    left: list[int]
    """The places of those that it can't decide."""
    said: dict[int, tuple[Finding, ...]]
    """Place -> the warnings about it, of those that it has counted."""


class Lane:
    """Takes the rows of one file, in order; knows which system message was ordinary."""

    __slots__ = ("_file", "_layout", "_system", "_tally")

    def __init__(self, file: str) -> None:
        self._tally = Tally()
        self._file = file
        self._layout: Layout | None = None
        self._system = "\0"  # no ordinary text yet

    def page(self, tally: Tally, lines: Lines, first: int, longest: int) -> Looked:
        """Count in ``tally`` each of ``lines`` that is ordinary.

        ``first``: the first line's number; ``longest``: bytes of a line beyond which its tokens must be counted.
        """
        self._tally = tally
        text = _text(lines.whole)
        layout = (self._layout or layout_of(lines.first)) if text is not None else None
        if text is None or layout is None:
            tally.lines += len(lines.lines)
            tally.room()
            return Looked(self._each(lines.lines, range(first, first + len(lines)), longest), {})
        sheet = layout.sheet(text)
        count = len(sheet.plain)
        odd = sheet.left()
        # The next page is told from its own lines where this one was no good.
        self._layout = layout if len(odd) * 2 < count else None
        if longest < len(lines.whole):
            odd.update([place for place, raw in enumerate(lines.lines) if len(raw) > longest])
        tally.room()
        tally.add_keys(sheet.keys(odd))
        tally.lines += count
        self._count(sheet, first, odd)
        said = {place: found for place, found in sheet.said(first, self._file).items() if place not in odd}
        left = sorted(odd)
        again = self._each([lines.lines[place] for place in left], [first + place for place in left], longest)
        return Looked([left[place] for place in again], said)

    def _count(self, sheet: Sheet, first: int, odd: set[int]) -> None:
        """The rows of ``sheet``, but for the ``odd`` ones; the first is on line ``first``."""
        kept = [True] * len(sheet.plain)
        for place in odd:
            kept[place] = False
        answers: Counter[_Answered] = Counter()
        count = len(sheet.options)
        for (label, times, hit), rows in Counter(compress(sheet.answers(), kept)).items() if count else ():
            answers[count, ord(label) - _A, hit if times == 1 else None] += rows
        numbers = compress(range(first, first + len(kept)), kept)
        self._add([*compress(sheet.characters(), kept)], [*numbers], answers)

    def _add(self, characters: Sequence[int], numbers: Sequence[int], answers: Counter[_Answered]) -> None:
        """Ordinary rows: the characters of each, the lines they are on, and what the questions among them ask."""
        if not characters:
            return
        tally = self._tally
        tally.characters.update(characters)
        most = max(characters)
        tally.reach(most, numbers[characters.index(most)])
        for (options, place, hit), count in answers.items():
            tally.places[options, place] += count
            if hit is not None:
                tally.longest_right[options, hit] += count
        tally.rows += len(characters)
        tally.kinds["Chat"] += len(characters)

    def _each(self, lines: Sequence[bytes], numbers: Sequence[int], longest: int) -> list[int]:
        """As ``page``, each row decoded by itself."""
        keys = self._tally.keys
        answers: list[_Answered] = []
        left: list[int] = []
        sizes: list[int] = []
        taken: list[int] = []
        for place, (row, number) in enumerate(zip(_decoded(lines), numbers, strict=True)):
            turns = row.messages if row is not None and len(lines[place]) <= longest else ()
            characters = 0
            if turns and turns[0].role == "system":
                system = turns[0].content
                if system != self._system and ordinary_system(system):
                    self._system = system
                characters = len(system)
                turns = turns[1:] if system == self._system else ()
            if not turns or [turn.role for turn in turns] != _TALK * (len(turns) // 2):
                left.append(place)
                continue
            looks = [_look(turn.content) for turn in turns]
            asked, answer = turns[0].content, turns[-1].content
            if len(turns) > len(_TALK):
                asked = "\n".join([turn.content for turn in turns[:-1]])
            question = _question(asked, answer, max(looks)) if _ODD not in looks else None
            if question is None:
                left.append(place)
                continue
            stem, found = question
            if found is not None:
                answers.append(found)
            keys[number - 1] = key(stem, plain=max(looks) == _PLAIN)
            sizes.append(characters + sum([len(turn.content) for turn in turns]))
            taken.append(number)
        self._add(sizes, taken, Counter(answers))
        return left


def _question(asked: str, answer: str, looked: int) -> tuple[str, _Answered | None] | None:
    """The stem, and what ``_options`` says of the options where there are any; None: it needs a closer look."""
    at = asked.find(OPTIONS_BEGIN) if "\n" in asked else -1
    found = None
    if at >= 0:
        found = _options(asked[at + _BEGIN :], answer)
        if found is None:
            return None
    stem = asked if at < 0 else asked[:at]
    if ((looked == _WIDE or " " in stem) and _refers(stem)) or _begins_options(stem):
        return None
    return stem, found


def _refers(stem: str) -> bool:
    return any(refers(stem))


def _begins_options(text: str) -> bool:
    return "\n" in text and len(stem_of(text)) != len(text)


def _text(page: bytes) -> str | None:
    try:
        return page.decode()
    except UnicodeDecodeError:
        return None


def _decoded(lines: Sequence[bytes]) -> Sequence[_Row | None]:
    """Each line as a chat with nothing but what the platform knows, or None where it is anything else."""
    page = b"\n".join(lines)
    try:
        rows = _decoder.decode_lines(page)
    except (ValueError, RecursionError):
        rows = []
    if len(rows) == len(lines) and _only_keys(page, rows):
        return rows
    return [_alone(raw) for raw in lines]


def _look(text: str) -> int:
    """_PLAIN or _COMPATIBLE where nothing can be wrong with ``text`` by itself; _ODD where it needs a closer look."""
    if not text or text[0] in ENDS or text[-1] in ENDS:
        return _ODD
    looked = _PLAIN
    if text.isascii():
        if _suspicious_ascii(text):
            return _ODD
    elif _unusual(text):
        if _suspicious(text):
            return _ODD
        looked = _WIDE
    if ("1" in text and mobile.search(text)) or ("20" in text and born.search(text)):
        return _ODD
    return looked


def _options(options: str, answer: str) -> _Answered | None:
    """(number, place of the right one, whether it is the longest) of options in the wizard's own wording, or None.

    The last is None where no single option is the longest. None for all: they are to be looked at closely.
    """
    count = options.count("\n") + 1
    pattern = _OPTIONS.get(count)
    found = pattern(options) if pattern is not None and answer.startswith(ANSWER) else None
    if found is None:
        return None
    bare = found.groups()
    place = ord(answer[_LABEL : _LABEL + 1] or " ") - ord("A")
    if not 0 <= place < count or answer[_LABEL + 1 :] != f". {bare[place]}":
        return None
    if len(set(bare)) != count or tuple(map(str.strip, bare)) != bare:
        return None
    if (
        _names_options(options)
        or "以上" in options
        or "上述" in options
        or "f the" in options
        or "f The" in options
    ) and any(map(names_options, bare)):
        return None
    sizes = [*map(len, bare)]
    most = max(sizes)
    return count, place, sizes[place] == most if sizes.count(most) == 1 else None


def _only_keys(block: bytes, rows: Sequence[_Row]) -> bool:
    """Whether the rows' own keys are all that ``block`` has: none is there twice. False where it can't tell."""
    turns = sum([len(row.messages) for row in rows])
    wanted = len(rows) + 2 * turns
    colons = block.count(b":")
    if colons == wanted:
        return True
    if b"\\u003" in block:
        return False
    return colons == wanted + "".join([turn.content for row in rows for turn in row.messages]).count(":")


def _alone(raw: bytes) -> _Row | None:
    try:
        row = _decoder.decode(raw)
    except (ValueError, RecursionError):
        return None
    return row if no_more_keys(raw, 1 + 2 * len(row.messages)) else None
