"""Spans in protobuf as most clients send them, read without an object for each message and field.

A span with ids, a name, times, a simple status and attributes of texts takes a third of the time of protobuf's classes.
For any other span, `read_span` returns None, and `protobuf_requests` reads it with them.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import orjson

from kayba_local.conventions import is_read
from kayba_local.otlp.columns import COLUMN_ATTRIBUTES, make_columns
from kayba_local.otlp.contents import JSON
from kayba_local.otlp.fields import MAX_NAME_CHARACTERS, MAX_TIME_NS
from kayba_local.otlp.records import TRACE_ID_PREFIX, SpanRecord
from kayba_local.otlp.spans import INPUTS, OUTPUTS
from kayba_local.otlp.values import unwrap

MAX_REMEMBERED: Final = 4_096
MAX_REMEMBERED_BYTES: Final = 256
"""How many attributes are remembered, and the size of each. Many spans have the same type, function and agent."""

_TRACE_ID: Final = 0x0A
_SPAN_ID: Final = 0x12
_PARENT_ID: Final = 0x22
_NAME: Final = 0x2A
_KIND: Final = 0x30
_START: Final = 0x39
_END: Final = 0x41
_ATTRIBUTE: Final = 0x4A
_STATUS: Final = 0x7A
"""The fields' numbers and wire types in one byte."""
_TRACE_ID_HEAD: Final = b"\x0a\x10"
_SPAN_ID_HEAD: Final = b"\x12\x08"
"""Field and length of ids."""
_TEXT_FIELD: Final = 0x0A
_VALUE_FIELD: Final = 0x12
_STATUSES: Final = {b"": None, b"\x18\x01": {"code": 1}, b"\x18\x02": {"code": 2}}
_KINDS: Final = range(6)
Column: TypeAlias = tuple[str, Any]
"""An attribute that a column is read from, decoded."""

_NO_TRACE_ID: Final = bytes(16)
_NO_SPAN_ID: Final = bytes(8)

_attributes: dict[bytes, tuple[orjson.Fragment, Column | None]] = {}


def read_span(encoded: bytes, resource: bytes) -> SpanRecord | None:
    """Return the record of an encoded span, or None if it needs protobuf's classes.

    Args:
        encoded: The span.
        resource: The result of `encode_resource` for the span's resource.
    """
    try:
        return _read_span(encoded, resource)
    except (IndexError, ValueError):
        # An error is reported with protobuf's message.
        return None


def _read_span(encoded: bytes, resource: bytes) -> SpanRecord | None:
    trace_id = span_id = parent_id = b""
    name = ""
    start_ns = end_ns = kind = at = 0
    status = None
    attributes: list[Any] = []
    columns: dict[str, Any] = {}
    end = len(encoded)
    if encoded[:2] == _TRACE_ID_HEAD and encoded[18:20] == _SPAN_ID_HEAD:
        # Nearly every client begins with the ids.
        trace_id, span_id, at = encoded[2:18], encoded[20:28], 28
    while at < end:
        tag = encoded[at]
        if tag == _START:
            start_ns = int.from_bytes(encoded[at + 1 : at + 9], "little")
            at += 9
            continue
        if tag == _END:
            end_ns = int.from_bytes(encoded[at + 1 : at + 9], "little")
            at += 9
            continue
        size = encoded[at + 1]
        at += 2
        if tag == _KIND:
            kind = size
            if kind not in _KINDS:
                return None
            continue
        if size > 127:
            size, at = _read_size(encoded, at - 1)
        content = encoded[at : at + size]
        at += size
        if tag == _ATTRIBUTE:
            attribute = _attributes.get(content) or _read_attribute(content)
            if attribute is None:
                return None
            encoded_attribute, column = attribute
            attributes.append(encoded_attribute)
            if column is not None:
                columns[column[0]] = column[1]
        elif tag == _TRACE_ID:
            trace_id = content
        elif tag == _SPAN_ID:
            span_id = content
        elif tag == _PARENT_ID:
            parent_id = content
        elif tag == _NAME:
            name = content.decode()
        elif tag == _STATUS:
            # Protobuf merges the messages of a field that comes twice.
            if content not in _STATUSES or status is not None:
                return None
            status = _STATUSES[content]
        else:
            return None
    has_ids = len(trace_id) == 16 and len(span_id) == 8 and trace_id != _NO_TRACE_ID and span_id != _NO_SPAN_ID
    if parent_id == _NO_SPAN_ID:
        parent_id = b""
    is_valid = has_ids and len(parent_id) in (0, 8) and start_ns <= MAX_TIME_NS and end_ns <= MAX_TIME_NS
    if at != end or not is_valid or len(name) > MAX_NAME_CHARACTERS:
        return None
    trace_hex, span_hex, parent_hex = trace_id.hex(), span_id.hex(), parent_id.hex() or None
    # The keys are sorted, as in every stored span.
    span: dict[str, Any] = {"attributes": attributes} if attributes else {}
    if end_ns:
        span["endTimeUnixNano"] = end_ns
    if kind:
        span["kind"] = kind
    span["name"] = name
    if parent_hex:
        span["parentSpanId"] = parent_hex
    span["spanId"] = span_hex
    span["startTimeUnixNano"] = start_ns
    if status:
        span["status"] = status
    span["traceId"] = trace_hex
    return SpanRecord(
        TRACE_ID_PREFIX + trace_hex, span_hex, parent_hex, start_ns, end_ns,
        make_columns(name, status["code"] if status else 0, "", columns, {}), JSON, orjson.dumps(span), resource,
    )  # fmt: skip


def _read_attribute(encoded: bytes) -> tuple[dict[str, Any] | orjson.Fragment, Column | None] | None:
    """Return an attribute with a text; None if it has another value, or others are derived from it."""
    if encoded[0] != _TEXT_FIELD:
        return None
    size, at = _read_size(encoded, 1)
    key = encoded[at : at + size].decode()
    at += size
    if len(key) > MAX_NAME_CHARACTERS or encoded[at] != _VALUE_FIELD or is_read(key):
        return None
    size, at = _read_size(encoded, at + 1)
    if at + size != len(encoded) or encoded[at] != _TEXT_FIELD:
        return None
    size, at = _read_size(encoded, at + 1)
    if at + size != len(encoded):
        return None
    text = encoded[at:].decode()
    attribute = {"key": key, "value": {"stringValue": text}}
    column = (key, unwrap(text)) if key in COLUMN_ATTRIBUTES else None
    if len(encoded) > MAX_REMEMBERED_BYTES or key in (INPUTS, OUTPUTS):
        return attribute, column
    if len(_attributes) >= MAX_REMEMBERED:
        _attributes.clear()
    _attributes[encoded] = remembered = (orjson.Fragment(orjson.dumps(attribute)), column)
    return remembered


def _read_size(encoded: bytes, at: int) -> tuple[int, int]:
    """Return a length and the offset behind it."""
    size = encoded[at]
    at += 1
    if size < 128:
        return size, at
    size &= 127
    for shift in range(7, 35, 7):
        byte = encoded[at]
        at += 1
        size |= (byte & 127) << shift
        if byte < 128:
            return size, at
    raise ValueError("the length has more than five bytes")
