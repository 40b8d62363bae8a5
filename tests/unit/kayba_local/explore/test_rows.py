"""Rows of traces, their sums and their facets."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.helpers.tracing_requests import EXPERIMENTS, START_NS, send, span, trace_id
from tests.unit.kayba_local.explore.conftest import EXPLORE, PRICE, SECOND_NS, Get

MINUTE_MS = 60_000
START_MS = START_NS / 1_000_000

pytestmark = pytest.mark.usefixtures("support_traces")


def ids(answer: Any) -> list[int]:
    """Return the numbers of the traces of an answer."""
    return [int(trace["traceId"].removeprefix("tr-"), 16) for trace in answer["traces"]]


def test_a_row_has_all_that_a_list_shows(get: Get) -> None:
    running, failed, answered = get("/traces")["traces"]
    assert answered == {
        "traceId": trace_id(1),
        "experimentId": "0",
        "status": "OK",
        "name": "agent",
        "startMs": pytest.approx(START_MS + MINUTE_MS),
        "durationMs": 1000,
        "folder": "production/billing",
        "session": "session-1",
        "user": "user-1",
        "models": ["gpt-4o"],
        "spans": 2,
        "failedSpans": 0,
        "inputTokens": 100,
        "outputTokens": 10,
        "totalTokens": 110,
        "cost": 110 * PRICE,
        "input": "Question 1",
        "output": "Answer 1",
        "tags": {"team": "blue"},
        "feedback": 0,
    }
    assert (failed["status"], failed["error"], failed["failedSpans"]) == ("ERROR", "ToolError: no orders", 1)
    assert (running["status"], "durationMs" in running, "folder" in running) == ("IN_PROGRESS", False, False)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, [3, 2, 1]),
        ({"filter": "status = 'ERROR'"}, [2]),
        ({"filter": "folder = 'production/billing' OR folder IS NULL"}, [3, 1]),
        ({"filter": "session = 'session-1' AND user = 'user-2'"}, [2]),
        ({"filter": "tokens > 200", "order": "tokens ASC"}, [2, 3]),
        ({"order": "duration DESC"}, [2, 1, 3]),
        ({"order": "cost"}, [1, 2, 3]),
        ({"from_": int(START_MS + 1.5 * MINUTE_MS)}, [3, 2]),
        ({"to": int(START_MS + 1.5 * MINUTE_MS)}, [1]),
        ({"from_": "2026-11-22"}, [3, 2, 1]),
        ({"to": "2026-11-22T17:00:00Z"}, []),
        ({"experiment": "0"}, [3, 2, 1]),
        ({"experiment": "7"}, []),
        ({"q": "question"}, [3, 2, 1]),
        ({"q": "answer"}, [1]),
        ({"q": "neither"}, []),
    ],
)
def test_a_selection_finds_its_traces(get: Get, parameters: dict[str, Any], expected: list[int]) -> None:
    assert ids(get("/traces", **parameters)) == expected


@pytest.mark.parametrize(
    "parameters", [{"q": "answer"}, {"filter": "answer status = 'OK'"}, {"filter": "ANSW* NOT absent"}]
)
def test_a_text_search_tells_where_it_hit(get: Get, parameters: dict[str, str]) -> None:
    (trace,) = get("/traces", **parameters)["traces"]
    assert trace["hit"] == {"spanId": f"{1:016x}", "where": "outputs", "snippet": "Answer 1"}


def test_a_search_without_words_has_no_hits(get: Get) -> None:
    assert not any("hit" in trace for trace in get("/traces", filter="status = 'OK'")["traces"])


def test_pages_follow_each_other(get: Get) -> None:
    found: list[int] = []
    cursor: dict[str, str] = {}
    for _ in range(3):
        page = get("/traces", limit=1, **cursor)
        found += ids(page)
        cursor = {"cursor": page.get("nextCursor")}
    assert found == [3, 2, 1]
    assert cursor == {"cursor": None}


def test_a_long_conversation_is_previewed_by_its_last_question(http: httpx.Client, get: Get) -> None:
    messages = [{"role": "user", "content": "x" * 900}, {"role": "user", "content": "And now?"}]
    attributes = {"mlflow.spanInputs": f'{{"messages": {messages!r}}}'.replace("'", '"')}
    send(http, span(9, start_ns=START_NS + 3600 * SECOND_NS, attributes=attributes))
    assert get("/traces", limit=1)["traces"][0]["input"] == "And now?"


@pytest.mark.parametrize(
    ("parameters", "part"),
    [
        ({"filter": "statuss = 'OK'"}, "statuss"),
        ({"filter": "status ="}, "position 9"),
        ({"from": "yesterday"}, "yesterday"),
        ({"order": "nothing"}, "nothing"),
        ({"cursor": "!"}, ""),
        ({"limit": "0"}, "limit"),
    ],
)
def test_a_wrong_parameter_is_a_400_that_names_it(http: httpx.Client, parameters: dict[str, Any], part: str) -> None:
    answer = http.get(f"{EXPLORE}/traces", params=parameters)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "BAD_REQUEST"
    assert part in answer.json()["error"]["message"]


def test_an_error_in_a_filter_has_its_place(http: httpx.Client) -> None:
    answer = http.get(f"{EXPLORE}/traces", params={"filter": "status = 'OK' AND nmae = 'a'"})
    assert answer.json()["error"]["position"] == len("status = 'OK' AND ")


def test_the_sums_of_a_selection(get: Get) -> None:
    sums = get("/aggregates", buckets=10, by="folder")
    assert sums["total"] == {
        "count": 3,
        "errors": 1,
        "running": 1,
        "p50Ms": 1000,
        "p95Ms": 2000,
        "p99Ms": 2000,
        "inputTokens": 600,
        "outputTokens": 30,
        "totalTokens": 630,
        "cost": 630 * PRICE,
    }
    assert sums["bucketMs"] == 15_000
    assert [bucket["count"] for bucket in sums["buckets"]] == [1, 1, 1]
    assert [bucket["startMs"] % 15_000 for bucket in sums["buckets"]] == [0, 0, 0]
    assert {each["value"]: (each["count"], each["errors"]) for each in sums["values"]} == {
        None: (1, 0),
        "production/billing": (1, 0),
        "production/support": (1, 1),
    }
    assert sums["moreValues"] is False


def test_sums_of_nothing_are_zero(get: Get) -> None:
    sums = get("/aggregates", filter="name = 'absent'", buckets=10, by="model")
    assert (sums["total"]["count"], sums["total"]["cost"]) == (0, 0)
    assert (sums["buckets"], sums["values"], "bucketMs" in sums, "p50Ms" in sums["total"]) == ([], [], False, False)


def test_facets_count_the_values_of_fields(http: httpx.Client, get: Get) -> None:
    created = http.post(f"{EXPERIMENTS}/create", json={"name": "checkout"}).raise_for_status().json()["experiment_id"]
    send(http, span(4, start_ns=START_NS), experiment=created)
    facets = get("/facets", fields=["status", "folder", "model", "tags.team", "experiment", "user"], limit=3)["facets"]
    values = {facet["field"]: {each["value"]: each["count"] for each in facet["values"]} for facet in facets}
    assert values == {
        "status": {"OK": 2, "ERROR": 1, "IN_PROGRESS": 1},
        "folder": {None: 2, "production/billing": 1, "production/support": 1},
        "model": {"gpt-4o": 3, None: 1},
        "tags.team": {"red": 2, None: 1, "blue": 1},
        "experiment": {"0": 3, created: 1},
        "user": {None: 1, "user-1": 1, "user-2": 1},
    }
    assert [facet["more"] for facet in facets] == [False, False, False, False, False, True]
    labels = {each["value"]: each["label"] for each in facets[4]["values"]}
    assert labels == {"0": "Default", created: "checkout"}


def test_a_facet_of_an_unknown_field_is_a_400(http: httpx.Client) -> None:
    answer = http.get(f"{EXPLORE}/facets", params={"fields": "colour"})
    assert answer.status_code == 400
    assert "colour" in answer.json()["error"]["message"]
