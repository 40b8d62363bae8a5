"""What MLflow's own client sends reads back from kayba-local just as it reads back from MLflow."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from mlflow.entities import Trace
from tests.interop.mlflow_to_kayba_local.conftest import Side, Sides

TIMES = {"start_time_unix_nano", "end_time_unix_nano", "time_unix_nano", "request_time", "execution_duration_ms"}
INCIDENTAL = {"mlflow.trace.infoFinalized", "mlflow.trace.sizeBytes", "mlflow.trace.sizeStats"}
"""A note of MLflow's server to itself, and sizes, which depend on how many digits ids and durations happen to have."""


def comparable(trace: Trace, side: Side, ignored: set[str]) -> Any:
    """A trace as plain JSON, with every id replaced by the order it first appears in."""
    text = json.dumps(trace.to_dict()).replace(trace.info.trace_id, "tr")
    text = text.replace(f"mlflow-artifacts:/{side.experiment_id}/", "mlflow-artifacts:/EXPERIMENT/")
    names: dict[str, str] = {"": "", side.experiment_id: "experiment"}

    def renamed(match: re.Match[str]) -> str:
        key, found = match.groups()
        return f'"{key}": "{names.setdefault(found, f"id {len(names)}")}"'

    text = re.sub(r'"((?:parent_)?span_id|trace_id|experiment_id)": "([^"]*)"', renamed, text)
    return without(json.loads(text), INCIDENTAL | ignored)


def without(value: Any, keys: set[str]) -> Any:
    match value:
        case dict():
            return {key: without(item, keys) for key, item in value.items() if key not in keys}
        case list():
            return [without(item, keys) for item in value]
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
        # Their times were given, so they are compared, too.
        pytest.param("filed 0", set(), marks=pytest.mark.interop("Start and end")),
        pytest.param("filed 3", set(), marks=pytest.mark.interop("Start and end")),
    ],
)
def test_a_trace_reads_the_same_from_both(sides: Sides, name: str, ignored: set[str]) -> None:
    from_mlflow = comparable(sides.mlflow.trace(name), sides.mlflow, ignored)
    from_kayba = comparable(sides.kayba.trace(name), sides.kayba, ignored)
    assert len(from_mlflow["data"]["spans"]) >= 1
    assert from_kayba == from_mlflow


@pytest.mark.interop("Search: filter, order, pages")
def test_a_search_gives_whole_traces_as_mlflow_does(sides: Sides) -> None:
    found = []
    for side in (sides.mlflow, sides.kayba):
        traces = side.client.search_traces(
            locations=[side.experiment_id], filter_string="name LIKE 'filed %'", order_by=["timestamp_ms ASC"]
        )
        found.append([comparable(trace, side, set()) for trace in traces])
    assert len(found[0]) == 8
    assert found[1] == found[0]
