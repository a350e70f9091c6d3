"""Jobs on the sandbox: their course, logs, bills and failures."""

from __future__ import annotations

import ast
import http.client
import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import outputs
import pytest
from conftest import Command
from hypothesis import given
from hypothesis import strategies as st
from sandbox_fixture import (
    KEY,
    TUNES,
    call,
    create,
    creation,
    ended,
    job,
    rows,
    serving,
    tokens,
    until,
    upload,
)

from wizard.sandbox import survey
from wizard.sandbox.survey import Survey
from wizard.sandbox.training import Job, courses


def test_a_job_from_end_to_end(tmp_path: Path) -> None:
    """Its shape, its states in order, a falling curve of at least 20 points, its bill, its checkpoints, its model."""
    with serving(tmp_path, speed=10) as url:
        file_id = upload(url, rows(100, answer="a" * 96))
        hyper = {"n_epochs": 3, "batch_size": 8, "max_length": 8192, "learning_rate": "1.6e-5", "split": 0.9,
                 "lora_rank": 64, "target_modules": "ALL", "save_total_limit": 3, "logging_steps": 1}  # fmt: skip
        body = creation(file_id, hyper_parameters=hyper, job_name="mine", finetuned_output_suffix="suffix")
        created = call(url, "POST", TUNES, body, headers={"X-DashScope-WorkSpace": "llm-canary"}).body[
            "output"
        ]
        job_id = created["job_id"]
        assert ("PENDING", "mine", "llm-canary") == tuple(
            created[name] for name in ("status", "job_name", "workspace_id")
        )
        assert {"end_time", "usage"}.isdisjoint(created)
        seen: list[str] = []

        def look() -> str:
            status = str(job(url, job_id)["status"])
            seen[:] = seen if seen[-1:] == [status] else [*seen, status]
            return status

        until(look, lambda status: status == "SUCCEEDED")
        assert seen == [each for each in ("PENDING", "QUEUING", "RUNNING", "SUCCEEDED") if each in seen]
        told = job(url, job_id)
        assert f"qwen3-8b-suffix-{job_id}" == told["finetuned_output"]
        assert tokens(rows(90, answer="a" * 96)) * 3 == told["usage"]
        output = call(url, "GET", f"{TUNES}/{job_id}/logs?line=1000").body["output"]
        lines = output["logs"]
        assert output["total"] == len(lines)
        assert lines[3:5] == call(url, "GET", f"{TUNES}/{job_id}/logs?offset=3&line=2").body["output"]["logs"]
        points = [ast.literal_eval(line) for line in lines if line.startswith("{")]
        losses = [point["loss"] for point in points if "loss" in point]
        assert len(losses) == 36
        assert sum(losses[:5]) / 5 > 2 * sum(losses[-5:]) / 5
        assert points[-2]["global_step/max_steps"] == "36/36"
        assert any("eval_loss" in point for point in points)
        for words in ("Training start!", f" Actual number of consumed tokens is {told['usage']}!"):
            assert words in lines
        assert lines[-2].endswith(" - INFO - ##FT_COMPLETE##")
        assert lines[-1].endswith(f" - INFO - training usage {told['usage']}")
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        connection.request("GET", f"{TUNES}/{job_id}/stream", headers={"Authorization": f"Bearer {KEY}"})
        assert "".join(f"data:{line}\n\n" for line in lines) == connection.getresponse().read().decode()
        connection.close()
        shown = call(url, "GET", f"{TUNES}/{job_id}/checkpoints").body["output"]
        assert [(each["checkpoint"], each["status"]) for each in shown] == [
            ("checkpoint-36", "SUCCEEDED"),
            ("checkpoint-24", "PENDING"),
            ("checkpoint-12", "PENDING"),
        ]
        assert told["finetuned_output"] == shown[0]["model_name"]
        assert "model_name" not in shown[1]
        assert (
            call(url, "GET", f"{TUNES}/{job_id}/export/checkpoint-24?model_name=second").body["output"]
            is True
        )
        again = call(url, "GET", f"{TUNES}/{job_id}/export/checkpoint-12?model_name=second")
        assert (again.status, again.body["code"]) == (409, "Conflict")

        def published() -> list[Any]:
            return [
                each.get("model_name")
                for each in call(url, "GET", f"{TUNES}/{job_id}/checkpoints").body["output"]
            ]

        names = until(published, lambda names: names[1] is not None)
        assert told["finetuned_output"] == names[0] != names[1]
        for model in names[:2]:
            assert job(url, create(url, file_id, model=model))["base_model"] == "qwen3-8b"


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("content", "changes", "message", "logged"),
    [
        (rows(8), {}, "训练数据量不足: the number of training samples (7) must be greater than batch_size (8)", ""),
        (rows(20) + b'{"messages": [\n', {}, "data format error, train.jsonl, line 21: not valid JSON", "line 21"),
        (rows(20) + b"\n" + rows(1), {}, "data format error, train.jsonl, line 21: not valid JSON", "line 21"),
        (b"\xef\xbb\xbf" + rows(20), {}, "data format error, train.jsonl, line 1: not valid JSON", "line 1"),
        (rows(20) + b'{"text": "a"}\n', {}, "line 21: messages is missing", "line 21"),
        (rows(20) + b'{"messages": [{"role": "bot", "content": ""}]}', {}, "line 21: a message without a known role", ""),
        (rows(30, answer="字" * 3000), {}, "训练数据量不足", ""),
        (rows(20), {"training_type": "dpo_lora"}, "line 1: chosen or rejected is missing", "line 1"),
        (rows(20), {"training_type": "cpt", "model": "qwen3-0.6b"}, "line 1: text is missing", "line 10"),
        (rows(20), {"training_type": "efficient_sft", "model": "qwen3.5-flash-2026-02-23"}, "does not support", ""),
    ],
)  # fmt: skip
def test_what_only_data_processing_finds(
    tmp_path: Path, content: bytes, changes: dict[str, Any], message: str, logged: str
) -> None:
    """Such data is taken at first; the job runs, then fails, with the reason in the job and the line in its log."""
    with serving(tmp_path, speed=20) as url:
        job_id = create(url, upload(url, content), **changes)
        told = ended(url, job_id)
        assert call(url, "GET", f"{TUNES}/{job_id}/checkpoints").status == 200
        assert (told["status"], told["code"]) == ("FAILED", "DataProcessFailed")
        assert message in told["message"]
        assert "usage" not in told
        lines = call(url, "GET", f"{TUNES}/{job_id}/logs").body["output"]["logs"]
        assert lines[0] == "data download succeeded, start to pre-processor"
        assert any(logged in line for line in lines)
        assert lines[-1].endswith("finetune-job failed")


def test_long_rows_are_dropped_without_a_word(tmp_path: Path) -> None:
    """Rows above max_length are neither trained nor billed, and no line of the log tells; validation files end the split."""
    with serving(tmp_path, speed=1000) as url:
        short, long = upload(url, rows(20)), upload(url, rows(20) + rows(5, answer="字" * 3000))
        told = [
            ended(url, create(url, file_id, validation_file_ids=[short], hyper_parameters={"batch_size": 8}))
            for file_id in (short, long)
        ]
        logs = [call(url, "GET", f"{TUNES}/{each['job_id']}/logs").body["output"]["total"] for each in told]
        assert [tokens(rows(20))] * 2 == [each["usage"] for each in told]  # one epoch where none is said
        assert logs[0] == logs[1]


@pytest.mark.sweep
def test_cancel(tmp_path: Path) -> None:
    """A running job goes over CANCELING to CANCELED and is billed for what it had trained; the next one then starts."""
    with serving(tmp_path, speed=2) as url:
        file_id = upload(url, rows(200))
        whole = create(url, file_id)
        waiting, never = create(url, file_id), create(url, file_id)
        until(
            lambda: call(url, "GET", f"{TUNES}/{whole}/logs").body["output"]["total"],
            lambda total: total > 20,
        )
        assert job(url, waiting)["status"] == "QUEUING"
        for job_id in (never, whole):
            assert call(url, "POST", f"{TUNES}/{job_id}/cancel").body["output"]["status"] == "success"
            assert job(url, job_id)["status"] in ("CANCELING", "CANCELED")
        refused = call(url, "DELETE", f"{TUNES}/{waiting}")
        assert (refused.status, refused.body["code"]) == (400, "UnsupportedOperation")
        told = ended(url, whole)
        assert (told["status"], told["code"]) == ("CANCELED", "1")
        assert 0 < told["usage"] < (4 + 3 + 8) * 180 * 3
        lines = call(url, "GET", f"{TUNES}/{whole}/logs?line=1000").body["output"]["logs"]
        assert lines[-1].endswith(f"training usage {told['usage']}")
        assert tuple(ended(url, never)[name] for name in ("status", "usage")) == ("CANCELED", 0)
        until(lambda: job(url, waiting)["status"], lambda status: status == "RUNNING")
        again = call(url, "POST", f"{TUNES}/{whole}/cancel")
        assert (again.status, again.body["code"]) == (400, "UnsupportedOperation")


@given(
    st.lists(
        st.tuples(
            st.floats(0, 8), st.one_of(st.none(), st.floats(0, 25)), st.booleans(), st.sampled_from([1, 3.0])
        ),
        max_size=6,
    )
)
def test_courses(wishes: list[tuple[float, float | None, bool, float]]) -> None:
    """States come in order, one job runs at a time, a cancel changes nothing before it, tokens never become fewer."""
    order = ["PENDING", "QUEUING", "RUNNING", "CANCELING", "CANCELED", "FAILED", "SUCCEEDED"]
    jobs: list[Job] = []
    created = 0.0
    for number, (pause, cancel, fails, speed) in enumerate(wishes):
        created += pause
        made = Job(
            job_id=f"ft-{number}", created=created, canceled=None, deleted=None, speed=speed, model="m", base_model="m",
            training_type="sft", hyper_parameters={"batch_size": 2, "n_epochs": 2}, training_datasets=[],
            validation_datasets=[], job_name="", model_name="", suffix="",
            workspace_id="", survey=Survey(9, 1, 90, "because" if fails else ""),
        )  # fmt: skip
        before = courses([*jobs, made])[made.job_id]
        if cancel is not None and before.status(created + cancel) in order[:3]:
            object.__setattr__(made, "canceled", created + cancel)
        jobs.append(made)
        moments = [
            created + n / 3 for n in range(int(cancel * 3) if made.canceled is not None and cancel else 0)
        ]
        after = courses(jobs)[made.job_id]
        assert [before.status(moment) for moment in moments] == [after.status(moment) for moment in moments]
    known = courses(jobs)
    last: dict[str, tuple[int, int]] = {}
    for tick in range(int(created * 4) + 300):
        now = tick / 4
        states = {job_id: course.status(now) for job_id, course in known.items() if course.job.created <= now}
        assert list(states.values()).count("RUNNING") <= 1
        for job_id, status in states.items():
            place = (order.index(status), known[job_id].tokens(now))
            assert last.get(job_id, (0, 0)) <= place
            assert last.get(job_id, (0, 0))[1] <= place[1]
            last[job_id] = place
    for job_id, (state, billed) in last.items():
        assert state >= order.index("CANCELED")
        assert billed == 180 or order[state] != "SUCCEEDED", job_id


@pytest.mark.sweep
def test_a_bill_lies_where_the_estimate_says(command: Command, folder: Path) -> None:
    """What a practised training is billed is no less than the estimate's least and no more than its most."""
    row = {
        "question": "成年人静息时的心率，一般是每分钟多少次？",
        "answer": "大约 60 到 100 次；运动员可能更慢。",
    }
    (folder / "q.jsonl").write_text(f"{json.dumps(row, ensure_ascii=False)}\n" * 40, encoding="utf-8")
    done = command("run", "--sandbox", "--yes", "--json", "--watch", "--set", "dataset.source=q.jsonl")
    told = outputs.result(done.stdout)
    cost = told["estimate"]["cost"]
    bill = Decimal(told["job"]["tokens"]) * Decimal(cost["per_1000_tokens"]) / 1000
    assert Decimal(cost["low"]) <= bill <= Decimal(cost["high"])


def test_rows_beyond_those_that_are_counted_have_the_rate_of_these(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file whose tokens are counted in its beginning only is billed as if all were: its rows are alike."""
    path = tmp_path / "train.jsonl"
    path.write_bytes(rows(2_000))
    wanted: dict[str, object] = {"max_length": 8192, "batch_size": 8, "split": 0.9}
    whole = survey.survey([("train.jsonl", path)], [("v", path)], "sft", wanted).train_tokens
    monkeypatch.setattr(survey, "_COUNTED", 10_000)
    part = survey.survey([("train.jsonl", path)], [("v", path)], "sft", wanted).train_tokens
    assert tokens(rows(2_000)) == whole
    assert 0.9 * whole < part < 1.15 * whole
