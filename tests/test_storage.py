"""Owns the proof that a file is written whole or not at all."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wizard.errors import StorageError
from wizard.local import storage

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
CHILD_ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}
OLD = b"old, and whole\n" * 40
NEW = b"new, and whole too\n" * 900

# Runs the statement argv[2] in a forked child for every line that wizard/ executes, killed (argv[4] KILL) or
# interrupted (INTERRUPT) there; after each it prints what the file argv[3] then begins with, and the leftovers beside it.
AT_EVERY_LINE = """
import os, signal, sys
from pathlib import Path
setup, action, target, how = sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4]
spaces = {"Path": Path, "target": target}
exec(setup, spaces)
code = compile(action, "action", "exec")
package = str(Path(spaces["storage"].__file__).parent)

def stop_at(number):
    count = 0
    def trace(frame, event, _arg):
        nonlocal count
        if not frame.f_code.co_filename.startswith(package):
            return None
        if event == "line":
            count += 1
            if count == number:
                if how == "KILL":
                    os.kill(os.getpid(), signal.SIGKILL)
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace
    return trace

number, finished = 0, False
while not finished:
    number += 1
    exec(spaces["reset"], spaces)
    child = os.fork()
    if child == 0:
        sys.settrace(stop_at(number))
        try:
            exec(code, spaces)
        except KeyboardInterrupt:
            os._exit(3)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    finished = status == 0
    data = target.read_bytes() if target.exists() else None
    kind = {None: "absent", spaces["OLD"]: "old", spaces["NEW"]: "new"}.get(data, "HALF")
    temps = sum(path.name.endswith(".wizard-tmp") for path in target.parent.iterdir())
    print(number, kind, temps, flush=True)
    exec(spaces["after"], spaces)
"""


def at_every_line(setup: str, action: str, target: Path, how: str) -> list[tuple[str, int]]:
    """(what the target then holds, temporary files left) for a stop at each line that is run."""
    done = subprocess.run(
        [sys.executable, "-c", AT_EVERY_LINE, setup, action, str(target), how],
        capture_output=True,
        text=True,
        env=CHILD_ENVIRONMENT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    return [(kind, int(temps)) for _number, kind, temps in rows]


STORAGE_SETUP = f"""
from wizard.local import storage
OLD, NEW = {OLD!r}, {NEW!r}
reset = '''
storage.remove_stale_temps(target.parent, target.name)
assert not list(target.parent.glob("*.wizard-tmp")), "a stale file survived"
target.write_bytes(OLD)
'''
after = ""
"""


def stream(target: Path, data: bytes) -> None:
    """Write ``data`` by the streaming way."""
    with storage.writing(target) as out:
        out.write(data)


both_ways = pytest.mark.parametrize("write", [storage.write_atomically, stream])


ACTIONS = {
    "whole": "storage.write_atomically(target, NEW)",
    "with a backup": "storage.write_atomically(target, NEW, keep_previous=True)",
    "streamed": "with storage.writing(target) as stream: stream.write(NEW[:10]); stream.write(NEW[10:])",
}


@pytest.mark.posix("fork")
@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_killed_at_any_line_leaves_old_or_new(tmp_path: Path, action: str) -> None:
    """A SIGKILL at any line leaves the whole old or the whole new file, and what it left beside can be removed."""
    outcomes = at_every_line(STORAGE_SETUP, action, tmp_path / "file", "KILL")
    assert {"old", "new"} == {kind for kind, _temps in outcomes}
    assert len(outcomes) > 25
    assert {0, 1} <= {temps for _kind, temps in outcomes} <= {0, 1, 2}


@pytest.mark.posix("fork")
@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_interrupted_in_the_block_leaves_nothing_beside(tmp_path: Path, action: str) -> None:
    """Ctrl-C at any line leaves old or new, and no temporary file."""
    outcomes = at_every_line(STORAGE_SETUP, action, tmp_path / "file", "INTERRUPT")
    assert {"old", "new"} == {kind for kind, _temps in outcomes}
    assert {0} == {temps for _kind, temps in outcomes}


def test_interrupt_while_streaming_removes_the_temp(tmp_path: Path) -> None:
    """A KeyboardInterrupt raised by the caller's own code leaves the old file and nothing else."""
    target = tmp_path / "out.jsonl"
    target.write_bytes(OLD)

    def interrupted() -> None:
        with storage.writing(target) as out:
            out.write(NEW)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert target.read_bytes() == OLD
    assert [target] == list(tmp_path.iterdir())


@pytest.mark.posix("permissions as POSIX has them")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o277])
def test_mode_is_exact_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    """write_atomically gives exactly the mode asked for; writing narrows its mode by the umask."""
    old = os.umask(umask)
    try:
        storage.write_atomically(tmp_path / "secret", b"x")
        with storage.writing(tmp_path / "output") as stream:
            stream.write(b"x")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert 0o644 & ~umask == stat.S_IMODE((tmp_path / "output").stat().st_mode)


@pytest.mark.posix("symbolic links, which only few users of Windows may make")
@pytest.mark.parametrize("kind", ["symlink", "dangling symlink", "folder", "fifo"])
@both_ways
def test_only_ordinary_files_are_replaced(
    tmp_path: Path, kind: str, write: Callable[[Path, bytes], None]
) -> None:
    """A link, folder or pipe at the target is refused with its path, and stays as it is, as does what it points to."""
    aim = tmp_path / "aim"
    target = tmp_path / "target"
    if kind == "symlink":
        aim.write_bytes(OLD)
    if kind.endswith("symlink"):
        target.symlink_to(aim)
    elif kind == "folder":
        target.mkdir()
    else:
        os.mkfifo(target)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(StorageError) as caught:
        write(target, NEW)
    assert str(target) in caught.value.message
    assert caught.value.hint
    assert before == sorted(path.name for path in tmp_path.iterdir())
    assert kind != "symlink" or aim.read_bytes() == OLD


@pytest.mark.posix("symbolic links, which only few users of Windows may make")
def test_a_link_that_appears_meanwhile_is_not_followed(tmp_path: Path) -> None:
    """A symbolic link put at the target while the stream is open is refused, and its aim untouched."""
    aim, target = tmp_path / "aim", tmp_path / "target"
    aim.write_bytes(OLD)

    def link_meanwhile() -> None:
        with storage.writing(target) as out:
            out.write(NEW)
            target.symlink_to(aim)

    with pytest.raises(StorageError, match="symbolic link"):
        link_meanwhile()
    assert aim.read_bytes() == OLD
    assert [aim, target] == sorted(tmp_path.iterdir())


@pytest.mark.posix("permissions as POSIX has them")
def test_the_previous_version_is_kept(tmp_path: Path) -> None:
    """keep_previous leaves the version before in <name>.bak, with the same mode; the first write leaves none."""
    target = tmp_path / "session.json"
    storage.write_atomically(target, b"1", keep_previous=True)
    assert [target] == list(tmp_path.iterdir())
    storage.write_atomically(target, b"2", keep_previous=True)
    storage.write_atomically(target, b"3", keep_previous=True)
    backup = tmp_path / "session.json.bak"
    assert (target.read_bytes(), backup.read_bytes()) == (b"3", b"2")
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert [target, backup] == sorted(tmp_path.iterdir())


@pytest.mark.posix("a file can be opened while it is replaced")
def test_the_file_is_there_at_every_moment(tmp_path: Path) -> None:
    """A reader that looks all the time while the file is replaced never finds it missing or half."""
    target = tmp_path / "file"
    target.write_bytes(OLD)
    seen: set[bytes] = set()
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            seen.add(target.read_bytes())

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for turn in range(60):
            storage.write_atomically(target, (OLD, NEW)[turn % 2], keep_previous=True)
    finally:
        stop.set()
        reader.join()
    assert seen <= {OLD, NEW}
    assert seen


@pytest.mark.posix("limits of a process")
@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on file sizes")
@both_ways
def test_a_disk_that_refuses_is_told_with_path_and_reason(
    tmp_path: Path, write: Callable[[Path, bytes], None]
) -> None:
    """A file that can't grow (here by a limit) gives a sentence with its path; the old file and nothing else stays."""
    target = tmp_path / "file"
    target.write_bytes(OLD)
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, limits[1]))
    try:
        with pytest.raises(StorageError) as caught:
            write(target, NEW * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert f"Can't write {target}: the file is larger than this disk allows." == caught.value.message
    assert caught.value.hint
    assert target.read_bytes() == OLD
    assert [target] == list(tmp_path.iterdir())


@pytest.mark.posix("lengths of names as POSIX has them")
def test_other_refusals_name_path_and_reason(tmp_path: Path) -> None:
    """A missing folder, a file in a folder's place and a name too long each say so."""
    (tmp_path / "plain").write_bytes(OLD)
    for target, reason in (
        (tmp_path / "absent" / "file", "its folder doesn't exist"),
        (tmp_path / "plain" / "file", "its folder doesn't exist"),
        (tmp_path / ("n" * 300), "the name is too long"),
    ):
        with pytest.raises(StorageError) as caught:
            storage.write_atomically(target, NEW)
        assert f"Can't write {target}: {reason}." == caught.value.message


def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    """Without permission for the folder, the sentence says so and the old file stays."""
    target = tmp_path / "closed" / "file"
    target.parent.mkdir()
    target.write_bytes(OLD)
    target.parent.chmod(0o500)
    try:
        if os.access(target.parent, os.W_OK):
            pytest.skip("this user may write anywhere")
        with pytest.raises(StorageError, match="permission denied"):
            storage.write_atomically(target, NEW)
    finally:
        target.parent.chmod(0o700)
    assert target.read_bytes() == OLD


def test_the_callers_own_errors_pass_unchanged(tmp_path: Path) -> None:
    """An OSError about another file in the block is not reported as one about the output."""
    with pytest.raises(FileNotFoundError), storage.writing(tmp_path / "out") as stream:
        stream.write((tmp_path / "no input").read_bytes())
    assert list(tmp_path.iterdir()) == []


def test_names_as_long_as_the_file_system_takes(tmp_path: Path) -> None:
    """A name of 255 bytes, which leaves no room for a suffix, is written like any other; its temps are found."""
    target = tmp_path / ("医" * 85)
    storage.write_atomically(target, NEW)
    assert target.read_bytes() == NEW
    assert [target] == list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a", ".env", "session.json.bak", "train_医疗问答.jsonl", "n" * 90])
def test_temporary_names_are_short(tmp_path: Path, name: str) -> None:
    """At most 20 characters longer than the name, and never above 36, since on Windows whole paths end at 259; found all the same."""
    with storage.writing(tmp_path / name) as stream:
        stream.write(NEW)
        (temp,) = tmp_path.iterdir()
    assert len(temp.name) <= min(len(name.encode()) + 20, 36)
    temp.write_bytes(b"left by a kill")
    os.utime(temp, (0, 0))
    assert (temp,) == storage.remove_stale_temps(tmp_path, name)


@pytest.mark.posix("symbolic links, which only few users of Windows may make")
def test_stale_temps_are_removed_and_living_ones_left(tmp_path: Path) -> None:
    """Only this file's own leftovers go: not those of a write in progress, of another name, or a link."""
    stale = tmp_path / "out.01234567.wizard-tmp"
    stale.write_bytes(b"left by a kill")
    others = ("out.jsonl.01234567.wizard-tmp", "out.0123.wizard-tmp", "out.01234567.tmp", "out.bak")
    for name in others:
        (tmp_path / name).write_bytes(b"not ours")
    (tmp_path / "out.fedcba98.wizard-tmp").symlink_to(tmp_path / "out.bak")
    with storage.writing(tmp_path / "out") as stream:
        stream.write(NEW)
        assert (stale,) == storage.remove_stale_temps(tmp_path, "out")
    assert (tmp_path / "out").read_bytes() == NEW
    assert {*others, "out", "out.fedcba98.wizard-tmp"} == {path.name for path in tmp_path.iterdir()}
    assert storage.remove_stale_temps(tmp_path / "absent", "out") == ()


REFUSING = """
import sys
from pathlib import Path
from wizard.local import storage
from wizard.errors import StorageError
try:
    storage.write_atomically(Path(sys.argv[1]), sys.argv[2].encode())
except StorageError as refused:
    sys.exit(7 if sys.argv[1] in refused.message else 8)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs strace")
@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EROFS", "EACCES", "EDQUOT"])
@pytest.mark.parametrize(
    ("call", "kept"),
    [
        ("write:when=1", OLD),
        ("fchmod:when=1", OLD),
        ("fsync:when=1", OLD),
        ("/^rename:when=1", OLD),
        ("fsync:when=2", NEW),
    ],
)
def test_any_call_that_fails_leaves_old_or_new(tmp_path: Path, call: str, kept: bytes, error: str) -> None:
    """A refusal by any system call is a StorageError naming the path; old or new, whole, and nothing beside it."""
    target = tmp_path / "file"
    target.write_bytes(OLD)
    name, when = call.split(":")
    strace = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"inject={name}:error={error}:{when}"]
    try:
        done = subprocess.run(
            [*strace, sys.executable, "-B", "-c", REFUSING, str(target), NEW.decode()],
            capture_output=True,
            text=True,
            env=CHILD_ENVIRONMENT,
            check=False,
        )
    except FileNotFoundError:
        pytest.skip("strace is not installed")
    if "ptrace" in done.stderr.lower():
        pytest.skip("this system does not let strace trace")
    assert (done.returncode, done.stderr) == (7, "")
    assert kept == target.read_bytes()
    assert [target] == list(tmp_path.iterdir())
