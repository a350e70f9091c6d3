"""The sandbox as a process: its life, what a kill leaves behind, what it takes and what it never keeps."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from patience import PATIENCE
from sandbox_fixture import (
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
    rows,
    running,
    serving,
    until,
    upload,
)

from wizard.errors import WizardError
from wizard.sandbox import start
from wizard.sandbox.store import StateBusy, Store

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")


def spawn(state: Path, *arguments: str) -> tuple[subprocess.Popen[bytes], str]:
    """The module itself, as a person would start it, and the URL it said."""
    process = subprocess.Popen(
        [sys.executable, "-m", "wizard.sandbox", "--state", str(state), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    said = json.loads(process.stdout.readline())
    assert process.pid == said["pid"]
    return process, said["url"]


def test_one_line_then_silence_until_stdin_closes(tmp_path: Path) -> None:
    """Standard output is one JSON line, nothing is said about requests, and the end of standard input is the end."""
    process, url = spawn(tmp_path, "--until-stdin-closes")
    assert call(url, "GET", f"{NATIVE}/models").status == 200
    assert call(url, "GET", "/nothing").status == 404
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err) == (0, b"", b"")


@pytest.mark.posix("signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_a_clean_end(tmp_path: Path, number: signal.Signals) -> None:
    """SIGTERM and SIGINT end it with 0 and without a word."""
    process, _url = spawn(tmp_path)
    process.send_signal(number)
    assert process.communicate(timeout=PATIENCE) == (b"", b"")
    assert process.returncode == 0


def test_only_this_computer_may_ask(tmp_path: Path) -> None:
    """Another host than loopback is refused as a usage error."""
    command = [sys.executable, "-m", "wizard.sandbox", "--state", str(tmp_path), "--host", "0.0.0.0"]  # noqa: S104 - refused
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "not a loopback address" in done.stderr


def test_requests_under_way_are_finished(tmp_path: Path) -> None:
    """A request that has arrived when standard input ends still gets its answer."""
    with ThreadPoolExecutor(1) as pool, running(tmp_path, commit_delay=0.6) as sandbox:
        sent = pool.submit(upload, sandbox.url, b"x")
        until(lambda: list((tmp_path / "incoming").iterdir()), bool)
        sandbox.close()
        assert sent.result()


def test_start_says_why_it_did_not(tmp_path: Path) -> None:
    """A sandbox that can't come up is a WizardError with the child's own reason and the log's place."""
    (tmp_path / "sandbox.sqlite3").write_bytes(b"not a database" * 1000)
    with pytest.raises(WizardError) as caught:
        start(tmp_path)
    assert "sandbox.sqlite3 was not made by the sandbox" in caught.value.message
    assert str(tmp_path / "sandbox.log") in caught.value.hint


def test_one_process_per_folder(tmp_path: Path) -> None:
    """A second store over the same folder is refused, and the first one still works."""
    with serving(tmp_path) as url:
        with pytest.raises(StateBusy):
            Store(tmp_path, patience=0.1)
        assert upload(url, b"x")


@linux
def test_the_child_knows_no_secrets_and_has_its_own_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its environment has no key, and Ctrl-C in the terminal doesn't reach it."""
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-canary-secret")
    monkeypatch.setenv("SOME_TOKEN", "canary-token")
    with running(tmp_path) as sandbox:
        assert b"canary" not in Path(f"/proc/{sandbox.pid}/environ").read_bytes()
        assert sandbox.pid == os.getsid(sandbox.pid)


@linux
def test_it_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    """Kill -9 of the wizard ends the sandbox too."""
    code = (
        "import sys, time; from pathlib import Path; from wizard.sandbox import start;"
        f"print(start(Path({str(tmp_path)!r})).pid, flush=True); time.sleep(3600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = Path(f"/proc/{int(parent.stdout.readline())}/status")
        assert child.exists()
        parent.kill()
    until(lambda: not child.exists() or "State:\tZ" in child.read_text(), bool)


def test_the_wizard_pays_nothing_for_the_server() -> None:
    """Importing ``wizard.sandbox`` brings in neither starlette nor uvicorn."""
    code = "import sys, wizard.sandbox; sys.exit(any(name in sys.modules for name in ('starlette', 'uvicorn', 'sqlite3')))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_stream_does_not_hold_up_the_end(tmp_path: Path) -> None:
    """Somebody who follows a log is let go when the sandbox ends."""
    process, url = spawn(tmp_path, "--until-stdin-closes", "--speed", "0.1")
    job_id = create(url, upload(url, rows(20)))
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    connection.request("GET", f"{TUNES}/{job_id}/stream", headers={"Authorization": f"Bearer {KEY}"})
    response = connection.getresponse()
    process.communicate(timeout=PATIENCE)
    assert response.read() == b""
    connection.close()
    assert process.returncode == 0


@pytest.mark.posix("signals")
@linux
def test_kill_9_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    """Files and jobs that were answered are there after kill -9, and the job has gone on meanwhile."""
    content = rows(40)
    with running(tmp_path, speed=5) as sandbox:
        file_id = upload(sandbox.url, content)
        job_id = create(sandbox.url, file_id)
        os.kill(sandbox.pid, signal.SIGKILL)
        assert -signal.SIGKILL == sandbox.wait()
    with serving(tmp_path, speed=1) as url:
        (file,) = files(url)
        assert (file_id, hashlib.md5(content).hexdigest()) == (file["file_id"], file["md5"])  # noqa: S324 - the platform's
        assert content == (tmp_path / "files" / file_id).read_bytes()
        assert ended(url, job_id)["status"] == "SUCCEEDED"


@pytest.mark.posix("signals")
@linux
def test_kill_9_within_an_upload_leaves_nothing(tmp_path: Path) -> None:
    """Half a file is never listed, and its bytes are swept away at the next start; what isn't named as ours are stays."""
    with running(tmp_path) as sandbox:
        body, headers = form(("files", "half.jsonl", rows(5000)))
        connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc)
        connection.putrequest("POST", FILES)
        for name, value in {
            **headers,
            "Authorization": f"Bearer {KEY}",
            "Content-Length": str(len(body)),
        }.items():
            connection.putheader(name, value)
        connection.endheaders(body[: len(body) // 2])
        until(lambda: list((tmp_path / "incoming").iterdir()), bool)
        os.kill(sandbox.pid, signal.SIGKILL)
        connection.close()
    renamed_but_not_recorded = tmp_path / "files" / str(uuid.uuid4())
    renamed_but_not_recorded.write_bytes(b"x")
    foreign = [tmp_path / where / "thesis.doc" for where in ("incoming", "files")]
    for path in foreign:
        path.write_bytes(b"years of work")
    with serving(tmp_path) as url:
        assert files(url) == []
        assert foreign == [*(tmp_path / "incoming").iterdir(), *(tmp_path / "files").iterdir()]


@pytest.mark.sweep
@pytest.mark.parametrize("what", ["file", "job"])
def test_the_effect_comes_though_the_client_hung_up(tmp_path: Path, what: str) -> None:
    """With --commit-delay nothing is visible at first; it is committed though nobody waits for the answer."""
    with serving(tmp_path) as url:
        file_id = upload(url, rows(40))
    with serving(tmp_path, commit_delay=1) as url:
        body, headers = form(("files", "second.jsonl", b"x"))
        path = FILES
        if what == "job":
            body, headers, path = json.dumps(creation(file_id)).encode(), {}, TUNES
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        connection.request("POST", path, body, {**headers, "Authorization": f"Bearer {KEY}"})
        time.sleep(0.1)
        connection.close()

        def count() -> int:
            answer = call(url, "GET", path).body
            return int(answer.get("data", answer.get("output"))["total"])

        before = 0 if what == "job" else 1
        assert before == count()
        until(count, lambda seen: seen == before + 1)


def test_two_uploads_at_once(tmp_path: Path) -> None:
    """Uploads that arrive interleaved are kept apart, byte for byte."""
    contents = [bytes([65 + n]) * 3_000_000 for n in range(4)]
    with serving(tmp_path) as url, ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(lambda content: upload(url, content, f"{content[:1].decode()}.jsonl"), contents))
        assert contents == [(tmp_path / "files" / file_id).read_bytes() for file_id in ids]
        assert len(files(url)) == 4


@linux
def test_an_upload_takes_constant_memory(tmp_path: Path) -> None:
    """100 MB go through in less than a quarter of that, and the md5 told is that of the bytes."""
    row = rows(1)
    block = row * (1024 * 1024 // len(row))
    blocks = 100 * 1024 * 1024 // len(block)
    head, tail = (
        b'--b\r\nContent-Disposition: form-data; name="files"; filename="big.jsonl"\r\n\r\n',
        b"\r\n--b--\r\n",
    )
    length = str(len(head) + len(block) * blocks + len(tail))
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": length}
    digest = hashlib.md5(usedforsecurity=False)

    def body() -> Iterator[bytes]:
        yield head
        for _ in range(blocks):
            digest.update(block)
            yield block
        yield tail

    with running(tmp_path) as sandbox:

        def peak() -> int:
            status = Path(f"/proc/{sandbox.pid}/status").read_text()
            return int(status.partition("VmHWM:")[2].split()[0]) * 1024

        assert files(sandbox.url) == []
        before = peak()
        call(sandbox.url, "POST", FILES, body(), headers=headers)
        assert peak() - before < len(block) * blocks / 4
        (file,) = files(sandbox.url)
        assert (len(block) * blocks, digest.hexdigest()) == (file["size"], file["md5"])


def test_the_key_is_nowhere(tmp_path: Path) -> None:
    """A disk that fails is the platform's 500 with a request id; neither log nor state has the key."""
    with serving(tmp_path) as url:
        upload(url, rows(20))
        (tmp_path / "incoming").rmdir()
        body, headers = form(("files", "a", b"x"))
        answer = call(url, "POST", FILES, body, headers=headers)
        (tmp_path / "incoming").mkdir()
        assert (answer.status, answer.body["code"], answer.body["message"]) == (
            500,
            "InternalError",
            "Internal server error!",
        )
        assert answer.headers["x-request-id"] == answer.body["request_id"]
    log = (tmp_path / "sandbox.log").read_bytes()
    assert b"FileNotFoundError" in log
    assert [
        path for path in tmp_path.rglob("*") if path.is_file() and b"0123456789abcdef" in path.read_bytes()
    ] == []
