"""Span ingest: stores a batch of spans, and the facts of their traces, in one transaction.

Spans may arrive in any order, in any number of requests, and repeatedly; the same spans always give the same traces. A
span is identified by its trace id and span id. An unchanged span changes nothing. A new version replaces the stored one
unless it ends earlier; a span without an end counts as the earliest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from kayba_local.otlp.log_events import LogBatch
from kayba_local.otlp.records import Batch, SpanRecord
from kayba_local.store.database import Database, Transaction
from kayba_local.store.experiments import DEFAULT_EXPERIMENT
from kayba_local.store.experiments import get_row as get_experiment_row
from kayba_local.store.traces import attachments, facts, log_events, new_traces
from kayba_local.store.traces.facts import DETACHED, NESTED, ROOT
from kayba_local.store.traces.traces import IN_PROGRESS

_UPSERT_SPAN: Final = """
    INSERT INTO spans (trace, span_id, parent_id, start_ns, end_ns, content, rank, resource)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (trace, span_id) DO UPDATE SET
        parent_id = excluded.parent_id, start_ns = excluded.start_ns, end_ns = excluded.end_ns,
        content = excluded.content, rank = excluded.rank, resource = excluded.resource
    WHERE excluded.end_ns >= spans.end_ns AND excluded.content <> spans.content
"""
_INSERT_TRACE: Final = "INSERT INTO traces (trace_id, experiment, request_ns, state, declared) VALUES (?, ?, ?, ?, 0)"
_ATTACH_CHILDREN: Final = f"UPDATE spans SET rank = {NESTED} WHERE trace = ? AND parent_id = ? AND rank = {DETACHED}"  # noqa: S608 - constants
_IDS_PER_QUERY: Final = 1000

SpanRow: TypeAlias = tuple[int | str | bytes | None, ...]


def store_spans(db: Database, experiment_id: str, batch: Batch) -> None:
    """Store a batch of spans in one transaction.

    Args:
        db: The store.
        experiment_id: The experiment of new traces. Existing traces keep theirs.
        batch: The spans.

    Raises:
        DoesNotExist: The experiment does not exist.
    """
    with db.write() as tx:
        upsert_spans(tx, experiment_id, batch)


def store_log_events(db: Database, batch: LogBatch) -> None:
    """Store events that arrived as log records, and add them to those of their spans that are stored.

    The others are added when their span arrives. Events beyond `MAX_LOG_EVENTS` of a span are rejected.
    """
    with db.write() as tx:
        if spans := log_events.add(tx, batch):
            upsert_spans(tx, DEFAULT_EXPERIMENT, Batch(spans))


def upsert_spans(tx: Transaction, experiment_id: str, batch: Batch) -> None:
    """Store a batch of spans in the caller's transaction; otherwise like `store_spans`."""
    experiment = get_experiment_row(tx, experiment_id)["id"]
    by_trace: dict[str, list[SpanRecord]] = {}
    for span in log_events.join(tx, batch.spans):
        by_trace.setdefault(span.trace_id, []).append(span)
    existing = _find_row_ids(tx, by_trace)
    added = {trace_id: spans for trace_id, spans in by_trace.items() if trace_id not in existing}
    # Of the versions of a span, the table's own rule decides which one counts.
    repeated = {trace_id for trace_id, spans in added.items() if _has_repeated_spans(spans)}
    new_traces.insert(
        tx, experiment, {trace_id: spans for trace_id, spans in added.items() if trace_id not in repeated}
    )  # fmt: skip
    existing.update(_add_traces(tx, experiment, {trace_id: by_trace[trace_id] for trace_id in repeated}))
    for trace_id, trace in existing.items():
        _extend_trace(tx, trace, by_trace[trace_id])
    attachments.record_uses(tx, batch.spans)


def _add_traces(tx: Transaction, experiment: int, spans: Mapping[str, Sequence[SpanRecord]]) -> dict[str, int]:
    """Add traces without their spans, and return their row ids."""
    tx.run_many(
        _INSERT_TRACE,
        [
            (trace_id, experiment, min(span.start_ns for span in members), IN_PROGRESS)
            for trace_id, members in spans.items()
        ],
    )
    return _find_row_ids(tx, spans)


def _extend_trace(tx: Transaction, trace: int, spans: Sequence[SpanRecord]) -> None:
    """Add spans to a stored trace."""
    tops = _tops(spans)
    detached = {span.parent_id for span in spans if span.span_id in tops and span.parent_id is not None}
    stored = {parent_id for parent_id in detached if _is_stored(tx, trace, parent_id)}
    changed: set[str] = set()
    nested: list[SpanRow] = []
    for span, row in zip(spans, _rows(trace, spans, stored), strict=True):
        if span.span_id not in tops:
            nested.append(row)
        elif tx.run(_UPSERT_SPAN, row) > 0:
            changed.add(span.span_id)
    tx.run_many(_UPSERT_SPAN, nested)
    tx.run_many(_ATTACH_CHILDREN, [(trace, span_id) for span_id in {span.span_id for span in spans}])
    facts.refresh(tx, trace, changed)


def _has_repeated_spans(spans: Sequence[SpanRecord]) -> bool:
    return len(spans) > 1 and len({span.span_id for span in spans}) < len(spans)


def _tops(spans: Iterable[SpanRecord]) -> set[str]:
    """Return the ids of the spans without a parent among `spans`."""
    spans = list(spans)
    ids = {span.span_id for span in spans}
    return {span.span_id for span in spans if span.parent_id not in ids}


def _rows(trace: int, spans: Sequence[SpanRecord], stored: Iterable[str | None] = ()) -> list[SpanRow]:
    """Return the rows of spans. `stored` has the ids of stored parents."""
    present = {span.span_id for span in spans}.union(stored)
    rows: list[SpanRow] = []
    for span in spans:
        rank = ROOT if span.parent_id is None else NESTED if span.parent_id in present else DETACHED
        rows.append((trace, *span[1:6], rank, span.resource if rank else None))
    return rows


def _is_stored(tx: Transaction, trace: int, span_id: str | None) -> bool:
    return tx.row("SELECT 1 FROM spans WHERE trace = ? AND span_id = ?", (trace, span_id)) is not None


def _find_row_ids(tx: Transaction, trace_ids: Iterable[str]) -> dict[str, int]:
    """Return the row ids of the existing traces."""
    wanted = list(trace_ids)
    found: dict[str, int] = {}
    for start in range(0, len(wanted), _IDS_PER_QUERY):
        some = wanted[start : start + _IDS_PER_QUERY]
        rows = tx.rows(f"SELECT trace_id, id FROM traces WHERE trace_id IN ({', '.join('?' * len(some))})", some)  # noqa: S608 - placeholders
        found.update((row["trace_id"], row["id"]) for row in rows)
    return found
