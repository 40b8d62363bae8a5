# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Any

import httpx

from ...client import Client
from ...models.api_error import ApiError
from ...models.insight_list import InsightList
from ...models.insight_status import InsightStatus
from ...types import UNSET, Response, Unset
from ...unexpected import UnexpectedStatus


def _get_kwargs(
    *,
    status: InsightStatus | Unset = UNSET,
    section: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}
    json_status: str | Unset = UNSET
    if not isinstance(status, Unset):
        json_status = status

    params["status"] = json_status
    params["section"] = section
    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/insights",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> InsightList | ApiError | None:
    if response.status_code == 200:
        response_200 = InsightList.from_dict(response.json())

        return response_200
    if response.status_code in (400, 401, 403, 429, 500, 501):
        response_400 = ApiError.from_dict(response.json())

        return response_400

    return None


_DOCUMENTED = frozenset({200, 400, 401, 403, 429, 500, 501})


def _build_response(client: Client, response: httpx.Response) -> Response[InsightList | ApiError]:
    if client.raise_on_unexpected_status and response.status_code not in _DOCUMENTED:
        raise UnexpectedStatus(response.status_code, response.content)
    return Response.read(response, _parse_response)


def sync_detailed(
    *,
    client: Client,
    status: InsightStatus | Unset = UNSET,
    section: str | Unset = UNSET,
) -> Response[InsightList | ApiError]:
    """List insights.

    Returns all insights, optionally filtered by status, section or both.

    Args:
        client: The client that sends the request.
        status (InsightStatus | Unset): The triage status of an insight. `pending` and `new` insights are
            undecided. `materializeJob` creates insights with
            the status `pending`.
        section (str | Unset):

    Returns:
        The status, the headers, the body and the parsed body.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    kwargs = _get_kwargs(
        status=status,
        section=section,
    )
    return _build_response(client, client.get_httpx_client().request(**kwargs))


def sync(
    *,
    client: Client,
    status: InsightStatus | Unset = UNSET,
    section: str | Unset = UNSET,
) -> InsightList | ApiError | None:
    """List insights.

    Returns all insights, optionally filtered by status, section or both.

    Args:
        client: The client that sends the request.
        status (InsightStatus | Unset): The triage status of an insight. `pending` and `new` insights are
            undecided. `materializeJob` creates insights with
            the status `pending`.
        section (str | Unset):

    Returns:
        The parsed body, which may be an error; None if it does not match the contract.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    return sync_detailed(
        client=client,
        status=status,
        section=section,
    ).parsed


async def asyncio_detailed(
    *,
    client: Client,
    status: InsightStatus | Unset = UNSET,
    section: str | Unset = UNSET,
) -> Response[InsightList | ApiError]:
    """List insights.

    Returns all insights, optionally filtered by status, section or both.

    Args:
        client: The client that sends the request.
        status (InsightStatus | Unset): The triage status of an insight. `pending` and `new` insights are
            undecided. `materializeJob` creates insights with
            the status `pending`.
        section (str | Unset):

    Returns:
        The status, the headers, the body and the parsed body.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    kwargs = _get_kwargs(
        status=status,
        section=section,
    )
    return _build_response(client, await client.get_async_httpx_client().request(**kwargs))


async def asyncio(
    *,
    client: Client,
    status: InsightStatus | Unset = UNSET,
    section: str | Unset = UNSET,
) -> InsightList | ApiError | None:
    """List insights.

    Returns all insights, optionally filtered by status, section or both.

    Args:
        client: The client that sends the request.
        status (InsightStatus | Unset): The triage status of an insight. `pending` and `new` insights are
            undecided. `materializeJob` creates insights with
            the status `pending`.
        section (str | Unset):

    Returns:
        The parsed body, which may be an error; None if it does not match the contract.

    Raises:
        httpx.RequestError: No complete response arrived: no connection, a broken one, or a timeout.
        UnexpectedStatus: The contract does not document the status, and `raise_on_unexpected_status` is set.
    """

    response = await asyncio_detailed(
        client=client,
        status=status,
        section=section,
    )
    return response.parsed
