"""Records -> one OTLP/HTTP JSON request of many traces. Pure functions.

What belongs to the trace (its folder, its name) rides on the root span as `mlflow.traceTag.*` attributes, so a whole
trace needs no second request. Servers read a string attribute that is JSON text of a string, list or object as that
value, and any other string as it stands: so those three travel as JSON text, strings in quotes, and come back exactly.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import orjson

from ace_tracing.delivery.meanings import SESSION_KEYS, with_meaning
from ace_tracing.record import SpanRecord, TraceDetails, TraceRecord
from ace_tracing.version import __version__

GZIP_LEVEL = 1
"""The fastest: on JSON of spans, higher levels save few bytes for much more time."""

FOLDER_TAG = "kayba.folder"
NAME_TAG = "mlflow.traceName"
MAX_NAME = 1_000
"""Longest name of a span, an event or an attribute: a server may refuse a whole request for one that is longer than
4,096 characters."""

_NO_DETAILS = TraceDetails(None, {}, {})
_STATUS_CODES = {"UNSET": 0, "OK": 1, "ERROR": 2}
_INTERNAL = 1
_TRACE_ID = re.compile(r"(?!0{32})[0-9a-fA-F]{32}")
_SPAN_ID = re.compile(r"(?!0{16})[0-9a-fA-F]{16}")
_MANY_DIGITS = re.compile(r"\d{19}")


class Batch:
    """Traces of one experiment, to be sent together.

    Args:
        traces: at least one.
    """

    content_type = "application/json"
    content_encoding: str | None = "gzip"

    def __init__(self, traces: Sequence[TraceRecord]) -> None:
        self.traces = traces
        self.experiment = traces[0].experiment
        """The name of the experiment; None for the service's default."""

    def otlp(self) -> bytes:
        """Give the body of an OTLP request with all of them, encoded when it is first asked for."""
        return self._body

    @cached_property
    def _body(self) -> bytes:
        return encode(self.traces)


def encode(traces: Sequence[TraceRecord]) -> bytes:
    """Give the gzip'ed body of an OTLP `ExportTraceServiceRequest`, as JSON, that holds these traces."""
    spans = [_span(trace, span) for trace in traces for span in trace.spans]
    request = {"resourceSpans": [{"resource": _RESOURCE, "scopeSpans": [{"scope": _SCOPE, "spans": spans}]}]}
    return gzip.compress(orjson.dumps(request), compresslevel=GZIP_LEVEL, mtime=0)


def _span(trace: TraceRecord, span: SpanRecord) -> dict[str, Any]:
    encoded = {
        "traceId": trace.trace_id,
        "spanId": span.span_id,
        "name": _name(span.name),
        "kind": _INTERNAL,
        # OTLP's JSON writes 64-bit integers as strings.
        "startTimeUnixNano": str(span.start_ns),
        "endTimeUnixNano": str(span.end_ns),
        "attributes": _attributes(trace, span),
        "status": {"code": _STATUS_CODES[span.status], "message": span.status_message},
    }
    if span.parent_id is not None:
        encoded["parentSpanId"] = span.parent_id
    if span.events:
        encoded["events"] = [
            {"name": _name(name), "timeUnixNano": str(time_ns), "attributes": _event_attributes(attributes)}
            for name, time_ns, attributes in span.events
        ]
    if span.links:
        encoded["links"] = [
            {"traceId": trace_id, "spanId": span_id, "attributes": _event_attributes(attributes)}
            for trace_id, span_id, attributes in span.links
            # One that leads nowhere is not worth the request that a server would refuse for it.
            if _TRACE_ID.fullmatch(trace_id) and _SPAN_ID.fullmatch(span_id)
        ]
    return encoded


def _attributes(trace: TraceRecord, span: SpanRecord) -> list[dict[str, Any]]:
    encoded = [{"key": "mlflow.spanType", "value": _value(span.span_type)}]
    if span.function is not None:
        encoded.append({"key": "mlflow.spanFunctionName", "value": _value(span.function)})
    if span.inputs is not None:
        encoded.append({"key": "mlflow.spanInputs", "value": _json(span.inputs)})
    if span.outputs is not None:
        encoded.append({"key": "mlflow.spanOutputs", "value": _json(span.outputs)})
    if span.agent is not None:
        encoded.append({"key": "gen_ai.agent.name", "value": _value(span.agent)})
    if span.parent_id is None:
        encoded += [{"key": _name(key), "value": {"stringValue": text}} for key, text in _of_trace(trace, span).items()]
    if span.attributes:
        for key, value in map(with_meaning, span.attributes.keys(), span.attributes.values()):
            encoded.append({"key": _name(key), "value": _value(value)})
    return encoded


def _of_trace(trace: TraceRecord, root: SpanRecord) -> dict[str, str]:
    """What a root span's attributes say of its trace."""
    details = trace.details or _NO_DETAILS
    tags = {NAME_TAG: _name(details.name or root.name)}
    if trace.folder is not None:
        tags[FOLDER_TAG] = trace.folder
    tags |= {key: text for key, text in details.tags.items() if not key.startswith("mlflow.")}
    metadata = {key: text for key, text in details.metadata.items() if key in SESSION_KEYS}
    other = {f"mlflow.traceMetadata.{key}": text for key, text in details.metadata.items() if key not in SESSION_KEYS}
    return {f"mlflow.traceTag.{key}": text for key, text in tags.items()} | metadata | other


def _json(text: str) -> dict[str, Any]:
    """JSON text as an attribute's value."""
    # A number of 19 digits may be beyond 64 bits, which a server may accept and then fail to give back.
    if text[0] in '"[{' and not _MANY_DIGITS.search(text):
        return {"stringValue": text}
    return _value(orjson.loads(text))


def _value(value: Any) -> dict[str, Any]:
    """A JSON value as an attribute's value; null is the empty one."""
    match value:
        case None:
            return {}
        case bool():
            return {"boolValue": value}
        case int() if _fits(value):
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case _:
            return {"stringValue": orjson.dumps(_fitting(value)).decode()}


def _event_attributes(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    """Attributes of an event or a link, where servers take every value as it stands."""
    return [{"key": _name(key), "value": _native(value)} for key, value in attributes.items()]


def _native(value: Any) -> dict[str, Any]:
    """A JSON value in OTLP's own form, without JSON text."""
    match value:
        case str():
            return {"stringValue": value}
        case list():
            return {"arrayValue": {"values": [_native(item) for item in value]}}
        case dict():
            return {"kvlistValue": {"values": _event_attributes(value)}}
        case int() if not _fits(value):
            return {"stringValue": str(value)}
        case _:
            return _value(value)


def _name(name: object) -> str:
    return str(name)[:MAX_NAME]


def _fits(number: int) -> bool:
    return -(2**63) <= number < 2**63


def _fitting(value: Any) -> Any:
    """The same value with every integer beyond 64 bits as its digits."""
    match value:
        case list():
            return [_fitting(item) for item in value]
        case dict():
            return {key: _fitting(item) for key, item in value.items()}
        case int() if not _fits(value):
            return str(value)
        case _:
            return value


_SCOPE = {"name": "ace-tracing", "version": __version__}
_RESOURCE = {
    "attributes": [
        {"key": "telemetry.sdk.name", "value": {"stringValue": "ace-tracing"}},
        {"key": "telemetry.sdk.language", "value": {"stringValue": "python"}},
    ]
}
