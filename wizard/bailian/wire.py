"""One HTTP exchange: its deadlines, its size limit, and the knowledge of whether the whole request has left.

dashscope's transport runs on the ``httpx.Client`` that it is given; this is the transport below that client, built on
httpcore's public parts, because neither of them has a limit on the whole of an exchange: a server that drips a byte now
and then would hold them for ever. Each exchange has a connection of its own: a request that creates something never goes
out on an idle connection which the other side may just be closing.
"""

from __future__ import annotations

import contextlib
import contextvars
import ipaddress
import queue
import socket
import ssl
import threading
import time
import urllib.request
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

LARGEST_ANSWER = 32 * 1024 * 1024

# What kept a connection from coming about ...
DNS, REFUSED, SILENT, CERTIFICATE, TLS, PROXY = "dns", "refused", "silent", "certificate", "tls", "proxy"
# ... and what ended one before a whole answer was there.
CUT, SLOW, LARGE = "cut", "slow", "large"

PASSING = frozenset({DNS, REFUSED, SILENT, TLS, CUT, SLOW})
"""What a poor line does. A certificate, a proxy and an endless answer don't mend themselves."""

_UNSENT = 128 * 1024
"""Bytes that wait in the kernel for a connection. With the megabytes that it takes otherwise, a slow line would look as
if it stood still, since room is only made in large steps; and a bar would be ahead of what has left."""


class Broken(Exception):
    """No answer: ``kind`` is one of the words above, ``reason`` the system's own where it gave one. Holds no header."""

    def __init__(self, kind: str, reason: str = "") -> None:
        super().__init__(f"{kind}: {reason}")
        self.kind = kind
        self.reason = reason


@dataclass(slots=True)
class Exchange:
    """How long one exchange may take, in seconds, and how far it got.

    ``idle``: the longest silence. ``ends``: the monotonic time when all must be over, None for no such limit.
    ``answer_within``: counted from the moment when the request is complete, for requests that may take any time to send.
    ``complete``: whether the other side could by now have the whole request; False is proof that it can't act on it.
    """

    connect: float
    idle: float
    ends: float | None = None
    answer_within: float | None = None
    complete: bool = False

    def completed(self) -> None:
        """To be called before the bytes leave without which the request isn't whole."""
        self.complete = True
        if self.answer_within is not None:
            self.idle = self.answer_within
            self.ends = time.monotonic() + self.answer_within

    def patience(self, wanted: float | None = None) -> float:
        """How long to wait for the next thing to happen; never 0, which sockets take for "don't wait"."""
        limit = self.idle if wanted is None else wanted
        if self.ends is not None:
            limit = min(limit, self.ends - time.monotonic())
        return max(limit, 0.001)

    @property
    def over(self) -> bool:
        """Whether its time is up."""
        return self.ends is not None and time.monotonic() >= self.ends

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """What httpcore reports of its progress. A request without a body is whole once its head is written."""
        if event != "http11.send_request_headers.started":
            return
        request = info["request"]
        if request.method != b"CONNECT" and _length(request.headers) == 0:
            self.completed()


CURRENT: contextvars.ContextVar[Exchange] = contextvars.ContextVar("wizard_exchange")


class Wire(httpx.BaseTransport):
    """Sends each request of ``CURRENT``'s exchange over a fresh connection and reads the answer whole.

    Raises Broken for whatever the network does. ``proxied``: honour the proxies of the
    environment (https only, never for this computer).
    """

    def __init__(self, *, proxied: bool) -> None:
        self._proxied = proxied
        self._tls: ssl.SSLContext | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send ``request`` once, within ``CURRENT``'s limits, and give the whole answer."""
        exchange = CURRENT.get()
        stream = request.stream
        if not isinstance(
            stream, httpx.SyncByteStream
        ):  # pragma: no cover - a synchronous client has no other
            raise TypeError(type(stream))
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        outgoing = httpcore.Request(
            method=request.method.encode(),
            url=url,
            headers=request.headers.raw,
            content=_gated(stream, _length(request.headers.raw), exchange),
            extensions={"trace": exchange.trace},
        )
        try:
            with self._connection(request.url, exchange) as connection:
                answer = connection.handle_request(outgoing)
                try:
                    body = _read(answer)
                finally:
                    answer.close()
        except httpcore.ProxyError as problem:
            raise Broken(PROXY, str(problem)) from None
        except httpcore.TimeoutException:
            raise Broken(SLOW) from None
        except (httpcore.NetworkError, httpcore.RemoteProtocolError):
            raise Broken(CUT) from None
        headers = httpx.Headers(answer.headers)
        body = _decoded(body, headers.pop("content-encoding", ""))
        return httpx.Response(status_code=answer.status, headers=headers, content=body)

    def _connection(self, url: httpx.URL, exchange: Exchange) -> httpcore.ConnectionPool:
        tls = self._context() if url.scheme == "https" else None
        proxy = proxy_for(url.host) if self._proxied and tls else None
        if proxy is None:
            return httpcore.ConnectionPool(ssl_context=tls, network_backend=_Network(exchange), retries=0)
        try:
            parsed = httpx.Proxy(proxy)
        except (ValueError, httpx.InvalidURL):
            raise Broken(PROXY, "unusable proxy address") from None
        if parsed.url.scheme not in ("http", "https"):
            raise Broken(PROXY, parsed.url.scheme)
        return httpcore.HTTPProxy(
            proxy_url=httpcore.URL(
                scheme=parsed.url.raw_scheme, host=parsed.url.raw_host, port=parsed.url.port, target=b"/"
            ),
            proxy_auth=parsed.raw_auth,
            proxy_ssl_context=tls if parsed.url.scheme == "https" else None,
            ssl_context=tls,
            network_backend=_Network(exchange),
            retries=0,
        )

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            try:
                self._tls = httpx.create_ssl_context()
            except OSError as problem:
                reason = problem.strerror or str(problem)
            else:
                return self._tls
            raise Broken(CERTIFICATE, reason)
        return self._tls


def proxy_for(host: str) -> str | None:
    """The proxy that the environment (or the system) names for https to ``host``, or None."""
    if urllib.request.proxy_bypass(host):
        return None
    proxies = urllib.request.getproxies()
    found = proxies.get("https") or proxies.get("all")
    if found and "://" not in found:
        found = f"http://{found}"
    return found or None


def _length(headers: Iterable[tuple[bytes, bytes]]) -> int:
    """A request's Content-Length; 0 where it has none (this client sends no chunked bodies)."""
    return next((int(value) for name, value in headers if name.lower() == b"content-length"), 0)


def _gated(stream: Iterable[bytes], length: int, exchange: Exchange) -> Iterator[bytes]:
    """``stream``, noting in ``exchange`` the moment before its last byte is handed out."""
    handed = 0
    for chunk in stream:
        handed += len(chunk)
        if length and handed >= length and not exchange.complete:
            exchange.completed()
        yield chunk


def _read(answer: httpcore.Response) -> bytes:
    body = bytearray()
    try:
        for part in answer.iter_stream():
            body += part
            if len(body) > LARGEST_ANSWER:
                raise Broken(LARGE)
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
        # A refusal that is cut off is still a refusal: its status came whole.
        if answer.status < 400:  # noqa: PLR2004 - HTTP's own border
            raise
    return bytes(body)


def _decoded(body: bytes, encoding: str) -> bytes:
    """``body`` as it was before a gateway compressed it unasked; what can't be undone is left, and won't be understood."""
    if encoding.strip().lower() not in ("gzip", "x-gzip", "deflate"):
        return body
    try:
        inflater = zlib.decompressobj(wbits=47)
        plain = inflater.decompress(body, LARGEST_ANSWER)
    except zlib.error:
        return body
    if inflater.unconsumed_tail:
        raise Broken(LARGE)
    return plain


class _Network(httpcore.NetworkBackend):
    """Connections whose every wait ends when their exchange's time is up."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the exchange knows better
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        begun = time.monotonic()
        budget = self._exchange.patience(self._exchange.connect)
        addresses = _resolved(host, port, budget)
        kind, reason = SILENT, ""
        for position, address in enumerate(addresses):
            # Each address gets its share of what is left, so that one that never answers doesn't hide one that would.
            left = budget - (time.monotonic() - begun)
            if left <= 0:
                break
            try:
                stream = self._sockets.connect_tcp(
                    address, port, left / (len(addresses) - position), local_address, socket_options
                )
            except httpcore.ConnectTimeout:
                kind, reason = SILENT, ""
            except httpcore.ConnectError as problem:
                kind, reason = REFUSED, str(problem)
            else:
                _keep_little(stream)
                return _Stream(stream, self._exchange)
        raise Broken(kind, reason)


def _keep_little(stream: httpcore.NetworkStream) -> None:
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)  # Linux and macOS have it
    if option is not None:
        with contextlib.suppress(OSError):
            stream.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, option, _UNSENT)


def _resolved(host: str, port: int, seconds: float) -> list[str]:
    """The numeric addresses of ``host``, within ``seconds``: the system's resolver has no limit of its own."""
    host = host.strip("[]")
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass  # a name, to be looked up
    found: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as problem:
            found.put(problem if isinstance(problem, OSError) else OSError(str(problem)))
        else:
            found.put(list(dict.fromkeys(str(answer[4][0]) for answer in answers)))

    threading.Thread(target=look_up, name="resolve", daemon=True).start()
    try:
        answer = found.get(timeout=seconds)
    except queue.Empty:
        answer = OSError("the name server didn't answer")
    if isinstance(answer, OSError):
        raise Broken(DNS, answer.strerror or str(answer))
    return answer


class _Stream(httpcore.NetworkStream):
    """A connection's bytes, each wait bounded by the exchange."""

    def __init__(self, inner: httpcore.NetworkStream, exchange: Exchange) -> None:
        self._inner = inner
        self._exchange = exchange

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the exchange knows better
        if self._exchange.over:
            raise httpcore.ReadTimeout
        return self._inner.read(max_bytes, self._exchange.patience())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the exchange knows better
        if self._exchange.over:
            raise httpcore.WriteTimeout
        self._inner.write(buffer, self._exchange.patience())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the exchange knows better
    ) -> httpcore.NetworkStream:
        try:
            stream = self._inner.start_tls(
                ssl_context, server_hostname, self._exchange.patience(self._exchange.connect)
            )
        except httpcore.ConnectTimeout:
            kind, reason = SILENT, ""
        except httpcore.ConnectError as problem:
            cause = problem.__cause__
            refused = isinstance(cause, ssl.SSLCertVerificationError)
            kind = CERTIFICATE if refused else TLS
            reason = getattr(cause, "verify_message", "") or getattr(cause, "reason", None) or str(problem)
        else:
            return _Stream(stream, self._exchange)
        raise Broken(kind, reason)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
