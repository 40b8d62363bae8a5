"""Forms of requests and answers that several operations share: selections, rows of traces and sums."""

from __future__ import annotations

from collections.abc import Mapping
from functools import wraps
from typing import Any, Final

from kayba_local.http.errors import Problem
from kayba_local.http.operation import Call, Handler, Reply
from kayba_local.store.database import Row
from kayba_local.store.errors import DoesNotExist, InvalidValue
from kayba_local.store.explore.measures import Measures
from kayba_local.store.explore.rows import TraceRow
from kayba_local.store.explore.selection import Selection, parse_time
from kayba_local.store.query.errors import InvalidFilter

_NS_PER_MS: Final = 1_000_000


def convert_errors(handler: Handler) -> Handler:
    """Return a handler that raises store errors as `Problem`, with the position of an error in a filter."""

    @wraps(handler)
    def convert(call: Call) -> Reply | dict[str, Any]:
        try:
            return handler(call)
        except DoesNotExist as error:
            raise Problem(404, None, str(error)) from error
        except InvalidFilter as error:
            raise Problem(400, None, str(error), details={"position": error.position - 1}) from error
        except InvalidValue as error:
            raise Problem(400, None, str(error)) from error

    return convert


def read_selection(given: Mapping[str, Any]) -> Selection:
    """Return the selection of a query or of a body.

    Raises:
        InvalidValue: A time is malformed.
    """
    return Selection(
        filter_text=given.get("filter", ""),
        words=given.get("q", ""),
        from_ns=parse_time(given["from"], "from") if given.get("from") else None,
        to_ns=parse_time(given["to"], "to") if given.get("to") else None,
        experiments=tuple(given.get("experiment", ())),
        trace_ids=tuple(given["traceIds"]) if "traceIds" in given else None,
    )


def write_trace(trace: TraceRow) -> dict[str, Any]:
    """Return a trace in the form of `Trace` of the contract."""
    row = trace.row
    written: dict[str, Any] = {
        "traceId": row["trace_id"],
        "experimentId": str(row["experiment"]),
        "status": "INTERRUPTED" if trace.interrupted else row["state"],
        "name": row["name"] or "",
        "startMs": row["request_ns"] / _NS_PER_MS,
        "models": trace.models,
        "spans": row["span_count"],
        "failedSpans": row["error_count"],
        "input": trace.input,
        "output": trace.output,
        "tags": trace.tags,
        "feedback": trace.feedback,
    }
    optional = {
        "durationMs": None if row["duration_ns"] is None else row["duration_ns"] / _NS_PER_MS,
        "folder": row["folder"],
        "session": row["session_id"],
        "user": row["user_id"],
        "inputTokens": row["input_tokens"],
        "outputTokens": row["output_tokens"],
        "totalTokens": row["total_tokens"],
        "cost": row["cost"],
        "error": _error_of(row) if row["state"] == "ERROR" else None,
    }
    if trace.hit is not None:
        span = {} if trace.hit.span_id is None else {"spanId": trace.hit.span_id}
        written["hit"] = {**span, "where": trace.hit.where, "snippet": trace.hit.snippet}
    return written | {name: value for name, value in optional.items() if value is not None}


def write_measures(measures: Measures) -> dict[str, Any]:
    """Return sums in the form of `Measures` of the contract."""
    written: dict[str, Any] = {
        "count": measures.count,
        "errors": measures.errors,
        "running": measures.running,
        "inputTokens": measures.input_tokens,
        "outputTokens": measures.output_tokens,
        "totalTokens": measures.total_tokens,
        "cost": measures.cost,
    }
    if measures.percentiles_ns is not None:
        p50, p95, p99 = (duration / _NS_PER_MS for duration in measures.percentiles_ns)
        written |= {"p50Ms": p50, "p95Ms": p95, "p99Ms": p99}
    return written


def _error_of(row: Row) -> str | None:
    parts = [part for part in (row["error_type"], row["error"]) if part]
    return ": ".join(parts) or None
