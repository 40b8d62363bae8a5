"""Span ingest: stores a batch of spans, and the facts of their traces, in one transaction.

Spans may arrive in any order, in any number of requests, and repeatedly; the same spans always give the same traces. A
span is identified by its trace id and span id. An unchanged span changes nothing. A new version replaces the stored one
unless it ends earlier; a span without an end counts as the earliest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from kayba_local.otlp.columns import STATUS_ERROR
from kayba_local.otlp.log_events import LogBatch
from kayba_local.otlp.records import Batch, SpanRecord
from kayba_local.store.database import Database, Row, Transaction
from kayba_local.store.experiments import DEFAULT_EXPERIMENT
from kayba_local.store.experiments import get_row as get_experiment_row
from kayba_local.store.traces import attachments, facts, log_events, new_traces, span_rows, totals
from kayba_local.store.traces.span_rows import DETACHED, NESTED, Placed, rank_of

_FIND_SPANS: Final = """
    SELECT spans.id, span_id, end_ns, status, model, format, content
    FROM spans JOIN span_contents ON span_contents.span = spans.id WHERE trace = ? AND span_id IN
"""
_ATTACH_CHILDREN: Final = f"UPDATE spans SET rank = {NESTED} WHERE trace = ? AND parent_id = ? AND rank = {DETACHED}"  # noqa: S608 - constants
_ADD_COUNTS: Final = """
    UPDATE traces SET span_count = span_count + ?, error_count = error_count + ? WHERE id = ?
    RETURNING total_tokens IS NOT NULL OR cost IS NOT NULL AS has_usage, root_span_id
"""
_INSERT_MODEL: Final = "INSERT INTO trace_models (trace, model) VALUES (?, ?) ON CONFLICT (trace, model) DO NOTHING"
_IDS_PER_QUERY: Final = 1000


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
    added: dict[str, Sequence[SpanRecord]] = {}
    for trace_id, spans in by_trace.items():
        distinct = _keep_latest_versions(spans)
        if trace_id in existing:
            _extend_trace(tx, existing[trace_id], distinct)
        else:
            added[trace_id] = distinct
    new_traces.insert(tx, experiment, added)
    attachments.record_uses(tx, batch.spans)


def _extend_trace(tx: Transaction, trace: int, spans: Sequence[SpanRecord]) -> None:
    """Add spans to a stored trace, each span once."""
    stored = _find_spans(tx, trace, spans)
    present = {span.span_id for span in spans}
    tops = {span.span_id for span in spans if span.parent_id not in present}
    parents = {span.parent_id for span in spans if span.span_id in tops and span.parent_id is not None}
    present |= {parent_id for parent_id in parents if _is_stored(tx, trace, parent_id)}
    inserted: list[Placed] = []
    changed: list[SpanRecord] = []
    error_count = 0
    for span in spans:
        old = stored.get(span.span_id)
        if old is None:
            inserted.append((trace, span, rank_of(span, present)))
        elif _replaces(span, old):
            span_rows.update(tx, old["id"], span, rank_of(span, present))
            error_count -= old["status"] == STATUS_ERROR
        else:
            continue
        changed.append(span)
        error_count += span.columns.status == STATUS_ERROR
    span_rows.insert(tx, inserted)
    tx.run_many(_ATTACH_CHILDREN, [(trace, span.span_id) for span in spans])
    if not changed:
        return
    (row,) = tx.rows(_ADD_COUNTS, (len(inserted), error_count, trace))
    _refresh_models(tx, trace, changed, stored)
    if row["has_usage"] or any(_has_usage(span) for span in changed):
        totals.refresh_usage(tx, trace)
    # In a cycle of parents, the span that speaks for the trace is no top.
    speakers = {*tops, row["root_span_id"]}
    facts.refresh(tx, trace, {span.span_id for span in changed if span.span_id in speakers})


def _keep_latest_versions(spans: Sequence[SpanRecord]) -> Sequence[SpanRecord]:
    """Return spans, each once: of several versions, the one that replaces the others."""
    latest: dict[str, SpanRecord] = {}
    for span in spans:
        other = latest.get(span.span_id)
        if other is None or span.end_ns >= other.end_ns:
            latest[span.span_id] = span
    return spans if len(latest) == len(spans) else list(latest.values())


def _replaces(span: SpanRecord, stored: Row) -> bool:
    is_same = (span.content_format, span.content) == (stored["format"], stored["content"])
    return not is_same and span.end_ns >= stored["end_ns"]


def _refresh_models(
    tx: Transaction, trace: int, changed: Sequence[SpanRecord], stored: Mapping[str, Row]
) -> None:  # fmt: skip
    replaced = [stored[span.span_id]["model"] for span in changed if span.span_id in stored]
    models = {span.columns.model for span in changed if span.columns.model is not None}
    if any(model is not None and model not in models for model in replaced):
        # Another span may still have the model of the replaced version.
        tx.run("DELETE FROM trace_models WHERE trace = ?", (trace,))
        models = {row["model"] for row in tx.rows("SELECT DISTINCT model FROM spans WHERE trace = ?", (trace,))} - {
            None
        }
    tx.run_many(_INSERT_MODEL, [(trace, model) for model in models])


def _has_usage(span: SpanRecord) -> bool:
    return span.columns.total_tokens is not None or span.columns.cost is not None


def _is_stored(tx: Transaction, trace: int, span_id: str) -> bool:
    return tx.row("SELECT 1 FROM spans WHERE trace = ? AND span_id = ?", (trace, span_id)) is not None


def _find_spans(tx: Transaction, trace: int, spans: Sequence[SpanRecord]) -> dict[str, Row]:
    """Return the stored versions of spans."""
    found: dict[str, Row] = {}
    for start in range(0, len(spans), _IDS_PER_QUERY):
        ids = [span.span_id for span in spans[start : start + _IDS_PER_QUERY]]
        rows = tx.rows(f"{_FIND_SPANS} ({', '.join('?' * len(ids))})", (trace, *ids))
        found.update((row["span_id"], row) for row in rows)
    return found


def _find_row_ids(tx: Transaction, trace_ids: Iterable[str]) -> dict[str, int]:
    """Return the row ids of the existing traces."""
    wanted = list(trace_ids)
    found: dict[str, int] = {}
    for start in range(0, len(wanted), _IDS_PER_QUERY):
        some = wanted[start : start + _IDS_PER_QUERY]
        rows = tx.rows(f"SELECT trace_id, id FROM traces WHERE trace_id IN ({', '.join('?' * len(some))})", some)  # noqa: S608 - placeholders
        found.update((row["trace_id"], row["id"]) for row in rows)
    return found
