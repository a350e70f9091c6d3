"""``mcp``: the commands as tools of the Model Context Protocol, for an assistant in an editor; the official SDK, an extra.

Each tool is a command line of this program with ``--json``, run in the served folder, and answers with its envelope. It never
answers with the key, nor with a row but where one is asked for; it reads and writes inside of the folder only, and runs
nothing that a person hasn't approved at a terminal.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard import __version__
from wizard.commands.scene import Scene
from wizard.contract import envelope
from wizard.contract.codes import CODES
from wizard.errors import UsageError
from wizard.locale import _, said

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

_OF_ROWS = frozenset({"not_sent_first"})
"""Members that hold values of rows."""


def serve(scene: Scene) -> int:
    """``mcp``: serve on standard input and output until they close."""
    try:
        server = _server(Served(Path.cwd(), sandbox=scene.arguments.sandbox))
    except ImportError:
        raise UsageError(
            _("The MCP server needs the SDK of the protocol."),
            _("Install it: {command}").format(command='pip install "bailian-wizard[mcp]"'),
        ) from None
    server.run()
    return 0


class Served:
    """The folder that is served, and how a command is run in it."""

    def __init__(self, folder: Path, *, sandbox: bool) -> None:
        self._folder = folder.resolve()
        self._sandbox = sandbox

    def run(self, *words: str, whole: bool = False) -> dict[str, Any]:
        """What the command line ``words`` answers. ``whole``: with the values of rows, which were asked for."""
        line = [sys.executable, "-m", "wizard", *words, "--json", *(["--sandbox"] if self._sandbox else [])]
        done = subprocess.run(
            line, cwd=self._folder, stdin=subprocess.DEVNULL, capture_output=True, check=False, env={**os.environ, "PYTHONUTF8": "1"}
        )  # fmt: skip
        told: dict[str, Any] = json.loads(done.stdout)
        return told if whole else discreet(told)

    def path(self, name: str) -> str:
        """``name`` inside of the folder. Raises ValueError for any other place."""
        found = (self._folder / name).resolve()
        if not found.is_relative_to(self._folder):
            raise ValueError(f"{name} is outside of the folder that is served")
        return str(found.relative_to(self._folder))

    def approved(self, digest: str) -> bool:
        """Whether a person approved the plan at a terminal, within an hour."""
        from wizard.money import approvals

        return approvals.noted(digest, self._folder)

    def refused(self, command: str, code: str, message: str, hint: str, **details: Any) -> dict[str, Any]:
        """An error of ours, as the command itself would tell it."""
        return dict(envelope.failure(command, code, message, hint, sandbox=self._sandbox, details=details))


def discreet(told: Mapping[str, Any]) -> dict[str, Any]:
    """``told`` without anything that a row says: findings say what is wrong in general, and an error about data its kind."""
    shown: dict[str, Any] = _without_rows(told)
    if (error := shown.get("error")) and error["code"] == "bad-data":
        error["message"] = said(CODES["bad-data"].about)
    return shown


def _without_rows(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_rows(part) for part in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _without_rows(part) for name, part in value.items() if name not in _OF_ROWS}
    return _in_general(kept) if {"code", "severity", "line", "what"} <= kept.keys() else kept


def _in_general(finding: dict[str, Any]) -> dict[str, Any]:
    from wizard.commands.explaining import general
    from wizard.data.rules import rules

    rule = rules().get(finding["code"])
    words = (
        {"what": general(rule.what), "fix": general(rule.fix)}
        if rule is not None
        else {"what": "", "fix": ""}
    )
    return {**finding, **words}


def _server(served: Served) -> MCPServer[Any]:
    """The tools. Raises ImportError where the SDK is not there."""
    from mcp.server.mcpserver import MCPServer
    from mcp.types import ToolAnnotations

    server: MCPServer[Any] = MCPServer(
        "bailian-wizard",
        version=__version__,
        instructions=(
            "Fine-tunes a Qwen model on Alibaba Cloud Bailian from the data in this folder. Check and plan are free. run costs "
            "money: show the plan to the user, who approves it in a terminal with `bailian-wizard approve DIGEST`. Every answer is "
            "an object with data or error; error.retryable says whether the same call may simply be made again."
        ),
    )
    looks = ToolAnnotations(read_only_hint=True)

    @server.tool(annotations=looks)
    def check(file: str) -> dict[str, Any]:
        """What is wrong with a file of data: findings by code and line, never the rows themselves."""
        return served.run("check", served.path(file))

    @server.tool(annotations=looks)
    def why(file: str, line: int) -> dict[str, Any]:
        """One row of a file: how it is read, and what is sent for it. This is the tool that returns a row."""
        return served.run("why", f"{served.path(file)}:{line}", whole=True)

    @server.tool(annotations=ToolAnnotations(idempotent_hint=True))
    def convert(source: str, output: str, skip_bad_rows: bool = False) -> dict[str, Any]:
        """Convert a file of data to Bailian's format, in a new file."""
        more = ("--on-error", "skip") if skip_bad_rows else ()
        return served.run("convert", served.path(source), served.path(output), *more)

    @server.tool(annotations=looks)
    def models() -> dict[str, Any]:
        """Models that can be tuned, with the prices that are known and since when."""
        return served.run("models")

    @server.tool()
    def plan(answers: dict[str, str] | None = None) -> dict[str, Any]:
        """What would be done and what it costs at most, with its digest. ``answers``: by key, such as {"training.n_epochs": "2"}; all other questions take their default."""
        return served.run("plan", "--yes", *_settings(answers))

    @server.tool(annotations=ToolAnnotations(destructive_hint=True))
    def run(digest: str) -> dict[str, Any]:
        """Upload and create the job of the plan with this digest, which a person has approved in a terminal. It costs money."""
        if not served.approved(digest):
            return served.refused(
                "run",
                "not-approved",
                _("No person has approved the plan {digest} in a terminal within the last hour.").format(
                    digest=digest
                ),
                _("Show the plan to the user, who runs in this folder: {command}").format(
                    command=f"bailian-wizard approve {digest}"
                ),
                digest=digest,
            )
        return served.run("run", "--yes", "--approve", digest)

    @server.tool(annotations=looks)
    def status() -> dict[str, Any]:
        """How the session in this folder stands: outcome, since when, what next."""
        return served.run("status")

    @server.tool(annotations=looks)
    def metrics(job_id: str) -> dict[str, Any]:
        """Losses and learning rate of a job by step, as its log tells them."""
        return served.run("jobs", "metrics", job_id)

    return server


def _settings(answers: Mapping[str, str] | None) -> Sequence[str]:
    return [word for key, value in (answers or {}).items() for word in ("--set", f"{key}={value}")]
