"""Whole files: source rows -> Bailian's JSONL, with every fault found on the way."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, Self, TypeAlias

from wizard.data import wire
from wizard.data.check import Finding, Findings, finding
from wizard.data.express import express
from wizard.data.lines import SourceUnreadable, opened
from wizard.data.readers import pages
from wizard.data.record import Message, MultipleChoice
from wizard.data.rows import Outcome, understand
from wizard.data.samples import Sample, samples
from wizard.data.wire import SYSTEM_PROMPT, chat_row, line, messages, read_back
from wizard.errors import DataError
from wizard.locale import _, ngettext
from wizard.storage import refusal, remove_stale_temps, writing

if TYPE_CHECKING:
    from types import TracebackType

    from wizard.data.tokens import Tokenizer

__all__ = [
    "SYSTEM_PROMPT",
    "Conversion",
    "OnError",
    "RowsUnfit",
    "Sample",
    "SourceUnreadable",
    "chat_row",
    "convert",
    "line",
    "messages",
    "read_back",
    "samples",
]

OnError: TypeAlias = Literal["stop", "skip"]

_MODE = 0o666  # as any file that a program makes; the umask narrows it


class RowsUnfit(DataError):
    """Rows of the source can't be sent, and nothing was written.

    ``findings`` counts every fault of the whole file; ``left_out`` rows have errors, and ``rows`` could be sent.
    """

    code = "rows-unfit"

    def __init__(
        self, message: str, hint: str = "", *, findings: Findings, rows: int = 0, left_out: int = 0
    ) -> None:
        super().__init__(message, hint)
        self.findings = findings
        self.rows = rows
        self.left_out = left_out


@dataclass(frozen=True, slots=True)
class Conversion:
    """What became of a file."""

    source: Path
    output: Path
    rows: int
    """Rows written."""
    size: int
    """Bytes written."""
    sha256: str
    md5: str
    """Hexadecimal digests of what was written; the platform tells a file's md5."""
    source_sha256: str
    left_out: int
    """Rows with errors, which are in ``left_out_file``."""
    characters: int
    """Of all messages that are sent, system messages included."""
    lengths: tuple[tuple[int, int], ...]
    """(tokens of a row, how many such rows), sorted; empty where no tokens were counted."""
    findings: Findings
    blank_lines: int = 0
    left_out_file: Path | None = None
    extra: tuple[tuple[str, int], ...] = ()
    """(field of the source that is not sent, in how many rows)."""


def convert(
    source: Path,
    output: Path,
    *,
    system_prompt: str,
    on_error: OnError = "stop",
    tokenizer: Tokenizer | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Conversion:
    """Write the rows of ``source`` to ``output`` as Bailian's JSONL, in constant memory.

    The same source and prompt give the same bytes. ``on_progress`` is told (bytes read, bytes in all). Every row is
    looked at, whatever is found: with "stop", any error raises RowsUnfit at the end and nothing is written; with
    "skip", rows with errors are left out and listed in ``<output's stem>.left-out.jsonl`` (line, code, what, row), and
    RowsUnfit is raised only where no row is left. Also raises SourceUnreadable and StorageError; whatever happens, the
    old output stays until a whole new one takes its place.
    """
    _refuse_same(source, output)
    aside = output.with_name(f"{output.stem}.left-out.jsonl")
    work = _Work(str(source), system_prompt, tokenizer)
    with (
        opened(source) as stream,
        _folder(output.parent),
        writing(output, mode=_MODE) as out,
        _LeftOut(aside) as rest,
    ):
        for path in (output, aside):
            remove_stale_temps(path.parent, path.name)
        total = source.stat().st_size
        for first, lines, about in pages(stream, str(source), work.taken):
            faulty, data = work.page(first, lines, about)
            if on_error == "skip":
                for number, raw, why in faulty:
                    rest.add(number, raw, why)
            if on_error == "skip" or not work.findings.errors:
                out.write(data)
            if on_progress is not None:
                on_progress(work.read, max(total, work.read))
        if work.findings.errors and (on_error == "stop" or not work.rows):
            raise _unfit(source, work)
    if not work.left_out:
        with suppress(FileNotFoundError):  # of an earlier run, and no longer true
            aside.unlink()
    fields: Counter[str] = Counter()
    for names, rows in work.extra.items():
        fields.update(dict.fromkeys(names, rows))
    return Conversion(
        source=source,
        output=output,
        rows=work.rows,
        size=work.size,
        sha256=work.sha256.hexdigest(),
        md5=work.md5.hexdigest(),
        source_sha256=work.source_sha256.hexdigest(),
        left_out=work.left_out,
        characters=work.characters,
        lengths=tuple(sorted(work.lengths.items())),
        findings=work.findings,
        blank_lines=work.blank,
        left_out_file=aside if work.left_out else None,
        extra=tuple(fields.items()),
    )


_Faulty: TypeAlias = tuple[int, bytes, tuple[Finding, ...]]


class _Work:
    """One conversion under way: what was read, made, counted and found so far."""

    def __init__(self, file: str, system_prompt: str, tokenizer: Tokenizer | None) -> None:
        self.read = self.rows = self.size = self.left_out = self.characters = self.blank = 0
        self.findings = Findings()
        self.sha256 = hashlib.sha256()
        self.md5 = hashlib.md5(usedforsecurity=False)
        self.source_sha256 = hashlib.sha256()
        self.lengths: Counter[int] = Counter()
        self.extra: Counter[tuple[str, ...]] = Counter()
        self._file = file
        self._system_prompt = system_prompt
        self._tokenizer = tokenizer

    def taken(self, block: bytes) -> None:
        """The source's next bytes."""
        self.read += len(block)
        self.source_sha256.update(block)

    def page(self, first: int, lines: list[bytes], about: tuple[Finding, ...]) -> tuple[list[_Faulty], bytes]:
        """The rows with errors among ``lines``, and the output's bytes for all others."""
        pieces: list[bytes] = []
        chats: list[tuple[Message, ...]] = []
        extra: list[tuple[str, ...]] = []
        faulty: list[_Faulty] = []
        characters = fast = 0
        begin, text, middle, end = wire.begin(self._system_prompt), wire.text, wire.MIDDLE, wire.END
        counting = self._tokenizer is not None
        for number, raw in enumerate(lines, first):
            if (sent := express(raw)) is not None:
                user, assistant, unsent = sent
                pieces += (begin, text(user), middle, text(assistant), end)
                extra.append(unsent)
                fast += 1
                characters += len(user) + len(assistant)
                if counting:
                    chats.append(wire.pair(user, assistant, self._system_prompt))
                continue
            outcome = _proved(understand(raw, self._file, number))
            if isinstance(outcome, tuple):
                if outcome:
                    faulty.append((number, raw, outcome))
                else:
                    self.blank += 1
                continue
            turns = messages(outcome, self._system_prompt)
            pieces.append(wire.written(turns))
            extra.append(outcome.extra)
            chats.append(turns)
            characters += sum([len(turn.content) for turn in turns])
        self.characters += characters + len(self._system_prompt) * fast
        self.rows += len(extra)
        self.extra.update(extra)
        self.left_out += len(faulty)
        for found in about:
            self.findings.add(found)
        for _number, _raw, why in faulty:
            for found in why:
                self.findings.add(found)
        if self._tokenizer is not None:
            self.lengths.update(self._tokenizer.count_chats(chats))
        data = b"".join(pieces)
        self.size += len(data)
        self.sha256.update(data)
        self.md5.update(data)
        return faulty, data


def _proved(outcome: Outcome) -> Outcome:
    """``outcome``, or a finding where the answer that would be sent doesn't read back as the source's."""
    if not isinstance(outcome, MultipleChoice):
        return outcome
    if read_back(messages(outcome, "")[-1].content) == (outcome.answer, outcome.answer_text):
        return outcome
    return (finding("NOT_READ_BACK", outcome.where, label=outcome.answer),)


class _LeftOut:
    """The file of rows left out, begun when the first one comes, and kept only where the conversion succeeds."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stack = ExitStack()
        self._out: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def add(self, number: int, raw: bytes, why: tuple[Finding, ...]) -> None:
        """One row and why it can't be sent; bytes that are no UTF-8 are written as backslash, x and two digits."""
        if self._out is None:
            self._out = self._stack.enter_context(writing(self._path, mode=_MODE))
        what = " ".join([found.what for found in why])
        row = {
            "line": number,
            "code": why[0].code,
            "what": what,
            "row": raw.decode("utf-8", "backslashreplace"),
        }
        self._out.write(wire.text(row) + b"\n")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)


def _refuse_same(source: Path, output: Path) -> None:
    if output.exists() and source.exists() and output.samefile(source):
        raise DataError(
            _("{path} is the source and can't be the output too.").format(path=output),
            _("Choose another output."),
        )


@contextmanager
def _folder(folder: Path) -> Iterator[None]:
    """``folder`` for the time of the block, made where it is missing, and gone again where the block fails."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refusal(folder, error) from error
    try:
        yield
    except BaseException:
        with suppress(OSError):  # something else is in it by now
            for one in missing:
                one.rmdir()
        raise


def _unfit(source: Path, work: _Work) -> RowsUnfit:
    first = next(found for found in work.findings if found.severity == "error")
    count = work.findings.errors
    message = ngettext(
        "{path} has {count} fault, and nothing was written. {first}",
        "{path} has {count} faults, and nothing was written. The first: {first}",
        count,
    ).format(path=source, count=count, first=first)
    hint = _("Correct the rows, or leave them out.") if work.rows else _("No row can be sent as it is.")
    return RowsUnfit(message, hint, findings=work.findings, rows=work.rows, left_out=work.left_out)
