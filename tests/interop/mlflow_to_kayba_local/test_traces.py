"""Traces of the published kayba-tracing and of MLflow's fluent API, read with ace-tracing and with MLflow's client."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.helpers.interop.json_values import VALUES, is_identical
from tests.helpers.interop.mlflow_reader import experiment_id
from tests.interop.mlflow_to_kayba_local.conftest import FilledServer, FilledServers

from ace_tracing import Trace, get_trace, search_traces


def read_with_both_clients(server: FilledServer, name: str) -> Trace:
    """Return a trace from `get_trace`. Fail the test if MLflow's client reads another tree or other values."""
    ours, theirs = get_trace(server.ids[name]), server.trace(name)
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
def test_an_agent_of_the_published_client_reads_back(server: FilledServer) -> None:
    trace = read_with_both_clients(server, "agent")
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
def test_names_and_folders_of_the_published_client_read_back(server: FilledServer) -> None:
    agent, careful = read_with_both_clients(server, "agent").info, read_with_both_clients(server, "careful").info
    assert (agent.name, agent.folder) == ("agent", "prod/eu 1")
    assert (careful.name, careful.folder) == ("careful", None)


@pytest.mark.interop("Status and exceptions")
def test_an_exception_of_the_published_client_reads_back(server: FilledServer) -> None:
    for name, state in (("look_up", "ERROR"), ("careful", "OK")):
        trace = read_with_both_clients(server, name)
        assert trace.info.state == state
        (failed,) = (span for span in trace.data.spans if span.name == "look_up")
        assert failed.status.status_code == "ERROR"
        (event,) = failed.events
        assert (event.name, event.attributes["exception.type"]) == ("exception", "LookupError")
        assert event.attributes["exception.message"] == "no city 'Paris'"
        assert 'raise LookupError(f"no city' in event.attributes["exception.stacktrace"]


@pytest.mark.interop("Inputs and outputs")
def test_inputs_and_outputs_of_every_type_read_back_exactly(server: FilledServer) -> None:
    (span,) = read_with_both_clients(server, "values").data.spans
    assert is_identical(span.inputs, {"given": VALUES})
    assert is_identical(span.outputs, list(VALUES.values()))


@pytest.mark.interop("Attributes")
def test_json_text_in_attributes_is_parsed_as_in_mlflow(server: FilledServer) -> None:
    (crawl, *_) = read_with_both_clients(server, "crawl").data.spans
    different = {
        name: crawl.attributes.get(name)
        for name, value in VALUES.items()
        if not is_identical(crawl.attributes.get(name), parse_json_text(value))
    }
    assert not different


def parse_json_text(value: Any) -> Any:
    """Return an attribute as MLflow's client sends it: JSON text of a string, list or object becomes that value."""
    if isinstance(value, str) and value[:1] in ('"', "[", "{") and value != '"':
        return json.loads(value)
    return value


@pytest.mark.interop("Events")
def test_events_of_the_fluent_api_read_back(server: FilledServer) -> None:
    (event,) = read_with_both_clients(server, "crawl").data.spans[0].events
    assert (event.name, event.timestamp) == ("midway", 1_764_000_000_000_000_000)
    assert event.attributes == {"text": "123", "int": 5, "list": ["a", "b"]}


@pytest.mark.interop("async and threads")
def test_coroutines_of_the_fluent_api_read_back(server: FilledServer) -> None:
    trace = read_with_both_clients(server, "crawl")
    assert [(depth, span.name) for depth, span in trace.walk()] == [(0, "crawl"), (1, "fetch"), (1, "fetch")]
    assert [(span.inputs, span.outputs) for span in trace.data.spans] == [
        ({"pages": 2}, [0, 1]),
        ({"page": 0}, 0),
        ({"page": 1}, 1),
    ]


@pytest.mark.interop("Session, user, token usage")
def test_session_and_token_usage_of_the_fluent_api_read_back(server: FilledServer) -> None:
    assert read_with_both_clients(server, "crawl").info.trace_metadata["mlflow.trace.session"] == "s-1"
    assert server.trace("crawl").info.token_usage == {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}


@pytest.mark.interop("Start and end")
def test_explicit_start_and_end_times_read_back(server: FilledServer) -> None:
    trace = read_with_both_clients(server, "filed 3")
    start_ns = 1_764_000_003_000_000_000
    assert [(span.start_time_ns, span.end_time_ns) for span in trace.data.spans] == [
        (start_ns, start_ns + 750_400_000),
        (start_ns + 1, start_ns + 2),
    ]
    assert (trace.info.request_time, trace.info.execution_duration) == (start_ns // 1_000_000, 750)


@pytest.mark.interop("Experiments")
def test_traces_are_in_the_configured_experiment(server: FilledServer) -> None:
    assert read_with_both_clients(server, "crawl").info.experiment_id == server.experiment_id
    assert read_with_both_clients(server, "agent").info.experiment_id == "0"


@pytest.mark.interop("Search: filter, order, pages")
def test_ace_tracing_searches_traces_of_mlflow_s_clients(server: FilledServer) -> None:
    def names(**search: Any) -> list[str | None]:
        return [trace.info.name for trace in search_traces(experiment_names=["interop"], **search)]

    assert names(filter_string="tags.`kayba.folder` = 'a'", order_by=["name ASC"]) == ["filed 3", "filed 6"]
    assert names(filter_string="status = 'ERROR'", order_by=["name DESC"]) == ["filed 7", "filed 3"]
    assert names(max_results=2, order_by=["timestamp_ms ASC"]) == ["filed 0", "filed 1"]
    (found,) = search_traces(filter_string="name = 'look_up' AND tags.`kayba.folder` IS NULL")
    # The published client sets the folder after the function has returned, so a failed trace has no folder.
    assert (found.trace_id, found.info.folder) == (server.ids["look_up"], None)


@pytest.mark.interop("Oversize and hostile values")
def test_kayba_local_reads_traces_that_mlflow_cannot_read(servers: FilledServers) -> None:
    names = ["deep list", "deep dict", "big int", "big int inside", "long text"]
    inputs = {name: servers.kayba.trace(name).data.spans[0].inputs for name in names}
    for name in ("deep list", "deep dict"):
        # MLflow's client cannot decode this nesting, so the value stays JSON text.
        assert "bottom" in inputs[name]
        assert str(inputs[name]).startswith('{"value": ')
    assert inputs["big int"] == {"value": str(2**70)}
    assert inputs["big int inside"] == {"value": {"numbers": [str(2**70)]}}
    assert inputs["long text"] == {"value": "x" * 300_000}
    found = servers.kayba.client.search_traces(locations=[experiment_id(servers.kayba.client, "hostile")])
    assert {trace.data.spans[0].name: trace.data.spans[0].inputs for trace in found} == inputs
