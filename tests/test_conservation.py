"""Nothing is lost in silence: every text of a row is in what is sent for it, or its field is told as not sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from test_one_reading import files

from wizard.data import sent
from wizard.data.record import Record
from wizard.data.shapes.source import Source
from wizard.data.shapes.understand import laid_out
from wizard.errors import WizardError

CASES = Path(__file__).parent / "cases"
WRONG_SO_FAR = {"m08_abbrev2.jsonl"}
"""Options in which what is no label is taken for one."""
# What a turn, an option or a list of options says of itself besides its text.
OF_TURNS = {"role", "from", "type", "label", "labels", "key", "id", "value_type"}


def leaves(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each text in a row, with the names that lead to it."""
    if isinstance(value, dict):
        for name, inside in value.items():
            yield from leaves(inside, (*path, str(name)))
    elif isinstance(value, list | tuple):
        for inside in value:
            yield from leaves(inside, path)
    elif isinstance(value, str) and value.strip():
        yield path, value


def squeezed(text: str) -> str:
    return re.sub(r"[\s.．、:：()（）\[\]]+", "", text)


def lost(row: dict[str, Any], record: Record, answers: set[str]) -> list[str]:
    """The fields of ``row`` of which a text is neither sent nor told."""
    line = json.loads(sent.line(record, "", language=sent.CHINESE))
    text = squeezed("\n".join(words for _path, words in leaves(line, ())))
    found = []
    for path, words in leaves(row, ()):
        told = any(
            path[0] == name or ".".join(path).startswith(name) or name.startswith(f"{path[0]}.")
            for name in record.extra
        )
        written = words.lstrip()[:1] in ("[", "{")  # a list written out as text
        label = path[0] in answers  # which is told as the option that it means
        if not (squeezed(words) in text or told or written or label or path[-1] in OF_TURNS):
            found.append(f"{'.'.join(path)}: {words[:40]}")
    return found  # fmt: skip


@pytest.mark.parametrize(
    "path",
    sorted({*files(), *(one for one in CASES.rglob("*") if one.is_file())}),
    ids=lambda path: path.name,
)
def test_nothing_is_lost_in_silence(path: Path) -> None:
    """Each cell of each row that is sent is in the line, or its column is named as not sent."""
    try:
        source = Source(path)
        outcomes = list(source.outcomes())
        columns = source.reading().columns
    except WizardError:
        return
    if path.name in WRONG_SO_FAR:
        pytest.xfail("an abbreviation is taken for a label")
    for _number, original, outcome in outcomes[:60]:
        if isinstance(outcome, tuple):
            continue
        row = json.loads(
            original if isinstance(original, bytes) else msgspec.json.encode(original, enc_hook=str)
        )
        cells, planned = laid_out(row, columns)
        answers = {*planned.answers, *(name.partition(".")[0] for name in planned.answers)}
        assert [] == lost(cells, outcome, answers)
