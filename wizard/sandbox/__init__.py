"""The sandbox's life as a child process of the wizard: starting it, its address, ending it.

The platform itself is in this package's other modules; none of them, and neither starlette nor uvicorn, is imported here.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

from wizard.errors import WizardError, reason
from wizard.local import programs, state
from wizard.locale import _

if TYPE_CHECKING:
    from collections.abc import Sequence

LOG = "sandbox.log"
_DEADLINE = (
    20.0  # seconds to come up: it takes a fifth of one, but a predecessor may be finishing its requests
)
_LOOK = 0.2
_GRACE = 15.0  # seconds to finish the requests under way


class Running:
    """A sandbox that serves. ``url`` is ``http://127.0.0.1:PORT``; the APIs are below ``/api/v1`` and ``/compatible-mode/v1``.

    It ends when ``close()`` is called, when the ``with`` block ends, or by itself when this process is gone.
    """

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self._process = process
        self.url = url
        self.pid = process.pid

    def wait(self) -> int:
        """Wait until the process has ended; its exit code. A signal that comes just before the waiting begins ends it too."""
        while (code := self._process.poll()) is None:
            time.sleep(_LOOK)
        return code

    def close(self) -> None:
        """End the sandbox once the requests under way are finished; a second call does nothing."""
        _end(self._process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def start(folder: Path, *, arguments: Sequence[str] = ()) -> Running:
    """Start a sandbox that keeps its state in ``folder`` (made if absent, 0700) and wait until it answers.

    ``arguments`` are further options of ``python -m wizard.sandbox``. What the child has to say goes to ``sandbox.log``
    in that folder. Raises WizardError if it does not come up, and StorageError for a folder that isn't as ours are.
    """
    log = folder / LOG
    try:
        state.folder(folder)
        descriptor = state.appending(log)
    except OSError as error:
        raise WizardError(
            _("The sandbox can't keep its state in {folder}: {reason}").format(
                folder=folder, reason=reason(error)
            ),
            _("Make the folder writable, or start the wizard in another folder."),
        ) from error
    with os.fdopen(descriptor, "ab") as stderr:
        said_before = stderr.seek(0, os.SEEK_END)
        process = _spawn(folder, arguments, stderr)
    first_line = _first_line(process)
    try:
        url = json.loads(first_line)["url"]
    except (ValueError, KeyError, TypeError) as error:
        _end(process)
        raise WizardError(
            _("The sandbox did not start: {reason}").format(reason=_last_words(log, said_before)),
            _("Its log is {log}.").format(log=log),
        ) from error
    return Running(process, url)


def _spawn(folder: Path, arguments: Sequence[str], stderr: IO[bytes]) -> subprocess.Popen[bytes]:
    # -P and this path: the child runs this very package, whatever lies in the folder where the user stands.
    environment = programs.environment(
        PYTHONPATH=str(Path(__file__).resolve().parents[2]), PYTHONIOENCODING="utf-8"
    )
    command = [
        sys.executable,
        "-P",
        "-m",
        "wizard.sandbox",
        "--state",
        str(folder),
        "--until-stdin-closes",
        *arguments,
    ]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=environment,
        # Ctrl-C in the terminal is for the wizard, which closes the sandbox when it has no more need of it.
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # the same, on Windows
    )


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    """The child's first line, or nothing where none comes in time."""
    stdout = process.stdout
    assert stdout is not None
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=lambda: lines.put(stdout.readline()), daemon=True).start()
    try:
        return lines.get(timeout=_DEADLINE)
    except queue.Empty:
        return b""


def _last_words(log: Path, said_before: int) -> str:
    with open(state.opened(log, os.O_RDONLY), "rb") as stream:  # noqa: PTH123 - a descriptor
        stream.seek(said_before)
        lines = stream.read().decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), _("it said nothing"))


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None and not process.stdin.closed:
        process.stdin.close()
    for stop, patience in ((None, _GRACE), (process.terminate, 5.0), (process.kill, 5.0)):
        if stop is not None:
            stop()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
        break
    if process.stdout is not None:
        process.stdout.close()
