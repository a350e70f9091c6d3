"""What the session of this folder knows about a file of the user's: its columns, the words around its rows, what it became."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wizard.data.sent import CHINESE, SYSTEM_PROMPT
from wizard.engine.session import Session
from wizard.steps.facts import Chosen, Converted, Counted
from wizard.steps.world import state_in


@dataclass(frozen=True, slots=True)
class Known:
    """How rows are read and what is put around them; without a session as ``convert`` does it."""

    system_prompt: str = SYSTEM_PROMPT
    add_system: bool = False
    language: str = CHINESE
    columns: Mapping[str, str] | None = None
    outputs: tuple[Path, ...] = ()
    """The converted files, those that were sent before those that stay."""


def known_of(path: Path, folder: Path, *, sandbox: bool) -> Known | None:
    """From the session of ``folder``, else from the other one (of the sandbox, or not); None where neither has this file.

    A foreign session is not listened to.
    """
    for which in (sandbox, not sandbox):
        session = Session.peek(state_in(folder, sandbox=which))
        if session is None or session.foreign:
            continue
        facts = session.known
        wanted = path.resolve()
        mine = [one for one in Chosen.all(facts) if (folder / one.path).resolve() == wanted]
        if not mine or "preview.system_prompt" not in facts:
            continue
        converted = sorted(Converted.all(facts), key=lambda one: not one.sent)
        questions = any(one.systems and one.systems.questions for one in Counted.all(facts))
        return Known(
            system_prompt=str(facts["preview.system_prompt"] or ""),
            add_system=not questions,
            language=str(facts.get("preview.language") or CHINESE) if questions else CHINESE,
            columns=dict(mine[0].columns) or None,
            outputs=tuple(folder / one.path for one in converted),
        )
    return None
