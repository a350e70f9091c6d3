"""No character makes a command fail, whatever the encoding of its streams; what is for programs is UTF-8."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from terminal import PROGRAM, Terminal, environment

ODD = "价¥😀—ü.jsonl"  # no encoding below has all of these
ROWS = [
    {"messages": [{"role": "user", "content": f"¥{n} 😀é？"}, {"role": "assistant", "content": f"答 – {n}"}]}
    for n in range(30)
]
# A command, and whether what it prints is for programs.
COMMANDS: tuple[tuple[tuple[str, ...], bool], ...] = (
    (("--help",), False),
    (("models",), False),
    (("models", "--json"), True),
    (("schema",), True),
    (("check", ODD), False),
    (("check", ODD, "--json"), True),
    (("check", "bad.jsonl", "--sarif", "found.sarif"), False),
    (("why", f"{ODD}:3"), False),
    (("why", f"{ODD}:3", "--json"), True),
    (("convert", ODD, "out😀.jsonl"), False),
    (("completion", "bash"), True),
    (("sessions", "--sandbox"), False),
    (("sessions", "--sandbox", "--json"), True),
    (("plan", "--sandbox", "--yes", "--set", f"dataset.source={ODD}"), False),
    (("plan", "--sandbox", "--yes", "--json", "--set", f"dataset.source={ODD}"), True),
    (("check", "nö😀.jsonl", "--json"), True),
    (("from-command", "dashscope fine_tunes.call -m qwen3-8b -t 价😀.jsonl"), True),
    (("--bad😀",), False),
)
ENCODINGS = ("gbk", "latin-1", "ascii", "cp1252", "utf-16")
SINKS = ("pipe", "file", "terminal")


@pytest.fixture
def place(folder: Path) -> Path:
    """A folder whose files' names and rows have characters that few encodings have."""
    lines = [json.dumps(row, ensure_ascii=False) for row in ROWS]
    (folder / ODD).write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "bad.jsonl").write_text('{"question": "¥😀"}\n{"x\n', "utf-8")
    return folder


def run(place: Path, words: tuple[str, ...], encoding: str, sink: str) -> tuple[int, bytes, bytes]:
    """The exit code, standard output and standard error of a command whose streams have ``encoding``."""
    env = environment(place, PYTHONIOENCODING=encoding, PYTHONUTF8="0", BAILIAN_WIZARD_LANG="zh")
    if sink == "terminal":
        with Terminal(words, place, env=env) as terminal:
            code = terminal.end()
            return code, terminal.raw.replace(b"\r\n", b"\n"), b""
    with (place / "out").open("w+b") as out:
        done = subprocess.run(
            [*PROGRAM, *words],
            cwd=place,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out if sink == "file" else subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout or (place / "out").read_bytes(), done.stderr


@pytest.mark.sweep
@pytest.mark.parametrize("number", range(len(COMMANDS)))
def test_no_character_makes_a_command_fail(place: Path, number: int) -> None:
    """The exit code is that of UTF-8; programs get the same bytes, people their encoding; there is no traceback.

    Each command meets each encoding, and each of both each sink.
    """
    words, for_programs = COMMANDS[number]
    code, expected, _told = run(place, words, "utf-8", "pipe")
    for count, encoding in enumerate(ENCODINGS):
        sink = SINKS[(count + number) % len(SINKS)]
        if sink == "terminal" and (encoding == "utf-16" or words[0] == "from-command"):
            sink = "file"  # no terminal speaks UTF-16, and at one the wizard begins
        found, out, told = run(place, words, encoding, sink)
        shown = f"{words} {encoding} {sink}: {out!r} {told!r}"
        assert code == found, shown
        assert b"Traceback" not in out + told, shown
        assert b"UnicodeEncodeError" not in out + told, shown
        if not for_programs:
            out.decode(encoding)
        elif sink != "terminal" and words[0] != "plan":  # the platform's port differs from plan to plan
            assert expected == out, shown
        elif sink != "terminal":
            json.loads(out.decode("utf-8"))


def test_a_mark_that_is_not_there_has_a_stand_in(place: Path) -> None:
    """Of our own marks none becomes a question mark; a foreign character does, as wide as it is."""
    _code, out, _told = run(place, ("models",), "gbk", "pipe")
    assert "?" not in out.decode("gbk")
    _code, out, _told = run(place, ("check", ODD), "gbk", "pipe")
    assert "价￥??—ü.jsonl" in out.decode("gbk")
    _code, out, _told = run(place, ("check", ODD), "ascii", "pipe")
    assert "??CNY ??-?.jsonl" in out.decode("ascii")


def test_a_name_that_is_no_text(folder: Path) -> None:
    """A file whose name isn't in the system's encoding is checked, converted and written about like any other."""
    name = os.fsdecode(b"\xff.jsonl")
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    for words in (
        ("check", name),
        ("check", name, "--json", "--sarif", "s.sarif"),
        ("convert", name, "o.jsonl"),
    ):
        code, out, told = run(folder, words, "utf-8", "pipe")
        assert 0 == code, told
        out.decode("utf-8")
        told.decode("utf-8")
    json.loads((folder / "s.sarif").read_bytes())
