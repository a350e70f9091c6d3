"""Any order of answers, second thoughts, crashes, lost answers, late arrivals and other wizards, against what must always hold.

A state machine drives the real steps and the real engine through the real client; hypothesis looks for an order in which
more is created than somebody said yes to, a job is not known to anybody, an answer is lost or asked for again, or the
wizard can't go on. ``python -m sweeps.model SEED RUNS`` is one case: so many runs of up to 30 moves; with ``shrink``
behind it, an order that breaks something is made as short as it can be, which takes minutes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from sweeps import ROOT
from sweeps.family import Case

QUICK = 1
MISSING = ""
CASES, RUNS, MOVES = 50, 10, 30
LIMIT = 3600.0  # seconds for a case


def cases(seed: int) -> Sequence[Case]:
    """Each has a seed of its own."""
    return [Case(f"seed-{seed}.{number}", partial(searched, seed * 1000 + number)) for number in range(CASES)]


def searched(number: int, folder: Path) -> None:
    """A process of its own: the wizard is in it, and not only one of it at a time would be."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    environment = {**kept, "HOME": str(folder), "PYTHONPATH": str(ROOT), "BAILIAN_WIZARD_LANG": "en"}
    command = [sys.executable, "-P", "-m", "sweeps.model", str(number), str(RUNS)]
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]


def main() -> None:
    """Search; an order that breaks something is printed."""
    from bailian_server import serving
    from hypothesis import HealthCheck, Phase, seed, settings
    from hypothesis.stateful import run_state_machine_as_test

    from sweeps.journey import PLATFORMS
    from sweeps.wizardry import SERVERS, Wizardry
    from wizard.bailian import calls
    from wizard.engine import effects
    from wizard.steps.job import JobCreation
    from wizard.steps.upload import FileUpload

    FileUpload.grace = JobCreation.grace = 0.0
    effects.FIRST_LOOK_AGAIN = 0.0
    calls._PAUSES = (0.0, 0.0)  # noqa: SLF001 - no one to spare
    how = settings(
        max_examples=int(sys.argv[2]),
        stateful_step_count=MOVES,
        phases=[Phase.generate, *([Phase.shrink] if "shrink" in sys.argv[3:] else [])],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    with serving() as server:
        SERVERS.append(server)
        try:
            run_state_machine_as_test(seed(int(sys.argv[1]))(Wizardry), settings=how)
        finally:
            PLATFORMS.close()


if __name__ == "__main__":
    main()
