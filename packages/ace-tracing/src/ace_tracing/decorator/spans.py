"""`start_span`: a span around a block of code, or around each call of a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ace_tracing.decorator.decorator import trace
from ace_tracing.recording.spans import SpanBlock

F = TypeVar("F", bound=Callable[..., Any])


class start_span(SpanBlock):  # noqa: N801 - used like a function: `with start_span("retrieve") as span`
    """Context manager and decorator: a span below the current span, or as the root of a new trace.

    It works with `with` and `async with`. Entering returns the span, with `set_inputs`, `set_outputs`, `set_attribute`
    and other methods. While tracing is disabled or not configured, it returns a no-op span with the same methods.

    One object may be entered several times, also nested or by several tasks and threads at once: each entry starts its
    own span, and each exit ends the span of its own block.

    As a decorator of a function, method or generator, it records each call as a span of its own, without arguments and
    result. `@trace` records those too.

    Args:
        name: The name of the step.
        span_type: The kind of step, such as `SpanType.RETRIEVER` or `"RETRIEVER"`. `"UNKNOWN"` by default.
        attributes: Attributes of the span.
        agent: The name of the agent that this step and all steps below it belong to. The parent's by default.

    Raises:
        TypeError: The name is a function or a class, as in `@start_span` without a name.
    """

    __slots__ = ()

    def __call__(self, func: F, /) -> F:
        """Decorate a function: each call is a span.

        Args:
            func: A function, coroutine function, generator function or method.

        Returns:
            The decorated function, of the same kind and signature.

        Raises:
            TypeError: The argument is a class, or not callable.
        """
        if isinstance(func, type):
            raise TypeError(f"@start_span({self._name!r}) decorates a function. Write @trace above a class.")
        decorate = trace(
            name=self._name,
            span_type=self._span_type,
            attributes=self._attributes,
            agent=self._agent,
            capture_inputs=False,
            capture_outputs=False,
        )
        return decorate(func)
