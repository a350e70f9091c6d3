"""What an answer, or the lack of one, means: NeverSent, Refused or OutcomeUnknown. Pure.

A request is *whole* once the bytes that complete it may have left.

==================================================  ====================  ====================  ====================
what comes back                                     to a creation         to another change     to a read
==================================================  ====================  ====================  ====================
no connection, or cut before the request was whole  NeverSent             NeverSent             NeverSent
2xx or 4xx (1), a code that is known to refuse      Refused               Refused               Refused
2xx, another code of the platform's, no result      OutcomeUnknown        Refused (2)           Refused (2)
400-407, 410-417, 421-424, 426-428, 431, 451        OutcomeUnknown        Refused (2)           Refused (2)
409                                                 OutcomeUnknown        Refused (2)           Refused (2)
429 with a code of the platform's                   OutcomeUnknown        Refused (2)           Refused (2)
3xx, 408, 425, 429 without a code, any other, 5xx   OutcomeUnknown        OutcomeUnknown        NeverSent
2xx that can't be understood, or lacks the id       OutcomeUnknown        OutcomeUnknown        NeverSent
cut off or silent after the request was whole       OutcomeUnknown        OutcomeUnknown        NeverSent
==================================================  ====================  ====================  ====================

(1) But 408 and 425, by which HTTP itself says that it isn't known. The codes: ``refusals``. A creation is refused by nothing
else: not by a status, which a proxy or firewall can give after the platform did its part; not by a code that only sounds like
a no. Looking at the list costs nothing, creating twice can cost money.
(2) Not with a code that speaks of the platform's own trouble, or of time that ran out: to a change the outcome is then
unknown, and a read is worth another try.

A read can't take effect, so none of its failures is OutcomeUnknown: NeverSent says "safe to try again".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wizard.bailian import answers, explain
from wizard.bailian.refusals import Effect, refuses
from wizard.errors import NeverSent, OutcomeUnknown, PlatformError, Refused

if TYPE_CHECKING:
    from wizard.bailian.answers import Fault
    from wizard.bailian.endpoints import Endpoint

_REFUSING = frozenset({*range(400, 408), *range(409, 418), *range(421, 425), *range(426, 429), 431, 451})
_UNDECIDED = frozenset({408, 425})
_TOO_MANY = 429
_TROUBLE = re.compile(
    r"internal|time[._-]?out|unavailable|^(5\d\d|-1)$|^(service|gateway|system|unknown)", re.IGNORECASE
)
_CODES = {
    "key": "bad-key", "arrears": "arrears", "free-quota": "arrears", "not-activated": "no-permission",
    "workspace": "no-permission", "not-granted": "no-permission", "model": "no-permission", "forbidden": "no-permission",
    "models-quota": "quota", "jobs-quota": "quota", "no-room": "quota", "too-many-files": "quota",
    "too-often": "throttled", "not-found": "not-found", "model-unknown": "not-found",
}  # fmt: skip
"""What programs are told of the causes that ``explain`` knows; of any other that it was refused."""
_BROKEN = 500  # where HTTP's own \"my fault\" begins


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
    if fine(status) and body is not None and not said.code:
        return None
    return stated(status, said, effect, endpoint)


def stated(status: int, said: Fault, effect: Effect, endpoint: Endpoint) -> PlatformError:
    """The error that ``said``, which came with ``status``, amounts to."""
    if _is_no(status, said.code, effect):
        return Refused(
            *explain.refusal(status, said, endpoint),
            code=_CODES.get(explain.cause(status, said), ""),
            request_id=said.request_id,
            status=status,
            platform_code=said.code,
            platform_message=said.message,
            passing=status == _TOO_MANY,
        )
    if _TROUBLE.search(said.code) or (said.code and status in _UNDECIDED):
        return unclear(effect, explain.trouble(), endpoint, said, status)
    if effect.creates and said.code and _answers(status):
        return _unknown(explain.doubtful(status, said, endpoint), said, status)
    return unclear(effect, explain.odd_answer(status), endpoint, said, status)


def _is_no(status: int, code: str, effect: Effect) -> bool:
    if effect.creates:
        return _answers(status) and refuses(code, effect)
    if _TROUBLE.search(code):
        return False
    return status in _REFUSING or bool(code and (fine(status) or status == _TOO_MANY))


def _answers(status: int) -> bool:
    """Whether HTTP says that the request was looked at and answered."""
    return fine(status) or (400 <= status < 500 and status not in _UNDECIDED)  # noqa: PLR2004 - HTTP's own borders


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
    if effect is not Effect.READ:
        return _unknown(explain.unclear(reason, endpoint.host, said, status), said, status, passing=passing)
    return NeverSent(
        *explain.unanswered(reason, endpoint.host, said, status),
        request_id=said.request_id,
        status=status,
        platform_code=said.code,
        platform_message=said.message,
        passing=passing or _passes(status),
    )


def _passes(status: int | None) -> bool:
    """Whether HTTP itself says that it may go better later."""
    return status is not None and (status in _UNDECIDED or status == _TOO_MANY or status >= _BROKEN)


def _unknown(
    words: explain.Words, said: Fault, status: int | None, *, passing: bool = False
) -> OutcomeUnknown:
    return OutcomeUnknown(
        *words,
        request_id=said.request_id,
        status=status,
        platform_code=said.code,
        platform_message=said.message,
        passing=passing or _passes(status),
    )
