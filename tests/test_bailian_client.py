"""The client at the wire: what it sends, what it reads, where it connects, and what it never looks at."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bailian_server import CANARY, Answer, Server, hang_up, http, raw, reset, serving
from patience import PATIENCE

from wizard.bailian import endpoints
from wizard.bailian.apikey import ApiKey
from wizard.bailian.client import Bailian, accepting_regions, named_parameter
from wizard.bailian.deadlines import Deadlines
from wizard.bailian.endpoints import Endpoint, Region, endpoint
from wizard.bailian.service import JobRequest
from wizard.errors import NeverSent, OutcomeUnknown, Refused

if TYPE_CHECKING:
    from wizard.bailian.service import Platform

DEADLINES = Deadlines(connect=PATIENCE, read=PATIENCE, change=PATIENCE)
REQUEST = JobRequest(
    "qwen2.5-7b-instruct", "efficient_sft", ("f-1", "f-2"), (), {"learning_rate": "1e-4"}, "canary-1"
)
CREATED = {"request_id": "r-1", "output": {"job_id": "ft-202410291653-1c7f", "status": "PENDING"}}


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def platform(server: Server) -> Iterator[Platform]:
    with Bailian(Endpoint(server.url), ApiKey.clean(CANARY), deadlines=DEADLINES) as client:
        yield client


def test_a_job_is_created_from_just_what_was_asked(server: Server, platform: Platform) -> None:
    """The body holds what the request says and nothing else; ``validation_file_ids`` only where there are any."""
    server.play(http(200, CREATED))
    asked: list[int] = []
    job = platform.create_job(REQUEST, before_sending=lambda: asked.append(len(server.requests)))
    assert (job.job_id, job.status, job.request_id) == ("ft-202410291653-1c7f", "PENDING", "r-1")
    assert asked == [0]
    (request,) = server.requests
    assert request.json() == {
        "model": "qwen2.5-7b-instruct",
        "training_type": "efficient_sft",
        "training_file_ids": ["f-1", "f-2"],
        "hyper_parameters": {"learning_rate": "1e-4"},
        "job_name": "canary-1",
    }


@pytest.mark.parametrize(
    "message",
    [
        "training_file_ids is not supported",
        "Parameter training_datasets is required",
        "Missing training files",
    ],
)
def test_the_newer_field_is_sent_once_where_the_platform_wants_it(
    message: str, server: Server, platform: Platform
) -> None:
    """After a 400 that names the field, which created nothing, ``training_datasets`` goes out, announced anew."""
    server.play(http(400, {"code": "InvalidParameter", "message": message}), http(200, CREATED))
    asked: list[bool] = []
    request = JobRequest("m", "sft", ("f-1",), ("v-1",), {}, "")
    assert platform.create_job(request, before_sending=lambda: asked.append(True)).job_id
    assert asked == [True, True]
    first, second = (request.json() for request in server.requests)
    assert (first["training_file_ids"], first["validation_file_ids"]) == (["f-1"], ["v-1"])
    assert second["training_datasets"] == [{"data_source_type": "file_id", "file_id": "f-1"}]
    assert second["validation_datasets"] == [{"data_source_type": "file_id", "file_id": "v-1"}]
    assert "training_file_ids" not in second
    assert "job_name" not in second


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (400, "InvalidParameter", "batch_size is wrong"),
        (403, "InvalidParameter", "training_file_ids forbidden"),
        (400, "NotFound", "training_file_ids: f-1 not found"),
        (400, "InternalError", "training_file_ids could not be read in time"),
        (400, "", "training_file_ids is not supported"),
    ],
)
def test_no_other_refusal_is_answered_with_a_second_try(
    status: int, code: str, message: str, server: Server, platform: Platform
) -> None:
    """Only a 400 that proves that nothing was created, and is about the files' field, is worth another field."""
    server.play(http(status, {"code": code, "message": message}))
    with pytest.raises((Refused, OutcomeUnknown)):
        platform.create_job(REQUEST, before_sending=lambda: None)
    assert len(server.requests) == 1


def test_the_platform_that_knows_neither_field_is_quoted_on_the_first(
    server: Server, platform: Platform
) -> None:
    """Two refusals: the one that says what is wrong is shown."""
    server.play(
        http(400, {"code": "InvalidParameter", "message": "training_file_ids: f-2 not found"}),
        http(400, {"code": "InvalidParameter", "message": "unknown field training_datasets"}),
    )
    with pytest.raises(Refused, match="f-2 not found"):
        platform.create_job(REQUEST, before_sending=lambda: None)


def test_the_parameter_that_the_platform_names_is_found(server: Server, platform: Platform) -> None:
    """A refusal leads to the question that it is about; parts of words don't count."""
    server.play(
        http(400, {"code": "InvalidParameter", "message": "hyper_parameters.batch_size: 4 is out of range"})
    )
    with pytest.raises(Refused) as caught:
        platform.create_job(REQUEST, before_sending=lambda: None)
    assert named_parameter(caught.value, ("size", "n_epochs", "batch_size")) == "batch_size"
    assert named_parameter(caught.value, ("batch", "size")) is None


@pytest.mark.parametrize(
    "odd", ["..", ".", "", "a/b", "a#b", "a?b", "a b", "../files", "ä", "x" * 300, "a\n"]
)
def test_an_odd_id_goes_into_no_path(odd: str, server: Server, platform: Platform) -> None:
    """What isn't an id is refused before anything is sent."""
    calls = (
        platform.job,
        platform.file,
        platform.logs,
        platform.checkpoints,
        platform.delete_file,
        platform.cancel_job,
    )
    for call in calls:
        with pytest.raises(NeverSent):
            call(odd)
    assert server.requests == []


def test_lists_are_read_to_their_end(server: Server, platform: Platform) -> None:
    """All pages, each entry once, also where the platform gives smaller pages than asked for or repeats an entry."""
    server.play(
        http(200, {"output": {"total": 5, "page_size": 2, "jobs": [{"job_id": "a"}, {"job_id": "b"}]}}),
        http(200, {"output": {"total": 5, "page_size": 2, "jobs": [{"job_id": "b"}, {"job_id": "c"}]}}),
        http(200, {"output": {"total": 5, "page_size": 2, "jobs": [{"job_id": "d"}]}}),
    )
    assert [job.job_id for job in platform.jobs()] == ["a", "b", "c", "d"]
    assert server.requests[0].target == "/api/v1/fine-tunes?page_no=1&page_size=100"
    assert len(server.requests) == 3


def test_what_one_page_lists_twice_is_one(server: Server, platform: Platform) -> None:
    """A job or file that stands twice on one page is one, as it stands first; what can't be read hides no other."""
    odd: list[Any] = [None, 7, "a", [], {}, {"job_id": None}, {"job_id": "../x"}, {"file_id": 3.5}]
    twice = [{"job_id": "a", "status": "RUNNING"}, *odd, {"job_id": "b"}, {"job_id": "a", "status": "FAILED"}]
    server.play(http(200, {"output": {"total": len(twice), "jobs": twice}}))
    assert [("a", "RUNNING"), ("b", "")] == [(job.job_id, job.status) for job in platform.jobs()]
    files = [{"file_id": "f"}, *odd, {"file_id": "f"}, {"file_id": "g", "size": {}, "md5": 5, "purpose": []}]
    server.play(http(200, {"data": {"total": len(files), "files": files}}))
    assert ["f", "g"] == [file.file_id for file in platform.files()]


def test_a_list_that_ignores_its_page_number_ends(server: Server, platform: Platform) -> None:
    """The same page for ever is noticed."""
    page = {"data": {"total": 100000, "files": [{"file_id": str(number)} for number in range(100)]}}
    server.play(http(200, page))
    assert len(list(platform.files())) == 100
    assert len(server.requests) == 2


def test_an_empty_list_is_one(server: Server, platform: Platform) -> None:
    """Nothing there is an answer."""
    server.play(http(200, {"output": {"total": 0, "jobs": []}}))
    assert list(platform.jobs()) == []


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ({"training_file_ids": ["f"]}, {"training_files": ("f",)}),
        (
            {"training_file_ids": [], "training_datasets": [{"data_source_type": "file_id", "file_id": "f"}]},
            {"training_files": ("f",)},
        ),
        ({"validation_datasets": [{"data_source_type": "oss_mount"}]}, {"validation_files": ()}),
        ({"usage": 279808}, {"usage": 279808}),
        ({"usage": "279808"}, {"usage": 279808}),
        ({"usage": {"total_tokens": 5, "more": 9}}, {"usage": 5}),
        ({"usage": {"training_units": 7}}, {"usage": 7}),
        ({"usage": {"a": 7, "b": 8}}, {"usage": None}),
        ({"usage": True}, {"usage": None}),
        ({"finetuned_output": "m-ft-1"}, {"output_model": "m-ft-1"}),
        (
            {"status": "FAILED", "code": "DataError", "message": "训练数据量不足"},
            {"failure_message": "训练数据量不足"},
        ),
        ({"hyper_parameters": None}, {"hyper_parameters": {}}),
        ({"job_name": None, "model": 7, "surprise": {"deep": [1]}}, {"name": "", "model": "7"}),
    ],
)
def test_a_job_is_read_in_every_shape(
    output: dict[str, Any], expected: dict[str, Any], server: Server, platform: Platform
) -> None:
    """Older and newer documents differ in the shape of a job; what isn't known is passed over."""
    server.play(http(200, {"output": {"job_id": "ft-1", "status": "SUCCEEDED", **output}}))
    job = platform.job("ft-1")
    assert expected == {name: getattr(job, name) for name in expected}


def test_a_job_is_one_whatever_the_code_beside_it_says(server: Server, platform: Platform) -> None:
    """An answer with the job in it is the job; for a failed one, the code and message beside it are the reason."""
    server.play(
        http(200, {"code": "200", "success": True, "output": {"job_id": "ft-1", "status": "RUNNING"}}),
        http(
            200,
            {"code": "X", "message": "Training failed.", "output": {"job_id": "ft-1", "status": "FAILED"}},
        ),
    )
    assert platform.job("ft-1").status == "RUNNING"
    failed = platform.job("ft-1")
    assert (failed.failure_code, failed.failure_message, failed.final) == ("X", "Training failed.", True)


def test_logs_are_counted_from_nought(server: Server, platform: Platform) -> None:
    """The first line isn't skipped, and no more than 1000 are asked for."""
    server.play(http(200, {"output": {"total": 12, "logs": ["a", "b"]}}))
    page = platform.logs("ft-1", 0, 5000)
    assert (page.lines, page.offset, page.total) == (("a", "b"), 0, 12)
    assert server.requests[0].target == "/api/v1/fine-tunes/ft-1/logs?offset=0&line=1000"


def test_each_request_has_a_connection_of_its_own(server: Server, platform: Platform) -> None:
    """No request goes out on an idle connection that the other side may be closing."""
    server.play(http(200, {}))
    platform.prove_key()
    platform.prove_key()
    assert [request.headers["connection"] for request in server.requests] == ["close", "close"]


def test_a_name_that_cannot_be_written_is_said(server: Server, platform: Platform) -> None:
    """A lone surrogate or a NaN never becomes a request, nor a traceback."""
    for request in (
        JobRequest("m", "sft", ("f",), (), {}, "\ud800"),
        JobRequest("m", "sft", ("f",), (), {"split": float("nan")}),
        JobRequest("m", "sft", ("f",), (), {"split": object()}),
    ):
        with pytest.raises(NeverSent):
            platform.create_job(request, before_sending=lambda: None)
    assert server.requests == []


def _create(where: Endpoint) -> NeverSent:
    with (
        Bailian(where, ApiKey.clean(CANARY), deadlines=Deadlines(connect=5, read=1)) as client,
        pytest.raises(NeverSent) as caught,
    ):
        client.create_job(REQUEST, before_sending=lambda: None)
    assert CANARY not in caught.value.message + caught.value.hint
    return caught.value


def test_a_refused_connection_is_never_sent() -> None:
    """Nobody listening: said so, with the address."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{unused.getsockname()[1]}"
        problem = _create(Endpoint(f"http://{host}/api/v1"))
    assert host in problem.message


def test_a_name_that_does_not_resolve_is_never_sent() -> None:
    """An address that can't be found is said to be that."""
    problem = _create(Endpoint(f"http://{'x' * 64}.localhost/api/v1"))
    assert "can't be found" in problem.message


def test_no_encryption_where_it_was_expected_is_never_sent(server: Server) -> None:
    """A plain server on an https address gets no request."""
    problem = _create(Endpoint(server.url.replace("http:", "https:")))
    assert "encrypted" in problem.message
    assert server.requests == []


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
def test_an_untrusted_certificate_is_never_sent(tmp_path: Path) -> None:
    """A certificate that nobody vouches for ends it before the key is sent."""
    made = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=canary",
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
    ]
    subprocess.run(["openssl", *made], cwd=tmp_path, check=True, capture_output=True, timeout=PATIENCE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    got: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            connection, _ = listener.accept()
            with connection:
                try:
                    with context.wrap_socket(connection, server_side=True) as secure:
                        got.append(secure.recv(65536))
                except OSError:
                    got.append(b"")

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        problem = _create(Endpoint(f"https://127.0.0.1:{listener.getsockname()[1]}/api/v1"))
        thread.join(30)
    assert "certificate" in problem.message
    assert got == [b""]


def test_a_proxy_of_the_environment_is_used_and_gets_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform is reached through HTTPS_PROXY; a proxy that refuses is named without its password, and learns nothing."""
    with serving() as proxy:
        proxy.play(http(403, "no"))
        for name in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://canary:secret@127.0.0.1:{proxy.port}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        problem = _create(endpoint())
        assert [request.method for request in proxy.requests] == ["CONNECT"]
        assert CANARY not in repr([request.headers for request in proxy.requests])
    assert f"127.0.0.1:{proxy.port}" in problem.message
    assert "secret" not in problem.message + problem.hint


@pytest.mark.parametrize(
    "answer", [hang_up, reset, raw(b"HTTP/1.1 200 Connection established\r\n\r\n"), raw(b"nonsense\r\n\r\n")]
)
def test_a_proxy_that_fails_has_sent_nothing(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tunnel that breaks before there is encryption carried no request, also one without a body."""
    with serving() as proxy:
        proxy.play(answer)
        for name in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"127.0.0.1:{proxy.port}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        _create(endpoint())
        with Bailian(endpoint(), ApiKey.clean(CANARY)) as client, pytest.raises(NeverSent):
            client.cancel_job("ft-1")
        assert [request.method for request in proxy.requests] == ["CONNECT", "CONNECT"]


def test_a_key_of_another_region_is_found_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a 401: the regions that accept the key, or know it and refuse for another reason, are named."""
    with serving() as wrong, serving() as right, serving() as unpaid, serving() as down:
        wrong.play(http(401, {"code": "InvalidApiKey", "message": "Invalid API-key provided."}))
        right.play(http(200, {}))
        unpaid.play(http(403, {"code": "AccessDenied.Unpurchased", "message": "x"}))
        down.play(hang_up)
        regions = tuple(
            Region(code, server.url.removesuffix("/api/v1"), "tunes", "")
            for code, server in {"home": wrong, "a": wrong, "b": right, "c": unpaid, "d": down}.items()
        )
        monkeypatch.setattr(endpoints, "REGIONS", regions)
        assert accepting_regions(ApiKey.clean(CANARY), besides="home", deadlines=DEADLINES) == ("b", "c")


def test_an_unusable_proxy_is_said_to_be_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """SOCKS isn't supported: the hint says what is."""
    for name in ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "socks5://127.0.0.1:1")
    assert "NO_PROXY" in _create(endpoint()).hint


def test_this_computer_is_reached_without_a_proxy(
    server: Server, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sandbox works behind any proxy setting."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.play(http(200, {}))
    platform.prove_key()
    assert len(server.requests) == 1


ISOLATED = """
import json, sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
from wizard.bailian.apikey import ApiKey
from wizard.bailian.client import Bailian
from wizard.bailian.endpoints import endpoint_at
assert "dashscope" not in sys.modules and "httpx" not in sys.modules
with Bailian(endpoint_at(sys.argv[1]), ApiKey.clean(sys.argv[2])) as platform:
    platform.prove_key()
print(json.dumps([name for name in opened if name.endswith((".env", "api_key", ".netrc")) or ".dashscope" in name]))
"""


def test_nothing_but_what_is_given_decides_where_the_key_goes(server: Server, tmp_path: Path) -> None:
    """No configuration of the SDK's is opened, no variable or .env of a stranger's folder changes endpoint, key or workspace."""
    server.play(http(200, {}))
    hostile = {
        "DASHSCOPE_API_KEY": "sk-other-canary-1111111111",
        "DASHSCOPE_BASE_URL": "http://127.0.0.1:9/api/v1",
        "DASHSCOPE_HTTP_BASE_URL": "http://127.0.0.1:9/api/v1",
        "DASHSCOPE_WORKSPACE": "llm-other",
        "DASHSCOPE_REGION": "nowhere",
        "DASHSCOPE_TIMEOUT": "not a number",
        "DASHSCOPE_MAX_RETRIES": "99",
        "http_proxy": "http://127.0.0.1:9",
        "ALL_PROXY": "http://127.0.0.1:9",
    }
    (tmp_path / ".dashscope").mkdir()
    (tmp_path / ".dashscope" / "config.toml").write_text(
        'base_url = "http://127.0.0.1:9"\n', encoding="utf-8"
    )
    (tmp_path / ".dashscope" / "api_key").write_text("sk-other-canary-2222222222", encoding="utf-8")
    (tmp_path / ".env").write_text("DASHSCOPE_HTTP_BASE_URL=http://127.0.0.1:9\n", encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-c", ISOLATED, server.url, CANARY],
        cwd=tmp_path,
        env={
            **os.environ,
            **hostile,
            "HOME": str(tmp_path),
            "USERPROFILE": str(tmp_path),
            "PYTHONPATH": str(Path(__file__).parents[1]),
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout) == []
    (request,) = server.requests
    assert f"Bearer {CANARY}" == request.headers["authorization"]
    assert "x-dashscope-workspace" not in request.headers


def test_another_jobs_answer_is_none(server: Server, platform: Platform) -> None:
    """What is said of another job or file than the one that was asked for says nothing."""
    server.play(*[http(200, {"output": {"job_id": "ft-other", "status": "SUCCEEDED"}})] * 3)
    with pytest.raises(NeverSent):
        platform.job("ft-mine")


@pytest.mark.parametrize("total", [{}, {"total": 1}])
def test_a_list_without_a_true_total_is_read_on(
    total: dict[str, int], server: Server, platform: Platform
) -> None:
    """Pages that are smaller than was asked for, with no total or with one that is too small, are read until one brings nothing."""
    pages = [[{"job_id": f"ft-{page}{each}", "status": "RUNNING"} for each in range(3)] for page in range(2)]
    server.play(*(http(200, {"output": {**total, "jobs": page}}) for page in (*pages, [])))
    assert 6 == len(list(platform.jobs()))
