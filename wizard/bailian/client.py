"""The platform over the network: the only module that imports dashscope, and only once a client is made."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from wizard.bailian import answers, endpoints, explain, verdict
from wizard.bailian.deadlines import Deadlines
from wizard.bailian.refusals import Effect
from wizard.bailian.service import LOG_PAGE
from wizard.errors import PlatformError, Refused, Unsendable

if TYPE_CHECKING:
    from wizard.bailian.apikey import ApiKey
    from wizard.bailian.endpoints import Endpoint
    from wizard.bailian.service import Checkpoint, Job, JobRequest, LogPage, Permission, RemoteFile

Found = TypeVar("Found")

_BAD_REQUEST, _UNAUTHORIZED = 400, 401
_PAGES = 1000  # no account has more; a list that goes on is one that ignores page_no
_PERMISSIONS_PAGE = 200  # the most that these give (list-model-permissions, 2026-09-28)
_PAGE_SIZE = 100  # the most that files give (openai-file-interface, 2025-12-08)


class Bailian:
    """``wizard.bailian.service.Platform`` over HTTP. Which failure raises what: see ``wizard.bailian.verdict``.

    Reads are asked again at most twice, within their deadline; what changes something is sent once. Close it, or use it
    in a ``with``.
    """

    def __init__(self, endpoint: Endpoint, key: ApiKey, *, deadlines: Deadlines | None = None) -> None:
        import httpx
        from dashscope.v2.transport import SyncTransport

        from wizard.bailian import wire
        from wizard.bailian.calls import Calls

        self._endpoint = endpoint
        self._key = key
        headers = {
            "Authorization": f"Bearer {key.reveal()}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        if endpoint.workspace:
            headers["X-DashScope-WorkSpace"] = endpoint.workspace
        proxied = endpoint.base_url.startswith("https://") and not endpoint.local
        http = httpx.Client(
            base_url=endpoint.base_url,
            headers=headers,
            follow_redirects=False,
            trust_env=False,
            transport=wire.Wire(proxied=proxied),
        )
        # SyncTransport itself, not dashscope.Client(...).transport: Client reads ~/.dashscope and a dozen environment
        # variables whatever it is given, and warns on the terminal. This takes what it is given and reads nothing.
        transport = SyncTransport(base_url=endpoint.base_url, http_client=http, max_retries=0)
        proxy = (proxied and wire.proxy_for(endpoint.host)) or ""
        self._http = http
        self._calls = Calls(transport, endpoint, deadlines or Deadlines(), proxy)

    @property
    def endpoint(self) -> str:
        """The base URL that requests go to, ending in ``/api/v1``."""
        return self._endpoint.base_url

    def close(self) -> None:
        """Let go of what is held; nothing can be asked after that."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Bailian({self._endpoint.base_url}, {self._key.masked})"

    def prove_key(self) -> None:
        """As the protocol says. Refused with status 401 for a key that is wrong, or used where it wasn't made."""
        self._calls.read(
            "/models",
            "models",
            lambda body: None if answers.fault(body).code else body,
            page_no=1,
            page_size=1,
        )

    def permissions(self, model: str = "") -> Iterator[Permission]:
        """As the protocol says, at the address in use.

        The page (list-model-permissions, 2026-09-28) names workspaces' own hosts; its neighbour's example names the shared one.
        Never POST, which on this path changes grants. AUTHORIZABLE, since AUTHORIZED is narrowed to what may be *called*, which a
        retired base is not. A model that is told of twice is given twice.
        """
        ends = time.monotonic() + self._calls.limits.aside
        named = {"model": model} if model else {}
        return self._listed(
            "/models/permissions",
            "models",
            ("output", "permissions"),
            answers.permission,
            repr,
            page_size=_PERMISSIONS_PAGE,
            ends=ends,
            authorization_scope="AUTHORIZABLE",
            **named,
        )

    def files(self) -> Iterator[RemoteFile]:
        """As the protocol says; a file that is listed twice is given once."""
        return self._listed(
            "/files", "files", ("data", "files"), answers.remote_file, lambda file: file.file_id
        )

    def file(self, file_id: str) -> RemoteFile:
        """As the protocol says."""
        path = f"/files/{_checked(file_id)}"
        return self._calls.read(
            path, "files", lambda body: answers.remote_file(answers.section(body, "data"))
        )

    def jobs(self) -> Iterator[Job]:
        """As the protocol says; a job that is listed twice is given once."""
        return self._listed(
            "/fine-tunes", "finetune", ("output", "jobs"), answers.job_entry, lambda job: job.job_id
        )

    def job(self, job_id: str) -> Job:
        """As the protocol says."""
        # Another job's answer says nothing of this one.
        return self._calls.read(
            f"/fine-tunes/{_checked(job_id)}",
            "finetune",
            lambda body: found if (found := answers.job(body)) and found.job_id == job_id else None,
        )

    def logs(self, job_id: str, offset: int = 0, lines: int = LOG_PAGE) -> LogPage:
        """As the protocol says; ``total`` is never less than what was given."""
        path = f"/fine-tunes/{_checked(job_id)}/logs"
        start, count = max(offset, 0), min(max(lines, 1), LOG_PAGE)
        return self._calls.read(
            path, "finetune", lambda body: answers.log_page(body, start), offset=start, line=count
        )

    def checkpoints(self, job_id: str) -> Sequence[Checkpoint]:
        """As the protocol says (fine-tuning-api-guide, 2026-05-26)."""
        return self._calls.read(
            f"/fine-tunes/{_checked(job_id)}/checkpoints", "finetune", answers.checkpoints
        )

    def delete_file(self, file_id: str) -> None:
        """As the protocol says."""
        self._calls.change("DELETE", f"/files/{_checked(file_id)}", "files")

    def cancel_job(self, job_id: str) -> None:
        """As the protocol says."""
        self._calls.change("POST", f"/fine-tunes/{_checked(job_id)}/cancel", "finetune")

    def create_job(self, request: JobRequest, *, before_sending: Callable[[], None]) -> Job:
        """As the protocol says: ``training_datasets`` only after a 400 that names the field or misses the files."""
        common: dict[str, Any] = {"model": request.model}
        if request.job_name:
            common["job_name"] = request.job_name
        common |= {"training_type": request.training_type, "hyper_parameters": dict(request.hyper_parameters)}
        by_ids: dict[str, Any] = {"training_file_ids": list(request.training_files)}
        by_datasets: dict[str, Any] = {"training_datasets": _datasets(request.training_files)}
        if request.validation_files:
            by_ids["validation_file_ids"] = list(request.validation_files)
            by_datasets["validation_datasets"] = _datasets(request.validation_files)
        try:
            return self._create(common | by_ids, before_sending)
        except Refused as refused:
            first = refused
        if not _wants_datasets(first):
            raise first
        try:
            return self._create(common | by_datasets, before_sending)
        except Refused as refused:
            second = refused
        # Where it is the second field that isn't known, the first answer is the one that says what is wrong.
        raise first if named_parameter(second, ("training_datasets",)) else second

    def _create(self, body: Mapping[str, Any], before_sending: Callable[[], None]) -> Job:
        before_sending()
        exchange = self._calls.changing()
        response = self._calls.send(exchange, Effect.JOB, "POST", "/fine-tunes", module="finetune", json=body)
        return self._calls.result(response, Effect.JOB, answers.job)

    def upload(
        self,
        path: Path,
        *,
        name: str,
        description: str,
        md5: str,
        on_progress: Callable[[int, int], None],
        before_last_byte: Callable[[], None],
    ) -> RemoteFile:
        """As the protocol says. What a callback raises comes out as it is; before the last byte it ends the upload."""
        from wizard.bailian.reading import Reader
        from wizard.bailian.service import RemoteFile
        from wizard.bailian.wire import Exchange

        limits = self._calls.limits
        exchange = Exchange(limits.connect, idle=limits.upload_idle, answer_within=limits.upload_answer)

        def last() -> None:
            before_last_byte()
            exchange.completed()

        def effect() -> Effect:
            # An answer that came before the whole file was out: whatever it is, nothing can have been made.
            return Effect.UPLOAD if exchange.complete else Effect.READ

        def found(body: dict[str, Any]) -> RemoteFile | None:
            file_id = answers.uploaded(body, name)
            if not file_id and (failed := answers.upload_failure(body, name)):
                raise verdict.stated(response.status_code, failed, effect(), self._endpoint)
            known = RemoteFile(
                file_id, name, reader.size, md5.lower(), description=description, purpose="fine-tune"
            )
            return known if file_id and exchange.complete else None

        form = {"purpose": "fine-tune"} | ({"descriptions": description} if description else {})
        with Reader.opened(path, md5=md5, on_progress=on_progress, before_last_byte=last) as reader:
            response = self._calls.send(
                exchange,
                Effect.UPLOAD,
                "POST",
                "/files",
                module="files",
                reader=reader,
                data=form,
                files={"files": (name, reader, "application/jsonl")},
            )
        return self._calls.result(response, effect(), found)

    def _listed(
        self,
        path: str,
        module: str,
        place: tuple[str, str],
        entry: Callable[[Mapping[str, Any]], Found | None],
        identity: Callable[[Found], str],
        *,
        page_size: int = _PAGE_SIZE,
        ends: float | None = None,
        **params: str,
    ) -> Iterator[Found]:
        """The entries of a list, page by page, each once; ``ends``: when, on the monotonic clock, no page is waited for any more."""
        seen: set[str] = set()
        received = 0
        for number in range(1, _PAGES + 1):
            page = self._calls.read(
                path,
                module,
                lambda body: answers.page(body, *place, entry),
                within=None if ends is None else max(ends - time.monotonic(), 0.0),
                page_no=number,
                page_size=page_size,
                **params,
            )
            before = len(seen)
            for found in page.found:
                if identity(found) not in seen:
                    seen.add(identity(found))
                    yield found
            received += page.entries
            # A total that is less than what came is none; where no size is told, only a page without news is the end.
            if page.total is not None and page.total >= received:
                last = received == page.total
            else:
                last = page.size is not None and page.entries < page.size
            if last or len(seen) == before:
                return


def _datasets(file_ids: Sequence[str]) -> list[dict[str, str]]:
    return [{"data_source_type": "file_id", "file_id": file_id} for file_id in file_ids]


def _wants_datasets(refused: Refused) -> bool:
    """Whether a refusal means that the files were looked for in ``training_datasets``.

    A 400 with a code of this family has created nothing, which is what makes a second request right.
    """
    if refused.status != _BAD_REQUEST or not refused.platform_code.lower().startswith("invalidparameter"):
        return False
    if named_parameter(refused, ("training_file_ids", "training_datasets")):
        return True
    return "missing training files" in refused.platform_message.lower()


def _checked(text: str) -> str:
    if not answers.valid_id(text):
        raise Unsendable(*explain.bad_id())
    return text


def named_parameter(error: PlatformError, names: Sequence[str]) -> str | None:
    """The one of ``names`` (wire names of parameters) that the platform's own words mention first, None for none."""
    return answers.mentioned(error.platform_message, names)


def accepting_regions(key: ApiKey, *, besides: str, deadlines: Deadlines | None = None) -> tuple[str, ...]:
    """The other regions whose shared host accepts ``key``: after a 401, what tells a wrong region from a wrong key.

    One cheap read each; a region that can't be reached counts as one that doesn't.
    """
    others = [region for region in endpoints.REGIONS if region.shared_host and region.code != besides]
    return tuple(
        region.code for region in others if _accepts(region.code, key, deadlines or Deadlines(read=5.0))
    )


def _accepts(region_code: str, key: ApiKey, deadlines: Deadlines) -> bool:
    with Bailian(endpoints.endpoint(region_code), key, deadlines=deadlines) as platform:
        try:
            platform.prove_key()
        except Refused as refused:
            # Any other refusal (not activated, in arrears) knows whose key it is.
            return refused.status != _UNAUTHORIZED
        except PlatformError:
            return False
    return True
