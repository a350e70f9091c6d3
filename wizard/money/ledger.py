"""Owns the ledger of a folder: which approval was spent on what, and what came of it. It outlives sessions; nothing is ever taken out.

``ledger.jsonl`` lies beside the session, one JSON object a line, each with this user's seal for this folder; a line without
it is somebody else's word: shown, never acted on. The same lines stand beside the user's secret too, so that whoever deletes
the folder, or winds it back, frees no approval. Neither ever contains a key or a row.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from decimal import Decimal
from pathlib import Path
from secrets import token_hex
from typing import Any, Literal

from wizard.local import secrets, state, storage, userstate

FILE = "ledger.jsonl"
MARKS = "spent.jsonl"
PURPOSE = "ledger"
_SEALED = re.compile(rb', "seal": "([0-9a-f]{64})"\}\Z')

Kind = Literal["spent", "freed", "receipt", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line. ``approval``: the plan's digest; ``base``: what is equal for the same data, model and settings.

    ``platform`` and ``key``: the address and the key's fingerprint. ``id`` and ``status``: of the job, where it is known.
    ``number``: of this very line, drawn at random, so that a line that is met again, here or there, is known to be the same.
    ``frees``: the number of the spent line that this one frees. ``most``: what was approved to be spent at most, in ``currency``; "" in
    lines of earlier versions.
    """

    kind: Kind
    approval: str
    base: str
    session: str
    platform: str
    key: str
    id: str = ""
    status: str = ""
    at: str = ""
    place: str = ""
    number: str = ""
    frees: str = ""
    most: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Spent:
    """An approval that was spent and not freed; ``id`` and ``status`` of its job are empty while nobody knows them."""

    approval: str
    session: str
    at: str
    id: str = ""
    status: str = ""


class Ledger:
    """The ledger in the state folder ``folder``. ``everywhere``: this user's lines of other folders count too."""

    def __init__(self, folder: Path, *, everywhere: bool) -> None:
        self._path = folder / FILE
        self._folder = folder
        self._place = str(folder.resolve())
        self._everywhere = everywhere
        self._entries: tuple[Entry, ...] | None = None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """This user's lines, each once: those beside the secret as they were written, then what only this folder has."""
        if self._entries is None:
            own = [entry for entry, sealed in self._lines() if sealed]
            marks = (_entry(line) for line in userstate.lines(MARKS))
            theirs = [
                mark for mark in marks if mark is not None and (self._everywhere or mark.place == self._place)
            ]
            self._entries = tuple(dict.fromkeys([*theirs, *own]))
        return self._entries

    def foreign(self) -> tuple[Entry, ...]:
        """Lines here that don't carry this user's seal for this folder."""
        return tuple(entry for entry, sealed in self._lines() if not sealed)

    def spent(self) -> Iterator[tuple[str, Spent]]:
        """Each approval that was spent and not freed, or has a job, with the base of its plan.

        A line frees the very line whose number it has: neither a clock that was set back, nor a line that stands twice, in
        another place, or is missing, makes more free than was spent.
        """
        found: dict[tuple[str, str], tuple[str, Spent]] = {}
        freed = {entry.frees for entry in self.entries if entry.kind == "freed"}
        open_still = {
            (entry.approval, entry.session)
            for entry in self.entries
            if entry.kind == "spent" and entry.number not in freed
        }
        for entry in self.entries:
            key = entry.approval, entry.session
            base, known = found.get(key, (entry.base, Spent(entry.approval, entry.session, entry.at)))
            found[key] = base, replace(known, id=entry.id or known.id, status=entry.status or known.status)
        yield from (known for key, known in found.items() if key in open_still or known[1].id)

    def spent_by(self, session: str, approval: str) -> bool:
        """Whether this session spent this approval, and nothing freed it."""
        return any((one.session, one.approval) == (session, approval) for _base, one in self.spent())

    def on(self, base: str) -> tuple[Spent, ...]:
        """What was spent on the same data, model and settings, oldest first."""
        return tuple(one for known, one in self.spent() if known == base)

    def job_of(self, session: str, approval: str) -> str:
        """The job that this session's approval is known to have brought about; empty while nobody knows one."""
        found = (one.id for _base, one in self.spent() if (one.session, one.approval) == (session, approval))
        return next(found, "")

    def jobs_of_others(self, session: str) -> frozenset[str]:
        """Ids of jobs that only other sessions' approvals are known to have brought about."""
        ids = {
            mine: {entry.id for entry in self.entries if entry.id and (entry.session == session) is mine}
            for mine in (True, False)
        }
        return frozenset(ids[False] - ids[True])

    def end_of(self, job_id: str) -> str:
        """How the job is known to have ended; empty where it isn't."""
        ends = [entry.status for entry in self.entries if (entry.kind, entry.id) == ("ended", job_id)]
        return ends[-1] if ends else ""

    def note_end(self, job_id: str, session: str, status: str) -> None:
        """Write down, once, how a job ended whose receipt is here. Raises StorageError."""
        receipts = [
            one for one in self.entries if (one.kind, one.id, one.session) == ("receipt", job_id, session)
        ]
        if receipts and self.end_of(job_id) != status:
            with self.held():
                self.write(replace(receipts[-1], kind="ended", status=status))

    def approved_this_month(self, currency: str) -> Decimal:
        """What the approvals that were spent in this calendar month, and not freed, may cost at most, in ``currency``."""
        freed = {entry.frees for entry in self.entries if entry.kind == "freed"}
        month = time.strftime("%Y-%m")
        return sum(
            (
                Decimal(entry.most)
                for entry in self.entries
                if (entry.kind, entry.currency, entry.at[:7]) == ("spent", currency, month)
                and entry.most
                and entry.number not in freed
            ),
            Decimal(),
        )

    def has(self, entry: Entry) -> bool:
        """Whether this is written already, whenever and wherever it was."""
        return any(replace(known, at="", place="", number="") == entry for known in self.entries)

    def said_elsewhere(self, approval: str) -> bool:
        """Whether a line here that isn't this user's says that this very approval was spent: no proof, and reason to look."""
        foreign = self.foreign()
        freed = {entry.frees for entry in foreign if entry.kind == "freed"}
        return any(
            (entry.kind, entry.approval) == ("spent", approval) and entry.number not in freed
            for entry in foreign
        )

    @contextmanager
    def held(self) -> Iterator[None]:
        """While the block lasts, no other wizard of this user writes; what others wrote before is seen. Raises StorageError."""
        with userstate.held(MARKS):
            self._entries = None
            yield

    def write(self, entry: Entry) -> None:
        """Add a line, durably, here and beside the secret, while ``held``. Raises StorageError."""
        entry = replace(
            entry, at=time.strftime("%Y-%m-%dT%H:%M:%S%z"), place=self._place, number=token_hex(8)
        )
        if entry.kind == "freed":
            entry = replace(entry, frees=self._last_spent(entry))
        body = json.dumps(asdict(entry), ensure_ascii=False).encode()
        seal = secrets.seal(self._folder).of(PURPOSE, body)
        self._entries = None  # whatever of it comes to stand
        userstate.append(MARKS, body)
        try:
            descriptor = state.opened(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, in_place=True)
            try:
                storage.append_line(descriptor, body[:-1] + f', "seal": "{seal}"}}'.encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            raise storage.refusal(self._path, error) from error
        storage.sync_name(self._path)

    def _last_spent(self, freeing: Entry) -> str:
        spent = [
            known.number
            for known in self.entries
            if (known.kind, known.approval, known.session) == ("spent", freeing.approval, freeing.session)
        ]
        return spent[-1] if spent else ""

    def _lines(self) -> Iterator[tuple[Entry, bool]]:
        try:
            lines = state.read(self._path).splitlines()
        except FileNotFoundError:
            return
        except OSError as error:
            raise storage.refusal(self._path, error, reading=True) from error
        if not lines:
            return
        seal = secrets.seal(self._folder)
        for line in lines:
            found = _SEALED.search(line)
            body = line[: found.start()] + b"}" if found else line
            entry = _entry(body)
            if entry is not None:
                yield entry, found is not None and seal.is_on(PURPOSE, body, found[1].decode())


def _entry(line: bytes) -> Entry | None:
    """The line's entry; None for what is none, such as a line that a power cut left half."""
    try:
        values: dict[str, Any] = json.loads(line)
        entry = Entry(**{known.name: values[known.name] for known in fields(Entry) if known.name in values})
    except (ValueError, TypeError, RecursionError):
        return None
    return entry if all(isinstance(value, str) for value in asdict(entry).values()) else None
