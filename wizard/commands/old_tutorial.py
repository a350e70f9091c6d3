"""Command lines of older tutorials, read into answers.

Documents still teach ``dashscope fine_tunes.call … --hyper_parameters …`` and ``files.upload``; dashscope 2.0.2 itself
refuses these lines (several ids behind one ``-t``, ``--hyper_parameters``, ``-j`` and ``-f``).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from wizard.bailian.hyperparameters import hyperparameter
from wizard.errors import UsageError
from wizard.locale import _

_FLAGS = {
    "-t": "training", "--training_file_ids": "training", "--training-file-ids": "training",
    "-v": "validation", "--validation_file_ids": "validation", "--validation-file-ids": "validation",
    "-m": "training.model", "--model": "training.model",
    "--mode": "training.type", "--training_type": "training.type",
    "-b": "training.batch_size", "--batch_size": "training.batch_size", "--batch-size": "training.batch_size",
    "-e": "training.n_epochs", "--n_epochs": "training.n_epochs", "--n-epochs": "training.n_epochs",
    "-l": "training.learning_rate", "--learning_rate": "training.learning_rate", "--learning-rate": "training.learning_rate",
    "--max_length": "training.max_length", "--max-length": "training.max_length",
    "--hyper_parameters": "hyper", "--hyper-parameters": "hyper",
    "-f": "file", "--file": "file", "-p": "ignored", "--purpose": "ignored", "-d": "ignored", "--description": "ignored",
    "-k": "secret", "--api-key": "secret", "--api_key": "secret",
    "-j": "job", "--job": "job",
}  # fmt: skip

_CREATES = {"fine_tunes.call", "ft create", "fine-tunes create", "fine_tunes create"}
_UPLOADS = {"files.upload", "files upload"}
# What the other old lines do, and the command that does it here.
_INSTEAD = {
    "fine_tunes.get": "jobs show {id}", "fine_tunes.list": "jobs list", "fine_tunes.cancel": "jobs cancel {id}",
    "fine_tunes.stream": "jobs watch {id}", "fine_tunes.delete": "jobs list", "files.list": "files list",
    "files.get": "files show {id}", "files.delete": "files delete {id}",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Read:
    """What a line said: ``answers`` by key, and ``notes`` on what could not be taken over, for the user."""

    answers: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read(line: str) -> Read:
    """The answers in an old command line. Raises UsageError where it is none of those known, with what to use instead."""
    try:
        words = shlex.split(line.replace("\\\n", " "))
    except ValueError as error:
        raise UsageError(_("The line can't be read: {reason}").format(reason=error)) from None
    while words and (words[0] in ("$", "python", "-m", "dashscope") or words[0].endswith("dashscope")):
        words.pop(0)
    verb = words[0] if words else ""
    if " ".join(words[:2]) in _CREATES | _UPLOADS:
        verb = " ".join(words[:2])
        words.pop(0)
    if verb in _INSTEAD:
        job = next(
            (values[0] for name, values in _options(words[1:]) if name in ("job", "file") and values), "ID"
        )
        command = "bailian-wizard " + _INSTEAD[verb].format(id=job)
        raise UsageError(_("That line creates nothing."), _("Here it is: {command}").format(command=command))
    if verb not in _CREATES | _UPLOADS:
        raise UsageError(
            _("This is not a line of a fine-tuning tutorial: {line}").format(line=line[:80]),
            _('Give the whole line in quotes, such as "dashscope fine_tunes.call -m … -t …".'),
        )
    answers: dict[str, str] = {}
    notes: list[str] = []
    for name, values in _options(words[1:]):
        _take(name, values, answers, notes)
    return Read(answers, tuple(notes))


def _options(words: list[str]) -> Iterator[tuple[str, list[str]]]:
    name, values = "", []  # type: str, list[str]
    for word in words:
        flag, equals, value = word.partition("=")
        if word.startswith("-") and flag in _FLAGS:
            if name:
                yield name, values
            name, values = _FLAGS[flag], [value] if equals else []
        elif word.startswith("-") and not _negative(word):
            if name:
                yield name, values
            name, values = flag, [value] if equals else []
        else:
            values.append(word)
    if name:
        yield name, values


def _take(name: str, values: list[str], answers: dict[str, str], notes: list[str]) -> None:
    if name == "hyper":
        for pair in " ".join(values).replace(",", " ").split():
            _take_parameter(pair, answers, notes)
    elif name in ("training", "validation", "file"):
        for value in values:
            _take_file(name, value, answers, notes)
    elif name == "secret":
        notes.append(
            _("The key in that line was not taken: a key on a command line can be seen by others. Change it.")
        )
    elif name.startswith("training.") and values:
        answers[name] = values[0]
    elif name not in ("ignored", "job"):
        notes.append(_("{name} is not known here and was left out.").format(name=name))


def _take_parameter(pair: str, answers: dict[str, str], notes: list[str]) -> None:
    name, _equals, value = pair.partition("=")
    if hyperparameter(name) is not None and value:
        answers[f"training.{name}"] = value
    else:
        notes.append(_("{name} is not known here and was left out.").format(name=pair))


def _take_file(name: str, value: str, answers: dict[str, str], notes: list[str]) -> None:
    if not Path(value).exists():
        notes.append(
            _(
                "{value} is a file on the platform. Name the same file on this computer: if its bytes are there "
                "already, it is used and not sent again."
            ).format(value=value)
        )
    elif name == "validation":
        answers |= {"dataset.validation": "file", "dataset.validation_source": value}
    else:
        answers["dataset.source"] = value


def _negative(word: str) -> bool:
    return word[1:2].isdigit() or word[1:2] == "."
