"""Standard OTLP: a request with GenAI names for any collector, in protobuf or JSON. Pure functions.

Both forms are made of the same description of a span, see `genai`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import orjson

from ace_tracing.delivery.otlp.attributes import is_valid_id, truncate_name
from ace_tracing.delivery.otlp.genai import describe_span, speaks_for_trace
from ace_tracing.delivery.otlp.protobuf import any_value, field, is_int64, key_value, pack_fixed64, text_value, varint
from ace_tracing.delivery.otlp.spans import encode_scope
from ace_tracing.delivery.otlp.values import dump_bytes, dump_text
from ace_tracing.recording.callsite import InstrumentationScope
from ace_tracing.recording.records import SpanRecord, TraceRecord, unpack
from ace_tracing.version import __version__

Json = dict[str, Any]
Pairs = Sequence[tuple[str, Any]]

STATUS_CODES: Final = {"UNSET": 0, "OK": 1, "ERROR": 2}
SDK_ATTRIBUTES: Final = (
    ("telemetry.sdk.name", "ace-tracing"),
    ("telemetry.sdk.language", "python"),
    ("telemetry.sdk.version", __version__),
)
_SCALARS: Final = frozenset({str, float, bool, int})
_STATUSES: Final = {name: b"\x18" + varint(code) if code else b"" for name, code in STATUS_CODES.items()}
_OWN_SCOPE: Final = InstrumentationScope("ace-tracing", __version__, "", {}, 0)


def encode_protobuf(traces: Iterable[TraceRecord], resource: Pairs, yield_gil: Callable[[], object]) -> list[bytes]:
    """Return an OTLP `ExportTraceServiceRequest` in protobuf, in pieces.

    Args:
        traces: The traces.
        resource: Names and values of the resource's attributes.
        yield_gil: Called after each span.
    """
    scopes: dict[tuple[bytes, bytes], list[bytes]] = {}
    last_scope, spans = None, []
    for trace, span, speaks in _spans_of(traces):
        scope = span.scope or _OWN_SCOPE
        if scope is not last_scope:
            # Spans of one scope mostly follow each other.
            last_scope, spans = scope, scopes.setdefault(encode_scope(scope), [])
        spans.append(_encode_span(trace, span, speaks=speaks))
        yield_gil()
    attributes = field(b"\x0a", b"".join(key_value(b"\x0a", name, any_value(value)) for name, value in resource))
    pieces = [attributes]
    for (before, after), spans in scopes.items():
        size = len(before) + sum(map(len, spans)) + len(after)
        pieces += [b"\x12" + varint(size) + before, *spans, after]
    return [b"\x0a" + varint(sum(map(len, pieces))), *pieces]


def encode_json(traces: Iterable[TraceRecord], resource: Pairs, yield_gil: Callable[[], object]) -> list[bytes]:
    """Return an OTLP `ExportTraceServiceRequest` in JSON, in pieces.

    Args:
        traces: The traces.
        resource: Names and values of the resource's attributes.
        yield_gil: Called after each span.
    """
    scopes: dict[bytes, list[bytes]] = {}
    for trace, span, speaks in _spans_of(traces):
        spans = scopes.setdefault(_scope_as_json(span.scope or _OWN_SCOPE), [])
        spans += [b",", orjson.dumps(_span_as_json(trace, span, speaks=speaks))]
        yield_gil()
    pieces = []
    for scope, spans in scopes.items():
        pieces += [b",{", scope, b',"spans":[', *spans[1:], b"]}"]
    head = orjson.dumps({"attributes": _json_pairs(resource)})
    return [b'{"resourceSpans":[{"resource":' + head + b',"scopeSpans":[', pieces[0][1:], *pieces[1:], b"]}]}"]


def plain_value(value: Any) -> Any:
    """Return an attribute's value as OpenTelemetry allows it: a scalar, or a list of scalars of one type.

    Any other list or dict becomes JSON text, and an integer that needs more than 64 bits a string of digits.
    """
    kind = type(value)
    if kind is int and not is_int64(value):
        return str(value)
    if kind is dict or (kind is list and not _is_list_of_scalars(value)):
        return dump_text(value)
    return value


def _is_list_of_scalars(values: list[Any]) -> bool:
    """Return whether a list has scalars of one type only."""
    kinds = {*map(type, values)}
    return not kinds or (len(kinds) == 1 and kinds <= _SCALARS and (int not in kinds or all(map(is_int64, values))))


def _spans_of(traces: Iterable[TraceRecord]) -> Iterable[tuple[TraceRecord, SpanRecord, bool]]:
    """Yield each span with its trace, and whether it has the trace's facts. One span at a time is unpacked."""
    for trace in traces:
        last = len(trace.entries) - 1
        for place, entry in enumerate(trace.entries):
            span = entry if isinstance(entry, SpanRecord) else unpack(*entry)[0]
            yield trace, span, speaks_for_trace(trace, span, is_last=place == last)


def _scope_as_json(scope: InstrumentationScope) -> bytes:
    """Return the fields of OTLP's `ScopeSpans` before the spans of a scope."""
    described = {
        "name": scope.name,
        "version": scope.version,
        "attributes": _json_pairs(_plain_pairs(scope.attributes)),
    }
    url = {"schemaUrl": scope.schema_url} if scope.schema_url else {}
    return orjson.dumps({"scope": described, **url})[1:-1]


def _plain_pairs(attributes: Json) -> list[tuple[str, Any]]:
    return [(truncate_name(name), plain_value(value)) for name, value in attributes.items() if value is not None]


def _links_of(span: SpanRecord) -> list[tuple[str, str, Json]]:
    return [link for link in span.links or [] if is_valid_id(link[0], 32) and is_valid_id(link[1], 16)]


def _encode_span(trace: TraceRecord, span: SpanRecord, *, speaks: bool) -> bytes:
    """Return a span as a field of OTLP's `ScopeSpans`."""
    described = describe_span(trace, span, speaks=speaks)
    parts = [
        b"\x0a\x10",
        bytes.fromhex(trace.trace_id),
        b"\x12\x08",
        bytes.fromhex(span.span_id),
        b"" if span.parent_id is None else b"\x22\x08" + bytes.fromhex(span.parent_id),
        field(b"\x2a", truncate_name(described.name).encode()),
        b"\x30" + varint(described.kind),
        b"\x39",
        pack_fixed64(span.start_ns),
        b"\x41",
        pack_fixed64(span.end_ns),
        _encode_pairs(b"\x4a", described.attributes),
    ]
    for name, time_ns, attributes in span.events or []:
        head = b"\x09" + pack_fixed64(time_ns) + field(b"\x12", truncate_name(name).encode())
        parts.append(field(b"\x5a", head + _encode_pairs(b"\x1a", attributes)))
    for trace_id, span_id, attributes in _links_of(span):
        ids = field(b"\x0a", bytes.fromhex(trace_id)) + field(b"\x12", bytes.fromhex(span_id))
        parts.append(field(b"\x6a", ids + _encode_pairs(b"\x22", attributes)))
    message = field(b"\x12", span.status_message.encode()) if span.status_message else b""
    parts.append(field(b"\x7a", message + _STATUSES[span.status]))
    return field(b"\x12", b"".join(parts))


def _encode_pairs(tag: bytes, attributes: Json) -> bytes:
    return b"".join(
        [
            key_value(tag, truncate_name(name), _encode_value(value))
            for name, value in attributes.items()
            if value is not None
        ]
    )


def _encode_value(value: Any) -> bytes:
    """Return the `AnyValue` of an attribute's value, see `plain_value`."""
    kind = type(value)
    if kind is dict or (kind is list and not _is_list_of_scalars(value)):
        return text_value(dump_bytes(value))
    return any_value(value)


def _span_as_json(trace: TraceRecord, span: SpanRecord, *, speaks: bool) -> Json:
    """Return a span in the JSON form of OTLP: ids in hex, 64-bit numbers as text."""
    described = describe_span(trace, span, speaks=speaks)
    parent = {} if span.parent_id is None else {"parentSpanId": span.parent_id}
    message = {"message": span.status_message} if span.status_message else {}
    return {
        "traceId": trace.trace_id,
        "spanId": span.span_id,
        **parent,
        "name": truncate_name(described.name),
        "kind": described.kind,
        "startTimeUnixNano": str(span.start_ns),
        "endTimeUnixNano": str(span.end_ns),
        "attributes": _json_pairs(_plain_pairs(described.attributes)),
        "events": [
            {
                "timeUnixNano": str(time_ns),
                "name": truncate_name(name),
                "attributes": _json_pairs(_plain_pairs(attributes)),
            }
            for name, time_ns, attributes in span.events or []
        ],
        "links": [
            {"traceId": trace_id, "spanId": span_id, "attributes": _json_pairs(_plain_pairs(attributes))}
            for trace_id, span_id, attributes in _links_of(span)
        ],
        "status": {**message, "code": STATUS_CODES[span.status]},
    }


def _json_pairs(pairs: Pairs) -> list[Json]:
    return [{"key": name, "value": _json_value(value)} for name, value in pairs]


def _json_value(value: Any) -> Json:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [_json_value(item) for item in value]}}
        case _:
            return {"stringValue": str(value)}
