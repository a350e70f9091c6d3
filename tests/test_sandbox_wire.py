"""The sandbox on the wire: files, pages, limits, keys, and every error in the platform's own shape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sandbox_fixture import (
    COMPATIBLE,
    FILES,
    NATIVE,
    TUNES,
    call,
    create,
    creation,
    ended,
    files,
    form,
    rows,
    serving,
    upload,
)

from wizard.bailian.models import models as tunable


def test_a_file_in_both_apis(tmp_path: Path) -> None:
    """What one API takes the other one shows; names are kept as sent, without a path; deleting is for good."""
    with serving(tmp_path) as url:
        body, headers = form(("file", "../题 库.jsonl", b"{}"), ("purpose", None, b"fine-tune"))
        made = call(url, "POST", f"{COMPATIBLE}/files", body, headers=headers).body
        assert made["id"].startswith("file-ft-")
        shown = {
            "object": "file",
            "bytes": 2,
            "filename": "题 库.jsonl",
            "purpose": "fine-tune",
            "status": "processed",
        }
        assert shown == {name: made[name] for name in shown}
        (listed,) = files(url)
        assert (made["id"], "题 库.jsonl", 2, "fine-tune") == tuple(
            listed[name] for name in ("file_id", "name", "size", "purpose")
        )
        got = call(url, "GET", f"{FILES}/{made['id']}").body["data"]
        assert {"file_id", "name", "description", "size", "md5", "gmt_create", "url"} == set(got)
        native = upload(url, b"y", purpose=None)
        assert (tmp_path / "files" / native).read_text() == "y"
        assert native == call(url, "GET", f"{COMPATIBLE}/files/{native}").body["id"]
        gone = call(url, "DELETE", f"{COMPATIBLE}/files/{native}").body
        assert {"id": native, "object": "file", "deleted": True} == gone
        assert {"request_id"} == set(call(url, "DELETE", f"{FILES}/{made['id']}").body)
        assert files(url) == []
        assert list((tmp_path / "files").iterdir()) == []


def test_pages(tmp_path: Path) -> None:
    """Pages are newest first and complete, in both APIs, for jobs and for models."""
    with serving(tmp_path, speed=1000) as url:
        ids = [upload(url, rows(20), f"{n}.jsonl") for n in range(5)]
        pages = [[file["file_id"] for file in files(url, f"page_no={n}&page_size=2")] for n in (1, 2, 3, 4)]
        assert [ids[:2:-1], ids[2:0:-1], ids[:1], []] == pages
        first = call(url, "GET", f"{COMPATIBLE}/files?limit=3").body
        rest = call(url, "GET", f"{COMPATIBLE}/files?limit=3&after={first['data'][-1]['id']}").body
        assert (first["has_more"], rest["has_more"]) == (True, False)
        assert ids[::-1] == [file["id"] for file in first["data"] + rest["data"]]
        jobs = [create(url, ids[0], model=model) for model in ("qwen3-8b", "qwen3-14b", "qwen3-8b")]
        for job_id in jobs:
            ended(url, job_id)
        listed = call(url, "GET", f"{TUNES}?page_size=2&model=qwen3-8b&status=SUCCEEDED").body["output"]
        assert [jobs[2], jobs[0]] == [each["job_id"] for each in listed["jobs"]]
        assert (listed["page_no"], listed["page_size"], listed["total"]) == (1, 2, 2)
        assert call(url, "GET", f"{TUNES}?status=RUNNING").body["output"]["total"] == 0
        models = call(url, "GET", f"{NATIVE}/models?page_no=1&page_size=1").body["output"]
        current = [model for model in tunable() if model.retirement is None]
        assert (1, len(current) + len(jobs)) == (len(models["models"]), models["total"])


def test_what_does_not_fit_is_told_inside_a_200(tmp_path: Path) -> None:
    """The three limits come back in failed_uploads while the other files of the request are kept."""
    limits = {"max_files": 3, "max_stored_bytes": 25, "max_file_bytes": 20}
    with serving(tmp_path, **limits) as url:
        sizes = [20, 21, 6, 5, 0, 0]
        body, headers = form(*[("files", f"{size}-{n}", b"x" * size) for n, size in enumerate(sizes)])
        answer = call(url, "POST", FILES, body, headers=headers)
        assert answer.status == 200
        assert [file["name"] for file in answer.body["data"]["uploaded_files"]] == ["20-0", "5-3", "0-4"]
        failed = [
            (file["name"], file["code"], file["message"]) for file in answer.body["data"]["failed_uploads"]
        ]
        assert failed == [
            ("21-1", "BadRequest.TooLarge", "File is too large, <21> B of <20> B per file."),
            ("6-2", "BadRequest.TooLarge", "Out of space, <20> B of <25> B storage space has been used."),
            ("0-5", "BadRequest.TooMany", "Out of number, <3> of <3> files has been uploaded."),
        ]
        assert list((tmp_path / "incoming").iterdir()) == []


def test_errors_at_creation(tmp_path: Path) -> None:
    """Each wrong creation is refused with the documented status and code, naming what is wrong, and creates nothing."""
    with serving(tmp_path) as url:
        good = upload(url, rows(20))

        def hyper(**values: Any) -> dict[str, Any]:
            return creation(good, hyper_parameters=values)

        dataset = [{"data_source_type": "file_id", "file_id": good}]
        cases: list[tuple[int, str, str, Any]] = [
            (400, "InvalidParameter", "Missing training files", creation(good, training_file_ids=[])),
            (400, "InvalidParameter", "Missing training files", creation(good, training_file_ids=None)),
            (400, "InvalidParameter", "File not found. file_id: nope", creation("nope")),
            (400, "InvalidParameter", "mutually exclusive", creation(good, training_datasets=dataset)),
            (400, "InvalidParameter", "download_url", creation(
                good, training_file_ids=None, training_datasets=[{"data_source_type": "download_url"}]
            )),
            (400, "InvalidParameter", "training_type must be one of", creation(good, training_type="sft_efficient")),
            (400, "InvalidParameter", "finetuned_output", creation(good, finetuned_output="x")),
            (400, "InvalidParameter", "job_name", creation(good, job_name=5)),
            (404, "NotFound", "Model: qwen-turbo not found!", creation(good, model="qwen-turbo")),
            (400, "InvalidParameter", "Missing model", creation(good, model="")),
            (400, "InvalidParameter", "Unknown hyper-parameter: n_epoch", hyper(n_epoch=3)),
            (400, "InvalidParameter", "n_epochs must be an integer in [1, 200], got 201.", hyper(n_epochs=201)),
            (400, "InvalidParameter", "n_epochs must be an integer", hyper(n_epochs="3")),
            (400, "InvalidParameter", "n_epochs must be an integer", hyper(n_epochs=True)),
            (400, "InvalidParameter", "batch_size must be an integer", hyper(batch_size=0)),
            (400, "InvalidParameter", "max_length must be an integer in [500, 131072]", hyper(max_length=131073)),
            (400, "InvalidParameter", "learning_rate must be a number", hyper(learning_rate="fast")),
            (400, "InvalidParameter", "learning_rate must be a number", hyper(learning_rate="nan")),
            (400, "InvalidParameter", "lr_scheduler_type must be one of", hyper(lr_scheduler_type="steps")),
            (400, "InvalidParameter", "freeze_vit must be true or false", hyper(freeze_vit="true")),
            (400, "InvalidParameter", "lora_rank is only valid with", {
                **hyper(lora_rank=8), "training_type": "sft"
            }),
            (400, "InvalidParameter", "warmup_ratio is not valid with cpt", {
                **hyper(warmup_ratio=0.1), "training_type": "cpt", "model": "qwen3-32b"
            }),
            (400, "InvalidParameter", "not valid JSON", b"{"),
            (400, "InvalidParameter", "not a JSON object", b"[]"),
            (400, "InvalidParameter", "not valid JSON", b'{"model": "\\ud800"}'),
            (400, "InvalidParameter", "not valid JSON", b"[" * 100_000),
            (400, "InvalidParameter", "too large", b" " * 2_000_000),
        ]  # fmt: skip
        for status, code, words, body in cases:
            answer = call(url, "POST", TUNES, body)
            assert (status, code, {"code", "request_id", "message"}) == (
                answer.status,
                answer.body["code"],
                set(answer.body),
            ), body
            assert words in answer.body["message"]
            assert answer.headers["x-request-id"] == answer.body["request_id"]
        assert call(url, "GET", TUNES).body["output"]["total"] == 0


def test_other_errors(tmp_path: Path) -> None:
    """What isn't there, what can't be done and what isn't served: the platform's own words."""
    with serving(tmp_path, speed=1000) as url:
        done = create(url, upload(url, rows(20)))
        ended(url, done)
        form_body, form_headers = form(("other", "a", b"x"))
        cases: list[tuple[int, str, str, str, str, Any, dict[str, str]]] = [
            (404, "NotFound", "Not found!", "GET", f"{TUNES}/ft-202601010000-abcd", None, {}),
            (404, "NotFound", "Not found!", "GET", f"{TUNES}/ft-202601010000-abcd/logs", None, {}),
            (404, "NotFound", "Not found!", "GET", f"{TUNES}/ft-202601010000-abcd/stream", None, {}),
            (404, "NotFound", "Not found!", "POST", f"{TUNES}/ft-202601010000-abcd/cancel", None, {}),
            (404, "NotFound", "Not found!", "DELETE", f"{TUNES}/ft-202601010000-abcd", None, {}),
            (404, "NotFound", "Not found!", "GET", f"{TUNES}/{done}/export/checkpoint-1?model_name=a", None, {}),
            (404, "NotFound", "Not found!", "GET", f"{NATIVE}/deployments", None, {}),
            (404, "NotFound", "Not found!", "POST", f"{COMPATIBLE}/chat/completions", {}, {}),
            (405, "InvalidParameter", "Method Not Allowed!", "PUT", FILES, None, {}),
            (400, "InvalidParameter", "File not found.", "GET", f"{FILES}/nope", None, {}),
            (400, "InvalidParameter", "File not found.", "DELETE", f"{FILES}/nope", None, {}),
            (404, "NotFound", "Not found!", "GET", f"{FILES}/..%2Fsandbox.sqlite3", None, {}),
            (400, "InvalidParameter", "page_size must be", "GET", f"{FILES}?page_size=101", None, {}),
            (400, "InvalidParameter", "page_no must be", "GET", f"{TUNES}?page_no=0", None, {}),
            (400, "InvalidParameter", "line must be", "GET", f"{TUNES}/{done}/logs?line=1001", None, {}),
            (400, "InvalidParameter", "offset must be", "GET", f"{TUNES}/{done}/logs?offset=-1", None, {}),
            (400, "InvalidParameter", "'files'", "POST", FILES, form_body, form_headers),
            (400, "InvalidParameter", "multipart", "POST", FILES, b"x", {}),
            (400, "InvalidParameter", "incomplete", "POST", FILES, form_body[:-8], form_headers),
            (400, "InvalidParameter", "malformed", "POST", FILES, b"no boundary", form_headers),
            (400, "UnsupportedOperation", "can not be canceled", "POST", f"{TUNES}/{done}/cancel", None, {}),
        ]  # fmt: skip
        for status, code, words, method, path, body, headers in cases:
            answer = call(url, method, path, body, headers=headers)
            assert (status, code) == (answer.status, answer.body["code"]), (method, path, answer.body)
            assert words in answer.body["message"]
            assert answer.headers["x-request-id"] == answer.body["request_id"]


def test_keys(tmp_path: Path) -> None:
    """Keys are told apart: unknown shapes and wrong ones are 401, a lack of rights shows on jobs only."""
    invalid = (401, "InvalidApiKey", "Invalid API-key provided.")
    with serving(tmp_path) as url:

        def tried(
            key: str | None, method: str = "GET", path: str = f"{NATIVE}/models"
        ) -> tuple[int, Any, Any]:
            answer = call(url, method, path, {} if method == "POST" else None, key=key)
            return answer.status, answer.body.get("code"), answer.body.get("message")

        for key in ("sk-sandbox", "sk-ws-sandbox", "st-sandbox"):
            assert tried(key)[0] == 200
        bad: str | None
        for bad in (
            None,
            "",
            "sandbox",
            "sk-",
            "sk-sp-sandbox",
            "sk-sandbox-wrong",
            "sk-sand box",
            "ak-sandbox",
        ):
            assert invalid == tried(bad), bad
        assert tried("sk-sandbox-unpurchased")[0] == 403
        assert tried("sk-sandbox-norights")[0] == 200
        assert tried("sk-sandbox-norights", path=TUNES) == (403, "AccessDenied", "Access denied.")
        assert tried("sk-sandbox-arrears", path=TUNES)[0] == 200
        assert tried("sk-sandbox-arrears", "POST", TUNES)[:2] == (400, "Arrearage")
        compatible = call(url, "GET", f"{COMPATIBLE}/files", key="nonsense").body
        assert (compatible["code"], compatible["message"]) == (
            "invalid_api_key",
            "Incorrect API key provided.",
        )
        assert compatible["error"]["code"] == "invalid_api_key"
        body, headers = form(("files", "big", b"x" * 20_000_000))
        refused = call(url, "POST", FILES, body, headers=headers, key="nonsense")
        assert refused.status == 401
        assert files(url) == []


@pytest.mark.sweep
def test_quotas_for_jobs(tmp_path: Path) -> None:
    """Too many under way and too many in all are two different 429; a deleted job makes room; a name may conflict."""
    options = {"speed": 5, "max_unfinished_jobs": 2, "max_jobs": 2, "unique_model_names": True}
    with serving(tmp_path, **options) as url:
        file_id = upload(url, rows(20))
        body = creation(file_id)
        first = create(url, file_id, model_name="mine")
        conflict = call(url, "POST", TUNES, {**body, "model_name": "mine"})
        assert (conflict.status, conflict.body["code"]) == (409, "Conflict")
        assert conflict.body["message"] == "Model instance mine already exists, please specify a suffix"
        second = create(url, file_id)
        busy = call(url, "POST", TUNES, body)
        assert (busy.status, busy.body["code"]) == (429, "Throttling")
        assert busy.body["message"] == "Too many fine-tune job in running, please retry later."
        assert call(url, "DELETE", f"{TUNES}/{first}").status == 400
        ended(url, second)
        full = call(url, "POST", TUNES, body)
        assert (full.status, full.body["code"]) == (429, "Throttling")
        assert full.body["message"] == "Only 2 fine-tune job in running or succeeded allowed per user."
        assert call(url, "DELETE", f"{TUNES}/{first}").body["output"]["status"] == "success"
        assert call(url, "GET", f"{TUNES}/{first}").status == 404
        assert create(url, file_id)


def test_what_the_documents_leave_open(tmp_path: Path) -> None:
    """The switches: a refused field, forgotten names, finished jobs that can't be deleted."""
    options = {
        "refuse_field": ["training_file_ids", "priority"],
        "forget_job_names": True,
        "keep_finished_jobs": True,
    }
    with serving(tmp_path, speed=1000, **options) as url:
        file_id = upload(url, rows(20))
        answer = call(url, "POST", TUNES, creation(file_id))
        assert (answer.status, answer.body["code"]) == (400, "InvalidParameter")
        assert "training_file_ids" in answer.body["message"]
        datasets = [{"data_source_type": "file_id", "file_id": file_id}]
        job_id = create(url, "", training_file_ids=None, training_datasets=datasets, job_name="mine")
        told = ended(url, job_id)
        assert (job_id, [], datasets) == (
            told["job_name"],
            told["training_file_ids"],
            told["training_datasets"],
        )
        kept = call(url, "DELETE", f"{TUNES}/{job_id}")
        message = "The fine-tune job can not be deleted because it is succeeded,failed or canceled"
        assert (400, "UnsupportedOperation", message) == (
            kept.status,
            kept.body["code"],
            kept.body["message"],
        )


def test_only_programs_here_are_answered(tmp_path: Path) -> None:
    """A request under a foreign name, or from a web page of another origin, is 403 and does nothing, whatever its key."""
    with serving(tmp_path) as url:
        port = url.rpartition(":")[2]
        for host in (
            "evil.example",
            f"evil.example:{port}",
            "127.0.0.1:1",
            "127.0.0.1",
            f"127.0.0.1.evil.example:{port}",
            "",
        ):
            refused = call(url, "GET", FILES, headers={"Host": host})
            assert (403, "AccessDenied") == (refused.status, refused.body["code"]), host
        for host in (f"localhost:{port}", f"LOCALHOST:{port}", f"[::1]:{port}", f"127.0.0.1:{port}"):
            assert 200 == call(url, "GET", FILES, headers={"Host": host}).status
        body, headers = form(("files", "a.jsonl", b"x"), ("purpose", None, b"fine-tune"))
        for origin in ("https://evil.example", "null", f"https://127.0.0.1:{port}", "http://127.0.0.1:1"):
            refused = call(url, "POST", FILES, body, headers={**headers, "Origin": origin})
            assert (403, "AccessDenied") == (refused.status, refused.body["code"]), origin
        assert [] == files(url)
        assert 200 == call(url, "GET", FILES, headers={"Origin": url}).status
