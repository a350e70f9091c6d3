"""Several files of one kind as one file: the rows of all, one after the other, each with the name of the file that it is from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec

from wizard.data.files.catalog import natural
from wizard.data.files.damage import why_not_decoded
from wizard.data.files.opening import size_of
from wizard.data.files.spreadsheets import CellFault
from wizard.data.findings import Finding, Findings
from wizard.data.record import Where
from wizard.data.shapes.contents import contents
from wizard.data.shapes.fields import WRONG_TYPE, kind
from wizard.data.shapes.reading import HEADERS, Reading
from wizard.data.shapes.talk import is_of_lines
from wizard.errors import DataError
from wizard.local import storage
from wizard.locale import _

FROM = "source_file"
"""The column that says which file a row is from; it has no meaning, and is told as not sent."""
CONVERSATION = "conversation_id"
"""Its name where each file is a conversation, a message a row."""
_READ = 5


class Joined(NamedTuple):
    """What came together."""

    rows: int
    told: Findings
    """What is odd about the files, and which of their lines are no rows."""


def alike(readings: Sequence[Reading]) -> bool:
    """Whether files are of one kind: of one shape by the same columns, or, where none is known, with the same columns."""
    kinds = {
        (one.shape, frozenset(one.guess.items() if one.shape else [column.name for column in one.fields]))
        for one in readings
    }
    return len(readings) > 1 and len(kinds) == 1 and all(one.fields and one.whole for one in readings)


def join(
    files: Sequence[Path],
    folder: Path,
    reading: Reading,
    output: Path,
    *,
    about: Mapping[str, str],
    update: Callable[[int], object] = lambda _done: None,
) -> Joined:
    """Write the rows of ``files``, in their natural order, to ``output`` as JSON Lines: a field for each column, and FROM.

    ``reading``: of any of them; ``about``: the sheet and the header, as a person gave them; ``update`` is told how many bytes
    are done. Where rows are messages and nothing says of which conversation, each file is one. What is JSON already stays as
    it is written, also where it can't be read. Raises DataError where a row can't be taken over, SourceUnreadable and StorageError.
    """
    names = {column.name for column in reading.fields}
    name = CONVERSATION if is_of_lines(names) and "group" not in reading.guess else FROM
    while name in names:
        name += "_"
    told, rows, done = Findings(), 0, 0
    with storage.writing(output) as out:
        for file in sorted(files, key=natural):
            whose = msgspec.json.encode(str(file.relative_to(folder)))
            for row in _rows(file, names, about):
                if not isinstance(row, Finding):
                    rows += 1
                    out.write(_with(row, msgspec.json.encode(name), whose) + b"\n")
                elif row.severity == "error":
                    raise DataError(str(row), _("Mend it first, or choose one of the other files by itself."))
                else:
                    told.add(row)
            done += size_of(file)
            update(done)
    return Joined(rows, told)


def beginning(files: Sequence[Path], folder: Path, reading: Reading, about: Mapping[str, str]) -> Reading:
    """What the first of ``files`` are when they are put together; arguments and what is raised as for ``join``."""
    from wizard.data.shapes.source import Source

    with TemporaryDirectory() as made:
        output = Path(made, "together.jsonl")
        join(sorted(files, key=natural)[:_READ], folder, reading, output, about=about)
        return Source(output).reading(whole=False)


def _rows(file: Path, names: Collection[str], about: Mapping[str, str]) -> Iterator[bytes | Finding]:
    """A JSON value for each row of ``file``, and what is told of it."""
    with_header = HEADERS[about.get("header")]
    with contents(file, with_header=with_header, named=names, sheet=about.get("sheet", "")) as opened:
        yield from opened.about()
        for line, row in opened.rows():
            if isinstance(row, dict):
                yield _object(row, Where(opened.file, line))
            elif isinstance(row, Finding) or type(row) is bytes:
                yield row
            else:  # one of the kinds of bytes that are no JSON; on a line of its own it would be another
                yield why_not_decoded(row, Where(opened.file, line))


def _object(row: Mapping[str, Any], where: Where) -> bytes | Finding:
    """A table's row as JSON; what is wrong where a cell holds what no text says, such as a formula without its result."""
    made = {name: str(cell) if hasattr(cell, "isoformat") else cell for name, cell in row.items()}
    try:
        return msgspec.json.encode(made)
    except TypeError:
        column = next((name for name, cell in made.items() if isinstance(cell, CellFault)), "")
        return WRONG_TYPE.at(where, field=column, found=kind(row.get(column)), wanted=kind(""))


def _with(row: bytes, name: bytes, value: bytes) -> bytes:
    """``row`` on one line, an object with one field more; what is no object as it is."""
    line = row.strip().replace(b"\r", b" ").replace(b"\n", b" ")
    if not (line.startswith(b"{") and line.endswith(b"}")):
        return line
    inside = line[1:-1].rstrip()
    return b"{" + inside + (b", " if inside else b"") + name + b": " + value + b"}"
