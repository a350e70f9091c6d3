"""Owns the surroundings in which no connection to the platform comes about, or another one than was meant."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path

from sweeps.proxy import closed

Surrounding = Callable[[Path], AbstractContextManager[tuple[Mapping[str, str], int]]]
"""Of an empty folder: variables of the environment, and the exit code of a run in it."""

PLATFORM = {
    "DASHSCOPE_HTTP_BASE_URL": "https://dashscope.aliyuncs.com/api/v1"
}  # reached by no proxy of these
_CERTIFICATE = (
    "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=canary", "-keyout", "key.pem",
    "-out", "cert.pem",
)  # fmt: skip


def _nowhere() -> int:
    """A port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def _set(
    environment: Mapping[str, str], _folder: Path, *, code: int = 1
) -> Iterator[tuple[Mapping[str, str], int]]:
    yield {name: value.format(nowhere=_nowhere()) for name, value in environment.items()}, code


@contextmanager
def _answered(
    environment: Mapping[str, str], answer: bytes, folder: Path, *, tls: bool = False
) -> Iterator[tuple[Mapping[str, str], int]]:
    """Somebody answers every connection with ``answer``, at the port in ``environment``."""
    context = _self_signed(folder) if tls else None
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):  # the listener's end
                while True:
                    connection, _address = listener.accept()
                    with connection, suppress(OSError):  # the wizard's end
                        speaking = (
                            context.wrap_socket(connection, server_side=True) if context else connection
                        )
                        with speaking:
                            speaking.recv(65536)
                            speaking.sendall(answer)
                            closed(speaking)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        yield {name: value.format(port=port) for name, value in environment.items()}, 1
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _self_signed(folder: Path) -> ssl.SSLContext:
    subprocess.run(_CERTIFICATE, cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def _at(address: str) -> dict[str, str]:
    return {"DASHSCOPE_HTTP_BASE_URL": address}


def _by(proxy: str) -> dict[str, str]:
    return {"DASHSCOPE_HTTP_BASE_URL": "https://dashscope.aliyuncs.com/api/v1", "HTTPS_PROXY": proxy}


_NOWHERE, _TLS_NOWHERE = "http://127.0.0.1:{nowhere}", "https://127.0.0.1:{nowhere}/api/v1"
_PROXY, _TLS = "http://127.0.0.1:{port}", "https://127.0.0.1:{port}/api/v1"

SURROUNDINGS: Mapping[str, Surrounding] = {
    "dns-no-such-host": partial(_set, _at("http://no-such-host.invalid/api/v1")),
    "nobody-listens": partial(_set, _at(_NOWHERE + "/api/v1")),
    "tls-nobody-listens": partial(_set, _at(_TLS_NOWHERE)),
    "tls-no-such-authorities": partial(_set, {**_at(_TLS_NOWHERE), "SSL_CERT_FILE": "/no/such/file.pem"}),
    "tls-answered-in-clear": partial(_answered, _at(_TLS), b"HTTP/1.1 400 X\r\n\r\n"),
    "tls-cut-off": partial(_answered, _at(_TLS), b""),
    "tls-garbage": partial(_answered, _at(_TLS), bytes(range(256))),
    "tls-unknown-certificate": partial(_answered, _at(_TLS), b"", tls=True),
    "proxy-nobody-listens": partial(_set, _by(_NOWHERE)),
    "proxy-no-such-host": partial(_set, _by("http://no-such-proxy.invalid:3128")),
    "proxy-of-another-kind": partial(_set, _by("socks5://127.0.0.1:{nowhere}")),
    "proxy-no-address": partial(_set, _by("http://[::1")),
    "proxy-wants-a-password": partial(_answered, _by(_PROXY), b"HTTP/1.1 407 X\r\n\r\n"),
    "proxy-forbids": partial(_answered, _by(_PROXY), b"HTTP/1.1 403 X\r\n\r\n"),
    "proxy-cut-off": partial(_answered, _by(_PROXY), b""),
    "proxy-garbage": partial(_answered, _by(_PROXY), b"220 mail ESMTP\r\n"),
    "proxy-not-for-this-computer": partial(_set, {"HTTP_PROXY": _NOWHERE, "ALL_PROXY": _NOWHERE}, code=0),
}
