"""Owns which shell the user is at, and how a command line is written for it: on one line, whatever is in its words."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import groupby
from typing import Literal

from wizard.local.harmless import obeyed
from wizard.locale import _

Shell = Literal["sh", "cmd", "powershell", "pwsh"]

_PROGRAMS: dict[str, Shell] = {
    "cmd.exe": "cmd", "powershell.exe": "powershell", "powershell_ise.exe": "powershell", "pwsh.exe": "pwsh",
    "bash.exe": "sh", "sh.exe": "sh", "zsh.exe": "sh",
}  # fmt: skip
_BARE = re.compile(r"[\w./\\:=+-]+")
"""What every shell of Windows takes as it is."""
_GENERATIONS = 8  # from a program to the shell that it was started from: there are launchers in between


def command_line(words: Iterable[str], shell: Shell | None = None) -> str:
    """A whole command, as it is typed at ``shell``, which is the user's."""
    shell, words = shell or current(), list(words)
    if _unwritable(words, shell):  # its neighbour has a way, and is on every Windows
        return f"powershell -NoProfile -Command {_in_cmd(command_line(words, 'powershell'))}"
    return " ".join(_word(text, shell) for text in words)


def addition(words: Iterable[str], shell: Shell | None = None) -> str:
    """Words that are typed behind a command at ``shell``; where it has no way to write them, the one that has is named."""
    shell, words = shell or current(), list(words)
    if _unwritable(words, shell):
        return _("{words} (in PowerShell: cmd can't type it)").format(words=addition(words, "powershell"))
    return command_line(words, shell)


def variables(values: Mapping[str, str], shell: Shell | None = None) -> str:
    """How variables of the environment are set for what is started next."""
    shell = shell or current()
    if shell == "sh":
        return " ".join(f"{name}={shlex.quote(value)}" for name, value in values.items())
    if shell == "cmd":
        return " & ".join(f'set "{name}={value}"' for name, value in values.items())
    return "; ".join(f"$env:{name} = {_single(value)}" for name, value in values.items())


@cache
def current() -> Shell:
    """The shell that this program was started from, however far up; on Windows PowerShell where none can be seen."""
    if sys.platform != "win32" or "MSYSTEM" in os.environ:
        return "sh"
    known = (_PROGRAMS[name] for name in _started_from() if name in _PROGRAMS)
    return next(known, "powershell")


def _unwritable(words: Iterable[str], shell: Shell) -> bool:
    """Whether one holds a character that there is no way to type at cmd."""
    return shell == "cmd" and any(map(obeyed, words))


def _word(text: str, shell: Shell) -> str:
    if shell == "sh":
        return shlex.quote(text) if not obeyed(text) else "$'" + "".join(map(_in_sh, text)) + "'"
    if _BARE.fullmatch(text) and not obeyed(text):
        return text
    if shell == "cmd":
        return _in_cmd(text)
    if shell == "powershell":  # 5.1 hands a program its words with no care for quotes and backslashes in them
        text = re.sub(r'(\\*)"', r'\1\1\\"', text)
        text = re.sub(r"(\\+)$", r"\1\1", text) if re.search(r"\s", text) else text or '""'
    return _expression(text) if obeyed(text) else _single(text)


def _in_sh(char: str) -> str:
    if char in "\\'":
        return f"\\{char}"
    if not obeyed(char):
        return char
    known = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
    return known.get(char) or (f"\\x{ord(char):02x}" if char < "\x80" else f"\\U{ord(char):08x}")


def _in_cmd(text: str) -> str:
    """For cmd, and then for the program: a quote within quotes is doubled, which both take for one; a percent sign stands outside."""
    parts = (
        re.sub(r'(\\*)("|$)', lambda found: found[1] * 2 + found[2] * 2, part) for part in text.split("%")
    )
    return "^%".join(f'"{part}"' if part else "" for part in parts) or '""'


def _single(text: str) -> str:
    """PowerShell takes typographic quotes for quotes."""
    return "'" + re.sub("(['‘’‚‛])", r"\1\1", text) + "'"


def _expression(text: str) -> str:
    """What PowerShell puts together; no double quote is part of it, so that it can be handed on by cmd."""
    parts = ["''"]  # what is added to a text becomes text
    for special, characters in groupby(text, obeyed):
        if special:
            parts += map(_number, characters)
        else:
            parts.append(_single("".join(characters)))
    return f"({'+'.join(parts)})"


def _number(char: str) -> str:
    return f"[char]0x{ord(char):X}" if char < "\U00010000" else f"[char]::ConvertFromUtf32(0x{ord(char):X})"


def _started_from() -> Iterator[str]:
    """The names of the programs above this one, the nearest first."""
    if sys.platform != "win32":
        return
    import ctypes
    from ctypes import wintypes

    class Entry(ctypes.Structure):
        _fields_ = (
            ("size", wintypes.DWORD), ("usage", wintypes.DWORD), ("pid", wintypes.DWORD), ("heap", ctypes.c_void_p),
            ("module", wintypes.DWORD), ("threads", wintypes.DWORD), ("parent", wintypes.DWORD), ("priority", wintypes.LONG),
            ("flags", wintypes.DWORD), ("name", wintypes.WCHAR * 260),
        )  # fmt: skip

    kernel = ctypes.WinDLL("kernel32")
    kernel.CreateToolhelp32Snapshot.restype = ctypes.c_void_p
    entry = Entry(size=ctypes.sizeof(Entry))
    handle = ctypes.c_void_p(kernel.CreateToolhelp32Snapshot(2, 0))  # TH32CS_SNAPPROCESS
    processes: dict[int, tuple[int, str]] = {}
    more = kernel.Process32FirstW(handle, ctypes.byref(entry))
    while more:
        processes[entry.pid] = entry.parent, entry.name.lower()
        more = kernel.Process32NextW(handle, ctypes.byref(entry))
    kernel.CloseHandle(handle)
    pid, _this = processes.get(os.getpid(), (0, ""))
    for _generation in range(_GENERATIONS):
        if pid not in processes:
            return
        pid, name = processes[pid]
        yield name
