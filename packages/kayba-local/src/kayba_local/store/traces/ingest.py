"""Spans in: a batch is stored in one transaction, and what its roots say of their traces with it.

Spans may come in any order, in any number of requests, and more than once; the same spans always make the same traces.
A span is known by its trace and its own id. Sent again unchanged it changes nothing; a later account of it replaces an
earlier one, unless that one has ended and the later has not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from kayba_local.otlp.records import Batch, RootFacts, SpanRecord
from kayba_local.store.database import Database, Transaction
from kayba_local.store.experiments import row_of
from kayba_local.store.traces.traces import IN_PROGRESS

_SPAN: Final = """
    INSERT INTO spans (trace, span_id, parent_id, start_ns, end_ns, content) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (trace, span_id) DO UPDATE SET
        parent_id = excluded.parent_id, start_ns = excluded.start_ns, end_ns = excluded.end_ns,
        content = excluded.content
    WHERE excluded.end_ns >= spans.end_ns AND excluded.content <> spans.content
"""
_TRACE: Final = """
    INSERT INTO traces (
        trace_id, experiment, request_ns, duration_ns, state, request_preview, response_preview, declared,
        root_start_ns, root_span_id
    ) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?)
"""
# Of several roots the earliest one speaks for the trace.
_TRACE_OF_ROOT: Final = """
    UPDATE traces SET
        request_ns = ?, duration_ns = ?, state = ?, request_preview = ?, response_preview = ?, root_start_ns = ?,
        root_span_id = ?
    WHERE id = ? AND declared = 0 AND (
        root_span_id IS NULL OR root_span_id = ? OR root_start_ns > ? OR (root_start_ns = ? AND root_span_id > ?)
    )
"""
_START_OF_ROOTLESS: Final = """
    UPDATE traces SET request_ns = ? WHERE id = ? AND request_ns > ? AND declared = 0 AND root_span_id IS NULL
"""
_REPLACING: Final = "DO UPDATE SET value = excluded.value"
_KEEPING: Final = "DO NOTHING"
_LOOKED_UP: Final = 1000

Root = tuple[SpanRecord, RootFacts]


def store(db: Database, experiment_id: str, batch: Batch) -> None:
    """Store a batch of spans: all of them or, when this raises, none.

    Args:
        db: The store.
        experiment_id: Where traces go that are not there yet; others stay where they are.
        batch: The spans.

    Raises:
        DoesNotExist: There is no such experiment.
    """
    with db.write() as tx:
        store_in(tx, experiment_id, batch)


def store_in(tx: Transaction, experiment_id: str, batch: Batch) -> None:
    """`store` inside another transaction."""
    experiment = row_of(tx, experiment_id)["id"]
    starts = _starts(batch.spans)
    roots = _latest_roots(batch.roots)
    known = _ids(tx, starts)
    unknown = {trace_id: start_ns for trace_id, start_ns in starts.items() if trace_id not in known}
    added = _add_traces(tx, experiment, unknown, roots)
    _update_traces(tx, known, starts, roots)
    ids = {**known, **added}
    tx.run_many(_SPAN, [_span_row(ids, span) for span in batch.spans])


def _starts(spans: Iterable[SpanRecord]) -> dict[str, int]:
    """When the first span of each trace began."""
    starts: dict[str, int] = {}
    for span in spans:
        start_ns = starts.get(span.trace_id)
        if start_ns is None or span.start_ns < start_ns:
            starts[span.trace_id] = span.start_ns
    return starts


def _latest_roots(roots: Iterable[Root]) -> dict[str, list[Root]]:
    """The roots of each trace, one account of each, the one that speaks for the trace last."""
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
        _TRACE,
        [
            (trace_id, experiment, *_of_root(*roots[trace_id][-1]))
            if trace_id in roots
            else (trace_id, experiment, start_ns, None, IN_PROGRESS, None, None, None, None)
            for trace_id, start_ns in starts.items()
        ],
    )
    ids = _ids(tx, starts)
    said = [(ids[trace_id], facts) for trace_id in starts for _, facts in roots.get(trace_id, ())]
    merge_pairs(tx, "trace_tags", [(trace, facts.tags) for trace, facts in said], replace=True)
    merge_pairs(tx, "trace_metadata", [(trace, facts.metadata) for trace, facts in said], replace=True)
    return ids


def _update_traces(
    tx: Transaction, ids: Mapping[str, int], starts: Mapping[str, int], roots: Mapping[str, Sequence[Root]]
) -> None:
    tx.run_many(_START_OF_ROOTLESS, [(starts[trace_id], trace, starts[trace_id]) for trace_id, trace in ids.items()])
    for trace_id, trace in ids.items():
        for record, facts in roots.get(trace_id, ()):
            is_news = tx.run(_SPAN, _span_row(ids, record)) > 0
            if is_news:
                start_ns, span_id = record.start_ns, record.span_id
                speaks = (*_of_root(record, facts), trace, span_id, start_ns, start_ns, span_id)
                replace = tx.run(_TRACE_OF_ROOT, speaks) > 0
                merge_pairs(tx, "trace_tags", [(trace, facts.tags)], replace=replace)
                merge_pairs(tx, "trace_metadata", [(trace, facts.metadata)], replace=replace)


def merge_pairs(tx: Transaction, table: str, pairs: Iterable[tuple[int, Mapping[str, str]]], *, replace: bool) -> None:
    """Add keys and values to traces, given by the ids of their rows.

    Args:
        tx: The transaction to write in.
        table: ``trace_tags`` or ``trace_metadata``.
        pairs: What to add to which trace.
        replace: Whether a value that is there already is replaced or kept.
    """
    conflict = _REPLACING if replace else _KEEPING
    tx.run_many(
        f"INSERT INTO {table} (trace, key, value) VALUES (?, ?, ?) ON CONFLICT (trace, key) {conflict}",  # noqa: S608 - this package's own names
        [(trace, key, value) for trace, values in pairs for key, value in values.items()],
    )


def _of_root(record: SpanRecord, facts: RootFacts) -> tuple[int, int | None, str, str | None, str | None, int, str]:
    duration_ns = max(0, record.end_ns - record.start_ns) if record.end_ns else None
    previews = (facts.request_preview, facts.response_preview)
    return (record.start_ns, duration_ns, facts.state, *previews, record.start_ns, record.span_id)


def _span_row(ids: Mapping[str, int], span: SpanRecord) -> tuple[int | str | bytes | None, ...]:
    return (ids[span.trace_id], *span[1:])


def _ids(tx: Transaction, trace_ids: Iterable[str]) -> dict[str, int]:
    """The row ids of those of the traces that are there."""
    wanted = list(trace_ids)
    found: dict[str, int] = {}
    for at in range(0, len(wanted), _LOOKED_UP):
        some = wanted[at : at + _LOOKED_UP]
        rows = tx.rows(f"SELECT trace_id, id FROM traces WHERE trace_id IN ({', '.join('?' * len(some))})", some)  # noqa: S608 - placeholders
        found.update((row["trace_id"], row["id"]) for row in rows)
    return found
