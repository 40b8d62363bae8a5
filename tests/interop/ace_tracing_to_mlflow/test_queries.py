"""`get_trace` and `search_traces` of ace-tracing on a real MLflow."""

from __future__ import annotations

import contextlib

import pytest
from tests.helpers.interop.mlflow_reader import MlflowReader, deliver, span_times
from tests.helpers.interop.mlflow_server import MlflowServer

import ace_tracing
from ace_tracing import NotFoundError, ServiceError, Trace, get_trace, search_traces, start_span, trace


def names(traces: list[Trace]) -> list[str | None]:
    return [found.info.name for found in traces]


@pytest.mark.interop("Get a trace")
def test_a_trace_reads_back_as_recorded(reader: MlflowReader) -> None:
    ace_tracing.set_folder("production")

    @trace(span_type="TOOL", attributes={"n": "123", "nested": {"a": [None, True, 1, 1.5]}, "none": None})
    def tool(x: int) -> str:
        raise ValueError("no tool")

    @trace(name="root", span_type="AGENT")
    def agent(question: str) -> str:
        with contextlib.suppress(ValueError):
            tool(1)
        return "Paris"

    agent("Capital?")
    found = get_trace(reader.newest().info.trace_id)
    assert (found.info.state, found.info.folder, found.info.name) == ("OK", "production", "root")
    assert [(depth, span.name, span.span_type) for depth, span in found.walk()] == [
        (0, "root", "AGENT"),
        (1, "tool", "TOOL"),
    ]
    root, child = found.data.spans
    assert (root.inputs, root.outputs, root.parent_id) == ({"question": "Capital?"}, "Paris", None)
    assert (child.inputs, child.outputs, child.parent_id) == ({"x": 1}, None, root.span_id)
    assert child.attributes["n"] == "123"
    assert child.attributes["nested"] == {"a": [None, True, 1, 1.5]}
    assert child.attributes["none"] is None
    assert (child.status.status_code, child.status.description) == ("ERROR", "ValueError: no tool")
    (event,) = child.events
    assert (event.name, event.attributes["exception.type"]) == ("exception", "ValueError")
    assert child.start_time_ns <= event.timestamp


@pytest.mark.interop("Get a trace")
def test_both_clients_read_the_same_times_and_ids(reader: MlflowReader) -> None:
    with start_span("root") as root, start_span("child"):
        pass
    ours, theirs = get_trace(root.trace_id or ""), reader.trace(root)
    assert [(s.span_id, s.parent_id, s.start_time_ns, s.end_time_ns) for s in ours.data.spans] == [
        (s.span_id, s.parent_id, s.start_time_ns, s.end_time_ns) for s in theirs.data.spans
    ]
    assert ours.info.request_time == theirs.info.request_time
    assert ours.info.execution_duration == theirs.info.execution_duration
    assert ours.info.tags == theirs.info.tags


@pytest.mark.interop("Get a trace")
def test_an_unknown_trace_is_not_found(configured_mlflow: MlflowServer) -> None:
    with pytest.raises(NotFoundError):
        get_trace("tr-" + "0" * 32)


@pytest.mark.interop("Search: filter, order, pages")
def test_search_filters_traces(configured_mlflow: MlflowServer) -> None:
    for name, folder, status in (("a", "x", "OK"), ("b", "x", "ERROR"), ("a", "y", "OK")):
        ace_tracing.set_folder(folder)
        with start_span(name) as span:
            span.set_status(status)
        last_ms = span_times(span)[0] // 1_000_000
    assert sorted(map(str, names(search_traces(filter_string="tags.`kayba.folder` = 'x'")))) == ["a", "b"]
    assert names(search_traces(filter_string="status = 'ERROR'")) == ["b"]
    (found,) = search_traces(filter_string="name = 'a' AND tags.`kayba.folder` = 'y'")
    assert found.info.folder == "y"
    assert len(search_traces(filter_string=f"timestamp_ms <= {last_ms}")) == 3
    assert search_traces(filter_string=f"timestamp_ms > {last_ms}") == []
    with pytest.raises(ServiceError, match="colour") as caught:
        search_traces(filter_string="colour = 'red'")
    assert caught.value.status == 400


@pytest.mark.interop("Search: filter, order, pages")
def test_search_sorts_traces(configured_mlflow: MlflowServer) -> None:
    for name in ("b", "c", "a"):
        with start_span(name):
            pass
    assert names(search_traces(order_by=["name ASC"])) == ["a", "b", "c"]
    assert names(search_traces(order_by=["name DESC"], max_results=2)) == ["c", "b"]
    newest_first = [found.info.request_time for found in search_traces()]
    assert newest_first == sorted(newest_first, reverse=True)


@pytest.mark.interop("Search: filter, order, pages")
def test_search_reads_several_pages(configured_mlflow: MlflowServer) -> None:
    ids = set()
    for number in range(510):
        with start_span(f"n{number:03}") as span:
            ids.add(span.trace_id)
    assert {found.trace_id for found in search_traces(max_results=1_000)} == ids
    assert len(search_traces(max_results=500)) == 500
    assert names(search_traces(max_results=7, order_by=["name ASC"])) == [f"n{number:03}" for number in range(7)]


@pytest.mark.interop("Search: filter, order, pages")
def test_search_reads_several_experiments(configured_mlflow: MlflowServer) -> None:
    for experiment in ("one", "two", "three"):
        ace_tracing.configure(api_key="kb-test", base_url=configured_mlflow.url, experiment=experiment)
        with start_span(experiment):
            pass
    assert names(search_traces()) == ["three"]
    assert names(search_traces(experiment_names=["one", "two"], order_by=["name ASC"])) == ["one", "two"]


@pytest.mark.interop("Experiments")
def test_an_unknown_experiment_is_not_found(configured_mlflow: MlflowServer) -> None:
    with pytest.raises(NotFoundError, match="'nowhere'"):
        search_traces(experiment_names=["nowhere"])


@pytest.mark.interop("Keys and other errors")
def test_a_server_without_a_kayba_mount_is_a_service_error(real_mlflow: MlflowServer) -> None:
    ace_tracing.configure(api_key="kb-test", base_url=f"{real_mlflow.url}/elsewhere")
    with pytest.raises(ServiceError) as caught:
        search_traces()
    assert caught.value.status == 404
    ace_tracing.shutdown()


@pytest.mark.interop("Get a trace")
def test_empty_names_and_keys_are_readable(reader: MlflowReader) -> None:
    with start_span("", attributes={"": 1}) as span:
        span.set_inputs({"": "empty"})
        span.add_event("", {"": 2})
    deliver()
    found = get_trace(span.trace_id or "").data.spans[0]
    assert (found.name, found.attributes[""], found.inputs) == ("", 1, {"": "empty"})
    assert [(event.name, event.attributes) for event in found.events] == [("", {"": 2})]
