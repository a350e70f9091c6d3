"""Rows that lie inside one object, where a row was expected: seen by the shape of what is in it, and told how to lay them out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from wizard.data.findings import Finding, Rule, quoted
from wizard.data.record import Where
from wizard.data.shapes.plan import plain_name, plan
from wizard.data.shapes.roles import ASSISTANT, USER, role_named
from wizard.data.shapes.turns import is_chat, is_turns
from wizard.locale import N_, _

ROWS_INSIDE = Rule(
    "ROWS_INSIDE",
    "error",
    N_("This is not one row, but several in one object: {how}."),
    N_("Write each row as an object of its own, one a line. {line}"),
    why=N_("Which texts belong to one question is sure only where each row stands by itself."),
    bad='{"first": {"question": "2 + 3 = ?", "answer": "5"}, "second": {"question": "2 + 4 = ?", "answer": "6"}}',
    good='{"question": "2 + 3 = ?", "answer": "5"}\n{"question": "2 + 4 = ?", "answer": "6"}',
)

_LEAST = 2
_TALK = re.compile("dialog|conversation|chat|talk|turns|messages|对话|会话|聊天|咨询")
_PANDAS = (
    "python -c \"import pandas; pandas.read_json('IN.json', orient='index', dtype=False)"
    ".to_json('OUT.jsonl', orient='records', lines=True, force_ascii=False)\""
)


def rows_inside(row: Mapping[str, Any], where: Where) -> Finding | None:
    """What ``row`` is, where it holds several rows; None where it may be one."""
    values = list(row.values())
    if len(values) >= _LEAST and all(type(value) is dict and value and _known(value) for value in values):
        how = _("a row under each name, such as “{name}”").format(name=quoted(next(iter(row))))
        return ROWS_INSIDE.at(where, how=how, line=_PANDAS)
    asked = row.get("questions", row.get("question"))
    if type(asked) is list and len(asked) > 1 and all(type(one) is str for one in asked):
        alike = [name for name, value in row.items() if type(value) is list and len(value) == len(asked)]
        if len(alike) >= _LEAST:
            return ROWS_INSIDE.at(
                where,
                how=_("lists of as many {names}").format(names=quoted(", ".join(alike))),
                line='{"question": …, "options": …, "answer": …}',
            )
    if name := _list_of_rows(row):
        return ROWS_INSIDE.at(
            where,
            how=_("a list of rows under “{name}”").format(name=quoted(name)),
            line='{"question": …, "options": …, "answer": …}',
        )
    return None


def _list_of_rows(row: Mapping[str, Any]) -> str:
    """The names that lead to a list of rows: such as those of a passage, and these in the list of passages; else ""."""
    for name, value in row.items():
        if is_dialogue(name, value) or type(value) is not list or not value:
            continue
        if all(type(one) is dict for one in value):
            if all(map(_known, value)):
                return name
            if deeper := _list_of_rows(value[0]):
                return f"{name}.{deeper}"
    return ""


def is_dialogue(name: str, value: object) -> bool:
    """Whether a field holds one chat: its name says so, or the names of who speaks; questions and answers may be rows."""
    if not isinstance(value, list) or not is_chat(value):
        return False
    if _TALK.search(plain_name(name)) or is_turns(value):
        return True
    # Pairs are exchanges only where a name says so: the rows of a table are pairs, too, and so are numbers of a place.
    return not any(isinstance(one, list) for one in value) and all(
        {USER, ASSISTANT} <= set(map(role_named, one)) for one in value if isinstance(one, dict)
    )


def _known(row: Mapping[str, Any]) -> bool:
    """Whether the names of a row say what it is: enough to be a question, or a chat."""
    found = plan(tuple(row))
    if found.shape == "choice":
        return {"question", "answer"} <= found.meanings.keys()
    return found.shape not in ("", "text")
