"""What must not be shown, written down or lost: keys that nobody loaded, the words of the data, results, and whose key it is."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import outputs
import pytest
from bailian_server import http, serving
from conftest import Command, git, session_of
from sandbox_fixture import running
from terminal import PROGRAM, Terminal, environment

from sweeps.canary import NAME
from wizard.local.redaction import PRACTICE_KEY, shown

KEY = "sk-canary0a1b2c3d4e5f60718293"
WORKSPACE_KEY = "sk-ws-H.CANARY.0a1b2c3d.MEUCIQ4e5f60718293"
WORD = "kanarienwort"

# The log


def row(**changes: object) -> dict[str, object]:
    """A row with the word in every column, and in its names."""
    options = {letter: f"{WORD} {letter}" for letter in "ABCD"}
    return {"question": f"{WORD}?", "options": options, "answer": "A", f"{WORD} id": f"{WORD}-1", **changes}


BROKEN = (
    '{"question": "' + WORD,
    row(answer=f"{WORD}!"),
    row(answer=WORD * 40),
    row(options=WORD),
    row(question=""),
    {WORD: WORD},
    f"{WORD}\x1b[31m",
)


def written(path: Path, rows: Sequence[object]) -> Path:
    """``rows`` as JSON Lines; a text is a line as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in rows)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with data that holds the word: good, with faults, in columns that nobody knows, and broken as a whole."""
    place = tmp_path / WORD
    good = [row(question=f"{WORD} {number}?") for number in range(30)]
    written(place / f"{WORD}.jsonl", good)
    written(place / f"{WORD}-bad.jsonl", [*good, *BROKEN])
    written(place / f"{WORD}-odd.jsonl", [{f"{WORD}1": f"{WORD} {n}", f"{WORD}2": WORD} for n in range(30)])
    (place / f"{WORD}.csv").write_text(f'question,answer\n"{WORD},{WORD}\n', "utf-8")
    (place / f"{WORD}.zip").write_bytes(b"PK\x03\x04" + WORD.encode())
    (place / f"{WORD}.toml").write_text(f"{WORD} = = {WORD}\n", "utf-8")
    return place


def logged(folder: Path) -> str:
    """Every log that is in ``folder``."""
    return "\n".join(path.read_text("utf-8") for path in sorted(folder.rglob("log*.jsonl")))


RUNS: dict[str, tuple[str, ...]] = {
    "trained": ("run", "--sandbox", "--yes", "--set", "dataset.source={data}/{word}.jsonl", "--set", "preview.system_prompt={word}"),
    "named": ("run", "--sandbox", "--yes", "--set", "dataset.source={data}/{word}.jsonl", "--set", "training.job_name={word}"),
    "with faults": ("run", "--sandbox", "--yes", "--set", "dataset.source={data}/{word}-bad.jsonl"),
    "faults left out": ("run", "--sandbox", "--yes", "--set", "dataset.source={data}/{word}-bad.jsonl", "--set", "preview.on_error=skip"),
    "the answer's text": ("plan", "--sandbox", "--yes", "--set", "dataset.source={data}/{word}-bad.jsonl", "--set", "dataset.columns.answer={word} id"),
    "unknown columns": ("plan", "--sandbox", "--yes", "--set", "dataset.source={data}/{word}-odd.jsonl"),
    "columns named": (
        "plan", "--sandbox", "--yes", "--set", "dataset.source={data}/{word}-odd.jsonl", "--set", "dataset.columns.question={word}1",
        "--set", "dataset.columns.answer={word}2", "--set", "dataset.columns.options=-",
    ),
    "an open quote": ("plan", "--sandbox", "--yes", "--set", "dataset.source={data}/{word}.csv"),
    "a broken archive": ("plan", "--sandbox", "--yes", "--set", "dataset.source={data}/{word}.zip"),
    "a folder": ("plan", "--sandbox", "--yes", "--set", "dataset.source={data}", "--set", "dataset.file={word}-bad.jsonl"),
    "nowhere": ("plan", "--sandbox", "--yes", "--set", "dataset.source={data}/no-{word}.jsonl"),
    "no such answer": ("plan", "--sandbox", "--yes", "--set", "{word}={word}"),
    "no pair": ("plan", "--sandbox", "--yes", "--set", "{word}"),
    "not a number": ("plan", "--sandbox", "--yes", "--set", "dataset.source={data}/{word}.jsonl", "--set", "training.n_epochs={word}"),
    "not TOML": ("plan", "--sandbox", "--answers", "{data}/{word}.toml"),
    "an old command": ("from-command", "--sandbox", "python {word}.py --data {data}/{word}.jsonl"),
}  # fmt: skip


@pytest.mark.sweep
@pytest.mark.parametrize("name", RUNS)
def test_no_word_of_the_data_is_logged(command: Command, folder: Path, data: Path, name: str) -> None:
    """Rows, columns, prompts and names of files are in no log, whether a run ends well or with an error."""
    command(*(word.format(data=data, word=WORD) for word in RUNS[name]))
    log = logged(folder)
    assert '"event":"end"' in log
    assert WORD not in log


@pytest.mark.sweep
@pytest.mark.parametrize("words", [("check",), ("convert", "out.jsonl"), ("why",)])
@pytest.mark.parametrize("file", ["{word}-bad.jsonl", "{word}.jsonl", "no-{word}.jsonl"])
def test_looking_leaves_no_word_of_the_data(
    command: Command, folder: Path, data: Path, words: tuple[str, ...], file: str
) -> None:
    """Commands that only look at data leave nothing of it in the folder but what they were asked to write."""
    source = f"{data}/{file.format(word=WORD)}"
    command(words[0], f"{source}:31" if words[0] == "why" else source, *words[1:])
    assert WORD not in logged(folder)


BUG = """
import sys
from wizard import cli
from wizard.data import fate
from wizard.data.checking import audit
from wizard.steps.dataset import Dataset
def broken(*row, **more):
    raise KeyError("kanarienwort")
audit.check = fate.fate = Dataset.perform = broken
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    "words",
    [
        ("check", "{file}"),
        ("why", "{file}:1"),
        ("run", "--sandbox", "--yes", "--set", "dataset.source={file}"),
    ],
)
def test_a_bug_with_a_row_in_its_words_leaves_its_class_and_place(
    folder: Path, data: Path, words: tuple[str, ...]
) -> None:
    """What an unexpected exception says is shown, and stays out of the log; its class and frames are there."""
    done = subprocess.run(
        [sys.executable, "-c", BUG, *(word.format(file=data / f"{WORD}.jsonl") for word in words)],
        cwd=folder, env=environment(folder), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    log = logged(folder)
    assert 1 == done.returncode
    assert '"class":"KeyError"' in log
    assert ":broken" in log
    assert WORD not in log


def test_no_word_of_the_data_is_logged_at_a_terminal(folder: Path, data: Path) -> None:
    """What a person types and chooses is their data too: paths, columns, a prompt, and the errors between them."""
    with Terminal(["--sandbox"], folder) as terminal:
        terminal.answer("Where is your data", "clear", f"{data}/no-{WORD}.jsonl", "enter")
        terminal.expect("is not there")
        terminal.settle()
        terminal.press("clear", f"{data}/{WORD}-odd.jsonl", "enter")
        terminal.answer("Which column has what the user asks", "down", "enter")
        terminal.answer("Which column has the answer", "down", "enter")
        terminal.answer("Which column has the options", "ctrl-c")
        assert 130 == terminal.end()
    log = logged(folder)
    assert '"key":"dataset.columns.question"' in log
    assert WORD not in log


# A key that nobody loaded

KEYS = (KEY, WORKSPACE_KEY, f"密钥{KEY}", f"x_{KEY}")


@pytest.mark.sweep
@pytest.mark.parametrize(
    "words",
    [
        "why mine.env:1 --json", "why mine.env:1", "check {key} --json", "check {key}", "check mine.env --json --sarif found.sarif",
        "sessions --set x={key}", "sessions {key}", "{key}", "--{key}", "models --lang {key}", "jobs show {key} --sandbox",
        "sandbox --port {key}", "convert {key} out", "convert mine.env {key}/x --columns {key}", "run --{key}",
        "plan --sandbox --set training.job_name={key} --yes", "plan --sandbox --set preview.system_prompt={key} --yes", "plan --sandbox --set preview.output={key}/x --yes",
        "plan --sandbox --set {key}=1", "plan --sandbox --answers {key}", "from-command {key}", "run --sandbox --approve {key} --yes --json",
    ],
)  # fmt: skip
def test_what_has_the_form_of_a_key_is_shown_nowhere(command: Command, folder: Path, words: str) -> None:
    """No screen, result, error, log, session or report has a key that no command ever loaded."""
    key = KEYS[len(words) % len(KEYS)]
    (folder / "mine.env").write_text(f"{NAME}={key}\nother\\n{key}\n", "utf-8")
    done = command(*(word.format(key=key) for word in words.split()))
    bare = key[key.index("sk-") :]
    assert bare not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    left = [path for path in folder.rglob("*") if path.is_file() and path.name != "mine.env"]
    assert [] == [path for path in left if bare.encode() in path.read_bytes()]


def test_the_variable_hides_a_key_of_any_form(command: Command, folder: Path) -> None:
    """What the environment says is the key is hidden from the first word on; so is what a .env assigns to its name."""
    key = "canary+7d1e/0b5a94c26f38&4e2b"
    (folder / "mine.env").write_text(f"{NAME}={key}\n", "utf-8")
    for words in (("check", key), ("why", "mine.env:1", "--json"), ("sessions", "--set", f"x={key}")):
        done = command(*words, env={} if words[0] == "why" else {NAME: key})
        assert key not in done.stdout + done.stderr


@pytest.mark.sweep
def test_an_ordinary_name_that_begins_like_a_key_is_no_key(command: Command, folder: Path) -> None:
    """Data and a job named after ST elevation are taken, and named after it; only a screen may shorten the name."""
    options = {letter: f"text {letter}" for letter in "ABCD"}
    rows = [{"question": f"{number}?", "options": options, "answer": "A"} for number in range(30)]
    written(folder / "st-segment-elevation-2024.jsonl", rows)
    done = command("run", "--sandbox", "--yes", "--set", "dataset.source=st-segment-elevation-2024.jsonl")
    assert 0 == done.returncode, done.stderr
    name = session_of(folder)["facts"]["training.job_name"]["value"]
    assert name.startswith("st-segment-elevation-2024-")


def test_the_practice_key_is_shown_and_nothing_longer() -> None:
    """The sandbox's key opens nothing, and is of use only whole; whatever holds it among other characters is masked as any key."""
    assert f"DASHSCOPE_API_KEY={PRACTICE_KEY} and" == shown(f"DASHSCOPE_API_KEY={PRACTICE_KEY} and")
    assert PRACTICE_KEY == shown(PRACTICE_KEY)
    for other in (
        f"DASHSCOPE_API_KEY=hunter2hunter2{PRACTICE_KEY}",
        f"{PRACTICE_KEY}0123",
        f"sk-{'a1' * 12}",
    ):
        assert other not in shown(other)
        assert "…" in shown(other)


def test_what_is_sent_is_never_masked(command: Command, folder: Path) -> None:
    """Converted rows are the user's words, byte by byte, also where these look like a key; ordinary words stay on the screen."""
    rows = [row(question=f"sk-learn, st-elevation and {KEY} {number}?") for number in range(3)]
    written(folder / "mine.jsonl", rows)
    assert 0 == command("convert", "mine.jsonl", "out.jsonl").returncode
    assert 3 == (folder / "out.jsonl").read_text("utf-8").count(KEY)
    shown = outputs.result(command("why", "mine.jsonl:1", "--json").stdout)
    assert "sk-learn, st-elevation and sk-…8293 0?" in shown["read"]


# The process


TLS = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
       "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"]  # fmt: skip


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
def test_the_keys_of_an_encrypted_session_are_written_down_by_nobody(folder: Path, tmp_path: Path) -> None:
    """SSLKEYLOGFILE is not obeyed: an encrypted exchange takes place, and the file is not even made."""
    subprocess.run(["openssl", *TLS], cwd=tmp_path, check=True, capture_output=True, timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    got: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _address = listener.accept()
            with connection, context.wrap_socket(connection, server_side=True) as secure:
                got.append(secure.recv(65536))
                secure.sendall(b"HTTP/1.1 404 X\r\nContent-Length: 19\r\n\r\n" + b'{"code":"NotFound"}')

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        env = {
            NAME: KEY, "SSLKEYLOGFILE": str(folder / "keys.log"), "SSL_CERT_FILE": str(tmp_path / "cert.pem"), "NO_PROXY": "*",
            "DASHSCOPE_HTTP_BASE_URL": f"https://localhost:{listener.getsockname()[1]}/api/v1",
        }  # fmt: skip
        done = subprocess.run(
            [*PROGRAM, "jobs"], cwd=folder, env=environment(folder, **env), stdin=subprocess.DEVNULL, capture_output=True,
            timeout=120, check=False,
        )  # fmt: skip
        thread.join(30)
    assert 5 == done.returncode, done.stderr
    assert KEY.encode() in got[0]
    assert not (folder / "keys.log").exists()


@pytest.mark.posix("there are no core files")
@pytest.mark.parametrize("loaded", [True, False])
def test_no_core_is_dumped_of_a_process_that_holds_a_key(folder: Path, loaded: bool) -> None:
    """A crash of a wizard that was given a key leaves no picture of its memory; one without a key is the system's affair."""
    program = (
        "import os, resource, sys\n"
        "hard = resource.getrlimit(resource.RLIMIT_CORE)[1]\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))\n"
        "from wizard.bailian.apikey import ApiKey\n"
        f"{'key = ApiKey.clean(sys.argv[1])' if loaded else ''}\n"
        "print(hard, resource.getrlimit(resource.RLIMIT_CORE)[0], flush=True)\n"
        "os.abort()\n"
    )
    started = subprocess.Popen(
        [sys.executable, "-c", program, KEY], cwd=folder, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )  # fmt: skip
    with started:
        _pid, status = os.waitpid(started.pid, 0)
        started.returncode = 0
        assert started.stdout is not None
        hard, soft = map(int, started.stdout.read().split())
    for core in folder.glob("core*"):
        core.unlink()
    assert signal.SIGABRT == os.WTERMSIG(status)
    if loaded:
        assert soft in (0, 1)
        assert not os.WCOREDUMP(status)
    else:
        assert hard == soft


RESULTS = ("models --json", "models", "--help", "--version", "completion bash", "sessions", "sessions --json", "schema",
           "check datasets/MedQA/questions/Taiwan/dev.jsonl --json --no-stats", "why datasets/MedQA/questions/Taiwan/dev.jsonl:1",
           "convert datasets/MedQA/questions/Taiwan/dev.jsonl out.jsonl", "run --help")  # fmt: skip


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
@pytest.mark.parametrize("words", RESULTS)
@pytest.mark.parametrize("to", [">/dev/full", ">&-"])
def test_a_result_that_cannot_be_written_is_one_line_and_no_success(
    folder: Path, words: str, to: str
) -> None:
    """A full disk or a closed standard output ends with 1 and says so once, never with a traceback."""
    line = f'"$0" -m wizard {words} {to}'
    done = subprocess.run(
        ["sh", "-c", line, sys.executable], cwd=folder, env=environment(folder), stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    said = [one for one in done.stderr.splitlines() if one.startswith("error: ")]
    assert (1, 1) == (done.returncode, len(said)), done.stderr
    assert "standard output" in said[0]
    assert "Traceback" not in done.stderr


def test_an_error_stays_what_it_is_where_its_json_cannot_be_written(folder: Path) -> None:
    """Where standard output is full, an error's own exit code and line are kept."""
    if not Path("/dev/full").exists():
        pytest.skip("there is no full device")
    done = subprocess.run(
        ["sh", "-c", '"$0" -m wizard check nowhere.jsonl --json >/dev/full', sys.executable], cwd=folder, env=environment(folder),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (2, 1) == (done.returncode, len(done.stderr.splitlines()))


# Whose key it is


def tracked(folder: Path, key: str = KEY) -> None:
    """A folder as it is after cloning: ``.env`` with a key belongs to the repository."""
    (folder / ".env").write_text(f"{NAME}={key}\nDASHSCOPE_WORKSPACE=ws-canary\n", "utf-8")
    (folder / ".env").chmod(0o600)
    for words in (["init", "-q"], ["add", "-f", ".env"]):
        git(folder, *words)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a sandbox."""
    with running(tmp_path_factory.mktemp("platform")) as sandbox:
        yield f"{sandbox.url}/api/v1"


PLAN = ("plan", "--yes", "--set", "dataset.source=datasets", "--set", "dataset.set=taiwan")


def test_a_tracked_key_is_not_used_unasked(command: Command, folder: Path) -> None:
    """Unattended it ends with 3, names key and workspace and the line that allows it, and nothing is asked of the platform."""
    tracked(folder)
    with serving() as server:
        server.play(http(200, {"request_id": "r"}))
        done = command(*PLAN, "--json", env={"DASHSCOPE_HTTP_BASE_URL": server.url})
        assert [] == server.requests
    assert 3 == done.returncode
    assert ["key.tracked"] == outputs.result(done.stdout)["keys"]
    assert "sk-…8293 (workspace ws-canary)" in done.stderr
    assert "--set key.tracked=other" in done.stderr
    assert KEY not in done.stdout + done.stderr


def allowing(said: str) -> str:
    """The answer that allows the key, as the error names it."""
    (line,) = [line for line in said.splitlines() if "--set key.tracked=" in line and "other" not in line]
    return line.split()[1]


@pytest.mark.sweep
def test_a_tracked_key_is_used_once_it_was_allowed(command: Command, folder: Path, platform: str) -> None:
    """The line that the error names allows this key, for later starts too; another key in its place is asked about anew."""
    tracked(folder)
    env = {"DASHSCOPE_HTTP_BASE_URL": platform}
    allowed = allowing(command(*PLAN, env=env).stderr)
    assert 0 == command(*PLAN, "--set", allowed, env=env).returncode
    assert allowed == f"key.tracked={session_of(folder, sandbox=False)['facts']['key.tracked']['value']}"
    assert 0 == command(*PLAN, env=env).returncode
    (folder / ".env").write_text(f"{NAME}={KEY[:-4]}0000\n", "utf-8")
    again = command(*PLAN, env=env)
    assert 3 == again.returncode
    assert allowed != allowing(again.stderr)


def test_an_answer_for_another_key_allows_nothing(command: Command, folder: Path) -> None:
    """Only the fingerprint of the very key that is there counts."""
    tracked(folder)
    assert 2 == command(*PLAN, "--set", "key.tracked=0123456789ab").returncode


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_another_users_env_is_asked_about_too(command: Command, folder: Path) -> None:
    """A .env that belongs to another user may hold their key."""
    (folder / ".env").write_text(f"{NAME}={KEY}\n", "utf-8")
    (folder / ".env").chmod(0o600)
    os.chown(folder / ".env", 12345, -1)
    done = command(*PLAN)
    assert 3 == done.returncode
    assert "belongs to another user" in done.stderr


@pytest.mark.sweep
@pytest.mark.parametrize("use", [True, False])
def test_a_person_is_asked_whose_key_it_is(folder: Path, platform: str, use: bool) -> None:
    """The first choice is another key, which is then asked for and used; with yes the tracked one is."""
    tracked(folder)
    other = f"{KEY[:-4]}ffff"
    words = [*(word for answer in PLAN[2:] for word in (answer,)), "--set", "dataset.validation=dev"]
    with Terminal(words, folder, env=environment(folder, DASHSCOPE_HTTP_BASE_URL=platform)) as terminal:
        terminal.answer("Does this look right", "enter")
        terminal.answer("about these rows", "enter")
        terminal.expect("may be somebody else's")
        terminal.settle()
        terminal.press(*(("down",) if use else ()), "enter")
        if not use:
            terminal.answer("Paste your API key", other, "enter")
            terminal.answer("Keep the key", "down", "enter")
        terminal.expect(r"API key: sk-…8293 in \.env" if use else "API key: sk-…ffff for this run only")
        terminal.answer("Which model", "ctrl-c")
        assert 130 == terminal.end()
    assert KEY.encode() not in terminal.raw
