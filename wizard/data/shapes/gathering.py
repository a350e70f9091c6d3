"""Rows of one conversation brought together, in bounded memory, and made one chat that begins where its first row does."""

from __future__ import annotations

import errno
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from wizard.data.files.lines import LINE_LIMIT
from wizard.data.findings import Finding, Rule, quoted
from wizard.data.record import Chat, Message, Where, trim
from wizard.data.shapes.conserved import refused
from wizard.data.shapes.fields import NO_QUESTION, exact
from wizard.data.shapes.names import blank
from wizard.data.shapes.reading import SPEAKER_UNCLEAR, Reading
from wizard.data.shapes.roles import TOOL, is_only, role_in
from wizard.data.shapes.talk import in_order, moment
from wizard.data.shapes.transcript import joined
from wizard.data.shapes.turns import EMPTY_CONTENT, TOOL_TURN
from wizard.data.shapes.understand import Outcome, decoded, meaning
from wizard.local.storage import refusal
from wizard.locale import N_

UNANSWERED = Rule(
    "UNANSWERED",
    "warning",
    N_("Nobody answers in this conversation; its messages: {count}."),
    N_("It is passed over: it has nothing to learn."),
    why=N_(
        "The model learns what the assistant says. Where nobody answers the user, there is nothing to learn."
    ),
    bad="conversation_id,role,content\n1,user,2 + 3 = ?\n1,agent,5\n2,user,Anybody here?\n",
    good="conversation_id,role,content\n1,user,2 + 3 = ?\n1,agent,5\n",
    name="rows.csv",
)
NO_CONVERSATION = Rule(
    "NO_CONVERSATION",
    "error",
    N_("“{field}” is empty, so nobody knows to which conversation the row belongs."),
    N_("Write the conversation's id into every row."),
    why=N_("A message taken into the wrong conversation would be trained as the answer to another question."),
    bad="conversation_id,role,content\n1,user,2 + 3 = ?\n1,agent,5\n,agent,6\n",
    good="conversation_id,role,content\n1,user,2 + 3 = ?\n1,agent,5\n",
    name="rows.csv",
)
ORDER_UNCLEAR = Rule(
    "ORDER_UNCLEAR",
    "error",
    N_("“{field}” is “{value}”, which can't be put in order with the other rows of its conversation."),
    N_("Write it as the others are, or say that the file's order holds: --columns order=-."),
    why=N_("In another order a message would be trained as the answer to another question."),
    bad="conversation_id,role,content,turn\n⟦1,user,2 + 3 = ?,1\n1,agent,5,2\n⟧×250 2,user,2 + 3 = ?,1\n 2,agent,5,soon\n",
    good="conversation_id,role,content,turn\n1,user,2 + 3 = ?,1\n1,agent,5,2\n",
    name="rows.csv",
)
CONVERSATION_TOO_LONG = Rule(
    "CONVERSATION_TOO_LONG",
    "error",
    N_("The conversation has more than {rows:,} rows, or is longer than {limit} MB."),
    N_("Check whether its id is that of one conversation only."),
    why=N_(
        "No model that can be tuned takes a chat of this length. Most often the id is that of a person or of a day, and many conversations have it."
    ),
    bad="conversation_id,role,content\n1,user,⟦long ⟧×1200000\n1,agent,⟦long ⟧×1200000\n",
    good="conversation_id,role,content\n1,user,2 + 3 = ?\n1,agent,5\n",
    name="rows.csv",
)

Row: TypeAlias = tuple[int, bytes | dict[str, Any] | Finding]

_MOST_IDS = (
    1_000_000  # remembered while it is looked whether rows lie together; with more, they are sorted unseen
)
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_MOST_ROWS = 20_000  # of one conversation
_OF_NONE = "\0"  # before the number of a row that belongs to no conversation
_CACHE = "PRAGMA cache_size = -16000"  # KiB


class Rows(dict[str, Any]):
    """The rows of a conversation as they are, under the names of their columns; ``spans``: the first and last line of each."""

    spans: tuple[tuple[int, int], ...] = ()


class Part(msgspec.Struct, array_like=True):
    """One row of a conversation: what it adds to the chat, or why it can't."""

    first: int
    last: int
    turns: list[Message]
    moment: tuple[str, float] | None
    extra: list[str]
    faults: list[Finding]
    shown: dict[str, Any]


def conversations(rows: Iterator[Row], file: str, reading: Reading) -> Iterator[tuple[int, object, Outcome]]:
    """(first line, the rows, what they mean) of each conversation in order of their first lines; and of each row that is in none."""
    parts = _parts(rows, file, reading)
    for one, gathered in _neighbours(parts) if reading.together else _sorted(parts):
        some = gathered.parts
        if not one:
            yield some[0].first, None, tuple(some[0].faults)
            continue
        shown = Rows({reading.guess["group"]: one, "rows": [part.shown for part in some]})
        shown.spans = tuple((part.first, part.last) for part in some)
        where = Where(file, some[0].first)
        if gathered.too_long:
            too_long = CONVERSATION_TOO_LONG.at(where, rows=_MOST_ROWS, limit=LINE_LIMIT // 1_000_000)
            yield where.line, shown, (too_long,)
        else:
            made = _chat(some, where, reading)
            passed_over = isinstance(made, tuple) and all(one.severity == "warning" for one in made)
            yield where.line, None if passed_over else shown, made


def lie_together(rows: Iterator[Row], file: str, reading: Reading) -> bool:
    """Whether the rows of each conversation follow each other; False where nobody has the memory to tell."""
    column = reading.guess["group"]
    seen: set[int] = set()
    last = None
    for number, row in rows:
        if isinstance(row, Finding):
            continue
        found = decoded(row, Where(file, number)) if isinstance(row, bytes) else row
        one = "" if isinstance(found, tuple) else _id(found.get(column))
        if one and one != last:
            if hash(one) in seen or len(seen) >= _MOST_IDS:
                return False
            seen.add(hash(one))
            last = one
    return True


def last_line(begins: int, original: object) -> int:
    """The last physical line of a row that begins on a line."""
    cells: Iterable[object] = original.values() if isinstance(original, Mapping) else (original,)
    texts = (cell.decode("utf-8", "replace") if isinstance(cell, bytes) else cell for cell in cells)
    return begins + sum(
        [
            len(_LINE_ENDS.findall(text))
            for text in texts
            if isinstance(text, str) and ("\n" in text or "\r" in text)
        ]
    )


def _id(value: object) -> str:
    return "" if value is None else trim(str(value))


def _parts(rows: Iterator[Row], file: str, reading: Reading) -> Iterator[tuple[str, Part]]:
    """(the conversation's id, what the row adds to it); "" for a row that belongs to none."""
    group = reading.guess["group"]
    of_row = _message if "speaker" in reading.guess else _exchange
    for number, row in rows:
        where = Where(file, number)
        if isinstance(row, Finding):
            yield "", Part(number, number, [], None, [], [row], {})
            continue
        last = last_line(number, row)
        found = decoded(row, where) if isinstance(row, bytes) else row
        if isinstance(found, tuple):
            if found:
                yield "", Part(number, last, [], None, [], list(found), {})
            continue
        part = Part(number, last, [], None, [], [], {})
        if not (one := _id(found.get(group))):
            part.faults.append(NO_CONVERSATION.at(where, field=group))
            yield "", part
            continue
        of_row(found, part, where, reading)
        if order := reading.guess.get("order"):
            part.shown[order] = found.get(order)
            _place(found.get(order), part, where, order)
        yield one, part


def _place(value: object, part: Part, where: Where, order: str) -> None:
    if value in (None, ""):
        return
    part.moment = moment(value)
    if not part.moment[0]:
        part.faults.append(ORDER_UNCLEAR.at(where, field=order, value=quoted(value)))


def _message(row: dict[str, Any], part: Part, where: Where, reading: Reading) -> None:
    """A row that is one message."""
    speaker, content = reading.guess["speaker"], reading.guess["content"]
    word = _id(row.get(speaker))
    said = row.get(content)
    words = str(said) if type(said) in (int, float) else exact(row, content, where, part.faults)
    role = role_in(word, reading.assistant)
    part.shown = {speaker: word, content: words}
    part.extra = [name for name, value in row.items() if name not in (speaker, content) and not blank(value)]
    part.faults += refused(row, tuple(part.extra), reading.columns, where)
    if not is_only(word):
        part.extra.append(speaker)
    if part.faults:
        return
    if role == "notice":
        part.extra.append(f"{content}.{word}")
    elif role == TOOL:
        part.faults.append(TOOL_TURN.at(where, number=1, name=quoted(word)))
    elif not role:
        part.faults.append(SPEAKER_UNCLEAR.at(where, field=speaker, words=quoted(word)))
    elif not trim(words):
        part.faults.append(EMPTY_CONTENT.at(where, number=1, role=role))
    else:
        part.turns = [Message(role, words)]


def _exchange(row: dict[str, Any], part: Part, where: Where, reading: Reading) -> None:
    """A row that is a question and its answer."""
    outcome = meaning(row, where, reading)
    part.shown = dict(row)
    if not isinstance(outcome, Chat):
        part.faults = list(outcome) if isinstance(outcome, tuple) else [NO_QUESTION.at(where)]
        return
    named = [reading.guess[name] for name in ("group", "order") if name in reading.guess]
    part.turns, part.extra = list(outcome.messages), list(dict.fromkeys([*outcome.extra, *named]))


def _chat(parts: list[Part], where: Where, reading: Reading) -> Outcome:
    """The chat of a conversation's rows."""
    faults = [fault for part in parts for fault in part.faults]
    places = None if faults else in_order([part.moment for part in parts])
    if not faults and places is None:
        odd = next(
            part for part in parts if part.moment and part.moment[0] != (parts[0].moment or ("", 0))[0]
        )
        order = reading.guess["order"]
        value = quoted(odd.shown.get(order))
        faults.append(ORDER_UNCLEAR.at(Where(where.file, odd.first), field=order, value=value))
    if faults or places is None:
        return tuple(faults)
    content = reading.guess.get("content", "")
    extra = dict.fromkeys(name for part in parts for name in part.extra)
    said = [turn for place in places for turn in parts[place].turns]
    first = next((turn for turn in said if turn.role == "system"), None)
    turns = list(joined([turn for turn in said if turn.role != "system"]))
    if any(turn not in (first, None) for turn in said if turn.role == "system"):
        extra[f"{content}.system"] = None
    while turns and turns[-1].role != "assistant":
        turns.pop()
        extra[f"{content}.unanswered"] = None
    if not any(turn.role == "assistant" for turn in turns):
        return (UNANSWERED.at(where, count=len(parts)),)
    if not any(turn.role == "user" for turn in turns):
        return (NO_QUESTION.at(where),)
    return Chat((*([first] if first is not None else ()), *turns), where, tuple(extra))


class _Gathered:
    """The rows of a conversation so far; no more of them are kept than a chat may have, for it is refused for that."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._size = 0

    def add(self, part: Part) -> None:
        if self.parts and (self._size > LINE_LIMIT or len(self.parts) > _MOST_ROWS):
            self.parts[-1].last = part.last
            return
        self._size += sum([len(turn.content) for turn in part.turns])
        self.parts.append(part)

    @property
    def too_long(self) -> bool:
        return self._size > LINE_LIMIT or len(self.parts) > _MOST_ROWS


def _neighbours(parts: Iterator[tuple[str, Part]]) -> Iterator[tuple[str, _Gathered]]:
    """Conversations whose rows follow each other; what stands between them and belongs to none comes behind them."""
    current = ""
    some, others = _Gathered(), list[Part]()
    for one, part in parts:
        if not one:
            others.append(part)
            if not some.parts or len(others) > _MOST_ROWS:  # so many are not kept until the conversation ends
                yield from _done("", _Gathered(), others)
                others = []
            continue
        if one != current:
            yield from _done(current, some, others)
            current, some, others = one, _Gathered(), []
        some.add(part)
    yield from _done(current, some, others)


def _done(one: str, some: _Gathered, others: Iterable[Part]) -> Iterator[tuple[str, _Gathered]]:
    if some.parts:
        yield one, some
    for part in others:
        alone = _Gathered()
        alone.add(part)
        yield "", alone


def _id_of(stored: str) -> str:
    return "" if stored.startswith(_OF_NONE) else stored


def _sorted(parts: Iterator[tuple[str, Part]]) -> Iterator[tuple[str, _Gathered]]:
    """The same for rows that lie anywhere: by way of a temporary database on the disk, which is gone afterwards."""
    import sqlite3

    pack = msgspec.msgpack.Encoder(enc_hook=str).encode
    unpack: Callable[[bytes], Part] = msgspec.msgpack.Decoder(Part).decode
    try:
        with closing(sqlite3.connect("", isolation_level=None)) as place:
            for line in (
                "PRAGMA journal_mode = OFF",
                "PRAGMA synchronous = OFF",
                "PRAGMA temp_store = FILE",
                _CACHE,
            ):
                place.execute(line)
            place.execute("CREATE TABLE said (n INTEGER PRIMARY KEY, one TEXT, part BLOB)")
            place.execute("BEGIN")
            place.executemany(
                "INSERT INTO said (one, part) VALUES (?, ?)",
                ((one or f"{_OF_NONE}{number}", pack(part)) for number, (one, part) in enumerate(parts)),
            )
            place.execute("CREATE TABLE begun AS SELECT n, min(n) OVER (PARTITION BY one) AS first FROM said")
            found = place.execute(
                "SELECT one, part FROM begun JOIN said USING (n) ORDER BY begun.first, begun.n"
            )
            current, some = "", _Gathered()
            for one, data in found:
                if one != current and some.parts:
                    yield _id_of(current), some
                    some = _Gathered()
                current = one
                some.add(unpack(data))
            if some.parts:
                yield _id_of(current), some
    except sqlite3.Error as error:
        raise refusal(Path(tempfile.gettempdir()), OSError(errno.ENOSPC, str(error))) from error
