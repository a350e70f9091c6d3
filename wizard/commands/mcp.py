"""``mcp``: the commands as tools of the Model Context Protocol, for an assistant in an editor; the official SDK, an extra.

Each tool is a command line of this program with ``--json``, run in the served folder, and answers with its envelope. It never
answers with the key, nor with a row but where one is asked for; it reads and writes inside of the folder only, nothing hidden
there and nothing over a file that no conversion wrote, and runs nothing that a person hasn't approved at a terminal.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
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
"""Members that hold values of rows by field; none is told."""
_SHOWING_ROWS = frozenset({"bad-data", "answers-missing"})
"""Codes whose messages quote rows: what is wrong in them, or what stands in a column that is asked about."""
_PATHS = frozenset({"dataset.source", "dataset.validation_source", "preview.output"})
"""Answers that are paths."""


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
        """``name`` inside of the folder, as a word that is no option. Raises UsageError for any other place, and for what is hidden there."""
        try:
            found = (self._folder / name).resolve()
            outside = next((str(one) for one in (found, *_links(found)) if not self._holds(one)), "")
        except (OSError, ValueError, RuntimeError):  # a name that none can have; links in a circle
            raise UsageError(_("{path} can't be a name here.").format(path=name)) from None
        if outside:
            raise UsageError(
                _("{path} is, or leads to, a place outside of the folder that is served.").format(path=name)
            )
        inside = found.relative_to(self._folder)
        if any(part.startswith(".") for part in inside.parts):
            raise UsageError(_("{path} is hidden, and nothing hidden is served.").format(path=name))
        word = str(inside)
        return f"./{word}" if word.startswith("-") else word

    def _holds(self, place: Path) -> bool:
        return place.resolve().is_relative_to(self._folder)

    def output(self, name: str) -> str:
        """A path to write to: nothing is there, or what an earlier conversion wrote. Raises UsageError."""
        from wizard.data.converting import manifest

        word = self.path(name)
        there = self._folder / word
        kept = manifest.read(manifest.path_beside(there)) if there.exists() else None
        if there.exists() and (kept is None or there.name not in {part.name for part in kept.parts}):
            raise UsageError(
                _("{path} is there already, and no conversion wrote it.").format(path=name),
                _("Choose another name."),
            )
        return word

    def id(self, word: str) -> str:
        """``word``, which is no option. Raises UsageError."""
        if word.startswith("-"):
            raise UsageError(_("{text} is not an id of the platform").format(text=word))
        return word

    def settings(self, answers: Mapping[str, str] | None) -> Sequence[str]:
        """``answers`` as options; each path among them is one inside of the folder. Raises UsageError."""
        return [
            f"--set={key}={self.path(value) if key.strip() in _PATHS else value}"
            for key, value in (answers or {}).items()
        ]

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
    if (error := shown.get("error")) and error["code"] in _SHOWING_ROWS:
        error["message"] = said(CODES[error["code"]].about)
    return shown


def _links(folder: Path) -> Iterator[Path]:
    """The links in ``folder`` and below, but for what is hidden; none where it is no folder."""
    for place, below, names in os.walk(folder):
        below[:] = [name for name in below if not name.startswith(".")]
        for name in (*below, *names):
            if not name.startswith(".") and (found := Path(place, name)).is_symlink():
                yield found


Tool = Callable[..., dict[str, Any]]


def _telling(served: Served) -> Callable[[Tool], Tool]:
    """Around a tool: what is refused here, before any command is run, is told as the command itself would tell it."""

    def around(tool: Tool) -> Tool:
        @functools.wraps(tool)
        def told(*words: Any, **named: Any) -> dict[str, Any]:
            try:
                return tool(*words, **named)
            except UsageError as refused:
                name = "jobs metrics" if tool.__name__ == "metrics" else tool.__name__
                return served.refused(name, refused.code, refused.message, refused.hint)

        return told

    return around


def _without_rows(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_rows(part) for part in value]
    if not isinstance(value, dict):
        return value
    kept = {name: {} if name in _OF_ROWS else _without_rows(part) for name, part in value.items()}
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
    looks, telling = ToolAnnotations(read_only_hint=True), _telling(served)

    @server.tool(annotations=looks)
    @telling
    def check(file: str) -> dict[str, Any]:
        """What is wrong with a file of data: findings by code and line, never the rows themselves."""
        return served.run("check", served.path(file))

    @server.tool(annotations=looks)
    @telling
    def why(file: str, line: int) -> dict[str, Any]:
        """One row of a file: how it is read, and what is sent for it. This is the tool that returns a row."""
        return served.run("why", f"{served.path(file)}:{line}", whole=True)

    @server.tool(annotations=ToolAnnotations(idempotent_hint=True))
    @telling
    def convert(source: str, output: str, skip_bad_rows: bool = False) -> dict[str, Any]:
        """Convert a file of data to Bailian's format, in a new file."""
        more = ("--on-error", "skip") if skip_bad_rows else ()
        return served.run("convert", served.path(source), served.output(output), *more)

    @server.tool(annotations=looks)
    def models() -> dict[str, Any]:
        """Models that can be tuned, with the prices that are known and since when."""
        return served.run("models")

    @server.tool()
    @telling
    def plan(answers: dict[str, str] | None = None) -> dict[str, Any]:
        """What would be done and what it costs at most, with its digest. ``answers``: by key, such as {"training.n_epochs": "2"}; all other questions take their default."""
        return served.run("plan", "--yes", *served.settings(answers))

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
    @telling
    def metrics(job_id: str) -> dict[str, Any]:
        """Losses and learning rate of a job by step, as its log tells them."""
        return served.run("jobs", "metrics", served.id(job_id))

    return server
