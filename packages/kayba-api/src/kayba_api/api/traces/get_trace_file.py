# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Any
from urllib.parse import quote

import httpx

from ...client import Client
from ...models.api_error import ApiError
from ...models.trace_file_with_content import TraceFileWithContent
from ...types import Response
from ...unexpected import UnexpectedStatus


def _get_kwargs(
    id: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/traces/{id}".format(
            id=quote(id, safe=""),
        ),
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> TraceFileWithContent | ApiError | None:
    if response.status_code == 200:
        response_200 = TraceFileWithContent.from_dict(response.json())

        return response_200
    if response.status_code in (400, 401, 403, 404, 429, 500, 501):
        response_400 = ApiError.from_dict(response.json())

        return response_400

    return None


_DOCUMENTED = frozenset({200, 400, 401, 403, 404, 429, 500, 501})


def _build_response(client: Client, response: httpx.Response) -> Response[TraceFileWithContent | ApiError]:
    if client.raise_on_unexpected_status and response.status_code not in _DOCUMENTED:
        raise UnexpectedStatus(response.status_code, response.content)
    return Response.read(response, _parse_response)


def sync_detailed(
    id: str,
    *,
    client: Client,
) -> Response[TraceFileWithContent | ApiError]:
    """Get a trace file.

    Returns one trace file with its content.

    Args:
        id (str): An opaque id.
        client: The client that sends the request.

    Returns:
        The status, the headers, the body and the parsed body.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    kwargs = _get_kwargs(
        id=id,
    )
    return _build_response(client, client.get_httpx_client().request(**kwargs))


def sync(
    id: str,
    *,
    client: Client,
) -> TraceFileWithContent | ApiError | None:
    """Get a trace file.

    Returns one trace file with its content.

    Args:
        id (str): An opaque id.
        client: The client that sends the request.

    Returns:
        The parsed body, which may be an error; None if it does not match the contract.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    return sync_detailed(
        id=id,
        client=client,
    ).parsed


async def asyncio_detailed(
    id: str,
    *,
    client: Client,
) -> Response[TraceFileWithContent | ApiError]:
    """Get a trace file.

    Returns one trace file with its content.

    Args:
        id (str): An opaque id.
        client: The client that sends the request.

    Returns:
        The status, the headers, the body and the parsed body.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    kwargs = _get_kwargs(
        id=id,
    )
    return _build_response(client, await client.get_async_httpx_client().request(**kwargs))


async def asyncio(
    id: str,
    *,
    client: Client,
) -> TraceFileWithContent | ApiError | None:
    """Get a trace file.

    Returns one trace file with its content.

    Args:
        id (str): An opaque id.
        client: The client that sends the request.

    Returns:
        The parsed body, which may be an error; None if it does not match the contract.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    response = await asyncio_detailed(
        id=id,
        client=client,
    )
    return response.parsed
