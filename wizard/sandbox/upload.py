"""Receiving a multipart form: files go to disk as they arrive, in constant memory, with their md5 computed on the way."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import uuid
from typing import TYPE_CHECKING, BinaryIO, Self

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from wizard.local import storage
from wizard.sandbox.store import sync_folder
from wizard.sandbox.wire import invalid

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request

_MAX_VALUE = 64 * 1024  # bytes of an ordinary field


@dataclasses.dataclass(slots=True)
class Part:
    """One part of a form. A file has a ``name`` and, unless it is larger than allowed, its bytes at ``path``."""

    field: str
    name: str | None
    path: Path | None = None
    size: int = 0
    md5: str = ""
    value: bytearray = dataclasses.field(default_factory=bytearray)


class Form:
    """A form being received. Use as a context manager: bytes that nobody took are removed at the end."""

    def __init__(self, incoming: Path, max_file_bytes: int) -> None:
        self._incoming = incoming
        self._limit = max_file_bytes
        self._parts: list[Part] = []
        self._header = (bytearray(), bytearray())
        self._disposition: str | None = None
        self._file: BinaryIO | None = None
        self._digest = hashlib.md5(usedforsecurity=False)
        self._complete = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._file is not None:
            self._file.close()
        for part in self._parts:
            if part.path is not None:
                storage.remove(part.path)

    async def receive(self, request: Request) -> None:
        """Read the whole request and sync its files.

        Raises Refusal where it is not a multipart form: after its end, since a client that is still sending can't read.
        """
        kind, parameters = parse_options_header(request.headers.get("content-type"))
        problem = "" if kind == b"multipart/form-data" else "Content-Type must be multipart/form-data."
        parser = self._parser(parameters.get(b"boundary", b"")[:256])
        async for chunk in request.stream():
            if problem:
                continue
            try:
                parser.write(chunk)
            except FormParserError:
                problem = "The multipart form is malformed."
        if problem or not self._complete:
            raise invalid(problem or "The multipart form is incomplete.")
        await run_in_threadpool(self._sync)

    def files(self, name: str) -> list[Part]:
        """The files sent as field ``name``, in order."""
        return [part for part in self._parts if part.name is not None and part.field == name]

    def values(self, name: str) -> list[str]:
        """The ordinary values sent as field ``name``, in order."""
        parts = (part for part in self._parts if part.name is None and part.field == name)
        return [part.value.decode("utf-8", "replace") for part in parts]

    def _sync(self) -> None:
        for part in self._parts:
            if part.path is not None:
                descriptor = storage.open_file(part.path, os.O_RDWR)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
        sync_folder(self._incoming)

    def _parser(self, boundary: bytes) -> MultipartParser:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begins,
                "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
                "on_header_end": self._header_ends,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._data,
                "on_part_end": self._part_ends,
                "on_end": self._ends,
            },
        )

    def _part_begins(self) -> None:
        self._disposition = None

    def _header_ends(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            # Not bytes: the parser would take them for Latin-1 while clients send names in UTF-8.
            self._disposition = value.decode("latin-1")
        self._header = (bytearray(), bytearray())

    def _headers_end(self) -> None:
        _, parameters = parse_options_header(self._disposition)
        name = parameters.get(b"filename")
        part = Part(
            field=parameters.get(b"name", b"").decode("utf-8", "replace"),
            name=None
            if name is None
            else name.decode("utf-8", "replace").replace("\\", "/").rpartition("/")[2],
        )
        if part.name is not None:
            part.path = self._incoming / uuid.uuid4().hex
            self._file = part.path.open("xb")
            self._digest = hashlib.md5(usedforsecurity=False)
        self._parts.append(part)

    def _data(self, data: bytes, start: int, end: int) -> None:
        part = self._parts[-1]
        chunk = memoryview(data)[start:end]
        part.size += len(chunk)
        if part.name is None:
            part.value += chunk[: max(0, _MAX_VALUE - len(part.value))]
        elif part.size > self._limit:
            self._give_up(part)
        elif self._file is not None:
            self._file.write(chunk)
            self._digest.update(chunk)

    def _give_up(self, part: Part) -> None:
        """Too large: the rest is read, and thrown away."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if part.path is not None:
            storage.remove(part.path)
            part.path = None

    def _part_ends(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
            self._parts[-1].md5 = self._digest.hexdigest()

    def _ends(self) -> None:
        self._complete = True
