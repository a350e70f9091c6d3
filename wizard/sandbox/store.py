"""What the sandbox remembers on disk: files' bytes and particulars, jobs, exports; nothing is told before it is durable.

Bytes lie in ``files/<file id>``, everything else in ``sandbox.sqlite3`` (rollback journal, ``synchronous=EXTRA``, so that a
commit survives the power too). A file is first written to ``incoming/``, synced, renamed and only then recorded; what a
kill leaves behind between these is swept away at the next start. One process at a time: SQLite's exclusive lock.

Somebody else may have made the folder. A link is nowhere followed; a database is used only where it has our tables and
nothing else, and ids of our shape; a journal only where it names no other file; and only names of our shape are swept.
"""

from __future__ import annotations

import errno
import json
import os
import re
import sqlite3
import stat
import threading
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard.errors import StorageError
from wizard.local import state, storage
from wizard.locale import _

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

DATABASE = "sandbox.sqlite3"
_BESIDE = ("-journal", "-wal", "-shm")
_FILE_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|file-ft-[0-9a-f]{24}")
_RECEIVED = re.compile(r"[0-9a-f]{32}")
_MAGIC = b"SQLite format 3\0"
_ROLLBACK = b"\1\1"  # what a database with a rollback journal has at byte 18
_NAMES_ANOTHER = bytes.fromhex(
    "d9d505f920a163d7"
)  # a journal's end where it names the journal of several databases


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
            state.folder(path)
        database = folder / DATABASE
        _refuse_foreign(database)
        self._database = sqlite3.connect(
            database, timeout=patience, isolation_level=None, check_same_thread=False
        )
        try:
            self._database.execute("PRAGMA trusted_schema=OFF")
            self._database.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._database.execute("PRAGMA synchronous=EXTRA")
            self._database.execute("BEGIN EXCLUSIVE")
            self._recognise(database)
            for statement in _SCHEMA.split(";"):
                self._database.execute(statement)
            self._database.execute("COMMIT")
            sync_folder(folder)
            self._sweep()
        except sqlite3.OperationalError as error:
            self._database.close()
            if "locked" in str(error):
                raise StateBusy(f"Another sandbox serves from {folder}.") from error
            raise
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Let the folder go."""
        with self.lock:
            self._database.close()

    def _recognise(self, path: Path) -> None:
        """StorageError unless the database is ours, or new: nothing is in it but our tables, with ids as we give them."""
        with closing(sqlite3.connect(":memory:")) as model:
            model.executescript(_SCHEMA)
            ours = set(model.execute("SELECT type, name, sql FROM sqlite_master"))
        there = set(self._database.execute("SELECT type, name, sql FROM sqlite_master"))
        if not there:
            return
        if there != ours:
            raise _foreign(path)
        for (file_id,) in self._database.execute("SELECT file_id FROM files"):
            if not _FILE_ID.fullmatch(str(file_id)):
                raise _foreign(path)

    def _sweep(self) -> None:
        """Remove what a kill left: ordinary files that are named as ours are, and that nothing refers to."""
        known = {row[0] for row in self._database.execute("SELECT file_id FROM files")}
        for folder, shape in ((self.incoming, _RECEIVED), (self._files, _FILE_ID)):
            for name in state.names(folder):
                if not shape.fullmatch(name):
                    continue
                if name in known:
                    state.file(folder / name)
                elif stat.S_ISREG((folder / name).lstat().st_mode):
                    storage.remove(folder / name)

    # -- files

    def add_file(self, file: StoredFile, received: Path) -> None:
        """Take the synced bytes at ``received`` (in ``incoming``) as ``file``."""
        with self.lock:
            storage.rename(received, self.path(file.file_id))
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
                try:
                    storage.remove(self.path(file_id))
                except OSError as error:
                    if error.errno != errno.EBUSY:  # somebody is reading it; the next start sweeps it away
                        raise
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


def _refuse_foreign(path: Path) -> None:
    """StorageError where SQLite must not open the database at ``path``, as that alone would change something.

    A journal that was left is obeyed by whoever opens the database. Ours concern one database only; one that names the
    journal of several would have SQLite delete the file of that name, whatever and wherever that is.
    """
    for beside in _BESIDE:
        state.file(path.with_name(path.name + beside), in_place=True)
    try:
        with open(state.opened(path, os.O_RDONLY, in_place=True), "rb") as stream:  # noqa: PTH123 - a descriptor
            head = stream.read(20)
    except FileNotFoundError:
        head = b""
    if head and (not head.startswith(_MAGIC) or head[18:20] != _ROLLBACK):
        raise _foreign(path)
    journal = path.with_name(path.name + "-journal")
    try:
        with open(state.opened(journal, os.O_RDONLY, in_place=True), "rb") as stream:  # noqa: PTH123 - a descriptor
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - len(_NAMES_ANOTHER)))
            end = stream.read()
    except FileNotFoundError:
        return
    if end == _NAMES_ANOTHER:
        raise _foreign(journal)


def _foreign(path: Path) -> StorageError:
    return StorageError(
        _("{path} was not made by the sandbox.").format(path=path),
        _("Look at it, then move it away; or start in another folder."),
    )


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable (Windows keeps them so by itself and can't be asked)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
