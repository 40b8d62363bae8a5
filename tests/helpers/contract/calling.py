"""How the tests of the operations call them, and what an answer that refuses must look like."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.helpers.contract.cases import Refusal, Success
from tests.helpers.contract.prepared_server import PLAIN, Operation, World, read_operations
from tests.helpers.contract.success_cases import SUCCESSES

from kayba_api import Client, Response
from kayba_api.models import ApiError, ErrorDetail, TracingError

KEY = "kb-contract"
OPERATIONS = read_operations()
FIRST = {case.operation: case for case in reversed(SUCCESSES)}
"""One call of each operation that succeeds."""


def connect(url: str, *, api_key: str = KEY, **headers: str) -> Client:
    """A client of a server on loopback."""
    return Client(url, api_key=api_key, headers=headers, httpx_args=PLAIN)


def prepare(case: Success | Refusal, world: World) -> dict[str, Any]:
    """The arguments of a case, once what it needs is there."""
    if case.needs:
        getattr(world, case.needs)
    return case.arguments(world)


def call(client: Client, operation: Operation, arguments: dict[str, Any], *, asynchronous: bool) -> Response[Any]:
    """Call an operation once, and close the client."""

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
