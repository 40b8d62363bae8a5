"""`start_span` and `start_span_no_context`: spans that the user's code starts itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Literal

from ace_tracing.diagnostics import internal_error
from ace_tracing.recording.frames import call_site
from ace_tracing.recording.noop import NOOP_SPAN, NoOpSpan
from ace_tracing.recording.span import LiveSpan, ManualSpan, encode_attributes
from ace_tracing.recording.tracer import SpanToken, current_span, failed, stop
from ace_tracing.runtime import state

_Entered = tuple[LiveSpan | None, SpanToken | None, "_Entered | None"]


class start_span:  # noqa: N801 - reads as the verb it is: `with start_span("retrieve") as span`
    """Context manager: a span around a block of code, below the current span or as the root of a new trace.

    Args:
        name: what the step is called.
        span_type: what kind of step this is, as `SpanType.RETRIEVER` or `"RETRIEVER"`; `"UNKNOWN"` by default.
        attributes: facts to record on the span.
        agent: the name of the agent that this and all steps below belong to; the parent's by default.

    Entering gives the span, on which `set_inputs`, `set_outputs`, `set_attribute` and the like may be called. While
    tracing is disabled or not configured it gives a stand-in that takes the same calls and records nothing.
    """

    __slots__ = ("_agent", "_attributes", "_entered", "_name", "_span_type")

    def __init__(
        self,
        name: str = "span",
        span_type: str = "UNKNOWN",
        attributes: Mapping[str, Any] | None = None,
        *,
        agent: str | None = None,
    ) -> None:
        self._name = name
        self._span_type = span_type
        self._attributes = attributes
        self._agent = agent
        # One object may be entered again, inside of itself or while tracing is off: innermost first, then the others.
        self._entered: _Entered | None = None

    def __enter__(self) -> LiveSpan | NoOpSpan:
        tracer = state.tracer
        if tracer is not None:
            try:
                attributes = encode_attributes(self._attributes) if self._attributes else None
                span = tracer.open(call_site(str(self._name), str(self._span_type), self._agent, attributes))
                self._entered = (span, current_span.set(span), self._entered)
            except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
                internal_error("starting a span")
            else:
                return span
        self._entered = (None, None, self._entered)
        return NOOP_SPAN

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> Literal[False]:
        if self._entered is not None:
            span, token, self._entered = self._entered
            if span is not None and token is not None:
                if error is None:
                    stop(span, token)
                else:
                    failed(span, token, error)
        return False


def start_span_no_context(
    name: str,
    span_type: str = "UNKNOWN",
    attributes: Mapping[str, Any] | None = None,
    *,
    parent: LiveSpan | NoOpSpan | None = None,
    agent: str | None = None,
) -> LiveSpan | NoOpSpan:
    """Start a span by hand, for work that begins in one callback and ends in another. Its `end()` ends it.

    It never becomes the current span: spans inside it name it as their `parent`. One that is never ended is ended, and
    marked so, when nothing refers to it any more.

    Args:
        name: what the step is called.
        span_type: what kind of step this is; `"UNKNOWN"` by default.
        attributes: facts to record on the span.
        parent: the span it belongs to; None makes it the root of a new trace.
        agent: the name of the agent that this and all steps below belong to; the parent's by default.

    Returns:
        The running span, or a stand-in that records nothing while tracing is off.
    """
    tracer = state.tracer
    if tracer is None or isinstance(parent, NoOpSpan):
        return NOOP_SPAN
    try:
        encoded = encode_attributes(attributes) if attributes else None
        return tracer.open(call_site(str(name), str(span_type), agent, encoded), parent=parent, kind=ManualSpan)
    except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
        internal_error("starting a span")
        return NOOP_SPAN
