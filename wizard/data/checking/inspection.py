"""What a person should know about one row that can be sent: the warnings, and the errors of a chat's answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

from wizard.data.findings import Finding, Rule, quoted
from wizard.data.identity import Asked
from wizard.data.record import BLANKS, Chat, Message, MultipleChoice, Preference, Record, Where
from wizard.local.harmless import DIRECTIONS
from wizard.locale import N_, _, enumerated

EQUAL_OPTIONS = Rule(
    "EQUAL_OPTIONS",
    "warning",
    N_("Options {first} and {second} are the same text."),
    N_("Correct one of them, or leave the row out."),
)
OPTIONS_NAME_OPTIONS = Rule(
    "OPTIONS_NAME_OPTIONS",
    "warning",
    N_("Option {label} speaks of other options: “{text}”."),
    N_("Nothing is to be done, but the options must stay in this order."),
)
NEEDS_PICTURE = Rule(
    "NEEDS_PICTURE",
    "warning",
    N_("The question refers to a picture or table (“{words}”), which is not sent."),
    N_("Leave the row out, unless the question can be answered without it."),
)
NEEDS_OTHER_QUESTION = Rule(
    "NEEDS_OTHER_QUESTION",
    "warning",
    N_("The question refers to another question (“{words}”), which is not sent."),
    N_("Add what the other question says, or leave the row out."),
)
CHAT_ANSWER_NOT_AN_OPTION = Rule(
    "CHAT_ANSWER_NOT_AN_OPTION",
    "error",
    N_("The assistant's answer is “{answer}”, but the options are {labels}."),
    N_("Correct the row, or leave it out."),
)
CHAT_ANSWER_DISAGREES = Rule(
    "CHAT_ANSWER_DISAGREES",
    "error",
    N_("The assistant's answer is {label} with the text “{answer}”, but option {label} is “{option}”."),
    N_("Correct one of the two, or leave the row out."),
)
PERSONAL_DATA = Rule(
    "PERSONAL_DATA",
    "warning",
    N_("The text holds what looks like {kind}: {shown}."),
    N_("Look at the row; if it should be there, nothing is to be done."),
)
SYSTEM_NOT_FIRST = Rule(
    "SYSTEM_NOT_FIRST",
    "warning",
    N_("The system message is message {number}, not the first."),
    N_("Put one system message first."),
)
ROLES_NOT_ALTERNATING = Rule(
    "ROLES_NOT_ALTERNATING",
    "warning",
    N_("Messages {before} and {number} are both from {role}."),
    N_("Let user and assistant take turns; join what belongs together."),
)
NO_USER = Rule(
    "NO_USER",
    "warning",
    N_("There is no message from the user."),
    N_("Let a user's message come before the assistant's."),
)
ASSISTANT_FIRST = Rule(
    "ASSISTANT_FIRST",
    "warning",
    N_("The assistant speaks before the user."),
    N_("Let a user's message come before the assistant's."),
)
REFUSED_KEY = Rule(
    "REFUSED_KEY",
    "warning",
    N_("“{key}” is not supported by the platform: every assistant message is trained alike."),
    N_("Remove it (--fix does)."),
)
UNKNOWN_KEY = Rule(
    "UNKNOWN_KEY", "warning", N_("The platform doesn't know “{key}”."), N_("Remove it (--fix does).")
)
BLANKS_AT_ENDS = Rule(
    "BLANKS_AT_ENDS",
    "warning",
    N_("Message {number} ({role}) begins or ends with blanks, which would be learned."),
    N_("Remove them (in Bailian's format --fix does)."),
)
REPLACEMENT_CHARACTER = Rule(
    "REPLACEMENT_CHARACTER",
    "warning",
    N_("The text holds a replacement character (U+FFFD) near “{near}”: something was lost here."),
    N_("Take the row from the original file, read in its own encoding."),
)
MOJIBAKE = Rule(
    "MOJIBAKE",
    "warning",
    N_("The text looks wrongly decoded: “{near}” was probably “{meant}”."),
    N_("Take the row from the original file, read in its own encoding."),
)
HIDDEN_CHARACTER = Rule(
    "HIDDEN_CHARACTER",
    "warning",
    N_("The text holds a control character ({character}) near “{near}”."),
    N_("Look at the row; if it should be there, nothing is to be done."),
)


REFUSED = frozenset({"name", "weight"})
KNOWN = frozenset({"role", "content", "loss_weight"})
ENDS = frozenset(BLANKS)

# A character that makes a text worth a close look; what has none of them needs no look.
SUSPICIOUS = DIRECTIONS + "\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f@\ufffdÃÂâïä锛銆鐨鈥锟"
_CONTROL = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{DIRECTIONS}]")
_PICTURE = re.compile(
    "(?:如|下|上|附|左|右|见|見|本|该|此|插)[图圖](?!书|書|像处理)(?:[所中示]|\\d|[，,：:]|$|[的为爲為是])?|[图圖](?:中|示|[A-Z]?\\d)"
)
_SHOWABLE = "(?:figure|image|picture|photograph|photo|diagram|graph|table|radiograph|[Xx]-ray|ECG|exhibit)"
_PICTURE_IN_ENGLISH = re.compile(
    f"{_SHOWABLE}s? (?:is |are |as )?(?:shown|depicted|below)"
    f"|(?:shown|depicted) in the {_SHOWABLE}|[Ss]ee (?:the {_SHOWABLE}|figure|image)"
)
_OTHER_QUESTION = re.compile("[承同接]上[题題]|上(?:一|述)?[题題](?!目)|前(?:一|述)?[题題]")
_OTHER_QUESTION_IN_ENGLISH = re.compile("(?:previous|preceding|last) question")
_NAMES_OPTIONS = re.compile(
    "^(?:皆?非)?以上|[非与和及，,。]以上|以上(?:都|均|皆|各[项項]|选项|選項|全部|所有|说法|說法|答案)|上述(?:都|均|皆|各|选项|選項)|(?:[Aa]ll|[Nn]one|[Bb]oth|[Aa]ny|[Nn]either) [Oo]f (?:the|The) (?:[Aa]bove|[Oo]ptions|[Cc]hoices)"
    r"|(?<![A-Za-z])[A-J](?:\s?[、，,+＋/&和与與及或]\s?|\s(?:and|or|&)\s)[A-J](?![A-Za-z])"
)
# The last two of each: UTF-8 that was read as GBK, and as Latin-1 or Windows-1252.
_READ_AS_GBK = re.compile("[锛銆鐨鈥锟]")
_READ_AS_LATIN = re.compile("[\u00c2-\u00f4][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]+")
_MANGLED = re.compile("锟斤拷|烫烫烫|屯屯屯")
_MOBILE = re.compile(r"(?<![0-9A-Za-z.])1[3-9][0-9]{9}(?![0-9A-Za-z])")
_IDENTITY = re.compile(r"(?<![0-9A-Za-z.])[1-8][0-9]{16}[0-9Xx](?![0-9A-Za-z])")
_EMAIL = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9][A-Za-z0-9._%+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}(?![\w-])"
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def inspect(record: Record, asked: Asked, *, as_it_is: bool = False) -> Iterator[Finding]:
    """The findings about ``record``, which ``asked`` was made from.

    ``as_it_is``: the row is Bailian's own chat shape, so what it holds besides roles and contents reaches the platform.
    """
    where = record.where
    yield from texts(_texts(record), where)
    yield from about_question(asked, where)
    if isinstance(record, Chat):
        yield from _turns(record.messages, where)
        yield from _answer(asked, where)
    if isinstance(record, Chat | Preference):
        yield from _blanks(record.messages, where)
    if as_it_is:
        yield from _keys(record, where)


def about_question(asked: Asked, where: Where) -> Iterator[Finding]:
    """The findings about what a row asks, whatever else it is."""
    yield from _stem(asked, where)
    yield from _options(asked, where)


def mentions(stem: str) -> bool:
    """Whether a stem holds an English word without which it refers to no picture and no other question."""
    if " " not in stem:
        return False
    return (
        "shown" in stem
        or "depicted" in stem
        or " below" in stem
        or " question" in stem
        or "ee the " in stem
        or "ee figure" in stem
        or "ee image" in stem
    )


def refers(stem: str) -> tuple[str, str]:
    """The words with which a stem refers to a picture, and those with which it refers to another question, or ""."""
    picture = _PICTURE.search(stem) if "图" in stem or "圖" in stem else None
    other = _OTHER_QUESTION.search(stem) if "题" in stem or "題" in stem else None
    if mentions(stem):
        picture = picture or _PICTURE_IN_ENGLISH.search(stem)
        other = other or _OTHER_QUESTION_IN_ENGLISH.search(stem)
    return picture[0].strip() if picture else "", other[0] if other else ""


def names_options(text: str) -> bool:
    """Whether an option's text speaks of other options, so that their order matters."""
    return _NAMES_OPTIONS.search(text) is not None


def texts(parts: Sequence[str], where: Where) -> Iterator[Finding]:
    """What is suspicious about the characters of a row, each kind once."""
    text = "\n".join(parts)
    if (at := text.find("\ufffd")) >= 0:
        yield REPLACEMENT_CHARACTER.at(where, near=quoted(text[max(0, at - 8) : at + 8]))
    if (wrong := _mojibake(text)) is not None:
        yield MOJIBAKE.at(where, near=quoted(wrong[0]), meant=quoted(wrong[1]))
    if (control := _CONTROL.search(text)) is not None:
        at = control.start()
        near, character = quoted(text[max(0, at - 8) : at + 8]), f"U+{ord(control[0]):04X}"
        yield HIDDEN_CHARACTER.at(where, near=near, character=character)
    for kind, shown in personal(text):
        yield PERSONAL_DATA.at(where, kind=kind, shown=shown)


def personal(text: str) -> Iterator[tuple[str, str]]:
    """(what it is, the piece with its middle hidden) of each kind of personal data that ``text`` seems to hold.

    Mobile numbers of mainland China, identity numbers whose date and check digit (GB 11643) are right, and e-mails.
    """
    if (mobile := _MOBILE.search(text)) is not None:
        yield _("a mobile number"), f"{mobile[0][:3]}****{mobile[0][-4:]}"
    for number in _IDENTITY.finditer(text):
        if _identity_number(number[0]):
            yield _("an identity number"), f"{number[0][:3]}***********{number[0][-4:]}"
            break
    if "@" in text and (email := _EMAIL.search(text)) is not None:
        yield _("an e-mail address"), f"{email[0][:1]}***@{email[0].rpartition('@')[2]}"


def _identity_number(number: str) -> bool:
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number, strict=False))
    return 1900 <= born.year < 2040 and _CHECKS[total % 11] == number[-1].upper()  # noqa: PLR2004 - people living; the lane knows these years


def _mojibake(text: str) -> tuple[str, str] | None:
    """(what stands there, what was meant), where a text is UTF-8 that was read in another encoding."""
    if text.isascii():
        return None
    if (mangled := _MANGLED.search(text)) is not None:
        return mangled[0], "�"
    for found in _READ_AS_LATIN.finditer(text):
        meant = _undone(found[0])
        if meant is not None:
            return text[max(0, found.start() - 4) : found.end() + 4], meant
    if (mark := _READ_AS_GBK.search(text)) is not None:
        near = text[max(0, mark.start() - 6) : mark.end() + 6]
        meant = near.encode("gb18030", "ignore").decode("utf-8", "ignore")
        if sum(not char.isascii() for char in meant) * 2 >= sum(not char.isascii() for char in near):
            return near, meant
    return None


def _undone(text: str) -> str | None:
    """What Latin-1 or Windows-1252 text was before it was read so; None where it was no UTF-8."""
    raw = bytearray()
    for char in text:
        if ord(char) <= 0xFF:  # noqa: PLR2004 - Latin-1
            raw.append(ord(char))
        else:
            raw += char.encode("cp1252", "ignore")
    for length in range(len(raw), 1, -1):
        try:
            return bytes(raw[:length]).decode()
        except UnicodeDecodeError:
            continue
    return None


def _stem(asked: Asked, where: Where) -> Iterator[Finding]:
    picture, other = refers(asked.stem)
    if picture:
        yield NEEDS_PICTURE.at(where, words=quoted(picture))
    if other:
        yield NEEDS_OTHER_QUESTION.at(where, words=quoted(other))


def _options(asked: Asked, where: Where) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    equal = named = False
    for label, text in asked.options:
        if text in seen and not equal:
            equal = True
            yield EQUAL_OPTIONS.at(where, first=seen[text], second=label)
        seen.setdefault(text, label)
        if not named and names_options(text):
            named = True
            yield OPTIONS_NAME_OPTIONS.at(where, label=label, text=quoted(text))


def _answer(asked: Asked, where: Where) -> Iterator[Finding]:
    """Where a chat's answer names a letter: the letter is an option's, and the text behind it that option's."""
    if not asked.label:
        return
    options = dict(asked.options)
    if asked.label not in options:
        labels = enumerated(options)
        yield CHAT_ANSWER_NOT_AN_OPTION.at(where, answer=quoted(asked.label), labels=labels)
        return
    told, option = asked.told, options[asked.label]
    others = [text for label, text in asked.options if label != asked.label and text != option]
    if told and not told.startswith(option) and any(told == text for text in others):
        yield CHAT_ANSWER_DISAGREES.at(where, label=asked.label, answer=quoted(told), option=quoted(option))


def _turns(messages: tuple[Message, ...], where: Where) -> Iterator[Finding]:
    for number, turn in enumerate(messages[1:], 2):
        if turn.role == "system":
            yield SYSTEM_NOT_FIRST.at(where, number=number)
            break
    talk = [(number, turn.role) for number, turn in enumerate(messages, 1) if turn.role != "system"]
    for (before, first), (number, second) in pairwise(talk):
        if first == second:
            yield ROLES_NOT_ALTERNATING.at(where, before=before, number=number, role=second)
            break
    if all(role != "user" for _number, role in talk):
        yield NO_USER.at(where)
    elif talk[0][1] == "assistant":
        yield ASSISTANT_FIRST.at(where)


def _blanks(messages: tuple[Message, ...], where: Where) -> Iterator[Finding]:
    for number, turn in enumerate(messages, 1):
        if turn.content[0] in ENDS or turn.content[-1] in ENDS:
            yield BLANKS_AT_ENDS.at(where, number=number, role=turn.role)
            break


def _keys(record: Record, where: Where) -> Iterator[Finding]:
    for key in record.extra:
        name = key.removeprefix("messages.")
        if name in REFUSED and name != key:
            yield REFUSED_KEY.at(where, key=key)
        elif name == key or name not in KNOWN:
            yield UNKNOWN_KEY.at(where, key=quoted(key))


def _texts(record: Record) -> list[str]:
    if isinstance(record, MultipleChoice):
        return [record.question, *[text for _label, text in record.options]]
    if isinstance(record, Chat):
        return [turn.content for turn in record.messages]
    if isinstance(record, Preference):
        return [*[turn.content for turn in record.messages], record.chosen.content, record.rejected.content]
    return [record.text]
