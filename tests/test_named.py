"""Owns the promise that a path may be given as people give them: typed, pasted, or dragged into the terminal."""

from __future__ import annotations

import shlex
from pathlib import Path
from urllib.parse import quote

import pytest
from conftest import session_of
from hypothesis import given
from hypothesis import strategies as st
from terminal import Terminal, environment

from wizard.local.named import meant, plainest, readings

NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=20
).filter(lambda name: name not in (".", "..") and len(name.encode()) < 200)
# A name that has no blank at an end and is in no quotes is the same name wherever it is wrapped.
PLAIN = NAMES.filter(lambda name: name == name.strip() and not name.startswith("~"))

WRAPPED = {
    "single quotes": lambda name: f"'{name}'",
    "double quotes": lambda name: f'"{name}"',
    "typographic quotes": lambda name: f"“{name}”",
    "a line end": lambda name: f"{name}\n",
    "blanks": lambda name: f"  {name} ",
    "a shell's quotes": shlex.quote,
    "backslashes": lambda name: "".join(f"\\{char}" for char in name),
}


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED.keys())
@given(name=PLAIN)
def test_wrapped_name_is_among_the_readings(wrap: object, name: str) -> None:
    """However a name is wrapped, what was wrapped is one of the readings."""
    assert callable(wrap)
    assert name in list(readings(wrap(name)))


@given(name=NAMES)
def test_literal_name_comes_first(name: str) -> None:
    """What was typed is looked for as it is before anything else, and no reading comes twice."""
    found = list(readings(name))
    assert name == found[0]
    assert len(set(found)) == len(found)


@given(name=PLAIN)
def test_url_is_decoded(name: str) -> None:
    """A URL of a file names the file, however it is escaped, with the host left out or called localhost."""
    for begin in ("file://", "file://localhost", "FILE:"):
        assert f"/data/{name}" in list(readings(f"{begin}/data/{quote(name)}"))


@given(text=st.text(max_size=30))
def test_nothing_that_is_typed_fails(text: str) -> None:
    """Whatever is typed, there is an answer to what it names."""
    assert isinstance(meant(text, Path("/nowhere")), Path)
    assert isinstance(plainest(text), str)


@pytest.mark.parametrize(
    ("typed", "called"),
    [
        ("'客服 问答(最终版)\"2\".csv'", '客服 问答(最终版)"2".csv'),
        ("a\\ b\\ c.csv", "a b c.csv"),
        ("“五百条.jsonl”", "五百条.jsonl"),
        ("'it'\\''s.csv'", "it's.csv"),
        ("questions.csv \n", "questions.csv"),
        ("'in quotes.csv' ", "in quotes.csv"),
        ("below\\there.csv", "below/there.csv"),
        (".\\below\\there.csv", "below/there.csv"),
    ],
)
def test_examples(tmp_path: Path, typed: str, called: str) -> None:
    """Paths as terminals paste them lead to their files."""
    (tmp_path / "below").mkdir()
    (tmp_path / called).write_text("x", "utf-8")
    assert (tmp_path / called).samefile(meant(typed, tmp_path))


@pytest.mark.parametrize("called", ["'quoted'", "a\\ b", " blank ", "“x”", "~", "file:x", "C:\\x.csv"])
def test_file_really_called_so_wins(tmp_path: Path, called: str) -> None:
    """A file whose name looks like a wrapped one is taken before the one that the wrapping would name."""
    for name in (called, "quoted", "a b", "blank", "x"):
        (tmp_path / name).write_text("x", "utf-8")
    assert tmp_path / called == meant(called, tmp_path)


def test_where_nothing_is_there_the_plainest_is_meant(tmp_path: Path) -> None:
    """A name that is nowhere, such as a folder to be made, is what stands inside the wrapping; a Windows path stays whole."""
    assert tmp_path / "out put" == meant("'out put' ", tmp_path)
    assert tmp_path / "out put" == meant("out\\ put", tmp_path)
    assert Path("/tmp/结果") == meant("file:///tmp/%E7%BB%93%E6%9E%9C", tmp_path)  # noqa: S108 - nothing is written
    assert Path.home() / "out" == meant("~/out", tmp_path)
    assert tmp_path / "C:\\Users\\x\\q.csv" == meant("C:\\Users\\x\\q.csv", tmp_path)
    assert "//server/share/q.csv" in list(readings("\\\\server\\share\\q.csv"))
    assert "/mnt/c/Users/q.csv" in list(readings('"C:\\Users\\q.csv"'))


def test_member_of_an_archive_in_quotes(folder: Path) -> None:
    """A file inside an archive may be quoted as any other."""
    (folder / "a b.zip").write_bytes(b"x")
    assert folder / "a b.zip" / "in.jsonl" == meant("'a b.zip/in.jsonl'", folder)


def test_dragged_path_at_the_prompt_and_in_set(tmp_path: Path, command: object) -> None:
    """A path in quotes is taken at the prompt, and the same in --set."""
    rows = '{"question": "%d?", "answer": "yes"}\n'
    (tmp_path / "my questions.jsonl").write_text("".join(rows % number for number in range(40)), "utf-8")
    typed = f"'{tmp_path}/my questions.jsonl' "
    with Terminal(["--sandbox", "--lang", "en"], tmp_path, env=environment(tmp_path)) as terminal:
        terminal.answer("Where is your data", typed, "enter")
        terminal.answer("checked against", "ctrl-c")
        assert 130 == terminal.end()
    assert "not there" not in terminal.text
    assert typed.strip() == session_of(tmp_path)["facts"]["dataset.source"]["value"]
