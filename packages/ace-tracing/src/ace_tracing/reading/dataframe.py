"""A trace as a pandas DataFrame. pandas is an optional extra, because it takes 60 MB and few programs need it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ace_tracing.reading.model import SpanTree

if TYPE_CHECKING:
    import pandas as pd

COLUMNS: Final = (
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


def to_dataframe(trace: SpanTree) -> pd.DataFrame:
    """Return one row per span, parents before children. A trace without spans has the `COLUMNS` too.

    Raises:
        ModuleNotFoundError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        if error.name != "pandas":
            raise
        message = "to_dataframe() needs pandas: pip install pandas"
        raise ModuleNotFoundError(message, name="pandas") from None
    rows = [
        (
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
        for depth, span in trace.walk()
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    for column in ("start_time", "end_time"):
        # Integers, because a float cannot hold a time of this century to the nanosecond.
        frame[column] = pd.to_datetime(frame[column].astype("Int64"), unit="ns", utc=True)
    return frame
