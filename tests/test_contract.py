"""What scripts and programs can rely on: one object whatever happens, and a plan that is exactly what was approved."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from threading import Thread
from typing import Any

import outputs
import pytest
from bailian_server import CANARY
from conftest import DATASETS, Command
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from patience import PATIENCE
from sandbox_fixture import running
from terminal import PROGRAM, environment

from wizard.contract import envelope, forms, schema
from wizard.contract.codes import CODES
from wizard.engine.step import Field, Unacceptable

PLAN = ("plan", "--sandbox", "--yes", "--json")
RUN = ("run", "--sandbox", "--yes", "--json")


@pytest.mark.parametrize(
    "words",
    [
        ("jobs", "shw", "--json"), ("--json",), ("plan", "--json", "--set"), ("run", "--json", "--lang", "xx"),
        ("convert", "--json"), ("convert", "nowhere.csv", "out.jsonl", "--json"), ("check", "nowhere.csv", "--json"),
        ("why", "a.csv", "--json"), ("explain", "NOTHING", "--json"), ("sessions", "open", "nothing", "--sandbox", "--json"),
        ("plan", "--json", "--set", "training.n_epoch=3"), ("jobs", "show", "../x", "--json"), ("run", "none.json", "--json"),
        ("plan", "--json=1"), ("run", "--events=1"),
    ],
)  # fmt: skip
def test_an_error_is_one_object_too(command: Command, words: tuple[str, ...]) -> None:
    """Also what can't be understood: standard output has the envelope with an error whose exit code is the table's, standard error the words."""
    done = command(*words)
    error = outputs.error(done.stdout)
    assert (CODES[error["code"]].exit, CODES[error["code"]].retryable) == (
        done.returncode,
        error["retryable"],
    )
    assert error["message"] in done.stderr.replace("\n  ", "\n")


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that takes a connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.mark.posix("signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_is_one_object_too(folder: Path, silent: socket.socket, number: int) -> None:
    """Whichever signal ends it: the exit code says which."""
    url = f"http://127.0.0.1:{silent.getsockname()[1]}/api/v1"
    process = subprocess.Popen(
        [*PROGRAM, "jobs", "list", "--json"],
        cwd=folder,
        env=environment(folder, DASHSCOPE_API_KEY="sk-0123456789abcdef0123", DASHSCOPE_HTTP_BASE_URL=url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    connection, _address = silent.accept()
    with connection:
        process.send_signal(number)
        out, _said = process.communicate(timeout=PATIENCE)
    assert "interrupted" == outputs.error(out)["code"]
    assert process.returncode == (130 if number == signal.SIGINT else 128 + number)


@pytest.mark.posix("/dev/full")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("words", [("models", "--json"), ("schema", "outputs"), ("explain", "--json")])
def test_a_result_that_nobody_gets_is_no_success(folder: Path, words: tuple[str, ...]) -> None:
    """On a full disk or a closed stream the exit code isn't 0, and no traceback comes."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*PROGRAM, *words],
            cwd=folder,
            env=environment(folder),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            text=True,
        )
    assert (1, False) == (done.returncode, "Traceback" in done.stderr), done.stderr
    closed = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *PROGRAM, *words], cwd=folder, env=environment(folder), stderr=subprocess.PIPE, check=False, text=True
    )  # fmt: skip
    assert (1, False) == (closed.returncode, "Traceback" in closed.stderr), closed.stderr


def test_the_schema_is_json_schema_and_names_every_command(command: Command) -> None:
    """``schema outputs`` prints it; each command that has ``--json`` has a form, and each code stands in it."""
    printed = json.loads(command("schema", "outputs").stdout)
    Draft202012Validator.check_schema(printed)
    names = {outputs.named(one) for one in printed["anyOf"]}
    assert {envelope.schema_of(one) for one in (None, *forms.RESULTS)} == names
    (error,) = [one for one in printed["anyOf"] if outputs.named(one) == envelope.schema_of(None)]
    assert [*CODES] == error["properties"]["error"]["properties"]["code"]["enum"]


def test_what_programs_rely_on_stays() -> None:
    """The schemas are those that were published; what changes them is renewed knowingly: ``python -m tools.outputs``."""
    kept = Path(__file__).parents[1] / "docs" / "outputs.schema.json"
    assert json.loads(kept.read_text("utf-8")) == schema.outputs()


NUMBERS = st.floats(min_value=1e-9, max_value=1e9, allow_nan=False)


@given(NUMBERS)
def test_equal_numbers_are_one_answer(value: float) -> None:
    """However a learning rate is written, equal ones are the same text, which says that number."""
    field = Field(key="training.learning_rate", kind="decimal", label="")
    written = {
        field.accept(form)
        for form in (value, repr(value), f"{value!r}".upper(), f" {value!r} ", f"{value!r}".replace("e", "E"))
    }
    assert 1 == len(written)
    assert value == float(written.pop())


@given(st.sampled_from(["nan", "inf", "-Infinity", "", "1e", "0x1", "1,5"]) | st.booleans())
def test_what_is_no_number_is_refused(value: Any) -> None:
    """In a sentence."""
    with pytest.raises(Unacceptable):
        Field(key="training.learning_rate", kind="decimal", label="").accept(value)


@pytest.mark.sweep
def test_equal_answers_give_one_digest(command: Command, folder: Path) -> None:
    """1e-4, 0.0001, 1E-4 and a TOML float make one plan."""
    (folder / "a.toml").write_text("[training]\nlearning_rate = 0.0001\n", "utf-8")
    ways = [("--set", f"training.learning_rate={one}") for one in ("1e-4", "0.0001", "1E-4")]
    ways.append(("--answers", "a.toml"))
    assert 1 == len({outputs.result(command(*PLAN, *way).stdout)["digest"] for way in ways})


@pytest.mark.sweep
def test_what_is_refused_keeps_nothing(command: Command, folder: Path) -> None:
    """A file of answers one of which is wrong leaves the plan as it was without it; an empty value is no answer, and lifts no budget."""
    before = outputs.result(command(*PLAN).stdout)["digest"]
    (folder / "a.toml").write_text("[training]\nn_epochs = 7\ntype = 'dpo_full'\n", "utf-8")
    refused = command(*PLAN, "--answers", "a.toml")
    assert ("usage", 2) == (outputs.error(refused.stdout)["code"], refused.returncode)
    again = outputs.result(command(*PLAN).stdout)
    assert (before, []) == (again["digest"], again["earlier"])
    assert 2 == command(*PLAN, "--set", "training.budget=").returncode
    assert "over-budget" == outputs.error(command(*PLAN, "--set", "training.budget=0.01").stdout)["code"]


@pytest.mark.sweep
def test_an_answer_of_an_earlier_call_is_said(command: Command) -> None:
    """What an earlier call was given and this one was not counts, and is named on both streams."""
    given = outputs.result(command(*PLAN, "--set", "training.n_epochs=2").stdout)
    assert [] == given["earlier"]
    later = command(*PLAN)
    told = outputs.result(later.stdout)
    assert (given["digest"], [{"key": "training.n_epochs", "value": 2}]) == (told["digest"], told["earlier"])
    assert "training.n_epochs=2" in later.stderr


@pytest.mark.parametrize(
    ("words", "own"),
    [
        (("plan", "--sandbox", "--yes", "--json", "--out"), '{\n  "schema": "bailian-wizard/plan-file/1"'),
        (("check", "datasets/MedQA/questions/Taiwan/dev.jsonl", "--no-stats", "--json", "--sarif"), '{"version": "2.1.0"'),
    ],
)  # fmt: skip
def test_no_result_takes_the_place_of_something_else(
    command: Command, folder: Path, words: tuple[str, ...], own: str
) -> None:
    """Where the file that a plan or findings shall go to has data or a key in it, it stays as it is and the error is one of usage; an earlier result, or an empty file, makes room."""
    file = folder / "there"
    for other in ('{"question": "Q", "answer": "A"}\n', "DASHSCOPE_API_KEY=x\n", '{"schema": 1}', "\n"):
        file.write_text(other)
        done = command(*words, "there")
        assert (2, "usage", other) == (done.returncode, outputs.error(done.stdout)["code"], file.read_text())
    for earlier in ("", own):
        file.write_text(earlier)
        done = command(*words, "there")
        assert 0 == done.returncode, done.stdout
        assert file.read_text() not in ("", own)


@pytest.mark.posix("a file that refuses to be read")
def test_a_disk_that_refuses_is_told_as_the_disk(command: Command) -> None:
    """Data whose very first bytes can't be read are no bug of the program."""
    memory = Path("/proc/self/mem")
    if not memory.exists():
        pytest.skip("no such file here")
    error = outputs.error(command("check", str(memory), "--json").stdout)
    assert "bug" != error["code"]
    assert CODES[error["code"]].exit == 1


def test_a_plan_file_with_another_digest_names_what_differs(command: Command, folder: Path) -> None:
    """Where only its digest was changed, that is what is named."""
    command(*PLAN, "--out", "plan.json")
    kept = json.loads((folder / "plan.json").read_text())
    (folder / "plan.json").write_text(json.dumps({**kept, "digest": "0" * 32}))
    error = outputs.error(
        command("run", "plan.json", "--sandbox", "--json", "--approve", kept["digest"]).stdout
    )
    assert ("not-approved", True) == (error["code"], error["message"].endswith("digest"))


@pytest.mark.sweep
def test_a_plan_is_run_elsewhere_as_it_was_approved(
    command: Command, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """From another folder with the same data it is the same plan; with one byte of the data changed nothing is sent, and the line is named."""
    file = folder / "plan.json"
    planned = outputs.result(command(*PLAN, "--out", str(file), "--set", "training.n_epochs=2").stdout)
    other = tmp_path_factory.mktemp("other")

    def run(*words: str) -> tuple[int, str]:
        done = subprocess.run(
            [*PROGRAM, "run", str(file), "--sandbox", "--json", *words], cwd=other, env=environment(other), capture_output=True, text=True, check=False
        )  # fmt: skip
        return done.returncode, done.stdout

    train = next(
        path
        for path in (folder / "datasets").rglob("train.jsonl")
        if "Mainland" in str(path) and "4_options" in str(path)
    )
    before = train.read_bytes()
    first, *rest = before.splitlines(keepends=True)
    row = json.loads(first)
    train.write_bytes(
        json.dumps({**row, "question": f"{row['question']} "[1:]}).encode() + b"\n" + b"".join(rest)
    )
    code, printed = run("--approve", planned["digest"])
    assert (3, "not-approved") == (code, outputs.error(printed)["code"])
    assert planned["digest"] != outputs.result(printed)["digest"]
    train.write_bytes(before)
    code, printed = run("--approve", planned["digest"])
    assert 0 == code, printed
    told = outputs.result(printed)
    assert (planned["digest"], 2) == (told["digest"], told["job"]["settings"]["n_epochs"])
    assert (0, told["job"]["id"]) == (
        (again := run("--approve", planned["digest"]))[0],
        outputs.result(again[1])["job"]["id"],
    )


@pytest.mark.sweep
def test_a_job_is_one_object_wherever_it_is_told_of(command: Command) -> None:
    """``run``, ``jobs show``, ``jobs list`` and ``sessions`` tell of it alike, but for when it was asked and what only its log tells."""
    ran = outputs.result(command(*RUN, "--watch").stdout)["job"]
    shown = outputs.result(command("jobs", "show", ran["id"], "--sandbox", "--json").stdout)["job"]
    (listed,) = outputs.listed(command("jobs", "--sandbox", "--json").stdout)
    (session,) = outputs.listed(command("sessions", "--sandbox", "--json").stdout)
    told = [{**one, "asked": None, "last_loss": None} for one in (ran, shown, listed)]
    assert [told[0]] * 2 == told[1:]
    kept = session["job"]
    sent = kept.pop("settings")  # what was sent; the platform tells those besides that it chose
    assert sent.items() <= ran["settings"].items()
    assert {name: value for name, value in kept.items() if value is not None} == {
        name: ran[name] for name, value in kept.items() if value is not None
    }
    assert ran["last_loss"] == shown["last_loss"]
    assert ran["training_files"][0]["sha256"] is not None
    metrics = outputs.result(command("jobs", "metrics", ran["id"], "--sandbox", "--json").stdout)
    losses = [one["loss"] for one in metrics["metrics"] if one["loss"] is not None]
    assert (True, losses[-1]) == (metrics["whole"], ran["last_loss"]["training"])
    assert all(
        isinstance(one["learning_rate"], float) for one in metrics["metrics"] if one["loss"] is not None
    )


@dataclass(frozen=True)
class Elsewhere:
    """Two computers of one account: what one has trained, the other one is about to train again."""

    url: str
    folders: tuple[Path, Path]
    states: tuple[Path, Path]

    def run(self, which: int, *words: str) -> tuple[int, str]:
        """A command line there: exit code, standard output."""
        given = {"DASHSCOPE_API_KEY": CANARY, "DASHSCOPE_HTTP_BASE_URL": f"{self.url}/api/v1"}
        env = environment(self.folders[which], BAILIAN_WIZARD_STATE=str(self.states[which]), **given)
        done = subprocess.run(
            [*PROGRAM, *words, "--json"], cwd=self.folders[which], env=env, capture_output=True, text=True, check=False
        )  # fmt: skip
        return done.returncode, done.stdout

    def trained(self, which: int, *words: str) -> tuple[int, str]:
        """The defaults, planned and approved."""
        _code, planned = self.run(which, "plan", "--yes")
        return self.run(which, "run", "--yes", "--approve", outputs.result(planned)["digest"], *words)

    def jobs(self) -> list[Any]:
        """What there is on the platform."""
        return outputs.listed(self.run(0, "jobs")[1])


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    """The first one has trained."""
    with running(tmp_path_factory.mktemp("platform"), speed=50) as sandbox:
        folders, states = (
            (tmp_path_factory.mktemp(name), tmp_path_factory.mktemp(name)) for name in ("here", "state")
        )
        for folder in folders:
            copytree(DATASETS, folder / "datasets")
        made = Elsewhere(sandbox.url, folders, states)
        assert 0 == made.trained(0)[0]
        yield made


@pytest.mark.sweep
def test_a_twin_is_decided_without_a_terminal(elsewhere: Elsewhere) -> None:
    """Exit 4 names what is there and what of it equals the plan; only its own digest decides; taking it creates nothing, again does, leaving changes nothing."""
    (first,) = elsewhere.jobs()
    code, printed = elsewhere.trained(1)
    error = outputs.error(printed)
    details = error["details"]
    (candidate,) = details["candidates"]
    assert (4, "twin-found", first["id"]) == (code, error["code"], candidate["id"])
    assert {"model", "training_type", "n_epochs", "learning_rate"} <= set(candidate["equal"])
    assert ["job_name"] == candidate["different"]
    assert {first["id"], "another", "leave"} == set(details["choices"])
    resolve = ("run", "--yes", "--resolve")
    for words in ((first["id"], "--approve", "0" * 32), ("leave", "--approve", details["digest"])):
        code, printed = elsewhere.run(1, *resolve, *words)
        assert (4, "twin-found") == (code, outputs.error(printed)["code"])
        assert details == outputs.error(printed)["details"]
    assert 2 == elsewhere.run(1, *resolve, "ft-other", "--approve", details["digest"])[0]
    assert 2 == elsewhere.run(1, *resolve, first["id"])[0]
    assert 1 == len(elsewhere.jobs())
    code, printed = elsewhere.run(1, *resolve, first["id"], "--approve", details["digest"])
    assert (0, first["id"]) == (code, outputs.result(printed)["job"]["id"])
    assert 1 == len(elsewhere.jobs())


@pytest.mark.sweep
def test_another_one_is_created_only_by_its_own_decision(elsewhere: Elsewhere) -> None:
    """``again`` creates one job, once: run again it is that one."""
    details = outputs.error(elsewhere.trained(1)[1])["details"]
    for _time in range(2):
        code, printed = elsewhere.run(1, "run", "--yes", "--resolve", "again", "--approve", details["digest"])
        assert 0 == code, printed
        assert 2 == len(elsewhere.jobs())


@pytest.mark.sweep
def test_events_tell_what_happens_in_order(command: Command) -> None:
    """Each line is as its schema says; the plan comes before the uploads, these before the job, and last the object that --json prints."""
    done = command(*RUN[:-1], "--watch", "--events", "--quiet")
    assert ("", 0) == (done.stderr, done.returncode)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    validator = Draft202012Validator(outputs.closed(schema.events()))
    assert [] == [str(fault.message)[:200] for one in told for fault in validator.iter_errors(one)]
    order = list(dict.fromkeys(one["event"] for one in told if one["event"] != "warning"))
    assert ["plan", "upload", "job", "status", "metric", "result"] == order
    uploads = [one for one in told if one["event"] == "upload"]
    assert all(one["sent"] <= one["size"] for one in uploads)
    last = told[-1]
    result = {name: value for name, value in last.items() if name not in ("event", "at", "form")} | {
        "schema": last["form"]
    }
    job = outputs.result(json.dumps(result))["job"]
    statuses = [one["status"] for one in told if one["event"] == "status"]
    assert (job["status"], {job["id"]}) == (statuses[-1], {one["job_id"] for one in told if "job_id" in one})
    losses = [one["loss"] for one in told if one["event"] == "metric" and one["loss"] is not None]
    assert losses[-1] == job["last_loss"]["training"]


@pytest.mark.sweep
def test_what_is_done_already_is_no_error(command: Command) -> None:
    """To cancel a job that has ended, to delete a file that is gone, to wait for what has ended: 0, and said what is so."""
    job = outputs.result(command(*RUN, "--watch").stdout)["job"]["id"]
    again = outputs.result(command("jobs", "cancel", job, "--sandbox", "--yes", "--json").stdout)
    assert (False, "SUCCEEDED") == (again["cancelled"], again["status"])
    (waited,) = outputs.result(command("jobs", "wait", job, job, "--sandbox", "--json").stdout)["jobs"]
    assert "SUCCEEDED" == waited["status"]
    first = outputs.result(command("files", "delete", "--unused", "--sandbox", "--yes", "--json").stdout)[
        "files"
    ]
    assert [True] * 2 == [one["deleted"] for one in first]
    for ids in ([one["file_id"] for one in first], ["--unused"]):
        later = outputs.result(command("files", "delete", *ids, "--sandbox", "--yes", "--json").stdout)[
            "files"
        ]
        assert {(False, True)} >= {(one["deleted"], one["gone"]) for one in later}
    assert 2 == command("files", "delete", "--sandbox", "--yes").returncode


@pytest.mark.sweep
def test_what_a_session_needs_is_not_unused(command: Command) -> None:
    """While its job goes on, nothing that it trains on is deleted as unused."""
    job = outputs.result(command(*RUN).stdout)["job"]
    state = command("files", "delete", "--unused", "--sandbox", "--yes", "--json")
    ended = outputs.result(command("jobs", "show", job["id"], "--sandbox", "--json").stdout)["job"]["status"]
    assert [] == outputs.result(state.stdout)["files"] or ended in ("SUCCEEDED", "FAILED")


@pytest.mark.sweep
def test_sessions_stand_beside_each_other(command: Command, folder: Path) -> None:
    """With --dir each has its own session and job on the same data; a time that is over leaves the job alone, with 8."""
    jobs = set()
    for rate in ("1e-5", "1e-4", "2e-4"):
        where = ("--dir", f"rate-{rate}", "--set", f"dataset.source={folder / 'datasets'}")
        ran = command(*RUN, *where, "--set", f"training.learning_rate={rate}", "--watch", "--timeout", "0.01")
        error = outputs.error(ran.stdout)
        assert (8, "still-running", True) == (ran.returncode, error["code"], error["retryable"])
        jobs.add((error["details"]["job"]["id"], error["details"]["job"]["settings"]["learning_rate"]))
    assert {1e-5, 1e-4, 2e-4} == {rate for _job, rate in jobs}
    assert 3 == len({job for job, _rate in jobs})
    assert 2 == command("status", "--dir", "nowhere", "--sandbox").returncode


@pytest.mark.sweep
def test_what_was_not_sent_is_tried_again(command: Command, tmp_path_factory: pytest.TempPathFactory) -> None:
    """With --retry a platform that is away for a moment is waited for; without it the error says that it may be run again."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    env = {"DASHSCOPE_API_KEY": CANARY, "DASHSCOPE_HTTP_BASE_URL": f"http://127.0.0.1:{port}/api/v1"}
    error = outputs.error(command("jobs", "--json", env=env).stdout)
    assert ("unreachable", True) == (error["code"], error["retryable"])
    done = []
    waiting = Thread(target=lambda: done.append(command("jobs", "--json", "--retry", "9", env=env)))
    waiting.start()
    with running(tmp_path_factory.mktemp("platform"), port=port):
        waiting.join(PATIENCE)
    assert [] == outputs.listed(done[0].stdout)
