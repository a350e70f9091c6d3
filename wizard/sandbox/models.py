"""The API for models (``/api/v1/models``): the list, what this workspace may do with each, and the rates; reads only.

Shapes: list-models, list-model-permissions and list-quotas, autumn 2026. On the platform a POST to the latter two changes
grants and rates: here it is a 405. ``source`` and ``opensource`` in the list are what dashscope 2.0.2 reads. What the table of
models doesn't say is null, as the documents allow; grants and rates are made up.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from wizard.sandbox.catalog import bases
from wizard.sandbox.training import courses, job_from, tuned_models
from wizard.sandbox.wire import (
    BEIJING,
    NOT_FOUND,
    Refusal,
    answer,
    endpoint,
    invalid,
    key_says,
    page,
    workspace,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from wizard.bailian.models import TunableModel
    from wizard.sandbox.store import Store

_PATH = "/api/v1/models"
_SCOPES = ("AUTHORIZABLE", "AUTHORIZED")
_FEWEST, _MOST = 20, 200  # entries of a page: by default, and (documented for permissions only) at most
_MODEL_INFO = (
    "context_window",
    "max_input_tokens",
    "max_output_tokens",
    "max_reasoning_tokens",
    "reasoning_max_input_tokens",
    "reasoning_max_output_tokens",
)


class Models:
    """The endpoints, over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        """Where each endpoint answers; the rates at both of the documented paths."""
        return [
            Route(_PATH, endpoint(self.list), methods=["GET"]),
            Route(_PATH + "/permissions", endpoint(self.permissions), methods=["GET"]),
            Route(_PATH + "/limits", endpoint(self.limits), methods=["GET"]),
            Route("/api/v1/quotas", endpoint(self.limits), methods=["GET"]),
        ]

    async def list(self, request: Request) -> Response:
        """``name`` (a part), ``model``, ``features``, ``capabilities``, ``providers``, ``supports``; other filters are ignored.

        Without ``supports=deploy`` only models that can be called: none whose base is retired.
        """
        today = datetime.fromtimestamp(time.time(), BEIJING).date()
        wanted = {
            name: request.query_params.getlist(name) for name in ("features", "capabilities", "providers")
        }
        callable_only = "deploy" not in request.query_params.getlist("supports")
        shown = []
        for name, base, custom in await self._named(request):
            entry = _listed(name, base, custom=custom)
            has = {**entry, "providers": [entry["provider"]]}
            gone = base is not None and base.retirement is not None and base.retirement.past(today)
            if callable_only and gone and not custom:
                continue
            if all(not values or {*values} & {*has[of]} for of, values in wanted.items()):
                shown.append(entry)
        return _paged(request, "models", shown)

    async def permissions(self, request: Request) -> Response:
        """``name``, ``model``, ``authorization_scope``, ``action``: the grants of this workspace."""
        _hidden_from(request)
        scope = request.query_params.get("authorization_scope", _SCOPES[0])
        if scope not in _SCOPES:
            raise invalid(f"authorization_scope must be one of {', '.join(_SCOPES)}.")
        if request.query_params.get("action", "INFERENCE") != "INFERENCE":
            raise invalid("action must be INFERENCE.")
        lacking = denied(request)
        shown = []
        for name, base, _custom in await self._named(request):
            code = base.code if base is not None else name
            if key_says(request, "unlisted") and code in _qwen25():
                continue
            granted = code not in lacking
            grants = {"inference": True, "fine_tune": granted, "deploy": granted}
            shown.append({"model": name, "name": name, "permissions": grants})
        return _paged(request, "permissions", shown)

    async def limits(self, request: Request) -> Response:
        """``name``, ``model``: how often and how much of each may be called."""
        _hidden_from(request)
        shown = [
            {
                "model": name,
                "workspace_id": workspace(request),
                "model_limit": {
                    "request_limit": 600,
                    "request_limit_period": 60,
                    "usage_limit": 1_000_000,
                    "usage_limit_field": "total_tokens",
                    "usage_limit_period": 60,
                    "async_user_queue_limit": None,
                    "async_user_concurrency_limit": None,
                },
                "workspace_limit": None,
            }
            for name, _base, _custom in await self._named(request)
        ]
        return _paged(request, "quotas", shown)

    async def _named(self, request: Request) -> Sequence[tuple[str, TunableModel | None, bool]]:
        """The models that ``name`` and ``model`` leave: id, base, and whether it was tuned here."""
        tuned = await run_in_threadpool(self._tuned)
        part, exact = request.query_params.get("name", ""), request.query_params.get("model")
        known = [(code, base, False) for code, base in bases().items()]
        made = [(name, bases().get(base), True) for name, base in tuned.items()]
        return [each for each in (*known, *made) if part.lower() in each[0] and exact in (None, each[0])]

    def _tuned(self) -> dict[str, str]:
        known = courses(job_from(stored) for stored in self._store.jobs())
        return tuned_models(known, self._store.exports(), time.time())


def denied(request: Request) -> frozenset[str]:
    """The base models that this workspace may neither tune nor deploy."""
    return _qwen25() if key_says(request, "nopermission") else frozenset()


def _qwen25() -> frozenset[str]:
    return frozenset(code for code in bases() if code.startswith("qwen2.5"))


def _hidden_from(request: Request) -> None:
    if key_says(request, "nopermapi"):
        raise Refusal(*NOT_FOUND)


def _listed(name: str, base: TunableModel | None, *, custom: bool) -> dict[str, Any]:
    text = base is None or base.text
    by_token = base.by_token if base is not None else None
    prices = []
    if by_token is not None:
        each = (("input_token", by_token.input, "输入"), ("output_token", by_token.output, "输出"))
        prices = [
            {"type": kind, "price": str(price), "price_unit": "每百万tokens", "price_name": words}
            for kind, price, words in each
        ]
    retirement = base.retirement if base is not None and not custom else None
    return {
        "model": name,
        "name": name,
        "description": "",
        "source": "custom" if custom else "base",
        "provider": "qwen",
        "inference_provider": "aliyun-bailian",
        "opensource": False,
        "capabilities": ["TG"] if text else ["VU"],
        "features": ["fine-tuning"],
        "published_time": None,
        "inference_metadata": {
            "request_modality": ["Text"] if text else ["Text", "Image"],
            "response_modality": ["Text"],
        },
        "model_info": dict.fromkeys(_MODEL_INFO),
        "prices": [{"range_name": "Default", "prices": prices}] if prices else [],
        "equivalent_snapshot": None,
        "inference_offline_info": {"offline_time": f"{retirement.date} 00:00:00"} if retirement else None,
    }


def _paged(request: Request, name: str, entries: list[dict[str, Any]]) -> Response:
    page_no, page_size = page(request, _FEWEST, _MOST)
    shown = entries[(page_no - 1) * page_size : page_no * page_size]
    output = {"total": len(entries), "page_no": page_no, "page_size": page_size, name: shown}
    return answer(request, {"code": None, "message": None, "success": True, "output": output})
