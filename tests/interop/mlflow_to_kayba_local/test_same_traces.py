"""Traces of MLflow's own client read back from kayba-local exactly as from a real MLflow."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest
from mlflow.entities import Trace
from tests.interop.mlflow_to_kayba_local.conftest import FilledServer, FilledServers

TIMES: Final = {"start_time_unix_nano", "end_time_unix_nano", "time_unix_nano", "request_time", "execution_duration_ms"}
INCIDENTAL: Final = {"mlflow.trace.infoFinalized", "mlflow.trace.sizeBytes", "mlflow.trace.sizeStats"}
"""An internal mark of MLflow's server, and sizes, which depend on the number of digits in ids and durations."""


def normalize(trace: Trace, server: FilledServer, ignored: set[str]) -> Any:
    """Return a trace as JSON values, with each id replaced by a number in order of first appearance."""
    text = json.dumps(trace.to_dict()).replace(trace.info.trace_id, "tr")
    text = text.replace(f"mlflow-artifacts:/{server.experiment_id}/", "mlflow-artifacts:/EXPERIMENT/")
    names: dict[str, str] = {"": "", server.experiment_id: "experiment"}

    def replace_id(match: re.Match[str]) -> str:
        key, found = match.groups()
        return f'"{key}": "{names.setdefault(found, f"id {len(names)}")}"'

    text = re.sub(r'"((?:parent_)?span_id|trace_id|experiment_id)": "([^"]*)"', replace_id, text)
    return remove_keys(json.loads(text), INCIDENTAL | ignored)


def remove_keys(value: Any, keys: set[str]) -> Any:
    match value:
        case dict():
            return {key: remove_keys(item, keys) for key, item in value.items() if key not in keys}
        case list():
            return [remove_keys(item, keys) for item in value]
        case _:
            return value


@pytest.mark.parametrize(
    ("name", "ignored"),
    [
        pytest.param("agent", TIMES, marks=pytest.mark.interop("Tree of spans")),
        pytest.param("careful", TIMES, marks=pytest.mark.interop("Status and exceptions")),
        pytest.param("look_up", TIMES, marks=pytest.mark.interop("Status and exceptions")),
        pytest.param("crawl", TIMES, marks=pytest.mark.interop("async and threads")),
        pytest.param("values", TIMES, marks=pytest.mark.interop("Inputs and outputs")),
        # These traces have explicit times, so their times are compared, too.
        pytest.param("filed 0", set(), marks=pytest.mark.interop("Start and end")),
        pytest.param("filed 3", set(), marks=pytest.mark.interop("Start and end")),
    ],
)
def test_a_trace_reads_the_same_from_both_servers(servers: FilledServers, name: str, ignored: set[str]) -> None:
    from_mlflow = normalize(servers.mlflow.trace(name), servers.mlflow, ignored)
    from_kayba = normalize(servers.kayba.trace(name), servers.kayba, ignored)
    assert len(from_mlflow["data"]["spans"]) >= 1
    assert from_kayba == from_mlflow


@pytest.mark.interop("Search: filter, order, pages")
def test_a_search_returns_the_same_traces_as_in_mlflow(servers: FilledServers) -> None:
    found = []
    for server in (servers.mlflow, servers.kayba):
        traces = server.client.search_traces(
            locations=[server.experiment_id], filter_string="name LIKE 'filed %'", order_by=["timestamp_ms ASC"]
        )
        found.append([normalize(trace, server, set()) for trace in traces])
    assert len(found[0]) == 8
    assert found[1] == found[0]
