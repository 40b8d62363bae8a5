"""The span context: the running span in a form that another process can use as a parent."""

from __future__ import annotations

from typing import Final, NamedTuple

from ace_tracing.recording.context import RemoteParent, current_span
from ace_tracing.recording.trace import Passthrough
from ace_tracing.recording.tracer import Tracer

SESSION_KEYS: Final[tuple[str, ...]] = ("session.id", "user.id")


class SpanContext(NamedTuple):
    """A parent span as plain values, for a pickle or for headers.

    Attributes:
        trace_id: The trace's id, 32 hex digits.
        span_id: The span's id, 16 hex digits.
        sampled: Whether the trace is kept.
        agent: The parent's agent.
        session: The trace's `session.id` and `user.id`, when they are set.
        passthrough: tracestate and baggage of the incoming request, for outgoing calls.
    """

    trace_id: str
    span_id: str
    sampled: bool
    agent: str | None
    session: dict[str, str]
    passthrough: Passthrough | None

    def to_remote_parent(self, tracer: Tracer) -> RemoteParent:
        """Return the parent for spans of this process."""
        trace = tracer.join_trace(self.trace_id, self.sampled)
        trace.passthrough = self.passthrough
        if self.session:
            trace.describe(None, {}, self.session)
        return RemoteParent(trace, self.span_id, self.agent)


def current_span_context() -> SpanContext | None:
    """Return the context of the current span; None outside of a span."""
    span = current_span.get()
    if span is None:
        return None
    trace = span._trace
    metadata = trace.details.metadata if trace.details else {}
    session = {key: metadata[key] for key in SESSION_KEYS if key in metadata}
    return SpanContext(trace.trace_id, span.span_id, trace.sampled, span.agent, session, trace.passthrough)
