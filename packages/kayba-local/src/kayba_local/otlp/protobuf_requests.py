"""OTLP/HTTP requests in protobuf, converted to OTLP's JSON form."""

from __future__ import annotations

from typing import Any, Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from kayba_local.otlp.fields import (
    MAX_MESSAGE_CHARACTERS,
    MAX_STATE_CHARACTERS,
    MAX_TIME_NS,
    InvalidField,
    check_length,
    check_name,
)
from kayba_local.otlp.protobuf_spans import read_span
from kayba_local.otlp.protobuf_values import (
    MAX_MESSAGES,
    SPAN_ID_BYTES,
    TRACE_ID_BYTES,
    read_id,
    read_key_values,
    split_messages,
    without_defaults,
)
from kayba_local.otlp.records import Batch, InvalidSpans, encode_resource

_RESOURCE_SPANS: Final = 1
_RESOURCE: Final = 1
_SCOPE_SPANS: Final = 2
_SPANS: Final = 2
"""Field numbers of the nested messages."""
_KINDS: Final = range(6)
_STATUS_CODES: Final = range(3)


def read(body: bytes) -> Batch:
    """Read the spans of an encoded ExportTraceServiceRequest. Spans that cannot be stored are rejected one by one.

    Raises:
        InvalidSpans: The bytes are not such a message.
    """
    batch = Batch()
    try:
        groups = split_messages(body, _RESOURCE_SPANS)
    except DecodeError as error:
        raise InvalidSpans(f"The body is not an OTLP trace request in protobuf: {error}") from error
    for resource_spans in groups:
        try:
            resource = _decode_resource(split_messages(resource_spans, _RESOURCE))
            scopes = split_messages(resource_spans, _SCOPE_SPANS)
            contents = [content for scope_spans in scopes for content in split_messages(scope_spans, _SPANS)]
        except DecodeError as reason:
            batch.reject("", f"its group is not valid protobuf: {reason}")
            continue
        if batch.count + len(contents) > MAX_MESSAGES:
            raise InvalidSpans(f"The body has more than {MAX_MESSAGES:,} spans: send fewer in one request.")
        for content in contents:
            record = read_span(content, resource)
            if record is not None:
                batch.spans.append(record)
            else:
                _read_any_span(batch, content, resource)
    return batch


def write_response(batch: Batch) -> bytes:
    """Return the response to a request: empty, or the number of rejected spans and the reason."""
    response = ExportTraceServiceResponse()
    if batch.rejected:
        response.partial_success.rejected_spans = batch.rejected
        response.partial_success.error_message = batch.describe_rejections()
    return response.SerializeToString()


def _read_any_span(batch: Batch, content: bytes, resource: bytes) -> None:
    try:
        span = Span.FromString(content)
    except DecodeError as reason:
        batch.reject("", f"it is not a span in protobuf: {reason}")
    else:
        _add(batch, span, resource)


def _decode_resource(encoded: list[bytes]) -> bytes:
    try:
        return _encode_resource(Resource.FromString(b"".join(encoded)))
    except DecodeError:
        return encode_resource(())


def _encode_resource(resource: Resource) -> bytes:
    try:
        return encode_resource(read_key_values(resource.attributes))
    except InvalidField:
        return encode_resource(())


def _add(batch: Batch, span: Span, resource: bytes) -> None:
    try:
        batch.add(_span(span), resource)
    except InvalidField as error:
        batch.reject(span.name, error)


def _span(span: Span) -> dict[str, Any]:
    if span.kind not in _KINDS or span.status.code not in _STATUS_CODES:
        raise InvalidField("OTLP does not define its kind or its status code")
    fields = {
        "traceId": read_id(span.trace_id, TRACE_ID_BYTES),
        "spanId": read_id(span.span_id, SPAN_ID_BYTES),
        "parentSpanId": read_id(span.parent_span_id, SPAN_ID_BYTES) if any(span.parent_span_id) else None,
        "traceState": check_length(span.trace_state, MAX_STATE_CHARACTERS),
        "flags": span.flags,
        "name": check_name(span.name),
        "kind": span.kind,
        "startTimeUnixNano": span.start_time_unix_nano,
        "endTimeUnixNano": span.end_time_unix_nano,
        "attributes": read_key_values(span.attributes),
        "droppedAttributesCount": span.dropped_attributes_count,
        "events": [_event(event) for event in span.events],
        "droppedEventsCount": span.dropped_events_count,
        "links": [_link(link) for link in span.links],
        "droppedLinksCount": span.dropped_links_count,
        "status": without_defaults({"code": span.status.code, "message": span.status.message[:MAX_MESSAGE_CHARACTERS]}),
    }
    return {"name": span.name, "startTimeUnixNano": span.start_time_unix_nano, **without_defaults(fields)}


def _event(event: Span.Event) -> dict[str, Any]:
    return without_defaults(
        {
            "timeUnixNano": min(event.time_unix_nano, MAX_TIME_NS),
            "name": check_name(event.name),
            "attributes": read_key_values(event.attributes),
            "droppedAttributesCount": event.dropped_attributes_count,
        }
    )


def _link(link: Span.Link) -> dict[str, Any]:
    return without_defaults(
        {
            "traceId": read_id(link.trace_id, TRACE_ID_BYTES),
            "spanId": read_id(link.span_id, SPAN_ID_BYTES),
            "traceState": check_length(link.trace_state, MAX_STATE_CHARACTERS),
            "attributes": read_key_values(link.attributes),
            "droppedAttributesCount": link.dropped_attributes_count,
            "flags": link.flags,
        }
    )
