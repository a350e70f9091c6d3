"""One field of a row: its text, or the finding that says why it is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wizard.data.findings import Finding, Rule
from wizard.data.record import Where, trim
from wizard.data.shapes import spelling
from wizard.data.shapes.names import blank
from wizard.locale import N_, _

NUL = Rule(
    "NUL",
    "error",
    N_("“{field}” holds a NUL character."),
    N_("Remove it."),
    why=N_(
        "Nobody types this character. It is a sign that the text was damaged on its way, and many programs stop reading there."
    ),
    bad='{"question": "2 + 3\\u0000 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}',
    good='{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}',
)
NO_QUESTION = Rule(
    "NO_QUESTION",
    "error",
    N_("There is no question."),
    N_("Correct the row, or leave it out."),
    why=N_("Without a question the model would learn to give this answer to nothing."),
    bad='{"question": "", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}',
    good='{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}',
)
WRONG_TYPE = Rule(
    "WRONG_TYPE",
    "error",
    N_("“{field}” is {found}, but must be {wanted}."),
    N_("Correct the row, or leave it out."),
    why=N_(
        "Texts are sent exactly as they are. To make one of a list, an object or a date would be a guess about what was meant."
    ),
    bad='{"question": ["2 + 3", "= ?"], "options": {"A": "5", "B": "6"}, "answer_idx": "A"}',
    good='{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}',
)


def text(row: Mapping[str, Any], field: str, where: Where, faults: list[Finding]) -> str | None:
    """The field's text, trimmed; "" where there is none; None, with a finding added, where it is no usable text."""
    value = row.get(field)
    if value is None:
        return ""
    if type(value) is not str and (value := spelling.written(value)) is None:
        faults.append(WRONG_TYPE.at(where, field=field, found=kind(row.get(field)), wanted=kind("")))
        return None
    if "\0" in value:
        faults.append(NUL.at(where, field=field))
        return None
    return trim(value)


def exact(row: Mapping[str, Any], field: str, where: Where, faults: list[Finding]) -> str:
    """The field's text as it is; "" where there is none or, with a finding added, where it is no usable text."""
    return spelling.written(row.get(field)) or "" if text(row, field, where, faults) else ""


def about(
    row: Mapping[str, Any], columns: Sequence[str], where: Where, faults: list[Finding]
) -> Iterator[str]:
    """What a question is about, of each of ``columns`` in which something is; lists of texts are joined line by line."""
    for column in columns:
        value = row.get(column)
        if blank(value):
            continue
        if isinstance(value, dict):
            value = [value]
        if isinstance(value, list):
            value = "\n".join(leaves) if (leaves := _leaves(value)) is not None else value
        if words := text({column: value}, column, where, faults):
            yield words


_INSIDE = ("contexts", "text", "content", "sentences")


def _leaves(value: list[Any]) -> list[str] | None:
    """The texts in a list, and in lists and passages in it; None where something else is there."""
    found: list[str] = []
    for one in value:
        inside = next((one[name] for name in _INSIDE if name in one), None) if isinstance(one, dict) else one
        words = _leaves(inside) if isinstance(inside, list) else [inside] if isinstance(inside, str) else None
        if words is None:
            return None
        if isinstance(one, dict) and type(title := one.get("title")) is str:
            found.append(title)
        found += [part for part in words if trim(part)]
    return found


def keys_in(value: object) -> int:
    """How many keys the objects in a decoded JSON value have together, at whatever depth."""
    count, todo = 0, [value]
    while todo:
        one = todo.pop()
        if type(one) is dict:
            count += len(one)
            todo += one.values()
        elif type(one) is list:
            todo += one
    return count


def kind(value: object) -> str:  # noqa: PLR0911 - one return a kind
    """What a value is, for a sentence."""
    match value:
        case None:
            return _("null")
        case bool():
            return _("true or false")
        case str():
            return _("a text")
        case int() | float():
            return _("a number")
        case list() | tuple():
            return _("a list")
        case dict():
            return _("an object")
    if hasattr(value, "isoformat"):
        return _("a date or time")
    if hasattr(value, "formula"):
        return _("a formula whose result is not in the file (open it in Excel or WPS and save it again)")
    return _("an error of the spreadsheet") if hasattr(value, "shown") else _("something that is no text")


def twice(names: Sequence[str]) -> str | None:
    """The first name that there is twice; None where each is there once."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
