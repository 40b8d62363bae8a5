# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Any
from urllib.parse import quote

import httpx

from ...client import Client
from ...models.assessment_answer import AssessmentAnswer
from ...models.create_assessment_request import CreateAssessmentRequest
from ...models.tracing_error import TracingError
from ...types import Response
from ...unexpected import UnexpectedStatus


def _get_kwargs(
    trace_id: str,
    *,
    body: CreateAssessmentRequest,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/mlflow/api/3.0/mlflow/traces/{trace_id}/assessments".format(
            trace_id=quote(trace_id, safe=""),
        ),
    }
    _kwargs["json"] = body.to_dict()

    return _kwargs


def _parse_response(response: httpx.Response) -> AssessmentAnswer | TracingError | None:
    if response.status_code == 200:
        response_200 = AssessmentAnswer.from_dict(response.json())

        return response_200
    if response.status_code in (400, 401, 403, 404, 413, 415, 429, 500, 501):
        response_400 = TracingError.from_dict(response.json())

        return response_400

    return None


_DOCUMENTED = frozenset({200, 400, 401, 403, 404, 413, 415, 429, 500, 501})


def _build_response(client: Client, response: httpx.Response) -> Response[AssessmentAnswer | TracingError]:
    if client.raise_on_unexpected_status and response.status_code not in _DOCUMENTED:
        raise UnexpectedStatus(response.status_code, response.content)
    return Response.read(response, _parse_response)


def sync_detailed(
    trace_id: str,
    *,
    client: Client,
    body: CreateAssessmentRequest,
) -> Response[AssessmentAnswer | TracingError]:
    """Assess a trace.

    Adds feedback on a trace or one of its spans, or its expected result.

    Args:
        trace_id (str): `tr-` and the 32 hex digits of the OpenTelemetry trace id.
        client: The client that sends the request.
        body: An assessment to add.

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
    body: CreateAssessmentRequest,
) -> AssessmentAnswer | TracingError | None:
    """Assess a trace.

    Adds feedback on a trace or one of its spans, or its expected result.

    Args:
        trace_id (str): `tr-` and the 32 hex digits of the OpenTelemetry trace id.
        client: The client that sends the request.
        body: An assessment to add.

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
    body: CreateAssessmentRequest,
) -> Response[AssessmentAnswer | TracingError]:
    """Assess a trace.

    Adds feedback on a trace or one of its spans, or its expected result.

    Args:
        trace_id (str): `tr-` and the 32 hex digits of the OpenTelemetry trace id.
        client: The client that sends the request.
        body: An assessment to add.

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
    body: CreateAssessmentRequest,
) -> AssessmentAnswer | TracingError | None:
    """Assess a trace.

    Adds feedback on a trace or one of its spans, or its expected result.

    Args:
        trace_id (str): `tr-` and the 32 hex digits of the OpenTelemetry trace id.
        client: The client that sends the request.
        body: An assessment to add.

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
