"""Responses of the low-level functions: an invalid body keeps its status and its bytes."""

from __future__ import annotations

import asyncio
import gzip
import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
from types import ModuleType
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.faulty_server import FakeResponse, faulty_server

import kayba_api.api
import kayba_api.models
from kayba_api import UNSET, Client, EncodedBody, Response
from kayba_api.api.insights import list_insights
from kayba_api.api.traces import delete_trace_file, list_trace_files
from kayba_api.api.tracing import delete_trace_tag, export_traces, get_trace
from kayba_api.models import ApiError, DeleteTraceTagRequest, ErrorDetail, InsightList, TraceFileList

TRACE_ID = "tr-179010ea7eb391b2a9c5c13625864ffc"
NAMES = st.sampled_from(["trace", "traces", "error", "id", "spans", "trace_info"])
HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
OPERATIONS = [
    importlib.import_module(module.name)
    for module in pkgutil.walk_packages(kayba_api.api.__path__, "kayba_api.api.")
    if not module.ispkg
]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, HTML),
        (200, b"[]"),
        (200, b'{"traces": 1}'),
        (200, b'{"traces": [{}]}'),
        (200, b'{"traces": [{"id": "a", "filename": "b", "size": 1, "uploadedAt": "yesterday"}]}'),
        (200, b"[" * 100_000),
        (200, b"\xff\xfe"),
        (401, HTML),
        (429, b""),
        (429, b"slow down"),
        (502, HTML),
        (529, b""),
        (529, HTML),
        (599, b'{"error": {}}'),
        (302, b""),
        (204, b""),
    ],
)
def test_an_invalid_response_keeps_its_status_and_bytes(status: int, body: bytes) -> None:
    async def call(client: Client) -> Response[Any]:
        async with client:
            return await list_trace_files.asyncio_detailed(client=client)

    with (
        faulty_server(FakeResponse(status, body, {"Content-Type": "text/html"})) as server,
        Client(server.url) as client,
    ):
        for response in (list_trace_files.sync_detailed(client=client), asyncio.run(call(client))):
            assert response.status_code == status
            assert response.content == body
            assert response.parsed is None
        assert list_trace_files.sync(client=client) is None


@settings(deadline=None)
@given(
    operation=st.sampled_from(OPERATIONS),
    status=st.sampled_from([200, 204, 400, 404, 413, 429, 500, 501, 529]),
    body=st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(NAMES | st.text(), inner),
    ).map(lambda value: json.dumps(value).encode()),
)
def test_no_response_body_raises(operation: ModuleType, status: int, body: bytes) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, content=body))
    with Client(httpx_args={"transport": transport}) as client:
        response = operation.sync_detailed(client=client, **arguments_for(operation))
    assert response.status_code == status
    assert response.content == body


def arguments_for(operation: ModuleType) -> dict[str, Any]:
    """Return a value for each required argument."""
    signature = inspect.signature(operation.sync_detailed)
    required = [name for name, p in signature.parameters.items() if p.default is p.empty and name != "client"]
    hints = inspect.get_annotations(operation.sync_detailed)
    return {name: value_for(hints[name]) for name in required}


def value_for(hint: Any) -> Any:
    if hasattr(hint, "to_dict"):  # The content of the body does not matter here.
        return type("Anything", (), {"to_dict": lambda _: {}})()
    if hint == list[str]:
        return [TRACE_ID]
    return EncodedBody(b"{}", "application/json") if EncodedBody in getattr(hint, "__args__", ()) else "mlflow"


def test_errors_are_parsed_in_both_forms() -> None:
    typed = FakeResponse(404, b'{"error": {"code": "NOT_FOUND", "message": "no such file", "hint": "x"}}')
    text = FakeResponse(404, b'{"error": "no such file"}')
    with faulty_server(typed, text) as server, Client(server.url) as client:
        error = list_trace_files.sync_detailed(client=client)
        first = delete_trace_file.sync_detailed("abc", client=client).parsed
    assert error.parsed is None  # the contract has no 404 here
    assert first == ApiError("no such file")
    with faulty_server(typed) as server, Client(server.url) as client:
        parsed = delete_trace_file.sync("abc", client=client)
    assert isinstance(parsed, ApiError)
    assert isinstance(parsed.error, ErrorDetail)
    assert (parsed.error.code, parsed.error.message, parsed.error["hint"]) == ("NOT_FOUND", "no such file", "x")


def test_unknown_values_and_properties_are_passed_on() -> None:
    insight = {"id": "i", "status": "archived", "section": "s", "content": "c", "helpful": 0, "harmful": 0, "new": 1}
    sent = FakeResponse(body=json.dumps({"insights": [insight]}).encode())
    with faulty_server(sent) as server, Client(server.url) as client:
        answer = list_insights.sync(client=client)
    assert isinstance(answer, InsightList)
    assert str(answer.insights[0].status) == "archived"
    assert answer.to_dict() == {"insights": [insight]}


def test_property_names_of_older_servers_are_parsed() -> None:
    old = {"id": "a", "filename": "f.md", "type": "md", "size": 3, "uploadedAt": "2026-11-22T17:37:25Z"}
    with (
        faulty_server(FakeResponse(body=json.dumps({"traces": [old]}).encode())) as server,
        Client(server.url) as client,
    ):
        answer = list_trace_files.sync(client=client)
    assert isinstance(answer, TraceFileList)
    assert (answer.traces[0].file_type, answer.traces[0].type_) == (UNSET, "md")


@pytest.mark.parametrize(
    "body",
    [
        EncodedBody(bytes(range(256)), "application/x-protobuf"),
        EncodedBody(gzip.compress(b'{"resourceSpans": []}'), "application/json", "gzip"),
        EncodedBody(b"", "application/json"),
    ],
)
def test_an_encoded_body_is_sent_byte_for_byte(body: EncodedBody) -> None:
    async def call(client: Client) -> None:
        async with client:
            await export_traces.asyncio_detailed(client=client, body=body, x_mlflow_experiment_id="7")

    with faulty_server() as server, Client(server.url, api_key="kb-test") as client:
        export_traces.sync_detailed(client=client, body=body, x_mlflow_experiment_id="7")
        asyncio.run(call(client))
    for method, path, headers, content in server.requests:
        sent = {name.lower(): value for name, value in headers.items()}
        assert (method, path, content) == ("POST", "/api/mlflow/v1/traces", body.content)
        assert sent["content-type"] == body.content_type
        assert sent.get("content-encoding") == body.content_encoding
        assert sent["x-mlflow-experiment-id"] == "7"
        assert sent["authorization"] == "Bearer kb-test"
    assert len(server.requests) == 2


def test_the_repr_of_an_encoded_body_omits_the_content() -> None:
    assert "secret" not in repr(EncodedBody(b"secret", "application/json"))


def test_an_omitted_optional_body_has_no_content_type() -> None:
    with faulty_server() as server, Client(server.url) as client:
        delete_trace_tag.sync_detailed(TRACE_ID, client=client, key="a b")
        delete_trace_tag.sync_detailed(TRACE_ID, client=client, body=DeleteTraceTagRequest("a b"))
    (_, by_query, query_headers, _), (_, by_body, body_headers, body) = server.requests
    assert by_query.endswith("/tags?key=a+b")
    assert "content-type" not in {name.lower() for name in query_headers}
    assert by_body.endswith("/tags")
    assert json.loads(body) == {"key": "a b"}
    assert {name.lower(): value for name, value in body_headers.items()}["content-type"] == "application/json"


def test_ids_are_escaped_in_path_and_query() -> None:
    with faulty_server() as server, Client(server.url) as client:
        delete_trace_file.sync_detailed("a/../b?c#d", client=client)
        get_trace.sync_detailed(client=client, trace_id="a&b=c", allow_partial=True)
    paths = [path for _, path, _, _ in server.requests]
    assert paths[0] == "/api/traces/a%2F..%2Fb%3Fc%23d"
    assert paths[1].endswith("/get?trace_id=a%26b%3Dc&allow_partial=true")


def test_importing_an_operation_imports_only_its_models() -> None:
    probe = """
import sys, kayba_api
assert not [name for name in sys.modules if name.startswith(("kayba_api.models", "kayba_api.api"))]
import kayba_api.api.tracing.export_traces
print(*sorted(name for name in sys.modules if name.startswith("kayba_api.models.")))
"""
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=300)
    assert done.stdout.split() == [
        "kayba_api.models.export_trace_service_request",
        "kayba_api.models.export_trace_service_response",
        "kayba_api.models.tracing_error",
    ], done.stderr


def test_every_model_and_no_other_name_is_importable() -> None:
    for name in kayba_api.models.__all__:
        assert getattr(kayba_api.models, name) is not None
    assert set(kayba_api.models.__all__) <= set(dir(kayba_api.models))
    with pytest.raises(AttributeError, match="NoSuchModel"):
        _ = kayba_api.models.NoSuchModel  # type: ignore[attr-defined]
