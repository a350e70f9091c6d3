"""Every way in which the platform or the network can fail: the right class of error, sent once, the key never shown."""

from __future__ import annotations

import gzip
import hashlib
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from bailian_server import CANARY, Answer, Server, drip, hang, hang_up, http, raw, reset, serving
from patience import PATIENCE

from wizard.bailian import calls, wire
from wizard.bailian.apikey import ApiKey
from wizard.bailian.client import Bailian
from wizard.bailian.deadlines import Deadlines
from wizard.bailian.endpoints import Endpoint
from wizard.bailian.service import JobRequest
from wizard.errors import NeverSent, OutcomeUnknown, PlatformError, Refused

if TYPE_CHECKING:
    from wizard.bailian.service import Platform

REQUEST = JobRequest("qwen2.5-7b-instruct", "efficient_sft", ("file-1",), (), {"n_epochs": 1}, "canary-job")
PATIENT = Deadlines(*[PATIENCE] * 5)
HASTY = Deadlines(connect=PATIENCE, read=1, change=0.6, upload_idle=0.6, upload_answer=0.6)


@dataclass(frozen=True)
class Fault:
    """An answer, and the error it means to a job's creation, to a read, and to an upload where that differs."""

    name: str
    answer: Answer
    creation: type[PlatformError]
    read: type[PlatformError]
    deadlines: Deadlines = PATIENT
    upload: type[PlatformError] | None = None


def error(code: str, message: str = "Something.") -> dict[str, object]:
    return {"code": code, "message": message, "request_id": "r-1"}


HTML = "<html><body>Please log in</body></html>"
MADE = {
    "output": {"job_id": "ft-1", "status": "PENDING"},
    "data": {"uploaded_files": [{"file_id": "file-1", "name": "train.jsonl"}]},
}
SAFE, NO, UNKNOWN = NeverSent, Refused, OutcomeUnknown
FAULTS = [
    Fault("400", http(400, error("InvalidParameter", "batch_size is wrong")), NO, NO),
    Fault("400-arrears", http(400, error("Arrearage", "account not in good standing")), NO, NO),
    Fault("400-trouble", http(400, error("InternalError.Timeout")), UNKNOWN, SAFE),
    Fault("400-time-out", http(400, error("RequestTimeOut")), UNKNOWN, SAFE),
    Fault("400-system", http(400, error("SystemError")), UNKNOWN, SAFE),
    Fault("400-unheard-of", http(400, error("DataInspectionFailed")), UNKNOWN, NO),
    Fault("400-no-code", http(400, {"message": "no"}), UNKNOWN, NO),
    Fault("400-html", http(400, HTML), UNKNOWN, NO),
    Fault("400-cut", http(400, '{"code": "Inv', length=500), UNKNOWN, NO),
    Fault("400-made", http(400, error("InvalidParameter") | MADE), UNKNOWN, NO),
    Fault("401", http(401, error("InvalidApiKey", "Invalid API-key provided.")), NO, NO),
    Fault("401-openai", http(401, {"error": {"code": "invalid_api_key", "message": "Incorrect."}}), NO, NO),
    Fault("401-html", http(401, HTML), UNKNOWN, NO),
    Fault("403", http(403, error("AccessDenied.Unpurchased")), NO, NO),
    Fault("403-workspace", http(403, error("Workspace.AccessDenied")), NO, NO),
    Fault("403-free-quota", http(403, error("AllocationQuota.FreeTierOnly")), NO, NO),
    Fault("403-html", http(403, HTML), UNKNOWN, NO),
    Fault("404", http(404, error("NotFound", "Model: x not found!")), NO, NO, upload=UNKNOWN),
    Fault("413-code", http(413, error("BadRequest.TooLarge")), UNKNOWN, NO, upload=NO),
    Fault("404-html", http(404, HTML), UNKNOWN, NO),
    Fault("405", http(405), UNKNOWN, NO),
    Fault("408", http(408, error("RequestTimeOut")), UNKNOWN, SAFE),
    Fault("408-code", http(408, error("InvalidParameter")), UNKNOWN, SAFE),
    Fault("409", http(409, error("Conflict", "Model instance x already exists")), UNKNOWN, NO),
    Fault("409-html", http(409, HTML), UNKNOWN, NO),
    Fault("413", http(413), UNKNOWN, NO),
    Fault("421", http(421), UNKNOWN, NO),
    Fault("425", http(425), UNKNOWN, SAFE),
    Fault("429", http(429, error("Throttling", "Too many fine-tune job in running")), UNKNOWN, NO),
    Fault(
        "429-quota",
        http(429, error("Throttling", "Only 20 fine-tune job in running or succeeded")),
        UNKNOWN,
        NO,
    ),
    Fault("429-html", http(429, HTML), UNKNOWN, SAFE),
    Fault("500", http(500, error("InternalError", "Internal server error!")), UNKNOWN, SAFE),
    Fault("500-html", http(500, HTML), UNKNOWN, SAFE),
    Fault("502", http(502, HTML), UNKNOWN, SAFE),
    Fault("503", http(503, headers="Retry-After: 0\r\n"), UNKNOWN, SAFE),
    Fault("504", http(504, error("GatewayTimeout")), UNKNOWN, SAFE),
    Fault("301", http(301, headers="Location: /api/v1/elsewhere\r\n"), UNKNOWN, SAFE),
    Fault("302", http(302, HTML, headers="Location: http://login.invalid/\r\n"), UNKNOWN, SAFE),
    Fault("307", http(307, headers="Location: /api/v1/fine-tunes\r\n"), UNKNOWN, SAFE),
    Fault("200-html", http(200, HTML), UNKNOWN, SAFE),
    Fault("200-empty", http(200), UNKNOWN, SAFE),
    Fault("200-null", http(200, "null"), UNKNOWN, SAFE),
    Fault("200-list", http(200, "[]"), UNKNOWN, SAFE),
    Fault("200-text", http(200, '"ok"'), UNKNOWN, SAFE),
    Fault("200-broken", http(200, '{"output": {"job_id": "ft-'), UNKNOWN, SAFE),
    Fault("200-cut", http(200, '{"output": {"job_id": "ft-1"', length=900), UNKNOWN, SAFE),
    Fault("200-deep", http(200, "[" * 200_000), UNKNOWN, SAFE),
    Fault("200-not-utf8", http(200, b'{"output": "\xff\xfe\xfa"}'), UNKNOWN, SAFE),
    Fault("200-nothing", http(200, {}), UNKNOWN, SAFE),
    Fault("200-odd-types", http(200, {"output": [3], "data": "x"}), UNKNOWN, SAFE),
    Fault("200-odd-id", http(200, {"output": {"job_id": "../x", "status": "PENDING"}}), UNKNOWN, SAFE),
    Fault(
        "200-null-id",
        http(200, {"output": {"job_id": None}, "data": {"uploaded_files": [{}]}}),
        UNKNOWN,
        SAFE,
    ),
    Fault("200-code", http(200, error("InvalidParameter")), NO, NO),
    Fault("200-old-code", http(200, {"code": "404", "success": False, "msg": "没有"}), UNKNOWN, NO),
    Fault("200-trouble", http(200, error("InternalError.Timeout")), UNKNOWN, SAFE),
    Fault("200-time-out", http(200, error("Timeout")), UNKNOWN, SAFE),
    Fault("200-operation-time-out", http(200, error("OperationTimeout")), UNKNOWN, SAFE),
    Fault("200-unknown", http(200, error("UnknownError")), UNKNOWN, SAFE),
    Fault("200-minus-one", http(200, {"code": -1, "success": False}), UNKNOWN, SAFE),
    Fault("200-should-retry", http(200, {}, headers="x-should-retry: true\r\n"), UNKNOWN, SAFE),
    Fault("204", http(204), UNKNOWN, SAFE),
    Fault("101", raw(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), UNKNOWN, SAFE),
    Fault("not-http", raw(b"220 mail.example ESMTP\r\n"), UNKNOWN, SAFE),
    Fault("endless-head", raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000), UNKNOWN, SAFE),
    Fault("too-large", http(200, b" " * 3_000_000), UNKNOWN, SAFE),
    Fault(
        "gzip-bomb",
        http(200, gzip.compress(b" " * 30_000_000), headers="Content-Encoding: gzip\r\n"),
        UNKNOWN,
        SAFE,
    ),
    Fault("hangs-up", hang_up, UNKNOWN, SAFE),
    Fault("resets", reset, UNKNOWN, SAFE),
    Fault("hangs", hang, UNKNOWN, SAFE, HASTY),
    Fault("drips", drip, UNKNOWN, SAFE, HASTY),
]
FAULT_NAMES = [fault.name for fault in FAULTS]


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short pauses between the tries of a read, and a small limit, so that large answers needn't be very large."""
    monkeypatch.setattr(calls, "_PAUSES", (0.01, 0.02))
    monkeypatch.setattr(wire, "LARGEST_ANSWER", 2_000_000)


def client(server: Server, deadlines: Deadlines = PATIENT) -> Bailian:
    return Bailian(Endpoint(server.url), ApiKey.clean(CANARY), deadlines=deadlines)


@pytest.fixture
def training_file(tmp_path: Path) -> Path:
    path = tmp_path / "train.jsonl"
    path.write_bytes(b'{"messages": []}\n' * 20_000)
    return path


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()  # noqa: S324 - the platform's own checksum


def upload(platform: Platform, path: Path, **callbacks: Callable[..., None]) -> object:
    nothing: Callable[..., None] = lambda *_: None  # noqa: E731 - said once, used twice
    return platform.upload(
        path,
        name="train.jsonl",
        description="",
        md5=md5(path),
        on_progress=callbacks.get("on_progress", nothing),
        before_last_byte=callbacks.get("before_last_byte", nothing),
    )


def assert_no_key(problem: BaseException) -> None:
    """Neither the words of ``problem`` nor any frame or cause of its traceback, locals and all, show the key."""
    shown = traceback.TracebackException.from_exception(problem, capture_locals=True).format(chain=True)
    assert CANARY not in str(problem) + repr(problem) + repr(vars(problem)) + "".join(shown)
    assert problem.__context__ is None


@pytest.mark.parametrize("fault", FAULTS, ids=FAULT_NAMES)
def test_creating_fails_as_what_it_is(fault: Fault, server: Server) -> None:
    """A creation is sent once whatever comes back, and only a plain no is Refused."""
    server.play(fault.answer)
    with client(server, fault.deadlines) as platform, pytest.raises(PlatformError) as caught:
        platform.create_job(REQUEST, before_sending=lambda: None)
    assert fault.creation is type(caught.value)
    assert [request.method for request in server.requests] == ["POST"]
    assert_no_key(caught.value)


@pytest.mark.parametrize("fault", FAULTS, ids=FAULT_NAMES)
def test_uploading_fails_as_what_it_is(fault: Fault, server: Server, training_file: Path) -> None:
    """An upload is sent once whatever comes back, and only a plain no is Refused."""
    server.play(fault.answer)
    with client(server, fault.deadlines) as platform, pytest.raises(PlatformError) as caught:
        upload(platform, training_file)
    assert (fault.upload or fault.creation) is type(caught.value)
    assert [request.method for request in server.requests] == ["POST"]
    assert_no_key(caught.value)


# Answers in the platform's form without an error, which is all that these two have to say.
DONE = frozenset(
    {"204", "200-empty", "200-nothing", "200-odd-types", "200-odd-id", "200-null-id", "200-should-retry"}
)


READS: dict[str, Callable[[Bailian], object]] = {
    "jobs": lambda platform: list(platform.jobs()),
    "files": lambda platform: list(platform.files()),
    "job": lambda platform: platform.job("ft-1"),
    "file": lambda platform: platform.file("file-1"),
    "logs": lambda platform: platform.logs("ft-1"),
    "checkpoints": lambda platform: platform.checkpoints("ft-1"),
    "prove_key": lambda platform: platform.prove_key(),
}
# Not those that are slow and the same as for jobs, nor those that prove the key, as any answer in the platform's form does.
READ_FAULTS = [
    pytest.param(what, fault, id=f"{what}-{fault.name}")
    for what in READS
    for fault in FAULTS
    if not (fault.deadlines is HASTY and what not in ("jobs", "job"))
    if not (what == "prove_key" and fault.name in DONE - {"204", "200-empty"})
]


@pytest.mark.sweep
@pytest.mark.parametrize(("what", "fault"), READ_FAULTS)
def test_reading_fails_as_what_it_is(what: str, fault: Fault, server: Server) -> None:
    """A read that fails has changed nothing: it is never OutcomeUnknown, and is asked at most three times."""
    server.play(fault.answer)
    with client(server, fault.deadlines) as platform, pytest.raises(PlatformError) as caught:
        READS[what](platform)
    assert fault.read is type(caught.value)
    assert {"GET"} == {request.method for request in server.requests}
    assert len(server.requests) <= 3
    assert_no_key(caught.value)


@pytest.mark.parametrize("fault", FAULTS, ids=FAULT_NAMES)
@pytest.mark.parametrize("change", ["cancel_job", "delete_file"])
def test_cancelling_and_deleting_are_sent_once(change: str, fault: Fault, server: Server) -> None:
    """What changes something is never sent again; what is a no to a read is one here, as nothing was created."""
    server.play(fault.answer)
    with client(server, fault.deadlines) as platform:
        if fault.name in DONE:
            getattr(platform, change)("id-1")
        else:
            with pytest.raises(PlatformError) as caught:
                getattr(platform, change)("id-1")
            assert {SAFE: UNKNOWN, NO: NO}[fault.read] is type(caught.value)
            assert_no_key(caught.value)
    assert len(server.requests) == 1


def test_a_read_survives_two_failures(server: Server) -> None:
    """Two lost answers in a row are not worth a word to the user."""
    server.play(reset, http(503), http(200, {"output": {"job_id": "ft-1", "status": "RUNNING"}}))
    with client(server) as platform:
        assert platform.job("ft-1").status == "RUNNING"
    assert len(server.requests) == 3


def test_a_refusal_is_not_asked_again(server: Server) -> None:
    """A no stays a no: repeating it only takes time."""
    server.play(http(404, error("NotFound")))
    with client(server) as platform, pytest.raises(Refused):
        platform.job("ft-1")
    assert len(server.requests) == 1


def test_a_redirect_is_not_followed(server: Server) -> None:
    """The key goes to no host that an answer names."""
    with serving() as elsewhere:
        elsewhere.play(http(200, {}))
        server.play(http(307, headers=f"Location: {elsewhere.url}/fine-tunes\r\n"))
        with client(server) as platform:
            with pytest.raises(OutcomeUnknown):
                platform.create_job(REQUEST, before_sending=lambda: None)
            with pytest.raises(NeverSent, match="log-in"):
                platform.job("ft-1")
        assert elsewhere.requests == []


def test_what_the_platform_says_is_shown_without_harm(server: Server) -> None:
    """Its words are quoted with code and request id; controls and direction marks become visible, keys disappear."""
    server.play(
        http(
            400,
            error(
                "InvalidParameter",
                f"Bearer {CANARY} and sk-other-canary-000 \x1b]0;x\x07 \u202eevil\u2066 batch_size",
            ),
        )
    )
    with client(server) as platform, pytest.raises(Refused) as caught:
        platform.create_job(REQUEST, before_sending=lambda: None)
    assert_no_key(caught.value)
    problem = caught.value
    shown = problem.message + problem.platform_message
    assert shown.isprintable()
    assert "canary" not in shown
    assert (problem.platform_code, problem.request_id, problem.status) == ("InvalidParameter", "r-1", 400)
    assert "request r-1" in problem.message
