"""``models``: what can be tuned and at which price."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard.commands.listing import table
from wizard.commands.scene import Scene
from wizard.contract import forms
from wizard.engine.view import Table
from wizard.locale import _, enumerated, joined

if TYPE_CHECKING:
    from wizard.bailian.models import Price
    from wizard.bailian.plans import Uses


def models(scene: Scene) -> int:
    """``models``: what can be tuned and at which price, from the table that comes with the wizard; no network."""
    from wizard.bailian import models as known
    from wizard.bailian.plans import date_shown

    found = known.models()
    rows = []
    for model in found:
        price = model.price()
        amount = f"{price.amount} {price.currency}" if price else "-"
        rows.append(
            (
                model.code,
                amount,
                date_shown(price.date) if price else "-",
                enumerated(model.training_types),
                joined(*model.remarks()),
            )
        )
    heads = (_("Model"), _("Per 1,000"), _("As of"), _("Training types"), _("Remarks"))
    listing: list[forms.Model] = [
        {
            "model": model.code,
            "training_types": list(model.training_types),
            "text": model.text,
            "prices": [_price(price) for price in model.prices],
            "base_retired": model.retirement.date.isoformat() if model.retirement else None,
            "uses": {kind: _uses(model.uses(kind)) for kind in model.training_types},
            "remarks": list(model.remarks()),
        }
        for model in found
    ]
    here = sum(model.text for model in found)
    remarks = (
        _("Prices are for 1,000 training tokens."),
        _("This wizard trains {here} of them, with text; {others} are for images and only listed.").format(
            here=here, others=len(found) - here
        ),
    )
    shown = table(Table(heads, tuple(rows), frozenset({1})), *remarks)
    return scene.report(forms.Models(models=listing), shown)


def _price(price: Price) -> forms.Price:
    return {
        "amount": str(price.amount),
        "currency": price.currency,
        "region": price.region,
        "source": price.source,
        "date": price.date,
    }


def _uses(found: Uses) -> forms.Uses:
    """By which plans a result can be used, each as its price list has it; the least an hour worked out."""
    token, hour = found.by_token, found.by_hour
    by_token: forms.ByToken | None = None
    if token is not None:
        by_token = {
            "input": str(token.input),
            "output": str(token.output),
            "thinking": None if token.thinking is None else str(token.thinking),
            "long": None if token.long is None else [*map(str, token.long)],
            "currency": token.currency,
            "source": token.source,
            "date": token.date,
        }
    by_hour: forms.ByHour | None = None
    if hour is not None:
        by_hour = {
            "unit": hour.unit,
            "least": hour.least,
            "price": str(hour.price),
            "currency": hour.currency,
            "source": hour.source,
            "date": hour.date,
            "hour": str(hour.hour),
        }
    return {"lora": by_token, "mu": by_hour}
