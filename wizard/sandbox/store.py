"""What the sandbox remembers on disk: files' bytes and particulars, jobs, exports; nothing is told before it is durable.

Bytes lie in ``files/<file id>``, everything else in ``sandbox.sqlite3`` (rollback journal, ``synchronous=EXTRA``, so that a
commit survives the power too). A file is first written to ``incoming/``, synced, renamed and only then recorded; what a
kill leaves behind between these is swept away at the next start. One process at a time: SQLite's exclusive lock.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    id INTEGER PRIMARY KEY AUTOINCREMENT, file_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, description TEXT NOT NULL,
    purpose TEXT, size INTEGER NOT NULL, md5 TEXT NOT NULL, created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT NOT NULL UNIQUE, created REAL NOT NULL, canceled REAL, deleted REAL,
    document TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS exports (
    job_id TEXT NOT NULL, checkpoint TEXT NOT NULL, model_name TEXT NOT NULL UNIQUE, asked REAL NOT NULL,
    PRIMARY KEY (job_id, checkpoint));
"""


class StateBusy(Exception):
    """Another sandbox serves from this folder."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that was uploaded. ``size`` in bytes, ``created`` in seconds since 1970, ``purpose`` None where none was sent."""

    file_id: str
    name: str
    description: str
    purpose: str | None
    size: int
    md5: str
    created: float
    id: int = 0


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A job as it was created, and when it was cancelled or deleted (seconds since 1970)."""

    job_id: str
    created: float
    canceled: float | None
    deleted: float | None
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Export:
    """A checkpoint that was asked to become a model of its own, shown as ``display_name``; ``asked`` in seconds since 1970."""

    job_id: str
    checkpoint: str
    display_name: str
    asked: float


class Store:
    """The account's files and jobs. Safe to use from any thread; ``lock`` makes several calls one."""

    def __init__(self, folder: Path, *, patience: float = 5.0) -> None:
        """Open ``folder`` (made if absent); raises StateBusy if another process has it for longer than ``patience`` seconds."""
        self.lock = threading.RLock()
        self.incoming = folder / "incoming"
        self._files = folder / "files"
        for path in (folder, self.incoming, self._files):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_folder(folder)
        self._database = sqlite3.connect(
            folder / "sandbox.sqlite3", timeout=patience, isolation_level=None, check_same_thread=False
        )
        try:
            self._database.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._database.execute("PRAGMA synchronous=EXTRA")
            self._database.executescript("BEGIN EXCLUSIVE;" + _SCHEMA + "COMMIT;")
        except sqlite3.OperationalError as error:
            self._database.close()
            if "locked" in str(error):
                raise StateBusy(f"Another sandbox serves from {folder}.") from error
            raise
        sync_folder(folder)
        self._sweep()

    def close(self) -> None:
        """Let the folder go."""
        with self.lock:
            self._database.close()

    def _sweep(self) -> None:
        known = {row[0] for row in self._database.execute("SELECT file_id FROM files")}
        for path in [
            *self.incoming.iterdir(),
            *(path for path in self._files.iterdir() if path.name not in known),
        ]:
            path.unlink()

    # -- files

    def add_file(self, file: StoredFile, received: Path) -> None:
        """Take the synced bytes at ``received`` (in ``incoming``) as ``file``."""
        with self.lock:
            received.replace(self.path(file.file_id))
            sync_folder(self._files)
            self._database.execute(
                "INSERT INTO files (file_id, name, description, purpose, size, md5, created) VALUES (?,?,?,?,?,?,?)",
                (file.file_id, file.name, file.description, file.purpose, file.size, file.md5, file.created),
            )

    def path(self, file_id: str) -> Path:
        """Where the bytes of ``file_id`` lie: an id that the store gave, never a client's text."""
        return self._files / file_id

    def file(self, file_id: str) -> StoredFile | None:
        """One file."""
        return next(iter(self._select_files("WHERE file_id = ?", (file_id,))), None)

    def files(
        self,
        limit: int,
        skip: int = 0,
        *,
        after: str | None = None,
        purpose: str | None = None,
        created_after: float | None = None,
        created_before: float | None = None,
    ) -> list[StoredFile]:
        """``limit`` files, newest first, skipping ``skip``; ``after``: those older than that file id."""
        wanted = {
            "id < (SELECT id FROM files WHERE file_id = ?)": after,
            "purpose = ?": purpose,
            "created > ?": created_after,
            "created < ?": created_before,
        }
        filters = {condition: value for condition, value in wanted.items() if value is not None}
        where = f"WHERE {' AND '.join(filters)} " if filters else ""
        return self._select_files(
            f"{where}ORDER BY id DESC LIMIT ? OFFSET ?", (*filters.values(), limit, skip)
        )

    def used(self) -> tuple[int, int]:
        """How many files there are, and their bytes in all."""
        with self.lock:
            count, size = self._database.execute(
                "SELECT COUNT(*), COALESCE(SUM(size), 0) FROM files"
            ).fetchone()
        return count, size

    def delete_file(self, file_id: str) -> bool:
        """Forget a file; whether it was there."""
        with self.lock:
            gone = self._database.execute("DELETE FROM files WHERE file_id = ?", (file_id,)).rowcount > 0
            if gone:
                self.path(file_id).unlink(missing_ok=True)
        return gone

    def _select_files(self, rest: str, values: tuple[Any, ...]) -> list[StoredFile]:
        columns = "file_id, name, description, purpose, size, md5, created, id"
        with self.lock:
            rows = self._database.execute(f"SELECT {columns} FROM files {rest}", values).fetchall()  # noqa: S608 - our own words
        return [StoredFile(*row) for row in rows]

    # -- jobs

    def add_job(self, job: StoredJob) -> None:
        """Record a new job."""
        with self.lock:
            self._database.execute(
                "INSERT INTO jobs (job_id, created, canceled, deleted, document) VALUES (?,?,?,?,?)",
                (job.job_id, job.created, job.canceled, job.deleted, json.dumps(job.document)),
            )

    def jobs(self) -> list[StoredJob]:
        """All jobs, deleted ones too (they once held the queue up), in the order of their creation."""
        with self.lock:
            rows = self._database.execute(
                "SELECT job_id, created, canceled, deleted, document FROM jobs ORDER BY id"
            ).fetchall()
        return [StoredJob(row[0], row[1], row[2], row[3], json.loads(row[4])) for row in rows]

    def cancel_job(self, job_id: str, moment: float) -> None:
        """Record that ``job_id`` was cancelled."""
        with self.lock:
            self._database.execute("UPDATE jobs SET canceled = ? WHERE job_id = ?", (moment, job_id))

    def delete_job(self, job_id: str, moment: float) -> None:
        """Record that ``job_id`` was deleted."""
        with self.lock:
            self._database.execute("UPDATE jobs SET deleted = ? WHERE job_id = ?", (moment, job_id))

    # -- exports

    def add_export(self, export: Export) -> None:
        """Record that a checkpoint is to become a model."""
        with self.lock:
            self._database.execute(
                "INSERT INTO exports (job_id, checkpoint, model_name, asked) VALUES (?,?,?,?)",
                (export.job_id, export.checkpoint, export.display_name, export.asked),
            )

    def exports(self) -> list[Export]:
        """All exports."""
        with self.lock:
            rows = self._database.execute(
                "SELECT job_id, checkpoint, model_name, asked FROM exports"
            ).fetchall()
        return [Export(*row) for row in rows]


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable (Windows keeps them so by itself and can't be asked)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
