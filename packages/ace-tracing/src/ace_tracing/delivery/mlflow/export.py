"""MLflow artifact export: traces sent to a server without OTLP, one by one, each as trace info and a span file.

The file holds all spans of a trace and cannot be appended to. So the spans on the server are downloaded, merged with
the new ones and uploaded again, each span once. Repeating a request therefore changes nothing, and a span may arrive
after its trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from ace_tracing.delivery.http.client import ServiceClient
from ace_tracing.delivery.http.deadline import seconds_left
from ace_tracing.delivery.http.responses import classify, is_html, is_resource_missing
from ace_tracing.delivery.http.results import Delivered, ExportResult, Rejected, Retryable
from ace_tracing.delivery.mlflow.file import TRACE_ID_PREFIX, Json, dump, encode_spans, load, merge_spans
from ace_tracing.delivery.mlflow.info import IN_PROGRESS, encode_info
from ace_tracing.recording.records import TraceRecord
from kayba_api.api.tracing import (
    create_trace_info,
    delete_traces,
    download_trace_artifact,
    get_trace_info,
    set_trace_tag,
    upload_trace_artifact,
)
from kayba_api.models import CreateTraceInfoRequest, DeleteTracesRequest, SetTraceTagRequest, TraceInfoAnswer
from kayba_api.types import EncodedBody, Response

MIN_TRACE_S: Final = 12.0
"""With less time left in an attempt, no further trace is started: a trace takes a few requests."""

CANNOT_REPLACE: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT, HTTPStatus.INTERNAL_SERVER_ERROR})
"""Statuses of a store that has a trace's info and does not replace it. MLflow's file store fails with 500."""

SERVER_TAG: Final = "mlflow.artifactLocation"
"""A tag that the server sets itself, last: an info without it is incomplete."""


class ArtifactExporter:
    """Sends traces one by one. After a failure it continues a batch at the first trace that is not settled.

    Args:
        service: The client of the server.
    """

    def __init__(self, service: ServiceClient) -> None:
        self._service = service
        self._settled: dict[str, tuple[list[TraceRecord], Rejected | None]] = {}

    def send(self, traces: Sequence[TraceRecord], experiment_id: str) -> ExportResult | None:
        """Try once to store traces. Return None if the experiment is missing.

        A `Delivered` result counts the spans of single rejected traces. The other traces are stored.

        Args:
            traces: The traces. Several records may belong to one trace.
            experiment_id: The id of their experiment.

        Raises:
            httpx.HTTPError: No complete response arrived.
        """
        by_id: dict[str, list[TraceRecord]] = {}
        for trace in traces:
            by_id.setdefault(trace.trace_id, []).append(trace)
        self._settled = {
            trace_id: settled for trace_id, settled in self._settled.items() if settled[0] == by_id.get(trace_id)
        }
        settled_any = False
        for trace_id, records in by_id.items():
            if trace_id in self._settled:
                continue
            if settled_any and (seconds_left() or 0.0) < MIN_TRACE_S:
                return Retryable(f"{len(self._settled)} of {len(by_id)} traces stored one by one so far", 0.0)
            result = _TraceExport(self._service, trace_id, experiment_id).store(records)
            if not isinstance(result, Delivered | Rejected):
                return result
            self._service.pause_otlp()
            settled_any = True
            self._settled[trace_id] = records, result if isinstance(result, Rejected) else None
        settled, self._settled = self._settled, {}
        return _combine(list(settled.values()))


def _combine(settled: list[tuple[list[TraceRecord], Rejected | None]]) -> ExportResult:
    rejections = [(records, rejection) for records, rejection in settled if rejection is not None]
    if not rejections:
        return Delivered()
    last = rejections[-1][1]
    if len(rejections) == len(settled):
        # Without the flags of `Rejected`: each trace was tried alone, so a split would not help.
        return Rejected(last.reason)
    return Delivered(sum(len(record.spans) for records, _ in rejections for record in records), last.reason)


class _TraceExport:
    """The export of one trace.

    Args:
        service: The client of the server.
        trace_id: The trace's id, 32 hex digits.
        experiment_id: The id of the trace's experiment, unless the server already has the trace in another one.
    """

    def __init__(self, service: ServiceClient, trace_id: str, experiment_id: str) -> None:
        self._service = service
        self._trace_id = TRACE_ID_PREFIX + trace_id
        self._experiment_id = experiment_id

    def store(self, records: list[TraceRecord]) -> ExportResult | None:
        """Add spans to the trace on the server. Return None if the experiment is missing.

        Raises:
            httpx.HTTPError: No complete response arrived.
        """
        spans = merge_spans((), (span for record in records for span in encode_spans(record)))
        response = self._service.request(get_trace_info.sync_detailed, trace_id=self._trace_id)
        if isinstance(response.parsed, TraceInfoAnswer):
            stored_info: Json = response.parsed.to_dict()["trace"]["trace_info"]
            self._experiment_id = stored_info["trace_location"]["mlflow_experiment"]["experiment_id"]
            stored_spans = self._download()
            if not isinstance(stored_spans, list):
                return stored_spans
            spans = merge_spans(stored_spans, spans)
            result = self._update(stored_info, encode_info(self._trace_id, self._experiment_id, spans))
        elif is_resource_missing(response):
            result = self._create(encode_info(self._trace_id, self._experiment_id, spans))
        else:
            return _failure(response)
        return self._upload(spans) if isinstance(result, Delivered) else result

    def _download(self) -> list[Json] | ExportResult:
        """Return the trace's spans on the server."""
        response = self._service.request(
            download_trace_artifact.sync_detailed, experiment_id=self._experiment_id, trace_id=self._trace_id
        )
        if is_resource_missing(response):
            return []
        if response.status_code == HTTPStatus.OK and not is_html(response):
            return load(response.content)
        return _failure(response)

    def _upload(self, spans: list[Json]) -> ExportResult:
        return classify(
            self._service.request(
                upload_trace_artifact.sync_detailed,
                experiment_id=self._experiment_id,
                trace_id=self._trace_id,
                # The media type that MLflow's clients send.
                body=EncodedBody(dump(spans), "text/plain"),
            )
        )

    def _create(self, info: Json) -> ExportResult | None:
        response = self._send_info(info)
        if is_resource_missing(response):
            return None
        result = classify(response)
        if not isinstance(result, Delivered):
            return result
        return self._set_tags({key: text for key, text in info["tags"].items() if _has_slash(key)})

    def _update(self, stored: Json, info: Json) -> ExportResult | None:
        """Replace the server's info where it lacks facts.

        Args:
            stored: The server's info.
            info: The info computed from all spans.
        """
        tags: dict[str, str] = stored.get("tags", {})
        if stored["state"] == info["state"] == IN_PROGRESS:
            return Delivered()
        if stored["state"] != IN_PROGRESS and SERVER_TAG in tags:
            # The state is final. The times stay too: a span that ends after its trace does not make the trace longer.
            return self._set_tags({key: text for key, text in info["tags"].items() if tags.get(key) != text})
        info["tags"] = {key: text for key, text in tags.items() if key != SERVER_TAG} | info["tags"]
        info["trace_metadata"] = stored.get("trace_metadata", {}) | info["trace_metadata"]
        response = self._send_info(info)
        if response.status_code not in CANNOT_REPLACE:
            return classify(response)
        # Nothing is lost: the spans are in the new file, and tags, metadata and assessments are in the new info.
        info["assessments"] = stored.get("assessments", [])
        body = DeleteTracesRequest.from_dict({"experiment_id": self._experiment_id, "request_ids": [self._trace_id]})
        deleted = classify(self._service.request(delete_traces.sync_detailed, body=body))
        return self._create(info) if isinstance(deleted, Delivered) else deleted

    def _send_info(self, info: Json) -> Response[Any]:
        # A store that keeps each tag in a file would fail halfway on a key with a slash.
        simple_tags = {key: text for key, text in info["tags"].items() if not _has_slash(key)}
        body = CreateTraceInfoRequest.from_dict({"trace": {"trace_info": info | {"tags": simple_tags}}})
        return self._service.request(create_trace_info.sync_detailed, body=body)

    def _set_tags(self, tags: dict[str, str]) -> ExportResult:
        """Set tags one by one. A tag that the server rejects remains readable on the root span."""
        for key, text in tags.items():
            body = SetTraceTagRequest(key=key, value=text)
            response = self._service.request(set_trace_tag.sync_detailed, trace_id=self._trace_id, body=body)
            result = classify(response)
            is_server_error = response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
            if not isinstance(result, Delivered | Rejected) and not is_server_error:
                return result
        return Delivered()


def _has_slash(key: str) -> bool:
    return "/" in key


def _failure(response: Response[Any]) -> ExportResult:
    """Return the result for a response without the requested content."""
    result = classify(response)
    if isinstance(result, Delivered):
        return Retryable(f"HTTP {response.status_code} without the requested content")
    return result
