"""The creation's answer is lost, and what the platform then shows is late, somebody else's, both, another account's, or nothing at all.

Taken is only what equals the plan, or has the job's name and nothing that says otherwise, in whichever shape it is told;
else it stays open (exit 4), with what was found in the message, and a later start takes ours when it appears. One request.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from bailian_server import Answer, Request, hang_up, http, reset, serving
from test_bailian_faults import HTML, error

from sweeps.family import Case
from sweeps.http_faults import DENIALS, SPEED, keyed, plan
from sweeps.journey import ASKED, INTERRUPTED, Ended, Journey, journey
from sweeps.proxy import handed_on, is_to
from sweeps.unsteady import Unsteady

QUICK = 3
MISSING = ""
OTHERS, NAMELESS = "ft-canary-other", "nameless"
OTHER_KEY = "sk-canary-sandbox-another-0123456789"
Entry = dict[str, Any]


def _text(settings: Entry) -> Entry:
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in settings.items()}


SETTINGS: Mapping[str, Callable[[Entry], Any]] = {
    "numbers": lambda sent: sent,
    "text": _text,
    "added": lambda sent: {"canary": None, "lora_alpha": 32, "eval_steps": 50, **sent, "warmup_ratio": 0.05},
    "added-text": lambda sent: _text({"eval_steps": 50, **sent, "freeze_vit": True}),
    "missing": lambda _sent: {},
    "null": lambda _sent: None,
}
"""How the settings that were sent are told."""


def _datasets(entry: Entry) -> Entry:
    return entry


def _file_ids(entry: Entry) -> Entry:
    files = {
        f"{kind}_file_ids": [each["file_id"] for each in entry[f"{kind}_datasets"]]
        for kind in ("training", "validation")
    }
    without = {name: value for name, value in entry.items() if not name.endswith("_datasets")}
    return without | files


FILES: Mapping[str, Callable[[Entry], Entry]] = {"datasets": _datasets, "file-ids": _file_ids}


def _changed(**changes: Any) -> Callable[[Entry], Entry]:
    return lambda entry: entry | {"job_name": "somebody-elses"} | changes


def _setting(entry: Entry) -> Entry:
    return _changed()(entry) | {"hyper_parameters": entry["hyper_parameters"] | {"n_epochs": 7}}


OTHER: Mapping[str, Callable[[Entry], Entry]] = {
    "other-model": _changed(model="qwen3-32b", base_model="qwen3-32b"),
    "other-setting": _setting,
    "other-type": _changed(training_type="sft"),
    "other-name": _changed(),
    "canceled": _changed(status="CANCELED"),
    "failed": _changed(status="FAILED"),
    "canceled-nameless": lambda entry: entry | {"job_name": "", "status": "CANCELED"},
    "failed-nameless": lambda entry: entry | {"job_name": OTHERS, "status": "FAILED"},
    "other-setting-nameless": lambda entry: _setting(entry) | {"job_name": ""},
    "our-name-other-model": lambda entry: entry | {"model": "qwen3-32b", "base_model": "qwen3-32b"},
    "our-name-other-type": lambda entry: entry | {"training_type": "sft"},
    "our-name-other-files": lambda entry: entry | {"training_datasets": [{"data_source_type": "file_id", "file_id": "file-canary"}]},
    "other-validation": lambda entry: entry | {"validation_datasets": []},
}  # fmt: skip
"""Somebody else's job, made from ours."""

FAILING: Mapping[str, Answer] = {
    "reset": reset,
    "hang-up": hang_up,
    "500": http(500, error("InternalError")),
    "429": http(429, error("Throttling")),
    "401": http(401, error("InvalidApiKey")),
    "403": http(403, error("AccessDenied")),
    "404": http(404, error("NotFound")),
    "html": http(200, HTML),
    "empty": http(200),
    "no-list": http(200, {"output": {}}),
    "200-error": http(200, {"code": "SystemError", "message": "canary"}),
}
"""How the list of jobs can't be had once the job was sent."""


@dataclass(slots=True)
class Liar:
    """The platform behind ``mine``, whose answer to the creation is lost.

    ``shown``: what of the jobs is listed, from the real entry; ``newest``: the last one only; ``failing``: what is answered in its place; ``blind``: keys
    for which there is no job.
    """

    mine: Journey
    tell: Callable[[Entry], Entry]
    steady: Unsteady
    shown: Callable[[Entry], Sequence[Entry]] = lambda ours: [ours]
    failing: Answer | None = None
    blind: set[str] = field(default_factory=set)
    newest: bool = False
    sent: list[Request] = field(default_factory=list)

    def route(self, request: Request) -> Answer:
        """What is answered."""
        if is_to(request, "create-job"):
            self.sent.append(request)
            handed_on(self.mine.url, request)
            return reset
        if not is_to(request, "list-jobs"):
            return self.steady.route(request)
        if self.failing is not None and self.sent:
            return self.failing
        document = json.loads(handed_on(self.mine.url, request).partition(b"\r\n\r\n")[2])
        ours = [entry for entry in document["output"]["jobs"] if entry["job_id"] not in self.mine.others]
        jobs = [
            self.tell(job)
            for entry in ours[: 1 if self.newest else None]
            for job in self.shown(self._settings(entry))
        ]
        if request.headers.get("authorization", "").removeprefix("Bearer ") in self.blind:
            jobs = []
        return http(200, {**document, "output": {**document["output"], "jobs": jobs, "total": len(jobs)}})

    def _settings(self, entry: Entry) -> Entry:
        """With what was sent, and nothing that the sandbox added."""
        sent = self.sent[-1].json()["hyper_parameters"]
        return deepcopy(entry) | {"hyper_parameters": sent}

    def started(
        self, *words: str, requests: int = 1, attended: bool = False, decide: str = "leave", key: str = ""
    ) -> Ended:
        """One start; one request for a job at most, and no word that denies it while it is open."""
        environment = keyed(self.mine) | ({"DASHSCOPE_API_KEY": key} if key else {})
        ended = self.mine.start(
            *(() if attended else ("run", "--yes", *words)), environment=environment, decide=decide
        )
        assert len(self.sent) == requests, f"{len(self.sent)} requests"
        assert len(self.mine.jobs()) == requests
        assert "unexpected" not in ended.said.lower(), ended.said[-2000:]
        if ended.code == ASKED:
            told = ended.said.rpartition("error: ")[2].lower()
            denials = [denial for denial in DENIALS if denial in told]
            assert not denials, f"told {denials}: {told}"
        return ended

    def open(self, ended: Ended, *told: str, code: int = ASKED) -> None:
        """It is open, said so with ``told``, and the session knows it."""
        assert ended.code == code, f"{ended.code}\n{ended.said[-2500:]}"
        assert "job.id" not in self.mine.facts()
        missing = [text for text in told if text not in ended.said]
        assert not missing, f"not told: {missing}\n{ended.said[-2500:]}"
        (effect,) = [effect for effect in self.mine.session()["effects"] if effect["kind"] == "job"]
        assert effect["state"] == "sent", effect

    def taken(self, ended: Ended) -> None:
        """Our job is the session's."""
        assert ended.code in (0, INTERRUPTED), f"{ended.code}\n{ended.said[-2500:]}"
        assert self.mine.facts()["job.id"] == self.mine.jobs()[0]["job_id"]


@contextmanager
def lying(folder: Path, settings: str, files: str, names: str) -> Iterator[tuple[Liar, tuple[str, ...]]]:
    """A journey to such a platform, and the words that approve its plan."""
    with journey(folder, speed=SPEED) as mine, serving() as server:

        def tell(entry: Entry) -> Entry:
            told = entry | {"hyper_parameters": SETTINGS[settings](entry["hyper_parameters"])}
            if names == NAMELESS:
                told |= {"job_name": entry["job_id"]}
            return FILES[files](told)

        liar = Liar(mine, tell, Unsteady(mine.url))
        server.route = liar.route
        mine.way = server.url.removesuffix("/api/v1")
        yield liar, plan(mine)


def late(settings: str, files: str, names: str, folder: Path, *, attended: bool) -> None:
    """Nothing is listed, then ours: taken, unless neither its name nor every setting is told; then asked, with its id."""
    with lying(folder, settings, files, names) as (liar, approve):
        liar.shown = lambda _ours: []
        liar.open(liar.started(*approve))
        liar.open(liar.started(attended=attended))
        liar.shown = lambda ours: [ours]
        ended = liar.started(attended=attended)
        if names == NAMELESS and settings in ("missing", "null"):
            ours = liar.mine.jobs()[0]["job_id"]
            liar.open(ended, ours)
            ended = liar.started(attended=True, decide=ours)
        liar.taken(ended)


def elses(other: str, settings: str, files: str, folder: Path, *, attended: bool) -> None:
    """Somebody else's job on the same files appears, and ours only later."""
    with lying(folder, settings, files, "named") as (liar, approve):

        def theirs(ours: Entry) -> Entry:
            return OTHER[other](ours) | {"job_id": OTHERS}

        liar.shown = lambda ours: [theirs(ours)]
        liar.open(liar.started(*approve), OTHERS, "the job train-")
        liar.open(liar.started(attended=attended), OTHERS)
        liar.shown = lambda ours: [theirs(ours), ours]
        liar.taken(liar.started(attended=attended))


def both(other: str, settings: str, folder: Path) -> None:
    """Somebody else's and ours appear together: ours is taken at once."""
    with lying(folder, settings, "datasets", "named") as (liar, approve):
        liar.shown = lambda ours: [OTHER[other](ours) | {"job_id": OTHERS}, ours]
        liar.taken(liar.started(*approve))


def failing(how: str, folder: Path, *, attended: bool) -> None:
    """The list can't be had: that says nothing; once it can, ours is taken."""
    with lying(folder, "text", "datasets", "named") as (liar, approve):
        liar.failing = FAILING[how]
        liar.open(liar.started(*approve))
        # A person is offered to try again, or to leave.
        liar.open(liar.started(attended=attended), code=INTERRUPTED if attended else ASKED)
        liar.failing = None
        liar.taken(liar.started(attended=attended))


def elsewhere(what: str, folder: Path, *, attended: bool) -> None:
    """Then with another key, or to another address, where nothing is to be seen: that is said, with what was used before."""
    with lying(folder, "text", "datasets", "named") as (liar, approve), serving() as other:
        liar.shown = lambda _ours: []
        liar.open(liar.started(*approve))
        liar.shown = lambda ours: [ours]
        liar.blind.add(OTHER_KEY)
        before = liar.mine.way
        if what == "address":
            other.route = lambda request: (
                http(200, {"output": {"jobs": [], "total": 0}})
                if is_to(request, "list-jobs")
                else liar.route(request)
            )
            liar.mine.way = other.url.removesuffix("/api/v1")
        key = OTHER_KEY if what == "key" else ""
        for _ in range(2):
            ended = liar.started(attended=attended, key=key)
            liar.open(ended, "another account", before if what == "address" else "cdef")
        liar.mine.way = before
        liar.taken(liar.started(attended=attended))


def again(others: int, folder: Path) -> None:
    """Ours never appears: once a person says so it is sent again, whatever else is there; then that one is looked for."""
    with lying(folder, "text", "datasets", "named") as (liar, approve):

        def shown(ours: Entry) -> Sequence[Entry]:
            theirs = [
                OTHER["other-model"](ours) | {"job_id": f"{OTHERS}-{number}"} for number in range(others)
            ]
            return [*theirs, *([ours] if len(liar.sent) > 1 else [])]

        liar.shown, liar.newest = shown, True
        liar.open(liar.started(*approve))
        liar.taken(liar.started(requests=2, attended=True, decide="another" if others else "again"))


def cases(seed: int) -> Sequence[Case]:  # noqa: ARG001 - nothing is drawn: these are all
    """Late; somebody else's; both; no list; another account."""
    people = {"script": False, "person": True}
    found = [
        Case(
            f"late-{settings}-{files}-{names}-{who}", partial(late, settings, files, names, attended=attended)
        )
        for settings in SETTINGS
        for files in FILES
        for names in ("named", NAMELESS)
        for who, attended in people.items()
    ]
    found += [
        Case(f"{other}-{settings}-{files}-{who}", partial(elses, other, settings, files, attended=attended))
        for other in OTHER
        for settings in SETTINGS
        for files, (who, attended) in zip(FILES, people.items(), strict=True)
    ]
    found += [
        Case(f"{other}-and-ours-{settings}", partial(both, other, settings))
        for other in OTHER
        for settings in SETTINGS
    ]
    found += [
        Case(f"list-{how}-{who}", partial(failing, how, attended=attended))
        for how in FAILING
        for who, attended in people.items()
    ]
    found += [Case(f"again-beside-{others}", partial(again, others)) for others in range(3)]
    found += [
        Case(f"another-{what}-{who}", partial(elsewhere, what, attended=attended))
        for what in ("key", "address")
        for who, attended in people.items()
    ]
    return found
