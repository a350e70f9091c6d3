"""Owns the stages at which a session is stopped, and how it comes there: by the real program in a real terminal.

Each goes on from the one before it and is made once for each thread; for a case its folders are put back.
"""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Callable, Mapping

from terminal import Terminal
from test_returns import OWN, rows_in

from sweeps.returning import KEY, Folder
from wizard.sandbox.survey import TOO_LITTLE

HOURS = 3  # that a training has taken: nothing is sent on a word so old, and no list is late any more
HALF_WAY, ENDED = 62_000.0, 112_000.0  # seconds of a job that takes 100,000
FOLDERS = ("home", "home.user", "one")
UPDATED = ("no-model.updated", "no-price.updated")


def come_to(mine: Folder, stage: str) -> None:
    """Everything as it was when the session was stopped at ``stage``."""
    if stage not in mine.kept:
        before, go = STAGES[stage]
        if before:
            come_to(mine, before)
        else:
            _begin(mine)
        go(mine)
        for name in FOLDERS:
            shutil.copytree(mine.root / name, mine.root / "kept" / stage / name, symlinks=True)
        mine.kept.add(stage)
    for path in mine.root.iterdir():
        if path.name not in ("kept", *UPDATED):
            shutil.rmtree(path)
    shutil.copytree(mine.root / "kept" / stage, mine.root, symlinks=True, dirs_exist_ok=True)
    mine.home = mine.root / "home"
    mine.more = {}
    mine.requests.clear()


def _begin(mine: Folder) -> None:
    mine.home = mine.root / "home"
    for name in FOLDERS:
        (mine.root / name).mkdir(mode=0o700)
    rows_in(mine.home)


Answers = Mapping[str, tuple[str, ...]]

DATA: Answers = {"about these rows": ("enter",), "Does this look right": ("enter",), "What next": ("enter",)}
PASTED: Answers = {"Keep the key": ("enter",), "Paste your API key": (KEY, "enter")}
TRAINING: Answers = {"How shall it be trained": ("enter",), "Which model": ("enter",)}


def _left(at: str, answers: Answers, *words: str) -> Callable[[Folder], None]:
    """Left with Ctrl-C at the question ``at``."""

    def go(mine: Folder) -> None:
        with mine.platforms(), mine.start(*words) as terminal:
            answered(terminal, at, answers)
            terminal.settle()
            terminal.press("ctrl-c")
            assert terminal.end() == 130, terminal.text

    return go


def _killed(
    at: str, question: str, answers: Answers, *keys: str, heard: bool = False
) -> Callable[[Folder], None]:
    """Killed at the request to ``at``, after the ``keys`` at ``question``."""

    def go(mine: Folder) -> None:
        with mine.platforms(), mine.start() as terminal:
            answered(terminal, question, answers)
            terminal.settle()
            mine.killed_at = at, heard, terminal.child.pid
            terminal.press(*keys)
            assert terminal.end() == -signal.SIGKILL, terminal.text
        if at == "create-job":
            mine.age(HOURS)

    return go


def _running(mine: Folder) -> None:
    _left("watched for", GO_ON)(mine)
    mine.age(HALF_WAY / 3600)
    mine.platform("UPDATE jobs SET created = created - ?", HALF_WAY)


def _ended(mine: Folder) -> None:
    mine.platform("UPDATE jobs SET created = created - ?", ENDED - HALF_WAY)
    mine.age((ENDED - HALF_WAY) / 3600)


def _failed(mine: Folder) -> None:
    _ended(mine)
    mine.platform("UPDATE jobs SET document = json_set(document, '$.survey.failure', ?)", TOO_LITTLE)


def _canceled(mine: Folder) -> None:
    mine.platform("UPDATE jobs SET canceled = created + 1000.0")


def _seen(mine: Folder) -> None:
    with mine.platforms():
        code, said = mine.command("run", "--watch", "--yes")
    assert code == 0, said
    mine.age(HOURS)


GO_ON: Answers = {"What next": ("enter",)}
STAGES: Mapping[str, tuple[str, Callable[[Folder], None]]] = {
    "data-chosen": ("", _left("Does this look right", {}, *OWN)),
    "previewed": ("data-chosen", _left("Paste your API key", DATA)),
    "key-given": ("previewed", _left("Which model", {**DATA, **PASTED})),
    "model-chosen": ("key-given", _left("recommended settings", {**GO_ON, **TRAINING})),
    "plan-shown": ("model-chosen", _left("Type yes", {**GO_ON, "recommended settings": ("enter",)})),
    "approved": ("plan-shown", _killed("list-files", "Type yes", GO_ON, "yes", "enter")),
    "uploaded": ("approved", _killed("list-jobs", "What next", {}, "enter")),
    "unknown-lost": ("uploaded", _killed("create-job", "What next", {}, "enter")),
    "unknown-heard": ("uploaded", _killed("create-job", "What next", {}, "enter", heard=True)),
    "running": ("uploaded", _running),
    "succeeded": ("running", _ended),
    "succeeded-seen": ("succeeded", _seen),
    "failed": ("running", _failed),
    "canceled": ("running", _canceled),
}  # fmt: skip
"""Each with the one before it, and the way from there. What ended, ended while no wizard was there, unless it was seen."""


def answered(terminal: Terminal, last: str, answers: Answers) -> None:
    """Answer each question of ``answers`` once, as it comes, until ``last`` is there."""
    left = dict(answers)
    while True:
        terminal.expect("|".join([last, *left]))
        if re.search(last, terminal.text):
            return
        (question, *_others) = (question for question in left if re.search(question, terminal.text))
        terminal.answer(question, *left.pop(question))
