"""Packed spans: the two frames of a span as a field of OTLP's `ScopeSpans`, without decoding them.

Nearly every span is encoded here, so this is one loop with few calls: it takes a third of the time of a function for
each span.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ace_tracing.delivery.otlp.protobuf import field, key_value, varint
from ace_tracing.delivery.otlp.spans import (
    ATTRIBUTE,
    CACHE_SIZE,
    INPUTS_KEY,
    OUTPUTS_KEY,
    encode_call_site,
    encode_default_tags,
    encode_scope,
    encode_span,
    encode_trace_facts,
)
from ace_tracing.delivery.otlp.values import (
    EVERY_19TH,
    JSON_TEXT_STARTS,
    MAX_SAFE_DIGITS,
    NO_DIGITS,
    encode_json_text,
    has_long_number,
)
from ace_tracing.recording.callsite import MAX_REMEMBERED_BYTES, read_call_site
from ace_tracing.recording.frames import (
    CONTEXT,
    END_BYTES,
    LENGTH_BYTES,
    NO_ID,
    PARENT_ID,
    SPAN_ID,
    read_length,
)
from ace_tracing.recording.records import PackedSpan, Role, SpanRecord, TraceRecord

_PRECOMPUTED_SIZES: Final = 256
_FIXED_BYTES: Final = 46
"""The size of a span's ids and times."""
_SITE: Final = CONTEXT + 2 * LENGTH_BYTES
_START_TIME: Final = slice(24, 16, -1)
_END_TIME: Final = slice(16, 8, -1)
"""The times in the frames, whose numbers are big-endian; OTLP's are little-endian."""


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
        return ATTRIBUTE + varint(len(in_pair) + size) + in_pair


_INPUTS: Final = _Prefixes(INPUTS_KEY)
_OUTPUTS: Final = _Prefixes(OUTPUTS_KEY)

_call_sites: dict[bytes, bytes] = {}
_root_sites: dict[tuple[bytes, str | None], bytes] = {}
_heads: dict[int, bytes] = {}
"""The tag and length of a span, and the tag of its trace id, by the span's size."""


ScopedSpans = dict[tuple[bytes, bytes], list[bytes]]
"""Spans of OpenTelemetry as fields of `ScopeSpans`, by the fields before and after them."""


def append_spans(
    pieces: list[bytes], scoped: ScopedSpans, trace: TraceRecord, entries: Sequence[SpanRecord | PackedSpan]
) -> None:
    """Append spans of one trace as fields of OTLP's `ScopeSpans`, each in several pieces.

    Args:
        pieces: The list to append to.
        scoped: The spans of other instrumentation scopes, to add to.
        trace: The trace.
        entries: The spans, unpacked or as frames.
    """
    topmost = trace.entries[-1] if trace.role is Role.TOPMOST else None
    before_id = bytes.fromhex(trace.trace_id) + b"\x12\x08"
    short_inputs, short_outputs = _INPUTS.short, _OUTPUTS.short
    for entry in entries:
        if isinstance(entry, SpanRecord):
            target = pieces if entry.scope is None else scoped.setdefault(encode_scope(entry.scope), [])
            target.append(encode_span(trace, entry, speaks=entry is topmost))
            continue
        first, second = entry
        site_at = _SITE + read_length(first, CONTEXT)[0]
        inputs_at = site_at + read_length(first, site_at - LENGTH_BYTES)[0]
        site = first[site_at:inputs_at]
        parent_id = first[PARENT_ID]
        facts = b""
        if parent_id != NO_ID:
            shared = _call_sites.get(site) or _remember_call_site(site)
            size = _FIXED_BYTES + len(parent_id) + len(shared)
            if entry is topmost:
                facts = encode_trace_facts(trace, trace.spans[-1])
        else:
            parent_id = b""
            if trace.details is None:
                shared = _root_sites.get((site, trace.folder)) or _remember_root_site(site, trace.folder)
            else:
                shared = encode_call_site(site)
                facts = encode_trace_facts(trace, trace.spans[-1])
            size = _FIXED_BYTES + len(shared)
        inputs, outputs = first[inputs_at:], second[END_BYTES:]
        before_inputs = before_outputs = b""
        if length := len(inputs):
            if inputs[0] not in JSON_TEXT_STARTS or (
                length > MAX_SAFE_DIGITS and inputs[EVERY_19TH].translate(None, NO_DIGITS) and has_long_number(inputs)
            ):
                inputs = key_value(ATTRIBUTE, INPUTS_KEY, encode_json_text(inputs))
                length = len(inputs)
            else:
                before_inputs = short_inputs[length] if length < _PRECOMPUTED_SIZES else _INPUTS.encode(length)
            size += len(before_inputs) + length
        if length := len(outputs):
            if outputs[0] not in JSON_TEXT_STARTS or (
                length > MAX_SAFE_DIGITS and outputs[EVERY_19TH].translate(None, NO_DIGITS) and has_long_number(outputs)
            ):
                outputs = key_value(ATTRIBUTE, OUTPUTS_KEY, encode_json_text(outputs))
                length = len(outputs)
            else:
                before_outputs = short_outputs[length] if length < _PRECOMPUTED_SIZES else _OUTPUTS.encode(length)
            size += len(before_outputs) + length
        if facts:
            size += len(facts)
            outputs += facts
        pieces += (
            _heads.get(size) or _encode_head(size), before_id, first[SPAN_ID], b"\x39", first[_START_TIME], b"\x41",
            second[_END_TIME], shared, parent_id, before_inputs, inputs, before_outputs, outputs,
        )  # fmt: skip


def _remember_call_site(site: bytes) -> bytes:
    """Return the shared part of the spans of a call site that have a parent, with the tag of the parent's id."""
    encoded = encode_call_site(site) + b"\x22\x08"
    if len(_call_sites) < CACHE_SIZE and len(site) <= MAX_REMEMBERED_BYTES:
        _call_sites[site] = encoded
    return encoded


def _remember_root_site(site: bytes, folder: str | None) -> bytes:
    """Return the shared part of the spans of a call site that are roots of traces without further details."""
    encoded = encode_call_site(site) + encode_default_tags(read_call_site(site).name, folder)
    if len(_root_sites) < CACHE_SIZE and len(site) <= MAX_REMEMBERED_BYTES:
        _root_sites[site, folder] = encoded
    return encoded


def _encode_head(size: int) -> bytes:
    head = b"\x12" + varint(size) + b"\x0a\x10"
    if len(_heads) < CACHE_SIZE:
        _heads[size] = head
    return head
