# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""Prompts made from accepted insights."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from functools import cached_property
from typing import Final

import httpx

from .._call_steps import CallOptions, Operation
from .._calls import AsyncResource, Resource
from .._pages import AsyncPages, Page, Paging, fetch_page
from .._raw_response import async_to_raw_response_wrapper, to_raw_response_wrapper
from ..api.prompts import generate_prompt, get_prompt, list_prompts
from ..models.generate_prompt_request import GeneratePromptRequest
from ..models.generated_prompt import GeneratedPrompt
from ..models.prompt import Prompt
from ..models.prompt_list import PromptList
from ..models.prompt_summary import PromptSummary
from ..types import UNSET

_GENERATE: Final = Operation[GeneratedPrompt](
    parse=generate_prompt._parse_response,
    expected=(GeneratedPrompt,),
    idempotent=False,
    conflict_is_final=True,
)

_LIST: Final = Operation[PromptList](
    parse=list_prompts._parse_response,
    expected=(PromptList,),
    idempotent=True,
    conflict_is_final=False,
)

_GET: Final = Operation[Prompt](
    parse=get_prompt._parse_response,
    expected=(Prompt,),
    idempotent=True,
    conflict_is_final=False,
)


class PromptsResource(Resource):
    """Prompts made from accepted insights."""

    @cached_property
    def with_raw_response(self) -> PromptsWithRawResponse:
        """The same methods, returning status and headers besides the result."""
        return PromptsWithRawResponse(self)

    def generate(
        self,
        *,
        insight_ids: builtins.list[str] | None = None,
        label: str | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> GeneratedPrompt:
        """Make a prompt from accepted insights.

        Writes a new version of the prompt from the given insights, or from all accepted insights. The text has a
        heading for each section and a list item for each insight, with its sources: the insight's id and the ids of
        traces that show it. The same insights give the same text. Returns 409 if there is no accepted insight, or
        if a given insight has not been accepted.

        Args:
            insight_ids: The insights to use. Default: all accepted insights.
            label: A display name.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The new prompt.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id.
            ConflictError: The request is valid, but conflicts with the current state.
            PayloadTooLargeError: The body is over the operation's limit. Nothing was stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.prompts.generate(insight_ids=["ins-90af31"], label="support agent")
        """
        return self._calls.call(
            _GENERATE,
            generate_prompt._get_kwargs(
                body=GeneratePromptRequest(
                    insight_ids=UNSET if insight_ids is None else insight_ids, label=UNSET if label is None else label
                )
            ),
            CallOptions(timeout, max_retries, extra_headers),
        )

    def list(
        self,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Page[PromptSummary]:
        """List prompts.

        Returns all prompts, newest first.

        Iterate over the result to get all prompts.

        Args:
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The first page. Iterating over it also fetches the later pages.

        Raises:
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> for item in client.prompts.list():
            ...     print(item)
        """
        paging = Paging[PromptSummary](
            _LIST,
            items=lambda response: response.prompts or [],
            next_token=lambda _: None,
            arguments=lambda _: list_prompts._get_kwargs(),
            options=CallOptions(timeout, max_retries, extra_headers),
        )
        return fetch_page(self._calls, paging)

    def get(
        self,
        id: str,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Prompt:
        """Get a prompt.

        Returns one prompt with its text.

        Args:
            id: The prompt's id.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The prompt.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.prompts.get("pr-3b81")
        """
        return self._calls.call(_GET, get_prompt._get_kwargs(id=id), CallOptions(timeout, max_retries, extra_headers))


class AsyncPromptsResource(AsyncResource):
    """Prompts made from accepted insights."""

    @cached_property
    def with_raw_response(self) -> AsyncPromptsWithRawResponse:
        """The same methods, returning status and headers besides the result."""
        return AsyncPromptsWithRawResponse(self)

    async def generate(
        self,
        *,
        insight_ids: builtins.list[str] | None = None,
        label: str | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> GeneratedPrompt:
        """Make a prompt from accepted insights.

        Writes a new version of the prompt from the given insights, or from all accepted insights. The text has a
        heading for each section and a list item for each insight, with its sources: the insight's id and the ids of
        traces that show it. The same insights give the same text. Returns 409 if there is no accepted insight, or
        if a given insight has not been accepted.

        Args:
            insight_ids: The insights to use. Default: all accepted insights.
            label: A display name.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The new prompt.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id.
            ConflictError: The request is valid, but conflicts with the current state.
            PayloadTooLargeError: The body is over the operation's limit. Nothing was stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.prompts.generate(insight_ids=["ins-90af31"], label="support agent")
        """
        return await self._calls.call(
            _GENERATE,
            generate_prompt._get_kwargs(
                body=GeneratePromptRequest(
                    insight_ids=UNSET if insight_ids is None else insight_ids, label=UNSET if label is None else label
                )
            ),
            CallOptions(timeout, max_retries, extra_headers),
        )

    def list(
        self,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> AsyncPages[PromptSummary]:
        """List prompts.

        Returns all prompts, newest first.

        Iterate over the result to get all prompts.

        Args:
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            A list: `await` it for its first page, or iterate over it with `async for`.

        Raises:
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> async for item in client.prompts.list():
            ...     print(item)
        """
        paging = Paging[PromptSummary](
            _LIST,
            items=lambda response: response.prompts or [],
            next_token=lambda _: None,
            arguments=lambda _: list_prompts._get_kwargs(),
            options=CallOptions(timeout, max_retries, extra_headers),
        )
        return AsyncPages(self._calls, paging)

    async def get(
        self,
        id: str,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Prompt:
        """Get a prompt.

        Returns one prompt with its text.

        Args:
            id: The prompt's id.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The prompt.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.prompts.get("pr-3b81")
        """
        return await self._calls.call(
            _GET, get_prompt._get_kwargs(id=id), CallOptions(timeout, max_retries, extra_headers)
        )


class PromptsWithRawResponse:
    """The methods of `PromptsResource`, each returning a `RawResponse`."""

    def __init__(self, resource: PromptsResource) -> None:
        self.generate = to_raw_response_wrapper(resource, PromptsResource.generate)
        self.list = to_raw_response_wrapper(resource, PromptsResource.list)
        self.get = to_raw_response_wrapper(resource, PromptsResource.get)


class AsyncPromptsWithRawResponse:
    """The methods of `AsyncPromptsResource`, each returning a `RawResponse`."""

    def __init__(self, resource: AsyncPromptsResource) -> None:
        self.generate = async_to_raw_response_wrapper(resource, AsyncPromptsResource.generate)
        self.list = async_to_raw_response_wrapper(resource, AsyncPromptsResource.list)
        self.get = async_to_raw_response_wrapper(resource, AsyncPromptsResource.get)
