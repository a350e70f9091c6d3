"""The preview's pages: rows as they are in the source, each beside what will be sent of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.engine.view import Beside, Block, Panel, Text, View
from wizard.locale import _
from wizard.steps.wording import bytes_shown

if TYPE_CHECKING:
    from wizard.data.convert import Sample

ON_A_PAGE = 2  # on 120 x 40 they leave room for the question
LOOKED_AT = 200  # rows whose fields are listed before the question
_CHINESE = re.compile("[\\u3400-\\u9fff\\uf900-\\ufaff]")


@dataclass(frozen=True, slots=True)
class Beginning:
    """What the first rows of a file are. ``questions``: how many have options; ``chinese``: how many of these a Chinese character."""

    unsent: tuple[str, ...] = ()
    questions: int = 0
    chinese: int = 0


def page_of(folder: Path, file: Mapping[str, Any], words: Mapping[str, Any], page: int) -> View | None:
    """Page ``page`` (from 0) of a fact ``dataset.files``' ``file``, whose path is from ``folder``; None past the last.

    ``words``: the words that are put around rows, as ``samples`` takes them.
    """
    from wizard.data.convert import samples

    found = samples(
        folder / file["path"], skip=page * ON_A_PAGE, count=ON_A_PAGE, columns=file["columns"], **words
    )
    if not found and page:
        return None
    blocks: list[Block] = [
        Text(
            _("Rows as they are in {name} ({size}), each with what will be sent.").format(
                name=file["path"], size=bytes_shown(file["size"])
            ),
            "dim",
        )
    ]
    if not found:
        blocks.append(
            Text(_("No row of this file can be sent. The conversion tells line by line why."), "bad")
        )
    blocks += [_beside(sample, file["path"]) for sample in found]
    return View(tuple(blocks))


def beginning(folder: Path, file: Mapping[str, Any]) -> Beginning:
    """What the first rows of ``file`` are; the fields that are not sent in the order in which they turn up."""
    from wizard.data.convert import samples
    from wizard.data.record import MultipleChoice

    found = samples(folder / file["path"], "", count=LOOKED_AT, columns=file["columns"])
    questions = [
        " ".join((sample.record.question, *(text for _label, text in sample.record.options)))
        for sample in found
        if isinstance(sample.record, MultipleChoice)
    ]
    return Beginning(
        tuple(dict.fromkeys(name for sample in found for name in sample.record.extra)),
        len(questions),
        sum(_CHINESE.search(text) is not None for text in questions),
    )


def _beside(sample: Sample, name: str) -> Beside:
    from wizard.data.record import MultipleChoice

    record = sample.record
    original: list[tuple[str, str]]
    if isinstance(record, MultipleChoice):
        original = [
            (_("question"), str(sample.original.get("question", ""))),
            (_("options"), "\n".join(f"{label}: {text}" for label, text in record.options)),
            (_("answer"), f"{record.answer}: {record.answer_text}"),
        ]
    else:
        original = [(str(key), str(value)) for key, value in sample.original.items()]
    if record.extra:
        original.append((_("not sent"), ", ".join(record.extra)))
    return Beside(
        Panel(_("{name}, line {line}").format(name=Path(name).name, line=sample.where.line), tuple(original)),
        Panel(_("what is sent"), tuple((message.role, message.content) for message in sample.messages)),
    )
