"""What the service answers -> `Trace`. Pure functions."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import orjson

from ace_tracing.reading.model import Span, SpanEvent, SpanLink, SpanStatus, TraceInfo, TraceState
from ace_tracing.reading.trace import Trace, TraceData

if TYPE_CHECKING:
    from kayba_api import models


def trace_of(answer: models.Trace) -> Trace:
    """Give the trace that the service answered with."""
    return _trace(answer.trace_info, [_span(span.to_dict(), _key_values) for span in answer.spans or ()])


def trace_of_artifact(info: models.TraceInfo, artifact: bytes) -> Trace:
    """Give a trace whose spans the service keeps as a file, as older clients upload them."""
    return _trace(info, [_span(span, _json_texts) for span in orjson.loads(artifact)["spans"]])


def keeps_spans_as_file(info: models.TraceInfo) -> bool:
    """Whether a trace's spans can only be read from its file."""
    return "mlflow.trace.spansLocation" not in (info.to_dict().get("tags") or {})


def _trace(info: models.TraceInfo, spans: list[Span]) -> Trace:
    # A parent and its first child may share a start time: the sort is stable, and servers send parents first.
    return Trace(_info(info), TraceData(sorted(spans, key=lambda span: span.start_time_ns)))


def _info(answer: models.TraceInfo) -> TraceInfo:
    fields = answer.to_dict()
    experiment = fields["trace_location"].get("mlflow_experiment") or {}
    duration = fields.get("execution_duration")
    return TraceInfo(
        trace_id=answer.trace_id,
        experiment_id=experiment.get("experiment_id", ""),
        state=TraceState.__members__.get(fields["state"], TraceState.STATE_UNSPECIFIED),
        request_time=round(answer.request_time.timestamp() * 1_000),
        execution_duration=None if duration is None else round(float(duration.removesuffix("s")) * 1_000),
        tags=fields.get("tags") or {},
        trace_metadata=fields.get("trace_metadata") or {},
        request_preview=fields.get("request_preview"),
        response_preview=fields.get("response_preview"),
        assessments=fields.get("assessments") or [],
    )


def _span(fields: dict[str, Any], values: Any) -> Span:
    attributes = values(fields.get("attributes"))
    status = fields.get("status") or {}
    return Span(
        # Protobuf's JSON leaves out what is empty.
        name=fields.get("name", ""),
        trace_id=f"tr-{_hex(fields['trace_id'])}",
        span_id=_hex(fields["span_id"]),
        parent_id=_hex(fields.get("parent_span_id")) or None,
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
                event.get("name", ""), int(event.get("time_unix_nano", 0)), _event_values(event.get("attributes"))
            )
            for event in fields.get("events") or ()
        ],
        links=[
            SpanLink(f"tr-{_hex(link['trace_id'])}", _hex(link["span_id"]), _event_values(link.get("attributes")))
            for link in fields.get("links") or ()
        ],
    )


def _hex(encoded: str | None) -> str:
    return base64.b64decode(encoded).hex() if encoded else ""


def _event_values(attributes: Any) -> dict[str, Any]:
    return dict(attributes) if isinstance(attributes, dict) else _key_values(attributes)


def _json_texts(attributes: dict[str, str] | None) -> dict[str, Any]:
    return {key: orjson.loads(text) for key, text in (attributes or {}).items()}


def _key_values(attributes: list[dict[str, Any]] | None) -> dict[str, Any]:
    return {attribute.get("key", ""): _value(attribute.get("value") or {}) for attribute in attributes or ()}


def _value(value: dict[str, Any]) -> Any:
    for kind, content in value.items():
        match kind:
            case "array_value":
                return [_value(item) for item in content.get("values") or ()]
            case "kvlist_value":
                return _key_values(content.get("values"))
            case "int_value":
                return int(content)
            case "double_value":
                return float(content)
            case _:
                return content
    return None
