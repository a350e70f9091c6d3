"""A file on its way out: read in small pieces, hashed as it goes, and held back at the end if it isn't the expected one."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from wizard.bailian import explain
from wizard.errors import Unsendable, reason


class Reader:
    """What the HTTP layer reads an upload from: never more than ``size`` bytes, the size the file had when it was opened.

    The last piece is handed out only if the bytes so far are those of ``md5`` and the file ends there, and after
    ``before_last_byte`` has returned; else Unsendable is raised from ``read``. What a callback raised is kept in ``raised``.
    """

    def __init__(
        self,
        file: BinaryIO,
        name: str,
        *,
        md5: str,
        on_progress: Callable[[int, int], None],
        before_last_byte: Callable[[], None],
    ) -> None:
        self.size = os.fstat(file.fileno()).st_size
        self.raised: tuple[BaseException, TracebackType | None] | None = None
        self._file = file
        self._name = name
        self._md5 = md5.lower()
        self._hash = hashlib.md5(usedforsecurity=False)
        self._on_progress = on_progress
        self._before_last_byte = before_last_byte
        self._position = 0

    @classmethod
    def opened(
        cls,
        path: Path,
        *,
        md5: str,
        on_progress: Callable[[int, int], None],
        before_last_byte: Callable[[], None],
    ) -> Reader:
        """A reader for ``path``; Unsendable for what can't be opened, isn't a plain file, or is empty."""
        try:
            file = path.open("rb")
        except OSError as refusal:
            raise Unsendable(*explain.file_unreadable(path.name, reason(refusal))) from refusal
        reader = cls(file, path.name, md5=md5, on_progress=on_progress, before_last_byte=before_last_byte)
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode) or reader.size == 0:
            file.close()
            raise Unsendable(*explain.file_empty(path.name))
        return reader

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._file.close()

    def read(self, size: int = -1) -> bytes:
        """The next piece; empty at the end. Progress is what earlier pieces amount to: those have left."""
        left = self.size - self._position
        try:
            self._on_progress(self._position, self.size)
            if not left:
                return b""
            piece = self._piece(left if size < 0 else min(size, left))
            if self._position == self.size:
                self._before_last_byte()
        except BaseException as problem:
            self.raised = (problem, problem.__traceback__)
            raise
        return piece

    def _piece(self, size: int) -> bytes:
        try:
            piece = self._file.read(size)
        except OSError as refusal:
            raise Unsendable(*explain.file_unreadable(self._name, reason(refusal))) from refusal
        self._hash.update(piece)
        self._position += len(piece)
        if not piece or (self._position == self.size and not self._expected()):
            raise Unsendable(*explain.file_changed(self._name))
        return piece

    def _expected(self) -> bool:
        return self._hash.hexdigest() == self._md5 and os.fstat(self._file.fileno()).st_size == self.size

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """For finding out the size and starting at the beginning; going back once something was read is a second sending."""
        if whence == io.SEEK_SET and offset == self._position:
            return offset
        if whence == io.SEEK_END and offset == 0:
            return self.size
        raise io.UnsupportedOperation("an upload is read once")

    def tell(self) -> int:
        """How far it has been read."""
        return self._position
