"""Owns the `.env` file: what is taken from it, and how a value is put into it without harming the rest.

Reading takes three names and nothing else: a `.env` that came with somebody's folder must not be able to send the key
to another host, so an endpoint, a proxy or a configuration path in it is reported and never obeyed. Nothing here is
ever loaded into the process environment.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from wizard import sharing
from wizard.errors import StorageError, UsageError
from wizard.local import redaction, storage, worktree
from wizard.local.lock import Busy, take
from wizard.locale import _, enumerated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dotenv.parser import Binding

KEY = redaction.VARIABLE
WORKSPACE = "DASHSCOPE_WORKSPACE"
REGION = "DASHSCOPE_REGION"
NAMES = (KEY, WORKSPACE, REGION)
"""The only names that are taken from a `.env`."""

_CLEAN = re.compile(r"[!%&()*+,\-./0-9:;<>?@A-Z\[\]^_`a-z{|}~]{1,256}")  # [\x21-\x7e] without $ ' " \ # =
_SHORTEST_KEY = 16
_LARGEST = 1 << 20  # bytes; nobody's .env is larger, and a device or a log by that name may be endless
_LOCK_SECONDS = 10.0
_MODE = 0o600

# What would turn a client to another host, or make it trust one, were it loaded: a client reads every DASHSCOPE_ name.
_DANGEROUS = re.compile(
    r"DASHSCOPE_[A-Z0-9_]+|(HTTPS?|ALL|FTP|NO)_PROXY|SSL_CERT_(FILE|DIR)|SSLKEYLOGFILE|(REQUESTS|CURL)_CA_BUNDLE",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class EnvFile:
    """What a `.env` says: ``values`` of NAMES only (an empty one is ""), never shown in a repr.

    ``ignored`` are the names in it that could turn a client to another host, in the file's order; ``unreadable_lines``
    are the 1-based lines that are not an assignment (an unclosed quote, say) and so count for nothing. ``open``: other
    users of this computer may read it. ``theirs``: it belongs to another user.
    """

    values: Mapping[str, str] = field(repr=False, hash=False)
    ignored: tuple[str, ...] = ()
    exists: bool = False
    unreadable_lines: tuple[int, ...] = ()
    open: bool = False
    theirs: bool = False


@dataclass(frozen=True, slots=True)
class Saved:
    """What saving did: ``changed`` the file (text or permissions), ``created`` it, and sentences for the user."""

    path: Path
    changed: bool
    created: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A value and where it is from; ``other``: the other place has a different one.

    ``empty``: the environment has the name with nothing in it, which counts as not set. ``unread``: the sentence that
    says why the `.env` could not be read, where the environment's value made that unimportant.
    """

    value: str = field(repr=False)
    where: Literal["environment", ".env"]
    other: bool = False
    empty: bool = False
    unread: str = ""


def read(path: Path) -> EnvFile:
    """What the `.env` at ``path`` says; a missing one says nothing. No variable in it is expanded.

    A symbolic link is followed. Raises UsageError, saying what to do, for anything but an ordinary UTF-8 text file
    (with or without a byte order mark) below 1 MiB that may be read; never waits for a pipe.
    """
    data = _bytes(path, follow=True)
    if data is None:
        return EnvFile(MappingProxyType({}))
    text = _text(path, data)
    found = _values(text)
    dangerous = tuple(name for name in found if name not in NAMES and _DANGEROUS.fullmatch(name))
    return EnvFile(
        values=MappingProxyType({name: value for name in NAMES if (value := found.get(name)) is not None}),
        ignored=dangerous,
        exists=True,
        unreadable_lines=_lines_in_error(text),
        open=_others_may_open(path.stat()),
        theirs=any(_belongs_to_another(found) for found in (path.lstat(), path.stat())),
    )


def look_up(environ: Mapping[str, str], path: Path, name: str) -> Found | None:
    """The value of ``name``: the process environment's, else the `.env`'s, else None; blank counts as not set.

    Raises UsageError as read does, but only where the answer depends on the file.
    """
    exported = environ.get(name, "")
    if not exported.strip():
        value = read(path).values.get(name, "")
        return Found(value, ".env", empty=name in environ) if value.strip() else None
    try:
        written = read(path).values.get(name, "")
    except UsageError as error:
        return Found(exported, "environment", unread=error.message)
    return Found(exported, "environment", other=bool(written.strip()) and written.strip() != exported.strip())


def save(path: Path, name: str, value: str) -> Saved:
    """Make ``path`` assign ``value`` to ``name`` (one of NAMES), leaving every other byte as it is; mode 0600.

    The value of the last assignment of ``name`` is replaced; without one a line is appended. ``value`` must be clean:
    1 to 256 characters (a key: at least 16) of printable ASCII, no space, dollar, quote, backslash, # or =; else
    ValueError, which doesn't show it. UsageError: the file may not be changed (a link, somebody else's, tracked by
    git, not UTF-8, ...). StorageError: disk, lock or `.gitignore` refused. After either, the file is as it was.
    """
    if name not in NAMES or not _CLEAN.fullmatch(value) or (name == KEY and len(value) < _SHORTEST_KEY):
        raise ValueError("not a name of ours, or a value that was not cleaned")
    _look(path)
    standing = _refuse_tracked(path)
    _edited(path, _bytes(path), name, value)  # what can't be edited is refused before anything is touched
    with _lock(path):
        was = _look(path)
        before = _bytes(path)
        after = _edited(path, before, name, value)
        notes = _keep_from_git(path, standing) + _remarks(path, name, was, before)
        storage.remove_stale_temps(path.parent, path.name)
        if after == before and was is not None and (os.name == "nt" or stat.S_IMODE(was.st_mode) == _MODE):
            return Saved(path, changed=False, created=False, notes=notes)
        storage.write_atomically(path, after, mode=_MODE)
        _confirm(path, before, after)
    return Saved(path, changed=True, created=before is None, notes=notes)


def _remarks(path: Path, name: str, was: os.stat_result | None, before: bytes | None) -> tuple[str, ...]:
    """What the user should know of the file as it was."""
    notes = []
    if sum(binding.key == name for binding in _bindings(_text(path, before or b""))) > 1:
        notes.append(
            _("{path} sets {name} more than once; the last one counts.").format(path=path, name=name)
        )
    if was is not None and _others_may_open(was):
        notes.append(_("Other users of this computer could open {path}; now only you can.").format(path=path))
    return tuple(notes)


def _others_may_open(found: os.stat_result) -> bool:
    return os.name != "nt" and bool(found.st_mode & 0o077)


def _belongs_to_another(found: os.stat_result) -> bool:
    return hasattr(os, "geteuid") and found.st_uid != os.geteuid()


def _look(path: Path) -> os.stat_result | None:
    """What is at ``path`` (None: nothing); UsageError unless it is an ordinary file of ours under one name only."""
    try:
        path.parent.stat()  # a missing folder is an error; a missing file is not
        found = path.lstat() if os.path.lexists(path) else None
    except OSError as error:
        raise storage.refusal(path, error) from error
    if found is None:
        return None
    trouble = _kind_trouble(found.st_mode)
    if trouble is None and _belongs_to_another(found):
        trouble = _("it belongs to another user")
    if trouble is None and found.st_nlink > 1:
        trouble = _("the same file has another name as well (a hard link)")
    if trouble is not None:
        raise UsageError(
            _("Won't save into {path}: {reason}.").format(path=path, reason=trouble),
            _("Move it away and let the wizard make a new one, or set the variable in your shell instead."),
        )
    return found


def _kind_trouble(mode: int) -> str | None:
    if stat.S_ISLNK(mode):
        return _("it is a symbolic link")
    if stat.S_ISDIR(mode):
        return _("it is a folder")
    return None if stat.S_ISREG(mode) else _("it is not an ordinary file")


def _bytes(path: Path, *, follow: bool = False) -> bytes | None:
    """What is in ``path``, None when there is nothing by that name; UsageError where it can't be read."""
    nowhere_else = 0 if follow else getattr(os, "O_NOFOLLOW", 0)
    flags = os.O_RDONLY | nowhere_else | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        # Before opening, because opening a device can act; and again after, because it may be another file by then.
        trouble = _kind_trouble(path.stat(follow_symlinks=follow).st_mode)
        if trouble is None:
            with open(sharing.patiently(lambda: os.open(path, flags)), "rb") as stream:  # noqa: PTH123 - Path.open takes no flags
                trouble = _kind_trouble(os.fstat(stream.fileno()).st_mode)
                data = stream.read(_LARGEST + 1) if trouble is None else b""
                if len(data) <= _LARGEST and trouble is None:
                    return data
                trouble = trouble or _("it is larger than any .env should be")
    except FileNotFoundError:
        return None
    except OSError as error:
        refused = storage.refusal(path, error, reading=True)
        raise UsageError(refused.message, refused.hint) from error
    raise UsageError(
        _("Can't read {path}: {reason}.").format(path=path, reason=trouble),
        _("Move it away, or set the variable in your shell instead."),
    )


def _text(path: Path, data: bytes) -> str:
    """``data`` as text without its byte order mark; UsageError where it isn't UTF-8."""
    text = None
    # The error holds the whole file, a key with it: it is left behind here, and no exception refers to it.
    with contextlib.suppress(UnicodeDecodeError):
        text = data.decode("utf-8-sig")
    if text is not None and "\0" not in text:
        return text
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data:
        encoding = _("it is not UTF-8 text but UTF-16 (which Windows calls Unicode), or not text at all")
    else:
        encoding = _("it is not UTF-8 text, perhaps GBK (which Windows calls ANSI)")
    raise UsageError(
        _("Can't read {path}: {reason}.").format(path=path, reason=encoding),
        _("Open it in an editor, save it as UTF-8, and run the same command again."),
    )


def _bindings(text: str) -> list[Binding]:
    """The statements of ``text`` in order, as python-dotenv finds them; together they are the whole text."""
    from dotenv.parser import parse_stream

    return list(parse_stream(io.StringIO(text, newline="")))


def _values(text: str) -> dict[str, str | None]:
    """Exactly what ``dotenv_values(path, interpolate=False)`` gives, without its warnings on the terminal."""
    return {binding.key: binding.value for binding in _bindings(_universal(text)) if binding.key is not None}


def _universal(text: str) -> str:
    """``text`` with the line endings that a file opened as text has."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _lines_in_error(text: str) -> tuple[int, ...]:
    """The 1-based lines of ``text`` at which python-dotenv finds no assignment."""
    broken = [binding.original for binding in _bindings(_universal(text)) if binding.error]
    blank = [len(original.string) - len(original.string.lstrip()) for original in broken]
    return tuple(
        original.line + original.string[:skipped].count("\n")
        for original, skipped in zip(broken, blank, strict=True)
    )


@cache
def _statement() -> re.Pattern[str]:
    """As a variable is set; made where a file is written, which few starts do."""
    return re.compile(
        r"""(?P<name>\s*(?:export[^\S\r\n]+)?(?:'[^']+'|[^=#\s]+))
    (?:(?P<equals>[^\S\r\n]*=)(?P<blank>[^\S\r\n]*)
    (?:(?P<quoted>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|(?P<bare>[^\r\n]*)))?""",
        re.DOTALL | re.VERBOSE,
    )


def _edited(path: Path, data: bytes | None, name: str, value: str) -> bytes:
    """``data`` with ``value`` as what ``name`` is; UsageError where no edit gives just that."""
    data = data or b""
    text = _text(path, data)
    bindings = _bindings(text)
    mark = data[: len(data) - len(text.encode())]
    place = None
    spoken_for = sum(len(binding.original.string) for binding in bindings)
    start = len(text) - spoken_for  # a second byte order mark belongs to no statement
    for binding in bindings:
        if binding.key == name:
            place = (start, binding.original.string)
        start += len(binding.original.string)
    if place is None:
        new = text + _line_end(text, missing_only=True) + f"{name}={value}" + _line_end(text)
    else:
        begin, statement = place
        new = text[:begin] + _assigned(statement, value) + text[begin + len(statement) :]
    if _values(new) != {**_values(text), name: value}:
        raise UsageError(
            _("Can't change {name} in {path} without harming its other lines.").format(name=name, path=path),
            _("Put the line into the file with an editor, or set the variable in your shell instead."),
        )
    return mark + new.encode()


def _assigned(statement: str, value: str) -> str:
    """``statement`` (one assignment, or a bare name) with ``value`` in the place of its value and nothing else new."""
    parts = _statement().match(statement)
    assert parts is not None, "python-dotenv found a name here"
    if parts["equals"] is None:
        rest = statement[parts.end("name") :]
        return parts["name"] + "=" + value + (" " if rest.startswith("#") else "") + rest
    if parts["quoted"] is not None:
        begin, end = parts.start("quoted") + 1, parts.end("quoted") - 1
    elif not parts["bare"] or (parts["bare"].startswith("#") and parts["blank"]):
        begin = end = parts.end("equals")  # empty: the blanks stay between the value and what follows
    else:
        begin, end = parts.span("bare")
        trailer = re.search(r"\s+#.*|\s+\Z", parts["bare"], re.DOTALL)
        end = end if trailer is None else begin + trailer.start()
    return statement[:begin] + value + statement[end:]


def _line_end(text: str, *, missing_only: bool = False) -> str:
    """The line ending that ``text`` uses; with ``missing_only`` "" where its last line is ended already."""
    if missing_only and (not text or text.endswith(("\n", "\r"))):
        return ""
    first = re.search(r"\r\n|\n|\r", text)
    return first.group() if first else "\n"


def _confirm(path: Path, before: bytes | None, after: bytes) -> None:
    """Read ``path`` back; where it isn't ``after``, put ``before`` back and raise StorageError that says so."""
    if _bytes(path) == after:
        return
    if before is None:
        try:
            storage.remove(path)
        except OSError as error:
            raise storage.refusal(path, error) from error
    else:
        storage.write_atomically(path, before, mode=_MODE)
    raise StorageError(
        _("{path} did not hold what was written into it, so the old text was put back.").format(path=path),
        _("Close other programs that change this file, and check the disk."),
    )


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Keep other wizards from changing ``path`` meanwhile."""
    _look(_lock_path(path))
    try:
        lock = take(_lock_path(path), seconds=_LOCK_SECONDS)
    except Busy:
        raise StorageError(
            _("Another program has been changing {path} for {seconds} seconds.").format(
                path=path, seconds=int(_LOCK_SECONDS)
            ),
            _("Close the other wizard, then try again."),
        ) from None
    except OSError as error:
        raise storage.refusal(path, error) from error
    try:
        yield
    finally:
        lock.release()


def _refuse_tracked(path: Path) -> worktree.Standing:
    """What git says of ``path``; UsageError where it is tracked: the key would be in the next commit."""
    standing = worktree.standing(path)
    if standing == "tracked":
        raise UsageError(
            _("Won't save into {path}: git tracks it, so the key would be in the next commit.").format(
                path=path
            ),
            _("Run `git rm --cached {name}` first, or set the variable in your shell instead.").format(
                name=path.name
            ),
        )
    return standing


def _keep_from_git(path: Path, standing: worktree.Standing) -> tuple[str, ...]:
    """Make git ignore ``path`` and what may lie beside it; what to tell the user about that."""
    if standing == "unknown":
        return (_("git could not say whether it ignores {path}: look before you commit.").format(path=path),)
    if standing == "outside":
        return ()
    names = (path.name, _lock_path(path).name, f"{path.name}.*{storage.TEMP_SUFFIX}")
    added = worktree.keep_out(path.parent, names)
    if not added:
        return ()
    return (
        _("Added to {path}, so that git leaves the key alone: {lines}").format(
            path=path.with_name(".gitignore"), lines=enumerated(added)
        ),
    )
