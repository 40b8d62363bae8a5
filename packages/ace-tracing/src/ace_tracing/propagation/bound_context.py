"""The bound context: a function together with the span and scope in which it was bound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ace_tracing.propagation.companion import companion
from ace_tracing.propagation.span_context import SpanContext, current_span_context
from ace_tracing.recording.context import current_scope, current_span
from ace_tracing.recording.tracer import state


class BoundContext:
    """A function that runs in the span and scope in which this object was made, in any thread or process.

    Only this package's context variables are bound, and OpenTelemetry's context while the bridge is on. All other
    context variables keep the values of the caller. A pickle contains the span's context, so that another process can
    use the span as a parent.

    Args:
        function: The function to call.
    """

    __slots__ = ("_function", "_other", "_scope", "_span")

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._span = current_span.get()
        self._scope = current_scope.get()
        bridge = companion.bridge
        self._other: Any = None if bridge is None else bridge.capture()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        if self._other and (bridge := companion.bridge) is not None:
            token = bridge.enter(self._other)
            try:
                return self._run(args, kwargs)
            finally:
                bridge.leave(token)
        return self._run(args, kwargs)

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        span, scope = current_span.set(self._span), current_scope.set(self._scope)
        try:
            return self._function(*args, **kwargs)
        finally:
            current_scope.reset(scope)
            current_span.reset(span)

    def __reduce__(self) -> tuple[Callable[..., BoundContext], tuple[Any, ...]]:
        # A pool pickles in one of its threads, where another span, or none, is current.
        token = current_span.set(self._span)
        try:
            bridge = companion.bridge
            other = None if bridge is None else bridge.pack(self._other)
            return _unpickle, (self._function, current_span_context(), self._scope, other)
        finally:
            current_span.reset(token)


def bind_context(function: Callable[..., Any]) -> Callable[..., Any]:
    """Bind a function to the current span and scope. A bound function stays as it is."""
    return function if isinstance(function, BoundContext) else BoundContext(function)


def _unpickle(function: Callable[..., Any], parent: SpanContext | None, scope: Any, other: Any = None) -> BoundContext:
    bound = BoundContext(function)
    tracer = state.tracer
    bound._span = parent.to_remote_parent(tracer) if parent is not None and tracer is not None else None
    bound._scope = scope
    bound._other = other
    return bound
