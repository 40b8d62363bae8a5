"""What is known of a traced function before it is called: its name, its parameters, what to capture of a call."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ace_tracing.decorator.signature import Binder
from ace_tracing.diagnostics import internal_error, warn
from ace_tracing.recording.frames import CallSite
from ace_tracing.recording.span import LiveSpan, encode, encode_attributes
from ace_tracing.recording.tracer import SpanToken, Tracer, current_span
from ace_tracing.values.snapshot import snapshot

RETURN_VALUE = "generator.return_value"

Capture = bool | Iterable[str] | Callable[[Any], Any]
"""What to record: all or nothing, the parameters of these names, or what a function makes of it."""


class TracedFunction:
    """Opens the span of one call of a function and records what went in and came out.

    Args:
        function: the traced function.
        name: the span's name; the function's by default.
        span_type: what kind of step it is.
        attributes: facts recorded on every span.
        agent: the agent that this and all steps below belong to.
        capture_inputs: what to record of the arguments by parameter name.
        capture_outputs: what to record of the result.
        reducer: folds the items of a stream into what is recorded.
    """

    __slots__ = ("_bind", "_inputs", "_outputs", "_site", "reducer")

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str | None,
        span_type: str,
        attributes: Mapping[str, Any] | None,
        agent: str | None,
        capture_inputs: Capture,
        capture_outputs: bool | Callable[[Any], Any],
        reducer: Callable[[list[Any]], Any] | None,
    ) -> None:
        own_name = _name_of(function)
        encoded = encode_attributes(attributes) if attributes else None
        self._site = CallSite(name or own_name, str(span_type), own_name, agent, encoded)
        self._bind = Binder(function).bind
        self._inputs = _chooser(capture_inputs)
        self._outputs = _chooser(capture_outputs)
        self.reducer = reducer

    def open(self, tracer: Tracer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> LiveSpan | None:
        """Start the span of one call with its inputs; None when that failed, so that the call goes on untraced."""
        return self.open_with(tracer, self._bind(args, kwargs))

    def open_with(self, tracer: Tracer, bound: dict[str, Any]) -> LiveSpan | None:
        """Start the span of one call, given its arguments by name; None when that failed."""
        try:
            parent = current_span.get()
            mask = tracer.mask if parent is None else parent._trace.mask
            choose = self._inputs
            if choose is None and mask is None:
                inputs = snapshot(bound)
            elif choose is _nothing:
                inputs = None
            else:
                inputs = encode(bound if choose is None else _chosen(choose, bound), mask)
            return tracer.open(self._site, inputs, parent)
        except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
            internal_error("starting a span")
            return None

    @property
    def needs_items(self) -> bool:
        """Whether a function of the user's is to be given the items of a stream when it ends."""
        return self.reducer is not None or (self._outputs is not None and self._outputs is not _nothing)

    def ended(self, span: LiveSpan, token: SpanToken, result: Any) -> None:
        """End the span of a call with what it gave back, and make current what was current before."""
        trace = span._trace
        if self._outputs is None and trace.mask is None and span._end_ns is None:
            try:
                span._outputs = outputs = snapshot(result)
                trace.finish(span, outputs)
            except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
                internal_error("ending a span")
        else:
            self.returned(span, result)
            span.end()
        try:  # noqa: SIM105 - contextlib.suppress costs as much as the rest of this
            current_span.reset(token)
        except ValueError:
            # Ended in another context than it started in, where it never was current: nothing is to be restored.
            pass

    def returned(self, span: LiveSpan, result: Any) -> None:
        """Record what a call gave back."""
        if self._outputs is None:
            span.set_outputs(result)
        elif self._outputs is not _nothing:
            span.set_outputs(_chosen(self._outputs, result))

    def collected(self, span: LiveSpan, items: list[Any] | bytes, returned: Any) -> None:
        """Record what a call gave bit by bit, as a list or as JSON text, and the return value of a generator."""
        if not isinstance(items, bytes):
            self.returned(span, items if self.reducer is None else _chosen(self.reducer, items))
        elif self._outputs is None:
            span._set_encoded_outputs(items)
        if returned is not None and self._outputs is None:
            span.set_attribute(RETURN_VALUE, returned)


def _name_of(function: Any) -> str:
    """The name of a function; of what a partial calls, or of its type, when it has none of its own."""
    inner = getattr(function, "func", None) if isinstance(function, functools.partial) else None
    return str(getattr(function, "__name__", None) or (_name_of(inner) if inner else type(function).__name__))


def _chooser(capture: Capture) -> Callable[[Any], Any] | None:
    """The function that says what to record; None for everything, `_nothing` for nothing."""
    if capture is True:
        return None
    if capture is False:
        return _nothing
    if callable(capture):
        return capture
    names = frozenset([capture] if isinstance(capture, str) else capture)
    return lambda inputs: {name: value for name, value in inputs.items() if name in names}


def _chosen(choose: Callable[[Any], Any], value: Any) -> Any:
    try:
        return choose(value)
    except Exception as error:  # noqa: BLE001 - a user's function may raise anything; what it was to hide stays hidden
        # Without the exception itself, whose message may hold what is to be withheld.
        warn("capture", "A capture function raised %s; the value is withheld", type(error).__name__)
        return f"<withheld: the capture function raised {type(error).__name__}>"


def _nothing(_value: Any) -> None:
    """Records nothing."""
