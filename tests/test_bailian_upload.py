"""Sending a file: from disk, once, in constant memory, and only the file that was previewed."""

from __future__ import annotations

import hashlib
import socket
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bailian_server import CANARY, Server, drip, hang, http, reset, serving
from patience import PATIENCE

from wizard.bailian.apikey import ApiKey
from wizard.bailian.client import Bailian
from wizard.bailian.deadlines import Deadlines
from wizard.bailian.endpoints import Endpoint
from wizard.bailian.service import RemoteFile
from wizard.errors import NeverSent, OutcomeUnknown, Refused, StorageError

DEADLINES = Deadlines(*[PATIENCE] * 5)
UPLOADED = {"data": {"uploaded_files": [{"file_id": "file-1", "name": "训练.jsonl"}], "failed_uploads": []}}


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        running.play(http(200, UPLOADED))
        yield running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "converted.jsonl"
    path.write_bytes(b'{"messages": []}\n' * 200_000)
    return path


def upload(
    server: Server,
    path: Path,
    *,
    md5: str | None = None,
    on_progress: Callable[[int, int], None] = lambda _sent, _total: None,
    before_last_byte: Callable[[], None] = lambda: None,
    deadlines: Deadlines = DEADLINES,
) -> RemoteFile:
    with Bailian(
        Endpoint(server.url, workspace="llm-canary"), ApiKey.clean(CANARY), deadlines=deadlines
    ) as platform:
        return platform.upload(
            path,
            name="训练.jsonl",
            description="训练集",
            md5=md5 or hashlib.md5(path.read_bytes()).hexdigest(),  # noqa: S324 - the platform's checksum
            on_progress=on_progress,
            before_last_byte=before_last_byte,
        )


def test_a_file_arrives_as_it_is_on_disk(server: Server, path: Path) -> None:
    """Purpose, description, name and every byte are on the wire; key and workspace in the head; nothing is compressed."""
    content = path.read_bytes()
    remote = upload(server, path)
    assert (
        RemoteFile(
            "file-1",
            "训练.jsonl",
            len(content),
            hashlib.md5(content).hexdigest(),  # noqa: S324 - the platform's checksum
            description="训练集",
            purpose="fine-tune",
        )
        == remote
    )
    (request,) = server.requests
    assert request.target == "/api/v1/files"
    assert content in request.body
    head = request.body.replace(content, b"").decode()
    assert 'name="purpose"\r\n\r\nfine-tune\r\n' in head
    assert 'name="descriptions"\r\n\r\n训练集\r\n' in head
    assert 'name="files"; filename="训练.jsonl"' in head
    assert f"Bearer {CANARY}" == request.headers["authorization"]
    assert (request.headers["x-dashscope-workspace"], request.headers["accept-encoding"]) == (
        "llm-canary",
        "identity",
    )


def test_progress_only_grows_and_the_last_byte_is_announced_once(server: Server, path: Path) -> None:
    """``before_last_byte`` comes once, before the end is reported; progress runs from nothing to all."""
    seen: list[int | str] = []
    upload(
        server,
        path,
        on_progress=lambda sent, total: seen.append(sent if total == path.stat().st_size else -1),
        before_last_byte=lambda: seen.append("last"),
    )
    assert seen.count("last") == 1
    assert seen.index("last") == len(seen) - 2
    numbers = [number for number in seen if isinstance(number, int)]
    assert numbers == sorted(numbers)
    assert (0, path.stat().st_size) == (numbers[0], numbers[-1])


def test_a_large_file_is_never_in_memory(server: Server, tmp_path: Path) -> None:
    """What the client allocates stays far below the size of the file."""
    path = tmp_path / "large.jsonl"
    with path.open("wb") as file:
        file.truncate(64 << 20)
    server.before_body = _swallow(UPLOADED)
    md5 = _zeros(64 << 20)
    with Bailian(Endpoint(server.url), ApiKey.clean(CANARY)):
        pass  # what is imported for the first client of a process is not counted
    tracemalloc.start()
    try:
        upload(server, path, md5=md5)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


def _zeros(size: int) -> str:
    return hashlib.md5(bytes(size)).hexdigest()  # noqa: S324 - the platform's checksum


def _swallow(answer: dict[str, Any]) -> Callable[[socket.socket], None]:
    """Read a body away without keeping it (up to its closing boundary), then answer."""

    def play(connection: socket.socket) -> None:
        tail = b""
        while piece := connection.recv(1 << 20):
            tail = (tail + piece)[-64:]
            if tail.endswith(b"--\r\n"):
                break
        http(200, answer)(connection)

    return play


@pytest.mark.parametrize("change", ["other bytes", "longer", "shorter", "replaced while it is sent"])
def test_a_changed_file_is_not_sent(change: str, server: Server, path: Path) -> None:
    """A file that isn't the previewed one is given up before its last byte, which says so."""
    content = path.read_bytes()
    md5 = hashlib.md5(content).hexdigest()  # noqa: S324 - the platform's checksum
    last: list[bool] = []

    def meddle(sent: int, _total: int) -> None:
        if change == "longer" and sent == 0:
            with path.open("ab") as file:
                file.write(b"{}\n")
        elif change == "shorter" and sent == 0:
            with path.open("r+b") as file:
                file.truncate(len(content) // 2)
        elif change == "replaced while it is sent" and sent == 0:
            path.write_bytes(b"x" * len(content))

    if change == "other bytes":
        path.write_bytes(content[:-2] + b" \n")
    with pytest.raises(NeverSent, match="changed since the preview"):
        upload(server, path, md5=md5, on_progress=meddle, before_last_byte=lambda: last.append(True))
    assert last == []
    assert not any(request.whole for request in server.requests)


@pytest.mark.parametrize("what", ["missing", "empty", "folder"])
def test_a_file_that_cannot_be_sent_is_said_before_anything_is(
    what: str, server: Server, tmp_path: Path
) -> None:
    """No request goes out for a file that isn't there, has nothing in it, or isn't a file."""
    path = tmp_path / "odd.jsonl"
    if what == "empty":
        path.touch()
    elif what == "folder":
        path.mkdir()
    with pytest.raises(NeverSent, match=r"odd\.jsonl"):
        upload(server, path, md5="0" * 32)
    assert server.requests == []


@pytest.mark.parametrize("problem", [KeyboardInterrupt(), StorageError("disk full"), RuntimeError("a bug")])
def test_what_a_callback_raises_ends_the_upload_unmade(
    problem: BaseException, server: Server, path: Path
) -> None:
    """An interrupt, or a session that can't be saved before the last byte, comes out as it is, and nothing has arrived."""

    def fail(*_: object) -> None:
        raise problem

    with pytest.raises(type(problem)) as caught:
        upload(server, path, on_progress=fail)
    assert problem is caught.value
    with pytest.raises(type(problem)) as caught:
        upload(server, path, before_last_byte=fail)
    assert problem is caught.value
    assert not any(request.whole for request in server.requests)


def test_an_interrupt_halfway_leaves_nothing(server: Server, path: Path) -> None:
    """Ctrl-C before the last byte: the platform never has the whole request."""

    def halfway(sent: int, total: int) -> None:
        if sent > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upload(server, path, on_progress=halfway)
    assert not any(request.whole for request in server.requests)


def test_a_refusal_in_the_middle_is_heard(server: Server, tmp_path: Path) -> None:
    """A platform that says no before it has read the file is understood, whether or not its words survive the cut."""
    path = tmp_path / "large.jsonl"
    with path.open("wb") as file:
        file.truncate(32 << 20)
    server.before_body = http(413, {"code": "BadRequest.TooLarge", "message": "Too large"})
    with pytest.raises((Refused, NeverSent)):
        upload(server, path, md5=_zeros(32 << 20))


def test_trouble_in_the_middle_is_never_sent(server: Server, tmp_path: Path) -> None:
    """A 5xx is unknown after the last byte, and harmless before it."""
    path = tmp_path / "large.jsonl"
    with path.open("wb") as file:
        file.truncate(32 << 20)
    server.before_body = http(503)
    with pytest.raises(NeverSent):
        upload(server, path, md5=_zeros(32 << 20))


def test_a_cut_before_the_end_is_never_sent(server: Server, tmp_path: Path) -> None:
    """A connection that breaks while the file is on its way can't have made anything."""
    path = tmp_path / "large.jsonl"
    with path.open("wb") as file:
        file.truncate(32 << 20)
    server.before_body = reset
    with pytest.raises(NeverSent):
        upload(server, path, md5=_zeros(32 << 20))


def test_a_standstill_ends(server: Server, tmp_path: Path) -> None:
    """An upload that doesn't move is given up after the idle time, however much is left."""
    path = tmp_path / "large.jsonl"
    with path.open("wb") as file:
        file.truncate(32 << 20)
    server.before_body = hang
    with pytest.raises(NeverSent, match="too long"):
        upload(server, path, md5=_zeros(32 << 20), deadlines=replace(DEADLINES, upload_idle=0.5))


@pytest.mark.parametrize("answer", [hang, drip, reset])
def test_silence_after_the_end_is_unknown(
    answer: Callable[[socket.socket], None], server: Server, path: Path
) -> None:
    """Once all bytes are out, a missing answer means that the file may be there."""
    server.play(answer)
    with pytest.raises(OutcomeUnknown):
        upload(server, path, deadlines=replace(DEADLINES, upload_answer=0.5))
    assert [request.whole for request in server.requests] == [True]


def test_a_failed_upload_inside_a_success_is_a_refusal(server: Server, path: Path) -> None:
    """HTTP 200 with our file among ``failed_uploads`` is a no, with the platform's reason."""
    failed = {
        "name": "训练.jsonl",
        "code": "BadRequest.TooMany",
        "message": "Out of number, <10> of <10> files",
    }
    server.play(http(200, {"request_id": "r-1", "data": {"uploaded_files": [], "failed_uploads": [failed]}}))
    with pytest.raises(Refused, match="Out of number") as caught:
        upload(server, path)
    assert (caught.value.platform_code, caught.value.request_id) == ("BadRequest.TooMany", "r-1")


def test_an_upload_without_an_id_is_unknown(server: Server, path: Path) -> None:
    """A success that doesn't say under which id the file is there is not one."""
    server.play(http(200, {"data": {"uploaded_files": [{"name": "训练.jsonl"}], "failed_uploads": []}}))
    with pytest.raises(OutcomeUnknown):
        upload(server, path)


def test_a_failed_upload_without_a_known_reason_is_unknown(server: Server, path: Path) -> None:
    """Also among ``failed_uploads`` only a code that is known to refuse is a no; trouble of the platform's isn't one."""
    failed = {"name": "训练.jsonl", "code": "InternalError.Timeout", "message": "Timed out."}
    server.play(http(200, {"data": {"uploaded_files": [], "failed_uploads": [failed]}}))
    with pytest.raises(OutcomeUnknown, match="Timed out"):
        upload(server, path)


def test_a_success_before_the_end_is_none(server: Server, tmp_path: Path) -> None:
    """An id that is given before the last byte has left is no file's: nothing was made, and it can be sent again."""
    path = tmp_path / "large.jsonl"
    with path.open("wb") as file:
        file.truncate(32 << 20)
    server.before_body = http(200, UPLOADED)
    with pytest.raises(NeverSent):
        upload(server, path, md5=_zeros(32 << 20))
