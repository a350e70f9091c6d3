"""The fault sweeps: each promise of "never twice, never lost, never leaked" against every fault that can be made.

They use the tests' own servers and machines, so that there is one definition of each; ``tests/test_sweeps.py`` runs a
few cases of every family.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = ROOT / "tests"

if str(TESTS) not in sys.path:
    sys.path.append(str(TESTS))
