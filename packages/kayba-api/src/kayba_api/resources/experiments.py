# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""Groups of traces. Experiment `0` is named `Default` and always exists."""

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
from ..api.experiments import (
    create_experiment,
    get_experiment,
    get_experiment_by_name,
    search_experiments,
)
from ..models.create_experiment_request import CreateExperimentRequest
from ..models.created_experiment import CreatedExperiment
from ..models.experiment import Experiment
from ..models.experiment_answer import ExperimentAnswer
from ..models.experiment_page import ExperimentPage
from ..models.experiment_tag import ExperimentTag
from ..models.search_experiments_request import SearchExperimentsRequest
from ..models.view_type import ViewType
from ..types import UNSET

_GET_BY_NAME: Final = Operation[ExperimentAnswer](
    parse=get_experiment_by_name._parse_response,
    expected=(ExperimentAnswer,),
    idempotent=True,
    conflict_is_final=False,
)

_CREATE: Final = Operation[CreatedExperiment](
    parse=create_experiment._parse_response,
    expected=(CreatedExperiment,),
    idempotent=False,
    conflict_is_final=False,
)

_GET: Final = Operation[ExperimentAnswer](
    parse=get_experiment._parse_response,
    expected=(ExperimentAnswer,),
    idempotent=True,
    conflict_is_final=False,
)

_SEARCH: Final = Operation[ExperimentPage](
    parse=search_experiments._parse_response,
    expected=(ExperimentPage,),
    idempotent=True,
    conflict_is_final=False,
)


class ExperimentsResource(Resource):
    """Groups of traces. Experiment `0` is named `Default` and always exists."""

    @cached_property
    def with_raw_response(self) -> ExperimentsWithRawResponse:
        """The same methods, returning status and headers besides the result."""
        return ExperimentsWithRawResponse(self)

    def get_by_name(
        self,
        experiment_name: str,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> ExperimentAnswer:
        """Find an experiment by its name.

        Returns the experiment with exactly this name, or 404.

        Args:
            experiment_name: The experiment's name.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The experiment.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id, name or key.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.experiments.get_by_name("my-experiment")
        """
        return self._calls.call(
            _GET_BY_NAME,
            get_experiment_by_name._get_kwargs(experiment_name=experiment_name),
            CallOptions(timeout, max_retries, extra_headers),
        )

    def create(
        self,
        *,
        name: str,
        artifact_location: str | None = None,
        tags: builtins.list[ExperimentTag] | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> CreatedExperiment:
        """Create an experiment.

        Creates an experiment. Returns 400 with `RESOURCE_ALREADY_EXISTS` if the name is in use.

        Args:
            name: The name, unique among experiments.
            artifact_location: The location of its files. Default: chosen by the server.
            tags: A tag of an experiment.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The experiment's id.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            PayloadTooLargeError: The body, after decompression, is over the operation's limit. Nothing was
                stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.experiments.create(name="my-experiment")
        """
        return self._calls.call(
            _CREATE,
            create_experiment._get_kwargs(
                body=CreateExperimentRequest(
                    name=name,
                    artifact_location=UNSET if artifact_location is None else artifact_location,
                    tags=UNSET if tags is None else tags,
                )
            ),
            CallOptions(timeout, max_retries, extra_headers),
        )

    def get(
        self,
        experiment_id: str,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> ExperimentAnswer:
        """Get an experiment.

        Returns the experiment with this id.

        Args:
            experiment_id: The experiment's id.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The experiment.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id, name or key.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.experiments.get("1")
        """
        return self._calls.call(
            _GET,
            get_experiment._get_kwargs(experiment_id=experiment_id),
            CallOptions(timeout, max_retries, extra_headers),
        )

    def search(
        self,
        *,
        max_results: int | None = None,
        page_token: str | None = None,
        filter: str | None = None,
        order_by: builtins.list[str] | None = None,
        view_type: ViewType | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Page[Experiment]:
        """List experiments.

        Returns experiments in pages. Without matches, the response is an empty object.

        Iterate over the result to get all experiments, page by page.

        Args:
            max_results: Maximum number of experiments in a page.
            page_token: The `next_page_token` of the previous page.
            filter: Conditions on `name`, joined with `AND`.
            order_by: Fields to sort by, each with `ASC` or `DESC`.
            view_type: The lifecycle stage of the experiments to list.
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
            PayloadTooLargeError: The body, after decompression, is over the operation's limit. Nothing was
                stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> for item in client.experiments.search(
            ...     max_results=100,
            ...     filter="name = 'my-experiment'",
            ...     order_by=["creation_time DESC"],
            ...     view_type="ACTIVE_ONLY",
            ... ):
            ...     print(item)
        """
        paging = Paging[Experiment](
            _SEARCH,
            items=lambda response: response.experiments or [],
            next_token=lambda response: response.next_page_token or None,
            arguments=lambda token: search_experiments._get_kwargs(
                body=SearchExperimentsRequest(
                    max_results=UNSET if max_results is None else max_results,
                    page_token=UNSET if token is None else token,
                    filter_=UNSET if filter is None else filter,
                    order_by=UNSET if order_by is None else order_by,
                    view_type=UNSET if view_type is None else view_type,
                )
            ),
            options=CallOptions(timeout, max_retries, extra_headers),
        )
        return fetch_page(self._calls, paging, page_token)


class AsyncExperimentsResource(AsyncResource):
    """Groups of traces. Experiment `0` is named `Default` and always exists."""

    @cached_property
    def with_raw_response(self) -> AsyncExperimentsWithRawResponse:
        """The same methods, returning status and headers besides the result."""
        return AsyncExperimentsWithRawResponse(self)

    async def get_by_name(
        self,
        experiment_name: str,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> ExperimentAnswer:
        """Find an experiment by its name.

        Returns the experiment with exactly this name, or 404.

        Args:
            experiment_name: The experiment's name.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The experiment.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id, name or key.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.experiments.get_by_name("my-experiment")
        """
        return await self._calls.call(
            _GET_BY_NAME,
            get_experiment_by_name._get_kwargs(experiment_name=experiment_name),
            CallOptions(timeout, max_retries, extra_headers),
        )

    async def create(
        self,
        *,
        name: str,
        artifact_location: str | None = None,
        tags: builtins.list[ExperimentTag] | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> CreatedExperiment:
        """Create an experiment.

        Creates an experiment. Returns 400 with `RESOURCE_ALREADY_EXISTS` if the name is in use.

        Args:
            name: The name, unique among experiments.
            artifact_location: The location of its files. Default: chosen by the server.
            tags: A tag of an experiment.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The experiment's id.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            PayloadTooLargeError: The body, after decompression, is over the operation's limit. Nothing was
                stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.experiments.create(name="my-experiment")
        """
        return await self._calls.call(
            _CREATE,
            create_experiment._get_kwargs(
                body=CreateExperimentRequest(
                    name=name,
                    artifact_location=UNSET if artifact_location is None else artifact_location,
                    tags=UNSET if tags is None else tags,
                )
            ),
            CallOptions(timeout, max_retries, extra_headers),
        )

    async def get(
        self,
        experiment_id: str,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> ExperimentAnswer:
        """Get an experiment.

        Returns the experiment with this id.

        Args:
            experiment_id: The experiment's id.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The experiment.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id, name or key.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.experiments.get("1")
        """
        return await self._calls.call(
            _GET,
            get_experiment._get_kwargs(experiment_id=experiment_id),
            CallOptions(timeout, max_retries, extra_headers),
        )

    def search(
        self,
        *,
        max_results: int | None = None,
        page_token: str | None = None,
        filter: str | None = None,
        order_by: builtins.list[str] | None = None,
        view_type: ViewType | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> AsyncPages[Experiment]:
        """List experiments.

        Returns experiments in pages. Without matches, the response is an empty object.

        Iterate over the result to get all experiments, page by page.

        Args:
            max_results: Maximum number of experiments in a page.
            page_token: The `next_page_token` of the previous page.
            filter: Conditions on `name`, joined with `AND`.
            order_by: Fields to sort by, each with `ASC` or `DESC`.
            view_type: The lifecycle stage of the experiments to list.
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
            PayloadTooLargeError: The body, after decompression, is over the operation's limit. Nothing was
                stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> async for item in client.experiments.search(
            ...     max_results=100,
            ...     filter="name = 'my-experiment'",
            ...     order_by=["creation_time DESC"],
            ...     view_type="ACTIVE_ONLY",
            ... ):
            ...     print(item)
        """
        paging = Paging[Experiment](
            _SEARCH,
            items=lambda response: response.experiments or [],
            next_token=lambda response: response.next_page_token or None,
            arguments=lambda token: search_experiments._get_kwargs(
                body=SearchExperimentsRequest(
                    max_results=UNSET if max_results is None else max_results,
                    page_token=UNSET if token is None else token,
                    filter_=UNSET if filter is None else filter,
                    order_by=UNSET if order_by is None else order_by,
                    view_type=UNSET if view_type is None else view_type,
                )
            ),
            options=CallOptions(timeout, max_retries, extra_headers),
        )
        return AsyncPages(self._calls, paging, page_token)


class ExperimentsWithRawResponse:
    """The methods of `ExperimentsResource`, each returning a `RawResponse`."""

    def __init__(self, resource: ExperimentsResource) -> None:
        self.get_by_name = to_raw_response_wrapper(resource, ExperimentsResource.get_by_name)
        self.create = to_raw_response_wrapper(resource, ExperimentsResource.create)
        self.get = to_raw_response_wrapper(resource, ExperimentsResource.get)
        self.search = to_raw_response_wrapper(resource, ExperimentsResource.search)


class AsyncExperimentsWithRawResponse:
    """The methods of `AsyncExperimentsResource`, each returning a `RawResponse`."""

    def __init__(self, resource: AsyncExperimentsResource) -> None:
        self.get_by_name = async_to_raw_response_wrapper(resource, AsyncExperimentsResource.get_by_name)
        self.create = async_to_raw_response_wrapper(resource, AsyncExperimentsResource.create)
        self.get = async_to_raw_response_wrapper(resource, AsyncExperimentsResource.get)
        self.search = async_to_raw_response_wrapper(resource, AsyncExperimentsResource.search)
