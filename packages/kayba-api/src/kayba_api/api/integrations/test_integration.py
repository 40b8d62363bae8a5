# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Any
from urllib.parse import quote

import httpx

from ...client import Client
from ...models.api_error import ApiError
from ...models.integration_name import IntegrationName
from ...models.integration_test_result import IntegrationTestResult
from ...types import Response
from ...unexpected import UnexpectedStatus


def _get_kwargs(
    name: IntegrationName,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/integrations/{name}/test".format(
            name=quote(name, safe=""),
        ),
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> IntegrationTestResult | ApiError | None:
    if response.status_code == 200:
        response_200 = IntegrationTestResult.from_dict(response.json())

        return response_200
    if response.status_code in (400, 401, 403, 429, 500, 501):
        response_400 = ApiError.from_dict(response.json())

        return response_400

    return None


_DOCUMENTED = frozenset({200, 400, 401, 403, 429, 500, 501})


def _build_response(client: Client, response: httpx.Response) -> Response[IntegrationTestResult | ApiError]:
    if client.raise_on_unexpected_status and response.status_code not in _DOCUMENTED:
        raise UnexpectedStatus(response.status_code, response.content)
    return Response.read(response, _parse_response)


def sync_detailed(
    name: IntegrationName,
    *,
    client: Client,
) -> Response[IntegrationTestResult | ApiError]:
    """Test an integration.

    Connects with the stored configuration. A failed connection is a result and not an error: the response is 200
    with `connected` false and the reason in `error`.

    Args:
        name (IntegrationName): The names of the integrations.
        client: The client that sends the request.

    Returns:
        The status, the headers, the body and the parsed body.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    kwargs = _get_kwargs(
        name=name,
    )
    return _build_response(client, client.get_httpx_client().request(**kwargs))


def sync(
    name: IntegrationName,
    *,
    client: Client,
) -> IntegrationTestResult | ApiError | None:
    """Test an integration.

    Connects with the stored configuration. A failed connection is a result and not an error: the response is 200
    with `connected` false and the reason in `error`.

    Args:
        name (IntegrationName): The names of the integrations.
        client: The client that sends the request.

    Returns:
        The parsed body, which may be an error; None if it does not match the contract.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    return sync_detailed(
        name=name,
        client=client,
    ).parsed


async def asyncio_detailed(
    name: IntegrationName,
    *,
    client: Client,
) -> Response[IntegrationTestResult | ApiError]:
    """Test an integration.

    Connects with the stored configuration. A failed connection is a result and not an error: the response is 200
    with `connected` false and the reason in `error`.

    Args:
        name (IntegrationName): The names of the integrations.
        client: The client that sends the request.

    Returns:
        The status, the headers, the body and the parsed body.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    kwargs = _get_kwargs(
        name=name,
    )
    return _build_response(client, await client.get_async_httpx_client().request(**kwargs))


async def asyncio(
    name: IntegrationName,
    *,
    client: Client,
) -> IntegrationTestResult | ApiError | None:
    """Test an integration.

    Connects with the stored configuration. A failed connection is a result and not an error: the response is 200
    with `connected` false and the reason in `error`.

    Args:
        name (IntegrationName): The names of the integrations.
        client: The client that sends the request.

    Returns:
        The parsed body, which may be an error; None if it does not match the contract.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    response = await asyncio_detailed(
        name=name,
        client=client,
    )
    return response.parsed
