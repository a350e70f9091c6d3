"""Owns how a file reaches the disk: whole or not at all, durable, and never through a symbolic link.

The order is always the same: a temporary file beside the target (created exclusively), every byte, fsync, rename over
the target, fsync of the folder. Whatever stops it in between, the target holds either the old bytes or the new.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import stat
import sys
import time
from typing import TYPE_CHECKING, BinaryIO

from wizard import sharing
from wizard.errors import StorageError, UsageError, reason
from wizard.local.way import WITHOUT_FOLLOWING, is_link, refuse_links
from wizard.locale import _

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from _typeshed import ReadableBuffer

TEMP_SUFFIX = ".wizard-tmp"
"""What the name of every temporary file ends with: ``<name>.<8 hex digits>.wizard-tmp``, with a digest for a long name."""

BACKUP_SUFFIX = ".bak"
"""What ``keep_previous`` appends to the name of the version before."""

_LONG_NAME = 16  # bytes; above it a digest as long stands for the name, so that no temporary name makes a path much longer
_DIGITS = 8
_LONGEST_TEMP = _LONG_NAME + len(".") + _DIGITS + len(TEMP_SUFFIX)
_BUFFER = 1 << 20
_HEAD = 1 << 12
_YOUNG = 60.0  # seconds; longer than anybody waits for other programs before a file gets its name
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|com[1-9¹²³]|lpt[1-9¹²³]) *(?:[.:].*)?", re.IGNORECASE
)
_NOT_IN_NAMES = re.compile(r'[<>:"|?*\x00-\x1f]')
_LONGEST_PATH = 259  # characters, where the system has not been told otherwise
_BESIDE = len(".manifest.json")  # the longest ending of what a conversion writes under its output's name
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF)


def write_atomically(path: Path, data: bytes, *, mode: int = 0o600, keep_previous: bool = False) -> None:
    """Put ``data`` in ``path`` with exactly the permissions ``mode``, whatever the old ones and the umask are.

    With ``keep_previous`` the version before is first written, just as durably, to ``<name>.bak``; ``path`` itself is
    there at every moment. The folder must exist. Raises StorageError (disk full, read-only, no permission, a symbolic
    link or anything but an ordinary file at ``path``); then what was there before is still there. Only where the sentence
    says that the disk did not confirm it, the new bytes are in place, and a power cut may still take them back.
    """
    with _replacing(path, mode, exact=True, keep_previous=keep_previous) as descriptor, _explained(path):
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]


def append_line(descriptor: int, line: bytes) -> None:
    """Add ``line`` to the file behind ``descriptor`` (open to be read and appended to), durably, as a line of its own.

    What a power cut left half of the line before stays a line by itself. Raises OSError.
    """
    if os.lseek(descriptor, 0, os.SEEK_END):
        os.lseek(descriptor, -1, os.SEEK_END)
        if os.read(descriptor, 1) != b"\n":
            line = b"\n" + line
    rest = memoryview(line + b"\n")
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)


@contextlib.contextmanager
def writing(path: Path, *, mode: int = 0o644) -> Iterator[BinaryIO]:
    """A buffered binary stream that becomes ``path`` when the block ends, and leaves nothing when it raises.

    For outputs too large for memory; the same guarantees as write_atomically, except that ``mode`` is narrowed by the
    umask as for any file a program creates. Writing raises StorageError where the disk refuses; an OSError that the
    block meets elsewhere (its own input, say) passes as it is. The stream ends with the block.
    """
    with _replacing(path, mode, exact=False, keep_previous=False) as descriptor:
        sink = _Sink(descriptor, path)
        stream = io.BufferedWriter(sink, _BUFFER)
        try:
            yield stream
            if not stream.closed:
                stream.flush()
        finally:
            sink.close()  # not the buffer: closing that would try once more to write what is left in it


class Pending:
    """A file being written beside its place, for several that belong together: each is finished before any takes its place.

    Begin, write to ``stream``, ``finish``, ``take`` a name; ``discard`` in any case. The same guarantees as ``writing``.
    """

    def __init__(self, beside: Path, *, mode: int = 0o644) -> None:
        """Create the temporary file; its name comes from ``beside``, so that remove_stale_temps finds it by that name."""
        self._beside = beside
        self._temp = _Temp(beside)
        try:
            with _explained(beside):
                self._descriptor = self._temp.create(mode)
        except BaseException:
            self._temp.discard()
            raise
        self._sink = _Sink(self._descriptor, beside)
        self.stream: BinaryIO = io.BufferedWriter(self._sink, _BUFFER)

    def settle(self) -> None:
        """Put on the disk what was written so far, as far as it can be now; may run in another thread than the writing."""
        with contextlib.suppress(OSError):  # finish does it again, and says what is wrong
            os.fsync(self._descriptor)

    def finish(self) -> None:
        """Put every byte on the disk. Raises StorageError."""
        self.stream.flush()
        with _explained(self._beside):
            os.fsync(self._descriptor)
        self._sink.close()

    def take(self, path: Path) -> None:
        """Take the place of ``path``, in the same folder. Raises StorageError."""
        with _explained(path):
            refuse_special(path)
            self._temp.become(path)
        self._temp.discard()
        sync_name(path)

    def discard(self) -> None:
        """Remove it, unless it has taken its place."""
        self._sink.close()
        self._temp.discard()


def remove_stale_temps(folder: Path, name: str) -> tuple[Path, ...]:
    """Remove what a killed process left of writing ``folder/name`` and its backup; returns what was removed.

    A temporary file that some process is still writing is left alone, and so is one that can't be removed now. Raises
    StorageError when the folder is there and can't be listed.
    """
    stems = "|".join(re.escape(_stem(written)) for written in (name, name + BACKUP_SUFFIX))
    ours = re.compile(rf"(?:{stems})\.[0-9a-f]{{{_DIGITS}}}{re.escape(TEMP_SUFFIX)}")
    try:
        entries = sorted(folder.iterdir())
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise refusal(folder, error, reading=True) from error
    return tuple(entry for entry in entries if ours.fullmatch(entry.name) and _removed_if_stale(entry))


def refusal(path: Path, error: OSError, *, reading: bool = False) -> StorageError:
    """``error`` as a StorageError whose sentence names ``path`` and the reason, and whose hint says what to do."""
    reason, hint = _reason(error)
    sentence = _("Can't read {path}: {reason}.") if reading else _("Can't write {path}: {reason}.")
    return StorageError(sentence.format(path=path, reason=reason), hint)


def _reason(error: OSError) -> tuple[str, str]:
    """Why the system refused, and what to do about it, each in the user's language."""
    full = _("the disk (or your share of it) is full"), _("Free some space, then run the same command again.")
    denied = _("permission denied"), _("Check who owns the file and its folder, or choose another folder.")
    missing = _("its folder doesn't exist"), _("Create the folder, or choose another one.")
    reasons = {
        errno.ENOSPC: full,
        getattr(errno, "EDQUOT", errno.ENOSPC): full,
        errno.EBUSY: (
            _("another program has it open"),
            _("Close it there, then run the same command again."),
        ),
        errno.EACCES: denied,
        errno.EPERM: denied,
        errno.ENOENT: missing,
        errno.ENOTDIR: missing,
        errno.EROFS: (_("the disk is read-only"), _("Choose a folder on another disk.")),
        errno.EFBIG: (_("the file is larger than this disk allows"), _("Choose a folder on another disk.")),
        errno.ENAMETOOLONG: (_("the name is too long"), _("Choose a shorter name.")),
    }
    number = errno.EBUSY if sharing.held(error) else error.errno or 0
    return reasons.get(number, (reason(error), ""))


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """The block's OSErrors become StorageErrors about ``path``."""
    try:
        yield
    except OSError as error:
        raise refusal(path, error) from error


class _Sink(io.FileIO):
    """The temporary file as a raw stream: its own refusals are StorageErrors, the descriptor isn't its to close."""

    def __init__(self, descriptor: int, path: Path) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self._path = path

    def write(self, data: ReadableBuffer, /) -> int:
        with _explained(self._path):
            return super().write(data)


@contextlib.contextmanager
def _replacing(path: Path, mode: int, *, exact: bool, keep_previous: bool) -> Iterator[int]:
    """A descriptor of a temporary file that takes the place of ``path`` when the block ends without an exception."""
    temp = _Temp(path)
    try:
        with _explained(path):
            refuse_special(path)
            descriptor = temp.create(mode)
        yield descriptor
        with _explained(path):
            if exact and hasattr(os, "fchmod"):
                os.fchmod(descriptor, mode)
            os.fsync(descriptor)
            if keep_previous:
                _keep(path, mode)
            refuse_special(path)
            temp.become(path)
    finally:
        temp.discard()
    sync_name(path)


class _Temp:
    """A temporary file beside ``target``, known by its name before it exists so that no interrupt can lose it."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._path: Path | None = None
        self._descriptor: int | None = None

    def create(self, mode: int) -> int:
        """Create it and hold it, so that remove_stale_temps in another process leaves it alone."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | WITHOUT_FOLLOWING
        while True:
            name = f"{_stem(self._target.name)}.{os.urandom(_DIGITS // 2).hex()}{TEMP_SUFFIX}"
            self._path = self._target.with_name(name)
            self._descriptor = os.open(self._path, flags, mode)
            if _held(self._descriptor) and os.fstat(self._descriptor).st_nlink:
                return self._descriptor
            self._close()  # a cleaner was faster than the hold and has removed it: take another name

    def become(self, path: Path) -> None:
        """Take the place of ``path``."""
        assert self._path is not None, "created before"
        if (
            os.name == "nt"
        ):  # an open file can't be renamed there; elsewhere being open guards it from cleaners
            self._close()
        rename(self._path, path)
        self._path = None

    def discard(self) -> None:
        """Close it, and remove it unless it has become the target."""
        try:
            self._close()
        finally:
            if self._path is not None:
                with contextlib.suppress(OSError):  # an earlier error is the one to tell; what stays is stale
                    remove(self._path)

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def open_file(path: Path, flags: int) -> int:
    """A descriptor of ``path``, made for its owner only where ``flags`` say so; no link is followed. Raises OSError."""
    return sharing.patiently(lambda: os.open(path, flags | WITHOUT_FOLLOWING, 0o600))


def rename(path: Path, target: Path) -> None:
    """Let ``path`` take the place of ``target``. Raises OSError."""
    sharing.patiently(lambda: path.replace(target))


def remove(path: Path) -> None:
    """See that nothing is called ``path``. Raises OSError."""
    sharing.patiently(lambda: path.unlink(missing_ok=True))


def reserved(name: str) -> bool:
    """Whether Windows has a device of that name, whatever its ending: what is written there is in no file."""
    return _DEVICE.fullmatch(name) is not None


def refuse_name(path: Path) -> None:
    """StorageError where Windows, if it is that, can have no file of that name, or would give it another one."""
    if os.name != "nt":
        return
    trouble = ""
    for name in path.parts[1:] if path.anchor else path.parts:
        if reserved(name):
            trouble = _("{name} is the name of a device on Windows").format(name=name)
        elif bad := _NOT_IN_NAMES.search(name):
            trouble = _("a name on Windows can't hold {character}").format(character=bad[0])
        elif name.endswith((".", " ")) and name not in (".", ".."):
            trouble = _("a name on Windows can't end with a dot or a blank")
    whole = os.path.abspath(path)  # noqa: PTH100 - as it is named
    longest = len(os.path.dirname(whole)) + 1 + max(len(path.name) + _BESIDE, _LONGEST_TEMP)  # noqa: PTH120 - as above
    if not trouble and longest > _LONGEST_PATH and not _long_paths():
        trouble = _("with what is written beside it the path has more than {limit} characters").format(
            limit=_LONGEST_PATH
        )
    if trouble:
        raise StorageError(
            _("Can't write {path}: {reason}.").format(path=path, reason=trouble), _("Choose another name.")
        )


def _long_paths() -> bool:
    """Whether this Windows takes paths of any length."""
    if sys.platform != "win32":
        return True
    import ctypes

    try:
        return bool(ctypes.WinDLL("ntdll").RtlAreLongPathsEnabled())
    except AttributeError:
        return False


def make_folder(folder: Path, *, mode: int = 0o777) -> None:
    """Make ``folder``, and those above it that are missing; what is durable in it can't be lost with its name then.

    Raises OSError and StorageError.
    """
    if folder.is_dir():
        return
    refuse_name(folder)
    if folder.parent != folder and not folder.parent.exists():
        make_folder(folder.parent, mode=mode)
    folder.mkdir(mode=mode, exist_ok=True)
    sync_name(folder)


def private_folder(folder: Path) -> None:
    """``make_folder`` for its owner only; one of ours that others may open is shut. Raises OSError and StorageError."""
    make_folder(folder, mode=0o700)
    if os.name != "nt" and (found := folder.stat()).st_uid == os.getuid() and found.st_mode & 0o077:
        folder.chmod(0o700)


def refuse_special(path: Path) -> None:
    """StorageError unless ``path`` is an ordinary file or nothing at all; links are not followed, nor any on the way there."""
    refuse_name(path)
    refuse_links(path.parent)
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    kind = found.st_mode
    if is_link(found):
        raise StorageError(
            _("Can't write {path}: it is a symbolic link.").format(path=path),
            _("Name the file itself instead of the link, or remove the link."),
        )
    if stat.S_ISDIR(kind):
        raise StorageError(
            _("Can't write {path}: it is a folder.").format(path=path),
            _("Choose another name, or move the folder."),
        )
    if os.name == "nt" and not kind & stat.S_IWRITE:  # elsewhere that says nothing about being replaced
        raise StorageError(
            _("Can't write {path}: it is marked as read-only.").format(path=path),
            _("Take that mark away in its properties, or choose another name."),
        )
    if not stat.S_ISREG(kind):
        raise StorageError(
            _("Can't write {path}: it is not an ordinary file.").format(path=path), _("Choose another name.")
        )


def refuse_others(path: Path, ours: re.Pattern[bytes]) -> None:
    """UsageError where the file at ``path`` has something in it that doesn't begin as ``ours``: a slip of a name must not cost the data."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return  # writing says what is wrong with it
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except PermissionError:
        head = b"?"  # nobody knows what would be lost
    except (OSError, ValueError):  # nothing is there, or can be: writing says so
        return
    if head and not ours.match(head):
        raise UsageError(
            _("{path} is there already, and is something else: nothing is written over it.").format(
                path=path
            ),
            _("Choose another name."),
        )


def _stem(name: str) -> str:
    """What a temporary name for ``name`` begins with: the name, or its digest where the name is long."""
    if len(os.fsencode(name)) <= _LONG_NAME:
        return name
    import hashlib

    return hashlib.sha256(os.fsencode(name)).hexdigest()[:_LONG_NAME]


def _held(descriptor: int, *, unlockable: bool = True) -> bool:
    """Whether this process now holds the file; ``unlockable`` is the answer where files can't be locked."""
    if sys.platform == "win32":
        return unlockable  # an open file can't be removed there: being open is the hold
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return unlockable
    return True


def _removed_if_stale(temp: Path) -> bool:
    """Remove ``temp`` if nobody writes it any more and it is an ordinary file; whether it was removed."""
    try:
        descriptor = os.open(temp, os.O_RDONLY | WITHOUT_FOLLOWING)
    except OSError:
        return False  # gone, a link, or not ours to read: nothing to clean here
    try:
        stale = stat.S_ISREG(os.fstat(descriptor).st_mode) and _held(descriptor, unlockable=os.name == "nt")
        if stale and os.name != "nt":
            temp.unlink()  # while the hold lasts, so that its writer can't begin in between
    except OSError:
        return False
    finally:
        os.close(descriptor)
    if stale and os.name == "nt":
        try:
            if time.time() - temp.stat().st_mtime < _YOUNG:
                return False  # its writer may have closed it to give it its name
            temp.unlink()
        except OSError:
            return False  # its writer has it open
    return stale


def _keep(path: Path, mode: int) -> None:
    """Write what ``path`` holds now to ``<name>.bak``."""
    try:
        descriptor = open_file(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    with open(descriptor, "rb") as previous:  # noqa: PTH123 - a descriptor, so that no link is followed
        data = previous.read()
    write_atomically(path.with_name(path.name + BACKUP_SUFFIX), data, mode=mode)


def sync_name(path: Path) -> None:
    """Make it durable that ``path`` is there under its name, where the system can. Raises StorageError."""
    if os.name == "nt":
        return
    try:
        descriptor = os.open(path.parent, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    except PermissionError:
        return  # a folder that may be written but not read can't be opened to be synced
    except OSError as error:
        raise _undurable(path, error) from error
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise _undurable(path, error) from error
    finally:
        os.close(descriptor)


def _undurable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        _("{path} was written, but the disk did not confirm it: {reason}.").format(
            path=path, reason=_reason(error)[0]
        ),
        _("Check the disk, then run the same command again."),
    )
