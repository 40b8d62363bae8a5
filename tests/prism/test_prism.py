"""The generated client against Prism, an independent mock server that follows the contract.

Prism checks each request against the contract, and responds with the contract's examples or with values generated from
the schemas.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from tests.helpers.prism.contract_examples import CONTRACT, DOCUMENT, ContractCall, contract_calls, limit_lists
from tests.helpers.prism.prism_server import prism_server

from kayba_api import Client, Response
from kayba_api.api.insights import list_insights
from kayba_api.api.traces import upload_trace_files
from kayba_api.models import ApiError, UploadTraceFilesRequest

CALLS: Final = list(contract_calls())
SUCCESSES: Final = [call for call in CALLS if call.status < 400]


@pytest.fixture(scope="session")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the contract with Prism and yield the URL."""
    with prism_server(CONTRACT, tmp_path_factory.mktemp("prism") / "prism.log") as url:
        yield url


@pytest.fixture(scope="session")
def dynamic_prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the contract with limited lists, for responses generated from the schemas, and yield the URL."""
    folder = tmp_path_factory.mktemp("dynamic-prism")
    contract = folder / "kayba.json"
    contract.write_text(json.dumps(limit_lists(DOCUMENT)), encoding="utf-8")
    with prism_server(contract, folder / "prism.log") as url:
        yield url


def make_client(url: str, *, prefer: str, api_key: str = "kb-prism") -> Client:
    """Return a client whose `Prefer` header selects Prism's response."""
    return Client(api_key=api_key, headers={"Prefer": prefer}, httpx_args={"base_url": url, "verify": False})


def run(call: ContractCall, client: Client) -> Response[Any]:
    with client:
        response: Response[Any] = call.module.sync_detailed(client=client, **call.arguments)
    return response


def assert_documented(response: Response[Any], call: ContractCall) -> None:
    """Assert that Prism accepted the request and that the client parsed the documented response."""
    assert "sl-violations" not in response.headers, response.headers["sl-violations"]
    assert response.status_code == call.status, response.content
    if call.response_type is None:
        assert (response.parsed, response.content) == (None, b"")
    else:
        assert isinstance(response.parsed, call.response_type), response.content


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_every_documented_response_is_parsed(prism: str, call: ContractCall) -> None:
    assert_documented(run(call, make_client(prism, prefer=f"code={call.status}")), call)


@pytest.mark.parametrize("call", SUCCESSES, ids=str)
def test_async_calls_parse_the_same_responses(prism: str, call: ContractCall) -> None:
    async def wait() -> Response[Any]:
        async with make_client(prism, prefer=f"code={call.status}") as client:
            response: Response[Any] = await call.module.asyncio_detailed(client=client, **call.arguments)
            return response

    assert_documented(asyncio.run(wait()), call)


@pytest.mark.parametrize("call", SUCCESSES, ids=str)
def test_responses_generated_from_schemas_are_parsed(dynamic_prism: str, call: ContractCall) -> None:
    for _ in range(3):
        assert_documented(run(call, make_client(dynamic_prism, prefer=f"code={call.status}, dynamic=true")), call)


def test_a_call_without_a_key_is_refused(prism: str) -> None:
    with Client(httpx_args={"base_url": prism, "verify": False}) as client:
        response = list_insights.sync_detailed(client=client)
    assert response.status_code == 401
    assert isinstance(response.parsed, ApiError)


def test_prism_refuses_a_request_that_breaks_the_contract(prism: str) -> None:
    with make_client(prism, prefer="") as client:
        response = upload_trace_files.sync_detailed(client=client, body=UploadTraceFilesRequest([]))
    assert response.status_code == 400
    assert "traces" in response.headers["sl-violations"]
