"""Owns the rules of the command line's words: help that fits a screen, every sentence in the language in use, completion."""

from __future__ import annotations

import argparse
import ast
import inspect
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from conftest import Command
from patience import PATIENCE
from terminal import Terminal, environment

from wizard import locale
from wizard.arguments import command as declared_command
from wizard.arguments import commands as declared
from wizard.arguments import parser, rows
from wizard.local.width import breadth
from wizard.usage import _words

ROOT = Path(__file__).parents[1]

# What argparse says to programmers only, or about features that no command here has (Python 3.11 to 3.14).
NOT_FOR_USERS = re.compile(
    r"invalid option string|not defined|conflicting|argument \"-\"|can't open|cannot merge|is an invalid argument for positionals|dest= is required"
    r"|invalid conflict_resolution|mutually exclusive arguments must|cannot have multiple|is not callable|%\(prog\)s: error"
    r"|deprecated|%\(heading\)s:|%\(prog\)s: warning| \(default"
)


def commands(of: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A parser and all below it."""
    yield of
    for action in of._actions:
        if isinstance(action.choices, dict):
            for command in action.choices.values():
                yield from commands(command)


@pytest.fixture(params=locale.LANGUAGES)
def language(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Each language in turn, on a screen of 80 columns."""
    before = locale.language()
    monkeypatch.setenv("COLUMNS", "80")
    locale.use(request.param)
    yield request.param
    locale.use(before)


def test_help_fits_a_small_screen(language: str) -> None:
    """The help of the top and of each command is at most 24 lines of 80 columns, in both languages."""
    for command in commands(parser()):
        lines = command.format_help().splitlines()
        assert 24 >= len(lines), command.prog
        assert 80 >= max(map(breadth, lines)), command.prog


def test_every_command_is_in_the_first_help() -> None:
    """The top's help names each command exactly once."""
    named = [name for names, _about in rows() for name in names.split(", ")]
    there = next(list(action.choices) for action in parser()._actions if isinstance(action.choices, dict))
    assert sorted(there) == sorted(named)


def test_argparse_says_nothing_we_could_not_translate() -> None:
    """Each sentence that this Python's argparse can say to a user is in our catalogue, with the same values in it."""
    locale.use(locale.CHINESE)
    try:
        words = _words()
    finally:
        locale.use(locale.ENGLISH)
    said = {
        part.value
        for node in ast.walk(ast.parse(inspect.getsource(argparse)))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("_", "ngettext")
        for part in node.args
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }
    assert 15 < len(said)  # argparse still looks its sentences up by these names
    assert [] == [text for text in sorted(said) if text not in words and not NOT_FOR_USERS.search(text)]
    values = re.compile(r"%(?:\(\w+\))?[rs]")
    assert [] == [
        text for text, ours in words.items() if sorted(values.findall(text)) != sorted(values.findall(ours))
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("chekc", "'chekc' 不在可选值之列"),
        ("check", "缺少以下参数：FILE"),
        ("check --limit", "参数 --limit：需要一个值"),
        ("check --limit 0 x", "0 不是大于 0 的整数"),
        ("sandbox --port x", "x 不是整数"),
        ("run --foo", "无法识别的参数：--foo"),
    ],
)
def test_a_slip_is_explained_in_the_users_language(command: Command, words: str, said: str) -> None:
    """What can't be understood ends with 2, is said in Chinese to a Chinese user, shows the usage, and where more is told."""
    done = command(*words.split(), env={"LANG": "zh_CN.UTF-8", "BAILIAN_WIZARD_LANG": "zh"})
    assert said in done.stderr
    assert [] == re.findall("usage|error|expected|invalid|required|unrecognized", done.stderr)
    assert (2, "") == (done.returncode, done.stdout)
    assert "bailian-wizard" in done.stderr.splitlines()[1]
    assert "--help" in done.stderr.splitlines()[2]


def shell(folder: Path, name: str) -> Terminal:
    """A real ``name`` at a terminal, with bailian-wizard on its path."""
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not installed here")
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    (bin_folder / "bailian-wizard").write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -m wizard "$@"\n', "utf-8"
    )
    (bin_folder / "bailian-wizard").chmod(0o755)
    plain = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"], "fish": ["--no-config"]}[name]
    path = f"{bin_folder}{os.pathsep}{os.environ['PATH']}"
    return Terminal(plain, folder, program=[program], env=environment(folder, PATH=path, PS1="$ "))


SOURCED = {
    "bash": 'eval "$(bailian-wizard completion bash)"; echo rea""dy',
    "zsh": 'autoload -U compinit; compinit -u; eval "$(bailian-wizard completion zsh)"; echo rea""dy',
    "fish": 'bailian-wizard completion fish | source; echo rea""dy',
}


@pytest.mark.sweep
@pytest.mark.parametrize("name", SOURCED)
def test_tab_completes(folder: Path, name: str) -> None:
    """In a real shell TAB gives commands, options, their choices, the keys of answers and the names of files."""
    with shell(folder, name) as terminal:
        terminal.expect(r"\S")
        terminal.settle()
        terminal.press(SOURCED[name], "enter")
        terminal.expect("ready")
        terminal.settle()
        prompt = terminal.lines[terminal.screen.cursor.y]
        for typed, expected in (
            ("conv\t", "bailian-wizard convert"),
            ("--lang \t\t", r"(?s)\ben\b.*\bzh\b|\bzh\b.*\ben\b"),
            ("check --sar\t", "--sarif"),
            ("jobs ca\t", "jobs cancel"),
            ("explain no_ans\t", "explain no_answer"),
            ("run --set training.n_ep\t", "training.n_epochs="),
            ("check datasets/READ\t", "README.md"),
        ):
            terminal.press(f"bailian-wizard {typed}")
            terminal.expect(expected)
            # What a shell is told while it still completes is lost: told again, until there is a new prompt.
            until = time.monotonic() + PATIENCE
            while terminal.lines[terminal.screen.cursor.y] != prompt:
                assert time.monotonic() < until, terminal.text
                terminal.settle()
                terminal.press("ctrl-c")
                terminal.settle(1.0)


def test_every_command_is_declared_whole() -> None:
    """Each command of the table runs a function that is there, belongs to a row of the first help, and is in both READMEs."""
    grouped = ", ".join(names for names, _about in rows()).split(", ")
    assert sorted(grouped) == sorted(each.name for each in declared())
    readmes = [path.read_text("utf-8") for path in (ROOT / "README.md", ROOT / "README.zh-CN.md")]
    for each in declared():
        module, _colon, function = each.run.partition(":")
        assert callable(getattr(import_module(f"wizard.commands.{module}"), function)), each.name
        for text in readmes:
            assert re.search(rf"`?(bailian-wizard|`)[ ]?{each.name}\b", text), each.name
    module, _colon, function = declared_command(None).run.partition(":")
    assert callable(getattr(import_module(f"wizard.commands.{module}"), function))


LOCAL = {
    "convert": ("one.jsonl", "out.jsonl"), "check": ("one.jsonl",), "why": ("one.jsonl:1",), "explain": (), "models": (),
    "schema": (), "completion": ("bash",),
}  # fmt: skip


@pytest.mark.sweep
def test_what_sends_nothing_leaves_nothing(command: Command, folder: Path) -> None:
    """A command that sends nothing needs no key, knows no endpoint in its help, and leaves no session and no log in the folder."""
    rows_of_it = '{"messages": [{"role": "user", "content": "1?"}, {"role": "assistant", "content": "1"}]}\n'
    (folder / "one.jsonl").write_text(rows_of_it * 20, "utf-8")
    assert set(LOCAL) == {each.name for each in declared() if each.local}
    for name, words in LOCAL.items():
        done = command(name, *words)
        assert done.returncode in (0, 1), done.stderr
        assert not (folder / ".wizard").exists(), name
        assert "--allow-endpoint" not in command(name, "--help").stdout


def test_only_what_uses_the_folder_minds_whose_it_is() -> None:
    """Whoever sends something, or reads sessions, settles whose folder it is first; what has no use for it doesn't."""
    assert {"convert", "check", "why", "explain", "models", "schema", "completion"} == {
        each.name for each in declared() if not each.state
    }
    assert all(each.local for each in declared() if not each.state)
