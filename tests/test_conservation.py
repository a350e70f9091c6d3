"""Nothing is lost in silence: every text of a row is in what is sent for it, or its field is told as not sent."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from test_one_reading import files

from wizard.data import sent
from wizard.data.record import MultipleChoice, Record
from wizard.data.shapes.options import is_blank
from wizard.data.shapes.reading import Reading
from wizard.data.shapes.source import Source
from wizard.data.shapes.understand import laid_out, row_in
from wizard.errors import WizardError

CASES = Path(__file__).parent / "cases"
# What a turn, an option or a list of options says of itself besides its text; and where an export's branch of a talk ends.
OF_TURNS = {"role", "from", "sender", "type", "label", "labels", "key", "id", "value_type", "current_node"}
# What stands between the turns or the options that one text holds: who speaks (a note says that their names aren't sent), and signs.
BETWEEN = re.compile(
    r"(?m)^\s*(?:<s>)?(?:Human|Assistant|客户|客服|问|答)[:：]|[|┋$#/,、;\n\t]| {3}| (?=[A-J]\.)"
)


def leaves(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each text in a row, with the names that lead to it."""
    if isinstance(value, dict):
        for name, inside in value.items():
            yield from leaves(inside, (*path, str(name)))
    elif isinstance(value, list | tuple):
        for inside in value:
            yield from leaves(inside, path)
    elif isinstance(value, str) and not is_blank(value):
        yield path, value


def squeezed(text: str) -> str:
    return re.sub(r"[\s.,:()\[\]]+", "", unicodedata.normalize("NFKC", text).replace("、", ","))


def stands_in(words: str, text: str) -> bool:
    """Whether ``words`` stand in what is sent: as a whole, or each of the turns or options that they hold."""
    if squeezed(words) in text:
        return True
    return all(squeezed(part) in text for part in BETWEEN.split(unicodedata.normalize("NFKC", words)))


def told(path: tuple[str, ...], names: tuple[str, ...]) -> bool:
    """Whether a field is among the ``names`` of those that are not sent."""
    return any(
        path[0] == name or ".".join(path).startswith(name) or name.startswith(f"{path[0]}.") for name in names
    )


def lost(row: dict[str, Any], record: Record, answers: set[str]) -> list[str]:
    """The fields of ``row`` of which a text is neither sent nor told."""
    line = json.loads(sent.line(record, "", language=sent.CHINESE))
    text = squeezed("\n".join(words for _path, words in leaves(line, ())))
    found = []
    for path, words in leaves(row, ()):
        written = words.lstrip()[:1] in ("[", "{")  # a list written out as text
        label = path[0] in answers  # which is told as the option that it means
        if not (
            stands_in(words, text) or told(path, record.extra) or written or label or path[-1] in OF_TURNS
        ):
            found.append(f"{'.'.join(path)}: {words[:40]}")
    return found


def rows_of(original: object, reading: Reading) -> list[dict[str, Any]]:
    """The rows that a record was made of: one, or those of a conversation, without who speaks in each."""
    if isinstance(original, bytes):
        return [row_in(original)]
    row = json.loads(msgspec.json.encode(original, enc_hook=str))
    if not reading.grouped:
        return [row]
    speaker = reading.guess.get("speaker")
    return [{name: one for name, one in each.items() if name != speaker} for each in row["rows"]]


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
        reading = source.reading()
    except WizardError:
        return
    for _number, original, outcome in outcomes[:60]:
        if isinstance(outcome, tuple):
            continue
        for row in rows_of(original, reading):
            cells, planned = laid_out(row, reading.columns)
            answers = {*planned.answers, *(name.partition(".")[0] for name in planned.answers)}
            if isinstance(outcome, MultipleChoice):
                answers.add(planned.meanings.get("output", ""))
            assert [] == lost(cells, outcome, answers)


@pytest.mark.parametrize(
    "before",
    [{"passage": "第7号仓库周日不发货。"}, {"past": "客户：我上周下的单。"}],
    ids=["passage", "history"],
)
def test_what_stands_before_turns_in_one_text_is_kept(before: dict[str, str], tmp_path: Path) -> None:
    """A question that is split into turns loses neither what it is about nor what was said before it."""
    asked = "客户：第{n}单到哪了？\n客服：请稍等。\n客户：好。"
    path = tmp_path / "rows.jsonl"
    rows = [before | {"prompt": asked.format(n=n), "response": f"客服：在{n}号站。"} for n in range(20)]
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    records = [one for one in Source(path).read() if isinstance(one, Record)]
    assert 20 == len(records)
    for row, record in zip(rows, records, strict=True):
        assert ["user", "assistant", "user", "assistant"] == [turn.role for turn in record.messages]
        assert [] == lost(row, record, set())
