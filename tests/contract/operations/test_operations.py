"""Every operation of the contract called through the generated client, sync and async, in every way it can end."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator
from typing import Any

import pytest
from tests.contract.operations.cases import Refusal, Success
from tests.contract.operations.refusals import REFUSALS
from tests.contract.operations.successes import SUCCESSES
from tests.contract.operations.world import PLAIN, Operation, World, read_operations

import kayba_local
from kayba_api import Client, EncodedBody, Response
from kayba_api.models import ApiError, ErrorDetail, TracingError
from kayba_local import LocalServer
from kayba_local.handlers import HANDLERS

KEY = "kb-contract"
OPERATIONS = read_operations()
FIRST = {case.operation: case for case in reversed(SUCCESSES)}
MISSING = sorted(OPERATIONS.keys() - HANDLERS.keys())
"""Operations that the server leaves out: it answers 501, and in mock mode the contract's example."""
WITH_BODY = sorted(id_ for id_, operation in OPERATIONS.items() if operation.body_cap)
ELSEWHERE = {("deleteTraceFile", 200)}
"""Answers that other servers give and this one does not."""


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    with kayba_local.serve(api_key=KEY) as running:
        yield running


@pytest.fixture(scope="module")
def mock_server() -> Iterator[LocalServer]:
    with kayba_local.serve(mock=True) as running:
        yield running


@pytest.fixture
def world(server: LocalServer) -> Iterator[World]:
    with World(server) as made:
        yield made


@pytest.fixture(params=["sync", "async"])
def asynchronous(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "async")


def prepare(case: Success | Refusal, world: World) -> dict[str, Any]:
    """The arguments of a case, once what it needs is there."""
    if case.needs:
        getattr(world, case.needs)
    return case.arguments(world)


def call(client: Client, operation: Operation, arguments: dict[str, Any], *, asynchronous: bool) -> Response[Any]:
    async def wait() -> Response[Any]:
        async with client:
            response: Response[Any] = await operation.module.asyncio_detailed(client=client, **arguments)
            return response

    with client:
        response: Response[Any] = (
            asyncio.run(wait()) if asynchronous else operation.module.sync_detailed(client=client, **arguments)
        )
    return response


def assert_refused(response: Response[Any], status: int, says: str = "") -> None:
    """That the answer has this status, in the envelope of its mount, with a message for people."""
    assert response.status_code == status, response.content
    if isinstance(response.parsed, TracingError):
        code, message = response.parsed.error_code, response.parsed.message
    else:
        assert isinstance(response.parsed, ApiError), response.content
        assert isinstance(response.parsed.error, ErrorDetail)
        code, message = response.parsed.error.code, response.parsed.error.message
    assert code == code.upper()
    assert says in message


@pytest.mark.parametrize("case", SUCCESSES, ids=lambda case: case.operation)
def test_success(world: World, mock_server: LocalServer, case: Success, asynchronous: bool) -> None:
    client = Client(mock_server.url if case.operation in MISSING else world.server.url, api_key=KEY, httpx_args=PLAIN)
    response = call(client, OPERATIONS[case.operation], prepare(case, world), asynchronous=asynchronous)
    assert response.status_code == case.status, response.content
    if case.gives is None:
        assert response.content == b""
    else:
        assert isinstance(response.parsed, case.gives), response.content
        assert case.holds(response.parsed, world), response.content


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: f"{case.operation} {case.status}")
def test_refusal(world: World, case: Refusal, asynchronous: bool) -> None:
    client = Client(world.server.url, api_key=KEY, httpx_args=PLAIN)
    response = call(client, OPERATIONS[case.operation], prepare(case, world), asynchronous=asynchronous)
    assert_refused(response, case.status, case.says)


@pytest.mark.parametrize("id_", OPERATIONS)
def test_a_wrong_key_is_refused(world: World, id_: str, asynchronous: bool) -> None:
    client = Client(world.server.url, api_key="kb-wrong", httpx_args=PLAIN)
    arguments = prepare(FIRST[id_], world)
    assert_refused(call(client, OPERATIONS[id_], arguments, asynchronous=asynchronous), 401, "key")


@pytest.mark.parametrize("id_", OPERATIONS)
def test_a_call_from_another_site_is_refused(world: World, id_: str, asynchronous: bool) -> None:
    client = Client(world.server.url, api_key=KEY, headers={"Origin": "https://example.com"}, httpx_args=PLAIN)
    arguments = prepare(FIRST[id_], world)
    assert_refused(call(client, OPERATIONS[id_], arguments, asynchronous=asynchronous), 403, "Origin")


@pytest.mark.parametrize("id_", WITH_BODY)
def test_a_body_over_the_cap_is_refused(world: World, id_: str, asynchronous: bool) -> None:
    operation, arguments = OPERATIONS[id_], prepare(FIRST[id_], world)
    cap = operation.body_cap or 0
    if isinstance(arguments["body"], EncodedBody) or id_ == "exportTraces":
        arguments["body"] = EncodedBody(gzip.compress(b" " * (cap + 1), 1), "application/json", "gzip")
    else:
        arguments["body"]["padding"] = "x" * cap
    client = Client(world.server.url, api_key=KEY, httpx_args=PLAIN)
    assert_refused(call(client, operation, arguments, asynchronous=asynchronous), 413, f"{cap:,}")


@pytest.mark.parametrize("id_", WITH_BODY)
def test_a_body_of_another_type_is_refused(world: World, id_: str, asynchronous: bool) -> None:
    arguments = prepare(FIRST[id_], world)
    if isinstance(arguments["body"], EncodedBody):
        arguments["body"] = EncodedBody(b"<spans/>", "text/xml")
    client = Client(world.server.url, api_key=KEY, headers={"Content-Type": "text/xml"}, httpx_args=PLAIN)
    assert_refused(call(client, OPERATIONS[id_], arguments, asynchronous=asynchronous), 415, "text/xml")


@pytest.mark.parametrize("id_", MISSING)
def test_an_operation_that_is_left_out_names_itself(world: World, id_: str, asynchronous: bool) -> None:
    client = Client(world.server.url, api_key=KEY, httpx_args=PLAIN)
    arguments = prepare(FIRST[id_], world)
    assert_refused(call(client, OPERATIONS[id_], arguments, asynchronous=asynchronous), 501, id_)


@pytest.mark.parametrize("id_", OPERATIONS)
def test_every_way_that_the_contract_says_it_can_end_is_tested(id_: str) -> None:
    operation = OPERATIONS[id_]
    tested = {case.status for case in SUCCESSES if case.operation == id_} | {401, 403}
    tested |= {case.status for case in REFUSALS if case.operation == id_}
    tested |= {413, 415} if operation.body_cap else set()
    # Not for a caller to bring about: too many requests, a failing server, and what has no handler.
    beyond = {429, 500} | ({404, 409} if id_ in MISSING else set())
    beyond |= {status for name, status in ELSEWHERE if name == id_}
    assert operation.statuses - beyond - {501} <= tested
    assert any(case.operation == id_ for case in SUCCESSES)
