"""The key, from wherever it comes in, is in ``.env`` and in the request's header, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeps import key

CASES = key.cases()
QUICK = list(CASES)[:: len(CASES) // key.QUICK]


@pytest.mark.parametrize("name", QUICK)
def test_a_platform_that_repeats_the_key(tmp_path: Path, name: str) -> None:
    """Whatever the platform answers, the key in it is not shown, kept, logged, or sent to anybody else."""
    CASES[name](tmp_path)
