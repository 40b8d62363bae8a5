"""Records -> the file of a trace's spans, as MLflow's clients write and read it: `traces.json`. Pure functions.

For servers that cannot take OTLP. In it an attribute is JSON text by key, so that every value comes back exactly.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

import orjson

from ace_tracing.delivery.otlp.attributes import is_id, name_of, of_trace, with_meaning
from ace_tracing.recording.frames import SpanRecord, TraceRecord

TRACE_ID_PREFIX = "tr-"

Json = dict[str, Any]


def spans_of(record: TraceRecord) -> list[Json]:
    """The spans of a record, as the file has them."""
    return [_span(record, span) for span in record.spans]


def merged(before: Iterable[Json], after: Iterable[Json]) -> list[Json]:
    """The spans of two files of one trace, the later of two that are the same span, in the order of their starts."""
    by_id = {str(span["span_id"]): span for spans in (before, after) for span in spans}
    # Of spans that start together the one that ends later is the outer one.
    return sorted(
        by_id.values(), key=lambda span: (int(span["start_time_unix_nano"]), -int(span["end_time_unix_nano"] or 0))
    )


def written(spans: list[Json]) -> bytes:
    """The file."""
    return orjson.dumps({"spans": spans})


def read(content: bytes) -> list[Json]:
    """The spans of a file; none where it is damaged: then there is nothing in it to keep."""
    try:
        spans = orjson.loads(content)["spans"]
        merged(spans, ())
    except (ValueError, TypeError, KeyError):
        return []
    return list(spans)


def attribute(span: Json, key: str) -> Any:
    """The value of a span's attribute; None when it has none."""
    try:
        return orjson.loads(span["attributes"][key])
    except (ValueError, TypeError, KeyError):
        return None


def _span(record: TraceRecord, span: SpanRecord) -> Json:
    return {
        "trace_id": _base64(record.trace_id),
        "span_id": _base64(span.span_id),
        "parent_span_id": None if span.parent_id is None else _base64(span.parent_id),
        "name": name_of(span.name),
        "start_time_unix_nano": span.start_ns,
        "end_time_unix_nano": span.end_ns,
        "status": {"code": f"STATUS_CODE_{span.status}", "message": span.status_message},
        "attributes": _attributes(record, span),
        "events": [
            {"name": name_of(name), "time_unix_nano": time_ns, "attributes": _named(attributes)}
            for name, time_ns, attributes in span.events or ()
        ],
        "links": [
            {
                "trace_id": TRACE_ID_PREFIX + trace_id.lower(),
                "span_id": span_id.lower(),
                "attributes": _named(attributes),
            }
            for trace_id, span_id, attributes in span.links or ()
            if is_id(trace_id, 32) and is_id(span_id, 16)
        ],
    }


def _attributes(record: TraceRecord, span: SpanRecord) -> dict[str, str]:
    encoded = {
        "mlflow.traceRequestId": _text(TRACE_ID_PREFIX + record.trace_id),
        "mlflow.spanType": _text(span.span_type),
    }
    if span.function is not None:
        encoded["mlflow.spanFunctionName"] = _text(span.function)
    if span.inputs is not None:
        encoded["mlflow.spanInputs"] = span.inputs
    if span.outputs is not None:
        encoded["mlflow.spanOutputs"] = span.outputs
    if span.agent is not None:
        encoded["gen_ai.agent.name"] = _text(span.agent)
    if span.parent_id is None:
        encoded |= {name_of(key): _text(text) for key, text in of_trace(record, span).items()}
    if span.attributes:
        for key, value in map(with_meaning, span.attributes.keys(), span.attributes.values()):
            encoded[name_of(key)] = _text(value)
    return encoded


def _named(attributes: Json) -> Json:
    return {name_of(key): value for key, value in attributes.items()}


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()


def _base64(identifier: str) -> str:
    return base64.b64encode(bytes.fromhex(identifier)).decode()
