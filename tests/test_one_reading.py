"""What is understood of a file is one value: checking, converting, ``why`` and the session come to the same judgement."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import outputs
import pytest
from conftest import Command
from terminal import Terminal

from wizard.data.checking import audit
from wizard.data.converting.convert import RowsUnfit, convert
from wizard.data.converting.samples import samples
from wizard.data.fate import fate
from wizard.data.findings import Finding
from wizard.data.sent import line as chat_line
from wizard.data.shapes.reading import Reading
from wizard.data.shapes.source import Source
from wizard.errors import WizardError

ROOT = Path(__file__).parents[1]
CASES = ROOT.parent / "shared" / "cases"


def files() -> list[Path]:
    """Every file of the samples, and of the cases where they are there."""
    found = [path for folder in (ROOT / "datasets", CASES) for path in sorted(folder.rglob("*"))]
    return [path for path in found if path.is_file() and path.suffix not in (".md", ".py", ".txt~")]


def judged(source: Path, output: Path) -> tuple[int, int, bytes]:
    """(rows sent, rows left out, what is sent) by the conversion."""
    try:
        done = convert(source, output, system_prompt="", on_error="skip", workers=0)
    except RowsUnfit as unfit:
        return 0, unfit.left_out, b""
    return done.rows, done.left_out, output.read_bytes()


@pytest.mark.sweep
@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_all_come_to_one_judgement(path: Path, tmp_path: Path) -> None:
    """``check`` counts what ``convert`` sends and leaves out; ``why`` and the preview show the same of a row; a kept reading gives the same bytes."""
    output = tmp_path / "out.jsonl"
    try:
        rows, left_out, sent = judged(path, output)
    except WizardError as refused:
        with pytest.raises(type(refused)):
            audit.check([path], as_it_is=False, workers=0)
        return
    (checked,) = audit.check([path], as_it_is=False, workers=0)
    if (
        "TWO_LISTS" in checked.findings.counts
    ):  # rows were not read at all: nothing of it is sent, whatever is skipped
        assert (0, b"") == (rows, sent)
        return
    shown = samples(path, count=3)
    assert [one.strip() for one in sent.splitlines()][: len(shown)] == [
        chat_line(one.record, "").strip() for one in shown
    ]
    assert (rows, left_out) == (checked.tally.rows, checked.tally.left_out)
    assert sum(checked.tally.extra.values()) == sum(
        len(one.extra) for one in Source(path).read() if hasattr(one, "extra")
    )

    kept = msgspec.convert(json.loads(json.dumps(as_kept(path))), Reading)
    if sent:
        again = convert(
            path, tmp_path / "again.jsonl", system_prompt="", on_error="skip", workers=0, reading=kept
        )
        assert sent == again.output.read_bytes()
    on: dict[int, set[str]] = {}
    for number, _row, outcome in Source(path).outcomes():
        on.setdefault(number, set()).update(severities(outcome) if isinstance(outcome, tuple) else {"row"})
    right = next(
        (number for number, what in on.items() if number and {"row"} <= what <= {"row", "warning"}), 0
    )
    if right and rows:
        assert fate(path, right, system_prompt="").sent is not None


def severities(findings: tuple[Finding, ...]) -> set[str]:
    return {one.severity for one in findings}


def as_kept(path: Path) -> Any:
    return msgspec.to_builtins(Source(path).reading().without_rows(), order="sorted")


def test_what_is_kept_has_no_values(tmp_path: Path) -> None:
    """The session gets the names of columns and no word of a row."""
    path = tmp_path / "rows.csv"
    path.write_text("question,A,B,answer,note\nquite secret?,so private,very own,A,mine alone\n", "utf-8")
    kept = json.dumps(as_kept(path))

    assert not [word for word in ("secret", "private", "own", "alone") if word in kept]


def test_check_and_convert_begin_with_how_a_file_is_read(command: Command, folder: Path) -> None:
    """Which column means what, how its answers are told, and each field that is not sent with its rows; as JSON, too."""
    rows = [f"Question {number}?,one,two,three,{number % 3},n{number}" for number in range(40)]
    (folder / "rows.csv").write_text("\n".join(["stem,A,B,C,answer,difficulty", *rows]), "utf-8")
    expected = [
        "question <- stem · options <- A to C · answer <- answer (numbers)",
        "The options are counted from 0: 14 rows of 40 with a number prove it.",
        "Not sent: difficulty (40 rows, first “n0”)",
    ]
    for words in (("check", "rows.csv", "--no-stats"), ("convert", "rows.csv", "out.jsonl")):
        shown = command(*words)
        lines = [line.strip() for line in shown.stdout.splitlines()]
        assert "Read as: questions with options (CSV)" in lines, shown
        at = lines.index("Read as: questions with options (CSV)")
        assert expected == lines[at + 1 : at + 4]
    for asked in (
        ("check", "rows.csv", "--no-stats", "--json"),
        ("convert", "rows.csv", "o.jsonl", "--json"),
    ):
        (one,) = outputs.result(command(*asked).stdout)["files"]
        reading = one["reading"]
        assert {"question": ["stem"], "options": ["A", "B", "C"], "answer": ["answer"]} == reading["columns"]
        assert (0, {"rows": 14, "of": 40, "line": 2}) == (reading["counting"], reading["proof"])
        assert {"difficulty": 40} == reading["not_sent"]


def test_wrong_columns_are_put_right_from_the_preview(tmp_path: Path) -> None:
    """Where the names told which column means what, a person who sees that it is wrong says it, of that column alone."""
    rows = [f"What is number {number}?,a student's word,the right word" for number in range(40)]
    (tmp_path / "rows.csv").write_text("\n".join(["question,answer,better", *rows]), "utf-8")
    with Terminal(["--sandbox"], tmp_path, columns=80, rows=24) as terminal:
        terminal.answer("Where is your data", "enter")
        terminal.answer("checked against", "enter")
        terminal.answer("question <- question · answer <- answer", "down", "down", "enter")
        terminal.answer("What shall be read otherwise", "down", "down", "enter")
        terminal.answer("Which column has the answer", "down", "enter")
        terminal.answer(r"answer +better", "\x1b[H", "enter")
        shown = terminal.expect("sent: answer[^.]*Does this look right")
        assert "<- better" in shown
        assert "the right word" in shown
        terminal.press("ctrl-c")
        assert 130 == terminal.end()
