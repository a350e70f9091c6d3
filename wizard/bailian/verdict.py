"""What an answer, or the lack of one, means: NeverSent, Refused or OutcomeUnknown. Pure.

A request is *whole* once the bytes that complete it may have left.

====================================================  ==========================  ==================================
what comes back                                       to what changes something   to a read
====================================================  ==========================  ==================================
no connection, or cut before the request was whole    NeverSent                   NeverSent
2xx, an error code of the platform's, no result       Refused (1)                 Refused
400-407, 410-417, 421-424, 426-428, 431, 451          Refused                     Refused
429 with a code of the platform's                     Refused                     Refused
409                                                   OutcomeUnknown (2)          Refused
3xx, 408, 425, 429 without a code, any other, 5xx     OutcomeUnknown              NeverSent
2xx that can't be understood, or lacks the id         OutcomeUnknown              NeverSent
cut off or silent after the request was whole         OutcomeUnknown              NeverSent
====================================================  ==========================  ==================================

(1) A code that speaks of the platform's own trouble (InternalError and the like) leaves the outcome unknown.
(2) The documented 409 ("already exists", model-training-api-reference 2026-05-26) is a refusal on its face. But this client
sends no model name that could exist already, so a 409 to a creation can come from something on the way that sent the
request twice: the first may have worked. Looking at the list costs nothing; sending again can cost money. To what creates
nothing (cancel, delete) a 409 is a refusal.

A read can't take effect, so none of its failures is OutcomeUnknown: NeverSent says "safe to try again".
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wizard.bailian import answers, explain
from wizard.errors import NeverSent, OutcomeUnknown, PlatformError, Refused

if TYPE_CHECKING:
    from wizard.bailian.answers import Fault
    from wizard.bailian.endpoints import Endpoint

_REFUSING = frozenset({*range(400, 408), *range(410, 418), *range(421, 425), *range(426, 429), 431, 451})
_CONFLICT, _TOO_MANY = 409, 429
_BUSY, _BROKEN = frozenset({408, 425, _TOO_MANY}), 500  # HTTP's own "later", and where its "my fault" begins
_TROUBLE = re.compile(r"5\d\d$|internal|service|gateway|system|request[._-]?time", re.IGNORECASE)


class Effect(enum.Enum):
    """What a request can do on the platform."""

    READ = "read"
    CHANGE = "change"
    CREATE = "create"


def fine(status: int) -> bool:
    """Whether HTTP says that all went well."""
    return 200 <= status < 300  # noqa: PLR2004 - HTTP's own borders


def judged(
    status: int, body: Mapping[str, Any] | None, effect: Effect, endpoint: Endpoint
) -> PlatformError | None:
    """The error that an answer amounts to; None for one that is fine as far as HTTP and the platform's code go.

    ``body``: the answer's JSON object, None for anything else.
    """
    said = answers.fault(body)
    if fine(status) and body is not None:
        if not said.code:
            return None
        if effect is Effect.READ or not _TROUBLE.match(said.code):
            return refused(status, said, endpoint)
    elif (
        status in _REFUSING
        or (status == _CONFLICT and effect is not Effect.CREATE)
        or (status == _TOO_MANY and said.code)
    ):
        return refused(status, said, endpoint)
    return unclear(effect, explain.odd_answer(status), endpoint, said, status)


def refused(status: int, said: Fault, endpoint: Endpoint) -> Refused:
    """The platform said no."""
    return Refused(
        *explain.refusal(status, said, endpoint),
        request_id=said.request_id,
        status=status,
        platform_code=said.code,
        platform_message=said.message,
        passing=status == _TOO_MANY,
    )


def unclear(
    effect: Effect,
    reason: str,
    endpoint: Endpoint,
    said: Fault | None = None,
    status: int | None = None,
    *,
    passing: bool = False,
) -> PlatformError:
    """Nobody can tell what became of the request: OutcomeUnknown, or NeverSent for a read."""
    said = said or answers.Fault()
    kind, words = (
        (NeverSent, explain.unanswered) if effect is Effect.READ else (OutcomeUnknown, explain.unclear)
    )
    return kind(
        *words(reason, endpoint.host, said, status),
        request_id=said.request_id,
        status=status,
        platform_code=said.code,
        platform_message=said.message,
        passing=passing or (status is not None and (status in _BUSY or status >= _BROKEN)),
    )
