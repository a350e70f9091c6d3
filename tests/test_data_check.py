"""Checking: every faulty file of the collection gives its findings at its lines, and nothing crashes or is touched."""

from __future__ import annotations

from pathlib import Path

import pytest
from faulty.collection import COLLECTION, QUIET, UNREADABLE, Faulty

from wizard.data.checking.audit import check
from wizard.data.rules import rules
from wizard.errors import WizardError


def found_in(*paths: Path, max_length: int | None = None) -> list[tuple[str, str, int]]:
    return [
        (found.where.file, found.code, found.where.line)
        for one in check(paths, max_length=max_length)
        for found in one.findings
    ]


def test_the_collection_is_large() -> None:
    """At least 90 broken or odd files."""
    assert len({one.name for one in COLLECTION}) + len(UNREADABLE) >= 90


@pytest.mark.parametrize("faulty", COLLECTION, ids=lambda faulty: faulty.name)
def test_a_faulty_file_gives_its_findings_at_their_lines(tmp_path: Path, faulty: Faulty) -> None:
    """Exactly the expected findings, at the physical lines; reading changes nothing."""
    path = tmp_path / Path(faulty.name).name
    path.write_bytes(faulty.data)
    found = [(code, line) for _file, code, line in found_in(path)]
    if not any(code in QUIET for code, _line in faulty.expected):
        found = [one for one in found if one[0] not in QUIET]
    assert sorted(faulty.expected) == sorted(found)
    assert faulty.data == path.read_bytes()
    assert {code for code, _line in found} <= rules().keys()


@pytest.mark.parametrize(("name", "data"), UNREADABLE, ids=[name for name, _data in UNREADABLE])
def test_what_is_no_data_is_refused_with_a_sentence(tmp_path: Path, name: str, data: bytes) -> None:
    """Rubbish gives an error of ours or findings that are errors, never a traceback."""
    path = tmp_path / Path(name).name
    path.write_bytes(data)
    try:
        (one,) = check([path])
    except WizardError as error:
        assert error.message  # noqa: PT017 - either outcome is right, each with its own promise
    else:
        assert one.findings.errors
