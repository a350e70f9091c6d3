"""Converting: the exact bytes, whole files, and never half a file."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.data.converting.convert import Conversion, RowsUnfit, convert
from wizard.data.converting.page import proved
from wizard.data.converting.samples import samples
from wizard.data.files.catalog import find_sets
from wizard.data.files.lines import SourceUnreadable
from wizard.data.findings import Finding
from wizard.data.record import Chat, Message, MultipleChoice, Record, Where
from wizard.data.sent import SYSTEM_PROMPT, chat_row, line, messages, read_back
from wizard.data.sent import text as written_text
from wizard.data.shapes.source import Source
from wizard.errors import DataError, StorageError

REAL = Path(__file__).parents[2] / "shared" / "data"

needs_real_data = pytest.mark.skipif(
    not REAL.is_dir(), reason="the real MedQA files are not on this computer"
)

EXAMPLE = (
    '{"question": "卧位腰椎穿刺，脑脊液压力正常值是（　　）。", "options": {"A": "80～180mmH2O（0.78～1.76kPa）", '
    '"B": "50～70mmH2O（0.49～0.69kPa）", "C": "230～250mmH2O（2.25～2.45kPa）", '
    '"D": "260～280mmH2O（2.55～2.74kPa）"}, "answer": "80～180mmH2O（0.78～1.76kPa）", "answer_idx": "A"}\n'
)
CONVERTED = (
    '{"messages": [{"role": "system", "content": "你是一个专业的医学助手，擅长回答医学选择题。请根据题目和选项，'
    '给出正确答案。"}, {"role": "user", "content": "卧位腰椎穿刺，脑脊液压力正常值是（　　）。\\n\\n选项：\\n'
    "A. 80～180mmH2O（0.78～1.76kPa）\\nB. 50～70mmH2O（0.49～0.69kPa）\\nC. 230～250mmH2O（2.25～2.45kPa）\\n"
    'D. 260～280mmH2O（2.55～2.74kPa）"}, {"role": "assistant", "content": "答案是 A. 80～180mmH2O（0.78～1.76kPa）"}]}\n'
)
# The same question with an unusual field, which the fast lane doesn't take.
UNUSUAL = EXAMPLE.replace('"answer_idx": "A"}', '"answer_idx": "A", "page": 7}')
NO_ANSWER = EXAMPLE.replace('"answer_idx": "A"', '"answer_idx": "E"')

WHERE = Where("f", 1)
texts = st.text(min_size=1)
labels = st.lists(st.sampled_from("ABCDEFGHIJ"), min_size=2, unique=True)


@st.composite
def choices(draw: st.DrawFn) -> MultipleChoice:
    """Any question with options."""
    options = tuple((label, draw(texts)) for label in draw(labels))
    return MultipleChoice(draw(texts), options, draw(st.sampled_from(options))[0], WHERE)


chats = st.lists(st.builds(Message, st.sampled_from(["system", "user", "assistant"]), texts), min_size=1).map(
    lambda turns: Chat(tuple(turns), WHERE)
)


@pytest.mark.parametrize("source", [EXAMPLE, UNUSUAL])
def test_the_toolkits_example(tmp_path: Path, source: str) -> None:
    """The documented example row becomes exactly the documented line, by either lane and record by record."""
    path = tmp_path / "in.jsonl"
    path.write_text(source, encoding="utf-8", newline="")

    done = convert(path, tmp_path / "out.jsonl", system_prompt=SYSTEM_PROMPT)

    (record,) = Source(path).read()
    assert not isinstance(record, Finding)
    assert CONVERTED.encode() == (tmp_path / "out.jsonl").read_bytes()
    assert CONVERTED.encode() == line(record, SYSTEM_PROMPT)
    assert (1, len(CONVERTED.encode()), 0) == (done.rows, done.size, done.left_out)
    assert sum(len(turn.content) for turn in messages(record, SYSTEM_PROMPT)) == done.characters


@given(choices() | chats, st.text(max_size=9), st.booleans())
def test_a_line_is_what_json_dumps_writes(record: Record, prompt: str, add: bool) -> None:
    """Byte for byte json.dumps without escapes, and it reads back to the same messages."""
    row = chat_row(record, prompt, add_system=add)
    made = line(record, prompt, add_system=add)

    assert (json.dumps(row, ensure_ascii=False) + "\n").encode() == made
    assert row == json.loads(made)


def test_every_character_is_written_as_json_dumps_does() -> None:
    """All of Unicode: control characters, DEL, U+2028, private use, beyond the first plane."""
    for start in [*range(0, 0xD800, 0x800), *range(0xE000, 0x110000, 0x800)]:
        some = "".join(map(chr, range(start, start + 0x800)))
        assert json.dumps(some, ensure_ascii=False).encode() == written_text(some)


@given(choices())
def test_the_answer_reads_back(record: MultipleChoice) -> None:
    """From the assistant's text alone come the label and the text of the right option."""
    assert (record.answer, record.answer_text) == read_back(messages(record, "")[-1].content)


def test_an_answer_that_does_not_read_back_is_refused() -> None:
    """Should a reader ever let a label through that shifts the answer, reading back finds it."""
    shifted = MultipleChoice("q", (("A. x", "y"), ("B", "z")), "A. x", WHERE)
    with pytest.raises(AssertionError):
        proved(shifted)
    assert "B" == getattr(proved(MultipleChoice("q", shifted.options, "B", WHERE)), "answer", None)


def test_the_system_prompt() -> None:
    """An empty prompt sends no system message; a chat keeps its own, and gets one only where that is asked."""
    question = MultipleChoice("q", (("A", "x"), ("B", "y")), "A", WHERE)
    turns = (Message("user", "u"), Message("assistant", "a"))
    own = Chat((Message("system", "s"), *turns), WHERE)

    assert ("user", "assistant") == tuple(turn.role for turn in messages(question, ""))
    assert turns == messages(Chat(turns, WHERE), "p")
    assert (Message("system", "p"), *turns) == messages(Chat(turns, WHERE), "p", add_system=True)
    assert own.messages == messages(own, "p", add_system=True)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def convert_text(folder: Path, source: str, **settings: Any) -> Conversion:
    path = folder / "in.jsonl"
    path.write_text(source, encoding="utf-8", newline="")
    return convert(path, folder / "out" / "out.jsonl", system_prompt=SYSTEM_PROMPT, **settings)


def test_stop_finds_every_fault_and_writes_nothing(tmp_path: Path) -> None:
    """With "stop", all faults are in the error, and neither output nor folder nor anything half made is left."""
    with pytest.raises(RowsUnfit) as caught:
        convert_text(tmp_path, EXAMPLE + NO_ANSWER + "\n{\n" + EXAMPLE + "[]\n")

    found = [(one.where.line, one.code) for one in caught.value.findings]
    assert [(2, "ANSWER_NOT_AN_OPTION"), (4, "NOT_JSON"), (6, "NOT_AN_OBJECT")] == found
    assert (2, 3) == (caught.value.rows, caught.value.left_out)
    assert "in.jsonl:2: ANSWER_NOT_AN_OPTION" in caught.value.message
    assert ["in.jsonl"] == names(tmp_path)


def test_skip_leaves_rows_out_and_says_which(tmp_path: Path) -> None:
    """With "skip", the good rows are written and each other row is listed with line, code, reason and its text."""
    done = convert_text(tmp_path, UNUSUAL + NO_ANSWER + "\n" + EXAMPLE, on_error="skip")

    assert (2, 1, 1) == (done.rows, done.left_out, done.blank_lines)
    assert (("page", 1),) == done.extra
    assert (CONVERTED * 2).encode() == done.output.read_bytes()
    assert tmp_path / "out" / "out.left-out.jsonl" == done.left_out_file
    (left,) = [json.loads(raw) for raw in done.left_out_file.read_bytes().splitlines()]
    assert (2, "ANSWER_NOT_AN_OPTION", NO_ANSWER.rstrip("\n")) == (left["line"], left["code"], left["row"])
    assert "“E”" in left["what"]

    again = convert_text(tmp_path, EXAMPLE, on_error="skip")

    assert again.left_out_file is None
    assert ["out.jsonl", "out.manifest.json"] == names(tmp_path / "out")


def test_nothing_left_is_an_error_even_with_skip(tmp_path: Path) -> None:
    """An output without rows is never written."""
    for source in (NO_ANSWER, ""):
        with pytest.raises(RowsUnfit):
            convert_text(tmp_path, source, on_error="skip")
    assert ["in.jsonl"] == names(tmp_path)


def test_digests_and_bytes_are_the_files(tmp_path: Path) -> None:
    """The digests are those of the files, and converting again gives the same bytes."""
    done = convert_text(tmp_path, EXAMPLE * 2000 + UNUSUAL)
    data = done.output.read_bytes()

    assert (2001, len(data)) == (done.rows, done.size)
    assert hashlib.sha256(data).hexdigest() == done.sha256
    assert hashlib.md5(data).hexdigest() == done.md5  # noqa: S324 - the platform's own digest
    assert hashlib.sha256(done.source.read_bytes()).hexdigest() == done.source_sha256
    assert (
        done == convert(done.source, done.output, system_prompt=SYSTEM_PROMPT)
        or data == done.output.read_bytes()
    )


def test_an_interruption_keeps_the_old_output(tmp_path: Path) -> None:
    """Ctrl-C in the middle leaves the output of before, whole, and nothing beside it."""
    old = convert_text(tmp_path, EXAMPLE).output.read_bytes()

    def interrupt(done: int, total: int) -> None:
        assert 0 < done <= total
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert_text(tmp_path, EXAMPLE * 3000, on_progress=interrupt)

    assert old == (tmp_path / "out" / "out.jsonl").read_bytes()
    assert ["out.jsonl", "out.manifest.json"] == names(tmp_path / "out")


def test_progress_ends_at_the_whole(tmp_path: Path) -> None:
    """Progress only grows, and its last word is that all bytes are read."""
    told: list[tuple[int, int]] = []
    done = convert_text(tmp_path, EXAMPLE * 3000, on_progress=lambda *now: told.append(now))

    size = done.source.stat().st_size
    assert sorted(told) == told
    assert (size, size) == told[-1]


@pytest.mark.posix("symbolic links, which only few users of Windows may make")
def test_a_link_is_never_written_through(tmp_path: Path) -> None:
    """Where the output is a symbolic link, nothing is written, neither to it nor to what it shows."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "out.jsonl").symlink_to(victim)

    with pytest.raises(StorageError):
        convert_text(tmp_path, EXAMPLE)

    assert "mine" == victim.read_text()
    assert (tmp_path / "out" / "out.jsonl").is_symlink()


def test_a_source_is_never_its_own_output(tmp_path: Path) -> None:
    """Source and output may not be one file, by whatever names."""
    path = tmp_path / "in.jsonl"
    path.write_text(EXAMPLE, encoding="utf-8")
    (tmp_path / "same.jsonl").hardlink_to(path)

    for output in (path, tmp_path / "same.jsonl"):
        with pytest.raises(DataError):
            convert(path, output, system_prompt="")
    assert EXAMPLE == path.read_text(encoding="utf-8")


def test_a_full_disk_is_a_clear_error(tmp_path: Path) -> None:
    """Where the disk refuses, the error says so and the old output stays."""
    resource = pytest.importorskip("resource", reason="file size limits are POSIX")
    signal = pytest.importorskip("signal")
    old = convert_text(tmp_path, EXAMPLE).output.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    (tmp_path / "in.jsonl").write_text(EXAMPLE * 5000, encoding="utf-8")
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        with pytest.raises(StorageError, match=r"out\.jsonl"):
            convert(tmp_path / "in.jsonl", tmp_path / "out" / "out.jsonl", system_prompt="x")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)

    assert old == (tmp_path / "out" / "out.jsonl").read_bytes()
    assert ["out.jsonl", "out.manifest.json"] == names(tmp_path / "out")


def test_a_source_that_changes_meanwhile_is_refused(tmp_path: Path) -> None:
    """Rows added while the source is read make the conversion fail, not end early."""

    def add(_done: int, _total: int) -> None:
        with (tmp_path / "in.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(EXAMPLE * 1000)

    with pytest.raises(SourceUnreadable, match="changed"):
        convert_text(tmp_path, EXAMPLE, on_progress=add)


@pytest.mark.sweep
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """A file sixteen times as long takes the same memory, a small part of its size."""
    peaks: list[int] = []
    for rows in (1_000, 16_000):
        tracemalloc.start()
        convert_text(tmp_path, (EXAMPLE + UNUSUAL) * (rows // 2))
        tracemalloc.reset_peak()
        convert(tmp_path / "in.jsonl", tmp_path / "out.jsonl", system_prompt="x")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < peaks[0] * 2
    assert peaks[1] < (tmp_path / "in.jsonl").stat().st_size


def test_samples_page_through_the_rows_that_can_be_sent(tmp_path: Path) -> None:
    """Samples skip faulty rows, keep their line and the source as it is, and read no further than they show."""
    path = tmp_path / "in.jsonl"
    path.write_text(NO_ANSWER + EXAMPLE + "\n" + UNUSUAL + "{\n", encoding="utf-8")

    first, second = samples(path, "p", count=5)

    assert (2, 4) == (first.where.line, second.where.line)
    assert json.loads(UNUSUAL) == second.original
    assert messages(second.record, "p") == second.messages
    assert (second,) == samples(path, "p", skip=1, count=3)
    assert () == samples(path, "p", skip=2)
    assert () == samples(path, "p", count=0)


@needs_real_data
def test_the_real_files_convert_without_an_error(tmp_path: Path) -> None:
    """MedQA's dev and test files convert whole; sizes a row are those known: 514, 624 and 1,145 bytes."""
    done = {
        split.output: convert(split.path, tmp_path / split.output, system_prompt=SYSTEM_PROMPT)
        for found in find_sets(REAL)
        for split in found.splits
    }

    assert {
        "mainland_4opt_dev.jsonl": (3425, 514),
        "mainland_4opt_test.jsonl": (3426, 514),
        "taiwan_dev.jsonl": (1412, 624),
        "us_4opt_dev.jsonl": (1272, 1145),
    } == {name: (one.rows, round(one.size / one.rows)) for name, one in done.items()}
    assert [0] * 4 == [len(one.findings) for one in done.values()]
    assert {("meta_info", 1272), ("metamap_phrases", 1272)} == set(done["us_4opt_dev.jsonl"].extra)


@needs_real_data
def test_a_real_chat_file_stays_as_it_is(tmp_path: Path) -> None:
    """A file in Bailian's own form converts to itself."""
    source = REAL / "shapes" / "output.jsonl"
    done = convert(source, tmp_path / "out.jsonl", system_prompt=SYSTEM_PROMPT)

    assert source.read_bytes() == done.output.read_bytes()
