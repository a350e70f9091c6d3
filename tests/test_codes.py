"""Each code of an error, provoked at the true surface: it comes with its exit code, and says rightly whether to run again."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree

import outputs
import pytest
from bailian_server import CANARY, Answer, Request, hang_up, http
from bailian_server import serving as served
from conftest import DATASETS
from patience import PATIENCE
from sandbox_fixture import TUNES, call, running
from terminal import PROGRAM, environment

from wizard.contract.codes import CODES
from wizard.engine.session import Session

ROOT = Path(__file__).parents[1]
Printed = tuple[int, str]
JOB = "ft-202611270101-abcd"
PATCHED = """
import sys
from wizard import cli
{what}
sys.exit(cli.main(sys.argv[1:]))
"""
BUG = """
from wizard.steps import world
def broken(self, *anything):
    raise RuntimeError("no such thing")
world.World.platform = broken
"""
NO_VOCABULARY = """
from wizard.data import tokens
def missing(cls):
    raise tokens.VocabularyMissing("It isn't where it should be.")
tokens.Tokenizer.load = classmethod(missing)
"""


@dataclass
class Bench:
    """Fresh folders, each with the samples and a state of the user's own, and command lines in them."""

    make: Callable[[str], Path]

    def __post_init__(self) -> None:
        self.folder = self.make("folder")
        self.state = self.make("state")
        copytree(DATASETS, self.folder / "datasets")

    def run(self, *words: str, program: list[str] = PROGRAM, **env: str) -> Printed:
        """Exit code and standard output, with ``--json``."""
        done = subprocess.run(
            [*program, *words, "--json"], cwd=self.folder, env=self.env(**env), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, encoding="utf-8", check=False, timeout=PATIENCE,
        )  # fmt: skip
        return done.returncode, done.stdout

    def env(self, **more: str) -> dict[str, str]:
        """The surroundings of a command here."""
        return environment(self.folder, BAILIAN_WIZARD_STATE=str(self.state), **more)

    def at(self, url: str, *words: str, key: str = CANARY) -> Printed:
        """With the platform at ``url``."""
        return self.run(*words, DASHSCOPE_API_KEY=key, DASHSCOPE_HTTP_BASE_URL=f"{url}/api/v1")

    def answered(self, answer: Answer, *words: str) -> Printed:
        """With a platform that answers so whatever it is asked."""
        with served() as server:
            server.play(answer)
            return self.at(server.url, *words)

    def told(self, job: dict[str, str], *words: str, cancel: Answer = hang_up) -> Printed:
        """With a platform that has one job."""

        def route(request: Request) -> Answer:
            if request.method == "POST":
                return cancel
            logs = {"total": 0, "logs": []}
            return http(
                200,
                {"request_id": "r", "output": logs if "logs" in request.target else {"job_id": JOB, **job}},
            )

        with served() as server:
            server.route = route
            return self.at(server.url, *words)

    def trained(self, url: str, *words: str) -> Printed:
        """Planned, approved and run with every default."""
        digest = outputs.result(self.at(url, "plan", "--yes")[1])["digest"]
        return self.at(url, "run", "--yes", "--approve", digest, *words)


def refusal(status: int, code: str, message: str = "No.") -> Callable[[Bench], Printed]:
    """A platform that refuses to list the jobs."""
    return lambda bench: bench.answered(
        http(status, {"request_id": "r", "code": code, "message": message}), "jobs"
    )


def ended(status: str) -> Callable[[Bench], Printed]:
    """A job that is followed to such an end."""
    return lambda bench: bench.told({"status": status}, "jobs", "watch", JOB)


def limited(bench: Bench) -> Printed:
    (bench.state / "limits.toml").write_text('models = ["qwen3-8b"]\n', "utf-8")
    return bench.run("plan", "--sandbox", "--yes")


def unapproved(bench: Bench) -> Printed:
    with running(bench.make("platform")) as sandbox:
        return bench.at(sandbox.url, "run", "--yes")


def of_another_owner(bench: Bench) -> Printed:
    if os.name == "nt" or os.geteuid():
        pytest.skip("only root can give a folder away")
    (bench.folder / ".wizard").mkdir(mode=0o700)
    os.chown(bench.folder / ".wizard", 12345, 12345)
    return bench.run("status")


def trained_elsewhere(bench: Bench) -> Printed:
    with running(bench.make("platform"), speed=50) as sandbox:
        assert 0 == Bench(bench.make).trained(sandbox.url)[0]
        return bench.trained(sandbox.url)


def of_another_account(bench: Bench) -> Printed:
    with running(bench.make("platform"), speed=50) as sandbox:
        job = outputs.result(bench.trained(sandbox.url)[1])["job"]["id"]
    with running(bench.make("another")) as other:
        return bench.at(other.url, "jobs", "show", job, key="sk-another-0123456789abcdef")


def away(bench: Bench) -> Printed:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    return bench.at(url, "jobs")


def not_sendable(bench: Bench) -> Printed:
    from wizard.bailian.apikey import ApiKey
    from wizard.bailian.client import Bailian
    from wizard.bailian.endpoints import Endpoint
    from wizard.contract.envelope import failure
    from wizard.errors import NeverSent

    empty = bench.folder / "empty.jsonl"
    empty.touch()
    nothing = lambda *_anything: None  # noqa: E731
    with pytest.raises(NeverSent) as raised:
        Bailian(Endpoint("http://127.0.0.1:9/api/v1"), ApiKey.clean(CANARY)).upload(
            empty, name="a", description="", md5="", on_progress=nothing, before_last_byte=nothing
        )
    error = raised.value
    told = failure("run", error.code, error.message, error.hint, sandbox=False, details=error.details)
    return error.exit_code, json.dumps(told)


def unfit(bench: Bench) -> Printed:
    (bench.folder / "own.jsonl").write_text('{"question": "", "answer": 7}\n', "utf-8")
    return bench.run("check", "own.jsonl")


def no_room(bench: Bench) -> Printed:
    return bench.run(
        "check", "datasets/MedQA/questions/Taiwan/dev.jsonl", "--sarif", "nowhere/findings.sarif"
    )


def session_file(content: str) -> Callable[[Bench], Printed]:
    def provoke(bench: Bench) -> Printed:
        state = bench.folder / ".wizard" / "sandbox"
        state.mkdir(parents=True, mode=0o700)
        (state / "session.json").write_text(content, "utf-8")
        return bench.run("plan", "--sandbox", "--yes")

    return provoke


def newer(bench: Bench) -> Printed:
    bench.run("plan", "--sandbox", "--yes", "--set", "training.budget=0.01")
    file = bench.folder / ".wizard" / "sandbox" / "session.json"
    file.write_text(json.dumps(json.loads(file.read_bytes()) | {"schema": 99}), "utf-8")
    return bench.run("plan", "--sandbox", "--yes")


def patched(what: str, *words: str) -> Callable[[Bench], Printed]:
    program = [sys.executable, "-c", PATCHED.format(what=what)]
    return lambda bench: bench.run(*words, program=program, DASHSCOPE_API_KEY=CANARY)


def at_work(bench: Bench) -> Printed:
    state = bench.folder / ".wizard" / "sandbox"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BAILIAN_WIZARD_STATE", str(bench.state))
        with Session.open(state) as session:
            session.save()
            return bench.run("plan", "--sandbox", "--yes")


def gone(bench: Bench) -> Printed:
    with running(bench.make("platform"), speed=0.0001) as sandbox:
        job = outputs.result(bench.trained(sandbox.url)[1])["job"]["id"]
        assert 0 == bench.at(sandbox.url, "jobs", "cancel", job, "--yes")[0]
        assert 7 == bench.at(sandbox.url, "jobs", "wait", job)[0]
        call(sandbox.url, "DELETE", f"{TUNES}/{job}")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("BAILIAN_WIZARD_STATE", str(bench.state))
            with Session.open(bench.folder / ".wizard") as session:  # no job that may yet appear
                from dataclasses import replace

                session.facts["job.created"] = replace(
                    session.facts["job.created"], value="2026-01-01 00:00:00"
                )
                session.save()
        return bench.at(sandbox.url, "run", "--yes", "--watch")


def left(bench: Bench) -> Printed:
    if os.name == "nt":
        pytest.skip("signals")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        env = bench.env(
            DASHSCOPE_API_KEY=CANARY,
            DASHSCOPE_HTTP_BASE_URL=f"http://127.0.0.1:{silent.getsockname()[1]}/api/v1",
        )
        line = [*PROGRAM, "jobs", "--json"]
        process = subprocess.Popen(
            line, cwd=bench.folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        connection, _address = silent.accept()
        with connection:
            process.send_signal(signal.SIGINT)
            out, _said = process.communicate(timeout=PATIENCE)
        return process.returncode, out


SCENARIOS: dict[str, Callable[[Bench], Printed]] = {
    "usage": lambda bench: bench.run("jobs", "shw"),
    "over-budget": lambda bench: bench.run("plan", "--sandbox", "--yes", "--set", "training.budget=0.01"),
    "not-allowed": limited,
    "answers-missing": lambda bench: bench.run("run", "--sandbox"),
    "no-key": lambda bench: bench.run("run", "--yes"),
    "not-approved": unapproved,
    "owner-unknown": of_another_owner,
    "outcome-unknown": lambda bench: bench.told({"status": "RUNNING"}, "jobs", "cancel", JOB, "--yes"),
    "twin-found": trained_elsewhere,
    "decision-needed": of_another_account,
    "bad-key": refusal(401, "InvalidApiKey"),
    "no-permission": refusal(403, "AccessDenied"),
    "arrears": refusal(400, "Arrearage"),
    "quota": refusal(400, "BadRequest.TooMany"),
    "throttled": refusal(429, "Throttling.RateQuota"),
    "not-found": refusal(404, "NotFound"),
    "refused": refusal(400, "Odd"),
    "unreachable": away,
    "not-sent": not_sendable,
    "bad-data": unfit,
    "storage": no_room,
    "session-damaged": session_file("{not a session"),
    "failed": patched(NO_VOCABULARY, "check", "datasets/MedQA/questions/Taiwan/dev.jsonl"),
    "bug": patched(BUG, "jobs"),
    "busy": at_work,
    "session-newer": newer,
    "job-failed": ended("FAILED"),
    "job-canceled": ended("CANCELED"),
    "job-gone": gone,
    "still-running": lambda bench: bench.told(
        {"status": "RUNNING"}, "jobs", "watch", JOB, "--timeout", "0.1"
    ),
    "interrupted": left,
}
SLOW = ("not-approved", "twin-found", "decision-needed", "throttled", "session-newer", "job-gone")


@pytest.mark.parametrize(
    "code", [pytest.param(one, marks=pytest.mark.sweep if one in SLOW else ()) for one in SCENARIOS]
)
def test_each_code_comes_with_what_the_table_says(
    code: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One object with this code, its exit code, and whether the same line may be run again."""
    ended_with, printed = SCENARIOS[code](Bench(tmp_path_factory.mktemp))
    error = outputs.error(printed)
    known = CODES[code]
    assert (code, known.exit, known.retryable) == (error["code"], ended_with, error["retryable"]), error
    assert error["message"]


def test_no_code_is_without_a_scenario() -> None:
    """A new code needs one, and stands in both references and in ``explain``."""
    assert [*CODES] == [*SCENARIOS]
    for page in ("reference.md", "reference.zh-CN.md"):
        text = (ROOT / "docs" / page).read_text("utf-8")
        assert [] == [code for code in CODES if f"| `{code}` |" not in text]


def test_a_code_of_an_error_is_explained(tmp_path_factory: pytest.TempPathFactory) -> None:
    """By ``explain``, however it is written, and all at once."""
    bench = Bench(tmp_path_factory.mktemp)
    for word in ("over-budget", "OVER_BUDGET"):
        (one,) = outputs.listed(bench.run("explain", word)[1])
        assert ("over-budget", 2, False) == (one["code"], one["exit"], one["retryable"])
    assert [*CODES] == [one["code"] for one in outputs.listed(bench.run("explain", "errors")[1])]
