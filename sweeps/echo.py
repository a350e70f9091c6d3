"""A platform that repeats the key it was sent, in every way in which a server can."""

from __future__ import annotations

import base64
import gzip
import html
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import quote

from sweeps.answering import Answer, answering


def _error(code: str, message: str, **more: str) -> bytes:
    return json.dumps({"code": code, "message": message, "request_id": "r-1", **more}).encode()


def _lists(key: str) -> dict[str, Any]:
    """An answer to any read that is well formed and has the key wherever a text may be."""
    job = {
        "job_id": "ft-1", "job_name": f"job {key}", "status": f"RUNNING {key}", "model": key, "training_type": key,
        "create_time": key, "finetuned_output": key, "message": key, "code": key, "hyper_parameters": {key: key},
        "training_file_ids": [key],
    }  # fmt: skip
    file = {
        "file_id": "f-1",
        "name": f"{key}.jsonl",
        "size": 3,
        "md5": key,
        "gmt_create": key,
        "description": key,
    }
    return {
        "request_id": key,
        "output": {**job, "jobs": [job], "total": 1, "logs": [f"a line with {key}", key], "page_no": 1},
        "data": {**file, "files": [file], "total": 1},
    }


def answers(kind: str, key: str, elsewhere: str) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of what the server says for ``kind``."""
    echo = f"Incorrect API key provided: {key} (Bearer {key})"
    statuses = {"400": "InvalidParameter", "401": "InvalidApiKey", "403": "AccessDenied", "404": "NotFound"}
    statuses |= {"409": "Conflict", "429": "Throttling", "500": "InternalError", "503": "Busy"}
    table: dict[str, tuple[int, bytes, dict[str, str]]] = {
        **{status: (int(status), _error(code, echo), {}) for status, code in statuses.items()},
        "401-in-the-code": (401, _error(key, key, request_id=key), {}),
        "401-in-a-header": (401, _error("InvalidApiKey", "No."), {"X-Request-Id": key, "Set-Cookie": key}),
        "401-split": (401, _error("InvalidApiKey", f"{key[:9]}\u200b{key[9:]} \x1b[31m{key}\x00"), {}),
        "401-base64": (401, _error("InvalidApiKey", base64.b64encode(f"Bearer {key}".encode()).decode()), {}),
        "401-url": (401, _error("InvalidApiKey", f"https://host/?key={quote(key, safe='')}"), {}),
        "401-escaped": (
            401,
            b'{"code": "InvalidApiKey", "message": "'
            + "".join(f"\\u{ord(letter):04x}" for letter in key).encode()
            + b'"}',
            {},
        ),
        "401-one-letter": (
            401,
            _error("InvalidApiKey", echo).replace(key.encode(), f"\\u{ord(key[0]):04x}{key[1:]}".encode()),
            {},
        ),
        "401-twice-escaped": (401, _error("InvalidApiKey", f"\\u{ord(key[0]):04x}{key[1:]}"), {}),
        "401-gzip": (401, gzip.compress(_error("InvalidApiKey", echo)), {"Content-Encoding": "gzip"}),
        "502-html": (502, f"<html>{echo}</html>".encode(), {"Content-Type": "text/html"}),
        "502-entities": (
            502,
            f"<html>{''.join(f'&#{ord(letter)};' for letter in key[:3])}{html.escape(key[3:])}</html>".encode(),
            {"Content-Type": "text/html"},
        ),
        "200-html": (200, f"<html>{echo}</html>".encode(), {"Content-Type": "text/html"}),
        "200-code": (200, _error("InvalidApiKey", echo), {}),
        "200-cut": (200, json.dumps(_lists(key)).encode()[:-20], {"Content-Length": "100000"}),
        "200-wrong-types": (
            200,
            json.dumps({"output": key, "data": [key], "request_id": [key]}).encode(),
            {},
        ),
        "200-everywhere": (200, json.dumps(_lists(key)).encode(), {}),
        "302": (302, echo.encode(), {"Location": f"{elsewhere}/login?key={quote(key, safe='')}"}),
        "307": (307, echo.encode(), {"Location": f"{elsewhere}/api/v1/files"}),
    }
    return table[kind]


KINDS = (
    "400", "401", "403", "404", "409", "429", "500", "503", "401-in-the-code", "401-in-a-header", "401-split", "401-base64",
    "401-url", "401-escaped", "401-one-letter", "401-twice-escaped", "401-gzip", "502-html", "502-entities", "200-html", "200-code", "200-cut", "200-wrong-types",
    "200-everywhere", "302", "307",
)  # fmt: skip


@contextmanager
def echoing(kind: str, elsewhere: str) -> Iterator[str]:
    """Its base URL; ``elsewhere`` is where it sends those whom it redirects."""

    def answer(request: BaseHTTPRequestHandler) -> Answer:
        return answers(kind, request.headers.get("Authorization", "").removeprefix("Bearer "), elsewhere)

    with answering(answer) as url:
        yield f"{url}/api/v1"
