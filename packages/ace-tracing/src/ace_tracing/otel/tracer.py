"""Tracer of OpenTelemetry's API, whose spans this package records."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import Token
from types import TracebackType
from typing import Any, Final

from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.trace import (
    INVALID_SPAN,
    INVALID_SPAN_CONTEXT,
    NonRecordingSpan,
    Span,
    SpanKind,
    Status,
    StatusCode,
    get_current_span,
)
from opentelemetry.trace import Tracer as ApiTracer
from opentelemetry.trace.propagation import _SPAN_KEY as SPAN_KEY

from ace_tracing.diagnostics import internal_error
from ace_tracing.otel.opening import open_span
from ace_tracing.otel.parents import is_remote, to_current
from ace_tracing.otel.readable import is_time
from ace_tracing.otel.site import Sites
from ace_tracing.otel.span import OtelSpan, describe_failure
from ace_tracing.recording.callsite import InstrumentationScope
from ace_tracing.recording.checks import to_name
from ace_tracing.recording.context import CurrentSpan, RemoteParent, current_span, leave
from ace_tracing.recording.tracer import state

_KINDS: Final = {kind: kind.value + 1 for kind in SpanKind}
_INTERNAL: Final = 1


class Tracer(ApiTracer):
    """Tracer of one instrumentation scope.

    Args:
        scope: The instrumentation scope.
    """

    def __init__(self, scope: InstrumentationScope) -> None:
        self._sites = Sites(scope)

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Any = None,
        links: Any = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> Span:
        """Start a span. It does not become the current span.

        Args:
            name: The span's name.
            context: The context whose span is the parent. The current one by default.
            kind: The span's kind.
            attributes: The first attributes.
            links: Links to other spans.
            start_time: The start in nanoseconds since the epoch. Now by default.
            record_exception: Whether the span, used as a context manager, records an exception that leaves it.
            set_status_on_exception: Whether the span, used so, then gets the status ERROR.
        """
        tracer = state.tracer
        if tracer is None:
            return _not_recorded(context)
        parent: CurrentSpan = None
        try:
            parent = _find_parent(context)
            site = self._sites.get(name if type(name) is str else to_name(name, "span"), _KINDS.get(kind, _INTERNAL))
            span = open_span(
                tracer, site, parent, attributes, start_time if start_time is None or is_time(start_time) else None
            )
            if type(parent) is not OtelSpan and isinstance(parent, RemoteParent):
                span._is_below_remote = is_remote(parent)
            for link in links or ():
                span.add_link(link.context, link.attributes)
            span._exits = record_exception, set_status_on_exception
            return span
        except Exception:  # noqa: BLE001 - see diagnostics.guard
            tracer.report_unrecorded(parent)
            return _not_recorded(context)

    def start_as_current_span(  # type: ignore[override]
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Any = None,
        links: Any = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
    ) -> CurrentSpanBlock:
        """Return a context manager that starts a span and makes it the current one. Usable as a decorator.

        Args:
            name: The span's name.
            context: The context whose span is the parent. The current one by default.
            kind: The span's kind.
            attributes: The first attributes.
            links: Links to other spans.
            start_time: The start in nanoseconds since the epoch. Now by default.
            record_exception: Whether the span records an exception that leaves the block.
            set_status_on_exception: Whether the span then gets the status ERROR.
            end_on_exit: Whether the block ends the span.
        """
        return CurrentSpanBlock(
            self,
            (name, context, kind, attributes, links, start_time, record_exception, set_status_on_exception),
            end_on_exit,
        )


class CurrentSpanBlock:
    """Context manager and decorator of `Tracer.start_as_current_span`.

    Args:
        tracer: The tracer.
        arguments: The arguments of `start_span`.
        end_on_exit: Whether the block ends the span.
    """

    __slots__ = ("_arguments", "_end_on_exit", "_span", "_token", "_tracer")

    _span: Any
    _token: Token[CurrentSpan] | None

    def __init__(self, tracer: Tracer, arguments: tuple[Any, ...], end_on_exit: bool) -> None:
        self._tracer = tracer
        self._arguments = arguments
        self._end_on_exit = end_on_exit

    def __enter__(self) -> Span:
        span = self._span = self._tracer.start_span(*self._arguments)
        self._token = current_span.set(span) if type(span) is OtelSpan else None
        return span

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        span = self._span
        try:
            if self._token is not None:
                leave(current_span, self._token)
            if isinstance(error, Exception) and span.is_recording():
                record_failure(span, error, *self._arguments[-2:])
        finally:
            if self._end_on_exit:
                span.end()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that runs in a span of its own at each call."""

        def block() -> CurrentSpanBlock:
            return CurrentSpanBlock(self._tracer, self._arguments, self._end_on_exit)

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def run_async(*args: Any, **kwargs: Any) -> Any:
                with block():
                    return await function(*args, **kwargs)

            return run_async

        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            with block():
                return function(*args, **kwargs)

        return run


def record_failure(span: Span, error: BaseException, records: bool, sets_status: bool) -> None:
    """Record an exception that leaves the block of a span."""
    if records:
        span.record_exception(error)
    if sets_status:
        span.set_status(Status(StatusCode.ERROR, describe_failure(error)))


def _find_parent(context: Context | None) -> CurrentSpan:
    if context is not None:
        return to_current(context.get(SPAN_KEY), context)
    parent = current_span.get()
    if parent is None:
        # A context that was attached before the bridge was there.
        context_api.get_current()
        parent = current_span.get()
    return parent


def _not_recorded(context: Context | None) -> Span:
    """Return a span that only passes the parent's context on, as OpenTelemetry's own no-op tracer does."""
    try:
        parent = get_current_span(context)
        own = parent.get_span_context()
        if own is INVALID_SPAN_CONTEXT or not own.is_valid:
            return INVALID_SPAN
        return NonRecordingSpan(own)
    except Exception:  # noqa: BLE001 - see diagnostics.guard
        internal_error("starting a span")
        return INVALID_SPAN
