"""The client against a mock server that is not ours: Prism makes both sides keep to the contract.

Prism checks each request, answers with the contract's examples or with values that it makes of the schemas, and
nothing in it was written here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.helpers.prism.contract_examples import CONTRACT, DOCUMENT, Call, calls, with_short_lists
from tests.helpers.prism.prism_server import prism_server

from kayba_api import Client, Response
from kayba_api.api.insights import list_insights
from kayba_api.api.traces import upload_trace_files
from kayba_api.models import ApiError, UploadTraceFilesRequest

CALLS = list(calls())
SUCCESSES = [call for call in CALLS if call.status < 400]


@pytest.fixture(scope="session")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Prism that serves the contract."""
    with prism_server(CONTRACT, tmp_path_factory.mktemp("prism") / "prism.log") as url:
        yield url


@pytest.fixture(scope="session")
def inventive_prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Prism that gets done with making answers of the schemas."""
    folder = tmp_path_factory.mktemp("inventive-prism")
    contract = folder / "kayba.json"
    contract.write_text(json.dumps(with_short_lists(DOCUMENT)), encoding="utf-8")
    with prism_server(contract, folder / "prism.log") as url:
        yield url


def client_of(url: str, *, prefer: str, api_key: str = "kb-prism") -> Client:
    """A client that tells Prism how to answer."""
    return Client(api_key=api_key, headers={"Prefer": prefer}, httpx_args={"base_url": url, "verify": False})


def run(call: Call, client: Client) -> Response[Any]:
    with client:
        response: Response[Any] = call.module.sync_detailed(client=client, **call.arguments)
    return response


def assert_documented(response: Response[Any], call: Call) -> None:
    """That Prism found nothing wrong with the request, and the client read the answer as the contract has it."""
    assert "sl-violations" not in response.headers, response.headers["sl-violations"]
    assert response.status_code == call.status, response.content
    if call.gives is None:
        assert (response.parsed, response.content) == (None, b"")
    else:
        assert isinstance(response.parsed, call.gives), response.content


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_every_documented_answer_is_read(prism: str, call: Call) -> None:
    assert_documented(run(call, client_of(prism, prefer=f"code={call.status}")), call)


@pytest.mark.parametrize("call", SUCCESSES, ids=str)
def test_async_calls_end_alike(prism: str, call: Call) -> None:
    async def wait() -> Response[Any]:
        async with client_of(prism, prefer=f"code={call.status}") as client:
            response: Response[Any] = await call.module.asyncio_detailed(client=client, **call.arguments)
            return response

    assert_documented(asyncio.run(wait()), call)


@pytest.mark.parametrize("call", SUCCESSES, ids=str)
def test_answers_made_of_the_schemas_are_read(inventive_prism: str, call: Call) -> None:
    for _ in range(3):
        assert_documented(run(call, client_of(inventive_prism, prefer=f"code={call.status}, dynamic=true")), call)


def test_a_call_without_a_key_is_refused(prism: str) -> None:
    with Client(httpx_args={"base_url": prism, "verify": False}) as client:
        response = list_insights.sync_detailed(client=client)
    assert response.status_code == 401
    assert isinstance(response.parsed, ApiError)


def test_prism_refuses_what_the_contract_does_not_allow(prism: str) -> None:
    with client_of(prism, prefer="") as client:
        response = upload_trace_files.sync_detailed(client=client, body=UploadTraceFilesRequest([]))
    assert response.status_code == 400
    assert "traces" in response.headers["sl-violations"]
