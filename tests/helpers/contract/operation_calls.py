"""Calls of operations in tests, and the check of an error response."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.helpers.contract.cases import ErrorCase, SuccessCase
from tests.helpers.contract.prepared_server import PLAIN, Operation, PreparedServer, read_operations
from tests.helpers.contract.success_cases import SUCCESS_CASES

from kayba_api import Client, Response
from kayba_api.models import ApiError, ErrorDetail, TracingError

KEY = "kb-contract"
OPERATIONS = read_operations()
FIRST_SUCCESS = {case.operation: case for case in reversed(SUCCESS_CASES)}
"""The first success case of each operation."""


def connect(url: str, *, api_key: str = KEY, **headers: str) -> Client:
    """Return a client of a server on loopback."""
    return Client(url, api_key=api_key, headers=headers, httpx_args=PLAIN)


def prepare(case: SuccessCase | ErrorCase, world: PreparedServer) -> dict[str, Any]:
    """Return the arguments of a case, after creating the objects that it needs."""
    if case.needs:
        getattr(world, case.needs)
    return case.arguments(world)


def call(client: Client, operation: Operation, arguments: dict[str, Any], *, asynchronous: bool) -> Response[Any]:
    """Call an operation once and close the client."""

    async def wait() -> Response[Any]:
        async with client:
            response: Response[Any] = await operation.module.asyncio_detailed(client=client, **arguments)
            return response

    with client:
        response: Response[Any] = (
            asyncio.run(wait()) if asynchronous else operation.module.sync_detailed(client=client, **arguments)
        )
    return response


def assert_error(response: Response[Any], status: int, message_part: str = "") -> None:
    """Assert that a response has a status, and the envelope of its mount with a code and a message."""
    assert response.status_code == status, response.content
    if isinstance(response.parsed, TracingError):
        code, message = response.parsed.error_code, response.parsed.message
    else:
        assert isinstance(response.parsed, ApiError), response.content
        assert isinstance(response.parsed.error, ErrorDetail)
        code, message = response.parsed.error.code, response.parsed.error.message
    assert code == code.upper()
    assert message_part in message
