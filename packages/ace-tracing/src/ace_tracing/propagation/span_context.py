"""The running span as another process can take it up."""

from __future__ import annotations

from typing import NamedTuple

from ace_tracing.recording.tracer import OpenTrace, Passthrough, RemoteParent, Tracer, current_span

SESSION_KEYS = ("session.id", "user.id")


class SpanContext(NamedTuple):
    """What a parent elsewhere leaves to its children: plain values, fit for a pickle and for headers.

    Attributes:
        trace_id: 32 hex digits.
        span_id: 16 hex digits.
        sampled: whether the trace is kept.
        agent: the agent that the parent belongs to.
        session: the trace's `session.id` and `user.id`, as far as they are known.
        passed_on: what a caller further up sent for whom we call.
    """

    trace_id: str
    span_id: str
    sampled: bool
    agent: str | None
    session: dict[str, str]
    passed_on: Passthrough | None

    def take_up(self, tracer: Tracer) -> RemoteParent:
        """Give the parent for spans of this process."""
        trace = OpenTrace(tracer, self.trace_id, self.sampled)
        trace.passed_on = self.passed_on
        if self.session:
            trace.describe(None, {}, self.session)
        return RemoteParent(trace, self.span_id, self.agent)


def running() -> SpanContext | None:
    """The current span, to be handed over; None when there is none."""
    span = current_span.get()
    if span is None:
        return None
    trace = span._trace
    known = trace.details.metadata if trace.details else {}
    session = {key: known[key] for key in SESSION_KEYS if key in known}
    return SpanContext(trace.trace_id, span.span_id, trace.sampled, span.agent, session, trace.passed_on)
