"""The faulty server: its faults, its store and its rules work as other tests expect."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Final

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from tests.helpers.faulty_server import FakeResponse, Fault, FaultyServer, faulty_server, poisoned_by, too_large

PATH: Final = "/api/mlflow/v1/traces"
PROTOBUF: Final = "application/x-protobuf"


def as_json(*names: str) -> tuple[bytes, str]:
    spans = [
        {"traceId": "ab" * 16, "spanId": f"{number:016x}", "name": name, "links": [{"traceId": "cd" * 16}]}
        for number, name in enumerate(names, 1)
    ]
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode(), "application/json"


def as_protobuf(*names: str) -> tuple[bytes, str]:
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for number, name in enumerate(names, 1):
        link = Span.Link(trace_id=b"\xcd" * 16)
        spans.append(Span(trace_id=b"\xab" * 16, span_id=number.to_bytes(8), name=name, links=[link]))
    return request.SerializeToString(), PROTOBUF


Encode = Callable[..., tuple[bytes, str]]


def post(server: FaultyServer, *names: str, encode: Encode = as_json, zipped: bool = False) -> httpx.Response:
    body, kind = encode(*names)
    headers = {"Content-Type": kind, **({"Content-Encoding": "gzip"} if zipped else {})}
    return httpx.post(server.url + PATH, content=gzip.compress(body) if zipped else body, headers=headers, timeout=5)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("encode", [as_json, as_protobuf])
def test_spans_read_the_same_in_every_encoding(encode: Encode, zipped: bool) -> None:
    with faulty_server() as server:
        assert post(server, "one", "two", encode=encode, zipped=zipped).status_code == 200
        assert [[(span["traceId"], span["spanId"], span["name"]) for span in batch] for batch in server.exported()] == [
            [("ab" * 16, f"{1:016x}", "one"), ("ab" * 16, f"{2:016x}", "two")]
        ]
        assert server.exported()[0][0]["links"] == [{"traceId": "cd" * 16}]
        assert {name: len(spans) for name, spans in server.store.traces.items()} == {"ab" * 16: 2}


def test_the_store_counts_duplicates() -> None:
    with faulty_server(FakeResponse(503), FakeResponse()) as server:
        assert [post(server, "one").status_code for _ in range(3)] == [503, 200, 200]
        key = ("ab" * 16, f"{1:016x}")
        assert (server.store.arrivals[key], server.store.stored[key], server.store.duplicates) == (3, 2, 1)
        assert server.store.names == {"one": 1}


@pytest.mark.parametrize(
    ("fault", "stored"),
    [(Fault.RESET, 0), (Fault.LOSE, 1), (Fault.CUT, 1), (Fault.GARBAGE, 1)],
)
def test_a_fault_breaks_the_exchange(fault: Fault, stored: int) -> None:
    with faulty_server(FakeResponse(fault=fault)) as server:
        with pytest.raises(httpx.TransportError):
            post(server, "one")
        assert server.store.names.total() == stored


def connect(server: FaultyServer) -> socket.socket:
    """Return a connection with a request already sent."""
    own = socket.create_connection(("127.0.0.1", server.port), timeout=120)
    own.sendall(b"GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
    return own


def test_a_reset_closes_the_connection_with_rst() -> None:
    with (
        faulty_server(FakeResponse(fault=Fault.RESET)) as server,
        connect(server) as own,
        pytest.raises(ConnectionResetError),
    ):
        own.recv(1)


def test_excess_bytes_follow_a_complete_response() -> None:
    with faulty_server(FakeResponse(body=b"{}", fault=Fault.EXCESS)) as server, connect(server) as own:
        response = b"".join(iter(lambda: own.recv(1_000), b""))
    assert b"Content-Length: 2\r\n" in response
    assert response.endswith(b"\r\n\r\n{}{}")


def test_a_stalled_response_is_sent_on_release() -> None:
    with faulty_server(hang=True) as server:
        responses: list[httpx.Response] = []
        thread = threading.Thread(target=lambda: responses.append(post(server, "one")))
        thread.start()
        wait_until(lambda: server.requests)
        assert (responses, server.store.names.total()) == ([], 0)
        server.release()
        thread.join()
        assert (responses[0].status_code, server.store.names.total()) == (200, 1)


def test_a_dripping_response_arrives_byte_by_byte() -> None:
    with faulty_server(FakeResponse(fault=Fault.DRIP)) as server, connect(server) as own:
        first = own.recv(1_000)
        assert len(first) < 10
        server.release()
        assert (first + b"".join(iter(lambda: own.recv(1_000), b""))).endswith(b"\r\n\r\n{}")


def test_down_refuses_connections_and_up_uses_the_same_port() -> None:
    with faulty_server() as server, httpx.Client(base_url=server.url) as client:
        assert client.get("/").status_code == 200
        server.down()
        with pytest.raises(httpx.ConnectError):
            httpx.get(server.url)
        server.up()
        assert client.get("/").status_code == 200
    with faulty_server(up=False) as server:
        with pytest.raises(httpx.ConnectError):
            httpx.get(server.url)
        server.up()
        assert httpx.get(server.url).status_code == 200


@pytest.mark.parametrize("status", [200, 204, 302, 304, 400, 404, 413, 418, 429, 500, 503, 599])
def test_any_status_with_headers_and_a_body(status: int) -> None:
    with faulty_server(FakeResponse(status, b"<html>", {"Content-Type": "text/html", "Retry-After": "7"})) as server:
        response = httpx.get(server.url)
        assert (response.status_code, response.headers["retry-after"]) == (status, "7")
        assert response.content == (b"" if status in (204, 304) else b"<html>")


def test_a_partial_success_uses_the_request_s_encoding() -> None:
    with faulty_server(FakeResponse(rejected=2)) as server:
        assert post(server, "one", "two", "three").json()["partialSuccess"]["rejectedSpans"] == "2"
        assert server.store.names == {"three": 1}
        response = ExportTraceServiceResponse.FromString(post(server, "one", encode=as_protobuf).content)
        assert response.partial_success.rejected_spans == 2


def test_rules_apply_to_a_request_s_content() -> None:
    with faulty_server() as server:
        server.rules = [poisoned_by("poison"), too_large(1_000)]
        names = [("fine",), ("fine", "poison"), ("x" * 2_000,)]
        assert [post(server, *each).status_code for each in names] == [200, 400, 413]
        assert server.store.names == {"fine": 1}


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
