"""Live changes as server-sent events."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
from tests.helpers.tracing_requests import OLD_TRACES, Json, send, span, trace_id
from tests.unit.kayba_local.explore.conftest import EXPLORE, Get

import kayba_local


def events(lines: Iterator[str]) -> Iterator[Json]:
    """Yield the events of a stream, each as its fields."""
    event: Json = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            event[name] = value
        else:
            yield event
            event = {}


def next_event(stream: Iterator[Json]) -> tuple[str, str]:
    """Return the kind and the data of the next event that is no comment."""
    while True:
        event = next(stream)
        if "event" in event:
            return event["event"], event["data"]


def test_new_changed_and_deleted_traces_are_sent(http: httpx.Client) -> None:
    send(http, span(1, 1, end_ns=0))
    with http.stream("GET", f"{EXPLORE}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        stream = events(answer.iter_lines())
        assert "id" in next(stream)
        send(http, span(2, 1))
        assert next_event(stream) == ("trace", f'{{"id":"{trace_id(2)}"}}')
        send(http, span(1, 1))
        assert next_event(stream) == ("trace", f'{{"id":"{trace_id(1)}"}}')
        tag = {"key": "a", "value": "b"}
        http.patch(f"{OLD_TRACES}/{trace_id(2)}/tags", json=tag).raise_for_status()
        assert next_event(stream) == ("trace", f'{{"id":"{trace_id(2)}"}}')
        body = {"experiment_id": "0", "request_ids": [trace_id(2)]}
        http.post(f"{OLD_TRACES}/delete-traces", json=body).raise_for_status()
        assert next_event(stream) == ("deleted", f'{{"id":"{trace_id(2)}"}}')


def test_jobs_and_insights_are_sent(http: httpx.Client) -> None:
    files = [{"filename": "a.md", "content": "Error: no such order", "fileType": "md"}]
    with http.stream("GET", f"{EXPLORE}/events") as answer:
        stream = events(answer.iter_lines())
        next(stream)
        uploaded = http.post("/api/traces", json={"traces": files}).raise_for_status().json()["traces"]
        body = {"traceIds": [each["id"] for each in uploaded]}
        job = http.post("/api/insights/generate", json=body).raise_for_status().json()["jobId"]
        assert next_event(stream) == ("job", f'{{"id":"{job}"}}')


def test_a_client_resumes_after_its_last_event(http: httpx.Client) -> None:
    send(http, span(1, 1))
    with http.stream("GET", f"{EXPLORE}/events") as answer:
        seen = next(events(answer.iter_lines()))["id"]
    send(http, span(2, 1))
    with http.stream("GET", f"{EXPLORE}/events", headers={"Last-Event-ID": seen}) as answer:
        assert next_event(events(answer.iter_lines())) == ("trace", f'{{"id":"{trace_id(2)}"}}')


def test_an_id_of_another_store_resets_the_client(http: httpx.Client, get: Get) -> None:
    later = str(get("/server")["revision"] + 1_000)
    with http.stream("GET", f"{EXPLORE}/events", headers={"Last-Event-ID": later}) as answer:
        assert next_event(events(answer.iter_lines())) == ("reset", "{}")


def test_the_stream_ends_when_the_server_stops() -> None:
    with kayba_local.serve() as server, httpx.stream("GET", f"{server.url}{EXPLORE}/events") as answer:
        stream = events(answer.iter_lines())
        next(stream)
        server.stop(wait=False)
        assert list(stream) == []
