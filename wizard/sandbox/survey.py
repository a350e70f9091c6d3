"""What is in a job's training files: the rows that will be trained, their tokens, and why the data would be refused.

The platform's own count of tokens is not published. Here they are counted as the estimate counts them, so that a bill that is
practised lies where it was said to lie; beyond the first ``_COUNTED`` bytes, at the rate found in these.
"""

from __future__ import annotations

import json
from array import array
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from wizard.data.tokens import AROUND, Tokenizer
from wizard.sandbox.catalog import setting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_ROLES = frozenset({"system", "user", "assistant", "tool"})
_COUNTED = 2_000_000  # bytes of texts: some seconds of a request that waits
_MAX_LINE = 16 * 1024 * 1024  # bytes of one line that are read
_MAX_PROBLEMS = 10
TOO_LITTLE = "训练数据量不足"  # the console guide's FAQ, mid-2026


@dataclass(frozen=True, slots=True)
class Survey:
    """``train_rows`` and ``validation_rows`` after dropping and splitting; ``train_tokens`` in one epoch.

    ``failure`` is why the data processing would end the job (empty: it would not), ``problems`` the lines for its log.
    """

    train_rows: int = 0
    validation_rows: int = 0
    train_tokens: int = 0
    failure: str = ""
    problems: tuple[str, ...] = ()


class _Unusable(Exception):
    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


def survey(
    training: Sequence[tuple[str, Path]],
    validation: Sequence[tuple[str, Path]],
    training_type: str,
    hyper_parameters: dict[str, object],
) -> Survey:
    """Read the files, given as (name, path), as data processing would. Never raises for what is in them."""
    max_length = int(setting(hyper_parameters, "max_length"))
    count = _Count()
    try:
        rows = _lengths(training, training_type, max_length, count)
        held_out = len(_lengths(validation, training_type, max_length, count))
        if not rows:
            raise _Unusable(TOO_LITTLE)
        if not validation:
            wanted = len(rows) - int(round(len(rows) * setting(hyper_parameters, "split"), 6))
            held_out = min(wanted, int(setting(hyper_parameters, "max_split_val_dataset_sample")))
            rows = rows[: len(rows) - held_out]
        batch_size = int(setting(hyper_parameters, "batch_size"))
        if len(rows) <= batch_size:
            raise _Unusable(
                f"{TOO_LITTLE}: the number of training samples ({len(rows)}) must be greater than batch_size ({batch_size})"
            )
    except _Unusable as unusable:
        return Survey(failure=str(unusable), problems=unusable.problems)
    return Survey(train_rows=len(rows), validation_rows=held_out, train_tokens=sum(rows))


@cache
def _tokenizer() -> Tokenizer:
    return Tokenizer.load()


class _Count:
    """Tokens of texts, one after the other."""

    def __init__(self) -> None:
        self._tokenizer = _tokenizer()
        self._bytes = self._tokens = 0

    def __call__(self, text: str) -> int:
        """The tokens of ``text``."""
        size = len(text.encode("utf-8", "surrogatepass"))
        if self._bytes >= _COUNTED:
            return -(-size * self._tokens // self._bytes)
        tokens = self._tokenizer.count(text)
        self._bytes += size
        self._tokens += tokens
        return tokens


def _lengths(
    files: Sequence[tuple[str, Path]], training_type: str, max_length: int, count: _Count
) -> array[int]:
    """The tokens of each row that is kept: longer ones are dropped without a word (sft) or cut (dpo, cpt)."""
    kept = array("l")
    problems: list[str] = []
    for name, path in files:
        try:
            stream = path.open("rb")
        except FileNotFoundError:
            raise _Unusable(f"{name}: the file was deleted") from None
        with stream:
            line_number = 0
            while (raw := stream.readline(_MAX_LINE + 1)) and len(problems) < _MAX_PROBLEMS:
                line_number += 1
                whole = len(raw) <= _MAX_LINE
                problem, tokens = _row(raw, training_type, count) if whole else ("the line is too long", 0)
                if problem:
                    problems.append(f"{name}, line {line_number}: {problem}")
                elif tokens <= max_length:
                    kept.append(tokens)
                elif not training_type.endswith("sft"):
                    kept.append(max_length)
                if not whole:
                    break
    if problems:
        raise _Unusable(f"data format error, {problems[0]}", problems)
    return kept


def _row(raw: bytes, training_type: str, count: _Count) -> tuple[str, int]:
    """What is wrong with a line (empty: nothing), and its tokens."""
    try:
        row = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        return f"not valid JSON ({type(error).__name__})", 0
    if not isinstance(row, dict):
        return "not a JSON object", 0
    if training_type == "cpt":
        text = row.get("text")
        return ("", count(text)) if isinstance(text, str) and text else ("text is missing", 0)
    return _conversation(row, count, preference=training_type.startswith("dpo"))


def _conversation(row: dict[str, Any], count: _Count, *, preference: bool) -> tuple[str, int]:
    messages = row.get("messages")
    if not isinstance(messages, list) or not messages:
        return "messages is missing", 0
    if preference:
        if not ("chosen" in row and "rejected" in row):
            return "chosen or rejected is missing", 0
        messages = [*messages, row["chosen"], *messages, row["rejected"]]
    total = 0
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            return "a message without a known role", 0
        content = message.get("content")
        if not (isinstance(content, str | list) or "tool_calls" in message):
            return "a message without content", 0
        content = "" if content is None else content
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        total += count(f"{message['role']}\n{text}") + AROUND
    return "", total
