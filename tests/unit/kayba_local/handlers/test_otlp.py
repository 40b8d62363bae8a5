"""OpenTelemetry's own paths: what an SDK sends with nothing set but the address is stored, and errors follow OTLP."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any, Final

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)
from tests.helpers.tracing_requests import (
    EXPERIMENTS,
    SPANS,
    get_trace,
    otlp,
    protobuf,
    search_ids,
    span,
    trace_id,
)

from kayba_local import LocalServer, serve
from kayba_local.http.otlp_endpoint import MAX_BODY_BYTES
from kayba_local.http.otlp_status import OTLP_PATHS

TRACES: Final = "/v1/traces"
METRICS: Final = "/v1/metrics"
PROTOBUF: Final = {"Content-Type": "application/x-protobuf"}
JSON: Final = {"Content-Type": "application/json"}
ENCODINGS: Final = [PROTOBUF, JSON]
COMPRESSIONS: Final[list[tuple[dict[str, str], Callable[[bytes], bytes]]]] = [
    ({}, bytes),
    ({"Content-Encoding": "identity"}, bytes),
    ({"Content-Encoding": "gzip"}, gzip.compress),
    ({"Content-Encoding": "deflate"}, zlib.compress),
]

encodings = pytest.mark.parametrize("encoding", ENCODINGS, ids=["protobuf", "json"])


def body_of(encoding: dict[str, str], *spans: dict[str, Any]) -> bytes:
    return protobuf(spans) if encoding is PROTOBUF else json.dumps(otlp(spans)).encode()


def read_status(response: httpx.Response) -> tuple[int, int, str]:
    """Return the HTTP status, and the code and the message of the google.rpc.Status."""
    if response.headers["content-type"] == "application/json":
        body = response.json()
        assert list(body) == ["code", "message"]
        return response.status_code, body["code"], body["message"]
    assert response.headers["content-type"] == "application/x-protobuf"
    # This message has the same numbers and types of fields: an integer 1 and a text 2.
    status = ExportTracePartialSuccess.FromString(response.content)
    return response.status_code, status.rejected_spans, status.error_message


@encodings
@pytest.mark.parametrize(("headers", "compress"), COMPRESSIONS)
def test_spans_are_stored_without_a_header_of_this_server(
    http: httpx.Client, encoding: dict[str, str], headers: dict[str, str], compress: Callable[[bytes], bytes]
) -> None:
    content = compress(body_of(encoding, span(1, 1, name="agent"), span(1, 2, 1)))
    response = http.post(TRACES, content=content, headers={**encoding, **headers})
    assert response.status_code == 200
    assert response.headers["content-type"] == encoding["Content-Type"]
    assert response.content == (b"" if encoding is PROTOBUF else b"{}")
    trace = get_trace(http, trace_id(1))
    assert [stored["name"] for stored in trace["spans"]] == ["agent", "step"]
    assert trace["trace_info"]["trace_location"]["mlflow_experiment"]["experiment_id"] == "0"


def test_both_paths_store_the_same_trace(http: httpx.Client) -> None:
    http.post(TRACES, json=otlp([span(1), span(1, 2, 1)])).raise_for_status()
    stored = get_trace(http, trace_id(1))
    headers = {"x-mlflow-experiment-id": "0"}
    http.post(SPANS, json=otlp([span(1), span(1, 2, 1)]), headers=headers).raise_for_status()
    assert get_trace(http, trace_id(1)) == stored


@encodings
def test_the_header_names_another_experiment(http: httpx.Client, encoding: dict[str, str]) -> None:
    experiment = http.post(f"{EXPERIMENTS}/create", json={"name": "shop"}).json()["experiment_id"]
    headers = {**encoding, "x-mlflow-experiment-id": experiment}
    http.post(TRACES, content=body_of(encoding, span(1)), headers=headers).raise_for_status()
    assert search_ids(http, experiment) == [trace_id(1)]
    assert search_ids(http, "0") == []


def test_a_resource_attribute_files_traces_in_a_folder(http: httpx.Client) -> None:
    http.post(TRACES, json=otlp([span(1)], {"kayba.folder": "production/eu", "service.name": "shop"}))
    tags = get_trace(http, trace_id(1))["trace_info"]["tags"]
    assert (tags["kayba.folder"], tags["service.name"]) == ("production/eu", "shop")


@encodings
@pytest.mark.parametrize(("experiment", "expected"), [("77", (404, 5)), ("shop", (400, 3)), ("", (400, 3))])
def test_an_unknown_experiment_is_an_error(
    http: httpx.Client, encoding: dict[str, str], experiment: str, expected: tuple[int, int]
) -> None:
    headers = {**encoding, "x-mlflow-experiment-id": experiment}
    response = http.post(TRACES, content=body_of(encoding, span(1)), headers=headers)
    status, code, message = read_status(response)
    assert (status, code) == expected
    assert (experiment if status == 404 else "x-mlflow-experiment-id") in message
    assert search_ids(http) == []


@pytest.mark.parametrize("path", OTLP_PATHS)
@pytest.mark.parametrize(
    ("encoding", "content"), [(PROTOBUF, b""), (JSON, b"{}"), (JSON, b'{"resourceSpans": null}'), (JSON, b" {} ")]
)
def test_an_empty_request_is_accepted(http: httpx.Client, path: str, encoding: dict[str, str], content: bytes) -> None:
    response = http.post(path, content=content, headers=encoding)
    assert (response.status_code, response.content) == (200, b"" if encoding is PROTOBUF else b"{}")


@encodings
def test_an_invalid_span_costs_only_itself(http: httpx.Client, encoding: dict[str, str]) -> None:
    invalid = span(1, 2, 1, name="late", start_ns=2**63)
    response = http.post(TRACES, content=body_of(encoding, span(1), invalid), headers=encoding)
    assert response.status_code == 200
    if encoding is PROTOBUF:
        partial = ExportTraceServiceResponse.FromString(response.content).partial_success
        rejected, message = str(partial.rejected_spans), partial.error_message
    else:
        rejected, message = response.json()["partialSuccess"].values()
    assert rejected == "1"
    assert "late" in message
    assert len(get_trace(http, trace_id(1))["spans"]) == 1


@pytest.mark.parametrize(
    ("headers", "content", "expected"),
    [
        (PROTOBUF, b"\xff\xff", (400, 3)),
        (JSON, b"{", (400, 3)),
        (JSON, b"", (400, 3)),
        (JSON, b"[]", (400, 3)),
        (JSON, json.dumps(otlp([span(0)])).encode(), (400, 3)),
        ({**PROTOBUF, "Content-Encoding": "gzip"}, b"not gzip", (400, 3)),
        ({**JSON, "Content-Encoding": "gzip"}, gzip.compress(b"{}", mtime=0)[:-4], (400, 3)),
        ({**PROTOBUF, "Content-Encoding": "br"}, b"x", (415, 3)),
        ({"Content-Type": "text/plain"}, b"{}", (415, 3)),
        ({}, b"{}", (415, 3)),
        ({**JSON, "Content-Encoding": "gzip"}, gzip.compress(bytes(MAX_BODY_BYTES + 1), mtime=0), (413, 8)),
        ({**PROTOBUF, "Content-Encoding": "gzip"}, gzip.compress(bytes(MAX_BODY_BYTES + 1), mtime=0), (413, 8)),
    ],
)
def test_an_error_is_a_status_in_the_requests_encoding(
    http: httpx.Client, headers: dict[str, str], content: bytes, expected: tuple[int, int]
) -> None:
    response = http.post(TRACES, content=content, headers=headers)
    status, code, message = read_status(response)
    assert (status, code) == expected
    assert message
    is_protobuf = headers.get("Content-Type") == PROTOBUF["Content-Type"]
    assert response.headers["content-type"] == (PROTOBUF if is_protobuf else JSON)["Content-Type"]
    assert search_ids(http) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=60) | st.builds(lambda cut: protobuf([span(1)])[:-cut], st.integers(1, 60)),
    path=st.sampled_from(OTLP_PATHS),
    encoding=st.sampled_from(ENCODINGS),
)
def test_any_bytes_are_accepted_or_return_400(
    http: httpx.Client, content: bytes, path: str, encoding: dict[str, str]
) -> None:
    response = http.post(path, content=content, headers=encoding)
    if response.status_code != 200:
        assert read_status(response)[:2] == (400, 3)


def test_a_body_in_chunks_is_stored(http: httpx.Client) -> None:
    content = protobuf([span(1)])
    http.post(TRACES, content=iter([content[:9], content[9:]]), headers=PROTOBUF).raise_for_status()
    assert search_ids(http) == [trace_id(1)]


def test_a_body_above_the_limit_returns_413(http: httpx.Client) -> None:
    response = http.post(TRACES, content=bytes(MAX_BODY_BYTES + 1), headers=PROTOBUF)
    assert read_status(response)[:2] == (413, 8)


@pytest.mark.parametrize("path", OTLP_PATHS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_return_405(http: httpx.Client, path: str, method: str) -> None:
    response = http.request(method, path)
    assert read_status(response)[:2] == (405, 12)
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize("path", OTLP_PATHS)
@encodings
def test_the_key_is_required_as_on_all_paths(path: str, encoding: dict[str, str]) -> None:
    empty = b"" if encoding is PROTOBUF else b"{}"
    with serve(api_key="kb-key") as server, httpx.Client(base_url=server.url, headers=encoding) as http:
        for headers in ({}, {"Authorization": "Bearer kb-wrong"}, {"Authorization": "Basic kb-key"}):
            response = http.post(path, content=empty, headers=headers)
            assert read_status(response)[:2] == (401, 16)
            assert response.headers["www-authenticate"] == "Bearer"
        response = http.post(path, content=empty, headers={"Authorization": "Bearer kb-key"})
        assert response.status_code == 200


@pytest.mark.parametrize("path", OTLP_PATHS)
@encodings
@pytest.mark.parametrize(
    "headers", [{"Host": "evil.com"}, {"Origin": "http://evil.com"}, {"Sec-Fetch-Site": "cross-site"}], ids=str
)
def test_requests_from_other_sites_return_403(
    http: httpx.Client, path: str, encoding: dict[str, str], headers: dict[str, str]
) -> None:
    response = http.post(path, content=b"", headers={**encoding, **headers})
    assert read_status(response)[:2] == (403, 7)
    assert "access-control-allow-origin" not in response.headers


@encodings
def test_a_full_disk_is_an_error_that_clients_retry(
    kayba_server: LocalServer, http: httpx.Client, encoding: dict[str, str]
) -> None:
    large = body_of(encoding, span(1, attributes={"text": "x" * 1_000_000}))
    with kayba_server.db.write() as tx:
        (pages,) = tx.rows("PRAGMA page_count")[0]
        tx.rows(f"PRAGMA max_page_count = {pages}")
    response = http.post(TRACES, content=large, headers=encoding)
    status, code, message = read_status(response)
    assert (status, code) == (503, 14)
    assert "full" in message
    assert int(response.headers["retry-after"]) > 0
    with kayba_server.db.write() as tx:
        tx.rows("PRAGMA max_page_count = 1000000")
    http.post(TRACES, content=large, headers=encoding).raise_for_status()
    assert search_ids(http) == [trace_id(1)]


@encodings
def test_a_server_that_is_stopping_is_an_error_that_clients_retry(
    kayba_server: LocalServer, http: httpx.Client, encoding: dict[str, str]
) -> None:
    kayba_server.db.close()
    response = http.post(TRACES, content=body_of(encoding, span(1)), headers=encoding)
    assert read_status(response)[:2] == (503, 14)
    assert int(response.headers["retry-after"]) > 0


@pytest.mark.parametrize("content", [b"", b"\x0a\x00", b"any bytes at all"])
def test_metrics_are_accepted_and_discarded(http: httpx.Client, content: bytes) -> None:
    response = http.post(METRICS, content=gzip.compress(content), headers={**PROTOBUF, "Content-Encoding": "gzip"})
    assert (response.status_code, response.content) == (200, b"")
    response = http.post(METRICS, json={"resourceMetrics": [{"scopeMetrics": []}]})
    assert (response.status_code, response.json()) == (200, {})


@pytest.mark.parametrize("path", OTLP_PATHS)
def test_mock_mode_accepts_and_stores_nothing(path: str) -> None:
    with serve(mock=True) as server, httpx.Client(base_url=server.url) as http:
        response = http.post(path, content=protobuf([span(1)]), headers=PROTOBUF)
        assert (response.status_code, response.content) == (200, b"")
        with server.db.read() as tx:
            assert tx.rows("SELECT 1 FROM traces") == []
