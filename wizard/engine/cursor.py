"""The cursor: which question, and which step, is open for the facts that are known.

There is no stored step number. Resume, Back and Edit are one computation over the facts: a question is open when it has
no answer, when its answer no longer fits, when what it rests on changed, or when somebody wants to change it; results
are open when what they rest on changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wizard.engine.plan import digest
from wizard.engine.session import Session
from wizard.engine.step import Facts, Field, Source, Step, Unacceptable


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that was given before the question: on the command line or in a file."""

    raw: Any
    source: Source
    kept: bool = True
    """Whether it waits in the session for its question, when this run ends before that."""


class Cursor:
    """Where ``steps`` stand with what one session knows and was given."""

    def __init__(
        self, steps: Sequence[Step], session: Session, given: Mapping[str, Given] | None = None
    ) -> None:
        self.steps = tuple(steps)
        self.session = session
        self._given = dict(given or {})
        self._reopened: set[str] = set()
        self._secrets: dict[str, Any] = {}

    @property
    def facts(self) -> Facts:
        """All values known so far."""
        facts = self.session.known
        facts.given = {key: given.raw for key, given in self._given.items()}
        return facts

    def next_step(self) -> Step | None:
        """The first applicable step that is not satisfied, or None: all done."""
        return next((step for step in self._open_steps() if not self.satisfied(step)), None)

    @property
    def sealed(self) -> bool:
        """Whether an effect may have happened behind which nothing can be changed any more."""
        return self._seal() is not None

    def place(self, step: Step) -> tuple[int, int]:
        """The number of ``step`` among those that apply, and how many they are."""
        applicable = self._applicable()
        return applicable.index(step) + 1, len(applicable)

    def satisfied(self, step: Step) -> bool:
        """Whether every question of ``step`` has a good answer and its results rest on what is true now."""
        return self._open_field(step) is None and self._made(step)

    def _applicable(self) -> list[Step]:
        return [step for step in self.steps if step.applies(self.facts)]

    def _seal(self) -> Step | None:
        if not self.session.effects:
            return None
        facts, effects = self.facts, self.session.effects
        begun = {key for key, effect in effects.items() if effect.state != "prepared" and not effect.hearsay}
        return next(
            (step for step in self._applicable() if (key := step.seals(facts)) and key in begun), None
        )

    def _open_steps(self) -> list[Step]:
        """The steps that can still be open: all, or those from a sealing one on once its effect may have happened."""
        applicable = self._applicable()
        seal = self._seal()
        return applicable[applicable.index(seal) :] if seal else applicable

    def _open_field(self, step: Step) -> Field | None:
        """The first question of ``step`` that is open; of those about its results only once these are there."""
        fields = [field for field in step.fields(self.facts) if not self._answered(field)]
        first = next((field for field in fields if not field.after), None)
        if first is None and fields and self._made(step):
            return fields[0]
        return first

    def _made(self, step: Step) -> bool:
        """Whether the results of ``step`` are there and rest on what is true now."""
        if not all(key in self.session.facts for key in step.gives):
            return False  # its questions, which may read much, are of no use yet
        basis = self._basis_of_results(step)
        return all(self._rests_on(key, basis) for key in step.gives)

    def _answered(self, field: Field) -> bool:
        if field.key in self._reopened or field.key in self._given:
            return False
        if field.kind == "secret":
            return field.key in self._secrets
        fact = self.session.facts.get(field.key)
        if fact is None or fact.basis != self._basis(field.needs):
            return False
        try:
            field.accept(fact.value)
            # What nobody chose follows the default.
            return fact.source != "default" or not field.quiet or fact.value == field.accept(field.default)
        except Unacceptable:
            return False

    def _rests_on(self, key: str, basis: str) -> bool:
        fact = self.session.facts.get(key)
        return fact is not None and fact.basis == basis

    def _basis(self, keys: Sequence[str]) -> str:
        facts = self.session.facts
        return digest({key: facts[key].value for key in keys if key in facts})

    def _basis_of_results(self, step: Step) -> str:
        facts = self.facts
        own = [field.key for field in step.fields(facts) if field.kind != "secret" and not field.after]
        return self._basis((*step.needs, *own))

    def _stands(self, step: Step) -> bool:
        """Whether its results rest on what is recorded, and no answer is given that is another one.

        The same answer given again makes nothing new of a file that has changed behind it.
        """
        given = [field.key for field in step.fields(self.facts) if field.key in self._given]
        return all(str(self._given[key].raw) == str(self.facts.get(key)) for key in given)
