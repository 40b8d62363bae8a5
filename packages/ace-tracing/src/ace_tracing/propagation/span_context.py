"""The span context: the running span in a form that another process can use as a parent."""

from __future__ import annotations

from typing import Final, NamedTuple

from ace_tracing.recording.context import RemoteParent, current_span
from ace_tracing.recording.trace import OpenTrace, Passthrough
from ace_tracing.recording.tracer import Tracer, state

SESSION_KEYS: Final[tuple[str, ...]] = ("session.id", "user.id")


class SpanContext(NamedTuple):
    """A parent span as plain values, for a pickle or for headers.

    Attributes:
        trace_id: The trace's id, 32 hex digits.
        span_id: The span's id, 16 hex digits.
        sampled: Whether the trace is kept. None if the process that continues it decides.
        agent: The parent's agent.
        session: The trace's masked `session.id` and `user.id`, when they are set.
        passthrough: tracestate and baggage of the incoming request, for outgoing calls.
        experiment: The experiment of the trace. None for the service's default.
        folder: The folder of a trace whose parent is foreign. None for unfiled.
        is_foreign: Whether the parent is never sent to the service, so the spans below it are the topmost ones.
    """

    trace_id: str
    span_id: str
    sampled: bool | None
    agent: str | None
    session: dict[str, str]
    passthrough: Passthrough | None
    experiment: str | None
    folder: str | None = None
    is_foreign: bool = False

    def to_remote_parent(self, tracer: Tracer) -> RemoteParent:
        """Return the parent for spans of this process."""
        tracestate, baggage, _ = self.passthrough or Passthrough("", (), {})
        if self.is_foreign:
            passthrough = Passthrough(tracestate, baggage, {})

            def join(folder: str | None, metadata: dict[str, str]) -> OpenTrace:
                # A forked child has a tracer of its own.
                trace = (state.tracer or tracer).join_foreign_trace(
                    self.trace_id, self.span_id, self.sampled, self.experiment, folder, metadata
                )
                trace.passthrough = passthrough
                return trace

            return RemoteParent(join(self.folder, self.session), self.span_id, self.agent, join)
        trace = tracer.join_trace(self.trace_id, self.span_id, bool(self.sampled), self.experiment)
        trace.passthrough = Passthrough(tracestate, baggage, self.session)
        return RemoteParent(trace, self.span_id, self.agent)


def current_span_context() -> SpanContext | None:
    """Return the context of the current span; None outside of a span."""
    span = current_span.get()
    if span is None:
        return None
    trace = span._trace
    known = {
        **(trace.passthrough.session if trace.passthrough else {}),
        **(trace.details.metadata if trace.details else {}),
    }
    session = {key: known[key] for key in SESSION_KEYS if key in known}
    context = trace.context
    is_foreign = isinstance(span, RemoteParent) and span.is_foreign
    return SpanContext(
        trace.trace_id,
        span.span_id,
        trace.sampled,
        span.agent,
        session,
        trace.passthrough,
        context.experiment,
        context.folder if is_foreign else None,
        is_foreign,
    )
