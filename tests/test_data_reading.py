"""Reading: every container and encoding, with physical lines, and nothing lost, replaced or swallowed unsaid."""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import sys
import tarfile
import tracemalloc
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.data.files.catalog import count_rows, data_files, find_sets
from wizard.data.files.lines import LINE_LIMIT, SourceUnreadable
from wizard.data.findings import Finding
from wizard.data.record import Chat, Message, MultipleChoice, Record, Where
from wizard.data.shapes.source import Source
from wizard.errors import DataError, UsageError

REAL = Path(__file__).parents[2] / "shared" / "data"

needs_real_data = pytest.mark.skipif(not REAL.is_dir(), reason="the real files are not on this computer")

QUESTION = {
    "question": "正常成人体温约为（　　）。",
    "options": {"A": "37℃", "B": "40℃"},
    "answer": "37℃",
    "answer_idx": "A",
}
TABLE = [
    ["question", "A", "B", "answer"],
    ["正常成人体温约为（　　）。", "37℃", "40℃", "A"],
    ["心率？", "6", "70", "B"],
]


def codes(path: Path, **columns: str) -> list[tuple[str, int]]:
    """(code, line) of what is found in a file."""
    return [(one.code, one.where.line) for one in Source(path, columns).read() if isinstance(one, Finding)]


def records(path: Path, **columns: str) -> list[Record]:
    return [one for one in Source(path, columns).read() if not isinstance(one, Finding)]


def questions(path: Path, **columns: str) -> list[tuple[int, str, str]]:
    """(line, question, right option) of each question of a file without errors."""
    found = list(Source(path, columns).read())
    assert not [one for one in found if isinstance(one, Finding) and one.severity == "error"]
    return [
        (one.where.line, one.question, one.answer_text) for one in found if isinstance(one, MultipleChoice)
    ]


def as_csv(rows: Iterable[Sequence[Any]], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue()


def jsonl(count: int = 1) -> str:
    return (json.dumps(QUESTION, ensure_ascii=False) + "\n") * count


# --- encodings


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("utf-8", jsonl().encode()),
        ("utf-8-sig", jsonl().encode("utf-8-sig")),
        ("utf-16-le", b"\xff\xfe" + jsonl().encode("utf-16-le")),
        ("utf-16-be", b"\xfe\xff" + jsonl().encode("utf-16-be")),
        ("utf-16-le", jsonl().encode("utf-16-le")),
        ("utf-16-be", jsonl().encode("utf-16-be")),
        ("gb18030", jsonl(5).encode("gb18030")),
        ("gb18030", as_csv(TABLE).encode("gb18030")),
        ("utf-16-le", as_csv(TABLE).encode("utf-16-le")),
        ("utf-16-le", json.dumps([QUESTION], ensure_ascii=False, indent=1).encode("utf-16")),
        ("gb18030", json.dumps([QUESTION], ensure_ascii=False, indent=1).encode("gb18030")),
    ],
)
def test_encodings_are_told_apart_and_said(tmp_path: Path, encoding: str, data: bytes) -> None:
    """Each encoding is known from the bytes, gives the very texts, and is said unless it is plain UTF-8."""
    path = tmp_path / "x"
    path.write_bytes(data)

    assert encoding == Source(path).reading(whole=False).encoding
    assert QUESTION["question"] == questions(path)[0][1]
    said = {"utf-8": [], "utf-8-sig": ["BOM"]}.get(encoding, ["ENCODING"])
    assert said == [code for code, _line in codes(path) if code != "NO_HEADER"]


@pytest.mark.parametrize(
    ("expected", "data"),
    [
        (("INVALID_UTF8", 2), (jsonl() + "\n").encode()[:-1] + b'{"x": "\xff"}\n'),
        (("INVALID_BYTES", 3), jsonl(2).encode("gb18030") + b'{"question": "\xff"}\n' + jsonl(9).encode("gb18030")),
        (("INVALID_BYTES", 2), (jsonl() + '{"question": "\ud800"}\n').encode("utf-16", "surrogatepass")),
        (("INVALID_BYTES", 1), b"\xff\xfe" + '{"question": "x"}'.encode("utf-16-le") + b"\x0a"),
        (("INVALID_UTF8", 3), as_csv(TABLE).encode().replace("心率".encode(), b"\xe5\xbf")),
        (("INVALID_BYTES", 3), as_csv([*TABLE[:2], ["\x01", "x", "y", "A"], *TABLE[1:] * 9]).encode("gb18030").replace(b"\x01", b"\xff")),
        (("INVALID_UTF8", 3), json.dumps([QUESTION, QUESTION], indent=0).encode().replace(b"\\u", b"\xff", 1)),
    ],
)  # fmt: skip
def test_wrong_bytes_are_an_error_at_their_line(
    tmp_path: Path, expected: tuple[str, int], data: bytes
) -> None:
    """No byte is replaced in silence: the line that has a wrong one is named, and the other rows are read."""
    path = tmp_path / "x.dat"
    path.write_bytes(data)

    errors = [
        (one.code, one.where.line)
        for one in Source(path).read()
        if isinstance(one, Finding) and one.severity == "error"
    ]
    assert expected in errors
    assert not any("\ufffd" in str(one) for one in Source(path).read() if not isinstance(one, Finding))


def test_the_offset_of_a_wrong_byte_is_said(tmp_path: Path) -> None:
    """The byte and its place in the line are in the sentence."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(jsonl(3).encode("gb18030") + '{"q": "甲'.encode("gb18030") + b"\xff\n")

    assert "Byte 10 of the line (0xff) is not GB18030" in next(
        str(one) for one in Source(path).read() if isinstance(one, Finding) and one.code == "INVALID_BYTES"
    )


def test_line_ends(tmp_path: Path) -> None:
    """CRLF, carriage returns alone, and U+2028 inside a text: lines are counted by the file's own line ends."""
    for end in ("\n", "\r\n", "\r"):
        (tmp_path / "x.jsonl").write_bytes(jsonl(3).replace("\n", end).encode())
        (tmp_path / "x.csv").write_bytes(as_csv(TABLE).replace("\n", end).encode())
        assert [1, 2, 3] == [line for line, _question, _answer in questions(tmp_path / "x.jsonl")]
        assert [2, 3] == [line for line, _question, _answer in questions(tmp_path / "x.csv")]
    assert [("CARRIAGE_RETURNS", 0)] == codes(tmp_path / "x.csv")

    (tmp_path / "x.jsonl").write_text(
        jsonl(2).replace("体温", "体\u2028\x85温"), encoding="utf-8", newline=""
    )
    assert [1, 2] == [line for line, _question, _answer in questions(tmp_path / "x.jsonl")]


# --- containers


def containers(folder: Path) -> list[tuple[Path, list[int]]]:
    """The same table in every container, each with the lines where its two rows stand."""
    openpyxl = pytest.importorskip("openpyxl")
    parquet = pytest.importorskip("pyarrow.parquet")
    pyarrow = pytest.importorskip("pyarrow")
    header, *rows = TABLE
    objects = [dict(zip(header, row, strict=True)) for row in rows]
    book = openpyxl.Workbook()
    for row in TABLE:
        book.active.append(row)
    book.save(folder / "a.xlsx")
    parquet.write_table(pyarrow.Table.from_pylist(objects), folder / "a.parquet")
    texts = {
        "a.jsonl": ("".join(json.dumps(row) + "\n" for row in objects), [1, 2]),
        "lines.json": ("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in objects), [1, 2]),
        "a.json": (json.dumps(objects), [1, 1]),
        "pretty.json": (json.dumps(objects, indent=2), [2, 8]),
        "objects.json": ("\n".join(json.dumps(row, indent=1) for row in objects), [1, 7]),
        "a.csv": (as_csv(TABLE), [2, 3]),
        "semicolons.csv": (as_csv(TABLE, ";"), [2, 3]),
        "a.tsv": (as_csv(TABLE, "\t"), [2, 3]),
        "index.csv": (as_csv([["", *header], ["0", *rows[0]], ["1", *rows[1]]]), [2, 3]),
        "bare.csv": (as_csv(rows), [1, 2]),
        "nameless": (as_csv(TABLE), [2, 3]),
    }
    for name, (text, _lines) in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    made = [(folder / name, lines) for name, (_text, lines) in texts.items()]
    made += [(folder / "a.xlsx", [2, 3]), (folder / "a.parquet", [1, 2])]
    for path, lines in tuple(made):
        packed = path.with_name(f"{path.name}.gz")
        packed.write_bytes(gzip.compress(path.read_bytes()))
        made.append((packed, lines))
    return made


def test_every_container_gives_the_same_rows(tmp_path: Path) -> None:
    """JSON Lines, arrays, CSV, TSV, Excel and Parquet, each also packed, give equal records at their own lines."""
    for path, lines in containers(tmp_path):
        found = questions(path)
        assert [
            (line, row[0], row[1] if row[3] == "A" else row[2])
            for line, row in zip(lines, TABLE[1:], strict=True)
        ] == found, path.name


def test_recognise_shows_columns_and_a_guess(tmp_path: Path) -> None:
    """What isn't known is shown: the columns with their first values and the best guess, from the beginning alone."""
    path = tmp_path / "odd.csv"
    path.write_text("stem_text,good\n甲？,乙\n\n丙？,丁\n", encoding="utf-8")

    found = Source(path).reading(whole=False)

    assert ("csv", "utf-8", "") == (found.container, found.encoding, found.shape)
    assert [("stem_text", ("甲？", "丙？")), ("good", ("乙", "丁"))] == [
        (column.name, column.samples) for column in found.fields
    ]
    assert {"question": "stem_text", "answer": "good"} == found.guess
    assert [("UNKNOWN_SHAPE", 2), ("UNKNOWN_SHAPE", 4)] == codes(path)
    assert [
        Chat((Message("user", q), Message("assistant", a)), Where(str(path), line))
        for q, a, line in (("甲？", "乙", 2), ("丙？", "丁", 4))
    ] == records(path, **found.guess)


GUESSES: list[tuple[dict[str, str], str]] = [
    (
        {"question": "考题内容", "options": "备选", "answer": "标答"},
        "序号,考题内容,备选,标答\n1,下列哪项正确？,A. 甲 B. 乙,B\n2,下列哪项错误呢？,A. 丙 B. 丁,A\n",
    ),
    (
        {"question": "内容", "options": "项", "answer": "号"},
        "编号,号,项,内容\n1,2,(A) 甲 (B) 乙,这是第一道题目\n2,1,(A) 丙 (B) 丁,这是第二道题目\n",
    ),
    ({"question": "甲列", "answer": "乙列"}, "类,甲列,乙列\n内科,高血压应该怎么办呢？,请按时服用降压药。\n外科,扭伤怎么办？请教,先冷敷一天。\n"),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "table"), GUESSES)
def test_values_say_what_names_do_not(tmp_path: Path, expected: dict[str, str], table: str) -> None:
    """Options are what reads as options, the answer what reads as labels, the question the longest texts."""
    path = tmp_path / "odd.csv"
    path.write_text(table, encoding="utf-8")
    found = Source(path).reading(whole=False)
    assert ("", expected) == (found.shape, found.guess)


def test_rows_inside_an_object_are_read(tmp_path: Path) -> None:
    """An object that holds its rows under “data” or the like is read as the list; what is wrong behind it is an error."""
    path = tmp_path / "x.json"
    rows = [QUESTION, QUESTION | {"question": "另一题？"}]
    for indent in (None, 1):
        path.write_text(
            json.dumps({"version": "1.0", "n": 2, "data": rows, "more": [1]}, indent=indent), encoding="utf-8"
        )
        assert [] == codes(path)
        assert 2 == len(records(path))
    path.write_text(json.dumps({"data": rows}) + "7", encoding="utf-8")
    assert ["AFTER_ARRAY"] == [code for code, _line in codes(path)]
    path.write_text(json.dumps({"data": rows})[:-1], encoding="utf-8")
    assert ["ARRAY_OPEN"] == [code for code, _line in codes(path)]


def test_columns_that_are_not_there_are_refused(tmp_path: Path) -> None:
    """A column's name or meaning that doesn't exist is the user's to correct, and is said with what there is."""
    path = tmp_path / "x.csv"
    path.write_text(as_csv(TABLE), encoding="utf-8")

    for columns in ({"question": "none"}, {"nonsense": "A"}, {"counting": "2"}, {"header": "perhaps"}):
        with pytest.raises(UsageError):
            list(Source(path, columns).read())


def test_csv_quotes(tmp_path: Path) -> None:
    """Quoted line ends belong to their row; an open quote or a stray one costs its own row, not the rest of the file."""
    path = tmp_path / "x.csv"
    path.write_text(
        "question,A,B,answer\n"
        '"first\nline",x,y,A\n'
        'open,"x,y,A\n'
        "third,x,y,B\n"
        '"stray"quote,x,y,A\n'
        "few,x,y\n"
        "many,x,y,A,z\n"
        "more,x,y,A,,\n"
        'last,x,"y,A\n'
        "end,x,y,A\n",
        encoding="utf-8",
    )  # fmt: skip

    assert [
        ("BAD_QUOTE", 4),
        ("BAD_QUOTE", 6),
        ("COLUMN_COUNT", 7),
        ("COLUMN_COUNT", 8),
        ("OPEN_QUOTE", 10),
    ] == codes(path)
    assert [2, 5, 9, 11] == [one.where.line for one in records(path)]


def test_csv_cells_may_be_large(tmp_path: Path) -> None:
    """A cell beyond the csv module's own limit is read; one beyond ours is an error, and the rest is read."""
    path = tmp_path / "x.csv"
    path.write_text("question,A,B,answer\n" + "x" * 200_000 + ",x,y,A\n" + "y,x,y,B\n", encoding="utf-8")
    assert [2, 3] == [line for line, _question, _answer in questions(path)]

    path.write_text(
        'question,A,B,answer\n"' + ("x" * 999 + "\n") * (LINE_LIMIT // 1_000 + 9) + "y,x,y,B\n",
        encoding="utf-8",
    )
    found = codes(path)
    assert ("OPEN_QUOTE", 2) == found[0]
    assert 1 == len(records(path))


def test_a_table_without_names(tmp_path: Path) -> None:
    """MMLU's files are known by their last letter, other tables get numbered columns; both say it, and can be told."""
    path = tmp_path / "x.csv"
    path.write_text(
        as_csv([["q1?", "1", "2", "3", "4", "B"], ['a\n"q"', "1", "2", "3", "4", "D"]]),
        encoding="utf-8",
        newline="\n",
    )
    assert [(1, "q1?", "2"), (2, 'a\n"q"', "4")] == questions(path)
    assert [("NO_HEADER", 1)] == codes(path)

    path.write_text("何为发热？,体温升高。\n何为咳嗽？,一种反射。\n", encoding="utf-8")
    found = records(path, header="no", question="column 1", answer="column 2")
    assert [1, 2] == [one.where.line for one in found]


def test_a_broken_array_is_told_at_its_line(tmp_path: Path) -> None:
    """A cut-off array, a broken element and what follows the end are errors; whole elements around them are read."""
    path = tmp_path / "x.json"
    good = json.dumps(QUESTION)
    path.write_text(f"[\n{good},\n{{'a': 1}},\n{good},\n7,\n{good[:40]}", encoding="utf-8")
    assert [("NOT_JSON", 3), ("NOT_AN_OBJECT", 5), ("ARRAY_OPEN", 6)] == codes(path)
    assert [2, 4] == [one.where.line for one in records(path)]

    for behind in (
        good,
        '{"question": "1?", "options": ["1", "2"], "answer": "A"}',
    ):  # a short row is none either
        path.write_text(f"[{good}]\n{behind}\n", encoding="utf-8")
        assert [("AFTER_ARRAY", 2)] == codes(path)
    path.write_text("[]", encoding="utf-8")
    assert [("EMPTY_FILE", 0)] == codes(path)


def test_an_array_is_read_in_bounded_memory(tmp_path: Path) -> None:
    """An array of 20 MB on one line needs a few blocks of memory, not its size."""
    path = tmp_path / "x.json"
    one = json.dumps(QUESTION | {"more": "x" * 2_000})
    path.write_text("[" + ",".join([one] * 9_000) + "]", encoding="utf-8")

    tracemalloc.start()
    count = sum(isinstance(found, MultipleChoice) for found in Source(path).read())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert 9_000 == count
    assert peak < 6_000_000


# --- spreadsheets and Parquet


def test_excel_cells(tmp_path: Path) -> None:
    """Numbers, dates and percentages come as Excel shows them; an error is no text; other sheets are mentioned."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["question", "A", "B", "answer", "made"],
        ["数？", 38, 37.5, "A", date(2026, 1, 2)],
        [],
        ["日？", date(2026, 3, 5), "x", "B"],
        ["比？", 0.5, "x", "B"],
        ["错？", "#N/A", "x", "B"],
    ):
        sheet.append(row)
    sheet["B5"].number_format = "0%"
    sheet["B6"].data_type = "e"
    book.create_sheet("Other").append(["x"])
    path = tmp_path / "x.xlsx"
    book.save(path)

    assert [("OTHER_SHEETS", 0), ("WRONG_TYPE", 6)] == codes(path)
    found, *others = records(path)
    assert isinstance(found, MultipleChoice)
    assert (2, (("A", "38"), ("B", "37.5")), ("made",)) == (found.where.line, found.options, found.extra)
    assert ["2026-03-05", "50%"] == [one.options[0][1] for one in others if isinstance(one, MultipleChoice)]


def test_a_missing_library_is_named(tmp_path: Path) -> None:
    """Without the library of the extra, the command that installs it is said."""
    (tmp_path / "x.parquet").write_bytes(b"PAR1" * 4)
    script = (
        "import sys; sys.modules.update(pyarrow=None)\n"
        "from pathlib import Path\nfrom wizard.data.shapes.source import Source\nfrom wizard.errors import UsageError\n"
        f"try: list(Source(Path({str(tmp_path / 'x.parquet')!r})).read())\nexcept UsageError as error: print(error.hint)\n"
    )
    root = Path(__file__).parents[1]
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root
    )
    assert "pip install 'bailian-wizard[parquet]'" in told.stdout


def test_parquet_nulls_in_options_are_no_options(tmp_path: Path) -> None:
    """A structure that has a field for every option of every row leaves some null: they aren't there."""
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "x.parquet"
    rows = [
        QUESTION,
        QUESTION | {"options": {"A": "x", "B": "y", "C": "z"}, "answer": "z", "answer_idx": "C"},
    ]
    parquet.write_table(pyarrow.Table.from_pylist(rows), path, row_group_size=1)

    assert [(1, QUESTION["question"], "37℃"), (2, QUESTION["question"], "z")] == questions(path)


# --- archives and compression


def medqa(folder: Path, kind: str) -> Path:
    """A small data_clean archive as MedQA's is laid out."""
    names = {
        "data_clean/questions/Mainland/4_options/train.jsonl": jsonl(3),
        "data_clean/questions/Mainland/4_options/dev.jsonl": jsonl(2),
        "data_clean/questions/Mainland/chinese_qbank.jsonl": jsonl(9),
        "data_clean/questions/Taiwan/dev.jsonl": jsonl(1),
        "__MACOSX/data_clean/questions/Taiwan/._dev.jsonl": "x",
        "data_clean/textbooks/en/a.txt": "x",
    }
    path = folder / f"data_clean.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in names.items():
                archive.writestr(name, text)
    else:
        with tarfile.open(path, "w:gz" if kind.endswith("gz") else "w") as archive_tar:
            for name, text in names.items():
                info = tarfile.TarInfo(name)
                info.size = len(text.encode())
                archive_tar.addfile(info, io.BytesIO(text.encode()))
    return path


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tgz"])
def test_medqa_is_read_from_its_archive(tmp_path: Path, kind: str) -> None:
    """The archive as it is downloaded: its sets are found inside, and read without being unpacked anywhere."""
    archive = medqa(tmp_path, kind)
    before = sorted(path.name for path in tmp_path.iterdir())

    mainland, taiwan = find_sets(archive)

    assert ("mainland_4opt", "taiwan") == (mainland.id, taiwan.id)
    assert [("train", "mainland_4opt_train.jsonl", 3), ("dev", "mainland_4opt_dev.jsonl", 2)] == [
        (split.name, split.output, len(questions(split.path))) for split in mainland.splits
    ]
    assert 1 == count_rows(taiwan.splits[0].path)
    assert archive / "data_clean/questions/Taiwan/dev.jsonl" in data_files(archive)
    assert before == sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(SourceUnreadable, match="4 files of rows"):
        list(Source(archive).read())


def test_an_archive_or_folder_with_one_file(tmp_path: Path) -> None:
    """Where there is no doubt which file is meant, the folder or archive is enough."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("readme.txt", "x")
        archive.writestr("d/题.csv", as_csv(TABLE).encode("gb18030"))
    assert [2, 3] == [line for line, _question, _answer in questions(tmp_path / "x.zip")]

    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/x.jsonl").write_text(jsonl(), encoding="utf-8")
    assert 1 == len(questions(tmp_path / "folder"))


@pytest.mark.sweep
def test_hostile_archives(tmp_path: Path) -> None:
    """Links, encrypted, doubled and damaged members, lying sizes, archives inside archives and bombs: errors for people."""
    path = tmp_path / "x.zip"

    def refused(name: str) -> str:
        with pytest.raises(SourceUnreadable) as caught:
            list(Source(path / name).read())
        return caught.value.message

    link = zipfile.ZipInfo("link.jsonl")
    link.external_attr = 0o120777 << 16
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.jsonl", jsonl())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("twice.jsonl", jsonl())
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("twice.jsonl", jsonl())
        archive.writestr("inner.zip", inner.getvalue())
        archive.writestr("../up.jsonl", jsonl())
        archive.writestr("/etc/root.jsonl", jsonl())
        archive.writestr("lzma.jsonl", jsonl(), zipfile.ZIP_LZMA)
        archive.writestr("good.jsonl", jsonl())
        archive.writestr("bomb.jsonl", b"\n" * 80_000_000)

    assert "is a link" in refused("link.jsonl")
    assert "twice" in refused("twice.jsonl")
    assert "archive inside" in refused("inner.zip")
    assert "unusual" in refused("lzma.jsonl")
    assert "unpacks to far more" in refused("bomb.jsonl")
    assert "holds no" in refused("none.jsonl")
    assert 1 == len(questions(path / "good.jsonl"))
    assert not any("up" in one.name or "root" in one.name for one in data_files(path))

    data = path.read_bytes()
    at = data.rindex(b"good.jsonl") - 46
    path.write_bytes(data[: at + 8] + b"\x01" + data[at + 9 :])
    assert "encrypted" in refused("good.jsonl")
    path.write_bytes(data[: at + 16] + b"\1\2\3\4" + data[at + 20 :])
    assert "damaged" in refused("good.jsonl")
    path.write_bytes(data[:-200])
    assert "damaged" in refused("good.jsonl")

    bomb = tmp_path / "bomb.jsonl.gz"
    bomb.write_bytes(gzip.compress(b"\n" * 80_000_000))
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(jsonl().encode())[:-9])
    foreign = tmp_path / "x.jsonl"
    foreign.write_bytes(b"BZh91AY" + b"\0" * 50)
    for bad in (bomb, cut, foreign):
        with pytest.raises(DataError):
            list(Source(bad).read())


# --- properties


printable = st.text("ab甲乙é\U0001f600 ,\"'=0１", min_size=1, max_size=9).filter(
    lambda text: bool(text.strip())
)
cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=12)
filled = cells.filter(
    lambda text: (
        bool(text.strip(" \t\n\u200b\u2060\ufeff\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0")) and text.strip() != ""
    )
)
pairs = st.lists(st.tuples(filled, filled), min_size=1, max_size=6)


@given(
    pairs,
    st.sampled_from(["csv", "tsv", "json", "pretty", "jsonl"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.booleans(),
)
def test_what_is_written_reads_back_equal(
    rows: list[tuple[str, str]], kind: str, encoding: str, packed: bool
) -> None:
    """Any texts in CSV, TSV, arrays or lines, in any encoding with a mark, packed or not, come back as they were."""
    objects = [{"prompt": asked, "completion": reply} for asked, reply in rows]
    text = {
        "csv": as_csv([["prompt", "completion"], *rows]),
        "tsv": as_csv([["prompt", "completion"], *rows], "\t"),
        "json": json.dumps(objects, ensure_ascii=False),
        "pretty": json.dumps(objects, indent=1),
        "jsonl": "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in objects),
    }[kind]
    data = text.encode(encoding)
    with TemporaryDirectory() as folder:
        path = Path(folder, f"x.{kind.replace('pretty', 'json')}" + (".gz" if packed else ""))
        path.write_bytes(gzip.compress(data, 1) if packed else data)
        found = records(path)

    assert rows == [
        (one.messages[0].content, one.messages[1].content) for one in found if isinstance(one, Chat)
    ]


@given(st.lists(st.tuples(printable, printable), min_size=1, max_size=4))
def test_spreadsheets_and_parquet_read_back_equal(rows: list[tuple[str, str]]) -> None:
    """Any printable texts in Excel and Parquet come back as they were."""
    openpyxl = pytest.importorskip("openpyxl")
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in [("prompt", "completion"), *rows]:
        made = [openpyxl.cell.WriteOnlyCell(sheet, value=text) for text in row]
        for cell in made:
            cell.data_type = "s"
        sheet.append(made)
    with TemporaryDirectory() as folder:
        book.save(Path(folder, "x.xlsx"))
        table = pyarrow.table({"prompt": [row[0] for row in rows], "completion": [row[1] for row in rows]})
        parquet.write_table(table, Path(folder, "x.parquet"))
        for name in ("x.xlsx", "x.parquet"):
            found = records(Path(folder, name))
            assert rows == [
                (one.messages[0].content, one.messages[1].content) for one in found if isinstance(one, Chat)
            ]


BEGINNINGS = [
    b"", b"[", b"[{", b"{\n", b"\x1f\x8b\x08\0\0\0\0\0\0\xff", b"PK\x03\x04", b"PK\x05\x06" + b"\0" * 18, b"PAR1",
    b"\xff\xfe", b"\xfe\xff\0{", b"\xef\xbb\xbf", b'question,A,B,answer\n"', b"\xd6\xd0\xce\xc4,\xb4\xf0\xb0\xb8\n",
    b"\0" * 257 + b"ustar\0", gzip.compress(b"[{}]")[:-3], gzip.compress(b"\xff" * 50),
]  # fmt: skip


@given(
    st.sampled_from(BEGINNINGS),
    st.binary(max_size=200) | st.text('[]{},:"\\ax1\n\r\t', max_size=80).map(str.encode),
    st.sampled_from([".jsonl", ".json", ".csv", ".tsv", ".xlsx", ".parquet", ".zip", ".tar", ".gz", ""]),
)
def test_no_bytes_crash_a_reader(beginning: bytes, rest: bytes, suffix: str) -> None:
    """Whatever a file holds and is called, it is read to its end or refused with an error for people."""
    with TemporaryDirectory() as folder:
        path = Path(folder, f"x{suffix}")
        path.write_bytes(beginning + rest)
        try:
            found = list(Source(path).read())
            Source(path).reading(whole=False)
        except DataError as error:
            assert error.hint  # noqa: PT017 - either way is right
        else:
            assert found


# --- real files


@needs_real_data
@pytest.mark.parametrize(
    ("name", "container", "encoding", "shape", "rows"),
    [
        ("medqa/questions/Mainland/4_options/dev.jsonl", "jsonl", "utf-8", "choice", 3425),
        ("medqa/questions/Mainland/4_options/test.jsonl", "jsonl", "utf-8", "choice", 3426),
        ("medqa/questions/Taiwan/dev.jsonl", "jsonl", "utf-8", "choice", 1412),
        ("medqa/questions/US/4_options/phrases_no_exclude_dev.jsonl", "jsonl", "utf-8", "choice", 1272),
        ("shapes/alpaca_zh_demo.json", "json", "utf-8", "alpaca", 1000),
        ("shapes/dpo_zh_demo.json", "json", "utf-8", "preference", 300),
        ("shapes/example_multi_val.jsonl", "jsonl", "utf-8", "choice", 10),
        ("shapes/example_val.csv", "csv", "utf-8", "choice", 12),
        ("shapes/llama_data.json", "jsonl", "utf-8", "alpaca", 8658),
        ("shapes/medical_sft_1K_format.jsonl", "jsonl", "utf-8", "conversations", 1000),
        ("shapes/output.jsonl", "jsonl", "utf-8", "messages", 100),
        ("shapes/swift_multi.json", "json", "utf-8", "query", 3),
        ("shapes/样例_内科5000-6000.csv", "csv", "gb18030", "", 7644),
    ],
)
def test_the_real_files(name: str, container: str, encoding: str, shape: str, rows: int) -> None:
    """Each real file is known for what it is, and every one of its rows is read without an error; a title beside what was asked is asked about."""
    path = REAL / name
    found = Source(path).reading(whole=False)

    assert (container, encoding, shape) == (found.container, found.encoding, found.shape)
    told = {} if shape else {"instruction": "title", "input": "ask"}
    assert rows == len(records(path, **told))
    assert [("ENCODING", 0)] * (encoding == "gb18030") == codes(path, **told)
