"""The turns of a chat, in whatever way they are written: who speaks, what is said, and what can't be sent of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from wizard.data.findings import Finding, Rule, quoted
from wizard.data.record import Message, Where, trim
from wizard.data.shapes.fields import NUL, WRONG_TYPE, kind
from wizard.data.shapes.options import literal
from wizard.data.shapes.plan import plain_name
from wizard.data.shapes.roles import (
    ASKED,
    ASSISTANT,
    CALLS,
    MEDIA,
    REPLIED,
    SPEAKER,
    SYSTEM,
    THINKING,
    TOOL,
    USER,
    WORDS,
    labelled,
    role_named,
    transcript,
)
from wizard.locale import N_

NO_MESSAGES = Rule(
    "NO_MESSAGES",
    "error",
    N_("“messages” is empty."),
    N_("Correct the row, or leave it out."),
    why=N_("A chat without messages teaches nothing, and the platform's own command line refuses it."),
    bad='{"messages": []}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}',
)
UNKNOWN_ROLE = Rule(
    "UNKNOWN_ROLE",
    "error",
    N_("The role of message {number} is “{role}”."),
    N_("The platform knows system, user and assistant."),
    why=N_(
        "The roles tell the model what it is asked and what it should say. The platform knows three, and its own command line refuses a row with another."
    ),
    bad='{"messages": [{"role": "narrator", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}',
)
EMPTY_CONTENT = Rule(
    "EMPTY_CONTENT",
    "error",
    N_("Message {number} ({role}) has no text."),
    N_("Correct the row, or leave it out."),
    why=N_("An empty question asks nothing, and from an empty answer the model would learn to say nothing."),
    bad='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": ""}]}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}',
)
TOOL_TURN = Rule(
    "TOOL_TURN",
    "error",
    N_("Turn {number} is a call of a tool or its result (“{name}”)."),
    N_("Rows with calls of tools can't be converted; leave them out."),
    why=N_(
        "The wizard trains with texts only. Without its tools such a chat would teach answers that come from nowhere."
    ),
    bad='{"conversations": [{"from": "human", "value": "2 + 3 = ?"}, {"from": "function_call", "value": "add(2, 3)"}, {"from": "observation", "value": "5"}, {"from": "gpt", "value": "5"}]}',
    good='{"conversations": [{"from": "human", "value": "2 + 3 = ?"}, {"from": "gpt", "value": "5"}]}',
)
MEDIA_TURN = Rule(
    "MEDIA_TURN",
    "error",
    N_("Turn {number} holds a picture, a sound, a video or a file (“{name}”), which can't be sent."),
    N_("Leave the row out, or say in words what is to be seen or heard."),
    why=N_(
        "The wizard trains with texts only. Without the picture the question can't be answered, and the model would learn to guess."
    ),
    bad='{"messages": [{"role": "user", "content": [{"text": "2 + 3 = ?"}, {"image": "sum.jpg"}]}, {"role": "assistant", "content": "5"}]}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}',
)
LOSS_WEIGHT = Rule(
    "LOSS_WEIGHT",
    "error",
    N_("“{field}” of message {number} is {value}, but must be a number from 0 to 1."),
    N_("Correct the row, or leave it out."),
    why=N_(
        "It says how much the model learns from this answer: 1 as from any other, 0 nothing. The platform documents no other values."
    ),
    bad='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5", "loss_weight": 5}]}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5", "loss_weight": 0.5}]}',
)

PLATFORM = (SYSTEM, USER, ASSISTANT)
"""The roles that the platform knows."""
THINK, THOUGHT = "<think>\n", "\n</think>\n\n"
"""Around what the assistant thinks, with the line ends that must be there (D-guide, 2.1)."""
_PAIR = 2
_WEIGHT = "loss_weight"


class Spoken(NamedTuple):
    """A turn as it was read: ``thought`` is what the assistant thought before it spoke, ``unsent`` the fields left over."""

    message: Message
    thought: str
    unsent: tuple[str, ...]


def is_turns(value: object) -> bool:
    """Whether a value is a list of turns, or one turn: each says who speaks, by a word that is known."""
    turns = value if isinstance(value, list) else [value]
    return bool(turns) and all(isinstance(turn, dict) and _speaks(turn) for turn in turns)


def is_chat(value: object) -> bool:
    """Whether a value is a list of turns or exchanges, or of texts that each begin with who speaks."""
    if not isinstance(value, list):
        return False
    given = _as_turns(value)
    if given is None and not is_turns(value):
        return False
    return any(role_named(_speaker(turn, _keys(tuple(turn)))[0]) in PLATFORM for turn in given or value)


def listed(
    turns: object, field: str, where: Where, faults: list[Finding], extra: list[str], *, some: bool = False
) -> list[Message]:
    """The messages of a list of turns; ``extra`` gets what is not sent of them. ``some``: none at all are no fault."""
    turns = _written(turns)
    if some and not turns:
        return []
    if type(turns) is not list:
        faults.append(WRONG_TYPE.at(where, field=field, found=kind(turns), wanted=kind([])))
        return []
    if not turns:
        faults.append(NO_MESSAGES.at(where))
    made: list[Spoken] = []
    wrong: list[Finding] = []
    for number, turn in enumerate(_as_turns(turns) or turns, 1):
        if _thinks_only(turn):
            extra.append(f"{field}.reasoning")
            continue
        one = spoken(turn, number, field, where)
        if isinstance(one, Finding):
            wrong.append(one)
        else:
            made.append(one)
            extra += [f"{field}.{name}" for name in one.unsent]
    # A row with calls of tools can't be converted, whatever else is wrong with it.
    faults += [found for found in wrong if found.code == TOOL_TURN.code][:1] or wrong
    messages = [one.message for one in made]
    if made:
        messages[-1] = thinking(made[-1], field, extra)
        if any(one.thought for one in made[:-1]):
            extra.append(f"{field}.reasoning_content")  # only the last answer may think
    return messages


def thinking(one: Spoken, field: str, extra: list[str]) -> Message:
    """The last message of a chat, with what the assistant thought in front of what it says."""
    if not one.thought:
        return one.message
    if one.message.role != ASSISTANT or "<think>" in one.message.content:
        extra.append(f"{field}.reasoning_content")
        return one.message
    words = f"{THINK}{one.thought}{THOUGHT}{one.message.content}"
    return Message(ASSISTANT, words, one.message.loss_weight)


def spoken(turn: object, number: int, field: str, where: Where) -> Spoken | Finding:
    """What the ``number``th turn of a chat says (counted from 1), or what is wrong with it."""
    if not isinstance(turn, dict):
        return WRONG_TYPE.at(where, field=f"{field}[{number}]", found=kind(turn), wanted=kind({}))
    if len(turn) == _PAIR and turn.get("role") in PLATFORM:
        content = turn.get("content")
        if type(content) is str and trim(content) and "\0" not in content:
            return Spoken(Message(turn["role"], content), "", ())
    given: dict[str, Any] = turn
    if type(turn.get("data")) is dict and "content" in turn["data"]:  # LangChain
        given = {name: value for name, value in turn.items() if name != "data"} | turn["data"]
    keys = _keys(tuple(given))
    for rule, names in ((TOOL_TURN, keys.calls), (MEDIA_TURN, keys.media)):
        for name in names:
            if given[name]:
                return rule.at(where, number=number, name=quoted(name))
    word, speaker = _speaker(given, keys)
    role = role_named(word)
    if role == TOOL:
        return TOOL_TURN.at(where, number=number, name=quoted(word))
    if not role:
        return UNKNOWN_ROLE.at(where, number=number, role="" if word is None else quoted(word))
    return _said(given, keys, _Place(role, speaker, number, field, where))


class _Place(NamedTuple):
    """Of a turn: its role and the field that says it, its number in the list, and where the list stands."""

    role: str
    speaker: str
    number: int
    field: str
    where: Where


def _said(turn: dict[str, Any], keys: _Keys, place: _Place) -> Spoken | Finding:
    """What a turn says whose speaker is known, or what is wrong with it."""
    role, speaker, number, field, where = place
    alone = (speaker,) if len(turn) == 1 and role_named(speaker) else ()  # {"user": "…"}
    words = next((name for name in (*keys.words, *alone) if turn[name] not in (None, "", [])), "")
    parts = _parts(turn.get(words))
    if parts is None:
        at = f"{field}[{number}].{words}"
        return WRONG_TYPE.at(where, field=at, found=kind(turn[words]), wanted=kind(""))
    if isinstance(parts, _Other):
        return parts.rule.at(where, number=number, name=quoted(parts.name))
    if not trim(parts.said):
        return EMPTY_CONTENT.at(where, number=number, role=role)
    if "\0" in parts.said:
        return NUL.at(where, field=f"{field}[{number}].{words}")
    known = {words, speaker}
    thought, weight = parts.thought, None
    if role == ASSISTANT:
        known |= {name for name in keys.thinking if type(turn[name]) is str}
        thought = thought or next((turn[name] for name in keys.thinking if type(turn[name]) is str), "")
        for name in [name for name in keys.weights if turn[name] is not None][:1]:
            known.add(name)
            weight = _weight(turn[name])
            if weight is None:
                return LOSS_WEIGHT.at(where, field=name, number=number, value=quoted(turn[name]))
            weight = (
                None if name != _WEIGHT and weight == 1 else weight
            )  # OpenAI's "weight": 1 holds without it
    unsent = [
        name
        for name, value in turn.items()
        if name not in known
        and value not in (None, "", [], {})
        and not (name in keys.words and getattr(_parts(value), "said", None) == parts.said)
    ]
    return Spoken(Message(role, parts.said, weight), trim(thought), tuple(unsent))


class _Keys(NamedTuple):
    """What the fields of a turn are, in the order in which they are looked at."""

    speaker: tuple[str, ...]
    words: tuple[str, ...]
    thinking: tuple[str, ...]
    calls: tuple[str, ...]
    media: tuple[str, ...]
    weights: tuple[str, ...]


@lru_cache(maxsize=512)
def _keys(names: tuple[str, ...]) -> _Keys:
    plain = {plain_name(name): name for name in reversed(names)}

    def those(wanted: tuple[str, ...]) -> tuple[str, ...]:
        return tuple([plain[name] for name in wanted if name in plain])

    weights = tuple([name for name in (_WEIGHT, "weight") if name in names])
    return _Keys(those(SPEAKER), those(WORDS), those(THINKING), those(CALLS), those(MEDIA), weights)


def _speaker(turn: Mapping[str, Any], keys: _Keys) -> tuple[object, str]:
    """(the word for who speaks, its field): the first that is known, else the first that there is."""
    found: list[tuple[object, str]] = []
    for name in keys.speaker:
        word = turn[name]
        if type(word) is dict:
            word = word.get("role", word.get("name"))
        if word is not None and (role_named(word) or name != "type"):
            found.append((word, name))
    if len(turn) == 1 and not found:
        (name,) = turn
        return name, name
    return next((one for one in found if role_named(one[0])), found[0] if found else (None, ""))


def _speaks(turn: Mapping[str, Any]) -> bool:
    keys = _keys(tuple(turn))
    word, speaker = _speaker(turn, keys)
    role = role_named(word)
    says = keys.words or keys.calls or "data" in turn or word == speaker  # {"user": "…"}
    return role == TOOL or bool(role and says)


def _thinks_only(turn: object) -> bool:
    """Whether an element is what OpenAI's Responses have beside messages for what the model thought."""
    return isinstance(turn, dict) and turn.get("type") == "reasoning" and "role" not in turn


class _Parts(NamedTuple):
    said: str
    thought: str = ""


class _Other(NamedTuple):
    """What is no text among the parts of a content, and its name."""

    rule: Rule
    name: str


def _parts(content: object) -> _Parts | _Other | None:
    """The text of a content, also of one that is a list of texts; None where it isn't known what that is."""
    if content is None or type(content) is str:
        return _Parts(content or "")
    if type(content) is dict:
        content = content.get("parts", [content])
    if type(content) is not list:
        return None
    said: list[str] = []
    thought: list[str] = []
    for part in content:
        if type(part) is not dict:
            if type(part) is not str:
                return None
            said.append(part)
            continue
        sort = plain_name(part["type"]) if type(part.get("type")) is str else ""
        if (other := _other(part, sort)) is not None:
            return other
        text = part.get("thinking", part.get("text", part.get("content")))
        if type(text) is not str:
            return None
        (thought if sort in THINKING or part.get("thought") is True else said).append(text)
    return _Parts("".join(said), "\n".join(thought))


def _other(part: Mapping[str, Any], sort: str) -> _Other | None:
    """What a part of a content is, where it is a call of a tool or no text."""
    for rule, words in ((TOOL_TURN, CALLS), (MEDIA_TURN, MEDIA)):
        if sort in words:
            return _Other(rule, part["type"])
        for name, value in part.items():
            if value and plain_name(name) in words:
                return _Other(rule, name)
    return None


def _weight(value: object) -> float | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return value if isinstance(value, int | float) and type(value) is not bool and 0 <= value <= 1 else None


def _written(turns: object) -> object:
    """One turn as a list of it; a text in which turns are written, as JSON, as Python or by lines, as what is written."""
    if isinstance(turns, str):
        value = literal(turns)
        if value is turns:
            said = transcript(turns)
            return [{"role": role, "content": words} for role, words in said] or (
                turns if trim(turns) else None
            )
        turns = value
    return [turns] if isinstance(turns, dict) and _speaks(turns) else turns


def _as_turns(turns: list[Any]) -> list[dict[str, Any]] | None:
    """Exchanges, pairs, and texts that begin with who speaks, as turns; None for what is none of these."""
    if not turns or (type(turns[0]) is dict and not turns[0].keys().isdisjoint(("role", "from"))):
        return None
    if all(type(turn) is str for turn in turns):
        said = [labelled(turn) for turn in turns]
        return (
            [{"role": role, "content": words} for role, words in said]
            if all(role for role, _ in said)
            else None
        )
    if all(type(turn) is list and len(turn) == _PAIR for turn in turns):
        roles = (USER, ASSISTANT)
        return [
            {"role": role, "content": words}
            for pair in turns
            for role, words in zip(roles, pair, strict=True)
        ]
    made: list[dict[str, Any]] = []
    for turn in turns:
        halves = _halves(turn) if type(turn) is dict else None
        if halves is None:
            return None
        made += halves
    return made


def _halves(turn: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The turns of an exchange, which is a question and its answer in one object; None for another object."""
    plain = {plain_name(name): name for name in reversed(turn)}
    asked = [name for name in ASKED if name in plain]
    replied = [name for name in REPLIED if name in plain]
    if len(asked) != 1 or len(replied) != 1 or any(name in plain for name in ("role", "from")):
        return None
    used = {plain[asked[0]], plain[replied[0]]}
    made = [
        {"role": USER, "content": turn[plain[asked[0]]]},
        {"role": ASSISTANT, "content": turn[plain[replied[0]]]},
    ]
    for name in ("system", "systemprompt"):
        if name in plain:
            used.add(plain[name])
            system = turn[plain[name]]
            if system not in (None, ""):
                made.insert(0, {"role": SYSTEM, "content": system})
    made[-1] |= {name: value for name, value in turn.items() if name not in used}
    return made
