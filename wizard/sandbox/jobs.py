"""The API for fine-tune jobs (``/api/v1/fine-tunes``).

Behaviour: create-fine-tuning-job-api, get-fine-tuning-job-api and list-checkpoints-api of autumn 2026. Where documents contradict each other or are silent, this is what the sandbox does: a job under way can't be deleted,
one that has ended can (not with ``--keep-finished-jobs``: both are documented); the words of these refusals for states
other than the documented ones are its own.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.routing import Route

from wizard.sandbox import logs
from wizard.sandbox.catalog import bases
from wizard.sandbox.models import denied
from wizard.sandbox.shapes import checkpoint_shape, job_shape
from wizard.sandbox.store import Export, Store
from wizard.sandbox.survey import Survey, survey
from wizard.sandbox.training import (
    CANCELABLE,
    UNFINISHED,
    Course,
    Job,
    checkpoints,
    courses,
    job_from,
    tuned_models,
)
from wizard.sandbox.validation import Wish, wish
from wizard.sandbox.wire import (
    BEIJING,
    NOT_FOUND,
    Refusal,
    answer,
    endpoint,
    invalid,
    json_object,
    number,
    page,
    request_id,
    workspace,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from wizard.sandbox.options import Options

_PATH = "/api/v1/fine-tunes"
_JOB = _PATH + "/{job_id}"
_LOOK_AGAIN = 0.1  # seconds between two looks at a log that is streamed


class Jobs:
    """The endpoints, over one store. ``ending`` says whether the server is about to stop."""

    def __init__(self, store: Store, options: Options, ending: Callable[[], bool]) -> None:
        self._store = store
        self._options = options
        self._ending = ending

    def routes(self) -> list[Route]:
        """Where each endpoint answers."""
        return [
            Route(_PATH, endpoint(self.create), methods=["POST"]),
            Route(_PATH, endpoint(self.list), methods=["GET"]),
            Route(_JOB, endpoint(self.get), methods=["GET"]),
            Route(_JOB, endpoint(self.delete), methods=["DELETE"]),
            Route(_JOB + "/cancel", endpoint(self.cancel), methods=["POST"]),
            Route(_JOB + "/logs", endpoint(self.logs), methods=["GET"]),
            Route(_JOB + "/stream", endpoint(self.stream), methods=["GET"]),
            Route(_JOB + "/checkpoints", endpoint(self.checkpoints), methods=["GET"]),
            Route(_JOB + "/export/{checkpoint}", endpoint(self.export), methods=["GET"]),
        ]

    async def create(self, request: Request) -> Response:
        """A new job."""
        body = await json_object(request)
        wished, base, found = await run_in_threadpool(self._examine, body)
        if (lacking := denied(request)) and base in lacking:
            # Modelled on the refusal of a deployment, "does not have deployment privilege"; this one is nowhere shown.
            message = f"Workspace {workspace(request)} does not have fine-tune privilege for model {base}"
            raise Refusal(403, "AccessDenied", message)
        await asyncio.sleep(self._options.commit_delay)
        job = await run_in_threadpool(self._commit, wished, found, workspace(request))
        return answer(request, {"output": self._shape(courses([job])[job.job_id], job.created)})

    async def list(self, request: Request) -> Response:
        """``page_no``, ``page_size``, ``model``, ``status``; newest first."""
        page_no, page_size = page(request, most=1000)
        model, status = request.query_params.get("model"), request.query_params.get("status")
        now = time.time()
        known = [
            course
            for course in (await run_in_threadpool(self._courses)).values()
            if course.job.deleted is None
        ]
        jobs = [
            course
            for course in reversed(known)
            if (not model or course.job.model == model) and (not status or course.status(now) == status)
        ]
        shown = [self._shape(course, now) for course in jobs[(page_no - 1) * page_size : page_no * page_size]]
        return answer(
            request,
            {"output": {"page_no": page_no, "page_size": page_size, "total": len(jobs), "jobs": shown}},
        )

    async def get(self, request: Request) -> Response:
        """One job."""
        course = await run_in_threadpool(self._find, request)
        return answer(request, {"output": self._shape(course, time.time())})

    async def delete(self, request: Request) -> Response:
        """Forget a job that has ended."""
        await run_in_threadpool(self._delete, request)
        return answer(request, {"output": {"status": "success"}})

    async def cancel(self, request: Request) -> Response:
        """Stop a job that has not ended: CANCELING, and CANCELED shortly after."""
        await run_in_threadpool(self._cancel, request)
        return answer(request, {"output": {"status": "success"}})

    async def logs(self, request: Request) -> Response:
        """``offset`` (lines to skip, from 0), ``line`` (how many, default 100, at most 1000).

        The vendor's command asks by ``page_no`` and ``page_size`` instead, which no document has.
        """
        page_no, page_size = page(request, 100, 1000)
        offset = number(request, "offset", (page_no - 1) * page_size, 0, 999_999_999)
        count = number(request, "line", page_size, 1, 1000)
        course = await run_in_threadpool(self._find, request)
        written = logs.lines(course, time.time())
        return answer(request, {"output": {"total": len(written), "logs": written[offset : offset + count]}})

    async def stream(self, request: Request) -> Response:
        """The log as server-sent events, one line each, until the job has ended."""
        await run_in_threadpool(self._find, request)

        async def events() -> AsyncIterator[str]:
            sent = 0
            while not self._ending():
                now = time.time()
                try:
                    course = await run_in_threadpool(self._find, request)
                except Refusal:
                    return  # deleted meanwhile
                written = logs.lines(course, now)
                for line in written[sent:]:
                    yield f"data:{line}\n\n"
                sent = len(written)
                if course.status(now) not in UNFINISHED:
                    return
                await asyncio.sleep(_LOOK_AGAIN)

        headers = {"x-request-id": request_id(request), "cache-control": "no-cache"}
        return StreamingResponse(events(), media_type="text/event-stream", headers=headers)

    async def checkpoints(self, request: Request) -> Response:
        """The job's saved states, newest first."""
        course = await run_in_threadpool(self._find, request)
        exports = await run_in_threadpool(self._store.exports)
        shown = [
            checkpoint_shape(course.job.job_id, checkpoint)
            for checkpoint in checkpoints(course, exports, time.time())
        ]
        return answer(request, {"output": shown})

    async def export(self, request: Request) -> Response:
        """Publish a checkpoint, to be shown as ``model_name`` (a GET with an effect, as on the platform)."""
        display_name = request.query_params.get("model_name")
        if not display_name:
            raise invalid("Missing model_name")
        await run_in_threadpool(self._export, request, display_name)
        return answer(request, {"output": True})

    def _shape(self, course: Course, now: float) -> dict[str, Any]:
        return job_shape(course, now, self._options.settings)

    # -- over the store, off the event loop

    def _courses(self) -> dict[str, Course]:
        return courses(job_from(stored) for stored in self._store.jobs())

    def _find(self, request: Request) -> Course:
        course = self._courses().get(request.path_params["job_id"])
        if course is None or course.job.deleted is not None:
            raise Refusal(*NOT_FOUND)
        return course

    def _tuned(self) -> dict[str, str]:
        return tuned_models(self._courses(), self._store.exports(), time.time())

    def _examine(self, body: dict[str, Any]) -> tuple[Wish, str, Survey]:
        """What is asked for, the base model, and what data processing will find in the files; raises Refusal."""
        tuned = self._tuned()
        wished = wish(body, {*bases(), *tuned}, self._options.refuse_fields)
        named: dict[str, str] = {}
        mounted = ""
        for dataset in (*wished.training, *wished.validation):
            if dataset["data_source_type"] == "oss_mount":
                mounted = mounted or "oss://{bucket}/{file_path}".format(**dataset["mount_storage"])
                continue
            file = self._store.file(dataset["file_id"])
            if file is None:
                raise invalid(f"File not found. file_id: {dataset['file_id']:.100}")
            named[file.file_id] = file.name
        base = tuned.get(wished.model, wished.model)
        if base not in bases() or wished.training_type not in bases()[base].training_types:
            # "如果调优的模型不支持 sft 方法，调优任务将会失败" (fine-tuning-api-guide 2026-05-26): it fails, it is not refused.
            failure = f"model {wished.model} does not support training_type {wished.training_type}"
            return wished, base, Survey(failure=failure)
        if mounted:
            failure = f"data download failed, {mounted}: the sandbox reaches no OSS"
            return wished, base, Survey(failure=failure)
        training, validation = (
            [(named[each["file_id"]], self._store.path(each["file_id"])) for each in datasets]
            for datasets in (wished.training, wished.validation)
        )
        return wished, base, survey(training, validation, wished.training_type, wished.hyper_parameters)

    def _commit(self, wished: Wish, found: Survey, workspace_id: str) -> Job:
        """Record the job if the account has room for it; raises Refusal."""
        options = self._options
        with self._store.lock:
            now = time.time()
            known = self._courses()
            self._check_room(known, now)
            if options.unique_model_names and wished.model_name:
                names = {course.job.model_name for course in known.values() if course.job.deleted is None}
                if wished.model_name in names:
                    message = f"Model instance {wished.model_name} already exists, please specify a suffix"
                    raise Refusal(409, "Conflict", message)
            minute = f"{datetime.fromtimestamp(now, BEIJING):%Y%m%d%H%M}"
            while (job_id := f"ft-{minute}-{secrets.token_hex(2)}") in known:
                pass
            job = Job(
                job_id=job_id,
                created=now,
                canceled=None,
                deleted=None,
                speed=options.speed,
                model=wished.model,
                base_model=self._tuned().get(wished.model, wished.model),
                training_type=wished.training_type,
                hyper_parameters=wished.hyper_parameters,
                training_datasets=wished.training,
                validation_datasets=wished.validation,
                job_name="" if options.forget_job_names else wished.job_name,
                model_name=wished.model_name,
                suffix=wished.suffix,
                workspace_id=workspace_id,
                survey=found,
            )
            self._store.add_job(job.stored())
        return job

    def _check_room(self, known: dict[str, Course], now: float) -> None:
        options = self._options
        states = [course.status(now) for course in known.values() if course.job.deleted is None]
        under_way = sum(status in UNFINISHED for status in states)
        if under_way >= options.max_unfinished_jobs:
            raise Refusal(429, "Throttling", "Too many fine-tune job in running, please retry later.")
        if under_way + states.count("SUCCEEDED") >= options.max_jobs:
            message = f"Only {options.max_jobs} fine-tune job in running or succeeded allowed per user."
            raise Refusal(429, "Throttling", message)

    def _cancel(self, request: Request) -> None:
        with self._store.lock:
            course = self._find(request)
            now = time.time()
            if course.status(now) not in CANCELABLE:
                message = "The fine-tune job can not be canceled because it is succeeded or failed"
                raise Refusal(400, "UnsupportedOperation", message)
            self._store.cancel_job(course.job.job_id, now)

    def _delete(self, request: Request) -> None:
        with self._store.lock:
            course = self._find(request)
            now = time.time()
            finished = course.status(now) not in UNFINISHED
            if finished and self._options.keep_finished_jobs:
                message = "The fine-tune job can not be deleted because it is succeeded,failed or canceled"
                raise Refusal(400, "UnsupportedOperation", message)
            if not finished:
                message = (
                    "The fine-tune job can not be deleted because it is pending,queuing,running or canceling"
                )
                raise Refusal(400, "UnsupportedOperation", message)
            self._store.delete_job(course.job.job_id, now)

    def _export(self, request: Request, display_name: str) -> None:
        with self._store.lock:
            course = self._find(request)
            now = time.time()
            exports = self._store.exports()
            name = request.path_params["checkpoint"]
            if all(checkpoint.name != name for checkpoint in checkpoints(course, exports, now)):
                raise Refusal(*NOT_FOUND)
            exported = any(
                export.job_id == course.job.job_id and export.checkpoint == name for export in exports
            )
            names = {known.job.model_name for known in self._courses().values() if known.job.deleted is None}
            if exported or display_name in {*names, *(export.display_name for export in exports)}:
                message = f"Model instance {display_name} already exists, please specify a suffix"
                raise Refusal(409, "Conflict", message)
            self._store.add_export(Export(course.job.job_id, name, display_name, now))
