"""Coming back to data that is no longer where it was: before the wall it is asked for, behind it nobody needs it."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import outputs
import pytest
from conftest import Command, session_of
from terminal import Terminal
from test_commands import said

SOURCE = "dataset.source"
SANDBOX = ("--sandbox", "--yes")


def questions(path: Path) -> None:
    """A file of questions whose columns have to be named."""
    path.parent.mkdir(exist_ok=True)
    rows = "".join(f"第 {number} 题？,甲,乙,{'AB'[number % 2]}\n" for number in range(40))
    path.write_text(f"题面,一,二,对的\n{rows}", "utf-8")


COLUMNS = {"question": "题面", "answer": "对的", "options": "一,二"}
NAMED = [word for name, column in COLUMNS.items() for word in ("--set", f"dataset.columns.{name}={column}")]


def planned(command: Command, folder: Path) -> Any:
    """The plan on ``q.csv``."""
    questions(folder / "q.csv")
    words = ("plan", *SANDBOX, "--json", "--set", f"{SOURCE}=q.csv", *NAMED)
    return said(command(*words))


@pytest.mark.sweep
def test_data_that_is_gone_is_asked_for_before_the_wall(command: Command, folder: Path) -> None:
    """Neither a traceback nor other data: the key that is missing, and why; the same data elsewhere make the same plan."""
    before = planned(command, folder)
    (folder / "q.csv").unlink()
    for words in (("plan", *SANDBOX, "--json"), ("run", *SANDBOX, "--json")):
        stopped = command(*words)
        assert [SOURCE] == said(stopped, 3)["keys"]
        assert "q.csv is not there" in stopped.stderr
    questions(folder / "moved" / "q.csv")
    after = said(command("plan", *SANDBOX, "--json", "--set", f"{SOURCE}=moved/q.csv"))
    assert before["digest"] == after["digest"]


@pytest.mark.sweep
def test_data_are_not_needed_behind_the_wall(command: Command, folder: Path) -> None:
    """Once the job is created, source and converted files may go: it is followed, and counts as what it was."""
    digest = planned(command, folder)["digest"]
    assert 0 == command("run", *SANDBOX, "--approve", digest).returncode
    (folder / "q.csv").unlink()
    shutil.rmtree(folder / "datasets")
    for _again in range(2):
        done = said(command("run", *SANDBOX, "--watch", "--json"))
        assert "SUCCEEDED" == done["job"]["status"]
        assert digest == done["digest"]
    # Put back and planned once more, it is known to have been trained.
    plan = planned_anew(command, folder)
    assert any(item["key"] == "again" for item in plan["plan"])


def planned_anew(command: Command, folder: Path) -> Any:
    """The plan in a new session."""
    questions(folder / "q.csv")
    words = ("plan", *SANDBOX, "--json", "--new", "--set", f"{SOURCE}=q.csv", *NAMED)
    return said(command(*words))


@pytest.mark.sweep
def test_an_answer_that_is_gone_is_replaced_by_no_default(command: Command, folder: Path) -> None:
    """What somebody chose and can't be had any more is asked for, although there is a default."""
    planned(command, folder)
    session = folder / ".wizard" / "sandbox" / "session.json"
    assert json.loads(session.read_text("utf-8"))["facts"][SOURCE]["source"] == "flag"
    (folder / "q.csv").rename(folder / "only.csv")  # the one file that would be the default now
    stopped = command("run", *SANDBOX, "--json")
    assert [SOURCE] == said(stopped, 3)["keys"]


# Several sources


@pytest.mark.sweep
def test_each_source_has_a_converted_file_and_a_job_name_of_its_own(command: Command, folder: Path) -> None:
    """Of two files of one name the second is called after its folder; what the first became stays, also when it is gone back to."""
    kept: dict[str, bytes] = {}
    for place, name in (("hospital", "train"), ("law", "law_train"), ("old/law", "train-")):
        rows_of(folder / place / "train.jsonl", place)
        planned = said(command("plan", *SANDBOX, "--json", "--new", "--set", f"{SOURCE}={place}/train.jsonl"))
        (file,) = written(folder) - kept.keys()
        assert file.startswith(name)
        assert file.removesuffix(".jsonl") in named_job(planned)
        kept[file] = (folder / OUTPUT / file).read_bytes()
    (own,) = [name for name in kept if name.startswith("train-")]
    for place, name in (("hospital", "train.jsonl"), ("law", "law_train.jsonl"), ("old/law", own)):
        rows_of(folder / place / "train.jsonl", place, count=41)
        said(command("plan", *SANDBOX, "--json", "--new", "--set", f"{SOURCE}={place}/train.jsonl"))
        assert 41 == (folder / OUTPUT / name).read_bytes().count(b"\n")
    assert kept.keys() == written(folder)


@pytest.mark.sweep
def test_training_and_validation_files_may_have_one_name(command: Command, folder: Path) -> None:
    """They are converted to two files; one file for both is refused."""
    for place in ("a", "b"):
        rows_of(folder / place / "train.jsonl", place)
    words = (
        "plan",
        *SANDBOX,
        "--json",
        "--set",
        f"{SOURCE}=a/train.jsonl",
        "--set",
        "dataset.validation=file",
    )
    said(command(*words, "--set", "dataset.validation_source=b/train.jsonl"))
    assert {"train.jsonl", "b_train.jsonl"} == written(folder)
    refused = command(*words, "--set", "dataset.validation_source=./a/train.jsonl")
    assert "can't train the model and validate it, too" in outputs.error(refused.stdout)["message"]


@pytest.mark.sweep
def test_sessions_are_listed_newest_first_with_what_they_are_about(command: Command, folder: Path) -> None:
    """The one that was last used stands first, whatever its id; each with data, model and outcome, in 80 columns."""
    for place in ("one", "two", "three"):
        rows_of(folder / place / "train.jsonl", place)
        words = ("--new", "--json", "--set", f"{SOURCE}={place}/train.jsonl")
        said(
            command("run", "--watch", *SANDBOX, *words)
            if place == "two"
            else command("plan", *SANDBOX, *words)
        )
    path = folder / ".wizard" / "sandbox" / "session.json"
    listed = said(command("sessions", "--sandbox", "--json"))["sessions"]
    assert ["three/train.jsonl", "two/train.jsonl", "one/train.jsonl"] == [one["data"] for one in listed]
    assert [None, "SUCCEEDED", None] == [one["job"] and one["job"]["status"] for one in listed]
    assert json.loads(path.read_bytes())["id"] == listed[0]["session"]
    with Terminal(["sessions", "--sandbox"], folder, columns=80) as terminal:
        assert 0 == terminal.end()
        shown = terminal.lines
    first, second, third = (
        next(number for number, line in enumerate(shown) if f"{place}/train.jsonl" in line)
        for place in ("three", "two", "one")
    )
    assert first < second < third
    told = " ".join(shown[second:third])
    assert all(word in told for word in ("SUCCEEDED", listed[1]["model"], listed[1]["job"]["id"]))


# Converted files that somebody changed


OWN = ("--set", f"{SOURCE}=own.jsonl", "--set", "dataset.validation=split")


def jobs(command: Command) -> int:
    """How many there are."""
    return len(said(command("jobs", "--sandbox", "--json"))["jobs"])


def own(command: Command, folder: Path) -> tuple[str, Path]:
    """A plan on rows of one's own: its digest, and the file that they became."""
    rows_of(folder / "own.jsonl", "own")
    return said(command("plan", *SANDBOX, "--json", *OWN))["digest"], folder / OUTPUT / "own.jsonl"


@pytest.mark.sweep
@pytest.mark.parametrize(
    "change", [lambda data: data.replace(b"7?", b"seven?"), lambda data: data[:900], lambda _data: b""]
)
def test_a_converted_file_that_was_changed_is_kept_and_not_passed_over(
    command: Command, folder: Path, change: Callable[[bytes], bytes]
) -> None:
    """A script with the approval ends with 3 each time and creates nothing, until it says which of the two is meant."""
    digest, file = own(command, folder)
    before, changed = file.read_bytes(), change(file.read_bytes())
    file.write_bytes(changed)
    errors = [
        outputs.error(command("run", *SANDBOX, "--json", "--approve", digest).stdout) for _time in range(2)
    ]
    assert [["preview.altered"], ["preview.altered"]] == [error["details"]["keys"] for error in errors]
    (kept,) = (folder / OUTPUT).glob("own.edited-*.jsonl")
    assert changed == kept.read_bytes()
    assert str(kept.relative_to(folder)) in errors[0]["message"]
    assert 0 == jobs(command)
    code = errors[1]["hint"].rpartition("preview.altered=")[2]
    file.write_bytes(changed + b"\n")  # not the change that is meant
    assert 3 == command("run", *SANDBOX, "--approve", digest, "--set", f"preview.altered={code}").returncode
    file.write_bytes(changed)
    assert 0 == command("run", *SANDBOX, "--approve", digest, "--set", f"preview.altered={code}").returncode
    assert (1, before, changed) == (jobs(command), file.read_bytes(), kept.read_bytes())


@pytest.mark.sweep
def test_what_was_changed_can_be_trained_on(command: Command, folder: Path) -> None:
    """As the sentence says: the copy is data like any other, and what the source became stays beside it."""
    digest, file = own(command, folder)
    file.write_bytes(changed := file.read_bytes().replace(b"7?", b"seven?"))
    hint = outputs.error(command("run", *SANDBOX, "--json", "--approve", digest).stdout)["hint"]
    words = shlex.split(hint.splitlines()[0].partition(": ")[2])
    planned = said(command("plan", *SANDBOX, "--json", *words))
    assert digest != planned["digest"]
    assert 0 == command("run", *SANDBOX, "--approve", planned["digest"]).returncode
    (made,) = (path for path in (folder / OUTPUT).glob("own_edited*.jsonl"))
    assert (changed, changed) == (made.read_bytes(), file.read_bytes())


def test_a_file_that_no_conversion_wrote_is_kept_too(command: Command, folder: Path) -> None:
    """Whoever put it there."""
    (folder / OUTPUT).mkdir(parents=True)
    (folder / OUTPUT / "own.jsonl").write_text("mine\n", "utf-8")
    rows_of(folder / "own.jsonl", "own")
    assert ["preview.altered"] == said(command("plan", *SANDBOX, "--json", *OWN), 3)["keys"]
    (kept,) = (folder / OUTPUT).glob("own.edited-*.jsonl")
    assert "mine\n" == kept.read_text("utf-8")


@pytest.mark.sweep
def test_a_converted_file_that_is_gone_is_made_again(command: Command, folder: Path) -> None:
    """Nothing is lost by that: the same bytes, the same approval."""
    digest, file = own(command, folder)
    before = file.read_bytes()
    file.unlink()
    done = command("run", *SANDBOX, "--approve", digest)
    assert (0, before) == (done.returncode, file.read_bytes())
    assert "own.jsonl is no longer there; it is converted again" in done.stderr


@pytest.mark.sweep
@pytest.mark.posix("symbolic links, which only few users of Windows may make")
def test_a_link_in_the_place_of_a_converted_file_is_not_followed(command: Command, folder: Path) -> None:
    """Not even to the same bytes: it is refused, and what it leads to stays as it is."""
    digest, file = own(command, folder)
    elsewhere = folder / "elsewhere.jsonl"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    refused = command("run", *SANDBOX, "--approve", digest)
    assert (1, True) == (refused.returncode, "it is a symbolic link" in refused.stderr)
    assert (0, before) == (jobs(command), elsewhere.read_bytes())


@pytest.mark.sweep
def test_what_is_changed_at_the_review_is_not_sent(command: Command, folder: Path) -> None:
    """The yes was to other bytes: nothing leaves, and the next start shows the change and offers to train on it."""
    _digest, file = own(command, folder)
    with Terminal(["--sandbox"], folder) as terminal:
        terminal.answer("What next", "enter")
        terminal.expect("Type yes")
        file.write_bytes(file.read_bytes().replace(b"7?", b"seven?"))
        terminal.answer("Type yes", "yes", "enter")
        terminal.expect("own.jsonl has changed since the preview, so it was not sent")
        terminal.answer("What now", "ctrl-c")
        terminal.end()
    assert 0 == jobs(command)
    with Terminal(["--sandbox"], folder) as terminal:
        terminal.expect(r"was\s+changed\s+in\s+it\s+is\s+kept\s+aside")
        terminal.answer("What next", "enter")
        terminal.expect(r"What\s+stands\s+in\s+own.jsonl")
        terminal.expect("Convert my data anew, without it")
        terminal.settle()
        while "❯ Train on" not in terminal.text:
            terminal.press("up")
            terminal.settle()
        terminal.press("enter")
        terminal.answer("checked against", "enter")
        terminal.expect("Data: .*own.edited")
        terminal.press("ctrl-c")
        terminal.end()


# Another version of the wizard


def updated(folder: Path, *changes: tuple[str, str]) -> dict[str, str]:
    """What starts a wizard whose table of models is another one."""
    place = folder.with_name(f"{folder.name}.updated")
    shutil.copytree(Path(__file__).parents[1] / "wizard", place / "wizard", dirs_exist_ok=True)
    table = place / "wizard" / "bailian" / "models.toml"
    text = table.read_text("utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    table.write_text(text, "utf-8")
    return {"PYTHONPATH": str(place)}


MODEL = 'code = "qwen2.5-7b-instruct"'
EPOCHS = '"n_epochs", INTEGER, 3, _CONSOLE, sent=True, low=1, high=200'
TYPES = (
    'training_types = ["cpt", "sft", "efficient_sft", "dpo_full", "dpo_lora"]\nprices = [{ price = "0.006"'
)


@pytest.mark.sweep
@pytest.mark.parametrize("words", [(), ("--set", "training.model=qwen2.5-7b-instruct")])
def test_no_other_model_takes_the_place_of_one_that_is_gone(
    command: Command, folder: Path, words: Sequence[str]
) -> None:
    """Neither for who chose it nor for who took it as offered: a script ends with 3, the key and why; nothing is created."""
    rows_of(folder / "own.jsonl", "own")
    said(command("plan", *SANDBOX, "--json", *OWN, *words))
    env = updated(folder, (MODEL, 'code = "another"'))
    for act in ("plan", "run"):
        stopped = command(act, *SANDBOX, "--json", env=env)
        assert ["training.model"] == said(stopped, 3)["keys"]
        assert re.search("qwen2.5-7b-instruct is (no longer among the models|not one of)", stopped.stderr)
        assert "take every default" not in stopped.stderr
    assert 0 == jobs(command)
    assert 0 == command("plan", *SANDBOX, "--set", "training.model=another", env=env).returncode


def test_status_says_that_a_model_is_gone_before_its_step_is_done(command: Command, folder: Path) -> None:
    """A model that somebody chose, and that the next version no longer knows, is said by ``status``, too."""
    rows_of(folder / "own.jsonl", "own")
    chosen = ("--set", "training.model=qwen2.5-7b-instruct", "--set", "preview.on_error=stop")
    assert 3 == command("plan", "--sandbox", *OWN, *chosen).returncode  # the training type is left
    assert [] == said(command("status", "--sandbox", "--json"))["changed"]
    env = updated(folder, (MODEL, 'code = "another"'))
    (told,) = said(command("status", "--sandbox", "--json", env=env))["changed"]
    assert (
        "An earlier answer can't be taken any more. training.model: qwen2.5-7b-instruct is not one of: "
        in told
    )


@pytest.mark.sweep
def test_a_training_type_that_is_gone_is_asked_for(command: Command, folder: Path) -> None:
    """As a model that is gone."""
    rows_of(folder / "own.jsonl", "own")
    said(command("plan", *SANDBOX, "--json", *OWN))
    env = updated(folder, (TYPES, TYPES.replace('"efficient_sft", ', "")))
    stopped = command("run", *SANDBOX, "--json", env=env)
    assert ["training.type"] == said(stopped, 3)["keys"]
    assert re.search(r"qwen2.5-7b-instruct can no longer be trained as .*efficient_sft", stopped.stderr)
    assert 0 == jobs(command)


@pytest.mark.sweep
def test_a_price_that_is_gone_is_said(command: Command, folder: Path) -> None:
    """What it was and of when, and that it is not published now; the approval that stood for it stands for nothing."""
    digest, _file = own(command, folder)
    env = updated(folder, ('prices = [{ price = "0.006", source = "overview" }]', "prices = []"))
    stopped = command("run", "--sandbox", "--json", "--approve", digest, env=env)
    assert 3 == stopped.returncode
    assert re.search(r"the price of qwen2.5-7b-instruct was ¥0.006 .* and is not published", stopped.stderr)
    assert 0 == jobs(command)


@pytest.mark.sweep
def test_what_costs_nobody_knows_what_comes_to_its_end(command: Command, folder: Path) -> None:
    """Where no price is published, a run ends, starts again and is looked at; its cost is said to be unknown, and is null for a program."""
    rows_of(folder / "own.jsonl", "own")
    env = updated(folder, *[('region = "cn-beijing"', 'region = "elsewhere"')] * 2)
    run = ("run", *SANDBOX, "--watch", "--json")
    digest = said(command("plan", *SANDBOX, "--json", *OWN, env=env))["digest"]
    job = said(command(*run, "--approve", digest, env=env))["job"]["id"]
    assert job == said(command(*run, env=env))["job"]["id"]
    assert "succeeded" == said(command("status", "--sandbox", "--json", env=env))["state"]
    told = command("jobs", "show", job, "--sandbox", env=env).stdout
    assert re.search("Cost by list price +unknown: no price", told), told
    shown = said(command("jobs", "show", job, "--sandbox", "--json", env=env))["job"]
    assert (None, True) == (shown["billed"], shown["tokens"] > 0)


@pytest.mark.sweep
def test_a_setting_out_of_its_range_is_asked_for(command: Command, folder: Path) -> None:
    """What was given and is allowed no more is not replaced by what is recommended."""
    rows_of(folder / "own.jsonl", "own")
    said(command("plan", *SANDBOX, "--json", *OWN, "--set", "training.n_epochs=150"))
    env = updated(folder)
    known = Path(env["PYTHONPATH"], "wizard", "bailian", "hyperparameters.py")
    text = known.read_text("utf-8")
    assert EPOCHS in text
    known.write_text(text.replace(EPOCHS, EPOCHS.replace("200", "100")), "utf-8")
    stopped = command("run", *SANDBOX, "--json", env=env)
    assert ["training.n_epochs"] == said(stopped, 3)["keys"]
    assert 0 == jobs(command)


# Answers, kept and forgotten


@pytest.mark.sweep
def test_a_new_plan_forgets_the_answers_before(command: Command, folder: Path) -> None:
    """``plan --new`` and the wizard's own ``--new`` begin with nothing; the session before is kept."""
    rows_of(folder / "own.jsonl", "own")
    said(command("plan", *SANDBOX, "--json", *OWN, "--set", "training.n_epochs=2"))
    first = session_of(folder)["id"]
    planned = said(command("plan", *SANDBOX, "--json", "--new"))
    epochs = next(item["value"] for item in planned["plan"] if item["key"] == "training.n_epochs")
    assert (3, True) == (epochs, first != session_of(folder)["id"])
    with Terminal(["--sandbox", "--new"], folder) as terminal:
        shown = terminal.expect("Where is your data")
        assert "Welcome" in shown
        terminal.press("ctrl-c")
        assert 130 == terminal.end()
    listed = said(command("sessions", "--sandbox", "--json"))["sessions"]
    assert {"own.jsonl", "MedQA Mainland China, 4 options"} == {
        one["data"] for one in listed if one["put_away"]
    }


@pytest.mark.sweep
def test_answers_given_before_their_questions_outlast_ctrl_c(command: Command, folder: Path) -> None:
    """From flags and a file, whatever their type; one that is given again counts as it was given last."""
    questions(folder / "q.csv")
    (folder / "answers.toml").write_text(
        'training.n_epochs = 2\nkey.save = false\n[dataset.columns]\nquestion = "题面"\noptions = "一,二"\n',
        "utf-8",
    )
    flags = ("--set", "dataset.columns.answer=对的", "--set", "training.budget=12.5")
    for words in (("--answers", "answers.toml", *flags), ("--set", "training.budget=13")):
        with Terminal(["--sandbox", *words], folder) as terminal:
            terminal.answer("Where is your data", "ctrl-c")
            assert 130 == terminal.end()
    planned = said(command("plan", *SANDBOX, "--json", "--set", f"{SOURCE}=q.csv"))
    values = {item["key"]: item["value"] for item in planned["plan"]}
    assert (2, 13.0) == (values["training.n_epochs"], values["training.budget"])
    facts = session_of(folder)["facts"]
    told = [facts[f"dataset.columns.{name}"]["value"] for name in ("question", "answer", "options")]
    assert ["题面", "对的", "一,二"] == told


# Sessions of earlier versions


EXAMPLES = sorted((Path(__file__).parent / "sessions").glob("v*.json"))
UNEXPECTED = "unexpected"


@pytest.mark.sweep
@pytest.mark.parametrize("taken_over", [False, True])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_each_kept_example_is_started_unattended(
    command: Command, folder: Path, example: Path, *, taken_over: bool
) -> None:
    """Every command that reads a session copes with it, and none ends in an error that nobody expected."""
    put(folder, example)
    if taken_over:
        assert 0 == command("sessions", "trust", "--yes", "--sandbox").returncode
    assert "unknown" == said(command("status", "--sandbox", "--json"))["state"] or taken_over
    assert "not known" in command("sessions", "--sandbox").stdout or taken_over
    assert said(command("plan", *SANDBOX, "--json"))["digest"]
    # It says that a job was sent, which nobody can find here: only a person may create one.
    for words in (("run", *SANDBOX), ("run", *SANDBOX, "--watch")):
        ended = command(*words)
        assert 4 == ended.returncode, ended.stderr
    assert said(command("plan", *SANDBOX, "--json"))["digest"]  # at the wall it stops, approved or not
    assert 0 == jobs(command)
    for act in ("status", "sessions", "jobs", "files"):
        assert 0 == command(act, "--sandbox").returncode


@pytest.mark.parametrize("choice", [(), ("down",), ("down", "down")])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_each_kept_example_is_started_at_a_terminal(
    folder: Path, example: Path, choice: Sequence[str]
) -> None:
    """Offered, taken over or put away, it leads to a question."""
    put(folder, example)
    with Terminal(["--sandbox"], folder) as terminal:
        terminal.answer("What about this session", *choice, "enter")
        terminal.expect("Where is your data|What next")
        terminal.settle()
        terminal.press("ctrl-c")
        assert 130 == terminal.end()
        assert UNEXPECTED not in terminal.text


def test_sessions_lists_what_another_version_recorded_otherwise(command: Command, folder: Path) -> None:
    """A record that can't be read hides no session: what was answered stands in its place."""
    own(command, folder)
    path = folder / ".wizard" / "sandbox" / "session.json"
    document = json.loads(path.read_bytes())
    document["facts"]["dataset.files"]["value"] = [{}]
    del document["check"]
    path.write_text(json.dumps(document), "utf-8")
    assert [("own.jsonl", True)] == [
        (one["data"], one["foreign"]) for one in said(command("sessions", "--sandbox", "--json"))["sessions"]
    ]


def put(folder: Path, example: Path) -> None:
    """As if it had been left here."""
    place = folder / ".wizard" / "sandbox"
    place.mkdir(parents=True)
    shutil.copy(example, place / "session.json")


OUTPUT = "datasets/BaiLian"


def rows_of(path: Path, about: str, count: int = 40) -> None:
    """So many questions and answers about something."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"question": f"What of {about}, {number}?", "answer": f"{number}."} for number in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def written(folder: Path) -> set[str]:
    """The converted files."""
    return {path.name for path in (folder / OUTPUT).glob("*.jsonl")}


def named_job(planned: Any) -> str:
    """The job's name in a plan."""
    return str(next(item["value"] for item in planned["plan"] if item["key"] == "training.job_name"))
