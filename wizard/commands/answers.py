"""Answers given before the question, from ``--set`` and an ``--answers`` file; the first beats the second."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wizard import flow, process
from wizard.commands.scene import Scene
from wizard.engine.cursor import Given
from wizard.engine.step import NOTHING, Answer, Choice, Facts, Front, Step, Unacceptable
from wizard.errors import UsageError, reason
from wizard.locale import _, joined

_LARGEST = 1_000_000  # bytes of an answers file
_ESCAPE_OR_PATH = re.compile(r'"[^"\n]*\\')
_OF_ESCAPES = "\b\t\f\r\n"  # what TOML makes of a backslash and a letter
_NO_WAITING = getattr(os, "O_NONBLOCK", 0)


def keys() -> tuple[str, ...]:
    """Every key that an answer can have."""
    return tuple(answer.key for answer in flow.answers() if answer.settable)


def given(pairs: Iterable[str], file: Path | None, approve: str | None = None) -> dict[str, Given]:
    """All answers by key, each with its source. Raises UsageError for an unknown key or a file that can't be read."""
    found: dict[str, Given] = {}
    if file is not None:
        for key, value in _flat(_toml(file)):
            _refuse_escapes(key, value, file)
            found[key] = Given(value, "answers")
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator:
            raise UsageError(_("--set takes KEY=VALUE, not {pair}").format(pair=key))
        found[key.strip()] = Given(value, "flag")
    for key in found:
        _known(key)
    if approve is not None:
        found["review.approval"] = Given(approve.strip(), "flag", kept=False)
    return found


def possible(found: Mapping[str, Given], front: Front) -> dict[str, Given]:
    """``found`` without the values that no data could make right: said at once, and asked in their step.

    Without a person, raises UsageError.
    """
    kept = dict(found)
    for key, problem, hint in impossible(found):
        said = _said(key, found[key], problem)
        if not front.attended:
            raise UsageError(said, hint)
        front.say(joined(said, hint, _("It is asked in its step.")), "warn")
        del kept[key]
    return kept


def impossible(found: Mapping[str, Given]) -> Iterator[tuple[str, str, str]]:
    """Of each value that no data could make right its key, why, and what may have been meant."""
    for key, one in found.items():
        answer = next((known for known in flow.answers(of=key.partition(".")[0]) if known.key == key), None)
        problem, hint = _impossible(answer, one.raw) if answer is not None and answer.settable else ("", "")
        if problem:
            yield key, problem, hint


def refuse_wrong(found: Mapping[str, Given], first: Step) -> None:
    """Raise UsageError for a value that the questions of the ``first`` step won't take, before anything gives way to a new session.

    Only that step's questions are known by then: those of the others rest on what it comes to.
    """
    facts = Facts()
    while True:
        unknown = (field for field in first.fields(facts) if field.key not in facts)
        field = next(
            (one for one in unknown if one.key in found or not (one.guessed or one.default is None)), None
        )
        if field is None:
            return
        if field.key not in found:
            facts[field.key] = field.default
            continue
        try:
            facts[field.key] = field.given(found[field.key].raw)
        except Unacceptable as problem:
            raise UsageError(_said(field.key, found[field.key], str(problem))) from None


def _said(key: str, one: Given, problem: str) -> str:
    return _("{title}: {line}").format(
        title=_("{text} ({aside})").format(text=key, aside="--set" if one.source == "flag" else "--answers"),
        line=problem,
    )


def _impossible(answer: Answer, raw: Any) -> tuple[str, str]:
    """(why an answer can't be ``raw``, whatever the data; what may have been meant), each empty where there is nothing."""
    values = answer.schema().get("enum", ())
    try:
        answer.ask(label="", choices=tuple(Choice(value, "") for value in values)).given(raw)
    except Unacceptable as problem:
        near = _near(str(raw), [str(value) for value in values])
        return str(problem), _("Did you mean {key}?").format(key=near) if near else ""
    return "", ""


def _near(text: str, known: Sequence[str]) -> str:
    import difflib

    begun = [name for name in known if text and name.startswith(text)]
    return next(iter(begun or difflib.get_close_matches(text, known, 1)), "")


def _known(key: str) -> None:
    answer = next((one for one in flow.answers(of=key.partition(".")[0]) if one.key == key), None)
    if answer is not None and answer.settable:
        return
    if answer is not None and answer.kind == "secret":
        raise UsageError(
            _("A key on the command line or in an answers file can be seen by others."),
            _("Put it into the environment as DASHSCOPE_API_KEY or into .env."),
        )
    near = _near(key, keys())
    hint = _("Did you mean {key}?").format(key=near) if near else _("bailian-wizard schema lists all keys.")
    raise UsageError(_("There is no answer called {key}.").format(key=key), hint)


def schemas(scene: Scene) -> int:
    """``schema``: every answer as JSON Schema; ``schema outputs``, ``schema events``: all that ``--json`` and ``--events`` print."""
    if scene.arguments.of != "answers":
        from wizard.contract import schema

        process.out(schema.outputs() if scene.arguments.of == "outputs" else schema.events())
        return 0
    process.out(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Answers of bailian-wizard",
            "type": "object",
            "properties": {answer.key: _described(answer) for answer in flow.answers() if answer.settable},
            "additionalProperties": False,
        }
    )
    return 0


def _described(answer: Answer) -> dict[str, Any]:
    kinds: Mapping[str, Any] = {"integer": "integer", "number": "number", "decimal": ["string", "number"]}
    values = {"type": kinds.get(answer.kind, "string")} | dict(answer.schema())
    about = {"title": answer.name(), "description": answer.help()}
    return about | ({"anyOf": [values, {"const": NOTHING}]} if answer.optional else values)


def _toml(file: Path) -> Mapping[str, Any]:
    import tomllib

    try:
        # A pipe that nobody writes into is empty at once; one that is being written into is waited for.
        with open(file, "rb", opener=lambda name, flags: os.open(name, flags | _NO_WAITING)) as stream:
            if _NO_WAITING:
                os.set_blocking(stream.fileno(), True)
            data = stream.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise UsageError(
                _("{path} is larger than {limit:,} bytes, and so no answers file.").format(
                    path=file, limit=_LARGEST
                )
            )
        text = _decoded(data)
    except OSError as error:
        raise UsageError(
            _("{path} can't be read: {reason}").format(path=file, reason=reason(error))
        ) from None
    except UnicodeDecodeError:
        raise UsageError(
            _("{path} is not TOML: {reason}").format(path=file, reason=_("it is no text")),
            _("Save it as UTF-8, then run the same command again."),
        ) from None
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            _("{path} is not TOML: {reason}").format(path=file, reason=error),
            _in_single_quotes() if _ESCAPE_OR_PATH.search(text) else "",
        ) from None


def _decoded(data: bytes) -> str:
    """The text of an answers file, as Windows' editors may save it: UTF-8, what they call Unicode, or GBK."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030")


def _in_single_quotes() -> str:
    return _(
        "In double quotes a backslash begins a special character. Write a path of Windows in single quotes: '{path}'"
    ).format(path=r"C:\data\train.jsonl")


def _refuse_escapes(key: str, value: Any, file: Path) -> None:
    """A path in which TOML has made a control of a backslash and a letter."""
    answer = next((one for one in flow.answers(of=key.partition(".")[0]) if one.key == key), None)
    if not isinstance(value, str) or answer is None or answer.kind == "text":
        return
    if any(char in value for char in _OF_ESCAPES):
        raise UsageError(
            _("{path}: the value of {key} holds a control character.").format(path=file, key=key),
            _in_single_quotes(),
        )


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
