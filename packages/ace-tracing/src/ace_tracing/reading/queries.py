"""`get_trace`, `search_traces` and their asynchronous twins: traces as the service has them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

from ace_tracing import runtime
from ace_tracing.delivery.http.client import DEFAULT_EXPERIMENT_ID, ServiceClient
from ace_tracing.errors import NotFoundError
from ace_tracing.reading.trace import Trace

if TYPE_CHECKING:
    from kayba_api import models

PAGE = 500
"""The most traces that a service lists in one answer."""
BATCH = 50
"""Traces read with their spans in one request: their ids must fit into a URL."""

_TRACE_ID = re.compile(r"(tr-)?([0-9a-f]{32})")


def get_trace(trace_id: str) -> Trace:
    """Read one trace. What this process has finished and not sent yet is sent first.

    Args:
        trace_id: `tr-` and 32 hex digits, as `span.trace_id` gives it; the prefix may be left out.

    Raises:
        NotFoundError: the service has no such trace.
        ServiceError: the service cannot be reached, or refuses.
        ConfigurationError: `configure` was not called.
    """
    service = runtime.service()
    wanted = full_trace_id(trace_id)
    runtime.flush()
    from kayba_api.api.tracing import get_trace_info as operation
    from kayba_api.models import TraceInfoAnswer

    response = service.call(operation.sync_detailed, trace_id=wanted)
    if response.status_code == HTTPStatus.NOT_FOUND:
        raise NotFoundError(f"No trace {trace_id!r} on {service.base_url}.")
    info = service.expect(response, TraceInfoAnswer).trace.trace_info
    traces = _with_spans(service, [info])
    if not traces:
        raise NotFoundError(f"The trace {trace_id!r} on {service.base_url} was deleted just now.")
    return traces[0]


def search_traces(
    experiment_names: Sequence[str] | None = None,
    filter_string: str | None = None,
    max_results: int = 100,
    order_by: Sequence[str] | None = None,
) -> list[Trace]:
    """Find traces, with their spans. What this process has finished and not sent yet is sent first.

    Args:
        experiment_names: where to look; the experiment given to `configure`, or else `Default`, by default.
        filter_string: conditions joined with `AND`, as "tags.`kayba.folder` = 'production' AND status = 'ERROR'"; on
            tags, `status`, `name`, `timestamp_ms` and the like. Everything by default.
        max_results: how many traces at most, across the service's pages.
        order_by: what to sort by, as `["timestamp_ms DESC"]`; newest first by default.

    Raises:
        NotFoundError: there is no experiment of a name given.
        ServiceError: the service cannot be reached, or refuses, as it does a filter it cannot read.
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
        trace for start in range(0, len(found), BATCH) for trace in _with_spans(service, found[start : start + BATCH])
    ]


async def aget_trace(trace_id: str) -> Trace:
    """`get_trace` for asynchronous code: the event loop runs on meanwhile.

    It runs in a thread: what is not sent yet is waited for in one in any case, and so connections are shared with all
    other calls, whichever event loops they come from. When the task is cancelled the thread finishes its request.

    Args:
        trace_id: as `get_trace` takes it.

    Raises:
        NotFoundError: the service has no such trace.
        ServiceError: the service cannot be reached, or refuses.
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
    """`search_traces` for asynchronous code: the event loop runs on meanwhile, as with `aget_trace`.

    Args:
        experiment_names: where to look; the experiment given to `configure`, or else `Default`, by default.
        filter_string: conditions joined with `AND`, as `search_traces` takes them. Everything by default.
        max_results: how many traces at most, across the service's pages.
        order_by: what to sort by, as `["timestamp_ms DESC"]`; newest first by default.

    Raises:
        NotFoundError: there is no experiment of a name given.
        ServiceError: the service cannot be reached, or refuses, as it does a filter it cannot read.
        ConfigurationError: `configure` was not called.
    """
    import asyncio

    return await asyncio.to_thread(search_traces, experiment_names, filter_string, max_results, order_by)


def full_trace_id(trace_id: str) -> str:
    """The id with its prefix.

    Raises:
        NotFoundError: it is not an id that a trace could have.
    """
    match = _TRACE_ID.fullmatch(trace_id)
    if match is None:
        raise NotFoundError(f"No trace {trace_id!r}: a trace id is `tr-` and 32 hex digits.")
    return f"tr-{match[2]}"


def _search(
    service: ServiceClient, ids: list[str], filter_string: str | None, max_results: int, order_by: Sequence[str] | None
) -> Iterator[models.TraceInfo]:
    """The traces found, without their spans, page after page."""
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
    left = max_results
    while left > 0:
        request.max_results = min(left, PAGE)
        page = service.expect(service.call(operation.sync_detailed, body=request), TracePage)
        found = page.traces or []
        yield from found[:left]
        left -= len(found)
        if not page.next_page_token or not found:
            return
        request.page_token = page.next_page_token


def _with_spans(service: ServiceClient, infos: list[models.TraceInfo]) -> list[Trace]:
    """Read the spans of traces; one that was deleted in between is left out."""
    from ace_tracing.reading.decode import keeps_spans_as_file, trace_of
    from kayba_api.api.tracing import batch_get_traces as operation
    from kayba_api.models import TraceBatch

    traces = {info.trace_id: _from_file(service, info) for info in infos if keeps_spans_as_file(info)}
    if stored := [info.trace_id for info in infos if info.trace_id not in traces]:
        answer = service.expect(service.call(operation.sync_detailed, trace_ids=stored), TraceBatch)
        traces |= {trace.trace_id: trace for trace in map(trace_of, answer.traces or ())}
    return [trace for info in infos if (trace := traces.get(info.trace_id))]


def _from_file(service: ServiceClient, info: models.TraceInfo) -> Trace | None:
    """Read a trace whose spans the service keeps as a file, as older clients upload them."""
    from ace_tracing.reading.decode import trace_of_artifact
    from kayba_api.api.tracing import download_trace_artifact as operation
    from kayba_api.models import TraceArtifact

    location = info.trace_location.mlflow_experiment
    response = service.call(operation.sync_detailed, experiment_id=location.experiment_id, trace_id=info.trace_id)
    if response.status_code == HTTPStatus.NOT_FOUND:
        return trace_of_artifact(info, b'{"spans": []}')
    service.expect(response, TraceArtifact)
    return trace_of_artifact(info, response.content)


def _experiment_id(service: ServiceClient, name: str) -> str:
    from kayba_api.api.experiments import get_experiment_by_name as operation
    from kayba_api.models import ExperimentAnswer

    if name not in service.experiment_ids:
        response = service.call(operation.sync_detailed, experiment_name=name)
        if response.status_code == HTTPStatus.NOT_FOUND:
            raise NotFoundError(f"No experiment {name!r} on {service.base_url}.")
        service.experiment_ids[name] = service.expect(response, ExperimentAnswer).experiment.experiment_id
    return service.experiment_ids[name]
