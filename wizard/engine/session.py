"""The session file: every answer, result and effect of one run, kept so that any stop can be gone on from.

``session.json`` lies in a folder of mode 0700, itself 0600, written atomically and durably after every accepted answer
and around every effect, with the version before it beside it as ``session.json.bak``. An operating-system lock keeps a
second wizard out. It never contains the key.

It is obeyed only where it carries this user's seal for this folder (``local/secrets``). A *foreign* one (somebody else's,
one's own that was moved, copied or restored elsewhere, one of a version that sealed nothing) offers its answers and
nothing more; what it says was done counts as ``sent``: it may have happened, so it is looked for and never taken on trust.
"""

from __future__ import annotations

import json
import math
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from secrets import token_hex
from typing import Any, ClassVar, Literal, Self, get_args

from wizard import __version__
from wizard.engine.plan import digest
from wizard.engine.step import Facts, Source
from wizard.errors import (
    SessionBusy,
    SessionDamaged,
    SessionNewer,
    StorageError,
    UsageError,
    WizardError,
    reason,
)
from wizard.local import log, secrets, state
from wizard.local.lock import Busy, Lock, take
from wizard.local.storage import remove, remove_stale_temps, rename, sync_name, write_atomically
from wizard.locale import _, joined

SCHEMA = 2


def _from_1(old: dict[str, Any]) -> dict[str, Any]:
    """Schema 1 had no seal, no offered answers, and did not say with which account something was sent."""
    return old | {"schema": 2, "offered": {}}


MIGRATIONS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _from_1}
"""From each old schema to the next one; each old version is kept as an example under tests/sessions."""

MOMENT = "%Y-%m-%dT%H:%M:%S%z"
"""How times are written."""
MOVES_KEPT = 200
TRUSTED = "trusted"
FILE = "session.json"
SHELF = "sessions"
CHECK = "check"
"""The digest of everything else in the file: a bit that the disk flipped would make another fact, or another job."""

PURPOSE = "session"
_SEALED = re.compile(rb',\n "seal": "([0-9a-f]{64})"\n\}\Z')
"""How a sealed file ends; the seal is over the same bytes with ``\\n}`` in the place of this."""

UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError)

State = Literal["prepared", "sent", "done"]


@dataclass(frozen=True, slots=True)
class Fact:
    """A value, where it came from, and the digest of what it rested on when it was accepted."""

    value: Any
    source: Source
    basis: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What is known of one effect on the platform.

    ``prepared``: decided, but nothing has left that could bring it about. ``sent``: it may have happened. ``done``: the
    platform's ``receipt`` is here. ``known``: ids that were there before, which therefore can't be ours. ``at``: when
    the state was entered, in seconds since 1970. ``account``: with which key and at which address, fit to be shown.
    ``hearsay``: a foreign session says so; ``claimed``: the id that it says came of it.
    """

    key: str
    kind: str
    state: State
    at: float
    known: tuple[str, ...] = ()
    receipt: Mapping[str, Any] | None = None
    account: str = ""
    hearsay: bool = False
    claimed: str = ""


class Session:
    """One run in one folder. Open it with ``Session.open``, which takes the lock; close it to let go."""

    legible: ClassVar[Callable[[Facts], None]] = staticmethod(lambda _facts: None)
    """Raises one of UNREADABLE where recorded results haven't the form that the steps read; the steps' world declares it."""

    def __init__(self, folder: Path, lock: Lock | None) -> None:
        self.folder = folder
        self._lock = lock
        self._swept = False
        self._noted = False
        self.id = token_hex(4)
        self.created = time.strftime(MOMENT)
        self.written_by = __version__
        self.facts: dict[str, Fact] = {}
        self.effects: dict[str, Effect] = {}
        self.moves: list[dict[str, str]] = []
        self.offered: dict[str, Any] = {}
        """Answers of a foreign session, by key: shown where that question is asked, taken by nobody."""
        self.given: dict[str, tuple[Any, Source]] = {}
        """Answers that were given before their questions, which no question has taken yet."""
        self.foreign = False
        """Whether what was read does not carry this user's seal for this folder."""
        self._kept_aside: bytes | None = None

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The session in ``folder``, or a new one there that is written at its first save.

        Raises SessionBusy, SessionNewer, SessionDamaged (the file was set aside; the next start goes on from the copy
        before it, with the approval taken back) and StorageError. What a foreign session says is only hearsay.
        """
        session = cls(folder, _locked(folder))
        try:
            session._load()
            if session.foreign:
                session._disown()
        except BaseException:
            session.close()
            raise
        log.of_session(session.id)
        return session

    @classmethod
    def peek(cls, folder: Path) -> Self | None:
        """The session in ``folder`` to look at only, without its lock, as it is written; None where there is none to read.

        ``foreign`` says whether anything in it may be obeyed.
        """
        return cls._looked_at(folder, folder / FILE)

    @classmethod
    def examine(cls, folder: Path) -> Self | None:
        """As ``peek``, and says why nothing can be read that is there. Raises SessionNewer, SessionDamaged and StorageError."""
        session = cls(folder, None)
        if session._examined(session.path):
            return session
        if state.look(session._previous) is not None:
            raise SessionDamaged(*session._gone())
        return None

    @classmethod
    def unreadable(cls, folder: Path) -> Iterator[WizardError]:
        """Why each session in ``folder`` that can't be read can't: the one that lies there, and those that were put away."""
        try:
            cls.examine(folder)
        except WizardError as trouble:
            yield trouble
        for name in state.names(folder / SHELF):
            if name.endswith(".json"):
                kept = cls(folder, None)
                try:
                    kept._examined(folder / SHELF / name)
                except WizardError as trouble:
                    yield trouble

    @classmethod
    def put_away(cls, folder: Path) -> Iterator[Self]:
        """The sessions that were put away in ``folder``, to look at only; one that can't be read is passed over."""
        for name in state.names(folder / SHELF):
            if name.endswith(".json") and (session := cls._peeked(folder / SHELF / name)) is not None:
                yield session

    @classmethod
    def _peeked(cls, path: Path) -> Self | None:
        """What was put away at ``path``; None where that can't be read."""
        with suppress(StorageError):  # a link, say: nothing that was put away here
            return cls._looked_at(path.parents[1], path)
        return None

    @classmethod
    def _looked_at(cls, folder: Path, path: Path) -> Self | None:
        session = cls(folder, None)
        try:
            session._read(state.read(path))
        except (OSError, SessionNewer, *UNREADABLE):
            return None
        return session

    @property
    def path(self) -> Path:
        """The session file."""
        return self.folder / FILE

    @property
    def known(self) -> Facts:
        """The facts as steps read them."""
        return Facts(
            {key: fact.value for key, fact in self.facts.items()},
            {key: fact.source for key, fact in self.facts.items()},
        )

    def put(self, key: str, fact: Fact) -> None:
        """Remember a fact, durably."""
        self.note(key, fact)
        self.save()

    def note(self, key: str, fact: Fact) -> None:
        """Remember a fact that can be had again, such as a default; ``settle`` or the next save writes it."""
        self.facts[key] = fact
        self.moved(f"{fact.source} {key}")
        self._noted = True

    def settle(self) -> None:
        """Write what was only noted: many defaults cost one write."""
        if self._noted:
            self.save()

    def foreign_before(self) -> Self | None:
        """The foreign session that this one began from, to look at only; None where there is none.

        None too once this one was taken over or has sent something itself: it is another one's continuation no more.
        """
        if self.foreign:
            return self._looked_at(self.folder, self.path)
        own = [effect for effect in self.effects.values() if not effect.hearsay]
        if own or any(move.get("what") == TRUSTED for move in self.moves):
            return None
        kept: dict[Path, int] = {}
        for name in state.names(self.folder / SHELF):
            if name.startswith(f"{self.id}-foreign") and name.endswith(".json"):
                with suppress(OSError, StorageError):  # a link, or gone: none of ours
                    if found := state.look(self.folder / SHELF / name):
                        kept[self.folder / SHELF / name] = found.st_mtime_ns
        newest = max(kept, key=lambda path: kept[path], default=None)
        return self._looked_at(self.folder, newest) if newest is not None else None

    def trust(self) -> None:
        """Take what ``foreign_before`` answered over as this user's own, durably; all but its approval.

        Each answer is still held against its question. Results are made anew, and what it says was sent stays hearsay, which
        is looked for: neither has a question to be held against.
        """
        before = self.foreign_before()
        assert before is not None, "a session that is not foreign is trusted already"
        self.facts = {
            key: fact
            for key, fact in before.facts.items()
            if fact.source != "done" and not key.startswith("review.")
        }
        self.offered, self.moves, self.created = before.offered, before.moves, before.created
        self.given = before.given
        self.foreign = False
        self.moved(TRUSTED)
        self.save()

    def begin_again(self, facts: dict[str, Fact]) -> None:
        """Go on with these facts only, durably; effects stay known."""
        self.facts = facts
        self.moved("started over")
        self.save()

    def drop(self, keys: tuple[str, ...]) -> None:
        """Forget facts that are no longer true."""
        for key in keys:
            self.facts.pop(key, None)
        self.save()

    def enter(self, effect: Effect) -> None:
        """Remember the state of an effect, durably, with the time."""
        self.effects[effect.key] = replace(effect, at=time.time())
        self.moved(f"{effect.state} {effect.kind}")
        self.save()
        receipt = {name: effect.receipt[name] for name in ("id", "adopted")} if effect.receipt else {}
        log.event("effect", kind=effect.kind, key=effect.key, state=effect.state, **receipt)

    def hearsay(self, kind: str) -> tuple[Effect, ...]:
        """What a foreign session said of effects of this kind, as long as nobody has settled it."""
        return tuple(effect for effect in self.effects.values() if effect.hearsay and effect.kind == kind)

    def forget(self, effect: Effect) -> None:
        """An effect that did not happen, and can't happen any more."""
        self.effects.pop(effect.key, None)
        self.moved(f"undone {effect.kind}")
        self.save()
        log.event("effect", kind=effect.kind, key=effect.key, state="undone")

    @property
    def touched(self) -> str:
        """When something was last done in it."""
        return self.moves[-1]["at"] if self.moves else self.created

    @property
    def at(self) -> float:
        """``touched`` in seconds since 1970; 0 where what is written there is no time."""
        return _seconds(self.touched) or 0.0

    def when(self, key: str) -> str:
        """When the fact ``key`` was last accepted; empty where its move is no longer known."""
        made = (move["at"] for move in reversed(self.moves) if move["what"].partition(" ")[2] == key)
        return next(made, "")

    def age(self, key: str) -> float | None:
        """Seconds since the fact ``key`` was accepted, by this computer's clock; None where that isn't known."""
        at = _seconds(self.when(key))
        return None if at is None else time.time() - at

    def moved(self, what: str) -> None:
        """Add to the short log of moves; it is written with the next save."""
        self.moves = [*self.moves[1 - MOVES_KEPT :], {"at": time.strftime(MOMENT), "what": what}]

    def save(self, *, keep_previous: bool = True) -> None:
        """Write everything, atomically and durably; unless told not to, the version before stays beside it.

        One that is only looked at is written nowhere.
        """
        if self._lock is None:
            return
        if not self._swept:  # what a killed wizard left behind
            remove_stale_temps(self.folder, FILE)
            self._swept = True
        if self._kept_aside is not None:  # the foreign one is kept as it is, under a name of our own
            shelf = self.folder / SHELF
            state.folder(shelf)
            write_atomically(_free(shelf, f"{self.id}-foreign"), self._kept_aside, mode=0o600)
            self._kept_aside = None
        document: dict[str, Any] = {
            "schema": SCHEMA,
            "id": self.id,
            "created": self.created,
            "written_by": __version__,
            "facts": {key: asdict(fact) for key, fact in self.facts.items()},
            "effects": [asdict(effect) for effect in self.effects.values()],
            "offered": self.offered,
            "given": {key: list(given) for key, given in self.given.items()},
            "moves": self.moves,
        }
        document[CHECK] = digest(document)
        body = json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")
        seal = self._seal().of(PURPOSE, body)
        data = body.removesuffix(b"\n}") + f',\n "seal": "{seal}"\n}}'.encode()
        write_atomically(self.path, data, mode=0o600, keep_previous=keep_previous)
        self.foreign, self._noted = False, False

    def archive(self) -> Path:
        """Put this session away under ``sessions/`` and start a new one in its place; returns where it went."""
        shelf = self.folder / SHELF
        try:
            state.folder(shelf)
            target = _free(shelf, self.id)
            remove(self._previous)  # first: alone it would come back as the session
            rename(self.path, target)
            sync_name(target)
        except OSError as error:
            raise StorageError(
                _("The session could not be put away to {path}: {reason}").format(
                    path=shelf, reason=reason(error)
                )
            ) from None
        fresh = Session(self.folder, None)
        self.id, self.created = fresh.id, fresh.created
        # What nobody has settled stays to be looked for, whoever starts anew: a script with --new, time and again.
        kept = {key: effect for key, effect in self.effects.items() if effect.hearsay}
        self.facts, self.effects, self.moves, self.offered, self.given = {}, kept, [], {}, {}
        self.foreign, self._kept_aside = False, None
        log.of_session(self.id)
        if kept:
            self.save()
        return target

    def bring_back(self, session_id: str) -> Path | None:
        """Go on with a session that was put away; this one, if there is one, is put away, to the path that is returned.

        Raises UsageError where none there has that id. What nobody has settled of this one stays to be looked for.
        """
        there = self.folder / SHELF
        found = [
            there / name
            for name in state.names(there)
            if name.endswith(".json") and (kept := self._peeked(there / name)) and kept.id == session_id
        ]
        if not found:
            raise UsageError(
                _("No session that was put away here has the id {id}.").format(id=session_id),
                _("See them all: bailian-wizard sessions"),
            )
        own = [path for path in found if path.stem == session_id]
        chosen = (own or found)[-1]
        put = self.archive() if self.path.exists() else None
        unsettled = self.effects
        try:
            chosen.replace(self.path)
            sync_name(self.path)
            sync_name(chosen)
        except OSError as error:
            raise StorageError(
                _("The session could not be brought back from {path}: {reason}").format(
                    path=chosen, reason=reason(error)
                )
            ) from None
        self._load()
        if self.foreign:
            self._disown()
        log.of_session(self.id)
        if unsettled:
            self.effects = unsettled | self.effects
            self.save()
        return put

    def close(self) -> None:
        """Let go of the lock."""
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    @property
    def _previous(self) -> Path:
        """The version before the session file."""
        return self.folder / f"{FILE}.bak"

    def _gone(self) -> tuple[str, str]:
        """That only the version before is there, and what follows from that."""
        return _("The session file {path} is gone; the copy before it is still here.").format(
            path=self.path
        ), _goes_on()

    def _data(self, path: Path) -> bytes | None:
        """What ``path`` holds; None where there is none. Raises StorageError."""
        try:
            return state.read(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(
                _("The session file {path} can't be read: {reason}.").format(path=path, reason=reason(error)),
                joined(_("Check who owns the file and its folder, or choose another folder."), _jobs_still()),
            ) from None

    def _examined(self, path: Path) -> bool:
        """Take over what ``path`` holds; whether there is anything. Raises SessionNewer, SessionDamaged and StorageError."""
        data = self._data(path)
        try:
            if data is not None:
                self._read(data, path)
        except UNREADABLE:
            raise SessionDamaged(
                _("The session file {path} is damaged.").format(path=path), _jobs_still()
            ) from None
        return data is not None

    def _load(self) -> None:
        data = self._data(self.path)
        if data is None:
            if self._data(self._previous) is None:
                return  # a new session, or one whose very first save was cut off: nothing was answered
            raise self._set_aside(None)
        try:
            self._read(data)
        except UNREADABLE:
            raise self._set_aside(data) from None

    def _read(self, data: bytes, path: Path | None = None) -> None:
        """Take over what a session file holds, whatever its schema. Raises SessionNewer or one of UNREADABLE."""
        stored = json.loads(data)
        schema = stored["schema"]
        if isinstance(schema, int) and schema > SCHEMA:
            raise SessionNewer(
                _("The session in {path} was written by a newer version of bailian-wizard.").format(
                    path=path or self.path
                ),
                joined(
                    _("Update bailian-wizard, or start in another folder. Nothing was changed."),
                    _jobs_still(),
                ),
            )
        stored.pop("seal", None)
        check = stored.pop(CHECK, None)  # the first versions wrote none
        if check is not None and (len(check) not in (16, 32) or not digest(stored).startswith(check)):
            raise ValueError
        while schema != SCHEMA:
            stored = MIGRATIONS[schema](stored)
            schema = stored["schema"]
        self._take(stored)
        self.foreign = not self._sealed(data)
        if not self.foreign:
            Session.legible(self.known)

    def _sealed(self, data: bytes) -> bool:
        found = _SEALED.search(data)
        if found is None:
            return False
        try:
            return self._seal().is_on(PURPOSE, data[: found.start()] + b"\n}", found[1].decode())
        except (StorageError, UsageError):
            return False  # without the secret every session is foreign; the first save says what is wrong

    def _seal(self) -> secrets.Seal:
        return secrets.seal(self.folder)

    def _disown(self) -> None:
        """Believe nothing of what was read: answers are offered, and whatever was begun may have happened."""
        try:
            self._kept_aside = state.read(self.path)
        except OSError:
            self._kept_aside = None
        self.offered |= {
            key: fact.value for key, fact in self.facts.items() if fact.source in ("asked", "flag", "answers")
        }
        self.offered |= {key: raw for key, (raw, _source) in self.given.items()}
        self.facts, self.moves, self.given = {}, [], {}
        self.effects = {
            effect.key: Effect(
                effect.key,
                effect.kind,
                "sent",
                time.time(),
                account=_in_a_line(effect.account),
                hearsay=True,
                claimed=_in_a_line(str((effect.receipt or {}).get("id", "")) or effect.claimed),
            )
            for effect in self.effects.values()
        }

    def _doubt(self) -> None:
        """What was read may be older than the truth: what was only prepared in it may have left since.

        Nobody's yes counts any more; its value stays, as what was sent rests on it.
        """
        self.facts = {
            key: replace(fact, basis="") if key.startswith("review.") else fact
            for key, fact in self.facts.items()
        }
        self.effects = {
            key: replace(effect, state="sent", at=time.time()) if effect.state == "prepared" else effect
            for key, effect in self.effects.items()
        }

    def _take(self, stored: Mapping[str, Any]) -> None:
        facts = {key: Fact(**fact) for key, fact in stored["facts"].items()}
        effects = [Effect(**{**effect, "known": tuple(effect["known"])}) for effect in stored["effects"]]
        moves = [dict(move) for move in stored["moves"]]
        offered = dict(stored["offered"])
        given = {key: (raw, source) for key, (raw, source) in stored.get("given", {}).items()}
        if (
            any(source not in ("flag", "answers") for _raw, source in given.values())
            or any(fact.source not in get_args(Source) for fact in facts.values())
            or not all(_sound(effect) for effect in stored["effects"])
            or re.fullmatch("[0-9a-f]{8}", stored["id"]) is None  # it becomes a file's name
        ):
            raise ValueError
        self.id, self.created = stored["id"], str(stored["created"])
        self.written_by = str(stored.get("written_by", "?"))
        self.facts, self.effects = facts, {effect.key: effect for effect in effects}
        self.moves, self.offered, self.given = moves, offered, given

    def _set_aside(self, data: bytes | None) -> SessionDamaged:
        """Keep what is damaged under another name, and go on from the version before; ``data``: None where only that is there.

        Raises SessionNewer where that one, alone, is from a newer version.
        """
        aside = self.folder / f"session.damaged-{time.strftime('%Y%m%d-%H%M%S')}-{token_hex(2)}.json"
        try:
            try:
                self._read(state.read(self._previous), self._previous)
            except (FileNotFoundError, SessionNewer, *UNREADABLE) as unusable:
                if data is None and isinstance(unusable, SessionNewer):
                    raise
                for path, kept in ((self._previous, aside.with_suffix(".bak")), (self.path, aside)):
                    with suppress(FileNotFoundError):
                        rename(path, kept)
                aside = aside if data is not None else aside.with_suffix(".bak")
                hint = _("The next start begins anew.")
            else:
                if data is not None:
                    write_atomically(aside, data, mode=0o600)
                if self.foreign:
                    write_atomically(self.path, state.read(self._previous), mode=0o600)
                else:
                    self._doubt()
                    self.save(keep_previous=False)
                if data is None:
                    return SessionDamaged(*self._gone())
                hint = _goes_on()
        except OSError as error:
            return SessionDamaged(
                _("The session file {path} is damaged, and it can't be set aside: {reason}.").format(
                    path=self.path, reason=reason(error)
                ),
                joined(_("Check who owns the file and its folder, or choose another folder."), _jobs_still()),
            )
        return SessionDamaged(
            _("The session file was damaged. It is kept as {aside}.").format(aside=aside), hint
        )


def _goes_on() -> str:
    return _(
        "The next start goes on from the copy before it; an approval in it that was not used yet is asked again."
    )


def _jobs_still() -> str:
    """What can be done where the session can't be used."""
    return _("Jobs can be looked at all the same: bailian-wizard jobs list, bailian-wizard jobs watch ID")


def _seconds(moment: str) -> float | None:
    """A time as it is written here, in seconds since 1970; None for what is none."""
    try:
        return datetime.strptime(moment, MOMENT).astimezone().timestamp()
    except ValueError:
        return None


def _in_a_line(text: str) -> str:
    """A stranger's words, fit to stand within a sentence."""
    return " ".join(text.split())[:200]


def _sound(effect: Mapping[str, Any]) -> bool:
    """Whether what was read can be an effect; one that is ``done`` has a receipt with its three parts."""
    texts = (
        effect["key"],
        effect["kind"],
        effect.get("account", ""),
        effect.get("claimed", ""),
        *effect["known"],
    )
    if (
        effect["state"] not in get_args(State)
        or not isinstance(effect["at"], int | float)
        or not math.isfinite(effect["at"])
        or not all(isinstance(text, str) for text in texts)
    ):
        return False
    receipt: Mapping[str, Any] | None = effect["receipt"]
    if receipt is None:
        return bool(effect["state"] != "done")
    return (
        set(receipt) == {"id", "data", "adopted"}
        and isinstance(receipt["id"], str)
        and isinstance(receipt["data"], dict)
    )


def _free(shelf: Path, stem: str) -> Path:
    """A path in ``shelf`` that nothing has: what was put away before under the same id is kept."""
    names = (f"{stem}{number}.json" for number in chain(("",), (f"-{again}" for again in count(2))))
    return next(path for name in names if not os.path.lexists(path := shelf / name))


def _locked(folder: Path) -> Lock:
    try:
        state.folder(folder)
        return take(state.file(folder / "lock"))
    except Busy:
        raise SessionBusy(
            _("Another bailian-wizard is at work in {folder}.").format(folder=folder.parent),
            _("Finish or close it first, or start in another folder."),
        ) from None
    except OSError as error:
        raise StorageError(
            _("The wizard can't keep its session in {folder}: {reason}.").format(
                folder=folder, reason=reason(error)
            ),
            joined(_("Start it in a folder that you may write to."), _jobs_still()),
        ) from None
