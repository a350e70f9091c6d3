"""One address behind which each account has a platform of its own, as on Bailian: the key says whose it is, the header which workspace."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from bailian_server import Answer, Request, Server, serving
from patience import PATIENCE

from wizard.sandbox import Running

Whose = Mapping[tuple[str, str], Running]
"""A platform for each key and workspace; the empty workspace is the key's own."""

NOT_PASSED = frozenset({"host", "content-length", "transfer-encoding", "connection"})


@contextmanager
def behind_one_address(accounts: Whose) -> Iterator[Server]:
    """The address; a key that no account has is refused by the first one, as one that was revoked.

    ``accounts`` is looked at anew for each request: what is taken out of it is revoked.
    """
    first = next(iter(accounts.values()))
    with serving() as server:

        def route(request: Request) -> Answer:
            key = request.headers.get("authorization", "").removeprefix("Bearer ")
            workspace = request.headers.get("x-dashscope-workspace", "")
            account = accounts.get((key, workspace))
            return _forwarded(request, account or first, revoked=account is None)

        server.route = route
        yield server


def _forwarded(request: Request, account: Running, *, revoked: bool) -> Answer:
    headers = {name: value for name, value in request.headers.items() if name not in NOT_PASSED}
    if revoked:
        headers["authorization"] = "Bearer sk-wrong0123456789abcdef"
    connection = http.client.HTTPConnection(urlsplit(account.url).netloc, timeout=PATIENCE)
    try:
        connection.request(request.method, request.target, request.body or None, headers)
        answered = connection.getresponse()
        body = answered.read()
    finally:
        connection.close()
    told = "".join(
        f"{name}: {value}\r\n" for name, value in answered.getheaders() if name.lower() not in NOT_PASSED
    )
    head = f"HTTP/1.1 {answered.status} X\r\nContent-Length: {len(body)}\r\n{told}\r\n".encode()

    def play(connection: socket.socket) -> None:
        connection.sendall(head + body)

    return play
