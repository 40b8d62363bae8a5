"""Handler of comparisons of two traces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kayba_local.handlers.explore.forms import convert_errors
from kayba_local.http.operation import Call, Handler
from kayba_local.store.database import Row
from kayba_local.store.explore.comparison import ComparedSpan, compare

_NS_PER_MS: Final = 1_000_000


@convert_errors
def compare_traces(call: Call) -> dict[str, Any]:
    """Return the spans of two traces as one tree."""
    comparison = compare(call.db, call.query["a"], call.query["b"])
    return {
        "revision": comparison.revision,
        "rows": [_write_span(span) for span in comparison.spans],
        "truncated": comparison.truncated,
    }


def _write_span(span: ComparedSpan) -> dict[str, Any]:
    shown: Any = span.after or span.before
    written: dict[str, Any] = {
        "depth": span.depth,
        "name": shown["name"],
        "type": shown["type"],
        "change": span.change,
        "differences": list(span.differences),
    }
    if span.before is not None:
        written["a"] = span.before["span_id"]
    if span.after is not None:
        written["b"] = span.after["span_id"]
    if span.before is None or span.after is None:
        return written
    figures = {
        "durationMs": _difference(_duration_ms(span.before), _duration_ms(span.after)),
        "totalTokens": _difference(span.before["total_tokens"], span.after["total_tokens"]),
        "cost": _difference(span.before["cost"], span.after["cost"]),
    }
    return written | {name: value for name, value in figures.items() if value is not None}


def _duration_ms(row: Row) -> float | None:
    return (row["end_ns"] - row["start_ns"]) / _NS_PER_MS if row["end_ns"] else None


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


HANDLERS: Final[Mapping[str, Handler]] = {"compareTraces": compare_traces}
