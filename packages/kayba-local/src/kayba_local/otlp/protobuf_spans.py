"""Spans in protobuf as most clients send them, read without an object for each message and field.

A span with ids, a name, times, a simple status and attributes of texts takes a fraction of the time of protobuf's
classes. For any other span, the functions return None, and the caller uses those classes.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from kayba_local.otlp.fields import MAX_NAME_CHARACTERS, MAX_TIME_NS

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
_STATUSES: Final = {b"": 0, b"\x18\x01": 1, b"\x18\x02": 2}
_KINDS: Final = range(6)
_NO_TRACE_ID: Final = bytes(16)
_NO_SPAN_ID: Final = bytes(8)


class PlainSpan(NamedTuple):
    """The fields of an encoded span. `parent_id` is empty for a root; each attribute is an encoded KeyValue."""

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    name: str
    start_ns: int
    end_ns: int
    kind: int
    status: int
    attributes: list[bytes]


def scan_span(encoded: bytes) -> PlainSpan | None:
    """Return the fields of an encoded span, or None if it needs protobuf's classes. The attributes are not checked."""
    try:
        return _scan_span(encoded)
    except (IndexError, ValueError):
        # An error is reported with protobuf's message.
        return None


def decode_plain_span(encoded: bytes) -> dict[str, Any] | None:
    """Return an encoded span in OTLP's JSON, or None if it needs protobuf's classes."""
    plain = scan_span(encoded)
    if plain is None:
        return None
    try:
        texts = list(map(read_text_attribute, plain.attributes))
    except (IndexError, ValueError):
        # For example an attribute without a value.
        return None
    pairs = [{"key": pair[0], "value": {"stringValue": pair[1]}} for pair in texts if pair is not None]
    if len(pairs) < len(texts):
        return None
    span: dict[str, Any] = {
        "traceId": plain.trace_id.hex(),
        "spanId": plain.span_id.hex(),
        "name": plain.name,
        "startTimeUnixNano": plain.start_ns,
    }
    if plain.parent_id:
        span["parentSpanId"] = plain.parent_id.hex()
    if plain.end_ns:
        span["endTimeUnixNano"] = plain.end_ns
    if plain.kind:
        span["kind"] = plain.kind
    if pairs:
        span["attributes"] = pairs
    if plain.status:
        span["status"] = {"code": plain.status}
    return span


def read_text_attribute(encoded: bytes) -> tuple[str, str] | None:
    """Return the key and the value of an encoded attribute, or None if the value is not a text.

    Raises:
        IndexError: The bytes end too early.
        ValueError: A text is not UTF-8, or a length is too long.
    """
    if encoded[0] != _TEXT_FIELD:
        return None
    size, at = _read_size(encoded, 1)
    key = encoded[at : at + size].decode()
    at += size
    if len(key) > MAX_NAME_CHARACTERS or encoded[at] != _VALUE_FIELD:
        return None
    size, at = _read_size(encoded, at + 1)
    if at + size != len(encoded) or encoded[at] != _TEXT_FIELD:
        return None
    size, at = _read_size(encoded, at + 1)
    if at + size != len(encoded):
        return None
    return key, encoded[at:].decode()


def _scan_span(encoded: bytes) -> PlainSpan | None:
    trace_id = span_id = parent_id = b""
    name = ""
    start_ns = end_ns = kind = at = 0
    status: int | None = None
    attributes: list[bytes] = []
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
            attributes.append(content)
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
    return PlainSpan(trace_id, span_id, parent_id, name, start_ns, end_ns, kind, status or 0, attributes)


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
