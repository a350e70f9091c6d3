"""Whole files: source rows -> Bailian's JSONL, with every fault found on the way."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from wizard.data import sent
from wizard.data.converting.manifest import Manifest, SourceEntry, begun
from wizard.data.converting.page import MOST_SPLITS, Systems, Task
from wizard.data.converting.parts import MAX_PART_SIZE, Part, Set, refuse_source
from wizard.data.converting.underway import Underway, by_page, by_row, say
from wizard.data.files.damage import CUT
from wizard.data.files.opening import sha256_of, size_of
from wizard.data.findings import Finding, Findings, told
from wizard.data.record import Kind
from wizard.data.shapes.reading import Reading
from wizard.data.shapes.source import Columns, Source
from wizard.data.shapes.understand import PLAIN
from wizard.data.workers import how_many, keep_memory
from wizard.errors import DataError, UsageError
from wizard.local.storage import make_folder, refusal, refuse_name
from wizard.local.way import refuse_links
from wizard.locale import _, enumerated, ngettext

if TYPE_CHECKING:
    from wizard.data.tokens import Counting, Sampled, Tokenizer

OnError: TypeAlias = Literal["stop", "skip"]

_SEED = 20_261_123  # of the sample; any number does, as long as it stays the same
_SHARES = 1e-6
_LARGE = 8_000_000  # bytes
_KINDS: tuple[Kind, ...] = get_args(Kind)


class RowsUnfit(DataError):
    """Rows of the source can't be sent, and nothing was written.

    ``findings`` counts every fault of the whole file; ``left_out`` rows have errors, and ``rows`` could be sent.
    """

    def __init__(
        self, message: str, hint: str = "", *, findings: Findings, rows: int = 0, left_out: int = 0
    ) -> None:
        super().__init__(message, hint)
        self.findings = findings
        self.rows = rows
        self.left_out = left_out

    @property
    def details(self) -> dict[str, Any]:
        """What is wrong, and with how many rows."""
        return {"rows": self.rows, "left_out": self.left_out, **self.findings.as_dict()}


@dataclass(frozen=True, slots=True)
class Conversion:
    """What became of a file."""

    source: Path
    output: Path
    rows: int
    """Rows written, in all parts."""
    size: int
    """Bytes written, in all parts."""
    sha256: str
    md5: str
    """Of what was written, hexadecimal; "" where that is more than one file: see ``parts``."""
    source_sha256: str
    left_out: int
    """Rows with errors, which are in ``left_out_file``."""
    characters: int
    """Of all messages that are sent, system messages included."""
    lengths: tuple[tuple[int, int], ...]
    """(tokens of a row, how many such rows), sorted; of the ``sampled`` rows only, where that is there, and empty
    where no tokens were counted."""
    findings: Findings
    blank_lines: int = 0
    left_out_file: Path | None = None
    extra: tuple[tuple[str, int], ...] = ()
    """(field of the source that is not sent, in how many rows)."""
    parts: tuple[Part, ...] = ()
    """The files written, in order; one named ``output``, unless it would be too large or was split."""
    manifest: Path | None = None
    kind: Kind = "chat"
    order_kept: int = 0
    """Rows whose options were not shuffled, because they or the question speak of each other's place."""
    systems: Systems = field(default_factory=Systems)
    """What the rows that were written begin with."""
    reading: Reading = PLAIN
    """What was understood of the source."""
    sampled: Sampled | None = None
    """Where tokens were not counted exactly: how many rows were, and the 95 % interval."""


def convert(
    source: Path,
    output: Path,
    *,
    system_prompt: str,
    add_system: bool = False,
    language: str = sent.CHINESE,
    on_error: OnError = "stop",
    tokenizer: Tokenizer | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    columns: Columns = None,
    reading: Reading | None = None,
    max_part_size: int = MAX_PART_SIZE,
    split: Sequence[tuple[str, float]] = (),
    seed: int = 0,
    shuffle_options: bool = False,
    workers: int | None = None,
) -> Conversion:
    """Write the rows of ``source`` to ``output`` as Bailian's JSONL, in constant memory.

    The same source and settings give the same bytes, whatever the number of ``workers`` (processes; None: as many as
    pay). ``on_progress`` is told (bytes read, bytes in all). Every row is looked at, whatever is found: with "stop",
    any error raises RowsUnfit at the end and nothing is written; with "skip", rows with errors are left out and listed
    in ``<output's stem>.left-out.jsonl`` (line, code, what, row), and RowsUnfit is raised only where no row is left.

    ``system_prompt`` is put before each question with options, whose words around it are of ``language``; with
    ``add_system`` also before each chat that has no system message.

    An output above ``max_part_size`` bytes becomes ``<stem>-part1``, ``-part2``, …, cut between rows. ``split`` gives
    (name, share) and writes ``<stem>_<name>``: each row goes to one of them by ``seed`` and what it asks, so that the
    same question is never in two. ``shuffle_options`` puts the options in an order of ``seed``, where no option speaks
    of others. ``columns`` and ``reading``: as for Source. Beside it, ``<stem>.manifest.json`` tells where each row went.

    Also raises SourceUnreadable, StorageError, WorkerLost, UsageError (a wrong ``split``) and DataError (rows of
    several kinds, a row above the limit); whatever happens, the old output stays until a whole new one takes its place.
    """
    _check_split(split)
    rows = Source(source, columns, reading)
    refuse_source(rows.path, output)
    known = rows.reading()
    lines_of_json = known.container == "jsonl" and not known.grouped
    task = Task(
        rows.file,
        system_prompt,
        known,
        tuple(split),
        seed,
        shuffle_options,
        keep=on_error == "skip",
        add_system=add_system,
        language=language,
    )
    total = size_of(rows.path)
    if total >= _LARGE:
        keep_memory()
    work = Underway(task, _counting(tokenizer, total), total)
    with (
        _folder(output.parent),
        Set(output, max_part_size, [name for name, _share in split], work.digests) as out,
    ):
        if lines_of_json:
            say(known.said(rows.file), work)
        made = (
            by_page(rows.path, work, _workers(workers, work.counting, total))
            if lines_of_json
            else by_row(rows, work)
        )
        for page in made:
            work.count(page)
            if on_error == "skip":
                for row in page.faulty:
                    out.write_aside(_told(row.line, row.raw, row.why))
            if on_error == "skip" or not work.findings.errors:
                for number, (data, count) in enumerate(zip(page.data, page.rows, strict=True)):
                    out.write(number, data, count)
            if on_progress is not None:
                on_progress(work.read, max(total, work.read))
        cut = not CUT.isdisjoint(work.findings.counts)
        if work.findings.errors and (on_error == "stop" or cut or not work.rows):
            raise _unfit(source, work, cut=cut)
        _refuse_mixed(source, work)
        _refuse_empty(source, out)
        digest = work.source_sha256.hexdigest() if lines_of_json else sha256_of(rows.path)
        about = _about(source, work, digest, out)
        parts = out.commit(rows.path, about)
    return _conversion((source, output), work, digest, parts, out)


def _conversion(
    named: tuple[Path, Path], work: Underway, digest: str, parts: tuple[Part, ...], out: Set
) -> Conversion:
    only = parts[0] if len(parts) == 1 else None
    counting = work.counting
    return Conversion(
        source=named[0],
        output=named[1],
        rows=work.rows,
        size=sum(part.size for part in parts),
        sha256=only.sha256 if only else "",
        md5=only.md5 if only else "",
        source_sha256=digest,
        left_out=work.left_out,
        characters=work.characters,
        lengths=tuple(sorted(counting.counts.items())) if counting else (),
        findings=work.findings,
        blank_lines=work.blank,
        left_out_file=out.aside_path if work.left_out else None,
        extra=tuple(work.extra.items()),
        parts=parts,
        manifest=out.manifest_path,
        kind=_kind(work),
        order_kept=work.kept_order,
        systems=work.systems,
        reading=work.task.reading,
        sampled=counting.sampled() if counting else None,
    )


def _kind(work: Underway) -> Kind:
    return next((kind for kind in _KINDS if kind in work.kinds), "chat")


def _told(number: int, raw: bytes, why: tuple[Finding, ...]) -> bytes:
    """The line about a row left out; bytes that are no UTF-8 are written as backslash, x and two digits."""
    row = {
        "line": number,
        "code": why[0].code,
        "what": told(why),
        "row": raw.decode("utf-8", "backslashreplace"),
    }
    return sent.text(row) + b"\n"


def _about(source: Path, work: Underway, digest: str, out: Set) -> Manifest:
    task = work.task
    return begun(
        complete=False,
        source=SourceEntry(_named(source), work.total or work.read, digest),
        system_prompt=task.system_prompt,
        seed=task.seed if task.split or task.shuffle else None,
        split=dict(task.split),
        shuffled_options=task.shuffle,
        kept_order=work.kept_order,
        rows=work.rows,
        left_out=work.left_out,
        left_out_file=out.aside_path.name if work.left_out else "",
        blank_lines=work.blank,
        parts=(),
        fates=work.fates.packed(),
    )


def _check_split(split: Sequence[tuple[str, float]]) -> None:
    """Raise UsageError for shares that don't make a whole, and for names that can't be part of a file's name."""
    names = [name for name, _share in split]
    ok = all(name and name.isascii() and name.replace("-", "").isalnum() for name in names)
    if not split:
        return
    if not ok or len(set(names)) != len(names) or len(names) > MOST_SPLITS:
        raise UsageError(
            _("A split's names must be different, and of ASCII letters, digits and hyphens only."),
            _("For example: --split train=0.9,dev=0.1"),
        )
    shares = [share for _name, share in split]
    if not all(0 < share <= 1 for share in shares) or abs(sum(shares) - 1) > _SHARES:
        raise UsageError(
            _("A split's shares must be above 0 and make 1 together."),
            _("For example: --split train=0.9,dev=0.1"),
        )


def _refuse_mixed(source: Path, work: Underway) -> None:
    if len(work.kinds) > 1:
        names = {
            "chat": _("questions or chats (SFT)"),
            "preference": _("preferences (DPO)"),
            "text": _("plain texts (CPT)"),
        }
        shown = enumerated(f"{names[kind]}: {count:,}" for kind, count in work.kinds.items())
        raise DataError(
            _("{path} holds rows for different kinds of training: {shown}.").format(path=source, shown=shown),
            _("Put each kind in a file of its own; nothing was written."),
        )


def _refuse_empty(source: Path, out: Set) -> None:
    if out.empty and out.empty != ("",):
        raise DataError(
            _("No row of {path} fell to {names}; nothing was written.").format(
                path=source, names=enumerated(out.empty)
            ),
            _("Give it a larger share, choose another seed, or use a file with more rows."),
        )


def _counting(tokenizer: Tokenizer | None, total: int) -> Counting | None:
    if tokenizer is None:
        return None
    from wizard.data.tokens import Counting, sample_for

    return Counting(tokenizer, wanted=sample_for(total), seed=_SEED)


def _workers(wanted: int | None, counting: Counting | None, total: int) -> int:
    """How many workers; none where counting every token takes far longer than the rest."""
    return 0 if wanted is None and counting is not None and counting.all else how_many(wanted, total)


@contextmanager
def _folder(folder: Path) -> Iterator[None]:
    """``folder`` for the time of the block, made where it is missing, and gone again where the block fails."""
    refuse_name(folder)
    refuse_links(folder)
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        try:
            make_folder(folder)
        except OSError as error:
            raise refusal(folder, error) from error
        yield
    except BaseException:
        with suppress(OSError):  # something else is in it by now
            for one in missing:
                one.rmdir()
        raise


def _unfit(source: Path, work: Underway, *, cut: bool) -> RowsUnfit:
    first = next(found for found in work.findings if found.severity == "error")
    count = work.findings.errors
    message = ngettext(
        "{path} has {count} fault, and nothing was written. {first}",
        "{path} has {count} faults, and nothing was written. The first: {first}",
        count,
    ).format(path=source, count=count, first=first)
    if cut:
        hint = _("No row can be left out in its place: others of the file were not read at all.")
        left_out = work.rows + work.left_out
        return RowsUnfit(message, hint, findings=work.findings, rows=0, left_out=left_out)
    hint = _("Correct the rows, or leave them out.") if work.rows else _("No row can be sent as it is.")
    return RowsUnfit(message, hint, findings=work.findings, rows=work.rows, left_out=work.left_out)


def _named(path: Path) -> str:
    """A path as text: bytes in it that are none are written as their numbers."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
