"""Owns what git knows of a file: whether it is tracked, and whether a `.gitignore` keeps it out."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from typing import TYPE_CHECKING, Literal

from wizard.errors import StorageError
from wizard.local import programs, storage
from wizard.locale import _, enumerated

if TYPE_CHECKING:
    from pathlib import Path

Standing = Literal["outside", "untracked", "tracked", "unknown"]

_SECONDS = 5.0


def standing(path: Path) -> Standing:
    """What git says of ``path``; "unknown" where it can't or won't say, or is only part of another program."""
    if programs.find("git", path.parent) is None:
        return (
            "unknown"
            if any(os.path.lexists(above / ".git") for above in path.absolute().parents)
            else "outside"
        )
    code, out, err = _git(path.parent, "rev-parse", "--is-inside-work-tree")
    if "not a git repository (or any" in err or (code == 0 and out.strip() != "true"):
        return "outside"
    if code != 0:
        return "unknown"
    code, _out, _err = _git(
        path.parent, "--literal-pathspecs", "ls-files", "--error-unmatch", "--", path.name
    )
    answers: dict[int, Standing] = {0: "tracked", 1: "untracked"}
    return answers.get(code, "unknown")


def keep_out(folder: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    """Make git ignore ``names`` in ``folder`` (in a work tree); a ``*`` in a name stands for anything.

    The lines that are missing are appended to the folder's own `.gitignore`, whose word is the last; returns them.
    Raises StorageError where that can't be done.
    """
    missing = _not_ignored(folder, names)
    if not missing:
        return ()
    path = folder / ".gitignore"
    try:
        _append(path, missing)
        left = _not_ignored(folder, missing)
    except (OSError, StorageError) as error:
        refused = storage.refusal(path, error) if isinstance(error, OSError) else error
        raise StorageError(refused.message, _by_hand(path, missing)) from error
    if left:
        raise StorageError(
            _("git still does not ignore {names}.").format(names=enumerated(left)), _by_hand(path, left)
        )
    return missing


def _by_hand(path: Path, lines: tuple[str, ...]) -> str:
    return _("Add these lines to {path} yourself, then try again: {lines}").format(
        path=path, lines=enumerated(lines)
    )


def _append(path: Path, lines: tuple[str, ...]) -> None:
    """Add ``lines`` to the file ``path`` in its own line ending; what it holds and its permissions stay."""
    storage.refuse_special(path)
    try:
        text, mode = path.read_bytes(), stat.S_IMODE(path.lstat().st_mode)
    except FileNotFoundError:
        text, mode = b"", 0o644
    end = b"\r\n" if b"\r\n" in text else b"\n"
    if text and not text.endswith(b"\n"):
        text += end
    storage.remove_stale_temps(
        path.parent, path.name
    )  # what a killed wizard left: the name isn't one that git ignores
    text += b"".join(re.sub(r"([?\[\]!#\\ ])", r"\\\1", line).encode() + end for line in lines)
    storage.write_atomically(path, text, mode=mode)


def _not_ignored(folder: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of ``names`` that git does not ignore in ``folder``; StorageError where it doesn't say."""
    samples = {name.replace("*", "0"): name for name in names}
    given = "\0".join(samples).encode()
    code, out, err = _git(folder, "check-ignore", "--no-index", "--stdin", "-z", given=given)
    if code not in (0, 1):
        raise StorageError(
            _("git could not say what it ignores in {path}: {reason}").format(
                path=folder, reason=err.strip()
            ),
            _by_hand(folder / ".gitignore", names),
        )
    ignored = set(out.split("\0"))
    return tuple(name for sample, name in samples.items() if sample not in ignored)


def _git(folder: Path, *arguments: str, given: bytes = b"") -> tuple[int, str, str]:
    """Exit code, output and errors of git in ``folder``; exit code -1 where it could not be run in time.

    Our environment stays here (a key may be in it, and GIT_DIR would point elsewhere), and no program that the
    folder's own git settings name is started.
    """
    program = programs.find("git", folder)
    if program is None:
        return -1, "", _("git is not there")
    clean = programs.environment(LC_ALL="C", GIT_OPTIONAL_LOCKS="0", GIT_TERMINAL_PROMPT="0")
    settings = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")
    try:
        done = subprocess.run(
            [program, *settings, *arguments],
            cwd=folder,
            env=clean,
            input=given,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return -1, "", str(error)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
