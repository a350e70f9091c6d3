"""Every rule there is, collected from where each is declared: beside the check that finds it."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from wizard.data import checking, converting, files, shapes
from wizard.data.findings import Rule

_ROOMS = (files, shapes, checking, converting)


@cache
def rules() -> dict[str, Rule]:
    """By code, in the order of the rooms that a row goes through."""
    found: dict[str, Rule] = {}
    for room in _ROOMS:
        for module in iter_modules(room.__path__, f"{room.__name__}."):
            found |= {
                one.code: one for one in vars(import_module(module.name)).values() if isinstance(one, Rule)
            }
    return found
