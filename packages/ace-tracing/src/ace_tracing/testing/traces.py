"""Captured traces: trace records converted to `Trace` objects without a server, as a server would return them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import orjson

from ace_tracing.delivery.mlflow.file import DEFAULT_EXPERIMENT_ID, TRACE_ID_PREFIX, encode_spans, merge_spans
from ace_tracing.delivery.mlflow.info import detail_texts, summarize
from ace_tracing.delivery.otlp.attributes import is_valid_id, root_attributes, sendable_attributes, truncate_name
from ace_tracing.delivery.otlp.values import stringify_long_ints
from ace_tracing.reading.model import Span, SpanEvent, SpanLink, SpanStatus, TraceData, TraceInfo, TraceState
from ace_tracing.reading.trace import Trace
from ace_tracing.recording.feedback import Feedback
from ace_tracing.recording.records import Role, SpanRecord, TraceRecord

_NS_PER_MS: Final = 1_000_000


def build_traces(records: Iterable[TraceRecord], feedback: Iterable[Feedback] = ()) -> list[Trace]:
    """Return the traces that a server would have after receiving the records, ordered by their first record.

    The experiment id is empty for an experiment with a name: only a server knows its id.

    Args:
        records: The traces, in parts.
        feedback: The feedback logged on them, and on other traces.
    """
    assessments: dict[str, list[Any]] = {}
    for each in feedback:
        assessments.setdefault(each.trace_id.hex(), []).append({**each.assessment, "valid": True})
    by_id: dict[str, list[TraceRecord]] = {}
    for record in records:
        by_id.setdefault(record.trace_id, []).append(record)
    # A trace that began in another process may only have been described here.
    by_id = {trace_id: parts for trace_id, parts in by_id.items() if any(part.entries for part in parts)}
    traces = [_build_trace(trace_id, parts) for trace_id, parts in by_id.items()]
    for trace_id, trace in zip(by_id, traces, strict=True):
        trace.info.assessments.extend(assessments.get(trace_id, ()))
    return traces


def _build_trace(trace_id: str, records: list[TraceRecord]) -> Trace:
    by_id = {span.span_id: _build_span(record, span) for record in records for span in record.spans}
    # Of spans that start together, the outer one ends later.
    spans = sorted(by_id.values(), key=lambda span: (span.start_time_ns, -(span.end_time_ns or 0), span.span_id))
    has_experiment = any(record.experiment is not None for record in records)
    return Trace(_build_info(trace_id, "" if has_experiment else DEFAULT_EXPERIMENT_ID, records), TraceData(spans))


def _build_info(trace_id: str, experiment_id: str, records: list[TraceRecord]) -> TraceInfo:
    summary = summarize(merge_spans((), (span for record in records for span in encode_spans(record))))
    for record in records:
        if record.role is Role.LATE and record.details is not None:
            tags, metadata = detail_texts(record.details)
            summary = summary._replace(tags=summary.tags | tags, metadata=summary.metadata | metadata)
    return TraceInfo(
        trace_id=TRACE_ID_PREFIX + trace_id,
        experiment_id=experiment_id,
        state=TraceState(summary.state),
        request_time=summary.start_ns // _NS_PER_MS,
        execution_duration=None if summary.duration_ns is None else round(summary.duration_ns / _NS_PER_MS),
        tags=summary.tags,
        trace_metadata=summary.metadata,
        request_preview=summary.request_preview,
        response_preview=summary.response_preview,
    )


def _build_span(record: TraceRecord, span: SpanRecord) -> Span:
    is_typed = span.scope is None or span.span_type != "UNKNOWN"
    attributes: dict[str, Any] = {"mlflow.spanType": span.span_type} if is_typed else {}
    if span.function is not None:
        attributes["mlflow.spanFunctionName"] = span.function
    if span.inputs is not None:
        attributes["mlflow.spanInputs"] = stringify_long_ints(orjson.loads(span.inputs))
    if span.outputs is not None:
        attributes["mlflow.spanOutputs"] = stringify_long_ints(orjson.loads(span.outputs))
    if span.agent is not None:
        attributes["gen_ai.agent.name"] = span.agent
    if span.parent_id is None or (record.role is Role.TOPMOST and span is record.spans[-1]):
        attributes |= {key: _unwrap(text) for key, text in root_attributes(record, span).items()}
    recorded = {key: stringify_long_ints(value) for key, value in sendable_attributes(span.attributes or {})}
    if span.scope is not None:
        # Texts of OpenTelemetry are sent as they are.
        recorded = {key: _unwrap(value) if isinstance(value, str) else value for key, value in recorded.items()}
    attributes |= recorded
    return Span(
        name=truncate_name(span.name),
        trace_id=TRACE_ID_PREFIX + record.trace_id,
        span_id=span.span_id,
        parent_id=span.parent_id,
        span_type=span.span_type or "UNKNOWN",
        start_time_ns=span.start_ns,
        end_time_ns=span.end_ns,
        status=SpanStatus(span.status, span.status_message),
        inputs=attributes.get("mlflow.spanInputs"),
        outputs=attributes.get("mlflow.spanOutputs"),
        attributes=attributes,
        events=[
            SpanEvent(truncate_name(name), time_ns, _plain_attributes(attributes))
            for name, time_ns, attributes in span.events or ()
        ],
        links=[
            SpanLink(TRACE_ID_PREFIX + trace_id, span_id, _plain_attributes(attributes))
            for trace_id, span_id, attributes in span.links or ()
            if is_valid_id(trace_id, 32) and is_valid_id(span_id, 16)
        ],
    )


def _plain_attributes(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return attributes of an event or a link. Servers do not parse their strings."""
    return {truncate_name(key): stringify_long_ints(value) for key, value in attributes.items()}


def _unwrap(text: str) -> Any:
    """Return the value that servers read from a string attribute: they parse JSON text of a string, list or object."""
    if text[:1] not in ('"', "[", "{"):
        return text
    try:
        return orjson.loads(text)
    except ValueError:
        return text
