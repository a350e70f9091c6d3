"""Where each row of a conversion came from and went: ``<stem>.manifest.json`` beside the outputs."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from wizard import __version__
from wizard.data.converting.page import LEFT_OUT, NO_ROW, SAME_LINE
from wizard.data.files.lines import SourceUnreadable
from wizard.data.files.opening import opened
from wizard.errors import DataError
from wizard.locale import _

SUFFIX = ".manifest.json"
FORMAT = 1

_ROWS = (
    "zlib, then base64; read from line 1 on, one byte a line: 255 no row, 0 left out, n in the nth of splits "
    "(1 where there are none), each split's rows in order through its parts; 254 before a row on the line before"
)


class PartEntry(msgspec.Struct, frozen=True):
    """One output file, which lies beside the manifest."""

    name: str
    split: str
    rows: int
    size: int
    md5: str
    sha256: str


class SourceEntry(msgspec.Struct, frozen=True):
    """What was converted."""

    path: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What one conversion read and wrote. ``complete`` is false from before the first old file goes until all new are there."""

    format: int
    complete: bool
    wizard: str
    source: SourceEntry
    system_prompt: str
    seed: int | None
    split: dict[str, float]
    shuffled_options: bool
    kept_order: int
    rows: int
    left_out: int
    left_out_file: str
    blank_lines: int
    parts: tuple[PartEntry, ...]
    replaces: tuple[PartEntry, ...] = ()
    """Files of the run before that must go; only while not ``complete``."""
    fates: str = ""
    fates_format: str = _ROWS

    def written(self) -> bytes:
        """As a file."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


class Place(NamedTuple):
    """Where the row on ``line`` of the source is; ``part`` is "" and ``output_line`` 0 where it was left out."""

    line: int
    part: str
    output_line: int


def path_beside(output: Path) -> Path:
    """Where the manifest of ``output`` is."""
    return output.with_name(f"{output.stem}{SUFFIX}")


def begun(**values: object) -> Manifest:
    """A manifest by this version of the wizard."""
    return msgspec.convert({"format": FORMAT, "wizard": __version__, **values}, Manifest)


def read(path: Path) -> Manifest | None:
    """The manifest at ``path``; None where there is none, or none that this version can read."""
    try:
        with opened(path) as stream:
            found = msgspec.json.decode(stream.read(), type=Manifest)
    except (OSError, ValueError, SourceUnreadable):
        return None
    return found if found.format == FORMAT else None


def places(manifest: Manifest) -> Iterator[Place]:
    """Where each row of the source is, in the source's order. Raises DataError where the manifest was tampered with."""
    try:
        fates = zlib.decompress(base64.b64decode(manifest.fates))
    except (ValueError, zlib.error) as error:
        raise DataError(_("The manifest's list of rows is damaged."), _("Convert the file again.")) from error
    names = list(manifest.split) or [""]
    walks = [_walk([part for part in manifest.parts if part.split == name]) for name in names]
    line = 0
    back = False
    for fate in fates:
        if fate == SAME_LINE:
            back = True
            continue
        line, back = line + (not back), False
        if fate == NO_ROW:
            continue
        if fate == LEFT_OUT:
            yield Place(line, "", 0)
        else:
            yield Place(line, *next(walks[fate - 1]))


def place_of(manifest: Manifest, line: int) -> tuple[Place, ...]:
    """Where the rows on ``line`` of the source are; empty for a line without a row."""
    return tuple(place for place in places(manifest) if place.line == line)


def _walk(parts: list[PartEntry]) -> Iterator[tuple[str, int]]:
    for part in parts:
        for number in range(1, part.rows + 1):
            yield part.name, number


class Fates:
    """The list of rows, packed while it is made."""

    def __init__(self) -> None:
        self._packer = zlib.compressobj(6)
        self._packed: list[bytes] = []

    def add(self, fates: bytes) -> None:
        """The fates of the next lines."""
        self._packed.append(self._packer.compress(fates))

    def packed(self) -> str:
        """All of them, as text."""
        return base64.b64encode(b"".join([*self._packed, self._packer.flush()])).decode()
