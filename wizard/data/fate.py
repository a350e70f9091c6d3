"""What became of one row of a source: what it is, what is said about it, what is sent for it, and where that is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wizard.data import audit, lookup
from wizard.data.catalog import the_one_in
from wizard.data.check import Finding
from wizard.data.identity import asked_by
from wizard.data.lines import blocks, opened
from wizard.data.readers import Columns
from wizard.data.record import Chat, MultipleChoice, Record
from wizard.data.rows import Outcome
from wizard.data.scan import Scan, Task
from wizard.data.wire import line as wire_line
from wizard.data.wire import text as wire_text


@dataclass(frozen=True, slots=True)
class Fate:
    """Of one row. ``sent``: the line's bytes without the line end; None where it can't be sent."""

    file: Path
    line: int
    raw: str
    """The physical line as it is, where the file is text; else ""."""
    record: Record | None
    blank: bool
    findings: tuple[Finding, ...]
    sent: bytes | None
    found_in: tuple[Path, int] | None
    """The output and its line that hold what is sent for this row."""


def fate(
    path: Path,
    line: int,
    *,
    system_prompt: str,
    add_system: bool = False,
    outputs: Iterable[Path] = (),
    beside: Sequence[Path] = (),
    max_length: int | None = None,
    columns: Columns = None,
) -> Fate:
    """What became of the row on ``line`` of ``path``. ``beside``: files to look for the same question in.

    A folder or archive stands for the one file of rows in it. Raises SourceUnreadable.
    """
    path = the_one_in(path)
    raw, outcome = _read(path, line, columns)
    if isinstance(outcome, tuple):
        return Fate(path, line, raw, None, not outcome, outcome, None, None)
    bailian = lookup.bailian_field(path) if not columns and lookup.is_json_lines(path) else ""
    scan = Scan(Task(str(path), bailian, max_length, system_prompt, add_system))
    findings = list(scan.findings(outcome, asked_by(outcome)))
    checked = audit.check([path, *beside], columns=columns)
    findings += audit.twins(checked, 0, line)
    if any(found.severity == "error" for found in findings) or not isinstance(outcome, MultipleChoice | Chat):
        return Fate(path, line, raw, outcome, False, tuple(findings), None, None)
    earlier = lookup.records_at(path, set(range(1, line)), columns)
    sent = wire_line(outcome, system_prompt, add_system=add_system).rstrip(b"\n")
    return Fate(path, line, raw, outcome, False, tuple(findings), sent, _found(outcome, earlier, outputs))


def _read(path: Path, line: int, columns: Columns) -> tuple[str, Outcome]:
    raw = next((raw for _line, raw in lookup.lines_at(path, {line})), b"")
    text = raw.decode("utf-8", "backslashreplace") if b"\0" not in raw else ""
    outcome = next((outcome for _line, outcome in lookup.rows_at(path, {line}, columns)), ())
    return text, outcome


def _found(record: Record, earlier: Iterable[Record], outputs: Iterable[Path]) -> tuple[Path, int] | None:
    """Where the row, which came after ``earlier`` ones, is among ``outputs``: the same user's and assistant's texts, whatever the system prompt was.

    Rows that are sent alike are told apart by their order, which a conversion keeps.
    """
    ends = _ends(record)
    before = sum(1 for one in earlier if isinstance(one, MultipleChoice | Chat) and _ends(one) == ends)
    for output in outputs:
        if not output.is_file():
            continue
        with opened(output) as stream:
            for first, lines in blocks(stream, str(output)):
                for number, raw in enumerate(lines, first):
                    if raw.endswith(ends):
                        if not before:
                            return output, number
                        before -= 1
    return None


def _ends(record: Record) -> bytes:
    """The last bytes of the line that is sent for ``record``: from its user's text on."""
    assert isinstance(record, MultipleChoice | Chat)
    whole = wire_line(record, "").rstrip(b"\n")
    if isinstance(record, Chat) and any(turn.role == "system" for turn in record.messages):
        return whole
    return whole[len(b'{"messages": [') :]


__all__ = ["Fate", "fate", "wire_text"]
