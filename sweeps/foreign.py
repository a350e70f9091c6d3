"""Text of others - data, files' names, the platform's words, training logs - wherever it is shown: it is read, never obeyed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from terminal import PROGRAM, Terminal, environment

from sweeps import ROOT
from sweeps.family import Case
from sweeps.hostile import FILE, JOB, speaking
from sweeps.payloads import PAYLOADS, Payload, commands_in, never_obeyed, shown, told
from sweeps.screens import ALL, KEY, LOOKS, PATIENCE, PLAN, READ, YES

QUICK = 10
MISSING = ""
NARROW, WIDE = 90, 400  # columns: two panels below each other; a table none of whose cells is folded
OWN = ("--set", "dataset.source=own.jsonl", "--set", "dataset.validation=split")
PREPARED = tuple(word for key, value in PLAN.items() for word in ("--set", f"{key}={value}"))


def _nothing(_folder: Path, _text: str) -> None:
    """The text comes from the platform."""


def _rows(row: Callable[[str, int], object]) -> Callable[[Path, str], None]:
    def write(folder: Path, text: str) -> None:
        lines = [json.dumps(row(text, number)) for number in range(40)]
        (folder / "own.jsonl").write_text("\n".join(lines) + "\n", "utf-8")

    return write


def _question(text: str, number: int) -> object:
    options = {"A": f"one {text}", "B": f"two {number}"}
    return {
        "question": f"{text} {number}",
        "options": options,
        "answer": f"two {number}",
        "answer_idx": "B",
        text: text,
    }


def _columns(text: str, number: int) -> object:
    return {text: f"what is {number} of {text}?", f"2{text}": f"that {number}", "3": text}


def _chat(text: str, number: int) -> object:
    messages = [{"role": "user", "content": f"{text} {number}?"}, {"role": "assistant", "content": text}]
    return {"messages": messages, text: number}


def _strange(text: str, number: int) -> object:
    return {"messages": [{"role": text, "content": f"{number}?"}, {"role": "assistant", "content": text}]}


def _unfit(text: str, number: int) -> object:
    options = {"A": text, "B": text, text: "c"}
    return {"question": f"{text} {number}", "options": options, "answer": text, "answer_idx": text}


def _named(folder: Path, text: str) -> None:
    (folder / "own").mkdir()
    for name in (text, f"2{text}"):
        _rows(_question)(folder, "harmless")
        (folder / "own.jsonl").rename(folder / "own" / f"{name}.jsonl")


@dataclass(frozen=True, slots=True)
class Sink:
    """A place where foreign text is shown: how it is put there, the words of the command, the questions answered on the way.

    ``seen``: what is waited for, where it is not the program's end. ``refuses``: see ``Hostile``. ``named``: the text is a
    file's name, in the words as ``{name}``. ``columns``: the terminal's. ``told``: whether the text itself must be seen.
    """

    put: Callable[[Path, str], None]
    words: tuple[str, ...]
    on_the_way: tuple[tuple[str, ...], ...] = ()
    seen: str = ""
    refuses: str = "POST"
    named: bool = False
    columns: int = WIDE
    told: bool = True


SINKS = {
    "preview": Sink(_rows(_question), OWN, seen="Does this look right", columns=NARROW),
    "preview-plain": Sink(_rows(_question), ("--plain", *OWN), seen="Does this look right"),
    "chat": Sink(_rows(_chat), OWN, seen="Does this look right", columns=NARROW),
    "fields": Sink(_rows(_question), OWN, seen="Does this look right"),
    "columns": Sink(_rows(_columns), OWN, seen="Which column has what the user asks"),
    "columns-plain": Sink(_rows(_columns), ("--plain", *OWN), seen="Which column has what the user asks"),
    "files": Sink(_named, ("--set", "dataset.source=own"), seen="Which file shall train", named=True),
    "files-plain": Sink(_named, ("--plain", "--set", "dataset.source=own"), seen="Which file shall train", named=True),
    "file-preview": Sink(
        _named, ("--set", "dataset.source={name}", "--set", "dataset.validation=split"), seen="Does this look right", named=True
    ),
    "file-review": Sink(
        _named,
        ("--set", "dataset.source={name}", "--set", "dataset.validation=split", *PREPARED[6:]),
        ALL,
        seen="Type yes",
        named=True,
    ),
    "completing": Sink(
        _named, (), (("Where is your data", "clear", "own/"),), seen="2canary", named=True, told=False
    ),
    "completed": Sink(
        _named, (), (("Where is your data", "clear", "own/c"), ("canaryA", "\t")), seen="canaryA", named=True, told=False
    ),
    "check": Sink(_rows(_unfit), ("check", "own.jsonl"), told=False),
    "check-chat": Sink(_rows(_strange), ("check", "own.jsonl")),
    "check-fix": Sink(_rows(_strange), ("check", "own.jsonl", "--fix"), told=False),
    "check-named": Sink(_named, ("check", "{name}"), named=True),
    "convert-named": Sink(_named, ("convert", "{name}", "out.jsonl"), named=True),
    "convert-unfit": Sink(_rows(_unfit), ("convert", "own.jsonl", "out.jsonl"), told=False),
    "why": Sink(_rows(_question), ("why", "own.jsonl:1")),
    "plan-named": Sink(
        _named, ("plan", "--sandbox", "--yes", "--set", "dataset.source={name}", "--set", "dataset.validation=split"), named=True, told=False
    ),
    "run-refused": Sink(_nothing, ("run", "--yes"), refuses="all"),
    "key-refused": Sink(_nothing, PREPARED, (LOOKS, READ), seen="What now", refuses="all"),
    "upload-refused": Sink(_nothing, PREPARED, (*ALL, YES), seen="is not to be found"),
    "jobs-refused": Sink(_nothing, ("jobs",), refuses="all"),
    "jobs": Sink(_nothing, ("jobs",), refuses=""),
    "jobs-show": Sink(_nothing, ("jobs", "show", JOB), refuses=""),
    "jobs-logs": Sink(_nothing, ("jobs", "logs", JOB), refuses=""),
    "jobs-watch": Sink(_nothing, ("jobs", "watch", JOB), refuses=""),
    "jobs-watch-plain": Sink(_nothing, ("jobs", "watch", JOB, "--plain"), refuses=""),
    "files-list": Sink(_nothing, ("files",), refuses=""),
    "files-show": Sink(_nothing, ("files", "show", FILE), refuses=""),
    "files-delete": Sink(_nothing, ("files", "delete", FILE), seen="Delete", refuses=""),
    "unused-answer": Sink(_nothing, ("run", "--sandbox", "--yes", "--set", "training.job_name={text}"), told=False),
}  # fmt: skip
JSON = (
    "check", "check-chat", "check-fix", "check-named", "convert-named", "why", "plan-named", "run-refused", "jobs-refused", "jobs",
    "jobs-show", "jobs-logs", "jobs-watch", "files-list", "files-show",
)  # fmt: skip
"""Those whose command also answers in JSON."""


def cases(seed: int) -> Sequence[Case]:  # noqa: ARG001 - nothing is drawn: these are all
    """Every payload at every sink: on a terminal, and in a pipe, every other one as JSON where there is some."""
    found: list[Case] = []
    for name, sink in SINKS.items():
        fitting = [payload for payload in PAYLOADS if _fits(sink, PAYLOADS[payload])]
        found += [Case(f"{name}-{payload}", partial(at_a_terminal, name, payload)) for payload in fitting]
        if sink.seen:
            continue  # it asks, and can't in a pipe
        for number, payload in enumerate(fitting):
            as_json = name in JSON and number % 2 == 0
            how = "json" if as_json else "piped"
            found.append(Case(f"{name}-{how}-{payload}", partial(piped, name, payload, as_json=as_json)))
    return found


def _fits(sink: Sink, payload: Payload) -> bool:
    if sink.named:
        return payload.file_name
    if sink.put is _nothing:
        return payload.word or "{text}" not in sink.words[-1]
    return payload.sendable or not sink.seen


def at_a_terminal(sink_name: str, payload_name: str, folder: Path) -> None:
    """On the screen it is text: no command of it arrives, and its harmless form can be read."""
    sink, payload = SINKS[sink_name], PAYLOADS[payload_name]
    with speaking(payload.foreign, sink.refuses) as url:
        words, env = _made(sink, payload, folder, url)
        with Terminal(words, folder, env=env, columns=sink.columns, rows=60) as terminal:
            for question, *keys in sink.on_the_way:
                terminal.answer(question, *keys)
            seen = ""
            if sink.seen:
                terminal.expect(sink.seen)
                terminal.settle(0.3)
                seen = terminal.text
                terminal.press("ctrl-c")
            code = terminal.end()
        seen += terminal.text
        never_obeyed(payload, terminal)
        assert code >= 0, f"ended by {code}"
        assert "something unexpected" not in terminal.text, terminal.text
        if _is_told(sink, payload):
            assert shown(payload, seen), f"not shown:\n{seen}"
    _log_is_clean(folder)


def piped(sink_name: str, payload_name: str, folder: Path, *, as_json: bool) -> None:
    """Into a pipe, which may end at a terminal, it is as harmless; JSON is whole, and has it escaped."""
    sink, payload = SINKS[sink_name], PAYLOADS[payload_name]
    with speaking(payload.foreign, sink.refuses) as url:
        words, env = _made(sink, payload, folder, url)
        done = subprocess.run(
            [*PROGRAM, *words, *(["--json"] if as_json else [])],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    said = done.stderr.decode("utf-8", "replace")
    assert "Traceback" not in said, said
    assert "something unexpected" not in said, said
    for stream, written in (("stdout", done.stdout), ("stderr", done.stderr)):
        found = commands_in(written, terminal=False)
        assert not found, f"written to {stream}: {found}"
    if as_json:
        assert not _is_told(sink, payload) or told(payload, done.stdout), done.stdout.decode()
    elif _is_told(sink, payload):
        assert shown(payload, done.stdout.decode() + said), done.stdout.decode() + said
    _log_is_clean(folder)


def _is_told(sink: Sink, payload: Payload) -> bool:
    """Of a row that can't be sent, why and its number are told."""
    return sink.told and (payload.sendable or sink.put in (_nothing, _named))


def _made(sink: Sink, payload: Payload, folder: Path, url: str) -> tuple[list[str], dict[str, str]]:
    shutil.copytree(ROOT / "datasets", folder / "datasets")
    sink.put(folder, payload.foreign)
    parts = {"name": f"own/{payload.foreign}.jsonl", "text": payload.foreign}
    words = [word.replace("{name}", parts["name"]).replace("{text}", parts["text"]) for word in sink.words]
    env = environment(folder, DASHSCOPE_HTTP_BASE_URL=f"{url}/api/v1", DASHSCOPE_API_KEY=KEY)
    return words, env


def _log_is_clean(folder: Path) -> None:
    """Whoever looks at the log with ``cat`` is safe, too."""
    for root, _folders, names in os.walk(folder / ".wizard"):
        if "log.jsonl" in names:
            found = commands_in(Path(root, "log.jsonl").read_bytes(), terminal=False)
            assert not found, f"written to the log: {found}"
