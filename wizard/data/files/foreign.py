"""Files that are something else: what they are called, told from their bytes, and what to do with them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import IO

from wizard.data.files.archives import WORKBOOK
from wizard.data.files.lines import BLOCK, SourceUnreadable
from wizard.locale import N_, _, said

_TO_TABLE = N_(
    "Copy the questions to a spreadsheet, a row each, with a column for each part, and save it as .xlsx."
)
_EXCEL = N_("Open it in Excel or WPS and save it as .xlsx, or as CSV (UTF-8).")
_UNPACK = N_("Unpack it yourself and name the file you mean.")
_EXPORT = N_("Export its rows as CSV (UTF-8), .xlsx or JSON Lines.")
_PYTHON = N_("Write its rows as JSON Lines with the program that made it.")
_JAVASCRIPT = N_("Leave only the list itself, from [ to ], and save it as .json.")
_PANDAS = N_(
    "Write it as Parquet or JSON Lines: pandas.read_feather(…).to_json(…, orient='records', lines=True)."
)
_HUGGING_FACE = N_(
    "Write it as a file of rows: datasets.load_from_disk(…)['train'].to_json('train.jsonl'), or .to_parquet(…)."
)
_LFS = N_("Fetch the file itself: git lfs pull.")
_PAGE = N_(
    "If you downloaded it, the site gave a page instead of the file: download it once more. If it shows a table, open it in Excel and save it as .xlsx."
)
_MEDIA = N_("Only texts can be trained here: give the questions and answers as text.")
_PASSWORD = N_("Open it, remove the password, and save it again.")
_ANKI = N_("In Anki choose File, Export, “Notes in Plain Text”.")

_MARKS: tuple[tuple[bytes, str, str], ...] = (
    (b"BZh", "bzip2", _UNPACK),
    (b"\xfd7zXZ\x00", "xz", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "zstd", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip", _UNPACK),
    (b"Rar!", "RAR", _UNPACK),
    (b"%PDF-", "PDF", _TO_TABLE),
    (b"{\\rtf", "RTF", _TO_TABLE),
    (b"SQLite format 3", "SQLite", _EXPORT),
    (b"\x00\x01\x00\x00Standard", "Access (.mdb, .accdb)", _EXPORT),
    (b"ARROW1", "Feather (Arrow)", _PANDAS),
    (b"FEA1", "Feather (Arrow)", _PANDAS),
    (b"\xff\xff\xff\xff", "Arrow", _HUGGING_FACE),
    (b"ORC", "ORC", _EXPORT),
    (b"Obj\x01", "Avro", _EXPORT),
    (b"\x93NUMPY", "NumPy (.npy)", _PYTHON),
    (b"\x89HDF", "HDF5", _PYTHON),
    (b"$FL2", "SPSS (.sav)", _EXPORT),
    (b"<stata_dta>", "Stata (.dta)", _EXPORT),
    (b"GGUF", "GGUF", _MEDIA),
    (b"\x89PNG", "PNG", _MEDIA),
    (b"\xff\xd8\xff", "JPEG", _MEDIA),
    (b"GIF8", "GIF", _MEDIA),
    (b"RIFF", "RIFF (.wav, .avi, .webp)", _MEDIA),
    (b"ID3", "MP3", _MEDIA),
)
_OLE = (
    ("EncryptedPackage", N_("an Office file that is protected by a password"), _PASSWORD),
    ("WordDocument", "Word 97 (.doc)", _TO_TABLE),
    ("PowerPoint Document", "PowerPoint 97 (.ppt)", _TO_TABLE),
)
_OF_WORKBOOKS = ("Workbook", "Book")
_DOCUMENTS = {"Anki (.apkg)": _ANKI, "Apple iWork (.numbers, .pages)": _EXCEL}
_TEXTS = (
    (
        re.compile(rb"version https://git-lfs\.github\.com/spec"),
        N_("a pointer of Git LFS, not the file itself"),
        _LFS,
    ),
    (
        re.compile(
            rb"<\?xml[^>]*\?>\s*<\?mso-application[^>]*Excel|.{0,900}urn:schemas-microsoft-com:office:spreadsheet",
            re.DOTALL,
        ),
        "XML Spreadsheet 2003",
        _EXCEL,
    ),
    (
        re.compile(
            rb"(?:<\?xml[^>]*\?>\s*)?<(?:!DOCTYPE\s+)?html|<(?:table|meta|head|body)\b", re.IGNORECASE
        ),
        N_("a web page (HTML)"),
        _PAGE,
    ),
    (
        re.compile(rb"MIME-Version:|From: .{0,200}\n", re.IGNORECASE),
        N_("a mail or a saved web page (MHTML)"),
        _PAGE,
    ),
    (
        re.compile(
            rb"(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)?<(?:\w+:)?(?:questestinterop|assessmentItem|assessmentTest|qti-assessment-item)\b",
            re.DOTALL,
        ),
        "QTI (XML)",
        _TO_TABLE,
    ),
    (re.compile(rb"(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)?<quiz>", re.DOTALL), "Moodle XML", _TO_TABLE),
    (re.compile(rb"<\?xml\b"), "XML", _TO_TABLE),
    (
        re.compile(
            rb"(?:--[^\n]*\n\s*|/\*.*?\*/;?\s*)*(?:CREATE TABLE|INSERT INTO|DROP TABLE|SET NAMES)\b",
            re.DOTALL | re.IGNORECASE,
        ),
        N_("a dump of a database (SQL)"),
        _EXPORT,
    ),
    (re.compile(rb"\\documentclass"), "LaTeX", _TO_TABLE),
    (
        re.compile(
            rb"(?:(?:export\s+)?(?:var|let|const)\s+[\w$]+\s*=|module\.exports\s*=|export\s+default\b)\s*[\[{]"
        ),
        N_("a program in JavaScript"),
        _JAVASCRIPT,
    ),
)
_PLAIN = (
    (re.compile(rb"\{\{c\d+::"), N_("a list of Anki's cloze notes"), _TO_TABLE),
    (
        re.compile("\\[(?:单选|多选|判断|填空|问答|矩阵|量表)题\\]".encode()),
        N_("a questionnaire of 问卷星 as text"),
        _TO_TABLE,
    ),
    (re.compile(rb"(?m)^\[?\d{4}[-/.]\d\d?[-/.]\d\d?,? +\d\d?:\d\d"), N_("the history of a chat"), _TO_TABLE),
    (re.compile(rb""), N_("a text without a layout that is known"), _TO_TABLE),
)
_OF_TEXTS = (".txt", ".text", ".md", ".log")
_LOOKED_AT = 4_000


def refuse(path: Path, head: bytes) -> None:
    """Raise SourceUnreadable for a file that begins with ``head`` and is something that is not read."""
    begun = head[:_LOOKED_AT].removeprefix(b"\xef\xbb\xbf").lstrip()
    for mark, name, way in _MARKS:
        if head.startswith(mark):
            raise called(path, name, way)
    if head[4:8] == b"ftyp":
        raise called(path, "MP4", _MEDIA)
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        raise called(path, "pickle (Python)", _PYTHON)
    for sign, name, way in _TEXTS:
        if sign.match(begun):
            raise called(path, name, way)


def refuse_plain(path: Path, head: bytes) -> None:
    """As ``refuse``, for a text in UTF-8 that is called a text, and of which no line looks like JSON."""
    begun = head[:_LOOKED_AT]
    if (
        not path.name.casefold().removesuffix(".gz").endswith(_OF_TEXTS)
        or re.search(rb'(?m)^\s*[{\["]', begun)
        or not begun.strip()
    ):
        return
    for sign, name, way in _PLAIN:
        if sign.search(begun):
            raise called(path, name, way)


def refuse_document(path: Path, name: str) -> None:
    """As ``refuse``, for a zip that is the document ``name`` (see ``archives.document_in``)."""
    if name and name != WORKBOOK:
        raise called(path, name, _DOCUMENTS.get(name, _TO_TABLE))


def refuse_office(path: Path, stream: IO[bytes]) -> None:
    """As ``refuse``, for a file of Office 97 that can be sought in; a workbook is none of these."""
    names = {
        name.encode("utf-16-le"): name for name in (*[name for name, _told, _way in _OLE], *_OF_WORKBOOKS)
    }
    found: set[str] = set()
    held = b""
    stream.seek(0)
    while block := stream.read(BLOCK):
        held += block
        found |= {name for mark, name in names.items() if mark + b"\0\0" in held or held.endswith(mark)}
        held = held[-64:]
    stream.seek(0)
    for name, told, way in _OLE:
        if name in found:
            raise called(path, told, way)
    if not found:
        raise called(path, "Office 97 (.xls, .doc)", _EXCEL)


def refuse_saved(folder: Path) -> None:
    """As ``refuse``, for a folder that is a whole: a dataset that Hugging Face's library saved."""
    if any((folder / name).is_file() for name in ("dataset_dict.json", "state.json")):
        raise called(folder, N_("a dataset that Hugging Face's save_to_disk wrote (Arrow)"), _HUGGING_FACE)


def called(path: Path, name: str, way: str) -> SourceUnreadable:
    """What is raised for a file called by its ``name``, with the ``way`` out."""
    return SourceUnreadable(
        _("{path} is {format}, which is not read.").format(path=path, format=said(name)), said(way)
    )
