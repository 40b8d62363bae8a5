"""OTLP/HTTP requests in protobuf, converted to OTLP's JSON form."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any, Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from kayba_local.otlp.records import Batch, InvalidSpans, resource_tags
from kayba_local.otlp.values import encode_double

_TRACE_ID_BYTES: Final = 16
_SPAN_ID_BYTES: Final = 8
_KINDS: Final = range(6)
_STATUS_CODES: Final = range(3)


def read(body: bytes) -> Batch:
    """Read the spans of an encoded ExportTraceServiceRequest.

    Raises:
        InvalidSpans: The bytes are not such a message, or a span cannot be stored.
    """
    try:
        request = ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise InvalidSpans(f"The body is not an OTLP trace request in protobuf: {error}") from error
    batch = Batch()
    for resource_spans in request.resource_spans:
        tags = resource_tags(_key_values(resource_spans.resource.attributes))
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                batch.add(_span(span), tags)
    return batch


def _span(span: Span) -> dict[str, Any]:
    if span.kind not in _KINDS or span.status.code not in _STATUS_CODES:
        raise InvalidSpans(f"span {span.name!r}: OTLP does not define its kind or its status code")
    fields = {
        "traceId": _hex(span.trace_id, _TRACE_ID_BYTES),
        "spanId": _hex(span.span_id, _SPAN_ID_BYTES),
        "parentSpanId": _hex(span.parent_span_id, _SPAN_ID_BYTES) if span.parent_span_id else None,
        "traceState": span.trace_state,
        "flags": span.flags,
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": span.start_time_unix_nano,
        "endTimeUnixNano": span.end_time_unix_nano,
        "attributes": _key_values(span.attributes),
        "droppedAttributesCount": span.dropped_attributes_count,
        "events": [_event(event) for event in span.events],
        "droppedEventsCount": span.dropped_events_count,
        "links": [_link(link) for link in span.links],
        "droppedLinksCount": span.dropped_links_count,
        "status": _without_defaults({"code": span.status.code, "message": span.status.message}),
    }
    return {"name": span.name, "startTimeUnixNano": span.start_time_unix_nano, **_without_defaults(fields)}


def _event(event: Span.Event) -> dict[str, Any]:
    return _without_defaults(
        {
            "timeUnixNano": event.time_unix_nano,
            "name": event.name,
            "attributes": _key_values(event.attributes),
            "droppedAttributesCount": event.dropped_attributes_count,
        }
    )


def _link(link: Span.Link) -> dict[str, Any]:
    return _without_defaults(
        {
            "traceId": _hex(link.trace_id, _TRACE_ID_BYTES),
            "spanId": _hex(link.span_id, _SPAN_ID_BYTES),
            "traceState": link.trace_state,
            "attributes": _key_values(link.attributes),
            "droppedAttributesCount": link.dropped_attributes_count,
            "flags": link.flags,
        }
    )


def _without_defaults(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields without those at protobuf's default value, which its JSON form omits."""
    return {name: value for name, value in fields.items() if value}


def _hex(identifier: bytes, length: int) -> str:
    if len(identifier) != length:
        raise InvalidSpans(f"an id has {len(identifier)} bytes instead of {length}")
    return identifier.hex()


def _key_values(pairs: Iterable[KeyValue]) -> list[dict[str, Any]]:
    return [{"key": pair.key, "value": _any_value(pair.value)} for pair in pairs]


def _any_value(value: AnyValue) -> dict[str, Any]:
    match value.WhichOneof("value"):
        case "string_value":
            return {"stringValue": value.string_value}
        case "int_value":
            return {"intValue": value.int_value}
        case "bool_value":
            return {"boolValue": value.bool_value}
        case "double_value":
            return {"doubleValue": encode_double(value.double_value)}
        case "bytes_value":
            return {"bytesValue": base64.b64encode(value.bytes_value).decode()}
        case "array_value":
            return {"arrayValue": {"values": [_any_value(member) for member in value.array_value.values]}}
        case "kvlist_value":
            return {"kvlistValue": {"values": _key_values(value.kvlist_value.values)}}
        case _:
            return {}
