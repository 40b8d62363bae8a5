"""The spans in an export request: OTLP in JSON or protobuf, compressed or not."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

PROTOBUF: Final = "application/x-protobuf"

Key = tuple[str, str]
"""A trace id and a span id in hex: the key under which a server stores a span."""


class SpanIdentity(NamedTuple):
    """The fields of a span that a store needs.

    Attributes:
        key: The key under which it is stored.
        parent_id: The parent's id in hex. Empty for a root.
        name: The span's name.
    """

    key: Key
    parent_id: str
    name: str


DECODE_ERRORS: Final = (ValueError, KeyError, TypeError, OSError, EOFError, DecodeError)
"""Errors raised for a body that is not an OTLP request."""


def identify_spans(headers: Mapping[str, str], body: bytes) -> list[SpanIdentity]:
    """Return the identity of each span of a request, which is faster than decoding the whole spans.

    An unreadable body has no spans: the faulty server sends its configured response to any request.
    """
    try:
        return list(_identify_spans(headers, body))
    except DECODE_ERRORS:
        return []


def _identify_spans(headers: Mapping[str, str], body: bytes) -> Iterator[SpanIdentity]:
    plain, is_protobuf = _decoded(headers, body)
    if is_protobuf:
        for resource in ExportTraceServiceRequest.FromString(plain).resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    key = span.trace_id.hex(), span.span_id.hex()
                    yield SpanIdentity(key, span.parent_span_id.hex(), span.name)
        return
    for each in _spans_of(json.loads(plain)):
        yield SpanIdentity((each["traceId"], each["spanId"]), each.get("parentSpanId") or "", each["name"])


def decode_spans(headers: Mapping[str, str], body: bytes) -> list[dict[str, Any]]:
    """Return the spans of a request as OTLP JSON with ids in hex, from JSON or protobuf."""
    plain, is_protobuf = _decoded(headers, body)
    if not is_protobuf:
        return list(_spans_of(json.loads(plain)))
    spans = list(_spans_of(MessageToDict(ExportTraceServiceRequest.FromString(plain), use_integers_for_enums=True)))
    for span in spans:
        for holder in (span, *span.get("links", ())):
            for name in holder.keys() & {"traceId", "spanId", "parentSpanId"}:
                holder[name] = base64.b64decode(holder[name]).hex()
    return spans


def _decoded(headers: Mapping[str, str], body: bytes) -> tuple[bytes, bool]:
    named = {name.lower(): value for name, value in headers.items()}
    plain = gzip.decompress(body) if named.get("content-encoding") == "gzip" else body
    return plain, PROTOBUF in named.get("content-type", "")


def _spans_of(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in request.get("resourceSpans", ()):
        for scope in resource.get("scopeSpans", ()):
            yield from scope.get("spans", ())
