"""Owns the rule that Windows can start the wizard: what can be held of it without a Windows machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

# A process in which Python says it is Windows and has none of the modules that Windows lacks. The standard library itself is
# imported before that, since its own Windows half can't run here; os.name stays, since pathlib and tempfile act on it.
AS_ON_WINDOWS = """
import sys, os, argparse, subprocess, tempfile, pathlib, shutil, socket, signal, ssl, uuid, asyncio, errno, types
import http.client, urllib.request, logging, concurrent.futures.process, multiprocessing.connection, importlib, pkgutil
missing = ("fcntl", "termios", "pwd", "grp", "resource", "tty", "pty", "readline", "syslog")
for name in missing:
    sys.modules[name] = None
for name in ("getuid", "geteuid", "fork", "forkpty", "setsid", "killpg", "fchmod", "fchown", "O_NOFOLLOW", "O_NONBLOCK",
             "O_DIRECTORY", "sched_getaffinity"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGHUP", "SIGKILL", "SIGWINCH", "SIGTSTP"):
    if hasattr(signal, name):
        delattr(signal, name)
sys.platform = "win32"
"""
MSVCRT = """
held = {}
def locking(descriptor, how, count):
    # As Windows does: a byte that is locked through another handle can't be locked again, EACCES.
    inode = os.fstat(descriptor).st_ino
    if how == 0:
        held.pop(inode, None)
    elif inode in held:
        raise OSError(errno.EACCES, "Permission denied")
    else:
        held[inode] = descriptor
msvcrt = types.ModuleType("msvcrt")
msvcrt.LK_UNLCK, msvcrt.LK_LOCK, msvcrt.LK_NBLCK, msvcrt.locking = 0, 1, 2, locking
sys.modules["msvcrt"] = msvcrt
"""


def run(folder: Path, program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", AS_ON_WINDOWS + MSVCRT + program],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout.strip()


def test_nothing_at_the_start_needs_posix(tmp_path: Path) -> None:
    """The command line, every command, step and front end can be imported, and the parser built, without POSIX's modules."""
    program = """
from wizard import cli, flow
from wizard.arguments import parser
parser().format_help()
import wizard.commands, wizard.steps, wizard.engine, wizard.ui, wizard.data, wizard.bailian
rooms = (wizard.commands, wizard.steps, wizard.engine, wizard.data, wizard.bailian)
names = [found.name for room in rooms for found in pkgutil.iter_modules(room.__path__, room.__name__ + ".")]
for name in (*names, "wizard.ui.scripted", "wizard.ui.capability", "wizard.ui.terminal", "wizard.local.storage", "wizard.local.lock"):
    importlib.import_module(name)
print(len(names) > 50)
"""
    assert run(tmp_path, program).endswith("True")


def test_the_lock_takes_windows_own_way(tmp_path: Path) -> None:
    """Without fcntl the lock is msvcrt's, and a second holder is told that it is busy."""
    program = """
from wizard.local import lock
first = lock.take(pathlib.Path("a.lock"))
try:
    lock.take(pathlib.Path("a.lock"))
except lock.Busy:
    print(len(held), "busy")
"""
    assert "1 busy" == run(tmp_path, program)
