"""A session that can't be used: each command says so in a sentence with what to do, and none says that there is nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest
from conftest import finished
from sandbox_fixture import UNENDING, running
from terminal import PROGRAM, Terminal
from test_returns import OWN, Place, rows_in

from wizard.engine.session import Session

ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
RIGHTS = "-dac_override,-dac_read_search"
MINE = [*(["setpriv", f"--bounding-set={RIGHTS}", f"--inh-caps={RIGHTS}"] if ROOT else []), *PROGRAM]
"""The program, of a user for whom permissions count: root gives up what it may beyond them."""
JOBS = "Jobs can be looked at all the same: bailian-wizard jobs list, bailian-wizard jobs watch ID"
WALK, LOOK = ("wizard", "run", "plan"), ("sessions", "status", "jobs")

pytestmark = pytest.mark.skipif(
    os.name == "nt" or (ROOT and shutil.which("setpriv") is None), reason="no permissions that would hold"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A folder whose session has a job that runs."""
    folder = tmp_path_factory.mktemp("made")
    rows_in(folder)

    def command(*words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return finished([*MINE, *words], folder, env)

    platform = tmp_path_factory.mktemp("platform")
    with running(platform, speed=UNENDING) as sandbox:
        place = Place(folder, platform, sandbox, command)
        place.train()
        yield place


@pytest.fixture
def place(made: Place) -> Iterator[Place]:
    """The same for each test, whatever it does to the state."""
    kept = made.folder.with_name("kept")
    shutil.copytree(made.folder / ".wizard", kept)
    yield made
    for path in (made.folder / ".wizard", made.folder / ".wizard" / "sessions"):
        if path.exists():
            path.chmod(0o700)
    shutil.rmtree(made.folder / ".wizard")
    kept.rename(made.folder / ".wizard")


def told(place: Place, name: str) -> tuple[int, str]:
    """What a command ends with, and all that it says."""
    if name == "wizard":
        with Terminal((), place.folder, program=MINE, env=place.env, columns=400) as terminal:
            return terminal.end(), terminal.text
    more = ("--yes", *(OWN if name == "plan" else ())) if name in WALK else ()
    done = place.command(name, *more, env=place.env)
    return done.returncode, done.stdout + done.stderr


def each_says(place: Place, sentence: str, hint: str, codes: dict[str, int]) -> None:
    """Each command of ``codes`` says the sentence and what to do, and ends with its code; none says that it's a bug."""
    for name, code in codes.items():
        ended, text = told(place, name)
        assert (name, code) == (name, ended), text
        assert sentence in text, (name, text)
        assert hint in text or name in ("jobs", "status"), (name, text)
        assert "unexpected" not in text
        assert "Welcome" not in text


@pytest.mark.sweep
def test_a_session_that_cannot_be_read_is_said_to_be_there(place: Place) -> None:
    """By whoever asks for it: why, whose it is to look at, and that jobs can be seen; the list of jobs is one of them."""
    (place.folder / ".wizard" / "session.json").chmod(0)
    codes = {**dict.fromkeys((*WALK, "sessions", "status"), 1), "jobs": 0}
    each_says(place, "session.json can't be read: permission denied.", JOBS, codes)
    assert "ft-" in told(place, "jobs")[1]


@pytest.mark.sweep
def test_a_session_of_a_newer_version_names_the_way_to_its_job(place: Place) -> None:
    """The one that lies there and one that was put away: it ends with 6, and the list of sessions names it."""
    file = place.folder / ".wizard" / "session.json"
    whole = file.read_bytes()
    newer = json.dumps(json.loads(whole) | {"schema": 99})
    file.write_text(newer, "utf-8")
    codes = {**dict.fromkeys((*WALK, "sessions", "status"), 6), "jobs": 0}
    each_says(place, "was written by a newer version of bailian-wizard.", JOBS, codes)
    file.write_bytes(whole)
    (file.parent / "sessions").mkdir(exist_ok=True)
    (file.parent / "sessions" / "0123abcd.json").write_text(newer, "utf-8")
    code, text = told(place, "sessions")
    assert (6, True) == (code, "0123abcd.json was written by a newer version" in text)


@pytest.mark.sweep
def test_a_folder_that_cannot_be_read_is_explained(place: Place) -> None:
    """The folder of the state, and the one of the sessions that were put away."""
    hint = "Check who owns the file and its folder"
    shelf = place.folder / ".wizard" / "sessions"
    shelf.mkdir(exist_ok=True)
    shelf.chmod(0)
    each_says(place, "sessions: permission denied.", hint, {"wizard": 1, "run": 1, "sessions": 1})
    shelf.parent.chmod(0)
    each_says(place, "can't keep its session in", JOBS, dict.fromkeys(WALK, 1))
    each_says(place, "permission denied.", hint, {"sessions": 1, "status": 1, "jobs": 0})


@pytest.mark.sweep
def test_a_read_only_folder_still_shows_what_is_there(place: Place) -> None:
    """Walking on needs a folder that can be written to; what is only looked at is shown."""
    state = place.folder / ".wizard"
    for path in (state / "lock", state / "log.jsonl"):
        path.chmod(0o400)
    state.chmod(0o500)
    sentence = f"The wizard can't keep its session in {state}: permission denied."
    each_says(place, sentence, JOBS, dict.fromkeys(WALK, 1))
    for name in LOOK:
        code, text = told(place, name)
        assert (name, 0) == (name, code), text
        assert "ft-" in text


@pytest.mark.sweep
def test_the_copy_before_alone_is_no_new_user(place: Place) -> None:
    """Who has only session.json.bak is told, not greeted, and the next start goes on from it."""
    (place.folder / ".wizard" / "session.json").unlink()
    sentence = "session.json is gone; the copy before it is still here."
    each_says(
        place, sentence, "The next start goes on from the copy", {"sessions": 1, "status": 0, "jobs": 0}
    )
    each_says(place, sentence, "The next start goes on from the copy", {"wizard": 1})
    assert "ft-" in told(place, "sessions")[1]


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dataset.files", "own.jsonl"),
        ("preview.files", [{"role": "train"}]),
        ("preview.statistics", [{"rows": 30}]),
        ("key.proof", None),
        ("training.estimate", {"low": None}),
        ("upload.files", 7),
        ("job.id", ["ft-1"]),
    ],
)
def test_results_of_another_form_are_damage(
    place: Place, monkeypatch: pytest.MonkeyPatch, key: str, value: object
) -> None:
    """A session that carries the seal, with a result that no step can read: said, kept under another name, and gone on from the copy."""
    monkeypatch.setenv("BAILIAN_WIZARD_STATE", place.env["BAILIAN_WIZARD_STATE"])
    state = place.folder / ".wizard"
    with Session.open(state) as session:
        session.facts[key] = replace(session.facts[key], value=value)
        session.save()
    spoilt = (state / "session.json").read_bytes()
    each_says(place, "session.json is damaged.", "", {"status": 0, "sessions": 1})
    each_says(place, "The session file was damaged. It is kept as", "The next start goes on", {"run": 1})
    assert [spoilt] == [kept.read_bytes() for kept in state.glob("session.damaged-*.json")]
    assert place.status(8)["job"]
