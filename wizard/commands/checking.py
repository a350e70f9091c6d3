"""``check`` and ``why``: what is in a file, what is wrong with it line by line, and what becomes of a row."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard import __version__, process
from wizard.commands.columns import columns_of
from wizard.commands.scene import Scene
from wizard.contract import forms
from wizard.engine.step import Front
from wizard.errors import UsageError
from wizard.interrupts import held
from wizard.locale import _, enumerated, joined, ngettext
from wizard.steps import reading
from wizard.steps.findings import look_up, view_of

if TYPE_CHECKING:
    from wizard.data.checking.audit import Checked
    from wizard.data.checking.statistics import Statistics
    from wizard.data.fate import Fate
    from wizard.data.findings import Finding
    from wizard.data.record import Record
    from wizard.data.tokens import Tokenizer

SHOWN = 5
_SARIF = re.compile(rb'\s*\{\s*"(\$schema|version|runs)"\s*:')
"""How a file with findings begins, whoever wrote it, and no row of data does."""
_FOLDERS = ("datasets/MedQA_BaiLian", "datasets/BaiLian")


def check(scene: Scene) -> int:
    """``check FILE...``: exit code 1 where a finding is an error."""
    arguments, front = scene.arguments, scene.front
    paths = _files(arguments.files)
    if arguments.out is not None and not arguments.fix:
        raise UsageError(_("--out says where --fix writes; without --fix there is nothing to write."))
    if arguments.sarif is not None:
        from wizard.local.storage import refuse_others

        refuse_others(arguments.sarif, _SARIF)
    if arguments.fix:
        if arguments.max_length is not None:
            raise UsageError(
                _("--fix leaves rows as long as they are; --max-length only goes with a check."),
                _("Run check with --max-length, and check --fix without it."),
            )
        code = _fix(paths, scene)
        if arguments.sarif is not None:
            _write_sarif(arguments.sarif, _checked(paths, arguments, front))
        return code
    from concurrent.futures import ThreadPoolExecutor

    from wizard.data.sent import SYSTEM_PROMPT
    from wizard.data.tokens import Tokenizer

    with held():
        loading = None if arguments.no_stats else ThreadPoolExecutor(1).submit(Tokenizer.load)
    checked = _checked(paths, arguments, front)
    with held():
        tokenizer = None if loading is None else loading.result()
    found = [] if tokenizer is None else _statistics(checked, tokenizer, SYSTEM_PROMPT)
    if arguments.sarif is not None:
        _write_sarif(arguments.sarif, checked)
    if not arguments.json:
        _tell(checked, found, arguments.limit, front)
    errors = sum(one.findings.errors for one in checked)
    return scene.report(
        _as_dict(checked, found),
        failed="bad-data" if errors else "",
        message=ngettext("{count:,} error was found.", "{count:,} errors were found.", errors).format(
            count=errors
        ),
        hint=look_up(),
    )


def _tell(checked: Sequence[Checked], found: Sequence[Statistics], limit: int, front: Front) -> None:
    for line in _lines(checked, limit):
        process.out(line, lines=False)
    if any(one.findings for one in checked):
        front.say(look_up(), "dim")
    for one, numbers in zip(checked, found, strict=False):
        if one.tally.rows:
            front.show(view_of(one, numbers))


def _checked(paths: list[Path], arguments: Namespace, front: Front) -> Sequence[Checked]:
    from wizard.data.checking import audit
    from wizard.data.sent import SYSTEM_PROMPT

    label = _("Checking {name}").format(name=enumerated(path.name for path in paths))
    size = sum(path.stat().st_size for path in paths if path.is_file())
    with front.progress(label, size, "bytes") as progress:
        return audit.check(
            paths,
            max_length=arguments.max_length,
            system_prompt=SYSTEM_PROMPT,
            columns=columns_of(arguments),
            on_progress=progress.update,
        )


def why(scene: Scene) -> int:
    """``why FILE:LINE``: exit code 1 where the row can't be sent."""
    arguments, front = scene.arguments, scene.front
    from wizard.commands.remembered import Known, known_of
    from wizard.data.fate import fate

    file, _colon, number = str(arguments.row).rpartition(":")
    if not file or not number.isascii() or not number.isdigit() or not int(number):
        raise UsageError(_("Name the row as FILE:LINE, such as train.jsonl:17 (lines count from 1)."))
    (path,) = _files([Path(file)])
    known = None
    if columns_of(arguments) is None and arguments.system_prompt is None:
        known = known_of(path, Path(), sandbox=arguments.sandbox)
    if known is not None:
        front.say(_("Read and worded as this folder's session does it."), "dim")
    front.say(_("Looking at the whole file, for rows that say the same."), "dim")
    if known is None:
        given = arguments.system_prompt
        known = Known(columns=columns_of(arguments))
        known = known if given is None else replace(known, system_prompt=given, add_system=True)
    one = fate(
        path,
        int(number),
        system_prompt=known.system_prompt,
        add_system=known.add_system,
        language=known.language,
        outputs=_files(arguments.output) if arguments.output else [*known.outputs, *_outputs_of(path)],
        max_length=arguments.max_length,
        columns=known.columns,
    )
    if not arguments.json:
        for line in _fate_lines(one, int(number)):
            process.out(line, lines=False)
        if one.findings:
            front.say(look_up(), "dim")
    return scene.report(
        _fate_as_dict(one),
        failed="bad-data" if one.sent is None else "",
        message=_("As it is read here, it is left out: nothing is sent for this row."),
    )


def _files(paths: Sequence[Path]) -> list[Path]:
    for path in paths:
        inside = any(parent.is_file() for parent in path.parents)  # a file in an archive: ARCHIVE.zip/MEMBER
        if not path.exists() and not inside:
            raise UsageError(_("There is no file {path}.").format(path=path))
    return list(paths)


def _statistics(checked: Sequence[Checked], tokenizer: Tokenizer, system_prompt: str) -> list[Statistics]:
    from wizard.data.checking.statistics import statistics

    return [statistics(one, tokenizer, system_prompt=system_prompt) for one in checked]


def _lines(checked: Sequence[Checked], limit: int) -> Iterator[str]:
    """How each file is read, then its findings, at most ``limit`` of each code, one where no row can be sent and all say the same; then the summary by code."""
    for one in checked:
        yield f"{one.path}"
        for line in reading.told(one.reading, one.tally.extra):
            yield f"  {line}"
        shown = [found for code in one.findings.counts for found in _to_show(one, code, limit)]
        for found in sorted(shown, key=lambda found: found.where.line):
            yield str(found)
    for one in checked:
        kind = _("Bailian's format") if one.bailian else _("source data")
        rows = ngettext("{rows:,} row can be sent", "{rows:,} rows can be sent", one.tally.rows)
        yield _("{path} ({kind}): {rows}; {errors}, {warnings}.").format(
            path=one.path,
            kind=kind,
            rows=rows.format(rows=one.tally.rows),
            errors=ngettext("{count:,} error", "{count:,} errors", one.findings.errors).format(
                count=one.findings.errors
            ),
            warnings=ngettext("{count:,} warning", "{count:,} warnings", one.findings.warnings).format(
                count=one.findings.warnings
            ),
        )
        for code, count in one.findings.counts.items():
            kept = [found.where.line for found in one.findings.first(code)]
            first = [str(line) for line in kept[:SHOWN] if line]
            lines = enumerated([*first, "…"] if first and count > SHOWN else first)
            severity = _("error") if one.findings.severity(code) == "error" else _("warning")
            told = f"{count:,} · {severity}"
            if lines:
                told += " · " + ngettext("line {lines}", "lines {lines}", count).format(lines=lines)
            yield "  " + _("{title}: {line}").format(title=code, line=told)


def _to_show(checked: Checked, code: str, limit: int) -> Sequence[Finding]:
    first = checked.findings.first(code)[: limit or None]
    alike = not checked.tally.rows and len({found.what for found in first}) == 1
    return first[:1] if alike else first


def _as_dict(checked: Sequence[Checked], numbers: Sequence[Statistics]) -> forms.Checked:
    files: list[forms.CheckedFile] = []
    for number, one in enumerate(checked):
        tally = one.tally
        entry: forms.CheckedFile = {
            "file": str(one.path),
            "kind": "bailian" if one.bailian else "source",
            "role": one.role or None,
            "lines": tally.lines,
            "rows": tally.rows,
            "unfit": tally.left_out,
            "blank_lines": tally.blank,
            "reading": reading.as_dict(one.reading, tally.extra),
            "errors": one.findings.errors,
            "warnings": one.findings.warnings,
            "counts": one.findings.counts,
            "findings": [found.as_dict() for found in one.findings],
        }
        if number < len(numbers):
            entry["statistics"] = numbers[number].as_dict()
        files.append(entry)
    return {
        "errors": sum(one.findings.errors for one in checked),
        "warnings": sum(one.findings.warnings for one in checked),
        "files": files,
    }


def _write_sarif(path: Path, checked: Sequence[Checked]) -> None:
    """SARIF 2.1.0 (OASIS), which editors and code reviews show beside the lines."""
    from wizard.local.storage import writing

    results = []
    for one in checked:
        for found in one.findings:
            where: dict[str, Any] = {"artifactLocation": {"uri": Path(found.where.file).as_posix()}}
            if found.where.line:
                where["region"] = {"startLine": found.where.line}
            results.append(
                {
                    "ruleId": found.code,
                    "level": found.severity,
                    "message": {"text": joined(found.what, found.fix)},
                    "locations": [{"physicalLocation": where}],
                }
            )
    rules = [{"id": code} for code in sorted({code for one in checked for code in one.findings.counts})]
    driver = {"name": "bailian-wizard", "version": __version__, "rules": rules}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
    with writing(path, mode=0o666) as out:
        out.write(process.as_json(log, indent=1).encode())


def _fix(paths: Sequence[Path], scene: Scene) -> int:
    arguments = scene.arguments
    from wizard.data.checking.mending import mend

    if arguments.out is not None and len(paths) > 1:
        raise UsageError(_("--out is for one file; without it each file gets its own beside it."))
    done = []
    columns = columns_of(arguments)
    for path in paths:
        mended = mend(path, arguments.out, columns)
        done.append(mended)
        if arguments.json:
            continue
        rows = ngettext(
            "{source} -> {output}: {rows:,} row", "{source} -> {output}: {rows:,} rows", mended.rows
        )
        process.out(rows.format(source=path, output=mended.output, rows=mended.rows))
        for sentence in mended.sentences or (_("nothing had to be fixed"),):
            process.out(f"  {sentence}", lines=False)
        if mended.rejected_file is not None:
            line = ngettext(
                "  {count:,} row can't be sent: it is in {path}, with its line and why",
                "  {count:,} rows can't be sent: they are in {path}, with their lines and why",
                mended.rejected,
            )
            process.out(line.format(count=mended.rejected, path=mended.rejected_file))
    files: list[forms.FixedFile] = [
        {
            "source": str(one.source),
            "output": str(one.output),
            "rows": one.rows,
            "rejected": one.rejected,
            "rejected_file": str(one.rejected_file) if one.rejected_file else None,
            "done": dict(one.done),
        }
        for one in done
    ]
    rejected = sum(one.rejected for one in done)
    return scene.report(
        forms.Fixed(files=files),
        failed="bad-data" if rejected else "",
        message=ngettext("{count:,} row can't be sent.", "{count:,} rows can't be sent.", rejected).format(
            count=rejected
        ),
    )


def _outputs_of(path: Path) -> list[Path]:
    """Where the wizard and ``convert --all`` would have put the rows of ``path``, part by part."""
    from wizard.data.converting import manifest
    from wizard.data.converting.naming import output_of
    from wizard.data.files import catalog

    located = catalog.locate(path.absolute())
    names = {catalog.output_name(path), located[1].output if located else ""} - {""}
    found: list[Path] = []
    for folder in map(Path, _FOLDERS):
        for stem in sorted({output_of(folder, path.absolute(), name).stem for name in names}):
            parts = (one for one in folder.glob("*.jsonl") if _is_output(one.stem, stem))
            # What has a manifest of its own is another output, and no part of this one.
            found += sorted(
                one for one in parts if one.stem == stem or not manifest.path_beside(one).exists()
            )
    return found


def _is_output(stem: str, wanted: str) -> bool:
    rest = stem.removeprefix(wanted) if stem.startswith(wanted) else "no"
    return not rest or (
        rest[:1] in "-_."
        and any(char.isdigit() for char in rest)
        and "left-out" not in rest
        and not rest.startswith(".edited-")
    )


def _fate_lines(one: Fate, asked: int) -> Iterator[str]:
    if one.line != asked:
        yield _("Line {line} belongs to the row that begins on line {begins}.").format(
            line=asked, begins=one.line
        )
    yield _("read: {text}").format(text=one.raw or "–")
    if one.blank:
        yield from (str(found) for found in one.findings)
        yield _("There is no row on this line.")
        return
    if one.record is not None:
        yield _("understood as: {kind}").format(kind=_kind_of(one.record))
    yield from (str(found) for found in one.findings)
    if one.sent is None:
        yield _("As it is read here, it is left out: nothing is sent for this row.")
        return
    if one.found_in is not None:
        yield _("converted: {text}").format(text=one.sent.decode())
        yield _("written to: {path}:{line}").format(path=one.found_in[0], line=one.found_in[1])
    else:
        yield _("would become: {text}").format(text=one.sent.decode())
        yield _("written to: no converted file that I know holds it yet (name one with --output).")


def _kind_of(record: Record) -> str:
    from wizard.data.record import Chat, MultipleChoice, PlainText, Preference

    kinds = {
        MultipleChoice: _("a question with options"),
        Chat: _("a chat"),
        Preference: _("two answers to choose between (DPO)"),
        PlainText: _("a plain text (CPT)"),
    }
    return kinds[type(record)]


def _fate_as_dict(one: Fate) -> forms.Fate:
    return {
        "file": str(one.file),
        "line": one.line,
        "read": one.raw or None,
        "record": None if one.record is None else type(one.record).__name__,
        "blank": one.blank,
        "findings": [found.as_dict() for found in one.findings],
        "sent": None if one.sent is None else one.sent.decode(),
        "output": None if one.found_in is None else {"file": str(one.found_in[0]), "line": one.found_in[1]},
    }
