"""Decoding of the service's responses into `Trace`. Pure functions."""

from __future__ import annotations

import binascii
import datetime
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, TypeAlias

import orjson

from ace_tracing.reading.model import Span, SpanEvent, SpanLink, SpanStatus, TraceData, TraceInfo, TraceState
from ace_tracing.reading.trace import Trace

SPANS_LOCATION_TAG: Final = "mlflow.trace.spansLocation"

_Attributes: TypeAlias = Callable[[Any], dict[str, Any]]


def decode_trace(info: Mapping[str, Any], spans: Iterable[Mapping[str, Any]]) -> Trace:
    """Return the trace of a response."""
    return make_trace(info, [Span(**decode_span(span)) for span in spans])


def decode_artifact(info: Mapping[str, Any], artifact: bytes) -> Trace:
    """Return a trace whose spans are stored as an artifact, a JSON file that older clients upload."""
    spans = orjson.loads(artifact)["spans"]
    return make_trace(info, [Span(**decode_span(span, _decode_json_attributes)) for span in spans])


def has_artifact(info: Mapping[str, Any]) -> bool:
    """Return whether a trace's spans are stored only in its artifact."""
    return SPANS_LOCATION_TAG not in (info.get("tags") or {})


def make_trace(info: Mapping[str, Any], spans: list[Span]) -> Trace:
    """Return a trace with its spans in the order in which they started."""
    # A parent and its first child may share a start time. The sort is stable, and servers send parents first.
    return Trace(decode_info(info), TraceData(sorted(spans, key=lambda span: span.start_time_ns)))


def decode_info(fields: Mapping[str, Any]) -> TraceInfo:
    """Return the info of a response."""
    experiment = fields["trace_location"].get("mlflow_experiment") or {}
    duration = fields.get("execution_duration")
    return TraceInfo(
        trace_id=fields["trace_id"],
        experiment_id=experiment.get("experiment_id", ""),
        state=TraceState.__members__.get(fields["state"], TraceState.STATE_UNSPECIFIED),
        request_time=round(datetime.datetime.fromisoformat(fields["request_time"]).timestamp() * 1_000),
        execution_duration=None if duration is None else round(float(duration.removesuffix("s")) * 1_000),
        tags=fields.get("tags") or {},
        trace_metadata=fields.get("trace_metadata") or {},
        request_preview=fields.get("request_preview"),
        response_preview=fields.get("response_preview"),
        assessments=fields.get("assessments") or [],
    )


def decode_span(fields: Mapping[str, Any], decode_attributes: _Attributes | None = None) -> dict[str, Any]:
    """Return the fields of a `Span`.

    Args:
        fields: The span in the response.
        decode_attributes: Decodes the span's own attributes. By default they are OTLP's key-value pairs.
    """
    attributes = (decode_attributes or _decode_attributes)(fields.get("attributes"))
    status = fields.get("status") or {}
    # Protobuf's JSON omits empty fields.
    return {
        "name": fields.get("name", ""),
        "trace_id": _decode_trace_id(fields["trace_id"]),
        "span_id": _decode_id(fields["span_id"]),
        "parent_id": _decode_id(fields.get("parent_span_id")) or None,
        "span_type": str(attributes.get("mlflow.spanType") or "UNKNOWN"),
        "start_time_ns": int(fields["start_time_unix_nano"]),
        "end_time_ns": int(fields["end_time_unix_nano"]) if fields.get("end_time_unix_nano") else None,
        "status": _make_status(status.get("code", "STATUS_CODE_UNSET"), status.get("message")),
        "inputs": attributes.get("mlflow.spanInputs"),
        "outputs": attributes.get("mlflow.spanOutputs"),
        "attributes": attributes,
        "events": [_decode_event(event) for event in fields.get("events") or ()],
        "links": [_decode_link(link) for link in fields.get("links") or ()],
    }


def _decode_event(event: Mapping[str, Any]) -> SpanEvent:
    attributes = _decode_event_attributes(event.get("attributes"))
    return SpanEvent(event.get("name", ""), int(event.get("time_unix_nano", 0)), attributes)


def _decode_link(link: Mapping[str, Any]) -> SpanLink:
    attributes = _decode_event_attributes(link.get("attributes"))
    return SpanLink(_decode_trace_id(link["trace_id"]), _decode_id(link["span_id"]), attributes)


# The spans of a trace share these objects.
@lru_cache(maxsize=256)
def _decode_trace_id(encoded: str) -> str:
    return f"tr-{_decode_id(encoded)}"


@lru_cache(maxsize=16)
def _plain_status(code: str) -> SpanStatus:
    return SpanStatus(code.removeprefix("STATUS_CODE_"))


def _make_status(code: str, message: str | None) -> SpanStatus:
    return SpanStatus(code.removeprefix("STATUS_CODE_"), message) if message else _plain_status(code)


def _decode_id(encoded: str | None) -> str:
    return binascii.a2b_base64(encoded).hex() if encoded else ""


def _decode_event_attributes(attributes: Any) -> dict[str, Any]:
    return dict(attributes) if isinstance(attributes, dict) else _decode_attributes(attributes)


def _decode_json_attributes(attributes: Mapping[str, str] | None) -> dict[str, Any]:
    return {key: orjson.loads(text) for key, text in (attributes or {}).items()}


def _decode_attributes(attributes: Iterable[Mapping[str, Any]] | None) -> dict[str, Any]:
    return {attribute.get("key", ""): _decode_value(attribute.get("value")) for attribute in attributes or ()}


def _decode_value(value: Mapping[str, Any] | None) -> Any:
    if not value:
        return None
    kind, content = next(iter(value.items()))
    if kind == "string_value":
        return content
    if kind == "int_value":
        return int(content)
    if kind == "double_value":
        return float(content)
    if kind == "array_value":
        return [_decode_value(item) for item in content.get("values") or ()]
    if kind == "kvlist_value":
        return _decode_attributes(content.get("values"))
    return content
