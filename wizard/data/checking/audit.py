"""Whole files: every row of each is looked at, on all cores, and then all of them are compared with each other.

Memory: 4 bytes a row while reading, and some 40 MB for comparing, whatever the number of rows: those that may be the same
are looked at again, at most BATCH at a time.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from wizard.data.checking import balance
from wizard.data.checking.scan import Scan, Task, work
from wizard.data.checking.tally import Tally
from wizard.data.files.catalog import the_one_in
from wizard.data.files.damage import CUT
from wizard.data.files.lines import SourceUnreadable, TooLong
from wizard.data.files.opening import opened, size_of
from wizard.data.files.ranges import lines_in, ranges
from wizard.data.files.text import BOM
from wizard.data.findings import Finding, Findings, Rule
from wizard.data.identity import Identity, asked_by, identity
from wizard.data.record import Where
from wizard.data.sent import CHINESE
from wizard.data.shapes import lookup
from wizard.data.shapes.reading import Reading
from wizard.data.shapes.source import Columns, Source
from wizard.data.workers import WorkerLost, Workers, how_many
from wizard.locale import N_, _, enumerated

DUPLICATE_ROW = Rule(
    "DUPLICATE_ROW",
    "warning",
    N_("The row says the same as {other}."),
    N_("Keep one of them, unless it shall count twice."),
    why=N_("A row that is there twice is learned twice and paid for twice. That it was meant so is rare."),
    bad=(
        '{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}\n'
        '{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}'
    ),
    good=(
        '{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}\n'
        '{"question": "1 + 3 = ?", "options": {"A": "4", "B": "6"}, "answer_idx": "A"}'
    ),
)
DUPLICATE_QUESTION = Rule(
    "DUPLICATE_QUESTION",
    "warning",
    N_("The question is the same as in {other}, with other options."),
    N_("Look at the row; if it should be there, nothing is to be done."),
    why=N_("It may be another question, or the same one copied with a mistake in its options."),
    bad=(
        '{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}\n'
        '{"question": "2 + 3 = ?", "options": {"A": "5", "B": "7"}, "answer_idx": "A"}'
    ),
    good=(
        '{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}\n'
        '{"question": "1 + 3 = ?", "options": {"A": "4", "B": "6"}, "answer_idx": "A"}'
    ),
)
CONTRADICTION = Rule(
    "CONTRADICTION",
    "warning",
    N_("{other} asks the same, and its answer is another."),
    N_("Find out which one is right, and leave the other out."),
    why=N_("One of the two answers is wrong, and the model would learn both."),
    bad=(
        '{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}\n'
        '{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "B"}'
    ),
    good=(
        '{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}\n'
        '{"question": "1 + 3 = ?", "options": {"A": "4", "B": "6"}, "answer_idx": "A"}'
    ),
)
LEAK = Rule(
    "LEAK",
    "warning",
    N_("The same question is in {other}, so this row tests nothing that was not trained."),
    N_("Leave it out of one of the two files."),
    why=N_(
        "A test should show what the model does with questions that it has not seen. One that it was trained with shows only that it remembers, and makes the model look better than it is."
    ),
    bad='{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}',
    good='{"question": "1 + 3 = ?", "options": {"A": "4", "B": "6"}, "answer_idx": "A"}',
    name="test.jsonl",
    beside='{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}',
)
LEAK_OTHER_OPTIONS = Rule(
    "LEAK_OTHER_OPTIONS",
    "warning",
    N_("The same question is in {other}, with other options."),
    N_("Leave it out of one of the two files, unless the options make it another question."),
    why=N_(
        "If it is the same question after all, the model was trained with its answer, and the test shows only that it remembers."
    ),
    bad='{"question": "2 + 3 = ?", "options": {"A": "5", "B": "7"}, "answer_idx": "A"}',
    good='{"question": "1 + 3 = ?", "options": {"A": "4", "B": "6"}, "answer_idx": "A"}',
    name="test.jsonl",
    beside='{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}',
)
FEW_ROWS = Rule(
    "FEW_ROWS",
    "warning",
    N_("The number of rows is {rows:,}; the platform recommends at least {wanted:,} for training."),
    N_("More rows give a better model; below the batch size the platform refuses the job."),
    why=N_("From few rows the model learns those rows by heart rather than how to answer others like them."),
    bad='{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}',
    good=(
        '⟦{"question": "Which is above zero: № or -№?", "options": {"A": "+№", "B": "-№"}, "answer_idx": "A"}\n'
        '{"question": "Which is below zero: № or -№?", "options": {"A": "+№", "B": "-№"}, "answer_idx": "B"}\n'
        "⟧×500"
    ),
)
LETTERS_UNBALANCED = Rule(
    "LETTERS_UNBALANCED",
    "warning",
    N_("The right answers' letters are far from balanced: {counts} (chi-square {chi:.1f}, p {p:.1g})."),
    N_("A model could learn the letter instead of the answer; shuffle the options."),
    why=N_(
        "If the right answer is nearly always the same letter, the model does well by always saying that letter."
    ),
    bad=(
        '⟦{"question": "Which is above zero: № or -№?", "options": {"A": "+№", "B": "-№"}, "answer_idx": "A"}\n'
        "⟧×60"
    ),
    good=(
        '⟦{"question": "Which is above zero: № or -№?", "options": {"A": "+№", "B": "-№"}, "answer_idx": "A"}\n'
        '{"question": "Which is below zero: № or -№?", "options": {"A": "+№", "B": "-№"}, "answer_idx": "B"}\n'
        "⟧×30"
    ),
)
LONGEST_IS_RIGHT = Rule(
    "LONGEST_IS_RIGHT",
    "warning",
    N_("The longest option is the right one in {share:.0%} of the rows; chance would give {chance:.0%}."),
    N_("A model could learn to choose the longest; write the wrong options as long as the right ones."),
    why=N_(
        "The model could do well by choosing the longest text, without knowing the answer; in an exam with other options that fails."
    ),
    bad=(
        '⟦{"question": "№ + 0 = ?", "options": {"A": "№, of course", "B": "0"}, "answer_idx": "A"}\n'
        '{"question": "0 + № = ?", "options": {"A": "0", "B": "№, of course"}, "answer_idx": "B"}\n'
        "⟧×30"
    ),
    good=(
        '⟦{"question": "№ + 0 = ?", "options": {"A": "№, of course", "B": "0"}, "answer_idx": "A"}\n'
        '{"question": "0 + № = ?", "options": {"A": "0, of course", "B": "№"}, "answer_idx": "B"}\n'
        "⟧×30"
    ),
)


PART = 1 << 21  # bytes for one process at a time
BATCH = 100_000  # rows that are compared at a time
_ALIKE = 50  # rows with one question that a further one is compared with
_SLICE = 1_000_000  # keys that are counted at a time

RECOMMENDED = 1000  # rows for SFT (D-over 2026-05-26)
RECOMMENDED_PAIRS = 100  # rows for DPO (D-over 2026-05-26)
_ROLES = {
    "train": re.compile(r"(?<![a-z])(?:train|training)(?![a-z])|训练"),
    "test": re.compile(r"(?<![a-z])(?:test|testing)(?![a-z])|测试"),
    "dev": re.compile(r"(?<![a-z])(?:dev|val|valid|validation|eval)(?![a-z])|验证"),
}


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in one file. ``bailian``: it is for the platform as it is, not a source to convert."""

    path: Path
    bailian: bool
    role: str
    """train, dev or test, from the file's name; "" where it doesn't tell."""
    tally: Tally
    reading: Reading
    """What was understood of it."""

    @property
    def findings(self) -> Findings:
        """Every finding counted, the first of each code with its words."""
        return self.tally.findings


def check(
    paths: Sequence[Path],
    *,
    max_length: int | None = None,
    system_prompt: str = "",
    add_system: bool = False,
    language: str = CHINESE,
    columns: Columns = None,
    readings: Sequence[Reading | None] = (),
    as_it_is: bool = True,
    roles: Sequence[str] = (),
    workers: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[Checked, ...]:
    """Look at every row of every file, and at what the files have in common.

    ``max_length``: rows with more tokens are errors. ``system_prompt``: what the conversion would put before each
    question, for counting; ``add_system`` and ``language`` as for convert. ``columns``: which
    column means what, as for Source. ``readings``: of the first of ``paths``, those that are known already. ``as_it_is``: a file in the platform's format is judged as one that is sent as it
    is, not as one that is converted. ``roles``: what each file is for (see ``role_of``), where it is known. ``workers``: processes beside this one; None: as many as pay. ``on_progress`` is told (bytes, of how
    many). A folder or archive stands for the one file of rows in it. Raises SourceUnreadable.
    """
    paths = [the_one_in(path) for path in paths]
    total = sum(size_of(path) for path in paths)
    seen = 0
    checked: list[Checked] = []

    def advance(count: int) -> None:
        nonlocal seen
        seen += count
        if on_progress is not None:
            on_progress(min(seen, total), total)

    known = [*readings, *[None] * (len(paths) - len(readings))]
    for path, role, understood in zip(paths, roles or map(role_of, paths), known, strict=True):
        plain = not columns and lookup.is_json_lines(path)
        bailian = lookup.bailian_field(path) if plain and as_it_is else ""
        before = _stamp(path)
        source = Source(path, columns, understood)
        reading = source.reading()
        task = Task(str(path), bailian, max_length, system_prompt, add_system, language, reading)
        tally = _in_parts(path, task, workers, advance) if plain else _read(source, task)
        for found in reading.said(str(path)) if plain else ():
            tally.findings.add(found)
        if before != _stamp(path):
            raise SourceUnreadable(
                _("{path} was changed while it was read.").format(path=path),
                _("Try again when it is at rest."),
            )
        checked.append(Checked(path, bool(bailian), role, tally, reading))
    for found in compare(checked):
        next(one for one in checked if str(one.path) == found.where.file).findings.add(found)
    for one in checked:
        for found in _about(one):
            one.findings.add(found)
    return tuple(checked)


def role_of(path: Path) -> str:
    """train, dev or test, where the file's name says so; else ""."""
    name = path.name.lower().replace("_", "-")
    return next((role for role, pattern in _ROLES.items() if pattern.search(name)), "")


def _stamp(path: Path) -> tuple[int, int]:
    """(bytes, time of the last change), of the archive for a file inside one; zeros for what opening will refuse."""
    for place in (path, *path.parents):
        with suppress(OSError, ValueError):
            status = place.stat()
            return status.st_size, status.st_mtime_ns
    return 0, 0


def _read(source: Source, task: Task) -> Tally:
    """A file that is no JSON Lines in UTF-8: row by row, as its reader gives them."""
    scan = Scan(task)
    tally = scan.tally
    for line, row, outcome in source.outcomes():
        tally.lines = max(tally.lines, line)
        if not isinstance(outcome, tuple):
            scan.record(outcome)
            continue
        for found in outcome:
            tally.findings.add(found)
        tally.left_out += bool(line) and (
            row is not None or any(found.severity == "error" for found in outcome)
        )
    if not CUT.isdisjoint(tally.findings.counts):
        tally.rows, tally.left_out = 0, tally.rows + tally.left_out
    tally.size = size_of(source.path)
    return tally


def _in_parts(path: Path, task: Task, workers: int | None, advance: Callable[[int], None]) -> Tally:
    """A file of JSON Lines, a range of bytes after the other, by ``workers`` beside this process."""
    count = how_many(workers, size_of(path))
    if workers is None:
        count = max(count - 1, 0)  # this process works too
    # One is killed, or this computer allows no processes: then alone, from the beginning.
    with suppress(WorkerLost):
        if count:
            with Workers(count, path, work, task) as others:
                return _shared(path, task, others, advance)
    return _shared(path, task, None, advance)


def _shared(path: Path, task: Task, workers: Workers | None, advance: Callable[[int], None]) -> Tally:
    """The whole file's tally: of the ranges that ``workers`` have no time for, this process makes its own."""
    whole, scan = Tally(), Scan(task)
    made: deque[tuple[int, Tally | None]] = (
        deque()
    )  # (first byte, what came of it) in order; None: a worker's

    def take() -> None:
        place, part = made.popleft()
        if part is None and workers is not None:
            part = Tally.unpacked(workers.take()[0])
        assert part is not None
        whole.merge(part, place)
        advance(part.size)

    with opened(path) as stream, opened(path) as source:
        for place in ranges(stream, task.file, size=PART):
            if place.start and workers is not None and not workers.full:
                workers.ask(place)
                made.append((place.start, None))
                continue
            data = lines_in(source, place)
            marked = not place.start and data.startswith(lookup.BOM) and not isinstance(data, TooLong)
            begins = place.start + marked * len(lookup.BOM)
            made.append((begins, scan.part(data.removeprefix(lookup.BOM) if marked else data)))
            if marked:
                whole.findings.add(BOM.at(Where(task.file, 1)))
            while made and (made[0][1] is not None or (workers is not None and workers.ready)):
                take()
        while made:
            take()
    return whole


def _about(one: Checked) -> Iterator[Finding]:
    """What only the whole file shows."""
    tally, where = one.tally, Where(str(one.path), 0)
    pairs = tally.kinds.get("preference", 0)
    wanted = RECOMMENDED_PAIRS if pairs and pairs == tally.rows else RECOMMENDED
    if 0 < tally.rows < wanted and one.role in ("train", "") and tally.kinds.get("text", 0) < tally.rows:
        yield FEW_ROWS.at(where, rows=tally.rows, wanted=wanted)
    letters = balance.letters(tally.places)
    if letters.unbalanced:
        counts = enumerated(f"{label} {count:,}" for label, count in letters.counts)
        yield LETTERS_UNBALANCED.at(where, counts=counts, chi=letters.chi_square, p=letters.p)
    longest = balance.longest(tally.longest_right)
    if longest.biased:
        yield LONGEST_IS_RIGHT.at(where, share=longest.share, chance=longest.chance)


def compare(checked: Sequence[Checked]) -> Iterator[Finding]:
    """Rows that say what an earlier row says, in order of the files and lines; the earlier one is named."""
    for batch in _batches(checked):
        wanted = [{line for line, value in enumerate(one.tally.keys, 1) if value in batch} for one in checked]
        for found, _other in _compared(checked, wanted):
            yield found


def twins(checked: Sequence[Checked], file: int, line: int) -> Iterator[Finding]:
    """The findings of ``compare`` in which the row on ``line`` of ``checked[file]`` has a part, on either side."""
    keys = checked[file].tally.keys
    value = keys[line - 1] if line <= len(keys) else 0
    if not value:
        return
    wanted = [{at for at, other in enumerate(one.tally.keys, 1) if other == value} for one in checked]
    here = Where(str(checked[file].path), line)
    for found, other in _compared(checked, wanted):
        if here in (found.where, other):
            yield found


def _compared(checked: Sequence[Checked], wanted: Sequence[set[int]]) -> Iterator[tuple[Finding, Where]]:
    """(finding, the earlier row) among the ``wanted`` lines of each file."""
    roles = [one.role or f"file {number}" for number, one in enumerate(checked)]
    groups: dict[bytes, list[tuple[Identity, int, Where]]] = {}
    for number, (one, lines) in enumerate(zip(checked, wanted, strict=True)):
        for record in lookup.records_at(one.path, lines, one.reading, one.tally.starts):
            own = identity(asked_by(record))
            earlier = groups.setdefault(own.question, [])
            within = [other for other in earlier if roles[other[1]] == roles[number]]
            across = [other for other in earlier if roles[other[1]] != roles[number]]
            for rule, other in (*_within(own, within), *_across(own, across)):
                yield rule.at(record.where, other=other), other
            if len(earlier) < _ALIKE:
                earlier.append((own, number, record.where))


def _within(own: Identity, earlier: Sequence[tuple[Identity, int, Where]]) -> Iterator[tuple[Rule, Where]]:
    """What is to be said about a row whose question came before in the same set: one finding, or two that differ."""
    same = [other for other in earlier if other[0].options == own.options]
    whole = next((where for other, _file, where in same if other.answer == own.answer), None)
    contrary = next((where for other, _file, where in same if other.answer != own.answer), None)
    if whole is not None:
        yield DUPLICATE_ROW, whole
    if contrary is not None:
        yield CONTRADICTION, contrary
    if earlier and not same:
        yield DUPLICATE_QUESTION, earlier[0][2]


def _across(own: Identity, earlier: Sequence[tuple[Identity, int, Where]]) -> Iterator[tuple[Rule, Where]]:
    """The same for a row whose question came before in another set."""
    same = next((where for other, _file, where in earlier if other.options == own.options), None)
    if same is not None:
        yield LEAK, same
    elif earlier:
        yield LEAK_OTHER_OPTIONS, earlier[0][2]


def _batches(checked: Sequence[Checked]) -> Iterator[set[int]]:
    """The keys that occur more than once in all files together, those of at most about BATCH rows at a time."""
    slices = sum(len(one.tally.keys) for one in checked) // _SLICE + 1
    batch: set[int] = set()
    rows = 0
    for number in range(slices):
        found: Counter[int] = Counter()
        for one in checked:
            keys = one.tally.keys
            found.update(keys if slices == 1 else [value for value in keys if value % slices == number])
        del found[0]  # lines without a row
        for value in [value for value, times in found.items() if times > 1]:
            rows += found[value]
            batch.add(value)
            if rows >= BATCH:
                yield batch
                batch, rows = set(), 0
    if batch:
        yield batch
