"""What a folder that somebody else made can't do to its user: each test is a real start of the program in such a folder."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import stat
import struct
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from conftest import Command
from sandbox_fixture import call
from terminal import PROGRAM, Terminal, _as_a_shell_starts_it, environment

from wizard.local import programs, userstate, way, worktree

pytestmark = pytest.mark.posix("links, pipes and owners as POSIX has them")
root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away"
)

PLATFORM = Path(".wizard", "sandbox", "platform")
RECEIVED, UPLOADED = "0123456789abcdef0123456789abcdef", "01234567-89ab-cdef-0123-456789abcdef"
CANARY = "sk-canary-sandbox-5c1d9e0b7a"


def names_in(place: Path) -> set[str]:
    """What a folder holds."""
    return {path.name for path in place.iterdir()}


def the_only_error(done: subprocess.CompletedProcess[str]) -> str:
    """The sentence of a start that refused."""
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    return line


@pytest.fixture
def documents(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the user's own, elsewhere; some of its files are named as the sandbox's are."""
    own = tmp_path_factory.mktemp("own") / "documents"
    own.mkdir(mode=0o755)
    for name in ("thesis.doc", RECEIVED, UPLOADED):
        (own / name).write_bytes(b"years of work")
    assert folder not in own.parents
    return own


@pytest.mark.parametrize("place", ["incoming", "files"])
def test_nothing_behind_a_link_is_swept(command: Command, folder: Path, documents: Path, place: str) -> None:
    """Where the sandbox's folder is a link nothing behind it is deleted or shut, and that is said."""
    (folder / PLATFORM).mkdir(parents=True)
    (folder / PLATFORM / place).symlink_to(documents)
    done = command("jobs", "list", "--sandbox")
    assert 1 == done.returncode
    assert f"{place} is a link" in the_only_error(done)
    assert {"thesis.doc", RECEIVED, UPLOADED} == names_in(documents)
    assert 0o755 == stat.S_IMODE(documents.stat().st_mode)


def test_only_what_is_named_as_ours_is_swept(command: Command, folder: Path) -> None:
    """At a start only ordinary files with names of our shape go; others, and folders, stay."""
    for place in ("incoming", "files"):
        (folder / PLATFORM / place / "thesis").mkdir(parents=True)
        for name in ("thesis.doc", RECEIVED, UPLOADED):
            (folder / PLATFORM / place / name).write_bytes(b"x")
    assert 0 == command("jobs", "list", "--sandbox").returncode
    assert {RECEIVED, "thesis", "thesis.doc"} == names_in(folder / PLATFORM / "files")
    assert {UPLOADED, "thesis", "thesis.doc"} == names_in(folder / PLATFORM / "incoming")


@pytest.mark.sweep
@pytest.mark.parametrize("name", ["lock", "session.json", "session.json.bak", "log.jsonl"])
def test_a_pipe_is_not_waited_for(command: Command, folder: Path, name: str) -> None:
    """A pipe in the place of a file of state is named and refused (a log is done without); nothing waits for its other end."""
    state = folder / ".wizard" / "sandbox"
    state.mkdir(parents=True)
    os.mkfifo(state / name)
    done = command("run", "--sandbox", "--yes")
    assert (0 if name == "log.jsonl" else 1) == done.returncode, done.stderr
    assert (
        f"{name} should be an ordinary file" in done.stderr
        or f"{name}: it is not an ordinary file" in done.stderr
    )


@pytest.mark.parametrize("place", [".wizard", ".wizard/sandbox", "datasets/MedQA_BaiLian"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_linked_folder_is_refused_in_a_sentence(
    command: Command, folder: Path, documents: Path, place: str, language: str
) -> None:
    """One sentence that names the link, in the user's language, and exit code 1; what it leads to is as it was."""
    (folder / place).parent.mkdir(exist_ok=True)
    (folder / place).symlink_to(documents)
    done = command("run", "--sandbox", "--yes", env={"BAILIAN_WIZARD_LANG": language})
    assert 1 == done.returncode
    said = [
        line
        for line in done.stderr.splitlines()
        if ("is a link" if language == "en" else "是一个链接") in line
    ]
    assert 1 == len(said), done.stderr
    assert Path(place).name in said[0]
    assert {"thesis.doc", RECEIVED, UPLOADED} == names_in(documents)
    assert 0o755 == stat.S_IMODE(documents.stat().st_mode)


def test_outputs_go_through_no_link_but_where_they_are_sent(
    command: Command, folder: Path, documents: Path
) -> None:
    """A link below the project is not written through, however it is reached; the same place named itself is the user's."""
    source = str(next((folder / "datasets").rglob("*train*.jsonl")).relative_to(folder))
    (folder / "out").symlink_to(documents)
    before = names_in(documents)
    for output in (
        "out/train.jsonl",
        "datasets/../out/train.jsonl",
        f"{folder}/out/train.jsonl",
        "out/new/train.jsonl",
    ):
        done = command("convert", source, output)
        assert 1 == done.returncode, done.stderr
        assert "out is a link" in the_only_error(done)
        assert before == names_in(documents)
    assert 0 == command("convert", source, str(documents / "train.jsonl")).returncode
    assert before | {"train.jsonl", "train.manifest.json"} == names_in(documents)


def _execute(database: Path, statements: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(statements)


def test_a_foreign_database_is_left_alone(command: Command, folder: Path) -> None:
    """A database that isn't the sandbox's is not written into, whatever tables it has; nor is what a second name leads to."""
    (folder / PLATFORM).mkdir(parents=True)
    database = folder / PLATFORM / "sandbox.sqlite3"
    _execute(database, "CREATE TABLE accounts (name TEXT); INSERT INTO accounts VALUES ('Ada');")
    before = database.read_bytes()
    done = command("jobs", "list", "--sandbox")
    assert 1 == done.returncode
    assert "was not made by the sandbox" in the_only_error(done)
    assert before == database.read_bytes()
    database.rename(folder / "elsewhere")
    database.hardlink_to(folder / "elsewhere")
    assert "has a second name" in the_only_error(command("jobs", "list", "--sandbox"))
    assert before == database.read_bytes()


@pytest.mark.sweep
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO files VALUES (99, '../../../../thesis.doc', 'n', '', NULL, 1, '', 0)",
        "CREATE TRIGGER mine AFTER INSERT ON jobs BEGIN DELETE FROM files; END",
    ],
    ids=["an id that is a path", "a trigger"],
)
def test_a_database_of_ours_with_something_else_in_it(command: Command, folder: Path, statement: str) -> None:
    """Our tables are not enough: ids have our shape, and nothing else is there."""
    assert 0 == command("jobs", "list", "--sandbox").returncode
    _execute(folder / PLATFORM / "sandbox.sqlite3", statement)
    done = command("jobs", "list", "--sandbox")
    assert 1 == done.returncode
    assert "was not made by the sandbox" in the_only_error(done)


@pytest.mark.sweep
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_file_on_the_platform_that_is_none(
    command: Command, folder: Path, documents: Path, kind: str
) -> None:
    """What the sandbox reads as an uploaded file is an ordinary one: else another's would be read, or a pipe waited for."""
    assert 0 == command("run", "--sandbox", "--yes").returncode
    uploaded = next((folder / PLATFORM / "files").iterdir())
    uploaded.unlink()
    if kind == "link":
        uploaded.symlink_to(documents / "thesis.doc")
    else:
        os.mkfifo(uploaded)
    done = command("jobs", "list", "--sandbox")
    assert 1 == done.returncode
    assert uploaded.name in the_only_error(done)
    assert os.path.lexists(uploaded)


def test_a_journal_deletes_no_file(command: Command, folder: Path, documents: Path) -> None:
    """A journal that names another file is not obeyed: whoever opens its database with SQLite would delete that file."""
    assert 0 == command("jobs", "list", "--sandbox").returncode
    database = folder / PLATFORM / "sandbox.sqlite3"
    journal = database.with_name(database.name + "-journal")
    _make_journal_that_names(documents / "thesis.doc", database, journal)
    # What it would do, in a copy:
    (folder / "copy").mkdir()
    copy = folder / "copy" / database.name
    shutil.copy(database, copy)
    (folder / "victim").write_bytes(b"years of work")
    _make_journal_that_names(folder / "victim", copy, copy.with_name(journal.name))
    _execute(copy, "SELECT * FROM files")
    assert not (folder / "victim").exists()
    done = command("jobs", "list", "--sandbox")
    assert 1 == done.returncode
    assert "sandbox.sqlite3-journal was not made by the sandbox" in the_only_error(done)
    assert b"years of work" == (documents / "thesis.doc").read_bytes()


def _make_journal_that_names(victim: Path, database: Path, journal: Path) -> None:
    """A journal without pages and with the name of the journal of several databases (sqlite.org/fileformat2.html, 3)."""
    page, magic, name = 4096, bytes.fromhex("d9d505f920a163d7"), os.fsencode(victim)
    head = magic + struct.pack(">IIIII", 0, 1234, database.stat().st_size // page, 512, page)
    end = struct.pack(">I", 0x40000000 // page + 1) + name + struct.pack(">II", len(name), sum(name)) + magic
    journal.write_bytes(head.ljust(512, b"\0") + end)


@pytest.mark.sweep
def test_a_log_with_a_second_name_is_done_without(command: Command, folder: Path) -> None:
    """What is appended to is never another file too: a hard link is said once, and the run goes on without the log."""
    state = folder / ".wizard" / "sandbox"
    state.mkdir(parents=True)
    letter = folder / "letter.txt"
    letter.write_bytes(b"Dear Ada,\n")
    letter.chmod(0o644)
    (state / "log.jsonl").hardlink_to(letter)
    done = command("run", "--sandbox", "--yes")
    assert 0 == done.returncode
    assert 1 == done.stderr.count("has a second name")
    assert (b"Dear Ada,\n", 0o644) == (letter.read_bytes(), stat.S_IMODE(letter.stat().st_mode))


@pytest.mark.sweep
def test_git_takes_nothing_of_it(command: Command, folder: Path) -> None:
    """``git add -A`` after a run stages nothing of `.wizard`, also where the folder was there before its .gitignore."""
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    for again in (False, True):
        if again:
            (folder / ".wizard" / ".gitignore").unlink()
        assert 0 == command("run", "--sandbox", "--yes").returncode
        shown = subprocess.run(
            ["git", "status", "--porcelain", "-uall"], cwd=folder, capture_output=True, text=True, check=True
        ).stdout
        assert "datasets/" in shown
        assert ".wizard" not in shown
    assert b"*\n" == (folder / ".wizard" / ".gitignore").read_bytes()


@pytest.mark.sweep
@root
def test_another_owner_is_asked_about_once(command: Command, folder: Path) -> None:
    """Unattended exit 3 and nothing changed, until it was allowed on the command line; then it is remembered."""
    assert 0 == command("jobs", "list", "--sandbox").returncode
    os.chown(folder / ".wizard", 12345, -1)
    before = sorted((path, path.lstat().st_mtime_ns) for path in (folder / ".wizard").rglob("*"))
    for words in (
        ("jobs", "list", "--sandbox"),
        ("run", "--sandbox", "--yes"),
        ("sessions",),
        ("sandbox", "--port", "0"),
    ):
        done = command(*words)
        assert 3 == done.returncode, words
        assert "another user" in the_only_error(done)
        assert "--allow-owner" in done.stderr
    assert before == sorted((path, path.lstat().st_mtime_ns) for path in (folder / ".wizard").rglob("*"))
    assert 0 == command("jobs", "list", "--sandbox", "--allow-owner").returncode
    assert 0 == command("jobs", "list", "--sandbox").returncode
    os.chown(folder / ".wizard", 12346, -1)
    assert 3 == command("jobs", "list", "--sandbox").returncode
    # What needs nothing of it doesn't ask.
    assert 0 == command("models").returncode


@root
@pytest.mark.parametrize("answer", ["yes", "no"])
def test_another_owner_at_a_terminal(folder: Path, answer: str) -> None:
    """Asked before anything is done, No by default; Yes is remembered outside of the project."""
    (folder / ".wizard").mkdir(mode=0o700)
    os.chown(folder / ".wizard", 12345, -1)
    own = folder.parent / f"{folder.name}-own"
    env = environment(folder, BAILIAN_WIZARD_STATE=str(own))
    with Terminal(["--sandbox"], folder, env=env) as terminal:
        terminal.answer("Use it", *(["down"] if answer == "yes" else []), "enter")
        if answer == "no":
            assert 3 == terminal.end()
            assert set() == names_in(folder / ".wizard")
            return
        terminal.answer("Where is your data", "ctrl-c")
        assert 130 == terminal.end()
    assert userstate.OWNERS in names_in(own)
    with Terminal(["--sandbox"], folder, env=env) as terminal:
        terminal.answer("Where is your data", "ctrl-c")


def test_no_program_of_the_folder_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither from the folder nor from the current one is a program taken, however PATH leads there."""
    (tmp_path / "project" / "bin").mkdir(parents=True)
    project = tmp_path / "project"
    real = shutil.which("git")
    assert real
    for place in (project, project / "bin"):
        (place / "git").write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
        (place / "git").chmod(0o755)
    (tmp_path / "way").symlink_to(project / "bin")
    monkeypatch.chdir(project)
    ours = ["", ".", "bin", str(project), str(project / "bin"), str(tmp_path / "way")]
    monkeypatch.setenv("PATH", os.pathsep.join([*ours, str(Path(real).parent)]))
    assert "outside" == worktree.standing(project / "train.jsonl")
    assert not (tmp_path / "started").exists()
    assert str(Path(real).parent) == programs.environment()["PATH"]
    monkeypatch.setenv("PATH", os.pathsep.join(ours))
    assert programs.find("git", project) is None
    monkeypatch.chdir(tmp_path)
    assert programs.find("git", project) is None


@pytest.mark.parametrize(
    ("tag", "link"),
    [
        (0xA000000C, True),
        (0xA0000003, True),
        (0xA000001D, True),
        (0x9000001A, False),
        (0x9000601A, False),
        (0x80000013, False),
    ],
    ids=["symbolic link", "junction", "WSL link", "OneDrive", "OneDrive 6", "deduplicated"],
)
def test_what_windows_calls_a_link(tag: int, link: bool) -> None:
    """What stands for another name is a link; the placeholder of a cloud drive and the like are the file itself."""

    class Found:
        st_mode = stat.S_IFDIR | 0o777
        st_file_attributes = 0x410
        st_reparse_tag = tag

    assert link == way.is_link(Found())  # type: ignore[arg-type]  # as os.lstat answers on Windows


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_child_knows_the_key(folder: Path) -> None:
    """The server of ``sandbox`` and the workers of data have no key in their environment."""
    (folder / "many.jsonl").write_bytes(next((folder / "datasets").rglob("*train*.jsonl")).read_bytes() * 200)
    env = environment(folder, DASHSCOPE_API_KEY=CANARY, BAILIAN_WIZARD_WORKERS="2")
    starts = {"wizard.sandbox": ("sandbox", "--port", "0"), "wizard.data.worker": ("check", "many.jsonl")}
    for child, words in starts.items():
        with subprocess.Popen(
            [*PROGRAM, *words], cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            seen = _environments_of_children(process, child)
            process.terminate()
            assert process.stdout
            process.stdout.read()
        assert seen, f"{words}: no child was seen"
        assert not any(CANARY.encode() in one for one in seen)


def _environments_of_children(process: subprocess.Popen[bytes], name: str) -> list[bytes]:
    """Of the first ones that are there, once each is the program that has ``name`` in its command line."""
    while process.poll() is None:
        try:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii").split()
            places = [Path("/proc", child) for child in children]
            if places and all(name.encode() in (place / "cmdline").read_bytes() for place in places):
                return [(place / "environ").read_bytes() for place in places]
        except OSError:
            continue
    return []


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 0)]
)
def test_the_sandbox_ends_when_told(folder: Path, number: signal.Signals, code: int) -> None:
    """A signal ends ``sandbox`` with the program's usual code, and its server with it."""
    with subprocess.Popen(
        [*PROGRAM, "sandbox", "--port", "0"],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_as_a_shell_starts_it,  # noqa: PLW1509 - as the tests' terminal does
    ) as process:
        assert process.stdout
        served = json.loads(process.stdout.readline())
        assert 200 == call(served["url"], "GET", "/api/v1/files").status
        process.send_signal(number)
        said = process.communicate(timeout=60)[1]
    assert code == process.returncode
    assert "Traceback" not in said
    with pytest.raises(ConnectionRefusedError):
        call(served["url"], "GET", "/api/v1/files")
