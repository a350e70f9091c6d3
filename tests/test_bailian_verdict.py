"""What an answer means, over all statuses, codes and bodies: pure, and the same in every surrounding."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.bailian import answers, explain, verdict
from wizard.bailian.answers import Fault
from wizard.bailian.endpoints import Endpoint
from wizard.bailian.refusals import REFUSALS, Effect, refuses
from wizard.errors import NeverSent, OutcomeUnknown, PlatformError, Refused

ENDPOINT = Endpoint("https://dashscope.aliyuncs.com/api/v1")
CREATIONS = [effect for effect in Effect if effect.creates]
OTHERS = [effect for effect in Effect if not effect.creates]
DOUBTFUL = (
    "Throttling", "Throttling.RateQuota", "Throttling.AllocationQuota", "insufficient_quota", "DataInspectionFailed",
    "UnsupportedOperation", "InvalidParameters", "NotInvalidParameter", "Invalid", "AccessDeniedNot", "Forbidden", "404", "429", "x",
)  # fmt: skip
TROUBLE = (
    "Timeout", "OperationTimeout", "RequestTimeOut", "request_timeout", "InternalError", "InternalError.Timeout", "SystemError",
    "UnknownError", "-1", "500", "ServiceUnavailable", "GatewayTimeout", "System.Busy",
)  # fmt: skip
KNOWN = (*(known.code for known in REFUSALS), "InvalidParameter.DataFormat", "AccessDenied.Unpurchased")
CODES = (None, "", "0", "200", *KNOWN, *DOUBTFUL, *TROUBLE)
BODIES = (
    b"",
    b"null",
    b"[]",
    b'"InvalidParameter"',
    b"<html>InvalidParameter</html>",
    b'{"code": "InvalidPar',
)


def content(code: str | None, shape: str) -> bytes:
    if shape == "error":
        return json.dumps({"error": {"code": code, "message": "m"}}).encode()
    return json.dumps({"code": code, "message": "m", "request_id": "r-1"}).encode()


def verdict_on(status: int, body: bytes, effect: Effect) -> PlatformError | None:
    return verdict.judged(status, answers.decoded(body), effect, ENDPOINT)


@pytest.mark.sweep
@pytest.mark.parametrize("effect", CREATIONS)
def test_a_creation_is_refused_only_by_a_code_that_is_known_to(effect: Effect) -> None:
    """Refused: a code of the table, in a JSON object, with 2xx or 4xx. Nothing else that comes back means no."""
    for status in range(100, 600):
        plain = (200 <= status < 300 or 400 <= status < 500) and status not in (408, 425)
        for code, shape in itertools.product(CODES, ("top", "error")):
            no = plain and code is not None and refuses(code, effect)
            fine = 200 <= status < 300 and code in (None, "", "0", "200")
            expected = Refused if no else type(None) if fine else OutcomeUnknown
            said = verdict_on(status, content(code, shape), effect)
            assert expected is type(said), f"{status} {code} {shape}"
        for body in BODIES:
            assert OutcomeUnknown is type(verdict_on(status, body, effect)), f"{status} {body!r}"


@given(st.integers(100, 599), st.text(max_size=20), st.sampled_from(CREATIONS))
def test_no_other_code_refuses_a_creation(status: int, code: str, effect: Effect) -> None:
    """Whatever else the platform may come to say, it is not taken for a no."""
    said = verdict_on(status, content(code, "top"), effect)
    assert isinstance(said, Refused) <= refuses(code, effect)


@given(st.integers(100, 599), st.sampled_from(CODES), st.sampled_from(OTHERS))
def test_a_read_is_never_unknown_and_trouble_is_never_a_no(status: int, code: Any, effect: Effect) -> None:
    """A read takes no effect, so trying again is safe; a code that speaks of trouble refuses neither read nor change."""
    said = verdict_on(status, content(code, "top"), effect)
    assert not (effect is Effect.READ and isinstance(said, OutcomeUnknown))
    if code in TROUBLE:
        assert (NeverSent if effect is Effect.READ else OutcomeUnknown) is type(said)


def test_each_refusing_code_has_its_source() -> None:
    """Nobody is believed to refuse without a document that says so, with its date; no code stands there twice."""
    assert all(any(digit in known.source for digit in "0123456789") for known in REFUSALS)
    codes = [known.code.lower() for known in REFUSALS]
    assert sorted(set(codes)) == sorted(codes)
    assert all(known.effects and all(effect.creates for effect in known.effects) for known in REFUSALS)


def test_a_conflict_refuses_deployments_only() -> None:
    """Where the name guards against a second one it is a no; for a job it may be about the very request it answers."""
    said = {effect: type(verdict_on(409, content("Conflict", "top"), effect)) for effect in CREATIONS}
    assert {Effect.DEPLOYMENT: Refused, Effect.JOB: OutcomeUnknown, Effect.UPLOAD: OutcomeUnknown} == said


@pytest.mark.parametrize("code", [*DOUBTFUL, *TROUBLE])
@pytest.mark.parametrize("status", [200, 400, 401, 403, 429])
def test_what_is_unknown_is_not_called_a_no(status: int, code: str) -> None:
    """The platform's words are all there, and beside them that it is unknown, and that the wizard looks first."""
    body = json.dumps({"code": code, "message": "Only 20", "request_id": "r-7"}).encode()
    said = verdict_on(status, body, Effect.JOB)
    assert isinstance(said, OutcomeUnknown)
    assert f"[Only 20; {code}; HTTP {status}; request r-7]" in said.message
    told = said.message + said.hint
    assert "wizard looks" in told
    assert "before anything is sent again" in told
    for wrong in ("refused", "othing was", "never sent", "does nothing for it"):
        assert wrong not in told, told


@pytest.mark.parametrize(
    ("fault", "status", "expected", "todo"),
    [
        (Fault("AllocationQuota.FreeTierOnly"), 403, "free quota is used up", "free-quota"),
        (Fault("AccessDenied", "Workspace a does not have fine-tune privilege for model b"), 403, "granted", "settings/workspace"),
        (Fault("InvalidParameter", "Workspace a does not have deployment privilege for model b"), 400, "granted", "settings/workspace"),
        (Fault("InvalidParameter", "The model x does not exist or is not deployable"), 400, "can't be deployed", "SUCCEEDED"),
        (Fault("Conflict", "Deployed model x already exists, please specify a suffix."), 409, "already", "model/deploy"),
        (Fault("InvalidApiKey"), 401, "doesn't accept this key", "model/settings/api-key"),
        (Fault("NotFound", "Model: x not found!"), 404, "doesn't know", "region"),
    ],
)  # fmt: skip
def test_each_no_has_its_own_sentence(fault: Fault, status: int, expected: str, todo: str) -> None:
    """What happened, in words that fit this very no, and what to do about it."""
    what, advice = explain.refusal(status, fault, ENDPOINT)
    assert expected in what
    assert todo in advice
