"""Whole files: duplicates, contradictions, leaks and balance; and that the fast lane sees what the slow one sees."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import outputs
import pytest
from faulty.collection import BAILIAN, COLLECTION, Faulty
from faulty.rows import asked, chat, choice, dumped, lines, talk, turn
from hypothesis import example, given
from hypothesis import strategies as st
from scanned import told

from wizard.data import identity
from wizard.data.checking import audit, balance
from wizard.data.checking.audit import check, role_of
from wizard.data.checking.quick import Sheet, layout_of
from wizard.data.checking.scan import Scan, Task
from wizard.data.checking.statistics import histogram, statistics
from wizard.data.checking.tally import Tally
from wizard.data.converting.convert import convert
from wizard.data.files.ranges import lines_in, ranges
from wizard.data.tokens import Tokenizer

TOKENIZER = Tokenizer.load()
REAL = Path(__file__).parents[2] / "shared" / "data" / "medqa" / "questions"


def write(path: Path, *rows: object) -> Path:
    path.write_bytes(lines(*rows))
    return path


def found(*paths: Path, **options: Any) -> list[tuple[str, str, int]]:
    return [
        (Path(one.where.file).name, one.code, one.where.line)
        for file in check(paths, **options)
        for one in file.findings
        if one.code != "FEW_ROWS"
    ]


def test_a_leak_is_found_and_both_lines_are_named(tmp_path: Path) -> None:
    """The same question in train and validation, whatever the options' order, width and punctuation are."""
    train = write(tmp_path / "train.jsonl", chat(1), asked("体温，是多少？", "37℃|38℃", "A. 37℃"))
    dev = write(tmp_path / "dev.jsonl", chat(2), chat(3), asked("体温是多少", "３８℃|37℃", "B. 37℃"))
    assert [("dev.jsonl", "LEAK", 3)] == found(train, dev)
    (leak,) = check([train, dev])[1].findings.first("LEAK")
    assert f"{train}:2" in leak.what


def test_source_and_converted_rows_are_compared(tmp_path: Path) -> None:
    """A source's question leaks into a converted file as into another source."""
    train = write(tmp_path / "train.jsonl", choice(1), choice(2))
    options = "|".join(f"第2题的选项{label}" for label in "DCBA")
    test = write(tmp_path / "test.jsonl", asked("第2号病人最可能的诊断是", options, "B. 第2题的选项C"))
    assert [("test.jsonl", "LEAK", 1)] == found(train, test)


def test_parts_of_one_set_leak_nothing(tmp_path: Path) -> None:
    """Two parts of the training data that share a row have a duplicate, not a leak."""
    one, two = write(tmp_path / "train-1.jsonl", chat(1)), write(tmp_path / "train-2.jsonl", chat(1))
    assert [("train-2.jsonl", "DUPLICATE_ROW", 1)] == found(one, two)


def test_other_options_are_another_finding(tmp_path: Path) -> None:
    """A stem that many questions share is told from the same question."""
    train = write(tmp_path / "train.jsonl", asked("下列正确的是", "甲|乙", "A. 甲"))
    dev = write(tmp_path / "dev.jsonl", asked("下列正确的是", "丙|丁", "A. 丙"))
    assert [("dev.jsonl", "LEAK_OTHER_OPTIONS", 1)] == found(train, dev)


def test_roles_are_told_from_names() -> None:
    """train, dev and test in the usual spellings; a word that only holds them says nothing."""
    names = ("my_train.jsonl", "val.jsonl", "phrases_no_exclude_test.jsonl", "latest.jsonl", "验证集.jsonl")
    assert ["train", "dev", "test", "", "dev"] == [role_of(Path(name)) for name in names]


@pytest.mark.sweep
def test_no_character_escapes_the_key() -> None:
    """For every character of Unicode: equal when folded means equal keys, so that no duplicate is overlooked."""
    stem = "患者男，三十五岁，因腹痛三天入院，查体腹软，诊断为"
    for code in range(sys.maxunicode + 1):
        if 0xD800 <= code < 0xE000:
            continue
        text = stem + chr(code)
        assert identity.key(identity.folded(text)) == identity.key(text), hex(code)


@given(st.text(), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_equal_stems_have_equal_keys(text: str, form: Any) -> None:
    """The cheap key never parts what the careful comparison holds to be the same."""
    for other in (unicodedata.normalize(form, text), identity.folded(text), text.upper(), f"（{text}）。"):
        if identity.folded(other) == identity.folded(text):
            assert identity.key(text) == identity.key(other)


texts = st.text(
    st.sampled_from(list('体温正常人 \n\tAaBb1１Ａ。，、@图題上一\u200b\ufffdÃ©锛　:："\\\0\x07以和')),
    max_size=12,
) | st.sampled_from(
    ["13812345678", "选项", "以上都对", "如图所示", "see figure", "答案是 A. 甲", "\n\n选项：\nA. 甲\nB. 乙"]
)
turns = st.builds(
    turn, st.sampled_from(["system", "user", "assistant"]), st.lists(texts, max_size=3).map("".join)
)
questions = st.builds(
    asked,
    texts,
    st.lists(texts, min_size=2, max_size=4).map("|".join),
    st.sampled_from(["A. 甲", "B. ", "E. x", "A"]),
)


odd_texts = texts | st.sampled_from([
    "如图，诊断是", "上题中", "See the figure below. Which?", 'Say "a"', "行\n行", "末\n", "\n始", "A和B", "以上都对", "none of the above",
    "１３", "\u0344a", "①②", "张三 19801231", "20000101123", "a: b", "前\n\n选项：\nA. 甲\nB. 乙", "C:\\\\n", "Ⅱ型，患者男，五十岁，腹痛三天，伴呕吐一天",
])  # fmt: skip
questions_alike = st.builds(
    asked,
    odd_texts,
    st.lists(st.sampled_from(["甲", "乙", "丙丁", "戊 己", "以上都对", "A和B", "@"]) | odd_texts, min_size=3, max_size=3).map(
        "|".join
    ),
    st.sampled_from(["A. 甲", "B. 乙", "C. 丙丁", "A. 丙丁", "D. 甲"]),
)  # fmt: skip
pairs = st.builds(
    lambda system, user, answer: talk(*system, turn("user", user), turn("assistant", answer)),
    st.just([turn("system", "你是医生。")]) | st.lists(turns, max_size=3), odd_texts, odd_texts,
)  # fmt: skip


@st.composite
def pages(draw: st.DrawFn) -> bytes:
    """Lines most of which have one layout, some of them spoiled."""
    spacing = draw(st.sampled_from([(", ", ": "), (",", ":"), (", ", " : ")]))
    rows = [draw(st.sampled_from([asked("体温是多少", "甲|乙|丙丁", "A. 甲"), chat(1)]))]
    rows += draw(st.lists(questions_alike | pairs | questions, max_size=6))
    made = b""
    for row in rows:
        raw = json.dumps(row, ensure_ascii=draw(st.integers(0, 5)) == 5, separators=spacing).encode(
            "utf-8", "replace"
        )
        match draw(st.sampled_from(["", "", "", "", "cut", "byte", "twice", "blank", "more", "control"])):
            case "cut":
                raw = raw[: draw(st.integers(0, len(raw)))]
            case "byte":
                raw = raw.replace("，".encode(), b"\xff", 1)
            case "twice":
                raw = raw.replace(b'"role"', b'"role": "user", "role"', 1)
            case "blank":
                raw = b" \r"
            case "more":
                raw += draw(st.sampled_from([b"\r", b" ", b"{}", b"\x00"]))
            case "control":
                raw = raw.replace("。".encode(), b"\t\x7f", 1)
        made += raw + b"\n"
    return made


def at_once(page: bytes, max_length: int | None = None) -> dict[str, Any]:
    scan = Scan(Task("x", "messages", max_length), tokenizer=TOKENIZER)
    scan.part(page)
    return told(scan)


def one_by_one(page: bytes, max_length: int | None = None) -> dict[str, Any]:
    scan = Scan(Task("x", "messages", max_length), tokenizer=TOKENIZER)
    for number, raw in enumerate(page.removesuffix(b"\n").split(b"\n") if page else (), 1):
        scan.tally.lines += 1
        scan.line(raw, number)
    return told(scan)


# Two equally long rows, the first of which has to be looked at closely.
AS_LONG = (asked("体温是多少", "甲|乙|丙丁", "A. 甲"), asked("以上都对", "甲|甲|戊 己", "C. 丙丁"), asked("以上都对", "甲|乙|以上都对", "A. 甲"))  # fmt: skip


@example(lines(*AS_LONG), None)
@given(pages() | st.lists(st.lists(turns, min_size=1, max_size=5).map(lambda some: talk(*some)) | questions, max_size=4).map(
    lambda rows: lines(*rows)
), st.sampled_from([None, None, 12]))  # fmt: skip
def test_the_fast_lane_sees_what_the_slow_one_sees(page: bytes, max_length: int | None) -> None:
    """The same counts and findings, with the same words at the same lines, whether rows come as a page or one by one."""
    assert one_by_one(page, max_length) == at_once(page, max_length)


@pytest.mark.parametrize("faulty", COLLECTION, ids=lambda faulty: faulty.name)
def test_both_lanes_agree_on_the_collection(faulty: Faulty) -> None:
    """Every faulty file gives the same whether its lines come as a page or one by one."""
    assert one_by_one(faulty.data) == at_once(faulty.data)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real MedQA files are not here")
@pytest.mark.parametrize(
    "name", ["Mainland/4_options/dev.jsonl", "Taiwan/dev.jsonl", "US/4_options/phrases_no_exclude_dev.jsonl"]
)
def test_both_lanes_agree_on_real_rows(tmp_path: Path, name: str) -> None:
    """The same for converted questions, and the pattern takes most of them."""
    convert(REAL / name, tmp_path / "out.jsonl", system_prompt="你是医生。", on_error="skip")
    data = (tmp_path / "out.jsonl").read_bytes()
    assert one_by_one(data) == at_once(data)
    layout = layout_of(data.split(b"\n", 5)[:5])
    assert layout is not None
    assert len(Sheet(layout, data.decode().removesuffix("\n")).left()) < data.count(b"\n") / 4


def test_however_a_file_is_divided_the_result_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ranges of bytes, several processes or one: the same findings at the same lines."""
    rows: list[object] = [chat(number) for number in range(3_000)]
    rows[2_000], rows[2_500] = rows[10], b""
    path = write(tmp_path / "x.jsonl", *rows)
    whole = check([path], workers=0)[0]
    monkeypatch.setattr(audit, "PART", 40_000)
    for workers in (0, 1, 2):
        parts = check([path], workers=workers)[0]
        assert whole.findings.as_dict() == parts.findings.as_dict()
        assert (whole.tally.lines, whole.tally.keys) == (parts.tally.lines, parts.tally.keys)
    expected = [("x.jsonl", "DUPLICATE_ROW", 2001), ("x.jsonl", "BLANK_LINE", 2501)]
    assert expected == found(path)


@given(
    st.lists(st.binary(max_size=30).map(lambda raw: raw.replace(b"\n", b"")), max_size=12), st.integers(1, 40)
)
def test_ranges_of_bytes_give_every_line_once(rows: list[bytes], part: int) -> None:
    """Lines are neither lost nor doubled at the borders."""
    from tempfile import TemporaryDirectory

    data = b"\n".join(rows)
    with TemporaryDirectory() as folder:
        path = Path(folder, "x")
        path.write_bytes(data)
        for on_bytes in (None, lambda _block: None):
            with path.open("rb") as stream:
                places = list(ranges(stream, "x", on_bytes, size=part))
                found = [lines_in(stream, place) for place in places]
            assert data == b"".join(found)
            assert all(some.endswith(b"\n") for some in found[:-1])


def test_a_hundred_thousand_faults_are_a_summary(tmp_path: Path) -> None:
    """All are counted, the first are shown, and the output stays short."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(dumped(chat(1)) + b"\n" + b'{"messages": []}\n' * 100_000)
    done = subprocess.run(
        [sys.executable, "-m", "wizard", "check", str(path), "--no-stats"],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1],
    )  # fmt: skip
    assert 1 == done.returncode
    assert "NO_MESSAGES: 100,000" in done.stdout
    assert f"{path}:2: NO_MESSAGES: " in done.stdout
    assert len(done.stdout.splitlines()) < 20


def test_rows_beyond_max_length_are_errors(tmp_path: Path) -> None:
    """Counted exactly, with the number of tokens; rows that fit are no finding."""
    path = write(tmp_path / "train.jsonl", chat(1), talk(turn("user", "体温" * 400), turn("assistant", "好")))
    assert [("train.jsonl", "TOO_LONG", 2)] == found(path, max_length=100)
    assert [] == found(path, max_length=10_000)


def test_statistics_are_exact_for_small_files_and_say_so_else(tmp_path: Path) -> None:
    """Exact below the limit; above it a seeded sample whose interval holds the truth."""
    rows = [
        talk(turn("user", "体温" * random.Random(n).randint(1, 60) + str(n)), turn("assistant", "好"))
        for n in range(1500)
    ]
    (one,) = check([write(tmp_path / "x.jsonl", *rows)])
    tokenizer = Tokenizer.load()
    exact = statistics(one, tokenizer)
    one.tally.size = 1 << 40
    sampled = statistics(one, tokenizer, sample=300)
    assert (True, 1500, 1500) == (exact.exact, exact.sampled, exact.rows)
    assert (False, 300) == (sampled.exact, sampled.sampled)
    assert sampled.tokens.low <= exact.tokens.value <= sampled.tokens.high
    assert sampled.tokens == statistics(one, tokenizer, sample=300).tokens
    assert exact.rows == sum(rows for _low, _high, rows in histogram(exact.lengths))


def test_chi_square_is_right() -> None:
    """Against published values: 3.841 and 7.815 are the 5 % points for 1 and 3 degrees of freedom, 5.991 for 2."""
    for chi_square, freedom in ((3.841, 1), (5.991, 2), (7.815, 3), (16.919, 9)):
        assert abs(balance._survival(chi_square, freedom) - 0.05) < 1e-4


def test_tallies_merge_as_if_read_in_one_go() -> None:
    """Lines and lines of findings are shifted by what came before."""
    one, two = Tally(), Tally()
    one.lines, two.lines = 10, 5
    one.key(3, 7)
    two.key(2, 8)
    one.merge(two, 0)
    assert (15, [0, 0, 7, *[0] * 7, 0, 8, 0, 0, 0]) == (one.lines, list(one.keys))


@pytest.mark.skipif(not REAL.is_dir(), reason="the real MedQA files are not here")
def test_real_files_have_what_is_known_of_them() -> None:
    """Counted by hand: equal options, repeated questions, and an overlap of dev and test."""
    folder = REAL / "Mainland" / "4_options"
    dev, test = check([folder / "dev.jsonl", folder / "test.jsonl"])
    assert [1484] == [one.where.line for one in dev.findings.first("EQUAL_OPTIONS")]
    assert [1491, 2459, 2805, 3059] == [one.where.line for one in test.findings.first("EQUAL_OPTIONS")]
    assert 0 == dev.findings.errors == test.findings.errors
    counts = test.findings.counts
    assert counts["LEAK"] >= 14
    assert counts["LEAK"] + counts["LEAK_OTHER_OPTIONS"] >= 68


def test_why_tells_what_became_of_a_row(tmp_path: Path) -> None:
    """Read, findings, the exact line sent, and where it is in the converted file; or why it is nowhere."""
    source = write(tmp_path / "train.jsonl", choice(1), choice(2, answer_idx="E"), choice(3), choice(1))
    run = [sys.executable, "-m", "wizard"]
    root = Path(__file__).parents[1]

    def told(*words: str) -> tuple[int, Any]:
        done = subprocess.run([*run, *words], capture_output=True, text=True, check=False, cwd=root)
        return done.returncode, outputs.result(done.stdout) if "--json" in words else done.stdout

    output = tmp_path / "out.jsonl"
    assert 0 == told("convert", str(source), str(output), "--on-error", "skip")[0]
    code, row = told("why", f"{source}:4", "--output", str(output), "--json")
    assert (0, 3, "DUPLICATE_ROW") == (code, row["output"]["line"], row["findings"][0]["code"])
    assert output.read_text(encoding="utf-8").splitlines()[2] == row["sent"]
    code, row = told("why", f"{source}:1", "--output", str(output), "--json")
    assert (0, 1, "DUPLICATE_ROW") == (code, row["output"]["line"], row["findings"][0]["code"])
    code, row = told("why", f"{source}:2", "--json")
    assert (1, None, "ANSWER_NOT_AN_OPTION") == (code, row["sent"], row["findings"][0]["code"])
    assert 1 == told("why", f"{source}:99")[0]
    assert 2 == told("why", str(source))[0]


def test_check_speaks_json_and_sarif(tmp_path: Path) -> None:
    """One JSON object; SARIF with rule, level and line; exit code 0 where nothing is an error."""
    path = write(tmp_path / "train.jsonl", chat(1), chat(2, id=1))
    sarif = tmp_path / "found.sarif"
    done = subprocess.run(
        [sys.executable, "-m", "wizard", "check", str(path), "--json", "--sarif", str(sarif)],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1],
    )  # fmt: skip
    assert 0 == done.returncode, done.stderr
    (file,) = outputs.result(done.stdout)["files"]
    assert ("bailian", "train", 2) == (file["kind"], file["role"], file["rows"])
    assert file["statistics"]["tokens"]["exact"]
    results = json.loads(sarif.read_bytes())["runs"][0]["results"]
    unknown = next(one for one in results if one["ruleId"] == "UNKNOWN_KEY")
    assert 2 == unknown["locations"][0]["physicalLocation"]["region"]["startLine"]


# rivals' table: the best of eleven found 12 of the 17 at their line
YARDSTICK = {
    "truncated JSON": "truncated", "single quotes": "single_quotes", "row is a JSON array": "array",
    "no messages": "no_messages", "empty messages": "empty_messages", "message without role": "no_role",
    "role human": "role_human", "content null": "content_null", "content 123": "content_number",
    "empty answer": "empty_answer", "no assistant turn": "no_assistant", "two user turns": "two_users",
    "extra top-level key": "extra_key", "exact duplicate": "duplicate", "60k-character row": "",
    "answer E of A-D": "answer_e", "U+FFFD": "replacement",
}  # fmt: skip


def test_the_yardstick(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All 17 single-row defects are found at physical line 3, and the file-level ones named; the table is printed."""
    table: list[tuple[str, str, int]] = []
    path = tmp_path / "train.jsonl"
    for defect, name in YARDSTICK.items():
        long = talk(turn("user", "长" * 60_000), turn("assistant", "好"))
        path.write_bytes(BAILIAN[name][0] if name else lines(chat(1), chat(2), long))
        findings = [one for one in found(path, max_length=None if name else 512) if one[2] == 3]
        table.append((defect, findings[0][1] if findings else "-", findings[0][2] if findings else 0))
    good = lines(*[chat(number) for number in range(5)])
    files = {
        "UTF-8 BOM": (b"\xef\xbb\xbf" + good, "BOM"),
        "GBK": (good.decode().encode("gb18030"), "ENCODING"),
        "blank line": (lines(chat(1), b"", chat(2)), "BLANK_LINE"),
        "empty file": (b"", "EMPTY_FILE"),
        "JSON array in .json": (json.dumps([chat(1), chat(2)]).encode(), ""),
        "raw MedQA": (lines(choice(1), choice(2)), ""),
    }
    for defect, (data, code) in files.items():
        path.write_bytes(data)
        (one,) = check([path])
        assert not code or code in one.findings.counts, defect
        assert code == "EMPTY_FILE" or one.tally.rows, defect
        line = one.findings.first(code)[0].where.line if code else 0
        table.append((defect, code or "read as what it is", line))
    with capsys.disabled():
        sys.stdout.write("\n" + "".join(f"{name:22} {code:26} line {line}\n" for name, code, line in table))
    assert 17 == sum(line == 3 for _defect, _code, line in table)
