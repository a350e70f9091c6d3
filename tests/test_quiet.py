"""Owns what the terminal shows of what is typed while nothing is asked, and how it is after every way out."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from terminal import PROGRAM, Terminal, environment

if os.name != "nt":
    import termios

pytestmark = [
    pytest.mark.sweep,
    pytest.mark.posix("a console of Windows shows what is typed only while a line is read"),
]

SECRET = "sk-typed0before0its0question"
ANSWERS = ["dataset.source=datasets", "dataset.set=taiwan", "dataset.validation=dev"]
BUG = """
import sys
from wizard import cli
from wizard.steps.dataset import Dataset
def broken(*_):
    raise RuntimeError("a bug")
Dataset.fields = broken
sys.exit(cli.main(sys.argv[1:]))
"""
WORK = "Checking the key"


def attributes(terminal: Terminal) -> Any:
    """How the terminal is set."""
    return termios.tcgetattr(terminal.child.child_fd)


@contextmanager
def at_work(folder: Path, *words: str, under: Sequence[str] = ()) -> Iterator[Terminal]:
    """A wizard, or a shell that was told to start it, that asks a platform which never answers whether the key is right."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        env = environment(
            folder,
            DASHSCOPE_API_KEY="sk-canary0of0the0tests",
            DASHSCOPE_HTTP_BASE_URL=f"http://127.0.0.1:{port}/api/v1",
        )
        given = [*(word for answer in ANSWERS for word in ("--set", answer)), *words]
        if not under:
            with Terminal(given, folder, env=env) as terminal:
                yield terminal
            return
        with Terminal([], folder, program=under, env={**env, "PS1": "$ "}) as terminal:
            terminal.answer(r"\$\s*\Z", shlex.join([*PROGRAM, *given]), "enter")
            yield terminal


def through_the_data(terminal: Terminal) -> None:
    """Up to the key's check, which doesn't end."""
    if "--plain" in terminal.child.args:
        terminal.expect(r"Does this look right[^§]*help: *\s*\Z")
        terminal.press("enter")
        terminal.expect(r"about these rows[^§]*help: *\s*\Z")
        terminal.press("enter")
    else:
        terminal.answer("Does this look right", "enter")
        terminal.answer("about these rows", "enter")
    terminal.expect(WORK)


OUT: dict[str, tuple[Callable[[Terminal], None], int]] = {
    "ctrl-c": (lambda terminal: terminal.press("ctrl-c"), 130),
    "SIGTERM": (lambda terminal: terminal.kill(signal.SIGTERM), 128 + signal.SIGTERM),
    "SIGHUP": (lambda terminal: terminal.kill(signal.SIGHUP), 128 + signal.SIGHUP),
}


@pytest.mark.parametrize("words", [(), ("--plain",)])
@pytest.mark.parametrize("way", OUT)
def test_typed_while_the_program_works(folder: Path, way: str, words: tuple[str, ...]) -> None:
    """What is typed while nothing is asked is never on the screen; after every way out the terminal is as it was."""
    leave, code = OUT[way]
    with at_work(folder, *words) as terminal:
        before = attributes(terminal)
        assert before[3] & termios.ECHO
        through_the_data(terminal)
        terminal.press(SECRET, "enter")
        terminal.settle()
        leave(terminal)
        assert code == terminal.end()
        assert before == attributes(terminal)
    assert SECRET.encode() not in terminal.raw


def test_after_a_bug(folder: Path) -> None:
    """After an exception that nobody expected, the terminal is as it was too."""
    with Terminal(["--sandbox"], folder, program=[sys.executable, "-c", BUG]) as terminal:
        before = attributes(terminal)
        terminal.expect("a bug")
        assert 1 == terminal.end()
        assert before == attributes(terminal)


@pytest.mark.parametrize("back", ["fg", "bg; fg"])
def test_stopped_and_continued(folder: Path, back: str) -> None:
    """Who stops the program has a terminal that shows what they type; continued, also by way of the background, it is silent."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash here")
    with at_work(folder, under=[bash, "--norc", "--noprofile", "-i"]) as terminal:
        through_the_data(terminal)
        terminal.press("\x1a")
        terminal.expect("Stopped")
        terminal.answer(r"\$\s*\Z", f"stty -a; echo it is $((6 * 7)); {back}", "enter")
        shown = terminal.expect("it is 42")
        assert re.search(r"(?<!-)\becho\b", shown[shown.rindex("speed") :])
        terminal.expect(r"(?s)it is 42.*python")
        terminal.settle()
        terminal.press(SECRET, "enter")
        terminal.settle()
        terminal.press("ctrl-c")
        terminal.expect("Everything")
        terminal.answer(r"\$\s*\Z", "stty -a; echo it was $((2 * 21))", "enter")
        shown = terminal.expect("it was 42")
        assert re.search(r"(?<!-)\becho\b", shown[shown.rindex("speed") :])
    assert SECRET.encode() not in terminal.raw


def test_typed_before_its_question(folder: Path) -> None:
    """What is typed behind an answer, before the next question stands, is neither shown nor taken for its answer."""
    with Terminal(["--sandbox"], folder) as terminal:
        terminal.answer("Where is your data", "datasets", "enter", SECRET, "enter")
        terminal.answer("Which set of questions", "ctrl-c")
        assert 130 == terminal.end()
    assert SECRET.encode() not in terminal.raw
