"""Owns the network between the wizard and its sandbox: hands requests on, and answers chosen ones as badly as a network can."""

from __future__ import annotations

import http.client
import math
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from bailian_server import Answer, Request, Server, raw, serving

ENDPOINTS = {
    "prove-key": r"GET /api/v1/models\?",
    "list-files": r"GET /api/v1/files\?",
    "upload": r"POST /api/v1/files$",
    "list-jobs": r"GET /api/v1/fine-tunes\?",
    "create-job": r"POST /api/v1/fine-tunes$",
    "get-job": r"GET /api/v1/fine-tunes/[^/?]+$",
    "get-logs": r"GET /api/v1/fine-tunes/[^/?]+/logs",
}
"""What the way from data to a trained model asks of the platform."""

Fault = Callable[[str, Request], Answer]
CREATIONS = ("upload", "create-job")


@dataclass
class Network:
    """``fault``: an endpoint, and what is made of the next ``times`` requests to it, of the platform behind and the request."""

    url: str
    server: Server
    endpoint: str = ""
    fault: Fault | None = None
    early: Answer | None = None
    times: float = math.inf

    def break_down(
        self, endpoint: str, fault: Fault | None, *, early: Answer | None = None, times: float = math.inf
    ) -> None:
        """From now on (``early``: before the request's body is read)."""
        self.endpoint, self.fault, self.early, self.times = endpoint, fault, early, times

    def heal(self) -> None:
        """All is well again."""
        self.break_down("", None)

    def struck(self, request: Request) -> bool:
        """Whether this request meets the fault; counts it."""
        if not self.endpoint or self.times <= 0 or not is_to(request, self.endpoint):
            return False
        self.times -= 1
        return True

    def posts(self, endpoint: str) -> list[Request]:
        """The whole requests that came to ``endpoint``."""
        return [
            request for request in list(self.server.requests) if is_to(request, endpoint) and request.whole
        ]


def is_to(request: Request, endpoint: str) -> bool:
    """Whether the request goes to ``endpoint``."""
    return re.match(ENDPOINTS[endpoint], f"{request.method} {request.target}") is not None


def handed_on(platform: str, request: Request) -> bytes:
    """The platform's whole answer to ``request``, as it came."""
    connection = http.client.HTTPConnection(urlsplit(platform).netloc, timeout=300)
    try:
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        connection.request(request.method, request.target, request.body, headers)
        response = connection.getresponse()
        body = response.read()
        head = f"HTTP/1.1 {response.status} X\r\nContent-Length: {len(body)}\r\nContent-Type: application/json\r\n\r\n"
        return head.encode() + body
    finally:
        connection.close()


@contextmanager
def between(platform: str) -> Iterator[Network]:
    """A network in front of ``platform``; faultless until told otherwise."""
    with serving() as server:
        network = Network(server.url.removesuffix("/api/v1"), server)

        def route(request: Request) -> Answer:
            if network.fault is not None and network.struck(request):
                return network.fault(platform, request)
            return raw(handed_on(platform, request))

        server.route = route
        server.early = lambda head: network.early if network.early and network.struck(head) else None
        yield network


def after(answer: Answer) -> Fault:
    """The platform does what it is asked; what comes back is ``answer``."""

    def done(platform: str, request: Request) -> Answer:
        handed_on(platform, request)
        return answer

    return done


def instead(answer: Answer) -> Fault:
    """The platform never hears of it; what comes back is ``answer``."""
    return lambda _platform, _request: answer


def cut(share: float) -> Fault:
    """The platform does it, and only this share of its answer's bytes comes through."""

    def shortened(platform: str, request: Request) -> Answer:
        whole = handed_on(platform, request)
        return raw(whole[: int(len(whole) * share)])

    return shortened


def closed(_connection: socket.socket) -> None:
    """The connection ends without a word."""
