"""Spans of ace-tracing on a real MLflow, read back with MLflow's own client."""

from __future__ import annotations

import asyncio
import contextvars
import json
import threading
from typing import Any

import pytest
from tests.helpers.interop.mlflow_reader import MlflowReader, parent_names, span_times

from ace_tracing import LiveSpan, start_span, trace
from ace_tracing.recording.noop import NoOpSpan


@pytest.mark.interop("Tree of spans")
def test_decorated_functions_make_a_span_tree(reader: MlflowReader) -> None:
    @trace
    def search(query: str) -> list[str]:
        return [query.upper()]

    @trace
    def answer(query: str) -> str:
        return search(query)[0]

    @trace
    def agent(query: str) -> str:
        with start_span("plan"):
            pass
        return answer(query)

    agent("why")
    spans = reader.newest().data.spans
    assert parent_names(spans) == {"agent": None, "plan": "agent", "answer": "agent", "search": "answer"}


@pytest.mark.interop("Tree of spans")
def test_a_thousand_sibling_spans_arrive(reader: MlflowReader) -> None:
    with start_span("root") as root:
        for number in range(1_200):
            with start_span(f"n{number}"):
                pass
    spans = reader.trace(root).data.spans
    assert parent_names(spans) == {"root": None} | {f"n{number}": "root" for number in range(1_200)}


@pytest.mark.interop("Inputs and outputs")
def test_arguments_by_name_and_the_return_value_arrive(reader: MlflowReader) -> None:
    @trace
    def rank(documents: list[str], *, limit: int = 2) -> dict[str, Any]:
        return {"best": documents[:limit], "score": 0.5}

    rank(["a", "b", "c"])
    found = reader.newest()
    (span,) = found.data.spans
    assert span.inputs == {"documents": ["a", "b", "c"], "limit": 2}
    assert span.outputs == {"best": ["a", "b"], "score": 0.5}
    assert json.loads(found.info.request_preview or "") == span.inputs
    assert json.loads(found.info.response_preview or "") == span.outputs


@pytest.mark.interop("Span types and function names")
def test_span_types_and_function_names_arrive(reader: MlflowReader) -> None:
    @trace(name="call the model", span_type="LLM")
    def generate() -> None: ...

    @trace(span_type="AGENT")
    def agent() -> None:
        generate()
        with start_span("own", span_type="MY_TYPE"):
            pass

    agent()
    spans = {span.name: span for span in reader.newest().data.spans}
    assert {name: span.span_type for name, span in spans.items()} == {
        "agent": "AGENT",
        "call the model": "LLM",
        "own": "MY_TYPE",
    }
    assert spans["agent"].get_attribute("mlflow.spanFunctionName") == "agent"
    assert spans["call the model"].get_attribute("mlflow.spanFunctionName") == "generate"


@pytest.mark.interop("Start and end")
def test_start_and_end_are_exact_to_the_nanosecond(reader: MlflowReader) -> None:
    with start_span("root") as root, start_span("child") as child:
        pass
    found = reader.trace(root)
    assert {span.name: span_times(span) for span in found.data.spans} == {
        "root": span_times(root),
        "child": span_times(child),
    }
    assert found.info.timestamp_ms == span_times(root)[0] // 1_000_000


@pytest.mark.interop("Status and exceptions")
def test_an_exception_arrives_with_its_traceback(reader: MlflowReader) -> None:
    @trace
    def look_up(city: str) -> None:
        raise LookupError(f"no city {city!r}")

    @trace
    def agent() -> None:
        look_up("Atlantis")

    with pytest.raises(LookupError):
        agent()
    found = reader.newest()
    assert found.info.state == "ERROR"
    for span in found.data.spans:
        assert span.status.status_code == "ERROR"
        assert span.status.description == "LookupError: no city 'Atlantis'"
        (event,) = span.events
        assert event.name == "exception"
        assert event.attributes["exception.type"] == "LookupError"
        assert event.attributes["exception.message"] == "no city 'Atlantis'"
        assert "raise LookupError(f" in str(event.attributes["exception.stacktrace"])
        start_ns, end_ns = span_times(span)
        assert start_ns <= event.timestamp <= end_ns


@pytest.mark.interop("Status and exceptions")
def test_a_caught_exception_leaves_the_trace_ok(reader: MlflowReader) -> None:
    with start_span("root") as root:
        try:
            with start_span("child"):
                raise ValueError("caught")
        except ValueError:
            pass
    found = reader.trace(root)
    assert found.info.state == "OK"
    assert {span.name: span.status.status_code for span in found.data.spans} == {"root": "OK", "child": "ERROR"}


@pytest.mark.interop("Events")
def test_events_arrive_in_order_with_typed_attributes(reader: MlflowReader) -> None:
    attributes = {"text": "123", "json": '{"a": 1}', "int": 5, "float": 1.5, "bool": True, "none": None}
    with start_span("root") as root:
        root.add_event("first", attributes)
        root.add_event("second")
    span = reader.span(root)
    assert [(event.name, event.attributes) for event in span.events] == [("first", attributes), ("second", {})]
    start_ns, end_ns = span_times(root)
    assert start_ns <= span.events[0].timestamp <= span.events[1].timestamp <= end_ns


@pytest.mark.interop("Events")
def test_event_attributes_may_be_lists_and_objects(reader: MlflowReader) -> None:
    attributes = {"list": [1, "2", None], "dict": {"a": [1.5, True]}}
    with start_span("root") as root:
        root.add_event("event", attributes)
    assert reader.span(root).events[0].attributes == attributes


@pytest.mark.interop("async and threads")
def test_concurrent_tasks_keep_their_own_parents(reader: MlflowReader) -> None:
    @trace
    async def fetch(page: int) -> int:
        await asyncio.sleep(0)
        with start_span(f"parse {page}"):
            await asyncio.sleep(0)
        return page

    @trace
    async def crawl() -> list[int]:
        return await asyncio.gather(*(fetch(page) for page in range(3)))

    asyncio.run(crawl())
    found = reader.newest()
    root = next(span for span in found.data.spans if span.parent_id is None)
    fetches = {span.span_id: span for span in found.data.spans if span.name == "fetch"}
    assert (root.name, root.outputs) == ("crawl", [0, 1, 2])
    assert [span.parent_id for span in fetches.values()] == [root.span_id] * 3
    parsed = {span.name: fetches[span.parent_id or ""].outputs for span in found.data.spans if "parse" in span.name}
    assert parsed == {"parse 0": 0, "parse 1": 1, "parse 2": 2}


@pytest.mark.interop("async and threads")
def test_a_child_that_ends_after_its_root_stays_its_child(reader: MlflowReader) -> None:
    may_end = threading.Event()
    started = threading.Event()
    children: list[LiveSpan | NoOpSpan] = []

    def work() -> None:
        with start_span("late") as child:
            children.append(child)
            started.set()
            may_end.wait(30)
            child.set_outputs("done")

    with start_span("root") as root:
        thread = threading.Thread(target=contextvars.copy_context().run, args=(work,))
        thread.start()
        assert started.wait(30)
    early = reader.trace(root)
    assert (early.info.state, [span.name for span in early.data.spans]) == ("OK", ["root"])
    may_end.set()
    thread.join()
    late = reader.trace(root)
    assert late.info.state == "OK"
    assert parent_names(late.data.spans) == {"root": None, "late": "root"}
    assert reader.span(children[0]).outputs == "done"
