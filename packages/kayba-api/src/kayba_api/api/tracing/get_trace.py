# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Any

import httpx

from ...client import Client
from ...models.trace_answer import TraceAnswer
from ...models.tracing_error import TracingError
from ...types import UNSET, Response, Unset
from ...unexpected import UnexpectedStatus


def _get_kwargs(
    *,
    trace_id: str,
    allow_partial: bool | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}
    params["trace_id"] = trace_id
    params["allow_partial"] = allow_partial
    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/mlflow/api/3.0/mlflow/traces/get",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> TraceAnswer | TracingError | None:
    if response.status_code == 200:
        response_200 = TraceAnswer.from_dict(response.json())

        return response_200
    if response.status_code in (400, 401, 403, 404, 429, 500, 501):
        response_400 = TracingError.from_dict(response.json())

        return response_400

    return None


_DOCUMENTED = frozenset({200, 400, 401, 403, 404, 429, 500, 501})


def _build_response(client: Client, response: httpx.Response) -> Response[TraceAnswer | TracingError]:
    if client.raise_on_unexpected_status and response.status_code not in _DOCUMENTED:
        raise UnexpectedStatus(response.status_code, response.content)
    return Response.read(response, _parse_response)


def sync_detailed(
    *,
    client: Client,
    trace_id: str,
    allow_partial: bool | Unset = UNSET,
) -> Response[TraceAnswer | TracingError]:
    """Get a trace with its spans.

    Returns a trace's info and all its spans, in the order of their start.

    Args:
        client: The client that sends the request.
        trace_id (str): `tr-` and the 32 hex digits of the OpenTelemetry trace id.
        allow_partial (bool | Unset):

    Returns:
        The status, the headers, the body and the parsed body.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    kwargs = _get_kwargs(
        trace_id=trace_id,
        allow_partial=allow_partial,
    )
    return _build_response(client, client.get_httpx_client().request(**kwargs))


def sync(
    *,
    client: Client,
    trace_id: str,
    allow_partial: bool | Unset = UNSET,
) -> TraceAnswer | TracingError | None:
    """Get a trace with its spans.

    Returns a trace's info and all its spans, in the order of their start.

    Args:
        client: The client that sends the request.
        trace_id (str): `tr-` and the 32 hex digits of the OpenTelemetry trace id.
        allow_partial (bool | Unset):

    Returns:
        The parsed body, which may be an error; None if it does not match the contract.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    return sync_detailed(
        client=client,
        trace_id=trace_id,
        allow_partial=allow_partial,
    ).parsed


async def asyncio_detailed(
    *,
    client: Client,
    trace_id: str,
    allow_partial: bool | Unset = UNSET,
) -> Response[TraceAnswer | TracingError]:
    """Get a trace with its spans.

    Returns a trace's info and all its spans, in the order of their start.

    Args:
        client: The client that sends the request.
        trace_id (str): `tr-` and the 32 hex digits of the OpenTelemetry trace id.
        allow_partial (bool | Unset):

    Returns:
        The status, the headers, the body and the parsed body.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    kwargs = _get_kwargs(
        trace_id=trace_id,
        allow_partial=allow_partial,
    )
    return _build_response(client, await client.get_async_httpx_client().request(**kwargs))


async def asyncio(
    *,
    client: Client,
    trace_id: str,
    allow_partial: bool | Unset = UNSET,
) -> TraceAnswer | TracingError | None:
    """Get a trace with its spans.

    Returns a trace's info and all its spans, in the order of their start.

    Args:
        client: The client that sends the request.
        trace_id (str): `tr-` and the 32 hex digits of the OpenTelemetry trace id.
        allow_partial (bool | Unset):

    Returns:
        The parsed body, which may be an error; None if it does not match the contract.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    response = await asyncio_detailed(
        client=client,
        trace_id=trace_id,
        allow_partial=allow_partial,
    )
    return response.parsed
