"""Owns ``approved.jsonl``: which plans a person has approved at a terminal for a program that asks by itself; beside the user's secret.

It holds digests only. A line counts for an hour, as a typed word does, and for the folder in which it was typed.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from wizard.local import userstate

FILE = "approved.jsonl"
HOUR = 3600.0
"""Seconds for which it counts."""


def note(digest: str, folder: Path) -> None:
    """Remember, durably, that a person approved the plan with this digest in ``folder``. Raises StorageError and UsageError."""
    line = json.dumps({"digest": digest, "folder": os.path.realpath(folder), "at": time.time()})
    with userstate.held(FILE):
        userstate.append(FILE, line.encode())


def noted(digest: str, folder: Path) -> bool:
    """Whether a person did, within the last hour. Raises StorageError and UsageError."""
    place, now = os.path.realpath(folder), time.time()
    for line in userstate.lines(FILE):
        try:
            said = json.loads(line)
            if (said["digest"], said["folder"]) == (digest, place) and 0 <= now - float(said["at"]) <= HOUR:
                return True
        except (ValueError, KeyError, TypeError):
            continue  # half a line, of a power cut
    return False
