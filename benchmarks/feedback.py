"""How long a key waits for an answer on the screen, and how long the screen stays still while the wizard works.

A file of some megabytes is taken through all steps on the sandbox, in a real terminal. Wanted: something within 0.1 s of
every key, and no silence above 0.3 s before the next question.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pexpect

ROWS = 20_000
ROOT = Path(__file__).parents[1]
QUESTIONS = (
    ("Where is your data", "\x1b[B"), ("Where is your data", "\r"), ("checked against", "\x1b[B"),
    ("checked against", "\x1b[A\r"), ("Does this look right", "?"), ("Does this look right", "\r"), ("about these rows", "\r"), ("Which model", "\x1b[B"),
    ("Which model", "\x1b[A\r"), ("How shall it be", "\r"), ("recommended settings", "\r"),
    ("Type yes", "yes\r"),
)  # fmt: skip


def main() -> None:
    """Print for each key the time to the first byte and the longest silence until the screen rests."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_rows(folder / "own.jsonl")
        environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
        words = [
            "-m",
            "wizard",
            "--sandbox",
            "--lang",
            "en",
            "--set",
            "training.job_name=feedback",
            "--set",
            "preview.on_error=skip",
        ]
        child: Any = pexpect.spawn(
            sys.executable, words, cwd=name, env=environment, dimensions=(40, 100), timeout=120
        )
        child.delaybeforesend = None
        print(
            f"{'key at':34} {'first output s':>14} {'longest silence s':>18} {'until the next question s':>26}"
        )
        _read_until(child, QUESTIONS[0][0])
        child.send("\x15own.jsonl")
        _rest(child)
        for number, (question, key) in enumerate(QUESTIONS):
            following = QUESTIONS[number + 1][0] if number + 1 < len(QUESTIONS) else "SUCCEEDED"
            begun = time.perf_counter()
            child.send(key)
            first, silence = _read_until(child, following if following != question else None)
            total = time.perf_counter() - begun
            shown = f"{question} {key!r}"
            print(f"{shown:34} {first:14.3f} {silence:18.3f} {total:26.3f}")
            _rest(child)
        child.close(force=True)


def _write_rows(path: Path) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for number in range(ROWS):
            question = f"第 {number} 题：下列哪一项最能解释该患者的症状与体征？" + "补充病史。" * (
                number % 40
            )
            options = {letter: f"选项 {letter} {number * 7 % 9973}" for letter in "ABCD"}
            right = "ABCD"[number % 4]
            row = {"question": question, "options": options, "answer": options[right], "answer_idx": right}
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def _read_until(child: Any, text: str | None) -> tuple[float, float]:
    """Seconds to the first output, and the longest silence before ``text`` was shown (None: before the screen rests)."""
    begun = last = time.perf_counter()
    first = silence = 0.0
    seen = ""
    while time.perf_counter() - begun < 120:  # noqa: PLR2004 - seconds until this is a failure
        try:
            data = child.read_nonblocking(1 << 16, timeout=0.2 if text is None else 5)
        except pexpect.TIMEOUT:
            if text is None:
                break
            continue
        except pexpect.EOF:
            break
        now = time.perf_counter()
        first = first or now - begun
        silence = max(silence, now - last)
        last = now
        for _question in range(data.count(b"\x1b[6n")):
            child.send("\x1b[1;1R")
        seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", data.decode("utf-8", "replace"))
        if text is not None and text in seen:
            break
    return first, silence


def _rest(child: Any) -> None:
    """Read until the screen is still, so that the next key meets a question that is ready."""
    _read_until(child, None)
