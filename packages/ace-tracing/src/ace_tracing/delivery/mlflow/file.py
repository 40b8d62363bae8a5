"""The span file: trace records as the file `traces.json` that MLflow's clients write and read. Pure functions.

Each attribute in the file is JSON text by key, so every value reads back exactly.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any, Final

import orjson

from ace_tracing.delivery.otlp.attributes import is_valid_id, normalize_attribute, root_attributes, truncate_name
from ace_tracing.recording.records import Role, SpanRecord, TraceRecord

DEFAULT_EXPERIMENT_ID: Final = "0"
"""The id of the experiment that every server has."""

TRACE_ID_PREFIX: Final = "tr-"

Json = dict[str, Any]


def encode_spans(record: TraceRecord) -> list[Json]:
    """Return the spans of a record in the file's form."""
    speaker = record.spans[-1] if record.role is Role.TOPMOST else None
    return [encode_span(record, span, speaks=span.parent_id is None or span is speaker) for span in record.spans]


def merge_spans(before: Iterable[Json], after: Iterable[Json]) -> list[Json]:
    """Return the spans of two files of one trace, ordered by start time.

    Args:
        before: The earlier spans.
        after: The later spans. Of two spans with the same id, the later one is kept.
    """
    by_id = {str(span["span_id"]): span for spans in (before, after) for span in spans}
    # Of spans that start together, the outer one ends later.
    return sorted(
        by_id.values(), key=lambda span: (int(span["start_time_unix_nano"]), -int(span["end_time_unix_nano"] or 0))
    )


def dump(spans: list[Json]) -> bytes:
    """Return the content of a file with these spans."""
    return orjson.dumps({"spans": spans})


def load(content: bytes) -> list[Json]:
    """Return the spans of a file, or none if the file is damaged: then it has nothing to preserve."""
    try:
        spans = orjson.loads(content)["spans"]
        merge_spans(spans, ())
    except (ValueError, TypeError, KeyError):
        return []
    return list(spans)


def get_attribute(span: Json, key: str) -> Any:
    """Return the value of a span's attribute, or None if it is not set."""
    try:
        return orjson.loads(span["attributes"][key])
    except (ValueError, TypeError, KeyError):
        return None


def encode_span(record: TraceRecord, span: SpanRecord, *, speaks: bool) -> Json:
    """Return a span in the file's form.

    Args:
        record: The span's trace.
        span: The span.
        speaks: Whether the span has the trace's facts as attributes.
    """
    return {
        "trace_id": _base64(record.trace_id),
        "span_id": _base64(span.span_id),
        "parent_span_id": None if span.parent_id is None else _base64(span.parent_id),
        "name": truncate_name(span.name),
        "start_time_unix_nano": span.start_ns,
        "end_time_unix_nano": span.end_ns,
        "status": {"code": f"STATUS_CODE_{span.status}", "message": span.status_message},
        "attributes": _encode_attributes(record, span, speaks),
        "events": [
            {"name": truncate_name(name), "time_unix_nano": time_ns, "attributes": _truncate_keys(attributes)}
            for name, time_ns, attributes in span.events or ()
        ],
        "links": [
            {
                "trace_id": TRACE_ID_PREFIX + trace_id.lower(),
                "span_id": span_id.lower(),
                "attributes": _truncate_keys(attributes),
            }
            for trace_id, span_id, attributes in span.links or ()
            if is_valid_id(trace_id, 32) and is_valid_id(span_id, 16)
        ],
    }


def _encode_attributes(record: TraceRecord, span: SpanRecord, speaks: bool) -> dict[str, str]:
    encoded = {
        "mlflow.traceRequestId": _json_text(TRACE_ID_PREFIX + record.trace_id),
        "mlflow.spanType": _json_text(span.span_type),
    }
    if span.function is not None:
        encoded["mlflow.spanFunctionName"] = _json_text(span.function)
    if span.inputs is not None:
        encoded["mlflow.spanInputs"] = span.inputs
    if span.outputs is not None:
        encoded["mlflow.spanOutputs"] = span.outputs
    if span.agent is not None:
        encoded["gen_ai.agent.name"] = _json_text(span.agent)
    if speaks:
        # Not truncated: the recorder limits their keys, and the trace info reads tags from here.
        encoded |= {key: _json_text(text) for key, text in root_attributes(record, span).items()}
    if span.attributes:
        for key, value in map(normalize_attribute, span.attributes.keys(), span.attributes.values()):
            encoded[truncate_name(key)] = _json_text(value)
    return encoded


def _truncate_keys(attributes: Json) -> Json:
    return {truncate_name(key): value for key, value in attributes.items()}


def _json_text(value: Any) -> str:
    return orjson.dumps(value).decode()


def _base64(identifier: str) -> str:
    return base64.b64encode(bytes.fromhex(identifier)).decode()
