"""`@start_span(...)`: each call of the function is a span, without arguments and result."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from ace_tracing import Span, get_current_span, start_span, trace
from ace_tracing.testing import CapturedTraces, assert_tree, capture_traces


@start_span("plan", span_type="CHAIN", attributes={"k": 3}, agent="planner")
def plan(task: str) -> str:
    """Return the plan."""
    get_current_span().set_attribute("task", task)
    return task.upper()


@start_span("search")
async def search(query: str) -> str:
    await asyncio.sleep(0)
    async with start_span("rank") as span:
        span.set_outputs(1)
    return query


@start_span("tokens")
def tokens(text: str) -> Iterator[str]:
    for part in text:
        with start_span("token"):
            pass
        yield part


@start_span("chunks")
async def chunks(text: str) -> AsyncIterator[str]:
    for part in text:
        yield part


class Agent:
    """Agent with each kind of method."""

    @start_span("method")
    def method(self) -> Agent:
        return self

    @staticmethod
    @start_span("static")
    def static() -> int:
        return 1

    @start_span("outer static")  # type: ignore[arg-type]
    @staticmethod
    def outer_static() -> int:
        return 1

    @classmethod
    @start_span("class")
    def of_class(cls) -> type:
        return cls


async def collect(items: AsyncIterator[str]) -> list[str]:
    return [item async for item in items]


def only_span(traces: CapturedTraces) -> Span:
    ((span,),) = [found.data.spans for found in traces]
    return span


def test_a_call_is_a_span_with_the_settings_and_without_values() -> None:
    with capture_traces() as traces:
        assert plan("go") == "GO"
    span = only_span(traces)
    assert (span.name, span.span_type) == ("plan", "CHAIN")
    assert (span.inputs, span.outputs, span.status.status_code) == (None, None, "OK")
    assert (span.attributes["k"], span.attributes["task"]) == (3, "go")


@pytest.mark.parametrize(
    ("call", "result", "tree"),
    [
        (lambda: asyncio.run(search("a")), "a", ("search", "rank")),
        (lambda: list(tokens("ab")), ["a", "b"], ("tokens", "token", "token")),
        (lambda: asyncio.run(collect(chunks("ab"))), ["a", "b"], "chunks"),
        (lambda: Agent().method().static(), 1, ["method", "static"]),
        (Agent.outer_static, 1, "outer static"),
        (Agent.of_class, Agent, "class"),
    ],
)
def test_every_kind_of_function_keeps_its_result(call: Callable[[], Any], result: object, tree: Any) -> None:
    with capture_traces() as traces, start_span("root"):
        assert call() == result
        assert get_current_span().name == "root"
    assert_tree(traces[0], {"root": tree})


def test_the_function_keeps_its_kind_and_its_signature() -> None:
    assert inspect.iscoroutinefunction(search)
    assert inspect.isgeneratorfunction(tokens)
    assert inspect.isasyncgenfunction(chunks)
    assert (plan.__name__, plan.__doc__) == ("plan", "Return the plan.")
    assert str(inspect.signature(plan)) == "(task: 'str') -> 'str'"


def test_each_of_many_parallel_and_recursive_calls_has_its_own_span() -> None:
    began = threading.Barrier(4)

    @start_span("step")
    def step(depth: int) -> None:
        began.wait(120)
        if depth:
            step(depth - 1)

    with capture_traces() as traces:
        threads = [threading.Thread(target=step, args=(2,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(traces) == 4
    for found in traces:
        assert_tree(found, {"step": {"step": "step"}})


def test_an_exception_is_recorded_and_propagates() -> None:
    @start_span("fails")
    def fail() -> None:
        raise LookupError("none")

    with capture_traces() as traces, pytest.raises(LookupError, match="none"):
        fail()
    span = only_span(traces)
    assert (span.status.status_code, span.status.description) == ("ERROR", "LookupError: none")


def test_it_combines_with_trace_in_either_order() -> None:
    with capture_traces() as traces:
        assert trace(start_span("inner")(abs))(-1) == 1
        assert start_span("outer")(trace(abs))(-1) == 1
    assert_tree(traces[0], {"abs": "inner"})
    assert_tree(traces[1], {"outer": "abs"})


def test_the_forms_that_cannot_work_are_errors_at_decoration() -> None:
    def plan() -> None: ...

    with pytest.raises(TypeError, match=r"write @start_span\('plan'\), or @trace"):
        start_span(plan)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="decorates a function"):
        start_span("plan")(Agent)
    with pytest.raises(TypeError, match="object of the type int"):
        start_span("plan")(5)  # type: ignore[type-var]
