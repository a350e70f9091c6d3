"""Owns how state in a project folder is opened: all that lies in ``.wizard`` is made, read and appended to through here.

Between the project folder and the file each component is looked at: a link, a file in place of a folder, anything but an
ordinary file in place of one is refused, and so is, for what is written in place, a file with a second name (a hard link).
Reading or replacing such a file can't harm what else has that name. State that belongs to another user of the system (a
mounted volume) is refused until its owner was agreed to, which is remembered outside the project.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from wizard.errors import OwnerUnknown, StorageError
from wizard.local import storage, userstate
from wizard.local.way import STATE, is_link, project_of, walk
from wizard.locale import _

LARGEST = 64 << 20
"""Bytes; a file of ours that is read as a whole is far below it."""

IGNORE = ".gitignore"
_IGNORED = b"*\n"


def folder(path: Path) -> None:
    """Make the folder ``path`` for its owner only, or shut it where it is ours and open to others; git is told to ignore it.

    Raises StorageError, OwnerUnknown and OSError.
    """
    project = project_of(path)
    storage.make_folder(project)
    here = project
    for name in path.relative_to(project).parts:
        here /= name
        try:
            here.mkdir(mode=0o700)
        except FileExistsError:
            found = _folder_at(here, here.lstat(), project)
            if os.name != "nt" and found.st_uid == os.geteuid() and found.st_mode & 0o077:
                here.chmod(0o700)
        else:
            storage.sync_name(here)
        if name == STATE:
            _ignore(here)


def look(path: Path) -> os.stat_result | None:
    """What is at ``path``, or None; the way there is safe. Raises StorageError, OwnerUnknown and OSError."""
    project = project_of(path)
    for here, found in walk(project, path):
        if is_link(found):
            raise _refused(_("{path} is a link, and links are not followed here.").format(path=here))
        if here == path:
            return found
        _folder_at(here, found, project)
    return None


def usable(path: Path) -> bool:
    """Whether the folder ``path`` is there; nothing is made or changed. Raises StorageError, OwnerUnknown and OSError."""
    found = look(path)
    if found is not None:
        _folder_at(path, found, project_of(path))
    return found is not None


def file(path: Path, *, in_place: bool = False) -> Path:
    """``path``, which is an ordinary file or not there yet; ``in_place``: one that will be written without being replaced.

    Raises StorageError, OwnerUnknown and OSError.
    """
    found = look(path)
    if found is not None:
        _refuse_special(path, found, in_place=in_place)
    return path


def opened(path: Path, flags: int, *, in_place: bool = False) -> int:
    """A descriptor of the ordinary file ``path``, made (0600) where ``flags`` say so. Raises StorageError and OSError."""
    descriptor = storage.open_file(file(path, in_place=in_place), flags)
    try:
        _refuse_special(path, os.fstat(descriptor), in_place=in_place)  # it may be another one by now
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read(path: Path) -> bytes:
    """All that ``path`` holds. Raises StorageError and OSError, of which FileNotFoundError says that there is nothing."""
    with open(opened(path, os.O_RDONLY), "rb") as stream:
        data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise _refused(_("{path} is larger than anything that is kept there.").format(path=path))
    return data


def appending(path: Path) -> int:
    """A descriptor that appends to ``path``, which is its owner's alone. Raises StorageError and OSError."""
    descriptor = opened(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, in_place=True)
    try:
        if hasattr(os, "fchmod") and os.fstat(descriptor).st_mode & 0o077:
            os.fchmod(descriptor, 0o600)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def names(path: Path) -> list[str]:
    """What the folder ``path`` holds, sorted; nothing where it isn't there. Raises StorageError."""
    try:
        return sorted(os.listdir(path)) if usable(path) else []  # noqa: PTH208 - names
    except OSError as error:
        raise storage.refusal(path, error, reading=True) from error


def _folder_at(path: Path, found: os.stat_result, project: Path) -> os.stat_result:
    """``found``, where ``path`` is a folder that may be used."""
    if is_link(found):
        raise _refused(_("{path} is a link, and links are not followed here.").format(path=path))
    if not stat.S_ISDIR(found.st_mode):
        raise _refused(_("{path} should be a folder, and is none.").format(path=path))
    foreign = path.name == STATE and os.name != "nt" and found.st_uid != os.geteuid()
    if foreign and not userstate.owner_accepted(project, found.st_uid):
        raise OwnerUnknown(path, found.st_uid)
    return found


def _refuse_special(path: Path, found: os.stat_result, *, in_place: bool) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise _refused(_("{path} should be an ordinary file, and is none.").format(path=path))
    if in_place and found.st_nlink > 1:
        raise _refused(
            _(
                "{path} has a second name elsewhere (a hard link), where each change would be seen too."
            ).format(path=path)
        )


def _refused(sentence: str) -> StorageError:
    return StorageError(
        sentence,
        _("bailian-wizard did not make it. Look at it, then move it away; or start in another folder."),
    )


def _ignore(state: Path) -> None:
    """Keep git's hands off: ``git add -A`` would take session and log, and a checkout would wind the session back."""
    path = state / IGNORE
    if look(path) is None:
        storage.remove_stale_temps(state, IGNORE)
        storage.write_atomically(path, _IGNORED, mode=0o600)
    else:
        file(path)
