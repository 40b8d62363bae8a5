"""Wrappers: the traced form of each kind of function, which records its calls and changes nothing else.

Each wrapper is of the same kind as its function: function, coroutine function, generator function or asynchronous
generator function.

A wrapper may be pickled by value, together with each global it uses. So it reaches the current span through its module:
a context variable cannot be pickled.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import Any

from ace_tracing.decorator.asyncgens import start_unregistered
from ace_tracing.decorator.compiled import compile_wrapper
from ace_tracing.decorator.descriptors import copy_metadata
from ace_tracing.decorator.function import TracedFunction
from ace_tracing.decorator.internal_frames import make_internal
from ace_tracing.decorator.items import CollectableStreamCollector, StreamCollector
from ace_tracing.decorator.live_results import end_with_result
from ace_tracing.decorator.signature import is_coroutine_function
from ace_tracing.interrupts import raise_interrupt
from ace_tracing.recording import context
from ace_tracing.recording.context import CurrentSpan, end_with_error
from ace_tracing.recording.span import LiveSpan
from ace_tracing.recording.tracer import state


def wrap(function: Callable[..., Any], traced_function: TracedFunction) -> Callable[..., Any]:
    """Return the traced form of a function. `inspect` reports the same kind and signature for it."""
    if inspect.isgeneratorfunction(function):
        wrapped_generator = _wrap_generator_function(function, traced_function)
        return types.coroutine(wrapped_generator) if _is_generator_coroutine(function) else wrapped_generator
    if inspect.isasyncgenfunction(function):
        return _wrap_async_generator_function(function, traced_function)
    is_coroutine = is_coroutine_function(function)
    if traced_function.reducer is not None:
        wrap_streaming = _wrap_streaming_coroutine_function if is_coroutine else _wrap_streaming_function
        return wrap_streaming(function, traced_function)
    generic = (_wrap_coroutine_function if is_coroutine else _wrap_function)(function, traced_function)
    compiled = compile_wrapper(function, traced_function, generic)
    return generic if compiled is None else copy_metadata(function)(compiled)


def _is_generator_coroutine(function: Callable[..., Any]) -> bool:
    """Return whether `types.coroutine` made the generator function awaitable."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return code is not None and bool(code.co_flags & inspect.CO_ITERABLE_COROUTINE)


@make_internal
def _wrap_function(function: Callable[..., Any], traced_function: TracedFunction) -> Callable[..., Any]:
    @copy_metadata(function)
    def traced(*args: Any, **kwargs: Any) -> Any:
        tracer = state.tracer
        if tracer is None:
            return function(*args, **kwargs)
        span = token = None
        parent = context.current_span.get()
        try:
            span = traced_function.open(tracer, args, kwargs)
            if span is None:
                return function(*args, **kwargs)
            token = context.current_span.set(span)
            return traced_function.end(span, token, function(*args, **kwargs))
        except BaseException as error:
            end_with_error(span, token, error, parent)
            raise

    return traced


@make_internal
def _wrap_coroutine_function(
    function: Callable[..., Awaitable[Any]], traced_function: TracedFunction
) -> Callable[..., Awaitable[Any]]:
    @copy_metadata(function)
    async def traced(*args: Any, **kwargs: Any) -> Any:
        tracer = state.tracer
        if tracer is None:
            return await function(*args, **kwargs)
        span = token = None
        parent = context.current_span.get()
        try:
            span = traced_function.open(tracer, args, kwargs)
            if span is None:
                return await function(*args, **kwargs)
            token = context.current_span.set(span)
            return traced_function.end(span, token, await function(*args, **kwargs))
        except BaseException as error:
            end_with_error(span, token, error, parent)
            raise

    return traced


@make_internal
def _wrap_streaming_function(function: Callable[..., Any], traced_function: TracedFunction) -> Callable[..., Any]:
    """Wrap a function with a reducer. If it returns a stream, the span ends with the stream."""

    @copy_metadata(function)
    def traced(*args: Any, **kwargs: Any) -> Any:
        tracer = state.tracer
        if tracer is None or (span := traced_function.open(tracer, args, kwargs)) is None:
            return function(*args, **kwargs)
        collector = CollectableStreamCollector(span, traced_function)
        try:
            with collector:
                held = [function(*args, **kwargs)]
        except BaseException as error:
            collector.fail_call(error)
            raise
        return end_with_result(held, collector)

    return traced


@make_internal
def _wrap_streaming_coroutine_function(
    function: Callable[..., Awaitable[Any]], traced_function: TracedFunction
) -> Callable[..., Awaitable[Any]]:
    @copy_metadata(function)
    async def traced(*args: Any, **kwargs: Any) -> Any:
        tracer = state.tracer
        if tracer is None or (span := traced_function.open(tracer, args, kwargs)) is None:
            return await function(*args, **kwargs)
        collector = CollectableStreamCollector(span, traced_function)
        try:
            with collector:
                held = [await function(*args, **kwargs)]
        except BaseException as error:
            collector.fail_call(error)
            raise
        return end_with_result(held, collector, follows_awaitables=False)

    return traced


@make_internal
def _wrap_generator_function(
    function: Callable[..., Generator[Any, Any, Any]], traced_function: TracedFunction
) -> Callable[..., Generator[Any, Any, Any]]:
    # This is `yield from` (PEP 380) written out, because the span must be current only while the generator's own code
    # runs: an abandoned generator must not leave its span in the consumer's context. Items pass through the list
    # `passing`, because a local variable would keep an item alive that both sides have released.
    @copy_metadata(function)
    def traced(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        tracer = state.tracer
        if tracer is None or (span := traced_function.open(tracer, args, kwargs)) is None:
            generator = function(*args, **kwargs)
            del args, kwargs
            return (yield from generator)
        collector: StreamCollector | None = None
        # Local variables and no `with collector`: the loop costs half.
        current = context.current_span
        enter, leave = current.set, current.reset
        passing: list[Any] = [None]
        try:
            collector = CollectableStreamCollector(span, traced_function)
            add = collector.add
            generator = function(*args, **kwargs)
            del args, kwargs
            resume: Callable[[Any], Any] = generator.send
            while True:
                token: Any = None
                parent = current.get()
                try:
                    token = enter(span)
                    passing.append(resume(passing.pop()))
                finally:
                    try:
                        leave(token)
                    except (ValueError, TypeError) as error:
                        _restore_parent(span, parent, error)
                add(passing[0])
                try:
                    passing.append((yield passing.pop()))
                    resume = generator.send
                except BaseException as error:  # noqa: BLE001 - the generator handles the consumer's exception
                    passing.append(error)
                    resume = generator.throw
        except StopIteration as end:
            if collector is not None:
                collector.finish(end.value)
            return end.value
        except BaseException as error:
            _end_items(span, collector, error)
            raise

    return traced


def _restore_parent(span: LiveSpan | None, parent: CurrentSpan, error: Exception) -> None:
    """Restore the previous current span after a step whose token cannot be used.

    Args:
        span: The span of the generator.
        parent: The span that was current before the step.
        error: ValueError if the step ended in another context than it started in, where the span never was current.
            TypeError if there is no token, because an interrupt came before it was stored.
    """
    raise_interrupt(error)
    if span is not None and context.current_span.get() is span:
        context.current_span.set(parent)


def _end_items(span: LiveSpan | None, collector: StreamCollector | None, error: BaseException) -> None:
    """End the span of a generator with the exception that left it."""
    if collector is None:
        end_with_error(span, None, error)
    else:
        # A `break`, `close()` or the garbage collector ends a generator by GeneratorExit, which is no error.
        collector.fail(error)


@make_internal
def _wrap_async_generator_function(
    function: Callable[..., AsyncGenerator[Any, Any]], traced_function: TracedFunction
) -> Callable[..., AsyncGenerator[Any, Any]]:
    # The names are bound here, because the wrapper runs with the globals of the function.
    open_items, start, make_partial = _open_items, start_unregistered, functools.partial
    end_of_items, bad_token, any_exception = StopAsyncIteration, (ValueError, TypeError), BaseException
    restore_parent, end_items = _restore_parent, _end_items

    async def traced(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        span, collector, add, get_current, enter, leave = open_items(traced_function, args, kwargs)
        passing: list[Any] = [None]
        try:
            generator = function(*args, **kwargs)
            del args, kwargs
            resume: Callable[[Any], Awaitable[Any]] = make_partial(start, generator)
            while True:
                token: Any = None
                parent = get_current(None)
                try:
                    token = enter(span)
                    passing.append(await resume(passing.pop()))
                finally:
                    try:
                        leave(token)
                    except bad_token as error:
                        restore_parent(span, parent, error)
                add(passing[0])
                try:
                    passing.append((yield passing.pop()))
                    resume = generator.asend
                except any_exception as error:
                    passing.append(error)
                    resume = generator.athrow
        except end_of_items:
            collector.finish()
        except any_exception as error:
            end_items(span, collector, error)
            raise

    return copy_metadata(function)(_with_globals_of(function, traced))


def _open_items(traced_function: TracedFunction, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """Start the span of an asynchronous generator.

    Returns:
        The span, its collector, and the functions that add an item, get the current span, and enter and leave the span.
        If the call is not traced, the span is None, and the functions do nothing.
    """
    tracer = state.tracer
    span = None if tracer is None else traced_function.open(tracer, args, kwargs)
    try:
        collector = CollectableStreamCollector(span, traced_function)
    except BaseException as error:
        _end_items(span, None, error)
        raise
    if span is None:
        return None, collector, _do_nothing, _do_nothing, _do_nothing, _do_nothing
    current = context.current_span
    return span, collector, collector.add, current.get, current.set, current.reset


def _do_nothing(_value: Any) -> None:
    """Do nothing."""


def _with_globals_of(function: Callable[..., Any], wrapper: Callable[..., Any]) -> Callable[..., Any]:
    """Return the wrapper with the globals of its function: trio names the module of a generator by its globals."""
    if not (isinstance(function, types.FunctionType) and isinstance(wrapper, types.FunctionType)):
        return wrapper
    return types.FunctionType(
        wrapper.__code__, function.__globals__, wrapper.__name__, wrapper.__defaults__, wrapper.__closure__
    )
