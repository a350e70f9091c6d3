"""The scripts in docs/recipes: each stands in both pages as it is, and each is run against a platform on this computer."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import outputs
import pytest
from bailian_server import CANARY
from conftest import DATASETS
from sandbox_fixture import running
from terminal import PROGRAM, environment

ROOT = Path(__file__).parents[1]
RECIPES = ROOT / "docs" / "recipes"
PAGES = [ROOT / "docs" / name for name in ("for-programs.md", "for-programs.zh-CN.md")]

pytestmark = pytest.mark.posix("scripts of a POSIX shell")


@dataclass
class Desk:
    """A folder with data, the program on the path, and a platform."""

    folder: Path
    env: dict[str, str]
    given: dict[str, str] = field(default_factory=dict)

    def run(self, name: str, *words: str) -> subprocess.CompletedProcess[str]:
        """The recipe called ``name``, as its reader runs it."""
        path = RECIPES / name
        line = (
            [sys.executable, str(path), *words] if path.suffix == ".py" else ["sh", "-e", str(path), *words]
        )
        return self.does(line)

    def does(self, line: list[str]) -> subprocess.CompletedProcess[str]:
        """Any line."""
        return subprocess.run(
            line, cwd=self.folder, env={**self.env, **self.given}, capture_output=True, text=True, encoding="utf-8", check=False
        )  # fmt: skip

    def jobs(self) -> list[Any]:
        """What there is on the platform."""
        return outputs.listed(self.does(["bailian-wizard", "jobs", "--json"]).stdout)

    def digest(self) -> str:
        """Of the plan that lies here."""
        return str(json.loads((self.folder / "plan.json").read_text("utf-8"))["digest"])


@pytest.fixture
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """As a user has it who has installed the program and set the key."""
    folder, programs, state = (tmp_path_factory.mktemp(name) for name in ("tuning", "bin", "state"))
    shutil.copy(next(DATASETS.rglob("Mainland/4_options/train.jsonl")), folder / "train.jsonl")
    shim = programs / "bailian-wizard"
    shim.write_text(f'#!/bin/sh\nexec {shlex.join(PROGRAM)} "$@"\n')
    shim.chmod(0o755)
    with running(tmp_path_factory.mktemp("platform"), speed=50) as sandbox:
        env = environment(
            folder, DASHSCOPE_API_KEY=CANARY, DASHSCOPE_HTTP_BASE_URL=f"{sandbox.url}/api/v1", BAILIAN_WIZARD_STATE=str(state),
        )  # fmt: skip
        path = f"{programs}:{env.get('PATH', '')}:/usr/bin:/bin"
        yield Desk(folder, {**env, "PATH": path, "STATE": str(state), "HOME": str(folder)})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_both_pages_have_every_recipe_as_it_is(page: Path) -> None:
    """What is read is what is run; and no script stands in a page that isn't a recipe, but for the line that approves."""
    text = page.read_text("utf-8")
    blocks = re.findall(r"^```\w+\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    kept = {path.read_text("utf-8") for path in RECIPES.iterdir()}
    assert set() == kept - set(blocks)
    assert ["bailian-wizard approve DIGEST"] == [
        one.strip() for one in blocks if one not in kept and "[CNY]" not in one
    ]


def test_the_page_names_what_limits_know(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of limits is one."""
    from wizard.money import limits

    monkeypatch.setenv("BAILIAN_WIZARD_STATE", str(tmp_path))
    for page in PAGES:
        (example,) = re.findall(r"^```toml\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
        (tmp_path / limits.FILE).write_text(example, "utf-8")
        assert {"CNY": 50} == limits.limits().job


@pytest.mark.sweep
def test_from_the_check_to_cleaning_up(desk: Desk) -> None:
    """Check, plan, approve and run, killed and run again, followed from Python, cancelled when it is over, cleaned up: one job, and each line ends as it is said to."""
    assert 0 == desk.run("check.sh").returncode
    assert "2.1.0" == json.loads((desk.folder / "findings.sarif").read_text("utf-8"))["version"]
    assert 0 == (planned := desk.run("plan.sh")).returncode, planned.stderr
    desk.given["DIGEST"] = desk.digest()
    assert 0 == (again := desk.run("again.sh")).returncode, again.stderr
    assert 0 == (ran := desk.run("run.sh")).returncode, ran.stderr
    told = outputs.result((desk.folder / "ran.json").read_text("utf-8"))["job"]
    assert [told["id"]] == [job["id"] for job in desk.jobs()]
    desk.given["JOB"] = told["id"]
    followed = desk.run("watch.py", told["id"])
    assert (0, told["output_model"]) == (followed.returncode, followed.stdout.split()[-1]), followed.stderr
    assert 0 == desk.run("cancel.sh").returncode
    assert 0 == desk.run("clean.sh").returncode
    assert [] == outputs.listed(desk.does(["bailian-wizard", "files", "--json"]).stdout)
    anywhere = desk.run("anywhere.sh")
    assert "succeeded" == outputs.result(anywhere.stdout)["state"]
    entry = (RECIPES / "nightly.cron").read_text("utf-8").splitlines()[-1].split(" ", 5)[-1]
    nightly = desk.does(["sh", "-c", entry.replace("$HOME/tuning", str(desk.folder))])
    assert (0, "") == (nightly.returncode, nightly.stdout)


@pytest.mark.sweep
def test_three_learning_rates(desk: Desk) -> None:
    """Three jobs with three rates on the same file, and the wait for them ends when all have."""
    done = desk.run("rates.sh")
    assert 0 == done.returncode, done.stderr
    assert {1e-5, 5e-5, 1e-4} == {job["settings"]["learning_rate"] for job in desk.jobs()}
    assert {"SUCCEEDED"} == {job["status"] for job in desk.jobs()}


@pytest.mark.sweep
def test_over_budget_and_bad_data_end_as_they_are_said_to(desk: Desk) -> None:
    """The plan beyond its budget ends with 2, the check of a row that can't be sent with 1, also as the workflow runs it."""
    train = desk.folder / "train.jsonl"
    good = train.read_text("utf-8")
    train.write_text(good * 400, "utf-8")
    assert 2 == (over := desk.run("plan.sh")).returncode, over.stderr
    train.write_text(good + '{"question": "", "answer": 7}\n', "utf-8")
    assert 1 == desk.run("check.sh").returncode
    workflow = (RECIPES / "check.yml").read_text("utf-8")
    (check,) = re.findall(r"- run: (bailian-wizard .*)", workflow)
    assert 1 == desk.does(shlex.split(check)).returncode


@pytest.mark.sweep
def test_a_decision_is_a_persons(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where another computer has trained the same, the script ends with 4; with the person's choice and digest it goes on."""
    assert 0 == desk.run("plan.sh").returncode
    desk.given["DIGEST"] = desk.digest()
    assert 0 == desk.run("run.sh").returncode
    other = tmp_path_factory.mktemp("other")
    shutil.copy(desk.folder / "train.jsonl", other)
    beside = Desk(other, {**desk.env, "BAILIAN_WIZARD_STATE": str(tmp_path_factory.mktemp("else"))})
    assert 0 == beside.run("plan.sh").returncode
    beside.given["DIGEST"] = beside.digest()
    assert 4 == beside.run("run.sh").returncode
    details = outputs.error((other / "ran.json").read_text("utf-8"))["details"]
    beside.given |= {"CHOICE": details["candidates"][0]["id"], "DECISION": details["digest"]}
    assert 0 == (ran := beside.run("agent.sh")).returncode, ran.stderr
    assert 1 == len(desk.jobs())
