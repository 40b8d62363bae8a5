"""Traces as pandas DataFrames. pandas is an optional extra, because it takes 60 MB and few programs need it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Literal

from ace_tracing.reading.arguments import wrong
from ace_tracing.reading.model import Span
from ace_tracing.reading.tree import SpanTree
from ace_tracing.reading.usage import sum_cost, sum_token_usage

if TYPE_CHECKING:
    import pandas as pd

SPAN_COLUMNS: Final = (
    "trace_id",
    "span_id",
    "parent_id",
    "depth",
    "name",
    "span_type",
    "status",
    "status_description",
    "start_time",
    "end_time",
    "duration_ms",
    "inputs",
    "outputs",
    "attributes",
    "events",
)
"""Times are UTC in nanoseconds. Inputs, outputs, attributes and events are Python objects."""

TRACE_COLUMNS: Final = (
    "trace_id",
    "name",
    "state",
    "folder",
    "session_id",
    "user_id",
    "start_time",
    "duration_ms",
    "spans",
    "failed_spans",
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cost",
    "inputs",
    "outputs",
    "tags",
    "metadata",
    "assessments",
)
"""The cost is in US dollars. Inputs and outputs are those of the root."""


def to_dataframe(traces: SpanTree | Iterable[SpanTree], *, rows: Literal["traces", "spans"] = "traces") -> pd.DataFrame:
    """Return traces as a table, such as the result of `search_traces`.

    The columns of a trace are `trace_id`, `name`, `state`, `folder`, `session_id`, `user_id`, `start_time`,
    `duration_ms`, `spans` and `failed_spans` (numbers), `input_tokens`, `output_tokens`, `total_tokens`, `cost` (in US
    dollars), `inputs` and `outputs` of the root, `tags`, `metadata` and `assessments`. A missing value is empty.

    Args:
        traces: One trace or several.
        rows: `"traces"` for one row per trace, `"spans"` for one row per span with the columns of
            `Trace.to_dataframe`, in the order of the traces and their trees.

    Raises:
        ModuleNotFoundError: pandas is not installed. Install it with `pip install pandas`.
        ConfigurationError: `rows` is neither of the two.
    """
    pandas = _import_pandas()
    given = [traces] if isinstance(traces, SpanTree) else list(traces)
    if rows == "spans":
        return _make_frame(pandas, SPAN_COLUMNS, [_span_row(*step) for trace in given for step in trace.walk()])
    if rows != "traces":
        raise wrong("rows", rows, "give 'traces' or 'spans'")
    return _make_frame(pandas, TRACE_COLUMNS, [_trace_row(trace) for trace in given])


def _import_pandas() -> ModuleType:
    try:
        import pandas
    except ModuleNotFoundError as error:
        if error.name != "pandas":
            raise
        message = "to_dataframe() needs pandas: pip install pandas"
        raise ModuleNotFoundError(message, name="pandas") from None
    return pandas


def _make_frame(pandas: Any, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    frame: pd.DataFrame = pandas.DataFrame(rows, columns=list(columns))
    for column in ("start_time", "end_time"):
        if column in columns:
            # Integers, because a float cannot hold a time of this century to the nanosecond.
            frame[column] = pandas.to_datetime(frame[column].astype("Int64"), unit="ns", utc=True)
    for column in ("input_tokens", "output_tokens", "total_tokens"):
        if column in columns:
            frame[column] = frame[column].astype("Int64")
    return frame


def _span_row(depth: int, span: Span) -> tuple[Any, ...]:
    return (
        span.trace_id,
        span.span_id,
        span.parent_id,
        depth,
        span.name,
        span.span_type,
        span.status.status_code,
        span.status.description,
        span.start_time_ns,
        span.end_time_ns,
        span.duration_ms,
        span.inputs,
        span.outputs,
        span.attributes,
        span.events,
    )


def _trace_row(trace: SpanTree) -> tuple[Any, ...]:
    info, spans = trace.info, trace.data.spans
    tokens = sum_token_usage(trace)
    root = trace.root if spans else None
    return (
        info.trace_id,
        info.name,
        info.state.value,
        info.folder,
        info.session_id,
        info.user_id,
        info.request_time * 1_000_000 if root is None else root.start_time_ns,
        trace.duration_ms,
        len(spans),
        sum(span.failed for span in spans),
        tokens.get("input_tokens"),
        tokens.get("output_tokens"),
        tokens.get("total_tokens"),
        sum_cost(trace).get("total_cost"),
        None if root is None else root.inputs,
        None if root is None else root.outputs,
        info.tags,
        info.trace_metadata,
        info.assessments,
    )
