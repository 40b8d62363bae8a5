"""Running traces: visible before their roots end, complete afterwards, and without cost for short ones."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator

import httpx
import pytest
from tests.helpers.faulty_server import FakeResponse, faulty_server

import ace_tracing
from ace_tracing import (
    ConfigurationError,
    Trace,
    configure,
    continue_trace,
    flush,
    get_trace,
    search_traces,
    start_span,
    start_span_no_context,
    trace,
    update_current_trace,
)
from kayba_local import LocalServer, serve

WaitUntil = Callable[[Callable[[], bool]], None]


@pytest.fixture(params=[True, False], ids=["otlp", "artifacts"])
def server(request: pytest.FixtureRequest) -> Iterator[LocalServer]:
    with serve(otlp=request.param) as running:
        configure(api_key="kb-test", base_url=running.url, show_running_after=600)
        yield running
        ace_tracing.shutdown()


def names(trace: Trace) -> list[str]:
    return sorted(span.name for span in trace.data.spans)


def test_flush_shows_a_running_trace(server: LocalServer) -> None:
    with start_span("agent") as root:
        with start_span("step"):
            pass
        assert flush()
        running = get_trace(root.trace_id or "")
    ended = get_trace(root.trace_id or "")
    assert (running.info.state, running.info.name, names(running)) == ("IN_PROGRESS", "agent", ["step"])
    assert running.info.execution_duration is None
    assert (ended.info.state, names(ended)) == ("OK", ["agent", "step"])
    assert ended.info.execution_duration is not None


def test_a_trace_without_an_ended_span_is_shown(server: LocalServer) -> None:
    with start_span("agent") as root:
        flush()
        (running,) = search_traces()
    assert (running.trace_id, running.info.state, names(running)) == (root.trace_id, "IN_PROGRESS", [])


def test_each_flush_adds_the_spans_since_the_last_one(server: LocalServer) -> None:
    seen = []
    with start_span("agent"):
        for step in "abc":
            with start_span(step):
                pass
            (running,) = search_traces()
            seen.append("".join(names(running)))
    assert seen == ["a", "ab", "abc"]
    assert names(search_traces()[0]) == ["a", "agent", "b", "c"]


def test_a_description_of_a_running_trace_is_shown(server: LocalServer) -> None:
    with start_span("agent"):
        flush()
        update_current_trace(name="renamed", tags={"stage": "two"}, metadata={"dataset": "sums"})
        (running,) = search_traces()
    assert (running.info.state, running.info.name) == ("IN_PROGRESS", "renamed")
    assert (running.info.tags["stage"], running.info.trace_metadata["dataset"]) == ("two", "sums")


def test_a_failed_trace_that_was_shown_is_an_error_at_its_end(server: LocalServer) -> None:
    @trace
    def agent() -> None:
        flush()
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        agent()
    assert search_traces()[0].info.state == "ERROR"


def test_a_running_trace_is_shown_after_a_while(kayba_server: LocalServer, wait_until: WaitUntil) -> None:
    configure(api_key="kb-test", base_url=kayba_server.url, show_running_after=0.2)
    with start_span("agent") as root:
        with start_span("step"):
            pass
        wait_until(lambda: state_on(kayba_server, root.trace_id or "") == "IN_PROGRESS")
    ace_tracing.shutdown()
    assert state_on(kayba_server, root.trace_id or "") == "OK"


def state_on(server: LocalServer, trace_id: str) -> str | None:
    """Return the state of a trace on the server, without a flush before."""
    url = f"{server.url}/api/mlflow/api/3.0/mlflow/traces/{trace_id}"
    response = httpx.get(url, headers={"Authorization": "Bearer kb-test"})
    return response.json()["trace"]["trace_info"]["state"] if response.is_success else None


def test_a_short_trace_costs_one_request() -> None:
    with faulty_server(FakeResponse(200)) as server:
        configure(api_key="kb-test", base_url=server.url)
        for _ in range(3):
            with start_span("short"), start_span("step"):
                pass
        assert flush()
        paths = [path for _, path, _, _ in server.requests]
        ace_tracing.shutdown()
    assert set(paths) == {"/api/mlflow/v1/traces"}


def test_without_the_setting_a_trace_arrives_at_its_end(kayba_server: LocalServer) -> None:
    configure(api_key="kb-test", base_url=kayba_server.url, show_running_after=None)
    with start_span("agent"):
        with start_span("step"):
            pass
        flush()
        before = search_traces()
    assert before == []
    assert names(search_traces()[0]) == ["agent", "step"]
    ace_tracing.shutdown()


def test_a_running_trace_of_a_foreign_caller_is_shown(server: LocalServer) -> None:
    with (
        continue_trace({"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}),
        start_span("served"),
    ):
        with start_span("step"):
            pass
        (running,) = search_traces()
    assert (running.info.state, running.info.name, names(running)) == ("IN_PROGRESS", "served", ["step"])
    (ended,) = search_traces()
    assert (ended.info.state, names(ended)) == ("OK", ["served", "step"])


def test_two_topmost_spans_of_one_foreign_trace_keep_all_spans(server: LocalServer) -> None:
    caller = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    both = threading.Barrier(2)

    def serve_one(name: str) -> None:
        with continue_trace(caller), start_span(name):
            both.wait(60)
            with start_span(f"step of {name}"):
                both.wait(60)

    threads = [threading.Thread(target=serve_one, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    (found,) = search_traces()
    assert names(found) == ["one", "step of one", "step of two", "two"]
    assert found.info.state == "OK"


def test_a_root_that_is_never_ended_ends_its_shown_trace(server: LocalServer) -> None:
    root = start_span_no_context("agent")
    flush()
    trace_id = root.trace_id or ""
    del root
    gc.collect()
    assert get_trace(trace_id).info.state == "OK"


@pytest.mark.parametrize("value", ["5", -1, float("inf"), True, []])
def test_a_wrong_setting_raises(value: object) -> None:
    with pytest.raises(ConfigurationError, match="show_running_after"):
        configure(api_key="kb-test", show_running_after=value)  # type: ignore[arg-type]
