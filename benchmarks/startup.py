"""How long until the first question: the wizard against a five-line questionary script, in turn, in a real terminal.

Option: ``--resume GB``: also until a session with a data file of so many gigabytes, already converted, is offered again.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pexpect

ROUNDS = 15
YARDSTICKS_NAME = "five-line questionary script"
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
    options = argparse.ArgumentParser()
    options.add_argument("--resume", type=float, default=0.0, metavar="GB")
    given, _names = options.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "yardstick.py")
        script.write_text(YARDSTICK, "utf-8")
        Path(folder, "datasets").symlink_to(ROOT / "datasets")
        wizard = [str(Path(sys.executable).with_name("bailian-wizard")), "--sandbox", "--lang", "en"]
        programs = {
            YARDSTICKS_NAME: ([sys.executable, str(script)], folder, "Where is your data"),
            "bailian-wizard --sandbox": (wizard, folder, "Where is your data"),
        }
        if given.resume:
            large = _session_of(Path(folder, "large"), round(given.resume * 1e9), wizard)
            programs[f"going on, {given.resume:g} GB"] = (wizard, large, "What next")
        seconds: dict[str, list[float]] = {name: [] for name in programs}
        for turn in range(ROUNDS + 1):
            for name, (words, where, question) in programs.items():
                taken = _first_question(words, where, question)
                if turn:  # the first turn warms the disk's cache
                    seconds[name].append(taken)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    yardstick = medians[YARDSTICKS_NAME]
    print(f"{'until the first question is drawn':34} {'median s':>9} {'min':>7} {'max':>7} {'ratio':>6}")
    for name, values in seconds.items():
        print(
            f"{name:34} {medians[name]:9.3f} {min(values):7.3f} {max(values):7.3f} {medians[name] / yardstick:6.2f}"
        )


def _session_of(folder: Path, size: int, wizard: list[str]) -> str:
    """Make ``folder`` hold a session that is at its review, with ``size`` bytes of data converted."""
    folder.mkdir()
    with Path(folder, "own.jsonl").open("w", encoding="utf-8") as out:
        written = number = 0
        while written < size:
            options = {label: f"第{number}题的选项{label}，" + "说明" * 9 for label in "ABCD"}
            row = {"question": f"{number}" + "题干" * 60, "options": options, "answer": options["B"]}
            written += len(json.dumps(row | {"answer_idx": "B"}, ensure_ascii=False).encode()) + 1
            out.write(json.dumps(row | {"answer_idx": "B"}, ensure_ascii=False) + "\n")
            number += 1
    answers = ["--set", "dataset.source=own.jsonl", "--set", "dataset.validation=split"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = [*wizard, "plan", "--yes", *answers]
    subprocess.run(words, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return str(folder)


def _first_question(words: list[str], folder: str, question: str) -> float:
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
        child.expect(question)
        return time.perf_counter() - begun
    finally:
        child.close(force=True)
