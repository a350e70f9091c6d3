"""Owns what this program starts: where other programs are looked for, and what a child may know of our environment."""

from __future__ import annotations

import os
from pathlib import Path

_KNOWN = frozenset(
    {
        "APPDATA",
        "BAILIAN_WIZARD_STATE",
        "DYLD_LIBRARY_PATH",
        "HOME",
        "LANG",
        "LC_ALL",
        "LC_CTYPE",
        "LD_LIBRARY_PATH",
        "LOCALAPPDATA",
        "PATHEXT",
        "SYSTEMROOT",
        "TEMP",
        "TMP",
        "TMPDIR",
        "TZ",
        "USERPROFILE",
        "XDG_CONFIG_HOME",
        "XDG_STATE_HOME",
    }
)
"""Everything else stays here: keys, tokens, proxies, and what would make another program of a child."""


_ENDINGS = (".exe", ".com") if os.name == "nt" else ("",)
"""Not ``.bat``: its arguments are read by a shell. And not ``shutil.which``: on Windows it looks in the current folder first."""
_NOT_HERE = {"NoDefaultCurrentDirectoryInExePath": "1"} if os.name == "nt" else {}
"""What a child starts in its turn, Windows doesn't look for in the folder where that stands either."""


def environment(**more: str) -> dict[str, str]:
    """The environment of every child: what it needs of ours, and ``more``; where it looks for programs we would too."""
    known = {name: value for name, value in os.environ.items() if name.upper() in _KNOWN}
    return {**known, "PATH": os.pathsep.join(_folders()), **_NOT_HERE, **more}


def find(name: str, folder: Path) -> str | None:
    """The program ``name`` of this computer; never one that lies in ``folder`` or in the current folder."""
    for place in _folders(folder):
        for ending in _ENDINGS:
            whole = os.path.join(place, name + ending)  # noqa: PTH118 - as PATH has it
            if os.path.isfile(whole) and os.access(whole, os.X_OK):  # noqa: PTH113
                return whole
    return None


def _folders(*without: Path) -> list[str]:
    """The folders of ``PATH`` that are the same wherever one stands, and that no project has put there."""
    projects = [os.path.realpath(path) for path in (*without, Path())]
    named = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return [
        place
        for place in named
        if os.path.isabs(place) and not any(_below(os.path.realpath(place), project) for project in projects)  # noqa: PTH117
    ]


def _below(place: str, project: str) -> bool:
    place, project = os.path.normcase(place), os.path.normcase(project)
    return place == project or place.startswith(project.rstrip(os.sep) + os.sep)
