"""What a changed answer makes stale, told before it is changed."""

from __future__ import annotations

from collections.abc import Sequence

from wizard.engine.step import Facts, Step


def made_from(key: str, steps: Sequence[Step], facts: Facts) -> list[str]:
    """What was made already and rests on the answer ``key``, however far down the road, by name."""
    stale = {key}
    names = []
    for step in steps:
        fields = step.fields(facts)
        stale.update(field.key for field in fields if stale & set(field.needs))
        if step.gives and stale & {*step.needs, *(field.key for field in fields)}:
            stale.update(step.gives)
            if all(result in facts for result in step.gives):
                names.append(step.made())
    return names
