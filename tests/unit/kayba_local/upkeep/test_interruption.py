"""Traces whose root never came: shown as interrupted, and revived by news."""

from __future__ import annotations

import httpx
from tests.helpers.tracing_requests import (
    TRACES,
    Json,
    get_trace,
    search_ids,
    send,
    send_info,
    span,
    trace_id,
    trace_info,
)

from kayba_local import LocalServer
from kayba_local.upkeep import interruption

HOUR_NS = 3600 * 1_000_000_000


def read_info(http: httpx.Client, trace: int) -> Json:
    response = http.get(f"{TRACES}/{trace_id(trace)}")
    info: Json = response.raise_for_status().json()["trace"]["trace_info"]
    return info


def start_of(server: LocalServer, trace: int) -> int:
    with server.db.read() as tx:
        row = tx.row("SELECT request_ns FROM traces WHERE trace_id = ?", (trace_id(trace),))
    assert row is not None
    return int(row["request_ns"])


def declare_running(http: httpx.Client, trace: int) -> None:
    info = trace_info(trace, state="IN_PROGRESS")
    del info["execution_duration"]
    send_info(http, info)


def leave_running(http: httpx.Client, trace: int) -> None:
    declare_running(http, trace)
    send(http, span(trace, 2, 1))


def test_a_trace_without_news_is_shown_as_interrupted(kayba_server: LocalServer, http: httpx.Client) -> None:
    leave_running(http, 1)
    last_ns = start_of(kayba_server, 1)
    assert interruption.mark(kayba_server.db, last_ns + HOUR_NS, 7200) == 0
    assert read_info(http, 1)["state"] == "IN_PROGRESS"
    assert interruption.mark(kayba_server.db, last_ns + 3 * HOUR_NS, 7200) == 1
    info = read_info(http, 1)
    assert info["state"] == "ERROR"
    assert info["trace_metadata"]["kayba.interrupted"] == "true"
    assert search_ids(http, filter="attributes.status = 'ERROR'") == [trace_id(1)]
    assert "INTERRUPTED" in http.get(f"/trace/{trace_id(1)}").text
    assert "INTERRUPTED" in http.get("/").text
    assert interruption.mark(kayba_server.db, last_ns + 9 * HOUR_NS, 7200) == 0


def test_news_revives_an_interrupted_trace(kayba_server: LocalServer, http: httpx.Client) -> None:
    leave_running(http, 1)
    interruption.mark(kayba_server.db, start_of(kayba_server, 1) + 3 * HOUR_NS, 7200)
    send(http, span(1, 3, 1))
    info = read_info(http, 1)
    assert info["state"] == "IN_PROGRESS"
    assert "kayba.interrupted" not in info.get("trace_metadata", {})
    interruption.mark(kayba_server.db, start_of(kayba_server, 1) + 3 * HOUR_NS, 7200)
    send(http, span(1, 1))
    assert read_info(http, 1)["state"] == "OK"
    assert len(get_trace(http, trace_id(1))["spans"]) == 3


def test_ended_traces_and_traces_with_a_recent_span_stay(kayba_server: LocalServer, http: httpx.Client) -> None:
    send(http, span(1, 1))
    leave_running(http, 2)
    start_ns = start_of(kayba_server, 2)
    late = span(2, 4, 1)
    late["endTimeUnixNano"] = str(start_ns + 30 * HOUR_NS)
    send(http, late)
    assert interruption.mark(kayba_server.db, start_ns + 31 * HOUR_NS, 7200) == 0
    assert interruption.mark(kayba_server.db, start_ns + 33 * HOUR_NS, 7200) == 1
    assert read_info(http, 1)["state"] == "OK"


def test_a_trace_without_spans_is_interrupted_after_its_start(kayba_server: LocalServer, http: httpx.Client) -> None:
    declare_running(http, 1)
    assert interruption.mark(kayba_server.db, start_of(kayba_server, 1) + 3 * HOUR_NS, 7200) == 1
    assert read_info(http, 1)["state"] == "ERROR"
