"""Which file a person means: a path as it is typed, pasted or dragged into a terminal, in quotes, escaped, or as a URL."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

_QUOTES = {"'": "'", '"': '"', "“": "”", "‘": "’", "”": "”", "’": "’", "「": "」", "《": "》", "`": "`"}
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\[^\\]")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SAID = re.compile(r"'([^']*)'|\"((?:[^\"\\]|\\.)*)\"|\\(.)|([^'\"\\]+)", re.DOTALL)
_URL = re.compile(r"file:(?://(?P<host>[^/]*))?(?P<path>/.*)", re.IGNORECASE | re.DOTALL)


def meant(text: str, folder: Path) -> Path:
    """The file or folder that ``text`` names, seen from ``folder``.

    The first of ``readings`` by which something is there, also as a file inside an archive; where nothing is there by
    any, the one that takes away most of what isn't a name.
    """
    found = list(readings(text))
    named = next((one for one in found if _is_there(folder / one)), None)
    return folder / (plainest(text) if named is None else named)


def readings(text: str) -> Iterator[str]:
    """What ``text`` can name, the literal first; each once.

    Then, in this order: with ``~`` as the home folder; without blanks and line ends around it; without the quotes around
    it; as a shell reads it, as when a file is dragged into a terminal; as a ``file:`` URL; as a Windows path, where the
    system has none.
    """
    seen = {""}
    for one in _readings(text):
        for name in (one, os.path.expanduser(one)):  # noqa: PTH111 - a Path refuses some texts
            if name not in seen:
                seen.add(name)
                yield name


def plainest(text: str) -> str:
    """The name where nothing is there by any: what is wrapped around it is taken off, what may belong to it stays."""
    name = _unquoted(text.strip())
    if (of_url := _of_url(name)) is not None:
        name = of_url
    elif not _WINDOWS.match(name):
        name = _as_a_shell_reads(text.strip()) or name
    return os.path.expanduser(name)  # noqa: PTH111 - as above


def _readings(text: str) -> Iterator[str]:
    yield text
    trimmed = text.strip()
    yield trimmed
    inner = _unquoted(trimmed)
    yield inner
    yield inner.strip()
    for one in (trimmed, inner):
        if said := _as_a_shell_reads(one):
            yield said
        yield _ESCAPED.sub(r"\1", one)
        if (of_url := _of_url(one)) is not None:
            yield of_url
    if os.sep == "/":
        yield from _of_windows(inner)


def _unquoted(text: str) -> str:
    """Without one pair of quotes around it."""
    closing = _QUOTES.get(text[:1])
    return text[1:-1] if closing and len(text) > 1 and text.endswith(closing) else text


def _as_a_shell_reads(text: str) -> str:
    """One word of a shell, without its quotes and backslashes; blanks that nothing protects stay. Empty where it is none."""
    parts, end = [], 0
    for part in _SAID.finditer(text):
        if part.start() != end:
            return ""
        end = part.end()
        single, double, escaped, bare = part.groups()
        parts.append(
            single
            if single is not None
            else re.sub(r"\\([\\\"$`])", r"\1", double)
            if double is not None
            else escaped or bare or ""
        )
    return "".join(parts) if end == len(text) else ""


def _of_url(text: str) -> str | None:
    found = _URL.fullmatch(text)
    if found is None:
        return None
    from urllib.parse import unquote

    path, host = unquote(found["path"], errors="surrogateescape"), found["host"] or ""
    if os.sep == "\\" and re.match(r"/[A-Za-z]:", path):
        path = path[1:]
    return path if host.casefold() in ("", "localhost") else f"//{host}{path}"


def _of_windows(text: str) -> Iterator[str]:
    """A path of Windows where backslashes part no folders: from here, and under the drives that WSL has."""
    if "\\" not in text:
        return
    slashed = text.replace("\\", "/")
    yield slashed
    if re.match(r"[A-Za-z]:/", slashed):
        yield f"/mnt/{slashed[0].lower()}/{slashed[3:]}"


def _is_there(path: Path) -> bool:
    """Whether there is something by that name; of a file inside an archive, whether the archive is."""
    exists: Callable[[str | Path], bool] = os.path.lexists
    try:
        return exists(path) or any(place.is_file() for place in path.parents)
    except (ValueError, OSError):  # a NUL; a name that is too long
        return False
