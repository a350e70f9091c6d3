"""``python -m tools.lowest``: the quick tests with the lowest version of each library that pyproject.toml allows."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.requirements import Requirement

from tools import environments


def lowest() -> Iterator[str]:
    """``NAME==VERSION`` for each library that the project names, its extras' too. Raises ValueError for one without a bound."""
    project = tomllib.loads((environments.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = (one for extra in project["optional-dependencies"].values() for one in extra)
    for line in sorted({*project["dependencies"], *extras}):
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate():
            continue
        bound = next((one.version for one in wanted.specifier if one.operator == ">="), None)
        if bound is None:
            message = f"{line} has no lower bound"
            raise ValueError(message)
        yield f"{wanted.name}=={bound}"


def main() -> int:
    """1 where they can't be installed together, or a test fails."""
    pins = list(lowest())
    sys.stdout.write("\n".join(pins) + "\n")
    sys.stdout.flush()
    with TemporaryDirectory() as folder:
        python = environments.made(Path(folder, "venv"))
        environments.install(python, pins)
        return 0 if environments.quick_tests(python) else 1


if __name__ == "__main__":
    sys.exit(main())
