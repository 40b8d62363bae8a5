"""Facts of a trace on a real MLflow: each is readable after every way of delivery."""

from __future__ import annotations

from typing import Final

import pytest
from mlflow import MlflowClient
from tests.helpers.interop.mlflow_server import MlflowServer
from tests.helpers.trace_facts import LONG_TEXT, ROUTES, Destination, deliver_on, expected_facts, facts_of

import ace_tracing
from ace_tracing import search_traces, start_span

OF_MLFLOW: Final = {"long metadata": LONG_TEXT[:250]}
"""MLflow stores up to 8,000 characters of a value, and returns 250 of them."""

OF_MLFLOW_ON: Final = {"in another process": {"name": "root"}}
"""MLflow takes the name from the root, whenever it arrives."""


@pytest.mark.interop("Trace name, folder, tags")
@pytest.mark.parametrize("route", ROUTES)
def test_every_fact_is_readable_after_every_route(
    route: str, configured_mlflow: MlflowServer, request: pytest.FixtureRequest
) -> None:
    found = facts_of(deliver_on(route, Destination(configured_mlflow.url, request.node.name)))
    assert found == expected_facts(route) | OF_MLFLOW | OF_MLFLOW_ON.get(route, {})


@pytest.mark.interop("Trace name, folder, tags")
def test_a_running_trace_is_visible_and_ends_once(configured_mlflow: MlflowServer) -> None:
    with start_span("root"):
        with start_span("first") as first:
            first.set_token_usage(input_tokens=3, output_tokens=4)
        (running,) = search_traces()
        with start_span("second"):
            pass
    (ended,) = search_traces()
    assert (running.info.state, running.info.name) == ("IN_PROGRESS", "root")
    assert [span.name for span in running.data.spans] == ["first"]
    assert (ended.info.state, ended.info.name) == ("OK", "root")
    assert [span.name for span in ended.data.spans] == ["root", "first", "second"]
    assert ended.info.execution_duration is not None


@pytest.mark.interop("Trace name, folder, tags")
def test_metadata_from_another_process_keeps_a_final_state(
    configured_mlflow: MlflowServer, request: pytest.FixtureRequest
) -> None:
    trace_id = ROUTES["in another process after the root"](Destination(configured_mlflow.url, request.node.name))
    assert ace_tracing.flush()
    info = MlflowClient(configured_mlflow.tracking_uri).get_trace(trace_id).info
    assert str(info.state) == "OK"
    assert info.trace_metadata["dataset"] == "sums"
