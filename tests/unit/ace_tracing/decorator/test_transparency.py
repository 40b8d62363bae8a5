"""A traced function behaves like the plain one: memory, generator protocol and contexts."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import gc
import inspect
import logging
import sys
import threading
import types
import warnings
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator
from typing import Any, Protocol, TypeVar

import pytest

from ace_tracing import Trace, get_current_span, start_span, trace
from ace_tracing.testing import capture_traces
from kayba_local import LocalServer

F = TypeVar("F", bound=Callable[..., Any])
LastTrace = Callable[[], Trace]


class Decorate(Protocol):
    """A decorator that keeps the function's type."""

    def __call__(self, function: F, /) -> F: ...


@pytest.fixture(params=["plain", "traced", "traced while disabled"])
def maybe(request: pytest.FixtureRequest) -> Decorate:
    """Return `trace` or a decorator that does nothing; a test must pass with both."""
    if request.param == "plain":
        return lambda function: function
    if request.param == "traced":
        request.getfixturevalue("tracing")
    return trace


class Thing:
    """An object whose lifetime a weak reference observes."""


# Lifetime of arguments, items and results --------------------------------------------------------------------------


def test_arguments_and_results_are_freed_after_their_last_use(maybe: Decorate) -> None:
    @maybe
    def same(thing: Thing) -> Thing:
        return thing

    thing = same(Thing())
    watch = weakref.ref(thing)
    del thing
    assert watch() is None


def test_objects_of_a_handled_exception_are_freed(maybe: Decorate) -> None:
    @maybe
    def fail(thing: Thing) -> None:
        raise ValueError("no")

    @maybe
    def fail_later(thing: Thing) -> Iterator[Thing]:
        yield thing
        raise ValueError("no")

    for consume in (fail, lambda thing: list(fail_later(thing))):
        thing = Thing()
        watch = weakref.ref(thing)
        gc.disable()
        try:
            with pytest.raises(ValueError, match="no") as caught:
                consume(thing)
            del thing, caught
            assert watch() is None
        finally:
            gc.enable()


def test_suspended_generator_keeps_no_passed_objects(maybe: Decorate) -> None:
    @maybe
    def relay(first: Thing) -> Generator[Thing, Thing | None, None]:
        things = [first]
        del first
        while True:
            try:
                sent = yield things.pop()
                things.append(sent or Thing())
            except KeyError:
                things.append(Thing())
            sent = None

    argument = Thing()
    generator = relay(argument)
    given = next(generator)
    watch = weakref.ref(given)
    del argument, given
    assert watch() is None

    sent = Thing()
    watch = weakref.ref(sent)
    generator.send(sent)
    del sent
    assert watch() is None

    thrown = KeyError(Thing())
    watch = weakref.ref(thrown.args[0])
    generator.throw(thrown)
    del thrown
    assert watch() is None


def test_suspended_async_generator_keeps_no_passed_objects(maybe: Decorate) -> None:
    @maybe
    async def things(first: Thing) -> AsyncGenerator[Thing, None]:
        held = [first]
        del first
        while True:
            yield held.pop()
            held.append(Thing())

    async def main() -> None:
        argument = Thing()
        generator = things(argument)
        watch = weakref.ref(await anext(generator))
        del argument
        assert watch() is None
        await generator.aclose()

    asyncio.run(main())


def test_item_changed_after_the_yield_is_recorded_as_yielded(last_trace: LastTrace) -> None:
    @trace
    def growing() -> Iterator[list[int]]:
        items: list[int] = []
        for number in range(3):
            items.append(number)
            yield items

    assert [list(items) for items in growing()] == [[0], [0, 1], [0, 1, 2]]
    root = last_trace().root
    assert root is not None
    assert root.outputs == [[0], [0, 1], [0, 1, 2]]


def test_stream_is_recorded_up_to_a_bound_in_bytes(last_trace: LastTrace) -> None:
    @trace
    def large() -> Iterator[str]:
        for _ in range(100):
            yield "x" * 100_000

    assert sum(map(len, large())) == 10_000_000
    root = last_trace().root
    assert root is not None
    assert len(root.outputs) + root.attributes["stream.items_not_recorded"] == 100
    assert 1_000_000 < sum(map(len, root.outputs)) < 2_000_000


# The generator protocol ---------------------------------------------------------------------------------------------


@pytest.mark.covers("Shapes", "Generator: exception thrown in")
def test_exception_thrown_in_is_the_same_object(maybe: Decorate) -> None:
    seen: list[BaseException] = []
    handled: list[BaseException | None] = []

    @maybe
    def listen() -> Generator[None, None, None]:
        while True:
            try:
                yield
            except Exception as error:
                seen.append(error)
            handled.append(sys.exception())

    generator = listen()
    next(generator)
    thrown = [ValueError("a"), StopIteration(3), RuntimeError("b")]
    for error in thrown:
        generator.throw(error)
    assert [id(error) for error in seen] == [id(error) for error in thrown]
    assert [error.__context__ for error in seen] == handled == [None, None, None]


@pytest.mark.covers("Endings", "Generator: `GeneratorExit` ignored")
def test_generator_that_ignores_generator_exit_raises_runtime_error(maybe: Decorate) -> None:
    @maybe
    def stubborn() -> Generator[int, None, None]:
        try:
            yield 1
        except GeneratorExit:
            yield 2

    generator = stubborn()
    next(generator)
    with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
        generator.close()


@pytest.mark.covers("Endings", "Generator: `GeneratorExit` thrown in")
def test_generator_can_yield_after_a_thrown_generator_exit(tracing: LocalServer) -> None:
    @trace
    def stubborn() -> Generator[int, None, None]:
        try:
            yield 1
        except GeneratorExit:
            yield 2

    generator = stubborn()
    next(generator)
    assert generator.throw(GeneratorExit) == 2


@pytest.mark.covers("Endings", "Generator: exception in its clean-up")
def test_error_in_generator_cleanup_has_generator_exit_as_context(maybe: Decorate) -> None:
    @maybe
    def failing() -> Generator[int, None, None]:
        try:
            yield 1
        finally:
            raise ValueError("in clean-up")

    generator = failing()
    next(generator)
    with pytest.raises(ValueError, match="in clean-up") as caught:
        generator.close()
    context = caught.value.__context__
    assert type(context) is GeneratorExit
    assert context.__context__ is None


@pytest.mark.parametrize("way", ["dropped", "part of a cycle", "in another thread"])
def test_collected_generator_cleans_up_and_reports_its_error(
    maybe: Decorate, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(
        sys, "unraisablehook", lambda given: seen.append((repr(given.exc_value), given.object.__qualname__))
    )

    @maybe
    def failing(holder: list[Any]) -> Iterator[int]:
        try:
            yield len(holder)
        except BaseException as error:
            seen.append(type(error))
            raise
        finally:
            raise ValueError("in clean-up")

    holder: list[Any] = []
    holder.append(failing(holder if way == "part of a cycle" else []))
    next(holder[0])
    if way == "in another thread":
        thread = threading.Thread(target=holder.clear)
        thread.start()
        thread.join()
    del holder
    gc.collect()
    name = "test_collected_generator_cleans_up_and_reports_its_error.<locals>.failing"
    assert seen == [GeneratorExit, ("ValueError('in clean-up')", name)]


@pytest.mark.covers("Endings", "Generator: `StopIteration` inside")
def test_stop_iteration_inside_a_generator_is_a_runtime_error(maybe: Decorate) -> None:
    @maybe
    def bad() -> Iterator[int]:
        yield next(iter(()))

    with pytest.raises(RuntimeError, match="generator raised StopIteration") as caught:
        list(bad())
    assert type(caught.value.__cause__) is StopIteration


@pytest.mark.covers("Endings", "Generator: `return` in its clean-up")
def test_generator_that_returns_after_an_exception_swallows_it(maybe: Decorate) -> None:
    @maybe
    def swallowing() -> Generator[int, None, str]:
        with contextlib.suppress(BaseException):
            yield 1
        return "swallowed"

    generator = swallowing()
    next(generator)
    with pytest.raises(StopIteration) as end:
        generator.throw(KeyboardInterrupt)
    assert end.value.value == "swallowed"
    generator = swallowing()
    next(generator)
    generator.close()
    assert list(generator) == []


@pytest.mark.covers("Shapes", "Generator: `yield from`")
def test_plain_generator_can_yield_from_a_traced_one(maybe: Decorate) -> None:
    @maybe
    def inner() -> Generator[int, int, int]:
        try:
            return (yield 1) + (yield 2)
        except KeyError:
            return -1

    def outer() -> Generator[int, int, int]:
        return (yield from inner())

    def run(*steps: Callable[[Generator[int, int, int]], object]) -> Any:
        generator = outer()
        try:
            for step in (next, *steps):
                step(generator)
        except StopIteration as end:
            return end.value

    assert run(lambda g: g.send(10), lambda g: g.send(5)) == 15
    assert run(lambda g: g.throw(KeyError())) == -1
    assert run(lambda g: g.close()) is None


@pytest.mark.covers("Shapes", "Coroutine made by a generator")
def test_generator_based_coroutine_can_be_awaited(maybe: Decorate) -> None:
    @maybe
    @types.coroutine
    def switch() -> Generator[None, None, str]:
        yield
        return "switched"

    async def main() -> str:
        return await switch()

    assert asyncio.run(main()) == "switched"


@pytest.mark.covers("Contexts", "step of a coroutine in another context")
def test_coroutine_closed_in_another_context_raises_nothing(maybe: Decorate) -> None:
    @types.coroutine
    def pause() -> Generator[None, None, None]:
        yield

    @maybe
    async def coroutine() -> None:
        await pause()

    @maybe
    async def items() -> AsyncIterator[int]:
        await pause()
        yield 1

    begun: list[Awaitable[Any]] = [coroutine(), anext(items())]
    for step in begun:
        contextvars.copy_context().run(step.send, None)  # type: ignore[attr-defined]
        contextvars.copy_context().run(step.close)  # type: ignore[attr-defined]
    assert get_current_span().span_id is None


# Names of parameters and globals ------------------------------------------------------------------------------------


def test_parameter_called_base_exception_keeps_the_users_error(maybe: Decorate) -> None:
    @maybe
    def fail(BaseException: Any, Exception: Any = None, dict: Any = None, traced: Any = None) -> None:  # noqa: N803, A002
        raise KeyError(BaseException)

    with pytest.raises(KeyError, match="1"):
        fail(1)


def test_global_called_base_exception_keeps_the_users_error(maybe: Decorate) -> None:
    namespace: dict[str, Any] = {}
    exec("BaseException = 1\ndef fail(a): raise KeyError(a)\nasync def afail(a): raise KeyError(a)", namespace)
    with pytest.raises(KeyError):
        maybe(namespace["fail"])(1)
    with pytest.raises(KeyError):
        asyncio.run(maybe(namespace["afail"])(1))


# Callers ------------------------------------------------------------------------------------------------------------


class Stream:
    """An iterator and an asynchronous iterator with one item, which warns of its caller's line."""

    def __init__(self) -> None:
        self.is_done = False

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> int:
        if self.is_done:
            raise StopIteration
        self.is_done = True
        return warn_caller()

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> int:
        if self.is_done:
            raise StopAsyncIteration
        self.is_done = True
        return warn_caller()


def warn_caller() -> int:
    """Warn and log with the line of the caller's caller."""
    warnings.warn("of the caller", stacklevel=3)
    logging.getLogger("tests.callers").warning("of the caller", stacklevel=3)
    return 1


def plain(a: int = 1) -> int:
    return warn_caller()


def variadic(*args: int) -> int:
    return warn_caller()


def stream() -> Stream:
    return Stream()


async def coroutine() -> int:
    return warn_caller()


async def variadic_coroutine(*args: int) -> int:
    return warn_caller()


async def stream_coroutine() -> Stream:
    return Stream()


def generator() -> Iterator[int]:
    yield warn_caller()


async def async_generator() -> AsyncIterator[int]:
    yield warn_caller()


async def call_in_coroutine(function: Callable[..., Any]) -> None:
    """Call a function of any kind with each caller's line in this function."""
    result = function()
    if inspect.isawaitable(result):
        result = await result
    if hasattr(result, "__anext__"):
        async for _ in result:
            pass
    elif hasattr(result, "__next__"):
        for _ in result:
            pass


@pytest.mark.parametrize(
    "function",
    [
        *(pytest.param(trace(f), id=f.__name__) for f in (plain, variadic, coroutine, variadic_coroutine)),
        *(pytest.param(trace(f), id=f.__name__) for f in (generator, async_generator)),
        *(pytest.param(trace(reducer=len)(f), id=f.__name__) for f in (stream, stream_coroutine)),
        pytest.param(trace(trace(plain)), id="traced twice"),
        pytest.param(start_span("block")(plain), id="start_span"),
        pytest.param(trace(functools.partial(plain, 1)), id="partial"),
        pytest.param(trace(staticmethod(plain)).__func__, id="staticmethod"),
    ],
)
@pytest.mark.parametrize("is_on", [True, False])
def test_warning_with_a_stacklevel_names_the_caller(
    function: Callable[..., Any], is_on: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with capture_traces() if is_on else contextlib.nullcontext(), pytest.warns(match="of the caller") as warned:
        asyncio.run(call_in_coroutine(function))
    (warning,), (record,) = warned, caplog.records
    assert warning.filename == __file__
    assert record.funcName == "call_in_coroutine"
    assert (record.pathname, record.lineno) == (__file__, warning.lineno)


def test_recorded_traceback_has_no_frames_of_the_wrappers(last_trace: LastTrace) -> None:
    @trace
    def outer(*args: int) -> None:
        inner(*args)

    @trace
    def inner(a: int) -> None:
        raise KeyError(a)

    with pytest.raises(KeyError):
        outer(1)
    (event,) = last_trace().data.spans[0].events
    frames = [line for line in event.attributes["exception.stacktrace"].splitlines() if line.startswith("  File")]
    assert [frame.rpartition(" ")[2] for frame in frames] == ["outer", "inner"]
