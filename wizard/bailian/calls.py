"""One call of the platform: the request that goes out once, the answer that is understood, the error that is not."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from wizard.bailian import answers, explain, verdict, wire
from wizard.bailian.refusals import Effect
from wizard.errors import NeverSent, PlatformError, Refused, Unsendable
from wizard.local import log

if TYPE_CHECKING:
    import httpx

    from wizard.bailian.deadlines import Deadlines
    from wizard.bailian.endpoints import Endpoint
    from wizard.bailian.reading import Reader

Found = TypeVar("Found")

_TOO_MANY = 429
_PAUSES = (0.3, 0.9)  # between the tries of a read, in seconds


class Transport(Protocol):
    """What is used of dashscope's transport."""

    def request(self, method: str, path: str, **content: Any) -> Any:
        """Send one request and give httpx's response."""
        ...


class Calls:
    """Calls of one endpoint over dashscope's ``transport``, whose own HTTP client ends in a ``wire.Wire``."""

    def __init__(self, transport: Transport, endpoint: Endpoint, limits: Deadlines, proxy: str) -> None:
        self.limits = limits
        self._transport = transport
        self._endpoint = endpoint
        self._proxy = proxy

    def read(
        self,
        path: str,
        module: str,
        understood: Callable[[dict[str, Any]], Found | None],
        *,
        within: float | None = None,
        **params: int | str,
    ) -> Found:
        """What ``understood`` finds in the answer to a GET, asked up to three times ``within`` seconds (``limits.read``)."""
        within = self.limits.read if within is None else within
        ends = time.monotonic() + within
        pauses = iter(_PAUSES)
        while True:
            try:
                # Half of the time for one silence, so that a single lost answer leaves room for another try.
                exchange = wire.Exchange(self.limits.connect, idle=within / 2, ends=ends)
                return self._asked(path, module, understood, params, exchange)
            except NeverSent as problem:
                failure: PlatformError = problem  # a read: whatever was in the way, asking again is safe
            except Refused as refused:
                failure = refused
            pause = next(pauses, None)
            refusal = isinstance(failure, Refused) and failure.status != _TOO_MANY
            if refusal or pause is None or time.monotonic() + pause >= ends:
                raise failure
            time.sleep(pause)

    def _asked(
        self,
        path: str,
        module: str,
        understood: Callable[[dict[str, Any]], Found | None],
        params: dict[str, int | str],
        exchange: wire.Exchange,
    ) -> Found:
        response = self.send(exchange, Effect.READ, "GET", path, module=module, params=params or None)
        return self.result(response, Effect.READ, understood)

    def changing(self) -> wire.Exchange:
        """The exchange of a request that changes something."""
        ends = time.monotonic() + self.limits.change
        return wire.Exchange(self.limits.connect, idle=self.limits.change, ends=ends)

    def change(self, method: str, path: str, module: str) -> None:
        """A request that changes something and whose answer says no more than that it did."""
        response = self.send(self.changing(), Effect.CHANGE, method, path, module=module)
        if response.content or not verdict.fine(response.status_code):
            self.result(response, Effect.CHANGE, answers.accepted)

    def result(
        self, response: httpx.Response, effect: Effect, understood: Callable[[dict[str, Any]], Found | None]
    ) -> Found:
        """What ``understood`` finds: an answer that holds what was asked for is one, whatever its ``code`` says.

        ``understood`` may raise what the answer amounts to. Raised is it here, where no frame holds the answer: it could
        repeat the key.
        """
        found = self._weighed(response, effect, understood)
        if isinstance(found, PlatformError):
            raise found
        return found

    def _weighed(
        self, response: httpx.Response, effect: Effect, understood: Callable[[dict[str, Any]], Found | None]
    ) -> Found | PlatformError:
        status, body = response.status_code, answers.decoded(response.content)
        if body is not None and (verdict.fine(status) or effect.creates):
            try:
                found = understood(body)
            except PlatformError as problem:
                return problem.with_traceback(None)
            if found is not None and verdict.fine(status):
                return found
            if found is not None:
                reason = explain.contradiction()
                return verdict.unclear(effect, reason, self._endpoint, answers.fault(body), status)
        failure = verdict.judged(status, body, effect, self._endpoint)
        if failure is not None:
            return failure
        said = answers.fault(body)
        return verdict.unclear(effect, explain.odd_answer(status), self._endpoint, said, status)

    def send(
        self,
        exchange: wire.Exchange,
        effect: Effect,
        method: str,
        path: str,
        *,
        module: str,
        reader: Reader | None = None,
        **content: Any,
    ) -> httpx.Response:
        """One request, once. What ``reader`` raises while it is read comes out as it is."""
        told = _Exchanged(method, path, content, reader)
        token = wire.CURRENT.set(exchange)
        try:
            response: httpx.Response = self._transport.request(method, path, sdk_module=module, **content)
        except wire.Broken as broken:
            told.failed(broken.kind, broken.reason, exchange)
            failure: BaseException = self._unanswered(broken, exchange, effect)
        except Exception as problem:  # noqa: BLE001 - see below
            told.failed(type(problem).__name__, "", exchange)
            failure = self._unexpected(problem, exchange, effect, reader)
        except BaseException as interruption:  # noqa: BLE001 - see below
            told.failed(type(interruption).__name__, "", exchange)
            failure = interruption.with_traceback(None)
        else:
            told.answered(response)
            # httpx ties an answer to its stream and back: large ones would stay until somebody looks for garbage.
            del response.stream
            return response
        finally:
            wire.CURRENT.reset(token)
        # Raised here, where no exception is being handled: what happened below refers, in its traceback's frames, to the
        # request's headers, and with them to the key.
        raise failure

    def _unanswered(self, broken: wire.Broken, exchange: wire.Exchange, effect: Effect) -> PlatformError:
        host, passing = self._endpoint.host, broken.kind in wire.PASSING
        if broken.kind not in (wire.CUT, wire.SLOW, wire.LARGE) and not exchange.complete:
            proxy = answers.legible(self._proxy.rpartition("://")[2].rpartition("@")[2])
            words = explain.unreachable(broken.kind, answers.legible(broken.reason), host, proxy)
            return NeverSent(*words, passing=passing)
        reason = explain.broken(broken.kind)
        if not exchange.complete:
            return NeverSent(*explain.unanswered(reason, host, answers.Fault(), None), passing=passing)
        return verdict.unclear(effect, reason, self._endpoint, passing=passing)

    def _unexpected(
        self, problem: Exception, exchange: wire.Exchange, effect: Effect, reader: Reader | None
    ) -> BaseException:
        if reader is not None and reader.raised and reader.raised[0] is problem:
            return problem.with_traceback(reader.raised[1])
        reason = type(problem).__name__
        if not exchange.complete:
            return Unsendable(*explain.not_expressible(reason))
        return verdict.unclear(effect, reason, self._endpoint)


_REQUEST_ID = re.compile(rb'"request_id"\s*:\s*"([^"]{1,100})"')


class _Exchanged:
    """One exchange, for the log: never a header, and bodies only where they are wanted."""

    def __init__(self, method: str, path: str, content: Mapping[str, Any], reader: Reader | None) -> None:
        self._begun = time.monotonic()
        self._told: dict[str, Any] = {"method": method, "path": path}
        if content.get("params"):
            self._told["params"] = content["params"]
        if reader is not None:
            self._told["sent_bytes"] = reader.size
        if log.debugging() and (body := content.get("json") or content.get("data")):
            self._told["request"] = body

    def answered(self, response: httpx.Response) -> None:
        """The whole answer is here, whatever it says."""
        body = response.content
        found = _REQUEST_ID.search(body[:100_000])
        request_id = (
            found[1].decode("utf-8", "replace") if found else response.headers.get("x-request-id", "")
        )
        more = {"response": _legible(body)} if log.debugging() else {}
        self._tell(status=response.status_code, request_id=request_id, received_bytes=len(body), **more)

    def failed(self, kind: str, reason: str, exchange: wire.Exchange) -> None:
        """No answer; ``whole``: whether the platform could by then have the request."""
        self._tell(failure=kind, reason=reason, whole=exchange.complete)

    def _tell(self, **more: Any) -> None:
        log.event("http", **self._told, **more, seconds=round(time.monotonic() - self._begun, 3))


def _legible(body: bytes) -> str:
    """``body`` as text; JSON with no character escaped, as a key in it could be."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")
