"""How the generated documents write a table, and files that are kept up to date."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a Markdown table, and an empty one."""
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
    yield ""


def bring_up_to_date(pages: Mapping[Path, str]) -> int:
    """Write the pages that differ from their files, and say which; 1 where there were some, so that a check can see it."""
    changed = [path for path, text in pages.items() if not path.exists() or path.read_text("utf-8") != text]
    for path in changed:
        path.write_text(pages[path], "utf-8")
        sys.stderr.write(f"brought up to date: {path.name}\n")
    return 1 if changed else 0
