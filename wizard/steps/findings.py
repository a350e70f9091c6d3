"""How findings and statistics of data are shown: the same in the wizard and in ``check``."""

from __future__ import annotations

from itertools import dropwhile
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.engine.view import Bars, Block, Table, Text, View
from wizard.locale import _

if TYPE_CHECKING:
    from wizard.data.audit import Checked
    from wizard.data.check import Findings
    from wizard.data.statistics import Interval, Statistics


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
        rows.append((code, f"{count:,}", where, f"{first.what} {first.fix}"))
    heads = (_("Finding"), _("Times"), _("First"), _("What it is, and what to do"))
    return View((Table(heads, tuple(rows), frozenset({1})),))


def view_of(checked: Checked, numbers: Statistics) -> View:
    """A file's statistics, for a screen: lengths with a histogram, answers' balance, what max_length would drop."""
    from wizard.data.statistics import histogram

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
        rows.append((_("longest option is right"), f"{longest.share:.0%} ({chance} {longest.chance:.0%})"))
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
