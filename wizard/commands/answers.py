"""Answers given before the question, from ``--set`` and an ``--answers`` file; the first beats the second."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from wizard.engine.run import Given
from wizard.errors import UsageError, reason
from wizard.locale import _

_LARGEST = 1_000_000  # bytes of an answers file
_NO_WAITING = getattr(os, "O_NONBLOCK", 0)
_KEYS = (
    "dataset.source",
    "dataset.set",
    "dataset.file",
    "dataset.train",
    "dataset.validation",
    "dataset.validation_source",
    "preview.system_prompt",
    "preview.output",
    "preview.on_error",
    "preview.part_size",
    "key.region",
    "key.workspace",
    "key.tracked",
    "key.save",
    "training.model",
    "training.type",
    "training.job_name",
    "training.budget",
    "review.despite_permission",
    "review.without_deployment",
)


def keys() -> tuple[str, ...]:
    """Every key that an answer can have."""
    from wizard.bailian.hyperparameters import HYPERPARAMETERS
    from wizard.steps.columns import open_keys

    return (*_KEYS, *open_keys(), *(f"training.{known.name}" for known in HYPERPARAMETERS))


def given(pairs: Iterable[str], file: Path | None, approve: str | None = None) -> dict[str, Given]:
    """All answers by key, each with its source. Raises UsageError for an unknown key or a file that can't be read."""
    found: dict[str, Given] = {}
    if file is not None:
        found |= {key: Given(value, "answers") for key, value in _flat(_toml(file))}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator:
            raise UsageError(_("--set takes KEY=VALUE, not {pair}").format(pair=key))
        found[key.strip()] = Given(value, "flag")
    for key in found:
        _known(key)
    if approve is not None:
        found["review.approval"] = Given(approve.strip(), "flag")
    return found


def _known(key: str) -> None:
    if key in _KEYS or key in keys():
        return
    if key == "key.value":
        raise UsageError(
            _("A key on the command line or in an answers file can be seen by others."),
            _("Put it into the environment as DASHSCOPE_API_KEY or into .env."),
        )
    import difflib

    near = difflib.get_close_matches(key, keys(), 1)
    hint = (
        _("Did you mean {key}?").format(key=near[0]) if near else _("bailian-wizard schema lists all keys.")
    )
    raise UsageError(_("There is no answer called {key}.").format(key=key), hint)


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
        return tomllib.loads(data.decode("utf-8-sig").replace("\r\n", "\n"))
    except OSError as error:
        raise UsageError(
            _("{path} can't be read: {reason}").format(path=file, reason=reason(error))
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(_("{path} is not TOML: {reason}").format(path=file, reason=error)) from None


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
