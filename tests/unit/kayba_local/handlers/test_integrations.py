"""Integrations over HTTP: stored configurations, masked secrets and connection tests."""

from __future__ import annotations

import base64
import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from kayba_local import LocalServer
from kayba_local.handlers.integrations import MASK
from kayba_local.store import integrations

MLFLOW = {"enabled": True, "trackingUri": "http://127.0.0.1:9", "authType": "bearer", "token": "s3cret"}


def put(http: httpx.Client, name: str, **config: object) -> dict[str, Any]:
    response = http.put(f"/api/integrations/{name}", json={"enabled": True, **config})
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def run_test(http: httpx.Client, name: str) -> dict[str, Any]:
    response = http.post(f"/api/integrations/{name}/test")
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def read_stored_token(server: LocalServer) -> object:
    return integrations.load_all(server.db)["mlflow"].get("token")


def test_integrations_are_disabled_by_default(http: httpx.Client) -> None:
    assert http.get("/api/integrations").json() == {"mlflow": {"enabled": False}, "langsmith": {"enabled": False}}


def test_a_configuration_is_stored_and_its_secret_is_masked(kayba_server: LocalServer, http: httpx.Client) -> None:
    response = put(http, "mlflow", **MLFLOW)
    listed = http.get("/api/integrations")
    assert response == listed.json()["mlflow"] == {**MLFLOW, "token": MASK}
    assert "s3cret" not in listed.text
    assert read_stored_token(kayba_server) == "s3cret"


@pytest.mark.parametrize(
    ("sent", "stored"), [({"token": MASK}, "s3cret"), ({}, "s3cret"), ({"token": "new"}, "new"), ({"token": ""}, None)]
)
def test_a_masked_or_missing_secret_keeps_the_stored_one(
    kayba_server: LocalServer, http: httpx.Client, sent: dict[str, str], stored: str | None
) -> None:
    put(http, "mlflow", **MLFLOW)
    put(http, "mlflow", trackingUri="http://127.0.0.1:10", **sent)
    assert read_stored_token(kayba_server) == stored
    assert "authType" not in integrations.load_all(kayba_server.db)["mlflow"]


def test_fields_of_the_other_integration_are_ignored(http: httpx.Client) -> None:
    assert put(http, "langsmith", apiKey="lsv2", token="x") == {"enabled": True, "apiKey": MASK}


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        ({"authType": "none", "token": "t"}, None),
        ({"authType": "bearer", "token": "t"}, "Bearer t"),
        ({"authType": "databricks", "token": "t"}, "Bearer t"),
        ({"authType": "basic", "username": "me", "token": "t"}, "Basic " + base64.b64encode(b"me:t").decode()),
    ],
)
def test_an_mlflow_test_reads_version_and_experiments(
    http: httpx.Client, service: FakeService, auth: dict[str, str], header: str | None
) -> None:
    service.responses["/mlflow/version"] = (200, b"3.17.2\n")
    service.responses["/mlflow/api/2.0/mlflow/experiments/search"] = (200, b'{"experiments": [{}, {}, {}]}')
    put(http, "mlflow", trackingUri=f"{service.url}/mlflow", **auth)
    assert run_test(http, "mlflow") == {"connected": True, "mlflowVersion": "3.17.2", "experimentCount": 3}
    assert {authorization for _, authorization in service.requests} == {header}


def test_an_mlflow_test_counts_experiments_of_all_pages(http: httpx.Client, service: FakeService) -> None:
    service.responses["/version"] = (404, b"")
    service.pages = [{"experiments": [{}] * 2, "next_page_token": "x"}, {"experiments": [{}]}]
    put(http, "mlflow", trackingUri=service.url)
    assert run_test(http, "mlflow") == {"connected": True, "experimentCount": 3}


@pytest.mark.parametrize(
    ("response", "error"),
    [
        ((401, b"{}"), "refused (401)"),
        ((403, b"{}"), "refused (403)"),
        ((500, b"{}"), "500"),
        ((302, b""), "302"),
        ((200, b"<html>"), "unexpected response"),
        ((200, b"[]"), "unexpected response"),
    ],
)
def test_an_unexpected_response_is_reported_as_not_connected(
    http: httpx.Client, service: FakeService, response: tuple[int, bytes], error: str
) -> None:
    service.responses["/version"] = (200, b"3.17.2")
    service.responses["/api/2.0/mlflow/experiments/search"] = response
    put(http, "mlflow", trackingUri=service.url)
    result = run_test(http, "mlflow")
    assert result["connected"] is False
    assert error in result["error"]


@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}", "file:///etc/passwd", "http://[::1", "nonsense"])
def test_an_unreachable_address_is_reported_as_not_connected(http: httpx.Client, address: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as unused:
        port = unused.getsockname()[1]
    response = http.put("/api/integrations/mlflow", json={"enabled": True, "trackingUri": address.format(port=port)})
    if response.status_code == 400:
        assert "body.trackingUri" in response.json()["error"]["message"]
    else:
        result = run_test(http, "mlflow")
        assert result["connected"] is False
        assert result["error"]


def test_a_missing_configuration_names_its_remedy(http: httpx.Client) -> None:
    assert "PUT /integrations/mlflow" in run_test(http, "mlflow")["error"]
    put(http, "langsmith", apiUrl="http://127.0.0.1:9")
    assert "apiKey" in run_test(http, "langsmith")["error"] or "connect" in run_test(http, "langsmith")["error"]


def test_a_langsmith_test_sends_the_key(http: httpx.Client, service: FakeService) -> None:
    service.responses |= {"/info": (200, b"{}"), "/sessions": (200, b"[]")}
    put(http, "langsmith", apiUrl=service.url, apiKey="lsv2")
    assert run_test(http, "langsmith") == {"connected": True}
    service.responses["/sessions"] = (401, b"{}")
    assert run_test(http, "langsmith")["connected"] is False


def test_secrets_are_not_logged(http: httpx.Client, service: FakeService, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpcore").setLevel(logging.INFO)
    put(http, "mlflow", **{**MLFLOW, "trackingUri": service.url})
    run_test(http, "mlflow")
    assert "s3cret" not in caplog.text


class FakeService:
    """A fake MLflow or LangSmith server. Paths without a configured response return 404."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.responses: dict[str, tuple[int, bytes]] = {}
        self.pages: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str | None]] = []

    def response(self, path: str) -> tuple[int, bytes]:
        if self.pages and path.endswith("/experiments/search"):
            return 200, json.dumps(self.pages.pop(0)).encode()
        return self.responses.get(path, (404, b""))


@pytest.fixture
def service() -> Iterator[FakeService]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = self.path.partition("?")[0]
            running.requests.append((path, self.headers.get("Authorization")))
            status, body = running.response(path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name that http.server calls

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        running = FakeService(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        server.shutdown()
