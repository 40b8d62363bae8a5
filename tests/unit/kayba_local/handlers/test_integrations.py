"""Integrations over HTTP: stored configurations, masked secrets and connection tests."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from kayba_local import LocalServer, serve
from kayba_local.handlers import probes
from kayba_local.handlers.integrations import MASK
from kayba_local.store import integrations
from kayba_local.store.database import Database

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
    return integrations.load(server.db, "mlflow").get("token")


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
    put(http, "mlflow", trackingUri=MLFLOW["trackingUri"], **sent)
    assert read_stored_token(kayba_server) == stored
    assert "authType" not in integrations.load_all(kayba_server.db)["mlflow"]


@pytest.mark.parametrize("sent", [{}, {"token": MASK}])
@pytest.mark.parametrize("removed_first", [False, True])
def test_a_new_address_requires_the_secret_again(
    kayba_server: LocalServer, http: httpx.Client, service: FakeService, sent: dict[str, str], removed_first: bool
) -> None:
    put(http, "mlflow", **MLFLOW)
    if removed_first:
        put(http, "mlflow")
    response = http.put("/api/integrations/mlflow", json={"enabled": True, "trackingUri": service.url, **sent})
    assert response.status_code == 400
    assert "body.token" in response.json()["error"]["message"]
    run_test(http, "mlflow")
    assert service.requests == []
    assert read_stored_token(kayba_server) == "s3cret"
    put(http, "mlflow", trackingUri=service.url, token="new")
    assert read_stored_token(kayba_server) == "new"


def test_an_empty_secret_allows_a_new_address(kayba_server: LocalServer, http: httpx.Client) -> None:
    put(http, "mlflow", **MLFLOW)
    put(http, "mlflow", trackingUri="http://127.0.0.1:10", token="")
    assert read_stored_token(kayba_server) is None


def test_a_stored_secret_is_in_no_file_as_plain_text(tmp_path: Path) -> None:
    with serve(store=f"sqlite:///{tmp_path / 'kayba.db'}") as server, httpx.Client(base_url=server.url) as http:
        put(http, "mlflow", **MLFLOW)
        assert all(b"s3cret" not in file.read_bytes() for file in tmp_path.iterdir())
    key = tmp_path / "kayba.db.key"
    assert len(key.read_bytes()) == 32
    if os.name == "posix":
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    with serve(store=f"sqlite:///{tmp_path / 'kayba.db'}") as server:
        assert read_stored_token(server) == "s3cret"


def test_plain_secrets_of_earlier_versions_are_encrypted_at_start(tmp_path: Path) -> None:
    path = tmp_path / "kayba.db"
    with closing(Database.open(f"sqlite:///{path}")) as db, db.write() as tx:
        tx.run("INSERT INTO integrations VALUES ('mlflow', ?)", (json.dumps(MLFLOW),))
        tx.run("INSERT INTO integrations VALUES ('langsmith', ?)", (json.dumps({"enabled": False, "apiKey": "lsv2"}),))
    assert b"s3cret" in path.read_bytes()
    with serve(store=f"sqlite:///{path}") as server:
        assert read_stored_token(server) == "s3cret"
        assert integrations.load(server.db, "langsmith") == {"enabled": False, "apiKey": "lsv2"}
    assert b"s3cret" not in path.read_bytes()
    assert b"lsv2" not in path.read_bytes()


@pytest.mark.parametrize("damage", [None, b"short", bytes(32)])
def test_a_secret_without_its_key_is_asked_for_again(tmp_path: Path, damage: bytes | None) -> None:
    store, key = f"sqlite:///{tmp_path / 'kayba.db'}", tmp_path / "kayba.db.key"
    with serve(store=store) as server, httpx.Client(base_url=server.url) as http:
        put(http, "mlflow", **MLFLOW)
        key.unlink()
        if damage is not None:
            key.write_bytes(damage)
        result = run_test(http, "mlflow")
        assert result["connected"] is False
        assert "kayba.db.key" in result["error"]
        assert str(tmp_path) not in result["error"]


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


@pytest.mark.parametrize("token", ["s3cret\n", "s3crét"])
def test_a_secret_that_cannot_be_sent_is_not_in_the_error(http: httpx.Client, service: FakeService, token: str) -> None:
    put(http, "mlflow", trackingUri=service.url, authType="bearer", token=token)
    result = run_test(http, "mlflow")
    assert result["connected"] is False
    assert "s3cr" not in result["error"]


def test_a_response_beyond_the_limit_is_not_read(
    http: httpx.Client, service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "MAX_RESPONSE_BYTES", 1000)
    service.responses["/version"] = (200, b"x" * 1001)
    put(http, "mlflow", trackingUri=service.url)
    assert "more than 1,000 bytes" in run_test(http, "mlflow")["error"]


def test_a_compressed_response_is_not_read(http: httpx.Client, service: FakeService) -> None:
    service.responses["/version"] = (200, gzip.compress(bytes(1000)))
    service.encoding = "gzip"
    put(http, "mlflow", trackingUri=service.url)
    assert "compressed" in run_test(http, "mlflow")["error"]


def test_a_response_that_never_ends_is_given_up(
    http: httpx.Client, service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "DEADLINE_S", 0.3)
    service.endless = True
    put(http, "mlflow", trackingUri=service.url)
    assert run_test(http, "mlflow") == {"connected": False, "error": "no complete response within 0.3 seconds"}


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
        self.encoding: str | None = None
        self.endless = False

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
            if running.encoding is not None:
                self.send_header("Content-Encoding", running.encoding)
            if running.endless:
                self.send_headers_forever()
                return
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def send_headers_forever(self) -> None:
            self.flush_headers()
            with suppress(OSError):  # The client has left.
                while not stopped.wait(0.02):
                    self.wfile.write(b"x")

        do_POST = do_GET  # noqa: N815 - the name that http.server calls

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    stopped = threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        running = FakeService(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        stopped.set()
        server.shutdown()
