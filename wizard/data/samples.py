"""A few rows of a file as they are, beside what will be sent for them; no more is read than is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard.data.lines import opened
from wizard.data.readers import pages
from wizard.data.record import Message, Record, Where
from wizard.data.rows import decode, understand
from wizard.data.wire import messages

_SAMPLE_PATIENCE = 2_000


@dataclass(frozen=True, slots=True)
class Sample:
    """One row as it is in the source, what it means, and the messages that will be sent."""

    original: Mapping[str, Any]
    record: Record
    messages: tuple[Message, ...]
    where: Where


def samples(path: Path, system_prompt: str, *, skip: int = 0, count: int = 3) -> tuple[Sample, ...]:
    """``count`` rows that can be sent, after ``skip`` such rows; reads no further than it must.

    Gives up after 2,000 lines in a row without one. Raises SourceUnreadable.
    """
    found: list[Sample] = []
    barren = 0
    file = str(path)
    with opened(path) as stream:
        for first, lines, _about in pages(stream, file):
            for number, raw in enumerate(lines, first):
                if len(found) >= count or barren > _SAMPLE_PATIENCE:
                    return tuple(found)
                outcome = understand(raw, file, number)
                if isinstance(outcome, tuple):
                    barren += 1
                    continue
                barren = 0
                if skip > 0:
                    skip -= 1
                    continue
                found.append(Sample(decode(raw), outcome, messages(outcome, system_prompt), outcome.where))
    return tuple(found)
