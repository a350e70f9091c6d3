"""What will be done, as data, and the digest that an approval is given to."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any


def digest(value: Any) -> str:
    """32 hex digits (128 bits) that stand for a JSON value, whatever the order of its keys."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the plan. ``value`` is what counts, ``shown`` how a person reads it, ``edits`` the field to change it."""

    key: str
    label: str
    value: Any
    shown: str
    edits: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """All lines, in order. Equal values give an equal digest; how they are worded or where they came from doesn't count.

    ``besides``: keys of lines that don't make it another undertaking, such as a name.
    """

    items: tuple[Item, ...]
    besides: tuple[str, ...] = ()

    @property
    def base(self) -> str:
        """Equal for plans that would do the same once more."""
        return digest({item.key: item.value for item in self.items if item.key not in self.besides})

    @property
    def digest(self) -> str:
        """What ``plan`` prints and ``--approve`` takes."""
        return digest({item.key: item.value for item in self.items})
