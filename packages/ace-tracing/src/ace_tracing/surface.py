"""`@trace` and `start_span`: what users put around their code."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Token
from types import TracebackType
from typing import Any, Literal, ParamSpec, TypeVar, cast, overload

import orjson

from ace_tracing.binding import Binder
from ace_tracing.diagnostics import internal_error
from ace_tracing.runtime import state
from ace_tracing.span import NO_SPAN, LiveSpan, NoSpan, encode_attributes
from ace_tracing.tracer import Tracer, stop

P = ParamSpec("P")
R = TypeVar("R")


@overload
def trace(func: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def trace(
    func: None = None,
    /,
    *,
    name: str | None = None,
    span_type: str = "UNKNOWN",
    attributes: Mapping[str, Any] | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def trace(
    func: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    span_type: str = "UNKNOWN",
    attributes: Mapping[str, Any] | None = None,
) -> Callable[..., Any]:
    """Decorate a function or an `async def` so that every call of it is a span.

    The span holds the arguments by parameter name, what was returned or raised, and when. Called inside another span it
    is that span's child; otherwise it is the root of a new trace. What the function returns and raises is unchanged,
    and nothing is recorded before `configure` was called or while tracing is disabled.

    Args:
        func: the function, when used bare as `@trace`.
        name: the span's name; the function's name by default.
        span_type: what kind of step this is, as `"AGENT"`, `"LLM"` or `"TOOL"`; `"UNKNOWN"` by default.
        attributes: facts to record on every span, as `{"model": "gpt-4o"}`.

    Returns:
        The decorated function, or, without `func`, a decorator.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        call = _Call(function, name, span_type, attributes)
        return _trace_async(function, call) if inspect.iscoroutinefunction(function) else _trace_sync(function, call)

    return decorate if func is None else decorate(func)


class _Call:
    """What is known of a traced function before it is called."""

    __slots__ = ("attributes", "bind", "function", "name", "span_type")

    def __init__(
        self,
        function: Callable[..., Any],
        name: str | None,
        span_type: str,
        attributes: Mapping[str, Any] | None,
    ) -> None:
        self.function = getattr(function, "__name__", type(function).__name__)
        self.name = name or self.function
        self.span_type = str(span_type)
        self.attributes: dict[str, orjson.Fragment] | None = encode_attributes(attributes) if attributes else None
        self.bind = Binder(function).bind

    def start(
        self, tracer: Tracer, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[LiveSpan, Token[LiveSpan | None]] | None:
        """Start the span of one call; None when that failed, so that the call goes on untraced."""
        try:
            inputs = self.bind(args, kwargs)
            started = tracer.start(self.name, self.span_type, self.attributes, self.function)
        except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
            internal_error("starting a span")
            return None
        started[0].set_inputs(inputs)
        return started


def _trace_sync(function: Callable[..., R], call: _Call) -> Callable[..., R]:
    @functools.wraps(function)
    def traced(*args: Any, **kwargs: Any) -> R:
        tracer = state.tracer
        started = None if tracer is None else call.start(tracer, args, kwargs)
        if started is None:
            return function(*args, **kwargs)
        span, token = started
        try:
            result = function(*args, **kwargs)
            span.set_outputs(result)
        except BaseException as error:
            span.record_exception(error)
            raise
        finally:
            stop(span, token)
        return result

    return traced


def _trace_async(function: Callable[..., Awaitable[R]], call: _Call) -> Callable[..., Awaitable[R]]:
    @functools.wraps(function)
    async def traced(*args: Any, **kwargs: Any) -> R:
        tracer = state.tracer
        started = None if tracer is None else call.start(tracer, args, kwargs)
        if started is None:
            return await function(*args, **kwargs)
        span, token = started
        try:
            result = await function(*args, **kwargs)
            span.set_outputs(result)
        except BaseException as error:
            span.record_exception(error)
            raise
        finally:
            stop(span, token)
        return result

    return traced


class start_span:  # noqa: N801 - reads as the verb it is: `with start_span("retrieve") as span`
    """Context manager: a span around a block of code, below the current span or as the root of a new trace.

    Args:
        name: what the step is called.
        span_type: what kind of step this is, as `"RETRIEVER"`; `"UNKNOWN"` by default.
        attributes: facts to record on the span.

    Entering gives the span, on which `set_inputs`, `set_outputs`, `set_attribute` and the like may be called. While
    tracing is disabled or not configured it gives a stand-in that takes the same calls and records nothing.
    """

    __slots__ = ("_attributes", "_name", "_span", "_span_type", "_token")

    def __init__(
        self, name: str = "span", span_type: str = "UNKNOWN", attributes: Mapping[str, Any] | None = None
    ) -> None:
        self._name = name
        self._span_type = span_type
        self._attributes = attributes
        self._span: LiveSpan | None = None
        self._token: Token[LiveSpan | None] | None = None

    def __enter__(self) -> LiveSpan | NoSpan:
        tracer = state.tracer
        if tracer is None:
            return NO_SPAN
        try:
            attributes = encode_attributes(self._attributes) if self._attributes else None
            self._span, self._token = tracer.start(str(self._name), str(self._span_type), attributes)
        except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
            internal_error("starting a span")
            return NO_SPAN
        return self._span

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> Literal[False]:
        if self._span is not None:
            if error is not None:
                self._span.record_exception(error)
            stop(self._span, cast("Token[LiveSpan | None]", self._token))
        return False
