"""Spans: one span record as a field of OTLP's `ScopeSpans`, and the parts that many spans share. Pure functions."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVarTuple

from ace_tracing.delivery.otlp.attributes import (
    FOLDER_TAG,
    NAME_TAG,
    TAG_PREFIX,
    is_valid_id,
    root_attributes,
    sendable_attributes,
    truncate_name,
)
from ace_tracing.delivery.otlp.protobuf import any_value, field, key_value, pack_fixed64, text_value, varint
from ace_tracing.delivery.otlp.values import encode_json_text, encode_value
from ace_tracing.recording.callsite import MAX_REMEMBERED_BYTES, InstrumentationScope, read_call_site
from ace_tracing.recording.records import SpanRecord, TraceRecord

INPUTS_KEY: Final = "mlflow.spanInputs"
OUTPUTS_KEY: Final = "mlflow.spanOutputs"
SERVER_PREFIX: Final = "mlflow."
"""Prefix of the attributes whose values are JSON text."""
ATTRIBUTE: Final = b"\x4a"
CACHE_SIZE: Final = 1_000
"""How many encoded parts are remembered, of each kind."""

_Texts = TypeVarTuple("_Texts")

_EVENT: Final = b"\x5a"
_LINK: Final = b"\x6a"
_STATUS_OK: Final = b"\x7a\x02\x18\x01"
_STATUS_CODES: Final = {"UNSET": b"", "OK": b"\x18\x01", "ERROR": b"\x18\x02"}
_KIND_INTERNAL: Final = b"\x30\x01"
UNKNOWN: Final = "UNKNOWN"
"""The type of a span whose type is not known."""


def encode_span(trace: TraceRecord, span: SpanRecord, *, speaks: bool = False) -> bytes:
    """Return a span as a field of OTLP's `ScopeSpans`.

    Args:
        trace: The span's trace.
        span: The span.
        speaks: Whether the span has the trace's facts as attributes, although it has a parent.
    """
    parts = [
        b"\x0a\x10",
        bytes.fromhex(trace.trace_id),
        b"\x12\x08",
        bytes.fromhex(span.span_id),
        _encode_header(span.name, span.span_type, span.function, span.agent)
        if span.scope is None
        else _encode_scoped_header(span, span.scope.kind),
        b"\x39",
        pack_fixed64(span.start_ns),
        b"\x41",
        pack_fixed64(span.end_ns),
    ]
    if span.inputs is not None:
        parts.append(key_value(ATTRIBUTE, INPUTS_KEY, encode_json_text(span.inputs.encode())))
    if span.outputs is not None:
        parts.append(key_value(ATTRIBUTE, OUTPUTS_KEY, encode_json_text(span.outputs.encode())))
    if span.parent_id is not None:
        parts += (b"\x22\x08", bytes.fromhex(span.parent_id))
        if speaks:
            parts.append(encode_trace_facts(trace, span))
    elif trace.details is None:
        parts.append(encode_default_tags(span.name, trace.folder))
    else:
        parts.append(encode_trace_facts(trace, span))
    if span.attributes:
        attributes = sendable_attributes(span.attributes)
        if span.scope is None:
            parts += [key_value(ATTRIBUTE, name, encode_value(value)) for name, value in attributes]
        else:
            parts += [key_value(ATTRIBUTE, name, encode_scoped_value(name, value)) for name, value in attributes]
    if span.events:
        parts += [_encode_event(*event) for event in span.events]
    if span.links:
        parts += [_encode_link(*link) for link in span.links]
    if span.status == "OK" and not span.status_message:
        parts.append(_STATUS_OK)
    else:
        message = field(b"\x12", span.status_message.encode()) if span.status_message else b""
        parts.append(field(b"\x7a", message + _STATUS_CODES[span.status]))
    return field(b"\x12", b"".join(parts))


def encode_call_site(site: bytes) -> bytes:
    """Return the part that all spans of one call site share if they end with status OK."""
    place = read_call_site(site)
    attributes = sendable_attributes(place.attributes or {})
    encoded = _encode_header(place.name, place.span_type, place.function, place.agent) + _STATUS_OK
    return encoded + b"".join(key_value(ATTRIBUTE, name, encode_value(value)) for name, value in attributes)


def encode_scope(scope: InstrumentationScope) -> tuple[bytes, bytes]:
    """Return the fields of OTLP's `ScopeSpans` before and after the spans of a scope."""
    attributes = _encode_plain_attributes(b"\x1a", scope.attributes)
    names = field(b"\x0a", scope.name.encode()) + field(b"\x12", scope.version.encode())
    return field(b"\x0a", names + attributes), field(b"\x1a", scope.schema_url.encode()) if scope.schema_url else b""


def encode_scoped_value(name: str, value: Any) -> bytes:
    """Return an attribute of a span of OpenTelemetry: as it is, unless servers read JSON text under its name."""
    return encode_value(value) if name.startswith(SERVER_PREFIX) else any_value(value)


def encode_trace_facts(trace: TraceRecord, span: SpanRecord) -> bytes:
    """Return the facts of a trace as attributes of its root or topmost span."""
    return _encode_text_attributes(root_attributes(trace, span))


def _memoize(encode_texts: Callable[[*_Texts], bytes]) -> Callable[[*_Texts], bytes]:
    """Cache the small results of a function of texts: an `lru_cache` limits entries, but not their size."""
    cache: dict[tuple[*_Texts], bytes] = {}

    @wraps(encode_texts)
    def memoized(*texts: *_Texts) -> bytes:
        encoded = cache.get(texts)
        if encoded is None:
            encoded = encode_texts(*texts)
            if len(cache) < CACHE_SIZE and len(encoded) <= MAX_REMEMBERED_BYTES:
                cache[texts] = encoded
        return encoded

    return memoized


@_memoize
def encode_default_tags(root_name: str, folder: str | None) -> bytes:
    """Return the name and folder of a trace without other details, as attributes of its root."""
    tags = {NAME_TAG: truncate_name(root_name)} | ({FOLDER_TAG: folder} if folder is not None else {})
    return _encode_text_attributes({TAG_PREFIX + key: text for key, text in tags.items()})


@_memoize
def _encode_header(name: str, span_type: str, function: str | None, agent: str | None) -> bytes:
    """Return the name, kind, type, function and agent of a span."""
    texts = {"mlflow.spanType": span_type, "mlflow.spanFunctionName": function, "gen_ai.agent.name": agent}
    attributes = [key_value(ATTRIBUTE, key, encode_value(text)) for key, text in texts.items() if text is not None]
    return field(b"\x2a", truncate_name(name).encode()) + _KIND_INTERNAL + b"".join(attributes)


def _encode_scoped_header(span: SpanRecord, kind: int) -> bytes:
    """Return the name and kind of a span of OpenTelemetry, and its type and agent where they are known."""
    present = span.attributes or {}
    texts = {
        "mlflow.spanType": None if span.span_type == UNKNOWN else span.span_type,
        "gen_ai.agent.name": None if "gen_ai.agent.name" in present else span.agent,
    }
    attributes = [
        key_value(ATTRIBUTE, key, encode_scoped_value(key, text)) for key, text in texts.items() if text is not None
    ]
    return field(b"\x2a", truncate_name(span.name).encode()) + b"\x30" + varint(kind) + b"".join(attributes)


def _encode_text_attributes(attributes: dict[str, str]) -> bytes:
    return b"".join(
        key_value(ATTRIBUTE, truncate_name(key), text_value(text.encode())) for key, text in attributes.items()
    )


def _encode_event(name: str, time_ns: int, attributes: dict[str, Any]) -> bytes:
    head = b"\x09" + pack_fixed64(time_ns) + field(b"\x12", truncate_name(name).encode())
    return field(_EVENT, head + _encode_plain_attributes(b"\x1a", attributes))


def _encode_link(trace_id: str, span_id: str, attributes: dict[str, Any]) -> bytes:
    if not (is_valid_id(trace_id, 32) and is_valid_id(span_id, 16)):
        return b""
    ids = field(b"\x0a", bytes.fromhex(trace_id)) + field(b"\x12", bytes.fromhex(span_id))
    return field(_LINK, ids + _encode_plain_attributes(b"\x22", attributes))


def _encode_plain_attributes(tag: bytes, attributes: dict[str, Any]) -> bytes:
    """Return attributes of an event or a link. Servers keep their values unchanged, so none is JSON text."""
    return b"".join(key_value(tag, truncate_name(key), any_value(value)) for key, value in attributes.items())
