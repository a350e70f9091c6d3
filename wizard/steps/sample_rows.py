"""The preview's pages: rows as they are in the source, each beside what will be sent of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.data.files import catalog
from wizard.engine.view import Beside, Panel, Text, View
from wizard.locale import _, enumerated
from wizard.steps.facts import Chosen
from wizard.steps.reading import told
from wizard.steps.wording import bytes_shown

if TYPE_CHECKING:
    from wizard.data.converting.samples import Sample

ON_A_PAGE = 1  # what is asked and what it is about are on one screen, also on a small one
LOOKED_AT = 200  # rows whose fields are listed before the question
_CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True, slots=True)
class Beginning:
    """What the first rows of a file are that can be sent: how many there are (``rows``), how many have options (``questions``), how many of these a Chinese character (``chinese``)."""

    rows: int = 0
    unsent: tuple[str, ...] = ()
    questions: int = 0
    chinese: int = 0


def page_of(folder: Path, file: Chosen, words: Mapping[str, Any], page: int) -> View | None:
    """Page ``page`` (from 0) of ``file``, whose path is from ``folder``; None past the last.

    ``words``: the words that are put around rows, as ``samples`` takes them.
    """
    found = _on_page(folder, file, words, page)
    if not found and page:
        return None
    if not found:
        none = _("No row of this file can be sent. The conversion tells line by line why.")
        return View((Text(none, "bad"),))
    said = _("A row of {name} ({size}), as it will be sent.").format(
        name=Path(file.path).name, size=bytes_shown(file.size)
    )
    understood = file.understood if catalog.locate(folder / file.path) is None else None
    lines = list(told(understood))[1:] if understood is not None and understood.shape else []
    return View(
        (
            Text(said, "dim"),
            *(Text(line, "dim") for line in lines),
            *(Beside(_original(one, fit=True), _sent(one, fit=True)) for one in found),
        )
    )


def whole(folder: Path, file: Chosen, words: Mapping[str, Any], page: int, *, original: bool) -> View:
    """The row of page ``page`` with nothing left out: as it stands in the file, or as it is sent."""
    found = _on_page(folder, file, words, page)
    return View(tuple(_original(one, fit=False) if original else _sent(one, fit=False) for one in found))


def as_sent(path: Path, columns: Mapping[str, str], around: int = 0) -> Panel | None:
    """The first row of ``path`` that can be sent, as it is without words of ours; None where there is none. Raises WizardError.

    ``around``: as a panel's.
    """
    from wizard.data.converting.samples import samples

    found = samples(path, count=1, columns=columns)
    return replace(_sent(found[0], fit=True), around=around) if found else None


def _on_page(folder: Path, file: Chosen, words: Mapping[str, Any], page: int) -> tuple[Sample, ...]:
    from wizard.data.converting.samples import samples

    return samples(
        folder / file.path,
        skip=page * ON_A_PAGE,
        count=ON_A_PAGE,
        columns=file.columns,
        reading=file.understood,
        **words,
    )


def beginning(folder: Path, file: Chosen) -> Beginning:
    """What the first rows of ``file`` are; the fields that are not sent in the order in which they turn up."""
    from wizard.data.converting.samples import samples
    from wizard.data.record import MultipleChoice

    found = samples(folder / file.path, "", count=LOOKED_AT, columns=file.columns, reading=file.understood)
    questions = [
        " ".join((sample.record.question, *(text for _label, text in sample.record.options)))
        for sample in found
        if isinstance(sample.record, MultipleChoice)
    ]
    return Beginning(
        len(found),
        tuple(dict.fromkeys(name for sample in found for name in sample.record.extra)),
        len(questions),
        sum(_CHINESE.search(text) is not None for text in questions),
    )


def _original(sample: Sample, *, fit: bool) -> Panel:
    """The row as it stands in the file: its own columns and cells, whatever they mean."""
    cells = [(str(name), _cell(value)) for name, value in sample.original.items()]
    if sample.record.extra:
        cells.append((_("not sent"), enumerated(sample.record.extra)))
    name = Path(sample.where.file).name
    return Panel(_("{name}, line {line}").format(name=name, line=sample.where.line), tuple(cells), fit=fit)


def _sent(sample: Sample, *, fit: bool) -> Panel:
    """All that is sent of the row: its messages, for a preference both answers, or its text."""
    from wizard.data.sent import REPLIES

    record = sample.record
    parts = [(message.role, message.content) for message in sample.messages]
    parts += [(name, reply.content) for name, reply in zip(REPLIES, record.replies, strict=False)]
    if record.text:
        parts.append(("text", record.text))
    title = _("what is sent of line {line}").format(line=sample.where.line)
    return Panel(title, tuple(parts), fit=fit)


def _cell(value: object) -> str:
    """A cell as it stands there; what is no text is written as JSON has it."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    import msgspec

    return msgspec.json.encode(value, enc_hook=str).decode()
