"""The log: what stands in it, what never does, and that a log which can't be written stops nothing."""

from __future__ import annotations

import base64
import html
import json
import os
import stat
import sys
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import outputs
import pytest
from bailian_server import http, serving
from conftest import Command, examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from patience import PATIENCE
from terminal import environment

from wizard.errors import UsageError
from wizard.local import log, redaction

CANARY = "sk-canary-7d1e0b5a94c26f38"


def lines_of(folder: Path, *, sandbox: bool = True) -> list[dict[str, Any]]:
    """Every line of the log in ``folder``, in order."""
    state = folder / ".wizard" / "sandbox" if sandbox else folder / ".wizard"
    return [json.loads(line) for line in (state / log.FILE).read_bytes().splitlines()]


@pytest.fixture
def complaints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A log in ``tmp_path / "state"``, and what it complained of."""
    monkeypatch.setattr(log, "_log", log._Log())
    monkeypatch.setattr(redaction, "_hidden", {})
    said: list[str] = []
    log.begin(tmp_path / "state", kept=True, debug=True, complain=said.append)
    return said


@pytest.mark.sweep
def test_a_run_is_told_from_start_to_end(command: Command, folder: Path) -> None:
    """Start, steps, answers with their source, exchanges with request ids, effects in order, end; 0700 and 0600."""
    assert 0 == command("run", "--sandbox", "--yes", "--set", "training.n_epochs=2").returncode
    lines = lines_of(folder)
    assert ("start", "end") == (lines[0]["event"], lines[-1]["event"])
    assert ("run", ["sandbox", "set", "yes"]) == (lines[0]["command"], lines[0]["options"])
    assert {"version", "python", "platform", "language", "terminal"} < lines[0].keys()
    assert 0 == lines[-1]["exit_code"]
    assert 1 == len({line["session"] for line in lines[1:]})
    steps = [line["step"] for line in lines if line["event"] == "step-end"]
    assert ["dataset", "preview", "key", "training", "review", "upload", "job"] == steps
    (epochs,) = [line for line in lines if line.get("key") == "training.n_epochs"]
    assert ("flag", 2) == (epochs["source"], epochs["chosen"])
    exchanges = [line for line in lines if line["event"] == "http"]
    assert all(line["request_id"] and line["status"] == 200 and line["seconds"] >= 0 for line in exchanges)
    assert not any("request" in line or "response" in line for line in exchanges)
    effects = [(line["kind"], line["state"]) for line in lines if line["event"] == "effect"]
    once = ["prepared", "sent", "done"]
    assert [(kind, state) for kind in ("upload", "upload", "job") for state in once] == effects
    for path, mode in ((".wizard", 0o700), (".wizard/sandbox", 0o700), (".wizard/sandbox/log.jsonl", 0o600)):
        assert mode == stat.S_IMODE((folder / path).stat().st_mode), path


@pytest.mark.sweep
def test_debug_adds_bodies_and_frames(command: Command, folder: Path) -> None:
    """With --debug, before or after the command, what was sent and answered, and what an error said; that is said first."""
    done = command("--debug", "run", "--sandbox", "--yes")
    assert 0 == done.returncode
    assert done.stderr.startswith("--debug: ")
    assert ".wizard/sandbox/log.jsonl" in done.stderr.splitlines()[0]
    created = [
        line for line in lines_of(folder) if line.get("path") == "/fine-tunes" and line["method"] == "POST"
    ]
    assert "qwen2.5-7b-instruct" == created[0]["request"]["model"]
    assert "job_id" in created[0]["response"]
    assert 5 == command("jobs", "show", "nowhere", "--sandbox", "--debug").returncode
    (error,) = [line for line in lines_of(folder) if line["event"] == "error"]
    assert (5, "not-found") == (error["exit_code"], error["code"])
    assert error["request_id"]
    assert "doesn't know" in error["message"]
    assert any(frame.startswith("wizard/bailian/calls.py:") for frame in error["frames"])


def test_a_command_that_keeps_nothing_leaves_no_log(command: Command, folder: Path) -> None:
    """Looking at models, keys of answers or a file of one's own makes no folder."""
    for words in (("models",), ("schema",), ("check", "datasets/nowhere.jsonl")):
        command(*words)
    assert not (folder / ".wizard").exists()


BUG = """
import sys
from wizard import cli
from wizard.steps import world
def broken(self, *anything):
    secret_local = "local-variable-canary"
    raise RuntimeError("no such thing as {key}\\nin here")
world.World.platform = broken
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.parametrize("words", [("jobs",), ("jobs", "--json"), ("run", "--yes", "--debug")])
def test_an_unexpected_exception_is_one_line(folder: Path, words: tuple[str, ...]) -> None:
    """Somebody's bug: class, message without the key, the log's path; in the log its frames, its message with --debug only."""
    import subprocess

    done = subprocess.run(
        [sys.executable, "-c", BUG.replace("{key}", CANARY), *words],
        cwd=folder,
        env=environment(folder, DASHSCOPE_API_KEY=CANARY),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert 1 == done.returncode
    (said,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert done.stderr.splitlines()[-1] == said
    assert "RuntimeError" in said
    assert ".wizard/log.jsonl" in said
    assert "Traceback" not in done.stderr + done.stdout
    if "--json" in words:
        assert "bug" == outputs.error(done.stdout)["code"]
    (raised,) = [line for line in lines_of(folder, sandbox=False) if line["event"] == "exception"]
    assert "RuntimeError" == raised["class"]
    assert ("--debug" in words) == ("no such thing" in raised.get("message", ""))
    assert raised["frames"][-1].endswith(":broken")
    assert any(frame.startswith("wizard/cli.py:") for frame in raised["frames"])
    everything = (folder / ".wizard" / "log.jsonl").read_text("utf-8") + done.stderr + done.stdout
    assert CANARY not in everything
    assert "local-variable-canary" not in everything


def make(kind: str, path: Path, elsewhere: Path) -> None:
    """Something at ``path`` that no log can be written to."""
    path.parent.mkdir(parents=True)
    elsewhere.write_text("mine")
    if kind == "link":
        path.symlink_to(elsewhere)
    elif kind == "dangling":
        path.symlink_to(elsewhere.with_name("nowhere"))
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/full")


@pytest.mark.sweep
@pytest.mark.posix("symbolic links, which only few users of Windows may make")
@pytest.mark.parametrize("kind", ["link", "dangling", "folder", "pipe", "full"])
def test_a_log_that_cannot_be_written_is_said_once(
    command: Command, folder: Path, tmp_path_factory: pytest.TempPathFactory, kind: str
) -> None:
    """What is no ordinary file is left alone; one sentence says so, and the run ends as ever."""
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "theirs"
    make(kind, folder / ".wizard" / "sandbox" / log.FILE, elsewhere)
    done = command("run", "--sandbox", "--yes", "--json")
    assert 0 == done.returncode, done.stderr
    assert 1 == done.stderr.count("Going on without the log")
    assert "mine" == elsewhere.read_text()
    assert ["theirs"] == [path.name for path in elsewhere.parent.iterdir()]
    assert outputs.result(done.stdout)["job"]["id"]


def test_a_full_log_is_put_aside(tmp_path: Path, complaints: list[str]) -> None:
    """At 1 MB a new file is begun; three old ones are kept, each private, and no line is cut or lost before that."""
    for number in range(4_200):
        log.event("http", number=number, response="x" * 1_500)
    names = ["log.1.jsonl", "log.2.jsonl", "log.3.jsonl", "log.jsonl"]
    files = sorted((tmp_path / "state").iterdir())
    assert names == [path.name for path in files]
    assert all(path.stat().st_size <= log.LARGEST + 2_000 for path in files)
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in files}
    oldest_first = [files[2], files[1], files[0], files[3]]
    numbers = [json.loads(line)["number"] for path in oldest_first for line in path.read_bytes().splitlines()]
    assert list(range(4_200 - len(numbers), 4_200)) == numbers
    assert [] == complaints


def test_an_open_log_is_shut(tmp_path: Path, complaints: list[str]) -> None:
    """A log that others may read is made private before anything is written to it."""
    (tmp_path / "state").mkdir(mode=0o755)
    path = tmp_path / "state" / log.FILE
    path.touch(mode=0o644)
    log.event("first")
    assert (0o700, 0o600) == (stat.S_IMODE(path.parent.stat().st_mode), stat.S_IMODE(path.stat().st_mode))
    assert [] == complaints


KEYS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Zs", "Zl", "Zp", "Cc"]), min_size=8, max_size=60
)


@settings(max_examples=examples(300), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=KEYS, before=st.text(max_size=4), after=st.text(max_size=4))
def test_no_form_of_a_key_is_logged(
    tmp_path: Path, complaints: list[str], key: str, before: str, after: str
) -> None:
    """A key that was seen is not in the log: plain, quoted as Python or JSON do, in base64 anywhere in a text, in a URL."""
    key = key.strip()
    if len(key) < redaction.SHORTEST or len(set(key)) < 4:
        return
    redaction._hidden.clear()
    redaction.hide(key)
    wrapped = base64.b64encode(f"{before}{key}{after}".encode("utf-8", "surrogatepass")).decode()
    log.event(
        "http",
        response={
            "plain": f"{before} {key} {after}",
            "python": repr([key]),
            "json": json.dumps({"key": key}),
            "url": f"https://host/?k={quote(key, safe='')}",
            "base64": wrapped,
            "deeper": {"list": [{key: key}]},
        },
    )
    line = (tmp_path / "state" / log.FILE).read_bytes().splitlines()[-1].decode()
    told = json.loads(line)["response"]
    texts = [told["plain"], told["python"], told["json"], told["url"], *told["deeper"]["list"][0]]
    for form in {key, repr(key)[1:-1], json.dumps(key)[1:-1], quote(key, safe="")}:
        assert not any(form in text for text in texts), form
    assert base64.b64encode(key.encode()).decode().rstrip("=")[:-2] not in told["base64"]
    assert wrapped != told["base64"]


def json_escape(letter: str) -> str:
    """A letter as JSON can escape it."""
    return f"\\u{ord(letter):04x}"


ESCAPES: dict[str, Callable[[str], str]] = {
    "none": lambda letter: letter,
    "JSON": json_escape,
    "JSON in capitals": lambda letter: f"\\u{ord(letter):04X}",
    "JSON in JSON": lambda letter: "\\" + json_escape(letter),
    "JSON in JSON in JSON": lambda letter: "\\\\\\" + json_escape(letter),
    "a backslash": lambda letter: f"\\{letter}",
    "Python": lambda letter: f"\\x{ord(letter):02x}",
    "eight digits": lambda letter: f"\\U{ord(letter):08x}",
    "JavaScript": lambda letter: f"\\u{{{ord(letter):x}}}",
    "octal": lambda letter: f"\\{ord(letter):03o}",
    "URL": lambda letter: f"%{ord(letter):02X}",
    "URL in small letters": lambda letter: f"%{ord(letter):02x}",
    "URL in URL": lambda letter: f"%25{ord(letter):02x}",
    "HTML": lambda letter: f"&#{ord(letter)};",
    "HTML with zeros": lambda letter: f"&#{ord(letter):05};",
    "HTML hex": lambda letter: f"&#x{ord(letter):X};",
    "HTML in HTML": lambda letter: f"&amp;#{ord(letter)};",
    "HTML by name": html.escape,
}


@settings(max_examples=examples(300), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    key=st.text(
        st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="$'\"\\#="),
        min_size=16,
        max_size=40,
    ),
    drawn=st.data(),
)
def test_no_escape_lets_a_key_through(complaints: list[str], key: str, drawn: st.DataObject) -> None:
    """Whichever letters of a key a server escapes, and in whichever way each, no more than its last four are left of it."""
    redaction._hidden.clear()
    redaction.hide(key)
    ways = drawn.draw(st.lists(st.sampled_from(sorted(ESCAPES)), min_size=len(key), max_size=len(key)))
    spelt = "".join(ESCAPES[way](letter) for way, letter in zip(ways, key, strict=True))
    assert f"<<{redaction.masked(key)}>>" == redaction.hidden(f"<<{spelt}>>")


@pytest.mark.parametrize(
    "text",
    ["\\" * 200_000, "%25" * 100_000, "&amp;" * 100_000, "&#0" + "0" * 300_000, "\\u{" + "0" * 300_000],
)
def test_escapes_without_end_are_looked_through_at_once(complaints: list[str], text: str) -> None:
    """Hiding takes time in proportion to the text, whatever it holds: ten times the text, not a hundred times the time."""
    redaction.hide(CANARY)
    redaction.hidden(text)
    begun = time.process_time()
    redaction.hidden(text[: len(text) // 10])
    tenth = time.process_time() - begun
    begun = time.process_time()
    redaction.hidden(text)
    assert time.process_time() - begun < 40 * tenth + 0.5


def test_a_server_that_escapes_a_letter_gets_no_key_into_the_log(command: Command, folder: Path) -> None:
    """With --debug, an answer that repeats the key with one letter escaped leaves its last four in the log and on the screen."""
    with serving() as server:
        server.play(
            http(
                401,
                b'{"code":"InvalidApiKey","message":"bad key \\u0073k-canary-7d1e0b5a94c26f38","request_id":"r"}',
            )
        )
        env = {"DASHSCOPE_API_KEY": CANARY, "DASHSCOPE_HTTP_BASE_URL": server.url}
        done = command("jobs", "--debug", "--json", env=env)
    everything = (folder / ".wizard" / log.FILE).read_text("utf-8") + done.stderr + done.stdout
    assert 5 == done.returncode
    assert "sk-…6f38" in everything
    assert "7d1e0b5a" not in everything


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Incorrect key sk-canary0123456789abcdef provided", "Incorrect key sk-…cdef provided"),
        ("Bearer st-canary0123456789abcdef", "Bearer st-…cdef"),
        ("sk-canary", "sk-…"),
        ("sk-****************cdef.", "sk-…cdef."),
        ("task-1 asks for sk-", "task-1 asks for sk-"),
    ],
)
def test_what_looks_like_a_key_is_masked(
    tmp_path: Path, complaints: list[str], text: str, shown: str
) -> None:
    """Also a key that this run never saw shows no more than its last four characters."""
    log.event("http", reason=text)
    assert shown == json.loads((tmp_path / "state" / log.FILE).read_bytes())["reason"]


@settings(max_examples=examples(200), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(), max_size=40))
def test_a_line_holds_any_text_and_is_harmless_to_show(
    tmp_path: Path, complaints: list[str], text: str
) -> None:
    """Any text comes back as it was, on one line, with nothing in it that a terminal would obey."""
    log.event("http", reason=text)
    line = (tmp_path / "state" / log.FILE).read_bytes().splitlines()[-1].decode()
    assert redaction.redacted(text) == json.loads(line)["reason"].encode("utf-16", "surrogatepass").decode(
        "utf-16", "surrogatepass"
    )
    assert not {unicodedata.category(char) for char in line} & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(line) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def test_a_handled_error_names_what_the_user_was_told(tmp_path: Path, complaints: list[str]) -> None:
    """Code, exit code and where it was said; with --debug what was said; and no more."""
    here = {"code": "usage", "class": "UsageError", "exit_code": 2, "frames": []}
    for debug, more in ((True, {"message": "What.", "hint": "Do."}), (False, {})):
        log.begin(tmp_path / "state", kept=True, debug=debug, complain=complaints.append)
        log.error(UsageError("What.", "Do."), exit_code=2)
        told = json.loads((tmp_path / "state" / log.FILE).read_bytes().splitlines()[-1])
        made = told.pop("made").split(":")
        assert ("test_log.py", "test_a_handled_error_names_what_the_user_was_told") == (made[0], made[2])
        assert {**here, **more} == {
            name: value for name, value in told.items() if name not in ("time", "session", "event")
        }


@pytest.mark.sweep
def test_failed_exchanges_say_why(command: Command, folder: Path) -> None:
    """An exchange without an answer has its kind of failure; one with an odd answer its status."""
    with serving() as server:
        server.play(http(503, "<html>"), http(502, {"request_id": "r-502"}))
        env = {"DASHSCOPE_API_KEY": CANARY, "DASHSCOPE_HTTP_BASE_URL": server.url}
        assert 1 == command("jobs", env=env).returncode
    refused = command("jobs", env={**env, "DASHSCOPE_HTTP_BASE_URL": "http://127.0.0.1:1/api/v1"})
    assert 1 == refused.returncode
    exchanges = [line for line in lines_of(folder, sandbox=False) if line["event"] == "http"]
    assert [503, 502, 502] == [line["status"] for line in exchanges[:3]]
    assert "r-502" == exchanges[1]["request_id"]
    assert {"refused"} == {line["failure"] for line in exchanges[3:]}
    assert [False] * 3 == [line["whole"] for line in exchanges[3:]]
    assert CANARY not in (folder / ".wizard" / log.FILE).read_text()
