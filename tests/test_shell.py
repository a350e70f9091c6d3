"""Commands that are shown can be typed at the shell that the user is at (cmd itself, and which shell it is: test_on_windows)."""

from __future__ import annotations

import pytest
from conftest import words_of
from hypothesis import given
from hypothesis import strategies as st

from wizard.local import shell
from wizard.local.harmless import obeyed

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_a_shell_of_posix_reads_the_same_words(words: list[str]) -> None:
    """Whatever is in them; and the line holds nothing that a terminal obeys."""
    line = shell.command_line(words, "sh")
    assert not obeyed(line)
    assert words == words_of(line)


@given(st.lists(TEXTS, min_size=1, max_size=4), st.sampled_from(["cmd", "powershell", "pwsh"]))
def test_no_line_for_windows_holds_what_a_terminal_obeys(words: list[str], which: shell.Shell) -> None:
    """Nor a second line."""
    assert not obeyed(shell.command_line(words, which))


@pytest.mark.parametrize(
    ("word", "cmd", "powershell", "pwsh"),
    [
        ("--yes", "--yes", "--yes", "--yes"),
        (r"C:\data\训练.jsonl", r"C:\data\训练.jsonl", r"C:\data\训练.jsonl", r"C:\data\训练.jsonl"),
        ("a b", '"a b"', "'a b'", "'a b'"),
        ("a=b,c", '"a=b,c"', "'a=b,c'", "'a=b,c'"),
        ("it's", '"it\'s"', "'it''s'", "'it''s'"),
        ("“两个”‘引号’", '"“两个”‘引号’"', "'“两个”‘‘引号’’'", "'“两个”‘‘引号’’'"),
        ('say "hi"', '"say ""hi"""', r"'say \"hi\"'", "'say \"hi\"'"),
        ("C:\\my dir\\", '"C:\\my dir\\\\"', r"'C:\my dir\\'", "'C:\\my dir\\'"),
        ("100%", '"100"^%', "'100%'", "'100%'"),
        ("$x & `y`", '"$x & `y`"', "'$x & `y`'", "'$x & `y`'"),
        ("", '""', "'\"\"'", "''"),
        ("a\n$b", None, '"a$([char]::ConvertFromUtf32(0xA))`$b"', '"a$([char]::ConvertFromUtf32(0xA))`$b"'),
    ],
)
def test_a_word_is_written_as_each_shell_of_windows_reads_it(
    word: str, cmd: str | None, powershell: str, pwsh: str
) -> None:
    """Where cmd has no way to write it, PowerShell's stands there."""
    expected = {"cmd": powershell if cmd is None else cmd, "powershell": powershell, "pwsh": pwsh}
    assert expected == {which: shell.command_line([word], which) for which in ("cmd", "powershell", "pwsh")}


def test_variables_are_set_as_each_shell_does_it() -> None:
    """For what is started next."""
    values = {"A": "http://127.0.0.1:1/api", "B": "sk-1"}
    assert "A=http://127.0.0.1:1/api B=sk-1" == shell.variables(values, "sh")
    assert 'set "A=http://127.0.0.1:1/api" & set "B=sk-1"' == shell.variables(values, "cmd")
    assert "$env:A = 'http://127.0.0.1:1/api'; $env:B = 'sk-1'" == shell.variables(values, "powershell")
