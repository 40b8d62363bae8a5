"""Right usage of the REST client, with the types that users rely on. Checked, never run."""
# pyright: strict

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, assert_type

import httpx

from kayba_api import (
    UNSET,
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AsyncKayba,
    AsyncPage,
    AsyncPages,
    AuthenticationError,
    BadRequestError,
    Client,
    ConflictError,
    EncodedBody,
    InternalServerError,
    JobFailedError,
    Kayba,
    KaybaError,
    NotFoundError,
    Page,
    PayloadTooLargeError,
    PermissionDeniedError,
    RateLimitError,
    RawResponse,
    Response,
    ResponseTooLarge,
    ResponseTooSlow,
    UnexpectedStatus,
    UnprocessableEntityError,
    Unset,
    WaitTimeoutError,
)
from kayba_api.api.traces import list_trace_files
from kayba_api.models import (
    ApiError,
    Experiment,
    ExportTraceServiceResponse,
    IntegrationConfig,
    Integrations,
    Job,
    NewTraceFile,
    StartedJob,
    TraceFile,
    TraceFileList,
    TraceFileWithContent,
    TraceInfo,
    UploadTraceFilesResult,
)


def settings() -> None:
    Kayba()
    Kayba("kb-key", "http://127.0.0.1:4180", timeout=2.5, max_retries=0, headers={"X-Team": "a"})
    with Kayba(api_key=None, base_url=None, timeout=httpx.Timeout(2), httpx_args={"verify": False}) as client:
        assert_type(client, Kayba)
        assert_type(client.base_url, str)
        assert_type(client.client, Client)


def calls(client: Kayba) -> None:
    file = NewTraceFile(filename="a.md", content="text", file_type="md")
    assert_type(client.traces.upload(traces=[file]), UploadTraceFilesResult)
    client.traces.upload(traces=(each for each in [file]), on_progress=lambda sent, total: print(sent / total))
    assert_type(client.traces.get("a"), TraceFileWithContent)
    client.traces.get(id="a", timeout=1, max_retries=0, extra_headers={"X-Team": "a"})
    started = client.insights.generate(trace_ids=["a"], model="claude-sonnet-4-6", reflector_mode="standard")
    assert_type(started, StartedJob)
    assert_type(client.jobs.wait(started.job_id, timeout=None), Job)
    client.insights.update("a", status="accepted")
    stored = client.integrations.update("mlflow", enabled=True, auth_type="bearer", token=None, username=UNSET)
    assert_type(stored, IntegrationConfig)
    assert_type(stored.token, str | None | Unset)
    assert_type(client.integrations.list(), Integrations)
    assert_type(client.tracing.get_version(), str)
    body = EncodedBody(b"", "application/x-protobuf")
    assert_type(client.tracing.export(body=body, experiment_id="0"), ExportTraceServiceResponse)


def lists(client: Kayba) -> Iterator[str]:
    files = client.traces.list()
    assert_type(files, Page[TraceFile])
    assert_type(files.items, list[TraceFile])
    assert_type(files.next_page_token, str | None)
    for file in files:
        assert_type(file, TraceFile)
        yield file.filename
    for info in client.tracing.search(experiment_ids=["0"], filter="name = 'a'", max_results=10):
        assert_type(info, TraceInfo)
    for page in client.experiments.search(view_type="ALL").pages():
        assert_type(page.next_page(), Page[Experiment])


def raw_responses(client: Kayba) -> None:
    raw = client.traces.with_raw_response.get("a", max_retries=1)
    assert_type(raw, RawResponse[TraceFileWithContent])
    assert_type(raw.parsed, TraceFileWithContent)
    assert_type(raw.status_code, int)
    assert_type(raw.headers, httpx.Headers)
    assert_type(raw.request_id, str | None)
    assert_type(client.traces.with_raw_response.list(), RawResponse[Page[TraceFile]])


def errors(client: Kayba) -> None:
    try:
        client.jobs.wait("a")
    except JobFailedError as failed:
        print(failed.job)
    except WaitTimeoutError as late:
        print(late.job)
    except RateLimitError as limited:
        assert_type(limited.retry_after, float | None)
    except (BadRequestError, AuthenticationError, PermissionDeniedError, NotFoundError, ConflictError) as rejected:
        assert_type(rejected.status, int | None)
    except (PayloadTooLargeError, UnprocessableEntityError, InternalServerError, APIStatusError) as rejected:
        assert_type(rejected.code, str | None)
    except (APITimeoutError, APIConnectionError, APIResponseValidationError) as broken:
        assert_type(broken.request_id, str | None)
    except KaybaError as error:
        assert_type(error.message, str)
        assert_type(error.body, Any)


async def calls_in_an_event_loop() -> AsyncIterator[str]:
    async with AsyncKayba("kb-key") as client:
        assert_type(client, AsyncKayba)
        assert_type(await client.traces.get("a"), TraceFileWithContent)
        assert_type(await client.jobs.wait("a", timeout=60), Job)
        files = client.traces.list()
        assert_type(files, AsyncPages[TraceFile])
        async for file in files:
            yield file.filename
        page = await client.tracing.search()
        assert_type(page, AsyncPage[TraceInfo])
        assert_type(await page.next_page(), AsyncPage[TraceInfo])
        raw = await client.traces.with_raw_response.get("a")
        assert_type(raw, RawResponse[TraceFileWithContent])
        assert_type(await client.tracing.with_raw_response.search(), RawResponse[AsyncPage[TraceInfo]])


def low_level_functions(client: Kayba) -> None:
    try:
        response = list_trace_files.sync_detailed(client=client.client)
    except (ResponseTooLarge, ResponseTooSlow) as too_much:
        assert_type(str(too_much.request.url), str)
    except UnexpectedStatus as unexpected:
        print(unexpected.status_code)
    else:
        assert_type(response, Response[TraceFileList | ApiError])
