"""How a script is told which answers are missing, and where it gives them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wizard.engine.step import Field, written
from wizard.local.shell import addition
from wizard.locale import _


def how_to_give(missing: Sequence[Field]) -> Iterator[str]:
    """Where a script gives these answers, a line for each place."""
    elsewhere = [field.elsewhere for field in missing if field.elsewhere]
    for name in elsewhere:
        yield _("Put {name} into the environment, or into .env in this folder.").format(name=name)
    here = [field for field in missing if not field.elsewhere]
    guesses = [field for field in here if field.guessed]
    if guesses and all(field.default is not None for field in guesses):
        words = (word for field in guesses for word in ("--set", f"{field.key}={written(field.default)}"))
        yield _("If the guess is right, this would do: {words}").format(words=addition(words))
        return
    defaults = any(field.default is not None and not field.guessed for field in here)
    if here and elsewhere:
        yield (
            _(
                "Give the others with --set KEY=VALUE or in an --answers file, or take every default with --yes."
            )
            if defaults
            else _("Give the others with --set KEY=VALUE or in an --answers file.")
        )
    elif here:
        yield (
            _("Give each with --set KEY=VALUE or in an --answers file, or take every default with --yes.")
            if defaults
            else _("Give each with --set KEY=VALUE or in an --answers file.")
        )


def unanswered(missing: Sequence[Field]) -> Iterator[str]:
    """The questions that are left; and each answer to one where none is recommended, unless the one before had the same."""
    told: set[tuple[str, str]] = set()
    for field in missing:
        yield "  " + _("{title}: {line}").format(title=field.elsewhere or field.key, line=field.label)
        if field.default is not None and not field.guessed:
            continue
        if field.why:
            yield f"    {field.why}"
        for choice in field.choices:
            value = written(choice.value)
            if not choice.edits and (value, choice.note) not in told:
                line = addition(("--set", f"{field.key}={value}"))
                yield f"    {line}" + (f"    {choice.note}" if choice.note else "")
                if choice.note:
                    told.add((value, choice.note))
