"""The platform's manners on the wire: request ids, the shape of answers and errors, keys, page numbers.

A key is accepted if it looks like one: ``sk-...``, ``sk-ws...`` or ``st-...``, but not ``sk-sp-...``, which belongs to another
product. All keys see the same account. So that cases can be told apart, a word inside the key changes the answer:

* ``wrong``: 401 everywhere.
* ``unpurchased``: 403 AccessDenied.Unpurchased everywhere.
* ``norights``: 403 AccessDenied on ``/fine-tunes``; models and files work.
* ``arrears``: 400 Arrearage when a job is created.
* ``nopermission``: this workspace may neither tune nor deploy the models of Qwen2.5, as ``/models/permissions`` says too.
* ``unlisted``: the models of Qwen2.5 don't appear in ``/models/permissions``.
* ``nopermapi``: ``/models/permissions`` and ``/models/limits`` are answered as if they were not there, 404.

Errors (model-training-api-reference 2026-05-26, error-code 2026-05-25) are ``{"code", "request_id", "message"}``; below
``/compatible-mode`` the same fields with OpenAI's ``error`` object beside them. The key is never stored or logged.
"""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    Handler = Callable[[Request], Awaitable[Response]]

BEIJING = timezone(timedelta(hours=8))
_KEY = re.compile(r"(?!sk-sp-)(sk-|st-)[\x21-\x7e]+")
_MAX_JSON = 1024 * 1024


class Refusal(Exception):
    """The platform's "no": an HTTP status, a code and a message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def invalid(message: str) -> Refusal:
    """400 InvalidParameter: the request says something that can't be."""
    return Refusal(400, "InvalidParameter", message)


NOT_FOUND = (404, "NotFound", "Not found!")
INTERNAL_ERROR = (500, "InternalError", "Internal server error!")


def endpoint(handler: Handler) -> Handler:
    """``handler`` behind the gateway: a request id, the key's check, and refusals in the platform's shape."""

    async def answered(request: Request) -> Response:
        try:
            authenticate(request)
        except Refusal as refusal:
            # What is being uploaded must be taken, or the client meets a broken pipe instead of the answer.
            await _drain(request)
            return refuse(request, refusal.status, refusal.code, refusal.message)
        try:
            return await handler(request)
        except Refusal as refusal:
            return refuse(request, refusal.status, refusal.code, refusal.message)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it

    return answered


async def _drain(request: Request) -> None:
    try:
        async for _chunk in request.stream():
            pass
    except ClientDisconnect:
        return


def authenticate(request: Request) -> None:
    """Return if the request's key opens this path; raises Refusal."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not _KEY.fullmatch(key) or "wrong" in key:
        raise Refusal(401, "InvalidApiKey", "Invalid API-key provided.")
    if "unpurchased" in key:
        raise Refusal(
            403,
            "AccessDenied.Unpurchased",
            "Access to model denied. Please make sure you are eligible for using the model.",
        )
    tuning = request.url.path.startswith("/api/v1/fine-tunes")
    if tuning and "norights" in key:
        raise Refusal(403, "AccessDenied", "Access denied.")
    if tuning and "arrears" in key and request.method == "POST" and request.url.path == "/api/v1/fine-tunes":
        raise Refusal(400, "Arrearage", "Access denied, please make sure your account is in good standing.")


def request_id(request: Request) -> str:
    """The id of this request: the same in the body and in ``x-request-id``."""
    if not hasattr(request.state, "request_id"):
        request.state.request_id = str(uuid.uuid4())
    return str(request.state.request_id)


def answer(request: Request, body: dict[str, Any]) -> Response:
    """200 with ``body`` and the request id (native APIs)."""
    return _response(request, 200, {"request_id": request_id(request), **body})


def answer_plain(request: Request, body: dict[str, Any]) -> Response:
    """200 with ``body`` as it is (OpenAI's shape): the request id is in the header only."""
    return _response(request, 200, body)


def refuse(request: Request, status: int, code: str, message: str) -> Response:
    """An error in the platform's shape."""
    body: dict[str, Any] = {"code": code, "request_id": request_id(request), "message": message}
    if request.url.path.startswith("/compatible-mode/"):
        if status == 401:  # noqa: PLR2004 - HTTP's number for it
            body |= {"code": "invalid_api_key", "message": "Incorrect API key provided."}
        body["error"] = {
            "message": body["message"],
            "type": "invalid_request_error",
            "param": None,
            "code": body["code"],
        }
    return _response(request, status, body)


def _response(request: Request, status: int, body: dict[str, Any]) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    headers = {"x-request-id": request_id(request)}
    return Response(text.encode("utf-8", "backslashreplace"), status, headers, "application/json")


async def json_object(request: Request) -> dict[str, Any]:
    """The request's body; raises Refusal where it is not a JSON object of at most 1 MB."""
    raw = bytearray()
    async for chunk in request.stream():
        if len(raw) <= _MAX_JSON:
            raw += chunk
    if len(raw) > _MAX_JSON:
        raise invalid("The request body is too large.")
    try:
        body = json.loads(raw.decode("utf-8"))
        json.dumps(body, ensure_ascii=False).encode()  # a lone surrogate is no text
    except (ValueError, RecursionError):
        raise invalid("The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise invalid("The request body is not a JSON object.")
    return body


def number(request: Request, name: str, default: int, low: int, high: int) -> int:
    """The query's whole number ``name``; raises Refusal outside ``low..high``."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
        raise invalid(f"{name} must be an integer in [{low}, {high}].")
    return int(text)


def page(request: Request, default: int = 10, most: int = 100) -> tuple[int, int]:
    """``page_no`` (from 1, default 1) and ``page_size`` (1 to ``most``)."""
    return number(request, "page_no", 1, 1, 999_999_999), number(request, "page_size", default, 1, most)


def workspace(request: Request) -> str:
    """The id of the workspace that the request is made in."""
    return request.headers.get("x-dashscope-workspace") or "llm-sandbox"


def key_says(request: Request, word: str) -> bool:
    """Whether ``word`` is in the key (see above)."""
    return word in request.headers.get("authorization", "")


def clock(moment: float) -> str:
    """``moment`` (seconds since 1970) as the platform writes times: Beijing's, to the second."""
    return f"{datetime.fromtimestamp(moment, BEIJING):%Y-%m-%d %H:%M:%S}"


def iso_clock(moment: float) -> str:
    """As ``clock``, with a T between date and time: how checkpoints are dated."""
    return clock(moment).replace(" ", "T")


def log_clock(moment: float) -> str:
    """As ``clock``, with milliseconds behind a comma: how log lines are dated."""
    milliseconds = datetime.fromtimestamp(moment, UTC).microsecond // 1000
    return f"{clock(moment)},{milliseconds:03d}"
