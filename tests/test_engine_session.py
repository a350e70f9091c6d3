"""Owns the proof that a session survives what can happen to its file, and that only one wizard works in it."""

from __future__ import annotations

import itertools
import json
import os
import stat
import subprocess
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from conftest import examples
from engine_fixture import Person, Script, question, toy, walked
from hypothesis import example, given, settings
from hypothesis import strategies as st
from patience import PATIENCE

from wizard.engine.effectful import Receipt
from wizard.engine.plan import Item, Plan, digest
from wizard.engine.run import Run
from wizard.engine.session import CHECK, FILE, MIGRATIONS, MOVES_KEPT, SCHEMA, Effect, Fact, Session
from wizard.engine.step import Field, Quit
from wizard.errors import SessionBusy, SessionDamaged, SessionNewer, StorageError

ROOT = Path(__file__).parents[1]
EXAMPLES = Path(__file__).parent / "sessions"
SOME = 31 if os.name == "nt" else 1  # of thousands of files: each takes a tenth of a second there
UNIX = pytest.mark.posix("permissions of this kind are Unix's")

HOLDER = """
import sys
from pathlib import Path
from wizard.engine.session import Session
session = Session.open(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""

JOB = Effect("job:d1", "job", "prepared", 0, known=("ft-1",))
RECEIPT = {"id": "ft-2", "data": {"created": "today"}, "adopted": False}


def small(folder: Path) -> bytes:
    """A session with a fact, a result and an effect that is done; the bytes of its file."""
    with Session.open(folder) as session:
        session.put("one.q", Fact("值", "asked", digest({})))
        session.put("one.r", Fact([1, None], "done", digest({"one.q": "值"})))
        session.enter(replace(JOB, state="done", receipt=RECEIPT))
        session.moves = session.moves[-1:]
        session.save()
    return (folder / FILE).read_bytes()


def unchecked(data: bytes) -> dict[str, Any]:
    """The document of a session file without its digest, so that what is put into it is looked at for itself."""
    document = json.loads(data)
    assert document.pop(CHECK)
    return dict(document)


def copies(folder: Path) -> list[bytes]:
    """What was set aside as damaged."""
    return [path.read_bytes() for path in folder.glob("session.damaged-*.json")]


# Written


@UNIX
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_only_the_owner_may_read(tmp_path: Path, umask: int) -> None:
    """The folder is 0700 and every file in it 0600, whatever the umask, also where the folder was there and open to all."""
    folder = tmp_path / "state"
    if umask == 0:
        folder.mkdir(mode=0o755)
    before = os.umask(umask & 0o077)
    try:
        small(folder)
    finally:
        os.umask(before)

    assert 0o700 == stat.S_IMODE(folder.stat().st_mode)
    assert {FILE: 0o600, f"{FILE}.bak": 0o600, "lock": 0o600} == {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()
    }


def test_every_answer_is_on_disk_before_the_next_question(tmp_path: Path) -> None:
    """When a question is asked, the file holds every answer and result before it."""
    on_disk = []

    def look(field: Field) -> None:
        path = tmp_path / FILE
        on_disk.append(set(json.loads(path.read_bytes())["facts"]) if path.exists() else set())

    steps = (
        toy("one", question("one.a"), question("one.b"), gives=("one.r",)),
        toy("two", question("two.a", quiet=True, default="d"), question("two.b"), question("two.c")),
    )
    keys = ("one.a", "one.b", "two.b", "two.c")
    with Session.open(tmp_path) as session:
        Run(steps, session, Person(*((key, "x") for key in keys), watching=look)).go()

    first, second = {"one.a"}, {"one.a", "one.b", "one.r", "two.a"}
    assert [set(), first, second, second | {"two.b"}] == on_disk


def test_the_version_before_is_kept(tmp_path: Path) -> None:
    """Beside the file lies the version before it, whole; nothing else is left behind."""
    with Session.open(tmp_path) as session:
        versions = []
        for number in range(4):
            session.put("one.q", Fact(number, "asked", ""))
            versions.append(session.path.read_bytes())
            if number:
                assert versions[-2] == (tmp_path / f"{FILE}.bak").read_bytes()

    assert {FILE, f"{FILE}.bak", "lock"} == {path.name for path in tmp_path.iterdir()}


def test_what_a_killed_writer_left_is_swept(tmp_path: Path) -> None:
    """A temporary file that a killed wizard left is removed by the first save of the next one; others' files stay."""
    small(tmp_path)
    (tmp_path / f"{FILE}.01234567.wizard-tmp").write_bytes(b"half")
    (tmp_path / "notes.txt").write_bytes(b"mine")
    small(tmp_path)

    assert {FILE, f"{FILE}.bak", "lock", "notes.txt"} == {path.name for path in tmp_path.iterdir()}


def test_a_refused_save_leaves_the_file_and_says_why(tmp_path: Path) -> None:
    """When the disk refuses, the file keeps what it held, and the error names it."""
    written = small(tmp_path)
    with Session.open(tmp_path) as session:
        (tmp_path / f"{FILE}.bak").unlink()
        (tmp_path / f"{FILE}.bak").mkdir()
        with pytest.raises(StorageError, match=r"session\.json"):
            session.put("two.q", Fact(1, "asked", ""))

    assert written == (tmp_path / FILE).read_bytes()


def test_opening_alone_writes_no_session(tmp_path: Path) -> None:
    """Who only looks in leaves no session behind."""
    Session.open(tmp_path / "state").close()

    assert not (tmp_path / "state" / FILE).exists()


@settings(max_examples=examples(150))
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.integers(10**400, 10**401)
        | st.floats(allow_nan=False)
        | st.text(st.characters(), max_size=12),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.text(st.characters(), max_size=4), inner, max_size=3)
        ),
        max_leaves=8,
    ).filter(lambda value: not _pairs(json.dumps(value, ensure_ascii=False)))
)
@example("half \ud800 of \udfff\n\x00\u2028")
@example({"\udcff": [-0.0, 1e308, 10**60]})
def test_odd_values_survive(value: Any) -> None:
    """Any JSON value comes back as it was, with an equal digest: half surrogates, newlines, huge numbers, odd keys."""
    with tempfile.TemporaryDirectory() as folder:
        with Session.open(Path(folder)) as session:
            session.put("one.q", Fact(value, "asked", digest(value)))
        with Session.open(Path(folder)) as session:
            again = session.facts["one.q"]

    assert Fact(value, "asked", digest(again.value)) == again


def _pairs(text: str) -> bool:
    """Two half surrogates that together are one character: JSON can't tell them from it."""
    return any("\ud800" <= a <= "\udbff" and "\udc00" <= b <= "\udfff" for a, b in itertools.pairwise(text))


@settings(max_examples=examples(100))
@given(
    st.lists(st.tuples(st.text(max_size=5), st.integers(), st.text(max_size=5)), unique_by=lambda line: line[0]),
    st.randoms(),
)  # fmt: skip
def test_equal_plans_have_equal_digests(lines: list[tuple[str, int, str]], shuffler: Any) -> None:
    """A plan's digest is of its keys and values: neither their order nor how they are shown changes it; a value does."""
    plan = Plan(tuple(Item(key, key, value, shown) for key, value, shown in lines))
    shuffled = list(plan.items)
    shuffler.shuffle(shuffled)
    reworded = Plan(tuple(replace(item, label="x", shown="y", edits="z") for item in shuffled))

    assert plan.digest == reworded.digest
    assert digest("\ud800") != digest("?")
    for number, item in enumerate(plan.items):
        changed = (*plan.items[:number], replace(item, value=item.value + 1), *plan.items[number + 1 :])
        assert plan.digest != Plan(changed).digest


def test_the_log_of_moves_stays_short(tmp_path: Path) -> None:
    """Only the newest moves are kept."""
    with Session.open(tmp_path) as session:
        for number in range(MOVES_KEPT + 5):
            session.moved(f"move {number}")

    assert MOVES_KEPT == len(session.moves)
    assert f"move {MOVES_KEPT + 4}" == session.moves[-1]["what"]


# Read


def test_schema_1_is_read(tmp_path: Path) -> None:
    """The example of schema 1, which nobody could seal, is hearsay: its answers are offered, what it sent may have happened.

    Taken over by its user it is whole: facts with their sources, an upload that is done, a job that may be; no approval.
    """
    (tmp_path / FILE).write_bytes((EXAMPLES / "v1.json").read_bytes())
    with Session.open(tmp_path) as session:
        assert (True, "0a1b2c3d", {}) == (session.foreign, session.id, session.facts)
        assert ("taiwan", "datasets/MedQA") == (
            session.offered["dataset.set"],
            session.offered["dataset.source"],
        )
        assert [("sent", True, "file-ft-made-up-1"), ("sent", True, "")] == [
            (effect.state, effect.hearsay, effect.claimed) for effect in session.effects.values()
        ]
        session.trust()
        upload, job = session.effects.values()

    assert not session.foreign
    assert "taiwan" == session.known["dataset.set"]
    assert "flag" == session.known.sources["dataset.source"]
    assert "你是一名医学专家。\n只回答字母。" == session.known["preview.system_prompt"]
    assert session.known["training.budget"] is None
    assert ("sent", True, "file-ft-made-up-1") == (upload.state, upload.hearsay, upload.claimed)
    assert ("sent", True, (), None) == (job.state, job.hearsay, job.known, job.receipt)
    assert "review.approval" not in session.known
    assert (2, 1) == (SCHEMA, len(list(EXAMPLES.glob("v*.json"))))
    with Session.open(tmp_path) as session:
        assert not session.foreign


def test_saving_again_changes_nothing(tmp_path: Path) -> None:
    """Reading and writing a session of the schema in use gives the same bytes."""
    before = small(tmp_path)
    with Session.open(tmp_path) as session:
        session.save()

    assert before == (tmp_path / FILE).read_bytes()


def test_every_older_schema_has_its_migration() -> None:
    """Each schema before the one in use can be brought forward."""
    assert set(range(1, SCHEMA)) == set(MIGRATIONS)


def cut(folder: Path, data: bytes, length: int) -> None:
    """A file that ends too early is explained; it is kept whole, and the next start works."""
    (folder / FILE).write_bytes(data[:length])
    with pytest.raises(SessionDamaged, match="damaged"):
        Session.open(folder)
    assert [data[:length]] == copies(folder)
    with Session.open(folder) as session:
        assert {} == session.facts


def flipped(folder: Path, data: bytes, at: int, bit: int) -> str:
    """With a bit flipped the file is a session that can be used and saved, or is explained and kept; which it is."""
    changed = bytearray(data)
    changed[at] ^= 1 << bit
    (folder / FILE).write_bytes(changed)
    try:
        with Session.open(folder) as session:
            _usable(session)
    except SessionDamaged:
        assert [bytes(changed)] == copies(folder)
        return "damaged"
    except SessionNewer:
        assert json.loads(bytes(changed))["schema"] > SCHEMA
        assert bytes(changed) == (folder / FILE).read_bytes()
        return "newer"
    return "read"


def test_cut_at_every_byte_is_damaged(tmp_path: Path) -> None:
    """A file that ends anywhere too early is explained, never a traceback; it is kept whole, and the next start works."""
    data = small(tmp_path)
    for length in range(0, len(data), SOME):
        folder = tmp_path / str(length)
        folder.mkdir()
        cut(folder, data, length)


def test_one_flipped_bit_is_damage_or_a_session(tmp_path: Path) -> None:
    """With any one bit flipped the file is a session that can be used and saved, or is explained and kept: no traceback."""
    data = small(tmp_path)
    outcomes: set[str] = set()
    for at in range(0, len(data), 8 * SOME):
        for bit in range(8):
            folder = tmp_path / f"{at}.{bit}"
            folder.mkdir()
            outcomes.add(flipped(folder, data, at, bit))

    assert "damaged" in outcomes


def test_another_value_is_damage(tmp_path: Path) -> None:
    """What is still a session but says something else than was written is damaged: its digest tells."""
    data = small(tmp_path)
    (tmp_path / FILE).write_bytes(data.replace(b"ft-2", b"ft-3"))

    assert b"ft-2" in data
    with pytest.raises(SessionDamaged):
        Session.open(tmp_path)


def _usable(session: Session) -> None:
    for effect in session.effects.values():
        if effect.state == "done":
            assert Receipt(**dict(effect.receipt or {})).id
        assert effect.at <= float("inf")
    session.save()
    session.archive()


NO_SESSIONS: tuple[dict[str, Any], ...] = (
    {"schema": 0}, {"schema": 0.5}, {"schema": "1"}, {"schema": None}, {"schema": [1]},
    {"id": "../../../x"}, {"id": 7}, {"facts": []}, {"facts": {"a": 1}}, {"effects": {"a": 1}},
    {"effects": [asdict(JOB) | {"state": "done"}]},
    {"effects": [asdict(JOB) | {"state": "done", "receipt": {"id": "x"}}]},
    {"effects": [asdict(JOB) | {"state": "gone"}]},
    {"effects": [asdict(JOB) | {"at": "now"}]},
    {"facts": {"a": {"value": 1, "source": "nowhere", "basis": ""}}},
    {"moves": [1]}, {"moves": 1},
)  # fmt: skip
OTHER_TEXTS = (
    "", "[]", "null", "1", '{"schema": NaN}', "[" * 100_000, '{"schema":' + "9" * 5000 + "}", "\ufeff{}",
)  # fmt: skip


@pytest.mark.parametrize("change", NO_SESSIONS, ids=json.dumps)
def test_what_is_no_session_is_damaged(tmp_path: Path, change: dict[str, Any]) -> None:
    """JSON that is not a session is explained and kept, whatever is wrong with it."""
    document = unchecked(small(tmp_path)) | change
    (tmp_path / f"{FILE}.bak").unlink()
    (tmp_path / FILE).write_text(json.dumps(document))

    assert Session.peek(tmp_path) is None
    with pytest.raises(SessionDamaged):
        Session.open(tmp_path)
    assert 1 == len(copies(tmp_path))


@pytest.mark.parametrize("text", OTHER_TEXTS)
def test_other_files_are_damaged(tmp_path: Path, text: str) -> None:
    """Any other text in the place of the session is explained and kept."""
    (tmp_path / FILE).write_text(text, encoding="utf-8")

    assert Session.peek(tmp_path) is None
    with pytest.raises(SessionDamaged):
        Session.open(tmp_path)
    assert [text.encode()] == copies(tmp_path)


def test_a_newer_schema_is_refused_and_untouched(tmp_path: Path) -> None:
    """A session of a newer version is refused politely: every file stays as it was, and the lock is free again."""
    document = json.loads(small(tmp_path)) | {"schema": SCHEMA + 1, "something": "new"}
    (tmp_path / FILE).write_text(json.dumps(document))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    for _ in range(2):
        with pytest.raises(SessionNewer, match="newer version"):
            Session.open(tmp_path)
    assert before == {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert Session.peek(tmp_path) is None


def test_peek_needs_no_lock_and_changes_nothing(tmp_path: Path) -> None:
    """A session can be looked at while a wizard works in it; where there is none, there is none."""
    assert Session.peek(tmp_path / "none") is None
    written = small(tmp_path)
    with Session.open(tmp_path):
        peeked = Session.peek(tmp_path)

    assert peeked is not None
    assert "值" == peeked.known["one.q"]
    assert written == (tmp_path / FILE).read_bytes()


# After damage


def test_after_damage_the_copy_before_is_gone_on_from(tmp_path: Path) -> None:
    """The next start goes on from the version before, with the approval asked again: an effect may have been lost with it."""
    review = toy("review", question("review.approval", kind="word", word="yes", value="d1"))
    steps = (toy("one", question("one.q"), gives=("one.r",)), review, toy("last", question("last.q")))
    with Session.open(tmp_path) as session, pytest.raises(Quit):
        walked(steps, session, ("one.q", "a"), ("review.approval", "d1"), ("last.q", Quit()))
    with Session.open(tmp_path) as session:
        session.save()
    (tmp_path / FILE).write_bytes(b"{")

    with pytest.raises(SessionDamaged) as damaged:
        Session.open(tmp_path)
    assert "an approval in it that was not used yet is asked again" in damaged.value.hint
    assert json.loads((tmp_path / f"{FILE}.bak").read_bytes())
    with Session.open(tmp_path) as session:
        front = walked(steps, session, ("review.approval", "d1"), ("last.q", "z"))
    assert ["review.approval", "last.q"] == front.asked
    assert 1 == steps[0].performed
    assert [b"{"] == copies(tmp_path)


@pytest.mark.parametrize("state", ["sent", "done"])
def test_after_damage_a_sent_job_stays_sealed(tmp_path: Path, state: Any) -> None:
    """Where the copy before says that the job was sent, its approval counts: the walk goes on from the job, and asks nothing."""
    review = toy("review", question("review.approval", kind="word", word="yes", value="d1"))
    job = toy("job", needs=("review.approval",), gives=("job.id",), seals="job:d1")
    with Session.open(tmp_path) as session:
        walked((review,), session, ("review.approval", "d1"))
        session.enter(replace(JOB, state=state, receipt=RECEIPT if state == "done" else None))
        session.put("job.id", Fact("ft-2", "done", digest({"review.approval": "d1"})))
    (tmp_path / FILE).write_bytes(b"")
    with pytest.raises(SessionDamaged):
        Session.open(tmp_path)

    with Session.open(tmp_path) as session:
        assert [] == walked((review, job), session).asked
        assert [["review.approval", "d1"]] == session.known["job.id"]


def test_damage_of_both_begins_anew(tmp_path: Path) -> None:
    """With the copy before damaged too, the next start begins anew and says so; both files are still there."""
    small(tmp_path)
    for name in (FILE, f"{FILE}.bak"):
        (tmp_path / name).write_bytes(b"\x00\xff")

    with pytest.raises(SessionDamaged) as damaged:
        Session.open(tmp_path)
    assert "The next start begins anew." == damaged.value.hint
    with Session.open(tmp_path) as session:
        assert {} == session.facts
    assert [b"\x00\xff"] == copies(tmp_path)
    assert [b"\x00\xff"] == [path.read_bytes() for path in tmp_path.glob("session.damaged-*.bak")]


def test_only_the_copy_before_is_gone_on_from(tmp_path: Path) -> None:
    """With the session file gone, the copy before it takes its place, explained and in doubt; a newer or damaged one doesn't."""
    small(tmp_path)
    (tmp_path / FILE).unlink()
    with pytest.raises(SessionDamaged, match="the copy before it is still here"):
        Session.examine(tmp_path)
    with pytest.raises(SessionDamaged, match="is gone"):
        Session.open(tmp_path)
    with Session.open(tmp_path) as session:
        assert session.facts
    document = json.loads((tmp_path / FILE).read_bytes())
    (tmp_path / FILE).unlink()
    newer = json.dumps(document | {"schema": SCHEMA + 1})
    (tmp_path / f"{FILE}.bak").write_text(newer)
    with pytest.raises(SessionNewer, match=rf"{FILE}\.bak"):
        Session.open(tmp_path)
    assert newer == (tmp_path / f"{FILE}.bak").read_text()
    (tmp_path / f"{FILE}.bak").write_text("[")
    with pytest.raises(SessionDamaged, match=r"session\.damaged-.*\.bak"):
        Session.open(tmp_path)
    with Session.open(tmp_path) as session:
        assert {} == session.facts


def test_setting_aside_can_be_cut_off(tmp_path: Path) -> None:
    """A crash while a damaged file is set aside leaves it and the copy before: the next start does it again, no fact lost."""

    class Stopped(Session):
        def save(self, *, keep_previous: bool = True) -> None:  # noqa: ARG002 - whatever it should do
            raise KeyboardInterrupt

    small(tmp_path)
    (tmp_path / FILE).write_bytes(b"{")
    with pytest.raises(KeyboardInterrupt):
        Stopped.open(tmp_path)

    with pytest.raises(SessionDamaged, match="is kept"):
        Session.open(tmp_path)
    with Session.open(tmp_path) as session:
        assert {"one.q", "one.r"} == set(session.facts)
    assert {b"{"} == set(copies(tmp_path))


# Alone


def test_a_second_process_is_kept_out(tmp_path: Path) -> None:
    """While another process works in the folder it is busy, here and there; when that one is killed, it is free at once."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", HOLDER, str(tmp_path / ".wizard")]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "env": environment}
    with subprocess.Popen(command, **pipes) as holder:
        assert holder.stdout is not None
        assert b"held\n" == holder.stdout.readline()
        with pytest.raises(SessionBusy, match="at work in"):
            Session.open(tmp_path / ".wizard")
        holder.kill()
    with Session.open(tmp_path / ".wizard"):
        late = subprocess.run(
            command, input=b"", capture_output=True, env=environment, check=False, timeout=PATIENCE
        )
        assert b"SessionBusy" in late.stderr
    Session.open(tmp_path / ".wizard").close()


def test_a_folder_that_can_not_be_used_is_explained(tmp_path: Path) -> None:
    """A file where the folder should be is a clear error."""
    (tmp_path / "state").write_bytes(b"")

    with pytest.raises(StorageError, match="should be a folder"):
        Session.open(tmp_path / "state")


# Put away


def test_a_session_that_is_put_away_is_kept(tmp_path: Path) -> None:
    """A session that is put away stays whole under its own name, can be looked at, and makes room for another one."""
    written = small(tmp_path)
    with Session.open(tmp_path) as session:
        name = session.id
        kept = session.archive()
        assert (written, {}, {}) == (kept.read_bytes(), session.facts, session.effects)
        assert not (tmp_path / f"{FILE}.bak").exists()  # else it would come back in place of the next one
        session.put("one.q", Fact("new", "asked", ""))

    (kept.parent / "unreadable.json").write_bytes(b"[")
    (kept.parent / "newer.json").write_text(json.dumps({"schema": SCHEMA + 1}))
    assert [(name, "值")] == [(each.id, each.known["one.q"]) for each in Session.put_away(tmp_path)]
    assert tmp_path / "sessions" / f"{name}.json" == kept
    assert name != session.id
    with Session.open(tmp_path) as again:
        assert {"one.q": "new"} == again.known
    assert 0o700 == stat.S_IMODE(kept.parent.stat().st_mode) or os.name == "nt"


def test_nothing_to_put_away_is_explained(tmp_path: Path) -> None:
    """A session that was never written can't be put away; that is said."""
    with Session.open(tmp_path) as session, pytest.raises(StorageError, match="could not be put away"):
        session.archive()


def test_a_script_keeps_its_answers_too(tmp_path: Path) -> None:
    """An unattended run that ends early leaves a session that the next one, attended or not, goes on from."""
    steps = (toy("one", question("one.q", default="d")), toy("two", question("two.q")))
    with Session.open(tmp_path) as session, pytest.raises(Exception, match=r"two\.q"):
        Run(steps, session, Script(yes=True)).go()

    with Session.open(tmp_path) as session:
        assert ["two.q"] == walked(steps, session, ("two.q", "x")).asked
