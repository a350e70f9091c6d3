"""The command line: arguments to what they run; the one place where errors become a line and an exit code."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from wizard import __version__, locale, process
from wizard.arguments import Command, command, parser
from wizard.arguments import parse as arguments_of
from wizard.commands.scene import Scene, give, named
from wizard.contract import events
from wizard.contract.codes import CODES
from wizard.contract.envelope import failure
from wizard.errors import INTERRUPTED, StorageError, UsageError, WizardError, reason
from wizard.local import log, redaction
from wizard.locale import _, joined
from wizard.ui.console import is_terminal

if TYPE_CHECKING:
    from argparse import Namespace

LONGEST_WORDS = 300  # characters of an unexpected exception's own words


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; never lets an exception out, whoever made it."""
    # Importing a prompt library makes many objects that stay; looking for garbage among them costs a tenth of the start.
    gc.set_threshold(50_000, 20, 20)
    process.settle_streams()
    process.write_no_session_keys()
    redaction.hide(os.environ.get(redaction.VARIABLE, ""))
    words = list(sys.argv[1:] if argv is None else argv)
    locale.use(locale.choose(dict(os.environ), _wanted_language(words)))
    process.turn_signals_into_exits()
    if "_ARGCOMPLETE" in os.environ:  # a shell asks what could come next
        from wizard.commands import completion

        completion.complete(parser())
    try:
        code = _understood(words)
    except SystemExit as leaving:
        code = int(leaving.code or 0)  # of a signal: 128 + its number
    except KeyboardInterrupt:  # while the last words were said
        code = INTERRUPTED
    log.event("end", exit_code=code)
    if argv is None and not process.let_go():
        code = code or 1  # a result that nobody can read is no success
    return code


@dataclass(frozen=True, slots=True)
class _Teller:
    """How an error becomes a line on standard error and, for a program, the one object on standard output."""

    command: str | None
    sandbox: bool
    as_json: bool

    def error(self, error: WizardError) -> int:
        """What happened and what to do next; returns the exit code."""
        log.error(error, exit_code=error.exit_code)
        request_id = getattr(error, "request_id", "")
        process.say(_("error: {message}").format(message=error.message))
        if request_id and request_id not in error.message:
            process.say(_("request id: {id}").format(id=request_id))
        if error.hint:
            process.say(error.hint)
        self._object(error.code, error.message, error.hint, error.details)
        return error.exit_code

    def interrupted(self, exit_code: int = INTERRUPTED) -> int:
        """Its user or a signal ended it."""
        told = _("Interrupted. Everything answered is saved; the next start goes on from there.")
        if exit_code == INTERRUPTED:
            process.say("\n" + told)
        self._object("interrupted", told)
        return exit_code

    def bug(self, bug: Exception) -> int:
        """A bug of ours or of a library's: one line with what, the request id if there is one, and where the rest is."""
        path = log.unexpected(bug)
        what = f"{type(bug).__name__}: {redaction.redacted(str(bug))}".removesuffix(": ")
        told = _("something unexpected happened ({what}).").format(what=what[:LONGEST_WORDS])
        request_id = getattr(bug, "request_id", "")
        if request_id:
            told = joined(told, _("request id: {id}.").format(id=request_id))
        told = joined(told, _("What was answered is saved."))
        if path is not None:
            told = joined(told, _("To report it, send {path}; no key is in it.").format(path=path))
        process.say(_("error: {message}").format(message=told), lines=False)
        known = {"log": str(path) if path is not None else None, "request_id": request_id}
        self._object("bug", told, details={name: value for name, value in known.items() if value})
        return CODES["bug"].exit

    def _object(
        self, code: str, message: str, hint: str = "", details: Mapping[str, Any] | None = None
    ) -> None:
        if not self.as_json:
            return
        with suppress(OSError, StorageError):  # it was told on standard error too
            give(failure(self.command, code, message, hint, sandbox=self.sandbox, details=details))
            sys.stdout.flush()


def _understood(words: Sequence[str]) -> int:
    """The exit code of the command line ``words``, of help and version too."""
    options = {word.partition("=")[0] for word in words}  # --json=1 is wrong, and says what is wanted
    teller = _Teller(None, "--sandbox" in options, not options.isdisjoint(("--json", "--events")))
    try:
        arguments = arguments_of(words)
        if arguments.events:
            arguments.json = True
            events.follow(_line)
        if arguments.dir is not None:
            _go_to(arguments)
        if arguments.sandbox:
            locale.practise()
    except WizardError as error:  # also help that can't be written
        return teller.error(error)
    except BrokenPipeError:
        return 1
    except Exception as bug:  # noqa: BLE001 - as below
        return teller.bug(bug)
    return _guarded(arguments, _Teller(named(arguments) or None, arguments.sandbox, arguments.json))


def _line(event: Mapping[str, Any]) -> None:
    """One event on standard output, at once."""
    process.deliver(process.as_json(event, indent=None))
    with process.results():
        sys.stdout.flush()


def _go_to(arguments: Namespace) -> None:
    """As if it had been started in --dir, which is made for what begins a session. Raises UsageError."""
    try:
        if arguments.command in ("run", "plan"):
            arguments.dir.mkdir(exist_ok=True)
        os.chdir(arguments.dir)
    except OSError as refused:
        raise UsageError(
            _("{path} can't be worked in: {reason}.").format(path=arguments.dir, reason=reason(refused))
        ) from None


_PAUSES = (1.0, 5.0, 15.0, 30.0, 60.0)
"""Seconds before what was not sent is tried again; the last one from then on."""
_UNSENT = frozenset({"unreachable", "throttled", "busy"})
"""Codes that prove that nothing was sent, or that it took no effect, and that may pass by themselves."""


def _guarded(arguments: Namespace, teller: _Teller) -> int:
    """The exit code of ``arguments``; every error has become a line. What was provably not sent is tried again, if that was asked for."""
    for pause in (*(_PAUSES[min(tried, len(_PAUSES) - 1)] for tried in range(arguments.retry)), None):
        try:
            return _once(arguments, teller)
        except WizardError as error:
            if pause is None or error.code not in _UNSENT:
                return teller.error(error)
            process.say(_("{what} Again in {seconds} s.").format(what=error.message, seconds=round(pause)))
        try:
            time.sleep(pause)
        except KeyboardInterrupt:
            return teller.interrupted()
    raise AssertionError("the last one is not tried again")


def _once(arguments: Namespace, teller: _Teller) -> int:
    """One try. Raises WizardError."""
    asked, scene = command(arguments.command), Scene(arguments)
    try:
        if asked.state:
            _settle_owner(scene)
        _begin_log(scene, kept=not asked.local)
        code = _run(asked, scene)
        with process.results():
            sys.stdout.flush()
    except WizardError:
        raise
    except KeyboardInterrupt:
        return teller.interrupted()
    except SystemExit as leaving:
        return teller.interrupted(int(leaving.code or 0))
    except BrokenPipeError:
        return 1  # whoever read our results has enough
    except Exception as bug:  # noqa: BLE001 - somebody's bug: one line for the user, the rest for the log
        if isinstance(bug, OSError) and isinstance(bug.__context__, SystemExit):
            raise bug.__context__ from None  # on the way out after SIGHUP there was no terminal to tidy up
        return teller.bug(bug)
    return code


def _run(asked: Command, scene: Scene) -> int:
    module, _colon, function = asked.run.partition(":")
    run: Callable[[Scene], int] = getattr(import_module(f"wizard.commands.{module}"), function)
    try:
        return run(scene)
    finally:
        scene.close()


def _settle_owner(scene: Scene) -> None:
    """The first thing that is done in a folder, before even the log is written there."""
    from wizard.commands import owner

    owner.settle(scene.state, allow=scene.arguments.allow_owner, front=lambda: scene.front)


def _begin_log(scene: Scene, *, kept: bool) -> None:
    arguments = scene.arguments
    log.begin(scene.state, kept=kept, debug=arguments.debug, complain=process.say)
    threading.excepthook = _thread_failed
    log.event(
        "start",
        version=__version__,
        python=sys.version.split()[0],
        platform=" ".join((sys.platform, *(os.uname()[2::2] if hasattr(os, "uname") else ()))),
        language=locale.language(),
        terminal=[is_terminal(stream) for stream in (sys.stdin, sys.stdout, sys.stderr)],
        command=arguments.command,
        options=sorted(
            name
            for name, value in vars(arguments).items()
            if name != "command" and value not in (None, False, [])
        ),
    )
    if arguments.debug:
        process.say(
            _(
                "--debug: what is asked of the platform and what it answers is written to {path}, up to {count:,} characters "
                "each, with the words of every error. No key is in it, and nothing of the files that are uploaded; but names of "
                "files, jobs and models are, and an error's words can quote a row of your data. Look through it before you "
                "pass it on."
            ).format(path=scene.state / log.FILE, count=log.LONGEST_TEXT)
        )


def _thread_failed(raised: threading.ExceptHookArgs) -> None:
    if raised.exc_value is not None:
        log.unexpected(raised.exc_value)


def _wanted_language(words: Sequence[str]) -> str | None:
    """``--lang`` is read before anything else: the help and the errors of the rest are in that language."""
    for number, word in enumerate(words):
        if word == "--lang" and number + 1 < len(words):
            return words[number + 1]
        if word.startswith("--lang="):
            return word.partition("=")[2]
    return None
