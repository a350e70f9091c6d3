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
    ],
)
def test_a_word_is_written_as_each_shell_of_windows_reads_it(
    word: str, cmd: str, powershell: str, pwsh: str
) -> None:
    """A word at a time."""
    expected = {"cmd": cmd, "powershell": powershell, "pwsh": pwsh}
    assert expected == {which: shell.command_line([word], which) for which in ("cmd", "powershell", "pwsh")}


def test_what_cmd_can_not_type_is_handed_to_powershell() -> None:
    """A whole command begins PowerShell; what is only added to one says where it can be typed."""
    there = r"wizard --set (''+[char]0xA+'a\"“'+[char]0x202E+[char]::ConvertFromUtf32(0xE0001)+'$b%')"
    words = ["wizard", "--set", '\na"“\u202e\U000e0001$b%']
    there = there.replace(r"''", "''")
    assert there == shell.command_line(words, "powershell")
    handed = there.replace(r"\"", r'\\""').replace("%", '"^%"')
    assert f'powershell -NoProfile -Command "{handed}"' == shell.command_line(words, "cmd")
    assert f"{there} (in PowerShell: cmd can't type it)" == shell.addition(words, "cmd")
    assert there == shell.addition(words, "powershell")


def test_variables_are_set_as_each_shell_does_it() -> None:
    """For what is started next."""
    values = {"A": "http://127.0.0.1:1/api", "B": "sk-1"}
    assert "A=http://127.0.0.1:1/api B=sk-1" == shell.variables(values, "sh")
    assert 'set "A=http://127.0.0.1:1/api" & set "B=sk-1"' == shell.variables(values, "cmd")
    assert "$env:A = 'http://127.0.0.1:1/api'; $env:B = 'sk-1'" == shell.variables(values, "powershell")
