# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Any

import httpx

from ...client import Client
from ...models.experiment_answer import ExperimentAnswer
from ...models.tracing_error import TracingError
from ...types import UNSET, Response
from ...unexpected import UnexpectedStatus


def _get_kwargs(
    *,
    experiment_id: str,
) -> dict[str, Any]:

    params: dict[str, Any] = {}
    params["experiment_id"] = experiment_id
    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/mlflow/api/2.0/mlflow/experiments/get",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> ExperimentAnswer | TracingError | None:
    if response.status_code == 200:
        response_200 = ExperimentAnswer.from_dict(response.json())

        return response_200
    if response.status_code in (400, 401, 403, 404, 429, 500, 501):
        response_400 = TracingError.from_dict(response.json())

        return response_400

    return None


_DOCUMENTED = frozenset({200, 400, 401, 403, 404, 429, 500, 501})


def _build_response(client: Client, response: httpx.Response) -> Response[ExperimentAnswer | TracingError]:
    if client.raise_on_unexpected_status and response.status_code not in _DOCUMENTED:
        raise UnexpectedStatus(response.status_code, response.content)
    return Response.read(response, _parse_response)


def sync_detailed(
    *,
    client: Client,
    experiment_id: str,
) -> Response[ExperimentAnswer | TracingError]:
    """Get an experiment.

    Returns the experiment with this id.

    Args:
        client: The client that sends the request.
        experiment_id (str): Decimal digits, as text.

    Returns:
        The status, the headers, the body and the parsed body.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    kwargs = _get_kwargs(
        experiment_id=experiment_id,
    )
    return _build_response(client, client.get_httpx_client().request(**kwargs))


def sync(
    *,
    client: Client,
    experiment_id: str,
) -> ExperimentAnswer | TracingError | None:
    """Get an experiment.

    Returns the experiment with this id.

    Args:
        client: The client that sends the request.
        experiment_id (str): Decimal digits, as text.

    Returns:
        The parsed body, which may be an error; None if it does not match the contract.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    return sync_detailed(
        client=client,
        experiment_id=experiment_id,
    ).parsed


async def asyncio_detailed(
    *,
    client: Client,
    experiment_id: str,
) -> Response[ExperimentAnswer | TracingError]:
    """Get an experiment.

    Returns the experiment with this id.

    Args:
        client: The client that sends the request.
        experiment_id (str): Decimal digits, as text.

    Returns:
        The status, the headers, the body and the parsed body.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    kwargs = _get_kwargs(
        experiment_id=experiment_id,
    )
    return _build_response(client, await client.get_async_httpx_client().request(**kwargs))


async def asyncio(
    *,
    client: Client,
    experiment_id: str,
) -> ExperimentAnswer | TracingError | None:
    """Get an experiment.

    Returns the experiment with this id.

    Args:
        client: The client that sends the request.
        experiment_id (str): Decimal digits, as text.

    Returns:
        The parsed body, which may be an error; None if it does not match the contract.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    response = await asyncio_detailed(
        client=client,
        experiment_id=experiment_id,
    )
    return response.parsed
