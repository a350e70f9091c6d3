"""Fresh environments to test in: one made with a given Python, the project and its extras installed, and what runs there."""

from __future__ import annotations

import os
import subprocess
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
QUICK = (
    *(
        "test_bailian_client",
        "test_bailian_models",
        "test_bailian_sandbox",
        "test_command_line",
        "test_data_check",
    ),
    *("test_data_convert", "test_data_reading", "test_data_rows", "test_data_tokens", "test_engine_run"),
    *("test_engine_session", "test_envfile", "test_fronts", "test_help", "test_locale", "test_plain"),
    *("test_sandbox", "test_ui_wrap"),
)
"""Tests that touch every library, in a minute or two."""


def made(folder: Path, python: Path | None = None) -> Path:
    """The Python of a new, empty environment in ``folder``; made with ``python``, or with this one."""
    if python is None:
        venv.create(folder, with_pip=True)
    else:
        subprocess.run([python, "-m", "venv", folder], check=True)
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install(python: Path, wanted: Sequence[str] = ()) -> None:
    """The project, editable, with all its extras, and ``wanted`` beside them. Raises CalledProcessError where pip finds no way."""
    words = [
        python,
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
        "-e",
        f"{ROOT}[dev]",
        *wanted,
    ]
    subprocess.run(words, check=True)


def run(python: Path, *words: str) -> bool:
    """Whether ``python -m WORDS`` in the project's folder ends well."""
    return subprocess.run([python, "-m", *words], cwd=ROOT, check=False).returncode == 0


def quick_tests(python: Path) -> bool:
    """Whether the quick tests pass."""
    return run(python, "pytest", "-q", *(f"tests/{name}.py" for name in QUICK))
