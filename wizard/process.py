"""Owns this process's standard streams, signals and surroundings: three of the first, the second are exits, and no secret leaves.

What is for people is written in the stream's own encoding (``say``, ``out``, and what a front end draws), what is for programs
in UTF-8 (``out`` of a value, ``deliver``); no character makes either fail.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from types import FrameType

    from wizard.engine.view import View

_SHOW_CURSOR = b"\x1b[?25h"


def settle_streams() -> None:
    """All three are there, and take every character: one that their encoding lacks gets a stand-in.

    A stream that came closed becomes the null device: else the next file opened would get its number, and our words. Not one
    that takes a result: writing there fails, as it should.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDONLY if name == "stdout" else os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - a descriptor, for as long as we live
    from wizard.ui.base import write_as
    from wizard.ui.console import draws_marks_wide, is_terminal

    streams = [stream for stream in (sys.stdout, sys.stderr) if isinstance(stream, io.TextIOWrapper)]
    for stream in streams:
        stream.reconfigure(errors="replace")
    marks_wide = draws_marks_wide(os.environ) and any(is_terminal(stream) for stream in streams)
    write_as(*(stream.encoding for stream in streams), marks_wide=marks_wide)


def say(text: str, *, lines: bool = True) -> None:
    """A last word on standard error; nothing where that is gone, as after SIGHUP."""
    from wizard.ui.base import safe

    try:
        print(safe(text, lines=lines), file=sys.stderr, flush=True)
    except OSError:
        return


@contextmanager
def results() -> Iterator[None]:
    """What is written to standard output meanwhile; StorageError where it is not taken. A reader who had enough is none."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as problem:
        if os.name == "nt" and problem.errno == errno.EINVAL:  # so Windows says that a pipe's reader is gone
            raise BrokenPipeError from problem
        from wizard.errors import StorageError, reason
        from wizard.locale import _

        told = _("The result can't be written to standard output: {reason}.").format(reason=reason(problem))
        raise StorageError(told) from problem


def out(result: str | View | Mapping[str, Any] | Sequence[Any], *, lines: bool = True) -> None:
    """What was asked for, on standard output: a text or a view for a person, any other value as JSON for a program.

    No key is in it, whoever wrote it, and nothing that a terminal obeys. ``lines``: whether a text's newlines stay.
    """
    from wizard.engine.view import View

    if isinstance(result, str):
        from wizard.ui.base import safe

        with results():
            sys.stdout.write(safe(result, lines=lines) + "\n")
    elif isinstance(result, View):
        from wizard.ui.render import print_view

        with results():
            print_view(result, sys.stdout)
    else:
        deliver(as_json(result))


def as_json(value: Any, *, indent: int | None = 2) -> str:
    """``value`` as JSON that may leave."""
    import json

    from wizard.local.harmless import escaped
    from wizard.local.redaction import shown, throughout

    return escaped(json.dumps(throughout(value, shown), ensure_ascii=False, indent=indent, allow_nan=False))


def deliver(text: str) -> None:
    """Lines for a program, on standard output: in UTF-8, whatever the locale says."""
    with results():
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.flush()
            sys.stdout.buffer.write((text + "\n").encode(errors="replace"))
        else:
            sys.stdout.write(text + "\n")


def write_no_session_keys() -> None:
    """No TLS library of this process or of its children writes down the keys with which our traffic can be read."""
    os.environ.pop("SSLKEYLOGFILE", None)


def turn_signals_into_exits() -> None:
    """SIGTERM, SIGHUP, SIGQUIT and Windows' SIGBREAK unwind like any exit (128 + n), so that the terminal is left as it was found.

    One that came ignored stays so, as nohup wants it. Ctrl-Z gives the terminal back, cursor and all, before the process stops.
    """
    for name in ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _leave)
    if hasattr(signal, "SIGTSTP") and signal.getsignal(signal.SIGTSTP) == signal.SIG_DFL:
        signal.signal(signal.SIGTSTP, _pause)
        signal.signal(signal.SIGCONT, _go_on)
        signal.siginterrupt(
            signal.SIGCONT, False
        )  # a question that was put in the background stands where it stood


def let_go() -> bool:
    """All is done: neither a second Ctrl-C nor a terminal or reader that is gone may change the exit code from now on.

    Returns whether all that was printed has left.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    left = True
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            left = left and stream is not sys.stdout
            # Python would flush once more, complain, and end with 120.
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
    return left


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _pause(number: int, _frame: FrameType | None) -> None:
    from wizard.ui import quiet

    if sys.stderr.isatty():  # no signal of Windows comes here
        os.write(sys.stderr.fileno(), _SHOW_CURSOR)
    with quiet.lent():
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)  # returns when somebody continues us
        signal.signal(number, _pause)


def _go_on(_number: int, _frame: FrameType | None) -> None:
    """Continued, perhaps in the foreground only now, by a shell that set the terminal."""
    from wizard.ui import quiet

    quiet.hush()
