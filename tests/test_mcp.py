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
    """Checking and converting faulty and good rows tells codes, lines and counts, in the published form; the words of a row come from why alone."""
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
        return told, row

    told, row = session(folder, talk, state, "--sandbox")
    assert all("Wang" not in json.dumps(one) and "cough" not in json.dumps(one) for one in told), told
    assert all(outputs.envelope(json.dumps(one)) for one in told)
    assert SECRET in json.dumps(row)


def test_what_is_asked_about_a_table_is_told_without_its_rows(folder: Path, state: Path) -> None:
    """Where it isn't clear what the columns of a table mean, plan names the answers that are missing and shows none of what stands in them."""
    rows = [f"{SECRET} {column} {number}" for number in range(20) for column in "abc"]
    lines = [",".join(rows[at : at + 3]) for at in range(0, len(rows), 3)]
    (folder / "named.csv").write_text("\n".join(["alpha,beta,gamma", *lines]), "utf-8")
    (folder / "bare.csv").write_text("\n".join(lines), "utf-8")

    async def talk(client: Any) -> Any:
        asked = ({"dataset.source": "named.csv"}, {"dataset.source": "bare.csv", "dataset.header": "no"})
        return [await called(client, "plan", answers=answers) for answers in asked]

    for told in session(folder, talk, state, "--sandbox"):
        outputs.envelope(json.dumps(told))
        assert "answers-missing" == told["error"]["code"]
        assert "dataset.columns.question" in told["error"]["details"]["keys"]
        assert "Wang" not in json.dumps(told)


@pytest.mark.posix("links")
def test_no_name_leads_out_of_the_folder(
    folder: Path, state: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No name, link, folder with a link or answer of a plan reads or writes outside of the folder, none that is hidden is served, and none is taken for an option; each is refused as the command would refuse it, with nothing on standard error."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    row = json.dumps({"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]})
    (elsewhere / "theirs.jsonl").write_text(f"{row}\n" * 30)
    (folder / "own.jsonl").write_text(f"{row}\n" * 30)
    (folder / ".env").write_text("DASHSCOPE_API_KEY=sk-of-nobody\n")
    (folder / "link.jsonl").symlink_to(elsewhere / "theirs.jsonl")
    (folder / "sub").mkdir()
    (folder / "sub" / "inner.jsonl").symlink_to(elsewhere / "theirs.jsonl")
    theirs = str(elsewhere / "theirs.jsonl")
    bad = (
        theirs,
        "../x.jsonl",
        "link.jsonl",
        "sub",
        "sub/inner.jsonl",
        ".env",
        ".wizard/session.json",
        "a\0b",
    )
    own = {"dataset.source": "own.jsonl"}

    async def talk(client: Any) -> Any:
        told = [await called(client, "check", file=name) for name in bad]
        told += [await called(client, "why", file=name, line=1) for name in bad]
        told += [await called(client, "convert", source="own.jsonl", output=name) for name in bad]
        told += [await called(client, "convert", source=name, output="out.jsonl") for name in bad]
        told.append(await called(client, "convert", source="--all", output=f"--out={elsewhere}"))
        told += [
            await called(client, "check", file=name) for name in ("--help", "--fix", "--sarif=own.jsonl")
        ]
        told.append(await called(client, "metrics", job_id="--help"))
        told += [await called(client, "plan", answers={"dataset.source": name}) for name in bad]
        for key in ("dataset.validation_source", "preview.output"):
            more = {**own, "dataset.validation": "file", key: str(elsewhere)}
            told.append(await called(client, "plan", answers=more))
        told.append(await called(client, "plan", answers={f"--out={elsewhere}/plan.json": ""}))
        return told

    for number, told in enumerate(session(folder, talk, state, "--sandbox")):
        outputs.envelope(json.dumps(told))
        assert told.get("error", {}).get("code") in ("usage", "bad-data"), (number, told)
    assert ["theirs.jsonl"] == [path.name for path in elsewhere.iterdir()]
    assert not (folder / "out.jsonl").exists()
    assert "DASHSCOPE_API_KEY=sk-of-nobody\n" == (folder / ".env").read_text()


def test_a_conversion_writes_over_its_own_files_only(folder: Path, state: Path) -> None:
    """Convert may be called again; it refuses to take the place of a file that it didn't write."""
    row = json.dumps({"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]})
    (folder / "own.jsonl").write_text(f"{row}\n" * 30)
    (folder / "notes.jsonl").write_text("mine\n")

    async def talk(client: Any) -> Any:
        names = ("out.jsonl", "out.jsonl", "notes.jsonl", "notes.txt", "notes.jsonl")
        return [await called(client, "convert", source="own.jsonl", output=name) for name in names]

    first, second, third, _beside, fourth = session(folder, talk, state, "--sandbox")
    assert outputs.result(json.dumps(first)) == outputs.result(json.dumps(second))
    assert "usage" == third["error"]["code"] == fourth["error"]["code"]
    assert "mine\n" == (folder / "notes.jsonl").read_text()


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
