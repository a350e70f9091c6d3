"""Owns where this user's own state lies, outside every project, and the owners of mounted folders that were agreed to.

Nothing of a project can say where it is. ``owners.jsonl`` there (0600, in a folder of 0700) has one line for each project
and foreign owner that the user accepted.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

from wizard.errors import UsageError
from wizard.local import storage
from wizard.locale import _

VARIABLE = "BAILIAN_WIZARD_STATE"
NAME = "bailian-wizard"
OWNERS = "owners.jsonl"
_LARGEST = 1_000_000  # bytes of it that are read


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
        path = user_state() / OWNERS
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(path, flags)
    except (OSError, UsageError):
        return False
    with open(descriptor, "rb") as stream:  # noqa: PTH123 - a descriptor, so that no link is followed
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or (hasattr(os, "getuid") and found.st_uid != os.getuid()):
            return False
        lines = stream.read(_LARGEST).splitlines()
    return _line(project, owner) in lines


def accept_owner(project: Path, owner: int) -> None:
    """Remember, durably, that the user agrees to it. Raises StorageError and UsageError."""
    path = user_state() / OWNERS
    flags = (
        os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    )
    try:
        storage.private_folder(path.parent)
        storage.refuse_special(path)
        descriptor = os.open(path, flags, 0o600)
        try:
            os.write(
                descriptor, _line(project, owner) + b"\n"
            )  # one write: two wizards don't mix their lines
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise storage.refusal(path, error) from error
    storage.sync_name(path)


def _line(project: Path, owner: int) -> bytes:
    return json.dumps({"folder": os.path.realpath(project), "owner": owner}).encode()
