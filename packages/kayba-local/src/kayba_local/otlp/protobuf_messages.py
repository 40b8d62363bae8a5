"""Spans as protobuf's classes, converted to OTLP's JSON form."""

from __future__ import annotations

from typing import Any, Final

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from kayba_local.otlp.fields import (
    MAX_MESSAGE_CHARACTERS,
    MAX_STATE_CHARACTERS,
    MAX_TIME_NS,
    InvalidField,
    check_length,
    check_name,
)
from kayba_local.otlp.protobuf_values import (
    SPAN_ID_BYTES,
    TRACE_ID_BYTES,
    read_id,
    read_key_values,
    without_defaults,
)

_KINDS: Final = range(6)
_STATUS_CODES: Final = range(3)


def convert_span(span: Span) -> dict[str, Any]:
    """Return a span in OTLP's JSON, in the form that is stored.

    Raises:
        InvalidField: A field is out of its limits, or has a value that OTLP does not define.
    """
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
