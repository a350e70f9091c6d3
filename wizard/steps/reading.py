"""How a reading is told: in a few lines on a screen, and as an object for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from wizard.data.findings import quoted
from wizard.locale import _, enumerated, ngettext
from wizard.steps.wording import first_few

if TYPE_CHECKING:
    from wizard.contract import forms
    from wizard.data.shapes.reading import Reading


def told(reading: Reading, unsent: Mapping[str, int] | None = None) -> Iterator[str]:
    """Two to four lines: what the file is, which column means what and how that is known, what is not sent.

    ``unsent``: field -> rows that have it; None where nobody has counted yet.
    """
    yield read_as(reading)
    if meanings := " · ".join(_meanings(reading)):
        yield meanings
    if reading.proof[0] and reading.counting is not None:
        proving, numbered, _line = reading.proof
        yield ngettext(
            "The options are counted from {base}: {count:,} row of {rows:,} with a number proves it.",
            "The options are counted from {base}: {count:,} rows of {rows:,} with a number prove it.",
            proving,
        ).format(base=reading.counting, count=proving, rows=numbered)
    if unsent:
        yield not_sent(unsent, _firsts(reading))


def read_as(reading: Reading) -> str:
    """What the file is."""
    return _("Read as: {shape} ({file})").format(shape=_shape(reading), file=_("; ").join(_file(reading)))


def not_sent(unsent: Mapping[str, int], firsts: Mapping[str, str] | None = None) -> str:
    """The fields of the source that are not sent, how many rows have each, and a first value where one is known."""
    some = []
    for name, rows in unsent.items():
        shown = ngettext("{rows:,} row", "{rows:,} rows", rows).format(rows=rows)
        if first := (firsts or {}).get(name):
            shown = _("{rows}, first “{value}”").format(rows=shown, value=quoted(first))
        some.append(_("{text} ({aside})").format(text=name, aside=shown))
    return _("Not sent: {names}").format(names=first_few(some))


def as_dict(reading: Reading, unsent: Mapping[str, int] | None = None) -> forms.Reading:
    """For programs."""
    proving, numbered, line = reading.proof
    return {
        "container": reading.container,
        "encoding": reading.encoding,
        "packed": reading.packed,
        "sheet": reading.sheet or None,
        "header": reading.header if reading.container in _TABLES else None,
        "shape": reading.shape or None,
        "columns": {meaning: list(columns) for meaning, columns in reading.meanings()},
        "answers": list(reading.answers),
        "counting": reading.counting,
        "proof": {"rows": proving, "of": numbered, "line": line} if proving else None,
        "not_sent": dict(unsent or {}),
        "not_sent_first": {name: value for name, value in _firsts(reading).items() if name in (unsent or {})},
    }


def _firsts(reading: Reading) -> dict[str, str]:
    """Column -> its first value, of those that are known; a reading that was kept knows none."""
    return {column.name: column.samples[0] for column in reading.fields if column.samples}


_TABLES = ("csv", "tsv", "xlsx", "parquet")
_CONTAINERS = {
    "jsonl": "JSON Lines",
    "json": "JSON",
    "csv": "CSV",
    "tsv": "TSV",
    "xlsx": "Excel",
    "parquet": "Parquet",
    "gift": "GIFT",
    "anki": "Anki",
}


def _shape(reading: Reading) -> str:
    if reading.split:
        return _("chats, several turns in one text")
    shapes = {
        "choice": _("questions with options"),
        "preference": _("two answers to choose between (DPO)"),
        "text": _("plain texts (CPT)"),
        "talk": _("chats, one message a row"),
        "": _("it is not known what the columns mean"),
    }
    return shapes.get(reading.shape, _("chats, several rows each") if reading.grouped else _("chats"))


def _file(reading: Reading) -> Iterator[str]:
    texts = {"pairs": _("text"), "turns": _("text"), "bank": _("text of an exam bank")}
    yield _CONTAINERS.get(reading.container) or texts.get(reading.container, reading.container)
    if reading.packed:
        yield "gzip"
    if reading.encoding not in ("", "utf-8", "utf-8-sig"):
        yield reading.encoding.upper()
    if reading.sheet:
        yield _("sheet “{sheet}”").format(sheet=reading.sheet)
    if reading.header is False:
        yield _("the first row is a row like the others")


def _meanings(reading: Reading) -> Iterator[str]:
    names = meanings_shown()
    if "input" not in reading.guess:  # an instruction is what an input goes with
        names["instruction"] = names["question"]
    for meaning, columns in reading.meanings():
        shown = _span(columns)
        if meaning == "answer" and reading.answers:
            shown = _("{text} ({aside})").format(text=shown, aside=enumerated(_answers(reading)))
        yield f"{names.get(meaning, meaning)} <- {shown}"


def _span(columns: Sequence[str]) -> str:
    if len(columns) > 2:  # noqa: PLR2004 - two are named, more by the first and the last
        return _("{first} to {last}").format(first=columns[0], last=columns[-1])
    return enumerated(columns)


def _answers(reading: Reading) -> Iterator[str]:
    names = {"labels": _("letters"), "numbers": _("numbers"), "texts": _("texts")}
    return (names[one] for one in reading.answers)


def meanings_shown() -> dict[str, str]:
    """What a column can mean, in words."""
    return {
        "question": _("question"),
        "passage": _("passage"),
        "options": _("options"),
        "answer": _("answer"),
        "system": _("system prompt"),
        "instruction": _("instruction"),
        "input": _("input"),
        "output": _("answer"),
        "thinking": _("thoughts before the answer"),
        "history": _("earlier turns"),
        "messages": _("turns"),
        "conversations": _("turns"),
        "chosen": _("better answer"),
        "rejected": _("worse answer"),
        "text": _("text"),
        "group": _("conversation"),
        "speaker": _("speaker"),
        "content": _("words"),
        "order": _("order"),
    }
