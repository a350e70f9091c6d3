"""The step that uploads, over the real client: which files on the platform it takes for its own, and when one is gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bailian_server import CANARY, Server, hang_up, http, serving

from wizard.bailian import calls
from wizard.bailian.apikey import ApiKey
from wizard.bailian.client import Bailian
from wizard.bailian.deadlines import Deadlines
from wizard.bailian.endpoints import Endpoint
from wizard.engine.effectful import Receipt
from wizard.engine.step import Facts
from wizard.errors import ApprovalMissing
from wizard.steps.facts import Converted, Uploaded
from wizard.steps.upload import FileUpload, Upload
from wizard.steps.world import World
from wizard.ui.scripted import Scripted

FILE = Converted(role="train", path="out/train.jsonl", size=7, md5="0" * 32, sha256="1" * 64, rows=1)
LISTED = {"file_id": "f-1", "name": "train.jsonl", "size": 7, "md5": "0" * 32}


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def effect(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileUpload]:
    monkeypatch.setattr(calls, "_PAUSES", (0.01, 0.02))
    key = ApiKey.clean(CANARY)
    with Bailian(Endpoint(server.url), key, deadlines=Deadlines(connect=20, read=60)) as platform:
        front = Scripted(yes=True)
        yield FileUpload(
            platform, Path("train.jsonl"), FILE, front, account="key sk-… at here", demand=lambda: None
        )


@pytest.mark.parametrize(
    ("listed", "adopted"),
    [
        ({}, True),
        ({"purpose": None}, True),
        ({"purpose": ""}, True),
        ({"purpose": "fine-tune"}, True),
        ({"purpose": "fine_tune"}, True),
        ({"purpose": "batch"}, False),
        ({"purpose": "file-extract"}, False),
        ({"purpose": "something new"}, False),
        ({"md5": "2" * 32}, False),
        ({"md5": None}, False),
        ({"size": 8}, False),
        ({"name": "other.jsonl"}, False),
    ],
)
def test_only_an_equal_file_that_is_for_training_is_taken(
    listed: dict[str, Any], adopted: bool, server: Server, effect: FileUpload
) -> None:
    """Same name, size and md5, and no purpose but training; a file without a stated purpose is as the SDK sends it."""
    server.play(http(200, {"data": {"total": 1, "files": [LISTED | listed]}}))
    assert (["f-1"] if adopted else []) == [receipt.id for receipt in effect.look()]


def test_a_file_for_something_else_does_not_hide_ours(server: Server, effect: FileUpload) -> None:
    """Of two equal files, the one that was uploaded for training is taken, wherever it stands in the list."""
    other = LISTED | {"file_id": "f-0", "purpose": "batch"}
    server.play(http(200, {"data": {"total": 2, "files": [other, LISTED | {"purpose": "fine-tune"}]}}))
    assert ["f-1"] == [receipt.id for receipt in effect.look()]


@pytest.mark.parametrize(
    ("status", "code", "message", "there"),
    [
        (400, "InvalidParameter", "File not found.", False),
        (404, "NotFound", "Not found!", False),
        (404, "NotFound", "", False),
        (200, "InvalidParameter", "File not found.", False),
        (400, "InvalidParameter", "page not found in your account plan", True),
        (404, "", "The page was not found", True),
        (404, "ModelNotFound", "Model not found", True),
        (403, "Workspace.AccessDenied", "Workspace not found.", True),
        (401, "InvalidApiKey", "Key not found.", True),
        (429, "Throttling", "Quota not found.", True),
        (500, "NotFound", "File not found.", True),
    ],
)
def test_only_a_plain_not_found_means_that_a_file_is_gone(  # noqa: PLR0917 - a table's columns
    status: int, code: str, message: str, there: bool, server: Server, effect: FileUpload
) -> None:
    """Any other refusal is about the key, the workspace or the way: a file that can't be asked about isn't sent again."""
    server.play(http(status, {"code": code, "message": message}))
    assert there == effect.holds(Receipt("f-1", {}))


@pytest.mark.parametrize("answer", [hang_up, http(404, "<html>not found</html>"), http(503), http(302)])
def test_a_file_that_cannot_be_asked_about_is_there(answer: Any, server: Server, effect: FileUpload) -> None:
    """No answer, or one of somebody else's, is no reason to send it again."""
    server.play(answer)
    assert effect.holds(Receipt("f-1", {}))


def test_nothing_is_uploaded_that_was_not_approved(
    server: Server, effect: FileUpload, tmp_path: Path
) -> None:
    """The approval is demanded before the first byte: where the plan is another one now, no request goes out."""

    def refuse() -> None:
        raise ApprovalMissing("another plan", "", digest="d")

    path = tmp_path / "train.jsonl"
    path.write_bytes(b"1234567")
    unapproved = FileUpload(
        effect._platform, path, FILE, Scripted(yes=True), account=effect.account, demand=refuse
    )
    with pytest.raises(ApprovalMissing):
        unapproved.send(lambda: None)
    assert [] == list(server.requests)


@pytest.mark.parametrize("sealed", [False, True])
def test_files_are_looked_for_until_there_is_a_job(
    sealed: bool, server: Server, effect: FileUpload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that the platform no longer has is sent again before the job is created; after that nobody asks for it."""
    server.play(http(404, {"code": "NotFound", "message": "Not found!"}))
    world = World(tmp_path, {})
    monkeypatch.setattr(world, "platform", lambda _facts: effect._platform)
    uploaded = Uploaded(role="train", name="train.jsonl", file_id="f-1", adopted=True)
    facts = Facts({Uploaded.KEY: [uploaded.as_json()]} | ({"job.id": "ft-1"} if sealed else {}))
    step = Upload(world)
    asked = step.asks(facts)
    assert sealed == (asked is None)
    assert asked is None or "no longer on the platform" in (asked() or "")
    assert "1 was there already" in step.line(facts)
    assert "already" not in step.line(Facts({Uploaded.KEY: [{**uploaded.as_json(), "adopted": False}]}))
