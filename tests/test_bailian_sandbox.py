"""The whole client against the sandbox: the requests of all steps, each answered by the other half of this project."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox_fixture import KEY, serving

from wizard.bailian import logs
from wizard.bailian.apikey import ApiKey
from wizard.bailian.client import Bailian
from wizard.bailian.endpoints import endpoint_at
from wizard.bailian.hyperparameters import recommended
from wizard.bailian.service import JobRequest
from wizard.errors import NeverSent, Refused


@pytest.fixture
def training_file(tmp_path: Path) -> Path:
    row = {"messages": [{"role": "user", "content": "问"}, {"role": "assistant", "content": "答"}]}
    path = tmp_path / "train.jsonl"
    path.write_text(f"{json.dumps(row, ensure_ascii=False)}\n" * 60, encoding="utf-8")
    return path


@pytest.fixture
def fast(tmp_path: Path) -> Iterator[Bailian]:
    """A sandbox where a job takes no time."""
    with (
        serving(tmp_path / "sandbox", speed=10_000) as url,
        Bailian(endpoint_at(url), ApiKey.clean(KEY)) as platform,
    ):
        yield platform


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Bailian]:
    """A sandbox where a job doesn't end by itself while a test looks on; it knows the newer field only."""
    with (
        serving(tmp_path / "sandbox", speed=1, refuse_field=["training_file_ids"]) as url,
        Bailian(endpoint_at(url), ApiKey.clean(KEY)) as platform,
    ):
        yield platform


def uploaded(platform: Bailian, path: Path) -> str:
    return platform.upload(
        path,
        name=path.name,
        description="训练集",
        md5=hashlib.md5(path.read_bytes()).hexdigest(),  # noqa: S324 - the platform's checksum
        on_progress=lambda _sent, _total: None,
        before_last_byte=lambda: None,
    ).file_id


def request(file_id: str) -> JobRequest:
    return JobRequest(
        "qwen2.5-7b-instruct", "efficient_sft", (file_id,), (), recommended("efficient_sft"), "canary-job"
    )


def test_a_job_from_upload_to_deletion(fast: Bailian, training_file: Path) -> None:
    """What is uploaded is listed with its checksum, becomes a job, is watched to its end, and can be removed."""
    fast.prove_key()
    file_id = uploaded(fast, training_file)
    (listed,) = fast.files()
    assert (file_id, "train.jsonl", "训练集") == (listed.file_id, listed.name, listed.description)
    content = training_file.read_bytes()
    assert (len(content), hashlib.md5(content).hexdigest()) == (listed.size, listed.md5)  # noqa: S324 - as above
    assert fast.file(file_id).name == "train.jsonl"

    created = fast.create_job(request(file_id), before_sending=lambda: None)
    assert ("canary-job", (file_id,)) == (created.name, created.training_files)
    while not (job := fast.job(created.job_id)).final:
        time.sleep(0.05)
    assert job.status == "SUCCEEDED"
    assert job.usage
    assert job.output_model
    assert [created.job_id] == [found.job_id for found in fast.jobs()]

    page = fast.logs(created.job_id)
    assert len(page.lines) == page.total
    course = logs.Course()
    for line in page.lines:
        course.read(line)
    assert course.steps == course.step == course.training[-1][0]
    told = {found.kind: found.value for line in page.lines if (found := logs.milestone(line))}
    assert logs.Kind.COMPLETED in told
    assert job.usage == told[logs.Kind.BILLED_TOKENS]
    assert (page.lines[3:5], 3) == (fast.logs(created.job_id, 3, 2).lines, 3)
    assert [checkpoint.status for checkpoint in fast.checkpoints(created.job_id)]

    fast.delete_file(file_id)
    with pytest.raises(Refused):
        fast.file(file_id)


def test_a_running_job_is_cancelled(slow: Bailian, training_file: Path) -> None:
    """Created through the newer field, cancelled once, and then at its end."""
    announced: list[bool] = []
    created = slow.create_job(
        request(uploaded(slow, training_file)), before_sending=lambda: announced.append(True)
    )
    assert announced == [True, True]
    slow.cancel_job(created.job_id)
    while not (job := slow.job(created.job_id)).final:
        time.sleep(0.05)
    assert job.status == "CANCELED"
    assert len(list(slow.jobs())) == 1


def test_what_the_sandbox_refuses_is_refused(fast: Bailian) -> None:
    """Unknown ids and files are a no with the platform's words, an impossible id isn't even asked."""
    with pytest.raises(Refused) as caught:
        fast.job("ft-202601010000-0000")
    assert caught.value.request_id
    with pytest.raises(Refused):
        fast.create_job(request("no-such-file"), before_sending=lambda: None)
    with pytest.raises(NeverSent):
        fast.job("../files")
