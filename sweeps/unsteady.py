"""Owns an unsteady way to the platform: answers that are lost, requests that arrive late, things that are listed late."""

from __future__ import annotations

import json
from typing import Any, Literal

from bailian_server import Answer, Request, hang_up, http, raw, reset

from sweeps.proxy import CREATIONS, handed_on, is_to

Fate = Literal["never", "done", "broken", "late", "refused"]
"""Of a creation: it never arrives; it is done and the answer is lost, or says 500; it is done later; it is refused."""

FATES: tuple[Fate, ...] = ("late", "late", "never", "done", "broken", "refused")
LISTS = {"list-files": ("data", "files", "file_id"), "list-jobs": ("output", "jobs", "job_id")}
REFUSAL = http(400, {"code": "InvalidParameter", "message": "not today", "request_id": "canary"})
TRIES = 3  # of a read, until it counts as failed


class Unsteady:
    """One journey's way to ``platform``, steady until told otherwise. Time passes by one with each request.

    ``creations``: the requests for files and jobs that the platform got, in order. ``shaken``: whether anything was ever
    late, so that a look could not see it.
    """

    def __init__(self, platform: str) -> None:
        self._platform = platform
        self._fates: dict[str, Fate | Answer] = {}
        self._failing: dict[str, int] = {}
        self._under_way: list[list[Any]] = []
        self._hidden: dict[str, int] = {}
        self._lag = 0
        self._patience = 0
        self.creations: list[Request] = []
        self.shaken = False

    def lose(self, endpoint: str, fate: Fate | Answer, requests: int = 0) -> None:
        """The next creation's ``fate``; a late one arrives with the request so many later. With an answer it is done, and that is said."""
        self._fates[endpoint] = fate
        self._patience = requests

    def fail(self, endpoint: str) -> None:
        """The next read of ``endpoint`` fails."""
        self._failing[endpoint] = TRIES

    def lag(self, looks: int) -> None:
        """What is created from now on isn't in the next ``looks`` lists."""
        self._lag = looks
        self.shaken = self.shaken or looks > 0

    def arrive(self) -> None:
        """All that is late arrives."""
        late, self._under_way = self._under_way, []
        for request, _requests in late:
            self._done(request)

    def settle(self) -> None:
        """All is well again, and everything has arrived and is listed."""
        self._fates.clear()
        self._failing.clear()
        self.arrive()
        self._hidden = dict.fromkeys(self._hidden, 0)
        self._lag = 0

    def route(self, request: Request) -> Answer:
        """What is answered."""
        if not request.whole:
            return hang_up
        for waiting in self._under_way:
            waiting[1] -= 1
        due = [request for request, requests in self._under_way if requests < 0]
        self._under_way = [waiting for waiting in self._under_way if waiting[1] >= 0]
        for late in due:
            self._done(late)
        for endpoint in CREATIONS:
            if is_to(request, endpoint):
                return self._creation(request, self._fates.pop(endpoint, None))
        for endpoint in LISTS:
            if is_to(request, endpoint):
                return self._list(request, endpoint)
        return raw(handed_on(self._platform, request))

    def _creation(self, request: Request, fate: Fate | Answer | None) -> Answer:
        if callable(fate):
            self._done(request)
            return fate
        if fate == "never":
            return reset
        if fate == "refused":
            return REFUSAL
        if fate == "late":
            self.shaken = True
            self._under_way.append([request, self._patience])
            return hang_up
        answer = self._done(request)
        lost: dict[Fate | None, Answer] = {"done": reset, "broken": http(500, {"code": "InternalError"})}
        return lost.get(fate, raw(answer))

    def _done(self, request: Request) -> bytes:
        self.creations.append(request)
        answer = handed_on(self._platform, request)
        document = json.loads(answer.partition(b"\r\n\r\n")[2])
        made = document["output"]["job_id"] if "output" in document else _uploaded(document)
        self._hidden[made] = self._lag
        return answer

    def _list(self, request: Request, endpoint: str) -> Answer:
        if self._failing.get(endpoint, 0) > 0:
            self._failing[endpoint] -= 1
            return reset
        document = json.loads(handed_on(self._platform, request).partition(b"\r\n\r\n")[2])
        section, name, identity = LISTS[endpoint]
        inside = document[section]
        inside[name] = [entry for entry in inside[name] if entry[identity] in self._hidden]
        seen = [entry for entry in inside[name] if self._hidden[entry[identity]] <= 0]
        for entry in inside[name]:
            self._hidden[entry[identity]] -= 1
        return http(200, {**document, section: {**inside, name: seen, "total": len(seen)}})


def _uploaded(document: dict[str, Any]) -> str:
    (file,) = document["data"]["uploaded_files"]
    return str(file["file_id"])
