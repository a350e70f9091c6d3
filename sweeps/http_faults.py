"""Every endpoint of the paid path fails in every way, while the whole ``run`` is under way; then all is well again.

An upload that is cut before its last byte is sent again by itself, up to five times in all; what is watched is watched on.

A run ends in one of: done, refused with advice (exit 5), nothing sent (1), unknown, looked for and asked (4). It says what
happened and what to do, never a traceback, never the key; a creation is sent at most once; a platform that never answers
does not hold it for ever. No answer that lies about a job that was made, whatever it says and however late the list has it, makes
a second one, or is told as a no. Then the next start ends with one job: by itself where the platform did it or never heard of it,
after a person's "send it again" where nobody can know. The faults are those that the client's own tests name.
"""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bailian_server import Answer, Request, cut_at, hang, hang_up, http, reset, serving
from test_bailian_faults import DONE, FAULTS, HASTY, HTML, Fault, error

from sweeps.family import Case
from sweeps.journey import ASKED, Journey, journey, rows
from sweeps.proxy import CREATIONS, ENDPOINTS, Network, after, between, cut, instead
from sweeps.surroundings import SURROUNDINGS, Surrounding
from sweeps.unsteady import Unsteady
from sweeps.walker import KEY
from wizard.errors import NeverSent, OutcomeUnknown, Refused

QUICK = 12
MISSING = ""
SPEED = 1000.0  # the sandbox trains in no time: the run watches its job to the end
SHORT = 1.5  # seconds for a request that is never answered
WATCHED = ("get-job", "get-logs")
CODES = {NeverSent: 1, Refused: 5, OutcomeUnknown: ASKED}
FAILED_UPLOAD = {
    "data": {
        "uploaded_files": [],
        "failed_uploads": [{"name": "train.jsonl", "code": "InvalidParameter", "message": "line 3"}],
    }
}
AFTERWARDS: dict[str, tuple[Callable[[str, Request], Answer], float | None]] = {
    "done-but-500": (after(http(500, error("InternalError"))), None),
    "done-but-502-html": (after(http(502, HTML)), None),
    "done-but-504": (after(http(504, error("GatewayTimeout"))), None),
    "done-but-409": (after(http(409, error("Conflict"))), None),
    "done-but-redirect": (after(http(302, headers="Location: http://login.invalid/\r\n")), None),
    "done-but-html": (after(http(200, HTML)), None),
    "done-but-empty": (after(http(200)), None),
    "done-but-null": (after(http(200, "null")), None),
    "done-but-no-id": (after(http(200, {"output": {}, "data": {}})), None),
    "done-but-hangs-up": (after(hang_up), None),
    "done-but-resets": (after(reset), None),
    "done-but-hangs": (after(hang), SHORT),
    "done-but-head-cut": (cut(0.1), None),
    "done-but-body-cut": (cut(0.8), None),
}
EARLY: dict[str, tuple[Answer, int, float | None]] = {
    "early-401": (http(401, error("InvalidApiKey")), 5, None),
    "early-413": (http(413, error("BadRequest.TooLarge")), 5, None),
    "early-503": (http(503), 1, None),
    "early-reset": (reset, 1, None),
    "early-hang-up": (hang_up, 1, None),
}
LIES = [fault for fault in FAULTS if fault.creation is OutcomeUnknown and fault.deadlines is not HASTY]
LATE = {"late-by-two-looks": 2, "later-than-anybody-looks": 1000}
DENIALS = ("refused", "nothing was", "never sent", "was not sent")
CUTS: dict[str, tuple[Answer, float | None]] = {
    "reset": (reset, None),
    "hangs-up": (hang_up, None),
    "503": (http(503), None),
    "stands-still": (hang, SHORT),
}
TRIES = 5  # of an upload that is cut before its last byte
LARGE = 1 << 20  # bytes of a file that doesn't fit into the kernel's buffers
BOMB = Fault(
    "gzip-bomb-64-MiB",
    http(200, gzip.compress(b" " * (64 << 20), 1), headers="Content-Encoding: gzip\r\n"),
    OutcomeUnknown,
    NeverSent,
)


def cases(seed: int) -> Sequence[Case]:  # noqa: ARG001 - nothing is drawn: these are all
    """Endpoint by endpoint, then what keeps a connection from coming about."""
    found: list[Case] = []
    for endpoint in ENDPOINTS:
        found += [
            Case(f"{endpoint}-{fault.name}", partial(failing, endpoint, fault)) for fault in (*FAULTS, BOMB)
        ]
        if endpoint in CREATIONS:
            found += [
                Case(f"{endpoint}-{name}", partial(lost, endpoint, how, patience))
                for name, (how, patience) in AFTERWARDS.items()
            ]
    found += [
        Case(f"made-but-{lie.name}-{when}", partial(denied, lie.answer, looks))
        for lie in LIES
        for when, looks in LATE.items()
    ]
    failed = Fault("200-failed-uploads", http(200, FAILED_UPLOAD), Refused, NeverSent)
    found.append(Case(f"upload-{failed.name}", partial(failing, "upload", failed)))
    found += [
        Case(f"upload-{name}", partial(early, answer, code, patience))
        for name, (answer, code, patience) in EARLY.items()
    ]
    found += [
        Case(
            f"upload-{name}-at-{share:.0%}-times-{times}", partial(broken_off, ending, share, times, patience)
        )
        for name, (ending, patience) in CUTS.items()
        for share in (0.0, 0.3, 0.6)
        for times in range(1, TRIES + 2)
    ]
    found += [Case(name, partial(unreachable, surroundings)) for name, surroundings in SURROUNDINGS.items()]
    return found


def failing(endpoint: str, fault: Fault, folder: Path) -> None:
    """The endpoint answers with ``fault``, and the platform never hears of it."""
    patience = SHORT if fault.deadlines is HASTY else None
    meant = {"create-job": fault.creation, "upload": fault.upload or fault.creation}.get(endpoint, fault.read)
    expected = {CODES[meant]}
    if endpoint == "prove-key" and fault.name in DONE - {"204", "200-empty"}:
        expected = {0}  # any answer in the platform's form proves the key
    # What may pass is waited for while the job is watched: three tries, then it is well again. A log isn't needed at all.
    passing = endpoint in WATCHED and (fault.read is NeverSent or fault.name.startswith("429"))
    times = 3 if passing else float("inf")
    if passing or endpoint == "get-logs":
        expected = {0}
    with travelling(folder) as (mine, network):
        approve = plan(mine) if endpoint != "prove-key" else ""
        network.break_down(endpoint, instead(fault.answer), times=times)
        if endpoint == "prove-key":
            ended = mine.start("plan", "--yes", *ANSWERS, environment=keyed(mine), patience=patience)
        else:
            ended = mine.start(
                "run", "--yes", "--watch", *approve, environment=keyed(mine), patience=patience
            )
        orderly(network, ended.code, ended.said, expected)
        well_again(mine, network)


def lost(endpoint: str, how: Callable[[str, Request], Answer], patience: float | None, folder: Path) -> None:
    """The platform does it; its answer is lost, or is none. It is found, and nobody is asked."""
    with travelling(folder) as (mine, network):
        approve = plan(mine)
        network.break_down(endpoint, how)
        ended = mine.start("run", "--yes", "--watch", *approve, environment=keyed(mine), patience=patience)
        orderly(network, ended.code, ended.said, {0})
        assert len(network.posts(endpoint)) == (2 if endpoint == "upload" else 1)
        well_again(mine, network)


def denied(answer: Answer, looks: int, folder: Path) -> None:
    """The job is made, ``answer`` says something else, and the next ``looks`` lists don't have it yet: still one job."""
    with journey(folder, speed=SPEED) as mine, serving() as server:
        way = Unsteady(mine.url)
        server.route = way.route
        mine.way = server.url.removesuffix("/api/v1")
        approve = plan(mine)
        way.lose("create-job", answer)
        way.lag(looks)
        for words in (approve, ()):
            ended = mine.start("run", "--yes", *words, environment=keyed(mine))
            assert ended.code in ({0, ASKED} if looks < max(LATE.values()) else {ASKED}), ended
            denials = [denial for denial in DENIALS if denial in ended.said.lower()]
            assert ended.code == 0 or not denials, f"told {denials}: {ended.said[-2000:]}"
            mine.never_twice()
        way.settle()
        ended = mine.start("run", "--yes", environment=keyed(mine))
        assert "decide" not in ended.asked, ended
        assert mine.done(), f"{ended.code}\n{ended.said[-2000:]}"
        assert sum(request.target.endswith("/fine-tunes") for request in way.creations) == 1
        mine.whole(kept=False)


def early(answer: Answer, code: int, patience: float | None, folder: Path) -> None:
    """An upload is answered before its body has left: nothing can have come of it."""
    with travelling(folder) as (mine, network):
        approve = plan(mine)
        network.break_down("upload", None, early=answer)
        ended = mine.start("run", "--yes", "--watch", *approve, environment=keyed(mine), patience=patience)
        # A small file is in the kernel's hands before the answer is there: then the outcome counts as unknown.
        orderly(network, ended.code, ended.said, {code, ASKED})
        well_again(mine, network)


def broken_off(ending: Answer, share: float, times: int, patience: float | None, folder: Path) -> None:
    """An upload breaks off before its last byte so many times: sent again by itself, and there once; or told, and later."""
    with travelling(folder) as (mine, network):
        with (mine.folder / "train.jsonl").open("a") as file:
            file.write(rows(30, "x" * (LARGE // 30)))
        approve = plan(mine)
        network.break_down("upload", None, early=cut_at(int(LARGE * share), ending), times=times)
        ended = mine.start("run", "--yes", *approve, environment=keyed(mine), patience=patience)
        orderly(network, ended.code, ended.said, {0 if times < TRIES else 1})
        assert min(times, TRIES) == times - network.times, f"{network.times} of {times} cuts are left"
        assert ended.said.count("(try ") == min(times, TRIES - 1), ended.said
        well_again(mine, network)


def orderly(network: Network, code: int, said: str, expected: set[int]) -> None:
    """It ended as it should, said so, and sent no creation twice."""
    assert code in expected, f"{code} and not {expected}\n{said[-2000:]}"
    if code:
        told = said.rpartition("error: ")[2].strip().splitlines()
        assert len(told) > 1, f"no advice: {said[-1000:]}"
    uploads = Counter(_uploaded(request) for request in network.posts("upload"))
    assert all(count == 1 for count in uploads.values()), f"uploads sent: {uploads}"
    assert len(network.posts("create-job")) <= 1, "the creation was sent twice"


def well_again(mine: Journey, network: Network) -> None:
    """With the healthy platform the next start goes on to one job, after asking where nobody can know."""
    network.heal()
    env = keyed(mine)
    if "review.approval" not in mine.facts():
        ended = mine.start("run", "--yes", *plan(mine), environment=env)
    else:
        ended = mine.start("run", "--yes", environment=env)
    if ended.code == ASKED:
        mine.never_twice()
        sent = [effect["kind"] for effect in mine.session()["effects"] if effect["state"] == "sent"]
        assert len(sent) == 1, sent
        ended = mine.start(environment=env, decide="again")
        # One question a lost request: where both uploads were lost, the second one is not asked about before the first.
        assert ended.asked.count("decide") == 1, ended
    assert mine.done(), f"{ended.code}\n{ended.said[-2000:]}"
    mine.never_twice()
    mine.whole(kept=False)


ANSWERS = (
    "--set", "dataset.source=train.jsonl", "--set", "dataset.validation=file", "--set", "dataset.validation_source=check.jsonl",
)  # fmt: skip


@contextmanager
def travelling(folder: Path) -> Iterator[tuple[Journey, Network]]:
    """A journey whose every request goes over a network that can fail."""
    with journey(folder, speed=SPEED) as straight, between(straight.url) as network:
        straight.way = network.url
        yield straight, network


def keyed(mine: Journey) -> dict[str, str]:
    """The environment with the key in it: a run without a person can't type one."""
    return mine.environment(DASHSCOPE_API_KEY=KEY)


def plan(mine: Journey) -> tuple[str, str]:
    """Everything up to the review; the words that approve it."""
    ended = mine.start("plan", "--yes", *ANSWERS, environment=keyed(mine))
    assert ended.code == 0, ended
    digest = re.search(r"^digest: (\w+)$", ended.said, re.MULTILINE)
    assert digest is not None, ended
    return "--approve", digest[1]


def _uploaded(request: Request) -> str:
    named = re.search(rb'filename="([^"]+)"', request.body)
    return named[1].decode() if named else ""


def unreachable(surrounding: Surrounding, folder: Path) -> None:
    """No connection comes about: nothing is sent, and that is said with what to look at; elsewhere it goes on."""
    with travelling(folder) as (mine, network):
        with surrounding(folder) as (environment, code):
            words = ("plan", "--yes", "--allow-endpoint", *ANSWERS)
            ended = mine.start(*words, environment={**keyed(mine), **environment}, patience=SHORT)
            orderly(network, ended.code, ended.said, {code})
        well_again(mine, network)
