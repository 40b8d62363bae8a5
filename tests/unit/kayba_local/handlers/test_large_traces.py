"""Traces of any size: sent piece by piece, without a lock, a snapshot or the whole trace in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import orjson
import pytest
from tests.helpers.tracing_requests import (
    MOUNT,
    OLD_TRACES,
    START_NS,
    TRACES,
    Json,
    search_ids,
    send,
    send_info,
    span,
    trace_id,
    trace_info,
)

from kayba_local import LocalServer
from kayba_local.contract import load
from kayba_local.store.database import MAX_READERS

LARGE_VALUE = "x" * 100_000
SPANS = 120
FILE = f"{MOUNT}/api/2.0/mlflow-artifacts/artifacts/0/traces/{trace_id(1)}/artifacts/traces.json"


def send_large_trace(http: httpx.Client) -> None:
    """Send a trace of 12 MB."""
    for number in range(1, SPANS + 1):
        parent = 1 if number > 1 else None
        send(http, span(number=number, parent=parent, start_ns=START_NS + number, attributes={"a": LARGE_VALUE}))


def upload_large_file(http: httpx.Client) -> bytes:
    """Upload a file of 12 MB, and return it."""
    send_info(http, trace_info())
    spans = [
        {
            "trace_id": trace_id(1),
            "span_id": f"{number:016x}",
            "name": "step",
            "start_time_unix_nano": START_NS,
            "attributes": {"a": json.dumps(LARGE_VALUE)},
        }
        for number in range(1, SPANS + 1)
    ]
    content = json.dumps({"spans": spans}).encode()
    http.put(FILE, content=content, headers={"Content-Type": "text/plain"}).raise_for_status()
    return content


PATHS = {
    "get": (f"{TRACES}/get", {"trace_id": trace_id(1)}),
    "batchGet": (f"{TRACES}/batchGet", {"trace_ids": trace_id(1)}),
    "file": (FILE, {}),
}


def spans_in(body: bytes) -> list[Json]:
    """Return the spans in a response of any of the paths."""
    read = orjson.loads(body)
    trace = read["trace"] if "trace" in read else read["traces"][0] if "traces" in read else read
    spans: list[Json] = trace["spans"]
    return spans


def test_all_spans_of_many_pages_are_returned_in_order(http: httpx.Client) -> None:
    numbers = range(1, 1302)
    send(http, *(span(number=n, parent=n - 1 if n > 1 else None, name=f"{n}", start_ns=START_NS + n) for n in numbers))
    for operation, name in (("getTrace", "get"), ("batchGetTraces", "batchGet")):
        path, parameters = PATHS[name]
        body = http.get(path, params=parameters).raise_for_status().content
        assert [one["name"] for one in spans_in(body)] == [f"{n}" for n in numbers]
        validator = load().operations[operation].responses[200]["application/json"].validator
        assert validator is not None
        assert validator.is_valid(orjson.loads(body))


@pytest.mark.parametrize("name", PATHS)
def test_slow_clients_hold_neither_readers_nor_snapshots(
    http: httpx.Client, kayba_server: LocalServer, name: str
) -> None:
    send_large_trace(http) if name != "file" else upload_large_file(http)
    path, parameters = PATHS[name]
    with ExitStack() as opened:
        slow: list[Iterator[bytes]] = []
        for _ in range(MAX_READERS + 2):
            response = opened.enter_context(http.stream("GET", path, params=parameters))
            slow.append(response.iter_raw())
            assert next(slow[-1])
        # Other requests are served, and a checkpoint finds no reader of an old snapshot.
        send(http, span(trace=2))
        assert len(search_ids(http)) == 2
        with kayba_server.db.read() as tx:
            assert tx.row("SELECT 1") is not None
        checkpoint = kayba_server.db._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert checkpoint[0] == 0
        sizes = {sum(map(len, rest)) for rest in slow}
    assert min(sizes) > 10_000_000


@pytest.mark.parametrize("name", PATHS)
def test_a_client_that_leaves_early_does_no_harm(
    http: httpx.Client, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    send_large_trace(http) if name != "file" else upload_large_file(http)
    path, parameters = PATHS[name]
    for _ in range(MAX_READERS + 2):
        with http.stream("GET", path, params=parameters) as response:
            assert next(response.iter_raw())
    assert len(spans_in(http.get(path, params=parameters).content)) == SPANS
    assert not caplog.records


def test_a_trace_that_is_deleted_meanwhile_is_cut_after_a_span(http: httpx.Client) -> None:
    send_large_trace(http)
    path, parameters = PATHS["get"]
    with http.stream("GET", path, params=parameters) as response:
        pieces = response.iter_raw()
        body = next(pieces)
        deletion = {"experiment_id": "0", "request_ids": [trace_id(1)]}
        http.post(f"{OLD_TRACES}/delete-traces", json=deletion).raise_for_status()
        body += b"".join(pieces)
    assert 0 < len(spans_in(body)) < SPANS


def test_a_span_that_arrives_meanwhile_is_left_out(http: httpx.Client) -> None:
    send_large_trace(http)
    path, parameters = PATHS["get"]
    with http.stream("GET", path, params=parameters) as response:
        pieces = response.iter_raw()
        body = next(pieces)
        send(http, span(number=SPANS + 1, parent=1, start_ns=START_NS - 5))
        send(http, span(number=SPANS + 2, parent=1, start_ns=START_NS + 10**9))
        body += b"".join(pieces)
    ids = [one["span_id"] for one in spans_in(body)]
    assert len(ids) == len(set(ids)) == SPANS


def test_a_file_is_returned_unchanged_with_its_length(http: httpx.Client) -> None:
    content = upload_large_file(http)
    response = http.get(FILE).raise_for_status()
    assert response.content == content
    assert response.headers["content-length"] == str(len(content))


def test_the_page_of_a_large_trace_shows_its_first_spans(http: httpx.Client) -> None:
    numbers = range(1, 3001)
    send(http, *(span(number=n, parent=n - 1 if n > 1 else None, name=f"s{n}", start_ns=START_NS + n) for n in numbers))
    page = http.get(f"/trace/{trace_id(1)}").raise_for_status().text
    assert ">s2000<" in page
    assert ">s2001<" not in page
    assert "3000 spans" in page
    assert "1000 more spans are not shown" in page
