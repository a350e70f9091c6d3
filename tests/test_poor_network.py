"""Owns what a poor network may do to an upload and to watching: the real wizard, the real sandbox, and a line that breaks."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import outputs
import pytest
from bailian_server import CANARY, Answer, Request, Server, cut_at, hang_up, http, reset, serving
from conftest import session_of
from sandbox_fixture import call, ended, running, until
from terminal import PROGRAM, Terminal, environment

from sweeps.proxy import Network, between, instead
from wizard.bailian.apikey import ApiKey
from wizard.bailian.client import Bailian
from wizard.bailian.deadlines import Deadlines
from wizard.bailian.endpoints import Endpoint
from wizard.bailian.logs import Course
from wizard.errors import NeverSent, OutcomeUnknown, Refused, StorageError
from wizard.steps import upload, watch
from wizard.steps.facts import Converted
from wizard.steps.upload import FileUpload
from wizard.ui.pace import Lines, Pace
from wizard.ui.scripted import Scripted

NATIVE = "/api/v1"
# The whole program, its pauses in hundredths: a minute of waiting is not what is to be seen.
HASTY = [sys.executable, "-c", """
import sys
from wizard import cli
from wizard.steps import upload, watch
upload.PAUSES = (0.2,) * 4
watch.FIRST_PAUSE = watch.LONGEST_PAUSE = 0.2
sys.exit(cli.main())
"""]  # fmt: skip
# As a shell starts it: what runs in the background has Ctrl-C ignored.
FOREGROUND = [sys.executable, "-c", """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from wizard import cli
sys.exit(cli.main())
"""]  # fmt: skip


def data(path: Path, size: int) -> Path:
    """About ``size`` bytes of chats."""
    text = "The quick brown fox jumps over the lazy dog. " * 50
    with path.open("w", encoding="utf-8") as file:
        for number in range(max(size // len(text), 40)):
            row = [
                {"role": "user", "content": f"question {number}?"},
                {"role": "assistant", "content": f"{number}: {text if size else 'short'}"},
            ]
            file.write(json.dumps({"messages": row}) + "\n")
    return path


ANSWERS = (
    "--set", "dataset.source=train.jsonl", "--set", "dataset.validation=file", "--set", "dataset.validation_source=check.jsonl",
)  # fmt: skip


class Way:
    """A folder, a sandbox, and the network between them."""

    def __init__(self, folder: Path, url: str, network: Network) -> None:
        self.folder = folder
        self.url = url
        self.network = network
        self.env = environment(
            folder,
            DASHSCOPE_HTTP_BASE_URL=network.url + NATIVE,
            DASHSCOPE_API_KEY=CANARY,
            BAILIAN_WIZARD_LANG="en",
        )

    def run(self, *words: str, program: Sequence[str] = PROGRAM) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*program, *words],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=240,
            check=False,
        )

    def approved(self, *words: str) -> tuple[str, ...]:
        planned = self.run("plan", "--yes", "--json", *ANSWERS, *words)
        assert 0 == planned.returncode, planned.stderr
        return ("run", "--yes", "--approve", outputs.result(planned.stdout)["digest"])

    def jobs(self) -> list[dict[str, Any]]:
        body = call(self.url, "GET", f"{NATIVE}/fine-tunes?page_size=100", key=CANARY).body
        return list(body["output"]["jobs"])

    def files(self) -> list[str]:
        body = call(self.url, "GET", f"{NATIVE}/files?page_size=100", key=CANARY).body
        return sorted(file["name"] for file in body["data"]["files"])

    def uploads(self) -> list[bool]:
        """Of every request that began to upload, whether it came whole."""
        return [
            request.whole
            for request in list(self.network.server.requests)
            if (request.method, request.target) == ("POST", f"{NATIVE}/files")
        ]


@pytest.fixture
def way(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    data(tmp_path / "train.jsonl", 1_500_000)
    data(tmp_path / "check.jsonl", 0)
    with running(tmp_path_factory.mktemp("platform"), speed=1000) as sandbox, between(sandbox.url) as network:
        yield Way(tmp_path, sandbox.url, network)


# Uploads


@pytest.mark.sweep
def test_a_cut_upload_is_sent_again_by_itself(way: Way) -> None:
    """Cut twice before its last byte, a file goes out a third time, unattended, with the waits said; it is there once."""
    words = way.approved()
    way.network.break_down("upload", None, early=cut_at(300_000), times=2)
    done = way.run(*words)
    assert 0 == done.returncode, done.stderr
    assert ["check.jsonl", "train.jsonl"] == way.files()
    assert 1 == len(way.jobs())
    assert [False, False, True, True] == way.uploads()
    assert re.search(r"Connection lost at [\d.]+ KB of 1\.\d MB; again in 4 s \(try 2 of 5\)", done.stderr)
    assert re.search(r"again in 8 s \(try 3 of 5\)", done.stderr)


@pytest.mark.sweep
def test_five_cuts_are_enough(way: Way) -> None:
    """A line that always breaks ends the run with 1 after five tries; nothing is split unasked; the next start goes on."""
    words = way.approved()
    way.network.break_down("upload", None, early=cut_at(300_000))
    done = way.run(*words, program=HASTY)
    assert 1 == done.returncode, done.stderr
    assert [False] * 5 == way.uploads()
    assert [] == way.files()
    assert "could not be sent in 5 tries" in done.stderr
    way.network.heal()
    again = way.run("run", "--yes")
    assert 0 == again.returncode, again.stderr
    assert ["check.jsonl", "train.jsonl"] == way.files()


@pytest.mark.sweep
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_leaving_while_it_waits(way: Way, number: int) -> None:
    """A signal in the pause ends with 130 (143), everything saved; the next start sends the file once."""
    words = way.approved()
    way.network.break_down("upload", None, early=cut_at(300_000), times=1)
    process = subprocess.Popen(
        [*FOREGROUND, *words], cwd=way.folder, env=way.env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    said = ""
    while "again in" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    process.send_signal(number)
    said += process.stderr.read()
    process.stderr.close()
    assert 128 + number == process.wait(), said
    assert "unexpected" not in said
    assert 0 == way.run("run", "--yes").returncode
    assert ["check.jsonl", "train.jsonl"] == way.files()


@pytest.mark.sweep
def test_smaller_parts_are_a_persons_choice(way: Way) -> None:
    """Where the line breaks again and again, a person may choose parts: new files, the review with all of them, a new yes."""
    data(way.folder / "train.jsonl", 6_500_000)
    limit = 5_600_000

    def early(head: Request) -> Answer | None:
        large = head.method == "POST" and int(head.headers.get("content-length", 0)) > limit
        return cut_at(limit) if large else None

    way.network.server.early = early
    with Terminal(
        [*ANSWERS, "--set", "key.save=false"], way.folder, program=HASTY, env=way.env, rows=60
    ) as terminal:
        terminal.answer("Does this look right", "enter")
        terminal.answer("about these rows", "enter")
        terminal.answer("Which model", "enter")
        terminal.answer("How shall it be trained", "enter")
        terminal.answer("recommended settings", "enter")
        terminal.answer("Type yes to upload", "yes", "enter")
        shown = terminal.expect("Send parts of at most 5 MB")
        assert "Smaller parts may get through: leave with Ctrl-C" in shown
        assert [] == way.files()
        before = len(shown)
        terminal.settle()
        terminal.press("up")  # Enter is another try: never an answer that was not seen as one
        terminal.settle()
        terminal.press("enter")
        terminal.answer("about these rows", "enter")  # new files are looked at anew
        terminal.expect(r"Training data \(2 of 2\)", since=before - 200)
        terminal.settle()
        terminal.answer("Type yes to upload", "yes", "enter")
        terminal.expect("✓ Training: SUCCEEDED")
        assert 0 == terminal.end()
    assert ["check.jsonl", "train-part1.jsonl", "train-part2.jsonl"] == way.files()
    (job,) = way.jobs()
    parts = [
        file["file_id"] for file in session_of(way.folder, sandbox=False)["facts"]["upload.files"]["value"]
    ]
    assert parts[:2] == [entry["file_id"] for entry in job["training_datasets"]]


@pytest.mark.sweep
def test_parts_by_an_answer(way: Way) -> None:
    """``--set preview.part_size`` makes several files; every one is in the plan and its digest; the job trains on all."""
    data(way.folder / "train.jsonl", 6_500_000)
    planned = outputs.result(
        way.run("plan", "--yes", "--json", *ANSWERS, "--set", "preview.part_size=5").stdout
    )
    assert ["train", "train-2"] == [
        item["key"] for item in planned["plan"] if item["key"].startswith("train")
    ][:2]
    keys = [item["key"] for item in planned["plan"]]
    assert sorted(set(keys)) == sorted(keys)  # of two lines with one key, one would not count in the digest
    done = way.run("run", "--yes", "--approve", planned["digest"])
    assert 0 == done.returncode, done.stderr
    (job,) = way.jobs()
    assert 2 == len(job["training_datasets"])
    for wrong in ("4", "301", "5.5", "many"):
        assert (
            2
            == way.run(
                "plan", "--yes", *ANSWERS, "--set", f"preview.part_size={wrong}", "--sandbox"
            ).returncode
        )


# One upload, from within


class Platform:
    """Bailian's own client at ``url``, and the effect of one file."""

    def __init__(self, url: str, path: Path, **deadlines: float) -> None:
        patience = Deadlines(
            **{"connect": 20, "read": 60, "upload_idle": 60, "upload_answer": 60, **deadlines}
        )
        self.client = Bailian(Endpoint(url), ApiKey.clean(CANARY), deadlines=patience)
        content = path.read_bytes()
        self.file = Converted(
            role="train",
            path=path.name,
            rows=1,
            size=len(content),
            md5=hashlib.md5(content).hexdigest(),  # noqa: S324 - the platform's checksum
            sha256=hashlib.sha256(content).hexdigest(),
        )
        self.path = path
        self.commits = 0

    def send(self) -> Any:
        effect = FileUpload(
            self.client,
            self.path,
            self.file,
            Scripted(yes=True),
            account="key sk-… at here",
            demand=lambda: None,
        )

        def commit() -> None:
            self.commits += 1

        return effect.send(commit)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses that nobody waits for."""
    monkeypatch.setattr(upload, "PAUSES", (0.01,) * 4)
    monkeypatch.setattr(watch, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(watch, "LONGEST_PAUSE", 0.01)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    ("answer", "early", "raised", "sent"),
    [
        (hang_up, False, OutcomeUnknown, 1),
        (reset, False, OutcomeUnknown, 1),
        (http(500, {"code": "InternalError"}), False, OutcomeUnknown, 1),
        (http(503), False, OutcomeUnknown, 1),
        (http(400, {"code": "InvalidParameter"}), False, Refused, 1),
        (http(413, {"code": "BadRequest.TooLarge"}), True, (Refused, NeverSent), None),
        (reset, True, NeverSent, 5),
        (http(503), True, NeverSent, 5),
    ],
    ids=[
        "cut-after",
        "reset-after",
        "500-after",
        "503-after",
        "refused",
        "refused-early",
        "cut-before",
        "503-before",
    ],
)
def test_only_what_cannot_be_there_is_sent_again(
    answer: Answer, early: bool, raised: Any, sent: int | None, *, server: Server, tmp_path: Path
) -> None:
    """Once the last byte has left there is one request and no second; a refusal is one; a cut before is tried five times."""
    path = tmp_path / "train.jsonl"
    path.write_bytes(b"x" * (64 << 20 if early else 300_000))
    server.play(answer)
    server.before_body = answer if early else None
    platform = Platform(server.url, path)
    with pytest.raises(raised):
        platform.send()
    if sent is not None:
        until(lambda: len(server.requests), lambda count: count >= sent)
        assert sent == len(server.requests)
    assert (0 if early else 1) == platform.commits


@pytest.mark.usefixtures("hasty")
def test_a_changed_file_is_not_tried_again(server: Server, tmp_path: Path) -> None:
    """What a person has to mend is said at once."""
    path = tmp_path / "train.jsonl"
    path.write_bytes(b"x" * 300_000)
    server.play(http(200, {}))
    platform = Platform(server.url, path)
    path.write_bytes(b"y" * 300_000)
    with pytest.raises(NeverSent, match="changed since the preview"):
        platform.send()
    assert 1 == until(lambda: len(server.requests), bool)
    assert 0 == platform.commits


@pytest.mark.usefixtures("hasty")
def test_an_intent_that_cannot_be_saved_is_not_tried_again(server: Server, tmp_path: Path) -> None:
    """What ``commit`` raises comes out as it is, after one request."""
    path = tmp_path / "train.jsonl"
    path.write_bytes(b"x" * 300_000)
    server.play(http(200, {}))
    platform = Platform(server.url, path)
    effect = FileUpload(
        platform.client,
        path,
        platform.file,
        Scripted(yes=True),
        account="key sk-… at here",
        demand=lambda: None,
    )

    def full() -> None:
        raise StorageError("the disk is full")

    with pytest.raises(StorageError):
        effect.send(full)
    assert 1 == until(lambda: len(server.requests), bool)


UPLOADED = {"data": {"uploaded_files": [{"file_id": "file-1", "name": "train.jsonl"}], "failed_uploads": []}}


def throttled(rate: int, pause: float, answer: Answer, came: list[int]) -> Answer:
    """Reads ``rate`` bytes, waits, and so on to the end of the body; ``came`` is what has been read so far."""

    def play(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 15)
        tail = b""
        while piece := connection.recv(rate):
            came.append(len(piece))
            tail = (tail + piece)[-8:]
            if tail.endswith(b"--\r\n"):
                break
            time.sleep(pause)
        answer(connection)

    return play


@pytest.mark.sweep
def test_a_slow_line_that_moves_is_no_standstill(server: Server, tmp_path: Path) -> None:
    """An upload may take many times as long as it may stand still, and longer than any answer may take."""
    path = tmp_path / "train.jsonl"
    path.write_bytes(b"x" * 4_000_000)
    idle = 3.0
    server.before_body = throttled(1 << 14, 0.05, http(200, UPLOADED), [])
    platform = Platform(server.url, path, upload_idle=idle, upload_answer=idle, change=idle, read=idle)
    begun = time.monotonic()
    assert "file-1" == platform.send().id
    assert time.monotonic() - begun > 2 * idle
    assert 1 == len(server.requests)


@pytest.mark.skipif(
    not hasattr(socket, "TCP_NOTSENT_LOWAT"), reason="this system has no limit on what isn't sent"
)
def test_a_bar_is_not_ahead_of_what_has_left(server: Server, tmp_path: Path) -> None:
    """When the other side stops reading, what was handed out is little more than what it got."""
    path = tmp_path / "train.jsonl"
    path.write_bytes(b"x" * 16_000_000)
    came: list[int] = []
    stopped = threading.Event()

    def stop(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 15)
        while sum(came) < 1_000_000:
            came.append(len(connection.recv(1 << 14)))
        stopped.wait(60)

    server.before_body = stop
    platform = Platform(server.url, path, upload_idle=1.0)
    handed: list[int] = []
    try:
        with pytest.raises(NeverSent, match="too long"):
            platform.client.upload(
                path,
                name="train.jsonl",
                description="",
                md5=platform.file.md5,
                on_progress=lambda sent, _total: handed.append(sent),
                before_last_byte=lambda: None,
            )
    finally:
        stopped.set()
    assert handed[-1] - sum(came) < 1_000_000


def test_a_slow_upload_says_how_fast_and_how_long() -> None:
    """Speed over the last half minute, and what is left at that speed; nothing before there is something to say."""
    now = 0.0
    pace = Pace(lambda: now)
    assert "" == pace.words(300_000_000, in_bytes=True)
    for second in range(200):
        now = float(second)
        pace.took(second * 30_720 if second < 100 else 100 * 30_720 + (second - 100) * 15_360)
    done = 100 * 30_720 + 99 * 15_360
    assert f"15.0 KB/s, 0:{(300_000_000 - done) // 15_360 // 60 % 60:02}" != pace.words(
        300_000_000, in_bytes=True
    )
    assert pace.words(300_000_000, in_bytes=True).startswith("15.0 KB/s, 5:")
    assert pace.words(10**15, in_bytes=True).endswith("no end in sight")
    assert not pace.words(300_000_000, in_bytes=False).startswith("15.0")


def test_lines_of_progress_come_however_little_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """A front end without a bar says each tenth, and after a while also less than that."""
    from wizard.ui import pace

    said: list[str] = []
    lines = Lines("Uploading", said.append, in_bytes=True, every=10)
    for done in range(0, 1000, 10):
        lines.update(done, 1000)
    assert [f"Uploading: {tenth}0 %" for tenth in range(1, 10)] == said
    monkeypatch.setattr(pace, "SILENCE", 0.0)
    lines.update(991, 1000)
    assert "Uploading: 99 %" == said[-1]


# Watching


@pytest.mark.sweep
def test_no_single_answer_ends_watching(way: Way) -> None:
    """A burst of 429, refusals, a page that wants a log-in, a gateway in trouble: ``run --watch`` says so and goes on to the end."""
    data(way.folder / "train.jsonl", 0)
    words = way.approved()
    answers = [
        *[http(429, {"code": "Throttling", "message": "Too fast"})] * 5,
        http(401, {"code": "InvalidApiKey", "message": "No"}),
        http(403, "<html>proxy</html>"),
        http(404, {"code": "NotFound", "message": "Not found!"}),
        *[http(429)] * 4,
        http(407, "log in"),
        *[http(302, headers="Location: http://login.invalid/\r\n")] * 3,
        *[http(503)] * 7,
        http(404, {"code": "NotFound", "message": "Not found!"}),
    ]
    left = iter(answers)
    way.network.break_down("get-job", lambda _platform, _request: next(left), times=len(answers))
    done = way.run(*words, "--watch", program=HASTY)
    assert 0 == done.returncode, done.stderr
    assert None is next(left, None)
    assert "No news from the platform" in done.stderr
    assert "SUCCEEDED" in done.stderr


@pytest.mark.sweep
def test_a_log_that_is_refused_ends_nothing(way: Way) -> None:
    """The job's status is what is watched: without any log it is followed to its end."""
    data(way.folder / "train.jsonl", 0)
    words = way.approved()
    way.network.break_down("get-logs", instead(http(404, {"code": "NotFound", "message": "no log"})))
    done = way.run(*words, "--watch", program=HASTY)
    assert 0 == done.returncode, done.stderr


@pytest.mark.sweep
def test_refused_for_good_says_how_to_come_back(way: Way) -> None:
    """A refusal counts after so many looks: exit 5, the job's name, that it doesn't need the wizard, the way back."""
    data(way.folder / "train.jsonl", 0)
    words = way.approved()
    way.network.break_down("get-job", instead(http(403, {"code": "AccessDenied", "message": "No"})))
    done = way.run(*words, "--watch", program=HASTY)
    (job,) = way.jobs()
    assert 5 == done.returncode, done.stderr
    assert f"refused {watch.LOOKS} times in a row to show the job {job['job_id']}" in done.stderr
    assert f"bailian-wizard jobs watch {job['job_id']}" in done.stderr
    way.network.heal()
    ended(way.url, job["job_id"])
    assert 0 == way.run("jobs", "watch", job["job_id"]).returncode
    unknown = way.run("jobs", "watch", "ft-canary-nobody", program=HASTY)
    assert 5 == unknown.returncode, unknown.stderr
    assert "does not need the wizard" not in unknown.stderr


@pytest.mark.sweep
@pytest.mark.parametrize("command", ["run", "jobs"])
def test_ctrl_c_while_watching_leaves(
    command: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SIGINT ends ``run --watch`` and ``jobs watch`` with 130; the job goes on, and the way back is said; a bad network too."""
    data(tmp_path / "train.jsonl", 0)
    data(tmp_path / "check.jsonl", 0)
    with running(tmp_path_factory.mktemp("platform"), speed=0.1) as sandbox, between(sandbox.url) as network:
        way = Way(tmp_path, sandbox.url, network)
        words = way.approved()
        if command == "jobs":
            assert 0 == way.run(*words).returncode
            words = ("jobs", "watch", way.jobs()[0]["job_id"])
        else:
            words = (*words, "--watch", "--json")
            network.break_down("get-job", instead(http(503)))
        process = subprocess.Popen(
            [*FOREGROUND, *words], cwd=tmp_path, env=way.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stderr is not None
        said = ""
        while not re.search("No news|PENDING|QUEUING|RUNNING", said):
            line = process.stderr.readline()
            assert line, said
            said += line
        process.send_signal(signal.SIGINT)
        result, rest = process.communicate()
        said += rest
        assert 130 == process.returncode, said
        (job,) = way.jobs()
        assert f"The job {job['job_id']} goes on without you. To come back: bailian-wizard jobs watch" in said
        assert "unexpected" not in said
        if command == "run":
            assert job["job_id"] == outputs.result(result)["job"]["id"]
        assert job["status"] not in ("CANCELED", "FAILED")


def endless(server: Server, *, looks: int, ahead: Callable[[int], int], width: int = 0) -> list[int]:
    """A job that runs for so many looks, with a log that has always more; returns what is asked of it, line by line."""
    given: list[int] = []
    seen = 0

    def route(request: Request) -> Answer:
        nonlocal seen
        if "/logs" in request.target:
            asked = dict(re.findall(r"(offset|line)=(\d+)", request.target))
            start, count = int(asked["offset"]), int(asked["line"])
            given.append(count)
            lines = [f"{{'loss': 1.5, 'step': {start + n}}} " + "x" * width for n in range(count)]
            return http(200, {"output": {"logs": lines, "total": ahead(start + count)}})
        seen += 1
        status = "SUCCEEDED" if seen > looks else "RUNNING"
        return http(200, {"output": {"job_id": "ft-canary-1", "status": status}})

    server.requests.clear()
    server.route = route
    return given


def followed(server: Server) -> str:
    client = Bailian(Endpoint(server.url), ApiKey.clean(CANARY))
    back = "bailian-wizard"
    watched = watch.follow(client, "ft-canary-1", Scripted(yes=True), pause=0.01, simulated=False, back=back)
    return watched.job.status


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("total", [lambda sent: sent + 1000, lambda _sent: 10**12], ids=["growing", "absurd"])
def test_a_log_without_an_end_is_read_within_bounds(
    total: Callable[[int], int], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long a log says that it is, a look reads no more than its share, a run no more than its own; the job's end counts."""
    monkeypatch.setattr(watch, "LINES_A_LOOK", 3_000)
    monkeypatch.setattr(watch, "LONGEST_LOG", 20_000)
    given = endless(server, looks=12, ahead=total)
    assert "SUCCEEDED" == followed(server)
    looks = len([request for request in server.requests if "/logs" not in request.target])
    assert 13 == looks
    assert sum(given) <= 20_000
    assert sum(given) <= looks * 3_000


@pytest.mark.sweep
@pytest.mark.parametrize("command", ["watch", "logs"])
def test_memory_does_not_grow_with_the_log(command: str, server: Server, tmp_path: Path) -> None:
    """Following or printing twenty times the lines takes hardly more memory than the twentieth."""

    def resident(lines: int) -> int:
        endless(server, looks=3, ahead=lambda _sent: lines, width=2_000)
        env = environment(tmp_path, DASHSCOPE_HTTP_BASE_URL=server.url, DASHSCOPE_API_KEY=CANARY)
        process = subprocess.Popen(
            [*HASTY, "jobs", command, "ft-canary-1"], cwd=tmp_path, env=env, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        _pid, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert 0 == process.returncode
        return used.ru_maxrss

    assert resident(20_000) < 1.2 * resident(1_000)


def test_a_thinned_curve_keeps_its_shape() -> None:
    """Of any number of points at most so many are kept, evenly, with the first and the last; a few stay as they are."""
    course = Course(most=100)
    for step in range(50):
        course.read(str({"step": step, "loss": float(step)}))
    assert tuple((float(step), float(step)) for step in range(50)) == course.training
    for step in range(50, 12_345):
        eval_loss = 1.0 if step % 2 else float("nan")
        course.read(str({"step": step, "loss": float(step), "eval_loss": eval_loss}))
    points = course.training
    assert len(points) <= 101
    assert ((0.0, 0.0), (12_344.0, 12_344.0)) == (points[0], points[-1])
    gaps = {after[0] - before[0] for before, after in itertools.pairwise(points[:-1])}
    assert 1 == len(gaps)
    assert len(course.validation) <= 101


def test_jobs_logs_ends_where_the_log_was(server: Server, tmp_path: Path) -> None:
    """``jobs logs`` prints the log as far as it went when it was asked; one that grows with each page ends too."""
    given = endless(server, looks=0, ahead=lambda sent: max(sent, 1500) + 1000)
    env = environment(
        tmp_path, DASHSCOPE_HTTP_BASE_URL=server.url, DASHSCOPE_API_KEY=CANARY, BAILIAN_WIZARD_LANG="en"
    )
    for words in ((), ("--json",)):
        given.clear()
        done = subprocess.run(
            [*PROGRAM, "jobs", "logs", "ft-canary-1", *words], cwd=tmp_path, env=env, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert 0 == done.returncode, done.stderr
        assert [1000, 1000, 500] == given
        shown: dict[str, Any] = outputs.result(done.stdout) if words else {"logs": done.stdout.splitlines()}
        assert 2500 == len(shown["logs"])
        assert shown.get("whole", True)
