"""Server tags, which locate a trace's spans: a client that changed them would make the trace unreadable."""

from __future__ import annotations

import httpx
import pytest
from tests.helpers.tracing_requests import OLD_TRACES, SPANS, TRACES, otlp, span, trace_id

SERVER_TAGS = ("mlflow.artifactLocation", "mlflow.trace.spansLocation")


def tags_of(http: httpx.Client) -> dict[str, str]:
    tags: dict[str, str] = http.get(f"{TRACES}/{trace_id(1)}").raise_for_status().json()["trace"]["trace_info"]["tags"]
    return tags


def send(http: httpx.Client, **attributes: str) -> None:
    request = otlp([span(attributes=attributes)])
    http.post(SPANS, json=request, headers={"x-mlflow-experiment-id": "0"}).raise_for_status()


@pytest.mark.parametrize("key", SERVER_TAGS)
def test_a_span_cannot_set_a_server_tag(http: httpx.Client, key: str) -> None:
    send(http)
    before = tags_of(http)
    send(http, **{f"mlflow.traceTag.{key}": "elsewhere", "mlflow.traceTag.own": "kept"})
    assert tags_of(http) == {**before, "own": "kept"}


@pytest.mark.parametrize("key", SERVER_TAGS)
def test_a_trace_info_cannot_set_a_server_tag(http: httpx.Client, key: str) -> None:
    info = {
        "trace_id": trace_id(1),
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
        "request_time": "2026-11-22T17:37:25.867Z",
        "state": "OK",
        "tags": {key: "elsewhere", "own": "kept"},
    }
    http.post(TRACES, json={"trace": {"trace_info": info}}).raise_for_status()
    without_spans = tags_of(http)
    assert without_spans.keys() == {"mlflow.artifactLocation", "own"}
    assert "elsewhere" not in without_spans.values()
    send(http)
    with_spans = tags_of(http)
    assert with_spans["mlflow.trace.spansLocation"] == "TRACKING_STORE"
    assert without_spans.items() <= with_spans.items()


@pytest.mark.parametrize("key", SERVER_TAGS)
def test_setting_or_deleting_a_server_tag_returns_400(http: httpx.Client, key: str) -> None:
    send(http)
    before = tags_of(http)
    path = f"{OLD_TRACES}/{trace_id(1)}/tags"
    for response in (http.patch(path, json={"key": key, "value": "x"}), http.delete(path, params={"key": key})):
        assert (response.status_code, response.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
        assert key in response.json()["message"]
    assert tags_of(http) == before
