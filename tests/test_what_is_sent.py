"""The plan is made from what is sent: each answer shows in the rows that go, or is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import Command

from wizard.data.convert import SYSTEM_PROMPT

CLERK = "You are a helpful clerk"
NEUTRAL_BEGINNING = "你是一个专业的助手"


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
    return json.loads(done.stdout)


def line(plan: Any, key: str) -> Any:
    """One line of a plan, as a person reads it; None where there is none."""
    return next((item["shown"] for item in plan["plan"] if item["key"] == key), None)


def sent(folder: Path, name: str) -> list[list[tuple[str, str]]]:
    """(role, content) of the messages of each row that goes."""
    path = folder / "datasets" / "BaiLian" / name
    rows = [json.loads(raw) for raw in path.read_text("utf-8").splitlines()]
    return [[(turn["role"], turn["content"]) for turn in row["messages"]] for row in rows]


# The system prompt and the words around a question


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


def test_the_words_around_a_question(command: Command, folder: Path) -> None:
    """The Chinese words of the toolkit are the default and a line of the plan; ``preview.language=en`` puts English ones around each question."""
    rows = [question(number, "Question {}: what helps?", "rest run drink read") for number in range(40)]
    source = f"dataset.source={jsonl(folder / 'own.jsonl', rows)}"
    chinese = planned(command, "--set", source)
    assert "选项： A. … 答案是 A. …" == line(chinese, "preview.language")
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
    assert {"file": "out.jsonl", "line": 1} == json.loads(why.stdout)["output"]
