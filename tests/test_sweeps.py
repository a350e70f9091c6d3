"""A few cases of every family of the fault sweeps; ``python -m sweeps`` runs them all."""

from __future__ import annotations

import pytest

from sweeps.family import FAMILIES, Case, family, run, spread


@pytest.mark.sweep
@pytest.mark.parametrize("name", FAMILIES)
def test_family(name: str) -> None:
    """Evenly spread cases of the family hold: never twice, never lost, never leaked."""
    members = family(name)
    if members.MISSING:
        pytest.skip(members.MISSING)
    outcome = run(name, seed=0, jobs=2, sample=members.QUICK)
    assert () == outcome.failures
    assert members.QUICK <= outcome.cases


def test_spread_has_both_ends() -> None:
    """A sample begins with the first and ends with the last, and is never larger than what there is."""
    cases = [Case(str(number), lambda _folder: None) for number in range(10)]
    assert ["0", "4", "9"] == [case.name for case in spread(cases, 3)]
    assert cases == spread(cases, 99)
    assert cases[:1] == spread(cases, 1)
