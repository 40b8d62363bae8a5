# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Any

import httpx

from ...client import Client
from ...models.create_trace_info_request import CreateTraceInfoRequest
from ...models.trace_info_answer import TraceInfoAnswer
from ...models.tracing_error import TracingError
from ...types import Response
from ...unexpected import UnexpectedStatus


def _get_kwargs(
    *,
    body: CreateTraceInfoRequest,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/mlflow/api/3.0/mlflow/traces",
    }
    _kwargs["json"] = body.to_dict()

    return _kwargs


def _parse_response(response: httpx.Response) -> TraceInfoAnswer | TracingError | None:
    if response.status_code == 200:
        response_200 = TraceInfoAnswer.from_dict(response.json())

        return response_200
    if response.status_code in (400, 401, 403, 404, 413, 415, 429, 500, 501):
        response_400 = TracingError.from_dict(response.json())

        return response_400

    return None


_DOCUMENTED = frozenset({200, 400, 401, 403, 404, 413, 415, 429, 500, 501})


def _build_response(client: Client, response: httpx.Response) -> Response[TraceInfoAnswer | TracingError]:
    if client.raise_on_unexpected_status and response.status_code not in _DOCUMENTED:
        raise UnexpectedStatus(response.status_code, response.content)
    return Response.read(response, _parse_response)


def sync_detailed(
    *,
    client: Client,
    body: CreateTraceInfoRequest,
) -> Response[TraceInfoAnswer | TracingError]:
    """Create or replace a trace's info.

    Stores the data of a trace except its spans. Returns the stored info, with the server's own tags added
    (`mlflow.artifactLocation`, `mlflow.trace.spansLocation`).

    Args:
        client: The client that sends the request.
        body: The info of a trace to create or replace.

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
    body: CreateTraceInfoRequest,
) -> TraceInfoAnswer | TracingError | None:
    """Create or replace a trace's info.

    Stores the data of a trace except its spans. Returns the stored info, with the server's own tags added
    (`mlflow.artifactLocation`, `mlflow.trace.spansLocation`).

    Args:
        client: The client that sends the request.
        body: The info of a trace to create or replace.

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
    body: CreateTraceInfoRequest,
) -> Response[TraceInfoAnswer | TracingError]:
    """Create or replace a trace's info.

    Stores the data of a trace except its spans. Returns the stored info, with the server's own tags added
    (`mlflow.artifactLocation`, `mlflow.trace.spansLocation`).

    Args:
        client: The client that sends the request.
        body: The info of a trace to create or replace.

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
    body: CreateTraceInfoRequest,
) -> TraceInfoAnswer | TracingError | None:
    """Create or replace a trace's info.

    Stores the data of a trace except its spans. Returns the stored info, with the server's own tags added
    (`mlflow.artifactLocation`, `mlflow.trace.spansLocation`).

    Args:
        client: The client that sends the request.
        body: The info of a trace to create or replace.

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
