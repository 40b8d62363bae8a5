"""Finished spans as bytes: what crosses from the user's thread to the worker, and what a spool can hold.

A record is JSON: a header with what belongs to the trace, and one array a span. It knows nothing of any wire format;
the encoder turns records into requests.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson


class SpanRecord(NamedTuple):
    """One finished span. Times are nanoseconds since the epoch; inputs and outputs are JSON text."""

    span_id: str
    parent_id: str | None
    name: str
    span_type: str
    start_ns: int
    end_ns: int
    status: str
    status_message: str
    function: str | None
    inputs: str | None
    outputs: str | None
    attributes: dict[str, Any] | None
    events: list[tuple[str, int, dict[str, Any]]] | None


class TraceRecord(NamedTuple):
    """Spans of one trace that leave together: all of them, unless some ended after the root or there are very many."""

    trace_id: str
    experiment: str | None
    folder: str | None
    spans: list[SpanRecord]


def dump_span(*fields: Any) -> bytes:
    """Encode one span, given its fields in the order of `SpanRecord`; values may be `orjson.Fragment`."""
    return orjson.dumps(fields)


def dump_trace(trace_id: str, experiment: str | None, folder: str | None, spans: list[bytes]) -> bytes:
    """Encode spans that `dump_span` made as one record."""
    return b'{"trace":%b,"spans":[%b]}' % (orjson.dumps((trace_id, experiment, folder)), b",".join(spans))


def load(record: bytes) -> TraceRecord:
    """Decode what `dump_trace` made."""
    content = orjson.loads(record)
    trace_id, experiment, folder = content["trace"]
    return TraceRecord(trace_id, experiment, folder, [SpanRecord(*span) for span in content["spans"]])
