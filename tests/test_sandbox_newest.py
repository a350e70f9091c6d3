"""Where the sandbox once differed from the newest documents: a rule for each of the 18 points, with its source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sandbox_fixture import TUNES, call, create, creation, ended, job, rows, serving, upload


@pytest.mark.parametrize("field", ["training_file_ids", "training_datasets"])
def test_files_are_told_in_datasets_only(tmp_path: Path, field: str) -> None:
    """Whichever field a job was made with, it tells its files in the newer one (create-fine-tuning-job-api, autumn 2026)."""
    with serving(tmp_path, speed=1000) as url:
        train, held_out = upload(url, rows(20)), upload(url, rows(20))

        def source(file_id: str) -> dict[str, str]:
            return {"data_source_type": "file_id", "file_id": file_id}

        body: dict[str, Any] = {"training_file_ids": [train], "validation_file_ids": [held_out]}
        if field == "training_datasets":
            body = {"training_datasets": [source(train)], "validation_datasets": [source(held_out)]}
        body |= {name: None for name in ("training_file_ids",) if name not in body}
        created = call(url, "POST", TUNES, creation(train, **body)).body["output"]
        alone = create(url, train)
        for told in (created, ended(url, created["job_id"])):
            assert ([], [source(train)]) == (told["training_file_ids"], told["training_datasets"])
            assert ([], [source(held_out)]) == (told["validation_file_ids"], told["validation_datasets"])
        assert ([], []) == tuple(job(url, alone)[f"validation_{name}"] for name in ("file_ids", "datasets"))


def test_what_a_job_tells_when(tmp_path: Path) -> None:
    """The model's id is told with SUCCEEDED only, the number of outputs never for text (get-fine-tuning-job-api, autumn 2026)."""
    with serving(tmp_path, speed=10) as url:
        file_id = upload(url, rows(20))
        created = call(url, "POST", TUNES, creation(file_id)).body["output"]
        stopped = create(url, file_id)
        assert call(url, "POST", f"{TUNES}/{stopped}/cancel").status == 200
        done = ended(url, created["job_id"])
        assert f"qwen3-8b-{done['job_id']}" == done["finetuned_output"]
        for told in (created, ended(url, stopped), job(url, stopped)):
            assert "finetuned_output" not in told
        for told in (created, done):
            assert {"output_cnt", "max_output_cnt"}.isdisjoint(told)


@pytest.mark.parametrize(
    ("settings", "added"),
    [
        ("declared", {}),
        ("used", {"lora_rank": 8, "warmup_ratio": 0.05, "split": 0.8, "save_strategy": "epoch"}),
        ("text", {"lora_rank": "8", "warmup_ratio": "0.05", "split": "0.8", "save_strategy": "epoch"}),
    ],
)
def test_the_settings_that_a_job_tells(tmp_path: Path, settings: str, added: dict[str, object]) -> None:
    """Those "actually used", as the newest page has it; the older "explicitly declared", and all as text, by a switch."""
    sent = {"n_epochs": 3, "batch_size": 8, "max_length": 2048, "learning_rate": "1.6e-5"}
    options = {} if settings == "used" else {"settings": settings}
    with serving(tmp_path, speed=1000, **options) as url:
        file_id = upload(url, rows(20))
        job_id = create(url, file_id, hyper_parameters=sent)
        (listed,) = call(url, "GET", TUNES).body["output"]["jobs"]
        for told in (job(url, job_id)["hyper_parameters"], listed["hyper_parameters"]):
            shown = {name: str(value) for name, value in sent.items()} if settings == "text" else sent
            assert {**shown, **added}.items() <= told.items()
            assert (set(told) == set(sent)) == (settings == "declared")
        with_validation = create(url, file_id, validation_file_ids=[file_id], hyper_parameters=sent)
        assert "split" not in job(url, with_validation)["hyper_parameters"]
        full = job(url, create(url, file_id, training_type="sft"))["hyper_parameters"]
        assert "lora_rank" not in full
