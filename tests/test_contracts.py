"""What holds for the whole source: the directions of imports, and that every module says what it owns."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_imports_run_downwards_only() -> None:
    """The import contracts in pyproject.toml hold: each room knows only those below it."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert 0 == done.returncode, done.stdout + done.stderr


def test_there_is_no_circle_of_imports() -> None:
    """No module of the package comes back to itself by imports, wherever they stand, those for types only among them."""
    assert [] == [sorted(names) for names in _circles(_imports())]


def _imports() -> Mapping[str, set[str]]:
    """Each module of the package, and those that it names in an import."""
    files = {_module_name(path): path for path in (ROOT / "wizard").rglob("*.py")}
    found: dict[str, set[str]] = {}
    for name, path in files.items():
        named: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                named.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, path
                within = [f"{node.module}.{alias.name}" for alias in node.names]
                named.update(one if one in files else node.module or "" for one in within)
        found[name] = (named & files.keys()) - {name}
    return found


def _module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _circles(imports: Mapping[str, set[str]]) -> Iterator[set[str]]:
    """The sets of modules each of which comes to each other one."""
    reached = {name: _reached_from(name, imports) for name in imports}
    told: set[str] = set()
    for name in sorted(imports):
        if name in reached[name] and name not in told:
            together = {other for other in reached[name] if name in reached[other]}
            told |= together
            yield together


def _reached_from(name: str, imports: Mapping[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = [*imports[name]]
    while waiting:
        if (one := waiting.pop()) not in reached:
            reached.add(one)
            waiting.extend(imports[one])
    return reached


def test_every_module_says_what_it_owns() -> None:
    """Each module of the package begins with a docstring whose first line is a sentence."""
    for path in (ROOT / "wizard").rglob("*.py"):
        text = ast.get_docstring(ast.parse(path.read_text("utf-8")))
        assert text, path
        assert text.splitlines()[0].rstrip()[-1] in ".:;", path


def test_heavy_libraries_wait(tmp_path: Path) -> None:
    """Until the first question nothing heavy is imported: no dashscope, rich, tiktoken, msgspec, server or dotenv.

    Nor, of the wizard's own modules, what is for questions to come: what views are made of, and where a key and its region are from.
    """
    program = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "from wizard import cli, flow\n"
        "from wizard.commands import answers, walk\n"
        "from wizard.ui import terminal\n"
        "from wizard.steps import dataset\n"
        "from wizard.arguments import parse\n"
        "from wizard.commands.scene import Scene\n"
        "Scene(parse(['--sandbox'])).world\n"
        "heavy = {'dashscope', 'rich', 'tiktoken', 'msgspec', 'starlette', 'uvicorn', 'dotenv', 'httpx', 'questionary'}\n"
        "heavy |= {'wizard.engine.view', 'wizard.local.envfile', 'wizard.bailian.endpoints', 'zipfile', 'tarfile'}\n"
        "print(sorted(heavy & set(sys.modules) - before))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "[]" == done.stdout.strip()
