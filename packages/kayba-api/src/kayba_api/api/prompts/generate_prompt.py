# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Any

import httpx

from ...client import Client
from ...models.api_error import ApiError
from ...models.generate_prompt_request import GeneratePromptRequest
from ...models.generated_prompt import GeneratedPrompt
from ...types import Response
from ...unexpected import UnexpectedStatus


def _get_kwargs(
    *,
    body: GeneratePromptRequest,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/prompts/generate",
    }
    _kwargs["json"] = body.to_dict()

    return _kwargs


def _parse_response(response: httpx.Response) -> GeneratedPrompt | ApiError | None:
    if response.status_code == 200:
        response_200 = GeneratedPrompt.from_dict(response.json())

        return response_200
    if response.status_code in (400, 401, 403, 404, 409, 413, 415, 429, 500, 501):
        response_400 = ApiError.from_dict(response.json())

        return response_400

    return None


_DOCUMENTED = frozenset({200, 400, 401, 403, 404, 409, 413, 415, 429, 500, 501})


def _build_response(client: Client, response: httpx.Response) -> Response[GeneratedPrompt | ApiError]:
    if client.raise_on_unexpected_status and response.status_code not in _DOCUMENTED:
        raise UnexpectedStatus(response.status_code, response.content)
    return Response.read(response, _parse_response)


def sync_detailed(
    *,
    client: Client,
    body: GeneratePromptRequest,
) -> Response[GeneratedPrompt | ApiError]:
    """Make a prompt from accepted insights.

    Writes a new version of the prompt from the given insights, or from all accepted insights. The text has a
    heading for each section and a list item for each insight, with its sources: the insight's id and the ids of
    traces that show it. The same insights give the same text. Returns 409 if there is no accepted insight, or if a
    given insight has not been accepted.

    Args:
        client: The client that sends the request.
        body: The insights for a prompt.

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
    body: GeneratePromptRequest,
) -> GeneratedPrompt | ApiError | None:
    """Make a prompt from accepted insights.

    Writes a new version of the prompt from the given insights, or from all accepted insights. The text has a
    heading for each section and a list item for each insight, with its sources: the insight's id and the ids of
    traces that show it. The same insights give the same text. Returns 409 if there is no accepted insight, or if a
    given insight has not been accepted.

    Args:
        client: The client that sends the request.
        body: The insights for a prompt.

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
    body: GeneratePromptRequest,
) -> Response[GeneratedPrompt | ApiError]:
    """Make a prompt from accepted insights.

    Writes a new version of the prompt from the given insights, or from all accepted insights. The text has a
    heading for each section and a list item for each insight, with its sources: the insight's id and the ids of
    traces that show it. The same insights give the same text. Returns 409 if there is no accepted insight, or if a
    given insight has not been accepted.

    Args:
        client: The client that sends the request.
        body: The insights for a prompt.

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
    body: GeneratePromptRequest,
) -> GeneratedPrompt | ApiError | None:
    """Make a prompt from accepted insights.

    Writes a new version of the prompt from the given insights, or from all accepted insights. The text has a
    heading for each section and a list item for each insight, with its sources: the insight's id and the ids of
    traces that show it. The same insights give the same text. Returns 409 if there is no accepted insight, or if a
    given insight has not been accepted.

    Args:
        client: The client that sends the request.
        body: The insights for a prompt.

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
