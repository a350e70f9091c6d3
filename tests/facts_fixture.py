"""Facts as a walk leaves them before the review, for tests of single steps; nothing of them was converted or asked of a platform."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from wizard import flow
from wizard.engine.session import Session
from wizard.engine.step import Facts, Field, Source, Step
from wizard.steps.world import World

OWN = "own.jsonl"
KEY = "sk-canary0facts0123456789"
BOOK = "book.xlsx"
"""A workbook whose first sheet has no rows."""


def file_of(role: str, name: str, rows: int = 100) -> dict[str, Any]:
    """An entry of ``preview.files``."""
    return {
        "role": role, "path": f"out/{name}.jsonl", "rows": rows, "size": 4_000, "md5": f"md5 of {name}",
        "sha256": f"sha256 of {name}",
    }  # fmt: skip


def statistics_of(
    role: str = "train",
    lengths: Mapping[int, int] | None = None,
    *,
    kind: str = "chat",
    rows: int = 0,
    sampled: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """An entry of ``preview.statistics``; ``lengths``: tokens to how many rows have so many."""
    counted = {100: 60, 200: 40} if lengths is None else lengths
    total = rows or sum(counted.values())
    put = 0 if kind == "text" else total
    return {
        "role": role, "source": OWN, "rows": total, "left_out": 0, "characters": 9_000,
        "kind": kind, "lengths": [list(one) for one in sorted(counted.items())], "sampled": sampled,
        "systems": {"put": put, "own": 0, "none": total - put, "texts": [], "questions": 0},
    }  # fmt: skip


def known(*steps: Step, **changed: Any) -> Facts:
    """What is known before the review, with ``changed`` (``__`` for a dot); the rest as ``steps`` offer it by default."""
    values: dict[str, Any] = {
        "dataset.source": OWN,
        "dataset.file": "-",
        "dataset.validation": "split",
        "dataset.files": [
            {"role": "train", "path": OWN, "output": OWN, "size": 9, "modified_ns": 9, "columns": {}}
        ],
        "preview.system_prompt": "Answer.",
        "preview.output": "out",
        "preview.on_error": "stop",
        "preview.part_size": 300,
        "preview.files": [file_of("train", "own")],
        "preview.statistics": [statistics_of()],
        "key.region": "cn-beijing",
        "key.workspace": "ws-canary",
        "key.save": True,
        "key.proof": {
            "where": "environment", "shown": "sk-…nary", "fingerprint": "f1", "endpoint": "https://canary.invalid",
        },
        "training.estimate": {
            "rows": 100, "rows_dropped": 0, "tokens": 14_000, "tokens_approximate": False, "rows_counted": 100,
            "low": "0.25", "high": "3.69", "currency": "CNY", "price": "0.006", "price_date": "autumn 2026",
            "price_source": "a list", "formula_low": "a", "formula_high": "b", "reason": "c",
        },
    }  # fmt: skip
    values |= {key.replace("__", "."): value for key, value in changed.items()}
    facts = Facts({key: value for key, value in values.items() if value is not MISSING})
    for step in steps:
        if step.id == "training":
            for field in step.fields(facts):
                facts.setdefault(field.key, None if field.default is None else field.accept(field.default))
    return facts


MISSING = object()
"""In place of a value: there is no such fact."""


@contextmanager
def world_in(
    folder: Path, environ: Mapping[str, str] | None = None, *, sandbox: bool = False
) -> Iterator[World]:
    """A world in ``folder``, where a file of rows lies, with the steps known to it; nothing is asked of any platform."""
    row = {"question": "1 + 1?", "answer": "2"}
    (folder / OWN).write_text(f"{json.dumps(row)}\n" * 20, "utf-8")
    world = World(folder, environ or {"DASHSCOPE_API_KEY": KEY}, sandbox=sandbox)
    flow.steps(world)
    try:
        with Session.open(world.state) as session:
            world.session_id = session.id
            yield world
    finally:
        world.close()


def book_in(folder: Path) -> None:
    """Write BOOK: two sheets to choose from."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for name in ("one", "two"):
        sheet = book.create_sheet(name)
        for row in (("question", "answer"), *((f"{number} + 1?", number) for number in range(20))):
            sheet.append(row)
    book.save(folder / BOOK)


def step_of(world: World, name: str) -> Step:
    """The step with the id ``name``."""
    return next(step for step in world.steps if step.id == name)


def fields_of(world: World, facts: Facts) -> dict[str, Field]:
    """Every question that these facts ask, by key."""
    return {field.key: field for step in world.steps for field in step.fields(facts)}


def asked(facts: Facts, *keys: str, source: Source = "asked") -> Facts:
    """The same facts, those with ``keys`` given by a person."""
    return Facts(facts, {key: source if key in keys else "default" for key in facts})
