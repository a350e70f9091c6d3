"""The two APIs for files: the platform's own (``/api/v1/files``) and OpenAI's (``/compatible-mode/v1/files``).

Shapes: get-file-api and upload-file-api of autumn 2026, openai-file-interface of mid-2026. A limit that is exceeded is told inside an HTTP 200, in ``failed_uploads``. What a file larger than the limit is
told is not published: here it is ``BadRequest.TooLarge`` as for a full store, with words of the sandbox's own.
"""

from __future__ import annotations

import asyncio
import secrets
import time
import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse
from starlette.routing import Route

from wizard.sandbox.store import Store, StoredFile
from wizard.sandbox.upload import Form, Part
from wizard.sandbox.wire import BEIJING, Refusal, answer, answer_plain, clock, endpoint, invalid, number, page

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from wizard.sandbox.options import Options

_NATIVE = "/api/v1/files"
_COMPATIBLE = "/compatible-mode/v1/files"
_MAX_OPENAI_PAGE = 2000
# What a compatible upload may be for, and how its id begins.
_PREFIXES = {"fine-tune": "file-ft-", "batch": "file-batch-", "file-extract": "file-fe-"}
_TIMES = ("%Y%m%d%H%M%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%Y%m%d")


class Files:
    """The endpoints, over one store."""

    def __init__(self, store: Store, options: Options) -> None:
        self._store = store
        self._options = options

    def routes(self) -> list[Route]:
        """Where each endpoint answers."""
        return [
            Route(_NATIVE, endpoint(self.upload), methods=["POST"]),
            Route(_NATIVE, endpoint(self.list), methods=["GET"]),
            Route(_NATIVE + "/{file_id}", endpoint(self.get), methods=["GET"]),
            Route(_NATIVE + "/{file_id}", endpoint(self.delete), methods=["DELETE"]),
            Route(_COMPATIBLE, endpoint(self.upload_compatible), methods=["POST"]),
            Route(_COMPATIBLE, endpoint(self.list_compatible), methods=["GET"]),
            Route(_COMPATIBLE + "/{file_id}", endpoint(self.get_compatible), methods=["GET"]),
            Route(_COMPATIBLE + "/{file_id}", endpoint(self.delete_compatible), methods=["DELETE"]),
            Route(_COMPATIBLE + "/{file_id}/content", endpoint(self.content), methods=["GET"]),
        ]

    async def upload(self, request: Request) -> Response:
        """Parts ``files`` (one or more), ``purpose`` (the vendor's SDK never sends it), ``descriptions``."""
        with Form(self._store.incoming, self._options.max_file_bytes) as form:
            await form.receive(request)
            parts = form.files("files")
            if not parts:
                raise invalid("Required part 'files' is not present.")
            descriptions = [*form.values("descriptions"), *[""] * len(parts)]
            purpose = next(iter(form.values("purpose")), None)
            await asyncio.sleep(self._options.commit_delay)
            uploaded, failed = [], []
            for part, description in zip(parts, descriptions, strict=False):
                try:
                    file = await run_in_threadpool(self._keep, part, str(uuid.uuid4()), description, purpose)
                except Refusal as refusal:
                    failed.append({"name": part.name, "code": refusal.code, "message": refusal.message})
                else:
                    uploaded.append({"file_id": file.file_id, "name": file.name})
        return answer(request, {"data": {"uploaded_files": uploaded, "failed_uploads": failed}})

    async def list(self, request: Request) -> Response:
        """``page_no``, ``page_size``; newest first."""
        page_no, page_size = page(request)
        files = await run_in_threadpool(self._store.files, page_size, (page_no - 1) * page_size)
        total, _ = await run_in_threadpool(self._store.used)
        shown = [_native(file, listed=True) for file in files]
        data = {"total": total, "page_size": page_size, "page_no": page_no, "files": shown}
        return answer(request, {"data": data})

    async def get(self, request: Request) -> Response:
        """One file."""
        return answer(request, {"data": _native(await self._find(request), listed=False)})

    async def delete(self, request: Request) -> Response:
        """Remove one file."""
        await self._remove(request)
        return answer(request, {})

    async def upload_compatible(self, request: Request) -> Response:
        """Part ``file`` and ``purpose``. A limit that is exceeded is a 400 here (not published)."""
        with Form(self._store.incoming, self._options.max_file_bytes) as form:
            await form.receive(request)
            parts = form.files("file")
            if len(parts) != 1:
                raise invalid("Required part 'file' is not present.")
            purpose = next(iter(form.values("purpose")), "")
            if purpose not in _PREFIXES:
                raise invalid(f"purpose must be one of {', '.join(_PREFIXES)}.")
            await asyncio.sleep(self._options.commit_delay)
            file_id = _PREFIXES[purpose] + secrets.token_hex(12)
            file = await run_in_threadpool(self._keep, parts[0], file_id, "", purpose)
        return answer_plain(request, _openai(file))

    async def list_compatible(self, request: Request) -> Response:
        """``after`` (a file id), ``limit``, ``purpose``, ``create_after`` and ``create_before``; newest first."""
        limit = number(request, "limit", _MAX_OPENAI_PAGE, 1, _MAX_OPENAI_PAGE)
        files = await run_in_threadpool(
            self._store.files,
            limit + 1,
            after=request.query_params.get("after") or None,
            purpose=request.query_params.get("purpose") or None,
            created_after=_moment(request, "create_after"),
            created_before=_moment(request, "create_before"),
        )
        shown = [_openai(file) for file in files[:limit]]
        return answer_plain(request, {"object": "list", "data": shown, "has_more": len(files) > limit})

    async def get_compatible(self, request: Request) -> Response:
        """One file."""
        return answer_plain(request, _openai(await self._find(request)))

    async def content(self, request: Request) -> Response:
        """The file's bytes."""
        file = await self._find(request)
        return FileResponse(self._store.path(file.file_id), media_type="application/octet-stream")

    async def delete_compatible(self, request: Request) -> Response:
        """Remove one file."""
        file_id = await self._remove(request)
        return answer_plain(request, {"id": file_id, "object": "file", "deleted": True})

    async def _find(self, request: Request) -> StoredFile:
        file = await run_in_threadpool(self._store.file, request.path_params["file_id"])
        if file is None:
            raise invalid("File not found.")
        return file

    async def _remove(self, request: Request) -> str:
        file_id = str(request.path_params["file_id"])
        if not await run_in_threadpool(self._store.delete_file, file_id):
            raise invalid("File not found.")
        return file_id

    def _keep(self, part: Part, file_id: str, description: str, purpose: str | None) -> StoredFile:
        """Commit one received file; raises Refusal where a limit is exceeded."""
        options = self._options
        if part.path is None:
            message = f"File is too large, <{part.size}> B of <{options.max_file_bytes}> B per file."
            raise Refusal(400, "BadRequest.TooLarge", message)
        with self._store.lock:
            count, used = self._store.used()
            if count >= options.max_files:
                message = f"Out of number, <{count}> of <{options.max_files}> files has been uploaded."
                raise Refusal(400, "BadRequest.TooMany", message)
            if used + part.size > options.max_stored_bytes:
                message = (
                    f"Out of space, <{used}> B of <{options.max_stored_bytes}> B storage space has been used."
                )
                raise Refusal(400, "BadRequest.TooLarge", message)
            file = StoredFile(
                file_id=file_id,
                name=part.name or "",
                description=description,
                purpose=purpose,
                size=part.size,
                md5=part.md5,
                created=time.time(),
            )
            self._store.add_file(file, part.path)
        part.path = None
        return file


def _moment(request: Request, name: str) -> float | None:
    """The query's time ``name``, which is Beijing's, in seconds since 1970; raises Refusal for what is no time."""
    text = request.query_params.get(name)
    if not text:
        return None
    for form in _TIMES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=BEIJING).timestamp()
        except (ValueError, OverflowError):
            continue
    raise invalid(f"{name} must be a time such as 2025-11-12 10:10:10.")


def _native(file: StoredFile, *, listed: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "file_id": file.file_id,
        "name": file.name,
        "description": file.description,
        "size": file.size,
        "md5": file.md5,
        "gmt_create": clock(file.created),
        "url": f"http://sandbox.invalid/{file.file_id}",
    }
    if listed:
        shown = {"id": 1000 + file.id, **shown}
        shown |= {
            "region": "cn-beijing",
            "user_id": "sandbox",
            "api_key_id": "sk-xxxx",
            "purpose": file.purpose,
        }
    return shown


def _openai(file: StoredFile) -> dict[str, Any]:
    return {
        "id": file.file_id,
        "object": "file",
        "bytes": file.size,
        "filename": file.name,
        "purpose": file.purpose,
        "status": "processed",
        "status_details": None,
        "created_at": int(file.created),
    }
