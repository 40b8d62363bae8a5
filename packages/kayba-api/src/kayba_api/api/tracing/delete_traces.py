# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Any

import httpx

from ...client import Client
from ...models.delete_traces_request import DeleteTracesRequest
from ...models.deleted_traces import DeletedTraces
from ...models.tracing_error import TracingError
from ...types import Response
from ...unexpected import UnexpectedStatus


def _get_kwargs(
    *,
    body: DeleteTracesRequest,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/mlflow/api/2.0/mlflow/traces/delete-traces",
    }
    _kwargs["json"] = body.to_dict()

    return _kwargs


def _parse_response(response: httpx.Response) -> DeletedTraces | TracingError | None:
    if response.status_code == 200:
        response_200 = DeletedTraces.from_dict(response.json())

        return response_200
    if response.status_code in (400, 401, 403, 413, 415, 429, 500, 501):
        response_400 = TracingError.from_dict(response.json())

        return response_400

    return None


_DOCUMENTED = frozenset({200, 400, 401, 403, 413, 415, 429, 500, 501})


def _build_response(client: Client, response: httpx.Response) -> Response[DeletedTraces | TracingError]:
    if client.raise_on_unexpected_status and response.status_code not in _DOCUMENTED:
        raise UnexpectedStatus(response.status_code, response.content)
    return Response.read(response, _parse_response)


def sync_detailed(
    *,
    client: Client,
    body: DeleteTracesRequest,
) -> Response[DeletedTraces | TracingError]:
    """Delete traces.

    Deletes traces of one experiment permanently: the traces in `request_ids`, or the oldest traces that started at
    or before `max_timestamp_millis`, at most `max_traces`. Unknown ids are ignored.

    Args:
        client: The client that sends the request.
        body: The traces to delete, given by either `request_ids` or `max_timestamp_millis`.

    Returns:
        The status, the headers, the body and the parsed body.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    kwargs = _get_kwargs(
        body=body,
    )
    return _build_response(client, client.get_httpx_client().request(**kwargs))


def sync(
    *,
    client: Client,
    body: DeleteTracesRequest,
) -> DeletedTraces | TracingError | None:
    """Delete traces.

    Deletes traces of one experiment permanently: the traces in `request_ids`, or the oldest traces that started at
    or before `max_timestamp_millis`, at most `max_traces`. Unknown ids are ignored.

    Args:
        client: The client that sends the request.
        body: The traces to delete, given by either `request_ids` or `max_timestamp_millis`.

    Returns:
        The parsed body, which may be an error; None if it does not match the contract.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: Client,
    body: DeleteTracesRequest,
) -> Response[DeletedTraces | TracingError]:
    """Delete traces.

    Deletes traces of one experiment permanently: the traces in `request_ids`, or the oldest traces that started at
    or before `max_timestamp_millis`, at most `max_traces`. Unknown ids are ignored.

    Args:
        client: The client that sends the request.
        body: The traces to delete, given by either `request_ids` or `max_timestamp_millis`.

    Returns:
        The status, the headers, the body and the parsed body.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    kwargs = _get_kwargs(
        body=body,
    )
    return _build_response(client, await client.get_async_httpx_client().request(**kwargs))


async def asyncio(
    *,
    client: Client,
    body: DeleteTracesRequest,
) -> DeletedTraces | TracingError | None:
    """Delete traces.

    Deletes traces of one experiment permanently: the traces in `request_ids`, or the oldest traces that started at
    or before `max_timestamp_millis`, at most `max_traces`. Unknown ids are ignored.

    Args:
        client: The client that sends the request.
        body: The traces to delete, given by either `request_ids` or `max_timestamp_millis`.

    Returns:
        The parsed body, which may be an error; None if it does not match the contract.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    response = await asyncio_detailed(
        client=client,
        body=body,
    )
    return response.parsed
