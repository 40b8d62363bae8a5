"""A traced asynchronous generator is finalized as the plain one is, by asyncio, trio and anyio."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import logging
import re
import sys
import threading
import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, Final

import anyio
import anyio.lowlevel
import pytest
import trio

import ace_tracing
from ace_tracing import trace
from ace_tracing.testing import capture_traces

Log = Callable[..., None]
Decorate = Callable[[Any], Any]
Main = Callable[[], Awaitable[None]]
Scenario = Callable[[Decorate, Log], Awaitable[None]]
Run = Callable[[Main], None]


def run_asyncio(main: Main) -> None:
    async def start() -> None:
        await main()

    asyncio.run(start())


RUNS: Final[dict[str, Run]] = {
    "asyncio": run_asyncio,
    "trio": trio.run,
    "anyio on asyncio": functools.partial(anyio.run, backend="asyncio"),
    "anyio on trio": functools.partial(anyio.run, backend="trio"),
}

SCENARIOS: Final[dict[str, Scenario]] = {}

kept: list[Any] = []
"""Generators that still live when the event loop ends."""


def scenario(function: Scenario) -> Scenario:
    SCENARIOS[function.__name__.replace("_", " ")] = function
    return function


def make_numbers(decorate: Decorate, log: Log, name: str = "numbers") -> Callable[[], AsyncGenerator[int, Any]]:
    """Return a generator function that logs its end, and awaits before each item and in its clean-up."""

    @decorate
    async def numbers() -> AsyncGenerator[int, Any]:
        try:
            for number in range(3):
                await anyio.lowlevel.checkpoint()
                sent = yield number
                if sent is not None:
                    log(name, "was sent", sent)
        except BaseException as error:
            log(name, "left by", type(error).__name__, type(error.__context__).__name__)
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
            log(name, "cleaned up")

    return numbers


async def pass_time() -> None:
    """Let the event loop run what is ready, also the generators it closes."""
    for _ in range(10):
        await anyio.lowlevel.checkpoint()


# Ends of one generator ----------------------------------------------------------------------------------------------


@scenario
async def exhausted(decorate: Decorate, log: Log) -> None:
    async for number in make_numbers(decorate, log)():
        log(number)


@scenario
async def left_by_break(decorate: Decorate, log: Log) -> None:
    async for number in make_numbers(decorate, log)():
        log(number)
        break
    await pass_time()
    log("end")


@scenario
async def left_by_break_at_the_end_of_the_loop(decorate: Decorate, log: Log) -> None:
    async for number in make_numbers(decorate, log)():
        log(number)
        break


@scenario
async def alive_at_the_end_of_the_loop(decorate: Decorate, log: Log) -> None:
    kept.append(make_numbers(decorate, log)())
    log(await anext(kept[0]))


@scenario
async def never_iterated(decorate: Decorate, log: Log) -> None:
    kept.append(make_numbers(decorate, log)())
    log(inspect.isasyncgen(make_numbers(decorate, log)()))


@scenario
async def left_inside_aclosing(decorate: Decorate, log: Log) -> None:
    async with aclosing(make_numbers(decorate, log)()) as numbers:
        async for number in numbers:
            log(number)
            break
    log("end")
    await numbers.aclose()
    log(await anext(numbers, "exhausted"))


@scenario
async def part_of_a_cycle(decorate: Decorate, log: Log) -> None:
    @decorate
    async def cyclic(holder: list[Any]) -> AsyncIterator[int]:
        try:
            yield len(holder)
        finally:
            await anyio.lowlevel.checkpoint()
            log("cleaned up")

    holder: list[Any] = []
    holder.append(cyclic(holder))
    log(await anext(holder[0]))
    del holder
    gc.collect()
    await pass_time()
    log("end")


@scenario
async def clean_up_that_raises(decorate: Decorate, log: Log) -> None:
    @decorate
    async def failing() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            raise ValueError("in clean-up")

    kept.append(failing())
    log(await anext(kept[0]))
    generator = failing()
    await anext(generator)
    del generator
    await pass_time()


@scenario
async def clean_up_that_yields(decorate: Decorate, log: Log) -> None:
    @decorate
    async def stubborn() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            yield 2

    kept.append(stubborn())
    log(await anext(kept[0]))
    generator = stubborn()
    await anext(generator)
    with suppress(RuntimeError):
        await generator.aclose()
        log("closed")


@scenario
async def collected_in_another_thread(decorate: Decorate, log: Log) -> None:
    closed = anyio.Event()

    @decorate
    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
            log("cleaned up")
            closed.set()

    holder = [numbers()]
    log(await anext(holder[0]))
    thread = threading.Thread(target=holder.clear)
    thread.start()
    thread.join()
    await closed.wait()


# Exceptions and values passed in ------------------------------------------------------------------------------------


@scenario
async def sent_and_thrown(decorate: Decorate, log: Log) -> None:
    numbers = make_numbers(decorate, log)()
    log(await anext(numbers))
    log(await numbers.asend("text"))
    error = ValueError("thrown")
    try:
        await numbers.athrow(error)
    except ValueError as caught:
        log(caught is error, type(caught.__context__).__name__)
    log(await anext(numbers, "exhausted"))


@scenario
async def thrown_before_the_first_item(decorate: Decorate, log: Log) -> None:
    for error in (ValueError("thrown"), GeneratorExit()):
        numbers = make_numbers(decorate, log)()
        try:
            await numbers.athrow(error)
        except BaseException as caught:
            log(caught is error)
        log(await anext(numbers, "exhausted"))


@scenario
async def generator_exit_thrown(decorate: Decorate, log: Log) -> None:
    numbers = make_numbers(decorate, log)()
    log(await anext(numbers))
    try:
        await numbers.athrow(GeneratorExit)
    except BaseException as caught:
        log(type(caught).__name__)


@scenario
async def iterated_twice_at_once(decorate: Decorate, log: Log) -> None:
    entered, released = anyio.Event(), anyio.Event()

    @decorate
    async def waiting() -> AsyncGenerator[int, Any]:
        entered.set()
        await released.wait()
        yield 1

    numbers = waiting()

    async def take_first() -> None:
        log(await anext(numbers))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(take_first)
        await entered.wait()
        for step in (numbers.__anext__, numbers.aclose, functools.partial(numbers.athrow, ValueError)):
            try:
                await step()
            except RuntimeError as error:
                log(error)
        released.set()
    await numbers.aclose()


@scenario
async def cancelled_inside_the_generator(decorate: Decorate, log: Log) -> None:
    @decorate
    async def waiting() -> AsyncIterator[int]:
        yield 1
        try:
            await anyio.sleep_forever()
        except BaseException:
            log("cancelled")
            raise

    async def consume() -> None:
        async for number in waiting():
            log(number)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(consume)
        await pass_time()
        tasks.cancel_scope.cancel()
    await pass_time()
    log("end")


@scenario
async def cancelled_in_the_consumer(decorate: Decorate, log: Log) -> None:
    async def consume() -> None:
        async for number in make_numbers(decorate, log)():
            log(number)
            await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(consume)
        await pass_time()
        tasks.cancel_scope.cancel()
    await pass_time()
    log("end")


@scenario
async def stream_of_a_response(decorate: Decorate, log: Log) -> None:
    """Send the items as web frameworks do: in a task that is cancelled when the client disconnects."""

    async def send(body: AsyncIterator[int]) -> None:
        async for chunk in body:
            log("chunk", chunk)
            if chunk == 1:
                await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(send, make_numbers(decorate, log)())
        for _ in range(20):
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    log("end")


# Several generators -------------------------------------------------------------------------------------------------


def make_relay(decorate: Decorate, log: Log) -> Callable[[], AsyncIterator[int]]:
    """Return a generator function that iterates over another."""
    numbers = make_numbers(decorate, log, "inner")

    @decorate
    async def relay() -> AsyncIterator[int]:
        try:
            async for number in numbers():
                yield number
        finally:
            log("outer cleaned up")

    return relay


@scenario
async def nested_and_left_by_break(decorate: Decorate, log: Log) -> None:
    async for number in make_relay(decorate, log)():
        log(number)
        break
    await pass_time()
    log("end")


@scenario
async def nested_and_alive_at_the_end_of_the_loop(decorate: Decorate, log: Log) -> None:
    # The loop closes both in the order of a set, which differs from run to run, so only the outer generator's end is
    # compared.
    @decorate
    async def relay(numbers: AsyncGenerator[int, Any]) -> AsyncIterator[int]:
        try:
            async for number in numbers:
                yield number
        finally:
            log("outer cleaned up")

    kept.append(relay(make_numbers(decorate, lambda *_: None)()))
    log(await anext(kept[0]))


@scenario
async def context_manager(decorate: Decorate, log: Log) -> None:
    @asynccontextmanager
    @decorate
    async def resource(name: str) -> AsyncIterator[str]:
        try:
            yield name
        except BaseException as error:
            log(name, "left by", type(error).__name__)
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
            log(name, "closed")

    async with resource("plain") as name:
        log(name)
    for error in (ValueError("in the block"), StopAsyncIteration("in the block")):
        try:
            async with resource("failing"):
                raise error
        except (ValueError, StopAsyncIteration) as caught:
            log(caught is error)
    with anyio.CancelScope() as scope:
        async with resource("cancelled"):
            scope.cancel()
            await anyio.sleep_forever()
    entered = resource("never left")
    await entered.__aenter__()
    del entered
    await pass_time()


# The comparison -----------------------------------------------------------------------------------------------------


@pytest.fixture
def observed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[Callable[[Callable[[Log], None]], Any]]:
    """Return a function that runs a program and returns everything a user can observe of it, in its order."""

    def observe(program: Callable[[Log], None]) -> list[str]:
        lines: list[str] = []

        def log(*values: Any) -> None:
            lines.append(re.sub(r"0x[0-9a-f]+|Task-[0-9]+", "*", " ".join(map(str, values))))

        with monkeypatch.context() as patch, warnings.catch_warnings():
            warnings.simplefilter("always")
            patch.setattr(sys, "unraisablehook", lambda given: log("unraisable", repr(given.exc_value)))
            patch.setattr(warnings, "showwarning", lambda message, kind, *_: log(kind.__name__, message))
            caplog.clear()
            try:
                program(log)
            except BaseException as error:
                log("raised", repr(error))
            kept.clear()
            gc.collect()
        for record in caplog.records:
            if record.levelno >= logging.WARNING:
                log(record.name, record.getMessage(), record.exc_info and repr(record.exc_info[1]))
        return lines

    # The collections of the programs look at their own objects only, which takes milliseconds.
    gc.freeze()
    yield observe
    gc.unfreeze()


def compare(observed: Callable[[Callable[[Log], None]], Any], program: Callable[[Decorate, Log], None]) -> None:
    """Assert that a program with traced generators is observed as the one with plain generators."""
    plain = observed(lambda log: program(lambda function: function, log))
    with capture_traces():
        assert observed(lambda log: program(trace, log)) == plain
    ace_tracing.disable()
    try:
        assert observed(lambda log: program(trace, log)) == plain
    finally:
        ace_tracing.enable()


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS.keys())
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
def test_event_loop_finalizes_traced_generators_as_plain_ones(
    observed: Callable[[Callable[[Log], None]], Any], scenario: Scenario, run: Run
) -> None:
    compare(observed, lambda decorate, log: run(lambda: scenario(decorate, log)))


def test_loop_closed_before_a_generator_leaves_it_as_it_is(observed: Callable[[Callable[[Log], None]], Any]) -> None:
    def program(decorate: Decorate, log: Log) -> None:
        for is_kept in (False, True):
            loop = asyncio.new_event_loop()
            numbers = make_numbers(decorate, log)()

            async def take(numbers: AsyncGenerator[int, Any] = numbers) -> None:
                log(await anext(numbers))

            loop.run_until_complete(take())
            loop.close()
            kept.extend([numbers] * is_kept)
            del numbers, take
            gc.collect()

    compare(observed, program)


def test_generator_without_an_event_loop_ends_as_the_plain_one(
    observed: Callable[[Callable[[Log], None]], Any],
) -> None:
    def program(decorate: Decorate, log: Log) -> None:
        @decorate
        async def numbers(awaited: Any = None) -> AsyncIterator[int]:
            try:
                yield 1
                await asyncio.sleep(0)
            except BaseException as error:
                log(type(error).__name__)
                raise
            finally:
                log("cleaned up")
                if awaited:
                    await awaited

        for awaited in (None, asyncio.sleep(0)):
            generator = numbers(awaited)
            try:
                anext(generator).send(None)
            except StopIteration as item:
                log(item.value)
            del generator
            gc.collect()
        generator = numbers()
        with suppress(StopIteration):
            anext(generator).send(None)
        step = anext(generator)
        step.send(None)
        del generator, step
        gc.collect()

    compare(observed, program)


def test_hooks_get_the_traced_generator_once_and_no_other() -> None:
    registered: list[Any] = []
    finalized: list[Any] = []

    @trace
    async def numbers() -> AsyncIterator[int]:
        yield 1
        yield 2

    async def main() -> None:
        hooks = sys.get_asyncgen_hooks()
        own_hooks = (registered.append, finalized.append)
        sys.set_asyncgen_hooks(*own_hooks)
        try:
            generator = numbers()
            identity = id(generator)
            await anext(generator)
            assert [id(each) for each in registered] == [identity]
            registered.clear()
            assert sys.get_asyncgen_hooks() == own_hooks
            del generator
            assert [id(each) for each in finalized] == [identity]
            await finalized.pop().aclose()
        finally:
            sys.set_asyncgen_hooks(*hooks)

    with capture_traces() as traces:
        asyncio.run(main())
    root = traces[0].root
    assert root is not None
    assert (root.outputs, root.status.status_code) == ([1], "OK")
