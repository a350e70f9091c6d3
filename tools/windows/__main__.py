"""``python -m tools.windows [FOLDER] [PYTEST'S WORDS ...]``: builds a Windows to test on in FOLDER, once, and runs the tests of Windows there.

FOLDER (``.windows`` without it) then has ``winpy``, which works as ``python`` does there. Given words go to pytest in place of
the family's name: ``tests`` for all that can run there. What this proves, and what it doesn't: CONTRIBUTING.md, "Windows".
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tools.windows import harness

FAMILY = ("tests/test_on_windows.py",)


def main() -> int:
    """The exit code of pytest; 3 where there can be no harness here."""
    folder, *words = sys.argv[1:] or [".windows"]
    runner = Path(folder).resolve() / "winpy"
    if not runner.exists():
        if lacking := harness.missing():
            sys.stderr.write(f"no Windows to test on: {lacking}\n")
            return 3
        harness.build(Path(folder))
    environment = {
        **os.environ,
        "PYTHONPATH": _there(harness.ROOT),
        "PYTHONUTF8": "1",  # what a test reads; those about code pages take it from what they start
        # Compiled once, and beside the harness: most of a test there is starts of Python.
        "PYTHONPYCACHEPREFIX": _there(runner.with_name("compiled")),
    }
    python = [str(runner), "-m"]
    compiling = [*python, "compileall", "-q", "wizard"]
    subprocess.run(compiling, cwd=harness.ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    pytest = [*python, "pytest", "-p", "no:cacheprovider", "-n", "2", "-q", *(words or FAMILY)]
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    return subprocess.run(pytest, cwd=harness.ROOT, env=environment, check=False).returncode


def _there(path: Path) -> str:
    """``path`` as Windows sees it."""
    return f"Z:{path}".replace("/", "\\")


if __name__ == "__main__":
    sys.exit(main())
