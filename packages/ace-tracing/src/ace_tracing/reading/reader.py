"""Reader: the calls of the service behind one read, which share one time limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import orjson

from ace_tracing.delivery.http.client import ResponseTooLargeError, ServiceClient
from ace_tracing.delivery.mlflow.file import DEFAULT_EXPERIMENT_ID
from ace_tracing.errors import NotFoundError
from ace_tracing.reading.decode import decode_artifact, has_artifact
from ace_tracing.reading.deferred import MALFORMED, decode_traces
from ace_tracing.reading.filters import Filter
from ace_tracing.reading.trace import Trace
from kayba_api.api.experiments import get_experiment_by_name
from kayba_api.api.tracing import batch_get_traces, download_trace_artifact, get_trace_info, search_traces
from kayba_api.models import MlflowExperimentLocation, SearchTracesRequest, TraceLocation

if TYPE_CHECKING:
    import httpx

MAX_PAGE_SIZE: Final = 500
"""The service's limit on the traces in one search response."""
BATCH_SIZE: Final = 50
"""Traces read with their spans in one request. Their ids must fit into a URL."""


class Reader:
    """The calls of one read.

    Args:
        service: The client of the service.
        silence_s: The longest time without a byte of a response, in seconds.
    """

    def __init__(self, service: ServiceClient, silence_s: float) -> None:
        self._service = service
        self._silence_s = silence_s

    def get(self, trace_id: str) -> Trace:
        """Return one trace.

        Args:
            trace_id: The trace's full id.

        Raises:
            NotFoundError: The service has no such trace.
            ServiceError: The service cannot be reached, or rejects the request.
        """
        response = self._fetch(get_trace_info, trace_id=trace_id)
        if response.status_code == HTTPStatus.NOT_FOUND:
            raise NotFoundError(f"No trace {trace_id!r} on {self._service.base_url}.")
        with self._well_formed(response):
            info = orjson.loads(response.content)["trace"]["trace_info"]
        traces = self._read([info])
        if not traces:
            raise NotFoundError(f"Trace {trace_id!r} on {self._service.base_url} has no spans yet, or was deleted.")
        return traces[0]

    def search(
        self, experiments: Sequence[str] | None, condition: Filter, max_results: int, order_by: list[str]
    ) -> list[Trace]:
        """Return the traces that match a filter.

        Args:
            experiments: The names of the experiments to search; None for the service's default.
            condition: The filter.
            max_results: The maximum number of traces.
            order_by: The sort keys.

        Raises:
            NotFoundError: The service has no experiment with a given name.
            ServiceError: The service cannot be reached, or rejects the request.
        """
        ids = [DEFAULT_EXPERIMENT_ID] if experiments is None else [self._experiment_id(name) for name in experiments]
        if not ids or max_results < 1:
            return []
        found = list(self._search(ids, condition, max_results, order_by))
        return [
            trace
            for start in range(0, len(found), BATCH_SIZE)
            for trace in self._read(found[start : start + BATCH_SIZE])
        ]

    def _search(
        self, experiment_ids: list[str], condition: Filter, max_results: int, order_by: list[str]
    ) -> Iterator[Mapping[str, Any]]:
        """Yield the infos of the matching traces, page by page."""
        locations = [TraceLocation("MLFLOW_EXPERIMENT", MlflowExperimentLocation(id_)) for id_ in experiment_ids]
        request = SearchTracesRequest(locations=locations, order_by=order_by)
        if text := condition.text:
            request.filter_ = text
        remaining = max_results
        while True:
            request.max_results = min(remaining, MAX_PAGE_SIZE) if condition.is_exact else MAX_PAGE_SIZE
            response = self._fetch(search_traces, body=request)
            with self._well_formed(response):
                page = orjson.loads(response.content)
                infos, token = page.get("traces") or [], page.get("next_page_token")
            found = [info for info in infos if condition.matches(info)][:remaining]
            yield from found
            remaining -= len(found)
            if not token or not infos or not remaining:
                return
            request.page_token = token

    def _read(self, infos: Sequence[Mapping[str, Any]]) -> list[Trace]:
        """Return traces with their spans. A trace that was deleted after the search is missing."""
        traces = {info["trace_id"]: self._read_artifact(info) for info in infos if has_artifact(info)}
        if stored := [info["trace_id"] for info in infos if info["trace_id"] not in traces]:
            traces |= {trace.trace_id: trace for trace in self._read_stored(stored)}
        return [trace for info in infos if (trace := traces.get(info["trace_id"]))]

    def _read_stored(self, trace_ids: list[str]) -> list[Trace]:
        """Return stored traces, in smaller parts if they are too large for one response."""
        try:
            response = self._fetch(batch_get_traces, trace_ids=trace_ids)
        except ResponseTooLargeError:
            middle = len(trace_ids) // 2
            if not middle:
                raise
            return self._read_stored(trace_ids[:middle]) + self._read_stored(trace_ids[middle:])
        with self._well_formed(response):
            return decode_traces(response.content)

    def _read_artifact(self, info: Mapping[str, Any]) -> Trace:
        """Return a trace whose spans are stored as an artifact, a JSON file that older clients upload."""
        experiment_id = info["trace_location"]["mlflow_experiment"]["experiment_id"]
        response = self._fetch(download_trace_artifact, experiment_id=experiment_id, trace_id=info["trace_id"])
        if response.status_code == HTTPStatus.NOT_FOUND:
            return decode_artifact(info, b'{"spans": []}')
        with self._well_formed(response):
            return decode_artifact(info, response.content)

    def _experiment_id(self, name: str) -> str:
        known = self._service.experiment_ids
        if name not in known:
            response = self._fetch(get_experiment_by_name, experiment_name=name)
            if response.status_code == HTTPStatus.NOT_FOUND:
                raise NotFoundError(f"No experiment {name!r} on {self._service.base_url}.")
            with self._well_formed(response):
                known[name] = str(orjson.loads(response.content)["experiment"]["experiment_id"])
        return known[name]

    def _fetch(self, operation: Any, **arguments: Any) -> httpx.Response:
        return self._service.fetch(operation, self._silence_s, **arguments)

    @contextmanager
    def _well_formed(self, response: httpx.Response) -> Iterator[None]:
        """Raise a `ServiceError` for a response with an error status, and for one that the block cannot decode."""
        if response.status_code != HTTPStatus.OK:
            raise self._service.refusal(response.status_code, _message(response.content))
        try:
            yield
        except MALFORMED as error:
            raise self._service.refusal(response.status_code, response.content) from error


def _message(body: bytes) -> str | bytes:
    """Return the message in the body of an error; the body itself when it has none."""
    try:
        message = orjson.loads(body)["message"]
    except MALFORMED:
        return body
    return message if isinstance(message, str) and message else body
