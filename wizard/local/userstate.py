"""Owns where this user's own state lies, outside every project, and the owners of mounted folders that were agreed to.

Nothing of a project can say where it is. ``owners.jsonl`` there (0600, in a folder of 0700) has one line for each project
and foreign owner that the user accepted.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wizard.errors import StorageError, UsageError
from wizard.local import storage
from wizard.local.lock import Busy, take
from wizard.locale import _

VARIABLE = "BAILIAN_WIZARD_STATE"
NAME = "bailian-wizard"
OWNERS = "owners.jsonl"
_PATIENCE = 10.0  # seconds for another wizard of this user that is just writing


def user_state() -> Path:
    """The folder of this user's state, which may not be there yet.

    ``BAILIAN_WIZARD_STATE`` places it; else it is where the system keeps such things. Raises UsageError where the
    variable is no absolute path (a relative one would be another folder in each project) or there is no home folder.
    """
    if said := os.environ.get(VARIABLE):
        if not os.path.isabs(said):  # noqa: PTH117 - as the text it is
            raise UsageError(
                _("{name} must be an absolute path, not {value}.").format(name=VARIABLE, value=said),
                _("Set it to a folder outside of your projects, or unset it."),
            )
        return _real(said)
    variable, below = _usual()
    base = os.environ.get(variable, "") if variable else ""
    if base and os.path.isabs(base):  # noqa: PTH117 - XDG: a relative one is ignored
        return _real(base) / NAME
    try:
        home = Path.home()
    except RuntimeError:
        home = Path()
    if not home.is_absolute():  # HOME=. would be the project
        raise UsageError(
            _("There is no home folder in which bailian-wizard could keep its own state."),
            _("Set {name} to a folder for it.").format(name=VARIABLE),
        )
    return _real(home.joinpath(*below)) / NAME


def _real(place: Path | str) -> Path:
    """``place`` without links on the way: here they are the user's own, also where a project lies around it."""
    return Path(os.path.realpath(place))


def _usual() -> tuple[str, tuple[str, ...]]:
    """The variable that names the folder of all programs' state, and where that is below home without it."""
    if sys.platform == "win32":
        return "LOCALAPPDATA", ("AppData", "Local")
    if sys.platform == "darwin":
        return "", ("Library", "Application Support")
    return "XDG_STATE_HOME", (".local", "state")


def owner_accepted(project: Path, owner: int) -> bool:
    """Whether the user has agreed to state in ``project`` that belongs to the user number ``owner``."""
    try:
        return _line(project, owner) in lines(OWNERS)
    except (StorageError, UsageError):
        return False


def accept_owner(project: Path, owner: int) -> None:
    """Remember, durably, that the user agrees to it. Raises StorageError and UsageError."""
    with held(OWNERS):
        append(OWNERS, _line(project, owner))


def lines(name: str) -> list[bytes]:
    """The lines of the file ``name`` here; none where it isn't there. Raises StorageError, UsageError."""
    return (read(name) or b"").splitlines()


def read(name: str) -> bytes | None:
    """All that the file ``name`` here holds; None where it isn't there. Raises StorageError and UsageError.

    One that can't be this user's own (a link, no ordinary file, another owner's) is refused: passing over it would be
    taking for unspent what was spent.
    """
    path = user_state() / name
    try:
        storage.refuse_special(path)
        descriptor = storage.open_file(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise storage.refusal(path, error, reading=True) from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or (hasattr(os, "geteuid") and found.st_uid != os.geteuid()):
            raise StorageError(
                _("{path} belongs to another user, so it can't tell what was spent by you.").format(
                    path=path
                ),
                _("Make it yours (chown), or name another folder with {name}.").format(name=VARIABLE),
            )
        with open(descriptor, "rb", closefd=False) as stream:
            return stream.read()
    except OSError as error:
        raise storage.refusal(path, error, reading=True) from error
    finally:
        os.close(descriptor)


@contextmanager
def held(name: str) -> Iterator[None]:
    """While the block lasts, no other wizard of this user adds to the file ``name``. Raises StorageError and UsageError."""
    path = user_state() / f"{name}.lock"
    try:
        storage.private_folder(path.parent)
        lock = take(path, seconds=_PATIENCE)
    except Busy:
        raise StorageError(
            _("Another bailian-wizard of yours has been writing in {folder} for too long.").format(
                folder=path.parent
            ),
            _("Try again in a moment."),
        ) from None
    except OSError as error:
        raise storage.refusal(path, error) from error
    try:
        yield
    finally:
        lock.release()


def append(name: str, line: bytes) -> None:
    """Add ``line`` to the file ``name`` here (made if absent, 0600), durably, while it is ``held``. Raises StorageError."""
    path = user_state() / name
    try:
        storage.refuse_special(path)
        descriptor = storage.open_file(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        try:
            storage.append_line(descriptor, line)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise storage.refusal(path, error) from error
    storage.sync_name(path)


def _line(project: Path, owner: int) -> bytes:
    return json.dumps({"folder": os.path.realpath(project), "owner": owner}).encode()
