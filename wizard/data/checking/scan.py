"""Every row of a file, looked at once: page by page where it is JSON Lines, record by record elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from wizard.data.checking import chats
from wizard.data.checking.chats import UNKNOWN_KEY
from wizard.data.checking.inspection import inspect
from wizard.data.checking.quick import Lane
from wizard.data.checking.tally import Tally
from wizard.data.files.lines import Lines, TooLong
from wizard.data.findings import Finding, Rule, quoted
from wizard.data.identity import Asked, asked_by, key
from wizard.data.record import Message, MultipleChoice, Record, Where
from wizard.data.sent import CHINESE, characters, messages
from wizard.data.shapes.lookup import PAGE
from wizard.data.shapes.reading import Reading
from wizard.data.shapes.turns import PLATFORM, UNKNOWN_ROLE
from wizard.data.shapes.undecodable import why_not_json
from wizard.data.shapes.understand import PLAIN, decode, understand

if TYPE_CHECKING:
    from wizard.data.tokens import Tokenizer
from wizard.locale import N_

TOO_LONG = Rule(
    "TOO_LONG",
    "error",
    N_("The row has {tokens:,} tokens, more than max_length {limit:,}: the platform would drop it."),
    N_("Shorten it, leave it out, or raise max_length."),
    why=N_(
        "A question or chat above max_length is dropped by the platform without a word, and so is missing from the training; a row for DPO is truncated."
    ),
    bad='{"messages": [{"role": "user", "content": "Count on: ⟦№, ⟧×300 and so on"}, {"role": "assistant", "content": "301, 302, 303"}]}',
    good='{"messages": [{"role": "user", "content": "Count on: 1, 2, 3 and so on"}, {"role": "assistant", "content": "4, 5, 6"}]}',
    max_length=500,
)
OTHER_SHAPE = Rule(
    "OTHER_SHAPE",
    "error",
    N_("The row has no “{field}”, which the file's other rows have."),
    N_("Write it as the other rows are, or convert it: bailian-wizard convert."),
    why=N_(
        "A file is sent either as it is or converted. One row of another kind among rows that are ready makes the platform's own command line refuse it."
    ),
    bad=(
        '{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}\n'
        '{"messages": [{"role": "user", "content": "1 + 4 = ?"}, {"role": "assistant", "content": "5"}]}\n'
        '{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}'
    ),
    good=(
        '{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}\n'
        '{"messages": [{"role": "user", "content": "1 + 4 = ?"}, {"role": "assistant", "content": "5"}]}'
    ),
)
CONTENT_NOT_TEXT = Rule(
    "CONTENT_NOT_TEXT",
    "error",
    N_("The content of message {number} is a list of parts, which only vision models take."),
    N_("Make it a text, or convert the file: bailian-wizard convert."),
    why=N_(
        "For models of text the content is a text, and the platform's own command line refuses anything else."
    ),
    bad=(
        '{"messages": [{"role": "user", "content": "1 + 4 = ?"}, {"role": "assistant", "content": "5"}]}\n'
        '{"messages": [{"role": "user", "content": [{"text": "2 + 3 = ?"}]}, {"role": "assistant", "content": "5"}]}'
    ),
    good=(
        '{"messages": [{"role": "user", "content": "1 + 4 = ?"}, {"role": "assistant", "content": "5"}]}\n'
        '{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}'
    ),
)
BLANK_LINE = Rule(
    "BLANK_LINE",
    "warning",
    N_("The line is blank; the platform's own command line refuses a file with one."),
    N_("Remove it (--fix does)."),
    why=N_(
        "A blank line holds no row. The platform's SDK can take it for a broken one and refuse the whole file."
    ),
    bad=(
        '{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}\n'
        "\n"
        '{"messages": [{"role": "user", "content": "1 + 4 = ?"}, {"role": "assistant", "content": "5"}]}'
    ),
    good=(
        '{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}\n'
        '{"messages": [{"role": "user", "content": "1 + 4 = ?"}, {"role": "assistant", "content": "5"}]}'
    ),
    mends=N_("blank lines removed"),
)


class Task(msgspec.Struct, frozen=True):
    """What is looked for in one file; the same for all of it."""

    file: str
    bailian: str = ""
    """Where the file is meant for the platform as it is, so that blank lines and unknown keys matter too: the field that
    all rows have, ``messages`` or ``text``. "": a source to convert."""
    max_length: int | None = None
    """Tokens beyond which a row is an error."""
    system_prompt: str = ""
    """What the conversion would put before each question, for counting."""
    add_system: bool = False
    """Whether also before each chat that has no system message."""
    language: str = CHINESE
    """Of the words around a question with options."""
    reading: Reading = PLAIN


def work(task: bytes) -> Callable[[bytes], list[bytes]]:
    """What a worker does for a Task."""
    return Scan(msgspec.msgpack.decode(task, type=Task)).packed


class Scan:
    """Looks at the lines of one file in order; ``tally`` is what came of it so far."""

    def __init__(self, task: Task, *, tokenizer: Tokenizer | None = None) -> None:
        self.tally = Tally()
        self._task = task
        self._file = task.file
        self._tokenizer = tokenizer
        self._lane = Lane(task.file)

    def part(self, data: bytes) -> Tally:
        """What comes of whole lines, or of one beyond the limit, alone and counted from 1."""
        self.tally = Tally()
        if isinstance(data, TooLong):
            self.tally.starts.append((1, 0))
            self.tally.lines = 1
            self.line(data, 1)
        else:
            at = 0
            while at < len(data):
                end = data.find(b"\n", at + PAGE)
                if end < 0:
                    end = len(data) - data.endswith(b"\n")
                self.tally.starts.append((self.tally.lines + 1, at))
                self._page(data[at:end])
                at = end + 1
            self.tally.size = len(data)
        return self.tally

    def packed(self, data: bytes) -> list[bytes]:
        """As ``part``, as ``Tally.unpacked`` takes it."""
        return [self.part(data).packed()]

    def _page(self, block: bytes) -> None:
        """Lines with line ends between them."""
        tally = self.tally
        lines = Lines(None, block)
        first = tally.lines + 1
        limit = self._task.max_length
        if self._task.add_system and self._task.system_prompt:  # the lane counts rows as they are
            tally.lines += len(lines)
            tally.room()
            for number, raw in enumerate(lines.lines, first):
                self.line(raw, number)
            return
        looked = self._lane.page(tally, lines, first, len(block) if limit is None else limit)
        for place in sorted((*looked.left, *looked.said)):
            if place in looked.said:
                for found in looked.said[place]:
                    tally.findings.add(found)
            else:
                self.line(lines.lines[place], first + place)

    def line(self, raw: bytes, number: int) -> None:
        """One line, the careful way."""
        outcome = understand(raw, self._file, number, self._task.reading)
        if isinstance(outcome, tuple):
            if not outcome:
                self.tally.blank += 1
                if self._task.bailian:
                    self.tally.findings.add(BLANK_LINE.at(Where(self._file, number)))
            else:
                self.tally.left_out += 1
        elif self._task.bailian and (
            faults := _as_the_platform_has_it(raw, self._task.bailian, outcome.where)
        ):
            self.tally.left_out += 1
            outcome = faults
        if isinstance(outcome, tuple):
            for found in outcome:
                self.tally.findings.add(found)
            return
        self.record(outcome, size=len(raw))
        if self._task.bailian:
            for found in _unknown(decode(raw), self._task.bailian, outcome.where):
                self.tally.findings.add(found)

    def record(self, record: Record, *, size: int | None = None) -> None:
        """One row that can be sent, unless its findings say otherwise. ``size``: bytes of its line, where known."""
        tally = self.tally
        asked = asked_by(record)
        line = record.where.line
        unfit = False
        for found in self.findings(record, asked, size=size):
            tally.findings.add(found)
            unfit = unfit or found.severity == "error"
        if unfit:
            tally.left_out += 1
            return
        tally.rows += 1
        tally.kinds[record.kind] += 1
        tally.extra.update(record.extra)
        tally.key(line, key(asked.stem))
        tally.length(characters(record, sent(record, self._task)), line)
        labels = [label for label, _text in asked.options]
        if asked.label in labels and not (isinstance(record, MultipleChoice) and record.also):
            tally.options([len(text) for _label, text in asked.options], labels.index(asked.label))

    def findings(self, record: Record, asked: Asked, *, size: int | None = None) -> Iterator[Finding]:
        """All that is to be said about ``record`` by itself."""
        yield from inspect(record, asked)
        if self._task.max_length is not None and (size is None or size > self._task.max_length):
            tokens = self._tokens(record)
            if tokens > self._task.max_length:
                yield TOO_LONG.at(record.where, tokens=tokens, limit=self._task.max_length)

    def _tokens(self, record: Record) -> int:
        if self._tokenizer is None:
            from wizard.data.tokens import Tokenizer

            self._tokenizer = Tokenizer.load()
        return tokens_of(record, self._tokenizer, self._task)


def sent(record: Record, task: Task) -> tuple[Message, ...]:
    """The messages that the conversion would send for ``record``, but for a preference's two answers."""
    return messages(record, task.system_prompt, add_system=task.add_system, language=task.language)


def tokens_of(record: Record, tokenizer: Tokenizer, task: Task) -> int:
    """The tokens that are sent for ``record``, as Qwen 2, 2.5 and 3 count them (for DPO: with the longer answer)."""
    if record.kind == "text":
        return tokenizer.count(record.text)
    longer = sorted(record.replies, key=lambda turn: len(turn.content))[-1:]
    return tokenizer.count_chat((*sent(record, task), *longer))


def _as_the_platform_has_it(raw: bytes, field: str, where: Where) -> tuple[Finding, ...]:
    """What is wrong with a row that could be converted, where it is to be sent as it is; empty where nothing is."""
    try:
        row = decode(raw)
    except ValueError:
        return (why_not_json(raw, where),)
    if field not in row:
        return (OTHER_SHAPE.at(where, field=field),)
    turns = [turn for turn in row.get("messages", ()) if type(turn) is dict]
    for number, turn in enumerate(turns, 1):
        if isinstance(turn.get("content"), list):
            return (CONTENT_NOT_TEXT.at(where, number=number),)
        if turn.get("role") not in PLATFORM:
            return (UNKNOWN_ROLE.at(where, number=number, role=quoted(turn.get("role") or "")),)
    return ()


def _unknown(row: Mapping[str, Any], field: str, where: Where) -> Iterator[Finding]:
    """What reaches the platform with a row that is sent as it is, and that it doesn't know."""
    if field == "messages":
        yield from chats.keys(row, where)
    else:
        yield from (UNKNOWN_KEY.at(where, key=quoted(name)) for name in row if name != field)
