"""New traces: rows of traces that are not stored yet, computed from their spans without a query for each trace.

The rows are those that `ingest` and `facts` would write for the same spans, one trace at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from kayba_local.otlp.contents import decode_content
from kayba_local.otlp.records import (
    FOLDER_TAG,
    NAME_TAG,
    SESSION_METADATA,
    USAGE_METADATA,
    USER_METADATA,
    SpanFacts,
    SpanRecord,
    read_facts,
)
from kayba_local.otlp.totals import Totals, add_up, encode_usage
from kayba_local.store import revisions
from kayba_local.store.database import Transaction
from kayba_local.store.traces import span_rows
from kayba_local.store.traces.rows import Row, insert_rows
from kayba_local.store.traces.span_rows import ROOT, Placed, rank_of
from kayba_local.store.traces.totals import TOTALS_SOURCE

_COLUMNS: Final = (
    "id", "trace_id", "experiment", "request_ns", "duration_ns", "state", "request_preview", "response_preview",
    "declared", "root_start_ns", "root_span_id", "root_rank", "name", "folder", "session_id", "user_id", "agent",
    "span_count", "error_count", "error_type", "error", "input_tokens", "output_tokens", "total_tokens",
    "cached_tokens", "cost", "revision",
)  # fmt: skip
_INSERT_TAG: Final = "INSERT INTO trace_tags (trace, key, value, source_ns, source_span) VALUES (?, ?, ?, ?, ?)"
_INSERT_METADATA: Final = (
    "INSERT INTO trace_metadata (trace, key, value, source_ns, source_span) VALUES (?, ?, ?, ?, ?)"
)

_INSERT_MODEL: Final = "INSERT INTO trace_models (trace, model) VALUES (?, ?)"

Pairs: TypeAlias = dict[str, tuple[str, int, str]]
"""Values by key, each with the start and the id of the span that it was read from."""
_MISSING: Final = (None,)


def insert(tx: Transaction, experiment: int, spans: Mapping[str, Sequence[SpanRecord]]) -> None:
    """Insert traces with their spans.

    Args:
        tx: The transaction.
        experiment: The row id of the traces' experiment.
        spans: The spans by trace id, at least one for each trace, each span once. The traces are not stored yet.
    """
    (last,) = tx.rows("SELECT coalesce(max(id), 0) FROM traces")[0]
    revision = revisions.advance(tx)
    traces: list[Row] = []
    placed: list[Placed] = []
    tags: list[Row] = []
    metadata: list[Row] = []
    models: list[Row] = []
    for trace, (trace_id, members) in enumerate(spans.items(), last + 1):
        ranks = _rank(members)
        placed += [(trace, span, rank) for span, rank in zip(members, ranks, strict=True)]
        top_rank = max(ranks)
        counted: Sequence[SpanRecord] = members
        if len(members) > 1:
            tops = [span for span, rank in zip(members, ranks, strict=True) if rank == top_rank]
            tops.sort(key=_start_and_id)
            # Only roots have a share in the facts beside the first one.
            counted = tops if top_rank == ROOT else tops[:1]
        source = counted[0]
        sources = [(span, _read_facts(span, top_rank)) for span in counted]
        facts = sources[0][1]
        duration_ns = max(0, source.end_ns - source.start_ns) if source.end_ns else None
        own_tags, own_metadata = _merge_facts(sources)
        totals = add_up(members, source)
        for key, value in _metadata_of(totals):
            own_metadata.setdefault(key, (value, *TOTALS_SOURCE))
        texts = [
            pair.get(key, _MISSING)[0]
            for pair, key in (
                (own_tags, NAME_TAG),
                (own_tags, FOLDER_TAG),
                (own_metadata, SESSION_METADATA),
                (own_metadata, USER_METADATA),
            )
        ]
        traces.append(
            (
                trace, trace_id, experiment, source.start_ns, duration_ns, facts.state, facts.request_preview,
                facts.response_preview, 0, source.start_ns, source.span_id, top_rank, *texts, totals.agent,
                totals.span_count, totals.error_count, totals.error_type, totals.error, *totals.usage, revision,
            )
        )  # fmt: skip
        tags += [(trace, key, *pair) for key, pair in own_tags.items()]
        metadata += [(trace, key, *pair) for key, pair in own_metadata.items()]
        models += [(trace, model) for model in totals.models]
    insert_rows(tx, "traces", _COLUMNS, traces)
    span_rows.insert(tx, placed)
    tx.run_many(_INSERT_TAG, tags)
    tx.run_many(_INSERT_METADATA, metadata)
    tx.run_many(_INSERT_MODEL, models)


def _rank(spans: Sequence[SpanRecord]) -> list[int]:
    """Return the ranks of the spans of a trace of which nothing else is stored."""
    ids = {span.span_id for span in spans}
    return [rank_of(span, ids) for span in spans]


def _read_facts(span: SpanRecord, rank: int) -> SpanFacts:
    return read_facts(decode_content(span.content, span.content_format), span.resource if rank else None)


def _start_and_id(span: SpanRecord) -> tuple[int, str]:
    return span.start_ns, span.span_id


def _merge_facts(sources: Sequence[tuple[SpanRecord, SpanFacts]]) -> tuple[Pairs, Pairs]:
    """Return the tags and the metadata with their sources. Of several values of a key, the earliest span's counts."""
    tags: Pairs = {}
    metadata: Pairs = {}
    for span, facts in sources:
        for pairs, values in ((tags, facts.tags), (metadata, facts.metadata)):
            for key, value in values.items():
                if key not in pairs:
                    pairs[key] = value, span.start_ns, span.span_id
    return tags, metadata


def _metadata_of(totals: Totals) -> Iterator[tuple[str, str]]:
    """Yield the metadata that a trace has from all its spans, unless a root has it."""
    for key, value in (
        (SESSION_METADATA, totals.session_id),
        (USER_METADATA, totals.user_id),
        (USAGE_METADATA, encode_usage(totals.usage)),
    ):
        if value is not None:
            yield key, value
