"""The plan is made from what is sent: each answer shows in the rows that go, or is refused."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import outputs
import pytest
from conftest import Command, session_of
from terminal import Terminal

from wizard.data.sent import NEUTRAL_PROMPTS, SYSTEM_PROMPT

CLERK = "You are a helpful clerk"


def jsonl(path: Path, rows: Sequence[Mapping[str, Any]]) -> str:
    """Write ``rows`` to ``path``; its name."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path.name


def chat(number: int, system: str = "") -> dict[str, Any]:
    """A row in the platform's own shape."""
    turns = [("user", f"第{number}问？"), ("assistant", f"第{number}答。")]
    before = [("system", system)] if system else []
    return {"messages": [{"role": role, "content": text} for role, text in (*before, *turns)]}


def preference(number: int) -> dict[str, Any]:
    """A row for DPO."""
    return {"prompt": f"第{number}问？", "chosen": "好。", "rejected": "坏。"}


def question(
    number: int, stem: str = "第{}题：发热时应当？", options: str = "休息 跑步 饮酒 熬夜"
) -> dict[str, Any]:
    """A row of MedQA's shape."""
    texts = dict(zip("ABCD", options.split(), strict=True))
    label = "ABCD"[number % 4]
    return {"question": stem.format(number), "options": texts, "answer": texts[label], "answer_idx": label}


def planned(command: Command, *words: str, code: int = 0) -> Any:
    """What ``plan --json`` says in the sandbox with every default taken."""
    done = command("plan", "--sandbox", "--yes", "--json", *words)
    assert code == done.returncode, done.stderr
    return outputs.result(done.stdout)


def line(plan: Any, key: str) -> Any:
    """One line of a plan, as a person reads it; None where there is none."""
    return next((item["shown"] for item in plan["plan"] if item["key"] == key), None)


def sent(folder: Path, name: str) -> list[list[tuple[str, str]]]:
    """(role, content) of the messages of each row that goes."""
    path = folder / "datasets" / "BaiLian" / name
    rows = [json.loads(raw) for raw in path.read_text("utf-8").splitlines()]
    return [[(turn["role"], turn["content"]) for turn in row["messages"]] for row in rows]


# The system prompt and the words around a question


@pytest.mark.sweep
@pytest.mark.parametrize("row", [chat, preference], ids=["chat", "preference"])
def test_a_prompt_goes_before_rows_without_one(command: Command, folder: Path, row: Any) -> None:
    """Chats and preferences are left as they are and the plan says none; with a prompt given it stands in each row and in the plan, which is another plan."""
    source = f"dataset.source={jsonl(folder / 'rows.jsonl', [row(number) for number in range(40)])}"
    bare = planned(command, "--set", source)
    assert "none" == line(bare, "system_prompt")
    assert ["user"] * 40 == [turns[0][0] for turns in sent(folder, "rows.jsonl")]
    asked = planned(command, "--set", source, "--set", f"preview.system_prompt={CLERK}")
    assert CLERK == line(asked, "system_prompt")
    assert [("system", CLERK)] * 40 == [turns[0] for turns in sent(folder, "rows.jsonl")]
    assert bare["digest"] != asked["digest"]


@pytest.mark.sweep
def test_the_rows_own_prompts_are_told(command: Command, folder: Path) -> None:
    """Rows that have a system message keep it, whoever gives another; the plan tells how many different ones, and how many rows have none."""
    own = [chat(number, f"你是{'甲乙丙'[number % 3]}。") for number in range(30)]
    name = jsonl(folder / "own.jsonl", own)
    assert "the rows' own (3 different)" == line(
        planned(command, "--set", f"dataset.source={name}"), "system_prompt"
    )
    name = jsonl(folder / "mix.jsonl", [*own, *map(chat, range(30, 40))])
    plan = planned(command, "--set", f"dataset.source={name}", "--set", f"preview.system_prompt={CLERK}")
    mixed = f"in 10 rows: {CLERK}; in 30 rows: the rows' own (3 different)"
    assert mixed == line(plan, "system_prompt")
    firsts = [turns[0][1] for turns in sent(folder, "mix.jsonl")]
    assert ([row["messages"][0]["content"] for row in own], [CLERK] * 10) == (firsts[:30], firsts[30:])


def test_of_very_many_prompts_it_is_said_that_there_are_many(command: Command, folder: Path) -> None:
    """Different system messages are told apart up to a bound, and beyond it the plan says so."""
    name = jsonl(folder / "many.jsonl", [chat(number, f"你是第{number}人。") for number in range(150)])
    shown = line(planned(command, "--set", f"dataset.source={name}"), "system_prompt")
    assert "the rows' own (more than 99 different)" == shown


@pytest.mark.sweep
def test_the_words_around_a_question(command: Command, folder: Path) -> None:
    """The Chinese words of the toolkit are the default and a line of the plan; ``preview.language=en`` puts English ones around each question."""
    rows = [question(number, "Question {}: what helps?", "rest run drink read") for number in range(40)]
    source = f"dataset.source={jsonl(folder / 'own.jsonl', rows)}"
    chinese = planned(command, "--set", source)
    assert "选项：A. … 答案是 A. …" == line(chinese, "preview.language")
    assert SYSTEM_PROMPT == line(chinese, "system_prompt")
    assert "答案是 A. rest" == sent(folder, "own.jsonl")[0][-1][1]
    english = planned(command, "--set", source, "--set", "preview.language=en")
    assert "Options: A. … The answer is A. …" == line(english, "preview.language")
    system, user, assistant = sent(folder, "own.jsonl")[0]
    assert ("system", line(english, "system_prompt")) == system
    assert "Question 0: what helps?\n\nOptions:\nA. rest\nB. run\nC. drink\nD. read" == user[1]
    assert "The answer is A. rest" == assistant[1]
    assert chinese["digest"] != english["digest"]


def test_convert_puts_a_given_prompt_before_chats_too(command: Command, folder: Path) -> None:
    """``convert`` leaves chats to the byte as they are; ``--system-prompt`` goes before those that have none, and ``why`` finds them."""
    rows = [chat(0), chat(1, "你是乙。")]
    jsonl(folder / "chats.jsonl", rows)
    assert 0 == command("convert", "chats.jsonl", "out.jsonl").returncode
    assert (folder / "chats.jsonl").read_bytes() == (folder / "out.jsonl").read_bytes()
    assert 0 == command("convert", "chats.jsonl", "out.jsonl", "--system-prompt", CLERK).returncode
    made = [json.loads(raw)["messages"] for raw in (folder / "out.jsonl").read_text("utf-8").splitlines()]
    assert [CLERK, "你是乙。"] == [turns[0]["content"] for turns in made]
    why = command("why", "chats.jsonl:1", "--output", "out.jsonl", "--system-prompt", CLERK, "--json")
    assert {"file": "out.jsonl", "line": 1} == outputs.result(why.stdout)["output"]


# Columns and the header

FOUR = "躺下休息,快步奔跑,大量饮酒,通宵熬夜"
NAMELESS = "编号,题干,子,丑,寅,卯,正确项"


def table(path: Path, head: str, *, numbered: bool = False) -> str:
    """A CSV file with 40 questions of four options under ``head``, which may be empty; its name."""
    rows = [f"第{n}题：发热时应当怎么做？,{FOUR},{'ABCD'[n % 4]}" for n in range(40)]
    rows = [f"{n},{row}" if numbered else row for n, row in enumerate(rows, 1)]
    path.write_text("\n".join([head, *rows] if head else rows) + "\n", "utf-8")
    return path.name


def missing(done: Any) -> str:
    """What a script is told that it must answer."""
    assert 3 == done.returncode, done.stderr
    return str(done.stderr)


@pytest.mark.sweep
def test_columns_are_never_guessed_unseen(command: Command, folder: Path) -> None:
    """With ``--yes`` too, columns that the names don't tell are left to be answered: exit 3 with their first values and a line that would do, and with that line the options are whole and each column has a line in the plan."""
    source = ("--set", f"dataset.source={table(folder / 'own.csv', NAMELESS, numbered=True)}")
    told = missing(command("plan", "--sandbox", "--yes", *source))
    assert "dataset.columns.answer=编号'    1 | 2 | 3" in told
    (would_do,) = [line for line in told.splitlines() if "would do" in line]
    words = shlex.split(would_do.partition(": ")[2])
    assert ["dataset.columns.answer=正确项", "dataset.columns.options=子,丑,寅,卯"] == words[1::2]
    plan = planned(command, *source, *words)
    assert ["题干", "正确项", "子,丑,寅,卯"] == [
        line(plan, f"dataset.columns.{name}") for name in ("question", "answer", "options")
    ]
    first, last = (sent(folder, "own.jsonl")[at] for at in (0, 39))
    assert (
        "第0题：发热时应当怎么做？\n\n选项：\nA. 躺下休息\nB. 快步奔跑\nC. 大量饮酒\nD. 通宵熬夜"
        == first[1][1]
    )
    assert ("答案是 A. 躺下休息", "答案是 D. 通宵熬夜") == (first[2][1], last[2][1])


HEADS = {
    "options_A": "question,options_A,options_B,options_C,options_D,answer",  # w09
    "numerals": "题目,选项一,选项二,选项三,选项四,答案",  # w10
    "in brackets": "题干（必填）,选项A（必填）,选项B（必填）,选项C（选填）,选项D（选填）,正确答案（必填）",  # w11
    "the question": "题目内容,A,B,C,D,答案",  # w12, s16
}
UNTOLD = {
    "the answer": "题干（必填）,选项A（必填）,选项B（必填）,选项C（选填）,选项D（选填）,结论（必填）",
    "the question": "考核,A,B,C,D,答案",
}


@pytest.mark.sweep
@pytest.mark.parametrize("head", HEADS.values(), ids=list(HEADS))
def test_options_in_columns_of_their_own(command: Command, folder: Path, head: str) -> None:
    """Columns that are called options by any usual numbering are options: no answer is a bare letter."""
    planned(command, "--set", f"dataset.source={table(folder / 'own.csv', head)}")
    assert "答案是 D. 通宵熬夜" == sent(folder, "own.jsonl")[39][2][1]


@pytest.mark.sweep
@pytest.mark.parametrize("head", UNTOLD.values(), ids=list(UNTOLD))
def test_a_guess_is_told_and_does_what_it_says(command: Command, folder: Path, head: str) -> None:
    """A script is asked for what the names don't tell, and only that; the line that it is offered makes questions with all their options."""
    source = ("--set", f"dataset.source={table(folder / 'own.csv', head)}")
    told = missing(command("plan", "--sandbox", "--yes", *source))
    (would_do,) = [line for line in told.splitlines() if "would do" in line]
    planned(command, *source, *shlex.split(would_do.partition(": ")[2]))
    assert "答案是 D. 通宵熬夜" == sent(folder, "own.jsonl")[39][2][1]


@pytest.mark.sweep
def test_what_a_command_reads_the_wizard_does_not_ask_about(command: Command, folder: Path) -> None:
    """Questions that lie in ``metadata`` are converted by ``convert`` and planned without an answer to give, to the same messages."""
    rows = [{"input": f"prompt {n}", "reference": "ABCD"[n % 4], "metadata": question(n)} for n in range(40)]
    source = jsonl(folder / "own.jsonl", rows)
    assert 0 == command("convert", source, "out.jsonl").returncode
    planned(command, "--set", f"dataset.source={source}")
    by_command = [
        json.loads(raw)["messages"] for raw in (folder / "out.jsonl").read_text("utf-8").splitlines()
    ]
    assert [[(turn["role"], turn["content"]) for turn in turns] for turns in by_command] == sent(
        folder, "own.jsonl"
    )


def test_named_columns_are_completed_by_names(command: Command, folder: Path) -> None:
    """``--columns`` that name question and answer leave the options to their names; a passage stands before the question; no column is two things."""
    table(folder / "own.csv", UNTOLD["the question"])
    named: tuple[str, ...] = ("--columns", "question=考核", "--columns", "answer=答案")
    assert 0 == command("convert", "own.csv", "out.jsonl", *named).returncode
    assert "答案是 D. 通宵熬夜" in (folder / "out.jsonl").read_text("utf-8").splitlines()[39]
    jsonl(
        folder / "ctx.jsonl",
        [{"ctx": f"第{n}诊室八点开门。", "q": "几点开门？", "a": "八点。"} for n in range(3)],
    )
    passage = ("--columns", "passage=ctx", "--columns", "question=q", "--columns", "answer=a")
    assert 0 == command("convert", "ctx.jsonl", "out.jsonl", *passage).returncode
    assert "第0诊室八点开门。\\n\\n几点开门？" in (folder / "out.jsonl").read_text("utf-8")
    twice = command(
        "convert", "own.csv", "out.jsonl", "--columns", "question=答案", "--columns", "answer=答案"
    )
    assert (2, True) == (twice.returncode, "答案" in twice.stderr)


def test_one_column_is_not_two(command: Command, folder: Path) -> None:
    """A table of unknown names whose separator is none of CSV has one column, never question and answer both: refused by that sign."""
    (folder / "own.csv").write_text("词条，说明\n" + "第1问：感冒怎么办？，多休息。\n" * 40, "utf-8")
    done = command("run", "--sandbox", "--yes", "--set", "dataset.source=own.csv")
    assert (2, True) == (done.returncode, "“，”" in done.stderr)


@pytest.mark.sweep
def test_a_first_row_that_may_be_data_is_asked_about(command: Command, folder: Path) -> None:
    """A table without a header loses no row: a script is asked, exit 3, with the row; answered, the first row is trained."""
    rows = [f"第{n}问：感冒怎么办？,多休息{n}。" for n in range(40)]
    (folder / "own.csv").write_text("\n".join(rows) + "\n", "utf-8")
    source = ("--set", "dataset.source=own.csv")
    told = missing(command("plan", "--sandbox", "--yes", *source))
    assert "第0问：感冒怎么办？ | 多休息0。" in told
    assert "--set dataset.header=no" in told
    told = missing(command("plan", "--sandbox", "--yes", *source, "--set", "dataset.header=no"))
    (would_do,) = [line for line in told.splitlines() if "would do" in line]
    words = shlex.split(would_do.partition(": ")[2])
    plan = planned(command, *source, "--set", "dataset.header=no", *words)
    assert "a row like the others" == line(plan, "dataset.header")
    assert [("user", "第0问：感冒怎么办？"), ("assistant", "多休息0。")] == sent(folder, "own.jsonl")[0]
    assert 40 == len(sent(folder, "own.jsonl"))


def test_convert_and_check_refuse_a_doubtful_header(command: Command, folder: Path) -> None:
    """``convert`` and ``check`` say that the first row may be data and how to tell them; told, they read it."""
    (folder / "own.csv").write_text("何为发热？,体温升高。\n何为咳嗽？,一种反射。\n", "utf-8")
    for words in (("convert", "own.csv", "out.jsonl"), ("check", "own.csv", "--no-stats")):
        done = command(*words)
        assert (1, True) == (done.returncode, "--columns header=no" in done.stdout + done.stderr), words
    named = ("--columns", "header=no", "--columns", "question=column 1", "--columns", "answer=column 2")
    assert 0 == command("convert", "own.csv", "out.jsonl", *named).returncode
    assert 2 == len((folder / "out.jsonl").read_text("utf-8").splitlines())


@pytest.mark.sweep
def test_each_option_is_asked_for(folder: Path) -> None:
    """A person whose columns say nothing tells each one, also of every option; Enter takes nothing where the guess isn't clear."""
    rows = [
        f"第{n}题：怎么做？第{n}题,甲{n}号办法啊,乙{n}号办法啊,丙{n}号办法啊,{'ABC'[n % 3]}"
        for n in range(40)
    ]
    (folder / "own.csv").write_text("\n".join(["一,二二,三三,四四,五五", *rows]) + "\n", "utf-8")
    with Terminal(
        ["--sandbox", "--set", "dataset.source=own.csv", "--set", "dataset.header=yes"], folder, rows=50
    ) as terminal:
        terminal.answer("Which column has what the user asks", "enter")
        terminal.answer("Which column has the answer", "enter")
        terminal.answer("Which column has the options", "up", "up", "enter")
        terminal.answer("Which column has option A", "down", "enter")
        terminal.answer("Which column has option B", "down", "enter")
        terminal.answer("Which column has option C", "down", "enter")
        terminal.answer("checked against", "enter")
        terminal.answer("Does this look right", "enter")
        terminal.answer("about these rows", "enter")
        terminal.answer("Which model", "ctrl-c")
        assert 130 == terminal.end()
    assert "答案是 C. 丙2号办法啊" == sent(folder, "own.jsonl")[2][2][1]


# Answers without effect, and answers that can't be


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("rows", "words", "said"),
    [
        ([chat(n, "你是甲。") for n in range(40)], [f"preview.system_prompt={CLERK}"], "preview.system_prompt: every row has"),
        ([{"text": f"第{n}段。"} for n in range(40)], [f"preview.system_prompt={CLERK}"], "preview.system_prompt: these rows"),
        ([chat(n) for n in range(40)], ["training.type=sft", "training.lora_rank=8"], "training.lora_rank"),
        ([chat(n) for n in range(40)], ["dataset.file=rows.jsonl"], "dataset.file"),
        ([chat(n) for n in range(40)], ["preview.language=en"], "preview.language"),
        ([chat(n) for n in range(40)], ["dataset.header=no"], "dataset.header: this file is no table"),
    ],
    ids=["own prompts", "texts", "full training", "one file", "chats", "no table"],
)  # fmt: skip
def test_an_answer_without_effect_is_an_error(
    command: Command, folder: Path, rows: Any, words: Sequence[str], said: str
) -> None:
    """``--set`` of what changes nothing for these rows ends ``plan`` with 2 and says so; without it the same goes on."""
    source = ("--set", f"dataset.source={jsonl(folder / 'rows.jsonl', rows)}")
    pairs = [word for pair in words for word in ("--set", pair)]
    done = command("plan", "--sandbox", "--yes", *source, *pairs)
    assert (2, True) == (done.returncode, said in done.stderr), done.stderr
    planned(command, *source)


def test_a_model_that_is_not_is_said_at_the_start(command: Command, folder: Path) -> None:
    """A value that no data could make right ends a script before the first step, with what may have been meant; nothing was converted."""
    done = command("plan", "--sandbox", "--yes", "--set", "training.model=qwen2.5-7b")
    assert (2, True) == (done.returncode, "Did you mean qwen2.5-7b-instruct?" in done.stderr)
    assert not (folder / "datasets" / "MedQA_BaiLian").exists()
    for bad in (
        "training.learning_rate=fast",
        "training.job_name=a/b",
        "preview.part_size=1",
        "key.region=mars",
    ):
        assert 2 == command("plan", "--sandbox", "--yes", "--set", bad).returncode, bad
    assert not (folder / "datasets" / "MedQA_BaiLian").exists()


@pytest.mark.sweep
def test_a_preset_that_can_not_be_is_asked(folder: Path) -> None:
    """A person is told at the start that the model of an old line is none, and asked for one in its step."""
    old = "dashscope fine_tunes.call -m qwen-turbo-retired -t id --mode efficient_sft"
    with Terminal(["from-command", old, "--sandbox"], folder) as terminal:
        first = terminal.expect("Where is your data")
        assert "qwen-turbo-retired is not one of" in first
        terminal.settle()
        terminal.press("enter")
        for question in ("Which set", "checked against", "Does this look right", "about these rows"):
            terminal.answer(question, "enter")
        terminal.answer("Which model", "ctrl-c")
        assert 130 == terminal.end()


@pytest.mark.parametrize("words", [("plan", "--yes"), ("jobs",)], ids=["plan", "jobs"])
def test_an_unknown_region_is_an_error(command: Command, folder: Path, words: Sequence[str]) -> None:
    """A region that there isn't, in the environment or .env, is named with those that there are, and ends with 2."""
    done = command(*words, "--sandbox", env={"DASHSCOPE_REGION": "mars"})
    assert (2, True) == (done.returncode, "mars" in done.stderr and "cn-beijing" in done.stderr)
    (folder / ".env").write_text("DASHSCOPE_REGION=venus\n", "utf-8")
    assert (2, True) == ((done := command(*words, "--sandbox")).returncode, "venus" in done.stderr)


def test_given_answers_outlive_ctrl_c(command: Command, folder: Path) -> None:
    """What was given with ``--set`` and not used yet when a person leaves is in the plan of the next start, from where it came."""
    with Terminal(
        ["--sandbox", "--set", "training.n_epochs=7", "--set", f"preview.system_prompt={CLERK}"], folder
    ) as terminal:
        terminal.answer("Where is your data", "enter")
        terminal.answer("Which set", "ctrl-c")
        terminal.expect("Everything is saved")
        assert 130 == terminal.end()
    plan = planned(command)
    assert (7, CLERK) == (
        next(item["value"] for item in plan["plan"] if item["key"] == "training.n_epochs"),
        line(plan, "system_prompt"),
    )
    assert "flag" == session_of(folder)["facts"]["training.n_epochs"]["source"]


@pytest.mark.sweep
def test_the_preview_offers_other_words(folder: Path) -> None:
    """Beside the medical prompt the preview offers a neutral one to edit, and English words where no question is Chinese."""
    rows = [question(n, "Question {}: what helps?", "rest run drink read") for n in range(40)]
    jsonl(folder / "own.jsonl", rows)
    with Terminal(
        ["--sandbox", "--lang", "en", "--set", "dataset.source=own.jsonl"], folder, rows=60
    ) as terminal:
        terminal.answer("checked against", "enter")
        shown = terminal.expect("Does this look right")
        assert SYSTEM_PROMPT[:8] in shown
        terminal.settle()
        terminal.press("down", "down", "down")
        terminal.expect("none of the first 40 questions has a Chinese character")
        terminal.settle()
        terminal.press("enter")
        terminal.answer("In which language", "enter")
        terminal.expect(r"The answer is A\. rest")
        terminal.answer("Does this look right", "down", "down", "enter")
        terminal.answer("begin with", " Be kind.", "enter")
        terminal.answer("Does this look right", "enter")
        terminal.answer("about these rows", "enter")
        terminal.answer("Which model", "ctrl-c")
        assert 130 == terminal.end()
    system, _user, assistant = sent(folder, "own.jsonl")[0]
    assert NEUTRAL_PROMPTS["en"] + " Be kind." == system[1]
    assert "The answer is A. rest" == assistant[1]
