"""Fixtures that several test modules share."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from patience import PATIENCE
from terminal import PROGRAM, environment

from wizard.local import redaction

# Nothing here asserts an absolute time, and a busy machine is no fault of a case.


def examples(number: int) -> int:
    """How many cases of a law are tried: on Windows a tenth, since there one that writes files takes minutes otherwise."""
    return number if os.name != "nt" else max(5, number // 10)


settings.register_profile(
    "house", deadline=None, max_examples=examples(100), suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")

if os.name == "nt":  # whose own language it would speak: tests that want that say so
    os.environ.setdefault("LANG", "en_US.UTF-8")

DATASETS = Path(__file__).parents[1] / "datasets"
REAL_DATA = Path(__file__).parents[2] / "shared" / "data"

Command = Callable[..., subprocess.CompletedProcess[str]]


def pytest_addoption(parser: pytest.Parser) -> None:
    """An option of our own."""
    parser.addoption("--renew-screens", action="store_true", help="write the golden screens as they are now")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two for each core: half of the time goes by in waiting, for screens, jobs and ends of processes."""
    return 2 * (os.cpu_count() or 1)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test that assumes POSIX says so, and why, by its marker."""
    if os.name == "nt" and (posix := item.get_closest_marker("posix")) is not None:
        pytest.skip(str(posix.args[0]))


@pytest.fixture(autouse=True, scope="session")
def state_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the wizard keeps this user's secret: never the one of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patched:
        home = tmp_path_factory.mktemp("user-state")
        patched.setenv("BAILIAN_WIZARD_STATE", str(home))
        yield home


@pytest.fixture(autouse=True)
def no_keys_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test used as a key, be it an ordinary word, is hidden from no other test's texts."""
    monkeypatch.setattr(redaction, "_hidden", dict(redaction._hidden))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as a user has it after unpacking the project: the samples, and nothing else."""
    shutil.copytree(DATASETS, tmp_path / "datasets")
    return tmp_path


def finished(
    words: Sequence[str], folder: Path, env: Mapping[str, str] | None
) -> subprocess.CompletedProcess[str]:
    """The program that ``words`` start in ``folder``, once it has ended, with nothing to type at."""
    return subprocess.run(
        words,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


def words_of(line: str) -> list[str]:
    """What a shell makes of a command that is shown; it is one line, whatever is in its words."""
    assert "\n" not in line
    if os.name == "nt":
        pytest.skip("needs bash")
    return subprocess.check_output(["bash", "-c", f"printf '%s\\0' {line}"]).decode().split("\0")[:-1]


def git(folder: Path, *words: str, env: Mapping[str, str] | None = None) -> str:
    """What git says in ``folder``."""
    if os.name == "nt" and shutil.which("git") is None:
        pytest.skip("needs git")
    return subprocess.run(
        ["git", *words], cwd=folder, env=env, check=True, capture_output=True, text=True, encoding="utf-8"
    ).stdout


@pytest.fixture
def command(folder: Path) -> Command:
    """Run ``bailian-wizard`` with words in ``folder``, with nothing to type at."""

    def run(*words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return finished([*PROGRAM, *words], folder, environment(folder, **(env or {})))

    return run


@pytest.fixture
def real_data() -> Path:
    """Real data beside the project; it is never part of it."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"real data is not here: {REAL_DATA.name} is missing beside the project")
    return REAL_DATA


def session_of(folder: Path, *, sandbox: bool = True) -> Any:
    """The session file in ``folder``, as it is on disk."""
    state = folder / ".wizard" / "sandbox" if sandbox else folder / ".wizard"
    return json.loads((state / "session.json").read_bytes())
