"""A sandbox for tests: ``serving(folder)`` starts the real process and gives its base URL; small tools to talk to it."""

from __future__ import annotations

import http.client
import json
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from patience import PATIENCE

from wizard.data.tokens import Tokenizer
from wizard.sandbox import Running, start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

KEY = "sk-sandbox-0123456789abcdef"
NATIVE = "/api/v1"
COMPATIBLE = "/compatible-mode/v1"
FILES = f"{NATIVE}/files"
TUNES = f"{NATIVE}/fine-tunes"
UNENDING = 0.0001
"""A speed at which a job takes a day: for tests that have to do something before it ends."""


@contextmanager
def running(state: Path, **options: Any) -> Iterator[Running]:
    """A sandbox over ``state``; ``options`` are its command line's (``speed=50``, ``refuse_field=["a"]``, ``forget_job_names=True``)."""
    arguments: list[str] = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            arguments.append(flag)
        else:
            for each in value if isinstance(value, list | tuple) else [value]:
                arguments += [flag, str(each)]
    with start(state, arguments=arguments) as sandbox:
        yield sandbox


@contextmanager
def serving(state: Path, **options: Any) -> Iterator[str]:
    """As ``running``, but gives the base URL only: ``http://127.0.0.1:PORT``."""
    with running(state, **options) as sandbox:
        yield sandbox.url


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; ``body`` is its JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any


def call(
    url: str,
    method: str,
    path: str,
    body: bytes | dict[str, Any] | Iterable[bytes] | None = None,
    *,
    key: str | None = KEY,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request with ``key``; a dict goes as JSON."""
    sent = {"Authorization": f"Bearer {key}"} if key is not None else {}
    if isinstance(body, dict):
        body = json.dumps(body, ensure_ascii=False).encode()
        sent["Content-Type"] = "application/json"
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
    try:
        connection.request(method, path, body, {**sent, **(headers or {})})
        response = connection.getresponse()
        return Answer(
            response.status, {k.lower(): v for k, v in response.getheaders()}, json.loads(response.read())
        )
    finally:
        connection.close()


def form(*parts: tuple[str, str | None, bytes]) -> tuple[bytes, dict[str, str]]:
    """A multipart body of (field, file name or None, bytes), and its headers."""
    boundary = uuid.uuid4().hex
    lines = []
    for field, name, value in parts:
        file_name = "" if name is None else f'; filename="{name}"'
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"{file_name}\r\n\r\n'
        lines.append(head.encode() + value + b"\r\n")
    return b"".join(lines) + f"--{boundary}--\r\n".encode(), {
        "Content-Type": f"multipart/form-data; boundary={boundary}"
    }


def upload(url: str, content: bytes, name: str = "train.jsonl", purpose: str | None = "fine-tune") -> str:
    """Upload one file through the native API; its id."""
    parts: list[tuple[str, str | None, bytes]] = [("files", name, content)]
    if purpose is not None:
        parts.append(("purpose", None, purpose.encode()))
    body, headers = form(*parts)
    answer = call(url, "POST", FILES, body, headers=headers)
    return str(answer.body["data"]["uploaded_files"][0]["file_id"])


def files(url: str, query: str = "page_size=100") -> list[dict[str, Any]]:
    """A page of the native list of files."""
    return list(call(url, "GET", f"{FILES}?{query}").body["data"]["files"])


def tokens(lines: bytes) -> int:
    """What the rows come to in one epoch, as the estimate counts them."""
    return sum(Tokenizer.load().count_lines(lines.splitlines()))


def rows(count: int, answer: str = "答案是 A") -> bytes:
    """``count`` well-formed training rows."""
    lines = [
        json.dumps(
            {
                "messages": [
                    {"role": "user", "content": f"问题 {n:06d}"},
                    {"role": "assistant", "content": answer},
                ]
            },
            ensure_ascii=False,
        )
        for n in range(count)
    ]
    return ("\n".join(lines) + "\n").encode()


def creation(file_id: str, **changes: Any) -> dict[str, Any]:
    """The body of a job's creation that is accepted as it is."""
    hyper_parameters = {"n_epochs": 3, "batch_size": 8, "max_length": 2048, "split": 0.9}
    body = {
        "model": "qwen3-8b",
        "training_file_ids": [file_id],
        "training_type": "efficient_sft",
        "hyper_parameters": hyper_parameters,
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


def create(url: str, file_id: str, **changes: Any) -> str:
    """Create a job; its id."""
    answer = call(url, "POST", TUNES, creation(file_id, **changes))
    assert answer.status == 200, answer
    return str(answer.body["output"]["job_id"])


def job(url: str, job_id: str) -> dict[str, Any]:
    """A job as it is now."""
    output = call(url, "GET", f"{TUNES}/{job_id}").body["output"]
    assert isinstance(output, dict)
    return output


def until(look: Callable[[], Any], wanted: Callable[[Any], bool], patience: float = PATIENCE) -> Any:
    """Look until ``wanted``, and give what was seen."""
    deadline = time.monotonic() + patience
    while not wanted(seen := look()):
        assert time.monotonic() < deadline, seen
        time.sleep(0.02)
    return seen


def ended(url: str, job_id: str) -> dict[str, Any]:
    """The job once it has ended."""
    final = ("SUCCEEDED", "FAILED", "CANCELED")
    seen = until(lambda: job(url, job_id), lambda seen: seen["status"] in final)
    assert isinstance(seen, dict)
    return seen
