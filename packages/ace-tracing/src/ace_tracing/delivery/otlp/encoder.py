"""Records -> one OTLP/HTTP request of many traces, in protobuf. Pure functions.

What belongs to the trace (its folder, its name) rides on the root span as `mlflow.traceTag.*` attributes, so a whole
trace needs no second request. Servers read a string attribute that is JSON text of a string, list or object as that
value, and any other string as it stands: so those three travel as JSON text, strings in quotes, and come back exactly.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, TypeVarTuple

import orjson

from ace_tracing.delivery.otlp.attributes import (
    FOLDER_TAG,
    NAME_TAG,
    TAG_PREFIX,
    is_id,
    name_of,
    of_trace,
    with_meaning,
)
from ace_tracing.delivery.otlp.protobuf import any_value, field, fits, key_value, pack_fixed64, text_value, varint
from ace_tracing.recording.frames import (
    END_BYTES,
    MAX_REMEMBERED_BYTES,
    NO_ID,
    PARENT_ID,
    SPAN_ID,
    SpanRecord,
    TraceRecord,
    parts_of,
    place_of,
    trace_id_of,
)
from ace_tracing.version import __version__

GZIP_LEVEL = 1
"""The fastest: on spans, higher levels save few bytes for much more time."""

SPANS_AT_A_TIME = 8
"""Encoded between two times to give way: they take less than fifty microseconds."""

_FEWEST_OF_MANY_DIGITS = 19
_MANY_DIGITS = re.compile(r"\d{19}")
_MANY_DIGITS_IN_BYTES = re.compile(rb"\d{19}")
_WRAPPED = b'"[{'
_Texts = TypeVarTuple("_Texts")
_SHORT = 256
_MOST_REMEMBERED = 1_000

_ATTRIBUTE = b"\x4a"
_EVENT = b"\x5a"
_LINK = b"\x6a"
_STATUS_OK = b"\x7a\x02\x18\x01"
_STATUS_CODES = {"UNSET": b"", "OK": b"\x18\x01", "ERROR": b"\x18\x02"}
_INTERNAL = b"\x30\x01"


class ExportRequest:
    """Traces of one experiment, to be sent together.

    Args:
        traces: at least one.
        give_way: called now and then while they are encoded, so that other threads need not wait.
    """

    content_type = "application/x-protobuf"
    content_encoding: str | None = "gzip"

    def __init__(self, traces: Sequence[TraceRecord], yield_gil: Callable[[], object] = lambda: None) -> None:
        self.traces = traces
        self._give_way = yield_gil
        self._body: bytes | None = None
        self.experiment = traces[0].experiment
        """The name of the experiment; None for the service's default."""

    def otlp(self) -> bytes:
        """Give the body of an OTLP request with all of them, encoded when it is first asked for."""
        # Not a cached_property: until Python 3.12 that has a lock, which a child may be forked with.
        if self._body is None:
            self._body = gzip.compress(encode(self.traces, self._give_way), compresslevel=GZIP_LEVEL, mtime=0)
        return self._body


def encode(traces: Iterable[TraceRecord], yield_gil: Callable[[], object] = lambda: None) -> bytes:
    """Give an OTLP `ExportTraceServiceRequest` that holds these traces."""
    spans: list[bytes] = []
    since = 0
    for trace in traces:
        for entry in trace.entries:
            spans.append(encode_span(trace, entry) if isinstance(entry, SpanRecord) else encode_packed(trace, *entry))
            if len(spans) - since >= SPANS_AT_A_TIME:
                since = len(spans)
                yield_gil()
    return field(b"\x0a", _RESOURCE + field(b"\x12", _SCOPE + b"".join(spans)))


def encode_packed(trace: TraceRecord, first: bytes, second: bytes) -> bytes:
    """Give a span of which no more is known than its two frames say as a field of OTLP's `ScopeSpans`."""
    site, inputs = parts_of(first)
    encoded = _sites.get(site) or _encoded_site(site)
    if inputs:
        encoded += _captured(_INPUTS, inputs)
    if len(second) > END_BYTES:
        encoded += _captured(_OUTPUTS, second[END_BYTES:])
    parent_id = first[PARENT_ID]
    if parent_id != NO_ID:
        encoded += b"\x22\x08" + parent_id
    elif trace.details is None:
        encoded += _filing(place_of(site).name, trace.folder)
    else:
        encoded += _texts(of_trace(trace, trace.spans[-1]))
    # OTLP has its numbers the other way round.
    encoded = b"\x0a\x10%b\x12\x08%b\x39%b\x41%b%b" % (
        trace_id_of(first), first[SPAN_ID], first[24:16:-1], second[16:8:-1], encoded
    )  # fmt: skip
    return b"\x12" + varint(len(encoded)) + encoded


def _encoded_site(site: bytes) -> bytes:
    """What is the same for all spans of one place in the code that ended as most do."""
    place = place_of(site)
    own = own_attributes(place.attributes or {})
    encoded = _place(place.name, place.span_type, place.function, place.agent) + _STATUS_OK
    encoded += b"".join(key_value(_ATTRIBUTE, name, _value(value)) for name, value in own)
    if len(_sites) < _MOST_REMEMBERED and len(site) <= MAX_REMEMBERED_BYTES:
        _sites[site] = encoded
    return encoded


def encode_span(trace: TraceRecord, span: SpanRecord) -> bytes:
    """Give one span as a field of OTLP's `ScopeSpans`."""
    parts = [
        b"\x0a\x10",
        bytes.fromhex(trace.trace_id),
        b"\x12\x08",
        bytes.fromhex(span.span_id),
        _place(span.name, span.span_type, span.function, span.agent),
        b"\x39",
        pack_fixed64(span.start_ns),
        b"\x41",
        pack_fixed64(span.end_ns),
    ]
    if span.inputs is not None:
        parts.append(key_value(_ATTRIBUTE, "mlflow.spanInputs", _json_text(span.inputs)))
    if span.outputs is not None:
        parts.append(key_value(_ATTRIBUTE, "mlflow.spanOutputs", _json_text(span.outputs)))
    if span.parent_id is not None:
        parts += (b"\x22\x08", bytes.fromhex(span.parent_id))
    elif trace.details is None:
        parts.append(_filing(span.name, trace.folder))
    else:
        parts.append(_texts(of_trace(trace, span)))
    if span.attributes:
        parts += [key_value(_ATTRIBUTE, name, _value(value)) for name, value in own_attributes(span.attributes)]
    if span.events:
        parts += [_event(*event) for event in span.events]
    if span.links:
        parts += [_link(*link) for link in span.links]
    if span.status == "OK" and not span.status_message:
        parts.append(_STATUS_OK)
    else:
        message = field(b"\x12", span.status_message.encode()) if span.status_message else b""
        parts.append(field(b"\x7a", message + _STATUS_CODES[span.status]))
    return field(b"\x12", b"".join(parts))


def own_attributes(attributes: dict[str, Any]) -> list[tuple[str, Any]]:
    """The attributes that were recorded on a span, under names and with values that can be sent."""
    return [
        (name_of(key), value)
        for key, value in map(with_meaning, attributes.keys(), attributes.values())
    ]  # fmt: skip


def fitting(value: Any) -> Any:
    """The same value with every integer beyond 64 bits as its digits."""
    match value:
        case list():
            return [fitting(item) for item in value]
        case dict():
            return {key: fitting(item) for key, item in value.items()}
        case int() if not fits(value):
            return str(value)
        case _:
            return value


def _remembered(encode_texts: Callable[[*_Texts], bytes]) -> Callable[[*_Texts], bytes]:
    """Remember what a function of texts gives, if it is small: an `lru_cache` counts entries, however large."""
    known: dict[tuple[*_Texts], bytes] = {}

    @wraps(encode_texts)
    def remembering(*texts: *_Texts) -> bytes:
        encoded = known.get(texts)
        if encoded is None:
            encoded = encode_texts(*texts)
            if len(known) < _MOST_REMEMBERED and len(encoded) <= MAX_REMEMBERED_BYTES:
                known[texts] = encoded
        return encoded

    return remembering


@_remembered
def _place(name: str, span_type: str, function: str | None, agent: str | None) -> bytes:
    """What is the same for all spans of one place in the code."""
    said = {"mlflow.spanType": span_type, "mlflow.spanFunctionName": function, "gen_ai.agent.name": agent}
    attributes = [key_value(_ATTRIBUTE, key, _value(text)) for key, text in said.items() if text is not None]
    return field(b"\x2a", name_of(name).encode()) + _INTERNAL + b"".join(attributes)


@_remembered
def _filing(root_name: str, folder: str | None) -> bytes:
    """What a root says of a trace of which nothing more was said."""
    tags = {NAME_TAG: name_of(root_name)} | ({FOLDER_TAG: folder} if folder is not None else {})
    return _texts({TAG_PREFIX + key: text for key, text in tags.items()})


def _texts(attributes: dict[str, str]) -> bytes:
    return b"".join(key_value(_ATTRIBUTE, name_of(key), text_value(text)) for key, text in attributes.items())


def _captured(heads: _Heads, text: bytes) -> bytes:
    """Inputs or outputs as an attribute: JSON text, in most cases as it stands."""
    size = len(text)
    if text[0] not in _WRAPPED or (size >= _FEWEST_OF_MANY_DIGITS and _MANY_DIGITS_IN_BYTES.search(text)):
        return key_value(_ATTRIBUTE, heads.key, _json_text(text.decode()))
    return (heads.short[size] if size < _SHORT else heads.head(size)) + text


class _Heads:
    """What comes before the text of one attribute, by the text's size."""

    def __init__(self, key: str) -> None:
        self.key = key
        self._encoded_key = field(b"\x0a", key.encode())
        self.short = [self.head(size) for size in range(_SHORT)]

    def head(self, size: int) -> bytes:
        in_value = b"\x0a" + varint(size)
        in_pair = self._encoded_key + b"\x12" + varint(len(in_value) + size) + in_value
        return _ATTRIBUTE + varint(len(in_pair) + size) + in_pair


def _json_text(text: str) -> bytes:
    """JSON text as an attribute's value."""
    # A number of 19 digits may be beyond 64 bits, which a server may accept and then fail to give back.
    if text[0] in '"[{' and not _MANY_DIGITS.search(text):
        return text_value(text)
    return _value(orjson.loads(text))


def _value(value: Any) -> bytes:
    """A JSON value as the value of a span's attribute."""
    if value is None or isinstance(value, float) or (isinstance(value, int) and fits(value)):
        return any_value(value)
    return text_value(orjson.dumps(fitting(value)).decode())


def _event(name: str, time_ns: int, attributes: dict[str, Any]) -> bytes:
    said = b"\x09" + pack_fixed64(time_ns) + field(b"\x12", name_of(name).encode())
    return field(_EVENT, said + _native(b"\x1a", attributes))


def _link(trace_id: str, span_id: str, attributes: dict[str, Any]) -> bytes:
    if not (is_id(trace_id, 32) and is_id(span_id, 16)):
        return b""
    ids = field(b"\x0a", bytes.fromhex(trace_id)) + field(b"\x12", bytes.fromhex(span_id))
    return field(_LINK, ids + _native(b"\x22", attributes))


def _native(tag: bytes, attributes: dict[str, Any]) -> bytes:
    """Attributes of an event or a link, where servers take every value as it stands."""
    return b"".join(key_value(tag, name_of(key), any_value(value)) for key, value in attributes.items())


_SCOPE = field(b"\x0a", field(b"\x0a", b"ace-tracing") + field(b"\x12", __version__.encode()))
_RESOURCE = field(
    b"\x0a",
    key_value(b"\x0a", "telemetry.sdk.name", text_value("ace-tracing"))
    + key_value(b"\x0a", "telemetry.sdk.language", text_value("python")),
)

_INPUTS = _Heads("mlflow.spanInputs")
_OUTPUTS = _Heads("mlflow.spanOutputs")
_sites: dict[bytes, bytes] = {}
