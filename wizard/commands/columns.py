"""``--columns MEANING=NAME`` and ``--ignore FIELD``: which column means what, as by ``--set dataset.columns.MEANING=NAME``."""

from __future__ import annotations

from argparse import Namespace

from wizard.errors import UsageError
from wizard.locale import _


def columns_of(arguments: Namespace) -> dict[str, str] | None:
    """Meaning -> column, and the fields to ignore; None where nothing was given. Raises UsageError."""
    columns: dict[str, str] = {}
    for one in arguments.columns or ():
        meaning, sign, name = one.partition("=")
        if not sign:
            raise UsageError(
                _("“{text}” doesn't say which column means what.").format(text=one),
                _("For example: --columns question=stem"),
            )
        columns[meaning.strip()] = name
    if arguments.ignore:
        columns["ignore"] = ",".join(arguments.ignore)
    return columns or None
