"""Owns one sitting at the wizard as the model sees it: somebody who may change their mind, and a fuse that may blow."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from sweeps.walker import GO_ON, WATCH, wanted
from wizard.engine.session import Session
from wizard.engine.step import Back, Decision, Edit, Facts, Field, Quit, Unacceptable
from wizard.steps.world import World
from wizard.ui.scripted import Scripted

VARIANTS: dict[str, tuple[Any, ...]] = {
    "dataset.source": ("train.jsonl", "other.jsonl"),
    "dataset.validation": ("file", "split"),
    "preview.system_prompt": ("", "Be brief."),
    "training.n_epochs": (3, 1),
    "training.job_name": ("mine", "yours"),
}
"""What somebody may want, and may want otherwise later."""

DECISIONS = 8  # in one go; then whatever leads out
OVER: dict[str, Any] = {"": "to be asked again"}
"""Unlike anything that an answer rests on."""
MOVING = ("change", "back", "over", "anew", "away")

Choose = Callable[[Sequence[Any]], Any]


class Paused(BaseException):
    """Somebody looks at a question and has not answered yet."""


class Crash(BaseException):
    """The process is gone: nobody below the model catches this, and nothing is written after it."""


class Fuse:
    """Blows after ``ticks``: there is one before and one behind each save and each call of the platform."""

    def __init__(self, ticks: float = math.inf) -> None:
        self._left = ticks
        self._blown = False

    def tick(self) -> None:
        """One more."""
        self._left -= 1
        self._blown = self._blown or self._left < 0
        if self._blown:
            raise Crash


class FusedSession(Session):
    """A session whose process may be gone before or behind each save."""

    fuse = Fuse()

    def save(self, *, keep_previous: bool = True) -> None:
        """With a tick on either side."""
        self.fuse.tick()
        super().save(keep_previous=keep_previous)
        self.fuse.tick()


class FusedWorld(World):
    """Its platform's every call has a tick on either side."""

    fuse = Fuse()

    def platform(self, *about: Any) -> Any:
        """As it is, but for the ticks."""
        return _Fused(super().platform(*about), self)


class _Fused:
    def __init__(self, platform: Any, world: FusedWorld) -> None:
        self._platform, self._world = platform, world

    def __getattr__(self, name: str) -> Any:
        part = getattr(self._platform, name)
        if not callable(part):
            return part

        def called(*args: Any, **kwargs: Any) -> Any:
            self._world.fuse.tick()
            got = part(*args, **kwargs)
            got = tuple(got) if name in ("files", "jobs") else got
            self._world.fuse.tick()
            return got

        return called


@dataclass(slots=True)
class Memory:
    """What somebody remembers across all sittings, apart from the session file.

    ``answers``: by question, what was answered before another question came, with what it rested on. ``yeses``: what was
    shown when yes was typed. ``agains``: by what it is about, how often a second request was wanted. ``screen``: all that was said.
    """

    answers: dict[str, tuple[Any, dict[str, Any]]] = field(default_factory=dict)
    yeses: list[Facts] = field(default_factory=list)
    agains: list[str] = field(default_factory=list)
    screen: io.StringIO = field(default_factory=io.StringIO)


class Somebody(Scripted):
    """Gives ``left`` more answers, then makes the move ``then``; ``choose`` picks where there is a choice.

    A question that was answered, and whose answer still fits and rests on the same, must not come again unless they moved.
    """

    attended = True

    def __init__(self, memory: Memory, session: Session, choose: Choose) -> None:
        super().__init__(yes=True, stream=memory.screen)
        self.memory = memory
        self.left = math.inf
        self.then: BaseException = Paused()
        self.choose = choose
        self._session = session
        self._pending: tuple[str, Any, dict[str, Any]] | None = None
        self._moved = False
        self._decided = 0

    def sit(self, choose: Choose, left: float, then: BaseException) -> None:
        """Begin another go."""
        self.choose, self.left, self.then, self._decided = choose, left, then, 0

    def begin(self, number: int, total: int, title: str) -> None:
        """Leaves at the last step."""
        super().begin(number, total, title)
        self._keep()
        if number == WATCH:
            raise Quit

    def ask(self, field: Field, current: Any = None) -> Any:
        """An answer, or a move."""
        self._keep()
        self._not_again(field)
        if self.left <= 0:
            self._move()
        self.left -= 1
        self.memory.answers.pop(field.key, None)
        if field.key in VARIANTS:
            answer = field.accept(self.choose(VARIANTS[field.key]))
        else:
            answer = wanted(field, current)
        if field.kind == "word":
            self.memory.yeses.append(self._session.known)
        if field.kind != "secret":
            self._pending = (field.key, answer, self._rests(field))
        return answer

    def decide(self, decision: Decision) -> str:
        """Mostly goes on, sometimes anything that is offered."""
        self._keep()
        self._write(decision.question)
        values = [choice.value for choice in decision.choices]
        self._decided += 1
        if self._decided > DECISIONS:
            return GO_ON if GO_ON in values else "leave"
        chosen = str(self.choose((*[GO_ON] * 4, *values) if decision.safe == GO_ON else values))
        if chosen in MOVING or chosen.isdigit():
            self._moved = True
        if chosen == "over":  # all is kept and all is asked again, be it in a later sitting
            self.memory.answers = {key: (value, OVER) for key, (value, _needs) in self.memory.answers.items()}
        if chosen in ("anew", "away") or chosen.isdigit():  # a remedy may answer a question by itself
            self.memory.answers.clear()
        if chosen in ("again", "another"):
            self.memory.agains.append(decision.question)
        return chosen

    def _move(self) -> NoReturn:
        move, self.then = self.then, Paused()
        self._moved = self._moved or isinstance(move, Back | Edit)
        raise move

    def _keep(self) -> None:
        """The last answer is on the disk by now."""
        if self._pending is not None:
            key, value, needs = self._pending
            self.memory.answers[key] = (value, needs)
            self._pending = None

    def _rests(self, field: Field) -> dict[str, Any]:
        known = self._session.known
        return {key: known[key] for key in field.needs if key in known}

    def _not_again(self, field: Field) -> None:
        if self._moved or field.key not in self.memory.answers:
            return
        value, needs = self.memory.answers[field.key]
        try:
            field.accept(value)
        except Unacceptable:
            return
        assert needs != self._rests(field), f"asked again: {field.key}, answered {value}"


def opened(folder: Path, environment: dict[str, str]) -> tuple[FusedSession, FusedWorld]:
    """A session and its surroundings, as at the start of the wizard."""
    world = FusedWorld(folder, environment)
    session = FusedSession.open(world.state)
    world.session_id = session.id
    return session, world
