"""``python -m tools.pythons``: all tests on each Python found here that the project supports; ``--smoke``: only whether it starts and works.

Found are the commands ``python3.11`` to ``python3.14`` on the path, and what pyenv and uv have installed.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from tools import environments

PLACES = ("~/.pyenv/versions/*/bin/python", "~/.local/share/uv/python/*/bin/python3")
_NAMED = "Programming Language :: Python :: 3."
_ASKED = "import sys; print(*sys.version_info[:2], sys.implementation.name, sys.version_info.releaselevel)"
SMOKE = (
    ("wizard", "--version"),
    ("wizard", "check", "--no-stats", "datasets/MedQA/questions/Taiwan/dev.jsonl"),
    ("pytest", "-q", "-n", "0", "-m", "", "tests/test_on_windows.py", "tests/test_help.py"),
    ("pytest", "-q", "-n", "0", "-m", "", "tests/test_command_line.py", "tests/test_commands.py", "-k", "argparse or looked_after"),
)  # fmt: skip
"""What shows that it starts there: everything is imported, a file checked, and a job trained in the sandbox."""


def supported() -> list[int]:
    """The minor versions that the project's classifiers name."""
    project = tomllib.loads((environments.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = [line.removeprefix(_NAMED) for line in project["classifiers"] if line.startswith(_NAMED)]
    return sorted(int(minor) for minor in named if minor.isdecimal())


def found() -> dict[int, Path]:
    """A Python of each supported minor version that there is on this computer: (minor version, its program)."""
    pythons: dict[int, Path] = {}
    for python in _candidates():
        done = subprocess.run([python, "-c", _ASKED], capture_output=True, text=True, check=False)
        told = re.fullmatch(r"3 (\d+) cpython final\n", done.stdout)
        if told is not None and int(told[1]) in supported():
            pythons.setdefault(int(told[1]), python)
    return dict(sorted(pythons.items()))


def _candidates() -> Iterator[Path]:
    yield Path(sys.executable)
    for minor in supported():
        if (program := which(f"python3.{minor}")) is not None:
            yield Path(program)
    for place in PLACES:
        root, *rest = Path(place).expanduser().parts
        yield from sorted(Path(root).glob("/".join(rest)), reverse=True)


def main() -> int:
    """1 where something fails on one of them. With ``--others`` this one, which is tested already, is left out."""
    pythons = found()
    if "--others" in sys.argv:
        pythons.pop(sys.version_info.minor, None)
    absent = [minor for minor in supported() if minor not in pythons and minor != sys.version_info.minor]
    _say("found: " + (", ".join(f"3.{minor} ({path})" for minor, path in pythons.items()) or "none"))
    if absent:
        _say("not here: " + ", ".join(f"3.{minor}" for minor in absent))
    failed = [minor for minor, python in pythons.items() if not _passes(python)]
    for minor in failed:
        _say(f"failed: 3.{minor}")
    return 1 if failed else 0


def _passes(python: Path) -> bool:
    with TemporaryDirectory() as folder:
        made = environments.made(Path(folder, "venv"), python)
        environments.install(made)
        if "--smoke" in sys.argv:
            return all(environments.run(made, *words) for words in SMOKE)
        return environments.run(made, "pytest", "-q", "-m", "")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
