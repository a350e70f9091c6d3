"""``--columns MEANING=NAME``: which column means what, in the words of ``--set dataset.columns.MEANING=NAME``."""

from __future__ import annotations

from collections.abc import Sequence

from wizard.errors import UsageError
from wizard.locale import _


def columns_of(given: Sequence[str] | None) -> dict[str, str] | None:
    """Meaning -> column; None where nothing was given. Raises UsageError."""
    columns: dict[str, str] = {}
    for one in given or ():
        meaning, sign, name = one.partition("=")
        if not sign:
            raise UsageError(
                _("“{text}” doesn't say which column means what.").format(text=one),
                _("For example: --columns question=stem"),
            )
        columns[meaning.strip()] = name
    return columns or None
