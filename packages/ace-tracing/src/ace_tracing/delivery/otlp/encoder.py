"""The OTLP/HTTP request: trace records encoded to protobuf bytes. Pure functions.

Tags of the trace (its name, its folder) are sent as `mlflow.traceTag.*` attributes of the root span, so a whole trace
needs no second request. A server parses a string attribute that contains JSON text of a string, list or object, and
keeps any other string unchanged. So values of those three types are sent as JSON text, strings in quotes, and read back
exactly.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, Final, TypeVarTuple

import orjson

from ace_tracing.delivery.otlp.attributes import (
    FOLDER_TAG,
    NAME_TAG,
    TAG_PREFIX,
    is_valid_id,
    root_attributes,
    sendable_attributes,
    truncate_name,
)
from ace_tracing.delivery.otlp.protobuf import any_value, field, is_int64, key_value, pack_fixed64, text_value, varint
from ace_tracing.recording.callsite import MAX_REMEMBERED_BYTES, read_call_site
from ace_tracing.recording.frames import (
    END_BYTES,
    NO_ID,
    PARENT_ID,
    SPAN_ID,
    split_start,
    trace_id_of,
)
from ace_tracing.recording.records import Role, SpanRecord, TraceRecord
from ace_tracing.version import __version__

GZIP_LEVEL: Final = 1
"""The fastest level: on spans, higher levels save few bytes and take much more time."""

SPANS_PER_YIELD: Final = 8
"""Spans encoded between two calls that yield the GIL. They take less than 50 microseconds."""

_MIN_LONG_NUMBER_CHARS: Final = 19
_LONG_NUMBER: Final = re.compile(r"\d{19}")
_LONG_NUMBER_BYTES: Final = re.compile(rb"\d{19}")
"""A number of 19 digits may need more than 64 bits. A server may accept such a number and then fail to return it."""

_JSON_TEXT_STARTS: Final = b'"[{'
"""First characters of JSON text that is sent unchanged."""

_PRECOMPUTED_SIZES: Final = 256
_CACHE_SIZE: Final = 1_000

_Texts = TypeVarTuple("_Texts")

_ATTRIBUTE: Final = b"\x4a"
_EVENT: Final = b"\x5a"
_LINK: Final = b"\x6a"
_STATUS_OK: Final = b"\x7a\x02\x18\x01"
_STATUS_CODES: Final = {"UNSET": b"", "OK": b"\x18\x01", "ERROR": b"\x18\x02"}
_KIND_INTERNAL: Final = b"\x30\x01"


class ExportRequest:
    """One OTLP request: traces of one experiment, sent together.

    Args:
        traces: The traces, at least one.
        yield_gil: Called regularly during encoding, so that other threads can run.

    Attributes:
        traces: The traces.
        experiment: The name of their experiment. None for the service's default.
    """

    content_type = "application/x-protobuf"
    """Media type of `otlp()`."""

    content_encoding: str | None = "gzip"
    """Compression of `otlp()`. None without compression."""

    def __init__(self, traces: Sequence[TraceRecord], yield_gil: Callable[[], object] = lambda: None) -> None:
        self.traces = traces
        self.experiment = traces[0].experiment
        self._yield_gil = yield_gil
        self._body: bytes | None = None

    @property
    def has_spans(self) -> bool:
        """Whether `otlp` contains spans."""
        return any(trace.entries for trace in self.traces)

    def otlp(self) -> bytes:
        """Return the request's body, encoded on first use."""
        # Not a cached_property: until Python 3.12 it has a lock, which a child could inherit held when forked.
        if self._body is None:
            self._body = gzip.compress(encode(self.traces, self._yield_gil), compresslevel=GZIP_LEVEL, mtime=0)
        return self._body


def encode(traces: Iterable[TraceRecord], yield_gil: Callable[[], object] = lambda: None) -> bytes:
    """Return an OTLP `ExportTraceServiceRequest` that contains the traces."""
    spans: list[bytes] = []
    since = 0
    for trace in traces:
        topmost = trace.entries[-1] if trace.role is Role.TOPMOST else None
        for entry in trace.entries:
            if isinstance(entry, SpanRecord):
                spans.append(encode_span(trace, entry, speaks=entry is topmost))
            else:
                spans.append(encode_packed(trace, *entry, speaks=entry is topmost))
            if len(spans) - since >= SPANS_PER_YIELD:
                since = len(spans)
                yield_gil()
    return field(b"\x0a", _RESOURCE + field(b"\x12", _SCOPE + b"".join(spans)))


def encode_packed(trace: TraceRecord, first: bytes, second: bytes, *, speaks: bool = False) -> bytes:
    """Return a span that is still packed in its two frames as a field of OTLP's `ScopeSpans`.

    Args:
        trace: The span's trace.
        first: The start frame.
        second: The end frame.
        speaks: Whether the span has the trace's facts as attributes, although it has a parent.
    """
    site, inputs = split_start(first)
    encoded = _call_sites.get(site) or _encode_call_site(site)
    if inputs:
        encoded += _encode_captured(_INPUTS, inputs)
    if len(second) > END_BYTES:
        encoded += _encode_captured(_OUTPUTS, second[END_BYTES:])
    parent_id = first[PARENT_ID]
    if parent_id != NO_ID:
        encoded += b"\x22\x08" + parent_id
        if speaks:
            encoded += _encode_text_attributes(root_attributes(trace, trace.spans[-1]))
    elif trace.details is None:
        encoded += _encode_default_tags(read_call_site(site).name, trace.folder)
    else:
        encoded += _encode_text_attributes(root_attributes(trace, trace.spans[-1]))
    # Frames are big-endian, OTLP is little-endian.
    encoded = b"\x0a\x10%b\x12\x08%b\x39%b\x41%b%b" % (
        trace_id_of(first), first[SPAN_ID], first[24:16:-1], second[16:8:-1], encoded
    )  # fmt: skip
    return b"\x12" + varint(len(encoded)) + encoded


def _encode_call_site(site: bytes) -> bytes:
    """Return the part that all spans of one call site share if they end with status OK."""
    place = read_call_site(site)
    attributes = sendable_attributes(place.attributes or {})
    encoded = _encode_header(place.name, place.span_type, place.function, place.agent) + _STATUS_OK
    encoded += b"".join(key_value(_ATTRIBUTE, name, _encode_value(value)) for name, value in attributes)
    if len(_call_sites) < _CACHE_SIZE and len(site) <= MAX_REMEMBERED_BYTES:
        _call_sites[site] = encoded
    return encoded


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
        _encode_header(span.name, span.span_type, span.function, span.agent),
        b"\x39",
        pack_fixed64(span.start_ns),
        b"\x41",
        pack_fixed64(span.end_ns),
    ]
    if span.inputs is not None:
        parts.append(key_value(_ATTRIBUTE, "mlflow.spanInputs", _encode_json_text(span.inputs)))
    if span.outputs is not None:
        parts.append(key_value(_ATTRIBUTE, "mlflow.spanOutputs", _encode_json_text(span.outputs)))
    if span.parent_id is not None:
        parts += (b"\x22\x08", bytes.fromhex(span.parent_id))
        if speaks:
            parts.append(_encode_text_attributes(root_attributes(trace, span)))
    elif trace.details is None:
        parts.append(_encode_default_tags(span.name, trace.folder))
    else:
        parts.append(_encode_text_attributes(root_attributes(trace, span)))
    if span.attributes:
        parts += [
            key_value(_ATTRIBUTE, name, _encode_value(value)) for name, value in sendable_attributes(span.attributes)
        ]
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


def stringify_long_ints(value: Any) -> Any:
    """Return a JSON value with each integer that needs more than 64 bits as a string of digits."""
    match value:
        case list():
            return [stringify_long_ints(item) for item in value]
        case dict():
            return {key: stringify_long_ints(item) for key, item in value.items()}
        case int() if not is_int64(value):
            return str(value)
        case _:
            return value


def _memoize(encode_texts: Callable[[*_Texts], bytes]) -> Callable[[*_Texts], bytes]:
    """Cache the small results of a function of texts: an `lru_cache` limits entries, but not their size."""
    cache: dict[tuple[*_Texts], bytes] = {}

    @wraps(encode_texts)
    def memoized(*texts: *_Texts) -> bytes:
        encoded = cache.get(texts)
        if encoded is None:
            encoded = encode_texts(*texts)
            if len(cache) < _CACHE_SIZE and len(encoded) <= MAX_REMEMBERED_BYTES:
                cache[texts] = encoded
        return encoded

    return memoized


@_memoize
def _encode_header(name: str, span_type: str, function: str | None, agent: str | None) -> bytes:
    """Return the name, kind, type, function and agent of a span."""
    texts = {"mlflow.spanType": span_type, "mlflow.spanFunctionName": function, "gen_ai.agent.name": agent}
    attributes = [key_value(_ATTRIBUTE, key, _encode_value(text)) for key, text in texts.items() if text is not None]
    return field(b"\x2a", truncate_name(name).encode()) + _KIND_INTERNAL + b"".join(attributes)


@_memoize
def _encode_default_tags(root_name: str, folder: str | None) -> bytes:
    """Return the name and folder of a trace without other details, as attributes of its root."""
    tags = {NAME_TAG: truncate_name(root_name)} | ({FOLDER_TAG: folder} if folder is not None else {})
    return _encode_text_attributes({TAG_PREFIX + key: text for key, text in tags.items()})


def _encode_text_attributes(attributes: dict[str, str]) -> bytes:
    return b"".join(key_value(_ATTRIBUTE, truncate_name(key), text_value(text)) for key, text in attributes.items())


def _encode_captured(prefixes: _Prefixes, text: bytes) -> bytes:
    """Return inputs or outputs as an attribute: JSON text, usually unchanged."""
    size = len(text)
    if text[0] not in _JSON_TEXT_STARTS or (size >= _MIN_LONG_NUMBER_CHARS and _LONG_NUMBER_BYTES.search(text)):
        return key_value(_ATTRIBUTE, prefixes.key, _encode_json_text(text.decode()))
    return (prefixes.short[size] if size < _PRECOMPUTED_SIZES else prefixes.encode(size)) + text


class _Prefixes:
    """The bytes before the text of one attribute, by the text's size in bytes."""

    def __init__(self, key: str) -> None:
        self.key = key
        self._encoded_key = field(b"\x0a", key.encode())
        self.short = [self.encode(size) for size in range(_PRECOMPUTED_SIZES)]

    def encode(self, size: int) -> bytes:
        """Return the bytes before a text of this size."""
        in_value = b"\x0a" + varint(size)
        in_pair = self._encoded_key + b"\x12" + varint(len(in_value) + size) + in_value
        return _ATTRIBUTE + varint(len(in_pair) + size) + in_pair


def _encode_json_text(text: str) -> bytes:
    """Return JSON text as an attribute's value."""
    if text[0] in '"[{' and not _LONG_NUMBER.search(text):
        return text_value(text)
    return _encode_value(orjson.loads(text))


def _encode_value(value: Any) -> bytes:
    """Return a JSON value as the value of a span's attribute."""
    if value is None or isinstance(value, float) or (isinstance(value, int) and is_int64(value)):
        return any_value(value)
    return text_value(orjson.dumps(stringify_long_ints(value)).decode())


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


_SCOPE: Final = field(b"\x0a", field(b"\x0a", b"ace-tracing") + field(b"\x12", __version__.encode()))
_RESOURCE: Final = field(
    b"\x0a",
    key_value(b"\x0a", "telemetry.sdk.name", text_value("ace-tracing"))
    + key_value(b"\x0a", "telemetry.sdk.language", text_value("python")),
)

_INPUTS: Final = _Prefixes("mlflow.spanInputs")
_OUTPUTS: Final = _Prefixes("mlflow.spanOutputs")
_call_sites: dict[bytes, bytes] = {}
