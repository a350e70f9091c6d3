"""What ``--json`` printed: read, and held to its schema, by every test that looks at it."""

from __future__ import annotations

import functools
import json
from typing import Any

from jsonschema import Draft202012Validator

from wizard.contract import schema


def envelope(printed: str | bytes) -> dict[str, Any]:
    """The one object on standard output, which is as the published schema says, without a name that isn't in it."""
    told = json.loads(printed)
    assert [] == [f"{'/'.join(map(str, one.absolute_path))}: {one.message[:300]}" for one in _faults(told)]
    assert isinstance(told, dict)
    return told


def result(printed: str | bytes) -> Any:
    """The result, whether it is a success or not."""
    one = envelope(printed)
    return one["data"] if "data" in one else one["error"]["details"]


def error(printed: str | bytes) -> dict[str, Any]:
    """Why there is none."""
    found: dict[str, Any] = envelope(printed)["error"]
    return found


def listed(printed: str | bytes) -> list[Any]:
    """The entries of a list."""
    (entries,) = result(printed).values()
    assert isinstance(entries, list)
    return entries


def _faults(told: Any) -> list[Any]:
    return sorted(
        _validator(told.get("schema")).iter_errors(told), key=lambda fault: -len(fault.absolute_path)
    )


@functools.cache
def _validator(form: str) -> Draft202012Validator:
    """Of one form alone, since of a choice between all a fault would be told a hundred times; closed to unknown names."""
    whole = schema.outputs()
    (own,) = [one for one in whole["anyOf"] if named(one) == form]
    return Draft202012Validator(closed({**own, "$defs": whole["$defs"]}))


def named(one: dict[str, Any]) -> str:
    form = one.get("anyOf", [one])[0]
    return str(form["properties"]["schema"]["const"])


def closed(value: Any) -> Any:
    if isinstance(value, list):
        return [closed(part) for part in value]
    if not isinstance(value, dict):
        return value
    parts = {name: closed(part) for name, part in value.items()}
    return {"additionalProperties": False, **parts} if "properties" in parts else parts
