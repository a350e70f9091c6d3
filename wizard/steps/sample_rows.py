"""The preview's pages: rows as they are in the source, each beside what will be sent of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from wizard.engine.view import Beside, Block, Panel, Text, View
from wizard.locale import _
from wizard.steps.facts import Chosen
from wizard.steps.wording import bytes_shown

if TYPE_CHECKING:
    from wizard.data.convert import Sample

ON_A_PAGE = 2  # on 120 x 40 they leave room for the question
LOOKED_AT = 200  # rows whose fields are listed before the question


def page_of(folder: Path, file: Chosen, system_prompt: str, page: int) -> View | None:
    """Page ``page`` (from 0) of ``file``, whose path is from ``folder``; None past the last."""
    from wizard.data.convert import samples

    found = samples(
        folder / file.path, system_prompt, skip=page * ON_A_PAGE, count=ON_A_PAGE, columns=file.columns
    )
    if not found and page:
        return None
    blocks: list[Block] = [
        Text(
            _("Rows as they are in {name} ({size}), each with what will be sent.").format(
                name=file.path, size=bytes_shown(file.size)
            ),
            "dim",
        )
    ]
    if not found:
        blocks.append(
            Text(_("No row of this file can be sent. The conversion tells line by line why."), "bad")
        )
    blocks += [_beside(sample, file.path) for sample in found]
    return View(tuple(blocks))


def unsent(folder: Path, file: Chosen) -> tuple[str, ...]:
    """The fields of the first rows of ``file`` that are not sent, in the order in which they turn up."""
    from wizard.data.convert import samples

    found = samples(folder / file.path, "", count=LOOKED_AT, columns=file.columns)
    return tuple(dict.fromkeys(name for sample in found for name in sample.record.extra))


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
