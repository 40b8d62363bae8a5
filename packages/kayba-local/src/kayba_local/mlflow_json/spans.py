"""Spans in responses: OTLP's Span in protobuf's JSON, with the .proto's field names and ids in base64."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

from kayba_local.otlp.records import TRACE_ID_PREFIX
from kayba_local.otlp.spans import Event, Link, Span
from kayba_local.otlp.values import encode_value

_FIELDS: Final = {
    "stringValue": "string_value",
    "boolValue": "bool_value",
    "intValue": "int_value",
    "doubleValue": "double_value",
    "bytesValue": "bytes_value",
}


def write_span(span: Span) -> dict[str, Any]:
    """Return a span for a response, without the fields that are unknown or empty."""
    fields = {
        "trace_id": _base64(span.trace_id),
        "span_id": _base64(span.span_id),
        "parent_span_id": span.parent_id and _base64(span.parent_id),
        "name": span.name,
        "start_time_unix_nano": span.start_ns,
        "end_time_unix_nano": span.end_ns,
        "attributes": _attributes({**span.attributes, "mlflow.traceRequestId": TRACE_ID_PREFIX + span.trace_id}),
        "events": [_event(event) for event in span.events] or None,
        "links": [_link(link) for link in span.links] or None,
        "status": _status(span),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _status(span: Span) -> dict[str, Any]:
    code = {"code": f"STATUS_CODE_{span.status}"}
    return {**code, "message": span.status_message} if span.status_message else code


def _event(event: Event) -> dict[str, Any]:
    return {"name": event.name, "time_unix_nano": event.time_ns, "attributes": _attributes(event.attributes)}


def _link(link: Link) -> dict[str, Any]:
    ids = {"trace_id": _base64(link.trace_id), "span_id": _base64(link.span_id)}
    return {**ids, "attributes": _attributes(link.attributes)}


def _attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(encode_value(value))} for key, value in values.items()]


def _value(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return an AnyValue with the .proto's field names."""
    if not value:
        return {}
    kind, content = next(iter(value.items()))
    if kind == "arrayValue":
        return {"array_value": {"values": [_value(member) for member in content["values"]]}}
    if kind == "kvlistValue":
        members = [{"key": member["key"], "value": _value(member["value"])} for member in content["values"]]
        return {"kvlist_value": {"values": members}}
    return {_FIELDS[kind]: content}


def _base64(identifier: str) -> str:
    return base64.b64encode(bytes.fromhex(identifier)).decode()
