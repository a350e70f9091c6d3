"""Serving: the application with all its routes, its one line on standard output, and its end."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import sys
import threading
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request

from wizard.errors import StorageError
from wizard.sandbox.files import Files
from wizard.sandbox.jobs import Jobs
from wizard.sandbox.models import Models
from wizard.sandbox.store import StateBusy, Store
from wizard.sandbox.wire import INTERNAL_ERROR, NOT_FOUND, refuse

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from wizard.sandbox.options import Options

_HTTP = 80
_GRACE = 10  # seconds for requests under way at the end, beside what their commit takes


class CannotServe(Exception):
    """The sandbox could not start; the message says why in one sentence."""


def serve(options: Options) -> None:
    """Serve until a signal, or with ``until_stdin_closes`` until standard input ends; raises CannotServe."""
    os.umask(0o077)  # what is uploaded is its owner's alone
    try:
        store = Store(options.state)
    except StateBusy as error:
        raise CannotServe(str(error)) from error
    except StorageError as error:
        raise CannotServe(error.message) from error
    except OSError as error:
        raise CannotServe(f"Can't keep the state in {options.state}: {error.strerror}.") from error
    except sqlite3.Error as error:
        message = f"Can't use the state in {options.state}: {error}. Move that folder away to start afresh."
        raise CannotServe(message) from error
    try:
        listening = _listen(options)
        with listening:
            _Server(options, store, listening).run(sockets=[listening])
    finally:
        store.close()


def _listen(options: Options) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name != "nt":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((options.host, options.port))
        listening.listen(128)
    except (OSError, OverflowError) as error:
        listening.close()
        raise CannotServe(f"Can't listen on {options.host}:{options.port}: {error}.") from error
    return listening


class _Server(uvicorn.Server):
    """Uvicorn, silent, that says where it is once it answers, and for which a signal is a clean end."""

    def __init__(self, options: Options, store: Store, listening: socket.socket) -> None:
        self._listening = listening
        self._until_stdin_closes = options.until_stdin_closes
        config = uvicorn.Config(
            application(options, store, ending=lambda: self.should_exit),
            http="h11",
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE + int(options.commit_delay),
        )
        super().__init__(config)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port = self._listening.getsockname()[:2]
        address = f"[{host}]" if ":" in host else host
        sys.stdout.write(json.dumps({"url": f"http://{address}:{port}", "pid": os.getpid()}) + "\n")
        sys.stdout.flush()
        if self._until_stdin_closes:
            threading.Thread(target=self._watch_stdin, daemon=True).start()

    def _watch_stdin(self) -> None:
        # os.read, not sys.stdin: a thread that waits inside a buffered reader can't be left behind at the end.
        while os.read(0, 4096):
            pass
        self.should_exit = True

    def handle_exit(self, _sig: int, _frame: FrameType | None) -> None:
        """End cleanly: uvicorn's own handler would raise the signal again afterwards."""
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True


def application(options: Options, store: Store, ending: Callable[[], bool]) -> Starlette:
    """All endpoints; what is not served (deployments, chat, anything else) is the platform's 404."""
    return Starlette(
        routes=[
            *Files(store, options).routes(),
            *Models(store).routes(),
            *Jobs(store, options, ending).routes(),
        ],
        exception_handlers={HTTPException: _refused, Exception: _broken},
        middleware=[Middleware(_FromHere, host=options.host)],
    )


class _FromHere:
    """Lets in only what was meant for this server: a web page can have a browser send requests here, under a name of its own."""

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._names = {"localhost", "127.0.0.1", "[::1]", f"[{host}]" if ":" in host else host}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        port = scope["server"][1]
        ours = {f"{name}:{port}" for name in self._names} | (self._names if port == _HTTP else set())
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        if host.lower() not in ours or (
            origin is not None and origin.lower() not in {f"http://{one}" for one in ours}
        ):
            refused = refuse(
                request, 403, "AccessDenied", "Only programs on this computer may use the sandbox."
            )
            await refused(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == NOT_FOUND[0]:
        return refuse(request, *NOT_FOUND)
    return refuse(request, error.status_code, "InvalidParameter", f"{error.detail}!")


def _broken(request: Request, _error: Exception) -> Response:
    """A fault of this computer's disk or of the sandbox; what it was goes to standard error."""
    return refuse(request, *INTERNAL_ERROR)
