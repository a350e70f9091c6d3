"""JSON Schema 2020-12 of every command's output, made of the forms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wizard.contract import envelope, event_forms, forms
from wizard.contract.codes import CODES

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REF = "#/$defs/{name}"


def outputs() -> dict[str, Any]:
    """One schema for the output of any command; under ``$defs`` those of the parts. It allows for names that come later."""
    import msgspec

    kinds = [forms.Details, *dict.fromkeys(form for some in forms.RESULTS.values() for form in some)]
    made, parts = msgspec.json.schema_components(kinds, ref_template=_REF)
    schemas = dict(zip(kinds, made, strict=True))
    details = schemas[forms.Details]
    known = {command: [schemas[form] for form in some] for command, some in forms.RESULTS.items()}
    return {
        "$schema": DIALECT,
        "title": "Outputs of bailian-wizard --json",
        "anyOf": [
            *(_of(command, results, details) for command, results in known.items()),
            _of(None, (), details),
        ],
        "$defs": parts,
    }


def events() -> dict[str, Any]:
    """The schema of a line of ``--events``."""
    import msgspec

    made, parts = msgspec.json.schema_components(list(event_forms.EVENTS), ref_template=_REF)
    return {
        "$schema": DIALECT,
        "title": "A line of bailian-wizard --events",
        "anyOf": made[:-1],
        "$defs": parts,
    }


def _of(command: str | None, results: Sequence[dict[str, Any]], details: dict[str, Any]) -> dict[str, Any]:
    """What ``command`` prints: its result, or an error, whose details may be that result."""
    always = {
        "schema": {"const": envelope.schema_of(command)},
        "command": {"const": command},
        "sandbox": {"type": "boolean"},
    }
    error = {
        "type": "object",
        "properties": {
            "code": {"enum": [*CODES]},
            "message": {"type": "string"},
            "hint": {"type": "string"},
            "retryable": {"type": "boolean"},
            "details": {"anyOf": [*results, details]},
        },
        "required": ["code", "message", "hint", "retryable", "details"],
    }
    failed = {
        "type": "object",
        "properties": {**always, "error": error},
        "required": [*always, "error"],
        "not": {"required": ["data"]},
    }
    if not results:
        return failed
    fine = {
        "type": "object",
        "properties": {**always, "data": {"anyOf": [*results]}},
        "required": [*always, "data"],
        "not": {"required": ["error"]},
    }
    return {"anyOf": [fine, failed]}
