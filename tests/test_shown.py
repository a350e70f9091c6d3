"""What is shown of jobs and files is what is so, and fits the screen that it is shown on."""

from __future__ import annotations

import json
import re
from pathlib import Path

from conftest import Command
from terminal import Terminal

from wizard.bailian.logs import parse
from wizard.steps.watch import told_of


def a_job(command: Command, *words: str) -> str:
    """The id of a job on the sandbox that has ended."""
    done = command("run", "--sandbox", "--yes", "--watch", "--json", *words)
    return str(json.loads(done.stdout)["job"]["id"])


def test_the_curve_ends_with_the_last_step(command: Command, folder: Path) -> None:
    """What is drawn while a job is watched ends at its last step, with that step's loss; under it stand words, no notation."""
    job = a_job(command)
    lines = json.loads(command("jobs", "logs", job, "--sandbox", "--json").stdout)["logs"]
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
