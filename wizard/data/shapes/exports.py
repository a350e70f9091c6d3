"""Rows in which the chat lies deeper: what ChatGPT, Claude, Gemini, Argilla, LangSmith and UltraChat write, laid out flat.

A list of turns keeps the name that the row gives it. Told by the names of a row's fields and by what is in them; a row of another kind comes back as None. What is left over keeps
its place as its name (``metadata.source``), so that it is told as not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wizard.data.findings import Finding, Rule
from wizard.data.record import Where
from wizard.data.shapes.inside import is_dialogue
from wizard.data.shapes.options import literal
from wizard.data.shapes.plan import Given
from wizard.locale import N_

EXPORT_UNREAD = Rule(
    "EXPORT_UNREAD",
    "error",
    N_("The row is an export of {program}, of a kind that is not read."),
    N_("Export it as CSV or as JSON with one field for the question and one for the answer."),
    why=N_(
        "Such exports hold the labels of several people and several kinds. Which of them is the answer can't be told without doubt."
    ),
    bad='{"id": 1, "data": {"text": "2 + 3 = ?"}, "annotations": [{"result": [{"type": "choices", "value": {"choices": ["5"]}}]}]}',
    good='{"question": "2 + 3 = ?", "answer": "5"}',
)

Row = dict[str, Any]


def flat(row: Mapping[str, Any]) -> tuple[Row, Given] | None:
    """``row`` with its chat or question on top, and which field holds the turns; None where it is none of those that are known."""
    for names, turns, lay in _KNOWN:
        if names <= row.keys() and (found := lay(row)) is not None:
            return found, ((("conversations", turns),) if turns else ())
    chats = [name for name, value in row.items() if _holds_a_chat(name, value)]
    return (dict(row), (("conversations", chats[0]),)) if len(chats) == 1 else None


def unread(row: Mapping[str, Any], where: Where) -> Finding | None:
    """What is said of an export that is known and can't be read."""
    if {"data", "annotations"} <= row.keys() or {"data", "predictions"} <= row.keys():
        return EXPORT_UNREAD.at(where, program="Label Studio")
    if {"fields", "responses"} <= row.keys():
        return EXPORT_UNREAD.at(where, program="Argilla")
    return EXPORT_UNREAD.at(where, program="ChatGPT") if {"mapping", "current_node"} <= row.keys() else None


def _holds_a_chat(name: str, value: object) -> bool:
    return is_dialogue(name, literal(value) if type(value) is str else value)


def _rest(row: Mapping[str, Any], *used: str) -> Row:
    return {name: value for name, value in row.items() if name not in used}


def _under(name: str, inside: Mapping[str, Any]) -> Row:
    return {f"{name}.{key}": value for key, value in inside.items()}


def _chatgpt(row: Mapping[str, Any]) -> Row | None:
    """The branch of a conversation that was shown last."""
    mapping, at = row["mapping"], row["current_node"]
    if type(mapping) is not dict:
        return None
    turns: list[Row] = []
    seen = set()
    while type(node := mapping.get(at)) is dict and at not in seen:
        seen.add(at)
        turn = node.get("message")
        if type(turn) is dict and _shown(turn):
            turns.insert(0, {"author": turn.get("author"), "content": turn.get("content")})
        at = node.get("parent")
    made = {"mapping": turns} | _rest(row, "mapping", "current_node")
    others = [node["message"] for name, node in mapping.items() if name not in seen and node.get("message")]
    return made | ({"mapping.message": others} if others else {})


def _shown(turn: Row) -> bool:
    """Whether a message was shown: the first one of ChatGPT's is an empty one of the system."""
    content = turn.get("content")
    hidden = (turn.get("metadata") or {}).get("is_visually_hidden_from_conversation")
    return not hidden and not (type(content) is dict and content.get("parts") in ([], [""]))


def _gemini(row: Mapping[str, Any]) -> Row | None:
    system = row.get("systemInstruction", row.get("system_instruction"))
    parts = system.get("parts") if type(system) is dict else None
    words = (
        [part.get("text") if type(part) is dict else part for part in parts] if type(parts) is list else []
    )
    if system is not None and not (words and all(type(one) is str for one in words)):
        return None
    made = _rest(row, "systemInstruction", "system_instruction")
    return {"system": "".join(map(str, words))} | made if words else made


def _argilla(row: Mapping[str, Any]) -> Row | None:
    """One person's answers beside the fields that they were asked about."""
    answers = [
        one for one in row["responses"] or () if type(one) is dict and one.get("status") != "discarded"
    ]
    if type(row["fields"]) is not dict or len(answers) != 1 or type(answers[0].get("values")) is not dict:
        return None
    values = {
        name: one.get("value") if type(one) is dict else one for name, one in answers[0]["values"].items()
    }
    if row["fields"].keys() & values.keys():
        return None
    return {
        **row["fields"],
        **values,
        **_under("responses", _rest(answers[0], "values")),
        **_rest(row, "fields", "responses"),
    }


def _langsmith(row: Mapping[str, Any]) -> Row | None:
    inside = (row["inputs"], row["outputs"])
    if not all(type(one) is dict for one in inside) or inside[0].keys() & inside[1].keys():
        return None
    return {**inside[0], **inside[1], **_rest(row, "inputs", "outputs")}


def _ultrachat(row: Mapping[str, Any]) -> Row | None:
    """``data``: texts by turns, the user's first, each perhaps with who speaks in front."""
    texts = row["data"]
    if is_dialogue("data", texts):
        return dict(row)
    if type(texts) is not list or not texts or len(texts) % 2 or not all(type(one) is str for one in texts):
        return None
    turns = [{"role": ("user", "assistant")[at % 2], "content": text} for at, text in enumerate(texts)]
    return dict(row) | {"data": turns}


_KNOWN: tuple[tuple[frozenset[str], str, Callable[[Mapping[str, Any]], Row | None]], ...] = (
    (frozenset({"mapping", "current_node"}), "mapping", _chatgpt),
    (frozenset({"chat_messages"}), "chat_messages", dict),
    (frozenset({"contents"}), "contents", _gemini),
    (frozenset({"fields", "responses"}), "", _argilla),
    (frozenset({"inputs", "outputs"}), "", _langsmith),
    (frozenset({"data"}), "data", _ultrachat),
)
"""The fields by which a row is known, the one that holds its turns, and how it is laid out."""
