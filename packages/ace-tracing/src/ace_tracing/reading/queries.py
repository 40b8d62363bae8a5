"""Queries for traces on the service: `get_trace`, `search_traces` and their asynchronous versions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from ace_tracing import runtime
from ace_tracing.delivery.http.client import ServiceClient
from ace_tracing.delivery.mlflow.file import DEFAULT_EXPERIMENT_ID
from ace_tracing.errors import NotFoundError
from ace_tracing.reading.trace import Trace

if TYPE_CHECKING:
    from kayba_api import models

MAX_PAGE_SIZE: Final = 500
"""The service's limit on the traces in one search response."""
BATCH_SIZE: Final = 50
"""Traces read with their spans in one request. Their ids must fit into a URL."""

_TRACE_ID: Final = re.compile(r"(tr-)?([0-9a-f]{32})")


def get_trace(trace_id: str) -> Trace:
    """Read one trace. Finished traces of this process are sent first.

    Args:
        trace_id: The trace's id, such as `span.trace_id`: 32 hex digits, with or without the prefix `tr-`.

    Raises:
        NotFoundError: The service has no such trace.
        ServiceError: The service cannot be reached, or rejects the request.
        ConfigurationError: `configure` was not called.
    """
    service = runtime.service()
    full_id = normalize_trace_id(trace_id)
    runtime.flush()
    from kayba_api.api.tracing import get_trace_info as operation
    from kayba_api.models import TraceInfoAnswer

    response = service.call(operation.sync_detailed, trace_id=full_id)
    if response.status_code == HTTPStatus.NOT_FOUND:
        raise NotFoundError(f"No trace {trace_id!r} on {service.base_url}.")
    info = service.expect(response, TraceInfoAnswer).trace.trace_info
    traces = _read_traces(service, [info])
    if not traces:
        raise NotFoundError(f"Trace {trace_id!r} on {service.base_url} was deleted during the request.")
    return traces[0]


def search_traces(
    experiment_names: Sequence[str] | None = None,
    filter_string: str | None = None,
    max_results: int = 100,
    order_by: Sequence[str] | None = None,
) -> list[Trace]:
    """Find traces and read them with their spans. Finished traces of this process are sent first.

    Args:
        experiment_names: The experiments to search. The default is the experiment of `configure`, or `Default`.
        filter_string: Conditions joined with `AND`, such as "tags.`kayba.folder` = 'production' AND
            status = 'ERROR'". A condition tests a tag, `status`, `name`, `timestamp_ms` or a similar field. All traces
            match by default.
        max_results: The maximum number of traces, across the service's pages.
        order_by: The sort keys, such as `["timestamp_ms DESC"]`; newest first by default.

    Raises:
        NotFoundError: The service has no experiment with a given name.
        ServiceError: The service cannot be reached, or rejects the request, for example for an invalid filter.
        ConfigurationError: `configure` was not called.
    """
    service = runtime.service()
    runtime.flush()
    if experiment_names is None:
        default = runtime.default_experiment()
        experiment_names = [] if default is None else [default]
        ids = [_experiment_id(service, name) for name in experiment_names] or [DEFAULT_EXPERIMENT_ID]
    else:
        ids = [_experiment_id(service, name) for name in experiment_names]
    if not ids or max_results < 1:
        return []
    found = list(_search(service, ids, filter_string, max_results, order_by))
    return [
        trace
        for start in range(0, len(found), BATCH_SIZE)
        for trace in _read_traces(service, found[start : start + BATCH_SIZE])
    ]


async def aget_trace(trace_id: str) -> Trace:
    """Read one trace like `get_trace`, without blocking the event loop.

    The request runs in a thread, which also waits for the finished traces to be sent. All calls share one set of
    connections, also across event loops. When the task is cancelled, the thread still finishes its request.

    Args:
        trace_id: The trace's id: 32 hex digits, with or without the prefix `tr-`.

    Raises:
        NotFoundError: The service has no such trace.
        ServiceError: The service cannot be reached, or rejects the request.
        ConfigurationError: `configure` was not called.
    """
    import asyncio

    return await asyncio.to_thread(get_trace, trace_id)


async def asearch_traces(
    experiment_names: Sequence[str] | None = None,
    filter_string: str | None = None,
    max_results: int = 100,
    order_by: Sequence[str] | None = None,
) -> list[Trace]:
    """Find traces like `search_traces`, without blocking the event loop. Runs in a thread, like `aget_trace`.

    Args:
        experiment_names: The experiments to search. The default is the experiment of `configure`, or `Default`.
        filter_string: Conditions joined with `AND`, in the form of `search_traces`. All traces match by default.
        max_results: The maximum number of traces, across the service's pages.
        order_by: The sort keys, such as `["timestamp_ms DESC"]`; newest first by default.

    Raises:
        NotFoundError: The service has no experiment with a given name.
        ServiceError: The service cannot be reached, or rejects the request, for example for an invalid filter.
        ConfigurationError: `configure` was not called.
    """
    import asyncio

    return await asyncio.to_thread(search_traces, experiment_names, filter_string, max_results, order_by)


def normalize_trace_id(trace_id: str) -> str:
    """Return a trace id with its prefix.

    Raises:
        NotFoundError: `trace_id` does not have the form of a trace id.
    """
    match = _TRACE_ID.fullmatch(trace_id)
    if match is None:
        raise NotFoundError(f"No trace {trace_id!r}: a trace id is `tr-` and 32 hex digits.")
    return f"tr-{match[2]}"


def _search(
    service: ServiceClient, ids: list[str], filter_string: str | None, max_results: int, order_by: Sequence[str] | None
) -> Iterator[models.TraceInfo]:
    """Yield the matching traces without their spans, page by page."""
    from kayba_api.api.tracing import search_traces as operation
    from kayba_api.models import MlflowExperimentLocation, SearchTracesRequest, TraceLocation, TracePage

    request = SearchTracesRequest(
        locations=[
            TraceLocation("MLFLOW_EXPERIMENT", MlflowExperimentLocation(experiment_id)) for experiment_id in ids
        ],
        order_by=list(order_by or ("timestamp_ms DESC",)),
    )
    if filter_string:
        request.filter_ = filter_string
    remaining = max_results
    while remaining > 0:
        request.max_results = min(remaining, MAX_PAGE_SIZE)
        page = service.expect(service.call(operation.sync_detailed, body=request), TracePage)
        found = page.traces or []
        yield from found[:remaining]
        remaining -= len(found)
        if not page.next_page_token or not found:
            return
        request.page_token = page.next_page_token


def _read_traces(service: ServiceClient, infos: list[models.TraceInfo]) -> list[Trace]:
    """Read traces with their spans. A trace that was deleted after the search is missing."""
    from ace_tracing.reading.decode import decode_trace, has_artifact
    from kayba_api.api.tracing import batch_get_traces as operation
    from kayba_api.models import TraceBatch

    traces = {info.trace_id: _read_artifact(service, info) for info in infos if has_artifact(info)}
    if stored := [info.trace_id for info in infos if info.trace_id not in traces]:
        response = service.expect(service.call(operation.sync_detailed, trace_ids=stored), TraceBatch)
        traces |= {trace.trace_id: trace for trace in map(decode_trace, response.traces or ())}
    return [trace for info in infos if (trace := traces.get(info.trace_id))]


def _read_artifact(service: ServiceClient, info: models.TraceInfo) -> Trace | None:
    """Read a trace whose spans are stored as an artifact, a JSON file that older clients upload."""
    from ace_tracing.reading.decode import decode_artifact
    from kayba_api.api.tracing import download_trace_artifact as operation
    from kayba_api.models import TraceArtifact

    location = info.trace_location.mlflow_experiment
    response = service.call(operation.sync_detailed, experiment_id=location.experiment_id, trace_id=info.trace_id)
    if response.status_code == HTTPStatus.NOT_FOUND:
        return decode_artifact(info, b'{"spans": []}')
    service.expect(response, TraceArtifact)
    return decode_artifact(info, response.content)


def _experiment_id(service: ServiceClient, name: str) -> str:
    from kayba_api.api.experiments import get_experiment_by_name as operation
    from kayba_api.models import ExperimentAnswer

    if name not in service.experiment_ids:
        response = service.call(operation.sync_detailed, experiment_name=name)
        if response.status_code == HTTPStatus.NOT_FOUND:
            raise NotFoundError(f"No experiment {name!r} on {service.base_url}.")
        service.experiment_ids[name] = service.expect(response, ExperimentAnswer).experiment.experiment_id
    return service.experiment_ids[name]
