"""Whose a job is: which session made it, with which key and where; and what is said where that isn't what is here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from accounts_fixture import behind_one_address
from bailian_server import Server
from conftest import Command
from facts_fixture import world_in
from sandbox_fixture import UNENDING, running
from terminal import PATIENT, Terminal, environment
from test_returns import OWN, rows_in

from wizard.money.ledger import Entry
from wizard.sandbox import Running
from wizard.steps.origin import origin_of

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
        return json.loads(done.stdout)

    def train(self, *words: str, key: str = ONE, **more: str) -> str:
        """A job, whatever becomes of it; its id."""
        digest = self.said("plan", "--yes", *OWN, *words, key=key, **more)["digest"]
        done = self.said("run", "--yes", "--approve", digest, key=key, **more)
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


@pytest.mark.parametrize("speed", [500.0])
def test_a_job_costs_what_its_own_session_was_shown(here: Here) -> None:
    """After a training on another model, in another region, the first job has its price, in each command that tells one."""
    old = here.train()
    before = here.said("jobs", "watch", old)["cost_by_list_price"]
    assert ("CNY", "0.006") == (before["currency"], before["per_1000_tokens"])
    here.train("--new", "--set", "training.model=qwen3-14b", "--set", "key.region=ap-southeast-1")
    for action in ("show", "watch"):
        assert before == here.said("jobs", action, old)["cost_by_list_price"], action
    shown = here.does("jobs", "show", old).stdout
    assert "estimated before" in shown
    assert "cn-beijing" in shown


@pytest.mark.parametrize("speed", [500.0])
def test_a_price_that_changed_since_is_not_what_a_job_cost(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The price of a job is the one on the plan that was approved, not the table's of another version."""
    from wizard.engine.session import Session

    monkeypatch.setenv("BAILIAN_WIZARD_STATE", environment(here.folder)["BAILIAN_WIZARD_STATE"])
    old = here.train()
    here.said("jobs", "watch", old)
    with Session.open(here.folder / ".wizard") as session:
        estimate = session.facts["training.estimate"]
        estimate.value.update(price="0.004", price_date="spring 2026")
        session.save()
    told = here.said("jobs", "show", old)["cost_by_list_price"]
    assert ("0.004", "spring 2026") == (told["per_1000_tokens"], told["as_of"])
    here.train("--new", "--set", "training.model=qwen3-14b")
    assert told == here.said("jobs", "show", old)["cost_by_list_price"]


def test_a_job_is_looked_for_where_it_was_made(here: Here) -> None:
    """Show, logs, watch and cancel of a put-away session's job ask in its workspace, whatever is here."""
    there = here.train("--set", f"key.workspace={ELSEWHERE}")
    files = here.said("files", "list")
    second = here.train("--new", "--set", "key.workspace=", "--set", "training.model=qwen3-14b")
    assert [second] == [job["job_id"] for job in here.said("jobs", "list")]
    assert there == here.said("jobs", "show", there)["job_id"]
    assert there == here.said("jobs", "logs", there)["job_id"]
    assert files[0]["md5"] == here.said("files", "show", files[0]["file_id"])["md5"]
    done = here.does("jobs", "show", there, DASHSCOPE_WORKSPACE="llm-third")
    assert 0 == done.returncode
    assert "looked for there, not in llm-third (DASHSCOPE_WORKSPACE)" in flat(done.stderr)
    assert here.said("jobs", "cancel", there, "--yes")["cancelled"]
    assert "CANCELED" == here.said("jobs", "watch", there, code=1)["status"]


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
