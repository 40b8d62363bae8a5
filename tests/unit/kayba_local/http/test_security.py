"""Rejection of requests from other sites."""

from __future__ import annotations

import httpx
import pytest

from kayba_local import LocalServer, serve

ROUTES = ["/api/traces", "/api/mlflow/version", "/api/nowhere", "/", "/nowhere"]


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.com"},
        {"Host": "10.evil.com"},
        {"Host": "127.0.0.1.evil.com"},
        {"Host": "localhost.evil.com:80"},
        {"Host": "127.0.0.1@evil.com"},
        {"Host": "10.0.0.1"},
        {"Host": ""},
        {"Origin": "null"},
        {"Origin": "http://evil.com"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_a_request_from_another_site_returns_403(http: httpx.Client, path: str, headers: dict[str, str]) -> None:
    response = http.get(path, headers=headers)
    assert response.status_code == 403
    (name,) = headers
    assert name in response.text


@pytest.mark.parametrize("host", ["localhost:{port}", "127.0.0.1:{port}", "127.1.2.3", "[::1]:{port}", "LOCALHOST"])
def test_a_loopback_host_is_accepted(kayba_server: LocalServer, http: httpx.Client, host: str) -> None:
    port = kayba_server.url.rpartition(":")[2]
    assert http.get("/api/traces", headers={"Host": host.format(port=port)}).status_code == 200


def test_a_same_origin_request_is_accepted(kayba_server: LocalServer, http: httpx.Client) -> None:
    headers = {"Origin": kayba_server.url, "Sec-Fetch-Site": "same-origin"}
    assert http.get("/api/traces", headers=headers).status_code == 200


def test_beyond_loopback_any_host_but_no_other_origin_is_accepted() -> None:
    with serve(host="0.0.0.0", api_key="kb-key") as server:
        headers = {"Host": "kayba.example", "Authorization": "Bearer kb-key"}
        with httpx.Client(base_url=server.url.replace("0.0.0.0", "127.0.0.1"), headers=headers) as http:
            assert http.get("/api/traces").status_code == 200
            assert http.get("/api/traces", headers={"Origin": "http://kayba.example"}).status_code == 200
            assert http.get("/api/traces", headers={"Origin": "http://evil.com"}).status_code == 403
