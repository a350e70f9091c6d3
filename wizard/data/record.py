"""What a row means: a multiple-choice question or a chat, and where it stands in which file."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

# Whatever str.strip() takes away, and the three characters of no width that survive it: ZERO WIDTH SPACE,
# WORD JOINER and ZERO WIDTH NO-BREAK SPACE (the byte order mark inside a text).
BLANKS = "".join(char for char in map(chr, range(0x3001)) if char.isspace()) + "\u200b\u2060\ufeff"


def trim(text: str) -> str:
    """``text`` without blanks at its ends (str.strip and characters of no width), untouched inside."""
    return text.strip(BLANKS)


# Structs are frozen dataclasses made in C: a record costs a tenth of a dataclass, and there may be millions.
# gc=False: they hold texts and tuples of texts only, so no cycle can pass through them.
class Where(msgspec.Struct, frozen=True, gc=False):
    """A physical line of a file; ``line`` counts from 1, and 0 means the file as a whole."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class MultipleChoice(msgspec.Struct, frozen=True, gc=False):
    """A question with labelled options in source order, one of which is right.

    All texts are trimmed at their ends and untouched inside; ``answer`` is a label of ``options``; ``extra`` names
    the fields of the source row that are not sent.
    """

    question: str
    options: tuple[tuple[str, str], ...]
    answer: str
    where: Where
    extra: tuple[str, ...] = ()

    @property
    def answer_text(self) -> str:
        """The text of the right option."""
        return next(text for label, text in self.options if label == self.answer)


class Message(msgspec.Struct, frozen=True, gc=False):
    """One turn of a chat; ``role`` is system, user or assistant."""

    role: str
    content: str


class Chat(msgspec.Struct, frozen=True, gc=False):
    """A row that is a chat already; its texts are exactly the source's, and the last turn is the assistant's.

    ``extra`` names the fields that are not sent; a field inside a message is named ``messages.<field>``.
    """

    messages: tuple[Message, ...]
    where: Where
    extra: tuple[str, ...] = ()


Record: TypeAlias = MultipleChoice | Chat
