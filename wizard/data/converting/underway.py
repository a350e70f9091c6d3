"""One conversion under way: its pages in their order, made here or by workers, and what they come to."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from wizard.data.converting import page
from wizard.data.converting.digests import Digests
from wizard.data.converting.manifest import Fates
from wizard.data.converting.page import Made, Press, Systems, Task
from wizard.data.files.lines import BLOCK
from wizard.data.files.opening import opened
from wizard.data.files.pages import pages
from wizard.data.files.ranges import lines_in, ranges
from wizard.data.findings import Finding, Findings
from wizard.data.shapes.source import Source
from wizard.data.shapes.understand import Outcome
from wizard.data.workers import Workers

if TYPE_CHECKING:
    from wizard.data.tokens import Counting

_PAGE_ROWS = 1_000
_BOM = b"\xef\xbb\xbf"


class Underway:
    """One conversion under way: what was read, made, counted and found so far."""

    def __init__(self, task: Task, counting: Counting | None, total: int) -> None:
        self.task = task
        self.read = self.rows = self.left_out = self.characters = self.blank = self.kept_order = 0
        self.findings = Findings()
        self.source_sha256 = hashlib.sha256()
        self.digests = Digests()
        self.fates = Fates()
        self.counting = counting
        self.extra: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.systems = Systems()
        self.total = total
        self._made = 0

    def taken(self, block: bytes) -> None:
        """The source's next bytes."""
        self.read += len(block)
        self.digests.update(block, self.source_sha256)

    def count(self, made: Made) -> None:
        """Add what became of the next page."""
        rows = sum(made.rows)
        if self.counting is not None:
            if not self._made and rows:
                self.counting.expect(self.total / max(1, self.read) * rows)
                self._made = rows
            for data, count in zip(made.data, made.rows, strict=True):
                self.counting.add(data, count)
        self.rows += rows
        self.left_out += len(made.faulty)
        self.characters += made.characters
        self.blank += made.blank
        self.kept_order += made.kept_order
        self.extra.update(made.extra)
        self.kinds.update(made.kinds)
        self.systems.add(made.systems)
        self.fates.add(made.fates)
        for found in (*made.warnings, *[one for row in made.faulty for one in row.why]):
            self.findings.add(found)


def by_page(path: Path, work: Underway, count: int) -> Iterator[Made]:
    """What is made of a file of JSON Lines, page by page, by ``count`` workers or, with 0, here."""
    press = Press(work.task)
    file = work.task.file
    with opened(path) as stream:
        found = pages(stream, file, work.taken)
        begun = 0
        for first, lines, about in found:
            say(about, work)
            yield press.page(first, lines)
            begun += len(lines)
            if _is_plain(path, lines, work.read):
                yield from _moved(
                    _by_workers(stream, path, work, count) if count else _here(stream, path, work, press),
                    begun,
                )
                return


def _moved(found: Iterator[Made], lines: int) -> Iterator[Made]:
    """What was made of the rest of a file behind its first ``lines``, as each part of it counts from 1."""
    for made in found:
        made.moved(lines)
        lines += len(made.fates)
        yield made


def _here(stream: BinaryIO, path: Path, work: Underway, press: Press) -> Iterator[Made]:
    """What this process makes of the rest of ``stream``."""
    with opened(path) as source:
        for place in ranges(stream, work.task.file, work.taken, size=BLOCK):
            yield press.part(lines_in(source, place))


def _by_workers(stream: BinaryIO, path: Path, work: Underway, count: int) -> Iterator[Made]:
    """What workers make of the rest of ``stream``."""
    with Workers(count, path, page.work, work.task) as workers, work.digests.beside():
        for place in chain(ranges(stream, work.task.file, work.taken), repeat(None)):
            if place is None and not workers:
                return
            if place is None or workers.full:
                yield Made.unpacked(workers.take())
            if place is not None:
                workers.ask(place)


def _is_plain(path: Path, lines: list[bytes], read: int) -> bool:
    """Whether the first page's lines are the file's own bytes, so that the rest of it can be cut where lines end."""
    if not any(line and not line.isspace() for line in lines) or any(type(raw) is not bytes for raw in lines):
        return False
    if not path.is_file():  # it lies in an archive
        return False
    with path.open("rb") as stream:
        return stream.read(read).removeprefix(_BOM).removesuffix(b"\n") == b"\n".join(lines)


def by_row(rows: Source, work: Underway) -> Iterator[Made]:
    """What is made of any other file, some rows at a time."""
    press = Press(work.task)
    found = _sorted(rows.outcomes(), work)
    before = 0
    while some := list(islice(found, _PAGE_ROWS)):
        made = press.rows(some, before)
        before = max([before, *[number for number, _raw, _outcome in some]])
        yield made
    work.read = work.total


def _sorted(
    found: Iterator[tuple[int, object, Outcome]], work: Underway
) -> Iterator[tuple[int, object, Outcome]]:
    """The rows among ``found``; what is said about the file, or is only a warning, goes to ``work``."""
    for number, row, outcome in found:
        if row is None and isinstance(outcome, tuple) and (not number or not _errors(outcome)):
            say(outcome, work)
        else:
            yield number, row, outcome


def _errors(found: tuple[Finding, ...]) -> bool:
    return any(one.severity == "error" for one in found)


def say(about: tuple[Finding, ...], work: Underway) -> None:
    """Add findings about the file."""
    for found in about:
        work.findings.add(found)
