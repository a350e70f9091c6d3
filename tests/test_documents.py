"""Owns the rules of what the documents show: every command runs in its shell, every sentence quoted from a screen is on one."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import signal
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import outputs
import pytest
from bailian_server import CANARY, http, serving
from conftest import DATASETS
from patience import PATIENCE
from sandbox_fixture import KEY, running
from terminal import PROGRAM, Terminal, environment
from test_locale import translations

from wizard import locale

ROOT = Path(__file__).parents[1]
PAGES = {
    locale.ENGLISH: ("README.md", "docs/fine-tuning-guide.md", "docs/from-the-toolkit.md", "CONTRIBUTING.md"),
    locale.CHINESE: ("README.zh-CN.md", "docs/百炼微调使用指南.md", "docs/from-the-toolkit.zh-CN.md"),
}
ALL = [page for pages in PAGES.values() for page in pages]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Brought or made from elsewhere: what needs the network is looked at, not run.
INSTALLS = ("uv ", "py -m venv", "python3 -m venv", ".venv")
# Quotation marks that quote no screen: words that are weighed, the earlier toolkit's, the platform's own.
NOT_OF_A_SCREEN = {
    "知道", "猜字母", "训练数据量不足", "百炼平台微调工具包", "超过 10,000 条数据时减少循环次数", "6,000,000 Token 约 12 元", "–",
}  # fmt: skip
# Commands that don't end with 0 here, since nobody is there to ask, or nothing is there to do.
ENDS = {"files delete": 3, "sessions trust": 2, "approve": 2}
OLD = "dashscope fine_tunes.call -m qwen2.5-7b-instruct -t train.jsonl"


def text_of(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def blocks(page: str, *shells: str) -> list[str]:
    """What stands in fences for one of ``shells``."""
    return [body for shell, body in FENCE.findall(text_of(page)) if shell in shells]


def shown() -> list[str]:
    """Every ``bailian-wizard`` command of all pages, from blocks and between backticks, each once and as it stands."""
    found: list[str] = []
    for page in ALL:
        lines = [line.partition(" #")[0].strip() for body in blocks(page, "sh") for line in body.splitlines()]
        inline = re.findall(r"`(bailian-wizard[^`]*)`", FENCE.sub("", text_of(page)))
        found += [line for line in [*lines, *inline] if line.startswith("bailian-wizard")]
    return list(dict.fromkeys(found))


def spelled_out(command: str) -> Iterator[str]:
    """``command`` with each of ``[one, another ID]``; an option in brackets is taken."""
    match = re.search(r"\[([^\]]*)\]", command)
    if match is None:
        yield command.replace("...", "")
        return
    for part in match[1].split(", "):
        yield from spelled_out(command[: match.start()] + part + command[match.end() :])


COMMANDS = list(dict.fromkeys(each for command in shown() for each in spelled_out(command)))
# The plan and the job that is made from it once: the fixture does it.
DONE = [one for one in COMMANDS if re.match(r"bailian-wizard plan|.* --approve DIGEST", one)]


@dataclass
class Place:
    """A user's folder, with the sandbox in the platform's place, and the names that the documents leave open."""

    folder: Path
    env: dict[str, str]
    names: dict[str, str] = field(default_factory=dict)

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        """``line`` in a shell."""
        return subprocess.run(
            ["sh", "-c", line], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, encoding="utf-8", timeout=PATIENCE, check=False,
        )  # fmt: skip

    def filled(self, command: str) -> str:
        """``command`` with a name for each that is left open."""
        kind = "FILE_ID" if " files " in command else "JOB_ID"
        line = re.sub(r"\bID\b", self.names[kind], command)
        line = re.sub(r"\b(FILE|SOURCE|SRC)\b|文件", "train.jsonl", line).replace(":LINE", ":1")
        line = re.sub(r"\b(OUTPUT|DST)\b", "out.jsonl", line).replace("ROOT", "datasets").replace("N", "0")
        line = re.sub(r"\bCODE\b", "NO_ANSWER", line)
        return re.sub(r'from-command ".*"', f'from-command "{OLD}"', line)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """What the README's section for scripts leaves behind: a plan, and the job that was made from it."""
    folder = tmp_path_factory.mktemp("documents")
    shutil.copytree(DATASETS, folder / "datasets")
    for part in ("train", "dev", "test"):
        shutil.copy(next(folder.rglob(f"Mainland/4_options/{part}.jsonl")), folder / f"{part}.jsonl")
    programs = tmp_path_factory.mktemp("bin")
    shim = programs / "bailian-wizard"
    shim.write_text(f'#!/bin/sh\nexec {shlex.join(PROGRAM)} "$@"\n')
    shim.chmod(0o755)
    with running(tmp_path_factory.mktemp("platform"), speed=50) as sandbox:
        env = environment(
            folder, DASHSCOPE_API_KEY=KEY, DASHSCOPE_HTTP_BASE_URL=f"{sandbox.url}/api/v1",
            PATH=f"{programs}{os.pathsep}{os.environ['PATH']}",
        )  # fmt: skip
        found = Place(folder, env)
        plan, run = DONE
        planned = found.run(plan)
        assert 0 == planned.returncode, planned.stderr
        made = found.run(run.replace("DIGEST", outputs.result(planned.stdout)["digest"]))
        assert 0 == made.returncode, made.stderr
        jobs = found.run("bailian-wizard jobs list --json")
        files = found.run("bailian-wizard files list --json")
        found.names["JOB_ID"] = re.findall(r'"(ft-[\w-]+)"', jobs.stdout)[0]
        found.names["FILE_ID"] = re.findall(r'"file_id": "([^"]+)"', files.stdout)[0]
        yield found


ASKING = [one for one in COMMANDS if re.fullmatch(r"bailian-wizard( --\w+)?", one)]
SERVING = [one for one in COMMANDS if one.startswith("bailian-wizard sandbox")]
SOURCED = [one for one in COMMANDS if " | source" in one]


@pytest.mark.sweep
@pytest.mark.parametrize(
    "command",
    [one for one in COMMANDS if one not in (*ASKING, *SERVING, *DONE, *SOURCED, "bailian-wizard convert")],
)
def test_a_command_that_is_shown_runs(command: str, place: Place) -> None:
    """Every command of READMEs, guides and CONTRIBUTING, with its names filled in, does what it is for in a shell."""
    done = place.run(place.filled(command))
    expected = next((code for name, code in ENDS.items() if f"bailian-wizard {name}" in command), 0)
    assert expected == done.returncode, f"{place.filled(command)}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ASKING)
def test_a_command_that_asks_starts(command: str, folder: Path) -> None:
    """Every command that is shown for a terminal comes to its first question there."""
    with Terminal(shlex.split(command)[1:], folder) as terminal:
        terminal.expect(r"Where is your data")
        terminal.press("ctrl-c")


@pytest.mark.sweep
@pytest.mark.parametrize("command", SERVING)
def test_the_sandbox_serves_until_it_is_told_to_end(command: str, place: Place) -> None:
    """``sandbox`` says where it is and ends at SIGTERM, as any server does."""
    words = [*PROGRAM, *shlex.split(place.filled(command))[1:]]
    with subprocess.Popen(
        words, cwd=place.folder, env=place.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as server:
        assert server.stdout is not None
        assert any(b"http://127.0.0.1:" in line for line in server.stdout)
        server.send_signal(signal.SIGTERM)
        server.stdout.read()
        assert 128 + signal.SIGTERM == server.wait(PATIENCE)


@pytest.mark.parametrize("page", ALL)
def test_what_installs_is_well_formed(page: str) -> None:
    """A line for sh is one that sh can read; for PowerShell has no ``&&`` (5.1 knows none); extras and modules are there."""
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    for body in blocks(page, "sh"):
        subprocess.run(["sh", "-n", "-c", body], check=True, timeout=PATIENCE)
    for body in blocks(page, "powershell"):
        assert "&&" not in body
        assert "\\" in body  # a path, or a pattern
    text = text_of(page)
    for extra in re.findall(r"\.\[(\w+)\]|bailian-wizard\[(\w+)\]|--extra (\w+)", text):
        assert "".join(extra) in project["optional-dependencies"]
    for module in re.findall(r"python -m ((?:tools|sweeps|benchmarks)[\w.]*)", text):
        assert importlib.util.find_spec(module) is not None, module
    known = [
        *INSTALLS,
        "bailian-wizard",
        "eval ",
        "curl ",
        "DASHSCOPE_API_KEY=",
        "$",
        "(Invoke-RestMethod ",
        "  ",
    ]
    for body in blocks(page, "sh", "powershell"):
        assert [] == [line for line in body.splitlines() if line and not line.startswith(tuple(known))]


@pytest.mark.parametrize("language", PAGES)
def test_the_first_command_needs_no_pip_of_the_system(language: str) -> None:
    """The README's first two lines are ``uv``: the sandbox without an extra, then the tests; pip is only called inside of a venv."""
    lines = [line for body in blocks(PAGES[language][0], "sh", "powershell") for line in body.splitlines()]
    assert ["uv run bailian-wizard --sandbox", "uv run --extra dev pytest"] == lines[:2]
    assert [] == [line for line in lines if re.search(r"(?<![/\\])\bpip install", line)]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_loaded_by_the_line_that_is_shown(shell: str, place: Place) -> None:
    """The line for a shell's start file works in that shell (TAB itself: test_command_line)."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    for page in (pages[0] for pages in PAGES.values()):
        line = re.search(rf"^.*bailian-wizard completion {shell}\b.*$", text_of(page), re.MULTILINE)
        assert line is not None
        before = "autoload -U compinit; compinit -u; " if shell == "zsh" else ""
        done = subprocess.run(
            [shell, "-c", f"{before}{line[0]}\n"], cwd=place.folder, env=place.env, capture_output=True, timeout=PATIENCE,
            check=False,
        )  # fmt: skip
        assert (0, b"") == (done.returncode, done.stderr)


@pytest.mark.parametrize("written", [f"DASHSCOPE_API_KEY={CANARY}", f'export DASHSCOPE_API_KEY="{CANARY}"\r'])
@pytest.mark.parametrize("language", PAGES)
def test_the_call_of_the_model_takes_the_key_from_the_file(
    language: str, written: str, tmp_path: Path
) -> None:
    """The guide's call works after a normal run: the variable isn't set, and the key is read from ``.env``."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    (tmp_path / ".env").write_text(f"OTHER=1\n{written}\n", newline="")
    (block,) = blocks(PAGES[language][1], "sh")
    with serving() as server:
        server.play(http(200, {"output": {}}))
        host = "https://dashscope.aliyuncs.com"
        assert host in block
        line = block.replace(host, f"http://127.0.0.1:{server.port}")
        done = subprocess.run(
            ["sh", "-c", line], cwd=tmp_path, env=environment(tmp_path, NO_PROXY="*"), capture_output=True, timeout=PATIENCE,
            check=False,
        )  # fmt: skip
        assert 0 == done.returncode, done.stderr
        (request,) = server.requests
    heads = {name.lower(): value for name, value in request.headers.items()}
    assert f"Bearer {CANARY}" == heads["authorization"]
    assert {"model", "input", "parameters"} == set(request.json())


@pytest.mark.parametrize("language", PAGES)
def test_what_is_quoted_is_on_a_screen(language: str) -> None:
    """A sentence in quotation marks is one that the wizard says in that language."""
    known = translations()
    said = "\n".join(
        text for one in (known.values() if language == locale.CHINESE else known) for text in one
    )
    quoted = [
        words
        for page in PAGES[language]
        for words in re.findall(r"“([^”\n]+)”", re.sub(r"<!-- (\w+) -->.*?<!-- /\1 -->", "", FENCE.sub("", text_of(page)), flags=re.DOTALL))
    ]  # fmt: skip
    assert quoted
    assert [] == [words for words in quoted if words not in said and words not in NOT_OF_A_SCREEN]
