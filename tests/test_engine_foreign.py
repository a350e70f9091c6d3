"""Owns the proof that only what this user wrote in this very folder is obeyed, and that nothing else is quite ignored."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from engine_fixture import DECISION, Person, Script, question, toy
from hypothesis import given
from hypothesis import strategies as st
from test_engine_effects import Making, Platform

from wizard.engine.effects import once
from wizard.engine.plan import digest
from wizard.engine.run import Run
from wizard.engine.session import CHECK, FILE, SHELF, Effect, Fact, Session
from wizard.engine.step import Choice
from wizard.errors import DecisionNeeded, SessionDamaged, StorageError
from wizard.local import secrets

DONE = {"id": "t-8", "data": {}, "adopted": False}


def written(folder: Path) -> bytes:
    """A session with an answer, a path, a result, an approval and an effect that is done."""
    with Session.open(folder) as session:
        session.facts = {
            "one.q": Fact("a", "asked", digest({})),
            "one.path": Fact("/etc/passwd", "flag", digest({})),
            "one.r": Fact([1], "done", digest({"one.q": "a"})),
            "review.approval": Fact("d1", "asked", digest({})),
        }
        session.enter(Effect("make:1", "make", "done", 0, receipt=DONE))
    return (folder / FILE).read_bytes()


def resealed(document: dict[str, Any]) -> bytes:
    """What somebody without the secret can write at best: a right check, and any seal."""
    document = {key: value for key, value in document.items() if key not in (CHECK, "seal")}
    document[CHECK] = digest(document)
    body = json.dumps(document, ensure_ascii=False, indent=1)
    return (body.removesuffix("\n}") + f',\n "seal": "{"0" * 64}"\n}}').encode()


@pytest.mark.parametrize("way", ["moved", "copied", "renamed above", "edited", "another user"])
def test_only_this_user_in_this_folder_is_obeyed(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that was moved, copied, edited, or made by another user is foreign: no fact of it counts, nothing is done."""
    here = tmp_path / "above" / "state"
    here.parent.mkdir()
    data = written(here)
    with Session.open(here) as session:
        assert not session.foreign
        assert "done" == session.effects["make:1"].state
    if way in ("moved", "copied"):
        there = tmp_path / "there"
        (shutil.move if way == "moved" else shutil.copytree)(str(here), str(there))
        here = there
    elif way == "renamed above":
        here = here.parent.rename(tmp_path / "other") / "state"
    elif way == "edited":
        document = json.loads(data)
        document["facts"]["one.q"]["value"] = "b"
        (here / FILE).write_bytes(resealed(document))
    else:
        monkeypatch.setenv("BAILIAN_WIZARD_STATE", str(tmp_path / "somebody else"))

    with Session.open(here) as session:
        assert session.foreign
        assert {} == session.facts
        assert {"one.q", "one.path", "review.approval"} == set(session.offered)
        effect = session.effects["make:1"]
        assert ("sent", True, "t-8", None) == (effect.state, effect.hearsay, effect.claimed, effect.receipt)


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_changed_byte_keeps_the_seal(at: int, bit: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever byte is changed, what is still read as a session is foreign."""
    folder = tmp_path_factory.mktemp("sealed")
    data = bytearray(written(folder))
    data[at % len(data)] ^= 1 << bit
    (folder / FILE).write_bytes(data)
    peeked = Session.peek(folder)

    assert peeked is None or peeked.foreign
    shutil.rmtree(folder)


def test_an_answer_is_offered_and_a_path_is_not(tmp_path: Path) -> None:
    """What a foreign session answered stands at its question, never a path, an approval or a secret; nobody's script takes it."""
    written(tmp_path / "state")
    shutil.copytree(tmp_path / "state", tmp_path / "copy")
    steps = (
        toy("one", question("one.q"), question("one.path", kind="path")),
        toy("review", question("review.approval", kind="word", word="yes", value="d1")),
    )
    with Session.open(tmp_path / "copy") as session:
        front = Person(("one.q", "x"), ("one.path", "y"), ("review.approval", "d1"))
        Run(steps, session, front).go()
        assert ["a", None, None] == front.offered
    with Session.open(tmp_path / "copy") as session:
        assert not session.foreign
        assert "a" == session.offered["one.q"]  # still offered: "x" was this run's answer


def test_the_foreign_file_is_kept(tmp_path: Path) -> None:
    """The first save puts the foreign file aside byte for byte, private."""
    written(tmp_path / "state")
    shutil.copytree(tmp_path / "state", tmp_path / "copy")
    data = (tmp_path / "copy" / FILE).read_bytes()
    with Session.open(tmp_path / "copy") as session:
        session.put("one.q", Fact("b", "asked", ""))
        aside = tmp_path / "copy" / SHELF / f"{session.id}-foreign.json"

    assert data == aside.read_bytes()
    assert 0o600 == stat.S_IMODE(aside.stat().st_mode)
    assert [True] == [session.foreign for session in Session.put_away(tmp_path / "copy")]


def foreign(folder: Path, key: str = "make:1") -> Session:
    """A foreign session that says that ``key`` is done."""
    with Session.open(folder / "state") as session:
        session.enter(Effect(key, "make", "done", 0, receipt=DONE, account="key sk-…8899 at there"))
    shutil.copytree(folder / "state", folder / "copy")
    return Session.open(folder / "copy")


def test_hearsay_of_this_very_effect_is_looked_for(tmp_path: Path) -> None:
    """What a foreign session says was done, and the platform has, equal, is adopted: no second one is made."""
    platform = Platform({"t-8": True})
    with foreign(tmp_path) as session:
        assert "t-8" == once(Making(platform, adopts=False), session, Script()).id
        assert (0, False) == (platform.requests, session.effects["make:1"].hearsay)


@pytest.mark.parametrize("key", ["make:1", "make:another approval"])
def test_hearsay_that_is_not_found_is_asked_about(tmp_path: Path, key: str) -> None:
    """What a foreign session says was done and the platform doesn't show stops a script, and a person is asked; no is safe."""
    platform = Platform()
    with foreign(tmp_path, key) as session:
        with pytest.raises(DecisionNeeded):
            once(Making(platform, adopts=False), session, Script())
        assert 0 == platform.requests
        # Of this very request, it is asked first whether the account that it names is this one.
        front = Person(*((DECISION, one) for one in (("same", "again") if key == "make:1" else ("another",))))
        assert "t-1" == once(Making(platform, adopts=False), session, front).id
        assert "leave" == front.decisions[0].safe
        assert not session.hearsay("make")


def test_hearsay_under_another_key_seals_nothing(tmp_path: Path) -> None:
    """An invented effect of another approval closes no question: the approval is asked."""
    steps = (
        toy("review", question("review.approval", kind="word", word="yes", value="d1")),
        toy("make", needs=("review.approval",), gives=("make.id",), seals="make:d1"),
    )
    with foreign(tmp_path, "make:d2") as session:
        run = Run(steps, session, Person())
        assert not run.sealed
        assert "review" == getattr(run.next_step(), "id", None)


@pytest.mark.parametrize("key", ["make:1", ""])
def test_hearsay_seals_nothing_though_it_names_the_effect(tmp_path: Path, key: str) -> None:
    """What a foreign session says was done closes no question, even of the very effect that is to be brought about."""
    steps = (toy("one", question("one.q")), toy("make", needs=("one.q",), gives=("make.id",), seals=key))
    with foreign(tmp_path, key) as session:
        run = Run(steps, session, Person())
        assert not run.sealed
        assert "one" == getattr(run.next_step(), "id", None)


@pytest.mark.parametrize(
    "odd",
    [
        {"at": float("nan")},
        {"at": 10**400},
        {"at": None},
        {"account": ["a"]},
        {"claimed": 1},
        {"known": [1]},
        {"kind": {}},
        {"key": None},
        {"receipt": {"id": 1, "data": {}, "adopted": False}},
        {"receipt": {"id": "t-8", "data": [], "adopted": False}},
    ],
    ids=str,
)
def test_an_effect_of_odd_parts_is_damage(tmp_path: Path, odd: dict[str, Any]) -> None:
    """A session with an effect that can't be one is set aside whole, and the next start begins."""
    document = json.loads(written(tmp_path / "state"))
    document["effects"][0] |= odd
    data = resealed(document)
    (tmp_path / "state" / FILE).write_bytes(data)
    with pytest.raises(SessionDamaged):
        Session.open(tmp_path / "state")
    assert [data] == [path.read_bytes() for path in (tmp_path / "state").glob("session.damaged-*")]
    Session.open(tmp_path / "state").close()


@pytest.mark.parametrize("value", [None, 7, ["a"], {"b": 1}, "z", 10**400, True])
def test_an_offered_answer_that_is_none_is_not_offered(tmp_path: Path, value: Any) -> None:
    """What a foreign session answered is shown only where it could be an answer to the question."""
    written(tmp_path / "state")
    document = json.loads((tmp_path / "state" / FILE).read_bytes())
    document["facts"]["one.q"]["value"] = value
    (tmp_path / "state" / FILE).write_bytes(resealed(document))
    kinds = {"text": {}, "choice": {"choices": (Choice("a", "A"),)}, "number": {}, "integer": {}}
    for kind, more in kinds.items():
        with Session.open(tmp_path / "state") as session:
            front = Person(("one.q", "a" if kind in ("text", "choice") else 1))
            Run((toy("one", question("one.q", kind=kind, **more)),), session, front).go()
        fits = {
            "text": value == "z",
            "number": value == 7,
            "integer": value in (7, 10**400) and value is not True,
        }
        assert [value if fits.get(kind) else None] == front.offered, kind
        (tmp_path / "state" / FILE).write_bytes(resealed(document))


def test_nothing_that_was_put_away_is_ever_overwritten(tmp_path: Path) -> None:
    """A session of an id that was put away before, foreign or one's own, gets a name of its own."""
    data = written(tmp_path / "state")
    kept = []
    for number in range(3):
        (tmp_path / "state" / FILE).write_bytes(data)
        with Session.open(tmp_path / "state") as session:
            session.put("one.q", Fact(f"b{number}", "asked", ""))
            kept.append(session.path.read_bytes())
            session.archive()
        (tmp_path / "state" / FILE).write_bytes(resealed(json.loads(data)))
        kept.append((tmp_path / "state" / FILE).read_bytes())
        with Session.open(tmp_path / "state") as session:
            session.put("one.q", Fact("c", "asked", ""))
    found = [path.read_bytes() for path in (tmp_path / "state" / SHELF).glob("*.json")]
    assert sorted(kept) == sorted(found)


def test_taking_a_session_over_believes_no_yes_and_keeps_the_file(tmp_path: Path) -> None:
    """A session that is taken over has its answers, but no approval; what it sent, or only prepared, is looked for."""
    with Session.open(tmp_path / "state") as session:
        session.facts = {
            "one.q": Fact("a", "asked", digest({})),
            "review.approval": Fact("d1", "asked", digest({})),
        }
        session.enter(Effect("make:1", "make", "prepared", 0))
    shutil.copytree(tmp_path / "state", tmp_path / "copy")
    data = (tmp_path / "copy" / FILE).read_bytes()
    with Session.open(tmp_path / "copy") as session:
        session.trust()
    with Session.open(tmp_path / "copy") as session:
        effect = session.effects["make:1"]
        assert ("sent", True, False) == (effect.state, effect.hearsay, session.foreign)
        assert {"one.q"} == set(session.facts)
    assert [data] == [path.read_bytes() for path in (tmp_path / "copy" / SHELF).glob("*.json")]


def test_a_foreign_session_can_be_taken_over_until_something_was_sent(tmp_path: Path) -> None:
    """A start that saved an answer of its own leaves the foreign one to be taken over; one that sent something doesn't."""
    with foreign(tmp_path) as session:
        session.put("one.q", Fact("c", "asked", ""))
    with Session.open(tmp_path / "copy") as session:
        assert not session.foreign
        before = session.foreign_before()
        assert before is not None
        assert "t-8" == before.effects["make:1"].receipt["id"]  # type: ignore[index]
        session.trust()
    with Session.open(tmp_path / "copy") as session:
        assert session.effects["make:1"].hearsay
        assert session.foreign_before() is None


def test_a_secret_is_made_once_and_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """32 random bytes, 0600 in a folder of 0700; a damaged one is made anew, and with it every session is foreign."""
    home = tmp_path / "user"
    monkeypatch.setenv("BAILIAN_WIZARD_STATE", str(home))
    written(tmp_path / "state")
    path = home / secrets.FILE
    before = path.read_bytes()
    assert (32, 0o600, 0o700) == (
        len(before),
        stat.S_IMODE(path.stat().st_mode),
        stat.S_IMODE(home.stat().st_mode),
    )
    written(tmp_path / "state")
    assert before == path.read_bytes()
    path.write_bytes(b"half")
    with Session.open(tmp_path / "state") as session:
        assert session.foreign
    assert 32 == len(path.read_bytes())


def test_without_a_place_for_the_secret_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the user's state can't be kept, the first save says so and names the variable that places it."""
    (tmp_path / "a file").write_bytes(b"")
    monkeypatch.setenv("BAILIAN_WIZARD_STATE", str(tmp_path / "a file" / "below"))
    with Session.open(tmp_path / "state") as session, pytest.raises(StorageError) as refused:
        session.put("one.q", Fact(1, "asked", ""))
    assert "BAILIAN_WIZARD_STATE" in refused.value.hint
    assert not (tmp_path / "state" / FILE).exists()


def test_hearsay_outlives_a_new_session(tmp_path: Path) -> None:
    """Putting a foreign session away settles nothing that it said was sent: the next one looks for it before it sends."""
    platform = Platform()
    with foreign(tmp_path) as session:
        session.archive()
    with Session.open(tmp_path / "copy") as session:
        assert ["t-8"] == [said.claimed for said in session.hearsay("make")]
        with pytest.raises(DecisionNeeded):
            once(Making(platform, adopts=False), session, Script())
        assert 0 == platform.requests


def test_a_strangers_words_stand_in_one_line(tmp_path: Path) -> None:
    """What a foreign session calls its account and its job can't add lines to the question that names them."""
    with Session.open(tmp_path / "state") as session:
        receipt = {"id": "ft-1\nOK: nothing to pay", "data": {}, "adopted": False}
        session.enter(Effect("make:1", "make", "done", 0, receipt=receipt, account="mine\nChoose yes"))
    shutil.copytree(tmp_path / "state", tmp_path / "copy")
    with Session.open(tmp_path / "copy") as session:
        (said,) = session.hearsay("make")
    assert ("mine Choose yes", "ft-1 OK: nothing to pay") == (said.account, said.claimed)
