"""A small HTTP server of the tests' own, on raw sockets, that can answer as badly as a network can."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

CANARY = "sk-canary-4f8b1c2d9e7a6053"


@dataclass(frozen=True)
class Request:
    """What came in. ``whole``: whether the body had all the bytes that its head promised."""

    method: str
    target: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    whole: bool

    def json(self) -> Any:
        return json.loads(self.body)


Answer = Callable[[socket.socket], None]


@dataclass
class Server:
    """``answers`` are played in turn, the last one for ever, or ``route`` chooses; ``requests`` is all that came in.

    ``before_body``, or what ``early`` makes of a request's head, is played before the body is read, or not at all.
    """

    url: str
    port: int
    requests: list[Request] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    route: Callable[[Request], Answer] | None = None
    before_body: Answer | None = None
    early: Callable[[Request], Answer | None] | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    def play(self, *answers: Answer) -> None:
        self.answers[:] = answers

    def sent(self, method: str) -> list[Request]:
        return [request for request in self.requests if request.method == method]


def http(
    status: int, body: bytes | dict[str, Any] | str = b"", *, headers: str = "", length: int | None = None
) -> Answer:
    """A well-formed answer; ``length`` can promise another number of bytes than come."""
    content = (
        json.dumps(body).encode()
        if isinstance(body, dict)
        else body.encode()
        if isinstance(body, str)
        else body
    )
    promised = len(content) if length is None else length
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {promised}\r\n{headers}\r\n".encode()
    return lambda connection: connection.sendall(head + content)


TLS_HELLO = b"\x16"


def raw(data: bytes) -> Answer:
    return lambda connection: connection.sendall(data)


def hang(connection: socket.socket) -> None:
    """No answer at all and nothing read, the connection left open for as long as the client has any patience."""
    if os.name != "nt":
        poll = select.poll()
        poll.register(connection, select.POLLHUP | getattr(select, "POLLRDHUP", 0))
        poll.poll(60_000)
        return
    until = time.monotonic() + 60
    with contextlib.suppress(OSError):  # there an end can't be waited for without reading
        while connection.recv(1, socket.MSG_PEEK) and time.monotonic() < until:
            time.sleep(0.02)


def drip(connection: socket.socket) -> None:
    """A head that never ends, a byte now and then: each wait is short, all of them together are not."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    with contextlib.suppress(OSError):
        while True:
            connection.sendall(b"x")
            time.sleep(0.02)


def reset(connection: socket.socket) -> None:
    """RST instead of an answer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang_up(connection: socket.socket) -> None:
    """FIN instead of an answer."""


def cut_at(read: int, ending: Answer = reset) -> Answer:
    """Once about ``read`` bytes of a body have come, ``ending``: for a body that isn't read before (``Server.early``)."""

    def play(connection: socket.socket) -> None:
        connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 15
        )  # what isn't read stays over there
        left = read
        while left > 0 and (piece := connection.recv(min(left, 1 << 14))):
            left -= len(piece)
        ending(connection)

    return play


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """A server on 127.0.0.1 that ends with the block."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    port = listener.getsockname()[1]
    server = Server(f"http://127.0.0.1:{port}/api/v1", port)

    def accept() -> None:
        while not server.stop.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            _serve(server, connection)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server
    finally:
        server.stop.set()
        listener.close()


def _serve(server: Server, connection: socket.socket) -> None:
    stream = connection.makefile("rb")
    if stream.peek(1)[:1] in (b"", TLS_HELLO):
        return  # nothing, or a greeting in another language: its bytes are random, and may look like anything
    first = stream.readline().decode("latin-1").split()
    headers = {}
    while (line := stream.readline().strip()) != b"":
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    length = int(headers.get("content-length", 0))
    head = Request(first[0], first[1], headers, b"", length == 0)
    before_body = server.before_body if server.early is None else server.early(head)
    if before_body is not None:
        server.requests.append(head)
        before_body(connection)
        return
    body = bytearray()
    try:
        while len(body) < length and (piece := stream.read1(min(1 << 16, length - len(body)))):
            body += piece
    finally:
        server.requests.append(Request(first[0], first[1], headers, bytes(body), len(body) == length))
    if server.route is not None:
        answer = server.route(server.requests[-1])
    else:
        answer = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
    answer(connection)
