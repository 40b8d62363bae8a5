# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Any
from urllib.parse import quote

import httpx

from ...client import Client
from ...models.delete_trace_tag_request import DeleteTraceTagRequest
from ...models.empty import Empty
from ...models.tracing_error import TracingError
from ...types import UNSET, Response, Unset
from ...unexpected import UnexpectedStatus


def _get_kwargs(
    trace_id: str,
    *,
    body: DeleteTraceTagRequest | Unset = UNSET,
    key: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}
    params["key"] = key
    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "DELETE",
        "url": "/mlflow/api/2.0/mlflow/traces/{trace_id}/tags".format(
            trace_id=quote(trace_id, safe=""),
        ),
        "params": params,
    }
    if not isinstance(body, Unset):
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
    body: DeleteTraceTagRequest | Unset = UNSET,
    key: str | Unset = UNSET,
) -> Response[Empty | TracingError]:
    """Delete a tag of a trace.

    Deletes the tag. Returns 404 if the trace has no such tag. The key must be in the query or in a JSON body.
    MLflow's servers read only the body, so a client of both kinds of server sends the body.

    Args:
        trace_id (str): `tr-` and the 32 hex digits of the OpenTelemetry trace id.
        client: The client that sends the request.
        body: A tag to delete.
        key (str | Unset): The key of a tag.

    Returns:
        The status, the headers, the body and the parsed body.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    kwargs = _get_kwargs(
        trace_id=trace_id,
        body=body,
        key=key,
    )
    return _build_response(client, client.get_httpx_client().request(**kwargs))


def sync(
    trace_id: str,
    *,
    client: Client,
    body: DeleteTraceTagRequest | Unset = UNSET,
    key: str | Unset = UNSET,
) -> Empty | TracingError | None:
    """Delete a tag of a trace.

    Deletes the tag. Returns 404 if the trace has no such tag. The key must be in the query or in a JSON body.
    MLflow's servers read only the body, so a client of both kinds of server sends the body.

    Args:
        trace_id (str): `tr-` and the 32 hex digits of the OpenTelemetry trace id.
        client: The client that sends the request.
        body: A tag to delete.
        key (str | Unset): The key of a tag.

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
        key=key,
    ).parsed


async def asyncio_detailed(
    trace_id: str,
    *,
    client: Client,
    body: DeleteTraceTagRequest | Unset = UNSET,
    key: str | Unset = UNSET,
) -> Response[Empty | TracingError]:
    """Delete a tag of a trace.

    Deletes the tag. Returns 404 if the trace has no such tag. The key must be in the query or in a JSON body.
    MLflow's servers read only the body, so a client of both kinds of server sends the body.

    Args:
        trace_id (str): `tr-` and the 32 hex digits of the OpenTelemetry trace id.
        client: The client that sends the request.
        body: A tag to delete.
        key (str | Unset): The key of a tag.

    Returns:
        The status, the headers, the body and the parsed body.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    kwargs = _get_kwargs(
        trace_id=trace_id,
        body=body,
        key=key,
    )
    return _build_response(client, await client.get_async_httpx_client().request(**kwargs))


async def asyncio(
    trace_id: str,
    *,
    client: Client,
    body: DeleteTraceTagRequest | Unset = UNSET,
    key: str | Unset = UNSET,
) -> Empty | TracingError | None:
    """Delete a tag of a trace.

    Deletes the tag. Returns 404 if the trace has no such tag. The key must be in the query or in a JSON body.
    MLflow's servers read only the body, so a client of both kinds of server sends the body.

    Args:
        trace_id (str): `tr-` and the 32 hex digits of the OpenTelemetry trace id.
        client: The client that sends the request.
        body: A tag to delete.
        key (str | Unset): The key of a tag.

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
        key=key,
    )
    return response.parsed
