"""``python -m benchmarks [NAME ...] [OPTION ...]``: run the named measurements, or all; options are theirs."""

from __future__ import annotations

import sys
from importlib import import_module
from itertools import takewhile

NAMES = ("startup", "feedback", "convert", "check")


def main() -> int:
    """Run each and print its table; 2 for a name that doesn't exist."""
    wanted = list(takewhile(lambda word: not word.startswith("-"), sys.argv[1:])) or list(NAMES)
    if unknown := [name for name in wanted if name not in NAMES]:
        sys.stderr.write(f"no such benchmark: {', '.join(unknown)}; there are: {', '.join(NAMES)}\n")
        return 2
    for name in wanted:
        import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
