"""Invalid requests: the error body of each mount, and no change in the store."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import httpx
import pytest

from kayba_local import LocalServer, serve

UPLOAD = "/api/traces"
SPANS = "/api/mlflow/v1/traces"
JSON = {"Content-Type": "application/json"}
GZIP = {**JSON, "Content-Encoding": "gzip"}
EXPERIMENT = {"x-mlflow-experiment-id": "0"}
ABSENT_TRACE = "tr-" + "0" * 32


class InvalidRequest(NamedTuple):
    request: tuple[str, str]
    status: int
    code: str
    message: str
    sent: Mapping[str, Any] = MappingProxyType({})


def upload(*files: object) -> dict[str, Any]:
    return {"json": {"traces": list(files)}}


def file(**changes: object) -> dict[str, object]:
    return {"filename": "a.md", "content": "text", "fileType": "md", **changes}


def content(body: bytes, **headers: str) -> dict[str, Any]:
    return {"content": body, "headers": {**JSON, **EXPERIMENT, **headers}}


INVALID_REST = {
    "wrong type": InvalidRequest(
        ("POST", UPLOAD), 400, "BAD_REQUEST", "body.traces[0].content", upload(file(content=3))
    ),
    "good beside wrong": InvalidRequest(
        ("POST", UPLOAD), 400, "BAD_REQUEST", "body.traces[1]", upload(file(), file(content=3))
    ),
    "not in the enum": InvalidRequest(
        ("POST", UPLOAD), 400, "BAD_REQUEST", '"md", "json"', upload(file(fileType="exe"))
    ),
    "missing field": InvalidRequest(
        ("POST", UPLOAD), 400, "BAD_REQUEST", '"content"', upload({"filename": "a", "fileType": "md"})
    ),
    "no body": InvalidRequest(("POST", UPLOAD), 400, "BAD_REQUEST", "needs a body of type application/json"),
    "bad JSON": InvalidRequest(("POST", UPLOAD), 400, "BAD_REQUEST", "line 2 column 1", content(b'{"traces":\n}')),
    "empty JSON": InvalidRequest(("POST", UPLOAD), 400, "BAD_REQUEST", "not valid JSON", content(b"")),
    "deep JSON": InvalidRequest(("POST", UPLOAD), 400, "BAD_REQUEST", "not valid JSON", content(b"[" * 100_000)),
    "NaN": InvalidRequest(("POST", UPLOAD), 400, "BAD_REQUEST", "not valid JSON", content(b'{"traces": NaN}')),
    "bad gzip": InvalidRequest(
        ("POST", UPLOAD), 400, "BAD_REQUEST", "not valid gzip", {"content": b"no", "headers": GZIP}
    ),
    "cut gzip": InvalidRequest(
        ("POST", UPLOAD), 400, "BAD_REQUEST", "ends too early", {"content": gzip.compress(b"{}")[:-4], "headers": GZIP}
    ),
    "unknown encoding": InvalidRequest(
        ("POST", UPLOAD), 415, "UNSUPPORTED_MEDIA_TYPE", "'br'", content(b"{}", **{"Content-Encoding": "br"})
    ),
    "wrong content type": InvalidRequest(
        ("POST", UPLOAD), 415, "UNSUPPORTED_MEDIA_TYPE", "text/plain", content(b"{}", **{"Content-Type": "text/plain"})
    ),
    "no content type": InvalidRequest(("POST", UPLOAD), 415, "UNSUPPORTED_MEDIA_TYPE", "without", {"content": b"{}"}),
    "over the cap": InvalidRequest(
        ("POST", UPLOAD), 413, "PAYLOAD_TOO_LARGE", "1,000,000", upload(file(content="x" * 1_000_000))
    ),
    "gzip over the cap": InvalidRequest(
        ("POST", UPLOAD),
        413,
        "PAYLOAD_TOO_LARGE",
        "1,000,000",
        {"content": gzip.compress(bytes(10**7)), "headers": GZIP},
    ),
    "unknown trace file": InvalidRequest(("GET", "/api/traces/nobody"), 404, "NOT_FOUND", "trace file of id nobody"),
    "delete unknown trace file": InvalidRequest(("DELETE", "/api/traces/nobody"), 404, "NOT_FOUND", "nobody"),
    "malformed id": InvalidRequest(("GET", "/api/traces/no%20body"), 400, "BAD_REQUEST", "path.id"),
    "unknown prompt": InvalidRequest(("GET", "/api/prompts/nobody"), 404, "NOT_FOUND", "prompt of id nobody"),
    "unknown insight": InvalidRequest(
        ("PATCH", "/api/insights/nobody"), 404, "NOT_FOUND", "insight of id nobody", {"json": {"status": "accepted"}}
    ),
    "unknown insights in a prompt": InvalidRequest(
        ("POST", "/api/prompts/generate"), 404, "NOT_FOUND", "a, b", {"json": {"insightIds": ["a", "b"]}}
    ),
    "nothing accepted": InvalidRequest(
        ("POST", "/api/prompts/generate"), 409, "CONFLICT", "PATCH /insights/", {"json": {}}
    ),
    "bad query": InvalidRequest(("GET", "/api/insights?status=old"), 400, "BAD_REQUEST", "query.status"),
    "query given twice": InvalidRequest(
        ("GET", "/api/insights?status=new&status=new"), 400, "BAD_REQUEST", "given 2 times"
    ),
    "unknown integration": InvalidRequest(
        ("PUT", "/api/integrations/slack"), 400, "BAD_REQUEST", "path.name", {"json": {"enabled": True}}
    ),
    "password in an address": InvalidRequest(
        ("PUT", "/api/integrations/mlflow"),
        400,
        "BAD_REQUEST",
        "body.trackingUri",
        {"json": {"enabled": True, "trackingUri": "http://me:secret@host"}},
    ),
    "no such path": InvalidRequest(("GET", "/api/nowhere"), 404, "NOT_FOUND", "/api/nowhere"),
    "no such method": InvalidRequest(("PUT", "/api/traces"), 405, "METHOD_NOT_ALLOWED", "GET, POST"),
}

INVALID_TRACING = {
    "wrong type": InvalidRequest(
        ("POST", SPANS), 400, "INVALID_PARAMETER_VALUE", "resourceSpans", content(b'{"resourceSpans": 1}')
    ),
    "bad JSON": InvalidRequest(("POST", SPANS), 400, "INVALID_PARAMETER_VALUE", "not valid JSON", content(b"{")),
    "bad gzip": InvalidRequest(
        ("POST", SPANS), 400, "INVALID_PARAMETER_VALUE", "gzip", content(b"no", **{"Content-Encoding": "gzip"})
    ),
    "no experiment": InvalidRequest(
        ("POST", SPANS), 400, "INVALID_PARAMETER_VALUE", "x-mlflow-experiment-id", {"json": {}}
    ),
    "wrong content type": InvalidRequest(
        ("POST", SPANS), 415, "INVALID_PARAMETER_VALUE", "text/csv", content(b"1", **{"Content-Type": "text/csv"})
    ),
    "gzip of almost nothing": InvalidRequest(
        ("POST", SPANS),
        413,
        "REQUEST_LIMIT_EXCEEDED",
        "100:1",
        content(gzip.compress(bytes(70_000_000), 1), **{"Content-Encoding": "gzip"}),
    ),
    "deflate of almost nothing": InvalidRequest(
        ("POST", SPANS),
        413,
        "REQUEST_LIMIT_EXCEEDED",
        "100:1",
        content(zlib.compress(bytes(70_000_000), 1), **{"Content-Encoding": "deflate"}),
    ),
    "missing field": InvalidRequest(
        ("POST", "/api/mlflow/api/2.0/mlflow/experiments/create"),
        400,
        "INVALID_PARAMETER_VALUE",
        '"name" is a required',
        {"json": {}},
    ),
    "wrong type in the query": InvalidRequest(
        ("GET", f"/api/mlflow/api/3.0/mlflow/traces/get?trace_id={ABSENT_TRACE}&allow_partial=7"),
        400,
        "INVALID_PARAMETER_VALUE",
        "query.allow_partial",
    ),
    "missing query": InvalidRequest(
        ("GET", "/api/mlflow/api/3.0/mlflow/traces/get"), 400, "INVALID_PARAMETER_VALUE", '"trace_id" is a required'
    ),
    "unknown trace": InvalidRequest(
        ("GET", f"/api/mlflow/api/3.0/mlflow/traces/{ABSENT_TRACE}"), 404, "RESOURCE_DOES_NOT_EXIST", ABSENT_TRACE
    ),
    "tag of an unknown trace": InvalidRequest(
        ("PATCH", f"/api/mlflow/api/2.0/mlflow/traces/{ABSENT_TRACE}/tags"),
        404,
        "RESOURCE_DOES_NOT_EXIST",
        ABSENT_TRACE,
        {"json": {"key": "a", "value": "b"}},
    ),
    "unknown experiment": InvalidRequest(
        ("GET", "/api/mlflow/api/2.0/mlflow/experiments/get?experiment_id=77"), 404, "RESOURCE_DOES_NOT_EXIST", "77"
    ),
    "no such path": InvalidRequest(("GET", "/api/mlflow/nowhere"), 404, "ENDPOINT_NOT_FOUND", "/api/mlflow/nowhere"),
    "no such method": InvalidRequest(("GET", SPANS), 405, "METHOD_NOT_ALLOWED", "POST"),
}


@pytest.mark.parametrize("invalid", INVALID_REST.values(), ids=INVALID_REST.keys())
def test_an_invalid_rest_request_is_rejected_and_stores_nothing(
    kayba_server: LocalServer, http: httpx.Client, invalid: InvalidRequest
) -> None:
    before = count_rows(kayba_server)
    response = http.request(*invalid.request, **invalid.sent)
    assert response.headers["content-type"] == "application/json"
    assert response.json().keys() == {"error"}
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (invalid.status, invalid.code)
    assert invalid.message in error["message"]
    assert count_rows(kayba_server) == before


@pytest.mark.parametrize("invalid", INVALID_TRACING.values(), ids=INVALID_TRACING.keys())
def test_an_invalid_tracing_request_is_rejected_and_stores_nothing(
    kayba_server: LocalServer, http: httpx.Client, invalid: InvalidRequest
) -> None:
    before = count_rows(kayba_server)
    response = http.request(*invalid.request, **invalid.sent)
    assert response.headers["content-type"] == "application/json"
    error = response.json()
    assert error.keys() == {"error_code", "message"}
    assert (response.status_code, error["error_code"]) == (invalid.status, invalid.code)
    assert invalid.message in error["message"]
    assert count_rows(kayba_server) == before


@pytest.mark.parametrize("authorization", [None, b"Bearer wrong", b"Bearer", b"Basic a2V5", b"kb-key", b"Bearer \xff"])
def test_a_wrong_key_returns_401_and_stores_nothing(authorization: bytes | None) -> None:
    headers = {} if authorization is None else {b"Authorization": authorization}
    with serve(api_key="kb-key") as server, httpx.Client(base_url=server.url, headers=headers) as http:
        before = count_rows(server)
        rest = http.post(UPLOAD, **upload(file()))
        tracing = http.post("/api/mlflow/api/2.0/mlflow/experiments/create", json={"name": "mine"})
        assert count_rows(server) == before
    assert (rest.status_code, rest.json()["error"]["code"]) == (401, "UNAUTHORIZED")
    assert (tracing.status_code, tracing.json()["error_code"]) == (401, "UNAUTHENTICATED")
    assert rest.headers["www-authenticate"] == tracing.headers["www-authenticate"] == "Bearer"


def test_a_message_never_contains_the_sent_value(http: httpx.Client) -> None:
    response = http.put("/api/integrations/mlflow", json={"enabled": True, "token": ["hunter2"]})
    assert response.status_code == 400
    assert "body.token" in response.text
    assert "hunter2" not in response.text


def test_a_client_that_is_still_sending_receives_the_413(http: httpx.Client) -> None:
    response = http.post(UPLOAD, content=(bytes(100_000) for _ in range(300)), headers=JSON)
    assert response.status_code == 413
    assert http.get("/api/traces").status_code == 200


def test_405_lists_the_allowed_methods(http: httpx.Client) -> None:
    assert http.put("/api/traces").headers["allow"] == "GET, POST"


def count_rows(server: LocalServer) -> dict[str, int]:
    with server.db.read() as tx:
        # The full-text index has no rows to count.
        rows = tx.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL %'")
        tables = [row["name"] for row in rows]
        return {table: tx.rows(f"SELECT count(*) FROM {table}")[0][0] for table in tables}
