"""Mending: what is safe, in a new file, and the same again when it is mended again."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from faulty.collection import COLLECTION, Faulty
from faulty.rows import chat, choice, dumped, lines, talk, third, turn
from hypothesis import given
from hypothesis import strategies as st

from wizard.data.checking.audit import check
from wizard.data.checking.mending import mend
from wizard.errors import WizardError

MENDABLE = {
    "BOM",
    "BLANK_LINE",
    "BLANKS_AT_ENDS",
    "UNKNOWN_KEY",
    "REFUSED_KEY",
    "THINKING_KEY",
    "ENCODING",
    "INVALID_BYTES",
}


def codes_in(path: Path) -> set[str]:
    return set(check([path])[0].findings.counts)


@pytest.mark.parametrize("faulty", COLLECTION, ids=lambda faulty: faulty.name)
def test_a_mended_file_has_nothing_to_mend_and_no_errors(tmp_path: Path, faulty: Faulty) -> None:
    """Mending takes away what is mendable, puts aside what can't be sent, and leaves the source alone."""
    source = tmp_path / Path(faulty.name).name
    source.write_bytes(faulty.data)
    try:
        mended = mend(source)
    except WizardError as error:
        assert error.message  # noqa: PT017 - either outcome is right, each with its own promise
        assert [source] == list(tmp_path.iterdir())
        return
    assert faulty.data == source.read_bytes()
    assert not codes_in(mended.output) & MENDABLE
    again = mend(mended.output, tmp_path / "again.jsonl")
    assert mended.output.read_bytes() == again.output.read_bytes()
    assert () == again.done
    if mended.rejected_file is not None:
        rejected = [json.loads(line) for line in mended.rejected_file.read_bytes().splitlines()]
        assert {line for code, line in faulty.expected} >= {row["line"] for row in rejected}


def test_everything_that_is_safe_is_mended_and_listed(tmp_path: Path) -> None:
    """Mark, blank lines, line ends, blanks around texts and unknown keys; the rest of each row stays."""
    spoiled = talk(turn("user", " 体温？ ", name="李"), turn("assistant", "正常。", loss_weight=0.5), id=7)
    source = tmp_path / "train.jsonl"
    source.write_bytes(b"\xef\xbb\xbf" + lines(spoiled, b"", chat(2)).replace(b"\n", b"\r\n"))
    mended = mend(source)
    assert tmp_path / "train.fixed.jsonl" == mended.output
    kept = talk(turn("user", "体温？"), turn("assistant", "正常。", loss_weight=0.5))
    assert lines(kept, chat(2)) == mended.output.read_bytes()
    done = {
        "BOM": 1,
        "BLANKS_AT_ENDS": 1,
        "REFUSED_KEY": 1,
        "UNKNOWN_KEY": 1,
        "BLANK_LINE": 1,
        "LINE_ENDS": 1,
    }
    assert done == dict(mended.done)
    assert len(mended.sentences) == len(mended.done)


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030", "utf-8-sig"])
def test_encodings_become_utf8(tmp_path: Path, encoding: str) -> None:
    """A file in another encoding comes out as the same rows in UTF-8."""
    source = tmp_path / "source.jsonl"
    data = third(choice(3), choice)
    source.write_bytes(data.decode().encode(encoding))
    assert data == mend(source).output.read_bytes()


def test_rejected_rows_keep_their_line_and_why(tmp_path: Path) -> None:
    """A row that can't be sent goes aside with its line in the source."""
    source = tmp_path / "train.jsonl"
    source.write_bytes(third(dumped(chat(3))[:-3]))
    mended = mend(source)
    assert mended.rejected_file == tmp_path / "train.rejected.jsonl"
    (row,) = [json.loads(line) for line in mended.rejected_file.read_bytes().splitlines()]
    assert (3, "NOT_JSON", dumped(chat(3))[:-3].decode()) == (row["line"], row["code"], row["row"])
    assert (4, 1) == (mended.rows, mended.rejected)


@given(
    st.lists(st.sampled_from([one.data for one in COLLECTION if len(one.data) < 10_000]), max_size=4),
    st.binary(max_size=40),
)
def test_no_input_crashes_and_mending_is_idempotent(parts: list[bytes], noise: bytes) -> None:
    """Whatever stands behind each other in a file, checking and mending end with findings or a sentence."""
    with TemporaryDirectory() as folder:
        source = Path(folder, "x.jsonl")
        source.write_bytes(b"".join(parts) + noise)
        try:
            codes_in(source)
            mended = mend(source)
        except WizardError as error:
            assert error.message  # noqa: PT017 - either outcome is right, each with its own promise
            return
        assert not codes_in(mended.output) & MENDABLE
        again = mend(mended.output, Path(folder, "again.jsonl"))
        assert () == again.done
        assert mended.output.read_bytes() == again.output.read_bytes()


@pytest.mark.parametrize(
    ("options", "mended"),
    [
        (("A. A. 5", "B. B. 6"), ("A. 5", "B. 6")),
        (("A. A、5;", "B. B. 6;", "C. C. 7"), ("A. 5", "B. 6", "C. 7")),
        (("A. 5；", "B. 6；"), ("A. 5", "B. 6")),
        (("A. int a;", "B. int b;"), ("A. int a;", "B. int b;")),
        (("A. cocci", "B. E. coli"), ("A. cocci", "B. E. coli")),
    ],
)
def test_what_options_have_too_much_is_taken_off(
    options: tuple[str, ...], mended: tuple[str, ...], tmp_path: Path
) -> None:
    """Labels that each option has twice and signs that stood between options go, from the answer too; nothing else does."""
    source, output = tmp_path / "rows.jsonl", tmp_path / "fixed.jsonl"
    source.write_bytes(
        json.dumps(
            talk(turn("user", "\n".join(("Which?", *options))), turn("assistant", f"答案是 {options[0]}"))
        ).encode()
    )
    mend(source, output)
    said = [one["content"] for one in json.loads(output.read_bytes())["messages"]]
    assert ["\n".join(("Which?", *mended)), f"答案是 {mended[0]}"] == said
