# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""Work that takes longer than one request."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Final

import httpx

from .._call_steps import CallOptions, Operation
from .._calls import AsyncResource, Resource
from .._polling import PolledOperation, poll_until_done
from .._raw_response import async_to_raw_response_wrapper, to_raw_response_wrapper
from ..api.jobs import get_job, materialize_job
from ..models.job import Job
from ..models.materialized_job import MaterializedJob

_GET: Final = Operation[Job](
    parse=get_job._parse_response,
    expected=(Job,),
    idempotent=True,
    conflict_is_final=False,
)

_MATERIALIZE: Final = Operation[MaterializedJob](
    parse=materialize_job._parse_response,
    expected=(MaterializedJob,),
    idempotent=True,
    conflict_is_final=True,
)


class JobsResource(Resource):
    """Work that takes longer than one request."""

    @cached_property
    def with_raw_response(self) -> JobsWithRawResponse:
        """The same methods, returning status and headers besides the result."""
        return JobsWithRawResponse(self)

    def get(
        self,
        id: str,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Job:
        """Get a job.

        Returns a job with its status. `completed` and `failed` are final. With any other status, such as `pending`
        (waiting to start) and `running`, the job has not ended. A job continues after a restart of the server.

        Args:
            id: The job's id.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The job.

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
            >>> client.jobs.get("job-51b2c07d")
        """
        return self._calls.call(_GET, get_job._get_kwargs(id=id), CallOptions(timeout, max_retries, extra_headers))

    def wait(
        self,
        id: str,
        *,
        timeout: float | None = 600.0,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Job:
        """Wait until the job has ended.

        Calls `get` every 0.25 s at first and every 5 s later, until `status` is completed or failed.

        Args:
            id: The job's id.
            timeout: Seconds after which to stop waiting; None waits without a limit.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The last response, with `status` completed.

        Raises:
            JobFailedError: The job failed. The error's `job` is the last response.
            WaitTimeoutError: The job did not end in time, and goes on. The error's `job` is the last response.
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
            >>> client.jobs.wait("job-51b2c07d")
        """
        return self._calls.run(
            poll_until_done(
                PolledOperation[Job](
                    _GET,
                    arguments=lambda: get_job._get_kwargs(id=id),
                    state=lambda response: response.status,
                    reason=lambda response: response.error,
                    completed=frozenset(["completed"]),
                    failed=frozenset(["failed"]),
                ),
                CallOptions(None, max_retries, extra_headers),
                self._calls.max_retries,
                timeout,
                self._calls.client.timeout,
            )
        )

    def materialize(
        self,
        id: str,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> MaterializedJob:
        """Turn the results of a job into insights.

        Turns the results of a completed job into insights with the status `pending`, to be accepted or rejected.
        Before that, the results are stored with the job and are not listed as insights. If an earlier job has found
        the same insight, it is updated while it is undecided; a decided one does not change. Repeating the call
        changes nothing. Returns 409 if the job has not ended or has failed.

        Args:
            id: The job's id.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The results have become insights.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id.
            ConflictError: The request is valid, but conflicts with the current state.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.jobs.materialize("job-51b2c07d")
        """
        return self._calls.call(
            _MATERIALIZE, materialize_job._get_kwargs(id=id), CallOptions(timeout, max_retries, extra_headers)
        )


class AsyncJobsResource(AsyncResource):
    """Work that takes longer than one request."""

    @cached_property
    def with_raw_response(self) -> AsyncJobsWithRawResponse:
        """The same methods, returning status and headers besides the result."""
        return AsyncJobsWithRawResponse(self)

    async def get(
        self,
        id: str,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Job:
        """Get a job.

        Returns a job with its status. `completed` and `failed` are final. With any other status, such as `pending`
        (waiting to start) and `running`, the job has not ended. A job continues after a restart of the server.

        Args:
            id: The job's id.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The job.

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
            >>> await client.jobs.get("job-51b2c07d")
        """
        return await self._calls.call(
            _GET, get_job._get_kwargs(id=id), CallOptions(timeout, max_retries, extra_headers)
        )

    async def wait(
        self,
        id: str,
        *,
        timeout: float | None = 600.0,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Job:
        """Wait until the job has ended.

        Calls `get` every 0.25 s at first and every 5 s later, until `status` is completed or failed.

        Args:
            id: The job's id.
            timeout: Seconds after which to stop waiting; None waits without a limit.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The last response, with `status` completed.

        Raises:
            JobFailedError: The job failed. The error's `job` is the last response.
            WaitTimeoutError: The job did not end in time, and goes on. The error's `job` is the last response.
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
            >>> await client.jobs.wait("job-51b2c07d")
        """
        return await self._calls.run(
            poll_until_done(
                PolledOperation[Job](
                    _GET,
                    arguments=lambda: get_job._get_kwargs(id=id),
                    state=lambda response: response.status,
                    reason=lambda response: response.error,
                    completed=frozenset(["completed"]),
                    failed=frozenset(["failed"]),
                ),
                CallOptions(None, max_retries, extra_headers),
                self._calls.max_retries,
                timeout,
                self._calls.client.timeout,
            )
        )

    async def materialize(
        self,
        id: str,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> MaterializedJob:
        """Turn the results of a job into insights.

        Turns the results of a completed job into insights with the status `pending`, to be accepted or rejected.
        Before that, the results are stored with the job and are not listed as insights. If an earlier job has found
        the same insight, it is updated while it is undecided; a decided one does not change. Repeating the call
        changes nothing. Returns 409 if the job has not ended or has failed.

        Args:
            id: The job's id.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The results have become insights.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id.
            ConflictError: The request is valid, but conflicts with the current state.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.jobs.materialize("job-51b2c07d")
        """
        return await self._calls.call(
            _MATERIALIZE, materialize_job._get_kwargs(id=id), CallOptions(timeout, max_retries, extra_headers)
        )


class JobsWithRawResponse:
    """The methods of `JobsResource`, each returning a `RawResponse`."""

    def __init__(self, resource: JobsResource) -> None:
        self.get = to_raw_response_wrapper(resource, JobsResource.get)
        self.materialize = to_raw_response_wrapper(resource, JobsResource.materialize)


class AsyncJobsWithRawResponse:
    """The methods of `AsyncJobsResource`, each returning a `RawResponse`."""

    def __init__(self, resource: AsyncJobsResource) -> None:
        self.get = async_to_raw_response_wrapper(resource, AsyncJobsResource.get)
        self.materialize = async_to_raw_response_wrapper(resource, AsyncJobsResource.materialize)
