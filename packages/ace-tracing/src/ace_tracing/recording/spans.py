"""`start_span` and `start_span_no_context`: spans around a block of code, and spans that the user ends."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Literal

from ace_tracing.diagnostics import internal_error
from ace_tracing.recording.attributes import encode_attributes
from ace_tracing.recording.callsite import call_site
from ace_tracing.recording.context import SpanToken, current_span, end_span, end_with_error
from ace_tracing.recording.noop import NOOP_SPAN, NoOpSpan
from ace_tracing.recording.span import LiveSpan, ManualSpan
from ace_tracing.recording.tracer import state

_Entered = tuple[LiveSpan | None, SpanToken | None, "_Entered | None"]


class start_span:  # noqa: N801 - used like a function: `with start_span("retrieve") as span`
    """Context manager: a span around a block of code, below the current span or as the root of a new trace.

    Entering returns the span, with `set_inputs`, `set_outputs`, `set_attribute` and other methods. While tracing is
    disabled or not configured, it returns a no-op span with the same methods.

    Args:
        name: The name of the step.
        span_type: The kind of step, such as `SpanType.RETRIEVER` or `"RETRIEVER"`. `"UNKNOWN"` by default.
        attributes: Attributes of the span.
        agent: The name of the agent that this step and all steps below it belong to. The parent's by default.
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
        # One object may be entered several times, also nested or while tracing is off: a linked list, innermost first.
        self._entered: _Entered | None = None

    def __enter__(self) -> LiveSpan | NoOpSpan:
        tracer = state.tracer
        if tracer is not None:
            try:
                attributes = encode_attributes(self._attributes) if self._attributes else None
                span = tracer.open(call_site(str(self._name), str(self._span_type), self._agent, attributes))
                self._entered = (span, current_span.set(span), self._entered)
            except Exception:  # noqa: BLE001 - see diagnostics.guard
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
                    end_span(span, token)
                else:
                    end_with_error(span, token, error)
        return False


def start_span_no_context(
    name: str,
    span_type: str = "UNKNOWN",
    attributes: Mapping[str, Any] | None = None,
    *,
    parent: LiveSpan | NoOpSpan | None = None,
    agent: str | None = None,
) -> LiveSpan | NoOpSpan:
    """Start a span that the user ends with `end()`, for work that begins in one callback and ends in another.

    It never becomes the current span: spans below it name it as their `parent`. A span that is never ended ends when
    it is garbage-collected and gets the attribute `span.never_ended`.

    Args:
        name: The name of the step.
        span_type: The kind of step. `"UNKNOWN"` by default.
        attributes: Attributes of the span.
        parent: The parent span. None starts a new trace.
        agent: The name of the agent that this step and all steps below it belong to. The parent's by default.

    Returns:
        The running span, or a no-op span while tracing is off.
    """
    tracer = state.tracer
    if tracer is None or isinstance(parent, NoOpSpan):
        return NOOP_SPAN
    try:
        encoded = encode_attributes(attributes) if attributes else None
        return tracer.open(call_site(str(name), str(span_type), agent, encoded), parent=parent, kind=ManualSpan)
    except Exception:  # noqa: BLE001 - see diagnostics.guard
        internal_error("starting a span")
        return NOOP_SPAN
