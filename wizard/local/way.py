"""Owns the way to a file: what counts as a link, and that none lies between a project folder and what is written below it.

A folder that somebody else made can have a link at any place, to any file of the user's. So what a project names is walked to
from the project on, component by component, and a link ends the walk. Where the project itself is, and what the user
names outside of it, is the user's: there the system's own rules hold. Somebody who changes the folder in the very
moment between the look and the opening is not kept out, but for the last component, which is opened without following.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from wizard.errors import StorageError
from wizard.locale import _

STATE = ".wizard"
"""The folder in a project that holds all that is kept between two starts there."""

WITHOUT_FOLLOWING = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""To open with: fails at a link, waits for nobody at a pipe, changes no byte."""

_REPARSE_POINT = 0x400  # Windows: FILE_ATTRIBUTE_REPARSE_POINT
_NAME_SURROGATE = 0x20000000  # of a reparse tag: it stands for another name (symbolic link, junction, volume)


def is_link(found: os.stat_result) -> bool:
    """Whether this leads elsewhere: a symbolic link, or a junction; a cloud drive's placeholder doesn't."""
    if stat.S_ISLNK(found.st_mode):
        return True
    attributes, tag = getattr(found, "st_file_attributes", 0), getattr(found, "st_reparse_tag", 0)
    return bool(attributes & _REPARSE_POINT and tag & _NAME_SURROGATE)


def project_of(path: Path) -> Path:
    """The folder in which the state at ``path`` lies; for a path without ``.wizard`` in it, the folder of the last component."""
    parts = path.parts
    if STATE not in parts:
        return path.parent
    return Path(*parts[: len(parts) - 1 - parts[::-1].index(STATE)])


def walk(root: Path, path: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Each component of ``path`` below ``root``, and what is there itself; ends before one that isn't there. Raises OSError."""
    here = root
    for name in path.relative_to(root).parts:
        here /= name
        try:
            yield here, here.lstat()
        except FileNotFoundError:
            return


def refuse_links(path: Path) -> None:
    """StorageError where a component of ``path`` below the current folder is a link; missing ones are none.

    What leads out of the current folder, such as another absolute path, is not looked at: the user named it.
    """
    try:
        current = Path.cwd()
    except FileNotFoundError:
        return  # it is gone, and so is all below it
    for here in _below(current, path):
        try:
            found = here.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return
        if is_link(found):
            raise StorageError(
                _("Can't write {path}: {link} is a link, and links of this folder are not followed.").format(
                    path=path, link=here
                ),
                _("It leads to {target}. If that is where you want it, name that place itself.").format(
                    target=os.path.realpath(here)
                ),
            )


def _below(root: Path, path: Path) -> Iterator[Path]:
    """The components of ``path`` that lie below ``root``, as far as the path stays there."""
    try:
        parts = (root / path).relative_to(root).parts
    except ValueError:
        return
    names: list[str] = []
    for name in parts:
        if name != os.pardir:
            names.append(name)
        elif not names:
            return
        else:
            names.pop()
            continue
        yield root.joinpath(*names)
