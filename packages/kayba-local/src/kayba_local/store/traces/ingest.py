"""Span ingest: stores a batch of spans, and the trace data of its root spans, in one transaction.

Spans may arrive in any order, in any number of requests, and repeatedly; the same spans always give the same traces. A
span is identified by its trace id and span id. An unchanged span changes nothing. A new version replaces the stored one
unless it ends earlier; a span without an end counts as the earliest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from kayba_local.otlp.records import Batch, RootInfo, SpanRecord
from kayba_local.store.database import Database, Transaction
from kayba_local.store.experiments import get_row as get_experiment_row
from kayba_local.store.traces.traces import IN_PROGRESS

_UPSERT_SPAN: Final = """
    INSERT INTO spans (trace, span_id, parent_id, start_ns, end_ns, content) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (trace, span_id) DO UPDATE SET
        parent_id = excluded.parent_id, start_ns = excluded.start_ns, end_ns = excluded.end_ns,
        content = excluded.content
    WHERE excluded.end_ns >= spans.end_ns AND excluded.content <> spans.content
"""
_INSERT_TRACE: Final = """
    INSERT INTO traces (
        trace_id, experiment, request_ns, duration_ns, state, request_preview, response_preview, declared,
        root_start_ns, root_span_id
    ) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?)
"""
# If a trace has several roots, the trace data is from the earliest.
_UPDATE_TRACE_FROM_ROOT: Final = """
    UPDATE traces SET
        request_ns = ?, duration_ns = ?, state = ?, request_preview = ?, response_preview = ?, root_start_ns = ?,
        root_span_id = ?
    WHERE id = ? AND declared = 0 AND (
        root_span_id IS NULL OR root_span_id = ? OR root_start_ns > ? OR (root_start_ns = ? AND root_span_id > ?)
    )
"""
_UPDATE_START_WITHOUT_ROOT: Final = """
    UPDATE traces SET request_ns = ? WHERE id = ? AND request_ns > ? AND declared = 0 AND root_span_id IS NULL
"""
_REPLACE: Final = "DO UPDATE SET value = excluded.value"
_KEEP: Final = "DO NOTHING"
_IDS_PER_QUERY: Final = 1000

Root = tuple[SpanRecord, RootInfo]


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


def upsert_spans(tx: Transaction, experiment_id: str, batch: Batch) -> None:
    """Store a batch of spans in the caller's transaction; otherwise like `store_spans`."""
    experiment = get_experiment_row(tx, experiment_id)["id"]
    starts = _earliest_starts(batch.spans)
    roots = _latest_roots(batch.roots)
    existing = _find_row_ids(tx, starts)
    new = {trace_id: start_ns for trace_id, start_ns in starts.items() if trace_id not in existing}
    added = _add_traces(tx, experiment, new, roots)
    _update_traces(tx, existing, starts, roots)
    ids = {**existing, **added}
    tx.run_many(_UPSERT_SPAN, [_span_row(ids, span) for span in batch.spans])


def _earliest_starts(spans: Iterable[SpanRecord]) -> dict[str, int]:
    """Return the start of the first span of each trace."""
    starts: dict[str, int] = {}
    for span in spans:
        start_ns = starts.get(span.trace_id)
        if start_ns is None or span.start_ns < start_ns:
            starts[span.trace_id] = span.start_ns
    return starts


def _latest_roots(roots: Iterable[Root]) -> dict[str, list[Root]]:
    """Return the latest version of each root by trace; the earliest root, which has the trace data, comes last."""
    latest: dict[tuple[str, str], Root] = {}
    for root in roots:
        key = (root[0].trace_id, root[0].span_id)
        if key not in latest or root[0].end_ns >= latest[key][0].end_ns:
            latest[key] = root
    by_trace: dict[str, list[Root]] = {}
    for root in sorted(latest.values(), key=lambda root: (root[0].start_ns, root[0].span_id), reverse=True):
        by_trace.setdefault(root[0].trace_id, []).append(root)
    return by_trace


def _add_traces(
    tx: Transaction, experiment: int, starts: Mapping[str, int], roots: Mapping[str, Sequence[Root]]
) -> dict[str, int]:
    tx.run_many(
        _INSERT_TRACE,
        [
            (trace_id, experiment, *_trace_values(*roots[trace_id][-1]))
            if trace_id in roots
            else (trace_id, experiment, start_ns, None, IN_PROGRESS, None, None, None, None)
            for trace_id, start_ns in starts.items()
        ],
    )
    ids = _find_row_ids(tx, starts)
    added = [(ids[trace_id], facts) for trace_id in starts for _, facts in roots.get(trace_id, ())]
    merge_pairs(tx, "trace_tags", [(trace, facts.tags) for trace, facts in added], replace=True)
    merge_pairs(tx, "trace_metadata", [(trace, facts.metadata) for trace, facts in added], replace=True)
    return ids


def _update_traces(
    tx: Transaction, ids: Mapping[str, int], starts: Mapping[str, int], roots: Mapping[str, Sequence[Root]]
) -> None:
    earliest = [(starts[trace_id], trace, starts[trace_id]) for trace_id, trace in ids.items()]
    tx.run_many(_UPDATE_START_WITHOUT_ROOT, earliest)
    for trace_id, trace in ids.items():
        for record, facts in roots.get(trace_id, ()):
            has_changed = tx.run(_UPSERT_SPAN, _span_row(ids, record)) > 0
            if has_changed:
                start_ns, span_id = record.start_ns, record.span_id
                values = (*_trace_values(record, facts), trace, span_id, start_ns, start_ns, span_id)
                replace = tx.run(_UPDATE_TRACE_FROM_ROOT, values) > 0
                merge_pairs(tx, "trace_tags", [(trace, facts.tags)], replace=replace)
                merge_pairs(tx, "trace_metadata", [(trace, facts.metadata)], replace=replace)


def merge_pairs(tx: Transaction, table: str, pairs: Iterable[tuple[int, Mapping[str, str]]], *, replace: bool) -> None:
    """Add keys and values to traces.

    Args:
        tx: The transaction.
        table: `trace_tags` or `trace_metadata`.
        pairs: The row id of each trace with its keys and values.
        replace: Replace existing values; if False, keep them.
    """
    conflict = _REPLACE if replace else _KEEP
    tx.run_many(
        f"INSERT INTO {table} (trace, key, value) VALUES (?, ?, ?) ON CONFLICT (trace, key) {conflict}",  # noqa: S608 - this package's own names
        [(trace, key, value) for trace, values in pairs for key, value in values.items()],
    )


def _trace_values(record: SpanRecord, facts: RootInfo) -> tuple[int, int | None, str, str | None, str | None, int, str]:
    duration_ns = max(0, record.end_ns - record.start_ns) if record.end_ns else None
    previews = (facts.request_preview, facts.response_preview)
    return (record.start_ns, duration_ns, facts.state, *previews, record.start_ns, record.span_id)


def _span_row(ids: Mapping[str, int], span: SpanRecord) -> tuple[int | str | bytes | None, ...]:
    return (ids[span.trace_id], *span[1:])


def _find_row_ids(tx: Transaction, trace_ids: Iterable[str]) -> dict[str, int]:
    """Return the row ids of the existing traces."""
    wanted = list(trace_ids)
    found: dict[str, int] = {}
    for start in range(0, len(wanted), _IDS_PER_QUERY):
        some = wanted[start : start + _IDS_PER_QUERY]
        rows = tx.rows(f"SELECT trace_id, id FROM traces WHERE trace_id IN ({', '.join('?' * len(some))})", some)  # noqa: S608 - placeholders
        found.update((row["trace_id"], row["id"]) for row in rows)
    return found
