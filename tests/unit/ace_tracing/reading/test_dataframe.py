"""`to_dataframe` over many traces: one row per trace, or one row per span."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import ace_tracing
from ace_tracing import (
    ConfigurationError,
    Trace,
    TraceData,
    search_traces,
    session,
    start_span,
    to_dataframe,
    update_current_trace,
)
from kayba_local import LocalServer


def record(name: str, tokens: int | None) -> None:
    with session("talk", user_id="u-1"), ace_tracing.folder("a/b"), start_span(name) as root:
        root.set_inputs({"question": name})
        root.set_outputs("yes")
        update_current_trace(tags={"release": "1"})
        with start_span("call") as call:
            if tokens is not None:
                call.set_token_usage(input_tokens=tokens, output_tokens=1)
                call.set_cost(input_cost=0.25, output_cost=0.25)
            call.set_status("ERROR" if tokens is None else "OK")


@pytest.fixture
def traces(tracing: LocalServer) -> list[Trace]:
    record("first", 10)
    record("second", None)
    return search_traces(order_by="timestamp_ms ASC", name="first") + search_traces(name="second")


def test_one_row_per_trace_has_the_facts_of_each(traces: list[Trace]) -> None:
    frame = to_dataframe(traces)
    assert list(frame["name"]) == ["first", "second"]
    assert list(frame["trace_id"]) == [trace.trace_id for trace in traces]
    for column, value in {
        "session_id": "talk",
        "user_id": "u-1",
        "folder": "a/b",
        "spans": 2,
        "outputs": "yes",
    }.items():
        assert set(frame[column]) == {value}
    assert [tags["release"] for tags in frame["tags"]] == ["1", "1"]
    assert list(frame["failed_spans"]) == [0, 1]
    assert frame["total_tokens"].sum() == 11
    assert frame["cost"].sum() == 0.5
    assert frame["total_tokens"].isna().tolist() == frame["cost"].isna().tolist() == [False, True]
    assert [moment.value for moment in frame["start_time"]] == [trace.root.start_time_ns for trace in traces]


def test_one_row_per_span_has_the_columns_of_one_trace(traces: list[Trace]) -> None:
    frame = to_dataframe(traces, rows="spans")
    assert list(frame["name"]) == ["first", "call", "second", "call"]
    assert list(frame.columns) == list(traces[0].to_dataframe().columns)


def test_a_single_trace_and_no_trace_have_the_same_columns(traces: list[Trace]) -> None:
    columns = list(to_dataframe(traces).columns)
    assert list(to_dataframe(traces[0]).columns) == list(to_dataframe([]).columns) == columns
    assert len(to_dataframe(iter(traces))) == 2
    empty = Trace(traces[0].info, TraceData([]))
    assert to_dataframe([empty])["name"].tolist() == ["first"]


def test_a_wrong_kind_of_rows_raises_an_error() -> None:
    rows: Any = "events"
    with pytest.raises(ConfigurationError, match="give 'traces' or 'spans'"):
        to_dataframe([], rows=rows)


def test_without_pandas_the_error_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ModuleNotFoundError, match="pip install pandas"):
        to_dataframe([])
