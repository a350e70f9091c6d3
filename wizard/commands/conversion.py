"""``convert``: one file, or every MedQA set that is found, to Bailian's chat JSON Lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wizard.commands.walk import print_json
from wizard.data import catalog
from wizard.engine.step import Front
from wizard.errors import UsageError
from wizard.locale import _, ngettext
from wizard.steps.preview import MEDQA_OUTPUT


def one(front: Front, source: Path, output: Path, *, on_error: str, prompt: str | None, as_json: bool) -> int:
    """``convert SOURCE OUTPUT``; an OUTPUT that is a folder gets the name that the wizard would give."""
    if not source.is_file():
        raise UsageError(_("{path} is not a file.").format(path=source))
    if output.is_dir():
        located = catalog.locate(source)
        output /= located[1].output if located else catalog.output_name(source)
    return _all(front, [(source, output)], on_error=on_error, prompt=prompt, as_json=as_json)


def every(
    front: Front, root: Path, out: Path | None, *, on_error: str, prompt: str | None, as_json: bool
) -> int:
    """``convert --all [ROOT] [--out DIR]``: up to nine files, under the names of the toolkit."""
    found = catalog.find_sets(root)
    if not found:
        raise UsageError(_("No MedQA files under {path}.").format(path=root))
    folder = out if out is not None else Path(MEDQA_OUTPUT)
    pairs = [(split.path, folder / split.output) for question_set in found for split in question_set.splits]
    return _all(front, pairs, on_error=on_error, prompt=prompt, as_json=as_json)


def _all(
    front: Front, pairs: list[tuple[Path, Path]], *, on_error: str, prompt: str | None, as_json: bool
) -> int:
    from wizard.data.convert import SYSTEM_PROMPT, convert

    done: list[dict[str, Any]] = []
    for source, output in pairs:
        label = _("Converting {name}").format(name=source.name)
        with front.progress(label, source.stat().st_size, "bytes") as progress:
            conversion = convert(
                source,
                output,
                system_prompt=SYSTEM_PROMPT if prompt is None else prompt,
                on_error="skip" if on_error == "skip" else "stop",
                on_progress=progress.update,
            )
        done.append(
            {
                "source": str(source),
                "output": str(output),
                "rows": conversion.rows,
                "left_out": conversion.left_out,
                "size": conversion.size,
                "sha256": conversion.sha256,
            }
        )
        if not as_json:
            line = ngettext(
                "{source} -> {output}: {rows:,} row", "{source} -> {output}: {rows:,} rows", conversion.rows
            )
            print(line.format(source=source, output=output, rows=conversion.rows))
    if as_json:
        print_json({"files": done})
    return 0
