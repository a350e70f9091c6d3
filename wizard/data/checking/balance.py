"""Whether right answers can be guessed without reading: from their letter, or from the options' lengths."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

_DOUBT = 0.001
_EFFECT = 0.1  # Cohen's w: what is smaller means little, however many rows make it significant
_FEW = 5  # expected rows for each letter, below which chi-square says nothing
_EXCESS = 0.1


@dataclass(frozen=True, slots=True)
class Letters:
    """How often each letter is right; ``p``: how likely a balanced file would be as far off (chi-square)."""

    counts: tuple[tuple[str, int], ...]
    rows: int
    chi_square: float
    p: float
    expected: float
    """Rows of the letter that is expected least."""

    @property
    def unbalanced(self) -> bool:
        """Whether it is far from balanced: p below 0.001, and the effect (Cohen's w) at least 0.1."""
        return self.expected >= _FEW and self.p < _DOUBT and math.sqrt(self.chi_square / self.rows) >= _EFFECT


@dataclass(frozen=True, slots=True)
class Longest:
    """How often the longest option is right, among the rows where one option is longer than all others."""

    rows: int
    right: int
    chance: float

    @property
    def share(self) -> float:
        """Of the rows."""
        return self.right / self.rows if self.rows else 0.0

    @property
    def biased(self) -> bool:
        """Whether it is right far more often than chance: by at least a tenth of the rows, p below 0.001."""
        if not self.rows:
            return False
        spread = math.sqrt(self.chance * (1 - self.chance) / self.rows)
        return self.share - self.chance >= _EXCESS and (self.share - self.chance) / spread > 3.1  # noqa: PLR2004 - p 0.001


def letters(places: Mapping[tuple[int, int], int]) -> Letters:
    """From (number of options, place of the right one) -> rows. Each place of a row is expected alike."""
    most = max([count for count, _place in places], default=0)
    seen = [0] * most
    expected = [0.0] * most
    for (count, place), rows in places.items():
        seen[place] += rows
        for at in range(count):
            expected[at] += rows / count
    chi_square = sum(
        (got - wanted) ** 2 / wanted for got, wanted in zip(seen, expected, strict=True) if wanted
    )
    counts = tuple((chr(ord("A") + at), rows) for at, rows in enumerate(seen))
    p = _survival(chi_square, most - 1) if most > 1 else 1.0
    return Letters(counts, sum(seen), chi_square, p, min(expected, default=0.0))


def longest(right: Mapping[tuple[int, bool], int]) -> Longest:
    """From (number of options, whether the longest is right) -> rows."""
    rows = sum(right.values())
    hits = sum(count for (_options, hit), count in right.items() if hit)
    chance = sum(count / options for (options, _hit), count in right.items()) / rows if rows else 0.0
    return Longest(rows, hits, chance)


def _survival(chi_square: float, freedom: int) -> float:
    """P(X >= chi_square) for the chi-square distribution: the closed forms for even and odd degrees of freedom."""
    half = chi_square / 2
    if freedom % 2 == 0:
        term = total = math.exp(-half)
        for number in range(1, freedom // 2):
            term *= half / number
            total += term
        return min(1.0, total)
    total = math.erfc(math.sqrt(half))
    term = math.exp(-half) / math.sqrt(math.pi * half) if half else 0.0
    for number in range(1, (freedom + 1) // 2):
        term *= half / (number - 0.5)
        total += term
    return min(1.0, total)
