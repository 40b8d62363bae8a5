"""Events that arrive as log records: they are kept beside the spans, and merged into the span they belong to.

A span and its events arrive in different requests, in any order, and repeatedly. All events of a span stay in their
table, so each version of the span that is stored gets all of them that have arrived, each once.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final

from kayba_local.otlp.contents import decode_content
from kayba_local.otlp.fields import InvalidField
from kayba_local.otlp.log_events import LogBatch, merge_events
from kayba_local.otlp.records import NO_TAGS, SpanRecord, make_record
from kayba_local.store.database import Transaction

MAX_LOG_EVENTS: Final = 10_000
"""Limit of the events of a span that arrive as log records."""
MAX_WAITING_MS: Final = 7 * 24 * 3600 * 1000
"""Time that an event waits for its span: a span is sent when it ends, and a session may last days."""

DIGEST_BYTES: Final = 16
_IDS_PER_QUERY: Final = 1000
_INSERT: Final = """
    INSERT INTO log_events (trace_id, span_id, digest, content, received_ms) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (trace_id, span_id, digest) DO NOTHING
"""
_COUNT: Final = "SELECT count(*) FROM log_events WHERE trace_id = ? AND span_id = ?"
_DELETE_OLD: Final = "DELETE FROM log_events WHERE joined = 0 AND received_ms < ?"
_JOIN: Final = "UPDATE log_events SET joined = 1 WHERE trace_id = ? AND span_id = ? AND joined = 0"
_FIND_SPAN: Final = """
    SELECT format, content, resource FROM spans JOIN span_contents ON span_contents.span = spans.id
    WHERE trace = (SELECT id FROM traces WHERE trace_id = ?) AND span_id = ?
"""

SpanKey = tuple[str, str]
"""The trace id and the span id of a span."""


def add(tx: Transaction, batch: LogBatch) -> list[SpanRecord]:
    """Store events, and return the stored spans that they belong to, so that these can be stored anew.

    Events whose span has not arrived in `MAX_WAITING_MS` are deleted.
    """
    now_ms = time.time_ns() // 1_000_000
    tx.run(_DELETE_OLD, (now_ms - MAX_WAITING_MS,))
    changed: dict[SpanKey, int] = {}
    for event in batch.events:
        key = (event.trace_id, event.span_id)
        if key not in changed:
            (changed[key],) = tx.rows(_COUNT, key)[0]
        if changed[key] >= MAX_LOG_EVENTS:
            batch.reject(f"span {event.span_id} has {MAX_LOG_EVENTS:,} events from log records")
            continue
        digest = blake2b(event.content, digest_size=DIGEST_BYTES).digest()
        changed[key] += max(0, tx.run(_INSERT, (*key, digest, event.content, now_ms)))
    return [span for key in changed if (span := _find_span(tx, key)) is not None]


def join(tx: Transaction, spans: Sequence[SpanRecord]) -> Sequence[SpanRecord]:
    """Return spans with the events from log records that have arrived for them."""
    if tx.row("SELECT 1 FROM log_events LIMIT 1") is None:
        # On most servers always.
        return spans
    events = _find_events(tx, {span.trace_id for span in spans})
    joined = [_merge(span, events[key]) if (key := (span.trace_id, span.span_id)) in events else span for span in spans]
    tx.run_many(_JOIN, {(span.trace_id, span.span_id) for span in spans} & events.keys())
    return joined


def _merge(span: SpanRecord, events: Sequence[bytes]) -> SpanRecord:
    merged = merge_events(decode_content(span.content, span.content_format), events)
    try:
        return make_record(merged, span.resource)
    except InvalidField:
        # In a span, the values of an event are nested two levels deeper than in the event alone.
        return span


def _find_span(tx: Transaction, key: SpanKey) -> SpanRecord | None:
    row = tx.row(_FIND_SPAN, key)
    if row is None:
        return None
    # A span with a stored parent has no resource, and needs none.
    return make_record(decode_content(row["content"], row["format"]), row["resource"] or NO_TAGS)


def _find_events(tx: Transaction, trace_ids: Iterable[str]) -> dict[SpanKey, list[bytes]]:
    """Return the events of traces by span."""
    wanted = list(trace_ids)
    found: dict[SpanKey, list[bytes]] = {}
    for start in range(0, len(wanted), _IDS_PER_QUERY):
        some = wanted[start : start + _IDS_PER_QUERY]
        marks = ", ".join("?" * len(some))
        rows = tx.iterate(f"SELECT trace_id, span_id, content FROM log_events WHERE trace_id IN ({marks})", some)  # noqa: S608 - placeholders
        for row in rows:
            found.setdefault((row["trace_id"], row["span_id"]), []).append(row["content"])
    return found
