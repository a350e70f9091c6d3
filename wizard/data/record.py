"""What a row means: a question with options, a chat, a preference or a plain text, and where it stands in which file."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

import msgspec

from wizard.local.harmless import NO_WIDTH

# Whatever str.strip() takes away, and the three characters of no width that survive it: ZERO WIDTH SPACE,
# WORD JOINER and ZERO WIDTH NO-BREAK SPACE (the byte order mark inside a text).
BLANKS = "".join(char for char in map(chr, range(0x3001)) if char.isspace()) + NO_WIDTH


def trim(text: str) -> str:
    """``text`` without blanks at its ends (str.strip and characters of no width), untouched inside."""
    return text.strip(BLANKS)


Kind: TypeAlias = Literal["chat", "preference", "text"]
"""What the platform trains with a row: SFT, DPO or CPT; a file holds rows of one kind."""


# Structs are frozen dataclasses made in C: a record costs a tenth of a dataclass, and there may be millions.
# gc=False: they hold texts and tuples of texts only, so no cycle can pass through them.
class Where(msgspec.Struct, frozen=True, gc=False):
    """A physical line of a file; ``line`` counts from 1, and 0 means the file as a whole.

    In a spreadsheet and in Parquet, which have no lines, it is the number of the sheet's row and of the file's row.
    """

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class Message(msgspec.Struct, frozen=True, gc=False):
    """One turn of a chat; ``role`` is system, user or assistant."""

    role: str
    content: str
    loss_weight: float | None = None
    """How much is learned of an assistant's turn, from 0 to 1, where the row says it; the platform's own field (D-guide)."""


# Every record has, besides its own: ``kind``; ``messages``, the turns that stand in the row; ``replies``, the turns between which
# it prefers; ``text``, where it is nothing else; and ``texts()``, all that a person wrote in it.


class MultipleChoice(msgspec.Struct, frozen=True, gc=False):
    """A question with labelled options in source order, one or several of which are right.

    All texts are trimmed at their ends and untouched inside; ``answer`` is a label of ``options``, and ``also`` are the
    labels of the other right ones where there are several, in the order of the options; ``extra`` names the fields of
    the source row that are not sent.
    """

    kind: ClassVar[Kind] = "chat"
    replies: ClassVar[tuple[Message, ...]] = ()
    text: ClassVar[str] = ""

    question: str
    options: tuple[tuple[str, str], ...]
    answer: str
    where: Where
    extra: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    before: tuple[Message, ...] = ()
    """The row's own system message and the turns before the question, exactly as they are."""

    @property
    def messages(self) -> tuple[Message, ...]:
        """Those before the question."""
        return self.before

    def texts(self) -> list[str]:
        """What the turns before it say, the question and the options."""
        before = [turn.content for turn in self.before]
        return [*before, self.question, *[text for _label, text in self.options]]

    @property
    def answer_text(self) -> str:
        """What follows the first right label: its text and, for several, ``；C. <text>`` for each of the others."""
        first = next(text for label, text in self.options if label == self.answer)
        return (
            "；".join([first, *[f"{label}. {text}" for label, text in self.answers[1:]]])
            if self.also
            else first
        )

    @property
    def answers(self) -> tuple[tuple[str, str], ...]:
        """(label, text) of each right option, in the order of the options."""
        return tuple(
            [option for option in self.options if option[0] == self.answer or option[0] in self.also]
        )


class Chat(msgspec.Struct, frozen=True, gc=False):
    """A row that is a chat already; its texts are exactly the source's, and the last turn is the assistant's.

    ``extra`` names the fields that are not sent; a field inside a message is named ``messages.<field>``.
    """

    kind: ClassVar[Kind] = "chat"
    replies: ClassVar[tuple[Message, ...]] = ()
    text: ClassVar[str] = ""

    messages: tuple[Message, ...]
    where: Where
    extra: tuple[str, ...] = ()

    def texts(self) -> list[str]:
        """What each turn says."""
        return [turn.content for turn in self.messages]


class Preference(msgspec.Struct, frozen=True, gc=False):
    """A chat that ends with the user's turn, and two assistant's turns for it: ``chosen`` is better than ``rejected``.

    The platform's rows for DPO are ``{"messages": […], "chosen": {…}, "rejected": {…}}`` (D-guide 2026-05-26).
    """

    kind: ClassVar[Kind] = "preference"
    text: ClassVar[str] = ""

    messages: tuple[Message, ...]
    chosen: Message
    rejected: Message
    where: Where
    extra: tuple[str, ...] = ()

    @property
    def replies(self) -> tuple[Message, ...]:
        """The better one, and the other."""
        return self.chosen, self.rejected

    def texts(self) -> list[str]:
        """What each turn says, and both answers."""
        return [turn.content for turn in (*self.messages, *self.replies)]


class PlainText(msgspec.Struct, frozen=True, gc=False):
    """A text to go on training with; the platform's rows for CPT are ``{"text": …}`` (D-guide 2026-05-26)."""

    kind: ClassVar[Kind] = "text"
    messages: ClassVar[tuple[Message, ...]] = ()
    replies: ClassVar[tuple[Message, ...]] = ()

    text: str
    where: Where
    extra: tuple[str, ...] = ()

    def texts(self) -> list[str]:
        """The text."""
        return [self.text]


Record: TypeAlias = MultipleChoice | Chat | Preference | PlainText
