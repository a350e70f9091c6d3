"""A platform all of whose texts are foreign: names, states, logs, errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

from sweeps.answering import Answer, answering

JOB, FILE = "ft-1", "f-1"
WORKING = 2  # looks at a job until it has ended


class Hostile:
    """What it answers; ``refuses``: a method, or a path's part, that gets an error with the text in it."""

    def __init__(self, text: str, refuses: str) -> None:
        self._text = text
        self._refuses = refuses
        self._looks = 0

    def answer(self, method: str, path: str) -> tuple[int, dict[str, Any]]:
        """Status and body."""
        text = self._text
        if self._refuses == "all":
            return 401, {"code": "InvalidApiKey", "message": text, "request_id": text}
        if self._refuses == method and "files" in path:
            failed = [{"name": "own.jsonl", "code": "InvalidFile", "message": text}]
            return 200, {"request_id": "r-1", "data": {"uploaded_files": [], "failed_uploads": failed}}
        part, content = ("output", self._output(path)) if "fine-tunes" in path else ("data", self._data(path))
        return 200, {"request_id": "r-1", part: content}

    def _output(self, path: str) -> dict[str, Any]:
        text = self._text
        if "/logs" in path:
            lines = [text, f"loss {text}", str({"loss": text, "step": 1}), text]
            return {"logs": lines, "total": len(lines)}
        if path.endswith(f"/{JOB}"):
            self._looks += 1
            return self._job("RUNNING" if self._looks <= WORKING else "FAILED")
        jobs = [] if self._refuses else [self._job(text)]
        return {"jobs": jobs, "total": len(jobs)}

    def _data(self, path: str) -> dict[str, Any]:
        if path.endswith(f"/{FILE}"):
            return self._file()
        files = [] if self._refuses else [self._file()]
        return {"files": files, "total": len(files)}

    def _job(self, status: str) -> dict[str, Any]:
        text = self._text
        return {
            "job_id": JOB, "job_name": text, "status": status, "model": text, "training_type": text, "create_time": text,
            "end_time": text, "finetuned_output": text, "message": text, "code": text, "hyper_parameters": {text: text},
            "training_file_ids": [text],
        }  # fmt: skip

    def _file(self) -> dict[str, Any]:
        text = self._text
        return {
            "file_id": FILE,
            "name": text,
            "size": 3,
            "md5": text,
            "gmt_create": text,
            "description": text,
        }


@contextmanager
def speaking(text: str, refuses: str) -> Iterator[str]:
    """Its base URL."""
    hostile = Hostile(text, refuses)

    def answer(request: BaseHTTPRequestHandler) -> Answer:
        status, said = hostile.answer(request.command, request.path.partition("?")[0])
        return status, json.dumps(said).encode(), {}

    with answering(answer) as url:
        yield url
