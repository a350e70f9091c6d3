"""A few rows of a file as they are, beside what will be sent for them; no more is read than is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard.data.record import Message, Record, Where
from wizard.data.sent import CHINESE, messages
from wizard.data.shapes.reading import Reading
from wizard.data.shapes.source import Columns, Source
from wizard.data.shapes.understand import row_in

_SAMPLE_PATIENCE = 2_000


@dataclass(frozen=True, slots=True)
class Sample:
    """One row as it is in the source, what it means, and the messages that will be sent."""

    original: Mapping[str, Any]
    record: Record
    messages: tuple[Message, ...]
    where: Where


def samples(
    path: Path,
    system_prompt: str = "",
    *,
    add_system: bool = False,
    language: str = CHINESE,
    skip: int = 0,
    count: int = 3,
    columns: Columns = None,
    reading: Reading | None = None,
) -> tuple[Sample, ...]:
    """``count`` rows that can be sent, after ``skip`` such rows; reads no further than it must.

    ``columns`` and ``reading`` as for Source. Gives up after 2,000 lines in a row without one. Raises SourceUnreadable.
    """
    found: list[Sample] = []
    barren = 0
    for _line, original, outcome in Source(path, columns, reading).outcomes(whole=False):
        if len(found) >= count:
            break
        if isinstance(outcome, tuple):
            barren += 1
            if barren > _SAMPLE_PATIENCE:
                break
            continue
        barren = 0
        if skip > 0:
            skip -= 1
            continue
        row = row_in(original) if isinstance(original, bytes) else original
        assert isinstance(row, dict), "only objects are records"
        sent = messages(outcome, system_prompt, add_system=add_system, language=language)
        found.append(Sample(row, outcome, sent, outcome.where))
    return tuple(found)
