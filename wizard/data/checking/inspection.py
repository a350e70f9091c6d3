"""What a person should know about one row that can be sent: the warnings, and the errors of a chat's answer."""

from __future__ import annotations

from collections.abc import Iterator

from wizard.data.checking import chats, leftovers
from wizard.data.checking.questions import about_question
from wizard.data.checking.texts import texts
from wizard.data.findings import Finding
from wizard.data.identity import Asked
from wizard.data.record import Chat, MultipleChoice, Preference, Record


def inspect(record: Record, asked: Asked, *, as_it_is: bool = False) -> Iterator[Finding]:
    """The findings about ``record``, which ``asked`` was made from.

    ``as_it_is``: the row is Bailian's own chat shape, so what it holds besides roles and contents reaches the platform.
    """
    where = record.where
    parts = _texts(record)
    yield from texts(parts, where)
    yield from leftovers.marks(parts, where)
    yield from leftovers.meant(record, asked, where)
    yield from about_question(asked, where)
    if isinstance(record, Chat):
        yield from chats.turns(record.messages, where)
        yield from chats.answer(asked, where)
    if isinstance(record, Chat | Preference):
        yield from chats.blanks(record.messages, where)
    if as_it_is:
        yield from chats.keys(record.extra, where)


def _texts(record: Record) -> list[str]:
    if isinstance(record, MultipleChoice):
        return [record.question, *[text for _label, text in record.options]]
    if isinstance(record, Chat):
        return [turn.content for turn in record.messages]
    if isinstance(record, Preference):
        return [*[turn.content for turn in record.messages], record.chosen.content, record.rejected.content]
    return [record.text]
