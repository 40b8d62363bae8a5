"""Plain functions that return an awaitable: the span lasts until that ends, and the caller notices no difference."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import inspect
import logging
import sys
import types
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any

import anyio
import pytest
import trio

from ace_tracing import SpanStatus, Trace, get_current_span, start_span, trace
from ace_tracing.testing import CapturedTraces, capture_traces


@pytest.fixture(autouse=True)
def traces() -> Iterator[CapturedTraces]:
    """Capture the traces of a test."""
    with capture_traces() as captured:
        yield captured


def outline(read: Trace) -> list[tuple[int, str, object]]:
    return [(depth, span.name, span.outputs) for depth, span in read.walk()]


@trace
def look_up(word: str) -> str:
    return word.upper()


async def answer(question: str) -> dict[str, str]:
    await asyncio.sleep(0)
    return {"answer": look_up(question)}


def ask(question: str) -> Coroutine[Any, Any, dict[str, str]]:
    """Ask as clients do: a plain function checks the arguments and returns the coroutine."""
    return answer(question)


async def fail() -> None:
    await asyncio.sleep(0)
    raise KeyError("no such model")


async def wait_forever() -> None:
    await asyncio.Event().wait()


# Coroutines ---------------------------------------------------------------------------------------------------------


@pytest.mark.covers("Shapes", "Function that returns a coroutine")
@pytest.mark.parametrize("run", [asyncio.run, lambda coroutine: anyio.run(lambda: coroutine)])
def test_span_lasts_until_the_returned_coroutine_ends(run: Callable[[Any], Any], traces: CapturedTraces) -> None:
    assert run(trace(ask)("hi")) == {"answer": "HI"}
    (read,) = traces
    assert outline(read) == [(0, "ask", {"answer": "HI"}), (1, "look_up", "HI")]
    root = read.data.spans[0]
    assert (root.inputs, root.status.status_code) == ({"question": "hi"}, "OK")


def test_returned_coroutine_runs_under_trio(traces: CapturedTraces) -> None:
    async def answer_in_trio(question: str) -> str:
        await trio.lowlevel.checkpoint()
        return look_up(question)

    @trace
    def ask_in_trio(question: str) -> Coroutine[Any, Any, str]:
        return answer_in_trio(question)

    assert trio.run(ask_in_trio, "hi") == "HI"
    assert outline(traces[0]) == [(0, "ask_in_trio", "HI"), (1, "look_up", "HI")]


@pytest.mark.parametrize(
    "use",
    [
        lambda coroutine: asyncio.create_task(coroutine),
        lambda coroutine: asyncio.wait_for(coroutine, 60),
        lambda coroutine: asyncio.gather(coroutine),
        lambda coroutine: asyncio.shield(coroutine),
    ],
    ids=["create_task", "wait_for", "gather", "shield"],
)
def test_asyncio_accepts_the_returned_coroutine(use: Callable[[Any], Awaitable[Any]], traces: CapturedTraces) -> None:
    async def main() -> Any:
        return await use(trace(ask)("hi"))

    assert asyncio.run(main()) in ({"answer": "HI"}, [{"answer": "HI"}])
    assert outline(traces[0]) == [(0, "ask", {"answer": "HI"}), (1, "look_up", "HI")]


def test_returned_coroutine_looks_like_the_plain_one() -> None:
    plain, traced = ask("hi"), trace(ask)("hi")
    for coroutine in (plain, traced):
        assert inspect.iscoroutine(coroutine)
        assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED
        assert (coroutine.__name__, coroutine.__qualname__) == ("answer", "answer")
        coroutine.close()
        assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED


def test_coroutine_can_be_driven_by_hand(traces: CapturedTraces) -> None:
    @types.coroutine
    def ask_driver(question: str) -> Any:
        try:
            sent = yield question
        except KeyError as error:
            sent = error.args[0]
        return sent

    async def converse() -> list[str]:
        return [await ask_driver("one"), await ask_driver("two")]

    coroutine = trace(lambda: converse())()
    assert coroutine.send(None) == "one"
    assert coroutine.send("sent") == "two"
    with pytest.raises(StopIteration) as end:
        coroutine.throw(KeyError("thrown"))
    assert end.value.value == ["sent", "thrown"]
    assert outline(traces[0]) == [(0, "<lambda>", ["sent", "thrown"])]


def test_span_is_current_only_inside_the_coroutine(traces: CapturedTraces) -> None:
    async def name_span() -> str:
        await asyncio.sleep(0)
        return get_current_span().name

    @trace
    def call() -> Coroutine[Any, Any, str]:
        return name_span()

    async def main() -> list[str]:
        with start_span("main"):
            coroutine = call()
            before = get_current_span().name
            return [before, await coroutine, get_current_span().name]

    assert asyncio.run(main()) == ["main", "call", "main"]
    assert outline(traces[0]) == [(0, "main", None), (1, "call", "call")]


@pytest.mark.covers("Endings", "Returned awaitable: exception")
@pytest.mark.parametrize("as_task", [False, True], ids=["coroutine", "task"])
def test_error_of_a_returned_awaitable_is_recorded(as_task: bool, traces: CapturedTraces) -> None:
    @trace
    def call() -> Awaitable[None]:
        return asyncio.ensure_future(fail()) if as_task else fail()

    async def main() -> None:
        with pytest.raises(KeyError, match="no such model"):
            await call()

    asyncio.run(main())
    (span,) = traces[0].data.spans
    assert span.status == SpanStatus("ERROR", "KeyError: 'no such model'")
    assert span.outputs is None
    assert "await asyncio.sleep" not in span.events[0].attributes["exception.stacktrace"]
    assert "raise KeyError" in span.events[0].attributes["exception.stacktrace"]


@pytest.mark.covers("Endings", "Returned awaitable: cancelled")
@pytest.mark.parametrize("as_task", [False, True], ids=["coroutine", "task"])
def test_cancelled_awaitable_is_recorded_like_a_coroutine(as_task: bool, traces: CapturedTraces) -> None:
    @trace
    def call() -> Awaitable[None]:
        return asyncio.ensure_future(wait_forever()) if as_task else wait_forever()

    async def main(function: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.ensure_future(function())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel("too late")
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main(call))
    asyncio.run(main(trace(wait_forever)))
    (returned,), (coroutine,) = (read.data.spans for read in traces)
    assert coroutine.status == SpanStatus("ERROR", "asyncio.exceptions.CancelledError: too late")
    # asyncio keeps the message of a cancelled task from other callers than the first one that awaits it.
    assert returned.status == (
        SpanStatus("ERROR", "asyncio.exceptions.CancelledError") if as_task else coroutine.status
    )


@pytest.mark.covers("Endings", "Returned coroutine: never awaited")
def test_coroutine_never_awaited_warns_once_and_ends_its_span(traces: CapturedTraces) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trace(ask)("hi")
        gc.collect()
    assert [str(warning.message) for warning in caught] == ["coroutine 'answer' was never awaited"]
    # The recorded warning refers to the coroutine.
    caught.clear()
    gc.collect()
    (span,) = traces[0].data.spans
    assert (span.status.status_code, span.outputs) == ("ERROR", None)
    assert span.status.description.startswith("The coroutine 'answer' never ran")


@pytest.mark.parametrize("end", ["close", "throw", "cancel"])
def test_coroutine_that_ends_before_its_start_warns_of_nothing(end: str, traces: CapturedTraces) -> None:
    async def cancel_at_once() -> None:
        task = asyncio.create_task(trace(ask)("hi"))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    if end == "cancel":
        asyncio.run(cancel_at_once())
    else:
        coroutine = trace(ask)("hi")
        if end == "close":
            coroutine.close()
        else:
            with pytest.raises(KeyError, match="thrown"):
                coroutine.throw(KeyError("thrown"))
        del coroutine
    gc.collect()
    (span,) = traces[0].data.spans
    assert span.status.description.startswith("The coroutine 'answer' never ran")


@pytest.mark.covers("Shapes", "Function that returns a coroutine which others hold")
def test_coroutine_that_somebody_else_holds_is_returned_itself(traces: CapturedTraces) -> None:
    held: list[Any] = []

    @trace
    def keep(question: str) -> Any:
        held.append(answer(question))
        return held[0]

    @trace
    def same(coroutine: Any) -> Any:
        return coroutine

    @trace(reducer=len)
    def same_with_reducer(coroutine: Any) -> Any:
        return coroutine

    @trace(capture_outputs=False)
    def same_without_outputs(coroutine: Any) -> Any:
        return coroutine

    assert keep("hi") is held[0]
    given = held.pop()
    assert same(given) is same_with_reducer(given) is same_without_outputs(given) is given
    assert asyncio.run(given) == {"answer": "HI"}
    assert [read.data.spans[0].outputs for read in traces][:2] == ["<coroutine answer>", "<coroutine answer>"]


def test_started_coroutine_is_returned_itself() -> None:
    started: list[int] = []

    @types.coroutine
    def step() -> Any:
        return (yield 1)

    async def two_steps() -> Any:
        return await step()

    @trace
    def start() -> Any:
        coroutine = two_steps()
        coroutine.send(None)
        started.append(id(coroutine))
        return coroutine

    coroutine = start()
    assert id(coroutine) == started[0]
    with pytest.raises(StopIteration):
        coroutine.send(2)


@pytest.mark.parametrize(
    ("settings", "outputs"),
    [
        ({"capture_outputs": False}, None),
        ({"capture_outputs": lambda result: result["answer"]}, "HI"),
        ({"capture_inputs": False}, {"answer": "HI"}),
        ({"reducer": len}, {"answer": "HI"}),
    ],
    ids=["no outputs", "part of the outputs", "no inputs", "reducer"],
)
def test_awaited_result_is_recorded_by_the_settings(
    settings: dict[str, Any], outputs: object, traces: CapturedTraces
) -> None:
    assert asyncio.run(trace(**settings)(ask)("hi")) == {"answer": "HI"}
    assert outline(traces[0]) == [(0, "ask", outputs), (1, "look_up", "HI")]


def test_reducer_folds_the_awaited_stream(traces: CapturedTraces) -> None:
    async def numbers() -> Any:
        for number in range(3):
            yield number

    async def open_stream() -> Any:
        return numbers()

    @trace(reducer=sum)
    def stream() -> Any:
        return open_stream()

    async def main() -> list[int]:
        return [number async for number in await stream()]

    assert asyncio.run(main()) == [0, 1, 2]
    assert outline(traces[0]) == [(0, "stream", 3)]


def test_start_span_as_decorator_lasts_until_the_coroutine_ends(traces: CapturedTraces) -> None:
    assert asyncio.run(start_span("step")(ask)("hi")) == {"answer": "HI"}
    assert outline(traces[0]) == [(0, "step", None), (1, "look_up", "HI")]


@pytest.mark.parametrize("kind", ["method", "static", "class", "traced class", "callable", "variadic", "marked"])
def test_every_kind_of_callable_may_return_a_coroutine(kind: str, traces: CapturedTraces) -> None:
    class Client:
        @trace
        def method(self, question: str) -> Any:
            return answer(question)

        @trace
        @staticmethod
        def static(question: str) -> Any:
            return answer(question)

        @classmethod
        @trace
        def of_class(cls, question: str) -> Any:
            return answer(question)

        def __call__(self, question: str) -> Any:
            return answer(question)

    @trace
    class Traced:
        def method(self, question: str) -> Any:
            return answer(question)

    def variadic(*args: str, **kwargs: str) -> Any:
        return answer(*args, **kwargs)

    def marked(question: str) -> Any:
        return answer(question)

    if sys.version_info >= (3, 12):
        marked = inspect.markcoroutinefunction(marked)
    calls: dict[str, Callable[[str], Any]] = {
        "method": Client().method,
        "static": Client.static,
        "class": Client.of_class,
        "traced class": Traced().method,
        "callable": trace(Client()),
        "variadic": trace(variadic),
        "marked": trace(marked),
    }
    assert asyncio.run(calls[kind]("hi")) == {"answer": "HI"}
    (read,) = traces
    assert [(depth, outputs) for depth, _, outputs in outline(read)] == [(0, {"answer": "HI"}), (1, "HI")]


def test_returned_coroutine_runs_also_at_the_recursion_limit() -> None:
    traced = trace(ask)

    def dive(depth: int) -> Any:
        return dive(depth - 1) if depth else traced("hi")

    results = []
    for depth in range(sys.getrecursionlimit() - 150, sys.getrecursionlimit()):
        try:
            coroutine = dive(depth)
        except RecursionError:
            continue
        results.append(asyncio.run(coroutine))
    assert results
    assert all(result == {"answer": "HI"} for result in results)


def test_coroutine_function_that_returns_an_awaitable_is_not_followed(traces: CapturedTraces) -> None:
    @trace
    async def make() -> Any:
        return answer("hi")

    async def main() -> Any:
        return await (await make())

    assert asyncio.run(main()) == {"answer": "HI"}
    assert [outline(read) for read in traces] == [[(0, "make", "<coroutine answer>")], [(0, "look_up", "HI")]]


# Futures ------------------------------------------------------------------------------------------------------------


@pytest.mark.covers("Shapes", "Function that returns a task or a future")
def test_span_lasts_until_the_returned_task_ends(traces: CapturedTraces) -> None:
    tasks: list[object] = []

    @trace
    def start(question: str) -> asyncio.Task[dict[str, str]]:
        task = asyncio.create_task(answer(question))
        tasks.append(task)
        return task

    async def main() -> Any:
        task = start("hi")
        assert task is tasks[0]
        return await task

    assert asyncio.run(main()) == {"answer": "HI"}
    assert outline(traces[0]) == [(0, "start", {"answer": "HI"}), (1, "look_up", "HI")]


@pytest.mark.parametrize("is_done", [False, True])
def test_span_lasts_until_the_returned_future_is_done(is_done: bool, traces: CapturedTraces) -> None:
    async def main() -> int:
        future = asyncio.get_running_loop().create_future()
        if is_done:
            future.set_result(7)
        assert trace(lambda: future)() is future
        if not is_done:
            assert list(traces) == []
            future.set_result(7)
        return await future  # type: ignore[no-any-return]

    assert asyncio.run(main()) == 7
    assert outline(traces[0]) == [(0, "<lambda>", 7)]


def test_error_that_nobody_retrieves_is_logged_as_before(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        trace(lambda: future)()
        future.set_exception(KeyError("lost"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    with caplog.at_level(logging.ERROR, "asyncio"):
        asyncio.run(main())
        gc.collect()
    assert ["Future exception was never retrieved" in record.getMessage() for record in caplog.records] == [True]


def test_future_that_is_never_done_ends_the_span_as_an_error(traces: CapturedTraces) -> None:
    async def main() -> None:
        trace(lambda: asyncio.get_running_loop().create_future())()
        gc.collect()

    asyncio.run(main())
    assert traces[0].data.spans[0].status == SpanStatus("ERROR", "The future was never done.")


@pytest.mark.covers("Shapes", "Function that returns a future of `concurrent.futures`")
def test_span_lasts_until_the_future_of_an_executor_is_done(traces: CapturedTraces) -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        future = trace(pool.submit)(look_up, "hi")
        assert future.result() == "HI"
    (read,) = traces
    assert outline(read) == [(0, "submit", "HI"), (1, "look_up", "HI")]


def test_cancelled_future_of_an_executor_is_recorded(traces: CapturedTraces) -> None:
    future: concurrent.futures.Future[int] = concurrent.futures.Future()
    assert trace(lambda: future)() is future
    future.cancel()
    status = traces[0].data.spans[0].status
    assert (status.status_code, status.description.split(".")[-1]) == ("ERROR", "CancelledError")


def test_future_with_its_own_methods_is_not_followed(traces: CapturedTraces) -> None:
    class Forwarding(asyncio.Future[int]):
        def add_done_callback(self, *args: Any, **kwargs: Any) -> None:
            raise AssertionError("code of the user's class ran")

    async def main() -> None:
        future = Forwarding()
        assert trace(lambda: future)() is future
        assert len(traces) == 1

    asyncio.run(main())
