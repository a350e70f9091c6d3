"""The commands as a script meets them: arguments in, standard output and an exit code out."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import outputs
import pytest
from conftest import Command, session_of
from sandbox_fixture import UNENDING, files, running
from terminal import Terminal, environment

from wizard.sandbox import Running

CANARY = "sk-canary0sandbox0123456789abcdef"
# The toolkit's own example, as public documents have it.
QUESTION = {
    "question": "卧位腰椎穿刺，脑脊液压力正常值是（　　）。",
    "options": {
        "A": "80～180mmH2O（0.78～1.76kPa）",
        "B": "50～70mmH2O（0.49～0.69kPa）",
        "C": "230～250mmH2O（2.25～2.45kPa）",
        "D": "260～280mmH2O（2.55～2.74kPa）",
    },
    "answer": "80～180mmH2O（0.78～1.76kPa）",
    "answer_idx": "A",
}
ROW = (
    '{"messages": [{"role": "system", "content": "你是一个专业的医学助手，擅长回答医学选择题。请根据题目和选项，给出正确答案。"}, '
    '{"role": "user", "content": "卧位腰椎穿刺，脑脊液压力正常值是（　　）。\\n\\n选项：\\nA. 80～180mmH2O（0.78～1.76kPa）\\n'
    "B. 50～70mmH2O（0.49～0.69kPa）\\nC. 230～250mmH2O（2.25～2.45kPa）\\n"
    'D. 260～280mmH2O（2.55～2.74kPa）"}, '
    '{"role": "assistant", "content": "答案是 A. 80～180mmH2O（0.78～1.76kPa）"}]}\n'
)


def said(done: Any, code: int = 0) -> Any:
    """The one JSON value on standard output of a command that ended with ``code``."""
    assert code == done.returncode, done.stderr
    return outputs.result(done.stdout)


@pytest.mark.sweep
def test_run_creates_one_job_and_says_so_again(command: Command, folder: Path) -> None:
    """``run --yes --watch --json`` ends with a job that SUCCEEDED; run again it says the same and creates nothing."""
    first = said(command("run", "--sandbox", "--yes", "--watch", "--json"))
    assert "SUCCEEDED" == first["job"]["status"]
    again = said(command("run", "--sandbox", "--yes", "--watch", "--json"))
    first["job"]["asked"] = again["job"]["asked"]
    assert first == again
    assert 1 == len(said(command("jobs", "--sandbox", "--json"))["jobs"])
    assert ["train", "validation"] == [file["role"] for file in first["files"]]
    refused = command("run", "--sandbox", "--yes", "--set", "training.n_epochs=9")
    assert 2 == refused.returncode
    assert "--new" in refused.stderr
    second = said(command("run", "--sandbox", "--yes", "--new", "--json"))
    assert second["job"]["id"] != first["job"]["id"]
    assert [True, True] == [file["adopted"] for file in second["files"]]
    assert 2 == len(said(command("sessions", "--sandbox", "--json"))["sessions"])


@pytest.mark.sweep
def test_plan_then_approve(command: Command) -> None:
    """``run --approve`` does exactly the plan whose digest it is given; any change since is refused with 3."""
    plan = said(command("plan", "--sandbox", "--yes", "--json"))
    assert plan["estimate"]["cost"]["low"] < plan["estimate"]["cost"]["high"]
    changed = command(
        "run", "--sandbox", "--approve", plan["digest"], "--set", "training.n_epochs=4", "--json"
    )
    assert "not-approved" == outputs.error(changed.stdout)["code"]
    assert [] == said(command("jobs", "--sandbox", "--json"))["jobs"]
    back = ("--set", "training.n_epochs=3")
    done = said(command("run", "--sandbox", "--approve", plan["digest"], *back, "--json"))
    assert (plan["digest"], True) == (done["digest"], bool(done["job"]["id"]))


@pytest.mark.sweep
def test_platform_needs_approval_even_with_yes(
    command: Command, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """On the platform ``--yes`` takes defaults but spends nothing: without ``--approve`` it ends with 3 and the digest."""
    with running(tmp_path_factory.mktemp("platform")) as sandbox:
        env = {"DASHSCOPE_API_KEY": CANARY, "DASHSCOPE_HTTP_BASE_URL": f"{sandbox.url}/api/v1"}
        error = outputs.error(command("run", "--yes", "--json", env=env).stdout)
        assert "not-approved" == error["code"]
        assert [] == files(sandbox.url)
        done = said(command("run", "--json", "--approve", error["details"]["digest"], env=env))
        assert done["job"]["id"]
        assert 2 == len(files(sandbox.url))
        wrong = command("jobs", "--json", env={**env, "DASHSCOPE_API_KEY": "sk-canarywrong0123456789ab"})
        assert "InvalidApiKey" == said(wrong, 5)["platform_code"]
        assert "sk-canarywrong" not in wrong.stdout + wrong.stderr


def test_all_missing_answers_at_once(command: Command) -> None:
    """Unattended without ``--yes``, every answer that is missing is named at once, exit 3."""
    error = outputs.error(command("run", "--sandbox", "--json").stdout)
    assert {"dataset.source", "training.model", "training.type"} <= set(error["details"]["keys"])


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--set", "training.n_epoch=3"), "training.n_epochs"),
        (("--set", "training.n_epochs=0"), "n_epochs"),
        (("--set", "training.model=gpt-4"), "qwen2.5-7b-instruct"),
        (("--set", "key.value=sk-canary"), "environment"),
        (("--set", "nonsense"), "KEY=VALUE"),
        (("--set", "training.batch_size=64"), "40"),
        (("--set", "dataset.validation_source=x.jsonl"), "dataset.validation_source"),
        (("--answers", "nowhere.toml"), "nowhere.toml"),
    ],
)
def test_wrong_answers_are_named(command: Command, words: tuple[str, ...], sentence: str) -> None:
    """An answer that can't be taken ends with 2 and a sentence that names it; nothing is created."""
    done = command("run", "--sandbox", "--yes", *words)
    assert 2 == done.returncode, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.sweep
def test_answers_file_and_flags(command: Command, folder: Path) -> None:
    """Answers come from a TOML file, flags beat it, and each has its source in the session."""
    (folder / "a.toml").write_text(
        '[dataset]\nset = "taiwan"\n[training]\nmodel = "qwen3-8b"\nn_epochs = 2\n"batch_size" = 8\n', "utf-8"
    )
    done = said(
        command("plan", "--sandbox", "--yes", "--json", "--answers", "a.toml", "--set", "training.n_epochs=4")
    )
    plan = {item["key"]: item["value"] for item in done["plan"]}
    assert ("qwen3-8b", 4, 8) == (
        plan["training.model"],
        plan["training.n_epochs"],
        plan["training.batch_size"],
    )
    facts = session_of(folder)["facts"]
    assert ("answers", "flag") == (facts["training.model"]["source"], facts["training.n_epochs"]["source"])


@pytest.mark.sweep
def test_budget_is_kept(command: Command) -> None:
    """A job whose estimate may exceed the budget is not planned."""
    done = command("plan", "--sandbox", "--yes", "--set", "training.budget=0.5")
    assert 2 == done.returncode
    assert "0.5" in done.stderr


@pytest.mark.sweep
def test_looking_after_jobs_and_files(command: Command, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Jobs and files list, show and log; cancel and delete ask, and need --yes without a terminal."""

    def does(sandbox: Running, *words: str) -> subprocess.CompletedProcess[str]:
        return command(
            *words, env={"DASHSCOPE_API_KEY": CANARY, "DASHSCOPE_HTTP_BASE_URL": f"{sandbox.url}/api/v1"}
        )

    with running(tmp_path_factory.mktemp("platform"), speed=UNENDING) as sandbox:
        digest = said(does(sandbox, "plan", "--yes", "--json"))["digest"]
        job = said(does(sandbox, "run", "--json", "--approve", digest))["job"]["id"]
        assert 3 == does(sandbox, "jobs", "cancel", job).returncode
        assert said(does(sandbox, "jobs", "cancel", job, "--yes", "--json"))["cancelled"]
        assert "CANCELED" == said(does(sandbox, "jobs", "watch", job, "--json"), 7)["job"]["status"]
        assert 0 == does(sandbox, "jobs", "cancel", job).returncode  # it has ended already
        assert job == said(does(sandbox, "jobs", "show", job, "--json"))["job"]["id"]
        assert job in does(sandbox, "jobs").stdout
        assert said(does(sandbox, "jobs", "logs", job, "--json"))["job_id"] == job
        found = said(does(sandbox, "files", "list", "--json"))["files"]
        assert 3 == does(sandbox, "files", "delete", found[0]["file_id"]).returncode
        (deleted,) = said(does(sandbox, "files", "delete", found[0]["file_id"], "--yes", "--json"))["files"]
        assert deleted["deleted"]
        missing = does(sandbox, "files", "show", found[0]["file_id"], "--json")
        assert "not found" in outputs.error(missing.stdout)["message"].lower()
        assert "File not found." in missing.stderr
        assert 2 == does(sandbox, "jobs", "show", "../files").returncode


@pytest.mark.sweep
def test_the_sandbox_is_looked_after_alike(command: Command) -> None:
    """With ``--sandbox`` the same commands look at the platform on this computer, which goes on with each of them."""
    job = said(command("run", "--sandbox", "--yes", "--json"))["job"]["id"]
    assert job in command("jobs", "--sandbox").stdout
    assert job == said(command("jobs", "show", job, "--sandbox", "--json"))["job"]["id"]
    assert said(command("files", "list", "--sandbox", "--json"))["files"]


def test_models_need_no_network(command: Command) -> None:
    """``models`` lists the toolkit's three first, each with price and date."""
    listing = said(command("models", "--json"))["models"]
    first = ["qwen2.5-7b-instruct", "qwen2.5-14b-instruct", "qwen2.5-32b-instruct"]
    assert first == [entry["model"] for entry in listing[:3]]
    assert ["0.006", "0.03", "0.03"] == [entry["prices"][0]["amount"] for entry in listing[:3]]
    assert "qwen2.5-7b-instruct" in command("models", "--lang", "zh").stdout


def test_convert_makes_exactly_the_example(command: Command, folder: Path) -> None:
    """The toolkit's example question converts to exactly its example row."""
    (folder / "one.jsonl").write_text(json.dumps(QUESTION, ensure_ascii=False) + "\n", "utf-8")
    assert 0 == command("convert", "one.jsonl", "out.jsonl").returncode
    assert ROW == (folder / "out.jsonl").read_text("utf-8")


def test_convert_all_makes_nine_files(command: Command, folder: Path) -> None:
    """``convert --all`` writes the nine names of the toolkit; a missing source and a broken row exit 1, each named."""
    assert 0 == command("convert", "--all", "datasets").returncode
    names = {
        f"{name}_{split}.jsonl"
        for name in ("mainland_4opt", "taiwan", "us_4opt")
        for split in ("train", "dev", "test")
    }
    assert names <= {path.name for path in (folder / "datasets" / "MedQA_BaiLian").iterdir()}
    missing = command("convert", "nowhere.jsonl", "out.jsonl")
    assert (1, True) == (missing.returncode, "nowhere.jsonl" in missing.stderr)
    (folder / "bad.jsonl").write_text(json.dumps(QUESTION) + '\n{"question": \n', "utf-8")
    done = command("convert", "bad.jsonl", "out.jsonl")
    assert 1 == done.returncode
    assert "bad.jsonl:2" in done.stderr
    assert not (folder / "out.jsonl").exists()


OLD = (
    "dashscope fine_tunes.call -m qwen2.5-14b-instruct -t 976bd01a-f30b -v 86a9fe7f --mode efficient_sft -b 8 -e 2 -l 1e-4 "
    '--hyper_parameters "lora_rank=32 target_modules=ALL max_length=4096"'
)
GUIDE = (
    "dashscope fine_tunes.call -m qwen3-8b -t id1 id2 --mode sft -b 8 -e 2 --max_length 4096 "
    "--hyper_parameters lr_scheduler_type=linear"
)


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (
            OLD,
            {"training.model": "qwen2.5-14b-instruct", "training.lora_rank": 32, "training.max_length": 4096},
        ),
        (
            GUIDE,
            {"training.model": "qwen3-8b", "training.type": "sft", "training.lr_scheduler_type": "linear"},
        ),
    ],
)
def test_old_tutorials_fill_the_answers(folder: Path, line: str, wanted: dict[str, Any]) -> None:
    """A command line of an old tutorial fills the answers, and the wizard goes on from there."""
    with Terminal(["from-command", line, "--sandbox"], folder, rows=60) as terminal:
        for question in (
            "Where is your data",
            "Which set",
            "checked against",
            "Does this look right",
            "about these rows",
        ):
            terminal.answer(question, "enter")
        terminal.answer("recommended settings", "enter")
        shown = terminal.expect("Type yes|may never be used")
        assert "Which model" not in shown
        terminal.settle()
        facts = session_of(folder)["facts"]
        assert wanted == {key: facts[key]["value"] for key in wanted}


CURL = """curl --location 'https://dashscope.aliyuncs.com/api/v1/fine-tunes' \\
--header "Authorization: Bearer sk-canary0123456789abcdef" \\
--header 'Content-Type: application/json' \\
--data '{
    "model":"qwen3-14b",
    "training_datasets":[{"data_source_type":"file_id","file_id":"976bd01a-f30b"}],
    "hyper_parameters":{"n_epochs": 1, "batch_size": 32, "learning_rate":"1.6e-5", "zz": 1},
    "training_type":"sft", "finetuned_output_suffix":"mine"
}'"""
CURLED = {
    "training": {
        "model": "qwen3-14b",
        "type": "sft",
        "n_epochs": 1,
        "batch_size": 32,
        "learning_rate": "1.6e-5",
    }
}
PYTHON = """import dashscope
parameters = {'n_epochs': 1, 'batch_size': 32, 'learning_rate': '1.6e-5', 'zz': 1}
job = dashscope.FineTunes.call(model='qwen3-14b', training_file_ids=['976bd01a-f30b'], mode='sft',
                               hyper_parameters=parameters, api_key='sk-canary0123456789abcdef', mine=1)"""
SHELL = (
    "dashscope fine_tunes.call -m qwen3-14b -t 976bd01a-f30b --mode sft -k sk-canary0123456789abcdef -p 0.1 --mine 1 "
    """--hyper_parameters '{"n_epochs": 1, "batch_size": 32, "learning_rate": "1.6e-5", "zz": 1}'"""
)


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("line", "left"),
    [
        (CURL, ("zz=1", "finetuned_output_suffix=mine")),
        (CURL.replace(" \\\n", " "), ("zz=1", "finetuned_output_suffix=mine")),
        (
            CURL.replace("--location", "-sS -X POST").replace("--header", "-H").replace("--data", "-d"),
            ("zz=1",),
        ),
        (PYTHON, ("zz=1", "mine=1")),
        (SHELL, ("zz=1", "prompt_loss=0.1", "--mine=1")),
        (CURL[CURL.index("{") : CURL.rindex("}") + 1], ("zz=1", "finetuned_output_suffix=mine")),
    ],
)
def test_an_old_line_becomes_a_file_of_answers(command: Command, line: str, left: tuple[str, ...]) -> None:
    """Without a terminal the answers in an old line are printed as TOML; all else in it is named, the key but for itself."""
    done = command("from-command", line)
    assert (0, CURLED) == (done.returncode, tomllib.loads(done.stdout))
    for what in (*left, "976bd01a-f30b is a file on the platform"):
        assert what in done.stderr
    assert ("sk-canary" in line) == ("The key in that line was not taken" in done.stderr)
    assert "sk-canary" not in done.stdout + done.stderr


def test_an_old_line_with_what_is_no_longer_taken(command: Command, folder: Path) -> None:
    """What no data could make right is said at once, with what may be meant; it stands in the file, which is refused for it."""
    old = "dashscope fine_tunes.call -m qwen3.5-27bb -t a.jsonl --training_type old --n_epochs 0"
    done = command("from-command", old)
    assert "qwen3.5-27bb" == tomllib.loads(done.stdout)["training"]["model"]
    for what in (
        "training.model: qwen3.5-27bb is not one of: ",
        "Did you mean qwen3.5-27b?",
        "training.type: old is not one of: ",
        "training.n_epochs: ",
    ):
        assert what in done.stderr
    assert 3 == done.stderr.count("--answers refuses it.")
    (folder / "old.toml").write_text(done.stdout, "utf-8")
    assert 2 == command("plan", "--sandbox", "--yes", "--answers", "old.toml").returncode


def test_files_in_an_old_line(command: Command, folder: Path) -> None:
    """A file that is here is the data; a path that isn't is said to be missing; a second one isn't dropped unsaid."""
    (folder / "a.jsonl").write_text("{}\n")
    (folder / "b.jsonl").write_text("{}\n")
    done = command(
        "from-command", "dashscope fine_tunes.call -m qwen3-8b -t a.jsonl b.jsonl c.jsonl -v b.jsonl"
    )
    dataset = {"source": "a.jsonl", "validation": "file", "validation_source": "b.jsonl"}
    assert dataset == tomllib.loads(done.stdout)["dataset"]
    assert "There is no file c.jsonl on this computer" in done.stderr
    assert "dataset.source is given twice; a.jsonl is taken, and b.jsonl left out." in done.stderr
    upload = """curl -X POST https://dashscope.aliyuncs.com/api/v1/files -H "Authorization: Bearer ${DASHSCOPE_API_KEY}" \\
    --form 'files=@"a.jsonl"' --form 'purpose="fine-tune"' --form 'descriptions="mine"'"""
    done = command("from-command", upload)
    assert {"source": "a.jsonl"} == tomllib.loads(done.stdout)["dataset"]
    assert ["descriptions=mine is not known here and was left out."] == done.stderr.splitlines()


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("curl https://dashscope.aliyuncs.com/api/v1/fine-tunes/ft-1/logs?offset=0", "jobs logs ft-1"),
        ("curl -X POST 'https://dashscope.aliyuncs.com/api/v1/fine-tunes/ft-1/cancel'", "jobs cancel ft-1"),
        ("curl https://dashscope.aliyuncs.com/api/v1/fine-tunes/$JOB_ID", "jobs show ID"),
        ("curl --request DELETE https://x.aliyuncs.com/api/v1/files/file-1", "files delete file-1"),
        ("curl https://example.com/", "not a line"),
        ("curl https://dashscope.aliyuncs.com/api/v1/fine-tunes -d '{'", "JSON"),
        ("rm -rf x", "not a line"),
    ],
)
def test_lines_that_create_nothing(command: Command, line: str, instead: str) -> None:
    """Any other line ends with 2 and what to do instead."""
    done = command("from-command", line)
    assert 2 == done.returncode
    assert instead in done.stderr


def test_a_missing_key_is_named_by_its_variable(command: Command) -> None:
    """Without a key, ``run`` and ``plan`` say where one is looked for, and advise no ``--set`` that can't be given."""
    for words in (("run", "--yes"), ("plan", "--yes")):
        done = command(*words, "--json")
        error = outputs.error(done.stdout)
        assert ("no-key", ["DASHSCOPE_API_KEY"]) == (error["code"], error["details"]["keys"])
        assert "Put DASHSCOPE_API_KEY into the environment, or into .env in this folder." == error["hint"]
        assert "key.value" not in done.stdout + done.stderr


@pytest.mark.sweep
def test_plan_new_plans_another(command: Command) -> None:
    """``plan`` after a job was created says so and what to do; with ``--new`` it puts the session away and plans."""
    said(command("run", "--sandbox", "--yes", "--json"))
    refused = command("plan", "--sandbox", "--yes")
    assert (2, True) == (refused.returncode, "Give --new" in refused.stderr)
    assert said(command("plan", "--sandbox", "--yes", "--new", "--json"))["digest"]
    assert 2 == len(said(command("sessions", "--sandbox", "--json"))["sessions"])


def test_fix_writes_sarif_too(command: Command, folder: Path) -> None:
    """``check --fix --sarif`` writes both the mended file and the findings; what --fix can't heed is refused."""
    (folder / "a.jsonl").write_text('{"question": "x"\n' + ROW, "utf-8")
    done = command("check", "a.jsonl", "--fix", "--out", "b.jsonl", "--sarif", "found.sarif")
    assert 1 == done.returncode
    assert (folder / "b.jsonl").exists()
    assert json.loads((folder / "found.sarif").read_bytes())["runs"][0]["results"]
    assert 2 == command("check", "a.jsonl", "--fix", "--max-length", "9").returncode


@pytest.mark.sweep
def test_a_chinese_name_is_known_again(command: Command, folder: Path) -> None:
    """A file with a Chinese name goes up as it reads, and the plan has both names."""
    (folder / "客服.jsonl").write_text(ROW * 20, "utf-8")
    plan = said(command("plan", "--sandbox", "--yes", "--json", "--set", "dataset.source=客服.jsonl"))
    (train,) = (item for item in plan["plan"] if item["key"] == "train")
    assert train["value"][0].startswith("kefu-")
    assert train["shown"].startswith(f"客服.jsonl (on the platform: {train['value'][0]}), 20 rows")


def test_old_commands_are_named_anew(folder: Path) -> None:
    """Old lines that create nothing are answered with the command that does it here."""
    with Terminal(["from-command", "dashscope fine_tunes.get -j ft-1"], folder) as terminal:
        terminal.expect("bailian-wizard jobs show ft-1")
        assert 2 == terminal.end()


def test_endpoint_in_env_file_is_not_obeyed(command: Command, folder: Path) -> None:
    """A .env in a cloned folder can't send the key anywhere: its endpoint is not read, and a foreign one is refused."""
    (folder / ".env").write_text(
        "DASHSCOPE_HTTP_BASE_URL=http://127.0.0.1:9/api/v1\nhttps_proxy=http://127.0.0.1:9\n"
    )
    env = {"DASHSCOPE_API_KEY": CANARY, "DASHSCOPE_HTTP_BASE_URL": "https://aliyuncs.com.evil.example/api/v1"}
    done = command("jobs", env=env)
    assert 2 == done.returncode
    assert "--allow-endpoint" in done.stderr


@pytest.mark.sweep
def test_real_questions_train(command: Command, real_data: Path) -> None:
    """Real MedQA rows (a dev file as the training file) become a job that SUCCEEDED, unattended."""
    source = real_data / "medqa" / "questions" / "Mainland" / "4_options" / "dev.jsonl"
    done = said(
        command("run", "--sandbox", "--yes", "--watch", "--json", "--set", f"dataset.source={source}")
    )
    assert "SUCCEEDED" == done["job"]["status"]
    assert 3425 == done["estimate"]["rows"]


@pytest.mark.sweep
def test_the_whole_way_from_a_spreadsheet(command: Command, folder: Path) -> None:
    """Questions in an Excel file with an option a column train like any others."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["题目", "A", "B", "C", "D", "答案"])
    for number in range(30):
        book.active.append([f"第 {number} 题：下列哪一项正确？", "甲", "乙", "丙", "丁", "ABCD"[number % 4]])
    book.save(folder / "题库.xlsx")
    done = said(
        command("run", "--sandbox", "--yes", "--watch", "--json", "--set", "dataset.source=题库.xlsx")
    )
    assert ("SUCCEEDED", 30) == (done["job"]["status"], done["estimate"]["rows"])


@pytest.mark.sweep
def test_columns_that_names_do_not_tell(command: Command, folder: Path) -> None:
    """A table whose columns mean nothing by their names is read as the answers say."""
    rows = ["col1,col2"] + [f"怎么办 {number}？,这样办 {number}" for number in range(30)]
    (folder / "own.csv").write_text("\n".join(rows) + "\n", "utf-8")
    columns = ("--set", "dataset.columns.question=col1", "--set", "dataset.columns.answer=col2")
    done = said(command("plan", "--sandbox", "--yes", "--json", "--set", "dataset.source=own.csv", *columns))
    assert 30 == done["estimate"]["rows"]
    sent = (folder / "datasets" / "BaiLian" / "own.jsonl").read_text("utf-8").splitlines()
    assert {"role": "assistant", "content": "这样办 0"} == json.loads(sent[0])["messages"][-1]


@pytest.mark.sweep
def test_why_tells_what_the_session_made_of_a_row(command: Command, folder: Path) -> None:
    """Without options, with the session's columns and words: the very line that was converted, from every line of a cell, in any encoding."""
    rows = ["编号,题干内容,选甲,选乙,正确项"]
    rows += [
        f'{number},"第 {number} 题\n怎么办？",这样,那样 {number},{"AB"[number % 2]}' for number in range(30)
    ]
    (folder / "own.csv").write_bytes(("\n".join(rows) + "\n").encode("gb18030"))
    meanings = ("question=题干内容", "A=选甲", "B=选乙", "C=-", "answer=正确项")
    given = [word for one in meanings for word in ("--set", f"dataset.columns.{one}")]
    prompt = ("--set", "preview.system_prompt=你是助教。")
    said(command("plan", "--sandbox", "--yes", "--json", "--set", "dataset.source=own.csv", *given, *prompt))
    sent = (folder / "datasets" / "BaiLian" / "own.jsonl").read_text("utf-8").splitlines()
    for line, begins in ((4, 4), (5, 4), (61, 60)):
        row = said(command("why", f"own.csv:{line}", "--json"))
        assert sent[row["output"]["line"] - 1] == row["sent"]
        assert (begins, f"第 {begins // 2 - 1} 题\n怎么办？") == (
            row["line"],
            json.loads(row["read"])["题干内容"],
        )
    header = command("why", "own.csv:1")
    assert (1, True) == (header.returncode, "选甲" in header.stdout)
    told = said(command("why", "own.csv:4", "--json", "--system-prompt", "别的", "--columns", "question=题干内容",
                        "--columns", "A=选甲", "--columns", "B=选乙", "--columns", "answer=正确项"))  # fmt: skip
    assert sent[1] == told["sent"]  # what is in the file is what was sent, whatever is asked with


def test_two_columns_of_one_name_are_named(command: Command, folder: Path) -> None:
    """A table that can't be read for its header is refused with that reason, not as a file of no known kind."""
    (folder / "own.csv").write_text("question,answer,answer\n" + "Q,A,B\n" * 20, "utf-8")
    done = command("plan", "--sandbox", "--yes", "--set", "dataset.source=own.csv")
    assert (2, True) == (done.returncode, "“answer” is there twice" in done.stderr)


@pytest.mark.sweep
@pytest.mark.parametrize("verb", ["run", "plan"])
def test_a_wrong_answer_puts_nothing_away(command: Command, folder: Path, verb: str) -> None:
    """``--new`` with an answer that can't be taken is refused first: the session stays the session, whichever question it was for."""
    said(command("plan", "--sandbox", "--yes", "--json"))
    before = said(command("sessions", "--sandbox", "--json"))
    (folder / "wrong.toml").write_text('dataset.validation = "nothing"\n', "utf-8")
    for wrong in (
        ("--set", "dataset.source=gone.jsonl"),
        ("--set", "dataset.train=nothing"),
        ("--set", "training.budget=-1"),
        ("--answers", "wrong.toml"),
        ("--answers", "gone.toml"),
    ):
        refused = command(verb, "--sandbox", "--yes", "--new", *wrong)
        assert 2 == refused.returncode, refused.stderr
        assert before == said(command("sessions", "--sandbox", "--json"))


@pytest.mark.sweep
def test_status_mentions_jobs_that_were_put_away(command: Command, folder: Path) -> None:
    """Also where no session is left in the folder: a job of one that was put away, and is not known to have ended, is told."""
    rows = [json.dumps({"question": f"问 {n}", "answer": f"答 {n}"}, ensure_ascii=False) for n in range(20)]
    (folder / "own.jsonl").write_text("\n".join(rows), "utf-8")
    own = ("--set", "dataset.source=own.jsonl")
    job = said(command("run", "--sandbox", "--yes", "--json", *own))["job"]
    assert 3 == command("run", "--sandbox", "--new").returncode
    stands = said(command("status", "--sandbox", "--json"))
    name = job if isinstance(job, str) else job["id"]
    assert any(name in line for line in stands["changed"])


def test_check_says_how_columns_are_named(command: Command, folder: Path) -> None:
    """Where no row can be read for want of the columns' meanings, that is said once, with the option, and there are no empty statistics."""
    (folder / "own.csv").write_text("\n".join(["甲,乙", *(f"问 {n},答 {n}" for n in range(20))]), "utf-8")
    done = command("check", "own.csv")
    assert 1 == done.stdout.count("--columns question=")
    assert "statistics" not in done.stderr
    assert "--columns question=" in command("convert", "own.csv", "out.jsonl").stderr
    assert (
        "take every default"
        not in command("plan", "--sandbox", "--yes", "--set", "dataset.source=own.csv").stderr
    )


def test_few_rows_are_said_of_what_trains_only(command: Command, folder: Path) -> None:
    """The platform's recommendation is about the training rows, whatever the files are called."""
    for name in ("a", "b"):
        rows = [json.dumps({"question": f"{name} {n}?", "answer": f"{name} {n}"}) for n in range(20)]
        (folder / f"{name}.jsonl").write_text("\n".join(rows), "utf-8")
    done = command("plan", "--sandbox", "--yes", "--set", "dataset.source=a.jsonl", "--set", "dataset.validation=file",
                   "--set", "dataset.validation_source=b.jsonl")  # fmt: skip
    assert (0, 1) == (done.returncode, done.stderr.count("at least 1,000")), done.stderr


def test_check_and_why_are_told_what_columns_mean(command: Command, folder: Path) -> None:
    """``--columns`` reads, mends and explains rows as ``--set dataset.columns.…`` does."""
    rows = [{"col1": f"怎么办 {number}？", "col2": f"这样办 {number}"} for number in range(3)]
    lines = [json.dumps(row, ensure_ascii=False) for row in (*rows, rows[0])]
    (folder / "own.jsonl").write_text("\n".join(lines) + " \n", "utf-8")
    columns = ("--columns", "question=col1", "--columns", "answer=col2")
    (unknown,) = said(command("check", "own.jsonl", "--json"), 1)["files"]
    assert {"UNKNOWN_SHAPE": 4} == unknown["counts"]
    (known,) = said(command("check", "own.jsonl", "--json", *columns))["files"]
    assert (4, {"DUPLICATE_ROW": 1, "FEW_ROWS": 1}) == (known["rows"], known["counts"])
    assert 4 == known["statistics"]["rows"]
    assert "这样办 1" in said(command("why", "own.jsonl:2", "--json", *columns))["sent"]
    (mended,) = said(command("check", "own.jsonl", "--fix", "--json", *columns))["files"]
    assert (4, 0) == (mended["rows"], mended["rejected"])
    assert 2 == command("check", "own.jsonl", "--columns", "question=col9").returncode


def test_help_and_language(command: Command, folder: Path) -> None:
    """--help fits a screen; --lang and BAILIAN_WIZARD_LANG choose the language."""
    shown = command("--help")
    assert 0 == shown.returncode
    assert 40 > len(shown.stdout.splitlines())
    assert "百炼" in command("--help", "--lang", "zh").stdout
    assert "百炼" in command("--help", env={"BAILIAN_WIZARD_LANG": "zh_CN"}).stdout
    assert environment(folder)["LANG"].startswith("en")
