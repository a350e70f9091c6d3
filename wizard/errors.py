"""Every error that a user can meet, each with what happened, what to do next, and its code (``contract/codes``: exit code, retryable).

::

    WizardError                  anything that went wrong and is nobody's bug
    +-- UsageError               the command line, an answers file or the environment is wrong
    |   +-- OverBudget           the job may cost more than it may
    |   +-- NotAllowed           the limits of this computer's user don't allow it
    +-- DataError                the user's data can't be used as it is
    +-- StorageError             this computer's disk refused
    |   +-- OwnerUnknown         the state in this folder belongs to another user, and nobody agreed to that
    +-- AnswersMissing           unattended, and questions are left without an answer
    |   +-- NoKey                there is no API key
    +-- ApprovalMissing          unattended, and nobody approved this very plan
    +-- DecisionNeeded           an effect's outcome is unknown and only a person can say what to do
    +-- PlatformError            talking to the platform failed:
    |   +-- NeverSent            nothing left this computer, or nothing that could take effect
    |   |   +-- Unsendable       it was not even tried: what would be sent is not as it must be
    |   +-- Refused              the platform answered no; nothing was created
    |   +-- OutcomeUnknown       it may have happened: look before doing anything again
    +-- StillRunning             the time of --timeout is over, and the job goes on
    +-- SessionBusy              another wizard works in this folder
    +-- SessionNewer             the session was written by a newer version
    +-- SessionDamaged           the session file can't be read; it was set aside, not deleted

Exit code 0 is done and 130 is interrupted and saved.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard import sharing
from wizard.contract.codes import CODES
from wizard.locale import _

INTERRUPTED = CODES["interrupted"].exit
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
    """What happened (``message``), what to do next (``hint``), and for programs a ``code`` of ``contract/codes`` with its ``details``.

    ``made``: file, line and function where that was said. ``remedies``: what a step can offer to mend it on the spot; whoever catches the error may add some.
    """

    code: str = "failed"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.remedies: tuple[Remedy, ...] = ()
        made = sys._getframe(1)  # noqa: SLF001 - where the sentence stands: the log says that in its place
        while made.f_code.co_name == "__init__" and made.f_back is not None:
            made = made.f_back
        self.made = (made.f_code.co_filename, made.f_lineno, made.f_code.co_qualname)

    @property
    def exit_code(self) -> int:
        """What the program ends with."""
        return CODES[self.code].exit

    @property
    def details(self) -> dict[str, Any]:
        """What a program can go on from; its form is ``contract/forms.Details``."""
        return {}


class UsageError(WizardError):
    """The command line, an answers file or the environment says something that can't be followed."""

    code = "usage"


class OverBudget(UsageError):
    """The job may cost more than its budget, or than a limit of this computer, allows."""

    code = "over-budget"


class NotAllowed(UsageError):
    """The limits of this computer's user don't allow it."""

    code = "not-allowed"


class DataError(WizardError):
    """The user's data can't be used as it is; the message names file and line."""

    code = "bad-data"


class StorageError(WizardError):
    """This computer's disk refused to read or write; what was there before is still there."""

    code = "storage"


class OwnerUnknown(StorageError):
    """The state at ``path`` belongs to the system's user number ``owner``, and this user hasn't agreed to that."""

    code = "owner-unknown"

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

    def __init__(self, message: str, hint: str = "", *, keys: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint)
        self.keys = keys

    @property
    def details(self) -> dict[str, Any]:
        """The keys of all questions that are left."""
        return {"keys": list(self.keys)}


class NoKey(AnswersMissing):
    """There is no API key."""

    code = "no-key"


class ApprovalMissing(WizardError):
    """Unattended, and nobody approved the plan with this ``digest``."""

    code = "not-approved"

    def __init__(self, message: str, hint: str = "", *, digest: str = "") -> None:
        super().__init__(message, hint)
        self.digest = digest

    @property
    def details(self) -> dict[str, Any]:
        """The digest that would have to be approved."""
        return {"digest": self.digest} if self.digest else {}


class DecisionNeeded(WizardError):
    """An effect's outcome is unknown, and nobody is there to decide. ``more``: what a program can decide from (``contract/forms.Details``)."""

    code = "decision-needed"

    def __init__(
        self, message: str, hint: str = "", *, code: str = "", more: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message, hint)
        self.code = code or type(self).code
        self.more = dict(more or {})

    @property
    def details(self) -> dict[str, Any]:
        """What is decided, between what, and what of it equals the plan."""
        return self.more


class PlatformError(WizardError):
    """Talking to the platform failed. ``request_id`` and ``status`` are what it answered, where it did.

    ``passing``: it was trouble on the way, or too much at the moment, and may be over by itself.
    """

    code = "failed"

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        code: str = "",
        request_id: str = "",
        status: int | None = None,
        platform_code: str = "",
        platform_message: str = "",
        passing: bool = False,
    ) -> None:
        super().__init__(message, hint)
        self.code = code or type(self).code
        self.request_id = request_id
        self.status = status
        self.platform_code = platform_code
        self.platform_message = platform_message
        self.passing = passing

    @property
    def details(self) -> dict[str, Any]:
        """What the platform answered: HTTP status, its own code, the request's id."""
        told = {"status": self.status, "platform_code": self.platform_code, "request_id": self.request_id}
        return {name: value for name, value in told.items() if value}


class NeverSent(PlatformError):
    """Nothing left this computer, or nothing that could take effect: safe to try again."""

    code = "unreachable"


class Unsendable(NeverSent):
    """It was not even tried: what would be sent is not as it must be."""

    code = "not-sent"


class Refused(PlatformError):
    """The platform answered no: nothing was created, and the answer says why."""

    code = "refused"


class OutcomeUnknown(PlatformError):
    """The request left and no clear answer came back: it may have happened. Look before doing it again."""

    code = "outcome-unknown"


class StillRunning(WizardError):
    """The time of --timeout is over, and the job goes on."""

    code = "still-running"


class SessionBusy(WizardError):
    """Another wizard works in this folder."""

    code = "busy"


class SessionNewer(WizardError):
    """The session was written by a newer version; it is left untouched."""

    code = "session-newer"


class SessionDamaged(WizardError):
    """The session file can't be read; it was set aside under another name, not deleted."""

    code = "session-damaged"
