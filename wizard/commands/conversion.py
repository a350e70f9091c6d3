"""``convert``: one file, or every MedQA set that is found, to Bailian's JSON Lines."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard import process
from wizard.commands.columns import columns_of
from wizard.commands.scene import Scene
from wizard.contract import forms
from wizard.data.files import catalog
from wizard.engine.step import Front
from wizard.errors import UsageError
from wizard.locale import _, joined, ngettext
from wizard.steps.findings import look_up
from wizard.steps.preview import MEDQA_OUTPUT
from wizard.steps.reading import as_dict, told

if TYPE_CHECKING:
    from wizard.data.converting.convert import Conversion
    from wizard.data.findings import Findings

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmg]?)(i?)b?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3}


def convert(scene: Scene) -> int:
    """``convert SOURCE OUTPUT`` or ``convert --all [ROOT] [--out DIR]``: up to nine files, under the names of the toolkit.

    An OUTPUT that is a folder gets the name that the wizard would give. Raises UsageError, and what convert.convert does.
    """
    arguments, front = scene.arguments, scene.front
    settings = _settings(arguments)
    if arguments.all:
        pairs = _found(Path(arguments.source or "."), arguments.out)
    elif not arguments.source or not arguments.output:
        raise UsageError(_("convert takes a SOURCE and an OUTPUT, or --all."))
    else:
        pairs = [_pair(Path(arguments.source), Path(arguments.output))]
    done = [_one(front, source, output, settings, as_json=arguments.json) for source, output in pairs]
    return scene.report(forms.Converted(files=done))


def _pair(source: Path, output: Path) -> tuple[Path, Path]:
    if output.is_dir():
        located = catalog.locate(source)
        output /= located[1].output if located else catalog.output_name(source)
    return source, output


def _found(root: Path, out: Path | None) -> list[tuple[Path, Path]]:
    found = catalog.find_sets(root)
    if not found:
        raise UsageError(_("No MedQA files under {path}.").format(path=root))
    folder = out if out is not None else Path(MEDQA_OUTPUT)
    return [(split.path, folder / split.output) for question_set in found for split in question_set.splits]


def _settings(arguments: Namespace) -> dict[str, Any]:
    from wizard.data.converting.parts import MAX_PART_SIZE
    from wizard.data.sent import SYSTEM_PROMPT

    prompt, limit = arguments.system_prompt, arguments.max_part_size
    return {
        "system_prompt": SYSTEM_PROMPT if prompt is None else prompt,
        "add_system": prompt is not None,  # that of medical questions is put before them only
        "on_error": arguments.on_error,
        "max_part_size": MAX_PART_SIZE if limit is None else size_of(limit),
        "split": () if arguments.split is None else shares_of(arguments.split),
        "seed": arguments.seed,
        "shuffle_options": arguments.shuffle_options,
        "columns": columns_of(arguments),
    }


def _one(
    front: Front, source: Path, output: Path, settings: dict[str, Any], *, as_json: bool
) -> forms.ConvertedFile:
    from wizard.data.converting.convert import RowsUnfit, convert

    label = _("Converting {name}").format(name=source.name)
    size = source.stat().st_size if source.is_file() else 0
    with front.progress(label, size, "bytes") as progress:
        try:
            conversion = convert(source, output, on_progress=progress.update, **settings)
        except RowsUnfit as unfit:
            skip = _("To leave them out: --on-error skip") if unfit.rows else ""
            unfit.hint = joined(unfit.hint, skip, look_up())
            raise
    if not as_json:
        _tell(conversion, settings["system_prompt"])
    return _as_dict(conversion)


def _tell(done: Conversion, prompt: str) -> None:
    for line in (*told(done.reading, dict(done.extra)), *_noted(done.findings)):
        process.out(line, lines=False)
    if done.systems.put:
        process.out(_before(done, prompt), lines=False)
    for part in done.parts:
        line = ngettext(
            "{source} -> {output}: {rows:,} row", "{source} -> {output}: {rows:,} rows", part.rows
        )
        process.out(line.format(source=done.source, output=part.path, rows=part.rows), lines=False)
    if done.left_out:
        line = ngettext("{count:,} row left out: {path}", "{count:,} rows left out: {path}", done.left_out)
        process.out(line.format(count=done.left_out, path=done.left_out_file), lines=False)
    if done.order_kept:
        line = ngettext(
            "{count:,} row keeps the order of its options: they speak of each other.",
            "{count:,} rows keep the order of their options: they speak of each other.",
            done.order_kept,
        )
        process.out(line.format(count=done.order_kept))


def _before(done: Conversion, prompt: str) -> str:
    """What stands before the rows as a system message that isn't their own."""
    line = ngettext(
        "System message that was put before {rows:,} row: “{text}” Another one, or none: --system-prompt TEXT",
        "System message that was put before {rows:,} rows: “{text}” Another one, or none: --system-prompt TEXT",
        done.systems.put,
    )
    return line.format(rows=done.systems.put, text=prompt)


def _noted(findings: Findings) -> Iterator[str]:
    """What was noticed: the first of each kind, and how many there are."""
    for code, count in findings.counts.items():
        line = str(findings.first(code)[0])
        yield (
            _("{text} ({aside})").format(text=line, aside=_("{count:,} in all").format(count=count))
            if count > 1
            else line
        )


def _as_dict(done: Conversion) -> forms.ConvertedFile:
    return {
        "source": str(done.source),
        "output": str(done.output),
        "rows": done.rows,
        "left_out": done.left_out,
        "left_out_file": str(done.left_out_file) if done.left_out_file else None,
        "size": done.size,
        "sha256": done.sha256,
        "kind": done.kind,
        "order_kept": done.order_kept,
        "manifest": str(done.manifest),
        "parts": [
            {
                "path": str(part.path),
                "split": part.split,
                "rows": part.rows,
                "size": part.size,
                "md5": part.md5,
                "sha256": part.sha256,
            }
            for part in done.parts
        ],
        "reading": as_dict(done.reading, dict(done.extra)),
        "findings": done.findings.as_dict(),
    }


def size_of(text: str) -> int:
    """Bytes that ``text`` means: 300MB is 300,000,000, 300MiB 314,572,800. Raises UsageError."""
    found = _SIZE.fullmatch(text.strip())
    size = 0
    if found is not None:
        size = int(float(found[1]) * (1024 if found[3] else 1000) ** _POWERS[found[2].lower()])
    if size < 1:
        raise UsageError(
            _("“{text}” is not a size.").format(text=text), _("For example: --max-part-size 200MB")
        )
    return size


def shares_of(text: str) -> tuple[tuple[str, float], ...]:
    """(name, share) of ``train=0.9,dev=0.1``. Raises UsageError."""
    shares: list[tuple[str, float]] = []
    for one in text.split(","):
        name, _sign, share = one.partition("=")
        try:
            shares.append((name.strip(), float(share)))
        except ValueError as error:
            raise UsageError(
                _("“{text}” is not a split.").format(text=text), _("For example: --split train=0.9,dev=0.1")
            ) from error
    return tuple(shares)
