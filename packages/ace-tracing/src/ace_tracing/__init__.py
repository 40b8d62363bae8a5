"""Traces of LLM agents: `@trace` records the call tree of every run and sends it to Kayba.

    from ace_tracing import configure, trace

    configure(api_key="kb-...")

    @trace
    def my_agent(query: str) -> str: ...

Only the names in `__all__` are public.
"""

from typing import TYPE_CHECKING

from ace_tracing.decorator.decorator import trace
from ace_tracing.decorator.spans import start_span
from ace_tracing.lazy import on_first_use
from ace_tracing.recording.context import folder, get_current_span, get_current_trace_id, session, update_current_trace
from ace_tracing.recording.noop import NoOpSpan
from ace_tracing.recording.span import LiveSpan
from ace_tracing.recording.spans import start_span_no_context
from ace_tracing.runtime import configure, disable, enable, flush, get_folder, set_folder, shutdown, tracing_status

if TYPE_CHECKING:
    from ace_tracing.delivery.status import Delivery, TracingStatus
    from ace_tracing.errors import ConfigurationError, NotFoundError, ServiceError, ServiceTimeoutError, TracingError
    from ace_tracing.instrumentation import instrument, uninstrument
    from ace_tracing.propagation.asgi import TraceASGI
    from ace_tracing.propagation.headers import continue_trace, inject
    from ace_tracing.propagation.http_clients import inject_into
    from ace_tracing.propagation.logs import TraceContextFilter, add_trace_context
    from ace_tracing.propagation.threads import propagate_context, with_context
    from ace_tracing.propagation.wsgi import TraceWSGI
    from ace_tracing.reading.attachments import Attachment
    from ace_tracing.reading.changes import SpanChange, TraceDiff
    from ace_tracing.reading.dataframe import to_dataframe
    from ace_tracing.reading.feedback import alog_feedback, log_feedback
    from ace_tracing.reading.model import Span, SpanEvent, SpanLink, SpanStatus, TraceData, TraceInfo, TraceState
    from ace_tracing.reading.queries import aget_trace, asearch_traces, get_trace, search_traces
    from ace_tracing.reading.trace import Trace
    from ace_tracing.reading.tree import Node
    from ace_tracing.recording.span_types import SpanType
    from ace_tracing.serverless import flush_after
else:
    # The same names. Recording does not need them, and their import takes as long as the import of all other modules.
    __getattr__, __dir__ = on_first_use(
        __name__,
        {
            "delivery.status": ("Delivery", "TracingStatus"),
            "errors": ("ConfigurationError", "NotFoundError", "ServiceError", "ServiceTimeoutError", "TracingError"),
            "instrumentation": ("instrument", "uninstrument"),
            "propagation.asgi": ("TraceASGI",),
            "propagation.threads": ("propagate_context", "with_context"),
            "propagation.http_clients": ("inject_into",),
            "propagation.headers": ("continue_trace", "inject"),
            "propagation.logs": ("TraceContextFilter", "add_trace_context"),
            "propagation.wsgi": ("TraceWSGI",),
            "reading.attachments": ("Attachment",),
            "reading.changes": ("SpanChange", "TraceDiff"),
            "reading.dataframe": ("to_dataframe",),
            "reading.feedback": ("alog_feedback", "log_feedback"),
            "reading.model": (
                "Span",
                "SpanEvent",
                "SpanLink",
                "SpanStatus",
                "TraceData",
                "TraceInfo",
                "TraceState",
            ),
            "reading.queries": ("aget_trace", "asearch_traces", "get_trace", "search_traces"),
            "reading.trace": ("Trace",),
            "reading.tree": ("Node",),
            "recording.span_types": ("SpanType",),
            "serverless": ("flush_after",),
        },
    )

__all__ = [
    "Attachment",
    "ConfigurationError",
    "Delivery",
    "LiveSpan",
    "NoOpSpan",
    "Node",
    "NotFoundError",
    "ServiceError",
    "ServiceTimeoutError",
    "Span",
    "SpanChange",
    "SpanEvent",
    "SpanLink",
    "SpanStatus",
    "SpanType",
    "Trace",
    "TraceASGI",
    "TraceContextFilter",
    "TraceData",
    "TraceDiff",
    "TraceInfo",
    "TraceState",
    "TraceWSGI",
    "TracingError",
    "TracingStatus",
    "add_trace_context",
    "aget_trace",
    "alog_feedback",
    "asearch_traces",
    "configure",
    "continue_trace",
    "disable",
    "enable",
    "flush",
    "flush_after",
    "folder",
    "get_current_span",
    "get_current_trace_id",
    "get_folder",
    "get_trace",
    "inject",
    "inject_into",
    "instrument",
    "log_feedback",
    "propagate_context",
    "search_traces",
    "session",
    "set_folder",
    "shutdown",
    "start_span",
    "start_span_no_context",
    "to_dataframe",
    "trace",
    "tracing_status",
    "uninstrument",
    "update_current_trace",
    "with_context",
]
