"""How fast ``check`` looks at every row of a chat file, beside a script that only parses each line."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from wizard.data.audit import check


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds, medians of interleaved runs over the same file."""

    rows: int
    json_loads: float
    """``json.loads`` of every line, and nothing else."""
    checked: float
    """``audit.check``: all findings, duplicates and leaks, on all cores; without counting tokens."""
    checked_on_one: float
    """The same in one process."""

    @property
    def times(self) -> float:
        """How many times faster checking is than parsing."""
        return self.json_loads / self.checked


def measure(path: Path, runs: int = 3) -> Figures:
    """Measure over ``path``, Bailian's chat JSON Lines."""
    parsed: list[float] = []
    checked: list[float] = []
    alone: list[float] = []
    rows = 0
    for _run in range(runs):
        start = time.perf_counter()
        with path.open("rb") as stream:
            for line in stream:
                json.loads(line)
        parsed.append(time.perf_counter() - start)
        start = time.perf_counter()
        rows = check([path])[0].tally.rows
        checked.append(time.perf_counter() - start)
        start = time.perf_counter()
        check([path], workers=0)
        alone.append(time.perf_counter() - start)
    return Figures(rows, median(parsed), median(checked), median(alone))
