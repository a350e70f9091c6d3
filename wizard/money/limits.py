"""Owns ``limits.toml``: what this computer's user lets a job and a month cost at most, and which models; no flag or answer raises it.

It lies beside the user's secret, outside every project. What can't be read, or has a name that means nothing, lets nothing
pass: a slip must not lift a limit. It binds whoever can't write there nor choose where "there" is.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from wizard.errors import NotAllowed, OverBudget, UsageError
from wizard.local import userstate
from wizard.locale import _, enumerated
from wizard.money.ledger import Ledger

FILE = "limits.toml"
CURRENCIES = ("CNY", "USD")
_AMOUNTS = ("job", "month")


@dataclass(frozen=True, slots=True)
class Limits:
    """At most so much for a ``job``, and for all jobs approved in a calendar ``month``, by currency; ``models``: None for any."""

    job: Mapping[str, Decimal] = field(default_factory=dict)
    month: Mapping[str, Decimal] = field(default_factory=dict)
    models: tuple[str, ...] | None = None

    def told(self) -> str:
        """In one line; empty where there are none."""
        parts = [
            _("{amount} {currency} a job").format(amount=f"{amount:,.2f}", currency=currency)
            for currency, amount in self.job.items()
        ]
        parts += [
            _("{amount} {currency} a month").format(amount=f"{amount:,.2f}", currency=currency)
            for currency, amount in self.month.items()
        ]
        if self.models is not None:
            parts.append(_("only {models}").format(models=enumerated(self.models) or _("no model")))
        return " · ".join(parts)


def limits() -> Limits:
    """What is set. Raises UsageError where the file can't be understood, and StorageError where it can't be read."""
    data = userstate.read(FILE)
    if data is None:
        return Limits()
    path = userstate.user_state() / FILE
    try:
        found = tomllib.loads(data.decode("utf-8-sig"))
        models = found.pop("models", None)
        unknown = [name for name in found if name not in CURRENCIES]
        amounts = {
            name: {kind: _amount(found[name].pop(kind)) for kind in _AMOUNTS if kind in found[name]}
            for name in found
            if name in CURRENCIES
        }
        unknown += [f"{name}.{kind}" for name in amounts for kind in found[name]]
        if unknown:
            raise UsageError(
                _("{path} has names that mean nothing: {names}").format(path=path, names=enumerated(unknown)),
                _("It knows models, and job and month under CNY and USD."),
            )
        if models is not None and not (
            isinstance(models, list) and all(isinstance(one, str) for one in models)
        ):
            raise TypeError
    except (ValueError, TypeError, AttributeError, InvalidOperation):
        raise UsageError(
            _("{path} can't be understood, so nothing is let pass.").format(path=path),
            _('It is TOML such as: models = ["qwen3-8b"], then [CNY], job = 50, month = 200, a line each.'),
        ) from None
    job, month = ({name: some[kind] for name, some in amounts.items() if kind in some} for kind in _AMOUNTS)
    return Limits(job, month, None if models is None else tuple(models))


def _amount(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    amount = Decimal(str(value))
    if not amount.is_finite() or amount < 0:
        raise ValueError
    return amount


def demand(model: str, most: str, currency: str, ledger: Ledger) -> None:
    """Raise NotAllowed for a model, and OverBudget for a cost of ``most``, that the limits don't allow.

    ``most``: what the job costs at most, a decimal text; empty where no price is known, which no limit of an amount lets pass.
    """
    set_here = limits()
    path = userstate.user_state() / FILE
    if set_here.models is not None and model not in set_here.models:
        raise NotAllowed(
            _("{model} is not one of the models that {path} allows: {models}").format(
                model=model, path=path, models=enumerated(set_here.models) or _("none")
            ),
            _("Choose one of them, or let whoever set the limit change it."),
        )
    if not set_here.job and not set_here.month:
        return
    raised = _("Make the plan cheaper, or let whoever set the limit raise it: no flag does.")
    if not most or currency not in {*set_here.job, *set_here.month}:
        raise OverBudget(
            _(
                "What the job costs can't be held against the limits in {path}: they name no amount in {currency}."
            ).format(path=path, currency=currency)
            if most
            else _(
                "No price of the model is known, so that the job can't be held against the limits in {path}."
            ).format(path=path),
            raised,
        )
    cost = Decimal(most)
    if (job := set_here.job.get(currency)) is not None and cost > job:
        raise OverBudget(
            _("The job may cost {cost} {currency}; {path} allows {limit} a job.").format(
                cost=f"{cost:,.2f}", currency=currency, path=path, limit=f"{job:,.2f}"
            ),
            raised,
        )
    month = set_here.month.get(currency)
    if month is not None and (before := ledger.approved_this_month(currency)) + cost > month:
        raise OverBudget(
            _(
                "The job may cost {cost} {currency}; {before} were approved this month already, and {path} allows {limit} a month."
            ).format(
                cost=f"{cost:,.2f}",
                currency=currency,
                before=f"{before:,.2f}",
                path=path,
                limit=f"{month:,.2f}",
            ),
            raised,
        )
