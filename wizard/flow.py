"""The list of steps in order: reading it is reading the product."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

from wizard.engine.step import Facts, Step
from wizard.steps.world import World


def steps(world: World) -> tuple[Step, ...]:
    """From data on this computer to a trained model on the platform. Each needs every step above it."""
    return (
        _step("dataset", "Dataset", world),
        _step("preview", "Preview", world),
        _step("key", "Key", world),
        _step("training", "Training", world),
        _step("review", "Review", world),
        _step("upload", "Upload", world),
        _step("job", "CreateJob", world),
        _step("watch", "Watch", world),
    )


def _step(module: str, name: str, world: World) -> Step:
    return cast("Step", _Later(module, name, world))


class _Later:
    """A step whose module is imported when it is first looked into: start-up time is a feature."""

    def __init__(self, module: str, name: str, world: World) -> None:
        self.id = module
        self._made_by = (name, world)
        self._step: Step | None = None

    def applies(self, facts: Facts) -> bool:  # noqa: ARG002 - no step of this product is ever skipped
        """Always."""
        return True

    def __getattr__(self, attribute: str) -> Any:
        if self._step is None:
            name, world = self._made_by
            self._step = getattr(import_module(f"wizard.steps.{self.id}"), name)(world)
        return getattr(self._step, attribute)
