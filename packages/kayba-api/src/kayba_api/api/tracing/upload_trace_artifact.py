# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Any
from urllib.parse import quote

import httpx

from ...client import Client
from ...models.empty import Empty
from ...models.trace_artifact import TraceArtifact
from ...models.tracing_error import TracingError
from ...types import EncodedBody, Response
from ...unexpected import UnexpectedStatus


def _get_kwargs(
    experiment_id: str,
    trace_id: str,
    *,
    body: TraceArtifact | EncodedBody,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "PUT",
        "url": "/mlflow/api/2.0/mlflow-artifacts/artifacts/{experiment_id}/traces/{trace_id}/artifacts/traces.json".format(
            experiment_id=quote(experiment_id, safe=""),
            trace_id=quote(trace_id, safe=""),
        ),
        "headers": headers,
    }
    if isinstance(body, EncodedBody):
        _kwargs["content"] = body.content
        headers["Content-Type"] = body.content_type
        if body.content_encoding is not None:
            headers["Content-Encoding"] = body.content_encoding
    else:
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
    experiment_id: str,
    trace_id: str,
    *,
    client: Client,
    body: TraceArtifact | EncodedBody,
) -> Response[Empty | TracingError]:
    """Store a trace's spans as a file.

    Stores a JSON document with all spans of a trace whose info exists, on servers that do not accept spans at
    `/mlflow/v1/traces`. MLflow's clients declare it as plain text. Sending it again replaces the spans.

    Args:
        experiment_id (str): Decimal digits, as text.
        trace_id (str): `tr-` and the 32 hex digits of the OpenTelemetry trace id.
        client: The client that sends the request.
        body: All spans of a trace. Or its bytes as application/json or text/plain.

    Returns:
        The status, the headers, the body and the parsed body.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    kwargs = _get_kwargs(
        experiment_id=experiment_id,
        trace_id=trace_id,
        body=body,
    )
    return _build_response(client, client.get_httpx_client().request(**kwargs))


def sync(
    experiment_id: str,
    trace_id: str,
    *,
    client: Client,
    body: TraceArtifact | EncodedBody,
) -> Empty | TracingError | None:
    """Store a trace's spans as a file.

    Stores a JSON document with all spans of a trace whose info exists, on servers that do not accept spans at
    `/mlflow/v1/traces`. MLflow's clients declare it as plain text. Sending it again replaces the spans.

    Args:
        experiment_id (str): Decimal digits, as text.
        trace_id (str): `tr-` and the 32 hex digits of the OpenTelemetry trace id.
        client: The client that sends the request.
        body: All spans of a trace. Or its bytes as application/json or text/plain.

    Returns:
        The parsed body, which may be an error; None if it does not match the contract.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    return sync_detailed(
        experiment_id=experiment_id,
        trace_id=trace_id,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    experiment_id: str,
    trace_id: str,
    *,
    client: Client,
    body: TraceArtifact | EncodedBody,
) -> Response[Empty | TracingError]:
    """Store a trace's spans as a file.

    Stores a JSON document with all spans of a trace whose info exists, on servers that do not accept spans at
    `/mlflow/v1/traces`. MLflow's clients declare it as plain text. Sending it again replaces the spans.

    Args:
        experiment_id (str): Decimal digits, as text.
        trace_id (str): `tr-` and the 32 hex digits of the OpenTelemetry trace id.
        client: The client that sends the request.
        body: All spans of a trace. Or its bytes as application/json or text/plain.

    Returns:
        The status, the headers, the body and the parsed body.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    kwargs = _get_kwargs(
        experiment_id=experiment_id,
        trace_id=trace_id,
        body=body,
    )
    return _build_response(client, await client.get_async_httpx_client().request(**kwargs))


async def asyncio(
    experiment_id: str,
    trace_id: str,
    *,
    client: Client,
    body: TraceArtifact | EncodedBody,
) -> Empty | TracingError | None:
    """Store a trace's spans as a file.

    Stores a JSON document with all spans of a trace whose info exists, on servers that do not accept spans at
    `/mlflow/v1/traces`. MLflow's clients declare it as plain text. Sending it again replaces the spans.

    Args:
        experiment_id (str): Decimal digits, as text.
        trace_id (str): `tr-` and the 32 hex digits of the OpenTelemetry trace id.
        client: The client that sends the request.
        body: All spans of a trace. Or its bytes as application/json or text/plain.

    Returns:
        The parsed body, which may be an error; None if it does not match the contract.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    response = await asyncio_detailed(
        experiment_id=experiment_id,
        trace_id=trace_id,
        client=client,
        body=body,
    )
    return response.parsed
