"""The one object that a command prints with ``--json``: what it came to, or the error, never both and never neither."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

from wizard.contract.codes import CODES

VERSION = 1
"""Of all forms together: raised where something is taken away or means something else; what is added leaves it."""


class Failure(TypedDict):
    """Why there is no result. ``code``: one of the documented ones. ``message`` and ``hint``: for people, in the language in use.

    ``retryable``: the same command, run again as it is, may succeed and does no harm. ``details``: what belongs to the code; of a
    command that came to a result which is no success it is that result, in the form of ``data``.
    """

    code: str
    message: str
    hint: str
    retryable: bool
    details: dict[str, Any]


class Envelope(TypedDict):
    """``command``: which one, such as "jobs show"; null where that could not be understood. ``sandbox``: whether all of it was simulated."""

    schema: str
    command: str | None
    sandbox: bool
    data: NotRequired[Any]
    error: NotRequired[Failure]


def schema_of(command: str | None) -> str:
    """The name of the form in which ``command`` answers."""
    return f"bailian-wizard/{(command or 'error').replace(' ', '-')}/{VERSION}"


def result(command: str | None, data: Mapping[str, Any], *, sandbox: bool) -> Envelope:
    """What a command came to."""
    return {"schema": schema_of(command), "command": command, "sandbox": sandbox, "data": data}


def failure(
    command: str | None,
    code: str,
    message: str,
    hint: str = "",
    *,
    sandbox: bool,
    details: Mapping[str, Any] | None = None,
) -> Envelope:
    """Why it came to nothing, or to what is no success."""
    told: Failure = {
        "code": code,
        "message": message,
        "hint": hint,
        "retryable": CODES[code].retryable,
        "details": dict(details or {}),
    }
    return {"schema": schema_of(command), "command": command, "sandbox": sandbox, "error": told}
