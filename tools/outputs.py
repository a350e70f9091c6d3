"""The JSON Schema of all output, kept in docs/outputs.schema.json: ``python -m tools.outputs`` writes it anew.

Refuses what would break a program that relies on the form before, while its number stays the same: a name that goes, a type
that changes, a name that was always there and need not be any more. What is only added is let through.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wizard.contract import envelope, schema

KEPT = Path(__file__).parents[1] / "docs" / "outputs.schema.json"


def main() -> int:
    """Exits 1 where the file had to be changed, 2 where it must not be."""
    now = schema.outputs()
    before = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else now
    broken = [*breaks(before, now)] if _number(before) == _number(now) else []
    if broken:
        sys.stderr.write(
            "raise contract.envelope.VERSION, since these are broken:\n"
            + "".join(f"  {one}\n" for one in broken)
        )
        return 2
    text = json.dumps(now, ensure_ascii=False, indent=1) + "\n"
    if KEPT.exists() and KEPT.read_text("utf-8") == text:
        return 0
    KEPT.write_text(text, "utf-8")
    sys.stdout.write(f"brought up to date: {KEPT.name}\n")
    return 1


def _number(of: dict[str, Any]) -> str:
    text = json.dumps(of)
    return next(f"/{number}" for number in range(envelope.VERSION, 0, -1) if f'/{number}"' in text)


def breaks(before: Any, now: Any, place: str = "") -> Iterator[str]:
    """What a program that relies on ``before`` would miss in ``now``."""
    if isinstance(before, dict) and isinstance(now, dict):
        for name, value in before.items():
            if name in ("description", "title"):
                continue
            if name not in now:
                yield f"{place}/{name} is gone"
            elif name == "required":
                yield from (f"{place} need not have {one} any more" for one in value if one not in now[name])
            else:
                yield from breaks(value, now[name], f"{place}/{name}")
    elif isinstance(before, list) and isinstance(now, list):
        if place.rpartition("/")[2] in ("enum", "anyOf"):
            yield from (
                f"{place} has no {str(one)[:80]} any more"
                for one in before
                if one not in now and not _nested(one)
            )
            yield from (
                problem
                for one, other in zip(filter(_nested, before), filter(_nested, now), strict=False)
                for problem in breaks(one, other, f"{place}[]")
            )
        elif before != now:
            yield f"{place} was {before}, is {now}"
    elif before != now:
        yield f"{place} was {before}, is {now}"


def _nested(one: Any) -> bool:
    return isinstance(one, dict) and "properties" in json.dumps(one)


if __name__ == "__main__":
    sys.exit(main())
