"""Owns the rows that the collection of faulty files is made of: good ones, and ways to spoil them."""

from __future__ import annotations

import json
from typing import Any

SYSTEM = "你是一个专业的医学助手。"


def dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def turn(role: object, content: object, **more: object) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def chat(number: int = 0, **more: object) -> dict[str, Any]:
    """A good chat, each number with a question of its own."""
    turns = [
        turn("system", SYSTEM),
        turn("user", f"第{number}号问题：正常成人的体温是多少？"),
        turn("assistant", f"约为36.5℃，记录{number}。"),
    ]
    return {"messages": turns, **more}


def talk(*turns: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"messages": list(turns), **more}


def asked(stem: str, options: str, answer: str) -> dict[str, Any]:
    """A chat in the wizard's own wording; ``options`` are separated by bars."""
    lines = "\n".join(
        f"{label}. {text}" for label, text in zip("ABCDEFGHIJ", options.split("|"), strict=False)
    )
    return talk(
        turn("system", SYSTEM),
        turn("user", f"{stem}\n\n选项：\n{lines}"),
        turn("assistant", f"答案是 {answer}"),
    )


def choice(number: int = 0, **changes: object) -> dict[str, Any]:
    """A good question in MedQA's shape; a change to ``...`` takes the field away."""
    letter = "ABCD"[number % 4]
    options = {label: f"第{number}题的选项{label}" for label in "ABCD"}
    row = {
        "question": f"第{number}号病人最可能的诊断是（　　）。",
        "options": options,
        "answer": options[letter],
        "meta_info": "内科",
        "answer_idx": letter,
    } | changes
    return {key: value for key, value in row.items() if value is not ...}


def third(row: object, good: Any = chat) -> bytes:
    """Five lines of JSON, of which the third is ``row`` (an object, or a line's bytes)."""
    raw = row if isinstance(row, bytes) else dumped(row)
    return b"\n".join([dumped(good(1)), dumped(good(2)), raw, dumped(good(4)), dumped(good(5))]) + b"\n"


def lines(*rows: object) -> bytes:
    """A file of these rows, each an object or a line's bytes."""
    return b"".join((row if isinstance(row, bytes) else dumped(row)) + b"\n" for row in rows)
