"""How findings and statistics of data are shown: the same in the wizard and in ``check``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import dropwhile
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.engine.view import Bars, Block, Pairs, Table, Text, View
from wizard.locale import _, enumerated, joined, ngettext

if TYPE_CHECKING:
    from wizard.data.checking.audit import Checked
    from wizard.data.checking.statistics import Interval, Statistics
    from wizard.data.findings import Findings


MAX_LENGTH = 2_048  # tokens, as is recommended
FIRST = 3  # kinds of findings that are shown at once: with the statistics and the question they fit a small screen


def look_up() -> str:
    """How a person learns more of a code."""
    return _("What a code means: bailian-wizard explain CODE")


def found_in(findings: Findings) -> View:
    """What was found, a line a code: how often, where first, what it is and what to do."""
    if not findings:
        return View()
    rows = []
    for code, count in findings.counts.items():
        first = findings.first(code)[0]
        where = (
            _("line {line}").format(line=first.where.line)
            if first.where.line
            else Path(first.where.file).name
        )
        rows.append((code, f"{count:,}", where, joined(first.what, first.fix)))
    heads = (_("Finding"), _("Times"), _("First"), _("What it is, and what to do"))
    return View((Table(heads, tuple(rows), frozenset({1})), Text(look_up(), "dim")))


def in_short(
    checked: Sequence[Checked], numbers: Statistics, left_out: Sequence[tuple[int, str]] = ()
) -> View:
    """The statistics of the first file in a few lines, then what was found, so that a question fits below it."""
    limit, over = next((pair for pair in numbers.above if pair[0] == MAX_LENGTH), numbers.above[-1])
    lengths = numbers.lengths
    rows = [
        (
            _("Length"),
            _("median {median:,} tokens, longest {longest:,}; longer than {limit:,}: {over} rows").format(
                median=round(lengths.quantile(0.5)), longest=lengths.longest, limit=limit, over=_shown(over)
            ),
        )
    ]
    letters = numbers.letters
    if letters.rows:
        shares = "  ".join(f"{letter} {count / letters.rows:.0%}" for letter, count in letters.counts)
        rows.append((_("Right answers"), shares))
        longest = numbers.longest_right
        if longest.chance:  # else several options are equally long in every row
            rows.append(
                (
                    _("Guessable"),
                    _(
                        "the longest option is right in {share:.0%} of the rows (by chance {chance:.0%})"
                    ).format(share=longest.share, chance=longest.chance),
                )
            )
    for count, name in left_out:
        told = ngettext(
            "{count:,} row is not used; it is listed in {name}",
            "{count:,} rows are not used; they are listed in {name}",
            count,
        )
        rows.append((_("Left out"), told.format(count=count, name=name)))
    found = [pair for one in checked for pair in _by_weight(one.findings)]
    blocks: list[Block] = [Pairs(tuple(rows))]
    blocks += [
        Text(f"! {_told(findings, code, left_out=bool(left_out))}", "warn")
        for findings, code in found[:FIRST]
    ]
    if len(found) > FIRST:
        blocks.append(Text(_("… and {count} more").format(count=len(found) - FIRST), "warn"))
    return View(tuple(blocks))


def in_full(checked: Sequence[Checked]) -> View:
    """Every kind of finding with the rows that have it, as far as they were kept."""
    blocks: list[Block] = []
    for one in checked:
        for findings, code in _by_weight(one.findings):
            blocks.append(Text(f"! {_told(findings, code)}", "warn"))
            lines = [found.where.line for found in findings.first(code) if found.where.line]
            if lines:
                shown = enumerated(map(str, lines))
                more = "…" if len(lines) < findings.counts[code] else ""
                where = _("lines {lines}").format(lines=f"{shown}{more}")
                told = _("{title}: {line}").format(title=Path(one.path).name, line=where)
                blocks.append(Text(f"  {told}", "dim"))
    if blocks:
        blocks.append(Text(look_up(), "dim"))
    return View(tuple(blocks))


def _by_weight(findings: Findings) -> list[tuple[Findings, str]]:
    """Errors first, then what was found most often."""
    counts = findings.counts
    codes = sorted(counts, key=lambda code: (findings.severity(code) != "error", -counts[code]))
    return [(findings, code) for code in codes]


def _told(findings: Findings, code: str, *, left_out: bool = False) -> str:
    """A kind of finding in a sentence; what to do about it, unless the rows are left out already."""
    first, count = findings.first(code)[0], findings.counts[code]
    times = f" × {count:,}" if count > 1 else ""
    where = _(" (line {line})").format(line=first.where.line) if first.where.line else ""
    fix = "" if left_out and findings.severity(code) == "error" else first.fix
    return f"{code}{times}{where} {joined(first.what, fix)}".rstrip()


def view_of(checked: Checked, numbers: Statistics) -> View:
    """A file's statistics, for a screen: lengths with a histogram, answers' balance, what max_length would drop."""
    from wizard.data.checking.statistics import histogram

    blocks: list[Block] = [Text(_("{path}: statistics").format(path=_from_here(checked.path)), "good")]
    said = _("counted in every row")
    if not numbers.exact:
        said = _("counted in a sample of {rows:,} rows (seed {seed}), with 95 % intervals").format(
            rows=numbers.sampled, seed=numbers.seed
        )
    blocks.append(Text(_("Tokens as Qwen 2, 2.5 and 3 count them, {said}.").format(said=said), "dim"))
    rows = [
        (_("rows"), f"{numbers.rows:,}"),
        (_("characters"), f"{numbers.characters:,}"),
        (_("tokens"), _shown(numbers.tokens)),
        (
            _("longest row"),
            _("{characters:,} characters, line {line}").format(
                characters=numbers.longest[0], line=numbers.longest[1]
            ),
        ),
    ]
    rows += [
        (_("rows dropped at max_length {limit:,}").format(limit=limit), _shown(over))
        for limit, over in numbers.above
    ]
    letters = numbers.letters
    if letters.rows:
        longest = numbers.longest_right
        chance = _("by chance")
        rows.append(
            (
                _("longest option is right"),
                _("{text} ({aside})").format(
                    text=f"{longest.share:.0%}", aside=f"{chance} {longest.chance:.0%}"
                ),
            )
        )
    blocks.append(Table(("", ""), tuple(rows), frozenset({1})))
    bins = dropwhile(lambda bin_: not bin_[2], histogram(numbers.lengths))
    blocks.append(
        Bars(_("Rows by their tokens"), tuple((f"{low:,}-{high:,}", count) for low, high, count in bins))
    )
    if letters.rows:
        title = _("Right answers by letter (p {p:.2g} if all are as likely)").format(p=letters.p)
        blocks.append(Bars(title, tuple(letters.counts)))
    return View(tuple(blocks))


def _shown(interval: Interval) -> str:
    if interval.low == interval.high:
        return f"{interval.value:,.0f}"
    return f"{interval.value:,.0f} ({interval.low:,.0f} - {interval.high:,.0f})"


def _from_here(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
