"""What is declared of each finding is so: its two examples, what ``--fix`` does, its sentences, how it is explained."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import outputs
import pytest
from conftest import Command
from test_locale import translations

from tools.findings import FILES, page
from wizard import locale
from wizard.arguments import parse
from wizard.commands import checking, conversion, explaining
from wizard.commands.scene import Scene
from wizard.data import examples
from wizard.data.checking.mending import DONE
from wizard.data.findings import Rule
from wizard.data.rules import rules
from wizard.errors import WizardError

PACKAGE = Path(locale.__file__).parents[1]
RULES = tuple(rules().values())
CODES = tuple(rules())


def told(words: Sequence[str], capsys: pytest.CaptureFixture[str]) -> Any:
    """What a command line of ``check`` or ``convert`` tells programs, its function run here."""
    arguments = parse([*words, "--json", *(["--no-stats"] if words[0] == "check" else [])])
    run = {"check": checking.check, "convert": conversion.convert}[arguments.command]
    run(Scene(arguments))
    return outputs.result(capsys.readouterr().out)["files"]


@pytest.mark.parametrize("rule", RULES, ids=CODES)
def test_each_rule_tells_its_examples_apart(
    rule: Rule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command that is shown finds the rule in the one example, and neither it nor an error in the other."""
    severities = []
    for name, source in (("bad", rule.bad), ("good", rule.good)):
        (tmp_path / name).mkdir()
        examples.write(rule, source, tmp_path / name)
        monkeypatch.chdir(tmp_path / name)
        found = told(examples.command(rule), capsys)[-1]["findings"]
        found = found["findings"] if rule.shuffled else found
        severities.append({one["code"]: one["severity"] for one in found})
    bad, good = severities
    assert rule.severity == bad[rule.code]
    assert rule.code not in good
    assert "error" not in good.values()


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if rule.name == "rows.jsonl"], ids=lambda rule: rule.code
)
def test_fix_does_what_is_said_of_it(
    rule: Rule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``check --fix`` mends the example of a rule that says so, puts aside what can't be read, and leaves the rest."""
    monkeypatch.chdir(tmp_path)
    examples.write(rule, rule.bad, tmp_path)
    done: set[str] = set()
    with suppress(WizardError):
        done = set(told(["check", "--fix", rule.name], capsys)[0]["done"])
    assert bool(rule.mends) == (rule.code in done)


def test_what_is_mended_is_said_by_its_rule() -> None:
    """The rules that say what ``check --fix`` did are those that mending counts, but for the ends of lines."""
    assert {rule.code for rule in RULES if rule.mends} == DONE.keys() - {"LINE_ENDS"}


def test_every_rule_is_collected_and_told_whole() -> None:
    """Each ``Rule(…)`` in the package is in the table under its own name, and no part of what it tells is empty."""
    declared = {
        (node.targets[0].id, node.value.args[0].value)
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == "Rule"
        and isinstance(node.value.args[0], ast.Constant)
    }
    assert {(code, code) for code in rules()} == declared
    for rule in RULES:
        assert all((rule.what, rule.fix, rule.why, rule.bad, rule.good)), rule.code


def test_every_sentence_of_a_rule_is_in_both_languages() -> None:
    """What, why, what to do and what was mended are in the catalogue, which another test holds to be translated."""
    sentences = {(one,) for rule in RULES for one in (rule.what, rule.fix, rule.why, rule.mends) if one}
    assert set() == sentences - translations().keys()


@pytest.mark.sweep
@pytest.mark.parametrize("language", locale.LANGUAGES)
def test_every_code_is_explained_on_one_screen(
    language: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``explain CODE`` says what its bad example comes to, in the language in use, in at most 24 lines of 80 columns."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    before = locale.language()
    locale.use(language)
    try:
        for rule in RULES:
            explaining.explain(Scene(parse(["explain", rule.code])))
            shown = capsys.readouterr().out
            assert len(shown.splitlines()) <= 24, rule.code
            assert re.search(rf"^ +{re.escape(rule.name)}:", shown, re.MULTILINE), rule.code
    finally:
        locale.use(before)


def test_a_code_is_found_however_it_is_written(command: Command) -> None:
    """Small letters and hyphens do; of a code that there isn't the nearest are named, with exit code 2."""
    assert command("explain", "NO_ANSWER").stdout == command("explain", "no-answer").stdout
    refused = command("explain", "few_options")
    assert 2 == refused.returncode
    assert "TOO_FEW_OPTIONS" in refused.stderr
    assert list(CODES) == [line.split()[0] for line in command("explain").stdout.splitlines()[1:-1]]
    (leak,) = outputs.listed(command("explain", "LEAK", "--json").stdout)
    assert ("LEAK", ["check", "train.jsonl", "test.jsonl"]) == (leak["code"], leak["example"]["command"])


@pytest.mark.sweep
@pytest.mark.parametrize("language", FILES)
def test_the_page_of_findings_is_up_to_date(language: str) -> None:
    """The page in docs/ is what the rules say now: ``python -m tools.findings`` brings it up to date."""
    assert page(language) == FILES[language].read_text("utf-8")
