"""The platform's answers: JSON of many shapes in, the results of ``service`` out. Pure, and tolerant of what it doesn't know.

Shapes: model-customization-file-management-service 2026-02-11, model-training-api-reference 2026-05-26,
create-fine-tuning-job-api and get-fine-tuning-job-api autumn 2026, and the older ``{"code": 0, "success": true}`` of the
vendor's own tests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from wizard.bailian.service import FAILED, Checkpoint, Grant, Job, LogPage, Permission, RemoteFile
from wizard.local.harmless import marked
from wizard.local.redaction import hidden, redacted, throughout

Listed = TypeVar("Listed")

# An id becomes part of a path, so nothing else may be in it; "." and ".." would climb out.
_ID = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,200}")
_DIGITS = re.compile(r"[0-9]{1,18}")
_NO_ERROR = frozenset({"", "0", "200", "success", "ok"})
_LONGEST_QUOTE = 600


@dataclass(frozen=True, slots=True)
class Fault:
    """What the platform says is wrong: its code, its sentence, its request id, each fit to be shown."""

    code: str = ""
    message: str = ""
    request_id: str = ""


def valid_id(text: str) -> bool:
    """Whether ``text`` can be an id of the platform's."""
    return bool(_ID.fullmatch(text))


def legible(text: str) -> str:
    """Foreign ``text`` made fit to be shown: one line, controls and bidirectional marks visible, no key, not too long."""
    text = redacted(marked(" ".join(redacted(text).split())))
    return text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "…"


def decoded(content: bytes) -> dict[str, Any] | None:
    """The JSON object in ``content``; None for everything else, however broken.

    A key that the answer repeats is hidden in it: what is read here is shown, and kept in the session.
    """
    try:
        found = throughout(json.loads(content), hidden)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def fault(body: Mapping[str, Any] | None) -> Fault:
    """The error that ``body`` states; without a code where it states none (success may carry ``code`` 0 or 200)."""
    if body is None:
        return Fault()
    inner = body.get("error")
    error: Mapping[str, Any] = inner if isinstance(inner, dict) else {}
    code = _text(body.get("code")) or _text(error.get("code")) or _text(error.get("type"))
    if code.strip().lower() in _NO_ERROR:
        code = ""
    message = _text(body.get("message")) or _text(body.get("msg")) or _text(error.get("message"))
    return Fault(legible(code), legible(message), legible(_text(body.get("request_id"))))


def accepted(body: dict[str, Any]) -> dict[str, Any] | None:
    """``body`` if it states no error."""
    return None if fault(body).code else body


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return (
        str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63 else ""
    )


def _count(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    return None


def _entries(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def section(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object ``body[name]`` (``data`` or ``output``); empty where it isn't one."""
    found = body.get(name)
    return found if isinstance(found, dict) else {}


def remote_file(data: Mapping[str, Any]) -> RemoteFile | None:
    """A file of a list, or the one asked for; None without a usable id."""
    file_id = _text(data.get("file_id"))
    if not valid_id(file_id):
        return None
    return RemoteFile(
        file_id=file_id,
        name=_text(data.get("name")),
        size=_count(data.get("size")),
        md5=_text(data.get("md5")).lower(),
        created=_text(data.get("gmt_create")) or _text(data.get("upload_time")),
        description=_text(data.get("description")),
        purpose=_text(data.get("purpose")),
    )


def uploaded(body: Mapping[str, Any], name: str) -> str:
    """The id that the upload of ``name`` got, else an empty text. One file goes up, so a single entry is ours."""
    entries = _entries(section(body, "data").get("uploaded_files"))
    ours = [entry for entry in entries if _text(entry.get("name")) == name] or [
        entry for entry in entries if len(entries) == 1 and not _text(entry.get("name"))
    ]
    return next((found for entry in ours if valid_id(found := _text(entry.get("file_id")))), "")


def upload_failure(body: Mapping[str, Any], name: str) -> Fault | None:
    """Why the upload of ``name`` failed inside an answer with HTTP 200; None where the answer names no failed upload."""
    entries = _entries(section(body, "data").get("failed_uploads"))
    ours = [entry for entry in entries if _text(entry.get("name")) == name] or entries
    if not ours:
        return None
    request_id = legible(_text(body.get("request_id")))
    return Fault(legible(_text(ours[0].get("code"))), legible(_text(ours[0].get("message"))), request_id)


def job(body: Mapping[str, Any]) -> Job | None:
    """The job in an answer's ``output``; None without a usable id."""
    found = job_entry(section(body, "output"), request_id=_text(body.get("request_id")))
    if found is None or not found.final or found.failure_message or found.failure_code:
        return found
    # A failed job's reason is documented nowhere; the vendor's tests have it at the top of the answer.
    reason = fault(body)
    if found.status != FAILED:
        return found
    return replace(found, failure_code=reason.code, failure_message=reason.message)


def job_entry(output: Mapping[str, Any], *, request_id: str = "") -> Job | None:
    """A job of a list or of an answer; None without a usable id."""
    job_id = _text(output.get("job_id"))
    if not valid_id(job_id):
        return None
    parameters = output.get("hyper_parameters")
    return Job(
        job_id=job_id,
        status=_text(output.get("status")).strip().upper(),
        name=_text(output.get("job_name")),
        model=_text(output.get("model")) or _text(output.get("base_model")),
        base_model=_text(output.get("base_model")),
        training_type=_text(output.get("training_type")),
        training_files=_files(output, "training"),
        validation_files=_files(output, "validation"),
        hyper_parameters=dict(parameters) if isinstance(parameters, dict) else {},
        created=_text(output.get("create_time")),
        ended=_text(output.get("end_time")),
        output_model=_text(output.get("finetuned_output")),
        usage=_usage(output.get("usage")),
        failure_code=legible(_text(output.get("code"))),
        failure_message=legible(_text(output.get("message"))),
        request_id=legible(request_id),
    )


def _files(output: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    """File ids from ``<kind>_file_ids`` and, where that is empty, from ``<kind>_datasets``: newer answers have only those."""
    plain = output.get(f"{kind}_file_ids")
    ids = [_text(entry) for entry in plain] if isinstance(plain, list) else []
    if not any(ids):
        ids = [_text(entry.get("file_id")) for entry in _entries(output.get(f"{kind}_datasets"))]
    return tuple(found for found in ids if found)


def _usage(value: Any) -> int | None:
    """Billed tokens: a number, or an object that holds it."""
    if not isinstance(value, dict):
        return _count(value)
    for name in ("total_tokens", "training_tokens", "tokens", "usage"):
        if (found := _count(value.get(name))) is not None:
            return found
    numbers = [number for entry in value.values() if (number := _count(entry)) is not None]
    return numbers[0] if len(numbers) == 1 else None


def log_page(body: Mapping[str, Any], offset: int) -> LogPage | None:
    """The log lines of an answer that skipped ``offset`` lines; None where the answer isn't about a log."""
    output = section(body, "output")
    lines = output.get("logs")
    if isinstance(lines, str):
        lines = lines.splitlines()
    if lines is None and _count(output.get("total")) is not None:
        lines = []
    if not isinstance(lines, list):
        return None
    texts = tuple(
        entry if isinstance(entry, str) else json.dumps(entry, ensure_ascii=False) for entry in lines
    )
    total = _count(output.get("total"))
    return LogPage(texts, offset, max(total or 0, offset + len(texts) if texts else 0))


def checkpoints(body: Mapping[str, Any]) -> tuple[Checkpoint, ...] | None:
    """The checkpoints of an answer, a list in ``output`` or one level deeper; None where there is no list."""
    output = body.get("output")
    if isinstance(output, dict):
        output = output.get("checkpoints", output.get("list"))
    if not isinstance(output, list) or (output and not _entries(output)):
        return None
    return tuple(
        Checkpoint(
            name=_text(entry.get("checkpoint"))
            or _text(entry.get("checkpoint_id"))
            or _text(entry.get("full_name")),
            status=_text(entry.get("status")).strip().upper(),
            created=_text(entry.get("create_time")),
            model_name=_text(entry.get("model_name")),
        )
        for entry in _entries(output)
    )


_GRANTS = {True: Grant.YES, False: Grant.NO}


def permission(entry: Mapping[str, Any]) -> Permission | None:
    """What a list of permissions says about one model; None without its id. Only true and false themselves are words."""
    model, granted = _text(entry.get("model")), section(entry, "permissions")
    if not model:
        return None
    said = {
        name: _GRANTS[value] if isinstance(value := granted.get(name), bool) else Grant.UNTOLD
        for name in ("fine_tune", "deploy", "inference")
    }
    return Permission(model, **said)


@dataclass(frozen=True, slots=True)
class Page(Generic[Listed]):
    """One page of a list: what was understood of it, how many entries it had, the total and the page's size where said."""

    found: tuple[Listed, ...]
    entries: int
    total: int | None
    size: int | None


def page(
    body: Mapping[str, Any], part: str, name: str, understood: Callable[[Mapping[str, Any]], Listed | None]
) -> Page[Listed] | None:
    """The page of ``name`` (``files`` in ``data``, ``jobs`` in ``output``).

    None where the answer says that it is no success or has no such list, and for a list of which nothing can be understood: that is
    not an empty list, and whoever looks for what an earlier request left behind must not take it for one.
    """
    if body.get("success") is False:
        return None
    whole = body.get(part)
    inside = section(body, part)
    entries = whole if isinstance(whole, list) else inside.get(name)
    total = _count(inside.get("total"))
    if entries is None and total == 0:
        entries = []
    if not isinstance(entries, list):
        return None
    found = tuple(known for entry in _entries(entries) if (known := understood(entry)) is not None)
    if entries and not found:
        return None
    return Page(found, len(entries), total, _count(inside.get("page_size")))


def mentioned(text: str, names: Iterable[str]) -> str | None:
    """The one of ``names`` that ``text`` mentions first, as a whole word."""
    places = [
        (found.start(), -len(name), name)
        for name in names
        if name
        and (found := re.search(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", text, re.IGNORECASE))
    ]
    return min(places)[2] if places else None
