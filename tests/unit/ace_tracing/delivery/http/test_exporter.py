"""One attempt to deliver: the result of each response, the time limit and the remembered experiments."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.helpers.export_requests import batch, trace
from tests.helpers.faulty_server import FakeResponse, FaultyServer, faulty_server

from ace_tracing.delivery.http import client, deadline
from ace_tracing.delivery.http import exporter as exporter_module
from ace_tracing.delivery.http.client import ServiceClient
from ace_tracing.delivery.http.exporter import Exporter
from ace_tracing.delivery.http.results import Blocked, Delivered, ExportResult, Rejected, Retryable
from kayba_local import LocalServer

HTML: Final = FakeResponse(200, b"<html>Log in to the network</html>", {"Content-Type": "text/html"})
PROTOBUF: Final = {"Content-Type": "application/x-protobuf"}


def send(response: FakeResponse, experiment: str | None = None) -> ExportResult:
    """Return the result of sending one trace when all requests get the same response."""
    with faulty_server(response) as server:
        return attempt(server.url, experiment)


def attempt(url: str, experiment: str | None = None) -> ExportResult:
    """Return the result of sending one trace with a new exporter."""
    exporter = Exporter(ServiceClient(url, "kb-test"))
    try:
        return exporter.send(batch(trace(experiment=experiment)))
    finally:
        exporter.close()


@pytest.mark.parametrize("status", [400, 413, 422])
def test_an_invalid_request_is_rejected(status: int) -> None:
    assert send(FakeResponse(status, b"not this")) == Rejected(f"HTTP {status} not this", True, too_large=status == 413)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 507, 511, 529, 599])
@pytest.mark.parametrize("body", [b"", b"later", b"<html>later</html>", b'{"error_code": "BUSY"}', b"\xff\xfe"])
def test_a_temporary_failure_is_retryable(status: int, body: bytes) -> None:
    result = send(FakeResponse(status, body))
    assert isinstance(result, Retryable)
    assert str(status) in result.reason
    assert result.retry_after_s is None


@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_refused_key_blocks_delivery(status: int) -> None:
    assert send(FakeResponse(status, b"who?")) == Blocked(f"HTTP {status} who?", "key")


@pytest.mark.parametrize("status", [404, 405, 406, 407, 409, 410, 411, 414, 415, 418, 421, 426, 431, 451, 501, 505])
@pytest.mark.parametrize("body", [b"", b"<html>nothing here</html>", b'{"error": {"code": "NOT_FOUND"}}', b"[]"])
def test_a_response_of_another_server_blocks_delivery(status: int, body: bytes) -> None:
    result = send(FakeResponse(status, body))
    assert isinstance(result, Blocked)
    assert result.cause == "address"
    assert str(status) in result.reason


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_a_redirect_blocks_delivery_and_is_not_followed(status: int) -> None:
    with faulty_server() as elsewhere:
        result = send(FakeResponse(status, b"", {"Location": f"{elsewhere.url}/api/mlflow/v1/traces"}))
        assert result == Blocked(f"HTTP {status}", "address")
        assert not elsewhere.requests


@pytest.mark.parametrize("status", [200, 202, 204])
@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", {}),
        (b"{}", {}),
        (b'{"partialSuccess": {}}', {}),
        (b'{"partialSuccess": null, "later": "field"}', {"Content-Type": "application/json; charset=utf-8"}),
        (b"{}", {"Content-Type": "text/plain"}),
        (b"", PROTOBUF),
        (b"\x0a\x00", PROTOBUF),
    ],
)
def test_an_empty_otlp_response_is_delivered(status: int, body: bytes, headers: dict[str, str]) -> None:
    if status != 204 or not body:
        assert send(FakeResponse(status, body, headers)) == Delivered()


@pytest.mark.parametrize(
    ("response", "result"),
    [
        (
            FakeResponse(200, b'{"partialSuccess": {"rejectedSpans": "3", "errorMessage": "too old"}}'),
            Delivered(3, "too old"),
        ),
        (FakeResponse(200, b'{"partialSuccess": {"rejectedSpans": 3}}'), Delivered(3)),
        (FakeResponse(200, b'{"partial_success": {"rejected_spans": 3, "error_message": "x"}}'), Delivered(3, "x")),
        (
            FakeResponse(200, b'{"partialSuccess": {"errorMessage": "use the other address"}}'),
            Delivered(0, "use the other address"),
        ),
        (FakeResponse(200, b'{"partialSuccess": {"rejectedSpans": -3}}'), Delivered()),
        (FakeResponse(200, b"\x0a\x0b\x08\x03\x12\x07too old", PROTOBUF), Delivered(3, "too old")),
        (FakeResponse(200, b"\x0a\x03\x08\xac\x02", PROTOBUF), Delivered(300)),
        (FakeResponse(200, b"\x0a\x0b\x08" + b"\xff" * 9 + b"\x01", PROTOBUF), Delivered()),
        (FakeResponse(200, b"\x79" + b"\x00" * 8 + b"\x15abcd\x18\x07\x0a\x02\x08\x05", PROTOBUF), Delivered(5)),
    ],
    ids=lambda value: None if isinstance(value, Delivered) else repr(value.body),
)
def test_a_partial_success_is_delivered_with_its_rejections(response: FakeResponse, result: ExportResult) -> None:
    assert send(response) == result


@pytest.mark.parametrize(
    "response",
    [
        HTML,
        FakeResponse(200, b"", {"Content-Type": "text/html; charset=utf-8"}),
        FakeResponse(200, b"<html>"),
        FakeResponse(200, b'{"partialSuccess": '),
        FakeResponse(200, b"[]"),
        FakeResponse(200, b'{"partialSuccess": 1}'),
        FakeResponse(200, b'{"partialSuccess": {"rejectedSpans": "many"}}'),
        FakeResponse(200, b'{"partialSuccess": {"rejectedSpans": 0.5}}'),
        FakeResponse(200, b"<html>", PROTOBUF),
        FakeResponse(200, b"\x0a\x05\x08", PROTOBUF),
        FakeResponse(200, b"\x0a\x02\x08\xff", PROTOBUF),
        FakeResponse(200, b"\x0a" + b"\xff" * 11, PROTOBUF),
        FakeResponse(200, b"\x00", PROTOBUF),
        FakeResponse(200, b"not gzip", {"Content-Encoding": "gzip"}),
    ],
    ids=lambda response: repr(response.body),
)
def test_a_success_status_of_a_proxy_is_retryable(response: FakeResponse) -> None:
    assert isinstance(send(response), Retryable)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("headers", "after"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": " 1.5 "}, 1.5),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "86400"}, 86_400.0),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"Retry-After": "Wed, 99 Oct 2015 07:28:00 GMT"}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(status: int, headers: dict[str, str], after: float | None) -> None:
    result = send(FakeResponse(status, b"", headers))
    assert isinstance(result, Retryable)
    assert result.retry_after_s == after


@pytest.mark.parametrize("zone", ["GMT", "-0000", "+0200"])
def test_a_retry_after_date_is_compared_with_the_server_s_clock(zone: str) -> None:
    # The two clocks differ by an hour.
    now = datetime.now(UTC) - timedelta(hours=1)
    local = now + timedelta(seconds=90, hours=2 if zone == "+0200" else 0)
    header = f"{local:%a, %d %b %Y %H:%M:%S} {zone}"
    with raw_server(
        f"HTTP/1.1 503 Busy\r\nDate: {format_datetime(now, usegmt=True)}\r\nRetry-After: {header}\r\n"
    ) as url:
        result = attempt(url)
    assert isinstance(result, Retryable)
    assert result.retry_after_s == 90.0


def test_a_retry_after_date_without_a_date_header_uses_our_clock() -> None:
    header = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    with raw_server(f"HTTP/1.1 503 Busy\r\nRetry-After: {header}\r\n") as url:
        result = attempt(url)
    assert isinstance(result, Retryable)
    assert result.retry_after_s is not None
    assert 0 < result.retry_after_s <= 90


@contextmanager
def raw_server(head: str, *, write: Callable[[socket.socket], object] | None = None) -> Iterator[str]:
    """Serve these bytes on every connection, followed by the output of `write`."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        while True:
            connection, _ = listener.accept()
            with connection:
                if over.is_set():
                    return
                connection.settimeout(10)
                try:
                    while b"\r\n\r\n" not in (received := connection.recv(1 << 20)) and received:
                        pass
                    if write is None:
                        connection.sendall(f"{head}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())
                    else:
                        connection.sendall(head.encode())
                        write(connection)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        # Closing the listener would not wake a waiting accept.
        socket.create_connection(listener.getsockname()).close()
        thread.join()
        listener.close()


def test_a_refused_connection_is_retryable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    result = attempt(url)
    assert isinstance(result, Retryable)
    assert "ConnectError" in result.reason


@pytest.mark.parametrize(
    "head", ["", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", "nonsense\r\n\r\n", "HTTP/1.1 200"]
)
def test_an_incomplete_response_is_retryable(head: str) -> None:
    with raw_server(head, write=lambda _: None) as url:
        assert isinstance(attempt(url), Retryable)


@pytest.mark.parametrize(
    "head",
    ["", "HTTP/1.1 200 OK\r\nX-Header: ", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"],
    ids=["from the start", "in the headers", "in the body"],
)
def test_a_slow_response_ends_at_the_deadline(head: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporter_module, "ATTEMPT_S", 0.5)
    over = threading.Event()

    def trickle(connection: socket.socket) -> None:
        while not over.wait(0.05):
            connection.sendall(b"H" if not head else b" ")

    with raw_server(head, write=trickle) as url:
        result = attempt(url)
        over.set()
    assert isinstance(result, Retryable)
    assert "Timeout" in result.reason


def test_a_missing_response_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporter_module, "ATTEMPT_S", 0.2)
    monkeypatch.setattr(client, "REQUEST_TIMEOUT_S", 3_600.0)
    over = threading.Event()
    with raw_server("", write=lambda _: over.wait(5)) as url:
        result = attempt(url)
        over.set()
    assert isinstance(result, Retryable)
    assert "ReadTimeout" in result.reason


def test_a_slow_upload_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporter_module, "ATTEMPT_S", 0.5)

    class Large(type(batch())):  # type: ignore[misc]
        def otlp(self) -> bytes:
            return bytes(64 * 1024 * 1024)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepted: list[socket.socket] = []
        threading.Thread(target=lambda: accepted.append(listener.accept()[0]), daemon=True).start()
        exporter = Exporter(ServiceClient(f"http://127.0.0.1:{listener.getsockname()[1]}", "kb-test"))
        result = exporter.send(Large([trace()]))
        exporter.close()
        for connection in accepted:
            connection.close()
    assert isinstance(result, Retryable)
    assert "WriteTimeout" in result.reason


def test_the_deadline_ends_with_the_attempt(kayba_server: LocalServer) -> None:
    service = ServiceClient(kayba_server.url, "kb-test")
    assert Exporter(service).send(batch()) == Delivered()
    assert deadline.seconds_left() is None
    service.close()


def test_content_type_and_encoding_come_from_the_request() -> None:
    with faulty_server() as server:
        exporter = Exporter(ServiceClient(server.url, "kb-test"))
        sending = batch()
        sending.content_type, sending.content_encoding = "application/x-protobuf", None
        assert exporter.send(sending) == Delivered()
        sending.content_encoding = "gzip"
        assert exporter.send(sending) == Delivered()
        exporter.close()
        first, second = (
            {name.lower(): value for name, value in headers.items()} for _, _, headers, _ in server.requests
        )
    assert first["content-type"] == second["content-type"] == "application/x-protobuf"
    assert "content-encoding" not in first
    assert second["content-encoding"] == "gzip"
    assert first["x-mlflow-experiment-id"] == "0"


def test_an_experiment_is_created_once_and_remembered(kayba_server: LocalServer) -> None:
    service = ServiceClient(kayba_server.url, "kb-test")
    exporter = Exporter(service)
    assert exporter.send(batch(trace(experiment="mine"))) == Delivered()
    first = service.experiment_ids["mine"]
    assert exporter.send(batch(trace(experiment="mine"))) == Delivered()
    exporter.close()
    assert attempt(kayba_server.url, "mine") == Delivered()
    with kayba_server.db.read() as tx:
        assert [str(row["id"]) for row in tx.rows("SELECT id FROM experiments WHERE name = 'mine'")] == [first]


def test_a_deleted_experiment_is_recreated_in_the_same_attempt(kayba_server: LocalServer) -> None:
    service = ServiceClient(kayba_server.url, "kb-test")
    # The server was reinstalled while the process ran.
    service.experiment_ids["mine"] = "987654"
    exporter = Exporter(service)
    assert exporter.send(batch(trace(experiment="mine"))) == Delivered()
    assert service.experiment_ids["mine"] != "987654"
    exporter.close()


def missing_experiment_response() -> FakeResponse:
    return FakeResponse(404, b'{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "No Experiment with id=0 exists"}')


def experiment_response(stage: str) -> FakeResponse:
    found = {"experiment_id": "7", "name": "mine", "artifact_location": "mlflow-artifacts:/7", "lifecycle_stage": stage}
    return FakeResponse(200, json.dumps({"experiment": found}).encode())


def test_a_missing_experiment_blocks_or_retries() -> None:
    assert send(missing_experiment_response()) == Blocked("there is no experiment 0", "address")
    found = experiment_response("active")
    with faulty_server(found, missing_experiment_response(), found, missing_experiment_response()) as server:
        result = attempt(server.url, "mine")
        assert len(server.requests) == 4
    assert isinstance(result, Retryable)


def test_a_deleted_experiment_blocks_delivery() -> None:
    result = send(experiment_response("deleted"), "mine")
    assert isinstance(result, Blocked)
    assert "deleted" in result.reason


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (FakeResponse(200, b"{}"), Retryable),
        (FakeResponse(200, b'{"experiment": {"experiment_id": "../7\\r\\n", "name": "mine"}}'), Retryable),
        (FakeResponse(200, b'{"experiment": {"experiment_id": 7, "name": "mine"}}'), Retryable),
        (HTML, Retryable),
        (FakeResponse(503, b""), Retryable),
        (FakeResponse(401, b""), Blocked),
        (FakeResponse(404, b"<html>"), Blocked),
        (missing_experiment_response(), Blocked),
        (FakeResponse(400, b""), Blocked),
        (FakeResponse(302, b"", {"Location": "http://127.0.0.1:9/"}), Blocked),
    ],
    ids=lambda value: repr(value.body) if isinstance(value, FakeResponse) else None,
)
def test_no_trace_is_sent_without_its_experiment(response: FakeResponse, kind: type) -> None:
    with faulty_server(response) as server:
        result = attempt(server.url, "mine")
        assert not server.exported()
    assert isinstance(result, kind), result


@pytest.mark.parametrize("status", [400, 409])
def test_an_experiment_created_concurrently_is_found(status: int) -> None:
    taken = FakeResponse(status, b'{"error_code": "RESOURCE_ALREADY_EXISTS", "message": "taken"}')
    found = experiment_response("active")
    with faulty_server(missing_experiment_response(), taken, found, FakeResponse()) as server:
        assert attempt(server.url, "mine") == Delivered()


RESPONSES: Final = st.builds(
    FakeResponse,
    st.integers(200, 599).filter(lambda status: status not in (204, 304)),
    st.binary(max_size=40) | st.sampled_from([b"{}", b'{"error_code": "RESOURCE_DOES_NOT_EXIST"}', b"<html>"]),
    st.fixed_dictionaries(
        {},
        optional={
            "Content-Type": st.sampled_from(
                ["application/json", "application/x-protobuf", "text/html", "", ";", "a/b"]
            ),
            "Retry-After": st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
            "Date": st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
            "Content-Encoding": st.sampled_from(["gzip", "deflate", "br", "identity", "x"]),
            "Location": st.sampled_from(["/", "", "http://127.0.0.1:1/", "::"]),
            "Set-Cookie": st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
        },
    ),
)


@pytest.fixture(scope="module")
def any_server() -> Iterator[FaultyServer]:
    with faulty_server() as server:
        yield server


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(responses=st.lists(RESPONSES, min_size=1, max_size=6), experiment=st.sampled_from([None, "mine"]))
def test_any_response_has_an_export_result(
    any_server: FaultyServer, responses: list[FakeResponse], experiment: str | None
) -> None:
    any_server.responses[:] = responses
    result = attempt(any_server.url, experiment)
    assert isinstance(result, Delivered | Retryable | Blocked | Rejected)
    if isinstance(result, Retryable):
        assert result.retry_after_s is None or result.retry_after_s >= 0


def test_closing_connections_from_another_thread_loses_nothing(kayba_server: LocalServer) -> None:
    service = ServiceClient(kayba_server.url, "kb-test")
    exporter = Exporter(service)
    over = threading.Event()

    def close() -> None:
        while not over.wait(0.001):
            exporter.close()

    thread = threading.Thread(target=close)
    thread.start()
    try:
        results = {type(exporter.send(batch())) for _ in range(50)}
    finally:
        over.set()
        thread.join()
    assert results <= {Delivered, Retryable}
    assert exporter.send(batch()) == Delivered()
    exporter.close()


def test_certificates_are_read_only_for_tls(monkeypatch: pytest.MonkeyPatch, kayba_server: LocalServer) -> None:
    import ssl

    read: list[object] = []
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *_, **given: read.append(given))
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda *_, **given: read.append(given))
    assert attempt(kayba_server.url) == Delivered()
    assert not read
    ServiceClient("https://127.0.0.1:1", "kb-test").client().get_httpx_client().close()
    assert read
