"""The command line's words: every command, option and their help, in the language in use."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard import __version__
from wizard.locale import _
from wizard.usage import Parser, Row

DEFAULTS = {
    "sandbox": False, "allow_endpoint": False, "allow_owner": False, "plain": False, "set": [], "answers": None, "new": False, "json": False, "yes": False,
    "command": None, "debug": False, "exit_status": False, "dir": None, "quiet": False, "retry": 0, "events": False, "timeout": None,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command, declared once: parser, help, completion, reference and what is run come from it.

    ``about``: one line, in the language in use. ``group``: the row of the first help that it is in. ``fill``: adds its
    options. ``run``: ``module:function`` in ``wizard.commands``, which is given the scene and returns the exit code.
    ``local``: it sends nothing, and keeps a log only when something unexpected happens. ``state``: it has use for what is
    kept in the folder.
    """

    name: str
    about: str
    group: str
    fill: Callable[[argparse.ArgumentParser], None]
    run: str
    local: bool = False
    state: bool = True


def commands() -> tuple[Command, ...]:
    """All of them, in the order of the reference; the wizard itself, which has no name, is none of them."""
    return (
        Command(
            name="run", group="walk", fill=_run, run="walk:run",
            about=_("the same without questions, for scripts"),
        ),
        Command(
            name="plan", group="walk", fill=_plan, run="walk:plan",
            about=_("what would be done, with its digest"),
        ),
        Command(
            name="status", group="walk", fill=_status, run="status:status",
            about=_("how the session here stands: outcome, since when, what next"),
        ),
        Command(
            name="schema", group="answers", fill=_schema, run="answers:schemas", local=True, state=False,
            about=_("JSON Schema of every answer, or of the output"),
        ),
        Command(
            name="from-command", group="answers", fill=_from_command, run="walk:from_command",
            about=_("start from a command line of an older tutorial"),
        ),
        Command(
            name="convert", group="data", fill=_convert, run="conversion:convert", local=True, state=False,
            about=_("convert questions to Bailian's format"),
        ),
        Command(
            name="check", group="data", fill=_check, run="checking:check", local=True, state=False,
            about=_("what is wrong with source data or Bailian's JSONL, line by line"),
        ),
        Command(
            name="why", group="data", fill=_why, run="checking:why", local=True, state=False,
            about=_("what became of one row of a file"),
        ),
        Command(
            name="explain", group="here", fill=_explain, run="explaining:explain", local=True, state=False,
            about=_("what a code of a finding or an error means, and what to do"),
        ),
        Command(
            name="jobs", group="platform", fill=_jobs, run="jobs:jobs",
            about=_("list, show, follow and cancel jobs"),
        ),
        Command(
            name="files", group="platform", fill=_files, run="files:files",
            about=_("list, show and delete files on the platform"),
        ),
        Command(
            name="models", group="platform", fill=_as_json, run="models:models", local=True, state=False,
            about=_("models that can be tuned, with prices"),
        ),
        Command(
            name="sessions", group="here", fill=_sessions, run="sessions:sessions",
            about=_("sessions in this folder"),
        ),
        Command(
            name="sandbox", group="programs", fill=_sandbox, run="serving:serve",
            about=_("serve the sandbox for other programs"),
        ),
        Command(
            name="approve", group="programs", fill=_approve, run="approving:approve",
            about=_("let a program run the plan with this digest, after looking at it"),
        ),
        Command(
            name="mcp", group="programs", fill=_nothing, run="mcp:serve",
            about=_("serve the commands as tools of the Model Context Protocol"),
        ),
        Command(
            name="completion", group="programs", fill=_completion, run="completion:script", local=True, state=False,
            about=_("the script that lets a shell complete commands with TAB"),
        ),
    )  # fmt: skip


def rows() -> tuple[Row, ...]:
    """The commands as the top's help has them: what belongs together in one line, so that it fits a small screen."""
    groups = {
        "walk": _("without questions; what would be; how it stands"),
        "data": _("convert data, look at every row; what became of one"),
        "platform": _("jobs and files on the platform; models with prices"),
        "here": _("what a finding's code means; sessions in this folder"),
        "answers": _("JSON Schemas; start from an old command line"),
        "programs": _("for programs: sandbox, approval, MCP; TAB completion"),
    }
    return tuple(
        (", ".join(each.name for each in commands() if each.group == group), about)
        for group, about in groups.items()
    )


def command(name: str | None) -> Command:
    """The command called ``name``; the wizard itself for none."""
    wizard = Command(name="", about="", group="", fill=_walking, run="walk:wizard")
    return next((each for each in commands() if each.name == name), wizard)


def parse(words: Sequence[str]) -> argparse.Namespace:
    """What ``words`` say; exits with 2 and a sentence where they can't be understood, with 0 after ``--help``."""
    return parser(words).parse_args(words)


def parser(words: Sequence[str] | None = None) -> Parser:
    """The parser; given ``words``, only the commands that occur in them get their options (start-up time is a feature)."""
    top = Parser(
        prog="bailian-wizard",
        description=_("Fine-tune a Qwen model on Alibaba Cloud Bailian from your own data.")
        + "\n"
        + _("Without a command the wizard starts, or goes on with the session here."),
        rows=rows(),
    )
    _common(top, first=True)
    _walking(top)
    top.set_defaults(**DEFAULTS)
    top.add_argument(
        "--version",
        action="version",
        version=f"bailian-wizard {__version__}",
        help=_("show the version and exit"),
    )
    below = top.add_subparsers(dest="command", metavar="COMMAND")
    for each in commands():
        own = below.add_parser(
            each.name, help=each.about, description=each.about, argument_default=argparse.SUPPRESS
        )
        if words is None or each.name in words:
            _common(own, platform=not each.local)
            each.fill(own)
    return top


def _common(to: argparse.ArgumentParser, *, platform: bool = True, first: bool = False) -> None:
    """Options that are the same before and after a command; the defaults are the top's.

    Without ``platform`` the help leaves out those that only matter where something is sent; the ``first`` help, which
    has to fit a small screen, the one that whoever needs it is told of.
    """
    to.add_argument(
        "--sandbox",
        action="store_true",
        default=argparse.SUPPRESS,
        help=_("practise on this computer: no key, no cost") if platform else argparse.SUPPRESS,
    )
    to.add_argument(
        "--lang",
        choices=["zh", "en"],
        default=argparse.SUPPRESS,
        help=_("language of all words (else that of the system)"),
    )
    to.add_argument(
        "--plain",
        action="store_true",
        default=argparse.SUPPRESS,
        help=_("line by line, as for screen readers"),
    )
    to.add_argument(
        "--allow-endpoint",
        action="store_true",
        default=argparse.SUPPRESS,
        help=_("let DASHSCOPE_HTTP_BASE_URL name any host") if platform and not first else argparse.SUPPRESS,
    )
    to.add_argument(
        "--allow-owner",
        action="store_true",
        default=argparse.SUPPRESS,
        help=_("use a .wizard folder of another user, now and later")
        if platform and not first
        else argparse.SUPPRESS,
    )
    to.add_argument(
        "--dir",
        type=Path,
        metavar="DIR",
        default=argparse.SUPPRESS,
        help=_("as if started in DIR; run and plan make it") if not first else argparse.SUPPRESS,
    )
    to.add_argument(
        "--quiet",
        action="store_true",
        default=argparse.SUPPRESS,
        help=_("without a terminal: warnings and errors only") if not first else argparse.SUPPRESS,
    )
    to.add_argument(
        "--retry",
        type=_whole,
        metavar="N",
        default=argparse.SUPPRESS,
        help=_("up to N times again what was provably not sent: no network, too often, busy")
        if platform and not first
        else argparse.SUPPRESS,
    )
    to.add_argument(
        "--debug",
        action="store_true",
        default=argparse.SUPPRESS,
        help=_("log requests, answers and errors in full; no keys"),
    )


def _walking(to: argparse.ArgumentParser) -> None:
    to.add_argument(
        "--set",
        action="append",
        metavar="KEY=VALUE",
        default=argparse.SUPPRESS,
        help=_("answer a question before it is asked"),
    )
    to.add_argument(
        "--answers", type=Path, metavar="FILE", default=argparse.SUPPRESS, help=_("answers in a TOML file")
    )
    to.add_argument(
        "--new",
        action="store_true",
        default=argparse.SUPPRESS,
        help=_("put the session in this folder away first"),
    )


def _nothing(_to: argparse.ArgumentParser) -> None:
    """No option of its own."""


def _approve(command: argparse.ArgumentParser) -> None:
    command.add_argument("digest", metavar="DIGEST", help=_("the digest that plan told"))


def _schema(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "of",
        nargs="?",
        choices=["answers", "outputs", "events"],
        default="answers",
        help=_("whose schema (answers)"),
    )


def _as_json(to: argparse.ArgumentParser) -> None:
    to.add_argument("--json", action="store_true", help=_("one JSON value on standard output"))


def _run(command: argparse.ArgumentParser) -> None:
    _walking(command)
    _as_json(command)
    command.add_argument(
        "--yes", action="store_true", help=_("take every default; on the sandbox also approve")
    )
    command.add_argument(
        "--approve", default=None, metavar="DIGEST", help=_("approve the plan with this digest")
    )
    command.add_argument(
        "--resolve",
        default=None,
        metavar="CHOICE",
        help=_("what was decided, with --approve: ID, again, leave"),
    )
    command.add_argument("--watch", action="store_true", default=False, help=_("follow the job to its end"))
    _following(command)
    command.add_argument(
        "file", nargs="?", type=Path, default=None, metavar="FILE", help=_("a plan that plan --out wrote")
    )


def _following(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--timeout",
        type=_factor,
        metavar="SECONDS",
        default=argparse.SUPPRESS,
        help=_("follow no longer than that: exit code 8"),
    )
    command.add_argument(
        "--events",
        action="store_true",
        default=argparse.SUPPRESS,
        help=_("what happens, one JSON object a line"),
    )


def _status(command: argparse.ArgumentParser) -> None:
    _as_json(command)
    command.add_argument(
        "--exit-status",
        action="store_true",
        help=_(
            "exit 0: succeeded, 7: failed, canceled or gone, 3: waits for a person, 4: unknown, 8: running"
        ),
    )


def _plan(command: argparse.ArgumentParser) -> None:
    _walking(command)
    _as_json(command)
    command.add_argument("--yes", action="store_true", help=_("take every default"))
    command.add_argument(
        "--out", type=Path, default=None, metavar="FILE", help=_("keep the plan as a file, for run FILE")
    )


def _from_command(command: argparse.ArgumentParser) -> None:
    _walking(command)
    command.add_argument("line", metavar="LINE", help=_("the whole line, in quotes"))


def _convert(command: argparse.ArgumentParser) -> None:
    _as_json(command)
    command.add_argument(
        "source", nargs="?", default=None, metavar="SOURCE", help=_("a file; with --all a folder")
    )
    command.add_argument(
        "output", nargs="?", default=None, metavar="OUTPUT", help=_("the file or folder to write")
    )
    command.add_argument(
        "--all", action="store_true", default=False, help=_("every MedQA set that is found: up to nine files")
    )
    command.add_argument("--out", type=Path, default=None, metavar="DIR", help=_("where --all writes"))
    command.add_argument(
        "--system-prompt",
        default=None,
        metavar="TEXT",
        help=_("what stands before questions, and chats without one"),
    )
    command.add_argument(
        "--on-error",
        choices=["stop", "skip"],
        default="stop",
        help=_("rows that can't be sent: stop, or leave out"),
    )
    command.add_argument(
        "--max-part-size",
        default=None,
        metavar="SIZE",
        help=_("largest file to write; more becomes parts (300MB)"),
    )
    command.add_argument(
        "--split",
        default=None,
        metavar="NAME=SHARE,...",
        help=_('several outputs, such as "train=0.9,dev=0.1"'),
    )
    command.add_argument(
        "--shuffle-options", action="store_true", default=False, help=_("put the options in another order")
    )
    command.add_argument(
        "--seed", type=_whole, default=0, metavar="N", help=_("for --split and --shuffle-options (0)")
    )
    _columns(command)


def _columns(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--columns",
        action="append",
        default=None,
        metavar="MEANING=NAME",
        help=_("which column means what, such as question=stem"),
    )
    command.add_argument(
        "--ignore",
        action="append",
        default=None,
        metavar="FIELD",
        help=_("a field to leave out knowingly, such as images"),
    )


def _check(command: argparse.ArgumentParser) -> None:
    _as_json(command)
    command.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help=_("files; several are also compared")
    )
    command.add_argument(
        "--max-length", type=_count, default=None, metavar="N", help=_("rows with more tokens are errors")
    )
    command.add_argument(
        "--limit", type=_count, default=10, metavar="N", help=_("lines shown for each kind of finding (10)")
    )
    command.add_argument(
        "--no-stats", action="store_true", default=False, help=_("findings only, no lengths and balance")
    )
    command.add_argument(
        "--sarif", type=Path, default=None, metavar="FILE", help=_("write the findings as SARIF 2.1.0 too")
    )
    command.add_argument(
        "--fix",
        action="store_true",
        default=False,
        help=_("fix what is safe, in a new file; rows that can't be sent go aside"),
    )
    command.add_argument("--out", type=Path, default=None, metavar="FILE", help=_("where --fix writes"))
    _columns(command)


def _why(command: argparse.ArgumentParser) -> None:
    _as_json(command)
    command.add_argument("row", metavar="FILE:LINE", help=_("the row, such as train.jsonl:17"))
    command.add_argument(
        "--output",
        type=Path,
        action="append",
        default=None,
        metavar="FILE",
        help=_("a converted file to look for it in"),
    )
    command.add_argument(
        "--system-prompt",
        default=None,
        metavar="TEXT",
        help=_("what stands before questions, and chats without one"),
    )
    command.add_argument(
        "--max-length", type=_count, default=None, metavar="N", help=_("rows with more tokens are errors")
    )
    _columns(command)


def _explain(command: argparse.ArgumentParser) -> None:
    _as_json(command)
    command.add_argument(
        "code",
        nargs="?",
        default=None,
        metavar="CODE",
        help=_("NO_ANSWER, over-budget …; without it findings; errors: of errors"),
    )


def _count(text: str) -> int:
    """A whole number above zero."""
    number = _whole(text)
    if number < 1:
        raise argparse.ArgumentTypeError(_("{text} is not a whole number above zero").format(text=text))
    return number


def _factor(text: str) -> float:
    """A number above zero."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(_("{text} is not a number above zero").format(text=text))
    return number


def _whole(text: str) -> int:
    """A whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(_("{text} is not a whole number").format(text=text)) from None


def _jobs(command: argparse.ArgumentParser) -> None:
    _actions(command, ("show", "logs", "metrics", "watch", "wait"), "cancel")


def _files(command: argparse.ArgumentParser) -> None:
    _actions(command, ("show",), "delete")


def _actions(command: argparse.ArgumentParser, looks: Sequence[str], harm: str) -> None:
    about = {
        "list": _("all of them, newest first"),
        "show": _("everything about one"),
        "logs": _("its training log"),
        "metrics": _("steps, losses and learning rate of its log, as numbers"),
        "watch": _("follow it to its end"),
        "wait": _("until all of them have ended"),
        "cancel": _("stop it; what it trained until then is billed"),
        "delete": _("remove it from the platform"),
    }
    _as_json(command)
    command.set_defaults(action="list", all=False)
    actions = command.add_subparsers(dest="action", metavar="ACTION")
    for name in ("list", *looks, harm):
        action = actions.add_parser(
            name, help=about[name], description=about[name], argument_default=argparse.SUPPRESS
        )
        _common(action)
        _as_json(action)
        if name == "list":
            action.add_argument("--all", action="store_true", help=_("more than the newest 100"))
        elif name in ("wait", "delete"):
            several: Mapping[str, Any] = {"nargs": "+"} if name == "wait" else {"nargs": "*", "default": []}
            action.add_argument(
                "ids", **several, metavar="ID", type=_identifier, help=_("their ids, as list shows them")
            )
        else:
            action.add_argument("id", metavar="ID", type=_identifier, help=_("its id, as list shows it"))
        if name in ("watch", "wait"):
            _following(action)
        if name == "delete":
            action.add_argument(
                "--unused",
                action="store_true",
                default=False,
                help=_("all that this folder uploaded and nothing here needs any more"),
            )
        if name == harm:
            action.add_argument("--yes", action="store_true", help=_("don't ask"))


def _sessions(command: argparse.ArgumentParser) -> None:
    about = {
        "list": _("the one in this folder and those put away"),
        "open": _("go on with one that was put away; the one here is put away"),
        "trust": _("take over one that is not yours as it stands, after it was shown"),
    }
    _as_json(command)
    command.set_defaults(action="list")
    actions = command.add_subparsers(dest="action", metavar="ACTION")
    for name, told in about.items():
        action = actions.add_parser(name, help=told, description=told, argument_default=argparse.SUPPRESS)
        _common(action)
        _as_json(action)
        if name == "open":
            action.add_argument("id", metavar="ID", type=_identifier, help=_("its id, as list shows it"))
        if name == "trust":
            action.add_argument("--yes", action="store_true", help=_("don't ask"))


def _identifier(text: str) -> str:
    """An id as the platform gives them; anything else would end up as another path in the request."""
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", text):
        raise argparse.ArgumentTypeError(_("{text} is not an id of the platform").format(text=text))
    return text


def _sandbox(command: argparse.ArgumentParser) -> None:
    command.add_argument("--port", type=_whole, default=8787, metavar="N", help=_("port on this computer"))
    command.add_argument(
        "--speed", type=_factor, default=1.0, metavar="FACTOR", help=_("jobs run so many times faster (1)")
    )


def _completion(command: argparse.ArgumentParser) -> None:
    command.add_argument("shell", choices=["bash", "zsh", "fish"], help=_("the shell"))
