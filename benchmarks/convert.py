"""Conversion of multiple-choice rows with all checks on, against a plain json.loads/json.dumps script, in turn.

Options: ``--rows N`` (500,000), ``--rounds N`` (5), ``--region NAME`` (of MedQA: Mainland, Taiwan or US), ``--ten-million`` (linearity up to 10 million rows, 4 GB in the
temporary folder), ``--preview`` (the first preview of 5 MB against 5 GB).
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
from collections.abc import Iterator
from pathlib import Path

from benchmarks.memory import ROOT, peak_of

REAL = ROOT.parent / "shared" / "data" / "medqa" / "questions"
PLAIN = """\
import json, sys
prompt = "你是一个专业的医学助手，擅长回答医学选择题。请根据题目和选项，给出正确答案。"
with open(sys.argv[1], encoding="utf-8") as source, open(sys.argv[2], "w", encoding="utf-8") as output:
    for line in source:
        row = json.loads(line)
        options = "\\n".join(f"{label}. {text}" for label, text in row["options"].items())
        user = f"{row['question']}\\n\\n选项：\\n{options}"
        answer = f"答案是 {row['answer_idx']}. {row['answer']}"
        messages = [("system", prompt), ("user", user), ("assistant", answer)]
        chat = {"messages": [{"role": role, "content": content} for role, content in messages]}
        output.write(json.dumps(chat, ensure_ascii=False) + "\\n")
"""
OURS = """\
import sys
from pathlib import Path
from wizard.data.converting.convert import convert
from wizard.data.sent import SYSTEM_PROMPT
convert(Path(sys.argv[1]), Path(sys.argv[2]), system_prompt=SYSTEM_PROMPT, max_part_size=1 << 40)
"""
PREVIEW = """\
import sys, time
from pathlib import Path
begun = time.perf_counter()
from wizard.data.converting.samples import samples
assert samples(Path(sys.argv[1]), "x")
print(time.perf_counter() - begun)
"""


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=500_000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--region", choices=["Mainland", "Taiwan", "US"], default="Mainland")
    options.add_argument("--ten-million", action="store_true")
    options.add_argument("--preview", action="store_true")
    given, _names = options.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        _ratios(Path(folder), given.rows, given.rounds, given.region)
        if given.region == "Mainland":
            _linearity(
                Path(folder), [10_000, 100_000, 1_000_000, *([10_000_000] if given.ten_million else [])]
            )
        if given.preview:
            _previews(Path(folder))


def _ratios(folder: Path, rows: int, rounds: int, region: str) -> None:
    source = _source(folder, rows, region)
    both = sorted(_cores())[:2]
    programs = {
        "plain script": (PLAIN, both[:1]),
        "wizard, one core": (OURS, both[:1]),
        "wizard, both cores": (OURS, both),
    }
    taken: dict[str, list[float]] = {name: [] for name in programs}
    memory: dict[str, float] = dict.fromkeys(programs, 0.0)
    for turn in range(rounds + 1):
        for name, (program, cores) in programs.items():
            output = folder / f"{list(programs).index(name)}.jsonl"
            # The first turn warms the disk's cache and weighs: looking at a process's memory slows it down.
            seconds, peak = _run(program, [source, output], cores, weigh=not turn)
            memory[name] = max(memory[name], peak)
            if turn:
                taken[name].append(seconds)
    outputs = [(folder / f"{number}.jsonl").read_bytes() for number in range(3)]
    assert outputs[0] == outputs[1] == outputs[2], "all write the same bytes"
    plain = statistics.median(taken["plain script"])
    print(
        f"{rows:,} questions, {source.stat().st_size / 1e6:,.0f} MB, {rounds} rounds in turn, {len(both)} core(s)"
    )
    print(f"{'whole processes':22} {'median s':>9} {'min':>7} {'max':>7} {'times plain':>12} {'peak MB':>8}")
    for name, seconds_all in taken.items():
        middle = statistics.median(seconds_all)
        print(
            f"{name:22} {middle:9.2f} {min(seconds_all):7.2f} {max(seconds_all):7.2f} {plain / middle:12.2f} {memory[name]:8.0f}"
        )
    for path in folder.iterdir():
        path.unlink()


def _linearity(folder: Path, sizes: list[int]) -> None:
    print(f"\n{'rows':>12} {'seconds':>9} {'µs a row':>9} {'peak MB':>8}")
    for rows in sizes:
        source = _source(folder, rows)
        paths, both = [source, folder / "out.jsonl"], sorted(_cores())[:2]
        runs = [_run(OURS, paths, both, weigh=not number) for number in range(4)]
        seconds = statistics.median(seconds for seconds, _peak in runs[1:])
        print(f"{rows:12,} {seconds:9.2f} {seconds / rows * 1e6:9.2f} {max(peak for _s, peak in runs):8.0f}")
        for path in folder.iterdir():
            path.unlink()


def _previews(folder: Path) -> None:
    print(f"\n{'first preview of':>16} {'median s':>9}")
    for size in (5_000_000, 5_000_000_000):
        source = _source(folder, size // 380)
        words = [sys.executable, "-c", PREVIEW, str(source)]
        seconds = [
            float(subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
            for _turn in range(7)
        ]
        print(f"{source.stat().st_size / 1e6:13,.0f} MB {statistics.median(seconds):9.3f}")
        source.unlink()


def _source(folder: Path, rows: int, region: str = "Mainland") -> Path:
    """A file of ``rows`` different questions: MedQA's, where they are on this computer, each with a number before it."""
    path = folder / "source.jsonl"
    some = list(_questions(region))
    with path.open("w", encoding="utf-8", newline="") as out:
        for first in range(0, rows, len(some)):
            numbered = enumerate(some[: rows - first], first)
            out.writelines([f'{{"question": "{number} {line}' for number, line in numbered])
    return path


def _questions(region: str) -> Iterator[str]:
    """Rows behind the beginning of their question."""
    begin = '{"question": "'
    for path in sorted(REAL.glob(f"{region}/**/*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            yield from (line.removeprefix(begin) for line in lines if line.startswith(begin))
    if not REAL.is_dir():
        for number in range(7_000):
            options = {label: f"第{number}题的选项{label}，" + "说明" * (number % 7 + 1) for label in "ABCD"}
            row = {
                "question": "题干" * (20 + number % 40),
                "options": options,
                "answer": options["B"],
                "meta_info": "x",
            }
            yield json.dumps(row | {"answer_idx": "B"}, ensure_ascii=False).removeprefix(begin) + "\n"


def _run(program: str, paths: list[Path], cores: list[int], *, weigh: bool) -> tuple[float, float]:
    """(seconds of the whole process, peak megabytes of it and all its children together: proportional shares, PSS)."""
    kept = f"import os\nif hasattr(os, 'sched_setaffinity'): os.sched_setaffinity(0, {cores})\n"
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", kept + program, *map(str, paths)], cwd=ROOT)
    peak = peak_of(process) if weigh else 0.0
    assert process.wait() == 0
    return time.perf_counter() - begun, peak


def _cores() -> set[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))


if __name__ == "__main__":
    main()
