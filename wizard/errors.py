"""Every error that a user can meet, each with what happened, what to do next, and the exit code.

::

    WizardError                  1  anything that went wrong and is nobody's bug
    +-- UsageError               2  the command line, an answers file or the environment is wrong
    +-- DataError                1  the user's data can't be used as it is
    +-- StorageError             1  this computer's disk refused
    |   +-- OwnerUnknown         3      the state in this folder belongs to another user, and nobody agreed to that
    +-- AnswersMissing           3  unattended, and questions are left without an answer
    +-- ApprovalMissing          3  unattended, and nobody approved this very plan
    +-- DecisionNeeded           4  an effect's outcome is unknown and only a person can say what to do
    +-- PlatformError            1  talking to the platform failed:
    |   +-- NeverSent            1      nothing left this computer, or nothing that could take effect
    |   +-- Refused              5      the platform answered no; nothing was created
    |   +-- OutcomeUnknown       4      it may have happened: look before doing anything again
    +-- SessionBusy              6  another wizard works in this folder
    +-- SessionNewer             6  the session was written by a newer version
    +-- SessionDamaged           1  the session file can't be read; it was set aside, not deleted

Exit code 0 is done and 130 is interrupted and saved.
"""

from __future__ import annotations

import errno
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from wizard import sharing
from wizard.locale import _

INTERRUPTED = 130
"""The exit code of a run that its user left, everything answered being saved."""

_NO_NAME = 123  # ERROR_INVALID_NAME


def reason(error: BaseException) -> str:
    """Why the system refused, in the user's language where it is one of the usual reasons."""
    number = errno.EBUSY if sharing.held(error) else getattr(error, "errno", None)
    known = {
        errno.ENOENT: _("it isn't there"),
        errno.ENOTDIR: _("part of the path is no folder"),
        errno.EISDIR: _("it is a folder"),
        errno.EACCES: _("permission denied"),
        errno.EBADF: _("it is closed"),
        errno.EPERM: _("permission denied"),
        errno.EROFS: _("the disk is read-only"),
        errno.ENOSPC: _("the disk (or your share of it) is full"),
        errno.EIO: _("the disk could not be read or written"),
        errno.ENAMETOOLONG: _("the name is too long"),
        errno.EFBIG: _("the file is larger than this disk allows"),
        errno.EMFILE: _("too many files are open"),
        errno.ENOMEM: _("there is too little memory"),
        errno.EBUSY: _("another program has it open"),
        errno.ELOOP: _("its links go round in a circle"),
        errno.ETIMEDOUT: _("it took too long"),
        errno.ECONNREFUSED: _("the connection was refused"),
        errno.ECONNRESET: _("the connection was broken off"),
        errno.ENETUNREACH: _("the network can't be reached"),
        errno.EADDRINUSE: _("the port is in use"),
        getattr(errno, "EDQUOT", errno.ENOSPC): _("the disk (or your share of it) is full"),
    }
    if getattr(error, "winerror", None) == _NO_NAME:
        return _("Windows takes no such name")
    if number in known:
        return known[number]
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


@dataclass(frozen=True, slots=True)
class Remedy:
    """Something a person can choose when an error is shown: answer ``key`` with ``value``, or be asked it again (None)."""

    label: str
    key: str
    value: Any = None


class WizardError(Exception):
    """What happened (``message``), what to do next (``hint``), and a stable ``code`` for programs.

    ``made``: file, line and function where that was said. ``remedies``: what a step can offer to mend it on the spot; whoever catches the error may add some.
    """

    code: ClassVar[str] = "failed"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.remedies: tuple[Remedy, ...] = ()
        made = sys._getframe(1)  # noqa: SLF001 - where the sentence stands: the log says that in its place
        while made.f_code.co_name == "__init__" and made.f_back is not None:
            made = made.f_back
        self.made = (made.f_code.co_filename, made.f_lineno, made.f_code.co_qualname)


class UsageError(WizardError):
    """The command line, an answers file or the environment says something that can't be followed."""

    code = "usage"
    exit_code = 2


class DataError(WizardError):
    """The user's data can't be used as it is; the message names file and line."""

    code = "data"


class StorageError(WizardError):
    """This computer's disk refused to read or write; what was there before is still there."""

    code = "storage"


class OwnerUnknown(StorageError):
    """The state at ``path`` belongs to the system's user number ``owner``, and this user hasn't agreed to that."""

    code = "owner-unknown"
    exit_code = 3

    def __init__(self, path: Path, owner: int) -> None:
        super().__init__(
            _("{path} belongs to another user of this computer (number {owner}).").format(
                path=path, owner=owner
            ),
            _(
                "Whoever owns it can read and change what is kept there. If that is all right (a mounted volume, say), "
                "give --allow-owner once; it is remembered."
            ),
        )
        self.path = path
        self.owner = owner


class AnswersMissing(WizardError):
    """Unattended, and questions are left; ``keys`` are all of them, in order."""

    code = "answers-missing"
    exit_code = 3

    def __init__(self, message: str, hint: str = "", *, keys: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint)
        self.keys = keys


class ApprovalMissing(WizardError):
    """Unattended, and nobody approved the plan with this ``digest``."""

    code = "approval-missing"
    exit_code = 3

    def __init__(self, message: str, hint: str = "", *, digest: str = "") -> None:
        super().__init__(message, hint)
        self.digest = digest


class DecisionNeeded(WizardError):
    """An effect's outcome is unknown, and nobody is there to decide."""

    code = "decision-needed"
    exit_code = 4


class PlatformError(WizardError):
    """Talking to the platform failed. ``request_id`` and ``status`` are what it answered, where it did.

    ``passing``: it was trouble on the way, or too much at the moment, and may be over by itself.
    """

    code = "platform"

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        request_id: str = "",
        status: int | None = None,
        platform_code: str = "",
        platform_message: str = "",
        passing: bool = False,
    ) -> None:
        super().__init__(message, hint)
        self.request_id = request_id
        self.status = status
        self.platform_code = platform_code
        self.platform_message = platform_message
        self.passing = passing


class NeverSent(PlatformError):
    """Nothing left this computer, or nothing that could take effect: safe to try again."""

    code = "never-sent"


class Refused(PlatformError):
    """The platform answered no: nothing was created, and the answer says why."""

    code = "refused"
    exit_code = 5


class OutcomeUnknown(PlatformError):
    """The request left and no clear answer came back: it may have happened. Look before doing it again."""

    code = "outcome-unknown"
    exit_code = 4


class SessionBusy(WizardError):
    """Another wizard works in this folder."""

    code = "session-busy"
    exit_code = 6


class SessionNewer(WizardError):
    """The session was written by a newer version; it is left untouched."""

    code = "session-newer"
    exit_code = 6


class SessionDamaged(WizardError):
    """The session file can't be read; it was set aside under another name, not deleted."""

    code = "session-damaged"
