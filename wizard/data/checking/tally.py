"""What was counted while the rows of a file were read: small, mergeable, the same however the file was divided."""

from __future__ import annotations

import pickle
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from wizard.data.findings import Finding, Findings
from wizard.data.record import Where

KEPT = 200
"""Findings of one code whose words are kept; all are counted."""


@dataclass(slots=True)
class Tally:
    """Counts over some lines of one file. Lines are counted from the part's first line, which is 1, until merged.

    ``keys`` has one number a physical line (see ``identity.key``; 0: no row), so a million lines cost 4 MB.
    """

    lines: int = 0
    blank: int = 0
    rows: int = 0
    size: int = 0
    left_out: int = 0
    """Rows with at least one error."""
    keys: array[int] = field(default_factory=lambda: array("I"))
    findings: Findings = field(default_factory=lambda: Findings(keep=KEPT))
    characters: Counter[int] = field(default_factory=Counter)
    """Characters of a row, all messages together -> how many such rows."""
    longest: tuple[int, int] = (0, 0)
    """(characters, line) of the longest row; of several, of the first in the file, in whatever order they were looked at."""
    places: Counter[tuple[int, int]] = field(default_factory=Counter)
    """(number of options, place of the right one from 0) -> rows."""
    longest_right: Counter[tuple[int, bool]] = field(default_factory=Counter)
    """(number of options, whether the longest option is the right one) -> rows with one longest option."""
    starts: list[tuple[int, int]] = field(default_factory=list)
    """(line, byte) where some of the lines of the file begin, in order; where they are known."""
    kinds: Counter[str] = field(default_factory=Counter)
    """``record.Kind`` -> rows."""
    extra: Counter[str] = field(default_factory=Counter)
    """Field of the source that is not sent -> rows that have it."""

    def room(self) -> None:
        """Make ``keys`` as long as there are lines."""
        if (missing := self.lines - len(self.keys)) > 0:
            self.keys.frombytes(bytes(self.keys.itemsize * missing))

    def key(self, line: int, key: int) -> None:
        """The row on ``line`` has ``key``."""
        self.lines = max(self.lines, line)
        self.room()
        self.keys[line - 1] = key

    def add_keys(self, keys: Sequence[int]) -> None:
        """The keys of the lines that follow those that have one."""
        self.keys.extend(keys)

    def length(self, characters: int, line: int) -> None:
        """One row's characters."""
        self.characters[characters] += 1
        self.reach(characters, line)

    def reach(self, characters: int, line: int) -> None:
        """``line`` may have the longest row."""
        most, first = self.longest
        if (characters, -line) > (most, -first):
            self.longest = (characters, line)

    def options(self, lengths: list[int], place: int) -> None:
        """One question: its options' lengths, and the place of the right one."""
        count, top = len(lengths), max(lengths)
        self.places[count, place] += 1
        if lengths.count(top) == 1:
            self.longest_right[count, lengths[place] == top] += 1

    def packed(self) -> bytes:
        """For another process of ours."""
        return pickle.dumps(self, pickle.HIGHEST_PROTOCOL)

    @staticmethod
    def unpacked(data: bytes) -> Tally:
        """What another process of ours packed."""
        tally = pickle.loads(data)  # noqa: S301 - it came through our own pipe
        assert isinstance(tally, Tally)
        return tally

    def merge(self, other: Tally, begins: int) -> None:
        """Add the part of the file that follows this one, and that begins at the byte ``begins``."""
        shift = self.lines
        self.starts += [(line + shift, byte + begins) for line, byte in other.starts]
        self.room()
        self.keys += other.keys
        self.findings.merge(_shifted(other.findings, shift))
        if other.longest[0]:
            self.reach(other.longest[0], other.longest[1] + shift)
        for mine, more in (
            (self.characters, other.characters),
            (self.places, other.places),
            (self.longest_right, other.longest_right),
            (self.kinds, other.kinds),
            (self.extra, other.extra),
        ):
            mine.update(more)  # type: ignore[arg-type]  # each pair is of one type
        self.lines += other.lines
        self.blank += other.blank
        self.rows += other.rows
        self.size += other.size
        self.left_out += other.left_out


def _shifted(findings: Findings, shift: int) -> Findings:
    if not shift or not findings:
        return findings
    return findings.moved(lambda found: _moved(found, shift))


def _moved(found: Finding, shift: int) -> Finding:
    line = found.where.line
    return replace(found, where=Where(found.where.file, line + shift)) if line else found
