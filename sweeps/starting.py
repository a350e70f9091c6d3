"""Starting the wizard a thousand times: from a process that has imported everything, each start a child forked from it.

A start is a process like any other from then on; what it has saved is the half second of importing, in which nothing is
written or sent. ``python -m sweeps.starting`` is that process: it takes one start a line on standard input.
"""

from __future__ import annotations

import gc
import json
import os
import pkgutil
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from sweeps import ROOT

PATIENCE = 900.0  # seconds until a start that doesn't end is a failure
_ELSEWHERE = (
    "wizard.sandbox.",
    "wizard.ui.terminal",
    "wizard.ui.render",
    "wizard.__main__",
    "wizard.data.files.",
)
_LIBRARIES = ("dashscope.v2.transport", "httpx", "httpcore", "msgspec", "tiktoken", "dotenv.parser")


class Nursery:
    """One such process; it starts one wizard at a time."""

    def __init__(self) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "LANG") if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "sweeps.starting"],
            cwd=ROOT,
            env={**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(
        self,
        words: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        said: Path,
        walk: Mapping[str, Any],
        under: Callable[[int], Sequence[str]] | None = None,
        meanwhile: Callable[[int], None] | None = None,
    ) -> int:
        """Start one and wait for its end; its exit code, negative where a signal ended it.

        It says everything into the file ``said``; ``walk`` is for ``walker.walk``. ``under`` makes the command of a tracer from the process id, which is
        attached before the start does anything; ``meanwhile`` is called once it runs.
        """
        order = {
            "words": list(words),
            "folder": str(folder),
            "environment": dict(environment),
            "said": str(said),
            "walk": dict(walk),
        }
        child = int(self._answer(order))
        tracer = _attached(under(child), child) if under is not None else None
        late = threading.Timer(PATIENCE, os.kill, (child, 9))
        late.start()
        try:
            print("go", file=self._process.stdin, flush=True)
            if meanwhile is not None:
                meanwhile(child)
            return int(self._line())
        finally:
            late.cancel()
            if tracer is not None:
                tracer.communicate(timeout=PATIENCE)  # closes its pipe, too

    def close(self) -> None:
        """End it."""
        self._process.communicate()

    def _answer(self, order: Mapping[str, Any]) -> str:
        print(json.dumps(order), file=self._process.stdin, flush=True)
        return self._line()

    def _line(self) -> str:
        stdout = self._process.stdout
        assert stdout is not None
        line = stdout.readline()
        assert line, "the process that starts wizards is gone"
        return line


def _attached(command: Sequence[str], child: int) -> subprocess.Popen[bytes]:
    """The tracer, once the kernel says that it has the child."""
    tracer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    until = time.monotonic() + PATIENCE
    while "TracerPid:\t0\n" in Path(f"/proc/{child}/status").read_text("utf-8"):
        assert tracer.poll() is None, f"the tracer ended: {tracer.communicate()[1].decode()}"
        assert time.monotonic() < until, "the tracer was not attached in time"
        time.sleep(0.001)
    return tracer


class Nurseries:
    """One for each thread, made when first needed."""

    def __init__(self) -> None:
        self._made: list[Nursery] = []
        self._mine = threading.local()

    def mine(self) -> Nursery:
        """This thread's."""
        if not hasattr(self._mine, "nursery"):
            self._mine.nursery = Nursery()
            self._made.append(self._mine.nursery)
        return self._mine.nursery  # type: ignore[no-any-return]  # a thread's own attributes have no types

    def close(self) -> None:
        """End all of them; the next one that is asked for is a new one."""
        for nursery in self._made:
            nursery.close()
        self._made, self._mine = [], threading.local()


NURSERIES = Nurseries()


def main() -> None:
    """Take orders until standard input ends: the first answer is the child's own, its number; the second how it ended."""
    _import_everything()
    orders = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115 - unbuffered: a child reads from it too
    while line := orders.readline():
        order = json.loads(line)
        child = os.fork()
        if not child:
            _live(order, 0)
        _pid, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _live(order: Mapping[str, Any], orders: int) -> NoReturn:
    """The child: waits for the word to go, then is the wizard."""
    from sweeps.walker import walk

    code = 1
    try:
        _move(order, orders)
        code = walk(order["words"], **order["walk"])
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _move(order: Mapping[str, Any], orders: int) -> None:
    """Into the folder and the environment of the start, with nothing to read; then waits for the word to go."""
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    said = os.open(order["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    print(os.getpid(), flush=True)
    while (word := os.read(orders, 1)) != b"\n":
        if not word:
            os._exit(1)  # whoever gave the order is gone
    for source, target in ((nothing, orders), (said, 1), (said, 2)):
        os.dup2(source, target)
    os.close(said)
    os.close(nothing)


def _import_everything() -> None:
    import wizard

    for module in pkgutil.walk_packages(wizard.__path__, "wizard."):
        if not module.name.startswith(_ELSEWHERE):
            import_module(module.name)
    for name in (*_LIBRARIES, "sweeps.walker"):
        import_module(name)
    from wizard.data.tokens import Tokenizer

    Tokenizer.load = cache(Tokenizer.load)  # type: ignore[method-assign]  # a third of a second each time
    Tokenizer.load()
    gc.freeze()  # else every child would copy what it only looks at


if __name__ == "__main__":
    main()
