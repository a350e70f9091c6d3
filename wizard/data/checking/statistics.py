"""How long the rows of a checked file are: characters of all rows, tokens of all or of a stated sample."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wizard.data.checking import balance
from wizard.data.checking.scan import Task, sent, tokens_of
from wizard.data.sent import CHINESE, characters
from wizard.data.shapes import lookup
from wizard.data.tokens import Lengths, sample_for

if TYPE_CHECKING:
    from wizard.contract import forms
    from wizard.data.checking.audit import Checked
    from wizard.data.tokens import Tokenizer

SEED = 20_261_123
LIMITS = (1024, 2048, 4096)
_Z = 1.959964  # 95 %
_BINS = 16


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its 95 % interval; all three are the same where it was counted exactly."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of one file. ``sampled``: rows whose tokens were counted; all of them where ``exact``."""

    rows: int
    characters: int
    longest: tuple[int, int]
    """(characters, line) of the longest row."""
    exact: bool
    sampled: int
    seed: int
    tokens: Interval
    """Of all rows together."""
    lengths: Lengths
    """Tokens of the rows that were counted."""
    above: tuple[tuple[int, Interval], ...]
    """(max_length, rows that are longer: the platform drops them without a word)."""
    letters: balance.Letters
    longest_right: balance.Longest

    def as_dict(self) -> forms.Statistics:
        """For programs."""
        return {
            "rows": self.rows,
            "characters": self.characters,
            "longest": {"characters": self.longest[0], "line": self.longest[1]},
            "tokens": {
                "exact": self.exact,
                "rows_counted": self.sampled,
                "seed": None if self.exact else self.seed,
                "total": _numbers(self.tokens),
                "median": self.lengths.quantile(0.5),
                "p95": self.lengths.quantile(0.95),
                "longest_counted": self.lengths.longest,
                "histogram": [
                    {"from": low, "to": high, "rows": rows} for low, high, rows in histogram(self.lengths)
                ],
            },
            "above_max_length": {str(limit): _numbers(rows) for limit, rows in self.above},
            "answers": {
                "counts": dict(self.letters.counts),
                "chi_square": round(self.letters.chi_square, 3),
                "p": self.letters.p,
                "longest_option": {
                    "rows": self.longest_right.rows,
                    "right": self.longest_right.right,
                    "chance": round(self.longest_right.chance, 4),
                },
            },
        }


def statistics(
    checked: Checked,
    tokenizer: Tokenizer,
    *,
    system_prompt: str = "",
    add_system: bool = False,
    language: str = CHINESE,
    seed: int = SEED,
    sample: int | None = None,
) -> Statistics:
    """The statistics of a file that was checked.

    Tokens are counted in every row, or in ``sample`` rows (None: see ``tokens.sample_for``) drawn with ``seed`` from all
    lines alike; then the total is estimated by the ratio of tokens to characters, whose sum is known. Reads the file
    once more. Raises SourceUnreadable.
    """
    tally = checked.tally
    characters = sum(length * rows for length, rows in tally.characters.items())
    sample = sample_for(tally.size, ratio=True) if sample is None else sample
    exact = sample is None or tally.rows <= sample
    lines = _lines(checked, None if exact else sample, seed)
    task = Task(str(checked.path), system_prompt=system_prompt, add_system=add_system, language=language)
    pairs = _counted(checked, lines, tokenizer, task)
    lengths = Lengths.of(tokens for tokens, _characters in pairs)
    total = (
        Interval(lengths.total, lengths.total, lengths.total)
        if exact
        else _ratio(pairs, characters, tally.rows)
    )
    above = []
    for limit in LIMITS:
        over = lengths.above(limit)
        above.append((limit, Interval(over, over, over) if exact else _share(over, len(pairs), tally.rows)))
    return Statistics(
        rows=tally.rows,
        characters=characters,
        longest=tally.longest,
        exact=exact,
        sampled=len(pairs),
        seed=seed,
        tokens=total,
        lengths=lengths,
        above=tuple(above),
        letters=balance.letters(tally.places),
        longest_right=balance.longest(tally.longest_right),
    )


def histogram(lengths: Lengths, bins: int = _BINS) -> tuple[tuple[int, int, int], ...]:
    """(from, to, rows) in at most ``bins`` even steps of 1, 2 or 5 times a power of ten, from 0 to the longest."""
    if not lengths.rows:
        return ()
    step = 10
    while lengths.longest >= step * bins:
        step = next(wide for wide in _steps() if wide > step)
    found: Counter[int] = Counter()
    for length, rows in lengths.counts:
        found[length // step] += rows
    return tuple((number * step, (number + 1) * step - 1, found[number]) for number in range(max(found) + 1))


def _steps() -> list[int]:
    return [digit * 10**power for power in range(1, 9) for digit in (1, 2, 5)]


def _lines(checked: Checked, sample: int | None, seed: int) -> set[int]:
    rows = [line for line, key in enumerate(checked.tally.keys, 1) if key]
    if sample is None:
        return set(rows)
    return set(random.Random(seed).sample(rows, min(sample, len(rows))))  # noqa: S311 - a sample, no secret


def _counted(checked: Checked, lines: set[int], tokenizer: Tokenizer, task: Task) -> list[tuple[int, int]]:
    """(tokens, characters) of the rows on ``lines``, a thousand at a time on both cores."""
    pairs: list[tuple[int, int]] = []
    chats = []
    for record in lookup.records_at(checked.path, lines, checked.reading, checked.tally.starts):
        if record.kind == "chat":
            chats.append(sent(record, task))
        else:
            pairs.append((tokens_of(record, tokenizer, task), characters(record, sent(record, task))))
        if len(chats) >= 1000:  # noqa: PLR2004 - enough for both cores
            pairs += _both(chats, tokenizer)
            chats = []
    return pairs + _both(chats, tokenizer)


def _both(chats: list[Any], tokenizer: Tokenizer) -> list[tuple[int, int]]:
    counted = tokenizer.count_chats(chats)
    return [
        (tokens, sum([len(turn.content) for turn in chat]))
        for tokens, chat in zip(counted, chats, strict=True)
    ]


def _ratio(pairs: list[tuple[int, int]], characters: int, rows: int) -> Interval:
    """The ratio estimate of the total and its interval (Cochran 1977, 6.4), with the finite population's correction."""
    count = len(pairs)
    tokens, known = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
    if count < 2 or not known:  # noqa: PLR2004 - a spread needs two
        return Interval(tokens, tokens, tokens)
    ratio = tokens / known
    spread = sum((mine - ratio * length) ** 2 for mine, length in pairs) / (count - 1)
    error = _Z * rows * math.sqrt((1 - count / rows) * spread / count)
    total = ratio * characters
    return Interval(round(total), round(max(0.0, total - error)), round(total + error))


def _share(hits: int, count: int, rows: int) -> Interval:
    """Rows of all, from ``hits`` of ``count`` drawn: Wilson's interval."""
    if not count:
        return Interval(0, 0, 0)
    share = hits / count
    middle = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z / (1 + _Z**2 / count) * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    low = 0 if not hits else max(0.0, middle - half)
    return Interval(round(share * rows), round(low * rows), round(min(1.0, middle + half) * rows))


def _numbers(interval: Interval) -> forms.Interval:
    return {"value": interval.value, "low": interval.low, "high": interval.high}
