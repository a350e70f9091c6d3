"""Starts whose standard streams are closed, piped or nowhere, under a real terminal: a word or a result, no hang, no traceback."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sandbox_fixture import create, rows, upload
from terminal import PROGRAM, Terminal

from sweeps.family import Case
from sweeps.screens import place

DONE, FAILED, USAGE, MISSING, INTERRUPTED = 0, 1, 2, 3, 130
NO_TERMINAL = "there is no terminal to ask them at"
REDIRECTIONS = {
    "stdin-closed": "<&-",
    "stdin-null": "</dev/null",
    "stdin-piped": "<yes",
    "stderr-piped": "2>conversation",
    "stderr-closed": "2>&-",
    "stdin-stderr-closed": "<&- 2>&-",
    "stdout-piped": ">results",
    "stdout-closed": ">&-",
    "stdout-full": ">/dev/full",
    "stdin-stdout-closed": "<&- >&-",
    "all-closed": "<&- >&- 2>&-",
}
LOST = ("stdout-full", "stdout-closed", "stdin-stdout-closed", "all-closed")
"""Nowhere for a result to go: that is no success."""
ASKING = ("stdout-piped", "stdout-closed", "stdout-full")
"""Those with which questions can still be put: their streams are standard input and standard error."""


@dataclass(frozen=True, slots=True)
class Start:
    """``words``, and how it ends where a person can be asked (None: it waits at ``asks``) and where none can."""

    words: tuple[str, ...]
    attended: int | None
    alone: int
    asks: str = ""
    prints: bool = False


STARTS = {
    "wizard": Start((), None, USAGE, "Where is your data"),
    "plain": Start(("--plain",), None, USAGE, "Where is your data"),
    "sandbox": Start(("--sandbox",), None, USAGE, "Where is your data"),
    "run": Start(("run", "--sandbox", "--yes"), DONE, DONE),
    "run-json": Start(("run", "--sandbox", "--yes", "--json"), DONE, DONE, prints=True),
    "plan": Start(("plan", "--sandbox", "--yes"), DONE, DONE, prints=True),
    "check": Start(("check", "datasets/MedQA/questions/Taiwan/train.jsonl"), DONE, DONE, prints=True),
    "jobs": Start(("jobs",), DONE, DONE, prints=True),
    "cancel": Start(("jobs", "cancel", "{job}"), None, MISSING, "Cancel ft-"),
    "help": Start(("--help",), DONE, DONE, prints=True),
    "wrong": Start(("wrong",), USAGE, USAGE),
}


def cases() -> Sequence[Case]:
    """Every start by every way to be without a stream."""
    return [
        Case(f"streams-{start}-{how}", partial(without, start, how))
        for start in STARTS
        for how in REDIRECTIONS
    ]


def without(start_name: str, how: str, folder: Path) -> None:
    """Started so, it ends as it should; where it can ask, it asks and can be left; nothing is changed on the platform."""
    start = STARTS[start_name]
    attended = how in ASKING
    with place(folder, own=start_name == "cancel") as here:
        (here.home / "yes").write_text("y\nyes\n2\n" * 100)
        job = create(here.url, upload(here.url, rows(1000))) if "{job}" in start.words else ""
        words = [word.format(job=job) for word in start.words]
        shell = ["sh", "-c", f'exec "$@" {REDIRECTIONS[how]}', "sh", *PROGRAM]
        with Terminal(words, here.home, program=shell, env=here.env) as terminal:
            wanted = start.attended if attended else start.alone
            if wanted is None:
                terminal.answer(start.asks, "ctrl-c")
                wanted = INTERRUPTED
            if how in LOST and start.prints:
                wanted = FAILED  # its result is lost
            ended = terminal.end()
        conversation = here.home / "conversation"
        said = terminal.text + (conversation.read_text("utf-8") if conversation.exists() else "")
        results = here.home / "results"
        printed = results.read_text("utf-8") if results.exists() else ""
        assert wanted == ended, f"exit code {ended} instead of {wanted}: {said}"
        for text in (said, printed):
            assert "Traceback" not in text, text
            assert "Exception ignored" not in text, text
        if not attended and start.asks == "Where is your data" and "2>&-" not in REDIRECTIONS[how]:
            assert NO_TERMINAL in " ".join(said.split()), said
        if how == "stdout-piped":
            assert bool(printed) == start.prints, printed
        assert "\x1b" not in printed, printed
        if job:
            assert not any(one["status"] in ("CANCELED", "CANCELING") for one in here.jobs())
