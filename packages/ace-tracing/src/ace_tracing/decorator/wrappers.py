"""How each kind of function is wrapped: what is recorded when, and that nothing else about it changes."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import Any

from ace_tracing.decorator.compiled import generate
from ace_tracing.decorator.function import TracedFunction
from ace_tracing.decorator.streams import Collected, stand_in
from ace_tracing.recording.tracer import current_span, failed
from ace_tracing.runtime import state


def wrap(function: Callable[..., Any], call: TracedFunction) -> Callable[..., Any]:
    """Give the traced form of a function: of the same kind, so that `inspect` still says what it is."""
    if inspect.isgeneratorfunction(function):
        generators = _wrap_generator_function(function, call)
        return types.coroutine(generators) if _can_be_awaited(function) else generators
    if inspect.isasyncgenfunction(function):
        return _wrap_async_generator_function(function, call)
    is_coroutine = _is_coroutine_function(function)
    if call.reducer is not None:
        wrap_stream = _wrap_coroutine_function_of_stream if is_coroutine else _wrap_function_of_stream
        return wrap_stream(function, call)
    wrapped = (_wrap_coroutine_function if is_coroutine else _wrap_function)(function, call)
    generated = generate(function, call, wrapped)
    return wrapped if generated is None else functools.update_wrapper(generated, function)


def _can_be_awaited(function: Callable[..., Any]) -> bool:
    # What `types.coroutine` makes of a generator function.
    code = getattr(inspect.unwrap(function), "__code__", None)
    return code is not None and bool(code.co_flags & inspect.CO_ITERABLE_COROUTINE)


def _is_coroutine_function(function: Callable[..., Any]) -> bool:
    # An object with an `async def __call__` is one, too, and inspect does not say so.
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def _wrap_function(function: Callable[..., Any], call: TracedFunction) -> Callable[..., Any]:
    @functools.wraps(function)
    def traced(*args: Any, **kwargs: Any) -> Any:
        tracer = state.tracer
        if tracer is None or (span := call.open(tracer, args, kwargs)) is None:
            return function(*args, **kwargs)
        token = current_span.set(span)
        try:
            result = function(*args, **kwargs)
            call.ended(span, token, result)
        except BaseException as error:
            failed(span, token, error)
            raise
        return result

    return traced


def _wrap_coroutine_function(
    function: Callable[..., Awaitable[Any]], call: TracedFunction
) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(function)
    async def traced(*args: Any, **kwargs: Any) -> Any:
        tracer = state.tracer
        if tracer is None or (span := call.open(tracer, args, kwargs)) is None:
            return await function(*args, **kwargs)
        token = current_span.set(span)
        try:
            result = await function(*args, **kwargs)
            call.ended(span, token, result)
        except BaseException as error:
            failed(span, token, error)
            raise
        return result

    return traced


def _wrap_function_of_stream(function: Callable[..., Any], call: TracedFunction) -> Callable[..., Any]:
    """With a reducer, a stream that is returned belongs to the call: the span ends when the stream does."""

    @functools.wraps(function)
    def traced(*args: Any, **kwargs: Any) -> Any:
        tracer = state.tracer
        if tracer is None or (span := call.open(tracer, args, kwargs)) is None:
            return function(*args, **kwargs)
        collected = Collected(span, call)
        try:
            with collected:
                result = function(*args, **kwargs)
        except BaseException as error:
            collected.fail(error)
            raise
        return _streamed(result, collected)

    return traced


def _wrap_coroutine_function_of_stream(
    function: Callable[..., Awaitable[Any]], call: TracedFunction
) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(function)
    async def traced(*args: Any, **kwargs: Any) -> Any:
        tracer = state.tracer
        if tracer is None or (span := call.open(tracer, args, kwargs)) is None:
            return await function(*args, **kwargs)
        collected = Collected(span, call)
        try:
            with collected:
                result = await function(*args, **kwargs)
        except BaseException as error:
            collected.fail(error)
            raise
        return _streamed(result, collected)

    return traced


def _streamed(result: Any, collected: Collected) -> Any:
    stream = stand_in(result, collected)
    if stream is not None:
        return stream
    collected.finish_at_once(result)
    return result


def _wrap_generator_function(
    function: Callable[..., Generator[Any, Any, Any]], call: TracedFunction
) -> Callable[..., Generator[Any, Any, Any]]:
    # What `yield from` does, spelled out (PEP 380), because the span must be current only while the generator's own
    # code runs: one left half-way leaves nothing behind in its consumer's context. No local variable keeps what passes
    # through, which both sides may have let go of: it lies in `passing` until it is handed on.
    @functools.wraps(function)
    def traced(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        tracer = state.tracer
        if tracer is None or (span := call.open(tracer, args, kwargs)) is None:
            generator = function(*args, **kwargs)
            del args, kwargs
            return (yield from generator)
        collected = Collected(span, call)
        passing: list[Any] = [None]
        try:
            generator = function(*args, **kwargs)
            del args, kwargs
            resume: Callable[[Any], Any] = generator.send
            while True:
                with collected:
                    passing.append(resume(passing.pop()))
                collected.add(passing[0])
                try:
                    passing.append((yield passing.pop()))
                    resume = generator.send
                except BaseException as error:  # noqa: BLE001 - whatever the consumer throws is the generator's to see
                    passing.append(error)
                    resume = generator.throw
        except StopIteration as end:
            collected.finish(end.value)
            return end.value
        except GeneratorExit:
            # Left by `break`, close() or the garbage collector: an end like any other.
            collected.finish()
            raise
        except BaseException as error:
            collected.fail(error)
            raise

    return traced


def _wrap_async_generator_function(
    function: Callable[..., AsyncGenerator[Any, Any]], call: TracedFunction
) -> Callable[..., AsyncGenerator[Any, Any]]:
    @functools.wraps(function)
    async def traced(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        tracer = state.tracer
        collected = Collected(None if tracer is None else call.open(tracer, args, kwargs), call)
        passing: list[Any] = [None]
        try:
            generator = function(*args, **kwargs)
            del args, kwargs
            resume: Callable[[Any], Awaitable[Any]] = generator.asend
            while True:
                with collected:
                    passing.append(await resume(passing.pop()))
                collected.add(passing[0])
                try:
                    passing.append((yield passing.pop()))
                    resume = generator.asend
                except BaseException as error:  # noqa: BLE001 - whatever the consumer throws is the generator's to see
                    passing.append(error)
                    resume = generator.athrow
        except StopAsyncIteration:
            collected.finish()
        except GeneratorExit:
            collected.finish()
            raise
        except BaseException as error:
            collected.fail(error)
            raise

    return traced
