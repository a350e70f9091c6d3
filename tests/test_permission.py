"""What the platform says that a workspace may train: asked for free, before money is spent, and how it counts."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import outputs
import pytest
from bailian_server import Answer, Request, Server, hang_up, http
from bailian_server import serving as answering
from conftest import Command
from hypothesis import given
from hypothesis import strategies as st
from sandbox_fixture import files, running
from terminal import Terminal
from test_commands import said
from test_wizard import at, enter_until

from wizard import flow
from wizard.bailian import answers
from wizard.bailian.apikey import ApiKey
from wizard.bailian.client import Bailian
from wizard.bailian.deadlines import Deadlines
from wizard.bailian.endpoints import Endpoint
from wizard.bailian.service import Grant, Permission
from wizard.engine.session import Session
from wizard.errors import NeverSent
from wizard.sandbox import Running
from wizard.steps import permission
from wizard.steps.permission import DESPITE
from wizard.steps.plan import plan_of
from wizard.steps.said import Told, account
from wizard.steps.world import World, state_in

MODEL = "qwen2.5-7b-instruct"
DENIED = "sk-canary0nopermission0123456789"
GRANTS = st.sampled_from(Grant)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("platform"), speed=50) as one:
        yield one


def line_of(plan: Any, key: str) -> Any:
    """The line ``key`` of a plan that was printed as JSON."""
    return next(item for item in plan["plan"] if item["key"] == key)


@pytest.mark.sweep
def test_three_answers_are_three_lines(command: Command, folder: Path, sandbox: Running) -> None:
    """Yes, no and "could not be told" each read differently, say when it was asked, and are no part of what is approved."""
    shown = {}
    for word in ("sandbox", "nopermission", "unlisted", "nopermapi"):
        plan = said(command("plan", "--yes", "--json", env=at(sandbox, folder, f"sk-canary0{word}012345")))
        item = line_of(plan, "permission")
        assert item["value"] is None
        assert "asked at" in item["shown"]
        shown[word] = item["shown"].partition(" (asked")[0]
    assert {
        "sandbox": "yes, the platform says so",
        "nopermission": "no: the platform says that this workspace may not train it",
        "unlisted": "could not be told: it doesn't name this model",
        "nopermapi": "could not be told: the platform has no such answer here",
    } == shown


@pytest.mark.sweep
def test_a_no_stops_before_the_upload(
    command: Command, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Approved or not, nothing is sent; the grants' page and a model that may be trained are named; a script goes on by its key."""
    with running(tmp_path_factory.mktemp("platform")) as own:
        env = at(own, folder, DENIED)
        digest = said(command("plan", "--yes", "--json", env=env))["digest"]
        stopped = command("run", "--yes", "--json", "--approve", digest, env=env)
        assert [DESPITE.key] == said(stopped, 3)["keys"]
        assert "settings/workspace" in stopped.stderr
        assert "qwen3.5-27b" in stopped.stderr
        other = command("run", "--yes", "--approve", digest, "--set", f"{DESPITE.key}=qwen3-8b", env=env)
        assert 2 == other.returncode
        assert [] == files(own.url)
        words = ("run", "--yes", "--json", "--approve", digest, "--set", f"{DESPITE.key}={MODEL}")
        assert "has not been granted this model" in outputs.error(command(*words, env=env).stdout)["message"]
        assert files(own.url)


@pytest.mark.sweep
def test_going_on_without_a_permission_that_is_there_is_an_error(
    command: Command, folder: Path, sandbox: Running
) -> None:
    """The word that sends data despite a no changes nothing where the platform says yes; where it doesn't say, it may yet count."""
    given = f"{DESPITE.key}={MODEL}"
    needless = command("plan", "--yes", "--set", given, env=at(sandbox, folder, "sk-canary0sandbox012345"))
    assert 2 == needless.returncode
    assert f"{DESPITE.key}: the platform says that this workspace may train {MODEL}" in needless.stderr
    untold = at(sandbox, folder, "sk-canary0unlisted012345")
    assert 0 == command("plan", "--yes", "--new", "--set", given, env=untold).returncode


@pytest.mark.sweep
def test_a_person_goes_on_by_typing_the_name(folder: Path, sandbox: Running) -> None:
    """In the list those that may be trained stand first; a no asks for the model's name, and only that goes on."""
    with Terminal([], folder, env=at(sandbox, folder, DENIED), columns=120, rows=50) as terminal:
        enter_until(terminal, "about these rows")
        terminal.expect("Which model shall be trained")
        terminal.settle(0.3)
        listed = [line for line in terminal.lines if "qwen" in line and "¥" in line]
        assert "qwen3.5-27b" in listed[0]
        assert MODEL in next(line for line in listed if "❯" in line)  # and its note stands below the list
        assert "this workspace may not train it" in "\n".join(terminal.lines)
        assert all("qwen2.5" in line for line in listed[-4:])
        for question in ("Which model", "How shall it be trained", "recommended settings"):
            terminal.answer(question, "enter")
        terminal.answer("send the data all the same", "yes", "enter")
        terminal.expect(f"It takes {MODEL} only")
        terminal.answer("send the data all the same", "clear", MODEL, "enter")
        terminal.expect("Type yes to upload")
        terminal.press("ctrl-c")
        assert 130 == terminal.end()


def model_list(*, granted: bool) -> dict[str, Any]:
    """A page that says whether the model may be trained."""
    grants = {"inference": False, "fine_tune": granted, "deploy": True}
    return {"output": {"total": 1, "permissions": [{"model": MODEL, "permissions": grants}]}}


@pytest.mark.sweep
def test_a_grant_that_is_withdrawn_after_the_yes_stops_too(command: Command) -> None:
    """It is asked again before the first byte goes: an approval from before the no sends nothing."""
    granted = True

    def route(request: Request) -> Answer:
        if "/permissions" in request.target:
            return http(200, model_list(granted=granted))
        if request.method == "POST":
            return http(401, {"code": "InvalidApiKey", "message": "x"})
        return http(200, {"data": {"total": 0, "files": []}, "output": {"total": 0, "jobs": []}})

    with answering() as server:
        server.route = route
        env = {"DASHSCOPE_API_KEY": DENIED, "DASHSCOPE_HTTP_BASE_URL": server.url}
        digest = said(command("plan", "--yes", "--json", env=env))["digest"]
        assert 5 == command("run", "--yes", "--approve", digest, env=env).returncode
        sent = server.sent("POST")
        assert sent
        granted = False
        stopped = command("run", "--yes", "--json", env=env)
        assert "not-approved" == outputs.error(stopped.stdout)["code"]
        assert f"--set {DESPITE.key}={MODEL}" in stopped.stderr
        assert sent == server.sent("POST")


@pytest.mark.sweep
@given(
    told=st.none()
    | st.builds(Told, st.builds(Permission, st.just(MODEL), GRANTS, GRANTS), st.floats(0, 4e9), st.text())
)
def test_the_digest_knows_nothing_of_it(planned: tuple[Path, str], told: Told | None) -> None:
    """Whether it was asked, when, and what came: the same plan has the same digest."""
    folder, digest = planned
    world = World(folder, {}, sandbox=True)
    flow.steps(world)
    session = Session.peek(state_in(folder, sandbox=True))
    assert session is not None
    facts = session.known
    if told is not None:
        world.permissions.answers[account(facts), MODEL] = told
    assert digest == plan_of(facts, world).digest


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with a plan for the sandbox, and that plan's digest."""
    import subprocess
    import sys

    from terminal import environment

    folder = tmp_path_factory.mktemp("planned")
    row = {"question": "1+1?", "answer": "2"}
    lines = [json.dumps({**row, "question": f"{number}+1?"}) for number in range(40)]
    (folder / "q.jsonl").write_text("\n".join(lines), "utf-8")
    words = [
        sys.executable,
        "-m",
        "wizard",
        "plan",
        "--sandbox",
        "--yes",
        "--json",
        "--set",
        "dataset.source=q.jsonl",
    ]
    done = subprocess.run(
        words,
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    return folder, str(outputs.result(done.stdout)["digest"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["false", "true", "", MODEL]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["model", "permissions", "fine_tune"]), inner)
    ),
    max_leaves=6,
)


@given(entry=st.dictionaries(st.sampled_from(["model", "permissions", "name"]), JSON))
def test_only_a_plain_false_is_a_no(entry: dict[str, Any]) -> None:
    """Whatever the platform answers: a no is ``fine_tune: false`` of an entry with an id, a yes ``true``, all else is untold."""
    found = answers.permission(entry)
    grants = entry.get("permissions")
    said_ = grants.get("fine_tune") if isinstance(grants, dict) else None
    if found is not None:
        assert found.model == str(entry["model"])
        assert (said_ is False, said_ is True) == (found.fine_tune is Grant.NO, found.fine_tune is Grant.YES)


@given(one=GRANTS, other=GRANTS)
def test_what_contradicts_itself_tells_nothing(one: Grant, other: Grant) -> None:
    """Two answers about one model count where they agree."""
    entry = Permission(MODEL, one, one, other)
    both = permission.agreed(entry, replace(entry, fine_tune=other, deploy=other))
    assert (one if one is other else Grant.UNTOLD) == both.fine_tune == both.deploy
    assert other == both.inference


@pytest.fixture
def server() -> Iterator[Server]:
    with answering() as one:
        yield one


def client(server: Server, aside: float = 20.0) -> Bailian:
    return Bailian(Endpoint(server.url), ApiKey.clean(DENIED), deadlines=Deadlines(aside=aside))


def page(*codes: str, total: int) -> dict[str, Any]:
    grants = {"inference": True, "fine_tune": True, "deploy": False}
    return {
        "output": {"total": total, "permissions": [{"model": code, "permissions": grants} for code in codes]}
    }


def test_all_pages_are_read_and_nothing_is_posted(server: Server) -> None:
    """One GET a page, the largest that there are, of all that could be granted; a POST there would change grants."""
    server.play(http(200, page("a", "b", total=3)), http(200, page("c", total=3)))
    with client(server) as platform:
        found = list(platform.permissions())
    assert [Permission(code, Grant.YES, Grant.NO, Grant.YES) for code in "abc"] == found
    first, second = server.requests
    assert ["GET", "GET"] == [first.method, second.method]
    for number, request in enumerate((first, second), 1):
        for part in ("authorization_scope=AUTHORIZABLE", "page_size=200", f"page_no={number}"):
            assert part in request.target


@pytest.mark.parametrize(
    "bad", [hang_up, http(500, "x"), http(200, {"success": False, "output": {"permissions": []}})]
)
def test_a_page_that_is_not_read_tells_nothing(server: Server, bad: Answer, tmp_path: Path) -> None:
    """What came before it counts; a model of a later page could not be told, and nothing is raised."""
    server.route = lambda request: (
        http(200, page("a", "b", total=3)) if "page_no=1" in request.target else bad
    )
    env = {"DASHSCOPE_API_KEY": DENIED, "DASHSCOPE_HTTP_BASE_URL": server.url}
    world = World(tmp_path, env)
    proof = {"endpoint": server.url, "fingerprint": "f"}
    facts = {"key.proof": proof, "key.region": "cn-beijing", "key.workspace": ""}
    permission.ask_all(facts, world)
    assert [Grant.YES, Grant.YES, Grant.UNTOLD] == [
        world.permissions.fine_tune(facts, code) for code in "abc"
    ]
    assert "no answer came" == world.permissions.lists[account(facts)].trouble


def test_it_is_given_little_time(server: Server) -> None:
    """A platform that stays silent ends the question, long before the patience of other reads."""

    def silent(_connection: socket.socket) -> None:
        server.stop.wait(60)

    server.play(silent)
    with client(server, aside=0.2) as platform, pytest.raises(NeverSent):
        list(platform.permissions())
