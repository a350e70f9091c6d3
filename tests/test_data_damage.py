"""Damaged files of every container: whatever is cut, flipped or lied about, all that comes of it is a sentence."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from conftest import Command
from hypothesis import given
from hypothesis import strategies as st

from wizard.data.checking import audit, mending
from wizard.data.converting.convert import convert
from wizard.data.fate import fate
from wizard.data.files import catalog
from wizard.data.files.arrays import MOST_OTHERS
from wizard.data.findings import Finding
from wizard.data.shapes.source import Source
from wizard.engine.step import Facts
from wizard.errors import WizardError
from wizard.steps.dataset import Dataset
from wizard.steps.world import World

ROW = {"question": "正常成人体温约为（　　）。", "options": {"A": "37℃", "B": "40℃"}, "answer_idx": "A"}
LINES = (json.dumps(ROW, ensure_ascii=False) + "\n").encode() * 5
TABLE = "question,A,B,answer\n体温？,37,40,A\n心率？,6,70,B\n".encode()


def zipped(method: int = zipfile.ZIP_DEFLATED, **members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), data)
    return out.getvalue()


def tarred(mode: str = "w", name: str = "d/x.jsonl", form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=form) as archive:  # type: ignore[call-overload]
        info = tarfile.TarInfo(name)
        info.size, info.mtime = len(LINES), 1.5
        archive.addfile(info, io.BytesIO(LINES))
    return out.getvalue()


def workbook() -> bytes:
    openpyxl = pytest.importorskip("openpyxl")
    book, out = openpyxl.Workbook(), io.BytesIO()
    for line in TABLE.decode().splitlines():
        book.active.append(line.split(","))
    book.save(out)
    return out.getvalue()


def columns(compression: str = "snappy") -> bytes:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    out = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist([ROW] * 5), out, compression=compression)
    return out.getvalue()


CONTAINERS: dict[str, Callable[[], bytes]] = {
    "deflated.zip": lambda: zipped(d__x_jsonl=LINES, readme_txt=b"x"),
    "stored.zip": lambda: zipped(zipfile.ZIP_STORED, x_jsonl=LINES),
    "two.zip": lambda: zipped(x_jsonl=LINES, y_csv=TABLE),
    "medqa.zip": lambda: zipped(questions__Taiwan__dev_jsonl=LINES, questions__Taiwan__train_jsonl=LINES),
    "nested.zip": lambda: zipped(a_zip=zipped(x_jsonl=LINES)),
    "book.zip": lambda: zipped(x_xlsx=workbook()),
    "packed.zip": lambda: zipped(x_csv_gz=gzip.compress(TABLE)),
    "parquet.zip": lambda: zipped(x_parquet=columns()),
    "x.tar": tarred,
    "long.tar": lambda: tarred(name="题" * 60 + ".jsonl", form=tarfile.GNU_FORMAT),
    "pax.tar": lambda: tarred(name="题" * 60 + ".jsonl"),
    "x.tar.gz": lambda: tarred("w:gz"),
    "x.jsonl.gz": lambda: gzip.compress(LINES),
    "x.csv.gz": lambda: gzip.compress(TABLE),
    "zip.gz": lambda: gzip.compress(zipped(x_jsonl=LINES)),
    "x.xlsx": workbook,
    "x.xlsx.gz": lambda: gzip.compress(workbook()),
    "x.parquet": columns,
    "zstd.parquet": lambda: columns("zstd"),
}
"""The name of a good file of each container, and how it is made."""


@cache
def made(name: str) -> bytes:
    """The good file of a container: the same bytes each time, though what writes it puts the time into it."""
    return CONTAINERS[name]()


def damaged(good: bytes, seed: int) -> Iterator[bytes]:
    """``good`` cut at 64 places, with bits of its beginning, its end and anywhere flipped, with holes, and pieces missing."""
    yield from (good[: len(good) * part // 64] for part in range(64))
    yield from (good[:-few] for few in (1, 4, 8, 22))
    by_chance = random.Random(seed)
    size = len(good)
    for _number in range(48):
        data = bytearray(good)
        for _times in range(by_chance.choice((1, 1, 1, 4))):
            inside = by_chance.randrange(size)
            at = by_chance.choice((inside, inside % 120, size - 1 - inside % min(size, 400)))
            data[at] = by_chance.choice((data[at] ^ 1 << by_chance.randrange(8), 0, 255))
        yield bytes(data)
    for _number in range(16):
        begin, end = sorted((by_chance.randrange(size), by_chance.randrange(size)))
        yield good[:begin] + good[end:]
        yield good[:begin] + b"\0" * (end - begin) + good[end:]


def step(path: Path) -> None:
    """The wizard's first step, every default taken, as far as its questions go."""
    dataset = Dataset(World(path.parent, {}, sandbox=True))
    facts = Facts({"dataset.source": path.name})
    while (field := next((one for one in dataset.fields(facts) if one.key not in facts), None)) is not None:
        if field.default is None:  # only a person can go on
            return
        facts[field.key] = field.default
        field.check(field.default)


READERS: dict[str, Callable[[Path], object]] = {
    "read": lambda path: list(Source(path).read()),
    "recognise": lambda path: Source(path).reading(whole=False),
    "page": lambda path: Source(path).page(skip=1, count=2),
    "sets": lambda path: [
        catalog.count_rows(split.path) for one in catalog.find_sets(path) for split in one.splits
    ],
    "members": lambda path: [list(Source(one).read()) for one in catalog.data_files(path)],
    "check": lambda path: audit.check([path], workers=0),
    "why": lambda path: fate(path, 2, system_prompt=""),
    "mend": lambda path: mending.mend(path, path.with_name("out.jsonl")),
    "convert": lambda path: convert(path, path.with_name("out.jsonl"), system_prompt="", workers=0),
    "step": step,
}


def crashes(path: Path) -> Iterator[str]:
    """What came out of the readers that is no error for people."""
    for name, look in READERS.items():
        try:
            look(path)
        except WizardError as error:
            if not error.message:
                yield f"{name}: an error without a word"
        except Exception as error:  # noqa: BLE001 - that none comes is the law
            yield f"{name}: {type(error).__name__}: {error}"


@pytest.mark.sweep
@pytest.mark.parametrize("name", CONTAINERS)
def test_only_errors_for_people_come_out_of_damaged_files(tmp_path: Path, name: str) -> None:
    """148 damages of each container: each reader reads them or refuses with an error of ours, never another."""
    path = tmp_path / name
    path.write_bytes(made(name))
    assert [] == list(crashes(path))
    for number, data in enumerate(damaged(path.read_bytes(), seed=7)):
        path.write_bytes(data)
        assert (number, []) == (number, list(crashes(path)))


@given(st.sampled_from(["deflated.zip", "x.tar", "x.tar.gz", "x.jsonl.gz", "x.xlsx", "x.parquet"]), st.data())
def test_any_byte_may_be_another(name: str, data: st.DataObject) -> None:
    """Any bytes may be others, at any places."""
    good = bytearray(made(name))
    for at, byte in data.draw(
        st.lists(st.tuples(st.integers(0, len(good) - 1), st.integers(0, 255)), max_size=8)
    ):
        good[at] = byte
    with TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(good)
        assert [] == list(crashes(path))


# --- what a header can lie about


def with_entry(data: bytes, offset: int, value: bytes) -> bytes:
    """A zip of one member with ``value`` at ``offset`` of its entry in the table of contents."""
    at = data.rindex(b"PK\x01\x02") + offset
    return data[:at] + value + data[at + len(value) :]


def bomb(size: int) -> bytes:
    """A gzip stream of ``size`` blanks and line ends, made in no more memory than it takes."""
    pack = zlib.compressobj(9, wbits=31)
    block = b"\n".rjust(1 << 20)
    return b"".join([*(pack.compress(block) for _number in range(size >> 20)), pack.flush()])


LIES: dict[str, Callable[[], bytes]] = {
    "wrong sum.zip": lambda: with_entry(zipped(x_jsonl=LINES), 16, b"\1\2\3\4"),
    "encrypted.zip": lambda: with_entry(zipped(x_jsonl=LINES), 8, b"\x01"),
    "unknown method.zip": lambda: with_entry(zipped(x_jsonl=LINES), 10, b"\x63\0"),
    "lzma.zip": lambda: zipped(zipfile.ZIP_LZMA, x_jsonl=LINES),
    "smaller than said.zip": lambda: with_entry(zipped(x_jsonl=LINES), 24, b"\xff\xff\xff\x7f"),
    "larger than said.zip": lambda: with_entry(zipped(x_jsonl=LINES), 24, b"\x09\0\0\0"),
    "packed larger.zip": lambda: with_entry(zipped(x_jsonl=LINES), 20, b"\xff\xff\xff\x7f"),
    "starts elsewhere.zip": lambda: with_entry(zipped(x_jsonl=LINES), 42, b"\xff\xff\xff\x7f"),
    "nested.zip": CONTAINERS["nested.zip"],
    "only folders.zip": lambda: zipped(d__=b""),
    "wrong sum.jsonl.gz": lambda: gzip.compress(LINES)[:-8] + b"\0" * 8,
    "packed twice.jsonl.gz": lambda: gzip.compress(gzip.compress(LINES)),
    "bomb.jsonl.gz": lambda: bomb(1 << 30),
    "bomb.zip": lambda: zipped(x_jsonl=b"\n".rjust(1 << 20) * 100),
    "bomb.tar.gz": lambda: gzip.compress(_entry_of(1 << 33) + b"\n".rjust(1 << 20) * 100),
    "no end.tar": lambda: tarred()[:700],
    "a bomb as a workbook.xlsx": lambda: _book_with(b" " * (100 << 20)),
    "a workbook without sheets.xlsx": lambda: zipped(xl__workbook_xml=b"<x/>", docProps__a=b"", rels=b""),
    "a workbook that is no XML.xlsx": lambda: _book_with(b"\xff\xfe<"),
}


UNHARMED = ("smaller than said.zip", "packed larger.zip")
"""What is inside is whole, whatever the table of contents says of its size, and so it may be read."""


def _entry_of(size: int) -> bytes:
    """The head of a file of ``size`` bytes inside a tar archive."""
    info = tarfile.TarInfo("x.jsonl")
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)


def _book_with(sheet: bytes) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook())) as good,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bad,
    ):
        for info in good.infolist():
            bad.writestr(info, sheet if "sheet1" in info.filename else good.read(info))
    return out.getvalue()


WORDS = (
    ("check", "X"), ("check", "X", "--json", "--no-stats"), ("check", "X", "--fix"), ("convert", "X", "out.jsonl"),
    ("convert", "--all", "X"), ("why", "X:1"), ("plan", "--sandbox", "--yes", "--set", "dataset.source=X"),
    ("run", "--sandbox", "--yes", "--set", "dataset.source=X", "--json"),
    ("plan", "--sandbox", "--yes", "--set", "dataset.source=good.csv", "--set", "dataset.validation=file", "--set", "dataset.validation_source=X"),
)  # fmt: skip


@pytest.mark.sweep
@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_read_through_or_refused_in_a_sentence(tmp_path: Path, name: str) -> None:
    """A header that lies, a bomb, a nested or encrypted file: no reader lets out another error than ours."""
    path = tmp_path / name
    path.write_bytes(LIES[name]())
    assert [] == list(crashes(path))
    if name not in UNHARMED:
        with pytest.raises(WizardError):
            list(Source(path).read())


@pytest.mark.sweep
@pytest.mark.parametrize("name", ["wrong sum.zip", "bomb.jsonl.gz", "a workbook that is no XML.xlsx"])
def test_every_command_says_what_is_wrong(command: Command, folder: Path, name: str) -> None:
    """With such a file each command ends with 1 or 2 and a reason, never as a bug."""
    (folder / name).write_bytes(LIES[name]())
    (folder / "good.csv").write_bytes(TABLE)
    for words in WORDS:
        done = command(*(word.replace("X", name) for word in words))
        said = done.stdout + done.stderr
        assert (words, True) == (words, done.returncode in (1, 2)), said
        assert "unexpected" not in said
        assert "Traceback" not in said
        assert "error: " in said


def peak(code: str, path: Path) -> int:
    """Megabytes that a Python took at most while it ran ``code`` with ``path``."""
    # Not the system's own count: that begins with what its parent had.
    status = "print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0])"
    measured = f"import sys\nfrom pathlib import Path\npath = Path(sys.argv[1])\n{code}\n{status}"
    done = subprocess.run(
        [sys.executable, "-c", measured, path],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1],
    )  # fmt: skip
    return int(done.stdout.split()[-1]) >> 10


@pytest.mark.sweep
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("name", [name for name in LIES if "bomb" in name])
def test_a_bomb_takes_no_memory(tmp_path: Path, name: str) -> None:
    """What unpacks to far more than data do is left before it fills the memory."""
    path = tmp_path / name
    path.write_bytes(LIES[name]())
    told = (
        "from wizard.data.shapes.source import Source\nfrom wizard.errors import WizardError\n"
        "try: list(Source(path).read())\nexcept WizardError: pass\nelse: raise SystemExit(3)"
    )
    assert 160 > peak(told, path)


# --- text without an end


def test_a_list_of_other_than_rows_is_known_early(tmp_path: Path) -> None:
    """An array of numbers, texts or lists is left after so many of them, and that is said; rows before them are read."""
    path = tmp_path / "x.json"
    for value in ("17", '"x"', "[1]", "null"):
        path.write_text(f"[{','.join([value] * 9_999)}]", "utf-8")
        found = [one.code for one in Source(path).read() if isinstance(one, Finding)]
        assert ["NOT_AN_OBJECT"] * (MOST_OTHERS - 1) + ["NO_OBJECTS"] == found

    rows = [json.dumps(ROW), *["1"] * (MOST_OTHERS - 1)] * 3
    path.write_text("[" + ",\n".join(rows) + "]", "utf-8")
    read = list(Source(path).read())
    assert 3 == sum(not isinstance(one, Finding) for one in read)
    assert len(rows) == len(read)


def test_brackets_in_brackets_end_somewhere(tmp_path: Path) -> None:
    """A value nested beyond any row is one error at its line, not looked through to the end."""
    path = tmp_path / "x.json"
    for opening in (b"[", b'{"a":'):
        path.write_bytes(b"[\n" + opening * 100_000)
        assert [("JSON_TOO_DEEP", 2)] == [
            (one.code, one.where.line) for one in Source(path).read() if isinstance(one, Finding)
        ]


def test_an_open_quote_is_told_where_it_opens(tmp_path: Path) -> None:
    """A quote that nobody closes costs its own row: its line is named, and all rows behind it are read."""
    path = tmp_path / "x.csv"
    rows = "".join(f"{number}{'问' * 1_000},甲,乙,A\n" for number in range(12_000))
    path.write_text(f'question,A,B,answer\n"坏的,甲,乙,A\n{rows}', "utf-8")
    read = list(Source(path).read())
    assert [("OPEN_QUOTE", 2)] == [(one.code, one.where.line) for one in read if isinstance(one, Finding)]
    assert 12_000 == sum(not isinstance(one, Finding) for one in read)


def test_names_of_columns_are_counted_once(tmp_path: Path) -> None:
    """A header of 100,000 columns is read, and a name that is there twice found, without comparing each with each."""
    path = tmp_path / "x.csv"
    names = ["question", "answer", *(f"c{number}" for number in range(100_000))]
    path.write_text(",".join(names) + "\n问,答\n", "utf-8")
    assert ["COLUMN_COUNT"] == [one.code for one in Source(path).read() if isinstance(one, Finding)]
    path.write_text(",".join([*names, "c9"]) + "\n", "utf-8")
    (twice,) = [one for one in Source(path).read() if isinstance(one, Finding)]
    assert "DUPLICATE_COLUMN" == twice.code
    assert "“c9”" in twice.what


# --- what is no file


@pytest.mark.sweep
@pytest.mark.posix("symbolic links, which only few users of Windows may make")
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a pipe with a name")
def test_a_pipe_or_a_device_is_refused_and_never_waited_for(command: Command, folder: Path) -> None:
    """Where a file is expected, a pipe that nobody writes into and a device without an end are refused by every command."""
    os.mkfifo(folder / "pipe.jsonl")
    (folder / "device.jsonl").symlink_to("/dev/zero")
    (folder / "good.csv").write_bytes(TABLE)
    os.mkfifo(folder / "out.manifest.json")
    for name in ("pipe.jsonl", "device.jsonl"):
        for words in (
            *WORDS,
            ("plan", "--sandbox", "--yes", "--answers", "X"),
            ("check", "good.csv", "--sarif", "X"),
        ):
            done = command(*(word.replace("X", name) for word in words))
            nothing_in_it = "--answers" in words and name == "pipe.jsonl"  # which nobody writes into
            assert (words, True) == (words, done.returncode in (1, 2, 3) or nothing_in_it), done.stderr
            assert "unexpected" not in done.stderr
    done = command("convert", "good.csv", "out.jsonl")
    assert "Traceback" not in done.stderr
