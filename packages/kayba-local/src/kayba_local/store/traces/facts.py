"""Facts of a trace: state, times, previews, tags and metadata, from its client's trace infos and from its spans.

The facts of the spans are those of the root span; of several roots the earliest one decides, and the others add tags
and metadata. While no root is stored, the earliest span whose parent is not stored takes its place. It does not if the
client has declared the trace to be in progress: then its root is still to come.

A fact that a client gave in a trace info or as a tag is never changed by a span.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from kayba_local.otlp.records import SpanFacts, read_facts
from kayba_local.store.database import Row, Transaction
from kayba_local.store.traces import contents, totals
from kayba_local.store.traces.span_rows import ROOT
from kayba_local.store.traces.traces import IN_PROGRESS

STATE_UNSPECIFIED: Final = "STATE_UNSPECIFIED"

_TABLES: Final = ("trace_tags", "trace_metadata")
_SELECT: Final = "SELECT id, span_id, rank, start_ns, end_ns, resource FROM spans"
_FIND_SOURCE: Final = f"""
    {_SELECT} WHERE trace = ? AND rank > 0 ORDER BY rank DESC, start_ns, span_id LIMIT 1
"""
# Parents in a cycle, which only a faulty client sends, leave no span without a stored parent.
_FIND_EARLIEST: Final = f"{_SELECT} WHERE trace = ? ORDER BY start_ns, span_id LIMIT 1"
_FIND_ROOT: Final = f"{_SELECT} WHERE trace = ? AND span_id = ? AND rank = {ROOT}"
_UPDATE: Final = """
    UPDATE traces SET
        request_ns = ?, duration_ns = ?, state = ?, request_preview = ?, response_preview = ?, root_start_ns = ?,
        root_span_id = ?, root_rank = ?, interrupted = 0
    WHERE id = ?
"""


def refresh(tx: Transaction, trace: int, changed: Collection[str] = ()) -> None:
    """Update the facts of a trace after a change of its spans or its info.

    Args:
        tx: The transaction.
        trace: The trace's row id.
        changed: The ids of new and changed spans without a stored parent.
    """
    row = tx.row("SELECT * FROM traces WHERE id = ?", (trace,))
    if row is None:
        return
    source = tx.row(_FIND_SOURCE, (trace,)) or tx.row(_FIND_EARLIEST, (trace,))
    if source is not None and source["rank"] != ROOT and row["info_state"] == IN_PROGRESS:
        source = None
    facts = None if source is None else _read_facts(tx, source)
    if source is not None and source["rank"] == ROOT:
        _merge_roots(tx, row, [source] if source["span_id"] in changed else [], changed)
    elif _identity(source) != (row["root_span_id"], row["root_rank"]) or row["root_span_id"] in changed:
        _delete_derived(tx, trace)
        if source is not None and facts is not None:
            _merge(tx, trace, source, facts)
    values = _combine(row, source, facts)
    start_ns = None if source is None else source["start_ns"]
    span_id, rank = _identity(source)
    tx.run(_UPDATE, (*values, start_ns, span_id, rank, trace))
    totals.refresh(tx, trace, span_id)


def set_pairs(tx: Transaction, table: str, trace: int, values: Mapping[str, str]) -> None:
    """Set tags or metadata that a client gave, in place of existing values.

    Args:
        tx: The transaction.
        table: `trace_tags` or `trace_metadata`.
        trace: The trace's row id.
        values: The values by key.
    """
    tx.run_many(
        f"INSERT INTO {table} (trace, key, value, source_ns, source_span) VALUES (?, ?, ?, NULL, NULL)"  # noqa: S608 - this package's own names
        " ON CONFLICT (trace, key) DO UPDATE SET value = excluded.value, source_ns = NULL, source_span = NULL",
        [(trace, key, value) for key, value in values.items()],
    )


def _read_facts(tx: Transaction, source: Row) -> SpanFacts:
    return read_facts(contents.read_many(tx, [source["id"]])[source["id"]], source["resource"])


def _merge_roots(tx: Transaction, row: Row, known: Iterable[Row], changed: Collection[str]) -> None:
    """Merge the tags and metadata of changed roots into those of the other roots."""
    trace = row["id"]
    if row["root_rank"] != ROOT:
        _delete_derived(tx, trace)
    rows = {root["span_id"]: root for root in known}
    for span_id in changed:
        root = rows.get(span_id) or tx.row(_FIND_ROOT, (trace, span_id))
        if root is not None:
            for table in _TABLES:
                tx.run(f"DELETE FROM {table} WHERE trace = ? AND source_span = ?", (trace, span_id))  # noqa: S608
            _merge(tx, trace, root, _read_facts(tx, root))


def _merge(tx: Transaction, trace: int, source: Row, facts: SpanFacts) -> None:
    """Add the tags and metadata of a span, in place of those of later spans."""
    for table, values in zip(_TABLES, (facts.tags, facts.metadata), strict=True):
        tx.run_many(
            f"INSERT INTO {table} (trace, key, value, source_ns, source_span) VALUES (?, ?, ?, ?, ?)"  # noqa: S608 - this module's names
            " ON CONFLICT (trace, key) DO UPDATE SET value = excluded.value, source_ns = excluded.source_ns,"
            " source_span = excluded.source_span WHERE source_span IS NOT NULL AND"
            " (excluded.source_ns < source_ns OR (excluded.source_ns = source_ns AND"
            " excluded.source_span < source_span))",
            [(trace, key, value, source["start_ns"], source["span_id"]) for key, value in values.items()],
        )


def _delete_derived(tx: Transaction, trace: int) -> None:
    """Delete the tags and metadata that were read from spans."""
    for table in _TABLES:
        tx.run(f"DELETE FROM {table} WHERE trace = ? AND source_span <> ''", (trace,))  # noqa: S608 - this module's names


def _identity(source: Row | None) -> tuple[str | None, int | None]:
    return (None, None) if source is None else (source["span_id"], source["rank"])


def _combine(
    row: Row, source: Row | None, facts: SpanFacts | None
) -> tuple[int, int | None, str, str | None, str | None]:
    """Return start, duration, state and previews from the client's info and from the span."""
    info_state = row["info_state"]
    start_ns, duration_ns, state = row["info_request_ns"], row["info_duration_ns"], info_state
    if source is not None and facts is not None:
        span_duration_ns = max(0, source["end_ns"] - source["start_ns"]) if source["end_ns"] else None
        if info_state in (None, IN_PROGRESS, STATE_UNSPECIFIED):
            start_ns, duration_ns, state = source["start_ns"], span_duration_ns, facts.state
        elif duration_ns is None:
            duration_ns = span_duration_ns
    request_preview, response_preview = row["info_request_preview"], row["info_response_preview"]
    if facts is not None:
        request_preview = facts.request_preview if request_preview is None else request_preview
        response_preview = facts.response_preview if response_preview is None else response_preview
    # A trace of an earlier version may be in progress by an info that was not kept.
    if start_ns is None:
        start_ns, duration_ns, state = row["request_ns"], row["duration_ns"], row["state"]
    return start_ns, duration_ns, state, request_preview, response_preview
