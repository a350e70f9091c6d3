"""Owns the proof that the ledger counts what this user spent, once, and nothing that anybody else wrote."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.errors import StorageError, UsageError
from wizard.local import secrets
from wizard.local.userstate import VARIABLE
from wizard.money.ledger import FILE, MARKS, Entry, Kind, Ledger

ROOT = Path(__file__).parents[1]


def entry(kind: Kind, session: str = "s1", approval: str = "a1", **more: str) -> Entry:
    return Entry(
        **{
            "kind": kind,
            "approval": approval,
            "base": "b",
            "session": session,
            "platform": "p",
            "key": "k",
            **more,
        }  # type: ignore[arg-type]
    )


def written(folder: Path, *entries: Entry) -> Ledger:
    """The ledger in ``folder`` as the next start reads it, after these lines."""
    folder.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(folder, everywhere=True)
    with ledger.held():
        for each in entries:
            ledger.write(each)
    return Ledger(folder, everywhere=True)


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user with a state of their own."""
    home = tmp_path / "user"
    monkeypatch.setenv(VARIABLE, str(home))
    return home


SPENT, FREED, RECEIPT = entry("spent"), entry("freed"), entry("receipt", id="ft-1")


@pytest.mark.parametrize(
    ("lines", "spent"),
    [
        ((), False),
        ((SPENT,), True),
        ((SPENT, FREED), False),
        ((SPENT, FREED, SPENT), True),
        ((SPENT, FREED, SPENT, FREED), False),
        ((SPENT, RECEIPT), True),
        ((RECEIPT,), True),
    ],
)
def test_an_approval_is_spent_once_more_often_than_freed(
    tmp_path: Path, lines: Sequence[Entry], spent: bool
) -> None:
    """Spent, freed by a refusal, spent again within one second: what counts is how often, and a job counts by itself."""
    ledger = written(tmp_path / "state", *lines)
    assert spent is ledger.spent_by("s1", "a1")
    assert not ledger.spent_by("s2", "a1")
    assert ("ft-1" if RECEIPT in lines else "") == ledger.job_of("s1", "a1")


@given(st.permutations(range(5)), st.integers(0, 4), st.booleans())
def test_neither_order_nor_a_copy_of_a_line_changes_what_was_spent(
    tmp_path_factory: pytest.TempPathFactory, order: Sequence[int], twice: int, here: bool
) -> None:
    """Lines in any order, one of them twice, in the folder and beside the secret or only here: it comes to the same."""
    base = tmp_path_factory.mktemp("ledger")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(base / "user"))
        written(base / "state", SPENT, FREED, SPENT, entry("spent", "s2"), entry("freed", "s2"))
        for path in (base / "state" / FILE, base / "user" / MARKS):
            lines = path.read_bytes().splitlines()
            path.write_bytes(b"".join(lines[number] + b"\n" for number in (*order, twice)))
        if here:
            (base / "user" / MARKS).unlink()
        ledger = Ledger(base / "state", everywhere=True)
        assert (True, False) == (ledger.spent_by("s1", "a1"), ledger.spent_by("s2", "a1"))
        assert 5 == len(ledger.entries)


def test_what_anybody_else_wrote_is_shown_and_counts_for_nothing(tmp_path: Path, user: Path) -> None:
    """A line without a seal, with another folder's, another user's or a changed text frees nothing and spends nothing."""
    written(tmp_path / "elsewhere", entry("freed"), entry("spent", "s9"))
    elsewhere = (tmp_path / "elsewhere" / FILE).read_bytes()
    written(tmp_path / "state", SPENT)
    own = (tmp_path / "state" / FILE).read_bytes()
    (user / MARKS).unlink()
    unsealed = json.dumps(asdict(entry("freed"))).encode() + b"\n"
    changed = own.replace(b'"spent"', b'"freed"')
    wrong = unsealed.rstrip(b"}\n") + b', "seal": "' + b"5" * 64 + b'"}\n'
    (tmp_path / "state" / FILE).write_bytes(own + elsewhere + unsealed + changed + wrong)
    ledger = Ledger(tmp_path / "state", everywhere=True)
    assert [("s1", "a1")] == [(one.session, one.approval) for _base, one in ledger.spent()]
    assert 5 == len(ledger.foreign())


@pytest.mark.parametrize("where", ["here", "beside the secret"])
def test_a_line_that_a_power_cut_left_half_harms_no_other(tmp_path: Path, user: Path, where: str) -> None:
    """Cut at each byte, the line is no line; those before it and the next one count."""
    written(tmp_path / "state", SPENT, RECEIPT)
    path = tmp_path / "state" / FILE if where == "here" else user / MARKS
    other = user / MARKS if where == "here" else tmp_path / "state" / FILE
    other.unlink()
    data = path.read_bytes()
    first = data.index(b"\n") + 1
    for length in range(first, len(data), 7):
        path.write_bytes(data[:length])
        ledger = written(tmp_path / "state", entry("spent", "s2"))
        assert ledger.spent_by("s1", "a1"), length
        assert ledger.spent_by("s2", "a1"), length
        other.unlink(missing_ok=True)
        path.write_bytes(data)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n\n",
        b"null",
        b"[]",
        b"{}",
        b'{"kind": "spent"}',
        b"[" * 99_999,
        b"\xff\xfe",
        b'"a"',
        b'{"kind": NaN}',
    ],
)
def test_what_is_no_ledger_is_an_empty_one(tmp_path: Path, user: Path, text: bytes) -> None:
    """Whatever stands in the files, here and beside the secret, is passed over; what is written next counts."""
    for path in (tmp_path / "state" / FILE, user / MARKS):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    assert () == Ledger(tmp_path / "state", everywhere=True).entries
    assert written(tmp_path / "state", SPENT).spent_by("s1", "a1")


def test_deleting_or_winding_back_either_file_frees_nothing(tmp_path: Path, user: Path) -> None:
    """Each file alone knows what was spent in this folder; the user's also knows of every other folder."""
    written(tmp_path / "state", SPENT)
    for path in (tmp_path / "state" / FILE, user / MARKS):
        data = path.read_bytes()
        for older in (b"", data[:40]):
            path.write_bytes(older)
            assert Ledger(tmp_path / "state", everywhere=True).spent_by("s1", "a1")
        path.write_bytes(data)
    assert Ledger(tmp_path / "other", everywhere=True).spent_by("s1", "a1")
    assert not Ledger(tmp_path / "other", everywhere=False).spent_by("s1", "a1")


def test_a_job_of_this_session_is_never_one_of_another(tmp_path: Path) -> None:
    """A job that two sessions were given counts as one's own for both; a job of another session only, does not."""
    ledger = written(
        tmp_path / "state",
        RECEIPT,
        entry("receipt", "s2", "a2", id="ft-1"),
        entry("receipt", "s2", "a3", id="ft-2"),
    )
    assert {"ft-2"} == ledger.jobs_of_others("s1")
    assert frozenset() == ledger.jobs_of_others("s2")
    assert {"ft-1", "ft-2"} == ledger.jobs_of_others("s3")


SPENDER = """
import sys
from pathlib import Path
from wizard.money.ledger import Entry, Ledger
folder, me, rounds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
folder.mkdir(exist_ok=True)
ledger = Ledger(folder, everywhere=True)
for number in range(rounds):
    with ledger.held():
        if not ledger.on(f"base-{number}"):
            print(number, flush=True)
            ledger.write(Entry(kind="spent", approval=f"a-{number}", base=f"base-{number}", session=me, platform="p", key="k"))
"""


def test_of_two_folders_at_one_moment_one_is_first(tmp_path: Path) -> None:
    """Who spends while the ledger is held sees what every other process of this user spent before: each base once."""
    rounds = 40
    spenders = [
        subprocess.Popen(
            [sys.executable, "-P", "-c", SPENDER, str(tmp_path / name), name, str(rounds)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two", "three")
    ]
    won = [spender.communicate(timeout=200)[0].split() for spender in spenders]
    assert [0, 0, 0] == [spender.returncode for spender in spenders]
    assert list(range(rounds)) == sorted(map(int, itertools.chain(*won)))
    assert rounds == len(Ledger(tmp_path / "one", everywhere=True).entries)


def test_without_a_place_for_it_nothing_is_spent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the user's own state can't be kept, writing is refused with a sentence, and no line stands in the folder."""
    (tmp_path / "a file").write_bytes(b"")
    (tmp_path / "state").mkdir()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "a file" / "below"))
    ledger = Ledger(tmp_path / "state", everywhere=True)
    with pytest.raises(StorageError), ledger.held():
        ledger.write(SPENT)
    assert not (tmp_path / "state" / FILE).exists()


def test_a_line_frees_only_the_one_that_it_names(tmp_path: Path, user: Path) -> None:
    """Where the spent line of something that was freed is gone, what was spent since is not free."""
    folder = tmp_path / "state"
    written(folder, SPENT, FREED)
    for path in (user / MARKS, folder / FILE):
        kept = [line for line in path.read_text("utf-8").splitlines() if '"spent"' not in line]
        path.write_text("\n".join(kept) + "\n", "utf-8")
    ledger = written(folder, SPENT)

    assert ledger.spent_by("s1", "a1")


def test_a_strangers_line_is_reason_to_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that isn't this user's is never counted; that this very approval was spent is known from it all the same."""
    folder = tmp_path / "state"
    written(folder, SPENT, entry("spent", approval="a2"), entry("freed", approval="a2"))
    monkeypatch.setenv(VARIABLE, str(tmp_path / "another home"))
    ledger = Ledger(folder, everywhere=True)

    assert not ledger.spent_by("s1", "a1")
    assert [True, False, False] == [ledger.said_elsewhere(approval) for approval in ("a1", "a2", "a3")]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_what_another_user_owns_is_not_taken_for_nothing(tmp_path: Path, user: Path) -> None:
    """Marks that belong to another user are refused with a sentence: passing over them would free what was spent."""
    folder = tmp_path / "state"
    written(folder, SPENT)
    os.chown(user / MARKS, 1000, 1000)
    with pytest.raises(StorageError, match="another user"):
        Ledger(folder, everywhere=True).spent_by("s1", "a1")


def test_the_secret_is_never_the_projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state of the user's inside the project is refused: who made the project could have made the secret too."""
    project = tmp_path / "project"
    (project / ".wizard").mkdir(parents=True)
    monkeypatch.setenv(VARIABLE, str(project / "state"))
    with pytest.raises(UsageError, match="inside this project"):
        secrets.seal(project / ".wizard")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "state"))
    assert secrets.seal(project / ".wizard").of("p", b"") == secrets.seal(project / ".wizard").of("p", b"")
