"""What happens, for a program that follows it: one JSON object a line, in no human language; nothing where nobody follows."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

from wizard.contract.envelope import VERSION

FORM = f"bailian-wizard/events/{VERSION}"
EVERY = 1.0
"""Seconds between two events of one upload, and at its end."""

Name: TypeAlias = Literal["plan", "upload", "job", "status", "metric", "warning", "result"]
Write: TypeAlias = Callable[[Mapping[str, Any]], None]


_write: list[Write] = []
_last: dict[str, float] = {}


def follow(write: Write | None) -> None:
    """From now on each event goes to ``write``; None: to nobody."""
    _write[:] = [write] if write is not None else []
    _last.clear()


def followed() -> bool:
    """Whether anybody follows."""
    return bool(_write)


def tell(event: Name, **more: Any) -> None:
    """Something happened."""
    for write in _write:
        write({"schema": FORM, "event": event, "at": _now(), **more})


def moved(name: str, sent: int, size: int) -> None:
    """An upload went on; told now and then, and at its end."""
    now = time.monotonic()
    if _write and (sent >= size or now - _last.get(name, -EVERY) >= EVERY):
        _last[name] = now
        tell("upload", name=name, sent=sent, size=size, file_id=None, adopted=False)


def _now() -> str:
    from datetime import datetime

    return datetime.now().astimezone().isoformat(timespec="milliseconds")
