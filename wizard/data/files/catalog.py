"""Which data there is: MedQA's sets wherever they lie, the names of their outputs, and quick counts of rows."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from wizard.data.files.lines import SourceUnreadable
from wizard.data.files.opening import opened
from wizard.local.storage import refusal, reserved
from wizard.locale import _, enumerated

SplitName: TypeAlias = Literal["train", "dev", "test"]
SetId: TypeAlias = Literal["mainland_4opt", "taiwan", "us_4opt"]
SPLITS: tuple[SplitName, ...] = get_args(SplitName)

# Where the released MedQA keeps each set, below the folder that is called `questions` in its archive
# (jind11/MedQA, as unpacked: Taiwan has no folder 4_options, and only the US files carry a prefix).
_LAYOUT: dict[SetId, tuple[tuple[str, ...], str]] = {
    "mainland_4opt": (("Mainland", "4_options"), "{split}.jsonl"),
    "taiwan": (("Taiwan",), "{split}.jsonl"),
    "us_4opt": (("US", "4_options"), "phrases_no_exclude_{split}.jsonl"),
}
SET_IDS: tuple[SetId, ...] = tuple(_LAYOUT)

_DEPTH = 4
_FOLDERS = 5_000  # a home folder given by mistake must not keep anybody waiting
_OPEN_ELSEWHERE = "~$"  # what Excel leaves beside a file that it has open
_NEVER_INSIDE = frozenset({"__MACOSX", "__pycache__", "node_modules", "textbooks"})
NAME_LIMIT = 120
_BLOCK = 1 << 18
_SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".xlsx", ".xls", ".xlsb", ".ods", ".parquet")
_TEXTS = 50  # that are looked into
_ROWS = (*_SUFFIXES, *[f"{suffix}.gz" for suffix in _SUFFIXES])
_NOT_DATA = (
    ".manifest.json",
    ".left-out.jsonl",
    ".rejected.jsonl",
)  # what conversions leave beside their outputs
_ABOUT_DATA = frozenset(
    {
        "dataset_info.json",
        "dataset_infos.json",
        "dataset_dict.json",
        "state.json",
        "package.json",
        "metadata.json",
        "manifest.json",
    }
)  # what stands beside rows and speaks of them
_NAMED = 12


@dataclass(frozen=True, slots=True)
class Split:
    """One file of a set and the name of the file it becomes."""

    name: SplitName
    path: Path
    output: str


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """One MedQA set with the splits that are there; ``root`` is the folder that holds the region folders."""

    id: SetId
    root: Path
    splits: tuple[Split, ...]

    def split(self, name: str) -> Split | None:
        """The split called ``name`` (train, dev, test), if its file is there."""
        return next((split for split in self.splits if split.name == name), None)


def title(set_id: str) -> str:
    """A set's name for people, in the language in use."""
    return {
        "mainland_4opt": _("MedQA Mainland China, 4 options"),
        "taiwan": _("MedQA Taiwan"),
        "us_4opt": _("MedQA USA, 4 options"),
    }.get(set_id, set_id)


def find_sets(folder: Path) -> tuple[QuestionSet, ...]:
    """The MedQA sets at or below ``folder``, in the order of SET_IDS, each with at least one split.

    Whatever stands in front of the region folders (``questions/``, ``data_clean/questions/``, ``MedQA/``, nothing) is
    passed through, four folders deep at most; ``folder`` may also be a region folder or its ``4_options``. Where a set
    lies in several places, the one nearest to ``folder`` counts, then the first by name. A folder that can't be read
    is passed over. ``folder`` may be a zip or tar archive, too: its sets have paths such as
    ``data_clean.zip/questions/Taiwan/dev.jsonl``, which are read as they are; a damaged one raises SourceUnreadable.
    """
    if folder.is_file():
        return _sets_in_archive(folder)
    inside = _region_of(folder)
    if inside is not None:
        return inside
    found: dict[SetId, QuestionSet] = {}
    for root in _folders(folder):
        for question_set in _sets_at(root):
            found.setdefault(question_set.id, question_set)
        if len(found) == len(SET_IDS):
            break
    return tuple(found[set_id] for set_id in SET_IDS if set_id in found)


def data_files(place: Path, text_of_rows: Callable[[Path], bool] | None = None) -> tuple[Path, ...]:
    """The files of rows by their names in a folder (not below it) or anywhere in an archive, sorted.

    ``text_of_rows``: which texts are rows, too, of the first 50; without it, none. Raises SourceUnreadable.
    """
    from wizard.data.files import archives

    if place.is_dir():
        try:
            found = [path for path in place.iterdir() if path.is_file()]
        except OSError as error:
            raise refusal(place, error, reading=True) from error
    else:
        found = [place / member.name for member in archives.members(place)]
    rows = (
        path
        for path in found
        if path.name.casefold().endswith(_ROWS)
        and not path.name.casefold().endswith(_NOT_DATA)
        and path.name.casefold() not in _ABOUT_DATA
        and not path.name.startswith(_OPEN_ELSEWHERE)
        and not any(part.startswith(".") or part in _NEVER_INSIDE for part in path.relative_to(place).parts)
    )
    texts = [path for path in sorted(found) if path.suffix.casefold() == ".txt"] if text_of_rows else []
    return tuple(sorted((*rows, *filter(text_of_rows, texts[:_TEXTS])), key=natural))


_DIGITS = 4_000  # of a number in a name, at most


def natural(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Paths in the order in which people count: chapter 2 before chapter 10."""
    parts = re.split(r"(\d+)", str(path))
    return [
        (int(part), "") if part.isdecimal() and len(part) < _DIGITS else (-1, part) for part in parts
    ], str(path)


def the_one_in(path: Path) -> Path:
    """``path`` itself, or the one file of rows in the folder or archive that it is. Raises SourceUnreadable where there isn't one."""
    from wizard.data.files import archives, foreign

    if not path.is_dir() and archives.kind_of(path) is None:
        return path
    found = data_files(path)
    if not found and path.is_dir():
        foreign.refuse_saved(path)
    if len(found) == 1:
        return found[0]
    if not found:
        raise SourceUnreadable(
            _("There is no file of rows in {path}.").format(path=path),
            _("Files of rows end in {suffixes}, and may be packed as .gz.").format(
                suffixes=enumerated(_SUFFIXES)
            ),
        )
    shown = [str(one) for one in found[:_NAMED]] + ["…"] * (len(found) > _NAMED)
    raise SourceUnreadable(
        _("There are {count} files of rows in {path}.").format(count=len(found), path=path),
        _("Name one of them: {names}").format(names=enumerated(shown)),
    )


def locate(path: Path) -> tuple[SetId, Split] | None:
    """The set and split that a file is by its path, or None where it is not one of MedQA's nine files."""
    parts = Path(os.path.abspath(path)).parts  # noqa: PTH100 - resolve() would follow links, and the name given counts
    for set_id in SET_IDS:
        folders, pattern = _LAYOUT[set_id]
        if parts[-1 - len(folders) : -1] != folders:
            continue
        for name in SPLITS:
            if parts[-1] == pattern.format(split=name):
                return set_id, Split(name, path, f"{set_id}_{name}.jsonl")
    return None


def output_name(path: Path) -> str:
    """The name that the conversion of any other file gets: ``<stem>.jsonl``, stable for the same source name.

    The platform's rule for names without their extension (stated for the console's upload): at most 120 characters, ASCII letters, digits,
    ``_`` and ``-`` only. Chinese is spelled as it reads; what was spelled, lost characters or was cut has 8 hex digits of its SHA-256 besides, since
    other names may read the same, and is called ``data`` where nothing of it is left.
    """
    from wizard.data.files.pinyin import spelled

    stem = path.name
    while True:  # data.jsonl.gz -> data; a name that only begins with a dot keeps it
        shorter = Path(stem).stem
        if shorter == stem or not re.fullmatch(r"\.[A-Za-z][A-Za-z0-9]{0,7}", stem[len(shorter) :]):
            break
        stem = shorter
    safe = re.sub(r"[^A-Za-z0-9_-]+", "_", spelled(stem)).strip("_")
    digest = hashlib.sha256(path.name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    if not stem.isascii() or not safe or len(safe) > NAME_LIMIT or reserved(safe):
        safe = f"{safe[: NAME_LIMIT - 9].strip('_-') or 'data'}-{digest}"
    return f"{safe}.jsonl"


def count_rows(path: Path) -> int:
    """The lines of a file (also inside an archive) that aren't blank, counted on its bytes; nothing is decoded.

    Raises SourceUnreadable.
    """
    rows = 0
    held = b""  # the start of a line that goes on in the next block, or as much of it as tells that it isn't blank
    with opened(path) as stream:
        while block := stream.read(_BLOCK):
            lines = block.split(b"\n")
            lines[0] = held + lines[0]
            held = lines.pop()
            if held and not held.isspace():
                held = b"x"
            rows += sum(1 for line in lines if line and not line.isspace())
    return rows + (1 if held and not held.isspace() else 0)


def _sets_in_archive(archive: Path) -> tuple[QuestionSet, ...]:
    from wizard.data.files import archives

    if archives.kind_of(archive) is None:
        return ()
    names = {member.name for member in archives.members(archive)}
    found: list[QuestionSet] = []
    for set_id in SET_IDS:
        folders, pattern = _LAYOUT[set_id]
        tails = {name: "/".join((*folders, pattern.format(split=name))) for name in SPLITS}
        roots = {
            inside[: -len(tail)]
            for tail in tails.values()
            for inside in names
            if inside == tail or inside.endswith(f"/{tail}")
        }
        kept = [
            root for root in roots if root.count("/") <= _DEPTH and _NEVER_INSIDE.isdisjoint(root.split("/"))
        ]
        if not kept:
            continue
        root = min(kept, key=lambda one: (one.count("/"), one))
        splits = [
            Split(name, archive / f"{root}{tail}", f"{set_id}_{name}.jsonl")
            for name, tail in tails.items()
            if f"{root}{tail}" in names
        ]
        found.append(QuestionSet(set_id, archive / root, tuple(splits)))
    return tuple(found)


def _sets_at(root: Path) -> Iterator[QuestionSet]:
    for set_id in SET_IDS:
        folders, pattern = _LAYOUT[set_id]
        splits = tuple(
            Split(name, path, f"{set_id}_{name}.jsonl")
            for name in SPLITS
            if (path := root.joinpath(*folders, pattern.format(split=name))).is_file()
        )
        if splits:
            yield QuestionSet(set_id, root, splits)


def _region_of(folder: Path) -> tuple[QuestionSet, ...] | None:
    """The sets of the region that ``folder`` itself is (…/Mainland, …/US/4_options), or None."""
    parts = Path(os.path.abspath(folder)).parts  # noqa: PTH100 - as in locate
    for set_id in SET_IDS:
        folders, _pattern = _LAYOUT[set_id]
        for depth in range(1, len(folders) + 1):
            if parts[-depth:] == folders[:depth]:
                root = Path(*parts[:-depth])
                return tuple(found for found in _sets_at(root) if found.id == set_id) or None
    return None


def _folders(top: Path) -> Iterator[Path]:
    """``top`` and the folders below it, nearest first, then by name; each folder once, whatever links lead to it."""
    seen: set[tuple[int, int]] = set()
    level = [top]
    for _depth in range(_DEPTH + 1):
        below: list[Path] = []
        for folder in level:
            try:
                status = folder.stat()
                entries = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
            except OSError:
                continue
            identity = (status.st_dev, status.st_ino)
            if identity in seen or len(seen) >= _FOLDERS:
                continue
            seen.add(identity)
            yield folder
            below += [
                folder / name for name in entries if not name.startswith(".") and name not in _NEVER_INSIDE
            ]
        level = below
