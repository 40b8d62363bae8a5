"""MLflow artifact export: traces sent to a server without OTLP, one by one, each as trace info and a span file.

The file holds all spans of a trace and cannot be appended to. So the spans on the server are downloaded, merged with
the new ones and uploaded again, each span once. Repeating a request therefore changes nothing, and a span may arrive
after its trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from ace_tracing.delivery.content import encoding
from ace_tracing.delivery.http.client import ServiceClient
from ace_tracing.delivery.http.deadline import seconds_left
from ace_tracing.delivery.http.responses import classify, is_html, is_resource_missing
from ace_tracing.delivery.http.results import Delivered, ExportResult, Rejected, Retryable
from ace_tracing.delivery.mlflow.file import TRACE_ID_PREFIX, Json, dump, encode_spans, load, merge_spans
from ace_tracing.delivery.mlflow.info import IN_PROGRESS, detail_texts, encode_facts, encode_info
from ace_tracing.delivery.mlflow.requests import failure_of, read_info, send_info, set_slash_tags, set_tags
from ace_tracing.delivery.otlp.attributes import NAME_TAG
from ace_tracing.recording.records import Role, TraceRecord
from kayba_api.api.tracing import delete_traces, download_trace_artifact, upload_trace_artifact
from kayba_api.models import DeleteTracesRequest
from kayba_api.types import EncodedBody

MIN_TRACE_S: Final = 12.0
"""With less time left in an attempt, no further trace is started: a trace takes a few requests."""

CANNOT_REPLACE: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT, HTTPStatus.INTERNAL_SERVER_ERROR})
"""Statuses of a store that has a trace's info and does not replace it. MLflow's file store fails with 500."""

FINAL_FACTS: Final = ("state", "request_time", "execution_duration", "request_preview", "response_preview")
"""The parts of a final info that stay when metadata is added."""

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
        """Add spans and facts to the trace on the server. Return None if the experiment is missing.

        Raises:
            httpx.HTTPError: No complete response arrived.
        """
        with encoding:
            spans = merge_spans((), (span for record in records for span in encode_spans(record)))
            info = self._info(records, spans)
        has_new_spans = bool(spans)
        stored = read_info(self._service, self._trace_id)
        result: ExportResult | None
        if stored is None:
            result = self._create(info)
        elif isinstance(stored, dict):
            self._experiment_id = stored["trace_location"]["mlflow_experiment"]["experiment_id"]
            stored_spans = self._download()
            if not isinstance(stored_spans, list):
                return stored_spans
            spans = merge_spans(stored_spans, spans)
            has_name = any(record.details is not None and record.details.name for record in records)
            info = self._info(records, spans)
            result = self._update(stored, info, _late_texts(records), has_name=has_name)
        else:
            return stored
        return self._upload(spans) if has_new_spans and isinstance(result, Delivered) else result

    def _info(self, records: list[TraceRecord], spans: list[Json]) -> Json:
        """Return the info computed from all spans of the trace, and from the facts of the records."""
        info = encode_info(self._trace_id, self._experiment_id, spans) if spans else None
        for record in records:
            if record.role in (Role.RUNNING, Role.LATE):
                facts = encode_facts(record, self._experiment_id)
                if info is None or (record.role is Role.RUNNING and info["state"] == IN_PROGRESS):
                    info = (info or {}) | facts
                else:
                    info["tags"] |= facts["tags"]
                    info["trace_metadata"] |= facts["trace_metadata"]
        if info is None:
            raise ValueError("a trace without spans and without facts")
        return info

    def _download(self) -> list[Json] | ExportResult:
        """Return the trace's spans on the server."""
        response = self._service.request_large(
            download_trace_artifact, experiment_id=self._experiment_id, trace_id=self._trace_id
        )
        if is_resource_missing(response):
            return []
        if response.status_code == HTTPStatus.OK and not is_html(response):
            return load(response.content)
        return failure_of(response)

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
        response = send_info(self._service, info)
        if is_resource_missing(response):
            return None
        result = classify(response)
        return set_slash_tags(self._service, info) if isinstance(result, Delivered) else result

    def _update(self, stored: Json, info: Json, late: dict[str, str], *, has_name: bool) -> ExportResult | None:
        """Replace the server's info where it lacks facts.

        Args:
            stored: The server's info.
            info: The info computed from all spans.
            late: Metadata that was set after the root had ended.
            has_name: Whether the trace got its name from `update_current_trace` in this process.
        """
        tags: dict[str, str] = stored.get("tags", {})
        metadata: dict[str, str] = stored.get("trace_metadata", {})
        if NAME_TAG in tags and not has_name:
            # Another process has named the trace. The root's own name is only a default.
            info["tags"] = info["tags"] | {NAME_TAG: tags[NAME_TAG]}
        new_tags = {key: text for key, text in info["tags"].items() if tags.get(key) != text}
        has_news = any(metadata.get(key) != text for key, text in late.items())
        if stored["state"] == info["state"] == IN_PROGRESS and not new_tags and not has_news:
            return Delivered()
        if stored["state"] != IN_PROGRESS and SERVER_TAG in tags:
            # The state is final. The times stay too: a span that ends after its trace does not make the trace longer.
            if not has_news:
                return set_tags(self._service, self._trace_id, new_tags)
            info |= {key: stored[key] for key in FINAL_FACTS if key in stored}
        info["tags"] = {key: text for key, text in tags.items() if key != SERVER_TAG} | info["tags"]
        info["trace_metadata"] = metadata | info["trace_metadata"] | late
        response = send_info(self._service, info)
        if response.status_code not in CANNOT_REPLACE:
            result = classify(response)
            return set_slash_tags(self._service, info) if isinstance(result, Delivered) else result
        # Nothing is lost: the spans are in the new file, and tags, metadata and assessments are in the new info.
        info["assessments"] = stored.get("assessments", [])
        body = DeleteTracesRequest.from_dict({"experiment_id": self._experiment_id, "request_ids": [self._trace_id]})
        deleted = classify(self._service.request(delete_traces.sync_detailed, body=body))
        return self._create(info) if isinstance(deleted, Delivered) else deleted


def _late_texts(records: list[TraceRecord]) -> dict[str, str]:
    """Return the metadata in the records that were set after the root had ended."""
    late: dict[str, str] = {}
    for record in records:
        if record.role is Role.LATE and record.details is not None:
            late |= detail_texts(record.details)[1]
    return late
