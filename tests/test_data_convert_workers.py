"""Converting with other processes: the same bytes, and nothing left whatever happens to them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import PATIENCE

from wizard.data.converting.convert import Conversion, RowsUnfit, convert
from wizard.data.converting.page import Press, Task, work
from wizard.data.files.lines import LINE_LIMIT
from wizard.data.files.ranges import Range
from wizard.data.findings import Findings
from wizard.data.workers import WorkerLost, Workers

NONE = Findings()
ROOT = Path(__file__).parents[1]
CHILDREN = Path("/proc/self/task")

needs_proc = pytest.mark.skipif(not CHILDREN.is_dir(), reason="children are found through /proc")


def children() -> set[int]:
    """The processes that this one has started and that haven't ended."""
    found = {int(pid) for task in CHILDREN.iterdir() for pid in (task / "children").read_text().split()}
    return {
        pid for pid in found if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    }


def row(number: int, **more: Any) -> str:
    options = {"A": f"甲{number}", "B": "乙", "C": "丙", "D": "丁"}
    made = {"question": f"第{number}题", "options": options, "answer": "乙", "answer_idx": "B"} | more
    return json.dumps(made, ensure_ascii=False) + "\n"


def mixed(number: int) -> str:
    """Rows of every lane, and faults."""
    unusual = {
        3: "\n",
        7: row(number, answer="丙"),
        11: row(number, page=number),
        13: json.dumps(json.loads(row(number))) + "\n",  # escapes
        17: row(number, question="  空格\u200b "),
        19: row(number, question='a "b": c\nd'),
        23: row(number).rstrip("\n") + "\r\n",
        29: json.dumps(json.loads(row(number)), ensure_ascii=False, separators=(",", ":")) + "\n",
        31: '{"messages": [{"role": "user", "content": "问"}, {"role": "assistant", "content": "答"}]}\n',
        37: '{"question": "\n',
    }
    return unusual.get(number % 50) or row(number)


def told(done: Conversion) -> tuple[Any, ...]:
    """All that a conversion says, but for where it wrote."""
    findings = [found.as_dict() for found in done.findings]
    parts = [replace(part, path=Path(part.path.name.partition(".")[2])) for part in done.parts]
    assert done.left_out_file is not None
    assert done.manifest is not None
    aside, manifest = done.left_out_file.read_bytes(), json.loads(done.manifest.read_bytes())
    plain = replace(
        done,
        output=Path(),
        parts=(),
        findings=NONE,
        left_out_file=None,
        manifest=None,
        extra=tuple(sorted(done.extra)),
    )
    return plain, findings, done.findings.counts, parts, aside, manifest["fates"]


@pytest.mark.sweep
def test_the_same_bytes_whatever_the_number_of_workers(tmp_path: Path) -> None:
    """Output, findings with their lines, rows left out and the manifest are the same; also behind a line beyond the limit."""
    source = tmp_path / "in.jsonl"
    with source.open("w", encoding="utf-8", newline="") as out:
        out.write("\ufeff")
        out.writelines(map(mixed, range(12_000)))
        out.write(row(1, question="x" * LINE_LIMIT))
        out.writelines(map(mixed, range(12_000, 20_000)))
        out.write(row(2).rstrip("\n"))
    done = [
        convert(source, tmp_path / f"{count}.jsonl", system_prompt="你好", on_error="skip", workers=count)
        for count in (0, 1, 3)
    ]
    first = told(done[0])

    assert "LINE_TOO_LONG" in done[0].findings.counts
    assert first == told(done[1])
    assert first == told(done[2])
    assert done[0].output.read_bytes() == done[2].output.read_bytes()


def test_stop_finds_the_same_faults_with_workers(tmp_path: Path) -> None:
    """The error counts every fault of the file, and nothing is written."""
    source = tmp_path / "in.jsonl"
    source.write_text("".join(map(mixed, range(9_000))), encoding="utf-8", newline="")
    counts = []
    for count in (0, 2):
        with pytest.raises(RowsUnfit) as caught:
            convert(source, tmp_path / "out" / "o.jsonl", system_prompt="", workers=count)
        counts.append(
            (caught.value.message, caught.value.rows, caught.value.left_out, caught.value.findings.counts)
        )
    assert counts[0] == counts[1]
    assert [source] == list(tmp_path.iterdir())


texts = (
    st.text(min_size=1, max_size=8)
    | st.text(alphabet='甲a \n\t\r"\\/', min_size=1, max_size=6)
    | st.sampled_from(
        [
            "甲",
            " 乙 ",
            "\u200b丙",
            "a: b",
            '"：',
            "\u3000",
            "",
            "\\",
            "\x7f",
            "\u2028",
            "丁 \n\t",
            '戊"\n己',
            "庚\\\n",
        ]
    )
)
fields = st.permutations(["question", "options", "answer", "answer_idx", "meta_info", "metamap_phrases"])


@st.composite
def pages(draw: st.DrawFn) -> list[bytes]:
    """Lines with one layout as a file has them, among others of any kind."""
    order = draw(fields)[: draw(st.integers(4, 6))]
    separators = draw(st.sampled_from([(", ", ": "), (",", ":"), (" , ", " : ")]))
    lines: list[bytes] = []
    for _line in range(draw(st.integers(1, 6))):
        options = {label: draw(texts) for label in draw(st.sampled_from(["ABCD", "ABCD", "BACD", "ABC"]))}
        letter = draw(st.sampled_from("ABCDE"))
        answer = draw(st.sampled_from([options.get(letter, ""), *options.values()]))
        values = {
            "question": draw(texts), "options": options, "answer": answer, "answer_idx": letter,
            "meta_info": draw(texts), "metamap_phrases": draw(st.lists(texts, max_size=2)),
        }  # fmt: skip
        text = json.dumps(
            {key: values[key] for key in order}, ensure_ascii=draw(st.booleans()), separators=separators
        )
        raw = text.encode("utf-8", "replace")
        harm = draw(st.sampled_from(["", "", "", "", "cut", "byte", "twice", "control", "blank", "more"]))
        if harm == "cut":
            raw = raw[: draw(st.integers(0, len(raw)))]
        elif harm == "byte":
            raw = raw.replace(b'"', b'"\xff', 3)
        elif harm == "twice":
            raw = raw.replace(b'"question"', b'"question": "x", "question"', 1)
        elif harm == "control":
            raw = raw.replace(b'": "', b'": "\t', 1)
        elif harm == "blank":
            raw = b" \r"
        elif harm == "more":
            raw += draw(st.sampled_from([b"\r", b" ", b"{}", b"\x00"]))
        lines.append(raw.replace(b"\n", b" "))
    return lines


@given(pages(), st.sampled_from(["", '你是 "医生"\n']))
def test_the_fast_lane_makes_what_the_careful_one_makes(lines: list[bytes], prompt: str) -> None:
    """Whatever the lines, the page is the same, byte for byte and count for count."""
    press = Press(Task("f", prompt, keep=True))
    careful = Press(Task("f", prompt, keep=True))
    careful._lane = None
    fast, slow = press.page(1, lines), careful.page(1, lines)

    fast.extra, slow.extra = dict(sorted(fast.extra.items())), dict(sorted(slow.extra.items()))
    assert slow == fast


@pytest.mark.posix("signals")
@needs_proc
def test_a_killed_worker_is_a_clear_error(tmp_path: Path) -> None:
    """A worker that somebody kills ends the conversion with an error that says so; nobody and nothing is left."""
    source = tmp_path / "in.jsonl"
    source.write_text("".join(map(row, range(60_000))), encoding="utf-8")
    before = children()
    killed: list[int] = []

    def kill(done: int, _total: int) -> None:
        if done > 600_000 and not killed:
            killed.extend(children() - before)
            os.kill(killed[0], signal.SIGKILL)

    with pytest.raises(WorkerLost, match="signal 9"):
        convert(source, tmp_path / "out" / "o.jsonl", system_prompt="", workers=2, on_progress=kill)

    assert 2 == len(killed)
    assert before == children()
    assert [source] == list(tmp_path.iterdir())


@needs_proc
def test_a_worker_that_fails_says_why(tmp_path: Path) -> None:
    """An exception in a worker comes here as an error with its words, and the worker ends."""
    source = tmp_path / "in.jsonl"
    source.write_text(row(1), encoding="utf-8")
    before = children()
    with Workers(1, source, work, Task("f", "")) as workers:
        workers.ask(Range(0, 10_000))
        with pytest.raises(WorkerLost, match="shorter"):
            workers.take()
    assert before == children()


def start(folder: Path) -> subprocess.Popen[bytes]:
    """The real command on a file that takes it some seconds, in a group of its own, when it is at work."""
    line = row(1).encode()
    with (folder / "in.jsonl").open("wb") as out:
        for _block in range(400):
            out.write(line * 5_000)
    words = [sys.executable, "-m", "wizard", "--lang", "en", "convert", "in.jsonl", "out/o.jsonl"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BAILIAN_WIZARD_WORKERS": "2"}
    process = subprocess.Popen(
        words,
        cwd=folder,
        env=environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    until = time.monotonic() + PATIENCE
    while not any(path.stat().st_size > 10_000_000 for path in folder.glob("out/*.wizard-tmp")):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)
    return process


def gone(group: int) -> bool:
    """Whether all processes of the group end within a while."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.posix("process groups are POSIX")
def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C at a terminal reaches all of them: exit code 130, one sentence, no process and no file."""
    process = start(tmp_path)
    os.killpg(process.pid, signal.SIGINT)
    _out, said = process.communicate(timeout=PATIENCE)

    assert 130 == process.returncode
    assert b"Traceback" not in said
    assert gone(process.pid)
    assert [tmp_path / "in.jsonl"] == list(tmp_path.iterdir())


@pytest.mark.posix("process groups are POSIX")
def test_workers_end_with_their_parent(tmp_path: Path) -> None:
    """Where the command is killed outright, its workers end by themselves, and the next run clears what it left."""
    process = start(tmp_path)
    process.kill()
    process.communicate(timeout=PATIENCE)

    assert gone(process.pid)
    left = list((tmp_path / "out").iterdir())
    assert all(path.name.endswith(".wizard-tmp") for path in left)
    (tmp_path / "in.jsonl").write_text(row(1), encoding="utf-8")
    convert(tmp_path / "in.jsonl", tmp_path / "out" / "o.jsonl", system_prompt="")
    assert ["o.jsonl", "o.manifest.json"] == sorted(path.name for path in (tmp_path / "out").iterdir())
