"""Outlines of traces: the places of all spans in their tree, without their content, for pages of large traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kayba_local.otlp.spans import Span, decode
from kayba_local.store.database import Database
from kayba_local.store.traces import contents
from kayba_local.store.traces.contents import SPANS_IN_ORDER
from kayba_local.store.traces.traces import SPANS_PER_PAGE, TraceInfo, get_row, read_infos


@dataclass(frozen=True, slots=True)
class SpanOutline:
    """The place of a span in its trace.

    Attributes:
        row: The row id.
        parent_id: The id of the parent span; None for a root.
        start_ns: The start in ns since 1970 (UTC).
        end_ns: The end in ns since 1970; None while the span runs.
    """

    row: int
    span_id: str
    parent_id: str | None
    start_ns: int
    end_ns: int | None


def read_outline(db: Database, trace_id: str) -> tuple[TraceInfo, list[SpanOutline]]:
    """Return a trace and the places of its spans, ordered by start time.

    Raises:
        DoesNotExist: No trace has this id.
    """
    with db.read() as tx:
        row = get_row(tx, trace_id)
        found = tx.iterate(f"SELECT id, span_id, parent_id, start_ns, end_ns {SPANS_IN_ORDER}", (row["id"],))
        outlines = [SpanOutline(id_, span_id, parent, start, end or None) for id_, span_id, parent, start, end in found]
        return read_infos(tx, [row])[0], outlines


def read_spans(db: Database, rows: Sequence[int]) -> dict[int, Span]:
    """Return spans by their row ids, without those that were deleted meanwhile."""
    found: dict[int, Span] = {}
    for start in range(0, len(rows), SPANS_PER_PAGE):
        with db.read() as tx:
            some = contents.read_many(tx, rows[start : start + SPANS_PER_PAGE])
        found |= {row: decode(span) for row, span in some.items()}
    return found
