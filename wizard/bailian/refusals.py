"""The platform's codes that are known to refuse a creation: with one of them, nothing was created. One table, each with its source.

What isn't in it leaves a creation's outcome unknown, however much it sounds like a no. Left out on purpose: ``Throttling`` and
its like (they come from what stands before the platform as well as from it), ``Conflict`` for jobs and files (it may be about
the very request that it answers, if something on the way sent that twice), ``UnsupportedOperation`` (documented for
cancelling and deleting only), ``DataInspectionFailed`` (documented for input *or output*), and all that speak of trouble or time.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Effect(enum.Enum):
    """What a request can do on the platform."""

    READ = "read"
    CHANGE = "change"
    UPLOAD = "upload"
    JOB = "job"
    DEPLOYMENT = "deployment"

    @property
    def creates(self) -> bool:
        """Whether something is there afterwards that wasn't before, and must not be there twice."""
        return self in _CREATIONS


_CREATIONS = frozenset({Effect.UPLOAD, Effect.JOB, Effect.DEPLOYMENT})
_OF_A_MODEL = frozenset({Effect.JOB, Effect.DEPLOYMENT})
_UPLOAD, _DEPLOYMENT = frozenset({Effect.UPLOAD}), frozenset({Effect.DEPLOYMENT})

_ERRORS = "error-code, 2026-05-25"
_TUNING = "model-training-api-reference, 2026-05-26"
_FILES = "model-customization-file-management-service, 2026-02-11"
_DEPLOY = "model-deployment-api, 2026-05-26"


@dataclass(frozen=True, slots=True)
class Refusal:
    """``code`` refuses each of ``effects``. ``family``: so does every code that goes on after it with a dot."""

    code: str
    effects: frozenset[Effect]
    source: str
    family: bool = False

    def fits(self, code: str) -> bool:
        """Whether ``code`` is this one; the platform writes codes in more than one case."""
        code, mine = code.lower(), self.code.lower()
        return code == mine or (self.family and code.startswith(f"{mine}."))


REFUSALS: tuple[Refusal, ...] = (
    Refusal("InvalidParameter", _CREATIONS, f"{_TUNING}; {_FILES}; {_DEPLOY}", family=True),
    Refusal("BadRequest.EmptyInput", _CREATIONS, _ERRORS),
    Refusal("BadRequest.EmptyParameters", _CREATIONS, _ERRORS),
    Refusal("BadRequest.EmptyModel", _CREATIONS, _ERRORS),
    Refusal("BadRequest.TooLarge", _UPLOAD, f"{_FILES}; {_ERRORS}"),
    Refusal("BadRequest.TooMany", _UPLOAD, _FILES),
    Refusal("InvalidApiKey", _CREATIONS, _ERRORS),
    Refusal("invalid_api_key", _CREATIONS, _ERRORS),
    Refusal("AccessDenied", _CREATIONS, _ERRORS, family=True),
    Refusal("Workspace.AccessDenied", _CREATIONS, _ERRORS),
    Refusal("Model.AccessDenied", _CREATIONS, _ERRORS),
    Refusal("Arrearage", _CREATIONS, _ERRORS),
    Refusal("AllocationQuota.FreeTierOnly", _CREATIONS, f"{_ERRORS}; new-free-quota, 2026-05-30"),
    Refusal("NotFound", _OF_A_MODEL, f"{_TUNING}; {_DEPLOY}"),
    Refusal("ModelNotFound", _OF_A_MODEL, _ERRORS),
    Refusal("Model.NotExist", _OF_A_MODEL, _ERRORS),
    Refusal("model_not_found", _OF_A_MODEL, _ERRORS),
    # The name is the platform's own guard against a second one, and no suffix is ever sent (create-deployment-api).
    Refusal("Conflict", _DEPLOYMENT, f"{_DEPLOY}; create-deployment-api, autumn 2026"),
)


def refuses(code: str, effect: Effect) -> bool:
    """Whether ``code`` is known to say that ``effect``, a creation, did not come about."""
    return any(effect in known.effects and known.fits(code) for known in REFUSALS)


def job_is_gone(code: str) -> bool:
    """Whether a refusal to show a job says that there is no such job (``NotFound``: model-training-api-reference)."""
    return code.lower() == "notfound"


def file_is_gone(code: str, message: str) -> bool:
    """Whether a refusal to show a file says that there is no such file.

    ``NotFound`` (model-training-api-reference), or ``InvalidParameter`` with its "File not found." (file management, 2026-02-11); any other may
    be about the key, the workspace, or come from something on the way.
    """
    code = code.lower()
    return code == "notfound" or (code == "invalidparameter" and "file not found" in message.lower())
