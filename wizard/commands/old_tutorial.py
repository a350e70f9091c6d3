"""Lines of older tutorials, read into answers: dashscope's command, curl, and the Python SDK's calls.

Documents still teach ``dashscope fine_tunes.call … --hyper_parameters …`` and ``files.upload``; dashscope 2.0.2 itself
refuses these lines (several ids behind one ``-t``, ``--hyper_parameters``, ``-j`` and ``-f``). The platform's own pages print
curl with a body of JSON. Whatever a line says becomes an answer or a note: nothing is dropped unsaid.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wizard.bailian.hyperparameters import hyperparameter
from wizard.errors import UsageError
from wizard.locale import _

# What each option of dashscope's command is called in the body of a request.
_CREATE = {
    "-t": "training_file_ids", "--training_file_ids": "training_file_ids", "--training-file-ids": "training_file_ids",
    "-v": "validation_file_ids", "--validation_file_ids": "validation_file_ids", "--validation-file-ids": "validation_file_ids",
    "-m": "model", "--model": "model", "--mode": "training_type", "--training_type": "training_type",
    "-b": "batch_size", "--batch_size": "batch_size", "--batch-size": "batch_size",
    "-e": "n_epochs", "--n_epochs": "n_epochs", "--n-epochs": "n_epochs",
    "-l": "learning_rate", "--learning_rate": "learning_rate", "--learning-rate": "learning_rate",
    "-p": "prompt_loss", "--prompt_loss": "prompt_loss", "--prompt-loss": "prompt_loss",
    "--max_length": "max_length", "--max-length": "max_length",
    "--hyper_parameters": "hyper_parameters", "--hyper-parameters": "hyper_parameters",
    "--job_name": "job_name", "--job-name": "job_name",
    "-k": "api_key", "--api-key": "api_key", "--api_key": "api_key",
}  # fmt: skip
_UPLOAD = {
    "-f": "file_path", "--file": "file_path", "-p": "purpose", "--purpose": "purpose",
    "-d": "description", "--description": "description",
    "-k": "api_key", "--api-key": "api_key", "--api_key": "api_key",
}  # fmt: skip
_ID = {"-j": "id", "--job": "id", "--job_id": "id", "-f": "id", "--file_id": "id"}
_CREATES = {"fine_tunes.call", "fine_tunes.create", "ft create", "fine-tunes create", "fine_tunes create"}
_UPLOADS = {"files.upload", "files upload"}
# What the other old lines do, and the command that does it here.
_INSTEAD = {
    "fine_tunes.get": "jobs show {id}", "fine_tunes.list": "jobs list", "fine_tunes.cancel": "jobs cancel {id}",
    "fine_tunes.stream": "jobs watch {id}", "fine_tunes.delete": "jobs list", "files.list": "files list",
    "files.get": "files show {id}", "files.delete": "files delete {id}",
}  # fmt: skip
# The same by curl: the method and the path behind /api/v1 (or /compatible-mode/v1).
_ROUTES = (
    (r"GET /fine-tunes/(?P<id>[^/]+)/logs", "jobs logs {id}"), (r"GET /fine-tunes/(?P<id>[^/]+)/stream", "jobs watch {id}"),
    (r"GET /fine-tunes/(?P<id>[^/]+)", "jobs show {id}"), (r"GET /fine-tunes", "jobs list"),
    (r"POST /fine-tunes/(?P<id>[^/]+)/cancel", "jobs cancel {id}"), (r"GET /files/(?P<id>[^/]+)", "files show {id}"),
    (r"GET /files", "files list"), (r"DELETE /files/(?P<id>[^/]+)", "files delete {id}"),
)  # fmt: skip
_CURL = {
    "-X": "method", "--request": "method", "-H": "header", "--header": "header", "-F": "form", "--form": "form",
    "--url": "address", "-d": "body", "--data": "body", "--data-raw": "body", "--data-binary": "body", "--data-ascii": "body",
    "--json": "body",
}  # fmt: skip
# The SDK's calls, by how their dotted names end, with the names of what stands without one.
_CALLS = {
    ("finetunes.call", "finetune.call", "fine_tunes.create", "finetunes.create"): (
        "model", "training_file_ids", "validation_file_ids", "mode", "hyper_parameters", "api_key",
    ),
    ("files.upload", "file.upload", "files.create", "files.call"): ("file_path", "purpose", "description", "api_key"),
}  # fmt: skip
_PLACES = re.compile(r"[/\\]|^~|\.(jsonl?|csv|tsv|xlsx?|parquet|zip|gz|txt|md)$", re.IGNORECASE)
_CONTINUED = re.compile(r"[ \t]+[\\^`][ \t]*\r?\n|\\[ \t]*\r?\n")
_WINDOWS_PATH = re.compile(r"(?<![A-Za-z])[A-Za-z]:\\|(?<!\\)\\\\\w|(?<!\w)\.{1,2}\\")
_BACKSLASHES = re.compile(r"'[^']*'|\\+(?![\\\"' ]|$)")
"""What is in single quotes, which stays as it is; and backslashes before anything that they could not escape."""
_FILES = dict.fromkeys(("training_file_ids", "training_datasets", "file_path"), "training") | dict.fromkeys(
    ("validation_file_ids", "validation_datasets"), "validation"
)
_KEYS = {
    "model": "training.model",
    "job_name": "training.job_name",
    "training_type": "training.type",
    "mode": "training.type",
}
_SAME_PURPOSE = ("fine-tune", "fine_tune", "")


class Read:
    """What a line said: ``answers`` by key, and ``notes`` on what could not be taken over, for the user."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.notes: list[str] = []

    def take(self, said: Mapping[str, Any]) -> None:
        """What a request says, under the names that its body has."""
        for name, value in said.items():
            if value in (None, "", [], {}) or (name == "purpose" and str(value) in _SAME_PURPOSE):
                continue  # nothing, or as every upload of ours has it
            key = _KEYS.get(name, f"training.{name}")
            if name == "hyper_parameters":
                self._parameters(value)
            elif name == "api_key":
                self.found_key(str(value))
            elif name in _FILES:
                self._files(_FILES[name], value)
            elif name in _KEYS or hyperparameter(name) is not None:
                self._answer(key, value)
            else:
                self.left_out(name, value)

    def left_out(self, name: str, value: Any = "") -> None:
        """Say that something has no place here."""
        shown = name if value == "" else f"{name}={_written(value)}"
        self.notes.append(_("{name} is not known here and was left out.").format(name=shown))

    def found_key(self, value: str) -> None:
        """A key is never taken from a line; a variable that stands for one is nothing to tell of."""
        if not value.startswith(("$", "%", "<")):
            self.notes.append(
                _(
                    "The key in that line was not taken: a key on a command line can be seen by others. Change it."
                )
            )

    def _answer(self, key: str, value: Any) -> None:
        text = _written(value)
        if self.answers.setdefault(key, text) != text:
            self.notes.append(
                _("{key} is given twice; {taken} is taken, and {left} left out.").format(
                    key=key, taken=self.answers[key], left=text
                )
            )

    def _parameters(self, value: Any) -> None:
        if isinstance(value, str) and value.lstrip().startswith("{"):
            value = _json(value)
        if isinstance(value, str):
            pairs = [pair.partition("=") for pair in value.replace(",", " ").split()]
            value = {name: found for name, _equals, found in pairs}
        for name, found in value.items() if isinstance(value, dict) else ():
            if hyperparameter(name) is not None and found not in ("", None):
                self._answer(f"training.{name}", found)
            else:
                self.left_out(name, found)

    def _files(self, role: str, value: Any) -> None:
        for one in value if isinstance(value, list | tuple) else [value]:
            if isinstance(one, dict):
                if not isinstance(one.get("file_id"), str):
                    self.left_out("data_source", one)
                    continue
                one = one["file_id"]  # noqa: PLW2901 - a data set's one part that matters
            self._file(role, str(one))

    def _file(self, role: str, value: str) -> None:
        if not Path(value).expanduser().exists():
            if _PLACES.search(value):
                told = _(
                    "There is no file {value} on this computer; name the right one when the wizard asks for it."
                )
            else:
                told = _(
                    "{value} is a file on the platform. Name the same file on this computer: if its bytes are there "
                    "already, it is used and not sent again."
                )
            self.notes.append(told.format(value=value))
        elif role == "validation":
            self._answer("dataset.validation", "file")
            self._answer("dataset.validation_source", value)
        else:
            self._answer("dataset.source", value)


def read(line: str) -> Read:
    """The answers in an old line. Raises UsageError where it is none of those known, with what to use instead."""
    found = Read()
    line = line.strip()
    if line.startswith("{"):
        found.take(_json(line))
        return found
    if _read_python(line, found):
        return found
    try:
        words = shlex.split(_unescaped(_CONTINUED.sub(" ", line)))
    except ValueError as error:
        raise UsageError(_("The line can't be read: {reason}").format(reason=error)) from None
    while words and (words[0] in ("$", "python", "python3", "-m") or _program(words[0]) == "dashscope"):
        words.pop(0)
    if words and _program(words[0]) == "curl":
        _read_curl(words[1:], found)
    else:
        _read_dashscope(words, line, found)
    return found


def _unescaped(line: str) -> str:
    """``line`` with a backslash that escapes nothing, as in a path of Windows, written so that it stays one."""
    if os.sep == "/" and not _WINDOWS_PATH.search(line):
        return line
    return _BACKSLASHES.sub(lambda found: found[0] if found[0].startswith("'") else found[0] * 2, line)


def _read_dashscope(words: list[str], line: str, found: Read) -> None:
    verb = words[0] if words else ""
    if " ".join(words[:2]) in _CREATES | _UPLOADS:
        verb = " ".join(words[:2])
        words.pop(0)
    if verb in _INSTEAD:
        ids = [values[0] for name, values in _options(words[1:], _ID) if name == "id" and values]
        raise _nothing_created(_INSTEAD[verb].format(id=ids[0] if ids else "ID"))
    if verb not in _CREATES | _UPLOADS:
        raise _unknown(line)
    for name, values in _options(words[1:], _CREATE if verb in _CREATES else _UPLOAD):
        if name.startswith("-") or not name:
            found.left_out(name or " ".join(values), " ".join(values) if name else "")
        else:
            found.take({name: values if name in _FILES else " ".join(values)})


def answers_file(answers: Mapping[str, Any]) -> str:
    """``answers`` as the TOML file that ``--answers`` takes."""
    tables: dict[str, list[str]] = {}
    for key, value in answers.items():
        table, _dot, name = key.rpartition(".")
        tables.setdefault(table, []).append(f"{name} = {_toml(key, value)}")
    return "\n".join(line for table, lines in tables.items() for line in (f"[{table}]", *lines))


def _toml(key: str, value: Any) -> str:
    known = hyperparameter(key.removeprefix("training."))
    text = str(value)
    if isinstance(value, bool):
        return text.lower()
    number = known is not None and not known.as_text and re.fullmatch(r"\d+(\.\d+)?", text)
    if number or isinstance(value, int | float):
        return text
    return json.dumps(text.encode(errors="replace").decode(), ensure_ascii=False).replace("\x7f", "\\u007f")


def _program(word: str) -> str:
    return re.split(r"[/\\]", word)[-1].removesuffix(".exe")


def _options(words: list[str], known: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    """Each option with what follows it: by its name in a body, or, where it is not known, as it stands."""
    name, values = "", []  # type: str, list[str]
    for word in words:
        flag, equals, value = word.partition("=")
        if word.startswith("-") and not (word[1:2].isdigit() or word[1:2] == "."):
            if name or values:
                yield name, values
            name, values = known.get(flag, flag), [value] if equals else []
        else:
            values.append(word)
    if name or values:
        yield name, values


def _read_curl(words: list[str], found: Read) -> None:
    parts = dict.fromkeys(set(_CURL.values()), "")
    form: dict[str, str] = {}
    for part, value in _curl_parts(words):
        name, _sign, held = value.partition("=" if part == "form" else ":")
        if part == "form":
            form[name] = held.strip().strip('"')
        elif part == "header" and name.strip().lower() == "authorization":
            found.found_key(held.strip().removeprefix("Bearer").strip())
        else:
            parts[part] += value
    body = parts["body"]
    path = re.sub(r"^.*?/v1(?=/)", "", urlsplit(parts["address"]).path)
    asked = f"{parts['method'].upper() or ('POST' if body or form else 'GET')} {path.rstrip('/')}"
    if asked == "POST /fine-tunes":
        if body.startswith("@"):
            raise UsageError(
                _("The body of that line is in the file {name}.").format(name=body[1:]),
                _("Give what is in it, in quotes, in place of the whole line."),
            )
        found.take(_json(body))
        return
    if asked == "POST /files":
        file = form.pop("files", "") or form.pop("file", "")
        found.take({"file_path": file.removeprefix("@").strip('"'), **form})
        return
    for pattern, command in _ROUTES:
        if known := re.fullmatch(pattern, asked):
            raise _nothing_created(command.format(**{"id": "ID"} | _plain(known.groupdict())))
    raise _unknown(f"curl {asked}")


def _curl_parts(words: list[str]) -> Iterator[tuple[str, str]]:
    """What is asked for; how curl goes about it is left out."""
    rest = iter(words)
    for word in rest:
        flag, equals, value = word.partition("=")
        if word[:2] in _CURL and len(word) > len("-d") and not word.startswith("--"):
            yield _CURL[word[:2]], word[2:]
        elif flag in _CURL:
            yield _CURL[flag], value if equals else next(rest, "")
        elif not word.startswith("-"):
            yield "address", word


def _plain(groups: Mapping[str, str]) -> dict[str, str]:
    """The id in a path, but not a variable that stands for one."""
    return {name: value for name, value in groups.items() if re.fullmatch(r"[A-Za-z0-9._-]+", value)}


def _read_python(text: str, found: Read) -> bool:
    """Take what the SDK's calls in ``text`` say; whether it is Python with such a call."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    known: dict[str, Any] = {}
    seen = False
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            known[node.targets[0].id] = _value(node.value, known)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func).lower()
        for names, positions in _CALLS.items():
            if any(called == name or called.endswith("." + name) for name in names):
                seen = True
                _take_call(node, positions, known, found)
    return seen


def _take_call(call: ast.Call, positions: tuple[str, ...], known: Mapping[str, Any], found: Read) -> None:
    said = list(zip(positions, call.args, strict=False))
    for number, extra in enumerate(call.args[len(positions) :], len(positions) + 1):
        found.left_out(str(number), ast.unparse(extra))
    said += [(keyword.arg or "**", keyword.value) for keyword in call.keywords]
    for name, node in said:
        value = _value(node, known)
        if value is not _UNKNOWN:
            found.take({name: value})
        elif name != "api_key":
            found.left_out(name, ast.unparse(node))


_UNKNOWN = object()


def _value(node: ast.expr, known: Mapping[str, Any]) -> Any:
    """What an expression is, as far as that stands in the text itself."""
    if isinstance(node, ast.Name):
        return known.get(node.id, _UNKNOWN)
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "open" and node.args:
        return _value(node.args[0], known)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _UNKNOWN


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            _("The JSON in that line can't be read: {reason}").format(reason=error),
            _("Give the whole line, in single quotes where it holds double ones."),
        ) from None
    if not isinstance(found, dict):
        raise UsageError(_("The JSON in that line is no object."))
    return found


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def _nothing_created(command: str) -> UsageError:
    return UsageError(
        _("That line creates nothing."),
        _("Here it is: {command}").format(command=f"bailian-wizard {command}"),
    )


def _unknown(line: str) -> UsageError:
    return UsageError(
        _("This is not a line of a fine-tuning tutorial: {line}").format(line=line[:80]),
        _('Give the whole line in quotes, such as "dashscope fine_tunes.call -m … -t …".'),
    )
