"""One page of source lines becomes output: a pure function of its bytes and the task, wherever it is computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from hashlib import blake2b

import msgspec

from wizard.data import sent
from wizard.data.converting.quick import Lane
from wizard.data.converting.shuffling import order_matters, shuffled
from wizard.data.files.lines import Lines, TooLong
from wizard.data.findings import Finding, Rule
from wizard.data.identity import asked_by, folded
from wizard.data.record import Message, MultipleChoice, Record, Where
from wizard.data.shapes.reading import Reading
from wizard.data.shapes.understand import PLAIN, Outcome, understand
from wizard.locale import N_

ORDER_KEPT = Rule(
    "ORDER_KEPT",
    "warning",
    N_("The options were left in their order: one speaks of others, or the question of a letter."),
    N_("Nothing to do."),
    why=N_(
        "Moved to another place, such an option would speak of the wrong ones, and the right answer could become wrong."
    ),
    bad='{"question": "Which is a colour?", "options": {"A": "Red", "B": "Blue", "C": "All of the above"}, "answer_idx": "C"}',
    good='{"question": "Which is a colour?", "options": {"A": "Red", "B": "Seven", "C": "Yesterday"}, "answer_idx": "A"}',
    shuffled=True,
)


# One byte a line in ``Made.fates``, above LEFT_OUT the split that the row is in, counted from 1.
LEFT_OUT = 0
SAME_LINE = 0xFE  # the next row stands on the same line as the one before it (a JSON array on one line)
NO_ROW = 0xFF
MOST_SPLITS = 100
MOST_TEXTS = 100  # different system messages that are told apart


class Task(msgspec.Struct, frozen=True):
    """What a conversion does with each row; the same for all pages."""

    file: str
    system_prompt: str
    reading: Reading = PLAIN
    split: tuple[tuple[str, float], ...] = ()
    """(name, share); empty: all rows go to one output."""
    seed: int = 0
    shuffle: bool = False
    keep: bool = False
    """Whether rows with errors are kept, to be listed."""
    add_system: bool = False
    """Whether the system prompt is put before chats, too, that have none."""
    language: str = sent.CHINESE
    """Of the words around a question with options."""

    @property
    def outputs(self) -> int:
        """How many outputs there are."""
        return max(1, len(self.split))

    @property
    def quick(self) -> bool:
        """Whether the fast lane may take rows."""
        return not (self.split or self.shuffle or self.reading.columns or self.language != sent.CHINESE)


class Faulty(msgspec.Struct, frozen=True):
    """A row that can't be sent, and why; ``raw`` is empty where it needn't be listed."""

    line: int
    raw: bytes
    why: tuple[Finding, ...]


class Systems(msgspec.Struct):
    """What rows that are sent begin with: counted from the messages that are written."""

    put: int = 0
    """Rows before which the system prompt was put."""
    own: int = 0
    """Rows with a system message of their own."""
    none: int = 0
    """Rows without one."""
    texts: set[str] = set()
    """Digests of the system messages that are the rows' own, no more than MOST_TEXTS."""
    questions: int = 0
    """Rows that are questions with options, with our words around them."""

    def add(self, other: Systems) -> None:
        """Count the rows of ``other`` too."""
        self.put += other.put
        self.own += other.own
        self.none += other.none
        self.questions += other.questions
        self.texts |= set(sorted(other.texts - self.texts)[: max(0, MOST_TEXTS - len(self.texts))])

    def count(self, record: Record, turns: Sequence[Message]) -> None:
        """Count ``record``, for which ``turns`` are sent."""
        self.questions += isinstance(record, MultipleChoice)
        if not any(turn.role == "system" for turn in turns):
            self.none += 1
        elif text := next((turn.content for turn in record.messages if turn.role == "system"), ""):
            self.own += 1
            if len(self.texts) < MOST_TEXTS:
                self.texts.add(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest())
        else:
            self.put += 1


class Made(msgspec.Struct):
    """What became of a page's lines."""

    data: list[bytes]
    """Lines for each output."""
    rows: list[int]
    fates: bytes
    characters: int = 0
    blank: int = 0
    kept_order: int = 0
    extra: dict[str, int] = {}
    kinds: dict[str, int] = {}
    systems: Systems = msgspec.field(default_factory=Systems)
    faulty: list[Faulty] = []
    warnings: list[Finding] = []

    @classmethod
    def unpacked(cls, parts: Sequence[bytes]) -> Made:
        """As it was before it was packed: its data stay as they are, for there is too much of them."""
        made = _unpack(parts[0])
        made.data = list(parts[1:])
        return made

    def moved(self, lines: int) -> None:
        """Count the lines that findings name from ``lines`` before: a worker counts from its page's first."""
        self.faulty = [
            Faulty(row.line + lines, row.raw, tuple([_moved(one, lines) for one in row.why]))
            for row in self.faulty
        ]
        self.warnings = [_moved(one, lines) for one in self.warnings]


_unpack = msgspec.msgpack.Decoder(Made).decode


def work(task: bytes) -> Callable[[bytes], list[bytes]]:
    """What a worker does for a Task."""
    return Press(msgspec.msgpack.decode(task, type=Task)).packed


class Press:
    """Makes pages for one task."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._lane = Lane(task.system_prompt) if task.quick else None
        self._key = b"split:%d" % task.seed
        self._bounds = _bounds(task.split)

    def page(self, first: int, lines: Sequence[bytes]) -> Made:
        """The lines from number ``first`` on."""
        return self.page_of(first, Lines(lines))

    def packed(self, data: bytes) -> list[bytes]:
        """What became of whole lines, or of one beyond the limit, counted from 1, as ``Made.unpacked`` takes it."""
        if isinstance(data, TooLong):
            made = self.page(1, [data])
        else:
            made = self.page_of(1, Lines(None, data.removesuffix(b"\n")))
        lines, made.data = made.data, []
        return [msgspec.msgpack.encode(made), *lines]

    def page_of(self, first: int, some: Lines) -> Made:
        """As ``page``."""
        if self._lane is None:
            file, reading = self._task.file, self._task.reading
            return self.rows(
                (number, raw, understand(raw, file, number, reading))
                for number, raw in enumerate(some.lines, first)
            )
        taken = self._lane.take(some)
        count = len(taken.pieces)
        quick = count - len(taken.left)
        made = Made([b""], [quick], b"", taken.characters)
        if quick:
            made.extra = dict.fromkeys(taken.extra, quick)
            made.kinds["chat"] = quick
            given = bool(self._task.system_prompt)
            made.systems = Systems(put=quick * given, none=quick * (not given), questions=quick)
        fates = bytearray(b"\x01") * count
        for place in taken.left:
            number, raw = first + place, some.lines[place]
            outcome = understand(raw, self._task.file, number, self._task.reading)
            one = self._row(number, raw, outcome, made)
            fates[place] = NO_ROW if outcome == () else LEFT_OUT
            if one is not None:
                taken.pieces[place] = one[1].decode()
                fates[place] = 1
        made.data[0] = "".join(taken.pieces).encode()
        made.fates = bytes(fates)
        return made

    def rows(self, rows: Iterable[tuple[int, object, Outcome]], before: int | None = None) -> Made:
        """(line, the row as it is, what it means) of each row, where ``before`` was the line of the row before the first.

        Without ``before`` each line has a place of its own, and blank ones come as such.
        """
        made = Made([], [0] * self._task.outputs, b"")
        pieces: list[list[bytes]] = [[] for _output in made.rows]
        fates = bytearray()
        for number, raw, outcome in rows:
            if before is not None:
                fates += _gap(before, number)
                before = max(number, before)
            if outcome == ():
                fates.append(NO_ROW)
                made.blank += 1
                continue
            one = self._row(number, raw, outcome, made, counted=False)
            if one is None:
                fates.append(LEFT_OUT)
                continue
            output, line = one
            pieces[output].append(line)
            fates.append(output + 1)
        made.data = [b"".join(some) for some in pieces]
        made.rows = [len(some) for some in pieces]
        made.fates = bytes(fates)
        return made

    def _row(
        self, number: int, raw: object, outcome: Outcome, made: Made, *, counted: bool = True
    ) -> tuple[int, bytes] | None:
        """(output, line) of a row that can be sent; what is to be counted and said is added to ``made``."""
        if outcome == ():
            made.blank += counted
            return None
        record = self._ordered(outcome, made)
        if isinstance(record, tuple):
            made.faulty.append(Faulty(number, _bytes(raw) if self._task.keep else b"", record))
            return None
        made.kinds[record.kind] = made.kinds.get(record.kind, 0) + 1
        task = self._task
        turns = sent.messages(record, task.system_prompt, add_system=task.add_system, language=task.language)
        made.systems.count(record, turns)
        made.characters += sent.characters(record, turns)
        for name in record.extra:
            made.extra[name] = made.extra.get(name, 0) + 1
        made.rows[0] += counted
        return self._output(record), sent.line_of(record, turns)

    def _ordered(self, outcome: Outcome, made: Made) -> Outcome:
        """``outcome`` with its options in their new order, and proved."""
        if not self._task.shuffle or not isinstance(outcome, MultipleChoice):
            return proved(outcome, self._task.language)
        if order_matters(outcome):
            made.kept_order += 1
            made.warnings.append(ORDER_KEPT.at(outcome.where))
            return proved(outcome, self._task.language)
        turned = shuffled(outcome, self._task.seed)
        if _right(turned) != _right(outcome):
            raise AssertionError("shuffling changed the right answer")
        return proved(turned, self._task.language)

    def _output(self, record: Record) -> int:
        if not self._bounds:
            return 0
        # By what is asked alone: the same question is never in two of them, wherever and however often it stands.
        asked = folded(asked_by(record).stem).encode("utf-8", "surrogatepass")
        at = int.from_bytes(blake2b(asked, digest_size=8, key=self._key).digest(), "big")
        return next(number for number, bound in enumerate(self._bounds) if at < bound)


def _moved(found: Finding, lines: int) -> Finding:
    where = found.where
    return replace(found, where=Where(where.file, where.line + lines)) if where.line else found


def proved(outcome: Outcome, language: str = sent.CHINESE) -> Outcome:
    """``outcome``, whose answer, as it would be sent, reads back as the source's: no reader lets another label through."""
    if isinstance(outcome, MultipleChoice):
        said = sent.messages(outcome, "", language=language)[-1].content
        if sent.read_back(said, language) != (outcome.answer, outcome.answer_text):
            raise AssertionError("the answer that would be sent does not read back")
    return outcome


def _right(record: MultipleChoice) -> list[str]:
    return sorted(text for _label, text in record.answers)


def _bounds(split: tuple[tuple[str, float], ...]) -> list[int]:
    bounds: list[int] = []
    share = 0.0
    for _name, part in split:
        share += part
        bounds.append(round(share * (1 << 64)))
    return [*bounds[:-1], 1 << 64] if bounds else []


def _gap(before: int, number: int) -> bytes:
    return bytes([SAME_LINE]) if number <= before else bytes([NO_ROW]) * (number - before - 1)


def _bytes(raw: object) -> bytes:
    if isinstance(raw, bytes):
        return bytes(raw)
    return b"" if raw is None else msgspec.json.encode(raw, enc_hook=str)
