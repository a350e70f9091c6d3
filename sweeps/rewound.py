"""What lies in the folder is not what happened: moved, copied, restored, deleted, damaged, or a stranger's; at each stage of a journey.

Never a second job, unless a person was shown "Approved before" and typed yes; never a job without an approval; what is on
the platform is found again; nothing is lost, nothing is written elsewhere, no start ends otherwise than documented.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from bailian_server import Answer, Request, Server, hang_up, raw, serving

from sweeps import ROOT
from sweeps.family import Case
from sweeps.http_faults import ANSWERS, SPEED, keyed
from sweeps.journey import ASKED, INTERRUPTED, Ended, Journey, journey
from sweeps.proxy import handed_on, is_to
from sweeps.unsteady import Unsteady
from wizard.contract.codes import CODES
from wizard.engine.plan import digest
from wizard.engine.session import CHECK, FILE, SHELF

QUICK = 3
MISSING = ""
DAMAGED, APPROVAL = 1, 3
NAMED = ("--set", "training.job_name=canary-job")
AGAIN = "Approved before"
LATE = {"": 0, "-late-by-two-looks": 2, "-later-than-anybody-looks": 1000}
MINE, OTHER = "user", "other-user"
PLACES = {"work", "moved", "copy", "home", "asked", MINE, OTHER}


@dataclass(frozen=True, slots=True)
class Stage:
    """How far it came: killed at the request to ``at``, which the platform heard of or not; ``older``: with the session before."""

    name: str
    at: str = ""
    heard: bool = False
    older: bool = False


STAGES = (
    Stage("converted"),
    Stage("planned"),
    Stage("approved", "list-files"),
    Stage("upload-prepared", "upload", older=True),
    Stage("upload-sent-lost", "upload"),
    Stage("upload-sent", "upload", heard=True),
    Stage("uploaded", "list-jobs"),
    Stage("job-prepared", "create-job", older=True),
    Stage("job-prepared-but-sent", "create-job", heard=True, older=True),
    Stage("job-sent-lost", "create-job"),
    Stage("job-sent", "create-job", heard=True),
    Stage("job-done"),
)
WITH_JOB = ("job-prepared-but-sent", "job-sent", "job-done")
JOB_TOLD = ("job-prepared", "job-sent-lost", *WITH_JOB)


@dataclass(slots=True)
class Way:
    """A journey over an unsteady way, and what a person agreed to on it."""

    mine: Journey
    steady: Unsteady
    server: Server
    approve: tuple[str, ...] = ()
    before: int = 0
    kept: list[bytes] = field(default_factory=list)
    agreed: set[str] = field(default_factory=set)

    def started(self, *words: str, attended: bool, user: str = MINE, decide: str = "leave") -> Ended:
        """One start, with what must hold after any."""
        session = self.mine.folder / ".wizard" / FILE
        here = session.read_bytes() if session.exists() else b""
        environment = self.environment(user)
        ended = self.mine.start(*(() if attended else words), environment=environment, decide=decide)
        said = ended.said
        assert "unexpected" not in said.lower(), said[-2000:]
        allowed = {INTERRUPTED, ASKED, DAMAGED} if attended else {0, APPROVAL, ASKED, DAMAGED}
        assert ended.code in allowed, f"{ended.code}\n{said[-2000:]}"
        assert ended.code != DAMAGED or "damaged" in said, said[-2000:]
        jobs = len(self.mine.jobs())
        if jobs > max(self.before, 0):
            assert jobs == self.before + 1, f"{jobs} jobs"
            if self.before:
                agreed = AGAIN in said and ("review.approval" in ended.asked or "--approve" in words)
                assert agreed or decide in ("again", "another"), f"job {jobs} without a yes\n{said[-3000:]}"
        self.before = jobs
        if jobs and ended.code not in (0, INTERRUPTED):
            told = said.rpartition("error: ")[2].lower()
            denied = [word for word in ("refused", "nothing was sent", "never sent") if word in told]
            assert not denied, f"told {denied}\n{said[-2000:]}"
        if "not yours as it stands" in said:
            self.kept.append(here)
        self.nothing_lost()
        return ended

    def nothing_lost(self) -> None:
        """What was foreign lies in the folder byte for byte, and nothing lies where nothing should."""
        root = self.mine.folder.parent
        found = {path.read_bytes() for path in root.glob(f"*/.wizard/{SHELF}/*.json")}
        found |= {path.read_bytes() for path in root.glob(f"*/.wizard/{FILE}")}
        lost = [data for data in self.kept if data not in found]
        assert not lost, f"lost: {lost[0][:300]!r}"
        elsewhere = {path.name for path in root.iterdir()} - PLACES - self.agreed
        assert not elsewhere, elsewhere

    def environment(self, user: str) -> dict[str, str]:
        """The key, and where this user's own state is."""
        return keyed(self.mine) | {"BAILIAN_WIZARD_STATE": str(self.mine.folder.parent / user)}

    def script(self, user: str = MINE) -> Ended:
        """The same unattended command as ever."""
        return self.started("run", "--yes", *ANSWERS, *NAMED, *self.approve, attended=False, user=user)

    def found_again(self, ended: Ended, *, user: str = MINE, attended: bool) -> None:
        """The one job that is there is the session's; a person, to whose session it has another name, has to say so."""
        (job,) = self.mine.jobs()
        if attended and ended.code == ASKED:
            assert job["job_id"] in ended.said, ended.said[-2500:]
            ended = self.started(attended=True, user=user, decide=job["job_id"])
        assert ended.code in (0, INTERRUPTED), f"{ended.code}\n{ended.said[-2500:]}"
        assert job["job_id"] == self.mine.facts()["job.id"]

    def planned(self, user: str = MINE) -> Ended:
        """``plan`` with the same answers; its digest is what is approved from now on."""
        ended = self.mine.start("plan", "--yes", *ANSWERS, *NAMED, environment=self.environment(user))
        assert ended.code == 0, ended
        self.approve = ("--approve", ended.said.rpartition("digest: ")[2].split()[0])
        return ended

    def come_to(self, stage: Stage) -> None:
        """The journey as far as ``stage``, and no further: its process is killed there."""
        if stage.name == "converted":
            bare = self.environment(MINE)
            del bare["DASHSCOPE_API_KEY"]
            self.mine.start("run", "--yes", *ANSWERS, *NAMED, environment=bare)
            assert "preview.files" in self.mine.facts()
            return
        self.planned()
        words = ("run", "--yes", *ANSWERS, *NAMED, *self.approve)
        if stage.at:
            process: list[int] = []
            steady = self.server.route
            assert steady is not None

            def route(request: Request) -> Answer:
                if not is_to(request, stage.at):
                    return steady(request)
                if stage.heard:
                    steady(request)
                os.kill(process[0], signal.SIGKILL)
                return hang_up

            self.server.route = route
            ended = self.mine.start(*words, environment=self.environment(MINE), meanwhile=process.append)
            assert ended.code == -signal.SIGKILL, ended
            self.server.route = steady
            if stage.older:
                session = self.mine.folder / ".wizard" / FILE
                session.write_bytes(session.with_name(f"{FILE}.bak").read_bytes())
        elif stage.name == "job-done":
            ended = self.mine.start(*words, environment=self.environment(MINE))
            assert ended.code == 0, ended
        self.before = len(self.mine.jobs())


@contextmanager
def wayward(folder: Path, *, late: int = 0) -> Iterator[Way]:
    """A journey whose job will be in no list before it was looked for ``late`` times."""
    with journey(folder, speed=SPEED) as mine, serving() as server:
        way = Way(mine, Unsteady(mine.url), server)

        def route(request: Request) -> Answer:
            if is_to(request, "create-job"):
                way.steady.lag(late)
            return way.steady.route(request)

        server.route = route
        mine.way = server.url.removesuffix("/api/v1")
        yield way


# Where the folder goes

Places = Sequence[tuple[str, str]]
"""In which folder it is gone on, and as which user, one after another."""


def _moved(root: Path) -> None:
    (root / "work").rename(root / "moved")


def _copied(root: Path) -> None:
    shutil.copytree(root / "work", root / "copy", symlinks=True)


def _fresh(root: Path) -> None:
    (root / "copy").mkdir()
    for name in ("train.jsonl", "check.jsonl"):
        shutil.copy2(root / "work" / name, root / "copy")


def _only_state(root: Path) -> None:
    _fresh(root)
    shutil.copytree(root / "work" / ".wizard", root / "copy" / ".wizard")


def _deleted(root: Path) -> None:
    shutil.rmtree(root / "work" / ".wizard")


def _without_ledger(root: Path) -> None:
    (root / "work" / ".wizard" / "ledger.jsonl").unlink(missing_ok=True)


def _without_marks(root: Path) -> None:
    (root / MINE / "spent.jsonl").unlink(missing_ok=True)


def _nothing(_root: Path) -> None:
    """All stays where it is."""


MOVES: Mapping[str, tuple[Callable[[Path], None], Places]] = {
    "moved": (_moved, [("moved", MINE)]),
    "moved-home-lost": (_moved, [("moved", OTHER)]),
    "copied-copy-first": (_copied, [("copy", MINE), ("work", MINE)]),
    "copied-copy-last": (_copied, [("work", MINE), ("copy", MINE)]),
    "copied-by-another": (_copied, [("copy", OTHER), ("work", MINE)]),
    "state-copied": (_only_state, [("copy", MINE), ("work", MINE)]),
    "another-user-and-back": (_nothing, [("work", OTHER), ("work", MINE)]),
    "deleted": (_deleted, [("work", MINE)]),
    "deleted-home-lost": (_deleted, [("work", OTHER)]),
    "fresh-checkout": (_fresh, [("copy", MINE), ("work", MINE)]),
    "fresh-checkout-home-lost": (_fresh, [("copy", OTHER)]),
    "ledger-deleted": (_without_ledger, [("work", MINE)]),
    "marks-deleted": (_without_marks, [("work", MINE)]),
}
FINDS = {"moved", "moved-home-lost", "another-user-and-back", "ledger-deleted", "marks-deleted"}
"""What is on the platform is found again by the very same command, in each of these."""

RESTORED = {"with-ledger": MINE, "without-ledger": MINE, "marks-too": MINE, "home-lost": OTHER}
"""What is wound back to the older state: the folder's state, all but its ledger, the user's marks too; or nobody knows the user."""


def moved(move: str, stage: Stage, late: int, folder: Path, *, attended: bool) -> None:
    """The folder is elsewhere, or another's, at ``stage``."""
    change, places = MOVES[move]
    with wayward(folder, late=late) as way:
        way.come_to(stage)
        change(folder)
        for name, user in places:
            way.mine.folder = folder / name
            ended = _go_on(way, user, attended=attended)
        way.steady.settle()
        ended = _go_on(way, user, attended=attended)
        if stage.name in WITH_JOB and move in FINDS:
            way.found_again(ended, user=user, attended=attended)


def restored(what: str, stage: Stage, late: int, folder: Path, *, attended: bool) -> None:
    """All was done; then an older state of the folder takes its place."""
    state, marks = folder / "work" / ".wizard", folder / MINE / "spent.jsonl"
    with wayward(folder, late=late) as way:
        way.come_to(stage)
        shutil.copytree(state, folder / "copy")
        older = marks.read_bytes() if marks.exists() else None
        for _ in range(3):
            ended = (
                way.started("run", "--yes", *way.approve, attended=False) if way.approve else way.planned()
            )
            if ended.code == ASKED:
                ended = way.started(attended=True, decide="again")
            if way.mine.done():
                break
        made = way.mine.facts()["job.id"]
        ledger = (state / "ledger.jsonl").read_bytes()
        shutil.rmtree(state)
        (folder / "copy").rename(state)
        if what == "without-ledger":
            (state / "ledger.jsonl").write_bytes(ledger)
        if what == "marks-too":
            marks.unlink() if older is None else marks.write_bytes(older)
        ended = _go_on(way, RESTORED[what], attended=attended)
        way.steady.settle()
        ended = _go_on(way, RESTORED[what], attended=attended)
        told = stage.name in JOB_TOLD if what == "home-lost" else stage.at or stage.name == "job-done"
        if len(way.mine.jobs()) == 1 and told and what != "marks-too":
            way.found_again(ended, user=RESTORED[what], attended=attended)
            assert way.mine.facts()["job.id"] == made


def _go_on(way: Way, user: str, *, attended: bool) -> Ended:
    """Start until it is done, or the same question stands twice."""
    codes: list[int] = []
    while True:
        if not attended and not way.approve:
            way.planned(user)
        ended = way.started(attended=True, user=user) if attended else way.script(user)
        if ended.code in (0, INTERRUPTED) or ended.code in codes:
            return ended
        codes.append(ended.code)


# The session is damaged


def _json(change: Callable[[dict[str, Any]], Any]) -> Callable[[bytes], bytes]:
    return lambda data: json.dumps(change(json.loads(data)), indent=1).encode()


def _flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1 :]


def _unsealed(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "seal"}


SPOILT: Mapping[str, Callable[[bytes], bytes]] = {
    "empty": lambda _data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "cut-end": lambda data: data[:-1],
    "bit": _flip,
    "zeros": lambda data: bytes(len(data)),
    "no-json": lambda _data: b"<html>canary</html>",
    "a-list": lambda _data: b"[]",
    "null": lambda _data: b"null",
    "other-json": lambda _data: b'{"schema": 2}',
    "wrong-check": _json(lambda document: document | {CHECK: "0" * 32}),
    "seal-removed": _json(_unsealed),
    "wrong-seal": _json(lambda document: document | {"seal": "0" * 64}),
    "twice": lambda data: data + data,
    "deep": lambda _data: b"[" * 100_000,
    "huge-number": _json(lambda document: document | {"effects": [{"at": 10**400}]}),
}
BESIDES: Mapping[str, Callable[[Path, Path], object]] = {
    "-bak-too": lambda state, _user: (state / f"{FILE}.bak").write_bytes(b"{"),
    "-bak-gone": lambda state, _user: (state / f"{FILE}.bak").unlink(missing_ok=True),
    "-ledger-gone": lambda state, _user: (state / "ledger.jsonl").unlink(missing_ok=True),
    "-ledger-half": lambda state, _user: _halved(state / "ledger.jsonl"),
    "-marks-gone": lambda _state, user: (user / "spent.jsonl").unlink(missing_ok=True),
    "-marks-half": lambda _state, user: _halved(user / "spent.jsonl"),
}


def _halved(path: Path) -> None:
    if path.exists():
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def damaged(spoilt: str, besides: str, stage: Stage, late: int, folder: Path, *, attended: bool) -> None:
    """The session file can't be read, or is not what was sealed; so may be what lies beside it."""
    state = folder / "work" / ".wizard"
    with wayward(folder, late=late) as way:
        way.come_to(stage)
        path = state / FILE
        data = SPOILT[spoilt](path.read_bytes())
        path.write_bytes(data)
        if besides:
            BESIDES[besides](state, folder / MINE)
        ended = _go_on(way, MINE, attended=attended)
        kept = [path.read_bytes() for path in (*state.glob("session.damaged-*"), *state.glob(f"{SHELF}/*"))]
        assert data in kept, f"lost\n{ended.said[-1000:]}"
        way.steady.settle()
        ended = _go_on(way, MINE, attended=attended)
        if stage.name in WITH_JOB and spoilt == "cut" and besides == "":
            way.found_again(ended, attended=attended)


# A stranger's session


def _effect(key: str, kind: str = "job", **more: Any) -> dict[str, Any]:
    receipt = {"id": "ft-canary", "data": {}, "adopted": False}
    base = {"key": key, "kind": kind, "state": "done", "at": 1e9, "known": [], "receipt": receipt, "account": "", "hearsay": False, "claimed": ""}  # fmt: skip
    return base | more


def _fact(value: Any, source: str = "asked", basis: str | None = None) -> dict[str, Any]:
    return {"value": value, "source": source, "basis": digest({}) if basis is None else basis}


def _invented(document: dict[str, Any], facts: Mapping[str, Any] = {}, *effects: Mapping[str, Any]) -> Any:
    made = {
        key: value if isinstance(value, dict) and "basis" in value else _fact(value)
        for key, value in facts.items()
    }
    return document | {"facts": document["facts"] | made, "effects": [*document["effects"], *effects]}


def _approval(document: dict[str, Any]) -> str:
    return str(document["facts"].get("review.approval", {}).get("value", "canary"))


STRANGERS: Mapping[str, Callable[[dict[str, Any], Way], Any]] = {
    "job-of-another-key": lambda told, _way: _invented(told, {}, _effect("job:canary")),
    "job-of-nothing": lambda told, _way: _invented(told, {}, _effect("job:None"), _effect("")),
    "job-sent-of-nothing": lambda told, _way: _invented(told, {}, _effect("job:None", state="sent", receipt=None)),
    "job-of-the-plan": lambda told, way: _invented(told, {"review.approval": way.approve[1]}, _effect(f"job:{way.approve[1]}")),
    "job-of-the-plan-sent": lambda told, way: _invented(
        told, {"review.approval": way.approve[1]}, _effect(f"job:{way.approve[1]}", state="sent", receipt=None)
    ),
    "approval": lambda told, way: _invented(told, {"review.approval": way.approve[1]}),
    "files-of-the-account": lambda told, way: _invented(
        told,
        {
            "upload.files": _fact([{"role": "train", "name": "train.jsonl", "file_id": _file(way), "adopted": False}], "done"),
            "training.model": "qwen3-32b",
            "review.approval": way.approve[1],
        },
        _effect(f"job:{way.approve[1]}", state="prepared", receipt=None),
    ),
    "odd-files": lambda told, _way: _invented(told, {"upload.files": _fact("canary", "done"), "preview.files": _fact(7, "done")}),
    "output-elsewhere": lambda told, _way: _invented(told, {"preview.output": "../canary-out", "dataset.source": "../../etc/passwd"}),
    "answers-of-no-kind": lambda told, _way: _invented(
        told,
        {
            "training.budget": 10**400,
            "training.n_epochs": [1],
            "training.model": {"a": 1},
            "training.type": None,
            "key.region": 7,
            "dataset.validation": ["file"],
            "training.job_name": "\x1b[2J",
        },
    ),
    "not-a-number": lambda told, _way: _invented(told, {}, _effect("job:canary", at=float("nan"))),
    "odd-effects": lambda told, _way: _invented(told, {}, _effect("job:canary", account=["a"], claimed={"b": 1}, known=[[1]])),
    "known-hides-ours": lambda told, way: _invented(
        told,
        {"review.approval": way.approve[1]},
        _effect(f"job:{way.approve[1]}", state="sent", receipt=None, known=[job["job_id"] for job in way.mine.jobs()]),
    ),
    "other-id": lambda told, _way: told | {"id": "deadbeef"},
    "of-another-schema": lambda told, _way: {key: value for key, value in told.items() if key != "offered"} | {"schema": 1},
}  # fmt: skip


def _file(way: Way) -> str:
    return next((file["file_id"] for file in way.mine.files()), "file-canary")


def stranger(invention: str, stage: Stage, seal: str, folder: Path, *, decide: str | None) -> None:
    """Somebody else wrote the session, with a right check and no right seal: no job without a yes that was given here."""
    with wayward(folder) as way:
        way.come_to(stage)
        path = folder / "work" / ".wizard" / FILE
        told = {
            key: value for key, value in json.loads(path.read_bytes()).items() if key not in (CHECK, "seal")
        }
        told = STRANGERS[invention](told, way)
        told[CHECK] = digest(told)
        body = json.dumps(told, ensure_ascii=False, indent=1).removesuffix("\n}")
        path.write_bytes((body + (f',\n "seal": "{seal}"' if seal else "") + "\n}").encode())
        before = way.before
        if decide is None:
            ended = way.started("run", "--yes", *ANSWERS, *NAMED, attended=False)
            assert ended.code in (APPROVAL, ASKED, DAMAGED), ended
            assert len(way.mine.jobs()) == before, "a job without an approval"
            ended = way.started("run", "--yes", attended=False)
            assert ended.code in (0, APPROVAL, ASKED), ended
            assert len(way.mine.jobs()) == before, "a job without an approval"
            ended = _go_on(way, MINE, attended=False)
        else:
            if decide == "trust":  # after it was shown
                way.agreed.add("canary-out")
            ended = way.started(attended=True, decide=decide)
            assert invention != "output-elsewhere" or "../canary-out" in ended.said, ended.said
            again = way.started(attended=True, decide="again")
            if len(way.mine.jobs()) > before:
                assert "review.approval" in (*ended.asked, *again.asked), (ended, again)
        if stage.name == "job-done":
            assert len(way.mine.jobs()) == 1


# The same again


def repeated(ways: Sequence[str], folder: Path) -> None:
    """A script that says ``run --new --yes --approve D`` again and again, or in fresh checkouts, makes one job, whatever it is told."""
    with wayward(folder) as way:
        way.planned()
        for number, how in enumerate(ways):
            if how == "checkout" and number:
                way.mine.folder = folder / ("copy", "moved")[number - 1]
                way.mine.folder.mkdir()
                for name in ("train.jsonl", "check.jsonl"):
                    shutil.copy2(folder / "work" / name, way.mine.folder)
            user = OTHER if how == "home-lost" else MINE
            words = ("run", "--new", "--yes", *ANSWERS, *NAMED, *way.approve)
            ended = way.started(*words, attended=False, user=user)
            # Without the user's state the session is hearsay: the job that it names is adopted, since it equals the plan, or asked about.
            allowed = (0,) if not number else (APPROVAL,) if user == MINE else (0, APPROVAL, ASKED)
            assert ended.code in allowed, (number, ended)
        assert len(way.mine.jobs()) == 1


def priced(how: str, folder: Path) -> None:
    """The table of prices is another one than when it was approved: exit 3, and nothing is sent."""
    with wayward(folder) as way:
        way.planned()
        if how == "approved":
            way.come_to(STAGES[2])
        package = folder / "home" / "package"
        shutil.copytree(ROOT / "wizard", package / "wizard", ignore=shutil.ignore_patterns("__pycache__"))
        table = package / "wizard" / "bailian" / "models.toml"
        said = table.read_text("utf-8")
        changed = said.replace(
            *(('date = "autumn', 'date = "winter') if how == "dated" else ('"0.006"', '"0.007"'))
        )
        assert changed != said
        table.write_text(changed, "utf-8")
        words = [sys.executable, "-P", "-m", "wizard", "run", "--yes", *way.approve]
        environment = way.environment(MINE) | {"PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1"}
        ended = subprocess.run(words, cwd=way.mine.folder, env=environment, capture_output=True, text=True, timeout=200, check=False)  # fmt: skip
        assert ended.returncode == APPROVAL, ended
        assert not way.mine.jobs()
        assert not way.mine.files()
        assert way.approve[1] not in ended.stderr.rpartition("--approve")[2], ended.stderr


def another_time(status: str, how: str, folder: Path) -> None:
    """After a job came to its end, the same plan says so in a line of its own, has another digest, and is a second job then."""
    with wayward(folder) as way:
        way.planned()
        first = way.approve
        if status == "FAILED":
            _failing(way)
        words = ("run", "--yes", "--watch")
        ended = way.mine.start(*words, *way.approve, environment=way.environment(MINE))
        assert ended.code == (CODES["job-failed"].exit if status == "FAILED" else 0), ended
        way.before = 1
        first = way.approve
        if how == "new":
            ended = way.started("run", "--new", "--yes", *ANSWERS, *NAMED, *first, attended=False)
            assert ended.code == APPROVAL, ended
        else:
            way.mine.folder = folder / "copy"
            _fresh(folder)
        planned = way.planned()
        assert AGAIN in planned.said, planned
        assert status in planned.said, planned
        assert way.approve != first
        ended = way.started("run", "--yes", *way.approve, attended=False)
        assert ended.code in (0, ASKED), ended
        # A platform that says nothing of it being another one is asked about, never guessed.
        assert len(way.mine.jobs()) == (2 if ended.code == 0 else 1)
        assert ended.code == 0, ended


def _failing(way: Way) -> None:
    """The platform says that the job came to nothing."""
    steady = way.server.route
    assert steady is not None

    def route(request: Request) -> Answer:
        if not is_to(request, "get-job"):
            return steady(request)
        return raw(handed_on(way.mine.url, request).replace(b'"SUCCEEDED"', b'"FAILED"   '))

    way.server.route = route


def cases(seed: int) -> Sequence[Case]:  # noqa: ARG001 - nothing is drawn: these are all
    """Moves and restorations, damages, strangers, repetitions, prices."""
    return [
        *(case for stage in STAGES for case in _elsewhere(stage)),
        *(case for stage in STAGES[7:] for case in _damages(stage)),
        *(case for invention in STRANGERS for case in _strangers(invention)),
        *(
            Case("-".join(("again", *ways)), partial(repeated, ways))
            for ways in (("new",) * 3, ("checkout",) * 3, ("new", "home-lost", "home-lost"))
        ),
        *(Case(f"price-{how}", partial(priced, how)) for how in ("planned", "approved", "dated")),
        *(
            Case(f"after-{status}-{how}", partial(another_time, status, how))
            for status in ("SUCCEEDED", "FAILED")
            for how in ("new", "elsewhere")
        ),
    ]


PEOPLE = {"script": False, "person": True}
UNKNOWABLE = ("deleted-home-lost", "fresh-checkout-home-lost", "marks-too", "home-lost")
"""Where nothing that the user has knows of a job, only the list can: while that is late, nobody can know."""


def _lates(stage: Stage) -> Mapping[str, int]:
    return LATE if stage.name in WITH_JOB else {"": 0}


def _elsewhere(stage: Stage) -> Iterator[Case]:
    for when, late in _lates(stage).items():
        for who, attended in PEOPLE.items():
            for do, names in ((moved, MOVES), (restored, RESTORED)):
                for name in names:
                    if not (late and name in UNKNOWABLE):
                        how = partial(do, name, stage, late, attended=attended)
                        yield Case(f"{do.__name__}-{name}-{stage.name}{when}-{who}", how)


def _damages(stage: Stage) -> Iterator[Case]:
    for when, late in _lates(stage).items():
        for number, spoilt in enumerate(SPOILT):
            who = "person" if number % 3 == 2 else "script"
            how = partial(damaged, spoilt, "", stage, late, attended=PEOPLE[who])
            yield Case(f"{spoilt}-{stage.name}{when}-{who}", how)
        for besides in BESIDES:
            for who, attended in PEOPLE.items():
                how = partial(damaged, "cut", besides, stage, late, attended=attended)
                yield Case(f"cut-and{besides}-{stage.name}{when}-{who}", how)


def _strangers(invention: str) -> Iterator[Case]:
    for stage in (STAGES[1], STAGES[6], STAGES[-1]):
        for sealed, seal in {"unsealed": "", "wrongly-sealed": "5" * 64}.items():
            for decide in (None, "offered", *(() if seal else ("trust",))):
                how = partial(stranger, invention, stage, seal, decide=decide)
                yield Case(f"stranger-{invention}-{stage.name}-{sealed}-{decide or 'script'}", how)
