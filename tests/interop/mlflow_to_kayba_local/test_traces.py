"""Traces by the published kayba-tracing and by MLflow's fluent API, found in kayba-local: whole, by either client."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.helpers.interop.json_values import VALUES, same
from tests.helpers.interop.mlflow_reader import experiment_id
from tests.interop.mlflow_to_kayba_local.conftest import Side, Sides

from ace_tracing import Trace, get_trace, search_traces


def both(side: Side, name: str) -> Trace:
    """A trace as `get_trace` reads it, with the assurance that MLflow's client reads the same tree and values."""
    ours, theirs = get_trace(side.ids[name]), side.trace(name)
    assert [(s.name, s.span_id, s.parent_id, s.span_type, s.inputs, s.outputs) for s in ours.data.spans] == [
        (s.name, s.span_id, s.parent_id, s.span_type, s.inputs, s.outputs) for s in theirs.data.spans
    ]
    assert [(s.start_time_ns, s.end_time_ns, s.attributes) for s in ours.data.spans] == [
        (s.start_time_ns, s.end_time_ns, s.attributes) for s in theirs.data.spans
    ]
    assert (ours.info.tags, ours.info.trace_metadata) == (theirs.info.tags, theirs.info.trace_metadata)
    return ours


@pytest.mark.interop("Tree of spans")
@pytest.mark.interop("Inputs and outputs")
@pytest.mark.interop("Span types and function names")
@pytest.mark.interop("Get a trace")
def test_an_agent_of_the_published_client(server: Side) -> None:
    trace = both(server, "agent")
    assert [(depth, span.name, span.span_type) for depth, span in trace.walk()] == [
        (0, "agent", "UNKNOWN"),
        (1, "retrieve", "RETRIEVER"),
        (1, "rank", "TOOL"),
    ]
    agent, retrieve, rank = trace.data.spans
    assert (agent.inputs, agent.outputs) == ({"query": "Paris"}, "a")
    assert (retrieve.inputs, retrieve.outputs) == ({"query": "Paris"}, ["a", "b", "c"])
    assert (rank.inputs, rank.outputs) == (
        {"documents": ["a", "b", "c"], "limit": 2},
        {"best": ["a", "b"], "score": 0.5},
    )
    assert rank.attributes["mlflow.spanFunctionName"] == "rank"
    assert rank.attributes["limits"] == {"top": 2, "by": ["score", None]}
    assert (retrieve.attributes["store"], retrieve.attributes["cached"]) == ("local", False)
    assert trace.info.state == "OK"


@pytest.mark.interop("Trace name, folder, tags")
def test_names_and_folders_of_the_published_client(server: Side) -> None:
    agent, careful = both(server, "agent").info, both(server, "careful").info
    assert (agent.name, agent.folder) == ("agent", "prod/eu 1")
    assert (careful.name, careful.folder) == ("careful", None)


@pytest.mark.interop("Status and exceptions")
def test_an_exception_of_the_published_client(server: Side) -> None:
    for name, state in (("look_up", "ERROR"), ("careful", "OK")):
        trace = both(server, name)
        assert trace.info.state == state
        (failed,) = (span for span in trace.data.spans if span.name == "look_up")
        assert failed.status.status_code == "ERROR"
        (event,) = failed.events
        assert (event.name, event.attributes["exception.type"]) == ("exception", "LookupError")
        assert event.attributes["exception.message"] == "no city 'Paris'"
        assert 'raise LookupError(f"no city' in event.attributes["exception.stacktrace"]


@pytest.mark.interop("Inputs and outputs")
def test_inputs_and_outputs_of_every_kind_come_back_exactly(server: Side) -> None:
    (span,) = both(server, "values").data.spans
    assert same(span.inputs, {"given": VALUES})
    assert same(span.outputs, list(VALUES.values()))


@pytest.mark.interop("Attributes")
def test_attributes_come_back_as_mlflow_s_client_means_them(server: Side) -> None:
    (crawl, *_) = both(server, "crawl").data.spans
    different = {
        name: crawl.attributes.get(name)
        for name, value in VALUES.items()
        if not same(crawl.attributes.get(name), as_sent(value))
    }
    assert not different


def as_sent(value: Any) -> Any:
    """What MLflow's client makes of an attribute: a text that is JSON of a text, list or object is that value."""
    if isinstance(value, str) and value[:1] in ('"', "[", "{") and value != '"':
        return json.loads(value)
    return value


@pytest.mark.interop("Events")
def test_events_of_the_fluent_api(server: Side) -> None:
    (event,) = both(server, "crawl").data.spans[0].events
    assert (event.name, event.timestamp) == ("midway", 1_764_000_000_000_000_000)
    assert event.attributes == {"text": "123", "int": 5, "list": ["a", "b"]}


@pytest.mark.interop("async and threads")
def test_coroutines_of_the_fluent_api(server: Side) -> None:
    trace = both(server, "crawl")
    assert [(depth, span.name) for depth, span in trace.walk()] == [(0, "crawl"), (1, "fetch"), (1, "fetch")]
    assert [(span.inputs, span.outputs) for span in trace.data.spans] == [
        ({"pages": 2}, [0, 1]),
        ({"page": 0}, 0),
        ({"page": 1}, 1),
    ]


@pytest.mark.interop("Session, user, token usage")
def test_session_and_token_usage_of_the_fluent_api(server: Side) -> None:
    assert both(server, "crawl").info.trace_metadata["mlflow.trace.session"] == "s-1"
    assert server.trace("crawl").info.token_usage == {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}


@pytest.mark.interop("Start and end")
def test_times_that_were_given(server: Side) -> None:
    trace = both(server, "filed 3")
    start_ns = 1_764_000_003_000_000_000
    assert [(span.start_time_ns, span.end_time_ns) for span in trace.data.spans] == [
        (start_ns, start_ns + 750_400_000),
        (start_ns + 1, start_ns + 2),
    ]
    assert (trace.info.request_time, trace.info.execution_duration) == (start_ns // 1_000_000, 750)


@pytest.mark.interop("Experiments")
def test_traces_are_in_the_experiment_that_was_set(server: Side) -> None:
    assert both(server, "crawl").info.experiment_id == server.experiment_id
    assert both(server, "agent").info.experiment_id == "0"


@pytest.mark.interop("Search: filter, order, pages")
def test_ace_tracing_searches_them(server: Side) -> None:
    def names(**search: Any) -> list[str | None]:
        return [trace.info.name for trace in search_traces(experiment_names=["interop"], **search)]

    assert names(filter_string="tags.`kayba.folder` = 'a'", order_by=["name ASC"]) == ["filed 3", "filed 6"]
    assert names(filter_string="status = 'ERROR'", order_by=["name DESC"]) == ["filed 7", "filed 3"]
    assert names(max_results=2, order_by=["timestamp_ms ASC"]) == ["filed 0", "filed 1"]
    (found,) = search_traces(filter_string="name = 'look_up' AND tags.`kayba.folder` IS NULL")
    # The published client files a trace once its function has returned: one that raised stays unfiled.
    assert (found.trace_id, found.info.folder) == (server.ids["look_up"], None)


@pytest.mark.interop("Oversize and hostile values")
def test_traces_that_mlflow_cannot_read(sides: Sides) -> None:
    names = ["deep list", "deep dict", "big int", "big int inside", "long text"]
    inputs = {name: sides.kayba.trace(name).data.spans[0].inputs for name in names}
    for name in ("deep list", "deep dict"):
        # Nested deeper than MLflow's client can decode: kept as the JSON text that it is.
        assert "bottom" in inputs[name]
        assert str(inputs[name]).startswith('{"value": ')
    assert inputs["big int"] == {"value": str(2**70)}
    assert inputs["big int inside"] == {"value": {"numbers": [str(2**70)]}}
    assert inputs["long text"] == {"value": "x" * 300_000}
    found = sides.kayba.client.search_traces(locations=[experiment_id(sides.kayba.client, "hostile")])
    assert {trace.data.spans[0].name: trace.data.spans[0].inputs for trace in found} == inputs
