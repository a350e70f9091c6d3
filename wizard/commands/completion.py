"""Completion with TAB: the script that a shell wants, and what could come next on a command line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import NoReturn, TextIO

from wizard import process
from wizard.commands.scene import Scene

_PATHS = ("FILE", "FILE:LINE", "DIR", "SOURCE", "OUTPUT")
_ANSWER = "KEY=VALUE"
_CODE = "CODE"
_SHELLS_END = 8  # the descriptor that a shell reads


def script(scene: Scene) -> int:
    """``completion bash|zsh|fish``: print what the shell is to evaluate."""
    from argcomplete.shell_integration import shellcode

    process.deliver(shellcode(["bailian-wizard"], shell=scene.arguments.shell))
    return 0


def complete(top: argparse.ArgumentParser) -> NoReturn:
    """Tell the shell that asks (by ``_ARGCOMPLETE`` in the environment) what could come next, and end."""
    import argcomplete
    from argcomplete.completers import SuppressCompleter

    for action in _actions(top):
        if action.metavar == _ANSWER:
            vars(action)["completer"] = _answers
        elif action.metavar == _CODE:
            vars(action)["completer"] = _codes
        elif action.metavar not in _PATHS and action.nargs != 0 and not action.choices:
            vars(action)["completer"] = SuppressCompleter()  # an id, a number, a text: no file's name
    argcomplete.autocomplete(top, always_complete_options="long", output_stream=_to_the_shell())
    sys.exit(1)  # argcomplete has ended the program, unless the shell's part of it is missing


def _to_the_shell() -> TextIO | None:
    """Where argcomplete writes; here names of files leave as the bytes that they have on the disk, readable or not."""
    with suppress(OSError):
        where = os.environ.get("_ARGCOMPLETE_STDOUT_FILENAME") or _SHELLS_END
        return open(where, "w", encoding=sys.getfilesystemencoding(), errors="surrogateescape")  # noqa: PTH123 - a descriptor, perhaps
    return None


def _actions(of: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in of._actions:  # noqa: SLF001 - argparse has no other way to its options
        yield action
        if isinstance(action.choices, dict):
            for command in action.choices.values():
                yield from _actions(command)


def _answers(prefix: str, **_more: object) -> list[str]:
    from wizard.commands.answers import keys

    return [f"{key}=" for key in keys() if key.startswith(prefix)]


def _codes(prefix: str, **_more: object) -> list[str]:
    from wizard.data.rules import rules

    codes = [code if prefix.isupper() else code.lower() for code in rules()] if prefix else list(rules())
    return [code for code in codes if code.startswith(prefix)]
