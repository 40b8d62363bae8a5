"""The application around its handlers: routes, parameters, mock mode, replies and errors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from kayba_local import contract, create_app
from kayba_local.contract import Contract, Operation
from kayba_local.http.errors import Problem
from kayba_local.http.operation import Call, Handler, Reply
from kayba_local.store.database import Database

OPERATIONS = contract.load().operations
DOCUMENT = {
    "openapi": "3.1.0",
    "paths": {
        "/things/{id}": {
            "get": {
                "operationId": "getThing",
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
                    {"name": "tags", "in": "query", "schema": {"type": "array", "items": {"type": "integer"}}},
                    {
                        "name": "kinds",
                        "in": "query",
                        "explode": False,
                        "schema": {"$ref": "#/components/schemas/Kinds"},
                    },
                    {"name": "deep", "in": "query", "schema": {"type": ["boolean", "null"], "default": False}},
                    {"name": "share", "in": "query", "schema": {"type": "number", "maximum": 1}},
                ],
                "responses": {
                    "200": {
                        "description": "The thing.",
                        "content": {
                            "application/json": {"schema": {"type": "object", "required": ["name"]}},
                            "text/plain": {"schema": {"type": "string"}},
                        },
                    }
                },
            },
        },
        "/things/mine": {"get": {"operationId": "getMine", "responses": {"204": {"description": "Nothing."}}}},
    },
    "components": {"schemas": {"Kinds": {"type": "array", "items": {"type": "string"}}}},
}


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path / 'kayba.db'}")
    yield opened
    opened.close()


def request_with(db: Database, handlers: Mapping[str, Handler], method: str, path: str, **sent: Any) -> httpx.Response:
    app = create_app(db, handlers=handlers, contract=Contract(DOCUMENT))
    return _send(app, method, path, **sent)


def _send(app: Any, method: str, path: str, **sent: Any) -> httpx.Response:
    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            return await client.request(method, path, **sent)

    return asyncio.run(send())


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
def test_mock_mode_returns_the_example_of_every_operation(db: Database, operation: Operation) -> None:
    app = create_app(db, mock=True)
    response = _send(app, operation.method, **example_request(operation))
    assert response.status_code == operation.success_status, response.text
    examples = [media.example for media in operation.responses[operation.success_status].values()]
    assert response.content in [e.encode() if isinstance(e, str) else orjson.dumps(e) for e in examples]


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
def test_an_operation_without_handler_returns_501_with_its_id(db: Database, operation: Operation) -> None:
    response = _send(create_app(db, handlers={}), operation.method, **example_request(operation))
    assert response.status_code == 501
    body = response.json()
    error = body["error"] if operation.mount == "rest" else body
    assert operation.id in error["message"]
    assert "NOT_IMPLEMENTED" in (error.get("code"), error.get("error_code"))


def test_mock_mode_rejects_invalid_requests(db: Database) -> None:
    response = _send(create_app(db, mock=True), "POST", "/api/insights/generate", json={"epochs": "two"})
    assert response.status_code == 400
    assert "body.epochs" in response.text


def test_a_literal_path_precedes_a_parameter(db: Database) -> None:
    handlers: dict[str, Handler] = {"getThing": lambda _: {"name": "thing"}, "getMine": lambda _: Reply(status=204)}
    assert request_with(db, handlers, "GET", "/api/things/7").json() == {"name": "thing"}
    assert request_with(db, handlers, "GET", "/api/things/mine").status_code == 204


def test_parameters_are_converted_to_their_types(db: Database) -> None:
    seen: list[Call] = []

    def handler(call: Call) -> dict[str, Any]:
        seen.append(call)
        return {"name": "thing"}

    query = "?tags=1&tags=22&kinds=a,b&deep=True&share=0.5&unknown=x"
    assert request_with(db, {"getThing": handler}, "GET", f"/api/things/7{query}").status_code == 200
    assert request_with(db, {"getThing": handler}, "GET", "/api/things/7").status_code == 200
    assert [dict(call.query) for call in seen] == [
        {"tags": [1, 22], "kinds": ["a", "b"], "deep": True, "share": 0.5},
        {"deep": False},
    ]
    assert (seen[0].path, seen[0].operation, seen[0].body) == ({"id": "7"}, "getThing", None)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/api/things/seven", 'path.id: value is not of type "integer"'),
        ("/api/things/7?tags=1&tags=x", 'query.tags[1]: value is not of type "integer"'),
        ("/api/things/7?deep=maybe", "query.deep"),
        ("/api/things/7?share=2", "query.share: value is greater than the maximum of 1"),
        ("/api/things/7?share=NaN", "query.share"),
    ],
)
def test_invalid_parameters_return_400(db: Database, path: str, message: str) -> None:
    response = request_with(db, {"getThing": lambda _: {"name": "thing"}}, "GET", path)
    assert response.status_code == 400
    assert message in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("reply", "logged"),
    [
        ({"nom": "thing"}, '"name" is a required property'),
        (Reply(["thing"]), "is not of type"),
        (Reply(b'{"nom": 1}'), '"name" is a required property'),
        (Reply({"name": "thing"}, status=201), "status 201"),
        (Reply("<p>", media_type="text/html"), "text/html"),
        (Reply({"name": object()}), "not JSON serializable"),
    ],
)
def test_a_reply_that_violates_the_contract_returns_500(
    db: Database, caplog: pytest.LogCaptureFixture, reply: Reply | dict[str, Any], logged: str
) -> None:
    response = request_with(db, {"getThing": lambda _: reply}, "GET", "/api/things/7")
    assert (response.status_code, response.json()["error"]["code"]) == (500, "INTERNAL_ERROR")
    assert logged in caplog.text
    assert "GET /api/things/7 failed" in caplog.text


@pytest.mark.parametrize(
    ("reply", "content", "content_type"),
    [
        (Reply(b'{"name":1}'), b'{"name":1}', "application/json"),
        (Reply("3.17", media_type="text/plain"), b"3.17", "text/plain; charset=utf-8"),
        (Reply(b"3.17", media_type="text/plain; charset=ascii"), b"3.17", "text/plain; charset=ascii"),
        (Reply({"name": 1}, headers={"x-more": "1"}), b'{"name":1}', "application/json"),
    ],
)
def test_a_reply_is_sent_unchanged(db: Database, reply: Reply, content: bytes, content_type: str) -> None:
    response = request_with(db, {"getThing": lambda _: reply}, "GET", "/api/things/7")
    assert (response.status_code, response.content) == (200, content)
    assert response.headers["content-type"] == content_type
    assert response.headers.get("x-more") == reply.headers.get("x-more")


def test_a_failing_handler_returns_500_without_details(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    def handler(_: Call) -> dict[str, Any]:
        raise KeyError("an internal detail")

    response = request_with(db, {"getThing": handler}, "GET", "/api/things/7")
    assert (response.status_code, response.json()["error"]["code"]) == (500, "INTERNAL_ERROR")
    assert "an internal detail" not in response.text
    assert "an internal detail" in caplog.text


def test_a_problem_sets_status_code_message_and_headers(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    def handler(_: Call) -> dict[str, Any]:
        raise Problem(429, "SLOW_DOWN", "Not so fast.", {"Retry-After": "5"})

    caplog.set_level(logging.INFO, "kayba_local")
    response = request_with(db, {"getThing": handler}, "GET", "/api/things/7")
    assert response.json() == {"error": {"code": "SLOW_DOWN", "message": "Not so fast."}}
    assert (response.status_code, response.headers["retry-after"]) == (429, "5")
    assert not [record for record in caplog.records if record.name == "kayba_local"]


def test_a_server_without_a_key_accepts_any_key(db: Database) -> None:
    for headers in ({}, {"Authorization": "Bearer kb-anything"}):
        assert _send(create_app(db), "GET", "/api/traces", headers=headers).status_code == 200


def example_request(operation: Operation) -> dict[str, Any]:
    """Return the example request of an operation."""
    document = orjson.loads(Path(contract.__file__).with_name("openapi.json").read_bytes())
    item = document["paths"][operation.path]
    node = item[operation.method.lower()]
    given: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}}
    for parameter in [*item.get("parameters", []), *node.get("parameters", [])]:
        while "$ref" in parameter:
            parameter = document["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
        given[parameter["in"]][parameter["name"]] = parameter["example"]
    request: dict[str, Any] = {
        "path": "/api" + operation.path.format(**given["path"]),
        "params": given["query"],
        "headers": given["header"],
    }
    for media_type, media in node.get("requestBody", {}).get("content", {}).items():
        body = media["example"]
        content = body.encode() if isinstance(body, str) else orjson.dumps(body)
        return request | {"content": content, "headers": {**given["header"], "Content-Type": media_type}}
    return request
