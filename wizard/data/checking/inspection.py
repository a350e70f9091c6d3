"""What a person should know about one row that can be sent: the warnings, and the errors of a chat's answer."""

from __future__ import annotations

from collections.abc import Iterator

from wizard.data.checking import chats, leftovers
from wizard.data.checking.questions import about_question
from wizard.data.checking.texts import texts
from wizard.data.findings import Finding
from wizard.data.identity import Asked
from wizard.data.record import Chat, Record


def inspect(record: Record, asked: Asked) -> Iterator[Finding]:
    """The findings about ``record``, which ``asked`` was made from."""
    where = record.where
    parts = tuple(record.texts())
    yield from texts(parts, where)
    yield from leftovers.marks(parts, where)
    yield from leftovers.meant(record, asked, where)
    yield from about_question(asked, where)
    if isinstance(record, Chat):
        yield from chats.turns(record.messages, where)
        yield from chats.answer(asked, where)
        yield from chats.thoughts(record.messages, where)
    yield from chats.blanks(record.messages, where)
