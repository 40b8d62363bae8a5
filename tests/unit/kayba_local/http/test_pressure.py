"""A server under pressure: full lanes, deadlines, half-sent requests, and a store that cannot be written now."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from tests.helpers.tracing_requests import otlp, protobuf, search_ids, span, trace_id

from kayba_local import Limits, LocalServer, handlers, serve
from kayba_local.http.operation import Call
from kayba_local.store import database, deadline
from kayba_local.store.errors import StoreBusy

TRACES: Final = "/v1/traces"
MOUNT: Final = "/api/mlflow/v1/traces"
PROTOBUF: Final = {"Content-Type": "application/x-protobuf"}
EXPERIMENT: Final = {"x-mlflow-experiment-id": "0"}
ENDLESS: Final = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
HOLD_LOCK: Final = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
"""


def post_span(client: httpx.Client, path: str = TRACES, number: int = 1) -> httpx.Response:
    return client.post(path, content=protobuf([span(number)]), headers={**PROTOBUF, **EXPERIMENT})


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[LocalServer, httpx.Client]]:
    """A server that waits only briefly for the locks of other processes."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.02)
    with serve(store=f"sqlite:///{tmp_path / 'kayba.db'}") as server, httpx.Client(base_url=server.url) as client:
        yield server, client


def assert_unavailable(client: httpx.Client, reason: str, caplog: pytest.LogCaptureFixture) -> None:
    for path in (TRACES, MOUNT, TRACES):
        response = post_span(client, path)
        assert response.status_code == 503
        assert reason in response.text
        assert int(response.headers["retry-after"]) > 0
    ready = client.get("/ready")
    assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
    assert [record.levelname for record in caplog.records if reason in record.getMessage()] == ["ERROR"]
    assert "kayba_store_available 0" in client.get("/metrics").text
    assert search_ids(client) == []


def assert_recovers(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    assert post_span(client).status_code == 200
    assert client.get("/ready").json() == {"status": "ready"}
    assert search_ids(client) == [trace_id(1)]
    assert caplog.records[-1].getMessage() == "the store can be used again"


def test_a_lock_of_another_process_is_reported_once_and_passes(
    impatient: tuple[LocalServer, httpx.Client], caplog: pytest.LogCaptureFixture
) -> None:
    server, client = impatient
    command = [sys.executable, "-c", HOLD_LOCK, str(server.db.file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        assert_unavailable(client, "another process holds the lock", caplog)
        holder.communicate("\n")
    assert_recovers(client, caplog)


def test_a_full_disk_is_reported_once_and_passes(
    impatient: tuple[LocalServer, httpx.Client], caplog: pytest.LogCaptureFixture
) -> None:
    server, client = impatient
    with server.db.write() as tx:
        (free,), (pages,) = tx.rows("PRAGMA freelist_count")[0], tx.rows("PRAGMA page_count")[0]
        assert free == 0
        tx.rows(f"PRAGMA max_page_count = {pages}")
    large = protobuf([span(1, attributes={"text": "x" * 1_000_000})])
    assert client.post(TRACES, content=large, headers=PROTOBUF).status_code == 503
    assert search_ids(client) == []
    assert "the disk is full" in client.get("/ready").json()["reason"]
    with server.db.write() as tx:
        tx.rows("PRAGMA max_page_count = 1000000")
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert client.post(TRACES, content=large, headers=PROTOBUF).status_code == 200
    assert search_ids(client) == [trace_id(1)]


def test_a_read_only_file_is_reported_once(
    impatient: tuple[LocalServer, httpx.Client], caplog: pytest.LogCaptureFixture
) -> None:
    server, client = impatient
    with server.db.write() as tx:
        tx.rows("PRAGMA query_only = ON")
    assert_unavailable(client, "the file is read-only", caplog)


def test_a_read_is_cancelled_at_the_deadline(kayba_server: LocalServer) -> None:
    with pytest.raises(StoreBusy, match="took too long"), deadline.within(0.05), kayba_server.db.read() as tx:
        tx.rows(ENDLESS)
    with kayba_server.db.read() as tx:
        assert tx.rows("SELECT 1")[0][0] == 1


def test_a_write_does_not_wait_beyond_the_deadline(kayba_server: LocalServer) -> None:
    def write() -> None:
        with pytest.raises(StoreBusy), deadline.within(0.01), kayba_server.db.write():
            pass
        waited.set()

    waited = threading.Event()
    with kayba_server.db.write():
        threading.Thread(target=write).start()
        assert waited.wait(60)


def test_a_request_gets_a_503_at_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    def search_for_ever(call: Call) -> dict[str, Any]:
        with call.db.read() as tx:
            return {"n": tx.rows(ENDLESS)}

    monkeypatch.setitem(handlers.HANDLERS, "listTraceFiles", search_for_ever)  # type: ignore[arg-type]
    with serve(limits=Limits(request_timeout_s=0.1)) as server, httpx.Client(base_url=server.url) as client:
        response = client.get("/api/traces")
        assert (response.status_code, response.headers["retry-after"]) == (503, "1")
        assert "took too long" in response.json()["error"]["message"]
        assert 'kayba_rejections_total{reason="deadline"} 1' in client.get("/metrics").text


def test_waiting_reads_do_not_keep_out_ingest(monkeypatch: pytest.MonkeyPatch) -> None:
    entered, release = threading.Event(), threading.Event()

    def block(_: Call) -> dict[str, Any]:
        entered.set()
        assert release.wait(60)
        return {"traces": []}

    monkeypatch.setitem(handlers.HANDLERS, "listTraceFiles", block)  # type: ignore[arg-type]
    limits = Limits(read_threads=1, queue=1)
    with serve(limits=limits) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        threads = [threading.Thread(target=client.get, args=("/api/traces",))]
        threads[0].start()
        assert entered.wait(60)
        threads.append(threading.Thread(target=client.get, args=("/api/traces",)))
        threads[1].start()
        while 'kayba_requests_waiting{lane="reads"} 1' not in client.get("/metrics").text:
            pass
        try:
            refused = client.get("/api/traces")
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            assert post_span(client).status_code == 200
            assert client.get("/").status_code == 200
            assert client.get("/health").status_code == 200
        finally:
            release.set()
            for thread in threads:
                thread.join()
        assert client.get("/api/traces").status_code == 200


@pytest.fixture
def strict() -> Iterator[tuple[LocalServer, socket.socket]]:
    """A server that waits briefly for heads and bodies, and a connection to it."""
    with serve(limits=Limits(receive_timeout_s=0.2, body_memory_mb=1)) as server:
        host, _, port = server.url.removeprefix("http://").rpartition(":")
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            yield server, connection


def read_all(connection: socket.socket) -> bytes:
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received


@pytest.mark.parametrize("head", [b"", b"POST /v1/tra", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "])
def test_a_half_sent_head_is_closed(strict: tuple[LocalServer, socket.socket], head: bytes) -> None:
    _, connection = strict
    connection.sendall(head)
    assert read_all(connection) == b""


def test_a_half_sent_head_of_a_second_request_is_closed(strict: tuple[LocalServer, socket.socket]) -> None:
    _, connection = strict
    connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert b"200 OK" in connection.recv(65536)
    connection.sendall(b"GET /hea")
    assert b"HTTP/1.1" not in read_all(connection)


def test_a_half_sent_body_is_closed(strict: tuple[LocalServer, socket.socket]) -> None:
    _, connection = strict
    head = b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
    connection.sendall(head + b'{"a"')
    assert read_all(connection).startswith(b"HTTP/1.1 408 ")


def test_an_endless_body_returns_413(kayba_server: LocalServer) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(200):
            yield bytes(64 * 1024)

    with httpx.Client(base_url=kayba_server.url) as client:
        response = client.post("/api/traces", content=endless(), headers={"Content-Type": "application/json"})
    assert response.status_code == 413


def test_bodies_share_a_budget_of_memory(strict: tuple[LocalServer, socket.socket]) -> None:
    server, _ = strict
    with httpx.Client(base_url=server.url, timeout=60) as client:
        response = client.post(TRACES, content=bytes(1_500_000), headers=PROTOBUF)
        assert (response.status_code, response.headers["retry-after"]) == (503, "1")
        assert "kayba_body_bytes 0" in client.get("/metrics").text
        assert post_span(client).status_code == 200


@pytest.mark.parametrize("path", [TRACES, f"{TRACES}/", MOUNT])
@pytest.mark.parametrize("is_json", [False, True])
def test_an_invalid_id_costs_no_neighbour(http: httpx.Client, path: str, is_json: bool) -> None:
    spans = [span(1, number) for number in range(1, 101)]
    spans[50]["traceId"] = "ab" * 8
    if is_json:
        response = http.post(path, json=otlp(spans), headers=EXPERIMENT)
        assert response.json()["partialSuccess"]["rejectedSpans"] == "1"
    else:
        response = http.post(path, content=protobuf(spans), headers={**PROTOBUF, **EXPERIMENT})
    assert response.status_code == 200
    text = http.get("/metrics").text
    assert "kayba_spans_stored_total 99" in text
    assert "kayba_spans_rejected_total 1" in text


def test_metrics_count_requests_by_route_and_status(http: httpx.Client) -> None:
    post_span(http)
    http.get("/trace/tr-absent")
    http.request("BREW", "/pot/3")
    lines = http.get("/metrics").text.splitlines()
    assert 'kayba_requests_total{route="/v1/traces",method="POST",status="200"} 1' in lines
    assert 'kayba_requests_total{route="/trace/{trace_id}",method="GET",status="404"} 1' in lines
    assert 'kayba_requests_total{route="other",method="other",status="404"} 1' in lines
    assert 'kayba_rejections_total{reason="absent"} 2' in lines
    assert any(line.startswith("kayba_store_bytes ") and int(line.split()[1]) > 0 for line in lines)


def test_metrics_need_the_key_and_health_needs_none() -> None:
    with serve(api_key="kb-secret") as server, httpx.Client(base_url=server.url) as client:
        assert [client.get(path).status_code for path in ("/health", "/ready", "/metrics")] == [200, 200, 401]
        assert client.get("/metrics", headers={"Authorization": "Bearer kb-secret"}).status_code == 200
