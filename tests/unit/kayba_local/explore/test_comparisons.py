"""Two traces as one tree."""

from __future__ import annotations

from typing import Any

import httpx
from tests.helpers.tracing_requests import START_NS, Json, send, span, trace_id
from tests.unit.kayba_local.explore.conftest import EXPLORE, PRICE, SECOND_NS, Get, model_call


def compare(get: Get) -> list[Json]:
    rows: list[Json] = get("/compare", a=trace_id(1), b=trace_id(2))["rows"]
    return rows


def step(trace: int, number: int, parent: int | None, name: str, output: str, **fields: Any) -> Json:
    return span(trace, number, parent, name=name, attributes={"mlflow.spanOutputs": f'"{output}"'}, **fields)


def test_spans_are_paired_and_their_differences_named(http: httpx.Client, get: Get) -> None:
    first = [
        step(1, 1, None, "agent", "no", end_ns=START_NS + 3 * SECOND_NS),
        step(1, 2, 1, "look_up", "none", start_ns=START_NS + 1),
        model_call(1, 3, 1, "gpt-4o", (7, 3), start_ns=START_NS + 2, end_ns=START_NS + 3),
        step(1, 4, 1, "give_up", "", start_ns=START_NS + 4),
    ]
    second = [
        step(2, 1, None, "agent", "yes", end_ns=START_NS + SECOND_NS),
        step(2, 2, 1, "look_up", "none", start_ns=START_NS + 1),
        step(2, 5, 2, "connect", "ok", start_ns=START_NS + 1),
        model_call(2, 3, 1, "gpt-4o", (7, 5), start_ns=START_NS + 2, end_ns=START_NS + 3),
    ]
    send(http, *first, *second)
    shown = [(row["depth"], row["name"], row["change"], row["differences"]) for row in compare(get)]
    assert shown == [
        (0, "agent", "changed", ["output"]),
        (1, "look_up", "same", []),
        (2, "connect", "added", []),
        (1, "chat gpt-4o", "changed", ["attributes"]),
        (1, "give_up", "removed", []),
    ]
    root, _, added, call, removed = compare(get)
    assert (root["a"], root["b"], root["durationMs"]) == (f"{1:016x}", f"{1:016x}", -2000)
    assert (call["totalTokens"], call["cost"]) == (2, 2 * PRICE)
    assert ("a" in added, "b" in removed, "durationMs" in added) == (False, False, False)


def test_a_trace_is_equal_to_itself(http: httpx.Client, get: Get) -> None:
    send(http, span(1, 1), span(1, 2, 1), span(1, 3, 9), span(1, 4, 4))
    rows = get("/compare", a=trace_id(1), b=trace_id(1))["rows"]
    assert [row["change"] for row in rows] == ["same"] * 4


def test_an_unknown_trace_is_a_404(http: httpx.Client) -> None:
    send(http, span(1, 1))
    assert http.get(f"{EXPLORE}/compare", params={"a": trace_id(1), "b": trace_id(2)}).status_code == 404
    assert http.get(f"{EXPLORE}/compare", params={"a": trace_id(1)}).status_code == 400
