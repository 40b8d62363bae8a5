"""`@trace` on every kind of callable: the protocol is unchanged, and the span lasts as long as the call."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import pickle
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from contextlib import aclosing
from typing import Any

import pytest

from ace_tracing import Span, Trace, get_current_span, search_traces, start_span, trace
from kayba_local import LocalServer

LastTrace = Callable[[], Trace]


def outline(read: Trace) -> list[tuple[int, str]]:
    return [(depth, span.name) for depth, span in read.walk()]


def root_of(read: Trace) -> Span:
    assert read.root is not None
    return read.root


# Generators ---------------------------------------------------------------------------------------------------------


def echo(first: str) -> Generator[str, str, int]:
    """Yield each sent text in upper case, and return their number."""
    count = 0
    sent: str | None = first
    try:
        while sent != "stop":
            try:
                sent = yield f"{sent}".upper()
            except KeyError as error:
                sent = f"caught {error.args[0]}"
            count += 1
    finally:
        with start_span("clean-up"):
            pass
    return count


def drive(generator: Generator[str, str, int]) -> list[Any]:
    """Use every method of a generator and return the results."""
    seen: list[Any] = [next(generator), generator.send("a"), generator.throw(KeyError("k"))]
    try:
        generator.send("stop")
    except StopIteration as end:
        seen.append(("returned", end.value))
    return seen


@pytest.mark.covers("Shapes", "Generator: `next`, `send`, `throw`, return value")
@pytest.mark.covers("Endings", "Generator: exhausted")
def test_traced_generator_behaves_like_the_plain_one(last_trace: LastTrace) -> None:
    assert drive(echo("hi")) == drive(trace(echo)("hi")) == ["HI", "A", "CAUGHT K", ("returned", 3)]
    read = last_trace()
    assert outline(read) == [(0, "echo"), (1, "clean-up")]
    root = root_of(read)
    assert (root.inputs, root.outputs) == ({"first": "hi"}, ["HI", "A", "CAUGHT K"])
    assert root.attributes["generator.return_value"] == 3


@pytest.mark.covers("Shapes", "Generator: `yield from`")
def test_yield_from_passes_sent_and_returned_values(last_trace: LastTrace) -> None:
    traced = trace(echo)

    @trace
    def outer() -> Generator[str, str, str]:
        count = yield from traced("hi")
        return f"{count} times"

    generator = outer()
    assert next(generator) == "HI"
    assert generator.send("a") == "A"
    with pytest.raises(StopIteration) as end:
        generator.send("stop")
    assert end.value.value == "2 times"
    assert outline(last_trace()) == [(0, "outer"), (1, "echo"), (2, "clean-up")]


@pytest.mark.covers("Shapes", "Signature, docstring, `inspect`")
def test_inspect_reports_the_same_kind_and_signature() -> None:
    async def coroutine() -> None: ...

    async def agen() -> AsyncIterator[int]:
        yield 1

    assert inspect.isgeneratorfunction(trace(echo))
    assert inspect.iscoroutinefunction(trace(coroutine))
    assert inspect.isasyncgenfunction(trace(agen))
    assert inspect.signature(trace(echo)) == inspect.signature(echo)


@pytest.mark.covers("Shapes", "Generator: spans of its consumer")
def test_consumer_spans_are_not_children_of_the_generator(last_trace: LastTrace) -> None:
    @trace
    def numbers() -> Iterator[int]:
        for number in range(2):
            with start_span(f"make {number}"):
                pass
            yield number

    @trace
    def consume() -> None:
        for number in numbers():
            with start_span(f"use {number}"):
                pass

    consume()
    assert sorted(outline(last_trace())) == [
        (0, "consume"),
        (1, "numbers"),
        (1, "use 0"),
        (1, "use 1"),
        (2, "make 0"),
        (2, "make 1"),
    ]


@pytest.mark.covers("Endings", "Generator: left by `break`, then collected")
def test_break_ends_the_span_and_keeps_the_items(last_trace: LastTrace) -> None:
    @trace
    def numbers() -> Iterator[int]:
        number = 0
        while True:
            yield number
            number += 1

    for number in numbers():
        if number == 2:
            break
    gc.collect()
    root = root_of(last_trace())
    assert (root.outputs, root.status.status_code) == ([0, 1, 2], "OK")
    assert get_current_span().span_id is None


@pytest.mark.covers("Endings", "Generator: `close`")
def test_close_runs_generator_cleanup_inside_its_span(last_trace: LastTrace) -> None:
    generator = trace(echo)("hi")
    next(generator)
    generator.close()
    assert outline(last_trace()) == [(0, "echo"), (1, "clean-up")]


@pytest.mark.covers("Endings", "Generator: exception inside")
def test_generator_error_is_recorded_with_the_items_before_it(last_trace: LastTrace) -> None:
    @trace
    def bad() -> Iterator[int]:
        yield 1
        raise ValueError("late")

    with pytest.raises(ValueError, match="late"):
        list(bad())
    root = root_of(last_trace())
    assert (root.outputs, root.status.description) == ([1], "ValueError: late")


@pytest.mark.covers("Shapes", "Generator: never used")
def test_unused_generator_records_no_trace(tracing: LocalServer) -> None:
    trace(echo)("hi")
    assert search_traces() == []


@pytest.mark.covers("Shapes", "Generator: very many items")
def test_long_generator_keeps_a_bounded_number_of_items(last_trace: LastTrace) -> None:
    @trace
    def many() -> Iterator[int]:
        yield from range(25_000)

    assert sum(many()) == sum(range(25_000))
    root = root_of(last_trace())
    assert 0 < len(root.outputs) <= 10_001
    assert root.attributes["stream.items_not_recorded"] == 15_000


@pytest.mark.covers("Shapes", "Items folded by a reducer")
def test_reducer_folds_the_items(last_trace: LastTrace) -> None:
    @trace(reducer="".join)
    def tokens() -> Iterator[str]:
        yield "Par"
        yield "is"

    assert list(tokens()) == ["Par", "is"]
    assert root_of(last_trace()).outputs == "Paris"


def test_reducer_is_not_called_for_a_call_that_fails(last_trace: LastTrace) -> None:
    def last_of(items: list[Any]) -> Any:
        raise AssertionError(f"called with {items}")

    @trace(reducer=last_of)
    def refuse() -> Iterator[int]:
        raise KeyError("no such model")

    def open_stream() -> Iterator[int]:
        return refuse()

    with pytest.raises(KeyError):
        list(trace(reducer=last_of)(open_stream)())
    assert [span.outputs for span in last_trace().data.spans] == [None, None]


@pytest.mark.covers("Shapes", "Items folded by a reducer")
def test_failing_reducer_withholds_outputs_only(last_trace: LastTrace) -> None:
    @trace(reducer=lambda items: items[99])
    def tokens() -> Iterator[str]:
        yield "Par"

    assert list(tokens()) == ["Par"]
    assert root_of(last_trace()).outputs == "<withheld: the capture function raised IndexError>"


# Asynchronous generators --------------------------------------------------------------------------------------------


async def aecho(first: str) -> AsyncGenerator[str, str]:
    sent: str | None = first
    try:
        while sent != "stop":
            try:
                sent = yield f"{sent}".upper()
            except KeyError as error:
                sent = f"caught {error.args[0]}"
    finally:
        await asyncio.sleep(0)
        with start_span("clean-up"):
            pass


async def adrive(generator: AsyncGenerator[str, str]) -> list[Any]:
    seen: list[Any] = [await anext(generator), await generator.asend("a"), await generator.athrow(KeyError("k"))]
    try:
        await generator.asend("stop")
    except StopAsyncIteration:
        seen.append("exhausted")
    return seen


@pytest.mark.covers("Shapes", "Async generator: `anext`, `asend`, `athrow`")
def test_traced_async_generator_behaves_like_the_plain_one(last_trace: LastTrace) -> None:
    traced = asyncio.run(adrive(trace(aecho)("hi")))
    assert traced == asyncio.run(adrive(aecho("hi"))) == ["HI", "A", "CAUGHT K", "exhausted"]
    found = {read.info.name: read for read in search_traces()}
    assert outline(found["aecho"]) == [(0, "aecho"), (1, "clean-up")]
    assert root_of(found["aecho"]).outputs == ["HI", "A", "CAUGHT K"]


@pytest.mark.parametrize(
    "how",
    [
        pytest.param("aclose", marks=pytest.mark.covers("Endings", "Async generator: `aclose`")),
        pytest.param("break", marks=pytest.mark.covers("Endings", "Async generator: left by `break`")),
        pytest.param("cancel", marks=pytest.mark.covers("Endings", "Async generator: consumer cancelled")),
    ],
)
def test_abandoned_async_generator_ends_its_span(last_trace: LastTrace, how: str) -> None:
    async def consume() -> None:
        generator = trace(aecho)("hi")
        if how == "aclose":
            await anext(generator)
            await generator.aclose()
        elif how == "break":
            async with aclosing(generator):
                async for _ in generator:
                    break
        else:

            async def forever() -> None:
                async with aclosing(generator):
                    async for _ in generator:
                        await asyncio.Event().wait()

            task = asyncio.create_task(forever())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(consume())
    read = last_trace()
    assert outline(read) == [(0, "aecho"), (1, "clean-up")]
    assert root_of(read).outputs == ["HI"]


@pytest.mark.covers("Endings", "Async generator: left by `break`, never closed")
def test_unclosed_async_generator_ends_its_span_after_cleanup(last_trace: LastTrace) -> None:
    async def consume() -> None:
        cleaned_up = asyncio.Event()

        @trace
        async def numbers() -> AsyncIterator[int]:
            try:
                yield 1
            finally:
                await asyncio.sleep(0)
                with start_span("clean-up"):
                    cleaned_up.set()

        async for _ in numbers():
            break
        # The event loop closes the generator in a separate task.
        await cleaned_up.wait()

    asyncio.run(consume())
    read = last_trace()
    assert outline(read) == [(0, "numbers"), (1, "clean-up")]
    assert (root_of(read).outputs, root_of(read).status.status_code) == ([1], "OK")


@pytest.mark.covers("Endings", "Task cancelled")
def test_cancelled_coroutine_is_recorded_as_cancelled(last_trace: LastTrace) -> None:
    @trace
    async def wait() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert get_current_span().span_id is None

    asyncio.run(main())
    root = root_of(last_trace())
    assert (root.status.status_code, root.status.description) == ("ERROR", "asyncio.exceptions.CancelledError")


@pytest.mark.covers("Shapes", "Async generator: spans of its consumer")
def test_consumer_spans_are_not_children_of_the_async_generator(last_trace: LastTrace) -> None:
    @trace
    async def consume() -> None:
        async for item in trace(aecho)("hi"):
            with start_span(f"use {item}"):
                pass
            break

    asyncio.run(consume())
    spans = {span.name: span for span in last_trace().data.spans}
    assert spans["use HI"].parent_id == spans["consume"].span_id


# Returned streams ---------------------------------------------------------------------------------------------------


class Stream:
    """A response in chunks, as a chat client returns it."""

    def __init__(self, *chunks: str) -> None:
        self._chunks = iter(chunks)
        self.response = "raw"
        self.closed = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return next(self._chunks)

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True


class AsyncStream:
    def __init__(self, *chunks: str) -> None:
        self._chunks = iter(chunks)
        self.closed = False

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        await asyncio.sleep(0)
        try:
            return next(self._chunks)
        except StopIteration:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> AsyncStream:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.closed = True


@pytest.mark.covers("Shapes", "Stream returned by a client")
def test_returned_stream_is_recorded_by_the_call_span(last_trace: LastTrace) -> None:
    @trace(reducer="".join)
    def chat(prompt: str) -> Stream:
        return Stream("Par", "is")

    with chat("capital?") as stream:
        assert stream.response == "raw"
        with start_span("between"):
            pass
        assert list(stream) == ["Par", "is"]
    assert stream.closed
    roots = {read.info.name: root_of(read) for read in search_traces()}
    assert (roots["chat"].inputs, roots["chat"].outputs) == ({"prompt": "capital?"}, "Paris")
    assert "between" in roots


@pytest.mark.covers("Endings", "Stream left half-way")
def test_abandoned_stream_ends_its_span(last_trace: LastTrace) -> None:
    @trace(reducer="".join)
    def chat() -> Stream:
        return Stream("Par", "is")

    with chat() as stream:
        for _ in stream:
            break
    assert root_of(last_trace()).outputs == "Par"

    next(chat())
    gc.collect()
    assert root_of(last_trace()).outputs == "Par"


@pytest.mark.covers("Shapes", "Async stream returned by a client")
def test_returned_async_stream_is_recorded_by_the_call_span(last_trace: LastTrace) -> None:
    @trace(reducer="".join)
    async def chat() -> AsyncStream:
        return AsyncStream("Par", "is")

    async def main() -> list[str]:
        async with await chat() as stream:
            return [chunk async for chunk in stream]

    assert asyncio.run(main()) == ["Par", "is"]
    assert root_of(last_trace()).outputs == "Paris"


def test_result_other_than_a_stream_is_returned_unchanged(last_trace: LastTrace) -> None:
    result = ["a", "b"]

    @trace(reducer="".join)
    def chat() -> list[str]:
        return result

    assert chat() is result
    assert root_of(last_trace()).outputs == ["a", "b"]


# Methods, classes, and other callables ------------------------------------------------------------------------------


class Tools:
    @trace
    @staticmethod
    def above_static(a: int) -> int:
        return a

    @staticmethod
    @trace
    def below_static(a: int) -> int:
        return a

    @trace
    @classmethod
    def above_class(cls, a: int) -> str:
        return f"{cls.__name__} {a}"

    @classmethod
    @trace
    def below_class(cls, a: int) -> str:
        return f"{cls.__name__} {a}"

    @trace
    def method(self, a: int, /, b: int, *, c: int = 3) -> int:
        return a + b + c


STATIC = pytest.mark.covers("Shapes", "`staticmethod`, either order of decorators")
OF_CLASS = pytest.mark.covers("Shapes", "`classmethod`, either order of decorators")


@pytest.mark.parametrize("owner", [Tools, Tools()], ids=["class", "instance"])
@pytest.mark.parametrize(
    "name",
    [
        *(pytest.param(name, marks=STATIC) for name in ("above_static", "below_static")),
        *(pytest.param(name, marks=OF_CLASS) for name in ("above_class", "below_class")),
    ],
)
def test_trace_combines_with_decorators_in_either_order(last_trace: LastTrace, owner: Any, name: str) -> None:
    assert str(getattr(owner, name)(1)).endswith("1")
    root = root_of(last_trace())
    assert (root.name, root.inputs) == (name, {"a": 1})


@pytest.mark.covers("Shapes", "Positional-only and keyword-only parameters")
def test_positional_only_and_keyword_only_arguments_are_recorded(last_trace: LastTrace) -> None:
    assert Tools().method(1, b=2) == 6
    assert root_of(last_trace()).inputs == {"a": 1, "b": 2, "c": 3}


@pytest.mark.covers("Shapes", "Class: its public methods")
def test_traced_class_records_its_public_methods(last_trace: LastTrace) -> None:
    @trace(span_type="AGENT")
    class Agent:
        class Options:
            pass

        limit = 3

        def run(self, query: str) -> str:
            return self._private(self.helper(query))

        @staticmethod
        def helper(text: str) -> str:
            return text.upper()

        async def later(self) -> str:
            return "later"

        def _private(self, text: str) -> str:
            return text

    assert inspect.isclass(Agent)
    assert Agent().run("q") == "Q"
    read = last_trace()
    assert outline(read) == [(0, "run"), (1, "helper")]
    assert root_of(read).span_type == "AGENT"
    assert inspect.iscoroutinefunction(Agent.later)
    assert isinstance(Agent.Options(), Agent.Options)
    assert Agent.limit == 3


class Doubler:
    def __call__(self, a: int) -> int:
        return 2 * a


class AsyncDoubler:
    async def __call__(self, a: int) -> int:
        return 2 * a


@pytest.mark.covers("Shapes", "`functools.partial`")
@pytest.mark.covers("Shapes", "Object with `__call__`, sync and async")
@pytest.mark.covers("Shapes", "Built-in, C function")
@pytest.mark.covers("Shapes", "Lambda")
def test_partials_callables_and_builtins_are_traced(last_trace: LastTrace) -> None:
    def add(a: int, b: int) -> int:
        return a + b

    for target, args, result, name in [
        (functools.partial(add, 1), (2,), 3, "add"),
        (Doubler(), (4,), 8, "Doubler"),
        (len, ([1, 2],), 2, "len"),
        (max, (1, 5), 5, "max"),
        (str.upper, ("x",), "X", "upper"),
        (lambda a: a, (1,), 1, "<lambda>"),
    ]:
        assert trace(target)(*args) == result  # type: ignore[operator]
        root = root_of(last_trace())
        assert (root.name, root.outputs) == (name, result)
    assert asyncio.run(trace(AsyncDoubler())(4)) == 8
    assert root_of(last_trace()).outputs == 8


@trace
def at_module_level(a: int) -> int:
    """Return the next number; pickled by name."""
    return a + 1


@pytest.mark.covers("Shapes", "Pickle, copy, weak reference")
def test_traced_functions_and_methods_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(at_module_level)) is at_module_level
    assert pickle.loads(pickle.dumps(Tools().method))(1, 2) == 6


@pytest.mark.covers("Shapes", "Recursion without end")
def test_endless_recursion_raises_recursion_error(last_trace: LastTrace) -> None:
    def plain(n: int) -> int:
        return plain(n + 1)

    @trace
    def traced(n: int) -> int:
        return traced(n + 1)

    for function in (plain, traced):
        with pytest.raises(RecursionError):
            function(0)
    assert get_current_span().span_id is None


@pytest.mark.covers("Shapes", "Recursion, 1,500 deep")
def test_deep_recursion_within_the_limit_is_one_trace(last_trace: LastTrace) -> None:
    @trace
    def down(n: int) -> int:
        return 0 if n == 0 else 1 + down(n - 1)

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10_000)
    try:
        assert down(1_500) == 1_500
    finally:
        sys.setrecursionlimit(limit)
    read = last_trace()
    assert len(read.data.spans) == 1_501
    assert max(depth for depth, _ in read.walk()) == 1_500


# Capture settings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("capture", "inputs"),
    [
        (True, {"query": "q", "api_key": "secret"}),
        (False, None),
        (["query"], {"query": "q"}),
        (lambda inputs: {"length": len(inputs["query"])}, {"length": 1}),
        (lambda inputs: inputs["missing"], "<withheld: the capture function raised KeyError>"),
    ],
)
def test_capture_inputs_selects_recorded_arguments(last_trace: LastTrace, capture: Any, inputs: Any) -> None:
    @trace(capture_inputs=capture)
    def call(query: str, api_key: str) -> str:
        return "ok"

    assert call("q", "secret") == "ok"
    assert root_of(last_trace()).inputs == inputs


@pytest.mark.parametrize(("capture", "outputs"), [(True, "secret"), (False, None), (len, 6)])
def test_capture_outputs_selects_recorded_result(last_trace: LastTrace, capture: Any, outputs: Any) -> None:
    @trace(capture_outputs=capture)
    def call() -> str:
        return "secret"

    @trace(capture_outputs=capture, reducer="".join)
    def generate() -> Iterator[str]:
        yield "sec"
        yield "ret"

    assert call() == "secret"
    assert root_of(last_trace()).outputs == outputs
    assert list(generate()) == ["sec", "ret"]
    assert root_of(last_trace()).outputs == outputs
