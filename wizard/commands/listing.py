"""A list for people: its rows, and what goes for all of them."""

from __future__ import annotations

from wizard.engine.view import Table, Text, View

SHOWN = 100
"""Entries of a list, unless all are wanted."""


def table(listed: Table, *remarks: str, none: str = "") -> View:
    """The rows and what goes for all of them; where there are none, only that."""
    if none and not listed.rows:
        return View((Text(none),))
    return View((listed, *(Text(remark, "dim") for remark in remarks if remark)))


def size(length: int | None) -> str:
    """So many bytes, for a person; "?" where that is not known."""
    from wizard.steps.wording import bytes_shown

    return "?" if length is None else bytes_shown(length)
