"""How long until the first question: the wizard against a five-line questionary script, in turn, in a real terminal."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import pexpect

ROUNDS = 15
YARDSTICK = """\
import questionary
answer = questionary.path("Where is your data?", default="datasets").ask()
other = questionary.text("And the model?").ask()
print(answer)
print(other)
"""
ROOT = Path(__file__).parents[1]


def main() -> None:
    """Print medians and the ratio of medians."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "yardstick.py")
        script.write_text(YARDSTICK, "utf-8")
        Path(folder, "datasets").symlink_to(ROOT / "datasets")
        programs = {
            "five-line questionary script": [sys.executable, str(script)],
            "bailian-wizard --sandbox": [
                str(Path(sys.executable).with_name("bailian-wizard")),
                "--sandbox",
                "--lang",
                "en",
            ],
        }
        seconds: dict[str, list[float]] = {name: [] for name in programs}
        for turn in range(ROUNDS + 1):
            for name, words in programs.items():
                taken = _first_question(words, folder)
                if turn:  # the first turn warms the disk's cache
                    seconds[name].append(taken)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    yardstick = medians["five-line questionary script"]
    print(f"{'until the first question is drawn':34} {'median s':>9} {'min':>7} {'max':>7} {'ratio':>6}")
    for name, values in seconds.items():
        print(
            f"{name:34} {medians[name]:9.3f} {min(values):7.3f} {max(values):7.3f} {medians[name] / yardstick:6.2f}"
        )


def _first_question(words: list[str], folder: str) -> float:
    # As a user has it: from the second start on, Python finds its own compiled modules.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = {**kept, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
    begun = time.perf_counter()
    child = pexpect.spawn(words[0], words[1:], cwd=folder, env=environment, dimensions=(40, 100), timeout=30)
    child.delaybeforesend = None
    try:
        # prompt_toolkit asks where the cursor is before it draws; a terminal answers at once.
        child.expect_exact("\x1b[6n")
        child.send("\x1b[1;1R")
        child.expect(r"Where is your data")
        return time.perf_counter() - begun
    finally:
        child.close(force=True)
