# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Any
from urllib.parse import quote

import httpx

from ...client import Client
from ...models.empty import Empty
from ...models.set_trace_tag_request import SetTraceTagRequest
from ...models.tracing_error import TracingError
from ...types import Response
from ...unexpected import UnexpectedStatus


def _get_kwargs(
    trace_id: str,
    *,
    body: SetTraceTagRequest,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "PATCH",
        "url": "/mlflow/api/2.0/mlflow/traces/{trace_id}/tags".format(
            trace_id=quote(trace_id, safe=""),
        ),
    }
    _kwargs["json"] = body.to_dict()

    return _kwargs


def _parse_response(response: httpx.Response) -> Empty | TracingError | None:
    if response.status_code == 200:
        response_200 = Empty.from_dict(response.json())

        return response_200
    if response.status_code in (400, 401, 403, 404, 413, 415, 429, 500, 501):
        response_400 = TracingError.from_dict(response.json())

        return response_400

    return None


_DOCUMENTED = frozenset({200, 400, 401, 403, 404, 413, 415, 429, 500, 501})


def _build_response(client: Client, response: httpx.Response) -> Response[Empty | TracingError]:
    if client.raise_on_unexpected_status and response.status_code not in _DOCUMENTED:
        raise UnexpectedStatus(response.status_code, response.content)
    return Response.read(response, _parse_response)


def sync_detailed(
    trace_id: str,
    *,
    client: Client,
    body: SetTraceTagRequest,
) -> Response[Empty | TracingError]:
    """Set a tag of a trace.

    Adds the tag or replaces its value.

    Args:
        trace_id (str): `tr-` and the 32 hex digits of the OpenTelemetry trace id.
        client: The client that sends the request.
        body: A tag to set.

    Returns:
        The status, the headers, the body and the parsed body.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    kwargs = _get_kwargs(
        trace_id=trace_id,
        body=body,
    )
    return _build_response(client, client.get_httpx_client().request(**kwargs))


def sync(
    trace_id: str,
    *,
    client: Client,
    body: SetTraceTagRequest,
) -> Empty | TracingError | None:
    """Set a tag of a trace.

    Adds the tag or replaces its value.

    Args:
        trace_id (str): `tr-` and the 32 hex digits of the OpenTelemetry trace id.
        client: The client that sends the request.
        body: A tag to set.

    Returns:
        The parsed body, which may be an error; None if it does not match the contract.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    return sync_detailed(
        trace_id=trace_id,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    trace_id: str,
    *,
    client: Client,
    body: SetTraceTagRequest,
) -> Response[Empty | TracingError]:
    """Set a tag of a trace.

    Adds the tag or replaces its value.

    Args:
        trace_id (str): `tr-` and the 32 hex digits of the OpenTelemetry trace id.
        client: The client that sends the request.
        body: A tag to set.

    Returns:
        The status, the headers, the body and the parsed body.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    kwargs = _get_kwargs(
        trace_id=trace_id,
        body=body,
    )
    return _build_response(client, await client.get_async_httpx_client().request(**kwargs))


async def asyncio(
    trace_id: str,
    *,
    client: Client,
    body: SetTraceTagRequest,
) -> Empty | TracingError | None:
    """Set a tag of a trace.

    Adds the tag or replaces its value.

    Args:
        trace_id (str): `tr-` and the 32 hex digits of the OpenTelemetry trace id.
        client: The client that sends the request.
        body: A tag to set.

    Returns:
        The parsed body, which may be an error; None if it does not match the contract.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    response = await asyncio_detailed(
        trace_id=trace_id,
        client=client,
        body=body,
    )
    return response.parsed
