"""Coming back: stopped at each step, something changed meanwhile, and started again, at a terminal and unattended.

``returns_table`` says what each must come to. Always: never a job without an approval of the last hour, never a second one,
no content uploaded twice, nothing sent to another account, no traceback, and no key on the screen. Enter is all that is
pressed at the terminal. What was uploaded or created before stays what it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from terminal import Terminal
from test_returns import rows_in
from test_returns_data import MODEL, updated

from sweeps.family import Case
from sweeps.proxy import is_to
from sweeps.returning import ELSEWHERE, KEY, OTHER, PLACES, Folder
from sweeps.returns_stages import HOURS, STAGES, come_to
from sweeps.returns_table import TABLE, Row
from wizard.engine.session import FILE

QUICK = 3
MISSING = ""
SOURCE = "own.jsonl"
PATIENCE = 60.0
PRICE = ('prices = [{ price = "0.006", source = "overview" }]', "prices = []")


@dataclass(frozen=True, slots=True)
class Change:
    """What happens meanwhile. ``since``: the first stage at which it can. ``empty``: it leads to another account or workspace, which has nothing."""

    happen: Callable[[Folder], object]
    since: str = ""
    empty: bool = False
    revoked: bool = False
    only: tuple[str, ...] = ()

    @property
    def stages(self) -> Sequence[str]:
        """Those at which it can happen."""
        every = list(STAGES)
        return self.only or every[every.index(self.since) if self.since else 0 :]


def _nothing(_mine: Folder) -> None:
    """All is as it was."""


def _moved(mine: Folder) -> None:
    (mine.home / "elsewhere").mkdir()
    (mine.home / SOURCE).rename(mine.home / "elsewhere" / SOURCE)


def _edited(mine: Folder) -> None:
    file = mine.home / "datasets" / "BaiLian" / SOURCE
    file.write_bytes(file.read_bytes().replace(b"7?", b"seven?"))


def _updated(name: str, *changes: tuple[str, str]) -> Callable[[Folder], None]:
    """Another version of the wizard, with another table of models."""

    def happen(mine: Folder) -> None:
        made = mine.root / f"{name}.updated"
        if not made.exists():
            updated(mine.root / name, *changes)
        mine.more["PYTHONPATH"] = str(made)

    return happen


def _newer(mine: Folder) -> None:
    (mine.state / FILE).write_text(json.dumps(mine.session() | {"schema": 99}), "utf-8")


def _renamed(mine: Folder) -> None:
    mine.home = mine.home.rename(mine.root / "renamed")


def _deleted(mine: Folder) -> None:
    mine.platform("UPDATE jobs SET canceled = created + 1, deleted = created + 2")


def _key(mine: Folder) -> None:
    (mine.home / ".env").write_text(f"DASHSCOPE_API_KEY={OTHER}\n", "utf-8")


CHANGES: Mapping[str, Change] = {
    "nothing": Change(_nothing),
    "source-moved": Change(_moved),
    "source-deleted": Change(lambda mine: (mine.home / SOURCE).unlink()),
    "source-replaced": Change(lambda mine: rows_in(mine.home, length=2)),
    "converted-edited": Change(_edited, "previewed"),
    "converted-deleted": Change(lambda mine: (mine.home / "datasets" / "BaiLian" / SOURCE).unlink(), "previewed"),
    "env-gone": Change(lambda mine: (mine.home / ".env").unlink(), "key-given"),
    "other-account": Change(_key, "key-given", empty=True),
    "key-revoked": Change(_nothing, "key-given", revoked=True),
    "workspace-set": Change(lambda mine: mine.more.update(DASHSCOPE_WORKSPACE=ELSEWHERE), "key-given", empty=True),
    "job-deleted": Change(_deleted, "unknown-heard"),
    "model-gone": Change(_updated("no-model", (MODEL, 'code = "another"')), "model-chosen"),
    "price-gone": Change(_updated("no-price", PRICE), "model-chosen"),
    "session-damaged": Change(lambda mine: (mine.state / FILE).write_bytes(b"{")),
    "session-newer": Change(_newer),
    "session-only-bak": Change(lambda mine: (mine.state / FILE).unlink()),
    "folder-renamed": Change(_renamed),
    "hours-later": Change(lambda mine: mine.age(HOURS), only=("plan-shown", "approved", "uploaded")),
}  # fmt: skip


def cases(seed: int) -> Sequence[Case]:  # noqa: ARG001 - nothing is drawn: these are all
    """Each stage by each change that can happen then, by both ways to start; each has one row of the table."""
    found = []
    for stage in STAGES:
        for name, change in CHANGES.items():
            if stage in change.stages:
                row = row_of(stage, name)
                found += [
                    Case(f"{stage}-{name}-attended", partial(attended, stage, change, row)),
                    Case(f"{stage}-{name}-unattended", partial(unattended, stage, change, row)),
                ]
    return found


def row_of(stage: str, change: str) -> Row:
    """The one row of the table that speaks of both."""
    rows = [row for row in TABLE if stage in row.stages and change in row.changes]
    assert len(rows) == 1, f"{len(rows)} rows for {stage} and {change}"
    return rows[0]


def attended(stage: str, change: Change, row: Row, _folder: Path) -> None:
    """The first question, with what stands before it; then what Enter leads to."""

    def look(mine: Folder) -> str:
        with mine.start() as terminal:
            terminal.expect(_pattern(row.screen), seconds=PATIENCE)
            if row.then and not row.ends:
                terminal.settle()
                terminal.press("enter")
                terminal.expect(_pattern(row.then), seconds=PATIENCE)
            if row.ends:
                terminal.end()
            else:
                _leave(terminal)
            said = terminal.text
        if row.ends and row.then:
            with mine.start() as terminal:
                terminal.expect(_pattern(row.then), seconds=PATIENCE)
                _leave(terminal)
                said += terminal.text
        return said

    _returned(stage, change, row, look)


def unattended(stage: str, change: Change, row: Row, _folder: Path) -> None:
    """What ``status`` tells a script, and what ``run --yes`` ends with."""

    def look(mine: Folder) -> str:
        code, said = mine.command("status", "--json", "--exit-status")
        told, _end = json.JSONDecoder().raw_decode(said[said.find("{") :])
        state = told["data"]["state"] if "data" in told else told["error"]["code"]
        assert (state, code) == (row.state, row.status), f"{state}, {code}\n{said}"
        for wanted in (row.run, row.run if row.again is None else row.again):
            code, text = mine.command("run", "--yes")
            assert code == wanted, f"run: {code}\n{text}"
            said += text
        return said

    _returned(stage, change, row, look)


def _returned(stage: str, change: Change, row: Row, look: Callable[[Folder], str]) -> None:
    mine = PLACES.mine()
    come_to(mine, stage)
    jobs, uploads = mine.jobs(), mine.uploads()
    change.happen(mine)
    with mine.platforms(empty=change.empty):
        if change.revoked:
            del mine.accounts[KEY, ""]
        said = look(mine)
        for never in ("Traceback", "unexpected", KEY, OTHER):
            assert never not in said, f"{never}\n{said}"
        sent = [sum(is_to(request, to) for request in mine.requests) for to in ("upload", "create-job")]
        others = mine.others_files() if change.empty else 0
    missing = stage == "approved"  # nothing of it was sent
    wanted = [int(row.creates and missing), int(row.creates)]
    assert sent == wanted, f"sent {sent[0]} files and {sent[1]} jobs, not {wanted}\n{said}"
    assert (others, len(mine.jobs())) == (0, len(jobs) + row.creates), said
    assert uploads.total() + wanted[0] == mine.uploads().total(), said
    assert max(mine.uploads().values(), default=0) <= 1, "one content was uploaded twice"


def _pattern(words: str) -> str:
    """Words of a screen, however they are folded; ``…`` stands for anything between them."""
    parts = (r"\s+".join(re.escape(word) for word in part.split()) for part in words.split("…"))
    return "(?s)" + ".*".join(parts)


def _leave(terminal: Terminal) -> None:
    """With Ctrl-C where it asks or watches; else it is about to end."""
    if "watched for" not in terminal.text:
        terminal.settle(0.3)
    if terminal.child.isalive():
        terminal.press("ctrl-c")
    code = terminal.end()
    assert code in (0, 130, 1, 4, 6, 7), f"exit code {code}: {terminal.text}"
