# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""Work that outlives a request."""

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
    """Work that outlives a request."""

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

        Where a job stands. `completed` and `failed` are final; with any other status, `pending` (it waits) and
        `running` among them, it is still under way. A job goes on when its server is started again.

        Args:
            id: The job's id.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The job.

        Raises:
            BadRequestError: The request is not what the operation takes; the message says where and why.
            AuthenticationError: The key is missing or not known.
            PermissionDeniedError: The key is known but may not do this, or the request comes from where it must
                not.
            NotFoundError: Nothing has this id.
            RateLimitError: Too many requests; try again after `Retry-After`.
            InternalServerError: The server failed; the request may be tried again. Or: This server leaves the
                operation out.
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

        Calls `get` four times a second at first, and every five seconds at most, until
        `status` is completed or failed.

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
            BadRequestError: The request is not what the operation takes; the message says where and why.
            AuthenticationError: The key is missing or not known.
            PermissionDeniedError: The key is known but may not do this, or the request comes from where it must
                not.
            NotFoundError: Nothing has this id.
            RateLimitError: Too many requests; try again after `Retry-After`.
            InternalServerError: The server failed; the request may be tried again. Or: This server leaves the
                operation out.
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
        """Keep the results of a job.

        Turns what a completed job found into insights with the status `pending`, to be accepted or rejected. Until
        then they are kept with the job and are no insights: they are not listed. An insight that an earlier job
        found as well is brought up to date while nobody has decided on it, and is left as it is otherwise. Doing it
        again changes nothing. Answers 409 while the job is under way, and when it has failed.

        Args:
            id: The job's id.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The results are insights now.

        Raises:
            BadRequestError: The request is not what the operation takes; the message says where and why.
            AuthenticationError: The key is missing or not known.
            PermissionDeniedError: The key is known but may not do this, or the request comes from where it must
                not.
            NotFoundError: Nothing has this id.
            ConflictError: The request is fine, but not as things are now.
            RateLimitError: Too many requests; try again after `Retry-After`.
            InternalServerError: The server failed; the request may be tried again. Or: This server leaves the
                operation out.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.jobs.materialize("job-51b2c07d")
        """
        return self._calls.call(
            _MATERIALIZE, materialize_job._get_kwargs(id=id), CallOptions(timeout, max_retries, extra_headers)
        )


class AsyncJobsResource(AsyncResource):
    """Work that outlives a request."""

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

        Where a job stands. `completed` and `failed` are final; with any other status, `pending` (it waits) and
        `running` among them, it is still under way. A job goes on when its server is started again.

        Args:
            id: The job's id.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The job.

        Raises:
            BadRequestError: The request is not what the operation takes; the message says where and why.
            AuthenticationError: The key is missing or not known.
            PermissionDeniedError: The key is known but may not do this, or the request comes from where it must
                not.
            NotFoundError: Nothing has this id.
            RateLimitError: Too many requests; try again after `Retry-After`.
            InternalServerError: The server failed; the request may be tried again. Or: This server leaves the
                operation out.
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

        Calls `get` four times a second at first, and every five seconds at most, until
        `status` is completed or failed.

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
            BadRequestError: The request is not what the operation takes; the message says where and why.
            AuthenticationError: The key is missing or not known.
            PermissionDeniedError: The key is known but may not do this, or the request comes from where it must
                not.
            NotFoundError: Nothing has this id.
            RateLimitError: Too many requests; try again after `Retry-After`.
            InternalServerError: The server failed; the request may be tried again. Or: This server leaves the
                operation out.
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
        """Keep the results of a job.

        Turns what a completed job found into insights with the status `pending`, to be accepted or rejected. Until
        then they are kept with the job and are no insights: they are not listed. An insight that an earlier job
        found as well is brought up to date while nobody has decided on it, and is left as it is otherwise. Doing it
        again changes nothing. Answers 409 while the job is under way, and when it has failed.

        Args:
            id: The job's id.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The results are insights now.

        Raises:
            BadRequestError: The request is not what the operation takes; the message says where and why.
            AuthenticationError: The key is missing or not known.
            PermissionDeniedError: The key is known but may not do this, or the request comes from where it must
                not.
            NotFoundError: Nothing has this id.
            ConflictError: The request is fine, but not as things are now.
            RateLimitError: Too many requests; try again after `Retry-After`.
            InternalServerError: The server failed; the request may be tried again. Or: This server leaves the
                operation out.
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
