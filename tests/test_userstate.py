"""Where the user's own state lies, outside every project, and which foreign owners were agreed to."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from wizard.errors import StorageError, UsageError
from wizard.local.userstate import OWNERS, accept_owner, owner_accepted, user_state

posix = pytest.mark.posix("permissions and links as POSIX has them")


def _environment(patch: pytest.MonkeyPatch, **named: str) -> None:
    for name in ("BAILIAN_WIZARD_STATE", "XDG_STATE_HOME", "HOME"):
        patch.delenv(name, raising=False)
    for name, value in named.items():
        patch.setenv(name, value)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="they have a place of their own")
def test_where_it_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our variable places it exactly; else XDG's, unless that is relative; else the home folder."""
    _environment(monkeypatch, HOME="/home/ada", XDG_STATE_HOME="/state", BAILIAN_WIZARD_STATE="/own")
    assert Path("/own") == user_state()
    _environment(monkeypatch, HOME="/home/ada", XDG_STATE_HOME="/state")
    assert Path("/state/bailian-wizard") == user_state()
    for relative in ("", "state"):
        _environment(monkeypatch, HOME="/home/ada", XDG_STATE_HOME=relative)
        assert Path("/home/ada/.local/state/bailian-wizard") == user_state()


@pytest.mark.parametrize("named", [{"BAILIAN_WIZARD_STATE": "here"}, {"HOME": "."}])
def test_never_relative(monkeypatch: pytest.MonkeyPatch, named: dict[str, str]) -> None:
    """A place that would lie in whatever project one stands in is refused."""
    _environment(monkeypatch, **named)
    with pytest.raises(UsageError):
        user_state()


@posix
def test_an_owner_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was agreed to counts for that project and that owner, however the project is named; the file is its owner's alone."""
    _environment(monkeypatch, BAILIAN_WIZARD_STATE=str(tmp_path / "own"))
    project, other = tmp_path / "project", tmp_path / "other"
    project.mkdir()
    (tmp_path / "way").symlink_to(project)
    assert not owner_accepted(project, 1234)
    accept_owner(project, 1234)
    assert owner_accepted(project, 1234)
    assert owner_accepted(tmp_path / "way", 1234)
    assert not owner_accepted(project, 1235)
    assert not owner_accepted(other, 1234)
    file = tmp_path / "own" / OWNERS
    assert (0o600, 0o700) == (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777)


@posix
def test_a_link_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link where the file should be is neither read nor written through."""
    _environment(monkeypatch, BAILIAN_WIZARD_STATE=str(tmp_path))
    accept_owner(tmp_path, 1234)
    target = (tmp_path / OWNERS).rename(tmp_path / "elsewhere")
    before = target.read_bytes()
    (tmp_path / OWNERS).symlink_to(target)
    assert not owner_accepted(tmp_path, 1234)
    with pytest.raises(StorageError):
        accept_owner(tmp_path, 1235)
    assert before == target.read_bytes()
