# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Any

import httpx

from ...client import Client
from ...models.trace_batch import TraceBatch
from ...models.tracing_error import TracingError
from ...types import UNSET, Response
from ...unexpected import UnexpectedStatus


def _get_kwargs(
    *,
    trace_ids: list[str],
) -> dict[str, Any]:

    params: dict[str, Any] = {}
    json_trace_ids = trace_ids

    params["trace_ids"] = json_trace_ids
    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/mlflow/api/3.0/mlflow/traces/batchGet",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> TraceBatch | TracingError | None:
    if response.status_code == 200:
        response_200 = TraceBatch.from_dict(response.json())

        return response_200
    if response.status_code in (400, 401, 403, 429, 500, 501):
        response_400 = TracingError.from_dict(response.json())

        return response_400

    return None


_DOCUMENTED = frozenset({200, 400, 401, 403, 429, 500, 501})


def _build_response(client: Client, response: httpx.Response) -> Response[TraceBatch | TracingError]:
    if client.raise_on_unexpected_status and response.status_code not in _DOCUMENTED:
        raise UnexpectedStatus(response.status_code, response.content)
    return Response.read(response, _parse_response)


def sync_detailed(
    *,
    client: Client,
    trace_ids: list[str],
) -> Response[TraceBatch | TracingError]:
    """Get several traces with their spans.

    Returns traces in the order of the ids. Unknown ids are omitted. If all ids are unknown, the response is an
    empty object.

    Args:
        client: The client that sends the request.
        trace_ids (list[str]):

    Returns:
        The status, the headers, the body and the parsed body.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    kwargs = _get_kwargs(
        trace_ids=trace_ids,
    )
    return _build_response(client, client.get_httpx_client().request(**kwargs))


def sync(
    *,
    client: Client,
    trace_ids: list[str],
) -> TraceBatch | TracingError | None:
    """Get several traces with their spans.

    Returns traces in the order of the ids. Unknown ids are omitted. If all ids are unknown, the response is an
    empty object.

    Args:
        client: The client that sends the request.
        trace_ids (list[str]):

    Returns:
        The parsed body, which may be an error; None if it does not match the contract.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    return sync_detailed(
        client=client,
        trace_ids=trace_ids,
    ).parsed


async def asyncio_detailed(
    *,
    client: Client,
    trace_ids: list[str],
) -> Response[TraceBatch | TracingError]:
    """Get several traces with their spans.

    Returns traces in the order of the ids. Unknown ids are omitted. If all ids are unknown, the response is an
    empty object.

    Args:
        client: The client that sends the request.
        trace_ids (list[str]):

    Returns:
        The status, the headers, the body and the parsed body.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    kwargs = _get_kwargs(
        trace_ids=trace_ids,
    )
    return _build_response(client, await client.get_async_httpx_client().request(**kwargs))


async def asyncio(
    *,
    client: Client,
    trace_ids: list[str],
) -> TraceBatch | TracingError | None:
    """Get several traces with their spans.

    Returns traces in the order of the ids. Unknown ids are omitted. If all ids are unknown, the response is an
    empty object.

    Args:
        client: The client that sends the request.
        trace_ids (list[str]):

    Returns:
        The parsed body, which may be an error; None if it does not match the contract.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    response = await asyncio_detailed(
        client=client,
        trace_ids=trace_ids,
    )
    return response.parsed
