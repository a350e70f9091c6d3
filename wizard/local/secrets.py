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

from wizard.errors import StorageError, UsageError
from wizard.local import storage, userstate
from wizard.local.userstate import VARIABLE, user_state
from wizard.local.way import STATE, project_of
from wizard.locale import _

FILE = "secret"
LENGTH = 32  # bytes


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
    """The seal for what lies in ``folder``. The secret is made at the first use. Raises StorageError and UsageError."""
    if STATE in folder.parts:
        _refuse_inside(project_of(folder))
    return Seal(folder.resolve(), _secret())


def _refuse_inside(project: Path) -> None:
    """Whoever makes the project must not be able to bring the secret along; one's own home folder nobody else makes."""
    home, place = user_state().resolve(), project.resolve()
    if home.is_relative_to(place) and place != _own_home():
        raise UsageError(
            _("{folder}, where the wizard keeps what is yours alone, lies inside this project.").format(
                folder=home
            ),
            _("Name a folder outside of it with {name}.").format(name=VARIABLE),
        )


def _own_home() -> Path:
    """The home folder as the system knows it, whatever the environment says."""
    try:
        import pwd
    except ImportError:
        return Path.home().resolve()
    try:
        return Path(pwd.getpwuid(os.geteuid()).pw_dir).resolve()
    except KeyError:
        return Path(os.sep)


def _secret() -> bytes:
    home = user_state()
    try:
        found = _read()
        if found is None:
            with userstate.held(FILE):
                found = _read()
                if found is None:
                    found = os.urandom(LENGTH)
                    storage.write_atomically(home / FILE, found, mode=0o600)
    except StorageError as error:
        raise _unusable(home, error.message) from None
    return found


def _read() -> bytes | None:
    """The secret; None where there is none that is whole."""
    data = userstate.read(FILE)
    return data if data is not None and len(data) == LENGTH else None


def _unusable(home: Path, reason: str) -> StorageError:
    return StorageError(
        _("The wizard can't keep what marks your sessions as yours in {folder}. {reason}").format(
            folder=home, reason=reason
        ),
        _(
            "Make that folder writable, or name another one with the environment variable BAILIAN_WIZARD_STATE."
        ),
    )
