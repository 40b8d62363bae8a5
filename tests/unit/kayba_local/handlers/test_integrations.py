"""Integrations: what is stored, what is shown of it, and what a try of the connection finds."""

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
    answer = http.put(f"/api/integrations/{name}", json={"enabled": True, **config})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def probe(http: httpx.Client, name: str) -> dict[str, Any]:
    answer = http.post(f"/api/integrations/{name}/test")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def stored_token(server: LocalServer) -> object:
    return integrations.load_all(server.db)["mlflow"].get("token")


def test_nothing_is_enabled_at_first(http: httpx.Client) -> None:
    assert http.get("/api/integrations").json() == {"mlflow": {"enabled": False}, "langsmith": {"enabled": False}}


def test_a_configuration_is_stored_and_its_secret_never_shown(kayba_server: LocalServer, http: httpx.Client) -> None:
    answer = put(http, "mlflow", **MLFLOW)
    listed = http.get("/api/integrations")
    assert answer == listed.json()["mlflow"] == {**MLFLOW, "token": MASK}
    assert "s3cret" not in listed.text
    assert stored_token(kayba_server) == "s3cret"


@pytest.mark.parametrize(
    ("sent", "stored"), [({"token": MASK}, "s3cret"), ({}, "s3cret"), ({"token": "new"}, "new"), ({"token": ""}, None)]
)
def test_a_secret_masked_or_left_out_stays(
    kayba_server: LocalServer, http: httpx.Client, sent: dict[str, str], stored: str | None
) -> None:
    put(http, "mlflow", **MLFLOW)
    put(http, "mlflow", trackingUri="http://127.0.0.1:10", **sent)
    assert stored_token(kayba_server) == stored
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
def test_mlflow_is_really_asked(http: httpx.Client, service: Service, auth: dict[str, str], header: str | None) -> None:
    service.answers["/mlflow/version"] = (200, b"3.17.2\n")
    service.answers["/mlflow/api/2.0/mlflow/experiments/search"] = (200, b'{"experiments": [{}, {}, {}]}')
    put(http, "mlflow", trackingUri=f"{service.url}/mlflow", **auth)
    assert probe(http, "mlflow") == {"connected": True, "mlflowVersion": "3.17.2", "experimentCount": 3}
    assert {authorization for _, authorization in service.requests} == {header}


def test_experiments_are_counted_over_pages(http: httpx.Client, service: Service) -> None:
    service.answers["/version"] = (404, b"")
    service.pages = [{"experiments": [{}] * 2, "next_page_token": "x"}, {"experiments": [{}]}]
    put(http, "mlflow", trackingUri=service.url)
    assert probe(http, "mlflow") == {"connected": True, "experimentCount": 3}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((401, b"{}"), "refused (401)"),
        ((403, b"{}"), "refused (403)"),
        ((500, b"{}"), "500"),
        ((302, b""), "302"),
        ((200, b"<html>"), "unexpected response"),
        ((200, b"[]"), "unexpected response"),
    ],
)
def test_a_service_that_answers_otherwise_is_not_connected(
    http: httpx.Client, service: Service, answer: tuple[int, bytes], error: str
) -> None:
    service.answers["/version"] = (200, b"3.17.2")
    service.answers["/api/2.0/mlflow/experiments/search"] = answer
    put(http, "mlflow", trackingUri=service.url)
    result = probe(http, "mlflow")
    assert result["connected"] is False
    assert error in result["error"]


@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}", "file:///etc/passwd", "http://[::1", "nonsense"])
def test_an_address_without_a_service_is_not_connected(http: httpx.Client, address: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as unused:
        port = unused.getsockname()[1]
    answer = http.put("/api/integrations/mlflow", json={"enabled": True, "trackingUri": address.format(port=port)})
    if answer.status_code == 400:
        assert "body.trackingUri" in answer.json()["error"]["message"]
    else:
        result = probe(http, "mlflow")
        assert result["connected"] is False
        assert result["error"]


def test_what_is_not_configured_says_how_to(http: httpx.Client) -> None:
    assert "PUT /integrations/mlflow" in probe(http, "mlflow")["error"]
    put(http, "langsmith", apiUrl="http://127.0.0.1:9")
    assert "apiKey" in probe(http, "langsmith")["error"] or "connect" in probe(http, "langsmith")["error"]


def test_langsmith_is_asked_with_its_key(http: httpx.Client, service: Service) -> None:
    service.answers |= {"/info": (200, b"{}"), "/sessions": (200, b"[]")}
    put(http, "langsmith", apiUrl=service.url, apiKey="lsv2")
    assert probe(http, "langsmith") == {"connected": True}
    service.answers["/sessions"] = (401, b"{}")
    assert probe(http, "langsmith")["connected"] is False


def test_no_secret_is_logged(http: httpx.Client, service: Service, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpcore").setLevel(logging.INFO)
    put(http, "mlflow", **{**MLFLOW, "trackingUri": service.url})
    probe(http, "mlflow")
    assert "s3cret" not in caplog.text


class Service:
    """A stand-in for the service on the other side; answers 404 to what it was not told."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.pages: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str | None]] = []

    def answer(self, path: str) -> tuple[int, bytes]:
        if self.pages and path.endswith("/experiments/search"):
            return 200, json.dumps(self.pages.pop(0)).encode()
        return self.answers.get(path, (404, b""))


@pytest.fixture
def service() -> Iterator[Service]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = self.path.partition("?")[0]
            running.requests.append((path, self.headers.get("Authorization")))
            status, body = running.answer(path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the same

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        running = Service(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        server.shutdown()
