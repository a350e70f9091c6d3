"""By which of the platform's plans a fine-tuned model can be used, and for how much: as published, each with its date."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from wizard.locale import _

SIGNS = {"CNY": "¥", "USD": "$"}
_HOURS = 24


def date_shown(date: str) -> str:
    """A price's date for a person: most are days, those of undated pages a month or a season."""
    return {"autumn 2026": _("autumn 2026"), "August 2026": _("August 2026")}.get(date, date)


@dataclass(frozen=True, slots=True)
class ByToken:
    """Plan ``lora``: ``currency`` per million tokens in and out, nothing while idle.

    ``thinking``: out of a model that thinks, where that has another price. ``long``: in and out of a call of more than 128K tokens.
    """

    input: Decimal
    output: Decimal
    thinking: Decimal | None
    long: tuple[Decimal, Decimal] | None
    currency: str
    source: str
    date: str

    def words(self) -> str:
        """Price, what idling costs, and since when that is known, in one line."""
        sign = SIGNS[self.currency]
        more = ""
        if self.thinking is not None:
            more = _(" ({price} with thinking)").format(price=f"{sign}{self.thinking}")
        elif self.long is not None:
            more = _(" ({input} and {output} in calls above 128K)").format(
                input=f"{sign}{self.long[0]}", output=f"{sign}{self.long[1]}"
            )
        return _(
            "by token: {input} in, {output} out per million{more} ({date}); nothing while idle, released after a month unused"
        ).format(
            input=f"{sign}{self.input}", output=f"{sign}{self.output}", more=more, date=date_shown(self.date)
        )


@dataclass(frozen=True, slots=True)
class ByHour:
    """Plan ``mu``: at least ``least`` of ``unit``, each for ``price`` of ``currency`` an hour, whether it is called or not."""

    unit: str
    least: int
    price: Decimal
    currency: str
    source: str
    date: str

    @property
    def hour(self) -> Decimal:
        """The least that one deployment costs an hour."""
        return self.price * self.least

    def words(self) -> str:
        """The least an hour and a day, and since when that is known, in one line."""
        sign = SIGNS[self.currency]
        return _("by the hour: at least {hour} an hour, {day} a day, called or not ({date})").format(
            hour=f"{sign}{self.hour:,}", day=f"{sign}{self.hour * _HOURS:,}", date=date_shown(self.date)
        )


@dataclass(frozen=True, slots=True)
class Uses:
    """The plans that one result may use, None where none is published. ``known``: whether anything is known at all."""

    by_token: ByToken | None = None
    by_hour: ByHour | None = None
    known: bool = True

    @property
    def none_published(self) -> bool:
        """Whether the price lists are known and have no way to use such a result."""
        return self.known and self.by_token is None and self.by_hour is None

    @property
    def cheapest(self) -> ByToken | ByHour | None:
        """By token where that is possible, since it costs nothing idle."""
        return self.by_token or self.by_hour

    def words(self) -> str:
        """How such a result is used, in one line."""
        if not self.known:
            return _("not known for this region")
        if self.cheapest is None:
            return _("no way to deploy such a result by token or by the hour is published")
        return self.cheapest.words()
