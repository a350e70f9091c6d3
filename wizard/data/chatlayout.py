r"""How a file's chats are written: one pattern for nearly all of its lines, in which nothing can be found but by reading on.

The pattern allows no other key, no escape but ``\n`` and ``\"``, no character that ``inspection`` suspects, and no blanks at
a text's ends; where the user's text ends with options, they are different, and the answer is one of them. What it matches
is therefore what a JSON decoder gives and ``lane`` accepts, but for what ``Layout.left`` still looks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec

from wizard.data import wire
from wizard.data.check import Finding
from wizard.data.identity import COMPATIBLE, OPTIONS_BEGIN, Asked, keys, stem_of
from wizard.data.inspection import ENDS, SUSPICIOUS, about_question, mentions, names_options, refers, texts
from wizard.data.record import Message, Where

MOST_OPTIONS = 10

# Classes of one character each; a raw control character is no JSON.
_NOWHERE = Where("", 0)
_NO_WIDTH = "\u200b\u2060\ufeff"
_CHAR = rf'[^"\\\x00-\x1f{_NO_WIDTH}{SUSPICIOUS}]'
_PLAIN = rf'[^"\\\x00-\x1f{_NO_WIDTH}{SUSPICIOUS}{COMPATIBLE}图圖题題]'
_ENDS = r"(?<!\\n)(?<!\s)"
_TEXT = rf'(?!\s){_CHAR}++(?:\\[n"]{_CHAR}*+)*+{_ENDS}'
_STEM = rf'(?!\s)(?:({_PLAIN}++)(?=\\n\\n选项：)|({_CHAR}++(?:\\(?:"|n(?!\\n选项：\\n)){_CHAR}*+)*+))'
_OPTION = rf"(?!\s){_CHAR}++(?<!\s)"

_OF_PICTURE = re.compile("[图圖题題]")
# Superset of what `names_options` finds, as one look at each character.
_NAMING = re.compile(
    "[以上fA-J](?:(?<=以)上|(?<=上)述|(?<=f) [tT]he|(?<=[A-J])(?:\\s?[、，,+＋/&和与與及或]\\s?|\\s(?:and|or|&)\\s)[A-J])"
)
# Eleven digits as in a mobile number or from a birth year on; a literal beginning makes them ten times as quick.
mobile = re.compile("1[3-9][0-9]{9}")
born = re.compile("20[0-3][0-9][01][0-9][0-3][0-9]{4}")


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
        head = opening if system is None else f"{opening}{turns[0]}{wire.text(system).decode()}}}{comma}"
        head, middle = re.escape(f'{head}{turns[1]}"'), re.escape(f'"}}{comma}{turns[2]}"')
        if options:
            labels = "ABCDEFGHIJ"[:options]
            user = _STEM + re.escape(wire.text(OPTIONS_BEGIN).decode()[1:-1]) + r"\\n".join(_listed(labels))
            told = "|".join([rf"{label}\. \{number}" for number, label in enumerate(labels, 3)])
            answer = f"{re.escape(wire.ANSWER)}({told})"
        else:
            user, answer = rf'(?!\s)(?:({_PLAIN}++){_ENDS}(?=")|({_TEXT}))', f"({_TEXT})"
        self.pattern = re.compile(rf'^(?:{head}{user}{middle}{answer}"\}}\]\}}|(.*))$', re.MULTILINE)
        self.options = options
        self.system = system
        # Of the messages, besides the texts that are captured.
        self.around = len(system or "")
        if options:
            self.around += len(OPTIONS_BEGIN) + 4 * options - 1 + len(wire.ANSWER)

    def rows(self, text: str) -> list[tuple[str, ...]]:
        """For each line: plain stem or the other kind, the options, the answer, ""; or empty ones, and the line."""
        return self.pattern.findall(text)

    def left(self, text: str, rows: Sequence[tuple[str, ...]]) -> set[int]:
        """The places of ``rows`` (those of ``text``) that need a closer look."""
        left = {
            place
            for place, row in enumerate(rows)
            if not row[0] and (not row[1] or ("\\" in row[1] and _begins_options(bare(row[1]))))
        }
        for pattern in (mobile, born):
            left.update(_places(text, pattern))
        return left

    def said(self, rows: Sequence[tuple[str, ...]], first: int, file: str) -> dict[int, tuple[Finding, ...]]:
        """Place -> findings of the ``rows`` in which there are any, of those that are not left; the first is on line ``first``."""
        stems = [row[0] or row[1] for row in rows]
        if mentions("\n".join(stems)):
            some = {place for place, stem in enumerate(stems) if any(refers(stem))}
        else:
            some = set(_places("\n".join([row[1] for row in rows]), _OF_PICTURE))
        if self.options:
            some.update(self._naming(rows))
        said = {}
        for place in some:
            options = zip("ABCDEFGHIJ", rows[place][2:-2], strict=False)
            asked = Asked(bare(stems[place]), tuple(options))
            if found := tuple(about_question(asked, Where(file, first + place))):
                said[place] = found
        return said

    @staticmethod
    def _naming(rows: Sequence[tuple[str, ...]]) -> Iterator[int]:
        """The places of rows with an option that may name others."""
        for column in list(zip(*rows, strict=True))[2:-2]:
            for place in _places("\n".join(column), _NAMING):
                if names_options(column[place]):
                    yield place

    @staticmethod
    def keys(rows: Sequence[tuple[str, ...]], left: set[int]) -> list[int]:
        """``identity.key`` of each row's stem; 0 for those that are ``left``."""
        found = keys([row[0] for row in rows], plain=True)
        places = [place for place, row in enumerate(rows) if not row[0] and place not in left]
        for place, value in zip(places, keys([bare(rows[place][1]) for place in places]), strict=True):
            found[place] = value
        for place in left:
            found[place] = 0
        return found


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
    return bool(text) and text[0] not in ENDS and text[-1] not in ENDS and not any(texts((text,), _NOWHERE))


def bare(text: str) -> str:
    """A text as the decoder gives it, which the pattern found."""
    return text.replace('\\"', '"').replace("\\n", "\n") if "\\" in text else text


def _listed(labels: str) -> Iterator[str]:
    """The pattern of each option: different from those before it."""
    for number, label in enumerate(labels):
        before = "|".join([rf"\{other}" for other in range(3, 3 + number)])
        yield rf"{label}\. " + (rf'(?!(?:{before})(?:\\|"))' if before else "") + f"({_OPTION})"


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
        if count == 1 or count > MOST_OPTIONS:
            continue
        for comma, colon in ((", ", ": "), (",", ":")):
            layout = _layout(system, count, comma, colon)
            if (match := layout.pattern.match(text)) is not None and not match[match.re.groups]:
                return layout
    return None


@lru_cache(maxsize=32)
def _layout(system: str | None, options: int, comma: str, colon: str) -> Layout:
    return Layout(system, options, comma, colon)
