"""The fast lane of checking: Bailian's chat lines in which nothing can be found, decided at a glance.

It decides nothing that ``rows`` and ``inspection`` don't: a row in which anything might be found is left to them, and a
property test holds that both count and find the same. It is there because there may be millions of rows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from wizard.data.identity import COMPATIBLE, OPTIONS_BEGIN, key, stem_of
from wizard.data.inspection import ENDS, SUSPICIOUS, names_options, refers, texts
from wizard.data.record import Where
from wizard.data.tally import Tally
from wizard.data.undecodable import no_more_keys
from wizard.data.wire import ANSWER


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
_unusual = re.compile(f"[{SUSPICIOUS}{COMPATIBLE}\u200b\u2060\ufeff图圖题題]").search
_suspicious = re.compile(f"[{SUSPICIOUS}\u200b\u2060\ufeff]").search
_suspicious_ascii = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f@]").search
_names_options = re.compile("[A-J](?:\\s?[、，,+＋/&和与與及或]\\s?|\\s(?:and|or|&)\\s)[A-J]").search
# Eleven digits as in a mobile number or from a birth year on; a literal beginning makes them ten times as quick.
_mobile = re.compile("1[3-9][0-9]{9}").search
_born = re.compile("20[0-3][0-9][01][0-9][0-3][0-9]{4}").search
_NOWHERE = Where("", 0)
_Answered: TypeAlias = tuple[int, int, bool | None]
_ODD, _PLAIN, _WIDE = 0, 1, 2
_BEGIN = len(OPTIONS_BEGIN)
_LABEL = len(ANSWER)


class Lane:
    """Takes the rows of one file, in order; knows which system message was ordinary."""

    __slots__ = ("_system", "_tally")

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._system = "\0"  # no ordinary text yet

    def page(  # noqa: C901, PLR0912, PLR0915 - one loop: a call a row would cost as much as its work
        self, block: bytes, lines: Sequence[bytes], first: int, longest: int
    ) -> list[int]:
        """Count each of ``lines`` (which ``block`` holds) that is ordinary; returns the indexes of all others.

        ``first``: the first line's number; ``longest``: bytes of a line beyond which its tokens must be counted.
        """
        tally = self._tally
        keys = tally.keys
        answers: list[_Answered] = []
        left: list[int] = []
        sizes: list[int] = []
        top, at_top = tally.longest
        system_known, known = self._system, len(self._system)
        for index, row in enumerate(_decoded(block, lines)):
            if row is None:
                left.append(index)
                continue
            turns = row.messages
            count = len(turns)
            if count == 3:  # noqa: PLR2004 - system, user, assistant
                system, user, assistant = turns
                if system.content != system_known:
                    if not _ordinary_system(system.content):
                        left.append(index)
                        continue
                    system_known = system.content
                    known = len(system_known)
                characters = known
                if system.role != "system":
                    left.append(index)
                    continue
            elif count == 2:  # noqa: PLR2004
                user, assistant = turns
                characters = 0
            else:
                left.append(index)
                continue
            asked, answer = user.content, assistant.content
            if (
                user.role != "user"
                or assistant.role != "assistant"
                or not (looked := _look(asked))
                or not _look(answer)
                or len(lines[index]) > longest
            ):
                left.append(index)
                continue
            if "\n" in asked:
                question = _question(asked, answer, looked)
                if question is None:
                    left.append(index)
                    continue
                stem, found = question
                if found is not None:
                    answers.append(found)
            elif (looked == _WIDE or " " in asked) and _refers(asked):
                left.append(index)
                continue
            else:
                stem = asked
            keys[first + index - 1] = key(stem, plain=looked == _PLAIN)
            characters += len(asked) + len(answer)
            sizes.append(characters)
            if characters > top:
                top, at_top = characters, first + index
        self._system = system_known
        tally.longest = top, at_top
        tally.characters.update(sizes)
        for (options, place, hit), rows in Counter(answers).items():
            tally.places[options, place] += rows
            if hit is not None:
                tally.longest_right[options, hit] += rows
        tally.rows += len(sizes)
        if sizes:
            tally.kinds["Chat"] += len(sizes)
        return left


def _question(asked: str, answer: str, looked: int) -> tuple[str, _Answered | None] | None:
    """The stem, and what ``_options`` says of the options where there are any; None: it needs a closer look."""
    at = asked.find(OPTIONS_BEGIN)
    if at < 0:
        return None if _begins_options(asked) or _refers(asked) else (asked, None)
    stem = asked[:at]
    found = _options(asked[at + _BEGIN :], answer)
    if found is None or ((looked == _WIDE or " " in stem) and _refers(stem)) or _begins_options(stem):
        return None
    return stem, found


def _ordinary_system(text: str) -> bool:
    return bool(text) and text[0] not in ENDS and text[-1] not in ENDS and not any(texts((text,), _NOWHERE))


def _refers(stem: str) -> bool:
    return any(refers(stem))


def _begins_options(text: str) -> bool:
    return "\n" in text and len(stem_of(text)) != len(text)


def _decoded(block: bytes, lines: Sequence[bytes]) -> Sequence[_Row | None]:
    """Each line as a chat with nothing but what the platform knows, or None where it is anything else."""
    try:
        rows = _decoder.decode_lines(block)
    except (ValueError, RecursionError):
        rows = []
    if len(rows) == len(lines) and _only_keys(block, rows):
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
    if ("1" in text and _mobile(text)) or ("20" in text and _born(text)):
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
