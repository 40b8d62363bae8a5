"""New traces: rows of traces that are not stored yet, computed from their spans without a query for each trace.

The rows are those that `ingest` and `facts` would write for the same spans, one trace at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from kayba_local.otlp.records import SpanFacts, SpanRecord, read_facts
from kayba_local.store.database import Transaction
from kayba_local.store.traces.facts import DETACHED, NESTED, ROOT

_INSERT_TRACE: Final = """
    INSERT INTO traces (
        id, trace_id, experiment, request_ns, duration_ns, state, request_preview, response_preview, declared,
        root_start_ns, root_span_id, root_rank
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?)
"""
_INSERT_SPAN: Final = """
    INSERT INTO spans (trace, span_id, parent_id, start_ns, end_ns, content, rank, resource)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_TAG: Final = "INSERT INTO trace_tags (trace, key, value, source_ns, source_span) VALUES (?, ?, ?, ?, ?)"
_INSERT_METADATA: Final = (
    "INSERT INTO trace_metadata (trace, key, value, source_ns, source_span) VALUES (?, ?, ?, ?, ?)"
)

Row: TypeAlias = tuple[int | str | bytes | None, ...]


def insert(tx: Transaction, experiment: int, spans: Mapping[str, Sequence[SpanRecord]]) -> None:
    """Insert traces with their spans.

    Args:
        tx: The transaction.
        experiment: The row id of the traces' experiment.
        spans: The spans by trace id, at least one for each trace, each span once. The traces are not stored yet.
    """
    (last,) = tx.rows("SELECT coalesce(max(id), 0) FROM traces")[0]
    traces: list[Row] = []
    span_rows: list[Row] = []
    tags: list[Row] = []
    metadata: list[Row] = []
    for trace, (trace_id, members) in enumerate(spans.items(), last + 1):
        ranks = _rank(members)
        for span, rank in zip(members, ranks, strict=True):
            span_rows.append((trace, *span[1:6], rank, span.resource if rank else None))
        top_rank = max(ranks)
        counted: Sequence[SpanRecord] = members
        if len(members) > 1:
            tops = [span for span, rank in zip(members, ranks, strict=True) if rank == top_rank]
            tops.sort(key=_start_and_id)
            # Only roots have a share in the facts beside the first one.
            counted = tops if top_rank == ROOT else tops[:1]
        source = counted[0]
        sources = [(span, read_facts(span.content, span.resource if top_rank else None)) for span in counted]
        facts = sources[0][1]
        duration_ns = max(0, source.end_ns - source.start_ns) if source.end_ns else None
        traces.append(
            (
                trace, trace_id, experiment, source.start_ns, duration_ns, facts.state, facts.request_preview,
                facts.response_preview, source.start_ns, source.span_id, top_rank,
            )
        )  # fmt: skip
        _add_pairs(tags, metadata, trace, sources)
    tx.run_many(_INSERT_TRACE, traces)
    tx.run_many(_INSERT_SPAN, span_rows)
    tx.run_many(_INSERT_TAG, tags)
    tx.run_many(_INSERT_METADATA, metadata)


def _rank(spans: Sequence[SpanRecord]) -> list[int]:
    """Return the ranks of the spans of a trace of which nothing else is stored."""
    if len(spans) == 1:
        (span,) = spans
        return [ROOT if span.parent_id is None else NESTED if span.parent_id == span.span_id else DETACHED]
    ids = {span.span_id for span in spans}
    return [ROOT if span.parent_id is None else NESTED if span.parent_id in ids else DETACHED for span in spans]


def _start_and_id(span: SpanRecord) -> tuple[int, str]:
    return span.start_ns, span.span_id


def _add_pairs(
    tags: list[Row], metadata: list[Row], trace: int, sources: Sequence[tuple[SpanRecord, SpanFacts]]
) -> None:
    """Append the rows of the tags and the metadata. Of several values of a key, the earliest span's counts."""
    if len(sources) == 1:
        ((span, facts),) = sources
        tags += [(trace, key, value, span.start_ns, span.span_id) for key, value in facts.tags.items()]
        metadata += [(trace, key, value, span.start_ns, span.span_id) for key, value in facts.metadata.items()]
        return
    with_tags: set[str] = set()
    with_metadata: set[str] = set()
    for span, facts in sources:
        for rows, known, values in ((tags, with_tags, facts.tags), (metadata, with_metadata, facts.metadata)):
            for key, value in values.items():
                if key not in known:
                    known.add(key)
                    rows.append((trace, key, value, span.start_ns, span.span_id))
