"""How numbers and sizes read in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard.locale import _

if TYPE_CHECKING:
    from decimal import Decimal

KILO = 1024


def bytes_shown(size: int) -> str:
    """A size in bytes with the unit that suits it (1 KB = 1,024 bytes)."""
    amount = float(size)
    units = ["B", "KB", "MB", "GB"]
    while amount >= KILO and len(units) > 1:
        amount /= KILO
        units.pop(0)
    return f"{amount:.0f} B" if units[0] == "B" else f"{amount:.1f} {units[0]}"


def money(low: Decimal | str, high: Decimal | str, currency: str = "CNY") -> str:
    """A price range, such as "¥3.10 to ¥12.00"."""
    from decimal import Decimal

    sign = {"CNY": "¥", "USD": "$"}.get(currency, currency + " ")
    if Decimal(low) == Decimal(high):
        return f"{sign}{Decimal(low):,.2f}"
    return _("{low} to {high}").format(low=f"{sign}{Decimal(low):,.2f}", high=f"{sign}{Decimal(high):,.2f}")


def span(seconds: float) -> str:
    """A duration to the second, such as "1:02:03" or "0:09"."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
