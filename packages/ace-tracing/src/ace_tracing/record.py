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
    agent: str | None
    inputs: str | None
    outputs: str | None
    attributes: dict[str, Any] | None
    events: list[tuple[str, int, dict[str, Any]]] | None
    links: list[tuple[str, str, dict[str, Any]]] | None


class TraceDetails(NamedTuple):
    """What was said about a trace while it ran, beyond its spans."""

    name: str | None
    tags: dict[str, str]
    metadata: dict[str, str]


class TraceRecord(NamedTuple):
    """Spans of one trace that leave together: all of them, unless some ended after the root or there are very many."""

    trace_id: str
    experiment: str | None
    folder: str | None
    details: TraceDetails | None
    spans: list[SpanRecord]


def dump_span(*fields: Any) -> bytes:
    """Encode one span, given its fields in the order of `SpanRecord`; values may be `orjson.Fragment`."""
    try:
        return orjson.dumps(fields)
    except TypeError:
        return orjson.dumps(_encodable(fields))


def dump_trace(
    trace_id: str, experiment: str | None, folder: str | None, details: TraceDetails | None, spans: list[bytes]
) -> bytes:
    """Encode spans that `dump_span` made as one record."""
    header = _dump((trace_id, experiment, folder, None if details is None else (*details,)))
    return b'{"trace":%b,"spans":[%b]}' % (header, b",".join(spans))


def _dump(fields: tuple[Any, ...]) -> bytes:
    try:
        return orjson.dumps(fields)
    except TypeError:
        return orjson.dumps(_encodable(fields))


def _encodable(value: Any) -> Any:
    """The same with every text in a form that JSON can carry: a str may hold lone surrogates, as file names do."""
    match value:
        case str():
            return str.encode(value, "utf-8", "backslashreplace").decode()
        case dict():
            return {_encodable(key): _encodable(item) for key, item in value.items()}
        case list() | tuple():
            return [_encodable(item) for item in value]
        case None | bool() | int() | float() | orjson.Fragment():
            return value
        case _:
            return f"<{type(value).__name__}>"


def load(record: bytes) -> TraceRecord:
    """Decode what `dump_trace` made."""
    content = orjson.loads(record)
    trace_id, experiment, folder, details = content["trace"]
    spans = [SpanRecord(*span) for span in content["spans"]]
    return TraceRecord(trace_id, experiment, folder, None if details is None else TraceDetails(*details), spans)
