"""What is shown of jobs and files is what is so, and fits the screen that it is shown on."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from pathlib import Path

import outputs
import pytest
from conftest import Command
from facts_fixture import known
from sandbox_fixture import create, ended, files, rows, running, upload
from terminal import Terminal, environment

from wizard.bailian.logs import parse
from wizard.bailian.service import Job
from wizard.engine.step import Facts
from wizard.engine.view import Beside, Table
from wizard.steps.facts import Chosen
from wizard.steps.outcome import everything
from wizard.steps.sample_rows import page_of
from wizard.steps.watch import told_of
from wizard.steps.wording import moment, whose_clock
from wizard.steps.world import World


def a_job(command: Command, *words: str) -> str:
    """The id of a job on the sandbox that has ended."""
    done = command("run", "--sandbox", "--yes", "--watch", "--json", *words)
    return str(outputs.result(done.stdout)["job"]["id"])


@pytest.mark.sweep
def test_the_curve_ends_with_the_last_step(command: Command, folder: Path) -> None:
    """What is drawn while a job is watched ends at its last step, with that step's loss; under it stand words, no notation."""
    job = a_job(command)
    lines = outputs.result(command("jobs", "logs", job, "--sandbox", "--json").stdout)["logs"]
    points = [point for line in lines if (point := parse(line)) and point.loss and not point.summary]
    last = max(points, key=lambda point: point.step or 0)
    with Terminal(["jobs", "watch", job, "--sandbox"], folder, columns=80, rows=24) as terminal:
        assert 0 == terminal.end()
        assert f"training loss {last.loss:.3f}" in terminal.text
        assert re.search(rf"Steps +{last.step}/{last.steps} ", terminal.text)
        assert re.search(rf"(?m)^ +1 +{last.step}$", terminal.text)
        assert "{'" not in terminal.text


def test_lines_of_a_log_are_told() -> None:
    """A line in the trainer's notation is told in words, with its numbers; any other as it is, without its clock."""
    assert [
        "step 3 of 9 · training loss 1.0064",
        "step 3 of 9 · validation loss 1.1319",
        "Mean training loss over all steps: 0.9123",
        "grad norm 1.5 · learning rate 0.0",
        "Billed: 279,808 tokens",
        "start to save checkpoint",
        "ERROR - out of memory",
        "Uploaded checkpoint!",
    ] == [
        told_of(line)
        for line in (
            "{'learning_rate': 0.0, 'global_step/max_steps': '3/9', 'loss': 1.00644}",
            "{'eval_loss': 1.1319, 'eval_ppl': 3.1014094824472096, 'global_step/max_steps': '3/9'}",
            "{'train_runtime': 216.3999, 'train_loss': 0.9122632344563802, 'epoch': 0.8571428571428571}",
            "{'grad_norm': 1.5, 'learning_rate': 0.0}",
            "2024-10-29 17:11:25,130 - INFO - training usage 279808",
            "2024-10-29 17:09:43,322 - INFO - start to save checkpoint",
            "2024-10-29 17:09:43,322 - ERROR - out of memory",
            " Uploaded checkpoint!",
        )
    ]


ESTIMATED = known()["training.estimate"]
PRICED = Facts(
    {"job.id": "ft-mine", "training.estimate": {**ESTIMATED, "low": "1", "high": "2", "price": "0.15"}}
)


def cost(job: Job, facts: Facts, folder: Path) -> str:
    """What ``jobs show`` says that ``job`` cost."""
    view = everything(job, {}, facts, World(folder, {}, sandbox=True))
    table = next(block for block in view.blocks if isinstance(block, Table))
    return next(row[1] for row in table.rows if row[0] == "Cost by list price")


def test_a_job_is_priced_by_its_own_model(tmp_path: Path) -> None:
    """Cost is usage times the list price of the job's model, or its base's; this session's plan prices no other job."""
    job = Job("ft-old", "SUCCEEDED", model="qwen3-8b", usage=280_000)
    assert "¥1.68 (simulated)" == cost(job, PRICED, tmp_path)
    tuned = replace(job, model="qwen3-8b-ft-202611", base_model="qwen3-8b")
    assert "¥1.68 (simulated)" == cost(tuned, PRICED, tmp_path)
    mine = replace(job, job_id="ft-mine")
    assert "¥1.68 (simulated); estimated before: ¥1.00 to ¥2.00" == cost(mine, PRICED, tmp_path)


def test_a_cost_that_nobody_knows_is_unknown(tmp_path: Path) -> None:
    """Without a price for the model in the region no amount is shown, whatever the session's estimate holds."""
    job = Job("ft-mine", "SUCCEEDED", model="somebodys-own", usage=280_000)
    assert cost(job, PRICED, tmp_path).startswith("unknown: no price of somebodys-own")
    elsewhere = Facts(
        {
            "job.id": "ft-mine",
            "key.region": "us-east-1",
            "training.estimate": {**ESTIMATED, "low": None, "high": None},
        }
    )
    assert cost(replace(job, model="qwen3-8b"), elsewhere, tmp_path).startswith(
        "unknown: no price of qwen3-8b"
    )


@pytest.mark.parametrize("column", ["题目", "stem", "query"])
def test_the_original_is_the_row_whatever_its_columns_are_called(column: str, tmp_path: Path) -> None:
    """Beside what is sent of a row the preview shows the row's own cells, under the names that the file has."""
    row = {column: "几点开门？", "A": "八点", "B": "九点", "答案": "A"}
    (tmp_path / "q.jsonl").write_text(json.dumps(row), "utf-8")
    file = Chosen(role="train", path="q.jsonl", output="q", size=1, modified_ns=1, columns={})
    view = page_of(tmp_path, file, {"system_prompt": ""}, 0)
    assert view is not None
    (beside,) = (block for block in view.blocks if isinstance(block, Beside))
    assert tuple(row.items()) == beside.left.parts


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("2024-10-29 04:53", "2024-10-29 16:53:53"),
        ("2025-11-11 03:25", "2025-11-11T16:25:42"),
        ("2025-06-17 04:00", "2025-06-17T11:00:38.68+03:00"),
        ("2025-12-19 01:42", "1766126525"),
        ("2025-12-19 01:42", "1766126525000"),
        ("yesterday", "yesterday"),
        ("", ""),
        ("0001-01-01T00:00:00+23:00", "0001-01-01T00:00:00+23:00"),
    ],
)
def test_times_are_local(expected: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A time without a zone is Beijing's; every one is shown on this computer's clock, and what is none as it is."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert expected == moment(text)
        assert whose_clock().startswith("Times are this computer's (UTC-0")
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.sweep
def test_lists_fit_the_screen(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """At 80 columns each list is a table in which nothing is cut: ids and names stand whole, one job or file after the other."""
    name = "a-rather-long-name-of-a-file-with-training-data-for-questions.jsonl"
    with running(tmp_path_factory.mktemp("platform"), speed=50) as sandbox:
        file = upload(sandbox.url, rows(20), name)
        job = create(sandbox.url, file, model="qwen3-30b-a3b-instruct-2507", job_name="the-name-of-the-job")
        ended(sandbox.url, job)
        env = environment(
            folder,
            DASHSCOPE_HTTP_BASE_URL=f"{sandbox.url}/api/v1",
            DASHSCOPE_API_KEY="sk-canary0sandbox0123456789abcdef",
            TZ="UTC",
        )
        shown = {}
        for words in (
            ("jobs",), ("files",), ("models",), ("jobs", "show", job), ("files", "show", file),
            ("jobs", "--lang", "zh"), ("files", "--lang", "zh"), ("models", "--lang", "zh"),
        ):  # fmt: skip
            with Terminal(words, folder, columns=80, rows=200, env=env) as terminal:
                assert 0 == terminal.end(), terminal.text
                shown[words] = terminal.lines
        asked = Terminal(["files", "delete", file], folder, env=env)
        with asked:
            asked.answer("Delete", "enter")
            assert 0 == asked.end()
            assert "Nothing was changed." in asked.text
        assert [file] == [one["file_id"] for one in files(sandbox.url)]
    told = {words: "\n".join(lines) for words, lines in shown.items()}
    assert re.search(rf"(?m)^{job}  SUCCEEDED  .*\d\d:\d\d$", told[("jobs",)])
    for noun in ("jobs", "files", "models"):
        assert len(shown[(noun,)][0].split()) >= 3, "a table, not a list"
        assert len(shown[(noun, "--lang", "zh")][0].split()) >= 3
    assert "  LoRA · the-name-of-the-job" in shown[("jobs",)]
    assert re.search(rf"(?m)^{file} .*\d\d:\d\d$", told[("files",)])
    assert f"  {name}" in shown[("files",)]
    assert "This wizard trains 22 of them, with text; 6 are for images and only listed." in told[("models",)]
    assert 6 == told[("models",)].count("For images: only listed")
    everything_told = told[("jobs", "show", job)]
    for what in (
        job,
        "the-name-of-the-job",
        "qwen3-30b-a3b-instruct-2507",
        "LoRA (efficient_sft)",
        "n_epochs=3",
        file,
        name,
    ):
        assert what in everything_told.replace("\n" + " " * 20, ""), what
    assert file in told[("files", "show", file)]


def test_a_screen_too_narrow_for_a_table_has_lists(folder: Path) -> None:
    """At 40 columns each model is a small list with all that the table has."""
    with Terminal(["models"], folder, columns=40, rows=300) as terminal:
        assert 0 == terminal.end()
        assert "  Per 1,000: 0.006 CNY" in terminal.lines
        assert all(len(line) <= 40 for line in terminal.lines)
