"""Where the sandbox once differed from the newest documents: a rule for each of the 18 points, with its source."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from typing import Any

import pytest
from sandbox_fixture import (
    COMPATIBLE,
    FILES,
    KEY,
    NATIVE,
    TUNES,
    call,
    create,
    creation,
    ended,
    files,
    form,
    job,
    rows,
    serving,
    until,
    upload,
)

from wizard.bailian.models import models
from wizard.sandbox.store import StoredJob
from wizard.sandbox.training import job_from


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


def checkpoints(url: str, job_id: str) -> list[dict[str, Any]]:
    shown = call(url, "GET", f"{TUNES}/{job_id}/checkpoints").body["output"]
    assert isinstance(shown, list)
    return shown


def test_checkpoints(tmp_path: Path) -> None:
    """Those with most steps first, their id joined by a colon (list-checkpoints-api, autumn 2026)."""
    with serving(tmp_path, speed=1000) as url:
        hyper = {"n_epochs": 3, "batch_size": 8, "save_total_limit": 3}
        done = ended(url, create(url, upload(url, rows(20)), hyper_parameters=hyper))["job_id"]
        shown = checkpoints(url, done)
        assert [6, 4, 2] == [each["step"] for each in shown]
        for each in shown:
            assert f"{done}:checkpoint-{each['step']}" == each["checkpoint_id"] == each["full_name"]


def test_names_of_models(tmp_path: Path) -> None:
    """A name asked for at export or creation is shown, globally unique, and no id (list-checkpoints-api, autumn 2026)."""
    with serving(tmp_path, speed=1000) as url:
        file_id = upload(url, rows(20))
        hyper = {"n_epochs": 3, "batch_size": 8, "save_total_limit": 3}
        job_id = ended(url, create(url, file_id, hyper_parameters=hyper))["job_id"]
        named = ended(url, create(url, file_id, model_name="mine"))
        last, middle, first = checkpoints(url, job_id)
        assert (f"qwen3-8b-{job_id}", job_id) == (last["model_name"], last["model_display_name"])
        assert "mine" == checkpoints(url, named["job_id"])[0]["model_display_name"]
        for waiting in (middle, first):
            assert {"model_name", "model_display_name"}.isdisjoint(waiting)

        def export(checkpoint: dict[str, Any], name: str) -> tuple[int, Any, Any]:
            path = f"{TUNES}/{job_id}/export/{checkpoint['checkpoint']}?model_name={name}"
            answer = call(url, "GET", path)
            return answer.status, answer.body.get("output"), answer.body.get("code")

        assert (200, True, None) == export(middle, "%E7%AC%AC%E4%BA%8C")
        assert (409, None, "Conflict") == export(first, "%E7%AC%AC%E4%BA%8C")
        assert (409, None, "Conflict") == export(first, "mine")
        published = until(lambda: checkpoints(url, job_id)[1], lambda each: each["status"] == "SUCCEEDED")
        assert "第二" == published["model_display_name"]
        ids = {last["model_name"], published["model_name"], named["finetuned_output"]}
        assert len(ids) == 3
        for model in ids:
            assert model.isascii()
            assert "qwen3-8b" == job(url, create(url, file_id, model=model))["base_model"]
        assert 404 == call(url, "POST", TUNES, creation(file_id, model="第二")).status


def test_a_page_of_jobs(tmp_path: Path) -> None:
    """A page holds up to 1000 jobs (get-fine-tuning-job-api, autumn 2026)."""
    with serving(tmp_path) as url:
        assert 1000 == call(url, "GET", f"{TUNES}?page_size=1000").body["output"]["page_size"]
        assert 400 == call(url, "GET", f"{TUNES}?page_size=1001").status


def test_a_cancel_that_comes_too_late(tmp_path: Path) -> None:
    """It is refused in the newest words (get-fine-tuning-job-api, autumn 2026)."""
    with serving(tmp_path, speed=1000) as url:
        done = ended(url, create(url, upload(url, rows(20))))["job_id"]
        refused = call(url, "POST", f"{TUNES}/{done}/cancel")
        assert (
            400,
            "UnsupportedOperation",
            "The fine-tune job can not be canceled because it is succeeded or failed",
        ) == (refused.status, refused.body["code"], refused.body["message"])


@pytest.mark.sweep
@pytest.mark.parametrize(
    "hyper",
    [
        {"save_strategy": "steps", "save_steps": 30, "eval_steps": 20},
        {"resume_from_checkpoint": False},
        {"resume_from_checkpoint": "ft-202601010000-abcd:checkpoint-3"},
    ],
)
def test_hyper_parameters_that_are_taken(tmp_path: Path, hyper: dict[str, object]) -> None:
    """save_steps need not be a multiple of eval_steps (recommended only), and what the console itself sends is known."""
    with serving(tmp_path, speed=1000) as url:
        made = ended(url, create(url, upload(url, rows(20)), hyper_parameters={"batch_size": 8, **hyper}))
        assert "SUCCEEDED" == made["status"]
        assert hyper.items() <= made["hyper_parameters"].items()


def test_data_in_oss(tmp_path: Path) -> None:
    """A mounted object is taken as documented, Beijing's and Singapore's; here its job fails, since no OSS is reached."""
    with serving(tmp_path, speed=1000) as url:

        def mounted(**changes: Any) -> dict[str, Any]:
            storage = {
                "region": "cn-beijing",
                "bucket": "canary",
                "file_path": "dataset/data.jsonl",
                **changes,
            }
            source = {"data_source_type": "oss_mount", "mount_storage": storage}
            return creation("", training_file_ids=None, training_datasets=[source])

        for region in ("cn-beijing", "ap-southeast-1"):
            body = mounted(region=region)
            created = call(url, "POST", TUNES, body).body["output"]
            assert body["training_datasets"] == created["training_datasets"]
            told = ended(url, created["job_id"])
            assert ("FAILED", True) == (told["status"], "oss://canary/dataset/data.jsonl" in told["message"])
        for wrong in ({"region": "us-east-1"}, {"bucket": ""}, {"file_path": None}):
            assert 400 == call(url, "POST", TUNES, mounted(**wrong)).status


def test_a_bare_file_id(tmp_path: Path) -> None:
    """``training_file_ids`` may be a single text: dashscope 1.14 sends what its caller gave."""
    with serving(tmp_path, speed=1000) as url:
        file_id = upload(url, rows(20))
        told = job(url, create(url, "", training_file_ids=file_id, validation_file_ids=file_id))
        for kind in ("training", "validation"):
            assert [file_id] == [each["file_id"] for each in told[f"{kind}_datasets"]]


def test_pages_of_a_log(tmp_path: Path) -> None:
    """A log is also read by page_no and page_size, as the vendor's command asks; offset and line go before."""
    with serving(tmp_path, speed=1000) as url:
        done = ended(url, create(url, upload(url, rows(60))))["job_id"]

        def read(query: str) -> list[str]:
            return list(call(url, "GET", f"{TUNES}/{done}/logs?{query}").body["output"]["logs"])

        whole = read("line=1000")
        assert whole[5:10] == read("page_no=2&page_size=5")
        assert whole[:7] == read("page_size=7")
        assert whole[1:3] == read("page_no=2&page_size=5&offset=1&line=2")
        assert [] == read("page_no=999")


def test_compatible_files(tmp_path: Path) -> None:
    """Ids begin by purpose, lists are filtered by purpose and time, and the bytes come back (openai-file-interface, 2026)."""
    with serving(tmp_path) as url:
        ids = {}
        for purpose in ("fine-tune", "batch", "file-extract"):
            body, headers = form(("file", f"{purpose}.jsonl", rows(1)), ("purpose", None, purpose.encode()))
            made = call(url, "POST", f"{COMPATIBLE}/files", body, headers=headers).body
            ids[purpose] = made["id"]
        assert ["file-ft-", "file-batch-", "file-fe-"] == [each[:-24] for each in ids.values()]
        body, headers = form(("file", "a", b"x"), ("purpose", None, b"vision"))
        assert 400 == call(url, "POST", f"{COMPATIBLE}/files", body, headers=headers).status

        def listed(query: str) -> list[str]:
            return [each["id"] for each in call(url, "GET", f"{COMPATIBLE}/files?{query}").body["data"]]

        assert [ids["batch"]] == listed("purpose=batch")
        newest_first = [*ids.values()][::-1]
        for early in ("20250306123000", "2025-11-12%2010:10:10", "2025-11-12", "20251112"):
            assert (newest_first, []) == (listed(f"create_after={early}"), listed(f"create_before={early}"))
        assert [] == listed("create_after=2999-01-01")
        assert newest_first[1:] == listed(f"create_before=2999-01-01&after={newest_first[0]}")
        assert 400 == call(url, "GET", f"{COMPATIBLE}/files?create_after=yesterday").status
        assert rows(1) == fetched(url, f"{COMPATIBLE}/files/{ids['batch']}/content")
        assert 400 == call(url, "GET", f"{COMPATIBLE}/files/nope/content").status


def fetched(url: str, path: str) -> bytes:
    asked = urllib.request.Request(f"{url}{path}", headers={"Authorization": f"Bearer {KEY}"})  # noqa: S310 - loopback
    with urllib.request.urlopen(asked) as answer:  # noqa: S310 - as above
        return bytes(answer.read())


def test_the_end_of_a_log(tmp_path: Path) -> None:
    """The output is fetched before it is delivered, and lines aren't sorted by time (logs of 2025-11 and 2025-12)."""
    with serving(tmp_path, speed=20) as url:
        done = ended(url, create(url, upload(url, rows(60))))
        lines = call(url, "GET", f"{TUNES}/{done['job_id']}/logs?line=1000").body["output"]["logs"]
        assert [
            "fine-tuned output got, start to transfer it for inference",
            "transfer for inference succeeded, start to deliver it for inference",
            "start to save checkpoint",
            "finetune-job succeeded",
            "##FT_COMPLETE##",
            f"training usage {done['usage']}",
        ] == [line.partition(" - INFO - ")[2] for line in lines[-6:]]
        times = [line.partition(" - ")[0] for line in lines[-6:]]
        assert (sorted(times) == times, times[-1] < times[-2]) == (False, True)
        consumed = [line for line in lines if "consumed tokens" in line]
        assert [
            f" Actual number of consumed tokens is {done['usage'] // 3} !",
            f" Actual number of consumed tokens is {done['usage'] * 2 // 3} !",
            f" Actual number of consumed tokens is {done['usage']}!",
        ] == consumed


def grants(url: str, query: str = "page_size=200", key: str = KEY) -> dict[str, dict[str, bool]]:
    output = call(url, "GET", f"{NATIVE}/models/permissions?{query}", key=key).body["output"]
    return {each["model"]: each["permissions"] for each in output["permissions"]}


def test_permissions(tmp_path: Path) -> None:
    """What this workspace may do with each model, a free read (list-model-permissions, 2026-09-28); a POST isn't taken."""
    every = {"inference": True, "fine_tune": True, "deploy": True}
    with serving(tmp_path, speed=1000) as url:
        whole = grants(url)
        assert {model.code: every for model in models()} == whole
        assert {"qwen3.5-27b": every} == grants(url, "model=qwen3.5-27b&authorization_scope=AUTHORIZED")
        assert {code for code in whole if "-vl-" in code} == {*grants(url, "name=-VL-&page_size=200")}
        page = call(url, "GET", f"{NATIVE}/models/permissions").body
        assert (None, None, True, 20, 20) == (
            page["code"],
            page["message"],
            page["success"],
            page["output"]["page_size"],
            len(page["output"]["permissions"]),
        )
        for wrong in ("page_size=201", "authorization_scope=ALL", "action=DEPLOY"):
            assert 400 == call(url, "GET", f"{NATIVE}/models/permissions?{wrong}").status
        for path in ("permissions", "limits"):
            assert 405 == call(url, "POST", f"{NATIVE}/models/{path}", {"models": []}).status
        done = ended(url, create(url, upload(url, rows(20))))
        assert {done["finetuned_output"]: every} == grants(url, f"model={done['finetuned_output']}")


def test_keys_without_a_permission(tmp_path: Path) -> None:
    """A word in the key denies a family, hides it, or takes the endpoint away; what is denied is refused at creation too."""
    with serving(tmp_path) as url:
        file_id = upload(url, rows(20))
        key = "sk-sandbox-nopermission"
        denied = {code for code, each in grants(url, key=key).items() if not each["fine_tune"]}
        assert {model.code for model in models() if model.code.startswith("qwen2.5")} == denied
        refused = call(url, "POST", TUNES, creation(file_id, model="qwen2.5-7b-instruct"), key=key)
        assert (403, "AccessDenied") == (refused.status, refused.body["code"])
        assert "does not have fine-tune privilege for model qwen2.5-7b-instruct" in refused.body["message"]
        assert 200 == call(url, "POST", TUNES, creation(file_id), key=key).status
        assert denied == {model.code for model in models()} - grants(url, key="sk-sandbox-unlisted").keys()
        for path in ("permissions", "limits"):
            gone = call(url, "GET", f"{NATIVE}/models/{path}", key="sk-sandbox-nopermapi")
            assert (404, "NotFound") == (gone.status, gone.body["code"])
        assert 200 == call(url, "GET", f"{NATIVE}/models", key="sk-sandbox-nopermapi").status


@pytest.mark.parametrize("path", ["models/limits", "quotas"])
def test_limits(tmp_path: Path, path: str) -> None:
    """How often each model may be called, at both documented paths, with the workspace's id (list-quotas, autumn 2026)."""
    with serving(tmp_path) as url:
        answer = call(
            url, "GET", f"{NATIVE}/{path}?model=qwen3-8b", headers={"X-DashScope-WorkSpace": "llm-canary"}
        )
        (limit,) = answer.body["output"]["quotas"]
        assert ("qwen3-8b", "llm-canary", None) == tuple(
            limit[name] for name in ("model", "workspace_id", "workspace_limit")
        )
        assert {"request_limit", "request_limit_period", "usage_limit"} <= limit["model_limit"].keys()


def test_the_list_of_models(tmp_path: Path) -> None:
    """It has the documented fields and filters, and no model whose base is retired (list-models, autumn 2026)."""
    with serving(tmp_path) as url:

        def listed(query: str) -> list[dict[str, Any]]:
            return list(call(url, "GET", f"{NATIVE}/models?page_size=200&{query}").body["output"]["models"])

        (model,) = listed("model=qwen3.5-27b")
        per_token = next(each.by_token for each in models() if each.code == "qwen3.5-27b")
        assert per_token is not None
        (tier,) = model["prices"]
        assert [str(per_token.input), str(per_token.output)] == [each["price"] for each in tier["prices"]]
        assert {"request_modality": ["Text"], "response_modality": ["Text"]} == model["inference_metadata"]
        assert {"context_window", "max_input_tokens", "max_output_tokens"} <= model["model_info"].keys()
        assert ("fine-tuning" in model["features"], None) == (True, model["published_time"])
        current = {each.code for each in models() if each.retirement is None}
        assert current == {each["model"] for each in listed("features=fine-tuning&features=batch")}
        assert [] == listed("features=batch")
        assert {code for code in current if "3.6" in code} == {
            each["model"] for each in listed("name=QWEN3.6")
        }
        assert [] == listed("model=qwen2.5-7b-instruct")
        (retired,) = listed("model=qwen2.5-7b-instruct&supports=deploy")
        assert "2026-05-13 00:00:00" == retired["inference_offline_info"]["offline_time"]


def test_the_catalogue_is_the_wizards_table(tmp_path: Path) -> None:
    """Whatever stands in models.toml can be trained here, by the training types that it has there."""
    with serving(tmp_path, speed=1_000_000, max_jobs=100) as url:
        file_id = upload(url, rows(20))
        for model in models():
            told = ended(url, create(url, file_id, model=model.code, training_type=model.training_types[-1]))
            assert "does not support" not in told.get("message", "")


def test_what_comes_later(tmp_path: Path) -> None:
    """Deployments, imports and calls of models are not there yet: the platform's 404."""
    with serving(tmp_path) as url:
        for method, path in (
            ("GET", f"{NATIVE}/deployments"),
            ("GET", f"{NATIVE}/deployments/models"),
            ("POST", f"{NATIVE}/custom_models/import"),
            ("POST", f"{NATIVE}/services/aigc/text-generation/generation"),
            ("POST", f"{COMPATIBLE}/chat/completions"),
        ):
            answer = call(url, method, path, {} if method == "POST" else None)
            assert (404, "NotFound") == (answer.status, answer.body["code"]), path


def test_a_native_file_without_purpose(tmp_path: Path) -> None:
    """An upload without a purpose is taken, and its purpose stays null (upload-file-api, autumn 2026: taken; null is a guess)."""
    with serving(tmp_path, speed=1000) as url:
        file_id = upload(url, rows(20), purpose=None)
        (listed,) = files(url)
        assert (file_id, None) == (listed["file_id"], listed["purpose"])
        assert {"id", "url", "region", "user_id", "api_key_id"} <= listed.keys()
        assert 200 == call(url, "GET", f"{FILES}/{file_id}").status
        assert "SUCCEEDED" == ended(url, create(url, file_id))["status"]


def test_jobs_of_an_older_sandbox() -> None:
    """A job that an earlier version kept with bare file ids is told in the newer shape."""
    known = {
        "speed": 1.0, "model": "qwen3-8b", "base_model": "qwen3-8b", "training_type": "sft", "hyper_parameters": {},
        "training_file_ids": ["a", "b"], "validation_file_ids": [], "training_datasets": None,
        "validation_datasets": None, "job_name": "", "model_name": "", "suffix": "", "workspace_id": "",
        "survey": {"train_rows": 9, "problems": []},
    }  # fmt: skip
    made = job_from(StoredJob("ft-202601010000-abcd", 1.0, None, None, known))
    assert (["a", "b"], []) == (
        [each["file_id"] for each in made.training_datasets],
        made.validation_datasets,
    )
