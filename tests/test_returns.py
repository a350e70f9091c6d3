"""Coming back: what the first screen says, what it offers, and what ``status`` says of the same to a script."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import outputs
import pytest
from bailian_server import Answer, Request, http, serving
from conftest import Command, session_of
from sandbox_fixture import UNENDING, call, running, until
from terminal import PATIENT, Terminal, environment
from test_screens import screen, sentences, settled, wait_for
from test_wizard import CANARY, UNFINISHED, at, jobs_on

from wizard.engine import session as session_module
from wizard.engine.session import MOMENT, Session
from wizard.sandbox import Running

TYPE_YES = "Type yes to upload"
AGAIN = "❯ Again with the same answers"
OWN = ("--set", "dataset.source=own.jsonl", "--set", "dataset.validation=split")


@dataclass(frozen=True)
class Place:
    """A folder with a small file of rows, and the platform that the wizard in it talks to."""

    folder: Path
    platform: Path
    sandbox: Running
    command: Command

    @property
    def env(self) -> dict[str, str]:
        return at(self.sandbox, self.folder)

    def run(self, *words: str, code: int = 0, **more: str) -> Any:
        """The result of a command that ends with ``code``."""
        return outputs.result(self._printed(*words, code=code, **more))

    def error(self, *words: str, code: int) -> dict[str, Any]:
        """Why a command ended with ``code``."""
        return outputs.error(self._printed(*words, code=code))

    def _printed(self, *words: str, code: int, **more: str) -> str:
        done = self.command(*words, "--json", env={**self.env, **more})
        assert code == done.returncode, (done.returncode, done.stdout, done.stderr)
        return str(done.stdout)

    def plan(self, *words: str) -> str:
        """Everything up to the review; the plan's digest."""
        return str(self.run("plan", "--yes", *OWN, *words)["digest"])

    def train(self, *words: str) -> str:
        """A job, whatever becomes of it; its id."""
        return str(self.run("run", "--yes", "--approve", self.plan(*words))["job"]["id"])

    def status(self, code: int, **more: str) -> Any:
        """What ``status`` says, with its exit status."""
        return self.run("status", "--exit-status", code=code, **more)

    def start(self, *words: str, rows: int = 40, **more: str) -> Terminal:
        """The wizard at a terminal; it waits for what the platform says."""
        env = {**self.env, **more}
        return Terminal(words, self.folder, program=PATIENT, env=env, columns=100, rows=rows)

    def session(self) -> Any:
        """The session as it is on disk."""
        return session_of(self.folder, sandbox=False)

    def delete(self, job: str) -> None:
        """As somebody does in the console."""
        assert 200 == call(self.sandbox.url, "DELETE", f"/api/v1/fine-tunes/{job}", key=CANARY).status

    def cancel(self, job: str) -> None:
        """Likewise; until it is over."""
        assert 200 == call(self.sandbox.url, "POST", f"/api/v1/fine-tunes/{job}/cancel", key=CANARY).status
        until(lambda: jobs_on(self.sandbox)[0]["status"], lambda status: status == "CANCELED")


def rows_in(folder: Path, length: int = 1) -> None:
    """Rows whose answers have about so many tokens."""
    rows = [
        {"question": f"Question {n}?", "answer": " ".join(["word"] * length) + f" {n}"} for n in range(30)
    ]
    (folder / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


@pytest.fixture
def speed() -> float:
    """How fast jobs run: they don't end, unless a test says otherwise."""
    return UNENDING


@pytest.fixture
def options() -> dict[str, Any]:
    """What else the platform is told."""
    return {}


@pytest.fixture
def here(
    tmp_path: Path,
    command: Command,
    speed: float,
    options: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Place]:
    rows_in(tmp_path)
    platform = tmp_path_factory.mktemp("platform")
    with running(platform, speed=speed, **options) as sandbox:
        yield Place(tmp_path, platform, sandbox, command)


@pytest.fixture
def mine(here: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A place whose session this very process may open, as the user whose it is."""
    monkeypatch.setenv("BAILIAN_WIZARD_STATE", environment(here.folder)["BAILIAN_WIZARD_STATE"])
    return here


def age(folder: Path, hours: float) -> None:
    """Let all that was done in the session be so many hours older."""
    with Session.open(folder / ".wizard") as session:
        for move in session.moves:
            move["at"] = (datetime.strptime(move["at"], MOMENT) - timedelta(hours=hours)).strftime(MOMENT)  # noqa: DTZ007 - has its zone
        if created := session.facts.get("job.created"):
            session.facts["job.created"] = replace(created, value="2026-01-01 00:00:00")
        session.save()


# status


@pytest.mark.sweep
def test_status_changes_nothing_and_waits_for_nobody(here: Place) -> None:
    """Before the job: nothing, open, waiting; with a date and the next command; also while another wizard is at work there."""
    assert {"state": "none", "since": None, "job": None, "next": "bailian-wizard"}.items() <= here.status(
        3
    ).items()
    with here.start() as terminal:
        terminal.expect("Where is your data")
        assert "none" == here.status(3)["state"]
        terminal.press("ctrl-c")
        terminal.end()
    here.plan()
    before = (here.folder / ".wizard" / "session.json").read_bytes()
    said = here.status(3)
    assert ("waiting", "CNY", False) == (said["state"], said["cost"]["currency"], said["cost"]["billed"])
    assert datetime.fromisoformat(said["since"]).tzinfo is not None
    line = here.command("status", env=here.env).stdout
    assert re.fullmatch(
        r"Waiting for your approval, step 5 of 8 · \d\d-\d\d \d\d:\d\d · next: bailian-wizard\n", line
    )
    rows_in(here.folder, length=2)
    said = here.status(3)
    assert ("open", ["Data: own.jsonl has changed; it is read again."]) == (said["state"], said["changed"])
    assert before == (here.folder / ".wizard" / "session.json").read_bytes()


@pytest.mark.sweep
def test_status_of_a_job(here: Place) -> None:
    """Running, canceled; offline and without a key what is remembered, and that it could not be looked up."""
    job = here.train()
    said = here.status(8)
    assert ("running", job, f"bailian-wizard jobs watch {job}") == (said["state"], said["job"], said["next"])
    assert said["asked"]
    nowhere = here.status(8, DASHSCOPE_HTTP_BASE_URL="http://127.0.0.1:9/api/v1")
    assert ("running", None) == (nowhere["state"], nowhere["asked"])
    assert "refused" in nowhere["reason"]
    assert "no API key" in here.status(8, DASHSCOPE_API_KEY="")["reason"]
    here.cancel(job)
    said = here.status(7)
    assert ("canceled", "CANCELED", "bailian-wizard") == (said["state"], said["status"], said["next"])
    assert 0 == here.command("status", env=here.env).returncode


@pytest.mark.sweep
def test_status_of_what_can_not_be_believed_or_read(mine: Place) -> None:
    """A damaged session is unknown and stays where it is; a newer one is refused; a foreign one's job is unknown."""
    mine.train()
    path = mine.folder / ".wizard" / "session.json"
    whole = path.read_bytes()
    foreign = json.loads(whole)
    path.write_bytes(json.dumps({**foreign, "schema": 99}).encode())
    assert "session-newer" == mine.error("status", code=6)["code"]
    path.write_bytes(b"{")
    assert "unknown" == mine.status(4)["state"]
    assert b"{" == path.read_bytes()
    path.write_bytes(whole.replace(b'"seal": "', b'"seal": "0')[:-4] + b'"\n}')
    said = mine.status(4)
    assert "not yours as it stands" in said["reason"], said


# The first screen


@pytest.mark.sweep
@pytest.mark.parametrize("options", [{"refuse_field": ["hyper_parameters"]}])
def test_an_old_approval_is_asked_again(mine: Place) -> None:
    """More than an hour later the word is asked anew: neither Enter alone nor ``run --yes`` sends on it; a digest given to ``run`` still counts."""
    digest = mine.plan()
    mine.run("run", "--yes", "--approve", digest, code=5)  # the approval stands, and there is no job
    with mine.start() as terminal:
        terminal.expect(UNFINISHED)
        terminal.settle()
        assert re.search(r"❯ Go on: create the job that you approved +¥0\.\d\d to ¥\d", terminal.text)
    age(mine.folder, 1.1)
    assert "waiting" == mine.status(3)["state"]
    assert "approved" in mine.error("run", "--yes", code=3)["message"]
    mine.run("run", "--yes", "--approve", digest, code=5)
    age(mine.folder, 1.1)
    with mine.start() as terminal:
        shown = terminal.expect(UNFINISHED)
        assert "your approval is not from the last hour" in shown
        assert re.search(r"Waiting for your approval, step 5 of 8 · \d\d-\d\d \d\d:\d\d \(1 h ago\)", shown)
        terminal.settle()
        assert re.search(r"❯ Go on: look at the plan and approve it +¥0\.\d\d to ¥\d", terminal.text)
        terminal.press("enter")
        terminal.answer(TYPE_YES, "enter")
        terminal.settle(0.5)
        assert "review.approval" not in mine.session()["facts"]
        terminal.press("ctrl-c")
        terminal.end()
    mine.run("run", "--yes", "--approve", digest, code=5)
    age(mine.folder, 1.1)
    mine.run("run", "--yes", "--approve", digest, code=5)


@pytest.mark.sweep
@pytest.mark.parametrize("options", [{"refuse_field": ["hyper_parameters"]}])
def test_a_key_that_is_gone_after_the_upload_ends_no_start(here: Place) -> None:
    """Whether its file is still there can't be asked then: the key is asked for, and status says what is open."""
    here.run("run", "--yes", "--approve", here.plan(), code=5)  # the file is there, and no job
    said = here.status(3, DASHSCOPE_API_KEY="")
    assert ("open", "API key: the key is not there any more") == (said["state"], said["changed"][0])
    assert "asked again" in said["changed"][1]  # the approval was given for that key
    with here.start(DASHSCOPE_API_KEY="") as terminal:
        assert "the key is not there any more" in terminal.expect(UNFINISHED)
        terminal.press("ctrl-c")
        terminal.end()


@pytest.mark.sweep
def test_what_has_changed_stands_before_the_first_question(
    mine: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Data, converted file, key, workspace and version: a line each, with what follows from it."""
    monkeypatch.setattr(session_module, "__version__", "0.0.9")
    mine.plan()
    with Session.open(mine.folder / ".wizard") as session:
        session.save()
    monkeypatch.undo()
    rows_in(mine.folder, length=2)
    (mine.folder / "datasets" / "BaiLian" / "own.jsonl").write_text("{}\n", "utf-8")
    with mine.start(
        DASHSCOPE_API_KEY="sk-canary1other0123456789abcd", DASHSCOPE_WORKSPACE="llm-other"
    ) as terminal:
        before, _question, _after = terminal.expect(UNFINISHED).partition(UNFINISHED)
        terminal.press("ctrl-c")
        terminal.end()
    said = re.sub(r"\s+", " ", before)
    for line in (
        "! This session was last written by version 0.0.9",
        "! Data: own.jsonl has changed; it is read again.",
        "! Preview: datasets/BaiLian/own.jsonl is not as it was written; before it is converted again, what was changed in it is kept aside.",
        "! API key: another key than before is there; it is checked again",
    ):
        assert line in said, said


@pytest.mark.sweep
def test_another_workspace_is_said(here: Place) -> None:
    """What nobody chose follows the environment, and the first screen says so; the plan is then another one."""
    here.plan()
    with here.start(DASHSCOPE_WORKSPACE="llm-other") as terminal:
        said = re.sub(r"\s+", " ", terminal.expect(UNFINISHED))
    assert "! API key: Workspace ID: it was none, and is llm-other; the key is checked again" in said, said


@pytest.mark.sweep
@pytest.mark.parametrize("speed", [500.0])
def test_after_failure_the_same_answers_lead_to_the_plan(here: Place) -> None:
    """The reason in the user's words, what to change, and again with the same answers as the first choice; nothing is sent by Enter."""
    rows_in(here.folder, length=900)
    job = here.train("--set", "training.max_length=512")
    until(lambda: jobs_on(here.sandbox)[0]["status"], lambda status: status == "FAILED")
    assert ("failed", job) == ((said := here.status(7))["state"], said["job"])
    with here.start() as terminal:
        shown = re.sub(r"\s+", " ", terminal.expect(AGAIN))
        assert "Too few rows were left to train with" in shown
        assert "raise max_length" in shown
        assert re.search(r"FAILED since \d\d-\d\d \d\d:\d\d: Too few", shown)
        terminal.settle()
        terminal.press("enter")
        terminal.expect(TYPE_YES)
        terminal.settle()
        assert "512" in terminal.text
        assert f"once, with the same data, model and settings: {job} FAILED" in re.sub(
            r"\s+", " ", terminal.text
        )
        terminal.press("enter")
        terminal.settle(0.5)
        assert 1 == len(jobs_on(here.sandbox))
        terminal.press("ctrl-c")
        terminal.end()


@pytest.mark.sweep
@pytest.mark.parametrize("speed", [500.0])
def test_after_success_the_outcome_is_the_headline(mine: Place) -> None:
    """The model and since when; a job that is gone since then is said, and the model stays the outcome."""
    job = mine.train()
    until(lambda: jobs_on(mine.sandbox)[0]["status"], lambda status: status == "SUCCEEDED")
    mine.run("run", "--watch")
    said = mine.status(0)
    assert ("succeeded", True, []) == (said["state"], said["cost"]["billed"], said["changed"])
    mine.delete(job)
    age(mine.folder, 1)
    with mine.start() as terminal:
        shown = re.sub(r"\s+", " ", terminal.expect(UNFINISHED))
        assert re.search(rf"SUCCEEDED since \d\d-\d\d \d\d:\d\d: model {said['model']}", shown), shown
        assert f"The platform has the job {job} no more" in shown
        terminal.settle()
        terminal.press("enter")
        assert 0 == terminal.end()
    assert "succeeded" == mine.status(0)["state"]


@pytest.mark.sweep
@pytest.mark.parametrize("speed", [500.0])
def test_the_models_name_is_the_platforms_and_dated(mine: Place) -> None:
    """A model that has another name now is said to have; the last screen says when its name was asked for, or of when it is."""
    mine.train()
    until(lambda: jobs_on(mine.sandbox)[0]["status"], lambda status: status == "SUCCEEDED")
    mine.run("run", "--watch")
    now = mine.status(0)["model"]
    with Session.open(mine.folder / ".wizard") as session:
        result = session.facts["watch.result"]
        session.put("watch.result", replace(result, value={**result.value, "output_model": "before-ft-1"}))
    said = mine.status(0)
    assert (now, [True]) == (said["model"], ["it was before-ft-1" in change for change in said["changed"]])
    with mine.start() as terminal:
        shown = re.sub(r"\s+", " ", terminal.expect(UNFINISHED))
        assert re.search(rf"Your model {now} \(asked at \d\d:\d\d\)", shown), shown
    with mine.start(DASHSCOPE_HTTP_BASE_URL="http://127.0.0.1:9/api/v1") as terminal:
        shown = re.sub(r"\s+", " ", terminal.expect(UNFINISHED))
        assert re.search(r"Your model before-ft-1 \(as of \d{4}-\d\d-\d\d \d\d:\d\d\)", shown), shown


@pytest.mark.sweep
@pytest.mark.parametrize("options", [{"refuse_field": ["hyper_parameters"]}])
def test_an_upload_that_was_replaced_is_mentioned(mine: Place) -> None:
    """Once the new one is there, with how to delete the old one; in the last screen too; one that is deleted already is not told of."""
    mine.run("run", "--yes", "--approve", mine.plan(), code=5)
    first = mine.run("files", "list")["files"][0]["file_id"]
    rows_in(mine.folder, length=2)
    digest = mine.plan()
    done = mine.command("run", "--yes", "--approve", digest, env=mine.env)
    told = f"own.jsonl ({first}), sent "
    assert told in done.stderr, done.stderr
    assert f"bailian-wizard files delete {first}" in done.stderr
    second = next(file["file_id"] for file in mine.run("files", "list")["files"] if file["file_id"] != first)
    mine.run("files", "delete", first, "--yes")
    rows_in(mine.folder, length=3)
    digest = mine.plan()
    with ExitStack() as stack:
        mine.sandbox.close()
        same = urlsplit(mine.sandbox.url).port
        stack.enter_context(running(mine.platform, speed=500.0, port=same))
        done = mine.command("run", "--yes", "--watch", "--approve", digest, env=mine.env)
        mentioned = [
            line for line in done.stderr.splitlines() if line.startswith("An earlier upload was replaced")
        ]
        assert (0, [False], [True]) == (
            done.returncode,
            [first in line for line in mentioned],
            [second in line for line in mentioned],
        ), done.stderr
        job = mine.session()["facts"]["job.id"]["value"]
        last = mine.command("jobs", "watch", job, env=mine.env).stdout
        assert f"bailian-wizard files delete {second} (not looked up again)" in re.sub(r"\s+", " ", last), (
            last
        )


@pytest.mark.sweep
def test_a_job_that_was_deleted_elsewhere_is_said_and_recorded(mine: Place) -> None:
    """``run --watch`` ends with 1, each time; the session and the ledger know it; the wizard offers what next."""
    job = mine.train()
    mine.cancel(job)
    mine.delete(job)
    assert (
        "doesn't know what was asked for" in mine.status(8)["reason"]
    )  # it is so young that it may come yet
    age(mine.folder, 1)
    assert ("gone", job) == ((said := mine.status(7))["state"], said["job"])
    for _time in range(2):
        assert "GONE" == mine.run("run", "--watch", code=7)["job"]["status"]
    assert "GONE" == mine.session()["facts"]["watch.result"]["value"]["status"]
    assert '"kind": "ended"' in (ledger := (mine.folder / ".wizard" / "ledger.jsonl").read_text("utf-8"))
    assert '"GONE"' in ledger
    with mine.start() as terminal:
        shown = re.sub(r"\s+", " ", terminal.expect(AGAIN))
        assert f"No longer on the platform since {datetime.now().strftime('%m-%d')}" in shown  # noqa: DTZ005 - its clock
        assert "deleted elsewhere" in shown


@pytest.mark.sweep
def test_run_without_watch_tells_of_an_end_that_is_no_success(here: Place) -> None:
    """While the job goes on ``run`` ends with 0, followed or not; once the platform says that it failed or was canceled, with 7."""
    job = here.train()
    assert job == here.run("run", "--yes")["job"]["id"]
    here.cancel(job)
    done = here.run("run", "--yes", code=7)["job"]
    assert (job, "CANCELED") == (done["id"], done["status"])
    assert "CANCELED" in here.command("run", "--yes", env=here.env).stderr


@pytest.mark.sweep
@pytest.mark.parametrize("over", [True, False])
def test_answers_whose_data_is_gone_are_offered_as_what_they_are(here: Place, over: bool) -> None:
    """With the source gone no choice claims to do the same again; the new session says that it asks for other data, and why."""
    job = here.train()
    if over:
        here.cancel(job)
    (here.folder / "own.jsonl").unlink()
    with here.start() as terminal:
        terminal.expect("CANCELED since" if over else "follow the job")
        shown = re.sub(r"\s+", " ", terminal.expect("asks for other data"))
        assert ("❯ Start a new session" if over else "❯ Go on: follow the job") in shown
        assert "Again with the same answers" not in shown
        if not over:
            terminal.settle()
            terminal.press("down")
        terminal.expect("own.jsonl is not there.")


# Sessions that were put away


@pytest.mark.sweep
def test_a_job_of_a_session_put_away_is_mentioned_until_it_ends(here: Place) -> None:
    """At each start with its state; ``sessions`` asks for it; ``sessions open`` brings it back, and puts this one away."""
    first = here.train()
    first_session = here.session()["id"]
    here.plan("--new", "--set", "training.job_name=other")
    second_session = here.session()["id"]
    for _time in range(2):
        with here.start() as terminal:
            shown = re.sub(r"\s+", " ", terminal.expect(UNFINISHED))
            assert f"! A session that was put away has the job {first}: PENDING" in shown
            assert f"bailian-wizard sessions open {first_session}" in shown
    assert first in here.command("plan", "--yes", env=here.env).stderr
    assert "PENDING" == _listed(here, first_session)["job"]["status"]
    opened = here.run("sessions", "open", first_session)
    assert {"session": first_session, "put_away": second_session} == opened
    assert (first_session, first) == (here.session()["id"], here.status(8)["job"])
    assert 2 == here.command("sessions", "open", "nosuch", env=here.env).returncode
    here.run("sessions", "open", second_session)
    assert "waiting" == here.status(3)["state"]
    here.cancel(first)
    with here.start() as terminal:
        assert f"{first}: CANCELED" in re.sub(r"\s+", " ", terminal.expect(UNFINISHED))
    with here.start() as terminal:  # it was said, and is in the ledger
        assert first not in terminal.expect(UNFINISHED)
    assert "CANCELED" == _listed(here, first_session)["job"]["status"]


def _listed(here: Place, session: str) -> dict[str, Any]:
    """What ``sessions`` says of one; again where this computer was too slow for the platform's answer to come in time."""

    def entry() -> dict[str, Any]:
        return next(one for one in here.run("sessions")["sessions"] if one["session"] == session)

    seen = until(entry, lambda one: bool(one["job"]["status"]))
    assert isinstance(seen, dict)
    return seen


# What takes long


@pytest.mark.sweep
def test_a_platform_that_takes_its_time_holds_up_no_question(here: Place) -> None:
    """The first question is there while the platform has not answered; what it says then is told at the next one."""
    job = here.train()
    answered = threading.Event()
    with serving() as slow:

        def route(_request: Request) -> Answer:
            answered.wait()
            return http(200, {"output": {"job_id": job, "status": "SUCCEEDED", "finetuned_output": "m-1"}})

        slow.route = route
        env = {**here.env, "DASHSCOPE_HTTP_BASE_URL": slow.url}
        with Terminal([], here.folder, env=env) as terminal:
            shown = re.sub(r"\s+", " ", terminal.expect(UNFINISHED))
            assert "The platform has not answered yet" in shown
            assert f"Job {job}, created" in shown
            terminal.settle()
            answered.set()
            terminal.settle(1.0)
            terminal.press("down", "enter")
            terminal.expect("SUCCEEDED since")


@pytest.mark.sweep
def test_a_job_put_away_is_not_said_to_be_unknown_and_known(here: Place) -> None:
    """While the platform has not answered, only that there is such a job; its state stands where it is told, and nothing against it."""
    job = here.train()
    here.plan("--new", "--set", "training.job_name=other")
    answered = threading.Event()
    with serving() as slow:

        def route(request: Request) -> Answer:
            if job in request.target:
                answered.wait()
                return http(
                    200, {"output": {"job_id": job, "status": "SUCCEEDED", "finetuned_output": "m-1"}}
                )
            return http(200, {"output": {}})

        slow.route = route
        env = {**here.env, "DASHSCOPE_HTTP_BASE_URL": slow.url}
        with Terminal([], here.folder, env=env) as terminal:
            shown = re.sub(r"\s+", " ", terminal.expect(UNFINISHED))
            assert f"A session that was put away has the job {job}. To go back to it:" in shown
            terminal.settle()
            answered.set()
            terminal.settle(1.0)
            terminal.press("enter")
            terminal.expect("SUCCEEDED")
            assert "not known" not in terminal.text


# As a person sees them

RUNS, ENDED = 62_000, 50_000
"""Seconds of a job that takes 100,000: in the middle of its training; and then, three hours after its end."""


def later(here: Place, seconds: float, stack: ExitStack) -> Place:
    """The same place, with every job created so much earlier: what takes a day has then come so far."""
    here.sandbox.close()
    with closing(sqlite3.connect(here.platform / "sandbox.sqlite3")) as database, database:
        database.execute("UPDATE jobs SET created = created - ?", (seconds,))
    same = urlsplit(here.sandbox.url).port  # another address would be another platform
    return replace(here, sandbox=stack.enter_context(running(here.platform, speed=UNENDING, port=same)))


@pytest.mark.sweep
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_screens_of_returns(mine: Place, language: str, pytestconfig: pytest.Config) -> None:
    """After RUNNING, SUCCEEDED and FAILED, and wplace the job is gone: on 80 x 24, as it was settled."""
    shown: list[str] = []

    def look() -> None:
        with Terminal(
            ["--lang", language], place.folder, program=PATIENT, env=place.env, columns=80, rows=24
        ) as terminal:
            wait_for(terminal, sentences(language)("What next?"))
            shown.append(screen(terminal))

    with ExitStack() as stack:
        mine.train()
        place = later(mine, RUNS, stack)
        look()
        place = later(place, ENDED, stack)
        look()
        look()
        rows_in(place.folder, length=900)
        place.train("--new", "--set", "training.max_length=512")
        place = later(place, ENDED, stack)
        look()
        rows_in(place.folder)
        job = place.train("--new", "--set", "training.job_name=mine")
        place = later(place, RUNS + ENDED, stack)
        place.delete(job)
        age(place.folder, 5)
        look()
    rule = "=" * 80
    text = "".join(f"{rule} {number}\n{each}\n" for number, each in enumerate(shown, 1))
    settled(f"returns.{language}", text, renew=bool(pytestconfig.getoption("--renew-screens")))
