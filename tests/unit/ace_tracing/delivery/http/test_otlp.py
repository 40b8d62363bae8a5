"""Delivery to an OTLP collector: requests, retries, partial success, TLS, and the calls that need Kayba."""

from __future__ import annotations

import contextvars
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.faults.otlp import decode_spans
from tests.helpers.faulty_server import FakeResponse, FaultyServer, faulty_server, poisoned_by, too_large
from tests.helpers.programs import wait_for
from tests.helpers.proxy_server import CA_FILE, CLIENT_FILE, tls_server

import ace_tracing
from ace_tracing import ConfigurationError, diagnostics, start_span
from ace_tracing.version import __version__
from kayba_local import LocalServer


@pytest.fixture(autouse=True)
def _afterwards() -> Iterator[None]:
    # Each warning is logged once a minute.
    diagnostics._last_warned.clear()
    yield
    ace_tracing.shutdown(timeout=0)


@pytest.fixture
def collector() -> Iterator[FaultyServer]:
    """A collector on loopback."""
    with faulty_server() as server:
        yield server


def record(*names: str) -> None:
    for name in names:
        with start_span(name):
            pass


def wait_for_error(text: str) -> None:
    """Wait until an attempt fails with a text in its error."""
    wait_for(lambda: text in (ace_tracing.tracing_status().last_error or ""), 60)


def resource_of(body: bytes) -> dict[str, str]:
    attributes = json.loads(body)["resourceSpans"][0]["resource"]["attributes"]
    return {each["key"]: each["value"]["stringValue"] for each in attributes}


def test_no_argument_but_the_exporter_and_no_key_is_needed(
    collector: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"{collector.url}/")
    ace_tracing.configure(exporter="otlp")
    record("a", "b")
    assert ace_tracing.flush(30) == ace_tracing.Delivery(delivered=2)
    ((method, path, headers, body),) = collector.requests
    assert (method, path, headers["Content-Type"]) == ("POST", "/v1/traces", "application/x-protobuf")
    assert "Authorization" not in headers
    assert "Content-Encoding" not in headers
    assert {span["name"] for span in decode_spans(headers, body)} == {"a", "b"}


def test_variables_shape_the_request(collector: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{collector.url}/v1/traces",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Basic%20YTpi,content-type=text/plain",
        "OTEL_SERVICE_NAME": "agents",
        "OTEL_RESOURCE_ATTRIBUTES": "service.name=other,deployment.environment.name=st%C3%A4ging",
    }.items():
        monkeypatch.setenv(name, text)
    ace_tracing.configure(exporter="otlp")
    record("a")
    assert ace_tracing.flush(30).delivered == 1
    ((_, _, headers, body),) = collector.requests
    assert headers["Content-Type"] == "application/json"
    assert headers["Content-Encoding"] == "gzip"
    assert headers["authorization"] == "Basic YTpi"
    resource = resource_of(gzip.decompress(body))
    assert len(resource.pop("service.instance.id")) == 36
    assert resource == {
        "service.name": "agents",
        "deployment.environment.name": "st\u00e4ging",
        "telemetry.sdk.name": "ace-tracing",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.version": __version__,
    }


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_collector_gets_the_traces_again_when_it_asks_for_them(status: int) -> None:
    with faulty_server(FakeResponse(status, b"", {"Retry-After": "1"}), FakeResponse()) as server:
        ace_tracing.configure(exporter="otlp", endpoint=server.url)
        record("a")
        assert ace_tracing.flush(30) == ace_tracing.Delivery(delivered=1)
        first, second = server.times
        assert second - first >= 1.0
        assert server.store.names == {"a": 1}


def test_a_partial_success_is_not_sent_again_and_counts_as_dropped(caplog: pytest.LogCaptureFixture) -> None:
    with faulty_server(FakeResponse(rejected=1)) as server:
        ace_tracing.configure(exporter="otlp", endpoint=server.url)
        record("a", "b")
        delivery = ace_tracing.flush(30)
        assert (delivery.pending, delivery.reasons) == (0, {"rejected by the service: single spans": 1})
        assert len(server.requests) == 1
        assert "not these" in caplog.text


def test_a_rejected_trace_costs_no_other(collector: FaultyServer) -> None:
    collector.rules.append(poisoned_by("poison"))
    ace_tracing.configure(exporter="otlp", endpoint=collector.url)
    record("a", "poison", "b")
    delivery = ace_tracing.flush(30)
    assert (delivery.delivered, delivery.reasons) == (2, {"rejected by the service": 1})
    assert collector.store.names == {"a": 1, "b": 1}


def test_a_request_that_is_too_large_is_split(collector: FaultyServer) -> None:
    collector.rules.append(too_large(2_000))
    ace_tracing.configure(exporter="otlp", endpoint=collector.url)
    record(*(f"step {number}" for number in range(20)))
    assert ace_tracing.flush(30) == ace_tracing.Delivery(delivered=20)
    assert len(collector.store.traces) == 20


@pytest.mark.parametrize(("status", "advice"), [(401, "401"), (404, "404"), (307, "307")])
def test_a_wrong_key_or_address_keeps_the_traces(status: int, advice: str) -> None:
    with faulty_server(FakeResponse(status, b"no", {"Location": "http://127.0.0.1:9"})) as server:
        ace_tracing.configure(exporter="otlp", endpoint=server.url, show_running_after=None)
        record("a")
        assert ace_tracing.flush(0.5) == ace_tracing.Delivery(pending=1)
        now = ace_tracing.tracing_status()
        assert now.state == "paused"
        assert advice in (now.last_error or "")
        server.respond_with(FakeResponse())
        assert ace_tracing.flush(30) == ace_tracing.Delivery(delivered=1)


@pytest.mark.parametrize("body", [b"", b"ok", b"{}", b"\xff\xff"])
def test_any_body_of_a_success_is_a_success(body: bytes) -> None:
    with faulty_server(FakeResponse(202, body)) as server:
        ace_tracing.configure(exporter="otlp", endpoint=server.url)
        record("a")
        assert ace_tracing.flush(30) == ace_tracing.Delivery(delivered=1)


def test_a_web_page_is_no_success() -> None:
    with faulty_server(FakeResponse(200, b"<html>", {"Content-Type": "text/html"})) as server:
        ace_tracing.configure(exporter="otlp", endpoint=server.url)
        record("a")
        assert ace_tracing.flush(0.5).pending == 1


def test_a_silent_collector_is_left_after_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "200")
    with faulty_server(hang=True) as server:
        ace_tracing.configure(exporter="otlp", endpoint=server.url)
        record("a")
        ace_tracing.flush(0.1)
        server.respond_with(FakeResponse())
        assert ace_tracing.flush(30).delivered == 1
        assert len(server.requests) > 1


def test_the_port_of_grpc_is_explained() -> None:
    ace_tracing.configure(exporter="otlp", endpoint="http://127.0.0.1:4317")
    record("a")
    ace_tracing.flush(0)
    wait_for_error("4318")
    assert ace_tracing.tracing_status().pending == 1


def test_the_authority_of_the_variable_is_trusted(
    collector: FaultyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tls_server(collector.port) as port:
        ace_tracing.configure(exporter="otlp", endpoint=f"https://localhost:{port}")
        record("a")
        ace_tracing.flush(0)
        wait_for_error("CERTIFICATE_VERIFY_FAILED")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", str(CA_FILE))
        ace_tracing.configure(exporter="otlp", endpoint=f"https://localhost:{port}")
        record("b")
        assert ace_tracing.flush(60) == ace_tracing.Delivery(delivered=2)
    assert collector.store.names == {"a": 1, "b": 1}


def test_the_client_certificate_of_the_variables_is_sent(
    collector: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(CA_FILE))
    with tls_server(collector.port, requires_client=True) as port:
        ace_tracing.configure(exporter="otlp", endpoint=f"https://localhost:{port}")
        record("a")
        ace_tracing.flush(0)
        wait_for_error(f"https://localhost:{port}")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", str(CLIENT_FILE))
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_CLIENT_KEY", str(CLIENT_FILE))
        ace_tracing.configure(exporter="otlp", endpoint=f"https://localhost:{port}")
        record("b")
        assert ace_tracing.flush(60) == ace_tracing.Delivery(delivered=2)
    assert collector.store.names == {"a": 1, "b": 1}


def test_waiting_traces_of_two_destinations_use_the_new_certificates(
    collector: FaultyServer, kayba_server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tls_server(collector.port) as port:
        arguments: dict[str, Any] = {
            "exporter": ("kayba", "otlp"),
            "endpoint": f"https://localhost:{port}",
            "api_key": "kb-test",
            "base_url": kayba_server.url,
            "spool": False,
        }
        ace_tracing.configure(**arguments)
        record("a")
        wait_for_error("CERTIFICATE_VERIFY_FAILED")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(CA_FILE))
        ace_tracing.configure(**arguments)
        delivery = ace_tracing.flush(60)
        assert (delivery.delivered, delivery.pending, delivery.dropped) == (2, 0, 0)
    assert collector.store.names == {"a": 1}


@pytest.mark.parametrize("variable", ["CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"])
def test_a_missing_file_is_named_and_keeps_the_traces(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{variable}", str(tmp_path / "missing.pem"))
    ace_tracing.configure(exporter="otlp", endpoint="https://localhost:9")
    record("a")
    ace_tracing.flush(0)
    wait_for_error(f"OTEL_EXPORTER_OTLP_{variable}")
    assert ace_tracing.tracing_status().pending == 1


@pytest.mark.parametrize(
    "read",
    [
        ace_tracing.search_traces,
        lambda: ace_tracing.get_trace(f"tr-{'a' * 32}"),
        lambda: ace_tracing.log_feedback(f"tr-{'a' * 32}", "correct", True),
    ],
    ids=["search", "get", "feedback"],
)
def test_reading_and_feedback_say_that_they_need_kayba(read: Callable[[], Any], collector: FaultyServer) -> None:
    ace_tracing.configure(exporter="otlp", endpoint=collector.url)
    with pytest.raises(ConfigurationError, match=r"OTLP collector only.*exporter=\('kayba', 'otlp'\)"):
        read()


def test_spans_of_running_traces_are_sent_once(collector: FaultyServer) -> None:
    ace_tracing.configure(exporter="otlp", endpoint=collector.url)
    with start_span("root"):
        record("step")
        ace_tracing.flush(30)
        assert collector.store.names == {"step": 1}
    assert ace_tracing.flush(30) == ace_tracing.Delivery(delivered=1)
    assert collector.store.names == {"step": 1, "root": 1}


def test_a_name_after_the_root_is_counted_as_lost(collector: FaultyServer, caplog: pytest.LogCaptureFixture) -> None:
    ace_tracing.configure(exporter="otlp", endpoint=collector.url)
    with start_span("root"):
        context = contextvars.copy_context()
    ace_tracing.flush(30)
    context.run(ace_tracing.update_current_trace, name="later")
    assert ace_tracing.flush(30).reasons == {"rejected by the service: single spans": 1}
    assert "after the root" in caplog.text
    assert len(collector.requests) == 1


def test_kayba_local_takes_and_understands_the_traces(kayba_server: LocalServer) -> None:
    ace_tracing.configure(exporter="otlp", endpoint=kayba_server.url)
    with start_span("call") as span:
        trace_id = span.trace_id
        span.set_attributes({"a": [1, 2]})
    assert ace_tracing.flush(30) == ace_tracing.Delivery(delivered=1)
    ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url)
    assert ace_tracing.get_trace(trace_id).root.name == "call"
