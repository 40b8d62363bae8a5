# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Any

import httpx

from ...client import Client
from ...models.export_trace_service_request import ExportTraceServiceRequest
from ...models.export_trace_service_response import ExportTraceServiceResponse
from ...models.tracing_error import TracingError
from ...types import EncodedBody, Response
from ...unexpected import UnexpectedStatus


def _get_kwargs(
    *,
    body: ExportTraceServiceRequest | EncodedBody,
    x_mlflow_experiment_id: str,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    headers["x-mlflow-experiment-id"] = x_mlflow_experiment_id

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/mlflow/v1/traces",
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


def _parse_response(response: httpx.Response) -> ExportTraceServiceResponse | TracingError | None:
    if response.status_code == 200:
        response_200 = ExportTraceServiceResponse.from_dict(response.json())

        return response_200
    if response.status_code in (400, 401, 403, 404, 413, 415, 429, 500, 501):
        response_400 = TracingError.from_dict(response.json())

        return response_400

    return None


_DOCUMENTED = frozenset({200, 400, 401, 403, 404, 413, 415, 429, 500, 501})


def _build_response(client: Client, response: httpx.Response) -> Response[ExportTraceServiceResponse | TracingError]:
    if client.raise_on_unexpected_status and response.status_code not in _DOCUMENTED:
        raise UnexpectedStatus(response.status_code, response.content)
    return Response.read(response, _parse_response)


def sync_detailed(
    *,
    client: Client,
    body: ExportTraceServiceRequest | EncodedBody,
    x_mlflow_experiment_id: str,
) -> Response[ExportTraceServiceResponse | TracingError]:
    """Send spans.

    Accepts OTLP/HTTP. A request may contain any number of spans of any number of traces. All of them are stored
    before the response is sent, and sending them again changes nothing. The body may be compressed (`Content-
    Encoding: gzip`) and may have at most 64 MiB uncompressed. The response has the encoding of the request.

    JSON is read as protobuf's JSON mapping defines: 64-bit integers may be text, enum values may be names, and null
    stands for an absent field. An invalid span costs itself only: the others are stored, and `partialSuccess` in
    the response has the number of rejected spans and the reasons. If all spans are invalid, the status is 400.

    These attributes have a meaning for a trace: `mlflow.spanInputs` and `mlflow.spanOutputs` (JSON in a string),
    `mlflow.spanType` and `mlflow.spanFunctionName`. On the root span, `mlflow.traceTag.<key>` becomes the trace's
    tag `<key>`, `mlflow.traceTag.mlflow.traceName` becomes its name, `mlflow.traceMetadata.<key>` becomes the
    metadata `<key>`, and `session.id` and `user.id` become metadata. While a trace has no root span, its earliest
    span without a stored parent takes that place. An event named `exception` contains an exception.

    A server that does not accept spans returns 501. On such a server, create the trace with `createTraceInfo` and
    send its spans with `uploadTraceArtifact`.

    Args:
        client: The client that sends the request.
        body: Spans, grouped by their sources. Or its bytes as application/json or application/x-protobuf.
        x_mlflow_experiment_id (str): Decimal digits, as text.

    Returns:
        The status, the headers, the body and the parsed body.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    kwargs = _get_kwargs(
        body=body,
        x_mlflow_experiment_id=x_mlflow_experiment_id,
    )
    return _build_response(client, client.get_httpx_client().request(**kwargs))


def sync(
    *,
    client: Client,
    body: ExportTraceServiceRequest | EncodedBody,
    x_mlflow_experiment_id: str,
) -> ExportTraceServiceResponse | TracingError | None:
    """Send spans.

    Accepts OTLP/HTTP. A request may contain any number of spans of any number of traces. All of them are stored
    before the response is sent, and sending them again changes nothing. The body may be compressed (`Content-
    Encoding: gzip`) and may have at most 64 MiB uncompressed. The response has the encoding of the request.

    JSON is read as protobuf's JSON mapping defines: 64-bit integers may be text, enum values may be names, and null
    stands for an absent field. An invalid span costs itself only: the others are stored, and `partialSuccess` in
    the response has the number of rejected spans and the reasons. If all spans are invalid, the status is 400.

    These attributes have a meaning for a trace: `mlflow.spanInputs` and `mlflow.spanOutputs` (JSON in a string),
    `mlflow.spanType` and `mlflow.spanFunctionName`. On the root span, `mlflow.traceTag.<key>` becomes the trace's
    tag `<key>`, `mlflow.traceTag.mlflow.traceName` becomes its name, `mlflow.traceMetadata.<key>` becomes the
    metadata `<key>`, and `session.id` and `user.id` become metadata. While a trace has no root span, its earliest
    span without a stored parent takes that place. An event named `exception` contains an exception.

    A server that does not accept spans returns 501. On such a server, create the trace with `createTraceInfo` and
    send its spans with `uploadTraceArtifact`.

    Args:
        client: The client that sends the request.
        body: Spans, grouped by their sources. Or its bytes as application/json or application/x-protobuf.
        x_mlflow_experiment_id (str): Decimal digits, as text.

    Returns:
        The parsed body, which may be an error; None if it does not match the contract.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    return sync_detailed(
        client=client,
        body=body,
        x_mlflow_experiment_id=x_mlflow_experiment_id,
    ).parsed


async def asyncio_detailed(
    *,
    client: Client,
    body: ExportTraceServiceRequest | EncodedBody,
    x_mlflow_experiment_id: str,
) -> Response[ExportTraceServiceResponse | TracingError]:
    """Send spans.

    Accepts OTLP/HTTP. A request may contain any number of spans of any number of traces. All of them are stored
    before the response is sent, and sending them again changes nothing. The body may be compressed (`Content-
    Encoding: gzip`) and may have at most 64 MiB uncompressed. The response has the encoding of the request.

    JSON is read as protobuf's JSON mapping defines: 64-bit integers may be text, enum values may be names, and null
    stands for an absent field. An invalid span costs itself only: the others are stored, and `partialSuccess` in
    the response has the number of rejected spans and the reasons. If all spans are invalid, the status is 400.

    These attributes have a meaning for a trace: `mlflow.spanInputs` and `mlflow.spanOutputs` (JSON in a string),
    `mlflow.spanType` and `mlflow.spanFunctionName`. On the root span, `mlflow.traceTag.<key>` becomes the trace's
    tag `<key>`, `mlflow.traceTag.mlflow.traceName` becomes its name, `mlflow.traceMetadata.<key>` becomes the
    metadata `<key>`, and `session.id` and `user.id` become metadata. While a trace has no root span, its earliest
    span without a stored parent takes that place. An event named `exception` contains an exception.

    A server that does not accept spans returns 501. On such a server, create the trace with `createTraceInfo` and
    send its spans with `uploadTraceArtifact`.

    Args:
        client: The client that sends the request.
        body: Spans, grouped by their sources. Or its bytes as application/json or application/x-protobuf.
        x_mlflow_experiment_id (str): Decimal digits, as text.

    Returns:
        The status, the headers, the body and the parsed body.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    kwargs = _get_kwargs(
        body=body,
        x_mlflow_experiment_id=x_mlflow_experiment_id,
    )
    return _build_response(client, await client.get_async_httpx_client().request(**kwargs))


async def asyncio(
    *,
    client: Client,
    body: ExportTraceServiceRequest | EncodedBody,
    x_mlflow_experiment_id: str,
) -> ExportTraceServiceResponse | TracingError | None:
    """Send spans.

    Accepts OTLP/HTTP. A request may contain any number of spans of any number of traces. All of them are stored
    before the response is sent, and sending them again changes nothing. The body may be compressed (`Content-
    Encoding: gzip`) and may have at most 64 MiB uncompressed. The response has the encoding of the request.

    JSON is read as protobuf's JSON mapping defines: 64-bit integers may be text, enum values may be names, and null
    stands for an absent field. An invalid span costs itself only: the others are stored, and `partialSuccess` in
    the response has the number of rejected spans and the reasons. If all spans are invalid, the status is 400.

    These attributes have a meaning for a trace: `mlflow.spanInputs` and `mlflow.spanOutputs` (JSON in a string),
    `mlflow.spanType` and `mlflow.spanFunctionName`. On the root span, `mlflow.traceTag.<key>` becomes the trace's
    tag `<key>`, `mlflow.traceTag.mlflow.traceName` becomes its name, `mlflow.traceMetadata.<key>` becomes the
    metadata `<key>`, and `session.id` and `user.id` become metadata. While a trace has no root span, its earliest
    span without a stored parent takes that place. An event named `exception` contains an exception.

    A server that does not accept spans returns 501. On such a server, create the trace with `createTraceInfo` and
    send its spans with `uploadTraceArtifact`.

    Args:
        client: The client that sends the request.
        body: Spans, grouped by their sources. Or its bytes as application/json or application/x-protobuf.
        x_mlflow_experiment_id (str): Decimal digits, as text.

    Returns:
        The parsed body, which may be an error; None if it does not match the contract.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    response = await asyncio_detailed(
        client=client,
        body=body,
        x_mlflow_experiment_id=x_mlflow_experiment_id,
    )
    return response.parsed
