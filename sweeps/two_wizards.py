"""Two wizards on one session or one ``.env``, a holder that was killed, and files that change on their way.

A second wizard is kept out with a clear word and changes nothing; writers of one ``.env`` lose no update of each other; who
is killed holds nothing any more; bytes that are not those that were approved never arrive.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from sweeps import ROOT, crash
from sweeps.calls import Point, held, killed, steady, touching, trace
from sweeps.family import NEEDS_STRACE, Case, spread
from sweeps.journey import INTERRUPTED, Ended, Journey, journey, rows

QUICK = 5
MISSING = NEEDS_STRACE
BUSY = 6
MEETINGS, DEATHS, CONTESTS = 12, 8, 6
WRITERS, UPDATES = 3, 25
LARGE = 20_000  # rows: a file that leaves in many pieces


def cases(seed: int) -> Sequence[Case]:
    """Where the first one is held is evenly spread over what it does; the contests differ by their seed."""
    pieces = _pieces()
    # The very first one puts .gitignore into the folder that the lock will be in.
    saves = [point for point in crash.path() if point.call == "rename"][1:]
    places = [Case(point.name, lambda _folder: None) for point in saves]
    by_name = {point.name: point for point in saves}
    stops = [by_name[case.name] for case in spread(places, MEETINGS)]
    return [
        *(Case(f"second-at-{point.name}", partial(meeting, point)) for point in stops),
        *(Case(f"holder-killed-at-{point.name}", partial(dead_holder, point)) for point in stops[:DEATHS]),
        *(Case(f"env-{seed}.{number}", partial(contest, number)) for number in range(CONTESTS)),
        Case("env-holder-killed", dead_writer),
        *(
            Case(f"{what}-before-{when}", partial(changed, when, change))
            for when in ("upload", "second-upload", "create")
            for what, change in CHANGES.items()
        ),
        *(Case(f"source-{what}-before-{when}", partial(source_changed, when, change))
          for when in ("upload", "create") for what, change in SOURCE_CHANGES.items()),
        *(Case(f"{what}-during-upload-{share}", partial(during, change, pieces[len(pieces) * share // 100]))
          for what, change in CHANGES.items() if what != "gone" for share in (10, 50, 90)),
    ]  # fmt: skip


# Two at a time


def meeting(point: Point, folder: Path) -> None:
    """While one is at work another is sent away, and the first one's job is the only one."""
    with journey(folder) as mine:
        seen: list[Ended] = []

        def second(_first: int) -> None:
            with ThreadPoolExecutor(
                1
            ) as other:  # in another thread: each has its own process that starts wizards
                seen.append(other.submit(mine.start, "run", "--yes", said="second").result())

        first = held(mine, point, second)
        assert [ended.code for ended in seen] == [BUSY], seen
        assert "at work" in seen[0].said, seen
        assert first.code == INTERRUPTED, first
        mine.never_twice()
        mine.whole()


def dead_holder(point: Point, folder: Path) -> None:
    """The lock is gone with its holder: the next one goes on at once."""
    with journey(folder) as mine:
        first = held(mine, point, lambda process: os.kill(process, signal.SIGKILL))
        assert first.code == -signal.SIGKILL, first
        assert mine.start().code == INTERRUPTED
        mine.never_twice()
        mine.whole()


WRITER = """
import sys
from pathlib import Path
from wizard.local import envfile
path, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
for number in range(count):
    value = f"canary-of-sandbox-{name.lower()}-{number}"
    envfile.save(path, name, value)
    assert envfile.read(path).values[name] == value, f"the update {number} of {name} is lost"
"""
_FOREIGN = (
    "",
    "# mine\nOTHER=1\n",
    "export OTHER='a b'  # kept\r\n",
    "\ufeffOTHER=1",
    "A=1\n" * 200,
    "OTHER=\n\n\n#\n",
)


def contest(number: int, folder: Path) -> None:
    """Three programs write three names many times each: every update is there when it was made, and the last ones remain."""
    path = folder / ".env"
    before = _FOREIGN[number % len(_FOREIGN)].encode()
    path.write_bytes(before)
    names = ("DASHSCOPE_API_KEY", "DASHSCOPE_REGION", "DASHSCOPE_WORKSPACE")[:WRITERS]
    writers = [_writer(path, name) for name in names]
    said = [writer.communicate(timeout=900)[1] for writer in writers]
    assert all(writer.returncode == 0 for writer in writers), said
    text = path.read_bytes()
    assert text.startswith(before.rstrip(b"\r\n")), "the other lines changed"
    for name in names:
        assert text.count(name.encode() + b"=") == 1
        assert f"{name}=canary-of-sandbox-{name.lower()}-{UPDATES - 1}".encode() in text, f"lost: {name}"
    assert sorted(entry.name for entry in folder.iterdir()) == [".env", ".env.lock"]


def dead_writer(folder: Path) -> None:
    """A writer of ``.env`` that was killed keeps nobody waiting, and leaves the file old or new."""
    path = folder / ".env"
    for _ in range(10):
        with _writer(path, "DASHSCOPE_REGION") as first:
            until = time.monotonic() + 300
            while not path.exists() and time.monotonic() < until:
                time.sleep(0.001)
            first.kill()
        with _writer(path, "DASHSCOPE_API_KEY") as second:
            assert second.communicate(timeout=900)[1] == b""
        assert path.read_bytes().count(b"\n") == 2
        path.unlink()


def _writer(path: Path, name: str) -> subprocess.Popen[bytes]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(path.parent), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", WRITER, str(path), name, str(UPDATES)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)


# Files that change on their way


def _append(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(rows(1, "another").encode())


def _overwrite(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.seek(-20, os.SEEK_END)
        stream.write(b"#")


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes().replace(b"0", b"1"))
    other.replace(path)


CHANGES: dict[str, Callable[[Path], None]] = {
    "longer": _append,
    "one-byte": _overwrite,
    "cut": _cut,
    "replaced": _replace,
    "gone": Path.unlink,
}
ANEW = "1"
"""The second of what is offered for a converted file that somebody changed: convert the data anew; the first trains on it."""
SOURCE_CHANGES = {"longer": _append, "gone-and-back": _replace}


def changed(when: str, change: Callable[[Path], None], folder: Path) -> None:
    """A converted file is another one before it is sent, or after: it is converted again, or refused with its name."""
    with journey(folder) as mine:
        approved = _up_to(mine, when)
        change(
            mine.folder
            / "datasets"
            / "BaiLian"
            / ("check.jsonl" if when == "second-upload" else "train.jsonl")
        )
        mine.go_on(decide=ANEW)
        assert mine.facts()["review.approval"] == approved


def source_changed(when: str, change: Callable[[Path], None], folder: Path) -> None:
    """The data itself is another one by now: that is another plan, so it is approved again, and only then sent."""
    with journey(folder) as mine:
        approved = _up_to(mine, when)
        change(mine.folder / "train.jsonl")
        ended = mine.start()
        assert "review.approval" in ended.asked, ended
        assert mine.facts()["review.approval"] != approved
        (job,) = mine.jobs()
        sources = [each["file_id"] for each in job["training_datasets"]]
        (sent,) = (file for file in mine.files() if file["file_id"] in sources)
        assert sent["size"] == (mine.folder / "datasets" / "BaiLian" / "train.jsonl").stat().st_size


def _up_to(mine: Journey, when: str) -> str:
    """Killed right before the first upload is looked for, before the second one, or before the job is; the approval."""
    looks = [point for point in crash.path() if point.call == "connect"]
    killed(mine, looks[{"upload": 2, "second-upload": 4, "create": 6}[when]])
    return str(mine.facts()["review.approval"])


def during(change: Callable[[Path], None], piece: Point, folder: Path) -> None:
    """The file changes while it leaves: it is given up before it is whole, nothing arrives, and that is said."""
    with journey(folder) as mine:
        _large(mine)
        ended = held(
            mine, piece, lambda _process: change(mine.folder / "datasets" / "BaiLian" / "train.jsonl")
        )
        arrived = {file["name"]: file["size"] for file in mine.files()}
        if "train.jsonl" in arrived:  # the change came behind the last piece that was read
            assert mine.done(), ended
        else:
            assert "train.jsonl" in ended.said.rpartition("Uploading train.jsonl")[2], ended.said[-800:]
        mine.go_on(decide=ANEW)


def _large(mine: Journey) -> None:
    token = f"{secrets.randbelow(10**8):08}"
    (mine.folder / "train.jsonl").write_text(rows(LARGE, f"train {token}"), "utf-8")


@cache
def _pieces() -> list[Point]:
    """The calls that send the large file."""

    def once() -> list[Point]:
        with TemporaryDirectory(prefix="sweep-") as name, journey(Path(name)) as undisturbed:
            _large(undisturbed)
            _ended, points = trace(undisturbed, calls=("sendto", "connect"))
            return [point for point in touching(undisturbed, points) if "messages" in point.about]

    return steady(once)
