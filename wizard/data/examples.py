"""The two examples of a rule as files: written as they are meant, looked at as a user would, and shown."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from wizard.data.findings import Finding, Findings, Rule
from wizard.data.record import Where

BESIDE = "train.jsonl"
OUTPUT = "out.jsonl"

TIMES = re.compile("⟦([^⟧]*)⟧×([0-9]+)")
_COUNT = "№"


def command(rule: Rule) -> tuple[str, ...]:
    """The words behind ``bailian-wizard`` that find it, where both examples are called alike."""
    if rule.shuffled:
        return ("convert", rule.name, OUTPUT, "--shuffle-options")
    limit = () if rule.max_length is None else ("--max-length", str(rule.max_length))
    return ("check", *((BESIDE,) if rule.beside else ()), rule.name, *limit)


def write(rule: Rule, source: str | bytes, folder: Path) -> None:
    """The files that ``command`` names, in ``folder``. ``source``: one of the two examples."""
    if rule.beside:
        (folder / BESIDE).write_bytes(_data(rule.beside))
    if rule.name.endswith((".xlsx", ".ods")):
        assert isinstance(source, str)
        (_workbook if rule.name.endswith(".xlsx") else _open_document)(source, folder / rule.name)
    else:
        (folder / rule.name).write_bytes(source if isinstance(source, bytes) else _data(source))


def found(rule: Rule) -> tuple[Finding, ...]:
    """What the rule finds in its bad example, with bare names of files.

    Raises as checking and converting do, OSError where there is no place for temporary files, and ImportError without
    openpyxl where it needs that, which only the developers have.
    """
    with TemporaryDirectory() as place:
        write(rule, rule.bad, Path(place))
        kept = _findings(rule, Path(place)).first(rule.code)
    folder = f"{place}{os.sep}"
    return tuple(
        replace(
            one,
            where=Where(one.where.file.removeprefix(folder), one.where.line),
            what=one.what.replace(folder, ""),
        )
        for one in kept
    )


def shown(source: str | bytes) -> str:
    """An example for a person: what can't be seen as an escape, and of bytes all that is no ASCII."""
    text = source if isinstance(source, str) else source.decode("ascii", "backslashreplace")
    legible = (
        char if char == "\n" or char.isprintable() else char.encode("unicode_escape").decode()
        for char in text
    )
    return "".join(legible).removesuffix("\n")


def _findings(rule: Rule, folder: Path) -> Findings:
    source = folder / rule.name
    if rule.shuffled:
        from wizard.data.converting.convert import convert

        return convert(source, folder / OUTPUT, system_prompt="", shuffle_options=True, workers=0).findings
    from wizard.data.checking.audit import check

    paths = [folder / BESIDE, source] if rule.beside else [source]
    return check(paths, max_length=rule.max_length, workers=0)[-1].findings


def _data(text: str) -> bytes:
    return TIMES.sub(_repeated, text).encode()


def _repeated(piece: re.Match[str]) -> str:
    return "".join(piece[1].replace(_COUNT, str(number)) for number in range(1, int(piece[2]) + 1))


def _workbook(text: str, path: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.comments import Comment

    book = Workbook()
    book.remove(book.active)
    for line in text.splitlines():
        if line.startswith("["):
            book.create_sheet(line.strip("[]"))
        else:
            sheet = book.worksheets[-1]
            cells = [cell.partition("^") for cell in line.removeprefix("~").split("|")]
            sheet.append([cell.strip() for cell, _sign, _said in cells])
            for at, (_cell, _sign, said) in enumerate(cells, 1):
                if said:
                    sheet.cell(sheet.max_row, at).comment = Comment(said.strip(), "")
            sheet.row_dimensions[sheet.max_row].hidden = line.startswith("~")
    book.save(path)


def _open_document(text: str, path: Path) -> None:
    """A workbook as OpenDocument has it, with nothing in it but what is needed."""
    import zipfile
    from xml.sax.saxutils import escape

    name, *lines = text.splitlines()
    rows = []
    for line in lines:
        cells = [cell.strip() for cell in line.split("|")]
        rows.append("".join(_OPEN_CELL.format(_sort(cell), text=escape(cell)) for cell in cells))
    body = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
    with zipfile.ZipFile(path, "w") as whole:
        whole.writestr("mimetype", _OPEN_TYPE)
        whole.writestr("META-INF/manifest.xml", _OPEN_MANIFEST)
        whole.writestr("content.xml", _OPEN_SHEET.format(name=name.strip("[]"), body=body))


def _sort(cell: str) -> str:
    return (
        f'office:value-type="float" office:value="{cell}"'
        if cell.isdecimal()
        else 'office:value-type="string"'
    )


_OPEN_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
_OPEN_NAMES = "urn:oasis:names:tc:opendocument:xmlns"
_OPEN_CELL = "<table:table-cell {}><text:p>{text}</text:p></table:table-cell>"
_OPEN_MANIFEST = (
    f'<manifest:manifest xmlns:manifest="{_OPEN_NAMES}:manifest:1.0">'
    f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{_OPEN_TYPE}"/></manifest:manifest>'
)
_OPEN_SHEET = (
    f'<office:document-content xmlns:office="{_OPEN_NAMES}:office:1.0" xmlns:table="{_OPEN_NAMES}:table:1.0" '
    f'xmlns:text="{_OPEN_NAMES}:text:1.0"><office:body><office:spreadsheet><table:table table:name="{{name}}">{{body}}'
    "</table:table></office:spreadsheet></office:body></office:document-content>"
)
