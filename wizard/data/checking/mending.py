"""What can be mended without guessing, in a new file: marks, blank lines, encoding, blanks at ends, keys nobody knows."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard.data.checking.chats import BLANKS_AT_ENDS, REFUSED_KEY, THINKING_KEY, UNKNOWN_KEY, keys
from wizard.data.checking.questions import LABEL_TWICE, SEPARATOR_LEFT, doubled, own_label, separated
from wizard.data.checking.scan import BLANK_LINE
from wizard.data.files.lines import TooLong
from wizard.data.files.opening import opened
from wizard.data.files.text import BOM, CARRIAGE_RETURNS, ENCODING, Text
from wizard.data.findings import Finding, told
from wizard.data.identity import asked_by
from wizard.data.record import Chat, Preference, Record, trim
from wizard.data.sent import chat_row
from wizard.data.shapes.reading import Reading
from wizard.data.shapes.source import Columns, Source
from wizard.data.shapes.understand import understand, value_of
from wizard.errors import DataError
from wizard.local.shell import command_line
from wizard.local.storage import writing
from wizard.locale import N_, _, said

_LINE_ENDS = "LINE_ENDS"  # no finding, but done
_MENDED = (
    *(BOM, BLANK_LINE, ENCODING, BLANKS_AT_ENDS, REFUSED_KEY, UNKNOWN_KEY, THINKING_KEY),
    *(LABEL_TWICE, SEPARATOR_LEFT),
)
DONE = {rule.code: rule.mends for rule in _MENDED} | {
    _LINE_ENDS: N_("line ends and blanks around lines made uniform")
}
_OF_EACH_LINE = {ENCODING.code: ENCODING.code, CARRIAGE_RETURNS.code: _LINE_ENDS}
_MODE = 0o666


class NotMendable(DataError):
    """The file is not of a kind that ``mend`` can write again line by line."""


@dataclass(frozen=True, slots=True)
class Mended:
    """What became of a file. ``done``: (code, how often), in the order in which it was first done."""

    source: Path
    output: Path
    rejected_file: Path | None
    rows: int
    rejected: int
    done: tuple[tuple[str, int], ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """``done``, in words."""
        return tuple(f"{count:,} {said(DONE[code])}" for code, count in self.done)


def mend(source: Path, output: Path | None = None, columns: Columns = None) -> Mended:
    """Write ``source``, mended, to ``output`` (``<stem>.fixed.jsonl`` beside it); rows that can't be sent go aside.

    They are listed in ``<output's stem>.rejected.jsonl``: line in the source, code, what, row. The source is not touched;
    rows come out in order, and a row in which nothing is mended comes out byte by byte as it was. Mending the output
    again gives the same bytes. ``columns``: as for Source. Raises NotMendable, SourceUnreadable and StorageError.
    """
    output = output if output is not None else source.with_name(f"{_stem(source)}.fixed.jsonl")
    aside = output.with_name(f"{output.name.removesuffix('.jsonl').removesuffix('.fixed')}.rejected.jsonl")
    for path in (output, aside):
        if path.exists() and path.samefile(source):
            raise DataError(_("{path} is the source and can't be the output too.").format(path=path))
    with ExitStack() as stack:
        text = Text(stack.enter_context(opened(source)), str(source))
        _refuse_others(source, text)
        work = _Work(str(source), Source(source, columns).reading())
        out = stack.enter_context(writing(output, mode=_MODE))
        rest = None
        for number, raw in _lines(text, work.done):
            mended, faults = work.line(raw, number)
            if mended is not None:
                out.write(mended + b"\n")
            elif faults:
                rest = rest if rest is not None else stack.enter_context(writing(aside, mode=_MODE))
                rest.write(_aside(raw, number, faults))
        if not work.rows:
            raise NotMendable(
                _("No row of {path} can be fixed.").format(path=source), _("See what check says about it.")
            )
    return Mended(
        source, output, aside if work.rejected else None, work.rows, work.rejected, tuple(work.done.items())
    )


class _Work:
    def __init__(self, file: str, reading: Reading) -> None:
        self.rows = self.rejected = 0
        self.done: Counter[str] = Counter()
        self._file = file
        self._reading = reading

    def line(self, raw: bytes, number: int) -> tuple[bytes | None, tuple[Finding, ...]]:
        """The line as it is to be written, or why it can't be; both empty for a blank line."""
        bare = raw if isinstance(raw, TooLong) else _bare(raw)
        if not bare:
            self.done[BLANK_LINE.code] += 1
            return None, ()
        outcome = understand(bare, self._file, number, self._reading)
        changes: set[str] = set()
        if (
            not isinstance(outcome, tuple)
            and (row := _mended(value_of(bare), outcome, changes)) is not None
            and changes
        ):
            bare = json.dumps(row, ensure_ascii=False).encode()
            outcome = understand(bare, self._file, number, self._reading)
        if isinstance(outcome, tuple):
            self.rejected += 1
            return None, outcome
        if raw != bare and not changes:
            self.done[_LINE_ENDS] += 1
        self.done.update(changes)
        self.rows += 1
        return bare, ()


def _bare(raw: bytes) -> bytes:
    """A line without the blanks around it; what JSON doesn't take for blanks is left only where it is no UTF-8."""
    bare = raw.strip()
    try:
        return trim(bare.decode()).encode()
    except UnicodeDecodeError:
        return bare


def _mended(row: dict[str, Any], record: Record, changes: set[str]) -> dict[str, Any] | None:
    """``row`` with only what the platform knows, as the conversion writes it, and texts without blanks at their ends.

    None for a row of another kind. ``tools`` stay: the platform knows them for some models.
    """
    if "messages" not in row or not isinstance(record, Chat | Preference):
        return None
    changes.update(found.code for found in keys(row, record.where))
    mended = _with_options_mended(chat_row(record, ""), record, changes)
    for turn in (*mended["messages"], *(mended[name] for name in ("chosen", "rejected") if name in mended)):
        if (bare := trim(turn["content"])) != turn["content"]:
            turn["content"] = bare
            changes.add(BLANKS_AT_ENDS.code)
    return mended | ({"tools": row["tools"]} if "tools" in row else {})


def _with_options_mended(row: dict[str, Any], record: Record, changes: set[str]) -> dict[str, Any]:
    """``row`` without what its options have too much: their labels once more, signs that stood between them."""
    options = asked_by(record).options
    twice, sign = doubled(options), separated(options)
    for turn in row["messages"] if twice or sign else ():
        for label, _text in options:
            if twice:
                words = rf"(?m)((?:^|[^A-Za-z]){label}[.．、:：)）]\s*){own_label(label)}\s*(?=\S)"
                turn["content"] = re.sub(words, r"\1", turn["content"])
            if sign:
                ends = rf"(?m)((?:^|[^A-Za-z]){label}[.．、:：)）].*){re.escape(sign)}[^\S\n]*$"
                turn["content"] = re.sub(ends, r"\1", turn["content"])
    changes |= ({LABEL_TWICE.code} if twice else set()) | ({SEPARATOR_LEFT.code} if sign else set())
    return row


def _refuse_others(source: Path, text: Text) -> None:
    for found in text.about:
        if found.severity == "error":
            raise NotMendable(f"{source}: {found.code}: {found.what}", found.fix)
    first = text.head.lstrip().partition(b"\n")[0].strip()
    if text.head.strip() and (not first.startswith(b"{") or first == b"{"):
        raise NotMendable(
            _("{path} is not JSON Lines, so it can't be fixed line by line.").format(path=source),
            _("Convert it instead: {command}").format(
                command=command_line(["bailian-wizard", "convert", str(source), "OUTPUT"])
            ),
        )


def _lines(text: Text, done: Counter[str]) -> Iterator[tuple[int, bytes]]:
    """(number, line in UTF-8 without its end) of each physical line."""
    said = {found.code for found in text.about}
    done.update({BOM.code} & said)
    each = [does for code, does in _OF_EACH_LINE.items() if code in said]
    for first, lines in text.pages():
        for number, raw in enumerate(lines, first):
            done.update(each)
            yield number, raw


def _aside(raw: bytes, number: int, faults: tuple[Finding, ...]) -> bytes:
    row = {
        "line": number,
        "code": faults[0].code,
        "what": told(faults),
        "row": raw.decode("utf-8", "backslashreplace"),
    }
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"


def _stem(path: Path) -> str:
    return path.name.removesuffix(path.suffix) if path.suffix in (".jsonl", ".json", ".txt") else path.name
