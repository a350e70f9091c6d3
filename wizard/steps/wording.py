"""How numbers, sizes and times read in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wizard.locale import _, enumerated, joined, ngettext

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

KILO = 1024
BEIJING = 8  # hours before UTC
_HALF_A_YEAR = 183  # days
SECONDS = 11  # digits at most of a time in seconds since 1970


_FEW = 8  # names on a screen; programs get all


def first_few(names: Sequence[str]) -> str:
    """The first of many names, and how many more there are."""
    more = len(names) - _FEW
    rest = ngettext("and {count} more", "and {count} more", more).format(count=more) if more > 0 else ""
    return joined(enumerated(names[:_FEW]), rest)


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


def instant(text: str) -> datetime | None:
    """The time that ``text`` tells; one without a zone is Beijing's, as the platform's are. None where it tells none."""
    from datetime import UTC, datetime, timedelta, timezone

    try:
        if text.isdecimal():  # seconds, or milliseconds, since 1970
            return datetime.fromtimestamp(int(text) / (1000 if len(text) > SECONDS else 1), UTC)
        if ":" not in text:
            return None  # a day is no moment
        told = datetime.fromisoformat(text)
        return told if told.tzinfo is not None else told.replace(tzinfo=timezone(timedelta(hours=BEIJING)))
    except (ValueError, OverflowError, OSError):
        return None


def rfc3339(text: str) -> str | None:
    """A time as programs read it, with its zone; None where ``text`` tells none."""
    told = instant(text)
    return None if told is None else told.astimezone().isoformat(timespec="seconds")


def moment(text: str) -> str:
    """A time on this computer's clock, such as "2026-11-26 09:30"; what tells no time stays as it is."""
    told = instant(text)
    try:
        return text if told is None else told.astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return text


def dated(text: str) -> str:
    """A time, from an hour on with how long ago that was, such as "11-26 09:30 (3 h ago)"; what tells no time stays as it is."""
    from datetime import UTC, datetime

    told = instant(text)
    if told is None:
        return text
    hours = int((datetime.now(UTC) - told).total_seconds() // 3600)
    days = hours // 24
    shown = told.astimezone().strftime("%m-%d %H:%M" if abs(days) < _HALF_A_YEAR else "%Y-%m-%d %H:%M")
    if hours < 1:
        return shown
    ago = _("{count} h ago").format(count=hours)
    if days:
        ago = ngettext("{count} day ago", "{count} days ago", days).format(count=days)
    return _("{text} ({aside})").format(text=shown, aside=ago)


def clock(text: str) -> str:
    """A time of today on this computer's clock, such as "09:30"."""
    told = instant(text)
    return text if told is None else told.astimezone().strftime("%H:%M")


def whose_clock() -> str:
    """That times are this computer's, where its clock isn't Beijing's; else nothing needs to be said."""
    import time

    if time.localtime().tm_gmtoff == BEIJING * 3600:
        return ""
    return _("Times are this computer's ({zone}); the platform's own are Beijing's.").format(
        zone=time.strftime("UTC%z")
    )


def span(seconds: float) -> str:
    """A duration to the second, such as "1:02:03" or "0:09"."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def status_shown(status: str) -> str:
    """A job's status with what it means; one that is not known is shown as it is."""
    from wizard.bailian.service import GONE

    meanings = {
        "PENDING": _("accepted"),
        "QUEUING": _("waiting for its turn: one training runs at a time"),
        "RUNNING": _("training"),
        "CANCELING": _("being cancelled"),
        "SUCCEEDED": _("finished"),
        "FAILED": _("failed"),
        "CANCELED": _("cancelled"),
        GONE: _("no longer on the platform"),
    }
    return _("{text} ({aside})").format(text=status, aside=meanings[status]) if status in meanings else status
