"""Ids of the running span on log records: a filter for `logging` and a processor for structlog.

handler.addFilter(TraceContextFilter())
structlog.configure(processors=[add_trace_context, structlog.processors.JSONRenderer()])
"""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any, Final, TypeVar

from ace_tracing.diagnostics import guard
from ace_tracing.recording.context import current_span

TRACE_ID: Final = "trace_id"
SPAN_ID: Final = "span_id"
NO_ID: Final = "0"
"""The text of both ids outside of a span, as in OpenTelemetry's and Datadog's records."""

E = TypeVar("E", bound=MutableMapping[str, Any])


class TraceContextFilter(logging.Filter):
    """Filter of `logging` that puts the ids of the running trace and span on each record.

    It lets every record pass. Outside of a span both ids are `"0"`, so a format string with them always works. A record
    that has such an attribute already, from `extra`, keeps it. Add the filter to a handler: a filter of a logger does
    not get the records of the loggers below it. With a `QueueHandler`, add it to that handler, because the ids are read
    in the thread that logs.

        handler.addFilter(TraceContextFilter())
        handler.setFormatter(logging.Formatter("%(levelname)s %(message)s trace=%(trace_id)s"))

    Args:
        trace_id: The attribute for the trace's id, 32 hex digits, as `get_trace` accepts it. For programs that read
            OpenTelemetry's records: `"otelTraceID"`.
        span_id: The attribute for the span's id, 16 hex digits. OpenTelemetry's name is `"otelSpanID"`.
    """

    def __init__(self, trace_id: str = TRACE_ID, span_id: str = SPAN_ID) -> None:
        super().__init__()
        self._names = trace_id, span_id

    def filter(self, record: logging.LogRecord) -> bool:
        """Put the ids on a record, and return True."""
        with guard("adding ids to a log record"):
            for name, value in zip(self._names, _read_ids() or (NO_ID, NO_ID), strict=True):
                if not hasattr(record, name):
                    setattr(record, name, value)
        return True


def add_trace_context(_logger: Any, _method: str, event_dict: E) -> E:
    """Put `trace_id` and `span_id` of the running span into an event: a processor of structlog.

    Outside of a span the event does not change. Keys that the event has already are kept.

        structlog.configure(processors=[add_trace_context, structlog.processors.JSONRenderer()])

    Args:
        event_dict: The event.

    Returns:
        The same event.
    """
    with guard("adding ids to an event"):
        ids = _read_ids()
        if ids is not None:
            event_dict.setdefault(TRACE_ID, ids[0])
            event_dict.setdefault(SPAN_ID, ids[1])
    return event_dict


def _read_ids() -> tuple[str, str] | None:
    """Return the ids of the running trace and span; None outside of a span."""
    span = current_span.get()
    if span is None or span.span_id is None:
        return None
    return span._trace.trace_id, span.span_id
