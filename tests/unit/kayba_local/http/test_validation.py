"""Bad input gets the error envelope of its mount, with a message that says what was wrong, and stores nothing."""

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


class Bad(NamedTuple):
    request: tuple[str, str]
    status: int
    code: str
    said: str
    sent: Mapping[str, Any] = MappingProxyType({})


def upload(*files: object) -> dict[str, Any]:
    return {"json": {"traces": list(files)}}


def file(**changes: object) -> dict[str, object]:
    return {"filename": "a.md", "content": "text", "fileType": "md", **changes}


def content(body: bytes, **headers: str) -> dict[str, Any]:
    return {"content": body, "headers": {**JSON, **EXPERIMENT, **headers}}


BAD_REST = {
    "wrong type": Bad(("POST", UPLOAD), 400, "BAD_REQUEST", "body.traces[0].content", upload(file(content=3))),
    "good beside wrong": Bad(("POST", UPLOAD), 400, "BAD_REQUEST", "body.traces[1]", upload(file(), file(content=3))),
    "not in the enum": Bad(("POST", UPLOAD), 400, "BAD_REQUEST", '"md", "json"', upload(file(fileType="exe"))),
    "missing field": Bad(
        ("POST", UPLOAD), 400, "BAD_REQUEST", '"content"', upload({"filename": "a", "fileType": "md"})
    ),
    "no body": Bad(("POST", UPLOAD), 400, "BAD_REQUEST", "needs a body of type application/json"),
    "bad JSON": Bad(("POST", UPLOAD), 400, "BAD_REQUEST", "line 2 column 1", content(b'{"traces":\n}')),
    "empty JSON": Bad(("POST", UPLOAD), 400, "BAD_REQUEST", "not valid JSON", content(b"")),
    "deep JSON": Bad(("POST", UPLOAD), 400, "BAD_REQUEST", "not valid JSON", content(b"[" * 100_000)),
    "NaN": Bad(("POST", UPLOAD), 400, "BAD_REQUEST", "not valid JSON", content(b'{"traces": NaN}')),
    "bad gzip": Bad(("POST", UPLOAD), 400, "BAD_REQUEST", "not valid gzip", {"content": b"no", "headers": GZIP}),
    "cut gzip": Bad(
        ("POST", UPLOAD), 400, "BAD_REQUEST", "ends too early", {"content": gzip.compress(b"{}")[:-4], "headers": GZIP}
    ),
    "unknown encoding": Bad(
        ("POST", UPLOAD), 415, "UNSUPPORTED_MEDIA_TYPE", "'br'", content(b"{}", **{"Content-Encoding": "br"})
    ),
    "wrong content type": Bad(
        ("POST", UPLOAD), 415, "UNSUPPORTED_MEDIA_TYPE", "text/plain", content(b"{}", **{"Content-Type": "text/plain"})
    ),
    "no content type": Bad(("POST", UPLOAD), 415, "UNSUPPORTED_MEDIA_TYPE", "without", {"content": b"{}"}),
    "over the cap": Bad(("POST", UPLOAD), 413, "PAYLOAD_TOO_LARGE", "1,000,000", upload(file(content="x" * 1_000_000))),
    "gzip over the cap": Bad(
        ("POST", UPLOAD),
        413,
        "PAYLOAD_TOO_LARGE",
        "1,000,000",
        {"content": gzip.compress(bytes(10**7)), "headers": GZIP},
    ),
    "unknown trace file": Bad(("GET", "/api/traces/nobody"), 404, "NOT_FOUND", "trace file of id nobody"),
    "delete unknown trace file": Bad(("DELETE", "/api/traces/nobody"), 404, "NOT_FOUND", "nobody"),
    "malformed id": Bad(("GET", "/api/traces/no%20body"), 400, "BAD_REQUEST", "path.id"),
    "unknown prompt": Bad(("GET", "/api/prompts/nobody"), 404, "NOT_FOUND", "prompt of id nobody"),
    "unknown insight": Bad(
        ("PATCH", "/api/insights/nobody"), 404, "NOT_FOUND", "insight of id nobody", {"json": {"status": "accepted"}}
    ),
    "unknown insights in a prompt": Bad(
        ("POST", "/api/prompts/generate"), 404, "NOT_FOUND", "a, b", {"json": {"insightIds": ["a", "b"]}}
    ),
    "nothing accepted": Bad(("POST", "/api/prompts/generate"), 409, "CONFLICT", "PATCH /insights/", {"json": {}}),
    "bad query": Bad(("GET", "/api/insights?status=old"), 400, "BAD_REQUEST", "query.status"),
    "query given twice": Bad(("GET", "/api/insights?status=new&status=new"), 400, "BAD_REQUEST", "given 2 times"),
    "unknown integration": Bad(
        ("PUT", "/api/integrations/slack"), 400, "BAD_REQUEST", "path.name", {"json": {"enabled": True}}
    ),
    "password in an address": Bad(
        ("PUT", "/api/integrations/mlflow"),
        400,
        "BAD_REQUEST",
        "body.trackingUri",
        {"json": {"enabled": True, "trackingUri": "http://me:secret@host"}},
    ),
    "no such path": Bad(("GET", "/api/nowhere"), 404, "NOT_FOUND", "/api/nowhere"),
    "no such method": Bad(("PUT", "/api/traces"), 405, "METHOD_NOT_ALLOWED", "GET, POST"),
}

BAD_TRACING = {
    "wrong type": Bad(
        ("POST", SPANS), 400, "INVALID_PARAMETER_VALUE", "resourceSpans", content(b'{"resourceSpans": 1}')
    ),
    "bad JSON": Bad(("POST", SPANS), 400, "INVALID_PARAMETER_VALUE", "not valid JSON", content(b"{")),
    "bad gzip": Bad(
        ("POST", SPANS), 400, "INVALID_PARAMETER_VALUE", "gzip", content(b"no", **{"Content-Encoding": "gzip"})
    ),
    "no experiment": Bad(("POST", SPANS), 400, "INVALID_PARAMETER_VALUE", "x-mlflow-experiment-id", {"json": {}}),
    "wrong content type": Bad(
        ("POST", SPANS), 415, "INVALID_PARAMETER_VALUE", "text/csv", content(b"1", **{"Content-Type": "text/csv"})
    ),
    "gzip over the cap": Bad(
        ("POST", SPANS),
        413,
        "REQUEST_LIMIT_EXCEEDED",
        "67,108,864",
        content(gzip.compress(bytes(70_000_000), 1), **{"Content-Encoding": "gzip"}),
    ),
    "deflate over the cap": Bad(
        ("POST", SPANS),
        413,
        "REQUEST_LIMIT_EXCEEDED",
        "67,108,864",
        content(zlib.compress(bytes(70_000_000), 1), **{"Content-Encoding": "deflate"}),
    ),
    "missing field": Bad(
        ("POST", "/api/mlflow/api/2.0/mlflow/experiments/create"),
        400,
        "INVALID_PARAMETER_VALUE",
        '"name" is a required',
        {"json": {}},
    ),
    "wrong type in the query": Bad(
        ("GET", f"/api/mlflow/api/3.0/mlflow/traces/get?trace_id={ABSENT_TRACE}&allow_partial=7"),
        400,
        "INVALID_PARAMETER_VALUE",
        "query.allow_partial",
    ),
    "missing query": Bad(
        ("GET", "/api/mlflow/api/3.0/mlflow/traces/get"), 400, "INVALID_PARAMETER_VALUE", '"trace_id" is a required'
    ),
    "unknown trace": Bad(
        ("GET", f"/api/mlflow/api/3.0/mlflow/traces/{ABSENT_TRACE}"), 404, "RESOURCE_DOES_NOT_EXIST", ABSENT_TRACE
    ),
    "tag of an unknown trace": Bad(
        ("PATCH", f"/api/mlflow/api/2.0/mlflow/traces/{ABSENT_TRACE}/tags"),
        404,
        "RESOURCE_DOES_NOT_EXIST",
        ABSENT_TRACE,
        {"json": {"key": "a", "value": "b"}},
    ),
    "unknown experiment": Bad(
        ("GET", "/api/mlflow/api/2.0/mlflow/experiments/get?experiment_id=77"), 404, "RESOURCE_DOES_NOT_EXIST", "77"
    ),
    "no such path": Bad(("GET", "/api/mlflow/nowhere"), 404, "ENDPOINT_NOT_FOUND", "/api/mlflow/nowhere"),
    "no such method": Bad(("GET", SPANS), 405, "METHOD_NOT_ALLOWED", "POST"),
}


@pytest.mark.parametrize("bad", BAD_REST.values(), ids=BAD_REST.keys())
def test_rest_mount(kayba_server: LocalServer, http: httpx.Client, bad: Bad) -> None:
    before = stored(kayba_server)
    answer = http.request(*bad.request, **bad.sent)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json().keys() == {"error"}
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (bad.status, bad.code)
    assert bad.said in error["message"]
    assert stored(kayba_server) == before


@pytest.mark.parametrize("bad", BAD_TRACING.values(), ids=BAD_TRACING.keys())
def test_tracing_mount(kayba_server: LocalServer, http: httpx.Client, bad: Bad) -> None:
    before = stored(kayba_server)
    answer = http.request(*bad.request, **bad.sent)
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()
    assert error.keys() == {"error_code", "message"}
    assert (answer.status_code, error["error_code"]) == (bad.status, bad.code)
    assert bad.said in error["message"]
    assert stored(kayba_server) == before


@pytest.mark.parametrize("authorization", [None, b"Bearer wrong", b"Bearer", b"Basic a2V5", b"kb-key", b"Bearer \xff"])
def test_wrong_key(authorization: bytes | None) -> None:
    headers = {} if authorization is None else {b"Authorization": authorization}
    with serve(api_key="kb-key") as server, httpx.Client(base_url=server.url, headers=headers) as http:
        before = stored(server)
        rest = http.post(UPLOAD, **upload(file()))
        tracing = http.post("/api/mlflow/api/2.0/mlflow/experiments/create", json={"name": "mine"})
        assert stored(server) == before
    assert (rest.status_code, rest.json()["error"]["code"]) == (401, "UNAUTHORIZED")
    assert (tracing.status_code, tracing.json()["error_code"]) == (401, "UNAUTHENTICATED")
    assert rest.headers["www-authenticate"] == tracing.headers["www-authenticate"] == "Bearer"


def test_a_message_never_repeats_what_was_sent(http: httpx.Client) -> None:
    answer = http.put("/api/integrations/mlflow", json={"enabled": True, "token": ["hunter2"]})
    assert answer.status_code == 400
    assert "body.token" in answer.text
    assert "hunter2" not in answer.text


def test_a_client_in_the_middle_of_sending_sees_the_413(http: httpx.Client) -> None:
    answer = http.post(UPLOAD, content=(bytes(100_000) for _ in range(300)), headers=JSON)
    assert answer.status_code == 413
    assert http.get("/api/traces").status_code == 200


def test_405_names_the_methods(http: httpx.Client) -> None:
    assert http.put("/api/traces").headers["allow"] == "GET, POST"


def stored(server: LocalServer) -> dict[str, int]:
    with server.db.read() as tx:
        tables = [row["name"] for row in tx.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: tx.rows(f"SELECT count(*) FROM {table}")[0][0] for table in tables}
