"""Spans of a request as a server reads them: OTLP in JSON or in protobuf, compressed or not."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

PROTOBUF = "application/x-protobuf"

Key = tuple[str, str]
"""A trace's and a span's id, in hex: what a server stores a span under."""


class Arrived(NamedTuple):
    """What a store wants to know of a span.

    Attributes:
        key: what it is stored under.
        parent_id: its parent's id in hex; empty for a root.
        name: its name.
    """

    key: Key
    parent_id: str
    name: str


UNREADABLE = (ValueError, KeyError, TypeError, OSError, EOFError, DecodeError)
"""What reading a body raises that is no OTLP request."""


def spans_in(headers: Mapping[str, str], body: bytes) -> list[Arrived]:
    """Give what identifies each span of a request, without the time that reading all of it would take.

    A body that no server could read holds none: a faulty server answers as told to whatever comes.
    """
    try:
        return list(_spans_in(headers, body))
    except UNREADABLE:
        return []


def _spans_in(headers: Mapping[str, str], body: bytes) -> Iterator[Arrived]:
    plain, is_protobuf = _decoded(headers, body)
    if is_protobuf:
        for resource in ExportTraceServiceRequest.FromString(plain).resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    key = span.trace_id.hex(), span.span_id.hex()
                    yield Arrived(key, span.parent_span_id.hex(), span.name)
        return
    for each in _spans_of(json.loads(plain)):
        yield Arrived((each["traceId"], each["spanId"]), each.get("parentSpanId") or "", each["name"])


def whole_spans_in(headers: Mapping[str, str], body: bytes) -> list[dict[str, Any]]:
    """Give the spans of a request in OTLP's JSON form, with ids in hex, whichever of the two it was sent in."""
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
