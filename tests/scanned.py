"""What a scan of rows came to, as one value to compare with another."""

from __future__ import annotations

from typing import Any

from wizard.data.checking.scan import Scan


def told(scan: Scan) -> dict[str, Any]:
    """All that a scan has counted and found."""
    tally = scan.tally
    tally.room()
    names = (
        "lines",
        "blank",
        "rows",
        "left_out",
        "keys",
        "characters",
        "longest",
        "places",
        "longest_right",
        "kinds",
    )
    return {name: getattr(tally, name) for name in names} | tally.findings.as_dict()
