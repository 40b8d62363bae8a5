"""Delivery on platforms that freeze a process after each call, such as AWS Lambda and Cloud Run.

A frozen process sends nothing. Its traces would arrive with a later call, or never, if the platform ends the process.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any, Final, TypeVar, overload

from ace_tracing.decorator.descriptors import keep_outermost
from ace_tracing.diagnostics import guard
from ace_tracing.runtime import flush, is_configured

F = TypeVar("F", bound=Callable[..., Any])

FLUSH_AFTER_TIMEOUT_S: Final = 2.0
RESERVED_S: Final = 0.25
"""The part of the remaining time of a Lambda call that is left for its response, in seconds."""


@overload
def flush_after(func: F, /) -> F: ...


@overload
def flush_after(func: None = None, /, *, timeout: float = FLUSH_AFTER_TIMEOUT_S) -> Callable[[F], F]: ...


def flush_after(func: Any = None, /, *, timeout: float = FLUSH_AFTER_TIMEOUT_S) -> Any:
    """Send the finished traces after each call of a handler, before the platform freezes the process.

    For AWS Lambda, Cloud Run, Cloud Functions and the like. The response waits for the delivery, at most `timeout`
    seconds. If an argument of the call is the context of AWS Lambda, the wait also ends 0.25 seconds before the end of
    the call's time. What the handler returns or raises is unchanged, also when the service does not respond; unsent
    traces are sent with the next call. Combine it with `@trace` in either order:

        @flush_after
        @trace
        def handler(event, context): ...

    Args:
        func: The handler, a function or a coroutine function, for use as bare `@flush_after`.
        timeout: The time limit of a delivery in seconds. 2 by default.

    Returns:
        The decorated handler, of the same kind and signature, or a decorator if `func` is not given.

    Raises:
        TypeError: The handler is a generator, a class or not callable.
        ConfigurationError: `timeout` is not a number.
    """
    from ace_tracing.arguments import read_arguments

    seconds: float = read_arguments("flush_after", {"timeout": timeout})["timeout"]

    def decorate(handler: Any) -> Any:
        if isinstance(handler, type) or not callable(handler):
            raise TypeError(f"@flush_after decorates a function, and got {handler!r}")
        if inspect.isgeneratorfunction(handler) or inspect.isasyncgenfunction(handler):
            raise TypeError(f"@flush_after: {handler.__qualname__} is a generator. Decorate the function that reads it")
        wrap = _wrap_coroutine_function if inspect.iscoroutinefunction(handler) else _wrap_function
        wrapped = functools.wraps(handler)(wrap(handler, seconds))
        keep_outermost(wrapped, handler, decorate)
        return wrapped

    return decorate if func is None else decorate(func)


def _wrap_function(handler: Callable[..., Any], timeout: float) -> Callable[..., Any]:
    def flushed(*args: Any, **kwargs: Any) -> Any:
        try:
            return handler(*args, **kwargs)
        finally:
            _flush_within(_find_timeout(timeout, args, kwargs))

    return flushed


def _wrap_coroutine_function(handler: Callable[..., Any], timeout: float) -> Callable[..., Any]:
    async def flushed(*args: Any, **kwargs: Any) -> Any:
        is_closed = False
        try:
            return await handler(*args, **kwargs)
        except GeneratorExit:
            # A coroutine that is being closed cannot await.
            is_closed = True
            raise
        finally:
            left = _find_timeout(timeout, args, kwargs)
            if is_closed or not _runs_in_asyncio():
                _flush_within(left)
            elif is_configured():
                from ace_tracing.reading.threads import run_in_thread

                # The other tasks of the loop go on meanwhile.
                await run_in_thread(lambda: _flush_within(left))

    return flushed


def _runs_in_asyncio() -> bool:
    asyncio = sys.modules.get("asyncio")
    try:
        return asyncio is not None and asyncio.get_running_loop() is not None
    except RuntimeError:
        return False


def _find_timeout(timeout: float, args: tuple[Any, ...], kwargs: dict[str, Any]) -> float:
    """Return the time limit of a delivery, within the time that AWS Lambda leaves the call."""
    for argument in (*args, *kwargs.values()):
        read_remaining = getattr(type(argument), "get_remaining_time_in_millis", None)
        if read_remaining is not None:
            with guard("reading the remaining time of a call"):
                return max(0.0, min(timeout, float(read_remaining(argument)) / 1_000 - RESERVED_S))
    return timeout


@guard("sending traces after a call")
def _flush_within(timeout: float) -> None:
    if is_configured():
        flush(timeout)
