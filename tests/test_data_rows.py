"""Reading: what each line means, and that every fault is found at its line."""

from __future__ import annotations

import gzip
import json
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.data.files.lines import LINE_LIMIT, SourceUnreadable
from wizard.data.files.pages import pages
from wizard.data.files.text import BOM
from wizard.data.findings import Finding, Findings
from wizard.data.record import Chat, Message, MultipleChoice, Where
from wizard.data.rules import rules
from wizard.data.shapes.fields import NO_QUESTION
from wizard.data.shapes.source import Source
from wizard.data.shapes.understand import understand

GOOD: dict[str, Any] = {
    "question": "正常成人体温约为（　　）。",
    "options": {"A": "37℃", "B": "40℃"},
    "answer": "37℃",
    "answer_idx": "A",
}
TURNS = [{"role": "user", "content": "你好"}, {"role": "assistant", "content": "你好！"}]


def row(**changes: Any) -> bytes:
    return json.dumps({key: value for key, value in (GOOD | changes).items() if value is not ...}).encode()


def chat(*turns: Any, **more: Any) -> bytes:
    return json.dumps({"messages": list(turns), **more}, ensure_ascii=False).encode()


FAULTS: list[tuple[str, bytes]] = [
    ("NOT_JSON", b'{"question": "x'),
    ("NOT_JSON", b"{'question': 'x'}"),
    ("NOT_JSON", b'{"question": Infinity}'),
    ("NOT_JSON", b'{"question": "a\tb"}'),
    ("NOT_JSON", b'{"question": "x"} {"question": "y"}'),
    ("NOT_JSON", b'\xef\xbb\xbf{"question": "x"}'),
    ("NOT_JSON", b"question,A,B,C,D,answer"),
    ("JSON_TOO_DEEP", b'{"question": ' + b"[" * 100_000),
    ("JSON_TOO_DEEP", b'{"question": 1e999}'),
    ("NOT_AN_OBJECT", b'["x"]'),
    ("NOT_AN_OBJECT", b"null"),
    ("INVALID_UTF8", '{"question": "体温"}'.encode("gb18030")),
    ("INVALID_UTF8", row(meta_info="x").replace(b'"x"', b'"\xff"')),
    ("LONE_SURROGATE", row(question="\ud800")),
    ("LONE_SURROGATE", row(meta_info="\udc00")),
    ("NUL", row(question="a\0b")),
    ("NUL", row(options={"A": "37℃", "B": "\0"})),
    ("DUPLICATE_KEY", row().replace(b'"answer":', b'"question":')),
    ("DUPLICATE_KEY", row().replace(b'"B":', b'"A" :')),
    ("DUPLICATE_KEY", b'{"question"\t:"old",' + row()[1:]),
    ("DUPLICATE_KEY", b'{"a": {"b": 1, "b": 2},' + row()[1:]),
    ("DUPLICATE_KEY", b'{"messages" : [],' + chat(*TURNS)[1:]),
    ("UNKNOWN_SHAPE", b"{}"),
    ("UNKNOWN_SHAPE", b'{"x": "1", "y": "2"}'),
    ("NO_QUESTION", row(question=...)),
    ("NO_QUESTION", row(question=None)),
    ("NO_QUESTION", row(question=" \u200b\ufeff\t")),
    ("WRONG_TYPE", row(question=["x"])),
    ("TOO_FEW_OPTIONS", row(options=...)),
    ("TOO_FEW_OPTIONS", row(options={"A": "37℃"})),
    ("WRONG_TYPE", row(options=7)),
    ("OPTIONS_UNREADABLE", row(options="A. x")),
    ("WRONG_TYPE", row(options={"A": "37℃", "B": [40]})),
    ("EMPTY_OPTION", row(options={"A": "37℃", "B": " \u200b"})),
    ("EMPTY_OPTION", row(options={"A": "37℃", "B": None})),
    ("BAD_LABEL", row(options={"A": "37℃", "": "40℃"})),
    ("BAD_LABEL", row(options={"A": "37℃", "A ": "40℃"})),
    ("BAD_LABEL", row(options={"A": "37℃", "B. b": "40℃"})),
    ("NO_ANSWER", row(answer=..., answer_idx=...)),
    ("NO_ANSWER", row(answer=" ", answer_idx=None)),
    ("WRONG_TYPE", row(answer_idx={})),
    ("ANSWER_NOT_AN_OPTION", row(answer_idx="E")),
    ("ANSWER_NOT_AN_OPTION", row(answer="38℃", answer_idx=...)),
    ("ANSWER_DISAGREES", row(answer="40℃")),
    ("ANSWER_DISAGREES", row(answer="38℃")),
    ("ANSWER_DISAGREES", row(answer="B")),
    ("ANSWER_DISAGREES", row(options={"A": "x", "B": "A"}, answer="A")),
    ("ANSWER_AMBIGUOUS", row(options={"A": "x", "B": "x"}, answer="x", answer_idx=...)),
    ("ANSWER_AMBIGUOUS", row(options={"A": "x", "B": "A"}, answer="A", answer_idx=...)),
    ("NO_MESSAGES", chat()),
    ("WRONG_TYPE", b'{"messages": "x"}'),
    ("WRONG_TYPE", chat(None, *TURNS)),
    ("WRONG_TYPE", chat({"role": "user", "content": 1}, TURNS[1])),
    ("MEDIA_TURN", chat({"role": "user", "content": [{"type": "image", "image": "x"}]}, TURNS[1])),
    ("WRONG_TYPE", chat({"role": "user", "content": [{"type": "rhyme", "line": "x"}]}, TURNS[1])),
    ("UNKNOWN_ROLE", chat({"role": "narrator", "content": "x"}, TURNS[1])),
    ("UNKNOWN_ROLE", chat({"content": "x"}, TURNS[1])),
    ("UNKNOWN_ROLE", chat({"role": ["user"], "content": "x"}, TURNS[1])),
    ("EMPTY_CONTENT", chat({"role": "user", "content": None}, TURNS[1])),
    ("EMPTY_CONTENT", chat({"role": "user"}, TURNS[1])),
    ("EMPTY_CONTENT", chat(TURNS[0], {"role": "assistant", "content": " \n"})),
    ("LAST_NOT_ASSISTANT", chat(TURNS[1], TURNS[0])),
    ("NUL", chat({"role": "user", "content": "\0"}, TURNS[1])),
    ("LONE_SURROGATE", b'{"messages": [{"role": "user", "content": "\\ud83d"}]}'),
    ("DUPLICATE_KEY", chat(*TURNS).replace(b'"role": "user"', b'"role": "user", "role": "user"')),
    ("LINE_TOO_LONG", b'{"question": "' + b"x" * LINE_LIMIT + b'"}'),
]


def test_each_fault_is_named_by_its_line(tmp_path: Path) -> None:
    """All faults of a file are found in one pass, each once, at its physical line, and the good rows between them."""
    path = tmp_path / "faults.jsonl"
    expected: list[tuple[str, int]] = []
    lines: list[bytes] = [b"", row()]
    for code, raw in FAULTS:
        lines += [raw, b" ", row(), b"\r"]
        expected.append((code, len(lines) - 3))
    path.write_bytes(b"\n".join(lines))

    found = list(Source(path).read())

    assert expected == [(one.code, one.where.line) for one in found if isinstance(one, Finding)]
    assert len(FAULTS) + 1 == sum(isinstance(one, MultipleChoice) for one in found)


def test_every_case_has_a_code_in_the_list() -> None:
    """Each case above is one of the codes that there are, and an error."""
    assert {"error"} == {rules()[code].severity for code, _raw in FAULTS}


def test_several_faults_of_a_row_are_all_told() -> None:
    """A row's faults don't hide each other."""
    found = understand(row(question="", options={"A": "", "B": [1]}), "f", 1)

    assert isinstance(found, tuple)
    assert ["NO_QUESTION", "EMPTY_OPTION", "WRONG_TYPE"] == [one.code for one in found]


@pytest.mark.parametrize(
    ("code", "line", "data"),
    [
        ("EMPTY_FILE", 0, b""),
        ("EMPTY_FILE", 0, b"\n \r\n"),
        ("EMPTY_FILE", 0, b"[ ]"),
        ("NOT_UTF8_FILE", 0, '{"question": "x"}\n'.encode("utf-32")),
        ("ENCODING", 0, b"\xff\xfe" + row().decode().encode("utf-16-le")),
        ("BOM", 1, b"\xef\xbb\xbf" + row()),
    ],
)
def test_faults_of_the_file_are_said_once(tmp_path: Path, code: str, line: int, data: bytes) -> None:
    """What concerns the whole file is one finding, not one a line."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(data)

    assert [(code, line)] == [
        (one.code, one.where.line) for one in Source(path).read() if isinstance(one, Finding)
    ]


def test_no_file_is_a_clear_error(tmp_path: Path) -> None:
    """A missing file, a folder, and a name that can't be are errors for people."""
    for path in (tmp_path / "none", tmp_path, Path("a\0b")):
        with pytest.raises(SourceUnreadable):
            list(Source(path).read())


def test_texts_are_trimmed_at_their_ends_only() -> None:
    """Blanks, tabs, characters of no width go from the ends of question, options and answer; what is inside stays."""
    raw = row(
        question="\ufeff 一\u3000\t二\u200b三 \n",
        options={"A": "↓　　↑ \t", "B": '\u200b b\n"', "C": "\xa0c"},
        answer="↓　　↑",
        extra=1,
    )

    assert MultipleChoice(
        "一\u3000\t二\u200b三", (("A", "↓　　↑"), ("B", 'b\n"'), ("C", "c")), "A", Where("f", 9), ("extra",)
    ) == understand(raw, "f", 9)


def test_the_answer_may_be_a_letter_or_a_text() -> None:
    """One of answer and answer_idx is enough where it leaves no doubt; a repeated letter is no disagreement."""
    for changes in (
        {},
        {"answer": ...},
        {"answer": ""},
        {"answer_idx": ...},
        {"answer": "A"},
        {"answer": "A", "answer_idx": ...},
        {"answer": " 37℃\t", "answer_idx": " A "},
        {"options": {"B": "37℃", "A": "37℃"}},
        {"options": {"A": "37℃", "B": "A"}, "answer": "37℃"},
        {"options": {"A": "37℃", "37℃": "A"}},
    ):
        record = understand(row(**changes), "f", 1)
        assert isinstance(record, MultipleChoice)
        assert ("A", "37℃") == (record.answer, record.answer_text)


def test_a_chat_is_taken_as_it_is() -> None:
    """A chat's texts keep their blanks, and what is not sent is named."""
    raw = chat(
        {"role": "user", "content": " x\n", "name": "n"},
        {"role": "assistant", "content": "y", "id": 1, "value": "z"},
        id=3,
    )

    assert Chat(
        (Message("user", " x\n"), Message("assistant", "y")),
        Where("f", 2),
        ("id", "messages.name", "messages.id", "messages.value"),
    ) == understand(raw, "f", 2)


text = st.text(max_size=8) | st.sampled_from(
    [" x\t", "\u200b", "\0", "A", "a: b", '"A":', "\\", "\ufeffx", "x"]
)
keys = st.sampled_from(
    ["question", "options", "answer", "answer_idx", "meta_info", "metamap_phrases", "messages", "z"]
)
values = (
    text | st.none() | st.integers() | st.lists(text, max_size=3) | st.dictionaries(text, text, max_size=3)
)
choices = st.dictionaries(st.sampled_from("ABCDE"), text, min_size=2).map(
    lambda found: dict(sorted(found.items()))
)


@st.composite
def rows(draw: st.DrawFn) -> bytes:
    """Lines near MedQA's shape: mostly right, each in its own way wrong."""
    options = draw(choices)
    letter = draw(st.sampled_from(sorted(options)))
    made: dict[str, Any] = {
        "question": draw(text),
        "options": options,
        "answer": options[letter],
        "answer_idx": letter,
    }
    if draw(st.booleans()):
        made["meta_info"] = draw(text)
    made |= draw(st.one_of(st.just({}), st.dictionaries(keys, values, max_size=2)))
    separators = (",", draw(st.sampled_from([": ", ":", " : ", "\t:"])))
    raw = json.dumps(made, ensure_ascii=draw(st.booleans()), separators=separators).encode()
    if draw(st.integers(0, 5)) == 0:
        again = draw(st.sampled_from(["question", "answer", "meta_info"]))
        raw = f'{{"{again}"{draw(st.sampled_from([":", " :"]))}"x",'.encode() + raw[1:]
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(raw)))
        raw = raw[:at] + draw(st.binary(max_size=2)) + raw[at + draw(st.integers(0, 2)) :]
    return raw


@pytest.mark.parametrize(
    ("code", "data"), [("NOT_UTF8_FILE", '{"question": "x"}'.encode("utf-32")), ("EMPTY_FILE", b"\n")]
)
def test_pages_without_a_line_say_why(code: str, data: bytes) -> None:
    """A text that can't be read, and one without rows, give no lines and one finding."""
    found = list(pages(BytesIO(data), "f"))

    assert [code] == [one.code for _first, _lines, about in found for one in about]
    assert not any(line for _first, lines, _about in found for line in lines)


def test_pages_hand_on_the_bytes_as_they_are() -> None:
    """Whatever the encoding and packing, lines come in UTF-8, and every byte of the file is told, in order."""
    text = row().decode() + "\n" + chat(*TURNS).decode()
    for data in (text.encode(), text.encode("utf-16"), text.encode("gb18030"), gzip.compress(text.encode())):
        told: list[bytes] = []
        found = list(pages(BytesIO(data), "f", told.append))
        assert text.encode().split(b"\n") == [line for _first, lines, _about in found for line in lines]
        assert data == b"".join(told)


@given(st.binary() | st.lists(rows()).map(b"\n".join))
def test_no_input_crashes_the_reader(data: bytes) -> None:
    """Any bytes are read to their end; every line that isn't blank gives a record or an error at its line."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "x.jsonl")
        path.write_bytes(data)
        try:
            with path.open("rb") as stream:
                raws = [
                    (first + at, raw)
                    for first, lines, _about in pages(stream, "f")
                    for at, raw in enumerate(lines)
                    if raw.strip()
                ]
            found = list(Source(path).read())
        except SourceUnreadable:
            return  # bytes that happen to be another format's

    file_level = any(isinstance(one, Finding) and one.where.line == 0 for one in found)
    lines = {number for number, _raw in raws}
    told = {one.where.line for one in found if not isinstance(one, Finding) or one.severity == "error"}
    assert file_level or lines - told <= {1}  # line 1 may be nothing but a byte order mark


def test_findings_cost_the_same_however_many() -> None:
    """A hundred thousand faults are counted, and only the first few kept."""
    found = Findings((NO_QUESTION.at(Where("f", line)) for line in range(1, 100_001)), keep=3)
    found.merge(Findings([BOM.at(Where("f", 100_001)), NO_QUESTION.at(Where("f", 100_002))]))

    assert {"NO_QUESTION": 100_001, "BOM": 1} == found.counts
    assert (100_001, 1, 100_002) == (found.errors, found.warnings, len(found))
    assert [1, 2, 3, 100_001] == [one.where.line for one in found]
    assert "f:1: NO_QUESTION: There is no question." in str(found.first("NO_QUESTION")[0])
