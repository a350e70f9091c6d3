"""What a family of cases is, which there are, and how one is run."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from sweeps.journey import PLATFORMS
from sweeps.returning import PLACES
from sweeps.starting import NURSERIES

FAMILIES = {
    "crash": "sweeps.crash",
    "crash-pairs": "sweeps.crash_pairs",
    "storage": "sweeps.storage",
    "http": "sweeps.http_faults",
    "two-wizards": "sweeps.two_wizards",
    "session": "sweeps.session",
    "key": "sweeps.key",
    "signals": "sweeps.signals",
    "foreign": "sweeps.foreign",
    "power-cut": "sweeps.power_cut",
    "hostile-folder": "sweeps.stranger",
    "model": "sweeps.model",
    "rewound": "sweeps.rewound",
    "lies": "sweeps.lies",
    "returns": "sweeps.returns",
}  # fmt: skip
"""Each family's name and module; a module of a family has what ``Family`` says. Another one is one more line here."""

NEEDS_STRACE = "" if shutil.which("strace") else "strace is not installed"


@dataclass(frozen=True, slots=True)
class Case:
    """``run`` is given an empty folder of its own and raises AssertionError; ``name`` finds it again: ``FAMILY NAME``."""

    name: str
    run: Callable[[Path], None]


class Family(Protocol):
    """The module of a family: its docstring's first line says what it shows."""

    QUICK: int
    """How many of its cases, evenly spread, run among the tests."""

    MISSING: str
    """Why it can't be run on this computer; empty where it can."""

    def cases(self, seed: int) -> Sequence[Case]:
        """All of them, in an order that does not change; ``seed`` chooses where something is drawn at random."""
        ...


@dataclass(frozen=True, slots=True)
class Failure:
    """A case that did not hold, and why."""

    case: str
    why: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What running a family came to."""

    family: str
    cases: int
    failures: tuple[Failure, ...]
    seconds: float


def family(name: str) -> Family:
    """The module of the family ``name``."""
    return cast("Family", import_module(FAMILIES[name]))


def spread(cases: Sequence[Case], count: int) -> list[Case]:
    """``count`` of ``cases``, the first and the last among them, in even distances; all where there are no more."""
    if count >= len(cases):
        return list(cases)
    if count < 2:
        return list(cases[:count])
    return [cases[round(number * (len(cases) - 1) / (count - 1))] for number in range(count)]


def run(
    name: str,
    *,
    seed: int,
    jobs: int,
    sample: int | None = None,
    only: Iterable[str] = (),
    on_case: Callable[[int, int], None] | None = None,
) -> Outcome:
    """Run a family's cases in ``jobs`` threads: all, those called ``only``, or ``sample`` that are evenly spread."""
    begun = time.monotonic()
    wanted = set(only)
    cases: Sequence[Case] = family(name).cases(seed)
    if wanted:
        cases = [case for case in cases if case.name in wanted]
    elif sample is not None:
        cases = spread(cases, sample)
    # A shuffled order spreads the slow ones, which lie beside each other, over the workers.
    order = random.Random(seed).sample(cases, len(cases))
    failures: list[Failure] = []
    try:
        with ThreadPoolExecutor(jobs) as workers:
            for number, failure in enumerate(workers.map(_tried, order), 1):
                if failure is not None:
                    failures.append(failure)
                if on_case is not None:
                    on_case(number, len(order))
    finally:
        NURSERIES.close()
        PLATFORMS.close()
        PLACES.close()
    failures.sort(key=lambda failure: failure.case)
    return Outcome(name, len(order), tuple(failures), time.monotonic() - begun)


def _tried(case: Case) -> Failure | None:
    with tempfile.TemporaryDirectory(prefix="sweep-", ignore_cleanup_errors=True) as outer:
        folder = Path(outer, "case")  # what a case keeps beside its folder goes with it
        folder.mkdir()
        try:
            case.run(folder)
        except AssertionError as problem:
            where = traceback.extract_tb(problem.__traceback__)[-1]
            return Failure(case.name, f"{Path(where.filename).name}:{where.lineno}: {problem}")
        except Exception:  # noqa: BLE001 - a case that breaks is one that did not hold
            return Failure(case.name, traceback.format_exc())
    return None
