"""The command line: arguments to what they run; the one place where errors become a line and an exit code."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from wizard import locale
from wizard.arguments import parse as arguments_of
from wizard.errors import UsageError, WizardError
from wizard.locale import _

if TYPE_CHECKING:
    from argparse import Namespace
    from types import FrameType

    from wizard.engine.step import Front
    from wizard.steps.world import World
    from wizard.ui.capability import Capability

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; never lets an exception of the user's making out."""
    # Importing a prompt library makes many objects that stay; looking for garbage among them costs a tenth of the start.
    gc.set_threshold(50_000, 20, 20)
    words = list(sys.argv[1:] if argv is None else argv)
    locale.use(locale.choose(dict(os.environ), _wanted_language(words)))
    _turn_signals_into_exits()
    arguments = arguments_of(words)
    try:
        return _run(arguments)
    except WizardError as error:
        return _tell(error, as_json=arguments.json)
    except KeyboardInterrupt:
        print(
            "\n" + _("Interrupted. Everything answered is saved; the next start goes on from there."),
            file=sys.stderr,
        )
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our results has enough; Python would complain once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(arguments: Namespace) -> int:
    command = arguments.command
    if command == "schema":
        from wizard.commands import walk

        return walk.schema()
    if command == "models":
        from wizard.commands import looking_after

        return looking_after.models(arguments)
    if command in ("check", "why"):
        from wizard.commands import checking
        from wizard.ui import capability

        look = checking.check if command == "check" else checking.why
        return look(arguments, _front(capability.of(os.environ, plain=arguments.plain)))

    from wizard.steps.world import World
    from wizard.ui import capability

    able = capability.of(os.environ, plain=arguments.plain)
    world = World(Path.cwd(), os.environ, sandbox=arguments.sandbox, allow_endpoint=arguments.allow_endpoint)
    try:
        if command in (None, "from-command"):
            return _wizard(arguments, world, able)
        if command in ("run", "plan"):
            return _unattended(arguments, world)
        return _one_shot(arguments, world, able)
    finally:
        world.close()


def _wizard(arguments: Namespace, world: World, able: Capability) -> int:
    if not able.attended:
        raise UsageError(
            _("The wizard asks questions, and there is no terminal to ask them at."),
            _("Without one, use: bailian-wizard run --sandbox --yes (see bailian-wizard run --help)"),
        )
    from wizard.commands import answers, walk

    front = _front(able)
    pairs = list(arguments.set)
    if arguments.command == "from-command":
        from wizard.commands import old_tutorial

        read = old_tutorial.read(arguments.line)
        for note in read.notes:
            front.say(note, "warn")
        front.say(
            _("Taken over: {answers}").format(
                answers=", ".join(f"{key}={value}" for key, value in read.answers.items())
            )
        )
        pairs = [*(f"{key}={value}" for key, value in read.answers.items()), *pairs]
    return walk.wizard(world, front, answers.given(pairs, arguments.answers), new=arguments.new)


def _unattended(arguments: Namespace, world: World) -> int:
    from wizard.commands import answers, walk
    from wizard.ui.scripted import Scripted

    front = Scripted(yes=arguments.yes)
    approve = getattr(arguments, "approve", None)  # plan has none
    given = answers.given(arguments.set, arguments.answers, approve)
    if arguments.command == "plan":
        return walk.plan(world, front, given, as_json=arguments.json)
    return walk.unattended(
        world, front, given, watch=arguments.watch, new=arguments.new, as_json=arguments.json
    )


def _one_shot(arguments: Namespace, world: World, able: Capability) -> int:
    front = _front(able)
    if arguments.command == "convert":
        from wizard.commands import conversion

        return conversion.run(front, arguments)
    from wizard.commands import looking_after

    if arguments.command == "jobs":
        return looking_after.jobs(arguments, world, front)
    if arguments.command == "files":
        return looking_after.files(arguments, world, front)
    if arguments.command == "sessions":
        return looking_after.sessions(arguments, world)
    from wizard.commands import serving

    return serving.serve(world.folder, arguments.port, front)


def _front(able: Capability) -> Front:
    if able.attended and able.plain:
        from wizard.ui.plain import Plain

        return Plain()
    if able.attended:
        from wizard.ui.terminal import Terminal

        return Terminal(able)
    from wizard.ui.scripted import Scripted

    return Scripted(yes=False)


def _tell(error: WizardError, *, as_json: bool) -> int:
    from wizard.ui.base import safe

    request_id = getattr(error, "request_id", "")
    print(_("error: {message}").format(message=safe(error.message)), file=sys.stderr)
    if request_id and request_id not in error.message:
        print(_("request id: {id}").format(id=safe(request_id)), file=sys.stderr)
    if error.hint:
        print(safe(error.hint), file=sys.stderr)
    if as_json:
        from wizard.commands.walk import print_json

        told: dict[str, Any] = {"code": error.code, "message": error.message, "hint": error.hint}
        for name in ("request_id", "keys", "digest", "platform_code"):
            if value := getattr(error, name, None):
                told[name] = value
        print_json({"error": told})
    return error.exit_code


def _turn_signals_into_exits() -> None:
    """SIGTERM and SIGHUP unwind like any exit, so that the terminal is left as it was found."""

    def leave(number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), leave)


def _wanted_language(words: Sequence[str]) -> str | None:
    """``--lang`` is read before anything else: the help and the errors of the rest are in that language."""
    for number, word in enumerate(words):
        if word == "--lang" and number + 1 < len(words):
            return words[number + 1]
        if word.startswith("--lang="):
            return word.partition("=")[2]
    return None
