"""Owns the user's secret, outside every project: by it a file in a folder is known to be this user's own, made in this very folder.

A folder can be anybody's work: cloned, unpacked, shared, copied back from a backup. So what the wizard writes there and
obeys later carries a seal: HMAC-SHA256 over the purpose, the resolved folder and the exact bytes, with 32 random bytes
that lie in the user's state folder (0600). Whoever lacks the secret can't seal; who moves a file makes it foreign.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass, field
from pathlib import Path

from wizard.errors import StorageError
from wizard.local import storage
from wizard.local.lock import Busy, take
from wizard.local.userstate import user_state
from wizard.locale import _

FILE = "secret"
LENGTH = 32  # bytes
_PATIENCE = 10.0  # seconds for another process that is just making it


@dataclass(frozen=True, slots=True)
class Seal:
    """What this user's files in ``place`` are sealed with."""

    place: Path
    _secret: bytes = field(repr=False)

    def of(self, purpose: str, data: bytes) -> str:
        """64 hex digits that only this user, for this purpose and place, can put beside ``data``."""
        parts = (purpose.encode(), os.fsencode(self.place), data)
        message = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        return hmac.new(self._secret, message, hashlib.sha256).hexdigest()

    def is_on(self, purpose: str, data: bytes, seal: str) -> bool:
        """Whether ``seal`` is the one of ``data``."""
        return hmac.compare_digest(self.of(purpose, data).encode(), seal.encode("utf-8", "replace"))


def seal(folder: Path) -> Seal:
    """The seal for what lies in ``folder``. The secret is made at the first use. Raises StorageError."""
    return Seal(folder.resolve(), _secret())


def _secret() -> bytes:
    home = user_state()
    path = home / FILE
    try:
        found = _read(path)
        if found is None:
            storage.private_folder(home)
            with_lock = take(home / f"{FILE}.lock", seconds=_PATIENCE)
            try:
                found = _read(path)
                if found is None:
                    found = os.urandom(LENGTH)
                    storage.write_atomically(path, found, mode=0o600)
            finally:
                with_lock.release()
    except (OSError, Busy) as error:
        refused = storage.refusal(path, error) if isinstance(error, OSError) else None
        raise _unusable(home, refused.message if refused else "") from None
    except StorageError as error:
        raise _unusable(home, error.message) from None
    return found


def _read(path: Path) -> bytes | None:
    """The secret; None where there is none that is whole. A link is not followed."""
    flags = (
        os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        return None
    try:
        data = os.read(descriptor, LENGTH + 1)
    finally:
        os.close(descriptor)
    return data if len(data) == LENGTH else None


def _unusable(home: Path, reason: str) -> StorageError:
    return StorageError(
        _("The wizard can't keep what marks your sessions as yours in {folder}. {reason}")
        .format(folder=home, reason=reason)
        .strip(),
        _(
            "Make that folder writable, or name another one with the environment variable BAILIAN_WIZARD_STATE."
        ),
    )
