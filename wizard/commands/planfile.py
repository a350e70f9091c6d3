"""A plan as a file: everything that it was made of and its digest, so that exactly what was approved is run, elsewhere too."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard import __version__, process
from wizard.engine.cursor import Given
from wizard.engine.plan import Plan
from wizard.engine.step import NOTHING, Facts
from wizard.errors import ApprovalMissing, UsageError, reason
from wizard.local.storage import refuse_others, writing
from wizard.locale import _, enumerated
from wizard.steps.plan import answered
from wizard.steps.world import World

FORM = "bailian-wizard/plan-file/1"
_BEGINS = re.compile(rb'\s*\{\s*"schema"\s*:\s*"bailian-wizard/plan-file/')
_LARGEST = 1_000_000
"""Bytes; it holds no rows."""
_PATHS = ("dataset.source", "dataset.validation_source")
_HERE = ("preview.output",)
"""Answers about this computer alone."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a file says: the answers by key, the digest that was to be approved, and the lines that it was made of."""

    path: Path
    answers: Mapping[str, Any]
    digest: str
    lines: Mapping[str, Any]

    def given(self) -> dict[str, Given]:
        """The answers as if they were given now."""
        return {
            key: Given(NOTHING if value is None else value, "answers") for key, value in self.answers.items()
        }

    def demand(self, plan: Plan) -> None:
        """Raise ApprovalMissing where what would be done here is not the plan of the file; it names the lines that differ."""
        if plan.digest == self.digest:
            return
        now = {item.key: item.value for item in plan.items}
        labels = {item.key: item.label for item in plan.items}
        other = [key for key in {**self.lines, **now} if self.lines.get(key) != now.get(key)] or ["digest"]
        raise ApprovalMissing(
            _("What would be done here is not the plan in {path}. It differs in: {names}").format(
                path=self.path, names=enumerated(labels.get(key, key) for key in other)
            ),
            _("Look at the plan again, then approve it with --approve {digest}").format(digest=plan.digest),
            digest=plan.digest,
        )


def refuse(path: Path) -> None:
    """UsageError where a plan written to ``path`` would take the place of something else, such as the data."""
    refuse_others(path, _BEGINS)


def write(path: Path, plan: Plan, facts: Facts, world: World) -> None:
    """Keep ``plan`` as ``path``. Raises StorageError."""
    beside = path.absolute().parent
    answers = {key: value for key, value in answered(facts, world).items() if key not in _HERE}
    for key in _PATHS:
        if answers.get(key):
            answers[key] = _from(beside, world.path(str(answers[key])))
    kept = {
        "schema": FORM,
        "written_by": __version__,
        "sandbox": world.sandbox,
        "digest": plan.digest,
        "answers": answers,
        "plan": {item.key: item.value for item in plan.items},
    }
    with writing(path, mode=0o666) as out:
        out.write(process.as_json(kept).encode())


def read(path: Path, *, sandbox: bool) -> Kept:
    """The plan in ``path``. Raises UsageError where it is none, or one for another platform."""
    try:
        with path.open("rb") as stream:
            value = json.loads(stream.read(_LARGEST))
        if not isinstance(value, dict) or value.get("schema") != FORM:
            raise ValueError
        answers, digest, lines = value["answers"], value["digest"], value["plan"]
        if not (isinstance(answers, dict) and isinstance(digest, str) and isinstance(lines, dict)):
            raise TypeError
        simulated = bool(value["sandbox"])
    except OSError as error:
        raise UsageError(
            _("{path} can't be read: {reason}").format(path=path, reason=reason(error))
        ) from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError(
            _("{path} is no plan that this version has written.").format(path=path),
            _("bailian-wizard plan --out FILE writes one."),
        ) from None
    if simulated != sandbox:
        raise UsageError(
            _("The plan in {path} is for the sandbox.").format(path=path)
            if simulated
            else _("The plan in {path} is for the platform, not for the sandbox.").format(path=path),
            _("Give --sandbox as when it was made, or leave it out as then."),
        )
    for key in _PATHS:
        if answers.get(key):
            answers[key] = str(path.absolute().parent / str(answers[key]))
    return Kept(path, answers, digest, lines)


def _from(folder: Path, path: Path) -> str:
    """``path`` as it is found from ``folder``, with / whatever the system; on another drive as it is."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        return path.as_posix()
