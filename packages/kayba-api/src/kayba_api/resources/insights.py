# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""Findings in traces, to be accepted or rejected."""

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
from ..api.insights import generate_insights, list_insights, update_insight
from ..models.generate_insights_request import GenerateInsightsRequest
from ..models.insight import Insight
from ..models.insight_decision import InsightDecision
from ..models.insight_list import InsightList
from ..models.insight_status import InsightStatus
from ..models.model import Model
from ..models.reflector_mode import ReflectorMode
from ..models.started_job import StartedJob
from ..models.update_insight_request import UpdateInsightRequest
from ..types import UNSET

_GENERATE: Final = Operation[StartedJob](
    parse=generate_insights._parse_response,
    expected=(StartedJob,),
    idempotent=False,
    conflict_is_final=False,
)

_LIST: Final = Operation[InsightList](
    parse=list_insights._parse_response,
    expected=(InsightList,),
    idempotent=True,
    conflict_is_final=False,
)

_UPDATE: Final = Operation[Insight](
    parse=update_insight._parse_response,
    expected=(Insight,),
    idempotent=True,
    conflict_is_final=False,
)


class InsightsResource(Resource):
    """Findings in traces, to be accepted or rejected."""

    @cached_property
    def with_raw_response(self) -> InsightsWithRawResponse:
        """The same methods, returning status and headers besides the result."""
        return InsightsWithRawResponse(self)

    def generate(
        self,
        *,
        trace_ids: builtins.list[str] | None = None,
        model: Model | None = None,
        epochs: int | None = None,
        reflector_mode: ReflectorMode | None = None,
        anthropic_api_key: str | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> StartedJob:
        """Start a job that finds insights.

        Starts a job that reads traces and finds insights. It reads uploaded trace files and, if the server stores
        span trees, those too. `getJob` returns the job's status, and `materializeJob` turns its results into
        insights. Returns 404 if a given trace does not exist. A trace that is deleted before the job reads it is
        skipped.

        Args:
            trace_ids: The traces to read: ids of trace files and, if the server stores span trees, ids of those
                (`tr-…`). Default: all traces of both kinds.
            model: The model that reads the trace files.
            epochs: Number of passes over the traces. An analysis without a model finds the same results in
                every pass, so it does only one.
            reflector_mode: The way in which trace files are read.
            anthropic_api_key: An API key of the model's provider, used for this job instead of the server's
                key. It is not stored.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The job has been started.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id.
            PayloadTooLargeError: The body is over the operation's limit. Nothing was stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.insights.generate(
            ...     trace_ids=["7f3c9a52e1d84b06"], model="claude-sonnet-4-6", epochs=1, reflector_mode="recursive"
            ... )
        """
        return self._calls.call(
            _GENERATE,
            generate_insights._get_kwargs(
                body=GenerateInsightsRequest(
                    trace_ids=UNSET if trace_ids is None else trace_ids,
                    model=UNSET if model is None else model,
                    epochs=UNSET if epochs is None else epochs,
                    reflector_mode=UNSET if reflector_mode is None else reflector_mode,
                    anthropic_api_key=UNSET if anthropic_api_key is None else anthropic_api_key,
                )
            ),
            CallOptions(timeout, max_retries, extra_headers),
        )

    def list(
        self,
        *,
        status: InsightStatus | None = None,
        section: str | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Page[Insight]:
        """List insights.

        Returns all insights, optionally filtered by status, section or both.

        Iterate over the result to get all insights.

        Args:
            status: Return only insights with this status.
            section: Return only insights of the section with exactly this name.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The first page. Iterating over it also fetches the later pages.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> for item in client.insights.list(status="new", section="retrieval"):
            ...     print(item)
        """
        paging = Paging[Insight](
            _LIST,
            items=lambda response: response.insights or [],
            next_token=lambda _: None,
            arguments=lambda _: list_insights._get_kwargs(
                status=UNSET if status is None else status, section=UNSET if section is None else section
            ),
            options=CallOptions(timeout, max_retries, extra_headers),
        )
        return fetch_page(self._calls, paging)

    def update(
        self,
        id: str,
        *,
        status: InsightDecision,
        note: str | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Insight:
        """Accept or reject an insight.

        Sets an insight's status, with an optional note on the reason. Accepted insights become part of prompts.

        Args:
            id: The insight's id.
            status: The decision on an insight.
            note: The reason.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The updated insight.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id.
            PayloadTooLargeError: The body is over the operation's limit. Nothing was stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.insights.update("ins-90af31", status="accepted", note="Seen in three support cases.")
        """
        return self._calls.call(
            _UPDATE,
            update_insight._get_kwargs(
                id=id, body=UpdateInsightRequest(status=status, note=UNSET if note is None else note)
            ),
            CallOptions(timeout, max_retries, extra_headers),
        )


class AsyncInsightsResource(AsyncResource):
    """Findings in traces, to be accepted or rejected."""

    @cached_property
    def with_raw_response(self) -> AsyncInsightsWithRawResponse:
        """The same methods, returning status and headers besides the result."""
        return AsyncInsightsWithRawResponse(self)

    async def generate(
        self,
        *,
        trace_ids: builtins.list[str] | None = None,
        model: Model | None = None,
        epochs: int | None = None,
        reflector_mode: ReflectorMode | None = None,
        anthropic_api_key: str | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> StartedJob:
        """Start a job that finds insights.

        Starts a job that reads traces and finds insights. It reads uploaded trace files and, if the server stores
        span trees, those too. `getJob` returns the job's status, and `materializeJob` turns its results into
        insights. Returns 404 if a given trace does not exist. A trace that is deleted before the job reads it is
        skipped.

        Args:
            trace_ids: The traces to read: ids of trace files and, if the server stores span trees, ids of those
                (`tr-…`). Default: all traces of both kinds.
            model: The model that reads the trace files.
            epochs: Number of passes over the traces. An analysis without a model finds the same results in
                every pass, so it does only one.
            reflector_mode: The way in which trace files are read.
            anthropic_api_key: An API key of the model's provider, used for this job instead of the server's
                key. It is not stored.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The job has been started.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id.
            PayloadTooLargeError: The body is over the operation's limit. Nothing was stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.insights.generate(
            ...     trace_ids=["7f3c9a52e1d84b06"], model="claude-sonnet-4-6", epochs=1, reflector_mode="recursive"
            ... )
        """
        return await self._calls.call(
            _GENERATE,
            generate_insights._get_kwargs(
                body=GenerateInsightsRequest(
                    trace_ids=UNSET if trace_ids is None else trace_ids,
                    model=UNSET if model is None else model,
                    epochs=UNSET if epochs is None else epochs,
                    reflector_mode=UNSET if reflector_mode is None else reflector_mode,
                    anthropic_api_key=UNSET if anthropic_api_key is None else anthropic_api_key,
                )
            ),
            CallOptions(timeout, max_retries, extra_headers),
        )

    def list(
        self,
        *,
        status: InsightStatus | None = None,
        section: str | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> AsyncPages[Insight]:
        """List insights.

        Returns all insights, optionally filtered by status, section or both.

        Iterate over the result to get all insights.

        Args:
            status: Return only insights with this status.
            section: Return only insights of the section with exactly this name.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            A list: `await` it for its first page, or iterate over it with `async for`.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> async for item in client.insights.list(status="new", section="retrieval"):
            ...     print(item)
        """
        paging = Paging[Insight](
            _LIST,
            items=lambda response: response.insights or [],
            next_token=lambda _: None,
            arguments=lambda _: list_insights._get_kwargs(
                status=UNSET if status is None else status, section=UNSET if section is None else section
            ),
            options=CallOptions(timeout, max_retries, extra_headers),
        )
        return AsyncPages(self._calls, paging)

    async def update(
        self,
        id: str,
        *,
        status: InsightDecision,
        note: str | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Insight:
        """Accept or reject an insight.

        Sets an insight's status, with an optional note on the reason. Accepted insights become part of prompts.

        Args:
            id: The insight's id.
            status: The decision on an insight.
            note: The reason.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The updated insight.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id.
            PayloadTooLargeError: The body is over the operation's limit. Nothing was stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.insights.update("ins-90af31", status="accepted", note="Seen in three support cases.")
        """
        return await self._calls.call(
            _UPDATE,
            update_insight._get_kwargs(
                id=id, body=UpdateInsightRequest(status=status, note=UNSET if note is None else note)
            ),
            CallOptions(timeout, max_retries, extra_headers),
        )


class InsightsWithRawResponse:
    """The methods of `InsightsResource`, each returning a `RawResponse`."""

    def __init__(self, resource: InsightsResource) -> None:
        self.generate = to_raw_response_wrapper(resource, InsightsResource.generate)
        self.list = to_raw_response_wrapper(resource, InsightsResource.list)
        self.update = to_raw_response_wrapper(resource, InsightsResource.update)


class AsyncInsightsWithRawResponse:
    """The methods of `AsyncInsightsResource`, each returning a `RawResponse`."""

    def __init__(self, resource: AsyncInsightsResource) -> None:
        self.generate = async_to_raw_response_wrapper(resource, AsyncInsightsResource.generate)
        self.list = async_to_raw_response_wrapper(resource, AsyncInsightsResource.list)
        self.update = async_to_raw_response_wrapper(resource, AsyncInsightsResource.update)
