"""`@trace` and `start_span`: the recorded spans, and unchanged results and exceptions."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ace_tracing
from ace_tracing import Span, Trace, start_span, trace

LastTrace = Callable[[], Trace]


def shape(trace_: Trace) -> list[tuple[int, str]]:
    return [(depth, span.name) for depth, span in trace_.walk()]


def root_of(trace_: Trace) -> Span:
    assert trace_.root is not None
    return trace_.root


@pytest.mark.covers("Shapes", "Function")
@pytest.mark.covers("Contexts", "Function of a function")
@pytest.mark.covers("Endings", "Return")
def test_three_nested_functions_are_one_tree(last_trace: LastTrace) -> None:
    @trace
    def retrieve(query: str) -> list[str]:
        return [f"about {query}"]

    @trace
    def generate(docs: list[str], query: str) -> str:
        return f"{query}: {len(docs)}"

    @trace
    def agent(query: str) -> str:
        return generate(retrieve(query), query)

    assert agent("Paris") == "Paris: 1"

    read = last_trace()
    assert shape(read) == [(0, "agent"), (1, "retrieve"), (1, "generate")]
    spans = {span.name: span for span in read.data.spans}
    assert spans["agent"].inputs == {"query": "Paris"}
    assert spans["agent"].outputs == "Paris: 1"
    assert spans["generate"].inputs == {"docs": ["about Paris"], "query": "Paris"}
    assert {span.status.status_code for span in read.data.spans} == {"OK"}
    assert read.info.state == "OK"
    assert read.info.name == "agent"
    for child in ("retrieve", "generate"):
        assert spans["agent"].start_time_ns <= spans[child].start_time_ns
        assert spans[child].end_time_ns <= spans["agent"].end_time_ns  # type: ignore[operator]


@pytest.mark.covers("Shapes", "`with start_span`")
def test_start_span_in_a_traced_function_is_a_child(last_trace: LastTrace) -> None:
    @trace
    def my_agent(query: str) -> str:
        with start_span("retrieval") as span:
            span.set_inputs({"query": query})
            span.set_outputs(["a", "b"])
        return "done"

    my_agent("What?")

    read = last_trace()
    assert shape(read) == [(0, "my_agent"), (1, "retrieval")]
    child = read.data.spans[1]
    assert (child.inputs, child.outputs, child.span_type) == ({"query": "What?"}, ["a", "b"], "UNKNOWN")
    assert child.parent_id == root_of(read).span_id


@pytest.mark.covers("Shapes", "`with start_span`")
def test_start_span_without_a_parent_is_a_trace(last_trace: LastTrace) -> None:
    with start_span("job", span_type="TASK", attributes={"shard": 3}) as span:
        span.add_event("halfway", {"rows": 10})
        trace_id = span.trace_id
    read = last_trace()
    assert read.trace_id == trace_id
    root = root_of(read)
    assert (root.name, root.span_type, root.attributes["shard"]) == ("job", "TASK", 3)
    assert [(event.name, event.attributes) for event in root.events] == [("halfway", {"rows": 10})]


def test_decorator_sets_name_type_and_attributes(last_trace: LastTrace) -> None:
    @trace(name="custom-name", span_type="LLM", attributes={"model": "gpt-4o", "retries": 2, "tools": ["a"]})
    def classify(text: str) -> str:
        return text.upper()

    classify("x")

    root = root_of(last_trace())
    assert (root.name, root.span_type) == ("custom-name", "LLM")
    assert root.attributes["model"] == "gpt-4o"
    assert root.attributes["retries"] == 2
    assert root.attributes["tools"] == ["a"]
    assert root.attributes["mlflow.spanFunctionName"] == "classify"


def test_attributes_of_one_call_do_not_reach_the_next(last_trace: LastTrace) -> None:
    @trace(attributes={"fixed": 1})
    def step(extra: bool) -> None: ...

    with start_span("outer", attributes={"fixed": 1}) as span:
        span.set_attribute("once", True)
    step(True)
    assert "once" not in root_of(last_trace()).attributes


@pytest.mark.covers("Shapes", "`*args`, `**kwargs`, defaults")
@pytest.mark.parametrize(
    ("args", "kwargs", "inputs"),
    [
        ((1,), {}, {"a": 1, "b": 2, "c": 3}),
        ((1, 5), {"c": 6}, {"a": 1, "b": 5, "c": 6}),
        ((1, 5, 7, 8), {"d": 9}, {"a": 1, "b": 5, "rest": [7, 8], "c": 3, "more": {"d": 9}}),
    ],
)
def test_inputs_have_the_parameter_names(
    last_trace: LastTrace, args: tuple[int, ...], kwargs: dict[str, int], inputs: dict[str, Any]
) -> None:
    @trace
    def step(a: int, b: int = 2, *rest: int, c: int = 3, **more: int) -> None: ...

    step(*args, **kwargs)
    assert root_of(last_trace()).inputs == inputs


@pytest.mark.covers("Shapes", "Method")
def test_inputs_of_methods_leave_out_self_and_cls(last_trace: LastTrace) -> None:
    class Agent:
        @trace
        def run(self, query: str) -> str:
            return self.build(query)

        @classmethod
        @trace
        def build(cls, query: str) -> str:
            return self_free(query)

    @trace
    def self_free(query: str) -> str:
        return query

    assert Agent().run("q") == "q"
    read = last_trace()
    assert shape(read) == [(0, "run"), (1, "build"), (2, "self_free")]
    assert [span.inputs for span in read.data.spans] == [{"query": "q"}] * 3


@pytest.mark.covers("Endings", "Exception")
def test_exception_is_recorded_and_is_the_same_object(last_trace: LastTrace) -> None:
    error = ValueError("boom")

    @trace
    def bad() -> None:
        raise error

    @trace
    def outer() -> None:
        bad()

    with pytest.raises(ValueError, match="boom") as caught:
        outer()
    assert caught.value is error
    assert caught.traceback[-1].name == "bad"

    read = last_trace()
    assert read.info.state == "ERROR"
    for span in read.data.spans:
        assert span.status.status_code == "ERROR"
        assert span.status.description == "ValueError: boom"
        (event,) = span.events
        assert event.name == "exception"
        assert event.attributes["exception.type"] == "ValueError"
        assert event.attributes["exception.message"] == "boom"
        stacktrace = event.attributes["exception.stacktrace"]
        assert "in bad" in stacktrace
        assert stacktrace.rstrip().endswith("ValueError: boom")
        assert str(Path(ace_tracing.__file__).parent) not in stacktrace, "frames of the package must be left out"


@pytest.mark.covers("Endings", "Exception that the caller catches")
def test_caught_exception_leaves_the_parent_ok(last_trace: LastTrace) -> None:
    @trace
    def fails() -> None:
        raise KeyError("missing")

    @trace
    def copes() -> str:
        try:
            fails()
        except KeyError:
            return "coped"
        raise AssertionError

    copes()
    read = last_trace()
    assert read.info.state == "OK"
    assert [(span.name, span.status.status_code) for span in read.data.spans] == [("copes", "OK"), ("fails", "ERROR")]


@pytest.mark.covers("Endings", "Exception in a `with` block")
def test_exception_in_a_with_block_is_recorded_and_propagates(last_trace: LastTrace) -> None:
    with pytest.raises(ZeroDivisionError), start_span("divide"):
        _ = 1 / 0
    assert last_trace().info.state == "ERROR"


@pytest.mark.parametrize(
    "interruption",
    [
        pytest.param(kind, marks=pytest.mark.covers("Endings", f"`{kind.__name__}`"))
        for kind in (KeyboardInterrupt, SystemExit, asyncio.CancelledError)
    ],
)
def test_interruptions_propagate_and_leave_no_current_span(
    last_trace: LastTrace, interruption: type[BaseException]
) -> None:
    @trace
    def interrupted() -> None:
        raise interruption(1)

    @trace
    def after() -> None: ...

    with pytest.raises(interruption):
        interrupted()
    assert root_of(last_trace()).status.status_code == "ERROR"
    after()
    assert shape(last_trace()) == [(0, "after")]


@pytest.mark.covers("Shapes", "Coroutine function")
def test_coroutine_is_traced_until_it_ends(last_trace: LastTrace) -> None:
    release = asyncio.Event()

    @trace
    async def wait(name: str) -> str:
        await release.wait()
        return name

    @trace
    async def agent() -> list[str]:
        tasks = [asyncio.create_task(wait(name)) for name in ("a", "b")]
        await asyncio.sleep(0)
        with start_span("release"):
            release.set()
        return list(await asyncio.gather(*tasks))

    assert inspect.iscoroutinefunction(agent)
    assert asyncio.run(agent()) == ["a", "b"]

    read = last_trace()
    assert sorted(shape(read)) == [(0, "agent"), (1, "release"), (1, "wait"), (1, "wait")]
    spans = {(span.name, str(span.inputs)): span for span in read.data.spans}
    waited = spans["wait", "{'name': 'a'}"]
    assert waited.outputs == "a"
    assert waited.end_time_ns >= spans["release", "None"].start_time_ns  # type: ignore[operator]


@pytest.mark.covers("Endings", "Exception in a coroutine")
def test_failing_coroutine_has_the_status_error(last_trace: LastTrace) -> None:
    @trace
    async def bad() -> None:
        raise RuntimeError("async boom")

    with pytest.raises(RuntimeError, match="async boom"):
        asyncio.run(bad())
    assert root_of(last_trace()).status.description == "RuntimeError: async boom"


@pytest.mark.covers("Shapes", "Signature, docstring, `inspect`")
def test_decorated_function_keeps_name_docstring_and_signature() -> None:
    def original(a: int, *, b: str = "x") -> str:
        """A docstring."""
        return b * a

    decorated = trace(original)
    assert decorated.__name__ == "original"
    assert decorated.__doc__ == "A docstring."
    assert inspect.signature(decorated) == inspect.signature(original)
    assert inspect.unwrap(decorated) is original
    assert decorated(2) == "xx"


@pytest.mark.covers("Shapes", "Call that does not fit")
def test_mismatched_call_raises_the_type_error_of_the_function(last_trace: LastTrace) -> None:
    @trace
    def one(a: int) -> None: ...

    with pytest.raises(TypeError, match=r"one\(\) takes 1 positional argument but 3 were given"):
        one(1, 2, 3)  # type: ignore[call-arg]
    assert root_of(last_trace()).status.status_code == "ERROR"


def test_nothing_is_recorded_while_disabled(last_trace: LastTrace) -> None:
    @trace
    def step(name: str) -> str:
        return name

    step("before")
    ace_tracing.disable()
    assert step("during") == "during"
    with start_span("also not") as span:
        span.set_inputs(1)
        span.set_attribute("a", 1)
        assert span.trace_id is None
    ace_tracing.enable()
    step("after")

    inputs = [root_of(found).inputs for found in ace_tracing.search_traces()]
    assert inputs == [{"name": "after"}, {"name": "before"}]


@pytest.mark.covers("Endings", "Tracing disabled meanwhile")
def test_span_running_at_disable_is_delivered(last_trace: LastTrace) -> None:
    with start_span("running"):
        ace_tracing.disable()
    assert shape(last_trace()) == [(0, "running")]


def test_traced_function_runs_without_configure() -> None:
    @trace
    def step(a: int) -> int:
        return a + 1

    assert step(1) == 2
    assert ace_tracing.flush(0)


@pytest.mark.covers("Endings", "Child that outlives its root")
def test_child_that_outlives_the_root_joins_its_trace(last_trace: LastTrace) -> None:
    async def main() -> None:
        late = asyncio.Event()

        @trace
        async def background() -> None:
            await late.wait()

        @trace
        async def root() -> asyncio.Task[None]:
            task = asyncio.create_task(background())
            await asyncio.sleep(0)
            return task

        task = await root()
        ace_tracing.flush()
        late.set()
        await task

    asyncio.run(main())
    assert shape(last_trace()) == [(0, "root"), (1, "background")]


def test_status_set_by_the_user_stays(last_trace: LastTrace) -> None:
    with start_span("soft failure") as span:
        span.set_status("ERROR", "the answer was empty")
    read = last_trace()
    assert read.info.state == "ERROR"
    assert root_of(read).status.description == "the answer was empty"


def test_trace_of_thousands_of_spans_is_complete(last_trace: LastTrace) -> None:
    with start_span("root"):
        for number in range(2_500):
            with start_span(f"step {number}"):
                pass
    read = last_trace()
    assert len(read.data.spans) == 2_501
    assert len(read.tree) == 1
