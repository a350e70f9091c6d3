"""What people bring: each file of the collection is read right, or refused by its name, or its loss is told.

``cases/data`` and ``cases/people`` hold the files, all of invented words; ``cases/*.toml`` say what must come of them. Of a
file: ``columns`` (given as with --columns), ``rows`` and ``left_out`` (counted), ``first`` (the contents of the first row that
is sent, system messages left aside), ``sent`` (each stands in what is sent), ``without`` (nothing of it does), ``lines``
(each stands in the lines that are written), ``codes`` (findings that are there), ``warned`` (those that checking adds),
``unsent`` (fields that are told as not sent), ``refused`` (what the refusal says, in part).
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wizard.data.checking import audit
from wizard.data.converting.convert import Conversion, RowsUnfit, convert
from wizard.errors import WizardError

CASES = Path(__file__).parent / "cases"
KEYS = {
    *("columns", "rows", "left_out", "first", "sent", "without", "lines", "codes", "warned", "unsent"),
    "refused",
}


def expected() -> Iterator[tuple[str, dict[str, Any]]]:
    for table in sorted(CASES.glob("*.toml")):
        yield from tomllib.loads(table.read_text("utf-8")).items()


@pytest.mark.parametrize(
    ("name", "wanted"), list(expected()), ids=lambda value: value if type(value) is str else ""
)
def test_what_people_bring(name: str, wanted: dict[str, Any], tmp_path: Path) -> None:
    """The file comes to what its entry says."""
    assert wanted.keys() <= KEYS
    (path,) = [folder / name for folder in (CASES / "data", CASES / "people") if (folder / name).exists()]
    output = tmp_path / "out.jsonl"
    done = converted(path, output, wanted.get("columns"))
    if isinstance(done, str):
        assert wanted.get("refused", "nothing is refused") in done
        return
    assert "refused" not in wanted or wanted["refused"] in " ".join(str(one) for one in done.findings)
    rows = [json.loads(line) for line in output.read_text("utf-8").splitlines()] if output.exists() else []
    assert wanted.get("rows", len(rows)) == len(rows)
    assert wanted.get("left_out", done.left_out) == done.left_out
    if "first" in wanted:
        assert wanted["first"] == list(contents(rows[0]))
    text = "\n".join(part for row in rows for part in contents(row))
    assert [] == [words for words in wanted.get("sent", ()) if words not in text]
    assert [] == [words for words in wanted.get("without", ()) if words in text]
    written = output.read_text("utf-8") if output.exists() else ""
    assert [] == [words for words in wanted.get("lines", ()) if words not in written]
    assert set(wanted.get("codes", ())) <= done.findings.counts.keys()
    if "warned" in wanted:
        (checked,) = audit.check([path], as_it_is=False, columns=wanted.get("columns"), workers=0)
        assert set(wanted["warned"]) <= checked.findings.counts.keys()
    told = dict(done.extra) if isinstance(done, Conversion) else {}
    assert set(wanted.get("unsent", ())) <= told.keys()


def converted(path: Path, output: Path, columns: dict[str, str] | None) -> Conversion | RowsUnfit | str:
    """What came of a file: rows and findings, or the sentences of a refusal."""
    try:
        return convert(path, output, system_prompt="", on_error="skip", workers=0, columns=columns)
    except RowsUnfit as unfit:
        return unfit
    except WizardError as refused:
        return f"{refused.message} {refused.hint}"


def contents(row: dict[str, Any]) -> Iterator[str]:
    """Whatever is sent of a row, but for a system message."""
    yield from (turn["content"] for turn in row.get("messages", ()) if turn["role"] != "system")
    yield from (row[name]["content"] for name in ("chosen", "rejected") if name in row)
    if "text" in row:
        yield row["text"]
