"""How the result of the chosen training can be used and for how much, told before the yes; a result that can't needs a yes of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wizard.bailian import models
from wizard.bailian.endpoints import BEIJING
from wizard.bailian.plans import Uses
from wizard.engine.plan import Item
from wizard.engine.step import Answer, Facts, Field
from wizard.locale import _
from wizard.steps.help import about
from wizard.steps.permission import typed_name

WITHOUT = Answer(
    key="review.without_deployment",
    kind="text",
    name=lambda: _("To train what may never be deployed"),
    help=lambda: about("review.without_deployment"),
    optional=True,
    public=True,
    in_plan=False,  # it permits the training; nothing of what is sent depends on it
)


def uses(facts: Mapping[str, Any]) -> Uses:
    """By which plans the result of the chosen model and training type can be used; unknown before both are chosen."""
    model = models.model(facts.get("training.model", ""))
    kind = facts.get("training.type")
    if model is None or kind is None:
        return Uses(known=False)
    return model.uses(kind, facts.get("key.region") or BEIJING)


def item(facts: Mapping[str, Any]) -> Item:
    """The plan's line; its value is what the price lists say, so that with other prices it is another plan."""
    found = uses(facts)
    value: list[str] = []
    if found.by_token is not None:
        value = ["lora", str(found.by_token.input), str(found.by_token.output), found.by_token.date]
    elif found.by_hour is not None:
        value = ["mu", found.by_hour.unit, str(found.by_hour.hour), found.by_hour.date]
    return Item("afterwards", _("Afterwards"), value, found.words())


def told(model: models.TunableModel, kinds: Sequence[str], region: str) -> str:
    """For the question of the training type: a line for each, how its result is used."""
    return "\n".join(
        _("{name}, to use the result: {how}").format(
            name=models.training_type_words(kind)[0], how=model.uses(kind, region).words()
        )
        for kind in kinds
    )


def without(facts: Facts) -> Field:
    """The typed word with which a model is trained that no published plan can deploy: its name. Else nobody is asked."""
    model = facts.get("training.model", "")
    label = _(
        "No way to deploy a result of {model} trained as {type}, by token or by the hour, is published: it may never be used. To train it all the same, "
        "type the model's name"
    ).format(model=model, type=facts.get("training.type", ""))
    found = uses(facts)
    idle = _("a way to use this result is published") if found.known and not found.none_published else ""
    return typed_name(WITHOUT, label, model, asked=found.none_published, without_effect=idle)
