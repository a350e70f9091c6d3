"""When a base model stops being callable, what is known of that day, and what it means on a given one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from wizard.locale import _, joined


@dataclass(frozen=True, slots=True)
class Retirement:
    """From ``date`` on the base can't be called.

    ``confirmed``: whether the platform says that it happened, not only that it would. ``still_listed``: whether younger tables of what
    can be tuned still have the models of that day.
    """

    date: dt.date
    source: str
    confirmed: bool
    still_listed: bool

    def past(self, today: dt.date) -> bool:
        """Whether the day has come."""
        return self.date <= today

    def brief(self, today: dt.date) -> str:
        """The same in a few words, for a list."""
        if not self.past(today):
            words = _("base ends {date}")
        else:
            words = _("base ended {date}") if self.confirmed else _("base to end {date}")
        return words.format(date=self.date.isoformat())

    def warning(self, today: dt.date) -> str:
        """What it means to who trains on ``today``: whether the base can be compared with, whether it can be tuned."""
        day = self.date.isoformat()
        if not self.past(today):
            return _(
                "From {date} on its base can't be called, nor compared with, and maybe not tuned."
            ).format(date=day)
        ended = (
            _("Its base can't be called since {date}, so a result can't be compared with it.")
            if self.confirmed
            else _(
                "Its base was announced to end on {date}: likely it can't be called, nor a result compared with it."
            )
        )
        tuned = (
            _("It likely can still be tuned: younger tables list it.")
            if self.still_listed
            else _("Whether it can still be tuned isn't known.")
        )
        return joined(ended.format(date=day), tuned)
