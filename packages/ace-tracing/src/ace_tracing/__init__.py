"""Traces of LLM agents: `@trace` over a function records the call tree of every run, and Kayba keeps it.

    from ace_tracing import configure, trace

    configure(api_key="kb-...")

    @trace
    def my_agent(query: str) -> str: ...

Only the names in `__all__` are public; the modules below are how it is made.
"""

from ace_tracing.errors import ConfigurationError, NotFoundError, ServiceError, TracingError
from ace_tracing.model import Span, SpanEvent, SpanStatus, Trace, TraceData, TraceInfo, TraceState
from ace_tracing.outcome import Delivery
from ace_tracing.queries import get_trace, search_traces
from ace_tracing.runtime import configure, disable, enable, flush, get_folder, set_folder, shutdown
from ace_tracing.span import LiveSpan
from ace_tracing.surface import start_span, trace

__all__ = [
    "ConfigurationError",
    "Delivery",
    "LiveSpan",
    "NotFoundError",
    "ServiceError",
    "Span",
    "SpanEvent",
    "SpanStatus",
    "Trace",
    "TraceData",
    "TraceInfo",
    "TraceState",
    "TracingError",
    "configure",
    "disable",
    "enable",
    "flush",
    "get_folder",
    "get_trace",
    "search_traces",
    "set_folder",
    "shutdown",
    "start_span",
    "trace",
]
