"""Contents of spans: the whole spans, which are stored apart from the columns that are searched and summed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from kayba_local.otlp.contents import decode_content
from kayba_local.store.database import Transaction

# Coarse clocks give a parent and its child the same start; the parent is the span that ends later.
_ORDER: Final = "WHERE trace = ? ORDER BY start_ns, end_ns DESC, span_id"
SPANS_IN_ORDER: Final = f"FROM spans {_ORDER}"
CONTENTS_IN_ORDER: Final = f"FROM spans JOIN span_contents ON span_contents.span = spans.id {_ORDER}"


def read_many(tx: Transaction, spans: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return spans in OTLP's JSON by their row ids, without those that do not exist."""
    rows = tx.rows(*in_list("SELECT span, format, content FROM span_contents WHERE span IN", spans))
    return {row["span"]: decode_content(row["content"], row["format"]) for row in rows}


def iterate(tx: Transaction, trace: int, limit: int = -1) -> Iterator[dict[str, Any]]:
    """Yield the spans of a trace in OTLP's JSON, in the order of their start.

    Args:
        tx: The transaction.
        trace: The row id of the trace.
        limit: The maximum number of spans. A negative one is no limit.
    """
    for row in tx.iterate(f"SELECT format, content {CONTENTS_IN_ORDER} LIMIT ?", (trace, limit)):
        yield decode_content(row["content"], row["format"])


def in_list(head: str, values: Iterable[Any], tail: str = "") -> tuple[str, tuple[Any, ...]]:
    """Return a statement with the placeholders of an IN list after `head`, and the values."""
    parameters = tuple(values)
    return f"{head} ({', '.join('?' * len(parameters))}) {tail}", parameters
