"""What became of one row of a source: what it is, what is said about it, what is sent for it, and where that is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wizard.data.checking import audit
from wizard.data.checking.scan import Scan, Task
from wizard.data.converting import manifest as manifests
from wizard.data.files.container import FORMS
from wizard.data.files.opening import sha256_of
from wizard.data.findings import Finding
from wizard.data.identity import asked_by
from wizard.data.record import Record
from wizard.data.sent import CHINESE
from wizard.data.sent import line as wire_line
from wizard.data.shapes import lookup
from wizard.data.shapes.aside import SECOND_TABLE
from wizard.data.shapes.gathering import Rows, last_line
from wizard.data.shapes.source import Columns, Source
from wizard.data.shapes.understand import Outcome


@dataclass(frozen=True, slots=True)
class Fate:
    """Of one row. ``sent``: the line's bytes without the line end, as they stand in ``found_in`` where that is known; None where it can't be sent."""

    file: Path
    line: int
    """Where the row begins: a cell may go over several lines."""
    raw: str
    """What was read: the row's JSON, or its cells by column as JSON; the physical line where no row could be told from it."""
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
    language: str = CHINESE,
    outputs: Iterable[Path] = (),
    beside: Sequence[Path] = (),
    max_length: int | None = None,
    columns: Columns = None,
) -> Fate:
    """What became of the row on ``line`` of ``path``. ``beside``: files to look for the same question in.

    A folder or archive stands for the one file of rows in it. Raises SourceUnreadable.
    """
    source = Source(path, columns)
    path = source.path
    line, raw, outcome, said = _read(source, line)
    if isinstance(outcome, tuple):
        return Fate(path, line, raw, None, not outcome, (*said, *outcome), None, None)
    reading = source.reading()
    scan = Scan(Task(str(path), "", max_length, system_prompt, add_system, language, reading))
    findings = [*said, *scan.findings(outcome, asked_by(outcome))]
    checked = audit.check([path, *beside], columns=columns, readings=[reading], as_it_is=False)
    findings += audit.twins(checked, 0, line)
    if any(found.severity == "error" for found in findings):
        return Fate(path, line, raw, outcome, False, tuple(findings), None, None)
    if (found := _found(path, line, outputs)) is not None:
        output, at, sent = found
        return Fate(path, line, raw, outcome, False, tuple(findings), sent, (output, at))
    sent = wire_line(outcome, system_prompt, add_system=add_system, language=language).rstrip(b"\n")
    return Fate(path, line, raw, outcome, False, tuple(findings), sent, None)


def _read(source: Source, line: int) -> tuple[int, str, Outcome, tuple[Finding, ...]]:
    """(where the row begins that is on ``line``, what was read, what it means, what is said of the file there)."""
    before: tuple[int, object, Outcome] | None = None
    faults: list[Finding] = []
    said: list[Finding] = []
    of_all: list[Finding] = []  # why nothing of the file can be read
    for begins, original, outcome in source.outcomes():
        if begins > line:
            break
        if original is None and isinstance(outcome, tuple) and (begins == line or _ends_here(outcome)):
            for found in outcome:
                (faults if found.severity == "error" else said).append(found)
        elif isinstance(original, Rows):
            if any(first <= line <= last for first, last in original.spans):
                before = begins, original, outcome
        elif begins:
            before = begins, original, outcome
        elif isinstance(outcome, tuple):
            of_all.extend(one for one in outcome if one.severity == "error")
    whole = source.reading(whole=False).container in FORMS  # where a row goes on until the next one
    if not faults and before is not None and (whole or _is_on(line, *before[:2])):
        begins, original, outcome = before
        return begins, _shown(original), outcome, tuple(said)
    raw = next((raw for _line, raw in lookup.lines_at(source.path, {line})), b"")
    encoding = source.reading(whole=False).encoding if raw and b"\0" not in raw else ""
    text = raw.decode(encoding, "backslashreplace") if encoding else ""
    return line, text, tuple(faults or of_all), tuple(said)


def _ends_here(outcome: tuple[Finding, ...]) -> bool:
    """Whether nothing that stands below is read."""
    return any(found.code == SECOND_TABLE.code for found in outcome)


def _is_on(line: int, begins: int, original: object) -> bool:
    return isinstance(original, Rows) or begins <= line <= last_line(begins, original)


def _shown(original: object) -> str:
    if isinstance(original, bytes):
        return original.decode("utf-8", "backslashreplace")
    return json.dumps(original, ensure_ascii=False, default=str)


def _found(path: Path, line: int, outputs: Iterable[Path]) -> tuple[Path, int, bytes] | None:
    """(file, its line, the line) of what the conversion of ``path`` as it is now wrote for the row on ``line``, where that is among ``outputs`` as it was written."""
    wanted = set(outputs)
    beside = sorted({one for output in wanted for one in output.parent.glob(f"*{manifests.SUFFIX}")})
    digest = ""
    for place in beside:
        manifest = manifests.read(place)
        if manifest is None or not {place.with_name(part.name) for part in manifest.parts} & wanted:
            continue
        digest = digest or sha256_of(path)
        rows = manifests.place_of(manifest, line) if manifest.source.sha256 == digest else ()
        part = next((one for one in manifest.parts if rows and one.name == rows[-1].part), None)
        if part is None or not (output := place.with_name(part.name)).is_file():
            continue
        if sha256_of(output) == part.sha256:
            number, raw = next(lookup.lines_at(output, {rows[-1].output_line}))
            return output, number, raw
    return None
