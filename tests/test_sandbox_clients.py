"""The vendor's own clients against the sandbox: both generations of its SDK, and its command."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sandbox_fixture import KEY, NATIVE, create, files, job, rows, serving, tokens, upload


@pytest.fixture
def dashscope_environment(tmp_path: Path) -> dict[str, str]:
    """An environment in which the vendor's command knows nothing but what a test tells it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DASHSCOPE")}
    return {**kept, "HOME": str(tmp_path), "DASHSCOPE_API_KEY": KEY, "COLUMNS": "400", "NO_COLOR": "1"}


def test_sdk_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The 1.x classes of dashscope find everything where they look for it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    dashscope: Any = importlib.import_module(
        "dashscope"
    )  # its own signatures hide half of its methods from mypy
    data = tmp_path / "train.jsonl"
    data.write_bytes(rows(60))
    with serving(tmp_path / "state", speed=10) as url:
        monkeypatch.setattr(dashscope, "base_http_api_url", f"{url}{NATIVE}")
        monkeypatch.setattr(dashscope, "api_key", KEY)
        file_id = dashscope.Files.upload(str(data), description="训练集").output["uploaded_files"][0][
            "file_id"
        ]
        listed = dashscope.Files.list(page=1, page_size=5).output
        assert (1, file_id, "训练集") == (
            listed["total"],
            listed["files"][0]["file_id"],
            listed["files"][0]["description"],
        )
        assert data.stat().st_size == dashscope.Files.get(file_id).output["size"]
        hyper = {"n_epochs": 2, "batch_size": 8, "max_length": 2048}
        made = dashscope.FineTunes.call("qwen3-8b", [file_id], mode="efficient_sft", hyper_parameters=hyper)
        assert (made.status_code, made.output.status) == (200, "PENDING")
        job_id = made.output.job_id
        streamed = [event.output for event in dashscope.FineTunes.stream_events(job_id)]
        assert streamed[-2].endswith("##FT_COMPLETE##")
        told = dashscope.FineTunes.get(job_id).output
        assert (told.status, dashscope.FineTunes.list().output.jobs[0].status) == ("SUCCEEDED", "SUCCEEDED")
        assert streamed == dashscope.FineTunes.logs(job_id, offset=0).output["logs"]
        other = dashscope.FineTunes.call(
            "qwen3-8b", file_id, mode="efficient_sft", hyper_parameters=hyper
        ).output.job_id
        assert dashscope.FineTunes.cancel(other).output.status == "success"
        assert dashscope.FineTunes.delete(job_id).output.status == "success"
        assert tuple(
            getattr(dashscope.FineTunes.get(job_id), name) for name in ("status_code", "code", "message")
        ) == (404, "NotFound", "Not found!")
        assert dashscope.Files.delete(file_id).status_code == 200
        assert dashscope.Files.get(file_id).message == "File not found."


def test_sdk_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The 2.x client of dashscope, too, and its errors are of the right class."""
    monkeypatch.setenv("HOME", str(tmp_path))
    from dashscope.v2 import Client
    from dashscope.v2.errors import AuthenticationError, BadRequestError, NotFoundError, PermissionDeniedError

    data = tmp_path / "train.jsonl"
    data.write_bytes(rows(60))
    with serving(tmp_path / "state", speed=10) as url:
        base = f"{url}{NATIVE}"
        client = Client(api_key=KEY, base_url=base, workspace="llm-sandbox", max_retries=0)
        assert client.models.list(page_no=1, page_size=1).total_count > 1
        found = client.models.get("qwen3.5-27b")
        assert ("qwen3.5-27b", "base", "qwen", False) == (
            found.model,
            found.source,
            found.provider,
            found.open_source,
        )
        file_id = client.files.upload(file_path=str(data), description="d").file_id
        assert (1, file_id) == (client.files.list().total_count, client.files.list().files[0].file_id)
        hyper = {"n_epochs": 2, "batch_size": 8}
        made = client.fine_tunes.create(
            model="qwen3-8b",
            training_file_ids=file_id,
            mode="efficient_sft",
            hyper_parameters=hyper,
            finetuned_model="m",
        )
        assert made.status == "PENDING"
        streamed = [event.output for event in client.fine_tunes.stream_events(made.job_id)]
        assert streamed[-2].endswith("##FT_COMPLETE##")
        told = client.fine_tunes.wait(made.job_id)
        assert (told.succeeded, told.usage.total_tokens) == (True, 2 * tokens(rows(48)))
        assert made.job_id == client.fine_tunes.list().jobs[0].job_id
        assert "##FT_COMPLETE##" in client.fine_tunes.logs(made.job_id).content
        with pytest.raises(BadRequestError, match="can not be canceled"):
            client.fine_tunes.cancel(made.job_id)
        assert client.fine_tunes.delete(made.job_id).status == "success"
        with pytest.raises(NotFoundError):
            client.fine_tunes.get(made.job_id)
        assert client.files.delete(file_id).deleted
        with pytest.raises(NotFoundError):
            client.files.get(file_id)
        for key, error in (
            ("sk-sandbox-wrong", AuthenticationError),
            ("sk-sandbox-norights", PermissionDeniedError),
        ):
            with pytest.raises(error):
                client.fine_tunes.list(api_key=key)
        client.close()


@pytest.mark.sweep
def test_the_dashscope_command(tmp_path: Path, dashscope_environment: dict[str, str]) -> None:
    """The vendor's command, as a process of its own, does every chore.

    All but ``ft stream``: in 2.0.2 it takes every well-formed job for an invalid response, whatever the server says.
    """
    data = tmp_path / "train.jsonl"
    data.write_bytes(rows(60))
    command = Path(sys.executable).with_name("dashscope")

    with serving(tmp_path / "state", speed=1_000_000) as url:
        base = f"{url}{NATIVE}"
        environment = {**dashscope_environment, "DASHSCOPE_HTTP_BASE_URL": base, "DASHSCOPE_BASE_URL": base}

        def run(*arguments: str) -> str:
            done = subprocess.run(
                [command, *arguments],
                env=environment,
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, (arguments, done.stdout, done.stderr)
            return done.stdout

        file_id = run("files", "upload", "-f", str(data), "-p", "fine-tune").split()[-1]
        said = run(
            "ft", "create", "-t", file_id, "-m", "qwen3-8b", "--mode", "efficient_sft", "-e", "2", "-b", "8"
        )
        job_id = said.partition("job_id: ")[2].split()[0]
        assert "Fine-tune task success" in said
        with ThreadPoolExecutor(2) as pool:
            chores = [
                (file_id, "files", "list"),
                (file_id, "files", "get", file_id),
                (job_id, "ft", "list"),
                (f"qwen3-8b-{job_id}", "ft", "get", job_id),
            ]
            for chore, told in zip(chores, pool.map(lambda chore: run(*chore[1:]), chores), strict=True):
                assert chore[0] in told
            list(
                pool.map(lambda chore: run(*chore), [("ft", "delete", job_id), ("files", "delete", file_id)])
            )
        assert files(url) == []
    with serving(tmp_path / "state", speed=0.01) as url:
        environment["DASHSCOPE_HTTP_BASE_URL"] = environment["DASHSCOPE_BASE_URL"] = f"{url}{NATIVE}"
        job_id = create(url, upload(url, rows(60)))
        assert "success" in run("ft", "cancel", job_id)
        assert job(url, job_id)["status"] in ("CANCELING", "CANCELED")
