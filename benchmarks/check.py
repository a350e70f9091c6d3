"""``check`` of 500,000 chats in Bailian's format, against ``json.loads`` of each line, in turn.

Two kinds of rows: questions with options as the wizard writes them, and chats without. Options: ``--rows N`` (500,000),
``--rounds N`` (5).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.memory import ROOT, peak_of

SYSTEM = "你是一个专业的医学助手，擅长回答医学选择题。请根据题目和选项，给出正确答案。"
WORDS = ("患者", "男", "女", "岁", "发热", "咳嗽", "腹痛", "三天", "查体", "血压", "正常", "肺部", "湿啰音", "白细胞", "升高", "最可能的诊断是", "首选的检查是", "治疗应选用", "急性", "慢性", "炎症", "肿瘤", "结核", "感染", "青霉素", "手术", "保守治疗", "胃镜", "核磁共振", "超声")  # fmt: skip
PARSING = """\
import json, sys, time
begun = time.perf_counter()
with open(sys.argv[1], "rb") as lines:
    for line in lines:
        json.loads(line)
print(time.perf_counter() - begun)
"""
CHECKING = """\
import sys, time
from pathlib import Path
begun = time.perf_counter()
from wizard.data.checking.audit import check
(one,) = check([Path(sys.argv[1])], workers=int(sys.argv[2]) if sys.argv[2:] else None)
print(time.perf_counter() - begun)
assert one.tally.rows
"""


def main() -> None:
    """Print a table for each kind of rows."""
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=500_000)
    options.add_argument("--rounds", type=int, default=5)
    given, _names = options.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        for kind, rows in (("questions with options", _questions), ("chats without", _chats)):
            path = Path(folder, "train.jsonl")
            with path.open("w", encoding="utf-8") as out:
                out.writelines(rows(given.rows))
            _table(path, kind, given.rows, given.rounds)


def _table(path: Path, kind: str, rows: int, rounds: int) -> None:
    programs = {
        "json.loads a line": [sys.executable, "-c", PARSING, str(path)],
        "check, one process": [sys.executable, "-c", CHECKING, str(path), "0"],
        "check, all cores": [sys.executable, "-c", CHECKING, str(path)],
        "the whole command": [sys.executable, "-m", "wizard", "check", str(path), "--json"],
    }
    taken: dict[str, list[float]] = {name: [] for name in programs}
    memory: dict[str, float] = {}
    printed = path.with_name("printed")
    for turn in range(rounds + 1):
        for name, words in programs.items():
            begun = time.perf_counter()
            with printed.open("w") as out:
                process = subprocess.Popen(words, cwd=ROOT, stdout=out)
            # The first turn warms the disk's cache and weighs: looking at a process's memory slows it down.
            if not turn:
                memory[name] = peak_of(process)
            assert process.wait() == 0, name
            said = printed.read_text(encoding="utf-8")
            whole = time.perf_counter() - begun
            if turn:
                taken[name].append(whole if said.startswith("{") else float(said))
    plain = statistics.median(taken["json.loads a line"])
    size = path.stat().st_size / 1e6
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(
        f"\n{rows:,} {kind}, {size:,.0f} MB, {rounds} rounds in turn; load of the computer at the end {load:.1f}"
    )
    print(f"{'':20} {'median s':>9} {'min':>7} {'max':>7} {'times json':>11} {'peak MB':>8}")
    for name, seconds in taken.items():
        middle = statistics.median(seconds)
        print(
            f"{name:20} {middle:9.2f} {min(seconds):7.2f} {max(seconds):7.2f} {plain / middle:11.2f} {memory[name]:8.0f}"
        )


def _questions(rows: int) -> Iterator[str]:
    draw = random.Random(1)  # noqa: S311 - the same rows each time
    for number in range(rows):
        options = {label: f"{_words(draw, 2, 6)}{at}" for at, label in enumerate("ABCD")}
        label = draw.choice("ABCD")
        listed = "\n".join(f"{name}. {text}" for name, text in options.items())
        yield _row(
            f"{number}号{_words(draw, 8, 40)}（　　）。\n\n选项：\n{listed}",
            f"答案是 {label}. {options[label]}",
        )


def _chats(rows: int) -> Iterator[str]:
    draw = random.Random(1)  # noqa: S311 - the same rows each time
    for number in range(rows):
        yield _row(
            f"{number}号{_words(draw, 8, 40)}？", f"{_words(draw, 20, 80)}。\n\n{_words(draw, 5, 20)}。"
        )


def _words(draw: random.Random, least: int, most: int) -> str:
    return "".join(draw.choices(WORDS, k=draw.randint(least, most)))


def _row(user: str, assistant: str) -> str:
    turns = (("system", SYSTEM), ("user", user), ("assistant", assistant))
    row = {"messages": [{"role": role, "content": content} for role, content in turns]}
    return json.dumps(row, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
