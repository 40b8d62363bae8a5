"""Records -> `Trace` without a service: encodes them as they would leave, and reads that as a service would answer."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from typing import Any

import orjson

from ace_tracing.delivery.encoder import encode
from ace_tracing.reading.model import Span, SpanEvent, SpanLink, SpanStatus, TraceInfo, TraceState
from ace_tracing.reading.tree import Trace, TraceData
from ace_tracing.record import load

MAX_PREVIEW = 1_000

_DEFAULT_EXPERIMENT_ID = "0"
_STATUSES = ("UNSET", "OK", "ERROR")
_TAG = "mlflow.traceTag."
_METADATA = "mlflow.traceMetadata."
_SESSION = {"session.id": "mlflow.trace.session", "user.id": "mlflow.trace.user"}

_Json = dict[str, Any]


def traces_of(records: Iterable[bytes]) -> list[Trace]:
    """Give the traces that a service has once it was sent these records, in the order in which they first came.

    The id of an experiment with a name of its own is empty: only a service knows it.
    """
    loaded = [load(record) for record in records]
    request = orjson.loads(gzip.decompress(encode(loaded)))
    sent = [span for part in request["resourceSpans"] for scope in part["scopeSpans"] for span in scope["spans"]]
    named = {record.trace_id for record in loaded if record.experiment is not None}
    traces: dict[str, dict[str, _Json]] = {}
    for span in sent:
        traces.setdefault(span["traceId"], {})[span["spanId"]] = span
    return [
        _trace(list(spans.values()), "" if trace_id in named else _DEFAULT_EXPERIMENT_ID)
        for trace_id, spans in traces.items()
    ]


def _trace(sent: list[_Json], experiment_id: str) -> Trace:
    spans = [_span(span) for span in sent]
    # Of spans that start together the one that ends later is the outer one.
    spans.sort(key=lambda span: (span.start_time_ns, -(span.end_time_ns or 0), span.span_id))
    return Trace(_info(spans, experiment_id), TraceData(spans))


def _info(spans: list[Span], experiment_id: str) -> TraceInfo:
    """What the root says of the trace; little, while it has none."""
    root = next((span for span in spans if span.parent_id is None), None)
    first = root or spans[0]
    info = TraceInfo(
        trace_id=first.trace_id,
        experiment_id=experiment_id,
        state=TraceState.IN_PROGRESS,
        request_time=first.start_time_ns // 1_000_000,
        execution_duration=None,
        tags={},
        trace_metadata={},
    )
    if root is None:
        return info
    said = {key: _text(value) for key, value in root.attributes.items()}
    metadata = {key.removeprefix(_METADATA): text for key, text in said.items() if key.startswith(_METADATA)}
    return TraceInfo(
        trace_id=info.trace_id,
        experiment_id=experiment_id,
        state=TraceState.ERROR if root.status.status_code == "ERROR" else TraceState.OK,
        request_time=info.request_time,
        execution_duration=round(root.duration_ms or 0),
        tags={key.removeprefix(_TAG): text for key, text in said.items() if key.startswith(_TAG)},
        trace_metadata=metadata | {name: said[key] for key, name in _SESSION.items() if key in said},
        request_preview=_preview(root.inputs),
        response_preview=_preview(root.outputs),
    )


def _span(sent: _Json) -> Span:
    attributes = _values(sent["attributes"])
    return Span(
        name=sent["name"],
        trace_id=f"tr-{sent['traceId']}",
        span_id=sent["spanId"],
        parent_id=sent.get("parentSpanId"),
        span_type=str(attributes.get("mlflow.spanType") or "UNKNOWN"),
        start_time_ns=int(sent["startTimeUnixNano"]),
        end_time_ns=int(sent["endTimeUnixNano"]),
        status=SpanStatus(_STATUSES[sent["status"]["code"]], sent["status"]["message"]),
        inputs=attributes.get("mlflow.spanInputs"),
        outputs=attributes.get("mlflow.spanOutputs"),
        attributes=attributes,
        events=[
            SpanEvent(event["name"], int(event["timeUnixNano"]), _native_values(event["attributes"]))
            for event in sent.get("events", ())
        ],
        links=[
            SpanLink(f"tr-{link['traceId']}", link["spanId"], _native_values(link["attributes"]))
            for link in sent.get("links", ())
        ],
    )


def _values(attributes: list[_Json]) -> _Json:
    return {attribute["key"]: _value(attribute["value"]) for attribute in attributes}


def _value(value: _Json) -> Any:
    """The JSON value of an attribute, of those kinds that the encoder writes."""
    match value:
        case {"stringValue": str(text)}:
            return _unwrapped(text)
        case {"intValue": digits}:
            return int(digits)
        case {"doubleValue": number}:
            return float(number)
        case {"boolValue": truth}:
            return truth
        case _:
            return None


def _native_values(attributes: list[_Json]) -> _Json:
    """Attributes of an event or a link, which stand as they are."""
    return {attribute["key"]: _native(attribute["value"]) for attribute in attributes}


def _native(value: _Json) -> Any:
    match value:
        case {"stringValue": text}:
            return text
        case {"arrayValue": {"values": items}}:
            return [_native(item) for item in items]
        case {"kvlistValue": {"values": items}}:
            return _native_values(items)
        case _:
            return _value(value)


def _unwrapped(text: str) -> Any:
    """What servers take a string for: JSON text of a string, list or object is that value."""
    if text[:1] not in ('"', "[", "{"):
        return text
    try:
        return orjson.loads(text)
    except ValueError:
        return text


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _dumped(value)


def _preview(value: Any) -> str | None:
    return None if value is None else _dumped(value)[:MAX_PREVIEW]


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
