"""Owns the log, ``.wizard/log.jsonl``: what happened in each run, for a bug report; no key, no local variable, nothing of the data.

One JSON object a line: time (UTC), session, event, and what belongs to that event. A text stands in it only where ``_TOLD``
names it, which nobody's data can come by; of every other text its length is told, and the ending where it names a file. The folder is 0700, the file 0600 and
never a symbolic link; at 1 MB it is put aside as ``log.1.jsonl``, and three such are kept. A log that can't be written is
said once and stops nothing. Each event is one ``write`` on a file opened for it, so that nothing is lost with the
process and two processes don't mix their lines. Not ``logging``: its rotating handler costs a quarter of the start-up time,
follows links, and prints a traceback where the disk is full.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from wizard.errors import StorageError, WizardError
from wizard.local import state
from wizard.local.harmless import escaped
from wizard.local.redaction import redacted
from wizard.local.storage import refusal, rename
from wizard.locale import _

FILE = "log.jsonl"
LARGEST = 1_000_000  # bytes
KEPT = 3
LONGEST_TEXT = 2_000  # characters of one text in it
_LONGEST_LOOKED_AT = 1_000_000  # of which more than LONGEST_TEXT is left however many keys are hidden in it
_LONGEST_WAIT = 200  # events held back by a run that keeps nothing in its folder

# The details of each event whose texts are ours or the platform's. Bodies and messages come with --debug only.
_TOLD = {
    "start": ("version", "python", "platform", "language", "command", "options"),
    "step-begin": ("step",),
    "step-end": ("step",),
    "answer": ("key", "source", "chosen"),
    "decision": ("chosen",),
    "effect": ("kind", "key", "state", "id"),
    "http": ("method", "path", "params", "request_id", "failure", "reason", "request", "response"),
    "error": (
        "code",
        "class",
        "made",
        "frames",
        "keys",
        "step",
        "request_id",
        "platform_code",
        "message",
        "hint",
    ),
    "exception": ("class", "message", "frames", "from"),
}
_ENDINGS = frozenset(
    [
        ".jsonl",
        ".ndjson",
        ".json",
        ".csv",
        ".tsv",
        ".txt",
        ".xlsx",
        ".xlsm",
        ".xls",
        ".parquet",
        ".arrow",
        ".feather",
        ".zip",
        ".gz",
        ".tgz",
        ".tar",
        ".toml",
    ]
)


class _Log:
    """The log of one process. ``pending``: lines that wait, None once they are written as they come."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self.debug = False
        self.session = ""
        self.pending: list[bytes] | None = None
        self.complain: Callable[[str], None] = lambda _sentence: None


_log = _Log()


def begin(folder: Path, *, kept: bool, debug: bool, complain: Callable[[str], None]) -> None:
    """Log to ``log.jsonl`` in ``folder`` from now on.

    ``kept``: at once; else the events are held back until something unexpected happens, so that a command which keeps
    nothing in the folder leaves nothing there. ``debug``: bodies and the words of errors too. ``complain`` is called at most
    once, with a sentence for the user.
    """
    _log.path = folder / FILE
    _log.debug = debug
    _log.session = ""
    _log.pending = None if kept else []
    _log.complain = complain


def debugging() -> bool:
    """Whether bodies are wanted."""
    return _log.debug and _log.path is not None


def of_session(session: str) -> None:
    """The following events belong to ``session``."""
    _log.session = session


def event(name: str, **details: Any) -> None:
    """One line. ``details`` are JSON-like; keys and foreign texts are taken out here. Never raises for what the disk refuses."""
    if _log.path is None:
        return
    now = time.time()
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"
    told = _TOLD.get(name, ())
    fit = {detail: _fit(value, told=detail in told) for detail, value in details.items()}
    line = {"time": at, "session": _log.session, "event": name, **fit}
    text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
    data = escaped(text).encode("utf-8", "backslashreplace") + b"\n"
    if _log.pending is None:
        _put(data)
    elif len(_log.pending) < _LONGEST_WAIT:
        _log.pending.append(data)


def error(problem: WizardError, **details: Any) -> None:
    """An error that the user is told: its code, and where it was said and raised; its words, which quote, with ``debug``."""
    file, line, function = problem.made
    told: dict[str, Any] = {
        "code": problem.code,
        "class": type(problem).__name__,
        "made": f"{_short(file)}:{line}:{function}",
    }
    for name in ("request_id", "status", "platform_code", "keys"):
        if value := getattr(problem, name, None):
            told[name] = value
    if _log.debug:
        told |= {"message": problem.message, "hint": problem.hint}
    told["frames"] = frames(problem.__traceback__)
    event("error", **told, **details)


def unexpected(problem: BaseException) -> Path | None:
    """Somebody's bug: its class, and where; also of what it came from; with ``debug`` its message. Nothing is held back now.

    Returns where the log is, None where there is none.
    """
    chain: list[dict[str, Any]] = []
    seen: BaseException | None = problem
    while seen is not None and len(chain) < 5:  # noqa: PLR2004 - deeper says nothing more
        message = {"message": str(seen)} if _log.debug else {}
        chain.append({"class": type(seen).__qualname__, **message, "frames": frames(seen.__traceback__)})
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    event("exception", **chain[0], **({"from": chain[1:]} if chain[1:] else {}))
    held, _log.pending = _log.pending, None
    for line in held or ():
        _put(line)
    return _log.path


def frames(trace: TracebackType | None) -> list[str]:
    """``file:line:function`` of each frame, the innermost last; nothing of what they hold."""
    found = []
    while trace is not None:
        code = trace.tb_frame.f_code
        found.append(f"{_short(code.co_filename)}:{trace.tb_lineno}:{code.co_qualname}")
        trace = trace.tb_next
    return found


def _short(file: str) -> str:
    """A file as seen from its package's folder: where Python is installed is nobody's business."""
    for marker in ("/site-packages/", "/wizard/"):
        _before, found, after = file.replace(os.sep, "/").rpartition(marker)
        if found:
            return after if marker == "/site-packages/" else f"wizard/{after}"
    return Path(file).name


def _fit(value: Any, *, told: bool) -> Any:
    """``value`` as JSON that holds no key and no text without end; where it isn't ``told``, no text at all."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {_text(str(key), told=told): _fit(entry, told=told) for key, entry in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_fit(entry, told=told) for entry in value]
    return _text(str(value), told=told)


def _text(text: str, *, told: bool) -> str:
    if not told:
        ending = Path(text).suffix.lower()
        return f"({len(text)} characters)" + (ending if ending in _ENDINGS else "")
    # Cut twice: a key that the first cut goes through lies behind the second.
    text = redacted(text[:_LONGEST_LOOKED_AT])
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"


def _put(data: bytes) -> None:
    path = _log.path
    if path is None:
        return
    try:
        _append(path, data)
    except (OSError, StorageError) as problem:
        _log.path = None
        sentence = problem.message if isinstance(problem, StorageError) else refusal(path, problem).message
        _log.complain(_("{reason} Going on without the log.").format(reason=sentence))


def _append(path: Path, data: bytes) -> None:
    state.folder(path.parent)
    descriptor = state.appending(path)
    try:
        size = os.fstat(descriptor).st_size
        os.write(descriptor, data)
    finally:
        os.close(descriptor)
    if size + len(data) > LARGEST:
        _rotate(path)


def _rotate(path: Path) -> None:
    """Put a full log aside; the oldest goes."""
    places = [path, *_aside(path)]
    for older, newer in zip(reversed(places), reversed(places[:-1]), strict=False):
        if os.path.lexists(newer):
            rename(newer, older)


def _aside(path: Path) -> Iterator[Path]:
    return (path.with_name(f"{path.stem}.{number}{path.suffix}") for number in range(1, KEPT + 1))
