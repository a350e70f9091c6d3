"""How much memory a program and its children hold together."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def peak_of(process: subprocess.Popen[Any]) -> float:
    """Megabytes that ``process`` and those below it held at most until it ended: proportional shares, PSS."""
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, _memory(process.pid))
        time.sleep(0.02)
    return peak


def _memory(pid: int) -> float:
    """Megabytes of a process and those below it; 0 where the system doesn't tell."""
    try:
        fields = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0.0
    own = sum(int(field.split()[1]) for field in fields if field.startswith("Pss:")) / 1000
    return own + sum(_memory(int(child)) for child in below)
