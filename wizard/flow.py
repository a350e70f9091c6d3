"""The list of steps in order: reading it is reading the product."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any, cast

from wizard.engine.step import Answer, Facts, Step
from wizard.steps.world import World

# From data on this computer to a trained model on the platform. Each needs every step above it.
_STEPS = (
    ("dataset", "Dataset"),
    ("preview", "Preview"),
    ("key", "Key"),
    ("training", "Training"),
    ("review", "Review"),
    ("upload", "Upload"),
    ("job", "CreateJob"),
    ("watch", "Watch"),
)


def steps(world: World) -> tuple[Step, ...]:
    """All of them, in order; ``world`` knows them from now on, so that the plan is made of what each of them asks."""
    world.steps = tuple(cast("Step", _Later(module, name, world)) for module, name in _STEPS)
    return world.steps


def answers(of: str = "") -> Iterator[Answer]:
    """Every answer that any step can take; given ``of``, those of the step with this id only, and no other is imported."""
    for module, name in _STEPS:
        if of in ("", module):
            yield from _made_by(module, name).answers()


def _made_by(module: str, name: str) -> type[Step]:
    return cast("type[Step]", getattr(import_module(f"wizard.steps.{module}"), name))


class _Later:
    """A step whose module is imported when it is first looked into: start-up time is a feature."""

    def __init__(self, module: str, name: str, world: World) -> None:
        self.id = module
        self._made_of = (name, world)
        self._step: Step | None = None

    def applies(self, facts: Facts) -> bool:  # noqa: ARG002 - no step of this product is ever skipped
        """Always."""
        return True

    def __getattr__(self, attribute: str) -> Any:
        if self._step is None:
            name, world = self._made_of
            self._step = cast("Any", _made_by(self.id, name))(world)
        return getattr(self._step, attribute)
