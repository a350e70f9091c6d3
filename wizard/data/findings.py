"""What can be wrong with data: a rule, a finding that it makes, and the collector of findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from wizard.data.record import Where
from wizard.locale import joined, said

if TYPE_CHECKING:
    from wizard.contract import forms

Severity: TypeAlias = Literal["error", "warning"]

_QUOTED = 40


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: a stable ``code``, where it is, what it is and what to do about it.

    An error means that the row can't be sent; a warning means that it can, and that a person should know.
    """

    code: str
    severity: Severity
    where: Where
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.code}: {joined(self.what, self.fix)}"

    def as_dict(self) -> forms.Finding:
        """The finding for programs: code, severity, file, line (0: the whole file), what, fix."""
        return {
            "code": self.code,
            "severity": self.severity,
            "file": self.where.file,
            "line": self.where.line,
            "what": self.what,
            "fix": self.fix,
        }


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of finding, declared once, beside the check that finds it; all sentences are in English.

    ``what`` and ``fix`` hold {names} for the values that a finding gives. ``why`` is for somebody who trains for the first
    time. ``bad`` and ``good`` are two small files: one has it, the other hasn't, and has no error either. In a text
    ``⟦…⟧×N`` stands for N times what is in the brackets, counted by ``№``; in a workbook ``[…]`` begins a sheet, ``|`` a cell, and ``~`` a row that is hidden.
    """

    code: str
    severity: Severity
    what: str
    fix: str
    _: KW_ONLY
    why: str
    bad: str | bytes
    good: str | bytes
    name: str = "rows.jsonl"
    """Of the example."""
    beside: str = ""
    """The file ``train.jsonl`` that it is compared with."""
    max_length: int | None = None
    """What it is checked with."""
    shuffled: bool = False
    """It is found where the example is converted with its options shuffled, not where it is checked."""
    mends: str = ""
    """What ``check --fix`` did about it, behind how often; "": nothing."""

    def at(self, where: Where, **values: object) -> Finding:
        """The finding at ``where``, in the language in use."""
        return Finding(
            self.code, self.severity, where, said(self.what).format(**values), said(self.fix).format(**values)
        )


def told(faults: Sequence[Finding]) -> str:
    """What all of them say, for a place that names the code of the first: each other one with its own."""
    first, *others = faults
    return joined(first.what, *(f"{one.code}: {one.what}" for one in others))


def quoted(text: object) -> str:
    """A piece of the user's data made fit for a sentence: one line, at most 40 characters, nothing invisible."""
    shown = text if isinstance(text, str) else repr(text)
    shown = "".join(char if char.isprintable() else "·" for char in shown[: _QUOTED + 1])
    return shown if len(shown) <= _QUOTED else shown[: _QUOTED - 1] + "…"


class Findings:
    """Findings counted by code, with the first ``keep`` of each kept: 100,000 faults cost what a few cost."""

    __slots__ = ("_counts", "_kept", "_severities", "keep")

    def __init__(self, found: Iterable[Finding] = (), *, keep: int = 20) -> None:
        self.keep = keep
        self._counts: Counter[str] = Counter()
        self._kept: dict[str, list[Finding]] = {}
        self._severities: dict[str, Severity] = {}
        for one in found:
            self.add(one)

    def add(self, found: Finding) -> None:
        """Count ``found``, and keep it while it is one of the first of its code."""
        self._counts[found.code] += 1
        self._severities[found.code] = found.severity
        kept = self._kept.setdefault(found.code, [])
        if len(kept) < self.keep:
            kept.append(found)

    def merge(self, other: Findings) -> None:
        """Add all that ``other`` counted; what it kept must come after what is kept here."""
        for code, count in other._counts.items():
            self._counts[code] += count
            self._severities[code] = other._severities[code]
            kept = self._kept.setdefault(code, [])
            kept.extend(other._kept[code][: self.keep - len(kept)])

    def moved(self, move: Callable[[Finding], Finding]) -> Findings:
        """The same counts, with each finding that is kept as ``move`` gives it."""
        other = Findings(keep=self.keep)
        other._counts.update(self._counts)
        other._severities.update(self._severities)
        other._kept = {code: [move(found) for found in kept] for code, kept in self._kept.items()}
        return other

    @property
    def counts(self) -> dict[str, int]:
        """How many of each code, in the order in which each was first met."""
        return dict(self._counts)

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return self._count("error")

    @property
    def warnings(self) -> int:
        """How many findings are warnings."""
        return self._count("warning")

    def first(self, code: str) -> tuple[Finding, ...]:
        """The first findings of ``code``, in order of the rows."""
        return tuple(self._kept.get(code, ()))

    def severity(self, code: str) -> Severity:
        """The severity of a ``code`` that was met."""
        return self._severities[code]

    def as_dict(self) -> forms.Findings:
        """For programs: errors, warnings, counts by code, and the findings kept."""
        return {
            "errors": self.errors,
            "warnings": self.warnings,
            "counts": self.counts,
            "findings": [found.as_dict() for found in self],
        }

    def _count(self, severity: Severity) -> int:
        return sum(count for code, count in self._counts.items() if self._severities[code] == severity)

    def __iter__(self) -> Iterator[Finding]:
        """The findings kept, in order of their lines."""
        kept = [found for some in self._kept.values() for found in some]
        return iter(sorted(kept, key=lambda found: found.where.line))

    def __len__(self) -> int:
        return self._counts.total()

    def __bool__(self) -> bool:
        return bool(self._counts)
