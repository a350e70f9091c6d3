"""What a command plays with: its words, who talks to the user, and the surroundings; each made when it is first wanted."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard import process
from wizard.contract import codes, envelope, events
from wizard.errors import UsageError
from wizard.locale import _

if TYPE_CHECKING:
    from wizard.engine.step import Front
    from wizard.engine.view import View
    from wizard.steps.world import World
    from wizard.ui.capability import Capability
    from wizard.ui.scripted import Resolution, Scripted


class Scene:
    """One run of one command."""

    def __init__(self, arguments: Namespace) -> None:
        self.arguments = arguments

    @property
    def state(self) -> Path:
        """Where session and log are, seen from the folder that the command was started in."""
        from wizard.steps.world import state_in

        return state_in(Path(), sandbox=self.arguments.sandbox)

    @cached_property
    def able(self) -> Capability:
        """What the terminal can show, and whether a person is at it."""
        from wizard.ui import capability

        return capability.of(os.environ, plain=self.arguments.plain)

    @cached_property
    def front(self) -> Front:
        """Whoever talks to the user; without a terminal, one that only tells."""
        if not self.able.attended:
            return self.scripted()
        from wizard.ui import quiet

        quiet.begin()
        if self.able.plain:
            from wizard.ui.plain import Plain

            return Plain()
        from wizard.ui.terminal import Terminal

        return Terminal(self.able)

    def scripted(self, *, yes: bool = False, resolve: Resolution | None = None) -> Scripted:
        """A front end that asks nobody. ``yes``: takes defaults; ``resolve``: what a person has decided."""
        from wizard.ui.scripted import Scripted

        return Scripted(yes=yes, resolve=resolve, quiet=self.arguments.quiet)

    @cached_property
    def world(self) -> World:
        """Folder, environment and platform. Raises UsageError where the folder is gone, or the environment names no known region."""
        from wizard.steps.world import World

        arguments = self.arguments
        made = World(here(), os.environ, sandbox=arguments.sandbox, allow_endpoint=arguments.allow_endpoint)
        made.check_region()
        return made

    @property
    def command(self) -> str:
        """The command as it is written, such as "jobs show"; empty for the wizard itself."""
        return named(self.arguments)

    def report(
        self,
        data: Mapping[str, Any],
        shown: str | View | None = None,
        *,
        failed: str = "",
        message: str = "",
        hint: str = "",
    ) -> int:
        """Print what came of it: ``data`` for a program, or ``shown`` for a person; returns the exit code.

        ``failed``: the code of a result that is no success; ``message`` and ``hint`` are then for those who read it from a program.
        """
        sandbox = self.arguments.sandbox
        if not self.arguments.json:
            if shown is not None:
                process.out(shown)
        elif failed:
            give(envelope.failure(self.command, failed, message, hint, sandbox=sandbox, details=data))
        else:
            give(envelope.result(self.command, data, sandbox=sandbox))
        return codes.CODES[failed].exit if failed else 0

    def close(self) -> None:
        """End what this run started."""
        if "world" in vars(self):
            self.world.close()


def give(told: envelope.Envelope) -> None:
    """The one object for a program; the last event, where one follows what happens."""
    if events.followed():
        events.tell("result", **{**told, "schema": events.FORM, "form": told["schema"]})
    else:
        process.out(told)


def named(arguments: Namespace) -> str:
    """The command of ``arguments``, and what it does of several things: a noun alone lists."""
    verb = (arguments.action or "list",) if hasattr(arguments, "action") else ()
    return " ".join(filter(None, (arguments.command, *verb)))


def here() -> Path:
    """The folder of the run. Raises UsageError where it is gone."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise UsageError(
            _("The folder that you are in is no longer there."), _("Change to another folder and try again.")
        ) from None
