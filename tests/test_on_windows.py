"""What holds on Windows, run there: on a real one, or on the one that ``python -m tools.windows`` builds."""

from __future__ import annotations

import csv
import gzip
import hashlib
import importlib
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import outputs
import pytest
from conftest import DATASETS, Command, session_of
from patience import PATIENCE
from terminal import PROGRAM, environment

import wizard
from wizard.local import shell
from wizard.sandbox.store import Store

windows = pytest.mark.skipif(os.name != "nt", reason="needs Windows: python -m tools.windows")
SAMPLE = "datasets/MedQA/questions/Taiwan/train.jsonl"

# A program that opens files for a moment, again and again, as a virus scanner does, and lets nobody else have them meanwhile.
SCANNER = """
import _winapi, pathlib, sys, time
stop, *names = sys.argv[1:]
while not pathlib.Path(stop).exists():
    for name in names:
        try:
            handle = _winapi.CreateFile(name, _winapi.GENERIC_READ, 0, 0, _winapi.OPEN_EXISTING, 0, 0)
        except OSError:
            continue
        time.sleep(0.03)
        _winapi.CloseHandle(handle)
    time.sleep(0.01)
"""
# Ends itself as no program can prevent, before or after an effect gets into a state.
KILLED = """
import os, sys
from wizard import cli
from wizard.engine.session import Session
kind, state, when = sys.argv[1:4]
enter = Session.enter
def entering(self, effect):
    if when == "after":
        enter(self, effect)
    if effect.kind == kind and effect.state == state:
        os.kill(os.getpid(), 9)
    enter(self, effect)
Session.enter = entering
sys.exit(cli.main(sys.argv[4:]))
"""


def native(folder: Path, **more: str) -> dict[str, str]:
    """The environment as Windows has it: nothing says which language or encoding is wanted."""
    known = environment(folder, **more)
    return {name: value for name, value in known.items() if name not in ("LANG", "TERM", "PYTHONUTF8")}


def ran(
    folder: Path, *words: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """The wizard in ``folder``, once it has ended, with nothing to type at; its streams as bytes."""
    return subprocess.run(
        [*PROGRAM, *words],
        cwd=folder,
        env=env if env is not None else native(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )


@contextmanager
def scanned(folder: Path, *names: str) -> Iterator[None]:
    """While the block lasts, somebody else opens these files of ``folder`` all the time."""
    stop = folder / "stop"
    scanner = subprocess.Popen(
        [sys.executable, "-c", SCANNER, str(stop), *[str(folder / name) for name in names]]
    )
    try:
        yield
    finally:
        stop.touch()
        scanner.wait(PATIENCE)
        stop.unlink()


@contextmanager
def kept_open(path: Path) -> Iterator[None]:
    """While the block lasts, another program has ``path`` and shares it with nobody."""
    program = (
        "import _winapi, sys; _winapi.CreateFile(sys.argv[1], _winapi.GENERIC_READ, 0, 0, _winapi.OPEN_EXISTING, 0, 0);"
        "print(flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    holder.stdout.readline()
    try:
        yield
    finally:
        holder.stdin.close()
        holder.wait(PATIENCE)
        holder.stdout.close()


@windows
def test_every_module_can_be_imported() -> None:
    """Nothing at any module's beginning needs POSIX."""
    names = [
        found.name
        for found in pkgutil.walk_packages(wizard.__path__, "wizard.")
        if not found.name.endswith("__main__")
    ]
    for name in names:
        importlib.import_module(name)
    assert len(names) > 100


@windows
def test_a_second_wizard_in_a_folder_is_told_so(folder: Path) -> None:
    """The lock is held by a process and seen by another: exit 6."""
    (folder / ".wizard" / "sandbox").mkdir(parents=True)
    program = "from wizard.local.lock import take; import pathlib; take(pathlib.Path('.wizard/sandbox/lock')); print(flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=folder,
        env=native(folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    try:
        assert 6 == ran(folder, "plan", "--sandbox", "--yes").returncode
    finally:
        holder.kill()
        holder.communicate()
    assert 0 == ran(folder, "plan", "--sandbox", "--yes").returncode


@windows
def test_a_run_in_a_folder_with_a_chinese_name_comes_to_its_end(folder: Path) -> None:
    """Blanks and Chinese in the way there; one JSON value in UTF-8, whatever the code page; what is for people in that page."""
    place = folder.rename(folder.with_name("我的 数据"))
    done = ran(place, "run", "--sandbox", "--yes", "--watch", "--json")
    assert 0 == done.returncode, done.stderr
    assert "SUCCEEDED" == outputs.result(done.stdout.decode("utf-8"))["job"]["status"]
    shown = ran(place, "status", "--sandbox", "--lang", "zh", env=native(place, PYTHONIOENCODING="gbk"))
    assert "已完成" in shown.stdout.decode("gbk")


@windows
def test_what_is_piped_fits_the_code_page(folder: Path) -> None:
    """``plan``, ``jobs show`` and ``check``, of an emoji too, end well, and with what that page has; JSON is UTF-8 on each."""
    (folder / "题😀.jsonl").write_bytes((folder / SAMPLE).read_bytes())
    done = ran(folder, "run", "--sandbox", "--yes", "--json", env=native(folder, PYTHONIOENCODING="gbk"))
    job = outputs.result(done.stdout.decode("utf-8"))["job"]["id"]
    for page in ("gbk", "cp1252"):
        for words in (
            ("plan", "--sandbox", "--yes", "--new"),
            ("jobs", "show", job, "--sandbox"),
            ("check", "题😀.jsonl"),
            ("--help", "--lang", "zh"),
        ):
            done = ran(folder, *words, env=native(folder, PYTHONIOENCODING=page))
            assert 0 == done.returncode, (page, words, done.stderr)
            done.stdout.decode(page)
            assert b"Traceback" not in done.stderr


@windows
@pytest.mark.parametrize(
    ("kind", "state", "when"),
    [
        ("upload", "sent", "after"),
        ("upload", "done", "before"),
        ("job", "sent", "after"),
        ("job", "done", "before"),
    ],
)
def test_after_a_kill_nothing_is_made_twice(folder: Path, kind: str, state: str, when: str) -> None:
    """Ended before or after the platform has it, the next start finds it: one job, and each file there once."""
    words = ["run", "--sandbox", "--yes"]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, kind, state, when, *words], cwd=folder, env=native(folder), stdin=subprocess.DEVNULL,
        capture_output=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert killed.returncode != 0
    assert any(kind == effect["kind"] for effect in session_of(folder)["effects"])
    again = ran(folder, *words, "--json")
    # What had not left is not sent again unless a person says so; what came to something is found.
    assert (4 if state == "sent" else 0) == again.returncode, again.stderr
    with closing(Store(folder / ".wizard" / "sandbox" / "platform", patience=PATIENCE)) as platform:
        jobs, files = platform.jobs(), [file.name for file in platform.files(100)]
    assert (0 if state == "sent" else 1) == len(jobs)
    assert sorted(set(files)) == sorted(files)


@windows
def test_a_scanner_stops_no_run(folder: Path) -> None:
    """A program that has session, backup and log open for a moment, all the time, is waited for."""
    state = ".wizard/sandbox"
    with scanned(folder, f"{state}/session.json", f"{state}/session.json.bak", f"{state}/log.jsonl"):
        done = ran(folder, "run", "--sandbox", "--yes")
    assert 0 == done.returncode, done.stderr


@windows
def test_two_writers_of_env_and_a_scanner_lose_nothing(folder: Path) -> None:
    """Each saving ends well, and the file is whole, with what the last of each has saved."""
    program = (
        "import pathlib, sys; from wizard.local import envfile;"
        "[envfile.save(pathlib.Path('.env'), sys.argv[1], sys.argv[2] + format(n, '04')) for n in range(20)]"
    )
    (folder / ".env").write_text("# mine\n")
    with scanned(folder, ".env"):
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", program, name, value],
                cwd=folder,
                env=native(folder),
                stderr=subprocess.PIPE,
            )
            for name, value in (("DASHSCOPE_API_KEY", "sk-0123456789abcdef"), ("DASHSCOPE_WORKSPACE", "ws-"))
        ]
        ends = [(writer.communicate(timeout=PATIENCE)[1], writer.returncode) for writer in writers]
    assert [0, 0] == [code for _said, code in ends], ends
    text = (folder / ".env").read_text()
    assert "# mine" in text
    assert "DASHSCOPE_API_KEY=sk-0123456789abcdef0019" in text
    assert "DASHSCOPE_WORKSPACE=ws-0019" in text


@windows
def test_a_file_that_stays_open_elsewhere_is_named_as_such(folder: Path) -> None:
    """Not who owns it is to be looked at, but which program has it."""
    (folder / "out.jsonl").write_bytes(b"{}\n")
    with kept_open(folder / "out.jsonl"):
        done = ran(folder, "convert", SAMPLE, "out.jsonl", "--lang", "en")
    assert 1 == done.returncode
    assert b"another program has it open" in done.stderr


@windows
def test_no_program_of_the_folder_is_started(folder: Path) -> None:
    """What a data folder brings along under the name of a program is none."""
    for name in ("git.bat", "git.exe"):
        (folder / name).write_bytes(b"@echo started>started.txt\r\n")
    assert 0 == ran(folder, "plan", "--sandbox", "--yes").returncode
    program = "import pathlib; from wizard.local import envfile; envfile.save(pathlib.Path('.env'), 'DASHSCOPE_WORKSPACE', 'ws-1')"
    for path in (os.environ["PATH"], f".;{folder};{os.environ['PATH']}"):
        subprocess.run([sys.executable, "-c", program], cwd=folder, env=native(folder, PATH=path), check=True)
    assert not (folder / "started.txt").exists()


@windows
def test_without_a_word_of_the_environment_it_speaks_as_windows_does(folder: Path) -> None:
    """The language is that of the system's own screens; a variable still says otherwise."""
    import ctypes

    chinese = ctypes.windll.kernel32.GetUserDefaultUILanguage() & 0x3FF == 0x04  # type: ignore[attr-defined,unused-ignore]
    env = native(folder, PYTHONIOENCODING="utf-8")
    assert chinese == ("用法" in ran(folder, "--help", env=env).stdout.decode("utf-8"))
    assert "usage" in ran(folder, "--help", env={**env, "LANG": "en_US.UTF-8"}).stdout.decode("utf-8")


@windows
def test_the_null_device_is_no_terminal(folder: Path) -> None:
    """Nobody is asked where a stream is NUL, which says that it is a terminal."""
    with Path(os.devnull).open("r+b") as null:
        done = subprocess.run(
            PROGRAM,
            cwd=folder,
            env=native(folder),
            stdin=null,
            stdout=null,
            stderr=null,
            timeout=PATIENCE,
            check=False,
        )
    assert 2 == done.returncode


@windows
@pytest.mark.parametrize("words", [("models",), ("--help",), ("schema",)])
def test_a_reader_who_has_enough_is_no_error(folder: Path, words: tuple[str, ...]) -> None:
    """Exit 1 without a word, as elsewhere."""
    process = subprocess.Popen(
        [*PROGRAM, *words], cwd=folder, env=native(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert b"" == process.stderr.read()
    process.stderr.close()
    assert 1 == process.wait(PATIENCE)


@windows
def test_a_name_that_windows_has_not_is_explained(folder: Path) -> None:
    """Before anything is written, and as what it is; one start for all of them, since that is what takes long."""
    names = ["b?.jsonl", "CON.jsonl", "aux", "x<y.jsonl", "end. ", "d?/x.jsonl", "n" * 230 + ".jsonl"]
    before = sorted(folder.rglob("*"))
    program = "import sys; from wizard import cli; print([cli.main(['convert', sys.argv[1], name, '--lang', 'en']) for name in sys.argv[2:]])"
    done = subprocess.run(
        [sys.executable, "-c", program, SAMPLE, *names],
        cwd=folder,
        env=native(folder),
        capture_output=True,
        check=True,
    )
    assert str([1] * len(names)).encode() in done.stdout
    assert len(names) == done.stderr.count(b"Can't write"), done.stderr
    assert b"unexpected" not in done.stderr
    assert before == sorted(folder.rglob("*"))


@windows
def test_words_come_through_cmd(folder: Path) -> None:
    """A command that is shown, typed at cmd, has the words that it was made of."""
    words = [
        "a b",
        'x"y',
        "100%",
        "%PATH%",
        "a&b",
        "a^b|c",
        "中 文",
        "C:\\my dir\\",
        'say "hi & co"',
        "it's",
        "",
        "tail\\",
        '\\"x y\\\\"',
        "(a)",
    ]
    program = folder / "words.py"
    program.write_text("import json, sys; sys.stdout.buffer.write(json.dumps(sys.argv[1:]).encode())")
    line = shell.command_line([sys.executable, str(program), *words], "cmd")
    done = subprocess.run(f'cmd /s /c "{line}"', stdout=subprocess.PIPE, check=True)
    assert words == json.loads(done.stdout)

    handed = shell.command_line(["wizard", "a\nb", 'x & "y"'], "cmd")
    beginning = shell.command_line([sys.executable, str(program)], "cmd")
    line = handed.replace("powershell", beginning, 1)
    done = subprocess.run(f'cmd /s /c "{line}"', stdout=subprocess.PIPE, check=True)
    for_powershell = shell.command_line(["wizard", "a\nb", 'x & "y"'], "powershell")
    assert ["-NoProfile", "-Command", for_powershell] == json.loads(done.stdout)


@windows
@pytest.mark.parametrize("quoted", [False, True])
def test_a_path_is_taken_as_windows_copies_it(folder: Path, quoted: bool) -> None:
    """Explorer puts quotes around a path that it copies; and a line of an older tutorial keeps its backslashes."""
    path = str(folder / SAMPLE)
    text = f'"{path}"' if quoted else path
    assert 0 == ran(folder, "plan", "--sandbox", "--yes", "--set", f"dataset.source={text}").returncode
    from wizard.commands.old_tutorial import read

    assert path == read(f"dashscope files.upload -f {text}").answers["dataset.source"]


@windows
def test_a_file_in_an_archive_is_named_with_either_slash(folder: Path) -> None:
    """``/`` is what is shown, and taken everywhere; what Windows completes is taken too."""
    import zipfile

    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        for name in ("a.jsonl", "sub/b.jsonl"):
            archive.write(folder / SAMPLE, name)
    words = ("--set", "dataset.source=all.zip", "--set", "dataset.file=sub\\b.jsonl")
    assert 0 == ran(folder, "plan", "--sandbox", "--yes", *words).returncode


def _gb18030(folder: Path) -> None:
    rows = [["问题", "回答"], *([f"第 {n} 个问题是什么？", f"答案是 {n}。"] for n in range(200))]
    with (folder / "in.csv").open("w", newline="", encoding="gb18030") as out:
        csv.writer(out).writerows(rows)


def _many(folder: Path) -> None:
    with gzip.open(folder / "in.jsonl.gz", "wt", encoding="utf-8", newline="\n", compresslevel=1) as out:
        for n in range(60_000):
            out.write(
                json.dumps({"instruction": f"问题 {n}", "output": f"答案 {n}"}, ensure_ascii=False) + "\n"
            )


def _excel(folder: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    for row in (["问题", "回答"], *([f"第 {n} 题？", f"答 {n}"] for n in range(50))):
        book.active.append(row)
    book.save(folder / "in.xlsx")


@pytest.mark.parametrize(
    ("make", "source", "digest"),
    [
        (_gb18030, "in.csv", "10d72f9bec2bab513f1a6034184c2b00ef612fc43c7456c500343695a49b9a77"),
        (_many, "in.jsonl.gz", "b3fce0f88068cbeeec3c94d4ba353e86ac98e9f733c26160bf6ff98adca58c60"),
        (_excel, "in.xlsx", "7fcffec16c6b284b6f8a49f7e1c6b25e3b7975a4975d51e7a0a9e6a2547f9814"),
    ],
)
def test_every_system_writes_the_same_bytes(
    command: Command, folder: Path, make: Any, source: str, digest: str
) -> None:
    """What is sent doesn't depend on where it was converted."""
    make(folder)
    done = command("convert", source, "out.jsonl")
    assert 0 == done.returncode, done.stderr
    assert digest == hashlib.sha256((folder / "out.jsonl").read_bytes()).hexdigest()


def test_every_system_converts_the_samples_to_the_same_bytes(command: Command, folder: Path) -> None:
    """``convert --all``, over all of them."""
    assert 0 == command("convert", "--all", "datasets", "--out", "out").returncode
    written = sorted((folder / "out").glob("*.jsonl"))
    whole = hashlib.sha256(b"".join(path.name.encode() + b"\0" + path.read_bytes() for path in written))
    assert (9, "61be53a7afa96e0610e706dea957aafb04ceace1add6d4a0f668f9f3012b2de9") == (
        len(written),
        whole.hexdigest(),
    )
    assert DATASETS.is_dir()
