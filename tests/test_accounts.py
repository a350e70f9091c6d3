"""Whose a job is: which session made it, with which key and where; and what is said where that isn't what is here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import outputs
import pytest
from accounts_fixture import behind_one_address
from bailian_server import Server
from conftest import Command, session_of
from facts_fixture import world_in
from sandbox_fixture import UNENDING, call, files, running
from terminal import PATIENT, Terminal, environment
from test_returns import OWN, rows_in
from test_wizard import jobs_on

from wizard.engine.session import Effect, Session
from wizard.money.ledger import Entry
from wizard.sandbox import Running
from wizard.steps.facts import Converted
from wizard.steps.origin import origin_of
from wizard.steps.upload import upload_key

ONE, OTHER = "sk-canary0account0123456784567", "sk-canary1account0123456788899"
ROTATED = "sk-canary2account0123456780001"
ELSEWHERE = "llm-elsewhere"


@dataclass(frozen=True)
class Here:
    """A folder, and two accounts behind one address: ONE's, which has a second workspace and a second key, and OTHER's."""

    folder: Path
    server: Server
    accounts: dict[tuple[str, str], Running]
    command: Command

    def env(self, key: str = ONE, **more: str) -> dict[str, str]:
        given = {"DASHSCOPE_API_KEY": key} if key else {}
        return environment(self.folder, DASHSCOPE_HTTP_BASE_URL=self.server.url, **given, **more)

    def does(self, *words: str, key: str = ONE, **more: str) -> Any:
        return self.command(*words, env=self.env(key, **more))

    def said(self, *words: str, code: int = 0, key: str = ONE, **more: str) -> Any:
        done = self.does(*words, "--json", key=key, **more)
        assert code == done.returncode, (done.returncode, done.stdout, done.stderr)
        return outputs.result(done.stdout)

    def train(self, *words: str, key: str = ONE) -> str:
        """A job, whatever becomes of it; its id."""
        digest = self.said("plan", "--yes", *OWN, *words, key=key)["digest"]
        done = self.said("run", "--yes", "--approve", digest, key=key)
        return str(done["job"]["id"])

    def start(self, *words: str, key: str = ONE, **more: str) -> Terminal:
        return Terminal(words, self.folder, program=PATIENT, env=self.env(key, **more), columns=100, rows=50)


@pytest.fixture
def speed() -> float:
    """How fast jobs run: they don't end, unless a test says otherwise."""
    return UNENDING


@pytest.fixture
def here(
    tmp_path: Path, command: Command, speed: float, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Here]:
    rows_in(tmp_path)
    with ExitStack() as stack:
        one, second, other = (
            stack.enter_context(running(tmp_path_factory.mktemp(name), speed=speed))
            for name in ("one", "second", "other")
        )
        accounts = {(ONE, ""): one, (ROTATED, ""): one, (ONE, ELSEWHERE): second, (OTHER, ""): other}
        server = stack.enter_context(behind_one_address(accounts))
        yield Here(tmp_path, server, accounts, command)


@pytest.fixture
def mine(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """This very process may open the session, as the user whose it is."""
    monkeypatch.setenv("BAILIAN_WIZARD_STATE", environment(here.folder)["BAILIAN_WIZARD_STATE"])


def flat(text: str) -> str:
    """On one line, however the terminal folded it."""
    return re.sub(r"\s+", " ", text)


# Which session made it


def test_the_ledger_tells_where_a_job_was_made(tmp_path: Path) -> None:
    """Where its session is gone, the address in the ledger has region and workspace; an address that is nobody's own tells neither."""
    with world_in(tmp_path) as world:
        for job, address in (
            ("ft-1", "https://llm-1.cn-beijing.maas.aliyuncs.com/api/v1"),
            ("ft-2", "http://127.0.0.1:1/api/v1"),
        ):
            entry = Entry(
                kind="receipt", approval="a", base="b", session="s", platform=address, key="f", id=job
            )
            with world.ledger.held():
                world.ledger.write(entry)
        known, unknown = origin_of("ft-1", world), origin_of("ft-2", world)
    assert known is not None
    assert {"key.region": "cn-beijing", "key.workspace": "llm-1"} == known.facts
    assert unknown is not None
    assert {} == unknown.facts
    assert "f" == known.account.fingerprint if known.account else False


@pytest.mark.sweep
@pytest.mark.parametrize("speed", [500.0])
def test_a_job_costs_what_its_own_session_was_shown(here: Here) -> None:
    """After a training on another model, in another region, the first job has its price, in each command that tells one."""
    old = here.train()
    before = here.said("jobs", "watch", old)["job"]["billed"]
    assert ("CNY", "0.006") == (before["currency"], before["per_1000_tokens"])
    here.train("--new", "--set", "training.model=qwen3-14b", "--set", "key.region=ap-southeast-1")
    for action in ("show", "watch"):
        assert before == here.said("jobs", action, old)["job"]["billed"], action
    shown = here.does("jobs", "show", old).stdout
    assert "estimated before" in shown
    assert "cn-beijing" in shown


@pytest.mark.sweep
@pytest.mark.parametrize("speed", [500.0])
def test_a_price_that_changed_since_is_not_what_a_job_cost(here: Here, mine: None) -> None:
    """The price of a job is the one on the plan that was approved, not the table's of another version."""
    old = here.train()
    here.said("jobs", "watch", old)
    with Session.open(here.folder / ".wizard") as session:
        estimate = session.facts["training.estimate"]
        estimate.value.update(price="0.004", price_date="spring 2026")
        session.save()
    told = here.said("jobs", "show", old)["job"]["billed"]
    assert ("0.004", "spring 2026") == (told["per_1000_tokens"], told["as_of"])
    here.train("--new", "--set", "training.model=qwen3-14b")
    assert told == here.said("jobs", "show", old)["job"]["billed"]


@pytest.mark.sweep
def test_a_job_is_looked_for_where_it_was_made(here: Here) -> None:
    """Show, logs, watch and cancel of a put-away session's job ask in its workspace, whatever is here."""
    there = here.train("--set", f"key.workspace={ELSEWHERE}")
    sent = here.said("files", "list")["files"]
    second = here.train("--new", "--set", "key.workspace=", "--set", "training.model=qwen3-14b")
    assert [second] == [job["id"] for job in here.said("jobs", "list")["jobs"]]
    assert there == here.said("jobs", "show", there)["job"]["id"]
    assert there == here.said("jobs", "logs", there)["job_id"]
    assert sent[0]["md5"] == here.said("files", "show", sent[0]["file_id"])["file"]["md5"]
    done = here.does("jobs", "show", there, DASHSCOPE_WORKSPACE="llm-third")
    assert 0 == done.returncode
    assert "looked for there, not in llm-third (DASHSCOPE_WORKSPACE)" in flat(done.stderr)
    assert here.said("jobs", "cancel", there, "--yes")["cancelled"]
    assert "CANCELED" == here.said("jobs", "watch", there, code=7)["job"]["status"]


@pytest.mark.sweep
def test_the_environment_names_the_place_of_a_list(here: Here) -> None:
    """For ``jobs`` and ``files`` the environment's workspace beats the session's, and that is said; so does its region."""
    there = here.train("--set", f"key.workspace={ELSEWHERE}")
    second = here.train("--new", "--set", "key.workspace=")
    for words, theirs, own in ((("jobs",), there, second), (("files", "list"), None, None)):
        done = here.does(*words, DASHSCOPE_WORKSPACE=ELSEWHERE)
        assert (
            f"DASHSCOPE_WORKSPACE of the environment counts: {ELSEWHERE}; the session here has none."
            in flat(done.stderr)
        )
        if theirs:
            assert theirs in done.stdout
            assert own not in done.stdout
    assert here.server.requests[-1].headers["x-dashscope-workspace"] == ELSEWHERE
    done = here.does("files", DASHSCOPE_REGION="ap-southeast-1")
    assert (
        "DASHSCOPE_REGION of the environment counts: ap-southeast-1; the session here has cn-beijing."
        in flat(done.stderr)
    )
    assert "counts" not in here.does("jobs").stderr


# Another account than it was made with


@pytest.mark.sweep
def test_a_job_of_another_account_is_not_said_to_be_missing(here: Here) -> None:
    """Commands first say whose key made it and whose is here, then that nothing follows from an absence: exit 4; a rotated key is none."""
    job = here.train()
    for action in ("show", "logs", "watch"):
        done = here.does("jobs", action, job, "--json", key=OTHER)
        assert 4 == done.returncode, done.stderr
        error = outputs.error(done.stdout)
        assert ("decision-needed", True) == (error["code"], "says nothing" in error["message"])
        assert "was made with the key sk-…4567; the key here is sk-…8899." in flat(done.stderr)
    assert 4 == here.does("jobs", "cancel", job, "--yes", key=OTHER).returncode
    file = here.said("files", "list")["files"][0]["file_id"]
    assert 4 == here.does("files", "delete", file, "--yes", key=OTHER).returncode
    done = here.does("files", "list", key=OTHER)
    assert "The session here was made with the key sk-…4567; the key here is sk-…8899." in flat(done.stderr)
    assert job == here.said("jobs", "show", job, key=ROTATED)["job"]["id"]
    assert 5 == here.does("jobs", "show", "ft-of-nobody", key=OTHER).returncode


@pytest.mark.sweep
def test_a_running_job_is_not_followed_with_another_account(here: Here) -> None:
    """``run --watch`` ends with 4, and records nothing; with a second key of the same account it follows."""
    job = here.train()
    done = here.does("run", "--watch", key=OTHER)
    assert 4 == done.returncode, done.stderr
    assert f"The job {job} was made with the key sk-…4567; the key here is sk-…8899." in flat(done.stderr)
    assert "watch.result" not in session_of(here.folder, sandbox=False)["facts"]
    call(here.accounts[ONE, ""].url, "POST", f"/api/v1/fine-tunes/{job}/cancel")
    assert "CANCELED" == here.said("run", "--watch", code=7, key=ROTATED)["job"]["status"]


@pytest.mark.sweep
def test_the_first_key_can_be_given_again(here: Here) -> None:
    """At a terminal a person who has another key here is led to give the first one, behind the wall too, and the job is followed."""
    job = here.train()
    (here.folder / ".env").write_text(f"DASHSCOPE_API_KEY={OTHER}\n", "utf-8")
    with here.start(key="") as terminal:
        shown = flat(terminal.expect("What next"))
        assert "API key: made with sk-…4567; the key here is sk-…8899 in .env" in shown
        terminal.settle()
        terminal.press("enter")
        shown = flat(terminal.expect("Give the key that it was made with"))
        assert "the key here is sk-…8899" in shown
        terminal.settle()
        terminal.press("down", "enter")
        terminal.answer("Paste your API key", ONE, "enter")
        terminal.answer("Keep the key in .env", "down", "enter")
        terminal.expect("watched for")
        assert "for this run only" in flat(terminal.text)
        terminal.press("ctrl-c")
        assert 130 == terminal.end()
    assert job in terminal.text
    assert f"DASHSCOPE_API_KEY={OTHER}\n" == (here.folder / ".env").read_text("utf-8")


@pytest.mark.sweep
@pytest.mark.parametrize("speed", [UNENDING, 500.0])
def test_status_tells_of_another_account(here: Here, speed: float) -> None:
    """While the job runs and once it has ended: ``status`` says once with which key it was made, where that isn't the one here."""
    job = here.train()
    if speed != UNENDING:
        here.said("run", "--watch")
    for key, other in ((ONE, ""), (ROTATED, "sk-…0001"), (OTHER, "sk-…8899"), ("", "none")):
        stands = here.said("status", key=key)
        told = "\n".join((stands["reason"] or "", *stands["changed"]))
        assert job == stands["job"]
        assert bool(other) == told.count("The session here was made with the key sk-…4567"), told
        assert not other or f"the key here is {other}" in told


def unknown(here: Here) -> None:
    """A session whose request for the job was sent, and whose answer is lost."""
    here.train()
    with Session.open(here.folder / ".wizard") as session:
        key, effect = next((key, one) for key, one in session.effects.items() if one.kind == "job")
        for fact in ("job.id", "job.created"):
            session.facts.pop(fact)
        session.effects[key] = replace(effect, state="sent", receipt=None)
        session.save()
    ledger = here.folder / ".wizard" / "ledger.jsonl"
    lines = ledger.read_text("utf-8").splitlines(keepends=True)
    ledger.write_text("".join(line for line in lines if '"receipt"' not in line), "utf-8")


@pytest.mark.sweep
def test_what_became_of_a_job_is_not_concluded_from_another_account(here: Here, mine: None) -> None:
    """With the job's fate unknown and another account's key: 4, nothing is sent; the first key finds it, a rotated one too."""
    unknown(here)
    done = here.does("run", key=OTHER)
    assert 4 == done.returncode, done.stderr
    assert "was sent with key sk-…4567" in flat(done.stderr)
    assert "Send it again" not in done.stderr
    assert [] == jobs_on(here.accounts[OTHER, ""])
    (here.folder / ".env").write_text(f"DASHSCOPE_API_KEY={OTHER}\n", "utf-8")
    with here.start(key="") as terminal:
        terminal.answer("Give the key that it was made with", "down", "enter")
        terminal.answer("Paste your API key", ROTATED, "enter")
        terminal.answer("Keep the key in .env", "enter")
        terminal.expect("already on the platform as")
        terminal.press("ctrl-c")
        terminal.end()
    assert ([], 1) == (jobs_on(here.accounts[OTHER, ""]), len(jobs_on(here.accounts[ONE, ""])))
    assert ROTATED in (here.folder / ".env").read_text("utf-8")


@pytest.mark.sweep
def test_a_search_whose_time_is_over_tells_no_time(here: Here, mine: None) -> None:
    """What was sent long ago is looked for at once: no seconds are named that there aren't."""
    unknown(here)
    with Session.open(here.folder / ".wizard") as session:
        session.effects = {key: replace(effect, at=0.0) for key, effect in session.effects.items()}
        session.save()
    told = here.does("run").stderr
    assert re.search(r"Looking for the job \S+ on the platform$", told, re.MULTILINE)
    assert " 0 s" not in told


@pytest.mark.sweep
def test_an_upload_of_unknown_fate_is_asked_about_with_another_account(here: Here, mine: None) -> None:
    """Its last byte left with the first key: with another one it isn't sent unasked, and then to that account only."""
    here.train()
    here.said("plan", "--yes", "--new", *OWN)
    digest = here.said("plan", "--yes", key=OTHER)["digest"]
    with Session.open(here.folder / ".wizard") as session:
        file = Converted.all(session.known)[0]
        session.enter(Effect(upload_key(file), "upload", "sent", 0, account="key sk-…4567 at x"))
    done = here.does("run", "--yes", "--approve", digest, key=OTHER)
    assert 4 == done.returncode, done.stderr
    assert [] == files(here.accounts[OTHER, ""].url)


# Without a key


@pytest.mark.sweep
def test_without_a_key_a_job_that_runs_asks_for_one(here: Here) -> None:
    """``.env`` gone: the summary says so, unattended 3 with both names; a person gives it there, and nothing is approved anew."""
    here.train()
    for words in (("run", "--watch"), ("jobs",), ("files",)):
        done = here.does(*words, key="")
        assert 3 == done.returncode, done.stderr
        assert "DASHSCOPE_API_KEY" in done.stderr
        assert ".env" in done.stderr
        assert "without a command" not in done.stderr
    with here.start(key="") as terminal:
        shown = flat(terminal.expect("What next"))
        assert "API key: made with sk-…4567, which is not there any more" in shown
        terminal.settle()
        terminal.press("enter")
        terminal.answer("Give the key here", "enter")
        terminal.answer("Paste your API key", ONE, "enter")
        terminal.answer("Keep the key in .env", "enter")
        terminal.expect(r"watched for")
        terminal.press("ctrl-c")
        assert 130 == terminal.end()
    assert "API key: sk-…4567 in .env" in flat(terminal.text)
    assert ONE in (here.folder / ".env").read_text("utf-8")


@pytest.mark.sweep
def test_a_revoked_key_asks_for_another_one(here: Here) -> None:
    """The platform doesn't accept it any more while the job runs: another one can be given; what it makes of a wrong one is said."""
    here.train()
    (here.folder / ".env").write_text(f"DASHSCOPE_API_KEY={ONE}\n", "utf-8")
    here.accounts.pop((ONE, ""))
    done = here.does("run", "--watch", key="")
    assert 5 == done.returncode, done.stderr
    assert "DASHSCOPE_API_KEY into the environment, or into .env" in flat(done.stderr)
    with here.start(key="") as terminal:
        terminal.answer("What next", "enter")
        terminal.answer("Use another key", "enter")
        terminal.answer("Paste your API key", "sk-wrong0000111122223333", "enter")
        terminal.answer("Keep the key in .env", "enter")
        terminal.answer("Use another key", "enter")
        terminal.answer("Paste your API key", ROTATED, "enter")
        terminal.expect(r"watched for")
        terminal.press("ctrl-c")
        assert 130 == terminal.end()
    assert ROTATED in (here.folder / ".env").read_text("utf-8")
