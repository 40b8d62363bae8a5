"""Decoding of the service's responses into `Trace`. Pure functions."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import orjson

from ace_tracing.reading.model import Span, SpanEvent, SpanLink, SpanStatus, TraceData, TraceInfo, TraceState
from ace_tracing.reading.trace import Trace

if TYPE_CHECKING:
    from kayba_api import models


def decode_trace(response: models.Trace) -> Trace:
    """Return the trace of a response."""
    spans = [_decode_span(span.to_dict(), _decode_attributes) for span in response.spans or ()]
    return _make_trace(response.trace_info, spans)


def decode_artifact(info: models.TraceInfo, artifact: bytes) -> Trace:
    """Return a trace whose spans are stored as an artifact, a JSON file that older clients upload."""
    spans = [_decode_span(span, _decode_json_attributes) for span in orjson.loads(artifact)["spans"]]
    return _make_trace(info, spans)


def has_artifact(info: models.TraceInfo) -> bool:
    """Return whether a trace's spans are stored only in its artifact."""
    return "mlflow.trace.spansLocation" not in (info.to_dict().get("tags") or {})


def _make_trace(info: models.TraceInfo, spans: list[Span]) -> Trace:
    # A parent and its first child may share a start time. The sort is stable, and servers send parents first.
    return Trace(_decode_info(info), TraceData(sorted(spans, key=lambda span: span.start_time_ns)))


def _decode_info(response: models.TraceInfo) -> TraceInfo:
    fields = response.to_dict()
    experiment = fields["trace_location"].get("mlflow_experiment") or {}
    duration = fields.get("execution_duration")
    return TraceInfo(
        trace_id=response.trace_id,
        experiment_id=experiment.get("experiment_id", ""),
        state=TraceState.__members__.get(fields["state"], TraceState.STATE_UNSPECIFIED),
        request_time=round(response.request_time.timestamp() * 1_000),
        execution_duration=None if duration is None else round(float(duration.removesuffix("s")) * 1_000),
        tags=fields.get("tags") or {},
        trace_metadata=fields.get("trace_metadata") or {},
        request_preview=fields.get("request_preview"),
        response_preview=fields.get("response_preview"),
        assessments=fields.get("assessments") or [],
    )


def _decode_span(fields: dict[str, Any], decode_attributes: Any) -> Span:
    attributes = decode_attributes(fields.get("attributes"))
    status = fields.get("status") or {}
    return Span(
        # Protobuf's JSON omits empty fields.
        name=fields.get("name", ""),
        trace_id=f"tr-{_decode_id(fields['trace_id'])}",
        span_id=_decode_id(fields["span_id"]),
        parent_id=_decode_id(fields.get("parent_span_id")) or None,
        span_type=str(attributes.get("mlflow.spanType") or "UNKNOWN"),
        start_time_ns=int(fields["start_time_unix_nano"]),
        end_time_ns=int(fields["end_time_unix_nano"]) if fields.get("end_time_unix_nano") else None,
        status=SpanStatus(
            status.get("code", "STATUS_CODE_UNSET").removeprefix("STATUS_CODE_"), status.get("message") or ""
        ),
        inputs=attributes.get("mlflow.spanInputs"),
        outputs=attributes.get("mlflow.spanOutputs"),
        attributes=attributes,
        events=[
            SpanEvent(
                event.get("name", ""),
                int(event.get("time_unix_nano", 0)),
                _decode_event_attributes(event.get("attributes")),
            )
            for event in fields.get("events") or ()
        ],
        links=[
            SpanLink(
                f"tr-{_decode_id(link['trace_id'])}",
                _decode_id(link["span_id"]),
                _decode_event_attributes(link.get("attributes")),
            )
            for link in fields.get("links") or ()
        ],
    )


def _decode_id(encoded: str | None) -> str:
    return base64.b64decode(encoded).hex() if encoded else ""


def _decode_event_attributes(attributes: Any) -> dict[str, Any]:
    return dict(attributes) if isinstance(attributes, dict) else _decode_attributes(attributes)


def _decode_json_attributes(attributes: dict[str, str] | None) -> dict[str, Any]:
    return {key: orjson.loads(text) for key, text in (attributes or {}).items()}


def _decode_attributes(attributes: list[dict[str, Any]] | None) -> dict[str, Any]:
    return {attribute.get("key", ""): _decode_value(attribute.get("value") or {}) for attribute in attributes or ()}


def _decode_value(value: dict[str, Any]) -> Any:
    for kind, content in value.items():
        match kind:
            case "array_value":
                return [_decode_value(item) for item in content.get("values") or ()]
            case "kvlist_value":
                return _decode_attributes(content.get("values"))
            case "int_value":
                return int(content)
            case "double_value":
                return float(content)
            case _:
                return content
    return None
