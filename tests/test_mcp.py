"""The tools of the MCP server, tried with the protocol's own client over a real pipe."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import outputs
import pytest
from conftest import Command
from terminal import PROGRAM, Terminal, environment

pytest.importorskip("mcp", reason="the SDK of the protocol is not installed")

Call = Callable[..., Awaitable[Any]]
SECRET = "The patient is called Wang and has a cough since Tuesday"
STATE = "state-of-the-user"


def session(folder: Path, talk: Callable[[Any], Awaitable[Any]], state: Path, *words: str) -> Any:
    """What ``talk`` comes to with a client whose server is started in ``folder``."""
    from mcp import Client
    from mcp.client.stdio import StdioServerParameters

    env = environment(folder, BAILIAN_WIZARD_STATE=str(state))
    server = StdioServerParameters(
        command=PROGRAM[0], args=[*PROGRAM[1:], "mcp", *words], env=env, cwd=folder
    )

    async def whole() -> Any:
        async with Client(server) as client:
            return await talk(client)

    return asyncio.run(whole())


async def called(client: Any, tool: str, **arguments: Any) -> dict[str, Any]:
    """The envelope that a tool answers with."""
    answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer
    told = answer.structured_content or json.loads(answer.content[0].text)
    return dict(told.get("result", told)) if "schema" not in told else dict(told)


@pytest.fixture
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user's own state."""
    return tmp_path_factory.mktemp(STATE)


def test_every_tool_is_told_with_what_it_does(folder: Path, state: Path) -> None:
    """A client finds the tools; only run may destroy, and each says what it is for."""

    async def talk(client: Any) -> Any:
        return (await client.list_tools()).tools

    tools = {tool.name: tool for tool in session(folder, talk, state, "--sandbox")}
    assert {"check", "why", "convert", "models", "plan", "run", "status", "metrics"} == tools.keys()
    assert all(tool.description for tool in tools.values())
    assert ["run"] == [
        name for name, tool in tools.items() if tool.annotations and tool.annotations.destructive_hint
    ]


def test_no_row_is_told_but_the_one_asked_for(folder: Path, state: Path) -> None:
    """Checking and converting faulty and good rows tells codes, lines and counts; the words of a row come from why alone, and no path leads out of the folder."""
    rows: list[Any] = [{"question": SECRET, "answer": f"{SECRET}?", "note": SECRET}] * 3
    rows += [
        {"question": SECRET, "options": {"A": SECRET, "B": SECRET}, "answer": "Q"},
        {"question": SECRET, "images": SECRET, "answer": "x"},
    ]
    (folder / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")

    async def talk(client: Any) -> Any:
        told = [await called(client, "check", file="own.jsonl")]
        told.append(await called(client, "convert", source="own.jsonl", output="out.jsonl"))
        told.append(
            await called(client, "convert", source="own.jsonl", output="out.jsonl", skip_bad_rows=True)
        )
        told.append(await called(client, "plan", answers={"dataset.source": "own.jsonl"}))
        row = await called(client, "why", file="own.jsonl", line=1)
        outside = await client.call_tool("check", {"file": "../elsewhere.jsonl"})
        return told, row, outside

    told, row, outside = session(folder, talk, state, "--sandbox")
    assert all("Wang" not in json.dumps(one) and "cough" not in json.dumps(one) for one in told), told
    assert SECRET in json.dumps(row)
    assert outside.is_error


@pytest.mark.posix("a terminal")
@pytest.mark.sweep
def test_nothing_is_run_that_nobody_approved(folder: Path, state: Path, command: Command) -> None:
    """Plan tells a digest; run refuses it until a person has typed the word for it at a terminal, then creates one job; metrics tells its course."""

    async def plan(client: Any) -> Any:
        planned = await called(client, "plan", answers={"training.n_epochs": "2"})
        refused = await called(client, "run", digest=planned["data"]["digest"])
        return planned["data"]["digest"], refused

    digest, refused = session(folder, plan, state, "--sandbox")
    assert ("not-approved", digest) == (refused["error"]["code"], refused["error"]["details"]["digest"])
    env = {"BAILIAN_WIZARD_STATE": str(state)}
    assert 2 == command("approve", digest, "--sandbox", env=env).returncode  # nobody is there
    with Terminal(["approve", digest, "--sandbox"], folder, env=environment(folder, **env)) as terminal:
        terminal.expect("within an hour")
        terminal.press("yes\r")
        assert 0 == terminal.end()

    async def run(client: Any) -> Any:
        ran = [await called(client, "run", digest=digest) for _time in range(2)]
        return (
            ran,
            await called(client, "status"),
            await called(client, "metrics", job_id=ran[0]["data"]["job"]["id"]),
        )

    ran, status, metrics = session(folder, run, state, "--sandbox")
    assert ran[0]["data"]["job"]["id"] == ran[1]["data"]["job"]["id"] == status["data"]["job"]
    assert 2 == ran[0]["data"]["job"]["settings"]["n_epochs"]
    assert metrics["data"]["job_id"] == ran[0]["data"]["job"]["id"]
    assert 1 == len(outputs.listed(command("jobs", "--sandbox", "--json", env=env).stdout))
    assert all("sk-" not in json.dumps(one) for one in (*ran, status, metrics))
    assert os.path.lexists(state / "approved.jsonl")
