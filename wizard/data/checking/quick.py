r"""The quick lane of checking: Bailian's chats that are written as the page's first ones are, in which nothing need be read on.

It decides nothing that ``understand`` and ``inspection`` don't: a line that the page's pattern doesn't match is left to them, and
a test that spoils right rows in every way holds that both count and find the same. It is there because there may be millions.

The pattern allows no other key, no escape but ``\n`` and ``\"``, no character that ``inspection`` suspects, and no blanks at a
text's ends; where the user's text ends with options, they are different, and the answer is one of them. What it matches is
therefore what a JSON decoder gives, but for what ``Sheet.left`` still looks for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from itertools import compress
from operator import eq
from typing import NamedTuple

import msgspec

from wizard.data import sent
from wizard.data.checking.chats import ENDS
from wizard.data.checking.leftovers import (
    BEGINS,
    IN_BRACKET,
    LETTERS,
    MISSING,
    NO_INPUT_ENDS,
    PLACEHOLDERS,
    marks,
)
from wizard.data.checking.questions import (
    SEPARATORS,
    about_question,
    mentions,
    names_options,
    own_label,
    refers,
)
from wizard.data.checking.tally import Tally
from wizard.data.checking.texts import SUSPICIOUS, texts
from wizard.data.files.lines import Lines
from wizard.data.findings import Finding
from wizard.data.identity import COMPATIBLE, OPTIONS_BEGIN, Asked, keys, stem_of
from wizard.data.record import Message, Where
from wizard.local.harmless import NO_WIDTH

_A = ord("A")
_UNDECODABLE = "surrogateescape"
_MOST_OPTIONS = 10

# Classes of one character each; a raw control character is no JSON.
_TOLD = len("A. ")
_NOWHERE = Where("", 0)
_STRANGE = rf'"\\\x00-\x1f\udc80-\udcff{NO_WIDTH}{SUSPICIOUS}'
_UNPLAIN = f"{_STRANGE}{COMPATIBLE}图圖题題"
_ENDS = r"(?<!\\n)(?<!\s)"


def _some(but: str, *, escapes: str = "", stem: bool = False) -> str:
    """The pattern of a text in which are none of the characters ``but``, and, behind its first one, the ``escapes``.

    A character of what ``leftovers`` tells of is in it only where something else follows.
    """
    signs = {**(dict.fromkeys("（(", IN_BRACKET) if stem else {}), **BEGINS}
    among = re.escape("".join(signs))
    sign = "|".join([rf"{re.escape(one)}(?!{then})" for one, then in signs.items()])
    char = f"[^{but}{among}]"
    return rf'(?![\s"\\]){char}*+(?:(?:{escapes}{sign}){char}*+)*+'


_ESCAPES = r'\\[n"]|'
_NO_OPTIONS = r'\\(?:"|n(?!\\n选项：\\n))|'
_TEXT = rf"{_some(_STRANGE, escapes=_ESCAPES)}{_ENDS}"
_WIDE = _some(_STRANGE, escapes=_NO_OPTIONS, stem=True)
_STEM = rf"(?:({_some(_UNPLAIN, stem=True)})(?=\\n\\n选项：)|({_WIDE}))"
_OPTION = rf"{_some(_STRANGE)}(?<!\s)"

_OF_PICTURE = re.compile("[图圖题題]")
# Superset of what `names_options` finds, as one look at each character.
_NAMING = re.compile(
    "[以上fA-J](?:(?<=以)上|(?<=上)述|(?<=f) [tT]he|(?<=[A-J])(?:\\s?[、，,+＋/&和与與及或]\\s?|\\s(?:and|or|&)\\s)[A-J])"
)
# Eleven digits as in a mobile number or from a birth year on; a literal beginning makes them ten times as quick.
_MOBILE = re.compile("1[3-9][0-9]{9}")
_BORN = re.compile("20[0-3][0-9][01][0-9][0-3][0-9]{4}")
_THINKING = re.compile("think>")
_ASKED = MISSING | PLACEHOLDERS
_TOLD_ALONE = _ASKED | LETTERS
_LONGEST = max(map(len, _TOLD_ALONE))
_NO_INPUT_ENDS = tuple(words.replace("\n", "\\n") for words in NO_INPUT_ENDS)


class Looked(NamedTuple):
    """What the lane makes of some lines, besides what it counts."""

    left: list[int]
    """The places of those that it can't decide."""
    said: dict[int, tuple[Finding, ...]]
    """Place -> the warnings about it, of those that it has counted."""


class Lane:
    """Takes the rows of one file, in order."""

    __slots__ = ("_file", "_layout")

    def __init__(self, file: str) -> None:
        self._file = file
        self._layout: Layout | None = None

    def page(self, tally: Tally, lines: Lines, first: int, longest: int) -> Looked:
        """Count in ``tally`` each of ``lines`` that is ordinary.

        ``first``: the first line's number; ``longest``: bytes of a line beyond which its tokens must be counted.
        """
        tally.room()
        tally.lines += len(lines)
        layout = self._layout or layout_of(lines.first)
        if layout is None:
            tally.room()
            return Looked([*range(len(lines))], {})
        sheet = Sheet(layout, lines.whole.decode("utf-8", _UNDECODABLE))
        odd = sheet.left()
        # The next page is told from its own lines where this one was no good.
        self._layout = layout if len(odd) * 2 < len(lines) else None
        if longest < len(lines.whole):
            odd.update([place for place, raw in enumerate(lines.lines) if len(raw) > longest])
        tally.add_keys(sheet.keys(odd))
        _count(tally, sheet, first, odd)
        said = {place: found for place, found in sheet.said(first, self._file).items() if place not in odd}
        return Looked(sorted(odd), said)


def _count(tally: Tally, sheet: Sheet, first: int, odd: set[int]) -> None:
    """The rows of ``sheet``, but for the ``odd`` ones; the first is on line ``first``."""
    kept = [True] * len(sheet.plain)
    for place in odd:
        kept[place] = False
    sizes = [*compress(sheet.characters(), kept)]
    if not sizes:
        return
    numbers = [*compress(range(first, first + len(kept)), kept)]
    tally.characters.update(sizes)
    most = max(sizes)
    tally.reach(most, numbers[sizes.index(most)])
    tally.rows += len(sizes)
    tally.kinds["chat"] += len(sizes)
    if count := len(sheet.options):
        for (label, times, hit), rows in Counter(compress(sheet.answers(), kept)).items():
            tally.places[count, ord(label) - _A] += rows
            if times == 1:
                tally.longest_right[count, hit] += rows


class Row(msgspec.Struct, gc=False):
    """One line of the pattern's kind; texts are as they stand in the line."""

    messages: list[Message]


_decode = msgspec.json.Decoder(Row).decode


class Layout:
    """The spacing, the system message and the number of options of chats with one question and one answer."""

    def __init__(self, system: str | None, options: int, comma: str, colon: str) -> None:
        opening = '{"messages"' + colon + "["
        turns = [
            f'{{"role"{colon}"{role}"{comma}"content"{colon}' for role in ("system", "user", "assistant")
        ]
        head = opening if system is None else f"{opening}{turns[0]}{sent.text(system).decode()}}}{comma}"
        head, middle = re.escape(f'{head}{turns[1]}"'), re.escape(f'"}}{comma}{turns[2]}"')
        if options:
            labels = "ABCDEFGHIJ"[:options]
            user = _STEM + re.escape(sent.text(OPTIONS_BEGIN).decode()[1:-1]) + r"\\n".join(_listed(labels))
            told = "|".join([rf"{label}\. \{number}" for number, label in enumerate(labels, 3)])
            answer = f"{re.escape(sent.ANSWER)}({told})"
        else:
            user, answer = rf'(?:({_some(_UNPLAIN)}){_ENDS}(?=")|({_TEXT}))', f"({_TEXT})"
        self.pattern = re.compile(rf'^(?:{head}{user}{middle}{answer}"\}}\]\}}|(.*))$', re.MULTILINE)
        self.options = options
        self.system = system
        # Of the messages, besides the texts that are captured.
        self.around = len(system or "")
        if options:
            self.around += len(OPTIONS_BEGIN) + 4 * options - 1 + len(sent.ANSWER)


class Sheet:
    """Some lines of one layout, by columns, in which those of other kinds are empty.

    ``plain``: stems in which there is nothing unusual; ``wide``: others; ``told``: the answer, with options from its label
    on. All as they stand in the line.
    """

    __slots__ = ("_text", "layout", "options", "plain", "told", "wide")

    def __init__(self, layout: Layout, text: str) -> None:
        self.plain, self.wide, *self.options, self.told, _line = zip(
            *layout.pattern.findall(text), strict=True
        )
        self.layout = layout
        self._text = text

    def left(self) -> set[int]:
        """The places of lines that need a closer look."""
        left = {
            place
            for place, stem in enumerate(self.plain)
            if not stem
            and (
                not self.wide[place] or ("\\" in self.wide[place] and _begins_options(bare(self.wide[place])))
            )
        }
        for pattern in (_MOBILE, _BORN):
            left.update(_places(self._text, pattern))
        if "think>" in self._text:
            left.update(_places(self._text, _THINKING))
        if not self.options:  # else no text is only a word
            left.update(self._words_alone())
        return left

    def _words_alone(self) -> Iterator[int]:
        """The places of lines of which a text is no more than a word that ``leftovers`` knows, or ends with the word for no input."""
        for column, words in ((self.plain, _ASKED), (self.wide, _ASKED), (self.told, _TOLD_ALONE)):
            if min(map(len, filter(None, column)), default=_LONGEST + 1) <= _LONGEST:
                yield from [place for place, text in enumerate(column) if text in words]
        yield from [place for place, stem in enumerate(self.wide) if stem and stem.endswith(_NO_INPUT_ENDS)]

    def said(self, first: int, file: str) -> dict[int, tuple[Finding, ...]]:
        """Place -> findings, of the lines about which there are any and that aren't left; the first is line ``first``."""
        some: set[int] = set()
        for stems in (self.plain, self.wide):
            text = "\n".join(stems)
            if mentions(text):
                some.update([place for place, stem in enumerate(stems) if any(refers(stem))])
            elif stems is self.wide:
                shown = _places(text, _OF_PICTURE)
                some.update([place for place in shown if any(refers(stems[place]))])
        for column in self.options:
            naming = _places("\n".join(column), _NAMING)
            some.update([place for place in naming if names_options(column[place])])
        said = {}
        for place in some:
            options = zip("ABCDEFGHIJ", [column[place] for column in self.options], strict=False)
            asked = Asked(bare(self.plain[place] or self.wide[place]), tuple(options))
            if found := tuple(about_question(asked, Where(file, first + place))):
                said[place] = found
        return said

    def keys(self, left: Collection[int]) -> list[int]:
        """``identity.key`` of each row's stem; 0 for those that are ``left``."""
        found = keys(self.plain, plain=True)
        places = [place for place, stem in enumerate(self.wide) if stem]
        for place, value in zip(places, keys([bare(self.wide[place]) for place in places]), strict=True):
            found[place] = value
        for place in left:
            found[place] = 0
        return found

    def characters(self) -> list[int]:
        """Of all messages of each row."""
        around = self.layout.around
        sizes = [_sizes(column) for column in (self.plain, self.wide, *self.options, self.told)]
        return [around + size for size in map(sum, zip(*sizes, strict=True))]

    def answers(self) -> Iterator[tuple[str, int, bool]]:
        """Of each row the right label, how many options are the longest, and whether the right one is as long."""
        sized = list(zip(*[map(len, column) for column in self.options], strict=True))
        most = [*map(max, sized)]
        labels = [told[:1] for told in self.told]
        hits = map(eq, most, [len(told) - _TOLD for told in self.told])
        return zip(labels, map(tuple.count, sized, most), hits, strict=True)


def _sizes(texts: Sequence[str]) -> list[int]:
    if "\\" in "".join(texts):
        return [len(text) - text.count("\\") for text in texts]
    return [*map(len, texts)]


def _places(text: str, pattern: re.Pattern[str]) -> Iterator[int]:
    """The line, from 0, in which each match begins."""
    place = at = 0
    for one in pattern.finditer(text):
        place += text.count("\n", at, one.start())
        at = one.start()
        yield place


def _begins_options(text: str) -> bool:
    return "\n" in text and len(stem_of(text)) != len(text)


def ordinary_system(text: str) -> bool:
    """Whether nothing is to be said of a system message by itself."""
    return (
        bool(text)
        and text[0] not in ENDS
        and text[-1] not in ENDS
        and not any((*texts((text,), _NOWHERE), *marks((text,), _NOWHERE)))
    )


def bare(text: str) -> str:
    """A text as the decoder gives it, which the pattern found."""
    return text.replace('\\"', '"').replace("\\n", "\n") if "\\" in text else text


def _listed(labels: str) -> Iterator[str]:
    """The pattern of each option: different from those before it."""
    for number, label in enumerate(labels):
        before = "|".join([rf"\{other}" for other in range(3, 3 + number)])
        differs = rf'(?!(?:{before})(?:\\|"))' if before else ""
        yield rf"{label}\. {differs}(?!{own_label(label)})({_OPTION}(?<![{SEPARATORS}]))"


def layout_of(lines: Sequence[bytes]) -> Layout | None:
    """The layout of one of a page's first ``lines``; None where none of them is such a chat."""
    for raw in lines:
        try:
            turns = _decode(raw).messages
            text = raw.decode()
        except (ValueError, RecursionError):
            continue
        if [turn.role for turn in turns[-2:]] != ["user", "assistant"] or len(turns) > 3:  # noqa: PLR2004 - a system message
            continue
        system = turns[0].content if len(turns) == 3 else None  # noqa: PLR2004
        if system is not None and (turns[0].role != "system" or not ordinary_system(system)):
            continue
        _stem, found, options = turns[-2].content.partition(OPTIONS_BEGIN)
        count = options.count("\n") + 1 if found else 0
        if count == 1 or count > _MOST_OPTIONS:
            continue
        for comma, colon in ((", ", ": "), (",", ":")):
            layout = _layout(system, count, comma, colon)
            if (match := layout.pattern.match(text)) is not None and not match[match.re.groups]:
                return layout
    return None


@lru_cache(maxsize=32)
def _layout(system: str | None, options: int, comma: str, colon: str) -> Layout:
    return Layout(system, options, comma, colon)
