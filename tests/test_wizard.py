"""The wizard as a person meets it: a real terminal, the real platform interface on this computer."""

from __future__ import annotations

import json
import re
import signal
import stat
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import session_of
from openpyxl import Workbook
from patience import PATIENCE
from sandbox_fixture import UNENDING, call, files, running, until
from terminal import Terminal, environment

from wizard.sandbox import Running

CSV = Path(__file__).parents[2] / "shared" / "data" / "shapes" / "样例_内科5000-6000.csv"
CANARY = "sk-canary0sandbox0123456789abcdef"
TO_THE_REVIEW = (
    "Where is your data", "Which set of questions", "checked against", "Does this look right",
    "about these rows", "Which model", "How shall it be trained", "recommended settings",
)  # fmt: skip
UNFINISHED = "What next"


def enter_until(terminal: Terminal, last: str) -> None:
    """Press Enter at every question up to and including the one with ``last`` in it."""
    for question in TO_THE_REVIEW:
        terminal.answer(question, "enter")
        if question == last:
            return


def jobs_on(sandbox: Running) -> list[Mapping[str, Any]]:
    """All jobs on the platform."""
    return list(call(sandbox.url, "GET", "/api/v1/fine-tunes?page_size=100").body["output"]["jobs"])


def at(sandbox: Running, folder: Path, key: str = CANARY) -> dict[str, str]:
    """The environment of a wizard whose platform is ``sandbox``, over the very code that talks to Bailian."""
    url = f"{sandbox.url}/api/v1"
    return environment(folder, DASHSCOPE_HTTP_BASE_URL=url, **({"DASHSCOPE_API_KEY": key} if key else {}))


def left_behind(folder: Path) -> bytes:
    """Every byte of every file under ``folder`` but the .env, which is where the key belongs."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != ".env")


def test_enter_and_one_typed_yes_train_a_model(folder: Path) -> None:
    """A person who presses only Enter, and types the confirmation, ends with a job that SUCCEEDED."""
    with Terminal(["--sandbox"], folder) as terminal:
        enter_until(terminal, "recommended settings")
        terminal.answer("Type yes to begin", "yes", "enter")
        shown = terminal.expect(r"✓ Training: SUCCEEDED")
        assert 0 == terminal.end()
    assert "Step 8 of 8" in shown
    assert "simulated" in shown
    facts = session_of(folder)["facts"]
    assert "SUCCEEDED" == facts["watch.result"]["value"]["status"]
    assert {
        f"{name}.jsonl" for name in ("mainland_4opt_train", "mainland_4opt_dev", "mainland_4opt_test")
    } <= {path.name for path in (folder / "datasets" / "MedQA_BaiLian").iterdir()}


def test_session_is_private(folder: Path) -> None:
    """The session's folder is 0700 and its file 0600."""
    with Terminal(["--sandbox"], folder) as terminal:
        terminal.answer("Where is your data", "enter")
        terminal.answer("Which set", "ctrl-c")
        assert 130 == terminal.end()
    state = folder / ".wizard" / "sandbox"
    assert 0o700 == stat.S_IMODE(state.stat().st_mode)
    assert 0o600 == stat.S_IMODE((state / "session.json").stat().st_mode)


@pytest.mark.sweep
def test_only_the_word_confirms(folder: Path) -> None:
    """Enter alone, or yes typed before the question, never confirms; Escape at the word goes back."""
    with Terminal(["--sandbox"], folder) as terminal:
        enter_until(terminal, "How shall it be trained")
        terminal.answer("recommended settings", "enter", "yes", "enter")
        terminal.expect("Type yes to begin")
        terminal.settle(0.5)
        assert "review.approval" not in session_of(folder)["facts"]
        terminal.press("enter")
        terminal.settle(0.3)
        assert "review.approval" not in session_of(folder)["facts"]
        terminal.press("ctrl-c")
        assert 130 == terminal.end()
    assert "review.approval" not in session_of(folder)["facts"]


@pytest.mark.sweep
@pytest.mark.parametrize("stop_at", TO_THE_REVIEW)
def test_stopped_at_any_question_goes_on_there(folder: Path, stop_at: str) -> None:
    """Ctrl-C at any question saves; the next start asks that question first and none that was answered."""
    index = TO_THE_REVIEW.index(stop_at)
    with Terminal(["--sandbox"], folder) as terminal:
        for question in TO_THE_REVIEW[:index]:
            terminal.answer(question, "enter")
        terminal.answer(stop_at, "ctrl-c")
        terminal.expect("Everything is saved")
        assert 130 == terminal.end()
    with Terminal(["--sandbox"], folder) as terminal:
        if index:
            terminal.answer(UNFINISHED, "enter")
        shown = terminal.expect(stop_at)
        for question in TO_THE_REVIEW[:index]:
            assert question not in shown
        terminal.settle()
        terminal.press("ctrl-c")
        assert 130 == terminal.end()


@pytest.mark.sweep
def test_back_and_edit(folder: Path) -> None:
    """Escape goes to the question before; an edit from the review is asked alone, and only what rests on it is redone."""
    with Terminal(["--sandbox"], folder, rows=60) as terminal:
        terminal.answer("Where is your data", "enter")
        terminal.answer("Which set", "down", "enter")
        terminal.answer("checked against", "escape")
        terminal.answer(r"Which set of questions\?\n", "up", "enter")
        enter = TO_THE_REVIEW[2:]
        for question in enter:
            terminal.answer(question, "enter")
        terminal.expect("Type yes")
        terminal.settle()
        before = session_of(folder)["facts"]
        assert "mainland_4opt" == before["dataset.set"]["value"]
        models = terminal.text.count("Which model")
        terminal.press("e")
        terminal.answer("What do you want to change", *["down"] * 7, "enter")
        terminal.expect("makes new: the estimate")
        terminal.expect(r"n_epochs\), 1 to 200")
        terminal.settle()
        terminal.press("clear", "500", "enter")
        terminal.answer("n_epochs must be", "clear", "5", "enter")
        terminal.answer("What do you want to change", "enter")
        terminal.expect(r"5 epochs")
        terminal.settle(0.5)
        assert models == terminal.text.count("Which model")
        after = session_of(folder)["facts"]
        assert 5 == after["training.n_epochs"]["value"]
        assert before["preview.files"] == after["preview.files"]
        assert before["training.estimate"] != after["training.estimate"]
        terminal.press("ctrl-c")
        assert 130 == terminal.end()


@pytest.mark.sweep
def test_prompt_changed_in_the_preview_is_seen_at_once(folder: Path) -> None:
    """The preview pages through rows, and a new system prompt is in the samples as soon as it is typed."""
    with Terminal(["--sandbox"], folder, rows=60) as terminal:
        enter_until(terminal, "checked against")
        terminal.expect("Does this look right")
        terminal.settle()
        terminal.press("down", "down", "down", "enter")
        terminal.expect("sent of line 2")
        terminal.settle()
        terminal.press("down", "enter")
        terminal.expect("begin with")
        terminal.settle()
        terminal.press("clear", "Be brief.", "enter")
        terminal.expect(r"system +Be brief\.")
        terminal.answer("Does this look right", "enter")
        terminal.answer("about these rows", "enter")
        terminal.expect("Which model")
    written = (folder / "datasets" / "MedQA_BaiLian" / "mainland_4opt_train.jsonl").read_text("utf-8")
    assert 40 == written.count('{"role": "system", "content": "Be brief."}')


def test_no_terminal_no_wizard(command: Any) -> None:
    """Started without a terminal, the wizard says which command to use and exits 2."""
    done = command("--sandbox")
    assert 2 == done.returncode
    assert "bailian-wizard run" in done.stderr
    assert "" == done.stdout


@pytest.mark.sweep
def test_key_is_asked_proved_and_kept(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A pasted key is cleaned, proved before it is saved, kept 0600 in .env, and stands nowhere else."""
    with running(tmp_path_factory.mktemp("platform")) as sandbox:
        with Terminal([], folder, env=at(sandbox, folder, key="")) as terminal:
            enter_until(terminal, "about these rows")
            terminal.answer("Paste your API key", "sk-sp-canary-sandbox-123456", "enter")
            terminal.answer("can't|cannot|not.*tun", "clear", "sk-canarywrong0123456789abcdef", "enter")
            terminal.answer("Keep the key", "enter")
            terminal.answer("What now", "enter")  # use another key
            terminal.answer("Paste your API key", f'export DASHSCOPE_API_KEY="{CANARY}"', "enter")
            terminal.expect(r"✓ API key: sk-…cdef in \.env")
            terminal.answer("Which model", "ctrl-c")
            assert 130 == terminal.end()
            raw = terminal.raw
        assert CANARY in (folder / ".env").read_text()
        assert 0o600 == stat.S_IMODE((folder / ".env").stat().st_mode)
        assert "wrong" not in (folder / ".env").read_text()
        assert CANARY.encode() not in left_behind(folder)
        assert CANARY.encode() not in raw
        with Terminal([], folder, env=at(sandbox, folder, key="")) as terminal:
            terminal.answer(UNFINISHED, "enter")
            shown = terminal.expect("Which model")
            assert "Paste your API key" not in shown


@pytest.mark.sweep
@pytest.mark.parametrize("delay", [0.0, 4.0])
def test_killed_after_the_create_request(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, delay: float
) -> None:
    """SIGKILL while the job is being created: the next start finds it; one job, one upload a file, nothing asked again."""
    with running(tmp_path_factory.mktemp("platform"), commit_delay=delay, speed=UNENDING) as sandbox:
        with Terminal([], folder, env=at(sandbox, folder)) as terminal:
            enter_until(terminal, "recommended settings")
            terminal.answer("Type yes to upload", "yes", "enter")
            wait_for_effect(terminal, folder, "job", "sent")
            if delay:  # nothing tells that the request, which follows at once, is on the wire
                time.sleep(1.5)
            else:
                until(lambda: jobs_on(sandbox), bool)
            terminal.kill()
            assert -signal.SIGKILL == terminal.end()
        with Terminal([], folder, env=at(sandbox, folder)) as terminal:
            if UNFINISHED in terminal.expect(rf"{UNFINISHED}|The last run ended before"):
                terminal.press("enter")
            shown = terminal.expect("PENDING")
            terminal.press("ctrl-c")
            assert 130 == terminal.end()
            assert "Type yes" not in shown
        assert 1 == len(jobs_on(sandbox))
        assert 2 == len(files(sandbox.url))


@pytest.mark.sweep
def test_killed_during_the_upload(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """SIGKILL while a file is being uploaded: the next start goes on; each file is on the platform once."""
    with running(tmp_path_factory.mktemp("platform"), commit_delay=4.0, speed=50) as sandbox:
        with Terminal([], folder, env=at(sandbox, folder)) as terminal:
            enter_until(terminal, "recommended settings")
            terminal.answer("Type yes to upload", "yes", "enter")
            wait_for_effect(terminal, folder, "upload", "sent")
            time.sleep(1.5)  # nothing tells that the last byte is on the wire
            terminal.kill()
            terminal.end()
        with Terminal([], folder, env=at(sandbox, folder)) as terminal:
            terminal.answer(UNFINISHED, "enter")
            terminal.expect(r"✓ Training: SUCCEEDED")
            assert 0 == terminal.end()
        assert ["mainland_4opt_dev.jsonl", "mainland_4opt_train.jsonl"] == sorted(
            file["name"] for file in files(sandbox.url)
        )
        assert 1 == len(jobs_on(sandbox))


@pytest.mark.sweep
def test_ctrl_c_while_the_job_is_created_waits_for_its_receipt(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Ctrl-C during the create request keeps the receipt before leaving."""
    with running(tmp_path_factory.mktemp("platform"), commit_delay=1.0, speed=UNENDING) as sandbox:
        with Terminal([], folder, env=at(sandbox, folder)) as terminal:
            enter_until(terminal, "recommended settings")
            terminal.answer("Type yes to upload", "yes", "enter")
            wait_for_effect(terminal, folder, "job", "sent")
            terminal.press("ctrl-c")
            assert 130 == terminal.end()
        (job,) = jobs_on(sandbox)
        effects = {effect["kind"]: effect for effect in session_of(folder, sandbox=False)["effects"]}
        assert ("done", job["job_id"]) == (effects["job"]["state"], effects["job"]["receipt"]["id"])


@pytest.mark.sweep
def test_watch_can_be_left(folder: Path) -> None:
    """Ctrl-C while watching leaves the job running and says how to come back; the next start watches on."""
    with Terminal(["--sandbox"], folder) as terminal:
        enter_until(terminal, "recommended settings")
        terminal.answer("Type yes to begin", "yes", "enter")
        terminal.expect("RUNNING")
        terminal.press("ctrl-c")
        terminal.expect("goes on without you")
        assert 130 == terminal.end()
        assert b"\x1b[?25h" in terminal.raw[terminal.raw.rindex(b"\x1b[?25l") :]
    with Terminal(["--sandbox"], folder) as terminal:
        terminal.answer(UNFINISHED, "enter")
        shown = terminal.expect("✓ Training: SUCCEEDED")
        assert 0 == terminal.end()
        assert "Type yes" not in shown


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_leave_the_terminal_as_it_was(folder: Path, number: int) -> None:
    """SIGTERM and SIGHUP at a question end with 128+n, the cursor shown and bracketed paste off."""
    with Terminal(["--sandbox"], folder) as terminal:
        terminal.answer("Where is your data", "enter")
        terminal.expect("Which set")
        terminal.settle()
        terminal.kill(number)
        assert 128 + number == terminal.end()
        for on, off in ((b"\x1b[?25l", b"\x1b[?25h"), (b"\x1b[?2004h", b"\x1b[?2004l")):
            assert terminal.raw.rfind(on) <= terminal.raw.rfind(off)


def test_second_wizard_is_kept_out(folder: Path, command: Any) -> None:
    """While one wizard works in a folder, another one is told so and exits 6."""
    with Terminal(["--sandbox"], folder) as terminal:
        terminal.answer("Where is your data", "enter")
        terminal.expect("Which set")
        done = command("run", "--sandbox", "--yes")
        assert 6 == done.returncode
        assert "Another bailian-wizard" in done.stderr


def test_foreign_text_never_reaches_the_terminal_as_commands(folder: Path) -> None:
    """Control sequences, bidi marks and markup in the data are shown, not obeyed."""
    hostile = "what \x1b]0;owned\x07 \x1b[2J [bold]x[/nope] \u202e reversed \x9b31m?"
    rows = [
        f'{{"question": {_json(f"{hostile} {number}")}, "options": {{"A": "one", "B": "two"}}, "answer": "one", "answer_idx": "A"}}'
        for number in range(30)
    ]
    (folder / "own.jsonl").write_text("\n".join(rows) + "\n", "utf-8")
    with Terminal(["--sandbox"], folder, rows=60) as terminal:
        terminal.answer("Where is your data", "clear", "own.jsonl", "enter")
        terminal.answer("checked against", "enter")
        terminal.expect("Does this look right")
        terminal.settle()
        for sequence in (b"\x1b]0;owned", b"\x1b[2J", "\u202e".encode(), b"\x9b31m", "\x9b".encode()):
            assert sequence not in terminal.raw
        assert "[bold]x[/nope]" in re.sub(r"\s", "", terminal.text).replace("│", "")


def wait_for_effect(terminal: Terminal, folder: Path, kind: str, state: str) -> None:
    """Wait until the session on disk says that an effect of ``kind`` is in ``state``, or was; what is written meanwhile is read."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            effects = session_of(folder, sandbox=False)["effects"]
        except (OSError, ValueError):
            effects = []
        if any(effect["kind"] == kind and effect["state"] in (state, "done") for effect in effects):
            return
        terminal.read(
            0.002
        )  # a terminal that nobody reads is full at some time, and holds up who writes to it
    raise AssertionError(f"no {kind} was ever {state}")


def _json(text: str) -> str:
    import json

    return json.dumps(text)


def test_unknown_columns_of_a_spreadsheet_are_asked_and_guessed_right(tmp_path: Path) -> None:
    """Columns that nobody can tell by name are shown with values; Enter takes the guess that the values give."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["序号", "考题内容", "备选", "标答"])
    for number in range(1, 41):
        sheet.append(
            [
                number,
                f"关于第 {number} 种情况，下列说法正确的是？",
                f"A. 甲 {number}\nB. 乙 {number}",
                "AB"[number % 2],
            ]
        )
    book.save(tmp_path / "questions.xlsx")
    with Terminal(["--sandbox"], tmp_path) as terminal:
        terminal.answer("Where is your data", "questions.xlsx", "enter")
        terminal.answer("Which column has what the user asks", "enter")
        terminal.answer("Which column has the answer", "enter")
        terminal.answer("Which column has the options", "enter")
        terminal.answer("checked against", "enter")
        shown = terminal.expect("Does this look right")
        assert "will not be sent: 序号" in shown
        terminal.settle()
        terminal.press("ctrl-c")
        assert 130 == terminal.end()
    facts = session_of(tmp_path)["facts"]
    assert ["考题内容", "标答", "备选"] == [
        facts[f"dataset.columns.{name}"]["value"] for name in ("question", "answer", "options")
    ]


@pytest.mark.sweep
def test_no_field_is_left_out_unasked(tmp_path: Path) -> None:
    """Fields that turn up only behind the rows that were looked at are named with their rows, and asked about."""
    row = {"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": "!"}], "id": 1}
    rows = [row] * 300 + [row | {"source": "book"}] * 2
    (tmp_path / "chats.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with Terminal(["--sandbox"], tmp_path) as terminal:
        terminal.answer("Where is your data", "chats.jsonl", "enter")
        terminal.answer("checked against", "enter")
        assert "will not be sent: id" in terminal.expect("Does this look right")
        terminal.settle()
        terminal.press("enter")
        assert "will not be sent: source (2 rows)" in terminal.expect("What now")
        terminal.settle()
        assert "preview.files" not in session_of(tmp_path)["facts"]
        terminal.press("up", "enter")
        terminal.answer("about these rows", "enter")
        terminal.answer("Which model", "ctrl-c")
        assert 130 == terminal.end()


@pytest.mark.sweep
@pytest.mark.skipif(not CSV.is_file(), reason="the real data is not beside the project")
def test_real_chats_from_a_chinese_csv_train(tmp_path: Path) -> None:
    """7,644 rows of GB18030 CSV go through the wizard by Enter, one column chosen and one typed word, none lost."""
    (tmp_path / CSV.name).write_bytes(CSV.read_bytes())
    with Terminal(["--sandbox", "--lang", "zh"], tmp_path, columns=80, rows=24) as terminal:
        terminal.answer("你的数据在哪里", CSV.name, "enter")
        terminal.answer("哪一列是用户问的话", "down", "down", "down", "enter")  # its rows have a title, too
        terminal.answer("哪一列是答案", "enter")
        terminal.answer("哪一列是选项", "enter")
        terminal.answer("用什么数据验证", "enter")
        terminal.answer("转换结果对吗", "enter")
        terminal.answer("知道了，继续", "enter")
        terminal.answer("训练哪个模型", "enter")
        terminal.answer("用哪种训练方式", "enter")
        terminal.answer("使用推荐的参数吗", "enter")
        terminal.answer("输入 yes 开始", "yes", "enter")
        terminal.expect("✓ 训练：SUCCEEDED")
        assert 0 == terminal.end()
    assert [7_644] == [one["rows"] for one in session_of(tmp_path)["facts"]["preview.files"]["value"]]
